//! Blocks, and the one vector that holds the instructions of all of them.
//!
//! A block is a run of slots in [`Graph::code`]. A pass that shortens a block leaves the slots behind its end as they
//! are; one that needs more slots than the block has moves it to the end of the vector. The graph is a workspace: it
//! serves one code unit after the other, and its memory is asked for once.
//!
//! **Invariant:** block 0 is the entry; `next` chains the blocks in the order of the code; until the code takes its
//! final form, a jump or exit is the last instruction of its block.

use std::ops::Range;

use crate::code::Constant;
use crate::error::{CompileError, Result};
use crate::ir::{Instr, Sequence};
use crate::opcode::{Opcode, role};
use crate::tables::ConstTable;

use super::handlers::Cover;

/// The index of a block.
pub(crate) type BlockId = u32;
pub(crate) use crate::ir::NONE;

/// What is known of a block beside the roles of its instructions. The marks about its content say what may be there.
pub(super) mod mark {
    /// Something jumps here.
    pub const LABELLED: u8 = 1;
    /// An exception handler starts here.
    pub const HANDLER: u8 = 2;
    /// The handler wants the position of the raising instruction pushed.
    pub const LASTI: u8 = 4;
    /// Reached without an exception.
    pub const WARM: u8 = 8;
    /// Reached from a handler alone.
    pub const COLD: u8 = 16;
    /// Some instruction has no line.
    pub const LINELESS: u8 = 32;
    /// A constant, or a copy of a value, is tested.
    pub const TESTED: u8 = 64;
    /// The marks that move along when instructions are copied to another block.
    pub const CONTENT: u8 = LINELESS | TESTED;
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(super) start: u32,
    pub(super) len: u32,
    /// How many slots it has. One behind `len` keeps the handler of the instruction that once stood there, and an
    /// instruction that is appended takes it over: so it is in CPython, where it shows in the exception table.
    pub(super) room: u32,
    pub next: BlockId,
    /// The roles of its instructions; perhaps of some that are gone.
    pub(super) roles: u16,
    pub(super) marks: u8,
    /// Ways to come here.
    pub(super) predecessors: u32,
    /// Values on the stack at the start.
    pub(crate) depth: i32,
    /// The last walk that came by.
    seen: u32,
    /// The innermost open handler at the start.
    pub(super) cover: u32,
    /// Locals below 64 that may be unbound at the start.
    pub(super) unbound: u64,
}

impl Block {
    fn at(start: usize) -> Block {
        Block {
            start: start as u32,
            len: 0,
            room: 0,
            next: NONE,
            roles: 0,
            marks: 0,
            predecessors: 0,
            depth: -1,
            seen: 0,
            cover: NONE,
            unbound: 0,
        }
    }

    #[inline]
    pub(crate) fn range(&self) -> Range<usize> {
        self.start as usize..(self.start + self.len) as usize
    }

    #[inline]
    pub(super) fn is(&self, marks: u8) -> bool {
        self.marks & marks != 0
    }

    #[inline]
    pub(super) fn may_have(&self, roles: u16) -> bool {
        self.roles & roles != 0
    }

    pub(crate) fn preserves_lasti(&self) -> bool {
        self.is(mark::LASTI)
    }
}

#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) code: Vec<Instr>,
    pub(crate) blocks: Vec<Block>,
    /// The roles of all instructions that the unit ever had.
    pub(super) roles: u16,
    /// A constant may have lost its last user.
    pub(super) freed: bool,
    /// Some instruction takes the location of the one behind it.
    pub(crate) borrows_location: bool,
    /// Something dropped may stand right behind its push.
    pub(super) idle_pairs: bool,
    /// Numbers the walks over the blocks.
    walk: u32,
    pub(super) todo: Vec<BlockId>,
    pub(super) covers: Vec<Cover>,
    /// The code in its final form, while it is written; else the memory for it.
    pub(super) spare: Vec<Instr>,
    /// The block that starts at an instruction of the sequence.
    leaders: Vec<BlockId>,
    pub(super) values: Vec<super::borrow::Origin>,
}

/// Empties a workspace. The memory of one that a long source has made goes back at once: what comes next needs as much.
pub(crate) fn give_back<T>(space: &mut Vec<T>) {
    const KEPT: usize = 1 << 16;
    space.clear();
    if space.capacity() > KEPT {
        *space = Vec::new();
    }
}

/// The small integer that a constant is.
#[inline]
pub(super) fn small_int(value: &Constant) -> Option<u32> {
    match value {
        Constant::Int(v @ 0..=255) => Some(*v as u32),
        _ => None,
    }
}

impl Graph {
    /// Takes the instructions of a sequence and cuts them into blocks. With `consts`, loads of small integers become
    /// instructions of their own.
    pub fn cut(&mut self, sequence: &mut Sequence, consts: Option<&ConstTable>) -> Result<()> {
        const SOME: BlockId = NONE - 1;
        let unknown = || CompileError::Other("SystemError", "jump to an unknown label".into());
        self.blocks.clear();
        self.code.clear();
        std::mem::swap(&mut self.code, &mut sequence.instrs);
        (self.roles, self.freed, self.borrows_location, self.idle_pairs) = (0, false, false, false);
        self.leaders.clear();
        self.leaders.resize(self.code.len(), NONE);
        for place in sequence.labels.iter().filter(|place| place.used) {
            match self.leaders.get_mut(place.at as usize) {
                Some(leader) => *leader = SOME,
                None => return Err(unknown()),
            }
        }
        let mut block = Block::at(0);
        let mut before = 0;
        for (at, (instr, leader)) in self.code.iter_mut().zip(&mut self.leaders).enumerate() {
            let leads = *leader == SOME;
            if (leads || before & (role::JUMP | role::EXIT) != 0) && at > block.start as usize {
                self.roles |= block.roles;
                self.blocks.push(block.closed(at));
                block = Block::at(at);
                before = 0;
            }
            if leads {
                *leader = self.blocks.len() as BlockId;
                block.marks |= mark::LABELLED;
            }
            if instr.op == Opcode::LOAD_CONST
                && let Some(consts) = consts
                && let Some(small) = consts.values.get(instr.arg as usize).and_then(small_int)
            {
                instr.set(Opcode::LOAD_SMALL_INT, small);
                self.freed = true;
            }
            let roles = instr.op.roles();
            if instr.loc.lineno < 0 {
                block.marks |= mark::LINELESS;
                self.borrows_location |= instr.loc.lineno < -1;
            }
            if roles & role::TESTS != 0 && before & role::IDLE != 0 {
                block.marks |= mark::TESTED;
            }
            block.roles |= roles;
            before = roles;
        }
        self.roles |= block.roles;
        if self.blocks.is_empty() || self.code.len() > block.start as usize {
            self.blocks.push(block.closed(self.code.len()));
        }
        if let Some(last) = self.blocks.last_mut() {
            last.next = NONE;
        }
        for id in 0..self.blocks.len() {
            let block = self.blocks[id];
            let Range { start, end } = block.range();
            // Handlers may be opened anywhere, a jump is the last instruction.
            let from = if block.may_have(role::SETUP) { start } else { end.saturating_sub(1).max(start) };
            for instr in &mut self.code[from..end] {
                let roles = instr.op.roles();
                if roles & (role::JUMP | role::SETUP) != 0 {
                    let place = sequence.labels.get(instr.arg as usize).map_or(NONE, |place| place.at);
                    instr.arg = *self.leaders.get(place as usize).ok_or_else(unknown)?;
                    if roles & role::SETUP != 0 {
                        self.blocks[instr.arg as usize].marks |= mark::HANDLER;
                    }
                }
            }
            if id + 1 < self.blocks.len() {
                self.blocks[id].next = id as BlockId + 1;
            }
        }
        give_back(&mut self.leaders);
        give_back(&mut sequence.labels);
        Ok(())
    }

    #[inline]
    pub(super) fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id as usize]
    }

    #[inline]
    pub(super) fn block_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.blocks[id as usize]
    }

    #[inline]
    pub(crate) fn instrs(&self, id: BlockId) -> &[Instr] {
        &self.code[self.blocks[id as usize].range()]
    }

    #[inline]
    pub(super) fn instrs_mut(&mut self, id: BlockId) -> &mut [Instr] {
        &mut self.code[self.blocks[id as usize].range()]
    }

    #[inline]
    pub(super) fn last(&self, id: BlockId) -> Option<&Instr> {
        self.instrs(id).last()
    }

    /// The roles of the last instruction.
    #[inline]
    pub(super) fn ending(&self, id: BlockId) -> u16 {
        self.last(id).map_or(0, |instr| instr.op.roles())
    }

    /// The block behind `id`, if control can run into it.
    #[inline]
    pub(super) fn falls_into(&self, id: BlockId) -> Option<BlockId> {
        let next = self.block(id).next;
        (next != NONE && self.ending(id) & (role::ALWAYS | role::EXIT) == 0).then_some(next)
    }

    /// Where the jump at the end of a block leads.
    #[inline]
    pub(super) fn jumps_to(&self, id: BlockId) -> Option<BlockId> {
        self.last(id).filter(|last| last.op.is(role::JUMP)).map(|last| last.arg)
    }

    /// `id`, or the first block behind it that is not empty.
    pub(super) fn skip_empty(&self, mut id: BlockId) -> BlockId {
        while id != NONE && self.block(id).len == 0 {
            id = self.block(id).next;
        }
        id
    }

    /// Starts a walk, in which [`Graph::visit`] is true once for each block.
    pub(super) fn start_walk(&mut self) {
        self.walk = self.walk.wrapping_add(1);
        if self.walk == 0 {
            self.blocks.iter_mut().for_each(|block| block.seen = 0);
            self.walk = 1;
        }
        self.todo.clear();
    }

    #[inline]
    pub(super) fn visit(&mut self, id: BlockId) -> bool {
        let walk = self.walk;
        let block = self.block_mut(id);
        std::mem::replace(&mut block.seen, walk) != walk
    }

    #[inline]
    pub(super) fn is_visited(&self, id: BlockId) -> bool {
        self.block(id).seen == self.walk
    }

    /// Undoes a visit.
    pub(super) fn forget(&mut self, id: BlockId) {
        self.block_mut(id).seen = self.walk.wrapping_sub(1);
    }

    /// Puts a block on the list of those to be looked at, once in a walk.
    #[inline]
    pub(super) fn enqueue(&mut self, id: BlockId) -> bool {
        let first = self.visit(id);
        if first {
            self.todo.push(id);
        }
        first
    }

    /// A new block without slots.
    pub(super) fn add_block(&mut self, next: BlockId) -> BlockId {
        self.blocks.push(Block { next, ..Block::at(self.code.len()) });
        self.blocks.len() as BlockId - 1
    }

    /// Sees to it that a block has slots for `more` instructions behind its last one.
    pub(super) fn reserve(&mut self, id: BlockId, more: u32) {
        let block = self.blocks[id as usize];
        if block.len + more <= block.room {
            return;
        }
        let start = self.code.len();
        let slots = block.start as usize..(block.start + block.room) as usize;
        self.code.extend_from_within(slots);
        let room = block.len + more;
        self.code.resize(start + room as usize, Instr::BLANK);
        let block = self.block_mut(id);
        (block.start, block.room) = (start as u32, room);
    }

    /// Appends an instruction; its handler is that of its place.
    pub(super) fn append(&mut self, id: BlockId, instr: Instr) {
        self.reserve(id, 1);
        let block = &mut self.blocks[id as usize];
        let slot = &mut self.code[(block.start + block.len) as usize];
        *slot = Instr { handler: slot.handler, ..instr };
        block.len += 1;
        block.roles |= instr.op.roles();
        if instr.loc.lineno < 0 {
            block.marks |= mark::LINELESS;
        }
    }

    /// Appends the instructions of `from`, which may be the same block, with their handlers.
    pub(super) fn append_copy(&mut self, id: BlockId, from: BlockId) {
        let source = *self.block(from);
        self.reserve(id, source.len);
        let block = &mut self.blocks[id as usize];
        self.code.copy_within(source.range(), (block.start + block.len) as usize);
        block.len += source.len;
        block.roles |= source.roles;
        block.marks |= source.marks & mark::CONTENT;
    }

    /// Drops the constants that nothing loads. The first stays, as it may be a docstring.
    pub(super) fn drop_unused_consts(&mut self, consts: &mut ConstTable) {
        if !self.freed || consts.values.len() < 2 {
            return;
        }
        // The new number of each constant that is used, as soon as that is known.
        let mut numbers = vec![NONE; consts.values.len()];
        numbers[0] = 0;
        let live = |graph: &Graph, id: BlockId| graph.block(id).range();
        let mut id = 0;
        while id != NONE {
            for instr in &self.code[live(self, id)] {
                if instr.op == Opcode::LOAD_CONST {
                    numbers[instr.arg as usize] = 0;
                }
            }
            id = self.block(id).next;
        }
        if !numbers.contains(&NONE) {
            return;
        }
        for (kept, number) in (0..).zip(numbers.iter_mut().filter(|number| **number != NONE)) {
            *number = kept;
        }
        let mut keep = numbers.iter().map(|number| *number != NONE);
        consts.values.retain(|_| keep.next().unwrap_or(false));
        let mut id = 0;
        while id != NONE {
            for instr in self.instrs_mut(id) {
                if instr.op == Opcode::LOAD_CONST {
                    instr.arg = numbers[instr.arg as usize];
                }
            }
            id = self.block(id).next;
        }
    }
}

impl Block {
    /// The block up to instruction `end`; its roles belong to the unit, too.
    fn closed(mut self, end: usize) -> Block {
        self.len = end as u32 - self.start;
        self.room = self.len;
        self
    }
}
