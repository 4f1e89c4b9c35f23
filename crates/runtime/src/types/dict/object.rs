//! What Rust code calls: `impl Dict` and `impl Ref<Dict>`.

use core::ptr;

use super::Dict;
use super::keys::{self, Keys};
use super::lookup::{self, hash_key, hash_str};
use super::raw;
use super::watch::notify;
use crate::abi::*;
use crate::memory::object;
use crate::object::header;
use crate::prelude::*;
use crate::types::exceptions;

/// KeyError whose argument is exactly `key` (`_PyErr_SetKeyError`).
#[cold]
pub fn key_error(key: Borrowed<'_, Object>) -> Raised {
    if key.is_instance_of::<exceptions::KeyError>() {
        // Not raised itself, but wrapped like any other key.
        let class = exceptions::KeyError::type_object();
        return match class.as_object().call1(key) {
            Ok(exception) => {
                exceptions::add_context(&exception);
                Raised::restore(exception)
            }
            Err(raised) => raised,
        };
    }
    raise!(KeyError, object: key.to_owned())
}

/// A number for the present keys of a dict, for inline caches: 0 when the dict is split or has other keys than strings,
/// or when numbers have run out. While it stays, keys and entries stay where they are; values may change.
pub fn keys_version(dict: &Ref<Dict>) -> u32 {
    if !dict.has_only_exact_str_keys() || !dict.0.ma_values.get().is_null() {
        return 0;
    }
    keys::keys_version(dict.keys_raw())
}

/// The entry of a name in a combined dict with string keys.
pub fn unicode_index(dict: &Ref<Dict>, name: Borrowed<'_, Str>) -> Option<usize> {
    if !dict.has_only_exact_str_keys() || !dict.0.ma_values.get().is_null() || !name.is_exact::<Str>() {
        return None;
    }
    // SAFETY: just checked.
    usize::try_from(unsafe { lookup::unicode_index(dict.keys_raw(), name.as_ptr(), hash_str(name)) }).ok()
}

/// The value slot of a name in shared keys.
///
/// # Safety
/// `keys` is live.
pub unsafe fn shared_keys_index(keys: Keys, name: Borrowed<'_, Str>) -> Option<usize> {
    if !name.is_exact::<Str>() {
        return None;
    }
    // SAFETY: by contract.
    usize::try_from(unsafe { lookup::unicode_index(keys, name.as_ptr(), hash_str(name)) }).ok()
}

/// A number for the present names in shared keys; 0 when numbers have run out.
///
/// # Safety
/// `keys` is live.
pub unsafe fn shared_keys_version(keys: Keys) -> u32 {
    keys::keys_version(keys)
}

/// Whether the attributes of an object stand behind it. Its type must have `Py_TPFLAGS_INLINE_VALUES`.
pub fn has_valid_inline_values(object: &Ref<Object>) -> bool {
    // SAFETY: only types with the flag are asked, and the flag is looked at again.
    unsafe {
        (*object.type_ptr()).tp_flags.get() & Py_TPFLAGS_INLINE_VALUES != 0
            && (*super::instance::inline_values(object.as_ptr())).valid.get() != 0
    }
}

impl Dict {
    /// An empty dict.
    #[inline]
    pub fn new() -> PyResult<Ref<Dict>> {
        // SAFETY: the shared empty keys are never freed.
        unsafe { raw::new_dict(keys::empty(), ptr::null_mut(), 0) }
    }

    /// An empty dict with room for `entries` items with string keys, or any if the first key that comes is no string.
    pub fn with_capacity(entries: usize) -> PyResult<Ref<Dict>> {
        if entries <= keys::usable_fraction(8) {
            return Dict::new();
        }
        Dict::presized(entries, true)
    }

    /// An empty dict with room for `entries` items.
    pub fn presized(entries: usize, unicode: bool) -> PyResult<Ref<Dict>> {
        let keys = keys::new(keys::log2_for_entries(entries), unicode)?;
        // SAFETY: the table is new.
        unsafe { raw::new_dict(keys, ptr::null_mut(), 0) }
    }

    /// Whether the keys are shared with other dicts of a class.
    pub fn is_split(&self) -> bool {
        !self.0.ma_values.get().is_null()
    }

    /// An empty split dict over shared keys; over keys of its own for null.
    ///
    /// # Safety
    /// `keys` is null or live.
    pub unsafe fn with_shared_keys(keys: Keys) -> PyResult<Ref<Dict>> {
        if keys.is_null() {
            return Dict::new();
        }
        // SAFETY: by contract.
        unsafe {
            let values = raw::new_split_values(keys::shared_usable_size(keys))?;
            keys::incref(keys);
            raw::new_dict(keys, values, 0)
        }
    }

    /// A dict of pairs in order; a later pair replaces an earlier one.
    pub fn from_pairs<K, V>(pairs: &[(Borrowed<'_, K>, Borrowed<'_, V>)]) -> PyResult<Ref<Dict>> {
        let dict = Dict::with_capacity(pairs.len())?;
        for (key, value) in pairs {
            dict.set_item(*key, *value)?;
        }
        Ok(dict)
    }
}

impl Ref<Dict> {
    #[inline(always)]
    pub(crate) fn raw(&self) -> *mut PyDictObject {
        self.as_raw().cast()
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.0.ma_used.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The table of keys, for inline caches.
    #[inline(always)]
    pub fn keys_raw(&self) -> Keys {
        self.0.ma_keys.get()
    }

    /// Whether every key is exactly a `str`: then lookups of strings run no Python code.
    #[inline(always)]
    pub fn has_only_exact_str_keys(&self) -> bool {
        // SAFETY: a dict's keys are live.
        unsafe { keys::is_unicode(self.keys_raw()) }
    }

    /// Whether every key is a `str` of any class (`_PyDict_HasOnlyStringKeys`).
    pub fn has_only_str_keys(&self) -> bool {
        if self.has_only_exact_str_keys() {
            return true;
        }
        let mut position = 0;
        while let Some((key, _)) = self.next(&mut position) {
            if !key.is_instance_of::<Str>() {
                return false;
            }
        }
        true
    }

    /// `self[key]`, `None` when absent (`PyDict_GetItemRef`).
    #[inline]
    pub fn get<K>(&self, key: Borrowed<'_, K>) -> PyResult<Option<Ref<Object>>> {
        let hash = hash_key(key.upcast())?;
        self.get_known_hash(key, hash)
    }

    #[inline]
    pub fn get_known_hash<K>(&self, key: Borrowed<'_, K>, hash: isize) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: both are held; the value is counted at once.
        unsafe {
            let found = lookup::lookup(self.raw(), key.as_ptr(), hash)?;
            Ok(Ref::from_borrowed_ptr_or_null(found.value))
        }
    }

    /// `self[name]` for an exact `str`. In a dict with other keys a comparison may fail; that error is dropped.
    #[inline]
    pub fn get_str(&self, name: Borrowed<'_, Str>) -> Option<Ref<Object>> {
        match self.get(name) {
            Ok(value) => value,
            Err(raised) => {
                raised.clear();
                None
            }
        }
    }

    /// As [`Ref::get_str`] without a count. The value lives until the dict changes, so nothing may run in between.
    ///
    /// # Safety
    /// As said.
    #[inline]
    pub unsafe fn get_str_borrowed(&self, name: Borrowed<'_, Str>) -> Option<Borrowed<'_, Object>> {
        // SAFETY: by contract.
        unsafe {
            match lookup::lookup(self.raw(), name.as_ptr(), hash_str(name)) {
                Ok(found) => Borrowed::from_ptr_or_null(found.value),
                Err(raised) => {
                    raised.clear();
                    None
                }
            }
        }
    }

    /// The number of the entry of a key, for inline caches; -1 when absent.
    pub fn lookup_index(&self, key: Borrowed<'_, Object>) -> PyResult<isize> {
        let hash = hash_key(key)?;
        // SAFETY: both are held.
        unsafe { Ok(lookup::lookup(self.raw(), key.as_ptr(), hash)?.index) }
    }

    #[inline]
    pub fn contains<K>(&self, key: Borrowed<'_, K>) -> PyResult<bool> {
        let hash = hash_key(key.upcast())?;
        self.contains_known_hash(key.upcast(), hash)
    }

    #[inline]
    pub fn contains_known_hash(&self, key: Borrowed<'_, Object>, hash: isize) -> PyResult<bool> {
        // SAFETY: both are held.
        unsafe { Ok(!lookup::lookup(self.raw(), key.as_ptr(), hash)?.value.is_null()) }
    }

    pub fn contains_str(&self, name: Borrowed<'_, Str>) -> bool {
        self.get_str(name).is_some()
    }

    /// `self[key] = value`.
    #[inline]
    pub fn set_item<K, V>(&self, key: Borrowed<'_, K>, value: Borrowed<'_, V>) -> PyResult<()> {
        let hash = hash_key(key.upcast())?;
        // SAFETY: all are held.
        unsafe { raw::insert(self.raw(), key.as_ptr(), hash, value.as_ptr()) }
    }

    #[inline]
    pub fn set_item_known_hash(
        &self,
        key: Borrowed<'_, Object>,
        hash: isize,
        value: Borrowed<'_, Object>,
    ) -> PyResult<()> {
        // SAFETY: all are held.
        unsafe { raw::insert(self.raw(), key.as_ptr(), hash, value.as_ptr()) }
    }

    /// `self[name] = value`.
    #[inline]
    pub fn set_str<V>(&self, name: Borrowed<'_, Str>, value: Borrowed<'_, V>) -> PyResult<()> {
        self.set_item(name, value)
    }

    /// `self[name] = value` for a name that the dict, whose keys are its own, does not have.
    pub fn add_str(&self, name: Borrowed<'_, Str>, value: &Ref<Object>) -> PyResult<()> {
        debug_assert!(!self.is_split());
        // SAFETY: both are held.
        unsafe { raw::insert_distinct(self.raw(), name.as_ptr().cast(), name.hash_value(), value.as_ptr()) }
    }

    /// Removes an item; KeyError when absent.
    pub fn del_item<K>(&self, key: Borrowed<'_, K>) -> PyResult<()> {
        match self.take(key)? {
            Some(_) => Ok(()),
            None => Err(key_error(key.upcast())),
        }
    }

    /// Removes an item and gives its value, `None` when absent (`PyDict_Pop`).
    #[inline(always)]
    pub fn take<K>(&self, key: Borrowed<'_, K>) -> PyResult<Option<Ref<Object>>> {
        let hash = hash_key(key.upcast())?;
        self.take_known_hash(key.upcast(), hash)
    }

    pub fn take_known_hash(&self, key: Borrowed<'_, Object>, hash: isize) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: both are held; nothing runs between lookup and removal but watchers, which must not change the dict.
        unsafe {
            let keys = self.keys_raw();
            if self.0.ma_values.get().is_null() {
                let spot = lookup::spot_in_place(keys, key.as_ptr(), hash);
                if spot.index >= 0 {
                    notify(PyDict_EVENT_DELETED, self.raw(), key.as_ptr(), ptr::null_mut());
                    return Ok(Some(raw::take_at(self.raw(), keys, spot)));
                }
                if spot.index == keys::EMPTY {
                    return Ok(None);
                }
            }
            let found = lookup::lookup(self.raw(), key.as_ptr(), hash)?;
            if found.value.is_null() {
                return Ok(None);
            }
            notify(PyDict_EVENT_DELETED, self.raw(), key.as_ptr(), ptr::null_mut());
            Ok(Some(raw::take_entry(self.raw(), found.index, hash)))
        }
    }

    /// As [`Ref::take`]; an empty dict does not even hash the key.
    #[inline(always)]
    pub fn pop<K>(&self, key: Borrowed<'_, K>) -> PyResult<Option<Ref<Object>>> {
        if self.is_empty() {
            return Ok(None);
        }
        self.take(key)
    }

    /// Removes the item if `test` says so of its value (`_PyDict_DelItemIf`); whether it did.
    pub fn take_if(
        &self,
        key: Borrowed<'_, Object>,
        test: impl FnOnce(Borrowed<'_, Object>) -> bool,
    ) -> PyResult<bool> {
        let hash = hash_key(key)?;
        // SAFETY: the value is borrowed for the test alone, which must not run Python code.
        unsafe {
            let found = lookup::lookup(self.raw(), key.as_ptr(), hash)?;
            if found.value.is_null() || !test(Borrowed::from_ptr(found.value)) {
                return Ok(false);
            }
            notify(PyDict_EVENT_DELETED, self.raw(), key.as_ptr(), ptr::null_mut());
            drop(raw::take_entry(self.raw(), found.index, hash));
            Ok(true)
        }
    }

    /// As [`Ref::get`] of a string, which hardly ever takes a call.
    #[inline(always)]
    pub fn get_name(&self, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: both are held.
        unsafe {
            let (keys, hash) = (self.keys_raw(), keys::str_hash(name.as_ptr()));
            if self.0.ma_values.get().is_null() && hash != -1 {
                let spot = lookup::spot_in_place(keys, name.as_ptr(), hash);
                if spot.index >= 0 {
                    return Ok(Some(Ref::from_borrowed_ptr(keys::value_cell(keys, spot.index as usize).get())));
                }
                if spot.index == keys::EMPTY {
                    return Ok(None);
                }
            }
        }
        self.get(name)
    }

    /// The value of a key, which is added with `default` when absent. The flag says whether it was there.
    #[inline(always)]
    pub fn set_default<K, V>(&self, key: Borrowed<'_, K>, default: Borrowed<'_, V>) -> PyResult<(Ref<Object>, bool)> {
        let hash = hash_key(key.upcast())?;
        // SAFETY: all are held.
        unsafe {
            let keys = self.keys_raw();
            if self.0.ma_values.get().is_null() {
                let spot = lookup::spot_in_place(keys, key.as_ptr(), hash);
                if spot.index >= 0 {
                    return Ok((Ref::from_borrowed_ptr(keys::value_cell(keys, spot.index as usize).get()), true));
                }
                if spot.index == keys::EMPTY {
                    raw::insert_at(self.raw(), keys, spot, key.as_ptr(), hash, default.as_ptr())?;
                    return Ok((default.upcast().to_owned(), false));
                }
            }
            let found = lookup::lookup(self.raw(), key.as_ptr(), hash)?;
            if let Some(value) = Ref::from_borrowed_ptr_or_null(found.value) {
                return Ok((value, true));
            }
            // The comparisons of the lookup said that no key is equal, so a combined table need not compare again.
            let keys = self.keys_raw();
            if self.0.ma_values.get().is_null() && keys != keys::empty() {
                raw::insert_distinct(self.raw(), key.as_ptr(), hash, default.as_ptr())?;
            } else {
                raw::insert(self.raw(), key.as_ptr(), hash, default.as_ptr())?;
            }
        }
        Ok((default.upcast().to_owned(), false))
    }

    /// Adds one to the value of a key, which starts at one: what `Counter` does.
    pub fn count_key(&self, key: Borrowed<'_, Object>, hash: isize) -> PyResult<()> {
        // SAFETY: all are held. Ints are added without running Python code, so what was found stays.
        unsafe {
            if self.0.ma_values.get().is_null() {
                let keys = self.keys_raw();
                let spot = lookup::spot(keys, key.as_ptr(), hash);
                if spot.index >= 0 {
                    let old = keys::value_cell(keys, spot.index as usize).get();
                    if (*old).ob_type.get() == Int::TYPE && Int::fits_small_raw(old.cast()) {
                        let sum = Int::small_value_raw(old.cast::<PyLongObject>()) + 1;
                        if self.0._ma_watcher_tag.get() != 0 || !crate::types::int::raw::overwrite(old, sum) {
                            let new = crate::types::int::raw::boxed(sum)?;
                            raw::replace(self.raw(), keys, spot.index, key.as_ptr(), new.as_ptr());
                        }
                        return Ok(());
                    }
                }
            }
        }
        let one = Int::one().into_object();
        match self.get_known_hash(key, hash)? {
            None => self.set_item_known_hash(key, hash, one.borrow()),
            Some(old) => self.set_item_known_hash(key, hash, old.add(one.borrow())?.borrow()),
        }
    }

    /// Removes the last item.
    pub fn pop_item(&self) -> PyResult<Option<(Ref<Object>, Ref<Object>)>> {
        // SAFETY: the dict is held.
        unsafe { raw::take_last(self.raw()) }
    }

    /// The next item; `position` starts at 0 and is the dict's own. The borrows end when anything may change the dict.
    #[inline]
    pub fn next(&self, position: &mut usize) -> Option<(Borrowed<'_, Object>, Borrowed<'_, Object>)> {
        // SAFETY: items are live until the dict changes.
        unsafe {
            let (key, value, _) = raw::next(self.raw(), position)?;
            Some((Borrowed::from_ptr(key), Borrowed::from_ptr(value)))
        }
    }

    /// As [`Ref::next`], owned, with the hash of the key.
    #[inline]
    pub fn next_owned(&self, position: &mut usize) -> Option<(Ref<Object>, Ref<Object>, isize)> {
        // SAFETY: counted at once.
        unsafe {
            let (key, value, hash) = raw::next(self.raw(), position)?;
            Some((Ref::from_borrowed_ptr(key), Ref::from_borrowed_ptr(value), hash))
        }
    }

    /// All items now, in order.
    pub fn items_snapshot(&self) -> PyResult<Vec<(Ref<Object>, Ref<Object>)>> {
        let mut items = Vec::new();
        if items.try_reserve_exact(self.len()).is_err() {
            return Err(Raised::no_memory());
        }
        let mut position = 0;
        while let Some((key, value)) = self.next(&mut position) {
            items.push((key.to_owned(), value.to_owned()));
        }
        Ok(items)
    }

    /// All keys now, in order.
    pub fn keys_snapshot(&self) -> PyResult<Vec<Ref<Object>>> {
        self.snapshot(|key, _| key.to_owned())
    }

    /// All values now, in order.
    pub fn values_snapshot(&self) -> PyResult<Vec<Ref<Object>>> {
        self.snapshot(|_, value| value.to_owned())
    }

    fn snapshot(
        &self,
        pick: impl Fn(Borrowed<'_, Object>, Borrowed<'_, Object>) -> Ref<Object>,
    ) -> PyResult<Vec<Ref<Object>>> {
        let mut items = Vec::new();
        if items.try_reserve_exact(self.len()).is_err() {
            return Err(Raised::no_memory());
        }
        let mut position = 0;
        while let Some((key, value)) = self.next(&mut position) {
            items.push(pick(key, value));
        }
        Ok(items)
    }

    /// The keys as a list (`PyDict_Keys`).
    pub fn keys_list(&self) -> PyResult<Ref<List>> {
        List::from_vec(self.keys_snapshot()?)
    }

    /// The values as a list (`PyDict_Values`).
    pub fn values_list(&self) -> PyResult<Ref<List>> {
        List::from_vec(self.values_snapshot()?)
    }

    /// The items as a list of pairs (`PyDict_Items`).
    pub fn items_list(&self) -> PyResult<Ref<List>> {
        // Making tuples may start a collection, so the items are held first.
        let mut pairs = Vec::new();
        for (key, value) in self.items_snapshot()? {
            pairs.push(Tuple::pack([key, value])?.into_object());
        }
        List::from_vec(pairs)
    }

    /// A shallow copy as an exact `dict`. A subclass that iterates in its own way gives its items in its order.
    pub fn copy(&self) -> PyResult<Ref<Dict>> {
        let iter = |ty: Borrowed<'_, Type>| ty.tp_iter.get().map(|iter| iter as usize);
        if !self.is_exact::<Dict>() && iter(self.type_of()) != iter(Dict::type_object()) {
            let copy = Dict::new()?;
            copy.update(self.borrow().upcast())?;
            return Ok(copy);
        }
        // SAFETY: the dict is held.
        unsafe { raw::copy(self.raw()) }
    }

    pub fn clear(&self) {
        // SAFETY: the dict is held.
        unsafe { raw::clear(self.raw()) }
    }

    /// `self == other` without the type check.
    pub fn equals_dict(&self, other: &Ref<Dict>) -> PyResult<bool> {
        if self.len() != other.len() {
            return Ok(false);
        }
        let mut position = 0;
        // SAFETY: both dicts are held. Finding a `str` among keys that all are runs nothing, so what is the same needs no counts.
        unsafe {
            while keys::is_unicode(self.keys_raw()) && keys::is_unicode(other.keys_raw()) {
                let before = position;
                let Some((key, value, hash)) = raw::next(self.raw(), &mut position) else { return Ok(true) };
                if lookup::lookup(other.raw(), key, hash)?.value != value {
                    // Looked at again, with care.
                    position = before;
                    break;
                }
            }
        }
        while let Some((key, value, hash)) = self.next_owned(&mut position) {
            match other.get_known_hash(key.borrow(), hash)? {
                None => return Ok(false),
                Some(theirs) => {
                    if !theirs.is(&value) && !theirs.equals(value.borrow())? {
                        return Ok(false);
                    }
                }
            }
        }
        Ok(true)
    }

    /// What `sys.getsizeof` adds up for the dict, its table and its values.
    pub fn size_of(&self) -> usize {
        // SAFETY: live dict.
        unsafe {
            let mut size = (*self.type_ptr()).tp_basicsize.get() as usize;
            let (keys, values) = (self.keys_raw(), self.0.ma_values.get());
            if !values.is_null() {
                size += keys::shared_usable_size(keys) * size_of::<*mut PyObject>();
            }
            // Shared keys are counted for nobody but their last owner.
            if (*keys).dk_refcnt.get() == 1 {
                size += keys::byte_size(keys);
            }
            size
        }
    }

    /// Room for `entries` items in all.
    pub fn reserve(&self, entries: usize, unicode: bool) -> PyResult<()> {
        // SAFETY: the dict is held.
        unsafe {
            if keys::usable_fraction(1 << (*self.keys_raw()).dk_log2_size.get()) < entries {
                raw::resize(self.raw(), keys::log2_for_entries(entries), unicode)?;
            }
            Ok(())
        }
    }

    /// Takes over the items of `other` as they are. Both tables are combined, this dict is empty, and the other's table is to be
    /// copied whole.
    pub(super) fn clone_table_of(&self, other: &Ref<Dict>) -> PyResult<()> {
        // SAFETY: both are held.
        unsafe {
            notify(PyDict_EVENT_CLONED, self.raw(), other.as_ptr(), ptr::null_mut());
            let old = self.0.ma_keys.replace(keys::copy(other.keys_raw())?);
            self.0.ma_used.set(other.len() as isize);
            keys::decref(old);
            Ok(())
        }
    }

    /// An instance of a subclass of dict, made by `tp_alloc`, becomes an empty dict.
    ///
    /// # Safety
    /// `dict` is a new instance whose fields are zero.
    pub unsafe fn init_empty(dict: *mut PyDictObject) {
        // SAFETY: by contract.
        unsafe {
            (*dict).ma_keys.set(keys::empty());
            (*dict).ma_values.set(ptr::null_mut());
        }
    }

    pub fn is_tracked(&self) -> bool {
        // SAFETY: dicts belong to the collector.
        unsafe { object::is_tracked(self.as_ptr()) }
    }

    /// Whether nobody else holds the dict.
    pub fn is_unique(&self) -> bool {
        // SAFETY: live.
        unsafe { !header::is_immortal(self.as_ptr()) && self.refcount() == 1 }
    }
}
