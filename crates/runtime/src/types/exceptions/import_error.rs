//! `ImportError` and `ModuleNotFoundError`.

use core::mem::offset_of;

use super::base::{self, BaseException, Fields};
use super::{Exception, ExceptionPointer, plain_exceptions};
use crate::abi::{PyImportErrorObject, PyObject, PyTypeObject, destructor, initproc, inquiry, traverseproc};
use crate::object::args::ArgSpec;
use crate::prelude::*;
use crate::thread::Slot;

/// `ImportError`.
#[repr(transparent)]
pub struct ImportError(pub(crate) PyImportErrorObject);

// SAFETY: the fields are owned object pointers.
unsafe impl Fields for ImportError {
    const OFFSETS: &'static [usize] = &[
        offset_of!(PyImportErrorObject, msg),
        offset_of!(PyImportErrorObject, name),
        offset_of!(PyImportErrorObject, path),
        offset_of!(PyImportErrorObject, name_from),
    ];
}

static KEYWORDS: ArgSpec =
    ArgSpec { pos: 0, kwonly: 3, ..ArgSpec::plain("ImportError", &["name", "path", "name_from"], 0) };

unsafe extern "C" fn init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: called through the slot of `ImportError`.
    unsafe {
        let offsets = [
            offset_of!(PyImportErrorObject, name),
            offset_of!(PyImportErrorObject, path),
            offset_of!(PyImportErrorObject, name_from),
        ];
        if base::init_with_keywords(&KEYWORDS, object, args, kwargs, offsets).is_err() {
            return -1;
        }
        let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
        let message = if args.len() == 1 { Some(args.get(0).to_owned()) } else { None };
        Slot::of(&(*object.cast::<PyImportErrorObject>()).msg).set(message);
    }
    0
}

#[pytype(name = "ImportError", base = Exception, gc, basetype, subclass_flag = BASE_EXC)]
impl ImportError {
    #[slot(tp_init, raw)]
    const INIT: initproc = init;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = base::dealloc::<ImportError>;
    #[slot(tp_traverse, raw)]
    const TRAVERSE: traverseproc = base::traverse::<ImportError>;
    #[slot(tp_clear, raw)]
    const CLEAR: inquiry = base::clear::<ImportError>;

    #[slot(tp_str)]
    fn str(this: &Ref<ImportError>) -> PyResult<Ref<Str>> {
        if let Some(message) = Slot::of(&this.0.msg).get()
            && let Some(message) = message.downcast_exact::<Str>()
        {
            return Ok(message.to_owned());
        }
        // SAFETY: the layout begins with that of `BaseException`.
        BaseException::str(unsafe { this.cast_unchecked() })
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<ImportError>) -> PyResult<Ref<Tuple>> {
        // SAFETY: the layout begins with that of `BaseException`.
        let base: &Ref<BaseException> = unsafe { this.cast_unchecked() };
        let parts = [
            (id!("name"), Slot::of(&this.0.name).get()),
            (id!("path"), Slot::of(&this.0.path).get()),
            (id!("name_from"), Slot::of(&this.0.name_from).get()),
        ];
        let state = state_with(base, &parts)?;
        let mut items = vec![this.type_of().to_owned().into_object(), base.args().into_object()];
        items.extend(state);
        Tuple::from_vec(items)
    }

    #[member(name = "msg", kind = _Py_T_OBJECT, offset = offset_of!(PyImportErrorObject, msg))]
    const _MSG: () = ();
    #[member(name = "name", kind = _Py_T_OBJECT, offset = offset_of!(PyImportErrorObject, name))]
    const _NAME: () = ();
    #[member(name = "path", kind = _Py_T_OBJECT, offset = offset_of!(PyImportErrorObject, path))]
    const _PATH: () = ();
    #[member(name = "name_from", kind = _Py_T_OBJECT, offset = offset_of!(PyImportErrorObject, name_from))]
    const _NAME_FROM: () = ();
}

/// The state for pickling: the instance's dict with `parts` that are set added to a copy; nothing if all are empty.
pub(super) fn state_with(
    exception: &Ref<BaseException>,
    parts: &[(Borrowed<'static, Str>, Option<Ref<Object>>)],
) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: the field holds a dict or nothing.
    let dict = unsafe { Slot::of(&exception.0.dict).get_as::<Dict>() };
    if parts.iter().all(|(_, value)| value.is_none()) {
        return Ok(dict.map(Ref::into_object));
    }
    let dict = match dict {
        Some(dict) => dict.copy()?,
        None => Dict::new()?,
    };
    for (name, value) in parts {
        if let Some(value) = value {
            dict.set_str(*name, value.borrow())?;
        }
    }
    Ok(Some(dict.into_object()))
}

/// C's pointer to `ImportError`.
#[unsafe(no_mangle)]
pub static PyExc_ImportError: ExceptionPointer = ExceptionPointer::new(ImportError::TYPE);

plain_exceptions! { PyImportErrorObject;
    ModuleNotFoundError "ModuleNotFoundError" (ImportError) PyExc_ModuleNotFoundError;
}

/// Raises ImportError with name, path and name_from (`_PyErr_SetImportErrorWithNameFrom`).
#[cold]
pub fn raise_import_error(
    message: &str,
    name: Borrowed<'_, Object>,
    path: Option<Borrowed<'_, Object>>,
    name_from: Option<Borrowed<'_, Str>>,
) -> Raised {
    raise_import_error_of(ImportError::TYPE, message, Some(name), path, name_from.map(|name| name.upcast()))
}

/// The same for a subclass, with each part optional (`PyErr_SetImportErrorSubclass`).
#[cold]
pub fn raise_import_error_of(
    class: *mut PyTypeObject,
    message: &str,
    name: Option<Borrowed<'_, Object>>,
    path: Option<Borrowed<'_, Object>>,
    name_from: Option<Borrowed<'_, Object>>,
) -> Raised {
    let made = Str::from_utf8_str(message).and_then(|message| {
        // SAFETY: an exception class.
        let class: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(class) };
        class.call1(message.as_borrowed())
    });
    match made {
        Ok(exception) => {
            if let Some(error) = exception.downcast::<ImportError>() {
                let part = |part: Option<Borrowed<'_, Object>>| Some(part.map_or_else(none, |part| part.to_owned()));
                Slot::of(&error.0.name).set(part(name));
                Slot::of(&error.0.path).set(part(path));
                Slot::of(&error.0.name_from).set(part(name_from));
            }
            crate::object::raise_instance(exception)
        }
        Err(raised) => raised,
    }
}
