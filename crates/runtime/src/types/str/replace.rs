//! `replace`, `expandtabs`, padding: new strings from one old one.
//!
//! CPython: `replace`, `unicode_expandtabs_impl`, `pad`.

use super::raw::Width;
use super::{Str, StrBuilder, StrData, search};
use crate::prelude::*;

impl Ref<Str> {
    /// `self.replace(old, new, count)`; a negative count means all.
    pub fn replace(&self, old: &Ref<Str>, new: &Ref<Str>, count: isize) -> PyResult<Ref<Str>> {
        let max = if count < 0 { usize::MAX } else { count as usize };
        if max == 0 || old.len() > self.len() || old.equals_str(new) {
            return self.to_exact();
        }
        if old.is_empty() {
            return self.interleave(new, max);
        }
        let matches = search::count(self.data(), old.data(), max);
        if matches == 0 {
            return self.to_exact();
        }
        let kept = self.len() - matches * old.len();
        let Some(len) =
            matches.checked_mul(new.len()).and_then(|n| n.checked_add(kept)).filter(|&n| n <= isize::MAX as usize)
        else {
            return Err(raise!(OverflowError, "replace string is too long"));
        };
        if len == 0 {
            return Ok(Str::empty());
        }
        if self.is_ascii()
            && new.is_ascii()
            && let (StrData::Ucs1(data), StrData::Ucs1(new), StrData::Ucs1(old)) = (self.data(), new.data(), old.data())
            && len > 1
        {
            return replace_ascii(data, old, new, matches, len);
        }
        let mut out = StrBuilder::with_capacity(len)?;
        let (mut start, mut left) = (0, matches);
        let mut result = Ok(());
        search::for_each_match(self.data(), old.data(), |at| {
            result = out.push_substring(self, start..at).and_then(|()| out.push_object(new));
            start = at + old.len();
            left -= 1;
            result.is_ok() && left > 0
        });
        result?;
        out.push_substring(self, start..self.len())?;
        out.finish()
    }

    /// Puts `new` before each of the first `max` places between characters.
    fn interleave(&self, new: &Ref<Str>, max: usize) -> PyResult<Ref<Str>> {
        let places = max.min(self.len() + 1);
        if places.checked_mul(new.len()).is_none_or(|n| n > isize::MAX as usize - self.len()) {
            return Err(raise!(OverflowError, "replace string is too long"));
        }
        let mut out = StrBuilder::with_capacity(self.len() + places * new.len())?;
        for (index, c) in self.chars().enumerate() {
            if index < places {
                out.push_object(new)?;
            }
            out.push(c)?;
        }
        if places > self.len() {
            out.push_object(new)?;
        }
        out.finish()
    }

    /// `self.expandtabs(tabsize)`.
    pub fn expandtabs(&self, tabsize: isize) -> PyResult<Ref<Str>> {
        if search::find_char(self.data(), 9).is_none() {
            return self.to_exact();
        }
        let mut out = StrBuilder::with_capacity(self.len())?;
        let mut column = 0usize;
        for c in self.chars() {
            match c {
                9 => {
                    if tabsize > 0 {
                        let step = tabsize as usize - column % tabsize as usize;
                        if out.len().checked_add(step).is_none_or(|n| n > isize::MAX as usize) {
                            return Err(raise!(OverflowError, "new string is too long"));
                        }
                        out.push_fill(32, step)?;
                        column += step;
                    }
                }
                10 | 13 => {
                    out.push(c)?;
                    column = 0;
                }
                _ => {
                    out.push(c)?;
                    column += 1;
                }
            }
        }
        out.finish()
    }

    /// The string with `left` and `right` copies of `fill` around it.
    pub fn pad(&self, left: usize, right: usize, fill: u32) -> PyResult<Ref<Str>> {
        if left == 0 && right == 0 {
            return self.to_exact();
        }
        let total = left.checked_add(right).and_then(|n| n.checked_add(self.len()));
        let Some(total) = total.filter(|&n| n <= isize::MAX as usize) else {
            return Err(raise!(OverflowError, "padded string is too long"));
        };
        let mut out = StrBuilder::with_capacity(0)?;
        out.reserve(total, self.width().max(Width::of(fill)))?;
        out.push_fill(fill, left)?;
        out.push_object(self)?;
        out.push_fill(fill, right)?;
        out.finish()
    }

    /// `self.zfill(width)`.
    pub fn zfill(&self, width: isize) -> PyResult<Ref<Str>> {
        let len = self.len();
        if width <= len as isize {
            return self.to_exact();
        }
        let fill = width as usize - len;
        let mut out = StrBuilder::with_capacity(width as usize)?;
        let sign = self.chars().next().filter(|&c| c == 0x2b || c == 0x2d);
        if let Some(sign) = sign {
            out.push(sign)?;
        }
        out.push_fill(0x30, fill)?;
        out.push_substring(self, usize::from(sign.is_some())..len)?;
        out.finish()
    }
}

/// The ASCII case, with the length of the result known.
fn replace_ascii(data: &[u8], old: &[u8], new: &[u8], matches: usize, len: usize) -> PyResult<Ref<Str>> {
    let result = Str::uninit(len, Width::Ascii)?;
    // SAFETY: the new string has `len` characters, which the pieces add up to.
    let out = unsafe { core::slice::from_raw_parts_mut(result.data_mut_ptr(), len) };
    crate::types::bytes::shared::replace_into(data, old, new, matches, out);
    Ok(result)
}
