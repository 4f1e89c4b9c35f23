//! Powers, logarithms, trigonometry and special functions: one call of the C library each, and the exceptions that the
//! special values of IEEE 754 stand for.
//!
//! A NaN that did not come in is a domain error; an infinity from finite arguments is a range error, or a domain error where
//! the function cannot overflow.

use taipan_runtime::prelude::*;
use taipan_runtime::types::float::text::repr;

use super::{Fault, Math, domain_error, gamma, libm, range_error};

/// The exception for an argument outside the domain: `message` and the argument.
#[cold]
fn outside(message: &str, x: f64) -> Raised {
    raise!(ValueError, "{message}, got {}", repr(x))
}

/// The result of a function that cannot overflow.
#[inline(always)]
fn bounded(x: f64, result: f64, message: &str) -> PyResult<f64> {
    if !result.is_finite() && ((result.is_nan() && !x.is_nan()) || (result.is_infinite() && x.is_finite())) {
        return Err(outside(message, x));
    }
    Ok(result)
}

/// The result of a function without holes in its domain.
#[inline(always)]
fn growing(x: f64, result: f64) -> PyResult<f64> {
    if result.is_infinite() && x.is_finite() { Err(range_error()) } else { Ok(result) }
}

/// `log` and its kind: `function` on positive finite numbers.
fn logarithm(x: f64, function: extern "C" fn(f64) -> f64) -> PyResult<f64> {
    if x > 0.0 {
        return Ok(if x.is_infinite() { x } else { function(x) });
    }
    if x.is_nan() { Ok(x) } else { Err(outside("expected a positive input", x)) }
}

/// The logarithm of a number; ints may be larger than any float.
fn logarithm_of(number: Borrowed<'_, Object>, function: extern "C" fn(f64) -> f64) -> PyResult<f64> {
    let Some(int) = number.downcast::<Int>() else { return logarithm(number.as_f64()?, function) };
    if int.is_negative() || int.is_zero() {
        return Err(raise!(ValueError, "expected a positive input"));
    }
    if let Some(value) = int.to_f64_checked() {
        return Ok(function(value));
    }
    let (fraction, exponent) = int.to_f64_parts();
    Ok(function(fraction) + function(2.0) * exponent as f64)
}

/// `atan2` with all special values spelled out.
pub fn atan2(y: f64, x: f64) -> f64 {
    use core::f64::consts::PI;
    if x.is_nan() || y.is_nan() {
        return f64::NAN;
    }
    let right = x.is_sign_positive();
    if y.is_infinite() {
        let angle = match (x.is_infinite(), right) {
            (true, true) => 0.25 * PI,
            (true, false) => 0.75 * PI,
            (false, _) => 0.5 * PI,
        };
        return angle.copysign(y);
    }
    if x.is_infinite() || y == 0.0 {
        return if right { 0.0 } else { PI }.copysign(y);
    }
    libm::atan2(y, x)
}

/// `x - n y` for the integer `n` nearest to `x / y`, the even one of two: always exact.
fn remainder(x: f64, y: f64) -> f64 {
    if x.is_finite() && y.is_finite() {
        if y == 0.0 {
            return f64::NAN;
        }
        let (size, modulus) = (x.abs(), y.abs());
        let m = libm::fmod(size, modulus);
        // Compared with each other, since half the modulus need not be a float.
        let complement = modulus - m;
        let r = if m < complement {
            m
        } else if m > complement {
            -complement
        } else {
            // Just between two multiples: the rest of half the quotient says which is even.
            m - 2.0 * libm::fmod(0.5 * (size - m), modulus)
        };
        return 1f64.copysign(x) * r;
    }
    if x.is_nan() || y.is_nan() {
        return if x.is_nan() { x } else { y };
    }
    if x.is_infinite() { f64::NAN } else { x }
}

/// `x ** y` of the C library, with all special values spelled out.
fn power(x: f64, y: f64) -> Result<f64, Fault> {
    if x.is_finite() && y.is_finite() {
        let r = libm::pow(x, y);
        return match () {
            () if r.is_finite() => Ok(r),
            () if r.is_nan() || x == 0.0 => Err(Fault::Domain),
            () => Err(Fault::Range),
        };
    }
    Ok(if x.is_nan() {
        if y == 0.0 { 1.0 } else { x }
    } else if y.is_nan() {
        if x == 1.0 { 1.0 } else { y }
    } else if x.is_infinite() {
        let odd = y.is_finite() && libm::fmod(y.abs(), 2.0) == 1.0;
        let size = if y > 0.0 {
            f64::INFINITY
        } else if y == 0.0 {
            return Ok(1.0);
        } else {
            0.0
        };
        if odd { size.copysign(x) } else { size }
    } else if x.abs() == 1.0 {
        1.0
    } else if (y > 0.0) == (x.abs() > 1.0) {
        f64::INFINITY
    } else {
        0.0
    })
}

/// The exception for a fault; the message for a point outside the domain is the caller's.
fn without_fault(x: f64, result: Result<f64, Fault>, message: &str) -> PyResult<f64> {
    match result {
        Ok(value) => Ok(value),
        Err(Fault::Domain) => Err(outside(message, x)),
        Err(Fault::Range) => Err(range_error()),
    }
}

#[pymethods(part = ELEMENTARY)]
impl Math {
    #[function(signature = "($module, x, /)")]
    fn acos(x: f64) -> PyResult<f64> {
        bounded(x, libm::acos(x), "expected a number in range from -1 up to 1")
    }

    #[function(signature = "($module, x, /)")]
    fn acosh(x: f64) -> PyResult<f64> {
        bounded(x, libm::acosh(x), "expected argument value not less than 1")
    }

    #[function(signature = "($module, x, /)")]
    fn asin(x: f64) -> PyResult<f64> {
        bounded(x, libm::asin(x), "expected a number in range from -1 up to 1")
    }

    #[function(signature = "($module, x, /)")]
    fn asinh(x: f64) -> f64 {
        libm::asinh(x)
    }

    #[function(signature = "($module, x, /)")]
    fn atan(x: f64) -> f64 {
        libm::atan(x)
    }

    #[function(name = "atan2", signature = "($module, y, x, /)")]
    fn arc_of(y: f64, x: f64) -> f64 {
        atan2(y, x)
    }

    #[function(signature = "($module, x, /)")]
    fn atanh(x: f64) -> PyResult<f64> {
        bounded(x, libm::atanh(x), "expected a number between -1 and 1")
    }

    #[function(signature = "($module, x, /)")]
    fn cbrt(x: f64) -> f64 {
        libm::cbrt(x)
    }

    #[function(signature = "($module, x, /)")]
    fn cos(x: f64) -> PyResult<f64> {
        bounded(x, libm::cos(x), "expected a finite input")
    }

    #[function(signature = "($module, x, /)")]
    fn cosh(x: f64) -> PyResult<f64> {
        growing(x, libm::cosh(x))
    }

    #[function(signature = "($module, x, /)")]
    fn degrees(x: f64) -> f64 {
        x * (180.0 / core::f64::consts::PI)
    }

    #[function(signature = "($module, x, /)")]
    fn erf(x: f64) -> f64 {
        libm::erf(x)
    }

    #[function(signature = "($module, x, /)")]
    fn erfc(x: f64) -> f64 {
        libm::erfc(x)
    }

    #[function(signature = "($module, x, /)")]
    fn exp(x: f64) -> PyResult<f64> {
        growing(x, libm::exp(x))
    }

    #[function(signature = "($module, x, /)")]
    fn exp2(x: f64) -> PyResult<f64> {
        growing(x, libm::exp2(x))
    }

    #[function(signature = "($module, x, /)")]
    fn expm1(x: f64) -> PyResult<f64> {
        growing(x, libm::expm1(x))
    }

    #[function(signature = "($module, x, y, z, /)")]
    fn fma(x: f64, y: f64, z: f64) -> PyResult<f64> {
        let r = libm::fma(x, y, z);
        if r.is_nan() && !x.is_nan() && !y.is_nan() && !z.is_nan() {
            return Err(raise!(ValueError, "invalid operation in fma"));
        }
        if r.is_infinite() && x.is_finite() && y.is_finite() && z.is_finite() {
            return Err(raise!(OverflowError, "overflow in fma"));
        }
        Ok(r)
    }

    #[function(signature = "($module, x, y, /)")]
    fn fmod(x: f64, y: f64) -> PyResult<f64> {
        if y.is_infinite() && x.is_finite() {
            return Ok(x);
        }
        let r = libm::fmod(x, y);
        if r.is_nan() && !x.is_nan() && !y.is_nan() { Err(domain_error()) } else { Ok(r) }
    }

    #[function(name = "gamma", signature = "($module, x, /)")]
    fn gamma_of(x: f64) -> PyResult<f64> {
        without_fault(x, gamma::gamma(x), "expected a noninteger or positive integer")
    }

    #[function(signature = "($module, x, /)")]
    fn lgamma(x: f64) -> PyResult<f64> {
        without_fault(x, gamma::log_gamma(x), "expected a noninteger or positive integer")
    }

    #[function(signature = "($module, x, base=<unrepresentable>, /)", no_text_signature)]
    fn log(x: Borrowed<'_, Object>, base: Option<Borrowed<'_, Object>>) -> PyResult<f64> {
        let numerator = logarithm_of(x, libm::log)?;
        let Some(base) = base else { return Ok(numerator) };
        let denominator = logarithm_of(base, libm::log)?;
        if denominator == 0.0 {
            return Err(raise!(ZeroDivisionError, "division by zero"));
        }
        Ok(numerator / denominator)
    }

    #[function(signature = "($module, x, /)")]
    fn log10(x: Borrowed<'_, Object>) -> PyResult<f64> {
        logarithm_of(x, libm::log10)
    }

    #[function(signature = "($module, x, /)")]
    fn log1p(x: f64) -> PyResult<f64> {
        bounded(x, if x == 0.0 { x } else { libm::log1p(x) }, "expected argument value > -1")
    }

    #[function(signature = "($module, x, /)")]
    fn log2(x: Borrowed<'_, Object>) -> PyResult<f64> {
        logarithm_of(x, libm::log2)
    }

    #[function(signature = "($module, x, y, /)")]
    fn pow(x: f64, y: f64) -> PyResult<f64> {
        match power(x, y) {
            Ok(value) => Ok(value),
            Err(Fault::Domain) => Err(domain_error()),
            Err(Fault::Range) => Err(range_error()),
        }
    }

    #[function(signature = "($module, x, /)")]
    fn radians(x: f64) -> f64 {
        x * (core::f64::consts::PI / 180.0)
    }

    #[function(name = "remainder", signature = "($module, x, y, /)")]
    fn remainder_of(x: f64, y: f64) -> PyResult<f64> {
        let r = remainder(x, y);
        if r.is_nan() && !x.is_nan() && !y.is_nan() { Err(domain_error()) } else { Ok(r) }
    }

    #[function(signature = "($module, x, /)")]
    fn sin(x: f64) -> PyResult<f64> {
        bounded(x, libm::sin(x), "expected a finite input")
    }

    #[function(signature = "($module, x, /)")]
    fn sinh(x: f64) -> PyResult<f64> {
        growing(x, libm::sinh(x))
    }

    #[function(signature = "($module, x, /)")]
    fn sqrt(x: f64) -> PyResult<f64> {
        bounded(x, x.sqrt(), "expected a nonnegative input")
    }

    #[function(signature = "($module, x, /)")]
    fn tan(x: f64) -> PyResult<f64> {
        bounded(x, libm::tan(x), "expected a finite input")
    }

    #[function(signature = "($module, x, /)")]
    fn tanh(x: f64) -> f64 {
        libm::tanh(x)
    }
}
