//! From optimised blocks to bytes: jump distances, inline caches, the location table and the exception table.
//!
//! The formats are those of CPython's `InternalDocs/code_objects.md` and `exception_handling.md`; the counterpart is
//! `Python/assemble.c`.

use crate::error::{CompileError, Result};
use crate::flow::{Graph, NONE};
use crate::ir::{Loc, NEXT_LOCATION, NO_LOCATION};
use crate::opcode::Opcode;

/// The tables of a code object.
pub(crate) struct Assembled {
    pub code: Vec<u8>,
    pub linetable: Vec<u8>,
    pub exceptiontable: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq)]
struct Handler {
    /// The index of the first instruction, or `NONE`.
    instr: u32,
    depth: i32,
    preserve_lasti: bool,
}

struct Line {
    op: Opcode,
    arg: u32,
    loc: Loc,
    /// The index of the instruction that a jump leads to.
    target: u32,
    handler: Handler,
    /// In code units.
    offset: u32,
}

/// The length in code units: `EXTENDED_ARG` prefixes, the instruction, its caches.
#[inline]
fn size_of(op: Opcode, arg: u32) -> u32 {
    let prefixes = (arg > 0xFF) as u32 + (arg > 0xFFFF) as u32 + (arg > 0xFF_FFFF) as u32;
    prefixes + 1 + op.caches() as u32
}

/// Between `SEND` and the `END_SEND` that `END_ASYNC_FOR` points to, in code units.
const END_SEND_OFFSET: u32 = 5;

pub(crate) fn assemble(graph: &Graph, firstlineno: i32) -> Result<Assembled> {
    let mut lines = flatten(graph);
    resolve_jumps(&mut lines)?;
    let exceptiontable = exception_table(&lines);
    let linetable = location_table(&mut lines, firstlineno);
    let mut code = Vec::with_capacity(lines.iter().map(|l| size_of(l.op, l.arg) as usize * 2).sum());
    for line in &lines {
        let arg = line.arg;
        for shift in [24, 16, 8] {
            if arg >> shift != 0 {
                code.extend_from_slice(&[Opcode::EXTENDED_ARG as u8, (arg >> shift) as u8]);
            }
        }
        code.extend_from_slice(&[line.op as u16 as u8, arg as u8]);
        code.resize(code.len() + 2 * line.op.caches(), 0);
    }
    Ok(Assembled { code, linetable, exceptiontable })
}

/// The instructions in code order, with blocks replaced by instruction numbers.
fn flatten(graph: &Graph) -> Vec<Line> {
    let mut starts = vec![0u32; graph.blocks.len()];
    let mut count = 0u32;
    let mut id = 0;
    while id != NONE {
        let block = &graph.blocks[id as usize];
        starts[id as usize] = count;
        count += block.instrs.len() as u32;
        id = block.next;
    }
    let mut lines = Vec::with_capacity(count as usize);
    let mut id = 0;
    while id != NONE {
        let block = &graph.blocks[id as usize];
        for instr in &block.instrs {
            let handler = if instr.handler == NONE {
                Handler { instr: NONE, depth: 0, preserve_lasti: false }
            } else {
                let handler = &graph.blocks[instr.handler as usize];
                Handler {
                    instr: starts[instr.handler as usize],
                    depth: handler.start_depth,
                    preserve_lasti: handler.preserve_lasti,
                }
            };
            let target = if instr.op.has_jump() { starts[instr.target as usize] } else { NONE };
            lines.push(Line { op: instr.op, arg: instr.arg, loc: instr.loc, target, handler, offset: 0 });
        }
        id = block.next;
    }
    lines
}

fn resolve_jumps(lines: &mut [Line]) -> Result<()> {
    for (index, line) in lines.iter_mut().enumerate() {
        let forward = line.target as usize > index;
        line.op = match line.op {
            Opcode::JUMP if forward => Opcode::JUMP_FORWARD,
            Opcode::JUMP => Opcode::JUMP_BACKWARD,
            Opcode::JUMP_NO_INTERRUPT if forward => Opcode::JUMP_FORWARD,
            Opcode::JUMP_NO_INTERRUPT => Opcode::JUMP_BACKWARD_NO_INTERRUPT,
            op => op,
        };
        if line.op.is_pseudo() {
            return Err(CompileError::Other("SystemError", format!("{} left in final code", line.op.name())));
        }
    }
    // Distances depend on sizes and sizes on distances; sizes only grow. They start from the numbers of the target
    // instructions, which in rare cases leaves a prefix more than needed: CPython's result is the same.
    for line in lines.iter_mut().filter(|line| line.target != NONE) {
        line.arg = line.target;
    }
    loop {
        let mut offset = 0;
        for line in lines.iter_mut() {
            line.offset = offset;
            offset += size_of(line.op, line.arg);
        }
        let mut stable = true;
        for index in 0..lines.len() {
            let line = &lines[index];
            if line.target == NONE {
                continue;
            }
            let size = size_of(line.op, line.arg);
            let end = line.offset + size;
            let Some(target) = lines.get(line.target as usize).map(|l| l.offset) else {
                return Err(CompileError::Other("SystemError", "jump beyond the end of the code".into()));
            };
            let arg = if line.op == Opcode::END_ASYNC_FOR {
                end.wrapping_sub(target).wrapping_sub(END_SEND_OFFSET)
            } else {
                target.abs_diff(end)
            };
            let line = &mut lines[index];
            line.arg = arg;
            stable &= size_of(line.op, arg) == size;
        }
        if stable {
            return Ok(());
        }
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

fn exception_table(lines: &[Line]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut start = 0;
    let mut current = Handler { instr: NONE, depth: 0, preserve_lasti: false };
    let mut emit = |start: u32, end: u32, handler: Handler| {
        if handler.instr == NONE || start == end {
            return;
        }
        let target = lines.get(handler.instr as usize).map_or(0, |l| l.offset);
        let depth = (handler.depth - 1 - handler.preserve_lasti as i32).max(0) as u32;
        put_exception_item(&mut out, start, 0x80);
        put_exception_item(&mut out, end - start, 0);
        put_exception_item(&mut out, target, 0);
        put_exception_item(&mut out, depth << 1 | handler.preserve_lasti as u32, 0);
    };
    let mut offset = 0;
    for line in lines {
        if line.handler.instr != current.instr {
            emit(start, offset, current);
            start = offset;
            current = line.handler;
        }
        offset += size_of(line.op, line.arg);
    }
    emit(start, offset, current);
    out
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

fn location_table(lines: &mut [Line], firstlineno: i32) -> Vec<u8> {
    for index in (0..lines.len()).rev() {
        if lines[index].loc == NEXT_LOCATION {
            lines[index].loc = if lines[index].op.is_terminator() {
                NO_LOCATION
            } else {
                lines.get(index + 1).map_or(NO_LOCATION, |next| next.loc)
            };
        }
    }
    let mut out = Vec::with_capacity(lines.len() * 2);
    let mut line = firstlineno;
    let mut at = 0;
    while at < lines.len() {
        let loc = lines[at].loc;
        let mut size = 0;
        while at < lines.len() && lines[at].loc == loc {
            size += size_of(lines[at].op, lines[at].arg);
            at += 1;
        }
        while size > 8 {
            put_location(&mut out, &mut line, loc, 8);
            size -= 8;
        }
        put_location(&mut out, &mut line, loc, size);
    }
    out
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
