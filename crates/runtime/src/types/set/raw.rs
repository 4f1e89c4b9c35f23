//! Mechanism of sets on raw pointers: search, insertion, growth, removal.
//!
//! **Common contract of this file:** sets and keys passed in are live and held by the caller. What returns `PyResult` may
//! run Python code through `__eq__`, unless its doc says otherwise.

use core::ptr;

use super::walk::{Walk, each_entry, each_entry_by_block};
use super::{FrozenSet, Set};
use crate::abi::*;
use crate::memory::{Guarded, large, object, small};
use crate::object::{PyLayout, header};
use crate::prelude::*;
use crate::types::dict::lookup::{explain_unhashable, is_equal_plain, is_same_short_text, plain_hash};

const LINEAR_PROBES: usize = 9;
const PERTURB_SHIFT: u32 = 5;
const MINSIZE: usize = PySet_MINSIZE;

static DUMMY: Guarded<PyObject> = Guarded(PyObject::immortal(ptr::null_mut()));

/// The key of a removed entry (`_PySet_Dummy`).
#[inline(always)]
pub fn dummy() -> *mut PyObject {
    (&raw const DUMMY.0).cast_mut()
}

#[inline(always)]
unsafe fn small_table(set: *mut PySetObject) -> *mut setentry {
    // SAFETY: see the head of the file.
    unsafe { (&raw mut (*set).smalltable).cast() }
}

/// Gives a zeroed set its empty table.
pub unsafe fn init_empty(set: *mut PySetObject) {
    // SAFETY: see the head of the file.
    unsafe {
        (*set).table.set(small_table(set));
        (*set).mask.set(MINSIZE as isize - 1);
        (*set).hash.set(-1);
    }
}

/// An empty set of any type of sets, tracked.
pub unsafe fn new_of_type(cls: *mut PyTypeObject) -> PyResult<*mut PySetObject> {
    // SAFETY: `cls` is a subtype of set or frozenset.
    unsafe {
        let set: *mut PySetObject = if cls == Set::TYPE {
            object::new::<Set>()?.cast()
        } else if cls == FrozenSet::TYPE {
            object::new::<FrozenSet>()?.cast()
        } else {
            object::alloc_untracked(cls, 0)?.cast()
        };
        init_empty(set);
        object::gc_track(set.cast());
        Ok(set)
    }
}

/// The hash of a key for a set: the error of an unhashable one says so.
#[inline(always)]
pub fn hash_key(key: Borrowed<'_, Object>) -> PyResult<isize> {
    let hash = plain_hash(key);
    if hash != -1 { Ok(hash) } else { hash_key_slow(key) }
}

#[inline(never)]
fn hash_key_slow(key: Borrowed<'_, Object>) -> PyResult<isize> {
    match key.hash() {
        Ok(hash) => Ok(hash),
        Err(raised) => Err(explain_unhashable(raised, key, "a set element")),
    }
}

/// Walks the entries where a key of this hash may stand, `LINEAR_PROBES` neighbours at a time.
struct Probe {
    at: usize,
    perturb: usize,
    mask: usize,
}

impl Probe {
    #[inline(always)]
    fn new(hash: isize, mask: usize) -> Probe {
        Probe { at: hash as usize & mask, perturb: hash as usize, mask }
    }

    /// How many further entries follow `at` before the next jump.
    #[inline(always)]
    fn run(&self) -> usize {
        if self.at + LINEAR_PROBES <= self.mask { LINEAR_PROBES } else { 0 }
    }

    #[inline(always)]
    fn jump(&mut self) {
        self.perturb >>= PERTURB_SHIFT;
        self.at = self.at.wrapping_mul(5).wrapping_add(1).wrapping_add(self.perturb) & self.mask;
    }
}

/// How a search ended that ran no Python code.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Outcome {
    Found,
    /// The key is not there; the entry is the one for it: unused, or a removed one.
    Absent,
    /// An object has to be asked.
    Compare,
}

/// The part of a search that makes no call, up to the key itself, an unused entry, or a key of the same hash. For a key that is to
/// be added, the last of the removed entries passed is the one for it.
#[inline(always)]
unsafe fn search<const ADDING: bool>(
    set: *mut PySetObject,
    key: *mut PyObject,
    hash: isize,
) -> (*mut setentry, Outcome) {
    // SAFETY: see the head of the file.
    unsafe {
        let table = (*set).table.get();
        let mut probe = Probe::new(hash, (*set).mask.get() as usize);
        let mut removed: *mut setentry = ptr::null_mut();
        loop {
            let mut entry = table.add(probe.at);
            let last = entry.add(probe.run());
            loop {
                let entry_hash = (*entry).hash.get();
                if entry_hash == hash || entry_hash == 0 {
                    let entry_key = (*entry).key.get();
                    if entry_key == key {
                        return (entry, Outcome::Found);
                    }
                    if entry_key.is_null() {
                        let entry = if ADDING && !removed.is_null() { removed } else { entry };
                        return (entry, Outcome::Absent);
                    }
                    if entry_hash == hash {
                        return search_near::<ADDING>(set, key, hash);
                    }
                } else if ADDING && entry_hash == -1 {
                    removed = entry;
                }
                if entry == last {
                    break;
                }
                entry = entry.add(1);
            }
            probe.jump();
        }
    }
}

/// The whole search where a key of the same hash is.
#[inline(never)]
unsafe fn search_near<const ADDING: bool>(
    set: *mut PySetObject,
    key: *mut PyObject,
    hash: isize,
) -> (*mut setentry, Outcome) {
    // SAFETY: see the head of the file.
    unsafe {
        let table = (*set).table.get();
        let mut probe = Probe::new(hash, (*set).mask.get() as usize);
        let mut removed: *mut setentry = ptr::null_mut();
        loop {
            let mut entry = table.add(probe.at);
            for _ in 0..=probe.run() {
                let (entry_key, entry_hash) = ((*entry).key.get(), (*entry).hash.get());
                if entry_key.is_null() {
                    return (if ADDING && !removed.is_null() { removed } else { entry }, Outcome::Absent);
                }
                if entry_hash == hash {
                    if entry_key == key {
                        return (entry, Outcome::Found);
                    }
                    match is_equal_plain(entry_key, key) {
                        Some(true) => return (entry, Outcome::Found),
                        Some(false) => {}
                        None => return (entry, Outcome::Compare),
                    }
                } else if entry_hash == -1 {
                    removed = entry;
                }
                entry = entry.add(1);
            }
            probe.jump();
        }
    }
}

/// Looks for a key without running Python code.
#[inline(always)]
pub unsafe fn find(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> (*mut setentry, Outcome) {
    // SAFETY: see the head of the file.
    unsafe { search::<false>(set, key, hash) }
}

/// The first entry in the walk for a hash that is unused or of the same hash, with `ADDING` also a removed one.
#[inline(always)]
unsafe fn candidate<const ADDING: bool>(table: *mut setentry, mask: usize, hash: isize) -> *mut setentry {
    // SAFETY: see the head of the file.
    unsafe {
        let mut probe = Probe::new(hash, mask);
        loop {
            let mut entry = table.add(probe.at);
            let last = entry.add(probe.run());
            loop {
                let found = (*entry).hash.get();
                if found == hash || (found == 0 && (*entry).key.get().is_null()) || (ADDING && found == -1) {
                    return entry;
                }
                if entry == last {
                    break;
                }
                entry = entry.add(1);
            }
            probe.jump();
        }
    }
}

/// The entry of a key, or an unused one, with `ADDING` the one for the key, and the hash; null where that does not show without a
/// call. The key is a small int of this value, or else the object, a `str` or tuple.
#[inline(always)]
pub unsafe fn place<const ADDING: bool>(
    set: *mut PySetObject,
    key: *mut PyObject,
    value: Option<i64>,
) -> (*mut setentry, isize) {
    const NOWHERE: *mut setentry = ptr::null_mut();
    // SAFETY: see the head of the file.
    unsafe {
        let hash = match value {
            Some(value) => crate::types::int::raw::hash_of(value),
            None if (*key).ob_type.get() == Str::TYPE => crate::types::dict::keys::str_hash(key),
            None if (*key).ob_type.get() == Tuple::TYPE => (*key.cast::<PyTupleObject>()).ob_hash.get(),
            None => -1,
        };
        if hash == -1 {
            return (NOWHERE, hash);
        }
        let entry = candidate::<ADDING>((*set).table.get(), (*set).mask.get() as usize, hash);
        let other = (*entry).key.get();
        if other.is_null() {
            return (entry, hash);
        }
        let is_same = match value {
            _ if ADDING && (*entry).hash.get() == -1 => false,
            Some(value) => {
                (*other).ob_type.get() == Int::TYPE
                    && Int::fits_small_raw(other.cast())
                    && Int::small_value_raw(other.cast()) == value
            }
            None => other == key || is_same_short_text(other, key) == Some(true),
        };
        (if is_same { entry } else { NOWHERE }, hash)
    }
}

/// Whether a `str` is in a set, if the first entry of its walk tells.
#[inline(always)]
pub unsafe fn glance_at_first(set: *mut PySetObject, key: *mut PyObject) -> Option<bool> {
    // SAFETY: see the head of the file. A string without a hash yet, -1, only meets an unused entry or a removed one.
    unsafe {
        let hash = crate::types::dict::keys::str_hash(key);
        let entry = (*set).table.get().add(hash as usize & (*set).mask.get() as usize);
        let other = (*entry).key.get();
        if other == key {
            Some(true)
        } else if other.is_null() && hash != -1 {
            Some(false)
        } else {
            None
        }
    }
}

/// Whether a key is in a set; `None` where [`place`] finds no entry.
#[inline(always)]
pub unsafe fn glance(set: *mut PySetObject, key: *mut PyObject, value: Option<i64>) -> Option<bool> {
    // SAFETY: see the head of the file.
    unsafe {
        let (entry, _) = place::<false>(set, key, value);
        (!entry.is_null()).then(|| !(*entry).key.get().is_null())
    }
}

/// Whether one more key leaves the table as large as it is.
#[inline(always)]
pub unsafe fn has_room(set: *mut PySetObject) -> bool {
    // SAFETY: see the head of the file.
    unsafe { ((*set).fill.get() + 1) * 5 < (*set).mask.get() * 3 }
}

/// Puts a new key into the unused entry for it, taking over its count. The set has room.
#[inline(always)]
pub unsafe fn add_stealing(set: *mut PySetObject, entry: *mut setentry, key: *mut PyObject, hash: isize) {
    // SAFETY: see the head of the file; the entry is unused.
    unsafe {
        (*set).used.set((*set).used.get() + 1);
        (*set).fill.set((*set).fill.get() + 1);
        (*entry).key.set(key);
        (*entry).hash.set(hash);
    }
}

enum Match {
    Equal,
    Different,
    /// The set changed under the comparison.
    Changed,
}

/// Compares an entry of the right hash with a key.
unsafe fn compare_entry(
    set: *mut PySetObject,
    table: *mut setentry,
    entry: *mut setentry,
    key: *mut PyObject,
) -> PyResult<Match> {
    // SAFETY: see the head of the file; the entry is not touched again before the table was seen to be the same.
    unsafe {
        let candidate = (*entry).key.get();
        if candidate == key {
            return Ok(Match::Equal);
        }
        if let Some(equal) = is_equal_plain(candidate, key) {
            return Ok(if equal { Match::Equal } else { Match::Different });
        }
        let held: Ref<Object> = Ref::from_borrowed_ptr(candidate);
        let equal = held.equals(Borrowed::from_ptr(key))?;
        if (*set).table.get() != table || (*entry).key.get() != candidate {
            return Ok(Match::Changed);
        }
        Ok(if equal { Match::Equal } else { Match::Different })
    }
}

/// The entry of a key, or the unused entry where the search ended (`set_lookkey`).
#[inline]
pub unsafe fn lookup(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> PyResult<*mut setentry> {
    // SAFETY: see the head of the file.
    unsafe {
        let (entry, outcome) = find(set, key, hash);
        if outcome != Outcome::Compare { Ok(entry) } else { lookup_slow(set, key, hash) }
    }
}

#[inline(never)]
unsafe fn lookup_slow(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> PyResult<*mut setentry> {
    // SAFETY: see the head of the file.
    unsafe {
        'restart: loop {
            let table = (*set).table.get();
            let mut probe = Probe::new(hash, (*set).mask.get() as usize);
            loop {
                let mut entry = table.add(probe.at);
                for _ in 0..=probe.run() {
                    let entry_hash = (*entry).hash.get();
                    if entry_hash == 0 && (*entry).key.get().is_null() {
                        return Ok(entry);
                    }
                    if entry_hash == hash {
                        match compare_entry(set, table, entry, key)? {
                            Match::Equal => return Ok(entry),
                            Match::Different => {}
                            Match::Changed => continue 'restart,
                        }
                    }
                    entry = entry.add(1);
                }
                probe.jump();
            }
        }
    }
}

/// Adds a key with a known hash; whether it was new (`set_add_entry`). Of the removed entries that the search passes, the
/// last is used again.
#[inline]
pub unsafe fn add_entry(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> PyResult<bool> {
    // SAFETY: see the head of the file.
    unsafe {
        match search::<true>(set, key, hash) {
            (_, Outcome::Found) => Ok(false),
            (entry, Outcome::Absent) => add_at(set, entry, key, hash).map(|()| true),
            (_, Outcome::Compare) => add_entry_slow(set, key, hash),
        }
    }
}

/// As [`add_entry`] for a key of another container, which is held only while it is compared.
#[inline(always)]
pub unsafe fn add_unheld(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> PyResult<()> {
    // SAFETY: see the head of the file; `key` is live until Python code runs.
    unsafe {
        match search::<true>(set, key, hash) {
            (_, Outcome::Found) => Ok(()),
            (entry, Outcome::Absent) => add_at(set, entry, key, hash),
            (_, Outcome::Compare) => {
                let held: Ref<Object> = Ref::from_borrowed_ptr(key);
                add_entry_slow(set, held.as_ptr(), hash).map(|_| ())
            }
        }
    }
}

/// Puts a new key into the entry for it. Runs no Python code.
#[inline(always)]
unsafe fn add_at(set: *mut PySetObject, entry: *mut setentry, key: *mut PyObject, hash: isize) -> PyResult<()> {
    // SAFETY: see the head of the file; the entry is unused or a removed one.
    unsafe {
        header::incref(key);
        let used = (*set).used.get() + 1;
        (*set).used.set(used);
        let is_removed = !(*entry).key.get().is_null();
        (*entry).key.set(key);
        (*entry).hash.set(hash);
        if !is_removed {
            let fill = (*set).fill.get() + 1;
            (*set).fill.set(fill);
            if fill * 5 >= (*set).mask.get() * 3 {
                let used = used as usize;
                return resize(set, if used > 50_000 { used * 2 } else { used * 4 });
            }
        }
        Ok(())
    }
}

#[inline(never)]
unsafe fn add_entry_slow(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> PyResult<bool> {
    // SAFETY: see the head of the file.
    unsafe {
        'restart: loop {
            let table = (*set).table.get();
            let mut probe = Probe::new(hash, (*set).mask.get() as usize);
            let mut removed: *mut setentry = ptr::null_mut();
            loop {
                let mut entry = table.add(probe.at);
                for _ in 0..=probe.run() {
                    let entry_hash = (*entry).hash.get();
                    if entry_hash == 0 && (*entry).key.get().is_null() {
                        if !removed.is_null() && (*removed).hash.get() != -1 {
                            // A comparison used it meanwhile.
                            continue 'restart;
                        }
                        let entry = if removed.is_null() { entry } else { removed };
                        return add_at(set, entry, key, hash).map(|()| true);
                    }
                    if entry_hash == hash {
                        match compare_entry(set, table, entry, key)? {
                            Match::Equal => return Ok(false),
                            Match::Different => {}
                            Match::Changed => continue 'restart,
                        }
                    } else if entry_hash == -1 {
                        removed = entry;
                    }
                    entry = entry.add(1);
                }
                probe.jump();
            }
        }
    }
}

/// Adds strings from the front of `items` on, until something else comes, one whose hash is not known or one that takes a call to
/// compare; how many it dealt with. Runs no Python code.
pub unsafe fn add_texts(set: *mut PySetObject, items: *const *mut PyObject, count: usize) -> PyResult<usize> {
    // SAFETY: see the head of the file; without removed entries what was filled is in use.
    unsafe {
        if (*set).fill.get() != (*set).used.get() {
            return Ok(0);
        }
        let mut index = 0;
        loop {
            let (table, mask) = ((*set).table.get(), (*set).mask.get() as usize);
            let (mut used, mut is_full) = ((*set).used.get() as usize, false);
            let fetch = is_large(mask);
            while index < count && !is_full {
                if fetch && index + KEY_AHEAD < count {
                    fetch_for_later(table, mask, items.add(index));
                }
                let key = *items.add(index);
                if (*key).ob_type.get() != Str::TYPE {
                    break;
                }
                let hash = crate::types::dict::keys::str_hash(key);
                if hash == -1 {
                    break;
                }
                let entry = candidate::<false>(table, mask, hash);
                let other = (*entry).key.get();
                if other.is_null() {
                    header::incref(key);
                    (*entry).key.set(key);
                    (*entry).hash.set(hash);
                    used += 1;
                    is_full = used * 5 >= mask * 3;
                } else if other != key && is_same_short_text(other, key) != Some(true) {
                    break;
                }
                index += 1;
            }
            (*set).used.set(used as isize);
            (*set).fill.set(used as isize);
            if !is_full {
                return Ok(index);
            }
            resize(set, if used > 50_000 { used * 2 } else { used * 4 })?;
        }
    }
}

/// How many items before its turn a key is fetched from memory, and how many the entry where its search begins.
const KEY_AHEAD: usize = 40;
const ENTRY_AHEAD: usize = 16;

/// Fetches the memory for items that come soon after the first of `items`.
#[inline(always)]
unsafe fn fetch_for_later(table: *mut setentry, mask: usize, items: *const *mut PyObject) {
    // SAFETY: more than `KEY_AHEAD` items follow, all live.
    unsafe {
        large::prefetch(*items.add(KEY_AHEAD));
        let hash = plain_hash(Borrowed::from_ptr(*items.add(ENTRY_AHEAD)));
        large::prefetch(table.add(hash as usize & mask));
    }
}

/// As [`fetch_for_later`] for a set, if it is large enough to be worth it; `count` items are left.
#[inline(always)]
pub unsafe fn fetch_ahead(set: *mut PySetObject, items: *const *mut PyObject, count: usize) {
    // SAFETY: see the head of the file.
    unsafe {
        let mask = (*set).mask.get() as usize;
        if is_large(mask) && KEY_AHEAD < count {
            fetch_for_later((*set).table.get(), mask, items);
        }
    }
}

pub unsafe fn add_key(set: *mut PySetObject, key: Borrowed<'_, Object>) -> PyResult<bool> {
    let hash = hash_key(key)?;
    // SAFETY: see the head of the file.
    unsafe { add_entry(set, key.as_ptr(), hash) }
}

/// Puts a key that is known to be new into a table without removed entries, taking over its count.
#[inline(always)]
unsafe fn insert_clean(table: *mut setentry, mask: usize, key: *mut PyObject, hash: isize) {
    // SAFETY: see the head of the file.
    unsafe {
        let mut probe = Probe::new(hash, mask);
        loop {
            let mut entry = table.add(probe.at);
            for _ in 0..=probe.run() {
                if (*entry).key.get().is_null() {
                    (*entry).key.set(key);
                    (*entry).hash.set(hash);
                    return;
                }
                entry = entry.add(1);
            }
            probe.jump();
        }
    }
}

/// How many keys before its turn the entry for a key is fetched from memory.
const AHEAD: isize = 48;

/// Whether a table is larger than the cache of the core.
#[inline(always)]
pub fn is_large(mask: usize) -> bool {
    mask >= large::BEYOND_CACHE / size_of::<setentry>()
}

/// The entry whose turn comes that much later than that of another.
#[inline(always)]
unsafe fn ahead(table: *mut setentry, mask: usize, entry: *mut setentry) -> *mut setentry {
    // SAFETY: both are entries of the table.
    unsafe { table.add((entry.offset_from(table) + AHEAD) as usize & mask) }
}

/// Fetches the key of an entry: those of a large table lie anywhere in memory. Has no branch, which nobody could predict.
#[inline(always)]
unsafe fn fetch_key(entry: *mut setentry) {
    // SAFETY: an entry of a table.
    let key = unsafe { (*entry).key.get() };
    large::prefetch(if key.is_null() { entry.cast() } else { key });
}

/// Moves the keys to a table with more than `min_used` entries. Runs no Python code.
pub unsafe fn resize(set: *mut PySetObject, min_used: usize) -> PyResult<()> {
    // SAFETY: see the head of the file.
    unsafe {
        let mut size = MINSIZE;
        while size <= min_used {
            size <<= 1;
        }
        let old = (*set).table.get();
        let old_is_small = old == small_table(set);
        let mut copy = [const { setentry::ZERO }; MINSIZE];
        let mut from = old;
        let new;
        if size == MINSIZE {
            new = small_table(set);
            if old_is_small {
                if (*set).fill.get() == (*set).used.get() {
                    return Ok(());
                }
                // The table stays, but its removed entries go.
                ptr::copy_nonoverlapping(old, copy.as_mut_ptr(), MINSIZE);
                from = copy.as_mut_ptr();
            }
            new.write_bytes(0, MINSIZE);
        } else {
            new = small::calloc(size, size_of::<setentry>()).cast::<setentry>();
            if new.is_null() {
                return Err(Raised::no_memory());
            }
            large::prefer_large_pages(new.cast(), size * size_of::<setentry>());
        }
        let (is_large, old_mask) = (is_large(size - 1), (*set).mask.get() as usize);
        each_entry(from, old_mask, (*set).fill.get() as usize, |entry| {
            if is_large {
                let ahead = (*ahead(from, old_mask, entry)).hash.get();
                large::prefetch(new.add(ahead as usize & (size - 1)));
            }
            if (*entry).key.get() != dummy() {
                insert_clean(new, size - 1, (*entry).key.get(), (*entry).hash.get());
            }
        });
        (*set).mask.set(size as isize - 1);
        (*set).table.set(new);
        (*set).fill.set((*set).used.get());
        if !old_is_small {
            small::free(old.cast());
        }
        Ok(())
    }
}

/// Whether a key of another set is there. The key is held only while it is compared.
#[inline(always)]
pub unsafe fn contains_unheld(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> PyResult<bool> {
    // SAFETY: see the head of the file.
    unsafe {
        match find(set, key, hash) {
            (_, Outcome::Compare) => {
                let held: Ref<Object> = Ref::from_borrowed_ptr(key);
                Ok(!(*lookup_slow(set, held.as_ptr(), hash)?).key.get().is_null())
            }
            (_, outcome) => Ok(outcome == Outcome::Found),
        }
    }
}

/// Removes a key of another set; whether it was there. The key is held only while it is compared.
#[inline(always)]
pub unsafe fn discard_unheld(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> PyResult<bool> {
    // SAFETY: see the head of the file.
    unsafe {
        match find(set, key, hash) {
            (entry, Outcome::Found) => {
                remove_at(set, entry);
                Ok(true)
            }
            (_, Outcome::Absent) => Ok(false),
            (_, Outcome::Compare) => {
                let held: Ref<Object> = Ref::from_borrowed_ptr(key);
                discard_entry(set, held.as_ptr(), hash)
            }
        }
    }
}

pub unsafe fn contains_entry(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> PyResult<bool> {
    // SAFETY: see the head of the file.
    unsafe { Ok(!(*lookup(set, key, hash)?).key.get().is_null()) }
}

/// Removes a key with a known hash; whether it was there (`set_discard_entry`).
pub unsafe fn discard_entry(set: *mut PySetObject, key: *mut PyObject, hash: isize) -> PyResult<bool> {
    // SAFETY: see the head of the file.
    unsafe {
        let entry = lookup(set, key, hash)?;
        let found = !(*entry).key.get().is_null();
        if found {
            remove_at(set, entry);
        }
        Ok(found)
    }
}

/// Removes the key of an entry, whose release may run Python code.
#[inline(always)]
pub unsafe fn remove_at(set: *mut PySetObject, entry: *mut setentry) {
    // SAFETY: see the head of the file; the entry has a key.
    unsafe {
        let old = (*entry).key.replace(dummy());
        (*entry).hash.set(-1);
        (*set).used.set((*set).used.get() - 1);
        header::drop_item(old);
    }
}

/// The next key at or after `position`, borrowed, with its hash. Runs no Python code.
#[inline(always)]
pub unsafe fn next(set: *mut PySetObject, position: &mut usize) -> Option<(*mut PyObject, isize)> {
    // SAFETY: see the head of the file.
    unsafe {
        let table = (*set).table.get();
        let mask = (*set).mask.get() as usize;
        let mut at = *position;
        let mut gap = 0;
        while at <= mask {
            let (key, hash) = ((*table.add(at)).key.get(), (*table.add(at)).hash.get());
            if !key.is_null() && hash != -1 {
                *position = at + 1;
                return Some((key, hash));
            }
            at += 1;
            gap += 1;
            if gap >= 4 {
                // Where much is unused, as behind the keys of consecutive ints, four entries are passed at a time.
                let address = |at: usize| (*table.add(at)).key.get() as usize;
                while at + 3 <= mask && address(at) | address(at + 1) | address(at + 2) | address(at + 3) == 0 {
                    at += 4;
                }
                gap = 0;
            }
        }
        *position = at;
        None
    }
}

/// As [`next`], owned.
#[inline(always)]
pub unsafe fn next_owned(set: *mut PySetObject, position: &mut usize) -> Option<(Ref<Object>, isize)> {
    // SAFETY: see the head of the file.
    unsafe { next(set, position).map(|(key, hash)| (Ref::from_borrowed_ptr(key), hash)) }
}

/// Takes an arbitrary key out, going round the table from call to call.
pub unsafe fn pop(set: *mut PySetObject) -> Option<Ref<Object>> {
    // SAFETY: see the head of the file; a set with keys has one to find.
    unsafe {
        if (*set).used.get() == 0 {
            return None;
        }
        let mask = (*set).mask.get() as usize;
        let table = (*set).table.get();
        let mut at = (*set).finger.get() as usize & mask;
        loop {
            let key = (*table.add(at)).key.get();
            if !key.is_null() && key != dummy() {
                break;
            }
            at = if at == mask { 0 } else { at + 1 };
        }
        let entry = table.add(at);
        let key = (*entry).key.replace(dummy());
        (*entry).hash.set(-1);
        (*set).used.set((*set).used.get() - 1);
        (*set).finger.set(at as isize + 1);
        Some(Ref::from_owned_ptr(key))
    }
}

/// Empties a set; keys are released when it is empty.
pub unsafe fn clear(set: *mut PySetObject) {
    // SAFETY: see the head of the file.
    unsafe {
        let table = (*set).table.get();
        let fill = (*set).fill.get() as usize;
        let mask = (*set).mask.get() as usize;
        let is_small = table == small_table(set);
        if is_small && (*set).fill.get() == 0 {
            return;
        }
        let mut copy = [const { setentry::ZERO }; MINSIZE];
        let mut from = table;
        if is_small {
            ptr::copy_nonoverlapping(table, copy.as_mut_ptr(), MINSIZE);
            from = copy.as_mut_ptr();
        }
        small_table(set).write_bytes(0, MINSIZE);
        (*set).fill.set(0);
        (*set).used.set(0);
        init_empty(set);
        release(from, fill, mask);
        if !is_small {
            small::free(table.cast());
        }
    }
}

/// Gives back the keys of a table in which `fill` entries have a key or had one.
unsafe fn release(table: *mut setentry, fill: usize, mask: usize) {
    // SAFETY: the entries belong to nobody else. The dummy is immortal.
    unsafe {
        let fetch = is_large(mask / 4);
        each_entry(table, mask, fill, |entry| {
            if fetch {
                fetch_key(ahead(table, mask, entry));
            }
            header::drop_item((*entry).key.get());
        });
    }
}

/// `tp_dealloc` of sets.
pub unsafe fn dealloc(set: *mut PySetObject) {
    // SAFETY: called with no counts left.
    unsafe {
        object::gc_untrack(set.cast());
        if !(*set).weakreflist.get().is_null() {
            crate::types::weakref::clear_references(set.cast());
        }
        let table = (*set).table.get();
        release(table, (*set).fill.get() as usize, (*set).mask.get() as usize);
        if table != small_table(set) {
            small::free(table.cast());
        }
        object::dealloc_finish(set);
    }
}

pub unsafe fn traverse(set: *mut PySetObject, visitor: &mut Visitor) {
    // SAFETY: see the head of the file; visiting changes nothing.
    unsafe {
        let mut walk = Walk::new(set);
        while let Some((key, _)) = walk.next() {
            visitor.object(key);
        }
    }
}

/// Copies the table of another set as it is into an empty set, where that table has no removed entries and the size that the
/// set would get; whether it did.
unsafe fn copy_table(set: *mut PySetObject, other: *mut PySetObject) -> PyResult<bool> {
    // SAFETY: see the head of the file; all entries of the new table are written before it is the set's.
    unsafe {
        let used = (*other).used.get() as usize;
        let mut size = MINSIZE;
        if used * 5 >= (*set).mask.get() as usize * 3 {
            while size <= used * 2 {
                size <<= 1;
            }
        }
        let is_small = (*set).table.get() == small_table(set);
        if (*other).fill.get() as usize != used || (*other).mask.get() as usize != size - 1 || !is_small {
            return Ok(false);
        }
        let from = (*other).table.get();
        let to = if size == MINSIZE {
            small_table(set)
        } else {
            let table = small::malloc(size * size_of::<setentry>()).cast::<setentry>();
            if table.is_null() {
                return Err(Raised::no_memory());
            }
            large::prefer_large_pages(table.cast(), size * size_of::<setentry>());
            table
        };
        let fetch = is_large((size - 1) / 4);
        let mut copied = 0;
        let copy = |at: usize, count: usize| {
            ptr::copy_nonoverlapping(from.add(at), to.add(at), count);
            copied = at + count;
        };
        each_entry_by_block(from, size - 1, used, copy, |entry| {
            if fetch {
                fetch_key(ahead(from, size - 1, entry));
            }
            header::incref((*entry).key.get());
        });
        // Behind the last key is nothing to copy.
        to.add(copied).write_bytes(0, size - copied);
        (*set).table.set(to);
        (*set).mask.set(size as isize - 1);
        (*set).fill.set(used as isize);
        (*set).used.set(used as isize);
        Ok(true)
    }
}

/// Adds all keys of another set (`set_merge`).
pub unsafe fn merge(set: *mut PySetObject, other: *mut PySetObject) -> PyResult<()> {
    // SAFETY: see the head of the file.
    unsafe {
        let other_used = (*other).used.get() as usize;
        if set == other || other_used == 0 {
            return Ok(());
        }
        if (*set).fill.get() == 0 && copy_table(set, other)? {
            return Ok(());
        }
        // One large resize at the start, as if no key were in both.
        if ((*set).fill.get() as usize + other_used) * 5 >= (*set).mask.get() as usize * 3 {
            resize(set, ((*set).used.get() as usize + other_used) * 2)?;
        }
        if (*set).fill.get() == 0 {
            let mask = (*set).mask.get() as usize;
            let table = (*set).table.get();
            each_entry((*other).table.get(), (*other).mask.get() as usize, (*other).fill.get() as usize, |entry| {
                let key = (*entry).key.get();
                if key != dummy() {
                    header::incref(key);
                    insert_clean(table, mask, key, (*entry).hash.get());
                }
            });
            (*set).fill.set(other_used as isize);
            (*set).used.set(other_used as isize);
            return Ok(());
        }
        let mut walk = Walk::new(other);
        while let Some((key, hash)) = walk.next() {
            add_unheld(set, key, hash)?;
        }
        Ok(())
    }
}

/// Exchanges the contents of two sets.
pub unsafe fn swap(a: *mut PySetObject, b: *mut PySetObject) {
    // SAFETY: see the head of the file.
    unsafe {
        (*a).fill.swap(&(*b).fill);
        (*a).used.swap(&(*b).used);
        (*a).mask.swap(&(*b).mask);
        let (a_table, b_table) = ((*a).table.get(), (*b).table.get());
        let (a_small, b_small) = (a_table == small_table(a), b_table == small_table(b));
        (*a).table.set(if b_small { small_table(a) } else { b_table });
        (*b).table.set(if a_small { small_table(b) } else { a_table });
        if a_small || b_small {
            ptr::swap_nonoverlapping(small_table(a), small_table(b), MINSIZE);
        }
        (*a).hash.set(-1);
        (*b).hash.set(-1);
    }
}

fn shuffle(hash: usize) -> usize {
    ((hash ^ 89_869_747) ^ (hash << 16)).wrapping_mul(3_644_798_167)
}

/// The hash of a frozen set: independent of order, with the bits of near hashes spread.
pub unsafe fn frozen_hash(set: *mut PySetObject) -> isize {
    // SAFETY: see the head of the file.
    unsafe {
        if (*set).hash.get() != -1 {
            return (*set).hash.get();
        }
        let mut hash: usize = 0;
        let mut walk = Walk::new(set);
        while let Some((_, key_hash)) = walk.next() {
            hash ^= shuffle(key_hash as usize);
        }
        hash ^= ((*set).used.get() as usize + 1).wrapping_mul(1_927_868_237);
        hash ^= (hash >> 11) ^ (hash >> 25);
        hash = hash.wrapping_mul(69_069).wrapping_add(907_133_923);
        if hash == usize::MAX {
            hash = 590_923_713;
        }
        (*set).hash.set(hash as isize);
        hash as isize
    }
}
