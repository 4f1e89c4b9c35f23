//! `pyerrors.h`, `cpython/pyerrors.h`: setting, looking at, taking and reporting exceptions.

use core::ptr;

use taipan_runtime::thread;
use taipan_runtime::types::exceptions::{self as exc, BaseException};
use taipan_runtime::types::{Traceback, Type};

use crate::from_format;
use crate::support::*;
use crate::va::{Arguments, VaList};

/// The text of a format and its arguments.
///
/// # Safety
/// `format` is a C string and `arguments` are what it asks for.
pub unsafe fn formatted(format: *const c_char, arguments: *mut Arguments) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe { Ok(from_format::unicode(bytes(format), VaList::new(arguments))?.into_object()) }
}

/// Sets an exception of C's class and value.
pub fn set(class: Borrowed<'_, Object>, value: Nullable<'_>) -> Raised {
    exc::set_object(class, value)
}

// ---- setting ----

// SAFETY of all of these: C passes live objects or, where it may, NULL, and C strings.
capi! {
    fn PyErr_SetNone(class: Borrowed<'_, Object>) {
        let _raised = set(class, None);
    }

    fn PyErr_SetObject(class: Borrowed<'_, Object>, value: Nullable<'_>) {
        let _raised = set(class, value);
    }

    fn PyErr_SetString(class: Borrowed<'_, Object>, message: *const c_char) {
        let _raised = match unsafe { message_of(message) } {
            Ok(message) => set(class, Some(message.as_borrowed())),
            Err(raised) => raised,
        };
    }

    fn _PyErr_SetString(_thread: *mut PyThreadState, class: Borrowed<'_, Object>, message: *const c_char) {
        unsafe { PyErr_SetString(class, message) }
    }

    fn _PyErr_SetLocaleString(class: Borrowed<'_, Object>, message: *const c_char) {
        let _raised = match unsafe { file_name(message) } {
            Ok(message) => set(class, message.as_ref().map(|message| message.as_borrowed())),
            Err(raised) => raised,
        };
    }

    fn _PyErr_SetKeyError(key: Borrowed<'_, Object>) {
        let _raised = exc::set_key_error(key);
    }

    fn taipan_err_format(
        class: Borrowed<'_, Object>,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> *mut PyObject {
        // What is set already must not be in the way of the conversions that the format asks for.
        drop(Raised::take_if_set());
        let _raised = match unsafe { formatted(format, arguments) } {
            Ok(message) => set(class, Some(message.borrow())),
            Err(raised) => raised,
        };
        ptr::null_mut()
    }

    fn taipan_err_format_from_cause(
        class: Borrowed<'_, Object>,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> *mut PyObject {
        let cause = Raised::take_if_set();
        let raised = match unsafe { formatted(format, arguments) } {
            Ok(message) => set(class, Some(message.borrow())),
            Err(raised) => raised,
        };
        exc::set_cause_of_current(&raised, cause);
        ptr::null_mut()
    }

    fn taipan_err_format_note(format: *const c_char, arguments: *mut Arguments) {
        let Some(exception) = Raised::take_if_set() else { return };
        let added = unsafe { formatted(format, arguments) }
            .and_then(|note| exception.call_method(id!("add_note"), &[note.borrow()]));
        let _raised = match added {
            Ok(_) => Raised::restore(exception),
            Err(raised) => chain(exception, raised),
        };
    }

    fn PyErr_BadArgument() -> c_int {
        let _raised = raise!(TypeError, "bad argument type for built-in operation");
        0
    }

    fn PyErr_NoMemory() -> *mut PyObject {
        Raised::no_memory().into_null()
    }

    fn PyErr_BadInternalCall() {
        let _raised = bad_internal_call();
    }

    fn _PyErr_BadInternalCall(file: *const c_char, line: c_int) {
        let _raised = raise!(SystemError, "{}:{line}: bad argument to internal function", unsafe { lossy(file) });
    }

    fn PyErr_SetFromErrno(class: *mut PyTypeObject) -> *mut PyObject {
        from_errno(class, None, None)
    }

    fn PyErr_SetFromErrnoWithFilename(class: *mut PyTypeObject, file: *const c_char) -> *mut PyObject {
        let errno = exc::errno();
        match unsafe { file_name(file) } {
            Ok(file) => {
                exc::from_errno_objects(class, errno, file.as_ref().map(|file| file.as_borrowed()), None).into_null()
            }
            Err(raised) => raised.into_null(),
        }
    }

    fn PyErr_SetFromErrnoWithFilenameObject(class: *mut PyTypeObject, file: Nullable<'_>) -> *mut PyObject {
        from_errno(class, file, None)
    }

    fn PyErr_SetFromErrnoWithFilenameObjects(
        class: *mut PyTypeObject,
        file: Nullable<'_>,
        second: Nullable<'_>,
    ) -> *mut PyObject {
        from_errno(class, file, second)
    }

    fn PyErr_SetImportErrorSubclass(
        class: Borrowed<'_, Object>,
        message: Nullable<'_>,
        name: Nullable<'_>,
        path: Nullable<'_>,
    ) -> *mut PyObject {
        import_error(class, message, name, path).into_null()
    }

    fn PyErr_SetImportError(message: Nullable<'_>, name: Nullable<'_>, path: Nullable<'_>) -> *mut PyObject {
        import_error(exc::ImportError::type_object().upcast(), message, name, path).into_null()
    }
}

/// A message that may be broken UTF-8, as `strerror` gives it in some locales.
unsafe fn message_of(message: *const c_char) -> PyResult<Ref<Str>> {
    // SAFETY: by contract of the callers.
    unsafe { string(message) }
}

fn from_errno(class: *mut PyTypeObject, file: Nullable<'_>, second: Nullable<'_>) -> *mut PyObject {
    exc::from_errno_objects(class, exc::errno(), file, second).into_null()
}

fn import_error(class: Borrowed<'_, Object>, message: Nullable<'_>, name: Nullable<'_>, path: Nullable<'_>) -> Raised {
    let make = || -> PyResult<Ref<Object>> {
        if !class.is_subclass(exc::ImportError::type_object().upcast())? {
            return Err(raise!(TypeError, "expected a subclass of ImportError"));
        }
        let Some(message) = message else { return Err(raise!(TypeError, "expected a message argument")) };
        let keywords = Dict::new()?;
        let nothing = none();
        keywords.set_str(id!("name"), name.unwrap_or(nothing.borrow()))?;
        keywords.set_str(id!("path"), path.unwrap_or(nothing.borrow()))?;
        let args = Tuple::from_slice(&[message])?;
        class.call_tuple(args.borrow(), Some(keywords.borrow()))
    };
    match make() {
        Ok(exception) => set(exception.type_of().upcast(), Some(exception.borrow())),
        Err(raised) => raised,
    }
}

// ---- looking and taking ----

capi! {
    fn PyErr_Occurred() -> *mut PyObject {
        let exception = thread::current().current_exception.get();
        if exception.is_null() {
            return ptr::null_mut();
        }
        // SAFETY: the thread state owns an exception.
        unsafe { (*exception).ob_type.get().cast() }
    }

    fn PyErr_Clear() {
        drop(Raised::take_if_set());
    }

    fn _PyErr_Clear(_thread: *mut PyThreadState) {
        drop(Raised::take_if_set());
    }

    fn PyErr_GetRaisedException() -> Option<Ref<Object>> {
        Raised::take_if_set()
    }

    fn _PyErr_GetRaisedException(_thread: *mut PyThreadState) -> Option<Ref<Object>> {
        Raised::take_if_set()
    }

    fn PyErr_SetRaisedException(exception: *mut PyObject) {
        unsafe { restore(exception) }
    }

    fn _PyErr_SetRaisedException(_thread: *mut PyThreadState, exception: *mut PyObject) {
        unsafe { restore(exception) }
    }

    fn PyErr_Fetch(class: *mut *mut PyObject, value: *mut *mut PyObject, traceback: *mut *mut PyObject) {
        let parts = exc::take_normalized();
        unsafe {
            (*class, *value, *traceback) = match parts {
                Some((class, value, traceback)) => {
                    (class.into_ptr(), value.into_ptr(), traceback.map_or(ptr::null_mut(), Ref::into_ptr))
                }
                None => (ptr::null_mut(), ptr::null_mut(), ptr::null_mut()),
            }
        }
    }

    fn PyErr_Restore(class: *mut PyObject, value: *mut PyObject, traceback: *mut PyObject) {
        unsafe {
            let (class, value, traceback) = (stolen(class), stolen(value), stolen(traceback));
            if let Some(traceback) = &traceback
                && !traceback.is_none()
                && !traceback.is_instance_of::<Traceback>()
            {
                // As CPython: what is no traceback is an internal error.
                let _raised = raise!(TypeError, "PyErr_Restore() with a traceback that is none");
                return;
            }
            let _raised = exc::restore_old(class, value, traceback);
        }
    }

    fn PyErr_NormalizeException(class: *mut *mut PyObject, value: *mut *mut PyObject, traceback: *mut *mut PyObject) {
        unsafe {
            let Some(given) = stolen(*class) else { return };
            let old = stolen(*value);
            let made = exc::normalize(given.borrow(), old.as_ref().map(Ref::borrow), None);
            let exception = match made {
                Ok(exception) => exception,
                Err(raised) => {
                    let exception = raised.take();
                    if (*traceback).is_null()
                        && let Some(found) = exc::traceback_of(&exception)
                    {
                        *traceback = found.into_ptr();
                    }
                    exception
                }
            };
            *class = exception.type_of().to_owned().into_ptr();
            *value = exception.into_ptr();
        }
    }

    fn PyErr_GivenExceptionMatches(given: Nullable<'_>, wanted: Nullable<'_>) -> bool {
        match (given, wanted) {
            (Some(given), Some(wanted)) => exc::given_matches(given, wanted),
            _ => false,
        }
    }

    fn PyErr_ExceptionMatches(wanted: Nullable<'_>) -> bool {
        wanted.is_some_and(exc::current_matches)
    }

    fn _PyErr_ExceptionMatches(_thread: *mut PyThreadState, wanted: Nullable<'_>) -> bool {
        wanted.is_some_and(exc::current_matches)
    }

    fn PyErr_GetHandledException() -> Option<Ref<Object>> {
        thread::handled_exception()
    }

    fn PyErr_SetHandledException(exception: Nullable<'_>) {
        set_handled(exception.map(|exception| exception.to_owned()));
    }

    fn PyErr_GetExcInfo(class: *mut *mut PyObject, value: *mut *mut PyObject, traceback: *mut *mut PyObject) {
        let parts = match thread::handled_exception() {
            Some(exception) => [
                exception.type_of().to_owned().into_object(),
                exception.clone(),
                exc::traceback_of(&exception).unwrap_or_else(none),
            ],
            None => [none(), none(), none()],
        };
        let [first, second, third] = parts.map(Ref::into_ptr);
        unsafe {
            (*class, *value, *traceback) = (first, second, third);
        }
    }

    fn PyErr_SetExcInfo(class: *mut PyObject, value: *mut PyObject, traceback: *mut PyObject) {
        unsafe {
            // The value alone says everything.
            drop((stolen(class), stolen(traceback)));
            set_handled(stolen(value));
        }
    }

    fn _PyErr_ChainExceptions1(exception: *mut PyObject) {
        let Some(exception) = (unsafe { stolen(exception) }) else { return };
        if Raised::is_set() {
            let _raised = chain(exception, Raised::assume_set());
        } else {
            let _raised = Raised::restore(exception);
        }
    }
}

unsafe fn restore(exception: *mut PyObject) {
    // SAFETY: the reference is given away.
    match unsafe { stolen(exception) } {
        Some(exception) => {
            let _raised = Raised::restore(exception);
        }
        None => drop(Raised::take_if_set()),
    }
}

fn set_handled(exception: Option<Ref<Object>>) {
    thread::set_handled_exception(exception.filter(|exception| !exception.is_none()));
}

/// Makes `context` the context of the exception that is set.
fn chain(context: Ref<Object>, raised: Raised) -> Raised {
    let current = raised.take();
    exc::set_context(&current, Some(context));
    Raised::restore(current)
}

// ---- exceptions themselves ----

fn exception<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, BaseException>> {
    object.downcast_borrowed().ok_or_else(bad_internal_call)
}

capi! {
    fn PyException_GetTraceback(object: Borrowed<'_, Object>) -> PyResult<Option<Ref<Traceback>>> {
        Ok(exception(object)?.traceback())
    }

    fn PyException_SetTraceback(object: Borrowed<'_, Object>, traceback: Nullable<'_>) -> PyResult<()> {
        let Some(traceback) = traceback else {
            return Err(raise!(TypeError, "__traceback__ may not be deleted"));
        };
        if !traceback.is_none() && !traceback.is_instance_of::<Traceback>() {
            return Err(raise!(TypeError, "__traceback__ must be a traceback or None"));
        }
        exception(object)?.set_traceback(traceback.downcast::<Traceback>().map(|traceback| traceback.to_owned()));
        Ok(())
    }

    fn PyException_GetCause(object: Borrowed<'_, Object>) -> PyResult<Option<Ref<BaseException>>> {
        Ok(exception(object)?.cause())
    }

    fn PyException_SetCause(object: Borrowed<'_, Object>, cause: *mut PyObject) {
        // SAFETY: the reference is given away.
        let cause = unsafe { stolen(cause) };
        if let Ok(exception) = exception(object) {
            exception.set_cause(cause);
        }
    }

    fn PyException_GetContext(object: Borrowed<'_, Object>) -> PyResult<Option<Ref<BaseException>>> {
        Ok(exception(object)?.context())
    }

    fn PyException_SetContext(object: Borrowed<'_, Object>, context: *mut PyObject) {
        // SAFETY: the reference is given away.
        let context = unsafe { stolen(context) };
        if let Ok(exception) = exception(object) {
            exception.set_context(context);
        }
    }

    fn PyException_GetArgs(object: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        Ok(exception(object)?.args())
    }

    fn PyException_SetArgs(object: Borrowed<'_, Object>, args: Borrowed<'_, Tuple>) {
        if let Ok(exception) = exception(object) {
            exception.set_args(args.to_owned());
        }
    }

    fn PyExceptionClass_Name(class: *mut PyTypeObject) -> *const c_char {
        // SAFETY: C passes a live class.
        unsafe { (*class).tp_name.get() }
    }

    fn PyUnstable_Exc_PrepReraiseStar(
        original: Borrowed<'_, Object>,
        exceptions: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Object>> {
        if !original.is_instance_of::<BaseException>() {
            return Err(raise!(TypeError, "orig must be an exception"));
        }
        let Some(list) = exceptions.downcast::<List>() else {
            return Err(raise!(TypeError, "excs must be a list"));
        };
        for (index, item) in list.iter().enumerate() {
            if !item.is_instance_of::<BaseException>() && !item.is_none() {
                return Err(raise!(TypeError, "item {index} in excs is not an exception"));
            }
        }
        if exception(original)?.traceback().is_none() {
            return Err(raise!(ValueError, "orig must be a raised exception"));
        }
        exc::prepare_reraise_star(original, exceptions)
    }

    fn PyErr_NewException(name: *const c_char, base: Nullable<'_>, dict: Nullable<'_>) -> PyResult<Ref<Object>> {
        // SAFETY: C passes a C string.
        let name = unsafe { lossy(name) };
        new_exception(&name, None, base, dict)
    }

    fn PyErr_NewExceptionWithDoc(
        name: *const c_char,
        doc: *const c_char,
        base: Nullable<'_>,
        dict: Nullable<'_>,
    ) -> PyResult<Ref<Object>> {
        // SAFETY: C passes a C string, and NULL or one.
        unsafe {
            let doc = if doc.is_null() { None } else { Some(string(doc)?) };
            let name = lossy(name);
            new_exception(&name, doc, base, dict)
        }
    }
}

fn new_exception(name: &str, doc: Option<Ref<Str>>, base: Nullable<'_>, dict: Nullable<'_>) -> PyResult<Ref<Object>> {
    let Some((module, short)) = name.rsplit_once('.') else {
        return Err(raise!(SystemError, "PyErr_NewException: name must be module.class"));
    };
    let dict = match dict {
        Some(dict) => expect::<Dict>(dict)?.to_owned(),
        None => Dict::new()?,
    };
    if let Some(doc) = doc {
        dict.set_str(id!("__doc__"), doc.as_borrowed())?;
    }
    if !dict.contains_str(id!("__module__")) {
        dict.set_str(id!("__module__"), Str::from_utf8_str(module)?.as_borrowed())?;
    }
    let base = base.map_or_else(|| exc::Exception::type_object().upcast().to_owned(), |base| base.to_owned());
    let bases = match base.downcast::<Tuple>() {
        Some(bases) => bases.to_owned(),
        None => Tuple::from_slice(&[base.borrow()])?,
    };
    let short = Str::from_utf8_str(short)?;
    Type::type_object().upcast().call(&[short.as_borrowed(), bases.as_borrowed(), dict.as_borrowed()])
}

// ---- reporting ----

capi! {
    fn PyErr_Print() {
        print(true);
    }

    fn PyErr_PrintEx(set_last: c_int) {
        print(set_last != 0);
    }

    fn PyErr_Display(_class: Nullable<'_>, value: Nullable<'_>, traceback: Nullable<'_>) {
        let Some(value) = value else { return };
        let traceback = traceback.and_then(|traceback| traceback.downcast::<Traceback>().map(|found| found.to_owned()));
        exc::display(&value, traceback, None);
    }

    fn PyErr_DisplayException(value: Borrowed<'_, Object>) {
        exc::display(&value, None, None);
    }

    fn PyErr_WriteUnraisable(object: Nullable<'_>) {
        if Raised::is_set() {
            exc::report_unraisable_object(Raised::assume_set(), object);
        }
    }

    fn taipan_err_format_unraisable(format: *const c_char, arguments: *mut Arguments) {
        let exception = Raised::take_if_set();
        let message = if format.is_null() {
            None
        } else {
            match unsafe { formatted(format, arguments) } {
                Ok(message) => Some(message.to_text()),
                Err(raised) => {
                    raised.clear();
                    None
                }
            }
        };
        let Some(exception) = exception else { return };
        let raised = Raised::restore(exception);
        match message {
            Some(message) => exc::report_unraisable(raised, &message, None),
            None => exc::report_unraisable_object(raised, None),
        }
    }

    fn PyErr_CheckSignals() -> PyResult<()> {
        thread::breaker::check_signals()
    }

    fn _PyErr_CheckSignalsTstate(_thread: *mut PyThreadState) -> PyResult<()> {
        thread::breaker::check_signals()
    }

    fn PyErr_SetInterrupt() {
        interrupt(libc::SIGINT);
    }

    fn PyErr_SetInterruptEx(signal: c_int) -> c_int {
        interrupt(signal)
    }
}

/// Has the main thread handle a signal, as if it had come from the system.
fn interrupt(signal: c_int) -> c_int {
    if !(1..taipan_runtime::modules::_signal::NSIG as c_int).contains(&signal) {
        return -1;
    }
    match taipan_runtime::modules::_signal::interrupt_main(signal) {
        Ok(()) => 0,
        Err(raised) => {
            raised.clear();
            -1
        }
    }
}

fn print(set_last: bool) {
    if Raised::is_set() {
        exc::print_error(Raised::assume_set(), set_last);
    }
}

// ---- places in source code ----

capi! {
    fn PyErr_SyntaxLocation(file: *const c_char, line: c_int) {
        let file = unsafe { file_name(file) };
        syntax_location(file.map(|file| file.map(Ref::into_object)), line, -1, line, -1);
    }

    fn PyErr_SyntaxLocationEx(file: *const c_char, line: c_int, column: c_int) {
        let file = unsafe { file_name(file) };
        syntax_location(file.map(|file| file.map(Ref::into_object)), line, column, line, -1);
    }

    fn PyErr_SyntaxLocationObject(file: Nullable<'_>, line: c_int, column: c_int) {
        syntax_location(Ok(file.map(|file| file.to_owned())), line, column, line, -1);
    }

    fn PyErr_RangedSyntaxLocationObject(
        file: Nullable<'_>,
        line: c_int,
        column: c_int,
        end_line: c_int,
        end_column: c_int,
    ) {
        syntax_location(Ok(file.map(|file| file.to_owned())), line, column, end_line, end_column);
    }

    fn PyErr_ProgramText(file: *const c_char, line: c_int) -> PyResult<Option<Ref<Str>>> {
        Ok(program_text(&unsafe { lossy(file) }, line))
    }

    fn PyErr_ProgramTextObject(file: Nullable<'_>, line: c_int) -> PyResult<Option<Ref<Str>>> {
        Ok(file.and_then(|file| program_text(&file.to_text(), line)))
    }
}

/// Writes a place into the exception that is set. What goes wrong is dropped, as the error at hand matters more.
fn syntax_location(
    file: PyResult<Option<Ref<Object>>>,
    line: c_int,
    column: c_int,
    end_line: c_int,
    end_column: c_int,
) {
    let Some(exception) = Raised::take_if_set() else { return };
    let number = |value: c_int| -> PyResult<Ref<Object>> {
        if value < 0 { Ok(none()) } else { Ok(Int::from_i64(i64::from(value))?.into_object()) }
    };
    let fill = || -> PyResult<()> {
        let file = file?;
        exception.setattr(id!("lineno"), Int::from_i64(i64::from(line))?.as_borrowed())?;
        exception.setattr(id!("offset"), number(column)?.borrow())?;
        exception.setattr(id!("end_lineno"), number(if end_line < line { -1 } else { end_line })?.borrow())?;
        exception.setattr(id!("end_offset"), number(end_column)?.borrow())?;
        let Some(file) = file else { return Ok(()) };
        exception.setattr(id!("filename"), file.borrow())?;
        let text = program_text(&file.to_text(), line).map_or_else(none, Ref::into_object);
        exception.setattr(id!("text"), text.borrow())?;
        for name in [id!("msg"), id!("print_file_and_line")] {
            if exception.lookup_attr(name)?.is_none() {
                exception.setattr(name, none().borrow())?;
            }
        }
        Ok(())
    };
    if let Err(raised) = fill() {
        raised.clear();
    }
    let _raised = Raised::restore(exception);
}

/// A line of a file, with its end.
fn program_text(file: &str, line: c_int) -> Option<Ref<Str>> {
    let text = std::fs::read(file).ok()?;
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let line = text.split_inclusive(|&byte| byte == b'\n').nth(index)?;
    Str::from_utf8_str(&String::from_utf8_lossy(line)).ok()
}
