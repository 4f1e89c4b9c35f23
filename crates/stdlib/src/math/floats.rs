//! What looks at the parts of a float: rounding, exponents, neighbours, signs, and comparison.

use taipan_runtime::prelude::*;

use super::{Math, libm, range_error};

const SIGN: u64 = 1 << 63;

fn pair(a: f64, b: Ref<Object>) -> PyResult<Ref<Tuple>> {
    Tuple::pack([Float::new(a)?.into_object(), b])
}

/// The result of the special method `name`, if the type has it. A float needs none.
fn by_method(number: Borrowed<'_, Object>, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    if number.is_exact::<Float>() {
        return Ok(None);
    }
    match number.lookup_special(name)? {
        Some(method) => method.call0().map(Some),
        None => Ok(None),
    }
}

/// The float `steps` places from `x` towards `y`. Of one sign, floats lie in the order of their bits.
fn step(x: f64, y: f64, steps: u64) -> f64 {
    if steps == 0 {
        return x;
    }
    if x.is_nan() || y.is_nan() {
        return if x.is_nan() { x } else { y };
    }
    let (from, to) = (x.to_bits(), y.to_bits());
    let (from_size, to_size) = (from & !SIGN, to & !SIGN);
    if from == to {
        return x;
    }
    let bits = if (from ^ to) & SIGN != 0 {
        // Through zero; both zeros are one place.
        if from_size + to_size <= steps {
            return y;
        }
        if from_size < steps { to & SIGN | (steps - from_size) } else { from - steps }
    } else if from_size > to_size {
        if from_size - to_size < steps {
            return y;
        }
        from - steps
    } else {
        if to_size - from_size < steps {
            return y;
        }
        from + steps
    };
    f64::from_bits(bits)
}

#[pymethods(part = FLOATS)]
impl Math {
    #[function(signature = "($module, x, /)")]
    fn ceil(x: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match by_method(x, id!("__ceil__"))? {
            Some(result) => Ok(result),
            None => Ok(Int::from_f64(x.as_f64()?.ceil())?.into_object()),
        }
    }

    #[function(signature = "($module, x, y, /)")]
    fn copysign(x: f64, y: f64) -> f64 {
        x.copysign(y)
    }

    #[function(signature = "($module, x, /)")]
    fn fabs(x: f64) -> f64 {
        x.abs()
    }

    #[function(signature = "($module, x, /)")]
    fn floor(x: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match by_method(x, id!("__floor__"))? {
            Some(result) => Ok(result),
            None => Ok(Int::from_f64(x.as_f64()?.floor())?.into_object()),
        }
    }

    #[function(signature = "($module, x, /)")]
    fn frexp(x: f64) -> PyResult<Ref<Tuple>> {
        let (fraction, exponent) = libm::frexp(x);
        pair(fraction, Int::from_i64(i64::from(exponent))?.into_object())
    }

    #[function(signature = "($module, /, a, b, *, rel_tol=1e-09, abs_tol=0.0)")]
    fn isclose(a: f64, b: f64, rel_tol: f64, abs_tol: f64) -> PyResult<bool> {
        if rel_tol < 0.0 || abs_tol < 0.0 {
            return Err(raise!(ValueError, "tolerances must be non-negative"));
        }
        if a == b {
            return Ok(true);
        }
        // An infinity is close to nothing but itself.
        if a.is_infinite() || b.is_infinite() {
            return Ok(false);
        }
        let difference = (b - a).abs();
        Ok(difference <= (rel_tol * b).abs() || difference <= (rel_tol * a).abs() || difference <= abs_tol)
    }

    #[function(signature = "($module, x, /)")]
    fn isfinite(x: f64) -> bool {
        x.is_finite()
    }

    #[function(signature = "($module, x, /)")]
    fn isinf(x: f64) -> bool {
        x.is_infinite()
    }

    #[function(signature = "($module, x, /)")]
    fn isnan(x: f64) -> bool {
        x.is_nan()
    }

    #[function(signature = "($module, x, i, /)")]
    fn ldexp(x: f64, i: Borrowed<'_, Object>) -> PyResult<f64> {
        let Some(exponent) = i.downcast::<Int>() else {
            return Err(raise!(TypeError, "Expected an int as second argument to ldexp."));
        };
        if x == 0.0 || !x.is_finite() {
            return Ok(x);
        }
        let exponent = exponent.to_isize_clamped();
        let r = match i32::try_from(exponent) {
            Ok(exponent) => libm::ldexp(x, exponent),
            Err(_) if exponent > 0 => f64::INFINITY,
            Err(_) => 0f64.copysign(x),
        };
        if r.is_infinite() { Err(range_error()) } else { Ok(r) }
    }

    #[function(signature = "($module, x, /)")]
    fn modf(x: f64) -> PyResult<Ref<Tuple>> {
        let (fraction, whole) = match () {
            () if x.is_infinite() => (0f64.copysign(x), x),
            () if x.is_nan() => (x, x),
            () => ((x - x.trunc()).copysign(x), x.trunc()),
        };
        pair(fraction, Float::new(whole)?.into_object())
    }

    #[function(signature = "($module, x, y, /, *, steps=None)")]
    fn nextafter(x: f64, y: f64, steps: Option<Borrowed<'_, Object>>) -> PyResult<f64> {
        let Some(steps) = steps.filter(|steps| !steps.is_none()) else { return Ok(libm::nextafter(x, y)) };
        let steps = steps.index()?;
        if steps.is_negative() {
            return Err(raise!(ValueError, "steps must be a non-negative integer"));
        }
        Ok(step(x, y, steps.to_u64().unwrap_or(u64::MAX)))
    }

    #[function(signature = "($module, x, /)")]
    fn trunc(x: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if let Some(float) = x.downcast_exact::<Float>() {
            return Ok(Int::from_f64(float.value())?.into_object());
        }
        match by_method(x, id!("__trunc__"))? {
            Some(result) => Ok(result),
            None => Err(raise!(TypeError, "type {} doesn't define __trunc__ method", x.type_name())),
        }
    }

    #[function(signature = "($module, x, /)")]
    fn ulp(x: f64) -> f64 {
        if x.is_nan() {
            return x;
        }
        let x = x.abs();
        if x.is_infinite() {
            return x;
        }
        let above = libm::nextafter(x, f64::INFINITY);
        if above.is_infinite() { x - libm::nextafter(x, 0.0) } else { above - x }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_stop_at_the_target_and_pass_through_zero() {
        assert_eq!(step(1.0, 2.0, 1), 1.0 + f64::EPSILON);
        assert_eq!(step(-5e-324, 5e-324, 1).to_bits(), SIGN);
        assert_eq!(step(-5e-324, 1.0, 2), 5e-324);
        assert_eq!(step(-1.0, 2.0, u64::MAX), 2.0);
        assert_eq!(step(1.0, 1.5, 1 << 60), 1.5);
    }
}
