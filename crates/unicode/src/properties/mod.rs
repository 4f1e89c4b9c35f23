//! Properties of characters that only the database knows: category, direction, width, decomposition, value.
//!
//! Each function takes the version of the database to answer for: the present one, or 3.2.0, which `stringprep` needs.
//!
//! CPython: `Modules/unicodedata.c`.

mod tables;

use crate::ctype;
use tables::*;

/// Which database answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The current one: [`crate::VERSION`].
    Now,
    /// 3.2.0.
    Old,
}

/// The canonical decomposition differs from the character.
pub(crate) const NFD_NO: u8 = 1;
pub(crate) const NFKD_NO: u8 = 2;
/// Does not occur in text of form C.
pub(crate) const NFC_NO: u8 = 4;
pub(crate) const NFKC_NO: u8 = 8;
/// May join a character before it.
pub(crate) const SECOND: u8 = 16;

#[inline]
fn record(c: u32, version: Version) -> &'static Record {
    let c = if c > 0x10_ffff { 0 } else { c as usize };
    match version {
        Version::Now => {
            let block = usize::from(NOW_INDEX[c >> 7]);
            &RECORDS[usize::from(NOW_BLOCKS[block << 7 | c & 127])]
        }
        Version::Old => {
            let block = usize::from(THEN_INDEX[c >> 7]);
            &RECORDS[usize::from(THEN_BLOCKS[block << 7 | c & 127])]
        }
    }
}

#[inline]
pub(crate) fn flags(c: u32) -> u8 {
    record(c, Version::Now).flags
}

/// The general category, two letters; `Cn` for what is not assigned.
pub fn category(c: u32, version: Version) -> &'static str {
    CATEGORIES[usize::from(record(c, version).category)]
}

/// The version has a character here.
pub fn is_assigned(c: u32, version: Version) -> bool {
    record(c, version).category != 0
}

/// The bidirectional class, empty where there is none.
pub fn bidirectional(c: u32, version: Version) -> &'static str {
    BIDIRECTIONAL[usize::from(record(c, version).bidirectional)]
}

/// The canonical combining class.
#[inline]
pub fn combining(c: u32, version: Version) -> u8 {
    record(c, version).combining
}

/// Mirrored in text from right to left.
pub fn is_mirrored(c: u32, version: Version) -> bool {
    record(c, version).mirrored != 0
}

/// `N`, `Na`, `H`, `W`, `F` or `A`.
pub fn east_asian_width(c: u32, version: Version) -> &'static str {
    WIDTHS[usize::from(record(c, version).width)]
}

fn find<V: Copy>(table: &[(u32, V)], c: u32) -> Option<V> {
    table.binary_search_by_key(&c, |entry| entry.0).ok().map(|at| table[at].1)
}

/// The value of a decimal digit.
pub fn decimal(c: u32, version: Version) -> Option<u8> {
    if version == Version::Old {
        if !is_assigned(c, version) {
            return None;
        }
        if let Some(old) = find(&OLD_DECIMAL, c) {
            return u8::try_from(old).ok();
        }
    }
    ctype::to_decimal(c)
}

/// The same in both versions.
pub fn digit(c: u32) -> Option<u8> {
    ctype::to_digit(c)
}

/// The value of a numeric character.
pub fn numeric(c: u32, version: Version) -> Option<f64> {
    if version == Version::Old {
        if !is_assigned(c, version) {
            return None;
        }
        if let Some(old) = find(&OLD_NUMERIC, c) {
            return if old < 0.0 { None } else { Some(old) };
        }
    }
    if ctype::is_numeric(c) { find(&NUMERIC, c) } else { None }
}

/// What a character decomposes to in one step: the tag of a compatibility mapping, empty for a canonical one, and the
/// characters. Hangul syllables, which decompose by arithmetic, have none.
pub fn decomposition(c: u32, version: Version) -> Option<(&'static str, &'static [u32])> {
    if flags(c) & NFKD_NO == 0 || version == Version::Old && !is_assigned(c, version) {
        return None;
    }
    let entry = find(&DECOMPOSITIONS, c)? as usize;
    let (at, len) = (entry & 0xffff, entry >> 16 & 0xff);
    Some((TAGS[entry >> 24], DECOMPOSED.get(at..at + len)?))
}

/// The canonical decomposition that version 3.2.0 has where it was corrected later.
pub(crate) fn old_decomposition(c: u32) -> Option<u32> {
    find(&OLD_DECOMPOSED, c)
}

/// What two characters compose to, Hangul aside.
pub(crate) fn composition(first: u32, second: u32) -> Option<u32> {
    let key = u64::from(first) << 32 | u64::from(second);
    COMPOSITIONS.binary_search_by_key(&key, |entry| entry.0).ok().map(|at| COMPOSITIONS[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples() {
        assert_eq!(category('A' as u32, Version::Now), "Lu");
        assert_eq!(category(0xfffe, Version::Now), "Cn");
        assert_eq!(bidirectional(0x5d0, Version::Now), "R");
        assert_eq!(east_asian_width(0x4e00, Version::Now), "W");
        assert_eq!(numeric('½' as u32, Version::Now), Some(0.5));
        assert_eq!(decomposition('é' as u32, Version::Now), Some(("", &[0x65, 0x301][..])));
        assert_eq!(decomposition(0xa0, Version::Now), Some(("<noBreak>", &[0x20][..])));
        assert_eq!(decimal(0xb2, Version::Old), Some(2));
    }
}
