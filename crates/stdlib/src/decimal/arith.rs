//! Addition, multiplication, division and the square root.

use core::cmp::Ordering;

use super::coef::{Coef, Result};
use super::number::{Dec, Env, Kind, Rounding, flag};

/// Above this precision an operation first looks whether its exact result is short.
const LONG: i64 = 100_000;

impl Dec {
    pub fn add(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        Dec::add_signed(a, b, b.negative, env)
    }

    pub fn sub(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        Dec::add_signed(a, b, !b.negative, env)
    }

    /// The sum with the sign of `b` replaced.
    #[inline]
    fn add_signed(a: &Dec, b: &Dec, negative: bool, env: &mut Env) -> Result<Dec> {
        if a.kind != Kind::Finite || b.kind != Kind::Finite {
            return Dec::add_special(a, b, negative, env);
        }
        if a.exp == b.exp {
            return Dec::add_aligned(a.negative, &a.coef, negative, &b.coef, a.exp, env);
        }
        if a.coef.is_zero() || b.coef.is_zero() {
            return Dec::add_zero(a, b, negative, env);
        }
        let (high, low) = if a.exp > b.exp { (a, b) } else { (b, a) };
        let (high_sign, low_sign) = if a.exp > b.exp { (a.negative, negative) } else { (negative, a.negative) };
        let floor = high.exp + (high.coef.digits() - env.prec - 2).min(-1);
        if low.adjusted() < floor {
            // The lower number only tells on which side of the higher one the sum is.
            let coef = high.coef.shl10((high.exp - floor).unsigned_abs())?;
            return Dec::add_aligned(high_sign, &coef, low_sign, &Coef::ONE, floor, env);
        }
        let coef = high.coef.shl10((high.exp - low.exp).unsigned_abs())?;
        Dec::add_aligned(high_sign, &coef, low_sign, &low.coef, low.exp, env)
    }

    #[inline]
    fn add_aligned(a_sign: bool, a: &Coef, b_sign: bool, b: &Coef, exp: i64, env: &mut Env) -> Result<Dec> {
        if a_sign == b_sign {
            return Dec::finite(a_sign, a.add(b)?, exp).finish(env);
        }
        let sum = match a.compare(b) {
            Ordering::Greater => Dec::finite(a_sign, a.sub(b)?, exp),
            Ordering::Less => Dec::finite(b_sign, b.sub(a)?, exp),
            Ordering::Equal => Dec::finite(env.rounding == Rounding::Floor, Coef::ZERO, exp),
        };
        sum.finish(env)
    }

    /// The sum of numbers one of which is zero, with different exponents.
    fn add_zero(a: &Dec, b: &Dec, b_sign: bool, env: &mut Env) -> Result<Dec> {
        let exp = a.exp.min(b.exp);
        let (other, sign) = match (a.coef.is_zero(), b.coef.is_zero()) {
            (true, true) => {
                let differ = a.negative != b_sign;
                let negative = (a.negative && b_sign) || differ && env.rounding == Rounding::Floor;
                return Dec::finite(negative, Coef::ZERO, exp).finish(env);
            }
            (true, false) => (b, b_sign),
            _ => (a, a.negative),
        };
        let exp = exp.max(other.exp - env.prec - 1);
        let (mut sum, _) = other.rescale(exp, env.rounding)?;
        sum.negative = sign;
        sum.finish(env)
    }

    #[cold]
    fn add_special(a: &Dec, b: &Dec, b_sign: bool, env: &mut Env) -> Result<Dec> {
        if let Some(nan) = Dec::nan_of(a, b, env) {
            return nan;
        }
        if a.is_infinite() {
            if b.is_infinite() && a.negative != b_sign {
                return Ok(env.invalid(flag::INVALID_OPERATION));
            }
            return Ok(Dec::infinity(a.negative));
        }
        Ok(Dec::infinity(b_sign))
    }

    pub fn mul(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        let negative = a.negative != b.negative;
        if a.kind != Kind::Finite || b.kind != Kind::Finite {
            if let Some(nan) = Dec::nan_of(a, b, env) {
                return nan;
            }
            if a.is_zero() || b.is_zero() {
                return Ok(env.invalid(flag::INVALID_OPERATION));
            }
            return Ok(Dec::infinity(negative));
        }
        Dec::finite(negative, a.coef.mul(&b.coef)?, a.exp + b.exp).finish(env)
    }

    pub fn fma(a: &Dec, b: &Dec, c: &Dec, env: &mut Env) -> Result<Dec> {
        if a.is_nan() || b.is_nan() || c.is_nan() {
            if a.is_nan() || b.is_nan() {
                // A NaN of the product comes before that of the sum, but a signaling one before both.
                let chosen = Dec::choose_nan(&[a, b]);
                let chosen = if c.is_signaling() && !chosen.is_signaling() { c } else { chosen };
                return chosen.quiet(env);
            }
            if (a.is_infinite() && b.is_zero()) || (a.is_zero() && b.is_infinite()) {
                return Ok(env.invalid(flag::INVALID_OPERATION));
            }
            return c.quiet(env);
        }
        let negative = a.negative != b.negative;
        if a.is_infinite() || b.is_infinite() {
            if a.is_zero() || b.is_zero() {
                return Ok(env.invalid(flag::INVALID_OPERATION));
            }
            return Dec::add(&Dec::infinity(negative), c, env);
        }
        let product = Dec::finite(negative, a.coef.mul(&b.coef)?, a.exp + b.exp);
        Dec::add(&product, c, env)
    }

    pub fn div(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        let negative = a.negative != b.negative;
        if a.kind != Kind::Finite || b.kind != Kind::Finite {
            if let Some(nan) = Dec::nan_of(a, b, env) {
                return nan;
            }
            if a.is_infinite() {
                if b.is_infinite() {
                    return Ok(env.invalid(flag::INVALID_OPERATION));
                }
                return Ok(Dec::infinity(negative));
            }
            env.raise(flag::CLAMPED);
            return Ok(Dec::finite(negative, Coef::ZERO, env.etiny()));
        }
        if b.coef.is_zero() {
            if a.coef.is_zero() {
                return Ok(env.invalid(flag::DIVISION_UNDEFINED));
            }
            env.raise(flag::DIVISION_BY_ZERO);
            return Ok(Dec::infinity(negative));
        }
        let ideal = a.exp - b.exp;
        if a.coef.is_zero() {
            return Dec::finite(negative, Coef::ZERO, ideal).finish(env);
        }
        let bound = a.coef.digits() + 4 * b.coef.digits();
        if env.prec > LONG && bound < env.prec {
            // An exact quotient has no more digits than the bound; only an inexact one needs the whole precision.
            let (coef, exp, exact) = quotient(a, b, bound)?;
            if exact {
                return Dec::finite(negative, coef, exp).finish(env);
            }
        }
        let (coef, exp, _) = quotient(a, b, env.prec)?;
        Dec::finite(negative, coef, exp).finish(env)
    }

    /// Integer quotient and remainder of finite numbers, the divisor not zero; nothing when the quotient is too long.
    fn divide_whole(a: &Dec, b: &Dec, env: &mut Env) -> Result<Option<(Dec, Dec)>> {
        let negative = a.negative != b.negative;
        let ideal = a.exp.min(b.exp);
        let difference = if a.coef.is_zero() { -2 } else { a.adjusted() - b.adjusted() };
        if difference <= -2 {
            let rest = a.rescale(ideal, env.rounding)?.0;
            return Ok(Some((Dec::finite(negative, Coef::ZERO, 0), rest)));
        }
        if difference <= env.prec {
            let shift = (a.exp - b.exp).unsigned_abs();
            let (quotient, rest) = if a.exp >= b.exp {
                a.coef.shl10(shift)?.div_rem(&b.coef)?
            } else {
                a.coef.div_rem(&b.coef.shl10(shift)?)?
            };
            if quotient.digits() <= env.prec {
                return Ok(Some((Dec::finite(negative, quotient, 0), Dec::finite(a.negative, rest, ideal))));
            }
        }
        Ok(None)
    }

    pub fn div_int(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        let negative = a.negative != b.negative;
        if let Some(nan) = Dec::nan_of(a, b, env) {
            return nan;
        }
        if a.is_infinite() {
            if b.is_infinite() {
                return Ok(env.invalid(flag::INVALID_OPERATION));
            }
            return Ok(Dec::infinity(negative));
        }
        if b.is_infinite() {
            return Ok(Dec::finite(negative, Coef::ZERO, 0));
        }
        if b.is_zero() {
            if a.is_zero() {
                return Ok(env.invalid(flag::DIVISION_UNDEFINED));
            }
            env.raise(flag::DIVISION_BY_ZERO);
            return Ok(Dec::infinity(negative));
        }
        match Dec::divide_whole(a, b, env)? {
            Some((quotient, _)) => quotient.finish(env),
            None => Ok(env.invalid(flag::DIVISION_IMPOSSIBLE)),
        }
    }

    /// The rest of a division whose operands are not both finite, or of one by zero.
    fn special_rest(a: &Dec, b: &Dec, env: &mut Env) -> Option<Result<Dec>> {
        if let Some(nan) = Dec::nan_of(a, b, env) {
            return Some(nan);
        }
        if a.is_infinite() {
            return Some(Ok(env.invalid(flag::INVALID_OPERATION)));
        }
        if b.is_infinite() {
            return Some(a.try_clone().and_then(|a| a.finish(env)));
        }
        if b.is_zero() {
            let condition = if a.is_zero() { flag::DIVISION_UNDEFINED } else { flag::INVALID_OPERATION };
            return Some(Ok(env.invalid(condition)));
        }
        None
    }

    pub fn rem(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        if let Some(special) = Dec::special_rest(a, b, env) {
            return special;
        }
        match Dec::divide_whole(a, b, env)? {
            Some((_, rest)) => rest.finish(env),
            None => Ok(env.invalid(flag::DIVISION_IMPOSSIBLE)),
        }
    }

    pub fn div_mod(a: &Dec, b: &Dec, env: &mut Env) -> Result<(Dec, Dec)> {
        if let Some(nan) = Dec::nan_of(a, b, env) {
            let nan = nan?;
            let second = nan.try_clone()?;
            return Ok((nan, second));
        }
        let negative = a.negative != b.negative;
        if a.is_infinite() {
            let rest = env.invalid(flag::INVALID_OPERATION);
            return Ok((if b.is_infinite() { Dec::NAN } else { Dec::infinity(negative) }, rest));
        }
        if b.is_infinite() {
            let rest = a.try_clone()?.finish(env)?;
            return Ok((Dec::finite(negative, Coef::ZERO, 0), rest));
        }
        if b.is_zero() {
            if a.is_zero() {
                return Ok((env.invalid(flag::DIVISION_UNDEFINED), Dec::NAN));
            }
            env.raise(flag::DIVISION_BY_ZERO);
            return Ok((Dec::infinity(negative), env.invalid(flag::INVALID_OPERATION)));
        }
        match Dec::divide_whole(a, b, env)? {
            Some((quotient, rest)) => Ok((quotient.finish(env)?, rest.finish(env)?)),
            None => Ok((env.invalid(flag::DIVISION_IMPOSSIBLE), Dec::NAN)),
        }
    }

    pub fn rem_near(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        if let Some(special) = Dec::special_rest(a, b, env) {
            return special;
        }
        let ideal = a.exp.min(b.exp);
        if a.coef.is_zero() {
            return Dec::finite(a.negative, Coef::ZERO, ideal).finish(env);
        }
        let difference = a.adjusted() - b.adjusted();
        if difference > env.prec {
            return Ok(env.invalid(flag::DIVISION_IMPOSSIBLE));
        }
        if difference <= -2 {
            return a.rescale(ideal, env.rounding)?.0.finish(env);
        }
        let x = a.coef.shl10((a.exp - ideal).unsigned_abs())?;
        let y = b.coef.shl10((b.exp - ideal).unsigned_abs())?;
        let (mut quotient, mut rest) = x.div_rem(&y)?;
        let mut negative = a.negative;
        let twice = rest.add(&rest)?;
        let up = match twice.compare(&y) {
            Ordering::Greater => true,
            Ordering::Equal => quotient.is_odd(),
            Ordering::Less => false,
        };
        if up {
            rest = y.sub(&rest)?;
            negative = !negative;
            quotient = quotient.add(&Coef::ONE)?;
        }
        if quotient.digits() > env.prec {
            return Ok(env.invalid(flag::DIVISION_IMPOSSIBLE));
        }
        Dec::finite(negative, rest, ideal).finish(env)
    }

    pub fn sqrt(&self, env: &mut Env) -> Result<Dec> {
        match self.kind {
            Kind::Quiet | Kind::Signaling => return self.quiet(env),
            Kind::Infinite if !self.negative => return Ok(Dec::infinity(false)),
            _ => {}
        }
        if self.is_zero() {
            return Dec::finite(self.negative, Coef::ZERO, self.exp.div_euclid(2)).finish(env);
        }
        if self.negative {
            return Ok(env.invalid(flag::INVALID_OPERATION));
        }
        let ideal = self.exp.div_euclid(2);
        let mut half_even = Env { rounding: Rounding::HalfEven, ..*env };
        let bound = self.coef.digits() + 2;
        if env.prec > LONG && bound < env.prec {
            let (coef, exp, exact) = root(self, bound, ideal)?;
            if exact {
                let result = Dec::finite(false, coef, exp).finish(&mut half_even)?;
                env.raise(half_even.status);
                return Ok(result);
            }
        }
        let (coef, exp, _) = root(self, env.prec + 1, ideal)?;
        let result = Dec::finite(false, coef, exp).finish(&mut half_even)?;
        env.raise(half_even.status);
        Ok(result)
    }

    /// The number rounded to the context (`+x`).
    pub fn plus(&self, env: &mut Env) -> Result<Dec> {
        self.signed(self.negative, env)
    }

    pub fn minus(&self, env: &mut Env) -> Result<Dec> {
        self.signed(!self.negative, env)
    }

    pub fn abs(&self, env: &mut Env) -> Result<Dec> {
        self.signed(false, env)
    }

    fn signed(&self, negative: bool, env: &mut Env) -> Result<Dec> {
        if self.is_nan() {
            return self.quiet(env);
        }
        let negative = negative && !(self.is_zero() && env.rounding != Rounding::Floor);
        self.with_sign(negative)?.finish(env)
    }

    /// The number without trailing zeros.
    pub fn reduce(&self, env: &mut Env) -> Result<Dec> {
        if self.is_nan() {
            return self.quiet(env);
        }
        let number = self.try_clone()?.finish(env)?;
        if !number.is_finite() {
            return Ok(number);
        }
        if number.coef.is_zero() {
            return Ok(Dec::finite(number.negative, Coef::ZERO, 0));
        }
        let most = if env.clamp { env.etop() } else { env.emax };
        let zeros = (number.coef.trailing_zeros() as i64).min((most - number.exp).max(0));
        Ok(Dec::finite(number.negative, number.coef.shr10(zeros.unsigned_abs())?.0, number.exp + zeros))
    }
}

/// A quotient with at least `prec` digits and a sticky last digit, or the exact one near its ideal exponent.
fn quotient(a: &Dec, b: &Dec, prec: i64) -> Result<(Coef, i64, bool)> {
    let ideal = a.exp - b.exp;
    let shift = b.coef.digits() - a.coef.digits() + prec + 1;
    let exp = ideal - shift;
    let (coef, rest) = if shift >= 0 {
        a.coef.shl10(shift.unsigned_abs())?.div_rem(&b.coef)?
    } else {
        a.coef.div_rem(&b.coef.shl10(shift.unsigned_abs())?)?
    };
    if !rest.is_zero() {
        return Ok((sticky(coef)?, exp, false));
    }
    let zeros = if exp < ideal { (coef.trailing_zeros() as i64).min(ideal - exp) } else { 0 };
    Ok((coef.shr10(zeros.unsigned_abs())?.0, exp + zeros, true))
}

/// Makes a last digit that would read as exact or as half one that does not.
fn sticky(coef: Coef) -> Result<Coef> {
    if coef.last_digit().is_multiple_of(5) { coef.add(&Coef::ONE) } else { Ok(coef) }
}

/// A square root of at least `prec` digits.
fn root(x: &Dec, prec: i64, ideal: i64) -> Result<(Coef, i64, bool)> {
    let digits = x.coef.digits();
    let odd = x.exp.rem_euclid(2);
    // The radicand is coef * 10^odd * 100^shift.
    let length = (digits + odd + 1) / 2;
    let shift = prec - length;
    let mut exp = ideal - shift;
    let (radicand, exact) = if shift >= 0 {
        (x.coef.shl10((2 * shift + odd).unsigned_abs())?, true)
    } else {
        let cut = -2 * shift - odd;
        if cut >= 0 {
            let (coef, tail) = x.coef.shr10(cut.unsigned_abs())?;
            (coef, tail == super::coef::Tail::Zero)
        } else {
            (x.coef.shl10(cut.unsigned_abs())?, true)
        }
    };
    let (mut coef, square) = radicand.isqrt()?;
    if !(exact && square) {
        return Ok((sticky(coef)?, exp, false));
    }
    if exp < ideal {
        let zeros = (coef.trailing_zeros() as i64).min(ideal - exp);
        coef = coef.shr10(zeros.unsigned_abs())?.0;
        exp += zeros;
    } else if exp > ideal {
        coef = coef.shl10((exp - ideal).unsigned_abs())?;
        exp = ideal;
    }
    Ok((coef, exp, true))
}
