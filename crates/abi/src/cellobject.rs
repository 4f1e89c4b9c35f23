//! Cells: variables that an inner function shares.
//!
//! CPython: `Include/cpython/cellobject.h`.

use core::cell::Cell;

use crate::object::PyObject;

/// `cell`; an empty one holds NULL.
#[repr(C)]
pub struct PyCellObject {
    pub ob_base: PyObject,
    pub ob_ref: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyCellObject>() == 24);

shared! { PyCellObject }
