//! Calls through vectorcall and `tp_call`.

use core::ptr;

use super::attr::missing_exception_checked;
use crate::abi::{PY_VECTORCALL_ARGUMENTS_OFFSET, Py_TPFLAGS_HAVE_VECTORCALL, PyObject, vectorcallfunc};
use crate::prelude::*;
use crate::thread;

/// The vectorcall function of `callable`, if its type has the protocol.
#[inline(always)]
pub fn vectorcall_function(callable: Borrowed<'_, Object>) -> Option<vectorcallfunc> {
    let ty = callable.type_ptr();
    // SAFETY: with the flag set, `tp_vectorcall_offset` is the offset of a vectorcall pointer (possibly null).
    unsafe {
        if (*ty).tp_flags.get() & Py_TPFLAGS_HAVE_VECTORCALL == 0 {
            return None;
        }
        let offset = (*ty).tp_vectorcall_offset.get();
        *callable.as_ptr().byte_offset(offset).cast::<Option<vectorcallfunc>>()
    }
}

/// `PyObject_Vectorcall` on raw pointers.
///
/// # Safety
/// `args` holds the positional arguments and then one value per name in `kwnames` (a tuple of `str` or null);
/// with `PY_VECTORCALL_ARGUMENTS_OFFSET` in `nargsf`, `args[-1]` may be changed during the call.
pub unsafe fn vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let callable_ref: Borrowed<'_, Object> = Borrowed::from_ptr(callable);
        // Callables that pass the call on recurse through here.
        let Ok(_guard) = thread::enter_recursive(" while calling a Python object") else { return ptr::null_mut() };
        let result = match vectorcall_function(callable_ref) {
            Some(function) => function(callable, args, nargsf, kwnames),
            None => return make_tp_call(callable, args, nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET, kwnames),
        };
        check_result(callable, result)
    }
}

/// Asserts the rule "NULL exactly when an exception is set", as CPython does in every build.
///
/// # Safety
/// `result` is what calling `callable` returned.
#[inline(always)]
pub unsafe fn check_result(callable: *mut PyObject, result: *mut PyObject) -> *mut PyObject {
    if result.is_null() != Raised::is_set() {
        // SAFETY: by contract.
        return unsafe { wrong_result(callable, result) };
    }
    result
}

#[cold]
#[inline(never)]
unsafe fn wrong_result(callable: *mut PyObject, result: *mut PyObject) -> *mut PyObject {
    // SAFETY: `callable` is live and `result` is owned or null.
    unsafe {
        let text = Borrowed::<Object>::from_ptr(callable).to_repr_text();
        if result.is_null() {
            return raise!(SystemError, "{text} returned NULL without setting an exception").into_null();
        }
        drop(Ref::<Object>::from_owned_ptr(result));
        let cause = Raised::take_if_set();
        let raised = raise!(SystemError, "{text} returned a result with an exception set");
        crate::types::exceptions::set_cause_of_current(&raised, cause);
        raised.into_null()
    }
}

/// Calls through `tp_call`, packing the arguments into a tuple and a dict (`_PyObject_MakeTpCall`).
///
/// # Safety
/// As [`vectorcall`], with a plain count.
pub unsafe fn make_tp_call(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let ty = (*callable).ob_type.get();
        let Some(call) = (*ty).tp_call.get() else {
            return not_callable(Borrowed::from_ptr(callable)).into_null();
        };
        let Ok(tuple) = Tuple::from_raw_slice(args, nargs) else { return ptr::null_mut() };
        let dict = if kwnames.is_null() || Borrowed::<Tuple>::from_ptr(kwnames).is_empty() {
            None
        } else {
            match pack_keywords(args.add(nargs), Borrowed::from_ptr(kwnames)) {
                Ok(dict) => Some(dict),
                Err(raised) => return raised.into_null(),
            }
        };
        let Ok(_guard) = thread::enter_recursive(" while calling a Python object") else { return ptr::null_mut() };
        let result = call(callable, tuple.as_ptr(), dict.as_ref().map_or(ptr::null_mut(), |dict| dict.as_ptr()));
        check_result(callable, result)
    }
}

/// A dict of keyword arguments in vectorcall form.
///
/// # Safety
/// `values` holds one object per name.
pub unsafe fn pack_keywords(values: *const *mut PyObject, names: Borrowed<'_, Tuple>) -> PyResult<Ref<Dict>> {
    let dict = Dict::new()?;
    for (index, name) in names.iter().enumerate() {
        // SAFETY: by contract.
        let value: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(*values.add(index)) };
        dict.set_item(name, value)?;
    }
    Ok(dict)
}

#[cold]
fn not_callable(callable: Borrowed<'_, Object>) -> Raised {
    raise!(TypeError, "'{}' object is not callable", callable.type_name())
}

/// `callable(argument)`.
pub fn call_one(callable: Borrowed<'_, Object>, argument: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let args = [ptr::null_mut(), argument.as_ptr()];
    // SAFETY: one argument, with a free slot before it.
    unsafe {
        from_call(vectorcall(
            callable.as_ptr(),
            args.as_ptr().add(1),
            1 | PY_VECTORCALL_ARGUMENTS_OFFSET,
            ptr::null_mut(),
        ))
    }
}

#[inline(always)]
unsafe fn from_call(result: *mut PyObject) -> PyResult<Ref<Object>> {
    // SAFETY: a call's result is owned or NULL with an exception set.
    match unsafe { Ref::from_owned_ptr_or_null(result) } {
        Some(result) => Ok(result),
        None => Err(missing_exception_checked()),
    }
}

impl Ref<Object> {
    /// `self(*args)`.
    pub fn call(&self, args: &[Borrowed<'_, Object>]) -> PyResult<Ref<Object>> {
        // SAFETY: `Borrowed` is one pointer, so the slice is an argument vector.
        unsafe { from_call(vectorcall(self.as_ptr(), args.as_ptr().cast(), args.len(), ptr::null_mut())) }
    }

    pub fn call0(&self) -> PyResult<Ref<Object>> {
        self.call(&[])
    }

    pub fn call1(&self, argument: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        call_one(self.borrow(), argument)
    }

    /// `self(*args)` with the last `names.len()` of `args` passed by keyword.
    pub fn call_with_names(&self, args: &[Borrowed<'_, Object>], names: Borrowed<'_, Tuple>) -> PyResult<Ref<Object>> {
        let positional = args.len() - names.len();
        // SAFETY: as in `call`; the values of the names stand at the end.
        unsafe { from_call(vectorcall(self.as_ptr(), args.as_ptr().cast(), positional, names.as_ptr())) }
    }

    /// Passes `arguments` on unchanged.
    pub fn call_args(&self, arguments: &CallArgs<'_>) -> PyResult<Ref<Object>> {
        // SAFETY: `CallArgs` is an argument vector.
        unsafe { from_call(vectorcall(self.as_ptr(), arguments.as_ptr(), arguments.nargs(), arguments.names_ptr())) }
    }

    /// `self(*args, **kwargs)` (`PyObject_Call`).
    pub fn call_tuple(&self, args: Borrowed<'_, Tuple>, kwargs: Option<Borrowed<'_, Dict>>) -> PyResult<Ref<Object>> {
        // SAFETY: the handles keep everything alive during the call.
        unsafe {
            from_call(call_tuple_raw(
                self.as_ptr(),
                args.as_ptr(),
                kwargs.map_or(ptr::null_mut(), |dict| dict.as_ptr()),
            ))
        }
    }

    pub fn is_callable(&self) -> bool {
        self.type_of().tp_call.get().is_some()
    }
}

/// `PyObject_Call` on raw pointers.
///
/// # Safety
/// `args` is a tuple, `kwargs` a dict or null.
pub unsafe fn call_tuple_raw(callable: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let callable_ref: Borrowed<'_, Object> = Borrowed::from_ptr(callable);
        let Some(function) = vectorcall_function(callable_ref) else {
            let Some(call) = callable_ref.type_of().tp_call.get() else {
                return not_callable(callable_ref).into_null();
            };
            let Ok(_guard) = thread::enter_recursive(" while calling a Python object") else {
                return ptr::null_mut();
            };
            return check_result(callable, call(callable, args, kwargs));
        };
        // A class of Python takes a dict as it is, even one whose keys are no strings.
        if !kwargs.is_null()
            && function as usize == crate::types::type_::call::class_vectorcall as *const () as usize
            && let Some(call) = callable_ref.type_of().tp_call.get()
        {
            let Ok(_guard) = thread::enter_recursive(" while calling a Python object") else {
                return ptr::null_mut();
            };
            return check_result(callable, call(callable, args, kwargs));
        }
        check_result(callable, vectorcall_tuple(function, callable, args, kwargs))
    }
}

/// Calls a vectorcall function with a tuple and a dict: the body of `PyVectorcall_Call`.
///
/// # Safety
/// As [`call_tuple_raw`].
pub unsafe fn vectorcall_tuple(
    function: vectorcallfunc,
    callable: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let tuple: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
        if kwargs.is_null() || Borrowed::<Dict>::from_ptr(kwargs).is_empty() {
            return function(callable, tuple.items_ptr(), tuple.len(), ptr::null_mut());
        }
        match unpack_keywords(tuple, Borrowed::from_ptr(kwargs)) {
            Ok((values, names)) => function(callable, values.as_ptr().cast(), tuple.len(), names.as_ptr()),
            Err(raised) => raised.into_null(),
        }
    }
}

/// The vectorcall form of a tuple and a non-empty dict: all values, and the tuple of names.
fn unpack_keywords(args: Borrowed<'_, Tuple>, kwargs: Borrowed<'_, Dict>) -> PyResult<(Vec<Ref<Object>>, Ref<Tuple>)> {
    let mut values = Vec::new();
    if values.try_reserve_exact(args.len() + kwargs.len()).is_err() {
        return Err(Raised::no_memory());
    }
    values.extend(args.iter().map(|item| item.to_owned()));
    let mut names = Vec::new();
    if names.try_reserve_exact(kwargs.len()).is_err() {
        return Err(Raised::no_memory());
    }
    for (key, value) in kwargs.items_snapshot()? {
        if !key.is_instance_of::<Str>() {
            return Err(raise!(TypeError, "keywords must be strings"));
        }
        names.push(key);
        values.push(value);
    }
    Ok((values, Tuple::from_vec(names)?))
}

/// `tp_call` of types with a vectorcall function.
///
/// # Safety
/// As [`call_tuple_raw`]; the callable's type has the vectorcall protocol.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyVectorcall_Call(
    callable: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        match vectorcall_function(Borrowed::from_ptr(callable)) {
            Some(function) => vectorcall_tuple(function, callable, args, kwargs),
            None => not_callable(Borrowed::from_ptr(callable)).into_null(),
        }
    }
}
