//! `sys.monitoring` (PEP 669): tools and the sets of events they want.
//!
//! Tool identifiers, names, callbacks and event sets are kept; the engine does not produce events yet, so a set that asks
//! for any is refused with a clear error rather than accepted without effect. CPython: `Python/instrumentation.c`.

use core::cell::Cell;

use super::namespace;
use crate::prelude::*;
use crate::thread::Slot;

pub struct Monitoring;

const TOOLS: usize = 6;
const EVENTS: usize = 19;

/// The events in order of their bits.
static NAMES: [&str; EVENTS] = [
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

struct State {
    tools: [Slot; TOOLS],
    callbacks: [[Slot; EVENTS]; TOOLS],
    events: [Cell<u32>; TOOLS],
}

// SAFETY: guarded by the GIL.
unsafe impl Sync for State {}

static STATE: State = State {
    tools: [const { Slot::new() }; TOOLS],
    callbacks: [const { [const { Slot::new() }; EVENTS] }; TOOLS],
    events: [const { Cell::new(0) }; TOOLS],
};

/// A tool identifier that can be used.
fn tool(id: i32) -> PyResult<usize> {
    match usize::try_from(id) {
        Ok(id) if id < TOOLS => Ok(id),
        _ => Err(raise!(ValueError, "invalid tool {id} (must be between 0 and 5)")),
    }
}

/// A tool identifier that is in use.
fn used_tool(id: i32) -> PyResult<usize> {
    let index = tool(id)?;
    if STATE.tools[index].is_set() {
        return Ok(index);
    }
    Err(raise!(ValueError, "tool {id} is not in use"))
}

fn clear(index: usize) {
    STATE.events[index].set(0);
    for callback in &STATE.callbacks[index] {
        callback.set(None);
    }
}

/// Refuses sets that would need the engine.
fn check_events(events: i32) -> PyResult<()> {
    if !(0..1 << EVENTS).contains(&events) {
        return Err(raise!(ValueError, "invalid event set 0x{events:x}"));
    }
    if events != 0 {
        return Err(raise!(NotImplementedError, "this version of Taipan does not produce monitoring events"));
    }
    Ok(())
}

#[pymodule(name = "sys.monitoring")]
impl Monitoring {
    #[function(signature = "(tool_id, name, /)")]
    fn use_tool_id(tool_id: i32, name: Borrowed<'_, Object>) -> PyResult<()> {
        let index = tool(tool_id)?;
        if !name.is_instance_of::<Str>() {
            return Err(raise!(ValueError, "tool name must be a str"));
        }
        if STATE.tools[index].is_set() {
            return Err(raise!(ValueError, "tool {tool_id} is already in use"));
        }
        STATE.tools[index].set(Some(name.to_owned()));
        Ok(())
    }

    #[function(signature = "(tool_id, /)")]
    fn clear_tool_id(tool_id: i32) -> PyResult<()> {
        let index = tool(tool_id)?;
        if STATE.tools[index].is_set() {
            clear(index);
        }
        Ok(())
    }

    #[function(signature = "(tool_id, /)")]
    fn free_tool_id(tool_id: i32) -> PyResult<()> {
        let index = tool(tool_id)?;
        if STATE.tools[index].is_set() {
            clear(index);
            STATE.tools[index].set(None);
        }
        Ok(())
    }

    #[function(signature = "(tool_id, /)")]
    fn get_tool(tool_id: i32) -> PyResult<Ref<Object>> {
        Ok(STATE.tools[tool(tool_id)?].get().unwrap_or_else(none))
    }

    #[function(signature = "(tool_id, event, func, /)")]
    fn register_callback(tool_id: i32, event: i32, func: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let index = tool(tool_id)?;
        if event <= 0 || event.count_ones() != 1 {
            return Err(raise!(ValueError, "The callback can only be set for one event at a time"));
        }
        let place = event.trailing_zeros() as usize;
        if place >= EVENTS {
            return Err(raise!(ValueError, "invalid event {event}"));
        }
        super::audit("sys.monitoring.register_callback", &[func])?;
        let new = Some(func.to_owned()).filter(|func| !func.is_none());
        Ok(STATE.callbacks[index][place].replace(new).unwrap_or_else(none))
    }

    #[function(signature = "(tool_id, /)")]
    fn get_events(tool_id: i32) -> PyResult<u32> {
        Ok(STATE.events[used_tool(tool_id)?].get())
    }

    #[function(signature = "(tool_id, event_set, /)")]
    fn set_events(tool_id: i32, event_set: i32) -> PyResult<()> {
        let index = used_tool(tool_id)?;
        check_events(event_set)?;
        STATE.events[index].set(event_set as u32);
        Ok(())
    }

    #[function(signature = "(tool_id, code, /)")]
    fn get_local_events(tool_id: i32, code: Borrowed<'_, Object>) -> PyResult<u32> {
        check_code(code)?;
        used_tool(tool_id)?;
        Ok(0)
    }

    #[function(signature = "(tool_id, code, event_set, /)")]
    fn set_local_events(tool_id: i32, code: Borrowed<'_, Object>, event_set: i32) -> PyResult<()> {
        check_code(code)?;
        used_tool(tool_id)?;
        check_events(event_set)
    }

    #[function(signature = "()")]
    fn restart_events() {}

    #[function(signature = "()")]
    fn _all_events() -> PyResult<Ref<Dict>> {
        Dict::new()
    }
}

fn check_code(code: Borrowed<'_, Object>) -> PyResult<()> {
    if code.is_instance_of::<crate::types::Code>() {
        return Ok(());
    }
    Err(raise!(TypeError, "code must be a code object"))
}

/// Makes the module.
pub(super) fn create() -> PyResult<Ref<Module>> {
    let module = Module::new("sys.monitoring")?;
    // SAFETY: the definition and its table are statics.
    unsafe {
        Monitoring::init();
        let table = (*Monitoring::MODULE_DEF).m_methods;
        crate::types::module::add_functions(module.as_object(), table, id!("sys.monitoring"))?;
    }
    module.add("DISABLE", crate::types::object::new_plain()?)?;
    module.add("MISSING", crate::types::object::new_plain()?)?;
    let mut events = Vec::with_capacity(EVENTS + 1);
    for (bit, name) in NAMES.iter().enumerate() {
        events.push((*name, Int::from_i64(1 << bit)?.into_object()));
    }
    events.push(("NO_EVENTS", Int::from_i64(0)?.into_object()));
    module.add("events", namespace(events)?)?;
    for (name, id) in [("DEBUGGER_ID", 0), ("COVERAGE_ID", 1), ("PROFILER_ID", 2), ("OPTIMIZER_ID", 5)] {
        module.add(name, Int::from_i64(id)?)?;
    }
    Ok(module)
}
