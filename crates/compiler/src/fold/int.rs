//! Integers of any size.

use num_bigint::{BigInt as Big, Sign};
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};

use super::{float, from_big as constant};
use crate::code::{BigInt, Constant};
use crate::opcode::binary as op;

/// Products, powers and shifts beyond this many bits stay for run time.
const MAX_BITS: u64 = 128;

pub(super) fn to_big(value: &BigInt) -> Big {
    let mut words = Vec::with_capacity(value.digits.len());
    let (mut pending, mut bits) = (0u64, 0u32);
    for digit in &value.digits {
        pending |= (*digit as u64) << bits;
        bits += 30;
        if bits >= 32 {
            words.push(pending as u32);
            pending >>= 32;
            bits -= 32;
        }
    }
    words.push(pending as u32);
    Big::from_slice(if value.negative { Sign::Minus } else { Sign::Plus }, &words)
}

pub(super) fn from_big(value: &Big) -> BigInt {
    let (sign, words) = value.to_u32_digits();
    let mut digits = Vec::with_capacity(words.len() * 32 / 30 + 1);
    let (mut pending, mut bits) = (0u64, 0u32);
    for word in words {
        pending |= (word as u64) << bits;
        bits += 32;
        while bits >= 30 {
            digits.push((pending & 0x3FFF_FFFF) as u32);
            pending >>= 30;
            bits -= 30;
        }
    }
    if pending != 0 {
        digits.push(pending as u32);
    }
    while digits.last() == Some(&0) {
        digits.pop();
    }
    BigInt { negative: sign == Sign::Minus, digits: digits.into() }
}

/// The nearest float; `None` where Python overflows.
pub(super) fn to_f64(value: &Big) -> Option<f64> {
    match value.to_i64() {
        Some(small) => Some(small as f64),
        None => value.to_f64().filter(|f| f.is_finite()),
    }
}

pub(super) fn equals_f64(value: &Big, other: f64) -> bool {
    use num_traits::FromPrimitive;
    other.is_finite() && other.fract() == 0.0 && Big::from_f64(other).is_some_and(|other| other == *value)
}

fn bits(value: i64) -> u64 {
    64 - value.unsigned_abs().leading_zeros() as u64
}

/// Operations that stay within a machine word; `None` when the general way must decide.
pub(super) fn binary_small(operator: u32, a: i64, b: i64) -> Option<Constant> {
    let value = match operator {
        op::ADD => a.checked_add(b)?,
        op::SUBTRACT => a.checked_sub(b)?,
        op::MULTIPLY if a == 0 || b == 0 || bits(a) + bits(b) <= MAX_BITS => a.checked_mul(b)?,
        op::AND => a & b,
        op::OR => a | b,
        op::XOR => a ^ b,
        op::RSHIFT if (0..64).contains(&b) => a >> b,
        op::FLOOR_DIVIDE if b != 0 => a.checked_div_euclid(b).map(|_| Integer::div_floor(&a, &b))?,
        op::REMAINDER if b != 0 && b != -1 => Integer::mod_floor(&a, &b),
        _ => return None,
    };
    Some(Constant::Int(value))
}

pub(super) fn binary(operator: u32, a: &Big, b: &Big) -> Option<Constant> {
    Some(constant(match operator {
        op::ADD => a + b,
        op::SUBTRACT => a - b,
        op::MULTIPLY => {
            if !a.is_zero() && !b.is_zero() && a.bits() + b.bits() > MAX_BITS {
                return None;
            }
            a * b
        }
        op::AND => a & b,
        op::OR => a | b,
        op::XOR => a ^ b,
        op::FLOOR_DIVIDE => {
            if b.is_zero() {
                return None;
            }
            a.div_floor(b)
        }
        op::REMAINDER => {
            if b.is_zero() {
                return None;
            }
            a.mod_floor(b)
        }
        op::TRUE_DIVIDE => return true_divide(a, b).map(Constant::Float),
        op::POWER => return power(a, b),
        op::LSHIFT => {
            if b.is_negative() {
                return None;
            }
            if a.is_zero() {
                Big::zero()
            } else {
                let count = b.to_u64()?;
                if count > MAX_BITS || a.bits() > MAX_BITS - count && count != 0 {
                    return None;
                }
                a << count
            }
        }
        op::RSHIFT => {
            if b.is_negative() {
                return None;
            }
            match b.to_u64() {
                Some(count) => a >> count,
                None if a.is_negative() => Big::from(-1),
                None => Big::zero(),
            }
        }
        _ => return None,
    }))
}

fn power(a: &Big, b: &Big) -> Option<Constant> {
    if b.is_negative() {
        return float::binary(op::POWER, to_f64(a)?, to_f64(b)?);
    }
    if !a.is_zero() && !b.is_zero() {
        let exponent = b.to_u64()?;
        if a.bits() > MAX_BITS / exponent {
            return None;
        }
    }
    match b.to_u32() {
        Some(exponent) => Some(constant(a.pow(exponent))),
        // Zero to a huge power.
        None => Some(Constant::Int(0)),
    }
}

/// The correctly rounded quotient.
fn true_divide(a: &Big, b: &Big) -> Option<f64> {
    if b.is_zero() {
        return None;
    }
    const EXACT: i64 = 1 << 53;
    if let (Some(a), Some(b)) = (a.to_i64(), b.to_i64())
        && a.unsigned_abs() <= EXACT as u64
        && b.unsigned_abs() <= EXACT as u64
    {
        return Some(a as f64 / b as f64);
    }
    let negative = a.is_negative() != b.is_negative();
    let (a, b) = (a.magnitude(), b.magnitude());
    if a.is_zero() {
        return Some(if negative { -0.0 } else { 0.0 });
    }
    // A quotient of 55 to 56 significant bits with a sticky last bit rounds once to the right float, unless the
    // result is subnormal: the exponent then limits the bits.
    let mut shift = 56 - (a.bits() as i64 - b.bits() as i64);
    shift = shift.min(1074 + 2);
    let (numerator, denominator) =
        if shift >= 0 { (a << shift as u64, b.clone()) } else { (a.clone(), b << (-shift) as u64) };
    let (quotient, remainder) = numerator.div_rem(&denominator);
    let mut quotient = quotient.to_u64()?;
    if !remainder.is_zero() {
        quotient |= 1;
    }
    // Round to 53 bits, or fewer for subnormals, half to even.
    let length = 64 - quotient.leading_zeros() as i64;
    let mut drop = (length - 53).max(0);
    if length - shift < -1021 {
        drop = drop.max(shift - 1074);
    }
    if drop > 0 {
        let half = 1u64 << (drop - 1);
        let rest = quotient & ((half << 1) - 1);
        quotient >>= drop;
        if rest > half || rest == half && quotient & 1 == 1 {
            quotient += 1;
        }
        shift -= drop;
    }
    let mut value = quotient as f64;
    let mut exponent = -shift;
    while exponent > 0 {
        let step = exponent.min(900);
        value *= 2f64.powi(step as i32);
        exponent -= step;
    }
    while exponent < 0 {
        let step = (-exponent).min(900);
        value /= 2f64.powi(step as i32);
        exponent += step;
    }
    if !value.is_finite() {
        return None;
    }
    Some(if negative { -value } else { value })
}
