//! Weak references: a doubly linked list per object.
//!
//! CPython: `Include/cpython/weakrefobject.h`.

use core::cell::Cell;

use crate::object::{Py_hash_t, PyObject, vectorcallfunc};

/// `weakref.ref` and the proxies.
#[repr(C)]
pub struct PyWeakReference {
    pub ob_base: PyObject,
    /// The referent, borrowed; `None` once it is gone.
    pub wr_object: Cell<*mut PyObject>,
    pub wr_callback: Cell<*mut PyObject>,
    /// The hash of the referent, once asked for; -1 until then.
    pub hash: Cell<Py_hash_t>,
    /// References to one object form a list; those without callback come first.
    pub wr_prev: Cell<*mut PyWeakReference>,
    pub wr_next: Cell<*mut PyWeakReference>,
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}
const _: () = assert!(size_of::<PyWeakReference>() == 64);

shared! { PyWeakReference }
