//! `_datetime`: dates, times, durations and time zones. CPython: `Modules/_datetimemodule.c`.
//!
//! The objects have the layout of `datetime.h`, which extensions read, and the capsule `datetime_CAPI` gives its functions.
//! **Invariant:** `tzinfo` of a time or datetime owns an object exactly when `hastzinfo` is 1; an object that was handed out
//! changes in its cached hash alone.

pub mod calendar;
mod parse;

pub mod delta;
pub mod zone;

mod date;
mod iso_calendar;

pub mod clocked;
pub mod date_time;
mod time;

mod now;

mod api;
mod text;

use taipan_runtime::object::args::{ArgSpec, FromArg};
use taipan_runtime::prelude::*;
use taipan_runtime::types::type_;

use calendar::{Clock, MAX_YEAR, MIN_YEAR, Ymd};
use date::Date;
use date_time::DateTime;
use delta::Delta;
use time::Time;
use zone::{TimeZone, TzInfo};

/// The signature of a function of the old kind, which parses a format and not a text signature.
const fn spec(function: &'static str, names: &'static [&'static str], required: u8, kwonly: u8) -> ArgSpec {
    ArgSpec { pos: names.len() as u8 - kwonly, kwonly, ..ArgSpec::plain(function, names, required) }
}

/// A C `int`.
fn int_argument(object: Borrowed<'_, Object>) -> PyResult<i32> {
    static ANY: ArgSpec = spec("", &["value"], 1, 0);
    // SAFETY: a live object.
    unsafe { i32::from_arg(object.as_ptr(), &ANY, 0) }
}

/// A C `int` that may be left out.
fn int_or(object: Option<Borrowed<'_, Object>>, default: i32) -> PyResult<i32> {
    object.map_or(Ok(default), int_argument)
}

/// Converts the arguments of a constructor that has too few of them: a wrong type is found before a missing argument.
fn check_few(args: &CallArgs<'_>, required: usize) -> PyResult<()> {
    if args.nargs() < required {
        for &given in args.positional() {
            int_argument(given)?;
        }
    }
    Ok(())
}

/// A `str` at a place of the arguments of `function`.
fn str_argument<'a>(object: Borrowed<'a, Object>, function: &str, place: usize) -> PyResult<Borrowed<'a, Str>> {
    match object.downcast_borrowed::<Str>() {
        Some(text) => Ok(text),
        None => {
            let found = if object.is_none() { "None".to_owned() } else { object.type_name() };
            Err(raise!(TypeError, "{function}() argument {place} must be str, not {found}"))
        }
    }
}

fn check_date(day: Ymd) -> PyResult<()> {
    let Ymd { year, month, day } = day;
    if !(MIN_YEAR..=MAX_YEAR).contains(&year) {
        return Err(raise!(ValueError, "year must be in {MIN_YEAR}..{MAX_YEAR}, not {year}"));
    }
    if !(1..=12).contains(&month) {
        return Err(raise!(ValueError, "month must be in 1..12, not {month}"));
    }
    let days = calendar::days_in_month(year, month);
    if !(1..=days).contains(&day) {
        return Err(raise!(ValueError, "day {day} must be in range 1..{days} for month {month} in year {year}"));
    }
    Ok(())
}

fn check_clock(clock: Clock, fold: i32) -> PyResult<()> {
    let parts = [
        ("hour", clock.hour, 23),
        ("minute", clock.minute, 59),
        ("second", clock.second, 59),
        ("microsecond", clock.micros, 999_999),
    ];
    for (name, value, max) in parts {
        if !(0..=max).contains(&value) {
            return Err(raise!(ValueError, "{name} must be in 0..{max}, not {value}"));
        }
    }
    if !(0..=1).contains(&fold) {
        return Err(raise!(ValueError, "fold must be either 0 or 1, not {fold}"));
    }
    Ok(())
}

/// A zone or `None`; TypeError for what is neither.
fn check_zone(object: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
    if object.is_none() {
        return Ok(None);
    }
    if object.is_instance_of::<TzInfo>() {
        return Ok(Some(object.to_owned()));
    }
    Err(raise!(TypeError, "tzinfo argument must be None or of a tzinfo subclass, not type '{}'", object.type_name()))
}

fn zone_object(zone: Option<&Ref<Object>>) -> Ref<Object> {
    zone.map_or_else(none, Ref::clone)
}

/// Whether both are the same zone, or both none.
fn same_zone(a: &Option<Ref<Object>>, b: &Option<Ref<Object>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.is(b),
        (None, None) => true,
        _ => false,
    }
}

/// Calls a class with integers, a zone, and a fold where it is 1.
fn call_class(
    cls: &Ref<Type>,
    numbers: &[i32],
    zone: Option<Option<&Ref<Object>>>,
    fold: i32,
) -> PyResult<Ref<Object>> {
    let mut args: Vec<Ref<Object>> = vec_with_capacity(numbers.len() + 2)?;
    for &number in numbers {
        args.push(Int::from_i64(number.into())?.into_object());
    }
    if let Some(zone) = zone {
        args.push(zone_object(zone));
    }
    if fold != 0 {
        args.push(Int::from_i64(fold.into())?.into_object());
    }
    let args: Vec<Borrowed<'_, Object>> = args.iter().map(Ref::borrow).collect();
    if fold == 0 {
        return cls.as_object().call(&args);
    }
    let names = Tuple::pack([id!("fold").as_object().clone()])?;
    cls.as_object().call_with_names(&args, names.borrow())
}

/// The bytes of a pickled state: `bytes`, or the `str` that Python 2 made of them.
fn pickled_state(state: Borrowed<'_, Object>, size: usize, kind: &str) -> PyResult<Option<Vec<u8>>> {
    if let Some(bytes) = state.downcast::<Bytes>() {
        return Ok((bytes.len() == size).then(|| bytes.as_slice().to_vec()));
    }
    let Some(text) = state.downcast::<Str>().filter(|text| text.len() == size) else { return Ok(None) };
    let mut bytes = Vec::with_capacity(size);
    for c in text.chars() {
        // What is no byte is told from a sane state later by the caller; here it marks the text as not encodable.
        match u8::try_from(c) {
            Ok(byte) => bytes.push(byte),
            Err(_) => {
                return Err(raise!(
                    ValueError,
                    "Failed to encode latin1 string when unpickling a {kind} object. pickle.load(data, \
                     encoding='latin1') is assumed."
                ));
            }
        }
    }
    Ok(Some(bytes))
}

/// Characters as bytes; those that are not ASCII become 0xff, which no format allows.
fn ascii_chars(text: &Ref<Str>) -> PyResult<Vec<u8>> {
    let mut bytes = vec_with_capacity(text.len())?;
    bytes.extend(text.chars().map(|c| if c < 0x80 { c as u8 } else { 0xff }));
    Ok(bytes)
}

#[cold]
fn invalid_iso(text: &Ref<Str>) -> Raised {
    match text.as_object().repr() {
        Ok(repr) => raise!(ValueError, "Invalid isoformat string: {}", repr.to_display()),
        Err(raised) => raised,
    }
}

fn iso_text<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Str>> {
    match object.downcast_borrowed::<Str>() {
        Some(text) => Ok(text),
        None => Err(raise!(TypeError, "fromisoformat: argument must be str")),
    }
}

#[cold]
fn out_of_range() -> Raised {
    raise!(OverflowError, "date value out of range")
}

fn set_attribute<T: PyLayout>(name: Borrowed<'_, Str>, value: Ref<Object>) -> PyResult<()> {
    T::type_object().dict().set_str(name, value.borrow())
}

/// `_strptime.<function>(cls, text, format)`
fn strptime(function: Borrowed<'_, Str>, cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
    args.no_keywords("strptime")?;
    let [text, format] = args.args else {
        return Err(raise!(TypeError, "strptime() takes exactly 2 arguments ({} given)", args.args.len()));
    };
    str_argument(*text, "strptime", 1)?;
    str_argument(*format, "strptime", 2)?;
    let module = taipan_runtime::import::import_module("_strptime")?;
    module.call_method(function, &[cls.upcast(), *text, *format])
}

pub struct DateTimeModule;

#[pymodule(name = "_datetime")]
impl DateTimeModule {
    const MINYEAR: i32 = MIN_YEAR;
    const MAXYEAR: i32 = MAX_YEAR;

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<Date>()?;
        module.add_type::<DateTime>()?;
        module.add_type::<Time>()?;
        module.add_type::<Delta>()?;
        module.add_type::<TzInfo>()?;
        module.add_type::<TimeZone>()?;
        type_::ready_static::<iso_calendar::IsoCalendarDate>()?;

        let day = delta::new(1, 0, 0)?.into_object();
        let microsecond = delta::new(0, 0, 1)?.into_object();
        set_attribute::<Delta>(id!("resolution"), microsecond.clone())?;
        set_attribute::<Delta>(id!("min"), delta::new(-delta::MAX_DAYS, 0, 0)?.into_object())?;
        set_attribute::<Delta>(id!("max"), delta::new(delta::MAX_DAYS, 24 * 3600 - 1, 999_999)?.into_object())?;

        let (first, last) = (Ymd::new(MIN_YEAR, 1, 1), Ymd::new(MAX_YEAR, 12, 31));
        let midnight = Clock::default();
        let late = Clock { hour: 23, minute: 59, second: 59, micros: 999_999 };
        set_attribute::<Date>(id!("min"), date::new(first)?.into_object())?;
        set_attribute::<Date>(id!("max"), date::new(last)?.into_object())?;
        set_attribute::<Date>(id!("resolution"), day)?;
        set_attribute::<Time>(id!("min"), time::new(midnight, None, 0)?.into_object())?;
        set_attribute::<Time>(id!("max"), time::new(late, None, 0)?.into_object())?;
        set_attribute::<Time>(id!("resolution"), microsecond.clone())?;
        set_attribute::<DateTime>(id!("min"), date_time::new(first, midnight, None, 0)?.into_object())?;
        set_attribute::<DateTime>(id!("max"), date_time::new(last, late, None, 0)?.into_object())?;
        set_attribute::<DateTime>(id!("resolution"), microsecond)?;

        let utc = zone::utc()?.into_object();
        let limit = |sign: i32| zone::create(delta::new(0, sign * 23 * 3600 + sign * 59 * 60, 0)?, None);
        set_attribute::<TimeZone>(id!("utc"), utc.clone())?;
        set_attribute::<TimeZone>(id!("min"), limit(-1)?.into_object())?;
        set_attribute::<TimeZone>(id!("max"), limit(1)?.into_object())?;
        for class in [Date::type_object(), DateTime::type_object(), Time::type_object(), Delta::type_object()] {
            class.modified();
        }
        TimeZone::type_object().modified();
        module.add("UTC", utc.clone())?;
        module.add("datetime_CAPI", api::capsule(utc)?)
    }
}
