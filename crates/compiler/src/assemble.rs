//! From optimised blocks to bytes: jump distances, inline caches, the location table and the exception table.
//!
//! The distances are settled first, by the jumps alone; then all three tables are written in one go.
//!
//! The formats are those of CPython's `InternalDocs/code_objects.md` and `exception_handling.md`; the counterpart is
//! `Python/assemble.c`.

use crate::error::{CompileError, Result};
use crate::flow::{Graph, NONE};
use crate::ir::{Instr, Loc, NO_LOCATION};
use crate::opcode::{Opcode, role};

/// The tables of a code object.
pub(crate) struct Assembled {
    pub code: Vec<u8>,
    pub linetable: Vec<u8>,
    pub exceptiontable: Vec<u8>,
}

/// The length in code units: `EXTENDED_ARG` prefixes, the instruction, its caches.
#[inline]
fn size_of(op: Opcode, arg: u32) -> u32 {
    let prefixes = if arg <= 0xFF { 0 } else { 1 + (arg > 0xFFFF) as u32 + (arg > 0xFF_FFFF) as u32 };
    prefixes + 1 + op.caches() as u32
}

/// A location table above this size is not copied.
const LONG_TABLE: usize = 1 << 16;

/// Between `SEND` and the `END_SEND` that `END_ASYNC_FOR` points to, in code units.
const END_SEND_OFFSET: u32 = 5;

fn broken(message: String) -> CompileError {
    CompileError::Other("SystemError", message)
}

/// A workspace that serves one code unit after the other.
#[derive(Debug, Default)]
pub(crate) struct Assembler {
    layout: Layout,
    linetable: Vec<u8>,
}

impl Assembler {
    pub fn assemble(&mut self, graph: &mut Graph, firstlineno: i32) -> Result<Assembled> {
        self.layout.place(graph)?;
        let units = self.layout.settle(graph);
        self.linetable.clear();
        let mut writer = Writer {
            // What is not written stays an empty cache entry.
            code: vec![0; units as usize * 2],
            linetable: &mut self.linetable,
            exceptiontable: Vec::new(),
            line: firstlineno,
        };
        writer.write(graph, &self.layout);
        let Writer { code, exceptiontable, .. } = writer;
        // A short table is copied, so that it takes no more memory than it needs, and the workspace stays.
        let linetable = if self.linetable.len() > LONG_TABLE {
            std::mem::take(&mut self.linetable)
        } else {
            self.linetable.clone()
        };
        Ok(Assembled { code, linetable, exceptiontable })
    }
}

/// Where a block starts.
#[derive(Clone, Copy, Debug, Default)]
struct Start {
    /// In instructions.
    number: u32,
    /// In code units, jumps not counted.
    units: u32,
    /// How many jumps stand before it.
    jumps: u32,
}

#[derive(Clone, Copy, Debug)]
struct Jump {
    /// Its slot in the graph's code.
    slot: u32,
    /// In instructions.
    number: u32,
    /// In code units, other jumps not counted.
    units: u32,
    target: u32,
    size: u32,
}

/// The places of blocks and jumps.
#[derive(Debug, Default)]
struct Layout {
    starts: Vec<Start>,
    jumps: Vec<Jump>,
    /// The code units of the first n jumps together.
    sums: Vec<u32>,
    /// All code units but those of jumps.
    units: u32,
}

impl Layout {
    /// Finds the places, and gives jumps their direction.
    fn place(&mut self, graph: &mut Graph) -> Result<()> {
        let Layout { starts, jumps, .. } = self;
        starts.clear();
        starts.resize(graph.blocks.len(), Start::default());
        jumps.clear();
        let mut at = Start::default();
        let mut id = 0;
        while id != NONE {
            let block = graph.blocks[id as usize];
            starts[id as usize] = at;
            for slot in block.range() {
                let Instr { op, arg, .. } = graph.code[slot];
                let roles = op.roles();
                if roles & role::JUMP != 0 {
                    jumps.push(Jump { slot: slot as u32, number: at.number, units: at.units, target: arg, size: 0 });
                    at.jumps += 1;
                } else {
                    if roles & role::PSEUDO != 0 {
                        return Err(broken(format!("{} left in final code", op.name())));
                    }
                    at.units += size_of(op, arg);
                }
                at.number += 1;
            }
            id = block.next;
        }
        for jump in jumps {
            let target = starts[jump.target as usize].number;
            if target >= at.number {
                return Err(broken("jump beyond the end of the code".into()));
            }
            let forward = target > jump.number;
            let instr = &mut graph.code[jump.slot as usize];
            instr.op = match instr.op {
                Opcode::JUMP | Opcode::JUMP_NO_INTERRUPT if forward => Opcode::JUMP_FORWARD,
                Opcode::JUMP => Opcode::JUMP_BACKWARD,
                Opcode::JUMP_NO_INTERRUPT => Opcode::JUMP_BACKWARD_NO_INTERRUPT,
                op if op.is(role::PSEUDO) => return Err(broken(format!("{} left in final code", op.name()))),
                op => op,
            };
            // Distances depend on sizes and sizes on distances. They start from the numbers of the instructions that
            // are jumped to, which in rare cases leaves a prefix more than needed: CPython's result is the same.
            jump.size = size_of(instr.op, target);
        }
        self.units = at.units;
        Ok(())
    }

    /// The offset of a block in code units.
    #[inline]
    fn offset(&self, block: u32) -> u32 {
        let start = self.starts[block as usize];
        start.units + self.sums[start.jumps as usize]
    }

    /// Writes the distances into the jumps; answers the length of the code in code units.
    fn settle(&mut self, graph: &mut Graph) -> u32 {
        loop {
            self.sums.clear();
            let mut sum = 0;
            self.sums.push(sum);
            self.sums.extend(self.jumps.iter().map(|jump| {
                sum += jump.size;
                sum
            }));
            let mut stable = true;
            for at in 0..self.jumps.len() {
                let jump = &self.jumps[at];
                let end = jump.units + self.sums[at + 1];
                let target = self.offset(jump.target);
                let instr = &mut graph.code[jump.slot as usize];
                let op = instr.op;
                let distance = match op {
                    Opcode::END_ASYNC_FOR => end.wrapping_sub(target).wrapping_sub(END_SEND_OFFSET),
                    _ => target.abs_diff(end),
                };
                instr.arg = distance;
                let size = size_of(op, distance);
                stable &= size == jump.size;
                self.jumps[at].size = size;
            }
            if stable {
                return self.units + sum;
            }
        }
    }
}

/// A range of instructions with one handler.
#[derive(Clone, Copy)]
struct Covered {
    handler: u32,
    from: u32,
}

/// The tables while they are written.
struct Writer<'b> {
    code: Vec<u8>,
    linetable: &'b mut Vec<u8>,
    exceptiontable: Vec<u8>,
    /// The line that the last entry of the location table leaves behind.
    line: i32,
}

impl Writer<'_> {
    fn write(&mut self, graph: &Graph, layout: &Layout) {
        let mut offset = 0;
        // The location of the instructions before, and where they start.
        let (mut loc, mut from) = (NO_LOCATION, 0);
        let mut covered = Covered { handler: NONE, from: 0 };
        let mut id = 0;
        while id != NONE {
            let block = &graph.blocks[id as usize];
            for instr in &graph.code[block.range()] {
                if instr.loc != loc {
                    self.locate(loc, offset - from);
                    (loc, from) = (instr.loc, offset);
                }
                if instr.handler != covered.handler {
                    // Handlers that start at the same instruction are one.
                    let place = |handler: u32| layout.starts.get(handler as usize).map(|start| start.number);
                    if place(instr.handler) != place(covered.handler) {
                        self.handle(graph, layout, covered, offset);
                        covered = Covered { handler: instr.handler, from: offset };
                    }
                }
                offset = self.put(offset, instr.op, instr.arg);
            }
            id = block.next;
        }
        self.locate(loc, offset - from);
        self.handle(graph, layout, covered, offset);
    }

    /// Writes an instruction; answers the offset behind it and its caches.
    #[inline]
    fn put(&mut self, mut offset: u32, op: Opcode, arg: u32) -> u32 {
        if arg > 0xFF {
            for shift in [24, 16, 8] {
                if arg >> shift != 0 {
                    self.put_unit(offset, Opcode::EXTENDED_ARG, arg >> shift);
                    offset += 1;
                }
            }
        }
        self.put_unit(offset, op, arg);
        offset + 1 + op.caches() as u32
    }

    #[inline]
    fn put_unit(&mut self, offset: u32, op: Opcode, arg: u32) {
        let at = offset as usize * 2;
        if let Some(unit) = self.code.get_mut(at..at + 2) {
            unit.copy_from_slice(&[op as u16 as u8, arg as u8]);
        }
    }

    /// Notes the location of the last `size` code units.
    #[inline]
    fn locate(&mut self, loc: Loc, mut size: u32) {
        while size > 8 {
            put_location(self.linetable, &mut self.line, loc, 8);
            size -= 8;
        }
        if size > 0 {
            put_location(self.linetable, &mut self.line, loc, size);
        }
    }

    fn handle(&mut self, graph: &Graph, layout: &Layout, covered: Covered, end: u32) {
        if covered.handler == NONE || covered.from == end {
            return;
        }
        let handler = &graph.blocks[covered.handler as usize];
        let lasti = handler.preserves_lasti();
        // The handler's own values, and the stack that it finds.
        let depth = (handler.depth - 1 - lasti as i32).max(0) as u32;
        let out = &mut self.exceptiontable;
        put_exception_item(out, covered.from, 0x80);
        put_exception_item(out, end - covered.from, 0);
        put_exception_item(out, layout.offset(covered.handler), 0);
        put_exception_item(out, depth << 1 | lasti as u32, 0);
    }
}

/// Big-endian groups of six bits, bit 6 set in all but the last; bit 7 of the first byte marks a new entry.
fn put_exception_item(out: &mut Vec<u8>, value: u32, mut mark: u8) {
    for shift in [24, 18, 12, 6] {
        if value >> shift != 0 {
            out.push((value >> shift & 0x3F) as u8 | 0x40 | mark);
            mark = 0;
        }
    }
    out.push((value & 0x3F) as u8 | mark);
}

/// Little-endian groups of six bits, bit 6 set in all but the last.
fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 64 {
        out.push((value & 0x3F) as u8 | 0x40);
        value >>= 6;
    }
    out.push(value as u8);
}

fn put_signed_varint(out: &mut Vec<u8>, value: i32) {
    let magnitude = value.unsigned_abs() as u64;
    put_varint(out, magnitude << 1 | (value < 0) as u64);
}

mod code {
    pub const ONE_LINE: u8 = 10;
    pub const NO_COLUMNS: u8 = 13;
    pub const LONG: u8 = 14;
    pub const NONE: u8 = 15;
}

/// One entry for `size` code units, at most 8.
fn put_location(out: &mut Vec<u8>, line: &mut i32, loc: Loc, size: u32) {
    let head = |code: u8| 0x80 | code << 3 | (size - 1) as u8;
    if loc.lineno < 0 {
        out.push(head(code::NONE));
        return;
    }
    let delta = loc.lineno.wrapping_sub(*line);
    let (column, end_column) = (loc.col_offset, loc.end_col_offset);
    if column < 0 || end_column < 0 {
        if loc.end_lineno == loc.lineno || loc.end_lineno < 0 {
            out.push(head(code::NO_COLUMNS));
            put_signed_varint(out, delta);
            *line = loc.lineno;
            return;
        }
    } else if loc.end_lineno == loc.lineno {
        if delta == 0 && column < 80 && end_column >= column && end_column - column < 16 {
            out.push(head((column >> 3) as u8));
            out.push((((column & 7) << 4) | (end_column - column)) as u8);
            return;
        }
        if (0..3).contains(&delta) && column < 128 && end_column < 128 {
            out.push(head(code::ONE_LINE + delta as u8));
            out.extend_from_slice(&[column as u8, end_column as u8]);
            *line = loc.lineno;
            return;
        }
    }
    out.push(head(code::LONG));
    put_signed_varint(out, delta);
    put_varint(out, loc.end_lineno.wrapping_sub(loc.lineno).max(0) as u64);
    put_varint(out, (column as i64 + 1).max(0) as u64);
    put_varint(out, (end_column as i64 + 1).max(0) as u64);
    *line = loc.lineno;
}
