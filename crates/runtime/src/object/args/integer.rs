//! Integer parameters: the index protocol, and the OverflowErrors of each C type.

use core::num::Wrapping;

use super::from_arg::{FromArg, bad_argument, is_none};
use super::spec::ArgSpec;
use crate::abi::{PyLongObject, PyObject};
use crate::prelude::*;

/// The value of an `int`, exact up to three digits (90 bits); larger ones become the end of the range, which no machine
/// integer reaches.
fn value_of(int: &Ref<Int>) -> i128 {
    let digits = digits(int);
    let magnitude = match digits.1 {
        [] => 0,
        [a] => i128::from(*a),
        [a, b] => i128::from(*a) | i128::from(*b) << 30,
        [a, b, c] => i128::from(*a) | i128::from(*b) << 30 | i128::from(*c) << 60,
        _ => i128::MAX,
    };
    if digits.0 { -magnitude } else { magnitude }
}

/// The low 64 bits of the value in two's complement.
fn low_bits(int: &Ref<Int>) -> u64 {
    let (negative, digits) = digits(int);
    let mut bits = 0u64;
    for (index, digit) in digits.iter().take(3).enumerate() {
        bits |= u64::from(*digit) << (30 * index);
    }
    if negative { bits.wrapping_neg() } else { bits }
}

/// Whether the value is negative, and its digits of 30 bits, lowest first.
fn digits(int: &Ref<Int>) -> (bool, &[u32]) {
    // SAFETY: an `int` is a `PyLongObject` with as many digits as its tag says, and never changes.
    unsafe {
        let long = int.as_ptr().cast::<PyLongObject>();
        let tag = (*long).long_value.lv_tag.get();
        let count = if tag & 3 == 1 { 0 } else { tag >> 3 };
        (tag & 3 == 2, core::slice::from_raw_parts((&raw const (*long).long_value.ob_digit).cast::<u32>(), count))
    }
}

/// The integer that `value` is or gives by `__index__`.
///
/// # Safety
/// `value` is a live object.
#[inline(never)]
unsafe fn index_value(value: *mut PyObject) -> PyResult<i128> {
    // SAFETY: by contract.
    let object: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(value) };
    match object.downcast::<Int>() {
        Some(int) => Ok(value_of(&int)),
        None => Ok(value_of(&object.index()?)),
    }
}

#[cold]
fn too_large(message: &str) -> Raised {
    raise!(OverflowError, "{message}")
}

macro_rules! signed {
    ($($ty:ty: $message:literal)*) => {$(
        impl FromArg<'_> for $ty {
            unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
                // SAFETY: by contract.
                match <$ty>::try_from(unsafe { index_value(value)? }) {
                    Ok(value) => Ok(value),
                    Err(_) => Err(too_large($message)),
                }
            }
        }
    )*};
}

signed! {
    i32: "Python int too large to convert to C int"
    i64: "Python int too large to convert to C long"
}

impl FromArg<'_> for isize {
    unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: by contract.
        match isize::try_from(unsafe { index_value(value)? }) {
            Ok(value) => Ok(value),
            Err(_) => Err(too_large("Python int too large to convert to C ssize_t")),
        }
    }

    unsafe fn from_arg_or_none(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Option<Self>> {
        if is_none(value) {
            return Ok(None);
        }
        // SAFETY: by contract.
        unsafe {
            let object: Borrowed<'_, Object> = Borrowed::from_ptr(value);
            if !object.has_index() {
                return Err(raise!(TypeError, "argument should be integer or None, not '{}'", object.type_name()));
            }
            isize::from_arg(value, spec, index).map(Some)
        }
    }
}

macro_rules! unsigned {
    ($($ty:ty: $name:literal)*) => {$(
        impl FromArg<'_> for $ty {
            unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
                // SAFETY: by contract.
                let value = unsafe { index_value(value)? };
                match <$ty>::try_from(value) {
                    Ok(value) => Ok(value),
                    Err(_) if value < 0 => Err(raise!(ValueError, "Cannot convert negative int")),
                    Err(_) => Err(too_large(concat!("Python int too large for C ", $name))),
                }
            }
        }
    )*};
}

unsigned! {
    u16: "uint16_t"
    u32: "unsigned int"
    u64: "unsigned long"
    usize: "size_t"
}

/// Small types that C reads as `long` first and then checks, with messages of their own.
macro_rules! narrow {
    ($($ty:ty: $name:literal)*) => {$(
        impl FromArg<'_> for $ty {
            unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
                // SAFETY: by contract.
                let value = unsafe { i64::from_arg(value, spec, index)? };
                match <$ty>::try_from(value) {
                    Ok(value) => Ok(value),
                    Err(_) if value < i64::from(<$ty>::MIN) => {
                        Err(too_large(concat!($name, " is less than minimum")))
                    }
                    Err(_) => Err(too_large(concat!($name, " is greater than maximum"))),
                }
            }
        }
    )*};
}

narrow! {
    u8: "unsigned byte integer"
    i16: "signed short integer"
}

/// Bit patterns: any integer, of which the low bits count (`unsigned int(bitwise=True)`).
macro_rules! bitwise {
    ($($ty:ty)*) => {$(
        impl FromArg<'_> for Wrapping<$ty> {
            unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
                // SAFETY: by contract.
                unsafe {
                    let object: Borrowed<'_, Object> = Borrowed::from_ptr(value);
                    if size_of::<$ty>() == 8 && !object.has_index() {
                        return Err(bad_argument(spec, index, "int", value));
                    }
                    Ok(Wrapping(low_bits(&object.index()?) as $ty))
                }
            }
        }
    )*};
}

bitwise! { u8 u16 u32 u64 }
