//! Instrumented instructions in code objects: what stands where, and how it gets there and away again.
//!
//! For each instruction of an observed code object three sets of tools are kept: those that watch its own event, its
//! line, and it as an instruction. From them the opcode follows: the base instruction or its `INSTRUMENTED_` form, behind
//! `INSTRUMENTED_INSTRUCTION`, behind `INSTRUMENTED_LINE`. **Invariant:** [`base_opcode`] answers with what the compiler
//! wrote, whatever stands in its place.
//!
//! `lines` and `branches` know what the events are about.

use core::cell::{Cell, OnceCell};
use core::ptr;

use taipan_compiler::opcode::{CACHES, Opcode};

use super::lines::{REMEMBERED, START, find_lines, line_entry};
use super::{LOCAL_EVENTS, STATE, TOOLS, event, version};
use crate::abi::{_Py_LocalMonitors, _PyCoMonitoringData, CO_NO_MONITORING_EVENTS, PyCodeObject};
use crate::interp::{frame, specialize};
use crate::prelude::*;

const INSTRUMENTED_LINE: u8 = Opcode::INSTRUMENTED_LINE as u8;
const INSTRUMENTED_INSTRUCTION: u8 = Opcode::INSTRUMENTED_INSTRUCTION as u8;
const FIRST_INSTRUMENTED: u8 = taipan_compiler::opcode::MIN_INSTRUMENTED_OPCODE;

/// Base instruction, instrumented form, event. `RESUME` has two events, by its operand.
const FORMS: [(Opcode, Opcode, usize); 19] = [
    (Opcode::RESUME, Opcode::INSTRUMENTED_RESUME, event::PY_START),
    (Opcode::RETURN_VALUE, Opcode::INSTRUMENTED_RETURN_VALUE, event::PY_RETURN),
    (Opcode::YIELD_VALUE, Opcode::INSTRUMENTED_YIELD_VALUE, event::PY_YIELD),
    (Opcode::CALL, Opcode::INSTRUMENTED_CALL, event::CALL),
    (Opcode::CALL_KW, Opcode::INSTRUMENTED_CALL_KW, event::CALL),
    (Opcode::CALL_FUNCTION_EX, Opcode::INSTRUMENTED_CALL_FUNCTION_EX, event::CALL),
    (Opcode::LOAD_SUPER_ATTR, Opcode::INSTRUMENTED_LOAD_SUPER_ATTR, event::CALL),
    (Opcode::JUMP_FORWARD, Opcode::INSTRUMENTED_JUMP_FORWARD, event::JUMP),
    (Opcode::JUMP_BACKWARD, Opcode::INSTRUMENTED_JUMP_BACKWARD, event::JUMP),
    (Opcode::NOT_TAKEN, Opcode::INSTRUMENTED_NOT_TAKEN, event::BRANCH_LEFT),
    (Opcode::FOR_ITER, Opcode::INSTRUMENTED_FOR_ITER, event::BRANCH_LEFT),
    (Opcode::POP_ITER, Opcode::INSTRUMENTED_POP_ITER, event::BRANCH_RIGHT),
    (Opcode::END_ASYNC_FOR, Opcode::INSTRUMENTED_END_ASYNC_FOR, event::BRANCH_RIGHT),
    (Opcode::POP_JUMP_IF_FALSE, Opcode::INSTRUMENTED_POP_JUMP_IF_FALSE, event::BRANCH_RIGHT),
    (Opcode::POP_JUMP_IF_TRUE, Opcode::INSTRUMENTED_POP_JUMP_IF_TRUE, event::BRANCH_RIGHT),
    (Opcode::POP_JUMP_IF_NONE, Opcode::INSTRUMENTED_POP_JUMP_IF_NONE, event::BRANCH_RIGHT),
    (Opcode::POP_JUMP_IF_NOT_NONE, Opcode::INSTRUMENTED_POP_JUMP_IF_NOT_NONE, event::BRANCH_RIGHT),
    (Opcode::END_FOR, Opcode::INSTRUMENTED_END_FOR, event::STOP_ITERATION),
    (Opcode::END_SEND, Opcode::INSTRUMENTED_END_SEND, event::STOP_ITERATION),
];

/// For each base instruction its instrumented form, 0 where there is none.
static INSTRUMENTED: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < FORMS.len() {
        table[FORMS[index].0 as usize] = FORMS[index].1 as u8;
        index += 1;
    }
    table
};

/// For each instrumented form its base instruction; all else stays.
static PLAIN: [u8; 256] = {
    let mut table = [0; 256];
    let mut index = 0;
    while index < 256 {
        table[index] = index as u8;
        index += 1;
    }
    let mut index = 0;
    while index < FORMS.len() {
        table[FORMS[index].1 as usize] = FORMS[index].0 as u8;
        index += 1;
    }
    table
};

static EVENT_OF: [u8; 256] = {
    let mut table = [255; 256];
    let mut index = 0;
    while index < FORMS.len() {
        table[FORMS[index].0 as usize] = FORMS[index].2 as u8;
        index += 1;
    }
    table
};

/// What monitoring keeps for a code object: what CPython's layout says, and what is ours.
#[repr(C)]
pub(super) struct Data {
    pub(super) c: _PyCoMonitoringData,
    /// Bits for each unit; null until line events are asked for.
    pub(super) flow: Cell<*mut u8>,
    /// Jumps and where they lead, in order; with the bits.
    pub(super) jumps: OnceCell<Vec<(u32, u32)>>,
}

impl Data {
    pub(super) fn jumps(&self) -> &[(u32, u32)] {
        self.jumps.get().map_or(&[], Vec::as_slice)
    }
}

/// The data of a code object, if it was ever instrumented.
pub(super) unsafe fn data<'a>(code: *mut PyCodeObject) -> Option<&'a Data> {
    // SAFETY: null or made by `data_or_new`.
    unsafe { (*code)._co_monitoring.get().cast::<Data>().as_ref() }
}

unsafe fn data_or_new<'a>(code: *mut PyCodeObject) -> PyResult<&'a Data> {
    // SAFETY: all bits zero is a valid value but for the jumps, which are written.
    unsafe {
        if (*code)._co_monitoring.get().is_null() {
            let new = libc::calloc(1, size_of::<Data>()).cast::<Data>();
            if new.is_null() {
                return Err(Raised::no_memory());
            }
            (&raw mut (*new).jumps).write(OnceCell::new());
            (*code)._co_monitoring.set(new.cast());
        }
        Ok(&*(*code)._co_monitoring.get().cast::<Data>())
    }
}

/// Frees what monitoring keeps for a code object that goes.
///
/// # Safety
/// The code is not used any more.
pub unsafe fn drop_data(code: *mut PyCodeObject) {
    // SAFETY: the arrays came from the C allocator.
    unsafe {
        let data = (*code)._co_monitoring.replace(ptr::null_mut()).cast::<Data>();
        if data.is_null() {
            return;
        }
        ptr::drop_in_place(&raw mut (*data).jumps);
        for array in [
            (*data).c.tools.get(),
            (*data).c.lines.get().cast(),
            (*data).c.line_tools.get(),
            (*data).c.per_instruction_opcodes.get(),
            (*data).c.per_instruction_tools.get(),
            (*data).flow.get(),
        ] {
            libc::free(array.cast());
        }
        libc::free(data.cast());
    }
}

pub(super) fn zeroed(bytes: usize) -> PyResult<*mut u8> {
    // SAFETY: a plain allocation.
    let block = unsafe { libc::calloc(bytes.max(1), 1) }.cast::<u8>();
    if block.is_null() { Err(Raised::no_memory()) } else { Ok(block) }
}

pub(super) unsafe fn units(code: *mut PyCodeObject) -> usize {
    // SAFETY: live code.
    unsafe { (*code).ob_base.ob_size.get() as usize }
}

unsafe fn unit(code: *mut PyCodeObject, index: usize) -> *mut u16 {
    // SAFETY: the caller passes an index into the code.
    unsafe { frame::first_instruction(code).cast::<u16>().add(index) }
}

/// The index of an instruction pointer, if it points into this code.
///
/// # Safety
/// Live code.
pub unsafe fn index_within(code: *mut PyCodeObject, ip: *mut u16) -> Option<usize> {
    // SAFETY: addresses alone are compared.
    unsafe {
        let offset = (ip as usize).checked_sub(unit(code, 0) as usize)? / 2;
        if offset < units(code) { Some(offset) } else { None }
    }
}

pub(super) unsafe fn at(array: *mut u8, index: usize) -> u8 {
    // SAFETY: null or an array with a byte for each unit.
    unsafe { if array.is_null() { 0 } else { *array.add(index) } }
}

/// The instruction that the compiler wrote at `index`.
///
/// # Safety
/// `index` is an instruction of live code.
pub unsafe fn base_opcode(code: *mut PyCodeObject, index: usize) -> u8 {
    // SAFETY: an instrumented opcode has data behind it.
    unsafe {
        let mut opcode = *unit(code, index) as u8;
        if opcode < FIRST_INSTRUMENTED {
            return specialize::base(opcode);
        }
        let Some(data) = data(code) else { return specialize::base(PLAIN[opcode as usize]) };
        if opcode == INSTRUMENTED_LINE {
            opcode = *line_entry(data, index);
        }
        if opcode == INSTRUMENTED_INSTRUCTION {
            opcode = *data.c.per_instruction_opcodes.get().add(index);
        }
        specialize::base(PLAIN[opcode as usize])
    }
}

/// The operand byte at `index`.
pub(super) unsafe fn operand(code: *mut PyCodeObject, index: usize) -> usize {
    // SAFETY: an index into the code.
    unsafe { (*unit(code, index) >> 8) as usize }
}

/// What stands behind `INSTRUMENTED_LINE` or `INSTRUMENTED_INSTRUCTION` at `index`, or what has come in its place.
///
/// # Safety
/// `index` is an instruction of live code.
pub unsafe fn behind(code: *mut PyCodeObject, index: usize, instrumented: u8) -> u8 {
    // SAFETY: by contract.
    unsafe {
        let opcode = *unit(code, index) as u8;
        let Some(data) = data(code) else { return opcode };
        let mut below = if opcode == INSTRUMENTED_LINE { *line_entry(data, index) } else { opcode };
        if instrumented == INSTRUMENTED_INSTRUCTION && below == INSTRUMENTED_INSTRUCTION {
            below = *data.c.per_instruction_opcodes.get().add(index);
        }
        // The fast form may execute the instruction a second time, which would be a second event.
        if below == Opcode::RETURN_VALUE as u8 { Opcode::INSTRUMENTED_RETURN_VALUE as u8 } else { below }
    }
}

/// Keeps the instruction at `ip`, which executes as `opcode`, from specialising: that would write over what
/// stands there.
///
/// # Safety
/// `ip` is an instruction.
pub unsafe fn pause_counter(ip: *mut u16, opcode: u8) {
    // SAFETY: a specialisable instruction has a counter in its first cache unit.
    unsafe {
        if CACHES[specialize::base(PLAIN[opcode as usize]) as usize] > 0 {
            *ip.add(1) = specialize::PAUSED;
        }
    }
}

/// The tools that watch the event of the instruction at `index`.
///
/// # Safety
/// As [`base_opcode`].
pub unsafe fn tools(code: *mut PyCodeObject, index: usize) -> u8 {
    // SAFETY: by contract.
    unsafe { data(code).map_or(0, |data| at(data.c.tools.get(), index)) }
}

pub unsafe fn line_tools(code: *mut PyCodeObject, index: usize) -> u8 {
    // SAFETY: by contract.
    unsafe { data(code).map_or(0, |data| at(data.c.line_tools.get(), index)) }
}

pub unsafe fn instruction_tools(code: *mut PyCodeObject, index: usize) -> u8 {
    // SAFETY: by contract.
    unsafe { data(code).map_or(0, |data| at(data.c.per_instruction_tools.get(), index)) }
}

/// Which of the three sets of tools at an instruction.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Event,
    Line,
    Instruction,
}

/// Takes `tools` away from one instruction: they have disabled it.
///
/// # Safety
/// As [`base_opcode`].
pub unsafe fn remove_tools(code: *mut PyCodeObject, index: usize, kind: Kind, tools: u8) {
    // SAFETY: by contract.
    unsafe {
        let Some(data) = data(code) else { return };
        let array = match kind {
            Kind::Event => data.c.tools.get(),
            Kind::Line => data.c.line_tools.get(),
            Kind::Instruction => data.c.per_instruction_tools.get(),
        };
        if !array.is_null() && index < units(code) {
            *array.add(index) &= !tools;
            write_opcode(code, data, index);
        }
    }
}

/// The indices of the instructions of a code object.
pub(super) struct Instructions {
    code: *mut PyCodeObject,
    index: usize,
}

pub(super) unsafe fn instructions(code: *mut PyCodeObject) -> Instructions {
    Instructions { code, index: 0 }
}

impl Iterator for Instructions {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        // SAFETY: the maker vouches for the code.
        unsafe {
            let index = self.index;
            if index >= units(self.code) {
                return None;
            }
            self.index += 1 + CACHES[base_opcode(self.code, index) as usize] as usize;
            Some(index)
        }
    }
}

pub unsafe fn local_events(tool: usize, code: *mut PyCodeObject) -> u32 {
    // SAFETY: by contract.
    let Some(data) = (unsafe { data(code) }) else { return 0 };
    let monitors = data.c.local_monitors.get();
    (0..LOCAL_EVENTS).filter(|&event| monitors.tools[event] >> tool & 1 != 0).fold(0, |set, event| set | 1 << event)
}

pub unsafe fn set_local_events(tool: usize, code: *mut PyCodeObject, set: u32) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        let data = data_or_new(code)?;
        data.c.tool_versions[tool].set(STATE.tool_versions[tool].get());
        if local_events(tool, code) == set {
            return Ok(());
        }
        let mut monitors = data.c.local_monitors.get();
        for (event, tools) in monitors.tools.iter_mut().enumerate() {
            *tools = *tools & !(1 << tool) | ((set >> event & 1) as u8) << tool;
        }
        data.c.local_monitors.set(monitors);
        instrument_again(code)
    }
}

/// Brings the instructions of `code` up to the present version (`_Py_Instrument`).
///
/// # Safety
/// Live code; the GIL is held.
pub unsafe fn instrument(code: *mut PyCodeObject) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe { if (*code)._co_instrumentation_version.get() == version() { Ok(()) } else { instrument_again(code) } }
}

unsafe fn instrument_again(code: *mut PyCodeObject) -> PyResult<()> {
    // SAFETY: by contract of the callers; no Python code runs here.
    unsafe {
        let nobody_watches = STATE.global[..LOCAL_EVENTS].iter().all(|tools| tools.get() == 0);
        if (*code).co_flags.get() & CO_NO_MONITORING_EVENTS != 0
            || nobody_watches && (*code)._co_monitoring.get().is_null()
        {
            (*code)._co_instrumentation_version.set(version());
            return Ok(());
        }
        let data = data_or_new(code)?;
        let mut local = data.c.local_monitors.get();
        for tool in 0..TOOLS {
            if data.c.tool_versions[tool].get() != STATE.tool_versions[tool].get() {
                local.tools.iter_mut().for_each(|tools| *tools &= !(1 << tool));
            }
        }
        data.c.local_monitors.set(local);
        let old = data.c.active_monitors.get();
        let mut active = _Py_LocalMonitors { tools: [0; LOCAL_EVENTS] };
        for (event, tools) in active.tools.iter_mut().enumerate() {
            *tools = local.tools[event] | STATE.global[event].get();
        }
        allocate(code, data, &active)?;
        let restarted = STATE.restart_version.get() > (*code)._co_instrumentation_version.get();
        let change = |event: usize, tools: u8| {
            let (old, new) = (old.tools[event], active.tools[event]);
            if restarted { new } else { tools & new | new & !old }
        };
        data.c.active_monitors.set(active);
        for index in instructions(code) {
            if index < (*code)._co_firsttraceable.get() as usize {
                continue;
            }
            let base = base_opcode(code, index);
            if let Some(event) = event_of(code, index, base)
                && let Some(tools) = data.c.tools.get().add(index).as_mut().filter(|_| !data.c.tools.get().is_null())
            {
                *tools = change(event, *tools);
            }
            let array = data.c.line_tools.get();
            if !array.is_null() && at(data.flow.get(), index) & START != 0 {
                *array.add(index) = change(event::LINE, *array.add(index));
            }
            let array = data.c.per_instruction_tools.get();
            if !array.is_null() && base != Opcode::RESUME as u8 && base != Opcode::END_FOR as u8 {
                *array.add(index) = change(event::INSTRUCTION, *array.add(index));
            }
            write_opcode(code, data, index);
        }
        (*code)._co_instrumentation_version.set(version());
        Ok(())
    }
}

/// The event of an instruction, if it has one.
unsafe fn event_of(code: *mut PyCodeObject, index: usize, base: u8) -> Option<usize> {
    match EVENT_OF[base as usize] {
        255 => None,
        // SAFETY: by contract of the caller.
        0 => Some(if unsafe { operand(code, index) } > 0 { event::PY_RESUME } else { event::PY_START }),
        event => Some(event as usize),
    }
}

unsafe fn allocate(code: *mut PyCodeObject, data: &Data, active: &_Py_LocalMonitors) -> PyResult<()> {
    // SAFETY: by contract of the callers.
    unsafe {
        let count = units(code);
        let own = |event: usize| event != event::LINE && event != event::INSTRUCTION;
        let any = active.tools.iter().enumerate().any(|(event, tools)| own(event) && *tools != 0);
        if any && data.c.tools.get().is_null() {
            data.c.tools.set(zeroed(count)?);
        }
        if active.tools[event::LINE] != 0 {
            if data.c.line_tools.get().is_null() {
                data.c.line_tools.set(zeroed(count)?);
            }
            if data.c.lines.get().is_null() {
                find_lines(code, data)?;
            }
        }
        if active.tools[event::INSTRUCTION] != 0 && data.c.per_instruction_tools.get().is_null() {
            if data.c.per_instruction_opcodes.get().is_null() {
                data.c.per_instruction_opcodes.set(zeroed(count)?);
            }
            data.c.per_instruction_tools.set(zeroed(count)?);
        }
        Ok(())
    }
}

/// Writes the opcode that follows from the tools at `index`. What the compiler wrote may stay specialised.
unsafe fn write_opcode(code: *mut PyCodeObject, data: &Data, index: usize) {
    // SAFETY: by contract of the callers.
    unsafe {
        let base = base_opcode(code, index);
        let mut opcode = base;
        let remembered =
            at(data.flow.get(), index) & REMEMBERED != 0 && data.c.active_monitors.get().tools[event::LINE] != 0;
        if INSTRUMENTED[base as usize] != 0 && (at(data.c.tools.get(), index) != 0 || remembered) {
            opcode = INSTRUMENTED[base as usize];
        }
        if at(data.c.per_instruction_tools.get(), index) != 0 {
            *data.c.per_instruction_opcodes.get().add(index) = opcode;
            opcode = INSTRUMENTED_INSTRUCTION;
        }
        if at(data.c.line_tools.get(), index) != 0 {
            *line_entry(data, index) = opcode;
            opcode = INSTRUMENTED_LINE;
        }
        let ip = unit(code, index);
        let present = *ip as u8;
        if present == opcode || opcode == base && present < FIRST_INSTRUMENTED {
            return;
        }
        specialize::rewrite(ip, opcode);
        if CACHES[base as usize] > 0 && base != Opcode::JUMP_BACKWARD as u8 {
            *ip.add(1) = if opcode == base { specialize::WARMUP } else { specialize::PAUSED };
        }
    }
}
