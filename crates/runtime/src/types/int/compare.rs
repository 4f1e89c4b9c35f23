//! Order of ints, and of ints and floats, exactly.

use core::cmp::Ordering;

use super::{Int, digits};
use crate::prelude::*;

impl Ref<Int> {
    #[inline]
    pub fn compare(&self, other: &Ref<Int>) -> Ordering {
        if let (Some(a), Some(b)) = (self.small_value(), other.small_value()) {
            return a.cmp(&b);
        }
        match (self.is_negative(), other.is_negative()) {
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
            (false, false) => digits::compare(self.digits(), other.digits()),
            (true, true) => digits::compare(other.digits(), self.digits()),
        }
    }

    #[inline]
    pub fn equals_int(&self, other: &Ref<Int>) -> bool {
        self.tag_equal(other) && self.digits() == other.digits()
    }

    #[inline]
    fn tag_equal(&self, other: &Ref<Int>) -> bool {
        self.sign() == other.sign() && self.digit_count() == other.digit_count()
    }

    /// The order of an int and a float; `None` for NaN.
    pub fn compare_f64(&self, other: f64) -> Option<Ordering> {
        if other.is_nan() {
            return None;
        }
        if let Some(value) = self.small_value()
            && value.unsigned_abs() <= 1 << 53
        {
            return (value as f64).partial_cmp(&other);
        }
        let sign = if other > 0.0 {
            1
        } else if other < 0.0 {
            -1
        } else {
            0
        };
        if self.sign() != sign {
            return Some(self.sign().cmp(&sign));
        }
        let magnitude = other.abs();
        let order = if magnitude.is_infinite() {
            Ordering::Less
        } else {
            let (whole, n) = digits::from_f64_magnitude(magnitude);
            digits::compare(self.digits(), &whole[..n]).then_with(|| {
                // Equal integer parts: the float is larger if it has a fraction.
                if magnitude.fract() > 0.0 { Ordering::Less } else { Ordering::Equal }
            })
        };
        Some(if sign < 0 { order.reverse() } else { order })
    }
}
