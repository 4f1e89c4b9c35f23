//! `tzinfo` and `timezone`, and how a zone is asked about a time.

use taipan_runtime::abi::{PyDateTime_TZInfo, PyObject};
use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;

use super::clocked::Clocked;
use super::date_time::{self, DateTime};
use super::delta::{self, Delta};
use super::spec;
use crate::support::{self, Slot};

/// `datetime.tzinfo`
#[repr(transparent)]
pub struct TzInfo(pub PyDateTime_TZInfo);

/// `datetime.timezone`
#[repr(C)]
pub struct TimeZone {
    head: PyObject,
    /// A delta.
    offset: Slot,
    /// A string or nothing.
    name: Slot,
}

/// `timezone.utc`
static UTC: Slot = Slot::new();

pub fn utc() -> PyResult<Ref<TimeZone>> {
    if let Some(utc) = UTC.get() {
        // SAFETY: a zone is put there alone.
        return Ok(unsafe { utc.into_unchecked() });
    }
    let utc = create(delta::new(0, 0, 0)?, None)?;
    UTC.set(Some(utc.as_object().clone()));
    Ok(utc)
}

pub fn create(offset: Ref<Delta>, name: Option<Ref<Str>>) -> PyResult<Ref<TimeZone>> {
    let this: Ref<TimeZone> = support::instance(TimeZone::type_object())?;
    this.offset.set(Some(offset.into_object()));
    this.name.set(name.map(Ref::into_object));
    Ok(this)
}

/// The zone of an offset that is checked; UTC itself for none.
pub fn new(offset: Ref<Delta>, name: Option<Ref<Str>>) -> PyResult<Ref<TimeZone>> {
    if name.is_none() && offset.is_zero() {
        return utc();
    }
    check_offset(&offset)?;
    create(offset, name)
}

fn check_offset(offset: &Ref<Delta>) -> PyResult<()> {
    if offset.is_offset() {
        return Ok(());
    }
    Err(raise!(
        ValueError,
        "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not {}",
        offset.as_object().to_repr_text()
    ))
}

/// The zone that a text names by its offset, or none.
pub fn from_parsed(offset: Option<(i32, i32)>) -> PyResult<Option<Ref<Object>>> {
    let Some((seconds, micros)) = offset else { return Ok(None) };
    Ok(Some(new(delta::new(0, seconds, micros)?, None)?.into_object()))
}

/// `zone.utcoffset(argument)` or `zone.dst(argument)`, checked.
fn ask_offset(
    zone: Option<&Ref<Object>>,
    method: Borrowed<'_, Str>,
    argument: Borrowed<'_, Object>,
) -> PyResult<Option<Ref<Delta>>> {
    let Some(zone) = zone else { return Ok(None) };
    // The usual zone needs no call.
    if zone.is_exact::<TimeZone>() && (argument.is_none() || argument.is_instance_of::<DateTime>()) {
        if method.eq_str("dst") {
            return Ok(None);
        }
        // SAFETY: the type was just checked; a delta is in the slot.
        return Ok(unsafe { zone.cast_unchecked::<TimeZone>().offset.get_as() });
    }
    let offset = zone.call_method(method, &[argument])?;
    if offset.is_none() {
        return Ok(None);
    }
    match offset.into_downcast::<Delta>() {
        Ok(offset) => {
            check_offset(&offset)?;
            Ok(Some(offset))
        }
        Err(other) => Err(raise!(
            TypeError,
            "tzinfo.{}() must return None or timedelta, not '{}'",
            method.to_display(),
            other.type_name()
        )),
    }
}

pub fn utcoffset(zone: Option<&Ref<Object>>, argument: Borrowed<'_, Object>) -> PyResult<Option<Ref<Delta>>> {
    ask_offset(zone, id!("utcoffset"), argument)
}

pub fn dst(zone: Option<&Ref<Object>>, argument: Borrowed<'_, Object>) -> PyResult<Option<Ref<Delta>>> {
    ask_offset(zone, id!("dst"), argument)
}

/// `zone.tzname(argument)`, a string or None.
pub fn tzname(zone: Option<&Ref<Object>>, argument: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let Some(zone) = zone else { return Ok(none()) };
    let name = zone.call_method(id!("tzname"), &[argument])?;
    if name.is_none() || name.is_instance_of::<Str>() {
        return Ok(name);
    }
    Err(raise!(TypeError, "tzinfo.tzname() must return None or a string, not '{}'", name.type_name()))
}

/// `+HH:MM[:SS[.ffffff]]`
pub fn format_offset(offset: &Delta, separator: &str) -> String {
    let total = offset.total();
    let sign = if total < 0 { '-' } else { '+' };
    let total = total.unsigned_abs() as u64;
    let (seconds, micros) = (total / 1_000_000, total % 1_000_000);
    let mut text = format!("{sign}{:02}{separator}{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 || micros != 0 {
        text += &format!("{separator}{:02}", seconds % 60);
    }
    if micros != 0 {
        text += &format!(".{micros:06}");
    }
    text
}

/// The datetime that `fromutc` of this zone was given.
fn fromutc_argument<'a>(this: &Ref<Object>, dt: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, DateTime>> {
    let Some(dt) = dt.downcast_borrowed::<DateTime>() else {
        return Err(raise!(TypeError, "fromutc: argument must be a datetime"));
    };
    if !dt.zone().is_some_and(|zone| zone.is(this)) {
        return Err(raise!(ValueError, "fromutc: dt.tzinfo is not self"));
    }
    Ok(dt)
}

#[cold]
fn unimplemented(method: &str) -> PyResult<()> {
    Err(raise!(NotImplementedError, "a tzinfo subclass must implement {method}()"))
}

#[pytype(name = "tzinfo", module = "datetime", basetype)]
impl TzInfo {
    #[new(signature = "(*args, **kwargs)", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, args: Args<'_>, kwargs: KwArgs<'_>) -> PyResult<Ref<Object>> {
        let _ = (args, kwargs);
        cls.alloc(0)
    }

    #[method(signature = "($self, object, /)")]
    fn tzname(this: &Ref<TzInfo>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, object);
        unimplemented("tzname")
    }

    #[method(signature = "($self, object, /)")]
    fn utcoffset(this: &Ref<TzInfo>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, object);
        unimplemented("utcoffset")
    }

    #[method(signature = "($self, object, /)")]
    fn dst(this: &Ref<TzInfo>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, object);
        unimplemented("dst")
    }

    #[method(signature = "($self, object, /)")]
    fn fromutc(this: &Ref<TzInfo>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let dt = fromutc_argument(this.as_object(), object)?;
        let Some(offset) = DateTime::offset(&dt)? else {
            return Err(raise!(ValueError, "fromutc: non-None utcoffset() result required"));
        };
        let Some(daylight) = dst(dt.zone().as_ref(), dt.as_borrowed())? else {
            return Err(raise!(ValueError, "fromutc: non-None dst() result required"));
        };
        let standard = delta::from_micros(offset.total() - daylight.total())?;
        let result = date_time::plus(&dt, &standard, 1)?;
        // The class of the result may be anybody's.
        let zone = result.downcast::<DateTime>().and_then(|result| result.zone());
        let Some(daylight) = dst(zone.as_ref(), result.borrow())? else {
            return Err(raise!(ValueError, "fromutc: tz.dst() gave inconsistent results; cannot convert"));
        };
        match result.downcast::<DateTime>() {
            Some(result) if !daylight.is_zero() => date_time::plus(&result, &daylight, 1),
            _ => Ok(result.clone()),
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<TzInfo>) -> PyResult<Ref<Tuple>> {
        let this = this.as_object();
        let args = match this.lookup_attr(id!("__getinitargs__"))? {
            Some(method) => method.call0()?,
            None => Tuple::empty().into_object(),
        };
        let state = this.call_method(id!("__getstate__"), &[])?;
        Tuple::pack([this.type_of().upcast().to_owned(), args, state])
    }
}

static NEW: ArgSpec = spec("timezone", &["offset", "name"], 1, 0);

impl TimeZone {
    fn offset(&self) -> PyResult<Ref<Delta>> {
        // SAFETY: a delta is put there alone.
        match unsafe { self.offset.get_as::<Delta>() } {
            Some(offset) => Ok(offset),
            None => Err(raise!(SystemError, "timezone without an offset")),
        }
    }

    /// The argument of the methods is a datetime or None.
    fn check_argument(dt: Borrowed<'_, Object>, method: &str) -> PyResult<()> {
        if dt.is_none() || dt.is_instance_of::<DateTime>() {
            return Ok(());
        }
        Err(raise!(TypeError, "{method}(dt) argument must be a datetime instance or None, not {}", dt.type_name()))
    }

    fn is_utc(this: &Ref<TimeZone>) -> bool {
        UTC.as_ptr() == this.as_ptr()
    }

    fn text(this: &Ref<TimeZone>) -> PyResult<Ref<Str>> {
        // SAFETY: a string is put there alone.
        if let Some(name) = unsafe { this.name.get_as::<Str>() } {
            return Ok(name);
        }
        let offset = this.offset()?;
        if offset.is_zero() {
            return Ok(id!("UTC").to_owned());
        }
        Str::from_utf8_str(&format!("UTC{}", format_offset(&offset, ":")))
    }
}

#[pytype(name = "timezone", module = "datetime", base = TzInfo)]
impl TimeZone {
    #[new(raw)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<TimeZone>> {
        let _ = cls;
        let [offset, name] = args.unpack::<2>(&NEW)?;
        let offset = match offset.map(|offset| offset.downcast_borrowed::<Delta>().ok_or(offset)) {
            Some(Ok(offset)) => offset,
            Some(Err(other)) => {
                let found = if other.is_none() { "None".to_owned() } else { other.type_name() };
                return Err(raise!(TypeError, "timezone() argument 1 must be datetime.timedelta, not {found}"));
            }
            None => return Err(raise!(SystemError, "timezone() without an offset")),
        };
        let name = match name {
            Some(name) => Some(super::str_argument(name, "timezone", 2)?.to_owned()),
            None => None,
        };
        new(offset.to_owned(), name)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TimeZone) {
        // SAFETY: called once, by the last decref.
        unsafe {
            drop((*this).offset.take());
            drop((*this).name.take());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<TimeZone>) -> PyResult<Ref<Str>> {
        if TimeZone::is_utc(this) {
            return Str::from_utf8_str("datetime.timezone.utc");
        }
        let offset = this.offset()?.as_object().repr()?;
        let class = this.type_name();
        match this.name.get() {
            None => Str::from_fmt(format_args!("{class}({})", offset.to_display())),
            Some(name) => {
                let name = name.repr()?;
                let mut text = taipan_runtime::types::str::StrBuilder::new();
                text.push_str(&format!("{class}({}, ", offset.to_display()))?;
                text.push_object(&name)?;
                text.push_str(")")?;
                text.finish()
            }
        }
    }

    #[slot(tp_str)]
    fn str(this: &Ref<TimeZone>) -> PyResult<Ref<Str>> {
        TimeZone::text(this)
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<TimeZone>) -> PyResult<isize> {
        this.offset()?.as_object().hash()
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<TimeZone>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        match other.downcast::<TimeZone>() {
            Some(other) => Ok(op.result(this.offset()?.compare(&*other.offset()?))),
            None => Ok(not_implemented()),
        }
    }

    #[method(signature = "($self, object, /)")]
    fn tzname(this: &Ref<TimeZone>, object: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        TimeZone::check_argument(object, "tzname")?;
        TimeZone::text(this)
    }

    #[method(signature = "($self, object, /)")]
    fn utcoffset(this: &Ref<TimeZone>, object: Borrowed<'_, Object>) -> PyResult<Ref<Delta>> {
        TimeZone::check_argument(object, "utcoffset")?;
        this.offset()
    }

    #[method(signature = "($self, object, /)")]
    fn dst(this: &Ref<TimeZone>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = this;
        TimeZone::check_argument(object, "dst")
    }

    #[method(signature = "($self, object, /)")]
    fn fromutc(this: &Ref<TimeZone>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let dt = fromutc_argument(this.as_object(), object)?;
        date_time::plus(&dt, &*this.offset()?, 1)
    }

    #[method(name = "__getinitargs__", signature = "($self, /)")]
    fn getinitargs(this: &Ref<TimeZone>) -> PyResult<Ref<Tuple>> {
        let offset = this.offset()?.into_object();
        match this.name.get() {
            None => Tuple::pack([offset]),
            Some(name) => Tuple::pack([offset, name]),
        }
    }
}
