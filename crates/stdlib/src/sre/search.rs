//! One match: at a place, over the whole text, or the first from a place on.
//!
//! A search runs the machine only where a match can begin: where the literal stands that the pattern begins with, or a
//! character that can come first.
//!
//! CPython: `SRE(search)`.

use core::cell::Cell;

use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::str::StrData;

use super::machine::{Machine, NONE, Scratch, Unit, in_first};
use super::program::{Program, Start};

/// How to look.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Match,
    FullMatch,
    Search,
}

/// The text or the bytes that a pattern is applied to. Bytes stay locked while it lives.
pub enum Subject<'s> {
    Text(Borrowed<'s, Str>),
    Bytes(Borrowed<'s, Bytes>),
    Buffer(BufferArg<'s>),
}

impl<'s> Subject<'s> {
    /// TypeError when the object is none, or not of the pattern's kind.
    pub fn new(string: Borrowed<'s, Object>, is_bytes: Option<bool>) -> PyResult<Subject<'s>> {
        let subject = if let Some(text) = string.downcast_borrowed::<Str>() {
            if is_bytes == Some(true) {
                return Err(raise!(TypeError, "cannot use a bytes pattern on a string-like object"));
            }
            return Ok(Subject::Text(text));
        } else if let Some(bytes) = string.downcast_borrowed::<Bytes>().filter(|bytes| bytes.is_exact::<Bytes>()) {
            Subject::Bytes(bytes)
        } else {
            let unfit = || raise!(TypeError, "expected string or bytes-like object, got '{}'", string.type_name());
            if string.type_of().tp_as_buffer.get().is_null() {
                return Err(unfit());
            }
            match BufferArg::new(string) {
                Ok(buffer) => Subject::Buffer(buffer),
                Err(raised) => {
                    raised.clear();
                    return Err(unfit());
                }
            }
        };
        if is_bytes == Some(false) {
            return Err(raise!(TypeError, "cannot use a string pattern on a bytes-like object"));
        }
        Ok(subject)
    }

    #[inline]
    pub fn data(&self) -> StrData<'_> {
        match self {
            Subject::Text(text) => text.data(),
            Subject::Bytes(bytes) => StrData::Ucs1(bytes.as_slice()),
            Subject::Buffer(buffer) => StrData::Ucs1(buffer.as_slice()),
        }
    }

    pub fn len(&self) -> usize {
        self.data().len()
    }

    pub fn is_text(&self) -> bool {
        matches!(self, Subject::Text(_))
    }

    /// The part between two places; all of an exact `str` or `bytes` is the object itself.
    pub fn slice(&self, start: usize, end: usize) -> PyResult<Ref<Object>> {
        let end = end.min(self.len());
        let start = start.min(end);
        match self {
            Subject::Text(text) => Ok(text.substring(start..end)?.into_object()),
            Subject::Bytes(bytes) if start == 0 && end == bytes.as_slice().len() => Ok((**bytes).clone().into_object()),
            Subject::Bytes(bytes) => Ok(Bytes::from_slice(&bytes.as_slice()[start..end])?.into_object()),
            Subject::Buffer(buffer) => Ok(Bytes::from_slice(&buffer.as_slice()[start..end])?.into_object()),
        }
    }
}

/// `pos` and `endpos` clipped to the subject.
pub fn clip(length: usize, pos: isize, endpos: isize) -> (usize, usize) {
    let end = usize::try_from(endpos).unwrap_or(0).min(length);
    (usize::try_from(pos).unwrap_or(0).min(length), end)
}

thread_local! {
    static SPARE: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// Looks for matches of one program, one after the other; owns the machine's memory meanwhile.
pub struct Finder<'p> {
    program: &'p Program,
    scratch: Option<Box<Scratch>>,
    ticks: u32,
    /// Of the last match.
    pub start: usize,
    pub end: usize,
}

impl Drop for Finder<'_> {
    fn drop(&mut self) {
        if let Some(scratch) = self.scratch.take().filter(|scratch| scratch.is_small()) {
            SPARE.set(Some(scratch));
        }
    }
}

impl<'p> Finder<'p> {
    pub fn new(program: &'p Program) -> Finder<'p> {
        let scratch = Some(SPARE.take().unwrap_or_default());
        Finder { program, scratch, ticks: 0, start: 0, end: 0 }
    }

    /// Where a group of the last match begins and ends.
    #[inline]
    pub fn span(&self, group: usize) -> Option<(usize, usize)> {
        if group == 0 {
            return Some((self.start, self.end));
        }
        let slots = &self.scratch.as_ref()?.slots;
        let (start, end) = (*slots.get(group * 2 - 2)?, *slots.get(group * 2 - 1)?);
        if start == NONE || end == NONE { None } else { Some((start, end)) }
    }

    /// The group that closed last, 0 for none.
    pub fn last_index(&self) -> usize {
        let slots = self.scratch.as_ref().map(|scratch| &scratch.slots);
        match slots.and_then(|slots| slots.get(self.program.last_index_slot())) {
            Some(index) if *index != NONE => *index,
            _ => 0,
        }
    }

    /// Looks once, within `range`. With `must_advance`, an empty match at its start does not count.
    pub fn find(&mut self, data: StrData<'_>, range: (usize, usize), mode: Mode, must_advance: bool) -> PyResult<bool> {
        if range.0 > range.1 {
            return Ok(false);
        }
        match data {
            StrData::Ucs1(units) => self.find_in(&units[..range.1], range.0, mode, must_advance),
            StrData::Ucs2(units) => self.find_in(&units[..range.1], range.0, mode, must_advance),
            StrData::Ucs4(units) => self.find_in(&units[..range.1], range.0, mode, must_advance),
        }
    }

    fn find_in<U: Unit>(&mut self, text: &[U], start: usize, mode: Mode, must_advance: bool) -> PyResult<bool> {
        let program = self.program;
        let Some(scratch) = self.scratch.as_deref_mut() else { return Ok(false) };
        scratch.prepare(program)?;
        if text.len() - start < program.min_width {
            return Ok(false);
        }
        let mut machine = Machine {
            program,
            text,
            whole: mode == Mode::FullMatch,
            must_advance: if must_advance { Some(start) } else { None },
            scratch,
            ticks: self.ticks,
        };
        let found = if mode == Mode::Search {
            search(&mut machine, start)
        } else {
            machine.matches_at(start).map(|end| end.map(|end| (start, end)))
        };
        self.ticks = machine.ticks;
        match found? {
            Some((start, end)) => {
                (self.start, self.end) = (start, end);
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

fn search<U: Unit>(machine: &mut Machine<'_, U>, start: usize) -> PyResult<Option<(usize, usize)>> {
    let (program, text) = (machine.program, machine.text);
    // No match begins behind this place.
    let last = text.len() - program.min_width.min(text.len());
    let mut at = start;
    match &program.start {
        Start::Any => {
            while at <= last {
                if let Some(end) = machine.matches_at(at)? {
                    return Ok(Some((at, end)));
                }
                machine.step()?;
                at += 1;
            }
        }
        Start::Beginning => {
            if at == 0
                && let Some(end) = machine.matches_at(at)?
            {
                return Ok(Some((at, end)));
            }
        }
        Start::First { filter: Some(filter), .. } => {
            let mut bits = 0;
            while let Some((begin, next)) = filter.find(text, at, &mut bits) {
                if begin > last {
                    break;
                }
                if let Some(end) = machine.matches_at(begin)? {
                    return Ok(Some((begin, end)));
                }
                machine.step()?;
                at = next;
            }
        }
        Start::First { first, only, .. } => {
            let next = |at: usize| -> Option<usize> {
                let rest = text.get(at..)?;
                match only {
                    Some(c) => U::find(rest, *c),
                    None => rest.iter().position(|unit| in_first(*unit, first)),
                }
            };
            while let Some(offset) = next(at) {
                at += offset;
                if at > last {
                    break;
                }
                if let Some(end) = machine.matches_at(at)? {
                    return Ok(Some((at, end)));
                }
                machine.step()?;
                at += 1;
            }
        }
        Start::Literal { text: literal, bytes, whole } => {
            while let Some(offset) = find_literal(program, &text[at..], literal, bytes.as_deref()) {
                at += offset;
                if *whole {
                    return Ok(Some((at, at + literal.len())));
                }
                if at > last {
                    break;
                }
                if let Some(end) = machine.matches_at(at)? {
                    return Ok(Some((at, end)));
                }
                machine.step()?;
                at += 1;
            }
        }
    }
    Ok(None)
}

/// Where a literal, which is not empty, stands first.
fn find_literal<U: Unit>(program: &Program, text: &[U], literal: &[u32], bytes: Option<&[u8]>) -> Option<usize> {
    let first = *literal.first()?;
    if literal.len() == 1 {
        return U::find(text, first);
    }
    if U::NARROW {
        let finder = program.finder.get_or_init(|| memchr::memmem::Finder::new(bytes.unwrap_or(&[])).into_owned());
        bytes?;
        return finder.find(U::as_bytes(text)?);
    }
    let mut at = 0;
    loop {
        at += U::find(text.get(at..)?, first)?;
        let here = text.get(at..at + literal.len())?;
        if here.iter().zip(literal).all(|(unit, c)| unit.code() == *c) {
            return Some(at);
        }
        at += 1;
    }
}
