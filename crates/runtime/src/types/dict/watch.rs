//! Watchers: C functions told of changes to the dicts that they watch.
//!
//! The low 8 bits of `_ma_watcher_tag` say which of the eight watchers see a dict. CPython: `PyDict_AddWatcher` and so on.
//!
//! **Invariant:** the dict of a type has `OWNED` in its tag and the type above it, from when the type gets it until the type
//! goes. So whoever changes such a dict past the type, as `gc.get_referrers` allows, cannot leave a stale borrowed value in
//! the attribute cache or in an inline cache: the type loses its version before the change.

use core::ptr;

use crate::abi::*;
use crate::memory::Guarded;
use crate::prelude::*;
use core::cell::Cell;

static WATCHERS: Guarded<[Cell<Option<PyDict_WatchCallback>>; DICT_MAX_WATCHERS as usize]> =
    Guarded([const { Cell::new(None) }; DICT_MAX_WATCHERS as usize]);

/// The dict is the namespace of a type, whose address stands in the bits from `OWNER_SHIFT` on.
const OWNED: u64 = 1 << 15;
const OWNER_SHIFT: u32 = 16;

/// Makes `ty` the owner of its dict, or takes that back with null.
///
/// # Safety
/// `dict` is a live dict, and `ty` outlives it or takes the ownership back.
pub unsafe fn set_owner(dict: *mut PyDictObject, ty: *mut PyTypeObject) {
    // SAFETY: by contract.
    unsafe {
        let tag = &(*dict)._ma_watcher_tag;
        let watchers = tag.get() & DICT_WATCHER_MASK as u64;
        tag.set(if ty.is_null() { watchers } else { watchers | OWNED | (ty as u64) << OWNER_SHIFT });
    }
}

/// Tells the watchers of a dict, before the change is made. The key and the new value may be null.
///
/// # Safety
/// All pointers are live or, but for the dict, null.
#[inline(always)]
pub unsafe fn notify(event: PyDict_WatchEvent, dict: *mut PyDictObject, key: *mut PyObject, value: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        if (*dict)._ma_watcher_tag.get() & (DICT_WATCHER_MASK as u64 | OWNED) != 0 {
            notify_slow(event, dict, key, value);
        }
    }
}

#[cold]
#[inline(never)]
unsafe fn notify_slow(event: PyDict_WatchEvent, dict: *mut PyDictObject, key: *mut PyObject, value: *mut PyObject) {
    // SAFETY: by contract of `notify`.
    unsafe {
        let tag = (*dict)._ma_watcher_tag.get();
        if tag & OWNED != 0 {
            crate::types::type_::modified((tag >> OWNER_SHIFT) as *mut PyTypeObject);
        }
        let bits = tag & DICT_WATCHER_MASK as u64;
        for (id, watcher) in WATCHERS.iter().enumerate() {
            if bits & (1 << id) == 0 {
                continue;
            }
            let Some(callback) = watcher.get() else { continue };
            // Some events come from a deallocation: an exception that is set has to survive them.
            let _aside = Raised::aside();
            if callback(event, dict.cast(), key, value) < 0 {
                let name = ["ADDED", "MODIFIED", "DELETED", "CLONED", "CLEARED", "DEALLOCATED"][event as usize % 6];
                let message =
                    format!("Exception ignored in PyDict_EVENT_{name} watcher callback for <dict at {dict:p}>");
                if let Err(raised) = Raised::check() {
                    crate::types::exceptions::report_unraisable(raised, &message, None);
                }
            }
        }
    }
}

/// Takes a free watcher id from 2 on; 0 and 1 belong to the engine (`PyDict_AddWatcher`).
pub fn add(callback: PyDict_WatchCallback) -> PyResult<usize> {
    for (id, watcher) in WATCHERS.iter().enumerate().skip(2) {
        if watcher.get().is_none() {
            watcher.set(Some(callback));
            return Ok(id);
        }
    }
    Err(raise!(RuntimeError, "no more dict watcher IDs available"))
}

/// Installs one of the engine's own watchers, 0 for builtins and 1 for globals.
pub fn set_own(id: usize, callback: Option<PyDict_WatchCallback>) {
    WATCHERS[id].set(callback);
}

fn check_id(id: c_int) -> PyResult<usize> {
    let Some(watcher) = usize::try_from(id).ok().and_then(|id| WATCHERS.get(id)) else {
        return Err(raise!(ValueError, "Invalid dict watcher ID {id}"));
    };
    if watcher.get().is_none() {
        return Err(raise!(ValueError, "No dict watcher set for ID {id}"));
    }
    Ok(id as usize)
}

/// `PyDict_ClearWatcher`.
pub fn clear(id: c_int) -> PyResult<()> {
    WATCHERS[check_id(id)?].set(None);
    Ok(())
}

/// `PyDict_Watch` and, with `on` false, `PyDict_Unwatch`.
pub fn watch(id: c_int, object: Borrowed<'_, Object>, on: bool) -> PyResult<()> {
    let Some(dict) = object.downcast::<super::Dict>() else {
        return Err(raise!(ValueError, "Cannot watch non-dictionary"));
    };
    let id = check_id(id)?;
    set_watched(dict, id, on);
    Ok(())
}

/// Marks a dict as watched by one of the engine's own watchers.
pub fn set_watched(dict: Borrowed<'_, super::Dict>, id: usize, on: bool) {
    let tag = &dict.0._ma_watcher_tag;
    tag.set(if on { tag.get() | 1 << id } else { tag.get() & !(1 << id) });
}

/// For an event without key and value.
///
/// # Safety
/// `dict` is live.
#[inline(always)]
pub unsafe fn notify_all(event: PyDict_WatchEvent, dict: *mut PyDictObject) {
    // SAFETY: by contract.
    unsafe { notify(event, dict, ptr::null_mut(), ptr::null_mut()) }
}
