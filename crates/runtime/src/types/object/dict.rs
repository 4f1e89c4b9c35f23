//! Dictionaries of instances, wherever an object keeps its own: in the managed word before it, in a field at
//! `tp_dictoffset`, or as inline values that become a dictionary when asked for.
//!
//! How managed dictionaries and inline values work is in `types/dict/instance.rs`; here is the choice between the three.
//! CPython: `_PyObject_GetDictPtr`, `_PyObject_ComputedDictPointer`, `PyObject_GenericGetDict` in `Objects/object.c`.

use core::cell::Cell;
use core::ptr;

use crate::abi::*;
use crate::prelude::*;
use crate::types::dict::instance;

pub use instance::{clear_managed_dict as clear_managed, visit_managed_dict as visit_managed};

/// The dictionary field of an object whose type has a plain `tp_dictoffset`; null without one. A negative offset counts from
/// the end of an object with items.
///
/// # Safety
/// `object` is live and its dictionary is not managed.
#[inline]
pub unsafe fn computed_pointer(object: *mut PyObject) -> *mut *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let ty = (*object).ob_type.get();
        let mut offset = (*ty).tp_dictoffset.get();
        if offset == 0 {
            return ptr::null_mut();
        }
        if offset < 0 {
            let items = (*object.cast::<PyVarObject>()).ob_size.get().unsigned_abs();
            let size = (*ty).tp_basicsize.get() as usize + items * (*ty).tp_itemsize.get() as usize;
            offset += size.next_multiple_of(size_of::<*mut PyObject>()) as isize;
        }
        object.cast::<u8>().offset(offset).cast()
    }
}

unsafe fn is_managed(object: *mut PyObject) -> bool {
    // SAFETY: a live object.
    unsafe { (*(*object).ob_type.get()).tp_flags.get() & Py_TPFLAGS_MANAGED_DICT != 0 }
}

/// The instance dictionary if there is one by now; inline values are not made into one.
pub fn existing(object: &Ref<Object>) -> Option<Ref<Dict>> {
    // SAFETY: a handle's object is live.
    unsafe {
        let pointer = object.as_ptr();
        if is_managed(pointer) {
            return Ref::from_borrowed_ptr_or_null(instance::managed_dict(pointer).get());
        }
        let field = computed_pointer(pointer);
        if field.is_null() { None } else { Ref::from_borrowed_ptr_or_null(*field) }
    }
}

/// The instance dictionary, made if the object can have one and has none yet; `None` if it cannot.
pub fn get_dict(object: &Ref<Object>) -> PyResult<Option<Ref<Dict>>> {
    // SAFETY: a handle's object is live.
    unsafe {
        let pointer = object.as_ptr();
        if is_managed(pointer) {
            return instance::materialize_managed_dict(pointer).map(Some);
        }
        let field = computed_pointer(pointer);
        if field.is_null() {
            return Ok(None);
        }
        instance::ensure_dict_at(pointer, field).map(Some)
    }
}

/// `object.__dict__` (`PyObject_GenericGetDict`).
pub fn get_or_create(object: &Ref<Object>) -> PyResult<Ref<Dict>> {
    match get_dict(object)? {
        Some(dict) => Ok(dict),
        None => Err(no_dict()),
    }
}

#[cold]
fn no_dict() -> Raised {
    raise!(AttributeError, "This object has no __dict__")
}

/// `object.__dict__ = value`, deletion for `None` (`PyObject_GenericSetDict`).
pub fn set(object: &Ref<Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let new = match value {
        None => None,
        Some(value) => match value.downcast::<Dict>() {
            Some(dict) => Some(dict.to_owned()),
            None => {
                return Err(raise!(TypeError, "__dict__ must be set to a dictionary, not a '{}'", value.type_name()));
            }
        },
    };
    // SAFETY: a handle's object is live; the field owns its dictionary.
    unsafe {
        let pointer = object.as_ptr();
        if is_managed(pointer) {
            return instance::set_managed_dict(pointer, new);
        }
        let field = computed_pointer(pointer);
        if field.is_null() {
            return Err(no_dict());
        }
        if new.is_none() && field.read().is_null() {
            return Ok(());
        }
        let field: &Cell<*mut PyObject> = &*field.cast();
        crate::types::type_::raw::replace(field, new.map(Ref::into_object));
        Ok(())
    }
}

/// A native getter of `__dict__`.
pub fn generic_get_dict(object: &Ref<Object>) -> PyResult<Ref<Object>> {
    get_or_create(object).map(Ref::into_object)
}

/// A native setter of `__dict__`. Unlike for classes of Python the dictionary cannot be deleted.
pub fn generic_set_dict(object: &Ref<Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    if value.is_none() {
        return Err(raise!(TypeError, "cannot delete __dict__"));
    }
    set(object, value)
}

/// Makes the dictionary and takes it off the inline values: before the class of the object changes.
///
/// # Safety
/// The object's type has `Py_TPFLAGS_INLINE_VALUES`.
pub unsafe fn detach(object: &Ref<Object>) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        let dict = instance::materialize_managed_dict(object.as_ptr())?;
        dict.detach_from(object.as_ptr())
    }
}
