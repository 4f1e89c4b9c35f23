//! Which characters can stand at the first few places of a match, and a search for places where they do.
//!
//! The search keeps one bit for each place: bit `n` says that the last `n + 1` characters fit the first `n + 1` places
//! (Baeza-Yates and Gonnet, "A new approach to text searching", 1992). It may stop too often, never too seldom.

use super::analysis::one_first;
use super::machine::Unit;
use super::program::{First, Inst, Program};

/// How many places are looked at.
const PLACES: usize = 8;
/// How many ways through the program are followed at once.
const WAYS: usize = 64;

/// For each character the places where it can stand.
pub struct Prefilter {
    latin: [u8; 256],
    wide: u8,
    /// The last place.
    goal: u8,
    places: usize,
}

/// The instructions that consume a character, reached from `pending` without one, into `ways`: the instruction, and how
/// far into its literal. False when the match may end there, or it is not known.
fn reach(program: &Program, mut pending: Vec<u32>, ways: &mut Vec<(u32, u32)>) -> bool {
    let mut seen: Vec<u32> = Vec::new();
    while let Some(pc) = pending.pop() {
        if seen.contains(&pc) {
            continue;
        }
        if seen.len() >= WAYS {
            return false;
        }
        seen.push(pc);
        let Some(inst) = program.insts.get(pc as usize) else { return false };
        match *inst {
            Inst::Fail => {}
            Inst::Char(_) | Inst::Str { .. } | Inst::One(_) => ways.push((pc, 0)),
            Inst::Run(run) => {
                let run = &program.runs[run as usize];
                if run.max > 0 {
                    ways.push((pc, 0));
                }
                if run.min == 0 {
                    pending.push(pc + 1);
                }
            }
            Inst::Mark(_) | Inst::At(_) | Inst::Atomic | Inst::EndAtomic => pending.push(pc + 1),
            Inst::Assert { next, .. } | Inst::AssertNot { next, .. } => pending.push(next),
            Inst::Jump(target) => pending.push(target),
            Inst::Branch { first, end } => {
                pending.extend(program.alternatives[first as usize..end as usize].iter().map(|branch| branch.pc));
            }
            Inst::Repeat { site, .. } | Inst::Possessive(site) => {
                let repeat = &program.loops[site as usize];
                pending.push(repeat.body);
                if repeat.min == 0 {
                    pending.push(repeat.tail);
                }
            }
            Inst::MaxUntil(site) | Inst::MinUntil(site) | Inst::EndPossessive(site) => {
                let repeat = &program.loops[site as usize];
                pending.extend([repeat.body, repeat.tail]);
            }
            Inst::GroupExists { no, .. } => pending.extend([pc + 1, no]),
            Inst::GroupRef { .. } | Inst::Success | Inst::EndAssert | Inst::EndAssertNot => return false,
        }
        if ways.len() > WAYS {
            return false;
        }
    }
    true
}

/// What can stand at the first places, as many as are known.
fn places(program: &Program) -> Vec<First> {
    let mut places = Vec::new();
    let mut ways = Vec::new();
    if !reach(program, vec![0], &mut ways) {
        return places;
    }
    while places.len() < PLACES && !ways.is_empty() {
        let mut here = First::none();
        let mut pending = Vec::new();
        let mut next = Vec::new();
        for &(pc, offset) in &ways {
            match program.insts[pc as usize] {
                Inst::Char(c) => {
                    here.add_char(c);
                    pending.push(pc + 1);
                }
                Inst::Str { at, len } => {
                    here.add_char(program.literals[(at + offset) as usize]);
                    if offset + 1 < len {
                        next.push((pc, offset + 1));
                    } else {
                        pending.push(pc + 1);
                    }
                }
                Inst::One(one) => match one_first(program, one) {
                    Some(first) => {
                        here.add(&first);
                        pending.push(pc + 1);
                    }
                    None => return places,
                },
                Inst::Run(run) => {
                    let run = &program.runs[run as usize];
                    let Some(first) = one_first(program, run.one) else { return places };
                    here.add(&first);
                    // How often it has matched already is not counted.
                    if run.max > 1 {
                        next.push((pc, 0));
                    }
                    pending.push(pc + 1);
                }
                _ => return places,
            }
        }
        places.push(here);
        if !reach(program, pending, &mut next) {
            break;
        }
        next.sort_unstable();
        next.dedup();
        ways = next;
    }
    places
}

impl Prefilter {
    /// `None` when it would tell next to nothing.
    pub fn new(program: &Program) -> Option<Prefilter> {
        let places = places(program);
        if places.len() < 2 {
            return None;
        }
        let mut filter = Prefilter { latin: [0; 256], wide: 0, goal: 1 << (places.len() - 1), places: places.len() };
        for (index, place) in places.iter().enumerate() {
            for (entry, has) in filter.latin.iter_mut().zip(&place.latin) {
                *entry |= u8::from(*has) << index;
            }
            filter.wide |= u8::from(place.wide) << index;
        }
        Some(filter)
    }

    /// The first place from `at` on where a match can begin. `state` carries over to the search behind it, which goes on
    /// at the second number.
    #[inline]
    pub fn find<U: Unit>(&self, text: &[U], at: usize, state: &mut u8) -> Option<(usize, usize)> {
        let mut bits = *state;
        for (offset, unit) in text.get(at..)?.iter().enumerate() {
            let mask = unit.in_table(&self.latin).unwrap_or(self.wide);
            bits = (bits << 1 | 1) & mask;
            if bits & self.goal != 0 {
                *state = bits;
                let end = at + offset + 1;
                return Some((end - self.places, end));
            }
        }
        None
    }
}
