//! Finding keys that need no comparison of objects: the very string that is in the table, and ints that need not exist.

use core::cell::Cell;
use core::ptr;

use super::keys::{self, EMPTY, PERTURB_SHIFT};
use crate::abi::{PyASCIIObject, PyDictObject, PyLongObject, PyObject};
use crate::prelude::*;
use crate::types::int::raw::hash_of;

/// The value of a string that is a key itself, borrowed, without any call; null where it is not, or has to be compared.
///
/// # Safety
/// A live dict, and an exact `str`.
#[inline(always)]
pub(crate) unsafe fn find_same(dict: *mut PyDictObject, key: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract; no Python code runs, so the table stays as it is.
    unsafe {
        let keys = (*dict).ma_keys.get();
        let hash = (*key.cast::<PyASCIIObject>()).hash.get();
        if hash == -1 || !keys::is_unicode(keys) || !(*dict).ma_values.get().is_null() {
            return ptr::null_mut();
        }
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let entry = keys::unicode_entries(keys).add(index as usize);
                if (*entry).me_key.get() == key {
                    return (*entry).me_value.get();
                }
                if keys::str_hash((*entry).me_key.get()) == hash {
                    return ptr::null_mut();
                }
            } else if index == EMPTY {
                return ptr::null_mut();
            }
            perturb >>= PERTURB_SHIFT;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }
}

/// The value of an int key, borrowed; null when the key is absent; `None` where a key has to be compared by its own rules.
///
/// # Safety
/// A live dict.
#[inline]
pub(crate) unsafe fn find_int(dict: *mut PyDictObject, value: i64) -> Option<*mut PyObject> {
    // SAFETY: by contract.
    unsafe { Some(find_int_cell(dict, value)?.map_or(ptr::null_mut(), Cell::get)) }
}

/// `dict[key] = value` for immediate integers, where the key is there and its value is an int that can be written over: nothing is
/// released then. `false` for all else.
///
/// # Safety
/// A live dict.
#[inline]
pub(crate) unsafe fn overwrite_int(dict: *mut PyDictObject, key: i64, value: i64) -> bool {
    // SAFETY: by contract. Nobody watches the dict, and the old value is the dict's alone.
    unsafe {
        (*dict)._ma_watcher_tag.get() == 0
            && matches!(find_int_cell(dict, key), Some(Some(cell)) if crate::types::int::raw::overwrite(cell.get(), value))
    }
}

#[inline(always)]
unsafe fn find_int_cell<'a>(dict: *mut PyDictObject, value: i64) -> Option<Option<&'a Cell<*mut PyObject>>> {
    // SAFETY: by contract; no Python code runs, so the table stays as it is.
    unsafe {
        let keys = (*dict).ma_keys.get();
        if keys::is_unicode(keys) {
            // Only strings, which equal no int.
            return Some(None);
        }
        let hash = hash_of(value);
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let entry = keys::general_entries(keys).add(index as usize);
                if (*entry).me_hash.get() == hash {
                    let key = (*entry).me_key.get();
                    if (*key).ob_type.get() != Int::TYPE || !Int::fits_small_raw(key.cast()) {
                        return None;
                    }
                    if Int::small_value_raw(key.cast::<PyLongObject>()) == value {
                        return Some(Some(&(*entry).me_value));
                    }
                }
            } else if index == EMPTY {
                return Some(None);
            }
            perturb >>= PERTURB_SHIFT;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }
}
