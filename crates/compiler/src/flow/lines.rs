//! Line numbers: every exit of a frame must have one, so artificial exits are copied and inherit.

use super::{BlockId, Graph, NONE};
use crate::ir::NO_LOCATION;

impl Graph {
    pub(super) fn resolve_lines(&mut self) {
        self.duplicate_exits_without_line();
        self.propagate_lines();
    }

    fn is_exit_or_check_without_line(&self, id: BlockId) -> bool {
        let block = self.block(id);
        (block.exits_scope() || block.has_eval_break()) && block.has_no_lineno()
    }

    /// Gives each jump to an exit without line its own copy of the exit.
    fn duplicate_exits_without_line(&mut self) {
        let mut id = 0;
        while id != NONE {
            if let Some(last) = self.block(id).instrs.last().copied()
                && last.op.has_jump()
            {
                let target = self.next_nonempty(last.target);
                if target != NONE && self.block(target).predecessors > 1 && self.is_exit_or_check_without_line(target) {
                    let copy = self.add_block();
                    let mut instrs = self.block(target).instrs.clone();
                    instrs[0].loc = last.loc;
                    let next = self.block(target).next;
                    let new = self.block_mut(copy);
                    new.instrs = instrs;
                    new.predecessors = 1;
                    new.next = next;
                    new.labelled = true;
                    let old = self.block_mut(target);
                    old.predecessors -= 1;
                    old.next = copy;
                    if let Some(last) = self.block_mut(id).instrs.last_mut() {
                        last.target = copy;
                    }
                }
            }
            id = self.block(id).next;
        }
        // The exits that remain are reached by falling through, from one block each.
        let mut id = 0;
        while id != NONE {
            let block = self.block(id);
            let next = block.next;
            if next != NONE
                && block.falls_through()
                && let Some(last) = block.instrs.last()
            {
                let loc = last.loc;
                if self.is_exit_or_check_without_line(next) {
                    self.block_mut(next).instrs[0].loc = loc;
                }
            }
            id = next;
        }
    }

    /// Instructions without a location take that of the one before, also into blocks with one predecessor.
    fn propagate_lines(&mut self) {
        let mut id = 0;
        while id != NONE {
            let block = self.block_mut(id);
            let mut previous = NO_LOCATION;
            for instr in &mut block.instrs {
                if instr.loc.lineno == NO_LOCATION.lineno {
                    instr.loc = previous;
                } else {
                    previous = instr.loc;
                }
            }
            let next = block.next;
            let last = block.instrs.last().copied();
            if let Some(last) = last {
                if next != NONE && self.block(id).falls_through() {
                    self.inherit_line(next, previous);
                }
                if last.op.has_jump() {
                    self.inherit_line(last.target, previous);
                }
            }
            id = next;
        }
    }

    fn inherit_line(&mut self, id: BlockId, loc: crate::ir::Loc) {
        let block = self.block_mut(id);
        if block.predecessors == 1
            && let Some(first) = block.instrs.first_mut()
            && first.loc.lineno == NO_LOCATION.lineno
        {
            first.loc = loc;
        }
    }
}
