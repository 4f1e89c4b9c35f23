//! Local variables: loads that can meet an unbound one become `LOAD_FAST_CHECK`, and neighbouring accesses become one
//! instruction.

use super::graph::{BlockId, Graph, NONE};
use crate::opcode::{Opcode, role};

/// So many locals are followed along all paths, as bits of a word.
const FOLLOWED: usize = 64;

impl Graph {
    pub(super) fn check_unbound_locals(&mut self, nlocals: usize, nparams: usize) {
        if nlocals > FOLLOWED {
            self.check_high_locals(nlocals);
        }
        // Without deletions, the parameters are always bound.
        if nlocals == 0 || nlocals == nparams && self.roles & role::UNBINDS == 0 {
            return;
        }
        self.start_walk();
        for block in &mut self.blocks {
            block.unbound = 0;
        }
        let below = |count: usize| if count >= FOLLOWED { u64::MAX } else { (1 << count) - 1 };
        self.block_mut(0).unbound = below(nlocals) & !below(nparams);
        // In the order of the code most blocks come after those that lead to them. What changes later is done again.
        let mut id = 0;
        while id != NONE {
            self.visit(id);
            self.follow_locals(id);
            id = self.block(id).next;
        }
        while let Some(id) = self.todo.pop() {
            self.visit(id);
            self.follow_locals(id);
        }
    }

    /// `unbound` holds on one of the ways to a block. A block that has been followed already has to be again.
    #[inline]
    fn join_unbound(&mut self, id: BlockId, unbound: u64) {
        let more = unbound & !self.block(id).unbound;
        if more != 0 {
            self.block_mut(id).unbound |= more;
            if self.is_visited(id) {
                self.forget(id);
                self.todo.push(id);
            }
        }
    }

    fn follow_locals(&mut self, id: BlockId) {
        let mut unbound = self.block(id).unbound;
        let covered = self.roles & role::SETUP != 0;
        if covered || self.block(id).may_have(role::LOCAL) {
            // A handler can be entered with every state that its range has seen.
            let mut told = (NONE, 0);
            for at in self.block(id).range() {
                let instr = &mut self.code[at];
                let handler = instr.handler;
                let before = unbound;
                if instr.op.is(role::LOCAL) && (instr.arg as usize) < FOLLOWED {
                    let bit = 1 << instr.arg;
                    if instr.op.is(role::UNBINDS) {
                        unbound |= bit;
                    } else {
                        if instr.op == Opcode::LOAD_FAST && unbound & bit != 0 {
                            instr.op = Opcode::LOAD_FAST_CHECK;
                        }
                        unbound &= !bit;
                    }
                }
                if handler != NONE && told != (handler, before) {
                    self.join_unbound(handler, before);
                    told = (handler, before);
                }
            }
        }
        for to in [self.falls_into(id), self.jumps_to(id)].into_iter().flatten() {
            self.join_unbound(to, unbound);
        }
    }

    /// The others are followed inside one block only: a load is checked unless the block has bound or loaded the
    /// variable before.
    fn check_high_locals(&mut self, nlocals: usize) {
        // The number of the last block that did so, counting from 1 in the order of the code.
        let mut bound_in = vec![0u32; nlocals];
        let mut number = 0;
        let mut id = 0;
        while id != NONE {
            number += 1;
            for instr in self.instrs_mut(id).iter_mut().filter(|i| i.op.is(role::LOCAL) && i.arg as usize >= FOLLOWED) {
                let Some(bound) = bound_in.get_mut(instr.arg as usize) else { continue };
                if instr.op.is(role::UNBINDS) {
                    *bound = number - 1;
                } else if instr.op != Opcode::LOAD_FAST_CHECK {
                    if instr.op == Opcode::LOAD_FAST && *bound != number {
                        instr.op = Opcode::LOAD_FAST_CHECK;
                    }
                    *bound = number;
                }
            }
            id = self.block(id).next;
        }
    }

    /// Joins accesses to two of the first sixteen locals, on one line.
    pub(super) fn pair_locals(&mut self) {
        for block in &mut self.blocks {
            if !block.may_have(role::LOCAL) {
                continue;
            }
            let instrs = &mut self.code[block.range()];
            for at in 1..instrs.len() {
                let (first, second) = (instrs[at - 1], instrs[at]);
                if let Some(pair) = joined(first.op, second.op)
                    && first.arg < 16
                    && second.arg < 16
                    && (first.loc.lineno == second.loc.lineno || first.loc.lineno.min(second.loc.lineno) < 0)
                {
                    instrs[at - 1].set(pair, first.arg << 4 | second.arg);
                    instrs[at].nop();
                    block.roles |= role::NOP;
                }
            }
        }
        self.drop_nops();
    }
}

fn joined(first: Opcode, second: Opcode) -> Option<Opcode> {
    match (first, second) {
        (Opcode::LOAD_FAST, Opcode::LOAD_FAST) => Some(Opcode::LOAD_FAST_LOAD_FAST),
        (Opcode::STORE_FAST, Opcode::LOAD_FAST) => Some(Opcode::STORE_FAST_LOAD_FAST),
        (Opcode::STORE_FAST, Opcode::STORE_FAST) => Some(Opcode::STORE_FAST_STORE_FAST),
        _ => None,
    }
}
