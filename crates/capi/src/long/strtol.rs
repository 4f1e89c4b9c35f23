//! `PyOS_strtoul` and `PyOS_strtol`, and how far a text is a number.

use core::ffi::{c_char, c_int};

use crate::parameters::{CText, Out};

fn skip_space(text: &[u8]) -> usize {
    text.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == 0x0b).count()
}

/// The base that a prefix at the start of `text` gives, and how long the prefix is; none where no digit of that base follows.
fn prefix(text: &[u8], base: u32) -> Option<(u32, usize)> {
    let radix = match text {
        [b'0', b'x' | b'X', ..] => 16,
        [b'0', b'o' | b'O', ..] => 8,
        [b'0', b'b' | b'B', ..] => 2,
        _ => return None,
    };
    let digit = text.get(2).and_then(|&byte| (byte as char).to_digit(radix));
    (digit.is_some() && (base == 0 || base == radix)).then_some((radix, 2))
}

/// How many bytes of `text` look like an int of this base (0: by its prefix), space around it included.
pub fn int_prefix(text: &[u8], base: u32) -> usize {
    let mut at = skip_space(text);
    if matches!(text.get(at), Some(b'+' | b'-')) {
        at += 1;
    }
    let digits = at;
    let (radix, skip) = prefix(&text[at..], base).unwrap_or((if base == 0 { 10 } else { base }, 0));
    at += skip;
    let mut last = b'_';
    while let Some(&byte) = text.get(at) {
        if byte == b'_' && last == b'_' || byte != b'_' && (byte as char).to_digit(radix).is_none() {
            break;
        }
        last = byte;
        at += 1;
    }
    if at == digits + skip {
        return if skip == 0 { digits } else { at };
    }
    at + skip_space(&text[at..])
}

/// The value at the start of `text`, which has no sign, how far it reaches, and whether it is too large.
fn unsigned_prefix(text: &[u8], base: u32) -> (u64, usize, bool) {
    let mut at = skip_space(text);
    let (radix, skip) = match prefix(&text[at..], base) {
        Some(found) => found,
        // A zero alone, and not the start of an old octal number.
        None if base == 0 && text.get(at) == Some(&b'0') => {
            let zeros = text[at..].iter().take_while(|&&byte| byte == b'0').count();
            let at = at + zeros;
            return (0, if text.get(at).is_some_and(u8::is_ascii_digit) { 0 } else { at }, false);
        }
        None => (if base == 0 { 10 } else { base }, 0),
    };
    at += skip;
    let start = at;
    let (mut value, mut overflow) = (0u64, false);
    while let Some(digit) = text.get(at).and_then(|&byte| (byte as char).to_digit(radix)) {
        match value.checked_mul(radix.into()).and_then(|value| value.checked_add(digit.into())) {
            Some(next) => value = next,
            None => overflow = true,
        }
        at += 1;
    }
    (if overflow { u64::MAX } else { value }, if at == start { 0 } else { at }, overflow)
}

fn out_of_range() {
    // SAFETY: this thread's `errno`.
    unsafe { *libc::__errno_location() = libc::ERANGE };
}

/// Writes where the number ends.
fn end_at(end: Out<'_, *const c_char>, text: CText<'_>, at: usize) {
    // SAFETY: inside the string or at its end.
    end.set(unsafe { text.as_ptr().add(at) });
}

/// What `to_digit` understands.
fn valid_base(base: c_int) -> Option<u32> {
    u32::try_from(base).ok().filter(|base| *base == 0 || (2..=36).contains(base))
}

capi! {
    fn PyOS_strtoul(text: CText<'_>, end: Out<'_, *const c_char>, base: c_int) -> u64 {
        let Some(base) = valid_base(base) else {
            end_at(end, text, 0);
            return 0;
        };
        let (value, at, overflow) = unsigned_prefix(text.bytes(), base);
        if overflow {
            out_of_range();
        }
        end_at(end, text, at);
        value
    }

    fn PyOS_strtol(text: CText<'_>, end: Out<'_, *const c_char>, base: c_int) -> i64 {
        let Some(base) = valid_base(base) else {
            end_at(end, text, 0);
            return 0;
        };
        let bytes = text.bytes();
        let space = skip_space(bytes);
        let negative = bytes.get(space) == Some(&b'-');
        let start = space + matches!(bytes.get(space), Some(b'+' | b'-')) as usize;
        let (value, at, mut overflow) = unsigned_prefix(&bytes[start..], base);
        let result = match (negative, i64::try_from(value)) {
            (false, Ok(value)) => value,
            (true, Ok(value)) => -value,
            (true, Err(_)) if value == i64::MIN.unsigned_abs() => i64::MIN,
            _ => {
                overflow = true;
                i64::MAX
            }
        };
        if overflow {
            out_of_range();
        }
        end_at(end, text, if at == 0 { 0 } else { start + at });
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_text_is_an_int() {
        assert_eq!(int_prefix(b" 12 x", 10), 4);
        assert_eq!(int_prefix(b"0x1fg", 0), 4);
        assert_eq!(int_prefix(b"-x", 10), 1);
        assert_eq!(int_prefix(b"1__2", 10), 2);
    }

    #[test]
    fn unsigned_prefixes() {
        assert_eq!(unsigned_prefix(b"0x1f,", 0), (31, 4, false));
        assert_eq!(unsigned_prefix(b"00", 0), (0, 2, false));
        assert_eq!(unsigned_prefix(b"012", 0), (0, 0, false));
        assert_eq!(unsigned_prefix(b"99999999999999999999", 10), (u64::MAX, 20, true));
    }
}
