//! `date`.

use taipan_runtime::abi::PyDateTime_Date;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;
use taipan_runtime::types::hash;

use super::calendar::{self, Clock, IsoError, MAX_YEAR, MIN_YEAR, Ymd};
use super::date_time::{self, DateTime};
use super::delta::{self, Delta};
use super::iso_calendar::IsoCalendarDate;
use super::{now, parse, spec, text};
use crate::support;

/// `datetime.date`; a datetime begins with the same fields.
#[repr(transparent)]
pub struct Date(pub PyDateTime_Date);

impl Date {
    pub fn ymd(&self) -> Ymd {
        let [high, low, month, day] = self.bytes();
        Ymd::new(i32::from(high) << 8 | i32::from(low), month.into(), day.into())
    }

    pub fn bytes(&self) -> [u8; 4] {
        self.0.data.each_ref().map(|byte| byte.get())
    }
}

pub fn ymd_bytes(day: Ymd) -> [u8; 4] {
    [(day.year >> 8) as u8, day.year as u8, day.month as u8, day.day as u8]
}

pub fn new(day: Ymd) -> PyResult<Ref<Date>> {
    new_of_class(day, Date::type_object())
}

/// An instance of `cls` without a call of it; the day is checked.
pub fn new_of_class(day: Ymd, cls: Borrowed<'_, Type>) -> PyResult<Ref<Date>> {
    super::check_date(day)?;
    from_bytes(&ymd_bytes(day), cls)
}

fn from_bytes(bytes: &[u8], cls: Borrowed<'_, Type>) -> PyResult<Ref<Date>> {
    let this: Ref<Date> = support::instance(cls)?;
    this.0.hashcode.set(-1);
    this.0.data.iter().zip(bytes).for_each(|(field, &byte)| field.set(byte));
    Ok(this)
}

/// What `cls` makes of a day: classes of our own are not called.
pub fn make(day: Ymd, cls: &Ref<Type>) -> PyResult<Ref<Object>> {
    let raw = cls.as_raw().cast();
    if raw == Date::TYPE {
        return Ok(new(day)?.into_object());
    }
    if raw == DateTime::TYPE {
        return Ok(date_time::new(day, Clock::default(), None, 0)?.into_object());
    }
    super::call_class(cls, &[day.year, day.month, day.day], None, 0)
}

fn plus(date: &Ref<Date>, delta: &Delta, sign: i32) -> PyResult<Ref<Object>> {
    // The time of the delta does not count, whatever its sign.
    match date.ymd().plus_days(sign * delta.days()) {
        Some(day) => make(day, &date.type_of()),
        None => Err(super::out_of_range()),
    }
}

/// A `date` that is no `datetime`.
fn plain<'a>(object: &'a Borrowed<'_, Object>) -> Option<Borrowed<'a, Date>> {
    if object.is_instance_of::<DateTime>() { None } else { object.downcast::<Date>() }
}

/// `month` of a pickled state, which tells it from other bytes.
pub fn is_sane_month(byte: u8) -> bool {
    (1..=12).contains(&byte)
}

static NEW: ArgSpec = spec("", &["year", "month", "day"], 3, 0);
static REPLACE: ArgSpec = spec("replace", &["year", "month", "day"], 0, 0);
static STRFTIME: ArgSpec = spec("strftime", &["format"], 1, 0);
static ISO: ArgSpec = spec("fromisocalendar", &["year", "week", "day"], 3, 0);

#[pytype(name = "date", module = "datetime", basetype)]
impl Date {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Date>> {
        if let [state] = args.positional()
            && let Some(bytes) = super::pickled_state(*state, 4, "date")?.filter(|bytes| is_sane_month(bytes[2]))
        {
            return from_bytes(&bytes, cls);
        }
        super::check_few(&args, 3)?;
        let [Some(year), Some(month), Some(day)] = args.unpack::<3>(&NEW)? else {
            return Err(raise!(SystemError, "date() without arguments"));
        };
        let day = Ymd::new(super::int_argument(year)?, super::int_argument(month)?, super::int_argument(day)?);
        new_of_class(day, cls)
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Date>) -> String {
        let Ymd { year, month, day } = this.ymd();
        format!("{}({year}, {month}, {day})", this.type_name())
    }

    #[slot(tp_str)]
    fn str(this: &Ref<Date>) -> PyResult<Ref<Object>> {
        this.as_object().call_method(id!("isoformat"), &[])
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Date>) -> isize {
        if this.0.hashcode.get() == -1 {
            this.0.hashcode.set(hash::bytes(&this.bytes()));
        }
        this.0.hashcode.get()
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Date>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        match plain(&other) {
            Some(other) => Ok(op.result(this.bytes().cmp(&other.bytes()))),
            None => Ok(not_implemented()),
        }
    }

    #[slot(nb_add)]
    fn add(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if let (Some(date), Some(delta)) = (plain(&left), right.downcast::<Delta>()) {
            return plus(&date, &delta, 1);
        }
        if let (Some(delta), Some(date)) = (left.downcast::<Delta>(), plain(&right)) {
            return plus(&date, &delta, 1);
        }
        Ok(not_implemented())
    }

    #[slot(nb_subtract)]
    fn subtract(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(date) = plain(&left) else { return Ok(not_implemented()) };
        if let Some(other) = plain(&right) {
            return Ok(delta::new(date.ymd().ordinal() - other.ymd().ordinal(), 0, 0)?.into_object());
        }
        match right.downcast::<Delta>() {
            Some(delta) => plus(&date, &delta, -1),
            None => Ok(not_implemented()),
        }
    }

    #[classmethod(signature = "($type, timestamp, /)")]
    fn fromtimestamp(cls: Borrowed<'_, Type>, timestamp: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let local = now::local(now::whole_seconds(timestamp)?)?;
        make(now::ymd_of(&local), &cls)
    }

    #[classmethod(raw)]
    fn fromordinal(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("fromordinal")?;
        let [ordinal] = args.args else {
            let given = args.args.len();
            return Err(raise!(TypeError, "fromordinal() takes exactly 1 argument ({given} given)"));
        };
        let ordinal = super::int_argument(*ordinal)?;
        if ordinal < 1 {
            return Err(raise!(ValueError, "ordinal must be >= 1"));
        }
        make(Ymd::from_ordinal(ordinal), &cls)
    }

    #[classmethod(signature = "($type, object, /)")]
    fn fromisoformat(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let text = super::iso_text(object)?;
        match parse::date(&super::ascii_chars(&text)?) {
            Some(day) => make(day, &cls),
            None => Err(super::invalid_iso(&text)),
        }
    }

    #[classmethod(raw)]
    fn fromisocalendar(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [Some(year), Some(week), Some(weekday)] = args.unpack::<3>(&ISO)? else {
            return Err(raise!(SystemError, "fromisocalendar() without arguments"));
        };
        let part = |object: Borrowed<'_, Object>| {
            super::int_argument(object).map_err(|raised| {
                if !raised.is_a::<taipan_runtime::types::exceptions::OverflowError>() {
                    return raised;
                }
                raised.clear();
                raise!(ValueError, "ISO calendar component out of range")
            })
        };
        let (year, week, weekday) = (part(year)?, part(week)?, part(weekday)?);
        match calendar::from_iso(year, week, weekday) {
            Ok(day) => make(day, &cls),
            Err(IsoError::Year) => Err(raise!(ValueError, "year must be in {MIN_YEAR}..{MAX_YEAR}, not {year}")),
            Err(IsoError::Week) => Err(raise!(ValueError, "Invalid week: {week}")),
            Err(IsoError::Weekday) => Err(raise!(ValueError, "Invalid weekday: {weekday} (range is [1, 7])")),
        }
    }

    #[classmethod(raw)]
    fn strptime(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        super::strptime(id!("_strptime_datetime_date"), cls, args)
    }

    #[classmethod(signature = "($type, /)")]
    fn today(cls: Borrowed<'_, Type>) -> PyResult<Ref<Object>> {
        let time = taipan_runtime::import::import_module("time")?.call_method(id!("time"), &[])?;
        cls.as_object().call_method(id!("fromtimestamp"), &[time.borrow()])
    }

    #[method(signature = "($self, /)")]
    fn ctime(this: &Ref<Date>) -> String {
        text::ctime(this.ymd(), Clock::default())
    }

    #[method(raw)]
    fn strftime(this: &Ref<Date>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [Some(format)] = args.unpack::<1>(&STRFTIME)? else {
            return Err(raise!(SystemError, "strftime() without a format"));
        };
        let format = super::str_argument(format, "strftime", 1)?;
        let tuple = this.as_object().call_method(id!("timetuple"), &[])?;
        text::strftime(this.as_object(), &format, &tuple, this.as_borrowed())
    }

    #[method(name = "__format__", signature = "($self, format, /)", no_text_signature)]
    fn format(this: &Ref<Date>, format: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        text::format_object(this.as_object(), format)
    }

    #[method(signature = "($self, /)")]
    fn timetuple(this: &Ref<Date>) -> PyResult<Ref<Object>> {
        text::struct_time(this.ymd(), Clock::default(), -1)
    }

    #[method(signature = "($self, /)")]
    fn isocalendar(this: &Ref<Date>) -> PyResult<Ref<Object>> {
        let (year, week, weekday) = this.ymd().iso();
        IsoCalendarDate::make(IsoCalendarDate::type_object(), year, week, weekday)
    }

    #[method(signature = "($self, /)")]
    fn isoformat(this: &Ref<Date>) -> String {
        text::iso_day(this.ymd())
    }

    #[method(signature = "($self, /)")]
    fn isoweekday(this: &Ref<Date>) -> i32 {
        this.ymd().weekday() + 1
    }

    #[method(signature = "($self, /)")]
    fn toordinal(this: &Ref<Date>) -> i32 {
        this.ymd().ordinal()
    }

    #[method(signature = "($self, /)")]
    fn weekday(this: &Ref<Date>) -> i32 {
        this.ymd().weekday()
    }

    fn replaced(this: &Ref<Date>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [year, month, day] = args.unpack::<3>(&REPLACE)?;
        let old = this.ymd();
        let new =
            Ymd::new(super::int_or(year, old.year)?, super::int_or(month, old.month)?, super::int_or(day, old.day)?);
        make(new, &this.type_of())
    }

    #[method(raw, signature = "($self, /, year=unchanged, month=unchanged, day=unchanged)")]
    fn replace(this: &Ref<Date>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        Date::replaced(this, args)
    }

    #[method(name = "__replace__", raw, signature = "($self, /, **changes)")]
    fn dunder_replace(this: &Ref<Date>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        Date::replaced(this, args)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Date>) -> PyResult<Ref<Tuple>> {
        let state = Tuple::pack([Bytes::from_slice(&this.bytes())?.into_object()])?;
        Tuple::pack([this.type_of().upcast().to_owned(), state.into_object()])
    }

    #[getter]
    fn year(this: &Ref<Date>) -> i32 {
        this.ymd().year
    }

    #[getter]
    fn month(this: &Ref<Date>) -> i32 {
        this.ymd().month
    }

    #[getter]
    fn day(this: &Ref<Date>) -> i32 {
        this.ymd().day
    }
}
