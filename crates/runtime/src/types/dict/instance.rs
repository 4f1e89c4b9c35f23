//! Attributes of instances: shared keys per class, values behind the object, and the dict that appears when asked for.
//!
//! An object of a type with `Py_TPFLAGS_MANAGED_DICT` has a word for its dict at `MANAGED_DICT_OFFSET`. With
//! `Py_TPFLAGS_INLINE_VALUES` its values stand behind it (`PyDictValues` at `tp_basicsize`) while `valid` is 1. A dict made
//! for the object then uses these very values, until one outlives the other or the dict outgrows the shared keys.
//! CPython: the last part of `Objects/dictobject.c`.

use core::cell::Cell;
use core::ptr;

use super::Dict;
use super::keys::{self, EMPTY, Keys};
use super::lookup::{self, hash_str, is_exact_str};
use super::raw::{self, split_value};
use super::watch::notify;
use crate::abi::*;
use crate::object::header;
use crate::prelude::*;

/// Keys for the instances of a class, with the names in `static_attributes` (a class's `__static_attributes__`) put in
/// first. The reference belongs to the caller, usually `ht_cached_keys`.
pub fn new_shared_keys(static_attributes: Option<Borrowed<'_, Tuple>>) -> PyResult<Keys> {
    let keys = keys::new(NEXT_LOG2_SHARED_KEYS_MAX_SIZE as u8, true)?;
    // SAFETY: the table is new; it has more entries than the limit set here.
    unsafe {
        (*keys).dk_usable.set(SHARED_KEYS_MAX_SIZE);
        (*keys).dk_kind.set(DICT_KEYS_SPLIT);
        for name in static_attributes.iter().flat_map(|names| names.iter()) {
            if let Some(name) = name.downcast_exact::<Str>() {
                raw::insert_split_key(keys, name.as_ptr(), hash_str(name));
            }
        }
    }
    Ok(keys)
}

/// The keys that a class being made ready shares with its instances.
///
/// # Safety
/// `ty` has its `tp_dict`.
pub unsafe fn new_keys_for_class(ty: *mut PyTypeObject) -> PyResult<Keys> {
    // SAFETY: by contract.
    let names = match unsafe { Borrowed::<Dict>::from_ptr_or_null((*ty).tp_dict.get()) } {
        Some(dict) => dict.get_str(id!("__static_attributes__")),
        None => None,
    };
    new_shared_keys(names.as_ref().and_then(|names| names.downcast::<Tuple>()))
}

/// Drops a reference to shared keys.
///
/// # Safety
/// The caller owns it.
pub unsafe fn release_shared_keys(keys: Keys) {
    // SAFETY: by contract.
    unsafe { keys::decref(keys) }
}

/// The shared keys of a class; null where it has none.
///
/// # Safety
/// `ty` is live.
#[inline(always)]
unsafe fn cached_keys(ty: *mut PyTypeObject) -> Keys {
    // SAFETY: heap types are `PyHeapTypeObject`.
    unsafe {
        if (*ty).tp_flags.get() & Py_TPFLAGS_HEAPTYPE == 0 {
            return ptr::null_mut();
        }
        (*ty.cast::<PyHeapTypeObject>()).ht_cached_keys.get()
    }
}

/// The bytes that values take behind an instance of `ty` made now.
///
/// # Safety
/// `ty` has `Py_TPFLAGS_INLINE_VALUES`.
pub unsafe fn inline_values_size(ty: *mut PyTypeObject) -> usize {
    // SAFETY: by contract such types have shared keys.
    unsafe { raw::split_size(keys::shared_usable_size(cached_keys(ty))) }
}

/// Prepares the values of a new instance.
///
/// # Safety
/// `ty` has `Py_TPFLAGS_INLINE_VALUES`, and the object was allocated with `inline_values_size(ty)` bytes more.
pub unsafe fn init_inline_values(object: *mut PyObject, ty: *mut PyTypeObject) {
    // SAFETY: by contract.
    unsafe {
        let keys = cached_keys(ty);
        // Room shrinks with every instance, so that rare attributes do not make all later ones larger.
        if (*keys).dk_usable.get() > 1 {
            (*keys).dk_usable.set((*keys).dk_usable.get() - 1);
        }
        let capacity = keys::shared_usable_size(keys);
        raw::init_split_values(inline_values(object), capacity, true);
        managed_dict(object).set(ptr::null_mut());
    }
}

/// The values behind an object.
///
/// # Safety
/// The object's type has `Py_TPFLAGS_INLINE_VALUES`.
#[inline(always)]
pub unsafe fn inline_values(object: *mut PyObject) -> *mut PyDictValues {
    // SAFETY: by contract.
    unsafe { object.cast::<u8>().offset((*(*object).ob_type.get()).tp_basicsize.get()).cast() }
}

/// The word of an object's managed dict; it owns a reference or is null.
///
/// # Safety
/// The object's type has `Py_TPFLAGS_MANAGED_DICT`.
#[inline(always)]
pub unsafe fn managed_dict<'a>(object: *mut PyObject) -> &'a Cell<*mut PyDictObject> {
    // SAFETY: by contract.
    unsafe { &*object.cast::<u8>().offset(MANAGED_DICT_OFFSET).cast() }
}

#[inline(always)]
unsafe fn has_inline_values(object: *mut PyObject) -> bool {
    // SAFETY: live object.
    unsafe { (*(*object).ob_type.get()).tp_flags.get() & Py_TPFLAGS_INLINE_VALUES != 0 }
}

/// What [`try_get_instance_attribute`] knows.
pub enum InlineAttribute {
    /// The values are no longer the object's: ask its dict.
    NotInline,
    Absent,
    Value(Ref<Object>),
}

/// Reads an attribute from the values behind an object (`_PyObject_TryGetInstanceAttribute`).
///
/// # Safety
/// The object's type has `Py_TPFLAGS_INLINE_VALUES`.
#[inline]
pub unsafe fn try_get_instance_attribute(object: *mut PyObject, name: Borrowed<'_, Str>) -> InlineAttribute {
    // SAFETY: by contract; no Python code runs for exact strings.
    unsafe {
        let values = inline_values(object);
        if (*values).valid.get() == 0 {
            return InlineAttribute::NotInline;
        }
        let keys = cached_keys((*object).ob_type.get());
        if !is_exact_str(name.as_ptr()) {
            return not_exact(object, name);
        }
        let index = lookup::unicode_index(keys, name.as_ptr(), hash_str(name));
        if index == EMPTY || index as usize >= (*values).capacity.get() as usize {
            return InlineAttribute::Absent;
        }
        match Ref::from_borrowed_ptr_or_null(split_value(values, index as usize).get()) {
            Some(value) => InlineAttribute::Value(value),
            None => InlineAttribute::Absent,
        }
    }
}

/// A name of a subclass of `str` may have its own `__eq__`: the dict compares it.
#[cold]
unsafe fn not_exact(object: *mut PyObject, _name: Borrowed<'_, Str>) -> InlineAttribute {
    // SAFETY: by contract of the caller.
    if let Err(raised) = unsafe { materialize_managed_dict(object) } {
        raised.clear();
    }
    InlineAttribute::NotInline
}

/// `object.name = value`, or deletion for `None`, in the values behind the object or its dict
/// (`_PyObject_StoreInstanceAttribute`). `Ok(false)`: there was nothing to delete; the caller raises AttributeError.
///
/// # Safety
/// The object's type has `Py_TPFLAGS_INLINE_VALUES`; the caller holds all three.
pub unsafe fn store_instance_attribute(
    object: *mut PyObject,
    name: Borrowed<'_, Str>,
    value: Option<Borrowed<'_, Object>>,
) -> PyResult<bool> {
    // SAFETY: by contract.
    unsafe {
        let values = inline_values(object);
        if (*values).valid.get() == 0 {
            let dict = materialize_managed_dict(object)?;
            return store_in_dict(&dict, name, value);
        }
        let keys = cached_keys((*object).ob_type.get());
        let dict = managed_dict(object).get();
        let mut index = EMPTY;
        if is_exact_str(name.as_ptr()) {
            index = raw::insert_split_key(keys, name.as_ptr(), hash_str(name));
            if index >= (*values).capacity.get() as isize {
                index = EMPTY;
            }
        }
        if index == EMPTY {
            // No room in the shared keys, or no plain string: the dict takes the values over.
            let dict = materialize_managed_dict(object)?;
            return store_in_dict(&dict, name, value);
        }
        let value = value.map_or(ptr::null_mut(), |value| value.as_ptr());
        let slot = split_value(values, index as usize);
        if slot.get().is_null() && value.is_null() {
            return Ok(false);
        }
        if !dict.is_null() {
            let event = if value.is_null() {
                PyDict_EVENT_DELETED
            } else if slot.get().is_null() {
                PyDict_EVENT_ADDED
            } else {
                PyDict_EVENT_MODIFIED
            };
            notify(event, dict, name.as_ptr(), value);
        }
        header::xincref(value);
        let old = slot.replace(value);
        if old.is_null() {
            raw::append_to_order(values, index as usize);
            if !dict.is_null() {
                (*dict).ma_used.set((*dict).ma_used.get() + 1);
            }
        } else {
            if value.is_null() {
                raw::remove_from_order(values, index as usize);
                if !dict.is_null() {
                    (*dict).ma_used.set((*dict).ma_used.get() - 1);
                }
            }
            header::decref(old);
        }
        Ok(true)
    }
}

/// `dict[name] = value` or `del dict[name]`; false when there was nothing to delete.
fn store_in_dict(dict: &Ref<Dict>, name: Borrowed<'_, Str>, value: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
    match value {
        Some(value) => dict.set_item(name, value).map(|()| true),
        None => Ok(dict.take(name)?.is_some()),
    }
}

/// A dict over an object's own values, which the caller knows to be valid.
unsafe fn dict_over_values(object: *mut PyObject) -> PyResult<Ref<Dict>> {
    // SAFETY: by contract of the callers.
    unsafe {
        let keys = cached_keys((*object).ob_type.get());
        let values = inline_values(object);
        keys::incref(keys);
        raw::new_dict(keys, values, (*values).size.get() as usize)
    }
}

/// The dict of an object with `Py_TPFLAGS_MANAGED_DICT`, made if need be (`_PyObject_MaterializeManagedDict`).
///
/// # Safety
/// As said; the object is held by the caller.
pub unsafe fn materialize_managed_dict(object: *mut PyObject) -> PyResult<Ref<Dict>> {
    // SAFETY: by contract.
    unsafe {
        let word = managed_dict(object);
        if let Some(dict) = Ref::from_borrowed_ptr_or_null(word.get()) {
            return Ok(dict);
        }
        let ty = (*object).ob_type.get();
        let dict = if has_inline_values(object) && (*inline_values(object)).valid.get() != 0 {
            dict_over_values(object)?
        } else {
            Dict::with_shared_keys(cached_keys(ty))?
        };
        word.set(dict.clone().into_ptr().cast());
        Ok(dict)
    }
}

/// The dict of an object whose type has a plain `tp_dictoffset`, made with the class's shared keys if need be.
///
/// # Safety
/// `slot` is the object's dict pointer.
pub unsafe fn ensure_dict_at(object: *mut PyObject, slot: *mut *mut PyObject) -> PyResult<Ref<Dict>> {
    // SAFETY: by contract.
    unsafe {
        if let Some(dict) = Ref::from_borrowed_ptr_or_null(*slot) {
            return Ok(dict);
        }
        let dict = Dict::with_shared_keys(cached_keys((*object).ob_type.get()))?;
        *slot = dict.clone().into_ptr();
        Ok(dict)
    }
}

/// Whether an object with `Py_TPFLAGS_MANAGED_DICT` has no attributes of its own.
///
/// # Safety
/// As said.
pub unsafe fn is_instance_dict_empty(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe {
        if has_inline_values(object) && (*inline_values(object)).valid.get() != 0 {
            return (*inline_values(object)).size.get() == 0;
        }
        let dict = managed_dict(object).get();
        dict.is_null() || (*dict).ma_used.get() == 0
    }
}

impl Ref<Dict> {
    /// Gives the dict values of its own if it uses those of `object` (`_PyDict_DetachFromObject`).
    ///
    /// # Safety
    /// The type of `object` has `Py_TPFLAGS_INLINE_VALUES`.
    pub unsafe fn detach_from(&self, object: *mut PyObject) -> PyResult<()> {
        // SAFETY: by contract.
        unsafe {
            let values = self.0.ma_values.get();
            if values.is_null() || values != inline_values(object) {
                return Ok(());
            }
            // The counts move over; the copy counted them once more.
            self.0.ma_values.set(raw::copy_split_values(values)?);
            (*values).valid.set(0);
            (*values).size.set(0);
            for index in 0..(*values).capacity.get() as usize {
                header::xdecref(split_value(values, index).replace(ptr::null_mut()));
            }
            Ok(())
        }
    }
}

unsafe fn clear_inline_values(object: *mut PyObject) {
    // SAFETY: by contract of the callers.
    unsafe {
        let values = inline_values(object);
        if (*values).valid.get() == 0 {
            return;
        }
        (*values).valid.set(0);
        // Values that are not in the order of insertion are not set.
        for at in 0..(*values).size.replace(0) as usize {
            let index = *raw::split_order(values).add(at) as usize;
            header::drop_item(split_value(values, index).replace(ptr::null_mut()));
        }
    }
}

/// `object.__dict__ = dict`, or its removal (`_PyObject_SetManagedDict`).
///
/// # Safety
/// The object's type has `Py_TPFLAGS_MANAGED_DICT`.
pub unsafe fn set_managed_dict(object: *mut PyObject, dict: Option<Ref<Dict>>) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        let word = managed_dict(object);
        let new: *mut PyDictObject = match dict {
            Some(dict) => dict.into_ptr().cast(),
            None => ptr::null_mut(),
        };
        let old: Option<Ref<Dict>> = Ref::from_borrowed_ptr_or_null(word.get());
        if has_inline_values(object) {
            match &old {
                Some(old) => {
                    if let Err(raised) = old.detach_from(object) {
                        header::xdecref(new.cast());
                        return Err(raised);
                    }
                    header::xdecref(word.replace(new).cast());
                }
                None => {
                    word.set(new);
                    clear_inline_values(object);
                }
            }
        } else {
            header::xdecref(word.replace(new).cast());
        }
        Ok(())
    }
}

/// Releases an object's attributes: part of `tp_clear` and `tp_dealloc` (`PyObject_ClearManagedDict`).
///
/// # Safety
/// As [`set_managed_dict`].
pub unsafe fn clear_managed_dict(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        let word = managed_dict(object);
        let dict: Option<Ref<Dict>> = Ref::from_borrowed_ptr_or_null(word.get());
        match dict {
            None => {
                if has_inline_values(object) {
                    clear_inline_values(object);
                }
            }
            Some(dict) => {
                if has_inline_values(object) && dict.refcount() <= 2 && dict.0.ma_values.get() == inline_values(object)
                {
                    // Nobody else has the dict: what it would copy is released instead.
                    let keys = dict.0.ma_keys.replace(keys::empty());
                    dict.0.ma_values.set(ptr::null_mut());
                    dict.0.ma_used.set(0);
                    clear_inline_values(object);
                    keys::decref(keys);
                } else if has_inline_values(object)
                    && let Err(raised) = dict.detach_from(object)
                {
                    // Without memory for a copy the dict loses its items rather than point into freed memory.
                    raised.clear();
                    let keys = dict.0.ma_keys.replace(keys::empty());
                    dict.0.ma_values.set(ptr::null_mut());
                    dict.0.ma_used.set(0);
                    clear_inline_values(object);
                    keys::decref(keys);
                }
                word.set(ptr::null_mut());
                header::decref(dict.as_ptr());
            }
        }
    }
}

/// Part of `tp_traverse` (`PyObject_VisitManagedDict`).
///
/// # Safety
/// As [`set_managed_dict`].
pub unsafe fn visit_managed_dict(object: *mut PyObject, visitor: &mut Visitor) {
    // SAFETY: by contract.
    unsafe {
        // Inline values that belong to a dict are visited by the dict: it may be reachable where the object is not.
        let dict = managed_dict(object).get();
        if !dict.is_null() {
            return visitor.object(dict);
        }
        if has_inline_values(object) {
            let values = inline_values(object);
            if (*values).valid.get() != 0 {
                for index in 0..(*values).capacity.get() as usize {
                    visitor.object(split_value(values, index).get());
                }
            }
        }
    }
}
