//! Thread states: creation, binding to a machine thread, clearing, deletion.
//!
//! A state is a box of [`ThreadState`], which begins with the struct that C sees. Its life: `new` (linked into the
//! interpreter), `bind` (on the thread it is for), `attach`/`detach` with the GIL, `clear` (drops objects, may run Python
//! code), `delete`. CPython: `Python/pystate.c`.

use core::cell::Cell;
use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::Ordering;

use super::interpreter::{interpreter, lock_ignoring_poison};
use super::{gil, stack};
use crate::abi::{_PyStackChunk, _PyThreadState_status, _PyThreadStateImpl, PyObject, PyThreadState};
use crate::object::header;

/// What a thread state holds beyond what C sees.
#[repr(C)]
pub struct ThreadState {
    pub c: _PyThreadStateImpl,
    /// Depth of `sys.unraisablehook` and friends, so that a failing hook does not call itself.
    pub hook_depth: Cell<u32>,
    /// Whether the thread was started by `_thread` as a daemon.
    pub daemon: Cell<bool>,
}

impl ThreadState {
    /// The whole of a state.
    ///
    /// # Safety
    /// `state` is live (every state is made by [`new`]).
    pub unsafe fn of<'a>(state: *mut PyThreadState) -> &'a ThreadState {
        // SAFETY: by contract.
        unsafe { &*state.cast() }
    }
}

/// `threading.get_ident()`.
#[inline]
pub fn current_ident() -> u64 {
    // SAFETY: always succeeds.
    unsafe { libc::pthread_self() as u64 }
}

/// `threading.get_native_id()`.
pub fn current_native_id() -> u64 {
    // SAFETY: always succeeds.
    unsafe { libc::gettid() as u64 }
}

/// A new state, linked into the interpreter but bound to no thread. Null when there is no memory.
pub fn new(whence: c_int) -> *mut PyThreadState {
    let layout = std::alloc::Layout::new::<ThreadState>();
    // SAFETY: the layout is not empty; all bits zero is a state in which nothing is set.
    let state = unsafe { std::alloc::alloc_zeroed(layout) }.cast::<ThreadState>();
    if state.is_null() {
        return ptr::null_mut();
    }
    let interp = interpreter();
    // SAFETY: freshly made.
    let base = unsafe { &(*state).c.base };
    base.interp.set(interp.as_c());
    base._whence.set(whence);
    base.id.set(interp.next_thread_id.fetch_add(1, Ordering::Relaxed));
    base.py_recursion_limit.set(interp.recursion_limit.get());
    base.py_recursion_remaining.set(interp.recursion_limit.get());
    base.what_event.set(-1);
    base.exc_info.set((&raw const base.exc_state).cast_mut());
    base.context_ver.set(1);
    base.gilstate_counter.set(1);
    base._status.put(_PyThreadState_status::INITIALIZED, true);
    base._status.put(_PyThreadState_status::UNBOUND, true);
    base.eval_breaker.store(interp.instrumentation_version.load(Ordering::Relaxed) as usize, Ordering::Relaxed);
    let raw: *mut PyThreadState = state.cast();
    let _guard = lock_ignoring_poison(&interp.threads_lock);
    let head = interp.threads.load(Ordering::Relaxed);
    base.next.set(head);
    if !head.is_null() {
        // SAFETY: linked states are live.
        unsafe { (*head).prev.set(raw) };
    }
    interp.threads.store(raw, Ordering::Relaxed);
    raw
}

/// Ties a state to the machine thread that calls this.
///
/// # Safety
/// `state` is live and unbound.
pub unsafe fn bind(state: *mut PyThreadState) {
    // SAFETY: by contract.
    unsafe {
        let base = &*state;
        base.thread_id.set(current_ident() as _);
        base.native_thread_id.set(current_native_id() as _);
        base._status.put(_PyThreadState_status::UNBOUND, false);
        base._status.put(_PyThreadState_status::BOUND, true);
        stack::measure(&*state.cast::<_PyThreadStateImpl>());
        gil::bind_gil_state(state);
    }
}

/// Makes the main thread's state, takes the GIL for it and makes it current. `None` when there is no memory.
pub fn initialize_main() -> Option<&'static PyThreadState> {
    let interp = interpreter();
    let settings = super::config();
    interp.int_max_str_digits.set(settings.int_max_str_digits);
    crate::types::int::text::set_initial_max_str_digits(settings.int_max_str_digits);
    interp.main_thread_id.store(current_ident(), Ordering::Relaxed);
    let state = new(crate::abi::_PyThreadState_WHENCE_INIT);
    if state.is_null() {
        return None;
    }
    interp.main_thread.store(state, Ordering::Relaxed);
    // SAFETY: just made, for this thread.
    unsafe {
        bind(state);
        gil::attach(state);
        Some(&*state)
    }
}

/// Drops what the state holds. May run Python code.
///
/// # Safety
/// `state` is live, and its thread no longer runs Python code.
pub unsafe fn clear(state: *mut PyThreadState) {
    // SAFETY: by contract; the fields own what they point to.
    unsafe {
        let base = &*state;
        let drop_field = |field: &Cell<*mut PyObject>| header::xdecref(field.replace(ptr::null_mut()));
        crate::modules::_thread::forget_locals(base.id.get());
        drop_field(&base.threading_local_key);
        drop_field(&base.threading_local_sentinel);
        let imp = &*state.cast::<_PyThreadStateImpl>();
        drop_field(&imp.asyncio_running_loop);
        drop_field(&imp.asyncio_running_task);
        drop_field(&base.dict);
        drop_field(&base.async_exc);
        drop_field(&base.current_exception);
        drop_field(&base.exc_state.exc_value);
        let (traced, profiled) = (base.c_tracefunc.take().is_some(), base.c_profilefunc.take().is_some());
        crate::interp::monitoring::legacy::forget_thread(traced, profiled);
        drop_field(&base.c_profileobj);
        drop_field(&base.c_traceobj);
        drop_field(&base.async_gen_firstiter);
        drop_field(&base.async_gen_finalizer);
        drop_field(&base.context);
        base._status.put(_PyThreadState_status::CLEARED, true);
    }
}

/// Unlinks and frees the state.
///
/// # Safety
/// `state` is cleared and nobody uses it any more; it is not current.
pub unsafe fn delete(state: *mut PyThreadState) {
    // SAFETY: by contract.
    unsafe {
        unlink(state);
        gil::unbind_gil_state(state);
        let mut chunk = (*state).datastack_chunk.get();
        while !chunk.is_null() {
            let previous = (*chunk).previous.get();
            libc::free(chunk.cast::<_PyStackChunk>().cast());
            chunk = previous;
        }
        libc::free((*state).datastack_cached_chunk.get().cast());
        std::alloc::dealloc(state.cast(), std::alloc::Layout::new::<ThreadState>());
    }
}

unsafe fn unlink(state: *mut PyThreadState) {
    let interp = interpreter();
    let _guard = lock_ignoring_poison(&interp.threads_lock);
    // SAFETY: linked states are live.
    unsafe {
        let (prev, next) = ((*state).prev.get(), (*state).next.get());
        if prev.is_null() {
            if interp.threads.load(Ordering::Relaxed) == state {
                interp.threads.store(next, Ordering::Relaxed);
            }
        } else {
            (*prev).next.set(next);
        }
        if !next.is_null() {
            (*next).prev.set(prev);
        }
    }
}

/// Clears, detaches and deletes the current thread's state: the end of a thread that `_thread` or foreign code made.
pub fn delete_current() {
    let state = super::current_ptr();
    // SAFETY: the current state is live; after `detach` this thread runs no more Python code with it.
    unsafe {
        clear(state);
        gil::detach(state);
        delete(state);
    }
}

/// In the child of a fork: only the forking thread goes on, and every lock of the interpreter is made anew. The states of
/// the others are leaked with what they hold, since their frames cannot be unwound.
pub fn after_fork_child() {
    let interp = interpreter();
    let current = super::current_ptr();
    // SAFETY: this is the only thread, and its state is current.
    unsafe { gil::after_fork_child(current) };
    // SAFETY: one thread is left; it holds the GIL.
    unsafe {
        (*current).native_thread_id.set(current_native_id() as _);
        (*current).prev.set(ptr::null_mut());
        (*current).next.set(ptr::null_mut());
    }
    // A thread that is gone may have held the lock. SAFETY: nobody else is there to use it.
    unsafe { ptr::write((&raw const interp.threads_lock).cast_mut(), std::sync::Mutex::new(())) };
    interp.threads.store(current, Ordering::Relaxed);
    interp.main_thread_id.store(current_ident(), Ordering::Relaxed);
    interp.main_thread.store(current, Ordering::Relaxed);
    crate::modules::_signal::after_fork_child();
    crate::modules::_thread::after_fork_child();
    crate::modules::warnings::after_fork_child();
}
