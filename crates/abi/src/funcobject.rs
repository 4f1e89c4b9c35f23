//! Functions.
//!
//! CPython: `Include/cpython/funcobject.h`, `pycore_function.h`.

use core::cell::Cell;
use core::ffi::c_int;

use crate::object::{PyObject, vectorcallfunc};

pub type PyFunction_WatchCallback =
    unsafe extern "C" fn(PyFunction_WatchEvent, *mut PyFunctionObject, *mut PyObject) -> c_int;

pub type PyFunction_WatchEvent = c_int;
pub const PyFunction_EVENT_CREATE: PyFunction_WatchEvent = 0;
pub const PyFunction_EVENT_DESTROY: PyFunction_WatchEvent = 1;
pub const PyFunction_EVENT_MODIFY_CODE: PyFunction_WatchEvent = 2;
pub const PyFunction_EVENT_MODIFY_DEFAULTS: PyFunction_WatchEvent = 3;
pub const PyFunction_EVENT_MODIFY_KWDEFAULTS: PyFunction_WatchEvent = 4;

/// The fields that a function is made from.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyFrameConstructor {
    pub fc_globals: *mut PyObject,
    pub fc_builtins: *mut PyObject,
    pub fc_name: *mut PyObject,
    pub fc_qualname: *mut PyObject,
    pub fc_code: *mut PyObject,
    pub fc_defaults: *mut PyObject,
    pub fc_kwdefaults: *mut PyObject,
    pub fc_closure: *mut PyObject,
}
const _: () = assert!(size_of::<PyFrameConstructor>() == 64);

/// `function`.
#[repr(C)]
pub struct PyFunctionObject {
    pub ob_base: PyObject,
    pub func_globals: Cell<*mut PyObject>,
    pub func_builtins: Cell<*mut PyObject>,
    pub func_name: Cell<*mut PyObject>,
    pub func_qualname: Cell<*mut PyObject>,
    pub func_code: Cell<*mut PyObject>,
    pub func_defaults: Cell<*mut PyObject>,
    pub func_kwdefaults: Cell<*mut PyObject>,
    /// A tuple of cells, or NULL.
    pub func_closure: Cell<*mut PyObject>,
    pub func_doc: Cell<*mut PyObject>,
    pub func_dict: Cell<*mut PyObject>,
    pub func_weakreflist: Cell<*mut PyObject>,
    pub func_module: Cell<*mut PyObject>,
    pub func_annotations: Cell<*mut PyObject>,
    pub func_annotate: Cell<*mut PyObject>,
    pub func_typeparams: Cell<*mut PyObject>,
    /// How to call it.
    pub vectorcall: Cell<Option<vectorcallfunc>>,
    /// For inline caches: 0 when it must not be specialised.
    pub func_version: Cell<u32>,
}
const _: () = assert!(size_of::<PyFunctionObject>() == 152);

/// `classmethod`.
#[repr(C)]
pub struct classmethod {
    pub ob_base: PyObject,
    pub cm_callable: Cell<*mut PyObject>,
    pub cm_dict: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<classmethod>() == 32);

/// `staticmethod`.
#[repr(C)]
pub struct staticmethod {
    pub ob_base: PyObject,
    pub sm_callable: Cell<*mut PyObject>,
    pub sm_dict: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<staticmethod>() == 32);

pub const FUNC_MAX_WATCHERS: c_int = 8;
pub const FUNC_VERSION_CACHE_SIZE: u32 = 4096;
pub const FUNC_VERSION_UNSET: u32 = 0;
pub const FUNC_VERSION_CLEARED: u32 = 1;
pub const FUNC_VERSION_FIRST_VALID: u32 = 2;

shared! { PyFrameConstructor, PyFunctionObject, classmethod, staticmethod }
