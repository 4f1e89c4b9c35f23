//! `datetime`: a day and a time of day.

use taipan_runtime::abi::PyDateTime_DateTime;
use taipan_runtime::modules::warnings;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;
use taipan_runtime::types::exceptions;

use super::calendar::{Clock, MAX_YEAR, Ymd, days_in_month};
use super::clocked::{self, Clocked, Fields, clocked_methods};
use super::date::{self, Date};
use super::delta::{self, Delta};
use super::time::{self, Time};
use super::{now, parse, spec, text, zone};

/// `datetime.datetime`
#[repr(transparent)]
pub struct DateTime(pub PyDateTime_DateTime);

impl DateTime {
    pub fn ymd(&self) -> Ymd {
        let [high, low, month, day, ..] = self.0.data.each_ref().map(|byte| byte.get());
        Ymd::new(i32::from(high) << 8 | i32::from(low), month.into(), day.into())
    }
}

impl Clocked for DateTime {
    const KIND: &'static str = "datetime";
    const FOLD_BYTE: usize = 2;

    fn fields(&self) -> Fields<'_> {
        let own = &self.0;
        let zone = Slot::of(&own.tzinfo);
        Fields { hashcode: &own.hashcode, has_zone: &own.hastzinfo, zone, fold: &own.fold, data: &own.data }
    }

    fn is_sane(byte: u8) -> bool {
        date::is_sane_month(byte)
    }

    /// Since the year 1.
    fn micros(&self) -> i128 {
        let clock = self.clock();
        let seconds = i64::from(self.ymd().ordinal()) * 86_400 + i64::from(clock.seconds());
        i128::from(seconds) * 1_000_000 + i128::from(clock.micros)
    }

    fn asks_with(this: &Ref<DateTime>) -> Ref<Object> {
        this.as_object().clone()
    }

    fn with_fold(this: &Ref<DateTime>, fold: u8) -> PyResult<Ref<DateTime>> {
        clocked::from_bytes(this.bytes(), this.zone(), fold, this.type_of())
    }
}

pub fn new(day: Ymd, clock: Clock, zone: Option<Ref<Object>>, fold: i32) -> PyResult<Ref<DateTime>> {
    new_of_class(day, clock, zone, fold, DateTime::type_object())
}

/// An instance of `cls` without a call of it; the values are checked.
pub fn new_of_class(
    day: Ymd,
    clock: Clock,
    zone: Option<Ref<Object>>,
    fold: i32,
    cls: Borrowed<'_, Type>,
) -> PyResult<Ref<DateTime>> {
    super::check_date(day)?;
    super::check_clock(clock, fold)?;
    let bytes = date::ymd_bytes(day).into_iter().chain(clocked::clock_bytes(clock));
    clocked::from_bytes(bytes, zone, fold as u8, cls)
}

/// What `cls` makes of the values: the class of our own is not called.
pub fn make(day: Ymd, clock: Clock, zone: Option<Ref<Object>>, fold: i32, cls: &Ref<Type>) -> PyResult<Ref<Object>> {
    if cls.as_raw().cast() == DateTime::TYPE {
        return Ok(new(day, clock, zone, fold)?.into_object());
    }
    let Clock { hour, minute, second, micros } = clock;
    let numbers = [day.year, day.month, day.day, hour, minute, second, micros];
    super::call_class(cls, &numbers, Some(zone.as_ref()), fold)
}

/// Day and time at a number of microseconds since the year 1.
fn split_micros(micros: i128) -> PyResult<(Ymd, Clock)> {
    const DAY: i128 = 86_400_000_000;
    let ordinal = micros.div_euclid(DAY);
    if !(1..=i128::from(super::calendar::MAX_ORDINAL)).contains(&ordinal) {
        return Err(super::out_of_range());
    }
    let rest = micros.rem_euclid(DAY) as i64;
    let seconds = (rest / 1_000_000) as i32;
    let clock = Clock {
        hour: seconds / 3600,
        minute: seconds / 60 % 60,
        second: seconds % 60,
        micros: (rest % 1_000_000) as i32,
    };
    Ok((Ymd::from_ordinal(ordinal as i32), clock))
}

/// `moment + delta`, or `-` for a sign of -1; an instance of its class.
pub fn plus(moment: &Ref<DateTime>, delta: &Delta, sign: i128) -> PyResult<Ref<Object>> {
    let (day, clock) = split_micros(moment.micros() + sign * delta.total())?;
    make(day, clock, moment.zone(), 0, &moment.type_of())
}

/// The difference of two moments in microseconds.
fn difference(a: &Ref<DateTime>, b: &Ref<DateTime>) -> PyResult<i128> {
    let mut micros = a.micros() - b.micros();
    if !super::same_zone(&a.zone(), &b.zone()) {
        match (DateTime::offset(a)?, DateTime::offset(b)?) {
            (Some(a), Some(b)) => micros -= a.total() - b.total(),
            (None, None) => {}
            _ => return Err(raise!(TypeError, "can't subtract offset-naive and offset-aware datetimes")),
        }
    }
    Ok(micros)
}

const NAMES: &[&str] = &["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo", "fold"];

static NEW: ArgSpec = spec("", NAMES, 3, 1);
static REPLACE: ArgSpec = spec("replace", NAMES, 0, 1);
static ISOFORMAT: ArgSpec = spec("isoformat", &["sep", "timespec"], 0, 0);
static FROM_TIMESTAMP: ArgSpec = spec("fromtimestamp", &["timestamp", "tz"], 1, 0);
static COMBINE: ArgSpec = spec("combine", &["date", "time", "tzinfo"], 2, 0);
static AS_TIME_ZONE: ArgSpec = spec("astimezone", &["tz"], 0, 0);

/// The argument `sep` of `isoformat`.
fn separator(object: Option<Borrowed<'_, Object>>) -> PyResult<u32> {
    let Some(object) = object else { return Ok('T' as u32) };
    let Some(text) = object.downcast::<Str>() else {
        let found = if object.is_none() { "None".to_owned() } else { object.type_name() };
        return Err(raise!(TypeError, "isoformat() argument 1 must be a unicode character, not {found}"));
    };
    if text.len() != 1 {
        return Err(raise!(
            TypeError,
            "isoformat() argument 1 must be a unicode character, not a string of length {}",
            text.len()
        ));
    }
    Ok(text.char_at(0))
}

fn typed<'a, T: PyLayout>(object: Borrowed<'a, Object>, function: &str, place: usize) -> PyResult<Borrowed<'a, T>> {
    match object.downcast_borrowed::<T>() {
        Some(object) => Ok(object),
        None => {
            let found = if object.is_none() { "None".to_owned() } else { object.type_name() };
            Err(raise!(TypeError, "{function}() argument {place} must be {}, not {found}", T::NAME))
        }
    }
}

fn warn_deprecated(old: &str, new: &str) -> PyResult<()> {
    let message = format!(
        "datetime.datetime.{old}() is deprecated and scheduled for removal in a future version. Use timezone-aware \
         objects to represent datetimes in UTC: datetime.datetime.{new}."
    );
    warnings::warn(exceptions::DeprecationWarning::type_object(), &message, 1)
}

#[pytype(name = "datetime", module = "datetime", base = Date, basetype, extend = [DateTime::CLOCKED])]
impl DateTime {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<DateTime>> {
        if let Some(this) = clocked::unpickled(cls, &args, 10)? {
            return Ok(this);
        }
        super::check_few(&args, 3)?;
        let [Some(year), Some(month), Some(day), hour, minute, second, micros, zone, fold] = args.unpack::<9>(&NEW)?
        else {
            return Err(raise!(SystemError, "datetime() without arguments"));
        };
        let day = Ymd::new(super::int_argument(year)?, super::int_argument(month)?, super::int_argument(day)?);
        let clock = clocked::clock_or([hour, minute, second, micros], Clock::default())?;
        let fold = super::int_or(fold, 0)?;
        super::check_date(day)?;
        super::check_clock(clock, fold)?;
        let zone = zone.map_or(Ok(None), super::check_zone)?;
        new_of_class(day, clock, zone, fold, cls)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut DateTime) {
        // SAFETY: called once, by the last decref.
        unsafe { clocked::dealloc(this) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<DateTime>) -> PyResult<String> {
        let Ymd { year, month, day } = this.ymd();
        let Clock { hour, minute, second, micros } = this.clock();
        let mut repr = format!("{}({year}, {month}, {day}, {hour}, {minute}", this.type_name());
        if second != 0 || micros != 0 {
            repr += &format!(", {second}");
        }
        if micros != 0 {
            repr += &format!(", {micros}");
        }
        repr.push(')');
        if this.fold() != 0 {
            repr = text::with_keyword(&repr, "fold", "1");
        }
        if let Some(zone) = this.zone() {
            repr = text::with_keyword(&repr, "tzinfo", &zone.repr()?.to_display());
        }
        Ok(repr)
    }

    #[slot(tp_str)]
    fn str(this: &Ref<DateTime>) -> PyResult<Ref<Object>> {
        this.as_object().call_method(id!("isoformat"), &[id!(" ").upcast()])
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<DateTime>) -> PyResult<isize> {
        clocked::hash(this)
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<DateTime>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        clocked::compare(this, other, op)
    }

    #[slot(nb_add)]
    fn add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if let (Some(moment), Some(delta)) = (left.downcast::<DateTime>(), right.downcast::<Delta>()) {
            return plus(&moment, &delta, 1);
        }
        if let (Some(delta), Some(moment)) = (left.downcast::<Delta>(), right.downcast::<DateTime>()) {
            return plus(&moment, &delta, 1);
        }
        Ok(not_implemented())
    }

    #[slot(nb_subtract)]
    fn subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(moment) = left.downcast::<DateTime>() else { return Ok(not_implemented()) };
        if let Some(other) = right.downcast::<DateTime>() {
            return Ok(delta::from_micros(difference(&moment, &other)?)?.into_object());
        }
        match right.downcast::<Delta>() {
            Some(delta) => plus(&moment, &delta, -1),
            None => Ok(not_implemented()),
        }
    }

    #[classmethod(signature = "($type, /, tz=None)")]
    fn now(cls: Borrowed<'_, Type>, tz: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        now::now(&cls, tz.map_or(Ok(None), super::check_zone)?)
    }

    #[classmethod(signature = "($type, /)")]
    fn utcnow(cls: Borrowed<'_, Type>) -> PyResult<Ref<Object>> {
        warn_deprecated("utcnow", "now(datetime.UTC)")?;
        now::utc_now(&cls)
    }

    #[classmethod(raw)]
    fn fromtimestamp(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [Some(timestamp), zone] = args.unpack::<2>(&FROM_TIMESTAMP)? else {
            return Err(raise!(SystemError, "fromtimestamp() without a timestamp"));
        };
        now::from_timestamp(&cls, timestamp, zone.map_or(Ok(None), super::check_zone)?)
    }

    #[classmethod(signature = "($type, timestamp, /)", no_text_signature)]
    fn utcfromtimestamp(cls: Borrowed<'_, Type>, timestamp: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        warn_deprecated("utcfromtimestamp", "fromtimestamp(timestamp, datetime.UTC)")?;
        now::utc_from_timestamp(&cls, timestamp)
    }

    #[classmethod(raw)]
    fn strptime(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        super::strptime(id!("_strptime_datetime_datetime"), cls, args)
    }

    #[classmethod(raw)]
    fn combine(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [Some(day), Some(time), zone] = args.unpack::<3>(&COMBINE)? else {
            return Err(raise!(SystemError, "combine() without arguments"));
        };
        let day = typed::<Date>(day, "combine", 1)?;
        let time = typed::<Time>(time, "combine", 2)?;
        let zone = zone.map_or_else(|| Ok(time.zone()), super::check_zone)?;
        make(day.ymd(), time.clock(), zone, time.fold(), &cls)
    }

    #[classmethod(signature = "($type, object, /)")]
    fn fromisoformat(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let text = super::iso_text(object)?;
        let chars = super::ascii_chars(&text)?;
        let invalid = || super::invalid_iso(&text);
        let Some(end) = parse::separator(&chars) else { return Err(invalid()) };
        let Some(mut day) = parse::date(chars.get(..end).unwrap_or(&chars)) else { return Err(invalid()) };
        let (mut clock, mut zone) = (Clock::default(), None);
        if chars.len() > end {
            let Some(parsed) = parse::time(&chars[end + 1..]) else { return Err(invalid()) };
            clock = parsed.clock;
            zone = zone::from_parsed(parsed.offset)?;
        }
        if clock.hour == 24 && (1..=12).contains(&day.month) && day.day <= days_in_month(day.year, day.month) {
            clock = clocked::next_midnight(clock)?;
            day = day.plus_days(1).unwrap_or(Ymd::new(MAX_YEAR + 1, 1, 1));
        }
        make(day, clock, zone, 0, &cls)
    }

    #[method(signature = "($self, /)")]
    fn date(this: &Ref<DateTime>) -> PyResult<Ref<Date>> {
        date::new(this.ymd())
    }

    #[method(signature = "($self, /)")]
    fn time(this: &Ref<DateTime>) -> PyResult<Ref<Time>> {
        time::new(this.clock(), None, this.fold())
    }

    #[method(signature = "($self, /)")]
    fn timetz(this: &Ref<DateTime>) -> PyResult<Ref<Time>> {
        time::new(this.clock(), this.zone(), this.fold())
    }

    #[method(signature = "($self, /)")]
    fn ctime(this: &Ref<DateTime>) -> String {
        text::ctime(this.ymd(), this.clock())
    }

    #[method(signature = "($self, /)")]
    fn timetuple(this: &Ref<DateTime>) -> PyResult<Ref<Object>> {
        let daylight = match zone::dst(this.zone().as_ref(), this.as_borrowed())? {
            Some(dst) => i32::from(!dst.is_zero()),
            None => -1,
        };
        text::struct_time(this.ymd(), this.clock(), daylight)
    }

    #[method(signature = "($self, /)")]
    fn timestamp(this: &Ref<DateTime>) -> PyResult<f64> {
        const EPOCH: i128 = 719_163 * 86_400_000_000;
        if this.zone().is_some() {
            let offset = DateTime::offset(this)?.map_or(0, |offset| offset.total());
            return Ok((this.micros() - offset - EPOCH) as f64 / 1e6);
        }
        let seconds = now::from_local(this.ymd(), this.clock(), this.fold() != 0)?;
        Ok(seconds as f64 + f64::from(this.clock().micros) / 1e6)
    }

    #[method(signature = "($self, /)")]
    fn utctimetuple(this: &Ref<DateTime>) -> PyResult<Ref<Object>> {
        match DateTime::offset(this)? {
            None => text::struct_time(this.ymd(), this.clock(), 0),
            Some(offset) => {
                let (day, clock) = split_micros(this.micros() - offset.total())?;
                text::struct_time(day, clock, 0)
            }
        }
    }

    #[method(raw)]
    fn isoformat(this: &Ref<DateTime>, args: CallArgs<'_>) -> PyResult<Ref<Str>> {
        let [sep, timespec] = args.unpack::<2>(&ISOFORMAT)?;
        let sep = separator(sep)?;
        let mut rest = text::iso_clock(this.clock(), &text::timespec(timespec, 2)?)?;
        if let Some(offset) = DateTime::offset(this)? {
            rest += &zone::format_offset(&offset, ":");
        }
        let mut text = taipan_runtime::types::str::StrBuilder::new();
        text.push_str(&text::iso_day(this.ymd()))?;
        text.push(sep)?;
        text.push_str(&rest)?;
        text.finish()
    }

    fn replaced(this: &Ref<DateTime>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [year, month, day, hour, minute, second, micros, zone, fold] = args.unpack::<9>(&REPLACE)?;
        let old = this.ymd();
        let day =
            Ymd::new(super::int_or(year, old.year)?, super::int_or(month, old.month)?, super::int_or(day, old.day)?);
        let clock = clocked::clock_or([hour, minute, second, micros], this.clock())?;
        let fold = super::int_or(fold, this.fold())?;
        super::check_clock(clock, fold)?;
        let zone = zone.map_or_else(|| Ok(this.zone()), super::check_zone)?;
        make(day, clock, zone, fold, &this.type_of())
    }

    #[method(
        raw,
        signature = "($self, /, year=unchanged, month=unchanged, day=unchanged, hour=unchanged, minute=unchanged, \
                     second=unchanged, microsecond=unchanged, tzinfo=unchanged, *, fold=unchanged)"
    )]
    fn replace(this: &Ref<DateTime>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        DateTime::replaced(this, args)
    }

    #[method(raw)]
    fn astimezone(this: &Ref<DateTime>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [target] = args.unpack::<1>(&AS_TIME_ZONE)?;
        let target = target.map_or(Ok(None), super::check_zone)?;
        let mut own = this.zone();
        let mut offset = None;
        if let (Some(zone), false) = (&own, super::same_zone(&own, &target)) {
            offset = zone::utcoffset(Some(zone), this.as_borrowed())?;
        }
        if super::same_zone(&own, &target) && own.is_some() {
            return Ok(this.as_object().clone());
        }
        if offset.is_none() {
            // Naive, so local.
            let local = now::local_zone_of_local(this)?;
            if target.as_ref().is_some_and(|target| target.is(&local)) {
                return Ok(this.as_object().clone());
            }
            offset = zone::utcoffset(Some(&local), this.as_borrowed())?;
            own = Some(local);
        }
        let _ = own;
        let micros = this.micros() - offset.map_or(0, |offset| offset.total());
        let (day, clock) = split_micros(micros)?;
        let target = match target {
            Some(target) => target,
            None => {
                let utc = new(day, clock, None, 0)?;
                now::local_zone_of_utc(&utc)?
            }
        };
        let moment = if this.is_exact::<DateTime>() {
            new(day, clock, Some(target.clone()), 0)?.into_object()
        } else {
            new_of_class(day, clock, Some(target.clone()), 0, this.type_of())?.into_object()
        };
        target.call_method(id!("fromutc"), &[moment.borrow()])
    }
}

clocked_methods! { DateTime }
