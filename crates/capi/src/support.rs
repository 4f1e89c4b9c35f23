//! What every file of this crate uses: C strings as Python strings, references that C gives away, checks with CPython's messages.

use std::borrow::Cow;

pub use core::ffi::{c_long, c_uint, c_ulong};

pub use taipan_runtime::abi::*;
pub use taipan_runtime::prelude::*;

pub use crate::outcome::{bad_internal_call, expect, given};

/// An argument of C that is an object, or NULL.
pub type Nullable<'a> = Option<Borrowed<'a, Object>>;

/// The bytes of a C string.
///
/// # Safety
/// `text` is a C string that outlives `'a`.
pub unsafe fn bytes<'a>(text: *const c_char) -> &'a [u8] {
    // SAFETY: by contract.
    unsafe { CStr::from_ptr(text).to_bytes() }
}

/// A C string as Rust text, what is no UTF-8 replaced; empty for NULL.
///
/// # Safety
/// `text` is NULL or a C string that outlives `'a`.
pub unsafe fn lossy<'a>(text: *const c_char) -> Cow<'a, str> {
    if text.is_null() {
        return Cow::Borrowed("");
    }
    // SAFETY: by contract.
    unsafe { CStr::from_ptr(text).to_string_lossy() }
}

/// A C string in UTF-8 as a `str` (`PyUnicode_FromString`).
///
/// # Safety
/// `text` is a C string.
pub unsafe fn string(text: *const c_char) -> PyResult<Ref<Str>> {
    // SAFETY: by contract.
    string_of(unsafe { bytes(text) })
}

/// UTF-8 as a `str`.
pub fn string_of(text: &[u8]) -> PyResult<Ref<Str>> {
    match core::str::from_utf8(text) {
        Ok(text) => Str::from_utf8_str(text),
        Err(_) => taipan_runtime::types::codec::decode_utf8(text, "strict"),
    }
}

/// A C string as an interned name.
///
/// # Safety
/// As [`string`].
pub unsafe fn name(text: *const c_char) -> PyResult<Ref<Str>> {
    // SAFETY: by contract.
    Ok(Str::intern(unsafe { string(text)? }))
}

/// A file name of C in the file system's encoding; `None` for NULL.
///
/// # Safety
/// As [`lossy`].
pub unsafe fn file_name(text: *const c_char) -> PyResult<Option<Ref<Str>>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: by contract.
    taipan_runtime::types::codec::fs_decode(unsafe { bytes(text) }).map(Some)
}

/// Takes over a reference that C gives away.
///
/// # Safety
/// `object` is NULL or carries a count that is the callee's now.
pub unsafe fn stolen(object: *mut PyObject) -> Option<Ref<Object>> {
    // SAFETY: by contract.
    unsafe { Ref::from_owned_ptr_or_null(object) }
}

/// What a C function or slot returned: an object that is the caller's, or NULL with an exception set.
///
/// # Safety
/// As said.
pub unsafe fn result(object: *mut PyObject) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe { taipan_runtime::object::protocol::attr::from_result(object) }
}

/// An argument of the abstract protocols. NULL is SystemError, unless an exception is set already, which then stays.
pub fn operand(object: Nullable<'_>) -> PyResult<Borrowed<'_, Object>> {
    object.ok_or_else(null_argument)
}

#[cold]
pub fn null_argument() -> Raised {
    if Raised::is_set() {
        return Raised::assume_set();
    }
    raise!(SystemError, "null argument to internal routine")
}

/// The type behind a C pointer.
///
/// # Safety
/// `class` is a live type during `'a`.
pub unsafe fn class<'a>(class: *mut PyTypeObject) -> Borrowed<'a, Type> {
    // SAFETY: by contract.
    unsafe { Borrowed::from_ptr(class) }
}

/// Runs a fallible `body` for a C function that cannot report errors: what it raises goes to `sys.unraisablehook`.
pub fn ignoring(message: &str, body: impl FnOnce() -> PyResult<bool>) -> bool {
    match body() {
        Ok(answer) => answer,
        Err(raised) => {
            taipan_runtime::types::exceptions::report_unraisable(raised, message, None);
            false
        }
    }
}
