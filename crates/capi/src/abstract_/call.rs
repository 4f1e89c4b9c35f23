//! Calls: with a tuple and a dict, with a vector, with C's variable arguments.

use core::ptr;

use taipan_runtime::object::protocol::call;

use crate::build_value;
use crate::support::*;
use crate::va::{Arguments, VaList};

// SAFETY of all of these: C passes live objects, and vectors with as many as it says.
capi! {
    fn PyObject_Call(callable: *mut PyObject, args: *mut PyObject, keywords: *mut PyObject) -> *mut PyObject {
        unsafe { call::call_tuple_raw(callable, args, keywords) }
    }

    fn PyObject_CallObject(callable: *mut PyObject, args: Nullable<'_>) -> PyResult<Ref<Object>> {
        match args {
            None => unsafe { vector(callable, &[]) },
            Some(args) if !args.is_instance_of::<Tuple>() => {
                Err(raise!(TypeError, "argument list must be a tuple"))
            }
            Some(args) => unsafe { result(call::call_tuple_raw(callable, args.as_ptr(), ptr::null_mut())) },
        }
    }

    fn PyEval_CallObjectWithKeywords(
        callable: *mut PyObject,
        args: Nullable<'_>,
        keywords: Nullable<'_>,
    ) -> PyResult<Ref<Object>> {
        if args.is_some_and(|args| !args.is_instance_of::<Tuple>()) {
            return Err(raise!(TypeError, "argument list must be a tuple"));
        }
        if keywords.is_some_and(|keywords| !keywords.is_instance_of::<Dict>()) {
            return Err(raise!(TypeError, "keyword list must be a dictionary"));
        }
        let empty = Tuple::empty();
        let args = args.map_or(empty.as_ptr(), |args| args.as_ptr());
        unsafe { result(call::call_tuple_raw(callable, args, keywords.map_or(ptr::null_mut(), |dict| dict.as_ptr()))) }
    }

    fn PyObject_CallNoArgs(callable: *mut PyObject) -> PyResult<Ref<Object>> {
        unsafe { vector(callable, &[]) }
    }

    fn PyObject_CallOneArg(callable: Borrowed<'_, Object>, argument: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        call::call_one(callable, argument)
    }

    fn PyObject_Vectorcall(
        callable: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        names: *mut PyObject,
    ) -> *mut PyObject {
        unsafe { call::vectorcall(callable, args, nargsf, names) }
    }

    fn PyObject_VectorcallDict(
        callable: *mut PyObject,
        args: *const *mut PyObject,
        nargsf: usize,
        keywords: *mut PyObject,
    ) -> PyResult<Ref<Object>> {
        unsafe {
            if keywords.is_null() || Borrowed::<Dict>::from_ptr(keywords).is_empty() {
                return result(call::vectorcall(callable, args, nargsf, ptr::null_mut()));
            }
            let args = Tuple::from_raw_slice(args, nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET)?;
            result(call::call_tuple_raw(callable, args.as_ptr(), keywords))
        }
    }

    fn PyObject_VectorcallMethod(
        name: Borrowed<'_, Str>,
        args: *const *mut PyObject,
        nargsf: usize,
        names: *mut PyObject,
    ) -> PyResult<Ref<Object>> {
        unsafe {
            let count = nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET;
            let object: Borrowed<'_, Object> = Borrowed::from_ptr(*args);
            let method = taipan_runtime::types::object::get_method(&object, name)?;
            match &method {
                // The place before the arguments is the object itself, so a method may use that for its own.
                taipan_runtime::types::object::Method::Unbound(function) => {
                    result(call::vectorcall(function.as_ptr(), args, count, names))
                }
                taipan_runtime::types::object::Method::Bound(function) => result(call::vectorcall(
                    function.as_ptr(),
                    args.add(1),
                    (count - 1) | PY_VECTORCALL_ARGUMENTS_OFFSET,
                    names,
                )),
            }
        }
    }

    fn PyVectorcall_Function(callable: Borrowed<'_, Object>) -> *mut c_void {
        call::vectorcall_function(callable).map_or(ptr::null_mut(), |function| function as *mut c_void)
    }

    fn PyVectorcall_NARGS(nargsf: usize) -> isize {
        (nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET) as isize
    }

    fn _PyObject_MakeTpCall(
        _thread: *mut PyThreadState,
        callable: *mut PyObject,
        args: *const *mut PyObject,
        count: isize,
        keywords: Nullable<'_>,
    ) -> PyResult<Ref<Object>> {
        unsafe {
            if let Some(keywords) = keywords.and_then(|keywords| keywords.downcast_borrowed::<Dict>()) {
                let args = Tuple::from_raw_slice(args, count as usize)?;
                return result(call::call_tuple_raw(callable, args.as_ptr(), keywords.as_ptr()));
            }
            let names = keywords.map_or(ptr::null_mut(), |names| names.as_ptr());
            result(call::make_tp_call(callable, args, count as usize, names))
        }
    }

    fn _Py_CheckFunctionResult(
        _thread: *mut PyThreadState,
        callable: *mut PyObject,
        answer: *mut PyObject,
        _place: *const c_char,
    ) -> *mut PyObject {
        unsafe { call::check_result(callable, answer) }
    }

    fn _PyStack_AsDict(values: *const *mut PyObject, names: Borrowed<'_, Tuple>) -> PyResult<Ref<Dict>> {
        unsafe { call::pack_keywords(values, names) }
    }

    fn taipan_call_function(
        callable: Nullable<'_>,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> PyResult<Ref<Object>> {
        unsafe { call_format(operand(callable)?, format, VaList::new(arguments)) }
    }

    fn taipan_call_function_old(
        callable: Borrowed<'_, Object>,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> PyResult<Ref<Object>> {
        unsafe { call_format_old(callable, format, VaList::new(arguments)) }
    }

    fn taipan_call_method(
        object: Nullable<'_>,
        method: *const c_char,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> PyResult<Ref<Object>> {
        let object = operand(object)?;
        if method.is_null() {
            return Err(null_argument());
        }
        unsafe {
            let method = object.getattr(name(method)?.borrow())?;
            call_bound(&method, format, VaList::new(arguments))
        }
    }

    fn taipan_call_method_old(
        object: Borrowed<'_, Object>,
        method: *const c_char,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> PyResult<Ref<Object>> {
        unsafe {
            let method = object.getattr(name(method)?.borrow())?;
            call_format_old(method.borrow(), format, VaList::new(arguments))
        }
    }

    fn taipan_call_method_object(
        object: Nullable<'_>,
        method: Nullable<'_>,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> PyResult<Ref<Object>> {
        let method = operand(object)?.getattr_object(operand(method)?)?;
        unsafe { call_bound(&method, format, VaList::new(arguments)) }
    }

    fn taipan_call_objects(callable: Nullable<'_>, arguments: *mut Arguments) -> PyResult<Ref<Object>> {
        let callable = operand(callable)?;
        unsafe {
            let values = objects(VaList::new(arguments))?;
            vector(callable.as_ptr(), &values)
        }
    }

    fn taipan_call_method_objects(
        object: Nullable<'_>,
        method: Nullable<'_>,
        arguments: *mut Arguments,
    ) -> PyResult<Ref<Object>> {
        let (object, method) = (operand(object)?, operand(method)?);
        unsafe {
            let values = objects(VaList::new(arguments))?;
            let method = object.getattr_object(method)?;
            vector(method.as_ptr(), &values)
        }
    }
}

/// Calls with positional arguments.
///
/// # Safety
/// The pointers are live objects.
unsafe fn vector(callable: *mut PyObject, args: &[*mut PyObject]) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe { result(call::vectorcall(callable, args.as_ptr(), args.len(), ptr::null_mut())) }
}

/// Pointers up to NULL.
unsafe fn objects(mut arguments: VaList) -> PyResult<Vec<*mut PyObject>> {
    let mut values = Vec::new();
    loop {
        let value: *mut PyObject = arguments.pointer();
        if value.is_null() {
            return Ok(values);
        }
        values.push(value);
    }
}

/// Calls with the values that a format describes. A format of one value that is a tuple gives the arguments themselves: old code
/// relies on `PyObject_CallFunction(f, "O", tuple)`.
unsafe fn call_format(
    callable: Borrowed<'_, Object>,
    format: *const c_char,
    arguments: VaList,
) -> PyResult<Ref<Object>> {
    if format.is_null() {
        return callable.call0();
    }
    // SAFETY: a C string, with values that fit it.
    let values = unsafe { build_value::values(bytes(format), arguments)? };
    if let [only] = values.as_slice()
        && let Some(tuple) = only.downcast::<Tuple>()
    {
        return callable.call_tuple(tuple, None);
    }
    let args: Vec<Borrowed<'_, Object>> = values.iter().map(Ref::borrow).collect();
    callable.call(&args)
}

unsafe fn call_bound(method: &Ref<Object>, format: *const c_char, arguments: VaList) -> PyResult<Ref<Object>> {
    if !method.is_callable() {
        return Err(raise!(TypeError, "attribute of type '{}' is not callable", method.type_name()));
    }
    // SAFETY: by contract of the callers.
    unsafe { call_format(method.borrow(), format, arguments) }
}

/// As `PyEval_CallFunction`: the values are built as one, and a tuple of them gives the arguments.
unsafe fn call_format_old(
    callable: Borrowed<'_, Object>,
    format: *const c_char,
    arguments: VaList,
) -> PyResult<Ref<Object>> {
    // SAFETY: a C string, with values that fit it.
    let value = unsafe { build_value::value(bytes(format), arguments)? };
    match value.downcast::<Tuple>() {
        Some(tuple) => callable.call_tuple(tuple, None),
        None => callable.call1(value.borrow()),
    }
}
