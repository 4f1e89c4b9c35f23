//! The C functions of contexts (`Include/cpython/context.h`). The types are made ready when `_contextvars` is first
//! imported, which `ready` sees to.

use core::ffi::c_char;
use core::ptr;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use super::context::{self, Context};
use super::token::Token;
use super::variable::{self, ContextVar};

fn ready() -> PyResult<()> {
    // SAFETY: flags of a static type.
    if unsafe { (*Token::TYPE).tp_flags.get() } & abi::Py_TPFLAGS_READY == 0 {
        taipan_runtime::import::import_module("_contextvars")?;
    }
    Ok(())
}

fn give<T>(result: PyResult<Ref<T>>) -> *mut PyObject {
    match result {
        Ok(object) => object.into_ptr(),
        Err(raised) => raised.into_null(),
    }
}

fn status(result: PyResult<()>) -> c_int {
    if result.is_ok() { 0 } else { -1 }
}

/// # Safety
/// `object` is live.
unsafe fn expect<'a, T: PyLayout>(object: *mut PyObject, name: &str) -> PyResult<Borrowed<'a, T>> {
    // SAFETY: by contract; the type is checked.
    unsafe {
        let object: Borrowed<'a, Object> = Borrowed::from_ptr(object);
        if object.is_exact::<T>() {
            return Ok(object.cast_borrowed_unchecked());
        }
        Err(raise!(TypeError, "an instance of {name} was expected"))
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn PyContext_New() -> *mut PyObject {
    give(ready().and_then(|()| Context::empty()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyContext_Copy(ctx: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    give(unsafe { expect::<Context>(ctx, "Context") }.and_then(|context| context.copied()))
}

#[unsafe(no_mangle)]
pub extern "C" fn PyContext_CopyCurrent() -> *mut PyObject {
    give(ready().and_then(|()| context::current()?.copied()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyContext_Enter(ctx: *mut PyObject) -> c_int {
    // SAFETY: C passes a live object.
    status(unsafe { expect::<Context>(ctx, "Context") }.and_then(|context| context::enter(&context)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyContext_Exit(ctx: *mut PyObject) -> c_int {
    // SAFETY: C passes a live object.
    status(unsafe { expect::<Context>(ctx, "Context") }.and_then(|context| context::exit(&context)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyContextVar_New(name: *const c_char, default: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a string, and a live object or null.
    unsafe {
        let make = || -> PyResult<Ref<ContextVar>> {
            ready()?;
            let name = Str::from_utf8_str(&CStr::from_ptr(name).to_string_lossy())?;
            ContextVar::create(name.as_borrowed(), Borrowed::from_ptr_or_null(default))
        };
        give(make())
    }
}

/// 0 with the value as a new reference, or null for none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyContextVar_Get(
    var: *mut PyObject,
    default: *mut PyObject,
    value: *mut *mut PyObject,
) -> c_int {
    // SAFETY: C passes live objects or null, and a place for the result.
    unsafe {
        *value = ptr::null_mut();
        let found = expect::<ContextVar>(var, "ContextVar")
            .and_then(|variable| variable::value_or_default(&variable, Borrowed::from_ptr_or_null(default)));
        match found {
            Ok(found) => {
                *value = found.map_or(ptr::null_mut(), Ref::into_ptr);
                0
            }
            Err(_raised) => -1,
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyContextVar_Set(var: *mut PyObject, value: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes live objects.
    unsafe {
        give(
            expect::<ContextVar>(var, "ContextVar")
                .and_then(|variable| variable::set(&variable, Borrowed::from_ptr(value))),
        )
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyContextVar_Reset(var: *mut PyObject, token: *mut PyObject) -> c_int {
    // SAFETY: C passes live objects.
    unsafe {
        let reset = || -> PyResult<()> {
            let variable = expect::<ContextVar>(var, "ContextVar")?;
            variable::reset(&variable, &*expect::<Token>(token, "Token")?)
        };
        status(reset())
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn PyContext_AddWatcher(callback: abi::PyContext_WatchCallback) -> c_int {
    match super::watchers::add(callback) {
        Ok(id) => id as c_int,
        Err(_raised) => -1,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn PyContext_ClearWatcher(watcher_id: c_int) -> c_int {
    status(super::watchers::clear(watcher_id))
}
