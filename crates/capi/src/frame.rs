//! `frameobject.h`, `pyframe.h`, `traceback.h`: frames and tracebacks.

use taipan_runtime::types::frame::{self, FrameObject};
use taipan_runtime::types::traceback::{self, Traceback};
use taipan_runtime::types::{Code, exceptions as exc};

use crate::support::*;

// SAFETY of all of these: C passes live frames.
capi! {
    fn PyFrame_New(
        _thread: *mut PyThreadState,
        code: Borrowed<'_, Code>,
        globals: Borrowed<'_, Dict>,
        locals: Nullable<'_>,
    ) -> PyResult<Ref<FrameObject>> {
        frame::detached(&code, globals, locals.map(|locals| locals.to_owned()))
    }

    fn PyFrame_GetCode(frame: Borrowed<'_, FrameObject>) -> Ref<Code> {
        frame.code()
    }

    fn PyFrame_GetBack(frame: Borrowed<'_, FrameObject>) -> PyResult<Option<Ref<FrameObject>>> {
        frame.back()
    }

    fn PyFrame_GetLocals(frame: Borrowed<'_, FrameObject>) -> PyResult<Ref<Object>> {
        frame::get_locals(&frame)
    }

    fn PyFrame_GetGlobals(frame: Borrowed<'_, FrameObject>) -> Ref<Object> {
        unsafe { Ref::from_borrowed_ptr((*frame.frame()).f_globals.get()) }
    }

    fn PyFrame_GetBuiltins(frame: Borrowed<'_, FrameObject>) -> Ref<Object> {
        unsafe { Ref::from_borrowed_ptr((*frame.frame()).f_builtins.get()) }
    }

    fn PyFrame_GetGenerator(frame: Borrowed<'_, FrameObject>) -> PyResult<Option<Ref<Object>>> {
        let found = frame.as_object().getattr(id!("f_generator"))?;
        Ok((!found.is_none()).then_some(found))
    }

    fn PyFrame_GetLasti(frame: Borrowed<'_, FrameObject>) -> c_int {
        frame.lasti() as c_int
    }

    fn PyFrame_GetLineNumber(frame: Borrowed<'_, FrameObject>) -> c_int {
        // 0 and -1 are what code without a line gives.
        frame.line().unwrap_or(-1)
    }

    fn PyFrame_GetVar(frame: Borrowed<'_, FrameObject>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(name) = name.downcast_borrowed::<Str>() else {
            return Err(raise!(TypeError, "name must be str, not {}", name.type_name()));
        };
        variable(frame, name)
    }

    fn PyFrame_GetVarString(frame: Borrowed<'_, FrameObject>, text: *const c_char) -> PyResult<Ref<Object>> {
        variable(frame, unsafe { name(text)? }.borrow())
    }

    fn PyFrame_FastToLocalsWithError(_frame: *mut PyObject) -> c_int {
        0
    }

    fn PyFrame_FastToLocals(_frame: *mut PyObject) {}

    fn PyFrame_LocalsToFast(_frame: *mut PyObject, _clear: c_int) {}

    fn PyUnstable_InterpreterFrame_GetCode(frame: *mut _PyInterpreterFrame) -> Ref<Object> {
        unsafe { Ref::from_borrowed_ptr(taipan_runtime::interp::frame::code(frame)) }
    }

    fn PyUnstable_InterpreterFrame_GetLasti(frame: *mut _PyInterpreterFrame) -> c_int {
        unsafe { taipan_runtime::interp::frame::instruction_index(frame) as c_int * 2 }
    }

    fn PyUnstable_InterpreterFrame_GetLine(frame: *mut _PyInterpreterFrame) -> c_int {
        unsafe {
            let code: Borrowed<'_, Code> = Borrowed::from_ptr(taipan_runtime::interp::frame::code(frame));
            code.line_at(taipan_runtime::interp::frame::instruction_index(frame)).unwrap_or(-1)
        }
    }

    fn PyTraceBack_Here(frame: Borrowed<'_, FrameObject>) -> PyResult<()> {
        let Some(exception) = Raised::take_if_set() else { return Ok(()) };
        let entry = traceback::create(
            exc::traceback_of(&exception).and_then(|found| found.into_downcast::<Traceback>().ok()),
            frame.to_owned(),
            frame.lasti() as c_int,
            frame.line().unwrap_or(-1),
        );
        match entry {
            Ok(entry) => {
                exc::set_traceback(&exception, Some(entry.into_object()));
                let _raised = Raised::restore(exception);
                Ok(())
            }
            Err(raised) => {
                // The first exception is the context of what went wrong here.
                let second = raised.take();
                exc::set_context(&second, Some(exception));
                Err(Raised::restore(second))
            }
        }
    }

    fn PyTraceBack_Print(entry: Nullable<'_>, file: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(entry) = entry else { return Ok(()) };
        if !entry.is_instance_of::<Traceback>() {
            return Err(bad_internal_call());
        }
        let Some(entry) = entry.downcast::<Traceback>() else { return Err(bad_internal_call()) };
        let text = taipan_runtime::types::traceback::format_native(&entry.to_owned());
        let text = Str::from_utf8_str(&format!("Traceback (most recent call last):\n{text}"))?;
        file.call_method(id!("write"), &[text.as_borrowed()]).map(drop)
    }

    fn _PyTraceback_Add(function: *const c_char, file: *const c_char, line: c_int) {
        let Some(exception) = Raised::take_if_set() else { return };
        let add = || -> PyResult<Ref<FrameObject>> {
            let (file, function) = unsafe { (string(file)?, string(function)?) };
            let code = crate::code::empty(file, function, line)?;
            frame::detached(&code, Dict::new()?.borrow(), None)
        };
        let made = add();
        let entry = made.and_then(|frame| {
            let next = exc::traceback_of(&exception).and_then(|found| found.into_downcast::<Traceback>().ok());
            traceback::create(next, frame, -1, line)
        });
        match entry {
            Ok(entry) => exc::set_traceback(&exception, Some(entry.into_object())),
            Err(raised) => raised.clear(),
        }
        let _raised = Raised::restore(exception);
    }
}

fn variable(frame: Borrowed<'_, FrameObject>, name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
    let locals = frame::fast_to_locals(&frame)?;
    let found = match locals.downcast::<Dict>() {
        Some(dict) => dict.get(name)?,
        None => match locals.get_item(name.upcast()) {
            Ok(value) => Some(value),
            Err(raised) => raised.clear_if::<exc::KeyError>().map(|()| None)?,
        },
    };
    found.ok_or_else(|| raise!(NameError, "variable {} does not exist", name.as_object().to_repr_text()))
}
