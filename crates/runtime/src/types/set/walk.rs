//! Walks over the keys of sets. Where a table has keys nobody can foresee, so which entries of a block have one is found out
//! without branches.
//!
//! **Common contract of this file:** that of `raw`.

use crate::abi::{PyObject, PySetObject, setentry};
use crate::prelude::*;

/// Entries that are looked at together; each has two bits.
const BLOCK: usize = 32;

/// Entries that one group of instructions looks at; the smallest table has so many.
const GROUP: usize = 8;

/// Which of eight entries have a key or had one: the bit `2 * index` is set.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn occupied_of_group(first: *mut setentry) -> u64 {
    use core::arch::x86_64::{
        __m128i, _mm_cmpeq_epi32, _mm_loadu_si128, _mm_movemask_epi8, _mm_packs_epi16, _mm_packs_epi32,
        _mm_setzero_si128, _mm_unpacklo_epi64,
    };
    // SAFETY: the entries are part of one table; SSE2 is part of x86-64.
    unsafe {
        // Which halves of an entry's key, its first word, are 0.
        let zero = |at: usize| _mm_cmpeq_epi32(_mm_loadu_si128(first.add(at).cast::<__m128i>()), _mm_setzero_si128());
        let two = |at: usize| _mm_unpacklo_epi64(zero(at), zero(at + 1));
        let four = |at: usize| _mm_packs_epi32(two(at), two(at + 2));
        let halves = _mm_movemask_epi8(_mm_packs_epi16(four(0), four(4))) as u64;
        !(halves & halves >> 1) & 0x5555
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
unsafe fn occupied_of_group(first: *mut setentry) -> u64 {
    // SAFETY: the entries are part of one table.
    (0..GROUP).fold(0, |bits, at| bits | u64::from(unsafe { !(*first.add(at)).key.get().is_null() }) << (2 * at))
}

/// As [`occupied_of_group`] for a block of a table of `size` entries.
#[inline(always)]
unsafe fn occupied(first: *mut setentry, size: usize) -> u64 {
    // SAFETY: the entries are part of one table.
    let group = |at: usize| unsafe { occupied_of_group(first.add(at * GROUP)) << (2 * GROUP * at) };
    match size {
        8 => group(0),
        16 => group(0) | group(1),
        _ => group(0) | group(1) | group(2) | group(3),
    }
}

/// The index of the first entry among those of a block.
#[inline(always)]
fn first_of(bits: u64) -> usize {
    bits.trailing_zeros() as usize / 2
}

/// Calls `body` with each entry of a table that has a key or had one, of which there are `fill`; before those of a block, `block`
/// with the index of its first entry and how many it has.
#[inline(always)]
pub unsafe fn each_entry_by_block(
    table: *mut setentry,
    mask: usize,
    fill: usize,
    mut block: impl FnMut(usize, usize),
    mut body: impl FnMut(*mut setentry),
) {
    let (mut at, mut left) = (0, fill);
    while left > 0 {
        block(at, BLOCK.min(mask + 1));
        // SAFETY: while filled entries are left, the table goes on.
        unsafe {
            let first = table.add(at);
            let mut bits = occupied(first, mask + 1);
            left -= bits.count_ones() as usize;
            while bits != 0 {
                let entry = first.add(first_of(bits));
                bits &= bits - 1;
                body(entry);
            }
        }
        at += BLOCK;
    }
}

/// As [`each_entry_by_block`] without the blocks.
#[inline(always)]
pub unsafe fn each_entry(table: *mut setentry, mask: usize, fill: usize, body: impl FnMut(*mut setentry)) {
    // SAFETY: by contract.
    unsafe { each_entry_by_block(table, mask, fill, |_, _| (), body) }
}

/// A walk over the keys of a set that may change meanwhile; then keys may be missed or met twice.
pub struct Walk {
    set: *mut PySetObject,
    /// Where the next block begins.
    next: usize,
    /// What is left of the block before, as it was when its turn came.
    bits: u64,
}

impl Walk {
    /// # Safety
    /// The set is held for as long as this is used.
    #[inline(always)]
    pub unsafe fn new(set: *mut PySetObject) -> Walk {
        Walk { set, next: 0, bits: 0 }
    }

    /// The next key, borrowed, with its hash. Runs no Python code.
    #[inline(always)]
    pub fn next(&mut self) -> Option<(*mut PyObject, isize)> {
        // SAFETY: see the head of the file. The table may be another one than that of the bits, hence the look at the mask.
        unsafe {
            loop {
                let (table, mask) = ((*self.set).table.get(), (*self.set).mask.get() as usize);
                if self.bits == 0 {
                    if self.next > mask {
                        return None;
                    }
                    self.bits = occupied(table.add(self.next), mask + 1);
                    self.next += BLOCK;
                    continue;
                }
                let at = self.next - BLOCK + first_of(self.bits);
                self.bits &= self.bits - 1;
                if at > mask {
                    return None;
                }
                let entry = table.add(at);
                let (key, hash) = ((*entry).key.get(), (*entry).hash.get());
                if !key.is_null() && hash != -1 {
                    return Some((key, hash));
                }
            }
        }
    }

    /// As [`Walk::next`], owned.
    #[inline(always)]
    pub fn next_owned(&mut self) -> Option<(Ref<Object>, isize)> {
        // SAFETY: the set holds its keys.
        self.next().map(|(key, hash)| unsafe { (Ref::from_borrowed_ptr(key), hash) })
    }
}
