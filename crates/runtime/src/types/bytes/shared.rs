//! Algorithms on byte slices that know no objects: splitting, stripping, replacing, padding, escaping.
//!
//! CPython: `Objects/stringlib/`.

use core::ops::Range;

use super::BytesBuilder;
use super::ascii::is_space;
use crate::prelude::*;
use crate::types::str::scan;
use crate::types::str::split::Ends;

/// The first place of `needle`.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(0),
        [byte] => memchr::memchr(*byte, haystack),
        _ => scan::find(haystack, needle),
    }
}

/// The last place of `needle`.
pub fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(haystack.len()),
        [byte] => memchr::memrchr(*byte, haystack),
        _ => scan::rfind(haystack, needle),
    }
}

/// How often `needle` occurs without overlap, at most `max`.
pub fn count(haystack: &[u8], needle: &[u8], max: usize) -> usize {
    match needle {
        [] => haystack.len().saturating_add(1).min(max),
        [byte] => scan::count_byte(haystack, *byte).min(max),
        _ => {
            let mut count = 0;
            scan::each_match(haystack, needle, |_| {
                count += 1;
                count < max
            });
            count.min(max)
        }
    }
}

/// Calls `body` with each place of `needle` (not empty), at most `max` of them.
#[inline(always)]
fn each_match(haystack: &[u8], needle: &[u8], max: usize, mut body: impl FnMut(usize) -> PyResult<()>) -> PyResult<()> {
    if max == 0 {
        return Ok(());
    }
    let (mut left, mut result) = (max, Ok(()));
    let found = |at: usize| {
        result = body(at);
        left -= 1;
        result.is_ok() && left > 0
    };
    match needle {
        [byte] => scan::each_byte(haystack, *byte, found),
        _ => scan::each_match(haystack, needle, found),
    }
    result
}

fn limit(maxsplit: isize) -> usize {
    if maxsplit < 0 { usize::MAX } else { maxsplit as usize }
}

/// `split(None, maxsplit)`: gives the pieces as ranges.
pub fn split_whitespace(
    data: &[u8],
    maxsplit: isize,
    mut piece: impl FnMut(Range<usize>) -> PyResult<()>,
) -> PyResult<()> {
    let (mut left, mut at) = (limit(maxsplit), 0);
    loop {
        while at < data.len() && is_space(data[at]) {
            at += 1;
        }
        if at == data.len() {
            return Ok(());
        }
        if left == 0 {
            return piece(at..data.len());
        }
        left -= 1;
        let start = at;
        while at < data.len() && !is_space(data[at]) {
            at += 1;
        }
        piece(start..at)?;
    }
}

/// `rsplit(None, maxsplit)`: gives the pieces from the right.
pub fn rsplit_whitespace(
    data: &[u8],
    maxsplit: isize,
    mut piece: impl FnMut(Range<usize>) -> PyResult<()>,
) -> PyResult<()> {
    let (mut left, mut end) = (limit(maxsplit), data.len());
    loop {
        while end > 0 && is_space(data[end - 1]) {
            end -= 1;
        }
        if end == 0 {
            return Ok(());
        }
        if left == 0 {
            return piece(0..end);
        }
        left -= 1;
        let mut start = end;
        while start > 0 && !is_space(data[start - 1]) {
            start -= 1;
        }
        piece(start..end)?;
        end = start;
    }
}

/// `split(separator, maxsplit)`; the separator is not empty.
pub fn split(
    data: &[u8],
    separator: &[u8],
    maxsplit: isize,
    mut piece: impl FnMut(Range<usize>) -> PyResult<()>,
) -> PyResult<()> {
    let mut start = 0;
    each_match(data, separator, limit(maxsplit), |at| {
        piece(start..at)?;
        start = at + separator.len();
        Ok(())
    })?;
    piece(start..data.len())
}

/// `rsplit(separator, maxsplit)`: gives the pieces from the right.
pub fn rsplit(
    data: &[u8],
    separator: &[u8],
    maxsplit: isize,
    mut piece: impl FnMut(Range<usize>) -> PyResult<()>,
) -> PyResult<()> {
    let (mut left, mut end) = (limit(maxsplit), data.len());
    while left > 0
        && let Some(at) = rfind(&data[..end], separator)
    {
        piece(at + separator.len()..end)?;
        end = at;
        left -= 1;
    }
    piece(0..end)
}

/// `splitlines(keepends)`.
pub fn splitlines(data: &[u8], keepends: bool, mut piece: impl FnMut(Range<usize>) -> PyResult<()>) -> PyResult<()> {
    let mut start = 0;
    while start < data.len() {
        let end = memchr::memchr2(b'\n', b'\r', &data[start..]).map_or(data.len(), |at| start + at);
        let mut next = (end + 1).min(data.len());
        if next < data.len() && data[end] == b'\r' && data[next] == b'\n' {
            next += 1;
        }
        piece(start..if keepends { next } else { end })?;
        start = next;
    }
    Ok(())
}

/// What `strip` leaves.
pub fn strip(data: &[u8], ends: Ends, drop: impl Fn(u8) -> bool) -> Range<usize> {
    let (mut start, mut end) = (0, data.len());
    if ends != Ends::Right {
        while start < end && drop(data[start]) {
            start += 1;
        }
    }
    if ends != Ends::Left {
        while end > start && drop(data[end - 1]) {
            end -= 1;
        }
    }
    start..end
}

/// How many matches there are, and in short texts, which are not to be searched twice, where the first few stand.
pub struct Places {
    pub count: usize,
    /// How many of `first` are noted.
    noted: usize,
    first: [usize; Places::FEW],
}

impl Places {
    const FEW: usize = 8;
    /// The length of a short text.
    const SHORT: usize = 256;

    /// The first `max` places of `old` in `data`.
    pub fn find(data: &[u8], old: &[u8], max: usize) -> Places {
        let mut places = Places { count: 0, noted: 0, first: [0; Places::FEW] };
        if data.len() > Places::SHORT || old.is_empty() {
            places.count = count(data, old, max);
            return places;
        }
        let done = each_match(data, old, max, |at| {
            if let Some(place) = places.first.get_mut(places.noted) {
                *place = at;
                places.noted += 1;
            }
            places.count += 1;
            Ok(())
        });
        debug_assert!(done.is_ok());
        places
    }

    /// Copies `data`, which has these places of `old`, with `new` in their stead; `out` has the length of the result.
    pub fn replace_into(&self, data: &[u8], old: &[u8], new: &[u8], out: &mut [u8]) {
        if self.noted < self.count {
            return replace_into(data, old, new, self.count, out);
        }
        let (mut from, mut to) = (0, 0);
        let total = out.len();
        let target = out.as_mut_ptr();
        for &at in &self.first[..self.count] {
            let kept = at - from;
            debug_assert!(to + kept + new.len() <= total);
            // SAFETY: as in `replace_into`.
            unsafe {
                scan::copy_short(data.as_ptr().add(from), target.add(to), kept);
                scan::copy_short(new.as_ptr(), target.add(to + kept), new.len());
            }
            to += kept + new.len();
            from = at + old.len();
        }
        // SAFETY: what is left fills `out`.
        unsafe { scan::copy_short(data.as_ptr().add(from), target.add(to), total - to) };
    }
}

/// Copies `data` with the first `matches` places of `old` (not empty) replaced; `out` has the length of the result. Where `new` is as
/// long as `old`, there may be fewer matches.
pub fn replace_into(data: &[u8], old: &[u8], new: &[u8], matches: usize, out: &mut [u8]) {
    if let ([old], [new]) = (old, new) {
        let all = matches >= data.len() || scan::count_byte(data, *old) == matches;
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
    let (mut from, mut to) = (0, 0);
    let total = out.len();
    let target = out.as_mut_ptr();
    let done = each_match(data, old, matches, |at| {
        let kept = at - from;
        debug_assert!(to + kept + new.len() <= total);
        // SAFETY: the pieces lie in `data` one after the other, and `out` has the length that all of them add up to with
        // the replacements between them.
        unsafe {
            scan::copy_short(data.as_ptr().add(from), target.add(to), kept);
            to += kept;
            scan::copy_short(new.as_ptr(), target.add(to), new.len());
        }
        to += new.len();
        from = at + old.len();
        Ok(())
    });
    debug_assert!(done.is_ok());
    out[to..].copy_from_slice(&data[from..]);
}

/// `data.replace(old, new, count)`; `None` if nothing changes.
pub fn replace(data: &[u8], old: &[u8], new: &[u8], count_limit: isize) -> PyResult<Option<BytesBuilder>> {
    let max = limit(count_limit);
    if max == 0 || old.len() > data.len() || (old.is_empty() && new.is_empty()) {
        return Ok(None);
    }
    if old.len() == new.len() {
        // Nothing to count: the length stays.
        if find(data, old).is_none() {
            return Ok(None);
        }
        let mut out = BytesBuilder::with_capacity(data.len())?;
        // SAFETY: there is room for so many bytes, all of which are written.
        unsafe {
            out.advance(data.len());
            replace_into(data, old, new, max, out.as_mut_slice());
        }
        return Ok(Some(out));
    }
    let places = Places::find(data, old, max);
    let matches = places.count;
    if matches == 0 {
        return Ok(None);
    }
    let len = matches.checked_mul(new.len()).and_then(|n| n.checked_add(data.len() - matches * old.len()));
    let Some(len) = len.filter(|&len| len <= isize::MAX as usize) else {
        return Err(raise!(OverflowError, "replace bytes is too long"));
    };
    if len == 0 {
        return Ok(Some(BytesBuilder::new()));
    }
    let mut out = BytesBuilder::with_capacity(len)?;
    if old.is_empty() {
        for (index, &byte) in data.iter().enumerate() {
            if index < matches {
                out.push(new)?;
            }
            out.push_byte(byte)?;
        }
        if matches > data.len() {
            out.push(new)?;
        }
        return Ok(Some(out));
    }
    // SAFETY: there is room for `len` bytes, all of which are written.
    unsafe {
        out.advance(len);
        places.replace_into(data, old, new, out.as_mut_slice());
    }
    Ok(Some(out))
}

/// `data.expandtabs(tabsize)`.
pub fn expandtabs(data: &[u8], tabsize: usize) -> PyResult<BytesBuilder> {
    let mut out = BytesBuilder::with_capacity(data.len())?;
    let mut column = 0;
    for &byte in data {
        match byte {
            b'\t' if tabsize > 0 => {
                let step = tabsize - column % tabsize;
                if out.len().checked_add(step).is_none_or(|n| n > isize::MAX as usize) {
                    return Err(raise!(OverflowError, "result too long"));
                }
                out.push_fill(b' ', step)?;
                column += step;
            }
            b'\t' => {}
            b'\n' | b'\r' => {
                out.push_byte(byte)?;
                column = 0;
            }
            _ => {
                out.push_byte(byte)?;
                column += 1;
            }
        }
    }
    Ok(out)
}

/// `data` with `left` and `right` copies of `fill` around it.
pub fn pad(data: &[u8], left: usize, right: usize, fill: u8) -> PyResult<BytesBuilder> {
    let mut out = BytesBuilder::with_capacity(left.saturating_add(right).saturating_add(data.len()))?;
    out.push_fill(fill, left)?;
    out.push(data)?;
    out.push_fill(fill, right)?;
    Ok(out)
}

/// `data.zfill(..)` with `zeros` of them.
pub fn zfill(data: &[u8], zeros: usize) -> PyResult<BytesBuilder> {
    let mut out = BytesBuilder::with_capacity(zeros.saturating_add(data.len()))?;
    let sign = usize::from(matches!(data.first(), Some(b'+' | b'-')));
    out.push(&data[..sign])?;
    out.push_fill(b'0', zeros)?;
    out.push(&data[sign..])?;
    Ok(out)
}

/// `data` repeated `count` times.
pub fn repeat(data: &[u8], count: usize) -> PyResult<BytesBuilder> {
    let Some(total) = data.len().checked_mul(count).filter(|&total| total <= isize::MAX as usize) else {
        return Err(Raised::no_memory());
    };
    let mut out = BytesBuilder::with_capacity(total)?;
    if let [byte] = data {
        out.push_fill(*byte, count)?;
        return Ok(out);
    }
    out.push(data)?;
    // SAFETY: there is room for all copies, which the loop writes.
    unsafe { out.advance(total - data.len()) };
    let all = out.as_mut_slice();
    let mut done = data.len();
    while done < total {
        let step = done.min(total - done);
        all.copy_within(..step, done);
        done += step;
    }
    Ok(out)
}

/// `repr` of bytes between a prefix and a suffix.
pub fn repr(data: &[u8], prefix: &str, suffix: &str, escape_single: bool) -> PyResult<Ref<Str>> {
    let single = memchr::memchr(b'\'', data).is_some();
    let double = memchr::memchr(b'"', data).is_some();
    let quote = if single && !double { b'"' } else { b'\'' };
    let mut out = Vec::new();
    if data.len().checked_add(prefix.len() + suffix.len() + 2).is_none_or(|n| out.try_reserve(n).is_err()) {
        return Err(Raised::no_memory());
    }
    out.extend_from_slice(prefix.as_bytes());
    out.push(quote);
    for &byte in data {
        if out.try_reserve(8).is_err() {
            return Err(Raised::no_memory());
        }
        push_escaped(&mut out, byte, if escape_single && byte == b'\'' { byte } else { quote });
    }
    out.push(quote);
    out.extend_from_slice(suffix.as_bytes());
    match core::str::from_utf8(&out) {
        // The name of a class of Python can be any text.
        Ok(text) if !prefix.is_ascii() => Str::from_utf8_str(text),
        _ => Str::from_ascii(&out),
    }
}

/// One byte as `repr` shows it between these quotes.
pub fn push_escaped(out: &mut Vec<u8>, byte: u8, quote: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'\\' => out.extend_from_slice(b"\\\\"),
        b'\t' => out.extend_from_slice(b"\\t"),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        _ if byte == quote => out.extend_from_slice(&[b'\\', byte]),
        b' '..=b'~' => out.push(byte),
        _ => out.extend_from_slice(&[b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]),
    }
}
