//! UTF-32.
//!
//! CPython: `PyUnicode_DecodeUTF32Stateful`, `_PyUnicode_EncodeUTF32`.

use super::ByteOrder;
use super::errors::{Errors, Input, Replacement, encode_error};
use crate::prelude::*;
use crate::types::bytes::BytesBuilder;
use crate::types::str::StrBuilder;

/// The text, the bytes it came from, and the byte order that a mark gave.
pub fn decode(data: &[u8], errors: &str, order: ByteOrder, last: bool) -> PyResult<(Ref<Str>, usize, ByteOrder)> {
    let (mut at, mut order) = (0, order);
    if order == ByteOrder::Native {
        match data {
            [0xff, 0xfe, 0, 0, ..] => (at, order) = (4, ByteOrder::Little),
            [0, 0, 0xfe, 0xff, ..] => (at, order) = (4, ByteOrder::Big),
            _ => {}
        }
    }
    let big = order == ByteOrder::Big;
    let mut errors = Errors::new(errors, if big { "utf-32-be" } else { "utf-32-le" });
    let mut input = Input::new(data);
    let mut out = StrBuilder::with_capacity(data.len() / 4)?;
    loop {
        let bytes = input.bytes();
        let mut failure = None;
        while let Some(&[a, b, c, d]) = bytes.get(at..at + 4) {
            let c = if big { u32::from_be_bytes([a, b, c, d]) } else { u32::from_le_bytes([a, b, c, d]) };
            match c {
                0xd800..0xe000 => {
                    failure = Some((at + 4, "code point in surrogate code point range(0xd800, 0xe000)"));
                    break;
                }
                0..0x11_0000 => out.push(c)?,
                _ => {
                    failure = Some((at + 4, "code point not in range(0x110000)"));
                    break;
                }
            }
            at += 4;
        }
        if failure.is_none() && at < bytes.len() {
            if !last {
                break;
            }
            failure = Some((bytes.len(), "truncated data"));
        }
        let Some((end, reason)) = failure else { break };
        at = errors.decode(&mut input, &mut out, at, end, reason)?;
    }
    Ok((out.finish()?, at, order))
}

/// `string` as UTF-32; `Native` begins with a byte-order mark.
pub fn encode(string: &Ref<Str>, errors: &str, order: ByteOrder) -> PyResult<Ref<Bytes>> {
    let (big, name) = match order {
        ByteOrder::Little => (false, "utf-32-le"),
        ByteOrder::Native => (false, "utf-32"),
        ByteOrder::Big => (true, "utf-32-be"),
    };
    let unit = |c: u32| if big { c.to_be_bytes() } else { c.to_le_bytes() };
    let mut errors = Errors::new(errors, name);
    let mut out = BytesBuilder::with_capacity(string.len().saturating_mul(4).saturating_add(4))?;
    if order == ByteOrder::Native {
        out.push(&unit(0xfeff))?;
    }
    let mut at = 0;
    while at < string.len() {
        let c = string.char_at(at);
        if !(0xd800..0xe000).contains(&c) {
            out.push(&unit(c))?;
            at += 1;
            continue;
        }
        const REASON: &str = "surrogates not allowed";
        let (replacement, next) = errors.encode(string, at, at + 1, REASON)?;
        match replacement {
            Replacement::Bytes(bytes) if bytes.len() % 4 == 0 => out.push(bytes.as_slice())?,
            Replacement::Text(text) if text.is_ascii() => text.chars().try_for_each(|c| out.push(&unit(c)))?,
            _ => return Err(encode_error(string, name, at, at + 1, REASON)),
        }
        at = next;
    }
    out.finish()
}
