//! Attributes of classes: `type.__getattribute__` and `type.__setattr__`.
//!
//! A class looks in its metaclass for data descriptors, then along its own MRO, then in the metaclass again.
//! CPython: `_Py_type_getattro_impl`, `type_setattro` in `Objects/typeobject.c`.

use super::cache::{self, lookup_raw};
use super::raw::{TypePtr, has_flag, is_heap_type};
use super::update;
use crate::abi::*;
use crate::object::protocol::attr::from_result;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::types::exceptions;
use crate::types::object::attr::not_a_name;

/// `class.name`, `None` where there is no such attribute; code of descriptors may raise anything.
pub fn lookup_class_attr(class: &Ref<Type>, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: live types; what is found is held before anything else runs.
    unsafe {
        let meta: TypePtr = class.type_ptr();
        let of_meta: Option<Ref<Object>> = Ref::from_borrowed_ptr_or_null(lookup_raw(meta, name.as_ptr()));
        let meta_get = of_meta.as_ref().and_then(|found| found.type_of().tp_descr_get.get());
        if let (Some(found), Some(get)) = (&of_meta, meta_get)
            && found.type_of().tp_descr_set.get().is_some()
        {
            return from_result(get(found.as_ptr(), class.as_ptr(), meta.cast())).map(Some);
        }
        let own: Option<Ref<Object>> = Ref::from_borrowed_ptr_or_null(lookup_raw(class.as_raw().cast(), name.as_ptr()));
        if let Some(found) = own {
            return match found.type_of().tp_descr_get.get() {
                Some(get) => from_result(get(found.as_ptr(), core::ptr::null_mut(), class.as_ptr())).map(Some),
                None => Ok(Some(found)),
            };
        }
        match (of_meta, meta_get) {
            (Some(found), Some(get)) => from_result(get(found.as_ptr(), class.as_ptr(), meta.cast())).map(Some),
            (found, _) => Ok(found),
        }
    }
}

/// `tp_getattro` of `type`.
///
/// # Safety
/// A slot function: live arguments.
pub unsafe extern "C" fn type_getattro(this: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let class: Borrowed<'_, Type> = Borrowed::from_ptr(this);
        let name: Borrowed<'_, Object> = Borrowed::from_ptr(name);
        into_c((|| {
            let Some(name) = name.downcast_borrowed::<Str>() else { return Err(not_a_name(name)) };
            match lookup_class_attr(&class, name)? {
                Some(value) => Ok(value),
                None => Err(no_attribute(&class, name)),
            }
        })())
    }
}

/// AttributeError for a class.
#[cold]
pub fn no_attribute(class: &Ref<Type>, name: Borrowed<'_, Str>) -> Raised {
    let message = format!("type object '{}' has no attribute '{}'", class.name(), name.to_display());
    exceptions::raise_attribute_error(&message, class.as_borrowed(), name.upcast())
}

/// Raises TypeError for a type that cannot be changed.
pub fn check_mutable(class: &Ref<Type>, name: &str) -> PyResult<()> {
    if class.tp_flags.get() & Py_TPFLAGS_IMMUTABLETYPE != 0 {
        return Err(raise!(TypeError, "cannot set '{name}' attribute of immutable type '{}'", class.name()));
    }
    Ok(())
}

/// `tp_setattro` of `type`.
///
/// # Safety
/// A slot function: live arguments, `value` null to delete.
pub unsafe extern "C" fn type_setattro(this: *mut PyObject, name: *mut PyObject, value: *mut PyObject) -> c_int {
    // SAFETY: by contract.
    unsafe {
        match set_class_attr(Borrowed::from_ptr(this), Borrowed::from_ptr(name), Borrowed::from_ptr_or_null(value)) {
            Ok(()) => 0,
            Err(_) => -1,
        }
    }
}

fn set_class_attr(
    class: Borrowed<'_, Type>,
    name: Borrowed<'_, Object>,
    value: Option<Borrowed<'_, Object>>,
) -> PyResult<()> {
    if class.tp_flags.get() & Py_TPFLAGS_IMMUTABLETYPE != 0 {
        return Err(raise!(
            TypeError,
            "cannot set {} attribute of immutable type '{}'",
            name.to_repr_text(),
            class.name()
        ));
    }
    let Some(name) = name.downcast_borrowed::<Str>() else { return Err(not_a_name(name)) };
    let name = Str::intern(name.to_exact()?);
    // SAFETY: live types; the descriptor is held while it runs.
    unsafe {
        let raw: TypePtr = class.as_raw().cast();
        let of_meta: Option<Ref<Object>> = Ref::from_borrowed_ptr_or_null(lookup_raw(class.type_ptr(), name.as_ptr()));
        if let Some(descriptor) = &of_meta
            && let Some(set) = descriptor.type_of().tp_descr_set.get()
        {
            let value = value.map_or(core::ptr::null_mut(), |value| value.as_ptr());
            return crate::object::protocol::attr::from_status(set(descriptor.as_ptr(), class.as_ptr(), value));
        }
        let dict = class.dict().to_owned();
        match value {
            Some(value) => {
                cache::modified(raw);
                dict.set_str(name.borrow(), value)?;
            }
            None => {
                let Some(_old) = dict.take(name.borrow())? else {
                    return Err(no_attribute(&class, name.borrow()));
                };
                cache::modified(raw);
                if is_heap_type(raw) && update::is_dunder(&name) {
                    update::update_name(raw, name.borrow());
                }
                return Ok(());
            }
        }
        cache::modified(raw);
        if is_heap_type(raw) && update::is_dunder(&name) {
            update::update_name(raw, name.borrow());
        }
        debug_assert!(has_flag(raw, Py_TPFLAGS_READY));
    }
    Ok(())
}
