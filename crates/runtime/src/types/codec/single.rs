//! Latin-1 and ASCII: encodings whose bytes are the first code points.
//!
//! CPython: `unicode_encode_ucs1`, `PyUnicode_DecodeASCII`.

use super::errors::{Errors, Input, Replacement, encode_error};
use crate::prelude::*;
use crate::types::bytes::BytesBuilder;
use crate::types::str::{StrBuilder, StrData};

pub fn encode_latin1(string: &Ref<Str>, errors: &str) -> PyResult<Ref<Bytes>> {
    if let StrData::Ucs1(data) = string.data() {
        return Bytes::from_slice(data);
    }
    encode(string, errors, "latin-1", 256, "ordinal not in range(256)")
}

pub fn encode_ascii(string: &Ref<Str>, errors: &str) -> PyResult<Ref<Bytes>> {
    if let Some(text) = string.as_ascii() {
        return Bytes::from_slice(text.as_bytes());
    }
    encode(string, errors, "ascii", 128, "ordinal not in range(128)")
}

/// Encodes characters below `limit`.
fn encode(string: &Ref<Str>, errors: &str, name: &str, limit: u32, reason: &str) -> PyResult<Ref<Bytes>> {
    let mut errors = Errors::new(errors, name);
    let mut out = BytesBuilder::with_capacity(string.len())?;
    let mut at = 0;
    while at < string.len() {
        let c = string.char_at(at);
        if c < limit {
            out.push_byte(c as u8)?;
            at += 1;
            continue;
        }
        let run = string.data().range(at..string.len()).iter().take_while(|&c| c >= limit).count();
        let end = at + run;
        let (replacement, next) = errors.encode(string, at, end, reason)?;
        match replacement {
            Replacement::Bytes(bytes) => out.push(bytes.as_slice())?,
            Replacement::Text(text) => {
                if text.chars().any(|c| c >= limit) {
                    return Err(encode_error(string, name, at, end, reason));
                }
                text.chars().try_for_each(|c| out.push_byte(c as u8))?;
            }
        }
        at = next;
    }
    out.finish()
}

pub fn decode_ascii(data: &[u8], errors: &str) -> PyResult<Ref<Str>> {
    if data.is_ascii() {
        return Str::from_ascii(data);
    }
    let mut errors = Errors::new(errors, "ascii");
    let mut input = Input::new(data);
    let mut out = StrBuilder::with_capacity(data.len())?;
    let mut at = 0;
    loop {
        let rest = input.bytes().get(at..).unwrap_or_default();
        let good = rest.iter().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        out.push_ascii(&rest[..good])?;
        at += good;
        if good == rest.len() {
            return out.finish();
        }
        at = errors.decode(&mut input, &mut out, at, at + 1, "ordinal not in range(128)")?;
    }
}
