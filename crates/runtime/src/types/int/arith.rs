//! Arithmetic on ints, with Python's rounding: `//` towards minus infinity, `%` with the sign of the divisor, shifts and
//! bit operations as in infinite two's complement.
//!
//! Each operation first tries machine integers: ints of up to two digits (60 bits) never overflow 128 bits.

use core::cmp::Ordering;

use super::Int;
use super::digits::{self, BitOp, SHIFT, limbs};
use super::object::with_limbs;
use super::raw::NewInt;
use super::support::{interrupted, stopped};
use crate::prelude::*;

/// `a // b` and `a % b` of machine integers; `b` is not zero, and the quotient fits.
#[inline(always)]
pub fn floor_div_rem(a: i64, b: i64) -> (i64, i64) {
    let (q, r) = (a / b, a % b);
    if r != 0 && (r < 0) != (b < 0) { (q - 1, r + b) } else { (q, r) }
}

/// Dividends up to this many limbs are divided on the stack, few limbs in less of it.
const SHORT: usize = 36;
const FEW: usize = 8;

/// Divides magnitudes by way of limbs on the stack: `N` is more than the dividend's limbs. What `body` gets is the quotient, with room
/// for one unit more, and the remainder.
#[inline(always)]
fn divide_on_stack<const N: usize, R>(a: &[u32], b: &[u32], body: impl FnOnce(&mut [u64], &[u64]) -> R) -> R {
    let (na, nb) = (digits::limbs_for(a.len()), digits::limbs_for(b.len()));
    let (mut q, mut rest, mut divisor) = ([0; N], [0; N], [0; N]);
    digits::pack_into(&mut rest[..na], a);
    digits::pack_into(&mut divisor[..nb], b);
    let n = limbs::len(&divisor[..nb]);
    // One limb more than the dividend has, for the shift.
    let count = na + 1 - n;
    limbs::div_rem_short(&mut q[..count], &mut rest[..na + 1], &mut divisor[..n]);
    body(&mut q[..count], &rest[..n])
}

#[cold]
fn division_by_zero() -> Raised {
    raise!(ZeroDivisionError, "division by zero")
}

/// The sum of magnitudes.
fn add_magnitudes(a: &[u32], b: &[u32], negative: bool) -> PyResult<Ref<Int>> {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    // SAFETY: the addition writes every digit.
    let mut new = unsafe { NewInt::unwritten(a.len() + 1)? };
    digits::add(new.digits_mut(), a, b);
    Ok(new.finish(negative))
}

/// The difference of magnitudes, negated when `negative`.
fn sub_magnitudes(a: &[u32], b: &[u32], negative: bool) -> PyResult<Ref<Int>> {
    let (a, b, negative) = match digits::compare(a, b) {
        Ordering::Equal => return Ok(Int::zero()),
        Ordering::Greater => (a, b, negative),
        Ordering::Less => (b, a, !negative),
    };
    // SAFETY: the subtraction writes every digit.
    let mut new = unsafe { NewInt::unwritten(a.len())? };
    digits::sub(new.digits_mut(), a, b);
    Ok(new.finish(negative))
}

impl Ref<Int> {
    #[inline]
    pub fn add(&self, other: &Ref<Int>) -> PyResult<Ref<Int>> {
        if let (Some(a), Some(b)) = (self.small_value(), other.small_value()) {
            return Int::from_i64(a + b);
        }
        self.add_slow(other, other.is_negative())
    }

    #[inline]
    pub fn sub(&self, other: &Ref<Int>) -> PyResult<Ref<Int>> {
        if let (Some(a), Some(b)) = (self.small_value(), other.small_value()) {
            return Int::from_i64(a - b);
        }
        self.add_slow(other, !other.is_negative())
    }

    /// The sum with the magnitude of `other`, taken as negative or not.
    #[inline(never)]
    fn add_slow(&self, other: &Ref<Int>, other_negative: bool) -> PyResult<Ref<Int>> {
        let (a, b) = (self.digits(), other.digits());
        if self.is_negative() == other_negative {
            add_magnitudes(a, b, other_negative)
        } else {
            sub_magnitudes(a, b, self.is_negative())
        }
    }

    #[inline]
    pub fn mul(&self, other: &Ref<Int>) -> PyResult<Ref<Int>> {
        if let (Some(a), Some(b)) = (self.small_value(), other.small_value()) {
            return match a.checked_mul(b) {
                Some(product) => Int::from_i64(product),
                None => Int::from_i128(a as i128 * b as i128),
            };
        }
        self.mul_slow(other)
    }

    #[inline(never)]
    fn mul_slow(&self, other: &Ref<Int>) -> PyResult<Ref<Int>> {
        let (a, b) = (self.digits(), other.digits());
        // SAFETY: the multiplication writes every digit before it reads any.
        let mut new = unsafe { NewInt::unwritten(a.len() + b.len())? };
        digits::mul(new.digits_mut(), a, b, &mut interrupted).map_err(stopped)?;
        Ok(new.finish(self.is_negative() != other.is_negative()))
    }

    #[inline]
    pub fn floor_div(&self, other: &Ref<Int>) -> PyResult<Ref<Int>> {
        if let (Some(a), Some(b)) = (self.small_value(), other.small_value()) {
            if b == 0 {
                return Err(division_by_zero());
            }
            return Int::from_i64(floor_div_rem(a, b).0);
        }
        if other.is_zero() {
            return Err(division_by_zero());
        }
        let negative = self.is_negative() != other.is_negative();
        let short = self.divide_short(other, |quotient, rest| {
            if negative && rest.iter().any(|&limb| limb != 0) {
                limbs::increment(quotient);
            }
            Int::from_limbs(limbs::trimmed(quotient), negative)
        });
        if let Some(quotient) = short {
            return quotient;
        }
        Ok(self.div_mod_slow(other)?.0)
    }

    #[inline]
    pub fn modulo(&self, other: &Ref<Int>) -> PyResult<Ref<Int>> {
        if let (Some(a), Some(b)) = (self.small_value(), other.small_value()) {
            if b == 0 {
                return Err(division_by_zero());
            }
            return Int::from_i64(floor_div_rem(a, b).1);
        }
        match *other.digits() {
            [] => return Err(division_by_zero()),
            [d] => {
                let r = digits::rem_digit(self.digits(), d) as i64;
                let r = if self.is_negative() { -r } else { r };
                let d = if other.is_negative() { -(d as i64) } else { d as i64 };
                return Int::from_i64(floor_div_rem(r, d).1);
            }
            _ => {}
        }
        let rest = self.divide_short(other, |_, rest| Int::from_limbs(limbs::trimmed(rest), self.is_negative()));
        if let Some(rest) = rest {
            let rest = rest?;
            let is_done = rest.is_zero() || self.is_negative() == other.is_negative();
            return if is_done { Ok(rest) } else { rest.add(other) };
        }
        Ok(self.div_mod_slow(other)?.1)
    }

    /// Gives `body` quotient and remainder of the magnitudes; `None` where the operands are too long for the stack or the
    /// quotient is zero. `other` is not zero.
    fn divide_short<R>(&self, other: &Ref<Int>, body: impl FnOnce(&mut [u64], &[u64]) -> R) -> Option<R> {
        let (a, b) = (self.digits(), other.digits());
        if b.len() > a.len() || b.is_empty() {
            return None;
        }
        let machine = |digits: &[u32]| digits.iter().rev().fold(0u128, |value, &digit| value << SHIFT | digit as u128);
        let halves = |value: u128| [value as u64, (value >> 64) as u64];
        match digits::limbs_for(a.len()) {
            ..=2 => {
                let (x, y) = (machine(a), machine(b));
                let quotient = x / y;
                Some(body(&mut halves(quotient), &halves(x - quotient * y)))
            }
            3..FEW => Some(divide_on_stack::<FEW, R>(a, b, body)),
            FEW..SHORT => Some(divide_on_stack::<SHORT, R>(a, b, body)),
            _ => None,
        }
    }

    pub fn div_mod(&self, other: &Ref<Int>) -> PyResult<(Ref<Int>, Ref<Int>)> {
        if let (Some(a), Some(b)) = (self.small_value(), other.small_value()) {
            if b == 0 {
                return Err(division_by_zero());
            }
            let (q, r) = floor_div_rem(a, b);
            return Ok((Int::from_i64(q)?, Int::from_i64(r)?));
        }
        if other.is_zero() {
            return Err(division_by_zero());
        }
        self.div_mod_slow(other)
    }

    /// Quotient rounded down and remainder; `other` is not zero.
    #[inline(never)]
    fn div_mod_slow(&self, other: &Ref<Int>) -> PyResult<(Ref<Int>, Ref<Int>)> {
        let (q, r) = self.div_rem_trunc(other)?;
        if !r.is_zero() && r.is_negative() != other.is_negative() {
            return Ok((q.sub(&Int::one())?, r.add(other)?));
        }
        Ok((q, r))
    }

    /// Quotient rounded towards zero, and the remainder with the sign of `self`; `other` is not zero.
    pub fn div_rem_trunc(&self, other: &Ref<Int>) -> PyResult<(Ref<Int>, Ref<Int>)> {
        let (a, b) = (self.digits(), other.digits());
        let q_negative = self.is_negative() != other.is_negative();
        if digits::compare(a, b) == Ordering::Less {
            return Ok((Int::zero(), self.to_exact()?));
        }
        if let [d] = *b {
            // SAFETY: the division writes every digit.
            let mut q = unsafe { NewInt::unwritten(a.len())? };
            let r = digits::div_digit(q.digits_mut(), a, d) as i64;
            return Ok((q.finish(q_negative), Int::from_i64(if self.is_negative() { -r } else { r })?));
        }
        let short = self.divide_short(other, |quotient, rest| {
            let quotient = Int::from_limbs(limbs::trimmed(quotient), q_negative)?;
            Ok((quotient, Int::from_limbs(limbs::trimmed(rest), self.is_negative())?))
        });
        if let Some(pair) = short {
            return pair;
        }
        let (x, y) = (digits::pack(a).map_err(stopped)?, digits::pack(b).map_err(stopped)?);
        let (q, r) = limbs::div_rem(&x, &y, &mut interrupted).map_err(stopped)?;
        drop((x, y));
        Ok((Int::from_limbs(&q, q_negative)?, Int::from_limbs(&r, self.is_negative())?))
    }

    /// The nearest integer to the quotient, ties to even, and the remainder (`_PyLong_DivmodNear`).
    pub fn div_mod_near(&self, other: &Ref<Int>) -> PyResult<(Ref<Int>, Ref<Int>)> {
        if other.is_zero() {
            return Err(raise!(ZeroDivisionError, "integer division or modulo by zero"));
        }
        let (q, r) = self.div_rem_trunc(other)?;
        let twice = r.shift_left(1)?;
        let up = match digits::compare(twice.digits(), other.digits()) {
            Ordering::Greater => true,
            Ordering::Equal => q.is_odd(),
            Ordering::Less => false,
        };
        if !up {
            return Ok((q, r));
        }
        if self.is_negative() != other.is_negative() {
            Ok((q.sub(&Int::one())?, r.add(other)?))
        } else {
            Ok((q.add(&Int::one())?, r.sub(other)?))
        }
    }

    /// The correctly rounded quotient `self / other`.
    pub fn true_div(&self, other: &Ref<Int>) -> PyResult<f64> {
        if other.is_zero() {
            return Err(division_by_zero());
        }
        let negative = self.is_negative() != other.is_negative();
        let quotient = digits::true_divide(self.digits(), other.digits(), &mut interrupted).map_err(stopped)?;
        match quotient {
            Some(value) => Ok(if negative { -value } else { value }),
            None => Err(raise!(OverflowError, "integer division result too large for a float")),
        }
    }

    pub fn negate(&self) -> PyResult<Ref<Int>> {
        match self.small_value() {
            Some(value) => Int::from_i64(-value),
            None => Int::from_digits(self.digits(), !self.is_negative()),
        }
    }

    pub fn absolute(&self) -> PyResult<Ref<Int>> {
        if self.is_negative() { self.negate() } else { self.to_exact() }
    }

    /// `~self`
    pub fn invert(&self) -> PyResult<Ref<Int>> {
        match self.small_value() {
            Some(value) => Int::from_i64(!value),
            None => self.add(&Int::one())?.negate(),
        }
    }

    /// `self << bits`
    pub fn shift_left(&self, bits: u64) -> PyResult<Ref<Int>> {
        if let Some(value) = self.small_value()
            && bits < 64
        {
            return Int::from_i128((value as i128) << bits);
        }
        if self.is_zero() {
            return Ok(Int::zero());
        }
        let whole = usize::try_from(bits / SHIFT as u64).map_err(|_| too_many_digits())?;
        let Some(capacity) = whole.checked_add(self.digit_count() + 1) else { return Err(too_many_digits()) };
        // SAFETY: the shift writes every digit.
        let mut new = unsafe { NewInt::unwritten(capacity)? };
        digits::shl(new.digits_mut(), self.digits(), whole, (bits % SHIFT as u64) as u32);
        Ok(new.finish(self.is_negative()))
    }

    /// `self >> bits`, rounded down.
    pub fn shift_right(&self, bits: u64) -> PyResult<Ref<Int>> {
        if let Some(value) = self.small_value() {
            return Int::from_i64(value >> bits.min(63));
        }
        let whole = bits / SHIFT as u64;
        if whole >= self.digit_count() as u64 {
            return Int::from_i64(if self.is_negative() { -1 } else { 0 });
        }
        let whole = whole as usize;
        let (kept, negative) = (self.digit_count() - whole, self.is_negative());
        // SAFETY: every digit is written below.
        let mut new = unsafe { NewInt::unwritten(kept + usize::from(negative))? };
        let (shifted, carry) = new.digits_mut().split_at_mut(kept);
        carry.fill(0);
        let lost = digits::shr(shifted, self.digits(), whole, (bits % SHIFT as u64) as u32);
        if lost && negative {
            digits::increment(new.digits_mut());
        }
        Ok(new.finish(negative))
    }

    /// `&`, `|` or `^`.
    #[inline]
    pub fn bit_op(&self, op: BitOp, other: &Ref<Int>) -> PyResult<Ref<Int>> {
        if let (Some(a), Some(b)) = (self.small_value(), other.small_value()) {
            return Int::from_i64(match op {
                BitOp::And => a & b,
                BitOp::Or => a | b,
                BitOp::Xor => a ^ b,
            });
        }
        let (a, b) = (self.digits(), other.digits());
        if !self.is_negative() && !other.is_negative() {
            let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
            let len = if op == BitOp::And { b.len() } else { a.len() };
            // SAFETY: the operation writes every digit.
            let mut new = unsafe { NewInt::unwritten(len)? };
            digits::bit_op_magnitudes(new.digits_mut(), op, a, b);
            return Ok(new.finish(false));
        }
        let mut new = NewInt::new(a.len().max(b.len()) + 1)?;
        let negative = digits::bit_op(new.digits_mut(), op, (a, self.is_negative()), (b, other.is_negative()));
        Ok(new.finish(negative))
    }

    /// `self ** exponent` for an exponent that is not negative.
    pub fn pow(&self, exponent: &Ref<Int>) -> PyResult<Ref<Int>> {
        let negative = self.is_negative() && exponent.is_odd();
        match (self.small_value(), exponent.to_u64()) {
            (Some(1), _) => return Ok(Int::one()),
            (Some(0), e) => return Ok(if e == Some(0) { Int::one() } else { Int::zero() }),
            (Some(-1), _) => return Int::from_i64(if negative { -1 } else { 1 }),
            (Some(base), Some(e)) => {
                if let Some(value) = u32::try_from(e).ok().and_then(|e| base.checked_pow(e)) {
                    return Int::from_i64(value);
                }
                if base == 2 {
                    return Int::one().shift_left(e);
                }
                let bits = (64 - base.unsigned_abs().leading_zeros()) as u64;
                if bits.checked_mul(e).is_some_and(|bits| bits <= 64 * limbs::SHORT_POWER as u64) {
                    let mut power = [0; limbs::SHORT_POWER + 1];
                    let len = limbs::pow_short(&mut power, base.unsigned_abs(), e);
                    return Int::from_limbs(&power[..len], negative);
                }
            }
            (_, None) => return Err(too_many_digits()),
            _ => {}
        }
        let Some(e) = exponent.to_u64() else { return Err(too_many_digits()) };
        let base = self.to_limbs()?;
        with_limbs(negative, |interrupted| limbs::pow(&base, e, interrupted))
    }

    /// `pow(self, exponent, modulus)`: ValueError without inverse, for a negative exponent.
    pub fn pow_mod(&self, exponent: &Ref<Int>, modulus: &Ref<Int>) -> PyResult<Ref<Int>> {
        if modulus.is_zero() {
            return Err(raise!(ValueError, "pow() 3rd argument cannot be 0"));
        }
        let positive_modulus = modulus.absolute()?;
        let mut base = self.clone();
        if exponent.is_negative() {
            base = base.inverse_mod(&positive_modulus)?;
        }
        if positive_modulus.small_value() == Some(1) {
            return Ok(Int::zero());
        }
        let base = base.modulo(&positive_modulus)?;
        let result = {
            let (b, e, m) = (base.to_limbs()?, exponent.to_limbs()?, positive_modulus.to_limbs()?);
            with_limbs(false, |interrupted| limbs::pow_mod(&b, &e, &m, interrupted))?
        };
        if modulus.is_negative() && !result.is_zero() { result.add(modulus) } else { Ok(result) }
    }

    /// The inverse modulo a positive number.
    fn inverse_mod(&self, modulus: &Ref<Int>) -> PyResult<Ref<Int>> {
        let (mut a, mut n) = (self.modulo(modulus)?, modulus.clone());
        let (mut b, mut c) = (Int::one(), Int::zero());
        while !n.is_zero() {
            if interrupted() {
                return Err(Raised::assume_set());
            }
            let (q, r) = a.div_mod(&n)?;
            a = core::mem::replace(&mut n, r);
            let next = b.sub(&q.mul(&c)?)?;
            b = core::mem::replace(&mut c, next);
        }
        if a.small_value() != Some(1) {
            return Err(raise!(ValueError, "base is not invertible for the given modulus"));
        }
        Ok(b)
    }

    /// The greatest common divisor, not negative.
    pub fn gcd(&self, other: &Ref<Int>) -> PyResult<Ref<Int>> {
        if let (Some(a), Some(b)) = (self.small_value(), other.small_value()) {
            let (mut a, mut b) = (a.unsigned_abs(), b.unsigned_abs());
            while b != 0 {
                (a, b) = (b, a % b);
            }
            return Int::from_u64(a);
        }
        if self.is_zero() {
            return other.absolute();
        }
        if other.is_zero() {
            return self.absolute();
        }
        let (a, b) = (self.to_limbs()?, other.to_limbs()?);
        with_limbs(false, |interrupted| limbs::gcd(&a, &b, interrupted))
    }

    /// `floor(sqrt(self))` of a value that is not negative.
    pub fn isqrt(&self) -> PyResult<Ref<Int>> {
        if let Some(value) = self.small_value()
            && value >= 0
        {
            return Int::from_i64((value as u64).isqrt() as i64);
        }
        let n = self.to_limbs()?;
        with_limbs(false, |interrupted| limbs::isqrt(&n, interrupted))
    }

    pub fn bit_count(&self) -> u64 {
        self.digits().iter().map(|digit| digit.count_ones() as u64).sum()
    }
}

#[cold]
fn too_many_digits() -> Raised {
    raise!(OverflowError, "too many digits in integer")
}
