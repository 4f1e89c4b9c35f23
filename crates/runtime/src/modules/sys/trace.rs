//! `sys.settrace`, `sys.setprofile`: functions that the engine calls at events.
//!
//! A thread has at most one of each, as a native function and its object (`PyEval_SetTrace`); for functions of Python the
//! native one is a trampoline. `interp/monitoring/legacy.rs` makes the events. CPython: `Python/sysmodule.c`.

use core::ffi::c_int as int;

use super::Sys;
use crate::abi::{PyFrameObject, PyObject, PyThreadState, PyTrace_CALL};
use crate::interp::monitoring::legacy::{set_profile, set_trace};
use crate::prelude::*;
use crate::thread::{self, Slot};

#[pymethods(part = TRACE)]
impl Sys {
    #[function(signature = "(function, /)")]
    fn settrace(function: Borrowed<'_, Object>) -> PyResult<()> {
        set_trace_object(thread::current_ptr(), function)
    }

    #[function(signature = "(function, /)")]
    fn _settraceallthreads(function: Borrowed<'_, Object>) -> PyResult<()> {
        for state in states() {
            set_trace_object(state, function)?;
        }
        Ok(())
    }

    #[function(signature = "()")]
    fn gettrace() -> Ref<Object> {
        Slot::of(&thread::current().c_traceobj).get().unwrap_or_else(none)
    }

    #[function(signature = "(function, /)")]
    fn setprofile(function: Borrowed<'_, Object>) -> PyResult<()> {
        set_profile_object(thread::current_ptr(), function)
    }

    #[function(signature = "(function, /)")]
    fn _setprofileallthreads(function: Borrowed<'_, Object>) -> PyResult<()> {
        for state in states() {
            set_profile_object(state, function)?;
        }
        Ok(())
    }

    #[function(signature = "()")]
    fn getprofile() -> Ref<Object> {
        Slot::of(&thread::current().c_profileobj).get().unwrap_or_else(none)
    }

    /// Calls `func(*args)` with tracing on, inside of a tracing function.
    #[function(signature = "(func, args, /)")]
    fn call_tracing(func: Borrowed<'_, Object>, args: Borrowed<'_, Tuple>) -> PyResult<Ref<Object>> {
        let state = thread::current();
        let (tracing, event) = (state.tracing.replace(0), state.what_event.get());
        let result = func.call_tuple(args, None);
        state.tracing.set(tracing);
        state.what_event.set(event);
        result
    }
}

fn states() -> Vec<*mut PyThreadState> {
    let mut states = Vec::new();
    thread::interpreter().for_each_thread(|state| states.push(state));
    states
}

fn set_trace_object(state: *mut PyThreadState, function: Borrowed<'_, Object>) -> PyResult<()> {
    if function.is_none() {
        return set_trace(state, None, None);
    }
    set_trace(state, Some(trace_trampoline), Some(function.to_owned()))
}

fn set_profile_object(state: *mut PyThreadState, function: Borrowed<'_, Object>) -> PyResult<()> {
    if function.is_none() {
        return set_profile(state, None, None);
    }
    set_profile(state, Some(profile_trampoline), Some(function.to_owned()))
}

/// The event's name for Python, by number.
fn event_name(event: int) -> Borrowed<'static, Str> {
    match event {
        0 => id!("call"),
        1 => id!("exception"),
        2 => id!("line"),
        3 => id!("return"),
        4 => id!("c_call"),
        5 => id!("c_exception"),
        6 => id!("c_return"),
        _ => id!("opcode"),
    }
}

/// Calls `callback(frame, event, argument)`.
unsafe fn call_callback(
    callback: Borrowed<'_, Object>,
    frame: *mut PyFrameObject,
    event: int,
    argument: *mut PyObject,
) -> PyResult<Ref<Object>> {
    // SAFETY: the engine passes a live frame object, and a live argument or null.
    unsafe {
        let frame: Borrowed<'_, Object> = Borrowed::from_ptr(frame);
        let absent = none();
        let argument = Borrowed::from_ptr_or_null(argument).unwrap_or(absent.borrow());
        callback.call(&[frame, event_name(event).upcast(), argument])
    }
}

/// What is installed for a profiling function of Python.
unsafe extern "C" fn profile_trampoline(
    callback: *mut PyObject,
    frame: *mut PyFrameObject,
    event: int,
    argument: *mut PyObject,
) -> int {
    // SAFETY: the engine passes the object that was registered.
    let outcome = unsafe { call_callback(Borrowed::from_ptr(callback), frame, event, argument) };
    match outcome {
        Ok(_) => 0,
        Err(raised) => {
            abandon(raised, false);
            -1
        }
    }
}

/// What is installed for a tracing function of Python: the frame's own function sees the events after its call.
unsafe extern "C" fn trace_trampoline(
    global: *mut PyObject,
    frame: *mut PyFrameObject,
    event: int,
    argument: *mut PyObject,
) -> int {
    // SAFETY: the engine passes the object that was registered and a live frame object.
    unsafe {
        let local = Slot::of(&(*frame).f_trace);
        let callback: Option<Ref<Object>> =
            if event == PyTrace_CALL { Ref::from_borrowed_ptr_or_null(global) } else { local.get() };
        let Some(callback) = callback else { return 0 };
        match call_callback(callback.borrow(), frame, event, argument) {
            Ok(result) => {
                if !result.is_none() {
                    local.set(Some(result));
                }
                0
            }
            Err(raised) => {
                abandon(raised, true);
                local.set(None);
                -1
            }
        }
    }
}

/// A callback raised: it is not called any more, and the exception goes on.
fn abandon(raised: Raised, trace: bool) {
    let exception = raised.take();
    let state = thread::current_ptr();
    let unset = if trace { set_trace(state, None, None) } else { set_profile(state, None, None) };
    if let Err(raised) = unset {
        raised.clear();
    }
    let _raised = Raised::restore(exception);
}
