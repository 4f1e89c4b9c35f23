//! `setobject.h`.

use core::ffi::c_int;

use taipan_runtime::abi::{PyObject, PySetObject};
use taipan_runtime::prelude::*;
use taipan_runtime::types::set::raw;

use crate::outcome::{bad_internal_call, expect};
use crate::parameters::Out;

/// A set or frozen set, as the functions that do not care which it is have it.
fn any_set<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Set>> {
    if object.is_instance_of::<Set>() || object.is_instance_of::<FrozenSet>() {
        // SAFETY: both have the same layout, and the operations used here do not look at the type.
        return Ok(unsafe { object.cast_borrowed_unchecked() });
    }
    Err(bad_internal_call())
}

/// A set that may be changed: a frozen one only as long as nobody else has it.
fn changeable<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Set>> {
    if object.is_instance_of::<Set>() || object.is_instance_of::<FrozenSet>() && object.refcount() == 1 {
        return any_set(object);
    }
    Err(bad_internal_call())
}

/// The next key and its hash.
fn next(set: Borrowed<'_, Object>, position: Out<'_, isize>, hash: Out<'_, isize>) -> PyResult<Option<Ref<Object>>> {
    let set = any_set(set)?;
    let mut at = position.get().and_then(|at| usize::try_from(at).ok()).ok_or_else(bad_internal_call)?;
    // SAFETY: the set is live.
    let Some((key, found)) = (unsafe { raw::next_owned(set.as_raw().cast::<PySetObject>(), &mut at) }) else {
        return Ok(None);
    };
    position.set(at as isize);
    hash.set(found);
    Ok(Some(key))
}

capi! {
    fn PySet_New(iterable: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Set>> {
        match iterable {
            Some(iterable) => Set::from_iterable(iterable),
            None => Set::new(),
        }
    }

    fn PyFrozenSet_New(iterable: Option<Borrowed<'_, Object>>) -> PyResult<Ref<FrozenSet>> {
        match iterable {
            Some(iterable) => FrozenSet::from_iterable(iterable),
            None => FrozenSet::new(),
        }
    }

    fn PySet_Size(set: Borrowed<'_, Object>) -> PyResult<isize> { Ok(any_set(set)?.len() as isize) }

    fn PySet_Clear(set: Borrowed<'_, Object>) -> PyResult<()> {
        expect::<Set>(set)?.clear();
        Ok(())
    }

    fn PySet_Contains(set: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<bool> { any_set(set)?.contains(key) }

    fn _PySet_Contains(set: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<bool> {
        taipan_runtime::types::set::contains(&*any_set(set)?, key)
    }

    fn PySet_Discard(set: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<bool> { expect::<Set>(set)?.discard(key) }

    fn PySet_Add(set: Borrowed<'_, Object>, key: Borrowed<'_, Object>) -> PyResult<()> { changeable(set)?.add(key) }

    fn _PySet_AddTakeRef(set: Borrowed<'_, Object>, key: Ref<Object>) -> PyResult<()> { any_set(set)?.add(key.borrow()) }

    fn PySet_Pop(set: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        expect::<Set>(set)?.pop().ok_or_else(|| raise!(KeyError, "pop from an empty set"))
    }

    fn _PySet_Update(set: Borrowed<'_, Object>, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        expect::<Set>(set)?.update(iterable)
    }

    fn _PySet_NextEntry(
        set: Borrowed<'_, Object>, position: Out<'_, isize>, key: Out<'_, *mut PyObject>, hash: Out<'_, isize>,
    ) -> PyResult<bool> {
        let found = next(set, position, hash)?;
        // The set keeps the key alive.
        Ok(found.is_some_and(|found| {
            key.set(found.as_ptr());
            true
        }))
    }

    fn _PySet_NextEntryRef(
        set: Borrowed<'_, Object>, position: Out<'_, isize>, key: Out<'_, *mut PyObject>, hash: Out<'_, isize>,
    ) -> PyResult<c_int> {
        let found = next(set, position, hash)?;
        Ok(found.map_or(0, |found| {
            key.set(found.into_ptr());
            1
        }))
    }
}
