//! Mutable byte strings.
//!
//! CPython: `Include/cpython/bytearrayobject.h`.
//! Bytes taken off the front move `ob_start` and leave `ob_bytes`, where the allocation begins.

use core::cell::Cell;
use core::ffi::c_char;

use crate::object::{Py_ssize_t, PyVarObject};

/// `bytearray`.
#[repr(C)]
pub struct PyByteArrayObject {
    pub ob_base: PyVarObject,
    pub ob_alloc: Cell<Py_ssize_t>,
    pub ob_bytes: Cell<*mut c_char>,
    pub ob_start: Cell<*mut c_char>,
    pub ob_exports: Cell<Py_ssize_t>,
}
const _: () = assert!(size_of::<PyByteArrayObject>() == 56);

shared! { PyByteArrayObject }
