//! Calendar time: `struct_time`, conversions, formatting, the time zone.

use std::ffi::CString;

use super::{Time, read_clock};
use crate::prelude::*;
use crate::thread::Slot;
use crate::types::str::StrBuilder;
use crate::types::{exceptions, struct_seq};

/// The class `time.struct_time`: nine fields to see, and the zone by name.
pub(super) fn struct_time_class() -> PyResult<Ref<Type>> {
    static CLASS: Slot = Slot::new();
    // SAFETY: only the class is put there.
    if let Some(class) = unsafe { CLASS.get_as::<Type>() } {
        return Ok(class);
    }
    let class = struct_seq::new_class(
        "time.struct_time",
        &[
            "tm_year",
            "tm_mon",
            "tm_mday",
            "tm_hour",
            "tm_min",
            "tm_sec",
            "tm_wday",
            "tm_yday",
            "tm_isdst",
            "tm_zone",
            "tm_gmtoff",
        ],
        9,
    )?;
    CLASS.set(Some(class.clone().into_object()));
    Ok(class)
}

fn empty_tm() -> libc::tm {
    // SAFETY: integers and a nullable pointer.
    unsafe { core::mem::zeroed() }
}

/// The text of a zone's name, which the C library keeps.
fn zone_text(tm: &libc::tm) -> PyResult<Ref<Object>> {
    if tm.tm_zone.is_null() {
        return Ok(none());
    }
    // SAFETY: a C string of the C library.
    let name = unsafe { CStr::from_ptr(tm.tm_zone) };
    Ok(crate::types::codec::fs_decode(name.to_bytes())?.into_object())
}

fn to_object(tm: &libc::tm) -> PyResult<Ref<Object>> {
    let number = |value: c_int| Int::from_i64(i64::from(value)).map(Ref::into_object);
    let values = vec![
        Int::from_i64(i64::from(tm.tm_year) + 1900)?.into_object(),
        number(tm.tm_mon + 1)?,
        number(tm.tm_mday)?,
        number(tm.tm_hour)?,
        number(tm.tm_min)?,
        number(tm.tm_sec)?,
        // Here the week begins on Monday.
        number((tm.tm_wday + 6) % 7)?,
        number(tm.tm_yday + 1)?,
        number(tm.tm_isdst)?,
        zone_text(tm)?,
        Int::from_i64(tm.tm_gmtoff)?.into_object(),
    ];
    struct_seq::instance(&struct_time_class()?, values)
}

/// Seconds since the epoch, rounded down; now without an argument.
fn time_from_object(object: Option<Borrowed<'_, Object>>) -> PyResult<libc::time_t> {
    let Some(object) = object.filter(|object| !object.is_none()) else {
        return Ok(read_clock(libc::CLOCK_REALTIME)?.div_euclid(1_000_000_000));
    };
    let too_large = || raise!(OverflowError, "timestamp out of range for platform time_t");
    if object.is_instance_of::<Float>() {
        let value = object.as_f64()?.floor();
        if value.is_nan() {
            return Err(raise!(ValueError, "Invalid value NaN (not a number)"));
        }
        return if value.abs() < i64::MAX as f64 { Ok(value as i64) } else { Err(too_large()) };
    }
    match object.index()?.to_i64() {
        Some(value) => Ok(value),
        None => Err(too_large()),
    }
}

fn utc(time: libc::time_t) -> PyResult<libc::tm> {
    let mut tm = empty_tm();
    // SAFETY: both live during the call.
    if unsafe { libc::gmtime_r(&time, &mut tm) }.is_null() {
        return Err(exceptions::from_last_errno(None));
    }
    Ok(tm)
}

fn local(time: libc::time_t) -> PyResult<libc::tm> {
    let mut tm = empty_tm();
    // SAFETY: both live during the call.
    if unsafe { libc::localtime_r(&time, &mut tm) }.is_null() {
        return Err(exceptions::from_last_errno(None));
    }
    Ok(tm)
}

/// A time tuple as C's struct. `zone` keeps the zone's name alive.
fn from_tuple(object: Borrowed<'_, Object>, function: &str, zone: &mut Option<CString>) -> PyResult<libc::tm> {
    let Some(tuple) = object.downcast::<Tuple>() else {
        return Err(raise!(TypeError, "Tuple or struct_time argument required"));
    };
    if tuple.len() != 9 {
        return Err(raise!(TypeError, "{function}(): illegal time tuple argument"));
    }
    let mut values = [0; 9];
    for (value, item) in values.iter_mut().zip(tuple.iter()) {
        let number = item.index()?.to_i64();
        *value = match number.map(c_int::try_from) {
            Some(Ok(number)) => number,
            _ if item.index()?.to_i64().is_some_and(|number| number < 0) => {
                return Err(raise!(OverflowError, "signed integer is less than minimum"));
            }
            _ => return Err(raise!(OverflowError, "signed integer is greater than maximum")),
        };
    }
    let [year, month, day, hour, minute, second, weekday, yearday, dst] = values;
    let Some(year) = year.checked_sub(1900) else {
        return Err(raise!(OverflowError, "year out of range"));
    };
    let mut tm = empty_tm();
    tm.tm_year = year;
    tm.tm_mon = month.wrapping_sub(1);
    tm.tm_mday = day;
    tm.tm_hour = hour;
    tm.tm_min = minute;
    tm.tm_sec = second;
    tm.tm_wday = weekday.wrapping_add(1) % 7;
    tm.tm_yday = yearday.wrapping_sub(1);
    tm.tm_isdst = dst;
    if object.type_ptr().cast() == struct_time_class()?.as_ptr() {
        if let Some(name) = object.lookup_attr(id!("tm_zone"))?
            && let Some(name) = name.downcast::<Str>()
            && let Ok(name) = CString::new(name.to_display())
        {
            tm.tm_zone = name.as_ptr();
            *zone = Some(name);
        }
        if let Some(offset) = object.lookup_attr(id!("tm_gmtoff"))?
            && let Some(offset) = offset.downcast::<Int>().and_then(|offset| offset.to_i64())
        {
            tm.tm_gmtoff = offset;
        }
    }
    Ok(tm)
}

/// Fields that index tables of the C library must be in range; some zeros are taken for ones.
fn check(tm: &mut libc::tm) -> PyResult<()> {
    let out_of_range = |what: &str| Err(raise!(ValueError, "{what} out of range"));
    if tm.tm_mon == -1 {
        tm.tm_mon = 0;
    } else if !(0..12).contains(&tm.tm_mon) {
        return out_of_range("month");
    }
    if tm.tm_mday == 0 {
        tm.tm_mday = 1;
    } else if !(0..32).contains(&tm.tm_mday) {
        return out_of_range("day of month");
    }
    if !(0..24).contains(&tm.tm_hour) {
        return out_of_range("hour");
    }
    if !(0..60).contains(&tm.tm_min) {
        return out_of_range("minute");
    }
    if !(0..62).contains(&tm.tm_sec) {
        return out_of_range("seconds");
    }
    if tm.tm_wday < 0 {
        return out_of_range("day of week");
    }
    if tm.tm_yday == -1 {
        tm.tm_yday = 0;
    } else if !(0..366).contains(&tm.tm_yday) {
        return out_of_range("day of year");
    }
    Ok(())
}

const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

fn as_text(tm: &libc::tm) -> String {
    let day = usize::try_from(tm.tm_wday).ok().and_then(|day| DAYS.get(day)).copied().unwrap_or("???");
    let month = usize::try_from(tm.tm_mon).ok().and_then(|month| MONTHS.get(month)).copied().unwrap_or("???");
    format!(
        "{day} {month}{:3} {:02}:{:02}:{:02} {}",
        tm.tm_mday,
        tm.tm_hour,
        tm.tm_min,
        tm.tm_sec,
        i64::from(tm.tm_year) + 1900
    )
}

#[pymethods(part = CALENDAR)]
impl Time {
    #[function(no_text_signature, signature = "(seconds=None, /)")]
    fn gmtime(seconds: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        to_object(&utc(time_from_object(seconds)?)?)
    }

    #[function(no_text_signature, signature = "(seconds=None, /)")]
    fn localtime(seconds: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        to_object(&local(time_from_object(seconds)?)?)
    }

    #[function(no_text_signature, signature = "(tuple=None, /)")]
    fn asctime(tuple: Option<Borrowed<'_, Object>>) -> PyResult<String> {
        let tm = match tuple {
            None => local(time_from_object(None)?)?,
            Some(tuple) => {
                let mut tm = from_tuple(tuple, "asctime", &mut None)?;
                check(&mut tm)?;
                tm
            }
        };
        Ok(as_text(&tm))
    }

    #[function(no_text_signature, signature = "(seconds=None, /)")]
    fn ctime(seconds: Option<Borrowed<'_, Object>>) -> PyResult<String> {
        Ok(as_text(&local(time_from_object(seconds)?)?))
    }

    #[function(signature = "(object, /)", text_signature = "($self, object, /)")]
    fn mktime(object: Borrowed<'_, Object>) -> PyResult<f64> {
        let mut zone = None;
        let mut tm = from_tuple(object, "mktime", &mut zone)?;
        // -1 is a time as well; the weekday tells whether it was computed.
        tm.tm_wday = -1;
        // SAFETY: the struct lives during the call.
        let time = unsafe { libc::mktime(&mut tm) };
        if time == -1 && tm.tm_wday == -1 {
            return Err(raise!(OverflowError, "mktime argument out of range"));
        }
        Ok(time as f64)
    }

    #[function(no_text_signature, signature = "(format, tuple=None, /)")]
    fn strftime(format: Borrowed<'_, Str>, tuple: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        let mut zone = None;
        let mut tm = match tuple {
            None => local(time_from_object(None)?)?,
            Some(tuple) => {
                let mut tm = from_tuple(tuple, "strftime", &mut zone)?;
                check(&mut tm)?;
                tm
            }
        };
        // The C library must not see other values than these.
        tm.tm_isdst = tm.tm_isdst.clamp(-1, 1);
        let mut text = StrBuilder::new();
        let mut run = Vec::new();
        // The C library formats what is ASCII; all else is copied.
        for c in format.chars() {
            match u8::try_from(c) {
                Ok(byte @ 1..128) => run.try_push(byte)?,
                _ => {
                    format_run(&mut text, &mut run, &tm)?;
                    text.push(c)?;
                }
            }
        }
        format_run(&mut text, &mut run, &tm)?;
        text.finish()
    }

    #[function(no_text_signature, raw)]
    fn strptime(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        crate::import::import_attr("_strptime", "_strptime_time")?.call_args(&args)
    }

    #[function(signature = "(/)", text_signature = "($self, /)")]
    fn tzset() -> PyResult<()> {
        // SAFETY: reads the environment, as every conversion does.
        unsafe { tzset() };
        let modules = crate::thread::interpreter().modules_dict()?;
        if let Some(module) = modules.get_str(id!("time"))
            && let Some(module) = module.downcast::<Module>()
        {
            add_zone(&module)?;
        }
        Ok(())
    }
}

unsafe extern "C" {
    fn tzset();
}

/// Appends `format`, which has no zero in it, formatted by the C library, and empties it.
fn format_run(text: &mut StrBuilder, format: &mut Vec<u8>, tm: &libc::tm) -> PyResult<()> {
    if format.is_empty() {
        return Ok(());
    }
    format.try_push(0)?;
    let mut size = 1024;
    loop {
        let mut buffer: Vec<u8> = Vec::new();
        if buffer.try_reserve_exact(size).is_err() {
            return Err(Raised::no_memory());
        }
        // SAFETY: the buffer has that much room; what is written is a C string without its end.
        let length = unsafe {
            let length = libc::strftime(buffer.as_mut_ptr().cast(), size, format.as_ptr().cast(), tm);
            buffer.set_len(length);
            length
        };
        // 0 can mean an empty text too: a buffer far larger than the format settles it.
        if length > 0 || size >= 256 * format.len() {
            format.clear();
            return text.push_object(&crate::types::codec::fs_decode(&buffer)?);
        }
        size *= 2;
    }
}

/// Sets `timezone`, `altzone`, `daylight` and `tzname` from what the zone is in January and in July.
pub(super) fn add_zone(module: &Ref<Module>) -> PyResult<()> {
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    let start = read_clock(libc::CLOCK_REALTIME)?.div_euclid(1_000_000_000) / YEAR * YEAR;
    let (january, july) = (local(start)?, local(start + YEAR / 2)?);
    // South of the equator summer time is in January.
    let (standard, summer) = if january.tm_gmtoff > july.tm_gmtoff { (july, january) } else { (january, july) };
    let zone = |tm: &libc::tm| Int::from_i64(-tm.tm_gmtoff);
    module.add("timezone", zone(&standard)?)?;
    module.add("altzone", zone(&summer)?)?;
    module.add("daylight", Int::from_i64(i64::from(standard.tm_gmtoff != summer.tm_gmtoff))?)?;
    module.add("tzname", Tuple::from_vec(vec![zone_text(&standard)?, zone_text(&summer)?])?)
}
