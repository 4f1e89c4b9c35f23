//! The order of blocks: code that only exceptions reach goes to the end; then each conditional jump gets its
//! direction.

use super::{BlockId, Graph, Instr, NONE};
use crate::error::Result;
use crate::ir::NO_LOCATION;
use crate::opcode::Opcode;

impl Graph {
    fn mark_warm(&mut self) {
        self.clear_visited();
        let mut todo: Vec<BlockId> = vec![0];
        self.blocks[0].visited = true;
        while let Some(id) = todo.pop() {
            self.block_mut(id).warm = true;
            let next = self.block(id).next;
            if next != NONE && self.block(id).falls_through() && !self.block(next).visited {
                todo.push(next);
                self.block_mut(next).visited = true;
            }
            for index in 0..self.block(id).instrs.len() {
                let instr = self.block(id).instrs[index];
                if instr.op.has_jump() && !self.block(instr.target).visited {
                    todo.push(instr.target);
                    self.block_mut(instr.target).visited = true;
                }
            }
        }
    }

    fn mark_cold(&mut self) {
        self.mark_warm();
        self.clear_visited();
        let mut todo: Vec<BlockId> = Vec::new();
        let mut id = 0;
        while id != NONE {
            let block = self.block_mut(id);
            if block.is_handler {
                block.visited = true;
                todo.push(id);
            }
            id = block.next;
        }
        while let Some(id) = todo.pop() {
            self.block_mut(id).cold = true;
            let next = self.block(id).next;
            if next != NONE && self.block(id).falls_through() && !self.block(next).warm && !self.block(next).visited {
                todo.push(next);
                self.block_mut(next).visited = true;
            }
            for index in 0..self.block(id).instrs.len() {
                let instr = self.block(id).instrs[index];
                if instr.op.has_jump() {
                    let target = self.block(instr.target);
                    if !target.warm && !target.visited {
                        todo.push(instr.target);
                        self.block_mut(instr.target).visited = true;
                    }
                }
            }
        }
    }

    pub(super) fn move_cold_blocks(&mut self) -> Result<()> {
        if self.blocks[0].next == NONE {
            return Ok(());
        }
        self.mark_cold();
        // A cold block that falls into a warm one needs a jump there.
        let mut id = 0;
        while id != NONE {
            let next = self.block(id).next;
            if self.block(id).cold && next != NONE && self.block(id).falls_through() && self.block(next).warm {
                let jump = self.add_block();
                self.block_mut(next).labelled = true;
                self.push_jump(jump, Opcode::JUMP_NO_INTERRUPT, next, NO_LOCATION);
                let block = self.block_mut(jump);
                block.cold = true;
                block.next = next;
                block.predecessors = 1;
                self.block_mut(id).next = jump;
            }
            id = next;
        }
        let order = self.order();
        let (cold, warm): (Vec<BlockId>, Vec<BlockId>) = order.iter().partition(|id| self.block(**id).cold);
        if cold.is_empty() {
            return Ok(());
        }
        let mut previous = NONE;
        for id in warm.into_iter().chain(cold) {
            if previous != NONE {
                self.block_mut(previous).next = id;
            }
            previous = id;
        }
        self.block_mut(previous).next = NONE;
        self.remove_nops_and_jumps()
    }

    /// Conditional jumps only go forward: a backward one becomes its opposite around a plain jump back.
    pub(super) fn orient_jumps(&mut self) {
        self.clear_visited();
        let mut id = 0;
        while id != NONE {
            self.block_mut(id).visited = true;
            let next = self.block(id).next;
            let Some(last) = self.block(id).instrs.last().copied() else {
                id = next;
                continue;
            };
            if last.op.is_conditional_jump() {
                let not_taken = Instr::new(Opcode::NOT_TAKEN, 0, last.loc);
                if !self.block(last.target).visited {
                    self.block_mut(id).append(not_taken);
                } else {
                    let back = self.add_block();
                    let (cold, depth) = (self.block(id).cold, self.block(last.target).start_depth);
                    let block = self.block_mut(back);
                    block.instrs.push(not_taken);
                    block.start_depth = depth;
                    block.cold = cold;
                    block.next = next;
                    self.push_jump(back, Opcode::JUMP, last.target, last.loc);
                    let block = self.block_mut(id);
                    block.next = back;
                    if let Some(last) = block.instrs.last_mut() {
                        last.op = match last.op {
                            Opcode::POP_JUMP_IF_NOT_NONE => Opcode::POP_JUMP_IF_NONE,
                            Opcode::POP_JUMP_IF_NONE => Opcode::POP_JUMP_IF_NOT_NONE,
                            Opcode::POP_JUMP_IF_FALSE => Opcode::POP_JUMP_IF_TRUE,
                            _ => Opcode::POP_JUMP_IF_FALSE,
                        };
                        last.target = next;
                    }
                    // The new block comes next in line and is a jump already.
                    self.block_mut(back).visited = true;
                }
            }
            id = next;
        }
    }
}
