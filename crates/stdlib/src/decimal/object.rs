//! `decimal.Decimal`: the object, its operators, comparison and hash.
//!
//! **Invariant:** the number of an object never changes after the object was made, so references to it may be held while the
//! object is.

use core::cell::{Cell, UnsafeCell};
use core::cmp::Ordering;
use core::mem::MaybeUninit;
use core::ops::Deref;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;

use super::coef::{self, Coef, NoMemory};
use super::context::{self, Context};
use super::conversions;
use super::number::{Dec, Env, Kind, flag};
use super::state::STATE;
use super::text::{self, Layout};
use crate::support;

#[repr(C)]
pub struct Decimal {
    head: PyObject,
    /// 0 while it is not known.
    hash: Cell<isize>,
    /// Written before the object is handed out.
    value: UnsafeCell<MaybeUninit<Dec>>,
}

/// The result of arithmetic as that of Python code.
#[inline]
pub fn settle<T>(result: coef::Result<T>) -> PyResult<T> {
    match result {
        Ok(value) => Ok(value),
        Err(NoMemory) => Err(Raised::no_memory()),
    }
}

impl Decimal {
    #[inline]
    pub fn value(&self) -> &Dec {
        // SAFETY: written when the object was made, and not changed since.
        unsafe { (*self.value.get()).assume_init_ref() }
    }
}

/// A new object of exactly this type.
#[inline]
pub fn make(value: Dec) -> PyResult<Ref<Decimal>> {
    // SAFETY: the number is written before anybody sees the object.
    unsafe {
        let this: *mut Decimal = memory::new::<Decimal>()?;
        (*this).value.get().write(MaybeUninit::new(value));
        Ok(Ref::from_owned_ptr(this))
    }
}

pub fn make_object(value: Dec) -> PyResult<Ref<Object>> {
    Ok(make(value)?.into_object())
}

/// A new object of a class.
pub fn make_in(cls: Borrowed<'_, Type>, value: Dec) -> PyResult<Ref<Object>> {
    if cls.as_ptr() == Decimal::type_object().as_ptr() {
        return make_object(value);
    }
    let this: Ref<Decimal> = support::instance(cls)?;
    // SAFETY: the number is written before anybody sees the object.
    unsafe { this.value.get().write(MaybeUninit::new(value)) };
    Ok(this.into_object())
}

/// A number that belongs to an object, or one that was made for an operation.
pub enum Operand<'a> {
    Theirs(&'a Dec),
    Ours(Dec),
}

impl Deref for Operand<'_> {
    type Target = Dec;

    #[inline]
    fn deref(&self) -> &Dec {
        match self {
            Operand::Theirs(value) => value,
            Operand::Ours(value) => value,
        }
    }
}

/// The number of an object, which is a `Decimal`.
#[inline]
pub fn number_of<'a>(object: Borrowed<'a, Object>) -> Option<&'a Dec> {
    if !object.is_exact::<Decimal>() && object.downcast::<Decimal>().is_none() {
        return None;
    }
    // SAFETY: the type is checked; the handle keeps the object for its lifetime.
    unsafe { Some((*object.as_ptr().cast::<Decimal>()).value()) }
}

/// A `Decimal` or an `int` as an operand.
#[inline]
pub fn operand<'a>(object: Borrowed<'a, Object>) -> PyResult<Option<Operand<'a>>> {
    if let Some(value) = number_of(object) {
        return Ok(Some(Operand::Theirs(value)));
    }
    match object.downcast::<Int>() {
        Some(int) => Ok(Some(Operand::Ours(conversions::from_int(&int)?))),
        None => Ok(None),
    }
}

/// As [`operand`], TypeError for other objects.
#[inline]
pub fn expect_operand<'a>(object: Borrowed<'a, Object>) -> PyResult<Operand<'a>> {
    match operand(object)? {
        Some(operand) => Ok(operand),
        None => Err(raise!(TypeError, "conversion from {} to Decimal is not supported", object.type_name())),
    }
}

/// The result of an operation under a context, which learns what happened.
pub fn under<T>(context: &Ref<Context>, operation: impl FnOnce(&mut Env) -> coef::Result<T>) -> PyResult<T> {
    let mut env = context.env();
    let result = settle(operation(&mut env))?;
    context.take(env.status)?;
    Ok(result)
}

#[inline]
fn binary(
    left: Borrowed<'_, Object>,
    right: Borrowed<'_, Object>,
    operation: impl FnOnce(&Dec, &Dec, &mut Env) -> coef::Result<Dec>,
) -> PyResult<Ref<Object>> {
    let Some(a) = operand(left)? else { return Ok(not_implemented()) };
    let Some(b) = operand(right)? else { return Ok(not_implemented()) };
    make_object(under(&context::current()?, |env| operation(&a, &b, env))?)
}

fn unary(this: &Ref<Decimal>, operation: fn(&Dec, &mut Env) -> coef::Result<Dec>) -> PyResult<Ref<Decimal>> {
    make(under(&context::current()?, |env| operation(this.value(), env))?)
}

/// What `other` is compared as; for a fraction the left number is multiplied by the denominator first.
enum Compared<'a> {
    As(Operand<'a>),
    Scaled(Dec, Dec),
}

fn compared<'a>(this: &Dec, other: Borrowed<'a, Object>, op: CompareOp) -> PyResult<Option<Compared<'a>>> {
    if let Some(operand) = operand(other)? {
        return Ok(Some(Compared::As(operand)));
    }
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    let float = if let Some(float) = other.downcast::<Float>() {
        Some(float.value())
    } else if let Some(complex) = other.downcast::<Complex>().filter(|_| equality) {
        let value = complex.value();
        if value.imag != 0.0 {
            return Ok(None);
        }
        Some(value.real)
    } else {
        None
    };
    if let Some(float) = float {
        let context = context::current()?;
        if equality {
            // An equality only leaves a mark, also where the signal is trapped.
            context.set_flags(flag::FLOAT_OPERATION);
        } else {
            context.take(flag::FLOAT_OPERATION)?;
        }
        return Ok(Some(Compared::As(Operand::Ours(settle(conversions::from_f64(float))?))));
    }
    if !other.is_instance(STATE.rational()?.borrow())? {
        return Ok(None);
    }
    let numerator = other.getattr(id!("numerator"))?;
    let denominator = other.getattr(id!("denominator"))?;
    let (Some(numerator), Some(denominator)) = (numerator.downcast::<Int>(), denominator.downcast::<Int>()) else {
        return Err(raise!(TypeError, "numerator and denominator must be integers"));
    };
    let (numerator, denominator) = (conversions::from_int(&numerator)?, conversions::from_int(&denominator)?);
    if !this.is_finite() {
        return Ok(Some(Compared::As(Operand::Ours(numerator))));
    }
    let product = settle(this.coef.mul(&denominator.coef))?;
    Ok(Some(Compared::Scaled(Dec::finite(this.negative, product, this.exp), numerator)))
}

const MODULUS: u64 = (1 << 61) - 1;

fn mul_mod(a: u64, b: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(MODULUS)) as u64
}

fn pow_mod(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = mul_mod(result, base);
        }
        base = mul_mod(base, base);
        exponent >>= 1;
    }
    result
}

/// The hash that all numbers of a value share.
fn hash_finite(value: &Dec) -> isize {
    let coefficient = match &value.coef {
        Coef::Small(value) => (*value % u128::from(MODULUS)) as u64,
        Coef::Big(limbs) => limbs.iter().rev().fold(0, |hash, &limb| {
            ((u128::from(hash) * u128::from(coef::BASE) + u128::from(limb)) % u128::from(MODULUS)) as u64
        }),
    };
    // Powers of ten repeat after MODULUS - 1 of them.
    let exponent = value.exp.unsigned_abs() % (MODULUS - 1);
    let ten = if value.exp >= 0 { 10 } else { pow_mod(10, MODULUS - 2) };
    let hash = mul_mod(coefficient, pow_mod(ten, exponent)) as isize;
    match if value.negative { -hash } else { hash } {
        -1 => -2,
        hash => hash,
    }
}

#[pytype(name = "Decimal", module = "decimal", basetype, gc, heap, getattribute, basicsize = 104, extend = [Decimal::CONVERSIONS, Decimal::SHARED, Decimal::TO_INTEGRAL, Decimal::METHODS])]
impl Decimal {
    #[new(signature = "(value='0', context=None)", text_signature = "(value=\"0\", context=None)")]
    fn new(
        cls: Borrowed<'_, Type>,
        value: Option<Borrowed<'_, Object>>,
        context: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let context = match context.filter(|context| !context.is_none()) {
            None => None,
            given => Some(context::context_or_current(given)?),
        };
        let Some(value) = value else { return make_in(cls, Dec::from_i64(0)) };
        conversions::construct(cls, value, context)
    }

    /// Numbers alone refer to nothing, and are not tracked.
    #[slot(tp_traverse)]
    fn traverse(_this: &Decimal, _visit: &mut Visitor) {}

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Decimal) {
        // SAFETY: called once, by the last decref; the number was written.
        unsafe {
            (*this).value.get().cast::<Dec>().drop_in_place();
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Decimal>) -> PyResult<Ref<Str>> {
        let context = context::current()?;
        let text = settle(text::write(this.value(), Layout::Scientific, context.has_capitals()))?;
        Str::from_utf8_str(&format!("Decimal('{}')", String::from_utf8_lossy(&text)))
    }

    #[slot(tp_str)]
    fn str(this: &Ref<Decimal>) -> PyResult<Ref<Str>> {
        let context = context::current()?;
        conversions::to_str(this.value(), Layout::Scientific, context.has_capitals())
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Decimal>) -> PyResult<isize> {
        let known = this.hash.get();
        if known != 0 {
            return Ok(known);
        }
        let value = this.value();
        let hash = match value.kind {
            Kind::Signaling => return Err(raise!(TypeError, "Cannot hash a signaling NaN value")),
            Kind::Quiet => taipan_runtime::types::object::hash_pointer(this.as_ptr()),
            Kind::Infinite if value.negative => -314_159,
            Kind::Infinite => 314_159,
            Kind::Finite => hash_finite(value),
        };
        this.hash.set(hash);
        Ok(hash)
    }

    #[slot(tp_richcompare)]
    fn rich_compare(this: &Ref<Decimal>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let this = this.value();
        let Some(other) = compared(this, other, op)? else { return Ok(not_implemented()) };
        let (a, b): (&Dec, &Dec) = match &other {
            Compared::As(operand) => (this, operand),
            Compared::Scaled(a, b) => (a, b),
        };
        if a.is_nan() || b.is_nan() {
            let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
            if !equality || a.is_signaling() || b.is_signaling() {
                context::current()?.take(flag::INVALID_OPERATION)?;
            }
            return Ok(Bool::from(op == CompareOp::Ne).into_object());
        }
        let order: Ordering = settle(Dec::order(a, b))?;
        Ok(Bool::from(op.matches(order)).into_object())
    }

    #[slot(nb_bool)]
    fn truth(this: &Ref<Decimal>) -> bool {
        !this.value().is_zero()
    }

    #[slot(nb_add)]
    fn add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        binary(left, right, Dec::add)
    }

    #[slot(nb_subtract)]
    fn subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        binary(left, right, Dec::sub)
    }

    #[slot(nb_multiply)]
    fn multiply(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        binary(left, right, Dec::mul)
    }

    #[slot(nb_true_divide)]
    fn divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        binary(left, right, Dec::div)
    }

    #[slot(nb_floor_divide)]
    fn floor_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        binary(left, right, Dec::div_int)
    }

    #[slot(nb_remainder)]
    fn remainder(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        binary(left, right, Dec::rem)
    }

    #[slot(nb_divmod)]
    fn divmod(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(a) = operand(left)? else { return Ok(not_implemented()) };
        let Some(b) = operand(right)? else { return Ok(not_implemented()) };
        let context = context::current()?;
        let mut env = context.env();
        let (quotient, rest) = settle(Dec::div_mod(&a, &b, &mut env))?;
        context.take(env.status)?;
        Ok(Tuple::pack([make_object(quotient)?, make_object(rest)?])?.into_object())
    }

    #[slot(nb_power)]
    fn power(
        left: Borrowed<'_, Object>,
        right: Borrowed<'_, Object>,
        modulus: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        if modulus.is_none() {
            return binary(left, right, Dec::pow);
        }
        let Some(modulus) = operand(modulus)? else { return Ok(not_implemented()) };
        binary(left, right, |a, b, env| Dec::pow_mod(a, b, &modulus, env))
    }

    #[slot(nb_negative)]
    fn negative(this: &Ref<Decimal>) -> PyResult<Ref<Decimal>> {
        unary(this, Dec::minus)
    }

    #[slot(nb_positive)]
    fn positive(this: &Ref<Decimal>) -> PyResult<Ref<Decimal>> {
        unary(this, Dec::plus)
    }

    #[slot(nb_absolute)]
    fn absolute(this: &Ref<Decimal>) -> PyResult<Ref<Decimal>> {
        unary(this, Dec::abs)
    }

    #[slot(nb_int)]
    fn int(this: &Ref<Decimal>) -> PyResult<Ref<Int>> {
        conversions::to_int(this.value(), super::number::Rounding::Down)
    }

    #[slot(nb_float)]
    fn float(this: &Ref<Decimal>) -> PyResult<Ref<Float>> {
        Float::new(conversions::to_f64(this.value())?)
    }
}
