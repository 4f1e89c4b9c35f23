//! What can come next: found out once, so that the machine need not try what cannot match.
//!
//! * A run of single characters that shares no character with what must follow never gives any back: `[^"]*"` matches
//!   without backtracking.
//! * Alternatives and turns of a loop are tried only if the character at hand can begin them.
//! * A search starts only at characters that can begin a match.
//!
//! All answers are on the safe side: what is not known counts as possible.

use super::code::At;
use super::prefilter::Prefilter;
use super::program::{First, Follow, Greed, Inst, One, Program, Start};

/// How many instructions one look may visit, so that the time to compile a pattern stays in proportion to its length.
const BUDGET: usize = 40;

impl First {
    pub fn none() -> First {
        First { latin: [false; 256], wide: false }
    }

    pub fn add(&mut self, other: &First) {
        for (mine, theirs) in self.latin.iter_mut().zip(&other.latin) {
            *mine |= theirs;
        }
        self.wide |= other.wide;
    }

    pub fn add_char(&mut self, c: u32) {
        match self.latin.get_mut(c as usize) {
            Some(entry) => *entry = true,
            None => self.wide = true,
        }
    }

    fn shares_latin(&self, other: &First) -> bool {
        self.latin.iter().zip(&other.latin).fold(false, |any, (a, b)| any | (a & b))
    }
}

/// The characters that a test accepts; `None` when that depends on the locale.
pub fn one_first(program: &Program, one: One) -> Option<First> {
    let mut first = First { latin: [true; 256], wide: true };
    match one {
        One::AnyAll => {}
        One::Any => first.latin[10] = false,
        One::NotChar(c) => {
            if let Some(entry) = first.latin.get_mut(c as usize) {
                *entry = false;
            }
        }
        One::Char(c) => {
            first = First::none();
            first.add_char(c);
        }
        One::Set(index) => {
            let set = &program.sets[index as usize];
            if set.by_locale {
                return None;
            }
            first.latin = set.latin;
            first.wide = !matches!(set.rule, super::chars::Rule::None);
        }
    }
    Some(first)
}

/// What can come first at `pc`; `None` when the match may end there or it is not known.
fn first_at(program: &Program, pc: u32) -> Option<First> {
    let mut first = First::none();
    let mut seen = [0u32; BUDGET];
    let mut visited = 0;
    let mut pending = vec![pc];
    while let Some(pc) = pending.pop() {
        if seen[..visited].contains(&pc) {
            continue;
        }
        if visited == BUDGET {
            return None;
        }
        seen[visited] = pc;
        visited += 1;
        match *program.insts.get(pc as usize)? {
            Inst::Fail => {}
            Inst::Char(c) => first.add_char(c),
            Inst::Str { at, .. } => first.add_char(program.literals[at as usize]),
            Inst::One(one) => first.add(&one_first(program, one)?),
            Inst::Run(run) => {
                let run = &program.runs[run as usize];
                if run.max > 0 {
                    first.add(&one_first(program, run.one)?);
                }
                if run.min == 0 {
                    pending.push(pc + 1);
                }
            }
            Inst::Mark(_) | Inst::At(_) | Inst::Atomic => pending.push(pc + 1),
            Inst::Assert { next, .. } | Inst::AssertNot { next, .. } => pending.push(next),
            Inst::Jump(target) => pending.push(target),
            Inst::Branch { first: from, end } => {
                // What is known of the alternatives need not be found out again; a long branch lives on that.
                for branch in &program.alternatives[from as usize..end as usize] {
                    match branch.first {
                        Follow::Char(c) => first.add_char(c),
                        Follow::First(index) => first.add(&program.firsts[index as usize]),
                        Follow::Unknown if pending.len() < BUDGET => pending.push(branch.pc),
                        Follow::Unknown => return None,
                    }
                }
            }
            Inst::Repeat { site, .. } | Inst::Possessive(site) => {
                let repeat = &program.loops[site as usize];
                pending.push(repeat.body);
                if repeat.min == 0 {
                    pending.push(repeat.tail);
                }
            }
            Inst::MaxUntil(site) | Inst::MinUntil(site) => {
                let repeat = &program.loops[site as usize];
                pending.extend([repeat.body, repeat.tail]);
            }
            Inst::GroupExists { no, .. } => pending.extend([pc + 1, no]),
            // What comes behind a barrier has no say in how its inside matches.
            Inst::GroupRef { .. }
            | Inst::Success
            | Inst::EndAssert
            | Inst::EndAssertNot
            | Inst::EndAtomic
            | Inst::EndPossessive(_) => return None,
        }
    }
    Some(first)
}

/// Keeps what was found out, in its shortest form.
fn follow(program: &mut Program, first: Option<First>) -> Follow {
    let Some(first) = first else { return Follow::Unknown };
    let mut chars = first.latin.iter().enumerate().filter(|(_, has)| **has);
    match (chars.next(), chars.next(), first.wide) {
        (Some((c, _)), None, false) => Follow::Char(c as u32),
        _ if first.wide && first.latin.iter().all(|has| *has) => Follow::Unknown,
        _ => {
            program.firsts.push(first);
            Follow::First(program.firsts.len() as u32 - 1)
        }
    }
}

/// Whether the pattern ends at `pc`, marks aside.
fn ends(program: &Program, mut pc: usize) -> bool {
    while let Some(Inst::Mark(_)) = program.insts.get(pc) {
        pc += 1;
    }
    matches!(program.insts.get(pc), Some(Inst::Success))
}

fn start(program: &Program) -> Start {
    let mut pc = 0;
    let mut text = Vec::new();
    loop {
        match program.insts.get(pc) {
            Some(Inst::Mark(_)) => {}
            Some(Inst::Char(c)) => text.push(*c),
            Some(Inst::Str { at, len }) => {
                text.extend_from_slice(&program.literals[*at as usize..(*at + *len) as usize]);
            }
            Some(Inst::At(At::Beginning | At::BeginningString)) if text.is_empty() => return Start::Beginning,
            _ => break,
        }
        pc += 1;
    }
    if !text.is_empty() {
        let bytes = text.iter().map(|c| u8::try_from(*c).ok()).collect();
        let whole = pc == 1 && matches!(program.insts.get(1), Some(Inst::Success));
        return Start::Literal { text, bytes, whole };
    }
    match first_at(program, 0) {
        Some(first) if !(first.wide && first.latin.iter().all(|has| *has)) => {
            let mut chars = (0..256).filter(|c| first.latin[*c as usize]);
            let only = match (chars.next(), chars.next(), first.wide) {
                (Some(c), None, false) => Some(c),
                _ => None,
            };
            let filter = if only.is_some() { None } else { Prefilter::new(program) };
            Start::First { first, only, filter }
        }
        _ => Start::Any,
    }
}

/// Fills in what the translation left open.
pub fn analyse(program: &mut Program) {
    for pc in 0..program.insts.len() {
        match program.insts[pc] {
            Inst::Run(index) => {
                let run = program.runs[index as usize];
                if run.greed == Greed::Possessive {
                    continue;
                }
                let next = first_at(program, pc as u32 + 1);
                if run.greed == Greed::Greedy {
                    if ends(program, pc + 1) {
                        program.runs[index as usize].keeps_latin = true;
                        program.runs[index as usize].keeps = true;
                    } else if let (Some(next), Some(own)) = (&next, one_first(program, run.one)) {
                        let latin = !own.shares_latin(next);
                        program.runs[index as usize].keeps_latin = latin;
                        program.runs[index as usize].keeps = latin && !(own.wide && next.wide);
                    }
                }
                program.runs[index as usize].follow = follow(program, next);
            }
            Inst::MaxUntil(site) | Inst::MinUntil(site) => {
                let (body, tail) = (program.loops[site as usize].body, program.loops[site as usize].tail);
                let (body, tail) = (first_at(program, body), first_at(program, tail));
                // A body that may match nothing leads to this instruction, whose two ways are in the answer.
                let body_first = follow(program, body);
                let tail_first = follow(program, tail);
                let this = &mut program.loops[site as usize];
                (this.body_first, this.tail_first) = (body_first, tail_first);
            }
            Inst::Branch { first, end } => {
                for index in first as usize..end as usize {
                    let found = first_at(program, program.alternatives[index].pc);
                    program.alternatives[index].first = follow(program, found);
                }
            }
            _ => {}
        }
    }
    program.start = start(program);
    program.analysed = true;
}
