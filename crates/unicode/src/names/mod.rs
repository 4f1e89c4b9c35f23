//! Names of characters: from code point to name, and from a name, an alias or the name of a sequence to code points.
//!
//! A name is a run of word numbers, one byte for the most frequent 200 or so, two for the others; `encoded.bin` holds the
//! names of 32 code points one after the other, each ended by a zero, `lexicon.txt` the words. Aliases and sequences are
//! numbered on above the last code point. `places.bin` is a hash table of 65,536 places, three bytes each.
//!
//! CPython: `_getucname`, `_getcode` in `Modules/unicodedata.c`.

mod tables;

use crate::properties::{self, Version};
use tables::*;

static ENCODED: &[u8] = include_bytes!("encoded.bin");
static LEXICON: &str = include_str!("lexicon.txt");
static PLACES: &[u8] = include_bytes!("places.bin");

/// No name is longer.
pub const MAX_LENGTH: usize = 256;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// A code point.
    Character(u32),
    /// A named sequence of several.
    Sequence(&'static str),
}

const INITIALS: [&str; 19] =
    ["G", "GG", "N", "D", "DD", "R", "M", "B", "BB", "S", "SS", "", "J", "JJ", "C", "K", "T", "P", "H"];
const VOWELS: [&str; 21] = [
    "A", "AE", "YA", "YAE", "EO", "E", "YEO", "YE", "O", "WA", "WAE", "OE", "YO", "U", "WEO", "WE", "WI", "YU", "EU",
    "YI", "I",
];
const FINALS: [&str; 28] = [
    "", "G", "GG", "GS", "N", "NJ", "NH", "D", "L", "LG", "LM", "LB", "LS", "LT", "LP", "LH", "M", "B", "BS", "S",
    "SS", "NG", "J", "C", "K", "T", "P", "H",
];
const HANGUL: &str = "HANGUL SYLLABLE ";

fn word(index: usize) -> &'static str {
    match (WORDS.get(index), WORDS.get(index + 1)) {
        (Some(start), Some(end)) => LEXICON.get(*start as usize..*end as usize - 1).unwrap_or(""),
        _ => "",
    }
}

/// The name that is written out for a code point, an alias or a sequence.
fn write_listed(c: u32, out: &mut String) -> bool {
    let Ok(block) = KEYS.binary_search(&((c >> 5) as u16)) else { return false };
    let mut bytes = ENCODED.get(OFFSETS[block] as usize..).unwrap_or(&[]);
    let end = OFFSETS.get(block + 1).map_or(ENCODED.len(), |end| *end as usize) - OFFSETS[block] as usize;
    bytes = bytes.get(..end).unwrap_or(bytes);
    for _ in 0..c & 31 {
        // A two-byte word's second byte may be zero.
        loop {
            match bytes {
                [0, rest @ ..] => {
                    bytes = rest;
                    break;
                }
                [first, rest @ ..] if *first < SHORT => bytes = rest,
                [_, _, rest @ ..] => bytes = rest,
                _ => return false,
            }
        }
    }
    let mut glued = true;
    let mut any = false;
    loop {
        let text;
        match bytes {
            [0, ..] | [] => return any,
            [1, rest @ ..] => {
                bytes = rest;
                if !glued {
                    out.push(' ');
                }
                out.push_str(&format!("{c:04X}"));
                (glued, any) = (false, true);
                continue;
            }
            [separator @ (2 | 3), rest @ ..] => {
                bytes = rest;
                out.push(if *separator == 2 { '-' } else { ' ' });
                (glued, any) = (true, true);
                continue;
            }
            [first, rest @ ..] if *first < SHORT => {
                bytes = rest;
                text = word(usize::from(*first) - 4);
            }
            [first, second, rest @ ..] => {
                bytes = rest;
                text = word((usize::from(*first - SHORT) << 8 | usize::from(*second)) + usize::from(SHORT) - 4);
            }
            [_] => return any,
        }
        if !glued {
            out.push(' ');
        }
        out.push_str(text);
        (glued, any) = (false, true);
    }
}

/// Appends the name of a character; false when it has none.
pub fn write_name(c: u32, out: &mut String) -> bool {
    if let Some(index) = c.checked_sub(0xac00).filter(|index| *index < 11172) {
        let index = index as usize;
        out.push_str(HANGUL);
        out.push_str(INITIALS[index / 588]);
        out.push_str(VOWELS[index % 588 / 28]);
        out.push_str(FINALS[index % 28]);
        return true;
    }
    for (first, last, prefix, shown) in DERIVED {
        if (first..=last).contains(&c) && shown {
            out.push_str(prefix);
            out.push_str(&format!("{c:04X}"));
            return true;
        }
    }
    c < FIRST_ALIAS && write_listed(c, out)
}

/// The name of a character.
pub fn name(c: u32, version: Version) -> Option<String> {
    if version == Version::Old && !properties::is_assigned(c, version) {
        return None;
    }
    let mut out = String::new();
    if write_name(c, &mut out) { Some(out) } else { None }
}

/// The longest of `parts` that `text` begins with, and the rest.
fn longest<'t>(text: &'t [u8], parts: &[&str]) -> Option<(usize, &'t [u8])> {
    let mut best: Option<(usize, usize)> = None;
    for (index, part) in parts.iter().enumerate() {
        if text.starts_with(part.as_bytes()) && best.is_none_or(|(_, len)| part.len() > len) {
            best = Some((index, part.len()));
        }
    }
    best.map(|(index, len)| (index, &text[len..]))
}

fn hangul(text: &[u8]) -> Option<u32> {
    let (initial, text) = longest(text, &INITIALS)?;
    let (vowel, text) = longest(text, &VOWELS)?;
    let (last, text) = longest(text, &FINALS)?;
    if text.is_empty() { Some(0xac00 + ((initial * 21 + vowel) * 28 + last) as u32) } else { None }
}

/// What a name, in any case, stands for; aliases and sequences too, except in version 3.2.0, which otherwise knows the names
/// of all characters.
pub fn lookup(name: &str, version: Version) -> Option<Named> {
    if name.is_empty() || name.len() > MAX_LENGTH || !name.is_ascii() {
        return None;
    }
    let mut upper = [0u8; MAX_LENGTH];
    let upper = &mut upper[..name.len()];
    upper.copy_from_slice(name.as_bytes());
    upper.make_ascii_uppercase();
    if let Some(syllable) = upper.strip_prefix(HANGUL.as_bytes()) {
        return hangul(syllable).map(Named::Character);
    }
    for (first, last, prefix, _) in DERIVED {
        if let Some(digits) = upper.strip_prefix(prefix.as_bytes())
            && matches!(digits.len(), 4 | 5)
            && digits.iter().all(u8::is_ascii_hexdigit)
            && let Some(c) = core::str::from_utf8(digits).ok().and_then(|d| u32::from_str_radix(d, 16).ok())
            && (first..=last).contains(&c)
            && (digits.len() == 4) == (c < 0x10000)
        {
            return Some(Named::Character(c));
        }
    }
    let mut hash = 0x811c_9dc5u32;
    for byte in &*upper {
        hash = (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193);
    }
    let mut place = ((hash ^ hash >> 15) & 0xffff) as usize;
    let mut spelled = String::new();
    loop {
        let [low, middle, high] = *PLACES.get(place * 3..place * 3 + 3)?.first_chunk::<3>()?;
        let c = u32::from_le_bytes([low, middle, high, 0]);
        if c == 0xff_ffff {
            return None;
        }
        spelled.clear();
        if write_listed(c, &mut spelled) && spelled.as_bytes() == upper {
            if version == Version::Old && c >= FIRST_ALIAS {
                return None;
            }
            return match c.checked_sub(FIRST_ALIAS) {
                None => Some(Named::Character(c)),
                Some(_) if c >= FIRST_SEQUENCE => {
                    SEQUENCES.get((c - FIRST_SEQUENCE) as usize).map(|text| Named::Sequence(text))
                }
                Some(alias) => ALIASES.get(alias as usize).map(|c| Named::Character(*c)),
            };
        }
        place = (place + 1) & 0xffff;
    }
}

/// The character that `\N{name}` means. Names of sequences do not count.
pub fn character(name: &str) -> Option<char> {
    match lookup(name, Version::Now)? {
        Named::Character(c) => char::from_u32(c),
        Named::Sequence(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for c in (0..0x11_0000).filter(|c| !(0xd800..0xe000).contains(c)) {
            if let Some(name) = name(c, Version::Now) {
                assert_eq!(lookup(&name, Version::Now), Some(Named::Character(c)), "{name}");
            }
        }
    }

    #[test]
    fn samples() {
        assert_eq!(name('é' as u32, Version::Now).as_deref(), Some("LATIN SMALL LETTER E WITH ACUTE"));
        assert_eq!(name(0xc6cc, Version::Now).as_deref(), Some("HANGUL SYLLABLE WEO"));
        assert_eq!(name(0, Version::Now), None);
        assert_eq!(character("line feed"), Some('\n'));
        assert_eq!(character("cjk unified ideograph-4e00"), Some('一'));
        assert_eq!(lookup("KEYCAP DIGIT ONE", Version::Now), Some(Named::Sequence("1\u{fe0f}\u{20e3}")));
        assert_eq!(character("CJK UNIFIED IDEOGRAPH-04E00"), None);
    }
}
