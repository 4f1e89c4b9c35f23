//! Memory: the small-object allocator, allocator domains, object heads, the trash can and the cyclic collector.
//!
//! **Invariant:** everything here but `domains::raw_*`, `rust_alloc` and `sized` is called with the GIL held.
//! CPython: `Objects/obmalloc.c`, `Python/gc.c`, `pycore_object.h`.

pub mod arena;
pub mod checked;
pub mod debug_alloc;
pub mod domains;
pub mod fallible;
pub mod gc;
pub mod large;
mod limit;
pub mod object;
pub mod resident;
pub mod rust_alloc;
pub mod settings;
pub mod sized;
pub mod small;
pub mod stats;
pub mod trace;
pub mod trashcan;

pub use limit::limit;

use core::cell::Cell;

/// A static that the GIL guards.
#[repr(transparent)]
pub(crate) struct Guarded<T>(pub T);

// SAFETY: access is ordered by the GIL.
unsafe impl<T> Sync for Guarded<T> {}

impl<T> core::ops::Deref for Guarded<T> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A static cell that the GIL guards.
pub(crate) type StaticCell<T> = Guarded<Cell<T>>;

impl<T> Guarded<Cell<T>> {
    pub(crate) const fn cell(value: T) -> StaticCell<T> {
        Guarded(Cell::new(value))
    }
}
