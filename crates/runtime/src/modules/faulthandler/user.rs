//! Signals of the user's choice that show the tracebacks.

use core::cell::UnsafeCell;
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use super::{FaultHandler, descriptor, dump};
use crate::modules::_signal::NSIG;
use crate::prelude::*;
use crate::thread::{self, Slot};

/// What one signal does.
struct Row {
    enabled: AtomicBool,
    fd: AtomicI32,
    all_threads: AtomicBool,
    chain: AtomicBool,
    file: Slot,
    previous: UnsafeCell<Option<libc::sigaction>>,
}

// SAFETY: `previous` is written under the GIL while the handler is not installed.
unsafe impl Sync for Row {}

static ROWS: [Row; NSIG] = [const {
    Row {
        enabled: AtomicBool::new(false),
        fd: AtomicI32::new(2),
        all_threads: AtomicBool::new(true),
        chain: AtomicBool::new(false),
        file: Slot::new(),
        previous: UnsafeCell::new(None),
    }
}; NSIG];

fn row(signal: i32) -> PyResult<&'static Row> {
    if [libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT, libc::SIGSEGV].contains(&signal) {
        return Err(raise!(RuntimeError, "signal {signal} cannot be registered, use enable() instead"));
    }
    match usize::try_from(signal).ok().filter(|&signal| signal > 0).and_then(|signal| ROWS.get(signal)) {
        Some(row) => Ok(row),
        None => Err(raise!(ValueError, "signal number out of range")),
    }
}

#[pymethods(part = USER)]
impl FaultHandler {
    #[function(
        signature = "(signum, file=sys.stderr, all_threads=True, chain=False)",
        text_signature = "($module, /, signum, file=sys.stderr, all_threads=True, chain=False)"
    )]
    fn register(signum: i32, file: Option<Borrowed<'_, Object>>, all_threads: bool, chain: bool) -> PyResult<()> {
        let row = row(signum)?;
        let (fd, file) = descriptor(file)?;
        if !row.enabled.load(Ordering::Relaxed) {
            match install(signum, chain) {
                // SAFETY: see `Row`.
                Some(old) => unsafe { *row.previous.get() = Some(old) },
                None => return Err(crate::types::exceptions::from_last_errno(None)),
            }
        }
        row.file.set(file);
        row.fd.store(fd, Ordering::Relaxed);
        row.all_threads.store(all_threads, Ordering::Relaxed);
        row.chain.store(chain, Ordering::Relaxed);
        row.enabled.store(true, Ordering::Release);
        Ok(())
    }

    #[function(signature = "(signum, /)")]
    fn unregister(signum: i32) -> PyResult<bool> {
        Ok(remove(row(signum)?, signum))
    }
}

fn install(signal: c_int, chain: bool) -> Option<libc::sigaction> {
    // SAFETY: fills structs; the handler allocates nothing.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
        libc::sigemptyset(&mut action.sa_mask);
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        if chain {
            // The chained handler gets the signal again from inside this one.
            action.sa_flags |= libc::SA_NODEFER;
        }
        let mut old: libc::sigaction = core::mem::zeroed();
        if libc::sigaction(signal, &action, &mut old) == 0 { Some(old) } else { None }
    }
}

fn remove(row: &Row, signal: c_int) -> bool {
    if !row.enabled.swap(false, Ordering::Relaxed) {
        return false;
    }
    // SAFETY: see `Row`.
    unsafe {
        if let Some(old) = (*row.previous.get()).take() {
            libc::sigaction(signal, &old, ptr::null_mut());
        }
    }
    row.file.set(None);
    true
}

/// Gives all signals back.
pub(super) fn unregister_all() {
    for (signal, row) in ROWS.iter().enumerate() {
        remove(row, signal as c_int);
    }
}

extern "C" fn on_signal(signal: c_int) {
    let errno = crate::types::exceptions::errno();
    let Some(row) = usize::try_from(signal).ok().and_then(|signal| ROWS.get(signal)) else { return };
    if !row.enabled.load(Ordering::Acquire) {
        return;
    }
    let fd = row.fd.load(Ordering::Relaxed);
    let state = thread::gil::gil_state();
    if row.all_threads.load(Ordering::Relaxed) {
        dump::all_threads(fd, state);
    } else {
        dump::thread_traceback(fd, state, true);
    }
    // SAFETY: see `Row`; errno is thread local.
    unsafe {
        if row.chain.load(Ordering::Relaxed)
            && let Some(old) = *row.previous.get()
        {
            libc::sigaction(signal, &old, ptr::null_mut());
            *libc::__errno_location() = errno;
            libc::raise(signal);
            let _installed = install(signal, true);
        }
        *libc::__errno_location() = errno;
    }
}
