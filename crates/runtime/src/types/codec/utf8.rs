//! UTF-8.
//!
//! CPython: `unicode_decode_utf8`, `unicode_encode_utf8`.

use super::errors::{Errors, Input, Replacement, encode_error};
use crate::prelude::*;
use crate::types::bytes::BytesBuilder;
use crate::types::str::{StrBuilder, StrData};

/// All of `data` as text.
#[inline]
pub fn decode(data: &[u8], errors: &str) -> PyResult<Ref<Str>> {
    match core::str::from_utf8(data) {
        Ok(text) => Str::from_utf8_str(text),
        Err(_) => Ok(decode_slow(data, errors, true)?.0),
    }
}

/// The text, and how many bytes it came from.
pub fn decode_stateful(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    match core::str::from_utf8(data) {
        Ok(text) => Ok((Str::from_utf8_str(text)?, data.len())),
        Err(_) => decode_slow(data, errors, last),
    }
}

#[cold]
fn decode_slow(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    let mut errors = Errors::new(errors, "utf-8");
    let mut input = Input::new(data);
    let mut out = StrBuilder::with_capacity(data.len())?;
    let mut at = 0;
    loop {
        let rest = input.bytes().get(at..).unwrap_or_default();
        let error = match core::str::from_utf8(rest) {
            Ok(text) => {
                out.push_str(text)?;
                at += rest.len();
                break;
            }
            Err(error) => error,
        };
        let (good, bad) = rest.split_at(error.valid_up_to());
        // SAFETY: found to be valid just now.
        out.push_str(unsafe { core::str::from_utf8_unchecked(good) })?;
        let start = at + good.len();
        let (end, reason) = match error.error_len() {
            None if !last => {
                at = start;
                break;
            }
            None => (at + rest.len(), "unexpected end of data"),
            // Two bytes of a surrogate, which a handler may want to see whole.
            Some(_) if !last && matches!(bad, [0xed, 0xa0..=0xbf]) => {
                at = start;
                break;
            }
            Some(len) => {
                let starts = matches!(bad.first(), Some(0xc2..=0xf4));
                (start + len, if starts { "invalid continuation byte" } else { "invalid start byte" })
            }
        };
        at = errors.decode(&mut input, &mut out, start, end, reason)?;
    }
    Ok((out.finish()?, at))
}

/// `string` as UTF-8.
pub fn encode(string: &Ref<Str>, errors: &str) -> PyResult<Ref<Bytes>> {
    if let Some(text) = string.as_ascii() {
        return Bytes::from_slice(text.as_bytes());
    }
    if let Some(text) = string.cached_utf8() {
        return Bytes::from_slice(text.as_bytes());
    }
    let mut out = BytesBuilder::with_capacity(string.len().saturating_mul(match string.data() {
        StrData::Ucs1(_) => 2,
        _ => 3,
    }))?;
    let mut errors = Errors::new(errors, "utf-8");
    let mut at = 0;
    while at < string.len() {
        let c = string.char_at(at);
        match char::from_u32(c) {
            Some(c) => {
                let mut buffer = [0; 4];
                out.push(c.encode_utf8(&mut buffer).as_bytes())?;
                at += 1;
            }
            None => at = encode_surrogates(string, at, &mut out, &mut errors)?,
        }
    }
    out.finish()
}

#[cold]
fn encode_surrogates(
    string: &Ref<Str>,
    start: usize,
    out: &mut BytesBuilder,
    errors: &mut Errors<'_>,
) -> PyResult<usize> {
    const REASON: &str = "surrogates not allowed";
    let run = string.data().range(start..string.len()).iter().take_while(|c| (0xd800..0xe000).contains(c)).count();
    let end = start + run;
    let (replacement, next) = errors.encode(string, start, end, REASON)?;
    match replacement {
        Replacement::Bytes(bytes) => out.push(bytes.as_slice())?,
        Replacement::Text(text) => match text.as_ascii() {
            Some(text) => out.push(text.as_bytes())?,
            None => return Err(encode_error(string, "utf-8", start, end, REASON)),
        },
    }
    Ok(next)
}
