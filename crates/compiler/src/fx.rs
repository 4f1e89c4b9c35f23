//! The hash of the compiler's tables: a folded multiplication for each word, or for two of them, keyed once a process.
//!
//! A source text can be written by somebody who wants its names to collide, so the key is random. Nothing may depend on
//! the order in which these tables are iterated.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A map with this hash.
pub type FxHashMap<K, V> = HashMap<K, V, BuildHasherDefault<FxHasher>>;
/// A set with this hash.
pub type FxHashSet<K> = HashSet<K, BuildHasherDefault<FxHasher>>;

/// 0 until the first use.
static KEY: AtomicU64 = AtomicU64::new(0);
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

#[inline]
fn key() -> u64 {
    let key = KEY.load(Ordering::Relaxed);
    if key == 0 { new_key() } else { key }
}

#[cold]
fn new_key() -> u64 {
    let new = RandomState::new().hash_one(ODD) | 1;
    match KEY.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed) {
        Ok(_) => new,
        Err(set) => set,
    }
}

/// Both halves of the product.
#[inline(always)]
fn fold(a: u64, b: u64) -> u64 {
    let product = a as u128 * b as u128;
    product as u64 ^ (product >> 64) as u64
}

#[inline(always)]
fn word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|word| word.try_into().ok()).map_or(0, u64::from_le_bytes)
}

#[inline(always)]
fn half_word(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_le_bytes).into()
}

/// The hash of a byte string.
#[inline]
pub fn of_bytes(bytes: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}

/// The hash of a value.
#[inline]
pub fn of<T: Hash + ?Sized>(value: &T) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

/// The state of a hash being computed.
#[derive(Clone, Copy, Debug)]
pub struct FxHasher {
    hash: u64,
    key: u64,
}

impl Default for FxHasher {
    #[inline]
    fn default() -> FxHasher {
        let key = key();
        FxHasher { hash: key, key: key.rotate_left(32) ^ ODD }
    }
}

impl FxHasher {
    #[inline(always)]
    fn add(&mut self, word: u64) {
        self.hash = fold(self.hash ^ word, self.key);
    }

    /// All but the last 16 bytes of a long string.
    #[inline(never)]
    fn add_long(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while rest.len() > 16 {
            self.hash = fold(self.hash ^ word(rest, 0), self.key ^ word(rest, 8));
            rest = &rest[16..];
        }
    }
}

impl Hasher for FxHasher {
    /// The length counts too, so that what follows cannot be taken for a part of the bytes.
    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let len = bytes.len();
        // Two words that overlap when there are fewer than 16 bytes.
        let (first, second) = if len >= 8 {
            if len > 16 {
                self.add_long(bytes);
                (word(bytes, len - 16), word(bytes, len - 8))
            } else {
                (word(bytes, 0), word(bytes, len - 8))
            }
        } else if len >= 4 {
            (half_word(bytes, 0), half_word(bytes, len - 4))
        } else if len > 0 {
            (bytes[0] as u64, (bytes[len / 2] as u64) << 8 | bytes[len - 1] as u64)
        } else {
            (0, 0)
        };
        self.hash = fold(self.hash ^ first, self.key ^ second).wrapping_add(len as u64);
    }

    #[inline]
    fn write_u8(&mut self, value: u8) {
        self.add(value as u64);
    }

    #[inline]
    fn write_u32(&mut self, value: u32) {
        self.add(value as u64);
    }

    #[inline]
    fn write_u64(&mut self, value: u64) {
        self.add(value);
    }

    #[inline]
    fn write_usize(&mut self, value: usize) {
        self.add(value as u64);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.hash
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_that_differ_have_different_hashes() {
        let text = "the quick brown fox jumps over the lazy dog, and over what lies behind it";
        let mut seen = FxHashSet::default();
        for from in 0..text.len() {
            for to in from + 1..=text.len() {
                seen.insert(&text[from..to]);
            }
        }
        let hashes: FxHashSet<u64> = seen.iter().map(|text| of_bytes(text.as_bytes())).collect();
        assert_eq!(hashes.len(), seen.len());
        assert!(!hashes.contains(&of_bytes(b"")) && of_bytes(b"\0") != of_bytes(b"\0\0"));
    }
}
