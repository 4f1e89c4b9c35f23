//! Memory views and the managed buffer that they share.
//!
//! CPython: `Include/cpython/memoryobject.h`.
//! Behind a `PyMemoryViewObject` stand three arrays of `ndim` sizes: shape, strides and suboffsets.

use core::cell::Cell;
use core::ffi::{c_char, c_int};

use crate::object::{Py_hash_t, Py_ssize_t, PyObject, PyVarObject};
use crate::pybuffer::Py_buffer;

/// The one buffer that several memory views share.
#[repr(C)]
pub struct _PyManagedBufferObject {
    pub ob_base: PyObject,
    pub flags: Cell<c_int>,
    /// Memory views that use it.
    pub exports: Cell<Py_ssize_t>,
    pub master: Cell<Py_buffer>,
}
const _: () = assert!(size_of::<_PyManagedBufferObject>() == 112);

/// `memoryview`.
#[repr(C)]
pub struct PyMemoryViewObject {
    pub ob_base: PyVarObject,
    pub mbuf: Cell<*mut _PyManagedBufferObject>,
    pub hash: Cell<Py_hash_t>,
    pub flags: Cell<c_int>,
    /// Buffers taken from this view.
    pub exports: Cell<Py_ssize_t>,
    pub view: Cell<Py_buffer>,
    pub weakreflist: Cell<*mut PyObject>,
    pub ob_array: [Cell<Py_ssize_t>; 1],
}
const _: () = assert!(size_of::<PyMemoryViewObject>() == 152);

/// `memory_iterator`; `it_fmt` unpacks one item.
#[repr(C)]
pub struct memoryiterobject {
    pub ob_base: PyObject,
    pub it_index: Cell<Py_ssize_t>,
    pub it_seq: Cell<*mut PyMemoryViewObject>,
    pub it_length: Cell<Py_ssize_t>,
    pub it_fmt: Cell<*const c_char>,
}
const _: () = assert!(size_of::<memoryiterobject>() == 48);

pub const _Py_MANAGED_BUFFER_RELEASED: c_int = 1;
pub const _Py_MANAGED_BUFFER_FREE_FORMAT: c_int = 2;
pub const _Py_MEMORYVIEW_RELEASED: c_int = 1;
pub const _Py_MEMORYVIEW_C: c_int = 2;
pub const _Py_MEMORYVIEW_FORTRAN: c_int = 4;
pub const _Py_MEMORYVIEW_SCALAR: c_int = 8;
pub const _Py_MEMORYVIEW_PIL: c_int = 16;
pub const _Py_MEMORYVIEW_RESTRICTED: c_int = 32;

shared! { _PyManagedBufferObject, PyMemoryViewObject, memoryiterobject }
