//! What the modules around system calls share: descriptors, users and time-outs as arguments, calls that a signal may
//! interrupt, exception classes of a module's own, and tables of constants.
//!
//! CPython: `PyObject_AsFileDescriptor`, `_Py_Uid_Converter`, `Python/pytime.c`.

use std::time::{Duration, Instant};

use taipan_runtime::abi::PyObject;
use taipan_runtime::modules::warnings;
use taipan_runtime::object::args::{ArgSpec, FromArg};
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, allow_threads};
use taipan_runtime::types::{codec, exceptions};

/// A descriptor: an integer, or an object with `fileno()`.
#[derive(Clone, Copy)]
pub struct Fd(pub c_int);

impl FromArg<'_> for Fd {
    unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: the caller passes a live argument.
        file_descriptor(unsafe { Borrowed::from_ptr(value) }).map(Fd)
    }
}

/// `PyObject_AsFileDescriptor`.
pub fn file_descriptor(object: Borrowed<'_, Object>) -> PyResult<c_int> {
    let number = if let Some(int) = object.downcast::<Int>() {
        if object.is_instance_of::<Bool>() {
            warnings::warn(exceptions::RuntimeWarning::type_object(), "bool is used as a file descriptor", 1)?;
        }
        int.to_owned()
    } else {
        let Some(method) = object.lookup_attr(id!("fileno"))? else {
            return Err(raise!(TypeError, "argument must be an int, or have a fileno() method."));
        };
        match method.call0()?.into_downcast::<Int>() {
            Ok(int) => int,
            Err(_) => return Err(raise!(TypeError, "fileno() returned a non-integer")),
        }
    };
    match number.to_i32() {
        Some(fd) if fd < 0 => Err(raise!(ValueError, "file descriptor cannot be a negative integer ({fd})")),
        Some(fd) => Ok(fd),
        None => Err(raise!(OverflowError, "Python int too large to convert to C int")),
    }
}

/// A user or group as C has it; -1 is what a program means by "leave it as it is".
fn identity(object: Borrowed<'_, Object>, what: &str) -> PyResult<u32> {
    if !object.has_index() {
        return Err(raise!(TypeError, "{what} should be integer, not {}", object.type_name()));
    }
    let number = object.index()?;
    match number.to_i64() {
        Some(-1) => Ok(u32::MAX),
        // What fits no identity counts as too small, as in C, where the comparison is with the cut value.
        Some(value) => u32::try_from(value).map_err(|_| raise!(OverflowError, "{what} is less than minimum")),
        None if number.is_negative() => Err(raise!(OverflowError, "{what} is less than minimum")),
        None => Err(raise!(OverflowError, "{what} is greater than maximum")),
    }
}

/// `_Py_Uid_Converter`.
#[derive(Clone, Copy)]
pub struct Uid(pub libc::uid_t);

impl Uid {
    pub fn of(object: Borrowed<'_, Object>) -> PyResult<Uid> {
        identity(object, "uid").map(Uid)
    }
}

impl FromArg<'_> for Uid {
    unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: the caller passes a live argument.
        Uid::of(unsafe { Borrowed::from_ptr(value) })
    }
}

/// `_Py_Gid_Converter`.
#[derive(Clone, Copy)]
pub struct Gid(pub libc::gid_t);

impl Gid {
    pub fn of(object: Borrowed<'_, Object>) -> PyResult<Gid> {
        identity(object, "gid").map(Gid)
    }
}

impl FromArg<'_> for Gid {
    unsafe fn from_arg(value: *mut PyObject, _spec: &ArgSpec, _index: usize) -> PyResult<Self> {
        // SAFETY: the caller passes a live argument.
        Gid::of(unsafe { Borrowed::from_ptr(value) })
    }
}

/// A user or group as Python has it.
pub fn identity_object(id: u32) -> PyResult<Ref<Object>> {
    let value = if id == u32::MAX { -1 } else { i64::from(id) };
    Ok(Int::from_i64(value)?.into_object())
}

/// A `str` as a path of the system; ValueError for a zero inside.
pub fn path_of_str(text: Borrowed<'_, Str>) -> PyResult<std::ffi::CString> {
    match std::ffi::CString::new(codec::fs_encode(&text)?.as_slice()) {
        Ok(path) => Ok(path),
        Err(_) => Err(raise!(ValueError, "embedded null byte")),
    }
}

/// Text of the C library as `str`; None for a null pointer.
///
/// # Safety
/// `text` is null or a C string.
pub unsafe fn text_or_none(text: *const c_char) -> PyResult<Ref<Object>> {
    if text.is_null() {
        return Ok(none());
    }
    // SAFETY: by contract.
    Ok(codec::fs_decode(unsafe { CStr::from_ptr(text) }.to_bytes())?.into_object())
}

/// Nanoseconds in a second.
pub const SECOND: i64 = 1_000_000_000;
/// Nanoseconds in a millisecond.
pub const MILLISECOND: i64 = 1_000_000;

/// A number of `unit` nanoseconds as nanoseconds, rounded away from zero as time-outs are.
pub fn nanoseconds(object: Borrowed<'_, Object>, unit: i64) -> PyResult<i64> {
    let too_large = || raise!(OverflowError, "timestamp out of range for C PyTime_t");
    if let Some(float) = object.downcast::<Float>() {
        if float.value().is_nan() {
            return Err(raise!(ValueError, "Invalid value NaN (not a number)"));
        }
        let value = float.value() * unit as f64;
        let value = if value >= 0.0 { value.ceil() } else { value.floor() };
        return if value >= i64::MIN as f64 && value < -(i64::MIN as f64) {
            Ok(value as i64)
        } else {
            Err(too_large())
        };
    }
    if !object.has_index() {
        return Err(raise!(TypeError, "'{}' object cannot be interpreted as an integer or float", object.type_name()));
    }
    match object.index()?.to_i64().and_then(|value| value.checked_mul(unit)) {
        Some(nanos) => Ok(nanos),
        None => Err(too_large()),
    }
}

/// As [`nanoseconds`], with a TypeError of the caller's.
pub fn timeout_nanoseconds(object: Borrowed<'_, Object>, unit: i64, message: &str) -> PyResult<i64> {
    nanoseconds(object, unit).map_err(|raised| {
        if raised.is_a::<exceptions::TypeError>() {
            raised.clear();
            return raise!(TypeError, "{message}");
        }
        raised
    })
}

/// Nanoseconds as milliseconds, rounded up.
pub fn milliseconds_up(nanos: i64) -> i64 {
    nanos.div_euclid(MILLISECOND) + i64::from(nanos.rem_euclid(MILLISECOND) != 0)
}

/// The end of a time-out.
#[derive(Clone, Copy)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    pub const NEVER: Deadline = Deadline(None);

    pub fn after(nanos: i64) -> Deadline {
        Deadline(Instant::now().checked_add(Duration::from_nanos(nanos.max(0) as u64)))
    }

    /// Nanoseconds that are left, 0 once the time is up; `None` without an end.
    pub fn left(&self) -> Option<i64> {
        let deadline = self.0?;
        Some(i64::try_from(deadline.saturating_duration_since(Instant::now()).as_nanos()).unwrap_or(i64::MAX))
    }

    /// As milliseconds for `poll` and its kin, rounded up; -1 without an end.
    pub fn poll_timeout(&self) -> c_int {
        self.left().map_or(-1, |nanos| c_int::try_from(milliseconds_up(nanos)).unwrap_or(c_int::MAX))
    }
}

/// Runs `call` without the GIL; once more when a signal interrupted it and its handlers raised nothing. Below zero is an
/// error, whose number is given.
pub fn retry_errno(mut call: impl FnMut() -> i64) -> PyResult<Result<i64, i32>> {
    loop {
        let result = allow_threads(&mut call);
        if result >= 0 {
            return Ok(Ok(result));
        }
        match exceptions::errno() {
            libc::EINTR => thread::check_interrupts()?,
            errno => return Ok(Err(errno)),
        }
    }
}

/// As [`retry_errno`], with OSError for errors.
pub fn retry(call: impl FnMut() -> i64) -> PyResult<i64> {
    retry_errno(call)?.map_err(|errno| exceptions::from_errno(errno, None))
}

/// A new exception class (`PyErr_NewException`).
pub fn exception_class(module: &str, name: &str, base: Borrowed<'_, Type>) -> PyResult<Ref<Type>> {
    let dict = Dict::new()?;
    dict.set_str(id!("__module__"), Str::from_utf8_str(module)?.borrow())?;
    let bases = Tuple::pack([base.as_object().clone()])?;
    Type::create(name, bases.borrow(), dict.borrow())
}

/// Raises the class kept in `slot`.
pub fn raise_class(slot: &thread::Slot, value: Ref<Object>) -> Raised {
    match slot.get() {
        Some(class) => exceptions::set_object(class.borrow(), Some(value.borrow())),
        None => raise!(SystemError, "the module is not initialised"),
    }
}

/// As [`raise_class`], with a text.
pub fn raise_class_text(slot: &thread::Slot, message: &str) -> Raised {
    match Str::from_utf8_str(message) {
        Ok(text) => raise_class(slot, text.into_object()),
        Err(raised) => raised,
    }
}

pub fn add_constants(module: &Ref<Module>, rows: &[(&str, i64)]) -> PyResult<()> {
    for (name, value) in rows {
        module.add(name, Int::from_i64(*value)?)?;
    }
    Ok(())
}

/// A tuple of an integer each.
pub fn int_tuple(values: &[i64]) -> PyResult<Ref<Tuple>> {
    let mut items = Vec::new();
    for value in values {
        items.push(Int::from_i64(*value)?.into_object());
    }
    Tuple::from_vec(items)
}

/// `struct_seq` types that a module keeps.
pub fn new_record_type(slot: &thread::Slot, name: &str, fields: &[&str], visible: usize) -> PyResult<Ref<Type>> {
    let class = taipan_runtime::types::struct_seq::new_class(name, fields, visible)?;
    slot.set(Some(class.clone().into_object()));
    Ok(class)
}

/// An instance of the type in `slot`.
pub fn record(slot: &thread::Slot, values: Vec<Ref<Object>>) -> PyResult<Ref<Object>> {
    // SAFETY: only the type is put there.
    match unsafe { slot.get_as::<Type>() } {
        Some(class) => taipan_runtime::types::struct_seq::instance(&class, values),
        None => Err(raise!(SystemError, "the module is not initialised")),
    }
}

/// An `int` of C, as the format `i` reads it.
pub fn c_int_of(object: Borrowed<'_, Object>) -> PyResult<c_int> {
    let number = object.index()?;
    match number.to_i64() {
        Some(value) if value > i64::from(c_int::MAX) => {
            Err(raise!(OverflowError, "signed integer is greater than maximum"))
        }
        Some(value) if value < i64::from(c_int::MIN) => {
            Err(raise!(OverflowError, "signed integer is less than minimum"))
        }
        Some(value) => Ok(value as c_int),
        None => Err(raise!(OverflowError, "Python int too large to convert to C long")),
    }
}

/// The low bits of an integer, as the format `I` reads it.
pub fn c_uint_of(object: Borrowed<'_, Object>) -> PyResult<u32> {
    Ok(object.index()?.to_u64_mask() as u32)
}

/// Checks the number of positional arguments with the words of `PyArg_ParseTuple`.
pub fn check_arguments(args: &CallArgs<'_>, owner: &str, function: &str, min: usize, max: usize) -> PyResult<()> {
    if args.keyword_count() != 0 {
        let dot = if owner.is_empty() { "" } else { "." };
        return Err(raise!(TypeError, "{owner}{dot}{function}() takes no keyword arguments"));
    }
    check_tuple_count(args.nargs(), function, min, max)
}

/// The same for a count.
pub fn check_tuple_count(given: usize, function: &str, min: usize, max: usize) -> PyResult<()> {
    if (min..=max).contains(&given) {
        return Ok(());
    }
    let (bound, count) = match (given < min, min == max) {
        (_, true) => ("exactly", min),
        (true, false) => ("at least", min),
        (false, false) => ("at most", max),
    };
    let plural = if count == 1 { "" } else { "s" };
    Err(raise!(TypeError, "{function}() takes {bound} {count} argument{plural} ({given} given)"))
}

/// Raises an audit event; its arguments are made only when somebody listens.
#[inline]
pub fn audit(event: &str, arguments: impl FnOnce() -> PyResult<Vec<Ref<Object>>>) -> PyResult<()> {
    if !thread::interpreter().has_audit_hooks.load(core::sync::atomic::Ordering::Relaxed) {
        return Ok(());
    }
    let arguments = arguments()?;
    let borrowed: Vec<Borrowed<'_, Object>> = arguments.iter().map(|argument| argument.borrow()).collect();
    taipan_runtime::modules::sys::audit(event, &borrowed)
}

/// An integer as an object, for arguments of events.
pub fn int_object(value: i64) -> PyResult<Ref<Object>> {
    Ok(Int::from_i64(value)?.into_object())
}
