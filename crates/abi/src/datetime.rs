//! Dates, times and the table of functions that `datetime_CAPI` gives to extensions.
//!
//! CPython: `Include/datetime.h`.
//! A naive time or datetime is allocated without its `tzinfo` field (`_PyDateTime_BaseTime`, `_PyDateTime_BaseDateTime`).

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_uchar};

use crate::object::{Py_hash_t, PyObject};
use crate::typeobject::PyTypeObject;

/// `timedelta`.
#[repr(C)]
pub struct PyDateTime_Delta {
    pub ob_base: PyObject,
    pub hashcode: Cell<Py_hash_t>,
    pub days: Cell<c_int>,
    pub seconds: Cell<c_int>,
    pub microseconds: Cell<c_int>,
}
const _: () = assert!(size_of::<PyDateTime_Delta>() == 40);

/// `tzinfo`.
#[repr(C)]
pub struct PyDateTime_TZInfo {
    pub ob_base: PyObject,
}
const _: () = assert!(size_of::<PyDateTime_TZInfo>() == 16);

/// What date and time objects start with.
#[repr(C)]
pub struct _PyDateTime_BaseTZInfo {
    pub ob_base: PyObject,
    pub hashcode: Cell<Py_hash_t>,
    pub hastzinfo: Cell<c_char>,
}
const _: () = assert!(size_of::<_PyDateTime_BaseTZInfo>() == 32);

/// A naive `time`.
#[repr(C)]
pub struct _PyDateTime_BaseTime {
    pub ob_base: PyObject,
    pub hashcode: Cell<Py_hash_t>,
    pub hastzinfo: Cell<c_char>,
    pub data: [Cell<c_uchar>; 6],
}
const _: () = assert!(size_of::<_PyDateTime_BaseTime>() == 32);

/// An aware `time`.
#[repr(C)]
pub struct PyDateTime_Time {
    pub ob_base: PyObject,
    pub hashcode: Cell<Py_hash_t>,
    pub hastzinfo: Cell<c_char>,
    pub data: [Cell<c_uchar>; 6],
    pub fold: Cell<c_uchar>,
    pub tzinfo: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyDateTime_Time>() == 40);

/// `date`.
#[repr(C)]
pub struct PyDateTime_Date {
    pub ob_base: PyObject,
    pub hashcode: Cell<Py_hash_t>,
    pub hastzinfo: Cell<c_char>,
    pub data: [Cell<c_uchar>; 4],
}
const _: () = assert!(size_of::<PyDateTime_Date>() == 32);

/// A naive `datetime`.
#[repr(C)]
pub struct _PyDateTime_BaseDateTime {
    pub ob_base: PyObject,
    pub hashcode: Cell<Py_hash_t>,
    pub hastzinfo: Cell<c_char>,
    pub data: [Cell<c_uchar>; 10],
}
const _: () = assert!(size_of::<_PyDateTime_BaseDateTime>() == 40);

/// An aware `datetime`.
#[repr(C)]
pub struct PyDateTime_DateTime {
    pub ob_base: PyObject,
    pub hashcode: Cell<Py_hash_t>,
    pub hastzinfo: Cell<c_char>,
    pub data: [Cell<c_uchar>; 10],
    pub fold: Cell<c_uchar>,
    pub tzinfo: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyDateTime_DateTime>() == 48);

/// What the capsule `datetime.datetime_CAPI` holds.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyDateTime_CAPI {
    pub DateType: *mut PyTypeObject,
    pub DateTimeType: *mut PyTypeObject,
    pub TimeType: *mut PyTypeObject,
    pub DeltaType: *mut PyTypeObject,
    pub TZInfoType: *mut PyTypeObject,
    pub TimeZone_UTC: *mut PyObject,
    pub Date_FromDate: Option<unsafe extern "C" fn(c_int, c_int, c_int, *mut PyTypeObject) -> *mut PyObject>,
    pub DateTime_FromDateAndTime: Option<
        unsafe extern "C" fn(
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            *mut PyObject,
            *mut PyTypeObject,
        ) -> *mut PyObject,
    >,
    pub Time_FromTime:
        Option<unsafe extern "C" fn(c_int, c_int, c_int, c_int, *mut PyObject, *mut PyTypeObject) -> *mut PyObject>,
    pub Delta_FromDelta: Option<unsafe extern "C" fn(c_int, c_int, c_int, c_int, *mut PyTypeObject) -> *mut PyObject>,
    pub TimeZone_FromTimeZone: Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject>,
    pub DateTime_FromTimestamp:
        Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject>,
    pub Date_FromTimestamp: Option<unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject>,
    pub DateTime_FromDateAndTimeAndFold: Option<
        unsafe extern "C" fn(
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            c_int,
            *mut PyObject,
            c_int,
            *mut PyTypeObject,
        ) -> *mut PyObject,
    >,
    pub Time_FromTimeAndFold: Option<
        unsafe extern "C" fn(c_int, c_int, c_int, c_int, *mut PyObject, c_int, *mut PyTypeObject) -> *mut PyObject,
    >,
}
const _: () = assert!(size_of::<PyDateTime_CAPI>() == 120);

pub const _PyDateTime_DATE_DATASIZE: usize = 4;
pub const _PyDateTime_TIME_DATASIZE: usize = 6;
pub const _PyDateTime_DATETIME_DATASIZE: usize = 10;

shared! {
    PyDateTime_Delta, PyDateTime_TZInfo, _PyDateTime_BaseTZInfo, _PyDateTime_BaseTime, PyDateTime_Time,
    PyDateTime_Date, _PyDateTime_BaseDateTime, PyDateTime_DateTime, PyDateTime_CAPI,
}
