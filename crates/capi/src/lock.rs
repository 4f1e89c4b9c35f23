//! `lock.h`, `cpython/critical_section.h`: locks of one byte, sections that only an interpreter without a GIL needs, one-time
//! initialisation.

use core::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use taipan_runtime::thread;

use crate::support::*;

/// Threads that wait for any of the one-byte locks. They are rare: such locks guard a few instructions.
static PARKED: (Mutex<()>, Condvar) = (Mutex::new(()), Condvar::new());

/// Takes a lock of one byte. A thread that has to wait does so without the GIL, so that the owner can go on.
fn acquire(bits: &AtomicU8) {
    if bits.compare_exchange(_Py_UNLOCKED, _Py_LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
        return;
    }
    let wait = || {
        loop {
            let guard = PARKED.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let seen = bits.load(Ordering::Relaxed);
            if seen & _Py_LOCKED == 0 {
                if bits.compare_exchange(seen, seen | _Py_LOCKED, Ordering::Acquire, Ordering::Relaxed).is_ok() {
                    return;
                }
                continue;
            }
            bits.fetch_or(_Py_HAS_PARKED, Ordering::Relaxed);
            // The time-out covers an inlined unlock that saw no waiter yet.
            drop(PARKED.1.wait_timeout(guard, Duration::from_millis(5)));
        }
    };
    if thread::current_ptr().is_null() { wait() } else { thread::allow_threads(wait) }
}

fn release(bits: &AtomicU8) {
    let before = bits.swap(_Py_UNLOCKED, Ordering::Release);
    if before & _Py_LOCKED == 0 {
        thread::fatal("PyMutex_Unlock", "unlocking mutex that is not locked");
    }
    if before & _Py_HAS_PARKED != 0 {
        drop(PARKED.0.lock());
        PARKED.1.notify_all();
    }
}

// SAFETY of all of these: C passes live locks.
capi! {
    fn PyMutex_Lock(mutex: *mut PyMutex) {
        acquire(unsafe { &(*mutex)._bits });
    }

    fn PyMutex_Unlock(mutex: *mut PyMutex) {
        release(unsafe { &(*mutex)._bits });
    }

    fn PyMutex_IsLocked(mutex: *mut PyMutex) -> bool {
        unsafe { (*mutex)._bits.load(Ordering::Relaxed) & _Py_LOCKED != 0 }
    }

    fn PyCriticalSection_Begin(_section: *mut PyCriticalSection, _object: *mut PyObject) {}

    fn PyCriticalSection_BeginMutex(_section: *mut PyCriticalSection, _mutex: *mut PyMutex) {}

    fn PyCriticalSection_End(_section: *mut PyCriticalSection) {}

    fn PyCriticalSection2_Begin(_section: *mut PyCriticalSection2, _first: *mut PyObject, _second: *mut PyObject) {}

    fn PyCriticalSection2_BeginMutex(_section: *mut PyCriticalSection2, _first: *mut PyMutex, _second: *mut PyMutex) {}

    fn PyCriticalSection2_End(_section: *mut PyCriticalSection2) {}

    fn _PyOnceFlag_CallOnceSlow(
        flag: *mut _PyOnceFlag,
        function: unsafe extern "C" fn(*mut c_void) -> c_int,
        argument: *mut c_void,
    ) -> c_int {
        let state = unsafe { &(*flag).v };
        if state.load(Ordering::Acquire) == _Py_ONCE_INITIALIZED {
            return 0;
        }
        // The GIL is held: another thread comes in only where the function releases it, and then finds the lock taken.
        acquire(state);
        if state.load(Ordering::Acquire) & _Py_ONCE_INITIALIZED != 0 {
            release_once(state, true);
            return 0;
        }
        let status = unsafe { function(argument) };
        release_once(state, status == 0);
        status
    }
}

fn release_once(state: &AtomicU8, done: bool) {
    let before = state.swap(if done { _Py_ONCE_INITIALIZED } else { _Py_UNLOCKED }, Ordering::Release);
    if before & _Py_HAS_PARKED != 0 {
        drop(PARKED.0.lock());
        PARKED.1.notify_all();
    }
}
