//! Finding keys, in four forms: unicode table and `str` key (no Python code runs), unicode table and any key, general
//! table, split table.

use core::ptr;

use super::Dict;
use super::keys::{self, DUMMY, EMPTY, Index, Keys, PERTURB_SHIFT, by_width, next_position};
use crate::abi::*;
use crate::prelude::*;

/// What a comparison found when the table changed under it.
const CHANGED: isize = DKIX_KEY_CHANGED;

/// The answer of a search that would have to compare objects by their own rules.
pub const COMPARE: isize = -4;
/// In place of a position where a key cannot be put before the table is another.
pub const NOWHERE: usize = usize::MAX;

/// Where a search ended that ran no Python code.
#[derive(Clone, Copy)]
pub struct Spot {
    /// The entry, `EMPTY` when there is none, or [`COMPARE`].
    pub index: isize,
    /// The position of the entry's index; for `EMPTY` that for the index of a new entry, or [`NOWHERE`].
    pub at: usize,
}

impl Spot {
    /// The position for the index of a new entry; [`NOWHERE`] if there may be one.
    #[inline(always)]
    pub fn if_absent(self) -> usize {
        if self.index == EMPTY { self.at } else { NOWHERE }
    }
}

/// Where a key was found: the entry (or value slot of a split table), or `EMPTY`.
pub struct Found {
    pub index: isize,
    /// Borrowed from the dict; null when absent.
    pub value: *mut PyObject,
}

/// Whether an object is exactly a `str`.
///
/// # Safety
/// `object` is live.
#[inline(always)]
pub unsafe fn is_exact_str(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { (*object).ob_type.get() == Str::TYPE }
}

/// The hash of a `str`, computed at most once.
#[inline(always)]
pub fn hash_str(text: Borrowed<'_, Str>) -> isize {
    // SAFETY: a live `str`.
    let hash = unsafe { keys::str_hash(text.as_ptr()) };
    if hash != -1 { hash } else { text.hash_value() }
}

/// The hash of a string or tuple that has it cached, and of an int; -1 for everything else.
#[inline(always)]
pub fn plain_hash(key: Borrowed<'_, Object>) -> isize {
    // SAFETY: live objects of these types.
    unsafe {
        let ty = (*key.as_ptr()).ob_type.get();
        if ty == Str::TYPE {
            keys::str_hash(key.as_ptr())
        } else if ty == Int::TYPE {
            Borrowed::<Int>::from_ptr(key.as_ptr()).hash_value()
        } else if ty == Tuple::TYPE {
            (*key.as_ptr().cast::<PyTupleObject>()).ob_hash.get()
        } else {
            -1
        }
    }
}

/// `hash(key)` for use in a dict: the error of an unhashable key says so.
#[inline(always)]
pub fn hash_key(key: Borrowed<'_, Object>) -> PyResult<isize> {
    let hash = plain_hash(key);
    if hash != -1 { Ok(hash) } else { hash_key_slow(key) }
}

#[inline(never)]
fn hash_key_slow(key: Borrowed<'_, Object>) -> PyResult<isize> {
    match key.hash() {
        Ok(hash) => Ok(hash),
        Err(raised) => Err(explain_unhashable(raised, key, "a dict key")),
    }
}

/// Rewords the TypeError of an unhashable object: "cannot use 'list' as a dict key (unhashable type: 'list')".
#[cold]
pub fn explain_unhashable(raised: Raised, key: Borrowed<'_, Object>, role: &str) -> Raised {
    let exact = raised.peek().is_some_and(|exception| exception.is_exact::<crate::types::exceptions::TypeError>());
    if !exact {
        return raised;
    }
    let exception = raised.take();
    raise!(TypeError, "cannot use '{}' as {role} ({})", qualified_type_name(key), exception.to_text())
}

/// The name of an object's type with its module, but for built-in classes and those of `__main__` (`%T` of C's formats).
pub fn qualified_type_name(object: Borrowed<'_, Object>) -> String {
    let ty = object.type_of();
    let part = |name| match ty.as_object().lookup_attr(name) {
        Ok(value) => value.and_then(|value| value.into_downcast::<Str>().ok()).map(|text| text.to_display()),
        Err(raised) => {
            raised.clear();
            None
        }
    };
    let Some(name) = part(id!("__qualname__")) else { return ty.name() };
    match part(id!("__module__")) {
        Some(module) if module != "builtins" && module != "__main__" => format!("{module}.{name}"),
        _ => name,
    }
}

/// Looks a `str` up in a unicode or split table.
///
/// # Safety
/// `keys` is live, `key` exactly a `str` of that hash.
#[inline]
pub unsafe fn unicode_index(keys: Keys, key: *mut PyObject, hash: isize) -> isize {
    // SAFETY: by contract; nothing here runs Python code.
    unsafe { spot(keys, key, hash).index }
}

/// Whether two strings of the same hash are equal.
///
/// # Safety
/// Both are live and exactly `str`.
#[inline(never)]
pub unsafe fn is_equal_text(a: *mut PyObject, b: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe {
        is_same_short_text(a, b)
            .unwrap_or_else(|| Borrowed::<Str>::from_ptr(a).equals_str(&Borrowed::<Str>::from_ptr(b)))
    }
}

/// Whether two objects of the same hash are equal strings of short ASCII text, as most are; `None` if one is something else. Makes
/// no call.
///
/// # Safety
/// Both are live.
#[inline(always)]
pub unsafe fn is_same_short_text(a: *mut PyObject, b: *mut PyObject) -> Option<bool> {
    // SAFETY: by contract; compact ASCII stands right behind the head, and `size` bytes of it are looked at.
    unsafe {
        if !is_exact_str(a) || !is_exact_str(b) {
            return None;
        }
        let (head_a, head_b) = (&*a.cast::<PyASCIIObject>(), &*b.cast::<PyASCIIObject>());
        if !(head_a.state.compact() && head_a.state.ascii() && head_b.state.compact() && head_b.state.ascii()) {
            return None;
        }
        let size = head_a.length.get() as usize;
        if size != head_b.length.get() as usize {
            return Some(false);
        }
        let (a, b) = (a.cast::<PyASCIIObject>().add(1).cast::<u8>(), b.cast::<PyASCIIObject>().add(1).cast::<u8>());
        let word = |at: *mut u8| at.cast::<u64>().read_unaligned();
        let half = |at: *mut u8| at.cast::<u32>().read_unaligned();
        // The last piece may overlap the one before.
        if size >= 8 {
            if size > 64 {
                return None;
            }
            let mut at = 0;
            while at + 8 < size {
                if word(a.add(at)) != word(b.add(at)) {
                    return Some(false);
                }
                at += 8;
            }
            return Some(word(a.add(size - 8)) == word(b.add(size - 8)));
        }
        if size >= 4 {
            return Some(half(a) == half(b) && half(a.add(size - 4)) == half(b.add(size - 4)));
        }
        let mut at = 0;
        while at < size {
            // Volatile, or the compiler would see a comparison of memory and call for it.
            if a.add(at).read_volatile() != b.add(at).read_volatile() {
                return Some(false);
            }
            at += 1;
        }
        Some(true)
    }
}

/// How an entry of the table relates to the key that is looked for.
enum Relation {
    Same,
    Other,
    /// The hashes are equal; whether the keys are takes a closer look.
    Near,
}

/// The part of a search that makes no call: up to the key itself, an unused position, or a key of the same hash.
#[inline(always)]
unsafe fn search<I: Index>(keys: Keys, key: *mut PyObject, hash: isize, relation: impl Fn(usize) -> Relation) -> Spot {
    // SAFETY: by contract of `spot`.
    unsafe {
        let indices = keys::typed_indices::<I>(keys);
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        let mut free = NOWHERE;
        loop {
            let index = (*indices.add(at)).read();
            if index >= 0 {
                match relation(index as usize) {
                    Relation::Same => return Spot { index, at },
                    Relation::Other => {}
                    Relation::Near => return search_near(keys, key, hash, at, perturb, free),
                }
            } else if index == EMPTY {
                return Spot { index, at: if free == NOWHERE { at } else { free } };
            } else if free == NOWHERE {
                free = at;
            }
            at = next_position(at, &mut perturb, mask);
        }
    }
}

/// Whether two keys of the same hash are equal; `None` where they have to be asked.
///
/// # Safety
/// Live objects.
#[inline(always)]
pub unsafe fn is_equal_plain(a: *mut PyObject, b: *mut PyObject) -> Option<bool> {
    // SAFETY: by contract; the types are exact.
    unsafe {
        if is_exact_str(a) && is_exact_str(b) {
            Some(is_equal_text(a, b))
        } else if is_exact_int(a) && is_exact_int(b) {
            Some(Int::equals_raw(a.cast(), b.cast()))
        } else {
            None
        }
    }
}

/// The rest of a search from an entry whose key has the same hash.
#[inline(never)]
unsafe fn search_near(
    keys: Keys,
    key: *mut PyObject,
    hash: isize,
    mut at: usize,
    mut perturb: usize,
    mut free: usize,
) -> Spot {
    // SAFETY: by contract of `spot`.
    unsafe {
        let unicode = keys::is_unicode(keys);
        let mask = keys::mask(keys);
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let (candidate, candidate_hash) = if unicode {
                    let candidate = (*keys::unicode_entries(keys).add(index as usize)).me_key.get();
                    (candidate, keys::str_hash(candidate))
                } else {
                    let entry = keys::general_entries(keys).add(index as usize);
                    ((*entry).me_key.get(), (*entry).me_hash.get())
                };
                if candidate == key {
                    return Spot { index, at };
                }
                if candidate_hash == hash {
                    match is_equal_plain(candidate, key) {
                        Some(true) => return Spot { index, at },
                        Some(false) => {}
                        None => return Spot { index: COMPARE, at: NOWHERE },
                    }
                }
            } else if index == EMPTY {
                return Spot { index, at: if free == NOWHERE { at } else { free } };
            } else if free == NOWHERE {
                free = at;
            }
            at = next_position(at, &mut perturb, mask);
        }
    }
}

/// Looks any key up in a table of any kind, but runs no Python code: the answer may be [`COMPARE`].
///
/// # Safety
/// `keys` and `key` are live; `hash` is that of the key.
#[inline(never)]
pub unsafe fn spot(keys: Keys, key: *mut PyObject, hash: isize) -> Spot {
    // SAFETY: by contract.
    unsafe { spot_in_place(keys, key, hash) }
}

/// As [`spot`] without a call, for methods that do little else.
///
/// # Safety
/// As [`spot`].
#[inline(always)]
pub unsafe fn spot_in_place(keys: Keys, key: *mut PyObject, hash: isize) -> Spot {
    // SAFETY: by contract.
    unsafe {
        if !keys::is_unicode(keys) {
            return spot_general(keys, key, hash);
        }
        if is_exact_str(key) {
            return spot_str(keys, key, hash);
        }
        // An int equals no string.
        Spot { index: if is_exact_int(key) { EMPTY } else { COMPARE }, at: NOWHERE }
    }
}

/// As [`spot`] for a `str` in a table of them: never [`COMPARE`].
///
/// # Safety
/// As [`spot`]; `key` is exactly a `str`, the table unicode.
#[inline(always)]
pub unsafe fn spot_str(keys: Keys, key: *mut PyObject, hash: isize) -> Spot {
    // SAFETY: by contract.
    unsafe {
        let entries = keys::unicode_entries(keys);
        by_width!(keys, I => search::<I>(keys, key, hash, |index| {
            let candidate = (*entries.add(index)).me_key.get();
            if candidate == key {
                Relation::Same
            } else if keys::str_hash(candidate) != hash {
                Relation::Other
            } else {
                Relation::Near
            }
        }))
    }
}

#[inline(always)]
unsafe fn spot_general(keys: Keys, key: *mut PyObject, hash: isize) -> Spot {
    // SAFETY: by contract of `spot`.
    unsafe {
        let entries = keys::general_entries(keys);
        by_width!(keys, I => search::<I>(keys, key, hash, |index| {
            let entry = &*entries.add(index);
            if entry.me_key.get() == key {
                Relation::Same
            } else if entry.me_hash.get() != hash {
                Relation::Other
            } else {
                Relation::Near
            }
        }))
    }
}

/// # Safety
/// `object` is live.
#[inline(always)]
unsafe fn is_exact_int(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { (*object).ob_type.get() == Int::TYPE }
}

/// Looks any key up in a table where comparing may run Python code.
///
/// # Safety
/// `dict` and `key` are live and held by the caller; `keys` are the keys of `dict`.
#[inline(never)]
unsafe fn general_index(dict: *mut PyDictObject, keys: Keys, key: *mut PyObject, hash: isize) -> PyResult<isize> {
    // SAFETY: by contract; after a comparison nothing of the table is touched before it was seen to be the same.
    unsafe {
        let unicode = keys::is_unicode(keys);
        let mask = keys::mask(keys);
        let mut perturb = hash as usize;
        let mut at = hash as usize & mask;
        loop {
            let index = keys::index_at(keys, at);
            if index >= 0 {
                let (candidate, candidate_hash) = if unicode {
                    let candidate = (*keys::unicode_entries(keys).add(index as usize)).me_key.get();
                    (candidate, keys::str_hash(candidate))
                } else {
                    let entry = keys::general_entries(keys).add(index as usize);
                    ((*entry).me_key.get(), (*entry).me_hash.get())
                };
                if candidate == key {
                    return Ok(index);
                }
                if candidate_hash == hash {
                    if !unicode && is_exact_str(candidate) && is_exact_str(key) {
                        if is_equal_text(candidate, key) {
                            return Ok(index);
                        }
                    } else if is_exact_int(candidate) && is_exact_int(key) {
                        if Int::equals_raw(candidate.cast(), key.cast()) {
                            return Ok(index);
                        }
                    } else {
                        let held: Ref<Object> = Ref::from_borrowed_ptr(candidate);
                        let equal = held.equals(Borrowed::from_ptr(key))?;
                        let same_table = (*dict).ma_keys.get() == keys;
                        if !same_table || keys::entry(keys, index as usize).0 != candidate {
                            return Ok(CHANGED);
                        }
                        if equal {
                            return Ok(index);
                        }
                    }
                }
            } else if index == EMPTY {
                return Ok(EMPTY);
            }
            perturb >>= PERTURB_SHIFT;
            at = at.wrapping_mul(5).wrapping_add(perturb).wrapping_add(1) & mask;
        }
    }
}

/// Finds `key` in a dict (`_Py_dict_lookup`). Fails only if comparing keys does.
///
/// # Safety
/// `dict` and `key` are live and held by the caller.
#[inline]
pub unsafe fn lookup(dict: *mut PyDictObject, key: *mut PyObject, hash: isize) -> PyResult<Found> {
    // SAFETY: by contract.
    unsafe {
        let keys = (*dict).ma_keys.get();
        let spot = spot(keys, key, hash);
        if spot.index != COMPARE { Ok(found(dict, keys, spot.index)) } else { lookup_slow(dict, key, hash) }
    }
}

#[inline(never)]
unsafe fn lookup_slow(dict: *mut PyDictObject, key: *mut PyObject, hash: isize) -> PyResult<Found> {
    // SAFETY: by contract of `lookup`.
    unsafe {
        loop {
            let keys = (*dict).ma_keys.get();
            if keys::is_unicode(keys) && is_exact_str(key) {
                return Ok(found(dict, keys, unicode_index(keys, key, hash)));
            }
            let index = general_index(dict, keys, key, hash)?;
            if index != CHANGED {
                return Ok(found(dict, (*dict).ma_keys.get(), index));
            }
        }
    }
}

#[inline(always)]
unsafe fn found(dict: *mut PyDictObject, keys: Keys, index: isize) -> Found {
    // SAFETY: `index` was found in `keys`, which are the dict's.
    unsafe {
        debug_assert!(index != DUMMY);
        let value = if index < 0 {
            ptr::null_mut()
        } else if !(*dict).ma_values.get().is_null() {
            super::raw::split_value((*dict).ma_values.get(), index as usize).get()
        } else {
            keys::value_cell(keys, index as usize).get()
        };
        Found { index, value }
    }
}

/// The value of a `str` key in globals, else in builtins; `None` when neither has it. Both are looked into without Python
/// code if they are exact dicts with string keys; `builtins` may be any mapping (`_PyDict_LoadGlobal`).
pub fn load_global(
    globals: Borrowed<'_, Dict>,
    builtins: Borrowed<'_, Object>,
    name: Borrowed<'_, Str>,
) -> PyResult<Option<Ref<Object>>> {
    let hash = hash_str(name);
    // SAFETY: the handles keep everything alive; a value is counted before anything else runs.
    unsafe {
        let value = lookup(globals.as_ptr().cast(), name.as_ptr(), hash)?.value;
        if !value.is_null() {
            return Ok(Some(Ref::from_borrowed_ptr(value)));
        }
        if let Some(builtins) = builtins.downcast::<Dict>() {
            let value = lookup(builtins.as_ptr().cast(), name.as_ptr(), hash)?.value;
            return Ok(Ref::from_borrowed_ptr_or_null(value));
        }
    }
    match builtins.get_item(name.upcast()) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => raised.clear_if::<crate::types::exceptions::KeyError>().map(|()| None),
    }
}
