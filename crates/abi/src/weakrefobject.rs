//! Weak references: a doubly linked list per object.
//!
//! CPython: `Include/cpython/weakrefobject.h`.

use core::cell::Cell;

use crate::object::{Py_hash_t, PyObject, vectorcallfunc};

/// `weakref.ref` and the proxies.
#[repr(C)]
pub struct PyWeakReference {
    pub ob_base: PyObject,
    pub wr_object: Cell<*mut PyObject>,
    pub wr_callback: Cell<*mut PyObject>,
    pub hash: Cell<Py_hash_t>,
    pub wr_prev: Cell<*mut PyWeakReference>,
    pub wr_next: Cell<*mut PyWeakReference>,
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}
const _: () = assert!(size_of::<PyWeakReference>() == 64);

shared! { PyWeakReference }
