//! The module `_codecs`: the registry and the built-in codecs as functions. Each codec gives a pair: the result, and
//! how much of the input it used.
//!
//! CPython: `Modules/_codecsmodule.c`.

use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::codec::{ByteOrder, charmap, escape, registry, single, unicode_escape, utf7, utf8, utf16, utf32};

pub struct Codecs;

type Pair = PyResult<Ref<Tuple>>;

/// `(object, used)`.
fn pair<T>(object: Ref<T>, used: usize) -> Pair {
    Tuple::from_vec(vec![object.into_object(), Int::from_usize(used)?.into_object()])
}

/// What an encoder gave for the whole of `string`.
fn encoded(string: Borrowed<'_, Str>, bytes: Ref<Bytes>) -> Pair {
    pair(bytes, string.len())
}

fn decoded<O>(result: PyResult<(Ref<Str>, usize, O)>) -> Pair {
    let (text, used, _) = result?;
    pair(text, used)
}

/// The name of an error handler; `None` means strict.
type ErrorName<'a> = Option<Nullable<&'a str>>;

fn name<'a>(errors: &ErrorName<'a>) -> &'a str {
    errors.as_ref().and_then(|errors| errors.0).unwrap_or("strict")
}

/// A decoder's argument that may also be a `str`, which counts as its UTF-8 form (`s*`).
fn with_text_or_bytes<R>(data: Borrowed<'_, Object>, body: impl FnOnce(&[u8]) -> PyResult<R>) -> PyResult<R> {
    if let Some(text) = data.downcast::<Str>() {
        return body(text.as_utf8()?.as_bytes());
    }
    let buffer = BufferArg::new(data)?;
    body(&buffer)
}

#[pymodule(name = "_codecs", extend = [Codecs::UTF, Codecs::OTHER])]
impl Codecs {
    #[function(signature = "(search_function, /)")]
    fn register(search_function: Borrowed<'_, Object>) -> PyResult<()> {
        registry::register(search_function)
    }

    #[function(signature = "(search_function, /)")]
    fn unregister(search_function: Borrowed<'_, Object>) -> PyResult<()> {
        registry::unregister(search_function)
    }

    #[function(signature = "(encoding, /)")]
    fn lookup(encoding: &str) -> PyResult<Ref<Tuple>> {
        registry::lookup(encoding)
    }

    #[function(signature = "(obj, encoding='utf-8', errors='strict')")]
    fn encode(obj: Borrowed<'_, Object>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Ref<Object>> {
        registry::encode(obj, encoding.unwrap_or("utf-8"), errors)
    }

    #[function(signature = "(obj, encoding='utf-8', errors='strict')")]
    fn decode(obj: Borrowed<'_, Object>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Ref<Object>> {
        registry::decode(obj, encoding.unwrap_or("utf-8"), errors)
    }

    #[function(signature = "(errors, handler, /)")]
    fn register_error(errors: &str, handler: Borrowed<'_, Object>) -> PyResult<()> {
        registry::register_error(errors, handler)
    }

    #[function(signature = "(errors, /)")]
    fn _unregister_error(errors: &str) -> PyResult<bool> {
        registry::unregister_error(errors)
    }

    #[function(signature = "(name, /)")]
    fn lookup_error(name: &str) -> PyResult<Ref<Object>> {
        registry::lookup_error(name)
    }
}

#[pymethods(part = UTF)]
impl Codecs {
    #[function(signature = "(str, errors=None, /)")]
    fn utf_8_encode(str: Borrowed<'_, Str>, errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, utf8::encode(&str, name(&errors))?)
    }

    #[function(signature = "(data, errors=None, final=False, /)")]
    fn utf_8_decode(data: BufferArg<'_>, errors: Option<Nullable<&str>>, last: bool) -> PyResult<Ref<Tuple>> {
        let (text, used) = utf8::decode_stateful(&data, name(&errors), last)?;
        pair(text, used)
    }

    #[function(signature = "(str, errors=None, /)")]
    fn utf_7_encode(str: Borrowed<'_, Str>, _errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, utf7::encode(&str)?)
    }

    #[function(signature = "(data, errors=None, final=False, /)")]
    fn utf_7_decode(data: BufferArg<'_>, errors: Option<Nullable<&str>>, last: bool) -> PyResult<Ref<Tuple>> {
        let (text, used) = utf7::decode(&data, name(&errors), last)?;
        pair(text, used)
    }

    #[function(signature = "(str, errors=None, byteorder=0, /)")]
    fn utf_16_encode(str: Borrowed<'_, Str>, errors: Option<Nullable<&str>>, byteorder: i32) -> PyResult<Ref<Tuple>> {
        encoded(str, utf16::encode(&str, name(&errors), ByteOrder::from_int(byteorder))?)
    }

    #[function(signature = "(str, errors=None, /)")]
    fn utf_16_le_encode(str: Borrowed<'_, Str>, errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, utf16::encode(&str, name(&errors), ByteOrder::Little)?)
    }

    #[function(signature = "(str, errors=None, /)")]
    fn utf_16_be_encode(str: Borrowed<'_, Str>, errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, utf16::encode(&str, name(&errors), ByteOrder::Big)?)
    }

    #[function(signature = "(data, errors=None, final=False, /)")]
    fn utf_16_decode(data: BufferArg<'_>, errors: Option<Nullable<&str>>, last: bool) -> PyResult<Ref<Tuple>> {
        decoded(utf16::decode(&data, name(&errors), ByteOrder::Native, last))
    }

    #[function(signature = "(data, errors=None, final=False, /)")]
    fn utf_16_le_decode(data: BufferArg<'_>, errors: Option<Nullable<&str>>, last: bool) -> PyResult<Ref<Tuple>> {
        decoded(utf16::decode(&data, name(&errors), ByteOrder::Little, last))
    }

    #[function(signature = "(data, errors=None, final=False, /)")]
    fn utf_16_be_decode(data: BufferArg<'_>, errors: Option<Nullable<&str>>, last: bool) -> PyResult<Ref<Tuple>> {
        decoded(utf16::decode(&data, name(&errors), ByteOrder::Big, last))
    }

    #[function(signature = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_16_ex_decode(
        data: BufferArg<'_>,
        errors: Option<Nullable<&str>>,
        byteorder: i32,
        last: bool,
    ) -> PyResult<Ref<Tuple>> {
        let (text, used, order) = utf16::decode(&data, name(&errors), ByteOrder::from_int(byteorder), last)?;
        Tuple::from_vec(vec![
            text.into_object(),
            Int::from_usize(used)?.into_object(),
            Int::from_i64(i64::from(order.to_int()))?.into_object(),
        ])
    }

    #[function(signature = "(str, errors=None, byteorder=0, /)")]
    fn utf_32_encode(str: Borrowed<'_, Str>, errors: Option<Nullable<&str>>, byteorder: i32) -> PyResult<Ref<Tuple>> {
        encoded(str, utf32::encode(&str, name(&errors), ByteOrder::from_int(byteorder))?)
    }

    #[function(signature = "(str, errors=None, /)")]
    fn utf_32_le_encode(str: Borrowed<'_, Str>, errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, utf32::encode(&str, name(&errors), ByteOrder::Little)?)
    }

    #[function(signature = "(str, errors=None, /)")]
    fn utf_32_be_encode(str: Borrowed<'_, Str>, errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, utf32::encode(&str, name(&errors), ByteOrder::Big)?)
    }

    #[function(signature = "(data, errors=None, final=False, /)")]
    fn utf_32_decode(data: BufferArg<'_>, errors: Option<Nullable<&str>>, last: bool) -> PyResult<Ref<Tuple>> {
        decoded(utf32::decode(&data, name(&errors), ByteOrder::Native, last))
    }

    #[function(signature = "(data, errors=None, final=False, /)")]
    fn utf_32_le_decode(data: BufferArg<'_>, errors: Option<Nullable<&str>>, last: bool) -> PyResult<Ref<Tuple>> {
        decoded(utf32::decode(&data, name(&errors), ByteOrder::Little, last))
    }

    #[function(signature = "(data, errors=None, final=False, /)")]
    fn utf_32_be_decode(data: BufferArg<'_>, errors: Option<Nullable<&str>>, last: bool) -> PyResult<Ref<Tuple>> {
        decoded(utf32::decode(&data, name(&errors), ByteOrder::Big, last))
    }

    #[function(signature = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_32_ex_decode(
        data: BufferArg<'_>,
        errors: Option<Nullable<&str>>,
        byteorder: i32,
        last: bool,
    ) -> PyResult<Ref<Tuple>> {
        let (text, used, order) = utf32::decode(&data, name(&errors), ByteOrder::from_int(byteorder), last)?;
        Tuple::from_vec(vec![
            text.into_object(),
            Int::from_usize(used)?.into_object(),
            Int::from_i64(i64::from(order.to_int()))?.into_object(),
        ])
    }
}

#[pymethods(part = OTHER)]
impl Codecs {
    #[function(signature = "(data, errors=None, /)")]
    fn escape_encode(data: Borrowed<'_, Bytes>, _errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        pair(escape::encode(data.as_slice())?, data.len())
    }

    #[function(signature = "(data, errors=None, /)")]
    fn escape_decode(data: Borrowed<'_, Object>, errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        with_text_or_bytes(data, |data| pair(escape::decode(data, name(&errors))?, data.len()))
    }

    #[function(signature = "(str, errors=None, /)")]
    fn unicode_escape_encode(str: Borrowed<'_, Str>, _errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, unicode_escape::encode(&str)?)
    }

    #[function(signature = "(data, errors=None, final=True, /)")]
    fn unicode_escape_decode(
        data: Borrowed<'_, Object>,
        errors: Option<Nullable<&str>>,
        last: bool,
    ) -> PyResult<Ref<Tuple>> {
        with_text_or_bytes(data, |data| {
            let (text, used) = unicode_escape::decode(data, name(&errors), last)?;
            pair(text, used)
        })
    }

    #[function(signature = "(str, errors=None, /)")]
    fn raw_unicode_escape_encode(str: Borrowed<'_, Str>, _errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, unicode_escape::encode_raw(&str)?)
    }

    #[function(signature = "(data, errors=None, final=True, /)")]
    fn raw_unicode_escape_decode(
        data: Borrowed<'_, Object>,
        errors: Option<Nullable<&str>>,
        last: bool,
    ) -> PyResult<Ref<Tuple>> {
        with_text_or_bytes(data, |data| {
            let (text, used) = unicode_escape::decode_raw(data, name(&errors), last)?;
            pair(text, used)
        })
    }

    #[function(signature = "(str, errors=None, /)")]
    fn latin_1_encode(str: Borrowed<'_, Str>, errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, single::encode_latin1(&str, name(&errors))?)
    }

    #[function(signature = "(data, errors=None, /)")]
    fn latin_1_decode(data: BufferArg<'_>, _errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        pair(Str::from_ucs1(&data)?, data.len())
    }

    #[function(signature = "(str, errors=None, /)")]
    fn ascii_encode(str: Borrowed<'_, Str>, errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        encoded(str, single::encode_ascii(&str, name(&errors))?)
    }

    #[function(signature = "(data, errors=None, /)")]
    fn ascii_decode(data: BufferArg<'_>, errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        pair(single::decode_ascii(&data, name(&errors))?, data.len())
    }

    #[function(signature = "(str, errors=None, mapping=None, /)")]
    fn charmap_encode(
        str: Borrowed<'_, Str>,
        errors: Option<Nullable<&str>>,
        mapping: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Tuple>> {
        encoded(str, charmap::encode(&str, name(&errors), mapping)?)
    }

    #[function(signature = "(data, errors=None, mapping=None, /)")]
    fn charmap_decode(
        data: BufferArg<'_>,
        errors: Option<Nullable<&str>>,
        mapping: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Tuple>> {
        pair(charmap::decode(&data, name(&errors), mapping)?, data.len())
    }

    #[function(signature = "(map, /)")]
    fn charmap_build(map: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        charmap::build(map)
    }

    #[function(signature = "(data, errors=None, /)")]
    fn readbuffer_encode(data: Borrowed<'_, Object>, _errors: Option<Nullable<&str>>) -> PyResult<Ref<Tuple>> {
        with_text_or_bytes(data, |data| pair(Bytes::from_slice(data)?, data.len()))
    }
}
