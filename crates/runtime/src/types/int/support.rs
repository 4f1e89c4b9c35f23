//! What the numeric types ask of the rest of the runtime, in one place.

use crate::prelude::*;
use crate::types::int::digits::Stop;

/// Runs what waits for this thread (signals above all); true when that raised. Long computations call it. Without a thread
/// state, before start-up and in unit tests, nothing waits.
pub fn interrupted() -> bool {
    !crate::thread::current_ptr().is_null() && crate::thread::check_interrupts().is_err()
}

/// The exception for an operation that gave up.
#[cold]
pub fn stopped(stop: Stop) -> Raised {
    match stop {
        Stop::NoMemory => Raised::no_memory(),
        Stop::Interrupted => Raised::assume_set(),
    }
}

/// A tuple of two.
pub fn pair(a: Ref<Object>, b: Ref<Object>) -> PyResult<Ref<Tuple>> {
    Tuple::from_vec(vec![a, b])
}

/// Issues a DeprecationWarning that blames the caller.
#[cold]
pub fn warn_deprecated(message: &str) -> PyResult<()> {
    crate::modules::warnings::warn(
        <crate::types::exceptions::DeprecationWarning as PyLayout>::type_object(),
        message,
        1,
    )
}

/// The text of a formatted value as a `str`, or the exception.
pub fn formatted(
    result: Result<crate::types::format_spec::Text, crate::types::format_spec::FormatError>,
) -> PyResult<Ref<Str>> {
    use crate::types::format_spec::{FormatError, Text};
    match result {
        Ok(Text::Utf8(text)) => Str::from_utf8_str(&text),
        Ok(Text::CodePoints(points)) => Str::from_ucs4(&points),
        Err(FormatError::Value(message)) => Err(raise!(ValueError, "{message}")),
        Err(FormatError::Overflow(message)) => Err(raise!(OverflowError, "{message}")),
        Err(FormatError::Stop(stop)) => Err(stopped(stop)),
    }
}

/// The number in a text as ASCII: spaces around it cut off, digits of other scripts replaced, anything else beyond ASCII
/// become `?`, which no number contains (`_PyUnicode_TransformDecimalAndSpaceToASCII`).
pub fn ascii_number(text: &Ref<Str>) -> PyResult<Vec<u8>> {
    use crate::types::int::decimal::{decimal_value, is_space};
    let mut out = Vec::new();
    out.try_reserve_exact(text.len()).map_err(|_| Raised::no_memory())?;
    if let Some(ascii) = text.as_ascii() {
        out.extend_from_slice(ascii.as_bytes());
    } else {
        out.extend(text.chars().map(|c| match c {
            _ if is_space(c) => b' ',
            0..0x80 => c as u8,
            _ => decimal_value(c).map_or(b'?', |d| b'0' + d),
        }));
    }
    Ok(out)
}

/// Cuts ASCII space off both ends (including the separators 0x1c to 0x1f, as `str` has it).
pub fn trim_space(text: &[u8]) -> &[u8] {
    let is_space = |c: &u8| crate::types::int::decimal::is_space(*c as u32);
    let start = text.iter().position(|c| !is_space(c)).unwrap_or(text.len());
    let end = text.iter().rposition(|c| !is_space(c)).map_or(start, |i| i + 1);
    &text[start..end]
}
