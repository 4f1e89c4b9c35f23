//! Integers: sign, digit count and flags in one word, then digits of 30 bits, least significant first.
//!
//! CPython: `Include/cpython/longintrepr.h`, `pycore_long.h`.
//! The two low bits of `lv_tag` hold 0 for a positive number, 1 for zero and 2 for a negative one; bit 2 marks the small
//! integers that live for ever; the digit count is above.

use core::cell::Cell;
use core::ffi::{c_int, c_void};

use crate::object::{Py_ssize_t, PyObject};

/// One digit of 30 bits.
pub type digit = u32;
pub type sdigit = i32;
pub type twodigits = u64;
pub type stwodigits = i64;

/// Opaque.
#[repr(C)]
pub struct PyLongWriter {
    _opaque: [u8; 0],
}

/// The value of an integer: tag word, then digits.
#[repr(C)]
pub struct _PyLongValue {
    /// Sign in bits 0 and 1, immortality in bit 2, digit count above.
    pub lv_tag: Cell<usize>,
    /// At least one digit is allocated, even for zero.
    pub ob_digit: [Cell<digit>; 1],
}
const _: () = assert!(size_of::<_PyLongValue>() == 16);

/// `int`.
#[repr(C)]
pub struct PyLongObject {
    pub ob_base: PyObject,
    pub long_value: _PyLongValue,
}
const _: () = assert!(size_of::<PyLongObject>() == 32);

/// How digits are laid out, for `PyLong_GetNativeLayout`.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyLongLayout {
    pub bits_per_digit: u8,
    pub digit_size: u8,
    pub digits_order: i8,
    pub digit_endianness: i8,
}
const _: () = assert!(size_of::<PyLongLayout>() == 4);

/// An exported integer (PEP 757).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyLongExport {
    pub value: i64,
    pub negative: u8,
    pub ndigits: Py_ssize_t,
    pub digits: *const c_void,
    pub _reserved: usize,
}
const _: () = assert!(size_of::<PyLongExport>() == 40);

pub const Py_ASNATIVEBYTES_DEFAULTS: c_int = -1;
pub const Py_ASNATIVEBYTES_BIG_ENDIAN: c_int = 0;
pub const Py_ASNATIVEBYTES_LITTLE_ENDIAN: c_int = 1;
pub const Py_ASNATIVEBYTES_NATIVE_ENDIAN: c_int = 3;
pub const Py_ASNATIVEBYTES_UNSIGNED_BUFFER: c_int = 4;
pub const Py_ASNATIVEBYTES_REJECT_NEGATIVE: c_int = 8;
pub const Py_ASNATIVEBYTES_ALLOW_INDEX: c_int = 16;
pub const PyLong_SHIFT: digit = 30;
pub const _PyLong_DECIMAL_SHIFT: c_int = 9;
pub const _PyLong_DECIMAL_BASE: digit = 0x3b9aca00;
pub const PyLong_BASE: digit = 0x40000000;
pub const PyLong_MASK: digit = 0x3fffffff;
pub const _PyLong_SIGN_MASK: usize = 3;
pub const _PyLong_NON_SIZE_BITS: usize = 3;
pub const _PY_NSMALLPOSINTS: c_int = 257;
pub const _PY_NSMALLNEGINTS: c_int = 5;
pub const _PY_LONG_DEFAULT_MAX_STR_DIGITS: c_int = 4300;
pub const _PY_LONG_MAX_STR_DIGITS_THRESHOLD: c_int = 640;
pub const SIGN_MASK: usize = 3;
pub const SIGN_ZERO: usize = 1;
pub const SIGN_NEGATIVE: usize = 2;
pub const NON_SIZE_BITS: usize = 3;
pub const IMMORTALITY_BIT_MASK: usize = 4;

shared! { _PyLongValue, PyLongObject, PyLongLayout, PyLongExport }
