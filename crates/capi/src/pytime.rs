//! `pytime.h`: clocks in nanoseconds.

use core::ffi::c_int;

use taipan_runtime::prelude::*;

use crate::parameters::Out;

/// A clock of the system, in nanoseconds.
fn read(clock: libc::clockid_t) -> Option<i64> {
    // SAFETY: all zero is a valid `timespec`, which is then written.
    let mut time: libc::timespec = unsafe { core::mem::zeroed() };
    // SAFETY: a place of that type.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return None;
    }
    time.tv_sec.checked_mul(1_000_000_000)?.checked_add(time.tv_nsec)
}

/// Writes the time; OSError when the clock cannot be read.
fn checked(clock: libc::clockid_t, result: Out<'_, i64>) -> PyResult<()> {
    result.set(0);
    match read(clock) {
        Some(time) => {
            result.set(time);
            Ok(())
        }
        None => Err(taipan_runtime::types::exceptions::from_last_errno(None)),
    }
}

/// As [`checked`], for callers without a thread state: nothing is raised.
fn raw(clock: libc::clockid_t, result: Out<'_, i64>) -> c_int {
    let time = read(clock);
    result.set(time.unwrap_or(0));
    if time.is_some() { 0 } else { -1 }
}

capi! {
    fn PyTime_AsSecondsDouble(time: i64) -> f64 {
        // Whole seconds are exact that way.
        if time % 1_000_000_000 == 0 { (time / 1_000_000_000) as f64 } else { time as f64 / 1e9 }
    }

    fn PyTime_Time(result: Out<'_, i64>) -> PyResult<()> { checked(libc::CLOCK_REALTIME, result) }
    fn PyTime_Monotonic(result: Out<'_, i64>) -> PyResult<()> { checked(libc::CLOCK_MONOTONIC, result) }
    fn PyTime_PerfCounter(result: Out<'_, i64>) -> PyResult<()> { checked(libc::CLOCK_MONOTONIC, result) }
    fn PyTime_TimeRaw(result: Out<'_, i64>) -> c_int { raw(libc::CLOCK_REALTIME, result) }
    fn PyTime_MonotonicRaw(result: Out<'_, i64>) -> c_int { raw(libc::CLOCK_MONOTONIC, result) }
    fn PyTime_PerfCounterRaw(result: Out<'_, i64>) -> c_int { raw(libc::CLOCK_MONOTONIC, result) }
}
