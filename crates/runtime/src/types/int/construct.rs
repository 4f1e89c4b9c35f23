//! `int(...)`: from numbers, from text, with a base.

use super::support::warn_deprecated;
use super::{Int, raw, text};
use crate::object::args::BufferArg;
use crate::prelude::*;

/// `int(object)`, always an exact int (`PyNumber_Long`).
pub fn from_object(object: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
    if let Some(int) = object.downcast_exact::<Int>() {
        return Ok(int.to_owned());
    }
    if let Some(float) = object.downcast_exact::<Float>() {
        return Int::from_f64(float.value());
    }
    let slots = object.number_methods();
    if let Some(convert) = slots.and_then(|slots| slots.nb_int.get()) {
        // SAFETY: the slot takes a live object and gives an owned one or null.
        let result = unsafe { Ref::<Object>::from_owned_ptr_or_null(convert(object.as_ptr())) };
        let Some(result) = result else { return Err(Raised::assume_set()) };
        let result = match result.into_downcast::<Int>() {
            Ok(result) => result,
            Err(other) => return Err(raise!(TypeError, "__int__ returned non-int (type {})", other.type_name())),
        };
        if !result.is_exact::<Int>() {
            warn_deprecated(&format!(
                "__int__ returned non-int (type {}).  The ability to return an instance of a strict subclass of int is \
                 deprecated, and may be removed in a future version of Python.",
                result.type_name()
            ))?;
        }
        return result.to_exact();
    }
    if slots.is_some_and(|slots| slots.nb_index.get().is_some()) {
        return object.index()?.to_exact();
    }
    if let Some(string) = object.downcast::<Str>() {
        return text::from_str(&string, 10);
    }
    if let Some(bytes) = object.downcast::<Bytes>() {
        return text::from_bytes_text(bytes.as_slice(), 10);
    }
    match BufferArg::new(object) {
        Ok(buffer) => text::from_bytes_text(&buffer, 10),
        Err(raised) => {
            raised.clear();
            Err(raise!(
                TypeError,
                "int() argument must be a string, a bytes-like object or a real number, not '{}'",
                object.type_name()
            ))
        }
    }
}

impl Int {
    /// `int(object)`, always an exact int.
    pub fn from_number(object: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
        from_object(object)
    }
}

/// `int(object, base)`.
fn from_text(object: Borrowed<'_, Object>, base: Borrowed<'_, Object>) -> PyResult<Ref<Int>> {
    let base = base.as_clamped_isize()?;
    if base != 0 && !(2..=36).contains(&base) {
        return Err(raise!(ValueError, "int() base must be >= 2 and <= 36, or 0"));
    }
    let base = base as u32;
    if let Some(string) = object.downcast::<Str>() {
        return text::from_str(&string, base);
    }
    if object.is_instance_of::<Bytes>() || object.is_instance_of::<ByteArray>() {
        return text::from_bytes_text(&BufferArg::new(object)?, base);
    }
    Err(raise!(TypeError, "int() can't convert non-string with explicit base"))
}

/// `int.__new__(cls, x=0, /, base=10)`.
pub fn construct(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
    let given = args.nargs() + args.keyword_count();
    if args.keyword_count() > 0 && given > 2 {
        return Err(raise!(TypeError, "int() takes at most 2 arguments ({given} given)"));
    }
    args.check_count("int", 0, 2)?;
    let object = args.get(0);
    let mut base = args.get(1);
    for (name, value) in args.keywords() {
        if !name.eq_str("base") {
            return Err(raise!(TypeError, "int() got an unexpected keyword argument '{}'", name.to_display()));
        }
        base = Some(value);
    }
    let value = match (object, base) {
        (None, None) => Int::zero(),
        (None, Some(_)) => return Err(raise!(TypeError, "int() missing string argument")),
        (Some(object), None) => from_object(object)?,
        (Some(object), Some(base)) => from_text(object, base)?,
    };
    if cls.as_ptr() == Int::TYPE.cast() {
        return Ok(value.into_object());
    }
    raw::new_subclass(cls, &value)
}
