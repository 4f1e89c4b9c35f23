//! `time`: a time of day.

use taipan_runtime::abi::PyDateTime_Time;
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::Slot;
use taipan_runtime::types::hash;

use super::calendar::Clock;
use super::delta::{self, Delta};
use super::{parse, spec, text, zone};
use crate::support;

/// `datetime.time`
#[repr(transparent)]
pub struct Time(pub PyDateTime_Time);

pub fn clock_bytes(clock: Clock) -> [u8; 6] {
    let micros = clock.micros;
    [clock.hour as u8, clock.minute as u8, clock.second as u8, (micros >> 16) as u8, (micros >> 8) as u8, micros as u8]
}

pub fn clock_of_bytes(bytes: &[u8]) -> Clock {
    let part = |index: usize| i32::from(bytes.get(index).copied().unwrap_or(0));
    Clock { hour: part(0), minute: part(1), second: part(2), micros: part(3) << 16 | part(4) << 8 | part(5) }
}

impl Time {
    pub fn bytes(&self) -> [u8; 6] {
        self.0.data.each_ref().map(|byte| byte.get())
    }

    pub fn clock(&self) -> Clock {
        clock_of_bytes(&self.bytes())
    }

    pub fn fold(&self) -> i32 {
        self.0.fold.get().into()
    }

    pub fn zone(&self) -> Option<Ref<Object>> {
        if self.0.hastzinfo.get() == 0 { None } else { Slot::of(&self.0.tzinfo).get() }
    }

    fn offset(&self) -> PyResult<Option<Ref<Delta>>> {
        zone::utcoffset(self.zone().as_ref(), none().borrow())
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
    from_bytes(&clock_bytes(clock), zone, fold as u8, cls)
}

fn from_bytes(bytes: &[u8], zone: Option<Ref<Object>>, fold: u8, cls: Borrowed<'_, Type>) -> PyResult<Ref<Time>> {
    let this: Ref<Time> = support::instance(cls)?;
    this.0.hashcode.set(-1);
    this.0.data.iter().zip(bytes).for_each(|(field, &byte)| field.set(byte));
    this.0.fold.set(fold);
    this.0.hastzinfo.set(zone.is_some().into());
    Slot::of(&this.0.tzinfo).set(zone);
    Ok(this)
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

/// Whether the offset depends on the fold: then a time is in doubt, and equals none of another zone.
fn is_in_doubt(this: &Ref<Time>, offset: &Option<Ref<Delta>>) -> PyResult<bool> {
    let flipped = from_bytes(&this.bytes(), this.zone(), 1 - this.0.fold.get(), Time::type_object())?;
    Ok(!same_offset(&flipped.offset()?, offset))
}

pub fn same_offset(a: &Option<Ref<Delta>>, b: &Option<Ref<Delta>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.total() == b.total(),
        (None, None) => true,
        _ => false,
    }
}

/// Microseconds since midnight in UTC.
fn utc_micros(time: &Ref<Time>, offset: &Delta) -> i128 {
    let clock = time.clock();
    i128::from(clock.seconds()) * 1_000_000 + i128::from(clock.micros) - offset.total()
}

#[pytype(name = "time", module = "datetime", basetype)]
impl Time {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Time>> {
        if let [state, ..] = args.positional()
            && args.nargs() <= 2
            && let Some(mut bytes) = super::pickled_state(*state, 6, "time")?.filter(|bytes| bytes[0] & 0x7f < 24)
        {
            let zone = match args.get(1) {
                None => None,
                Some(zone) => match super::check_zone(zone) {
                    Ok(zone) => zone,
                    Err(raised) => {
                        raised.clear();
                        return Err(raise!(TypeError, "bad tzinfo state arg"));
                    }
                },
            };
            let fold = bytes[0] >> 7;
            bytes[0] &= 0x7f;
            return from_bytes(&bytes, zone, fold, cls);
        }
        let [hour, minute, second, micros, zone, fold] = args.unpack::<6>(&NEW)?;
        let clock = Clock {
            hour: super::int_or(hour, 0)?,
            minute: super::int_or(minute, 0)?,
            second: super::int_or(second, 0)?,
            micros: super::int_or(micros, 0)?,
        };
        let fold = super::int_or(fold, 0)?;
        super::check_clock(clock, fold)?;
        let zone = zone.map_or(Ok(None), super::check_zone)?;
        new_of_class(clock, zone, fold, cls)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Time) {
        // SAFETY: called once, by the last decref; the zone is owned where there is one.
        unsafe {
            if (*this).0.hastzinfo.get() != 0 {
                drop(Slot::of(&(*this).0.tzinfo).take());
            }
            memory::dealloc_finish(this);
        }
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
        if this.0.hashcode.get() != -1 {
            return Ok(this.0.hashcode.get());
        }
        // The fold does not count.
        let early = match this.fold() {
            0 => this.clone(),
            _ => from_bytes(&this.bytes(), this.zone(), 0, Time::type_object())?,
        };
        let hash = match early.offset()? {
            None => hash::bytes(&this.bytes()),
            Some(offset) => delta::from_micros(utc_micros(this, &offset))?.as_object().hash()?,
        };
        this.0.hashcode.set(hash);
        Ok(hash)
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Time>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast::<Time>() else { return Ok(not_implemented()) };
        if super::same_zone(&this.zone(), &other.zone()) {
            return Ok(op.result(this.bytes().cmp(&other.bytes())));
        }
        let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        let (a, b) = (this.offset()?, other.offset()?);
        if same_offset(&a, &b) {
            let order = this.bytes().cmp(&other.bytes());
            if equality && order.is_eq() && (is_in_doubt(this, &a)? || is_in_doubt(&other, &b)?) {
                return Ok(Bool::from(op == CompareOp::Ne).into_object());
            }
            return Ok(op.result(order));
        }
        match (&a, &b) {
            (Some(offset), Some(other_offset)) => {
                let order = utc_micros(this, offset).cmp(&utc_micros(&other, other_offset));
                if equality && order.is_eq() && (is_in_doubt(this, &a)? || is_in_doubt(&other, &b)?) {
                    return Ok(Bool::from(op == CompareOp::Ne).into_object());
                }
                Ok(op.result(order))
            }
            _ if equality => Ok(Bool::from(op == CompareOp::Ne).into_object()),
            _ => Err(raise!(TypeError, "can't compare offset-naive and offset-aware times")),
        }
    }

    #[classmethod(raw)]
    fn strptime(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        super::strptime(id!("_strptime_datetime_time"), cls, args)
    }

    #[method(raw)]
    fn isoformat(this: &Ref<Time>, args: CallArgs<'_>) -> PyResult<String> {
        let [timespec] = args.unpack::<1>(&ISOFORMAT)?;
        let mut text = text::iso_clock(this.clock(), &text::timespec(timespec, 1)?)?;
        if let Some(offset) = this.offset()? {
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

    #[method(signature = "($self, /)")]
    fn utcoffset(this: &Ref<Time>) -> PyResult<Option<Ref<Delta>>> {
        this.offset()
    }

    #[method(signature = "($self, /)")]
    fn tzname(this: &Ref<Time>) -> PyResult<Ref<Object>> {
        zone::tzname(this.zone().as_ref(), none().borrow())
    }

    #[method(signature = "($self, /)")]
    fn dst(this: &Ref<Time>) -> PyResult<Option<Ref<Delta>>> {
        zone::dst(this.zone().as_ref(), none().borrow())
    }

    fn replaced(this: &Ref<Time>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let [hour, minute, second, micros, zone, fold] = args.unpack::<6>(&REPLACE)?;
        let old = this.clock();
        let clock = Clock {
            hour: super::int_or(hour, old.hour)?,
            minute: super::int_or(minute, old.minute)?,
            second: super::int_or(second, old.second)?,
            micros: super::int_or(micros, old.micros)?,
        };
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

    #[method(name = "__replace__", raw, signature = "($self, /, **changes)")]
    fn dunder_replace(this: &Ref<Time>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
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
            if clock.minute != 0 || clock.second != 0 || clock.micros != 0 {
                return Err(not_midnight());
            }
            clock.hour = 0;
        }
        make(clock, zone::from_parsed(parsed.offset)?, 0, &cls)
    }

    fn reduced(this: &Ref<Time>, protocol: i32) -> PyResult<Ref<Tuple>> {
        let mut bytes = this.bytes();
        if protocol > 3 && this.fold() != 0 {
            bytes[0] |= 0x80;
        }
        let state = Bytes::from_slice(&bytes)?.into_object();
        let state = match this.zone() {
            None => Tuple::pack([state])?,
            Some(zone) => Tuple::pack([state, zone])?,
        };
        Tuple::pack([this.type_of().upcast().to_owned(), state.into_object()])
    }

    #[method(name = "__reduce_ex__", signature = "($self, proto, /)", no_text_signature)]
    fn reduce_ex(this: &Ref<Time>, proto: i32) -> PyResult<Ref<Tuple>> {
        Time::reduced(this, proto)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Time>) -> PyResult<Ref<Tuple>> {
        Time::reduced(this, 2)
    }

    #[getter]
    fn hour(this: &Ref<Time>) -> i32 {
        this.clock().hour
    }

    #[getter]
    fn minute(this: &Ref<Time>) -> i32 {
        this.clock().minute
    }

    #[getter]
    fn second(this: &Ref<Time>) -> i32 {
        this.clock().second
    }

    #[getter]
    fn microsecond(this: &Ref<Time>) -> i32 {
        this.clock().micros
    }

    #[getter]
    fn tzinfo(this: &Ref<Time>) -> Option<Ref<Object>> {
        this.zone()
    }

    #[getter(name = "fold")]
    fn get_fold(this: &Ref<Time>) -> i32 {
        this.fold()
    }
}

#[cold]
pub fn not_midnight() -> Raised {
    raise!(ValueError, "minute, second, and microsecond must be 0 when hour is 24")
}
