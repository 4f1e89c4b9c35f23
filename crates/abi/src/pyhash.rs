//! The hash function of strings, and the parameters of numeric hashes.
//!
//! CPython: `Include/cpython/pyhash.h`, `Include/pyhash.h`.

use core::ffi::{c_char, c_int, c_uchar, c_void};

use crate::object::{Py_hash_t, Py_ssize_t, Py_uhash_t};

/// What `PyHash_GetFuncDef` gives.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyHash_FuncDef {
    pub hash: Option<unsafe extern "C" fn(*const c_void, Py_ssize_t) -> Py_hash_t>,
    pub name: *const c_char,
    /// Bits of the hash that carry information.
    pub hash_bits: c_int,
    pub seed_bits: c_int,
}
const _: () = assert!(size_of::<PyHash_FuncDef>() == 24);

/// For FNV.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _Py_HashSecret_t_fnv {
    pub prefix: Py_hash_t,
    pub suffix: Py_hash_t,
}
const _: () = assert!(size_of::<_Py_HashSecret_t_fnv>() == 16);

/// For SipHash.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _Py_HashSecret_t_siphash {
    pub k0: u64,
    pub k1: u64,
}
const _: () = assert!(size_of::<_Py_HashSecret_t_siphash>() == 16);

/// For the hash of small strings.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _Py_HashSecret_t_djbx33a {
    pub padding: [c_uchar; 16],
    pub suffix: Py_hash_t,
}
const _: () = assert!(size_of::<_Py_HashSecret_t_djbx33a>() == 24);

/// For the hash tables of Expat.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _Py_HashSecret_t_expat {
    pub hashsalt16: [u8; 16],
    pub hashsalt: Py_hash_t,
}
const _: () = assert!(size_of::<_Py_HashSecret_t_expat>() == 24);

/// The random prefix of hashes.
#[derive(Clone, Copy)]
#[repr(C)]
pub union _Py_HashSecret_t {
    pub uc: [c_uchar; 24],
    pub fnv: _Py_HashSecret_t_fnv,
    pub siphash: _Py_HashSecret_t_siphash,
    pub djbx33a: _Py_HashSecret_t_djbx33a,
    pub expat: _Py_HashSecret_t_expat,
}
const _: () = assert!(size_of::<_Py_HashSecret_t>() == 24);

pub const Py_HASH_CUTOFF: c_int = 0;
pub const Py_HASH_EXTERNAL: c_int = 0;
pub const Py_HASH_SIPHASH24: c_int = 1;
pub const Py_HASH_FNV: c_int = 2;
pub const Py_HASH_SIPHASH13: c_int = 3;
pub const Py_HASH_ALGORITHM: c_int = 3;
pub const PyHASH_MULTIPLIER: Py_uhash_t = 0xf4243;
pub const PyHASH_BITS: c_int = 61;
pub const PyHASH_MODULUS: Py_uhash_t = 0x1fffffffffffffff;
pub const PyHASH_INF: Py_uhash_t = 0x4cb2f;
pub const PyHASH_IMAG: Py_uhash_t = 0xf4243;
pub const _PyHASH_MULTIPLIER: Py_uhash_t = 0xf4243;
pub const _PyHASH_BITS: c_int = 61;
pub const _PyHASH_MODULUS: Py_uhash_t = 0x1fffffffffffffff;
pub const _PyHASH_INF: Py_uhash_t = 0x4cb2f;
pub const _PyHASH_IMAG: Py_uhash_t = 0xf4243;

shared! {
    PyHash_FuncDef, _Py_HashSecret_t_fnv, _Py_HashSecret_t_siphash, _Py_HashSecret_t_djbx33a,
    _Py_HashSecret_t_expat, _Py_HashSecret_t,
}
