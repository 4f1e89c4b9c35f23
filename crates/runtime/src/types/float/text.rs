//! Text of floats: the shortest digits that read back as the same value, and the codes `e`, `f`, `g` and `r` of
//! CPython's `PyOS_double_to_string`. Digits come from the standard library, whose conversions are exact.

use std::fmt::Write;

use crate::types::int::digits::Stop;

/// What else the text shows (`Py_DTSF_*`).
#[derive(Clone, Copy, Default, Debug)]
pub struct Flags {
    /// A sign also for positive values.
    pub sign: bool,
    /// Something that looks like an integer gets ".0".
    pub add_dot_0: bool,
    /// `#`: the decimal point always, and with `g` the trailing zeros.
    pub alternate: bool,
    /// `z`: no minus before a zero that came from rounding.
    pub no_negative_zero: bool,
}

/// No double has more significant decimal digits than this; what a precision asks beyond it are zeros.
const MOST_SIGNIFICANT: usize = 800;
/// Nor more digits after the point.
const MOST_FRACTION: usize = 1080;

/// A buffer on the stack for the standard library to write into.
struct Buffer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Buffer<N> {
    fn new() -> Self {
        Buffer { bytes: [0; N], len: 0 }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl<const N: usize> Write for Buffer<N> {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        let end = self.len + s.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(s.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// `repr` of a float.
pub fn repr(value: f64) -> String {
    let mut out = String::new();
    push_repr(&mut out, value, true);
    out
}

/// Appends `repr(value)`; without ".0" for the parts of a complex number.
pub fn push_repr(out: &mut String, value: f64, add_dot_0: bool) {
    if push_special(out, value, false) {
        return;
    }
    if value.is_sign_negative() {
        out.push('-');
    }
    let mut text = Buffer::<40>::new();
    let _ = write!(text, "{:e}", value.abs());
    let (mut digits, mut point) = split_scientific(text.as_bytes());
    if digits.len() >= 16 && value.fract() != 0.0 && (value * (1u64 << 30) as f64).fract() == 0.0 {
        (digits, point) = even_tie(value.abs(), digits, point);
    }
    if point > -4 && point <= 16 {
        push_fixed(out, &digits, point, digits.len().max(if add_dot_0 { (point + 1).max(0) as usize } else { 0 }));
        return;
    }
    push_exponential(out, &digits, point, digits.len(), false, b'e');
}

/// Of two shortest forms that are equally near to the value, CPython takes the one with the even last digit, the standard
/// library the larger one. The value then has one digit more than they do, a five, so it has few bits after the point.
fn even_tie(value: f64, digits: Digits, point: i32) -> (Digits, i32) {
    let mut exact = Buffer::<40>::new();
    let _ = write!(exact, "{value:.30e}");
    let (all, _) = split_scientific(exact.as_bytes());
    if all.len() != digits.len() + 1 || all[all.len() - 1] != b'5' {
        return (digits, point);
    }
    let precision = digits.len() - 1;
    let mut even = Buffer::<40>::new();
    let _ = write!(even, "{value:.precision$e}");
    match std::str::from_utf8(even.as_bytes()).map(str::parse::<f64>) {
        Ok(Ok(back)) if back == value => split_scientific(even.as_bytes()),
        _ => (digits, point),
    }
}

/// The digits of a number, at most 17 for the shortest form.
struct Digits {
    bytes: [u8; MOST_SIGNIFICANT + 2],
    len: usize,
}

impl std::ops::Deref for Digits {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Takes `d.ddde-x` apart: digits without trailing zeros (one "0" for zero), and where the point is
/// relative to the first digit, as `0.ddd * 10^point`.
fn split_scientific(text: &[u8]) -> (Digits, i32) {
    let mut digits = Digits { bytes: [b'0'; MOST_SIGNIFICANT + 2], len: 0 };
    let mut i = 0;
    while i < text.len() && text[i] != b'e' {
        if text[i] != b'.' {
            digits.bytes[digits.len] = text[i];
            digits.len += 1;
        }
        i += 1;
    }
    let exponent: i32 =
        std::str::from_utf8(&text[(i + 1).min(text.len())..]).ok().and_then(|s| s.parse().ok()).unwrap_or(0);
    while digits.len > 1 && digits.bytes[digits.len - 1] == b'0' {
        digits.len -= 1;
    }
    (digits, exponent + 1)
}

/// "inf" and "nan".
fn push_special(out: &mut String, value: f64, upper: bool) -> bool {
    if value.is_finite() {
        return false;
    }
    if value.is_infinite() && value < 0.0 {
        out.push('-');
    }
    out.push_str(match (value.is_nan(), upper) {
        (true, false) => "nan",
        (true, true) => "NAN",
        (false, false) => "inf",
        (false, true) => "INF",
    });
    true
}

/// Digits with the point after `point` of them, zeros wherever there are no digits, `shown` digits in all counted from
/// the first (which lies right of the point when `point` is not positive).
fn push_fixed(out: &mut String, digits: &[u8], point: i32, shown: usize) {
    let digit = |i: usize| digits.get(i).copied().unwrap_or(b'0') as char;
    if point <= 0 {
        out.push_str("0.");
        out.extend(std::iter::repeat_n('0', -point as usize));
        out.extend((0..shown).map(digit));
        return;
    }
    let point = point as usize;
    out.extend((0..point).map(digit));
    if shown > point {
        out.push('.');
        out.extend((point..shown).map(digit));
    }
}

fn push_exponential(out: &mut String, digits: &[u8], point: i32, shown: usize, alternate: bool, letter: u8) {
    let digit = |i: usize| digits.get(i).copied().unwrap_or(b'0') as char;
    out.push(digit(0));
    if shown > 1 || alternate {
        out.push('.');
        out.extend((1..shown).map(digit));
    }
    let exponent = point - 1;
    let _ = write!(out, "{}{}{:02}", letter as char, if exponent < 0 { '-' } else { '+' }, exponent.abs());
}

/// Reserves room for a text whose size the program chose.
fn reserved(size: usize) -> Result<String, Stop> {
    let mut out = String::new();
    out.try_reserve(size).map_err(|_| Stop::NoMemory)?;
    Ok(out)
}

/// The text of `value` in one of the codes `e E f F g G r` (`PyOS_double_to_string`). `r` ignores the precision.
pub fn format(value: f64, code: u8, precision: usize, flags: Flags) -> Result<String, Stop> {
    let upper = code.is_ascii_uppercase();
    if matches!(code, b'f' | b'F')
        && let Some(text) = format_short(value, precision, flags)
    {
        return Ok(text);
    }
    let mut out = reserved(precision.saturating_add(330))?;
    if flags.sign && (value.is_nan() || value.is_sign_positive()) {
        out.push('+');
    }
    if push_special(&mut out, value, upper) {
        return Ok(out);
    }
    let magnitude = value.abs();
    let sign_at = out.len();
    let letter = if upper { b'E' } else { b'e' };
    let mut is_zero = magnitude == 0.0;
    match code.to_ascii_lowercase() {
        b'f' => {
            let exact = precision.min(MOST_FRACTION);
            let _ = write!(out, "{magnitude:.exact$}");
            is_zero = is_zero || out.as_bytes()[sign_at..].iter().all(|&c| c == b'0' || c == b'.');
            out.extend(std::iter::repeat_n('0', precision - exact));
            if precision == 0 && flags.alternate {
                out.push('.');
            }
        }
        b'e' => {
            let (digits, point) = significant(magnitude, precision.saturating_add(1));
            push_exponential(&mut out, &digits, point, precision.saturating_add(1), flags.alternate, letter);
        }
        b'g' => {
            let precision = precision.max(1);
            let (digits, point) = significant(magnitude, precision);
            let shown = if flags.alternate { precision } else { digits.len() };
            if point <= -4 || point as i64 > precision as i64 - flags.add_dot_0 as i64 {
                push_exponential(&mut out, &digits, point, shown, flags.alternate, letter);
            } else {
                let whole = point.max(0) as usize;
                push_fixed(&mut out, &digits, point, if flags.add_dot_0 { shown.max(whole + 1) } else { shown });
                if flags.alternate && shown <= whole && point > 0 && !flags.add_dot_0 {
                    out.push('.');
                }
            }
        }
        _ => {
            let start = out.len();
            push_repr(&mut out, magnitude, flags.add_dot_0);
            if flags.alternate && !out[start..].contains('.') {
                let at = out[start..].find('e').map_or(out.len(), |i| start + i);
                out.insert(at, '.');
            }
        }
    }
    if value.is_sign_negative() && !(flags.no_negative_zero && is_zero) {
        out.insert(sign_at, '-');
    } else if flags.sign && value.is_sign_negative() {
        out.insert(sign_at, '+');
    }
    Ok(out)
}

/// The code `f` for few digits: the value times a power of ten is a number of 128 bits, rounded exactly to an integer. `None`
/// where that does not fit.
fn format_short(value: f64, precision: usize, flags: Flags) -> Option<String> {
    /// Powers of ten that fit 64 bits beside 53 bits of a mantissa.
    const MOST: usize = 18;
    if precision > MOST || !value.is_finite() || flags.alternate {
        return None;
    }
    let bits = value.abs().to_bits();
    let (mantissa, exponent) = match (bits >> 52) as i32 {
        0 => (bits, -1074),
        e => (bits & ((1 << 52) - 1) | 1 << 52, e - 1075),
    };
    let scale = 10u64.pow(precision as u32);
    let product = mantissa as u128 * scale as u128;
    let number = match exponent {
        0.. => product.checked_mul(1u128.checked_shl(exponent as u32)?)?,
        // Below half of one unit: the product has less than 2^113.
        ..=-115 => 0,
        _ => {
            let shift = -exponent as u32;
            let (whole, rest, half) = (product >> shift, product & ((1 << shift) - 1), 1u128 << (shift - 1));
            // Ties go to the even digit.
            whole + (rest > half || rest == half && whole & 1 == 1) as u128
        }
    };
    let number = u64::try_from(number).ok()?;
    let mut buffer = [b'0'; 48];
    // One digit at least before the point, and all of those behind it.
    let start = crate::types::int::digits::limbs::write_decimal(&mut buffer, number).min(buffer.len() - precision - 1);
    let (whole, fraction) = buffer[start..].split_at(buffer.len() - precision - start);
    let mut out = String::with_capacity(buffer.len() + 2 - start);
    if value.is_sign_negative() && !(flags.no_negative_zero && number == 0) {
        out.push('-');
    } else if flags.sign {
        out.push('+');
    }
    let text = |digits| std::str::from_utf8(digits).unwrap_or_default();
    out.push_str(text(whole));
    if precision > 0 {
        out.push('.');
        out.push_str(text(fraction));
    }
    Some(out)
}

/// The leading `count` significant digits, correctly rounded, and the place of the point.
fn significant(magnitude: f64, count: usize) -> (Digits, i32) {
    let precision = count.min(MOST_SIGNIFICANT) - 1;
    let mut text = Buffer::<{ MOST_SIGNIFICANT + 10 }>::new();
    let _ = write!(text, "{magnitude:.precision$e}");
    split_scientific(text.as_bytes())
}

/// `round(value, digits)`: the float nearest to the decimal that is nearest to `value`, ties to even. `None` when that
/// overflows.
pub fn round(value: f64, digits: i64) -> Option<f64> {
    if !value.is_finite() || digits > 323 || value == 0.0 {
        return Some(value);
    }
    if digits < -308 {
        return Some(0.0 * value);
    }
    let magnitude = value.abs();
    let rounded = if digits >= 0 {
        let precision = digits as usize;
        let mut text = Buffer::<{ MOST_FRACTION }>::new();
        let _ = write!(text, "{magnitude:.precision$}");
        std::str::from_utf8(text.as_bytes()).ok()?.parse::<f64>().ok()?
    } else {
        // The shortest digits place the point right, but for values just below a power of ten, which may count as that
        // power; one digit more or less makes no difference to those.
        let mut text = Buffer::<40>::new();
        let _ = write!(text, "{magnitude:e}");
        let (_, point) = split_scientific(text.as_bytes());
        let count = point as i64 + digits;
        if count < 0 {
            0.0
        } else if count == 0 {
            // Below one unit of the place; exactly half a unit goes to zero, which is even.
            let power = |mantissa: u8, exponent: i64| format!("{mantissa}e{exponent}").parse::<f64>().ok();
            if magnitude > power(5, -digits - 1)? { power(1, -digits)? } else { 0.0 }
        } else {
            let precision = count as usize - 1;
            let mut text = Buffer::<{ MOST_SIGNIFICANT }>::new();
            let _ = write!(text, "{magnitude:.precision$e}");
            std::str::from_utf8(text.as_bytes()).ok()?.parse::<f64>().ok()?
        }
    };
    if rounded.is_infinite() {
        return None;
    }
    Some(rounded.copysign(value))
}
