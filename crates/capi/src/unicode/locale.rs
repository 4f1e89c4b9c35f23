//! File names and text in the encoding of the locale, which is UTF-8 with undecodable bytes as surrogates.

use core::ffi::{c_char, c_int};

use taipan_runtime::modules::builtins::fspath;
use taipan_runtime::prelude::*;
use taipan_runtime::types::codec::{self, utf8};

use super::argument;
use crate::parameters::{CText, Data, Place};

/// What a converter for `O&` gives that wants to be called again to free its result.
const CLEANUP_SUPPORTED: c_int = 0x20000;

/// The error handlers that text of the locale knows.
fn locale_handler(errors: Option<CText<'_>>) -> PyResult<&'static str> {
    match errors.map(CText::bytes) {
        None | Some(b"strict") => Ok("strict"),
        Some(b"surrogateescape") => Ok("surrogateescape"),
        Some(b"surrogatepass") => Ok("surrogatepass"),
        Some(_) => Err(raise!(ValueError, "unsupported error handler")),
    }
}

/// Runs a converter: NULL frees the result of an earlier call.
fn convert(
    object: Option<Borrowed<'_, Object>>,
    place: Place<'_>,
    make: impl FnOnce(Borrowed<'_, Object>) -> PyResult<Ref<Object>>,
) -> c_int {
    let Some(object) = object else {
        drop(place.take());
        return 1;
    };
    match make(object) {
        Ok(result) => {
            place.set(Some(result));
            CLEANUP_SUPPORTED
        }
        Err(_raised) => 0,
    }
}

capi! {
    fn PyUnicode_DecodeFSDefault(text: CText<'_>) -> PyResult<Ref<Str>> { codec::fs_decode(text.bytes()) }

    fn PyUnicode_DecodeFSDefaultAndSize(data: Data<'_>, size: isize) -> PyResult<Ref<Str>> {
        codec::fs_decode(data.sized(size)?)
    }

    fn PyUnicode_EncodeFSDefault(string: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> { codec::fs_encode(&*argument(string)?) }

    fn PyUnicode_DecodeLocale(text: CText<'_>, errors: Option<CText<'_>>) -> PyResult<Ref<Str>> {
        utf8::decode(text.bytes(), locale_handler(errors)?)
    }

    fn PyUnicode_DecodeLocaleAndSize(text: *const c_char, size: isize, errors: Option<CText<'_>>) -> PyResult<Ref<Str>> {
        let errors = locale_handler(errors)?;
        // SAFETY: the header says that a zero follows; what ends earlier has one inside.
        let bytes = unsafe { CStr::from_ptr(text) }.to_bytes();
        if bytes.len() as isize != size {
            return Err(raise!(ValueError, "embedded null byte"));
        }
        utf8::decode(bytes, errors)
    }

    fn PyUnicode_EncodeLocale(string: Borrowed<'_, Object>, errors: Option<CText<'_>>) -> PyResult<Ref<Bytes>> {
        let string = argument(string)?;
        let errors = locale_handler(errors)?;
        if string.find_char(0, 0..string.len()).is_some() {
            return Err(raise!(ValueError, "embedded null character"));
        }
        utf8::encode(&string, errors)
    }

    fn PyUnicode_FSConverter(object: Option<Borrowed<'_, Object>>, place: Place<'_>) -> c_int {
        convert(object, place, |object| {
            let path = fspath(object)?;
            let bytes = match path.into_downcast::<Bytes>() {
                Ok(bytes) => bytes,
                Err(path) => codec::fs_encode(&*argument(path.borrow())?)?,
            };
            if bytes.as_slice().contains(&0) {
                return Err(raise!(ValueError, "embedded null byte"));
            }
            Ok(bytes.into_object())
        })
    }

    fn PyUnicode_FSDecoder(object: Option<Borrowed<'_, Object>>, place: Place<'_>) -> c_int {
        convert(object, place, |object| {
            let path = fspath(object)?;
            let string = match path.into_downcast::<Str>() {
                Ok(string) => string,
                Err(path) => codec::decode_object(path.borrow(), "utf-8", "surrogateescape")?,
            };
            if string.find_char(0, 0..string.len()).is_some() {
                return Err(raise!(ValueError, "embedded null character"));
            }
            Ok(string.into_object())
        })
    }
}
