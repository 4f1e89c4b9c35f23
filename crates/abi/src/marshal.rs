//! Versions of the marshal format.
//!
//! CPython: `Include/marshal.h`.

use core::ffi::{c_int, c_uint};

pub const PYC_MAGIC_NUMBER: c_int = 3627;
pub const PYC_MAGIC_NUMBER_TOKEN: c_uint = 0xa0d0e2b;
pub const Py_MARSHAL_VERSION: c_int = 5;
