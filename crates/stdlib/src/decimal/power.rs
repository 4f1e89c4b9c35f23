//! Exponential, logarithms and powers.
//!
//! `exp`, `ln` and `log10` are correctly rounded: the value is found in binary fixed point with guard digits, and with more
//! of them while the digits after the last place do not decide the rounding.

use core::cmp::Ordering;
use std::sync::Mutex;

use taipan_runtime::types::int::digits::limbs;

use super::coef::{Coef, NoMemory, Result, binary_product};
use super::number::{Dec, Env, Kind, MAX_EMAX, Rounding, flag};

/// A binary fixed point number without a sign.
type Fixed = Vec<u64>;

/// A bound of the digits that are computed; what is longer would not fit into memory on the way.
const LONGEST: i64 = 1 << 40;

fn never() -> bool {
    false
}

fn mul(a: &[u64], b: &[u64]) -> Result<Fixed> {
    binary_product(a, b)
}

fn mul_shift(a: &[u64], b: &[u64], bits: usize) -> Result<Fixed> {
    shr(&mul(a, b)?, bits)
}

fn shl(a: &[u64], bits: usize) -> Result<Fixed> {
    Ok(limbs::shl(a, bits)?)
}

fn shr(a: &[u64], bits: usize) -> Result<Fixed> {
    let mut result = limbs::shr(a, bits)?;
    limbs::trim(&mut result);
    Ok(result)
}

fn div(a: &[u64], b: &[u64]) -> Result<Fixed> {
    Ok(limbs::div_rem(a, b, &mut never)?.0)
}

fn one(bits: usize) -> Result<Fixed> {
    shl(&[1], bits)
}

fn add_to(a: &mut Fixed, b: &[u64]) -> Result<()> {
    let len = a.len().max(b.len()) + 1;
    a.try_reserve(len - a.len()).map_err(|_| NoMemory)?;
    a.resize(len, 0);
    limbs::add_assign(a, b);
    limbs::trim(a);
    Ok(())
}

fn order(a: &[u64], b: &[u64]) -> Ordering {
    limbs::compare(limbs::trimmed(a), limbs::trimmed(b))
}

/// The distance of two numbers, and whether the first is the smaller.
fn distance(a: &[u64], b: &[u64]) -> Result<(Fixed, bool)> {
    let less = order(a, b) == Ordering::Less;
    let (high, low) = if less { (b, a) } else { (a, b) };
    let mut result = limbs::copy_of(limbs::trimmed(high), 0)?;
    limbs::sub_assign(&mut result, limbs::trimmed(low));
    limbs::trim(&mut result);
    Ok((result, less))
}

fn pow10(count: u64) -> Result<Fixed> {
    if count > LONGEST as u64 {
        return Err(NoMemory);
    }
    Ok(limbs::pow(&[10], count, &mut never)?)
}

/// atanh(1 / `n`).
fn atanh_inverse(n: u64, bits: usize) -> Result<Fixed> {
    let mut term = one(bits)?;
    limbs::div_limb_assign(&mut term, n);
    let mut sum = term.clone();
    for k in 1u64.. {
        limbs::div_limb_assign(&mut term, n * n);
        limbs::trim(&mut term);
        if term.is_empty() {
            break;
        }
        let mut part = limbs::copy_of(&term, 0)?;
        limbs::div_limb_assign(&mut part, 2 * k + 1);
        add_to(&mut sum, &part)?;
    }
    Ok(sum)
}

/// ln 10; kept, for the most bits that were wanted so far.
fn ln10(bits: usize) -> Result<Fixed> {
    static KEPT: Mutex<(usize, Fixed)> = Mutex::new((0, Vec::new()));
    if let Ok(kept) = KEPT.lock()
        && kept.0 >= bits
    {
        return shr(&kept.1, kept.0 - bits);
    }
    let guard = bits + 64;
    let mut sum = Vec::new();
    for (factor, n) in [(46u64, 31), (34, 49), (20, 161)] {
        add_to(&mut sum, &mul(&atanh_inverse(n, guard)?, &[factor])?)?;
    }
    let result = shr(&sum, 64)?;
    if let Ok(mut kept) = KEPT.lock() {
        *kept = (guard, sum);
    }
    Ok(result)
}

/// e to a small number that is not negative.
fn exp_fixed(r: &[u64], bits: usize) -> Result<Fixed> {
    let halvings = (bits as f64).sqrt() as usize / 2 + 4;
    let work = bits + 2 * halvings + 32;
    let r = shr(&shl(r, work - bits)?, halvings)?;
    let mut sum = one(work)?;
    let mut term = one(work)?;
    for k in 1u64.. {
        term = mul_shift(&term, &r, work)?;
        limbs::div_limb_assign(&mut term, k);
        limbs::trim(&mut term);
        if term.is_empty() {
            break;
        }
        add_to(&mut sum, &term)?;
    }
    for _ in 0..halvings {
        sum = mul_shift(&sum, &sum, work)?;
    }
    shr(&sum, work - bits)
}

/// The logarithm of a number near one: magnitude, and whether it is negative.
fn ln_fixed(m: &[u64], bits: usize) -> Result<(Fixed, bool)> {
    let roots = (bits as f64).sqrt() as usize / 3 + 3;
    let work = bits + roots + 32;
    let mut y = shl(m, work - bits)?;
    for _ in 0..roots {
        y = limbs::isqrt(&shl(&y, work)?, &mut never)?;
    }
    let unit = one(work)?;
    let (difference, negative) = distance(&y, &unit)?;
    add_to(&mut y, &unit)?;
    let z = div(&shl(&difference, work)?, &y)?;
    let square = mul_shift(&z, &z, work)?;
    let mut sum = z.clone();
    let mut term = z;
    for k in 1u64.. {
        term = mul_shift(&term, &square, work)?;
        if term.is_empty() {
            break;
        }
        let mut part = limbs::copy_of(&term, 0)?;
        limbs::div_limb_assign(&mut part, 2 * k + 1);
        add_to(&mut sum, &part)?;
    }
    Ok((shr(&shl(&sum, roots + 1)?, work - bits)?, negative))
}

/// Bits for that many digits.
fn bits_for(digits: i64) -> Result<usize> {
    if digits > LONGEST {
        return Err(NoMemory);
    }
    Ok(digits as usize * 3322 / 1000 + 1)
}

/// `value` * 10^`digits` as a coefficient.
fn to_coef(value: &[u64], bits: usize, digits: i64) -> Result<Coef> {
    Coef::from_binary(&mul_shift(value, &pow10(digits.unsigned_abs())?, bits)?)
}

/// Whether a coefficient wrong by a few units in its last place still decides its rounding to `prec` digits.
fn decides(coef: &Coef, prec: i64) -> Result<bool> {
    let extra = coef.digits() - prec;
    if extra < 2 {
        return Ok(false);
    }
    let rest = coef.low_digits(extra.unsigned_abs())?;
    let half = Coef::from(5).shl10(extra.unsigned_abs() - 1)?;
    let gap = if rest.compare(&half) == Ordering::Less { half.sub(&rest)? } else { rest.sub(&half)? };
    Ok(gap.compare(&Coef::from(10)) == Ordering::Greater)
}

/// Rounds an inexact result, which is never on a boundary.
fn finish_inexact(negative: bool, coef: Coef, exp: i64, env: &mut Env) -> Result<Dec> {
    let coef = if coef.last_digit().is_multiple_of(5) { coef.add(&Coef::ONE)? } else { coef };
    let mut half_even = Env { rounding: Rounding::HalfEven, ..*env };
    let result = Dec::finite(negative, coef, exp).finish(&mut half_even)?;
    env.raise(half_even.status);
    Ok(result)
}

/// 1 with all digits of the precision.
fn padded_one(negative: bool, places: i64) -> Result<Dec> {
    Ok(Dec::finite(negative, Coef::pow10(places.unsigned_abs())?, -places))
}

/// Computes with more and more extra digits until the rounding is decided.
fn rounded(prec: i64, mut compute: impl FnMut(i64) -> Result<Coef>) -> Result<Coef> {
    let mut extra = 10;
    loop {
        let coef = compute(prec + extra)?;
        if decides(&coef, prec)? || extra > 4 * prec + 1000 {
            return Ok(coef);
        }
        extra *= 2;
    }
}

impl Dec {
    pub fn exp(&self, env: &mut Env) -> Result<Dec> {
        match self.kind {
            Kind::Quiet | Kind::Signaling => return self.quiet(env),
            Kind::Infinite if self.negative => return Ok(Dec::finite(false, Coef::ZERO, 0)),
            Kind::Infinite => return Ok(Dec::infinity(false)),
            Kind::Finite => {}
        }
        if self.coef.is_zero() {
            return Ok(Dec::one());
        }
        let adjusted = self.adjusted();
        if adjusted < -(env.prec + 1) {
            env.raise(flag::INEXACT | flag::ROUNDED);
            return padded_one(false, env.prec - 1)?.finish(env);
        }
        if adjusted > 19 {
            let exp = if self.negative { env.etiny() - env.prec - 9 } else { MAX_EMAX };
            return finish_inexact(false, Coef::from(11), exp, env);
        }
        let mut power = 0;
        let mut last = 0;
        let coef = rounded(env.prec, |digits| {
            let bits = bits_for(digits)? + 64;
            let wide = bits + 70;
            let coef = self.coef.to_binary()?;
            let x = if self.exp >= 0 {
                shl(&mul(&coef, &pow10(self.exp.unsigned_abs())?)?, wide)?
            } else {
                div(&shl(&coef, wide)?, &pow10(self.exp.unsigned_abs())?)?
            };
            let (count, rest) = limbs::div_rem(&x, &ln10(wide)?, &mut never)?;
            let count = i64::try_from(count.first().copied().unwrap_or(0)).map_err(|_| NoMemory)?;
            let (count, rest) = if self.negative && !limbs::trimmed(&rest).is_empty() {
                (-count - 1, distance(&ln10(wide)?, &rest)?.0)
            } else {
                (if self.negative { -count } else { count }, rest)
            };
            power = count;
            last = digits;
            to_coef(&exp_fixed(&shr(&rest, wide - bits)?, bits)?, bits, digits)
        })?;
        finish_inexact(false, coef, power - last, env)
    }

    /// What logarithms give for operands without one.
    fn log_special(&self, env: &mut Env) -> Option<Result<Dec>> {
        if self.is_nan() {
            return Some(self.quiet(env));
        }
        if self.is_zero() {
            return Some(Ok(Dec::infinity(true)));
        }
        if self.negative {
            return Some(Ok(env.invalid(flag::INVALID_OPERATION)));
        }
        self.is_infinite().then(|| Ok(Dec::infinity(false)))
    }

    /// The logarithm of a positive number that is not one, to base e or ten.
    fn log(&self, base_ten: bool, env: &mut Env) -> Result<Dec> {
        let mut whole = self.adjusted();
        let digits = self.coef.digits();
        let mut scale = digits - 1;
        let (lead, _) = self.coef.shr10((digits - 1).unsigned_abs())?;
        if lead.to_u64().is_some_and(|lead| lead >= 4) {
            whole += 1;
            scale += 1;
        }
        let unit = Coef::pow10(scale.unsigned_abs())?;
        // Near one the logarithm is small, and its digits begin later.
        let mut lost = 1;
        if whole == 0 {
            let gap = if self.coef.compare(&unit) == Ordering::Less {
                unit.sub(&self.coef)?
            } else {
                self.coef.sub(&unit)?
            };
            lost += scale - gap.digits() + 1;
        }
        let mut negative = false;
        let mut last = 0;
        let coef = rounded(env.prec, |digits| {
            let digits = digits + lost;
            let bits = bits_for(digits)? + 80;
            let m = div(&shl(&self.coef.to_binary()?, bits)?, &unit.to_binary()?)?;
            let (part, part_negative) = ln_fixed(&m, bits)?;
            let tens = mul(&ln10(bits)?, &[whole.unsigned_abs()])?;
            let value;
            if whole == 0 {
                (value, negative) = (part, part_negative);
            } else if part_negative == (whole < 0) {
                let mut sum = part;
                add_to(&mut sum, &tens)?;
                (value, negative) = (sum, part_negative);
            } else {
                (value, _) = distance(&tens, &part)?;
                negative = whole < 0;
            }
            let value = if base_ten { div(&shl(&value, bits)?, &ln10(bits)?)? } else { value };
            last = digits;
            to_coef(&value, bits, digits)
        })?;
        finish_inexact(negative, coef, -last, env)
    }

    pub fn ln(&self, env: &mut Env) -> Result<Dec> {
        if let Some(result) = self.log_special(env) {
            return result;
        }
        if Dec::order(self, &Dec::one())? == Ordering::Equal {
            return Ok(Dec::from_i64(0));
        }
        self.log(false, env)
    }

    pub fn log10(&self, env: &mut Env) -> Result<Dec> {
        if let Some(result) = self.log_special(env) {
            return result;
        }
        if self.coef.trailing_zeros() as i64 == self.coef.digits() - 1
            && self.coef.shr10(self.coef.trailing_zeros())?.0.is_one()
        {
            return Dec::from_i64(self.adjusted()).finish(env);
        }
        self.log(true, env)
    }

    pub fn pow(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        if let Some(nan) = Dec::nan_of(a, b, env) {
            return nan;
        }
        let integer = b.is_integer();
        let negative = a.negative && integer && b.is_odd()?;
        if a.is_zero() {
            if b.is_zero() {
                return Ok(env.invalid(flag::INVALID_OPERATION));
            }
            return Ok(if b.negative { Dec::infinity(negative) } else { Dec::finite(negative, Coef::ZERO, 0) });
        }
        if a.negative && !integer {
            // Also for an infinite exponent.
            return Ok(env.invalid(flag::INVALID_OPERATION));
        }
        if b.is_infinite() {
            return match Dec::order_magnitude(a, &Dec::one())? {
                Ordering::Equal => {
                    env.raise(flag::INEXACT | flag::ROUNDED);
                    padded_one(false, env.prec - 1)
                }
                order if (order == Ordering::Greater) == b.negative => Ok(Dec::finite(false, Coef::ZERO, 0)),
                _ => Ok(Dec::infinity(false)),
            };
        }
        if b.is_zero() {
            return Ok(Dec::one());
        }
        if a.is_infinite() {
            return Ok(if b.negative { Dec::finite(negative, Coef::ZERO, 0) } else { Dec::infinity(negative) });
        }
        if Dec::order_magnitude(a, &Dec::one())? == Ordering::Equal {
            return Dec::pow_of_one(a, b, integer, negative, env);
        }
        if let Some(result) = Dec::pow_out_of_range(a, b, negative, env) {
            return result;
        }
        if integer && let Some(count) = whole_magnitude(b)? {
            return Dec::pow_whole(a, b.negative, count, negative, env);
        }
        let work = env.prec + 44;
        let mut wide = Env::wide(work);
        let log = a.with_sign(false)?.ln(&mut wide)?;
        let product = Dec::mul(&log, b, &mut wide)?;
        let mut wide = Env::wide(env.prec + 18);
        let result = product.exp(&mut wide)?;
        env.raise(flag::INEXACT | flag::ROUNDED);
        let result = Dec { negative, ..result }.finish(env)?;
        if env.status & flag::SUBNORMAL != 0 {
            // Inexact as it is, a subnormal result is an underflow also where it looks exact.
            env.raise(flag::UNDERFLOW);
        }
        Ok(result)
    }

    fn pow_of_one(a: &Dec, b: &Dec, integer: bool, negative: bool, env: &mut Env) -> Result<Dec> {
        if !integer {
            env.raise(flag::INEXACT | flag::ROUNDED);
            return padded_one(negative, env.prec - 1);
        }
        if b.negative {
            return Ok(Dec::finite(negative, Coef::ONE, 0));
        }
        let places = whole_magnitude(b)?.and_then(|count| i128::try_from(count).ok()).unwrap_or(i128::MAX);
        let places = places.saturating_mul(i128::from((-a.exp).max(0)));
        if places > i128::from(env.prec - 1) {
            env.raise(flag::ROUNDED);
        }
        padded_one(negative, places.min(i128::from(env.prec - 1)) as i64)?.finish(env)
    }

    /// The result of a power that is far beyond the exponents there are.
    fn pow_out_of_range(a: &Dec, b: &Dec, negative: bool, env: &mut Env) -> Option<Result<Dec>> {
        let lead = |x: &Dec| -> Option<f64> {
            let digits = x.coef.digits();
            let (lead, _) = x.coef.shr10((digits - 15).max(0).unsigned_abs()).ok()?;
            Some((lead.to_u64()? as f64).log10() + (digits - 15).max(0) as f64 + x.exp as f64)
        };
        let log = lead(a)?;
        let size = log.abs().log10() + lead(b)?;
        if log == 0.0 || size < 18.4 {
            return None;
        }
        let exp = if (log < 0.0) == b.negative { MAX_EMAX } else { env.etiny() - env.prec - 9 };
        Some(Dec::finite(negative, Coef::from(11), exp).finish(env))
    }

    fn pow_whole(a: &Dec, inverse: bool, count: u128, negative: bool, env: &mut Env) -> Result<Dec> {
        let digits = i64::from(super::coef::digits_u128(count));
        let mut work = Env::wide(env.prec.saturating_add(4 + digits + i64::from(inverse)));
        let positive = a.with_sign(false)?;
        let base = if inverse { Dec::div(&Dec::one(), &positive, &mut work)? } else { positive };
        let mut result = base.try_clone()?;
        for bit in (0..127 - count.leading_zeros()).rev() {
            result = Dec::mul(&result, &result, &mut work)?;
            if count >> bit & 1 == 1 {
                result = Dec::mul(&result, &base, &mut work)?;
            }
        }
        if result.is_infinite() {
            return Dec::finite(negative, Coef::from(11), MAX_EMAX).finish(env);
        }
        if result.is_zero() {
            return Dec::finite(negative, Coef::from(11), env.etiny() - env.prec - 9).finish(env);
        }
        env.raise(work.status & (flag::INEXACT | flag::ROUNDED));
        Dec { negative, ..result }.finish(env)
    }

    pub fn pow_mod(a: &Dec, b: &Dec, modulus: &Dec, env: &mut Env) -> Result<Dec> {
        if a.is_nan() || b.is_nan() || modulus.is_nan() {
            return Dec::choose_nan(&[a, b, modulus]).quiet(env);
        }
        let all_whole = a.is_integer() && b.is_integer() && modulus.is_integer();
        if !all_whole
            || (b.negative && !b.is_zero())
            || modulus.is_zero()
            || modulus.adjusted() >= env.prec
            || (a.is_zero() && b.is_zero())
        {
            return Ok(env.invalid(flag::INVALID_OPERATION));
        }
        let negative = a.negative && b.is_odd()?;
        let whole = |x: &Dec| -> Result<Coef> { Ok(x.rescale(0, Rounding::Down)?.0.coef) };
        let m = whole(modulus)?.to_binary()?;
        if order(&m, &[1]) == Ordering::Equal {
            return Ok(Dec::finite(negative, Coef::ZERO, 0));
        }
        let power = |base: &[u64], exponent: &[u64]| -> Result<Fixed> {
            if limbs::trimmed(exponent).is_empty() {
                return Ok(vec![1]);
            }
            Ok(limbs::pow_mod(base, exponent, &m, &mut never)?)
        };
        let reduce = |x: &[u64]| -> Result<Fixed> { Ok(limbs::div_rem(x, &m, &mut never)?.1) };
        let part = |x: &Dec| if x.exp < 0 { whole(x) } else { x.coef.try_clone() };
        let mut base = reduce(&part(a)?.to_binary()?)?;
        if a.exp > 0 {
            let scale = power(&reduce(&[10])?, &[a.exp.unsigned_abs()])?;
            base = reduce(&mul(&base, &scale)?)?;
        }
        for _ in 0..b.exp.max(0) {
            base = power(&base, &[10])?;
        }
        let result = power(&base, &part(b)?.to_binary()?)?;
        Ok(Dec::finite(negative, Coef::from_binary(&result)?, 0))
    }
}

/// The magnitude of an integer, where it is no giant.
fn whole_magnitude(x: &Dec) -> Result<Option<u128>> {
    if x.adjusted() > 37 {
        return Ok(None);
    }
    match x.rescale(0, Rounding::Down)?.0.coef {
        Coef::Small(value) => Ok(Some(value)),
        Coef::Big(_) => Ok(None),
    }
}
