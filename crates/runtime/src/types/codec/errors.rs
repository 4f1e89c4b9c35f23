//! Error handlers: the built-in ones, and calling the registered ones.
//!
//! **Invariant:** a handler may run any Python code and may put another object in place of the input, so decoders fetch
//! their bytes again from [`Input`] after each call.
//! CPython: `PyCodec_StrictErrors` and its kin, `unicode_decode_call_errorhandler_writer`,
//! `unicode_encode_call_errorhandler`.

use core::marker::PhantomData;
use core::slice;

use super::{names, registry};
use crate::abi::PyUnicodeErrorObject;
use crate::object::raise_instance;
use crate::prelude::*;
use crate::types::exceptions::{
    self, UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError, unicode_decode_error, unicode_encode_error,
};
use crate::types::str::StrBuilder;

/// The handlers that codecs know without asking the registry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    Strict,
    Ignore,
    Replace,
    XmlCharRefReplace,
    BackslashReplace,
    NameReplace,
    SurrogatePass,
    SurrogateEscape,
    Other,
}

impl Mode {
    pub fn from_name(name: &str) -> Mode {
        match name {
            "strict" => Mode::Strict,
            "ignore" => Mode::Ignore,
            "replace" => Mode::Replace,
            "xmlcharrefreplace" => Mode::XmlCharRefReplace,
            "backslashreplace" => Mode::BackslashReplace,
            "surrogatepass" => Mode::SurrogatePass,
            "surrogateescape" => Mode::SurrogateEscape,
            _ => Mode::Other,
        }
    }
}

/// What goes in place of what could not be converted.
pub enum Replacement {
    Text(Ref<Str>),
    Bytes(Ref<Bytes>),
}

/// What could not be converted.
#[derive(Clone, Copy)]
pub enum Subject<'a> {
    Encode(&'a Ref<Str>),
    Decode(&'a [u8]),
    Translate(&'a Ref<Str>),
}

/// An error: characters or bytes `start..end` of its subject.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    pub subject: Subject<'a>,
    pub encoding: &'a str,
    pub start: usize,
    pub end: usize,
}

/// The encodings whose surrogates `surrogatepass` knows.
#[derive(Clone, Copy)]
enum Utf {
    Utf8,
    Utf16(bool),
    Utf32(bool),
}

fn utf_of(encoding: &str) -> Option<Utf> {
    Some(match registry::normalize(encoding).as_str() {
        "utf_8" | "utf8" | "cp65001" => Utf::Utf8,
        "utf_16" | "utf16" | "utf_16_le" | "utf_16le" | "utf16_le" | "utf16le" => Utf::Utf16(false),
        "utf_16_be" | "utf_16be" | "utf16_be" | "utf16be" => Utf::Utf16(true),
        "utf_32" | "utf32" | "utf_32_le" | "utf_32le" | "utf32_le" | "utf32le" => Utf::Utf32(false),
        "utf_32_be" | "utf_32be" | "utf32_be" | "utf32be" => Utf::Utf32(true),
        _ => return None,
    })
}

fn is_surrogate(c: u32) -> bool {
    (0xd800..0xe000).contains(&c)
}

impl Site<'_> {
    /// What a built-in handler does: the replacement and where to go on. `None` says that it has no answer, so the error
    /// is raised.
    pub fn handle(&self, mode: Mode) -> PyResult<Option<(Replacement, usize)>> {
        let end = self.end;
        let count = end.saturating_sub(self.start);
        match mode {
            Mode::Strict | Mode::Other => Ok(None),
            Mode::Ignore => Ok(Some((Replacement::Text(Str::empty()), end))),
            Mode::Replace => {
                let mut out = StrBuilder::new();
                match self.subject {
                    Subject::Encode(_) => out.push_fill(u32::from(b'?'), count)?,
                    Subject::Decode(_) => out.push(0xfffd)?,
                    Subject::Translate(_) => out.push_fill(0xfffd, count)?,
                }
                Ok(Some((Replacement::Text(out.finish()?), end)))
            }
            Mode::XmlCharRefReplace => {
                let Subject::Encode(string) = self.subject else { return Ok(None) };
                let mut out = StrBuilder::new();
                for c in string.data().range(self.start..end).iter() {
                    out.push_str(&format!("&#{c};"))?;
                }
                Ok(Some((Replacement::Text(out.finish()?), end)))
            }
            Mode::BackslashReplace => {
                let mut out = StrBuilder::new();
                match self.subject {
                    Subject::Decode(data) => {
                        for byte in &data[self.start..end] {
                            out.push_str(&format!("\\x{byte:02x}"))?;
                        }
                    }
                    Subject::Encode(string) | Subject::Translate(string) => {
                        for c in string.data().range(self.start..end).iter() {
                            push_backslashed(&mut out, c)?;
                        }
                    }
                }
                Ok(Some((Replacement::Text(out.finish()?), end)))
            }
            Mode::NameReplace => {
                let Subject::Encode(string) = self.subject else { return Ok(None) };
                let mut out = StrBuilder::new();
                for c in string.chars().skip(self.start).take(count).gather()? {
                    match names::name_of(c)? {
                        Some(name) => {
                            out.push_str("\\N{")?;
                            out.push_object(&name)?;
                            out.push_str("}")?;
                        }
                        None => push_backslashed(&mut out, c)?,
                    }
                }
                Ok(Some((Replacement::Text(out.finish()?), end)))
            }
            Mode::SurrogatePass => self.pass_surrogates(),
            Mode::SurrogateEscape => self.escape_surrogates(),
        }
    }

    fn pass_surrogates(&self) -> PyResult<Option<(Replacement, usize)>> {
        let Some(utf) = utf_of(self.encoding) else { return Ok(None) };
        match self.subject {
            Subject::Encode(string) => {
                let mut out = Vec::new();
                for c in string.data().range(self.start..self.end).iter() {
                    out.make_room(4)?;
                    if !is_surrogate(c) {
                        return Ok(None);
                    }
                    match utf {
                        Utf::Utf8 => {
                            out.extend_from_slice(&[0xed, 0x80 | (c >> 6 & 0x3f) as u8, 0x80 | (c & 0x3f) as u8])
                        }
                        Utf::Utf16(false) => out.extend_from_slice(&(c as u16).to_le_bytes()),
                        Utf::Utf16(true) => out.extend_from_slice(&(c as u16).to_be_bytes()),
                        Utf::Utf32(false) => out.extend_from_slice(&c.to_le_bytes()),
                        Utf::Utf32(true) => out.extend_from_slice(&c.to_be_bytes()),
                    }
                }
                Ok(Some((Replacement::Bytes(Bytes::from_slice(&out)?), self.end)))
            }
            Subject::Decode(data) => {
                let rest = data.get(self.start..).unwrap_or_default();
                let (c, used) = match (utf, rest) {
                    (Utf::Utf8, [0xed, b @ 0x80..=0xbf, c @ 0x80..=0xbf, ..]) => {
                        (0xd000 | u32::from(b & 0x3f) << 6 | u32::from(c & 0x3f), 3)
                    }
                    (Utf::Utf16(false), &[a, b, ..]) => (u32::from(u16::from_le_bytes([a, b])), 2),
                    (Utf::Utf16(true), &[a, b, ..]) => (u32::from(u16::from_be_bytes([a, b])), 2),
                    (Utf::Utf32(false), &[a, b, c, d, ..]) => (u32::from_le_bytes([a, b, c, d]), 4),
                    (Utf::Utf32(true), &[a, b, c, d, ..]) => (u32::from_be_bytes([a, b, c, d]), 4),
                    _ => return Ok(None),
                };
                if !is_surrogate(c) {
                    return Ok(None);
                }
                Ok(Some((Replacement::Text(Str::from_code_point(c)?), self.start + used)))
            }
            Subject::Translate(_) => Ok(None),
        }
    }

    fn escape_surrogates(&self) -> PyResult<Option<(Replacement, usize)>> {
        match self.subject {
            Subject::Encode(string) => {
                let mut out = Vec::new();
                for c in string.data().range(self.start..self.end).iter() {
                    if !(0xdc80..0xdd00).contains(&c) {
                        return Ok(None);
                    }
                    out.try_push(c as u8)?;
                }
                Ok(Some((Replacement::Bytes(Bytes::from_slice(&out)?), self.end)))
            }
            Subject::Decode(data) => {
                let mut chars = Vec::new();
                for &byte in data[self.start..self.end].iter().take(4) {
                    // ASCII bytes are never escaped.
                    if byte < 128 {
                        break;
                    }
                    chars.push(0xdc00 + u32::from(byte));
                }
                if chars.is_empty() {
                    return Ok(None);
                }
                Ok(Some((Replacement::Text(Str::from_ucs4(&chars)?), self.start + chars.len())))
            }
            Subject::Translate(_) => Ok(None),
        }
    }
}

fn push_backslashed(out: &mut StrBuilder, c: u32) -> PyResult<()> {
    match c {
        0..0x100 => out.push_str(&format!("\\x{c:02x}")),
        0x100..0x1_0000 => out.push_str(&format!("\\u{c:04x}")),
        _ => out.push_str(&format!("\\U{c:08x}")),
    }
}

/// The bytes that a decoder reads.
pub struct Input<'a> {
    data: *const u8,
    len: usize,
    /// The bytes that a handler put in place of the first ones.
    replaced: Option<Ref<Bytes>>,
    alive: PhantomData<&'a [u8]>,
}

impl<'a> Input<'a> {
    pub fn new(data: &'a [u8]) -> Input<'a> {
        Input { data: data.as_ptr(), len: data.len(), replaced: None, alive: PhantomData }
    }

    /// The bytes as they are now; fetched anew after each handler.
    #[inline]
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the caller of the decoder keeps the buffer exported, or `replaced` owns it.
        unsafe { slice::from_raw_parts(self.data, self.len) }
    }

    fn replace(&mut self, bytes: Ref<Bytes>) {
        (self.data, self.len) = (bytes.as_slice().as_ptr(), bytes.len());
        self.replaced = Some(bytes);
    }
}

/// The error handler of one conversion.
pub struct Errors<'a> {
    name: &'a str,
    mode: Mode,
    encoding: &'a str,
    handler: Option<Ref<Object>>,
}

impl<'a> Errors<'a> {
    pub fn new(name: &'a str, encoding: &'a str) -> Errors<'a> {
        Errors { name, mode: Mode::from_name(name), encoding, handler: None }
    }

    pub fn mode(&self) -> Mode {
        self.mode
    }

    pub fn set_encoding(&mut self, encoding: &'a str) {
        self.encoding = encoding;
    }

    fn handler(&mut self) -> PyResult<Ref<Object>> {
        if let Some(handler) = &self.handler {
            return Ok(handler.clone());
        }
        let handler = registry::lookup_error(self.name)?;
        self.handler = Some(handler.clone());
        Ok(handler)
    }

    /// Deals with bytes `start..end` that a decoder cannot read; gives where to go on.
    #[cold]
    pub fn decode(
        &mut self,
        input: &mut Input<'_>,
        out: &mut StrBuilder,
        start: usize,
        end: usize,
        reason: &str,
    ) -> PyResult<usize> {
        if self.mode != Mode::Other {
            let site = Site { subject: Subject::Decode(input.bytes()), encoding: self.encoding, start, end };
            return match site.handle(self.mode)? {
                Some((Replacement::Text(text), next)) => {
                    out.push_object(&text)?;
                    Ok(next)
                }
                _ => Err(decode_error(self.encoding, input.bytes(), start, end, reason)),
            };
        }
        let handler = self.handler()?;
        let exception = unicode_decode_error(self.encoding, input.bytes(), start, end, reason)?;
        let result = handler.call1(exception.borrow())?;
        let bad = || raise!(TypeError, "decoding error handler must return (str, int) tuple");
        let Some(pair) = result.downcast::<Tuple>().filter(|pair| pair.len() == 2) else { return Err(bad()) };
        let Some(text) = pair.get(0).downcast_borrowed::<Str>() else { return Err(bad()) };
        if !pair.get(1).has_index() {
            return Err(bad());
        }
        let position = pair.get(1).as_isize()?;
        if let Some(object) = exception.downcast::<UnicodeDecodeError>() {
            // SAFETY: a live exception of that layout.
            let object: Option<Borrowed<'_, Object>> = unsafe { Borrowed::from_ptr_or_null(object.0.object.get()) };
            match object.and_then(|object| object.downcast_borrowed::<Bytes>()) {
                Some(bytes) => input.replace(bytes.to_owned()),
                None => return Err(raise!(TypeError, "object attribute must be bytes")),
            }
        }
        let next = checked_position(position, input.bytes().len())?;
        out.push_object(&text)?;
        Ok(next)
    }

    /// Deals with characters `start..end` that an encoder cannot write; gives the replacement and where to go on.
    #[cold]
    pub fn encode(
        &mut self,
        string: &Ref<Str>,
        start: usize,
        end: usize,
        reason: &str,
    ) -> PyResult<(Replacement, usize)> {
        match self.mode {
            Mode::Other => {}
            Mode::SurrogateEscape => {
                // Leading escaped bytes are written, and an error is about what follows them.
                let data = string.data().range(start..end);
                let escaped = data.iter().take_while(|c| (0xdc80..0xdd00).contains(c)).count();
                let site =
                    Site { subject: Subject::Encode(string), encoding: self.encoding, start, end: start + escaped };
                if escaped > 0
                    && let Some(result) = site.handle(self.mode)?
                {
                    return Ok(result);
                }
                return Err(encode_error(string, self.encoding, start, end, reason));
            }
            mode => {
                let site = Site { subject: Subject::Encode(string), encoding: self.encoding, start, end };
                return match site.handle(mode)? {
                    Some(result) => Ok(result),
                    None => Err(encode_error(string, self.encoding, start, end, reason)),
                };
            }
        }
        let handler = self.handler()?;
        let exception = unicode_encode_error(self.encoding, string.borrow(), start, end, reason)?;
        let result = handler.call1(exception.borrow())?;
        let bad = || raise!(TypeError, "encoding error handler must return (str/bytes, int) tuple");
        let Some(pair) = result.downcast::<Tuple>().filter(|pair| pair.len() == 2) else { return Err(bad()) };
        let replacement = if let Some(text) = pair.get(0).downcast_borrowed::<Str>() {
            Replacement::Text(text.to_owned())
        } else if let Some(bytes) = pair.get(0).downcast_borrowed::<Bytes>() {
            Replacement::Bytes(bytes.to_owned())
        } else {
            return Err(bad());
        };
        if !pair.get(1).has_index() {
            return Err(bad());
        }
        let position = pair.get(1).as_isize()?;
        Ok((replacement, checked_position(position, string.len())?))
    }
}

/// The position that a handler gave, counted from the end if negative.
fn checked_position(position: isize, len: usize) -> PyResult<usize> {
    let at = if position < 0 { position + len as isize } else { position };
    match usize::try_from(at) {
        Ok(at) if at <= len => Ok(at),
        _ => Err(raise!(IndexError, "position {at} from error handler out of bounds")),
    }
}

/// Raises UnicodeDecodeError.
#[cold]
pub fn decode_error(encoding: &str, data: &[u8], start: usize, end: usize, reason: &str) -> Raised {
    match unicode_decode_error(encoding, data, start, end, reason) {
        Ok(exception) => raise_instance(exception),
        Err(raised) => raised,
    }
}

/// Raises UnicodeEncodeError.
#[cold]
pub fn encode_error(string: &Ref<Str>, encoding: &str, start: usize, end: usize, reason: &str) -> Raised {
    match unicode_encode_error(encoding, string.borrow(), start, end, reason) {
        Ok(exception) => raise_instance(exception),
        Err(raised) => raised,
    }
}

/// A handler of the registry, called from Python with an exception.
pub fn handle_exception(exception: Borrowed<'_, Object>, mode: Mode) -> PyResult<Ref<Object>> {
    let wrong = || raise!(TypeError, "don't know how to handle {} in error callback", exception.type_name());
    let encode = exception.is_instance_of::<UnicodeEncodeError>();
    let decode = exception.is_instance_of::<UnicodeDecodeError>();
    if !encode && !decode && !exception.is_instance_of::<UnicodeTranslateError>() {
        return Err(wrong());
    }
    // SAFETY: an instance of one of the three classes, which share this layout; the fields are read at once.
    let (object, encoding, start, end) = unsafe {
        let error = exception.as_ptr().cast::<PyUnicodeErrorObject>();
        (
            Ref::<Object>::from_borrowed_ptr_or_null((*error).object.get()),
            Ref::<Object>::from_borrowed_ptr_or_null((*error).encoding.get()),
            (*error).start.get(),
            (*error).end.get(),
        )
    };
    let Some(object) = object else { return Err(raise!(TypeError, "object attribute not set")) };
    let encoding = match encoding.as_ref().and_then(|encoding| encoding.downcast::<Str>()) {
        Some(encoding) => encoding.to_display(),
        None => String::new(),
    };
    let (text, bytes) = (object.downcast::<Str>(), object.downcast::<Bytes>());
    let subject = match (&text, &bytes) {
        (Some(text), _) if encode => Subject::Encode(text),
        (Some(text), _) if !decode => Subject::Translate(text),
        (_, Some(bytes)) if decode => Subject::Decode(bytes.as_slice()),
        _ if decode => return Err(raise!(TypeError, "object attribute must be bytes")),
        _ => return Err(raise!(TypeError, "object attribute must be unicode")),
    };
    let supported = match mode {
        Mode::XmlCharRefReplace | Mode::NameReplace => encode,
        Mode::SurrogateEscape | Mode::SurrogatePass => encode || decode,
        _ => true,
    };
    if !supported {
        return Err(wrong());
    }
    let len = match subject {
        Subject::Encode(text) | Subject::Translate(text) => text.len(),
        Subject::Decode(data) => data.len(),
    };
    let (start, end) = exceptions::clipped_range(start, end, len);
    let site = Site { subject, encoding: &encoding, start: start.min(end), end };
    match site.handle(mode)? {
        Some((replacement, next)) => {
            let replacement = match replacement {
                Replacement::Text(text) => text.into_object(),
                Replacement::Bytes(bytes) => bytes.into_object(),
            };
            Ok(Tuple::from_vec(vec![replacement, Int::from_usize(next)?.into_object()])?.into_object())
        }
        None => Err(raise_instance(exception.to_owned())),
    }
}

/// The handlers as Python functions.
pub struct Handlers;

#[pymethods(part = FUNCTIONS)]
impl Handlers {
    #[function(signature = "(exception, /)")]
    fn strict_errors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if exception.is_instance_of::<exceptions::BaseException>() {
            return Err(raise_instance(exception.to_owned()));
        }
        Err(raise!(TypeError, "codec must pass exception instance"))
    }

    #[function(signature = "(exception, /)")]
    fn ignore_errors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::Ignore)
    }

    #[function(signature = "(exception, /)")]
    fn replace_errors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::Replace)
    }

    #[function(signature = "(exception, /)")]
    fn xmlcharrefreplace_errors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::XmlCharRefReplace)
    }

    #[function(signature = "(exception, /)")]
    fn backslashreplace_errors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::BackslashReplace)
    }

    #[function(signature = "(exception, /)")]
    fn namereplace_errors(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::NameReplace)
    }

    #[function(signature = "(exception, /)")]
    fn surrogatepass(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::SurrogatePass)
    }

    #[function(signature = "(exception, /)")]
    fn surrogateescape(exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        handle_exception(exception, Mode::SurrogateEscape)
    }
}
