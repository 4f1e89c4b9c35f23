//! `update`, `|=`, `dict(...)`: taking over the items of another dict, of a mapping, or of pairs.

use super::keys;
use super::lookup::hash_key;
use super::object::key_error;
use super::{Dict, lookup, raw};
use crate::abi::PyObject;
use crate::prelude::*;
use crate::types::exceptions::TypeError;

/// What to do with a key that is there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Duplicate {
    /// The value that is there stays.
    Keep,
    Replace,
    /// KeyError with the key.
    Error,
}

impl Ref<Dict> {
    /// Takes over all items of `other`, any object with `keys()` (`PyDict_Update`).
    pub fn update(&self, other: Borrowed<'_, Object>) -> PyResult<()> {
        self.merge(other, Duplicate::Replace)
    }

    /// As [`Ref::update`] with a choice for keys that are there (`_PyDict_MergeEx`).
    pub fn merge<T>(&self, other: Borrowed<'_, T>, duplicate: Duplicate) -> PyResult<()> {
        let other = other.upcast();
        if let Some(dict) = other.downcast::<Dict>()
            && other.type_of().tp_iter.get().map(|f| f as usize) == Dict::type_object().tp_iter_address()
        {
            return self.merge_dict(&dict, duplicate);
        }
        self.merge_mapping(other, duplicate)
    }

    fn merge_dict(&self, other: &Ref<Dict>, duplicate: Duplicate) -> PyResult<()> {
        if self.is(other) || other.is_empty() {
            return Ok(());
        }
        let duplicate = if self.is_empty() { Duplicate::Replace } else { duplicate };
        // SAFETY: both dicts are held; what runs Python code is followed by a fresh look at the table.
        unsafe {
            let theirs = other.keys_raw();
            let clean = other.0.ma_values.get().is_null() && (*theirs).dk_nentries.get() == other.0.ma_used.get();
            if self.is_empty() && self.0.ma_values.get().is_null() && clean {
                let log2 = (*theirs).dk_log2_size.get();
                if log2 == keys::LOG_MINSIZE || keys::usable_fraction(1 << log2 >> 1) < other.len() {
                    return self.clone_table_of(other);
                }
            }
            // One large resize at the start; more may follow if few keys overlap.
            if keys::usable_fraction(1 << (*self.keys_raw()).dk_log2_size.get()) < other.len() {
                let log2 = keys::log2_for_entries(self.len() + other.len());
                raw::resize(self.raw(), log2, keys::is_unicode(theirs))?;
            }
            let entries = (*theirs).dk_nentries.get();
            let mut position = 0;
            while let Some((key, value, hash)) = raw::next(other.raw(), &mut position) {
                if !self.merge_plain(key, hash, value, duplicate) {
                    let key: Ref<Object> = Ref::from_borrowed_ptr(key);
                    let value: Ref<Object> = Ref::from_borrowed_ptr(value);
                    if duplicate == Duplicate::Replace || !self.contains_known_hash(key.borrow(), hash)? {
                        raw::insert(self.raw(), key.as_ptr(), hash, value.as_ptr())?;
                    } else if duplicate == Duplicate::Error {
                        return Err(key_error(key.borrow()));
                    }
                }
                // A key that instances share may gain names meanwhile that this dict does not have.
                if (*other.keys_raw()).dk_nentries.get() != entries && (*other.raw()).ma_values.get().is_null() {
                    return Err(raise!(RuntimeError, "dict mutated during update"));
                }
            }
        }
        Ok(())
    }

    /// Takes an item over where no key has to be compared by its own rules and the table has room; `false` for all others.
    /// The item needs no counts: once it is in, releasing an old value may run Python code, and nothing before.
    #[inline(always)]
    unsafe fn merge_plain(&self, key: *mut PyObject, hash: isize, value: *mut PyObject, duplicate: Duplicate) -> bool {
        // SAFETY: live objects, as the other dict is at this moment.
        unsafe {
            if !self.0.ma_values.get().is_null() || self.0._ma_watcher_tag.get() != 0 {
                return false;
            }
            let keys = self.keys_raw();
            let spot = lookup::spot(keys, key, hash);
            if spot.index >= 0 {
                if duplicate == Duplicate::Replace {
                    raw::replace(self.raw(), keys, spot.index, key, value);
                }
                return duplicate != Duplicate::Error;
            }
            raw::try_add(self.raw(), keys, spot, key, hash, value)
        }
    }

    fn merge_mapping(&self, other: Borrowed<'_, Object>, duplicate: Duplicate) -> PyResult<()> {
        let keys = other.call_method(id!("keys"), &[])?;
        let iterator = match keys.iter() {
            Ok(iterator) => iterator,
            Err(raised) => {
                if !raised.is_a::<TypeError>() {
                    return Err(raised);
                }
                raised.clear();
                return Err(raise!(
                    TypeError,
                    "{}.keys() returned a non-iterable (type {})",
                    other.type_name(),
                    keys.type_name()
                ));
            }
        };
        // All keys come before the first value is asked for.
        for key in iterator.to_list()?.try_to_vec()? {
            if duplicate != Duplicate::Replace && self.contains(key.borrow())? {
                if duplicate == Duplicate::Error {
                    return Err(key_error(key.borrow()));
                }
                continue;
            }
            let value = other.get_item(key.borrow())?;
            self.set_item(key.borrow(), value.borrow())?;
        }
        Ok(())
    }

    /// Takes over pairs (`PyDict_MergeFromSeq2`).
    pub fn merge_pairs(&self, pairs: Borrowed<'_, Object>, duplicate: Duplicate) -> PyResult<()> {
        let iterator = pairs.iter()?;
        let mut index = 0;
        while let Some(item) = iterator.next()? {
            if let Some(pair) = item.downcast_exact::<Tuple>()
                && let [key, value] = pair.as_slice()
                && duplicate == Duplicate::Replace
            {
                self.set_item(key.borrow(), value.borrow())?;
                index += 1;
                continue;
            }
            let pair = match item.to_fast_sequence("object is not iterable") {
                Ok(pair) => pair,
                Err(raised) => return Err(note_element(raised, index)),
            };
            let pair = pair.collect_items()?;
            let [key, value] = pair.as_slice() else {
                return Err(raise!(
                    ValueError,
                    "dictionary update sequence element #{index} has length {}; 2 is required",
                    pair.len()
                ));
            };
            match duplicate {
                Duplicate::Replace => self.set_item(key.borrow(), value.borrow())?,
                _ => drop(self.set_default(key.borrow(), value.borrow())?),
            }
            index += 1;
        }
        Ok(())
    }

    /// The positional argument of `dict()` and `update()`: a dict, something with `keys()`, or pairs.
    pub fn update_from(&self, argument: Borrowed<'_, Object>) -> PyResult<()> {
        if argument.is_exact::<Dict>() || argument.has_attr(id!("keys"))? {
            return self.merge(argument, Duplicate::Replace);
        }
        self.merge_pairs(argument, Duplicate::Replace)
    }

    /// A table for `entries` keys; no keys get the smallest.
    fn resize_for_keys(&self, entries: usize, unicode: bool) -> PyResult<()> {
        if !self.is_empty() {
            // A class may give a dict that it has filled.
            return self.reserve(entries, unicode);
        }
        // SAFETY: the dict is held.
        unsafe { raw::resize(self.raw(), keys::log2_for_entries(entries), unicode) }
    }

    /// Sets the value of a key of another container.
    #[inline(always)]
    unsafe fn set_unheld(&self, key: *mut PyObject, hash: isize, value: Borrowed<'_, Object>) -> PyResult<()> {
        // SAFETY: the key is live until Python code runs.
        unsafe {
            if self.merge_plain(key, hash, value.as_ptr(), Duplicate::Replace) {
                return Ok(());
            }
            let key: Ref<Object> = Ref::from_borrowed_ptr(key);
            raw::insert(self.raw(), key.as_ptr(), hash, value.as_ptr())
        }
    }

    /// `dict.fromkeys` for a new dict: every item of `iterable` as a key of one value.
    pub(super) fn fill_from_keys(&self, iterable: Borrowed<'_, Object>, value: Borrowed<'_, Object>) -> PyResult<()> {
        // SAFETY: the caller holds the iterable. Its keys are held while they are compared.
        unsafe {
            if let Some(source) = iterable.downcast_exact::<Dict>() {
                self.resize_for_keys(source.len(), source.has_only_exact_str_keys())?;
                let mut position = 0;
                while let Some((key, _, hash)) = raw::next(source.raw(), &mut position) {
                    self.set_unheld(key, hash, value)?;
                }
                return Ok(());
            }
            if iterable.is_exact::<Set>() || iterable.is_exact::<FrozenSet>() {
                self.resize_for_keys(iterable.len()?, false)?;
                let set = iterable.as_ptr().cast();
                let mut position = 0;
                while let Some((key, hash)) = crate::types::set::raw::next(set, &mut position) {
                    self.set_unheld(key, hash, value)?;
                }
                return Ok(());
            }
        }
        let iterator = iterable.iter()?;
        while let Some(key) = iterator.next()? {
            let hash = hash_key(key.borrow())?;
            self.set_item_known_hash(key.borrow(), hash, value)?;
        }
        Ok(())
    }
}

/// Adds "Cannot convert dictionary update sequence element #N to a sequence" to a TypeError.
#[cold]
fn note_element(raised: Raised, index: usize) -> Raised {
    if !raised.is_a::<TypeError>() {
        return raised;
    }
    let exception = raised.take();
    let text = format!("Cannot convert dictionary update sequence element #{index} to a sequence");
    let noted =
        Str::from_utf8_str(&text).and_then(|text| exception.call_method(id!("add_note"), &[text.as_borrowed()]));
    match noted {
        Ok(_) => Raised::restore(exception),
        Err(raised) => raised,
    }
}
