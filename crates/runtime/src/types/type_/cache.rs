//! Lookup along the MRO, type versions, and the attribute cache that hangs on them.
//!
//! **Invariant:** `tp_version_tag` is 0 (no version) or unique to one state of one type: whenever an attribute found
//! through the type may have changed, [`modified`] sets it to 0 for the type and all its subclasses. So an entry of the cache
//! that names a version is right as long as some type has that version. A type has a version only if all its bases do.
//! CPython: `_PyType_Lookup`, `assign_version_tag`, `PyType_Modified` in `Objects/typeobject.c`.

use core::cell::Cell;
use core::ptr;

use super::raw::{TypePtr, has_flag, is_heap_type};
use super::subclasses;
use crate::abi::*;
use crate::prelude::*;

/// Entries of the cache; a power of two.
const SIZE: usize = 1 << 12;
/// Longer names are not cached: an entry keeps its name alive.
const MAX_NAME_LENGTH: usize = 100;
/// A class that changes more often than this stops to get versions.
const MAX_VERSIONS_PER_CLASS: u16 = 1000;
/// `tp_versions_used` of a type that never gets a version.
pub const NEVER_VERSIONED: u16 = _Py_ATTR_CACHE_UNUSED as u16;
const FIRST_DYNAMIC_VERSION: u32 = 2 << 16;
const WATCHERS: usize = 8;

struct Entry {
    version: Cell<u32>,
    /// Owned.
    name: Cell<*mut PyObject>,
    /// Borrowed from the dictionary of a class in the MRO; null says that there is no such attribute.
    value: Cell<*mut PyObject>,
}

struct State {
    entries: [Entry; SIZE],
    /// The types by version, for whoever wants the type again that a cache was filled from.
    by_version: [Cell<TypePtr>; SIZE],
    /// The next versions for static types and for heap types; 0 when used up.
    next_static: Cell<u32>,
    next_heap: Cell<u32>,
    watchers: [Cell<Option<PyType_WatchCallback>>; WATCHERS],
}

// SAFETY: the GIL orders all access.
unsafe impl Sync for State {}

static STATE: State = State {
    entries: [const { Entry { version: Cell::new(0), name: Cell::new(ptr::null_mut()), value: Cell::new(ptr::null_mut()) } };
        SIZE],
    by_version: [const { Cell::new(ptr::null_mut()) }; SIZE],
    next_static: Cell::new(16),
    next_heap: Cell::new(FIRST_DYNAMIC_VERSION),
    watchers: [const { Cell::new(None) }; WATCHERS],
};

#[inline(always)]
fn entry(version: u32, name: *mut PyObject) -> &'static Entry {
    &STATE.entries[(version as usize ^ (name as usize >> 3)) & (SIZE - 1)]
}

/// The attribute `name` of `ty` itself, found along the MRO: a borrowed pointer, null where there is none
/// (`_PyType_Lookup`). Raises nothing.
///
/// # Safety
/// `ty` is a live type and `name` a `str`. The result lives until the class that holds it changes.
#[inline]
pub unsafe fn lookup_raw(ty: TypePtr, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let version = (*ty).tp_version_tag.get();
        let entry = entry(version, name);
        if entry.version.get() == version && entry.name.get() == name && version != 0 {
            return entry.value.get();
        }
        lookup_slow(ty, name)
    }
}

#[cold]
#[inline(never)]
unsafe fn lookup_slow(ty: TypePtr, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: by the contract of `lookup_raw`.
    unsafe {
        let name_ref: Borrowed<'_, Str> = Borrowed::from_ptr(name);
        let version = assign_version(ty);
        let value = find_in_mro(ty, name_ref);
        // Keys that are not plain strings run code when they compare: the version tells whether anything changed.
        if version != 0
            && (*ty).tp_version_tag.get() == version
            && name_ref.is_exact::<Str>()
            && name_ref.len() <= MAX_NAME_LENGTH
        {
            let entry = entry(version, name);
            entry.version.set(version);
            entry.value.set(value);
            let old = entry.name.replace(name_ref.to_owned().into_ptr());
            drop(Ref::<Object>::from_owned_ptr_or_null(old));
        }
        value
    }
}

/// Looks `name` up in the dictionaries of the MRO without the cache.
///
/// # Safety
/// As [`lookup_raw`].
pub unsafe fn find_in_mro(ty: TypePtr, name: Borrowed<'_, Str>) -> *mut PyObject {
    // SAFETY: by contract; the MRO is held during the walk, because comparing keys may change it.
    unsafe {
        let Some(mro) = Ref::<Tuple>::from_borrowed_ptr_or_null((*ty).tp_mro.get()) else {
            return ptr::null_mut();
        };
        for class in mro.iter() {
            let dict = (*class.as_ptr().cast::<PyTypeObject>()).tp_dict.get();
            let Some(dict) = Borrowed::<Dict>::from_ptr_or_null(dict) else { continue };
            if let Some(value) = dict.get_str(name) {
                // The dictionary keeps it.
                return value.as_ptr();
            }
        }
        ptr::null_mut()
    }
}

/// Gives `ty` a version if it has none and may have one; 0 if it may not.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn assign_version(ty: TypePtr) -> u32 {
    // SAFETY: by contract; `tp_bases` of a ready type is a tuple of types.
    unsafe {
        let version = (*ty).tp_version_tag.get();
        if version != 0 {
            return version;
        }
        if !has_flag(ty, Py_TPFLAGS_READY) || (*ty).tp_versions_used.get() >= MAX_VERSIONS_PER_CLASS {
            return 0;
        }
        if let Some(bases) = Borrowed::<Tuple>::from_ptr_or_null((*ty).tp_bases.get()) {
            for base in bases.iter() {
                if assign_version(base.as_ptr().cast()) == 0 {
                    return 0;
                }
            }
        }
        let counter = if has_flag(ty, Py_TPFLAGS_IMMUTABLETYPE) && STATE.next_static.get() < FIRST_DYNAMIC_VERSION {
            &STATE.next_static
        } else {
            &STATE.next_heap
        };
        let version = counter.get();
        if version == 0 {
            return 0;
        }
        counter.set(version.wrapping_add(1));
        (*ty).tp_versions_used.set((*ty).tp_versions_used.get() + 1);
        set_version(ty, version);
        version
    }
}

/// # Safety
/// `ty` is a live type and `version` unused.
pub unsafe fn set_version(ty: TypePtr, version: u32) {
    // SAFETY: by contract.
    unsafe {
        let old = (*ty).tp_version_tag.replace(version);
        if old != 0 {
            let slot = &STATE.by_version[old as usize & (SIZE - 1)];
            if slot.get() == ty {
                slot.set(ptr::null_mut());
            }
        }
        if version != 0 {
            STATE.by_version[version as usize & (SIZE - 1)].set(ty);
        }
    }
}

/// The type that has `version`, if the table still knows it.
pub fn type_by_version(version: u32) -> Option<Ref<Type>> {
    let ty = STATE.by_version[version as usize & (SIZE - 1)].get();
    // SAFETY: a type leaves the table when it loses its version, at the latest when it goes away.
    unsafe { Ref::from_borrowed_ptr_or_null(ty).filter(|ty: &Ref<Type>| ty.tp_version_tag.get() == version) }
}

/// Forgets what was found through `ty` and its subclasses: something in its dictionary, its bases or its MRO changed
/// (`PyType_Modified`).
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn modified(ty: TypePtr) {
    // SAFETY: by contract; subclasses are live as long as they are listed.
    unsafe {
        // A type without a version has no subclass with one.
        if (*ty).tp_version_tag.get() == 0 {
            return;
        }
        subclasses::for_each_raw(ty, |subclass| modified(subclass));
        let watched = (*ty).tp_watched.get();
        if watched != 0 {
            notify(ty, watched);
        }
        set_version(ty, 0);
        if is_heap_type(ty) {
            let heap = ty.cast::<PyHeapTypeObject>();
            (*heap)._spec_cache.getitem.set(ptr::null_mut());
            (*heap)._spec_cache.init.set(ptr::null_mut());
        }
    }
}

/// Sees that `ty` never gets a version again: what its MRO is depends on more than bases and dictionaries.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn never_version(ty: TypePtr) {
    // SAFETY: by contract.
    unsafe {
        set_version(ty, 0);
        (*ty).tp_versions_used.set(NEVER_VERSIONED);
        if is_heap_type(ty) {
            let heap = ty.cast::<PyHeapTypeObject>();
            (*heap)._spec_cache.getitem.set(ptr::null_mut());
            (*heap)._spec_cache.init.set(ptr::null_mut());
        }
    }
}

/// Empties the cache; the highest version so far (`PyType_ClearCache`).
pub fn clear() -> u32 {
    for entry in &STATE.entries {
        entry.version.set(0);
        entry.value.set(ptr::null_mut());
        let name = entry.name.replace(ptr::null_mut());
        // SAFETY: the entry owned the name.
        drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(name) });
    }
    STATE.next_heap.get().wrapping_sub(1)
}

#[cold]
unsafe fn notify(ty: TypePtr, watched: u8) {
    for (index, watcher) in STATE.watchers.iter().enumerate() {
        if watched & (1 << index) != 0
            && let Some(callback) = watcher.get()
        {
            // SAFETY: the callback takes a live type.
            if unsafe { callback(ty) } < 0 {
                // SAFETY: the type is live.
                let subject: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(ty) };
                crate::types::exceptions::report_unraisable(
                    crate::object::protocol::attr::missing_exception_checked(),
                    &format!("Exception ignored in type watcher callback #{index} for"),
                    Some(subject),
                );
            }
        }
    }
}

/// Registers a watcher (`PyType_AddWatcher`). The first is left to the virtual machine.
pub fn add_watcher(callback: PyType_WatchCallback) -> PyResult<usize> {
    for (index, watcher) in STATE.watchers.iter().enumerate().skip(1) {
        if watcher.get().is_none() {
            watcher.set(Some(callback));
            return Ok(index);
        }
    }
    Err(raise!(RuntimeError, "no more type watcher IDs available"))
}

fn check_watcher(id: c_int) -> PyResult<usize> {
    match usize::try_from(id).ok().and_then(|index| STATE.watchers.get(index).map(|watcher| (index, watcher.get()))) {
        None => Err(raise!(ValueError, "Invalid type watcher ID {id}")),
        Some((_, None)) => Err(raise!(ValueError, "No type watcher set for ID {id}")),
        Some((index, Some(_))) => Ok(index),
    }
}

/// `PyType_ClearWatcher`.
pub fn clear_watcher(id: c_int) -> PyResult<()> {
    STATE.watchers[check_watcher(id)?].set(None);
    Ok(())
}

/// `PyType_Watch`.
pub fn watch(id: c_int, object: &Ref<Object>) -> PyResult<()> {
    set_watched(id, object, true)
}

/// `PyType_Unwatch`.
pub fn unwatch(id: c_int, object: &Ref<Object>) -> PyResult<()> {
    set_watched(id, object, false)
}

fn set_watched(id: c_int, object: &Ref<Object>, on: bool) -> PyResult<()> {
    let Some(ty) = object.downcast::<Type>() else {
        return Err(raise!(ValueError, "Cannot watch non-type"));
    };
    let bit = 1 << check_watcher(id)?;
    let old = ty.tp_watched.get();
    if on {
        // Only a change of a version is reported.
        // SAFETY: a handle's type is live.
        unsafe { assign_version(ty.as_raw().cast()) };
        ty.tp_watched.set(old | bit);
    } else {
        ty.tp_watched.set(old & !bit);
    }
    Ok(())
}
