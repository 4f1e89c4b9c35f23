//! `_PyUnicode_*`: what CPython's own modules use.

use core::ffi::{c_char, c_int, c_void};

use taipan_runtime::prelude::*;
use taipan_runtime::types::int::decimal::{decimal_value, is_space};

use super::{Utf8, argument};
use crate::outcome::expect;
use crate::parameters::Place;

/// A name of C code that becomes a string once (`_Py_Identifier`).
#[repr(C)]
pub struct Identifier {
    string: *const c_char,
    /// CPython keeps the place of the string here.
    _index: isize,
    _mutex: u8,
}

/// Interns the string of a variable for ever; nothing where it holds none.
pub(super) fn intern_immortal(place: Place<'_>) {
    if let Some(object) = place.take() {
        place.set(Some(match object.into_downcast::<Str>() {
            Ok(string) => Str::intern_object_immortal(string).into_object(),
            Err(other) => other,
        }));
    }
}

capi! {
    fn _PyUnicode_Copy(string: Borrowed<'_, Object>) -> PyResult<Ref<Str>> { Str::from_data(expect::<Str>(string)?.data()) }

    fn _PyUnicode_CheckConsistency(_string: Borrowed<'_, Str>, _content: c_int) -> c_int { 1 }

    fn _PyUnicode_ExactDealloc(string: *mut taipan_runtime::abi::PyASCIIObject) {
        // SAFETY: a string without counts.
        unsafe { taipan_runtime::types::str::dealloc_raw(string) }
    }

    fn _PyUnicode_AsUTF8NoNUL(string: Borrowed<'_, Object>) -> PyResult<*const c_char> {
        let string = argument(string)?;
        if string.find_char(0, 0..string.len()).is_some() {
            return Err(raise!(ValueError, "embedded null character"));
        }
        Ok(string.cached_or_new_utf8()?.0)
    }

    fn _PyUnicode_TransformDecimalAndSpaceToASCII(string: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        let string = expect::<Str>(string)?;
        if string.is_ascii() {
            return string.to_exact();
        }
        let mut builder = taipan_runtime::types::str::StrBuilder::with_capacity(string.len())?;
        for c in string.chars() {
            builder.push(match c {
                0..0x80 => c,
                _ if is_space(c) => b' '.into(),
                _ => match decimal_value(c) {
                    Some(digit) => u32::from(b'0' + digit),
                    None => {
                        // Nothing that follows can be part of a number.
                        builder.push(b'?'.into())?;
                        return builder.finish();
                    }
                },
            })?;
        }
        builder.finish()
    }

    fn _PyUnicode_ScanIdentifier(string: Borrowed<'_, Str>) -> isize {
        use taipan_runtime::types::str::ctype;
        let mut chars = string.chars();
        match chars.next() {
            Some(c) if ctype::is_xid_start(c) => 1 + chars.take_while(|&c| ctype::is_xid_continue(c)).count() as isize,
            _ => 0,
        }
    }

    fn _PyUnicode_FromId(identifier: *mut Identifier) -> PyResult<Borrowed<'static, Str>> {
        // SAFETY: C passes a static identifier, whose text is a C string.
        let text = unsafe { CStr::from_ptr((*identifier).string) };
        let string = Str::intern_object_immortal(Str::from_wtf8(text.to_bytes())?);
        // SAFETY: an interned string that is never freed.
        Ok(unsafe { Borrowed::from_ptr(string.into_ptr()) })
    }

    fn _PyUnicode_InternMortal(_interpreter: *mut c_void, place: Place<'_>) {
        // SAFETY: the same contract.
        unsafe { super::PyUnicode_InternInPlace(place) }
    }

    fn _PyUnicode_InternInPlace(_interpreter: *mut c_void, place: Place<'_>) {
        // SAFETY: the same contract.
        unsafe { super::PyUnicode_InternInPlace(place) }
    }

    fn _PyUnicode_InternImmortal(_interpreter: *mut c_void, place: Place<'_>) { intern_immortal(place) }
}
