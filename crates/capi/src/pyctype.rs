//! `pyctype.h` and `pystrcmp.h`: character classes and comparison of ASCII, whatever the locale.

use core::ffi::{c_char, c_int, c_uchar, c_uint};

const LOWER: c_uint = 0x01;
const UPPER: c_uint = 0x02;
const DIGIT: c_uint = 0x04;
const XDIGIT: c_uint = 0x10;
const SPACE: c_uint = 0x08;

const fn class(byte: u8) -> c_uint {
    match byte {
        b'0'..=b'9' => DIGIT | XDIGIT,
        b'a'..=b'f' => LOWER | XDIGIT,
        b'A'..=b'F' => UPPER | XDIGIT,
        b'g'..=b'z' => LOWER,
        b'G'..=b'Z' => UPPER,
        b'\t'..=b'\r' | b' ' => SPACE,
        _ => 0,
    }
}

const fn lower(byte: u8) -> u8 {
    byte.to_ascii_lowercase()
}

const fn upper(byte: u8) -> u8 {
    byte.to_ascii_uppercase()
}

const fn ascii_space(byte: u8) -> u8 {
    matches!(byte, b'\t'..=b'\r' | 0x1c..=b' ') as u8
}

macro_rules! tables {
    ($($(#[$meta:meta])* $name:ident: [$type:ty; $size:literal] = $value:ident;)*) => {$(
        $(#[$meta])*
        #[unsafe(no_mangle)]
        pub static $name: [$type; $size] = {
            let mut table = [0; $size];
            let mut byte = 0;
            while byte < $size {
                table[byte] = $value(byte as u8);
                byte += 1;
            }
            table
        };
    )*};
}

tables! {
    _Py_ctype_table: [c_uint; 256] = class;
    _Py_ctype_tolower: [c_uchar; 256] = lower;
    _Py_ctype_toupper: [c_uchar; 256] = upper;
    /// What `str.split` takes for space, of ASCII.
    _Py_ascii_whitespace: [c_uchar; 128] = ascii_space;
}

/// Compares C strings without regard to the case of ASCII letters, `limit` bytes at most.
///
/// # Safety
/// Both are C strings.
unsafe fn compare(a: *const c_char, b: *const c_char, limit: usize) -> c_int {
    for at in 0..limit {
        // SAFETY: neither string has ended before `at`.
        let (x, y) = unsafe { (lower(*a.add(at) as u8), lower(*b.add(at) as u8)) };
        if x != y || x == 0 {
            return c_int::from(x) - c_int::from(y);
        }
    }
    0
}

capi! {
    fn PyOS_mystricmp(a: *const c_char, b: *const c_char) -> c_int {
        // SAFETY: both are C strings.
        unsafe { compare(a, b, usize::MAX) }
    }

    fn PyOS_mystrnicmp(a: *const c_char, b: *const c_char, size: isize) -> c_int {
        // SAFETY: both are C strings, or of that size.
        unsafe { compare(a, b, size.max(0) as usize) }
    }
}
