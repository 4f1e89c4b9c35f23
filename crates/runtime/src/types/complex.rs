//! `complex`: a pair of doubles.
//!
//! Arithmetic follows annex G of C99: an operation with a real operand leaves the signs of zeros and the infinities of the
//! other part alone, and products and quotients recover infinities that came out as NaN.
//!
//! CPython: `Objects/complexobject.c`.

use core::mem::offset_of;

use crate::abi::{Py_complex, PyComplexObject};
use crate::memory;
use crate::object::header;
use crate::prelude::*;
use crate::types::float::{self, text};
use crate::types::format_spec::{self, Align};
use crate::types::int::support::{ascii_number, formatted, trim_space, warn_deprecated};

/// A complex number.
#[repr(transparent)]
pub struct Complex(pub PyComplexObject);

/// The value of a complex number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Value {
    pub real: f64,
    pub imag: f64,
}

/// Why a power or quotient has no value.
#[derive(Debug, PartialEq, Eq)]
pub enum Fault {
    /// Division by zero.
    Domain,
    /// Too large.
    Range,
}

const fn value(real: f64, imag: f64) -> Value {
    Value { real, imag }
}

/// An infinite part becomes one, a finite one zero, with its sign.
fn boxed(x: f64) -> f64 {
    (if x.is_infinite() { 1f64 } else { 0.0 }).copysign(x)
}

/// A NaN becomes a zero with its sign.
fn without_nan(x: f64) -> f64 {
    if x.is_nan() { 0f64.copysign(x) } else { x }
}

impl Value {
    pub fn add(self, other: Value) -> Value {
        value(self.real + other.real, self.imag + other.imag)
    }

    pub fn sub(self, other: Value) -> Value {
        value(self.real - other.real, self.imag - other.imag)
    }

    pub fn scale(self, factor: f64) -> Value {
        value(self.real * factor, self.imag * factor)
    }

    pub fn mul(self, other: Value) -> Value {
        let (mut a, mut b, mut c, mut d) = (self.real, self.imag, other.real, other.imag);
        let (ac, bd, ad, bc) = (a * c, b * d, a * d, b * c);
        let product = value(ac - bd, ad + bc);
        if !(product.real.is_nan() && product.imag.is_nan()) {
            return product;
        }
        let mut recover = false;
        if a.is_infinite() || b.is_infinite() {
            (a, b, c, d) = (boxed(a), boxed(b), without_nan(c), without_nan(d));
            recover = true;
        }
        if c.is_infinite() || d.is_infinite() {
            (a, b, c, d) = (without_nan(a), without_nan(b), boxed(c), boxed(d));
            recover = true;
        }
        if !recover && [ac, bd, ad, bc].iter().any(|x| x.is_infinite()) {
            (a, b, c, d) = (without_nan(a), without_nan(b), without_nan(c), without_nan(d));
            recover = true;
        }
        if recover { value(f64::INFINITY * (a * c - b * d), f64::INFINITY * (a * d + b * c)) } else { product }
    }

    /// Smith's division: the larger part of the divisor is divided by, so that nothing overflows on the way.
    pub fn div(self, other: Value) -> Result<Value, Fault> {
        let (a, b) = (self, other);
        let (abs_real, abs_imag) = (b.real.abs(), b.imag.abs());
        let quotient = if abs_real >= abs_imag {
            if abs_real == 0.0 {
                return Err(Fault::Domain);
            }
            let ratio = b.imag / b.real;
            let denominator = b.real + b.imag * ratio;
            value((a.real + a.imag * ratio) / denominator, (a.imag - a.real * ratio) / denominator)
        } else if abs_imag >= abs_real {
            let ratio = b.real / b.imag;
            let denominator = b.real * ratio + b.imag;
            value((a.real * ratio + a.imag) / denominator, (a.imag * ratio - a.real) / denominator)
        } else {
            value(f64::NAN, f64::NAN)
        };
        Ok(quotient.recovered(a, b))
    }

    /// A real number divided by `other`.
    pub fn div_real(dividend: f64, other: Value) -> Result<Value, Fault> {
        let b = other;
        let (abs_real, abs_imag) = (b.real.abs(), b.imag.abs());
        let quotient = if abs_real >= abs_imag {
            if abs_real == 0.0 {
                return Err(Fault::Domain);
            }
            let ratio = b.imag / b.real;
            let denominator = b.real + b.imag * ratio;
            value(dividend / denominator, (-dividend * ratio) / denominator)
        } else if abs_imag >= abs_real {
            let ratio = b.real / b.imag;
            let denominator = b.real * ratio + b.imag;
            value((dividend * ratio) / denominator, -dividend / denominator)
        } else {
            value(f64::NAN, f64::NAN)
        };
        if quotient.real.is_nan()
            && quotient.imag.is_nan()
            && dividend.is_finite()
            && (b.real.is_infinite() || b.imag.is_infinite())
        {
            let (x, y) = (boxed(b.real), boxed(b.imag));
            return Ok(value(0.0 * (dividend * x), 0.0 * (-dividend * y)));
        }
        Ok(quotient)
    }

    /// The quotient `a / b`, its infinities and zeros recovered where it came out as NaN.
    fn recovered(self, a: Value, b: Value) -> Value {
        if !(self.real.is_nan() && self.imag.is_nan()) {
            return self;
        }
        if (a.real.is_infinite() || a.imag.is_infinite()) && b.real.is_finite() && b.imag.is_finite() {
            let (x, y) = (boxed(a.real), boxed(a.imag));
            return value(f64::INFINITY * (x * b.real + y * b.imag), f64::INFINITY * (y * b.real - x * b.imag));
        }
        if (b.real.is_infinite() || b.imag.is_infinite()) && a.real.is_finite() && a.imag.is_finite() {
            let (x, y) = (boxed(b.real), boxed(b.imag));
            return value(0.0 * (a.real * x + a.imag * y), 0.0 * (a.imag * x - a.real * y));
        }
        self
    }

    /// Small whole exponents are multiplied out, which is exact more often; others go through polar coordinates.
    pub fn pow(self, exponent: Value) -> Result<Value, Fault> {
        let result = if exponent.imag == 0.0 && exponent.real == exponent.real.floor() && exponent.real.abs() <= 100.0 {
            let n = exponent.real as i32;
            let power = self.powu(n.unsigned_abs());
            if n > 0 { power } else { value(1.0, 0.0).div(power)? }
        } else {
            self.pow_polar(exponent)?
        };
        if result.real.is_infinite() || result.imag.is_infinite() { Err(Fault::Range) } else { Ok(result) }
    }

    fn powu(self, exponent: u32) -> Value {
        let (mut result, mut square) = (value(1.0, 0.0), self);
        let mut rest = exponent;
        while rest > 0 {
            if rest & 1 == 1 {
                result = result.mul(square);
            }
            rest >>= 1;
            square = square.mul(square);
        }
        result
    }

    fn pow_polar(self, exponent: Value) -> Result<Value, Fault> {
        let (a, b) = (self, exponent);
        if b.real == 0.0 && b.imag == 0.0 {
            return Ok(value(1.0, 0.0));
        }
        if a.real == 0.0 && a.imag == 0.0 {
            return if b.imag != 0.0 || b.real < 0.0 { Err(Fault::Domain) } else { Ok(value(0.0, 0.0)) };
        }
        let radius = a.real.hypot(a.imag);
        let mut length = radius.powf(b.real);
        let angle = a.imag.atan2(a.real);
        let mut phase = angle * b.real;
        if b.imag != 0.0 {
            length *= (-angle * b.imag).exp();
            phase += b.imag * radius.ln();
        }
        if phase.is_infinite() {
            // The C library calls the sine of infinity a domain error, and so does Python then.
            return Err(Fault::Domain);
        }
        Ok(value(length * phase.cos(), length * phase.sin()))
    }

    /// `repr`, also with a format code other than `r`.
    pub fn repr(self) -> String {
        let mut out = String::new();
        if self.real == 0.0 && self.real.is_sign_positive() {
            text::push_repr(&mut out, self.imag, false);
            out.push('j');
            return out;
        }
        out.push('(');
        text::push_repr(&mut out, self.real, false);
        if !self.imag.is_sign_negative() || self.imag.is_nan() {
            out.push('+');
        }
        text::push_repr(&mut out, self.imag, false);
        out.push_str("j)");
        out
    }
}

impl Complex {
    /// A new complex number.
    pub fn new(real: f64, imag: f64) -> PyResult<Ref<Complex>> {
        // SAFETY: the block is initialised before it is seen.
        unsafe {
            let block = memory::small::malloc(size_of::<PyComplexObject>()).cast::<PyComplexObject>();
            if block.is_null() {
                return Err(Raised::no_memory());
            }
            header::init(block.cast(), Complex::TYPE);
            (*block).cval.set(Py_complex { real, imag });
            Ok(Ref::from_owned_ptr(block))
        }
    }

    pub fn from_value(value: Value) -> PyResult<Ref<Complex>> {
        Complex::new(value.real, value.imag)
    }

    /// The real and the imaginary part.
    pub fn parts(&self) -> (f64, f64) {
        let Value { real, imag } = self.value();
        (real, imag)
    }

    pub fn value(&self) -> Value {
        let Py_complex { real, imag } = self.0.cval.get();
        Value { real, imag }
    }

    /// The value of any number: `complex`, `__complex__`, or a real number (`PyComplex_AsCComplex`).
    pub fn value_of(object: Borrowed<'_, Object>) -> PyResult<Value> {
        if let Some(complex) = object.downcast::<Complex>() {
            return Ok(complex.value());
        }
        if let Some(complex) = by_complex_method(object)? {
            return Ok(complex.value());
        }
        Ok(value(object.as_f64()?, 0.0))
    }
}

/// `base ** exponent` of floats whose power is not real.
pub(crate) fn power_of_reals(base: f64, exponent: f64) -> PyResult<Ref<Object>> {
    object(power_checked(value(base, 0.0), value(exponent, 0.0))?)
}

fn power_checked(base: Value, exponent: Value) -> PyResult<Value> {
    base.pow(exponent).map_err(|fault| match fault {
        Fault::Domain => raise!(ZeroDivisionError, "zero to a negative or complex power"),
        Fault::Range => raise!(OverflowError, "complex exponentiation"),
    })
}

fn quotient_checked(quotient: Result<Value, Fault>) -> PyResult<Ref<Object>> {
    match quotient {
        Ok(quotient) => object(quotient),
        Err(_) => Err(raise!(ZeroDivisionError, "division by zero")),
    }
}

fn object(value: Value) -> PyResult<Ref<Object>> {
    Ok(Complex::from_value(value)?.into_object())
}

/// What `__complex__` of `object` gives, if the type has one.
fn by_complex_method(object: Borrowed<'_, Object>) -> PyResult<Option<Ref<Complex>>> {
    let Some(method) = object.lookup_special(id!("__complex__"))? else { return Ok(None) };
    match method.call0()?.into_downcast::<Complex>() {
        Ok(complex) => {
            if !complex.is_exact::<Complex>() {
                warn_deprecated(&format!(
                    "__complex__ returned non-complex (type {}).  The ability to return an instance of a strict subclass \
                     of complex is deprecated, and may be removed in a future version of Python.",
                    complex.type_name()
                ))?;
            }
            Ok(Some(complex))
        }
        Err(other) => Err(raise!(TypeError, "__complex__ returned non-complex (type {})", other.type_name())),
    }
}

/// An operand of arithmetic: reals stay real.
enum Operand {
    Real(f64),
    Complex(Value),
}

impl Operand {
    fn complex(self) -> Value {
        match self {
            Operand::Real(real) => value(real, 0.0),
            Operand::Complex(value) => value,
        }
    }
}

fn operand(object: Borrowed<'_, Object>) -> PyResult<Option<Operand>> {
    if let Some(complex) = object.downcast::<Complex>() {
        return Ok(Some(Operand::Complex(complex.value())));
    }
    Ok(float::operand(object)?.map(Operand::Real))
}

/// Both operands, or NotImplemented from the calling slot.
macro_rules! both {
    ($left:ident, $right:ident) => {
        let (Some($left), Some($right)) = (operand($left)?, operand($right)?) else { return Ok(not_implemented()) };
    };
}

/// The complex number that a text spells: `[(] [real] [imag j] [)]`, space only at the ends and inside the parentheses.
fn parse(text: &[u8]) -> Option<Value> {
    let mut text = trim_space(text);
    if let Some(rest) = text.strip_prefix(b"(") {
        text = trim_space(rest.strip_suffix(b")")?);
    }
    let is_j = |c: Option<&u8>| matches!(c, Some(b'j' | b'J'));
    let sign_of = |c: Option<&u8>| match c {
        Some(b'+') => Some(1.0),
        Some(b'-') => Some(-1.0),
        _ => None,
    };
    // A number, or a bare sign before j.
    let Some((first, used)) = float::parse::parse_prefix(text) else {
        let (sign, rest) = match sign_of(text.first()) {
            Some(sign) => (sign, &text[1..]),
            None => (1.0, text),
        };
        return (is_j(rest.first()) && rest.len() == 1).then(|| value(0.0, sign));
    };
    let rest = &text[used..];
    match rest.first() {
        None => Some(value(first, 0.0)),
        Some(b'j' | b'J') => (rest.len() == 1).then(|| value(0.0, first)),
        Some(b'+' | b'-') => {
            let (imag, used) = match float::parse::parse_prefix(rest) {
                Some(found) => found,
                None => (sign_of(rest.first())?, 1),
            };
            let rest = &rest[used..];
            (is_j(rest.first()) && rest.len() == 1).then(|| value(first, imag))
        }
        _ => None,
    }
}

fn from_text(string: &Ref<Str>) -> PyResult<Value> {
    let text = ascii_number(string)?;
    let mut plain = Vec::new();
    plain.try_reserve_exact(text.len()).map_err(|_| Raised::no_memory())?;
    for (i, &c) in text.iter().enumerate() {
        if c != b'_' {
            plain.push(c);
            continue;
        }
        let digit_at = |i: Option<usize>| i.and_then(|i| text.get(i)).is_some_and(u8::is_ascii_digit);
        if !digit_at(i.checked_sub(1)) || !digit_at(Some(i + 1)) {
            let repr = string.as_object().repr()?;
            return Err(raise!(ValueError, "could not convert string to complex: {}", repr.to_display()));
        }
    }
    parse(&plain).ok_or_else(|| raise!(ValueError, "complex() arg is a malformed string"))
}

/// One argument of `complex(real, imag)`: a real number. Complex ones are deprecated, and then kept whole.
fn part(object: Borrowed<'_, Object>, name: &str) -> PyResult<Operand> {
    let bad = || raise!(TypeError, "complex() argument '{name}' must be a real number, not {}", object.type_name());
    let warn =
        || warn_deprecated(&format!("complex() argument '{name}' must be a real number, not {}", object.type_name()));
    if name == "real"
        && !object.is_exact::<Complex>()
        && let Some(complex) = by_complex_method(object)?
    {
        warn()?;
        return Ok(Operand::Complex(complex.value()));
    }
    if let Some(complex) = object.downcast::<Complex>() {
        warn()?;
        return Ok(Operand::Complex(complex.value()));
    }
    let is_real =
        object.number_methods().is_some_and(|slots| slots.nb_float.get().is_some() || slots.nb_index.get().is_some());
    if !is_real {
        return Err(bad());
    }
    Ok(Operand::Real(float::number_to_float(object)?))
}

/// An instance of `cls` with `value`.
fn of_class(cls: Borrowed<'_, Type>, value: Value) -> PyResult<Ref<Object>> {
    if cls.as_ptr() == Complex::TYPE.cast() {
        return object(value);
    }
    // SAFETY: `tp_alloc` gives an object of the subclass, which begins with a complex number.
    unsafe {
        let object = memory::object::alloc(cls.as_ptr().cast(), 0)?.cast::<PyComplexObject>();
        (*object).cval.set(Py_complex { real: value.real, imag: value.imag });
        Ok(Ref::from_owned_ptr(object))
    }
}

/// `complex(number)`
fn from_one(cls: Borrowed<'_, Type>, number: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if number.is_exact::<Complex>() && cls.as_ptr() == Complex::TYPE.cast() {
        return Ok(number.to_owned());
    }
    if let Some(string) = number.downcast::<Str>() {
        return of_class(cls, from_text(&string)?);
    }
    if !number.is_exact::<Complex>()
        && let Some(complex) = by_complex_method(number)?
    {
        return of_class(cls, complex.value());
    }
    if let Some(complex) = number.downcast::<Complex>() {
        return of_class(cls, complex.value());
    }
    let is_real =
        number.number_methods().is_some_and(|slots| slots.nb_float.get().is_some() || slots.nb_index.get().is_some());
    if !is_real {
        return Err(raise!(TypeError, "complex() argument must be a string or a number, not {}", number.type_name()));
    }
    of_class(cls, value(float::number_to_float(number)?, 0.0))
}

#[pytype(name = "complex", export = "PyComplex_Type", basetype)]
impl Complex {
    #[new(raw, signature = "(real=0, imag=0)")]
    fn new_complex(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let given = args.nargs() + args.keyword_count();
        if given > 2 {
            return Err(raise!(TypeError, "complex() takes at most 2 arguments ({given} given)"));
        }
        // Text is taken as a lone positional argument only.
        if args.keyword_count() == 0 && args.nargs() <= 1 {
            return match args.get(0) {
                None => of_class(cls, value(0.0, 0.0)),
                Some(number) => from_one(cls, number),
            };
        }
        let mut parts = [args.get(0), args.get(1)];
        for (name, value) in args.keywords() {
            let Some(index) = ["real", "imag"].iter().position(|part| name.eq_str(part)) else {
                return Err(raise!(TypeError, "complex() got an unexpected keyword argument '{}'", name.to_display()));
            };
            if parts[index].replace(value).is_some() {
                return Err(raise!(
                    TypeError,
                    "argument for complex() given by name ('{}') and position ({})",
                    name.to_display(),
                    index + 1
                ));
            }
        }
        let read = |index: usize, name: &str| parts[index].map_or(Ok(Operand::Real(0.0)), |object| part(object, name));
        let (real, imag) = (read(0, "real")?, read(1, "imag")?);
        // real + imag * 1j, where only complex arguments touch the other part.
        let mut result = match real {
            Operand::Real(real) => value(real, 0.0),
            Operand::Complex(real) => real,
        };
        let real_is_complex = matches!(real, Operand::Complex(_));
        match imag {
            Operand::Real(imag) => result.imag = if real_is_complex { result.imag + imag } else { imag },
            Operand::Complex(imag) => {
                result.real -= imag.imag;
                result.imag = if real_is_complex { result.imag + imag.real } else { imag.real };
            }
        }
        of_class(cls, result)
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Complex>) -> PyResult<Ref<Str>> {
        Str::from_ascii(this.value().repr().as_bytes())
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Complex>) -> PyResult<isize> {
        let Value { real, imag } = this.value();
        let part = |x: f64| {
            if x.is_nan() { crate::types::hash::pointer(this.as_ptr()) } else { float::hash_double(x) }
        };
        let hash = part(real).wrapping_add(part(imag).wrapping_mul(1_000_003));
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Complex>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let this = this.value();
        let equal = if let Some(other) = other.downcast::<Complex>() {
            this == other.value()
        } else if let Some(equal) = float::compare_objects(this.real, other, CompareOp::Eq) {
            equal && this.imag == 0.0
        } else {
            return Ok(not_implemented());
        };
        Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object())
    }

    #[slot(nb_add)]
    fn add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both!(left, right);
        object(match (left, right) {
            (Operand::Complex(a), Operand::Complex(b)) => a.add(b),
            (Operand::Complex(a), Operand::Real(b)) => value(a.real + b, a.imag),
            (Operand::Real(a), Operand::Complex(b)) => value(a + b.real, b.imag),
            (a, b) => a.complex().add(b.complex()),
        })
    }

    #[slot(nb_subtract)]
    fn subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both!(left, right);
        object(match (left, right) {
            (Operand::Complex(a), Operand::Complex(b)) => a.sub(b),
            (Operand::Complex(a), Operand::Real(b)) => value(a.real - b, a.imag),
            (Operand::Real(a), Operand::Complex(b)) => value(a - b.real, -b.imag),
            (a, b) => a.complex().sub(b.complex()),
        })
    }

    #[slot(nb_multiply)]
    fn multiply(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both!(left, right);
        object(match (left, right) {
            (Operand::Complex(a), Operand::Complex(b)) => a.mul(b),
            (Operand::Complex(a), Operand::Real(b)) | (Operand::Real(b), Operand::Complex(a)) => a.scale(b),
            (a, b) => a.complex().mul(b.complex()),
        })
    }

    #[slot(nb_power)]
    fn power(
        left: Borrowed<'_, Object>,
        right: Borrowed<'_, Object>,
        modulus: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        both!(left, right);
        if !modulus.is_none() {
            return Err(raise!(ValueError, "complex modulo"));
        }
        object(power_checked(left.complex(), right.complex())?)
    }

    #[slot(nb_negative)]
    fn negative(this: &Ref<Complex>) -> PyResult<Ref<Object>> {
        let Value { real, imag } = this.value();
        object(value(-real, -imag))
    }

    #[slot(nb_positive)]
    fn positive(this: &Ref<Complex>) -> PyResult<Ref<Object>> {
        if this.is_exact::<Complex>() { Ok(this.clone().into_object()) } else { object(this.value()) }
    }

    #[slot(nb_absolute)]
    fn absolute(this: &Ref<Complex>) -> PyResult<Ref<Float>> {
        let Value { real, imag } = this.value();
        let result = real.hypot(imag);
        if result.is_infinite() && real.is_finite() && imag.is_finite() {
            return Err(raise!(OverflowError, "absolute value too large"));
        }
        Float::new(result)
    }

    #[slot(nb_bool)]
    fn bool(this: &Ref<Complex>) -> bool {
        let Value { real, imag } = this.value();
        real != 0.0 || imag != 0.0
    }

    #[slot(nb_true_divide)]
    fn true_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both!(left, right);
        quotient_checked(match (left, right) {
            (Operand::Complex(_) | Operand::Real(_), Operand::Real(0.0)) => Err(Fault::Domain),
            (Operand::Complex(a), Operand::Real(b)) => Ok(value(a.real / b, a.imag / b)),
            (Operand::Real(a), Operand::Complex(b)) => Value::div_real(a, b),
            (a, b) => a.complex().div(b.complex()),
        })
    }

    #[classmethod(signature = "($type, number, /)")]
    fn from_number(cls: Borrowed<'_, Type>, number: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if number.is_exact::<Complex>() && cls.as_ptr() == Complex::TYPE.cast() {
            return Ok(number.to_owned());
        }
        of_class(cls, Complex::value_of(number)?)
    }

    #[method(signature = "($self, /)")]
    fn conjugate(this: &Ref<Complex>) -> PyResult<Ref<Object>> {
        let Value { real, imag } = this.value();
        object(value(real, -imag))
    }

    #[method(name = "__complex__", signature = "($self, /)")]
    fn complex(this: &Ref<Complex>) -> PyResult<Ref<Object>> {
        if this.is_exact::<Complex>() { Ok(this.clone().into_object()) } else { object(this.value()) }
    }

    #[method(name = "__getnewargs__", signature = "($self, /)")]
    fn getnewargs(this: &Ref<Complex>) -> PyResult<Ref<Tuple>> {
        let Value { real, imag } = this.value();
        Tuple::from_vec(vec![Float::new(real)?.into_object(), Float::new(imag)?.into_object()])
    }

    #[method(name = "__format__", signature = "($self, format_spec, /)")]
    fn format(this: &Ref<Complex>, format_spec: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        if format_spec.is_empty() {
            return this.as_object().str();
        }
        let type_name = format_spec::TypeName(this.as_object());
        let Value { real, imag } = this.value();
        let parsed = format_spec::parse_str(&format_spec, 0, Align::Right, &type_name);
        formatted(parsed.and_then(|parsed| format_spec::format_complex(&parsed, real, imag, &type_name)))
    }

    #[member(name = "real", kind = T_DOUBLE, offset = offset_of!(PyComplexObject, cval), readonly)]
    const _REAL: () = ();

    #[member(name = "imag", kind = T_DOUBLE, offset = offset_of!(PyComplexObject, cval) + 8, readonly)]
    const _IMAG: () = ();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text() {
        for (text, real, imag) in [
            ("1+2j", 1.0, 2.0),
            (" ( 1+2j ) ", 1.0, 2.0),
            ("j", 0.0, 1.0),
            ("-J", 0.0, -1.0),
            ("1-j", 1.0, -1.0),
            ("1e5+infj", 1e5, f64::INFINITY),
            ("3", 3.0, 0.0),
            ("-.5e1j", 0.0, -5.0),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(value(real, imag)), "{text}");
        }
        for bad in ["", "1 + 2j", "(1+2j", "1+2", "2j+1", "1+-2j", "1+2jj", "()", "+", "1j)"] {
            assert_eq!(parse(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn repr_shows_signs() {
        assert_eq!(value(-0.0, -0.0).repr(), "(-0-0j)");
        assert_eq!(value(0.0, f64::NAN).repr(), "nanj");
        assert_eq!(value(1.0, f64::NEG_INFINITY).repr(), "(1-infj)");
        assert_eq!(value(3.0, 4.5).repr(), "(3+4.5j)");
    }

    #[test]
    fn infinities_survive() {
        let infinity = value(f64::INFINITY, 1.0);
        assert_eq!(infinity.div(value(2.0, 1.0)), Ok(value(f64::INFINITY, f64::NEG_INFINITY)));
        assert_eq!(value(1.0, 1.0).pow(value(-2.0, 0.0)), Ok(value(0.0, -0.5)));
        assert_eq!(value(0.0, 1e200).pow(value(2.0, 0.0)), Err(Fault::Range));
        assert_eq!(value(0.0, 0.0).pow(value(-1.0, 0.0)), Err(Fault::Domain));
    }
}
