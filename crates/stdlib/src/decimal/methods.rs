//! The methods of `Decimal` that take an optional context.

use taipan_runtime::prelude::*;

use super::coef;
use super::context::{self, context_or_current};
use super::conversions;
use super::number::{Dec, Env, Kind};
use super::object::{Decimal, expect_operand, make_object, settle, under};
use super::operations::{Binary, Unary};
use super::places::Logic;
use super::text::Layout;

pub fn copy_sign(a: &Dec, b: &Dec, _env: &mut Env) -> coef::Result<Dec> {
    a.with_sign(b.negative)
}

pub fn compare_total(a: &Dec, b: &Dec, _env: &mut Env) -> coef::Result<Dec> {
    Ok(Dec::from_i64(Dec::order_total(a, b)? as i64))
}

pub fn compare_total_mag(a: &Dec, b: &Dec, _env: &mut Env) -> coef::Result<Dec> {
    Ok(Dec::from_i64(Dec::order_total_magnitude(a, b)? as i64))
}

pub fn max(a: &Dec, b: &Dec, env: &mut Env) -> coef::Result<Dec> {
    Dec::extreme(a, b, true, false, env)
}

pub fn max_mag(a: &Dec, b: &Dec, env: &mut Env) -> coef::Result<Dec> {
    Dec::extreme(a, b, true, true, env)
}

pub fn min(a: &Dec, b: &Dec, env: &mut Env) -> coef::Result<Dec> {
    Dec::extreme(a, b, false, false, env)
}

pub fn min_mag(a: &Dec, b: &Dec, env: &mut Env) -> coef::Result<Dec> {
    Dec::extreme(a, b, false, true, env)
}

pub fn logical_and(a: &Dec, b: &Dec, env: &mut Env) -> coef::Result<Dec> {
    Dec::logical(a, b, Logic::And, env)
}

pub fn logical_or(a: &Dec, b: &Dec, env: &mut Env) -> coef::Result<Dec> {
    Dec::logical(a, b, Logic::Or, env)
}

pub fn logical_xor(a: &Dec, b: &Dec, env: &mut Env) -> coef::Result<Dec> {
    Dec::logical(a, b, Logic::Xor, env)
}

pub fn next_minus(a: &Dec, env: &mut Env) -> coef::Result<Dec> {
    a.next(false, env)
}

pub fn next_plus(a: &Dec, env: &mut Env) -> coef::Result<Dec> {
    a.next(true, env)
}

fn unary(this: &Ref<Decimal>, context: Option<Borrowed<'_, Object>>, operation: Unary) -> PyResult<Ref<Object>> {
    let context = context_or_current(context)?;
    make_object(under(&context, |env| operation(this.value(), env))?)
}

fn binary(
    this: &Ref<Decimal>,
    other: Borrowed<'_, Object>,
    context: Option<Borrowed<'_, Object>>,
    operation: Binary,
) -> PyResult<Ref<Object>> {
    let context = context_or_current(context)?;
    let other = expect_operand(other)?;
    make_object(under(&context, |env| operation(this.value(), &other, env))?)
}

fn rounded(
    this: &Ref<Decimal>,
    rounding: Option<Borrowed<'_, Object>>,
    context: Option<Borrowed<'_, Object>>,
    exact: bool,
) -> PyResult<Ref<Object>> {
    let context = context_or_current(context)?;
    let rounding = rounding.filter(|rounding| !rounding.is_none()).map(context::rounding_of).transpose()?;
    make_object(under(&context, |env| {
        env.rounding = rounding.unwrap_or(env.rounding);
        this.value().to_integral(exact, env)
    })?)
}

macro_rules! methods {
    (
        unary { $($unary:ident $unary_op:expr;)* }
        binary { $($binary:ident $binary_op:expr;)* }
        test { $($test:ident |$value:ident| $answer:expr;)* }
    ) => {
        #[pymethods(part = METHODS)]
        impl Decimal {
            $(
                #[method(signature = "($self, /, context=None)")]
                fn $unary(this: &Ref<Decimal>, context: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
                    unary(this, context, $unary_op)
                }
            )*
            $(
                #[method(signature = "($self, /, other, context=None)")]
                fn $binary(
                    this: &Ref<Decimal>,
                    other: Borrowed<'_, Object>,
                    context: Option<Borrowed<'_, Object>>,
                ) -> PyResult<Ref<Object>> {
                    binary(this, other, context, $binary_op)
                }
            )*
            $(
                #[method(signature = "($self, /)")]
                fn $test(this: &Ref<Decimal>) -> bool {
                    let $value = this.value();
                    $answer
                }
            )*

            #[method(signature = "($self, /, exp, rounding=None, context=None)")]
            fn quantize(
                this: &Ref<Decimal>,
                exp: Borrowed<'_, Object>,
                rounding: Option<Borrowed<'_, Object>>,
                context: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<Object>> {
                let context = context_or_current(context)?;
                let rounding = rounding.filter(|rounding| !rounding.is_none()).map(context::rounding_of).transpose()?;
                let exp = expect_operand(exp)?;
                make_object(under(&context, |env| {
                    env.rounding = rounding.unwrap_or(env.rounding);
                    this.value().quantize(&exp, env)
                })?)
            }

            #[method(signature = "($self, /, other, third, context=None)")]
            fn fma(
                this: &Ref<Decimal>,
                other: Borrowed<'_, Object>,
                third: Borrowed<'_, Object>,
                context: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<Object>> {
                let context = context_or_current(context)?;
                let (other, third) = (expect_operand(other)?, expect_operand(third)?);
                make_object(under(&context, |env| Dec::fma(this.value(), &other, &third, env))?)
            }

            #[method(signature = "($self, /, other, context=None)")]
            fn same_quantum(
                this: &Ref<Decimal>,
                other: Borrowed<'_, Object>,
                context: Option<Borrowed<'_, Object>>,
            ) -> PyResult<bool> {
                context_or_current(context)?;
                Ok(Dec::same_quantum(this.value(), &*expect_operand(other)?))
            }

            #[method(signature = "($self, /, rounding=None, context=None)")]
            fn to_integral(
                this: &Ref<Decimal>,
                rounding: Option<Borrowed<'_, Object>>,
                context: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<Object>> {
                rounded(this, rounding, context, false)
            }

            #[method(signature = "($self, /, rounding=None, context=None)")]
            fn to_integral_value(
                this: &Ref<Decimal>,
                rounding: Option<Borrowed<'_, Object>>,
                context: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<Object>> {
                rounded(this, rounding, context, false)
            }

            #[method(signature = "($self, /, rounding=None, context=None)")]
            fn to_integral_exact(
                this: &Ref<Decimal>,
                rounding: Option<Borrowed<'_, Object>>,
                context: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<Object>> {
                rounded(this, rounding, context, true)
            }

            #[method(signature = "($self, /, context=None)")]
            fn is_normal(this: &Ref<Decimal>, context: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
                Ok(this.value().is_normal(&context_or_current(context)?.env()))
            }

            #[method(signature = "($self, /, context=None)")]
            fn is_subnormal(this: &Ref<Decimal>, context: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
                Ok(this.value().is_subnormal(&context_or_current(context)?.env()))
            }

            #[method(signature = "($self, /, context=None)")]
            fn number_class(
                this: &Ref<Decimal>,
                context: Option<Borrowed<'_, Object>>,
            ) -> PyResult<&'static str> {
                Ok(this.value().number_class(&context_or_current(context)?.env()))
            }

            #[method(signature = "($self, /, context=None)")]
            fn to_eng_string(this: &Ref<Decimal>, context: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
                let capitals = context_or_current(context)?.has_capitals();
                conversions::to_str(this.value(), Layout::Engineering, capitals)
            }

            #[method(signature = "($self, /)")]
            fn adjusted(this: &Ref<Decimal>) -> i64 {
                let value = this.value();
                if value.is_finite() { value.adjusted() } else { 0 }
            }

            #[method(signature = "($self, /)")]
            fn is_canonical(this: &Ref<Decimal>) -> bool {
                let _ = this;
                true
            }

            #[method(signature = "($self, /)")]
            fn canonical(this: &Ref<Decimal>) -> Ref<Decimal> {
                this.clone()
            }

            #[method(signature = "($self, /)")]
            fn conjugate(this: &Ref<Decimal>) -> Ref<Decimal> {
                this.clone()
            }

            #[method(signature = "($self, /)")]
            fn radix(this: &Ref<Decimal>) -> PyResult<Ref<Object>> {
                let _ = this;
                make_object(Dec::from_i64(10))
            }

            #[method(signature = "($self, /)")]
            fn copy_abs(this: &Ref<Decimal>) -> PyResult<Ref<Object>> {
                make_object(settle(this.value().with_sign(false))?)
            }

            #[method(signature = "($self, /)")]
            fn copy_negate(this: &Ref<Decimal>) -> PyResult<Ref<Object>> {
                make_object(settle(this.value().with_sign(!this.value().negative))?)
            }
        }
    };
}

methods! {
    unary {
        exp Dec::exp;
        ln Dec::ln;
        log10 Dec::log10;
        logb Dec::logb;
        logical_invert Dec::logical_invert;
        next_minus next_minus;
        next_plus next_plus;
        normalize Dec::reduce;
        sqrt Dec::sqrt;
    }
    binary {
        compare Dec::compare;
        compare_signal Dec::compare_signal;
        compare_total compare_total;
        compare_total_mag compare_total_mag;
        copy_sign copy_sign;
        logical_and logical_and;
        logical_or logical_or;
        logical_xor logical_xor;
        max max;
        max_mag max_mag;
        min min;
        min_mag min_mag;
        next_toward Dec::next_toward;
        remainder_near Dec::rem_near;
        rotate Dec::rotate;
        scaleb Dec::scaleb;
        shift Dec::shift;
    }
    test {
        is_finite |value| value.is_finite();
        is_infinite |value| value.is_infinite();
        is_nan |value| value.is_nan();
        is_qnan |value| value.kind == Kind::Quiet;
        is_snan |value| value.is_signaling();
        is_signed |value| value.negative;
        is_zero |value| value.is_zero();
    }
}
