//! Monitoring (PEP 669): which tools watch which events, and the instrumented code that produces the events.
//!
//! Six tools belong to programs, tool 6 is `sys.setprofile` and tool 7 `sys.settrace`. An event that is tied to an
//! instruction costs nothing until someone asks for it: [`install`] then rewrites instructions to their `INSTRUMENTED_`
//! forms, in code that runs at once, in other code at its next `RESUME`, which compares the version in the eval breaker
//! with that of the code. [`fire`] calls the tools. **Invariant:** the version in every eval breaker is [`version`].
//! CPython: `Python/instrumentation.c`, `Python/legacy_tracing.c`.

pub mod branches;
pub mod fire;
pub mod install;
pub mod legacy;
pub mod lines;

use core::cell::Cell;
use core::sync::atomic::Ordering;

use crate::abi::{_PY_EVAL_EVENTS_MASK, PyCodeObject};
use crate::prelude::*;
use crate::thread::{self, Slot};

/// The events by their numbers.
pub mod event {
    pub const PY_START: usize = 0;
    pub const PY_RESUME: usize = 1;
    pub const PY_RETURN: usize = 2;
    pub const PY_YIELD: usize = 3;
    pub const CALL: usize = 4;
    pub const LINE: usize = 5;
    pub const INSTRUCTION: usize = 6;
    pub const JUMP: usize = 7;
    pub const BRANCH_LEFT: usize = 8;
    pub const BRANCH_RIGHT: usize = 9;
    pub const STOP_ITERATION: usize = 10;
    pub const RAISE: usize = 11;
    pub const EXCEPTION_HANDLED: usize = 12;
    pub const PY_UNWIND: usize = 13;
    pub const PY_THROW: usize = 14;
    pub const RERAISE: usize = 15;
    pub const C_RETURN: usize = 16;
    pub const C_RAISE: usize = 17;
    pub const BRANCH: usize = 18;
}

/// The events that instructions produce; they can be asked for in one code object alone, and disabled at one place.
pub const LOCAL_EVENTS: usize = 11;
/// The events that have tools of their own; the two after them go with `CALL`, and `BRANCH` stands for two others.
pub const UNGROUPED_EVENTS: usize = 16;
pub const EVENTS: usize = 19;
/// The tools, those of `sys.setprofile` and `sys.settrace` included.
pub const TOOLS: usize = 8;
/// The tools that programs can use.
pub const PROGRAM_TOOLS: usize = 6;
pub const PROFILE_TOOL: usize = 6;
pub const TRACE_TOOL: usize = 7;

const C_RETURN_EVENTS: u32 = 1 << event::C_RETURN | 1 << event::C_RAISE;
const C_CALL_EVENTS: u32 = C_RETURN_EVENTS | 1 << event::CALL;
const BOTH_BRANCHES: u32 = 1 << event::BRANCH_LEFT | 1 << event::BRANCH_RIGHT;

/// The events in order of their bits.
pub static NAMES: [&str; EVENTS] = [
    "PY_START",
    "PY_RESUME",
    "PY_RETURN",
    "PY_YIELD",
    "CALL",
    "LINE",
    "INSTRUCTION",
    "JUMP",
    "BRANCH_LEFT",
    "BRANCH_RIGHT",
    "STOP_ITERATION",
    "RAISE",
    "EXCEPTION_HANDLED",
    "PY_UNWIND",
    "PY_THROW",
    "RERAISE",
    "C_RETURN",
    "C_RAISE",
    "BRANCH",
];

/// What all tools share; guarded by the GIL.
pub struct State {
    /// The names of the tools in use.
    pub names: [Slot; PROGRAM_TOOLS],
    pub callbacks: [[Slot; EVENTS]; PROGRAM_TOOLS],
    /// Whether the callback of `BRANCH_LEFT` or `BRANCH_RIGHT` was registered for `BRANCH`: disabling one side then
    /// disables the other.
    joined_branches: [[Cell<bool>; 2]; PROGRAM_TOOLS],
    /// For each event the set of tools that watch it everywhere.
    global: [Cell<u8>; UNGROUPED_EVENTS],
    /// Counted up when a tool is cleared: older local events are no longer valid.
    tool_versions: [Cell<usize>; TOOLS],
    /// The version of instrumentation, in the bits above the events of the eval breaker.
    version: Cell<usize>,
    /// Code instrumented before this version gets disabled places back.
    restart_version: Cell<usize>,
    /// What a callback returns to be left alone.
    disable: Slot,
    /// Stands for an argument that a call does not have.
    missing: Slot,
}

// SAFETY: guarded by the GIL.
unsafe impl Sync for State {}

pub static STATE: State = State {
    names: [const { Slot::new() }; PROGRAM_TOOLS],
    callbacks: [const { [const { Slot::new() }; EVENTS] }; PROGRAM_TOOLS],
    joined_branches: [const { [const { Cell::new(false) }; 2] }; PROGRAM_TOOLS],
    global: [const { Cell::new(0) }; UNGROUPED_EVENTS],
    tool_versions: [const { Cell::new(0) }; TOOLS],
    version: Cell::new(0),
    restart_version: Cell::new(0),
    disable: Slot::new(),
    missing: Slot::new(),
};

/// The version of instrumentation as it stands in eval breakers.
#[inline(always)]
pub fn version() -> usize {
    STATE.version.get()
}

/// The tools that watch `event` everywhere.
#[inline(always)]
pub fn global_tools(event: usize) -> u8 {
    STATE.global[event].get()
}

/// Whether anyone watches where exceptions come from or what they leave.
#[inline(always)]
pub fn watches_exceptions() -> bool {
    (global_tools(event::RAISE) | global_tools(event::RERAISE) | global_tools(event::PY_UNWIND)) != 0
}

/// `sys.monitoring.DISABLE` and `MISSING`, made at the first request.
pub fn disable() -> PyResult<Ref<Object>> {
    plain(&STATE.disable)
}

pub fn missing() -> PyResult<Ref<Object>> {
    plain(&STATE.missing)
}

fn plain(slot: &Slot) -> PyResult<Ref<Object>> {
    if let Some(object) = slot.get() {
        return Ok(object);
    }
    let object = crate::types::object::new_plain()?;
    slot.set(Some(object.clone()));
    Ok(object)
}

fn is_disable(object: &Ref<Object>) -> bool {
    object.as_ptr() == STATE.disable.as_ptr()
}

/// ValueError unless the tool is in use.
pub fn check_tool(tool: usize) -> PyResult<()> {
    if tool >= PROGRAM_TOOLS || STATE.names[tool].is_set() {
        return Ok(());
    }
    Err(raise!(ValueError, "tool {tool} is not in use"))
}

/// The events that `tool` watches everywhere.
pub fn events(tool: usize) -> u32 {
    (0..UNGROUPED_EVENTS)
        .filter(|&event| STATE.global[event].get() >> tool & 1 != 0)
        .fold(0, |set, event| set | 1 << event)
}

/// A set of events as a program gives it, made of bits that have tools of their own.
pub fn normalize(set: u32) -> PyResult<u32> {
    if set & C_RETURN_EVENTS != 0 && set & C_CALL_EVENTS != C_CALL_EVENTS {
        return Err(raise!(ValueError, "cannot set C_RETURN or C_RAISE events independently"));
    }
    let mut set = set & !C_RETURN_EVENTS;
    if set & 1 << event::BRANCH != 0 {
        set = set & !(1 << event::BRANCH) | BOTH_BRANCHES;
    }
    Ok(set)
}

/// Has `tool` watch the events of `set` everywhere, and no others (`_PyMonitoring_SetEvents`).
pub fn set_events(tool: usize, set: u32) -> PyResult<()> {
    check_tool(tool)?;
    if events(tool) == set {
        return Ok(());
    }
    for (event, tools) in STATE.global.iter().enumerate() {
        let bit = ((set >> event & 1) as u8) << tool;
        tools.set(tools.get() & !(1 << tool) | bit);
    }
    set_version(next_version()?);
    instrument_running_code()
}

/// The events that `tool` watches in `code` alone.
pub fn local_events(tool: usize, code: *mut PyCodeObject) -> PyResult<u32> {
    check_tool(tool)?;
    // SAFETY: the caller passes live code.
    Ok(unsafe { install::local_events(tool, code) })
}

/// Has `tool` watch the events of `set` in `code` (`_PyMonitoring_SetLocalEvents`).
pub fn set_local_events(tool: usize, code: &Ref<crate::types::Code>, set: u32) -> PyResult<()> {
    if code.0._co_firsttraceable.get() as usize >= code.units() {
        return Err(raise!(SystemError, "cannot instrument shim code object '{}'", code.name().to_display()));
    }
    check_tool(tool)?;
    // SAFETY: live code.
    unsafe { install::set_local_events(tool, code.raw(), set) }
}

/// Removes the callbacks and events of a tool; its local events become invalid (`_PyMonitoring_ClearToolId`).
pub fn clear_tool(tool: usize) -> PyResult<()> {
    for callback in &STATE.callbacks[tool] {
        callback.set(None);
    }
    set_events(tool, 0)?;
    let new = next_version()?;
    STATE.tool_versions[tool].set(new);
    set_version(new);
    instrument_running_code()
}

/// Gives back what callbacks have disabled.
pub fn restart_events() -> PyResult<()> {
    let restart = next_version()?;
    STATE.version.set(restart);
    STATE.restart_version.set(restart);
    set_version(next_version()?);
    instrument_running_code()
}

/// Registers a callback for one event; answers with the one it replaces.
pub fn register(tool: usize, event: usize, function: Option<Ref<Object>>) -> Option<Ref<Object>> {
    let callbacks = &STATE.callbacks[tool];
    if event == event::BRANCH {
        STATE.joined_branches[tool].iter().for_each(|joined| joined.set(true));
        callbacks[event::BRANCH_RIGHT].set(function.clone());
        return callbacks[event::BRANCH_LEFT].replace(function);
    }
    if event == event::BRANCH_LEFT || event == event::BRANCH_RIGHT {
        STATE.joined_branches[tool][event - event::BRANCH_LEFT].set(false);
    }
    callbacks[event].replace(function)
}

fn next_version() -> PyResult<usize> {
    match STATE.version.get().checked_add(_PY_EVAL_EVENTS_MASK + 1) {
        Some(version) => Ok(version),
        None => Err(raise!(OverflowError, "events set too many times")),
    }
}

/// Writes the version into every eval breaker.
fn set_version(version: usize) {
    STATE.version.set(version);
    thread::interpreter().instrumentation_version.store(version as u64, Ordering::Relaxed);
    thread::interpreter().for_each_thread(|state| {
        // SAFETY: linked states are live. The events share the word, and other threads set them at any time.
        let breaker = unsafe { &(*state).eval_breaker };
        let mut old = breaker.load(Ordering::Relaxed);
        loop {
            let new = old & _PY_EVAL_EVENTS_MASK | version;
            match breaker.compare_exchange_weak(old, new, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => old = now,
            }
        }
    });
}

/// Instruments the code of all frames of all threads: they may not come by a `RESUME` for long.
fn instrument_running_code() -> PyResult<()> {
    let mut codes: Vec<Ref<crate::types::Code>> = Vec::new();
    let mut short_of_memory = false;
    thread::interpreter().for_each_thread(|state| {
        // SAFETY: linked states are live, and their frames are complete while the GIL is ours.
        unsafe {
            let mut frame = (*state).current_frame.get();
            while !frame.is_null() {
                if (*frame).owner.get() < crate::abi::FRAME_OWNED_BY_INTERPRETER {
                    let code = super::frame::code(frame);
                    if (*code)._co_instrumentation_version.get() != version() {
                        if codes.try_reserve(1).is_err() {
                            short_of_memory = true;
                            return;
                        }
                        codes.push(Ref::from_borrowed_ptr(code));
                    }
                }
                frame = (*frame).previous.get();
            }
        }
    });
    if short_of_memory {
        return Err(Raised::no_memory());
    }
    for code in codes {
        // SAFETY: live code.
        unsafe { install::instrument(code.raw())? };
    }
    Ok(())
}
