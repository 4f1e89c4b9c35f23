//! `OSError`, which picks a subclass by `errno`, and those subclasses.
//!
//! A file name given as third argument (and a second one as fifth) goes to attributes and leaves `args`. Where a subclass
//! overrides `__init__` but not `__new__`, the arguments are taken apart in `__init__`.

use core::mem::offset_of;
use std::ffi::CStr as StdCStr;

use super::base::{self, BaseException, Fields};
use super::{Exception, ExceptionPointer, plain_exceptions};
use crate::abi::{PyOSErrorObject, PyObject, PyTypeObject, destructor, initproc, inquiry, newfunc, traverseproc};
use crate::prelude::*;
use crate::thread::Slot;
use crate::types::str::StrBuilder;

/// `OSError`.
#[repr(transparent)]
pub struct OSError(pub(crate) PyOSErrorObject);

// SAFETY: the fields are owned object pointers.
unsafe impl Fields for OSError {
    const OFFSETS: &'static [usize] = &[
        offset_of!(PyOSErrorObject, myerrno),
        offset_of!(PyOSErrorObject, strerror),
        offset_of!(PyOSErrorObject, filename),
        offset_of!(PyOSErrorObject, filename2),
    ];
}

/// What the positional arguments mean.
struct Parsed {
    errno: Option<Ref<Object>>,
    strerror: Option<Ref<Object>>,
    filename: Option<Ref<Object>>,
    filename2: Option<Ref<Object>>,
}

/// Two to five arguments are `errno, strerror, filename, winerror, filename2`; any other number means nothing.
fn parse(args: Borrowed<'_, Tuple>) -> Parsed {
    let item = |index: usize| {
        if (2..=5).contains(&args.len()) && index < args.len() { Some(args.get(index).to_owned()) } else { None }
    };
    Parsed { errno: item(0), strerror: item(1), filename: item(2), filename2: item(4) }
}

/// Whether `__init__` takes the arguments apart rather than `__new__`.
unsafe fn init_parses(class: *mut PyTypeObject) -> bool {
    // SAFETY: a live type.
    unsafe {
        (*class).tp_init.get().map(|f| f as usize) != Some(init as *const () as usize)
            && (*class).tp_new.get().map(|f| f as usize) == Some(new as *const () as usize)
    }
}

/// Fills the fields.
unsafe fn fill(object: &Ref<OSError>, args: Borrowed<'_, Tuple>, parsed: Parsed) -> PyResult<()> {
    let mut args = args.to_owned();
    if let Some(filename) = parsed.filename
        && !filename.is_none()
    {
        if object.is_exact::<BlockingIOError>() && is_number(&filename) {
            // Here the third argument can be the number of characters written.
            object.0.written.set(written_count(&filename)?);
        } else {
            Slot::of(&object.0.filename).set(Some(filename));
            if let Some(second) = parsed.filename2
                && !second.is_none()
            {
                Slot::of(&object.0.filename2).set(Some(second));
            }
            if (2..=5).contains(&args.len()) {
                args = Tuple::from_slice(&[args.get(0), args.get(1)])?;
            }
        }
    }
    Slot::of(&object.0.myerrno).set(parsed.errno);
    Slot::of(&object.0.strerror).set(parsed.strerror);
    Slot::of(&object.0.args).set(Some(args.into_object()));
    Ok(())
}

/// `PyNumber_Check`.
fn is_number(value: &Ref<Object>) -> bool {
    value.number_methods().is_some_and(|methods| {
        methods.nb_index.get().is_some() || methods.nb_int.get().is_some() || methods.nb_float.get().is_some()
    }) || value.is_instance_of::<Complex>()
}

fn written_count(value: &Ref<Object>) -> PyResult<isize> {
    match value.index()?.to_i64() {
        Some(count) => Ok(count as isize),
        None => Err(raise!(ValueError, "cannot fit '{}' into an index-sized integer", value.type_name())),
    }
}

unsafe extern "C" fn new(class: *mut PyTypeObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: the slot's convention.
    match unsafe { make(class, Borrowed::from_ptr(args), kwargs) } {
        Ok(error) => error.into_ptr(),
        Err(raised) => raised.into_null(),
    }
}

unsafe fn make(class: *mut PyTypeObject, args: Borrowed<'_, Tuple>, kwargs: *mut PyObject) -> PyResult<Ref<OSError>> {
    // SAFETY: the slot's convention.
    unsafe {
        let deferred = init_parses(class);
        let mut class = class;
        let mut parsed = None;
        if !deferred {
            base::no_keywords(class, kwargs)?;
            let found = parse(args);
            if class == OSError::TYPE
                && let Some(errno) = &found.errno
                && let Some(number) = errno.downcast::<Int>()
                && let Some(subclass) =
                    number.to_i64().and_then(|number| i32::try_from(number).ok()).and_then(subclass_of)
            {
                class = subclass;
            }
            parsed = Some(found);
        }
        let error = base::allocate(class, Tuple::empty())?.into_unchecked::<OSError>();
        error.0.written.set(-1);
        if let Some(parsed) = parsed {
            fill(&error, args, parsed)?;
        }
        Ok(error)
    }
}

unsafe extern "C" fn init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: the slot's convention.
    unsafe {
        let class = (*object).ob_type.get();
        if !init_parses(class) {
            return 0;
        }
        let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
        let error: Borrowed<'_, OSError> = Borrowed::from_ptr(object);
        base::status(base::no_keywords(class, kwargs).and_then(|()| fill(&error, args, parse(args))))
    }
}

#[pytype(name = "OSError", base = Exception, gc, basetype, subclass_flag = BASE_EXC)]
impl OSError {
    #[slot(tp_new, raw)]
    const NEW: newfunc = new;
    #[slot(tp_init, raw)]
    const INIT: initproc = init;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = base::dealloc::<OSError>;
    #[slot(tp_traverse, raw)]
    const TRAVERSE: traverseproc = base::traverse::<OSError>;
    #[slot(tp_clear, raw)]
    const CLEAR: inquiry = base::clear::<OSError>;

    #[slot(tp_str)]
    fn str(this: &Ref<OSError>) -> PyResult<Ref<Str>> {
        let (errno, strerror) = (Slot::of(&this.0.myerrno).get(), Slot::of(&this.0.strerror).get());
        let filename = Slot::of(&this.0.filename).get();
        if filename.is_none() && (errno.is_none() || strerror.is_none()) {
            // SAFETY: the layout begins with that of `BaseException`.
            return BaseException::str(unsafe { this.cast_unchecked() });
        }
        let mut text = StrBuilder::new();
        text.push_str("[Errno ")?;
        text.push_object(&errno.unwrap_or_else(none).str()?)?;
        text.push_str("] ")?;
        text.push_object(&strerror.unwrap_or_else(none).str()?)?;
        if let Some(filename) = filename {
            text.push_str(": ")?;
            text.push_object(&filename.repr()?)?;
            if let Some(second) = Slot::of(&this.0.filename2).get() {
                text.push_str(" -> ")?;
                text.push_object(&second.repr()?)?;
            }
        }
        text.finish()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<OSError>) -> PyResult<Ref<Tuple>> {
        // SAFETY: the layout begins with that of `BaseException`.
        let base: &Ref<BaseException> = unsafe { this.cast_unchecked() };
        let mut args = base.args();
        if args.len() == 2
            && let Some(filename) = Slot::of(&this.0.filename).get()
        {
            let mut items = vec![args.get(0).to_owned(), args.get(1).to_owned(), filename];
            if let Some(second) = Slot::of(&this.0.filename2).get() {
                items.push(none());
                items.push(second);
            }
            args = Tuple::from_vec(items)?;
        }
        let mut items = vec![this.type_of().to_owned().into_object(), args.into_object()];
        items.extend(Slot::of(&this.0.dict).get());
        Tuple::from_vec(items)
    }

    #[getter(name = "characters_written")]
    fn written(this: &Ref<OSError>) -> PyResult<isize> {
        match this.0.written.get() {
            -1 => Err(raise!(AttributeError, "characters_written")),
            count => Ok(count),
        }
    }

    #[setter(name = "characters_written")]
    fn set_written(this: &Ref<OSError>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else {
            if this.0.written.get() == -1 {
                return Err(raise!(AttributeError, "characters_written"));
            }
            this.0.written.set(-1);
            return Ok(());
        };
        this.0.written.set(written_count(&value)?);
        Ok(())
    }

    #[member(name = "errno", kind = _Py_T_OBJECT, offset = offset_of!(PyOSErrorObject, myerrno))]
    const _ERRNO: () = ();
    #[member(name = "strerror", kind = _Py_T_OBJECT, offset = offset_of!(PyOSErrorObject, strerror))]
    const _STRERROR: () = ();
    #[member(name = "filename", kind = _Py_T_OBJECT, offset = offset_of!(PyOSErrorObject, filename))]
    const _FILENAME: () = ();
    #[member(name = "filename2", kind = _Py_T_OBJECT, offset = offset_of!(PyOSErrorObject, filename2))]
    const _FILENAME2: () = ();
}

/// C's pointer to `OSError`.
#[unsafe(no_mangle)]
pub static PyExc_OSError: ExceptionPointer = ExceptionPointer::new(OSError::TYPE);

plain_exceptions! { PyOSErrorObject;
    BlockingIOError "BlockingIOError" (OSError) PyExc_BlockingIOError;
    ChildProcessError "ChildProcessError" (OSError) PyExc_ChildProcessError;
    ConnectionError "ConnectionError" (OSError) PyExc_ConnectionError;
    BrokenPipeError "BrokenPipeError" (ConnectionError) PyExc_BrokenPipeError;
    ConnectionAbortedError "ConnectionAbortedError" (ConnectionError) PyExc_ConnectionAbortedError;
    ConnectionRefusedError "ConnectionRefusedError" (ConnectionError) PyExc_ConnectionRefusedError;
    ConnectionResetError "ConnectionResetError" (ConnectionError) PyExc_ConnectionResetError;
    FileExistsError "FileExistsError" (OSError) PyExc_FileExistsError;
    FileNotFoundError "FileNotFoundError" (OSError) PyExc_FileNotFoundError;
    InterruptedError "InterruptedError" (OSError) PyExc_InterruptedError;
    IsADirectoryError "IsADirectoryError" (OSError) PyExc_IsADirectoryError;
    NotADirectoryError "NotADirectoryError" (OSError) PyExc_NotADirectoryError;
    PermissionError "PermissionError" (OSError) PyExc_PermissionError;
    ProcessLookupError "ProcessLookupError" (OSError) PyExc_ProcessLookupError;
    TimeoutError "TimeoutError" (OSError) PyExc_TimeoutError;
}

/// The subclass for an error number.
fn subclass_of(errno: i32) -> Option<*mut PyTypeObject> {
    Some(match errno {
        libc::EAGAIN | libc::EALREADY | libc::EINPROGRESS => BlockingIOError::TYPE,
        libc::EPIPE | libc::ESHUTDOWN => BrokenPipeError::TYPE,
        libc::ECHILD => ChildProcessError::TYPE,
        libc::ECONNABORTED => ConnectionAbortedError::TYPE,
        libc::ECONNREFUSED => ConnectionRefusedError::TYPE,
        libc::ECONNRESET => ConnectionResetError::TYPE,
        libc::EEXIST => FileExistsError::TYPE,
        libc::ENOENT => FileNotFoundError::TYPE,
        libc::EISDIR => IsADirectoryError::TYPE,
        libc::ENOTDIR => NotADirectoryError::TYPE,
        libc::EINTR => InterruptedError::TYPE,
        libc::EACCES | libc::EPERM => PermissionError::TYPE,
        libc::ESRCH => ProcessLookupError::TYPE,
        libc::ETIMEDOUT => TimeoutError::TYPE,
        _ => return None,
    })
}

/// The class that `OSError(errno, ..)` makes.
pub fn class_of_errno(errno: i32) -> *mut PyTypeObject {
    subclass_of(errno).unwrap_or(OSError::TYPE)
}

/// C's `errno` of this thread.
pub fn errno() -> i32 {
    // SAFETY: the location is thread local and live.
    unsafe { *libc::__errno_location() }
}

/// C's text for an error number.
pub fn strerror(errno: i32) -> String {
    if errno == 0 {
        return "Error".to_owned();
    }
    // SAFETY: the text is a static one of the C library, or a buffer of this thread's.
    unsafe { StdCStr::from_ptr(libc::strerror(errno)).to_string_lossy().into_owned() }
}

/// Raises OSError for `errno`, with the file name if there is one (`PyErr_SetFromErrnoWithFilename`).
#[cold]
pub fn from_errno(errno: i32, filename: Option<Borrowed<'_, Object>>) -> Raised {
    from_errno_objects(OSError::TYPE, errno, filename, None)
}

/// As [`from_errno`], of the thread's current `errno`.
#[cold]
pub fn from_last_errno(filename: Option<Borrowed<'_, Object>>) -> Raised {
    from_errno(errno(), filename)
}

/// `PyErr_SetFromErrnoWithFilenameObjects`. After EINTR, signal handlers run first, and what they raise wins.
#[cold]
pub fn from_errno_objects(
    class: *mut PyTypeObject,
    errno: i32,
    filename: Option<Borrowed<'_, Object>>,
    filename2: Option<Borrowed<'_, Object>>,
) -> Raised {
    if errno == libc::EINTR
        && let Err(raised) = crate::thread::breaker::check_signals()
    {
        return raised;
    }
    let make = || -> PyResult<Ref<Object>> {
        let number = Int::from_i64(i64::from(errno))?;
        let message = Str::from_utf8_str(&strerror(errno))?;
        let zero = Int::from_i64(0)?;
        let mut args = vec![number.as_borrowed(), message.as_borrowed()];
        args.extend(filename);
        if let Some(second) = filename2 {
            args.push(zero.as_borrowed());
            args.push(second);
        }
        // SAFETY: the class is live.
        let class: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(class) };
        class.call(&args)
    };
    match make() {
        // SAFETY: the type of an exception instance.
        Ok(error) => super::set_object(unsafe { Borrowed::from_ptr(error.type_ptr()) }, Some(error.borrow())),
        Err(raised) => raised,
    }
}
