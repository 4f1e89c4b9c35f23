//! Finding keys, in four forms: unicode table and `str` key (no Python code runs), unicode table and any key, general
//! table, split table.

use core::ptr;

use super::Dict;
use super::keys::{self, DUMMY, EMPTY, Keys, PERTURB_SHIFT};
use crate::abi::*;
use crate::prelude::*;

/// What a comparison found when the table changed under it.
const CHANGED: isize = DKIX_KEY_CHANGED;

/// Where a key was found: the entry (or value slot of a split table), or `EMPTY`.
pub struct Found {
    pub index: isize,
    /// Borrowed from the dict; null when absent.
    pub value: *mut PyObject,
}

/// Whether an object is exactly a `str`.
///
/// # Safety
/// `object` is live.
#[inline(always)]
pub unsafe fn is_exact_str(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { (*object).ob_type.get() == Str::TYPE }
}

/// The hash of a `str`, computed at most once.
#[inline(always)]
pub fn hash_str(text: Borrowed<'_, Str>) -> isize {
    // SAFETY: a live `str`.
    let hash = unsafe { keys::str_hash(text.as_ptr()) };
    if hash != -1 { hash } else { text.hash_value() }
}

/// `hash(key)` for use in a dict: the error of an unhashable key says so.
#[inline(always)]
pub fn hash_key(key: Borrowed<'_, Object>) -> PyResult<isize> {
    if let Some(text) = key.downcast_exact::<Str>() {
        return Ok(hash_str(text));
    }
    if let Some(int) = key.downcast_exact::<Int>() {
        return Ok(int.hash_value());
    }
    match key.hash() {
        Ok(hash) => Ok(hash),
        Err(raised) => Err(explain_unhashable(raised, key, "a dict key")),
    }
}

/// Rewords the TypeError of an unhashable object: "cannot use 'list' as a dict key (unhashable type: 'list')".
#[cold]
pub fn explain_unhashable(raised: Raised, key: Borrowed<'_, Object>, role: &str) -> Raised {
    let exact = raised.peek().is_some_and(|exception| exception.is_exact::<crate::types::exceptions::TypeError>());
    if !exact {
        return raised;
    }
    let exception = raised.take();
    raise!(TypeError, "cannot use '{}' as {role} ({})", qualified_type_name(key), exception.to_text())
}

/// The name of an object's type with its module, but for built-in classes and those of `__main__` (`%T` of C's formats).
pub fn qualified_type_name(object: Borrowed<'_, Object>) -> String {
    let ty = object.type_of();
    let part = |name| match ty.as_object().lookup_attr(name) {
        Ok(value) => value.and_then(|value| value.into_downcast::<Str>().ok()).map(|text| text.to_display()),
        Err(raised) => {
            raised.clear();
            None
        }
    };
    let Some(name) = part(id!("__qualname__")) else { return ty.name() };
    match part(id!("__module__")) {
        Some(module) if module != "builtins" && module != "__main__" => format!("{module}.{name}"),
        _ => name,
    }
}

/// Looks a `str` up in a unicode or split table.
///
/// # Safety
/// `keys` is live, `key` exactly a `str` of that hash.
#[inline]
pub unsafe fn unicode_index(keys: Keys, key: *mut PyObject, hash: isize) -> isize {
    // SAFETY: by contract; nothing here runs Python code.
    unsafe {
        let entries = keys::unicode_entries(keys);
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let candidate = (*entries.add(index as usize)).me_key.get();
                if candidate == key || (keys::str_hash(candidate) == hash && is_equal_text(candidate, key)) {
                    return index;
                }
            } else if index == EMPTY {
                return EMPTY;
            }
            perturb >>= PERTURB_SHIFT;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }
}

#[inline(never)]
unsafe fn is_equal_text(a: *mut PyObject, b: *mut PyObject) -> bool {
    // SAFETY: both are `str`.
    unsafe { Borrowed::<Str>::from_ptr(a).equals_str(&Borrowed::<Str>::from_ptr(b)) }
}

/// # Safety
/// `object` is live.
#[inline(always)]
unsafe fn is_exact_int(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { (*object).ob_type.get() == Int::TYPE }
}

/// Looks any key up in a table where comparing may run Python code.
///
/// # Safety
/// `dict` and `key` are live and held by the caller; `keys` are the keys of `dict`.
#[inline(never)]
unsafe fn general_index(dict: *mut PyDictObject, keys: Keys, key: *mut PyObject, hash: isize) -> PyResult<isize> {
    // SAFETY: by contract; after a comparison nothing of the table is touched before it was seen to be the same.
    unsafe {
        let unicode = keys::is_unicode(keys);
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let (candidate, candidate_hash) = if unicode {
                    let candidate = (*keys::unicode_entries(keys).add(index as usize)).me_key.get();
                    (candidate, keys::str_hash(candidate))
                } else {
                    let entry = keys::general_entries(keys).add(index as usize);
                    ((*entry).me_key.get(), (*entry).me_hash.get())
                };
                if candidate == key {
                    return Ok(index);
                }
                if candidate_hash == hash {
                    if !unicode && is_exact_str(candidate) && is_exact_str(key) {
                        if is_equal_text(candidate, key) {
                            return Ok(index);
                        }
                    } else if is_exact_int(candidate) && is_exact_int(key) {
                        if Int::equals_raw(candidate.cast(), key.cast()) {
                            return Ok(index);
                        }
                    } else {
                        let held: Ref<Object> = Ref::from_borrowed_ptr(candidate);
                        let equal = held.equals(Borrowed::from_ptr(key))?;
                        let same_table = (*dict).ma_keys.get() == keys;
                        if !same_table || keys::entry(keys, index as usize).0 != candidate {
                            return Ok(CHANGED);
                        }
                        if equal {
                            return Ok(index);
                        }
                    }
                }
            } else if index == EMPTY {
                return Ok(EMPTY);
            }
            perturb >>= PERTURB_SHIFT;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }
}

/// Finds `key` in a dict (`_Py_dict_lookup`). Fails only if comparing keys does.
///
/// # Safety
/// `dict` and `key` are live and held by the caller.
#[inline]
pub unsafe fn lookup(dict: *mut PyDictObject, key: *mut PyObject, hash: isize) -> PyResult<Found> {
    // SAFETY: by contract.
    unsafe {
        let keys = (*dict).ma_keys.get();
        if keys::is_unicode(keys) && is_exact_str(key) {
            return Ok(found(dict, keys, unicode_index(keys, key, hash)));
        }
        lookup_slow(dict, key, hash)
    }
}

#[inline(never)]
unsafe fn lookup_slow(dict: *mut PyDictObject, key: *mut PyObject, hash: isize) -> PyResult<Found> {
    // SAFETY: by contract of `lookup`.
    unsafe {
        loop {
            let keys = (*dict).ma_keys.get();
            if keys::is_unicode(keys) && is_exact_str(key) {
                return Ok(found(dict, keys, unicode_index(keys, key, hash)));
            }
            let index = general_index(dict, keys, key, hash)?;
            if index != CHANGED {
                return Ok(found(dict, (*dict).ma_keys.get(), index));
            }
        }
    }
}

#[inline(always)]
unsafe fn found(dict: *mut PyDictObject, keys: Keys, index: isize) -> Found {
    // SAFETY: `index` was found in `keys`, which are the dict's.
    unsafe {
        debug_assert!(index != DUMMY);
        let value = if index < 0 {
            ptr::null_mut()
        } else if !(*dict).ma_values.get().is_null() {
            super::raw::split_value((*dict).ma_values.get(), index as usize).get()
        } else {
            keys::value_cell(keys, index as usize).get()
        };
        Found { index, value }
    }
}

/// The value of a `str` key in globals, else in builtins; `None` when neither has it. Both are looked into without Python
/// code if they are exact dicts with string keys; `builtins` may be any mapping (`_PyDict_LoadGlobal`).
pub fn load_global(
    globals: Borrowed<'_, Dict>,
    builtins: Borrowed<'_, Object>,
    name: Borrowed<'_, Str>,
) -> PyResult<Option<Ref<Object>>> {
    let hash = hash_str(name);
    // SAFETY: the handles keep everything alive; a value is counted before anything else runs.
    unsafe {
        let value = lookup(globals.as_ptr().cast(), name.as_ptr(), hash)?.value;
        if !value.is_null() {
            return Ok(Some(Ref::from_borrowed_ptr(value)));
        }
        if let Some(builtins) = builtins.downcast::<Dict>() {
            let value = lookup(builtins.as_ptr().cast(), name.as_ptr(), hash)?.value;
            return Ok(Ref::from_borrowed_ptr_or_null(value));
        }
    }
    match builtins.get_item(name.upcast()) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => raised.clear_if::<crate::types::exceptions::KeyError>().map(|()| None),
    }
}
