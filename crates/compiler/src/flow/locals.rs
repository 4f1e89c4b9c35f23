//! Which loads of locals can meet an unbound variable: those become `LOAD_FAST_CHECK`. Also the fusing of two accesses
//! to locals into one instruction.

use super::{BlockId, Graph, NONE};
use crate::opcode::Opcode;

impl Graph {
    pub(super) fn check_unbound_locals(&mut self, mut nlocals: usize, nparams: usize) {
        if nlocals == 0 {
            return;
        }
        if nlocals > 64 {
            self.check_many_locals(nlocals);
            nlocals = 64;
        }
        self.clear_visited();
        for block in &mut self.blocks {
            block.unsafe_locals = 0;
        }
        let mut todo = Vec::with_capacity(self.blocks.len());
        let mut unbound = 0u64;
        for local in nparams..nlocals {
            unbound |= 1 << local;
        }
        self.mark_unsafe(0, unbound, &mut todo);
        // Each block at least once, because a deletion can be anywhere.
        let mut id = 0;
        while id != NONE {
            self.scan_locals(id, &mut todo);
            id = self.block(id).next;
        }
        while let Some(id) = todo.pop() {
            self.block_mut(id).visited = false;
            self.scan_locals(id, &mut todo);
        }
    }

    #[inline]
    fn mark_unsafe(&mut self, id: BlockId, unbound: u64, todo: &mut Vec<BlockId>) {
        let block = self.block_mut(id);
        let both = block.unsafe_locals | unbound;
        if both != block.unsafe_locals {
            block.unsafe_locals = both;
            if !block.visited {
                todo.push(id);
                block.visited = true;
            }
        }
    }

    fn scan_locals(&mut self, id: BlockId, todo: &mut Vec<BlockId>) {
        let mut unbound = self.block(id).unsafe_locals;
        for index in 0..self.block(id).instrs.len() {
            let instr = self.block(id).instrs[index];
            if instr.handler != NONE {
                self.mark_unsafe(instr.handler, unbound, todo);
            }
            if instr.arg >= 64 {
                continue;
            }
            let bit = 1u64 << instr.arg;
            match instr.op {
                Opcode::DELETE_FAST | Opcode::LOAD_FAST_AND_CLEAR | Opcode::STORE_FAST_MAYBE_NULL => unbound |= bit,
                Opcode::STORE_FAST | Opcode::LOAD_FAST_CHECK => unbound &= !bit,
                Opcode::LOAD_FAST => {
                    if unbound & bit != 0 {
                        self.block_mut(id).instrs[index].op = Opcode::LOAD_FAST_CHECK;
                    }
                    unbound &= !bit;
                }
                _ => {}
            }
        }
        let block = self.block(id);
        let next = block.next;
        let last = block.instrs.last().copied();
        if next != NONE && block.falls_through() {
            self.mark_unsafe(next, unbound, todo);
        }
        if let Some(last) = last
            && last.op.has_jump()
        {
            self.mark_unsafe(last.target, unbound, todo);
        }
    }

    /// Locals from the 64th on are followed inside one block only.
    fn check_many_locals(&mut self, nlocals: usize) {
        let mut bound_in = vec![0usize; nlocals - 64];
        let mut number = 0;
        let mut id = 0;
        while id != NONE {
            number += 1;
            let block = self.block_mut(id);
            for instr in &mut block.instrs {
                if instr.arg < 64 {
                    continue;
                }
                let local = instr.arg as usize - 64;
                match instr.op {
                    Opcode::DELETE_FAST | Opcode::LOAD_FAST_AND_CLEAR | Opcode::STORE_FAST_MAYBE_NULL => {
                        bound_in[local] = number - 1;
                    }
                    Opcode::STORE_FAST => bound_in[local] = number,
                    Opcode::LOAD_FAST => {
                        if bound_in[local] != number {
                            instr.op = Opcode::LOAD_FAST_CHECK;
                        }
                        bound_in[local] = number;
                    }
                    _ => {}
                }
            }
            id = block.next;
        }
    }

    /// Pairs of accesses to locals become one instruction.
    pub(super) fn combine_instructions(&mut self) {
        for block in &mut self.blocks {
            for index in 1..block.instrs.len() {
                let (first, second) = (block.instrs[index - 1], block.instrs[index]);
                let combined = match (first.op, second.op) {
                    (Opcode::LOAD_FAST, Opcode::LOAD_FAST) => Opcode::LOAD_FAST_LOAD_FAST,
                    (Opcode::STORE_FAST, Opcode::LOAD_FAST) => Opcode::STORE_FAST_LOAD_FAST,
                    (Opcode::STORE_FAST, Opcode::STORE_FAST) => Opcode::STORE_FAST_STORE_FAST,
                    _ => continue,
                };
                let (line, next_line) = (first.loc.lineno, second.loc.lineno);
                if line >= 0 && next_line >= 0 && line != next_line || first.arg >= 16 || second.arg >= 16 {
                    continue;
                }
                block.instrs[index - 1].set(combined, first.arg << 4 | second.arg);
                block.instrs[index].nop();
            }
        }
        self.remove_nops();
    }
}
