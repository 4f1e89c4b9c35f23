//! Sets as whole tables: growth, copies, unions, release. What is done to every key of a large table waits for memory, which is
//! therefore fetched ahead.
//!
//! **Common contract of this file:** that of `raw`.

use core::ptr;

use super::raw::*;
use super::walk::{Walk, each_entry, each_entry_by_block};
use crate::abi::*;
use crate::memory::{large, small};
use crate::object::header;
use crate::prelude::*;
use crate::types::dict::lookup::{is_same_short_text, plain_hash};

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
pub(super) const KEY_AHEAD: usize = 40;
pub(super) const ENTRY_AHEAD: usize = 16;

/// Fetches the memory for items that come soon after the first of `items`.
#[inline(always)]
pub(super) unsafe fn fetch_for_later(table: *mut setentry, mask: usize, items: *const *mut PyObject) {
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

/// Puts a key that is known to be new into a table without removed entries, taking over its count.
#[inline(always)]
pub(super) unsafe fn insert_clean(table: *mut setentry, mask: usize, key: *mut PyObject, hash: isize) {
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
pub(super) const AHEAD: isize = 48;

/// Whether a table is larger than the cache of the core.
#[inline(always)]
pub fn is_large(mask: usize) -> bool {
    mask >= large::BEYOND_CACHE / size_of::<setentry>()
}

/// The entry whose turn comes that much later than that of another.
#[inline(always)]
pub(super) unsafe fn ahead(table: *mut setentry, mask: usize, entry: *mut setentry) -> *mut setentry {
    // SAFETY: both are entries of the table.
    unsafe { table.add((entry.offset_from(table) + AHEAD) as usize & mask) }
}

/// Fetches the key of an entry: those of a large table lie anywhere in memory. Has no branch, which nobody could predict.
#[inline(always)]
pub(super) unsafe fn fetch_key(entry: *mut setentry) {
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
        each_entry(from, old_mask, to_walk(set), |entry| {
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

/// Empties a set; keys are released when it is empty.
pub unsafe fn clear(set: *mut PySetObject) {
    // SAFETY: see the head of the file.
    unsafe {
        let table = (*set).table.get();
        let fill = to_walk(set);
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

/// How many filled entries a walk over all keys has to meet: none where all were removed.
#[inline(always)]
pub(super) unsafe fn to_walk(set: *mut PySetObject) -> usize {
    // SAFETY: see the head of the file.
    unsafe { if (*set).used.get() == 0 { 0 } else { (*set).fill.get() as usize } }
}

/// Gives back the keys of a table in which `fill` entries have a key or had one.
pub(super) unsafe fn release(table: *mut setentry, fill: usize, mask: usize) {
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

/// Copies the table of another set as it is into an empty set, where that table has no removed entries and the size that the
/// set would get; whether it did.
pub(super) unsafe fn copy_table(set: *mut PySetObject, other: *mut PySetObject) -> PyResult<bool> {
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

pub(super) fn shuffle(hash: usize) -> usize {
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
