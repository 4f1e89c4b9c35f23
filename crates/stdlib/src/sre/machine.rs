//! The machine that runs a program against text: depth first, with what is left to try on a stack of its own.
//!
//! Marks, counts of loops and the number of the last group are *slots*. Each change of one is written to the trail; a frame
//! of the stack remembers how long the trail was, so that going back restores everything exactly. A look-around, an atomic
//! group or a turn of a possessive loop is a *barrier* on the stack: when the inside has matched, all that it left to try is
//! dropped with it.
//!
//! CPython: `SRE(match)` in `Modules/_sre/sre_lib.h`.

use taipan_runtime::prelude::*;
use taipan_runtime::thread;

use super::chars::{self, Fold};
use super::code::At;
use super::program::{First, Follow, Greed, Inst, Loop, One, Program, limit};

/// A slot that holds nothing.
pub const NONE: usize = usize::MAX;

/// A character of the text, one to four bytes wide.
pub trait Unit: Copy + 'static {
    /// All characters are below 256.
    const NARROW: bool;

    fn code(self) -> u32;
    fn find(text: &[Self], c: u32) -> Option<usize>;
    fn rfind(text: &[Self], c: u32) -> Option<usize>;

    /// The text itself, where a character is a byte.
    fn as_bytes(_text: &[Self]) -> Option<&[u8]> {
        None
    }

    #[inline(always)]
    fn in_table<T: Copy>(self, table: &[T; 256]) -> Option<T> {
        table.get(self.code() as usize).copied()
    }
}

impl Unit for u8 {
    const NARROW: bool = true;

    #[inline(always)]
    fn code(self) -> u32 {
        u32::from(self)
    }

    fn as_bytes(text: &[u8]) -> Option<&[u8]> {
        Some(text)
    }

    #[inline]
    fn find(text: &[u8], c: u32) -> Option<usize> {
        memchr::memchr(u8::try_from(c).ok()?, text)
    }

    #[inline]
    fn rfind(text: &[u8], c: u32) -> Option<usize> {
        memchr::memrchr(u8::try_from(c).ok()?, text)
    }

    #[inline(always)]
    fn in_table<T: Copy>(self, table: &[T; 256]) -> Option<T> {
        Some(table[usize::from(self)])
    }
}

macro_rules! wide_unit {
    ($($ty:ty),*) => {
        $(impl Unit for $ty {
            const NARROW: bool = false;

            #[inline(always)]
            fn code(self) -> u32 {
                self as u32
            }

            #[inline]
            fn find(text: &[$ty], c: u32) -> Option<usize> {
                let c = <$ty>::try_from(c).ok()?;
                // Blocks without the character go fast.
                let mut at = 0;
                while let Some(block) = text.get(at..at + 16) {
                    if block.iter().fold(false, |any, unit| any | (*unit == c)) {
                        break;
                    }
                    at += 16;
                }
                text[at..].iter().position(|unit| *unit == c).map(|offset| at + offset)
            }

            #[inline]
            fn rfind(text: &[$ty], c: u32) -> Option<usize> {
                let c = <$ty>::try_from(c).ok()?;
                text.iter().rposition(|unit| *unit == c)
            }
        })*
    };
}

wide_unit!(u16, u32);

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `pc` is an alternative, `extra` the end of its branch.
    Branch,
    /// `at` is where the run ends now, `extra` the least that it may be.
    Greedy,
    /// `at` is where the run ends now, `extra` its length.
    Lazy,
    /// Go on at `pc`.
    Goto,
    /// The tail of a lazy loop has failed: one more turn.
    LazyTurn,
    // The barriers; `extra` is the barrier before.
    Assert,
    AssertNot,
    Atomic,
    Turn,
}

/// What is left to try.
#[derive(Clone, Copy)]
struct Frame {
    kind: Kind,
    pc: u32,
    at: usize,
    extra: usize,
    trail: usize,
}

/// The memory of the machine, kept from one match to the next.
#[derive(Default)]
pub struct Scratch {
    stack: Vec<Frame>,
    trail: Vec<(u32, usize)>,
    pub slots: Vec<usize>,
}

impl Scratch {
    /// Makes all slots empty.
    pub fn prepare(&mut self, program: &Program) -> PyResult<()> {
        self.stack.clear();
        self.trail.clear();
        self.slots.clear();
        if self.slots.try_reserve(program.slots).is_err() {
            return Err(Raised::no_memory());
        }
        self.slots.resize(program.slots, NONE);
        Ok(())
    }

    /// Whether the memory is small enough to be kept.
    pub fn is_small(&self) -> bool {
        self.stack.capacity() <= 4096 && self.trail.capacity() <= 8192 && self.slots.capacity() <= 1024
    }
}

/// One match of a program against text.
pub struct Machine<'m, U> {
    pub program: &'m Program,
    /// The text up to `endpos`.
    pub text: &'m [U],
    /// Only a match up to the end counts.
    pub whole: bool,
    /// An empty match at this place does not count.
    pub must_advance: Option<usize>,
    pub scratch: &'m mut Scratch,
    /// Counts towards the next look at the signals.
    pub ticks: u32,
}

enum Outcome {
    Failed,
    Matched(usize),
}

impl<U: Unit> Machine<'_, U> {
    #[inline(always)]
    fn has(&self, one: One, unit: U) -> bool {
        let c = unit.code();
        match one {
            One::Any => c != 10,
            One::AnyAll => true,
            One::Char(wanted) => c == wanted,
            One::NotChar(unwanted) => c != unwanted,
            One::Set(index) => {
                let set = &self.program.sets[index as usize];
                match unit.in_table(&set.latin) {
                    Some(answer) if !set.by_locale => answer,
                    _ => set.rule_has(c, &self.program.words),
                }
            }
        }
    }

    /// How many of the first `max` characters at `at` pass the test.
    #[inline]
    fn count(&self, one: One, at: usize, max: usize) -> usize {
        let text = &self.text[at..];
        let text = &text[..max.min(text.len())];
        let found = match one {
            One::AnyAll => None,
            One::Any => U::find(text, 10),
            One::NotChar(c) => U::find(text, c),
            One::Char(c) => text.iter().position(|unit| unit.code() != c),
            One::Set(index) => {
                let set = &self.program.sets[index as usize];
                if set.by_locale {
                    text.iter().position(|unit| !set.rule_has(unit.code(), &self.program.words))
                } else {
                    text.iter().position(|unit| match unit.in_table(&set.latin) {
                        Some(answer) => !answer,
                        None => !set.rule_has(unit.code(), &self.program.words),
                    })
                }
            }
        };
        found.unwrap_or(text.len())
    }

    /// Whether what follows can begin at `at`.
    #[inline(always)]
    fn can_begin(&self, follow: Follow, at: usize) -> bool {
        match follow {
            Follow::Unknown => true,
            Follow::Char(c) => self.text.get(at).is_some_and(|unit| unit.code() == c),
            Follow::First(index) => {
                self.text.get(at).is_some_and(|unit| in_first(*unit, &self.program.firsts[index as usize]))
            }
        }
    }

    /// The last place in `low..=at` where what follows can begin.
    #[inline]
    fn retreat(&self, follow: Follow, low: usize, at: usize) -> Option<usize> {
        match follow {
            Follow::Unknown => Some(at),
            Follow::Char(c) => {
                if self.text.get(at).is_some_and(|unit| unit.code() == c) {
                    return Some(at);
                }
                U::rfind(&self.text[low..at], c).map(|offset| low + offset)
            }
            Follow::First(index) => {
                let first = &self.program.firsts[index as usize];
                let end = (at + 1).min(self.text.len());
                let part = self.text.get(low..end)?;
                part.iter().rposition(|unit| in_first(*unit, first)).map(|offset| low + offset)
            }
        }
    }

    #[inline(always)]
    fn set(&mut self, slot: u32, value: usize) -> PyResult<()> {
        let entry = &mut self.scratch.slots[slot as usize];
        let old = core::mem::replace(entry, value);
        let trail = &mut self.scratch.trail;
        if trail.len() == trail.capacity() {
            grow(trail)?;
        }
        trail.push((slot, old));
        Ok(())
    }

    #[inline(always)]
    fn push(&mut self, kind: Kind, pc: u32, at: usize, extra: usize) -> PyResult<()> {
        let frame = Frame { kind, pc, at, extra, trail: self.scratch.trail.len() };
        let stack = &mut self.scratch.stack;
        if stack.len() == stack.capacity() {
            grow(stack)?;
        }
        stack.push(frame);
        Ok(())
    }

    #[inline(always)]
    fn undo(&mut self, to: usize) {
        let scratch = &mut *self.scratch;
        while scratch.trail.len() > to {
            if let Some((slot, old)) = scratch.trail.pop() {
                scratch.slots[slot as usize] = old;
            }
        }
    }

    fn is_word(&self, at: usize, test: fn(u32) -> bool) -> bool {
        let before = at > 0 && test(self.text[at - 1].code());
        let here = self.text.get(at).is_some_and(|unit| test(unit.code()));
        before != here
    }

    fn is_at(&self, place: At, at: usize) -> bool {
        let text = self.text;
        let newline = |at: usize| text.get(at).is_some_and(|unit| unit.code() == 10);
        match place {
            At::Beginning | At::BeginningString => at == 0,
            At::BeginningLine => at == 0 || newline(at - 1),
            At::End => at == text.len() || at + 1 == text.len() && newline(at),
            At::EndLine => at == text.len() || newline(at),
            At::EndString => at == text.len(),
            At::Boundary => self.is_word(at, chars::is_word_ascii),
            At::NonBoundary => !self.is_word(at, chars::is_word_ascii),
            At::LocBoundary => self.is_word(at, chars::is_word_locale),
            At::LocNonBoundary => !self.is_word(at, chars::is_word_locale),
            At::UniBoundary => self.is_word(at, chars::is_word_unicode),
            At::UniNonBoundary => !self.is_word(at, chars::is_word_unicode),
        }
    }

    /// The end of what a group matched before, found again at `at`.
    fn group_again(&self, group: u32, fold: Fold, at: usize) -> Option<usize> {
        let (start, end) = self.group(group)?;
        let len = end.checked_sub(start)?;
        let (before, here) = (self.text.get(start..end)?, self.text.get(at..at.checked_add(len)?)?);
        let same = before.iter().zip(here).all(|(a, b)| {
            let (a, b) = (a.code(), b.code());
            a == b || fold != Fold::None && fold.lower(a) == fold.lower(b)
        });
        same.then_some(at + len)
    }

    fn group(&self, group: u32) -> Option<(usize, usize)> {
        let slots = &self.scratch.slots;
        let (start, end) = (slots[group as usize * 2], slots[group as usize * 2 + 1]);
        if start == NONE || end == NONE { None } else { Some((start, end)) }
    }

    #[cold]
    fn tick(&mut self) -> PyResult<()> {
        self.ticks = 0;
        thread::check_interrupts()
    }

    /// Counts a step of a search.
    #[inline(always)]
    pub fn step(&mut self) -> PyResult<()> {
        self.ticks += 1;
        if self.ticks & 0xfff == 0 { self.tick() } else { Ok(()) }
    }

    /// Whether the program matches at `start`, and where that match ends. The slots keep what it left there; after a failure
    /// they are as they were.
    pub fn matches_at(&mut self, start: usize) -> PyResult<Option<usize>> {
        match self.run(start)? {
            Outcome::Matched(end) => Ok(Some(end)),
            Outcome::Failed => {
                self.undo(0);
                Ok(None)
            }
        }
    }

    /// The next alternative from `index` on that can begin at `at`.
    #[inline(always)]
    fn viable(&self, mut index: usize, end: usize, at: usize) -> Option<usize> {
        while index < end {
            if self.can_begin(self.program.alternatives[index].first, at) {
                return Some(index);
            }
            index += 1;
        }
        None
    }

    fn run(&mut self, start: usize) -> PyResult<Outcome> {
        let program = self.program;
        let mut pc = 0usize;
        let mut at = start;
        let mut barrier = NONE;
        loop {
            // Forward, until something does not match.
            'forward: loop {
                match program.insts[pc] {
                    Inst::Fail => break 'forward,
                    Inst::Success => {
                        if self.whole && at != self.text.len() || self.must_advance == Some(at) {
                            break 'forward;
                        }
                        return Ok(Outcome::Matched(at));
                    }
                    Inst::Char(c) => match self.text.get(at) {
                        Some(unit) if unit.code() == c => at += 1,
                        _ => break 'forward,
                    },
                    Inst::Str { at: from, len } => {
                        let literal = &program.literals[from as usize..(from + len) as usize];
                        let Some(here) = self.text.get(at..at + literal.len()) else { break 'forward };
                        if !here.iter().zip(literal).all(|(unit, c)| unit.code() == *c) {
                            break 'forward;
                        }
                        at += literal.len();
                    }
                    Inst::One(one) => match self.text.get(at) {
                        Some(unit) if self.has(one, *unit) => at += 1,
                        _ => break 'forward,
                    },
                    Inst::Mark(mark) => {
                        self.set(mark, at)?;
                        if mark & 1 != 0 {
                            self.set(program.last_index_slot() as u32, mark as usize / 2 + 1)?;
                        }
                    }
                    Inst::At(place) => {
                        if !self.is_at(place, at) {
                            break 'forward;
                        }
                    }
                    Inst::Jump(target) => {
                        pc = target as usize;
                        continue 'forward;
                    }
                    Inst::Branch { first, end } => {
                        let end = end as usize;
                        let Some(index) = self.viable(first as usize, end, at) else { break 'forward };
                        if let Some(other) = self.viable(index + 1, end, at) {
                            self.push(Kind::Branch, other as u32, at, end)?;
                        }
                        pc = program.alternatives[index].pc as usize;
                        continue 'forward;
                    }
                    Inst::Run(index) => {
                        let run = &program.runs[index as usize];
                        let min = run.min as usize;
                        if self.text.len() - at < min {
                            break 'forward;
                        }
                        if run.greed == Greed::Lazy {
                            if self.count(run.one, at, min) < min {
                                break 'forward;
                            }
                            match self.advance_lazily(index, at + min, min) {
                                Some((end, length)) => {
                                    if length < limit(run.max) && end < self.text.len() {
                                        self.push(Kind::Lazy, pc as u32, end, length)?;
                                    }
                                    at = end;
                                }
                                None => break 'forward,
                            }
                        } else {
                            let count = self.count(run.one, at, limit(run.max));
                            if count < min {
                                break 'forward;
                            }
                            if run.keeps || U::NARROW && run.keeps_latin {
                                at += count;
                            } else {
                                let low = at + min;
                                let Some(end) = self.retreat(run.follow, low, at + count) else { break 'forward };
                                if end > low {
                                    self.push(Kind::Greedy, pc as u32, end, low)?;
                                }
                                at = end;
                            }
                        }
                    }
                    Inst::Repeat { site, until } => {
                        let this = &program.loops[site as usize];
                        self.set(this.count, NONE)?;
                        self.set(this.last, NONE)?;
                        pc = until as usize;
                        continue 'forward;
                    }
                    Inst::MaxUntil(site) => {
                        pc = self.max_until(&program.loops[site as usize], at)?;
                        continue 'forward;
                    }
                    Inst::MinUntil(site) => {
                        let this = &program.loops[site as usize];
                        let count = self.scratch.slots[this.count as usize].wrapping_add(1);
                        if count < this.min as usize {
                            self.set(this.count, count)?;
                            pc = this.body as usize;
                            continue 'forward;
                        }
                        if count < limit(this.max)
                            && at != self.scratch.slots[this.last as usize]
                            && self.can_begin(this.body_first, at)
                        {
                            self.push(Kind::LazyTurn, pc as u32, at, count)?;
                        }
                        pc = this.tail as usize;
                        continue 'forward;
                    }
                    Inst::Possessive(site) => {
                        let this = &program.loops[site as usize];
                        self.set(this.count, 0)?;
                        if this.max == 0 {
                            pc = this.tail as usize;
                            continue 'forward;
                        }
                        self.push(Kind::Turn, site, at, barrier)?;
                        barrier = self.scratch.stack.len() - 1;
                    }
                    Inst::EndPossessive(site) => {
                        let this = &program.loops[site as usize];
                        let turn = self.scratch.stack[barrier];
                        self.scratch.stack.truncate(barrier);
                        barrier = turn.extra;
                        let count = self.scratch.slots[this.count as usize].wrapping_add(1);
                        self.set(this.count, count)?;
                        if count < this.min as usize || count < limit(this.max) && at != turn.at {
                            self.push(Kind::Turn, site, at, barrier)?;
                            barrier = self.scratch.stack.len() - 1;
                            pc = this.body as usize;
                        } else {
                            pc = this.tail as usize;
                        }
                        continue 'forward;
                    }
                    Inst::Assert { back, next } => {
                        let Some(from) = at.checked_sub(back as usize) else { break 'forward };
                        self.push(Kind::Assert, next, at, barrier)?;
                        barrier = self.scratch.stack.len() - 1;
                        at = from;
                    }
                    Inst::AssertNot { back, next } => {
                        let Some(from) = at.checked_sub(back as usize) else {
                            pc = next as usize;
                            continue 'forward;
                        };
                        self.push(Kind::AssertNot, next, at, barrier)?;
                        barrier = self.scratch.stack.len() - 1;
                        at = from;
                    }
                    Inst::Atomic => {
                        self.push(Kind::Atomic, 0, at, barrier)?;
                        barrier = self.scratch.stack.len() - 1;
                    }
                    Inst::EndAssert => {
                        let frame = self.scratch.stack[barrier];
                        self.scratch.stack.truncate(barrier);
                        (barrier, at) = (frame.extra, frame.at);
                    }
                    Inst::EndAssertNot => {
                        let frame = self.scratch.stack[barrier];
                        self.scratch.stack.truncate(barrier);
                        self.undo(frame.trail);
                        barrier = frame.extra;
                        break 'forward;
                    }
                    Inst::EndAtomic => {
                        let frame = self.scratch.stack[barrier];
                        self.scratch.stack.truncate(barrier);
                        barrier = frame.extra;
                    }
                    Inst::GroupRef { group, fold } => match self.group_again(group, fold, at) {
                        Some(end) => at = end,
                        None => break 'forward,
                    },
                    Inst::GroupExists { group, no } => {
                        if self.group(group).is_none() {
                            pc = no as usize;
                            continue 'forward;
                        }
                    }
                }
                pc += 1;
            }
            // Back, to what is left to try.
            self.step()?;
            loop {
                let Some(frame) = self.scratch.stack.pop() else { return Ok(Outcome::Failed) };
                self.undo(frame.trail);
                match frame.kind {
                    Kind::Branch => {
                        let index = frame.pc as usize;
                        if let Some(other) = self.viable(index + 1, frame.extra, frame.at) {
                            self.push(Kind::Branch, other as u32, frame.at, frame.extra)?;
                        }
                        (pc, at) = (program.alternatives[index].pc as usize, frame.at);
                        break;
                    }
                    Kind::Greedy => {
                        let Inst::Run(index) = program.insts[frame.pc as usize] else { continue };
                        let run = &program.runs[index as usize];
                        let Some(end) = self.retreat(run.follow, frame.extra, frame.at - 1) else { continue };
                        if end > frame.extra {
                            self.push(Kind::Greedy, frame.pc, end, frame.extra)?;
                        }
                        (pc, at) = (frame.pc as usize + 1, end);
                        break;
                    }
                    Kind::Lazy => {
                        let Inst::Run(index) = program.insts[frame.pc as usize] else { continue };
                        let run = &program.runs[index as usize];
                        if !self.text.get(frame.at).is_some_and(|unit| self.has(run.one, *unit)) {
                            continue;
                        }
                        let Some((end, length)) = self.advance_lazily(index, frame.at + 1, frame.extra + 1) else {
                            continue;
                        };
                        if length < limit(run.max) && end < self.text.len() {
                            self.push(Kind::Lazy, frame.pc, end, length)?;
                        }
                        (pc, at) = (frame.pc as usize + 1, end);
                        break;
                    }
                    Kind::Goto => {
                        (pc, at) = (frame.pc as usize, frame.at);
                        break;
                    }
                    Kind::LazyTurn => {
                        let Inst::MinUntil(site) = program.insts[frame.pc as usize] else { continue };
                        let this = &program.loops[site as usize];
                        self.set(this.count, frame.extra)?;
                        self.set(this.last, frame.at)?;
                        (pc, at) = (this.body as usize, frame.at);
                        break;
                    }
                    Kind::Assert | Kind::Atomic => barrier = frame.extra,
                    Kind::AssertNot => {
                        barrier = frame.extra;
                        (pc, at) = (frame.pc as usize, frame.at);
                        break;
                    }
                    Kind::Turn => {
                        barrier = frame.extra;
                        let this = &program.loops[frame.pc as usize];
                        if self.scratch.slots[this.count as usize] >= this.min as usize {
                            (pc, at) = (this.tail as usize, frame.at);
                            break;
                        }
                    }
                }
            }
        }
    }

    /// The end of a turn of a greedy loop: where to go on.
    #[inline(always)]
    fn max_until(&mut self, this: &Loop, at: usize) -> PyResult<usize> {
        self.step()?;
        let count = self.scratch.slots[this.count as usize].wrapping_add(1);
        if count < this.min as usize {
            self.set(this.count, count)?;
            return Ok(this.body as usize);
        }
        if count < limit(this.max)
            && at != self.scratch.slots[this.last as usize]
            && self.can_begin(this.body_first, at)
        {
            if self.can_begin(this.tail_first, at) {
                self.push(Kind::Goto, this.tail, at, 0)?;
            }
            self.set(this.count, count)?;
            self.set(this.last, at)?;
            return Ok(this.body as usize);
        }
        Ok(this.tail as usize)
    }

    /// Lengthens a lazy run, which has `length` characters and ends at `at`, until what follows can begin.
    #[inline]
    fn advance_lazily(&self, index: u32, mut at: usize, mut length: usize) -> Option<(usize, usize)> {
        let run = &self.program.runs[index as usize];
        let max = limit(run.max);
        if let (Follow::Char(c), One::AnyAll) = (run.follow, run.one) {
            let offset = U::find(&self.text[at..], c)?;
            length = length.checked_add(offset)?;
            return if length <= max { Some((at + offset, length)) } else { None };
        }
        while !self.can_begin(run.follow, at) {
            if length >= max || !self.text.get(at).is_some_and(|unit| self.has(run.one, *unit)) {
                return None;
            }
            at += 1;
            length += 1;
        }
        Some((at, length))
    }
}

/// Whether a character can come first.
#[inline(always)]
pub fn in_first<U: Unit>(unit: U, first: &First) -> bool {
    match unit.in_table(&first.latin) {
        Some(answer) => answer,
        None => first.wide,
    }
}

#[cold]
fn grow<T>(vector: &mut Vec<T>) -> PyResult<()> {
    let more = vector.capacity().max(32);
    if vector.try_reserve(more).is_err() {
        return Err(Raised::no_memory());
    }
    Ok(())
}
