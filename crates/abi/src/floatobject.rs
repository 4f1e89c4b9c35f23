//! Floating-point numbers.
//!
//! CPython: `Include/cpython/floatobject.h`.

use core::cell::Cell;
use core::ffi::c_int;

use crate::object::PyObject;

pub type _py_float_format_type = c_int;
pub const _py_float_format_unknown: _py_float_format_type = 0;
pub const _py_float_format_ieee_big_endian: _py_float_format_type = 1;
pub const _py_float_format_ieee_little_endian: _py_float_format_type = 2;

/// `float`.
#[repr(C)]
pub struct PyFloatObject {
    pub ob_base: PyObject,
    pub ob_fval: Cell<f64>,
}
const _: () = assert!(size_of::<PyFloatObject>() == 24);

pub const Py_DTSF_SIGN: c_int = 1;
pub const Py_DTSF_ADD_DOT_0: c_int = 2;
pub const Py_DTSF_ALT: c_int = 4;
pub const Py_DTSF_NO_NEG_0: c_int = 8;
pub const Py_DTST_FINITE: c_int = 0;
pub const Py_DTST_INFINITE: c_int = 1;
pub const Py_DTST_NAN: c_int = 2;

shared! { PyFloatObject }
