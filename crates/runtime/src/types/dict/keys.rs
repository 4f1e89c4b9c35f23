//! `PyDictKeysObject`: indices, entries, reference count, version.
//!
//! The indices are `1 << dk_log2_size` integers of 1, 2, 4 or 8 bytes; behind them stand the entries, two thirds as many.
//! **Invariant:** `dk_usable + dk_nentries` never exceeds the number of entries allocated; a table that was changed has
//! version 0.

use core::ptr;

use crate::abi::*;
use crate::memory::{Guarded, StaticCell, large, small};
use crate::object::{PyResult, Raised, header};

pub const LOG_MINSIZE: u8 = 3;
pub const PERTURB_SHIFT: u32 = 5;
pub const EMPTY: isize = DKIX_EMPTY;
pub const DUMMY: isize = DKIX_DUMMY;

pub type Keys = *mut PyDictKeysObject;

/// The keys of every empty dict: no room, so the first insertion replaces them.
#[repr(C)]
struct EmptyKeys {
    head: PyDictKeysObject,
    indices: [i8; 8],
}

static EMPTY_KEYS: Guarded<EmptyKeys> = Guarded(EmptyKeys {
    head: PyDictKeysObject {
        dk_refcnt: core::cell::Cell::new(_Py_IMMORTAL_INITIAL_REFCNT as isize),
        dk_log2_size: core::cell::Cell::new(0),
        dk_log2_index_bytes: core::cell::Cell::new(3),
        dk_kind: core::cell::Cell::new(DICT_KEYS_UNICODE),
        dk_version: core::cell::Cell::new(1),
        dk_usable: core::cell::Cell::new(0),
        dk_nentries: core::cell::Cell::new(0),
        dk_indices: [],
    },
    indices: [-1; 8],
});

/// The shared empty keys.
#[inline(always)]
pub fn empty() -> Keys {
    (&raw const EMPTY_KEYS.0.head).cast_mut()
}

/// How many entries a table of `size` indices has.
#[inline(always)]
pub fn usable_fraction(size: usize) -> usize {
    (size << 1) / 3
}

/// The logarithm of the table size for at least `min_size` indices.
#[inline]
pub fn log2_for_size(min_size: usize) -> u8 {
    let last = min_size.max(8) - 1;
    (usize::BITS - last.leading_zeros()) as u8
}

/// The logarithm of the table size that has room for `entries`.
#[inline]
pub fn log2_for_entries(entries: usize) -> u8 {
    log2_for_size(entries.saturating_mul(3).saturating_add(1) / 2)
}

// The functions below share a contract: `keys` points to a live table, and indices are inside it.

#[inline(always)]
pub unsafe fn mask(keys: Keys) -> usize {
    // SAFETY: see above.
    unsafe { (1_usize << (*keys).dk_log2_size.get()) - 1 }
}

#[inline(always)]
pub unsafe fn is_unicode(keys: Keys) -> bool {
    // SAFETY: see above.
    unsafe { (*keys).dk_kind.get() != DICT_KEYS_GENERAL }
}

#[inline(always)]
unsafe fn indices(keys: Keys) -> *mut u8 {
    // SAFETY: the indices begin behind the head.
    unsafe { keys.cast::<u8>().add(size_of::<PyDictKeysObject>()) }
}

/// An integer that a table's indices are made of.
pub trait Index: Copy {
    fn read(self) -> isize;
    fn of(index: isize) -> Self;
}

macro_rules! index_types {
    ($($ty:ty)*) => {$(
        impl Index for $ty {
            #[inline(always)]
            fn read(self) -> isize {
                self as isize
            }

            #[inline(always)]
            fn of(index: isize) -> $ty {
                index as $ty
            }
        }
    )*};
}
index_types!(i8 i16 i32 i64);

/// The indices of a table as integers of their type, which the caller took from [`by_width`].
#[inline(always)]
pub unsafe fn typed_indices<I: Index>(keys: Keys) -> *mut I {
    // SAFETY: see above.
    unsafe { indices(keys).cast() }
}

/// The expression with `$index` for the type of the table's indices, so that a loop need not ask at each step.
macro_rules! by_width {
    ($keys:expr, $index:ident => $body:expr) => {{
        let log2 = (*$keys).dk_log2_size.get();
        if log2 < 8 {
            type $index = i8;
            $body
        } else if log2 < 16 {
            type $index = i16;
            $body
        } else if log2 < 32 {
            type $index = i32;
            $body
        } else {
            type $index = i64;
            $body
        }
    }};
}
pub(super) use by_width;

/// The position that follows `at` in the search for a hash.
#[inline(always)]
pub fn next_position(at: usize, perturb: &mut usize, mask: usize) -> usize {
    *perturb >>= PERTURB_SHIFT;
    at.wrapping_mul(5).wrapping_add(*perturb).wrapping_add(1) & mask
}

/// The index at a position of the table: an entry, `EMPTY` or `DUMMY`.
#[inline(always)]
pub unsafe fn index_at(keys: Keys, at: usize) -> isize {
    // SAFETY: see above.
    unsafe {
        let log2 = (*keys).dk_log2_size.get();
        let indices = indices(keys);
        if log2 < 8 {
            *indices.cast::<i8>().add(at) as isize
        } else if log2 < 16 {
            *indices.cast::<i16>().add(at) as isize
        } else if log2 < 32 {
            *indices.cast::<i32>().add(at) as isize
        } else {
            *indices.cast::<i64>().add(at) as isize
        }
    }
}

#[inline(always)]
pub unsafe fn set_index(keys: Keys, at: usize, index: isize) {
    // SAFETY: see above; an entry number fits the width of its table.
    unsafe {
        let log2 = (*keys).dk_log2_size.get();
        let indices = indices(keys);
        if log2 < 8 {
            *indices.cast::<i8>().add(at) = index as i8;
        } else if log2 < 16 {
            *indices.cast::<i16>().add(at) = index as i16;
        } else if log2 < 32 {
            *indices.cast::<i32>().add(at) = index as i32;
        } else {
            *indices.cast::<i64>().add(at) = index as i64;
        }
    }
}

#[inline(always)]
unsafe fn entries(keys: Keys) -> *mut u8 {
    // SAFETY: the entries stand behind the indices.
    unsafe { indices(keys).add(1 << (*keys).dk_log2_index_bytes.get()) }
}

/// The entries of a unicode or split table.
#[inline(always)]
pub unsafe fn unicode_entries(keys: Keys) -> *mut PyDictUnicodeEntry {
    // SAFETY: see above.
    unsafe {
        debug_assert!(is_unicode(keys));
        entries(keys).cast()
    }
}

/// The entries of a general table.
#[inline(always)]
pub unsafe fn general_entries(keys: Keys) -> *mut PyDictKeyEntry {
    // SAFETY: see above.
    unsafe {
        debug_assert!(!is_unicode(keys));
        entries(keys).cast()
    }
}

/// Key and value of an entry of any kind; the value of a split table is null.
#[inline(always)]
pub unsafe fn entry(keys: Keys, index: usize) -> (*mut PyObject, *mut PyObject) {
    // SAFETY: see above.
    unsafe {
        if is_unicode(keys) {
            let entry = unicode_entries(keys).add(index);
            ((*entry).me_key.get(), (*entry).me_value.get())
        } else {
            let entry = general_entries(keys).add(index);
            ((*entry).me_key.get(), (*entry).me_value.get())
        }
    }
}

/// The cell of an entry's value.
#[inline(always)]
pub unsafe fn value_cell<'a>(keys: Keys, index: usize) -> &'a core::cell::Cell<*mut PyObject> {
    // SAFETY: see above.
    unsafe {
        if is_unicode(keys) {
            &(*unicode_entries(keys).add(index)).me_value
        } else {
            &(*general_entries(keys).add(index)).me_value
        }
    }
}

/// The hash of an entry's key. The key of a unicode entry has its hash cached.
#[inline(always)]
pub unsafe fn entry_hash(keys: Keys, index: usize) -> isize {
    // SAFETY: see above.
    unsafe {
        if is_unicode(keys) {
            str_hash((*unicode_entries(keys).add(index)).me_key.get())
        } else {
            (*general_entries(keys).add(index)).me_hash.get()
        }
    }
}

/// The hash that a `str` caches, or -1.
///
/// # Safety
/// `text` is a `str`.
#[inline(always)]
pub unsafe fn str_hash(text: *mut PyObject) -> isize {
    // SAFETY: by contract.
    unsafe { (*text.cast::<PyASCIIObject>()).hash.get() }
}

/// How many values an instance with these shared keys can have.
#[inline(always)]
pub unsafe fn shared_usable_size(keys: Keys) -> usize {
    // SAFETY: see above.
    unsafe { ((*keys).dk_nentries.get() + (*keys).dk_usable.get()) as usize }
}

fn layout(log2_size: u8, unicode: bool) -> Option<(u8, usize, usize)> {
    let log2_bytes = match log2_size {
        0..8 => log2_size,
        8..16 => log2_size + 1,
        16..32 => log2_size + 2,
        _ => log2_size + 3,
    };
    if log2_size as usize >= usize::BITS as usize - 6 {
        return None;
    }
    let usable = usable_fraction(1 << log2_size);
    let entry = if unicode { size_of::<PyDictUnicodeEntry>() } else { size_of::<PyDictKeyEntry>() };
    let bytes = size_of::<PyDictKeysObject>().checked_add(1 << log2_bytes)?.checked_add(usable.checked_mul(entry)?)?;
    Some((log2_bytes, usable, bytes))
}

/// The bytes of a table, as `sys.getsizeof` counts them.
pub unsafe fn byte_size(keys: Keys) -> usize {
    // SAFETY: see above.
    unsafe {
        let entry = if is_unicode(keys) { size_of::<PyDictUnicodeEntry>() } else { size_of::<PyDictKeyEntry>() };
        size_of::<PyDictKeysObject>()
            + (1 << (*keys).dk_log2_index_bytes.get())
            + usable_fraction(1 << (*keys).dk_log2_size.get()) * entry
    }
}

/// The smallest unicode tables, of which programs make the most, are kept for the next one, linked by the first word.
static FREE: StaticCell<Keys> = StaticCell::cell(ptr::null_mut());
static FREE_COUNT: StaticCell<u32> = StaticCell::cell(0);
const FREE_LIMIT: u32 = if crate::memory::checked::ON { 0 } else { 80 };

/// A new empty table with one reference.
#[inline]
pub fn new(log2_size: u8, unicode: bool) -> PyResult<Keys> {
    let keys = new_without_indices(log2_size, unicode)?;
    // SAFETY: the indices stand behind the head. Entries are written before they are read: only `dk_nentries` of them are ever
    // looked at.
    unsafe {
        indices(keys).write_bytes(0xFF, 1 << (*keys).dk_log2_index_bytes.get());
    }
    Ok(keys)
}

/// A new table whose indices are not written yet.
#[inline]
fn new_without_indices(log2_size: u8, unicode: bool) -> PyResult<Keys> {
    let Some((log2_bytes, usable, bytes)) = layout(log2_size, unicode) else { return Err(Raised::no_memory()) };
    // SAFETY: a kept table has the size of the smallest unicode table; other memory has `bytes` bytes.
    unsafe {
        let keys: Keys = if log2_size == LOG_MINSIZE && unicode && !FREE.get().is_null() {
            let keys = FREE.get();
            FREE.set((*keys).dk_refcnt.get() as Keys);
            FREE_COUNT.set(FREE_COUNT.get() - 1);
            keys
        } else {
            let keys = small::malloc(bytes).cast::<PyDictKeysObject>();
            if keys.is_null() {
                return Err(Raised::no_memory());
            }
            large::prefer_large_pages(keys.cast(), bytes);
            keys
        };
        (*keys).dk_refcnt.set(1);
        (*keys).dk_log2_size.set(log2_size);
        (*keys).dk_log2_index_bytes.set(log2_bytes);
        (*keys).dk_kind.set(if unicode { DICT_KEYS_UNICODE } else { DICT_KEYS_GENERAL });
        (*keys).dk_version.set(0);
        (*keys).dk_usable.set(usable as isize);
        (*keys).dk_nentries.set(0);
        Ok(keys)
    }
}

/// Frees the memory of a table whose references were given away already.
pub unsafe fn free_memory(keys: Keys) {
    // SAFETY: see above.
    unsafe {
        let kept = (*keys).dk_log2_size.get() == LOG_MINSIZE && (*keys).dk_kind.get() == DICT_KEYS_UNICODE;
        if kept && FREE_COUNT.get() < FREE_LIMIT {
            (*keys).dk_refcnt.set(FREE.replace(keys) as isize);
            FREE_COUNT.set(FREE_COUNT.get() + 1);
            return;
        }
        small::free(keys.cast());
    }
}

/// Drops the kept tables.
pub fn clear_free_list() {
    while !FREE.get().is_null() {
        let keys = FREE.get();
        // SAFETY: kept tables belong to the list.
        unsafe {
            FREE.set((*keys).dk_refcnt.get() as Keys);
            small::free(keys.cast());
        }
    }
    FREE_COUNT.set(0);
}

#[inline(always)]
pub unsafe fn incref(keys: Keys) {
    // SAFETY: see above.
    unsafe {
        let count = (*keys).dk_refcnt.get();
        if count < _Py_IMMORTAL_INITIAL_REFCNT as isize {
            (*keys).dk_refcnt.set(count + 1);
        }
    }
}

/// Drops a reference to a table; the last one releases keys and values. May run Python code.
#[inline]
pub unsafe fn decref(keys: Keys) {
    // SAFETY: see above.
    unsafe {
        let count = (*keys).dk_refcnt.get();
        if count >= _Py_IMMORTAL_INITIAL_REFCNT as isize {
            return;
        }
        (*keys).dk_refcnt.set(count - 1);
        if count == 1 {
            release(keys);
        }
    }
}

unsafe fn release(keys: Keys) {
    // SAFETY: nobody else refers to the table.
    unsafe {
        let count = (*keys).dk_nentries.get() as usize;
        if is_unicode(keys) {
            let entries = unicode_entries(keys);
            for index in 0..count {
                let (key, value) = ((*entries.add(index)).me_key.get(), (*entries.add(index)).me_value.get());
                header::xdecref(key);
                header::drop_item(value);
            }
        } else {
            let entries = general_entries(keys);
            for index in 0..count {
                let (key, value) = ((*entries.add(index)).me_key.get(), (*entries.add(index)).me_value.get());
                header::drop_item(key);
                header::drop_item(value);
            }
        }
        free_memory(keys);
    }
}

/// A table with the same entries, all counted once more.
pub unsafe fn copy(keys: Keys) -> PyResult<Keys> {
    // SAFETY: see above; what is written lies inside the new table.
    unsafe {
        let copy = new_without_indices((*keys).dk_log2_size.get(), is_unicode(keys))?;
        ptr::copy_nonoverlapping(indices(keys), indices(copy), 1 << (*keys).dk_log2_index_bytes.get());
        (*copy).dk_usable.set((*keys).dk_usable.get());
        let count = (*keys).dk_nentries.get();
        (*copy).dk_nentries.set(count);
        if is_unicode(keys) {
            let (from, to) = (unicode_entries(keys), unicode_entries(copy));
            for index in 0..count as usize {
                let (key, value) = ((*from.add(index)).me_key.get(), (*from.add(index)).me_value.get());
                (*to.add(index)).me_key.set(key);
                (*to.add(index)).me_value.set(value);
                header::xincref(key);
                header::xincref(value);
            }
        } else {
            let (from, to) = (general_entries(keys), general_entries(copy));
            for index in 0..count as usize {
                let (from, to) = (&*from.add(index), &*to.add(index));
                let (key, value) = (from.me_key.get(), from.me_value.get());
                to.me_hash.set(from.me_hash.get());
                to.me_key.set(key);
                to.me_value.set(value);
                header::xincref(key);
                header::xincref(value);
            }
        }
        Ok(copy)
    }
}

/// The position in the table where a new key of this hash belongs.
#[inline(always)]
pub unsafe fn find_empty_slot(keys: Keys, hash: isize) -> usize {
    // SAFETY: see above; a table always has an empty position.
    unsafe {
        let mask = mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        while index_at(keys, at) >= 0 {
            perturb >>= PERTURB_SHIFT;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
        at
    }
}

/// The position in the table that leads to an entry, for a key that is there.
pub unsafe fn position_of(keys: Keys, hash: isize, index: isize) -> usize {
    // SAFETY: see above.
    unsafe {
        let mask = mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        loop {
            let found = index_at(keys, at);
            if found == index || found == EMPTY {
                debug_assert!(found == index);
                return at;
            }
            perturb >>= PERTURB_SHIFT;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }
}

/// Writes the indices of the first `count` entries into a table whose indices are all empty.
pub unsafe fn build_indices(keys: Keys, count: usize) {
    // SAFETY: see above.
    unsafe {
        if is_unicode(keys) {
            let entries = unicode_entries(keys);
            let hash_of = |index| str_hash((*entries.add(index)).me_key.get());
            if count > MANY {
                let strings_ahead = |index| large::prefetch((*entries.add(index)).me_key.get());
                return place_many(keys, count, hash_of, strings_ahead);
            }
            by_width!(keys, I => place::<I>(keys, 0, count, hash_of));
        } else {
            let entries = general_entries(keys);
            let hash_of = |index| (*entries.add(index)).me_hash.get();
            if count > MANY {
                return place_many(keys, count, hash_of, |_| ());
            }
            by_width!(keys, I => place::<I>(keys, 0, count, hash_of));
        }
    }
}

/// So many entries, and the indices and strings are not in the cache of the core.
const MANY: usize = 1 << 17;
/// How many entries before its turn the position of an index is fetched; and twice as many before, the hash.
const AHEAD: usize = 16;

/// As [`place`] for a large table, whose memory is fetched ahead.
#[inline(never)]
unsafe fn place_many(keys: Keys, count: usize, hash_of: impl Fn(usize) -> isize, fetch_hash: impl Fn(usize)) {
    // SAFETY: by contract of `build_indices`; a table of so many entries has indices of 4 bytes at least.
    unsafe {
        let width = if (*keys).dk_log2_size.get() < 32 { 4 } else { 8 };
        let mask = mask(keys);
        let mut from = 0;
        while from < count {
            let to = (from + AHEAD).min(count);
            for index in from + 2 * AHEAD..(from + 3 * AHEAD).min(count) {
                fetch_hash(index);
            }
            for index in from + AHEAD..(from + 2 * AHEAD).min(count) {
                large::prefetch(indices(keys).add((hash_of(index) as usize & mask) * width));
            }
            by_width!(keys, I => place::<I>(keys, from, to, &hash_of));
            from = to;
        }
    }
}

#[inline(always)]
unsafe fn place<I: Index>(keys: Keys, from: usize, to: usize, hash_of: impl Fn(usize) -> isize) {
    // SAFETY: by contract of `build_indices`.
    unsafe {
        let indices = typed_indices::<I>(keys);
        let mask = mask(keys);
        for index in from..to {
            let mut perturb = hash_of(index) as usize;
            let mut at = perturb & mask;
            while (*indices.add(at)).read() != EMPTY {
                at = next_position(at, &mut perturb, mask);
            }
            *indices.add(at) = I::of(index as isize);
        }
    }
}

static NEXT_VERSION: StaticCell<u32> = StaticCell::cell(2);

/// The number that the next keys get; 0 when numbers have run out.
pub fn next_version() -> u32 {
    NEXT_VERSION.get()
}

/// A number for the present state of the keys, which inline caches compare; 0 when numbers have run out.
#[inline]
pub fn keys_version(keys: Keys) -> u32 {
    // SAFETY: see above.
    unsafe {
        let version = (*keys).dk_version.get();
        if version != 0 {
            return version;
        }
        let version = NEXT_VERSION.get();
        if version != 0 {
            NEXT_VERSION.set(version.wrapping_add(1));
            (*keys).dk_version.set(version);
        }
        version
    }
}
