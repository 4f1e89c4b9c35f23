//! Strings as JSON text: quotes, backslashes and control characters are escaped, and for `ensure_ascii` all that is not
//! printable ASCII.

use taipan_runtime::prelude::*;
use taipan_runtime::types::str::StrData;

use super::text::Text;

const HEX: &[u8; 16] = b"0123456789abcdef";

/// A character as wide as the string's storage.
pub trait Char: Copy + Into<u32> {
    /// The characters as the data of a string.
    fn data(chars: &[Self]) -> StrData<'_>;

    /// Appends characters that need no escape; with `ASCII` they all are ASCII.
    fn push<const ASCII: bool>(chars: &[Self], out: &mut Text) -> PyResult<()>;
}

impl Char for u8 {
    fn data(chars: &[u8]) -> StrData<'_> {
        StrData::Ucs1(chars)
    }

    #[inline(always)]
    fn push<const ASCII: bool>(chars: &[u8], out: &mut Text) -> PyResult<()> {
        if ASCII {
            // SAFETY: the caller says so.
            return unsafe { out.push_bytes(chars) };
        }
        out.push_data(StrData::Ucs1(chars))
    }
}

macro_rules! wide_char {
    ($ty:ty, $kind:ident) => {
        impl Char for $ty {
            fn data(chars: &[$ty]) -> StrData<'_> {
                StrData::$kind(chars)
            }

            fn push<const ASCII: bool>(chars: &[$ty], out: &mut Text) -> PyResult<()> {
                if ASCII {
                    return chars.iter().try_for_each(|&c| out.push_byte(c as u8));
                }
                out.push_data(StrData::$kind(chars))
            }
        }
    };
}

wide_char!(u16, Ucs2);
wide_char!(u32, Ucs4);

/// Whether a character cannot stand for itself.
#[inline(always)]
fn needs_escape<const ASCII: bool>(c: u32) -> bool {
    let always = (c < 0x20) | (c == b'"' as u32) | (c == b'\\' as u32);
    if ASCII { always | (c > b'~' as u32) } else { always }
}

/// How many characters from the start need no escape. Whole blocks are looked at without a branch per character.
#[inline]
fn plain_prefix<const ASCII: bool, C: Char>(chars: &[C]) -> usize {
    const BLOCK: usize = 16;
    let mut blocks = chars.chunks_exact(BLOCK);
    let mut at = 0;
    for block in blocks.by_ref() {
        if block.iter().fold(false, |any, &c| any | needs_escape::<ASCII>(c.into())) {
            break;
        }
        at += BLOCK;
    }
    at + chars[at..].iter().take_while(|&&c| !needs_escape::<ASCII>(c.into())).count()
}

fn push_unit(out: &mut Text, unit: u32) -> PyResult<()> {
    let digit = |shift: u32| HEX[(unit >> shift & 15) as usize];
    // SAFETY: digits.
    unsafe { out.push_bytes(&[b'\\', b'u', digit(12), digit(8), digit(4), digit(0)]) }
}

#[cold]
fn push_escape(out: &mut Text, c: u32) -> PyResult<()> {
    match c {
        0x22 => out.push_ascii("\\\""),
        0x5c => out.push_ascii("\\\\"),
        0x08 => out.push_ascii("\\b"),
        0x0c => out.push_ascii("\\f"),
        0x0a => out.push_ascii("\\n"),
        0x0d => out.push_ascii("\\r"),
        0x09 => out.push_ascii("\\t"),
        0x1_0000.. => {
            push_unit(out, 0xd800 + ((c - 0x1_0000) >> 10))?;
            push_unit(out, 0xdc00 + (c & 0x3ff))
        }
        c => push_unit(out, c),
    }
}

fn push_chars<const ASCII: bool, C: Char>(chars: &[C], out: &mut Text) -> PyResult<()> {
    out.push_byte(b'"')?;
    let mut rest = chars;
    loop {
        let plain = plain_prefix::<ASCII, C>(rest);
        C::push::<ASCII>(&rest[..plain], out)?;
        let Some(&c) = rest.get(plain) else { break };
        push_escape(out, c.into())?;
        rest = &rest[plain + 1..];
    }
    out.push_byte(b'"')
}

/// Appends a string in quotes.
pub fn push_quoted(string: &Ref<Str>, ascii: bool, out: &mut Text) -> PyResult<()> {
    match (string.data(), ascii) {
        (StrData::Ucs1(chars), true) => push_chars::<true, u8>(chars, out),
        (StrData::Ucs2(chars), true) => push_chars::<true, u16>(chars, out),
        (StrData::Ucs4(chars), true) => push_chars::<true, u32>(chars, out),
        (StrData::Ucs1(chars), false) => push_chars::<false, u8>(chars, out),
        (StrData::Ucs2(chars), false) => push_chars::<false, u16>(chars, out),
        (StrData::Ucs4(chars), false) => push_chars::<false, u32>(chars, out),
    }
}

pub fn quoted(string: &Ref<Str>, ascii: bool) -> PyResult<Ref<Str>> {
    let mut out = Text::new();
    push_quoted(string, ascii, &mut out)?;
    out.finish()
}
