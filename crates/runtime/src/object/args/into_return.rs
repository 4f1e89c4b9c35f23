//! From the result of a Rust function to what C's convention returns.

use core::ffi::c_int;
use core::ptr;

use crate::abi::PyObject;
use crate::memory::checked::check_return;
use crate::prelude::*;

/// What a method may return: an owned object for C, or null with an exception set.
pub trait IntoReturn {
    fn into_return(self) -> *mut PyObject;
}

impl<T> IntoReturn for Ref<T> {
    #[inline(always)]
    fn into_return(self) -> *mut PyObject {
        self.into_ptr()
    }
}

impl<T> IntoReturn for Borrowed<'_, T> {
    #[inline(always)]
    fn into_return(self) -> *mut PyObject {
        self.to_owned().into_ptr()
    }
}

impl<T: IntoReturn> IntoReturn for PyResult<T> {
    #[inline(always)]
    fn into_return(self) -> *mut PyObject {
        match self {
            Ok(value) => {
                let result = value.into_return();
                check_return(result.is_null());
                result
            }
            Err(raised) => {
                check_return(true);
                raised.into_null()
            }
        }
    }
}

impl<T: IntoReturn> IntoReturn for Option<T> {
    /// `None` is Python's None.
    #[inline(always)]
    fn into_return(self) -> *mut PyObject {
        match self {
            Some(value) => value.into_return(),
            None => none().into_ptr(),
        }
    }
}

impl IntoReturn for () {
    #[inline(always)]
    fn into_return(self) -> *mut PyObject {
        none().into_ptr()
    }
}

impl IntoReturn for bool {
    #[inline(always)]
    fn into_return(self) -> *mut PyObject {
        if self { Bool::true_ptr() } else { Bool::false_ptr() }
    }
}

macro_rules! integers {
    ($make:ident as $wide:ty: $($ty:ty)*) => {$(
        impl IntoReturn for $ty {
            fn into_return(self) -> *mut PyObject {
                Int::$make(self as $wide).into_return()
            }
        }
    )*};
}

integers!(from_i64 as i64: i8 u8 i16 u16 i32 u32 i64 isize);
integers!(from_u64 as u64: u64 usize);

impl IntoReturn for f64 {
    fn into_return(self) -> *mut PyObject {
        Float::new(self).into_return()
    }
}

impl IntoReturn for &str {
    fn into_return(self) -> *mut PyObject {
        Str::from_utf8_str(self).into_return()
    }
}

impl IntoReturn for String {
    fn into_return(self) -> *mut PyObject {
        self.as_str().into_return()
    }
}

impl IntoReturn for char {
    fn into_return(self) -> *mut PyObject {
        self.encode_utf8(&mut [0; 4]).into_return()
    }
}

impl IntoReturn for &mut str {
    fn into_return(self) -> *mut PyObject {
        (&*self).into_return()
    }
}

/// What `tp_iternext` may return: null without an exception is the end.
pub trait IntoNext {
    fn into_next(self) -> *mut PyObject;
}

impl<T: IntoReturn> IntoNext for Option<T> {
    #[inline(always)]
    fn into_next(self) -> *mut PyObject {
        self.map_or(ptr::null_mut(), IntoReturn::into_return)
    }
}

impl<T: IntoReturn> IntoNext for PyResult<Option<T>> {
    #[inline(always)]
    fn into_next(self) -> *mut PyObject {
        match self {
            Ok(value) => value.into_next(),
            Err(raised) => {
                check_return(true);
                raised.into_null()
            }
        }
    }
}

/// What `tp_hash` may return; -1 is kept for errors, so a hash of -1 becomes -2.
pub trait IntoHash {
    fn into_hash(self) -> isize;
}

impl IntoHash for isize {
    #[inline(always)]
    fn into_hash(self) -> isize {
        if self == -1 { -2 } else { self }
    }
}

impl IntoHash for PyResult<isize> {
    #[inline(always)]
    fn into_hash(self) -> isize {
        match self {
            Ok(hash) => {
                check_return(false);
                hash.into_hash()
            }
            Err(_raised) => {
                check_return(true);
                -1
            }
        }
    }
}

/// A length, -1 for an error.
pub trait IntoSize {
    fn into_size(self) -> isize;
}

impl IntoSize for isize {
    #[inline(always)]
    fn into_size(self) -> isize {
        self
    }
}

impl IntoSize for usize {
    #[inline(always)]
    fn into_size(self) -> isize {
        self as isize
    }
}

impl<T: IntoSize> IntoSize for PyResult<T> {
    #[inline(always)]
    fn into_size(self) -> isize {
        match self {
            Ok(size) => {
                check_return(false);
                size.into_size()
            }
            Err(_raised) => {
                check_return(true);
                -1
            }
        }
    }
}

/// 0 or 1, -1 for an error.
pub trait IntoFlag {
    fn into_flag(self) -> c_int;
}

impl IntoFlag for bool {
    #[inline(always)]
    fn into_flag(self) -> c_int {
        c_int::from(self)
    }
}

impl IntoFlag for PyResult<bool> {
    #[inline(always)]
    fn into_flag(self) -> c_int {
        match self {
            Ok(flag) => {
                check_return(false);
                c_int::from(flag)
            }
            Err(_raised) => {
                check_return(true);
                -1
            }
        }
    }
}

/// 0, -1 for an error.
pub trait IntoStatus {
    fn into_status(self) -> c_int;
}

impl IntoStatus for () {
    #[inline(always)]
    fn into_status(self) -> c_int {
        0
    }
}

impl IntoStatus for PyResult<()> {
    #[inline(always)]
    fn into_status(self) -> c_int {
        match self {
            Ok(()) => {
                check_return(false);
                0
            }
            Err(_raised) => {
                check_return(true);
                -1
            }
        }
    }
}
