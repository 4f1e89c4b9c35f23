//! Rich comparison, identity and hashing.

use super::attr::{from_result, missing_exception_checked};
use crate::prelude::*;
use crate::thread;

/// The six comparisons, with C's numbers (`Py_LT` ...).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum CompareOp {
    Lt = 0,
    Le = 1,
    Eq = 2,
    Ne = 3,
    Gt = 4,
    Ge = 5,
}

impl CompareOp {
    /// `None` for a number that is no comparison.
    pub fn from_raw(op: c_int) -> Option<CompareOp> {
        use CompareOp::*;
        [Lt, Le, Eq, Ne, Gt, Ge].get(usize::try_from(op).ok()?).copied()
    }

    /// The comparison with operands exchanged.
    pub fn swapped(self) -> CompareOp {
        use CompareOp::*;
        match self {
            Lt => Gt,
            Le => Ge,
            Eq => Eq,
            Ne => Ne,
            Gt => Lt,
            Ge => Le,
        }
    }

    pub fn symbol(self) -> &'static str {
        ["<", "<=", "==", "!=", ">", ">="][self as usize]
    }

    /// The answer for operands that compare as `ordering`.
    #[inline(always)]
    pub fn matches(self, ordering: core::cmp::Ordering) -> bool {
        match self {
            CompareOp::Lt => ordering.is_lt(),
            CompareOp::Le => ordering.is_le(),
            CompareOp::Eq => ordering.is_eq(),
            CompareOp::Ne => ordering.is_ne(),
            CompareOp::Gt => ordering.is_gt(),
            CompareOp::Ge => ordering.is_ge(),
        }
    }

    /// As [`CompareOp::matches`], as a Python `bool`.
    pub fn result(self, ordering: core::cmp::Ordering) -> Ref<Object> {
        Bool::from(self.matches(ordering)).into_object()
    }
}

impl Ref<Object> {
    /// `self OP other` (`PyObject_RichCompare`).
    pub fn rich_compare(&self, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let _guard = thread::enter_recursive(" in comparison")?;
        let (left_type, right_type) = (self.type_ptr(), other.type_ptr());
        let mut tried_reflected = false;
        // SAFETY: slots take live objects.
        unsafe {
            let right_compare = (*right_type).tp_richcompare.get();
            if left_type != right_type
                && crate::types::type_::is_subtype_raw(right_type, left_type)
                && let Some(compare) = right_compare
            {
                tried_reflected = true;
                let result: Ref<Object> = from_result(compare(other.as_ptr(), self.as_ptr(), op.swapped() as c_int))?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
            }
            if let Some(compare) = (*left_type).tp_richcompare.get() {
                let result: Ref<Object> = from_result(compare(self.as_ptr(), other.as_ptr(), op as c_int))?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
            }
            if !tried_reflected && let Some(compare) = right_compare {
                let result: Ref<Object> = from_result(compare(other.as_ptr(), self.as_ptr(), op.swapped() as c_int))?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
            }
        }
        match op {
            CompareOp::Eq => Ok(Bool::from(self.is_identical(other)).into_object()),
            CompareOp::Ne => Ok(Bool::from(!self.is_identical(other)).into_object()),
            _ => Err(raise!(
                TypeError,
                "'{}' not supported between instances of '{}' and '{}'",
                op.symbol(),
                self.type_name(),
                other.type_name()
            )),
        }
    }

    /// The truth of `self OP other`; identical objects are equal without a call (`PyObject_RichCompareBool`).
    pub fn compare_bool(&self, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<bool> {
        if self.is_identical(other) {
            match op {
                CompareOp::Eq => return Ok(true),
                CompareOp::Ne => return Ok(false),
                _ => {}
            }
        }
        self.rich_compare(other, op)?.is_true()
    }

    /// `self is other or self == other`.
    pub fn equals(&self, other: Borrowed<'_, Object>) -> PyResult<bool> {
        self.compare_bool(other, CompareOp::Eq)
    }

    /// Python's `is`: by address, and by value for exact integers that fit an immediate.
    #[inline(always)]
    pub fn is_identical(&self, other: Borrowed<'_, Object>) -> bool {
        self.is(&other) || (self.is_exact::<Int>() && other.is_exact::<Int>() && Int::is_same_immediate(self, &other))
    }

    /// `hash(self)`.
    pub fn hash(&self) -> PyResult<isize> {
        // Hashes of containers hash their items, however deep they are nested.
        let _guard = crate::thread::enter_recursive(" while hashing an object")?;
        match self.type_of().tp_hash.get() {
            // SAFETY: the slot takes a live object.
            Some(hash) => match unsafe { hash(self.as_ptr()) } {
                -1 => Err(missing_exception_checked()),
                hash => Ok(hash),
            },
            None => Err(unhashable(self)),
        }
    }
}

#[cold]
pub fn unhashable(object: &Ref<Object>) -> Raised {
    raise!(TypeError, "unhashable type: '{}'", object.type_name())
}
