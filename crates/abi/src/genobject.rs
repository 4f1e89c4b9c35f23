//! Generators, coroutines and asynchronous generators: one layout under three names.
//!
//! CPython: `pycore_interpframe_structs.h`, `Include/cpython/genobject.h`.
//! The frame stands at the end, and its locals and stack continue behind the struct.

use core::cell::Cell;
use core::ffi::c_char;

use crate::frame::_PyInterpreterFrame;
use crate::object::PyObject;
use crate::pystate::_PyErr_StackItem;

/// `generator`.
#[repr(C)]
pub struct PyGenObject {
    pub ob_base: PyObject,
    pub gi_weakreflist: Cell<*mut PyObject>,
    pub gi_name: Cell<*mut PyObject>,
    pub gi_qualname: Cell<*mut PyObject>,
    /// What is being handled inside the generator.
    pub gi_exc_state: _PyErr_StackItem,
    /// The origin of a coroutine, or the finalizer of an asynchronous generator.
    pub gi_origin_or_finalizer: Cell<*mut PyObject>,
    pub gi_hooks_inited: Cell<c_char>,
    pub gi_closed: Cell<c_char>,
    pub gi_running_async: Cell<c_char>,
    /// A `PyFrameState`.
    pub gi_frame_state: Cell<i8>,
    pub gi_iframe: _PyInterpreterFrame,
}
const _: () = assert!(size_of::<PyGenObject>() == 160);

/// `coroutine`.
#[repr(C)]
pub struct PyCoroObject {
    pub ob_base: PyObject,
    pub cr_weakreflist: Cell<*mut PyObject>,
    pub cr_name: Cell<*mut PyObject>,
    pub cr_qualname: Cell<*mut PyObject>,
    pub cr_exc_state: _PyErr_StackItem,
    pub cr_origin_or_finalizer: Cell<*mut PyObject>,
    pub cr_hooks_inited: Cell<c_char>,
    pub cr_closed: Cell<c_char>,
    pub cr_running_async: Cell<c_char>,
    pub cr_frame_state: Cell<i8>,
    pub cr_iframe: _PyInterpreterFrame,
}
const _: () = assert!(size_of::<PyCoroObject>() == 160);

/// `async_generator`.
#[repr(C)]
pub struct PyAsyncGenObject {
    pub ob_base: PyObject,
    pub ag_weakreflist: Cell<*mut PyObject>,
    pub ag_name: Cell<*mut PyObject>,
    pub ag_qualname: Cell<*mut PyObject>,
    pub ag_exc_state: _PyErr_StackItem,
    pub ag_origin_or_finalizer: Cell<*mut PyObject>,
    pub ag_hooks_inited: Cell<c_char>,
    pub ag_closed: Cell<c_char>,
    pub ag_running_async: Cell<c_char>,
    pub ag_frame_state: Cell<i8>,
    pub ag_iframe: _PyInterpreterFrame,
}
const _: () = assert!(size_of::<PyAsyncGenObject>() == 160);

shared! { PyGenObject, PyCoroObject, PyAsyncGenObject }
