//! Setting exceptions: making instances, context and cause, the `raise` statement.
//!
//! CPython: `Python/errors.c`, `do_raise` of `Python/ceval.c`.

use super::matching::{as_exception, is_exception_class, is_exception_instance};
use super::{BaseException, KeyError};
use crate::prelude::*;
use crate::thread;
use crate::types::traceback::Traceback;

/// Makes the exception being handled the context of `exception`, which is about to be set. Where `exception` already
/// stands in the handled one's chain of contexts, the chain is cut there, so that no cycle arises.
pub fn add_context(exception: &Ref<Object>) {
    let Some(handled) = thread::handled_exception() else { return };
    if handled.is(exception) {
        return;
    }
    let (Some(exception), Some(start)) = (as_exception(exception), as_exception(&handled)) else { return };
    // Floyd's two pointers: a chain that is a cycle by itself must not hang this loop.
    let mut fast = start.to_owned();
    let mut slow = start.to_owned();
    let mut step_slow = false;
    while let Some(context) = fast.context() {
        if context.is(&exception) {
            fast.set_context(None);
            break;
        }
        fast = context;
        if fast.is(&slow) {
            break;
        }
        if step_slow && let Some(next) = slow.context() {
            slow = next;
        }
        step_slow = !step_slow;
    }
    exception.set_context(Some(handled.clone()));
}

/// Sets `context` as the context of `exception`.
pub fn set_context(exception: &Ref<Object>, context: Option<Ref<Object>>) {
    if let Some(exception) = as_exception(exception) {
        exception.set_context(context);
    }
}

/// Sets `cause` as the cause of `exception`, whose context is then not shown.
pub fn set_cause(exception: &Ref<Object>, cause: Option<Ref<Object>>) {
    if let Some(exception) = as_exception(exception) {
        exception.set_cause(cause);
    }
}

/// Sets the traceback of `exception`; anything but a traceback counts as none.
pub fn set_traceback(exception: &Ref<Object>, traceback: Option<Ref<Object>>) {
    if let Some(exception) = as_exception(exception) {
        exception.set_traceback(traceback.and_then(|traceback| traceback.into_downcast::<Traceback>().ok()));
    }
}

/// An instance of `class`, as `generator.throw(class, value)` makes it: `value` may be an instance already.
pub fn instantiate(class: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    normalize(class, value, None)
}

/// The traceback of `exception`.
pub fn traceback_of(exception: &Ref<Object>) -> Option<Ref<Object>> {
    as_exception(exception)?.traceback().map(Ref::into_object)
}

/// Gives the exception that is set a cause, which becomes its context as well (`_PyErr_FormatFromCause`).
pub fn set_cause_of_current(raised: &Raised, cause: Option<Ref<Object>>) {
    let (Some(cause), Some(exception)) = (cause, raised.peek()) else { return };
    if let Some(exception) = as_exception(&exception) {
        exception.set_cause(Some(cause.clone()));
        exception.set_context(Some(cause));
    }
}

/// Raises an instance of `E` whose cause is the exception that is set now.
#[cold]
pub fn format_from_cause<E: PyLayout>(raised: Raised, message: core::fmt::Arguments<'_>) -> Raised {
    let cause = raised.take();
    let raised = crate::object::raise_fmt(E::TYPE, message);
    set_cause_of_current(&raised, Some(cause));
    raised
}

/// Calls `class` for an instance: without a value, with a tuple's items, or with one value.
pub fn create_exception(class: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    let exception = match value {
        None => class.call0()?,
        Some(value) if value.is_none() => class.call0()?,
        Some(value) => match value.downcast::<Tuple>() {
            Some(args) => class.call_tuple(args, None)?,
            None => class.call1(value)?,
        },
    };
    if !is_exception_instance(exception.borrow()) {
        return Err(raise!(
            TypeError,
            "calling {} should have returned an instance of BaseException, not {}",
            class.to_repr_text(),
            exception.type_name()
        ));
    }
    Ok(exception)
}

/// Sets an exception of `class` made from `value`, or `value` itself where it is an instance already; the exception being
/// handled becomes its context (`PyErr_SetObject`).
#[cold]
pub fn set_object(class: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> Raised {
    if !is_exception_class(class) {
        return raise!(
            SystemError,
            "_PyErr_SetObject: exception {} is not a BaseException subclass",
            class.to_repr_text()
        );
    }
    let make = || -> PyResult<Ref<Object>> {
        if let Some(value) = value
            && is_exception_instance(value)
            && value.type_of().as_object().is_subclass(class)?
        {
            return Ok(value.to_owned());
        }
        create_exception(class, value).map_err(|raised| note_failure(raised, class, value))
    };
    match make() {
        Ok(exception) => crate::object::raise_instance(exception),
        Err(raised) => raised,
    }
}

/// Notes on the exception that is set what could not be made of class and value.
#[cold]
fn note_failure(raised: Raised, class: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> Raised {
    let exception = raised.take();
    let args = match value.map(|value| value.repr()) {
        None => "<NULL>".to_owned(),
        Some(Ok(text)) => text.to_display(),
        Some(Err(second)) => {
            second.clear();
            "<unknown>".to_owned()
        }
    };
    let name = class.downcast::<Type>().map_or_else(String::new, |class| class.name());
    let noted = Str::from_utf8_str(&format!("Normalization failed: type={name} args={args}"))
        .and_then(|note| exception.call_method(id!("add_note"), &[note.as_borrowed()]));
    if let Err(second) = noted {
        second.clear();
    }
    Raised::restore(exception)
}

/// KeyError with exactly `key` as its argument, also when that is a tuple.
#[cold]
pub fn set_key_error(key: Borrowed<'_, Object>) -> Raised {
    match KeyError::type_object().upcast().call1(key) {
        Ok(exception) => crate::object::raise_instance(exception),
        Err(raised) => raised,
    }
}

/// Raises a class or an instance, as `generator.throw` and asynchronous exceptions do.
#[cold]
pub fn raise_class_or_instance(exception: Borrowed<'_, Object>) -> Raised {
    if is_exception_instance(exception) {
        return crate::object::raise_instance(exception.to_owned());
    }
    set_object(exception, None)
}

/// An instance from a class, a value and a traceback of the old three-part form (`PyErr_NormalizeException`).
pub fn normalize(
    class: Borrowed<'_, Object>,
    value: Option<Borrowed<'_, Object>>,
    traceback: Option<Borrowed<'_, Object>>,
) -> PyResult<Ref<Object>> {
    let exception = match value {
        Some(value)
            if is_exception_instance(value)
                // SAFETY: the types are live, and the class is checked to be one.
                && (!is_exception_class(class) || unsafe {
                    crate::types::type_::is_subtype_raw(value.type_ptr(), class.as_ptr().cast())
                }) =>
        {
            value.to_owned()
        }
        _ => create_exception(class, value)?,
    };
    if let Some(traceback) = traceback
        && let Some(traceback) = traceback.downcast::<Traceback>()
        && let Some(exception) = as_exception(&exception)
    {
        exception.set_traceback(Some(traceback.to_owned()));
    }
    Ok(exception)
}

/// Sets the exception of the old three-part form without touching its context (`PyErr_Restore`).
pub fn restore_old(
    class: Option<Ref<Object>>,
    value: Option<Ref<Object>>,
    traceback: Option<Ref<Object>>,
) -> Option<Raised> {
    let Some(class) = class else {
        drop(Raised::take_if_set());
        return None;
    };
    let made = normalize(
        class.borrow(),
        value.as_ref().map(Ref::borrow),
        traceback.as_ref().filter(|traceback| !traceback.is_none()).map(Ref::borrow),
    );
    Some(match made {
        Ok(exception) => {
            if traceback.is_none()
                && let Some(exception) = as_exception(&exception)
            {
                exception.set_traceback(None);
            }
            Raised::restore(exception)
        }
        Err(raised) => raised,
    })
}

/// Takes the exception as class, instance and traceback (`PyErr_Fetch`).
pub fn take_normalized() -> Option<(Ref<Object>, Ref<Object>, Option<Ref<Traceback>>)> {
    let exception = Raised::take_if_set()?;
    let class = exception.type_of().to_owned().into_object();
    let traceback = as_exception(&exception).and_then(|exception| exception.traceback());
    Some((class, exception, traceback))
}

/// The `raise` statement. Answers with `true` when an exception is raised again as it is (a bare `raise`), which adds no
/// line to its traceback.
#[cold]
pub fn raise_statement(exception: Option<Borrowed<'_, Object>>, cause: Option<Borrowed<'_, Object>>) -> (Raised, bool) {
    let Some(exception) = exception else {
        return match thread::handled_exception() {
            Some(handled) => (Raised::restore(handled), true),
            None => (raise!(RuntimeError, "No active exception to reraise"), false),
        };
    };
    let raised = match prepare(exception, cause) {
        Ok(exception) => crate::object::raise_instance(exception),
        Err(raised) => raised,
    };
    (raised, false)
}

fn prepare(exception: Borrowed<'_, Object>, cause: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    let instance = if is_exception_class(exception) {
        call_class(exception)?
    } else if is_exception_instance(exception) {
        exception.to_owned()
    } else {
        return Err(raise!(TypeError, "exceptions must derive from BaseException"));
    };
    if let Some(cause) = cause {
        let cause = if is_exception_class(cause) {
            Some(call_class(cause)?)
        } else if is_exception_instance(cause) {
            Some(cause.to_owned())
        } else if cause.is_none() {
            None
        } else {
            return Err(raise!(TypeError, "exception causes must derive from BaseException"));
        };
        if let Some(instance) = as_exception(&instance) {
            instance.set_cause(cause);
        }
    }
    Ok(instance)
}

fn call_class(class: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let instance = class.call0()?;
    if !is_exception_instance(instance.borrow()) {
        return Err(raise!(
            TypeError,
            "calling {} should have returned an instance of BaseException, not {}",
            class.to_repr_text(),
            instance.type_of().as_object().to_repr_text()
        ));
    }
    Ok(instance)
}

/// `object` as an exception handle, for those who hold one as an object.
pub fn exception(object: &Ref<Object>) -> Option<Borrowed<'_, BaseException>> {
    as_exception(object)
}
