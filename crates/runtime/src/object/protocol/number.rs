//! Arithmetic: the number protocol.

use core::mem::offset_of;
use core::ptr;

use super::attr::from_result;
use crate::abi::{PyNumberMethods, PyObject, binaryfunc};
use crate::prelude::*;

/// A binary operator: where its slots are and what messages call it.
#[derive(Clone, Copy)]
pub struct BinaryOp {
    slot: usize,
    inplace: usize,
    symbol: &'static str,
}

macro_rules! binary_ops {
    ($($name:ident $slot:ident $inplace:ident $symbol:literal;)*) => {
        $(pub const $name: BinaryOp = BinaryOp {
            slot: offset_of!(PyNumberMethods, $slot),
            inplace: offset_of!(PyNumberMethods, $inplace),
            symbol: $symbol,
        };)*
    };
}

binary_ops! {
    ADD nb_add nb_inplace_add "+";
    SUBTRACT nb_subtract nb_inplace_subtract "-";
    MULTIPLY nb_multiply nb_inplace_multiply "*";
    MATRIX_MULTIPLY nb_matrix_multiply nb_inplace_matrix_multiply "@";
    TRUE_DIVIDE nb_true_divide nb_inplace_true_divide "/";
    FLOOR_DIVIDE nb_floor_divide nb_inplace_floor_divide "//";
    REMAINDER nb_remainder nb_inplace_remainder "%";
    LSHIFT nb_lshift nb_inplace_lshift "<<";
    RSHIFT nb_rshift nb_inplace_rshift ">>";
    AND nb_and nb_inplace_and "&";
    OR nb_or nb_inplace_or "|";
    XOR nb_xor nb_inplace_xor "^";
    DIVMOD nb_divmod nb_divmod "divmod()";
}

/// # Safety
/// `object` is live; `offset` is that of a binary slot in `PyNumberMethods`.
#[inline(always)]
unsafe fn binary_slot(object: *mut PyObject, offset: usize) -> Option<binaryfunc> {
    // SAFETY: by contract.
    unsafe {
        let methods = (*(*object).ob_type.get()).tp_as_number.get();
        if methods.is_null() { None } else { *methods.byte_add(offset).cast::<Option<binaryfunc>>() }
    }
}

/// Tries both operands' slots, the right one first where its type is a proper subtype (`binary_op1`).
///
/// # Safety
/// Both objects are live.
unsafe fn binary_op1(left: *mut PyObject, right: *mut PyObject, offset: usize) -> PyResult<Ref<Object>> {
    let _guard = crate::thread::enter_recursive(" in an arithmetic operation")?;
    // SAFETY: by contract; slots return owned results.
    unsafe {
        let left_slot = binary_slot(left, offset);
        let (left_type, right_type) = ((*left).ob_type.get(), (*right).ob_type.get());
        let mut right_slot = if left_type == right_type { None } else { binary_slot(right, offset) };
        if right_slot.map(|f| f as usize) == left_slot.map(|f| f as usize) {
            right_slot = None;
        }
        if let Some(left_slot) = left_slot {
            if let Some(function) = right_slot
                && crate::types::type_::is_subtype_raw(right_type, left_type)
            {
                let result: Ref<Object> = from_result(function(left, right))?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
                right_slot = None;
            }
            let result: Ref<Object> = from_result(left_slot(left, right))?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        if let Some(right_slot) = right_slot {
            return from_result(right_slot(left, right));
        }
    }
    Ok(not_implemented())
}

#[cold]
fn unsupported(symbol: &str, left: &Ref<Object>, right: &Ref<Object>) -> Raised {
    raise!(TypeError, "unsupported operand type(s) for {symbol}: '{}' and '{}'", left.type_name(), right.type_name())
}

impl Ref<Object> {
    pub(crate) fn number_methods(&self) -> Option<&PyNumberMethods> {
        // SAFETY: null or a table that lives as long as the type.
        unsafe { self.type_of().tp_as_number.get().as_ref() }
    }

    /// `self OP other`.
    pub fn binary(&self, op: BinaryOp, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        // SAFETY: handles are live.
        let result = unsafe { binary_op1(self.as_ptr(), other.as_ptr(), op.slot)? };
        if !result.is_not_implemented() {
            return Ok(result);
        }
        self.binary_by_sequence(op, other, op.symbol)
    }

    /// `self OP= other`.
    pub fn inplace(&self, op: BinaryOp, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        // SAFETY: handles are live.
        unsafe {
            if let Some(function) = binary_slot(self.as_ptr(), op.inplace) {
                let result: Ref<Object> = from_result(function(self.as_ptr(), other.as_ptr()))?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
            }
            let result = binary_op1(self.as_ptr(), other.as_ptr(), op.slot)?;
            if !result.is_not_implemented() {
                return Ok(result);
            }
            if let Some(methods) = self.sequence_methods() {
                if op.slot == ADD.slot
                    && let Some(concat) = methods.sq_inplace_concat.get()
                {
                    return from_result(concat(self.as_ptr(), other.as_ptr()));
                }
                if op.slot == MULTIPLY.slot
                    && let Some(repeat) = methods.sq_inplace_repeat.get()
                {
                    return from_result(repeat(self.as_ptr(), repeat_count(other)?));
                }
            }
        }
        self.binary_by_sequence(op, other, &format!("{}=", op.symbol))
    }

    /// `+` and `*` of sequences, and the TypeError where nothing answers.
    fn binary_by_sequence(&self, op: BinaryOp, other: Borrowed<'_, Object>, symbol: &str) -> PyResult<Ref<Object>> {
        if op.slot == ADD.slot
            && let Some(concat) = self.sequence_methods().and_then(|m| m.sq_concat.get())
        {
            // SAFETY: the slot takes live objects.
            return unsafe { from_result(concat(self.as_ptr(), other.as_ptr())) };
        }
        if op.slot == MULTIPLY.slot {
            for (sequence, count) in [(self.borrow(), other), (other, self.borrow())] {
                if let Some(repeat) = sequence.sequence_methods().and_then(|m| m.sq_repeat.get()) {
                    let count = repeat_count(count)?;
                    // SAFETY: the slot takes a live object.
                    return unsafe { from_result(repeat(sequence.as_ptr(), count)) };
                }
            }
        }
        if op.slot == RSHIFT.slot
            && let Some(function) = self.downcast_exact::<crate::types::builtin_function::CFunction>()
            && function.name_is("print")
            && symbol == ">>"
        {
            return Err(raise!(
                TypeError,
                "unsupported operand type(s) for {symbol}: '{}' and '{}'. Did you mean \"print(<message>, \
                 file=<output_stream>)\"?",
                self.type_name(),
                other.type_name()
            ));
        }
        Err(unsupported(symbol, self, &other))
    }

    /// `pow(self, exponent, modulus)`; `modulus` is None for `**`.
    pub fn power(&self, exponent: Borrowed<'_, Object>, modulus: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        self.ternary(exponent, modulus, "** or pow()")
    }

    fn ternary(
        &self,
        exponent: Borrowed<'_, Object>,
        modulus: Borrowed<'_, Object>,
        symbol: &str,
    ) -> PyResult<Ref<Object>> {
        let slot = |object: Borrowed<'_, Object>| object.number_methods().and_then(|m| m.nb_power.get());
        let left = slot(self.borrow());
        let mut right = if self.type_ptr() == exponent.type_ptr() { None } else { slot(exponent) };
        if left.map(|f| f as usize) == right.map(|f| f as usize) {
            right = None;
        }
        // SAFETY: slots take live objects.
        unsafe {
            let call = |function: crate::abi::ternaryfunc| -> PyResult<Ref<Object>> {
                from_result(function(self.as_ptr(), exponent.as_ptr(), modulus.as_ptr()))
            };
            if let Some(left) = left {
                if let Some(function) = right
                    && crate::types::type_::is_subtype_raw(exponent.type_ptr(), self.type_ptr())
                {
                    let result = call(function)?;
                    if !result.is_not_implemented() {
                        return Ok(result);
                    }
                    right = None;
                }
                let result = call(left)?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
            }
            if let Some(right) = right {
                let result = call(right)?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
            }
            if let Some(third) = slot(modulus)
                && Some(third as usize) != left.map(|f| f as usize)
                && Some(third as usize) != right.map(|f| f as usize)
            {
                let result = call(third)?;
                if !result.is_not_implemented() {
                    return Ok(result);
                }
            }
        }
        if modulus.is_none() {
            return Err(unsupported(symbol, self, &exponent));
        }
        Err(raise!(
            TypeError,
            "unsupported operand type(s) for {symbol}: '{}', '{}', '{}'",
            self.type_name(),
            exponent.type_name(),
            modulus.type_name()
        ))
    }

    /// `self **= exponent`.
    pub fn inplace_power(&self, exponent: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let modulus = none();
        if let Some(function) = self.number_methods().and_then(|m| m.nb_inplace_power.get()) {
            // SAFETY: the slot takes live objects.
            let result: Ref<Object> =
                unsafe { from_result(function(self.as_ptr(), exponent.as_ptr(), modulus.as_ptr()))? };
            if !result.is_not_implemented() {
                return Ok(result);
            }
        }
        self.ternary(exponent, modulus.borrow(), "**=")
    }

    fn unary(
        &self,
        slot: impl Fn(&PyNumberMethods) -> Option<crate::abi::unaryfunc>,
        what: &str,
    ) -> PyResult<Ref<Object>> {
        match self.number_methods().and_then(slot) {
            // SAFETY: the slot takes a live object.
            Some(function) => unsafe { from_result(function(self.as_ptr())) },
            None => Err(raise!(TypeError, "bad operand type for {what}: '{}'", self.type_name())),
        }
    }

    pub fn negative(&self) -> PyResult<Ref<Object>> {
        self.unary(|m| m.nb_negative.get(), "unary -")
    }

    pub fn positive(&self) -> PyResult<Ref<Object>> {
        self.unary(|m| m.nb_positive.get(), "unary +")
    }

    pub fn invert(&self) -> PyResult<Ref<Object>> {
        self.unary(|m| m.nb_invert.get(), "unary ~")
    }

    pub fn absolute(&self) -> PyResult<Ref<Object>> {
        self.unary(|m| m.nb_absolute.get(), "abs()")
    }

    /// Whether `__index__` exists (`PyIndex_Check`).
    pub fn has_index(&self) -> bool {
        self.number_methods().is_some_and(|m| m.nb_index.get().is_some())
    }

    /// The value of an `int` of few digits.
    #[inline(always)]
    fn short_int(&self) -> Option<isize> {
        self.downcast::<Int>()?.small_value().map(|value| value as isize)
    }

    /// `operator.index(self)`; an `int` or an instance of a subclass (`_PyNumber_Index`).
    pub fn index(&self) -> PyResult<Ref<Int>> {
        if let Some(int) = self.downcast::<Int>() {
            return Ok(int.to_owned());
        }
        let Some(index) = self.number_methods().and_then(|m| m.nb_index.get()) else {
            return Err(raise!(TypeError, "'{}' object cannot be interpreted as an integer", self.type_name()));
        };
        // SAFETY: the slot takes a live object.
        let result: Ref<Object> = unsafe { from_result(index(self.as_ptr()))? };
        let result = match result.into_downcast::<Int>() {
            Ok(int) => int,
            Err(other) => {
                return Err(raise!(TypeError, "__index__ returned non-int (type {})", other.type_name()));
            }
        };
        if !result.is_exact::<Int>() {
            crate::modules::warnings::warn(
                <crate::types::exceptions::DeprecationWarning as PyLayout>::type_object(),
                &format!(
                    "__index__ returned non-int (type {}).  The ability to return an instance of a strict subclass \
                     of int is deprecated, and may not be supported in a future version of Python.",
                    result.type_name()
                ),
                1,
            )?;
        }
        Ok(result)
    }

    /// The index as a machine integer; IndexError when it does not fit (`PyNumber_AsSsize_t(.., PyExc_IndexError)`).
    pub fn as_index_isize(&self) -> PyResult<isize> {
        if let Some(value) = self.short_int() {
            return Ok(value);
        }
        let index = self.index()?;
        match index.to_i64() {
            Some(value) => Ok(value as isize),
            None => Err(raise!(IndexError, "cannot fit '{}' into an index-sized integer", self.type_name())),
        }
    }

    /// The index clipped to the range of a machine integer (`PyNumber_AsSsize_t(.., NULL)`).
    pub fn as_clamped_isize(&self) -> PyResult<isize> {
        if let Some(value) = self.short_int() {
            return Ok(value);
        }
        Ok(self.index()?.to_isize_clamped())
    }

    /// The index as `isize`; OverflowError when it does not fit.
    pub fn as_isize(&self) -> PyResult<isize> {
        if let Some(value) = self.short_int() {
            return Ok(value);
        }
        let index = self.index()?;
        match index.to_i64() {
            Some(value) => Ok(value as isize),
            None => Err(raise!(OverflowError, "cannot fit '{}' into an index-sized integer", self.type_name())),
        }
    }

    /// The value as a C double: float, `__float__`, or `__index__` (`PyFloat_AsDouble`).
    pub fn as_f64(&self) -> PyResult<f64> {
        if let Some(float) = self.downcast::<Float>() {
            return Ok(float.value());
        }
        Float::double_from_object(self)
    }

    /// `self + other` and so on, short forms for native code.
    pub fn add(&self, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        self.binary(ADD, other)
    }

    pub fn subtract(&self, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        self.binary(SUBTRACT, other)
    }

    pub fn multiply(&self, other: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        self.binary(MULTIPLY, other)
    }
}

/// The count of a sequence repetition.
fn repeat_count(count: Borrowed<'_, Object>) -> PyResult<isize> {
    if !count.has_index() {
        return Err(raise!(TypeError, "can't multiply sequence by non-int of type '{}'", count.type_name()));
    }
    count.as_isize()
}

/// What C sees of a fallible result.
#[inline(always)]
pub fn into_c(result: PyResult<Ref<Object>>) -> *mut PyObject {
    result.map_or(ptr::null_mut(), Ref::into_ptr)
}
