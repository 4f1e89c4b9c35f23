//! Calling a class: `type.__call__`.
//!
//! [`class_vectorcall`] is in `tp_vectorcall` of all classes of Python. Where instances are made by `object.__new__` it makes
//! the instance and calls `__init__` with the very same argument vector; else it packs tuple and dictionary, as
//! `tp_new` and `tp_init` want them. CPython: `type_call` in `Objects/typeobject.c`.

use core::ptr;

use super::raw::{TypePtr, display_name, has_flag, is_subtype_raw};
use super::slots::{self, slot_tp_init};
use crate::abi::*;
use crate::object::protocol::attr::from_result;
use crate::object::protocol::call;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::types::object::{object_init, object_new};

/// `tp_call` of `type`.
///
/// # Safety
/// A slot function: a live type, a tuple, a dict or null.
pub unsafe extern "C" fn type_call(this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let ty: TypePtr = this.cast();
        if ty == <Type as PyLayout>::TYPE {
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            let keywords = Borrowed::<Dict>::from_ptr_or_null(kwargs).map_or(0, |kwargs| kwargs.len());
            if args.len() == 1 && keywords == 0 {
                return args.get(0).type_of().to_owned().into_ptr();
            }
            if args.len() != 3 {
                return wrong_count().into_null();
            }
        }
        into_c(make(ty, args, kwargs))
    }
}

#[cold]
fn wrong_count() -> Raised {
    raise!(TypeError, "type() takes 1 or 3 arguments")
}

/// `tp_new` and then `tp_init`.
unsafe fn make(ty: TypePtr, args: *mut PyObject, kwargs: *mut PyObject) -> PyResult<Ref<Object>> {
    // SAFETY: by the contract of `type_call`.
    unsafe {
        let Some(new) = (*ty).tp_new.get() else {
            return Err(raise!(TypeError, "cannot create '{}' instances", display_name(ty)));
        };
        let object: Ref<Object> = from_result(call::check_result(ty.cast(), new(ty, args, kwargs)))?;
        // `__new__` may give anything; only what is an instance is initialised.
        if !is_subtype_raw(object.type_ptr(), ty) {
            return Ok(object);
        }
        if let Some(init) = object.type_of().tp_init.get()
            && init(object.as_ptr(), args, kwargs) < 0
        {
            return Err(crate::object::protocol::attr::missing_exception_checked());
        }
        Ok(object)
    }
}

/// `tp_vectorcall` of `type` itself: `type(x)`.
///
/// # Safety
/// A vectorcall function.
pub unsafe extern "C" fn type_vectorcall(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    let nargs = nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET;
    // SAFETY: by contract.
    unsafe {
        let keywords = Borrowed::<Tuple>::from_ptr_or_null(kwnames).map_or(0, |names| names.len());
        if nargs == 1 && this == <Type as PyLayout>::TYPE.cast() {
            if keywords != 0 {
                return raise!(TypeError, "type() takes no keyword arguments").into_null();
            }
            return Borrowed::<Object>::from_ptr(*args).type_of().to_owned().into_ptr();
        }
        call::make_tp_call(this, args, nargs, kwnames)
    }
}

/// `tp_vectorcall` of classes of Python.
///
/// # Safety
/// A vectorcall function, called for a type whose metaclass calls as `type` does.
pub unsafe extern "C" fn class_vectorcall(
    this: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    let nargs = nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET;
    // SAFETY: by contract.
    unsafe {
        let ty: TypePtr = this.cast();
        let is_plain = (*ty).tp_new.get().is_some_and(|new| new as usize == object_new as *const () as usize)
            && !has_flag(ty, Py_TPFLAGS_IS_ABSTRACT);
        if is_plain && let Some(alloc) = (*ty).tp_alloc.get() {
            let init = (*ty).tp_init.get().map_or(0, |init| init as usize);
            if init == slot_tp_init as *const () as usize {
                let object = alloc(ty, 0);
                if object.is_null() {
                    return ptr::null_mut();
                }
                return into_c(initialise(Ref::from_owned_ptr(object), args, nargsf, kwnames));
            }
            if init == object_init as *const () as usize && nargs == 0 && kwnames.is_null() {
                return alloc(ty, 0);
            }
        }
        call::make_tp_call(this, args, nargs, kwnames)
    }
}

/// Calls `__init__` with the arguments that the class was called with.
unsafe fn initialise(
    object: Ref<Object>,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> PyResult<Ref<Object>> {
    // SAFETY: by the contract of `class_vectorcall`.
    unsafe {
        let result = match slots::find(object.as_ptr(), id!("__init__"))? {
            Some(init) => init.call_vector(object.as_ptr(), args, nargsf, kwnames)?,
            None => return Err(raise!(AttributeError, object: id!("__init__").to_owned())),
        };
        if !result.is_none() {
            return Err(raise!(TypeError, "__init__() should return None, not '{}'", result.type_name()));
        }
        Ok(object)
    }
}

/// Calls `function(first, *args, **keywords)` with `args` as a vector: the place in front of the vector is used where it is
/// free, and the vector is copied where not.
///
/// # Safety
/// As for a vectorcall function.
pub unsafe fn vectorcall_prepended(
    function: *mut PyObject,
    first: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    let nargs = nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET;
    // SAFETY: by contract; with the flag set `args[-1]` may be changed as long as it is put back.
    unsafe {
        if nargsf & PY_VECTORCALL_ARGUMENTS_OFFSET != 0 {
            let place = args.cast_mut().sub(1);
            let saved = place.replace(first);
            let result = call::vectorcall(function, place, nargs + 1, kwnames);
            place.write(saved);
            return result;
        }
        let total = nargs + Borrowed::<Tuple>::from_ptr_or_null(kwnames).map_or(0, |names| names.len());
        const SMALL: usize = 8;
        if total < SMALL {
            let mut all = [ptr::null_mut(); SMALL];
            all[0] = first;
            ptr::copy_nonoverlapping(args, all.as_mut_ptr().add(1), total);
            return call::vectorcall(function, all.as_ptr(), nargs + 1, kwnames);
        }
        let mut all: Vec<*mut PyObject> = Vec::new();
        if all.try_reserve_exact(total + 1).is_err() {
            return Raised::no_memory().into_null();
        }
        all.push(first);
        all.extend_from_slice(core::slice::from_raw_parts(args, total));
        call::vectorcall(function, all.as_ptr(), nargs + 1, kwnames)
    }
}
