//! Which exception handler covers each instruction: the pseudo instructions that open and close the ranges of
//! handlers become entries of the instructions inside.

use super::graph::{BlockId, Graph, NONE, mark};
use crate::opcode::{Opcode, resume, role};

/// A handler that is open, inside others. The states of different paths share what is common to them, as a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cover {
    handler: BlockId,
    /// The index of the handler around.
    outer: u32,
    depth: u32,
}

impl Graph {
    /// Walks every path from the entry with the handlers that are open on it.
    pub(crate) fn cover(&mut self) {
        if self.roles & (role::SETUP | role::POP_BLOCK) == 0 {
            return;
        }
        self.covers.clear();
        self.start_walk();
        self.enqueue(0);
        while let Some(id) = self.todo.pop() {
            let open = self.cover_block(id);
            if let Some(next) = self.falls_into(id) {
                self.enqueue_covered(next, open);
            }
        }
    }

    fn enqueue_covered(&mut self, id: BlockId, open: u32) {
        if self.enqueue(id) {
            self.block_mut(id).cover = open;
        }
    }

    /// Answers the innermost handler at the end of the block.
    fn cover_block(&mut self, id: BlockId) -> u32 {
        let mut open = self.block(id).cover;
        let mut handler = self.covers.get(open as usize).map_or(NONE, |cover| cover.handler);
        // How many handlers were open at the last `YIELD_VALUE`.
        let mut yielded_in = None;
        for at in self.block(id).range() {
            let (op, target) = (self.code[at].op, self.code[at].arg);
            let roles = op.roles();
            if roles & role::SETUP != 0 {
                self.enqueue_covered(target, open);
                if op != Opcode::SETUP_FINALLY {
                    self.block_mut(target).marks |= mark::LASTI;
                }
                let depth = self.covers.get(open as usize).map_or(0, |cover| cover.depth) + 1;
                self.covers.push(Cover { handler: target, outer: open, depth });
                (open, handler) = (self.covers.len() as u32 - 1, target);
                continue;
            }
            if roles & role::POP_BLOCK != 0 {
                open = self.covers.get(open as usize).map_or(NONE, |cover| cover.outer);
                handler = self.covers.get(open as usize).map_or(NONE, |cover| cover.handler);
                self.code[at].nop();
                self.block_mut(id).roles |= role::NOP;
                continue;
            }
            self.code[at].handler = handler;
            if roles & role::JUMP != 0 {
                self.enqueue_covered(target, open);
            } else if op == Opcode::YIELD_VALUE {
                yielded_in = Some(self.covers.get(open as usize).map_or(0, |cover| cover.depth));
            } else if op == Opcode::RESUME && target != resume::AT_FUNC_START {
                if yielded_in == Some(1) {
                    self.code[at].arg |= resume::DEPTH1_MASK;
                }
                yielded_in = None;
            }
        }
        open
    }
}
