//! `pythread.h`: threads, locks and thread-local storage for C.

use core::ptr;
use std::time::Duration;

use taipan_runtime::thread::{self, Lock, Outcome, Wait};

use crate::support::*;

/// `PY_TIMEOUT_MAX`: the longest time to wait, in microseconds.
#[unsafe(no_mangle)]
pub static PY_TIMEOUT_MAX: i64 = i64::MAX / 1000;

type StartFunction = unsafe extern "C" fn(*mut c_void);

struct Start {
    function: StartFunction,
    argument: *mut c_void,
}

extern "C" fn run_thread(start: *mut c_void) -> *mut c_void {
    // SAFETY: the box that the starter leaked; the function is C's.
    unsafe {
        let start = Box::from_raw(start.cast::<Start>());
        (start.function)(start.argument);
    }
    ptr::null_mut()
}

/// Starts a detached thread; its identifier, or the failure value of the C function.
fn start(function: StartFunction, argument: *mut c_void) -> c_ulong {
    let start = Box::into_raw(Box::new(Start { function, argument })).cast::<c_void>();
    // SAFETY: plain use of the thread library; on failure the box is taken back.
    unsafe {
        let mut attributes: libc::pthread_attr_t = core::mem::zeroed();
        if libc::pthread_attr_init(&mut attributes) != 0 {
            drop(Box::from_raw(start.cast::<Start>()));
            return c_ulong::MAX;
        }
        let size = thread::interpreter().thread_stack_size.get();
        if size != 0 {
            libc::pthread_attr_setstacksize(&mut attributes, size);
        }
        let mut made: libc::pthread_t = 0;
        let status = libc::pthread_create(&mut made, &attributes, run_thread, start);
        libc::pthread_attr_destroy(&mut attributes);
        if status != 0 {
            drop(Box::from_raw(start.cast::<Start>()));
            return c_ulong::MAX;
        }
        libc::pthread_detach(made);
        made as c_ulong
    }
}

unsafe fn lock<'a>(lock: *mut c_void) -> &'a Lock {
    // SAFETY: a lock of `PyThread_allocate_lock`.
    unsafe { &*lock.cast::<Lock>() }
}

fn wait_of(microseconds: i64) -> Wait {
    match microseconds {
        0 => Wait::No,
        microseconds if microseconds < 0 => Wait::Forever,
        microseconds => Wait::For(Duration::from_micros(microseconds as u64)),
    }
}

// SAFETY of all of these: C passes locks and keys that it got here and has not freed.
capi! {
    fn PyThread_init_thread() {}

    fn PyThread_start_new_thread(function: StartFunction, argument: *mut c_void) -> c_ulong {
        start(function, argument)
    }

    fn PyThread_exit_thread() -> () {
        unsafe { libc::pthread_exit(ptr::null_mut()) }
    }

    fn PyThread_hang_thread() -> () {
        loop {
            unsafe { libc::pause() };
        }
    }

    fn PyThread_get_thread_ident() -> c_ulong {
        thread::current_ident() as c_ulong
    }

    fn PyThread_get_thread_ident_ex() -> u64 {
        thread::current_ident()
    }

    fn PyThread_get_thread_native_id() -> c_ulong {
        thread::current_native_id() as c_ulong
    }

    fn PyThread_get_stacksize() -> usize {
        thread::interpreter().thread_stack_size.get()
    }

    fn PyThread_set_stacksize(size: usize) -> c_int {
        if size != 0 && size < 32 * 1024 {
            return -1;
        }
        thread::interpreter().thread_stack_size.set(size);
        0
    }

    fn PyThread_allocate_lock() -> *mut c_void {
        Box::into_raw(Box::new(Lock::new())).cast()
    }

    fn PyThread_free_lock(pointer: *mut c_void) {
        drop(unsafe { Box::from_raw(pointer.cast::<Lock>()) });
    }

    fn PyThread_acquire_lock(pointer: *mut c_void, wait: c_int) -> c_int {
        // The GIL stays where it is: C code that wants it released does that itself.
        let wait = if wait != 0 { Wait::Forever } else { Wait::No };
        c_int::from(unsafe { lock(pointer) }.acquire_keeping_gil(wait, false) == Outcome::Acquired)
    }

    fn PyThread_acquire_lock_timed(pointer: *mut c_void, microseconds: i64, interruptible: c_int) -> c_int {
        match unsafe { lock(pointer) }.acquire_keeping_gil(wait_of(microseconds), interruptible != 0) {
            Outcome::Acquired => PY_LOCK_ACQUIRED,
            Outcome::TimedOut => PY_LOCK_FAILURE,
            Outcome::Interrupted => PY_LOCK_INTR,
        }
    }

    fn PyThread_release_lock(pointer: *mut c_void) {
        unsafe { lock(pointer) }.release();
    }

    fn _PyThread_at_fork_reinit(pointer: *mut *mut c_void) -> c_int {
        unsafe { lock(*pointer) }.reset();
        0
    }

    fn PyThread_GetInfo() -> PyResult<Ref<Object>> {
        thread::interpreter().required_sys_attr(id!("thread_info"))
    }

    fn PyThread_create_key() -> c_int {
        let mut key: libc::pthread_key_t = 0;
        let status = unsafe { libc::pthread_key_create(&mut key, None) };
        if status != 0 || key > i32::MAX as libc::pthread_key_t { -1 } else { key as c_int }
    }

    fn PyThread_delete_key(key: c_int) {
        unsafe { libc::pthread_key_delete(key as libc::pthread_key_t) };
    }

    fn PyThread_delete_key_value(key: c_int) {
        unsafe { libc::pthread_setspecific(key as libc::pthread_key_t, ptr::null()) };
    }

    fn PyThread_set_key_value(key: c_int, value: *mut c_void) -> c_int {
        if unsafe { libc::pthread_setspecific(key as libc::pthread_key_t, value) } == 0 { 0 } else { -1 }
    }

    fn PyThread_get_key_value(key: c_int) -> *mut c_void {
        unsafe { libc::pthread_getspecific(key as libc::pthread_key_t) }
    }

    fn PyThread_ReInitTLS() {}

    fn PyThread_tss_alloc() -> *mut Py_tss_t {
        let key = taipan_runtime::memory::domains::raw_calloc(1, size_of::<Py_tss_t>()).cast::<Py_tss_t>();
        if !key.is_null() {
            unsafe { (*key)._is_initialized = 0 };
        }
        key
    }

    fn PyThread_tss_free(key: *mut Py_tss_t) {
        if !key.is_null() {
            unsafe {
                delete_key(key);
                taipan_runtime::memory::domains::raw_free(key.cast());
            }
        }
    }

    fn PyThread_tss_is_created(key: *mut Py_tss_t) -> c_int {
        unsafe { (*key)._is_initialized }
    }

    fn PyThread_tss_create(key: *mut Py_tss_t) -> c_int {
        unsafe {
            if (*key)._is_initialized != 0 {
                return 0;
            }
            let mut made: libc::pthread_key_t = 0;
            if libc::pthread_key_create(&mut made, None) != 0 {
                return -1;
            }
            (*key)._key = made;
            (*key)._is_initialized = 1;
        }
        0
    }

    fn PyThread_tss_delete(key: *mut Py_tss_t) {
        unsafe { delete_key(key) }
    }

    fn PyThread_tss_set(key: *mut Py_tss_t, value: *mut c_void) -> c_int {
        if unsafe { libc::pthread_setspecific((*key)._key, value) } == 0 { 0 } else { -1 }
    }

    fn PyThread_tss_get(key: *mut Py_tss_t) -> *mut c_void {
        unsafe { libc::pthread_getspecific((*key)._key) }
    }
}

unsafe fn delete_key(key: *mut Py_tss_t) {
    // SAFETY: by contract of the callers.
    unsafe {
        if (*key)._is_initialized != 0 {
            libc::pthread_key_delete((*key)._key);
            (*key)._is_initialized = 0;
        }
    }
}
