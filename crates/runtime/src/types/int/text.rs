//! Text of ints: bases from 2 to 36, prefixes and underscores as in source code, and the limit on the length of decimal text.

use core::sync::atomic::{AtomicI32, Ordering};

use super::digits::{self, SHIFT, limbs};
use super::support::{ascii_number, interrupted, stopped, trim_space};
use super::{Int, raw};
use crate::prelude::*;
use crate::types::str::Width;

/// Texts up to this length are never refused, whatever the limit.
pub const LIMIT_THRESHOLD: usize = 640;
pub const LIMIT_DEFAULT: i32 = 4300;

/// `sys.get_int_max_str_digits()`; 0 is no limit.
static MAX_STR_DIGITS: AtomicI32 = AtomicI32::new(LIMIT_DEFAULT);

pub fn max_str_digits() -> i32 {
    MAX_STR_DIGITS.load(Ordering::Relaxed)
}

/// The limit of the configuration, which has been checked.
pub fn set_initial_max_str_digits(limit: i32) {
    MAX_STR_DIGITS.store(limit, Ordering::Relaxed);
}

/// `sys.set_int_max_str_digits(limit)`.
pub fn set_max_str_digits(limit: i32) -> PyResult<()> {
    if limit != 0 && limit < LIMIT_THRESHOLD as i32 {
        return Err(raise!(ValueError, "maxdigits must be >= {LIMIT_THRESHOLD} or 0 for unlimited"));
    }
    MAX_STR_DIGITS.store(limit, Ordering::Relaxed);
    Ok(())
}

/// A base of text, with its prefix.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Base {
    Binary,
    Octal,
    Decimal,
    Hexadecimal,
}

impl Base {
    pub fn from_radix(radix: u32) -> Option<Base> {
        Some(match radix {
            2 => Base::Binary,
            8 => Base::Octal,
            10 => Base::Decimal,
            16 => Base::Hexadecimal,
            _ => return None,
        })
    }

    pub fn prefix(self) -> &'static str {
        match self {
            Base::Binary => "0b",
            Base::Octal => "0o",
            Base::Decimal => "",
            Base::Hexadecimal => "0x",
        }
    }
}

#[cold]
fn text_too_long() -> Raised {
    raise!(
        ValueError,
        "Exceeds the limit ({} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the \
         limit",
        max_str_digits()
    )
}

impl Ref<Int> {
    /// The digits of the magnitude in lower case, without prefix. ValueError when decimal text would be too long.
    pub fn magnitude_text(&self, base: Base) -> PyResult<String> {
        let text = match base {
            Base::Decimal => self.decimal()?,
            Base::Binary => self.power_text(1)?,
            Base::Octal => self.power_text(3)?,
            Base::Hexadecimal => self.power_text(4)?,
        };
        // SAFETY: all are ASCII digits and letters.
        Ok(unsafe { String::from_utf8_unchecked(text) })
    }

    fn decimal(&self) -> PyResult<Vec<u8>> {
        if let Some(value) = self.small_value() {
            let mut buffer = [0; 20];
            let start = limbs::write_decimal(&mut buffer, value.unsigned_abs());
            return buffer[start..].try_to_vec();
        }
        if let Some(short) = self.short_decimal() {
            let mut out = vec![0; short.len()];
            short.write(&mut out);
            return Ok(out);
        }
        let limit = max_str_digits() as u64;
        // A value of n bits has more than (n - 1) * 0.30102 digits: refuse early what is certainly too long.
        if limit > 0 && (self.bit_length() - 1) as u128 * 30102 / 100_000 >= limit as u128 {
            return Err(text_too_long());
        }
        let value = self.to_limbs()?;
        let text = limbs::to_decimal(&value, &mut interrupted).map_err(stopped)?;
        if limit > 0 && text.len() as u64 > limit && text.len() > LIMIT_THRESHOLD {
            return Err(text_too_long());
        }
        Ok(text)
    }

    /// The decimal digits of a magnitude of few limbs: never so many that there is a limit.
    #[inline]
    fn short_decimal(&self) -> Option<limbs::ShortDecimal> {
        let digits = self.digits();
        let n = digits::limbs_for(digits.len());
        let mut value = [0; limbs::SHORT_VALUE];
        digits::pack_into(value.get_mut(..n)?, digits);
        Some(limbs::ShortDecimal::new(&mut value[..n]))
    }

    /// Digits of `bits` bits each.
    fn power_text(&self, bits: u32) -> PyResult<Vec<u8>> {
        let count = (self.bit_length() as usize).div_ceil(bits as usize).max(1);
        let mut out = Vec::new();
        out.try_reserve_exact(count).map_err(|_| Raised::no_memory())?;
        out.resize(count, b'0');
        let mut accumulator = 0u64;
        let mut available = 0;
        let mut rest = self.digits().iter();
        for c in out.iter_mut().rev() {
            if available < bits {
                accumulator |= (rest.next().copied().unwrap_or(0) as u64) << available;
                available += SHIFT;
            }
            *c = b"0123456789abcdef"[(accumulator & ((1 << bits) - 1)) as usize];
            accumulator >>= bits;
            available -= bits;
        }
        Ok(out)
    }

    /// The text of the value, with the base's prefix when `prefix` (`_PyLong_Format`).
    pub fn to_text(&self, base: Base, prefix: bool) -> PyResult<String> {
        let magnitude = self.magnitude_text(base)?;
        let prefix = if prefix { base.prefix() } else { "" };
        if !self.is_negative() && prefix.is_empty() {
            return Ok(magnitude);
        }
        let mut out = String::new();
        out.try_reserve_exact(magnitude.len() + 3).map_err(|_| Raised::no_memory())?;
        if self.is_negative() {
            out.push('-');
        }
        out.push_str(prefix);
        out.push_str(&magnitude);
        Ok(out)
    }

    /// The digits in base 2, 8, 10 or 16, after a minus where there is one.
    pub fn to_text_in_base(&self, base: u32) -> PyResult<String> {
        self.to_text(Base::from_radix(base).unwrap_or(Base::Decimal), false)
    }

    /// `str(self)`
    pub fn to_decimal_str(&self) -> PyResult<Ref<Str>> {
        if let Some(value) = self.small_value() {
            return Int::decimal_str_of(value);
        }
        let digits = self.digits();
        let sign = usize::from(self.is_negative());
        let n = digits::limbs_for(digits.len());
        if n <= 2 {
            // At most 120 bits: 37 digits.
            let mut buffer = [b'-'; 40];
            let mut value = [0; 2];
            digits::pack_into(&mut value[..n], digits);
            let start = limbs::write_two_limbs(&mut buffer, value);
            return Str::from_ascii(&buffer[start - sign..]);
        }
        let mut value = [0; limbs::SHORT_VALUE];
        if let Some(value) = value.get_mut(..n) {
            digits::pack_into(value, digits);
            let short = limbs::ShortDecimal::new(value);
            let text = Str::uninit(short.len() + sign, Width::Ascii)?;
            // SAFETY: the new string has so many characters, more than one, and all are written.
            let out = unsafe { core::slice::from_raw_parts_mut(text.data_mut_ptr(), short.len() + sign) };
            out[0] = b'-';
            short.write(&mut out[sign..]);
            return Ok(text);
        }
        Str::from_ascii(self.to_text(Base::Decimal, false)?.as_bytes())
    }
}

impl Int {
    /// `str(value)` of an int that need not exist.
    pub fn decimal_str_of(value: i64) -> PyResult<Ref<Str>> {
        if let 0..10 = value {
            return Ok(Str::latin1_char(b'0' + value as u8));
        }
        let mut buffer = [b'-'; 24];
        let start = limbs::write_decimal(&mut buffer, value.unsigned_abs());
        Str::from_ascii(&buffer[start - usize::from(value < 0)..])
    }
}

/// Why a text is no int.
pub enum ParseError {
    Invalid,
    /// An exception is set.
    Raised(Raised),
}

/// The value of `text`, ASCII, in base 2 to 36 or 0 (the base that a prefix gives); space around it is allowed.
pub fn parse(text: &[u8], base: u32) -> Result<Ref<Int>, ParseError> {
    let text = trim_space(text);
    let (negative, mut body) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if base == 10 && (1..=18).contains(&body.len()) {
        // The common case: digits alone, which fit a machine integer.
        if let Some(value) = limbs::decimal_group(body) {
            let value = value as i64;
            return raw::from_i64(if negative { -value } else { value }).map_err(ParseError::Raised);
        }
    }
    if base == 10 && (19..=limbs::SHORT_DIGITS).contains(&body.len()) {
        let mut value = [0; limbs::SHORT_VALUE];
        if let Some(n) = limbs::from_decimal_short(&mut value, body) {
            return Int::from_limbs(&value[..n], negative).map_err(ParseError::Raised);
        }
    }
    let prefix = match (body.first(), body.get(1).map(|c| c | 0x20)) {
        (Some(b'0'), Some(b'x')) => 16,
        (Some(b'0'), Some(b'o')) => 8,
        (Some(b'0'), Some(b'b')) => 2,
        _ => 0,
    };
    let mut radix = base;
    let mut only_zero = false;
    if base == 0 {
        // Without a prefix, decimal; a leading zero is then no octal digit, so the value must be zero.
        radix = if prefix == 0 { 10 } else { prefix };
        only_zero = prefix == 0 && body.first() == Some(&b'0');
    }
    if prefix != 0 && prefix == radix {
        body = &body[2..];
        if body.first() == Some(&b'_') {
            body = &body[1..];
        }
    }
    let mut values = Vec::new();
    values.try_reserve_exact(body.len()).map_err(|_| ParseError::Raised(Raised::no_memory()))?;
    if radix == 10 && body.len() > 12 && body.iter().fold(true, |all, c| all & c.is_ascii_digit()) && !only_zero {
        values.extend(body.iter().map(|c| c - b'0'));
        return from_digit_values(&values, radix, negative).map_err(ParseError::Raised);
    }
    let mut after_digit = false;
    for &c in body {
        if c == b'_' {
            if !after_digit {
                return Err(ParseError::Invalid);
            }
            after_digit = false;
            continue;
        }
        match (c as char).to_digit(36) {
            Some(value) if value < radix => values.push(value as u8),
            _ => return Err(ParseError::Invalid),
        }
        after_digit = true;
    }
    if !after_digit || only_zero && values.iter().any(|&value| value != 0) {
        return Err(ParseError::Invalid);
    }
    from_digit_values(&values, radix, negative).map_err(ParseError::Raised)
}

/// The value of digits, most significant first.
fn from_digit_values(values: &[u8], radix: u32, negative: bool) -> PyResult<Ref<Int>> {
    // Twelve digits of any base fit 64 bits.
    if values.len() <= 12 {
        let magnitude = values.iter().fold(0u64, |value, &digit| value * radix as u64 + digit as u64);
        let value = magnitude as i64;
        return raw::from_i64(if negative { -value } else { value });
    }
    if radix.is_power_of_two() {
        let bits = radix.trailing_zeros();
        let capacity = (values.len() as u128 * bits as u128).div_ceil(SHIFT as u128) as usize;
        let mut new = raw::NewInt::new(capacity)?;
        let mut out = new.digits_mut().iter_mut();
        let (mut accumulator, mut available) = (0u64, 0);
        for &value in values.iter().rev() {
            accumulator |= (value as u64) << available;
            available += bits;
            if available >= SHIFT {
                if let Some(out) = out.next() {
                    *out = accumulator as u32 & digits::MASK;
                }
                accumulator >>= SHIFT;
                available -= SHIFT;
            }
        }
        if let Some(out) = out.next() {
            *out = accumulator as u32;
        }
        return Ok(new.finish(negative));
    }
    let limit = max_str_digits();
    if limit > 0 && values.len() > LIMIT_THRESHOLD && values.len() > limit as usize {
        return Err(raise!(
            ValueError,
            "Exceeds the limit ({limit} digits) for integer string conversion: value has {} digits; use \
             sys.set_int_max_str_digits() to increase the limit",
            values.len()
        ));
    }
    let value = limbs::from_radix(values, radix, &mut interrupted).map_err(stopped)?;
    Int::from_limbs(&value, negative)
}

/// `repr` of a literal for a message, cut to 200 characters.
fn shortened_repr(object: &Ref<Object>) -> PyResult<String> {
    Ok(object.repr()?.to_display().chars().take(200).collect())
}

/// The int that a `str` spells (`PyLong_FromUnicodeObject`).
pub fn from_str(text: &Ref<Str>, base: u32) -> PyResult<Ref<Int>> {
    let result = match text.as_ascii() {
        Some(ascii) => parse(ascii.as_bytes(), base),
        None => parse(&ascii_number(text)?, base),
    };
    result.or_else(|error| match error {
        ParseError::Raised(raised) => Err(raised),
        ParseError::Invalid => {
            let repr = shortened_repr(text.as_object())?;
            Err(raise!(ValueError, "invalid literal for int() with base {base}: {repr}"))
        }
    })
}

/// The int that bytes spell (`_PyLong_FromBytes`).
pub fn from_bytes_text(text: &[u8], base: u32) -> PyResult<Ref<Int>> {
    parse(text, base).or_else(|error| match error {
        ParseError::Raised(raised) => Err(raised),
        ParseError::Invalid => {
            let shown = &text[..text.len().min(200)];
            let repr = shortened_repr(Bytes::from_slice(shown)?.as_object())?;
            Err(raise!(ValueError, "invalid literal for int() with base {base}: {repr}"))
        }
    })
}
