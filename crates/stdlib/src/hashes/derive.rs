//! Keys from passwords: PBKDF2 (RFC 8018) and scrypt (RFC 7914). Nothing here knows objects.

use md5::Md5;
use pbkdf2::pbkdf2_hmac;
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sm3::Sm3;

use super::algorithm::Algorithm;
use super::hmac::Keyed;

/// Fills `key`.
pub fn pbkdf2(algorithm: Algorithm, password: &[u8], salt: &[u8], iterations: u32, key: &mut [u8]) {
    match algorithm {
        Algorithm::Md5 => pbkdf2_hmac::<Md5>(password, salt, iterations, key),
        Algorithm::Sha1 => pbkdf2_hmac::<Sha1>(password, salt, iterations, key),
        Algorithm::Ripemd160 => pbkdf2_hmac::<Ripemd160>(password, salt, iterations, key),
        Algorithm::Sm3 => pbkdf2_hmac::<Sm3>(password, salt, iterations, key),
        Algorithm::Sha224 => pbkdf2_hmac::<Sha224>(password, salt, iterations, key),
        Algorithm::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, iterations, key),
        Algorithm::Sha384 => pbkdf2_hmac::<Sha384>(password, salt, iterations, key),
        Algorithm::Sha512 => pbkdf2_hmac::<Sha512>(password, salt, iterations, key),
        Algorithm::Sha512_224 => pbkdf2_hmac::<Sha512_224>(password, salt, iterations, key),
        Algorithm::Sha512_256 => pbkdf2_hmac::<Sha512_256>(password, salt, iterations, key),
        _ => pbkdf2_of_any(algorithm, password, salt, iterations, key),
    }
}

/// The same for hashes that are no types of their own.
fn pbkdf2_of_any(algorithm: Algorithm, password: &[u8], salt: &[u8], iterations: u32, key: &mut [u8]) {
    let start = Keyed::new(algorithm, password);
    let hash = |parts: [&[u8]; 2]| {
        let mut keyed = start.clone();
        parts.iter().for_each(|part| keyed.update(part));
        keyed.digest()
    };
    for (block, number) in key.chunks_mut(start.digest_size()).zip(1u32..) {
        let mut last = hash([salt, &number.to_be_bytes()]);
        let mut sum = last.clone();
        for _ in 1..iterations {
            last = hash([&last, &[]]);
            sum.iter_mut().zip(&last).for_each(|(sum, byte)| *sum ^= byte);
        }
        block.copy_from_slice(&sum[..block.len()]);
    }
}

/// Why parameters of [`scrypt`] are refused.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    Invalid,
    /// More memory than allowed, or than there is.
    Memory,
}

/// The memory that is allowed unless more is asked for.
const DEFAULT_MEMORY: u64 = 32 * 1024 * 1024;

/// The words of one block of Salsa20, of which `2 * r` are a block of scrypt.
const WORDS: usize = 16;

/// Fills `key`. The cost `n` is a power of 2; a limit of 0 is that of OpenSSL.
pub fn scrypt(
    password: &[u8],
    salt: &[u8],
    [n, r, p]: [u64; 3],
    memory_limit: u64,
    key: &mut [u8],
) -> Result<(), Refusal> {
    if n < 2 || !n.is_power_of_two() || r == 0 || p == 0 {
        return Err(Refusal::Invalid);
    }
    let limit = if memory_limit == 0 { DEFAULT_MEMORY } else { memory_limit };
    let block = r.checked_mul(128).ok_or(Refusal::Memory)?;
    let needed = |p: u64| block.checked_mul(n.checked_add(2)?)?.checked_add(block.checked_mul(p)?);
    if p > ((1 << 30) - 1) / r || (r < 4 && n >= 1 << (16 * r)) || needed(p).is_none_or(|needed| needed > limit) {
        return Err(Refusal::Memory);
    }
    // All of it fits a `usize`: the limit is one.
    let (n, r, p) = (n as usize, r as usize, p as usize);
    let words = 2 * r * WORDS;
    let mut bytes = zeroed::<u8>(p * r * 128)?;
    let mut table = zeroed::<u32>(n * words)?;
    let (mut x, mut y) = (zeroed::<u32>(words)?, zeroed::<u32>(words)?);
    pbkdf2_hmac::<Sha256>(password, salt, 1, &mut bytes);
    for part in bytes.chunks_exact_mut(r * 128) {
        for (word, bytes) in x.iter_mut().zip(part.chunks_exact(4)) {
            *word = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        }
        mix(&mut x, &mut y, &mut table);
        for (word, bytes) in x.iter().zip(part.chunks_exact_mut(4)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
    }
    pbkdf2_hmac::<Sha256>(password, &bytes, 1, key);
    Ok(())
}

fn zeroed<T: Default + Clone>(count: usize) -> Result<Vec<T>, Refusal> {
    let mut room = Vec::new();
    room.try_reserve_exact(count).map_err(|_| Refusal::Memory)?;
    room.resize(count, T::default());
    Ok(room)
}

/// `scryptROMix`: fills the table with what `x` goes through, then mixes it with places that depend on it.
fn mix(x: &mut Vec<u32>, y: &mut Vec<u32>, table: &mut [u32]) {
    let words = x.len();
    for entry in table.chunks_exact_mut(words) {
        entry.copy_from_slice(x);
        mix_block(x, y);
        core::mem::swap(x, y);
    }
    let count = table.len() / words;
    for _ in 0..count {
        // The first word of the last block; the count is a power of 2 below 2 to the 32nd.
        let place = (x[words - WORDS] as usize | (x[words - WORDS + 1] as usize) << 32) & (count - 1);
        let entry = &table[place * words..(place + 1) * words];
        x.iter_mut().zip(entry).for_each(|(word, other)| *word ^= other);
        mix_block(x, y);
        core::mem::swap(x, y);
    }
}

/// `scryptBlockMix` from `x` to `y`: even blocks become the first half.
fn mix_block(x: &[u32], y: &mut [u32]) {
    let half = x.len() / 2;
    let mut state = [0u32; WORDS];
    state.copy_from_slice(&x[x.len() - WORDS..]);
    for (index, block) in x.chunks_exact(WORDS).enumerate() {
        state.iter_mut().zip(block).for_each(|(word, other)| *word ^= other);
        salsa20_8(&mut state);
        let at = index / 2 * WORDS + if index % 2 == 0 { 0 } else { half };
        y[at..at + WORDS].copy_from_slice(&state);
    }
}

/// The core of Salsa20 with eight rounds.
fn salsa20_8(state: &mut [u32; WORDS]) {
    let mut x = *state;
    let mut quarter = |a: usize, b: usize, c: usize, d: usize| {
        x[b] ^= x[a].wrapping_add(x[d]).rotate_left(7);
        x[c] ^= x[b].wrapping_add(x[a]).rotate_left(9);
        x[d] ^= x[c].wrapping_add(x[b]).rotate_left(13);
        x[a] ^= x[d].wrapping_add(x[c]).rotate_left(18);
    };
    for _ in 0..4 {
        quarter(0, 4, 8, 12);
        quarter(5, 9, 13, 1);
        quarter(10, 14, 2, 6);
        quarter(15, 3, 7, 11);
        quarter(0, 1, 2, 3);
        quarter(5, 6, 7, 4);
        quarter(10, 11, 8, 9);
        quarter(15, 12, 13, 14);
    }
    state.iter_mut().zip(x).for_each(|(word, mixed)| *word = word.wrapping_add(mixed));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first vectors of RFC 7914 and RFC 6070.
    #[test]
    fn vectors() {
        let mut key = [0; 64];
        assert_eq!(scrypt(b"", b"", [16, 1, 1], 0, &mut key), Ok(()));
        assert!(hex(&key).starts_with("77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"));
        assert_eq!(scrypt(b"password", b"NaCl", [1024, 8, 16], 0, &mut key), Ok(()));
        assert!(hex(&key).starts_with("fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"));
        let mut key = [0; 20];
        pbkdf2(Algorithm::Sha1, b"password", b"salt", 2, &mut key);
        assert_eq!(hex(&key), "ea6c014dc72d6f8ffd60ae46dad0f40a0f6e2b67");
        let mut other = [0; 20];
        pbkdf2_of_any(Algorithm::Sha1, b"password", b"salt", 2, &mut other);
        assert_eq!(key, other);
    }

    #[test]
    fn refusals() {
        let mut refused = |parameters, limit| scrypt(b"p", b"s", parameters, limit, &mut [0; 8]);
        assert_eq!(refused([3, 8, 1], 0), Err(Refusal::Invalid));
        assert_eq!(refused([2, 0, 1], 0), Err(Refusal::Invalid));
        assert_eq!(refused([1 << 20, 8, 1], 0), Err(Refusal::Memory));
        assert_eq!(refused([1 << 16, 1, 1], 1 << 30), Err(Refusal::Memory));
        assert_eq!(refused([2, 8, 1], 2000), Err(Refusal::Memory));
    }
}
