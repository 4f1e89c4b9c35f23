//! Locks of one byte, and critical sections, which a build with the GIL leaves unused.
//!
//! CPython: `Include/cpython/lock.h`, `Include/cpython/critical_section.h`, `pycore_lock.h`.

use core::cell::Cell;
use core::ffi::c_int;
use core::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, AtomicUsize};

pub type _PyLockFlags = c_int;
pub const _Py_LOCK_DONT_DETACH: _PyLockFlags = 0;
pub const _PY_LOCK_DETACH: _PyLockFlags = 1;
pub const _PY_LOCK_HANDLE_SIGNALS: _PyLockFlags = 2;

pub type PyLockStatus = c_int;
pub const PY_LOCK_FAILURE: PyLockStatus = 0;
pub const PY_LOCK_ACQUIRED: PyLockStatus = 1;
pub const PY_LOCK_INTR: PyLockStatus = 2;

/// A lock of one byte.
#[repr(C)]
pub struct PyMutex {
    /// `_Py_LOCKED`, `_Py_HAS_PARKED`.
    pub _bits: AtomicU8,
}
const _: () = assert!(size_of::<PyMutex>() == 1);

/// A critical section over one object. Its layout belongs to the free-threaded build.
#[repr(C)]
pub struct PyCriticalSection {
    _opaque: [u8; 0],
}

/// A critical section over two objects. Its layout belongs to the free-threaded build.
#[repr(C)]
pub struct PyCriticalSection2 {
    _opaque: [u8; 0],
}

/// A one-time event.
#[repr(C)]
pub struct PyEvent {
    pub v: AtomicU8,
}
const _: () = assert!(size_of::<PyEvent>() == 1);

/// A one-time initialisation.
#[repr(C)]
pub struct _PyOnceFlag {
    pub v: AtomicU8,
}
const _: () = assert!(size_of::<_PyOnceFlag>() == 1);

/// A lock that its owner can take again.
#[repr(C)]
pub struct _PyRecursiveMutex {
    pub mutex: PyMutex,
    pub thread: AtomicU64,
    pub level: Cell<usize>,
}
const _: () = assert!(size_of::<_PyRecursiveMutex>() == 24);

/// A lock of readers and writers.
#[repr(C)]
pub struct _PyRWMutex {
    pub bits: AtomicUsize,
}
const _: () = assert!(size_of::<_PyRWMutex>() == 8);

/// A sequence lock.
#[repr(C)]
pub struct _PySeqLock {
    pub sequence: AtomicU32,
}
const _: () = assert!(size_of::<_PySeqLock>() == 4);

pub const _Py_UNLOCKED: u8 = 0;
pub const _Py_LOCKED: u8 = 1;
pub const _Py_HAS_PARKED: u8 = 2;
pub const _Py_ONCE_INITIALIZED: u8 = 4;
pub const _Py_CRITICAL_SECTION_INACTIVE: c_int = 1;
pub const _Py_CRITICAL_SECTION_TWO_MUTEXES: c_int = 2;
pub const _Py_CRITICAL_SECTION_MASK: c_int = 3;

shared! { PyMutex, PyEvent, _PyOnceFlag, _PyRecursiveMutex, _PyRWMutex, _PySeqLock }
