//! The iterator of a range whose bounds fit a C long.
//!
//! CPython: `pycore_range.h`. `range` itself has no public layout.

use core::cell::Cell;
use core::ffi::c_long;

use crate::object::PyObject;

/// `range_iterator`.
#[repr(C)]
pub struct _PyRangeIterObject {
    pub ob_base: PyObject,
    pub start: Cell<c_long>,
    pub step: Cell<c_long>,
    pub len: Cell<c_long>,
}
const _: () = assert!(size_of::<_PyRangeIterObject>() == 40);

/// `range`; all four are integers.
#[repr(C)]
pub struct _PyRangeObject {
    pub ob_base: PyObject,
    pub start: Cell<*mut PyObject>,
    pub stop: Cell<*mut PyObject>,
    pub step: Cell<*mut PyObject>,
    pub length: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<_PyRangeObject>() == 48);

/// `longrange_iterator`: when a bound does not fit a C long.
#[repr(C)]
pub struct longrangeiterobject {
    pub ob_base: PyObject,
    pub start: Cell<*mut PyObject>,
    pub step: Cell<*mut PyObject>,
    pub len: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<longrangeiterobject>() == 40);

shared! { _PyRangeIterObject, _PyRangeObject, longrangeiterobject }
