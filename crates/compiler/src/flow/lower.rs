//! The final form of the code: pseudo instructions become real ones, cells and free variables get their slots behind
//! the locals, the frame is prepared, and conditional jumps go forward.

use super::Frame;
use super::graph::{BlockId, Graph, NONE, give_back};
use crate::error::Result;
use crate::ir::{Instr, Loc, NO_LOCATION};
use crate::opcode::{Opcode, role};

impl Graph {
    /// Gives conditional jumps a slot more, for what follows them, and replaces pseudo instructions.
    pub(super) fn lower(&mut self, frame: &Frame<'_>) -> Result<()> {
        let bare = frame.cell_locals.is_empty() && frame.nfree == 0 && !frame.is_generator;
        if !bare || self.roles & role::LOWERED != 0 || !self.part_blocks() {
            self.rewrite(frame);
            give_back(&mut self.spare);
        }
        self.drop_nops_and_jumps()
    }

    /// Moves the blocks apart, where they stand in the order of the code. False, and nothing moved, where they do not.
    fn part_blocks(&mut self) -> bool {
        self.todo.clear();
        let (mut id, mut end, mut more) = (0, 0, 0);
        while id != NONE {
            let block = *self.block(id);
            if (block.start as usize) < end {
                return false;
            }
            end = (block.start + block.room) as usize;
            more += usize::from(self.wants_slot(id));
            if more > 0 {
                self.todo.push(id);
            }
            id = block.next;
        }
        self.code.resize(end + more, Instr::BLANK);
        while let Some(id) = self.todo.pop() {
            let wants_slot = self.wants_slot(id);
            let block = &mut self.blocks[id as usize];
            let (from, room) = (block.start as usize, block.room as usize);
            more -= usize::from(wants_slot);
            block.start = (from + more) as u32;
            self.code.copy_within(from..from + room, from + more);
            if wants_slot {
                block.room += 1;
                self.code[from + more + room] = Instr::BLANK;
            }
        }
        true
    }

    /// The block ends with a branch, and with its slots.
    fn wants_slot(&self, id: BlockId) -> bool {
        let block = self.block(id);
        block.len == block.room && self.ending(id) & role::BRANCH != 0
    }

    /// Writes the blocks anew, in their order and with one slot more than they need.
    fn rewrite(&mut self, frame: &Frame<'_>) {
        let slots = cell_slots(frame);
        let mut out = std::mem::take(&mut self.spare);
        out.clear();
        out.reserve(self.code.len() + 2 * self.blocks.len() + 8);
        let mut id = 0;
        while id != NONE {
            let block = &mut self.blocks[id as usize];
            let start = out.len();
            if id == 0 {
                prepare_frame(&mut out, frame, &slots);
            }
            let mut rest = &self.code[block.range()];
            if block.may_have(role::LOWERED) {
                while let Some(at) = rest.iter().position(|instr| instr.op.is(role::LOWERED)) {
                    out.extend_from_slice(&rest[..at]);
                    lower_instr(&mut out, rest[at], &slots);
                    rest = &rest[at + 1..];
                }
                block.roles |= role::NOP;
            }
            out.extend_from_slice(rest);
            let len = (out.len() - start) as u32;
            // The slot behind the end, see `Block::room`.
            out.push(if len < block.room { self.code[(block.start + len) as usize] } else { Instr::BLANK });
            (block.start, block.len, block.room) = (start as u32, len, len + 1);
            id = block.next;
        }
        self.spare = std::mem::replace(&mut self.code, out);
    }

    /// Conditional jumps go forward only, and what follows them is marked as not taken. One that goes back is turned
    /// around a plain jump.
    pub(super) fn orient_branches(&mut self) {
        self.start_walk();
        let mut id = 0;
        while id != NONE {
            self.visit(id);
            let next = self.block(id).next;
            if let Some(branch) = self.last(id).copied().filter(|last| last.op.is(role::BRANCH)) {
                let not_taken = Instr::new(Opcode::NOT_TAKEN, 0, branch.loc);
                if self.is_visited(branch.arg) {
                    self.turn_back(id, next, branch, not_taken);
                } else {
                    self.append(id, not_taken);
                }
            }
            id = next;
        }
    }

    fn turn_back(&mut self, id: BlockId, next: BlockId, branch: Instr, not_taken: Instr) {
        let back = self.add_block(next);
        self.reserve(back, 2);
        self.append(back, not_taken);
        self.append(back, Instr::new(Opcode::JUMP, branch.arg, branch.loc));
        self.block_mut(back).depth = self.block(branch.arg).depth;
        self.visit(back);
        let block = self.block_mut(id);
        block.next = back;
        let end = block.range().end - 1;
        let opposite = match branch.op {
            Opcode::POP_JUMP_IF_NOT_NONE => Opcode::POP_JUMP_IF_NONE,
            Opcode::POP_JUMP_IF_NONE => Opcode::POP_JUMP_IF_NOT_NONE,
            Opcode::POP_JUMP_IF_FALSE => Opcode::POP_JUMP_IF_TRUE,
            _ => Opcode::POP_JUMP_IF_FALSE,
        };
        self.code[end].set(opposite, next);
    }
}

/// For each cell and free variable its place among the variables of the frame.
fn cell_slots(frame: &Frame<'_>) -> Vec<u32> {
    // A cell that is a local as well has no slot of its own.
    let mut free = frame.nlocals as u32..;
    let nfree = std::iter::repeat_n(None, frame.nfree);
    frame.cell_locals.iter().copied().chain(nfree).map(|local| local.or_else(|| free.next()).unwrap_or(0)).collect()
}

/// What runs before the code of a unit.
fn prepare_frame(out: &mut Vec<Instr>, frame: &Frame<'_>, slots: &[u32]) {
    if frame.nfree > 0 {
        out.push(Instr::new(Opcode::COPY_FREE_VARS, frame.nfree as u32, NO_LOCATION));
    }
    // In the order of the slots: cells of parameters come first.
    let first = out.len();
    out.extend(slots[..frame.cell_locals.len()].iter().map(|slot| Instr::new(Opcode::MAKE_CELL, *slot, NO_LOCATION)));
    out[first..].sort_unstable_by_key(|cell| cell.arg);
    if frame.is_generator {
        let loc = Loc { lineno: frame.firstlineno, end_lineno: frame.firstlineno, ..NO_LOCATION };
        out.push(Instr::new(Opcode::RETURN_GENERATOR, 0, loc));
        out.push(Instr::new(Opcode::POP_TOP, 0, loc));
    }
}

fn lower_instr(out: &mut Vec<Instr>, mut instr: Instr, slots: &[u32]) {
    use Opcode::*;
    match instr.op {
        JUMP_IF_FALSE | JUMP_IF_TRUE => {
            // The value stays, so a copy of it is tested.
            out.push(Instr { op: COPY, arg: 1, ..instr });
            out.push(Instr { op: TO_BOOL, arg: 0, ..instr });
            instr.op = if instr.op == JUMP_IF_FALSE { POP_JUMP_IF_FALSE } else { POP_JUMP_IF_TRUE };
        }
        STORE_FAST_MAYBE_NULL => instr.op = STORE_FAST,
        MAKE_CELL | LOAD_CLOSURE | LOAD_DEREF | STORE_DEREF | DELETE_DEREF | LOAD_FROM_DICT_OR_DEREF => {
            if let Some(slot) = slots.get(instr.arg as usize) {
                instr.arg = *slot;
            }
            if instr.op == LOAD_CLOSURE {
                instr.op = LOAD_FAST;
            }
        }
        _ => instr.nop(),
    }
    out.push(instr);
}
