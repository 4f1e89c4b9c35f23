//! The two words in front of every collected object, and the state of the collector.
//!
//! CPython: `pycore_gc.h`, `pycore_interp_structs.h`.
//! `_gc_next` is 0 for an object that is not tracked; the low two bits of `_gc_prev` are flags, and during a collection
//! its upper bits hold a copy of the reference count.

use core::cell::Cell;
use core::ffi::c_int;

use crate::object::Py_ssize_t;

pub type _PyGC_Reason = c_int;
pub const _Py_GC_REASON_HEAP: _PyGC_Reason = 0;
pub const _Py_GC_REASON_SHUTDOWN: _PyGC_Reason = 1;
pub const _Py_GC_REASON_MANUAL: _PyGC_Reason = 2;

/// What stands in front of a collected object.
#[repr(C)]
pub struct PyGC_Head {
    /// Next in the generation; 0 for an object that is not tracked.
    pub _gc_next: Cell<usize>,
    /// Previous in the generation, and flags.
    pub _gc_prev: Cell<usize>,
}
const _: () = assert!(size_of::<PyGC_Head>() == 16);

/// One generation.
#[repr(C)]
pub struct gc_generation {
    pub head: PyGC_Head,
    pub threshold: Cell<c_int>,
    /// Allocations less deallocations; of an older generation, collections of the younger.
    pub count: Cell<c_int>,
}
const _: () = assert!(size_of::<gc_generation>() == 24);

/// Counters of one collection.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct gc_collection_stats {
    pub collected: Py_ssize_t,
    pub uncollectable: Py_ssize_t,
}
const _: () = assert!(size_of::<gc_collection_stats>() == 16);

/// Counters of all collections of a generation.
#[repr(C)]
pub struct gc_generation_stats {
    pub collections: Cell<Py_ssize_t>,
    pub collected: Cell<Py_ssize_t>,
    pub uncollectable: Cell<Py_ssize_t>,
}
const _: () = assert!(size_of::<gc_generation_stats>() == 24);

pub const NUM_GENERATIONS: c_int = 3;
pub const _PyGC_PREV_MASK_FINALIZED: usize = 1;
pub const _PyGC_PREV_MASK_COLLECTING: usize = 2;
pub const _PyGC_PREV_SHIFT: usize = 2;
pub const _PyGC_PREV_MASK: usize = 0xfffffffffffffffc;
pub const _PyGC_DEBUG_STATS: c_int = 1;
pub const _PyGC_DEBUG_COLLECTABLE: c_int = 2;
pub const _PyGC_DEBUG_UNCOLLECTABLE: c_int = 4;
pub const _PyGC_DEBUG_SAVEALL: c_int = 32;
pub const _PyGC_DEBUG_LEAK: c_int = 38;

shared! { PyGC_Head, gc_generation, gc_collection_stats, gc_generation_stats }
