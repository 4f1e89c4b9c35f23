//! `weakrefobject.h`.

use taipan_runtime::abi::{PyObject, PyWeakReference};
use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::lookup::qualified_type_name;
use taipan_runtime::types::weakref::{self, WeakRef};

use crate::outcome::{bad_internal_call, given};
use crate::parameters::Place;

/// The object of a reference or proxy, unless it is gone.
fn target(reference: Borrowed<'_, Object>) -> Option<Ref<Object>> {
    // SAFETY: callers have asked `is_weakref`.
    unsafe { WeakRef::target_raw(reference.as_ptr().cast::<PyWeakReference>()) }
}

capi! {
    fn PyWeakref_NewRef(object: Borrowed<'_, Object>, callback: Option<Borrowed<'_, Object>>) -> PyResult<Ref<WeakRef>> {
        WeakRef::new(object, callback)
    }

    fn PyWeakref_NewProxy(object: Borrowed<'_, Object>, callback: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        weakref::new_proxy(object, callback)
    }

    fn PyWeakref_GetRef(reference: Option<Borrowed<'_, Object>>, result: Place<'_>) -> PyResult<bool> {
        result.found((|| {
            let reference = given(reference)?;
            if !weakref::is_weakref(reference) {
                return Err(raise!(TypeError, "expected a weakref"));
            }
            Ok(target(reference))
        })())
    }

    fn PyWeakref_IsDead(reference: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
        let reference = given(reference)?;
        if !weakref::is_weakref(reference) {
            return Err(raise!(TypeError, "expected a weakref, got {}", qualified_type_name(reference)));
        }
        Ok(target(reference).is_none())
    }

    fn _PyWeakref_IsDead(reference: Borrowed<'_, Object>) -> bool { target(reference).is_none() }

    fn PyWeakref_GetObject(reference: Option<Borrowed<'_, Object>>) -> PyResult<*mut PyObject> {
        let reference = reference.filter(|reference| weakref::is_weakref(*reference)).ok_or_else(bad_internal_call)?;
        // Borrowed from whoever else has the object.
        Ok(target(reference).unwrap_or_else(none).as_ptr())
    }

    fn _PyWeakref_ClearRef(reference: *mut PyWeakReference) {
        if !reference.is_null() {
            // SAFETY: a live reference.
            unsafe { weakref::clear_reference(reference) }
        }
    }
}
