//! The number protocol.

use taipan_runtime::object::protocol::number as op;
use taipan_runtime::types::float;
use taipan_runtime::types::int::Base;

use crate::support::*;

macro_rules! binary {
    ($($name:ident $in_place:ident $op:ident;)*) => {
        capi! {$(
            fn $name(left: Nullable<'_>, right: Nullable<'_>) -> PyResult<Ref<Object>> {
                operand(left)?.binary(op::$op, operand(right)?)
            }

            fn $in_place(left: Nullable<'_>, right: Nullable<'_>) -> PyResult<Ref<Object>> {
                operand(left)?.inplace(op::$op, operand(right)?)
            }
        )*}
    };
}

binary! {
    PyNumber_Add PyNumber_InPlaceAdd ADD;
    PyNumber_Subtract PyNumber_InPlaceSubtract SUBTRACT;
    PyNumber_Multiply PyNumber_InPlaceMultiply MULTIPLY;
    PyNumber_MatrixMultiply PyNumber_InPlaceMatrixMultiply MATRIX_MULTIPLY;
    PyNumber_FloorDivide PyNumber_InPlaceFloorDivide FLOOR_DIVIDE;
    PyNumber_TrueDivide PyNumber_InPlaceTrueDivide TRUE_DIVIDE;
    PyNumber_Remainder PyNumber_InPlaceRemainder REMAINDER;
    PyNumber_Lshift PyNumber_InPlaceLshift LSHIFT;
    PyNumber_Rshift PyNumber_InPlaceRshift RSHIFT;
    PyNumber_And PyNumber_InPlaceAnd AND;
    PyNumber_Or PyNumber_InPlaceOr OR;
    PyNumber_Xor PyNumber_InPlaceXor XOR;
}

capi! {
    fn PyNumber_Check(object: Nullable<'_>) -> bool {
        let Some(object) = object else { return false };
        // SAFETY: null or a table that lives as long as the type.
        let methods = unsafe { object.type_of().tp_as_number.get().as_ref() };
        methods.is_some_and(|m| m.nb_index.get().is_some() || m.nb_int.get().is_some() || m.nb_float.get().is_some())
            || object.is_instance_of::<Complex>()
    }

    fn PyIndex_Check(object: Borrowed<'_, Object>) -> bool {
        object.has_index()
    }

    fn PyNumber_Divmod(left: Nullable<'_>, right: Nullable<'_>) -> PyResult<Ref<Object>> {
        operand(left)?.binary(op::DIVMOD, operand(right)?)
    }

    fn PyNumber_Power(base: Nullable<'_>, exponent: Nullable<'_>, modulus: Nullable<'_>) -> PyResult<Ref<Object>> {
        operand(base)?.power(operand(exponent)?, operand(modulus)?)
    }

    fn PyNumber_InPlacePower(
        base: Nullable<'_>,
        exponent: Nullable<'_>,
        modulus: Nullable<'_>,
    ) -> PyResult<Ref<Object>> {
        let (base, exponent, modulus) = (operand(base)?, operand(exponent)?, operand(modulus)?);
        if modulus.is_none() {
            return base.inplace_power(exponent);
        }
        // SAFETY: null or a table that lives as long as the type.
        let slot = unsafe { base.type_of().tp_as_number.get().as_ref() }.and_then(|m| m.nb_inplace_power.get());
        if let Some(slot) = slot {
            // SAFETY: the slot takes live objects.
            let made = unsafe { result(slot(base.as_ptr(), exponent.as_ptr(), modulus.as_ptr()))? };
            if !made.is_not_implemented() {
                return Ok(made);
            }
        }
        base.power(exponent, modulus)
    }

    fn PyNumber_Negative(object: Nullable<'_>) -> PyResult<Ref<Object>> {
        operand(object)?.negative()
    }

    fn PyNumber_Positive(object: Nullable<'_>) -> PyResult<Ref<Object>> {
        operand(object)?.positive()
    }

    fn PyNumber_Invert(object: Nullable<'_>) -> PyResult<Ref<Object>> {
        operand(object)?.invert()
    }

    fn PyNumber_Absolute(object: Nullable<'_>) -> PyResult<Ref<Object>> {
        operand(object)?.absolute()
    }

    fn PyNumber_Index(object: Nullable<'_>) -> PyResult<Ref<Int>> {
        operand(object)?.index()?.to_exact()
    }

    fn _PyNumber_Index(object: Nullable<'_>) -> PyResult<Ref<Int>> {
        operand(object)?.index()
    }

    fn PyNumber_Long(object: Nullable<'_>) -> PyResult<Ref<Int>> {
        Int::from_number(operand(object)?)
    }

    fn PyNumber_Float(object: Nullable<'_>) -> PyResult<Ref<Float>> {
        let object = operand(object)?;
        if let Some(float) = object.downcast_exact::<Float>() {
            return Ok(float.to_owned());
        }
        Float::new(float::number_to_float(object)?)
    }

    fn PyNumber_ToBase(object: Nullable<'_>, base: c_int) -> PyResult<Ref<Str>> {
        let object = operand(object)?;
        let Some(base) = u32::try_from(base).ok().and_then(Base::from_radix) else {
            return Err(raise!(SystemError, "PyNumber_ToBase: base must be 2, 8, 10 or 16"));
        };
        Str::from_utf8_str(&object.index()?.to_text(base, true)?)
    }

    fn PyNumber_AsSsize_t(object: Nullable<'_>, error: Nullable<'_>) -> PyResult<isize> {
        let object = operand(object)?;
        let index = object.index()?;
        match (index.to_isize(), error) {
            (Some(value), _) => Ok(value),
            (None, None) => Ok(index.to_isize_clamped()),
            (None, Some(error)) => {
                let text = Str::from_utf8_str(&format!(
                    "cannot fit '{}' into an index-sized integer",
                    object.type_name()
                ))?;
                Err(taipan_runtime::types::exceptions::set_object(error, Some(text.as_borrowed())))
            }
        }
    }
}

capi! {
    fn _Py_convert_optional_to_ssize_t(object: Borrowed<'_, Object>, place: *mut c_void) -> c_int {
        if object.is_none() {
            return 1;
        }
        if !object.has_index() {
            let _raised =
                raise!(TypeError, "argument should be integer or None, not {:.200}", object.type_name());
            return 0;
        }
        match object.as_isize() {
            Ok(limit) => {
                // SAFETY: C passes a place for a number.
                unsafe { *place.cast::<isize>() = limit };
                1
            }
            Err(_raised) => 0,
        }
    }
}
