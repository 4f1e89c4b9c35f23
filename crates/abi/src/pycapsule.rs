//! Capsules.
//!
//! CPython: `Include/pycapsule.h`. The object has no public layout.

use core::cell::Cell;
use core::ffi::{c_char, c_void};

use crate::object::{PyObject, inquiry, traverseproc};

pub type PyCapsule_Destructor = unsafe extern "C" fn(*mut PyObject);

/// `PyCapsule`.
#[repr(C)]
pub struct PyCapsule {
    pub ob_base: PyObject,
    pub pointer: Cell<*mut c_void>,
    pub name: Cell<*const c_char>,
    pub context: Cell<*mut c_void>,
    pub destructor: Cell<Option<PyCapsule_Destructor>>,
    pub traverse_func: Cell<Option<traverseproc>>,
    pub clear_func: Cell<Option<inquiry>>,
}
const _: () = assert!(size_of::<PyCapsule>() == 64);

shared! { PyCapsule }
