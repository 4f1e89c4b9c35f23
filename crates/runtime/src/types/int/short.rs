//! Text of small ints without detours: `hex`, `oct`, `bin`, and format specifications without precision.

use super::digits::limbs;
use crate::prelude::*;

/// A sign, a prefix and 64 digits, behind the widest field that is padded here.
const ROOM: usize = 128;
const MAX_WIDTH: usize = 100;

/// Writes the digits of `magnitude` at the end of `buffer`, in a base of `shift` bits, or 10 for 0, with `separator` between groups of
/// digits unless it is 0; where they start.
#[inline(always)]
fn write_digits(buffer: &mut [u8; ROOM], mut magnitude: u64, shift: u32, upper: bool, separator: u8) -> usize {
    if shift == 0 && separator == 0 {
        return limbs::write_decimal(buffer, magnitude);
    }
    let letters: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let group = if shift == 0 { 3 } else { 4 };
    let (mut start, mut count) = (ROOM, 0);
    loop {
        if separator != 0 && count == group {
            start -= 1;
            buffer[start] = separator;
            count = 0;
        }
        start -= 1;
        count += 1;
        let digit = if shift == 0 { magnitude % 10 } else { magnitude & ((1 << shift) - 1) };
        buffer[start] = letters[digit as usize & 15];
        magnitude = if shift == 0 { magnitude / 10 } else { magnitude >> shift };
        if magnitude == 0 {
            return start;
        }
    }
}

/// Gives `body` the text of `value` in a base of `shift` bits, or 10 for 0, with the prefix `0` and `letter` if there is one.
#[inline]
pub fn with_text<R>(value: i64, shift: u32, upper: bool, letter: Option<u8>, body: impl FnOnce(&str) -> R) -> R {
    let mut buffer = [b'-'; ROOM];
    let mut start = write_digits(&mut buffer, value.unsigned_abs(), shift, upper, 0);
    if let Some(letter) = letter {
        start -= 2;
        buffer[start] = b'0';
        buffer[start + 1] = letter;
    }
    if value < 0 {
        start -= 1;
    }
    // SAFETY: digits, a sign and a prefix are ASCII.
    body(unsafe { core::str::from_utf8_unchecked(&buffer[start..]) })
}

/// `0x1f` and the like, in a base of `shift` bits whose letter is `letter`.
pub fn prefixed(value: i64, shift: u32, letter: u8) -> PyResult<Ref<Str>> {
    with_text(value, shift, false, Some(letter), |text| Str::from_ascii(text.as_bytes()))
}

/// Takes one of the wanted characters from the front; 0 where there is none.
fn take(rest: &mut &[u8], wanted: &[u8]) -> u8 {
    match **rest {
        [c, ref tail @ ..] if wanted.contains(&c) => {
            *rest = tail;
            c
        }
        _ => 0,
    }
}

/// `value` by a specification of the form `[[fill]align][sign][#][0][width][separator][d|x|X|o|b]`; `None` for any other, and where zeros
/// have separators between them.
pub fn formatted(value: i64, spec: &[u8]) -> Option<PyResult<Ref<Str>>> {
    let (mut fill, mut align, mut rest) = (b' ', b'>', spec);
    let is_align = |c: u8| matches!(c, b'<' | b'>' | b'^');
    let mut has_align = true;
    match *spec {
        [c, a, ref tail @ ..] if is_align(a) => (fill, align, rest) = (c, a, tail),
        [a, ref tail @ ..] if is_align(a) => (align, rest) = (a, tail),
        _ => has_align = false,
    }
    let sign = take(&mut rest, b"-+ ");
    let is_alternate = take(&mut rest, b"#") != 0;
    if take(&mut rest, b"0") != 0 {
        if has_align {
            return None;
        }
        (fill, align) = (b'0', b'=');
        if rest.first() == Some(&b'0') {
            return None;
        }
    }
    let mut width = 0;
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        width = width * 10 + (digit - b'0') as usize;
        if width > MAX_WIDTH {
            return None;
        }
        rest = tail;
    }
    let separator = take(&mut rest, b",_");
    let (shift, letter) = match *rest {
        [] | [b'd'] => (0, 0),
        [letter @ (b'x' | b'X')] => (4, letter),
        [b'o'] => (3, b'o'),
        [b'b'] => (1, b'b'),
        _ => return None,
    };
    if separator != 0 && (align == b'=' || separator == b',' && shift > 0) {
        return None;
    }
    let mut digits = [b'-'; ROOM];
    let mut start = write_digits(&mut digits, value.unsigned_abs(), shift, letter == b'X', separator);
    let has_prefix = is_alternate && shift > 0;
    let has_sign = value < 0 || matches!(sign, b'+' | b' ');
    if align == b'=' {
        // Sign and prefix stand before the zeros.
        let wanted = width.saturating_sub(usize::from(has_sign) + 2 * usize::from(has_prefix));
        while ROOM - start < wanted {
            start -= 1;
            digits[start] = b'0';
        }
    }
    if has_prefix {
        start -= 2;
        digits[start] = b'0';
        digits[start + 1] = letter;
    }
    if has_sign {
        start -= 1;
        digits[start] = if value < 0 { b'-' } else { sign };
    }
    let text = &digits[start..];
    let padding = width.saturating_sub(text.len());
    if padding == 0 {
        return Some(Str::from_ascii(text));
    }
    let before = match align {
        b'<' => 0,
        b'^' => padding / 2,
        _ => padding,
    };
    let mut out = [fill; ROOM];
    out[before..before + text.len()].copy_from_slice(text);
    Some(Str::from_ascii(&out[..width]))
}
