//! `osmodule.h`, `intrcheck.h`: paths, forks and signals for C.

use taipan_runtime::modules::builtins;
use taipan_runtime::thread::{self, Slot, interpreter};

use crate::support::*;

// SAFETY of all of these: C calls them around `fork` in the order that CPython asks for.
capi! {
    fn PyOS_FSPath(path: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        builtins::fspath(path)
    }

    fn PyOS_BeforeFork() {
        run(&interpreter().before_forkers, true);
        taipan_runtime::import::acquire_lock();
    }

    fn PyOS_AfterFork_Parent() {
        if let Err(raised) = taipan_runtime::import::release_lock() {
            raised.clear();
        }
        run(&interpreter().after_forkers_parent, false);
    }

    fn PyOS_AfterFork_Child() {
        after_fork_child();
    }

    fn PyOS_AfterFork() {
        after_fork_child();
    }

    fn PyOS_InterruptOccurred() -> bool {
        interpreter().is_main_thread() && taipan_runtime::modules::_signal::take_interrupt()
    }

    fn _PyOS_IsMainThread() -> bool {
        interpreter().is_main_thread()
    }

    fn PyOS_getsig(signal: c_int) -> libc::sighandler_t {
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            if libc::sigaction(signal, core::ptr::null(), &mut action) == -1 {
                return libc::SIG_ERR;
            }
            action.sa_sigaction
        }
    }

    fn PyOS_setsig(signal: c_int, handler: libc::sighandler_t) -> libc::sighandler_t {
        unsafe {
            let mut action: libc::sigaction = core::mem::zeroed();
            let mut before: libc::sigaction = core::mem::zeroed();
            action.sa_sigaction = handler;
            libc::sigemptyset(&mut action.sa_mask);
            action.sa_flags = libc::SA_ONSTACK;
            if libc::sigaction(signal, &action, &mut before) == -1 {
                return libc::SIG_ERR;
            }
            before.sa_sigaction
        }
    }
}

fn after_fork_child() {
    thread::state::after_fork_child();
    taipan_runtime::import::reinit_lock_after_fork();
    run(&interpreter().after_forkers_child, false);
}

/// Calls what `os.register_at_fork` has collected.
fn run(functions: &Slot, reversed: bool) {
    let Some(functions) = functions.get() else { return };
    let mut functions = match functions.collect_items() {
        Ok(functions) => functions,
        Err(raised) => return raised.clear(),
    };
    if reversed {
        functions.reverse();
    }
    for function in functions {
        if let Err(raised) = function.call0() {
            taipan_runtime::types::exceptions::report_unraisable_object(raised, Some(function.borrow()));
        }
    }
}
