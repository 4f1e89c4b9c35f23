//! `replace` on byte slices, for `bytes`, `bytearray` and ASCII strings: first what is to be done and how long the result is, then
//! the result, written once into memory of that length.
//!
//! CPython: `Objects/stringlib/transmogrify.h`, `replace` in `Objects/unicodeobject.c`.

use super::shared::{count, each_match, find};
use crate::types::str::scan;

/// Where `old` stands in `data`, and how long the result is.
pub struct Replacement<'a> {
    data: &'a [u8],
    old: &'a [u8],
    new: &'a [u8],
    /// How many places are replaced; where the length stays, there may be fewer.
    matches: usize,
    len: usize,
    /// How many of `first` are noted: all matches, or none.
    noted: usize,
    first: [u8; FEW],
}

/// The result would be longer than any object.
pub struct TooLong;

/// So many places of a short text are noted, which need no second search then.
const FEW: usize = 16;

/// The length of a short text; each place in it is a `u8`.
const SHORT: usize = 256;

impl<'a> Replacement<'a> {
    /// What `make` makes of the plan to replace at most `max` places; `None` if nothing changes.
    #[inline(always)]
    pub fn plan<R>(
        data: &'a [u8],
        old: &'a [u8],
        new: &'a [u8],
        max: usize,
        make: impl FnOnce(&Replacement<'a>) -> R,
    ) -> Result<Option<R>, TooLong> {
        if max == 0 || old.len() > data.len() || (old.is_empty() && new.is_empty()) {
            return Ok(None);
        }
        let mut plan = Replacement { data, old, new, matches: 0, len: data.len(), noted: 0, first: [0; FEW] };
        plan.search(max);
        if plan.matches == 0 {
            return Ok(None);
        }
        if old.len() != new.len() {
            let kept = data.len() - plan.matches * old.len();
            let len = plan.matches.checked_mul(new.len()).and_then(|n| n.checked_add(kept));
            plan.len = len.filter(|&len| len <= isize::MAX as usize).ok_or(TooLong)?;
        }
        Ok(Some(make(&plan)))
    }

    fn search(&mut self, max: usize) {
        let Replacement { data, old, new, .. } = *self;
        if data.len() <= SHORT && !old.is_empty() {
            let done = each_match(data, old, max, |at| {
                if let Some(place) = self.first.get_mut(self.matches) {
                    *place = at as u8;
                }
                self.matches += 1;
                Ok(())
            });
            debug_assert!(done.is_ok());
            self.noted = if self.matches <= FEW { self.matches } else { 0 };
        } else if old.len() != new.len() {
            self.matches = count(data, old, max);
        } else if find(data, old).is_some() {
            self.matches = max;
        }
    }

    /// The length of the result.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Writes all of the result to `out`, which has its length.
    #[inline]
    pub fn write(&self, out: &mut [u8]) {
        assert!(out.len() == self.len);
        if self.noted == self.matches {
            let mut pieces = Pieces::new(self, out);
            for &at in &self.first[..self.noted] {
                pieces.push(usize::from(at));
            }
            return pieces.finish();
        }
        self.write_long(out);
    }

    fn write_long(&self, out: &mut [u8]) {
        let Replacement { data, old, new, matches, .. } = *self;
        if old.is_empty() {
            return self.interleave(out);
        }
        if let ([old], [new]) = (old, new) {
            let all = matches >= data.len() || scan::count_byte(data, *old) <= matches;
            if all {
                // Without a limit each byte is on its own, which makes vector code.
                for (out, &byte) in out.iter_mut().zip(data) {
                    *out = if byte == *old { *new } else { byte };
                }
                return;
            }
            out.copy_from_slice(data);
            for at in memchr::memchr_iter(*old, data).take(matches) {
                out[at] = *new;
            }
            return;
        }
        if old.len() == new.len() {
            out.copy_from_slice(data);
            let target = out.as_mut_ptr();
            let done = each_match(data, old, matches, |at| {
                // SAFETY: a match lies inside of the data, whose length is that of `out`.
                unsafe { scan::copy_short(new.as_ptr(), target.add(at), new.len()) };
                Ok(())
            });
            debug_assert!(done.is_ok());
            return;
        }
        let mut pieces = Pieces::new(self, out);
        let done = each_match(data, old, matches, |at| {
            pieces.push(at);
            Ok(())
        });
        debug_assert!(done.is_ok());
        pieces.finish();
    }

    /// Puts `new` before each of the first bytes, and behind the last one if there are matches enough.
    fn interleave(&self, out: &mut [u8]) {
        let step = self.new.len() + 1;
        let before = self.matches.min(self.data.len());
        let (spread, rest) = out.split_at_mut(before * step);
        for (chunk, &byte) in spread.chunks_exact_mut(step).zip(self.data) {
            chunk[..step - 1].copy_from_slice(self.new);
            chunk[step - 1] = byte;
        }
        let (kept, end) = rest.split_at_mut(self.data.len() - before);
        kept.copy_from_slice(&self.data[before..]);
        end.copy_from_slice(&self.new[..end.len()]);
    }
}

/// The result, written piece by piece.
struct Pieces<'p> {
    plan: &'p Replacement<'p>,
    from: usize,
    to: usize,
    out: &'p mut [u8],
}

impl<'p> Pieces<'p> {
    #[inline(always)]
    fn new(plan: &'p Replacement<'p>, out: &'p mut [u8]) -> Pieces<'p> {
        Pieces { plan, from: 0, to: 0, out }
    }

    /// What stands before the match `at`, and its replacement.
    #[inline(always)]
    fn push(&mut self, at: usize) {
        let Replacement { data, old, new, .. } = *self.plan;
        let kept = at - self.from;
        debug_assert!(self.to + kept + new.len() <= self.out.len());
        // SAFETY: the pieces lie in `data` one after the other, and `out` has the length that all of them add up to with
        // the replacements between them.
        unsafe {
            let target = self.out.as_mut_ptr().add(self.to);
            scan::copy_short(data.as_ptr().add(self.from), target, kept);
            scan::copy_short(new.as_ptr(), target.add(kept), new.len());
        }
        self.to += kept + new.len();
        self.from = at + old.len();
    }

    /// What stands behind the last match.
    #[inline(always)]
    fn finish(self) {
        let left = self.out.len() - self.to;
        debug_assert_eq!(left, self.plan.data.len() - self.from);
        // SAFETY: what is left of the data fills `out`.
        unsafe {
            scan::copy_short(self.plan.data.as_ptr().add(self.from), self.out.as_mut_ptr().add(self.to), left);
        }
    }
}
