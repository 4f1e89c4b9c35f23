//! Loads of locals that need no reference of their own: `LOAD_FAST_BORROW`.
//!
//! A load may borrow when its value is consumed in the same block, before the local changes, and does not become a
//! local itself. Loads borrow as they are met; one whose value turns out to be kept is changed back. The values on the
//! stack are followed through each block.

use super::graph::{BlockId, Graph};
use crate::ir::Instr;
use crate::opcode::{Opcode, popped, pushed, role};

/// Where a value on the stack comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// The instruction in this block that pushed it.
    instr: u32,
    /// The local it was loaded from.
    local: u32,
}

const NOWHERE: u32 = u32::MAX;
const UNKNOWN: Origin = Origin { instr: NOWHERE, local: NOWHERE };

/// A block and the values on the stack.
struct Run<'g> {
    instrs: &'g mut [Instr],
    stack: &'g mut Vec<Origin>,
}

impl Graph {
    pub(crate) fn borrow_locals(&mut self) {
        let mut stack = std::mem::take(&mut self.values);
        self.start_walk();
        self.enqueue(0);
        self.block_mut(0).depth = 0;
        while let Some(id) = self.todo.pop() {
            let block = self.blocks[id as usize];
            if block.may_have(role::LENDS) {
                stack.clear();
                stack.resize(block.depth.max(0) as usize, UNKNOWN);
                let mut run = Run { instrs: &mut self.code[block.range()], stack: &mut stack };
                for at in 0..run.instrs.len() {
                    run.step(at);
                }
                run.keep_from(0);
            }
            self.follow_ways(id);
        }
        self.values = stack;
    }

    fn follow_ways(&mut self, id: BlockId) {
        let range = self.block(id).range();
        // Branches stand before the last instruction by now; other jumps are the last.
        let ways = if self.block(id).may_have(role::SETUP) { range.len() } else { range.len().min(2) };
        for at in range.end - ways..range.end {
            if self.code[at].op.is(role::JUMP | role::SETUP) {
                self.enqueue(self.code[at].arg);
            }
        }
        if !range.is_empty()
            && let Some(next) = self.falls_into(id)
        {
            self.enqueue(next);
        }
    }
}

impl Run<'_> {
    #[inline]
    fn push(&mut self, at: usize, local: u32) {
        self.stack.push(Origin { instr: at as u32, local });
    }

    #[inline]
    fn pop(&mut self) -> Origin {
        self.stack.pop().unwrap_or(UNKNOWN)
    }

    /// The value outlives what lends it: the load takes a reference.
    #[inline]
    fn keep(&mut self, origin: Origin) {
        if let Some(load) = self.instrs.get_mut(origin.instr as usize) {
            load.op = match load.op {
                Opcode::LOAD_FAST_BORROW => Opcode::LOAD_FAST,
                Opcode::LOAD_FAST_BORROW_LOAD_FAST_BORROW => Opcode::LOAD_FAST_LOAD_FAST,
                op => op,
            };
        }
    }

    /// Keeps the values from `depth` on.
    fn keep_from(&mut self, depth: usize) {
        for at in depth..self.stack.len() {
            self.keep(self.stack[at]);
        }
    }

    /// The local changes: what was loaded from it and is still on the stack is kept.
    fn overwrite(&mut self, local: u32) {
        for at in 0..self.stack.len() {
            if self.stack[at].local == local {
                self.keep(self.stack[at]);
            }
        }
    }

    fn store(&mut self, local: u32) {
        let value = self.pop();
        self.overwrite(local);
        self.keep(value);
    }

    #[inline]
    fn exchange(&mut self, at: usize, takes: usize, puts: usize) {
        self.stack.truncate(self.stack.len().saturating_sub(takes));
        for _ in 0..puts {
            self.push(at, NOWHERE);
        }
    }

    #[inline]
    fn step(&mut self, at: usize) {
        use Opcode::*;
        let Instr { op, arg, .. } = self.instrs[at];
        let traffic = || (popped(op, arg as i32).max(0) as usize, pushed(op, arg as i32).max(0) as usize);
        match op {
            LOAD_FAST => {
                self.instrs[at].op = LOAD_FAST_BORROW;
                self.push(at, arg);
            }
            LOAD_FAST_LOAD_FAST => {
                self.instrs[at].op = LOAD_FAST_BORROW_LOAD_FAST_BORROW;
                self.push(at, arg >> 4);
                self.push(at, arg & 15);
            }
            // They came as such, and stay.
            LOAD_FAST_BORROW => self.stack.push(UNKNOWN),
            LOAD_FAST_BORROW_LOAD_FAST_BORROW => self.stack.extend([UNKNOWN; 2]),
            LOAD_FAST_AND_CLEAR => {
                self.overwrite(arg);
                self.push(at, arg);
            }
            DELETE_FAST => self.overwrite(arg),
            STORE_FAST => self.store(arg),
            STORE_FAST_LOAD_FAST => {
                self.store(arg >> 4);
                self.push(at, arg & 15);
            }
            STORE_FAST_STORE_FAST => {
                self.store(arg >> 4);
                self.store(arg & 15);
            }
            COPY => {
                let from = self.stack.len().checked_sub(arg as usize).and_then(|at| self.stack.get(at));
                let value = from.copied().unwrap_or(UNKNOWN);
                self.stack.push(value);
            }
            SWAP => {
                let len = self.stack.len();
                if let Some(deep) = len.checked_sub(arg as usize)
                    && len > 0
                {
                    self.stack.swap(deep.min(len - 1), len - 1);
                }
            }
            // What they look at stays, with something above it. The reference counts that as pushed by the first
            // instructions of the block, which shows if one of those is a load.
            FORMAT_SIMPLE | GET_ANEXT | GET_LEN | GET_YIELD_FROM_ITER | IMPORT_FROM | MATCH_KEYS | MATCH_MAPPING
            | MATCH_SEQUENCE | WITH_EXCEPT_START => {
                let (takes, puts) = traffic();
                for first in 0..puts.saturating_sub(takes) {
                    self.push(first, NOWHERE);
                }
            }
            // What they add to stays.
            DICT_MERGE | DICT_UPDATE | LIST_APPEND | LIST_EXTEND | MAP_ADD | RERAISE | SET_ADD | SET_UPDATE => {
                let (takes, puts) = traffic();
                self.exchange(at, takes.saturating_sub(puts), 0);
            }
            // The value on top stays; below it something goes or comes.
            END_SEND | SET_FUNCTION_ATTRIBUTE => {
                let top = self.pop();
                self.pop();
                self.stack.push(top);
            }
            PUSH_EXC_INFO => {
                let top = self.pop();
                self.push(at, NOWHERE);
                self.stack.push(top);
            }
            CHECK_EXC_MATCH | SEND => self.exchange(at, 1, 1),
            FOR_ITER => self.push(at, NOWHERE),
            // A method may stand with its receiver above it.
            LOAD_ATTR | LOAD_SUPER_ATTR | LOAD_SPECIAL => {
                let receiver = self.pop();
                self.exchange(at, if op == LOAD_SUPER_ATTR { 2 } else { 0 }, 1);
                if op == LOAD_SPECIAL || arg & 1 != 0 {
                    self.stack.push(receiver);
                }
            }
            _ => match op.fixed_traffic() {
                _ if op.is_block_push() => {}
                Some((takes, puts)) => self.exchange(at, takes as usize, puts as usize),
                None => {
                    let (takes, puts) = traffic();
                    self.exchange(at, takes, puts);
                }
            },
        }
    }
}
