//! Loads of locals that need no reference of their own: `LOAD_FAST_BORROW`.
//!
//! A load may borrow when the value it pushes is consumed in the same block, before the local changes, and does not
//! become a local itself. The values on the stack are followed through each block as (instruction, local) pairs.

use super::{BlockId, Graph, NONE};
use crate::opcode::{Opcode, popped, pushed};

/// Where a value on the stack comes from.
#[derive(Clone, Copy)]
struct Origin {
    /// The instruction in this block that pushed it, or -1.
    instr: i32,
    /// The local it was loaded from, or -1.
    local: i32,
}

const UNKNOWN: Origin = Origin { instr: -1, local: -1 };

/// The values on the stack and, per instruction, whether its value must be owned.
struct Values {
    stack: Vec<Origin>,
    owned: Vec<bool>,
}

impl Values {
    #[inline]
    fn push(&mut self, instr: usize, local: i32) {
        self.stack.push(Origin { instr: instr as i32, local });
    }

    #[inline]
    fn pop(&mut self) -> Origin {
        self.stack.pop().unwrap_or(UNKNOWN)
    }

    fn own(&mut self, origin: Origin) {
        if let Some(slot) = usize::try_from(origin.instr).ok().and_then(|i| self.owned.get_mut(i)) {
            *slot = true;
        }
    }

    /// The local changes: values loaded from it and still on the stack need a reference.
    fn kill(&mut self, local: u32) {
        for index in 0..self.stack.len() {
            let origin = self.stack[index];
            if origin.local == local as i32 {
                self.own(origin);
            }
        }
    }

    fn store(&mut self, local: u32) {
        let origin = self.pop();
        self.kill(local);
        self.own(origin);
    }
}

impl Graph {
    pub(crate) fn borrow_locals(&mut self) {
        self.clear_visited();
        let mut values = Values { stack: Vec::with_capacity(32), owned: Vec::new() };
        let mut todo: Vec<BlockId> = vec![0];
        self.blocks[0].visited = true;
        self.blocks[0].start_depth = 0;
        while let Some(id) = todo.pop() {
            let count = self.block(id).instrs.len();
            values.owned.clear();
            values.owned.resize(count, false);
            values.stack.clear();
            values.stack.resize(self.block(id).start_depth.max(0) as usize, UNKNOWN);
            for index in 0..count {
                let instr = self.block(id).instrs[index];
                let target = simulate(&mut values, index, instr.op, instr.arg);
                if target {
                    self.visit_once(instr.target, &mut todo);
                }
            }
            let block = self.block(id);
            let next = block.next;
            if next != NONE && !block.instrs.is_empty() && block.falls_through() {
                self.visit_once(next, &mut todo);
            }
            for index in 0..values.stack.len() {
                values.own(values.stack[index]);
            }
            for (instr, owned) in self.block_mut(id).instrs.iter_mut().zip(&values.owned) {
                if !owned {
                    instr.op = match instr.op {
                        Opcode::LOAD_FAST => Opcode::LOAD_FAST_BORROW,
                        Opcode::LOAD_FAST_LOAD_FAST => Opcode::LOAD_FAST_BORROW_LOAD_FAST_BORROW,
                        op => op,
                    };
                }
            }
        }
    }

    fn visit_once(&mut self, id: BlockId, todo: &mut Vec<BlockId>) {
        if id != NONE && !self.block(id).visited {
            self.block_mut(id).visited = true;
            todo.push(id);
        }
    }
}

/// Applies one instruction to the stack; answers whether its target is to be visited.
fn simulate(values: &mut Values, index: usize, op: Opcode, arg: u32) -> bool {
    match op {
        Opcode::LOAD_FAST => values.push(index, arg as i32),
        Opcode::LOAD_FAST_AND_CLEAR => {
            values.kill(arg);
            values.push(index, arg as i32);
        }
        Opcode::LOAD_FAST_LOAD_FAST => {
            values.push(index, (arg >> 4) as i32);
            values.push(index, (arg & 15) as i32);
        }
        Opcode::DELETE_FAST => values.kill(arg),
        Opcode::STORE_FAST => values.store(arg),
        Opcode::STORE_FAST_LOAD_FAST => {
            values.store(arg >> 4);
            values.push(index, (arg & 15) as i32);
        }
        Opcode::STORE_FAST_STORE_FAST => {
            values.store(arg >> 4);
            values.store(arg & 15);
        }
        Opcode::COPY => {
            let origin = values.stack.len().checked_sub(arg as usize).and_then(|at| values.stack.get(at)).copied();
            values.stack.push(origin.unwrap_or(UNKNOWN));
        }
        Opcode::SWAP => {
            let len = values.stack.len();
            if let Some(at) = len.checked_sub(arg as usize)
                && len > 0
            {
                values.stack.swap(at, len - 1);
            }
        }
        // What stays on the stack while something is pushed above it.
        Opcode::FORMAT_SIMPLE
        | Opcode::GET_ANEXT
        | Opcode::GET_LEN
        | Opcode::GET_YIELD_FROM_ITER
        | Opcode::IMPORT_FROM
        | Opcode::MATCH_KEYS
        | Opcode::MATCH_MAPPING
        | Opcode::MATCH_SEQUENCE
        | Opcode::WITH_EXCEPT_START => {
            let net = pushed(op, arg as i32) - popped(op, arg as i32);
            // CPython attributes these values to the first instructions of the block.
            for first in 0..net.max(0) {
                values.push(first as usize, -1);
            }
        }
        Opcode::DICT_MERGE
        | Opcode::DICT_UPDATE
        | Opcode::LIST_APPEND
        | Opcode::LIST_EXTEND
        | Opcode::MAP_ADD
        | Opcode::RERAISE
        | Opcode::SET_ADD
        | Opcode::SET_UPDATE => {
            for _ in 0..popped(op, arg as i32) - pushed(op, arg as i32) {
                values.pop();
            }
        }
        Opcode::END_SEND | Opcode::SET_FUNCTION_ATTRIBUTE => {
            let top = values.pop();
            values.pop();
            values.stack.push(top);
        }
        Opcode::PUSH_EXC_INFO => {
            let top = values.pop();
            values.push(index, -1);
            values.stack.push(top);
        }
        Opcode::CHECK_EXC_MATCH => {
            values.pop();
            values.push(index, -1);
        }
        Opcode::FOR_ITER => {
            values.push(index, -1);
            return true;
        }
        Opcode::LOAD_ATTR | Opcode::LOAD_SUPER_ATTR => {
            let receiver = values.pop();
            if op == Opcode::LOAD_SUPER_ATTR {
                values.pop();
                values.pop();
            }
            values.push(index, -1);
            if arg & 1 != 0 {
                // A method may stand with its receiver above it.
                values.stack.push(receiver);
            }
        }
        Opcode::LOAD_SPECIAL => {
            let receiver = values.pop();
            values.push(index, -1);
            values.stack.push(receiver);
        }
        Opcode::SEND => {
            values.pop();
            values.push(index, -1);
            return true;
        }
        _ => {
            if !op.is_block_push() {
                for _ in 0..popped(op, arg as i32) {
                    values.pop();
                }
                for _ in 0..pushed(op, arg as i32) {
                    values.push(index, -1);
                }
            }
            return op.has_target();
        }
    }
    false
}
