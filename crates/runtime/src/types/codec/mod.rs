//! Codecs: text to bytes and back, error handlers, and the registry behind `codecs.lookup`.
//!
//! Each codec is a pair of functions on slices and strings. Decoders give the text and how many bytes they used; with
//! `last` false, an incomplete sequence at the end stays for the next call. Names that everybody uses are dispatched
//! here without the registry.
//! CPython: `Python/codecs.c`, the codec parts of `Objects/unicodeobject.c`.

pub mod charmap;
pub mod errors;
pub mod escape;
mod names;
pub mod registry;
pub mod single;
pub mod unicode_escape;
pub mod utf16;
pub mod utf32;
pub mod utf7;
pub mod utf8;

use crate::object::args::BufferArg;
use crate::prelude::*;

pub use errors::{Errors, Input};

/// Which end of a 16 or 32 bit unit comes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ByteOrder {
    Little,
    /// By byte-order mark, which encoders write; little without one.
    Native,
    Big,
}

impl ByteOrder {
    /// From C's -1, 0, 1.
    pub fn from_int(order: i32) -> ByteOrder {
        match order {
            ..0 => ByteOrder::Little,
            0 => ByteOrder::Native,
            1.. => ByteOrder::Big,
        }
    }

    pub fn to_int(self) -> i32 {
        match self {
            ByteOrder::Little => -1,
            ByteOrder::Native => 0,
            ByteOrder::Big => 1,
        }
    }
}

/// Codecs that need no registry.
enum Known {
    Utf8,
    Utf16,
    Utf32,
    Latin1,
    Ascii,
}

/// The codec of a name in any of its common spellings.
fn known(encoding: &str) -> Option<Known> {
    match encoding {
        "utf-8" => return Some(Known::Utf8),
        "ascii" => return Some(Known::Ascii),
        "latin-1" => return Some(Known::Latin1),
        _ => {}
    }
    if encoding.len() > 16 {
        return None;
    }
    Some(match registry::normalize(encoding).as_str() {
        "utf_8" | "utf8" => Known::Utf8,
        "utf_16" | "utf16" => Known::Utf16,
        "utf_32" | "utf32" => Known::Utf32,
        "latin_1" | "latin1" | "iso_8859_1" | "iso8859_1" => Known::Latin1,
        "ascii" | "us_ascii" => Known::Ascii,
        _ => return None,
    })
}

/// ValueError for a name with a zero inside.
fn check_name(name: &str) -> PyResult<()> {
    if name.as_bytes().contains(&0) { Err(raise!(ValueError, "embedded null character")) } else { Ok(()) }
}

/// In development mode a wrong name is an error even where it would not be used.
fn check_in_dev_mode(encoding: &str, errors: &str) -> PyResult<()> {
    if !crate::thread::config().dev_mode
        || !crate::thread::interpreter().initialized.load(core::sync::atomic::Ordering::Relaxed)
        || crate::thread::interpreter().is_finalizing()
    {
        return Ok(());
    }
    if known(encoding).is_none() {
        registry::lookup(encoding)?;
    }
    if !matches!(errors, "strict" | "ignore" | "replace" | "surrogateescape" | "surrogatepass") {
        registry::lookup_error(errors)?;
    }
    Ok(())
}

/// `string.encode(encoding, errors)`: the result is exactly what the codec gave, `bytes` or an instance of a subclass.
pub fn encode_to_bytes(string: &Ref<Str>, encoding: &str, errors: &str) -> PyResult<Ref<Bytes>> {
    if encoding == "utf-8" && errors == "strict" {
        return utf8::encode(string, errors);
    }
    check_name(encoding)?;
    check_name(errors)?;
    check_in_dev_mode(encoding, errors)?;
    match known(encoding) {
        Some(Known::Utf8) => return utf8::encode(string, errors),
        Some(Known::Utf16) => return utf16::encode(string, errors, ByteOrder::Native),
        Some(Known::Utf32) => return utf32::encode(string, errors, ByteOrder::Native),
        Some(Known::Latin1) => return single::encode_latin1(string, errors),
        Some(Known::Ascii) => return single::encode_ascii(string, errors),
        None => {}
    }
    let result = registry::encode_text(string.as_borrowed(), encoding, errors)?;
    match result.into_downcast::<Bytes>() {
        Ok(bytes) => Ok(bytes),
        Err(other) if other.is_instance_of::<ByteArray>() => {
            crate::modules::warnings::warn(
                <crate::types::exceptions::RuntimeWarning as PyLayout>::type_object(),
                &format!(
                    "encoder {encoding} returned bytearray instead of bytes; use codecs.encode() to encode to \
                     arbitrary types"
                ),
                1,
            )?;
            Bytes::from_object(other.borrow())
        }
        Err(other) => Err(raise!(
            TypeError,
            "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
            other.type_name()
        )),
    }
}

/// `data.decode(encoding, errors)`.
pub fn decode_bytes(data: &[u8], encoding: &str, errors: &str) -> PyResult<Ref<Str>> {
    decode_with(data, || Ok(Bytes::from_slice(data)?.into_object()), encoding, errors)
}

/// As [`decode_bytes`]; `object` makes what a codec of the registry is given.
fn decode_with(
    data: &[u8],
    object: impl FnOnce() -> PyResult<Ref<Object>>,
    encoding: &str,
    errors: &str,
) -> PyResult<Ref<Str>> {
    if encoding == "utf-8" && errors == "strict" {
        return utf8::decode(data, errors);
    }
    check_name(encoding)?;
    check_name(errors)?;
    check_in_dev_mode(encoding, errors)?;
    match known(encoding) {
        Some(Known::Utf8) => return utf8::decode(data, errors),
        Some(Known::Utf16) => return Ok(utf16::decode(data, errors, ByteOrder::Native, true)?.0),
        Some(Known::Utf32) => return Ok(utf32::decode(data, errors, ByteOrder::Native, true)?.0),
        Some(Known::Latin1) => return Str::from_ucs1(data),
        Some(Known::Ascii) => return single::decode_ascii(data, errors),
        None => {}
    }
    let object = object()?;
    match registry::decode_text(object.borrow(), encoding, errors)?.into_downcast::<Str>() {
        Ok(text) => Ok(text),
        Err(other) => Err(raise!(
            TypeError,
            "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
            other.type_name()
        )),
    }
}

/// `str(object, encoding, errors)` (`PyUnicode_FromEncodedObject`).
pub fn decode_object(object: Borrowed<'_, Object>, encoding: &str, errors: &str) -> PyResult<Ref<Str>> {
    if let Some(bytes) = object.downcast::<Bytes>() {
        if bytes.is_empty() {
            check_in_dev_mode(encoding, errors)?;
            return Ok(Str::empty());
        }
        return decode_with(bytes.as_slice(), || memory_view(object), encoding, errors);
    }
    if object.is_instance_of::<Str>() {
        return Err(raise!(TypeError, "decoding str is not supported"));
    }
    if !crate::types::bytes::input::has_buffer(&object) {
        return Err(raise!(TypeError, "decoding to str: need a bytes-like object, {} found", object.type_name()));
    }
    let buffer = BufferArg::new(object)?;
    if buffer.is_empty() {
        check_in_dev_mode(encoding, errors)?;
        return Ok(Str::empty());
    }
    decode_with(&buffer, || memory_view(object), encoding, errors)
}

/// What a codec of the registry gets: a read-only view, as on CPython.
fn memory_view(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    Ok(MemoryView::from_object(object)?.into_object())
}

/// A file name as text: UTF-8, with bytes that are not as lone surrogates.
pub fn fs_decode(data: &[u8]) -> PyResult<Ref<Str>> {
    utf8::decode(data, "surrogateescape")
}

/// The bytes of a file name.
pub fn fs_encode(string: &Ref<Str>) -> PyResult<Ref<Bytes>> {
    utf8::encode(string, "surrogateescape")
}

/// `data` as UTF-8 (`PyUnicode_DecodeUTF8`).
pub fn decode_utf8(data: &[u8], errors: &str) -> PyResult<Ref<Str>> {
    utf8::decode(data, errors)
}
