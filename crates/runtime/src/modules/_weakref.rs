//! `_weakref`: what `weakref.py` builds on.

use crate::prelude::*;
use crate::types::weakref::{self, CallableProxy, Proxy, WeakRef};

pub struct WeakrefModule;

#[pymodule(name = "_weakref")]
impl WeakrefModule {
    #[function(signature = "(object, /)")]
    fn getweakrefcount(object: Borrowed<'_, Object>) -> isize {
        // SAFETY: a handle is live.
        unsafe { weakref::count(object.as_ptr()) as isize }
    }

    /// `del dct[key]` if the value is a dead weak reference, in one step.
    #[function(signature = "(dct, key, /)")]
    fn _remove_dead_weakref(dct: Borrowed<'_, Dict>, key: Borrowed<'_, Object>) -> PyResult<()> {
        let mut is_reference = true;
        dct.take_if(key, |value| {
            is_reference = weakref::is_weakref(value);
            // SAFETY: just checked.
            is_reference && unsafe { WeakRef::target_raw(value.as_ptr().cast()) }.is_none()
        })?;
        if !is_reference {
            return Err(raise!(TypeError, "not a weakref"));
        }
        Ok(())
    }

    #[function(signature = "(object, /)")]
    fn getweakrefs(object: Borrowed<'_, Object>) -> PyResult<Ref<List>> {
        let mut found: Vec<Ref<Object>> = Vec::new();
        if let Some(list) = weakref::list_slot_checked(object) {
            // SAFETY: the list does not change while it is walked; references without counts are being destroyed.
            unsafe {
                let mut reference = *list;
                while !reference.is_null() {
                    if (*reference).ob_base.ob_refcnt.get() != 0 {
                        found.try_push(Ref::from_borrowed_ptr(reference))?;
                    }
                    reference = (*reference).wr_next.get();
                }
            }
        }
        List::from_vec(found)
    }

    #[function(signature = "(object, callback=None, /)")]
    fn proxy(object: Borrowed<'_, Object>, callback: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        weakref::new_proxy(object, callback)
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add("ref", WeakRef::type_object().as_object().clone())?;
        module.add("ReferenceType", WeakRef::type_object().as_object().clone())?;
        module.add("ProxyType", Proxy::type_object().as_object().clone())?;
        module.add("CallableProxyType", CallableProxy::type_object().as_object().clone())
    }
}
