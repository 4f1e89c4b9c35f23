//! The functions behind `datetime.datetime_CAPI`, which `PyDateTime_IMPORT` of `datetime.h` finds.

use core::ptr;

use taipan_runtime::abi::{PyDateTime_CAPI, PyObject, PyTypeObject};
use taipan_runtime::object::args::TupleCall;
use taipan_runtime::prelude::*;
use taipan_runtime::types::capsule::Capsule;

use super::calendar::{Clock, Ymd};
use super::date::{self, Date};
use super::date_time::{self, DateTime};
use super::delta::{self, Delta};
use super::time::{self, Time};
use super::zone::{self, TzInfo};

fn give<T>(result: PyResult<Ref<T>>) -> *mut PyObject {
    match result {
        Ok(object) => object.into_ptr(),
        Err(raised) => raised.into_null(),
    }
}

/// # Safety
/// `zone` is null or live.
unsafe fn zone_argument(zone: *mut PyObject) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: by contract.
    match unsafe { Borrowed::from_ptr_or_null(zone) } {
        None => Ok(None),
        Some(zone) => super::check_zone(zone),
    }
}

unsafe extern "C" fn date_from_date(year: c_int, month: c_int, day: c_int, cls: *mut PyTypeObject) -> *mut PyObject {
    // SAFETY: C passes a subtype of `date`.
    give(date::new_of_class(Ymd::new(year, month, day), unsafe { Borrowed::from_ptr(cls) }))
}

/// The constructors that `datetime.h` has twice: as `$plain`, and with a fold after the zone as `$folded`.
macro_rules! with_and_without_fold {
    ($plain:ident, $folded:ident($($part:ident),*) = |$zone:ident, $fold:ident, $cls:ident| $new:expr) => {
        unsafe extern "C" fn $plain($($part: c_int,)* zone: *mut PyObject, cls: *mut PyTypeObject) -> *mut PyObject {
            // SAFETY: as C passes them.
            unsafe { $folded($($part,)* zone, 0, cls) }
        }

        unsafe extern "C" fn $folded(
            $($part: c_int,)*
            $zone: *mut PyObject,
            $fold: c_int,
            $cls: *mut PyTypeObject,
        ) -> *mut PyObject {
            // SAFETY: C passes a live object or null, and a subtype of the type.
            let ($zone, $cls) = unsafe { (zone_argument($zone), Borrowed::from_ptr($cls)) };
            give($zone.and_then(|$zone| $new))
        }
    };
}

with_and_without_fold! {
    datetime_from_parts, datetime_from_parts_and_fold(year, month, day, hour, minute, second, micros) =
        |zone, fold, cls| {
            date_time::new_of_class(Ymd::new(year, month, day), Clock { hour, minute, second, micros }, zone, fold, cls)
        }
}

with_and_without_fold! {
    time_from_parts, time_from_parts_and_fold(hour, minute, second, micros) =
        |zone, fold, cls| time::new_of_class(Clock { hour, minute, second, micros }, zone, fold, cls)
}

unsafe extern "C" fn delta_from_parts(
    days: c_int,
    seconds: c_int,
    micros: c_int,
    _normalize: c_int,
    cls: *mut PyTypeObject,
) -> *mut PyObject {
    // SAFETY: C passes a subtype of `timedelta`.
    give(delta::new_of_class(unsafe { Borrowed::from_ptr(cls) }, days.into(), seconds.into(), micros.into()))
}

unsafe extern "C" fn zone_from_parts(offset: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object, and one or null.
    let (offset, name) =
        unsafe { (Borrowed::<Object>::from_ptr_or_null(offset), Borrowed::<Object>::from_ptr_or_null(name)) };
    let Some(offset) = offset.and_then(|offset| offset.downcast_borrowed::<Delta>()) else {
        return raise!(TypeError, "the offset of a timezone must be a timedelta").into_null();
    };
    let name = match name.map(|name| name.downcast_borrowed::<Str>()) {
        None => None,
        Some(Some(name)) => Some(name.to_owned()),
        Some(None) => return raise!(TypeError, "the name of a timezone must be a str").into_null(),
    };
    give(zone::new(offset.to_owned(), name))
}

unsafe extern "C" fn datetime_from_timestamp(
    cls: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: C passes a class, a tuple, and a dict or null, as to a method with METH_VARARGS | METH_KEYWORDS.
    unsafe {
        let call = || -> PyResult<Ref<Object>> {
            let method = Borrowed::<Object>::from_ptr(cls).getattr(id!("fromtimestamp"))?;
            let call = TupleCall::new(args, kwargs)?;
            method.call_args(&call.args())
        };
        give(call())
    }
}

unsafe extern "C" fn date_from_timestamp(cls: *mut PyObject, args: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a class and a tuple.
    unsafe { datetime_from_timestamp(cls, args, ptr::null_mut()) }
}

/// A capsule with a table of its own, which lives as long as the process: extensions keep pointers to it.
pub fn capsule(utc: Ref<Object>) -> PyResult<Ref<Capsule>> {
    let table = Box::new(PyDateTime_CAPI {
        DateType: Date::TYPE,
        DateTimeType: DateTime::TYPE,
        TimeType: Time::TYPE,
        DeltaType: Delta::TYPE,
        TZInfoType: TzInfo::TYPE,
        TimeZone_UTC: utc.into_ptr(),
        Date_FromDate: Some(date_from_date),
        DateTime_FromDateAndTime: Some(datetime_from_parts),
        Time_FromTime: Some(time_from_parts),
        Delta_FromDelta: Some(delta_from_parts),
        TimeZone_FromTimeZone: Some(zone_from_parts),
        DateTime_FromTimestamp: Some(datetime_from_timestamp),
        Date_FromTimestamp: Some(date_from_timestamp),
        DateTime_FromDateAndTimeAndFold: Some(datetime_from_parts_and_fold),
        Time_FromTimeAndFold: Some(time_from_parts_and_fold),
    });
    // SAFETY: the table is never freed, and the name is static.
    unsafe { Capsule::new(Box::into_raw(table).cast(), c"datetime.datetime_CAPI".as_ptr(), None) }
}
