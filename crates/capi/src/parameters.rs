//! Types for the parameters of C functions that are not objects: strings, places to write to, references that are given away.
//!
//! Each is one C pointer, so it can stand in a `capi!` declaration. The invariant of this crate (what C passes is live and of the kind
//! that the header says) is what their safe methods rest on; whether NULL is allowed shows in the type or the method's doc.

use core::ffi::{CStr, c_char, c_int};
use core::marker::PhantomData;
use core::ptr::{self, NonNull};
use std::borrow::Cow;

use taipan_runtime::prelude::*;
use taipan_runtime::types::codec::utf8;

use crate::outcome::{Fallible, bad_internal_call};

/// A C string, never NULL: `Option<CText>` for one that may be.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct CText<'a>(NonNull<c_char>, PhantomData<&'a CStr>);

impl<'a> CText<'a> {
    pub fn as_ptr(self) -> *const c_char {
        self.0.as_ptr()
    }

    pub fn as_c_str(self) -> &'a CStr {
        // SAFETY: see the head of the file.
        unsafe { CStr::from_ptr(self.0.as_ptr()) }
    }

    pub fn bytes(self) -> &'a [u8] {
        self.as_c_str().to_bytes()
    }

    /// The string decoded from UTF-8 (`PyUnicode_FromString`).
    pub fn to_str(self) -> PyResult<Ref<Str>> {
        utf8::decode(self.bytes(), "strict")
    }

    /// As Rust text, for names of codecs and error handlers; bytes that are no UTF-8 become U+FFFD.
    pub fn name(self) -> Cow<'a, str> {
        self.as_c_str().to_string_lossy()
    }
}

/// The name of an error handler: NULL means "strict".
pub fn handler<'a>(errors: Option<CText<'a>>) -> Cow<'a, str> {
    errors.map_or(Cow::Borrowed("strict"), CText::name)
}

/// The first of an array of bytes whose length is another parameter.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Data<'a>(*const u8, PhantomData<&'a [u8]>);

impl<'a> Data<'a> {
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    pub fn as_ptr(self) -> *const u8 {
        self.0
    }

    /// The bytes. NULL is no bytes; a negative size is an error.
    pub fn sized(self, size: isize) -> PyResult<&'a [u8]> {
        let size = usize::try_from(size).map_err(|_| bad_internal_call())?;
        Ok(self.first(size))
    }

    /// The first `size` bytes.
    pub fn first(self, size: usize) -> &'a [u8] {
        if self.0.is_null() {
            return &[];
        }
        // SAFETY: see the head of the file.
        unsafe { core::slice::from_raw_parts(self.0, size) }
    }

    /// The bytes, which end at the first zero when `size` is negative.
    pub fn sized_or_terminated(self, size: isize) -> &'a [u8] {
        match usize::try_from(size) {
            Ok(size) => self.first(size),
            Err(_) if self.0.is_null() => &[],
            // SAFETY: see the head of the file.
            Err(_) => unsafe { CStr::from_ptr(self.0.cast()) }.to_bytes(),
        }
    }
}

/// A place for a result, or one that holds a value to be changed. It may be NULL: then nothing is written.
#[repr(transparent)]
pub struct Out<'a, T>(*mut T, PhantomData<&'a mut T>);

impl<T> Clone for Out<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Out<'_, T> {}

impl<T> Out<'_, T> {
    /// No place.
    pub fn null() -> Self {
        Out(ptr::null_mut(), PhantomData)
    }

    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Writes without dropping what was there: for C the place is empty.
    pub fn set(self, value: T) {
        if !self.0.is_null() {
            // SAFETY: see the head of the file.
            unsafe { ptr::write(self.0, value) }
        }
    }

    /// The value there; `None` for NULL.
    pub fn get(self) -> Option<T>
    where
        T: Copy,
    {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: see the head of the file.
        Some(unsafe { *self.0 })
    }
}

/// A variable of C that owns a reference or is NULL, which the function replaces (`PyObject **`).
pub type Place<'a> = Out<'a, Option<Ref<Object>>>;

impl Out<'_, Option<Ref<Object>>> {
    /// What the variable holds, which becomes NULL.
    pub fn take(self) -> Option<Ref<Object>> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: see the head of the file.
        unsafe { ptr::replace(self.0, None) }
    }

    /// What the variable holds, left there.
    pub fn peek(&self) -> Option<Borrowed<'_, Object>> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: see the head of the file.
        unsafe { (*self.0).as_ref().map(Ref::borrow) }
    }

    /// Sets a result that was asked for by "is it there?": the reference or NULL, and NULL after an error.
    pub fn found(self, answer: PyResult<Option<Ref<Object>>>) -> PyResult<bool> {
        match answer {
            Ok(found) => {
                let there = found.is_some();
                if self.0.is_null() {
                    drop(found)
                } else {
                    self.set(found)
                }
                Ok(there)
            }
            Err(raised) => {
                self.set(None);
                Err(raised)
            }
        }
    }
}

/// A reference that the caller gives away, or NULL.
pub type Stolen = Option<Ref<Object>>;

/// Success of a converter for `O&`: 1, with 0 for an error.
pub struct Converted;

impl Fallible for Converted {
    type C = c_int;
    const ERROR: c_int = 0;
    fn success(self) -> c_int {
        1
    }
}
