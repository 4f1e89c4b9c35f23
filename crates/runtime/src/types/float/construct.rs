//! `float(...)`: from numbers and from text.

use super::Float;
use super::parse::parse_with_underscores;
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::int::support::{ascii_number, trim_space, warn_deprecated};

#[cold]
fn bad_text(object: Borrowed<'_, Object>) -> Raised {
    match object.repr() {
        Ok(repr) => raise!(ValueError, "could not convert string to float: {}", repr.to_display()),
        Err(raised) => raised,
    }
}

/// The float that a text or bytes-like object spells (`PyFloat_FromString`).
pub fn from_text(object: Borrowed<'_, Object>) -> PyResult<f64> {
    let parse = |text: &[u8]| parse_with_underscores(trim_space(text));
    let value = if let Some(string) = object.downcast::<Str>() {
        match string.as_ascii() {
            Some(text) => parse(text.as_bytes()),
            None => parse(&ascii_number(&string)?),
        }
    } else {
        match BufferArg::new(object) {
            // Bytes beyond ASCII are no spaces.
            Ok(buffer) if !buffer.is_ascii() => None,
            Ok(buffer) => parse(&buffer),
            Err(raised) => {
                raised.clear();
                return Err(raise!(
                    TypeError,
                    "float() argument must be a string or a real number, not '{}'",
                    object.type_name()
                ));
            }
        }
    };
    value.ok_or_else(|| bad_text(object))
}

/// What `__float__` of `object` gives, if the type has one.
fn by_float_slot(object: &Ref<Object>) -> PyResult<Option<f64>> {
    let Some(convert) = object.number_methods().and_then(|slots| slots.nb_float.get()) else { return Ok(None) };
    // SAFETY: the slot takes a live object and gives an owned one or null.
    let result = unsafe { Ref::<Object>::from_owned_ptr_or_null(convert(object.as_ptr())) };
    let Some(result) = result else { return Err(Raised::assume_set()) };
    let Some(float) = result.downcast::<Float>() else {
        return Err(raise!(
            TypeError,
            "{}.__float__ returned non-float (type {})",
            object.type_name(),
            result.type_name()
        ));
    };
    if !result.is_exact::<Float>() {
        warn_deprecated(&format!(
            "{}.__float__ returned non-float (type {}).  The ability to return an instance of a strict subclass of float \
             is deprecated, and may be removed in a future version of Python.",
            object.type_name(),
            result.type_name()
        ))?;
    }
    Ok(Some(float.value()))
}

/// `float(object)` as a machine value (`PyNumber_Float`).
pub fn from_object(object: Borrowed<'_, Object>) -> PyResult<f64> {
    if let Some(float) = object.downcast_exact::<Float>() {
        return Ok(float.value());
    }
    if let Some(int) = object.downcast_exact::<Int>() {
        return int.to_f64();
    }
    if let Some(value) = by_float_slot(&object)? {
        return Ok(value);
    }
    if object.has_index() {
        return object.index()?.to_f64();
    }
    if let Some(float) = object.downcast::<Float>() {
        return Ok(float.value());
    }
    from_text(object)
}

impl Float {
    /// The value of a number that is no `float`: `__float__`, then `__index__` (`PyFloat_AsDouble`).
    pub fn double_from_object(object: &Ref<Object>) -> PyResult<f64> {
        if let Some(value) = by_float_slot(object)? {
            return Ok(value);
        }
        if object.has_index() {
            return object.index()?.to_f64();
        }
        Err(raise!(TypeError, "must be real number, not {}", object.type_name()))
    }
}
