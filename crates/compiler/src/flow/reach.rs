//! What can be reached, and how: blocks that nothing leads to lose their code, code that only exceptions reach goes to
//! the end, and small exits are copied to where they are jumped to.

use super::graph::{BlockId, Graph, NONE, mark};
use crate::error::Result;
use crate::ir::{Instr, NO_LOCATION};
use crate::opcode::{Opcode, role};

/// Exit blocks up to this size are copied to where they are jumped to.
const MAX_COPY_SIZE: u32 = 4;

impl Graph {
    /// Replaces jumps to short exits by the exits, until nothing changes.
    pub(super) fn inline_exits(&mut self) {
        if self.roles & role::ALWAYS == 0 {
            return;
        }
        let mut changed = true;
        while std::mem::take(&mut changed) {
            let mut id = 0;
            while id != NONE {
                if self.ending(id) & role::ALWAYS != 0 {
                    changed |= self.inline_target(id);
                }
                id = self.block(id).next;
            }
        }
    }

    /// The block ends with a jump; answers whether what is there took its place.
    fn inline_target(&mut self, id: BlockId) -> bool {
        let Some(target) = self.jumps_to(id).filter(|target| *target != id) else { return false };
        let ending = self.ending(target);
        let short_exit = ending & role::EXIT != 0 && self.block(target).len <= MAX_COPY_SIZE;
        let invisible = ending & (role::EXIT | role::ALWAYS) != 0 && self.is_lineless(target);
        if !invisible && !short_exit {
            return false;
        }
        let end = self.block(id).range().end - 1;
        let checks = self.code[end].op == Opcode::JUMP;
        self.code[end].nop();
        self.block_mut(id).roles |= role::NOP;
        self.append_copy(id, target);
        if invisible
            && checks
            && let Some(end) = self.instrs_mut(id).last_mut()
            && end.op.is(role::ALWAYS)
        {
            // The look at pending work that the jump made must stay.
            end.op = Opcode::JUMP;
        }
        let target = self.block_mut(target);
        target.predecessors = target.predecessors.wrapping_sub(1);
        true
    }

    /// No instruction has a line.
    pub(super) fn is_lineless(&self, id: BlockId) -> bool {
        self.block(id).len == 0
            || self.block(id).is(mark::LINELESS) && self.instrs(id).iter().all(|instr| instr.loc.lineno < 0)
    }

    /// Counts the ways to each block, and empties those without any.
    pub(super) fn drop_unreachable(&mut self) {
        self.start_walk();
        for block in &mut self.blocks {
            block.predecessors = 0;
        }
        self.come_to(0);
        while let Some(id) = self.todo.pop() {
            if let Some(next) = self.falls_into(id) {
                self.come_to(next);
            }
            if let Some(target) = self.jumps_to(id) {
                self.come_to(target);
            }
            if self.block(id).may_have(role::SETUP) {
                for at in self.block(id).range() {
                    if self.code[at].op.is(role::SETUP) {
                        self.come_to(self.code[at].arg);
                    }
                }
            }
        }
        for block in &mut self.blocks {
            if block.predecessors == 0 {
                self.freed |= block.len > 0;
                block.len = 0;
                block.marks &= !mark::HANDLER;
            }
        }
    }

    fn come_to(&mut self, id: BlockId) {
        self.block_mut(id).predecessors += 1;
        self.enqueue(id);
    }

    /// Marks what is reached from the blocks in `todo` by jumping and running on; blocks with `barrier` are left out.
    fn spread(&mut self, found: u8, barrier: u8) {
        while let Some(id) = self.todo.pop() {
            self.block_mut(id).marks |= found;
            for to in [self.falls_into(id), self.jumps_to(id)].into_iter().flatten() {
                if !self.block(to).is(barrier) {
                    self.enqueue(to);
                }
            }
        }
    }

    /// Moves what only exceptions reach behind everything else.
    pub(super) fn move_cold_blocks(&mut self) -> Result<()> {
        if self.roles & role::SETUP == 0 || self.block(0).next == NONE {
            return Ok(());
        }
        self.start_walk();
        self.enqueue(0);
        self.spread(mark::WARM, 0);
        self.start_walk();
        let mut id = 0;
        while id != NONE {
            if self.block(id).is(mark::HANDLER) {
                self.enqueue(id);
            }
            id = self.block(id).next;
        }
        self.spread(mark::COLD, mark::WARM);
        // Two chains are woven from one: first and last block of each.
        let (mut warm, mut cold) = ((NONE, NONE), (NONE, NONE));
        let mut id = 0;
        while id != NONE {
            let next = self.block(id).next;
            let is_cold = self.block(id).is(mark::COLD);
            self.extend_chain(if is_cold { &mut cold } else { &mut warm }, id);
            // Cold code that runs into warm code has to jump there from now on.
            if is_cold
                && next != NONE
                && self.ending(id) & (role::ALWAYS | role::EXIT) == 0
                && self.block(next).is(mark::WARM)
            {
                let way = self.add_block(NONE);
                self.append(way, Instr::new(Opcode::JUMP_NO_INTERRUPT, next, NO_LOCATION));
                let block = self.block_mut(way);
                block.marks |= mark::COLD | mark::LINELESS;
                block.predecessors = 1;
                self.block_mut(next).marks |= mark::LABELLED;
                self.extend_chain(&mut cold, way);
            }
            id = next;
        }
        if cold.0 == NONE {
            return Ok(());
        }
        if warm.1 != NONE {
            self.block_mut(warm.1).next = cold.0;
        }
        self.block_mut(cold.1).next = NONE;
        self.drop_nops_and_jumps()
    }

    fn extend_chain(&mut self, chain: &mut (BlockId, BlockId), id: BlockId) {
        match chain.1 {
            NONE => chain.0 = id,
            last => self.block_mut(last).next = id,
        }
        chain.1 = id;
    }
}
