//! `_zoneinfo`: time zones of the IANA database. CPython: `Modules/_zoneinfo.c`.
//!
//! Files are found and taken apart by the Python modules beside `zoneinfo`; `table` answers what applies when, `rule` reads the
//! rule for the time after the last transition, `cache` keeps zones.
//!
//! **Invariant:** the table of a zone is set before anyone else has the zone, and stays.

mod cache;
mod rule;
mod table;

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::{PyDateTime_TZInfo, PyObject};
use taipan_runtime::import::import_module;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::types::{exceptions, weakref};

use crate::datetime::calendar::Ymd;
use crate::datetime::clocked::Clocked;
use crate::datetime::date_time::DateTime;
use crate::datetime::zone::TzInfo;
use crate::io::and_close;
use crate::support::{self, Place, Slot};
use table::{Kind, Table};

/// `zoneinfo._tzpath.find_tzfile`, `io.open` and the module `zoneinfo._common`.
static FIND: Slot = Slot::new();
static OPEN: Slot = Slot::new();
static COMMON: Slot = Slot::new();

fn imported(slot: &Slot) -> PyResult<Ref<Object>> {
    match slot.get() {
        Some(object) => Ok(object),
        None => Err(raise!(SystemError, "_zoneinfo is not initialised")),
    }
}

/// Where a zone came from, which pickles say.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Source {
    Uncached,
    Cached,
    File,
}

/// `zoneinfo.ZoneInfo`
#[repr(C)]
pub struct ZoneInfo {
    base: PyDateTime_TZInfo,
    key: Slot,
    /// `repr` of the file, for zones without a key.
    file_repr: Slot,
    weakrefs: Cell<*mut PyObject>,
    table: Place<Table>,
    source: Cell<Source>,
}

fn load(cls: Borrowed<'_, Type>, file: Borrowed<'_, Object>) -> PyResult<Ref<ZoneInfo>> {
    let this: Ref<ZoneInfo> = support::instance(cls)?;
    let data = imported(&COMMON)?.call_method(id!("load_data"), &[file])?;
    this.table.set(Table::new(&data)?);
    Ok(this)
}

/// A zone of its own.
fn read(cls: Borrowed<'_, Type>, key: Borrowed<'_, Object>) -> PyResult<Ref<ZoneInfo>> {
    let path = imported(&FIND)?.call1(key)?;
    let file = if path.is_none() {
        imported(&COMMON)?.call_method(id!("load_tzdata"), &[key])?
    } else {
        imported(&OPEN)?.call(&[path.borrow(), id!("rb").upcast()])?
    };
    let mut zone = None;
    let loaded = load(cls, file.borrow()).map(|loaded| zone = Some(loaded));
    and_close(loaded, || file.call_method(id!("close"), &[]))?;
    let Some(zone) = zone else { return Err(Raised::assume_set()) };
    zone.key.set(Some(key.to_owned()));
    zone.source.set(Source::Uncached);
    Ok(zone)
}

/// The zone of a key: the same one as long as it is in use.
fn cached(cls: Borrowed<'_, Type>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if let Some(zone) = cache::recent(cls, key)? {
        return Ok(zone);
    }
    let weak = cache::weak(cls)?;
    let mut zone = weak.call_method(id!("get"), &[key, none().borrow()])?;
    let is_new = zone.is_none();
    if is_new {
        let new = read(cls, key)?;
        zone = weak.call_method(id!("setdefault"), &[key, new.as_borrowed()])?;
    }
    let Some(known) = zone.downcast::<ZoneInfo>() else {
        return Err(raise!(
            RuntimeError,
            "Unexpected instance of {} in {} weak cache for key {}",
            support::type_text(&zone),
            cls.name(),
            key.to_repr_text()
        ));
    };
    if is_new {
        known.source.set(Source::Cached);
    }
    cache::keep(cls, key, &zone)?;
    Ok(zone)
}

/// An integer that an object like a datetime has as an attribute.
fn part(object: Borrowed<'_, Object>, name: Borrowed<'_, Str>) -> PyResult<i64> {
    number(object.getattr(name)?)
}

fn number(value: Ref<Object>) -> PyResult<i64> {
    match value.index()?.to_i32() {
        Some(number) => Ok(i64::from(number)),
        None => Err(raise!(OverflowError, "Python int too large to convert to C int")),
    }
}

/// The seconds from 1970 to a local time. Subclasses are asked for the parts.
fn timestamp(moment: Borrowed<'_, Object>) -> PyResult<i64> {
    let (ordinal, seconds) = match moment.downcast_exact::<DateTime>() {
        Some(moment) => (i64::from(moment.ymd().ordinal()), i64::from(moment.clock().seconds())),
        None => {
            let ordinal = number(moment.call_method(id!("toordinal"), &[])?)?;
            let (hour, minute) = (part(moment, id!("hour"))?, part(moment, id!("minute"))?);
            (ordinal, hour * 3600 + minute * 60 + part(moment, id!("second"))?)
        }
    };
    Ok((ordinal - i64::from(Ymd::new(1970, 1, 1).ordinal())) * 86_400 + seconds)
}

impl ZoneInfo {
    fn table(&self) -> PyResult<&Table> {
        // SAFETY: by the invariant.
        match unsafe { self.table.get() } {
            Some(table) => Ok(table),
            None => Err(raise!(SystemError, "the zone was not loaded")),
        }
    }

    /// What applies at a local time, a part of it; `None` for no time, where that depends on it.
    fn ask(&self, moment: Borrowed<'_, Object>, part_of: fn(&Kind) -> &Ref<Object>) -> PyResult<Ref<Object>> {
        let table = self.table()?;
        if moment.is_none() {
            return Ok(table.at_any().map_or_else(none, |kind| part_of(kind).clone()));
        }
        let time = timestamp(moment)?;
        let (fold, year) = match moment.downcast::<DateTime>() {
            Some(moment) => (moment.fold() as u8, moment.ymd().year),
            None => (part(moment, id!("fold"))? as u8, part(moment, id!("year"))?.clamp(1, 9999) as i32),
        };
        Ok(part_of(table.at_local(time, fold, year)).clone())
    }
}

#[pytype(
    name = "ZoneInfo",
    module = "zoneinfo",
    base = TzInfo,
    gc,
    basetype,
    weaklistoffset = offset_of!(ZoneInfo, weakrefs),
    heap,
    basicsize = 208,
    getattribute
)]
impl ZoneInfo {
    #[new(signature = "(key)", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        cached(cls, key)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ZoneInfo) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            weakref::clear_refs(this.cast());
            drop((*this).table.take());
            drop((*this).key.take());
            drop((*this).file_repr.take());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ZoneInfo, visit: &mut Visitor) {
        support::traverse([&this.key, &this.file_repr], visit);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<ZoneInfo>) {
        support::clear([&this.key, &this.file_repr]);
    }

    #[member(name = "key", kind = T_OBJECT_EX, offset = offset_of!(ZoneInfo, key), readonly)]
    const _KEY: () = ();

    #[slot(tp_repr)]
    fn repr(this: &Ref<ZoneInfo>) -> PyResult<Ref<Str>> {
        let (class, key) = (this.type_name(), this.key.get().unwrap_or_else(none));
        if !key.is_none() {
            return Str::from_fmt(format_args!("{class}(key={})", key.repr()?.to_display()));
        }
        let file = this.file_repr.get().unwrap_or_else(none);
        Str::from_fmt(format_args!("{class}.from_file({})", file.str()?.to_display()))
    }

    #[slot(tp_str)]
    fn str(this: &Ref<ZoneInfo>) -> PyResult<Ref<Object>> {
        match this.key.get().filter(|key| !key.is_none()) {
            Some(key) => Ok(key),
            None => Ok(ZoneInfo::repr(this)?.into_object()),
        }
    }

    #[classmethod(signature = "($type, /, *, only_keys=None)", defining_class)]
    fn clear_cache(cls: Borrowed<'_, Type>, only_keys: Nullable<Borrowed<'_, Object>>) -> PyResult<()> {
        cache::clear(cls, only_keys.into_option())
    }

    #[classmethod(signature = "($type, /, key)", defining_class)]
    fn no_cache(cls: Borrowed<'_, Type>, key: Borrowed<'_, Object>) -> PyResult<Ref<ZoneInfo>> {
        read(cls, key)
    }

    #[classmethod(signature = "($type, file_obj, /, key=None)", defining_class)]
    fn from_file(
        cls: Borrowed<'_, Type>,
        file_obj: Borrowed<'_, Object>,
        key: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<ZoneInfo>> {
        let file_repr = file_obj.repr()?;
        let this = load(cls, file_obj)?;
        this.source.set(Source::File);
        this.file_repr.set(Some(file_repr.into_object()));
        this.key.set(Some(key.map_or_else(none, |key| key.to_owned())));
        Ok(this)
    }

    #[method(signature = "($self, dt, /)", defining_class)]
    fn utcoffset(this: &Ref<ZoneInfo>, dt: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.ask(dt, |kind| &kind.utcoff)
    }

    #[method(signature = "($self, dt, /)", defining_class)]
    fn dst(this: &Ref<ZoneInfo>, dt: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.ask(dt, |kind| &kind.dstoff)
    }

    #[method(signature = "($self, dt, /)", defining_class)]
    fn tzname(this: &Ref<ZoneInfo>, dt: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        this.ask(dt, |kind| &kind.tzname)
    }

    #[method(signature = "($self, object, /)")]
    fn fromutc(this: &Ref<ZoneInfo>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(moment) = object.downcast::<DateTime>() else {
            return Err(raise!(TypeError, "fromutc: argument must be a datetime"));
        };
        if !moment.zone().is_some_and(|zone| zone.is(this.as_object())) {
            return Err(raise!(ValueError, "fromutc: dt.tzinfo is not self"));
        }
        let time = timestamp(object)?;
        let (kind, fold) = this.table()?.at_utc(time, moment.ymd().year);
        let offset = kind.utcoff.clone();
        let local = object.add(offset.borrow())?;
        if !fold {
            return Ok(local);
        }
        match local.downcast_exact::<DateTime>() {
            Some(local) => Ok(DateTime::with_fold(&local, 1)?.into_object()),
            None => {
                let names = Tuple::pack([id!("fold").to_owned().into_object()])?;
                local.getattr(id!("replace"))?.call_with_names(&[Int::one().as_borrowed()], names.borrow())
            }
        }
    }

    #[method(signature = "($self, /)")]
    fn __reduce__(this: &Ref<ZoneInfo>) -> PyResult<Ref<Tuple>> {
        let cached = match this.source.get() {
            Source::Uncached => Int::zero(),
            Source::Cached => Int::one(),
            Source::File => {
                let class = import_module("pickle")?.getattr(id!("PicklingError"))?;
                let text = Str::from_utf8_str("Cannot pickle a ZoneInfo file from a file stream.")?;
                return Err(exceptions::set_object(class.borrow(), Some(text.as_borrowed())));
            }
        };
        let arguments = Tuple::pack([this.key.get().unwrap_or_else(none), cached.into_object()])?;
        Tuple::pack([this.as_object().getattr(id!("_unpickle"))?, arguments.into_object()])
    }

    #[classmethod(signature = "($type, key, from_cache, /)", defining_class)]
    fn _unpickle(cls: Borrowed<'_, Type>, key: Borrowed<'_, Object>, from_cache: u8) -> PyResult<Ref<Object>> {
        if from_cache != 0 { cached(cls, key) } else { Ok(read(cls, key)?.into_object()) }
    }

    #[classmethod(raw)]
    fn __init_subclass__(cls: Borrowed<'_, Type>, _args: CallArgs<'_>) -> PyResult<()> {
        let weak = cache::new_weak()?;
        cls.upcast().setattr(id!("_weak_cache"), weak.borrow())
    }
}

pub struct ZoneInfoModule;

#[pymodule(name = "_zoneinfo")]
impl ZoneInfoModule {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        // Without the native datetime the one of Python is in use, and zones of this module would not fit it.
        import_module("datetime")?.getattr(id!("datetime_CAPI"))?;
        module.add_type::<ZoneInfo>()?;
        FIND.set(Some(import_module("zoneinfo._tzpath")?.getattr(id!("find_tzfile"))?));
        OPEN.set(Some(import_module("io")?.getattr(id!("open"))?));
        COMMON.set(Some(import_module("zoneinfo._common")?));
        cache::prepare()
    }
}
