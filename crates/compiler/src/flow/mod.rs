//! The flow graph: basic blocks of instructions, and the passes over them in the order of CPython.
//!
//! **Invariant:** block 0 is the entry; `next` chains the blocks in the order of the final code; a jump or exit is the
//! last instruction of its block. The passes and their order decide every byte of the result, so they follow
//! CPython's `Python/flowgraph.c` in what they do, pass by pass.

mod borrow;
mod except;
mod layout;
mod lines;
mod locals;
mod optimize;
pub(crate) use optimize::STACK_USE_GUIDELINE;
mod stack;

use crate::error::{CompileError, Result};
use crate::ir::{Loc, NO_LOCATION, RawInstr, Sequence};
use crate::opcode::{Opcode, flag};
use crate::tables::ConstTable;

/// The index of a block.
pub(crate) type BlockId = u32;
/// No block.
pub(crate) const NONE: BlockId = u32::MAX;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Instr {
    pub op: Opcode,
    pub arg: u32,
    /// Where a jump or a block push leads.
    pub target: BlockId,
    /// The exception handler in force.
    pub handler: BlockId,
    pub loc: Loc,
}

impl Instr {
    pub(crate) fn new(op: Opcode, arg: u32, loc: Loc) -> Instr {
        Instr { op, arg, target: NONE, handler: NONE, loc }
    }

    /// Replaces the instruction by one without argument; the location stays.
    #[inline]
    fn set(&mut self, op: Opcode, arg: u32) {
        self.op = op;
        self.arg = arg;
    }

    #[inline]
    fn nop(&mut self) {
        self.set(Opcode::NOP, 0);
    }
}

#[derive(Debug)]
pub(crate) struct Block {
    pub instrs: Vec<Instr>,
    pub next: BlockId,
    /// Something jumps here.
    pub labelled: bool,
    pub visited: bool,
    /// An exception handler starts here.
    pub is_handler: bool,
    /// The handler wants the position of the raising instruction pushed.
    pub preserve_lasti: bool,
    pub cold: bool,
    pub warm: bool,
    pub predecessors: u32,
    pub start_depth: i32,
    /// Locals below 64 that may be unbound on entry.
    pub unsafe_locals: u64,
    /// The handlers of instructions that once stood behind the last one. An instruction that is appended later takes
    /// over the handler of its place, as it does in CPython, where it shows in the exception table.
    stale: Vec<BlockId>,
}

impl Block {
    fn new() -> Block {
        Block {
            instrs: Vec::new(),
            next: NONE,
            labelled: false,
            visited: false,
            is_handler: false,
            preserve_lasti: false,
            cold: false,
            warm: false,
            predecessors: 0,
            start_depth: i32::MIN,
            unsafe_locals: 0,
            stale: Vec::new(),
        }
    }

    /// Appends an instruction after handlers have been assigned.
    fn append(&mut self, mut instr: Instr) {
        instr.handler = self.stale.get(self.instrs.len()).copied().unwrap_or(NONE);
        self.instrs.push(instr);
    }

    /// Drops the instructions from `len` on.
    fn truncate(&mut self, len: usize) {
        if self.stale.len() < self.instrs.len() {
            self.stale.resize(self.instrs.len(), NONE);
        }
        for (slot, instr) in self.stale.iter_mut().zip(&self.instrs).skip(len) {
            *slot = instr.handler;
        }
        self.instrs.truncate(len);
    }

    #[inline]
    fn last_op(&self) -> Option<Opcode> {
        self.instrs.last().map(|instr| instr.op)
    }

    #[inline]
    fn exits_scope(&self) -> bool {
        self.last_op().is_some_and(Opcode::is_scope_exit)
    }

    #[inline]
    fn falls_through(&self) -> bool {
        !self.last_op().is_some_and(|op| op.is_scope_exit() || op.is_unconditional_jump())
    }

    fn has_no_lineno(&self) -> bool {
        self.instrs.iter().all(|instr| instr.loc.lineno < 0)
    }

    fn has_eval_break(&self) -> bool {
        self.instrs.iter().any(|instr| instr.op.has(flag::EVAL_BREAK))
    }
}

#[derive(Debug)]
pub(crate) struct Graph {
    pub blocks: Vec<Block>,
}

/// What the passes need to know of the code unit.
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

/// What the assembler gets.
pub(crate) struct Optimized {
    pub graph: Graph,
    pub stack_depth: u32,
}

impl Graph {
    /// Cuts a sequence into blocks.
    pub fn build(sequence: &Sequence) -> Result<Graph> {
        let instrs = &sequence.instrs;
        let target_of = |instr: &RawInstr| -> Option<u32> {
            if instr.op.has_target() {
                sequence.labels.get(instr.arg as usize).copied().filter(|at| (*at as usize) < instrs.len())
            } else {
                None
            }
        };
        let mut block_at = vec![NONE; instrs.len()];
        const TARGET: BlockId = NONE - 1;
        for instr in instrs {
            if instr.op.has_target() {
                let at = target_of(instr)
                    .ok_or_else(|| CompileError::Other("SystemError", "jump to an unknown label".into()))?;
                block_at[at as usize] = TARGET;
            }
        }
        let mut graph = Graph { blocks: Vec::with_capacity(8) };
        graph.blocks.push(Block::new());
        let mut builder = Builder { graph, current: 0, label: None };
        for (at, instr) in instrs.iter().enumerate() {
            if instr.op == Opcode::ANNOTATIONS_PLACEHOLDER {
                for inserted in sequence.annotations.iter().flatten() {
                    builder.push(Instr::new(inserted.op, inserted.arg, inserted.loc), &mut block_at);
                }
                continue;
            }
            if block_at[at] == TARGET {
                builder.label = Some(at);
                builder.start_block(&mut block_at);
            }
            builder.push(Instr::new(instr.op, instr.arg, instr.loc), &mut block_at);
        }
        let mut graph = builder.graph;
        for block in &mut graph.blocks {
            for instr in &mut block.instrs {
                if instr.op.has_target() {
                    let at = sequence.labels[instr.arg as usize];
                    instr.target = block_at[at as usize];
                    instr.arg = 0;
                }
            }
        }
        Ok(graph)
    }

    /// The blocks in code order.
    fn order(&self) -> Vec<BlockId> {
        let mut order = Vec::with_capacity(self.blocks.len());
        let mut at = 0;
        while at != NONE {
            order.push(at);
            at = self.blocks[at as usize].next;
        }
        order
    }

    #[inline]
    fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id as usize]
    }

    #[inline]
    fn block_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.blocks[id as usize]
    }

    fn next_nonempty(&self, mut id: BlockId) -> BlockId {
        while id != NONE && self.block(id).instrs.is_empty() {
            id = self.block(id).next;
        }
        id
    }

    fn clear_visited(&mut self) {
        for block in &mut self.blocks {
            block.visited = false;
        }
    }

    fn add_block(&mut self) -> BlockId {
        self.blocks.push(Block::new());
        self.blocks.len() as BlockId - 1
    }

    /// Runs every pass; the result is ready for the assembler.
    pub fn optimize(mut self, consts: &mut ConstTable, frame: &Frame<'_>) -> Result<Optimized> {
        self.optimize_unit(consts, frame.nlocals, frame.nparams)?;
        self.finish(frame)
    }

    /// The passes that work on pseudo instructions (`_PyCfg_OptimizeCodeUnit`).
    pub fn optimize_unit(&mut self, consts: &mut ConstTable, nlocals: usize, nparams: usize) -> Result<()> {
        self.mark_handlers();
        self.assign_handlers()?;
        self.check()?;
        self.inline_small_blocks();
        self.remove_unreachable();
        self.resolve_lines();
        self.optimize_constant_loads(consts);
        self.optimize_blocks(consts)?;
        self.remove_nops_and_pairs();
        self.remove_unreachable();
        self.remove_nops_and_jumps()?;
        self.remove_unused_consts(consts);
        self.check_unbound_locals(nlocals, nparams);
        self.combine_instructions();
        self.move_cold_blocks()?;
        self.resolve_lines();
        Ok(())
    }

    /// The passes that make real instructions (`_PyCfg_OptimizedCfgToInstructionSequence`).
    pub fn finish(mut self, frame: &Frame<'_>) -> Result<Optimized> {
        self.expand_conditional_jumps();
        let stack_depth = self.stack_depth()?;
        self.insert_prefix(frame);
        self.fix_cell_offsets(frame);
        self.expand_pseudo_instructions()?;
        self.orient_jumps();
        self.borrow_locals();
        Ok(Optimized { graph: self, stack_depth })
    }

    /// The instructions in the order of the code; targets are numbers of instructions.
    pub fn instructions(&self) -> Vec<RawInstr> {
        let order = self.order();
        let mut starts = vec![0; self.blocks.len()];
        let mut count = 0;
        for &id in &order {
            starts[id as usize] = count;
            count += self.block(id).instrs.len() as u32;
        }
        let all = order.iter().flat_map(|&id| &self.block(id).instrs);
        all.map(|instr| RawInstr {
            op: instr.op,
            arg: if instr.op.has_target() { starts[instr.target as usize] } else { instr.arg },
            loc: instr.loc,
        })
        .collect()
    }

    /// A jump or exit ends its block.
    fn check(&self) -> Result<()> {
        for block in &self.blocks {
            if let Some((_, before)) = block.instrs.split_last()
                && before.iter().any(|instr| instr.op.is_terminator())
            {
                return Err(CompileError::Other("SystemError", "malformed control flow graph.".into()));
            }
        }
        Ok(())
    }

    fn push_jump(&mut self, block: BlockId, op: Opcode, target: BlockId, loc: Loc) {
        let mut instr = Instr::new(op, 0, loc);
        instr.target = target;
        self.block_mut(block).append(instr);
    }

    /// Pseudo conditional jumps keep the tested value: copy it, test the copy.
    fn expand_conditional_jumps(&mut self) {
        for block in &mut self.blocks {
            let Some(last) = block.instrs.last_mut() else { continue };
            last.op = match last.op {
                Opcode::JUMP_IF_FALSE => Opcode::POP_JUMP_IF_FALSE,
                Opcode::JUMP_IF_TRUE => Opcode::POP_JUMP_IF_TRUE,
                _ => continue,
            };
            let last = *last;
            block.instrs.pop();
            block.instrs.push(Instr { handler: last.handler, ..Instr::new(Opcode::COPY, 1, last.loc) });
            block.instrs.push(Instr { handler: last.handler, ..Instr::new(Opcode::TO_BOOL, 0, last.loc) });
            block.instrs.push(last);
        }
    }

    /// Instructions at the start of the code: generator creation, cells, free variables.
    fn insert_prefix(&mut self, frame: &Frame<'_>) {
        let mut prefix = Vec::new();
        if frame.nfree > 0 {
            prefix.push(Instr::new(Opcode::COPY_FREE_VARS, frame.nfree as u32, NO_LOCATION));
        }
        // Cells that are parameters come first, in the order of the parameters.
        let mut cells: Vec<(u32, u32)> = frame
            .cell_locals
            .iter()
            .enumerate()
            .map(|(cell, local)| (local.unwrap_or((frame.nlocals + cell) as u32), cell as u32))
            .collect();
        cells.sort_unstable();
        for (_, cell) in cells {
            prefix.push(Instr::new(Opcode::MAKE_CELL, cell, NO_LOCATION));
        }
        if frame.is_generator {
            let line = frame.firstlineno;
            let loc = Loc::new(line, -1, line, -1);
            prefix.push(Instr::new(Opcode::RETURN_GENERATOR, 0, loc));
            prefix.push(Instr::new(Opcode::POP_TOP, 0, loc));
        }
        if !prefix.is_empty() {
            self.blocks[0].instrs.splice(0..0, prefix);
        }
    }

    /// Turns numbers of cells and free variables into slots behind the locals.
    fn fix_cell_offsets(&mut self, frame: &Frame<'_>) {
        let total = frame.cell_locals.len() + frame.nfree;
        let mut slots = Vec::with_capacity(total);
        let mut dropped = 0;
        for number in 0..total {
            match frame.cell_locals.get(number).copied().flatten() {
                Some(local) => {
                    dropped += 1;
                    slots.push(local);
                }
                None => slots.push((frame.nlocals + number - dropped) as u32),
            }
        }
        if total == 0 {
            return;
        }
        for block in &mut self.blocks {
            for instr in &mut block.instrs {
                if matches!(
                    instr.op,
                    Opcode::MAKE_CELL
                        | Opcode::LOAD_CLOSURE
                        | Opcode::LOAD_DEREF
                        | Opcode::STORE_DEREF
                        | Opcode::DELETE_DEREF
                        | Opcode::LOAD_FROM_DICT_OR_DEREF
                ) && let Some(slot) = slots.get(instr.arg as usize)
                {
                    instr.arg = *slot;
                }
            }
        }
    }

    fn expand_pseudo_instructions(&mut self) -> Result<()> {
        for block in &mut self.blocks {
            for instr in &mut block.instrs {
                match instr.op {
                    op if op.is_block_push() => instr.nop(),
                    Opcode::LOAD_CLOSURE => instr.op = Opcode::LOAD_FAST,
                    Opcode::STORE_FAST_MAYBE_NULL => instr.op = Opcode::STORE_FAST,
                    _ => {}
                }
            }
        }
        self.remove_nops_and_jumps()
    }
}

/// Puts instructions into blocks.
struct Builder {
    graph: Graph,
    current: BlockId,
    /// The position whose label waits for a block.
    label: Option<usize>,
}

impl Builder {
    fn start_block(&mut self, block_at: &mut [BlockId]) {
        let block = self.graph.block(self.current);
        let terminated = block.last_op().is_some_and(Opcode::is_terminator);
        if !terminated {
            let Some(at) = self.label else { return };
            if block.instrs.is_empty() && !block.labelled {
                self.graph.block_mut(self.current).labelled = true;
                block_at[at] = self.current;
                self.label = None;
                return;
            }
        }
        let new = self.graph.add_block();
        if let Some(at) = self.label.take() {
            block_at[at] = new;
            self.graph.block_mut(new).labelled = true;
        }
        self.graph.block_mut(self.current).next = new;
        self.current = new;
    }

    #[inline]
    fn push(&mut self, instr: Instr, block_at: &mut [BlockId]) {
        self.start_block(block_at);
        self.graph.block_mut(self.current).instrs.push(instr);
    }
}
