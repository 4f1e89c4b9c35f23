//! `replace`, `expandtabs`, padding: new strings from one old one.
//!
//! CPython: `replace`, `unicode_expandtabs_impl`, `pad`.

use super::raw::Width;
use super::{Str, StrBuilder, scan, search};
use crate::prelude::*;
use crate::types::bytes::replacement::{Replacement, TooLong};

impl Ref<Str> {
    /// `self.replace(old, new, count)`; a negative count means all.
    pub fn replace(&self, old: &Ref<Str>, new: &Ref<Str>, count: isize) -> PyResult<Ref<Str>> {
        let max = if count < 0 { usize::MAX } else { count as usize };
        if max == 0 || old.len() > self.len() || old.equals_str(new) {
            return self.to_exact();
        }
        let too_long = || raise!(OverflowError, "replace string is too long");
        if let (Some(text), Some(old), Some(new)) = (self.as_ascii(), old.as_ascii(), new.as_ascii()) {
            let made = Replacement::plan(text.as_bytes(), old.as_bytes(), new.as_bytes(), max, |plan| {
                Str::ascii_filled(plan.len(), |out| plan.write(out))
            });
            return match made {
                Ok(Some(result)) => result,
                Ok(None) => self.to_exact(),
                Err(TooLong) => Err(too_long()),
            };
        }
        if old.is_empty() {
            return self.interleave(new, max);
        }
        let matches = search::count(self.data(), old.data(), max);
        if matches == 0 {
            return self.to_exact();
        }
        let kept = self.len() - matches * old.len();
        let len = matches.checked_mul(new.len()).and_then(|n| n.checked_add(kept));
        let len = len.filter(|&n| n <= isize::MAX as usize).ok_or_else(too_long)?;
        if len == 0 {
            return Ok(Str::empty());
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
        if let Ok(fill @ 0..0x80) = u8::try_from(fill)
            && self.is_ascii()
            && total > 1
        {
            return self.padded_ascii(0, left, right, fill);
        }
        let mut out = StrBuilder::with_capacity(0)?;
        out.reserve(total, self.width().max(Width::of(fill)))?;
        out.push_fill(fill, left)?;
        out.push_object(self)?;
        out.push_fill(fill, right)?;
        out.finish()
    }

    /// An ASCII string with `left` and `right` copies of `fill` around what stands behind its first `kept` characters; the result has
    /// more than one.
    fn padded_ascii(&self, kept: usize, left: usize, right: usize, fill: u8) -> PyResult<Ref<Str>> {
        let len = self.len();
        let result = Str::uninit(left + len + right, Width::Ascii)?;
        let (data, out) = (self.data_mut_ptr(), result.data_mut_ptr());
        // SAFETY: the new string has room for the text and the fill, which are written one after the other.
        unsafe {
            scan::copy_short(data, out, kept);
            out.add(kept).write_bytes(fill, left);
            scan::copy_short(data.add(kept), out.add(kept + left), len - kept);
            out.add(left + len).write_bytes(fill, right);
        }
        Ok(result)
    }

    /// `self.zfill(width)`.
    pub fn zfill(&self, width: isize) -> PyResult<Ref<Str>> {
        let len = self.len();
        if width <= len as isize {
            return self.to_exact();
        }
        let fill = width as usize - len;
        if self.is_ascii() && width > 1 && width < isize::MAX {
            let is_sign = matches!(self.as_ascii().and_then(|text| text.bytes().next()), Some(b'+' | b'-'));
            return self.padded_ascii(usize::from(is_sign), fill, 0, b'0');
        }
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

impl Str {
    /// A string of `len` ASCII characters, all of which `fill` writes.
    #[inline(always)]
    fn ascii_filled(len: usize, fill: impl FnOnce(&mut [u8])) -> PyResult<Ref<Str>> {
        if len < 2 {
            let mut short = [0];
            fill(&mut short[..len]);
            return Str::from_ascii(&short[..len]);
        }
        let result = Str::uninit(len, Width::Ascii)?;
        // SAFETY: the new string has `len` characters.
        fill(unsafe { core::slice::from_raw_parts_mut(result.data_mut_ptr(), len) });
        Ok(result)
    }
}
