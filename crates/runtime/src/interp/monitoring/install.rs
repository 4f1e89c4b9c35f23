//! Instrumented instructions in code objects: what stands where, and how it gets there and away again.
//!
//! For each instruction of an observed code object three sets of tools are kept: those that watch its own event, its
//! line, and it as an instruction. From them the opcode follows: the base instruction or its `INSTRUMENTED_` form, behind
//! `INSTRUMENTED_INSTRUCTION`, behind `INSTRUMENTED_LINE`. **Invariant:** [`base_opcode`] answers with what the compiler
//! wrote, whatever stands in its place.
//!
//! A line event is due where a line begins and execution comes from another line. The place where it begins is known
//! beforehand, and where it comes from is too unless several ways lead there; jumps to such a place are instrumented
//! even if nobody watches them, so that the frame remembers the jump. CPython compares with the instruction executed
//! last, which our fast handlers do not write down.

use core::ffi::c_int;
use core::ptr;

use taipan_compiler::opcode::{CACHES, Opcode};

use super::{LOCAL_EVENTS, STATE, TOOLS, event, version};
use crate::abi::{
    _Py_LocalMonitors, _PyCoLineInstrumentationData, _PyCoMonitoringData, CO_NO_MONITORING_EVENTS, PyCodeObject,
};
use crate::interp::{frame, specialize};
use crate::prelude::*;
use crate::types::code::Locations;

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

/// A line begins here.
const START: u8 = 1;
/// Whether the line event is due depends on where execution comes from.
const CHECKED: u8 = 2;
/// The instruction before is of the same line and goes on here.
const SAME_LINE_BEFORE: u8 = 4;
/// A jump that has to be remembered.
const REMEMBERED: u8 = 8;
/// The target of an exception handler.
const HANDLER: u8 = 16;

/// What monitoring keeps for a code object: what CPython's layout says, and what is ours.
#[repr(C)]
struct Data {
    c: _PyCoMonitoringData,
    /// Bits for each unit; null until line events are asked for.
    flow: *mut u8,
    /// Jumps and where they lead, in order.
    jumps: Vec<(u32, u32)>,
}

/// The data of a code object, if it was ever instrumented.
unsafe fn data<'a>(code: *mut PyCodeObject) -> Option<&'a Data> {
    // SAFETY: null or made by `data_or_new`.
    unsafe { (*code)._co_monitoring.get().cast::<Data>().as_ref() }
}

unsafe fn data_or_new<'a>(code: *mut PyCodeObject) -> PyResult<&'a mut Data> {
    // SAFETY: all bits zero is a valid value but for the vector, which is written. Nobody else holds a reference: the
    // functions of this file do not call Python code while they hold one.
    unsafe {
        if (*code)._co_monitoring.get().is_null() {
            let new = libc::calloc(1, size_of::<Data>()).cast::<Data>();
            if new.is_null() {
                return Err(Raised::no_memory());
            }
            (&raw mut (*new).jumps).write(Vec::new());
            (*code)._co_monitoring.set(new.cast());
        }
        Ok(&mut *(*code)._co_monitoring.get().cast::<Data>())
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
            (*data).flow,
        ] {
            libc::free(array.cast());
        }
        libc::free(data.cast());
    }
}

fn zeroed(bytes: usize) -> PyResult<*mut u8> {
    // SAFETY: a plain allocation.
    let block = unsafe { libc::calloc(bytes.max(1), 1) }.cast::<u8>();
    if block.is_null() { Err(Raised::no_memory()) } else { Ok(block) }
}

unsafe fn units(code: *mut PyCodeObject) -> usize {
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

unsafe fn at(array: *mut u8, index: usize) -> u8 {
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
unsafe fn operand(code: *mut PyCodeObject, index: usize) -> usize {
    // SAFETY: an index into the code.
    unsafe { (*unit(code, index) >> 8) as usize }
}

/// The entry of an instruction in the line data: its opcode behind `INSTRUMENTED_LINE`, then the line.
unsafe fn line_entry(data: &Data, index: usize) -> *mut u8 {
    // SAFETY: line data exists, with an entry for each unit.
    unsafe {
        let lines = data.c.lines.get();
        (&raw mut (*lines).data).cast::<u8>().add(index * (*lines).bytes_per_entry.get() as usize)
    }
}

/// The line of the instruction at `index`, from the line data.
unsafe fn line_of(code: *mut PyCodeObject, data: &Data, index: usize) -> Option<c_int> {
    // SAFETY: as for `line_entry`.
    unsafe {
        let entry = line_entry(data, index);
        let count = (*data.c.lines.get()).bytes_per_entry.get() as usize - 1;
        let mut value = 0u32;
        for byte in 0..count {
            value |= (*entry.add(1 + byte) as u32) << (8 * byte);
        }
        let delta = value.checked_sub(1)?;
        let delta = (delta >> 1) as i32 ^ -((delta & 1) as i32);
        Some((*code).co_firstlineno.get().wrapping_add(delta))
    }
}

/// The line of an instruction, `None` where it has none.
///
/// # Safety
/// `index` is an instruction of live code.
pub unsafe fn line(code: *mut PyCodeObject, index: usize) -> Option<c_int> {
    // SAFETY: by contract.
    unsafe {
        match data(code) {
            Some(data) if !data.c.lines.get().is_null() => line_of(code, data, index),
            _ => Ref::<crate::types::Code>::from_borrowed_ptr(code).line_at(index),
        }
    }
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

/// Where the branch event of the other side of a branch is: the two places are the conditional jump and the `NOT_TAKEN`
/// behind it, `FOR_ITER` and the `POP_ITER` at its end, `NOT_TAKEN` behind `END_SEND` and `END_ASYNC_FOR`.
///
/// # Safety
/// `source` is an index into live code.
pub unsafe fn other_branch(code: *mut PyCodeObject, source: usize, right: bool) -> Option<usize> {
    // SAFETY: by contract; what is found is inside the code.
    unsafe {
        match Opcode::from_number(base_opcode(code, source) as u16)? {
            Opcode::FOR_ITER if right => Some(source),
            Opcode::FOR_ITER => Some(source + 2 + full_operand(code, source) + 1),
            Opcode::END_SEND if right => Some(source + 1),
            Opcode::END_SEND => instructions(code).find(|&index| {
                base_opcode(code, index) == Opcode::END_ASYNC_FOR as u8
                    && (index + 1).checked_sub(full_operand(code, index)) == Some(source)
            }),
            _ if right => Some(source + 2),
            _ => Some(source),
        }
        .filter(|&index| index < units(code))
    }
}

/// The operand of the instruction at `index` with the `EXTENDED_ARG`s before it.
unsafe fn full_operand(code: *mut PyCodeObject, index: usize) -> usize {
    // SAFETY: by contract of the callers. A cache unit before the instruction could look like EXTENDED_ARG, so the
    // instructions are counted from the start.
    unsafe {
        let mut operand_so_far = 0;
        let mut position = 0;
        while position < index {
            let opcode = base_opcode(code, position);
            operand_so_far =
                if opcode == Opcode::EXTENDED_ARG as u8 { operand_so_far << 8 | operand(code, position) } else { 0 };
            position += 1 + CACHES[opcode as usize] as usize;
        }
        operand_so_far << 8 | operand(code, index)
    }
}

/// The `FOR_ITER` of the loop that `POP_ITER` at `index` ends.
///
/// # Safety
/// As [`base_opcode`].
pub unsafe fn loop_of_pop_iter(code: *mut PyCodeObject, index: usize) -> Option<usize> {
    // SAFETY: by contract.
    unsafe {
        if let Some(data) = data(code)
            && !data.jumps.is_empty()
            && let Some(&(jump, _)) = data.jumps.iter().find(|(jump, target)| {
                *target as usize == index && base_opcode(code, *jump as usize) == Opcode::FOR_ITER as u8
            })
        {
            return Some(jump as usize);
        }
        let mut operand_so_far = 0;
        let mut position = 0;
        while position < index {
            let opcode = base_opcode(code, position);
            operand_so_far = operand_so_far << 8 | operand(code, position);
            if opcode == Opcode::FOR_ITER as u8 && position + 2 + operand_so_far + 1 == index {
                return Some(position);
            }
            if opcode != Opcode::EXTENDED_ARG as u8 {
                operand_so_far = 0;
            }
            position += 1 + CACHES[opcode as usize] as usize;
        }
        None
    }
}

/// The source of the branch whose left side is `NOT_TAKEN` at `index`: the jump before it, or `END_SEND`.
///
/// # Safety
/// As [`base_opcode`].
pub unsafe fn branch_of_not_taken(code: *mut PyCodeObject, index: usize) -> usize {
    // SAFETY: two units precede a NOT_TAKEN, and are the jump with its cache unit or other instructions.
    unsafe {
        let is_jump = index >= 2
            && matches!(
                Opcode::from_number(base_opcode(code, index - 2) as u16),
                Some(
                    Opcode::POP_JUMP_IF_FALSE
                        | Opcode::POP_JUMP_IF_TRUE
                        | Opcode::POP_JUMP_IF_NONE
                        | Opcode::POP_JUMP_IF_NOT_NONE
                )
            );
        if is_jump { index - 2 } else { index.saturating_sub(1) }
    }
}

/// The indices of the instructions of a code object.
struct Instructions {
    code: *mut PyCodeObject,
    index: usize,
}

unsafe fn instructions(code: *mut PyCodeObject) -> Instructions {
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

/// What a line event needs to know of an instruction.
pub enum LineStart {
    /// The event is not due: execution comes from the same line.
    Same,
    Line(c_int),
}

/// Whether the line event at `index` is due. `arrived` is the jump that execution came by, or the place itself when it
/// came as an exception's handler; `None` says that it came from the instruction before.
///
/// # Safety
/// `INSTRUMENTED_LINE` stands at `index` of live code.
pub unsafe fn line_start(code: *mut PyCodeObject, index: usize, arrived: Option<usize>) -> LineStart {
    // SAFETY: by contract there is line data.
    unsafe {
        let Some(data) = data(code) else { return LineStart::Same };
        let Some(line) = line_of(code, data, index) else { return LineStart::Same };
        let flags = at(data.flow, index);
        if flags & CHECKED != 0 {
            let same = match arrived {
                Some(place) if place == index => flags & HANDLER == 0,
                Some(jump) if data.jumps.binary_search(&(jump as u32, index as u32)).is_ok() => {
                    line_of(code, data, jump) == Some(line)
                }
                _ => flags & SAME_LINE_BEFORE != 0,
            };
            if same {
                return LineStart::Same;
            }
        }
        LineStart::Line(line)
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
            if !array.is_null() && at(data.flow, index) & START != 0 {
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

unsafe fn allocate(code: *mut PyCodeObject, data: &mut Data, active: &_Py_LocalMonitors) -> PyResult<()> {
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
        let remembered = at(data.flow, index) & REMEMBERED != 0 && data.c.active_monitors.get().tools[event::LINE] != 0;
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

/// Whether nothing goes on from an instruction to the one behind it.
fn ends_block(opcode: u8) -> bool {
    matches!(
        Opcode::from_number(opcode as u16),
        Some(
            Opcode::JUMP_FORWARD
                | Opcode::JUMP_BACKWARD
                | Opcode::JUMP_BACKWARD_NO_INTERRUPT
                | Opcode::RETURN_VALUE
                | Opcode::RAISE_VARARGS
                | Opcode::RERAISE
        )
    )
}

/// Finds where lines begin, and by which ways execution comes there.
unsafe fn find_lines(code: *mut PyCodeObject, data: &mut Data) -> PyResult<()> {
    // SAFETY: by contract of the callers.
    unsafe {
        let count = units(code);
        let object: Ref<crate::types::Code> = Ref::from_borrowed_ptr(code);
        let first_line = (*code).co_firstlineno.get();
        let mut lines: Vec<i64> = Vec::new();
        if lines.try_reserve_exact(count).is_err() {
            return Err(Raised::no_memory());
        }
        let table = object.line_table();
        for location in Locations::new(table.as_slice(), first_line) {
            let line = location.line.map_or(-1, |line| line.max(-1) as i64);
            lines.extend((location.start..location.end.min(count)).map(|_| line));
        }
        lines.resize(count, -1);
        write_lines(code, data, &lines)?;

        let flow = zeroed(count)?;
        libc::free(core::mem::replace(&mut data.flow, flow).cast());
        data.jumps.clear();
        let first = (*code)._co_firsttraceable.get() as usize;
        let mut current = -1;
        let mut before: Option<usize> = None;
        let mut operand_so_far = 0;
        for index in instructions(code) {
            let base = base_opcode(code, index);
            let Some(opcode) = Opcode::from_number(base as u16) else { continue };
            let next = index + 1 + CACHES[base as usize] as usize;
            operand_so_far = operand_so_far << 8 | operand(code, index);
            let line = lines[index];
            if let Some(before) = before {
                let previous = base_opcode(code, before);
                if line >= 0 && lines[before] == line && !ends_block(previous) && previous != Opcode::RESUME as u8 {
                    *flow.add(index) |= SAME_LINE_BEFORE;
                }
            }
            before = Some(index);
            if index >= first {
                // What a loop or an `await` skips, and `RESUME`, begin no line.
                if !matches!(opcode, Opcode::END_ASYNC_FOR | Opcode::END_FOR | Opcode::END_SEND | Opcode::RESUME) {
                    if line != current && line >= 0 {
                        *flow.add(index) |= START;
                    }
                    current = line;
                }
                let target = match opcode {
                    Opcode::POP_JUMP_IF_FALSE
                    | Opcode::POP_JUMP_IF_TRUE
                    | Opcode::POP_JUMP_IF_NONE
                    | Opcode::POP_JUMP_IF_NOT_NONE
                    | Opcode::JUMP_FORWARD => Some(next + operand_so_far),
                    Opcode::FOR_ITER | Opcode::SEND => Some(next + operand_so_far + 1),
                    Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT => next.checked_sub(operand_so_far),
                    _ => None,
                };
                if let Some(target) = target.filter(|&target| target < count) {
                    if data.jumps.try_reserve(1).is_err() {
                        return Err(Raised::no_memory());
                    }
                    data.jumps.push((index as u32, target as u32));
                }
            }
            if opcode != Opcode::EXTENDED_ARG {
                operand_so_far = 0;
            }
        }
        for &(jump, target) in &data.jumps {
            let (jump, target) = (jump as usize, target as usize);
            match Opcode::from_number(base_opcode(code, jump) as u16) {
                // The end of a loop is of the loop's line, always, and no event is due there.
                Some(Opcode::FOR_ITER) if lines[jump] == lines[target] => *flow.add(target) &= !START,
                // Nor at the end of a `yield from`.
                _ if base_opcode(code, target) == Opcode::END_SEND as u8 => {}
                _ if lines[target] >= 0 => *flow.add(target) |= START,
                _ => {}
            }
        }
        let exceptions = object.exception_table();
        for handler in crate::interp::unwind::handlers(exceptions.as_slice()) {
            if handler < count && lines[handler] >= 0 && base_opcode(code, handler) != Opcode::END_ASYNC_FOR as u8 {
                *flow.add(handler) |= START | HANDLER;
            }
        }
        for index in instructions(code) {
            if at(flow, index) & (START | SAME_LINE_BEFORE) == START | SAME_LINE_BEFORE {
                *flow.add(index) |= CHECKED;
            }
        }
        // SEND goes to END_SEND, and only from there to the target.
        let is_jump = |jump: usize| base_opcode(code, jump) != Opcode::SEND as u8;
        for &(jump, target) in &data.jumps {
            let (jump, target) = (jump as usize, target as usize);
            if is_jump(jump) && at(flow, target) & START != 0 && lines[jump] == lines[target] {
                *flow.add(target) |= CHECKED;
            }
        }
        for &(jump, target) in &data.jumps {
            let (jump, target) = (jump as usize, target as usize);
            if is_jump(jump) && at(flow, target) & (START | CHECKED) == START | CHECKED {
                *flow.add(jump) |= REMEMBERED;
            }
        }
        data.jumps.retain(|&(jump, _)| is_jump(jump as usize));
        Ok(())
    }
}

/// Fills the line data: for each unit an opcode, and the line as a difference to the first line, plus one.
unsafe fn write_lines(code: *mut PyCodeObject, data: &Data, lines: &[i64]) -> PyResult<()> {
    // SAFETY: the block has room for an entry for each unit.
    unsafe {
        let first = (*code).co_firstlineno.get() as i64;
        let encode = |line: i64| {
            let delta = (line - first) as i32;
            ((delta << 1 ^ delta >> 31) as u32).wrapping_add(1)
        };
        let largest = lines.iter().filter(|line| **line >= 0).map(|&line| encode(line)).max().unwrap_or(0);
        let bytes = (4 - largest.leading_zeros() as usize / 8).max(1);
        let Some(size) = lines.len().checked_mul(bytes + 1).and_then(|size| size.checked_add(1)) else {
            return Err(Raised::no_memory());
        };
        let block = zeroed(size)?.cast::<_PyCoLineInstrumentationData>();
        (*block).bytes_per_entry.set(bytes as u8 + 1);
        data.c.lines.set(block);
        for index in instructions(code) {
            if lines[index] >= 0 {
                let value = encode(lines[index]).to_le_bytes();
                ptr::copy_nonoverlapping(value.as_ptr(), line_entry(data, index).add(1), bytes);
            }
        }
        Ok(())
    }
}
