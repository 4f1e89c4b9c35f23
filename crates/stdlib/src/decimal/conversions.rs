//! Decimals from and to other objects: `int`, `float`, `str`, tuples, formats.

use taipan_runtime::import::import_module;
use taipan_runtime::modules::warnings;
use taipan_runtime::object::protocol::number;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;
use taipan_runtime::types::float;
use taipan_runtime::types::int::decimal::{decimal_value, is_space};
use taipan_runtime::types::str::StrData;

use super::coef::{self, Coef};
use super::context::{self, Context};
use super::number::{Dec, Kind, Rounding, flag};
use super::object::{Decimal, make_in, make_object, number_of, settle, under};
use super::state::STATE;
use super::text::{self, Layout};

pub fn from_int(int: &Ref<Int>) -> PyResult<Dec> {
    if let Some(value) = int.to_i64() {
        return Ok(Dec::from_i64(value));
    }
    let negative = int.as_object().compare_bool(Int::zero().as_borrowed(), CompareOp::Lt)?;
    Ok(Dec::finite(negative, settle(Coef::from_binary(&int.to_limbs()?))?, 0))
}

/// The exact value of a float.
pub fn from_f64(value: f64) -> coef::Result<Dec> {
    let negative = value.is_sign_negative();
    if value.is_nan() {
        return Ok(Dec { negative, ..Dec::NAN });
    }
    if value.is_infinite() {
        return Ok(Dec::infinity(negative));
    }
    let bits = value.to_bits();
    let field = (bits >> 52 & 0x7ff) as i64;
    let mut mantissa = bits & ((1 << 52) - 1);
    if field != 0 {
        mantissa |= 1 << 52;
    }
    let mut exponent = field.max(1) - 1075;
    if mantissa == 0 {
        return Ok(Dec::finite(negative, Coef::ZERO, 0));
    }
    let zeros = mantissa.trailing_zeros();
    mantissa >>= zeros;
    exponent += i64::from(zeros);
    let power = |base: u64, count: u64| -> coef::Result<Coef> {
        let mut result = Coef::ONE;
        let mut square = Coef::from(base);
        let mut count = count;
        while count > 0 {
            if count & 1 == 1 {
                result = result.mul(&square)?;
            }
            square = square.mul(&square)?;
            count >>= 1;
        }
        Ok(result)
    };
    if exponent >= 0 {
        let coef = Coef::from(mantissa).mul(&power(2, exponent.unsigned_abs())?)?;
        return Ok(Dec::finite(negative, coef, 0));
    }
    let coef = Coef::from(mantissa).mul(&power(5, exponent.unsigned_abs())?)?;
    Ok(Dec::finite(negative, coef, exponent))
}

/// The integer that a number is rounded to.
pub fn to_int(value: &Dec, rounding: Rounding) -> PyResult<Ref<Int>> {
    match value.kind {
        Kind::Infinite => return Err(raise!(OverflowError, "cannot convert Infinity to integer")),
        Kind::Quiet | Kind::Signaling => return Err(raise!(ValueError, "cannot convert NaN to integer")),
        Kind::Finite => {}
    }
    let (whole, _) = settle(value.rescale(0, rounding))?;
    if let Some(small) = whole.to_i64() {
        return Int::from_i64(small);
    }
    Int::from_limbs(&settle(whole.coef.to_binary())?, whole.negative)
}

pub fn to_f64(value: &Dec) -> PyResult<f64> {
    match value.kind {
        Kind::Signaling => return Err(raise!(ValueError, "cannot convert signaling NaN to float")),
        Kind::Quiet => return Ok(if value.negative { -f64::NAN } else { f64::NAN }),
        Kind::Infinite => return Ok(if value.negative { f64::NEG_INFINITY } else { f64::INFINITY }),
        Kind::Finite => {}
    }
    let text = settle(text::write(value, Layout::Scientific, true))?;
    float::parse::parse(&text).ok_or_else(|| raise!(ValueError, "could not convert Decimal to float"))
}

pub fn to_str(value: &Dec, layout: Layout, capitals: bool) -> PyResult<Ref<Str>> {
    let text = settle(text::write(value, layout, capitals))?;
    // Digits, letters and signs are ASCII.
    Str::from_ucs1(&text)
}

/// The text of a number as ASCII; what no number has becomes a byte that ends no parse well.
fn ascii(text: &Ref<Str>, lenient: bool) -> PyResult<Vec<u8>> {
    let mut bytes = vec_with_capacity(text.len())?;
    for c in text.chars() {
        match c {
            0x5f if lenient => {}
            _ if is_space(c) => bytes.push(b' '),
            0..0x80 => bytes.push(c as u8),
            _ => bytes.push(decimal_value(c).map_or(0xff, |digit| b'0' + digit)),
        }
    }
    Ok(bytes)
}

/// Parses text, exactly or rounded to a context, whose conditions it raises.
pub fn from_str(text: &Ref<Str>, exact: bool, context: Option<&Ref<Context>>) -> PyResult<Dec> {
    let plain = |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'-' | b'+' | b'a'..=b'z' | b'A'..=b'Z');
    let parsed = match text.data() {
        StrData::Ucs1(bytes) if bytes.iter().all(plain) => settle(text::parse(bytes))?,
        _ => {
            let bytes = ascii(text, exact)?;
            settle(text::parse(if exact { bytes.trim_ascii() } else { &bytes }))?
        }
    };
    if exact
        && let Some(number) = &parsed
        && number.is_finite()
        && number.exp.unsigned_abs() < 1 << 40
    {
        return Ok(parsed.unwrap_or(Dec::NAN));
    }
    let context = match context {
        Some(context) => context.clone(),
        None => context::current()?,
    };
    let mut env = context.env();
    let number = settle(text::settle(parsed, exact, &mut env))?;
    context.take(env.status)?;
    Ok(number)
}

/// The text that a tuple of sign, digits and exponent stands for.
fn tuple_text(sequence: Borrowed<'_, Object>) -> PyResult<Vec<u8>> {
    let parts = sequence.to_tuple()?;
    if parts.len() != 3 {
        return Err(raise!(ValueError, "argument must be a sequence of length 3"));
    }
    let sign = parts.get(0).downcast::<Int>().and_then(|sign| sign.to_i64());
    let Some(sign @ (0 | 1)) = sign else {
        return Err(raise!(ValueError, "sign must be an integer with the value 0 or 1"));
    };
    let mut text = Vec::new();
    if sign == 1 {
        text.push(b'-');
    }
    let mut exponent = 0;
    let mut infinite = false;
    if let Some(kind) = parts.get(2).downcast::<Str>() {
        if kind.eq_str("F") {
            text.extend_from_slice(b"Inf");
            infinite = true;
        } else if kind.eq_str("n") {
            text.extend_from_slice(b"NaN");
        } else if kind.eq_str("N") {
            text.extend_from_slice(b"sNaN");
        } else {
            return Err(raise!(ValueError, "string argument in the third position must be 'F', 'n' or 'N'"));
        }
    } else {
        let last = parts.get(2);
        let Some(int) = last.downcast::<Int>() else {
            return Err(raise!(ValueError, "exponent must be an integer"));
        };
        let Some(value) = int.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
        };
        exponent = value;
    }
    let digits = match parts.get(1).to_tuple() {
        Ok(digits) => digits,
        Err(raised) => {
            raised.clear();
            return Err(raise!(ValueError, "coefficient must be a tuple of digits"));
        }
    };
    text.make_room(digits.len() + 24)?;
    for digit in digits.iter() {
        let digit = digit.downcast::<Int>().and_then(|digit| digit.to_i64());
        let Some(digit @ 0..=9) = digit else {
            return Err(raise!(ValueError, "coefficient must be a tuple of digits"));
        };
        if !infinite {
            text.push(b'0' + digit as u8);
        }
    }
    if parts.get(2).downcast::<Int>().is_some() {
        if digits.is_empty() {
            text.push(b'0');
        }
        text.extend_from_slice(format!("E{exponent}").as_bytes());
    }
    Ok(text)
}

fn from_sequence(sequence: Borrowed<'_, Object>, exact: bool, context: &Ref<Context>) -> PyResult<Dec> {
    let text = tuple_text(sequence)?;
    let mut env = context.env();
    let number = settle(text::parse(&text).and_then(|parsed| text::settle(parsed, exact, &mut env)))?;
    context.take(env.status)?;
    Ok(number)
}

#[cold]
fn unsupported(value: Borrowed<'_, Object>) -> Raised {
    raise!(TypeError, "conversion from {} to Decimal is not supported", value.type_name())
}

/// `Decimal(value, context)`: always exact.
pub fn construct(
    cls: Borrowed<'_, Type>,
    value: Borrowed<'_, Object>,
    context: Option<Ref<Context>>,
) -> PyResult<Ref<Object>> {
    if let Some(text) = value.downcast::<Str>() {
        return make_in(cls, from_str(&text, true, context.as_ref())?);
    }
    if value.is_exact::<Decimal>() && cls.as_ptr() == Decimal::type_object().as_ptr() {
        return Ok(value.to_owned());
    }
    if let Some(number) = number_of(value) {
        return make_in(cls, settle(number.try_clone())?);
    }
    if let Some(int) = value.downcast::<Int>() {
        return make_in(cls, from_int(&int)?);
    }
    let context = match context {
        Some(context) => context,
        None => context::current()?,
    };
    if value.downcast::<Tuple>().is_some() || value.downcast::<List>().is_some() {
        return make_in(cls, from_sequence(value, true, &context)?);
    }
    if let Some(float) = value.downcast::<Float>() {
        let number = settle(from_f64(float.value()))?;
        context.take(flag::FLOAT_OPERATION)?;
        return make_in(cls, number);
    }
    Err(unsupported(value))
}

/// `Context.create_decimal(value)`: rounded.
pub fn create(context: &Ref<Context>, value: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if let Some(text) = value.downcast::<Str>() {
        return make_object(from_str(&text, false, Some(context))?);
    }
    let number = if let Some(number) = number_of(value) {
        let mut env = context.env();
        if number.is_nan() && number.coef.digits() > env.prec - i64::from(env.clamp) {
            env.raise(flag::CONVERSION_SYNTAX);
            context.take(env.status)?;
            return make_object(Dec::NAN);
        }
        settle(number.try_clone())?
    } else if let Some(int) = value.downcast::<Int>() {
        from_int(&int)?
    } else if value.downcast::<Tuple>().is_some() || value.downcast::<List>().is_some() {
        return make_object(from_sequence(value, false, context)?);
    } else if let Some(float) = value.downcast::<Float>() {
        context.take(flag::FLOAT_OPERATION)?;
        settle(from_f64(float.value()))?
    } else {
        return Err(unsupported(value));
    };
    let mut env = context.env();
    let number = settle(number.finish(&mut env))?;
    context.take(env.status)?;
    make_object(number)
}

/// A float or int as a number.
pub fn from_real(value: Borrowed<'_, Object>) -> PyResult<Dec> {
    if let Some(int) = value.downcast::<Int>() {
        return from_int(&int);
    }
    match value.downcast::<Float>() {
        Some(float) => settle(from_f64(float.value())),
        None => Err(raise!(TypeError, "argument must be int or float")),
    }
}

/// An object of a class from one of exactly `Decimal`.
fn in_class(cls: Borrowed<'_, Type>, value: Ref<Object>) -> PyResult<Ref<Object>> {
    if cls.as_ptr() == Decimal::type_object().as_ptr() {
        return Ok(value);
    }
    cls.as_object().call1(value.borrow())
}

/// A format that only the library's implementation knows, or that is wrong.
#[cold]
fn format_elsewhere(this: &Ref<Decimal>, spec: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let mut spec = spec.to_owned();
    let given = spec.str()?.to_display().to_string();
    if let Some(start) = given.strip_suffix('N') {
        warnings::warn(
            exceptions::DeprecationWarning::type_object(),
            "Format specifier 'N' is deprecated and slated for removal in Python 3.18",
            1,
        )?;
        spec = Str::from_utf8_str(&format!("{start}n"))?.into_object();
    }
    let class = import_module("_pydecimal")?.getattr(id!("Decimal"))?;
    let text = this.as_object().str()?;
    let number = class.call1(text.as_borrowed())?;
    let context = import_module("_pydecimal")?.getattr(id!("Context"))?.call0()?;
    let rounding = Str::intern_str(context::rounding_name(context::current()?.rounding()))?;
    context.setattr(id!("rounding"), rounding.as_borrowed())?;
    let capitals = Int::from_i64(i64::from(context::current()?.has_capitals()))?;
    context.setattr(id!("capitals"), capitals.as_borrowed())?;
    match number.call_method(id!("__format__"), &[spec.borrow(), context.borrow()]) {
        Ok(text) if given.ends_with('N') => text.call_method(id!("upper"), &[]),
        Ok(text) => Ok(text),
        Err(raised) => {
            raised.clear_if::<exceptions::ValueError>()?;
            Err(raise!(ValueError, "invalid format string"))
        }
    }
}

/// A specification with the locale's part given by a `dict`.
fn overridden(spec: &str, given: Borrowed<'_, Object>, capitals: bool) -> PyResult<text::Spec> {
    let Some(given) = given.downcast::<Dict>() else {
        return Err(raise!(TypeError, "optional argument must be a dict"));
    };
    let Some(mut parsed) = text::parse_spec(spec.trim_end_matches('n'), capitals) else {
        return Err(raise!(ValueError, "invalid format string"));
    };
    if spec.ends_with('n') {
        parsed.kind = b'g';
    }
    let entry = |name: Borrowed<'_, Str>| -> PyResult<Option<String>> {
        let Some(value) = given.get_str(name) else { return Ok(None) };
        match value.downcast::<Str>() {
            Some(text) => text.to_lossy().map(Some),
            None => Err(raise!(TypeError, "values in override dict must be of type str")),
        }
    };
    if let Some(point) = entry(id!("decimal_point"))? {
        parsed.point = point;
    }
    if let Some(separator) = entry(id!("thousands_sep"))? {
        parsed.separator = separator;
    }
    if let Some(grouping) = entry(id!("grouping"))? {
        parsed.grouping = grouping.chars().map(|c| u8::try_from(c).unwrap_or(u8::MAX)).gather()?;
    }
    let one = |text: &str| text.chars().count() <= 1;
    if !one(&parsed.point)
        || parsed.point.is_empty()
        || !one(&parsed.separator)
        || parsed.grouping.iter().any(|&size| size > 127)
    {
        return Err(raise!(ValueError, "invalid override dict"));
    }
    Ok(parsed)
}

#[pymethods(part = CONVERSIONS)]
impl Decimal {
    #[classmethod(signature = "($type, f, /)")]
    fn from_float(cls: Borrowed<'_, Type>, f: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        in_class(cls, make_object(from_real(f)?)?)
    }

    #[classmethod(signature = "($type, number, /)")]
    fn from_number(cls: Borrowed<'_, Type>, number: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let value = if number.is_exact::<Decimal>() {
            number.to_owned()
        } else if number.downcast::<Int>().is_some()
            || number_of(number).is_some()
            || number.downcast::<Float>().is_some()
        {
            construct(Decimal::type_object(), number, None)?
        } else {
            return Err(unsupported(number));
        };
        in_class(cls, value)
    }

    #[getter(name = "real")]
    fn real(this: &Ref<Decimal>) -> Ref<Decimal> {
        this.clone()
    }

    #[getter(name = "imag")]
    fn imag(this: &Ref<Decimal>) -> PyResult<Ref<Object>> {
        let _ = this;
        make_object(Dec::from_i64(0))
    }

    #[method(signature = "($self, /)")]
    fn as_tuple(this: &Ref<Decimal>) -> PyResult<Ref<Object>> {
        let value = this.value();
        let exponent = match value.kind {
            Kind::Finite => Int::from_i64(value.exp)?.into_object(),
            Kind::Infinite => Str::intern_str("F")?.into_object(),
            Kind::Quiet => Str::intern_str("n")?.into_object(),
            Kind::Signaling => Str::intern_str("N")?.into_object(),
        };
        let text = if value.is_nan() && value.coef.is_zero() { Vec::new() } else { settle(value.coef.text())? };
        let mut digits = vec_with_capacity(text.len())?;
        for digit in text {
            digits.push(Int::from_i64(i64::from(digit - b'0'))?.into_object());
        }
        let digits = Tuple::from_vec(digits)?;
        let sign = Int::from_i64(i64::from(value.negative))?;
        STATE.decimal_tuple()?.call(&[sign.as_borrowed(), digits.as_borrowed(), exponent.borrow()])
    }

    #[method(signature = "($self, /)")]
    fn as_integer_ratio(this: &Ref<Decimal>) -> PyResult<Ref<Tuple>> {
        let value = this.value();
        match value.kind {
            Kind::Infinite => return Err(raise!(OverflowError, "cannot convert Infinity to integer ratio")),
            Kind::Quiet | Kind::Signaling => return Err(raise!(ValueError, "cannot convert NaN to integer ratio")),
            Kind::Finite => {}
        }
        if value.exp >= 0 || value.coef.is_zero() {
            return Tuple::pack([to_int(value, Rounding::Down)?.into_object(), Int::one().into_object()]);
        }
        let zeros = (value.coef.trailing_zeros() as i64).min(-value.exp);
        let coef = settle(value.coef.shr10(zeros.unsigned_abs()))?.0;
        let numerator = to_int(&Dec::finite(value.negative, coef, 0), Rounding::Down)?;
        let denominator = Coef::pow10((-value.exp - zeros).unsigned_abs());
        let denominator = to_int(&Dec::finite(false, settle(denominator)?, 0), Rounding::Down)?;
        let gcd =
            import_module("math")?.call_method(id!("gcd"), &[numerator.as_borrowed(), denominator.as_borrowed()])?;
        Tuple::pack([
            numerator.as_object().binary(number::FLOOR_DIVIDE, gcd.borrow())?,
            denominator.as_object().binary(number::FLOOR_DIVIDE, gcd.borrow())?,
        ])
    }

    #[method(name = "__complex__", signature = "($self, /)")]
    fn complex(this: &Ref<Decimal>) -> PyResult<Ref<Complex>> {
        Complex::new(to_f64(this.value())?, 0.0)
    }

    #[method(name = "__trunc__", signature = "($self, /)")]
    fn trunc(this: &Ref<Decimal>) -> PyResult<Ref<Int>> {
        to_int(this.value(), Rounding::Down)
    }

    #[method(name = "__floor__", signature = "($self, /)")]
    fn floor(this: &Ref<Decimal>) -> PyResult<Ref<Int>> {
        to_int(this.value(), Rounding::Floor)
    }

    #[method(name = "__ceil__", signature = "($self, /)")]
    fn ceil(this: &Ref<Decimal>) -> PyResult<Ref<Int>> {
        to_int(this.value(), Rounding::Ceiling)
    }

    #[method(name = "__round__", signature = "($self, ndigits=<unrepresentable>, /)", no_text_signature)]
    fn round(this: &Ref<Decimal>, ndigits: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let Some(ndigits) = ndigits else {
            return Ok(to_int(this.value(), Rounding::HalfEven)?.into_object());
        };
        let Some(places) = ndigits.downcast::<Int>() else {
            return Err(raise!(TypeError, "optional arg must be an integer"));
        };
        let Some(places) = places.to_i64() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
        };
        let model = Dec::finite(false, Coef::ONE, places.checked_neg().unwrap_or(i64::MAX));
        make_object(under(&context::current()?, |env| this.value().quantize(&model, env))?)
    }

    #[method(name = "__format__", signature = "($self, fmtarg, override=<unrepresentable>, /)", no_text_signature)]
    fn format(
        this: &Ref<Decimal>,
        fmtarg: Borrowed<'_, Object>,
        r#override: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let Some(spec) = fmtarg.downcast::<Str>() else {
            return Err(raise!(TypeError, "format arg must be str"));
        };
        let context = context::current()?;
        let text = spec.to_display().to_string();
        let known = match r#override {
            None => text::parse_spec(&text, context.has_capitals()),
            Some(given) => Some(overridden(&text, given, context.has_capitals())?),
        };
        let Some(known) = known else { return format_elsewhere(this, fmtarg) };
        if known.width > isize::MAX as usize / 8 {
            return Err(raise!(ValueError, "format specification exceeds internal limits of _decimal"));
        }
        let text = settle(text::format(this.value(), &known, context.rounding()))?;
        Ok(Str::from_utf8_str(&text)?.into_object())
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Decimal>) -> PyResult<Ref<Tuple>> {
        let text = this.as_object().str()?;
        let arguments = Tuple::pack([text.into_object()])?;
        Tuple::pack([this.type_of().upcast().to_owned(), arguments.into_object()])
    }

    #[method(name = "__copy__", signature = "($self, /)")]
    fn copy_protocol(this: &Ref<Decimal>) -> Ref<Decimal> {
        this.clone()
    }

    #[method(name = "__deepcopy__", signature = "($self, object, /)")]
    fn deep_copy_protocol(this: &Ref<Decimal>, object: Borrowed<'_, Object>) -> Ref<Decimal> {
        let _ = object;
        this.clone()
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size(this: &Ref<Decimal>) -> usize {
        this.type_of().tp_basicsize.get() as usize + this.value().coef.heap_size()
    }
}
