//! The hash function of strings and bytes: SipHash-1-3, keyed once at start-up.
//!
//! **Invariant:** the key is set by [`init`] before the first hash and never changes after.
//! CPython: `Python/pyhash.c`, `Python/bootstrap_hash.c`.

use core::cell::UnsafeCell;
use core::hint::cold_path;

use crate::abi::{_Py_HashSecret_t, _Py_HashSecret_t_siphash};

/// The secret prefix of hashes, in the form that C sees.
#[repr(transparent)]
pub struct HashSecret(UnsafeCell<_Py_HashSecret_t>);

// SAFETY: written by `init` alone, before other threads exist.
unsafe impl Sync for HashSecret {}

#[unsafe(no_mangle)]
pub static _Py_HashSecret: HashSecret = HashSecret(UnsafeCell::new(_Py_HashSecret_t { uc: [0; 24] }));

/// Sets the key: random for `None`, all zero for 0, else what CPython derives from that `PYTHONHASHSEED`.
pub fn init(seed: Option<u32>) {
    let mut secret = [0u8; 24];
    match seed {
        Some(0) => {}
        Some(seed) => fill_from_seed(seed, &mut secret),
        None => {
            // SAFETY: the buffer is as long as said.
            let got = unsafe { libc::getrandom(secret.as_mut_ptr().cast(), secret.len(), 0) };
            if got != secret.len() as isize {
                let now = std::time::SystemTime::now()
                    .duration_since(std::time::UNIX_EPOCH)
                    .map_or(1, |time| time.subsec_nanos() ^ time.as_secs() as u32);
                fill_from_seed(now ^ std::process::id().rotate_left(16), &mut secret);
            }
        }
    }
    // SAFETY: called at start-up, before anything hashes.
    unsafe { *_Py_HashSecret.0.get() = _Py_HashSecret_t { uc: secret } };
}

/// The linear congruential generator that turns a seed into key bytes.
fn fill_from_seed(seed: u32, out: &mut [u8]) {
    let mut state = seed;
    for byte in out {
        state = state.wrapping_mul(214_013).wrapping_add(2_531_011);
        *byte = (state >> 16) as u8;
    }
}

#[inline(always)]
fn key() -> _Py_HashSecret_t_siphash {
    // SAFETY: all views of the union are plain integers.
    unsafe { (*_Py_HashSecret.0.get()).siphash }
}

/// The hash of a byte string, or of the characters of a `str` seen as bytes. Never -1; 0 for the empty one.
#[inline]
pub fn bytes(data: &[u8]) -> isize {
    if data.is_empty() {
        return 0;
    }
    let key = key();
    avoid_minus_one(siphash13(key.k0, key.k1, data) as isize)
}

/// The hash of an address.
#[inline]
pub fn pointer<T>(ptr: *const T) -> isize {
    avoid_minus_one((ptr as usize).rotate_right(4) as isize)
}

/// -1 says "error" in C, so no hash is -1.
#[inline(always)]
pub fn avoid_minus_one(hash: isize) -> isize {
    if hash == -1 {
        cold_path();
        -2
    } else {
        hash
    }
}

/// SipHash with one round per word and three at the end (Aumasson, Bernstein: "SipHash", 2012).
pub fn siphash13(k0: u64, k1: u64, data: &[u8]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, tail) = data.as_chunks::<8>();
    for word in words {
        let word = u64::from_le_bytes(*word);
        v[3] ^= word;
        round(&mut v);
        v[0] ^= word;
    }
    let mut last = [0u8; 8];
    last[..tail.len()].copy_from_slice(tail);
    let last = u64::from_le_bytes(last) | (data.len() as u64) << 56;
    v[3] ^= last;
    round(&mut v);
    v[0] ^= last;
    v[2] ^= 0xff;
    round(&mut v);
    round(&mut v);
    round(&mut v);
    v[0] ^ v[1] ^ v[2] ^ v[3]
}

#[inline(always)]
fn round(v: &mut [u64; 4]) {
    v[0] = v[0].wrapping_add(v[1]);
    v[2] = v[2].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(13) ^ v[0];
    v[3] = v[3].rotate_left(16) ^ v[2];
    v[0] = v[0].rotate_left(32);
    v[2] = v[2].wrapping_add(v[1]);
    v[0] = v[0].wrapping_add(v[3]);
    v[1] = v[1].rotate_left(17) ^ v[2];
    v[3] = v[3].rotate_left(21) ^ v[0];
    v[2] = v[2].rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `PYTHONHASHSEED=0` and `=42` give on the reference.
    #[test]
    fn agrees_with_the_reference() {
        assert_eq!(siphash13(0, 0, b"a") as i64, 4644417185603328019);
        assert_eq!(siphash13(0, 0, b"hello world") as i64, -5642461784034726774);
        assert_eq!(siphash13(0, 0, b"abcdefgh") as i64, 4574395652268504554);
        assert_eq!(siphash13(0, 0, b"\xe9") as i64, 6047309291227476195);
        let mut secret = [0u8; 16];
        fill_from_seed(42, &mut secret);
        let word = |at: usize| u64::from_le_bytes(secret[at..at + 8].try_into().expect("8 bytes"));
        assert_eq!(siphash13(word(0), word(8), b"a") as i64, -123207753977932514);
    }
}
