//! How a function of the C interface is declared, and what its outcome is in C.

use core::ptr;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

/// Declares exported C functions. Parameters are raw C types, or `Borrowed<'_, T>` and `Option<Borrowed<'_, T>>` for objects that are
/// passed (or may be NULL); the result is anything that implements [`Outcome`].
///
/// What C promises to all functions of a table is said once, in a line `// SAFETY of all of these` above it, and need not be said
/// again at each `unsafe` inside.
///
/// ```ignore
/// capi! {
///     fn PyList_Append(list: Borrowed<'_, Object>, item: Option<Borrowed<'_, Object>>) -> PyResult<()> { .. }
/// }
/// ```
macro_rules! capi {
    ($($(#[$meta:meta])* fn $name:ident($($parameter:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$meta])*
        #[unsafe(no_mangle)]
        #[allow(clippy::redundant_closure_call, reason = "the body uses `?` and `return`")]
        #[allow(clippy::undocumented_unsafe_blocks, reason = "a line above the table says it for all of its functions")]
        pub unsafe extern "C" fn $name($($parameter: $type),*) $(-> <$result as $crate::outcome::Outcome>::C)? {
            let outcome = (move || $(-> $result)? { $body })();
            $crate::outcome::Outcome::into_c(outcome)
        }
    )*};
}

/// What a function of the C interface gives: a value, or an error that is set.
pub trait Outcome {
    type C;
    fn into_c(self) -> Self::C;
}

/// A result whose C form has a value for "an exception is set".
pub trait Fallible {
    type C;
    const ERROR: Self::C;
    fn success(self) -> Self::C;
}

impl<T: Fallible> Outcome for PyResult<T> {
    type C = T::C;
    fn into_c(self) -> T::C {
        match self {
            Ok(value) => value.success(),
            Err(_raised) => T::ERROR,
        }
    }
}

/// `PyResult<()>` is 0 or -1; a function without a result is `void`.
impl Fallible for () {
    type C = c_int;
    const ERROR: c_int = -1;
    fn success(self) -> c_int {
        0
    }
}

impl Outcome for taipan_runtime::abi::PyStatus {
    type C = taipan_runtime::abi::PyStatus;
    fn into_c(self) -> Self::C {
        self
    }
}

impl Outcome for () {
    type C = ();
    fn into_c(self) {}
}

macro_rules! outcomes {
    ($([$($generics:tt)*] $type:ty => $c:ty = $error:expr, $value:ident => $into:expr;)*) => {$(
        impl<$($generics)*> Outcome for $type {
            type C = $c;
            fn into_c(self) -> $c {
                let $value = self;
                $into
            }
        }
        impl<$($generics)*> Fallible for $type {
            type C = $c;
            const ERROR: $c = $error;
            fn success(self) -> $c {
                self.into_c()
            }
        }
    )*};
}

// A `Borrowed` result is a borrowed reference, as `PyList_GetItem` gives; `bool` is 1 or 0, with -1 for an error.
outcomes! {
    [T] Ref<T> => *mut PyObject = ptr::null_mut(), object => object.into_ptr();
    [T] Option<Ref<T>> => *mut PyObject = ptr::null_mut(), object => object.map_or(ptr::null_mut(), Ref::into_ptr);
    [T] Borrowed<'_, T> => *mut PyObject = ptr::null_mut(), object => object.as_ptr();
    [T] Option<Borrowed<'_, T>> => *mut PyObject = ptr::null_mut(), object => object.map_or(ptr::null_mut(), |object| object.as_ptr());
    [T] *mut T => *mut T = ptr::null_mut(), pointer => pointer;
    [T] *const T => *const T = ptr::null(), pointer => pointer;
    [] bool => c_int = -1, truth => c_int::from(truth);
    [] i8 => i8 = -1, number => number;
    [] u8 => u8 = u8::MAX, number => number;
    [] i16 => i16 = -1, number => number;
    [] u16 => u16 = u16::MAX, number => number;
    [] i32 => i32 = -1, number => number;
    [] u32 => u32 = u32::MAX, number => number;
    [] i64 => i64 = -1, number => number;
    [] u64 => u64 = u64::MAX, number => number;
    [] isize => isize = -1, number => number;
    [] usize => usize = usize::MAX, number => number;
    [] f64 => f64 = -1.0, number => number;
}

/// `object` as a `T`, or SystemError "bad argument to internal function", as CPython's checks say it.
pub fn expect<'a, T: PyLayout>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, T>> {
    object.downcast_borrowed::<T>().ok_or_else(bad_internal_call)
}

/// An argument that must not be NULL.
pub fn given<T>(argument: Option<T>) -> PyResult<T> {
    argument.ok_or_else(bad_internal_call)
}

pub use taipan_runtime::object::args::rt::bad_internal_call;
