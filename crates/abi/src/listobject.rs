//! Lists and their iterators.
//!
//! CPython: `Include/cpython/listobject.h`, `pycore_list.h`.

use core::cell::Cell;

use crate::object::{Py_ssize_t, PyObject, PyVarObject};

/// `list`. While a sort runs, `allocated` is -1.
#[repr(C)]
pub struct PyListObject {
    pub ob_base: PyVarObject,
    pub ob_item: Cell<*mut *mut PyObject>,
    /// Number of items that `ob_item` has room for.
    pub allocated: Cell<Py_ssize_t>,
}
const _: () = assert!(size_of::<PyListObject>() == 40);

/// `list_iterator`; `it_seq` is NULL once it is exhausted.
#[repr(C)]
pub struct _PyListIterObject {
    pub ob_base: PyObject,
    pub it_index: Cell<Py_ssize_t>,
    pub it_seq: Cell<*mut PyListObject>,
}
const _: () = assert!(size_of::<_PyListIterObject>() == 32);

/// `list_reverseiterator`.
#[repr(C)]
pub struct listreviterobject {
    pub ob_base: PyObject,
    pub it_index: Cell<Py_ssize_t>,
    pub it_seq: Cell<*mut PyListObject>,
}
const _: () = assert!(size_of::<listreviterobject>() == 32);

shared! { PyListObject, _PyListIterObject, listreviterobject }
