//! Searching: substrings, single characters, counting, for every width.
//!
//! One-byte strings use `scan` and `memchr`'s vector code. Wider ones use a scan for the needle's first and last character
//! that gives up for the two-way algorithm (Crochemore, Perrin 1991) when it makes no headway, so that no search is
//! quadratic.
//! CPython: `Objects/stringlib/fastsearch.h`.

use core::cmp::Ordering;

use super::object::{StrData, each_kind};
use super::scan;

/// A character of some width.
pub trait Unit: Copy + Eq + Ord + Into<u32> {
    /// `None` where the character does not fit this width.
    fn narrow(c: u32) -> Option<Self>;
    fn find_unit(haystack: &[Self], c: Self) -> Option<usize>;
    fn rfind_unit(haystack: &[Self], c: Self) -> Option<usize>;
    fn find_slice(haystack: &[Self], needle: &[Self]) -> Option<usize>;
    fn rfind_slice(haystack: &[Self], needle: &[Self]) -> Option<usize>;
}

impl Unit for u8 {
    fn narrow(c: u32) -> Option<u8> {
        u8::try_from(c).ok()
    }

    #[inline]
    fn find_unit(haystack: &[u8], c: u8) -> Option<usize> {
        scan::find_byte(haystack, c)
    }

    fn rfind_unit(haystack: &[u8], c: u8) -> Option<usize> {
        memchr::memrchr(c, haystack)
    }

    #[inline]
    fn find_slice(haystack: &[u8], needle: &[u8]) -> Option<usize> {
        scan::find(haystack, needle)
    }

    fn rfind_slice(haystack: &[u8], needle: &[u8]) -> Option<usize> {
        scan::rfind(haystack, needle)
    }
}

macro_rules! wide_unit {
    ($unit:ty, $narrow:expr) => {
        impl Unit for $unit {
            fn narrow(c: u32) -> Option<$unit> {
                $narrow(c)
            }

            fn find_unit(haystack: &[$unit], c: $unit) -> Option<usize> {
                // Blocks without an early exit become vector code.
                const BLOCK: usize = 32;
                let mut at = 0;
                while let Some(block) = haystack.get(at..at + BLOCK) {
                    if block.iter().fold(false, |found, &unit| found | (unit == c)) {
                        break;
                    }
                    at += BLOCK;
                }
                haystack[at..].iter().position(|&unit| unit == c).map(|found| at + found)
            }

            fn rfind_unit(haystack: &[$unit], c: $unit) -> Option<usize> {
                const BLOCK: usize = 32;
                let mut end = haystack.len();
                while end >= BLOCK {
                    let block = &haystack[end - BLOCK..end];
                    if block.iter().fold(false, |found, &unit| found | (unit == c)) {
                        break;
                    }
                    end -= BLOCK;
                }
                haystack[..end].iter().rposition(|&unit| unit == c)
            }

            fn find_slice(haystack: &[$unit], needle: &[$unit]) -> Option<usize> {
                find_wide(haystack, needle)
            }

            fn rfind_slice(haystack: &[$unit], needle: &[$unit]) -> Option<usize> {
                rfind_wide(haystack, needle)
            }
        }
    };
}

wide_unit!(u16, |c| u16::try_from(c).ok());
wide_unit!(u32, Some);

/// Places that are looked at together: loops over so many without an early exit become vector code.
const BLOCK: usize = 32;

/// Whether the needle's first and last character stand at the right distance at any place of a block.
#[inline(always)]
fn block_matches<T: Unit>(starts: &[T], ends: &[T], first: T, last: T) -> bool {
    starts.iter().zip(ends).fold(false, |found, (&a, &b)| found | ((a == first) & (b == last)))
}

fn find_wide<T: Unit>(haystack: &[T], needle: &[T]) -> Option<usize> {
    let (&[first], &[.., last]) = (needle.first_chunk::<1>()?, needle) else { return None };
    let n = needle.len();
    let places = haystack.len().checked_sub(n)? + 1;
    // Work allowed for false starts before the slower, safe algorithm takes over.
    let mut budget = 256 + 4 * haystack.len();
    let mut at = 0;
    while at < places {
        let end = (at + BLOCK).min(places);
        if end - at == BLOCK && !block_matches(&haystack[at..end], &haystack[at + n - 1..end + n - 1], first, last) {
            at = end;
            continue;
        }
        for place in at..end {
            let window = &haystack[place..place + n];
            if window[0] == first && window[n - 1] == last {
                if window == needle {
                    return Some(place);
                }
                match budget.checked_sub(n) {
                    Some(left) => budget = left,
                    None => return two_way(&haystack[place + 1..], needle).map(|found| place + 1 + found),
                }
            }
        }
        at = end;
    }
    None
}

fn rfind_wide<T: Unit>(haystack: &[T], needle: &[T]) -> Option<usize> {
    let (&[first], &[.., last]) = (needle.first_chunk::<1>()?, needle) else { return None };
    let n = needle.len();
    let mut end = haystack.len().checked_sub(n)? + 1;
    while end > 0 {
        let at = end.saturating_sub(BLOCK);
        if end - at == BLOCK && !block_matches(&haystack[at..end], &haystack[at + n - 1..end + n - 1], first, last) {
            end = at;
            continue;
        }
        for place in (at..end).rev() {
            let window = &haystack[place..place + n];
            if window[0] == first && window[n - 1] == last && window == needle {
                return Some(place);
            }
        }
        end = at;
    }
    None
}

/// The greatest suffix of the needle under an order of units, and its period.
fn critical_position<T: Unit>(needle: &[T], reversed: bool) -> (usize, usize) {
    let (mut left, mut right, mut offset, mut period) = (0, 1, 0, 1);
    while let Some(&a) = needle.get(right + offset) {
        let b = needle[left + offset];
        let order = if reversed { b.cmp(&a) } else { a.cmp(&b) };
        match order {
            Ordering::Less => {
                right += offset + 1;
                offset = 0;
                period = right - left;
            }
            Ordering::Equal => {
                if offset + 1 == period {
                    right += offset + 1;
                    offset = 0;
                } else {
                    offset += 1;
                }
            }
            Ordering::Greater => {
                left = right;
                right += 1;
                offset = 0;
                period = 1;
            }
        }
    }
    (left, period)
}

/// Linear-time search; the needle is not empty.
fn two_way<T: Unit>(haystack: &[T], needle: &[T]) -> Option<usize> {
    let (plain, reversed) = (critical_position(needle, false), critical_position(needle, true));
    let (cut, period) = if plain.0 >= reversed.0 { plain } else { reversed };
    let periodic = needle.len() >= cut + period && needle[..cut] == needle[period..period + cut];
    let shift = if periodic { period } else { cut.max(needle.len() - cut) + 1 };
    let (mut at, mut memory) = (0, 0);
    while let Some(window) = haystack.get(at..at + needle.len()) {
        let start = cut.max(memory);
        if let Some(bad) = (start..needle.len()).find(|&i| needle[i] != window[i]) {
            at += bad + 1 - cut;
            memory = 0;
            continue;
        }
        match (memory..cut).rev().find(|&i| needle[i] != window[i]) {
            None => return Some(at),
            Some(_) => {
                at += shift;
                memory = if periodic { needle.len() - period } else { 0 };
            }
        }
    }
    None
}

/// Runs `body` with the needle in the haystack's width; `None` if it cannot occur in it, being wider.
fn with_needle<T: Unit, R>(needle: StrData<'_>, body: impl FnOnce(&[T]) -> Option<R>) -> Option<R> {
    const SHORT: usize = 32;
    let first = T::narrow(needle.get(0))?;
    if needle.len() <= SHORT {
        let mut short = [first; SHORT];
        for (unit, c) in short.iter_mut().zip(needle.iter()) {
            *unit = T::narrow(c)?;
        }
        return body(&short[..needle.len()]);
    }
    let mut units = Vec::new();
    units.try_reserve_exact(needle.len()).ok()?;
    for c in needle.iter() {
        units.push(T::narrow(c)?);
    }
    body(&units)
}

macro_rules! same_width {
    ($haystack:expr, $needle:expr, $h:ident, $n:ident => $body:expr) => {
        match ($haystack, $needle) {
            (StrData::Ucs1($h), StrData::Ucs1($n)) => $body,
            (StrData::Ucs2($h), StrData::Ucs2($n)) => $body,
            (StrData::Ucs4($h), StrData::Ucs4($n)) => $body,
            (StrData::Ucs1($h), needle) => with_needle::<u8, _>(needle, |$n| $body),
            (StrData::Ucs2($h), needle) => with_needle::<u16, _>(needle, |$n| $body),
            (StrData::Ucs4($h), needle) => with_needle::<u32, _>(needle, |$n| $body),
        }
    };
}

/// The first place of `needle`.
pub fn find(haystack: StrData<'_>, needle: StrData<'_>) -> Option<usize> {
    if let (StrData::Ucs1(haystack), StrData::Ucs1(needle @ [_, _, ..])) = (haystack, needle) {
        return scan::find(haystack, needle);
    }
    match needle.len() {
        0 => Some(0),
        n if n > haystack.len() => None,
        1 => find_char(haystack, needle.get(0)),
        _ => same_width!(haystack, needle, h, n => Unit::find_slice(h, n)),
    }
}

/// The last place of `needle`.
pub fn rfind(haystack: StrData<'_>, needle: StrData<'_>) -> Option<usize> {
    match needle.len() {
        0 => Some(haystack.len()),
        n if n > haystack.len() => None,
        1 => rfind_char(haystack, needle.get(0)),
        _ => same_width!(haystack, needle, h, n => Unit::rfind_slice(h, n)),
    }
}

#[inline]
pub fn find_char(haystack: StrData<'_>, c: u32) -> Option<usize> {
    each_kind!(haystack, h => Unit::find_unit(h, Unit::narrow(c)?))
}

pub fn rfind_char(haystack: StrData<'_>, c: u32) -> Option<usize> {
    each_kind!(haystack, h => Unit::rfind_unit(h, Unit::narrow(c)?))
}

/// How often `needle`, which is not empty, occurs without overlap; counting stops at `max`.
pub fn count(haystack: StrData<'_>, needle: StrData<'_>, max: usize) -> usize {
    if let (StrData::Ucs1(haystack), StrData::Ucs1([c])) = (haystack, needle) {
        return scan::count_byte(haystack, *c).min(max);
    }
    let mut count = 0;
    for_each_match(haystack, needle, |_| {
        count += 1;
        count < max
    });
    count
}

/// Calls `found` with each place of `needle` (not empty) from the left, without overlap, until it answers `false`.
pub fn for_each_match(haystack: StrData<'_>, needle: StrData<'_>, mut found: impl FnMut(usize) -> bool) {
    if needle.len() > haystack.len() || needle.is_empty() {
        return;
    }
    let done: Option<()> = same_width!(haystack, needle, h, n => {
        each_match(h, n, &mut found);
        Some(())
    });
    let _ = done;
}

fn each_match<T: Unit>(haystack: &[T], needle: &[T], found: &mut impl FnMut(usize) -> bool) {
    if size_of::<T>() == 1 {
        // SAFETY: a unit of one byte is `u8`.
        let (haystack, needle) = unsafe {
            (
                core::slice::from_raw_parts(haystack.as_ptr().cast::<u8>(), haystack.len()),
                core::slice::from_raw_parts(needle.as_ptr().cast::<u8>(), needle.len()),
            )
        };
        match needle {
            [c] => scan::each_byte(haystack, *c, found),
            _ => scan::each_match(haystack, needle, found),
        }
        return;
    }
    if size_of::<T>() == 2
        && let [c] = needle
    {
        // SAFETY: a unit of two bytes is `u16`.
        let haystack = unsafe { core::slice::from_raw_parts(haystack.as_ptr().cast::<u16>(), haystack.len()) };
        let c: u32 = (*c).into();
        return scan::each_wide(haystack, c as u16, found);
    }
    let mut at = 0;
    while at + needle.len() <= haystack.len() {
        let place = match needle {
            [c] => T::find_unit(&haystack[at..], *c),
            _ => T::find_slice(&haystack[at..], needle),
        };
        let Some(place) = place else { return };
        if !found(at + place) {
            return;
        }
        at += place + needle.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_search_agrees_with_the_naive_one() {
        // Words over two letters find every corner of the two-way algorithm.
        for bits in 0u32..1 << 12 {
            let word: Vec<u16> = (0..12).map(|i| 0x100 + (bits >> i & 1) as u16).collect();
            for needle_len in 1..5 {
                for pattern in 0u32..1 << needle_len {
                    let needle: Vec<u16> = (0..needle_len).map(|i| 0x100 + (pattern >> i & 1) as u16).collect();
                    let naive = word.windows(needle.len()).position(|w| w == needle);
                    assert_eq!(two_way(&word, &needle), naive);
                    assert_eq!(find_wide(&word, &needle), naive);
                    let last = word.windows(needle.len()).rposition(|w| w == needle);
                    assert_eq!(rfind_wide(&word, &needle), last);
                }
            }
        }
    }

    #[test]
    fn needles_of_other_widths() {
        assert_eq!(find(StrData::Ucs2(&[0x100, 97, 98]), StrData::Ucs1(b"ab")), Some(1));
        assert_eq!(find(StrData::Ucs1(b"abc"), StrData::Ucs2(&[0x100, 97])), None);
        assert_eq!(count(StrData::Ucs1(b"aaaa"), StrData::Ucs1(b"aa"), usize::MAX), 2);
    }
}
