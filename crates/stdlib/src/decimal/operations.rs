//! The methods of `Context`, which take numbers and give results under that context.

use taipan_runtime::prelude::*;

use super::coef::{self, Coef};
use super::context::Context;
use super::conversions;
use super::methods::{
    compare_total, compare_total_mag, copy_sign, logical_and, logical_or, logical_xor, max, max_mag, min, min_mag,
    next_minus, next_plus,
};
use super::number::{Dec, Env, Kind};
use super::object::{Decimal, expect_operand, make_object, settle, under};
use super::text::Layout;

pub(super) type Unary = fn(&Dec, &mut Env) -> coef::Result<Dec>;
pub(super) type Binary = fn(&Dec, &Dec, &mut Env) -> coef::Result<Dec>;

fn unary(this: &Ref<Context>, x: Borrowed<'_, Object>, operation: Unary) -> PyResult<Ref<Object>> {
    let x = expect_operand(x)?;
    make_object(under(this, |env| operation(&x, env))?)
}

fn binary(
    this: &Ref<Context>,
    x: Borrowed<'_, Object>,
    y: Borrowed<'_, Object>,
    operation: Binary,
) -> PyResult<Ref<Object>> {
    let (x, y) = (expect_operand(x)?, expect_operand(y)?);
    make_object(under(this, |env| operation(&x, &y, env))?)
}

fn to_integral_value(x: &Dec, env: &mut Env) -> coef::Result<Dec> {
    x.to_integral(false, env)
}

fn to_integral_exact(x: &Dec, env: &mut Env) -> coef::Result<Dec> {
    x.to_integral(true, env)
}

fn quantize(x: &Dec, y: &Dec, env: &mut Env) -> coef::Result<Dec> {
    x.quantize(y, env)
}

fn copy_abs(x: &Dec, _env: &mut Env) -> coef::Result<Dec> {
    x.with_sign(false)
}

fn copy_negate(x: &Dec, _env: &mut Env) -> coef::Result<Dec> {
    x.with_sign(!x.negative)
}

fn copy_decimal(x: &Dec, _env: &mut Env) -> coef::Result<Dec> {
    x.try_clone()
}

macro_rules! operations {
    (
        unary { $($unary:ident $unary_op:expr;)* }
        binary { $($binary:ident $binary_op:expr;)* }
        test { $($test:ident |$value:ident, $env:ident| $answer:expr;)* }
    ) => {
        #[pymethods(part = OPERATIONS)]
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
                    let $env = this.env();
                    let $value = expect_operand(x)?;
                    let _ = &$env;
                    Ok($answer)
                }
            )*
        }
    };
}

operations! {
    unary {
        abs Dec::abs;
        copy_abs copy_abs;
        copy_decimal copy_decimal;
        copy_negate copy_negate;
        exp Dec::exp;
        ln Dec::ln;
        log10 Dec::log10;
        logb Dec::logb;
        logical_invert Dec::logical_invert;
        minus Dec::minus;
        next_minus next_minus;
        next_plus next_plus;
        normalize Dec::reduce;
        plus Dec::plus;
        sqrt Dec::sqrt;
        to_integral to_integral_value;
        to_integral_exact to_integral_exact;
        to_integral_value to_integral_value;
    }
    binary {
        add Dec::add;
        compare Dec::compare;
        compare_signal Dec::compare_signal;
        compare_total compare_total;
        compare_total_mag compare_total_mag;
        copy_sign copy_sign;
        divide Dec::div;
        divide_int Dec::div_int;
        logical_and logical_and;
        logical_or logical_or;
        logical_xor logical_xor;
        max max;
        max_mag max_mag;
        min min;
        min_mag min_mag;
        multiply Dec::mul;
        next_toward Dec::next_toward;
        quantize quantize;
        remainder Dec::rem;
        remainder_near Dec::rem_near;
        rotate Dec::rotate;
        scaleb Dec::scaleb;
        shift Dec::shift;
        subtract Dec::sub;
    }
    test {
        is_finite |value, env| value.is_finite();
        is_infinite |value, env| value.is_infinite();
        is_nan |value, env| value.is_nan();
        is_normal |value, env| value.is_normal(&env);
        is_qnan |value, env| value.kind == Kind::Quiet;
        is_signed |value, env| value.negative;
        is_snan |value, env| value.is_signaling();
        is_subnormal |value, env| value.is_subnormal(&env);
        is_zero |value, env| value.is_zero();
    }
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
