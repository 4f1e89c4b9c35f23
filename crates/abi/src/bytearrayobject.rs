//! Mutable byte strings.
//!
//! CPython: `Include/cpython/bytearrayobject.h`.
//! Bytes taken off the front move `ob_start` and leave `ob_bytes`, where the allocation begins.

use core::cell::Cell;
use core::ffi::c_char;

use crate::object::{Py_ssize_t, PyObject, PyVarObject};

/// `bytearray`.
#[repr(C)]
pub struct PyByteArrayObject {
    pub ob_base: PyVarObject,
    /// Bytes allocated from `ob_bytes` on.
    pub ob_alloc: Cell<Py_ssize_t>,
    /// Where the allocation begins.
    pub ob_bytes: Cell<*mut c_char>,
    /// Where the contents begin.
    pub ob_start: Cell<*mut c_char>,
    /// Buffers taken and not yet released; the size is fixed meanwhile.
    pub ob_exports: Cell<Py_ssize_t>,
}
const _: () = assert!(size_of::<PyByteArrayObject>() == 56);

/// `bytearray_iterator`.
#[repr(C)]
pub struct bytesiterobject {
    pub ob_base: PyObject,
    pub it_index: Cell<Py_ssize_t>,
    pub it_seq: Cell<*mut PyByteArrayObject>,
}
const _: () = assert!(size_of::<bytesiterobject>() == 32);

shared! { PyByteArrayObject, bytesiterobject }
