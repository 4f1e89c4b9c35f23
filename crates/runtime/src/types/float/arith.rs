//! Arithmetic of floats with Python's rules, comparison with ints, and hashing.

use core::cmp::Ordering;

use crate::prelude::*;

#[cold]
pub(crate) fn division_by_zero() -> Raised {
    raise!(ZeroDivisionError, "division by zero")
}

/// The rest of the division of magnitudes with the sign of `a`, exactly (`fmod`).
#[inline]
fn rest(a: f64, b: f64) -> f64 {
    const FRACTION: u64 = (1 << 52) - 1;
    if a.abs() < b.abs() {
        return a;
    }
    let parts = |x: f64| (x.to_bits() >> 52 & 0x7ff, x.to_bits() & FRACTION | 1 << 52);
    let ((a_exponent, a_bits), (b_exponent, b_bits)) = (parts(a), parts(b));
    // Normal numbers, not too small, of which the first is up to 2^11 times the second: one division of integers.
    let shift = a_exponent.wrapping_sub(b_exponent);
    if shift <= 11 && b_exponent > 52 && a_exponent < 0x7ff {
        let unit = f64::from_bits((b_exponent - 52) << 52);
        return (((a_bits << shift) % b_bits) as f64 * unit).copysign(a);
    }
    a % b
}

/// `a % b`: the sign of `b`, also on a zero.
#[inline]
pub fn modulo(a: f64, b: f64) -> PyResult<f64> {
    if b == 0.0 {
        return Err(division_by_zero());
    }
    let rest = rest(a, b);
    if rest == 0.0 {
        return Ok(0f64.copysign(b));
    }
    Ok(if (b < 0.0) != (rest < 0.0) { rest + b } else { rest })
}

/// `divmod(a, b)`
pub fn div_mod(a: f64, b: f64) -> PyResult<(f64, f64)> {
    if b == 0.0 {
        return Err(division_by_zero());
    }
    let mut rest = rest(a, b);
    // The exact quotient of `a - rest` and `b` is an integer; the division may be off by rounding.
    let mut quotient = (a - rest) / b;
    if rest == 0.0 {
        rest = 0f64.copysign(b);
    } else if (b < 0.0) != (rest < 0.0) {
        rest += b;
        quotient -= 1.0;
    }
    let floor = if quotient == 0.0 {
        0f64.copysign(a / b)
    } else {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    };
    Ok((floor, rest))
}

/// `a // b`
pub fn floor_div(a: f64, b: f64) -> PyResult<f64> {
    Ok(div_mod(a, b)?.0)
}

fn is_odd(x: f64) -> bool {
    (x.abs() % 2.0) == 1.0
}

/// OverflowError as C's `errno` words it.
#[cold]
fn out_of_range() -> Raised {
    let error = || -> PyResult<Ref<Object>> {
        let number = Int::from_i64(libc::ERANGE as i64)?.into_object();
        let text = Str::from_utf8_str("Numerical result out of range")?.into_object();
        <crate::types::exceptions::OverflowError as PyLayout>::type_object()
            .as_object()
            .call(&[number.as_borrowed(), text.as_borrowed()])
    };
    match error() {
        Ok(error) => raise!(OverflowError, object: error),
        Err(raised) => raised,
    }
}

/// Whether `base ** exponent` leaves the real numbers.
#[inline]
pub fn power_is_complex(base: f64, exponent: f64) -> bool {
    base < 0.0 && base.is_finite() && exponent.is_finite() && exponent != exponent.floor()
}

/// `base ** exponent` where that is real; special cases as C99 has them, whatever the C library does.
pub fn power(base: f64, exponent: f64) -> PyResult<f64> {
    if exponent == 0.0 {
        return Ok(1.0);
    }
    if base.is_nan() {
        return Ok(base);
    }
    if exponent.is_nan() {
        return Ok(if base == 1.0 { 1.0 } else { exponent });
    }
    if exponent.is_infinite() {
        let base = base.abs();
        return Ok(if base == 1.0 {
            1.0
        } else if (exponent > 0.0) == (base > 1.0) {
            f64::INFINITY
        } else {
            0.0
        });
    }
    if base.is_infinite() {
        let odd = is_odd(exponent);
        return Ok(match (exponent > 0.0, odd) {
            (true, true) => base,
            (true, false) => base.abs(),
            (false, true) => 0f64.copysign(base),
            (false, false) => 0.0,
        });
    }
    if base == 0.0 {
        if exponent < 0.0 {
            return Err(raise!(ZeroDivisionError, "zero to a negative power"));
        }
        return Ok(if is_odd(exponent) { base } else { 0.0 });
    }
    let negate = base < 0.0 && is_odd(exponent);
    let base = base.abs();
    let result = if base == 1.0 { 1.0 } else { base.powf(exponent) };
    if result.is_infinite() {
        return Err(out_of_range());
    }
    Ok(if negate { -result } else { result })
}

/// `a OP b` for a float and a float or int; `None` where the other type has to answer.
pub fn compare_objects(a: f64, b: Borrowed<'_, Object>, op: CompareOp) -> Option<bool> {
    let order = if let Some(b) = b.downcast::<Float>() {
        a.partial_cmp(&b.value())
    } else if let Some(b) = b.downcast::<Int>() {
        b.compare_f64(a).map(Ordering::reverse)
    } else {
        return None;
    };
    Some(match order {
        Some(order) => op.matches(order),
        None => op == CompareOp::Ne,
    })
}

const HASH_BITS: i32 = 61;
const HASH_MODULUS: u64 = (1 << HASH_BITS) - 1;
const HASH_INFINITY: isize = 314159;

/// The hash of a float that is not NaN: the value modulo 2^61 - 1, equal to that of an equal int (`_Py_HashDouble`).
pub fn hash_double(value: f64) -> isize {
    if value.is_infinite() {
        return if value > 0.0 { HASH_INFINITY } else { -HASH_INFINITY };
    }
    if value == 0.0 {
        return 0;
    }
    // value = mantissa * 2^exponent; powers of two rotate within 61 bits.
    let bits = value.abs().to_bits();
    let biased = (bits >> 52) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
    let shift = exponent.rem_euclid(HASH_BITS) as u32;
    let wide = (mantissa as u128) << shift;
    let mut residue = (wide & HASH_MODULUS as u128) as u64 + (wide >> HASH_BITS) as u64;
    if residue >= HASH_MODULUS {
        residue -= HASH_MODULUS;
    }
    let hash = if value < 0.0 { -(residue as isize) } else { residue as isize };
    if hash == -1 { -2 } else { hash }
}

/// The hash of any float: NaNs hash by identity, so that a table of them does not degenerate.
pub fn hash_value(value: f64, object: &Ref<Object>) -> isize {
    if value.is_nan() { crate::types::hash::pointer(object.as_ptr()) } else { hash_double(value) }
}

#[cfg(test)]
mod tests {
    use super::rest;

    #[test]
    fn rest_is_exact() {
        let mut state = 88_172_645_463_325_252u64;
        let mut random = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let special = [0.0, 1.0, 0.1, 2.5, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::INFINITY, f64::NAN, 1e308, 3e-308];
        for _ in 0..20_000 {
            let near = f64::from_bits(random() >> 12 | 1000 << 52 | random() << 63);
            let other = f64::from_bits(random() >> 12 | (990 + random() % 20) << 52 | random() << 63);
            let any = f64::from_bits(random());
            let picked = special[random() as usize % special.len()];
            for (a, b) in [(near, other), (other, near), (any, near), (near, any), (picked, any), (any, picked)] {
                assert!(
                    (a % b).to_bits() == rest(a, b).to_bits() || (a % b).is_nan() && rest(a, b).is_nan(),
                    "{a} {b}"
                );
            }
        }
    }
}
