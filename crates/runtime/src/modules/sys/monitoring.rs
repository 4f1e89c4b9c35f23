//! `sys.monitoring` (PEP 669): tools, and the sets of events they want.
//!
//! The doors for Python; what they do stands in `interp/monitoring`. CPython: `Python/instrumentation.c`.

use super::namespace;
use crate::interp::monitoring::{self, EVENTS, NAMES, PROGRAM_TOOLS, STATE, UNGROUPED_EVENTS};
use crate::prelude::*;
use crate::types::Code;

pub struct Monitoring;

/// A tool identifier that programs can use.
fn tool(id: i32) -> PyResult<usize> {
    match usize::try_from(id) {
        Ok(id) if id < PROGRAM_TOOLS => Ok(id),
        _ => Err(raise!(ValueError, "invalid tool {id} (must be between 0 and 5)")),
    }
}

fn code(object: Borrowed<'_, Object>) -> PyResult<Ref<Code>> {
    match object.downcast::<Code>() {
        Some(code) => Ok(code.to_owned()),
        None => Err(raise!(TypeError, "code must be a code object")),
    }
}

#[pymodule(name = "sys.monitoring")]
impl Monitoring {
    #[function(signature = "(tool_id, name, /)")]
    fn use_tool_id(tool_id: i32, name: Borrowed<'_, Object>) -> PyResult<()> {
        let index = tool(tool_id)?;
        if !name.is_instance_of::<Str>() {
            return Err(raise!(ValueError, "tool name must be a str"));
        }
        if STATE.names[index].is_set() {
            return Err(raise!(ValueError, "tool {tool_id} is already in use"));
        }
        STATE.names[index].set(Some(name.to_owned()));
        Ok(())
    }

    #[function(signature = "(tool_id, /)")]
    fn clear_tool_id(tool_id: i32) -> PyResult<()> {
        let index = tool(tool_id)?;
        if STATE.names[index].is_set() { monitoring::clear_tool(index) } else { Ok(()) }
    }

    #[function(signature = "(tool_id, /)")]
    fn free_tool_id(tool_id: i32) -> PyResult<()> {
        let index = tool(tool_id)?;
        if STATE.names[index].is_set() {
            monitoring::clear_tool(index)?;
        }
        STATE.names[index].set(None);
        Ok(())
    }

    #[function(signature = "(tool_id, /)")]
    fn get_tool(tool_id: i32) -> PyResult<Ref<Object>> {
        Ok(STATE.names[tool(tool_id)?].get().unwrap_or_else(none))
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
        Ok(monitoring::register(index, place, new).unwrap_or_else(none))
    }

    #[function(signature = "(tool_id, /)")]
    fn get_events(tool_id: i32) -> PyResult<u32> {
        Ok(monitoring::events(tool(tool_id)?))
    }

    #[function(signature = "(tool_id, event_set, /)")]
    fn set_events(tool_id: i32, event_set: i32) -> PyResult<()> {
        let index = tool(tool_id)?;
        if !(0..1 << EVENTS).contains(&event_set) {
            return Err(raise!(ValueError, "invalid event set 0x{event_set:x}"));
        }
        monitoring::set_events(index, monitoring::normalize(event_set as u32)?)
    }

    #[function(signature = "(tool_id, code, /)")]
    fn get_local_events(tool_id: i32, code: Borrowed<'_, Object>) -> PyResult<u32> {
        let code = self::code(code)?;
        let index = tool(tool_id)?;
        // SAFETY: live code.
        Ok(unsafe { monitoring::install::local_events(index, code.raw()) })
    }

    #[function(signature = "(tool_id, code, event_set, /)")]
    fn set_local_events(tool_id: i32, code: Borrowed<'_, Object>, event_set: i32) -> PyResult<()> {
        let code = self::code(code)?;
        let index = tool(tool_id)?;
        let set = monitoring::normalize(event_set as u32)?;
        if set >> monitoring::LOCAL_EVENTS != 0 {
            return Err(raise!(ValueError, "invalid local event set 0x{set:x}"));
        }
        monitoring::set_local_events(index, &code, set)
    }

    #[function(signature = "()")]
    fn restart_events() -> PyResult<()> {
        monitoring::restart_events()
    }

    /// The events that any tool watches everywhere, with the bits of the tools.
    #[function(signature = "()")]
    fn _all_events() -> PyResult<Ref<Dict>> {
        let dict = Dict::new()?;
        for (event, name) in NAMES.iter().enumerate().take(UNGROUPED_EVENTS) {
            let tools = monitoring::global_tools(event);
            if tools != 0 {
                dict.set_item(Str::from_utf8_str(name)?.borrow(), Int::from_i64(tools.into())?.as_borrowed())?;
            }
        }
        Ok(dict)
    }
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
    module.add("DISABLE", monitoring::disable()?)?;
    module.add("MISSING", monitoring::missing()?)?;
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
