//! The methods of `Context`, which take numbers and give results under that context.

use taipan_runtime::prelude::*;

use super::coef::{self, Coef};
use super::context::Context;
use super::conversions;
use super::number::{Dec, Env, Kind};
use super::object::{Decimal, expect_operand, make_object, settle, under};
use super::places::Logic;
use super::table::shared_operations;
use super::text::Layout;

type Unary = fn(&Dec, &mut Env) -> coef::Result<Dec>;
type Binary = fn(&Dec, &Dec, &mut Env) -> coef::Result<Dec>;
pub(super) type Test = fn(&Dec) -> bool;

pub(super) fn unary(this: &Ref<Context>, x: Borrowed<'_, Object>, operation: Unary) -> PyResult<Ref<Object>> {
    let x = expect_operand(x)?;
    make_object(under(this, |env| operation(&x, env))?)
}

pub(super) fn binary(
    this: &Ref<Context>,
    x: Borrowed<'_, Object>,
    y: Borrowed<'_, Object>,
    operation: Binary,
) -> PyResult<Ref<Object>> {
    let (x, y) = (expect_operand(x)?, expect_operand(y)?);
    make_object(under(this, |env| operation(&x, &y, env))?)
}

macro_rules! operations {
    ($part:ident
        unary { $($unary:ident $unary_op:expr;)* }
        binary { $($binary:ident $binary_op:expr;)* }
        test { $($test:ident $answer:expr;)* }
    ) => {
        #[pymethods(part = $part)]
        impl Context {
            $(
                #[method(signature = "($self, x, /)")]
                fn $unary(this: &Ref<Context>, x: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                    unary(this, x, $unary_op)
                }
            )*
            $(
                #[method(signature = "($self, x, y, /)")]
                fn $binary(
                    this: &Ref<Context>,
                    x: Borrowed<'_, Object>,
                    y: Borrowed<'_, Object>,
                ) -> PyResult<Ref<Object>> {
                    binary(this, x, y, $binary_op)
                }
            )*
            $(
                #[method(signature = "($self, x, /)")]
                fn $test(this: &Ref<Context>, x: Borrowed<'_, Object>) -> PyResult<bool> {
                    let _ = this;
                    let test: Test = $answer;
                    Ok(test(&*expect_operand(x)?))
                }
            )*
        }
    };
}

macro_rules! shared {
    ($($rows:tt)*) => { operations! { SHARED $($rows)* } };
}

shared_operations! { shared }

operations! { OPERATIONS
    unary {
        abs Dec::abs;
        copy_abs |x, _| x.with_sign(false);
        copy_decimal |x, _| x.try_clone();
        copy_negate |x, _| x.with_sign(!x.negative);
        minus Dec::minus;
        plus Dec::plus;
        to_integral |x, env| x.to_integral(false, env);
        to_integral_exact |x, env| x.to_integral(true, env);
        to_integral_value |x, env| x.to_integral(false, env);
    }
    binary {
        add Dec::add;
        divide Dec::div;
        divide_int Dec::div_int;
        multiply Dec::mul;
        quantize |x, y, env| x.quantize(y, env);
        remainder Dec::rem;
        subtract Dec::sub;
    }
    test {}
}

#[pymethods(part = MORE_OPERATIONS)]
impl Context {
    #[method(signature = "($self, x, y, /)")]
    fn divmod(this: &Ref<Context>, x: Borrowed<'_, Object>, y: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let (x, y) = (expect_operand(x)?, expect_operand(y)?);
        let (quotient, rest) = under(this, |env| Dec::div_mod(&x, &y, env))?;
        Tuple::pack([make_object(quotient)?, make_object(rest)?])
    }

    #[method(signature = "($self, x, y, z, /)")]
    fn fma(
        this: &Ref<Context>,
        x: Borrowed<'_, Object>,
        y: Borrowed<'_, Object>,
        z: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        let (x, y, z) = (expect_operand(x)?, expect_operand(y)?, expect_operand(z)?);
        make_object(under(this, |env| Dec::fma(&x, &y, &z, env))?)
    }

    #[method(signature = "($self, /, a, b, modulo=None)")]
    fn power(
        this: &Ref<Context>,
        a: Borrowed<'_, Object>,
        b: Borrowed<'_, Object>,
        modulo: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let (a, b) = (expect_operand(a)?, expect_operand(b)?);
        let modulo = modulo.filter(|modulo| !modulo.is_none()).map(expect_operand).transpose()?;
        make_object(under(this, |env| match &modulo {
            None => Dec::pow(&a, &b, env),
            Some(modulo) => Dec::pow_mod(&a, &b, modulo, env),
        })?)
    }

    #[method(signature = "($self, x, y, /)")]
    fn same_quantum(this: &Ref<Context>, x: Borrowed<'_, Object>, y: Borrowed<'_, Object>) -> PyResult<bool> {
        let _ = this;
        Ok(Dec::same_quantum(&*expect_operand(x)?, &*expect_operand(y)?))
    }

    #[method(signature = "($self, x, /)")]
    fn canonical(this: &Ref<Context>, x: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let _ = this;
        if x.downcast::<Decimal>().is_none() {
            return Err(raise!(TypeError, "argument must be a Decimal"));
        }
        Ok(x.to_owned())
    }

    #[method(signature = "($self, x, /)")]
    fn is_canonical(this: &Ref<Context>, x: Borrowed<'_, Object>) -> PyResult<bool> {
        let _ = this;
        if x.downcast::<Decimal>().is_none() {
            return Err(raise!(TypeError, "argument must be a Decimal"));
        }
        Ok(true)
    }

    #[method(name = "_apply", signature = "($self, object, /)")]
    fn apply_to(this: &Ref<Context>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        unary(this, object, |x, env| x.try_clone()?.finish(env))
    }

    #[method(signature = "($self, /)")]
    fn radix(this: &Ref<Context>) -> PyResult<Ref<Object>> {
        let _ = this;
        make_object(Dec::finite(false, Coef::from(10), 0))
    }

    #[method(signature = "($self, num='0', /)", text_signature = "($self, num=\"0\", /)")]
    fn create_decimal(this: &Ref<Context>, num: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        match num {
            None => make_object(Dec::from_i64(0)),
            Some(num) => conversions::create(this, num),
        }
    }

    #[method(signature = "($self, f, /)")]
    fn create_decimal_from_float(this: &Ref<Context>, f: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let mut env = this.env();
        let number = settle(conversions::from_real(f)?.finish(&mut env))?;
        this.take(env.status)?;
        make_object(number)
    }

    #[method(signature = "($self, x, /)")]
    fn is_normal(this: &Ref<Context>, x: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(expect_operand(x)?.is_normal(&this.env()))
    }

    #[method(signature = "($self, x, /)")]
    fn is_subnormal(this: &Ref<Context>, x: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(expect_operand(x)?.is_subnormal(&this.env()))
    }

    #[method(signature = "($self, x, /)")]
    fn number_class(this: &Ref<Context>, x: Borrowed<'_, Object>) -> PyResult<&'static str> {
        Ok(expect_operand(x)?.number_class(&this.env()))
    }

    #[method(signature = "($self, x, /)")]
    fn to_sci_string(this: &Ref<Context>, x: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        conversions::to_str(&*expect_operand(x)?, Layout::Scientific, this.has_capitals())
    }

    #[method(signature = "($self, x, /)")]
    fn to_eng_string(this: &Ref<Context>, x: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        conversions::to_str(&*expect_operand(x)?, Layout::Engineering, this.has_capitals())
    }
}
