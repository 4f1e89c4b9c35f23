//! `bool`: the two ints `False` and `True`.
//!
//! CPython: `Objects/boolobject.c`.

use core::cell::Cell;

use super::int::digits::BitOp;
use super::int::support::warn_deprecated;
use crate::abi::{_PyLongValue, PyLongObject, PyObject};
use crate::prelude::*;

/// A truth value.
#[repr(transparent)]
pub struct Bool(pub PyLongObject);

const fn instance(tag: usize, digit: u32) -> PyLongObject {
    PyLongObject {
        ob_base: PyObject::immortal(Bool::TYPE),
        long_value: _PyLongValue { lv_tag: Cell::new(tag), ob_digit: [Cell::new(digit)] },
    }
}

/// `False`: an int without digits.
#[unsafe(no_mangle)]
pub static _Py_FalseStruct: PyLongObject = instance(1, 0);

/// `True`: one digit, positive.
#[unsafe(no_mangle)]
pub static _Py_TrueStruct: PyLongObject = instance(1 << 3, 1);

impl Bool {
    #[inline(always)]
    pub fn true_ptr() -> *mut PyObject {
        (&raw const _Py_TrueStruct).cast_mut().cast()
    }

    #[inline(always)]
    pub fn false_ptr() -> *mut PyObject {
        (&raw const _Py_FalseStruct).cast_mut().cast()
    }

    /// The object of a truth value.
    #[inline(always)]
    pub fn from(value: bool) -> Ref<Bool> {
        // SAFETY: both are immortal.
        unsafe { Ref::from_owned_ptr(if value { Bool::true_ptr() } else { Bool::false_ptr() }) }
    }
}

impl Ref<Bool> {
    #[inline(always)]
    pub fn value(&self) -> bool {
        self.as_ptr() == Bool::true_ptr()
    }
}

/// `left OP right`: a bool for two bools, else what ints do.
fn logical(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>, op: BitOp) -> PyResult<Ref<Object>> {
    let truth = |object: Borrowed<'_, Object>| object.downcast_exact::<Bool>().map(|value| value.value());
    if let (Some(a), Some(b)) = (truth(left), truth(right)) {
        let answer = match op {
            BitOp::And => a & b,
            BitOp::Or => a | b,
            BitOp::Xor => a ^ b,
        };
        return Ok(Bool::from(answer).into_object());
    }
    match (left.downcast::<Int>(), right.downcast::<Int>()) {
        (Some(a), Some(b)) => Ok(a.bit_op(op, &b)?.into_object()),
        _ => Ok(not_implemented()),
    }
}

#[pytype(name = "bool", export = "PyBool_Type", base = Int, basicsize = 24, itemsize = 4)]
impl Bool {
    #[new(signature = "(object=False, /)")]
    fn new(_cls: Borrowed<'_, Type>, object: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Bool>> {
        Ok(Bool::from(object.map_or(Ok(false), |object| object.is_true())?))
    }

    /// The two instances live for ever; C code that counts them down finds them whole again.
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Bool) {
        // SAFETY: called with one of the statics.
        unsafe { (*this).0.ob_base.ob_refcnt.set(crate::abi::_Py_IMMORTAL_INITIAL_REFCNT as u32) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Bool>) -> Borrowed<'static, Str> {
        if this.value() { id!("True") } else { id!("False") }
    }

    #[slot(nb_invert)]
    fn invert(this: &Ref<Bool>) -> PyResult<Ref<Int>> {
        warn_deprecated(
            "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise \
             inversion of the underlying int object and is usually not what you expect from negating a bool. Use the 'not' \
             operator for boolean negation or ~int(x) for the bitwise inversion of the underlying int.",
        )?;
        Int::from_i64(if this.value() { -2 } else { -1 })
    }

    #[slot(nb_and)]
    fn and(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        logical(left, right, BitOp::And)
    }

    #[slot(nb_xor)]
    fn xor(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        logical(left, right, BitOp::Xor)
    }

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        logical(left, right, BitOp::Or)
    }
}
