//! Time in nanoseconds.
//!
//! CPython: `Include/cpython/pytime.h`, `pycore_time.h`.

use core::ffi::{c_char, c_int};

pub type PyTime_t = i64;

pub type _PyTime_round_t = c_int;
pub const _PyTime_ROUND_FLOOR: _PyTime_round_t = 0;
pub const _PyTime_ROUND_CEILING: _PyTime_round_t = 1;
pub const _PyTime_ROUND_HALF_EVEN: _PyTime_round_t = 2;
pub const _PyTime_ROUND_UP: _PyTime_round_t = 3;
pub const _PyTime_ROUND_TIMEOUT: _PyTime_round_t = 3;

/// What `time.get_clock_info` shows.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _Py_clock_info_t {
    pub implementation: *const c_char,
    pub monotonic: c_int,
    pub adjustable: c_int,
    pub resolution: f64,
}
const _: () = assert!(size_of::<_Py_clock_info_t>() == 24);

/// A ratio between a clock and nanoseconds.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyTimeFraction {
    pub numer: PyTime_t,
    pub denom: PyTime_t,
}
const _: () = assert!(size_of::<_PyTimeFraction>() == 16);

pub const PyTime_MIN: PyTime_t = -9223372036854775808;
pub const PyTime_MAX: PyTime_t = 0x7fffffffffffffff;

shared! { _Py_clock_info_t, _PyTimeFraction }
