//! Escapes of bytes literals, as `pickle` of protocol 0 and `codecs.escape_decode` read them.
//!
//! CPython: `_PyBytes_DecodeEscape2`.

use super::unicode_escape::warn_of;
use crate::prelude::*;
use crate::types::bytes::{BytesBuilder, shared};

/// The bytes that `data` stands for.
pub fn decode(data: &[u8], errors: &str) -> PyResult<Ref<Bytes>> {
    let mut out = BytesBuilder::with_capacity(data.len())?;
    let (mut unknown, mut octal) = (None, None);
    let mut at = 0;
    while let Some(&byte) = data.get(at) {
        at += 1;
        if byte != b'\\' {
            out.push_byte(byte)?;
            continue;
        }
        let Some(&mark) = data.get(at) else {
            return Err(raise!(ValueError, "Trailing \\ in string"));
        };
        at += 1;
        match mark {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push_byte(mark)?,
            b'b' => out.push_byte(8)?,
            b'f' => out.push_byte(12)?,
            b't' => out.push_byte(9)?,
            b'n' => out.push_byte(10)?,
            b'r' => out.push_byte(13)?,
            b'v' => out.push_byte(11)?,
            b'a' => out.push_byte(7)?,
            b'0'..=b'7' => {
                let mut value = u32::from(mark - b'0');
                for _ in 0..2 {
                    let Some(&digit @ b'0'..=b'7') = data.get(at) else { break };
                    value = value << 3 | u32::from(digit - b'0');
                    at += 1;
                }
                if value > 0o377 {
                    octal.get_or_insert(value);
                }
                out.push_byte(value as u8)?;
            }
            b'x' => {
                let digit = |at: usize| data.get(at).and_then(|&byte| (byte as char).to_digit(16));
                match (digit(at), digit(at + 1)) {
                    (Some(high), Some(low)) => {
                        out.push_byte((high << 4 | low) as u8)?;
                        at += 2;
                    }
                    (first, _) => {
                        match errors {
                            "strict" => {
                                return Err(raise!(ValueError, "invalid \\x escape at position {}", at - 2));
                            }
                            "replace" => out.push_byte(b'?')?,
                            "ignore" => {}
                            _ => {
                                return Err(raise!(
                                    ValueError,
                                    "decoding error; unknown error handling code: {errors}"
                                ));
                            }
                        }
                        at += usize::from(first.is_some());
                    }
                }
            }
            other => {
                unknown.get_or_insert(other);
                out.push(&[b'\\', other])?;
            }
        }
    }
    warn_of(unknown, octal, "b")?;
    out.finish()
}

/// `data` as the inside of a literal in single quotes.
pub fn encode(data: &[u8]) -> PyResult<Ref<Bytes>> {
    let mut out = BytesBuilder::with_capacity(data.len())?;
    for &byte in data {
        let (text, len) = shared::escaped(byte, b'\'');
        out.push(&text[..len])?;
    }
    out.finish()
}
