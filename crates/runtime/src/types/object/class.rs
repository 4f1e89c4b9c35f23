//! Assignment to `__class__`.
//!
//! CPython: `object_set_class` in `Objects/typeobject.c`.

use super::dict;
use crate::abi::*;
use crate::object::header;
use crate::prelude::*;
use crate::types::type_::layout;

pub fn set(this: &Ref<Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let Some(value) = value else {
        return Err(raise!(TypeError, "can't delete __class__ attribute"));
    };
    let Some(new) = value.downcast_borrowed::<Type>() else {
        return Err(raise!(TypeError, "__class__ must be set to a class, not '{}' object", value.type_name()));
    };
    let old = this.type_of().to_owned();
    let module = Module::type_object();
    let modules = new.is_subtype(&module) && old.is_subtype(&module);
    if !modules && (new.has_flag(Py_TPFLAGS_IMMUTABLETYPE) || old.has_flag(Py_TPFLAGS_IMMUTABLETYPE)) {
        return Err(raise!(
            TypeError,
            "__class__ assignment only supported for mutable types or ModuleType subclasses"
        ));
    }
    // SAFETY: live types; the object is of the old one until its head is written.
    unsafe {
        layout::check_exchangeable(old.as_raw().cast(), new.as_raw().cast(), "__class__")?;
        // The inline values go with the shared keys of the old class.
        if old.has_flag(Py_TPFLAGS_INLINE_VALUES) {
            dict::detach(this)?;
        }
        if new.is_heap_type() {
            header::incref(new.as_ptr());
        }
        (*this.as_ptr()).ob_type.set(new.as_raw().cast());
        if old.is_heap_type() {
            header::decref(old.as_ptr());
        }
    }
    Ok(())
}
