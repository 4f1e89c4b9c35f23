//! Tracebacks.
//!
//! CPython: `Include/cpython/traceback.h`.

use core::cell::Cell;
use core::ffi::c_int;

use crate::frame::PyFrameObject;
use crate::object::PyObject;

/// `traceback`.
#[repr(C)]
pub struct PyTracebackObject {
    pub ob_base: PyObject,
    pub tb_next: Cell<*mut PyTracebackObject>,
    pub tb_frame: Cell<*mut PyFrameObject>,
    pub tb_lasti: Cell<c_int>,
    pub tb_lineno: Cell<c_int>,
}
const _: () = assert!(size_of::<PyTracebackObject>() == 40);

shared! { PyTracebackObject }
