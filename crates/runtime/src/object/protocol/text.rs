//! Text forms and truth: `repr`, `str`, `ascii`, `format`, `bool`.

use super::attr::{from_result, missing_exception_checked};
use crate::prelude::*;
use crate::thread;

impl Ref<Object> {
    /// `repr(self)` (`PyObject_Repr`).
    pub fn repr(&self) -> PyResult<Ref<Str>> {
        let Some(repr) = self.type_of().tp_repr.get() else {
            return Str::from_utf8_str(&format!("<{} object at {:p}>", self.type_name(), self.as_ptr()));
        };
        let _guard = thread::enter_recursive(" while getting the repr of an object")?;
        // SAFETY: the slot takes a live object.
        let result: Ref<Object> = unsafe { from_result(repr(self.as_ptr()))? };
        expect_str(result, "__repr__")
    }

    /// `str(self)` (`PyObject_Str`).
    pub fn str(&self) -> PyResult<Ref<Str>> {
        if let Some(text) = self.downcast_exact::<Str>() {
            return Ok(text.to_owned());
        }
        let Some(str) = self.type_of().tp_str.get() else { return self.repr() };
        let _guard = thread::enter_recursive(" while getting the str of an object")?;
        // SAFETY: the slot takes a live object.
        let result: Ref<Object> = unsafe { from_result(str(self.as_ptr()))? };
        expect_str(result, "__str__")
    }

    /// `format(self, spec)` (`PyObject_Format`).
    pub fn format(&self, spec: Option<Borrowed<'_, Str>>) -> PyResult<Ref<Str>> {
        if spec.is_none_or(|spec| spec.is_empty()) {
            if let Some(text) = self.downcast_exact::<Str>() {
                return Ok(text.to_owned());
            }
            if self.is_exact::<Int>() {
                return self.str();
            }
        }
        if let Some(spec) = spec.filter(|spec| !spec.is_empty()) {
            // What their `__format__` does.
            if let Some(int) = self.downcast_exact::<Int>() {
                return crate::types::int::format_with_spec(&int, &spec);
            }
            if let Some(float) = self.downcast_exact::<Float>() {
                return crate::types::float::format_with_spec(&float, &spec);
            }
        }
        let spec = spec.unwrap_or_else(|| id!(""));
        let Some(text) = self.call_special(id!("__format__"), &[spec.upcast()])? else {
            return Err(raise!(TypeError, "Type {} doesn't define __format__", self.type_name()));
        };
        match text.into_downcast::<Str>() {
            Ok(text) => Ok(text),
            Err(other) => Err(raise!(TypeError, "__format__ must return a str, not {}", other.type_name())),
        }
    }

    /// The truth of `self` (`PyObject_IsTrue`).
    #[inline]
    pub fn is_true(&self) -> PyResult<bool> {
        let ptr = self.as_ptr();
        if ptr == Bool::true_ptr() {
            return Ok(true);
        }
        if ptr == Bool::false_ptr() || self.is_none() {
            return Ok(false);
        }
        // SAFETY: slots take a live object.
        let answer = unsafe {
            if let Some(bool) = self.number_methods().and_then(|m| m.nb_bool.get()) {
                bool(ptr) as isize
            } else if let Some(length) = self.mapping_methods().and_then(|m| m.mp_length.get()) {
                length(ptr)
            } else if let Some(length) = self.sequence_methods().and_then(|m| m.sq_length.get()) {
                length(ptr)
            } else {
                return Ok(true);
            }
        };
        if answer < 0 { Err(missing_exception_checked()) } else { Ok(answer > 0) }
    }

    /// `str(self)` for a message: never fails, leaves no exception behind, and keeps one that is set.
    pub fn to_text(&self) -> String {
        let _aside = Raised::aside();
        match self.str() {
            Ok(text) => text.to_display(),
            Err(raised) => {
                raised.clear();
                format!("<unprintable {} object>", self.type_name())
            }
        }
    }

    /// `repr(self)` for a message, with the same promise.
    pub fn to_repr_text(&self) -> String {
        let _aside = Raised::aside();
        match self.repr() {
            Ok(text) => text.to_display(),
            Err(raised) => {
                raised.clear();
                format!("<unprintable {} object>", self.type_name())
            }
        }
    }
}

fn expect_str(result: Ref<Object>, method: &str) -> PyResult<Ref<Str>> {
    match result.into_downcast::<Str>() {
        Ok(text) => Ok(text),
        Err(other) => Err(raise!(TypeError, "{method} returned non-string (type {})", other.type_name())),
    }
}
