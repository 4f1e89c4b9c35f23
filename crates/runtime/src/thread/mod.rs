//! Threads and the interpreter: thread states, interpreter state, the GIL, stack bounds, the eval breaker.
//!
//! **Invariant:** at most one thread has a current thread state at a time: the one that holds the GIL. Whatever is
//! reached from there (objects, thread states, the interpreter) is guarded by that.
//! CPython: `Python/pystate.c`, `Python/ceval_gil.c`, `Python/thread.c`.

use core::cell::Cell;
use core::ptr;

use crate::abi::PyThreadState;

pub mod breaker;
pub mod config;
pub mod gil;
pub mod handled;
pub mod interpreter;
pub mod lock;
mod slot;
pub mod stack;
pub mod state;

pub use breaker::{
    add_pending_call, check_signals as check_interrupts, handle_eval_breaker, make_pending_calls, request,
};
pub use config::{Config, config};
pub use gil::{allow_threads, gil_state_ensure, gil_state_release};
pub use handled::{handled_exception, set_handled_exception, topmost_handled};
pub use interpreter::{Interpreter, builtin, builtins_of, interpreter};
pub use lock::{Lock, Outcome, Wait};
pub use slot::Slot;
pub use stack::{RecursionGuard, check_python_recursion, enter_recursive, is_stack_low, stack_margin, stack_overflow};
pub use state::{current_ident, current_native_id};

thread_local! {
    /// The state of this thread while it holds the GIL, else null. Constant-initialised and without a destructor, so
    /// that reading it is one load.
    static CURRENT: Cell<*mut PyThreadState> = const { Cell::new(ptr::null_mut()) };
}

/// The current thread's state. Only code that holds the GIL may call this.
#[inline(always)]
pub fn current() -> &'static PyThreadState {
    let current = CURRENT.get();
    debug_assert!(!current.is_null(), "the thread does not hold the GIL");
    // SAFETY: whoever runs code of the runtime holds the GIL, and its state lives until the thread gives it up.
    unsafe { &*current }
}

/// The current thread's state as a pointer; null when the thread does not hold the GIL.
#[inline(always)]
pub fn current_ptr() -> *mut PyThreadState {
    CURRENT.get()
}

/// Makes `state` the current one and gives the old one.
///
/// # Safety
/// `state` is null or a live state of this thread, and the GIL is held for it.
pub(crate) unsafe fn set_current(state: *mut PyThreadState) -> *mut PyThreadState {
    CURRENT.replace(state)
}

/// Ends the process with a message of the form that CPython's fatal errors have (`Py_FatalError`).
#[cold]
pub fn fatal(function: &str, message: &str) -> ! {
    let prefix = if function.is_empty() { String::new() } else { format!("{function}: ") };
    let text = format!("Fatal Python error: {prefix}{message}\n");
    // SAFETY: writes bytes of a live string; what it answers does not matter any more.
    unsafe {
        libc::write(2, text.as_ptr().cast(), text.len());
    }
    crate::modules::faulthandler::dump_current_traceback(2);
    std::process::abort()
}
