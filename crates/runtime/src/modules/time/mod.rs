//! `time`: clocks, sleeping, and calendar time.
//!
//! CPython: `Modules/timemodule.c`, `Python/pytime.c`.

mod calendar;

use std::time::Duration;

use crate::prelude::*;
use crate::thread;
use crate::types::exceptions;

pub struct Time;

/// Nanoseconds of a clock.
fn read_clock(clock: libc::clockid_t) -> PyResult<i64> {
    let mut value = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the struct lives during the call.
    if unsafe { libc::clock_gettime(clock, &mut value) } != 0 {
        return Err(exceptions::from_last_errno(None));
    }
    match value.tv_sec.checked_mul(1_000_000_000).and_then(|nanos| nanos.checked_add(value.tv_nsec)) {
        Some(nanos) => Ok(nanos),
        None => Err(raise!(OverflowError, "timestamp too large to convert to C PyTime_t")),
    }
}

/// Nanoseconds as seconds; whole seconds are exact.
fn seconds(nanos: i64) -> f64 {
    if nanos % 1_000_000_000 == 0 { (nanos / 1_000_000_000) as f64 } else { nanos as f64 / 1e9 }
}

fn resolution(clock: libc::clockid_t) -> PyResult<f64> {
    let mut value = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the struct lives during the call.
    if unsafe { libc::clock_getres(clock, &mut value) } != 0 {
        return Err(exceptions::from_last_errno(None));
    }
    Ok(value.tv_sec as f64 + value.tv_nsec as f64 * 1e-9)
}

/// The argument `clk_id`.
fn clock_id(object: Borrowed<'_, Object>) -> PyResult<libc::clockid_t> {
    let Some(number) = object.downcast::<Int>() else {
        return Err(raise!(TypeError, "clk_id should be integer, not {}", object.type_name()));
    };
    match number.to_i64().and_then(|number| libc::clockid_t::try_from(number).ok()) {
        Some(clock) => Ok(clock),
        None => Err(raise!(OverflowError, "Python int too large to convert to C int")),
    }
}

fn set_clock(clock: libc::clockid_t, nanos: i64) -> PyResult<()> {
    let value = libc::timespec { tv_sec: nanos.div_euclid(1_000_000_000), tv_nsec: nanos.rem_euclid(1_000_000_000) };
    // SAFETY: the struct lives during the call.
    if unsafe { libc::clock_settime(clock, &value) } != 0 {
        return Err(exceptions::from_last_errno(None));
    }
    Ok(())
}

/// Seconds, whole or not, as nanoseconds, rounded down.
fn nanos_from_object(object: Borrowed<'_, Object>) -> PyResult<i64> {
    let too_large = || raise!(OverflowError, "timestamp out of range for C PyTime_t");
    if object.is_instance_of::<Float>() {
        let value = object.as_f64()?;
        if value.is_nan() {
            return Err(raise!(ValueError, "Invalid value NaN (not a number)"));
        }
        let nanos = (value * 1e9).floor();
        return if nanos.abs() < i64::MAX as f64 { Ok(nanos as i64) } else { Err(too_large()) };
    }
    match object.index()?.to_i64().and_then(|value| value.checked_mul(1_000_000_000)) {
        Some(nanos) => Ok(nanos),
        None => Err(too_large()),
    }
}

#[pymodule(name = "time", extend = [Time::CALENDAR])]
impl Time {
    const CLOCK_REALTIME: i32 = libc::CLOCK_REALTIME;
    const CLOCK_MONOTONIC: i32 = libc::CLOCK_MONOTONIC;
    const CLOCK_PROCESS_CPUTIME_ID: i32 = libc::CLOCK_PROCESS_CPUTIME_ID;
    const CLOCK_THREAD_CPUTIME_ID: i32 = libc::CLOCK_THREAD_CPUTIME_ID;
    const CLOCK_MONOTONIC_RAW: i32 = libc::CLOCK_MONOTONIC_RAW;
    const CLOCK_BOOTTIME: i32 = libc::CLOCK_BOOTTIME;
    const CLOCK_TAI: i32 = libc::CLOCK_TAI;
    #[constant(name = "_STRUCT_TM_ITEMS")]
    const STRUCT_TM_ITEMS: i32 = 11;

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn time() -> PyResult<f64> {
        read_clock(libc::CLOCK_REALTIME).map(seconds)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn time_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_REALTIME)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn monotonic() -> PyResult<f64> {
        read_clock(libc::CLOCK_MONOTONIC).map(seconds)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn monotonic_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_MONOTONIC)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn perf_counter() -> PyResult<f64> {
        read_clock(libc::CLOCK_MONOTONIC).map(seconds)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn perf_counter_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_MONOTONIC)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn process_time() -> PyResult<f64> {
        read_clock(libc::CLOCK_PROCESS_CPUTIME_ID).map(seconds)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn process_time_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_PROCESS_CPUTIME_ID)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn thread_time() -> PyResult<f64> {
        read_clock(libc::CLOCK_THREAD_CPUTIME_ID).map(seconds)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn thread_time_ns() -> PyResult<i64> {
        read_clock(libc::CLOCK_THREAD_CPUTIME_ID)
    }

    #[function(signature = "(clk_id, /)")]
    fn clock_gettime(clk_id: Borrowed<'_, Object>) -> PyResult<f64> {
        read_clock(clock_id(clk_id)?).map(seconds)
    }

    #[function(signature = "(clk_id, /)")]
    fn clock_gettime_ns(clk_id: Borrowed<'_, Object>) -> PyResult<i64> {
        read_clock(clock_id(clk_id)?)
    }

    #[function(no_text_signature, signature = "(clk_id, time, /)")]
    fn clock_settime(clk_id: i32, time: Borrowed<'_, Object>) -> PyResult<()> {
        set_clock(clk_id, nanos_from_object(time)?)
    }

    #[function(no_text_signature, signature = "(clk_id, time, /)")]
    fn clock_settime_ns(clk_id: i32, time: i64) -> PyResult<()> {
        set_clock(clk_id, time)
    }

    #[function(no_text_signature, signature = "(clk_id, /)")]
    fn clock_getres(clk_id: i32) -> PyResult<f64> {
        resolution(clk_id)
    }

    #[function(no_text_signature, signature = "(thread_id, /)")]
    fn pthread_getcpuclockid(thread_id: u64) -> PyResult<i32> {
        let mut clock: libc::clockid_t = 0;
        // SAFETY: as in C, an identifier of no thread is the caller's mistake.
        match unsafe { pthread_getcpuclockid(thread_id as libc::pthread_t, &mut clock) } {
            0 => Ok(clock),
            errno => Err(exceptions::from_errno(errno, None)),
        }
    }

    #[function(signature = "(object, /)", text_signature = "($self, object, /)")]
    fn sleep(object: Borrowed<'_, Object>) -> PyResult<()> {
        crate::modules::sys::audit("time.sleep", &[object])?;
        match crate::modules::_thread::duration_from_object(object)? {
            Some(duration) => sleep(duration),
            None => Err(raise!(ValueError, "sleep length must be non-negative")),
        }
    }

    #[function(no_text_signature, signature = "(name, /)")]
    fn get_clock_info(name: &str) -> PyResult<Ref<Object>> {
        let (clock, implementation, monotonic, adjustable) = match name {
            "time" => (libc::CLOCK_REALTIME, "CLOCK_REALTIME", false, true),
            "monotonic" | "perf_counter" => (libc::CLOCK_MONOTONIC, "CLOCK_MONOTONIC", true, false),
            "process_time" => (libc::CLOCK_PROCESS_CPUTIME_ID, "CLOCK_PROCESS_CPUTIME_ID", true, false),
            "thread_time" => (libc::CLOCK_THREAD_CPUTIME_ID, "CLOCK_THREAD_CPUTIME_ID", true, false),
            _ => return Err(raise!(ValueError, "unknown clock")),
        };
        let dict = Dict::new()?;
        let implementation = Str::from_utf8_str(&format!("clock_gettime({implementation})"))?;
        dict.set_str(id!("implementation"), implementation.as_borrowed())?;
        dict.set_str(id!("monotonic"), Bool::from(monotonic).as_borrowed())?;
        dict.set_str(id!("adjustable"), Bool::from(adjustable).as_borrowed())?;
        dict.set_str(id!("resolution"), Float::new(resolution(clock)?)?.as_borrowed())?;
        Ok(crate::types::namespace::Namespace::new(dict)?.into_object())
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add("struct_time", calendar::struct_time_class()?)?;
        calendar::add_zone(module)
    }
}

unsafe extern "C" {
    fn pthread_getcpuclockid(thread: libc::pthread_t, clock: *mut libc::clockid_t) -> c_int;
}

/// Sleeps without the GIL. Signal handlers run meanwhile; what one raises ends the sleep.
pub fn sleep(duration: Duration) -> PyResult<()> {
    let start = read_clock(libc::CLOCK_MONOTONIC)?;
    let length = i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX);
    let Some(deadline) = start.checked_add(length) else {
        return Err(raise!(OverflowError, "timestamp too large to convert to C PyTime_t"));
    };
    let until = libc::timespec { tv_sec: deadline / 1_000_000_000, tv_nsec: deadline % 1_000_000_000 };
    loop {
        // SAFETY: the struct lives during the call; no remainder is wanted of an absolute time.
        let status = thread::allow_threads(|| unsafe {
            libc::clock_nanosleep(libc::CLOCK_MONOTONIC, libc::TIMER_ABSTIME, &until, core::ptr::null_mut())
        });
        match status {
            0 => return Ok(()),
            libc::EINTR => thread::check_interrupts()?,
            errno => return Err(exceptions::from_errno(errno, None)),
        }
    }
}
