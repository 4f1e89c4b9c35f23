//! Bound methods.
//!
//! CPython: `Include/cpython/classobject.h`.

use core::cell::Cell;

use crate::object::{PyObject, vectorcallfunc};

/// `method`.
#[repr(C)]
pub struct PyMethodObject {
    pub ob_base: PyObject,
    pub im_func: Cell<*mut PyObject>,
    pub im_self: Cell<*mut PyObject>,
    pub im_weakreflist: Cell<*mut PyObject>,
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}
const _: () = assert!(size_of::<PyMethodObject>() == 48);

/// `instancemethod`, for C alone.
#[repr(C)]
pub struct PyInstanceMethodObject {
    pub ob_base: PyObject,
    pub func: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyInstanceMethodObject>() == 24);

shared! { PyMethodObject, PyInstanceMethodObject }
