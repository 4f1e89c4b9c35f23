//! Mechanism of sets on raw pointers: search, insertion, growth, removal.
//!
//! **Common contract of this file:** sets and keys passed in are live and held by the caller. What returns `PyResult` may
//! run Python code through `__eq__`, unless its doc says otherwise.

use core::ptr;

use super::table::{release, resize, to_walk};
use super::walk::Walk;
use super::{FrozenSet, Set};
use crate::abi::*;
use crate::memory::{Guarded, object, small};
use crate::object::{PyLayout, header};
use crate::prelude::*;
use crate::types::dict::lookup::{explain_unhashable, is_equal_plain, is_same_short_text, plain_hash};

const LINEAR_PROBES: usize = 9;
const PERTURB_SHIFT: u32 = 5;
pub(super) const MINSIZE: usize = PySet_MINSIZE;

static DUMMY: Guarded<PyObject> = Guarded(PyObject::immortal(ptr::null_mut()));

/// The key of a removed entry (`_PySet_Dummy`).
#[inline(always)]
pub fn dummy() -> *mut PyObject {
    (&raw const DUMMY.0).cast_mut()
}

#[inline(always)]
pub(super) unsafe fn small_table(set: *mut PySetObject) -> *mut setentry {
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
pub(super) struct Probe {
    pub(super) at: usize,
    perturb: usize,
    mask: usize,
}

impl Probe {
    #[inline(always)]
    pub(super) fn new(hash: isize, mask: usize) -> Probe {
        Probe { at: hash as usize & mask, perturb: hash as usize, mask }
    }

    /// How many further entries follow `at` before the next jump.
    #[inline(always)]
    pub(super) fn run(&self) -> usize {
        if self.at + LINEAR_PROBES <= self.mask { LINEAR_PROBES } else { 0 }
    }

    #[inline(always)]
    pub(super) fn jump(&mut self) {
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
pub(super) unsafe fn candidate<const ADDING: bool>(table: *mut setentry, mask: usize, hash: isize) -> *mut setentry {
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

pub unsafe fn add_key(set: *mut PySetObject, key: Borrowed<'_, Object>) -> PyResult<bool> {
    let hash = hash_key(key)?;
    // SAFETY: see the head of the file.
    unsafe { add_entry(set, key.as_ptr(), hash) }
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

/// `tp_dealloc` of sets.
pub unsafe fn dealloc(set: *mut PySetObject) {
    // SAFETY: called with no counts left.
    unsafe {
        object::gc_untrack(set.cast());
        if !(*set).weakreflist.get().is_null() {
            crate::types::weakref::clear_references(set.cast());
        }
        let table = (*set).table.get();
        release(table, to_walk(set), (*set).mask.get() as usize);
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
