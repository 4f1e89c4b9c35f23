//! The codecs themselves: one character at a time, in either direction, over a state of eight bytes.
//!
//! CPython: `Modules/cjkcodecs/_codecs_*.c`.

use std::sync::OnceLock;

use super::gb18030_ranges::RANGES;
use super::iso2022;
use super::table::{Found, Table};

/// What a stateful codec remembers; all zero for the others.
pub type State = [u8; 8];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// All is in the table.
    Plain,
    /// With Hangul that is spelled out in eight bytes.
    EucKr,
    Gb18030,
    Hz,
    Iso2022(&'static iso2022::Variant),
}

pub struct Codec {
    pub name: &'static str,
    pub kind: Kind,
    packed: &'static [u8],
    table: OnceLock<Table>,
}

/// What a decoder made of the beginning of its input.
pub enum Decoded {
    Char(u32, usize),
    Pair(u32, u32, usize),
    /// Nothing to see: the state has changed.
    Silent(usize),
    Incomplete,
    Invalid(usize),
}

/// What an encoder made of the beginning of its input.
pub enum Encoded {
    /// That many characters are written.
    Done(usize),
    /// The next character decides.
    NeedMore,
    Invalid(usize),
}

macro_rules! codecs {
    ($($name:literal $kind:expr, $file:literal;)*) => {
        /// All codecs.
        pub static CODECS: [Codec; 24] = [$(Codec {
            name: $name,
            kind: $kind,
            packed: include_bytes!(concat!("tables/", $file, ".bin")),
            table: OnceLock::new(),
        }),*];
    };
}

codecs! {
    "gb2312" Kind::Plain, "gb2312";
    "gbk" Kind::Plain, "gbk";
    "gb18030" Kind::Gb18030, "gb18030";
    "hz" Kind::Hz, "gb2312";
    "big5hkscs" Kind::Plain, "big5hkscs";
    "cp949" Kind::Plain, "cp949";
    "euc_kr" Kind::EucKr, "euc_kr";
    "johab" Kind::Plain, "johab";
    "shift_jis" Kind::Plain, "shift_jis";
    "cp932" Kind::Plain, "cp932";
    "euc_jp" Kind::Plain, "euc_jp";
    "shift_jis_2004" Kind::Plain, "shift_jis_2004";
    "shift_jisx0213" Kind::Plain, "shift_jisx0213";
    "euc_jis_2004" Kind::Plain, "euc_jis_2004";
    "euc_jisx0213" Kind::Plain, "euc_jisx0213";
    "big5" Kind::Plain, "big5";
    "cp950" Kind::Plain, "cp950";
    "iso2022_kr" Kind::Iso2022(&iso2022::KR), "euc_kr";
    "iso2022_jp" Kind::Iso2022(&iso2022::JP), "euc_jp";
    "iso2022_jp_1" Kind::Iso2022(&iso2022::JP_1), "euc_jp";
    "iso2022_jp_2" Kind::Iso2022(&iso2022::JP_2), "euc_jp";
    "iso2022_jp_2004" Kind::Iso2022(&iso2022::JP_2004), "euc_jis_2004";
    "iso2022_jp_3" Kind::Iso2022(&iso2022::JP_3), "euc_jisx0213";
    "iso2022_jp_ext" Kind::Iso2022(&iso2022::JP_EXT), "euc_jp";
}

pub fn codec_named(name: &str) -> Option<&'static Codec> {
    CODECS.iter().find(|codec| codec.name == name)
}

/// The table of a codec that another one uses too.
pub fn table_of(name: &str) -> Option<&'static Table> {
    codec_named(name).map(Codec::table)
}

/// Appends the bytes of a number, the high ones first.
pub fn push_number(out: &mut Vec<u8>, number: u32) {
    let bytes = number.to_be_bytes();
    let skip = (number.leading_zeros() as usize / 8).min(3);
    out.extend_from_slice(&bytes[skip..]);
}

impl Codec {
    pub fn table(&self) -> &Table {
        self.table.get_or_init(|| Table::load(self.packed))
    }

    /// The state at the beginning, of an encoder or a decoder.
    pub fn initial(&self, decoder: bool) -> State {
        match self.kind {
            Kind::Iso2022(_) => iso2022::initial(decoder),
            _ => [0; 8],
        }
    }

    /// Reads one character at the beginning of `input`, which is not empty.
    pub fn decode(&self, state: &mut State, input: &[u8]) -> Decoded {
        match self.kind {
            Kind::Plain => self.decode_plain(input),
            Kind::EucKr => {
                if let [0xa4, 0xd4, rest @ ..] = input {
                    return decode_spelled_hangul(rest);
                }
                self.decode_plain(input)
            }
            Kind::Gb18030 => decode_gb18030(self, input),
            Kind::Hz => decode_hz(self, state, input),
            Kind::Iso2022(variant) => variant.decode(self, state, input),
        }
    }

    fn decode_plain(&self, input: &[u8]) -> Decoded {
        match self.table().decode(input) {
            Found::Char(c, len) => Decoded::Char(c, len),
            Found::Pair(first, second, len) => Decoded::Pair(first, second, len),
            Found::Incomplete => Decoded::Incomplete,
            Found::Nothing => Decoded::Invalid(1),
        }
    }

    /// Writes one character, or two that belong together; `last` says that no more will come.
    pub fn encode(&self, state: &mut State, c: u32, next: Option<u32>, last: bool, out: &mut Vec<u8>) -> Encoded {
        match self.kind {
            Kind::Hz => encode_hz(self, state, c, out),
            Kind::Iso2022(variant) => variant.encode(self, state, c, next, last, out),
            kind => {
                if c == 0 {
                    out.push(0);
                    return Encoded::Done(1);
                }
                let table = self.table();
                if table.begins_pair(c) {
                    match next.map(|next| table.bytes_of_pair(c, next)) {
                        Some(Some(bytes)) => {
                            push_number(out, bytes);
                            return Encoded::Done(2);
                        }
                        Some(None) => {}
                        None if last => {}
                        None => return Encoded::NeedMore,
                    }
                }
                match table.bytes_of(c) {
                    Some(bytes) => push_number(out, bytes),
                    None if kind == Kind::EucKr && (0xac00..0xd7a4).contains(&c) => spell_hangul(c, out),
                    None if kind == Kind::Gb18030 => return encode_gb18030(c, out),
                    None => return Encoded::Invalid(1),
                }
                Encoded::Done(1)
            }
        }
    }

    /// Writes what brings the state back to the beginning.
    pub fn finish(&self, state: &mut State, out: &mut Vec<u8>) {
        match self.kind {
            Kind::Hz if state[0] != 0 => {
                out.extend_from_slice(b"~}");
                state[0] = 0;
            }
            Kind::Iso2022(_) => iso2022::finish(state, out),
            _ => {}
        }
    }

    /// What a decoder's state becomes when it is reset.
    pub fn reset_decoder(&self, state: &mut State) {
        match self.kind {
            Kind::Hz => state[0] = 0,
            Kind::Iso2022(_) => *state = iso2022::initial(true),
            _ => {}
        }
    }
}

// ---- Hangul in eight bytes ----

const INITIALS: [u8; 19] =
    [0xa1, 0xa2, 0xa4, 0xa7, 0xa8, 0xa9, 0xb1, 0xb2, 0xb3, 0xb5, 0xb6, 0xb7, 0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe];
const FINALS: [u8; 28] = [
    0xd4, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf, 0xb0, 0xb1, 0xb2, 0xb4,
    0xb5, 0xb6, 0xb7, 0xb8, 0xba, 0xbb, 0xbc, 0xbd, 0xbe,
];

/// What follows the filler `A4 D4`: initial, vowel and final, each behind an `A4`.
fn decode_spelled_hangul(rest: &[u8]) -> Decoded {
    let [a, initial, b, vowel, c, last, ..] = rest else { return Decoded::Incomplete };
    if [*a, *b, *c] != [0xa4; 3] {
        return Decoded::Invalid(1);
    }
    let initial = INITIALS.iter().position(|byte| byte == initial);
    let vowel = vowel.checked_sub(0xbf).filter(|vowel| *vowel < 21);
    let last = FINALS.iter().position(|byte| byte == last);
    match (initial, vowel, last) {
        (Some(initial), Some(vowel), Some(last)) => {
            Decoded::Char(0xac00 + (initial as u32 * 21 + u32::from(vowel)) * 28 + last as u32, 8)
        }
        _ => Decoded::Invalid(1),
    }
}

fn spell_hangul(c: u32, out: &mut Vec<u8>) {
    let index = (c - 0xac00) as usize;
    let (initial, vowel, last) = (INITIALS[index / 588], 0xbf + (index / 28 % 21) as u8, FINALS[index % 28]);
    out.extend_from_slice(&[0xa4, 0xd4, 0xa4, initial, 0xa4, vowel, 0xa4, last]);
}

// ---- GB 18030 ----

fn decode_gb18030(codec: &Codec, input: &[u8]) -> Decoded {
    let [first @ 0x81..=0xfe, 0x30..=0x39, ..] = input else { return codec.decode_plain(input) };
    let [_, second, third, fourth, ..] = input else { return Decoded::Incomplete };
    if !(0x81..=0xfe).contains(third) || !(0x30..=0x39).contains(fourth) {
        return Decoded::Invalid(1);
    }
    let tail = u32::from(second - 0x30) * 1260 + u32::from(third - 0x81) * 10 + u32::from(fourth - 0x30);
    if *first < 0x90 {
        let number = u32::from(first - 0x81) * 12600 + tail;
        let range = RANGES.iter().find(|(_, start, count)| (*start..start + count).contains(&number));
        return match range {
            Some((c, start, _)) => Decoded::Char(c + number - start, 4),
            None => Decoded::Invalid(1),
        };
    }
    match u32::from(first - 0x90) * 12600 + tail {
        number @ 0..0x10_0000 => Decoded::Char(0x10000 + number, 4),
        _ => Decoded::Invalid(1),
    }
}

fn encode_gb18030(c: u32, out: &mut Vec<u8>) -> Encoded {
    let (number, base) = if c >= 0x10000 {
        (c - 0x10000, 0x90)
    } else {
        let range = RANGES.iter().find(|(first, _, count)| (*first..first + count).contains(&c));
        match range {
            Some((first, start, _)) => (start + c - first, 0x81),
            None => return Encoded::Invalid(1),
        }
    };
    out.extend_from_slice(&[
        base + (number / 12600) as u8,
        0x30 + (number / 1260 % 10) as u8,
        0x81 + (number / 10 % 126) as u8,
        0x30 + (number % 10) as u8,
    ]);
    Encoded::Done(1)
}

// ---- HZ: GB 2312 between `~{` and `~}`; the first byte of the state says that it is on ----

fn decode_hz(codec: &Codec, state: &mut State, input: &[u8]) -> Decoded {
    let Some(&first) = input.first() else { return Decoded::Incomplete };
    if first == b'~' {
        let Some(&second) = input.get(1) else { return Decoded::Incomplete };
        return match (second, state[0]) {
            (b'~', 0) => Decoded::Char(u32::from(b'~'), 2),
            (b'{', 0) => {
                state[0] = 1;
                Decoded::Silent(2)
            }
            (b'\n', 0) => Decoded::Silent(2),
            (b'}', 1) => {
                state[0] = 0;
                Decoded::Silent(2)
            }
            _ => Decoded::Invalid(1),
        };
    }
    if first & 0x80 != 0 {
        return Decoded::Invalid(1);
    }
    if state[0] == 0 {
        return Decoded::Char(u32::from(first), 1);
    }
    let Some(&second) = input.get(1) else { return Decoded::Incomplete };
    match codec.table().decode(&[first | 0x80, second | 0x80]) {
        Found::Char(c, 2) if second & 0x80 == 0 => Decoded::Char(c, 2),
        _ => Decoded::Invalid(1),
    }
}

fn encode_hz(codec: &Codec, state: &mut State, c: u32, out: &mut Vec<u8>) -> Encoded {
    if c < 0x80 {
        if state[0] != 0 {
            out.extend_from_slice(b"~}");
            state[0] = 0;
        }
        if c == u32::from(b'~') {
            out.push(b'~');
        }
        out.push(c as u8);
        return Encoded::Done(1);
    }
    let Some(bytes) = codec.table().bytes_of(c).filter(|bytes| *bytes >= 0x100) else { return Encoded::Invalid(1) };
    if state[0] == 0 {
        out.extend_from_slice(b"~{");
        state[0] = 1;
    }
    push_number(out, bytes & 0x7f7f);
    Encoded::Done(1)
}
