//! The depth of the value stack: at the start of each block, and its maximum.

use super::{BlockId, Graph, NONE};
use crate::error::{CompileError, Result};
use crate::opcode::Opcode;

impl Graph {
    pub(crate) fn stack_depth(&mut self) -> Result<u32> {
        for block in &mut self.blocks {
            block.start_depth = i32::MIN;
        }
        let mut todo: Vec<BlockId> = Vec::with_capacity(self.blocks.len());
        let mut max = 0;
        self.enter_with_depth(0, 0, &mut todo)?;
        while let Some(id) = todo.pop() {
            let mut depth = self.block(id).start_depth;
            let mut next = self.block(id).next;
            for index in 0..self.block(id).instrs.len() {
                let instr = self.block(id).instrs[index];
                let op = instr.op;
                let after = depth + op.stack_effect(instr.arg as i32, false);
                if after < 0 {
                    return Err(CompileError::Other("ValueError", "Invalid CFG, stack underflow".into()));
                }
                max = max.max(depth);
                if op.has_target() && op != Opcode::END_ASYNC_FOR {
                    let at_target = depth + op.stack_effect(instr.arg as i32, true);
                    self.enter_with_depth(instr.target, at_target, &mut todo)?;
                }
                depth = after;
                if op.is_unconditional_jump() || op.is_scope_exit() {
                    next = NONE;
                    break;
                }
            }
            if next != NONE {
                self.enter_with_depth(next, depth, &mut todo)?;
            }
        }
        Ok(max as u32)
    }

    fn enter_with_depth(&mut self, id: BlockId, depth: i32, todo: &mut Vec<BlockId>) -> Result<()> {
        let block = self.block_mut(id);
        if block.start_depth >= 0 && block.start_depth != depth {
            return Err(CompileError::Other("ValueError", "Invalid CFG, inconsistent stackdepth".into()));
        }
        if block.start_depth < depth && block.start_depth < 100 {
            block.start_depth = depth;
            todo.push(id);
        }
        Ok(())
    }
}
