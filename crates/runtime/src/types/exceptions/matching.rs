//! Whether an exception matches the class or classes of an `except` clause.

use super::BaseException;
use super::group::BaseExceptionGroup;
use crate::abi::Py_TPFLAGS_BASE_EXC_SUBCLASS;
use crate::prelude::*;

/// Whether `object` is a class derived from `BaseException` (`PyExceptionClass_Check`).
#[inline]
pub fn is_exception_class(object: Borrowed<'_, Object>) -> bool {
    object.downcast::<Type>().is_some_and(|class| class.tp_flags.get() & Py_TPFLAGS_BASE_EXC_SUBCLASS != 0)
}

/// Whether `object` is an instance of `BaseException` (`PyExceptionInstance_Check`).
#[inline]
pub fn is_exception_instance(object: Borrowed<'_, Object>) -> bool {
    object.type_of().tp_flags.get() & Py_TPFLAGS_BASE_EXC_SUBCLASS != 0
}

/// Whether `given`, an exception or a class of exceptions, matches `wanted`, a class or a tuple of classes. Metaclasses
/// have no say in this (`PyErr_GivenExceptionMatches`).
pub fn given_matches(given: Borrowed<'_, Object>, wanted: Borrowed<'_, Object>) -> bool {
    if let Some(classes) = wanted.downcast::<Tuple>() {
        let Ok(_guard) = crate::thread::enter_recursive(" while matching an exception") else {
            drop(Raised::take_if_set());
            return false;
        };
        return classes.iter().any(|class| given_matches(given, class));
    }
    let given = if is_exception_instance(given) { given.type_of().upcast() } else { given };
    if is_exception_class(given) && is_exception_class(wanted) {
        // SAFETY: both are live types.
        return unsafe { crate::types::type_::is_subtype_raw(given.as_ptr().cast(), wanted.as_ptr().cast()) };
    }
    given.is(&wanted)
}

/// The test of an `except` clause, whose classes are checked already.
pub fn matches(exception: Borrowed<'_, Object>, wanted: Borrowed<'_, Object>) -> PyResult<bool> {
    Ok(given_matches(exception, wanted))
}

/// The same for the exception that is set.
pub fn current_matches(wanted: Borrowed<'_, Object>) -> bool {
    let current = crate::thread::current().current_exception.get();
    // SAFETY: the thread state keeps it.
    match unsafe { Ref::<Object>::from_borrowed_ptr_or_null(current) } {
        Some(current) => given_matches(current.borrow(), wanted),
        None => false,
    }
}

const NOT_EXCEPTIONS: &str = "catching classes that do not inherit from BaseException is not allowed";

/// Raises TypeError unless `wanted` can stand in an `except` clause.
pub fn check_except_type(wanted: Borrowed<'_, Object>) -> PyResult<()> {
    let valid = match wanted.downcast::<Tuple>() {
        Some(classes) => classes.iter().all(is_exception_class),
        None => is_exception_class(wanted),
    };
    if valid { Ok(()) } else { Err(raise!(TypeError, "{NOT_EXCEPTIONS}")) }
}

/// The same for `except*`, where groups are not allowed either.
pub fn check_except_star_type(wanted: Borrowed<'_, Object>) -> PyResult<()> {
    check_except_type(wanted)?;
    let group = BaseExceptionGroup::type_object().upcast();
    let is_group = match wanted.downcast::<Tuple>() {
        Some(classes) => {
            let mut found = false;
            for class in classes.iter() {
                found |= class.is_subclass(group)?;
            }
            found
        }
        None => wanted.is_subclass(group)?,
    };
    if is_group {
        return Err(raise!(TypeError, "catching ExceptionGroup with except* is not allowed. Use except instead."));
    }
    Ok(())
}

/// `object` as an exception.
pub(super) fn as_exception(object: &Ref<Object>) -> Option<Borrowed<'_, BaseException>> {
    if is_exception_instance(object.borrow()) {
        // SAFETY: just checked.
        Some(unsafe { object.borrow().cast_borrowed_unchecked() })
    } else {
        None
    }
}
