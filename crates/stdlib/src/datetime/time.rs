//! `time`: a time of day.

use taipan_runtime::abi::PyDateTime_Time;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;

use super::calendar::Clock;
use super::clocked::{self, Clocked, Fields, clocked_methods};
use super::delta::Delta;
use super::{parse, spec, text, zone};

/// `datetime.time`
#[repr(transparent)]
pub struct Time(pub PyDateTime_Time);

impl Clocked for Time {
    const KIND: &'static str = "time";
    const FOLD_BYTE: usize = 0;

    fn fields(&self) -> Fields<'_> {
        let own = &self.0;
        let zone = Slot::of(&own.tzinfo);
        Fields { hashcode: &own.hashcode, has_zone: &own.hastzinfo, zone, fold: &own.fold, data: &own.data }
    }

    fn is_sane(byte: u8) -> bool {
        byte < 24
    }

    /// Since midnight.
    fn micros(&self) -> i128 {
        let clock = self.clock();
        i128::from(clock.seconds()) * 1_000_000 + i128::from(clock.micros)
    }

    fn asks_with(_this: &Ref<Time>) -> Ref<Object> {
        none()
    }

    fn with_fold(this: &Ref<Time>, fold: u8) -> PyResult<Ref<Time>> {
        clocked::from_bytes(this.bytes(), this.zone(), fold, Time::type_object())
    }
}

pub fn new(clock: Clock, zone: Option<Ref<Object>>, fold: i32) -> PyResult<Ref<Time>> {
    new_of_class(clock, zone, fold, Time::type_object())
}

/// An instance of `cls` without a call of it; the values are checked.
pub fn new_of_class(
    clock: Clock,
    zone: Option<Ref<Object>>,
    fold: i32,
    cls: Borrowed<'_, Type>,
) -> PyResult<Ref<Time>> {
    super::check_clock(clock, fold)?;
    clocked::from_bytes(clocked::clock_bytes(clock), zone, fold as u8, cls)
}

/// What `cls` makes of the values: the class of our own is not called.
fn make(clock: Clock, zone: Option<Ref<Object>>, fold: i32, cls: &Ref<Type>) -> PyResult<Ref<Object>> {
    if cls.as_raw().cast() == Time::TYPE {
        return Ok(new(clock, zone, fold)?.into_object());
    }
    let Clock { hour, minute, second, micros } = clock;
    super::call_class(cls, &[hour, minute, second, micros], Some(zone.as_ref()), fold)
}

const NAMES: &[&str] = &["hour", "minute", "second", "microsecond", "tzinfo", "fold"];

static NEW: ArgSpec = spec("", NAMES, 0, 1);
static REPLACE: ArgSpec = spec("replace", NAMES, 0, 1);
static ISOFORMAT: ArgSpec = spec("isoformat", &["timespec"], 0, 0);
static STRFTIME: ArgSpec = spec("strftime", &["format"], 1, 0);

#[pytype(name = "time", module = "datetime", basetype, extend = [Time::CLOCKED])]
impl Time {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Time>> {
        if let Some(this) = clocked::unpickled(cls, &args, 6)? {
            return Ok(this);
        }
        let [hour, minute, second, micros, zone, fold] = args.unpack::<6>(&NEW)?;
        let clock = clocked::clock_or([hour, minute, second, micros], Clock::default())?;
        let fold = super::int_or(fold, 0)?;
        super::check_clock(clock, fold)?;
        let zone = zone.map_or(Ok(None), super::check_zone)?;
        new_of_class(clock, zone, fold, cls)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Time) {
        // SAFETY: called once, by the last decref.
        unsafe { clocked::dealloc(this) }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Time>) -> PyResult<String> {
        let Clock { hour, minute, second, micros } = this.clock();
        let class = this.type_name();
        let mut repr = match (second, micros) {
            (_, 1..) => format!("{class}({hour}, {minute}, {second}, {micros})"),
            (1.., _) => format!("{class}({hour}, {minute}, {second})"),
            _ => format!("{class}({hour}, {minute})"),
        };
        if let Some(zone) = this.zone() {
            repr = text::with_keyword(&repr, "tzinfo", &zone.repr()?.to_display());
        }
        if this.fold() != 0 {
            repr = text::with_keyword(&repr, "fold", "1");
        }
        Ok(repr)
    }

    #[slot(tp_str)]
    fn str(this: &Ref<Time>) -> PyResult<Ref<Object>> {
        this.as_object().call_method(id!("isoformat"), &[])
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<Time>) -> PyResult<isize> {
        clocked::hash(this)
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Time>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        clocked::compare(this, other, op)
    }

    #[classmethod(raw)]
    fn strptime(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        super::strptime(id!("_strptime_datetime_time"), cls, args)
    }

    #[method(raw)]
    fn isoformat(this: &Ref<Time>, args: CallArgs<'_>) -> PyResult<String> {
        let [timespec] = args.unpack::<1>(&ISOFORMAT)?;
        let mut text = text::iso_clock(this.clock(), &text::timespec(timespec, 1)?)?;
        if let Some(offset) = Time::offset(this)? {
            text += &zone::format_offset(&offset, ":");
        }
        Ok(text)
    }

    #[method(raw)]
    fn strftime(this: &Ref<Time>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [Some(format)] = args.unpack::<1>(&STRFTIME)? else {
            return Err(raise!(SystemError, "strftime() without a format"));
        };
        let format = super::str_argument(format, "strftime", 1)?;
        let Clock { hour, minute, second, .. } = this.clock();
        // The C library wants a year; 1900 is one that it knows.
        let tuple = text::int_tuple(&[1900, 1, 1, hour, minute, second, 0, 1, -1])?;
        text::strftime(this.as_object(), &format, tuple.as_object(), none().borrow())
    }

    #[method(name = "__format__", signature = "($self, format, /)", no_text_signature)]
    fn format(this: &Ref<Time>, format: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        text::format_object(this.as_object(), format)
    }

    fn replaced(this: &Ref<Time>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [hour, minute, second, micros, zone, fold] = args.unpack::<6>(&REPLACE)?;
        let clock = clocked::clock_or([hour, minute, second, micros], this.clock())?;
        let fold = super::int_or(fold, this.fold())?;
        super::check_clock(clock, fold)?;
        let zone = zone.map_or_else(|| Ok(this.zone()), super::check_zone)?;
        make(clock, zone, fold, &this.type_of())
    }

    #[method(
        raw,
        signature = "($self, /, hour=unchanged, minute=unchanged, second=unchanged, microsecond=unchanged, \
                     tzinfo=unchanged, *, fold=unchanged)"
    )]
    fn replace(this: &Ref<Time>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        Time::replaced(this, args)
    }

    #[classmethod(signature = "($type, object, /)")]
    fn fromisoformat(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let text = super::iso_text(object)?;
        let chars = super::ascii_chars(&text)?;
        let chars = chars.strip_prefix(b"T").unwrap_or(&chars);
        let Some(parsed) = parse::time(chars) else { return Err(super::invalid_iso(&text)) };
        let mut clock = parsed.clock;
        if clock.hour == 24 {
            clock = clocked::next_midnight(clock)?;
        }
        make(clock, zone::from_parsed(parsed.offset)?, 0, &cls)
    }
}

clocked_methods! { Time }
