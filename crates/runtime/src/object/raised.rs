//! Errors: `Raised` says "the exception is set in the thread state".
//!
//! `PyResult<Ref<T>>` then has the representation of a nullable `PyObject *`, so crossing into or out of the
//! C ABI costs nothing. CPython: `Python/errors.c`.

use core::fmt;
use core::marker::PhantomData;
use core::ptr;

use super::protocol::call;
use super::refs::{Borrowed, Object, Ref};
use crate::abi::{PyObject, PyTypeObject};
use crate::thread;
use crate::types::{Str, Type};

/// An exception is set on this thread. Zero-sized: `PyResult<Ref<T>>` is one pointer with NULL for `Err`.
#[must_use = "an exception is set and has to be passed on or taken"]
pub struct Raised(PhantomData<*mut ()>);

pub type PyResult<T> = Result<T, Raised>;

const _: () = assert!(size_of::<PyResult<Ref<Object>>>() == size_of::<*mut PyObject>());
const _: () = assert!(size_of::<PyResult<()>>() == 1);

impl Raised {
    /// The token for an exception that C code, or code that hides it, has set.
    #[inline(always)]
    pub fn assume_set() -> Raised {
        debug_assert!(Raised::is_set());
        Raised(PhantomData)
    }

    /// Whether an exception is set.
    #[inline(always)]
    pub fn is_set() -> bool {
        !thread::current().current_exception.get().is_null()
    }

    /// The token if an exception is set: for C functions whose result does not tell.
    pub fn check() -> PyResult<()> {
        if Raised::is_set() { Err(Raised(PhantomData)) } else { Ok(()) }
    }

    /// Sets `exception`, an instance of `BaseException`, with no context added (`PyErr_SetRaisedException`).
    pub fn restore(exception: Ref<Object>) -> Raised {
        let old = thread::current().current_exception.replace(exception.into_ptr());
        // SAFETY: the thread state owned the old exception.
        drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(old) });
        Raised(PhantomData)
    }

    /// Takes the exception out of the thread state (`PyErr_GetRaisedException`).
    pub fn take(self) -> Ref<Object> {
        match Raised::take_if_set() {
            Some(exception) => exception,
            None => match raise_fmt(
                <crate::types::exceptions::SystemError as super::PyLayout>::TYPE,
                format_args!("error return without exception set"),
            )
            .peek()
            {
                Some(exception) => {
                    let exception = exception.to_owned();
                    Raised(PhantomData).clear();
                    exception
                }
                None => super::none(),
            },
        }
    }

    /// Takes the exception out, if any.
    pub fn take_if_set() -> Option<Ref<Object>> {
        let exception = thread::current().current_exception.replace(ptr::null_mut());
        // SAFETY: the thread state owned it.
        unsafe { Ref::from_owned_ptr_or_null(exception) }
    }

    /// Puts the exception that is set aside, if any, until the guard goes: it then takes the place of whatever has been raised since.
    pub fn aside() -> Aside {
        Aside(Raised::take_if_set())
    }

    /// The exception that is set, without taking it.
    pub fn peek(&self) -> Option<Borrowed<'_, Object>> {
        // SAFETY: the thread state keeps it alive while the token is held.
        unsafe { Borrowed::from_ptr_or_null(thread::current().current_exception.get()) }
    }

    /// Drops the exception.
    pub fn clear(self) {
        drop(Raised::take_if_set());
    }

    /// Whether the exception is an instance of the static exception type `E`.
    pub fn is_a<E: super::PyLayout>(&self) -> bool {
        self.peek().is_some_and(|exception| exception.is_instance_of::<E>())
    }

    /// `Ok(())` after clearing when the exception is an `E`; the token again otherwise.
    pub fn clear_if<E: super::PyLayout>(self) -> PyResult<()> {
        if self.is_a::<E>() {
            self.clear();
            Ok(())
        } else {
            Err(self)
        }
    }

    /// What C returns for an error.
    #[inline(always)]
    pub fn into_null(self) -> *mut PyObject {
        ptr::null_mut()
    }

    /// MemoryError (`PyErr_NoMemory`).
    #[cold]
    pub fn no_memory() -> Raised {
        crate::types::exceptions::raise_no_memory()
    }
}

/// What [`Raised::aside`] has put aside.
#[must_use = "the exception comes back when the guard goes"]
pub struct Aside(Option<Ref<Object>>);

impl Drop for Aside {
    fn drop(&mut self) {
        if let Some(exception) = self.0.take() {
            let _raised = Raised::restore(exception);
        }
    }
}

/// Raises an instance of `ty` made from one string.
#[cold]
#[inline(never)]
pub fn raise_fmt(ty: *mut PyTypeObject, message: fmt::Arguments<'_>) -> Raised {
    let text = match message.as_str() {
        Some(text) => Str::from_utf8_str(text),
        None => crate::memory::fallible::format_text(message).and_then(|text| Str::from_utf8_str(&text)),
    };
    crate::memory::rust_alloc::forget_message();
    match text {
        Ok(text) => raise_object(ty, text.into_object()),
        Err(raised) => raised,
    }
}

/// Raises an instance of `ty` made from one value, or `value` itself where it is an instance of `ty`
/// (`PyErr_SetObject`). The exception being handled becomes the context.
#[cold]
#[inline(never)]
pub fn raise_object(ty: *mut PyTypeObject, value: Ref<Object>) -> Raised {
    // SAFETY: exception types are live while they are raised.
    let ty: Borrowed<'_, Type> = unsafe { Borrowed::from_ptr(ty) };
    // SAFETY: both types are live.
    if unsafe { crate::types::type_::is_subtype_raw(value.type_ptr(), ty.as_raw().cast()) } {
        return raise_instance(value);
    }
    // The one that may be set already is replaced, and must not disturb the call.
    drop(Raised::take_if_set());
    match call::call_one(ty.as_borrowed(), value.as_borrowed()) {
        Ok(exception) => raise_instance(exception),
        Err(raised) => raised,
    }
}

/// Sets `exception` with the exception being handled as its context.
#[cold]
pub fn raise_instance(exception: Ref<Object>) -> Raised {
    crate::types::exceptions::add_context(&exception);
    Raised::restore(exception)
}

/// `raise!(TypeError, "format {}", x)`, `raise!(KeyError, object: key)`: sets the exception and gives the token.
#[macro_export]
macro_rules! raise {
    ($exception:ident, object: $value:expr) => {
        $crate::object::raise_object(
            <$crate::types::exceptions::$exception as $crate::object::PyLayout>::TYPE,
            ($value).into_object(),
        )
    };
    ($exception:ident, $($format:tt)+) => {
        $crate::object::raise_fmt(
            <$crate::types::exceptions::$exception as $crate::object::PyLayout>::TYPE,
            format_args!($($format)+),
        )
    };
}
