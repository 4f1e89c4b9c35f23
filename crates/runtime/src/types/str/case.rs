//! Case mapping of whole strings: `lower`, `upper`, `title`, `capitalize`, `swapcase`, `casefold`.
//!
//! CPython: `do_lower`, `do_title` and so on in `Objects/unicodeobject.c`.

use super::ctype::{self, Mapped};
use super::raw::Width;
use super::{Str, StrBuilder, StrData, each_kind};
use crate::prelude::*;

const SIGMA: u32 = 0x3a3;

/// The lower-case form of the character at `index`; a sigma at the end of a word is the final one.
fn lower_at(chars: StrData<'_>, index: usize) -> Mapped {
    let c = chars.get(index);
    if c != SIGMA || !ends_word(chars, index) { ctype::to_lower(c) } else { ctype::to_lower(0x3c2) }
}

/// Whether a cased letter precedes and none follows, case-ignorable characters aside (the Final_Sigma condition).
fn ends_word(chars: StrData<'_>, index: usize) -> bool {
    let cased_first = |mut around: &mut dyn Iterator<Item = u32>| {
        let found = (&mut around).find(|&c| !ctype::is_case_ignorable(c));
        found.is_some_and(ctype::is_cased)
    };
    cased_first(&mut (0..index).rev().map(|i| chars.get(i)))
        && !cased_first(&mut (index + 1..chars.len()).map(|i| chars.get(i)))
}

fn push(out: &mut StrBuilder, mapped: Mapped) -> PyResult<()> {
    mapped.as_slice().iter().try_for_each(|&c| out.push(c))
}

fn map_all(string: &Ref<Str>, map: impl Fn(StrData<'_>, usize) -> Mapped) -> PyResult<Ref<Str>> {
    let data = string.data();
    let mut out = StrBuilder::with_capacity(data.len())?;
    for index in 0..data.len() {
        push(&mut out, map(data, index))?;
    }
    out.finish()
}

/// As [`map_all`] for a mapping of ASCII that does not depend on what is around.
fn map_each(
    string: &Ref<Str>,
    ascii: impl Fn(u8) -> u8,
    map: impl Fn(StrData<'_>, usize) -> Mapped,
) -> PyResult<Ref<Str>> {
    let data = string.data();
    let mut out = StrBuilder::with_capacity(0)?;
    // Mostly the width stays.
    out.reserve(data.len(), string.width())?;
    each_kind!(data, chars => {
        for (index, &c) in chars.iter().enumerate() {
            match u32::from(c) {
                c @ 0..0x80 => out.push(u32::from(ascii(c as u8)))?,
                _ => push(&mut out, map(data, index))?,
            }
        }
    });
    out.finish_narrowed()
}

/// Maps an ASCII string byte by byte.
fn map_ascii(string: &Ref<Str>, map: impl Fn(usize, u8) -> u8) -> PyResult<Ref<Str>> {
    let StrData::Ucs1(data) = string.data() else { return string.to_exact() };
    if let [byte] = data {
        return Ok(Str::latin1_char(map(0, *byte)));
    }
    if data.is_empty() {
        return Ok(Str::empty());
    }
    let result = Str::uninit(data.len(), Width::Ascii)?;
    let out = result.data_mut_ptr();
    // SAFETY: the new string has as many characters.
    data.iter().enumerate().for_each(|(i, &c)| unsafe { *out.add(i) = map(i, c) });
    Ok(result)
}

impl Ref<Str> {
    pub fn to_lower(&self) -> PyResult<Ref<Str>> {
        if self.is_ascii() {
            return map_ascii(self, |_, c| c.to_ascii_lowercase());
        }
        map_each(self, |c| c.to_ascii_lowercase(), lower_at)
    }

    pub fn to_upper(&self) -> PyResult<Ref<Str>> {
        if self.is_ascii() {
            return map_ascii(self, |_, c| c.to_ascii_uppercase());
        }
        map_each(self, |c| c.to_ascii_uppercase(), |data, index| ctype::to_upper(data.get(index)))
    }

    pub fn to_casefolded(&self) -> PyResult<Ref<Str>> {
        if self.is_ascii() {
            return map_ascii(self, |_, c| c.to_ascii_lowercase());
        }
        map_each(self, |c| c.to_ascii_lowercase(), |data, index| ctype::to_folded(data.get(index)))
    }

    pub fn to_swapped_case(&self) -> PyResult<Ref<Str>> {
        if self.is_ascii() {
            return map_ascii(self, |_, c| if c.is_ascii_alphabetic() { c ^ 0x20 } else { c });
        }
        map_all(self, |data, index| match data.get(index) {
            c if ctype::is_upper(c) => lower_at(data, index),
            c if ctype::is_lower(c) => ctype::to_upper(c),
            c => Mapped::unchanged(c),
        })
    }

    pub fn to_capitalized(&self) -> PyResult<Ref<Str>> {
        if self.is_ascii() {
            return map_ascii(self, |i, c| if i == 0 { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() });
        }
        map_all(self, |data, index| if index == 0 { ctype::to_title(data.get(0)) } else { lower_at(data, index) })
    }

    pub fn to_titlecase(&self) -> PyResult<Ref<Str>> {
        let data = self.data();
        if self.is_ascii() {
            let in_word = core::cell::Cell::new(false);
            return map_ascii(self, |_, c| {
                let mapped = if in_word.get() { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
                in_word.set(c.is_ascii_alphabetic());
                mapped
            });
        }
        let mut out = StrBuilder::with_capacity(data.len())?;
        let mut in_word = false;
        for index in 0..data.len() {
            let c = data.get(index);
            push(&mut out, if in_word { lower_at(data, index) } else { ctype::to_title(c) })?;
            in_word = ctype::is_cased(c);
        }
        out.finish()
    }
}
