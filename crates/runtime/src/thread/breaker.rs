//! The eval breaker: what a running thread looks at between instructions, and what it then does.
//!
//! Bits: a drop request for the GIL, tripped signals, pending calls, an asynchronous exception, a collection. The bits
//! above hold the version of instrumentation. CPython: `Python/ceval_gil.c`.

use core::sync::atomic::{AtomicBool, Ordering};
use std::collections::VecDeque;
use std::sync::Mutex;

use super::gil;
use super::interpreter::{interpreter, lock_ignoring_poison};
use crate::abi::{
    _PY_ASYNC_EXCEPTION_BIT, _PY_CALLS_TO_DO_BIT, _PY_EVAL_EVENTS_MASK, _PY_GC_SCHEDULED_BIT, _PY_GIL_DROP_REQUEST_BIT,
    _PY_SIGNALS_PENDING_BIT, PyThreadState,
};
use crate::prelude::*;

/// Sets an event bit of `thread`. Other threads and signal handlers may do that.
///
/// # Safety
/// `thread` is live.
pub unsafe fn request(thread: *mut PyThreadState, bit: usize) {
    // SAFETY: by contract.
    unsafe { (*thread).eval_breaker.fetch_or(bit, Ordering::Relaxed) };
}

/// Sets an event bit of the main thread; for signal handlers.
pub fn request_main(bit: usize) {
    let main = interpreter().main_thread.load(Ordering::Relaxed);
    if !main.is_null() {
        // SAFETY: the main thread's state lives as long as the interpreter.
        unsafe { request(main, bit) };
    }
}

/// Does what the event bits of the current thread ask for (`_Py_HandlePending`).
#[cold]
pub fn handle_eval_breaker(thread: *mut PyThreadState) -> PyResult<()> {
    // SAFETY: the current thread's state.
    let state = unsafe { &*thread };
    let breaker = state.eval_breaker.load(Ordering::Relaxed);
    if breaker & _PY_EVAL_EVENTS_MASK == 0 {
        return Ok(());
    }
    if breaker & _PY_SIGNALS_PENDING_BIT != 0 && interpreter().is_main_thread() {
        state.eval_breaker.fetch_and(!_PY_SIGNALS_PENDING_BIT, Ordering::Relaxed);
        if let Err(raised) = crate::modules::_signal::run_tripped_handlers() {
            // Other signals may still wait.
            state.eval_breaker.fetch_or(_PY_SIGNALS_PENDING_BIT, Ordering::Relaxed);
            return Err(raised);
        }
    }
    if breaker & _PY_CALLS_TO_DO_BIT != 0 {
        make_pending_calls()?;
    }
    if breaker & _PY_GC_SCHEDULED_BIT != 0 {
        state.eval_breaker.fetch_and(!_PY_GC_SCHEDULED_BIT, Ordering::Relaxed);
        crate::memory::gc::run_requested();
    }
    if breaker & _PY_GIL_DROP_REQUEST_BIT != 0 {
        gil::yield_lock(thread);
    }
    if breaker & _PY_ASYNC_EXCEPTION_BIT != 0 {
        state.eval_breaker.fetch_and(!_PY_ASYNC_EXCEPTION_BIT, Ordering::Relaxed);
        let exception = state.async_exc.replace(core::ptr::null_mut());
        // SAFETY: the field owned it.
        if let Some(exception) = unsafe { Ref::<Object>::from_owned_ptr_or_null(exception) } {
            return Err(crate::types::exceptions::raise_class_or_instance(exception.borrow()));
        }
    }
    Ok(())
}

/// Looks at the eval breaker from a long-running native loop, so that Ctrl-C works there.
#[inline]
pub fn check_signals() -> PyResult<()> {
    let thread = super::current_ptr();
    // SAFETY: the current state.
    if unsafe { (*thread).eval_breaker.load(Ordering::Relaxed) } & _PY_SIGNALS_PENDING_BIT != 0
        && interpreter().is_main_thread()
    {
        // SAFETY: as above.
        unsafe { (*thread).eval_breaker.fetch_and(!_PY_SIGNALS_PENDING_BIT, Ordering::Relaxed) };
        return crate::modules::_signal::run_tripped_handlers();
    }
    Ok(())
}

/// A native function that waits to be called on the main thread.
struct PendingCall {
    function: unsafe extern "C" fn(*mut c_void) -> c_int,
    argument: *mut c_void,
}

// SAFETY: the argument is the business of whoever added the call.
unsafe impl Send for PendingCall {}

/// As many as CPython keeps for the main thread.
const MAX_PENDING: usize = 300;

/// How many are done in one go, so that calls that add calls do not hold up the program.
const MAX_AT_ONCE: usize = 32;

static PENDING: Mutex<VecDeque<PendingCall>> = Mutex::new(VecDeque::new());
static BUSY: AtomicBool = AtomicBool::new(false);

/// Has the main thread call `function(argument)` soon (`Py_AddPendingCall`). False when the queue is full.
pub fn add_pending_call(function: unsafe extern "C" fn(*mut c_void) -> c_int, argument: *mut c_void) -> bool {
    {
        let mut queue = lock_ignoring_poison(&PENDING);
        if queue.len() >= MAX_PENDING {
            return false;
        }
        queue.push_back(PendingCall { function, argument });
    }
    request_main(_PY_CALLS_TO_DO_BIT);
    true
}

/// Runs the pending calls, on the main thread only (`Py_MakePendingCalls`).
pub fn make_pending_calls() -> PyResult<()> {
    if !interpreter().is_main_thread() || BUSY.swap(true, Ordering::Acquire) {
        return Ok(());
    }
    super::current().eval_breaker.fetch_and(!_PY_CALLS_TO_DO_BIT, Ordering::Relaxed);
    let mut result = Ok(());
    for _ in 0..MAX_AT_ONCE {
        let Some(call) = lock_ignoring_poison(&PENDING).pop_front() else { break };
        // SAFETY: whoever added the call vouches for it.
        if unsafe { (call.function)(call.argument) } != 0 {
            result = Err(crate::object::protocol::attr::missing_exception_checked());
            break;
        }
    }
    BUSY.store(false, Ordering::Release);
    if !lock_ignoring_poison(&PENDING).is_empty() {
        super::current().eval_breaker.fetch_or(_PY_CALLS_TO_DO_BIT, Ordering::Relaxed);
    }
    result
}

/// Has `exception` raised in the thread with this identifier, or takes back what waits there
/// (`PyThreadState_SetAsyncExc`). Answers how many threads it found.
pub fn set_async_exception(ident: u64, exception: Option<Ref<Object>>) -> usize {
    let mut found = core::ptr::null_mut();
    interpreter().for_each_thread(|thread| {
        // SAFETY: linked states are live.
        if unsafe { (*thread).thread_id.get() } == ident as _ {
            found = thread;
        }
    });
    if found.is_null() {
        return 0;
    }
    // SAFETY: the GIL is held, so the thread cannot end.
    unsafe {
        let new = exception.map_or(core::ptr::null_mut(), Ref::into_ptr);
        let old = (*found).async_exc.replace(new);
        if !new.is_null() {
            request(found, _PY_ASYNC_EXCEPTION_BIT);
        }
        crate::object::header::xdecref(old);
    }
    1
}
