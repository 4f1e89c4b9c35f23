//! Waiting for signals with their information.

use core::ptr;
use std::time::{Duration, Instant};

use super::{Signal, sets};
use crate::prelude::*;
use crate::thread::{self, Slot};
use crate::types::{exceptions, struct_seq};

#[pymethods(part = WAIT)]
impl Signal {
    #[function(signature = "(sigset, /)")]
    fn sigwaitinfo(sigset: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let set = sets::from_object(sigset)?;
        match wait(&set, None)? {
            Some(info) => info_object(&info),
            None => Ok(none()),
        }
    }

    #[function(signature = "(sigset, timeout, /)")]
    fn sigtimedwait(sigset: Borrowed<'_, Object>, timeout: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let set = sets::from_object(sigset)?;
        let Some(timeout) = crate::modules::_thread::duration_from_object(timeout)? else {
            return Err(raise!(ValueError, "timeout must be non-negative"));
        };
        match wait(&set, Some(timeout))? {
            Some(info) => info_object(&info),
            None => Ok(none()),
        }
    }
}

/// Waits for one of the signals; `None` after the time is up. Other signals' handlers run meanwhile.
fn wait(set: &libc::sigset_t, timeout: Option<Duration>) -> PyResult<Option<libc::siginfo_t>> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    loop {
        let left = deadline.map(|deadline| {
            let left = deadline.saturating_duration_since(Instant::now());
            libc::timespec { tv_sec: left.as_secs() as i64, tv_nsec: i64::from(left.subsec_nanos()) }
        });
        // SAFETY: everything lives during the call; a null time-out waits for ever.
        let (status, info, errno) = thread::allow_threads(|| unsafe {
            let mut info: libc::siginfo_t = core::mem::zeroed();
            let left = left.as_ref().map_or(ptr::null(), ptr::from_ref);
            let status = libc::sigtimedwait(set, &mut info, left);
            (status, info, exceptions::errno())
        });
        if status >= 0 {
            return Ok(Some(info));
        }
        match errno {
            libc::EINTR => thread::check_interrupts()?,
            libc::EAGAIN if deadline.is_some() => return Ok(None),
            errno => return Err(exceptions::from_errno(errno, None)),
        }
    }
}

/// The class `signal.struct_siginfo`.
pub(super) fn siginfo_class() -> PyResult<Ref<Type>> {
    static CLASS: Slot = Slot::new();
    // SAFETY: only the class is put there.
    if let Some(class) = unsafe { CLASS.get_as::<Type>() } {
        return Ok(class);
    }
    let class = struct_seq::new_class(
        "signal.struct_siginfo",
        &["si_signo", "si_code", "si_errno", "si_pid", "si_uid", "si_status", "si_band"],
        7,
    )?;
    CLASS.set(Some(class.clone().into_object()));
    Ok(class)
}

fn info_object(info: &libc::siginfo_t) -> PyResult<Ref<Object>> {
    // SAFETY: the fields of a union that the kernel filled or left zero; `si_band` is the word behind the codes.
    let (pid, uid, status, band) = unsafe {
        let band = *(&raw const *info).cast::<u8>().add(16).cast::<i64>();
        (info.si_pid(), info.si_uid(), info.si_status(), band)
    };
    let number = |value: i64| Int::from_i64(value).map(Ref::into_object);
    struct_seq::instance(
        &siginfo_class()?,
        vec![
            number(i64::from(info.si_signo))?,
            number(i64::from(info.si_code))?,
            number(i64::from(info.si_errno))?,
            number(i64::from(pid))?,
            number(i64::from(uid))?,
            number(i64::from(status))?,
            number(band)?,
        ],
    )
}
