//! UTF-16.
//!
//! CPython: `PyUnicode_DecodeUTF16Stateful`, `_PyUnicode_EncodeUTF16`.

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
            [0xff, 0xfe, ..] => (at, order) = (2, ByteOrder::Little),
            [0xfe, 0xff, ..] => (at, order) = (2, ByteOrder::Big),
            _ => {}
        }
    }
    let big = order == ByteOrder::Big;
    let mut errors = Errors::new(errors, if big { "utf-16-be" } else { "utf-16-le" });
    let mut input = Input::new(data);
    let mut out = StrBuilder::with_capacity(data.len() / 2)?;
    loop {
        let bytes = input.bytes();
        let unit = |at: usize| -> Option<u32> {
            let pair = [*bytes.get(at)?, *bytes.get(at + 1)?];
            Some(u32::from(if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }))
        };
        let mut failure = None;
        while let Some(c) = unit(at) {
            match c {
                0xd800..0xdc00 => match unit(at + 2) {
                    Some(low @ 0xdc00..0xe000) => {
                        out.push(0x1_0000 + ((c - 0xd800) << 10 | (low - 0xdc00)))?;
                        at += 4;
                    }
                    Some(_) => {
                        failure = Some((at + 2, "illegal UTF-16 surrogate"));
                        break;
                    }
                    None => {
                        failure = Some((bytes.len(), "unexpected end of data"));
                        break;
                    }
                },
                0xdc00..0xe000 => {
                    failure = Some((at + 2, "illegal encoding"));
                    break;
                }
                _ => {
                    out.push(c)?;
                    at += 2;
                }
            }
        }
        if failure.is_none() && at < bytes.len() {
            failure = Some((bytes.len(), "truncated data"));
        }
        let Some((end, reason)) = failure else { break };
        if !last && (reason == "truncated data" || reason == "unexpected end of data") {
            break;
        }
        at = errors.decode(&mut input, &mut out, at, end, reason)?;
    }
    Ok((out.finish()?, at, order))
}

/// `string` as UTF-16; `Native` begins with a byte-order mark.
pub fn encode(string: &Ref<Str>, errors: &str, order: ByteOrder) -> PyResult<Ref<Bytes>> {
    let (big, name) = match order {
        ByteOrder::Little => (false, "utf-16-le"),
        ByteOrder::Native => (false, "utf-16"),
        ByteOrder::Big => (true, "utf-16-be"),
    };
    let unit = |c: u32| if big { (c as u16).to_be_bytes() } else { (c as u16).to_le_bytes() };
    let mut errors = Errors::new(errors, name);
    let mut out = BytesBuilder::with_capacity(string.len().saturating_mul(2).saturating_add(2))?;
    if order == ByteOrder::Native {
        out.push(&unit(0xfeff))?;
    }
    let mut at = 0;
    while at < string.len() {
        match string.char_at(at) {
            0xd800..0xe000 => {
                const REASON: &str = "surrogates not allowed";
                let (replacement, next) = errors.encode(string, at, at + 1, REASON)?;
                match replacement {
                    Replacement::Bytes(bytes) if bytes.len() % 2 == 0 => out.push(bytes.as_slice())?,
                    Replacement::Text(text) if text.is_ascii() => {
                        text.chars().try_for_each(|c| out.push(&unit(c)))?;
                    }
                    _ => return Err(encode_error(string, name, at, at + 1, REASON)),
                }
                at = next;
            }
            c => {
                if c >= 0x1_0000 {
                    out.push(&unit(0xd7c0 + (c >> 10)))?;
                    out.push(&unit(0xdc00 | c & 0x3ff))?;
                } else {
                    out.push(&unit(c))?;
                }
                at += 1;
            }
        }
    }
    out.finish()
}
