//! The two sides of a branch: where the events of each arise.

use taipan_compiler::opcode::{CACHES, Opcode};

use super::install::{base_opcode, data, instructions, operand, units};
use crate::abi::PyCodeObject;

/// Where the event of the other side of the branch at `source` is, seen from its right or its left side: the two places are the conditional jump and the `NOT_TAKEN`
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
            && let Some(&(jump, _)) = data.jumps().iter().find(|(jump, target)| {
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
