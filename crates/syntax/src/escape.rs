//! The values of string and bytes literals: escape sequences, and what is wrong with them.

use crate::options::CharacterNames;

/// A decoded literal.
pub(crate) struct Decoded {
    pub bytes: Vec<u8>,
    /// The index of the character behind the first backslash that begins no escape sequence, or of the first digit
    /// of an octal escape above 255.
    pub invalid: Option<usize>,
}

/// Decodes the escapes of a text literal into WTF-8. The error is the text of the exception that the codec raises.
pub(crate) fn decode_text(body: &str, names: Option<CharacterNames<'_>>) -> Result<Decoded, String> {
    let src = body.as_bytes();
    let mut out = Decoded { bytes: Vec::with_capacity(src.len()), invalid: None };
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &src[at..]) {
        out.bytes.extend_from_slice(&src[at..at + found]);
        let backslash = at + found;
        at = backslash + 1;
        let Some(&c) = src.get(at) else {
            out.bytes.push(b'\\');
            break;
        };
        at += 1;
        if let Some(plain) = simple_escape(c) {
            out.bytes.extend(plain);
            continue;
        }
        match c {
            b'0'..=b'7' => {
                let (value, len) = octal(&src[at - 1..]);
                if value > 0o377 && out.invalid.is_none() {
                    out.invalid = Some(at - 1);
                }
                at += len - 1;
                push_code_point(&mut out.bytes, value);
            }
            b'x' | b'u' | b'U' => {
                let (count, name) = match c {
                    b'x' => (2, "\\xXX"),
                    b'u' => (4, "\\uXXXX"),
                    _ => (8, "\\UXXXXXXXX"),
                };
                let digits = src[at..].iter().take(count).take_while(|b| b.is_ascii_hexdigit()).count();
                if digits < count {
                    return Err(codec_error(src, backslash, at + digits, &format!("truncated {name} escape")));
                }
                let value =
                    src[at..at + count].iter().fold(0u32, |n, d| n << 4 | (*d as char).to_digit(16).unwrap_or(0));
                at += count;
                if value > 0x10FFFF {
                    return Err(codec_error(src, backslash, at, "illegal Unicode character"));
                }
                push_code_point(&mut out.bytes, value);
            }
            b'N' => {
                let malformed = "malformed \\N character escape";
                if src.get(at) != Some(&b'{') {
                    return Err(codec_error(src, backslash, at, malformed));
                }
                let Some(len) = memchr::memchr(b'}', &src[at + 1..]) else {
                    return Err(codec_error(src, backslash, src.len(), malformed));
                };
                if len == 0 {
                    return Err(codec_error(src, backslash, at + 1, malformed));
                }
                let name = &body[at + 1..at + 1 + len];
                at += len + 2;
                match names.and_then(|find| find(name)) {
                    Some(found) => push_code_point(&mut out.bytes, found as u32),
                    None => return Err(codec_error(src, backslash, at, "unknown Unicode character name")),
                }
            }
            _ => {
                // A backslash before another character stays. Before a non-ASCII one that causes no warning.
                if out.invalid.is_none() && c < 0x80 {
                    out.invalid = Some(at - 1);
                }
                out.bytes.push(b'\\');
                at -= 1;
                if c < 0x80 {
                    out.bytes.push(c);
                    at += 1;
                }
            }
        }
    }
    if at < src.len() {
        out.bytes.extend_from_slice(&src[at..]);
    }
    Ok(out)
}

/// Decodes the escapes of a bytes literal.
pub(crate) fn decode_bytes(src: &[u8]) -> Result<Decoded, String> {
    let mut out = Decoded { bytes: Vec::with_capacity(src.len()), invalid: None };
    let mut at = 0;
    while let Some(found) = memchr::memchr(b'\\', &src[at..]) {
        out.bytes.extend_from_slice(&src[at..at + found]);
        let backslash = at + found;
        at = backslash + 1;
        let Some(&c) = src.get(at) else {
            return Err("Trailing \\ in string".to_string());
        };
        at += 1;
        if let Some(plain) = simple_escape(c) {
            out.bytes.extend(plain);
            continue;
        }
        match c {
            b'0'..=b'7' => {
                let (value, len) = octal(&src[at - 1..]);
                if value > 0o377 && out.invalid.is_none() {
                    out.invalid = Some(at - 1);
                }
                at += len - 1;
                out.bytes.push(value as u8);
            }
            b'x' => match src.get(at..at + 2) {
                Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {
                    let digit = |d: u8| (d as char).to_digit(16).unwrap_or(0) as u8;
                    out.bytes.push(digit(*a) << 4 | digit(*b));
                    at += 2;
                }
                _ => return Err(format!("invalid \\x escape at position {backslash}")),
            },
            _ => {
                if out.invalid.is_none() {
                    out.invalid = Some(at - 1);
                }
                out.bytes.extend([b'\\', c]);
            }
        }
    }
    if at < src.len() {
        out.bytes.extend_from_slice(&src[at..]);
    }
    Ok(out)
}

/// What a one-letter escape stands for; nothing for a backslash at the end of a line.
fn simple_escape(c: u8) -> Option<Option<u8>> {
    Some(Some(match c {
        b'\n' => return Some(None),
        b'\\' | b'\'' | b'"' => c,
        b'a' => 7,
        b'b' => 8,
        b'f' => 12,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 11,
        _ => return None,
    }))
}

/// Up to three octal digits: their value and number.
fn octal(src: &[u8]) -> (u32, usize) {
    let digits = src.iter().take(3).take_while(|b| matches!(b, b'0'..=b'7'));
    digits.fold((0, 0), |(value, len), d| (value * 8 + u32::from(d - b'0'), len + 1))
}

/// Appends a code point, lone surrogates included.
fn push_code_point(out: &mut Vec<u8>, code: u32) {
    match char::from_u32(code) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend([0xE0 | (code >> 12) as u8, 0x80 | (code >> 6 & 0x3F) as u8, 0x80 | (code & 0x3F) as u8]),
    }
}

/// The message of the `unicodeescape` codec for `src[from..to]`. Its positions are those in a form of the text in which
/// each non-ASCII character is written as an escape of ten bytes.
fn codec_error(src: &[u8], from: usize, to: usize, reason: &str) -> String {
    let place = |until: usize| {
        let mut position = 0;
        for (i, b) in src[..until].iter().enumerate() {
            position += match b {
                // A backslash before a non-ASCII character is escaped in that form as well.
                b'\\' if src.get(i + 1).is_some_and(|n| *n >= 0x80) => 6,
                0..0x80 => 1,
                0x80..0xC0 => 0,
                _ => 10,
            };
        }
        position
    };
    let (from, to) = (place(from), place(to));
    if to == from + 1 {
        format!("'unicodeescape' codec can't decode byte 0x5c in position {from}: {reason}")
    } else {
        format!("'unicodeescape' codec can't decode bytes in position {from}-{}: {reason}", to - 1)
    }
}
