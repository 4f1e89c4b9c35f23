//! `float.hex` and `float.fromhex`: exact text in base 16.

use std::fmt::Write;

/// `value.hex()`.
pub fn hex(value: f64) -> String {
    if value.is_nan() {
        return "nan".into();
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    if value.is_infinite() {
        return format!("{sign}inf");
    }
    if value == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let bits = value.to_bits();
    let (fraction, biased) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i32);
    let (lead, exponent) = if biased == 0 { (0, -1022) } else { (1, biased - 1023) };
    let mut out = String::new();
    let _ = write!(out, "{sign}0x{lead}.{fraction:013x}p{exponent:+}");
    out
}

/// Why a hexadecimal text is no float.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HexError {
    /// "invalid hexadecimal floating-point string"
    Invalid,
    /// "hexadecimal value too large to represent as a float"
    TooLarge,
}

/// `float.fromhex(text)`; surrounding ASCII space is allowed. Rounds half to even.
pub fn from_hex(text: &[u8]) -> Result<f64, HexError> {
    let is_space = |c: &u8| matches!(c, b' ' | b'\t'..=b'\r');
    let start = text.iter().position(|c| !is_space(c)).unwrap_or(text.len());
    let end = text.iter().rposition(|c| !is_space(c)).map_or(start, |i| i + 1);
    let text = &text[start..end];
    let (negative, body) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    let signed = |value: f64| if negative { -value } else { value };
    if body.eq_ignore_ascii_case(b"inf") || body.eq_ignore_ascii_case(b"infinity") {
        return Ok(signed(f64::INFINITY));
    }
    if body.eq_ignore_ascii_case(b"nan") {
        return Ok(signed(f64::NAN));
    }
    let body = if body.len() >= 2 && body[0] == b'0' && body[1] | 0x20 == b'x' { &body[2..] } else { body };
    let value_of = |c: u8| (c as char).to_digit(16).map(|d| d as u64);
    // Mantissa: the leading significant digits in `mantissa`, later ones in `sticky`; `scale` is the exponent of the
    // last digit taken.
    let mut mantissa = 0u64;
    let mut sticky = false;
    let mut scale = 0i64;
    let (mut count, mut seen_point) = (0usize, false);
    let mut i = 0;
    while let Some(&c) = body.get(i) {
        if c == b'.' && !seen_point {
            seen_point = true;
        } else if let Some(d) = value_of(c) {
            count += 1;
            if mantissa >> 60 == 0 {
                mantissa = mantissa << 4 | d;
                scale -= if seen_point { 4 } else { 0 };
            } else {
                sticky |= d != 0;
                scale += if seen_point { 0 } else { 4 };
            }
        } else {
            break;
        }
        i += 1;
    }
    if count == 0 {
        return Err(HexError::Invalid);
    }
    let mut exponent = 0i64;
    if matches!(body.get(i), Some(b'p' | b'P')) {
        i += 1;
        let minus = body.get(i) == Some(&b'-');
        if matches!(body.get(i), Some(b'+' | b'-')) {
            i += 1;
        }
        let first = i;
        while let Some(c) = body.get(i).filter(|c| c.is_ascii_digit()) {
            exponent = exponent.saturating_mul(10).saturating_add((c - b'0') as i64);
            i += 1;
        }
        if i == first {
            return Err(HexError::Invalid);
        }
        if minus {
            exponent = -exponent;
        }
    }
    if i != body.len() {
        return Err(HexError::Invalid);
    }
    if mantissa == 0 {
        return Ok(signed(0.0));
    }
    let exponent = exponent.saturating_add(scale);
    let bits = 64 - mantissa.leading_zeros() as i64;
    // The value is in [2^(top - 1), 2^top).
    let top = exponent.saturating_add(bits);
    if top > 1024 {
        return Err(HexError::TooLarge);
    }
    if top < -1075 {
        return Ok(signed(0.0));
    }
    let lowest = (top - 53).max(-1074);
    let drop = lowest - exponent;
    let mut kept = mantissa;
    if drop > 0 {
        // At most 66 bits are dropped, since the value is at least a quarter of the smallest subnormal.
        let wide = mantissa as u128;
        let (rest, half) = (wide & ((1 << drop) - 1), 1u128 << (drop - 1));
        kept = (wide >> drop) as u64;
        if rest > half || rest == half && (sticky || kept & 1 == 1) {
            kept += 1;
        }
    }
    let place = exponent + drop.max(0);
    if place + 64 - kept.leading_zeros() as i64 > 1024 {
        return Err(HexError::TooLarge);
    }
    // Exact: at most 53 bits; two steps keep the powers of two within range.
    let half = place / 2;
    Ok(signed(kept as f64 * 2f64.powi(half as i32) * 2f64.powi((place - half) as i32)))
}
