//! UTF-8.
//!
//! CPython: `unicode_decode_utf8`, `unicode_encode_utf8`.

use super::errors::{Errors, Input, Replacement, encode_error};
use crate::prelude::*;
use crate::types::bytes::BytesBuilder;
use crate::types::str::{StrBuilder, StrData, transcode};

/// All of `data` as text.
#[inline]
pub fn decode(data: &[u8], errors: &str) -> PyResult<Ref<Str>> {
    if data.is_ascii() {
        return Str::from_ascii(data);
    }
    match transcode::from_utf8(data)? {
        Some(text) => Ok(text),
        None => Ok(decode_slow(data, errors, true)?.0),
    }
}

/// The text, and how many bytes it came from.
pub fn decode_stateful(data: &[u8], errors: &str, last: bool) -> PyResult<(Ref<Str>, usize)> {
    if data.is_ascii() {
        return Ok((Str::from_ascii(data)?, data.len()));
    }
    match transcode::from_utf8(data)? {
        Some(text) => Ok((text, data.len())),
        None => decode_slow(data, errors, last),
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
    if let Some(len) = transcode::utf8_len(string.data())
        && len > 1
    {
        let bytes = Bytes::uninit(len)?;
        // SAFETY: the new object has room for the text, whose length was counted.
        unsafe { transcode::write_utf8(string.data(), bytes.data_mut_ptr(), len) };
        return Ok(bytes);
    }
    let mut out = BytesBuilder::with_capacity(string.len().saturating_mul(match string.data() {
        StrData::Ucs1(_) => 2,
        _ => 3,
    }))?;
    let mut errors = Errors::new(errors, "utf-8");
    let mut at = 0;
    while at < string.len() {
        at = match string.data().range(at..string.len()) {
            StrData::Ucs1(chars) => at + encode_plain(chars, &mut out)?,
            StrData::Ucs2(chars) => at + encode_plain(chars, &mut out)?,
            StrData::Ucs4(chars) => at + encode_plain(chars, &mut out)?,
        };
        if at < string.len() {
            at = encode_surrogates(string, at, &mut out, &mut errors)?;
        }
    }
    out.finish()
}

/// Encodes up to the first surrogate, by way of a buffer; how many characters that are.
fn encode_plain<C: Copy + Into<u32>>(chars: &[C], out: &mut BytesBuilder) -> PyResult<usize> {
    const ROOM: usize = 1024;
    let mut buffer = [0; ROOM + 4];
    let mut used = 0;
    for (index, &c) in chars.iter().enumerate() {
        let c: u32 = c.into();
        if c < 0x80 {
            buffer[used] = c as u8;
            used += 1;
        } else {
            let Some(c) = char::from_u32(c) else {
                out.push(&buffer[..used])?;
                return Ok(index);
            };
            used += c.encode_utf8(&mut buffer[used..]).len();
        }
        if used >= ROOM {
            out.push(&buffer[..used])?;
            used = 0;
        }
    }
    out.push(&buffer[..used])?;
    Ok(chars.len())
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
