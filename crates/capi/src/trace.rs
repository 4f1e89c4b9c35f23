//! `cpython/monitoring.h`: events of `sys.monitoring` that native code fires for what it executes itself.
//!
//! A scope of native code keeps a state for each kind of event: the tools that watch it. It fires an event only where its
//! state says that someone does; a tool that disables the event is taken out of the state. (`PyEval_SetTrace` and its like
//! stand with the thread states.)

use core::slice;

use taipan_runtime::abi::{Py_ssize_t, PyMonitoringState, PyObject};
use taipan_runtime::interp::monitoring::{self, NAMES, event, fire};
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::StopIteration;

/// Brings the states of a scope up to date.
///
/// # Safety
/// `states` and `events` have `length` entries; `version` is the scope's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyMonitoring_EnterScope(
    states: *mut PyMonitoringState,
    version: *mut u64,
    events: *const u8,
    length: Py_ssize_t,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let now = monitoring::version() as u64;
        if *version != now && length > 0 {
            let states = slice::from_raw_parts(states, length as usize);
            let events = slice::from_raw_parts(events, length as usize);
            for (state, &event) in states.iter().zip(events) {
                state.active.set(match event as usize {
                    event if event < monitoring::UNGROUPED_EVENTS => monitoring::global_tools(event),
                    event::C_RETURN | event::C_RAISE => monitoring::global_tools(event::CALL),
                    _ => 0,
                });
            }
        }
        *version = now;
    }
    0
}

#[unsafe(no_mangle)]
pub extern "C" fn PyMonitoring_ExitScope() -> c_int {
    0
}

/// What an event gives its callbacks in place of the offset, or after it.
enum Extra<'a> {
    Offset,
    Line(c_int),
    One(Borrowed<'a, Object>),
    Two(Borrowed<'a, Object>, Borrowed<'a, Object>),
}

/// # Safety
/// C passes a live state and a live object that stands for the code.
unsafe fn fire_event(
    state: *mut PyMonitoringState,
    code: *mut PyObject,
    offset: i32,
    event: usize,
    extra: Extra<'_>,
) -> PyResult<()> {
    // SAFETY: by contract.
    let (state, code) = unsafe { (&*state, Borrowed::<Object>::from_ptr(code)) };
    if offset < 0 {
        return Err(raise!(ValueError, "offset must be non-negative"));
    }
    let number = match &extra {
        Extra::Line(line) => Int::from_i64((*line).into())?,
        _ => Int::from_i64(offset.into())?,
    };
    let mut args = [code, number.as_borrowed(), code, code];
    let count = match extra {
        Extra::Offset | Extra::Line(_) => 2,
        Extra::One(first) => {
            args[2] = first;
            3
        }
        Extra::Two(first, second) => {
            (args[2], args[3]) = (first, second);
            4
        }
    };
    let left = fire::fire_native(state.active.get(), event, &args[..count])?;
    state.active.set(left);
    Ok(())
}

/// As [`fire_event`] with the exception that is set, which is set again unless a callback raises.
unsafe fn fire_exception(
    state: *mut PyMonitoringState,
    code: *mut PyObject,
    offset: i32,
    event: usize,
) -> PyResult<()> {
    let Some(exception) = Raised::take_if_set() else {
        return Err(raise!(ValueError, "Firing event {event} with no exception set"));
    };
    debug_assert!(event < NAMES.len());
    // SAFETY: by contract.
    unsafe { fire_event(state, code, offset, event, Extra::One(exception.borrow()))? };
    let _raised = Raised::restore(exception);
    Ok(())
}

fn status(outcome: PyResult<()>) -> c_int {
    if outcome.is_ok() { 0 } else { -1 }
}

macro_rules! plain {
    ($($name:ident = $event:ident;)*) => {$(
        /// # Safety
        /// As [`fire_event`].
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(state: *mut PyMonitoringState, code: *mut PyObject, offset: i32) -> c_int {
            // SAFETY: by contract.
            status(unsafe { fire_event(state, code, offset, event::$event, Extra::Offset) })
        }
    )*};
}

macro_rules! with_object {
    ($($name:ident = $event:ident;)*) => {$(
        /// # Safety
        /// As [`fire_event`], with a live object.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            state: *mut PyMonitoringState,
            code: *mut PyObject,
            offset: i32,
            object: *mut PyObject,
        ) -> c_int {
            // SAFETY: by contract.
            status(unsafe { fire_event(state, code, offset, event::$event, Extra::One(Borrowed::from_ptr(object))) })
        }
    )*};
}

macro_rules! with_exception {
    ($($name:ident = $event:ident;)*) => {$(
        /// # Safety
        /// As [`fire_event`].
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(state: *mut PyMonitoringState, code: *mut PyObject, offset: i32) -> c_int {
            // SAFETY: by contract.
            status(unsafe { fire_exception(state, code, offset, event::$event) })
        }
    )*};
}

plain! {
    _PyMonitoring_FirePyStartEvent = PY_START;
    _PyMonitoring_FirePyResumeEvent = PY_RESUME;
}

with_object! {
    _PyMonitoring_FirePyReturnEvent = PY_RETURN;
    _PyMonitoring_FirePyYieldEvent = PY_YIELD;
    _PyMonitoring_FireJumpEvent = JUMP;
    _PyMonitoring_FireBranchEvent = BRANCH_RIGHT;
    _PyMonitoring_FireBranchRightEvent = BRANCH_RIGHT;
    _PyMonitoring_FireBranchLeftEvent = BRANCH_LEFT;
    _PyMonitoring_FireCReturnEvent = C_RETURN;
}

with_exception! {
    _PyMonitoring_FirePyThrowEvent = PY_THROW;
    _PyMonitoring_FireRaiseEvent = RAISE;
    _PyMonitoring_FireReraiseEvent = RERAISE;
    _PyMonitoring_FireExceptionHandledEvent = EXCEPTION_HANDLED;
    _PyMonitoring_FireCRaiseEvent = C_RAISE;
    _PyMonitoring_FirePyUnwindEvent = PY_UNWIND;
}

/// # Safety
/// As [`fire_event`], with live objects.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyMonitoring_FireCallEvent(
    state: *mut PyMonitoringState,
    code: *mut PyObject,
    offset: i32,
    callable: *mut PyObject,
    argument: *mut PyObject,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let extra = Extra::Two(Borrowed::from_ptr(callable), Borrowed::from_ptr(argument));
        status(fire_event(state, code, offset, event::CALL, extra))
    }
}

/// # Safety
/// As [`fire_event`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyMonitoring_FireLineEvent(
    state: *mut PyMonitoringState,
    code: *mut PyObject,
    offset: i32,
    line: c_int,
) -> c_int {
    // SAFETY: by contract.
    status(unsafe { fire_event(state, code, offset, event::LINE, Extra::Line(line)) })
}

/// # Safety
/// As [`fire_event`], with a live value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn _PyMonitoring_FireStopIterationEvent(
    state: *mut PyMonitoringState,
    code: *mut PyObject,
    offset: i32,
    value: *mut PyObject,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let value: Borrowed<'_, Object> = Borrowed::from_ptr(value);
        let outcome = StopIteration::type_object().as_object().call1(value).and_then(|exception| {
            fire_event(state, code, offset, event::STOP_ITERATION, Extra::One(exception.borrow()))
        });
        status(outcome)
    }
}
