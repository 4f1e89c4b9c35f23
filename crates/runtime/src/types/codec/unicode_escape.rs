//! The codecs `unicode_escape` and `raw_unicode_escape`.
//!
//! CPython: `_PyUnicode_DecodeUnicodeEscapeInternal2`, `_PyUnicode_DecodeRawUnicodeEscapeStateful` and their encoders.

use super::errors::{Errors, Input};
use super::names;
use crate::prelude::*;
use crate::types::bytes::BytesBuilder;
use crate::types::str::StrBuilder;
use crate::types::str::outside::deprecation_warning;

/// How reading one escape ended. `end` is behind what was looked at.
enum Escape {
    Char(u32),
    /// An escape of nothing: a backslash before a newline.
    Nothing,
    /// Both the backslash and the character stay.
    Unknown(u8),
    /// The bytes end within the escape.
    Incomplete(&'static str),
    Bad(&'static str),
}

/// Reads `count` hexadecimal digits.
fn read_hex(bytes: &[u8], at: &mut usize, count: u32, message: &'static str) -> Escape {
    let mut value = 0u32;
    for _ in 0..count {
        let Some(&byte) = bytes.get(*at) else { return Escape::Incomplete(message) };
        let Some(digit) = (byte as char).to_digit(16) else { return Escape::Bad(message) };
        value = value << 4 | digit;
        *at += 1;
    }
    Escape::Char(value)
}

const TRUNCATED_U: &str = "truncated \\uXXXX escape";
const TRUNCATED_BIG_U: &str = "truncated \\UXXXXXXXX escape";

/// Reads the escape whose backslash stands before `at`.
fn read_escape(bytes: &[u8], at: &mut usize, octal_too_large: &mut Option<u32>) -> PyResult<Escape> {
    let Some(&byte) = bytes.get(*at) else { return Ok(Escape::Incomplete("\\ at end of string")) };
    *at += 1;
    Ok(match byte {
        b'\n' => Escape::Nothing,
        b'\\' | b'\'' | b'"' => Escape::Char(u32::from(byte)),
        b'b' => Escape::Char(8),
        b'f' => Escape::Char(12),
        b't' => Escape::Char(9),
        b'n' => Escape::Char(10),
        b'r' => Escape::Char(13),
        b'v' => Escape::Char(11),
        b'a' => Escape::Char(7),
        b'0'..=b'7' => {
            let mut value = u32::from(byte - b'0');
            for _ in 0..2 {
                let Some(&digit @ b'0'..=b'7') = bytes.get(*at) else { break };
                value = value << 3 | u32::from(digit - b'0');
                *at += 1;
            }
            if value > 0o377 && octal_too_large.is_none() {
                *octal_too_large = Some(value);
            }
            Escape::Char(value)
        }
        b'x' => read_hex(bytes, at, 2, "truncated \\xXX escape"),
        b'u' => read_hex(bytes, at, 4, TRUNCATED_U),
        b'U' => match read_hex(bytes, at, 8, TRUNCATED_BIG_U) {
            Escape::Char(c) if c > 0x10_ffff => Escape::Bad("illegal Unicode character"),
            other => other,
        },
        b'N' => return read_name(bytes, at),
        other => Escape::Unknown(other),
    })
}

/// `{name}` behind `\N`.
fn read_name(bytes: &[u8], at: &mut usize) -> PyResult<Escape> {
    const MALFORMED: &str = "malformed \\N character escape";
    match bytes.get(*at) {
        None => return Ok(Escape::Incomplete(MALFORMED)),
        Some(b'{') => {}
        Some(_) => return Ok(Escape::Bad(MALFORMED)),
    }
    *at += 1;
    let start = *at;
    let Some(len) = bytes.get(start..).and_then(|rest| memchr::memchr(b'}', rest)) else {
        *at = bytes.len();
        return Ok(Escape::Incomplete(MALFORMED));
    };
    *at = start + len;
    if len == 0 {
        return Ok(Escape::Bad(MALFORMED));
    }
    *at += 1;
    match names::character_of(&bytes[start..start + len])? {
        Some(c) => Ok(Escape::Char(c)),
        None => Ok(Escape::Bad("unknown Unicode character name")),
    }
}

/// The text, and how many bytes it came from. Warns of escapes that mean nothing.
pub fn decode(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    let mut errors = Errors::new(errors, "unicodeescape");
    let mut input = Input::new(data);
    let mut out = StrBuilder::with_capacity(data.len())?;
    let (mut unknown, mut octal) = (None, None);
    let mut at = 0;
    while at < input.bytes().len() {
        let rest = &input.bytes()[at..];
        let literal = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        out.push_data(crate::types::str::StrData::Ucs1(&rest[..literal]))?;
        at += literal;
        if literal == rest.len() {
            break;
        }
        let start = at;
        at += 1;
        let message = match read_escape(input.bytes(), &mut at, &mut octal)? {
            Escape::Char(c) => {
                out.push(c)?;
                continue;
            }
            Escape::Nothing => continue,
            Escape::Unknown(byte) => {
                unknown.get_or_insert(byte);
                out.push(u32::from(b'\\'))?;
                out.push(u32::from(byte))?;
                continue;
            }
            Escape::Incomplete(_) if !last => {
                at = start;
                break;
            }
            Escape::Incomplete(message) | Escape::Bad(message) => message,
        };
        at = errors.decode(&mut input, &mut out, start, at, message)?;
    }
    warn_of(unknown, octal, "")?;
    Ok((out.finish()?, at))
}

/// The warnings of escapes that a later version will refuse.
pub(super) fn warn_of(unknown: Option<u8>, octal: Option<u32>, prefix: &str) -> PyResult<()> {
    const END: &str = "Such sequences will not work in the future. ";
    if let Some(octal) = octal {
        deprecation_warning(&format!("{prefix}\"\\{octal:o}\" is an invalid octal escape sequence. {END}"))?;
    } else if let Some(byte) = unknown {
        deprecation_warning(&format!("{prefix}\"\\{}\" is an invalid escape sequence. {END}", byte as char))?;
    }
    Ok(())
}

/// The text, and how many bytes it came from: only `\uXXXX` and `\UXXXXXXXX` are escapes.
pub fn decode_raw(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    let mut errors = Errors::new(errors, "rawunicodeescape");
    let mut input = Input::new(data);
    let mut out = StrBuilder::with_capacity(data.len())?;
    let mut at = 0;
    while let Some(&byte) = input.bytes().get(at) {
        let start = at;
        at += 1;
        if byte != b'\\' || (last && at == input.bytes().len()) {
            out.push(u32::from(byte))?;
            continue;
        }
        let Some(&mark) = input.bytes().get(at) else {
            at = start;
            break;
        };
        at += 1;
        let (count, truncated) = match mark {
            b'u' => (4, TRUNCATED_U),
            b'U' => (8, TRUNCATED_BIG_U),
            other => {
                out.push(u32::from(b'\\'))?;
                out.push(u32::from(other))?;
                continue;
            }
        };
        let message = match read_hex(input.bytes(), &mut at, count, truncated) {
            Escape::Char(c) if c <= 0x10_ffff => {
                out.push(c)?;
                continue;
            }
            Escape::Incomplete(_) if !last => {
                at = start;
                break;
            }
            Escape::Incomplete(message) | Escape::Bad(message) => message,
            _ => "\\Uxxxxxxxx out of range",
        };
        at = errors.decode(&mut input, &mut out, start, at, message)?;
    }
    Ok((out.finish()?, at))
}

/// `\x`, `\u` or `\U` and the digits.
fn push_hex(out: &mut BytesBuilder, c: u32) -> PyResult<()> {
    let text = match c {
        0..0x100 => format!("\\x{c:02x}"),
        0x100..0x1_0000 => format!("\\u{c:04x}"),
        _ => format!("\\U{c:08x}"),
    };
    out.push(text.as_bytes())
}

/// `string` in printable ASCII.
pub fn encode(string: &Ref<Str>) -> PyResult<Ref<Bytes>> {
    let mut out = BytesBuilder::with_capacity(string.len())?;
    for c in string.chars() {
        match c {
            0x5c => out.push(b"\\\\")?,
            0x09 => out.push(b"\\t")?,
            0x0a => out.push(b"\\n")?,
            0x0d => out.push(b"\\r")?,
            0x20..0x7f => out.push_byte(c as u8)?,
            _ => push_hex(&mut out, c)?,
        }
    }
    out.finish()
}

/// `string` as Latin-1, with escapes for what lies beyond.
pub fn encode_raw(string: &Ref<Str>) -> PyResult<Ref<Bytes>> {
    let mut out = BytesBuilder::with_capacity(string.len())?;
    for c in string.chars() {
        match u8::try_from(c) {
            Ok(byte) => out.push_byte(byte)?,
            Err(_) => push_hex(&mut out, c)?,
        }
    }
    out.finish()
}
