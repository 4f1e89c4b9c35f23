//! `codecs.h`: the registry of codecs and of error handlers.

use core::ffi::c_char;
use std::borrow::Cow;

use taipan_runtime::object::raise_instance;
use taipan_runtime::prelude::*;
use taipan_runtime::types::codec::errors::{Mode, handle_exception};
use taipan_runtime::types::codec::registry;
use taipan_runtime::types::exceptions::BaseException;

use crate::parameters::CText;
use crate::unicode::bad_argument;

#[repr(transparent)]
pub struct Text(*const c_char);

// SAFETY: constant.
unsafe impl Sync for Text {}

/// The digits of hexadecimal numbers.
#[unsafe(no_mangle)]
pub static Py_hexdigits: Text = Text(c"0123456789abcdef".as_ptr());

/// The name of an encoding, which must be there.
fn name<'a>(encoding: Option<CText<'a>>) -> PyResult<Cow<'a, str>> {
    encoding.map(CText::name).ok_or_else(bad_argument)
}

/// One of the four functions of a codec.
fn part(encoding: Option<CText<'_>>, index: usize) -> PyResult<Ref<Object>> {
    Ok(registry::lookup(&name(encoding)?)?.get(index).to_owned())
}

/// Calls a factory with the arguments that are given and the error handler, if any.
fn make(
    factory: Ref<Object>,
    stream: Option<Borrowed<'_, Object>>,
    errors: Option<CText<'_>>,
) -> PyResult<Ref<Object>> {
    let errors = errors.map(CText::to_str).transpose()?;
    let arguments: Vec<_> = stream.into_iter().chain(errors.as_ref().map(Ref::as_borrowed)).collect();
    factory.call(&arguments)
}

/// The incremental encoder or decoder of a codec, which must be a `CodecInfo`.
fn incremental(
    encoding: Option<CText<'_>>,
    errors: Option<CText<'_>>,
    attribute: Borrowed<'_, Str>,
) -> PyResult<Ref<Object>> {
    let codec = registry::lookup(&name(encoding)?)?;
    make(codec.as_object().getattr(attribute)?, None, errors)
}

capi! {
    fn PyCodec_Register(function: Borrowed<'_, Object>) -> PyResult<()> { registry::register(function) }
    fn PyCodec_Unregister(function: Borrowed<'_, Object>) -> PyResult<()> { registry::unregister(function) }

    fn PyCodec_KnownEncoding(encoding: Option<CText<'_>>) -> bool {
        match name(encoding).and_then(|name| registry::lookup(&name)) {
            Ok(_) => true,
            Err(raised) => {
                raised.clear();
                false
            }
        }
    }

    fn PyCodec_Encode(object: Option<Borrowed<'_, Object>>, encoding: Option<CText<'_>>, errors: Option<CText<'_>>) -> PyResult<Ref<Object>> {
        registry::encode(object.ok_or_else(bad_argument)?, &name(encoding)?, errors.map(CText::name).as_deref())
    }

    fn PyCodec_Decode(object: Option<Borrowed<'_, Object>>, encoding: Option<CText<'_>>, errors: Option<CText<'_>>) -> PyResult<Ref<Object>> {
        registry::decode(object.ok_or_else(bad_argument)?, &name(encoding)?, errors.map(CText::name).as_deref())
    }

    fn PyCodec_Encoder(encoding: Option<CText<'_>>) -> PyResult<Ref<Object>> { part(encoding, 0) }
    fn PyCodec_Decoder(encoding: Option<CText<'_>>) -> PyResult<Ref<Object>> { part(encoding, 1) }

    fn PyCodec_IncrementalEncoder(encoding: Option<CText<'_>>, errors: Option<CText<'_>>) -> PyResult<Ref<Object>> {
        incremental(encoding, errors, id!("incrementalencoder"))
    }

    fn PyCodec_IncrementalDecoder(encoding: Option<CText<'_>>, errors: Option<CText<'_>>) -> PyResult<Ref<Object>> {
        incremental(encoding, errors, id!("incrementaldecoder"))
    }

    fn PyCodec_StreamReader(
        encoding: Option<CText<'_>>, stream: Borrowed<'_, Object>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Object>> {
        make(part(encoding, 2)?, Some(stream), errors)
    }

    fn PyCodec_StreamWriter(
        encoding: Option<CText<'_>>, stream: Borrowed<'_, Object>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Object>> {
        make(part(encoding, 3)?, Some(stream), errors)
    }

    fn PyCodec_RegisterError(name: CText<'_>, handler: Borrowed<'_, Object>) -> PyResult<()> {
        registry::register_error(&name.name(), handler)
    }

    fn PyCodec_LookupError(name: Option<CText<'_>>) -> PyResult<Ref<Object>> {
        registry::lookup_error(&crate::parameters::handler(name))
    }

    fn PyCodec_StrictErrors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if exception.is_instance_of::<BaseException>() {
            return Err(raise_instance(exception.to_owned()));
        }
        Err(raise!(TypeError, "codec must pass exception instance"))
    }

    fn PyCodec_IgnoreErrors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> { handle_exception(exception, Mode::Ignore) }
    fn PyCodec_ReplaceErrors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> { handle_exception(exception, Mode::Replace) }

    fn PyCodec_XMLCharRefReplaceErrors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::XmlCharRefReplace)
    }

    fn PyCodec_BackslashReplaceErrors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::BackslashReplace)
    }

    fn PyCodec_NameReplaceErrors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::NameReplace)
    }
}
