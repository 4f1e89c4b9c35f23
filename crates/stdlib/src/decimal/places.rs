//! Operations on digits and exponents: quantizing, neighbours, shifts, logical operations.

use core::cmp::Ordering;

use super::coef::{Coef, NoMemory, Result, Tail};
use super::number::{Dec, Env, Kind, Rounding, flag, largest};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Logic {
    And,
    Or,
    Xor,
}

impl Dec {
    pub fn quantize(&self, model: &Dec, env: &mut Env) -> Result<Dec> {
        if self.kind != Kind::Finite || model.kind != Kind::Finite {
            if let Some(nan) = Dec::nan_of(self, model, env) {
                return nan;
            }
            if self.is_infinite() && model.is_infinite() {
                return self.try_clone();
            }
            return Ok(env.invalid(flag::INVALID_OPERATION));
        }
        let exp = model.exp;
        if exp > env.emax || exp < env.etiny() {
            return Ok(env.invalid(flag::INVALID_OPERATION));
        }
        if self.coef.is_zero() {
            return Dec::finite(self.negative, Coef::ZERO, exp).finish(env);
        }
        let adjusted = self.adjusted();
        if adjusted > env.emax || adjusted - exp + 1 > env.prec {
            return Ok(env.invalid(flag::INVALID_OPERATION));
        }
        let (result, tail) = self.rescale(exp, env.rounding)?;
        if result.coef.digits() > env.prec || !result.coef.is_zero() && result.adjusted() > env.emax {
            return Ok(env.invalid(flag::INVALID_OPERATION));
        }
        if exp > self.exp {
            env.raise(if tail == Tail::Zero { flag::ROUNDED } else { flag::ROUNDED | flag::INEXACT });
        }
        let before = env.status;
        let result = result.finish(env)?;
        if env.status & flag::UNDERFLOW != 0 {
            // The number itself is exact here: what was cut off above does not count as an underflow.
            env.status = before | env.status & flag::SUBNORMAL;
        }
        Ok(result)
    }

    /// The nearest integer; `exact` tells the status what went.
    pub fn to_integral(&self, exact: bool, env: &mut Env) -> Result<Dec> {
        match self.kind {
            Kind::Quiet | Kind::Signaling => return self.quiet(env),
            Kind::Infinite => return Ok(Dec::infinity(self.negative)),
            Kind::Finite => {}
        }
        if self.exp >= 0 {
            return self.try_clone();
        }
        let (result, tail) = self.rescale(0, env.rounding)?;
        if exact && !self.coef.is_zero() {
            env.raise(if tail == Tail::Zero { flag::ROUNDED } else { flag::ROUNDED | flag::INEXACT });
        }
        Ok(result)
    }

    /// The neighbour above or below.
    pub fn next(&self, up: bool, env: &mut Env) -> Result<Dec> {
        if self.is_nan() {
            return self.quiet(env);
        }
        if self.is_infinite() {
            if self.negative != up {
                return Ok(Dec::infinity(self.negative));
            }
            return largest(self.negative, env);
        }
        let rounding = if up { Rounding::Ceiling } else { Rounding::Floor };
        let mut quiet = Env { rounding, status: 0, ..*env };
        let rounded = self.try_clone()?.finish(&mut quiet)?;
        if Dec::order(&rounded, self)? != Ordering::Equal {
            return Ok(rounded);
        }
        let tiny = Dec::finite(!up, Coef::ONE, env.etiny() - 1);
        Dec::add(self, &tiny, &mut quiet)
    }

    pub fn next_toward(&self, other: &Dec, env: &mut Env) -> Result<Dec> {
        if let Some(nan) = Dec::nan_of(self, other, env) {
            return nan;
        }
        let result = match Dec::order(self, other)? {
            Ordering::Equal => return self.with_sign(other.negative),
            Ordering::Less => self.next(true, env)?,
            Ordering::Greater => self.next(false, env)?,
        };
        if result.is_infinite() {
            env.raise(flag::OVERFLOW | flag::INEXACT | flag::ROUNDED);
        } else if result.adjusted() < env.emin {
            env.raise(flag::UNDERFLOW | flag::SUBNORMAL | flag::INEXACT | flag::ROUNDED);
            if result.is_zero() {
                env.raise(flag::CLAMPED);
            }
        }
        Ok(result)
    }

    pub fn logb(&self, env: &mut Env) -> Result<Dec> {
        if self.is_nan() {
            return self.quiet(env);
        }
        if self.is_infinite() {
            return Ok(Dec::infinity(false));
        }
        if self.is_zero() {
            env.raise(flag::DIVISION_BY_ZERO);
            return Ok(Dec::infinity(true));
        }
        Dec::from_i64(self.adjusted()).finish(env)
    }

    pub fn scaleb(&self, other: &Dec, env: &mut Env) -> Result<Dec> {
        if let Some(nan) = Dec::nan_of(self, other, env) {
            return nan;
        }
        let limit = (env.emax + env.prec).saturating_mul(2);
        let by = if other.is_finite() && other.exp == 0 { other.to_i64() } else { None };
        let Some(by) = by.filter(|by| (-limit..=limit).contains(by)) else {
            return Ok(env.invalid(flag::INVALID_OPERATION));
        };
        if self.is_infinite() {
            return Ok(Dec::infinity(self.negative));
        }
        Dec { exp: self.exp + by, ..self.try_clone()? }.finish(env)
    }

    /// How far digits are to be moved.
    fn places(other: &Dec, env: &Env) -> Option<i64> {
        let by = if other.is_finite() && other.exp == 0 { other.to_i64() } else { None };
        by.filter(|by| (-env.prec..=env.prec).contains(by))
    }

    pub fn shift(&self, other: &Dec, env: &mut Env) -> Result<Dec> {
        if let Some(nan) = Dec::nan_of(self, other, env) {
            return nan;
        }
        let Some(by) = Dec::places(other, env) else { return Ok(env.invalid(flag::INVALID_OPERATION)) };
        if self.is_infinite() {
            return self.try_clone();
        }
        let coef = self.coef.low_digits(env.prec.unsigned_abs())?;
        let coef = if by >= 0 {
            coef.low_digits((env.prec - by).unsigned_abs())?.shl10(by.unsigned_abs())?
        } else {
            coef.shr10(by.unsigned_abs())?.0
        };
        Ok(Dec::finite(self.negative, coef, self.exp))
    }

    pub fn rotate(&self, other: &Dec, env: &mut Env) -> Result<Dec> {
        if let Some(nan) = Dec::nan_of(self, other, env) {
            return nan;
        }
        let Some(by) = Dec::places(other, env) else { return Ok(env.invalid(flag::INVALID_OPERATION)) };
        if self.is_infinite() {
            return self.try_clone();
        }
        let left = if by >= 0 { by } else { env.prec + by };
        let kept = (env.prec - left).unsigned_abs();
        let coef = self.coef.low_digits(env.prec.unsigned_abs())?;
        let high = coef.shr10(kept)?.0;
        let coef = coef.low_digits(kept)?.shl10(left.unsigned_abs())?.add(&high)?;
        Ok(Dec::finite(self.negative, coef, self.exp))
    }

    /// The digits of a logical operand, lowest first.
    fn logical_digits(&self, env: &Env) -> Result<Option<Vec<u8>>> {
        if !self.is_finite() || self.negative || self.exp != 0 {
            return Ok(None);
        }
        let mut digits = self.coef.text()?;
        digits.reverse();
        let logical = digits.iter().all(|digit| matches!(digit, b'0' | b'1'));
        digits.truncate(usize::try_from(env.prec).unwrap_or(usize::MAX));
        Ok(logical.then_some(digits))
    }

    pub fn logical(a: &Dec, b: &Dec, logic: Logic, env: &mut Env) -> Result<Dec> {
        let (Some(a), Some(b)) = (a.logical_digits(env)?, b.logical_digits(env)?) else {
            return Ok(env.invalid(flag::INVALID_OPERATION));
        };
        let mut digits = Vec::new();
        let length = a.len().max(b.len());
        digits.try_reserve_exact(length).map_err(|_| NoMemory)?;
        digits.extend((0..length).rev().map(|index| {
            let bit = |digits: &[u8]| digits.get(index).copied().unwrap_or(b'0') - b'0';
            let (a, b) = (bit(&a), bit(&b));
            b'0' + match logic {
                Logic::And => a & b,
                Logic::Or => a | b,
                Logic::Xor => a ^ b,
            }
        }));
        Ok(Dec::finite(false, Coef::from_text(&digits)?, 0))
    }

    pub fn logical_invert(&self, env: &mut Env) -> Result<Dec> {
        let Some(digits) = self.logical_digits(env)? else {
            return Ok(env.invalid(flag::INVALID_OPERATION));
        };
        let length = usize::try_from(env.prec).map_err(|_| NoMemory)?;
        let mut text = Vec::new();
        text.try_reserve_exact(length).map_err(|_| NoMemory)?;
        text.extend((0..length).rev().map(|index| if digits.get(index) == Some(&b'1') { b'0' } else { b'1' }));
        Ok(Dec::finite(false, Coef::from_text(&text)?, 0))
    }

    pub fn number_class(&self, env: &Env) -> &'static str {
        let subnormal = self.is_subnormal(env);
        match (self.kind, self.negative) {
            (Kind::Signaling, _) => "sNaN",
            (Kind::Quiet, _) => "NaN",
            (Kind::Infinite, true) => "-Infinity",
            (Kind::Infinite, false) => "+Infinity",
            (Kind::Finite, true) if self.coef.is_zero() => "-Zero",
            (Kind::Finite, false) if self.coef.is_zero() => "+Zero",
            (Kind::Finite, true) if subnormal => "-Subnormal",
            (Kind::Finite, false) if subnormal => "+Subnormal",
            (Kind::Finite, true) => "-Normal",
            (Kind::Finite, false) => "+Normal",
        }
    }
}
