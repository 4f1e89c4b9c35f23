//! The values of numeric literals.

use super::{Fail, P, Parser};
use crate::ast::{Arena, Constant, Int};

/// Why a numeric literal has no value.
pub(crate) enum NumberError {
    /// A decimal integer with this many digits, more than the limit.
    TooManyDigits(usize),
    /// `1_000` where the language version has no underscores.
    Underscore,
}

impl<'a> Parser<'a, '_> {
    /// The value of the number at this token, which stays.
    pub(super) fn number(&mut self) -> P<Constant<'a>> {
        let text = self.token_text(&self.tokens[self.pos]);
        if let [digit @ b'0'..=b'9'] = text.as_bytes() {
            return Ok(Constant::Int(Int::Small((digit - b'0') as i64)));
        }
        parse_number(self.arena, text, self.options.max_str_digits, self.options.feature_version).map_err(|_| Fail)
    }
}

pub(crate) fn parse_number<'a>(
    arena: &'a Arena,
    text: &str,
    max_digits: usize,
    feature_version: u8,
) -> Result<Constant<'a>, NumberError> {
    let buffer;
    let mut text = text;
    if text.contains('_') {
        if feature_version < 6 {
            return Err(NumberError::Underscore);
        }
        buffer = text.replace('_', "");
        text = &buffer;
    }
    let bytes = text.as_bytes();
    if bytes.len() > 2 && bytes[0] == b'0' {
        let bits = match bytes[1] | 0x20 {
            b'x' => 4,
            b'o' => 3,
            b'b' => 1,
            _ => 0,
        };
        if bits != 0 {
            return Ok(Constant::Int(from_power_of_two(arena, &bytes[2..], bits)));
        }
    }
    match bytes.last() {
        Some(b'j' | b'J') => {
            let imag = text[..text.len() - 1].parse().unwrap_or(f64::NAN);
            return Ok(Constant::Complex { real: 0.0, imag });
        }
        _ if bytes.iter().all(u8::is_ascii_digit) => {}
        _ => return Ok(Constant::Float(text.parse().unwrap_or(f64::NAN))),
    }
    if let Ok(small) = text.parse::<i64>() {
        return Ok(Constant::Int(Int::Small(small)));
    }
    if max_digits > 0 && bytes.len() > max_digits {
        return Err(NumberError::TooManyDigits(bytes.len()));
    }
    Ok(Constant::Int(from_decimal(arena, bytes)))
}

fn from_power_of_two<'a>(arena: &'a Arena, digits: &[u8], bits: u32) -> Int<'a> {
    let mut words: Vec<u32> = Vec::with_capacity(digits.len() * bits as usize / 30 + 1);
    let mut word = 0u64;
    let mut filled = 0;
    for digit in digits.iter().rev() {
        word |= u64::from((*digit as char).to_digit(16).unwrap_or(0)) << filled;
        filled += bits;
        if filled >= 30 {
            words.push((word & 0x3FFF_FFFF) as u32);
            word >>= 30;
            filled -= 30;
        }
    }
    words.push(word as u32);
    normal(arena, words)
}

fn from_decimal<'a>(arena: &'a Arena, digits: &[u8]) -> Int<'a> {
    let mut words: Vec<u32> = Vec::new();
    for chunk in digits.chunks(9) {
        let mut carry = chunk.iter().fold(0u64, |n, d| n * 10 + u64::from(d - b'0'));
        let scale = 10u64.pow(chunk.len() as u32);
        for word in &mut words {
            let value = u64::from(*word) * scale + carry;
            *word = (value & 0x3FFF_FFFF) as u32;
            carry = value >> 30;
        }
        while carry > 0 {
            words.push((carry & 0x3FFF_FFFF) as u32);
            carry >>= 30;
        }
    }
    normal(arena, words)
}

/// Without leading zeros, and as `Small` if it fits.
fn normal<'a>(arena: &'a Arena, mut words: Vec<u32>) -> Int<'a> {
    while words.last() == Some(&0) {
        words.pop();
    }
    if words.len() <= 3 {
        let value = words.iter().rev().fold(0u128, |n, w| n << 30 | u128::from(*w));
        if let Ok(small) = i64::try_from(value) {
            return Int::Small(small);
        }
    }
    Int::Big { negative: false, digits: arena.slice(&words) }
}
