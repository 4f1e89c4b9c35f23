//! `_hashlib`: all hashes by name, keyed hashes, and keys from passwords. CPython: `Modules/_hashopenssl.c`, whose names and words
//! programs know; the algorithms here are those of the other modules of this folder.

use core::ops::RangeInclusive;
use std::sync::Mutex;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions::ValueError;
use taipan_runtime::types::mappingproxy::MappingProxy;

use super::algorithm::{Algorithm, Hasher};
use super::derive::{self, Refusal};
use super::hmac::{self, Keyed, hmac_type};
use super::{GIL_MINSIZE, data_argument, hex_text, sha3, started};
use crate::compression::{lock, working};
use crate::support::{self, ErrorClass, Place, Slot};

static UNSUPPORTED: ErrorClass = ErrorClass::new("_hashlib", "UnsupportedDigestmodError", ValueError::type_object);

/// `_constructors`: the names of the functions that make hashes.
static CONSTRUCTORS: Slot = Slot::new();

/// All algorithms, each with the other names that OpenSSL knows, which are good in any case.
const ALGORITHMS: [(Algorithm, &[&str]); 19] = [
    (Algorithm::Md5, &["md5", "ssl3-md5"]),
    (Algorithm::Sha1, &["sha1", "sha-1", "ssl3-sha1"]),
    (Algorithm::Md5Sha1, &["md5-sha1"]),
    (Algorithm::Ripemd160, &["ripemd160", "ripemd-160", "ripemd", "rmd160"]),
    (Algorithm::Sm3, &["sm3"]),
    (Algorithm::Sha224, &["sha224", "sha-224", "sha2-224"]),
    (Algorithm::Sha256, &["sha256", "sha-256", "sha2-256"]),
    (Algorithm::Sha384, &["sha384", "sha-384", "sha2-384"]),
    (Algorithm::Sha512, &["sha512", "sha-512", "sha2-512"]),
    (Algorithm::Sha512_224, &["sha512-224", "sha-512/224", "sha2-512/224"]),
    (Algorithm::Sha512_256, &["sha512-256", "sha-512/256", "sha2-512/256"]),
    (Algorithm::Sha3_224, &["sha3-224"]),
    (Algorithm::Sha3_256, &["sha3-256"]),
    (Algorithm::Sha3_384, &["sha3-384"]),
    (Algorithm::Sha3_512, &["sha3-512"]),
    (Algorithm::Shake128, &["shake128", "shake-128"]),
    (Algorithm::Shake256, &["shake256", "shake-256"]),
    (Algorithm::Blake2b, &["blake2b512", "blake2b-512"]),
    (Algorithm::Blake2s, &["blake2s256", "blake2s-256"]),
];

#[cold]
fn unsupported() -> Raised {
    UNSUPPORTED.raise(format_args!("[digital envelope routines] unsupported"))
}

fn algorithm_named(name: &str) -> PyResult<Algorithm> {
    let fits = |(algorithm, others): &&(Algorithm, &[&str])| {
        algorithm.name() == name || others.iter().any(|other| other.eq_ignore_ascii_case(name))
    };
    ALGORITHMS.iter().find(fits).map(|(algorithm, _)| *algorithm).ok_or_else(unsupported)
}

/// The algorithm of a keyed hash: a name, or one of the functions of this module.
fn algorithm_of(digest: Borrowed<'_, Object>) -> PyResult<Algorithm> {
    if let Some(name) = digest.downcast::<Str>() {
        return fixed(algorithm_named(name.as_utf8()?)?);
    }
    // SAFETY: a dict is put there alone.
    let known = match unsafe { CONSTRUCTORS.get_as::<Dict>() } {
        Some(constructors) => constructors.get(digest)?,
        None => None,
    };
    match known.as_ref().and_then(|name| name.downcast::<Str>()) {
        Some(name) => fixed(algorithm_named(name.as_utf8()?)?),
        None => Err(UNSUPPORTED.raise(format_args!("Unsupported digestmod {}", digest.repr()?.to_display()))),
    }
}

/// Keys need a digest of a length of its own.
fn fixed(algorithm: Algorithm) -> PyResult<Algorithm> {
    if algorithm.is_extendable() { Err(raise!(ValueError, "no reason supplied")) } else { Ok(algorithm) }
}

/// `_hashlib.HASH`
#[repr(C)]
pub struct Hash {
    head: PyObject,
    hasher: Place<Mutex<Hasher>>,
}

/// `_hashlib.HASHXOF`: a hash whose output is as long as one wants it.
#[repr(transparent)]
pub struct HashXof(Hash);

impl Hash {
    fn create(hasher: Hasher) -> PyResult<Ref<Hash>> {
        let class = if hasher.algorithm().is_extendable() { HashXof::type_object() } else { Hash::type_object() };
        let this: Ref<Hash> = support::instance(class)?;
        this.hasher.set(Mutex::new(hasher));
        Ok(this)
    }

    fn start(
        algorithm: Algorithm,
        data: Option<Borrowed<'_, Object>>,
        string: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Hash>> {
        let data = data_argument(data, string)?;
        Hash::create(started(algorithm.start(), data)?)
    }

    fn hasher(&self) -> PyResult<&Mutex<Hasher>> {
        // SAFETY: set once, at the start.
        match unsafe { self.hasher.get() } {
            Some(hasher) => Ok(hasher),
            None => Err(raise!(ValueError, "the hash is not initialized")),
        }
    }
}

#[pytype(
    name = "HASH",
    module = "_hashlib",
    disallow_instantiation,
    basetype,
    heap,
    basicsize = 32,
    text_signature = "(name, string=b'')"
)]
impl Hash {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Hash) {
        // SAFETY: called once, by the last decref.
        unsafe {
            drop((*this).hasher.take());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Hash>) -> PyResult<String> {
        let name = lock(this.hasher()?).name();
        Ok(format!("<{name} {} object @ {:p}>", this.type_name(), this.as_ptr()))
    }

    #[method(signature = "($self, obj, /)")]
    fn update(this: &Ref<Hash>, obj: Borrowed<'_, Object>) -> PyResult<()> {
        super::update(this.hasher()?, obj)
    }

    #[method(signature = "($self, /)")]
    fn digest(this: &Ref<Hash>) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(&fixed_digest(this)?)
    }

    #[method(signature = "($self, /)")]
    fn hexdigest(this: &Ref<Hash>) -> PyResult<Ref<Str>> {
        hex_text(&fixed_digest(this)?)
    }

    #[method(signature = "($self, /)")]
    fn copy(this: &Ref<Hash>) -> PyResult<Ref<Hash>> {
        let copy = lock(this.hasher()?).clone();
        Hash::create(copy)
    }

    #[getter]
    fn digest_size(this: &Ref<Hash>) -> PyResult<usize> {
        Ok(lock(this.hasher()?).digest_size())
    }

    #[getter]
    fn block_size(this: &Ref<Hash>) -> PyResult<usize> {
        Ok(lock(this.hasher()?).block_size())
    }

    #[getter]
    fn name(this: &Ref<Hash>) -> PyResult<&'static str> {
        Ok(lock(this.hasher()?).name())
    }
}

fn fixed_digest(this: &Hash) -> PyResult<Vec<u8>> {
    let hasher = lock(this.hasher()?);
    fixed(hasher.algorithm())?;
    Ok(hasher.digest())
}

fn long_digest(this: &HashXof, length: isize) -> PyResult<Vec<u8>> {
    let Ok(length) = u64::try_from(length) else {
        return Err(raise!(ValueError, "length must be non-negative"));
    };
    sha3::output(&lock(this.0.hasher()?), length)
}

#[pytype(
    name = "HASHXOF",
    module = "_hashlib",
    base = Hash,
    disallow_instantiation,
    basetype,
    heap,
    basicsize = 32,
    text_signature = "(name, string=b'')"
)]
impl HashXof {
    #[method(signature = "($self, /, length)")]
    fn digest(this: &Ref<HashXof>, length: isize) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(&long_digest(this, length)?)
    }

    #[method(signature = "($self, /, length)")]
    fn hexdigest(this: &Ref<HashXof>, length: isize) -> PyResult<Ref<Str>> {
        hex_text(&long_digest(this, length)?)
    }

    #[getter]
    fn digest_size(_this: &Ref<HashXof>) -> usize {
        0
    }
}

hmac_type! { KeyedHash "_hashlib" [basicsize = 32] {} }

/// A length that has to be in the range of C's `int`.
fn check_length(buffer: &BufferArg<'_>, name: &str) -> PyResult<()> {
    if buffer.len() > i32::MAX as usize {
        return Err(raise!(OverflowError, "{name} is too long."));
    }
    Ok(())
}

fn in_range(value: i64, range: RangeInclusive<i64>, message: &str) -> PyResult<usize> {
    if range.contains(&value) { Ok(value as usize) } else { Err(raise!(ValueError, "{message}")) }
}

/// Room for a key.
fn room(length: usize) -> PyResult<Vec<u8>> {
    let mut room = vec_with_capacity(length)?;
    room.resize(length, 0);
    Ok(room)
}

pub struct HashlibModule;

macro_rules! constructors {
    ($($name:ident $algorithm:ident;)*) => {
        #[pymethods(part = HASHES)]
        impl HashlibModule {$(
            #[function(signature = "($module, /, data=b'', *, usedforsecurity=True, string=None)")]
            fn $name(
                data: Option<Borrowed<'_, Object>>,
                _usedforsecurity: bool,
                string: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<Hash>> {
                Hash::start(Algorithm::$algorithm, data, string)
            }
        )*}

        /// The functions, by name.
        const FUNCTIONS: &[(&str, Algorithm)] = &[$((stringify!($name), Algorithm::$algorithm)),*];
    };
}

constructors! {
    openssl_md5 Md5;
    openssl_sha1 Sha1;
    openssl_sha224 Sha224;
    openssl_sha256 Sha256;
    openssl_sha384 Sha384;
    openssl_sha512 Sha512;
    openssl_sha3_224 Sha3_224;
    openssl_sha3_256 Sha3_256;
    openssl_sha3_384 Sha3_384;
    openssl_sha3_512 Sha3_512;
    openssl_shake_128 Shake128;
    openssl_shake_256 Shake256;
}

#[pymodule(name = "_hashlib", extend = [HashlibModule::HASHES])]
impl HashlibModule {
    const _GIL_MINSIZE: usize = GIL_MINSIZE;

    #[function(signature = "($module, /, name, data=b'', *, usedforsecurity=True, string=None)")]
    fn new(
        name: &str,
        data: Option<Borrowed<'_, Object>>,
        _usedforsecurity: bool,
        string: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Hash>> {
        let data = data_argument(data, string)?;
        Hash::start(algorithm_named(name)?, data, None)
    }

    #[function(signature = "($module, /, hash_name, password, salt, iterations, dklen=None)")]
    fn pbkdf2_hmac(
        hash_name: &str,
        password: BufferArg<'_>,
        salt: BufferArg<'_>,
        iterations: i64,
        dklen: Nullable<i64>,
    ) -> PyResult<Ref<Bytes>> {
        let algorithm = algorithm_named(hash_name)?;
        check_length(&password, "password")?;
        check_length(&salt, "salt")?;
        let most = i64::from(i32::MAX);
        if iterations > most {
            return Err(raise!(OverflowError, "iteration value is too great."));
        }
        let iterations = in_range(iterations, 1..=most, "iteration value must be greater than 0.")?;
        let length = dklen.into_option().unwrap_or(algorithm.start().digest_size() as i64);
        if length > most {
            return Err(raise!(OverflowError, "key length is too great."));
        }
        let mut key = room(in_range(length, 1..=most, "key length must be greater than 0.")?)?;
        if algorithm.is_extendable() {
            return Err(raise!(ValueError, "[Provider routines] xof digests not allowed"));
        }
        working(usize::MAX, || derive::pbkdf2(algorithm, &password, &salt, iterations as u32, &mut key));
        Bytes::from_slice(&key)
    }

    #[function(signature = "($module, /, password, *, salt, n, r, p, maxmem=0, dklen=64)")]
    fn scrypt(
        password: BufferArg<'_>,
        salt: BufferArg<'_>,
        n: u64,
        r: u64,
        p: u64,
        maxmem: i64,
        dklen: i64,
    ) -> PyResult<Ref<Bytes>> {
        check_length(&password, "password")?;
        check_length(&salt, "salt")?;
        if n < 2 || !n.is_power_of_two() {
            return Err(raise!(ValueError, "n must be a power of 2."));
        }
        let most = i64::from(i32::MAX);
        let limit = in_range(maxmem, 0..=most, "maxmem must be positive and smaller than 2147483647")?;
        let length = in_range(dklen, 1..=most, "dklen must be greater than 0 and smaller than 2147483647")?;
        if r.max(p) > u64::from(u32::MAX) {
            return Err(raise!(ValueError, "[digital envelope routines] parameter too large"));
        }
        let mut key = room(length)?;
        match working(usize::MAX, || derive::scrypt(&password, &salt, [n, r, p], limit as u64, &mut key)) {
            Ok(()) => Bytes::from_slice(&key),
            Err(Refusal::Invalid) => Err(raise!(ValueError, "Invalid parameter combination for n, r, p, maxmem.")),
            Err(Refusal::Memory) => Err(raise!(ValueError, "[digital envelope routines] memory limit exceeded")),
        }
    }

    #[function(signature = "($module, /)")]
    fn get_fips_mode() -> i64 {
        0
    }

    #[function(signature = "($module, a, b, /)")]
    fn compare_digest(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<bool> {
        crate::operator::compare_digest(a, b)
    }

    #[function(signature = "($module, /, key, msg, digest)")]
    fn hmac_digest(key: BufferArg<'_>, msg: BufferArg<'_>, digest: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
        check_length(&key, "key")?;
        check_length(&msg, "msg")?;
        hmac::compute(algorithm_of(digest)?, &key, &msg)
    }

    #[function(signature = "($module, /, key, msg=b'', digestmod=None)")]
    fn hmac_new(
        key: BufferArg<'_>,
        msg: Nullable<Borrowed<'_, Object>>,
        digestmod: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<KeyedHash>> {
        check_length(&key, "key")?;
        let Some(digestmod) = digestmod else {
            return Err(raise!(TypeError, "Missing required parameter 'digestmod'."));
        };
        let this = KeyedHash::create(Keyed::new(algorithm_of(digestmod)?, &key))?;
        if let Some(message) = msg.into_option() {
            KeyedHash::update(&this, message)?;
        }
        Ok(this)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Hash>()?;
        module.add_type::<HashXof>()?;
        module.add_type::<KeyedHash>()?;
        UNSUPPORTED.add_to(module)?;
        let names = List::with_capacity(ALGORITHMS.len())?;
        for (algorithm, _) in ALGORITHMS {
            names.push(Str::from_utf8_str(algorithm.name())?.into_object())?;
        }
        let names = FrozenSet::from_iterable(names.as_borrowed())?;
        module.add("openssl_md_meth_names", names)?;
        let constructors = Dict::new()?;
        for (function, algorithm) in FUNCTIONS {
            let function = module.as_object().getattr(Str::from_utf8_str(function)?.borrow())?;
            constructors.set_item(function.borrow(), Str::from_utf8_str(algorithm.name())?.as_borrowed())?;
        }
        module.add("_constructors", MappingProxy::new(constructors.as_borrowed())?)?;
        CONSTRUCTORS.set(Some(constructors.into_object()));
        Ok(())
    }
}
