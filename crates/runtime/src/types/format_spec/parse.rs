//! `[[fill]align][sign][z][#][0][width][grouping][.[precision][grouping]][type]`.

use core::fmt::Display;

use super::{FormatError, quoted};
use crate::prelude::*;
use crate::types::int::decimal::decimal_value;

/// Where padding goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    Left,
    Right,
    Center,
    /// `=`: between the sign and the digits.
    AfterSign,
}

impl Align {
    fn from_char(c: u32) -> Option<Align> {
        Some(match char::from_u32(c)? {
            '<' => Align::Left,
            '>' => Align::Right,
            '^' => Align::Center,
            '=' => Align::AfterSign,
            _ => return None,
        })
    }
}

/// A parsed specification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    pub fill: u32,
    pub align: Align,
    /// `+`, `-`, space, or 0 when not given.
    pub sign: u8,
    /// `z`
    pub no_negative_zero: bool,
    /// `#`
    pub alternate: bool,
    pub width: Option<usize>,
    /// `,` or `_` between groups of the integer part.
    pub thousands: Option<u8>,
    /// `,` or `_` between groups of the fraction.
    pub fraction: Option<u8>,
    pub precision: Option<usize>,
    /// The type character, or the default one (0 for none).
    pub code: u32,
}

fn both_separators() -> FormatError {
    FormatError::Value("Cannot specify both ',' and '_'.".into())
}

/// Parses `spec` for a value whose type messages call `type_name`. `default_code` and `default_align` are those of the type.
pub fn parse_str(
    spec: &Ref<Str>,
    default_code: u32,
    default_align: Align,
    type_name: &dyn Display,
) -> Result<Spec, FormatError> {
    match spec.as_ascii() {
        Some(text) => parse(text.len(), |at| u32::from(text.as_bytes()[at]), default_code, default_align, type_name),
        None => parse(spec.len(), |at| spec.char_at(at), default_code, default_align, type_name),
    }
}

/// The name of an object's type (`tp_name`), made where it is shown.
pub struct TypeName<'a>(pub &'a Ref<Object>);

impl Display for TypeName<'_> {
    fn fmt(&self, out: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        out.write_str(&self.0.type_name())
    }
}

/// Parses the `length` code points that `at` gives. `default_align` and `default_code` are those of the value's type,
/// `type_name` is for messages.
pub fn parse(
    length: usize,
    at: impl Fn(usize) -> u32,
    default_code: u32,
    default_align: Align,
    type_name: &dyn Display,
) -> Result<Spec, FormatError> {
    let peek = |pos: usize| if pos < length { at(pos) } else { u32::MAX };
    let is = |pos: usize, c: char| peek(pos) == c as u32;
    let mut spec = Spec {
        fill: ' ' as u32,
        align: default_align,
        sign: 0,
        no_negative_zero: false,
        alternate: false,
        width: None,
        thousands: None,
        fraction: None,
        precision: None,
        code: default_code,
    };
    let mut pos = 0;
    let (mut align_given, mut fill_given) = (false, false);
    if let Some(align) = Align::from_char(peek(1)) {
        (spec.fill, spec.align) = (peek(0), align);
        (align_given, fill_given) = (true, true);
        pos = 2;
    } else if let Some(align) = Align::from_char(peek(0)) {
        spec.align = align;
        align_given = true;
        pos = 1;
    }
    if is(pos, ' ') || is(pos, '+') || is(pos, '-') {
        spec.sign = peek(pos) as u8;
        pos += 1;
    }
    if is(pos, 'z') {
        spec.no_negative_zero = true;
        pos += 1;
    }
    if is(pos, '#') {
        spec.alternate = true;
        pos += 1;
    }
    if !fill_given && is(pos, '0') {
        spec.fill = '0' as u32;
        if !align_given && default_align == Align::Right {
            spec.align = Align::AfterSign;
        }
        pos += 1;
    }
    // The largest length is that of a Py_ssize_t.
    let number = |pos: &mut usize| -> Result<Option<usize>, FormatError> {
        let mut value = None;
        while let Some(digit) = decimal_value(peek(*pos)) {
            let next = value.unwrap_or(0isize).checked_mul(10).and_then(|v| v.checked_add(digit as isize));
            value = Some(next.ok_or_else(|| FormatError::Value("Too many decimal digits in format string".into()))?);
            *pos += 1;
        }
        Ok(value.map(|v| v as usize))
    };
    spec.width = number(&mut pos)?;
    if is(pos, ',') {
        spec.thousands = Some(b',');
        pos += 1;
    }
    if is(pos, '_') {
        if spec.thousands.is_some() {
            return Err(both_separators());
        }
        spec.thousands = Some(b'_');
        pos += 1;
    }
    if is(pos, ',') && spec.thousands == Some(b'_') {
        return Err(both_separators());
    }
    if is(pos, '.') {
        pos += 1;
        spec.precision = number(&mut pos)?;
        if is(pos, ',') {
            spec.fraction = Some(b',');
            pos += 1;
        }
        if is(pos, '_') {
            if spec.fraction.is_some() {
                return Err(both_separators());
            }
            spec.fraction = Some(b'_');
            pos += 1;
        }
        if is(pos, ',') && spec.fraction == Some(b'_') {
            return Err(both_separators());
        }
        if spec.precision.is_none() && spec.fraction.is_none() {
            return Err(FormatError::Value("Format specifier missing precision".into()));
        }
    }
    if length > pos + 1 {
        let shown = crate::memory::rust_alloc::shown_in_message(length);
        let text: String = (0..shown).map(|i| char::from_u32(at(i)).unwrap_or('\u{fffd}')).collect();
        return Err(FormatError::Value(format!("Invalid format specifier '{text}' for object of type '{type_name}'")));
    }
    if pos < length {
        spec.code = at(pos);
    }
    if let Some(separator) = spec.thousands {
        let code = if spec.code < 0x80 { spec.code as u8 } else { b'?' };
        match code {
            b'd' | b'e' | b'f' | b'g' | b'E' | b'G' | b'%' | b'F' | 0 => {}
            b'b' | b'o' | b'x' | b'X' if separator == b'_' => {}
            _ => return Err(bad_separator(separator, spec.code)),
        }
    }
    if let Some(separator) = spec.fraction
        && spec.code == 'n' as u32
    {
        return Err(bad_separator(separator, spec.code));
    }
    Ok(spec)
}

fn bad_separator(separator: u8, code: u32) -> FormatError {
    FormatError::Value(format!("Cannot specify '{}' with '{}'.", separator as char, quoted(code)))
}
