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
    /// -1 until it is computed.
    pub ob_shash: Cell<Py_hash_t>,
    /// `ob_size` bytes and a NUL.
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

/// `bytes_iterator`.
#[repr(C)]
pub struct striterobject {
    pub ob_base: PyObject,
    pub it_index: Cell<Py_ssize_t>,
    pub it_seq: Cell<*mut PyBytesObject>,
}
const _: () = assert!(size_of::<striterobject>() == 32);

shared! { PyBytesObject, _PyBytesWriter, striterobject }
