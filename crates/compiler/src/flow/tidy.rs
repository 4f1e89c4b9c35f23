//! Removal of what does nothing: no-ops that mark no line of their own, jumps to the next instruction, and values that
//! are dropped as soon as they are pushed.

use super::graph::{BlockId, Graph, NONE};
use crate::error::{CompileError, Result};
use crate::opcode::{Opcode, role};

impl Graph {
    /// Closes the gaps that needless no-ops leave in a block; answers how many there were.
    fn drop_nops_in(&mut self, id: BlockId) -> usize {
        if !self.block(id).may_have(role::NOP) {
            return 0;
        }
        let range = self.block(id).range();
        let is_nop = |at: usize| self.code[at].op == Opcode::NOP;
        let Some(first) = range.clone().find(|at| is_nop(*at)) else {
            self.block_mut(id).roles &= !role::NOP;
            return 0;
        };
        let mut write = first;
        let mut nops_left = false;
        for read in first..range.end {
            if self.code[read].op == Opcode::NOP {
                let line_before = if write > range.start { self.code[write - 1].loc.lineno } else { -1 };
                if self.is_needless(id, read, line_before) {
                    continue;
                }
                nops_left = true;
            }
            self.code[write] = self.code[read];
            write += 1;
        }
        let block = self.block_mut(id);
        block.len = (write - range.start) as u32;
        if !nops_left {
            block.roles &= !role::NOP;
        }
        range.end - write
    }

    /// A no-op is needless when tracing sees its line without it. May hand its line on to what follows.
    fn is_needless(&mut self, id: BlockId, at: usize, line_before: i32) -> bool {
        let loc = self.code[at].loc;
        if loc.lineno < 0 || loc.lineno == line_before {
            return true;
        }
        if at + 1 < self.block(id).range().end {
            let following = &mut self.code[at + 1].loc;
            if following.lineno < 0 {
                *following = loc;
            }
            return following.lineno == loc.lineno;
        }
        match self.skip_empty(self.block(id).next) {
            NONE => false,
            next => {
                let shows_line = |instr: &&crate::ir::Instr| instr.op != Opcode::NOP || instr.loc.lineno >= 0;
                self.instrs(next).iter().find(shows_line).is_some_and(|instr| instr.loc.lineno == loc.lineno)
            }
        }
    }

    pub(super) fn drop_nops(&mut self) -> usize {
        let mut dropped = 0;
        let mut id = 0;
        while id != NONE {
            dropped += self.drop_nops_in(id);
            id = self.block(id).next;
        }
        dropped
    }

    /// Turns jumps to what comes next anyway into no-ops; answers how many.
    fn relax_jumps(&mut self) -> Result<usize> {
        let mut relaxed = 0;
        let mut id = 0;
        while id != NONE {
            let next = self.block(id).next;
            if self.ending(id) & role::ALWAYS != 0
                && let Some(target) = self.jumps_to(id).map(|target| self.skip_empty(target))
            {
                if target == NONE {
                    return Err(CompileError::Other("SystemError", "jump with NULL target".into()));
                }
                if target == self.skip_empty(next) {
                    let end = self.block(id).range().end - 1;
                    self.code[end].nop();
                    self.block_mut(id).roles |= role::NOP;
                    relaxed += 1;
                }
            }
            id = next;
        }
        Ok(relaxed)
    }

    /// One can make room for the other, so both go on until nothing changes.
    pub(super) fn drop_nops_and_jumps(&mut self) -> Result<()> {
        while self.drop_nops() + self.relax_jumps()? > 0 {}
        Ok(())
    }

    /// Removes no-ops, and pushes without effect together with the `POP_TOP` right behind them.
    pub(super) fn drop_nops_and_pairs(&mut self) {
        if !self.idle_pairs {
            self.drop_nops();
            return;
        }
        while self.drop_pairs_once() {}
    }

    fn drop_pairs_once(&mut self) -> bool {
        let mut found = false;
        // The slot of the instruction that ran before, where only one can have.
        let mut before: Option<(BlockId, usize)> = None;
        let mut id = 0;
        while id != NONE {
            self.drop_nops_in(id);
            if self.block(id).is(super::graph::mark::LABELLED) {
                before = None;
            }
            for at in self.block(id).range() {
                if self.code[at].op == Opcode::POP_TOP
                    && let Some((block, push)) = before
                {
                    let pushed = self.code[push];
                    if pushed.op.is(role::IDLE) && (pushed.op != Opcode::COPY || pushed.arg == 1) {
                        for (block, at) in [(block, push), (id, at)] {
                            self.code[at].nop();
                            self.block_mut(block).roles |= role::NOP;
                        }
                        self.freed = true;
                        found = true;
                    }
                }
                before = Some((id, at));
            }
            if self.ending(id) & (role::EXIT | role::JUMP) != 0
                || before.is_some_and(|(_, at)| self.code[at].op.is(role::JUMP))
            {
                before = None;
            }
            id = self.block(id).next;
        }
        found
    }
}
