//! The depth of the value stack: at the start of each block, and its maximum.

use super::graph::{BlockId, Graph, NONE};
use crate::error::{CompileError, Result};
use crate::opcode::{Opcode, role};

fn invalid(what: &str) -> CompileError {
    CompileError::Other("ValueError", format!("Invalid CFG, {what}"))
}

impl Graph {
    pub(crate) fn stack_depth(&mut self) -> Result<u32> {
        for block in &mut self.blocks {
            block.depth = -1;
        }
        self.start_walk();
        let mut deepest = 0;
        self.enter_at(0, 0)?;
        while let Some(id) = self.todo.pop() {
            let block = self.blocks[id as usize];
            let mut depth = block.depth;
            for at in block.range() {
                let instr = self.code[at];
                deepest = deepest.max(depth);
                let after = depth + instr.op.stack_effect(instr.arg as i32, false);
                if after < 0 {
                    return Err(invalid("stack underflow"));
                }
                if instr.op.has_target() {
                    if matches!(instr.op, Opcode::JUMP_IF_FALSE | Opcode::JUMP_IF_TRUE) {
                        // What is tested in the end is a copy of the value.
                        deepest = deepest.max(depth + 1);
                    }
                    if instr.op != Opcode::END_ASYNC_FOR {
                        self.enter_at(instr.arg, depth + instr.op.stack_effect(0, true))?;
                    }
                }
                depth = after;
            }
            if block.next != NONE && self.ending(id) & (role::ALWAYS | role::EXIT) == 0 {
                self.enter_at(block.next, depth)?;
            }
        }
        Ok(deepest as u32)
    }

    /// All ways to a block bring the same number of values.
    fn enter_at(&mut self, id: BlockId, depth: i32) -> Result<()> {
        if self.enqueue(id) {
            self.block_mut(id).depth = depth;
            return Ok(());
        }
        if self.block(id).depth == depth { Ok(()) } else { Err(invalid("inconsistent stackdepth")) }
    }
}
