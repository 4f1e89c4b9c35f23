//! The arguments behind `...`, read one by one.

use core::ffi::{c_long, c_longlong};

use taipan_runtime::prelude::*;

/// A `va_list` of `variadic.c`.
#[repr(C)]
pub struct Arguments {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn taipan_va_int(arguments: *mut Arguments) -> c_int;
    fn taipan_va_long(arguments: *mut Arguments) -> c_long;
    fn taipan_va_longlong(arguments: *mut Arguments) -> c_longlong;
    fn taipan_va_size(arguments: *mut Arguments) -> usize;
    fn taipan_va_double(arguments: *mut Arguments) -> f64;
    fn taipan_va_pointer(arguments: *mut Arguments) -> *mut c_void;
    static taipan_variadic: c_char;
}

/// Makes the linker take `variadic.c` in.
#[used]
static KEEP: &c_char = {
    // SAFETY: a constant of the C file.
    unsafe { &taipan_variadic }
};

/// Reads arguments in order. Each method consumes one.
///
/// Invariant: the caller of the C function has passed what the format or the function's convention asks for.
pub struct VaList(*mut Arguments);

impl VaList {
    /// # Safety
    /// `arguments` is what `variadic.c` has passed, and is live while this value is.
    pub unsafe fn new(arguments: *mut Arguments) -> VaList {
        VaList(arguments)
    }

    pub fn int(&mut self) -> c_int {
        // SAFETY: the type's invariant.
        unsafe { taipan_va_int(self.0) }
    }

    pub fn long(&mut self) -> c_long {
        // SAFETY: the type's invariant.
        unsafe { taipan_va_long(self.0) }
    }

    pub fn long_long(&mut self) -> c_longlong {
        // SAFETY: the type's invariant.
        unsafe { taipan_va_longlong(self.0) }
    }

    pub fn size(&mut self) -> usize {
        // SAFETY: the type's invariant.
        unsafe { taipan_va_size(self.0) }
    }

    pub fn double(&mut self) -> f64 {
        // SAFETY: the type's invariant.
        unsafe { taipan_va_double(self.0) }
    }

    pub fn pointer<T>(&mut self) -> *mut T {
        // SAFETY: the type's invariant.
        unsafe { taipan_va_pointer(self.0).cast() }
    }
}
