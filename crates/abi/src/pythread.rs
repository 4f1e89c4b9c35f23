//! Thread-specific storage.
//!
//! CPython: `Include/pythread.h`, `Include/cpython/pythread.h`.

use core::ffi::{c_int, c_uint, c_ulong, c_ulonglong, c_void};

pub type PyThread_type_lock = *mut c_void;
pub type PyThread_ident_t = c_ulonglong;

/// A key of thread-specific storage.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Py_tss_t {
    pub _is_initialized: c_int,
    pub _key: c_uint,
}
const _: () = assert!(size_of::<Py_tss_t>() == 8);

pub const WAIT_LOCK: c_int = 1;
pub const NOWAIT_LOCK: c_int = 0;
pub const PYTHREAD_INVALID_THREAD_ID: c_ulong = 0xffffffffffffffff;

shared! { Py_tss_t }
