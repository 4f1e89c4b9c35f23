//! Properties and case of bytes: ASCII alone, whatever the locale.
//!
//! CPython: `Objects/bytes_methods.c`, `Python/pyctype.c`.

/// White space as `bytes.split` sees it, vertical tab included.
#[inline(always)]
pub fn is_space(byte: u8) -> bool {
    matches!(byte, 9..=13 | 32)
}

/// Not empty, and `test` holds for every byte.
pub fn all(data: &[u8], test: impl Fn(u8) -> bool) -> bool {
    !data.is_empty() && data.iter().all(|&byte| test(byte))
}

pub fn is_lower(data: &[u8]) -> bool {
    let mut cased = false;
    for byte in data {
        if byte.is_ascii_uppercase() {
            return false;
        }
        cased |= byte.is_ascii_lowercase();
    }
    cased
}

pub fn is_upper(data: &[u8]) -> bool {
    let mut cased = false;
    for byte in data {
        if byte.is_ascii_lowercase() {
            return false;
        }
        cased |= byte.is_ascii_uppercase();
    }
    cased
}

pub fn is_title(data: &[u8]) -> bool {
    let (mut cased, mut in_word) = (false, false);
    for byte in data {
        if byte.is_ascii_uppercase() {
            if in_word {
                return false;
            }
            (cased, in_word) = (true, true);
        } else if byte.is_ascii_lowercase() {
            if !in_word {
                return false;
            }
            cased = true;
        } else {
            in_word = false;
        }
    }
    cased
}

pub fn lower(data: &mut [u8]) {
    data.make_ascii_lowercase();
}

pub fn upper(data: &mut [u8]) {
    data.make_ascii_uppercase();
}

pub fn swapcase(data: &mut [u8]) {
    data.iter_mut().filter(|byte| byte.is_ascii_alphabetic()).for_each(|byte| *byte ^= 0x20);
}

pub fn capitalize(data: &mut [u8]) {
    data.make_ascii_lowercase();
    if let Some(first) = data.first_mut() {
        first.make_ascii_uppercase();
    }
}

pub fn title(data: &mut [u8]) {
    let mut in_word = false;
    for byte in data {
        if in_word {
            byte.make_ascii_lowercase();
        } else {
            byte.make_ascii_uppercase();
        }
        in_word = byte.is_ascii_alphabetic();
    }
}
