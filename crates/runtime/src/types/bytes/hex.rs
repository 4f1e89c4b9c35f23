//! `hex` and `fromhex`.
//!
//! CPython: `Python/pystrhex.c`, `_PyBytes_FromHex`.

use super::{Bytes, BytesBuilder};
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::str::{StrData, Width};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The separator argument of `hex`.
fn separator(sep: Borrowed<'_, Object>) -> PyResult<u8> {
    if sep.len()? != 1 {
        return Err(raise!(ValueError, "sep must be length 1."));
    }
    let c = if let Some(text) = sep.downcast::<Str>() {
        text.char_at(0)
    } else if let Some(bytes) = sep.downcast::<Bytes>() {
        bytes.as_slice().first().map_or(0, |&byte| u32::from(byte))
    } else {
        return Err(raise!(TypeError, "sep must be str or bytes."));
    };
    match u8::try_from(c) {
        Ok(c) if c < 128 => Ok(c),
        _ => Err(raise!(ValueError, "sep must be ASCII.")),
    }
}

/// Hexadecimal digits with a separator between groups of bytes, counted from the right if `bytes_per_sep` is positive.
pub fn hex_digits(data: &[u8], sep: Option<Borrowed<'_, Object>>, bytes_per_sep: i32) -> PyResult<Vec<u8>> {
    let separator = sep.map(separator).transpose()?;
    let group = bytes_per_sep.unsigned_abs() as usize;
    let separator = separator.filter(|_| group > 0 && group < data.len());
    let count = if separator.is_some() { (data.len() - 1) / group } else { 0 };
    let Some(len) = data.len().checked_mul(2).and_then(|n| n.checked_add(count)) else {
        return Err(Raised::no_memory());
    };
    let mut out = Vec::new();
    if out.try_reserve_exact(len).is_err() {
        return Err(Raised::no_memory());
    }
    for (index, &byte) in data.iter().enumerate() {
        if let Some(separator) = separator
            && index > 0
        {
            let place = if bytes_per_sep > 0 { data.len() - index } else { index };
            if place % group == 0 {
                out.push(separator);
            }
        }
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    Ok(out)
}

/// `data.hex()`.
pub fn plain_hex(data: &[u8]) -> PyResult<Ref<Str>> {
    let Some(len) = data.len().checked_mul(2).filter(|&len| len <= isize::MAX as usize) else {
        return Err(Raised::no_memory());
    };
    if len == 0 {
        return Ok(Str::empty());
    }
    let text = Str::uninit(len, Width::Ascii)?;
    // SAFETY: the new string has `len` characters, all of which are written.
    let out = unsafe { core::slice::from_raw_parts_mut(text.data_mut_ptr(), len) };
    let digit = |nibble: u8| nibble + if nibble > 9 { b'a' - 10 } else { b'0' };
    // Whole blocks first: they become vector code.
    let mut blocks = data.chunks_exact(16);
    let mut outs = out.chunks_exact_mut(32);
    for (block, out) in (&mut blocks).zip(&mut outs) {
        for (i, &byte) in block.iter().enumerate() {
            out[2 * i] = digit(byte >> 4);
            out[2 * i + 1] = digit(byte & 15);
        }
    }
    for (&byte, out) in blocks.remainder().iter().zip(outs.into_remainder().chunks_exact_mut(2)) {
        out[0] = DIGITS[usize::from(byte >> 4)];
        out[1] = DIGITS[usize::from(byte & 15)];
    }
    Ok(text)
}

/// `data.hex(sep, bytes_per_sep)`.
pub fn hex(data: &[u8], sep: Option<Borrowed<'_, Object>>, bytes_per_sep: i32) -> PyResult<Ref<Str>> {
    if sep.is_none() { plain_hex(data) } else { Str::from_ascii(&hex_digits(data, sep, bytes_per_sep)?) }
}

/// The values of hexadecimal digits; 255 for what is none.
static VALUES: [u8; 256] = {
    let mut table = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        table[DIGITS[digit] as usize] = digit as u8;
        table[DIGITS[digit].to_ascii_uppercase() as usize] = digit as u8;
        digit += 1;
    }
    table
};

fn digit(c: u32) -> Option<u8> {
    VALUES.get(c as usize).copied().filter(|&value| value < 16)
}

/// The bytes that `fromhex` makes of a `str` or a buffer.
pub fn from_hex(string: Borrowed<'_, Object>) -> PyResult<BytesBuilder> {
    if let Some(text) = string.downcast::<Str>() {
        return parse(text.data());
    }
    if super::input::has_buffer(&string) {
        let buffer = BufferArg::new(string)?;
        return parse(StrData::Ucs1(&buffer));
    }
    Err(raise!(TypeError, "fromhex() argument must be str or bytes-like, not {}", string.type_name()))
}

fn parse(text: StrData<'_>) -> PyResult<BytesBuilder> {
    let bad = |at: usize| raise!(ValueError, "non-hexadecimal number found in fromhex() arg at position {at}");
    let mut out = BytesBuilder::with_capacity(text.len() / 2)?;
    let mut at = 0;
    if let StrData::Ucs1(text) = text {
        // Digits without spaces between them; the rest, and whatever is wrong, is for the loop below.
        let (spare, room) = out.spare(text.len() / 2)?;
        let mut written = 0;
        while let [high, low] = text.get(at..at + 2).unwrap_or_default() {
            let (high, low) = (VALUES[usize::from(*high)], VALUES[usize::from(*low)]);
            if high | low > 15 || written == room {
                break;
            }
            // SAFETY: there is room.
            unsafe { *spare.add(written) = high << 4 | low };
            written += 1;
            at += 2;
        }
        // SAFETY: so many were written.
        unsafe { out.advance(written) };
    }
    while at < text.len() {
        let c = text.get(at);
        if c < 128 && super::ascii::is_space(c as u8) {
            at += 1;
            continue;
        }
        let Some(high) = digit(c) else { return Err(bad(at)) };
        at += 1;
        if at == text.len() {
            return Err(raise!(ValueError, "fromhex() arg must contain an even number of hexadecimal digits"));
        }
        let Some(low) = digit(text.get(at)) else { return Err(bad(at)) };
        at += 1;
        out.push_byte(high << 4 | low)?;
    }
    Ok(out)
}
