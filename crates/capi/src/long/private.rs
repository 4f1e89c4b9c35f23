//! `_PyLong_*`: what CPython's own modules and generated code use.

use core::ffi::{c_int, c_uchar, c_uint, c_ulong, c_ulonglong, c_ushort};

use taipan_runtime::abi::PyLongObject;
use taipan_runtime::prelude::*;
use taipan_runtime::types::int::NewInt;

use super::{integer, too_large};
use crate::outcome::{bad_internal_call, expect};
use crate::parameters::{Converted, Data, Out};

/// The value of each byte as a digit of a base up to 36; 37 for those that are none.
#[unsafe(no_mangle)]
pub static _PyLong_DigitValue: [c_uchar; 256] = {
    let mut table = [37; 256];
    let mut digit = 0;
    while digit < 36 {
        if digit < 10 {
            table[b'0' as usize + digit] = digit as u8;
        } else {
            table[b'a' as usize + digit - 10] = digit as u8;
            table[b'A' as usize + digit - 10] = digit as u8;
        }
        digit += 1;
    }
    table
};

/// An unsigned value of a narrower kind, for a parser of arguments: negative ones are a ValueError here.
fn converted<T: TryFrom<u64>>(
    object: Borrowed<'_, Object>,
    out: Out<'_, T>,
    wide: &str,
    narrow: &str,
) -> PyResult<Converted> {
    if object.downcast::<Int>().is_some_and(|int| int.is_negative()) {
        return Err(raise!(ValueError, "value must be positive"));
    }
    let int = integer(Some(object))?;
    let Some(value) = int.to_u64() else {
        return Err(if wide.is_empty() { raise!(OverflowError, "int too big to convert") } else { too_large(wide) });
    };
    match T::try_from(value) {
        Ok(value) => {
            out.set(value);
            Ok(Converted)
        }
        Err(_) => Err(raise!(OverflowError, "Python int too large for C {narrow}")),
    }
}

/// The same for types of a fixed width, which take objects with `__index__`.
fn converted_fixed<T: TryFrom<u64>>(object: Borrowed<'_, Object>, out: Out<'_, T>, name: &str) -> PyResult<Converted> {
    let int = super::indexed(Some(object))?;
    if int.is_negative() {
        return Err(raise!(ValueError, "value must be positive"));
    }
    match int.to_u64().and_then(|value| T::try_from(value).ok()) {
        Some(value) => {
            out.set(value);
            Ok(Converted)
        }
        None => Err(raise!(OverflowError, "Python int too large for C {name}")),
    }
}

capi! {
    fn _PyLong_Sign(object: Borrowed<'_, Int>) -> c_int { object.sign() }
    fn _PyLong_NumBits(object: Borrowed<'_, Int>) -> i64 { object.bit_length() as i64 }

    fn _PyLong_GCD(a: Borrowed<'_, Int>, b: Borrowed<'_, Int>) -> PyResult<Ref<Int>> { a.gcd(&b) }
    fn _PyLong_Add(a: Borrowed<'_, Int>, b: Borrowed<'_, Int>) -> PyResult<Ref<Int>> { a.add(&b) }
    fn _PyLong_Subtract(a: Borrowed<'_, Int>, b: Borrowed<'_, Int>) -> PyResult<Ref<Int>> { a.sub(&b) }
    fn _PyLong_Multiply(a: Borrowed<'_, Int>, b: Borrowed<'_, Int>) -> PyResult<Ref<Int>> { a.mul(&b) }
    fn _PyLong_Copy(int: Borrowed<'_, Int>) -> PyResult<Ref<Int>> { int.to_exact() }

    fn _PyLong_Lshift(int: Borrowed<'_, Int>, bits: i64) -> PyResult<Ref<Int>> {
        int.shift_left(u64::try_from(bits).map_err(|_| bad_internal_call())?)
    }

    fn _PyLong_Rshift(int: Borrowed<'_, Int>, bits: i64) -> PyResult<Ref<Int>> {
        int.shift_right(u64::try_from(bits).map_err(|_| bad_internal_call())?)
    }

    fn _PyLong_Frexp(int: Borrowed<'_, Int>, exponent: Out<'_, i64>) -> f64 {
        let (fraction, power) = int.to_f64_parts();
        exponent.set(power);
        fraction
    }

    fn _PyLong_DivmodNear(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let (Some(a), Some(b)) = (a.downcast::<Int>(), b.downcast::<Int>()) else {
            return Err(raise!(TypeError, "non-integer arguments in division"));
        };
        let (quotient, rest) = a.div_mod_near(&b)?;
        Tuple::pack([quotient.into_object(), rest.into_object()])
    }

    fn _PyLong_Format(object: Borrowed<'_, Object>, base: c_int) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&expect::<Int>(object)?.to_text_in_base(base as u32)?)
    }

    fn _PyLong_New(count: isize) -> PyResult<*mut PyLongObject> {
        let count = usize::try_from(count).map_err(|_| bad_internal_call())?;
        Ok(NewInt::new(count)?.into_raw(false).0)
    }

    fn _PyLong_FromDigits(negative: c_int, count: isize, digits: Data<'_>) -> PyResult<Ref<Int>> {
        let count = usize::try_from(count).map_err(|_| bad_internal_call())?;
        // SAFETY: that many digits stand there.
        let digits = unsafe { core::slice::from_raw_parts(digits.as_ptr().cast::<u32>(), count) };
        Int::from_digits(digits, negative != 0)
    }

    fn _PyLong_ExactDealloc(object: *mut taipan_runtime::types::Int) {
        // SAFETY: an int without counts.
        unsafe { taipan_runtime::types::int::dealloc(object) }
    }

    fn _PyLong_UnsignedShort_Converter(object: Borrowed<'_, Object>, out: Out<'_, c_ushort>) -> PyResult<Converted> {
        converted(object, out, "unsigned long", "unsigned short")
    }

    fn _PyLong_UnsignedInt_Converter(object: Borrowed<'_, Object>, out: Out<'_, c_uint>) -> PyResult<Converted> {
        converted(object, out, "unsigned long", "unsigned int")
    }

    fn _PyLong_UnsignedLong_Converter(object: Borrowed<'_, Object>, out: Out<'_, c_ulong>) -> PyResult<Converted> {
        converted(object, out, "unsigned long", "unsigned long")
    }

    fn _PyLong_UnsignedLongLong_Converter(object: Borrowed<'_, Object>, out: Out<'_, c_ulonglong>) -> PyResult<Converted> {
        converted(object, out, "", "unsigned long long")
    }

    fn _PyLong_Size_t_Converter(object: Borrowed<'_, Object>, out: Out<'_, usize>) -> PyResult<Converted> {
        converted(object, out, "size_t", "size_t")
    }

    fn _PyLong_UInt8_Converter(object: Borrowed<'_, Object>, out: Out<'_, u8>) -> PyResult<Converted> {
        converted_fixed(object, out, "uint8_t")
    }

    fn _PyLong_UInt16_Converter(object: Borrowed<'_, Object>, out: Out<'_, u16>) -> PyResult<Converted> {
        converted_fixed(object, out, "uint16_t")
    }

    fn _PyLong_UInt32_Converter(object: Borrowed<'_, Object>, out: Out<'_, u32>) -> PyResult<Converted> {
        converted_fixed(object, out, "uint32_t")
    }

    fn _PyLong_UInt64_Converter(object: Borrowed<'_, Object>, out: Out<'_, u64>) -> PyResult<Converted> {
        converted_fixed(object, out, "uint64_t")
    }
}
