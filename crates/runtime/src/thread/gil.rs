//! The global interpreter lock, and attaching threads to it.
//!
//! A waiting thread that sees no switch within the interval sets the drop request in the holder's eval breaker; the
//! holder then releases the lock and waits until someone else has had it. While the process is being finalised, every
//! thread but the finalising one hangs when it wants the lock. CPython: `Python/ceval_gil.c`.

use core::cell::Cell;
use core::ptr;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::interpreter::{interpreter, lock_ignoring_poison};
use super::state;
use crate::abi::{_PY_GIL_DROP_REQUEST_BIT, _PyThreadState_WHENCE_GILSTATE, _PyThreadState_status, PyThreadState};

struct Held {
    locked: bool,
    /// The holder while locked, as an address; its eval breaker takes the drop request.
    holder: *mut PyThreadState,
    /// The thread that had the lock last; compared only.
    last: *mut PyThreadState,
    /// Counts changes of holder.
    switches: u64,
    /// How many wait for the lock, and how many for someone else to take it: a signal nobody waits for would be a
    /// system call for nothing.
    waiting: u32,
    yielding: u32,
}

// SAFETY: the pointers are used under the mutex, while the holder is live.
unsafe impl Send for Held {}

struct Gil {
    state: Mutex<Held>,
    /// Signalled when the lock becomes free.
    free: Condvar,
    /// Signalled when another thread has taken the lock.
    switched: Condvar,
}

impl Gil {
    const fn new() -> Gil {
        Gil {
            state: Mutex::new(Held {
                locked: false,
                holder: ptr::null_mut(),
                last: ptr::null_mut(),
                switches: 0,
                waiting: 0,
                yielding: 0,
            }),
            free: Condvar::new(),
            switched: Condvar::new(),
        }
    }
}

static GIL: Gil = Gil::new();

/// The switch interval in microseconds.
static INTERVAL: AtomicU64 = AtomicU64::new(5000);

pub fn switch_interval() -> u64 {
    INTERVAL.load(Ordering::Relaxed)
}

pub fn set_switch_interval(microseconds: u64) {
    INTERVAL.store(microseconds.max(1), Ordering::Relaxed);
}

thread_local! {
    /// The state that `PyGILState_Ensure` uses on this thread.
    static GIL_STATE: Cell<*mut PyThreadState> = const { Cell::new(ptr::null_mut()) };
}

/// A thread that may not run any more sleeps for ever: unwinding it would run code of a half-finalised process.
fn hang() -> ! {
    loop {
        // SAFETY: waits for a signal.
        unsafe { libc::pause() };
    }
}

fn must_hang(state: *mut PyThreadState) -> bool {
    let finalizing = interpreter().finalizing.load(Ordering::Acquire);
    !finalizing.is_null() && finalizing != state
}

/// Takes the lock.
fn take(state: *mut PyThreadState) {
    if must_hang(state) {
        hang();
    }
    let mut held = lock_ignoring_poison(&GIL.state);
    while held.locked {
        let switches = held.switches;
        let interval = Duration::from_micros(switch_interval());
        held.waiting += 1;
        let (guard, timeout) = match GIL.free.wait_timeout(held, interval) {
            Ok(pair) => pair,
            Err(poisoned) => poisoned.into_inner(),
        };
        held = guard;
        held.waiting -= 1;
        if timeout.timed_out() && held.locked && held.switches == switches {
            if must_hang(state) {
                drop(held);
                hang();
            }
            // SAFETY: the holder cannot go away before it releases the lock, which needs the mutex.
            unsafe { (*held.holder).eval_breaker.fetch_or(_PY_GIL_DROP_REQUEST_BIT, Ordering::Relaxed) };
        }
    }
    held.locked = true;
    held.holder = state;
    if held.last != state {
        held.last = state;
        held.switches += 1;
    }
    if held.yielding > 0 {
        GIL.switched.notify_all();
    }
    drop(held);
    if must_hang(state) {
        release(state, true);
        hang();
    }
}

/// Releases the lock. With `last`, the thread will not ask for it again, so it waits for nobody.
fn release(state: *mut PyThreadState, last: bool) {
    let mut held = lock_ignoring_poison(&GIL.state);
    held.locked = false;
    held.holder = ptr::null_mut();
    if held.waiting > 0 {
        GIL.free.notify_one();
    }
    if last {
        return;
    }
    // SAFETY: the state is the caller's own.
    let breaker = unsafe { &(*state).eval_breaker };
    if breaker.load(Ordering::Relaxed) & _PY_GIL_DROP_REQUEST_BIT != 0 {
        breaker.fetch_and(!_PY_GIL_DROP_REQUEST_BIT, Ordering::Relaxed);
        if held.last == state {
            // Someone asked for the lock and is waking up. The bound guards against one that gave up meanwhile.
            held.yielding += 1;
            let interval = Duration::from_micros(switch_interval());
            let mut held = match GIL.switched.wait_timeout(held, interval) {
                Ok((held, _)) => held,
                Err(poisoned) => poisoned.into_inner().0,
            };
            held.yielding -= 1;
        }
    }
}

/// Takes the lock for `state` and makes it current (`PyEval_RestoreThread`). `errno` stays as it is.
///
/// # Safety
/// `state` is a live state bound to this thread, and the thread has no current state.
pub unsafe fn attach(state: *mut PyThreadState) {
    // SAFETY: errno is a thread local; `state` by contract.
    unsafe {
        let errno = *libc::__errno_location();
        take(state);
        super::set_current(state);
        (*state).holds_gil.set(1);
        (*state)._status.put(_PyThreadState_status::ACTIVE, true);
        *libc::__errno_location() = errno;
    }
}

/// Makes no state current and releases the lock (`PyEval_SaveThread`).
///
/// # Safety
/// `state` is the current one.
pub unsafe fn detach(state: *mut PyThreadState) {
    // SAFETY: by contract.
    unsafe {
        (*state)._status.put(_PyThreadState_status::ACTIVE, false);
        (*state).holds_gil.set(0);
        super::set_current(ptr::null_mut());
    }
    release(state, false);
}

/// Runs `body`, which must not touch any object, without the GIL: around everything that may block.
pub fn allow_threads<R>(body: impl FnOnce() -> R) -> R {
    let state = super::current_ptr();
    // SAFETY: the caller holds the GIL with `state`; panics abort, so the lock is always taken again.
    unsafe {
        detach(state);
        let result = body();
        attach(state);
        result
    }
}

/// Gives the lock to a thread that asked for it, if any.
pub(super) fn yield_lock(state: *mut PyThreadState) {
    // SAFETY: `state` is current.
    unsafe {
        detach(state);
        attach(state);
    }
}

/// Ties `state` to this thread for [`gil_state_ensure`], unless another is.
pub(super) fn bind_gil_state(state: *mut PyThreadState) {
    if GIL_STATE.get().is_null() {
        GIL_STATE.set(state);
        // SAFETY: live by contract of `state::bind`.
        unsafe { (*state)._status.put(_PyThreadState_status::BOUND_GILSTATE, true) };
    }
}

pub(super) fn unbind_gil_state(state: *mut PyThreadState) {
    if GIL_STATE.get() == state {
        GIL_STATE.set(ptr::null_mut());
    }
}

/// The state that `PyGILState_Ensure` would use, or null (`PyGILState_GetThisThreadState`).
pub fn gil_state() -> *mut PyThreadState {
    GIL_STATE.get()
}

/// Makes sure that this thread, whoever made it, has a state and the GIL. Answers whether it had the GIL before; the
/// answer goes to [`gil_state_release`].
pub fn gil_state_ensure() -> bool {
    let mut thread = GIL_STATE.get();
    let had_lock = !thread.is_null() && super::current_ptr() == thread;
    if thread.is_null() {
        thread = state::new(_PyThreadState_WHENCE_GILSTATE);
        if thread.is_null() {
            super::fatal("PyGILState_Ensure", "Couldn't create thread-state for new thread");
        }
        // SAFETY: just made, for this thread.
        unsafe {
            (*thread).gilstate_counter.set(0);
            state::bind(thread);
        }
    }
    // SAFETY: the state is this thread's.
    unsafe {
        if !had_lock {
            attach(thread);
        }
        (*thread).gilstate_counter.set((*thread).gilstate_counter.get() + 1);
    }
    had_lock
}

/// Undoes one [`gil_state_ensure`].
pub fn gil_state_release(had_lock: bool) {
    let thread = GIL_STATE.get();
    if thread.is_null() || super::current_ptr() != thread {
        super::fatal("PyGILState_Release", "thread state must be current when releasing");
    }
    // SAFETY: the state is this thread's and current.
    unsafe {
        let counter = (*thread).gilstate_counter.get() - 1;
        (*thread).gilstate_counter.set(counter);
        if counter == 0 {
            // `clear` may run code that ensures again, which must find the state in use.
            (*thread).gilstate_counter.set(1);
            state::clear(thread);
            (*thread).gilstate_counter.set(0);
            GIL_STATE.set(ptr::null_mut());
            detach(thread);
            state::delete(thread);
        } else if !had_lock {
            detach(thread);
        }
    }
}

/// In the child of a fork: the lock is new and this thread holds it.
///
/// # Safety
/// The calling thread is the only one, and `state` is its current state.
pub unsafe fn after_fork_child(state: *mut PyThreadState) {
    // SAFETY: nobody else is left who could use the old lock; its memory is in a writable static, as it has cells inside.
    unsafe { ptr::write((&raw const GIL).cast_mut(), Gil::new()) };
    take(state);
}
