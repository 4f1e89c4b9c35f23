//! A running hash of any of the algorithms.

use md5::{Digest, Md5};
use ripemd::Ripemd160;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};
use sm3::Sm3;

use super::keccak::Sponge;

/// Boxed where the state is large.
#[derive(Clone)]
pub enum Hasher {
    Md5(Md5),
    Sha1(Sha1),
    /// Both, one behind the other, as old versions of TLS want them.
    Md5Sha1(Md5, Sha1),
    Ripemd160(Ripemd160),
    Sm3(Sm3),
    Sha224(Sha224),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
    Sha512_224(Sha512_224),
    Sha512_256(Sha512_256),
    Sha3(Box<Sponge>),
    Blake2b(Box<blake2b_simd::State>, usize),
    Blake2s(Box<blake2s_simd::State>, usize),
}

/// The algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    Md5,
    Sha1,
    Md5Sha1,
    Ripemd160,
    Sm3,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512_224,
    Sha512_256,
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
            Algorithm::Md5Sha1 => "md5-sha1",
            Algorithm::Ripemd160 => "ripemd160",
            Algorithm::Sm3 => "sm3",
            Algorithm::Sha224 => "sha224",
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha384 => "sha384",
            Algorithm::Sha512 => "sha512",
            Algorithm::Sha512_224 => "sha512_224",
            Algorithm::Sha512_256 => "sha512_256",
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

    /// Whether the output is as long as one wants it.
    pub fn is_extendable(self) -> bool {
        matches!(self, Algorithm::Shake128 | Algorithm::Shake256)
    }

    /// The state before any data.
    pub fn start(self) -> Hasher {
        let sponge = |digest_size, rate| Hasher::Sha3(Box::new(Sponge::new(self, digest_size, rate)));
        match self {
            Algorithm::Md5 => Hasher::Md5(Md5::new()),
            Algorithm::Sha1 => Hasher::Sha1(Sha1::new()),
            Algorithm::Md5Sha1 => Hasher::Md5Sha1(Md5::new(), Sha1::new()),
            Algorithm::Ripemd160 => Hasher::Ripemd160(Ripemd160::new()),
            Algorithm::Sm3 => Hasher::Sm3(Sm3::new()),
            Algorithm::Sha224 => Hasher::Sha224(Sha224::new()),
            Algorithm::Sha256 => Hasher::Sha256(Sha256::new()),
            Algorithm::Sha384 => Hasher::Sha384(Sha384::new()),
            Algorithm::Sha512 => Hasher::Sha512(Sha512::new()),
            Algorithm::Sha512_224 => Hasher::Sha512_224(Sha512_224::new()),
            Algorithm::Sha512_256 => Hasher::Sha512_256(Sha512_256::new()),
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

/// One arm for all that implement `Digest`; the arms of the others follow.
macro_rules! with_digest {
    ($hasher:expr, $state:ident => $do:expr, $($others:tt)*) => {
        match $hasher {
            Hasher::Md5($state) => $do,
            Hasher::Sha1($state) => $do,
            Hasher::Ripemd160($state) => $do,
            Hasher::Sm3($state) => $do,
            Hasher::Sha224($state) => $do,
            Hasher::Sha256($state) => $do,
            Hasher::Sha384($state) => $do,
            Hasher::Sha512($state) => $do,
            Hasher::Sha512_224($state) => $do,
            Hasher::Sha512_256($state) => $do,
            $($others)*
        }
    };
}

fn output_size<D: Digest>(_: &D) -> usize {
    <D as Digest>::output_size()
}

impl Hasher {
    pub fn algorithm(&self) -> Algorithm {
        match self {
            Hasher::Md5(_) => Algorithm::Md5,
            Hasher::Sha1(_) => Algorithm::Sha1,
            Hasher::Md5Sha1(..) => Algorithm::Md5Sha1,
            Hasher::Ripemd160(_) => Algorithm::Ripemd160,
            Hasher::Sm3(_) => Algorithm::Sm3,
            Hasher::Sha224(_) => Algorithm::Sha224,
            Hasher::Sha256(_) => Algorithm::Sha256,
            Hasher::Sha384(_) => Algorithm::Sha384,
            Hasher::Sha512(_) => Algorithm::Sha512,
            Hasher::Sha512_224(_) => Algorithm::Sha512_224,
            Hasher::Sha512_256(_) => Algorithm::Sha512_256,
            Hasher::Sha3(sponge) => sponge.algorithm,
            Hasher::Blake2b(..) => Algorithm::Blake2b,
            Hasher::Blake2s(..) => Algorithm::Blake2s,
        }
    }

    pub fn name(&self) -> &'static str {
        self.algorithm().name()
    }

    pub fn block_size(&self) -> usize {
        match self {
            Hasher::Sha384(_) | Hasher::Sha512(_) | Hasher::Sha512_224(_) | Hasher::Sha512_256(_) => 128,
            Hasher::Blake2b(..) => 128,
            Hasher::Sha3(sponge) => sponge.rate,
            _ => 64,
        }
    }

    /// 0 for hashes of any length.
    pub fn digest_size(&self) -> usize {
        with_digest!(self, state => output_size(state),
            Hasher::Md5Sha1(md5, sha1) => output_size(md5) + output_size(sha1),
            Hasher::Sha3(sponge) => sponge.digest_size,
            Hasher::Blake2b(_, size) | Hasher::Blake2s(_, size) => *size,
        )
    }

    pub fn update(&mut self, data: &[u8]) {
        with_digest!(self, state => state.update(data),
            Hasher::Md5Sha1(md5, sha1) => {
                md5.update(data);
                sha1.update(data);
            }
            Hasher::Sha3(sponge) => sponge.absorb(data),
            Hasher::Blake2b(state, _) => _ = state.update(data),
            Hasher::Blake2s(state, _) => _ = state.update(data),
        )
    }

    /// The digest of what was seen so far.
    pub fn digest(&self) -> Vec<u8> {
        with_digest!(self, state => state.clone().finalize().to_vec(),
            Hasher::Md5Sha1(md5, sha1) => {
                let mut both = md5.clone().finalize().to_vec();
                both.extend_from_slice(&sha1.clone().finalize());
                both
            }
            Hasher::Sha3(sponge) => {
                let mut out = vec![0; sponge.digest_size];
                sponge.squeeze(&mut out);
                out
            }
            Hasher::Blake2b(state, _) => state.finalize().as_bytes().to_vec(),
            Hasher::Blake2s(state, _) => state.finalize().as_bytes().to_vec(),
        )
    }
}
