//! Iterators over sequences and callables.
//!
//! CPython: `Objects/iterobject.c`. No header shows these structs; their sizes are those of `__basicsize__`.

use core::cell::Cell;

use crate::object::{Py_ssize_t, PyObject};

/// `iterator`: over anything with `__getitem__`; `it_seq` is NULL once it is exhausted.
#[repr(C)]
pub struct seqiterobject {
    pub ob_base: PyObject,
    pub it_index: Cell<Py_ssize_t>,
    pub it_seq: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<seqiterobject>() == 32);

/// `callable_iterator`: of `iter(callable, sentinel)`.
#[repr(C)]
pub struct calliterobject {
    pub ob_base: PyObject,
    pub it_callable: Cell<*mut PyObject>,
    pub it_sentinel: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<calliterobject>() == 32);

shared! { seqiterobject, calliterobject }
