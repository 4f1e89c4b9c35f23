//! What Python sees of `int`, in the order of the library reference.

use core::mem::offset_of;

use super::bytes::{byte_error, with_bytes_of};
use super::digits::BitOp;
use super::support::{formatted, pair};
use super::text::Base;
use super::{Int, construct, raw};
use crate::abi::PyLongObject;
use crate::prelude::*;
use crate::types::format_spec::{self, Align, FormatError};

/// Both operands as ints, or NotImplemented from the calling slot.
macro_rules! both_ints {
    ($left:ident, $right:ident) => {
        let (Some($left), Some($right)) = ($left.downcast_borrowed::<Int>(), $right.downcast_borrowed::<Int>()) else {
            return Ok(not_implemented());
        };
    };
}

/// The bits to shift by: not negative, and huge ones saturated.
fn shift_count(count: &Ref<Int>) -> PyResult<u64> {
    if count.is_negative() {
        return Err(raise!(ValueError, "negative shift count"));
    }
    Ok(count.to_u64().unwrap_or(u64::MAX))
}

/// Formats an int by a specification that is not empty.
pub(crate) fn format_with_spec(this: &Ref<Int>, spec: &Ref<Str>) -> PyResult<Ref<Str>> {
    if spec.is_ascii()
        && let Some(value) = this.small_value()
        && let Some(text) = super::short::formatted(value, spec.data().as_bytes())
    {
        return text;
    }
    let type_name = format_spec::TypeName(this.as_object());
    let parsed = match format_spec::parse_str(spec, 'd' as u32, Align::Right, &type_name) {
        Ok(parsed) => parsed,
        Err(error) => return formatted(Err(error)),
    };
    match char::from_u32(parsed.code) {
        Some('b' | 'c' | 'd' | 'o' | 'x' | 'X' | 'n') => {
            // Exceptions of the conversions pass by on the side, since format errors are plain values.
            let mut raised = None;
            let failed = || FormatError::Stop(super::digits::Stop::Interrupted);
            let result = format_spec::format_integer(
                &parsed,
                this.is_negative(),
                |base| {
                    this.magnitude_text(Base::from_radix(base).unwrap_or(Base::Decimal)).map_err(|error| {
                        raised = Some(error);
                        failed()
                    })
                },
                || match this.to_i64() {
                    Some(value @ 0..=0x10_ffff) => Ok(value as u32),
                    Some(_) => Err(FormatError::Overflow("%c arg not in range(0x110000)".into())),
                    None => Err(FormatError::Overflow("Python int too large to convert to C long".into())),
                },
            );
            match raised {
                Some(raised) => Err(raised),
                None => formatted(result),
            }
        }
        Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
            formatted(format_spec::format_float(&parsed, this.to_f64()?, &type_name))
        }
        _ => formatted(Err(format_spec::unknown_code(parsed.code, &type_name))),
    }
}

/// `round(this, -places)` for a positive `places`: to a multiple of a power of ten, ties to even.
fn round_to_power(this: &Ref<Int>, places: &Ref<Int>) -> PyResult<Ref<Int>> {
    // A power of ten beyond twice the value rounds it to zero, without computing the power.
    let too_far = match places.to_u64() {
        Some(places) => places as u128 > this.bit_length() as u128 / 3 + 1,
        None => true,
    };
    if too_far {
        return Ok(Int::zero());
    }
    let power = Int::from_i64(10)?.pow(places)?;
    let (_, rest) = this.div_mod_near(&power)?;
    this.sub(&rest)
}

fn is_little(byteorder: Option<Borrowed<'_, Str>>) -> PyResult<bool> {
    match byteorder {
        None => Ok(false),
        Some(order) if order.eq_str("little") => Ok(true),
        Some(order) if order.eq_str("big") => Ok(false),
        Some(_) => Err(raise!(ValueError, "byteorder must be either 'little' or 'big'")),
    }
}

#[pytype(
    name = "int",
    export = "PyLong_Type",
    basicsize = offset_of!(PyLongObject, long_value) + 8,
    itemsize = 4,
    basetype,
    match_self,
    subclass_flag = LONG
)]
impl Int {
    #[new(raw, signature = "(x=0, /, base=10)", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        construct::construct(cls, args)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Int) {
        // SAFETY: called by the last decref.
        unsafe { raw::dealloc(this) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Int>) -> PyResult<Ref<Str>> {
        this.to_decimal_str()
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Int>) -> PyResult<isize> {
        Ok(this.hash_value())
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Int>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        match other.downcast::<Int>() {
            Some(other) => Ok(op.result(this.compare(&other))),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_add)]
    fn add_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        Ok(left.add(&right)?.into_object())
    }

    #[slot(nb_subtract)]
    fn subtract_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        Ok(left.sub(&right)?.into_object())
    }

    #[slot(nb_multiply)]
    fn multiply_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        Ok(left.mul(&right)?.into_object())
    }

    #[slot(nb_remainder)]
    fn remainder_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        Ok(left.modulo(&right)?.into_object())
    }

    #[slot(nb_divmod)]
    fn divmod_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        let (q, r) = left.div_mod(&right)?;
        Ok(pair(q.into_object(), r.into_object())?.into_object())
    }

    #[slot(nb_power)]
    fn power_slot(
        left: Borrowed<'_, Object>,
        right: Borrowed<'_, Object>,
        modulus: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        if let Some(modulus) = modulus.downcast::<Int>() {
            return Ok(left.pow_mod(&right, &modulus)?.into_object());
        }
        if !modulus.is_none() {
            return Ok(not_implemented());
        }
        if right.is_negative() {
            let (base, exponent) = (left.to_f64()?, right.to_f64()?);
            return Ok(Float::new(crate::types::float::power(base, exponent)?)?.into_object());
        }
        Ok(left.pow(&right)?.into_object())
    }

    #[slot(nb_negative)]
    fn negative_slot(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.negate()
    }

    #[slot(nb_positive)]
    fn positive_slot(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.to_exact()
    }

    #[slot(nb_absolute)]
    fn absolute_slot(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.absolute()
    }

    #[slot(nb_bool)]
    fn bool_slot(this: &Ref<Int>) -> bool {
        !this.is_zero()
    }

    #[slot(nb_invert)]
    fn invert_slot(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.invert()
    }

    #[slot(nb_lshift)]
    fn lshift_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        let count = shift_count(&right)?;
        Ok(left.shift_left(count)?.into_object())
    }

    #[slot(nb_rshift)]
    fn rshift_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        let count = shift_count(&right)?;
        Ok(left.shift_right(count)?.into_object())
    }

    #[slot(nb_and)]
    fn and_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        Ok(left.bit_op(BitOp::And, &right)?.into_object())
    }

    #[slot(nb_xor)]
    fn xor_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        Ok(left.bit_op(BitOp::Xor, &right)?.into_object())
    }

    #[slot(nb_or)]
    fn or_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        Ok(left.bit_op(BitOp::Or, &right)?.into_object())
    }

    #[slot(nb_int)]
    fn int_slot(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.to_exact()
    }

    #[slot(nb_float)]
    fn float_slot(this: &Ref<Int>) -> PyResult<Ref<Float>> {
        Float::new(this.to_f64()?)
    }

    #[slot(nb_floor_divide)]
    fn floor_divide_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        Ok(left.floor_div(&right)?.into_object())
    }

    #[slot(nb_true_divide)]
    fn true_divide_slot(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        both_ints!(left, right);
        Ok(Float::new(left.true_div(&right)?)?.into_object())
    }

    #[slot(nb_index)]
    fn index_slot(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.to_exact()
    }

    #[method(signature = "($self, /)")]
    fn conjugate(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.to_exact()
    }

    #[method(name = "bit_length", signature = "($self, /)")]
    fn bit_length_method(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        Int::from_u64(this.bit_length())
    }

    #[method(name = "bit_count", signature = "($self, /)")]
    fn bit_count_method(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        Int::from_u64(this.bit_count())
    }

    #[method(signature = "($self, /, length=1, byteorder='big', *, signed=False)")]
    fn to_bytes(
        this: &Ref<Int>,
        length: isize,
        byteorder: Option<Borrowed<'_, Str>>,
        signed: bool,
    ) -> PyResult<Ref<Bytes>> {
        let little = is_little(byteorder)?;
        let Ok(length) = usize::try_from(length) else {
            return Err(raise!(ValueError, "length argument must be non-negative"));
        };
        Bytes::with_filled(length, |out| {
            let length = out.len();
            this.write_bytes(out, little, signed).map_err(byte_error)?;
            Ok(length)
        })
    }

    #[classmethod(signature = "($type, /, bytes, byteorder='big', *, signed=False)")]
    fn from_bytes(
        cls: Borrowed<'_, Type>,
        bytes: Borrowed<'_, Object>,
        byteorder: Option<Borrowed<'_, Str>>,
        signed: bool,
    ) -> PyResult<Ref<Object>> {
        let little = is_little(byteorder)?;
        let value = with_bytes_of(bytes, |bytes| Int::from_byte_slice(bytes, little, signed))?;
        if cls.as_ptr() == Int::TYPE.cast() {
            return Ok(value.into_object());
        }
        call_class(cls, &value)
    }

    #[method(signature = "($self, /)")]
    fn as_integer_ratio(this: &Ref<Int>) -> PyResult<Ref<Tuple>> {
        pair(this.to_exact()?.into_object(), Int::one().into_object())
    }

    #[method(name = "__trunc__", signature = "($self, /)")]
    fn trunc(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.to_exact()
    }

    #[method(name = "__floor__", signature = "($self, /)")]
    fn floor(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.to_exact()
    }

    #[method(name = "__ceil__", signature = "($self, /)")]
    fn ceil(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.to_exact()
    }

    #[method(name = "__round__", signature = "($self, ndigits=None, /)")]
    fn round(this: &Ref<Int>, ndigits: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Int>> {
        let Some(ndigits) = ndigits.filter(|ndigits| !ndigits.is_none()) else { return this.to_exact() };
        let ndigits = ndigits.index()?;
        if !ndigits.is_negative() {
            return this.to_exact();
        }
        round_to_power(this, &ndigits.negate()?)
    }

    #[method(name = "__getnewargs__", signature = "($self, /)")]
    fn getnewargs(this: &Ref<Int>) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec(vec![this.to_exact()?.into_object()])
    }

    #[method(name = "__format__", signature = "($self, format_spec, /)")]
    fn format(this: &Ref<Int>, format_spec: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        if format_spec.is_empty() {
            return if this.is_exact::<Int>() { this.to_decimal_str() } else { this.as_object().str() };
        }
        format_with_spec(this, &format_spec)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<Int>) -> usize {
        let basic = this.type_of().0.tp_basicsize.get() as usize;
        basic + this.digit_count().max(1) * 4
    }

    #[method(signature = "($self, /)")]
    fn is_integer(_this: &Ref<Int>) -> bool {
        true
    }

    #[getter]
    fn real(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.to_exact()
    }

    #[getter]
    fn imag(_this: &Ref<Int>) -> Ref<Int> {
        Int::zero()
    }

    #[getter]
    fn numerator(this: &Ref<Int>) -> PyResult<Ref<Int>> {
        this.to_exact()
    }

    #[getter]
    fn denominator(_this: &Ref<Int>) -> Ref<Int> {
        Int::one()
    }
}

/// `cls(value)`
fn call_class(cls: Borrowed<'_, Type>, value: &Ref<Int>) -> PyResult<Ref<Object>> {
    cls.as_object().call1(value.as_borrowed())
}
