//! UTF-7 (RFC 2152).
//!
//! CPython: `PyUnicode_DecodeUTF7Stateful`, `_PyUnicode_EncodeUTF7`.

use super::errors::{Errors, Input};
use crate::prelude::*;
use crate::types::bytes::BytesBuilder;
use crate::types::str::StrBuilder;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn from_base64(byte: u8) -> Option<u32> {
    Some(u32::from(match byte {
        b'A'..=b'Z' => byte - b'A',
        b'a'..=b'z' => byte - b'a' + 26,
        b'0'..=b'9' => byte - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    }))
}

/// Stands for itself when read.
fn decodes_directly(byte: u8) -> bool {
    byte < 128 && byte != b'+'
}

/// Stands for itself when written.
fn encodes_directly(c: u32) -> bool {
    match u8::try_from(c) {
        Ok(b'+' | b'\\' | b'~' | 0x7f) => false,
        Ok(byte) => matches!(byte, b'\t' | b'\n' | b'\r' | b' '..=b'~'),
        Err(_) => false,
    }
}

/// A base-64 section that is being read.
struct Section {
    /// Where its `+` stands.
    start: usize,
    /// How many characters had been written before it.
    written: usize,
    bits: u32,
    buffer: u32,
    /// The first half of a pair.
    high: Option<u32>,
}

/// The text, and how many bytes it came from.
pub fn decode(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    let mut errors = Errors::new(errors, "utf7");
    let mut input = Input::new(data);
    let mut out = StrBuilder::with_capacity(data.len())?;
    let mut section: Option<Section> = None;
    let mut at = 0;
    loop {
        while let Some(&byte) = input.bytes().get(at) {
            let failure: (usize, &str);
            if let Some(open) = &mut section {
                if let Some(six) = from_base64(byte) {
                    open.buffer = open.buffer << 6 | six;
                    open.bits += 6;
                    at += 1;
                    if open.bits >= 16 {
                        open.bits -= 16;
                        let unit = open.buffer >> open.bits;
                        open.buffer &= (1 << open.bits) - 1;
                        push_unit(&mut out, &mut open.high, unit)?;
                    }
                    continue;
                }
                let open = section.take().unwrap_or(Section { start: at, written: 0, bits: 0, buffer: 0, high: None });
                if open.bits >= 6 {
                    at += 1;
                    failure = (open.start, "partial character in base64 sequence");
                } else if open.bits > 0 && open.buffer != 0 {
                    at += 1;
                    failure = (open.start, "non-zero padding bits in shift sequence");
                } else {
                    if let Some(high) = open.high
                        && decodes_directly(byte)
                    {
                        out.push(high)?;
                    }
                    if byte == b'-' {
                        at += 1;
                    }
                    continue;
                }
            } else if byte == b'+' {
                let start = at;
                at += 1;
                match input.bytes().get(at) {
                    Some(b'-') => {
                        at += 1;
                        out.push(u32::from(b'+'))?;
                        continue;
                    }
                    Some(&next) if from_base64(next).is_none() => {
                        at += 1;
                        failure = (start, "ill-formed sequence");
                    }
                    _ => {
                        section = Some(Section { start, written: out.len(), bits: 0, buffer: 0, high: None });
                        continue;
                    }
                }
            } else if decodes_directly(byte) {
                at += 1;
                out.push(u32::from(byte))?;
                continue;
            } else {
                failure = (at, "unexpected special character");
                at += 1;
            }
            at = errors.decode(&mut input, &mut out, failure.0, at, failure.1)?;
        }
        let Some(open) = section.take() else { break };
        if !last {
            out.truncate_narrowing(open.written)?;
            at = open.start;
            break;
        }
        if open.high.is_some() || open.bits >= 6 || (open.bits > 0 && open.buffer != 0) {
            let end = input.bytes().len();
            at = errors.decode(&mut input, &mut out, open.start, end, "unterminated shift sequence")?;
            if at < input.bytes().len() {
                continue;
            }
        }
        break;
    }
    Ok((out.finish()?, at))
}

/// Writes a UTF-16 unit, joining pairs.
fn push_unit(out: &mut StrBuilder, high: &mut Option<u32>, unit: u32) -> PyResult<()> {
    if let Some(first) = high.take() {
        if (0xdc00..0xe000).contains(&unit) {
            return out.push(0x1_0000 + ((first - 0xd800) << 10 | (unit - 0xdc00)));
        }
        out.push(first)?;
    }
    if (0xd800..0xdc00).contains(&unit) {
        *high = Some(unit);
        return Ok(());
    }
    out.push(unit)
}

/// `string` as UTF-7; everything can be encoded.
pub fn encode(string: &Ref<Str>) -> PyResult<Ref<Bytes>> {
    let mut out = BytesBuilder::with_capacity(string.len())?;
    let (mut in_section, mut bits, mut buffer) = (false, 0u32, 0u32);
    for c in string.chars() {
        if in_section {
            if encodes_directly(c) {
                if bits > 0 {
                    out.push_byte(ALPHABET[(buffer << (6 - bits) & 63) as usize])?;
                    (bits, buffer) = (0, 0);
                }
                in_section = false;
                // Other characters end the section by themselves.
                if from_base64(c as u8).is_some() || c == u32::from(b'-') {
                    out.push_byte(b'-')?;
                }
                out.push_byte(c as u8)?;
                continue;
            }
        } else if c == u32::from(b'+') {
            out.push(b"+-")?;
            continue;
        } else if encodes_directly(c) {
            out.push_byte(c as u8)?;
            continue;
        } else {
            out.push_byte(b'+')?;
            in_section = true;
        }
        let pair = if c >= 0x1_0000 { [Some(0xd7c0 + (c >> 10)), Some(0xdc00 | c & 0x3ff)] } else { [Some(c), None] };
        for unit in pair.into_iter().flatten() {
            buffer = buffer << 16 | unit;
            bits += 16;
            while bits >= 6 {
                bits -= 6;
                out.push_byte(ALPHABET[(buffer >> bits & 63) as usize])?;
            }
            buffer &= (1 << bits) - 1;
        }
    }
    if bits > 0 {
        out.push_byte(ALPHABET[(buffer << (6 - bits) & 63) as usize])?;
    }
    if in_section {
        out.push_byte(b'-')?;
    }
    out.finish()
}
