//! Immutable byte strings, with one NUL byte behind the last.
//!
//! CPython: `Include/cpython/bytesobject.h`.

use core::cell::Cell;
use core::ffi::{c_char, c_int};

use crate::object::{Py_hash_t, Py_ssize_t, PyObject, PyVarObject};

/// `bytes`.
#[repr(C)]
pub struct PyBytesObject {
    pub ob_base: PyVarObject,
    pub ob_shash: Cell<Py_hash_t>,
    pub ob_sval: [Cell<c_char>; 1],
}
const _: () = assert!(size_of::<PyBytesObject>() == 40);

/// Bytes under construction.
#[repr(C)]
pub struct _PyBytesWriter {
    pub buffer: *mut PyObject,
    pub allocated: Py_ssize_t,
    pub min_size: Py_ssize_t,
    pub use_bytearray: c_int,
    pub overallocate: c_int,
    pub use_small_buffer: c_int,
    pub small_buffer: [c_char; 512],
}
const _: () = assert!(size_of::<_PyBytesWriter>() == 552);

shared! { PyBytesObject, _PyBytesWriter }
