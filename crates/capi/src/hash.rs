//! `pyhash.h`.

use core::ffi::c_void;

use taipan_runtime::abi::PyHash_FuncDef;
use taipan_runtime::prelude::*;
use taipan_runtime::types::hash;

use crate::parameters::Data;

#[repr(transparent)]
struct Shared(PyHash_FuncDef);

// SAFETY: constant.
unsafe impl Sync for Shared {}

unsafe extern "C" fn siphash(data: *const c_void, size: isize) -> isize {
    // SAFETY: C passes an array of that size.
    hash::bytes(unsafe { core::slice::from_raw_parts(data.cast(), size.max(0) as usize) })
}

static FUNCTION: Shared =
    Shared(PyHash_FuncDef { hash: Some(siphash), name: c"siphash13".as_ptr(), hash_bits: 64, seed_bits: 128 });

capi! {
    fn PyHash_GetFuncDef() -> *const PyHash_FuncDef { &raw const FUNCTION.0 }
    fn Py_HashPointer(pointer: *const c_void) -> isize { hash::pointer(pointer) }
    fn Py_HashBuffer(data: Data<'_>, size: isize) -> PyResult<isize> { Ok(hash::bytes(data.sized(size)?)) }
}
