//! `format()` of integers, floats and complex numbers, given a parsed specification.

use core::fmt::Display;

use super::layout::{Field, Locale, Text, pad};
use super::parse::{Align, Spec};
use super::{FormatError, unknown_code};
use crate::types::float::text::{self, Flags};

fn value_error(message: &str) -> FormatError {
    FormatError::Value(message.into())
}

/// The character of a specification's code, 0 when it is not ASCII.
fn code_of(spec: &Spec) -> u8 {
    u8::try_from(spec.code).ok().filter(u8::is_ascii).unwrap_or(0xff)
}

/// Formats an integer. `digits(base)` gives the digits of its absolute value in lower case; `character()` its value as a
/// code point for `c`. The codes of floats are the caller's.
pub fn format_integer(
    spec: &Spec,
    negative: bool,
    digits: impl FnOnce(u32) -> Result<String, FormatError>,
    character: impl FnOnce() -> Result<u32, FormatError>,
) -> Result<Text, FormatError> {
    if spec.precision.is_some() {
        return Err(value_error("Precision not allowed in integer format specifier"));
    }
    if spec.no_negative_zero {
        return Err(value_error("Negative zero coercion (z) not allowed in integer format specifier"));
    }
    let code = code_of(spec);
    if code == b'c' {
        if spec.sign != 0 {
            return Err(value_error("Sign not allowed with integer format specifier 'c'"));
        }
        if spec.alternate {
            return Err(value_error("Alternate form (#) not allowed with integer format specifier 'c'"));
        }
        let c = character()?;
        return match char::from_u32(c) {
            Some(c) => Ok(pad(c.encode_utf8(&mut [0; 4]), 0, spec)?),
            None => {
                // A surrogate: pad a stand-in, then put it in place.
                let wide = Spec { fill: 0xd800, ..spec.clone() };
                let padded = pad("\0", 0, &wide)?;
                let Text::CodePoints(mut points) = padded else { return Ok(padded) };
                for p in &mut points {
                    *p = if *p == 0 { c } else { spec.fill };
                }
                Ok(Text::CodePoints(points))
            }
        };
    }
    let (base, prefix) = match code {
        b'b' => (2, "0b"),
        b'o' => (8, "0o"),
        b'x' => (16, "0x"),
        b'X' => (16, "0X"),
        _ => (10, ""),
    };
    let mut digits = digits(base)?;
    if code == b'X' {
        digits.make_ascii_uppercase();
    }
    let locale =
        if code == b'n' { Locale::current() } else { Locale::fixed(spec.thousands, if base == 10 { 3 } else { 4 }) };
    let field =
        Field { negative, prefix: if spec.alternate { prefix } else { "" }, digits: &digits, ..Field::default() };
    let (body, padding_at) = field.render(spec, &locale)?;
    Ok(pad(&body, padding_at, spec)?)
}

/// Code for the text of a float, its precision and flags.
fn float_style(spec: &Spec, type_name: &dyn Display, percent: bool) -> Result<(u8, usize, Flags), FormatError> {
    let code = code_of(spec);
    match code {
        0 | b'e' | b'E' | b'f' | b'F' | b'g' | b'G' | b'n' => {}
        b'%' if percent => {}
        _ => return Err(unknown_code(spec.code, type_name)),
    }
    if spec.precision.is_some_and(|p| p > i32::MAX as usize) {
        return Err(value_error("precision too big"));
    }
    let flags = Flags { alternate: spec.alternate, no_negative_zero: spec.no_negative_zero, ..Flags::default() };
    Ok(match (code, spec.precision) {
        (0, None) => (b'r', 0, flags),
        (0, Some(p)) => (b'g', p, flags),
        (b'n', p) => (b'g', p.unwrap_or(6), flags),
        (b'%', p) => (b'f', p.unwrap_or(6), flags),
        (code, p) => (code, p.unwrap_or(6), flags),
    })
}

/// Formats a float; also an integer with one of the codes of floats.
pub fn format_float(spec: &Spec, value: f64, type_name: &dyn Display) -> Result<Text, FormatError> {
    let (code, precision, mut flags) = float_style(spec, type_name, true)?;
    flags.add_dot_0 = spec.code == 0;
    let percent = spec.code == '%' as u32;
    let value = if percent { value * 100.0 } else { value };
    let mut text = text::format(value, code, precision, flags)?;
    if percent {
        text.push('%');
    }
    if spec.sign != b'+'
        && spec.sign != b' '
        && spec.width.is_none()
        && spec.thousands.is_none()
        && spec.fraction.is_none()
        && spec.code != 'n' as u32
    {
        return Ok(Text::Utf8(text));
    }
    let locale = if spec.code == 'n' as u32 { Locale::current() } else { Locale::fixed(spec.thousands, 3) };
    let (body, padding_at) = Field::of_float(&text).render(spec, &locale)?;
    Ok(pad(&body, padding_at, spec)?)
}

/// Formats a complex number.
pub fn format_complex(spec: &Spec, real: f64, imag: f64, type_name: &dyn Display) -> Result<Text, FormatError> {
    let (code, precision, flags) = float_style(spec, type_name, false)?;
    if spec.fill == '0' as u32 {
        return Err(value_error("Zero padding is not allowed in complex format specifier"));
    }
    if spec.align == Align::AfterSign {
        return Err(value_error("'=' alignment flag is not allowed in complex format specifier"));
    }
    let skip_real = spec.code == 0 && real == 0.0 && real.is_sign_positive();
    let parentheses = spec.code == 0 && !skip_real;
    let locale = if spec.code == 'n' as u32 { Locale::current() } else { Locale::fixed(spec.thousands, 3) };
    let mut part = Spec { fill: 0, align: Align::Left, width: None, ..spec.clone() };
    let mut body = String::new();
    if parentheses {
        body.push('(');
    }
    if !skip_real {
        let text = text::format(real, code, precision, flags)?;
        body.push_str(&Field::of_float(&text).render(&part, &locale)?.0);
        part.sign = b'+';
    }
    let text = text::format(imag, code, precision, flags)?;
    body.push_str(&Field::of_float(&text).render(&part, &locale)?.0);
    body.push('j');
    if parentheses {
        body.push(')');
    }
    Ok(pad(&body, 0, spec)?)
}
