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

shared! { _PyRangeIterObject }
