//! Finding keys that need no comparison of objects: the very object that is in the table, and ints that need not exist.
//!
//! Nothing here makes a call, so that the engine's fast instructions can have it inside them.

use core::cell::Cell;

use super::keys::{self, DUMMY, EMPTY, Keys, next_position};
use super::lookup::{COMPARE, NOWHERE, Spot};
use crate::abi::{PyDictObject, PyLongObject, PyObject, PyTupleObject};
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

/// Where a key stands in a table, or would stand, and its hash; `COMPARE` where that does not show without a call.
///
/// # Safety
/// Live keys and a live object.
#[inline(always)]
pub(crate) unsafe fn glance(keys: Keys, key: *mut PyObject) -> (Spot, isize) {
    // SAFETY: by contract; no Python code runs, so the table stays as it is.
    unsafe {
        let ty = (*key).ob_type.get();
        let is_unicode = keys::is_unicode(keys);
        let hash = if ty == Str::TYPE {
            keys::str_hash(key)
        } else if ty == Int::TYPE && Int::fits_small_raw(key.cast()) {
            return glance_int(keys, Int::small_value_raw(key.cast()));
        } else if ty == Tuple::TYPE && !is_unicode {
            (*key.cast::<PyTupleObject>()).ob_hash.get()
        } else {
            -1
        };
        if hash == -1 {
            return (UNKNOWN, hash);
        }
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        let mut free = NOWHERE;
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let (candidate, candidate_hash) = if is_unicode {
                    let candidate = (*keys::unicode_entries(keys).add(index as usize)).me_key.get();
                    (candidate, keys::str_hash(candidate))
                } else {
                    let entry = &*keys::general_entries(keys).add(index as usize);
                    (entry.me_key.get(), entry.me_hash.get())
                };
                if candidate == key {
                    return (Spot { index, at }, hash);
                }
                if candidate_hash == hash {
                    return (UNKNOWN, hash);
                }
            } else if index == EMPTY {
                return (Spot { index, at: if free == NOWHERE { at } else { free } }, hash);
            } else if free == NOWHERE {
                debug_assert!(index == DUMMY);
                free = at;
            }
            at = next_position(at, &mut perturb, mask);
        }
    }
}

/// As [`glance`] for the int of a value.
///
/// # Safety
/// Live keys.
#[inline(always)]
pub(crate) unsafe fn glance_int(keys: Keys, value: i64) -> (Spot, isize) {
    // SAFETY: by contract; no Python code runs, so the table stays as it is.
    unsafe {
        let hash = hash_of(value);
        if keys::is_unicode(keys) {
            // Only strings, which equal no int.
            return (Spot { index: EMPTY, at: NOWHERE }, hash);
        }
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        let mut free = NOWHERE;
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let entry = &*keys::general_entries(keys).add(index as usize);
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
                return (Spot { index, at: if free == NOWHERE { at } else { free } }, hash);
            } else if free == NOWHERE {
                free = at;
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
