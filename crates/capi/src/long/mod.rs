//! `longobject.h`: ints and machine integers.
//!
//! What takes `PyObject *` accepts objects with `__index__` where CPython does; the others want an int.

mod bytes;
mod export;
mod private;
mod strtol;

use core::ffi::c_void;

use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::lookup::qualified_type_name;
use taipan_runtime::types::int::text;

use crate::outcome::{bad_internal_call, given};
use crate::parameters::{CText, Out};

/// An int, or what `__index__` gives.
pub(crate) fn indexed(object: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Int>> {
    let object = given(object)?;
    match object.downcast::<Int>() {
        Some(int) => Ok(int.to_owned()),
        None => object.index(),
    }
}

/// The value as a C `int`.
pub(crate) fn as_int(object: Borrowed<'_, Object>) -> PyResult<c_int> {
    indexed(Some(object))?.to_i32().ok_or_else(|| too_large("int"))
}

/// An int, and nothing else.
fn integer(object: Option<Borrowed<'_, Object>>) -> PyResult<Borrowed<'_, Int>> {
    let object = given(object)?;
    match object.downcast_borrowed::<Int>() {
        Some(int) => Ok(int),
        None => Err(raise!(TypeError, "an integer is required")),
    }
}

#[cold]
fn too_large(what: &str) -> Raised {
    raise!(OverflowError, "Python int too large to convert to C {what}")
}

/// An unsigned value with the messages of `PyLong_AsUnsignedLong` and its kin.
fn unsigned(object: Option<Borrowed<'_, Object>>, negative: &str, what: &str) -> PyResult<u64> {
    let int = integer(object)?;
    if int.is_negative() {
        return Err(raise!(OverflowError, "can't convert negative value to {negative}"));
    }
    int.to_u64().ok_or_else(|| too_large(what))
}

/// The value, with -1 and the direction in `overflow` where it does not fit.
fn with_overflow(object: Option<Borrowed<'_, Object>>, overflow: Out<'_, c_int>) -> PyResult<i64> {
    overflow.set(0);
    let int = indexed(object)?;
    Ok(int.to_i64().unwrap_or_else(|| {
        overflow.set(int.sign());
        -1
    }))
}

/// A fixed-width value through a place (`PyLong_AsInt32` and its kin).
fn fixed<T>(
    object: Option<Borrowed<'_, Object>>,
    value: Out<'_, T>,
    convert: impl FnOnce(&Ref<Int>) -> Option<T>,
    signed: bool,
    what: &str,
) -> PyResult<()> {
    if value.is_null() {
        return Err(bad_internal_call());
    }
    let int = indexed(object)?;
    if !signed && int.is_negative() {
        return Err(raise!(ValueError, "Cannot convert negative int"));
    }
    value.set(convert(&int).ok_or_else(|| too_large(what))?);
    Ok(())
}

capi! {
    fn PyLong_FromLong(value: i64) -> PyResult<Ref<Int>> { Int::from_i64(value) }
    fn PyLong_FromLongLong(value: i64) -> PyResult<Ref<Int>> { Int::from_i64(value) }
    fn PyLong_FromSsize_t(value: isize) -> PyResult<Ref<Int>> { Int::from_isize(value) }
    fn PyLong_FromInt32(value: i32) -> PyResult<Ref<Int>> { Int::from_i64(value.into()) }
    fn PyLong_FromInt64(value: i64) -> PyResult<Ref<Int>> { Int::from_i64(value) }
    fn PyLong_FromUnsignedLong(value: u64) -> PyResult<Ref<Int>> { Int::from_u64(value) }
    fn PyLong_FromUnsignedLongLong(value: u64) -> PyResult<Ref<Int>> { Int::from_u64(value) }
    fn PyLong_FromSize_t(value: usize) -> PyResult<Ref<Int>> { Int::from_usize(value) }
    fn PyLong_FromUInt32(value: u32) -> PyResult<Ref<Int>> { Int::from_u64(value.into()) }
    fn PyLong_FromUInt64(value: u64) -> PyResult<Ref<Int>> { Int::from_u64(value) }
    fn PyLong_FromDouble(value: f64) -> PyResult<Ref<Int>> { Int::from_f64(value) }
    fn PyLong_FromVoidPtr(pointer: *mut c_void) -> PyResult<Ref<Int>> { Int::from_usize(pointer.addr()) }

    fn PyLong_AsLong(object: Option<Borrowed<'_, Object>>) -> PyResult<i64> {
        indexed(object)?.to_i64().ok_or_else(|| too_large("long"))
    }

    fn PyLong_AsLongLong(object: Option<Borrowed<'_, Object>>) -> PyResult<i64> {
        indexed(object)?.to_i64().ok_or_else(|| raise!(OverflowError, "int too big to convert"))
    }

    fn PyLong_AsInt(object: Option<Borrowed<'_, Object>>) -> PyResult<i32> {
        indexed(object)?.to_i32().ok_or_else(|| too_large("int"))
    }

    fn PyLong_AsLongAndOverflow(object: Option<Borrowed<'_, Object>>, overflow: Out<'_, c_int>) -> PyResult<i64> {
        with_overflow(object, overflow)
    }

    fn PyLong_AsLongLongAndOverflow(object: Option<Borrowed<'_, Object>>, overflow: Out<'_, c_int>) -> PyResult<i64> {
        with_overflow(object, overflow)
    }

    fn PyLong_AsSsize_t(object: Option<Borrowed<'_, Object>>) -> PyResult<isize> {
        integer(object)?.to_isize().ok_or_else(|| too_large("ssize_t"))
    }

    fn PyLong_AsSize_t(object: Option<Borrowed<'_, Object>>) -> PyResult<usize> {
        unsigned(object, "size_t", "size_t").map(|value| value as usize)
    }

    fn PyLong_AsUnsignedLong(object: Option<Borrowed<'_, Object>>) -> PyResult<u64> {
        unsigned(object, "unsigned int", "unsigned long")
    }

    fn PyLong_AsUnsignedLongLong(object: Option<Borrowed<'_, Object>>) -> PyResult<u64> {
        let int = integer(object)?;
        if int.is_negative() {
            return Err(raise!(OverflowError, "can't convert negative int to unsigned"));
        }
        int.to_u64().ok_or_else(|| raise!(OverflowError, "int too big to convert"))
    }

    fn PyLong_AsUnsignedLongMask(object: Option<Borrowed<'_, Object>>) -> PyResult<u64> {
        Ok(indexed(object)?.to_u64_mask())
    }

    fn PyLong_AsUnsignedLongLongMask(object: Option<Borrowed<'_, Object>>) -> PyResult<u64> {
        Ok(indexed(object)?.to_u64_mask())
    }

    fn PyLong_AsInt32(object: Option<Borrowed<'_, Object>>, value: Out<'_, i32>) -> PyResult<()> {
        fixed(object, value, |int| int.to_i32(), true, "int32_t")
    }

    fn PyLong_AsUInt32(object: Option<Borrowed<'_, Object>>, value: Out<'_, u32>) -> PyResult<()> {
        fixed(object, value, |int| int.to_u64().and_then(|value| value.try_into().ok()), false, "uint32_t")
    }

    fn PyLong_AsInt64(object: Option<Borrowed<'_, Object>>, value: Out<'_, i64>) -> PyResult<()> {
        fixed(object, value, |int| int.to_i64(), true, "int64_t")
    }

    fn PyLong_AsUInt64(object: Option<Borrowed<'_, Object>>, value: Out<'_, u64>) -> PyResult<()> {
        fixed(object, value, |int| int.to_u64(), false, "uint64_t")
    }

    fn PyLong_AsDouble(object: Option<Borrowed<'_, Object>>) -> PyResult<f64> {
        integer(object)?.to_f64()
    }

    fn PyLong_AsVoidPtr(object: Option<Borrowed<'_, Object>>) -> PyResult<*mut c_void> {
        let int = integer(object)?;
        let address = if int.is_negative() {
            int.to_i64().ok_or_else(|| too_large("long"))? as usize
        } else {
            int.to_usize().ok_or_else(|| too_large("unsigned long"))?
        };
        Ok(core::ptr::with_exposed_provenance_mut(address))
    }

    fn PyLong_GetInfo() -> PyResult<Ref<Object>> {
        taipan_runtime::import::import_attr("sys", "int_info")
    }

    fn PyLong_FromString(string: CText<'_>, end: Out<'_, *const core::ffi::c_char>, base: c_int) -> PyResult<Ref<Int>> {
        if base != 0 && !(2..=36).contains(&base) {
            return Err(raise!(ValueError, "int() arg 2 must be >= 2 and <= 36"));
        }
        let bytes = string.bytes();
        match text::parse(bytes, base as u32) {
            Ok(int) => {
                // SAFETY: the end of the same string.
                end.set(unsafe { string.as_ptr().add(bytes.len()) });
                Ok(int)
            }
            Err(text::ParseError::Raised(raised)) => Err(raised),
            Err(text::ParseError::Invalid) => {
                // SAFETY: inside the same string.
                end.set(unsafe { string.as_ptr().add(strtol::int_prefix(bytes, base as u32)) });
                let shown = taipan_runtime::types::codec::decode_utf8(&bytes[..bytes.len().min(200)], "strict")?;
                let repr: String = shown.as_object().repr()?.to_display().chars().take(200).collect();
                Err(raise!(ValueError, "invalid literal for int() with base {base}: {repr}"))
            }
        }
    }

    fn PyLong_FromUnicodeObject(string: Borrowed<'_, Str>, base: c_int) -> PyResult<Ref<Int>> {
        if base != 0 && !(2..=36).contains(&base) {
            return Err(raise!(ValueError, "int() arg 2 must be >= 2 and <= 36"));
        }
        text::from_str(&string, base as u32)
    }

    fn PyUnstable_Long_IsCompact(int: Borrowed<'_, Int>) -> bool { int.digit_count() <= 1 }

    fn PyUnstable_Long_CompactValue(int: Borrowed<'_, Int>) -> isize {
        int.digits().first().map_or(0, |&digit| digit as isize * int.sign() as isize)
    }

    fn PyLong_IsPositive(object: Borrowed<'_, Object>) -> PyResult<bool> { Ok(signed_int(object)?.sign() > 0) }
    fn PyLong_IsNegative(object: Borrowed<'_, Object>) -> PyResult<bool> { Ok(signed_int(object)?.is_negative()) }
    fn PyLong_IsZero(object: Borrowed<'_, Object>) -> PyResult<bool> { Ok(signed_int(object)?.is_zero()) }

    fn PyLong_GetSign(object: Borrowed<'_, Object>, sign: Out<'_, c_int>) -> PyResult<()> {
        match object.downcast::<Int>() {
            Some(int) => {
                sign.set(int.sign());
                Ok(())
            }
            None => Err(raise!(TypeError, "expect int, got {}", qualified_type_name(object))),
        }
    }
}

fn signed_int(object: Borrowed<'_, Object>) -> PyResult<Borrowed<'_, Int>> {
    match object.downcast_borrowed::<Int>() {
        Some(int) => Ok(int),
        None => Err(raise!(TypeError, "expected int, got {}", qualified_type_name(object))),
    }
}
