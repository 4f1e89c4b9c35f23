//! `NameError`, `UnboundLocalError` and `AttributeError`, which know the name for suggestions.

use core::mem::offset_of;

use super::base::{self, BaseException, Fields};
use super::import_error::state_with;
use super::{Exception, ExceptionPointer, plain_exceptions};
use crate::abi::{PyAttributeErrorObject, PyNameErrorObject, PyObject, destructor, initproc, inquiry, traverseproc};
use crate::object::args::ArgSpec;
use crate::prelude::*;
use crate::thread::Slot;

/// `NameError`.
#[repr(transparent)]
pub struct NameError(pub(crate) PyNameErrorObject);

// SAFETY: the fields are owned object pointers.
unsafe impl Fields for NameError {
    const OFFSETS: &'static [usize] = &[offset_of!(PyNameErrorObject, name)];
}

const fn keywords(function: &'static str, names: &'static [&'static str]) -> ArgSpec {
    ArgSpec { pos: 0, kwonly: names.len() as u8, ..ArgSpec::plain(function, names, 0) }
}

static NAME_KEYWORDS: ArgSpec = keywords("NameError", &["name"]);
static ATTRIBUTE_KEYWORDS: ArgSpec = keywords("AttributeError", &["name", "obj"]);

unsafe extern "C" fn name_init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    let offsets = [offset_of!(PyNameErrorObject, name)];
    // SAFETY: called through the slot of `NameError`.
    base::status(unsafe { base::init_with_keywords(&NAME_KEYWORDS, object, args, kwargs, offsets) })
}

#[pytype(name = "NameError", base = Exception, gc, basetype, subclass_flag = BASE_EXC)]
impl NameError {
    #[slot(tp_init, raw)]
    const INIT: initproc = name_init;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = base::dealloc::<NameError>;
    #[slot(tp_traverse, raw)]
    const TRAVERSE: traverseproc = base::traverse::<NameError>;
    #[slot(tp_clear, raw)]
    const CLEAR: inquiry = base::clear::<NameError>;
    #[member(name = "name", kind = _Py_T_OBJECT, offset = offset_of!(PyNameErrorObject, name))]
    const _NAME: () = ();
}

/// C's pointer to `NameError`.
#[unsafe(no_mangle)]
pub static PyExc_NameError: ExceptionPointer = ExceptionPointer::new(NameError::TYPE);

plain_exceptions! { PyNameErrorObject;
    UnboundLocalError "UnboundLocalError" (NameError) PyExc_UnboundLocalError;
}

/// `AttributeError`.
#[repr(transparent)]
pub struct AttributeError(pub(crate) PyAttributeErrorObject);

// SAFETY: the fields are owned object pointers.
unsafe impl Fields for AttributeError {
    const OFFSETS: &'static [usize] =
        &[offset_of!(PyAttributeErrorObject, obj), offset_of!(PyAttributeErrorObject, name)];
}

unsafe extern "C" fn attribute_init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    let offsets = [offset_of!(PyAttributeErrorObject, name), offset_of!(PyAttributeErrorObject, obj)];
    // SAFETY: called through the slot of `AttributeError`.
    base::status(unsafe { base::init_with_keywords(&ATTRIBUTE_KEYWORDS, object, args, kwargs, offsets) })
}

#[pytype(name = "AttributeError", base = Exception, gc, basetype, subclass_flag = BASE_EXC)]
impl AttributeError {
    #[slot(tp_init, raw)]
    const INIT: initproc = attribute_init;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = base::dealloc::<AttributeError>;
    #[slot(tp_traverse, raw)]
    const TRAVERSE: traverseproc = base::traverse::<AttributeError>;
    #[slot(tp_clear, raw)]
    const CLEAR: inquiry = base::clear::<AttributeError>;

    /// `obj` is left out: often it cannot be pickled.
    #[method(name = "__getstate__", signature = "($self, /)")]
    fn getstate(this: &Ref<AttributeError>) -> PyResult<Ref<Object>> {
        // SAFETY: the layout begins with that of `BaseException`.
        let base: &Ref<BaseException> = unsafe { this.cast_unchecked() };
        let parts = [(id!("name"), Slot::of(&this.0.name).get()), (id!("args"), Some(base.args().into_object()))];
        Ok(state_with(base, &parts)?.unwrap_or_else(none))
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<AttributeError>) -> PyResult<Ref<Tuple>> {
        // SAFETY: the layout begins with that of `BaseException`.
        let base: &Ref<BaseException> = unsafe { this.cast_unchecked() };
        let state = AttributeError::getstate(this)?;
        Tuple::from_vec(vec![this.type_of().to_owned().into_object(), base.args().into_object(), state])
    }

    #[member(name = "name", kind = _Py_T_OBJECT, offset = offset_of!(PyAttributeErrorObject, name))]
    const _NAME: () = ();
    #[member(name = "obj", kind = _Py_T_OBJECT, offset = offset_of!(PyAttributeErrorObject, obj))]
    const _OBJ: () = ();
}

/// C's pointer to `AttributeError`.
#[unsafe(no_mangle)]
pub static PyExc_AttributeError: ExceptionPointer = ExceptionPointer::new(AttributeError::TYPE);

/// AttributeError with `name` and `obj` set, so that a traceback can suggest a name.
#[cold]
pub fn raise_attribute_error(message: &str, object: Borrowed<'_, Object>, name: Borrowed<'_, Object>) -> Raised {
    let made = Str::from_utf8_str(message)
        .and_then(|message| Tuple::from_slice(&[message.as_borrowed()]))
        // SAFETY: an exception class.
        .and_then(|args| unsafe { base::allocate(AttributeError::TYPE, args) });
    match made {
        Ok(exception) => {
            // SAFETY: the instance has the layout of its class.
            let error: &Ref<AttributeError> = unsafe { exception.cast_unchecked() };
            Slot::of(&error.0.name).set(Some(name.to_owned()));
            Slot::of(&error.0.obj).set(Some(object.to_owned()));
            crate::object::raise_instance(exception.into_object())
        }
        Err(raised) => raised,
    }
}

/// Gives the NameError or AttributeError that is set its name, unless it has one.
pub fn set_name_of_current(raised: &Raised, name: Borrowed<'_, Str>) {
    let Some(exception) = raised.peek() else { return };
    let slot = if exception.is_instance_of::<NameError>() {
        // SAFETY: just checked.
        unsafe { Slot::of(&(*exception.as_ptr().cast::<PyNameErrorObject>()).name) }
    } else if exception.is_instance_of::<AttributeError>() {
        // SAFETY: just checked.
        unsafe { Slot::of(&(*exception.as_ptr().cast::<PyAttributeErrorObject>()).name) }
    } else {
        return;
    };
    if !slot.is_set() {
        slot.set(Some(name.upcast().to_owned()));
    }
}
