//! UTF-8 to characters and back, straight into memory of the right size. Both directions move sixteen ASCII characters at
//! a time and count before they write, so that nothing is written twice.
//!
//! CPython: `unicode_decode_utf8`, `unicode_encode_utf8`.

use super::raw::{self, Width};
use super::{Str, StrData};
use crate::prelude::*;

/// Characters moved at once.
const RUN: usize = 16;

/// A character in storage.
trait Unit: Copy + Into<u32> {
    fn from_char(c: u32) -> Self;

    /// Writes sixteen bytes as characters; how many of them, from the first, are ASCII. What stands behind those is not meant.
    ///
    /// # Safety
    /// Both places have room for sixteen.
    unsafe fn widen(from: *const u8, to: *mut Self) -> usize;

    /// The same the other way round.
    ///
    /// # Safety
    /// Both places have room for sixteen.
    unsafe fn narrow(from: *const Self, to: *mut u8) -> usize;

    /// Encodes characters from the first on, as many as suits it, into `room` bytes; how many, and the bytes written.
    ///
    /// # Safety
    /// There is so much room.
    #[inline(always)]
    unsafe fn encode_blocks(_chars: &[Self], _to: *mut u8, _room: usize) -> (usize, usize) {
        (0, 0)
    }
}

#[cfg(target_arch = "x86_64")]
mod vector {
    //! SSE2, which is part of x86-64.
    use core::arch::x86_64::*;

    use super::Unit;

    /// Characters of one or two bytes of UTF-8, 32 at a time: each is made two bytes, of which those that count are pushed
    /// together. Stops at a block with anything longer.
    #[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
    unsafe fn compress_blocks(chars: &[u16], to: *mut u8, room: usize) -> (usize, usize) {
        let (mut at, mut done) = (0, 0);
        while at + 32 <= chars.len() && done + 64 <= room {
            // SAFETY: 32 characters are there, and 64 bytes of room.
            unsafe {
                let block = _mm512_loadu_si512(chars.as_ptr().add(at).cast());
                if _mm512_cmpge_epu16_mask(block, _mm512_set1_epi16(0x800)) != 0 {
                    break;
                }
                let wide = _mm512_cmpge_epu16_mask(block, _mm512_set1_epi16(0x80));
                let lead = _mm512_or_si512(_mm512_srli_epi16::<6>(block), _mm512_set1_epi16(0xc0));
                let tail = _mm512_or_si512(_mm512_and_si512(block, _mm512_set1_epi16(0x3f)), _mm512_set1_epi16(0x80));
                let both = _mm512_or_si512(lead, _mm512_slli_epi16::<8>(tail));
                let bytes = _mm512_mask_mov_epi16(block, wide, both);
                // The second byte of each character counts where it is wide.
                let seconds = _mm512_test_epi8_mask(bytes, _mm512_set1_epi16(0xff00u16 as i16));
                let kept = 0x5555_5555_5555_5555 | seconds;
                _mm512_storeu_si512(to.add(done).cast(), _mm512_maskz_compress_epi8(kept, bytes));
                done += 32 + wide.count_ones() as usize;
                at += 32;
            }
        }
        (at, done)
    }

    /// The number of leading lanes without the bit of the mask.
    #[inline(always)]
    fn leading(mask: i32) -> usize {
        (mask as u32 | 1 << 16).trailing_zeros() as usize
    }

    /// Packs sixteen characters of sixteen bits, none of them negative as a signed number when it is wide.
    #[inline(always)]
    unsafe fn pack(a: __m128i, b: __m128i, to: *mut u8) -> usize {
        // SAFETY: by contract of `narrow`.
        unsafe {
            _mm_storeu_si128(to.cast(), _mm_packus_epi16(a, b));
            let limit = _mm_set1_epi16(0x7f);
            // What is left after a saturating subtraction is not zero for anything beyond ASCII.
            let (a, b) = (_mm_subs_epu16(a, limit), _mm_subs_epu16(b, limit));
            let zero = _mm_setzero_si128();
            let ascii = _mm_packs_epi16(_mm_cmpeq_epi16(a, zero), _mm_cmpeq_epi16(b, zero));
            leading(_mm_movemask_epi8(ascii) ^ 0xffff)
        }
    }

    impl Unit for u8 {
        #[inline(always)]
        fn from_char(c: u32) -> u8 {
            c as u8
        }

        #[inline(always)]
        unsafe fn widen(from: *const u8, to: *mut u8) -> usize {
            // SAFETY: by contract.
            unsafe {
                let block = _mm_loadu_si128(from.cast());
                _mm_storeu_si128(to.cast(), block);
                leading(_mm_movemask_epi8(block))
            }
        }

        #[inline(always)]
        unsafe fn narrow(from: *const u8, to: *mut u8) -> usize {
            // SAFETY: by contract.
            unsafe { u8::widen(from, to) }
        }
    }

    impl Unit for u16 {
        #[inline(always)]
        fn from_char(c: u32) -> u16 {
            c as u16
        }

        #[inline(always)]
        unsafe fn widen(from: *const u8, to: *mut u16) -> usize {
            // SAFETY: by contract.
            unsafe {
                let (block, zero) = (_mm_loadu_si128(from.cast()), _mm_setzero_si128());
                _mm_storeu_si128(to.cast(), _mm_unpacklo_epi8(block, zero));
                _mm_storeu_si128(to.add(8).cast(), _mm_unpackhi_epi8(block, zero));
                leading(_mm_movemask_epi8(block))
            }
        }

        #[inline(always)]
        unsafe fn encode_blocks(chars: &[u16], to: *mut u8, room: usize) -> (usize, usize) {
            if chars.len() < 64 || !(is_x86_feature_detected!("avx512vbmi2") && is_x86_feature_detected!("avx512bw")) {
                return (0, 0);
            }
            // SAFETY: the processor has the instructions; the rest by contract.
            unsafe { compress_blocks(chars, to, room) }
        }

        #[inline(always)]
        unsafe fn narrow(from: *const u16, to: *mut u8) -> usize {
            // SAFETY: by contract.
            unsafe { pack(_mm_loadu_si128(from.cast()), _mm_loadu_si128(from.add(8).cast()), to) }
        }
    }

    impl Unit for u32 {
        #[inline(always)]
        fn from_char(c: u32) -> u32 {
            c
        }

        #[inline(always)]
        unsafe fn widen(from: *const u8, to: *mut u32) -> usize {
            // SAFETY: by contract.
            unsafe {
                let (block, zero) = (_mm_loadu_si128(from.cast()), _mm_setzero_si128());
                let (low, high) = (_mm_unpacklo_epi8(block, zero), _mm_unpackhi_epi8(block, zero));
                _mm_storeu_si128(to.cast(), _mm_unpacklo_epi16(low, zero));
                _mm_storeu_si128(to.add(4).cast(), _mm_unpackhi_epi16(low, zero));
                _mm_storeu_si128(to.add(8).cast(), _mm_unpacklo_epi16(high, zero));
                _mm_storeu_si128(to.add(12).cast(), _mm_unpackhi_epi16(high, zero));
                leading(_mm_movemask_epi8(block))
            }
        }

        #[inline(always)]
        unsafe fn narrow(from: *const u32, to: *mut u8) -> usize {
            // SAFETY: by contract. Packing saturates, so that wide characters stay beyond ASCII.
            unsafe {
                let load = |at: usize| _mm_loadu_si128(from.add(at).cast());
                pack(_mm_packs_epi32(load(0), load(4)), _mm_packs_epi32(load(8), load(12)), to)
            }
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod vector {
    use super::{RUN, Unit};

    macro_rules! unit {
        ($unit:ty) => {
            impl Unit for $unit {
                #[inline(always)]
                fn from_char(c: u32) -> $unit {
                    c as $unit
                }

                #[inline(always)]
                unsafe fn widen(from: *const u8, to: *mut $unit) -> usize {
                    // SAFETY: by contract.
                    unsafe {
                        (0..RUN).for_each(|i| *to.add(i) = <$unit>::from(*from.add(i)));
                        (0..RUN).position(|i| *from.add(i) >= 0x80).unwrap_or(RUN)
                    }
                }

                #[inline(always)]
                unsafe fn narrow(from: *const $unit, to: *mut u8) -> usize {
                    // SAFETY: by contract.
                    unsafe {
                        (0..RUN).for_each(|i| *to.add(i) = *from.add(i) as u8);
                        (0..RUN).position(|i| u32::from(*from.add(i)) >= 0x80).unwrap_or(RUN)
                    }
                }
            }
        };
    }

    unit!(u8);
    unit!(u16);
    unit!(u32);
}

/// How many characters UTF-8 has, and its largest byte.
fn measure(bytes: &[u8]) -> (usize, u8) {
    let (mut count, mut top) = (0, 0);
    // Counts of a piece fit a byte, which keeps the loop in vectors.
    for piece in bytes.chunks(240) {
        let mut leads = 0u8;
        for &byte in piece {
            leads += ((byte as i8) >= -0x40) as u8;
            top = if byte > top { byte } else { top };
        }
        count += usize::from(leads);
    }
    (count, top)
}

/// One character beyond ASCII at the beginning of `bytes` and its length; `None` where they are not well-formed.
#[inline(always)]
fn decode_char(bytes: &[u8]) -> Option<(u32, usize)> {
    let lead = u32::from(*bytes.first()?);
    let tail = |index: usize| {
        let byte = u32::from(*bytes.get(index)?);
        (byte & 0xc0 == 0x80).then_some(byte & 0x3f)
    };
    match lead {
        0xc2..=0xdf => Some(((lead & 0x1f) << 6 | tail(1)?, 2)),
        0xe0..=0xef => {
            let c = (lead & 0xf) << 12 | tail(1)? << 6 | tail(2)?;
            (c >= 0x800 && c & 0xf800 != 0xd800).then_some((c, 3))
        }
        0xf0..=0xf4 => {
            let c = (lead & 7) << 18 | tail(1)? << 12 | tail(2)? << 6 | tail(3)?;
            (0x1_0000..0x11_0000).contains(&c).then_some((c, 4))
        }
        _ => None,
    }
}

/// Decodes all of `bytes`; false where they are not well-formed.
///
/// # Safety
/// `to` has room for `len` characters of the largest width that occurs, and `len` bytes are no continuation bytes.
unsafe fn decode_into<T: Unit>(bytes: &[u8], to: *mut T, len: usize) -> bool {
    let (mut at, mut done) = (0, 0);
    while at < bytes.len() {
        if at + RUN <= bytes.len() && done + RUN <= len {
            // SAFETY: there is room for sixteen on both sides.
            let run = unsafe { T::widen(bytes.as_ptr().add(at), to.add(done)) };
            (at, done) = (at + run, done + run);
            if run == RUN {
                continue;
            }
        } else if bytes[at] < 0x80 {
            // SAFETY: each character begins with a byte that was counted.
            unsafe { *to.add(done) = T::from_char(u32::from(bytes[at])) };
            (at, done) = (at + 1, done + 1);
            continue;
        }
        while at < bytes.len() && bytes[at] >= 0x80 {
            let Some((c, size)) = decode_char(&bytes[at..]) else { return false };
            // SAFETY: as above.
            unsafe { *to.add(done) = T::from_char(c) };
            (at, done) = (at + size, done + 1);
        }
    }
    done == len
}

/// The string of UTF-8 that is not ASCII alone; `None` where it is not well-formed.
pub fn from_utf8(bytes: &[u8]) -> PyResult<Option<Ref<Str>>> {
    let (len, top) = measure(bytes);
    let width = match top {
        0xf0.. => Width::Ucs4,
        0xc4.. => Width::Ucs2,
        _ => Width::Latin1,
    };
    if len <= 1 && width == Width::Latin1 {
        return Ok(decode_char(bytes).filter(|&(_, size)| size == bytes.len()).map(|(c, _)| Str::latin1_char(c as u8)));
    }
    let string = Str::uninit(len, width)?;
    // SAFETY: the new string has room for that many characters of that width, which the largest byte tells.
    let is_valid = unsafe {
        let data = raw::data_ptr(string.as_raw().cast());
        match width {
            Width::Ascii | Width::Latin1 => decode_into::<u8>(bytes, data, len),
            Width::Ucs2 => decode_into::<u16>(bytes, data.cast(), len),
            Width::Ucs4 => decode_into::<u32>(bytes, data.cast(), len),
        }
    };
    Ok(is_valid.then_some(string))
}

/// Sums up what `size` says of each character; `None` where there are surrogates.
#[inline(always)]
fn sum_sizes<T: Copy + Into<u32>>(chars: &[T], size: impl Fn(u32) -> u16) -> Option<usize> {
    let mut total = 0;
    for piece in chars.chunks(4096) {
        let (mut sum, mut surrogates) = (0u16, false);
        for &c in piece {
            let c: u32 = c.into();
            sum += size(c);
            surrogates |= c & 0xffff_f800 == 0xd800;
        }
        if surrogates {
            return None;
        }
        total += usize::from(sum);
    }
    Some(total)
}

/// How many bytes of UTF-8 characters need; `None` where there are surrogates.
pub fn utf8_len(data: StrData<'_>) -> Option<usize> {
    let size = |c: u32| 1 + (c >= 0x80) as u16 + (c >= 0x800) as u16 + (c >= 0x1_0000) as u16;
    match data {
        StrData::Ucs1(chars) => sum_sizes(chars, |c| 1 + (c >= 0x80) as u16),
        StrData::Ucs2(chars) => sum_sizes(chars, size),
        StrData::Ucs4(chars) => sum_sizes(chars, size),
    }
}

/// # Safety
/// As [`write_utf8`].
unsafe fn encode_into<T: Unit>(chars: &[T], to: *mut u8, len: usize) {
    // SAFETY: by contract.
    let (mut at, mut done) = unsafe { T::encode_blocks(chars, to, len) };
    while at < chars.len() {
        // SAFETY: `len` bytes are what all characters need, so there is room; whole runs are checked.
        unsafe {
            if at + RUN <= chars.len() && done + RUN <= len {
                let run = T::narrow(chars.as_ptr().add(at), to.add(done));
                (at, done) = (at + run, done + run);
                if run == RUN {
                    continue;
                }
            }
            let c: u32 = chars[at].into();
            let tail = |shift: u32| 0x80 | (c >> shift & 0x3f) as u8;
            match c {
                0..0x80 => {
                    *to.add(done) = c as u8;
                    done += 1;
                }
                0x80..0x800 => {
                    *to.add(done) = 0xc0 | (c >> 6) as u8;
                    *to.add(done + 1) = tail(0);
                    done += 2;
                }
                0x800..0x1_0000 => {
                    *to.add(done) = 0xe0 | (c >> 12) as u8;
                    *to.add(done + 1) = tail(6);
                    *to.add(done + 2) = tail(0);
                    done += 3;
                }
                _ => {
                    *to.add(done) = 0xf0 | (c >> 18) as u8;
                    *to.add(done + 1) = tail(12);
                    *to.add(done + 2) = tail(6);
                    *to.add(done + 3) = tail(0);
                    done += 4;
                }
            }
            at += 1;
        }
    }
    debug_assert_eq!(done, len);
}

/// Writes characters as UTF-8.
///
/// # Safety
/// `len` is what [`utf8_len`] gave for the same characters, and `to` has room for so many bytes.
pub unsafe fn write_utf8(data: StrData<'_>, to: *mut u8, len: usize) {
    // SAFETY: by contract.
    unsafe {
        match data {
            StrData::Ucs1(chars) => encode_into(chars, to, len),
            StrData::Ucs2(chars) => encode_into(chars, to, len),
            StrData::Ucs4(chars) => encode_into(chars, to, len),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Option<Vec<u32>> {
        let (len, _) = measure(bytes);
        let mut out = vec![0u32; len];
        // SAFETY: the vector has `len` places of the widest kind.
        unsafe { decode_into::<u32>(bytes, out.as_mut_ptr(), len) }.then_some(out)
    }

    fn encode(chars: &[u32]) -> Option<Vec<u8>> {
        let len = utf8_len(StrData::Ucs4(chars))?;
        let mut out = vec![0; len];
        // SAFETY: as counted.
        unsafe { write_utf8(StrData::Ucs4(chars), out.as_mut_ptr(), len) };
        Some(out)
    }

    #[test]
    fn both_ways_agree_with_the_standard_library() {
        for text in ["", "a", "é", "бa", "日本", "a😀b", "plain text that is longer than one run of sixteen"] {
            for repeat in [1, 2, 3, 7, 40] {
                for pad in 0..20 {
                    let text = format!("{}{}", "x".repeat(pad), text.repeat(repeat));
                    let chars: Vec<u32> = text.chars().map(u32::from).collect();
                    assert_eq!(decode(text.as_bytes()), Some(chars.clone()));
                    assert_eq!(encode(&chars).as_deref(), Some(text.as_bytes()));
                    if let Ok(units) = chars.iter().map(|&c| u16::try_from(c)).collect::<Result<Vec<_>, _>>() {
                        let len = utf8_len(StrData::Ucs2(&units)).unwrap_or(0);
                        let mut out = vec![0; len];
                        // SAFETY: as counted.
                        unsafe { write_utf8(StrData::Ucs2(&units), out.as_mut_ptr(), len) };
                        assert_eq!(out, text.as_bytes());
                    }
                }
            }
        }
    }

    #[test]
    fn malformed_input_is_refused_as_the_standard_library_refuses_it() {
        let pieces: [&[u8]; 16] = [
            b"a",
            b"\x80",
            b"\xc0\x80",
            b"\xc2",
            b"\xc2\x80",
            b"\xe0\x80\x80",
            b"\xe0\xa0\x80",
            b"\xed\xa0\x80",
            b"\xed\x9f\xbf",
            b"\xef\xbf\xbf",
            b"\xf0\x80\x80\x80",
            b"\xf0\x90\x80\x80",
            b"\xf4\x8f\xbf\xbf",
            b"\xf4\x90\x80\x80",
            b"\xff",
            b"sixteen characters and more",
        ];
        for a in pieces {
            for b in pieces {
                for c in pieces {
                    let bytes = [a, b, c].concat();
                    let expected =
                        core::str::from_utf8(&bytes).ok().map(|s| s.chars().map(u32::from).collect::<Vec<_>>());
                    assert_eq!(decode(&bytes), expected, "{bytes:x?}");
                }
            }
        }
        assert_eq!(encode(&[0x61, 0xd800]), None);
    }
}
