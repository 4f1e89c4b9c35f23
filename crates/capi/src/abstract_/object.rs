//! Items, length, classes, formatting of any object.

use crate::support::*;

capi! {
    fn PyObject_Type(object: Nullable<'_>) -> PyResult<Ref<Type>> {
        Ok(operand(object)?.type_of().to_owned())
    }

    fn PyObject_Size(object: Nullable<'_>) -> PyResult<isize> {
        Ok(operand(object)?.len()? as isize)
    }

    fn PyObject_Length(object: Nullable<'_>) -> PyResult<isize> {
        Ok(operand(object)?.len()? as isize)
    }

    fn PyObject_LengthHint(object: Borrowed<'_, Object>, default: isize) -> PyResult<isize> {
        // A negative default is given back as it is, and -1 is no error then.
        match usize::try_from(default) {
            Ok(default) => Ok(object.length_hint(default)? as isize),
            Err(_) => {
                let hint = object.length_hint(isize::MAX as usize)? as isize;
                Ok(if hint == isize::MAX { default } else { hint })
            }
        }
    }

    fn PyObject_GetItem(object: Nullable<'_>, key: Nullable<'_>) -> PyResult<Ref<Object>> {
        operand(object)?.get_item(operand(key)?)
    }

    fn PyObject_SetItem(object: Nullable<'_>, key: Nullable<'_>, value: Nullable<'_>) -> PyResult<()> {
        operand(object)?.set_item(operand(key)?, operand(value)?)
    }

    fn PyObject_DelItem(object: Nullable<'_>, key: Nullable<'_>) -> PyResult<()> {
        operand(object)?.del_item(operand(key)?)
    }

    fn PyObject_DelItemString(object: Nullable<'_>, key: *const c_char) -> PyResult<()> {
        let object = operand(object)?;
        if key.is_null() {
            return Err(null_argument());
        }
        // SAFETY: C passes a C string.
        object.del_item(unsafe { string(key)? }.as_borrowed())
    }

    fn PyObject_Format(object: Borrowed<'_, Object>, spec: Nullable<'_>) -> PyResult<Ref<Str>> {
        let spec = match spec {
            None => None,
            Some(spec) => match spec.downcast_borrowed::<Str>() {
                Some(spec) => Some(spec),
                None => {
                    return Err(raise!(
                        SystemError,
                        "Format specifier must be a string, not {}",
                        spec.type_name()
                    ));
                }
            },
        };
        object.format(spec)
    }

    fn PyObject_IsInstance(object: Borrowed<'_, Object>, class: Borrowed<'_, Object>) -> PyResult<bool> {
        object.is_instance(class)
    }

    fn PyObject_IsSubclass(object: Borrowed<'_, Object>, class: Borrowed<'_, Object>) -> PyResult<bool> {
        object.is_subclass(class)
    }

    fn _PyObject_RealIsInstance(object: Borrowed<'_, Object>, class: Borrowed<'_, Object>) -> PyResult<bool> {
        object.is_instance_by_default(class)
    }

    fn _PyObject_RealIsSubclass(object: Borrowed<'_, Object>, class: Borrowed<'_, Object>) -> PyResult<bool> {
        object.is_subclass_by_default(class)
    }
}
