//! The flow graph: code in blocks, and what is done to it before it becomes bytes.
//!
//! Every byte of the result depends on the order of the changes, which [`Graph::optimize`] and [`Graph::finish`] give.
//! A change that cannot find anything in a unit costs nothing: the roles of instructions, kept for each block and for
//! the unit, say what there is to look for. The counterpart is `Python/flowgraph.c`.

mod borrow;
mod depth;
mod graph;
mod handlers;
mod lines;
mod locals;
mod lower;
mod reach;
mod simplify;
mod swaps;
mod tidy;

pub(crate) use graph::{Graph, NONE};
pub(crate) use simplify::STACK_USE_GUIDELINE;

use crate::error::Result;
use crate::ir::{Instr, NO_LOCATION, Sequence};
use crate::tables::ConstTable;

/// What has to be known of the code unit.
pub(crate) struct Frame<'a> {
    /// Local variables, parameters first.
    pub nlocals: usize,
    pub nparams: usize,
    pub firstlineno: i32,
    /// For each cell its slot among the locals, when it is also a parameter.
    pub cell_locals: &'a [Option<u32>],
    pub nfree: usize,
    pub is_generator: bool,
}

impl Graph {
    /// From a sequence to code that the assembler can take; answers the depth of the stack.
    pub fn compile(&mut self, sequence: &mut Sequence, consts: &mut ConstTable, frame: &Frame<'_>) -> Result<u32> {
        self.cut(sequence, Some(consts))?;
        self.optimize(consts, frame.nlocals, frame.nparams)?;
        self.finish(frame)
    }

    /// Makes the code shorter and faster, with pseudo instructions in it.
    pub fn optimize(&mut self, consts: &mut ConstTable, nlocals: usize, nparams: usize) -> Result<()> {
        self.cover();
        self.inline_exits();
        self.drop_unreachable();
        self.resolve_lines();
        self.simplify(consts)?;
        self.drop_nops_and_pairs();
        self.drop_unreachable();
        self.drop_nops_and_jumps()?;
        self.drop_unused_consts(consts);
        self.check_unbound_locals(nlocals, nparams);
        self.pair_locals();
        self.move_cold_blocks()?;
        self.resolve_lines();
        Ok(())
    }

    /// Gives the code its final form; answers the depth of the stack.
    pub fn finish(&mut self, frame: &Frame<'_>) -> Result<u32> {
        let depth = self.stack_depth()?;
        self.lower(frame)?;
        self.orient_branches();
        self.borrow_locals();
        self.borrow_locations();
        Ok(depth)
    }

    /// Nothing is known of where the constants are used.
    pub fn forget_uses(&mut self) {
        self.freed = true;
    }

    /// Instructions that take the location of the one behind them get it. Where control does not come to that one,
    /// they have none.
    fn borrow_locations(&mut self) {
        if !self.borrows_location {
            return;
        }
        let mut order = Vec::with_capacity(self.blocks.len());
        let mut id = 0;
        while id != NONE {
            order.push(id);
            id = self.block(id).next;
        }
        let mut behind = NO_LOCATION;
        for id in order.into_iter().rev() {
            for instr in self.instrs_mut(id).iter_mut().rev() {
                if instr.loc == crate::ir::NEXT_LOCATION {
                    instr.loc = if instr.op.is_terminator() { NO_LOCATION } else { behind };
                }
                behind = instr.loc;
            }
        }
    }

    /// The instructions in the order of the code; targets are numbers of instructions.
    pub fn instructions(&self) -> Vec<Instr> {
        let mut starts = vec![0; self.blocks.len()];
        let mut instrs = Vec::with_capacity(self.code.len());
        let mut id = 0;
        while id != NONE {
            starts[id as usize] = instrs.len() as u32;
            instrs.extend_from_slice(self.instrs(id));
            id = self.block(id).next;
        }
        for instr in instrs.iter_mut().filter(|instr| instr.op.has_target()) {
            instr.arg = starts[instr.arg as usize];
        }
        instrs
    }
}
