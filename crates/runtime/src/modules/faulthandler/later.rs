//! A watchdog: shows the tracebacks after a time, unless it is called off.

use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};
use std::time::Duration;

use super::{FaultHandler, descriptor, dump};
use crate::prelude::*;
use crate::thread::Slot;
use crate::thread::interpreter::lock_ignoring_poison;

/// The number of the watchdog in force; one whose number is older ends.
static CURRENT: AtomicU64 = AtomicU64::new(0);
static LOCK: Mutex<()> = Mutex::new(());
static CANCELLED: Condvar = Condvar::new();
/// Keeps the file open.
static FILE: Slot = Slot::new();

#[pymethods(part = LATER)]
impl FaultHandler {
    #[function(
        signature = "(timeout, repeat=False, file=sys.stderr, exit=False)",
        text_signature = "($module, /, timeout, repeat=False, file=sys.stderr, exit=False)"
    )]
    fn dump_traceback_later(
        timeout: Borrowed<'_, Object>,
        repeat: bool,
        file: Option<Borrowed<'_, Object>>,
        exit: bool,
    ) -> PyResult<()> {
        let duration = crate::modules::_thread::duration_from_object(timeout)?.filter(|duration| !duration.is_zero());
        let Some(duration) = duration else {
            return Err(raise!(ValueError, "timeout must be greater than 0"));
        };
        let (fd, file) = descriptor(file)?;
        cancel();
        FILE.set(file);
        let number = CURRENT.fetch_add(1, Ordering::Relaxed) + 1;
        let spawned = std::thread::Builder::new().spawn(move || watch(number, duration, repeat, fd, exit));
        if spawned.is_err() {
            return Err(raise!(RuntimeError, "unable to start watchdog thread"));
        }
        Ok(())
    }

    #[function(signature = "(/)")]
    fn cancel_dump_traceback_later() {
        cancel();
    }
}

/// Calls the watchdog off.
pub(super) fn cancel() {
    {
        let _guard = lock_ignoring_poison(&LOCK);
        CURRENT.fetch_add(1, Ordering::Relaxed);
    }
    CANCELLED.notify_all();
    FILE.set(None);
}

fn watch(number: u64, duration: Duration, repeat: bool, fd: c_int, exit: bool) {
    // Signals are the business of other threads.
    // SAFETY: the set lives during the call.
    unsafe {
        let mut all: libc::sigset_t = core::mem::zeroed();
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, core::ptr::null_mut());
    }
    loop {
        let guard = lock_ignoring_poison(&LOCK);
        let in_force = |_: &mut ()| CURRENT.load(Ordering::Relaxed) == number;
        let (guard, outcome) = match CANCELLED.wait_timeout_while(guard, duration, in_force) {
            Ok(pair) => pair,
            Err(poisoned) => poisoned.into_inner(),
        };
        drop(guard);
        if !outcome.timed_out() || CURRENT.load(Ordering::Relaxed) != number {
            return;
        }
        let seconds = duration.as_secs();
        let mut heading = format!("Timeout ({}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
        if duration.subsec_micros() > 0 {
            heading.push_str(&format!(".{:06}", duration.subsec_micros()));
        }
        heading.push_str(")!\n");
        dump::write(fd, &heading);
        dump::all_threads(fd, core::ptr::null_mut());
        if exit {
            // SAFETY: ends the process at once, as asked.
            unsafe { libc::_exit(1) };
        }
        if !repeat {
            return;
        }
    }
}
