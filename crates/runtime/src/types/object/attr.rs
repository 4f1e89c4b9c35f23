//! Attributes of objects in general: `object.__getattribute__` and `object.__setattr__`.
//!
//! The order is that of the language: a data descriptor of the type, then the instance, then anything else of the type.
//! CPython: `_PyObject_GenericGetAttrWithDict`, `_PyObject_GetMethod` in `Objects/object.c`.

use core::ptr;

use super::dict as instance_dict;
use crate::abi::*;
use crate::object::protocol::attr::{from_result, from_status};
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::types::dict::instance::{self, InlineAttribute};
use crate::types::exceptions;
use crate::types::exceptions::AttributeError;
use crate::types::type_::cache::lookup_raw;

/// What a method call found.
pub enum Method {
    /// A function of the class: the object has still to be passed.
    Unbound(Ref<Object>),
    /// A callable as it is.
    Bound(Ref<Object>),
}

/// As [`Method`], and the function of a class method apart from its class.
pub enum Callee {
    Method(Method),
    OfClass(Ref<Object>),
}

#[cold]
pub fn not_a_name(name: Borrowed<'_, Object>) -> Raised {
    raise!(TypeError, "attribute name must be string, not '{}'", name.type_name())
}

/// The attribute in the instance itself.
#[inline]
fn own_attribute(object: &Ref<Object>, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: a handle's object is live.
    unsafe {
        let pointer = object.as_ptr();
        let ty = object.type_ptr();
        let flags = (*ty).tp_flags.get();
        let dict: Option<Ref<Dict>> = if flags & Py_TPFLAGS_MANAGED_DICT != 0 {
            if flags & Py_TPFLAGS_INLINE_VALUES != 0 {
                match instance::try_get_instance_attribute(pointer, name) {
                    InlineAttribute::Value(value) => return Ok(Some(value)),
                    InlineAttribute::Absent => return Ok(None),
                    InlineAttribute::NotInline => {}
                }
            }
            Ref::from_borrowed_ptr_or_null(instance::managed_dict(pointer).get())
        } else if (*ty).tp_dictoffset.get() != 0 {
            let field = instance_dict::computed_pointer(pointer);
            if field.is_null() { None } else { Ref::from_borrowed_ptr_or_null(*field) }
        } else {
            None
        };
        match dict {
            Some(dict) => dict.get(name),
            None => Ok(None),
        }
    }
}

/// The general attribute lookup; `None` where there is no such attribute. AttributeError of a descriptor counts as absence
/// (`_PyObject_GenericGetAttrWithDict` with `suppress`).
pub fn generic_lookup_attr(object: &Ref<Object>, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    match find(object, name) {
        Ok(found) => Ok(found),
        Err(raised) => raised.clear_if::<AttributeError>().map(|()| None),
    }
}

/// The general attribute lookup.
fn find(object: &Ref<Object>, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: live objects; what is found on the type is held before anything else runs.
    unsafe {
        let ty = object.type_ptr();
        let found = lookup_raw(ty, name.as_ptr());
        if found.is_null() {
            return own_attribute(object, name);
        }
        let found: Ref<Object> = Ref::from_borrowed_ptr(found);
        let get = found.type_of().tp_descr_get.get();
        if let Some(get) = get
            && found.type_of().tp_descr_set.get().is_some()
        {
            return from_result(get(found.as_ptr(), object.as_ptr(), ty.cast())).map(Some);
        }
        if let Some(value) = own_attribute(object, name)? {
            return Ok(Some(value));
        }
        match get {
            Some(get) => from_result(get(found.as_ptr(), object.as_ptr(), ty.cast())).map(Some),
            None => Ok(Some(found)),
        }
    }
}

/// `object.__getattribute__(object, name)`.
pub fn generic_getattr(object: &Ref<Object>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let Some(name) = name.downcast_borrowed::<Str>() else { return Err(not_a_name(name)) };
    match find(object, name)? {
        Some(value) => Ok(value),
        None => Err(crate::object::protocol::attr::no_attribute(object, name.upcast())),
    }
}

/// `object.__setattr__(object, name, value)`, `object.__delattr__` for `None`.
pub fn generic_setattr(
    object: &Ref<Object>,
    name: Borrowed<'_, Object>,
    value: Option<Borrowed<'_, Object>>,
) -> PyResult<()> {
    let Some(name) = name.downcast_borrowed::<Str>() else { return Err(not_a_name(name)) };
    // SAFETY: live objects; the descriptor is held while it runs.
    unsafe {
        let pointer = object.as_ptr();
        let ty = object.type_ptr();
        let found = lookup_raw(ty, name.as_ptr());
        let descriptor: Option<Ref<Object>> = Ref::from_borrowed_ptr_or_null(found);
        if let Some(descriptor) = &descriptor
            && let Some(set) = descriptor.type_of().tp_descr_set.get()
        {
            let value = value.map_or(ptr::null_mut(), |value| value.as_ptr());
            return from_status(set(descriptor.as_ptr(), pointer, value));
        }
        let flags = (*ty).tp_flags.get();
        let done = if flags & Py_TPFLAGS_INLINE_VALUES != 0 {
            instance::store_instance_attribute(pointer, name, value)?
        } else {
            let dict = match value {
                Some(_) => instance_dict::get_dict(object)?,
                None => instance_dict::existing(object),
            };
            match (dict, value) {
                (Some(dict), Some(value)) => {
                    dict.set_item(name, value)?;
                    true
                }
                (Some(dict), None) => dict.take(name)?.is_some(),
                (None, None) if flags & Py_TPFLAGS_MANAGED_DICT != 0 || (*ty).tp_dictoffset.get() != 0 => false,
                (None, _) => return Err(cannot_set(object, name, descriptor.is_some())),
            }
        };
        if done { Ok(()) } else { Err(crate::object::protocol::attr::no_attribute(object, name.upcast())) }
    }
}

/// An object without dictionary.
#[cold]
fn cannot_set(object: &Ref<Object>, name: Borrowed<'_, Str>, on_type: bool) -> Raised {
    let message = if on_type {
        format!("'{}' object attribute '{}' is read-only", object.type_name(), name.to_display())
    } else if object.type_of().uses_generic_setattr() {
        format!(
            "'{}' object has no attribute '{}' and no __dict__ for setting new attributes",
            object.type_name(),
            name.to_display()
        )
    } else {
        format!("'{}' object has no attribute '{}'", object.type_name(), name.to_display())
    };
    exceptions::raise_attribute_error(&message, object.as_borrowed(), name.upcast())
}

/// Finds what `object.name(...)` calls, without making a bound method where that can be avoided (`_PyObject_GetMethod`).
pub fn get_method(object: &Ref<Object>, name: Borrowed<'_, Str>) -> PyResult<Method> {
    match get_callee(object, name)? {
        Callee::Method(method) => Ok(method),
        Callee::OfClass(function) => {
            let class = object.type_of();
            Ok(Method::Bound(
                crate::types::method::BoundMethod::new(function, class.upcast().to_owned())?.into_object(),
            ))
        }
    }
}

/// As [`get_method`] without making a bound method of a class method's function either.
pub fn get_callee(object: &Ref<Object>, name: Borrowed<'_, Str>) -> PyResult<Callee> {
    let bound = |found: Ref<Object>| Callee::Method(Method::Bound(found));
    if !object.type_of().uses_generic_getattr() {
        return object.getattr(name).map(bound);
    }
    // SAFETY: live objects; what is found on the type is held before anything else runs.
    unsafe {
        let ty = object.type_ptr();
        let found: Option<Ref<Object>> = Ref::from_borrowed_ptr_or_null(lookup_raw(ty, name.as_ptr()));
        let mut get = None;
        let mut is_method = false;
        if let Some(found) = &found {
            let kind = found.type_of();
            if kind.tp_flags.get() & Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
                is_method = true;
            } else {
                get = kind.tp_descr_get.get();
                if let Some(get) = get
                    && kind.tp_descr_set.get().is_some()
                {
                    return from_result(get(found.as_ptr(), object.as_ptr(), ty.cast())).map(bound);
                }
            }
        }
        if let Some(value) = own_attribute(object, name)? {
            return Ok(bound(value));
        }
        let Some(found) = found else {
            return Err(crate::object::protocol::attr::no_attribute(object, name.upcast()));
        };
        if is_method {
            return Ok(Callee::Method(Method::Unbound(found)));
        }
        if let Some(function) = crate::types::classmethod::function_of(&found) {
            return Ok(Callee::OfClass(function));
        }
        match get {
            Some(get) => from_result(get(found.as_ptr(), object.as_ptr(), ty.cast())).map(bound),
            None => Ok(bound(found)),
        }
    }
}

/// `tp_getattro` of nearly all types.
///
/// # Safety
/// A slot function: live arguments.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_GenericGetAttr(this: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe { into_c(generic_getattr(&Borrowed::<Object>::from_ptr(this), Borrowed::from_ptr(name))) }
}

/// `tp_setattro` of nearly all types.
///
/// # Safety
/// A slot function: live arguments, `value` null to delete.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyObject_GenericSetAttr(
    this: *mut PyObject,
    name: *mut PyObject,
    value: *mut PyObject,
) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let this: Borrowed<'_, Object> = Borrowed::from_ptr(this);
        generic_setattr(&this, Borrowed::from_ptr(name), Borrowed::from_ptr_or_null(value)).map_or(-1, |()| 0)
    }
}
