//! `dictobject.h`.
//!
//! The older functions give borrowed references: the dict keeps the value alive, until it is changed.

use core::ffi::c_int;

use taipan_runtime::abi::{PyDict_WatchCallback, PyObject};
use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::{Duplicate, key_error, watch};
use taipan_runtime::types::exceptions::report_unraisable;

use crate::outcome::{expect, given};
use crate::parameters::{CText, Out, Place};

/// A reference that the dict, which has another, keeps alive.
fn borrowed(value: Option<Ref<Object>>) -> *mut PyObject {
    value.map_or(core::ptr::null_mut(), |value| value.as_ptr())
}

/// Looks a key up with errors hidden, as the oldest functions do: they are shown as unraisable, and an exception that was set before
/// stays.
fn get_quietly(answer: impl FnOnce() -> PyResult<Option<Ref<Object>>>, function: &str, better: &str) -> *mut PyObject {
    let before = Raised::take_if_set();
    let found = answer().unwrap_or_else(|raised| {
        report_unraisable(raised, &format!("Exception ignored in {function}; consider using {better}"), None);
        None
    });
    if let Some(before) = before {
        let _raised = Raised::restore(before);
    }
    borrowed(found)
}

fn duplicate(replace: c_int) -> Duplicate {
    match replace {
        0 => Duplicate::Keep,
        1 => Duplicate::Replace,
        _ => Duplicate::Error,
    }
}

fn merge(
    dict: Option<Borrowed<'_, Object>>,
    other: Option<Borrowed<'_, Object>>,
    duplicates: Duplicate,
) -> PyResult<()> {
    expect::<Dict>(given(dict)?)?.merge(given(other)?, duplicates)
}

/// The default of `setdefault` and how it went: the value, and whether it was there.
fn set_default(
    dict: Borrowed<'_, Object>,
    key: Borrowed<'_, Object>,
    default: Borrowed<'_, Object>,
) -> PyResult<(Ref<Object>, bool)> {
    expect::<Dict>(dict)?.set_default(key, default)
}

/// Takes a key out and stores its value. An empty dict does not look at the key.
fn pop<'a>(
    dict: Borrowed<'_, Object>,
    key: impl FnOnce() -> PyResult<Borrowed<'a, Object>>,
    result: Place<'_>,
) -> PyResult<bool> {
    result.found((|| {
        let dict = expect::<Dict>(dict)?;
        if dict.is_empty() { Ok(None) } else { dict.pop(key()?) }
    })())
}

capi! {
    fn PyDict_New() -> PyResult<Ref<Dict>> { Dict::new() }

    fn _PyDict_NewPresized(entries: isize) -> PyResult<Ref<Dict>> { Dict::with_capacity(entries.max(0) as usize) }

    fn PyDict_Size(dict: Option<Borrowed<'_, Object>>) -> PyResult<isize> { Ok(expect::<Dict>(given(dict)?)?.len() as isize) }

    fn PyDict_GetItem(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> *mut PyObject {
        let Some(dict) = dict.downcast::<Dict>() else { return core::ptr::null_mut() };
        get_quietly(|| dict.get_known_hash(key, key.hash()?), "PyDict_GetItem()", "PyDict_GetItemRef() or PyDict_GetItemWithError()")
    }

    fn PyDict_GetItemString(dict: Borrowed<'_, Object>, key: CText<'_>) -> *mut PyObject {
        let Some(dict) = dict.downcast::<Dict>() else { return core::ptr::null_mut() };
        let get = || dict.get(key.to_str()?.borrow());
        get_quietly(get, "PyDict_GetItemString()", "PyDict_GetItemRefString()")
    }

    fn PyDict_GetItemWithError(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<*mut PyObject> {
        Ok(borrowed(expect::<Dict>(dict)?.get(key)?))
    }

    fn _PyDict_GetItemStringWithError(dict: Borrowed<'_, Object>, key: CText<'_>) -> PyResult<*mut PyObject> {
        Ok(borrowed(expect::<Dict>(dict)?.get(key.to_str()?.borrow())?))
    }

    fn _PyDict_GetItem_KnownHash(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, hash: isize) -> PyResult<*mut PyObject> {
        Ok(borrowed(expect::<Dict>(dict)?.get_known_hash(key, hash)?))
    }

    fn PyDict_GetItemRef(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, result: Place<'_>) -> PyResult<bool> {
        result.found((|| expect::<Dict>(dict)?.get(key))())
    }

    fn PyDict_GetItemStringRef(dict: Borrowed<'_, Object>, key: CText<'_>, result: Place<'_>) -> PyResult<bool> {
        result.found((|| expect::<Dict>(dict)?.get(key.to_str()?.borrow()))())
    }

    fn _PyDict_GetItemRef_KnownHash_LockHeld(
        dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, hash: isize, result: Place<'_>,
    ) -> PyResult<bool> {
        result.found((|| expect::<Dict>(dict)?.get_known_hash(key, hash))())
    }

    fn PyDict_Contains(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<bool> { expect::<Dict>(dict)?.contains(key) }

    fn PyDict_ContainsString(dict: Borrowed<'_, Object>, key: CText<'_>) -> PyResult<bool> {
        expect::<Dict>(dict)?.contains(key.to_str()?.borrow())
    }

    fn PyDict_SetItem(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, value: Borrowed<'_, Object>) -> PyResult<()> {
        expect::<Dict>(dict)?.set_item(key, value)
    }

    fn PyDict_SetItemString(dict: Borrowed<'_, Object>, key: CText<'_>, value: Borrowed<'_, Object>) -> PyResult<()> {
        let key = Str::intern(key.to_str()?);
        expect::<Dict>(dict)?.set_item(key.borrow(), value)
    }

    fn _PyDict_SetItem_KnownHash(
        dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, value: Borrowed<'_, Object>, hash: isize,
    ) -> PyResult<()> {
        expect::<Dict>(dict)?.set_item_known_hash(key, hash, value)
    }

    fn _PyDict_SetItem_KnownHash_LockHeld(
        dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, value: Borrowed<'_, Object>, hash: isize,
    ) -> PyResult<()> {
        expect::<Dict>(dict)?.set_item_known_hash(key, hash, value)
    }

    fn _PyDict_SetItem_Take2(dict: Borrowed<'_, Dict>, key: Ref<Object>, value: Ref<Object>) -> PyResult<()> {
        dict.set_item(key.borrow(), value.borrow())
    }

    fn PyDict_SetDefault(
        dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, default: Borrowed<'_, Object>,
    ) -> PyResult<*mut PyObject> {
        Ok(borrowed(Some(set_default(dict, key, default)?.0)))
    }

    fn PyDict_SetDefaultRef(
        dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, default: Borrowed<'_, Object>, result: Place<'_>,
    ) -> PyResult<bool> {
        let mut there = false;
        result.found(set_default(dict, key, default).map(|(value, found)| {
            there = found;
            Some(value)
        }))?;
        Ok(there)
    }

    fn PyDict_DelItem(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<()> { expect::<Dict>(dict)?.del_item(key) }

    fn PyDict_DelItemString(dict: Borrowed<'_, Object>, key: CText<'_>) -> PyResult<()> {
        expect::<Dict>(dict)?.del_item(key.to_str()?.borrow())
    }

    fn _PyDict_DelItem_KnownHash(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, hash: isize) -> PyResult<()> {
        match expect::<Dict>(dict)?.take_known_hash(key, hash)? {
            Some(_) => Ok(()),
            None => Err(key_error(key)),
        }
    }

    fn _PyDict_DelItemIf(
        dict: Borrowed<'_, Object>,
        key: Borrowed<'_, Object>,
        predicate: unsafe extern "C" fn(*mut PyObject, *mut c_void) -> c_int,
        argument: *mut c_void,
    ) -> PyResult<bool> {
        // SAFETY: C's function takes any object and its own argument.
        expect::<Dict>(dict)?.take_if(key, |value| unsafe { predicate(value.as_ptr(), argument) } > 0)
    }

    fn PyDict_Pop(dict: Borrowed<'_, Object>, key: Option<Borrowed<'_, Object>>, result: Place<'_>) -> PyResult<bool> {
        pop(dict, || given(key), result)
    }

    fn PyDict_PopString(dict: Borrowed<'_, Object>, key: CText<'_>, result: Place<'_>) -> PyResult<bool> {
        match key.to_str() {
            Ok(key) => pop(dict, || Ok(key.as_borrowed()), result),
            Err(raised) => pop(dict, || Err(raised), result),
        }
    }

    fn _PyDict_Pop(
        dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, default: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        match (expect::<Dict>(dict)?.pop(key)?, default) {
            (Some(value), _) => Ok(value),
            (None, Some(default)) => Ok(default.to_owned()),
            (None, None) => Err(key_error(key)),
        }
    }

    fn PyDict_Clear(dict: Borrowed<'_, Object>) {
        if let Some(dict) = dict.downcast::<Dict>() {
            dict.clear();
        }
    }

    fn PyDict_Next(
        dict: Borrowed<'_, Object>, position: Out<'_, isize>, key: Out<'_, *mut PyObject>, value: Out<'_, *mut PyObject>,
    ) -> bool {
        let (Some(dict), Some(at)) = (dict.downcast::<Dict>(), position.get()) else { return false };
        let Ok(mut at) = usize::try_from(at) else { return false };
        match dict.next(&mut at) {
            Some((found_key, found_value)) => {
                position.set(at as isize);
                key.set(found_key.as_ptr());
                value.set(found_value.as_ptr());
                true
            }
            None => false,
        }
    }

    fn PyDict_Keys(dict: Option<Borrowed<'_, Object>>) -> PyResult<Ref<List>> { expect::<Dict>(given(dict)?)?.keys_list() }
    fn PyDict_Values(dict: Option<Borrowed<'_, Object>>) -> PyResult<Ref<List>> { expect::<Dict>(given(dict)?)?.values_list() }
    fn PyDict_Items(dict: Option<Borrowed<'_, Object>>) -> PyResult<Ref<List>> { expect::<Dict>(given(dict)?)?.items_list() }
    fn PyDict_Copy(dict: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Dict>> { expect::<Dict>(given(dict)?)?.copy() }

    fn PyDict_Update(dict: Option<Borrowed<'_, Object>>, other: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        merge(dict, other, Duplicate::Replace)
    }

    fn PyDict_Merge(dict: Option<Borrowed<'_, Object>>, other: Option<Borrowed<'_, Object>>, replace: c_int) -> PyResult<()> {
        merge(dict, other, if replace == 0 { Duplicate::Keep } else { Duplicate::Replace })
    }

    fn _PyDict_MergeEx(dict: Option<Borrowed<'_, Object>>, other: Option<Borrowed<'_, Object>>, replace: c_int) -> PyResult<()> {
        merge(dict, other, duplicate(replace))
    }

    fn PyDict_MergeFromSeq2(dict: Borrowed<'_, Object>, pairs: Borrowed<'_, Object>, replace: c_int) -> PyResult<()> {
        expect::<Dict>(dict)?.merge_pairs(pairs, if replace == 0 { Duplicate::Keep } else { Duplicate::Replace })
    }

    fn _PyDict_SizeOf(dict: Borrowed<'_, Dict>) -> isize { dict.size_of() as isize }

    fn PyDict_AddWatcher(callback: PyDict_WatchCallback) -> PyResult<c_int> { watch::add(callback).map(|id| id as c_int) }
    fn PyDict_ClearWatcher(id: c_int) -> PyResult<()> { watch::clear(id) }
    fn PyDict_Watch(id: c_int, dict: Borrowed<'_, Object>) -> PyResult<()> { watch::watch(id, dict, true) }
    fn PyDict_Unwatch(id: c_int, dict: Borrowed<'_, Object>) -> PyResult<()> { watch::watch(id, dict, false) }

    fn PyODict_New() -> PyResult<Ref<Object>> { ordered_type().call0() }

    fn PyODict_SetItem(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>, value: Borrowed<'_, Object>) -> PyResult<()> {
        dict.set_item(key, value)
    }

    fn PyODict_DelItem(dict: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<()> { dict.del_item(key) }
}

fn ordered_type() -> Ref<Object> {
    taipan_runtime::types::odict::OrderedDict::type_object().as_object().clone()
}
