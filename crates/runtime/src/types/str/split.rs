//! Splitting and stripping: `split`, `rsplit`, `splitlines`, `partition`, `strip`.
//!
//! CPython: `Objects/stringlib/split.h`, `partition.h`, `do_strip`.

use core::ops::Range;

use super::{Str, StrData, ctype, each_kind, scan, search};
use crate::prelude::*;

/// Runs `body` on the items of a list or tuple; `body` runs no Python code.
pub(crate) fn with_items<R>(sequence: &Ref<Object>, body: impl FnOnce(&[Ref<Object>]) -> PyResult<R>) -> PyResult<R> {
    if let Some(tuple) = sequence.downcast::<Tuple>() {
        return body(tuple.as_slice());
    }
    match sequence.downcast::<List>() {
        // SAFETY: nothing changes the list while `body` runs.
        Some(list) => body(unsafe { list.as_slice_unchecked() }),
        None => Err(raise!(TypeError, "expected a list or tuple, got {}", sequence.type_name())),
    }
}

/// Which bytes are white space among ASCII, as `str` sees it.
static ASCII_SPACE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = matches!(byte, 9..=13 | 28..=32);
        byte += 1;
    }
    table
};

/// White space, as `str` sees it.
#[inline(always)]
fn is_space(c: u32) -> bool {
    if c < 0x80 { matches!(c, 9..=13 | 28..=32) } else { ctype::is_space(c) }
}

/// Which ends `strip` works on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ends {
    Left,
    Right,
    Both,
}

/// Pieces collected as new strings in a list, which nobody else sees yet.
struct Pieces<'a> {
    string: &'a Ref<Str>,
    list: Ref<List>,
}

impl Pieces<'_> {
    /// `unlimited` is what bounds the number of cuts where `maxsplit` does not. Room for the first dozen pieces at most is
    /// there from the start, as on CPython, where `sys.getsizeof` shows it.
    fn new(string: &Ref<Str>, maxsplit: isize, unlimited: usize) -> PyResult<Pieces<'_>> {
        let cuts = usize::try_from(maxsplit).unwrap_or(unlimited);
        Ok(Pieces { string, list: List::with_capacity(cuts.saturating_add(1).min(12))? })
    }

    fn push(&mut self, range: Range<usize>) -> PyResult<()> {
        self.list.push(self.string.substring(range)?.into_object())
    }

    /// As [`Pieces::push`] for a piece of ASCII text.
    #[inline(always)]
    fn push_ascii(&mut self, piece: &[u8]) -> PyResult<()> {
        self.list.push(Str::from_ascii(piece)?.into_object())
    }

    fn finish(self, reversed: bool) -> Ref<List> {
        if reversed {
            self.list.reverse();
        }
        self.list
    }
}

/// How often a separator fits a text. Most have one character, which saves the division.
#[inline(always)]
fn most_cuts(text: usize, separator: usize) -> usize {
    if separator == 1 { text } else { text / separator }
}

fn max_pieces(maxsplit: isize) -> usize {
    if maxsplit < 0 { usize::MAX } else { maxsplit as usize }
}

impl Ref<Str> {
    /// `self.split(None, maxsplit)`.
    pub fn split_whitespace(&self, maxsplit: isize) -> PyResult<Ref<List>> {
        let mut pieces = Pieces::new(self, maxsplit, self.len().saturating_sub(1) / 2 + 1)?;
        let mut left = max_pieces(maxsplit);
        if let Some(text) = self.as_ascii() {
            let data = text.as_bytes();
            let is_space = |byte: u8| ASCII_SPACE[usize::from(byte)];
            let mut at = 0;
            loop {
                while at < data.len() && is_space(data[at]) {
                    at += 1;
                }
                if at == data.len() {
                    return Ok(pieces.finish(false));
                }
                let start = at;
                if left == 0 {
                    pieces.push(start..data.len())?;
                    return Ok(pieces.finish(false));
                }
                left -= 1;
                while at < data.len() && !is_space(data[at]) {
                    at += 1;
                }
                if at - start == data.len() {
                    pieces.push(start..at)?;
                } else {
                    pieces.push_ascii(&data[start..at])?;
                }
            }
        }
        each_kind!(self.data(), data => {
            let space = |index: usize| is_space(u32::from(data[index]));
            let mut at = 0;
            loop {
                while at < data.len() && space(at) {
                    at += 1;
                }
                if at == data.len() {
                    break;
                }
                let start = at;
                if left == 0 {
                    pieces.push(start..data.len())?;
                    break;
                }
                left -= 1;
                while at < data.len() && !space(at) {
                    at += 1;
                }
                pieces.push(start..at)?;
            }
        });
        Ok(pieces.finish(false))
    }

    /// `self.rsplit(None, maxsplit)`.
    pub fn rsplit_whitespace(&self, maxsplit: isize) -> PyResult<Ref<List>> {
        let mut pieces = Pieces::new(self, maxsplit, self.len().saturating_sub(1) / 2 + 1)?;
        let mut left = max_pieces(maxsplit);
        each_kind!(self.data(), data => {
            let space = |index: usize| is_space(u32::from(data[index]));
            let mut end = data.len();
            loop {
                while end > 0 && space(end - 1) {
                    end -= 1;
                }
                if end == 0 {
                    break;
                }
                if left == 0 {
                    pieces.push(0..end)?;
                    break;
                }
                left -= 1;
                let mut start = end;
                while start > 0 && !space(start - 1) {
                    start -= 1;
                }
                pieces.push(start..end)?;
                end = start;
            }
        });
        Ok(pieces.finish(true))
    }

    /// `self.split(separator, maxsplit)`.
    pub fn split(&self, separator: &Ref<Str>, maxsplit: isize) -> PyResult<Ref<List>> {
        if separator.is_empty() {
            return Err(raise!(ValueError, "empty separator"));
        }
        let mut left = max_pieces(maxsplit);
        // A string shorter than the separator has no cut, whatever is allowed.
        let mut pieces = match most_cuts(self.len(), separator.len()) {
            0 => Pieces::new(self, 0, 0)?,
            most => Pieces::new(self, maxsplit, most + 1)?,
        };
        let mut start = 0;
        let mut result = Ok(());
        if let (Some(text), Some(separator)) = (self.as_ascii(), separator.as_ascii())
            && left > 0
        {
            let (data, separator) = (text.as_bytes(), separator.as_bytes());
            let found = |at: usize| {
                result = pieces.push_ascii(&data[start..at]);
                start = at + separator.len();
                left -= 1;
                result.is_ok() && left > 0
            };
            match separator {
                [c] => scan::each_byte(data, *c, found),
                _ => scan::each_match(data, separator, found),
            }
            if start > 0 && result.is_ok() {
                pieces.push_ascii(&data[start..])?;
                return Ok(pieces.finish(false));
            }
        } else if left > 0 {
            search::for_each_match(self.data(), separator.data(), |at| {
                result = pieces.push(start..at);
                start = at + separator.len();
                left -= 1;
                result.is_ok() && left > 0
            });
        }
        result?;
        pieces.push(start..self.len())?;
        Ok(pieces.finish(false))
    }

    /// `self.rsplit(separator, maxsplit)`.
    pub fn rsplit(&self, separator: &Ref<Str>, maxsplit: isize) -> PyResult<Ref<List>> {
        if separator.is_empty() {
            return Err(raise!(ValueError, "empty separator"));
        }
        let mut left = max_pieces(maxsplit);
        // A string shorter than the separator has no cut, whatever is allowed.
        let mut pieces = match most_cuts(self.len(), separator.len()) {
            0 => Pieces::new(self, 0, 0)?,
            most => Pieces::new(self, maxsplit, most + 1)?,
        };
        let mut end = self.len();
        while left > 0
            && let Some(at) = search::rfind(self.data().range(0..end), separator.data())
        {
            pieces.push(at + separator.len()..end)?;
            end = at;
            left -= 1;
        }
        pieces.push(0..end)?;
        Ok(pieces.finish(true))
    }

    /// `self.splitlines(keepends)`.
    pub fn splitlines(&self, keepends: bool) -> PyResult<Ref<List>> {
        let mut pieces = Pieces { string: self, list: List::new()? };
        each_kind!(self.data(), data => {
            let mut start = 0;
            while start < data.len() {
                let breaks = |&c: &_| {
                    let c = u32::from(c);
                    if c < 0x80 { matches!(c, 10..=13 | 28..=30) } else { ctype::is_line_break(c) }
                };
                let end = data[start..].iter().position(breaks).map_or(data.len(), |at| start + at);
                let mut next = (end + 1).min(data.len());
                if next < data.len() && u32::from(data[end]) == 13 && u32::from(data[next]) == 10 {
                    next += 1;
                }
                pieces.push(start..if keepends { next } else { end })?;
                start = next;
            }
        });
        Ok(pieces.finish(false))
    }

    /// `self.partition(separator)`.
    pub fn partition(&self, separator: &Ref<Str>) -> PyResult<Ref<Tuple>> {
        if separator.is_empty() {
            return Err(raise!(ValueError, "empty separator"));
        }
        match search::find(self.data(), separator.data()) {
            Some(at) => self.parted(separator, at),
            None => {
                Tuple::pack([self.to_exact()?.into_object(), Str::empty().into_object(), Str::empty().into_object()])
            }
        }
    }

    /// `self.rpartition(separator)`.
    pub fn rpartition(&self, separator: &Ref<Str>) -> PyResult<Ref<Tuple>> {
        if separator.is_empty() {
            return Err(raise!(ValueError, "empty separator"));
        }
        match search::rfind(self.data(), separator.data()) {
            Some(at) => self.parted(separator, at),
            None => {
                Tuple::pack([Str::empty().into_object(), Str::empty().into_object(), self.to_exact()?.into_object()])
            }
        }
    }

    fn parted(&self, separator: &Ref<Str>, at: usize) -> PyResult<Ref<Tuple>> {
        if let Some(text) = self.as_ascii() {
            let (before, rest) = text.as_bytes().split_at(at);
            let (before, after) = (Str::from_ascii(before)?, Str::from_ascii(&rest[separator.len()..])?);
            return Tuple::pack([before.into_object(), separator.to_owned_object(), after.into_object()]);
        }
        Tuple::pack([
            self.substring(0..at)?.into_object(),
            separator.to_owned_object(),
            self.substring(at + separator.len()..self.len())?.into_object(),
        ])
    }

    fn to_owned_object(&self) -> Ref<Object> {
        self.clone().into_object()
    }

    fn stripped_by(&self, ends: Ends, drop: impl Fn(u32) -> bool) -> PyResult<Ref<Str>> {
        let data = self.data();
        let (mut start, mut end) = (0, data.len());
        if ends != Ends::Right {
            while start < end && drop(data.get(start)) {
                start += 1;
            }
        }
        if ends != Ends::Left {
            while end > start && drop(data.get(end - 1)) {
                end -= 1;
            }
        }
        self.substring(start..end)
    }

    pub fn strip_whitespace(&self, ends: Ends) -> PyResult<Ref<Str>> {
        self.stripped_by(ends, is_space)
    }

    pub fn strip_chars(&self, ends: Ends, chars: &Ref<Str>) -> PyResult<Ref<Str>> {
        let set = chars.data();
        if let StrData::Ucs1(set) = set {
            // A bit for each Latin-1 character.
            let mut bits = [0u64; 4];
            for &c in set {
                bits[usize::from(c >> 6)] |= 1 << (c & 63);
            }
            return self.stripped_by(ends, |c| c < 256 && bits[(c >> 6) as usize] >> (c & 63) & 1 != 0);
        }
        self.stripped_by(ends, |c| search::find_char(set, c).is_some())
    }
}
