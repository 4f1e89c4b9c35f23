//! The functions of a complex variable, accurate near branch points and without overflow on the way.
//!
//! Kahan, W. (1987). Branch Cuts for Complex Elementary Functions, or Much Ado About Nothing's Sign Bit. In: The State of the
//! Art in Numerical Analysis.

use core::f64::consts::{E, FRAC_PI_2, LN_2, LN_10};

use taipan_runtime::types::complex::Value;

use super::special::{self, Table};
use crate::math::libm::{self, hypot, ldexp, log};
use crate::math::{Fault, atan2};

pub type Outcome = Result<Value, Fault>;

/// Beyond this, sums of squares and doubled numbers may overflow.
const LARGE: f64 = f64::MAX / 4.0;
const SQRT_LARGE: f64 = 6.703_903_964_971_298_5e153;
const LOG_LARGE: f64 = 708.396_418_532_264_1;
const SQRT_MIN: f64 = 1.491_668_146_240_041_3e-154;

/// Powers of two that bring subnormal numbers into range for a square root, and back.
const SCALE_UP: i32 = 53;
const SCALE_DOWN: i32 = -27;

fn value(real: f64, imag: f64) -> Value {
    Value { real, imag }
}

fn is_finite(z: Value) -> bool {
    z.real.is_finite() && z.imag.is_finite()
}

fn is_large(z: Value) -> bool {
    z.real.abs() > LARGE || z.imag.abs() > LARGE
}

fn special_value(table: &Table, z: Value) -> Value {
    let (real, imag) = special::lookup(table, z.real, z.imag);
    value(real, imag)
}

fn in_range(z: Value) -> Outcome {
    if z.real.is_infinite() || z.imag.is_infinite() { Err(Fault::Range) } else { Ok(z) }
}

/// `f(iz)` for functions of a kind: `z` turned by a quarter.
fn turned(z: Value) -> Value {
    value(-z.imag, z.real)
}

/// `-i w`, the turn back.
fn turned_back(w: Value) -> Value {
    value(w.imag, -w.real)
}

/// The logarithm of `|z|` for large `z`, less `ln 2` twice.
fn log_of_half(z: Value) -> f64 {
    log(hypot(z.real / 2.0, z.imag / 2.0)) + LN_2 * 2.0
}

pub fn acos(z: Value) -> Outcome {
    if !is_finite(z) {
        return Ok(special_value(&special::ACOS, z));
    }
    if is_large(z) {
        let size = log_of_half(z);
        let imag = if z.real < 0.0 { -size.copysign(z.imag) } else { size.copysign(-z.imag) };
        return Ok(value(libm::atan2(z.imag.abs(), z.real), imag));
    }
    let s1 = sqrt(value(1.0 - z.real, -z.imag))?;
    let s2 = sqrt(value(1.0 + z.real, z.imag))?;
    Ok(value(2.0 * libm::atan2(s1.real, s2.real), libm::asinh(s2.real * s1.imag - s2.imag * s1.real)))
}

pub fn acosh(z: Value) -> Outcome {
    if !is_finite(z) {
        return Ok(special_value(&special::ACOSH, z));
    }
    if is_large(z) {
        return Ok(value(log_of_half(z), libm::atan2(z.imag, z.real)));
    }
    let s1 = sqrt(value(z.real - 1.0, z.imag))?;
    let s2 = sqrt(value(z.real + 1.0, z.imag))?;
    Ok(value(libm::asinh(s1.real * s2.real + s1.imag * s2.imag), 2.0 * libm::atan2(s1.imag, s2.real)))
}

pub fn asin(z: Value) -> Outcome {
    asinh(turned(z)).map(turned_back)
}

pub fn asinh(z: Value) -> Outcome {
    if !is_finite(z) {
        return Ok(special_value(&special::ASINH, z));
    }
    if is_large(z) {
        let size = log_of_half(z);
        let real = if z.imag >= 0.0 { size.copysign(z.real) } else { -size.copysign(-z.real) };
        return Ok(value(real, libm::atan2(z.imag, z.real.abs())));
    }
    let s1 = sqrt(value(1.0 + z.imag, -z.real))?;
    let s2 = sqrt(value(1.0 - z.imag, z.real))?;
    let real = libm::asinh(s1.real * s2.imag - s2.real * s1.imag);
    Ok(value(real, libm::atan2(z.imag, s1.real * s2.real - s1.imag * s2.imag)))
}

pub fn atan(z: Value) -> Outcome {
    atanh(turned(z)).map(turned_back)
}

pub fn atanh(z: Value) -> Outcome {
    if !is_finite(z) {
        return Ok(special_value(&special::ATANH, z));
    }
    if z.real.is_sign_negative() {
        let w = atanh(value(-z.real, -z.imag))?;
        return Ok(value(-w.real, -w.imag));
    }
    let size = z.imag.abs();
    if z.real > SQRT_LARGE || size > SQRT_LARGE {
        let h = hypot(z.real / 2.0, z.imag / 2.0);
        // The imaginary part keeps its sign where it is zero.
        return Ok(value(z.real / 4.0 / h / h, -FRAC_PI_2.copysign(-z.imag)));
    }
    if z.real == 1.0 && size < SQRT_MIN {
        if size == 0.0 {
            return Err(Fault::Domain);
        }
        let real = -log(size.sqrt() / hypot(size, 2.0).sqrt());
        return Ok(value(real, (libm::atan2(2.0, -size) / 2.0).copysign(z.imag)));
    }
    let near = 1.0 - z.real;
    let real = libm::log1p(4.0 * z.real / (near * near + size * size)) / 4.0;
    Ok(value(real, -libm::atan2(-2.0 * z.imag, near * (1.0 + z.real) - size * size) / 2.0))
}

pub fn cos(z: Value) -> Outcome {
    cosh(turned(z))
}

/// Whether the real part is infinite and the imaginary part has a direction.
fn is_ray(z: Value) -> bool {
    z.real.is_infinite() && z.imag.is_finite() && z.imag != 0.0
}

/// An infinity, or another size, in the direction of the angle.
fn direction(size: f64, angle: f64) -> Value {
    value(size.copysign(libm::cos(angle)), size.copysign(libm::sin(angle)))
}

pub fn cosh(z: Value) -> Outcome {
    if !is_finite(z) {
        if is_ray(z) {
            let w = direction(f64::INFINITY, z.imag);
            return Ok(if z.real > 0.0 { w } else { value(w.real, -w.imag) });
        }
        if z.imag.is_infinite() && !z.real.is_nan() {
            return Err(Fault::Domain);
        }
        return Ok(special_value(&special::COSH, z));
    }
    let (sin, cos) = (libm::sin(z.imag), libm::cos(z.imag));
    in_range(if z.real.abs() > LOG_LARGE {
        let less = z.real - 1f64.copysign(z.real);
        value(cos * libm::cosh(less) * E, sin * libm::sinh(less) * E)
    } else {
        value(cos * libm::cosh(z.real), sin * libm::sinh(z.real))
    })
}

pub fn exp(z: Value) -> Outcome {
    if !is_finite(z) {
        if is_ray(z) {
            return Ok(direction(if z.real > 0.0 { f64::INFINITY } else { 0.0 }, z.imag));
        }
        if z.imag.is_infinite() && (z.real.is_finite() || z.real == f64::INFINITY) {
            return Err(Fault::Domain);
        }
        return Ok(special_value(&special::EXP, z));
    }
    let (sin, cos) = (libm::sin(z.imag), libm::cos(z.imag));
    in_range(if z.real > LOG_LARGE {
        let size = libm::exp(z.real - 1.0);
        value(size * cos * E, size * sin * E)
    } else {
        let size = libm::exp(z.real);
        value(size * cos, size * sin)
    })
}

/// The natural logarithm, which of zero is minus infinity: the fault beside the value is for those who raise it.
pub fn log_with_fault(z: Value) -> (Value, Option<Fault>) {
    if !is_finite(z) {
        return (special_value(&special::LOG, z), None);
    }
    let (a, b) = (z.real.abs(), z.imag.abs());
    let angle = libm::atan2(z.imag, z.real);
    let real = if a > LARGE || b > LARGE {
        log(hypot(a / 2.0, b / 2.0)) + LN_2
    } else if a < f64::MIN_POSITIVE && b < f64::MIN_POSITIVE {
        if a == 0.0 && b == 0.0 {
            return (value(f64::NEG_INFINITY, angle), Some(Fault::Domain));
        }
        log(hypot(ldexp(a, SCALE_UP), ldexp(b, SCALE_UP))) - f64::from(SCALE_UP) * LN_2
    } else {
        let h = hypot(a, b);
        if (0.71..=1.73).contains(&h) {
            // Near 1 the logarithm of the size loses digits.
            let (large, small) = if a > b { (a, b) } else { (b, a) };
            let more = (large - 1.0) * (large + 1.0) + small * small;
            (if more == 0.0 { more } else { libm::log1p(more) }) / 2.0
        } else {
            log(h)
        }
    };
    (value(real, angle), None)
}

pub fn log10(z: Value) -> Outcome {
    let (w, fault) = log_with_fault(z);
    match fault {
        Some(fault) => Err(fault),
        None => Ok(value(w.real / LN_10, w.imag / LN_10)),
    }
}

pub fn sin(z: Value) -> Outcome {
    sinh(turned(z)).map(turned_back)
}

pub fn sinh(z: Value) -> Outcome {
    if !is_finite(z) {
        if is_ray(z) {
            let w = direction(f64::INFINITY, z.imag);
            return Ok(if z.real > 0.0 { w } else { value(-w.real, w.imag) });
        }
        if z.imag.is_infinite() && !z.real.is_nan() {
            return Err(Fault::Domain);
        }
        return Ok(special_value(&special::SINH, z));
    }
    let (sin, cos) = (libm::sin(z.imag), libm::cos(z.imag));
    in_range(if z.real.abs() > LOG_LARGE {
        let less = z.real - 1f64.copysign(z.real);
        value(cos * libm::sinh(less) * E, sin * libm::cosh(less) * E)
    } else {
        value(cos * libm::sinh(z.real), sin * libm::cosh(z.real))
    })
}

pub fn sqrt(z: Value) -> Outcome {
    if !is_finite(z) {
        return Ok(special_value(&special::SQRT, z));
    }
    if z.real == 0.0 && z.imag == 0.0 {
        return Ok(value(0.0, z.imag));
    }
    let (a, b) = (z.real.abs(), z.imag.abs());
    let s = if a < f64::MIN_POSITIVE && b < f64::MIN_POSITIVE {
        let a = ldexp(a, SCALE_UP);
        ldexp((a + hypot(a, ldexp(b, SCALE_UP))).sqrt(), SCALE_DOWN)
    } else {
        let a = a / 8.0;
        2.0 * (a + hypot(a, b / 8.0)).sqrt()
    };
    let d = b / (2.0 * s);
    Ok(if z.real >= 0.0 { value(s, d.copysign(z.imag)) } else { value(d, s.copysign(z.imag)) })
}

pub fn tan(z: Value) -> Outcome {
    tanh(turned(z)).map(turned_back)
}

pub fn tanh(z: Value) -> Outcome {
    if !is_finite(z) {
        if is_ray(z) {
            let imag = 0f64.copysign(2.0 * libm::sin(z.imag) * libm::cos(z.imag));
            return Ok(value(1f64.copysign(z.real), imag));
        }
        if z.imag.is_infinite() && z.real.is_finite() {
            return Err(Fault::Domain);
        }
        return Ok(special_value(&special::TANH, z));
    }
    if z.real.abs() > LOG_LARGE {
        let imag = 4.0 * libm::sin(z.imag) * libm::cos(z.imag) * libm::exp(-2.0 * z.real.abs());
        return Ok(value(1f64.copysign(z.real), imag));
    }
    let (tx, ty) = (libm::tanh(z.real), libm::tan(z.imag));
    let cx = 1.0 / libm::cosh(z.real);
    let txty = tx * ty;
    let denominator = 1.0 + txty * txty;
    Ok(value(tx * (1.0 + ty * ty) / denominator, ((ty / denominator) * cx) * cx))
}

/// The length.
pub fn size(z: Value) -> Result<f64, Fault> {
    if z.real.is_infinite() || z.imag.is_infinite() {
        return Ok(f64::INFINITY);
    }
    if z.real.is_nan() || z.imag.is_nan() {
        return Ok(f64::NAN);
    }
    let size = hypot(z.real, z.imag);
    if size.is_finite() { Ok(size) } else { Err(Fault::Range) }
}

/// The angle.
pub fn phase(z: Value) -> f64 {
    atan2(z.imag, z.real)
}

/// The number of that length and angle.
pub fn rect(length: f64, angle: f64) -> Outcome {
    if !length.is_finite() || !angle.is_finite() {
        if length.is_infinite() && angle.is_finite() && angle != 0.0 {
            let w = direction(f64::INFINITY, angle);
            return Ok(if length > 0.0 { w } else { value(-w.real, -w.imag) });
        }
        if length != 0.0 && !length.is_nan() && angle.is_infinite() {
            return Err(Fault::Domain);
        }
        return Ok(special_value(&special::RECT, value(length, angle)));
    }
    if angle == 0.0 {
        // So that the zero keeps its sign.
        return Ok(value(length, length * angle));
    }
    Ok(value(length * libm::cos(angle), length * libm::sin(angle)))
}
