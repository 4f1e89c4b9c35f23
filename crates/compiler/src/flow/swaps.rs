//! Exchanges of values on the stack: runs of `SWAP` are made as short as possible, and where the exchanged values are
//! stored or dropped next, the stores change places instead.

use crate::ir::Instr;
use crate::opcode::Opcode;

/// Works through a block from its start.
pub(super) fn simplify(instrs: &mut [Instr]) {
    let mut at = 0;
    while let Some(start) = instrs[at..].iter().position(|instr| instr.op == Opcode::SWAP).map(|found| at + found) {
        let is_part = |instr: &Instr| matches!(instr.op, Opcode::SWAP | Opcode::NOP);
        let len = instrs[start..].iter().take_while(|instr| is_part(instr)).count();
        let run = &mut instrs[start..start + len];
        let last = if run.iter().filter(|instr| instr.op == Opcode::SWAP).count() > 1 {
            shorten(run);
            start + len - 1
        } else {
            start
        };
        reorder_stores(instrs, last);
        at = last + 1;
    }
}

/// Replaces a run of swaps and no-ops by the swaps of its permutation, as late as possible.
fn shorten(run: &mut [Instr]) {
    let depth = run.iter().filter(|instr| instr.op == Opcode::SWAP).map(|instr| instr.arg as usize).max().unwrap_or(0);
    // `origin[n]`: where the value at depth `n` after the run was before it.
    let mut origin: Vec<usize> = (0..depth).collect();
    for instr in run.iter().filter(|instr| instr.op == Opcode::SWAP) {
        origin.swap(0, instr.arg as usize - 1);
    }
    // A cycle of the permutation takes one swap with the top for each of its members but the top, and one more where
    // the top does not belong to it, which brings back what was there.
    let mut swaps = Vec::with_capacity(run.len());
    let mut done = vec![false; depth];
    for first in 0..depth {
        if done[first] || origin[first] == first {
            continue;
        }
        let mut member = first;
        while !std::mem::replace(&mut done[member], true) {
            swaps.push(member);
            member = origin[member];
        }
        swaps.push(first);
    }
    let mut swaps = swaps.into_iter().filter(|member| *member != 0);
    for instr in run.iter_mut().rev() {
        match swaps.next() {
            Some(member) => instr.set(Opcode::SWAP, member as u32 + 1),
            None => instr.nop(),
        }
    }
}

/// What an instruction does with the value on top, when it only takes it away.
#[derive(Clone, Copy, PartialEq)]
enum Taker {
    Drops,
    StoresTo(u32),
}

fn taker(instr: &Instr) -> Option<Taker> {
    match instr.op {
        Opcode::POP_TOP => Some(Taker::Drops),
        Opcode::STORE_FAST | Opcode::STORE_FAST_MAYBE_NULL => Some(Taker::StoresTo(instr.arg)),
        _ => None,
    }
}

/// Looks back from `end`, as long as there are swaps and what takes values away, and gets rid of the swaps.
fn reorder_stores(instrs: &mut [Instr], end: usize) {
    for at in (0..=end).rev() {
        match instrs[at].op {
            Opcode::SWAP => match exchangeable(instrs, at) {
                Some((one, other)) => {
                    instrs[at].nop();
                    instrs.swap(one, other);
                }
                None => return,
            },
            Opcode::NOP => {}
            _ if taker(&instrs[at]).is_some() => {}
            _ => return,
        }
    }
}

/// The instructions that take away the two values that the swap at `at` exchanges, if they can change places.
fn exchangeable(instrs: &[Instr], at: usize) -> Option<(usize, usize)> {
    let depth = instrs[at].arg as usize;
    let mut behind = instrs.iter().enumerate().skip(at + 1).filter(|(_, instr)| instr.op != Opcode::NOP);
    let (first, instr) = behind.next()?;
    let (one, line) = (taker(instr)?, instr.loc.lineno);
    let mut last = (first, one);
    // All takers up to the other one stand on the line of the first, no-ops between them as well.
    let on_line = |instr: &Instr| line < 0 || instr.loc.lineno == line;
    let mut between = Vec::new();
    let mut rest = instrs.iter().enumerate().skip(first + 1);
    for number in 1..depth {
        if number > 1 {
            between.push(last.1);
        }
        last = loop {
            let (index, instr) = rest.next().filter(|(_, instr)| on_line(instr))?;
            if instr.op != Opcode::NOP {
                break (index, taker(instr)?);
            }
        };
    }
    let (second, other) = last;
    if matches!((one, other), (Taker::Drops, Taker::Drops)) {
        return Some((first, second));
    }
    // The order of stores to one variable must stay.
    let clash = |between: &Taker| *between != Taker::Drops && (*between == one || *between == other);
    (one != other && !between.iter().any(clash)).then_some((first, second))
}
