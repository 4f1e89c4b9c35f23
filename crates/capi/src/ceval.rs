//! `ceval.h`, `cpython/ceval.h`: running code, the frame at hand, recursion, pending calls.

use core::ptr;

use taipan_runtime::interp;
use taipan_runtime::modules::builtins;
use taipan_runtime::thread;
use taipan_runtime::types::{Code, Function, frame, generator};

use crate::support::*;

// SAFETY of all of these: C passes live objects.
capi! {
    fn Py_EnterRecursiveCall(activity: *const c_char) -> PyResult<()> {
        thread::enter_recursive(&unsafe { lossy(activity) }).map(|_guard| ())
    }

    fn Py_LeaveRecursiveCall() {}

    fn _Py_CheckRecursiveCall(_thread: *mut PyThreadState, activity: *const c_char) -> PyResult<()> {
        thread::enter_recursive(&unsafe { lossy(activity) }).map(|_guard| ())
    }

    fn _Py_ReachedRecursionLimitWithMargin(_thread: *mut PyThreadState, margin: c_int) -> c_int {
        c_int::from(thread::stack_margin() < margin.max(0) as usize * _PyOS_STACK_MARGIN_BYTES as usize)
    }

    fn Py_GetRecursionLimit() -> c_int {
        thread::interpreter().recursion_limit.get()
    }

    fn Py_SetRecursionLimit(limit: c_int) {
        thread::stack::set_recursion_limit(limit);
    }

    fn PyEval_GetFrame() -> PyResult<*mut PyObject> {
        // The frame keeps its object.
        Ok(frame::current()?.map_or(ptr::null_mut(), |frame| frame.as_ptr()))
    }

    fn PyEval_GetGlobals() -> *mut PyObject {
        builtins::current_globals().map_or(ptr::null_mut(), |globals| globals.as_ptr())
    }

    fn PyEval_GetFrameGlobals() -> Option<Ref<Object>> {
        builtins::current_globals().map(Ref::into_object)
    }

    fn PyEval_GetBuiltins() -> *mut PyObject {
        builtins::current_builtins().as_ptr()
    }

    fn PyEval_GetFrameBuiltins() -> Ref<Object> {
        builtins::current_builtins()
    }

    fn _PyEval_GetBuiltin(name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        thread::builtin(name)
    }

    fn PyEval_GetFrameLocals() -> PyResult<Ref<Object>> {
        let Some(frame) = frame::current()? else {
            return Err(raise!(SystemError, "frame does not exist"));
        };
        frame::fast_to_locals(&frame)
    }

    fn PyEval_GetLocals() -> PyResult<*mut PyObject> {
        let Some(frame) = frame::current()? else {
            return Err(raise!(SystemError, "frame does not exist"));
        };
        let locals = frame::fast_to_locals(&frame)?;
        if frame.code().flags() & CO_OPTIMIZED == 0 {
            return Ok(locals.as_ptr());
        }
        // The frame keeps the dict that is handed out, and later calls bring it up to date.
        let cache = thread::Slot::of(unsafe { &(*frame.as_ptr().cast::<PyFrameObject>()).f_locals_cache });
        // SAFETY: only a dict is put there.
        match unsafe { cache.get_as::<Dict>() } {
            Some(kept) => {
                kept.clear();
                kept.update(locals.borrow())?;
            }
            None => cache.set(Some(locals)),
        }
        Ok(cache.as_ptr())
    }

    fn PyEval_GetFuncName(function: Borrowed<'_, Object>) -> *const c_char {
        unsafe { function_name(function) }
    }

    fn PyEval_GetFuncDesc(function: Borrowed<'_, Object>) -> *const c_char {
        use taipan_runtime::types::{BoundMethod, CFunction};
        if function.is_instance_of::<BoundMethod>() || function.is_instance_of::<Function>() || function.is_instance_of::<CFunction>() {
            c"()".as_ptr()
        } else {
            c" object".as_ptr()
        }
    }

    fn PyEval_MergeCompilerFlags(flags: *mut PyCompilerFlags) -> c_int {
        unsafe {
            let inherited = builtins::inherited_flags() as c_int;
            (*flags).cf_flags |= inherited;
            c_int::from((*flags).cf_flags != 0)
        }
    }

    fn PyEval_EvalCode(
        code: Borrowed<'_, Object>,
        globals: Nullable<'_>,
        locals: Nullable<'_>,
    ) -> PyResult<Ref<Object>> {
        eval(code, globals, locals)
    }

    fn PyEval_EvalCodeEx(
        code: Borrowed<'_, Object>,
        globals: Nullable<'_>,
        locals: Nullable<'_>,
        args: *const *mut PyObject,
        count: c_int,
        keywords: *const *mut PyObject,
        keyword_count: c_int,
        defaults: *const *mut PyObject,
        default_count: c_int,
        keyword_defaults: Nullable<'_>,
        closure: Nullable<'_>,
    ) -> PyResult<Ref<Object>> {
        let Some(globals) = globals.and_then(|globals| globals.downcast_borrowed::<Dict>()) else {
            return Err(raise!(SystemError, "PyEval_EvalCodeEx: NULL globals"));
        };
        let function = Function::from_code(&*expect::<Code>(code)?, globals)?;
        unsafe {
            if default_count > 0 {
                let values = Tuple::from_raw_slice(defaults, default_count as usize)?;
                function.set_attribute(taipan_runtime::types::function::attribute::DEFAULTS, values.into_object())?;
            }
            if let Some(values) = keyword_defaults {
                let values = expect::<Dict>(values)?.to_owned();
                function.set_attribute(taipan_runtime::types::function::attribute::KWDEFAULTS, values.into_object())?;
            }
            if let Some(cells) = closure {
                function.set_closure(expect::<Tuple>(cells)?.to_owned());
            }
            let plain = count == 0 && keyword_count == 0;
            if plain && (locals.is_some() || default_count == 0) {
                return interp::call::eval_function(&function, locals.or(Some(globals.upcast())));
            }
            let args = Tuple::from_raw_slice(args, count.max(0) as usize)?;
            let named = Dict::new()?;
            for index in 0..keyword_count.max(0) as usize {
                let key: Borrowed<'_, Object> = Borrowed::from_ptr(*keywords.add(2 * index));
                let value: Borrowed<'_, Object> = Borrowed::from_ptr(*keywords.add(2 * index + 1));
                named.set_item(key, value)?;
            }
            function.as_object().call_tuple(args.borrow(), Some(named.borrow()))
        }
    }

    fn PyEval_EvalFrame(frame: *mut PyObject) -> PyResult<Ref<Object>> {
        let _ = frame;
        Err(raise!(SystemError, "PyEval_EvalFrame: a frame cannot be run from outside"))
    }

    fn PyEval_EvalFrameEx(frame: *mut PyObject, _throw: c_int) -> PyResult<Ref<Object>> {
        let _ = frame;
        Err(raise!(SystemError, "PyEval_EvalFrameEx: a frame cannot be run from outside"))
    }

    fn _PyEval_SliceIndex(value: Borrowed<'_, Object>, place: *mut isize) -> c_int {
        if value.is_none() {
            return 1;
        }
        unsafe { slice_index(value, place) }
    }

    fn _PyEval_SliceIndexNotNone(value: Borrowed<'_, Object>, place: *mut isize) -> c_int {
        match taipan_runtime::types::slice::index_argument(value) {
            Ok(index) => {
                unsafe { *place = index };
                1
            }
            Err(_raised) => 0,
        }
    }

    fn _PyCoro_GetAwaitableIter(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        generator::get_awaitable_iter(object)
    }

    fn Py_AddPendingCall(
        function: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
        argument: *mut c_void,
    ) -> c_int {
        match function {
            Some(function) if thread::add_pending_call(function, argument) => 0,
            _ => -1,
        }
    }

    fn Py_MakePendingCalls() -> PyResult<()> {
        thread::breaker::check_signals()?;
        thread::make_pending_calls()
    }
}

/// What `exec` does: builtins are added to globals that have none.
pub fn eval(code: Borrowed<'_, Object>, globals: Nullable<'_>, locals: Nullable<'_>) -> PyResult<Ref<Object>> {
    let Some(globals) = globals.and_then(|globals| globals.downcast_borrowed::<Dict>()) else {
        return Err(raise!(SystemError, "PyEval_EvalCode: NULL globals"));
    };
    if !globals.contains_str(id!("__builtins__")) {
        globals.set_str(id!("__builtins__"), builtins::current_builtins().borrow())?;
    }
    let code = expect::<Code>(code)?;
    let locals = locals.filter(|locals| !locals.is(&globals));
    interp::call::eval_code(&code, globals, locals)
}

unsafe fn slice_index(value: Borrowed<'_, Object>, place: *mut isize) -> c_int {
    if !value.has_index() {
        let _raised = raise!(TypeError, "slice indices must be integers or None or have an __index__ method");
        return 0;
    }
    match value.as_clamped_isize() {
        Ok(index) => {
            // SAFETY: C passes a place for a number.
            unsafe { *place = index };
            1
        }
        Err(_raised) => 0,
    }
}

/// The name of a callable. The objects keep their names as long as the result is used.
unsafe fn function_name(function: Borrowed<'_, Object>) -> *const c_char {
    use taipan_runtime::types::{BoundMethod, CFunction};
    // SAFETY: the types are checked.
    unsafe {
        if let Some(method) = function.downcast::<BoundMethod>() {
            return function_name(Borrowed::from_ptr(method.function().as_ptr()));
        }
        if let Some(function) = function.downcast::<Function>() {
            return function.name().as_utf8().map_or(ptr::null(), |name| name.as_ptr().cast());
        }
        if let Some(function) = function.downcast::<CFunction>() {
            return function.def().ml_name;
        }
        (*function.type_ptr()).tp_name.get()
    }
}

capi! {
    fn PyUnstable_Eval_RequestCodeExtraIndex(free: Option<unsafe extern "C" fn(*mut c_void)>) -> isize {
        taipan_runtime::types::code::extra::request_index(free).map_or(-1, |index| index as isize)
    }
}
