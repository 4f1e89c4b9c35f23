//! Slices.
//!
//! CPython: `Include/sliceobject.h`.

use core::cell::Cell;

use crate::object::PyObject;

/// `slice`.
#[repr(C)]
pub struct PySliceObject {
    pub ob_base: PyObject,
    pub start: Cell<*mut PyObject>,
    pub stop: Cell<*mut PyObject>,
    pub step: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PySliceObject>() == 40);

shared! { PySliceObject }
