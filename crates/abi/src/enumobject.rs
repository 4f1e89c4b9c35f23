//! `enumerate` and `reversed`.
//!
//! CPython: `Objects/enumobject.c`. No header shows these structs; their sizes are those of `__basicsize__`.

use core::cell::Cell;

use crate::object::{Py_ssize_t, PyObject};

/// `enumerate`. `en_longindex` takes over when `en_index` reaches the largest size; `en_result` is a pair that is used again.
#[repr(C)]
pub struct _PyEnumObject {
    pub ob_base: PyObject,
    pub en_index: Cell<Py_ssize_t>,
    pub en_sit: Cell<*mut PyObject>,
    pub en_result: Cell<*mut PyObject>,
    pub en_longindex: Cell<*mut PyObject>,
    pub one: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<_PyEnumObject>() == 56);

/// `reversed`.
#[repr(C)]
pub struct reversedobject {
    pub ob_base: PyObject,
    pub index: Cell<Py_ssize_t>,
    pub seq: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<reversedobject>() == 32);

shared! { _PyEnumObject, reversedobject }
