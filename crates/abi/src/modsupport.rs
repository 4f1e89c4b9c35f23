//! Argument parsing.
//!
//! CPython: `Include/cpython/modsupport.h`, `Include/modsupport.h`.

use core::cell::Cell;
use core::ffi::{c_char, c_int};

use crate::lock::_PyOnceFlag;
use crate::object::PyObject;

/// The parsed form of a format string with keywords.
#[repr(C)]
pub struct _PyArg_Parser {
    pub format: Cell<*const c_char>,
    pub keywords: Cell<*const *const c_char>,
    pub fname: Cell<*const c_char>,
    pub custom_msg: Cell<*const c_char>,
    pub once: _PyOnceFlag,
    pub is_kwtuple_owned: Cell<c_int>,
    pub pos: Cell<c_int>,
    pub min: Cell<c_int>,
    pub max: Cell<c_int>,
    pub kwtuple: Cell<*mut PyObject>,
    pub next: Cell<*mut _PyArg_Parser>,
}
const _: () = assert!(size_of::<_PyArg_Parser>() == 72);

pub const Py_CLEANUP_SUPPORTED: c_int = 0x20000;
pub const PYTHON_API_VERSION: c_int = 1013;
pub const PYTHON_ABI_VERSION: c_int = 3;

shared! { _PyArg_Parser }
