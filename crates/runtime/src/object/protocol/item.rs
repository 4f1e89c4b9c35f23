//! Length, items and membership: the sequence and mapping protocols.

use core::ptr;

use super::attr::{from_result, from_status, missing_exception_checked};
use crate::abi::{PyMappingMethods, PySequenceMethods};
use crate::prelude::*;
use crate::thread::enter_recursive;

impl Ref<Object> {
    pub(crate) fn sequence_methods(&self) -> Option<&PySequenceMethods> {
        // SAFETY: null or a table that lives as long as the type.
        unsafe { self.type_of().tp_as_sequence.get().as_ref() }
    }

    pub(crate) fn mapping_methods(&self) -> Option<&PyMappingMethods> {
        // SAFETY: as above.
        unsafe { self.type_of().tp_as_mapping.get().as_ref() }
    }

    /// Whether `sq_item` exists and the object is no dict (`PySequence_Check`).
    pub fn is_sequence(&self) -> bool {
        !self.is_instance_of::<Dict>() && self.sequence_methods().is_some_and(|m| m.sq_item.get().is_some())
    }

    pub fn is_mapping(&self) -> bool {
        self.mapping_methods().is_some_and(|m| m.mp_subscript.get().is_some())
    }

    pub fn has_length(&self) -> bool {
        self.sequence_methods().is_some_and(|m| m.sq_length.get().is_some())
            || self.mapping_methods().is_some_and(|m| m.mp_length.get().is_some())
    }

    /// `len(self)` (`PyObject_Size`).
    pub fn len(&self) -> PyResult<usize> {
        let length = self
            .sequence_methods()
            .and_then(|m| m.sq_length.get())
            .or_else(|| self.mapping_methods().and_then(|m| m.mp_length.get()));
        let Some(length) = length else {
            return Err(raise!(TypeError, "object of type '{}' has no len()", self.type_name()));
        };
        let _guard = enter_recursive(" in len()")?;
        // SAFETY: the slot takes a live object.
        match unsafe { length(self.as_ptr()) } {
            length if length >= 0 => Ok(length as usize),
            _ => Err(missing_exception_checked()),
        }
    }

    /// `self[key]` (`PyObject_GetItem`).
    pub fn get_item(&self, key: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let _guard = enter_recursive(" in a subscription")?;
        // SAFETY: slots take live objects.
        unsafe {
            if let Some(subscript) = self.mapping_methods().and_then(|m| m.mp_subscript.get()) {
                return from_result(subscript(self.as_ptr(), key.as_ptr()));
            }
            if self.sequence_methods().is_some_and(|m| m.sq_item.get().is_some()) {
                if !key.has_index() {
                    return Err(raise!(TypeError, "sequence index must be integer, not '{}'", key.type_name()));
                }
                return self.get_index(key.as_index_isize()?);
            }
        }
        if let Some(class) = self.downcast::<Type>() {
            if self.is(&Type::type_object()) {
                return crate::types::generic_alias::GenericAlias::new(self.borrow(), key);
            }
            if let Some(method) = self.lookup_attr(id!("__class_getitem__"))?
                && !method.is_none()
            {
                return method.call1(key);
            }
            return Err(raise!(TypeError, "type '{}' is not subscriptable", class.name()));
        }
        Err(raise!(TypeError, "'{}' object is not subscriptable", self.type_name()))
    }

    /// `self[index]` through the sequence protocol; negative indices count from the end (`PySequence_GetItem`).
    pub fn get_index(&self, mut index: isize) -> PyResult<Ref<Object>> {
        let Some(methods) = self.sequence_methods() else {
            return Err(self.no_indexing());
        };
        let Some(item) = methods.sq_item.get() else {
            return Err(self.no_indexing());
        };
        if index < 0 && methods.sq_length.get().is_some() {
            index += self.len()? as isize;
        }
        let _guard = enter_recursive(" in a subscription")?;
        // SAFETY: the slot takes a live object.
        unsafe { from_result(item(self.as_ptr(), index)) }
    }

    #[cold]
    fn no_indexing(&self) -> Raised {
        if self.is_mapping() {
            return raise!(TypeError, "{} is not a sequence", self.type_name());
        }
        raise!(TypeError, "'{}' object does not support indexing", self.type_name())
    }

    /// `self[key] = value`, or `del self[key]` for `None`.
    pub fn assign_item(&self, key: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value_ptr = value.map_or(ptr::null_mut(), |value| value.as_ptr());
        let _guard = enter_recursive(" in an assignment to an item")?;
        // SAFETY: slots take live objects; NULL deletes.
        unsafe {
            if let Some(assign) = self.mapping_methods().and_then(|m| m.mp_ass_subscript.get()) {
                return from_status(assign(self.as_ptr(), key.as_ptr(), value_ptr));
            }
            if let Some(methods) = self.sequence_methods()
                && let Some(assign) = methods.sq_ass_item.get()
            {
                if !key.has_index() {
                    return Err(raise!(TypeError, "sequence index must be integer, not '{}'", key.type_name()));
                }
                let mut index = key.as_index_isize()?;
                if index < 0 && methods.sq_length.get().is_some() {
                    index += self.len()? as isize;
                }
                return from_status(assign(self.as_ptr(), index, value_ptr));
            }
        }
        let what = if value.is_some() { "assignment" } else { "deletion" };
        Err(raise!(TypeError, "'{}' object does not support item {what}", self.type_name()))
    }

    pub fn set_item(&self, key: Borrowed<'_, Object>, value: Borrowed<'_, Object>) -> PyResult<()> {
        self.assign_item(key, Some(value))
    }

    pub fn del_item(&self, key: Borrowed<'_, Object>) -> PyResult<()> {
        self.assign_item(key, None)
    }

    /// `item in self` (`PySequence_Contains`).
    pub fn contains(&self, item: Borrowed<'_, Object>) -> PyResult<bool> {
        if let Some(contains) = self.sequence_methods().and_then(|m| m.sq_contains.get()) {
            let _guard = enter_recursive(" in a membership test")?;
            // SAFETY: the slot takes live objects.
            return match unsafe { contains(self.as_ptr(), item.as_ptr()) } {
                -1 => Err(missing_exception_checked()),
                answer => Ok(answer != 0),
            };
        }
        let iterator = match self.iter() {
            Ok(iterator) => iterator,
            Err(raised) => {
                raised.clear_if::<crate::types::exceptions::TypeError>()?;
                return Err(raise!(
                    TypeError,
                    "argument of type '{}' is not a container or iterable",
                    self.type_name()
                ));
            }
        };
        while let Some(candidate) = iterator.next()? {
            if candidate.equals(item)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The items as a tuple (`PySequence_Tuple`).
    pub fn to_tuple(&self) -> PyResult<Ref<Tuple>> {
        match self.downcast_exact::<Tuple>() {
            Some(tuple) => Ok(tuple.to_owned()),
            None => match self.downcast_exact::<List>() {
                Some(list) => list.to_tuple(),
                None => Tuple::from_vec(self.collect_items()?),
            },
        }
    }

    /// The items as a new list (`PySequence_List`).
    pub fn to_list(&self) -> PyResult<Ref<List>> {
        List::from_iterable(self.borrow())
    }

    /// A list or tuple as it is, anything else as a list; `message` is the TypeError (`PySequence_Fast`).
    pub fn to_fast_sequence(&self, message: &str) -> PyResult<Ref<Object>> {
        if self.is_instance_of::<List>() || self.is_instance_of::<Tuple>() {
            return Ok(self.clone());
        }
        match self.iter() {
            Ok(iterator) => Ok(iterator.to_list()?.into_object()),
            Err(raised) => {
                raised.clear_if::<crate::types::exceptions::TypeError>()?;
                Err(raise!(TypeError, "{message}"))
            }
        }
    }
}
