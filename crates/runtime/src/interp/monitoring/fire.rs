//! Events: calling the tools that watch them.
//!
//! While a callback runs the thread's `tracing` is above zero and no events arise. Tools are called from the highest
//! number down: `sys.settrace`, `sys.setprofile`, then the programs' own. A callback may set `f_lineno` of the frame:
//! its `instr_ptr` has another value after the event then.

use core::ptr;

use super::install::{self, Kind};
use super::lines::{self, LineStart};
use super::{NAMES, PROFILE_TOOL, STATE, TRACE_TOOL, UNGROUPED_EVENTS, branches, event, global_tools, legacy};
use crate::abi::{PyCodeObject, PyThreadState};
use crate::interp::frame::{self, Frame};
use crate::prelude::*;
use crate::types::exceptions::StopIteration;

/// An instruction that the next `INSTRUMENTED_LINE` wants to know of.
struct Note(core::cell::Cell<*mut u16>);
// SAFETY: read and written under the GIL, and not across a place where it changes hands.
unsafe impl Sync for Note {}

/// The instruction that `f_lineno` was set to: its line event is not due once more.
static MOVED_TO: Note = Note(core::cell::Cell::new(ptr::null_mut()));

/// The jump that was taken last, or the handler of an exception that was entered.
static ARRIVED_BY: Note = Note(core::cell::Cell::new(ptr::null_mut()));

/// Notes that the execution of a frame has been moved to `ip` by its tracer.
pub fn note_move(ip: *mut u16) {
    MOVED_TO.0.set(ip);
}

/// Notes that the jump at `ip` is taken, or that the handler at `ip` is entered.
#[inline(always)]
pub fn note_arrival(ip: *mut u16) {
    ARRIVED_BY.0.set(ip);
}

unsafe fn index_of(code: *mut PyCodeObject, ip: *mut u16) -> usize {
    // SAFETY: the caller passes an instruction of the code.
    unsafe { ip.offset_from(frame::first_instruction(code).cast()).max(0) as usize }
}

/// The tools to call for an event of the instruction at `ip`.
#[inline]
unsafe fn tools_at(code: *mut PyCodeObject, index: usize, event: usize) -> u8 {
    // SAFETY: by contract of the callers.
    unsafe {
        match event {
            event::C_RETURN | event::C_RAISE => install::tools(code, index),
            event if event >= super::LOCAL_EVENTS => global_tools(event),
            _ => install::tools(code, index),
        }
    }
}

/// Calls the tools that watch `event` at `ip` with code, offset and `extra`.
///
/// # Safety
/// `frame` is the current frame, with registers saved, and `ip` an instruction of its code.
pub unsafe fn fire(
    thread: *mut PyThreadState,
    frame: *mut Frame,
    ip: *mut u16,
    event: usize,
    extra: &[Borrowed<'_, Object>],
) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        if (*thread).tracing.get() > 0 {
            return Ok(());
        }
        let code = frame::code(frame);
        let index = index_of(code, ip);
        let mut tools = tools_at(code, index, event);
        if tools == 0 {
            return Ok(());
        }
        let code_object: Ref<Object> = Ref::from_borrowed_ptr(code);
        let offset = Int::from_usize(index * 2)?.into_object();
        let absent = none();
        let mut args = [code_object.borrow(), offset.borrow(), absent.borrow(), absent.borrow()];
        let count = 2 + extra.len().min(2);
        args[2..count].copy_from_slice(&extra[..count - 2]);
        while tools != 0 {
            let tool = 7 - tools.leading_zeros() as usize;
            tools &= !(1 << tool);
            if !call_tool(thread, tool, event, &args[..count])? {
                continue;
            }
            if event >= super::LOCAL_EVENTS {
                if tool < super::PROGRAM_TOOLS {
                    STATE.callbacks[tool][event].set(None);
                }
                return Err(raise!(ValueError, "Cannot disable {} events. Callback removed.", NAMES[event]));
            }
            install::remove_tools(code, index, Kind::Event, 1 << tool);
        }
        Ok(())
    }
}

/// Calls one tool; `true` when it wants to be disabled at this place.
fn call_tool(thread: *mut PyThreadState, tool: usize, event: usize, args: &[Borrowed<'_, Object>]) -> PyResult<bool> {
    let callback = if tool < super::PROGRAM_TOOLS {
        match STATE.callbacks[tool][event].get() {
            Some(callback) => Some(callback),
            None => return Ok(false),
        }
    } else {
        None
    };
    watched(thread, event, || match &callback {
        Some(callback) => callback.call(args).map(|result| super::is_disable(&result)),
        None if tool == PROFILE_TOOL => legacy::profile(event, args),
        None => legacy::trace(event, args),
    })
}

/// Runs a callback: no events arise meanwhile.
pub fn watched<T>(thread: *mut PyThreadState, event: usize, body: impl FnOnce() -> T) -> T {
    // SAFETY: the current thread's state.
    let thread = unsafe { &*thread };
    let old = thread.what_event.replace(event as c_int);
    thread.tracing.set(thread.tracing.get() + 1);
    let result = body();
    thread.tracing.set(thread.tracing.get() - 1);
    thread.what_event.set(old);
    result
}

/// An event about a jump or branch from `source` to `target`. Answers with where execution goes on.
///
/// # Safety
/// As [`fire`], with `ip` as the frame's `instr_ptr`, the place where the tools are.
pub unsafe fn fire_jump(
    thread: *mut PyThreadState,
    frame: *mut Frame,
    place: *mut u16,
    source: *mut u16,
    target: *mut u16,
    event: usize,
) -> PyResult<*mut u16> {
    // SAFETY: by contract.
    unsafe {
        if (*thread).tracing.get() > 0 {
            return Ok(target);
        }
        let code = frame::code(frame);
        let (place_index, source_index) = (index_of(code, place), index_of(code, source));
        let mut tools = install::tools(code, place_index);
        if tools == 0 {
            return Ok(target);
        }
        let before = (*frame).instr_ptr.get();
        let code_object: Ref<Object> = Ref::from_borrowed_ptr(code);
        let from = Int::from_usize(source_index * 2)?.into_object();
        let to = Int::from_usize(index_of(code, target) * 2)?.into_object();
        let args = [code_object.borrow(), from.borrow(), to.borrow()];
        while tools != 0 {
            let tool = 7 - tools.leading_zeros() as usize;
            tools &= !(1 << tool);
            if !call_tool(thread, tool, event, &args)? {
                continue;
            }
            install::remove_tools(code, place_index, Kind::Event, 1 << tool);
            // A callback for `BRANCH` is disabled for both ways at once.
            let branch = event == event::BRANCH_LEFT || event == event::BRANCH_RIGHT;
            if branch
                && tool < super::PROGRAM_TOOLS
                && STATE.joined_branches[tool][event - event::BRANCH_LEFT].get()
                && let Some(other) = branches::other_branch(code, source_index, event == event::BRANCH_RIGHT)
            {
                install::remove_tools(code, other, Kind::Event, 1 << tool);
            }
        }
        let after = (*frame).instr_ptr.get();
        Ok(if after == before { target } else { after.cast() })
    }
}

/// What `INSTRUMENTED_LINE` and `INSTRUMENTED_INSTRUCTION` do next.
pub enum Next {
    /// Execute the instruction as this opcode.
    As(u8),
    /// The tracer has moved execution: go on where the frame says.
    Reload,
}

/// `INSTRUMENTED_LINE` at `ip`.
///
/// # Safety
/// As [`fire`].
pub unsafe fn line(thread: *mut PyThreadState, frame: *mut Frame, ip: *mut u16) -> PyResult<Next> {
    // SAFETY: by contract.
    unsafe {
        let code = frame::code(frame);
        let index = index_of(code, ip);
        if (*thread).tracing.get() == 0 {
            let moved_here = MOVED_TO.0.replace(ptr::null_mut()) == ip;
            let arrived = ARRIVED_BY.0.replace(ptr::null_mut());
            let arrived = install::index_within(code, arrived);
            if !moved_here && let LineStart::Line(line) = lines::line_start(code, index, arrived) {
                line_tools(thread, frame, code, index, line)?;
                if (*frame).instr_ptr.get() != ip.cast() {
                    return Ok(Next::Reload);
                }
            }
        }
        let opcode = install::behind(code, index, taipan_compiler::opcode::Opcode::INSTRUMENTED_LINE as u8);
        install::pause_counter(ip, opcode);
        Ok(Next::As(opcode))
    }
}

unsafe fn line_tools(
    thread: *mut PyThreadState,
    frame: *mut Frame,
    code: *mut PyCodeObject,
    index: usize,
    line: c_int,
) -> PyResult<()> {
    // SAFETY: by contract of `line`.
    unsafe {
        let mut tools = install::line_tools(code, index);
        if tools & 1 << TRACE_TOOL != 0 {
            legacy::trace_line(thread, frame, line)?;
            tools &= !(1 << TRACE_TOOL);
        }
        if tools == 0 {
            return Ok(());
        }
        let code_object: Ref<Object> = Ref::from_borrowed_ptr(code);
        let number = Int::from_i64(line as i64)?.into_object();
        while tools != 0 {
            let tool = 7 - tools.leading_zeros() as usize;
            tools &= !(1 << tool);
            if call_tool(thread, tool, event::LINE, &[code_object.borrow(), number.borrow()])? {
                install::remove_tools(code, index, Kind::Line, 1 << tool);
            }
        }
        Ok(())
    }
}

/// `INSTRUMENTED_INSTRUCTION` at `ip`.
///
/// # Safety
/// As [`fire`].
pub unsafe fn instruction(thread: *mut PyThreadState, frame: *mut Frame, ip: *mut u16) -> PyResult<Next> {
    // SAFETY: by contract.
    unsafe {
        let code = frame::code(frame);
        let index = index_of(code, ip);
        if (*thread).tracing.get() == 0 {
            let mut tools = install::instruction_tools(code, index);
            let code_object: Ref<Object> = Ref::from_borrowed_ptr(code);
            let offset = Int::from_usize(index * 2)?.into_object();
            while tools != 0 {
                let tool = 7 - tools.leading_zeros() as usize;
                tools &= !(1 << tool);
                if call_tool(thread, tool, event::INSTRUCTION, &[code_object.borrow(), offset.borrow()])? {
                    install::remove_tools(code, index, Kind::Instruction, 1 << tool);
                }
            }
            if (*frame).instr_ptr.get() != ip.cast() {
                return Ok(Next::Reload);
            }
        }
        let opcode = install::behind(code, index, taipan_compiler::opcode::Opcode::INSTRUMENTED_INSTRUCTION as u8);
        install::pause_counter(ip, opcode);
        Ok(Next::As(opcode))
    }
}

/// An event about the exception that is set. An exception of a callback takes its place; `false` then.
///
/// # Safety
/// As [`fire`], with an exception set.
pub unsafe fn fire_exception(thread: *mut PyThreadState, frame: *mut Frame, ip: *mut u16, event: usize) -> bool {
    // SAFETY: by contract.
    unsafe {
        if global_tools(event) == 0 || (*thread).tracing.get() > 0 {
            return true;
        }
        let Some(exception) = Raised::take_if_set() else { return true };
        match fire(thread, frame, ip, event, &[exception.borrow()]) {
            Ok(()) => {
                let _ = Raised::restore(exception);
                true
            }
            Err(_) => false,
        }
    }
}

/// A call of a native callable is over: `C_RETURN`, or `C_RAISE` with its exception set.
///
/// # Safety
/// As [`fire`].
pub unsafe fn fire_call_end(
    thread: *mut PyThreadState,
    frame: *mut Frame,
    ip: *mut u16,
    callable: Borrowed<'_, Object>,
    argument: Borrowed<'_, Object>,
    result: PyResult<Ref<Object>>,
) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe {
        match result {
            Ok(value) => {
                fire(thread, frame, ip, event::C_RETURN, &[callable, argument])?;
                Ok(value)
            }
            Err(raised) => {
                let exception = raised.take();
                fire(thread, frame, ip, event::C_RAISE, &[callable, argument])?;
                Err(Raised::restore(exception))
            }
        }
    }
}

/// A generator has ended inside a loop or `yield from`: a StopIteration that nobody raised.
///
/// # Safety
/// As [`fire`].
pub unsafe fn fire_stop_iteration(
    thread: *mut PyThreadState,
    frame: *mut Frame,
    ip: *mut u16,
    value: Borrowed<'_, Object>,
) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        if (*thread).tracing.get() > 0 {
            return Ok(());
        }
        let class = StopIteration::type_object();
        let exception = if value.is_none() { class.as_object().call0()? } else { class.as_object().call1(value)? };
        fire(thread, frame, ip, event::STOP_ITERATION, &[exception.borrow()])
    }
}

/// Calls the tools of `tools` for an event of native code (`PyMonitoring_Fire...`), with `args`. Answers with the tools
/// that still want the event at this place.
pub fn fire_native(tools: u8, event: usize, args: &[Borrowed<'_, Object>]) -> PyResult<u8> {
    let thread = crate::thread::current_ptr();
    let mut left = tools;
    let mut remaining = tools;
    // SAFETY: the current state.
    if unsafe { (*thread).tracing.get() } > 0 {
        return Ok(tools);
    }
    while left != 0 {
        let tool = 7 - left.leading_zeros() as usize;
        left &= !(1 << tool);
        if !call_tool(thread, tool, event, args)? {
            continue;
        }
        if event >= super::LOCAL_EVENTS {
            if tool < super::PROGRAM_TOOLS {
                STATE.callbacks[tool][event].set(None);
            }
            return Err(raise!(ValueError, "Cannot disable {} events. Callback removed.", NAMES[event]));
        }
        remaining &= !(1 << tool);
    }
    Ok(remaining)
}

const _: () = assert!(UNGROUPED_EVENTS == 16);
