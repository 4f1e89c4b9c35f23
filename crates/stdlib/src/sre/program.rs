//! A pattern made ready to run: the words that `re` compiles a pattern to, checked and turned into instructions.
//!
//! Runs of literals become one instruction, sets become tables, jumps become indices, and each repeat and alternative knows
//! which characters can come next (`analysis.rs`). Whatever is not as `re._compiler` writes it is refused, so the machine
//! relies on the structure: every sub-pattern ends in its own instruction, every target exists.
//!
//! CPython: `_validate` in `Modules/_sre/sre.c`, and the operators in `sre_lib.h`.

use core::cell::OnceCell;

use super::chars::{self, Fold, Rule, Set};
use super::code::{At, CATEGORIES, MAXGROUPS, MAXREPEAT, info, op};
use super::prefilter::Prefilter;

/// A test of one character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum One {
    /// Anything but a newline.
    Any,
    AnyAll,
    Char(u32),
    NotChar(u32),
    /// An index into `Program::sets`.
    Set(u32),
}

/// What can come at a place, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// Anything, or the end.
    Unknown,
    Char(u32),
    /// An index into `Program::firsts`.
    First(u32),
}

/// The characters that can come first.
#[derive(Clone, PartialEq)]
pub struct First {
    pub latin: [bool; 256],
    /// Some character beyond Latin-1 may come.
    pub wide: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// A repeated single character.
#[derive(Clone, Copy, Debug)]
pub struct Run {
    pub one: One,
    pub min: u32,
    pub max: u32,
    pub greed: Greed,
    pub follow: Follow,
    /// Giving back characters never helps: in Latin-1 text, in any text.
    pub keeps_latin: bool,
    pub keeps: bool,
}

/// A repeated sub-pattern.
#[derive(Clone, Copy, Debug)]
pub struct Loop {
    pub min: u32,
    pub max: u32,
    /// Where the sub-pattern and what comes after the loop begin.
    pub body: u32,
    pub tail: u32,
    /// The slots of the count and of the place where the last turn began.
    pub count: u32,
    pub last: u32,
    pub body_first: Follow,
    pub tail_first: Follow,
}

#[derive(Clone, Copy, Debug)]
pub struct Alternative {
    pub pc: u32,
    pub first: Follow,
}

#[derive(Clone, Copy, Debug)]
pub enum Inst {
    Fail,
    /// The whole pattern has matched.
    Success,
    Char(u32),
    /// `Program::literals[at..at + len]`.
    Str {
        at: u32,
        len: u32,
    },
    One(One),
    Mark(u32),
    At(At),
    /// `Program::alternatives[first..end]`.
    Branch {
        first: u32,
        end: u32,
    },
    Jump(u32),
    Run(u32),
    /// Begins a loop; goes on at the instruction that ends it.
    Repeat {
        site: u32,
        until: u32,
    },
    MaxUntil(u32),
    MinUntil(u32),
    Possessive(u32),
    EndPossessive(u32),
    Assert {
        back: u32,
        next: u32,
    },
    AssertNot {
        back: u32,
        next: u32,
    },
    Atomic,
    EndAssert,
    EndAssertNot,
    EndAtomic,
    GroupRef {
        group: u32,
        fold: Fold,
    },
    /// Goes on behind itself if the group has matched, else at `no`.
    GroupExists {
        group: u32,
        no: u32,
    },
}

/// Where a search looks.
#[expect(clippy::large_enum_variant, reason = "a program has one")]
pub enum Start {
    /// Everywhere.
    Any,
    /// At the beginning of the text alone.
    Beginning,
    /// Where these characters stand (at least one); `whole` when there is nothing more to the pattern.
    Literal { text: Vec<u32>, bytes: Option<Vec<u8>>, whole: bool },
    /// Where a character stands that can come first: `only` that one if there is no other; with `filter`, where the first
    /// few characters fit.
    First { first: First, only: Option<u32>, filter: Option<Prefilter> },
}

pub struct Program {
    /// The words that the pattern was compiled to.
    pub words: Vec<u32>,
    pub insts: Vec<Inst>,
    pub literals: Vec<u32>,
    pub sets: Vec<Set>,
    pub firsts: Vec<First>,
    pub runs: Vec<Run>,
    pub loops: Vec<Loop>,
    pub alternatives: Vec<Alternative>,
    pub groups: usize,
    /// How many slots the machine needs: two for each group, the last group, two for each loop.
    pub slots: usize,
    /// No match is shorter.
    pub min_width: usize,
    pub start: Start,
    /// What can come next is known (`analysis::analyse`): found out when the pattern is used for the first time.
    pub analysed: bool,
    pub finder: OnceCell<memchr::memmem::Finder<'static>>,
}

/// Why there is no program.
pub enum Refused {
    /// RuntimeError: invalid SRE code.
    Invalid,
    /// The words nest too deeply for the machine's stack.
    TooDeep,
}

type Built<T> = Result<T, Refused>;

struct Builder {
    program: Program,
    info_seen: bool,
}

impl Program {
    /// The slot of the number of the group that closed last, 0 for none.
    pub fn last_index_slot(&self) -> usize {
        self.groups * 2
    }

    pub fn build(words: Vec<u32>, groups: isize) -> Built<Program> {
        let groups = usize::try_from(groups).map_err(|_| Refused::Invalid)?;
        if groups > MAXGROUPS || words.last() != Some(&op::SUCCESS) {
            return Err(Refused::Invalid);
        }
        let end = words.len() - 1;
        let mut builder = Builder {
            program: Program {
                insts: Vec::with_capacity(words.len() / 2 + 2),
                words,
                literals: Vec::new(),
                sets: Vec::new(),
                firsts: Vec::new(),
                runs: Vec::new(),
                loops: Vec::new(),
                alternatives: Vec::new(),
                groups,
                slots: groups * 2 + 1,
                min_width: 0,
                start: Start::Any,
                analysed: false,
                finder: OnceCell::new(),
            },
            info_seen: false,
        };
        builder.block(0, end, 0)?;
        builder.program.insts.push(Inst::Success);
        Ok(builder.program)
    }
}

impl Builder {
    fn pc(&self) -> u32 {
        self.program.insts.len() as u32
    }

    fn emit(&mut self, inst: Inst) -> usize {
        self.program.insts.push(inst);
        self.program.insts.len() - 1
    }

    fn word(&self, at: usize, end: usize) -> Built<u32> {
        if at < end { Ok(self.program.words[at]) } else { Err(Refused::Invalid) }
    }

    /// The end of what a skip at `at` leads to.
    fn skip(&self, at: usize, end: usize) -> Built<usize> {
        let skip = self.word(at, end)? as usize;
        match at.checked_add(skip) {
            Some(target) if target <= end => Ok(target),
            _ => Err(Refused::Invalid),
        }
    }

    fn set(&mut self, rule: Rule) -> One {
        let set = Set::new(rule, &self.program.words);
        self.program.sets.push(set);
        One::Set(self.program.sets.len() as u32 - 1)
    }

    /// The literals that stand in a row.
    fn literals(&mut self, at: usize, end: usize) -> usize {
        let mut next = at;
        let words = &self.program.words;
        while next + 1 < end && words[next] == op::LITERAL {
            next += 2;
        }
        let count = (next - at) / 2;
        if count == 1 {
            let c = self.program.words[at + 1];
            self.emit(Inst::Char(c));
        } else {
            let start = self.program.literals.len() as u32;
            for index in 0..count {
                let c = self.program.words[at + 1 + index * 2];
                self.program.literals.push(c);
            }
            self.emit(Inst::Str { at: start, len: count as u32 });
        }
        next
    }

    /// A test of one character at `at`, and where it ends; `None` when another operator stands there.
    fn one(&mut self, at: usize, end: usize) -> Built<Option<(One, usize)>> {
        let operator = self.word(at, end)?;
        let fold = match operator {
            op::LITERAL | op::NOT_LITERAL | op::IN => Fold::None,
            op::LITERAL_IGNORE | op::NOT_LITERAL_IGNORE | op::IN_IGNORE => Fold::Ascii,
            op::LITERAL_LOC_IGNORE | op::NOT_LITERAL_LOC_IGNORE | op::IN_LOC_IGNORE => Fold::Locale,
            _ => Fold::Unicode,
        };
        Ok(Some(match operator {
            op::ANY => (One::Any, at + 1),
            op::ANY_ALL => (One::AnyAll, at + 1),
            op::FAILURE => (self.set(Rule::None), at + 1),
            op::LITERAL => (One::Char(self.word(at + 1, end)?), at + 2),
            op::NOT_LITERAL => (One::NotChar(self.word(at + 1, end)?), at + 2),
            op::LITERAL_IGNORE | op::LITERAL_LOC_IGNORE | op::LITERAL_UNI_IGNORE => {
                let c = self.word(at + 1, end)?;
                (self.set(Rule::Literal(c, fold)), at + 2)
            }
            op::NOT_LITERAL_IGNORE | op::NOT_LITERAL_LOC_IGNORE | op::NOT_LITERAL_UNI_IGNORE => {
                let c = self.word(at + 1, end)?;
                (self.set(Rule::NotLiteral(c, fold)), at + 2)
            }
            op::CATEGORY => {
                let category = self.word(at + 1, end)?;
                if category >= CATEGORIES {
                    return Err(Refused::Invalid);
                }
                (self.set(Rule::Category(category)), at + 2)
            }
            op::IN | op::IN_IGNORE | op::IN_LOC_IGNORE | op::IN_UNI_IGNORE => {
                let target = self.skip(at + 1, end)?;
                if !chars::is_valid_set(&self.program.words, at + 2, target) {
                    return Err(Refused::Invalid);
                }
                (self.set(Rule::Words(at as u32 + 2, fold)), target)
            }
            _ => return Ok(None),
        }))
    }

    fn bounds(&self, at: usize, end: usize) -> Built<(u32, u32)> {
        let (min, max) = (self.word(at, end)?, self.word(at + 1, end)?);
        if min > max { Err(Refused::Invalid) } else { Ok((min, max)) }
    }

    fn expect(&self, at: usize, end: usize, operator: u32) -> Built<()> {
        if self.word(at, end)? == operator { Ok(()) } else { Err(Refused::Invalid) }
    }

    fn new_loop(&mut self, min: u32, max: u32) -> u32 {
        let program = &mut self.program;
        let count = program.slots as u32;
        program.slots += 2;
        program.loops.push(Loop {
            min,
            max,
            body: 0,
            tail: 0,
            count,
            last: count + 1,
            body_first: Follow::Unknown,
            tail_first: Follow::Unknown,
        });
        program.loops.len() as u32 - 1
    }

    /// Translates the words from `at` to `end`.
    fn block(&mut self, mut at: usize, end: usize, depth: u32) -> Built<()> {
        if depth & 15 == 15 && taipan_runtime::thread::stack_margin() < 1 << 16 {
            return Err(Refused::TooDeep);
        }
        let deeper = depth + 1;
        while at < end {
            match self.program.words[at] {
                op::LITERAL if at + 1 < end => at = self.literals(at, end),
                op::MARK => {
                    let mark = self.word(at + 1, end)?;
                    if mark as usize >= self.program.groups * 2 {
                        return Err(Refused::Invalid);
                    }
                    self.emit(Inst::Mark(mark));
                    at += 2;
                }
                // In the middle of the whole pattern it ends the match; `re` does not write it there.
                op::SUCCESS if depth == 0 => {
                    self.emit(Inst::Success);
                    at += 1;
                }
                op::SUCCESS => return Err(Refused::Invalid),
                op::AT => {
                    let place = At::from_code(self.word(at + 1, end)?).ok_or(Refused::Invalid)?;
                    self.emit(Inst::At(place));
                    at += 2;
                }
                op::INFO => at = self.info(at, end)?,
                op::BRANCH => at = self.branch(at, end, deeper)?,
                op::REPEAT_ONE | op::MIN_REPEAT_ONE | op::POSSESSIVE_REPEAT_ONE => at = self.run(at, end)?,
                op::REPEAT | op::POSSESSIVE_REPEAT => at = self.repeat(at, end, deeper)?,
                op::ATOMIC_GROUP => {
                    let target = self.skip(at + 1, end)?;
                    self.expect(target.wrapping_sub(1), end, op::SUCCESS)?;
                    self.emit(Inst::Atomic);
                    self.inner(at + 2, target - 1, deeper)?;
                    self.emit(Inst::EndAtomic);
                    at = target;
                }
                operator @ (op::ASSERT | op::ASSERT_NOT) => {
                    let target = self.skip(at + 1, end)?;
                    let back = self.word(at + 2, end)?;
                    if back & 0x8000_0000 != 0 {
                        return Err(Refused::Invalid);
                    }
                    self.expect(target.wrapping_sub(1), end, op::SUCCESS)?;
                    let start = self.emit(Inst::Fail);
                    self.inner(at + 3, target - 1, deeper)?;
                    let negative = operator == op::ASSERT_NOT;
                    self.emit(if negative { Inst::EndAssertNot } else { Inst::EndAssert });
                    let next = self.pc();
                    self.program.insts[start] =
                        if negative { Inst::AssertNot { back, next } } else { Inst::Assert { back, next } };
                    at = target;
                }
                operator @ (op::GROUPREF | op::GROUPREF_IGNORE | op::GROUPREF_LOC_IGNORE | op::GROUPREF_UNI_IGNORE) => {
                    let group = self.group(at + 1, end)?;
                    let fold = match operator {
                        op::GROUPREF => Fold::None,
                        op::GROUPREF_IGNORE => Fold::Ascii,
                        op::GROUPREF_LOC_IGNORE => Fold::Locale,
                        _ => Fold::Unicode,
                    };
                    self.emit(Inst::GroupRef { group, fold });
                    at += 2;
                }
                op::GROUPREF_EXISTS => at = self.group_exists(at, end, deeper)?,
                op::FAILURE => {
                    self.emit(Inst::Fail);
                    at += 1;
                }
                _ => match self.one(at, end)? {
                    Some((one, next)) => {
                        self.emit(Inst::One(one));
                        at = next;
                    }
                    None => return Err(Refused::Invalid),
                },
            }
        }
        Ok(())
    }

    fn inner(&mut self, at: usize, end: usize, depth: u32) -> Built<()> {
        if at > end { Err(Refused::Invalid) } else { self.block(at, end, depth) }
    }

    fn group(&self, at: usize, end: usize) -> Built<u32> {
        let group = self.word(at, end)?;
        if (group as usize) < self.program.groups { Ok(group) } else { Err(Refused::Invalid) }
    }

    /// The block in front of a pattern. Of what it says only the width is used: the rest is found out anew.
    fn info(&mut self, at: usize, end: usize) -> Built<usize> {
        let target = self.skip(at + 1, end)?;
        let (flags, min, _max) = (self.word(at + 2, target)?, self.word(at + 3, target)?, self.word(at + 4, target)?);
        let known = info::PREFIX | info::LITERAL | info::CHARSET;
        let both = info::PREFIX | info::CHARSET;
        if flags & !known != 0 || flags & both == both || flags & info::LITERAL != 0 && flags & info::PREFIX == 0 {
            return Err(Refused::Invalid);
        }
        let mut next = at + 5;
        if flags & info::PREFIX != 0 {
            let (len, skip) = (self.word(next, target)?, self.word(next + 1, target)?);
            let table = next + 2 + len as usize;
            next = table + len as usize;
            if skip > len || next > target || self.program.words[table..next].iter().any(|overlap| *overlap >= len) {
                return Err(Refused::Invalid);
            }
        }
        if flags & info::CHARSET != 0 {
            if !chars::is_valid_set(&self.program.words, next, target) {
                return Err(Refused::Invalid);
            }
        } else if next != target {
            return Err(Refused::Invalid);
        }
        if !self.info_seen {
            self.info_seen = true;
            self.program.min_width = min as usize;
        }
        Ok(target)
    }

    fn branch(&mut self, at: usize, end: usize, depth: u32) -> Built<usize> {
        let start = self.emit(Inst::Fail);
        let mut alternatives = Vec::new();
        let mut jumps = Vec::new();
        let mut out = None;
        let mut next = at + 1;
        loop {
            if self.word(next, end)? == 0 {
                break;
            }
            let target = self.skip(next, end)?;
            if target < next + 3 {
                return Err(Refused::Invalid);
            }
            self.expect(target - 2, end, op::JUMP)?;
            let exit = self.skip(target - 1, end)?;
            if *out.get_or_insert(exit) != exit {
                return Err(Refused::Invalid);
            }
            alternatives.push(Alternative { pc: self.pc(), first: Follow::Unknown });
            self.inner(next + 1, target - 2, depth)?;
            jumps.push(self.emit(Inst::Fail));
            next = target;
        }
        if out.is_some_and(|exit| exit != next + 1) {
            return Err(Refused::Invalid);
        }
        let exit = self.pc();
        for jump in jumps {
            self.program.insts[jump] = Inst::Jump(exit);
        }
        let first = self.program.alternatives.len() as u32;
        self.program.alternatives.extend(alternatives);
        self.program.insts[start] = Inst::Branch { first, end: self.program.alternatives.len() as u32 };
        Ok(next + 1)
    }

    fn run(&mut self, at: usize, end: usize) -> Built<usize> {
        let target = self.skip(at + 1, end)?;
        let (min, max) = self.bounds(at + 2, end)?;
        self.expect(target.wrapping_sub(1), end, op::SUCCESS)?;
        let Some((one, next)) = self.one(at + 4, target - 1)? else { return Err(Refused::Invalid) };
        if next != target - 1 {
            return Err(Refused::Invalid);
        }
        let greed = match self.program.words[at] {
            op::REPEAT_ONE => Greed::Greedy,
            op::MIN_REPEAT_ONE => Greed::Lazy,
            _ => Greed::Possessive,
        };
        self.program.runs.push(Run {
            one,
            min,
            max,
            greed,
            follow: Follow::Unknown,
            keeps_latin: greed == Greed::Possessive,
            keeps: greed == Greed::Possessive,
        });
        let run = self.program.runs.len() as u32 - 1;
        self.emit(Inst::Run(run));
        Ok(target)
    }

    fn repeat(&mut self, at: usize, end: usize, depth: u32) -> Built<usize> {
        let target = self.skip(at + 1, end)?;
        let (min, max) = self.bounds(at + 2, end)?;
        let last = self.word(target, end)?;
        let site = self.new_loop(min, max);
        let start = self.emit(Inst::Fail);
        let body = self.pc();
        self.inner(at + 4, target, depth)?;
        let until = self.pc();
        self.program.insts[start] = Inst::Repeat { site, until };
        match (self.program.words[at], last) {
            (op::REPEAT, op::MAX_UNTIL) => self.emit(Inst::MaxUntil(site)),
            (op::REPEAT, op::MIN_UNTIL) => self.emit(Inst::MinUntil(site)),
            (op::POSSESSIVE_REPEAT, op::SUCCESS) => {
                self.program.insts[start] = Inst::Possessive(site);
                self.emit(Inst::EndPossessive(site))
            }
            _ => return Err(Refused::Invalid),
        };
        let tail = self.pc();
        let this = &mut self.program.loops[site as usize];
        (this.body, this.tail) = (body, tail);
        Ok(target + 1)
    }

    /// Where the operator behind the one at `at` stands.
    fn after(&self, at: usize, end: usize) -> Built<usize> {
        let next = match self.program.words[at] {
            op::SUCCESS | op::FAILURE | op::ANY | op::ANY_ALL | op::MAX_UNTIL | op::MIN_UNTIL => at + 1,
            op::GROUPREF_EXISTS => {
                let skip = self.word(at + 2, end)? as usize;
                (at + 1).checked_add(skip).ok_or(Refused::Invalid)?
            }
            op::BRANCH => {
                let mut next = at + 1;
                while self.word(next, end)? != 0 {
                    next = self.skip(next, end)?;
                }
                next + 1
            }
            op::ASSERT
            | op::ASSERT_NOT
            | op::IN
            | op::IN_IGNORE
            | op::IN_LOC_IGNORE
            | op::IN_UNI_IGNORE
            | op::INFO
            | op::JUMP
            | op::REPEAT
            | op::REPEAT_ONE
            | op::MIN_REPEAT_ONE
            | op::ATOMIC_GROUP
            | op::POSSESSIVE_REPEAT
            | op::POSSESSIVE_REPEAT_ONE => self.skip(at + 1, end)?,
            _ => at + 2,
        };
        if next > at && next <= end { Ok(next) } else { Err(Refused::Invalid) }
    }

    fn group_exists(&mut self, at: usize, end: usize, depth: u32) -> Built<usize> {
        let group = self.group(at + 1, end)?;
        // The skip counts from its own place, one more than others do.
        let skip = self.word(at + 2, end)? as usize;
        let target = (at + 2).checked_add(skip).and_then(|target| target.checked_sub(1)).ok_or(Refused::Invalid)?;
        if target > end || target < at + 3 {
            return Err(Refused::Invalid);
        }
        let start = self.emit(Inst::Fail);
        // With a second part, a jump over it ends the first.
        let mut jump = at + 3;
        while jump + 2 < target && self.program.words[jump] != op::JUMP {
            jump = self.after(jump, target)?;
        }
        let has_jump = jump + 2 == target && self.program.words[jump] == op::JUMP;
        let Some(jump) = Some(jump).filter(|_| has_jump) else {
            self.inner(at + 3, target, depth)?;
            let no = self.pc();
            self.program.insts[start] = Inst::GroupExists { group, no };
            return Ok(target);
        };
        let exit = self.skip(jump + 1, end)?;
        self.inner(at + 3, jump, depth)?;
        let over = self.emit(Inst::Fail);
        let no = self.pc();
        self.inner(target, exit, depth)?;
        let next = self.pc();
        self.program.insts[over] = Inst::Jump(next);
        self.program.insts[start] = Inst::GroupExists { group, no };
        Ok(exit)
    }
}

/// The upper bound of a repeat as a count.
#[inline(always)]
pub fn limit(max: u32) -> usize {
    if max == MAXREPEAT { usize::MAX } else { max as usize }
}
