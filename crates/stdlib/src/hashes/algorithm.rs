//! A running hash of any of the algorithms.

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};

use super::keccak::Sponge;

/// Boxed where the state is large.
#[derive(Clone)]
pub enum Hasher {
    Md5(Md5),
    Sha1(Sha1),
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    Sha3(Box<Sponge>),
    Blake2b(Box<blake2b_simd::State>, usize),
    Blake2s(Box<blake2s_simd::State>, usize),
}

/// The algorithms by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_224,
    Sha3_256,
    Sha3_384,
    Sha3_512,
    Shake128,
    Shake256,
    Blake2b,
    Blake2s,
}

impl Algorithm {
    pub fn name(self) -> &'static str {
        match self {
            Algorithm::Md5 => "md5",
            Algorithm::Sha1 => "sha1",
            Algorithm::Sha224 => "sha224",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
            Algorithm::Sha3_224 => "sha3_224",
            Algorithm::Sha3_256 => "sha3_256",
            Algorithm::Sha3_384 => "sha3_384",
            Algorithm::Sha3_512 => "sha3_512",
            Algorithm::Shake128 => "shake_128",
            Algorithm::Shake256 => "shake_256",
            Algorithm::Blake2b => "blake2b",
            Algorithm::Blake2s => "blake2s",
        }
    }

    /// The state before any data.
    pub fn start(self) -> Hasher {
        let sponge = |digest_size, rate| Hasher::Sha3(Box::new(Sponge::new(self, digest_size, rate)));
        match self {
            Algorithm::Md5 => Hasher::Md5(Md5::new()),
            Algorithm::Sha1 => Hasher::Sha1(Sha1::new()),
            Algorithm::Sha224 => Hasher::Sha224(Sha224::new()),
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha384 => Hasher::Sha384(Sha384::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
            Algorithm::Sha3_224 => sponge(28, 144),
            Algorithm::Sha3_256 => sponge(32, 136),
            Algorithm::Sha3_384 => sponge(48, 104),
            Algorithm::Sha3_512 => sponge(64, 72),
            Algorithm::Shake128 => sponge(0, 168),
            Algorithm::Shake256 => sponge(0, 136),
            Algorithm::Blake2b => Hasher::Blake2b(Box::new(blake2b_simd::State::new()), blake2b_simd::OUTBYTES),
            Algorithm::Blake2s => Hasher::Blake2s(Box::new(blake2s_simd::State::new()), blake2s_simd::OUTBYTES),
        }
    }
}

impl Hasher {
    pub fn name(&self) -> &'static str {
        match self {
            Hasher::Md5(_) => "md5",
            Hasher::Sha1(_) => "sha1",
            Hasher::Sha224(_) => "sha224",
            Hasher::Sha256(_) => "sha256",
            Hasher::Sha384(_) => "sha384",
            Hasher::Sha512(_) => "sha512",
            Hasher::Sha3(sponge) => sponge.algorithm.name(),
            Hasher::Blake2b(..) => "blake2b",
            Hasher::Blake2s(..) => "blake2s",
        }
    }

    pub fn block_size(&self) -> usize {
        match self {
            Hasher::Md5(_) | Hasher::Sha1(_) | Hasher::Sha224(_) | Hasher::Sha256(_) | Hasher::Blake2s(..) => 64,
            Hasher::Sha384(_) | Hasher::Sha512(_) | Hasher::Blake2b(..) => 128,
            Hasher::Sha3(sponge) => sponge.rate,
        }
    }

    /// 0 for hashes of any length.
    pub fn digest_size(&self) -> usize {
        match self {
            Hasher::Md5(_) => 16,
            Hasher::Sha1(_) => 20,
            Hasher::Sha224(_) => 28,
            Hasher::Sha256(_) => 32,
            Hasher::Sha384(_) => 48,
            Hasher::Sha512(_) => 64,
            Hasher::Sha3(sponge) => sponge.digest_size,
            Hasher::Blake2b(_, size) | Hasher::Blake2s(_, size) => *size,
        }
    }

    pub fn update(&mut self, data: &[u8]) {
        match self {
            Hasher::Md5(state) => state.update(data),
            Hasher::Sha1(state) => state.update(data),
            Hasher::Sha224(state) => state.update(data),
            Hasher::Sha256(state) => state.update(data),
            Hasher::Sha384(state) => state.update(data),
            Hasher::Sha512(state) => state.update(data),
            Hasher::Sha3(sponge) => sponge.absorb(data),
            Hasher::Blake2b(state, _) => _ = state.update(data),
            Hasher::Blake2s(state, _) => _ = state.update(data),
        }
    }

    /// The digest of what was seen so far.
    pub fn digest(&self) -> Vec<u8> {
        match self {
            Hasher::Md5(state) => state.clone().finalize().to_vec(),
            Hasher::Sha1(state) => state.clone().finalize().to_vec(),
            Hasher::Sha224(state) => state.clone().finalize().to_vec(),
            Hasher::Sha256(state) => state.clone().finalize().to_vec(),
            Hasher::Sha384(state) => state.clone().finalize().to_vec(),
            Hasher::Sha512(state) => state.clone().finalize().to_vec(),
            Hasher::Sha3(sponge) => {
                let mut out = vec![0; sponge.digest_size];
                sponge.squeeze(&mut out);
                out
            }
            Hasher::Blake2b(state, _) => state.finalize().as_bytes().to_vec(),
            Hasher::Blake2s(state, _) => state.finalize().as_bytes().to_vec(),
        }
    }
}
