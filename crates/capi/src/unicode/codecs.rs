//! Strings from bytes and bytes from strings, one function for each codec.

use core::ffi::c_int;

use taipan_runtime::prelude::*;
use taipan_runtime::types::codec::{
    self, ByteOrder, charmap, registry, single, unicode_escape, utf7, utf8, utf16, utf32,
};

use super::{argument, bad_argument};
use crate::parameters::{CText, Data, Out, handler};

/// The text of a stateful decoder; how many bytes it used goes where C wants it.
fn used(result: PyResult<(Ref<Str>, usize)>, consumed: Out<'_, isize>) -> PyResult<Ref<Str>> {
    let (text, count) = result?;
    consumed.set(count as isize);
    Ok(text)
}

/// What the decoders of two and four bytes share: the byte order comes and goes through a place.
fn ordered(
    decode: fn(&[u8], &str, ByteOrder, bool) -> PyResult<(Ref<Str>, usize, ByteOrder)>,
    data: &[u8],
    errors: Option<CText<'_>>,
    order: Out<'_, c_int>,
    consumed: Out<'_, isize>,
) -> PyResult<Ref<Str>> {
    let wanted = ByteOrder::from_int(order.get().unwrap_or(0));
    let (text, count, found) = decode(data, &handler(errors), wanted, consumed.is_null())?;
    order.set(found.to_int());
    consumed.set(count as isize);
    Ok(text)
}

fn deprecated(message: &str) -> PyResult<()> {
    taipan_runtime::modules::warnings::warn(
        taipan_runtime::types::exceptions::DeprecationWarning::type_object(),
        message,
        1,
    )
}

/// The text form of what a codec of any kind gave, for the old functions that promise a string.
fn as_text(result: Ref<Object>, what: &str, encoding: &str) -> PyResult<Ref<Str>> {
    result.into_downcast::<Str>().map_err(|other| {
        raise!(
            TypeError,
            "'{encoding}' {what}r returned '{}' instead of 'str'; use codecs.{what}() to {what} to arbitrary types",
            other.type_name()
        )
    })
}

fn encoding_or_default<'a>(encoding: Option<CText<'a>>) -> std::borrow::Cow<'a, str> {
    encoding.map_or("utf-8".into(), CText::name)
}

capi! {
    fn PyUnicode_Decode(
        data: Data<'_>, size: isize, encoding: Option<CText<'_>>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Str>> {
        codec::decode_bytes(data.sized(size)?, &encoding_or_default(encoding), &handler(errors))
    }

    fn PyUnicode_AsEncodedString(
        string: Borrowed<'_, Object>, encoding: Option<CText<'_>>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Bytes>> {
        codec::encode_to_bytes(&*argument(string)?, &encoding_or_default(encoding), &handler(errors))
    }

    fn PyUnicode_AsDecodedObject(
        string: Borrowed<'_, Object>, encoding: Option<CText<'_>>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Object>> {
        argument(string)?;
        deprecated("PyUnicode_AsDecodedObject() is deprecated; use PyCodec_Decode() to decode from str")?;
        registry::decode(string, &encoding_or_default(encoding), Some(&handler(errors)))
    }

    fn PyUnicode_AsDecodedUnicode(
        string: Borrowed<'_, Object>, encoding: Option<CText<'_>>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Str>> {
        argument(string)?;
        deprecated("PyUnicode_AsDecodedUnicode() is deprecated; use PyCodec_Decode() to decode from str to str")?;
        let encoding = encoding_or_default(encoding);
        as_text(registry::decode(string, &encoding, Some(&handler(errors)))?, "decode", &encoding)
    }

    fn PyUnicode_AsEncodedObject(
        string: Borrowed<'_, Object>, encoding: Option<CText<'_>>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Object>> {
        argument(string)?;
        deprecated(
            "PyUnicode_AsEncodedObject() is deprecated; use PyUnicode_AsEncodedString() to encode from str to bytes \
             or PyCodec_Encode() for generic encoding",
        )?;
        registry::encode(string, &encoding_or_default(encoding), Some(&handler(errors)))
    }

    fn PyUnicode_AsEncodedUnicode(
        string: Borrowed<'_, Object>, encoding: Option<CText<'_>>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Str>> {
        argument(string)?;
        deprecated("PyUnicode_AsEncodedUnicode() is deprecated; use PyCodec_Encode() to encode from str to str")?;
        let encoding = encoding_or_default(encoding);
        as_text(registry::encode(string, &encoding, Some(&handler(errors)))?, "encode", &encoding)
    }

    fn PyUnicode_DecodeUTF8(data: Data<'_>, size: isize, errors: Option<CText<'_>>) -> PyResult<Ref<Str>> {
        utf8::decode(data.sized(size)?, &handler(errors))
    }

    fn PyUnicode_DecodeUTF8Stateful(
        data: Data<'_>, size: isize, errors: Option<CText<'_>>, consumed: Out<'_, isize>,
    ) -> PyResult<Ref<Str>> {
        used(utf8::decode_stateful(data.sized(size)?, &handler(errors), consumed.is_null()), consumed)
    }

    fn PyUnicode_AsUTF8String(string: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        utf8::encode(&*argument(string)?, "strict")
    }

    fn _PyUnicode_AsUTF8String(string: Borrowed<'_, Object>, errors: Option<CText<'_>>) -> PyResult<Ref<Bytes>> {
        utf8::encode(&*argument(string)?, &handler(errors))
    }

    fn PyUnicode_DecodeUTF7(data: Data<'_>, size: isize, errors: Option<CText<'_>>) -> PyResult<Ref<Str>> {
        Ok(utf7::decode(data.sized(size)?, &handler(errors), true)?.0)
    }

    fn PyUnicode_DecodeUTF7Stateful(
        data: Data<'_>, size: isize, errors: Option<CText<'_>>, consumed: Out<'_, isize>,
    ) -> PyResult<Ref<Str>> {
        used(utf7::decode(data.sized(size)?, &handler(errors), consumed.is_null()), consumed)
    }

    fn PyUnicode_DecodeUTF16(
        data: Data<'_>, size: isize, errors: Option<CText<'_>>, order: Out<'_, c_int>,
    ) -> PyResult<Ref<Str>> {
        ordered(utf16::decode, data.sized(size)?, errors, order, Out::null())
    }

    fn PyUnicode_DecodeUTF16Stateful(
        data: Data<'_>, size: isize, errors: Option<CText<'_>>, order: Out<'_, c_int>, consumed: Out<'_, isize>,
    ) -> PyResult<Ref<Str>> {
        ordered(utf16::decode, data.sized(size)?, errors, order, consumed)
    }

    fn PyUnicode_AsUTF16String(string: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        utf16::encode(&*argument(string)?, "strict", ByteOrder::Native)
    }

    fn _PyUnicode_EncodeUTF16(string: Borrowed<'_, Object>, errors: Option<CText<'_>>, order: c_int) -> PyResult<Ref<Bytes>> {
        utf16::encode(&*argument(string)?, &handler(errors), ByteOrder::from_int(order))
    }

    fn PyUnicode_DecodeUTF32(
        data: Data<'_>, size: isize, errors: Option<CText<'_>>, order: Out<'_, c_int>,
    ) -> PyResult<Ref<Str>> {
        ordered(utf32::decode, data.sized(size)?, errors, order, Out::null())
    }

    fn PyUnicode_DecodeUTF32Stateful(
        data: Data<'_>, size: isize, errors: Option<CText<'_>>, order: Out<'_, c_int>, consumed: Out<'_, isize>,
    ) -> PyResult<Ref<Str>> {
        ordered(utf32::decode, data.sized(size)?, errors, order, consumed)
    }

    fn PyUnicode_AsUTF32String(string: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        utf32::encode(&*argument(string)?, "strict", ByteOrder::Native)
    }

    fn _PyUnicode_EncodeUTF32(string: Borrowed<'_, Object>, errors: Option<CText<'_>>, order: c_int) -> PyResult<Ref<Bytes>> {
        utf32::encode(&*argument(string)?, &handler(errors), ByteOrder::from_int(order))
    }

    fn PyUnicode_DecodeUnicodeEscape(data: Data<'_>, size: isize, errors: Option<CText<'_>>) -> PyResult<Ref<Str>> {
        Ok(unicode_escape::decode(data.sized(size)?, &handler(errors), true)?.0)
    }

    fn PyUnicode_AsUnicodeEscapeString(string: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        unicode_escape::encode(&*argument(string)?)
    }

    fn PyUnicode_DecodeRawUnicodeEscape(data: Data<'_>, size: isize, errors: Option<CText<'_>>) -> PyResult<Ref<Str>> {
        Ok(unicode_escape::decode_raw(data.sized(size)?, &handler(errors), true)?.0)
    }

    fn PyUnicode_AsRawUnicodeEscapeString(string: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        unicode_escape::encode_raw(&*argument(string)?)
    }

    fn PyUnicode_DecodeLatin1(data: Data<'_>, size: isize, _errors: Option<CText<'_>>) -> PyResult<Ref<Str>> {
        Str::from_ucs1(data.sized(size)?)
    }

    fn PyUnicode_AsLatin1String(string: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        single::encode_latin1(&*argument(string)?, "strict")
    }

    fn PyUnicode_DecodeASCII(data: Data<'_>, size: isize, errors: Option<CText<'_>>) -> PyResult<Ref<Str>> {
        single::decode_ascii(data.sized(size)?, &handler(errors))
    }

    fn PyUnicode_AsASCIIString(string: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        single::encode_ascii(&*argument(string)?, "strict")
    }

    fn PyUnicode_DecodeCharmap(
        data: Data<'_>, size: isize, mapping: Option<Borrowed<'_, Object>>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Str>> {
        charmap::decode(data.sized(size)?, &handler(errors), mapping)
    }

    fn PyUnicode_AsCharmapString(string: Borrowed<'_, Object>, mapping: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Bytes>> {
        charmap::encode(&*argument(string)?, "strict", Some(mapping.ok_or_else(bad_argument)?))
    }

    fn PyUnicode_BuildEncodingMap(string: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let string = argument(string)?;
        if string.is_empty() {
            return Err(bad_argument());
        }
        charmap::build(string)
    }
}
