//! `_sha3`.

use taipan_runtime::prelude::*;

use super::algorithm::{Algorithm, Hasher};
use super::keccak::Sponge;
use super::{GIL_MINSIZE, data_argument, fixed_hash_type, hash_type, hex_text, started};
use crate::compression::{lock, working};

/// From this length on, output is refused.
const TOO_LONG: u64 = 1 << 29;

/// What `read` sees in the sponge of a hash.
fn of_sponge<R>(hasher: &Hasher, read: impl FnOnce(&Sponge) -> R) -> PyResult<R> {
    match hasher {
        Hasher::Sha3(sponge) => Ok(read(sponge)),
        _ => Err(raise!(ValueError, "not a sponge")),
    }
}

pub fn output(hasher: &Hasher, length: u64) -> PyResult<Vec<u8>> {
    if length >= TOO_LONG {
        return Err(raise!(ValueError, "length is too large"));
    }
    let length = length as usize;
    let mut out = vec_with_capacity(length)?;
    out.resize(length, 0);
    of_sponge(hasher, |sponge| working(length, || sponge.squeeze(&mut out)))?;
    Ok(out)
}

macro_rules! sha3_type {
    ($macro:ident $ty:ident $name:literal [$($update:literal)?] $algorithm:ident { $($body:tt)* }) => {
        $macro! { $ty $name "_sha3" [basicsize = 32] $($update)? {
            #[new(signature = "(data=b'', *, usedforsecurity=True, string=None)", no_text_signature)]
            fn new(
                cls: Borrowed<'_, Type>,
                data: Option<Borrowed<'_, Object>>,
                usedforsecurity: bool,
                string: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<$ty>> {
                let _ = (cls, usedforsecurity);
                $ty::with_hasher(started(Algorithm::$algorithm.start(), data_argument(data, string)?)?)
            }

            #[getter]
            fn _capacity_bits(this: &Ref<$ty>) -> PyResult<usize> {
                of_sponge(&lock(this.hasher()?), |sponge| 1600 - sponge.rate * 8)
            }

            #[getter]
            fn _rate_bits(this: &Ref<$ty>) -> PyResult<usize> {
                of_sponge(&lock(this.hasher()?), |sponge| sponge.rate * 8)
            }

            #[getter]
            fn _suffix(this: &Ref<$ty>) -> PyResult<Ref<Bytes>> {
                of_sponge(&lock(this.hasher()?), |sponge| Bytes::single(sponge.suffix()))
            }

            $($body)*
        } }
    };
}

macro_rules! shake_type {
    ($ty:ident $name:literal $algorithm:ident) => {
        sha3_type! { hash_type $ty $name [] $algorithm {
            #[method(signature = "($self, /, length)")]
            fn digest(this: &Ref<$ty>, length: u64) -> PyResult<Ref<Bytes>> {
                Bytes::from_slice(&output(&lock(this.hasher()?), length)?)
            }

            #[method(signature = "($self, /, length)")]
            fn hexdigest(this: &Ref<$ty>, length: u64) -> PyResult<Ref<Str>> {
                hex_text(&output(&lock(this.hasher()?), length)?)
            }

            #[method(signature = "($self, data, /)")]
            fn update(this: &Ref<$ty>, data: Borrowed<'_, Object>) -> PyResult<()> {
                super::update(this.hasher()?, data)
            }
        } }
    };
}

sha3_type! { fixed_hash_type Sha3_224 "sha3_224" ["($self, data, /)"] Sha3_224 {} }
sha3_type! { fixed_hash_type Sha3_256 "sha3_256" ["($self, data, /)"] Sha3_256 {} }
sha3_type! { fixed_hash_type Sha3_384 "sha3_384" ["($self, data, /)"] Sha3_384 {} }
sha3_type! { fixed_hash_type Sha3_512 "sha3_512" ["($self, data, /)"] Sha3_512 {} }
shake_type! { Shake128 "shake_128" Shake128 }
shake_type! { Shake256 "shake_256" Shake256 }

pub struct Sha3Module;

#[pymodule(name = "_sha3")]
impl Sha3Module {
    const _GIL_MINSIZE: usize = GIL_MINSIZE;
    const implementation: &str = "RustCrypto";

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Sha3_224>()?;
        module.add_type::<Sha3_256>()?;
        module.add_type::<Sha3_384>()?;
        module.add_type::<Sha3_512>()?;
        module.add_type::<Shake128>()?;
        module.add_type::<Shake256>()
    }
}
