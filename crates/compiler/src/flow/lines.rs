//! Locations of artificial instructions: they take that of what runs before them.
//!
//! An exit of the frame, or a look at pending work, must have a line of its own path. One without a line that several
//! jumps lead to is therefore copied for each of them.

use super::graph::{Block, BlockId, Graph, NONE, mark};
use crate::ir::{Loc, NO_LOCATION};
use crate::opcode::role;

impl Graph {
    pub(super) fn resolve_lines(&mut self) {
        if !self.blocks.iter().any(|block| block.is(mark::LINELESS)) {
            return;
        }
        self.split_lineless_exits();
        let mut id = 0;
        while id != NONE {
            let end = self.spread_locations(id);
            let ways = [self.falls_into(id).filter(|_| self.block(id).len > 0), self.jumps_to(id)];
            for to in ways.into_iter().flatten() {
                if self.block(to).predecessors == 1
                    && let Some(first) = self.instrs_mut(to).first_mut()
                    && first.loc.lineno == NO_LOCATION.lineno
                {
                    first.loc = end;
                }
            }
            id = self.block(id).next;
        }
    }

    /// Gives instructions without a location that of the one before; answers the location at the end of the block.
    fn spread_locations(&mut self, id: BlockId) -> Loc {
        if !self.block(id).is(mark::LINELESS) {
            return self.last(id).map_or(NO_LOCATION, |last| last.loc);
        }
        let mut current = NO_LOCATION;
        let mut lineless = 0;
        for instr in self.instrs_mut(id) {
            if instr.loc.lineno == NO_LOCATION.lineno {
                instr.loc = current;
            } else {
                current = instr.loc;
            }
            if instr.loc.lineno < 0 {
                lineless = mark::LINELESS;
            }
        }
        let block = self.block_mut(id);
        block.marks = block.marks & !mark::LINELESS | lineless;
        current
    }

    fn needs_line(&self, id: BlockId) -> bool {
        self.block(id).is(mark::LINELESS)
            && self.is_lineless(id)
            && (self.ending(id) & role::EXIT != 0
                || self.block(id).may_have(role::BREAKS) && self.instrs(id).iter().any(|i| i.op.is(role::BREAKS)))
    }

    fn split_lineless_exits(&mut self) {
        let mut id = 0;
        while id != NONE {
            if let Some(target) = self.jumps_to(id).map(|target| self.skip_empty(target))
                && target != NONE
                && self.block(target).predecessors > 1
                && self.needs_line(target)
            {
                let copy = self.copy_behind(target);
                let end = self.block(id).range().end - 1;
                self.code[end].arg = copy;
                let loc = self.code[end].loc;
                self.instrs_mut(copy)[0].loc = loc;
            }
            id = self.block(id).next;
        }
        // Only one block runs into each of those that are left.
        let mut id = 0;
        while id != NONE {
            if let Some(next) = self.falls_into(id)
                && self.needs_line(next)
                && let Some(loc) = self.last(id).map(|last| last.loc)
            {
                self.instrs_mut(next)[0].loc = loc;
            }
            id = self.block(id).next;
        }
    }

    /// A copy of a block, behind it, that takes over one of its ways in.
    fn copy_behind(&mut self, id: BlockId) -> BlockId {
        let original = *self.block(id);
        let copy = self.add_block(original.next);
        self.append_copy(copy, id);
        let block: &mut Block = self.block_mut(copy);
        block.predecessors = 1;
        block.marks |= mark::LABELLED;
        let original = self.block_mut(id);
        original.predecessors -= 1;
        original.next = copy;
        copy
    }
}
