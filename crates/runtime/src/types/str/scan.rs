//! Scanning bytes with next to no setup: every place of a byte or of a needle, and the first or last place of a needle in
//! a short text. Sixteen places are compared at a time and a mask says which match.
//!
//! A needle is looked for by its first and last byte together, then compared; work spent on false starts is limited, and
//! beyond that `memchr::memmem` takes over, so no search is quadratic.
//! CPython: `Objects/stringlib/fastsearch.h`.

use core::ptr;

use memchr::memmem;

/// Bytes compared at once.
const WIDTH: usize = 16;

/// Which of the sixteen bytes at `at` are `c`, the first in the lowest bit.
///
/// # Safety
/// Sixteen bytes can be read at `at`.
#[inline(always)]
unsafe fn mask(at: *const u8, c: u8) -> u32 {
    // SAFETY: by contract; SSE2 is part of x86-64.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        use core::arch::x86_64::{__m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8};
        let block = _mm_loadu_si128(at.cast::<__m128i>());
        _mm_movemask_epi8(_mm_cmpeq_epi8(block, _mm_set1_epi8(c as i8))) as u32
    }
    // SAFETY: by contract.
    #[cfg(not(target_arch = "x86_64"))]
    unsafe {
        (0..WIDTH).fold(0, |mask, i| mask | u32::from(*at.add(i) == c) << i)
    }
}

/// Calls `found` with each place of `c` from the left until it answers `false`.
#[inline]
pub fn each_byte(haystack: &[u8], c: u8, mut found: impl FnMut(usize) -> bool) {
    let (start, len) = (haystack.as_ptr(), haystack.len());
    let mut at = 0;
    while at + WIDTH <= len {
        // SAFETY: the block is inside.
        let mut mask = unsafe { mask(start.add(at), c) };
        while mask != 0 {
            if !found(at + mask.trailing_zeros() as usize) {
                return;
            }
            mask &= mask - 1;
        }
        at += WIDTH;
    }
    if at == len {
        return;
    }
    if len >= WIDTH {
        // The last block again, without the part that was seen.
        let back = len - WIDTH;
        // SAFETY: the block is inside.
        let mut mask = unsafe { mask(start.add(back), c) } >> (at - back);
        while mask != 0 {
            if !found(at + mask.trailing_zeros() as usize) {
                return;
            }
            mask &= mask - 1;
        }
        return;
    }
    for (at, &byte) in haystack.iter().enumerate() {
        if byte == c && !found(at) {
            return;
        }
    }
}

/// The first place of `c`.
#[inline]
pub fn find_byte(haystack: &[u8], c: u8) -> Option<usize> {
    if haystack.len() > 4 * WIDTH {
        return memchr::memchr(c, haystack);
    }
    let mut result = None;
    each_byte(haystack, c, |at| {
        result = Some(at);
        false
    });
    result
}

/// As [`each_byte`] for characters of two bytes.
#[inline]
pub fn each_wide(haystack: &[u16], c: u16, mut found: impl FnMut(usize) -> bool) {
    let mut at = 0;
    #[cfg(target_arch = "x86_64")]
    while at + 8 <= haystack.len() {
        use core::arch::x86_64::{_mm_cmpeq_epi16, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi16};
        // SAFETY: the block is inside; SSE2 is part of x86-64. One bit of the two of each match is kept.
        let mut mask = unsafe {
            let block = _mm_loadu_si128(haystack.as_ptr().add(at).cast());
            _mm_movemask_epi8(_mm_cmpeq_epi16(block, _mm_set1_epi16(c as i16))) as u32 & 0x5555
        };
        while mask != 0 {
            if !found(at + mask.trailing_zeros() as usize / 2) {
                return;
            }
            mask &= mask - 1;
        }
        at += 8;
    }
    for (index, &unit) in haystack[at..].iter().enumerate() {
        if unit == c && !found(at + index) {
            return;
        }
    }
}

/// Which of the bytes from `at` on are `c`, the first in the lowest bit; a block of sixteen, as far as the haystack has it.
///
/// # Safety
/// The haystack has at least sixteen bytes and `at` of them before it.
#[inline(always)]
unsafe fn mask_at_end(haystack: &[u8], at: usize, c: u8) -> u32 {
    let last = haystack.len() - WIDTH;
    // SAFETY: by contract.
    unsafe {
        if at <= last {
            mask(haystack.as_ptr().add(at), c)
        } else {
            mask(haystack.as_ptr().add(last), c) >> (at - last)
        }
    }
}

/// How often `c` occurs.
#[inline]
pub fn count_byte(haystack: &[u8], c: u8) -> usize {
    if haystack.len() < 64 {
        haystack.iter().filter(|&&byte| byte == c).count()
    } else {
        memchr::memchr_iter(c, haystack).count()
    }
}

/// Whether the middle of a needle, whose ends were seen to match, matches too.
///
/// # Safety
/// `needle.len()` bytes can be read at `at`.
#[inline(always)]
unsafe fn middle_matches(at: *const u8, needle: &[u8]) -> bool {
    let inner = needle.len() - 2;
    // SAFETY: by contract.
    unsafe {
        match inner {
            0 => true,
            1 => *at.add(1) == needle[1],
            _ => equal_short(at.add(1), needle.as_ptr().add(1), inner),
        }
    }
}

/// Calls `found` with each place of `needle`, of two bytes at least, from the left without overlap until it answers `false`.
#[inline]
pub fn each_match(haystack: &[u8], needle: &[u8], mut found: impl FnMut(usize) -> bool) {
    let (len, n) = (haystack.len(), needle.len());
    debug_assert!(n >= 2);
    if n > len {
        return;
    }
    let (start, first, last) = (haystack.as_ptr(), needle[0], needle[n - 1]);
    let places = len - n + 1;
    // Places before `next` are inside of the last match.
    let (mut at, mut next) = (0, 0);
    let mut budget = 256 + 16 * len;
    while at < places {
        // SAFETY: the last place of a whole block has room for the needle; what goes beyond the last place is cut off.
        let mut both = unsafe {
            if at + WIDTH <= places {
                mask(start.add(at), first) & mask(start.add(at + n - 1), last)
            } else if len >= WIDTH {
                mask_at_end(haystack, at, first) & mask_at_end(haystack, at + n - 1, last) & ((1 << (places - at)) - 1)
            } else {
                break;
            }
        };
        while both != 0 {
            let place = at + both.trailing_zeros() as usize;
            both &= both - 1;
            if place < next {
                continue;
            }
            // SAFETY: as above.
            if unsafe { middle_matches(start.add(place), needle) } {
                if !found(place) {
                    return;
                }
                next = place + n;
            } else {
                match budget.checked_sub(n) {
                    Some(left) => budget = left,
                    None => {
                        for more in memmem::find_iter(&haystack[place + 1..], needle) {
                            if !found(place + 1 + more) {
                                return;
                            }
                        }
                        return;
                    }
                }
            }
        }
        at = (at + WIDTH).max(next);
    }
    at = at.max(next);
    while at < places {
        // SAFETY: the place has room for the needle.
        let same = unsafe {
            let place = start.add(at);
            *place == first && *place.add(n - 1) == last && middle_matches(place, needle)
        };
        if same {
            if !found(at) {
                return;
            }
            at += n;
        } else {
            at += 1;
        }
    }
}

/// Haystacks from here on are worth the setup of `memmem`.
const LONG: usize = 1024;

/// The first place of `needle`, of two bytes at least.
#[inline]
pub fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    if haystack.len() >= LONG {
        return memmem::find(haystack, needle);
    }
    let mut result = None;
    each_match(haystack, needle, |at| {
        result = Some(at);
        false
    });
    result
}

/// The last place of `needle`, of two bytes at least.
pub fn rfind(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let (len, n) = (haystack.len(), needle.len());
    if n > len {
        return None;
    }
    let (start, first, last) = (haystack.as_ptr(), needle[0], needle[n - 1]);
    let mut end = len - n + 1;
    let mut budget = 256 + 16 * len;
    while end >= WIDTH {
        let at = end - WIDTH;
        // SAFETY: the last place of the block has room for the needle.
        let mut both = unsafe { mask(start.add(at), first) & mask(start.add(at + n - 1), last) };
        while both != 0 {
            let bit = 31 - both.leading_zeros();
            let place = at + bit as usize;
            both ^= 1 << bit;
            // SAFETY: as above.
            if unsafe { middle_matches(start.add(place), needle) } {
                return Some(place);
            }
            match budget.checked_sub(n) {
                Some(left) => budget = left,
                None => return memmem::rfind(&haystack[..place + n - 1], needle),
            }
        }
        end = at;
    }
    while end > 0 {
        end -= 1;
        // SAFETY: the place has room for the needle.
        let same = unsafe {
            let place = start.add(end);
            *place == first && *place.add(n - 1) == last && middle_matches(place, needle)
        };
        if same {
            return Some(end);
        }
    }
    None
}

/// What a vector register holds.
type Block = [u64; 2];

/// Whether `a` and `b` are the same; few bytes are compared without a call.
#[inline(always)]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len()
        && match *a {
            [] => true,
            [only] => only == b[0],
            // SAFETY: both have as many bytes, two at least.
            _ => unsafe { equal_short(a.as_ptr(), b.as_ptr(), a.len()) },
        }
}

#[inline(always)]
pub fn starts_with(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|start| equal(start, prefix))
}

#[inline(always)]
pub fn ends_with(text: &[u8], suffix: &[u8]) -> bool {
    text.len().checked_sub(suffix.len()).is_some_and(|at| equal(&text[at..], suffix))
}

/// Whether the bytes at `a` and `b` are the same; few are compared without a call.
///
/// # Safety
/// `len` bytes can be read at both; `len` is above 1.
#[inline(always)]
unsafe fn equal_short(a: *const u8, b: *const u8, len: usize) -> bool {
    // SAFETY: by contract; the two pieces of each case overlap or meet.
    unsafe {
        match len {
            17.. => core::slice::from_raw_parts(a, len) == core::slice::from_raw_parts(b, len),
            8..=16 => ends_equal::<u64>(a, b, len),
            4..=7 => ends_equal::<u32>(a, b, len),
            _ => ends_equal::<u16>(a, b, len),
        }
    }
}

/// Whether the first bytes and the last ones, as many as `T` has, are the same.
///
/// # Safety
/// `len` bytes can be read at both; `T` is an integer of at most `len` bytes.
#[inline(always)]
unsafe fn ends_equal<T: Copy + PartialEq>(a: *const u8, b: *const u8, len: usize) -> bool {
    let end = len - size_of::<T>();
    // SAFETY: by contract.
    unsafe {
        a.cast::<T>().read_unaligned() == b.cast::<T>().read_unaligned()
            && a.add(end).cast::<T>().read_unaligned() == b.add(end).cast::<T>().read_unaligned()
    }
}

/// Copies few bytes without a call; many with one.
///
/// # Safety
/// As `ptr::copy_nonoverlapping`.
#[inline(always)]
pub unsafe fn copy_short(from: *const u8, to: *mut u8, len: usize) {
    // SAFETY: by contract; the two pieces of each case overlap or meet.
    unsafe {
        match len {
            33.. => ptr::copy_nonoverlapping(from, to, len),
            17..=32 => {
                let (low, high) =
                    (from.cast::<Block>().read_unaligned(), from.add(len - WIDTH).cast::<Block>().read_unaligned());
                to.cast::<Block>().write_unaligned(low);
                to.add(len - WIDTH).cast::<Block>().write_unaligned(high);
            }
            8..=16 => {
                let (low, high) =
                    (from.cast::<u64>().read_unaligned(), from.add(len - 8).cast::<u64>().read_unaligned());
                to.cast::<u64>().write_unaligned(low);
                to.add(len - 8).cast::<u64>().write_unaligned(high);
            }
            4..=7 => {
                let (low, high) =
                    (from.cast::<u32>().read_unaligned(), from.add(len - 4).cast::<u32>().read_unaligned());
                to.cast::<u32>().write_unaligned(low);
                to.add(len - 4).cast::<u32>().write_unaligned(high);
            }
            1..=3 => {
                let (first, middle, last) = (*from, *from.add(len / 2), *from.add(len - 1));
                *to = first;
                *to.add(len / 2) = middle;
                *to.add(len - 1) = last;
            }
            0 => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_naive_search() {
        // Texts over two letters around the block width, with needles that match often, rarely and never.
        let mut seed = 1u32;
        for len in 0..70usize {
            for _ in 0..20 {
                let text: Vec<u8> = (0..len)
                    .map(|_| {
                        seed = seed.wrapping_mul(1_103_515_245).wrapping_add(12345);
                        b'a' + (seed >> 16 & 3 == 0) as u8
                    })
                    .collect();
                for needle in [&b"aa"[..], b"ab", b"aba", b"baab", b"aaaaaaaaaaaaaaaaab"] {
                    let mut naive = Vec::new();
                    let mut at = 0;
                    while at + needle.len() <= len {
                        if text[at..].starts_with(needle) {
                            naive.push(at);
                            at += needle.len();
                        } else {
                            at += 1;
                        }
                    }
                    let mut places = Vec::new();
                    each_match(&text, needle, |at| {
                        places.push(at);
                        true
                    });
                    assert_eq!(places, naive);
                    assert_eq!(find(&text, needle), naive.first().copied());
                    let last =
                        (0..(len + 1).saturating_sub(needle.len())).rev().find(|&i| text[i..].starts_with(needle));
                    assert_eq!(rfind(&text, needle), last);
                }
                let mut places = Vec::new();
                each_byte(&text, b'b', |at| {
                    places.push(at);
                    true
                });
                let naive: Vec<usize> = (0..len).filter(|&i| text[i] == b'b').collect();
                assert_eq!(places, naive);
                let wide: Vec<u16> = text.iter().map(|&c| u16::from(c)).collect();
                places.clear();
                each_wide(&wide, u16::from(b'b'), |at| {
                    places.push(at);
                    true
                });
                assert_eq!(places, naive);
                assert_eq!(count_byte(&text, b'b'), naive.len());
            }
        }
    }

    #[test]
    fn false_starts_do_not_make_it_quadratic() {
        let mut text = vec![b'a'; 200_000];
        let mut needle = vec![b'a'; 1000];
        needle[500] = b'b';
        let mut count = 0;
        each_match(&text, &needle, |_| {
            count += 1;
            true
        });
        assert_eq!((count, rfind(&text, &needle)), (0, None));
        text[150_000] = b'b';
        assert_eq!(rfind(&text, &needle), Some(149_500));
        let mut at = None;
        each_match(&text, &needle, |place| {
            at = Some(place);
            true
        });
        assert_eq!(at, Some(149_500));
    }

    #[test]
    fn short_copies() {
        let from: Vec<u8> = (0..40).collect();
        for len in 0..40 {
            let mut to = [255u8; 41];
            // SAFETY: both have room.
            unsafe { copy_short(from.as_ptr(), to.as_mut_ptr(), len) };
            assert_eq!(&to[..len], &from[..len]);
            assert_eq!(to[len], 255);
        }
    }
}
