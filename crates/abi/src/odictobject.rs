//! Ordered dictionaries.
//!
//! CPython: `Include/cpython/odictobject.h`, `Objects/odictobject.c`. Extensions know that it starts with a `PyDictObject`; its size is that of
//! `__basicsize__`.

use core::cell::Cell;
use core::ffi::c_void;

use crate::dictobject::PyDictObject;
use crate::object::{Py_hash_t, Py_ssize_t, PyObject};

/// `collections.OrderedDict`.
#[repr(C)]
pub struct PyODictObject {
    pub od_dict: PyDictObject,
    /// The node of each entry of the keys, in their order.
    pub od_fast_nodes: Cell<*mut *mut _odictnode>,
    pub od_fast_nodes_size: Cell<Py_ssize_t>,
    /// The keys that `od_fast_nodes` was made for.
    pub od_resize_sentinel: Cell<*mut c_void>,
    pub od_state: Cell<usize>,
    pub od_first: Cell<*mut _odictnode>,
    pub od_last: Cell<*mut _odictnode>,
    pub od_inst_dict: Cell<*mut PyObject>,
    pub od_weakreflist: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyODictObject>() == 112);

/// A link of the list that keeps the order.
#[repr(C)]
pub struct _odictnode {
    pub key: Cell<*mut PyObject>,
    pub hash: Cell<Py_hash_t>,
    pub next: Cell<*mut _odictnode>,
    pub prev: Cell<*mut _odictnode>,
}
const _: () = assert!(size_of::<_odictnode>() == 32);

shared! { PyODictObject, _odictnode }
