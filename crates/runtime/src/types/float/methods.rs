//! What Python sees of `float`, in the order of the library reference.

use super::arith::{self, div_mod, division_by_zero, floor_div, modulo, power, power_is_complex};
use super::hex::{HexError, from_hex, hex};
use super::{Float, construct, raw, text};
use crate::prelude::*;
use crate::types::format_spec::{self, Align};
use crate::types::int::support::{formatted, pair};

/// The value of an operand: a float, or an int that fits; `None` for other types.
#[inline]
pub(crate) fn operand(object: Borrowed<'_, Object>) -> PyResult<Option<f64>> {
    if let Some(float) = object.downcast::<Float>() {
        return Ok(Some(float.value()));
    }
    if let Some(int) = object.downcast::<Int>() {
        return Ok(Some(int.to_f64()?));
    }
    Ok(None)
}

/// Both operands as doubles, or NotImplemented from the calling slot.
macro_rules! both_doubles {
    ($left:ident, $right:ident) => {
        let (Some($left), Some($right)) = (operand($left)?, operand($right)?) else { return Ok(not_implemented()) };
    };
}

fn object(value: f64) -> PyResult<Ref<Object>> {
    Ok(Float::new(value)?.into_object())
}

/// An instance of `cls`, a subclass being called with the value.
fn of_class(cls: Borrowed<'_, Type>, value: f64) -> PyResult<Ref<Object>> {
    let value = object(value)?;
    if cls.as_ptr() == Float::TYPE.cast() { Ok(value) } else { cls.as_object().call1(value.borrow()) }
}

#[pytype(name = "float", export = "PyFloat_Type", basetype, match_self)]
impl Float {
    #[new(signature = "(x=0, /)")]
    fn new_float(cls: Borrowed<'_, Type>, x: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        if cls.as_ptr() == Float::TYPE.cast() {
            let Some(x) = x else { return object(0.0) };
            if x.is_exact::<Float>() {
                return Ok(x.to_owned());
            }
            return object(construct::from_object(x)?);
        }
        let value = x.map_or(Ok(0.0), construct::from_object)?;
        raw::new_subclass(cls, value)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Float) {
        // SAFETY: called by the last decref.
        unsafe { raw::dealloc(this) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Float>) -> PyResult<Ref<Str>> {
        Str::from_ascii(text::repr(this.value()).as_bytes())
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Float>) -> PyResult<isize> {
        Ok(arith::hash_value(this.value(), this.as_object()))
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Float>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        match arith::compare_objects(this.value(), other, op) {
            Some(answer) => Ok(Bool::from(answer).into_object()),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_add)]
    fn add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_doubles!(left, right);
        object(left + right)
    }

    #[slot(nb_subtract)]
    fn subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_doubles!(left, right);
        object(left - right)
    }

    #[slot(nb_multiply)]
    fn multiply(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_doubles!(left, right);
        object(left * right)
    }

    #[slot(nb_remainder)]
    fn remainder(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_doubles!(left, right);
        object(modulo(left, right)?)
    }

    #[slot(nb_divmod)]
    fn divmod(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_doubles!(left, right);
        let (q, r) = div_mod(left, right)?;
        Ok(pair(object(q)?, object(r)?)?.into_object())
    }

    #[slot(nb_power)]
    fn power_slot(
        left: Borrowed<'_, Object>,
        right: Borrowed<'_, Object>,
        modulus: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        if !modulus.is_none() {
            return Err(raise!(TypeError, "pow() 3rd argument not allowed unless all arguments are integers"));
        }
        both_doubles!(left, right);
        if power_is_complex(left, right) {
            return crate::types::complex::power_of_reals(left, right);
        }
        object(power(left, right)?)
    }

    #[slot(nb_negative)]
    fn negative(this: &Ref<Float>) -> PyResult<Ref<Object>> {
        object(-this.value())
    }

    #[slot(nb_positive)]
    fn positive(this: &Ref<Float>) -> PyResult<Ref<Object>> {
        this.exact()
    }

    #[slot(nb_absolute)]
    fn absolute(this: &Ref<Float>) -> PyResult<Ref<Object>> {
        object(this.value().abs())
    }

    #[slot(nb_bool)]
    fn bool(this: &Ref<Float>) -> bool {
        this.value() != 0.0
    }

    #[slot(nb_int)]
    fn int(this: &Ref<Float>) -> PyResult<Ref<Int>> {
        Int::from_f64(this.value())
    }

    #[slot(nb_float)]
    fn float(this: &Ref<Float>) -> PyResult<Ref<Object>> {
        this.exact()
    }

    #[slot(nb_floor_divide)]
    fn floor_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_doubles!(left, right);
        object(floor_div(left, right)?)
    }

    #[slot(nb_true_divide)]
    fn true_divide(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_doubles!(left, right);
        if right == 0.0 {
            return Err(division_by_zero());
        }
        object(left / right)
    }

    #[classmethod(signature = "($type, number, /)")]
    fn from_number(cls: Borrowed<'_, Type>, number: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if number.is_exact::<Float>() && cls.as_ptr() == Float::TYPE.cast() {
            return Ok(number.to_owned());
        }
        of_class(cls, number.as_f64()?)
    }

    #[method(signature = "($self, /)")]
    fn conjugate(this: &Ref<Float>) -> PyResult<Ref<Object>> {
        this.exact()
    }

    #[method(name = "__trunc__", signature = "($self, /)")]
    fn trunc(this: &Ref<Float>) -> PyResult<Ref<Int>> {
        Int::from_f64(this.value())
    }

    #[method(name = "__floor__", signature = "($self, /)")]
    fn floor(this: &Ref<Float>) -> PyResult<Ref<Int>> {
        Int::from_f64(this.value().floor())
    }

    #[method(name = "__ceil__", signature = "($self, /)")]
    fn ceil(this: &Ref<Float>) -> PyResult<Ref<Int>> {
        Int::from_f64(this.value().ceil())
    }

    #[method(name = "__round__", signature = "($self, ndigits=None, /)")]
    fn round(this: &Ref<Float>, ndigits: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let value = this.value();
        let Some(ndigits) = ndigits.filter(|ndigits| !ndigits.is_none()) else {
            return Ok(Int::from_f64(value.round_ties_even())?.into_object());
        };
        match text::round(value, ndigits.as_clamped_isize()? as i64) {
            Some(rounded) => object(rounded),
            None => Err(raise!(OverflowError, "rounded value too large to represent")),
        }
    }

    #[method(signature = "($self, /)")]
    fn as_integer_ratio(this: &Ref<Float>) -> PyResult<Ref<Tuple>> {
        let value = this.value();
        if value.is_infinite() {
            return Err(raise!(OverflowError, "cannot convert Infinity to integer ratio"));
        }
        if value.is_nan() {
            return Err(raise!(ValueError, "cannot convert NaN to integer ratio"));
        }
        if value == 0.0 {
            return pair(Int::zero().into_object(), Int::one().into_object());
        }
        let bits = value.to_bits();
        let (biased, fraction) = ((bits >> 52 & 0x7ff) as i64, bits & ((1 << 52) - 1));
        let (mantissa, exponent) = if biased == 0 { (fraction, -1074) } else { (fraction | 1 << 52, biased - 1075) };
        let zeros = mantissa.trailing_zeros();
        let (mantissa, exponent) = ((mantissa >> zeros) as i64, exponent + zeros as i64);
        let numerator = Int::from_i64(if value < 0.0 { -mantissa } else { mantissa })?;
        let (numerator, denominator) = if exponent >= 0 {
            (numerator.shift_left(exponent as u64)?, Int::one())
        } else {
            (numerator, Int::one().shift_left(-exponent as u64)?)
        };
        pair(numerator.into_object(), denominator.into_object())
    }

    #[classmethod(signature = "($type, string, /)")]
    fn fromhex(cls: Borrowed<'_, Type>, string: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(string) = string.downcast::<Str>() else {
            return Err(raise!(TypeError, "bad argument type for built-in operation"));
        };
        match from_hex(string.as_utf8()?.as_bytes()) {
            Ok(value) => of_class(cls, value),
            Err(HexError::Invalid) => Err(raise!(ValueError, "invalid hexadecimal floating-point string")),
            Err(HexError::TooLarge) => {
                Err(raise!(OverflowError, "hexadecimal value too large to represent as a float"))
            }
        }
    }

    #[method(name = "hex", signature = "($self, /)")]
    fn hex_method(this: &Ref<Float>) -> PyResult<Ref<Str>> {
        Str::from_ascii(hex(this.value()).as_bytes())
    }

    #[method(signature = "($self, /)")]
    fn is_integer(this: &Ref<Float>) -> bool {
        let value = this.value();
        value.is_finite() && value.floor() == value
    }

    #[method(name = "__getnewargs__", signature = "($self, /)")]
    fn getnewargs(this: &Ref<Float>) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec(vec![object(this.value())?])
    }

    #[classmethod(name = "__getformat__", signature = "($type, typestr, /)")]
    fn getformat(_cls: Borrowed<'_, Type>, typestr: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        if !typestr.eq_str("double") && !typestr.eq_str("float") {
            return Err(raise!(ValueError, "__getformat__() argument 1 must be 'double' or 'float'"));
        }
        Str::from_utf8_str(if cfg!(target_endian = "little") { "IEEE, little-endian" } else { "IEEE, big-endian" })
    }

    #[method(name = "__format__", signature = "($self, format_spec, /)")]
    fn format(this: &Ref<Float>, format_spec: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        if format_spec.is_empty() {
            return this.as_object().str();
        }
        format_with_spec(this, &format_spec)
    }

    #[getter]
    fn real(this: &Ref<Float>) -> PyResult<Ref<Object>> {
        this.exact()
    }

    #[getter]
    fn imag(_this: &Ref<Float>) -> PyResult<Ref<Object>> {
        object(0.0)
    }
}

impl Ref<Float> {
    /// The exact float of the same value; `self` unless it is of a subclass.
    fn exact(&self) -> PyResult<Ref<Object>> {
        if self.is_exact::<Float>() { Ok(self.clone().into_object()) } else { object(self.value()) }
    }
}

/// Formats a float by a specification that is not empty.
pub(crate) fn format_with_spec(this: &Ref<Float>, spec: &Ref<Str>) -> PyResult<Ref<Str>> {
    // `.2f` and its like are most of what is asked for.
    if spec.is_ascii()
        && let [b'.', digit @ b'0'..=b'9', b'f'] = spec.data().as_bytes()
        && let Ok(text) = text::format(this.value(), b'f', (digit - b'0') as usize, text::Flags::default())
    {
        return Str::from_ascii(text.as_bytes());
    }
    let type_name = format_spec::TypeName(this.as_object());
    let parsed = format_spec::parse_str(spec, 0, Align::Right, &type_name);
    formatted(parsed.and_then(|parsed| format_spec::format_float(&parsed, this.value(), &type_name)))
}
