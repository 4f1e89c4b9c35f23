//! Text of dates and times: `isoformat`, `ctime`, `strftime`.

use taipan_runtime::prelude::*;
use taipan_runtime::types::str::StrBuilder;

use super::calendar::{Clock, Ymd, days_before_month};
use super::clocked::Clocked;
use super::date_time::DateTime;
use super::time::Time;
use super::zone;

pub fn ctime(day: Ymd, clock: Clock) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let weekday = DAYS[day.weekday().rem_euclid(7) as usize];
    let month = MONTHS[(day.month - 1).clamp(0, 11) as usize];
    let Clock { hour, minute, second, .. } = clock;
    format!("{weekday} {month} {:2} {hour:02}:{minute:02}:{second:02} {:04}", day.day, day.year)
}

pub fn iso_day(day: Ymd) -> String {
    format!("{:04}-{:02}-{:02}", day.year, day.month, day.day)
}

/// The time with as many parts as `timespec` says.
pub fn iso_clock(clock: Clock, timespec: &str) -> PyResult<String> {
    let Clock { hour, minute, second, micros } = clock;
    Ok(match timespec {
        "auto" if micros == 0 => format!("{hour:02}:{minute:02}:{second:02}"),
        "auto" | "microseconds" => format!("{hour:02}:{minute:02}:{second:02}.{micros:06}"),
        "hours" => format!("{hour:02}"),
        "minutes" => format!("{hour:02}:{minute:02}"),
        "seconds" => format!("{hour:02}:{minute:02}:{second:02}"),
        "milliseconds" => format!("{hour:02}:{minute:02}:{second:02}.{:03}", micros / 1000),
        _ => return Err(raise!(ValueError, "Unknown timespec value")),
    })
}

/// The argument `timespec`, "auto" where it is not given.
pub fn timespec(object: Option<Borrowed<'_, Object>>, place: usize) -> PyResult<String> {
    match object {
        None => Ok("auto".to_owned()),
        Some(object) => Ok(super::str_argument(object, "isoformat", place)?.to_display()),
    }
}

/// `time.struct_time` of a moment.
pub fn struct_time(day: Ymd, clock: Clock, dst: i32) -> PyResult<Ref<Object>> {
    let class = taipan_runtime::import::import_module("time")?.getattr(id!("struct_time"))?;
    let fields = [
        day.year,
        day.month,
        day.day,
        clock.hour,
        clock.minute,
        clock.second,
        day.weekday(),
        days_before_month(day.year, day.month) + day.day,
        dst,
    ];
    class.call1(int_tuple(&fields)?.as_borrowed())
}

pub fn int_tuple(values: &[i32]) -> PyResult<Ref<Tuple>> {
    let mut items = Vec::with_capacity(values.len());
    for &value in values {
        items.push(Int::from_i64(value.into())?.into_object());
    }
    Tuple::from_vec(items)
}

/// The zone of a time or datetime.
fn zone_of(object: &Ref<Object>) -> Option<Ref<Object>> {
    if let Some(moment) = object.downcast::<DateTime>() {
        return moment.zone();
    }
    object.downcast::<Time>().and_then(|time| time.zone())
}

/// What `strftime` does itself, since the C library cannot know it.
struct Replacements<'a> {
    object: &'a Ref<Object>,
    /// What the methods of the zone get.
    argument: Borrowed<'a, Object>,
    tuple: &'a Ref<Object>,
    strftime: Ref<Object>,
}

impl Replacements<'_> {
    fn offset(&self, separator: &str) -> PyResult<String> {
        match zone::utcoffset(zone_of(self.object).as_ref(), self.argument)? {
            Some(offset) => Ok(zone::format_offset(&offset, separator)),
            None => Ok(String::new()),
        }
    }

    /// The name of the zone, with its percent signs doubled.
    fn name(&self) -> PyResult<Ref<Str>> {
        let name = zone::tzname(zone_of(self.object).as_ref(), self.argument)?;
        if name.is_none() {
            return Ok(Str::empty());
        }
        let doubled = name.call_method(id!("replace"), &[id!("%").upcast(), id!("%%").upcast()])?;
        match doubled.into_downcast::<Str>() {
            Ok(text) => Ok(text),
            Err(_) => Err(raise!(TypeError, "tzname.replace() did not return a string")),
        }
    }

    fn micros(&self) -> i32 {
        if let Some(moment) = self.object.downcast::<DateTime>() {
            return moment.clock().micros;
        }
        self.object.downcast::<Time>().map_or(0, |time| time.clock().micros)
    }

    /// Years below 1000 with four digits, which the C library does not give; `None` for later years.
    fn century(&self, code: u8) -> PyResult<Option<String>> {
        let mut year = self.tuple.get_index(0)?.as_isize()?;
        if year >= 1000 {
            return Ok(None);
        }
        if code == b'G' {
            let text = self.strftime.call(&[id!("%G").upcast(), self.tuple.borrow()])?;
            let text = text.str()?;
            year = taipan_runtime::types::int::text::from_str(&text, 10)?.as_object().as_isize()?;
        }
        Ok(Some(match code {
            b'C' => format!("{:02}", year / 100),
            b'F' => format!("{year:04}-%m-%d"),
            _ => format!("{year:04}"),
        }))
    }
}

/// `time.strftime(format, tuple)` after `%z`, `%:z`, `%Z`, `%f` and early years have been filled in.
pub fn strftime(
    object: &Ref<Object>,
    format: &Ref<Str>,
    tuple: &Ref<Object>,
    argument: Borrowed<'_, Object>,
) -> PyResult<Ref<Object>> {
    let strftime = taipan_runtime::import::import_module("time")?.getattr(id!("strftime"))?;
    let parts = Replacements { object, argument, tuple, strftime };
    let mut text = StrBuilder::new();
    let (mut at, len) = (0, format.len());
    while at < len {
        let c = format.char_at(at);
        at += 1;
        if c != b'%' as u32 || at == len {
            text.push(c)?;
            continue;
        }
        let code = format.char_at(at);
        at += 1;
        match u8::try_from(code).unwrap_or(0) {
            b'z' => text.push_str(&parts.offset("")?)?,
            b':' if at < len && format.char_at(at) == b'z' as u32 => {
                at += 1;
                text.push_str(&parts.offset(":")?)?;
            }
            b'Z' => text.push_object(&parts.name()?)?,
            b'f' => text.push_str(&format!("{:06}", parts.micros()))?,
            code @ (b'Y' | b'G' | b'C' | b'F') => match parts.century(code)? {
                Some(filled) => text.push_str(&filled)?,
                None => {
                    text.push_str("%")?;
                    text.push(code.into())?;
                }
            },
            _ => {
                text.push_str("%")?;
                text.push(code)?;
            }
        }
    }
    let format = text.finish()?;
    parts.strftime.call(&[format.as_borrowed(), tuple.borrow()])
}

/// `__format__`: `strftime`, or `str` for an empty format.
pub fn format_object(this: &Ref<Object>, format: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let format = super::str_argument(format, "__format__", 1)?;
    if format.is_empty() {
        return Ok(this.str()?.into_object());
    }
    this.call_method(id!("strftime"), &[format.upcast()])
}

/// A `repr` with a further keyword before its closing bracket.
pub fn with_keyword(repr: &str, name: &str, value: &str) -> String {
    format!("{}, {name}={value})", repr.strip_suffix(')').unwrap_or(repr))
}
