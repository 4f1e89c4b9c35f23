//! Floats.

use super::complex;
use crate::code::Constant;
use crate::opcode::binary as op;

pub(super) fn binary(operator: u32, a: f64, b: f64) -> Option<Constant> {
    Some(Constant::Float(match operator {
        op::ADD => a + b,
        op::SUBTRACT => a - b,
        op::MULTIPLY => a * b,
        op::TRUE_DIVIDE if b != 0.0 => a / b,
        op::FLOOR_DIVIDE if b != 0.0 => divmod(a, b).0,
        op::REMAINDER if b != 0.0 => divmod(a, b).1,
        op::POWER => return power(a, b),
        _ => return None,
    }))
}

/// Python's floor division and remainder: the remainder has the sign of the divisor.
fn divmod(a: f64, b: f64) -> (f64, f64) {
    let mut remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder != 0.0 {
        if (b < 0.0) != (remainder < 0.0) {
            remainder += b;
            quotient -= 1.0;
        }
    } else {
        remainder = 0f64.copysign(b);
    }
    let floor = if quotient != 0.0 {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0f64.copysign(a / b)
    };
    (floor, remainder)
}

fn power(a: f64, b: f64) -> Option<Constant> {
    if a == 0.0 && b < 0.0 {
        return None;
    }
    if a < 0.0 && a.is_finite() && b.is_finite() && b != b.floor() {
        return complex::binary(op::POWER, (a, Some(0.0)), (b, Some(0.0)));
    }
    let value = a.powf(b);
    if value.is_infinite() && a.is_finite() && b.is_finite() {
        return None;
    }
    Some(Constant::Float(value))
}
