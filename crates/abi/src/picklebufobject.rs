//! `pickle.PickleBuffer`.
//!
//! CPython: `Objects/picklebufobject.c`. No header shows this struct; its size is that of `__basicsize__`.

use core::cell::Cell;

use crate::object::PyObject;
use crate::pybuffer::Py_buffer;

/// `pickle.PickleBuffer`.
#[repr(C)]
pub struct PyPickleBufferObject {
    pub ob_base: PyObject,
    pub view: Cell<Py_buffer>,
    pub weakreflist: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyPickleBufferObject>() == 104);

shared! { PyPickleBufferObject }
