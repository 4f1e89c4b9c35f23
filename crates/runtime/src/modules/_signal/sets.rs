//! Sets of signals: masks and pending signals.

use core::ptr;

use super::{NSIG, Signal};
use crate::prelude::*;
use crate::thread;
use crate::types::exceptions;

#[pymethods(part = SETS)]
impl Signal {
    #[function(signature = "(how, mask, /)")]
    fn pthread_sigmask(how: i32, mask: Borrowed<'_, Object>) -> PyResult<Ref<Set>> {
        let mask = from_object(mask)?;
        // SAFETY: both sets live during the call.
        let old = unsafe {
            let mut old: libc::sigset_t = core::mem::zeroed();
            match libc::pthread_sigmask(how, &mask, &mut old) {
                0 => old,
                errno => return Err(exceptions::from_errno(errno, None)),
            }
        };
        // Signals that were let through came at once.
        thread::check_interrupts()?;
        to_object(&old)
    }

    #[function(signature = "(/)")]
    fn sigpending() -> PyResult<Ref<Set>> {
        // SAFETY: fills a set.
        unsafe {
            let mut pending: libc::sigset_t = core::mem::zeroed();
            if libc::sigpending(&mut pending) != 0 {
                return Err(exceptions::from_last_errno(None));
            }
            to_object(&pending)
        }
    }

    #[function(signature = "(/)")]
    fn valid_signals() -> PyResult<Ref<Set>> {
        // SAFETY: fills a set.
        unsafe {
            let mut all: libc::sigset_t = core::mem::zeroed();
            libc::sigfillset(&mut all);
            to_object(&all)
        }
    }

    #[function(signature = "(sigset, /)")]
    fn sigwait(sigset: Borrowed<'_, Object>) -> PyResult<i32> {
        let set = from_object(sigset)?;
        let mut signal = 0;
        // SAFETY: the set and the number live during the call.
        match thread::allow_threads(|| unsafe { libc::sigwait(&set, &mut signal) }) {
            0 => Ok(signal),
            errno => Err(exceptions::from_errno(errno, None)),
        }
    }
}

/// The signals of an iterable of numbers.
pub fn from_object(object: Borrowed<'_, Object>) -> PyResult<libc::sigset_t> {
    // SAFETY: filled before use.
    let mut set = unsafe {
        let mut set: libc::sigset_t = core::mem::zeroed();
        libc::sigemptyset(&mut set);
        set
    };
    object.for_each(|item| {
        let number = item.index()?.to_i64().unwrap_or(-1);
        if number <= 0 || number >= NSIG as i64 {
            return Err(raise!(ValueError, "signal number {number} out of range [1; {}]", NSIG - 1));
        }
        // SAFETY: a number in range.
        if unsafe { libc::sigaddset(&mut set, number as c_int) } != 0 {
            let errno = exceptions::errno();
            if errno != libc::EINVAL {
                return Err(exceptions::from_errno(errno, None));
            }
            crate::modules::warnings::warn(
                exceptions::RuntimeWarning::type_object(),
                &format!("invalid signal number {number}, please use valid_signals()"),
                1,
            )?;
        }
        Ok(())
    })?;
    Ok(set)
}

fn to_object(set: &libc::sigset_t) -> PyResult<Ref<Set>> {
    let object = Set::new()?;
    for number in 1..NSIG {
        // SAFETY: the set is live.
        if unsafe { libc::sigismember(ptr::from_ref(set), number as c_int) } == 1 {
            object.add(Int::from_usize(number)?.as_borrowed())?;
        }
    }
    Ok(object)
}
