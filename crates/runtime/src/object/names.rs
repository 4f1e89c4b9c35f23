//! Interned names that native code uses: `id!("__name__")`.
//!
//! Every use registers its name in a table that the linker collects, and start-up interns them all. So no name is allocated
//! later, where a lack of memory could not be reported.

use core::cell::Cell;
use core::ptr;

use super::refs::Borrowed;
use crate::types::Str;

/// A name that becomes an interned, immortal `str` at its first use. The GIL guards the cell.
pub struct StaticName {
    text: &'static str,
    object: Cell<*mut Str>,
}

// SAFETY: the cell is read and written only while the GIL is held.
unsafe impl Sync for StaticName {}

impl StaticName {
    pub const fn new(text: &'static str) -> StaticName {
        StaticName { text, object: Cell::new(ptr::null_mut()) }
    }

    #[inline(always)]
    pub fn get(&'static self) -> Borrowed<'static, Str> {
        let object = self.object.get();
        if object.is_null() {
            return self.get_slow();
        }
        // SAFETY: the name is immortal.
        unsafe { Borrowed::from_ptr(object) }
    }

    #[cold]
    fn get_slow(&'static self) -> Borrowed<'static, Str> {
        let name = Str::intern_immortal(self.text);
        self.object.set(name.as_raw());
        name
    }
}

#[doc(hidden)]
pub use linkme;

/// All names of the executable.
#[doc(hidden)]
#[linkme::distributed_slice]
pub static NAMES: [&'static StaticName];

/// Interns the names of the whole executable. Those that the types needed before are there already.
pub(crate) fn intern_all() {
    for name in NAMES {
        name.get();
    }
}

/// The interned `str` of a literal: `id!("__name__")` is a `Borrowed<'static, Str>`.
#[macro_export]
macro_rules! id {
    ($text:literal) => {{
        static NAME: $crate::object::StaticName = $crate::object::StaticName::new($text);
        #[$crate::object::names::linkme::distributed_slice($crate::object::names::NAMES)]
        #[linkme(crate = $crate::object::names::linkme)]
        static ENTRY: &$crate::object::StaticName = &NAME;
        NAME.get()
    }};
}
