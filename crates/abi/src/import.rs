//! Tables of built-in and frozen modules.
//!
//! CPython: `Include/cpython/import.h`.

use core::ffi::{c_char, c_int, c_uchar};

use crate::object::PyObject;

/// One built-in module.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _inittab {
    pub name: *const c_char,
    pub initfunc: Option<unsafe extern "C" fn() -> *mut PyObject>,
}
const _: () = assert!(size_of::<_inittab>() == 16);

/// One frozen module.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _frozen {
    pub name: *const c_char,
    pub code: *const c_uchar,
    pub size: c_int,
    pub is_package: c_int,
}
const _: () = assert!(size_of::<_frozen>() == 24);

shared! { _inittab, _frozen }
