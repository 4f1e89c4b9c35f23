//! From one argument to the Rust type of its parameter, with the messages of Argument Clinic's converters.

use core::ffi::CStr;

use super::spec::ArgSpec;
use crate::abi::PyObject;
use crate::prelude::*;

/// A Rust type that a parameter can have.
pub trait FromArg<'a>: Sized {
    /// Converts `value`, the argument at `index` of `spec.names`. It is null only where the parameter has a default
    /// and nothing was given, which `Option` alone accepts.
    ///
    /// # Safety
    /// `value` is a live object that outlives `'a`, or null as said.
    unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self>;

    /// The same where Python's None is a value too.
    ///
    /// # Safety
    /// As [`FromArg::from_arg`].
    unsafe fn from_arg_or_none(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Option<Self>> {
        if is_none(value) {
            return Ok(None);
        }
        // SAFETY: by contract.
        unsafe { Self::from_arg(value, spec, index).map(Some) }
    }
}

#[inline(always)]
pub(super) fn is_none(value: *mut PyObject) -> bool {
    value == crate::object::singletons::none_ptr()
}

/// `split() argument 1 must be str, not int` (`_PyArg_BadArgument`).
///
/// # Safety
/// `value` is a live object.
#[cold]
#[inline(never)]
pub unsafe fn bad_argument(spec: &ArgSpec, index: usize, expected: &str, value: *mut PyObject) -> Raised {
    // SAFETY: a live object has a type with a name.
    let found = unsafe {
        if is_none(value) {
            "None".into()
        } else {
            CStr::from_ptr((*(*value).ob_type.get()).tp_name.get()).to_string_lossy()
        }
    };
    raise!(TypeError, "{}() {} must be {expected}, not {found}", spec.function, spec.display_name(index))
}

/// A parameter that also takes None, which is then `None` here: `str or None`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nullable<T>(pub Option<T>);

impl<T> Nullable<T> {
    #[inline(always)]
    pub fn into_option(self) -> Option<T> {
        self.0
    }
}

impl<T> core::ops::Deref for Nullable<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

/// A `str` of one character, surrogates included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodePoint(pub u32);

impl<'a, T: PyLayout> FromArg<'a> for Borrowed<'a, T> {
    #[inline(always)]
    unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        // SAFETY: by contract; the cast is checked.
        unsafe {
            if is_a::<T>(value) {
                return Ok(Borrowed::from_ptr(value));
            }
            Err(bad_argument(spec, index, T::NAME, value))
        }
    }

    #[inline(always)]
    unsafe fn from_arg_or_none(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Option<Self>> {
        // SAFETY: by contract; the cast is checked.
        unsafe {
            if is_none(value) {
                return Ok(None);
            }
            if is_a::<T>(value) {
                return Ok(Some(Borrowed::from_ptr(value)));
            }
            Err(bad_argument(spec, index, &format!("{} or None", T::NAME), value))
        }
    }
}

/// Whether the object at `value` is a `T`; nothing is asked for `Object`.
///
/// # Safety
/// `value` is a live object.
#[inline(always)]
unsafe fn is_a<T: PyLayout>(value: *mut PyObject) -> bool {
    // SAFETY: by contract; both types are live.
    unsafe {
        T::TYPE == Object::TYPE
            || (*value).ob_type.get() == T::TYPE
            || crate::types::type_::is_subtype_raw((*value).ob_type.get(), T::TYPE)
    }
}

impl<'a, T: PyLayout> FromArg<'a> for Ref<T> {
    #[inline]
    unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        // SAFETY: by contract.
        unsafe { Borrowed::<'a, T>::from_arg(value, spec, index).map(|value| value.to_owned()) }
    }

    #[inline]
    unsafe fn from_arg_or_none(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Option<Self>> {
        // SAFETY: by contract.
        unsafe { Ok(Borrowed::<'a, T>::from_arg_or_none(value, spec, index)?.map(|value| value.to_owned())) }
    }
}

impl<'a, T: FromArg<'a>> FromArg<'a> for Option<T> {
    #[inline(always)]
    unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        if value.is_null() {
            return Ok(None);
        }
        // SAFETY: not null, otherwise by contract.
        unsafe { T::from_arg(value, spec, index).map(Some) }
    }
}

impl<'a, T: FromArg<'a>> FromArg<'a> for Nullable<T> {
    #[inline(always)]
    unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        if value.is_null() {
            return Ok(Nullable(None));
        }
        // SAFETY: not null, otherwise by contract.
        unsafe { T::from_arg_or_none(value, spec, index).map(Nullable) }
    }
}

/// The text of a `str` without a zero character, as C's functions want it.
///
/// # Safety
/// `value` is a live object that outlives `'a`.
unsafe fn text<'a>(value: *mut PyObject, spec: &ArgSpec, index: usize, expected: &str) -> PyResult<&'a str> {
    // SAFETY: by contract; the UTF-8 form lives as long as the string.
    unsafe {
        if !is_a::<Str>(value) {
            return Err(bad_argument(spec, index, expected, value));
        }
        let string: Borrowed<'a, Str> = Borrowed::from_ptr(value);
        let text: *const str = string.as_utf8()?;
        let text: &'a str = &*text;
        if memchr::memchr(0, text.as_bytes()).is_some() {
            return Err(raise!(ValueError, "embedded null character"));
        }
        Ok(text)
    }
}

impl<'a> FromArg<'a> for &'a str {
    unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        // SAFETY: by contract.
        unsafe { text(value, spec, index, "str") }
    }

    unsafe fn from_arg_or_none(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Option<Self>> {
        if is_none(value) {
            return Ok(None);
        }
        // SAFETY: by contract.
        unsafe { text(value, spec, index, "str or None").map(Some) }
    }
}

impl FromArg<'_> for bool {
    unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: by contract.
        unsafe { Borrowed::<'_, Object>::from_ptr(value).is_true() }
    }
}

impl FromArg<'_> for f64 {
    unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: by contract.
        unsafe { Borrowed::<'_, Object>::from_ptr(value).as_f64() }
    }
}

impl FromArg<'_> for CodePoint {
    unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        // SAFETY: by contract; the cast is checked.
        let string: Borrowed<'_, Str> = unsafe {
            if !is_a::<Str>(value) {
                return Err(bad_argument(spec, index, "a unicode character", value));
            }
            Borrowed::from_ptr(value)
        };
        if string.len() != 1 {
            return Err(raise!(
                TypeError,
                "{}(): {} must be a unicode character, not a string of length {}",
                spec.function,
                spec.display_name(index),
                string.len()
            ));
        }
        Ok(CodePoint(string.char_at(0)))
    }
}

impl FromArg<'_> for char {
    unsafe fn from_arg(value: *mut PyObject, spec: &ArgSpec, index: usize) -> PyResult<Self> {
        // SAFETY: by contract.
        let CodePoint(code) = unsafe { CodePoint::from_arg(value, spec, index)? };
        match char::from_u32(code) {
            Some(c) => Ok(c),
            None => Err(raise!(ValueError, "{}() takes no surrogates", spec.function)),
        }
    }
}
