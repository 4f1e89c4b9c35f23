//! The lazy built-in iterators.
//!
//! CPython: `Python/bltinmodule.c`. No header shows these structs; their sizes are those of `__basicsize__`.

use core::cell::Cell;
use core::ffi::c_int;

use crate::object::{Py_ssize_t, PyObject};

/// `filter`.
#[repr(C)]
pub struct filterobject {
    pub ob_base: PyObject,
    pub func: Cell<*mut PyObject>,
    pub it: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<filterobject>() == 32);

/// `map`.
#[repr(C)]
pub struct mapobject {
    pub ob_base: PyObject,
    pub iters: Cell<*mut PyObject>,
    pub func: Cell<*mut PyObject>,
    pub strict: Cell<c_int>,
}
const _: () = assert!(size_of::<mapobject>() == 40);

/// `zip`. `result` is a tuple that is used again.
#[repr(C)]
pub struct zipobject {
    pub ob_base: PyObject,
    pub tuplesize: Cell<Py_ssize_t>,
    pub ittuple: Cell<*mut PyObject>,
    pub result: Cell<*mut PyObject>,
    pub strict: Cell<c_int>,
}
const _: () = assert!(size_of::<zipobject>() == 48);

shared! { filterobject, mapobject, zipobject }
