//! What Rust code calls: making ints, reading them as machine values, and what else needs no other type.

use super::Int;
use super::digits::{self, SHIFT, Stop, limbs};
use super::raw::{self, NewInt};
use super::support::{interrupted, stopped};
use crate::prelude::*;

/// Prime modulus of numeric hashes, 2^61 - 1, and its bits.
pub const HASH_BITS: u32 = 61;
pub const HASH_MODULUS: u64 = (1 << HASH_BITS) - 1;

impl Int {
    #[inline]
    pub fn from_i64(value: i64) -> PyResult<Ref<Int>> {
        raw::from_i64(value)
    }

    #[inline]
    pub fn from_isize(value: isize) -> PyResult<Ref<Int>> {
        raw::from_i64(value as i64)
    }

    #[inline]
    pub fn from_u64(value: u64) -> PyResult<Ref<Int>> {
        match i64::try_from(value) {
            Ok(value) => raw::from_i64(value),
            Err(_) => raw::from_u128(value as u128, false),
        }
    }

    #[inline]
    pub fn from_usize(value: usize) -> PyResult<Ref<Int>> {
        Int::from_u64(value as u64)
    }

    pub fn from_i128(value: i128) -> PyResult<Ref<Int>> {
        match i64::try_from(value) {
            Ok(value) => raw::from_i64(value),
            Err(_) => raw::from_u128(value.unsigned_abs(), value < 0),
        }
    }

    pub fn from_u128(value: u128) -> PyResult<Ref<Int>> {
        raw::from_u128(value, false)
    }

    /// 0
    #[inline(always)]
    pub fn zero() -> Ref<Int> {
        // SAFETY: immortal.
        unsafe { Ref::from_owned_ptr((&raw const raw::SMALL_INTS[5]).cast_mut()) }
    }

    /// 1
    #[inline(always)]
    pub fn one() -> Ref<Int> {
        // SAFETY: immortal.
        unsafe { Ref::from_owned_ptr((&raw const raw::SMALL_INTS[6]).cast_mut()) }
    }

    /// The value of 64-bit limbs, lowest first.
    pub fn from_limbs(value: &[u64], negative: bool) -> PyResult<Ref<Int>> {
        // SAFETY: unpacking writes every digit.
        let mut new = unsafe { NewInt::unwritten(digits::unpacked_len(value))? };
        digits::unpack(new.digits_mut(), value);
        Ok(new.finish(negative))
    }

    /// The value of 30-bit digits, lowest first.
    pub fn from_digits(value: &[u32], negative: bool) -> PyResult<Ref<Int>> {
        // SAFETY: copying writes every digit.
        let mut new = unsafe { NewInt::unwritten(digits::significant(value))? };
        let n = new.digits_mut().len();
        new.digits_mut().copy_from_slice(&value[..n]);
        Ok(new.finish(negative))
    }

    /// The integer part of a float; OverflowError for infinities, ValueError for NaN.
    pub fn from_f64(value: f64) -> PyResult<Ref<Int>> {
        if value.abs() < 9.2e18 {
            return raw::from_i64(value as i64);
        }
        if value.is_infinite() {
            return Err(raise!(OverflowError, "cannot convert float infinity to integer"));
        }
        if value.is_nan() {
            return Err(raise!(ValueError, "cannot convert float NaN to integer"));
        }
        let (magnitude, n) = digits::from_f64_magnitude(value.abs());
        Int::from_digits(&magnitude[..n], value < 0.0)
    }

    /// The sum of a 64-bit linear computation: `start + step * count`, which may leave the machine range.
    pub fn linear(start: i64, step: i64, count: i64) -> PyResult<Ref<Int>> {
        Int::from_i128(start as i128 + step as i128 * count as i128)
    }

    /// Whether Python's `is` holds for two exact ints: equal values that fit an immediate of 62 bits.
    #[inline]
    pub fn is_same_immediate(a: &Ref<Object>, b: &Ref<Object>) -> bool {
        // SAFETY: the caller found both to be exact ints.
        let (a, b) = unsafe { (a.cast_unchecked::<Int>(), b.cast_unchecked::<Int>()) };
        a.immediate_value().is_some_and(|value| b.immediate_value() == Some(value))
    }
}

impl Ref<Int> {
    /// The value if it fits 64 bits.
    #[inline]
    pub fn to_i64(&self) -> Option<i64> {
        if let Some(value) = self.small_value() {
            return Some(value);
        }
        i64::try_from(self.to_i128()?).ok()
    }

    /// The value if an immediate of the evaluation stack holds it: 62 bits.
    #[inline]
    pub fn immediate_value(&self) -> Option<i64> {
        self.to_i64().filter(|value| value << 2 >> 2 == *value)
    }

    pub fn to_isize(&self) -> Option<isize> {
        self.to_i64().map(|value| value as isize)
    }

    /// The value if it is not negative and fits 64 bits.
    pub fn to_u64(&self) -> Option<u64> {
        if let Some(value) = self.small_value() {
            return u64::try_from(value).ok();
        }
        u64::try_from(self.to_i128()?).ok()
    }

    pub fn to_usize(&self) -> Option<usize> {
        self.to_u64().map(|value| value as usize)
    }

    pub fn to_i32(&self) -> Option<i32> {
        self.to_i64().and_then(|value| i32::try_from(value).ok())
    }

    /// The value if it has at most four digits (120 bits).
    pub fn to_i128(&self) -> Option<i128> {
        let digits = self.digits();
        if digits.len() > 4 {
            return None;
        }
        let magnitude = digits.iter().rev().fold(0u128, |value, &digit| value << SHIFT | digit as u128) as i128;
        Some(if self.is_negative() { -magnitude } else { magnitude })
    }

    /// The value, or the nearest end of the range.
    pub fn to_isize_clamped(&self) -> isize {
        match self.to_i64() {
            Some(value) => value as isize,
            None if self.is_negative() => isize::MIN,
            None => isize::MAX,
        }
    }

    /// The low 64 bits of the value in two's complement (`PyLong_AsUnsignedLongMask`).
    pub fn to_u64_mask(&self) -> u64 {
        let mut bits = 0u64;
        for (i, &digit) in self.digits().iter().take(3).enumerate() {
            bits |= (digit as u64) << (SHIFT as usize * i);
        }
        if self.is_negative() { bits.wrapping_neg() } else { bits }
    }

    /// The nearest float; OverflowError when there is none.
    pub fn to_f64(&self) -> PyResult<f64> {
        match self.to_f64_checked() {
            Some(value) => Ok(value),
            None => Err(raise!(OverflowError, "int too large to convert to float")),
        }
    }

    /// The nearest float, `None` when the value is too large for one.
    #[inline]
    pub fn to_f64_checked(&self) -> Option<f64> {
        if let Some(value) = self.small_value() {
            // At most 60 bits: the conversion rounds half to even, as it should.
            return Some(value as f64);
        }
        let (fraction, exponent) = self.to_f64_parts();
        if exponent > 1024 {
            return None;
        }
        let half = exponent / 2;
        Some(fraction * 2f64.powi(half as i32) * 2f64.powi((exponent - half) as i32))
    }

    /// `fraction * 2^exponent`, with `0.5 <= |fraction| < 1`, nearest to the value (`_PyLong_Frexp`).
    pub fn to_f64_parts(&self) -> (f64, i64) {
        let (fraction, exponent) = digits::leading_f64(self.digits());
        (if self.is_negative() { -fraction } else { fraction }, exponent)
    }

    /// The bits of the magnitude.
    pub fn bit_length(&self) -> u64 {
        digits::bit_length(self.digits())
    }

    pub fn is_odd(&self) -> bool {
        self.digits().first().is_some_and(|digit| digit & 1 == 1)
    }

    /// The magnitude as 64-bit limbs.
    pub fn to_limbs(&self) -> PyResult<Vec<u64>> {
        digits::pack(self.digits()).map_err(stopped)
    }

    /// `hash(self)`: the value modulo 2^61 - 1 with its sign, never -1.
    #[inline]
    pub fn hash_value(&self) -> isize {
        let digits = self.digits();
        let residue = match *digits {
            [] => 0,
            [a] => a as u64,
            [a, b] => a as u64 | (b as u64) << SHIFT,
            _ => {
                // Multiplication by 2^30 modulo 2^61 - 1 is a rotation.
                digits.iter().rev().fold(0u64, |x, &digit| {
                    let x = (x << SHIFT & HASH_MODULUS | x >> (HASH_BITS - SHIFT)) + digit as u64;
                    if x >= HASH_MODULUS { x - HASH_MODULUS } else { x }
                })
            }
        };
        let hash = if self.is_negative() { -(residue as isize) } else { residue as isize };
        if hash == -1 { -2 } else { hash }
    }

    /// The exact int of the same value; `self` unless it is of a subclass.
    pub fn to_exact(&self) -> PyResult<Ref<Int>> {
        if self.is_exact::<Int>() {
            return Ok(self.clone());
        }
        if let Some(value) = self.small_value() {
            return Int::from_i64(value);
        }
        Int::from_digits(self.digits(), self.is_negative())
    }
}

/// Runs a computation on limbs and makes an int of its result.
pub(super) fn with_limbs(
    negative: bool,
    compute: impl FnOnce(&mut digits::Interrupt<'_>) -> Result<Vec<u64>, Stop>,
) -> PyResult<Ref<Int>> {
    let mut interrupt = interrupted;
    let value = compute(&mut interrupt).map_err(stopped)?;
    Int::from_limbs(limbs::trimmed(&value), negative)
}
