//! Mechanism of dicts on raw pointers: creation, insertion, growth, deletion, deallocation.
//!
//! **Common contract of this file:** the dict, keys and values passed in are live and held by the caller. A function whose
//! result is `PyResult` may run Python code where its doc says so; the others release references only after the dict is
//! whole again, because releasing may run Python code too.

use core::cell::Cell;
use core::ptr;

use super::keys::{self, DUMMY, EMPTY, Keys};
use super::lookup::{self, Spot, is_exact_str};
use super::watch::notify;
use super::{Dict, watch};
use crate::abi::*;
use crate::memory::{StaticCell, object, small};
use crate::object::header;
use crate::prelude::*;

// ---- split values ---------------------------------------------------------------------------------------------------

/// The slot of one value.
#[inline(always)]
pub unsafe fn split_value<'a>(values: *mut PyDictValues, index: usize) -> &'a Cell<*mut PyObject> {
    // SAFETY: `index` is below the capacity.
    unsafe { &*(&raw const (*values).values).cast::<Cell<*mut PyObject>>().add(index) }
}

/// The bytes of insertion order behind the values.
#[inline(always)]
pub unsafe fn split_order(values: *mut PyDictValues) -> *mut u8 {
    // SAFETY: they stand behind `capacity` values.
    unsafe { (&raw mut (*values).values).cast::<*mut PyObject>().add((*values).capacity.get() as usize).cast() }
}

/// The bytes of the values of an instance with `capacity` values.
pub fn split_size(capacity: usize) -> usize {
    (capacity + 1) * size_of::<*mut PyObject>() + capacity.next_multiple_of(size_of::<*mut PyObject>())
}

/// Values that belong to a dict, not to an object; all unset.
pub fn new_split_values(capacity: usize) -> PyResult<*mut PyDictValues> {
    let values = small::malloc(split_size(capacity)).cast::<PyDictValues>();
    if values.is_null() {
        return Err(Raised::no_memory());
    }
    // SAFETY: just allocated.
    unsafe { init_split_values(values, capacity, false) };
    Ok(values)
}

/// Writes the head and nulls.
pub unsafe fn init_split_values(values: *mut PyDictValues, capacity: usize, embedded: bool) {
    // SAFETY: the memory has `split_size(capacity)` bytes.
    unsafe {
        (*values).capacity.set(capacity as u8);
        (*values).size.set(0);
        (*values).embedded.set(embedded as u8);
        (*values).valid.set(1);
        let first = (&raw mut (*values).values).cast::<u8>();
        crate::memory::object::zero_words(first, 0, capacity * size_of::<*mut PyObject>());
    }
}

/// A copy of values, with counts of its own.
pub unsafe fn copy_split_values(values: *mut PyDictValues) -> PyResult<*mut PyDictValues> {
    // SAFETY: see the head of the file.
    unsafe {
        let capacity = (*values).capacity.get() as usize;
        let copy = new_split_values(capacity)?;
        (*copy).size.set((*values).size.get());
        ptr::copy_nonoverlapping(split_order(values), split_order(copy), capacity);
        for index in 0..capacity {
            let value = split_value(values, index).get();
            header::xincref(value);
            split_value(copy, index).set(value);
        }
        Ok(copy)
    }
}

#[inline]
pub unsafe fn append_to_order(values: *mut PyDictValues, index: usize) {
    // SAFETY: each value is in the order at most once, so there is room.
    unsafe {
        let size = (*values).size.get();
        *split_order(values).add(size as usize) = index as u8;
        (*values).size.set(size + 1);
    }
}

pub unsafe fn remove_from_order(values: *mut PyDictValues, index: usize) {
    // SAFETY: the order has `size` bytes.
    unsafe {
        let size = (*values).size.get() as usize;
        let order = core::slice::from_raw_parts_mut(split_order(values), size);
        if let Some(at) = order.iter().position(|&slot| slot as usize == index) {
            order.copy_within(at + 1.., at);
            (*values).size.set(size as u8 - 1);
        }
    }
}

// ---- creation and deallocation --------------------------------------------------------------------------------------

/// Dicts that were freed, linked through `ma_keys`.
static FREE: StaticCell<*mut PyDictObject> = StaticCell::cell(ptr::null_mut());
static FREE_COUNT: StaticCell<u32> = StaticCell::cell(0);
const FREE_LIMIT: u32 = if crate::memory::checked::ON { 0 } else { 80 };

/// A dict over `keys` and `values`, whose references it takes, also when it fails.
pub unsafe fn new_dict(keys: Keys, values: *mut PyDictValues, used: usize) -> PyResult<Ref<Dict>> {
    // SAFETY: see the head of the file.
    unsafe {
        let dict = FREE.get();
        let dict: *mut PyDictObject = if !dict.is_null() {
            FREE.set((*dict).ma_keys.get().cast());
            FREE_COUNT.set(FREE_COUNT.get() - 1);
            header::init(dict.cast(), Dict::TYPE);
            (*dict)._ma_watcher_tag.set(0);
            dict
        } else {
            match object::new::<Dict>() {
                Ok(dict) => dict.cast(),
                Err(raised) => {
                    keys::decref(keys);
                    if !values.is_null() && (*values).embedded.get() == 0 {
                        free_split_values(values);
                    }
                    return Err(raised);
                }
            }
        };
        (*dict).ma_keys.set(keys);
        (*dict).ma_values.set(values);
        (*dict).ma_used.set(used as isize);
        object::gc_track(dict.cast());
        Ok(Ref::from_owned_ptr(dict))
    }
}

/// Releases values that belong to a dict.
unsafe fn free_split_values(values: *mut PyDictValues) {
    // SAFETY: see the head of the file.
    unsafe {
        for index in 0..(*values).capacity.get() as usize {
            header::xdecref(split_value(values, index).get());
        }
        small::free(values.cast());
    }
}

/// `tp_dealloc` of dicts.
pub unsafe fn dealloc(dict: *mut PyDictObject) {
    // SAFETY: nobody else refers to the dict.
    unsafe {
        if (*dict)._ma_watcher_tag.get() & DICT_WATCHER_MASK as u64 != 0 {
            // A watcher sees a live object, and may keep it.
            (*dict).ob_base.ob_refcnt.set(1);
            watch::notify_all(PyDict_EVENT_DEALLOCATED, dict);
            let count = (*dict).ob_base.ob_refcnt.get() - 1;
            (*dict).ob_base.ob_refcnt.set(count);
            if count != 0 {
                return;
            }
        }
        object::gc_untrack(dict.cast());
        let (keys, values) = ((*dict).ma_keys.get(), (*dict).ma_values.get());
        if !values.is_null() && (*values).embedded.get() == 0 {
            free_split_values(values);
        }
        keys::decref(keys);
        if (*dict).ob_base.ob_type.get() == Dict::TYPE && FREE_COUNT.get() < FREE_LIMIT {
            (*object::gc_head(dict.cast()))._gc_prev.set(0);
            (*dict).ma_keys.set(FREE.replace(dict).cast());
            FREE_COUNT.set(FREE_COUNT.get() + 1);
            return;
        }
        object::dealloc_finish(dict);
    }
}

/// Drops the kept dicts and tables. A kept dict still counts as allocated for the collector.
pub fn clear_free_lists() {
    while !FREE.get().is_null() {
        let dict = FREE.get();
        // SAFETY: kept dicts belong to the list.
        unsafe {
            FREE.set((*dict).ma_keys.get().cast());
            crate::memory::gc::uncount_allocation();
            small::free(dict.cast::<u8>().sub(size_of::<PyGC_Head>()));
        }
    }
    FREE_COUNT.set(if crate::memory::trace::is_tracing() { FREE_LIMIT } else { 0 });
    keys::clear_free_list();
}

// ---- growth ---------------------------------------------------------------------------------------------------------

/// Gives a dict a combined table of `1 << log2_size` indices with its items; string-keyed if it was and `unicode` says so.
pub unsafe fn resize(dict: *mut PyDictObject, log2_size: u8, unicode: bool) -> PyResult<()> {
    // SAFETY: nothing here runs Python code before the dict is whole.
    unsafe {
        let old = (*dict).ma_keys.get();
        let old_values = (*dict).ma_values.get();
        let unicode = unicode && keys::is_unicode(old);
        let new = keys::new(log2_size, unicode)?;
        let count = (*dict).ma_used.get() as usize;
        if !old_values.is_null() {
            // Split tables become combined ones, in the order of insertion.
            let order = split_order(old_values);
            let entries = keys::unicode_entries(old);
            for position in 0..count {
                let index = *order.add(position) as usize;
                let key = (*entries.add(index)).me_key.get();
                header::incref(key);
                write_entry(new, position, key, keys::str_hash(key), split_value(old_values, index).get());
            }
            keys::build_indices(new, count);
            (*new).dk_usable.set((*new).dk_usable.get() - count as isize);
            (*new).dk_nentries.set(count as isize);
            (*dict).ma_keys.set(new);
            (*dict).ma_values.set(ptr::null_mut());
            keys::decref(old);
            if (*old_values).embedded.get() != 0 {
                (*old_values).valid.set(0);
            } else {
                small::free(old_values.cast());
            }
            return Ok(());
        }
        let old_count = (*old).dk_nentries.get() as usize;
        if unicode && old_count == count {
            ptr::copy_nonoverlapping(keys::unicode_entries(old), keys::unicode_entries(new), count);
        } else if !unicode && !keys::is_unicode(old) && old_count == count {
            ptr::copy_nonoverlapping(keys::general_entries(old), keys::general_entries(new), count);
        } else {
            let mut to = 0;
            for from in 0..old_count {
                let (key, value) = keys::entry(old, from);
                if !value.is_null() {
                    write_entry(new, to, key, keys::entry_hash(old, from), value);
                    to += 1;
                }
            }
            debug_assert!(to == count);
        }
        keys::build_indices(new, count);
        (*new).dk_usable.set((*new).dk_usable.get() - count as isize);
        (*new).dk_nentries.set(count as isize);
        (*dict).ma_keys.set(new);
        if old != keys::empty() {
            // The references moved over.
            keys::free_memory(old);
        }
        Ok(())
    }
}

/// Writes an entry, taking over the references.
#[inline(always)]
unsafe fn write_entry(keys: Keys, index: usize, key: *mut PyObject, hash: isize, value: *mut PyObject) {
    // SAFETY: the entry is allocated.
    unsafe {
        if keys::is_unicode(keys) {
            let entry = keys::unicode_entries(keys).add(index);
            (*entry).me_key.set(key);
            (*entry).me_value.set(value);
        } else {
            let entry = keys::general_entries(keys).add(index);
            (*entry).me_hash.set(hash);
            (*entry).me_key.set(key);
            (*entry).me_value.set(value);
        }
    }
}

/// Room for one more entry, by the rule that every insertion follows.
#[cold]
#[inline(never)]
unsafe fn grow(dict: *mut PyDictObject, unicode: bool) -> PyResult<()> {
    // SAFETY: see the head of the file.
    unsafe { resize(dict, keys::log2_for_size((*dict).ma_used.get() as usize * 3), unicode) }
}

// ---- insertion ------------------------------------------------------------------------------------------------------

/// Adds a key to shared keys, or finds it there; `EMPTY` when they are full.
pub unsafe fn insert_split_key(keys: Keys, key: *mut PyObject, hash: isize) -> isize {
    // SAFETY: see the head of the file; `key` is exactly a `str`.
    unsafe {
        let index = lookup::unicode_index(keys, key, hash);
        if index != EMPTY || (*keys).dk_usable.get() <= 0 {
            return index;
        }
        (*keys).dk_version.set(0);
        let at = keys::find_empty_slot(keys, hash);
        let index = (*keys).dk_nentries.get();
        keys::set_index(keys, at, index);
        header::incref(key);
        write_entry(keys, index as usize, key, hash, ptr::null_mut());
        (*keys).dk_nentries.set(index + 1);
        (*keys).dk_usable.set((*keys).dk_usable.get() - 1);
        index
    }
}

/// Writes a new entry into a combined table with room; key and value get counts of their own.
#[inline(always)]
unsafe fn add_at(
    dict: *mut PyDictObject,
    keys: Keys,
    at: usize,
    key: *mut PyObject,
    hash: isize,
    value: *mut PyObject,
) {
    // SAFETY: see the head of the file; `at` is the position for the index of the new entry.
    unsafe {
        header::incref(key);
        header::incref(value);
        add_stealing(dict, keys, at, key, hash, value);
    }
}

/// As [`add_at`], taking over the counts.
#[inline(always)]
pub(crate) unsafe fn add_stealing(
    dict: *mut PyDictObject,
    keys: Keys,
    at: usize,
    key: *mut PyObject,
    hash: isize,
    value: *mut PyObject,
) {
    // SAFETY: see the head of the file; `at` is the position for the index of the new entry.
    unsafe {
        (*keys).dk_version.set(0);
        let index = (*keys).dk_nentries.get();
        keys::set_index(keys, at, index);
        write_entry(keys, index as usize, key, hash, value);
        (*keys).dk_nentries.set(index + 1);
        (*keys).dk_usable.set((*keys).dk_usable.get() - 1);
        (*dict).ma_used.set((*dict).ma_used.get() + 1);
    }
}

/// Puts a new key into a combined table; key and value get counts of their own.
unsafe fn insert_new(dict: *mut PyDictObject, key: *mut PyObject, hash: isize, value: *mut PyObject) -> PyResult<()> {
    // SAFETY: see the head of the file.
    unsafe {
        notify(PyDict_EVENT_ADDED, dict, key, value);
        let mut keys = (*dict).ma_keys.get();
        if (*keys).dk_usable.get() <= 0 {
            grow(dict, true)?;
            keys = (*dict).ma_keys.get();
        }
        add_at(dict, keys, keys::find_empty_slot(keys, hash), key, hash, value);
        Ok(())
    }
}

/// `dict[key] = value` with a known hash. Comparing keys may run Python code; the old value is released last.
pub unsafe fn insert(dict: *mut PyDictObject, key: *mut PyObject, hash: isize, value: *mut PyObject) -> PyResult<()> {
    // SAFETY: see the head of the file.
    unsafe {
        let keys = (*dict).ma_keys.get();
        if !(*dict).ma_values.get().is_null() {
            return insert_slow(dict, key, hash, value);
        }
        let spot = lookup::spot_in_place(keys, key, hash);
        if spot.index >= 0 {
            replace(dict, keys, spot.index, key, value);
            return Ok(());
        }
        insert_at(dict, keys, spot, key, hash, value)
    }
}

/// As [`insert`] where `spot` says that the key is not there, or that keys have to be compared.
#[inline]
pub unsafe fn insert_at(
    dict: *mut PyDictObject,
    keys: Keys,
    spot: Spot,
    key: *mut PyObject,
    hash: isize,
    value: *mut PyObject,
) -> PyResult<()> {
    // SAFETY: see the head of the file; `spot` is of the dict's combined table `keys`.
    unsafe { if try_add(dict, keys, spot, key, hash, value) { Ok(()) } else { insert_slow(dict, key, hash, value) } }
}

/// The part of [`insert_at`] that runs nothing; `false` for the rest.
#[inline(always)]
pub unsafe fn try_add(
    dict: *mut PyDictObject,
    keys: Keys,
    spot: Spot,
    key: *mut PyObject,
    hash: isize,
    value: *mut PyObject,
) -> bool {
    // SAFETY: as for `insert_at`.
    unsafe {
        if spot.at == lookup::NOWHERE || (*keys).dk_usable.get() <= 0 {
            return false;
        }
        notify(PyDict_EVENT_ADDED, dict, key, value);
        add_at(dict, keys, spot.at, key, hash, value);
        true
    }
}

/// Gives an entry of a combined table another value.
#[inline(always)]
pub unsafe fn replace(dict: *mut PyDictObject, keys: Keys, index: isize, key: *mut PyObject, value: *mut PyObject) {
    // SAFETY: see the head of the file.
    unsafe {
        let cell = keys::value_cell(keys, index as usize);
        if cell.get() != value {
            notify(PyDict_EVENT_MODIFIED, dict, key, value);
            header::incref(value);
            let old = cell.replace(value);
            header::drop_item(old);
        }
    }
}

/// The insertion that has to compare keys, to make room or to change the kind of the table.
#[inline(never)]
unsafe fn insert_slow(dict: *mut PyDictObject, key: *mut PyObject, hash: isize, value: *mut PyObject) -> PyResult<()> {
    // SAFETY: see the head of the file.
    unsafe {
        let mut keys = (*dict).ma_keys.get();
        if keys == keys::empty() {
            return insert_first(dict, key, hash, value);
        }
        if keys::is_unicode(keys) {
            if !is_exact_str(key) {
                grow(dict, false)?;
            } else if !(*dict).ma_values.get().is_null() {
                let index = insert_split_key(keys, key, hash);
                if index != EMPTY {
                    set_split(dict, index as usize, key, value);
                    return Ok(());
                }
                // No room in the shared keys: the dict gets its own.
                grow(dict, true)?;
                keys = (*dict).ma_keys.get();
                let index = lookup::unicode_index(keys, key, hash);
                return put(dict, index, key, hash, value);
            } else {
                let index = lookup::unicode_index(keys, key, hash);
                return put(dict, index, key, hash, value);
            }
        }
        let found = lookup::lookup(dict, key, hash)?;
        if !(*dict).ma_values.get().is_null() || (keys::is_unicode((*dict).ma_keys.get()) && !is_exact_str(key)) {
            // A comparison changed the kind of the table.
            return insert(dict, key, hash, value);
        }
        put(dict, found.index, key, hash, value)
    }
}

/// After a lookup in a combined table: replaces the value of an entry, or adds one for `EMPTY`.
#[inline(always)]
unsafe fn put(
    dict: *mut PyDictObject,
    index: isize,
    key: *mut PyObject,
    hash: isize,
    value: *mut PyObject,
) -> PyResult<()> {
    // SAFETY: see the head of the file.
    unsafe {
        if index == EMPTY {
            if (*dict).ma_keys.get() == keys::empty() {
                return insert_first(dict, key, hash, value);
            }
            return insert_new(dict, key, hash, value);
        }
        replace(dict, (*dict).ma_keys.get(), index, key, value);
        Ok(())
    }
}

#[inline(never)]
unsafe fn insert_first(dict: *mut PyDictObject, key: *mut PyObject, hash: isize, value: *mut PyObject) -> PyResult<()> {
    // SAFETY: see the head of the file.
    unsafe {
        notify(PyDict_EVENT_ADDED, dict, key, value);
        let keys = keys::new(keys::LOG_MINSIZE, is_exact_str(key))?;
        let at = hash as usize & keys::mask(keys);
        header::incref(key);
        header::incref(value);
        keys::set_index(keys, at, 0);
        write_entry(keys, 0, key, hash, value);
        (*keys).dk_usable.set((*keys).dk_usable.get() - 1);
        (*keys).dk_nentries.set(1);
        (*dict).ma_keys.set(keys);
        (*dict).ma_used.set((*dict).ma_used.get() + 1);
        Ok(())
    }
}

/// Sets the value of a shared key.
unsafe fn set_split(dict: *mut PyDictObject, index: usize, key: *mut PyObject, value: *mut PyObject) {
    // SAFETY: see the head of the file.
    unsafe {
        let values = (*dict).ma_values.get();
        let slot = split_value(values, index);
        if slot.get().is_null() {
            notify(PyDict_EVENT_ADDED, dict, key, value);
            header::incref(value);
            slot.set(value);
            append_to_order(values, index);
            (*dict).ma_used.set((*dict).ma_used.get() + 1);
        } else {
            notify(PyDict_EVENT_MODIFIED, dict, key, value);
            header::incref(value);
            let old = slot.replace(value);
            header::decref(old);
        }
    }
}

// ---- deletion -------------------------------------------------------------------------------------------------------

/// Takes an entry out and gives its value, owned by the caller. The key is released, which may run Python code.
pub unsafe fn take_entry(dict: *mut PyDictObject, index: isize, hash: isize) -> Ref<Object> {
    // SAFETY: see the head of the file; `index` was found with `hash`.
    unsafe {
        let keys = (*dict).ma_keys.get();
        if (*dict).ma_values.get().is_null() {
            return take_at(dict, keys, Spot { index, at: keys::position_of(keys, hash, index) });
        }
        (*dict).ma_used.set((*dict).ma_used.get() - 1);
        let values = (*dict).ma_values.get();
        let old = split_value(values, index as usize).replace(ptr::null_mut());
        remove_from_order(values, index as usize);
        Ref::from_owned_ptr(old)
    }
}

/// As [`take_entry`] for the entry at `spot` of a combined table.
#[inline]
pub unsafe fn take_at(dict: *mut PyDictObject, keys: Keys, spot: Spot) -> Ref<Object> {
    // SAFETY: see the head of the file; the entry was found at `spot` of the dict's table `keys`.
    unsafe {
        (*dict).ma_used.set((*dict).ma_used.get() - 1);
        (*keys).dk_version.set(0);
        keys::set_index(keys, spot.at, DUMMY);
        let (key, value) = keys::entry(keys, spot.index as usize);
        write_entry(keys, spot.index as usize, ptr::null_mut(), 0, ptr::null_mut());
        header::drop_item(key);
        Ref::from_owned_ptr(value)
    }
}

/// Takes the last item out; `None` when the dict is empty.
pub unsafe fn take_last(dict: *mut PyDictObject) -> PyResult<Option<(Ref<Object>, Ref<Object>)>> {
    // SAFETY: see the head of the file.
    unsafe {
        if (*dict).ma_used.get() == 0 {
            return Ok(None);
        }
        if !(*dict).ma_values.get().is_null() {
            resize(dict, (*(*dict).ma_keys.get()).dk_log2_size.get(), true)?;
        }
        let keys = (*dict).ma_keys.get();
        (*keys).dk_version.set(0);
        let mut index = (*keys).dk_nentries.get() - 1;
        while index >= 0 && keys::entry(keys, index as usize).1.is_null() {
            index -= 1;
        }
        debug_assert!(index >= 0);
        let (key, value) = keys::entry(keys, index as usize);
        let hash = keys::entry_hash(keys, index as usize);
        notify(PyDict_EVENT_DELETED, dict, key, ptr::null_mut());
        let at = keys::position_of(keys, hash, index);
        keys::set_index(keys, at, DUMMY);
        write_entry(keys, index as usize, ptr::null_mut(), 0, ptr::null_mut());
        // The entry can be used again, but its index cannot, so `dk_usable` stays.
        (*keys).dk_nentries.set(index);
        (*dict).ma_used.set((*dict).ma_used.get() - 1);
        Ok(Some((Ref::from_owned_ptr(key), Ref::from_owned_ptr(value))))
    }
}

/// Empties a dict.
pub unsafe fn clear(dict: *mut PyDictObject) {
    // SAFETY: the dict is whole and empty before anything is released.
    unsafe {
        let (keys, values) = ((*dict).ma_keys.get(), (*dict).ma_values.get());
        if keys == keys::empty() {
            return;
        }
        watch::notify_all(PyDict_EVENT_CLEARED, dict);
        if values.is_null() {
            (*dict).ma_keys.set(keys::empty());
            (*dict).ma_used.set(0);
            keys::decref(keys);
        } else if (*values).embedded.get() == 0 {
            (*dict).ma_keys.set(keys::empty());
            (*dict).ma_values.set(ptr::null_mut());
            (*dict).ma_used.set(0);
            free_split_values(values);
            keys::decref(keys);
        } else {
            // The values stand in the object and stay its values. It may go, and they with it, when the first is released.
            (*dict).ma_used.set(0);
            (*values).size.set(0);
            let mut old = [ptr::null_mut(); u8::MAX as usize];
            let capacity = (*values).capacity.get() as usize;
            for (index, old) in old[..capacity].iter_mut().enumerate() {
                *old = split_value(values, index).replace(ptr::null_mut());
            }
            for &value in &old[..capacity] {
                header::xdecref(value);
            }
        }
    }
}

// ---- iteration ------------------------------------------------------------------------------------------------------

/// The next item at or after `position` as borrowed pointers with its hash; `None` at the end. The position is that of
/// `PyDict_Next`.
#[inline(always)]
pub unsafe fn next(dict: *mut PyDictObject, position: &mut usize) -> Option<(*mut PyObject, *mut PyObject, isize)> {
    // SAFETY: see the head of the file.
    unsafe {
        let keys = (*dict).ma_keys.get();
        let values = (*dict).ma_values.get();
        let mut at = *position;
        if !values.is_null() {
            if at >= (*dict).ma_used.get() as usize {
                return None;
            }
            let index = *split_order(values).add(at) as usize;
            *position = at + 1;
            let key = (*keys::unicode_entries(keys).add(index)).me_key.get();
            return Some((key, split_value(values, index).get(), keys::str_hash(key)));
        }
        let count = (*keys).dk_nentries.get() as usize;
        if keys::is_unicode(keys) {
            let entries = keys::unicode_entries(keys);
            while at < count && (*entries.add(at)).me_value.get().is_null() {
                at += 1;
            }
            if at >= count {
                return None;
            }
            *position = at + 1;
            let key = (*entries.add(at)).me_key.get();
            Some((key, (*entries.add(at)).me_value.get(), keys::str_hash(key)))
        } else {
            let entries = keys::general_entries(keys);
            while at < count && (*entries.add(at)).me_value.get().is_null() {
                at += 1;
            }
            if at >= count {
                return None;
            }
            *position = at + 1;
            let entry = entries.add(at);
            Some(((*entry).me_key.get(), (*entry).me_value.get(), (*entry).me_hash.get()))
        }
    }
}

/// `tp_traverse` of dicts.
pub unsafe fn traverse(dict: *mut PyDictObject, visitor: &mut Visitor) {
    // SAFETY: see the head of the file; visiting changes nothing.
    unsafe {
        let keys = (*dict).ma_keys.get();
        let values = (*dict).ma_values.get();
        let count = (*keys).dk_nentries.get() as usize;
        if !values.is_null() {
            for index in 0..(*values).capacity.get() as usize {
                visitor.object(split_value(values, index).get());
            }
        } else if keys::is_unicode(keys) {
            // Strings refer to nothing.
            let entries = keys::unicode_entries(keys);
            for index in 0..count {
                visitor.object((*entries.add(index)).me_value.get());
            }
        } else {
            let entries = keys::general_entries(keys);
            for index in 0..count {
                let entry = entries.add(index);
                if !(*entry).me_value.get().is_null() {
                    visitor.object((*entry).me_value.get());
                    visitor.object((*entry).me_key.get());
                }
            }
        }
    }
}

/// A shallow copy as an exact dict, by the quickest of three ways (`PyDict_Copy`).
pub unsafe fn copy(dict: *mut PyDictObject) -> PyResult<Ref<Dict>> {
    // SAFETY: see the head of the file.
    unsafe {
        let used = (*dict).ma_used.get() as usize;
        let keys = (*dict).ma_keys.get();
        if used == 0 {
            return Dict::new();
        }
        let values = (*dict).ma_values.get();
        if !values.is_null() {
            let values = copy_split_values(values)?;
            keys::incref(keys);
            return new_dict(keys, values, used);
        }
        if used >= (*keys).dk_nentries.get() as usize * 2 / 3 {
            return new_dict(keys::copy(keys)?, ptr::null_mut(), used);
        }
        let copy = Dict::presized(used, keys::is_unicode(keys))?;
        let mut position = 0;
        while let Some((key, value, hash)) = next(dict, &mut position) {
            insert_distinct(copy.as_ptr().cast(), key, hash, value)?;
        }
        Ok(copy)
    }
}

/// A dict of `count` strings and their values, which stand in pairs at `pairs` and whose counts it takes. `None`, with the counts
/// where they were, if a key is something else, was never hashed or comes twice.
pub unsafe fn of_texts(pairs: *const *mut PyObject, count: usize) -> PyResult<Option<Ref<Dict>>> {
    // SAFETY: see the head of the file; the table has room for all pairs. Its entries count from the moment that it has a dict.
    unsafe {
        let keys = keys::new(keys::log2_for_entries(count), true)?;
        for index in 0..count {
            let (key, value) = (*pairs.add(2 * index), *pairs.add(2 * index + 1));
            let hash = if is_exact_str(key) { keys::str_hash(key) } else { -1 };
            let at = if hash == -1 { lookup::NOWHERE } else { lookup::spot_str(keys, key, hash).if_absent() };
            if at == lookup::NOWHERE {
                keys::decref(keys);
                return Ok(None);
            }
            keys::set_index(keys, at, index as isize);
            write_entry(keys, index, key, hash, value);
        }
        let dict = new_dict(keys, ptr::null_mut(), count)?;
        (*keys).dk_nentries.set(count as isize);
        (*keys).dk_usable.set((*keys).dk_usable.get() - count as isize);
        Ok(Some(dict))
    }
}

/// Adds an item whose key is known to equal no other, without comparing.
pub unsafe fn insert_distinct(
    dict: *mut PyDictObject,
    key: *mut PyObject,
    hash: isize,
    value: *mut PyObject,
) -> PyResult<()> {
    // SAFETY: see the head of the file; the dict is combined.
    unsafe {
        let keys = (*dict).ma_keys.get();
        if keys == keys::empty() {
            return insert_first(dict, key, hash, value);
        }
        if keys::is_unicode(keys) && !is_exact_str(key) {
            grow(dict, false)?;
        }
        insert_new(dict, key, hash, value)
    }
}
