//! Complex numbers, where a real operand keeps its missing imaginary part missing.

use crate::code::Constant;
use crate::opcode::binary as op;

type Complex = (f64, f64);

/// Operands are a real part and, for complex numbers, an imaginary part.
pub(super) fn binary(operator: u32, a: (f64, Option<f64>), b: (f64, Option<f64>)) -> Option<Constant> {
    let whole = |v: (f64, Option<f64>)| (v.0, v.1.unwrap_or(0.0));
    let (real, imag) = match operator {
        op::ADD => match (a.1, b.1) {
            (Some(x), Some(y)) => (a.0 + b.0, x + y),
            (x, y) => (a.0 + b.0, x.or(y)?),
        },
        op::SUBTRACT => match (a.1, b.1) {
            (Some(x), Some(y)) => (a.0 - b.0, x - y),
            (Some(x), None) => (a.0 - b.0, x),
            (None, y) => (a.0 - b.0, -y?),
        },
        op::MULTIPLY => match (a.1, b.1) {
            (Some(x), Some(y)) => product((a.0, x), (b.0, y))?,
            (Some(x), None) => (a.0 * b.0, x * b.0),
            (None, y) => (b.0 * a.0, y? * a.0),
        },
        op::TRUE_DIVIDE => match (a.1, b.1) {
            (_, None) if b.0 == 0.0 => return None,
            (Some(x), None) => (a.0 / b.0, x / b.0),
            _ => quotient(whole(a), whole(b))?,
        },
        op::POWER => power(whole(a), whole(b))?,
        _ => return None,
    };
    Some(Constant::Complex { real, imag })
}

/// `None` when both parts are NaN, where C recovers infinities.
fn product(a: Complex, b: Complex) -> Option<Complex> {
    let value = (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0);
    if value.0.is_nan() && value.1.is_nan() { None } else { Some(value) }
}

/// Smith's way, which scales by the larger part of the divisor.
fn quotient(a: Complex, b: Complex) -> Option<Complex> {
    let value = if b.0.abs() >= b.1.abs() {
        if b.0.abs() == 0.0 {
            return None;
        }
        let ratio = b.1 / b.0;
        let denominator = b.0 + b.1 * ratio;
        ((a.0 + a.1 * ratio) / denominator, (a.1 - a.0 * ratio) / denominator)
    } else {
        let ratio = b.0 / b.1;
        let denominator = b.0 * ratio + b.1;
        ((a.0 * ratio + a.1) / denominator, (a.1 * ratio - a.0) / denominator)
    };
    if value.0.is_nan() && value.1.is_nan() { None } else { Some(value) }
}

fn power(a: Complex, b: Complex) -> Option<Complex> {
    let value = if b.1 == 0.0 && b.0 == b.0.floor() && b.0.abs() <= 100.0 {
        let exponent = b.0 as i64;
        let mut result = (1.0, 0.0);
        let mut square = a;
        let mut rest = exponent.unsigned_abs();
        while rest > 0 {
            if rest & 1 == 1 {
                result = product(result, square)?;
            }
            rest >>= 1;
            if rest > 0 {
                square = product(square, square)?;
            }
        }
        if exponent > 0 { result } else { quotient((1.0, 0.0), result)? }
    } else if b == (0.0, 0.0) {
        (1.0, 0.0)
    } else if a == (0.0, 0.0) {
        if b.1 != 0.0 || b.0 < 0.0 {
            return None;
        }
        (0.0, 0.0)
    } else {
        let modulus = a.0.hypot(a.1);
        let mut length = modulus.powf(b.0);
        let angle = a.1.atan2(a.0);
        let mut phase = angle * b.0;
        if b.1 != 0.0 {
            length *= (-angle * b.1).exp();
            phase += b.1 * modulus.ln();
        }
        (length * phase.cos(), length * phase.sin())
    };
    if value.0.is_finite() && value.1.is_finite() { Some(value) } else { None }
}
