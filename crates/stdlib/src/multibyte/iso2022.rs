//! ISO 2022: escape sequences choose the character sets.
//!
//! The state: what G0, G1 and G2 hold (the final byte of the designation, with bit 7 for sets of two bytes), then flags.
//!
//! CPython: `Modules/cjkcodecs/_codecs_iso2022.c`.

use super::engine::{Codec, Decoded, Encoded, State, push_number, table_of};
use super::table::Found;

const ASCII: u8 = b'B';
const WIDE: u8 = 0x80;
const SHIFTED: u8 = 1;
/// An escape sequence of another kind goes through as it is.
const THROUGH: u8 = 2;
const FLAGS: usize = 4;

/// A character set.
#[derive(PartialEq, Eq, Debug)]
pub enum Set {
    Jisx0208,
    /// The roman half of JIS X 0201, and the katakana.
    Roman,
    Katakana,
    Jisx0212,
    Ksx1001,
    Gb2312,
    Latin1,
    Greek,
    /// The planes of JIS X 0213.
    Plane1,
    Plane2,
}

/// How a set is called for.
#[derive(PartialEq, Eq, Debug)]
pub struct Designation {
    mark: u8,
    plane: u8,
    set: Set,
}

const fn d(mark: u8, plane: u8, set: Set) -> Designation {
    Designation { mark, plane, set }
}

#[derive(PartialEq, Eq, Debug)]
pub struct Variant {
    /// In the order in which an encoder tries them.
    sets: &'static [Designation],
    shifts: bool,
    g2: bool,
    /// `ESC & @` may come before JIS X 0208.
    revised: bool,
}

const JISX0208: Designation = d(b'B' | WIDE, 0, Set::Jisx0208);
const JISX0208_OLD: Designation = d(b'@' | WIDE, 0, Set::Jisx0208);
const JISX0212: Designation = d(b'D' | WIDE, 0, Set::Jisx0212);
const ROMAN: Designation = d(b'J', 0, Set::Roman);

pub static KR: Variant = Variant { sets: &[d(b'C' | WIDE, 1, Set::Ksx1001)], shifts: true, g2: false, revised: false };
pub static JP: Variant = Variant { sets: &[JISX0208, ROMAN, JISX0208_OLD], shifts: false, g2: false, revised: true };
pub static JP_1: Variant =
    Variant { sets: &[JISX0208, JISX0212, ROMAN, JISX0208_OLD], shifts: false, g2: false, revised: true };
pub static JP_2: Variant = Variant {
    sets: &[
        JISX0208,
        JISX0212,
        d(b'C' | WIDE, 0, Set::Ksx1001),
        d(b'A' | WIDE, 0, Set::Gb2312),
        ROMAN,
        JISX0208_OLD,
        d(b'A', 2, Set::Latin1),
        d(b'F', 2, Set::Greek),
    ],
    shifts: false,
    g2: true,
    revised: true,
};
pub static JP_2004: Variant = Variant {
    sets: &[JISX0208, d(b'Q' | WIDE, 0, Set::Plane1), d(b'P' | WIDE, 0, Set::Plane2)],
    shifts: false,
    g2: false,
    revised: true,
};
pub static JP_3: Variant = Variant {
    sets: &[JISX0208, d(b'O' | WIDE, 0, Set::Plane1), d(b'P' | WIDE, 0, Set::Plane2)],
    shifts: false,
    g2: false,
    revised: true,
};
pub static JP_EXT: Variant = Variant {
    sets: &[JISX0208, JISX0212, ROMAN, d(b'I', 0, Set::Katakana), JISX0208_OLD],
    shifts: false,
    g2: false,
    revised: true,
};

pub fn initial(decoder: bool) -> State {
    [ASCII, ASCII, if decoder { ASCII } else { 0 }, 0, 0, 0, 0, 0]
}

/// Back to ASCII.
pub fn finish(state: &mut State, out: &mut Vec<u8>) {
    if state[FLAGS] & SHIFTED != 0 {
        out.push(0x0f);
        state[FLAGS] &= !SHIFTED;
    }
    if state[0] != ASCII {
        out.extend_from_slice(b"\x1b(B");
        state[0] = ASCII;
    }
}

/// A character of a set of two bytes, which `name`'s codec has with both high bits set.
fn wide(name: &str, lead: Option<u8>, bytes: [u8; 2]) -> Option<Found> {
    let mut input = Vec::with_capacity(3);
    input.extend(lead);
    input.extend(bytes.map(|byte| byte | 0x80));
    match table_of(name)?.decode(&input) {
        Found::Char(c, len) if len == input.len() => Some(Found::Char(c, 2)),
        Found::Pair(a, b, len) if len == input.len() => Some(Found::Pair(a, b, 2)),
        _ => None,
    }
}

impl Set {
    fn decode(&self, codec: &Codec, bytes: [u8; 2]) -> Option<Found> {
        if bytes.iter().any(|byte| byte & 0x80 != 0) {
            return None;
        }
        let single = |c: u32| Some(Found::Char(c, 1));
        match self {
            // The codecs of JIS X 0208 alone know a backslash here.
            Set::Jisx0208 if bytes == [0x21, 0x40] => Some(Found::Char(0xff3c, 2)),
            Set::Jisx0208 => wide("euc_jp", None, bytes),
            Set::Jisx0212 => wide("euc_jp", Some(0x8f), bytes),
            Set::Ksx1001 => wide("euc_kr", None, bytes),
            Set::Gb2312 => wide("gb2312", None, bytes),
            Set::Plane1 => wide(codec_table(codec), None, bytes),
            Set::Plane2 if !is_in_plane2(bytes[0]) => None,
            Set::Plane2 => wide(codec_table(codec), Some(0x8f), bytes),
            Set::Roman => match bytes[0] {
                0x5c => single(0xa5),
                0x7e => single(0x203e),
                byte => single(u32::from(byte)),
            },
            Set::Katakana => match bytes[0] {
                byte @ 0x21..=0x5f => single(0xff61 + u32::from(byte) - 0x21),
                _ => None,
            },
            Set::Latin1 => single(u32::from(bytes[0]) + 0x80),
            Set::Greek => greek(bytes[0] | 0x80).and_then(single),
        }
    }

    fn width(&self) -> usize {
        match self {
            Set::Roman | Set::Katakana | Set::Latin1 | Set::Greek => 1,
            _ => 2,
        }
    }

    /// The bytes of a character without high bits.
    fn encode(&self, codec: &Codec, c: u32) -> Option<u32> {
        let plain = |name: &str| table_of(name)?.bytes_of(c).filter(|bytes| (0xa1a1..=0xfefe).contains(bytes));
        let third = |name: &str| table_of(name)?.bytes_of(c).filter(|bytes| bytes >> 16 == 0x8f);
        let bytes = match self {
            Set::Jisx0208 if c == 0xff3c => Some(0x2140),
            Set::Jisx0208 => plain("euc_jp"),
            Set::Jisx0212 => third("euc_jp"),
            Set::Ksx1001 => plain("euc_kr"),
            Set::Gb2312 => plain("gb2312"),
            Set::Plane1 => plain(codec_table(codec)),
            // The other rows are those of JIS X 0212, which the codecs on EUC read too.
            Set::Plane2 => third(codec_table(codec)).filter(|bytes| is_in_plane2((bytes >> 8 & 0x7f) as u8)),
            Set::Roman => match c {
                0xa5 => Some(0x5c),
                0x203e => Some(0x7e),
                0..0x80 if c != 0x5c && c != 0x7e => Some(c),
                _ => None,
            },
            Set::Katakana => c.checked_sub(0xff61).filter(|index| *index < 63).map(|index| index + 0x21),
            Set::Latin1 => Some(c).filter(|c| (0xa0..0x100).contains(c)),
            Set::Greek => (0xa0..=0xfe).find(|byte| greek(*byte) == Some(c)).map(u32::from),
        };
        bytes.map(|bytes| bytes & 0x7f7f)
    }
}

/// The name of the codec whose table a variant is based on.
fn codec_table(codec: &Codec) -> &'static str {
    if codec.name == "iso2022_jp_3" { "euc_jisx0213" } else { "euc_jis_2004" }
}

/// Whether the second plane of JIS X 0213 has characters in the row that `byte` stands for.
fn is_in_plane2(byte: u8) -> bool {
    matches!(byte.wrapping_sub(0x20), 1 | 3..=5 | 8 | 12..=15 | 78..=94)
}

/// ISO 8859-7, as it was in 1987.
fn greek(byte: u8) -> Option<u32> {
    Some(match byte {
        0xa0 | 0xa3 | 0xa6..=0xa9 | 0xab..=0xad | 0xb0..=0xb3 | 0xb7 | 0xbb | 0xbd => u32::from(byte),
        0xa1 => 0x2018,
        0xa2 => 0x2019,
        0xaf => 0x2015,
        0xb4..=0xb6 | 0xb8..=0xba | 0xbc | 0xbe..=0xd1 | 0xd3..=0xfe => u32::from(byte) + 0x2d0,
        _ => return None,
    })
}

impl Variant {
    pub fn decode(&self, codec: &Codec, state: &mut State, input: &[u8]) -> Decoded {
        let Some(&first) = input.first() else { return Decoded::Incomplete };
        if state[FLAGS] & THROUGH != 0 {
            // ESC and what belongs to it, up to the final byte.
            if first.is_ascii_uppercase() || first == b'@' {
                state[FLAGS] &= !THROUGH;
            }
            return Decoded::Char(u32::from(first), 1);
        }
        match first {
            0x1b => {
                let Some(&second) = input.get(1) else { return Decoded::Incomplete };
                if matches!(second, b'(' | b')' | b'$' | b'.' | b'&') {
                    return self.escape(state, input);
                }
                if self.g2 && second == b'N' {
                    let Some(&third) = input.get(2) else { return Decoded::Incomplete };
                    if state[2] == ASCII && third < 0x80 {
                        return Decoded::Char(u32::from(third), 3);
                    }
                    let set = self.sets.iter().find(|set| set.plane == 2 && set.mark == state[2]);
                    return match set.and_then(|set| set.set.decode(codec, [third, 0])) {
                        Some(Found::Char(c, _)) => Decoded::Char(c, 3),
                        _ => Decoded::Invalid(3),
                    };
                }
                state[FLAGS] |= THROUGH;
                Decoded::Char(0x1b, 1)
            }
            0x0f if self.shifts => {
                state[FLAGS] &= !SHIFTED;
                Decoded::Silent(1)
            }
            0x0e if self.shifts => {
                state[FLAGS] |= SHIFTED;
                Decoded::Silent(1)
            }
            b'\n' => {
                state[FLAGS] &= !SHIFTED;
                Decoded::Char(u32::from(first), 1)
            }
            0..0x20 => Decoded::Char(u32::from(first), 1),
            0x80.. => Decoded::Invalid(1),
            _ => {
                let mark = state[usize::from(state[FLAGS] & SHIFTED)];
                if mark == ASCII {
                    return Decoded::Char(u32::from(first), 1);
                }
                let Some(set) = self.sets.iter().find(|set| set.mark == mark).map(|set| &set.set) else {
                    return Decoded::Invalid(1);
                };
                let width = set.width();
                if input.len() < width {
                    return Decoded::Incomplete;
                }
                let second = if width == 2 { input[1] } else { 0 };
                match set.decode(codec, [first, second]) {
                    Some(Found::Char(c, _)) => Decoded::Char(c, width),
                    Some(Found::Pair(a, b, _)) => Decoded::Pair(a, b, width),
                    _ => Decoded::Invalid(width),
                }
            }
        }
    }

    /// An escape sequence that designates a set.
    fn escape(&self, state: &mut State, input: &[u8]) -> Decoded {
        let mut len = 0;
        let mut at = 1;
        while at < 16 {
            let Some(&byte) = input.get(at) else { return Decoded::Incomplete };
            if self.revised && input[1] == b'&' && byte == b'@' && at == 2 {
                at += 2;
                continue;
            }
            if byte.is_ascii_uppercase() || byte == b'@' {
                len = at + 1;
                break;
            }
            at += 1;
        }
        let (mark, plane) = match (len, input) {
            (3, [_, b'$', mark, ..]) => (mark | WIDE, 0),
            (3, [_, b'(', mark, ..]) => (*mark, 0),
            (3, [_, b')', mark, ..]) => (*mark, 1),
            (3, [_, b'.', mark, ..]) if self.g2 => (*mark, 2),
            (4, [_, b'$', b'(', mark, ..]) => (mark | WIDE, 0),
            (4, [_, b'$', b')', mark, ..]) => (mark | WIDE, 1),
            (6, [_, b'&', b'@', 0x1b, b'$', b'B', ..]) => (b'B' | WIDE, 0),
            (0, _) => return Decoded::Invalid(1),
            _ => return Decoded::Invalid(len),
        };
        if mark != ASCII && !self.sets.iter().any(|set| set.mark == mark) {
            return Decoded::Invalid(len);
        }
        state[plane] = mark;
        Decoded::Silent(len)
    }

    pub fn encode(
        &self,
        codec: &Codec,
        state: &mut State,
        c: u32,
        next: Option<u32>,
        last: bool,
        out: &mut Vec<u8>,
    ) -> Encoded {
        if c < 0x80 {
            if state[0] != ASCII {
                out.extend_from_slice(b"\x1b(B");
                state[0] = ASCII;
            }
            if state[FLAGS] & SHIFTED != 0 {
                out.push(0x0f);
                state[FLAGS] &= !SHIFTED;
            }
            if c == 10 {
                state[FLAGS] &= !SHIFTED;
            }
            out.push(c as u8);
            return Encoded::Done(1);
        }
        let mut taken = 1;
        let mut found = None;
        if self.sets.iter().any(|set| set.set == Set::Plane1)
            && let Some(table) = table_of(codec_table(codec))
            && table.begins_pair(c)
        {
            match next.map(|next| table.bytes_of_pair(c, next)) {
                Some(Some(bytes)) => {
                    taken = 2;
                    let set = self.sets.iter().find(|set| set.set == Set::Plane1);
                    found = set.map(|set| (set, bytes & 0x7f7f));
                }
                None if !last => return Encoded::NeedMore,
                _ => {}
            }
        }
        if found.is_none() {
            found = self.sets.iter().find_map(|set| set.set.encode(codec, c).map(|bytes| (set, bytes)));
        }
        let Some((set, bytes)) = found else { return Encoded::Invalid(1) };
        let (wide, mark) = (set.mark & WIDE != 0, set.mark & !WIDE);
        match set.plane {
            0 => {
                if state[FLAGS] & SHIFTED != 0 {
                    out.push(0x0f);
                    state[FLAGS] &= !SHIFTED;
                }
                if state[0] != set.mark {
                    match (wide, mark) {
                        (false, mark) => out.extend_from_slice(&[0x1b, b'(', mark]),
                        (true, b'@' | b'B') => out.extend_from_slice(&[0x1b, b'$', mark]),
                        (true, mark) => out.extend_from_slice(&[0x1b, b'$', b'(', mark]),
                    }
                    state[0] = set.mark;
                }
            }
            1 => {
                if state[1] != set.mark {
                    out.extend_from_slice(if wide { b"\x1b$)" } else { b"\x1b)" });
                    out.push(mark);
                    state[1] = set.mark;
                }
                if state[FLAGS] & SHIFTED == 0 {
                    out.push(0x0e);
                    state[FLAGS] |= SHIFTED;
                }
            }
            // Sets in G2 are read, never written.
            _ => return Encoded::Invalid(1),
        }
        if wide {
            out.extend_from_slice(&[(bytes >> 8) as u8, bytes as u8]);
        } else {
            push_number(out, bytes);
        }
        Encoded::Done(taken)
    }
}
