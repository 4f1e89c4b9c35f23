//! Algorithms on byte slices that know no objects: splitting, stripping, padding, escaping.
//!
//! CPython: `Objects/stringlib/`.

use core::ops::Range;

use super::BytesBuilder;
use super::ascii::is_space;
use crate::prelude::*;
use crate::types::str::split::Ends;
use crate::types::str::{StrBuilder, scan};

/// The first place of `needle`.
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    match needle {
        [] => Some(0),
        [byte] => scan::find_byte(haystack, *byte),
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
pub(super) fn each_match(
    haystack: &[u8],
    needle: &[u8],
    max: usize,
    mut body: impl FnMut(usize) -> PyResult<()>,
) -> PyResult<()> {
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

/// The greatest number that `maxsplit` or `count` allows; below 0 there is none.
pub fn limit(maxsplit: isize) -> usize {
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

/// Fills `out` with bytes of `data` that stand `step` apart, the first at `start`; all of these places are in `data`.
pub fn gather(out: &mut [u8], data: &[u8], start: usize, step: isize) {
    if step < 0 {
        let from = data[..=start].iter().rev();
        match step {
            -1 => out.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
            _ => out.iter_mut().zip(from.step_by(step.unsigned_abs())).for_each(|(to, from)| *to = *from),
        }
    } else {
        let from = data[start..].iter().step_by(step as usize);
        out.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
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
    quoted(data, prefix, suffix, if single && !double { b'"' } else { b'\'' }, escape_single)
}

/// `repr` with these quotes.
pub fn quoted(data: &[u8], prefix: &str, suffix: &str, quote: u8, escape_single: bool) -> PyResult<Ref<Str>> {
    let mut out = StrBuilder::with_capacity(data.len().saturating_add(prefix.len() + suffix.len() + 2))?;
    // The name of a class of Python can be any text.
    out.push_str(prefix)?;
    out.push_ascii(&[quote])?;
    let mut rest = data;
    while !rest.is_empty() {
        let plain =
            rest.iter().take_while(|&&c| matches!(c, b' '..=b'~') && c != quote && c != b'\\' && c != b'\'').count();
        out.push_ascii(&rest[..plain])?;
        let Some(&byte) = rest.get(plain) else { break };
        let (text, len) = escaped(byte, if escape_single && byte == b'\'' { byte } else { quote });
        out.push_ascii(&text[..len])?;
        rest = &rest[plain + 1..];
    }
    out.push_ascii(&[quote])?;
    out.push_str(suffix)?;
    out.finish()
}

/// One byte as `repr` shows it between these quotes, and how many characters that are.
pub fn escaped(byte: u8, quote: u8) -> ([u8; 4], usize) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let short = |letter| ([b'\\', letter, 0, 0], 2);
    match byte {
        b'\\' => short(b'\\'),
        b'\t' => short(b't'),
        b'\n' => short(b'n'),
        b'\r' => short(b'r'),
        _ if byte == quote => short(byte),
        b' '..=b'~' => ([byte, 0, 0, 0], 1),
        _ => ([b'\\', b'x', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]], 4),
    }
}
