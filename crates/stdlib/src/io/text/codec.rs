//! The codec of a text stream: UTF-8, ASCII and Latin-1 natively, all others through the codec registry.

use taipan_runtime::modules::warnings;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::thread;
use taipan_runtime::types::codec::{registry, single, utf8};
use taipan_runtime::types::exceptions::EncodingWarning;

use super::super::newline::{decoder_state, expect_text};
use super::TextIoWrapper;
use taipan_runtime::prelude::*;

/// Zero is "not known here".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Codec {
    Registry = 0,
    Utf8 = 1,
    Ascii = 2,
    Latin1 = 3,
}

impl Codec {
    fn of(encoding: &str) -> Codec {
        if encoding.len() > 16 {
            return Codec::Registry;
        }
        match registry::normalize(encoding).as_str() {
            "utf_8" | "utf8" => Codec::Utf8,
            "ascii" | "us_ascii" => Codec::Ascii,
            "latin_1" | "latin1" | "iso_8859_1" | "iso8859_1" => Codec::Latin1,
            _ => Codec::Registry,
        }
    }
}

/// An incomplete UTF-8 sequence between two inputs.
#[derive(Clone, Copy, Default)]
pub struct Tail {
    bytes: [u8; 4],
    len: u8,
}

impl Tail {
    pub fn new(data: &[u8]) -> Option<Tail> {
        let mut tail = Tail { bytes: [0; 4], len: data.len().try_into().ok().filter(|&len| len <= 4)? };
        tail.bytes[..data.len()].copy_from_slice(data);
        Some(tail)
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len.min(4))]
    }
}

/// The encoding of the locale.
pub fn locale_encoding() -> PyResult<Ref<Str>> {
    if thread::config().utf8_mode {
        return Str::from_utf8_str("utf-8");
    }
    // SAFETY: the answer is a string of the C library that is copied at once.
    let name = unsafe {
        let name = libc::nl_langinfo(libc::CODESET);
        if name.is_null() { "".into() } else { CStr::from_ptr(name).to_string_lossy() }
    };
    Str::from_utf8_str(if name.is_empty() { "utf-8" } else { &name })
}

/// The encoding for an argument that may be missing or `"locale"`.
pub fn resolve_encoding(encoding: Option<Borrowed<'_, Str>>) -> PyResult<Ref<Str>> {
    match encoding {
        None => {
            if thread::config().warn_default_encoding {
                warnings::warn(EncodingWarning::type_object(), "'encoding' argument not specified", 1)?;
            }
            locale_encoding()
        }
        Some(encoding) if encoding.eq_str("locale") => locale_encoding(),
        Some(encoding) => Ok(encoding.to_owned()),
    }
}

/// The codec's entry in the registry; LookupError for codecs that are not about text.
fn lookup(encoding: &str) -> PyResult<Ref<Tuple>> {
    let codec = registry::lookup(encoding)?;
    if !codec.is_exact::<Tuple>()
        && let Some(is_text) = codec.as_object().lookup_attr(id!("_is_text_encoding"))?
        && !is_text.is_true()?
    {
        return Err(raise!(LookupError, "'{encoding}' is not a text encoding"));
    }
    Ok(codec)
}

impl TextIoWrapper {
    /// Chooses the codec, and makes its decoder and encoder as far as the buffer can be read and written.
    pub(super) fn set_codec(this: &Ref<TextIoWrapper>, encoding: &Ref<Str>, errors: &Ref<Str>) -> PyResult<()> {
        let buffer = this.buffer_object()?;
        let name = encoding.as_utf8()?;
        let codec = Codec::of(name);
        let info = if codec == Codec::Registry { Some(lookup(name)?) } else { None };
        let readable = buffer.call_method(id!("readable"), &[])?.is_true()?;
        let mut decoder = None;
        if readable && let Some(info) = &info {
            let make = info.as_object().getattr(id!("incrementaldecoder"))?;
            decoder = Some(make.call1(errors.as_borrowed())?);
        }
        let writable = buffer.call_method(id!("writable"), &[])?.is_true()?;
        let mut encoder = None;
        if writable && let Some(info) = &info {
            let make = info.as_object().getattr(id!("incrementalencoder"))?;
            encoder = Some(make.call1(errors.as_borrowed())?);
        }
        this.codec.set(codec);
        this.readable.set(readable);
        this.writable.set(writable);
        this.decoder.set(decoder);
        this.encoder.set(encoder);
        this.tail.set(Tail::default());
        this.newlines.reset();
        this.encoding.set(Some(encoding.clone()));
        this.errors.set(Some(errors.clone()));
        Ok(())
    }

    /// Tells an encoder that writes something at the start of a stream whether it stands there.
    pub(super) fn fix_encoder(this: &Ref<TextIoWrapper>) -> PyResult<()> {
        // Native codecs write nothing there; a buffer of the program's is asked all the same, as it may refuse.
        if !this.seekable.get() || !this.writable.get() || (this.native.get() && !this.encoder.is_some()) {
            return Ok(());
        }
        let position = this.buffer_object()?.call_method(id!("tell"), &[])?;
        if position.equals(Int::zero().as_borrowed())? { Ok(()) } else { TextIoWrapper::reset_encoder(this, false) }
    }

    pub(super) fn reset_encoder(this: &Ref<TextIoWrapper>, at_start: bool) -> PyResult<()> {
        let Some(encoder) = this.encoder.get() else { return Ok(()) };
        if at_start {
            encoder.call_method(id!("reset"), &[])?;
        } else {
            encoder.call_method(id!("setstate"), &[Int::zero().as_borrowed()])?;
        }
        Ok(())
    }

    /// Appends the text's bytes to those that wait.
    pub(super) fn encode(this: &Ref<TextIoWrapper>, text: &Ref<Str>) -> PyResult<()> {
        if this.codec.get() != Codec::Registry
            && let Some(ascii) = text.as_ascii()
        {
            return this.push_pending(ascii.as_bytes());
        }
        let errors = this.errors_text()?;
        let bytes = match this.codec.get() {
            Codec::Utf8 => utf8::encode(text, errors.as_utf8()?)?,
            Codec::Ascii => single::encode_ascii(text, errors.as_utf8()?)?,
            Codec::Latin1 => single::encode_latin1(text, errors.as_utf8()?)?,
            Codec::Registry => {
                let Some(encoder) = this.encoder.get() else { return Err(super::super::unsupported("not writable")) };
                let encoded = encoder.call_method(id!("encode"), &[text.as_borrowed()])?;
                encoded.into_downcast::<Bytes>().map_err(|other| {
                    raise!(TypeError, "encoder should return a bytes object, not '{}'", other.type_name())
                })?
            }
        };
        this.push_pending(bytes.as_slice())
    }

    pub(super) fn errors_text(&self) -> PyResult<Ref<Str>> {
        match self.errors.get() {
            Some(errors) => Ok(errors),
            None => Str::from_utf8_str("strict"),
        }
    }

    /// Text from what was read, its line ends translated as the stream wants.
    pub(super) fn decode(this: &Ref<TextIoWrapper>, input: &Ref<Object>, last: bool) -> PyResult<Ref<Str>> {
        let text = match this.codec.get() {
            Codec::Registry => {
                let Some(decoder) = this.decoder.get() else { return Err(super::super::unsupported("not readable")) };
                let last = Bool::from(last);
                expect_text(decoder.call_method(id!("decode"), &[input.borrow(), last.as_borrowed()])?)?
            }
            codec => {
                // An error handler may run while the bytes are in use: the export keeps them.
                let data = BufferArg::new(input.borrow())?;
                this.decode_native(codec, &data, last)?
            }
        };
        if this.line_end.get().is_universal() { this.newlines.decode(text, last) } else { Ok(text) }
    }

    fn decode_native(&self, codec: Codec, data: &[u8], last: bool) -> PyResult<Ref<Str>> {
        match codec {
            Codec::Latin1 => return Str::from_ucs1(data),
            Codec::Ascii if data.is_ascii() => return Str::from_ascii(data),
            Codec::Ascii => return single::decode_ascii(data, self.errors_text()?.as_utf8()?),
            _ => {}
        }
        let errors = self.errors_text()?;
        let tail = self.tail.take();
        let joined: Vec<u8>;
        let data = if tail.as_slice().is_empty() {
            data
        } else {
            let mut both = vec_with_capacity(tail.as_slice().len() + data.len())?;
            both.extend_from_slice(tail.as_slice());
            both.extend_from_slice(data);
            joined = both;
            &joined
        };
        let decoded = utf8::decode_stateful(data, errors.as_utf8()?, last);
        let (text, used) = match decoded {
            Ok(decoded) => decoded,
            Err(raised) => {
                // As the incremental decoder has it, the input before the error is not forgotten.
                self.tail.set(tail);
                return Err(raised);
            }
        };
        if let Some(tail) = Tail::new(data.get(used..).unwrap_or_default()) {
            self.tail.set(tail);
        }
        Ok(text)
    }

    /// The decoder's state: input that it holds back, and its flags.
    pub(super) fn decoder_getstate(this: &Ref<TextIoWrapper>) -> PyResult<(Ref<Bytes>, u64)> {
        let (buffer, flags) = match this.decoder.get() {
            Some(decoder) => {
                let (buffer, flags) = decoder_state(&decoder)?;
                let buffer = buffer.into_downcast::<Bytes>().map_err(|other| {
                    raise!(
                        TypeError,
                        "illegal decoder state: the first item should be a bytes object, not '{}'",
                        other.type_name()
                    )
                })?;
                (buffer, flags)
            }
            None => (Bytes::from_slice(this.tail.get().as_slice())?, 0),
        };
        if !this.line_end.get().is_universal() {
            return Ok((buffer, flags));
        }
        Ok((buffer, flags << 1 | u64::from(this.newlines.pending_cr.get())))
    }

    pub(super) fn decoder_setstate(this: &Ref<TextIoWrapper>, held: &Ref<Bytes>, flags: u64) -> PyResult<()> {
        let mut inner = flags;
        if this.line_end.get().is_universal() {
            this.newlines.pending_cr.set(flags & 1 != 0);
            inner = flags >> 1;
        }
        match this.decoder.get() {
            Some(decoder) => {
                let state = Tuple::pack([held.clone().into_object(), Int::from_u64(inner)?.into_object()])?;
                decoder.call_method(id!("setstate"), &[state.as_borrowed()])?;
            }
            None => this.tail.set(Tail::new(held.as_slice()).unwrap_or_default()),
        }
        Ok(())
    }

    pub(super) fn decoder_reset(this: &Ref<TextIoWrapper>) -> PyResult<()> {
        if !this.readable.get() {
            return Ok(());
        }
        this.newlines.reset();
        this.tail.set(Tail::default());
        if let Some(decoder) = this.decoder.get() {
            decoder.call_method(id!("reset"), &[])?;
        }
        Ok(())
    }
}
