//! Instances, dicts, types: keys and values where they really are.

use taipan_runtime::abi::{Py_TPFLAGS_IMMUTABLETYPE, Py_TPFLAGS_INLINE_VALUES, PyHeapTypeObject, PyObject};
use taipan_runtime::memory::gc;
use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::{instance, keys};
use taipan_runtime::types::type_::{cache, slotdefs};
use taipan_runtime::types::{self, Function};

use super::TestInternalCapi;

fn has_values(object: Borrowed<'_, Object>) -> bool {
    // SAFETY: the flag says that values stand behind the object.
    object.type_of().tp_flags.get() & Py_TPFLAGS_INLINE_VALUES != 0
        && unsafe { (*instance::inline_values(object.as_ptr())).valid.get() != 0 }
}

/// A vectorcall function that does nothing.
unsafe extern "C" fn nop(
    _callable: *mut PyObject,
    _args: *const *mut PyObject,
    _nargsf: usize,
    _names: *mut PyObject,
) -> *mut PyObject {
    none().into_ptr()
}

#[pymethods(part = OBJECTS)]
impl TestInternalCapi {
    #[function(signature = "($module, object, /)")]
    fn has_inline_values(object: Borrowed<'_, Object>) -> bool {
        has_values(object)
    }

    #[function(signature = "($module, object, /)")]
    fn has_split_table(object: Borrowed<'_, Object>) -> bool {
        object.downcast::<Dict>().is_some_and(|dict| dict.is_split())
    }

    /// The values behind an object in the order of the class's keys; `<NULL>` where there is none.
    #[function(signature = "($module, object, /)")]
    fn get_object_dict_values(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if !has_values(object) {
            return Ok(none());
        }
        let missing = Str::intern_str("<NULL>")?;
        let mut values = Vec::new();
        // SAFETY: such an object is of a heap type with shared keys, and has a value's place for each of them.
        unsafe {
            let keys = (*object.type_ptr().cast::<PyHeapTypeObject>()).ht_cached_keys.get();
            let inline = instance::inline_values(object.as_ptr());
            for index in 0..(*keys).dk_nentries.get() as usize {
                let value = types::dict::raw::split_value(inline, index).get();
                values.push(match Ref::<Object>::from_borrowed_ptr_or_null(value) {
                    Some(value) => value,
                    None => missing.clone().into_object(),
                });
            }
        }
        Ok(Tuple::from_vec(values)?.into_object())
    }

    #[function(signature = "($module, /)")]
    fn get_next_dict_keys_version() -> i64 {
        keys::next_version().into()
    }

    #[function(signature = "($module, mapping, key, hash, /)")]
    fn dict_getitem_knownhash(
        mapping: Borrowed<'_, Object>,
        key: Borrowed<'_, Object>,
        hash: isize,
    ) -> PyResult<Ref<Object>> {
        let Some(dict) = mapping.downcast::<Dict>() else {
            return Err(raise!(SystemError, "bad argument to internal function"));
        };
        match dict.get_known_hash(key, hash)? {
            Some(value) => Ok(value),
            None => Err(raise!(KeyError, object: key.to_owned())),
        }
    }

    /// Gives a class a version, so that tests can see what caches do with it.
    #[function(signature = "($module, type, version, /)")]
    fn type_assign_specific_version_unsafe(r#type: Borrowed<'_, Type>, version: u32) -> PyResult<()> {
        if r#type.tp_flags.get() & Py_TPFLAGS_IMMUTABLETYPE != 0 {
            return Err(raise!(TypeError, "the type cannot be changed"));
        }
        if version != 0 {
            // Every version that a class gets counts against the most it can have.
            r#type.tp_versions_used.set(r#type.tp_versions_used.get().saturating_add(1));
        }
        // SAFETY: a live type.
        unsafe { cache::set_version(r#type.as_ptr().cast(), version) };
        Ok(())
    }

    #[function(signature = "($module, object, /)")]
    fn has_deferred_refcount(object: Borrowed<'_, Object>) -> bool {
        // Counts are exact in a build with a GIL.
        let _ = object;
        false
    }

    #[function(signature = "($module, /)")]
    fn get_static_builtin_types() -> PyResult<Ref<List>> {
        let list = List::new()?;
        for class in types::static_types() {
            // SAFETY: static types are always there.
            list.push(unsafe { Ref::from_borrowed_ptr(class.cast::<PyObject>()) })?;
        }
        Ok(list)
    }

    #[function(signature = "($module, /)")]
    fn identify_type_slot_wrappers() -> PyResult<Ref<List>> {
        let list = List::new()?;
        for row in &slotdefs::SLOTDEFS {
            list.push(slotdefs::name(row).to_owned().into_object())?;
        }
        Ok(list)
    }

    #[function(signature = "($module, function, /)")]
    fn set_vectorcall_nop(function: Borrowed<'_, Object>) -> PyResult<()> {
        match function.downcast::<Function>() {
            Some(function) => function.change_vectorcall(nop),
            None => return Err(raise!(TypeError, "expected function")),
        }
        Ok(())
    }

    /// How many objects the collector knows.
    #[function(signature = "($module, /)")]
    fn get_tracked_heap_size() -> PyResult<i64> {
        Ok(gc::objects(None)?.len() as i64)
    }

    #[function(signature = "($module, set, iterable, /)")]
    fn set_update(set: Borrowed<'_, Object>, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        if !set.is_instance_of::<Set>() {
            return Err(raise!(SystemError, "bad argument to internal function"));
        }
        for item in iterable.collect_items()? {
            set.call_method(id!("add"), &[item.as_borrowed()])?;
        }
        Ok(())
    }

    /// KeyError with this value, whatever it is.
    #[function(signature = "($module, value, /)")]
    fn _pyerr_setkeyerror(value: Borrowed<'_, Object>) -> PyResult<()> {
        Err(raise!(KeyError, object: value.to_owned()))
    }
}
