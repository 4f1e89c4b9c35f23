//! `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`, `_hmac`, and `_hashlib`, which has all of them under one roof, and more. CPython:
//! `Modules/md5module.c` and so on, and `Modules/_hashopenssl.c`; no OpenSSL is behind it here.
//!
//! **Invariant:** a running hash is behind a mutex, and much data is hashed with the GIL released.

mod algorithm;
mod blake2;
mod derive;
mod digests;
mod hashlib;
mod hmac;
mod keccak;
mod sha3;

pub use blake2::Blake2;
pub use digests::{Md5Module, Sha1Module, Sha2Module};
pub use hashlib::HashlibModule;
pub use hmac::HmacModule;
pub use sha3::Sha3Module;

use std::sync::Mutex;

use taipan_runtime::abi::PyBUF_SIMPLE;
use taipan_runtime::prelude::*;
use taipan_runtime::types::buffer::{self, View};
use taipan_runtime::types::bytes::hex;

use crate::compression::{lock, working};
use algorithm::Hasher;

/// `_GIL_MINSIZE`: with less data the GIL is kept.
const GIL_MINSIZE: usize = 2048;

/// The bytes of what is to be hashed.
fn data_of(object: Borrowed<'_, Object>) -> PyResult<View> {
    if object.is_instance_of::<Str>() {
        return Err(raise!(TypeError, "Strings must be encoded before hashing"));
    }
    if !buffer::has_buffer(&object) {
        return Err(raise!(TypeError, "object supporting the buffer API required"));
    }
    let view = View::new(object, PyBUF_SIMPLE)?;
    if view.ndim > 1 {
        return Err(raise!(BufferError, "Buffer must be single dimension"));
    }
    Ok(view)
}

/// The argument `data`, which has the old name `string` too.
fn data_argument<'a>(
    data: Option<Borrowed<'a, Object>>,
    string: Option<Borrowed<'a, Object>>,
) -> PyResult<Option<Borrowed<'a, Object>>> {
    match (data, string) {
        (Some(_), Some(_)) => Err(raise!(
            TypeError,
            "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter is slated for removal \
             in a future version."
        )),
        (data, string) => Ok(data.or(string)),
    }
}

fn update(hasher: &Mutex<Hasher>, data: Borrowed<'_, Object>) -> PyResult<()> {
    let view = data_of(data)?;
    let bytes = view.bytes()?;
    let mut hasher = lock(hasher);
    working(bytes.len(), || hasher.update(&bytes));
    Ok(())
}

/// A running hash that has seen the data, if there is any.
fn started(mut hasher: Hasher, data: Option<Borrowed<'_, Object>>) -> PyResult<Hasher> {
    if let Some(data) = data {
        let view = data_of(data)?;
        let bytes = view.bytes()?;
        working(bytes.len(), || hasher.update(&bytes));
    }
    Ok(hasher)
}

fn hex_text(digest: &[u8]) -> PyResult<Ref<Str>> {
    hex::hex(digest, None, 0)
}

/// Declares a type of hash objects around a `Place<Mutex<Hasher>>`; further methods follow in braces.
macro_rules! hash_type {
    ($ty:ident $name:literal $module:literal [$($flag:tt)*] { $($body:tt)* }) => {
        #[repr(C)]
        pub struct $ty {
            head: taipan_runtime::abi::PyObject,
            hasher: crate::support::Place<std::sync::Mutex<crate::hashes::algorithm::Hasher>>,
        }

        impl $ty {
            pub fn with_hasher(hasher: crate::hashes::algorithm::Hasher) -> PyResult<Ref<$ty>> {
                let this: Ref<$ty> = crate::support::instance(<$ty as PyLayout>::type_object())?;
                this.hasher.set(std::sync::Mutex::new(hasher));
                Ok(this)
            }

            fn hasher(&self) -> PyResult<&std::sync::Mutex<crate::hashes::algorithm::Hasher>> {
                // SAFETY: set once, at the start.
                match unsafe { self.hasher.get() } {
                    Some(hasher) => Ok(hasher),
                    None => Err(raise!(ValueError, "the hash is not initialized")),
                }
            }
        }

        #[pytype(name = $name, module = $module, gc, heap, $($flag)*)]
        impl $ty {
            #[slot(tp_traverse)]
            fn traverse(_this: &$ty, _visit: &mut Visitor) {}

            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $ty) {
                // SAFETY: called once, by the last decref.
                unsafe {
                    taipan_runtime::memory::object::gc_untrack(this.cast());
                    drop((*this).hasher.take());
                    taipan_runtime::memory::object::dealloc_finish(this);
                }
            }

            #[method(signature = "($self, /)")]
            fn copy(this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                let copy = crate::compression::lock(this.hasher()?).clone();
                $ty::with_hasher(copy)
            }

            #[getter]
            fn block_size(this: &Ref<$ty>) -> PyResult<usize> {
                Ok(crate::compression::lock(this.hasher()?).block_size())
            }

            #[getter]
            fn digest_size(this: &Ref<$ty>) -> PyResult<usize> {
                Ok(crate::compression::lock(this.hasher()?).digest_size())
            }

            #[getter]
            fn name(this: &Ref<$ty>) -> PyResult<&'static str> {
                Ok(crate::compression::lock(this.hasher()?).name())
            }

            $($body)*
        }
    };
}
pub(crate) use hash_type;

/// The methods `digest` and `hexdigest` of a hash of fixed length, and `update`, whose parameter has a name of its own.
macro_rules! fixed_hash_type {
    ($ty:ident $name:literal $module:literal [$($flag:tt)*] $update:literal { $($body:tt)* }) => {
        crate::hashes::hash_type! { $ty $name $module [$($flag)*] {
            #[method(signature = "($self, /)")]
            fn digest(this: &Ref<$ty>) -> PyResult<Ref<Bytes>> {
                Bytes::from_slice(&crate::compression::lock(this.hasher()?).digest())
            }

            #[method(signature = "($self, /)")]
            fn hexdigest(this: &Ref<$ty>) -> PyResult<Ref<Str>> {
                crate::hashes::hex_text(&crate::compression::lock(this.hasher()?).digest())
            }

            #[method(signature = $update)]
            fn update(this: &Ref<$ty>, data: Borrowed<'_, Object>) -> PyResult<()> {
                crate::hashes::update(this.hasher()?, data)
            }

            $($body)*
        } }
    };
}
pub(crate) use fixed_hash_type;
