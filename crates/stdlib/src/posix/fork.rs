//! Forking with everything that has to happen around it, for `fork`, `forkpty` and `subprocess`.
//!
//! CPython: `PyOS_BeforeFork`, `PyOS_AfterFork_Parent` and `PyOS_AfterFork_Child`.

use super::check;
use taipan_runtime::modules::warnings;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;
use taipan_runtime::{import, thread};

/// Runs the functions of `os.register_at_fork`; errors are reported, not raised.
fn run_forkers(list: &thread::Slot, reversed: bool) {
    let Some(list) = list.get() else { return };
    let mut functions = match list.collect_items() {
        Ok(functions) => functions,
        Err(raised) => return exceptions::report_unraisable_object(raised, None),
    };
    if reversed {
        functions.reverse();
    }
    for function in functions {
        if let Err(raised) = function.call0() {
            exceptions::report_unraisable(raised, "Exception ignored in fork handler", Some(function.borrow()));
        }
    }
}

/// What comes before the split.
pub fn before() {
    run_forkers(&thread::interpreter().before_forkers, true);
    import::acquire_lock();
}

/// What the parent does afterwards, also when the split failed.
pub fn after_in_parent() -> PyResult<()> {
    import::release_lock()?;
    run_forkers(&thread::interpreter().after_forkers_parent, false);
    Ok(())
}

/// Makes the interpreter the child's own.
pub fn after_in_child() {
    thread::state::after_fork_child();
    import::reinit_lock_after_fork();
    run_forkers(&thread::interpreter().after_forkers_child, false);
}

/// How many threads the system knows of, 0 when it does not tell.
fn thread_count() -> usize {
    let Ok(text) = std::fs::read("/proc/self/stat") else { return 0 };
    // The name of the program stands in parentheses and may hold anything; the count is the 18th field behind it.
    let Some(end) = text.iter().rposition(|byte| *byte == b')') else { return 0 };
    let field = text[end + 1..].split(|byte| *byte == b' ').filter(|field| !field.is_empty()).nth(17);
    field.and_then(|field| core::str::from_utf8(field).ok()?.parse().ok()).unwrap_or(0)
}

/// DeprecationWarning in a process of several threads.
pub fn warn_about_threads(function: &str) -> PyResult<()> {
    if thread_count() <= 1 {
        return Ok(());
    }
    let pid = std::process::id();
    let message =
        format!("This process (pid={pid}) is multi-threaded, use of {function}() may lead to deadlocks in the child.");
    warnings::warn(exceptions::DeprecationWarning::type_object(), &message, 1)
}

/// `fork`. 0 in the child.
pub fn fork_interpreter() -> PyResult<libc::pid_t> {
    if thread::interpreter().is_finalizing() {
        return Err(raise!(PythonFinalizationError, "can't fork at interpreter shutdown"));
    }
    before();
    // SAFETY: the child makes the interpreter its own before it runs Python code.
    let pid = unsafe { libc::fork() };
    if pid == 0 {
        after_in_child();
        return Ok(0);
    }
    let errno = exceptions::errno();
    after_in_parent()?;
    if pid < 0 {
        return Err(exceptions::from_errno(errno, None));
    }
    warn_about_threads("fork")?;
    check(pid)
}
