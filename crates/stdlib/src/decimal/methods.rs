//! The methods of `Decimal` that take an optional context.

use taipan_runtime::prelude::*;

use super::context::{self, context_or_current};
use super::conversions;
use super::number::{Dec, Kind};
use super::object::{Decimal, expect_operand, make_object, settle, under};
use super::operations::{self, Test};
use super::places::Logic;
use super::table::shared_operations;
use super::text::Layout;

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
        test { $($test:ident $answer:expr;)* }
    ) => {
        #[pymethods(part = SHARED)]
        impl Decimal {
            $(
                #[method(signature = "($self, /, context=None)")]
                fn $unary(this: &Ref<Decimal>, context: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
                    operations::unary(&context_or_current(context)?, this.as_borrowed(), $unary_op)
                }
            )*
            $(
                #[method(signature = "($self, /, other, context=None)")]
                fn $binary(
                    this: &Ref<Decimal>,
                    other: Borrowed<'_, Object>,
                    context: Option<Borrowed<'_, Object>>,
                ) -> PyResult<Ref<Object>> {
                    operations::binary(&context_or_current(context)?, this.as_borrowed(), other, $binary_op)
                }
            )*
            $(
                #[method(signature = "($self, /)")]
                fn $test(this: &Ref<Decimal>) -> bool {
                    let test: Test = $answer;
                    test(this.value())
                }
            )*
        }
    };
}

shared_operations! { methods }

macro_rules! to_integral {
    ($($name:ident exact $exact:literal;)*) => {
        #[pymethods(part = TO_INTEGRAL)]
        impl Decimal {
            $(
                #[method(signature = "($self, /, rounding=None, context=None)")]
                fn $name(
                    this: &Ref<Decimal>,
                    rounding: Option<Borrowed<'_, Object>>,
                    context: Option<Borrowed<'_, Object>>,
                ) -> PyResult<Ref<Object>> {
                    rounded(this, rounding, context, $exact)
                }
            )*
        }
    };
}

to_integral! {
    to_integral exact false;
    to_integral_value exact false;
    to_integral_exact exact true;
}

#[pymethods(part = METHODS)]
impl Decimal {
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

    #[method(signature = "($self, /, context=None)")]
    fn is_normal(this: &Ref<Decimal>, context: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
        Ok(this.value().is_normal(&context_or_current(context)?.env()))
    }

    #[method(signature = "($self, /, context=None)")]
    fn is_subnormal(this: &Ref<Decimal>, context: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
        Ok(this.value().is_subnormal(&context_or_current(context)?.env()))
    }

    #[method(signature = "($self, /, context=None)")]
    fn number_class(this: &Ref<Decimal>, context: Option<Borrowed<'_, Object>>) -> PyResult<&'static str> {
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
