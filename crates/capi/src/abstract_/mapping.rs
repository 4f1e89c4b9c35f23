//! The mapping protocol.

use taipan_runtime::types::exceptions::KeyError;

use crate::object::optional;
use crate::support::*;

capi! {
    fn PyMapping_Check(object: Nullable<'_>) -> bool {
        object.is_some_and(|object| object.is_mapping())
    }

    fn PyMapping_Size(object: Nullable<'_>) -> PyResult<isize> {
        size(operand(object)?)
    }

    fn PyMapping_Length(object: Nullable<'_>) -> PyResult<isize> {
        size(operand(object)?)
    }

    fn PyMapping_GetItemString(object: Nullable<'_>, key: *const c_char) -> PyResult<Ref<Object>> {
        if key.is_null() {
            return Err(null_argument());
        }
        // SAFETY: C passes a C string.
        let key = unsafe { string(key)? };
        operand(object)?.get_item(key.as_borrowed())
    }

    fn PyMapping_SetItemString(object: Nullable<'_>, key: *const c_char, value: Nullable<'_>) -> PyResult<()> {
        if key.is_null() {
            return Err(null_argument());
        }
        // SAFETY: C passes a C string.
        let key = unsafe { string(key)? };
        operand(object)?.set_item(key.as_borrowed(), operand(value)?)
    }

    fn PyMapping_GetOptionalItem(
        object: Borrowed<'_, Object>,
        key: Borrowed<'_, Object>,
        place: *mut *mut PyObject,
    ) -> PyResult<bool> {
        // SAFETY: C passes a place for a pointer.
        unsafe { optional(place, || optional_item(object, key)) }
    }

    fn PyMapping_GetOptionalItemString(
        object: Nullable<'_>,
        key: *const c_char,
        place: *mut *mut PyObject,
    ) -> PyResult<bool> {
        // SAFETY: C passes a C string and a place for a pointer.
        unsafe {
            optional(place, || {
                if key.is_null() {
                    return Err(null_argument());
                }
                let key = string(key)?;
                optional_item(operand(object)?, key.as_borrowed())
            })
        }
    }

    fn PyMapping_HasKeyWithError(object: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<bool> {
        Ok(optional_item(object, key)?.is_some())
    }

    fn PyMapping_HasKeyStringWithError(object: Nullable<'_>, key: *const c_char) -> PyResult<bool> {
        if key.is_null() {
            return Err(null_argument());
        }
        // SAFETY: C passes a C string.
        let key = unsafe { string(key)? };
        Ok(optional_item(operand(object)?, key.as_borrowed())?.is_some())
    }

    fn PyMapping_HasKey(object: Nullable<'_>, key: Nullable<'_>) -> bool {
        ignoring(
            "Exception ignored in PyMapping_HasKey(); consider using PyMapping_HasKeyWithError(), \
             PyMapping_GetOptionalItem() or PyObject_GetItem()",
            || Ok(optional_item(operand(object)?, operand(key)?)?.is_some()),
        )
    }

    fn PyMapping_HasKeyString(object: Nullable<'_>, key: *const c_char) -> bool {
        ignoring(
            "Exception ignored in PyMapping_HasKeyString(); consider using PyMapping_HasKeyStringWithError(), \
             PyMapping_GetOptionalItemString() or PyMapping_GetItemString()",
            || {
                if key.is_null() {
                    return Err(null_argument());
                }
                // SAFETY: C passes a C string.
                let key = unsafe { string(key)? };
                Ok(optional_item(operand(object)?, key.as_borrowed())?.is_some())
            },
        )
    }

    fn PyMapping_Keys(object: Nullable<'_>) -> PyResult<Ref<List>> {
        let object = operand(object)?;
        match object.downcast_exact::<Dict>() {
            Some(dict) => dict.keys_list(),
            None => method_as_list(object, id!("keys")),
        }
    }

    fn PyMapping_Values(object: Nullable<'_>) -> PyResult<Ref<List>> {
        let object = operand(object)?;
        match object.downcast_exact::<Dict>() {
            Some(dict) => dict.values_list(),
            None => method_as_list(object, id!("values")),
        }
    }

    fn PyMapping_Items(object: Nullable<'_>) -> PyResult<Ref<List>> {
        let object = operand(object)?;
        match object.downcast_exact::<Dict>() {
            Some(dict) => dict.items_list(),
            None => method_as_list(object, id!("items")),
        }
    }
}

fn size(object: Borrowed<'_, Object>) -> PyResult<isize> {
    // SAFETY: null or tables that live as long as the type.
    unsafe {
        if let Some(length) = object.type_of().tp_as_mapping.get().as_ref().and_then(|methods| methods.mp_length.get())
        {
            let length = length(object.as_ptr());
            return if length < 0 {
                Err(taipan_runtime::object::protocol::attr::missing_exception_checked())
            } else {
                Ok(length)
            };
        }
        let has_sequence_length =
            object.type_of().tp_as_sequence.get().as_ref().is_some_and(|methods| methods.sq_length.get().is_some());
        if has_sequence_length {
            return Err(raise!(TypeError, "{} is not a mapping", object.type_name()));
        }
    }
    Err(raise!(TypeError, "object of type '{}' has no len()", object.type_name()))
}

/// The item, or `None` where the mapping raises KeyError.
fn optional_item(object: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
    if let Some(dict) = object.downcast_exact::<Dict>() {
        return dict.get(key);
    }
    match object.get_item(key) {
        Ok(item) => Ok(Some(item)),
        Err(raised) => raised.clear_if::<KeyError>().map(|()| None),
    }
}

fn method_as_list(object: Borrowed<'_, Object>, method: Borrowed<'_, Str>) -> PyResult<Ref<List>> {
    let made = object.call_method(method, &[])?;
    match made.iter() {
        Ok(iterator) => iterator.to_list(),
        Err(raised) => {
            raised.clear_if::<taipan_runtime::types::exceptions::TypeError>()?;
            Err(raise!(
                TypeError,
                "{}.{}() returned a non-iterable (type {})",
                object.type_name(),
                method.to_display(),
                made.type_name()
            ))
        }
    }
}
