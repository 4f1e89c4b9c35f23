//! `_hmac`: keyed hashing (RFC 2104), and the type of its objects, which `_hashlib` has too.

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::ValueError;

use super::algorithm::{Algorithm, Hasher};
use super::{GIL_MINSIZE, data_of};
use crate::compression::working;
use crate::support::ErrorClass;

static UNKNOWN_HASH: ErrorClass = ErrorClass::new("_hmac", "UnknownHashError", ValueError::type_object);

/// The names that are known, in any case.
const NAMES: [(&str, Algorithm); 14] = [
    ("md5", Algorithm::Md5),
    ("sha1", Algorithm::Sha1),
    ("sha224", Algorithm::Sha224),
    ("sha256", Algorithm::Sha256),
    ("sha384", Algorithm::Sha384),
    ("sha512", Algorithm::Sha512),
    ("sha3_224", Algorithm::Sha3_224),
    ("sha3_256", Algorithm::Sha3_256),
    ("sha3_384", Algorithm::Sha3_384),
    ("sha3_512", Algorithm::Sha3_512),
    ("blake2s", Algorithm::Blake2s),
    ("blake2s_32", Algorithm::Blake2s),
    ("blake2b", Algorithm::Blake2b),
    ("blake2b_32", Algorithm::Blake2b),
];

fn algorithm_of(digest: Borrowed<'_, Object>) -> PyResult<Algorithm> {
    if let Some(name) = digest.downcast::<Str>() {
        let name = name.to_display().to_string();
        if let Some((_, algorithm)) = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            return Ok(*algorithm);
        }
    }
    let repr = digest.repr()?;
    Err(UNKNOWN_HASH.raise(format_args!("unsupported hash type: {}", repr.to_display())))
}

/// The two hashes of a keyed hash.
#[derive(Clone)]
pub struct Keyed {
    inner: Hasher,
    outer: Hasher,
}

impl Keyed {
    pub fn new(algorithm: Algorithm, key: &[u8]) -> Keyed {
        let (mut inner, mut outer) = (algorithm.start(), algorithm.start());
        let size = inner.block_size();
        let mut block = vec![0; size];
        if key.len() > size {
            let mut hasher = algorithm.start();
            hasher.update(key);
            let digest = hasher.digest();
            block[..digest.len()].copy_from_slice(&digest);
        } else {
            block[..key.len()].copy_from_slice(key);
        }
        block.iter_mut().for_each(|byte| *byte ^= 0x36);
        inner.update(&block);
        block.iter_mut().for_each(|byte| *byte ^= 0x36 ^ 0x5c);
        outer.update(&block);
        Keyed { inner, outer }
    }

    pub fn name(&self) -> &'static str {
        self.inner.name()
    }

    pub fn block_size(&self) -> usize {
        self.inner.block_size()
    }

    pub fn digest_size(&self) -> usize {
        self.inner.digest_size()
    }

    pub fn update(&mut self, data: &[u8]) {
        self.inner.update(data);
    }

    pub fn digest(&self) -> Vec<u8> {
        let mut outer = self.outer.clone();
        outer.update(&self.inner.digest());
        outer.digest()
    }
}

/// The keyed hash of one message.
pub fn compute(algorithm: Algorithm, key: &[u8], message: &[u8]) -> PyResult<Ref<Bytes>> {
    let digest = working(message.len(), || {
        let mut keyed = Keyed::new(algorithm, key);
        keyed.update(message);
        keyed.digest()
    });
    Bytes::from_slice(&digest)
}

fn compute_of(algorithm: Algorithm, key: Borrowed<'_, Object>, message: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
    let (key, message) = (data_of(key)?, data_of(message)?);
    compute(algorithm, &key.bytes()?, &message.bytes()?)
}

/// Declares a type of keyed hashes.
macro_rules! hmac_type {
    ($ty:ident $module:literal [$($flag:tt)*] { $($body:tt)* }) => {
        #[repr(C)]
        pub struct $ty {
            head: taipan_runtime::abi::PyObject,
            keyed: crate::support::Place<std::sync::Mutex<crate::hashes::hmac::Keyed>>,
        }

        impl $ty {
            pub fn create(keyed: crate::hashes::hmac::Keyed) -> PyResult<Ref<$ty>> {
                let this: Ref<$ty> = crate::support::instance(<$ty as PyLayout>::type_object())?;
                this.keyed.set(std::sync::Mutex::new(keyed));
                Ok(this)
            }

            /// Asks the hash, once nobody else has it.
            fn with<R>(&self, ask: impl FnOnce(&mut crate::hashes::hmac::Keyed) -> R) -> PyResult<R> {
                // SAFETY: set once, at the start.
                match unsafe { self.keyed.get() } {
                    Some(keyed) => Ok(ask(&mut crate::compression::lock(keyed))),
                    None => Err(raise!(ValueError, "the HMAC is not initialized")),
                }
            }
        }

        #[pytype(name = "HMAC", module = $module, disallow_instantiation, heap, $($flag)*)]
        impl $ty {
            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $ty) {
                // SAFETY: called once, by the last decref.
                unsafe {
                    drop((*this).keyed.take());
                    taipan_runtime::memory::object::dealloc_finish(this);
                }
            }

            #[slot(tp_repr)]
            fn repr(this: &Ref<$ty>) -> PyResult<String> {
                Ok(format!("<{} HMAC object @ {:p}>", this.with(|keyed| keyed.name())?, this.as_ptr()))
            }

            #[getter]
            fn block_size(this: &Ref<$ty>) -> PyResult<usize> {
                this.with(|keyed| keyed.block_size())
            }

            #[getter]
            fn digest_size(this: &Ref<$ty>) -> PyResult<usize> {
                this.with(|keyed| keyed.digest_size())
            }

            #[getter]
            fn name(this: &Ref<$ty>) -> PyResult<String> {
                Ok(format!("hmac-{}", this.with(|keyed| keyed.name())?))
            }

            #[method(signature = "($self, /)")]
            fn copy(this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                $ty::create(this.with(|keyed| keyed.clone())?)
            }

            #[method(signature = "($self, /)")]
            fn digest(this: &Ref<$ty>) -> PyResult<Ref<Bytes>> {
                Bytes::from_slice(&this.with(|keyed| keyed.digest())?)
            }

            #[method(signature = "($self, /)")]
            fn hexdigest(this: &Ref<$ty>) -> PyResult<Ref<Str>> {
                crate::hashes::hex_text(&this.with(|keyed| keyed.digest())?)
            }

            #[method(signature = "($self, /, msg)")]
            fn update(this: &Ref<$ty>, msg: Borrowed<'_, Object>) -> PyResult<()> {
                let view = crate::hashes::data_of(msg)?;
                let bytes = view.bytes()?;
                this.with(|keyed| crate::compression::working(bytes.len(), || keyed.update(&bytes)))
            }

            $($body)*
        }
    };
}
pub(crate) use hmac_type;

hmac_type! { Hmac "_hmac" [gc, basicsize = 72] {
    #[slot(tp_traverse)]
    fn traverse(_this: &Hmac, _visit: &mut Visitor) {}
} }

pub struct HmacModule;

macro_rules! compute_functions {
    ($($name:ident $algorithm:ident;)*) => {
        #[pymethods(part = COMPUTE)]
        impl HmacModule {
            $(
                #[function(signature = "($module, key, msg, /)")]
                fn $name(key: Borrowed<'_, Object>, msg: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
                    compute_of(Algorithm::$algorithm, key, msg)
                }
            )*
        }
    };
}

compute_functions! {
    compute_md5 Md5;
    compute_sha1 Sha1;
    compute_sha224 Sha224;
    compute_sha256 Sha256;
    compute_sha384 Sha384;
    compute_sha512 Sha512;
    compute_sha3_224 Sha3_224;
    compute_sha3_256 Sha3_256;
    compute_sha3_384 Sha3_384;
    compute_sha3_512 Sha3_512;
    compute_blake2s_32 Blake2s;
    compute_blake2b_32 Blake2b;
}

#[pymodule(name = "_hmac", extend = [HmacModule::COMPUTE])]
impl HmacModule {
    const _GIL_MINSIZE: usize = GIL_MINSIZE;

    #[function(signature = "($module, /, key, msg=None, digestmod=None)")]
    fn new(
        key: Borrowed<'_, Object>,
        msg: Option<Borrowed<'_, Object>>,
        digestmod: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Hmac>> {
        let Some(digestmod) = digestmod else {
            return Err(raise!(TypeError, "new() missing 1 required argument 'digestmod'"));
        };
        let algorithm = algorithm_of(digestmod)?;
        let key = data_of(key)?;
        let this = Hmac::create(Keyed::new(algorithm, &key.bytes()?))?;
        if let Some(message) = msg.filter(|message| !message.is_none()) {
            Hmac::update(&this, message)?;
        }
        Ok(this)
    }

    #[function(signature = "($module, /, key, msg, digest)")]
    fn compute_digest(
        key: Borrowed<'_, Object>,
        msg: Borrowed<'_, Object>,
        digest: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Bytes>> {
        compute_of(algorithm_of(digest)?, key, msg)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Hmac>()?;
        UNKNOWN_HASH.add_to(module)
    }
}
