//! Resuming from native code: `send`, `throw`, `close`, the finalizer.

use core::ptr;

use taipan_compiler::opcode::Opcode;

use super::raw;
use super::{AsyncGenWrappedValue, AsyncGenerator, Coroutine, Generator};
use crate::abi::{FRAME_CLEARED, FRAME_CREATED, FRAME_EXECUTING, FRAME_SUSPENDED_YIELD_FROM, PyGenObject};
use crate::interp::call;
use crate::interp::dispatch::Machine;
use crate::interp::frame;
use crate::interp::monitoring;
use crate::interp::stackref::StackRef;
use crate::prelude::*;
use crate::types::exceptions::{self, BaseException, GeneratorExit, StopIteration};

/// The bit in the operand of `RESUME` behind a `yield` that stands in no `try`.
const RESUME_OUTSIDE_TRY: u16 = taipan_compiler::opcode::resume::DEPTH1_MASK as u16;

pub(super) fn raw_of(object: &Ref<Object>) -> &PyGenObject {
    // SAFETY: callers pass one of the three kinds, which share the layout.
    unsafe { &*object.as_ptr().cast::<PyGenObject>() }
}

fn kind(object: &Ref<Object>) -> &'static str {
    if object.is_exact::<Coroutine>() {
        "coroutine"
    } else if object.is_exact::<AsyncGenerator>() {
        "async generator"
    } else {
        "generator"
    }
}

/// How a generator is resumed.
enum With<'a> {
    Value(Borrowed<'a, Object>),
    /// The exception that is set.
    Exception,
}

/// Runs the frame until it yields, returns or raises.
fn resume(object: &Ref<Object>, with: With<'_>, closing: bool) -> SendResult {
    let generator = raw_of(object);
    let state = generator.gi_frame_state.get();
    if let With::Value(value) = &with
        && state == FRAME_CREATED
        && !value.is_none()
    {
        let message = match kind(object) {
            "coroutine" => "can't send non-None value to a just-started coroutine",
            "async generator" => "can't send non-None value to a just-started async generator",
            _ => "can't send non-None value to a just-started generator",
        };
        return SendResult::Error(raise!(TypeError, "{message}"));
    }
    if state == FRAME_EXECUTING {
        drop(Raised::take_if_set());
        return SendResult::Error(raise!(ValueError, "{} already executing", kind(object)));
    }
    if state > FRAME_EXECUTING {
        return match with {
            With::Exception if object.is_exact::<Coroutine>() && !closing => {
                drop(Raised::take_if_set());
                SendResult::Error(raise!(RuntimeError, "cannot reuse already awaited coroutine"))
            }
            With::Exception => SendResult::Error(Raised::assume_set()),
            With::Value(_) if object.is_exact::<Coroutine>() && !closing => {
                SendResult::Error(raise!(RuntimeError, "cannot reuse already awaited coroutine"))
            }
            With::Value(_) => SendResult::Return(none()),
        };
    }
    // SAFETY: the generator is suspended; its frame is complete.
    unsafe {
        let thread = crate::thread::current_ptr();
        let target = (&raw const generator.gi_iframe).cast_mut();
        let raised = matches!(with, With::Exception);
        let value = match with {
            With::Value(value) => StackRef::from_ref(value.to_owned()),
            With::Exception => StackRef::none(),
        };
        Machine { frame: target, thread }.push(value);
        generator.gi_frame_state.set(FRAME_EXECUTING);
        generator.gi_exc_state.previous_item.set((*thread).exc_info.get());
        (*thread).exc_info.set((&raw const generator.gi_exc_state).cast_mut());
        if raised {
            chain_context(generator);
        }
        // Keeps the object while its frame runs.
        let _keep = object.clone();
        let result = call::run_generator(thread, target, raised);
        match result {
            Ok(value) if generator.gi_frame_state.get() < FRAME_EXECUTING => SendResult::Next(value),
            Ok(value) => SendResult::Return(value),
            Err(raised) => {
                if generator.gi_frame_state.get() == FRAME_EXECUTING {
                    // The frame did not start: the limit of recursion.
                    generator.gi_frame_state.set(state);
                    Machine { frame: target, thread }.pop().close();
                    (*thread).exc_info.set(generator.gi_exc_state.previous_item.replace(ptr::null_mut()));
                }
                SendResult::Error(raised)
            }
        }
    }
}

/// An exception thrown into a generator that is handling another has that one as its context.
fn chain_context(generator: &PyGenObject) {
    let handled = generator.gi_exc_state.exc_value.get();
    if handled.is_null() || handled == crate::object::none_ptr() {
        return;
    }
    if let Some(exception) = Raised::take_if_set() {
        let _ = crate::object::raise_instance(exception);
    }
}

/// `send` without the wrapping of a return value in StopIteration (`am_send`).
pub(super) fn send(object: &Ref<Object>, value: Borrowed<'_, Object>) -> SendResult {
    resume(object, With::Value(value), false)
}

/// Sends `value` into any iterator: by `am_send`, `__next__` or `send` (`PyIter_Send`).
pub fn send_to(receiver: &Ref<Object>, value: Borrowed<'_, Object>) -> SendResult {
    // SAFETY: null or the type's table; the slot takes live objects.
    unsafe {
        if let Some(table) = receiver.type_of().tp_as_async.get().as_ref()
            && let Some(send) = table.am_send.get()
        {
            let mut result = ptr::null_mut();
            let outcome = send(receiver.as_ptr(), value.as_ptr(), &raw mut result);
            return match (outcome, Ref::from_owned_ptr_or_null(result)) {
                (0, Some(result)) => SendResult::Return(result),
                (1, Some(result)) => SendResult::Next(result),
                _ => SendResult::Error(crate::object::protocol::attr::missing_exception_checked()),
            };
        }
        let result = if value.is_none() && receiver.is_iterator() {
            match receiver.type_of().tp_iternext.get() {
                Some(next) => match Ref::<Object>::from_owned_ptr_or_null(next(receiver.as_ptr())) {
                    Some(item) => return SendResult::Next(item),
                    None if !Raised::is_set() => return SendResult::Return(none()),
                    None => Err(Raised::assume_set()),
                },
                None => receiver.call_method(id!("send"), &[value]),
            }
        } else {
            receiver.call_method(id!("send"), &[value])
        };
        match result {
            Ok(item) => SendResult::Next(item),
            Err(raised) => match stop_iteration_value(raised) {
                Ok(value) => SendResult::Return(value),
                Err(raised) => SendResult::Error(raised),
            },
        }
    }
}

/// The value of the StopIteration that is set; any other exception goes on.
pub(super) fn stop_iteration_value(raised: Raised) -> PyResult<Ref<Object>> {
    if !raised.is_a::<StopIteration>() {
        return Err(raised);
    }
    raised.take().getattr(id!("value"))
}

/// StopIteration with a value, as a return from a generator becomes for Python code.
pub(super) fn raise_stop_iteration(value: Ref<Object>) -> Raised {
    if value.is_none() {
        return match StopIteration::type_object().as_object().call0() {
            Ok(exception) => Raised::restore(exception),
            Err(raised) => raised,
        };
    }
    // A call, not an instance check: a tuple or an exception is a value like any other.
    match StopIteration::type_object().as_object().call1(value.borrow()) {
        Ok(exception) => Raised::restore(exception),
        Err(raised) => raised,
    }
}

/// StopAsyncIteration, as the end of an asynchronous generator.
pub(super) fn stop_async_iteration() -> Raised {
    match exceptions::StopAsyncIteration::type_object().as_object().call0() {
        Ok(exception) => Raised::restore(exception),
        Err(raised) => raised,
    }
}

/// `send` as a method.
pub(super) fn send_method(object: &Ref<Object>, value: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    match resume(object, With::Value(value), false) {
        SendResult::Next(value) => Ok(value),
        SendResult::Return(_) if object.is_exact::<AsyncGenerator>() => Err(stop_async_iteration()),
        SendResult::Return(value) => Err(raise_stop_iteration(value)),
        SendResult::Error(raised) => Err(raised),
    }
}

/// `__next__`: a plain end is no exception.
pub(super) fn next(object: &Ref<Object>) -> PyResult<Option<Ref<Object>>> {
    match resume(object, With::Value(none().borrow()), false) {
        SendResult::Next(value) => Ok(Some(value)),
        SendResult::Return(value) if value.is_none() && !object.is_exact::<AsyncGenerator>() => Ok(None),
        SendResult::Return(_) if object.is_exact::<AsyncGenerator>() => Err(stop_async_iteration()),
        SendResult::Return(value) => Err(raise_stop_iteration(value)),
        SendResult::Error(raised) => Err(raised),
    }
}

/// Closes what the generator waits for.
fn close_inner(inner: &Ref<Object>) -> PyResult<()> {
    if inner.is_exact::<Generator>() || inner.is_exact::<Coroutine>() {
        return close(inner).map(|_| ());
    }
    match inner.lookup_attr(id!("close")) {
        Ok(Some(method)) => method.call0().map(|_| ()),
        Ok(None) => Ok(()),
        Err(raised) => {
            crate::types::exceptions::report_unraisable(
                raised,
                "Exception ignored while closing generator",
                Some(inner.borrow()),
            );
            Ok(())
        }
    }
}

/// `close()`: GeneratorExit at the place of suspension; what the generator returns then is the result.
pub(super) fn close(object: &Ref<Object>) -> PyResult<Ref<Object>> {
    let generator = raw_of(object);
    let state = generator.gi_frame_state.get();
    if state == FRAME_CREATED {
        generator.gi_frame_state.set(FRAME_CLEARED);
        // SAFETY: the frame has not started.
        unsafe {
            raw::clear_frame(crate::thread::current_ptr(), (&raw const generator.gi_iframe).cast_mut());
        }
        return Ok(none());
    }
    if state > FRAME_EXECUTING {
        return Ok(none());
    }
    // After a plain `yield` in no `try` the exception would only go through the handler that the compiler puts around
    // every generator: nothing of the program's can see it.
    // SAFETY: the frame is suspended, at the instruction where it goes on.
    unsafe {
        let frame = (&raw const generator.gi_iframe).cast_mut();
        let code = frame::code(frame);
        let index = frame::instruction_index(frame);
        let unit = *frame::first_instruction(code).cast::<u16>().add(index);
        let base = monitoring::install::base_opcode(code, index);
        let unseen = monitoring::global_tools(monitoring::event::PY_UNWIND) == 0;
        if unseen && base == Opcode::RESUME as u8 && (unit >> 8) & RESUME_OUTSIDE_TRY != 0 {
            generator.gi_frame_state.set(FRAME_CLEARED);
            raw::clear_frame(crate::thread::current_ptr(), frame);
            return Ok(none());
        }
    }
    let mut inner_error = None;
    if let Some(inner) = raw::yield_from(generator) {
        generator.gi_frame_state.set(FRAME_EXECUTING);
        inner_error = close_inner(&inner).err();
        generator.gi_frame_state.set(state);
    }
    if inner_error.is_none() {
        let _ = raise_generator_exit();
    }
    match resume(object, With::Exception, true) {
        SendResult::Next(_) => Err(raise!(RuntimeError, "{} ignored GeneratorExit", kind(object))),
        SendResult::Return(value) => Ok(value),
        SendResult::Error(raised) => {
            if raised.is_a::<GeneratorExit>() || raised.is_a::<StopIteration>() {
                raised.clear();
                return Ok(none());
            }
            Err(raised)
        }
    }
}

fn raise_generator_exit() -> Raised {
    match GeneratorExit::type_object().as_object().call0() {
        Ok(exception) => Raised::restore(exception),
        Err(raised) => raised,
    }
}

/// `throw(type[, value[, traceback]])`.
pub(super) fn throw(
    object: &Ref<Object>,
    exception: Borrowed<'_, Object>,
    value: Option<Borrowed<'_, Object>>,
    traceback: Option<Borrowed<'_, Object>>,
) -> PyResult<Ref<Object>> {
    match throw_raw(object, exception, value, traceback) {
        SendResult::Next(value) => Ok(value),
        SendResult::Return(_) if object.is_exact::<AsyncGenerator>() => Err(stop_async_iteration()),
        SendResult::Return(value) => Err(raise_stop_iteration(value)),
        SendResult::Error(raised) => Err(raised),
    }
}

pub(super) fn throw_raw(
    object: &Ref<Object>,
    exception: Borrowed<'_, Object>,
    value: Option<Borrowed<'_, Object>>,
    traceback: Option<Borrowed<'_, Object>>,
) -> SendResult {
    let generator = raw_of(object);
    if let Some(inner) = raw::yield_from(generator) {
        let state = generator.gi_frame_state.get();
        debug_assert!(state == FRAME_SUSPENDED_YIELD_FROM);
        let is_exit = exception.downcast::<Type>().is_some_and(|class| class.is_subtype(&GeneratorExit::type_object()))
            || exception.is_instance_of::<GeneratorExit>();
        if is_exit {
            generator.gi_frame_state.set(FRAME_EXECUTING);
            let closed = close_inner(&inner);
            generator.gi_frame_state.set(state);
            if closed.is_err() {
                return resume(object, With::Exception, false);
            }
            return throw_here(object, exception, value, traceback);
        }
        let thrown = if inner.is_exact::<Generator>() || inner.is_exact::<Coroutine>() {
            as_running(generator, || throw(&inner, exception, value, traceback))
        } else {
            match inner.lookup_attr(id!("throw")) {
                Ok(Some(method)) => {
                    let mut args = vec![exception];
                    args.extend(value);
                    args.extend(traceback);
                    as_running(generator, || method.call(&args))
                }
                Ok(None) => return throw_here(object, exception, value, traceback),
                Err(raised) => return SendResult::Error(raised),
            }
        };
        return match thrown {
            Ok(value) => SendResult::Next(value),
            // The inner iterator ended or raised: CLEANUP_THROW at the place of suspension deals with either.
            Err(_) => resume(object, With::Exception, false),
        };
    }
    throw_here(object, exception, value, traceback)
}

/// Calls into the iterator that a suspended generator waits for: the generator's frame stands on the stack meanwhile.
fn as_running<T>(generator: &PyGenObject, body: impl FnOnce() -> T) -> T {
    // SAFETY: the generator is suspended and held by the caller; its frame is complete, and leaves the stack again.
    unsafe {
        let thread = crate::thread::current_ptr();
        let frame = (&raw const generator.gi_iframe).cast_mut();
        let (state, previous) = (generator.gi_frame_state.replace(FRAME_EXECUTING), (*thread).current_frame.get());
        (*frame).previous.set(previous);
        (*thread).current_frame.set(frame);
        let result = body();
        (*thread).current_frame.set(previous);
        (*frame).previous.set(ptr::null_mut());
        generator.gi_frame_state.set(state);
        result
    }
}

/// Raises at the generator's own place of suspension.
fn throw_here(
    object: &Ref<Object>,
    exception: Borrowed<'_, Object>,
    value: Option<Borrowed<'_, Object>>,
    traceback: Option<Borrowed<'_, Object>>,
) -> SendResult {
    let value = value.filter(|value| !value.is_none());
    let traceback = traceback.filter(|traceback| !traceback.is_none());
    if traceback.is_some_and(|traceback| !traceback.is_instance_of::<crate::types::traceback::Traceback>()) {
        return SendResult::Error(raise!(TypeError, "throw() third argument must be a traceback object"));
    }
    let instance = if exception.is_instance_of::<BaseException>() {
        if value.is_some() {
            return SendResult::Error(raise!(TypeError, "instance exception may not have a separate value"));
        }
        exception.to_owned()
    } else if exception.downcast::<Type>().is_some_and(|class| class.is_subtype(&BaseException::type_object())) {
        match exceptions::instantiate(exception, value) {
            Ok(instance) => instance,
            // What came instead of the exception is thrown.
            Err(raised) => raised.take(),
        }
    } else {
        return SendResult::Error(raise!(
            TypeError,
            "exceptions must be classes or instances deriving from BaseException, not {}",
            exception.type_name()
        ));
    };
    if let Some(traceback) = traceback {
        exceptions::set_traceback(&instance, Some(traceback.to_owned()));
    }
    let _ = Raised::restore(instance);
    resume(object, With::Exception, false)
}

/// The value of `yield` in an asynchronous generator, wrapped so that it is told from what `await` passes on.
pub fn wrap_async_value(value: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    Ok(AsyncGenWrappedValue::new(value.to_owned())?.into_object())
}

/// `tp_finalize`: closes a generator that nobody waits for any more; warns of a coroutine that never ran.
pub fn finalize(object: &Ref<Object>) {
    let generator = raw_of(object);
    if generator.gi_frame_state.get() > FRAME_EXECUTING {
        return;
    }
    let _aside = Raised::aside();
    if object.is_exact::<AsyncGenerator>() && generator.gi_hooks_inited.get() != 0 {
        // SAFETY: null or a live object.
        let finalizer: Option<Ref<Object>> =
            unsafe { Ref::from_borrowed_ptr_or_null(generator.gi_origin_or_finalizer.get()) };
        if let Some(finalizer) = finalizer
            && generator.gi_closed.get() == 0
        {
            if let Err(raised) = finalizer.call1(object.borrow()) {
                crate::types::exceptions::report_unraisable(
                    raised,
                    "Exception ignored while finalizing generator",
                    Some(object.borrow()),
                );
            }
            return;
        }
    }
    if object.is_exact::<Coroutine>() && raw::is_created(generator) {
        super::coroutine::warn_never_awaited(object);
    }
    if let Err(raised) = close(object) {
        crate::types::exceptions::report_unraisable(
            raised,
            "Exception ignored while closing generator",
            Some(object.borrow()),
        );
    }
}
