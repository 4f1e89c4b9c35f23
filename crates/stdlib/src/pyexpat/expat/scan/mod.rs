//! Tokens of content, of attribute values and of the prolog, found in text that is valid UTF-8 but for one kind of byte:
//! [`BAD`], which stands where the input could not be decoded.
//!
//! A token that is not whole yet is [`Cut::Partial`]; [`Cut::Invalid`] names the place that no continuation can mend. These
//! places are observable, as they are the positions of errors. expat: `lib/xmltok_impl.c`.

mod content;
mod declaration;
mod prolog;
mod value;

use super::naming;
pub use content::{Content, RawAttribute, cdata, content};
pub use declaration::declaration;
pub use prolog::{Prolog, ignored, prolog, public_id};
pub use value::{Value, attribute_value, entity_value};

/// Stands in decoded text for what was not a character of the encoding.
pub const BAD: u8 = 0xFF;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cut {
    Partial,
    Invalid(usize),
}

pub type Scan<T> = Result<T, Cut>;

const NONXML: u8 = 0;
const OTHER: u8 = 1;
const SPACE: u8 = 2;
const LF: u8 = 3;
const CR: u8 = 4;
const START: u8 = 5;
const PART: u8 = 6;
const COLON: u8 = 7;
const AMP: u8 = 8;
const LT: u8 = 9;
const RSQB: u8 = 10;
/// The first byte of a character that is not ASCII.
const LEAD: u8 = 11;

static CLASS: [u8; 256] = {
    let mut table = [LEAD; 256];
    let mut b = 0;
    while b < 0x80 {
        table[b] = match b as u8 {
            b'\t' | b' ' => SPACE,
            b'\n' => LF,
            b'\r' => CR,
            0..=0x1F => NONXML,
            b'A'..=b'Z' | b'a'..=b'z' | b'_' => START,
            b'0'..=b'9' | b'-' | b'.' => PART,
            b':' => COLON,
            b'&' => AMP,
            b'<' => LT,
            b']' => RSQB,
            _ => OTHER,
        };
        b += 1;
    }
    table[BAD as usize] = NONXML;
    table
};

/// Bytes that end a run of plain character data, or need a look there.
static DATA_STOP: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 256 {
        table[b] = matches!(CLASS[b], NONXML | LF | CR | AMP | LT | RSQB) || b == 0xEF;
        b += 1;
    }
    table
};

#[inline(always)]
fn class(byte: u8) -> u8 {
    CLASS[byte as usize]
}

#[inline(always)]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Whether U+FFFE or U+FFFF stands at `at`.
#[inline(always)]
fn is_noncharacter(s: &[u8], at: usize) -> bool {
    s[at] == 0xEF && s.get(at + 1) == Some(&0xBF) && s.get(at + 2).is_some_and(|&b| b >= 0xBE)
}

/// The index behind the character at `at`, which must be one of XML.
#[inline(always)]
fn character(s: &[u8], at: usize) -> Scan<usize> {
    let byte = *s.get(at).ok_or(Cut::Partial)?;
    let length = match byte {
        BAD => return Err(Cut::Invalid(at)),
        0..0x80 if CLASS[byte as usize] == NONXML => return Err(Cut::Invalid(at)),
        0..0x80 => 1,
        0x80..0xE0 => 2,
        0xE0..0xF0 if is_noncharacter(s, at) => return Err(Cut::Invalid(at)),
        0xE0..0xF0 => 3,
        _ => 4,
    };
    if at + length > s.len() { Err(Cut::Partial) } else { Ok(at + length) }
}

/// The code of a character of two or three bytes, and its length; nothing for those beyond the basic plane.
#[inline]
fn wide(s: &[u8], at: usize) -> Option<(u16, usize)> {
    let low = |i: usize| s.get(at + i).map(|&b| u16::from(b & 0x3F));
    match s[at] {
        b @ 0xC0..0xE0 => Some(((u16::from(b & 0x1F) << 6) | low(1)?, 2)),
        b @ 0xE0..0xF0 => Some(((u16::from(b & 0xF) << 12) | (low(1)? << 6) | low(2)?, 3)),
        _ => None,
    }
}

/// The index behind the name character at `at`, or nothing where there is none. `at` is inside.
#[inline(always)]
fn name_part(s: &[u8], at: usize, colon: bool) -> Option<usize> {
    match class(s[at]) {
        START | PART => Some(at + 1),
        COLON if colon => Some(at + 1),
        LEAD => wide(s, at).filter(|&(c, _)| naming::is_part(c)).map(|(_, length)| at + length),
        _ => None,
    }
}

#[inline(always)]
fn name_start(s: &[u8], at: usize, colon: bool) -> Option<usize> {
    match class(s[at]) {
        START => Some(at + 1),
        COLON if colon => Some(at + 1),
        LEAD => wide(s, at).filter(|&(c, _)| naming::is_start(c)).map(|(_, length)| at + length),
        _ => None,
    }
}

#[inline(always)]
fn byte(s: &[u8], at: usize) -> Scan<u8> {
    s.get(at).copied().ok_or(Cut::Partial)
}

/// The index behind the name characters from `at` on; there is a character there.
#[inline(always)]
fn name_rest(s: &[u8], mut at: usize, colon: bool) -> Scan<usize> {
    loop {
        byte(s, at)?;
        match name_part(s, at, colon) {
            Some(next) => at = next,
            None => return Ok(at),
        }
    }
}

/// A name with no prefix: the index behind it.
fn plain_name(s: &[u8], at: usize, ns: bool) -> Scan<usize> {
    byte(s, at)?;
    let next = name_start(s, at, !ns).ok_or(Cut::Invalid(at))?;
    name_rest(s, next, !ns)
}

/// A name of an element or attribute: with namespaces, at most one colon, and a name on both sides of it.
#[inline(always)]
fn qualified_name(s: &[u8], at: usize, ns: bool) -> Scan<usize> {
    byte(s, at)?;
    let next = name_start(s, at, !ns).ok_or(Cut::Invalid(at))?;
    let end = name_rest(s, next, !ns)?;
    if ns && s[end] == b':' {
        byte(s, end + 1)?;
        let next = name_start(s, end + 1, false).ok_or(Cut::Invalid(end + 1))?;
        return name_rest(s, next, false);
    }
    Ok(end)
}

/// A comment behind `<!-`.
fn comment(s: &[u8], mut at: usize) -> Scan<usize> {
    if byte(s, at)? != b'-' {
        return Err(Cut::Invalid(at));
    }
    at += 1;
    loop {
        if byte(s, at)? != b'-' {
            at = character(s, at)?;
            continue;
        }
        at += 1;
        if byte(s, at)? == b'-' {
            at += 1;
            return if byte(s, at)? == b'>' { Ok(at + 1) } else { Err(Cut::Invalid(at)) };
        }
    }
}

/// A processing instruction behind `<?`: the index behind its target, and that behind all.
fn instruction(s: &[u8], at: usize, ns: bool) -> Scan<(usize, usize)> {
    let target = plain_name(s, at, ns)?;
    let name = &s[at..target];
    if name.eq_ignore_ascii_case(b"xml") && name != b"xml" {
        return Err(Cut::Invalid(target));
    }
    let mut end = target;
    match s[end] {
        b'?' => {
            end += 1;
            return if byte(s, end)? == b'>' { Ok((target, end + 1)) } else { Err(Cut::Invalid(end)) };
        }
        c if is_space(c) => end += 1,
        _ => return Err(Cut::Invalid(end)),
    }
    loop {
        if byte(s, end)? != b'?' {
            end = character(s, end)?;
            continue;
        }
        end += 1;
        if byte(s, end)? == b'>' {
            return Ok((target, end + 1));
        }
    }
}

/// A reference to an entity or a character, from its ampersand on.
pub fn reference(s: &[u8], at: usize, ns: bool) -> Scan<(Content, usize)> {
    if byte(s, at + 1)? != b'#' {
        let end = plain_name(s, at + 1, ns)?;
        return if s[end] == b';' { Ok((Content::EntityRef, end + 1)) } else { Err(Cut::Invalid(end)) };
    }
    let (mut end, radix) = if byte(s, at + 2)? == b'x' { (at + 3, 16) } else { (at + 2, 10) };
    let first = end;
    let mut code = 0u32;
    loop {
        let digit = byte(s, end)?;
        match char::from(digit).to_digit(radix) {
            // Saturates far beyond the last character.
            Some(value) => code = (code * radix + value).min(0x11_0000),
            None if digit == b';' && end > first => break,
            None => return Err(Cut::Invalid(end)),
        }
        end += 1;
    }
    let allowed = match code {
        0x9 | 0xA | 0xD => true,
        0..0x20 | 0xFFFE | 0xFFFF => false,
        _ => true,
    };
    Ok((Content::CharRef(if allowed { char::from_u32(code) } else { None }), end + 1))
}
