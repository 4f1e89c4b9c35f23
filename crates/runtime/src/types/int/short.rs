//! Text of small ints without detours: `hex`, `oct`, `bin`, and format specifications of nothing but a width and a base.

use crate::prelude::*;

/// A sign, a prefix and 64 digits, behind the widest field that is padded here.
const ROOM: usize = 128;
const MAX_WIDTH: usize = 100;

/// Writes the digits of `magnitude` at the end of `buffer`, in a base of `shift` bits, or 10 for 0; where they start.
fn write_digits(buffer: &mut [u8; ROOM], mut magnitude: u64, shift: u32, upper: bool) -> usize {
    let letters: &[u8; 16] = if upper { b"0123456789ABCDEF" } else { b"0123456789abcdef" };
    let mut start = ROOM;
    loop {
        start -= 1;
        let digit = if shift == 0 { magnitude % 10 } else { magnitude & ((1 << shift) - 1) };
        buffer[start] = letters[digit as usize];
        magnitude = if shift == 0 { magnitude / 10 } else { magnitude >> shift };
        if magnitude == 0 {
            return start;
        }
    }
}

/// `0x1f` and the like, in a base of `shift` bits whose letter is `letter`.
pub fn prefixed(value: i64, shift: u32, letter: u8) -> PyResult<Ref<Str>> {
    let mut buffer = [b'-'; ROOM];
    let mut start = write_digits(&mut buffer, value.unsigned_abs(), shift, false) - 2;
    buffer[start] = b'0';
    buffer[start + 1] = letter;
    if value < 0 {
        start -= 1;
    }
    Str::from_ascii(&buffer[start..])
}

/// `value` by a specification of the form `[[fill]align][0][width][d|x|X|o|b]`; `None` for any other.
pub fn formatted(value: i64, spec: &[u8]) -> Option<PyResult<Ref<Str>>> {
    let (mut fill, mut align, mut rest) = (b' ', b'>', spec);
    let is_align = |c: u8| matches!(c, b'<' | b'>' | b'^');
    match *spec {
        [c, a, ref tail @ ..] if is_align(a) => (fill, align, rest) = (c, a, tail),
        [a, ref tail @ ..] if is_align(a) => (align, rest) = (a, tail),
        [b'0', ref tail @ ..] => (fill, align, rest) = (b'0', b'=', tail),
        _ => {}
    }
    if rest.first() == Some(&b'0') {
        return None;
    }
    let mut width = 0;
    while let [digit @ b'0'..=b'9', tail @ ..] = rest {
        width = width * 10 + (digit - b'0') as usize;
        if width > MAX_WIDTH {
            return None;
        }
        rest = tail;
    }
    let (shift, upper) = match rest {
        [] | [b'd'] => (0, false),
        [b'x'] => (4, false),
        [b'X'] => (4, true),
        [b'o'] => (3, false),
        [b'b'] => (1, false),
        _ => return None,
    };
    let mut digits = [b'-'; ROOM];
    let mut start = write_digits(&mut digits, value.unsigned_abs(), shift, upper);
    let negative = value < 0;
    if align == b'=' {
        // The sign stands before the zeros.
        let wanted = width.saturating_sub(usize::from(negative));
        while ROOM - start < wanted {
            start -= 1;
            digits[start] = b'0';
        }
    }
    if negative {
        start -= 1;
        digits[start] = b'-';
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
