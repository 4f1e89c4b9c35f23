//! Which exception handler covers each instruction: block pushes and pops become table entries.

use super::{BlockId, Graph, NONE};
use crate::error::Result;
use crate::opcode::{Opcode, resume};

impl Graph {
    pub(crate) fn mark_handlers(&mut self) {
        let mut handlers = Vec::new();
        for block in &self.blocks {
            handlers.extend(block.instrs.iter().filter(|i| i.op.is_block_push()).map(|i| i.target));
        }
        for handler in handlers {
            self.block_mut(handler).is_handler = true;
        }
    }

    /// Follows the control flow with the stack of open handlers.
    pub(crate) fn assign_handlers(&mut self) -> Result<()> {
        // Most code has no handler at all.
        if !self
            .blocks
            .iter()
            .any(|b| b.is_handler || b.instrs.iter().any(|i| matches!(i.op, Opcode::POP_BLOCK | Opcode::RESUME)))
        {
            return Ok(());
        }
        self.clear_visited();
        let mut stacks: Vec<Option<Vec<BlockId>>> = vec![None; self.blocks.len()];
        let mut todo: Vec<BlockId> = vec![0];
        self.blocks[0].visited = true;
        stacks[0] = Some(Vec::new());
        while let Some(id) = todo.pop() {
            let mut stack = stacks[id as usize].take().unwrap_or_default();
            let mut handler = stack.last().copied().unwrap_or(NONE);
            let mut yield_depth: Option<usize> = None;
            let falls_through = self.block(id).falls_through();
            let mut moved = false;
            for index in 0..self.block(id).instrs.len() {
                let instr = self.block(id).instrs[index];
                let op = instr.op;
                if op.is_block_push() {
                    let target = instr.target;
                    if !self.block(target).visited {
                        stacks[target as usize] = Some(stack.clone());
                        todo.push(target);
                        self.block_mut(target).visited = true;
                    }
                    if op != Opcode::SETUP_FINALLY {
                        self.block_mut(target).preserve_lasti = true;
                    }
                    stack.push(target);
                    handler = target;
                } else if op == Opcode::POP_BLOCK {
                    stack.pop();
                    handler = stack.last().copied().unwrap_or(NONE);
                    self.block_mut(id).instrs[index].nop();
                } else if op.has_jump() {
                    self.block_mut(id).instrs[index].handler = handler;
                    let target = instr.target;
                    if !self.block(target).visited {
                        if falls_through {
                            stacks[target as usize] = Some(stack.clone());
                        } else {
                            stacks[target as usize] = Some(std::mem::take(&mut stack));
                            moved = true;
                        }
                        todo.push(target);
                        self.block_mut(target).visited = true;
                    }
                } else {
                    let slot = &mut self.block_mut(id).instrs[index];
                    slot.handler = handler;
                    if op == Opcode::YIELD_VALUE {
                        yield_depth = Some(stack.len());
                    } else if op == Opcode::RESUME && slot.arg != resume::AT_FUNC_START {
                        if yield_depth == Some(1) {
                            slot.arg |= resume::DEPTH1_MASK;
                        }
                        yield_depth = None;
                    }
                }
            }
            let next = self.block(id).next;
            if falls_through && next != NONE && !self.block(next).visited {
                debug_assert!(!moved);
                stacks[next as usize] = Some(stack);
                todo.push(next);
                self.block_mut(next).visited = true;
            }
        }
        Ok(())
    }
}
