//! Between timestamps and the calendar: the system's clock and its local time zone.
//!
//! Local time is asked of the C library, so `TZ` and `time.tzset` count. Seconds are counted from the first of January of the
//! year 1 where two calendars are compared, and from 1970 where the system is asked.

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

use super::calendar::{Clock, MAX_YEAR, MIN_YEAR, Ymd};
use super::clocked::Clocked;
use super::date_time::{self, DateTime};
use super::delta;
use super::zone;

/// Seconds of the first of January 1970 since the year 1.
const EPOCH: i64 = 719_163 * 86_400;

/// No change of a zone's offset is larger than this.
const MAX_FOLD_SECONDS: i64 = 24 * 3600;

type TimeFunction = fn(i64) -> PyResult<libc::tm>;

fn empty_tm() -> libc::tm {
    // SAFETY: a struct of integers and a pointer, for which zero is valid.
    unsafe { core::mem::zeroed() }
}

/// Local time of seconds since 1970.
pub fn local(seconds: i64) -> PyResult<libc::tm> {
    let mut tm = empty_tm();
    // SAFETY: both structs live during the call.
    if unsafe { libc::localtime_r(&seconds, &mut tm) }.is_null() {
        return Err(exceptions::from_last_errno(None));
    }
    Ok(tm)
}

/// UTC of seconds since 1970.
pub fn utc(seconds: i64) -> PyResult<libc::tm> {
    let mut tm = empty_tm();
    // SAFETY: both structs live during the call.
    if unsafe { libc::gmtime_r(&seconds, &mut tm) }.is_null() {
        return Err(exceptions::from_last_errno(None));
    }
    Ok(tm)
}

pub fn ymd_of(tm: &libc::tm) -> Ymd {
    Ymd::new(tm.tm_year.saturating_add(1900), tm.tm_mon + 1, tm.tm_mday)
}

fn clock_of(tm: &libc::tm, micros: i32) -> Clock {
    // A leap second is shown as the second before.
    Clock { hour: tm.tm_hour, minute: tm.tm_min, second: tm.tm_sec.min(59), micros }
}

/// Seconds since the year 1.
pub fn seconds_of(day: Ymd, clock: Clock) -> PyResult<i64> {
    if !(MIN_YEAR..=MAX_YEAR).contains(&day.year) {
        return Err(raise!(ValueError, "year {} is out of range", day.year));
    }
    Ok(i64::from(day.ordinal()) * 86_400 + i64::from(clock.seconds()))
}

/// The local time, as seconds since the year 1, when UTC is `seconds` since then.
fn local_seconds(seconds: i64) -> PyResult<i64> {
    let tm = local(seconds - EPOCH)?;
    seconds_of(ymd_of(&tm), clock_of(&tm, 0))
}

/// Seconds since 1970 of a local time. Of a time that comes twice, `fold` chooses; a time that the clock jumps over is taken
/// with the offset before (or after, for `fold`) the jump.
pub fn from_local(day: Ymd, clock: Clock, fold: bool) -> PyResult<i64> {
    let t = seconds_of(day, clock)?;
    let first_offset = local_seconds(t)? - t;
    let u1 = t - first_offset;
    let t1 = local_seconds(u1)?;
    let second_offset;
    if t1 == t {
        // One solution; there may be an earlier or a later one.
        let u2 = if fold { u1 + MAX_FOLD_SECONDS } else { u1 - MAX_FOLD_SECONDS };
        second_offset = local_seconds(u2)? - u2;
        if second_offset == first_offset {
            return Ok(u1 - EPOCH);
        }
    } else {
        second_offset = t1 - u1;
    }
    let u2 = t - second_offset;
    if local_seconds(u2)? == t {
        return Ok(u2 - EPOCH);
    }
    if t1 == t {
        return Ok(u1 - EPOCH);
    }
    Ok(if fold { u1.min(u2) } else { u1.max(u2) } - EPOCH)
}

#[cold]
fn out_of_range() -> Raised {
    raise!(OverflowError, "timestamp out of range for platform time_t")
}

#[cold]
fn not_a_number() -> Raised {
    raise!(ValueError, "Invalid value NaN (not a number)")
}

fn int_seconds(timestamp: &Ref<Int>) -> PyResult<i64> {
    timestamp.to_i64().ok_or_else(out_of_range)
}

fn float_seconds(value: f64) -> PyResult<i64> {
    // The upper bound is not representable and thus excluded.
    if value >= i64::MIN as f64 && value < i64::MAX as f64 { Ok(value as i64) } else { Err(out_of_range()) }
}

/// A timestamp rounded down.
pub fn whole_seconds(timestamp: Borrowed<'_, Object>) -> PyResult<i64> {
    if let Some(float) = timestamp.downcast::<Float>() {
        let value = float.value();
        return if value.is_nan() { Err(not_a_number()) } else { float_seconds(value.floor()) };
    }
    int_seconds(&timestamp.index()?)
}

/// A timestamp as seconds and microseconds, rounded to the nearest, ties to even.
fn split(timestamp: Borrowed<'_, Object>) -> PyResult<(i64, i32)> {
    if let Some(float) = timestamp.downcast::<Float>() {
        let value = float.value();
        if value.is_nan() {
            return Err(not_a_number());
        }
        let mut whole = value.trunc();
        let mut micros = ((value - whole) * 1e6).round_ties_even();
        if micros >= 1e6 {
            micros -= 1e6;
            whole += 1.0;
        } else if micros < 0.0 {
            micros += 1e6;
            whole -= 1.0;
        }
        return Ok((float_seconds(whole)?, micros as i32));
    }
    match timestamp.downcast::<Int>() {
        Some(int) => Ok((int_seconds(&int)?, 0)),
        None => Err(raise!(TypeError, "argument must be int or float, not {}", timestamp.type_name())),
    }
}

fn moment(
    cls: &Ref<Type>,
    convert: TimeFunction,
    (seconds, micros): (i64, i32),
    zone: Option<Ref<Object>>,
    is_local: bool,
) -> PyResult<Ref<Object>> {
    let tm = convert(seconds)?;
    let (day, clock) = (ymd_of(&tm), clock_of(&tm, micros));
    let mut fold = 0;
    if zone.is_none() && is_local && (MIN_YEAR..=MAX_YEAR).contains(&day.year) {
        // Whether the same local time came before, less than a day ago.
        let here = seconds_of(day, clock)?;
        // On the first day of the calendar there is no day before.
        if here - MAX_FOLD_SECONDS > 2 * 86_400 {
            let before = local_seconds(EPOCH + seconds - MAX_FOLD_SECONDS)?;
            let transition = here - before - MAX_FOLD_SECONDS;
            if transition < 0 && local_seconds(EPOCH + seconds + transition)? == here {
                fold = 1;
            }
        }
    }
    date_time::make(day, clock, zone, fold, cls)
}

/// Lets a zone turn UTC into its own time.
fn into_zone(moment: Ref<Object>, zone: Option<Ref<Object>>) -> PyResult<Ref<Object>> {
    match zone {
        None => Ok(moment),
        Some(zone) => zone.call_method(id!("fromutc"), &[moment.borrow()]),
    }
}

/// `cls.fromtimestamp(timestamp, zone)`
pub fn from_timestamp(
    cls: &Ref<Type>,
    timestamp: Borrowed<'_, Object>,
    zone: Option<Ref<Object>>,
) -> PyResult<Ref<Object>> {
    let parts = split(timestamp)?;
    let convert = if zone.is_none() { local } else { utc };
    let moment = moment(cls, convert, parts, zone.clone(), zone.is_none())?;
    into_zone(moment, zone)
}

/// `cls.utcfromtimestamp(timestamp)`
pub fn utc_from_timestamp(cls: &Ref<Type>, timestamp: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    moment(cls, utc, split(timestamp)?, None, false)
}

fn system_time() -> (i64, i32) {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the struct lives during the call, which cannot fail for this clock.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &mut now) };
    (now.tv_sec, (now.tv_nsec / 1000) as i32)
}

/// `cls.now(zone)`
pub fn now(cls: &Ref<Type>, zone: Option<Ref<Object>>) -> PyResult<Ref<Object>> {
    let convert = if zone.is_none() { local } else { utc };
    let moment = moment(cls, convert, system_time(), zone.clone(), zone.is_none())?;
    into_zone(moment, zone)
}

/// `cls.utcnow()`
pub fn utc_now(cls: &Ref<Type>) -> PyResult<Ref<Object>> {
    moment(cls, utc, system_time(), None, false)
}

/// The zone, with its name, that the system has at a moment in seconds since 1970.
pub fn local_zone(seconds: i64) -> PyResult<Ref<Object>> {
    let tm = local(seconds)?;
    let offset = delta::new(0, i32::try_from(tm.tm_gmtoff).unwrap_or(0), 0)?;
    let name = if tm.tm_zone.is_null() {
        None
    } else {
        // SAFETY: a string of the C library, copied at once.
        let name = unsafe { CStr::from_ptr(tm.tm_zone) };
        Some(taipan_runtime::types::codec::fs_decode(name.to_bytes())?)
    };
    Ok(zone::new(offset, name)?.into_object())
}

/// The system's zone for a moment that is given in UTC.
pub fn local_zone_of_utc(moment: &Ref<DateTime>) -> PyResult<Ref<Object>> {
    local_zone(seconds_of(moment.ymd(), moment.clock())? - EPOCH)
}

/// The system's zone for a local moment. A moment that the clock jumps over has the offset of the other side of the jump, so
/// that its instant in UTC is the one that `timestamp` gives.
pub fn local_zone_of_local(moment: &Ref<DateTime>) -> PyResult<Ref<Object>> {
    let (day, clock, fold) = (moment.ymd(), moment.clock(), moment.fold() != 0);
    let seconds = from_local(day, clock, fold)?;
    let other = from_local(day, clock, !fold)?;
    local_zone(if other != seconds && (other > seconds) == fold { other } else { seconds })
}
