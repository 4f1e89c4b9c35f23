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
    /// Active and dummy entries.
    pub fill: Cell<Py_ssize_t>,
    /// Active entries.
    pub used: Cell<Py_ssize_t>,
    /// Number of entries less one; the number is a power of two.
    pub mask: Cell<Py_ssize_t>,
    /// `smalltable` or memory of its own.
    pub table: Cell<*mut setentry>,
    /// Of a `frozenset` alone; -1 until it is computed.
    pub hash: Cell<Py_hash_t>,
    /// Where `pop` looks next.
    pub finger: Cell<Py_ssize_t>,
    pub smalltable: [setentry; 8],
    pub weakreflist: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PySetObject>() == 200);

/// `set_iterator`.
#[repr(C)]
pub struct setiterobject {
    pub ob_base: PyObject,
    pub si_set: Cell<*mut PySetObject>,
    pub si_used: Cell<Py_ssize_t>,
    pub si_pos: Cell<Py_ssize_t>,
    pub len: Cell<Py_ssize_t>,
}
const _: () = assert!(size_of::<setiterobject>() == 48);

pub const PySet_MINSIZE: usize = 8;

shared! { setentry, PySetObject, setiterobject }
