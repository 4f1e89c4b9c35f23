//! Numbers as `%` formatting shows them.
//!
//! CPython: `_PyUnicode_FormatLong`, `formatfloat`.

use crate::prelude::*;
use crate::types::float::text::{self, Flags};
use crate::types::int::digits::Stop;
use crate::types::int::{Base, number_to_int, short};

/// The exception for an operation of digits that gave up.
pub(crate) fn stopped(stop: Stop) -> Raised {
    match stop {
        Stop::NoMemory => Raised::no_memory(),
        Stop::Interrupted => Raised::assume_set(),
    }
}

/// The integer that `%d` and its kin make of a value.
fn integer_of(value: Borrowed<'_, Object>, code: u8) -> PyResult<Ref<Int>> {
    if let Some(int) = value.downcast::<Int>() {
        return Ok(int.to_owned());
    }
    let wrong_type = || {
        let what = if code == b'd' || code == b'i' || code == b'u' { "a real number" } else { "an integer" };
        raise!(TypeError, "%{} format: {what} is required, not {}", code as char, value.type_name())
    };
    let is_number = value.number_methods().is_some_and(|methods| {
        methods.nb_index.get().is_some() || methods.nb_int.get().is_some() || methods.nb_float.get().is_some()
    });
    if !is_number {
        return Err(wrong_type());
    }
    let converted = match code {
        b'x' | b'X' | b'o' => value.index(),
        _ => number_to_int(value),
    };
    converted.or_else(|raised| {
        raised.clear_if::<crate::types::exceptions::TypeError>()?;
        Err(wrong_type())
    })
}

/// Gives `body` the text of an integer for one of `d i u o x X`, as [`integer_text`] has it; a short one has its place on the stack.
pub(crate) fn with_integer_text<R>(
    value: Borrowed<'_, Object>,
    code: u8,
    precision: Option<usize>,
    alternate: bool,
    body: impl FnOnce(&str) -> PyResult<R>,
) -> PyResult<R> {
    if precision.is_none()
        && let Some(value) = value.downcast::<Int>().and_then(|int| int.small_value())
    {
        let shift = match code {
            b'o' => 3,
            b'x' | b'X' => 4,
            _ => 0,
        };
        let prefix = if alternate && shift > 0 { Some(code) } else { None };
        return short::with_text(value, shift, code == b'X', prefix, body);
    }
    body(&integer_text(value, code, precision, alternate)?)
}

/// The text of an integer for one of `d i u o x X`, at least `precision` digits long, with its sign and, where `alternate`
/// asks for it, the prefix of the base.
fn integer_text(value: Borrowed<'_, Object>, code: u8, precision: Option<usize>, alternate: bool) -> PyResult<String> {
    let int = integer_of(value, code)?;
    let (base, prefix) = match code {
        b'o' => (Base::Octal, "0o"),
        b'x' => (Base::Hexadecimal, "0x"),
        b'X' => (Base::Hexadecimal, "0X"),
        _ => (Base::Decimal, ""),
    };
    let text = int.to_text(base, false)?;
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.as_str()),
    };
    let zeros = precision.unwrap_or(0).saturating_sub(digits.len());
    if zeros > i32::MAX as usize - 3 - digits.len().min(1000) {
        return Err(raise!(OverflowError, "precision too large"));
    }
    let mut out = String::new();
    if out.try_reserve(zeros + digits.len() + 3).is_err() {
        return Err(Raised::no_memory());
    }
    out.push_str(sign);
    if alternate {
        out.push_str(prefix);
    }
    out.extend(core::iter::repeat_n('0', zeros));
    if code == b'X' {
        out.push_str(&digits.to_ascii_uppercase());
    } else {
        out.push_str(digits);
    }
    Ok(out)
}

/// The text of a float for one of `e E f F g G`.
pub(crate) fn float_text(value: f64, code: u8, precision: Option<usize>, alternate: bool) -> PyResult<String> {
    let flags = Flags { alternate, ..Flags::default() };
    text::format(value, code, precision.unwrap_or(6), flags).map_err(stopped)
}
