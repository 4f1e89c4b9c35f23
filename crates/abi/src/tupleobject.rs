//! Tuples and their iterators.
//!
//! CPython: `Include/cpython/tupleobject.h`, `pycore_tuple.h`.

use core::cell::Cell;

use crate::object::{Py_hash_t, Py_ssize_t, PyObject, PyVarObject};

/// `tuple`. `ob_hash` is -1 until it is computed.
#[repr(C)]
pub struct PyTupleObject {
    pub ob_base: PyVarObject,
    pub ob_hash: Cell<Py_hash_t>,
    pub ob_item: [Cell<*mut PyObject>; 1],
}
const _: () = assert!(size_of::<PyTupleObject>() == 40);

/// `tuple_iterator`.
#[repr(C)]
pub struct _PyTupleIterObject {
    pub ob_base: PyObject,
    pub it_index: Cell<Py_ssize_t>,
    pub it_seq: Cell<*mut PyTupleObject>,
}
const _: () = assert!(size_of::<_PyTupleIterObject>() == 32);

shared! { PyTupleObject, _PyTupleIterObject }
