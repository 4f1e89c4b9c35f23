//! Sets and frozen sets.
//!
//! CPython: `Include/cpython/setobject.h`.
//! An unused entry has a NULL key and hash 0, a dummy entry hash -1; `table` is never NULL.

use core::cell::Cell;

use crate::object::{Py_hash_t, Py_ssize_t, PyObject};

/// An entry of a set.
#[repr(C)]
pub struct setentry {
    pub key: Cell<*mut PyObject>,
    pub hash: Cell<Py_hash_t>,
}
const _: () = assert!(size_of::<setentry>() == 16);

/// `set` and `frozenset`.
#[repr(C)]
pub struct PySetObject {
    pub ob_base: PyObject,
    pub fill: Cell<Py_ssize_t>,
    pub used: Cell<Py_ssize_t>,
    pub mask: Cell<Py_ssize_t>,
    pub table: Cell<*mut setentry>,
    pub hash: Cell<Py_hash_t>,
    pub finger: Cell<Py_ssize_t>,
    pub smalltable: [setentry; 8],
    pub weakreflist: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PySetObject>() == 200);

pub const PySet_MINSIZE: usize = 8;

shared! { setentry, PySetObject }
