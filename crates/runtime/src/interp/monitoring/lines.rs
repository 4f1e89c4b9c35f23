//! Line events: where a line begins, and when the event is due.
//!
//! The event is due where a line begins and execution comes from another line. The place where it begins is known
//! beforehand, and where execution comes from is too unless several ways lead there; jumps to such a place are instrumented
//! even if nobody watches them, so that the line event hears of the jump. CPython compares with the instruction executed
//! last, which our fast handlers do not write down.

use core::ffi::c_int;
use core::ptr;

use taipan_compiler::opcode::{CACHES, Opcode};

use super::install::{Data, at, base_opcode, data, instructions, operand, units, zeroed};
use crate::abi::{_PyCoLineInstrumentationData, PyCodeObject};
use crate::prelude::*;
use crate::types::code::Locations;

/// A line begins here.
pub(super) const START: u8 = 1;
/// Whether the line event is due depends on where execution comes from.
const CHECKED: u8 = 2;
/// The instruction before is of the same line and goes on here.
const SAME_LINE_BEFORE: u8 = 4;
/// A jump that has to be remembered.
pub(super) const REMEMBERED: u8 = 8;
/// The target of an exception handler.
const HANDLER: u8 = 16;

/// The entry of an instruction in the line data: its opcode behind `INSTRUMENTED_LINE`, then the line.
pub(super) unsafe fn line_entry(data: &Data, index: usize) -> *mut u8 {
    // SAFETY: line data exists, with an entry for each unit.
    unsafe {
        let lines = data.c.lines.get();
        (&raw mut (*lines).data).cast::<u8>().add(index * (*lines).bytes_per_entry.get() as usize)
    }
}

/// The line of the instruction at `index`, from the line data.
pub(super) unsafe fn line_of(code: *mut PyCodeObject, data: &Data, index: usize) -> Option<c_int> {
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
        let flags = at(data.flow.get(), index);
        if flags & CHECKED != 0 {
            let same = match arrived {
                Some(place) if place == index => flags & HANDLER == 0,
                Some(jump) if data.jumps().binary_search(&(jump as u32, index as u32)).is_ok() => {
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
pub(super) unsafe fn find_lines(code: *mut PyCodeObject, data: &Data) -> PyResult<()> {
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
        if data.flow.get().is_null() {
            data.flow.set(zeroed(count)?);
        }
        let flow = data.flow.get();
        let mut jumps: Vec<(u32, u32)> = Vec::new();
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
                    if jumps.try_reserve(1).is_err() {
                        return Err(Raised::no_memory());
                    }
                    jumps.push((index as u32, target as u32));
                }
            }
            if opcode != Opcode::EXTENDED_ARG {
                operand_so_far = 0;
            }
        }
        for &(jump, target) in &jumps {
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
        for &(jump, target) in &jumps {
            let (jump, target) = (jump as usize, target as usize);
            if is_jump(jump) && at(flow, target) & START != 0 && lines[jump] == lines[target] {
                *flow.add(target) |= CHECKED;
            }
        }
        for &(jump, target) in &jumps {
            let (jump, target) = (jump as usize, target as usize);
            if is_jump(jump) && at(flow, target) & (START | CHECKED) == START | CHECKED {
                *flow.add(jump) |= REMEMBERED;
            }
        }
        jumps.retain(|&(jump, _)| is_jump(jump as usize));
        // What it was before, if it was: the code does not change.
        let _ = data.jumps.set(jumps);
        // Last: line data say that all of this is there.
        write_lines(code, data, &lines)
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
