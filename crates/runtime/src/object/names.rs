//! Interned names that native code uses: `id!("__name__")`.

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

/// The interned `str` of a literal: `id!("__name__")` is a `Borrowed<'static, Str>`.
#[macro_export]
macro_rules! id {
    ($text:literal) => {{
        static NAME: $crate::object::StaticName = $crate::object::StaticName::new($text);
        NAME.get()
    }};
}
