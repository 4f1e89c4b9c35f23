//! Comparison, total order, minimum and maximum.

use core::cmp::Ordering;

use super::coef::Result;
use super::number::{Dec, Env, Kind, flag};

impl Dec {
    /// The order of two numbers that are no NaNs.
    #[inline]
    pub fn order(a: &Dec, b: &Dec) -> Result<Ordering> {
        if a.is_finite() && b.is_finite() && a.exp == b.exp && a.negative == b.negative {
            let order = a.coef.compare(&b.coef);
            return Ok(if a.negative { order.reverse() } else { order });
        }
        let sign = |x: &Dec| {
            if x.is_zero() {
                0
            } else if x.negative {
                -1
            } else {
                1
            }
        };
        let order = sign(a).cmp(&sign(b));
        if order != Ordering::Equal || sign(a) == 0 {
            return Ok(order);
        }
        let order = Dec::order_magnitude(a, b)?;
        Ok(if a.negative { order.reverse() } else { order })
    }

    /// The order of the magnitudes of two numbers that are no NaNs.
    pub fn order_magnitude(a: &Dec, b: &Dec) -> Result<Ordering> {
        match (a.is_infinite(), b.is_infinite()) {
            (true, true) => return Ok(Ordering::Equal),
            (true, false) => return Ok(Ordering::Greater),
            (false, true) => return Ok(Ordering::Less),
            (false, false) => {}
        }
        match (a.coef.is_zero(), b.coef.is_zero()) {
            (true, true) => return Ok(Ordering::Equal),
            (true, false) => return Ok(Ordering::Less),
            (false, true) => return Ok(Ordering::Greater),
            (false, false) => {}
        }
        let order = a.adjusted().cmp(&b.adjusted());
        if order != Ordering::Equal {
            return Ok(order);
        }
        let shift = (a.exp - b.exp).unsigned_abs();
        Ok(match a.exp.cmp(&b.exp) {
            Ordering::Equal => a.coef.compare(&b.coef),
            Ordering::Greater => a.coef.shl10(shift)?.compare(&b.coef),
            Ordering::Less => a.coef.compare(&b.coef.shl10(shift)?),
        })
    }

    pub fn compare(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        if let Some(nan) = Dec::nan_of(a, b, env) {
            return nan;
        }
        Ok(Dec::from_i64(Dec::order(a, b)? as i64))
    }

    pub fn compare_signal(a: &Dec, b: &Dec, env: &mut Env) -> Result<Dec> {
        if a.is_nan() || b.is_nan() {
            env.raise(flag::INVALID_OPERATION);
        }
        Dec::compare(a, b, env)
    }

    pub fn order_total(a: &Dec, b: &Dec) -> Result<Ordering> {
        match (a.negative, b.negative) {
            (true, false) => return Ok(Ordering::Less),
            (false, true) => return Ok(Ordering::Greater),
            _ => {}
        }
        let order = Dec::order_total_magnitude(a, b)?;
        Ok(if a.negative { order.reverse() } else { order })
    }

    pub fn order_total_magnitude(a: &Dec, b: &Dec) -> Result<Ordering> {
        let rank = |x: &Dec| match x.kind {
            Kind::Finite | Kind::Infinite => 0,
            Kind::Signaling => 1,
            Kind::Quiet => 2,
        };
        let order = rank(a).cmp(&rank(b));
        if order != Ordering::Equal {
            return Ok(order);
        }
        if a.is_nan() {
            return Ok(a.coef.compare(&b.coef));
        }
        let order = Dec::order_magnitude(a, b)?;
        if order == Ordering::Equal && a.is_finite() && b.is_finite() {
            return Ok(a.exp.cmp(&b.exp));
        }
        Ok(order)
    }

    /// The smaller or larger of two numbers, by value or by magnitude; a quiet NaN gives way to a number.
    pub fn extreme(a: &Dec, b: &Dec, largest: bool, magnitude: bool, env: &mut Env) -> Result<Dec> {
        if a.is_nan() || b.is_nan() {
            if a.kind == Kind::Quiet && !b.is_nan() {
                return b.try_clone()?.finish(env);
            }
            if b.kind == Kind::Quiet && !a.is_nan() {
                return a.try_clone()?.finish(env);
            }
            return Dec::choose_nan(&[a, b]).quiet(env);
        }
        let mut order = if magnitude { Dec::order_magnitude(a, b)? } else { Dec::order(a, b)? };
        if order == Ordering::Equal && magnitude {
            order = Dec::order(a, b)?;
        }
        if order == Ordering::Equal {
            order = Dec::order_total(a, b)?;
        }
        let first = if largest { order != Ordering::Less } else { order == Ordering::Less };
        let chosen = if order == Ordering::Equal || first { a } else { b };
        chosen.try_clone()?.finish(env)
    }

    pub fn same_quantum(a: &Dec, b: &Dec) -> bool {
        if a.is_finite() && b.is_finite() {
            return a.exp == b.exp;
        }
        a.is_nan() && b.is_nan() || a.is_infinite() && b.is_infinite()
    }
}
