//! Arithmetic on constants at compile time, with CPython's limits on the size of results.
//!
//! `None` means "leave it to run time": the operation fails, or its result would be large. Results are exactly those
//! that the operators of the built-in types give.

mod complex;
mod equal;
mod float;
mod int;
mod sequence;

pub(crate) use equal::{Key, frozenset};
pub(crate) use sequence::{can_concat, concat};

use num_bigint::BigInt as Big;
use num_traits::ToPrimitive;

use crate::code::{BigInt, Constant};
use crate::memory::NoMemory;
use crate::opcode::{Opcode, binary as op};

/// The value of an operation; the error is that there is no memory for it.
pub(crate) type Folded = Result<Option<Constant>, NoMemory>;

/// A number of a constant, with `bool` as an integer.
enum Number {
    Int(Big),
    Float(f64),
    Complex(f64, f64),
}

fn number(value: &Constant) -> Option<Number> {
    Some(match value {
        Constant::Float(v) => Number::Float(*v),
        Constant::Complex { real, imag } => Number::Complex(*real, *imag),
        other => Number::Int(integer(other)?),
    })
}

fn integer(value: &Constant) -> Option<Big> {
    match value {
        Constant::Bool(v) => Some(Big::from(*v as i64)),
        Constant::Int(v) => Some(Big::from(*v)),
        Constant::BigInt(v) => Some(int::to_big(v)),
        _ => None,
    }
}

fn small(value: &Constant) -> Option<i64> {
    match value {
        Constant::Bool(v) => Some(*v as i64),
        Constant::Int(v) => Some(*v),
        _ => None,
    }
}

pub(crate) fn from_big(value: Big) -> Constant {
    match value.to_i64() {
        Some(small) => Constant::Int(small),
        None => Constant::BigInt(int::from_big(&value)),
    }
}

/// `bool(value)`.
pub(crate) fn truth(value: &Constant) -> bool {
    match value {
        Constant::None => false,
        Constant::Bool(v) => *v,
        Constant::Int(v) => *v != 0,
        Constant::Float(v) => *v != 0.0,
        Constant::Complex { real, imag } => *real != 0.0 || *imag != 0.0,
        Constant::Str(v) => !v.as_bytes().is_empty(),
        Constant::Bytes(v) => !v.is_empty(),
        Constant::Tuple(v) | Constant::FrozenSet(v) => !v.is_empty(),
        Constant::Ellipsis | Constant::BigInt(_) | Constant::Slice(_) | Constant::Code(_) => true,
    }
}

pub(crate) fn unary(opcode: Opcode, operand: &Constant) -> Option<Constant> {
    match opcode {
        Opcode::UNARY_NOT => Some(Constant::Bool(!truth(operand))),
        Opcode::UNARY_NEGATIVE => negative(operand),
        // It warns at run time.
        Opcode::UNARY_INVERT if matches!(operand, Constant::Bool(_)) => None,
        Opcode::UNARY_INVERT => match small(operand) {
            Some(v) => Some(Constant::Int(!v)),
            None => Some(from_big(!integer(operand)?)),
        },
        // Unary plus.
        _ => match operand {
            Constant::Bool(v) => Some(Constant::Int(*v as i64)),
            Constant::Int(_) | Constant::BigInt(_) | Constant::Float(_) | Constant::Complex { .. } => {
                Some(operand.clone())
            }
            _ => None,
        },
    }
}

/// `-operand`.
pub(crate) fn negative(operand: &Constant) -> Option<Constant> {
    match operand {
        Constant::Float(v) => Some(Constant::Float(-v)),
        Constant::Complex { real, imag } => Some(Constant::Complex { real: -real, imag: -imag }),
        _ => match small(operand).and_then(i64::checked_neg) {
            Some(v) => Some(Constant::Int(v)),
            None => Some(from_big(-integer(operand)?)),
        },
    }
}

/// `left op right`, with `op` the argument of `BINARY_OP`. Sums of sequences are left to [`concat`], which needs the
/// operands themselves.
pub(crate) fn binary(operator: u32, left: &Constant, right: &Constant) -> Folded {
    use Constant::{Bytes, Str, Tuple};
    match (operator, left, right) {
        (op::SUBSCR, ..) => sequence::subscript(left, right),
        (op::MULTIPLY, Str(_) | Bytes(_) | Tuple(_), _) => sequence::repeat(left, right),
        (op::MULTIPLY, _, Str(_) | Bytes(_) | Tuple(_)) => sequence::repeat(right, left),
        _ => Ok(arithmetic(operator, left, right)),
    }
}

/// An operation on numbers.
pub(crate) fn arithmetic(operator: u32, left: &Constant, right: &Constant) -> Option<Constant> {
    if let (Constant::Bool(a), Constant::Bool(b)) = (left, right) {
        match operator {
            op::AND => return Some(Constant::Bool(a & b)),
            op::OR => return Some(Constant::Bool(a | b)),
            op::XOR => return Some(Constant::Bool(a ^ b)),
            _ => {}
        }
    }
    if let (Some(a), Some(b)) = (small(left), small(right))
        && let Some(value) = int::binary_small(operator, a, b)
    {
        return Some(value);
    }
    match (number(left)?, number(right)?) {
        (Number::Int(a), Number::Int(b)) => int::binary(operator, &a, &b),
        (Number::Int(a), Number::Float(b)) => float::binary(operator, int::to_f64(&a)?, b),
        (Number::Float(a), Number::Int(b)) => float::binary(operator, a, int::to_f64(&b)?),
        (Number::Float(a), Number::Float(b)) => float::binary(operator, a, b),
        (Number::Complex(a, b), other) => {
            let other = real_or_complex(other)?;
            complex::binary(operator, (a, Some(b)), other)
        }
        (other, Number::Complex(a, b)) => {
            let other = real_or_complex(other)?;
            complex::binary(operator, other, (a, Some(b)))
        }
    }
}

/// Real part, and imaginary part when there is one.
fn real_or_complex(value: Number) -> Option<(f64, Option<f64>)> {
    Some(match value {
        Number::Int(v) => (int::to_f64(&v)?, None),
        Number::Float(v) => (v, None),
        Number::Complex(re, im) => (re, Some(im)),
    })
}

/// An integer constant from digits of 30 bits.
pub(crate) fn from_digits(negative: bool, digits: &[u32]) -> Constant {
    Constant::BigInt(BigInt { negative, digits: digits.into() })
}

/// An integer in decimal.
pub(crate) fn big_to_string(value: &BigInt) -> String {
    int::to_big(value).to_string()
}
