//! Finding keys that need no comparison of objects: the very object that is in the table, and ints that need not exist.
//!
//! Nothing here makes a call, so that the engine's fast instructions can have it inside them.

use core::cell::Cell;

use super::keys::{self, EMPTY, Keys, next_position};
use super::lookup::{COMPARE, NOWHERE, Spot, is_same_short_text};
use crate::abi::{Py_TPFLAGS_DICT_SUBCLASS, PyDictObject, PyLongObject, PyObject, PyTypeObject};
use crate::prelude::*;
use crate::types::int::raw::hash_of;

const UNKNOWN: Spot = Spot { index: COMPARE, at: NOWHERE };

/// Whether a dict has a table of its own and nobody is told of changes.
///
/// # Safety
/// A live dict.
#[inline(always)]
pub(crate) unsafe fn is_plain(dict: *mut PyDictObject) -> bool {
    // SAFETY: by contract.
    unsafe { (*dict).ma_values.get().is_null() && (*dict)._ma_watcher_tag.get() == 0 }
}

/// Where a `str` stands in a table of them, or would stand; `COMPARE` where that does not show without a call. With `ADDING` the
/// position of a key that is not there is that for its index.
///
/// # Safety
/// Live keys and a live object.
#[inline(always)]
pub(crate) unsafe fn glance<const ADDING: bool>(keys: Keys, key: *mut PyObject) -> (Spot, isize) {
    // SAFETY: by contract; no Python code runs, so the table stays as it is.
    unsafe {
        if (*key).ob_type.get() != Str::TYPE || !keys::is_unicode(keys) {
            return (UNKNOWN, -1);
        }
        let hash = keys::str_hash(key);
        if hash == -1 {
            return (UNKNOWN, hash);
        }
        let entries = keys::unicode_entries(keys);
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let candidate = (*entries.add(index as usize)).me_key.get();
                if candidate == key {
                    return (Spot { index, at }, hash);
                }
                if keys::str_hash(candidate) == hash {
                    match is_same_short_text(candidate, key) {
                        Some(true) => return (Spot { index, at }, hash),
                        Some(false) => {}
                        None => return (UNKNOWN, hash),
                    }
                }
            } else if index == EMPTY {
                return (Spot { index, at }, hash);
            } else if ADDING {
                return (UNKNOWN, hash);
            }
            at = next_position(at, &mut perturb, mask);
        }
    }
}

/// As [`glance`] for the int of a value in any table.
///
/// # Safety
/// Live keys.
#[inline(always)]
pub(crate) unsafe fn glance_int<const ADDING: bool>(keys: Keys, value: i64) -> (Spot, isize) {
    // SAFETY: by contract; no Python code runs, so the table stays as it is.
    unsafe {
        let hash = hash_of(value);
        if keys::is_unicode(keys) {
            // Only strings, which equal no int.
            return (Spot { index: EMPTY, at: NOWHERE }, hash);
        }
        let entries = keys::general_entries(keys);
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let entry = &*entries.add(index as usize);
                if entry.me_hash.get() == hash {
                    let key = entry.me_key.get();
                    if (*key).ob_type.get() != Int::TYPE || !Int::fits_small_raw(key.cast()) {
                        return (UNKNOWN, hash);
                    }
                    if Int::small_value_raw(key.cast::<PyLongObject>()) == value {
                        return (Spot { index, at }, hash);
                    }
                }
            } else if index == EMPTY {
                return (Spot { index, at }, hash);
            } else if ADDING {
                return (UNKNOWN, hash);
            }
            at = next_position(at, &mut perturb, mask);
        }
    }
}

/// The cell of the value at a spot that was found.
///
/// # Safety
/// Live keys of a combined table, and a spot in it.
#[inline(always)]
pub(crate) unsafe fn value_at<'a>(keys: Keys, spot: Spot) -> &'a Cell<*mut PyObject> {
    // SAFETY: by contract.
    unsafe { keys::value_cell(keys, spot.index as usize) }
}

/// Whether a new entry can be put at a spot where no key was found.
///
/// # Safety
/// Live keys.
#[inline(always)]
pub(crate) unsafe fn has_room(keys: Keys, spot: Spot) -> bool {
    // SAFETY: by contract.
    unsafe { spot.index == EMPTY && spot.at != NOWHERE && (*keys).dk_usable.get() > 0 }
}

/// Whether subscripts of a type's instances read, and set, what those of a dict do: dict itself, and what inherits it from there.
///
/// # Safety
/// A live type.
#[inline(always)]
pub(crate) unsafe fn is_subscripted_as_dict(ty: *mut PyTypeObject) -> bool {
    // SAFETY: by contract; the type of dicts is ready.
    unsafe {
        if ty == Dict::TYPE {
            return true;
        }
        let (own, dicts) = ((*ty).tp_as_mapping.get(), (*Dict::TYPE).tp_as_mapping.get());
        (*ty).tp_flags.get() & Py_TPFLAGS_DICT_SUBCLASS != 0
            && !own.is_null()
            && (*own).mp_subscript.get().map(|f| f as usize) == (*dicts).mp_subscript.get().map(|f| f as usize)
            && (*own).mp_ass_subscript.get().map(|f| f as usize) == (*dicts).mp_ass_subscript.get().map(|f| f as usize)
    }
}
