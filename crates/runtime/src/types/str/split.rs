//! Splitting and stripping: `split`, `rsplit`, `splitlines`, `partition`, `strip`.
//!
//! CPython: `Objects/stringlib/split.h`, `partition.h`, `do_strip`.

use core::ops::Range;

use super::{Str, StrData, ctype, each_kind, search};
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

/// White space among ASCII, as `str` sees it.
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

/// Pieces collected as new strings.
struct Pieces<'a> {
    string: &'a Ref<Str>,
    list: Vec<Ref<Object>>,
}

impl Pieces<'_> {
    fn push(&mut self, range: Range<usize>) -> PyResult<()> {
        let piece = self.string.substring(range)?.into_object();
        if self.list.try_reserve(1).is_err() {
            return Err(Raised::no_memory());
        }
        self.list.push(piece);
        Ok(())
    }
}

/// The room of a list of pieces that begins with at most `most` splits.
pub(crate) fn room_for(most: usize) -> usize {
    most.saturating_add(1).min(12)
}

fn max_pieces(maxsplit: isize) -> usize {
    if maxsplit < 0 { usize::MAX } else { maxsplit as usize }
}

impl Ref<Str> {
    /// `self.split(None, maxsplit)`.
    pub fn split_whitespace(&self, maxsplit: isize) -> PyResult<Ref<List>> {
        let mut pieces = Pieces { string: self, list: Vec::new() };
        let mut left = max_pieces(maxsplit);
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
        let most = if maxsplit < 0 { self.len().div_ceil(2).max(1) } else { maxsplit as usize };
        List::from_vec_grown(pieces.list, room_for(most))
    }

    /// `self.rsplit(None, maxsplit)`.
    pub fn rsplit_whitespace(&self, maxsplit: isize) -> PyResult<Ref<List>> {
        let mut pieces = Pieces { string: self, list: Vec::new() };
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
        pieces.list.reverse();
        let most = if maxsplit < 0 { self.len().div_ceil(2).max(1) } else { maxsplit as usize };
        List::from_vec_grown(pieces.list, room_for(most))
    }

    /// `self.split(separator, maxsplit)`.
    pub fn split(&self, separator: &Ref<Str>, maxsplit: isize) -> PyResult<Ref<List>> {
        if separator.is_empty() {
            return Err(raise!(ValueError, "empty separator"));
        }
        let mut left = max_pieces(maxsplit);
        let mut pieces = Pieces { string: self, list: Vec::new() };
        let mut start = 0;
        let mut result = Ok(());
        if left > 0 {
            search::for_each_match(self.data(), separator.data(), |at| {
                result = pieces.push(start..at);
                start = at + separator.len();
                left -= 1;
                result.is_ok() && left > 0
            });
        }
        result?;
        pieces.push(start..self.len())?;
        let most = match self.len() / separator.len() {
            0 => 0,
            most if maxsplit < 0 => most + 1,
            _ => maxsplit as usize,
        };
        List::from_vec_grown(pieces.list, room_for(most))
    }

    /// `self.rsplit(separator, maxsplit)`.
    pub fn rsplit(&self, separator: &Ref<Str>, maxsplit: isize) -> PyResult<Ref<List>> {
        if separator.is_empty() {
            return Err(raise!(ValueError, "empty separator"));
        }
        let mut left = max_pieces(maxsplit);
        let mut pieces = Pieces { string: self, list: Vec::new() };
        let mut end = self.len();
        while left > 0
            && let Some(at) = search::rfind(self.data().range(0..end), separator.data())
        {
            pieces.push(at + separator.len()..end)?;
            end = at;
            left -= 1;
        }
        pieces.push(0..end)?;
        pieces.list.reverse();
        let most = match self.len() / separator.len() {
            0 => 0,
            most if maxsplit < 0 => most + 1,
            _ => maxsplit as usize,
        };
        List::from_vec_grown(pieces.list, room_for(most))
    }

    /// `self.splitlines(keepends)`.
    pub fn splitlines(&self, keepends: bool) -> PyResult<Ref<List>> {
        let mut pieces = Pieces { string: self, list: Vec::new() };
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
        List::from_vec_grown(pieces.list, 0)
    }

    /// `self.partition(separator)`.
    pub fn partition(&self, separator: &Ref<Str>) -> PyResult<Ref<Tuple>> {
        if separator.is_empty() {
            return Err(raise!(ValueError, "empty separator"));
        }
        match search::find(self.data(), separator.data()) {
            Some(at) => self.parted(separator, at),
            None => Tuple::from_vec(vec![
                self.to_exact()?.into_object(),
                Str::empty().into_object(),
                Str::empty().into_object(),
            ]),
        }
    }

    /// `self.rpartition(separator)`.
    pub fn rpartition(&self, separator: &Ref<Str>) -> PyResult<Ref<Tuple>> {
        if separator.is_empty() {
            return Err(raise!(ValueError, "empty separator"));
        }
        match search::rfind(self.data(), separator.data()) {
            Some(at) => self.parted(separator, at),
            None => Tuple::from_vec(vec![
                Str::empty().into_object(),
                Str::empty().into_object(),
                self.to_exact()?.into_object(),
            ]),
        }
    }

    fn parted(&self, separator: &Ref<Str>, at: usize) -> PyResult<Ref<Tuple>> {
        Tuple::from_vec(vec![
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
