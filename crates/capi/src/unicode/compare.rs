//! Comparison of strings.

use core::cmp::Ordering;

use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::lookup::qualified_type_name;

use crate::parameters::{CText, Data};

fn sign(order: Ordering) -> c_int {
    order as c_int
}

/// Whether a string is that UTF-8 text. Text that is no UTF-8, or stands for surrogates, equals nothing.
fn equals_utf8(string: &Ref<Str>, text: &[u8]) -> bool {
    core::str::from_utf8(text).is_ok_and(|text| string.eq_str(text))
}

capi! {
    fn PyUnicode_Compare(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<c_int> {
        match (left.downcast::<Str>(), right.downcast::<Str>()) {
            (Some(left), Some(right)) => Ok(sign(left.compare_str(&right))),
            _ => Err(raise!(TypeError, "Can't compare {} and {}", left.type_name(), right.type_name())),
        }
    }

    fn PyUnicode_CompareWithASCIIString(string: Borrowed<'_, Str>, text: CText<'_>) -> c_int {
        sign(string.chars().cmp(text.bytes().iter().map(|&byte| u32::from(byte))))
    }

    fn PyUnicode_RichCompare(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>, op: c_int) -> PyResult<Ref<Object>> {
        let (Some(left), Some(right)) = (left.downcast::<Str>(), right.downcast::<Str>()) else { return Ok(not_implemented()) };
        match CompareOp::from_raw(op) {
            Some(op) => Ok(op.result(left.compare_str(&right))),
            None => Err(super::bad_argument()),
        }
    }

    fn PyUnicode_Equal(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<bool> {
        let Some(left) = left.downcast::<Str>() else {
            return Err(raise!(TypeError, "first argument must be str, not {}", qualified_type_name(left)));
        };
        let Some(right) = right.downcast::<Str>() else {
            return Err(raise!(TypeError, "second argument must be str, not {}", qualified_type_name(right)));
        };
        Ok(left.equals_str(&right))
    }

    fn _PyUnicode_Equal(left: Borrowed<'_, Str>, right: Borrowed<'_, Str>) -> bool { left.equals_str(&right) }

    fn _PyUnicode_EqualToASCIIString(string: Borrowed<'_, Str>, text: CText<'_>) -> bool { equals_utf8(&string, text.bytes()) }

    fn PyUnicode_EqualToUTF8(string: Borrowed<'_, Str>, text: CText<'_>) -> bool { equals_utf8(&string, text.bytes()) }

    fn PyUnicode_EqualToUTF8AndSize(string: Borrowed<'_, Str>, text: Data<'_>, size: isize) -> bool {
        equals_utf8(&string, text.first(size.max(0) as usize))
    }
}
