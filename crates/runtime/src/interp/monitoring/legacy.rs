//! `sys.settrace` and `sys.setprofile` as tools of monitoring: their events made of those of PEP 669.
//!
//! A thread has at most one tracing and one profiling function. The tools watch while any thread has one; in threads
//! without, their callbacks do nothing. CPython: `Python/legacy_tracing.c`.

use core::cell::Cell;

use super::{PROFILE_TOOL, TRACE_TOOL, event, fire, lines};
use crate::abi::{
    Py_tracefunc, PyFrameObject, PyObject, PyThreadState, PyTrace_C_CALL, PyTrace_C_EXCEPTION, PyTrace_C_RETURN,
    PyTrace_CALL, PyTrace_EXCEPTION, PyTrace_LINE, PyTrace_OPCODE, PyTrace_RETURN,
};
use crate::interp::frame::{self, Frame};
use crate::prelude::*;
use crate::thread::{self, Slot};
use crate::types::builtin_function::CFunction;
use crate::types::descr::MethodDescr;
use crate::types::frame::FrameObject;
use crate::types::{Code, exceptions};

const PROFILE_EVENTS: u32 = 1 << event::PY_START
    | 1 << event::PY_RESUME
    | 1 << event::PY_RETURN
    | 1 << event::PY_YIELD
    | 1 << event::CALL
    | 1 << event::PY_UNWIND
    | 1 << event::PY_THROW;

const TRACE_EVENTS: u32 = 1 << event::PY_START
    | 1 << event::PY_RESUME
    | 1 << event::PY_RETURN
    | 1 << event::PY_YIELD
    | 1 << event::RAISE
    | 1 << event::LINE
    | 1 << event::JUMP
    | 1 << event::PY_UNWIND
    | 1 << event::PY_THROW
    | 1 << event::STOP_ITERATION;

/// How many threads trace, and how many profile.
struct Counts([Cell<usize>; 2]);
// SAFETY: guarded by the GIL.
unsafe impl Sync for Counts {}
static THREADS: Counts = Counts([const { Cell::new(0) }; 2]);

/// Keeps count of the threads with a function, by what one thread had and has now.
fn count(place: usize, was: bool, is: bool) -> usize {
    let cell = &THREADS.0[place];
    cell.set((cell.get() + usize::from(is)).saturating_sub(usize::from(was)));
    cell.get()
}

/// A thread's state goes: its functions no longer count.
pub fn forget_thread(traced: bool, profiled: bool) {
    count(0, traced, false);
    count(1, profiled, false);
}

/// Sets the tracing function of a thread (`PyEval_SetTrace`).
pub fn set_trace(
    state: *mut PyThreadState,
    function: Option<Py_tracefunc>,
    object: Option<Ref<Object>>,
) -> PyResult<()> {
    crate::modules::sys::audit("sys.settrace", &[])?;
    // SAFETY: a linked state; the GIL is held.
    let state = unsafe { &*state };
    let threads = count(0, state.c_tracefunc.get().is_some(), function.is_some());
    state.c_tracefunc.set(function);
    let old = Slot::of(&state.c_traceobj).replace(object);
    drop(old);
    super::set_events(TRACE_TOOL, if threads > 0 { TRACE_EVENTS } else { 0 })?;
    if function.is_some()
        && let Some(frame) = crate::types::frame::current()?
        && frame.0.f_trace_opcodes.get() != 0
    {
        return set_opcode_trace(&frame, true);
    }
    Ok(())
}

/// Sets the profiling function of a thread (`PyEval_SetProfile`).
pub fn set_profile(
    state: *mut PyThreadState,
    function: Option<Py_tracefunc>,
    object: Option<Ref<Object>>,
) -> PyResult<()> {
    crate::modules::sys::audit("sys.setprofile", &[])?;
    // SAFETY: a linked state; the GIL is held.
    let state = unsafe { &*state };
    let threads = count(1, state.c_profilefunc.get().is_some(), function.is_some());
    state.c_profilefunc.set(function);
    let old = Slot::of(&state.c_profileobj).replace(object);
    drop(old);
    super::set_events(PROFILE_TOOL, if threads > 0 { PROFILE_EVENTS } else { 0 })
}

/// Turns `opcode` events for the code of a frame on or off.
pub fn set_opcode_trace(frame: &Ref<FrameObject>, on: bool) -> PyResult<()> {
    let code: Ref<Code> = frame.code();
    let events = super::local_events(TRACE_TOOL, code.raw())?;
    let bit = 1 << event::INSTRUCTION;
    let wanted = if on { events | bit } else { events & !bit };
    if events == wanted { Ok(()) } else { super::set_local_events(TRACE_TOOL, &code, wanted) }
}

/// Calls a native function of a thread; the frame's line is that of its instruction again afterwards.
fn call_native(
    function: Py_tracefunc,
    object: &Slot,
    frame: &Ref<FrameObject>,
    event: c_int,
    argument: *mut PyObject,
) -> PyResult<()> {
    let object = object.get();
    // SAFETY: the objects are held here; the argument is live or null.
    let status = unsafe {
        function(
            object.as_ref().map_or(core::ptr::null_mut(), |object| object.as_ptr()),
            frame.as_ptr().cast::<PyFrameObject>(),
            event,
            argument,
        )
    };
    frame.0.f_lineno.set(0);
    if status == 0 { Ok(()) } else { Err(crate::object::protocol::attr::missing_exception_checked()) }
}

fn current_frame(what: &str) -> PyResult<Ref<FrameObject>> {
    match crate::types::frame::current()? {
        Some(frame) => Ok(frame),
        None => Err(raise!(SystemError, "Missing frame when calling {what} function.")),
    }
}

/// An event for `sys.setprofile`; `args` are those of a monitoring callback. Never asks to be disabled.
pub fn profile(event: usize, args: &[Borrowed<'_, Object>]) -> PyResult<bool> {
    let state = thread::current();
    let Some(function) = state.c_profilefunc.get() else { return Ok(false) };
    let call = |kind: c_int, argument: *mut PyObject| {
        call_native(function, Slot::of(&state.c_profileobj), &current_frame("profile")?, kind, argument).map(|()| false)
    };
    match event {
        event::PY_START | event::PY_RESUME | event::PY_THROW => call(PyTrace_CALL, none().as_ptr()),
        event::PY_RETURN | event::PY_YIELD => call(PyTrace_RETURN, args[2].as_ptr()),
        event::PY_UNWIND => call(PyTrace_RETURN, core::ptr::null_mut()),
        _ => {
            let kind = match event {
                event::CALL => PyTrace_C_CALL,
                event::C_RETURN => PyTrace_C_RETURN,
                _ => PyTrace_C_EXCEPTION,
            };
            let callable = args[2];
            if callable.is_instance_of::<CFunction>() {
                return call(kind, callable.as_ptr());
            }
            if callable.is_exact::<MethodDescr>() {
                // Profilers know methods of built-in types as bound ones.
                let instance = args[3];
                if instance.is(&super::missing()?) {
                    return Ok(false);
                }
                let method = callable.to_owned().bind(Some(instance), instance.type_of().upcast())?;
                return call(kind, method.as_ptr());
            }
            Ok(false)
        }
    }
}

/// An event for `sys.settrace`; answers `true` to be disabled at this place.
pub fn trace(event: usize, args: &[Borrowed<'_, Object>]) -> PyResult<bool> {
    let state = thread::current();
    let Some(function) = state.c_tracefunc.get() else { return Ok(false) };
    let object = Slot::of(&state.c_traceobj);
    let call = |kind: c_int, argument: *mut PyObject| {
        let frame = current_frame("trace")?;
        if frame.0.f_trace_opcodes.get() != 0 {
            set_opcode_trace(&frame, true)?;
        }
        call_native(function, object, &frame, kind, argument).map(|()| false)
    };
    match event {
        event::PY_START | event::PY_RESUME | event::PY_THROW => call(PyTrace_CALL, none().as_ptr()),
        event::PY_RETURN | event::PY_YIELD => call(PyTrace_RETURN, args[2].as_ptr()),
        event::PY_UNWIND => call(PyTrace_RETURN, core::ptr::null_mut()),
        event::RAISE | event::STOP_ITERATION => {
            let exception = args[2];
            let traceback = exceptions::traceback_of(&exception).unwrap_or_else(none);
            let parts = [exception.type_of().upcast().to_owned(), exception.to_owned(), traceback];
            call(PyTrace_EXCEPTION, Tuple::from_vec(parts.into())?.as_ptr())
        }
        event::INSTRUCTION => {
            let frame = current_frame("trace")?;
            if frame.0.f_trace_opcodes.get() == 0 {
                set_opcode_trace(&frame, false)?;
                return Ok(false);
            }
            call_native(function, object, &frame, PyTrace_OPCODE, none().as_ptr()).map(|()| false)
        }
        event::JUMP => {
            // A loop on one line: each round is an event. All else is the business of the line where the jump goes.
            let unit = |arg: Borrowed<'_, Object>| arg.as_index_isize().map(|offset| offset as usize / 2);
            let (from, to) = (unit(args[1])?, unit(args[2])?);
            if to > from {
                return Ok(true);
            }
            let frame = current_frame("trace")?;
            let code = frame.code();
            // SAFETY: both are instructions of the frame's code.
            let (from_line, to_line) = unsafe { (lines::line(code.raw(), from), lines::line(code.raw(), to)) };
            if from_line != to_line {
                return Ok(true);
            }
            let Some(line) = to_line.filter(|_| frame.0.f_trace_lines.get() != 0) else { return Ok(false) };
            frame.0.f_lineno.set(line);
            call_native(function, object, &frame, PyTrace_LINE, none().as_ptr()).map(|()| false)
        }
        _ => Ok(false),
    }
}

/// A line event for `sys.settrace`.
///
/// # Safety
/// `frame` is the current frame of `thread`.
pub unsafe fn trace_line(thread: *mut PyThreadState, frame: *mut Frame, line: c_int) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        let Some(function) = (*thread).c_tracefunc.get() else { return Ok(()) };
        let object = crate::types::frame::frame_object(frame)?;
        if object.0.f_trace_lines.get() == 0 {
            return Ok(());
        }
        debug_assert!(frame::code(frame) == object.code().raw());
        fire::watched(thread, event::LINE, || {
            object.0.f_lineno.set(line);
            call_native(function, Slot::of(&(*thread).c_traceobj), &object, PyTrace_LINE, none().as_ptr())
        })
    }
}
