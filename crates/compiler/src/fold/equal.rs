//! Equality as Python has it, `1 == 1.0 == True`, and the sets that go by it.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};

use num_traits::ToPrimitive;

use super::{Number, int, number};
use crate::code::Constant;
use crate::fx::FxHashSet;

/// `a == b`.
fn equal(a: &Constant, b: &Constant) -> bool {
    match (number(a), number(b)) {
        (Some(a), Some(b)) => match (a, b) {
            (Number::Int(a), Number::Int(b)) => a == b,
            (Number::Int(a), Number::Float(b)) | (Number::Float(b), Number::Int(a)) => int::equals_f64(&a, b),
            (Number::Float(a), Number::Float(b)) => a == b,
            (Number::Complex(a, b), Number::Complex(c, d)) => a == c && b == d,
            (Number::Complex(a, b), Number::Float(c)) | (Number::Float(c), Number::Complex(a, b)) => a == c && b == 0.0,
            (Number::Complex(a, b), Number::Int(c)) | (Number::Int(c), Number::Complex(a, b)) => {
                b == 0.0 && int::equals_f64(&c, a)
            }
        },
        (None, None) => match (a, b) {
            (Constant::Tuple(a), Constant::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| equal(a, b))
            }
            (Constant::FrozenSet(a), Constant::FrozenSet(b)) => {
                let items: FxHashSet<Key<&Constant>> = a.iter().map(Key).collect();
                a.len() == b.len() && b.iter().all(|item| items.contains(&Key(item)))
            }
            _ => a == b,
        },
        _ => false,
    }
}

/// A constant as an item of a set.
pub(crate) struct Key<C>(pub C);

impl<C: Borrow<Constant>> PartialEq for Key<C> {
    fn eq(&self, other: &Self) -> bool {
        equal(self.0.borrow(), other.0.borrow())
    }
}

// A NaN is not found again, as in Python.
impl<C: Borrow<Constant>> Eq for Key<C> {}

impl<C: Borrow<Constant>> Hash for Key<C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut real = |value: f64| match value.to_i64() {
            Some(integer) if integer as f64 == value => integer.hash(state),
            _ => value.to_bits().hash(state),
        };
        match number(self.0.borrow()) {
            // What does not fit a machine word may equal a float.
            Some(Number::Int(value)) => match value.to_i64() {
                Some(integer) => integer.hash(state),
                None => real(value.to_f64().unwrap_or(f64::INFINITY)),
            },
            Some(Number::Float(value)) => real(value),
            Some(Number::Complex(value, imag)) => {
                real(value);
                if imag != 0.0 {
                    imag.to_bits().hash(state);
                }
            }
            None => match self.0.borrow() {
                Constant::Tuple(items) => items.iter().for_each(|item| Key(item).hash(state)),
                // The order does not count.
                Constant::FrozenSet(items) => items.len().hash(state),
                other => other.hash(state),
            },
        }
    }
}

/// A frozen set: of equal items the first stays.
pub(crate) fn frozenset(mut items: Vec<Constant>) -> Constant {
    const SCAN: usize = 8;
    let is_new: Vec<bool> = if items.len() <= SCAN {
        (0..items.len()).map(|at| !items[..at].iter().any(|known| equal(known, &items[at]))).collect()
    } else {
        let mut seen = FxHashSet::default();
        items.iter().map(|item| seen.insert(Key(item))).collect()
    };
    let mut is_new = is_new.into_iter();
    items.retain(|_| is_new.next().unwrap_or(true));
    Constant::FrozenSet(items.into())
}
