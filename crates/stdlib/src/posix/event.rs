//! Descriptors that count events or time.

use super::check;
use crate::system::{SECOND, retry};
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

pub struct Event;

fn timespec(nanos: i64) -> libc::timespec {
    libc::timespec { tv_sec: nanos.div_euclid(SECOND), tv_nsec: nanos.rem_euclid(SECOND) }
}

fn nanos(time: &libc::timespec) -> i64 {
    time.tv_sec.saturating_mul(SECOND).saturating_add(time.tv_nsec)
}

/// Seconds as nanoseconds, rounded down.
fn from_seconds(seconds: f64) -> PyResult<i64> {
    if seconds.is_nan() {
        return Err(raise!(ValueError, "Invalid value NaN (not a number)"));
    }
    let value = (seconds * 1e9).floor();
    if value >= i64::MIN as f64 && value < -(i64::MIN as f64) {
        return Ok(value as i64);
    }
    Err(raise!(OverflowError, "timestamp out of range for C PyTime_t"))
}

/// Nanoseconds given as an integer.
fn exact(value: Option<Borrowed<'_, Object>>) -> PyResult<i64> {
    let Some(value) = value else { return Ok(0) };
    match value.index()?.to_i64() {
        Some(nanos) => Ok(nanos),
        None => Err(raise!(OverflowError, "int too big to convert")),
    }
}

/// First the time until it fires, then the interval.
fn pair(value: &libc::itimerspec, whole: bool) -> PyResult<Ref<Tuple>> {
    let object = |time: &libc::timespec| -> PyResult<Ref<Object>> {
        let nanos = nanos(time);
        if whole { Ok(Int::from_i64(nanos)?.into_object()) } else { Ok(Float::new(nanos as f64 / 1e9)?.into_object()) }
    };
    Tuple::pack([object(&value.it_value)?, object(&value.it_interval)?])
}

fn set(fd: c_int, flags: c_int, initial: i64, interval: i64, whole: bool) -> PyResult<Ref<Tuple>> {
    let new = libc::itimerspec { it_value: timespec(initial), it_interval: timespec(interval) };
    let mut old = libc::itimerspec { it_value: timespec(0), it_interval: timespec(0) };
    // SAFETY: both structs live during the call.
    check(unsafe { libc::timerfd_settime(fd, flags, &raw const new, &raw mut old) })?;
    pair(&old, whole)
}

fn get(fd: c_int, whole: bool) -> PyResult<Ref<Tuple>> {
    let mut value = libc::itimerspec { it_value: timespec(0), it_interval: timespec(0) };
    // SAFETY: the struct lives during the call.
    check(unsafe { libc::timerfd_gettime(fd, &raw mut value) })?;
    pair(&value, whole)
}

#[pymethods(part = FUNCTIONS)]
impl Event {
    #[function(signature = "(initval, flags=EFD_CLOEXEC)")]
    fn eventfd(initval: u32, flags: Option<i32>) -> PyResult<c_int> {
        // SAFETY: takes numbers.
        check(unsafe { libc::eventfd(initval, flags.unwrap_or(libc::EFD_CLOEXEC)) })
    }

    #[function(signature = "(fd)")]
    fn eventfd_read(fd: crate::system::Fd) -> PyResult<u64> {
        let mut value = 0u64;
        let at = &raw mut value;
        // SAFETY: room for a number.
        let done = taipan_runtime::thread::allow_threads(|| unsafe { libc::eventfd_read(fd.0, at) });
        if done < 0 { Err(exceptions::from_last_errno(None)) } else { Ok(value) }
    }

    #[function(signature = "(fd, value)")]
    fn eventfd_write(fd: crate::system::Fd, value: u64) -> PyResult<()> {
        // SAFETY: takes numbers.
        check(taipan_runtime::thread::allow_threads(|| unsafe { libc::eventfd_write(fd.0, value) })).map(drop)
    }

    #[function(signature = "(clockid, /, *, flags=0)")]
    fn timerfd_create(clockid: i32, flags: Option<i32>) -> PyResult<i64> {
        // SAFETY: takes numbers.
        retry(|| i64::from(unsafe { libc::timerfd_create(clockid, flags.unwrap_or(0) | libc::TFD_CLOEXEC) }))
    }

    #[function(signature = "(fd, /, *, flags=0, initial=0.0, interval=0.0)")]
    fn timerfd_settime(fd: crate::system::Fd, flags: Option<i32>, initial: f64, interval: f64) -> PyResult<Ref<Tuple>> {
        set(fd.0, flags.unwrap_or(0), from_seconds(initial)?, from_seconds(interval)?, false)
    }

    #[function(signature = "(fd, /, *, flags=0, initial=0, interval=0)")]
    fn timerfd_settime_ns(
        fd: crate::system::Fd,
        flags: Option<i32>,
        initial: Option<Borrowed<'_, Object>>,
        interval: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Tuple>> {
        set(fd.0, flags.unwrap_or(0), exact(initial)?, exact(interval)?, true)
    }

    #[function(signature = "(fd, /)")]
    fn timerfd_gettime(fd: crate::system::Fd) -> PyResult<Ref<Tuple>> {
        get(fd.0, false)
    }

    #[function(signature = "(fd, /)")]
    fn timerfd_gettime_ns(fd: crate::system::Fd) -> PyResult<Ref<Tuple>> {
        get(fd.0, true)
    }
}
