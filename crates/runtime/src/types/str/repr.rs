//! `repr` of strings, and the escapes that it shares with `ascii`.
//!
//! CPython: `unicode_repr`.

use super::scan;
use super::{Str, StrBuilder, Width, ctype};
use crate::prelude::*;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// The quote that needs fewer backslashes: double ones only where there are single ones and no double ones.
pub(crate) fn quote_for(has_single: bool, has_double: bool) -> u8 {
    if has_single && !has_double { b'"' } else { b'\'' }
}

/// `\xhh`, `\uhhhh` or `\Uhhhhhhhh`.
pub(crate) fn push_escape(out: &mut StrBuilder, c: u32) -> PyResult<()> {
    let (letter, digits) = match c {
        0..0x100 => (b'x', 2),
        0x100..0x1_0000 => (b'u', 4),
        _ => (b'U', 8),
    };
    let mut text = [b'\\', letter, 0, 0, 0, 0, 0, 0, 0, 0];
    for place in 0..digits {
        text[2 + place] = HEX[(c >> (4 * (digits - 1 - place)) & 15) as usize];
    }
    out.push_ascii(&text[..2 + digits])
}

impl Ref<Str> {
    /// `repr(self)`.
    pub fn quoted(&self) -> PyResult<Ref<Str>> {
        if let Some(text) = self.as_ascii()
            && text.bytes().fold(true, |plain, c| plain & (c >= 0x20 && c != 0x27 && c != 0x5c && c != 0x7f))
        {
            let out = Str::uninit(text.len() + 2, Width::Ascii)?;
            // SAFETY: the new string has room for the text between two quotes.
            unsafe {
                let start = out.data_mut_ptr();
                *start = b'\'';
                scan::copy_short(text.as_ptr(), start.add(1), text.len());
                *start.add(1 + text.len()) = b'\'';
            }
            return Ok(out);
        }
        let (mut single, mut double, mut plain) = (false, false, true);
        for c in self.chars() {
            match c {
                0x27 => single = true,
                0x22 => double = true,
                0x5c | 0..0x20 | 0x7f.. => plain = false,
                _ => {}
            }
        }
        let quote = quote_for(single, double);
        let mut out = StrBuilder::with_capacity(self.len().saturating_add(2))?;
        out.push(u32::from(quote))?;
        if plain && !(single && double) {
            out.push_object(self)?;
        } else {
            for c in self.chars() {
                match c {
                    0x09 => out.push_ascii(b"\\t")?,
                    0x0a => out.push_ascii(b"\\n")?,
                    0x0d => out.push_ascii(b"\\r")?,
                    c if c == u32::from(quote) || c == 0x5c => out.push_ascii(&[b'\\', c as u8])?,
                    0x20..0x7f => out.push(c)?,
                    c if c < 0x7f || !ctype::is_printable(c) => push_escape(&mut out, c)?,
                    c => out.push(c)?,
                }
            }
        }
        out.push(u32::from(quote))?;
        out.finish()
    }

    /// The string with everything that is not ASCII escaped: what `ascii()` makes of a `repr`.
    pub fn ascii_escaped(&self) -> PyResult<Ref<Str>> {
        if self.is_ascii() {
            return Ok(self.clone());
        }
        let mut out = StrBuilder::with_capacity(self.len())?;
        for c in self.chars() {
            if c < 0x80 {
                out.push(c)?;
            } else {
                push_escape(&mut out, c)?;
            }
        }
        out.finish()
    }
}
