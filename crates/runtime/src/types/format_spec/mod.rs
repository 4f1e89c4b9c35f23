//! The format mini-language of `format()`: what `str`, `int`, `float` and `complex` share.
//!
//! `parse` reads a specification with CPython's checks and messages; `layout` turns signs, digits and separators
//! into padded text. Both are free of objects but for the strings: text comes as code points and goes out as [`Text`]. CPython:
//! `Python/formatter_unicode.c`.

mod layout;
mod number;
mod parse;

pub use layout::{Field, Locale, Text, group};
pub use number::{format_complex, format_float, format_integer};
pub use parse::{Align, Spec, TypeName, parse, parse_str};

use super::int::digits::Stop;

/// Why a value cannot be formatted.
#[derive(Debug, PartialEq, Eq)]
pub enum FormatError {
    /// ValueError with this message.
    Value(String),
    /// OverflowError with this message.
    Overflow(String),
    /// MemoryError, or an interruption.
    Stop(Stop),
}

impl From<Stop> for FormatError {
    fn from(stop: Stop) -> Self {
        FormatError::Stop(stop)
    }
}

/// A code point as messages quote it: itself, or `\x` and its number outside printable ASCII.
fn quoted(c: u32) -> String {
    match c {
        33..=127 => (c as u8 as char).to_string(),
        _ => format!("\\x{c:x}"),
    }
}

/// "Unknown format code ..." for a type that does not know `code`.
pub fn unknown_code(code: u32, type_name: &dyn core::fmt::Display) -> FormatError {
    FormatError::Value(format!("Unknown format code '{}' for object of type '{type_name}'", quoted(code)))
}

#[cfg(test)]
mod tests;
