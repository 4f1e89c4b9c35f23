//! Properties of characters and their case mappings, Unicode 16.0, one table lookup each.
//!
//! CPython: `Objects/unicodectype.c`.

mod tables;

use tables::{BLOCKS, EXTENDED, INDEX, RECORDS, Record};

const ALPHA: u16 = 0x01;
const DECIMAL: u16 = 0x02;
const DIGIT: u16 = 0x04;
const LOWER: u16 = 0x08;
const SPACE: u16 = 0x10;
const TITLE: u16 = 0x20;
const UPPER: u16 = 0x40;
const LINE_BREAK: u16 = 0x80;
const XID_START: u16 = 0x100;
const XID_CONTINUE: u16 = 0x200;
const PRINTABLE: u16 = 0x400;
const NUMERIC: u16 = 0x800;
const CASE_IGNORABLE: u16 = 0x1000;
const CASED: u16 = 0x2000;
/// The mappings are in `EXTENDED`.
const SPECIAL: u16 = 0x4000;

#[inline(always)]
fn record(c: u32) -> &'static Record {
    let c = if c > 0x10_ffff { 0 } else { c as usize };
    let block = usize::from(INDEX[c >> 7]);
    &RECORDS[usize::from(BLOCKS[block << 7 | c & 127])]
}

#[inline(always)]
fn has(c: u32, flags: u16) -> bool {
    record(c).flags & flags != 0
}

macro_rules! predicates {
    ($($(#[$doc:meta])* $name:ident $flags:expr;)*) => {
        $($(#[$doc])* #[inline] pub fn $name(c: u32) -> bool { has(c, $flags) })*
    };
}

predicates! {
    /// A letter.
    is_alpha ALPHA;
    /// A decimal digit.
    is_decimal DECIMAL;
    /// A digit, superscripts and the like among them.
    is_digit DIGIT;
    /// A character with a numeric value.
    is_numeric NUMERIC;
    /// A letter or of any numeric kind.
    is_alnum ALPHA | DECIMAL | DIGIT | NUMERIC;
    /// A small letter.
    is_lower LOWER;
    /// A capital letter.
    is_upper UPPER;
    /// A title case letter.
    is_title TITLE;
    /// White space as `str.split` and `str.isspace` see it.
    is_space SPACE;
    /// Where `str.splitlines` ends a line.
    is_line_break LINE_BREAK;
    /// Begins an identifier; the underscore counts.
    is_xid_start XID_START;
    /// Goes on with an identifier.
    is_xid_continue XID_CONTINUE;
    /// Shown as it is by `repr`.
    is_printable PRINTABLE;
    /// Does not count when a word is looked at for its case, such as an apostrophe.
    is_case_ignorable CASE_IGNORABLE;
    /// Has a case.
    is_cased CASED;
}

/// The value of a decimal digit.
#[inline]
pub fn to_decimal(c: u32) -> Option<u8> {
    let record = record(c);
    if record.flags & DECIMAL != 0 { Some(record.decimal) } else { None }
}

/// The value of a digit, superscripts and the like included.
pub fn to_digit(c: u32) -> Option<u8> {
    let record = record(c);
    if record.flags & DIGIT != 0 { Some(record.digit) } else { None }
}

/// One to three characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapped {
    chars: [u32; 3],
    len: u8,
}

impl Mapped {
    /// The code points.
    #[inline(always)]
    pub fn as_slice(&self) -> &[u32] {
        &self.chars[..usize::from(self.len)]
    }

    #[inline(always)]
    fn one(c: u32) -> Mapped {
        Mapped { chars: [c, 0, 0], len: 1 }
    }

    /// A character that maps to itself.
    #[inline(always)]
    pub fn unchanged(c: u32) -> Mapped {
        Mapped::one(c)
    }

    /// The first of the code points.
    #[inline(always)]
    pub fn first(&self) -> u32 {
        self.chars[0]
    }
}

#[inline(always)]
fn mapped(c: u32, select: impl Fn(&Record) -> i32) -> Mapped {
    let record = record(c);
    let value = select(record);
    if record.flags & SPECIAL == 0 {
        return Mapped::one(c.wrapping_add_signed(value));
    }
    let (at, len) = (value as usize & 0xffff, (value >> 16) as usize);
    let mut chars = [0; 3];
    chars[..len].copy_from_slice(&EXTENDED[at..at + len]);
    Mapped { chars, len: len as u8 }
}

/// Full case mappings.
#[inline]
pub fn to_upper(c: u32) -> Mapped {
    mapped(c, |record| record.upper)
}

/// Of sigma, the form that does not end a word.
#[inline]
pub fn to_lower(c: u32) -> Mapped {
    mapped(c, |record| record.lower)
}

/// Title case, which may be several code points.
#[inline]
pub fn to_title(c: u32) -> Mapped {
    mapped(c, |record| record.title)
}

/// Case folded for comparison, which may be several code points.
#[inline]
pub fn to_folded(c: u32) -> Mapped {
    mapped(c, |record| if record.flags & SPECIAL == 0 { record.lower } else { record.fold })
}

/// Mappings to one character, as `re` and the C API have them.
pub fn to_upper_simple(c: u32) -> u32 {
    to_upper(c).first()
}

/// Lower case as one code point.
pub fn to_lower_simple(c: u32) -> u32 {
    to_lower(c).first()
}

/// Title case as one code point.
pub fn to_title_simple(c: u32) -> u32 {
    to_title(c).first()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples() {
        assert!(is_alpha('é' as u32) && is_upper('Ä' as u32) && is_title('ǅ' as u32) && is_space(0x3000));
        assert!(is_line_break(0x1c) && !is_line_break(0x1f) && is_space(0x1f));
        assert!(is_xid_start('_' as u32) && !is_xid_start('1' as u32) && is_xid_continue('1' as u32));
        assert_eq!(to_upper('ß' as u32).as_slice(), ['S' as u32, 'S' as u32]);
        assert_eq!(to_folded('ß' as u32).as_slice(), ['s' as u32, 's' as u32]);
        assert_eq!(to_lower('Σ' as u32).as_slice(), ['σ' as u32]);
        assert_eq!(to_decimal('٣' as u32), Some(3));
        assert_eq!(to_digit('²' as u32), Some(2));
    }
}
