//! What Rust code calls: one set of methods for `Ref<Set>` and `Ref<FrozenSet>`.

use super::{FrozenSet, Set, ops, raw, table};
use crate::abi::PySetObject;
use crate::object::PyLayout;
use crate::prelude::*;

/// `Set` or `FrozenSet`.
pub trait AnySet: PyLayout {}
impl AnySet for Set {}
impl AnySet for FrozenSet {}

/// Whether an object is a set or a frozen set, and its address as one.
#[inline(always)]
pub(super) fn as_any_set(object: Borrowed<'_, Object>) -> Option<*mut PySetObject> {
    (object.is_instance_of::<Set>() || object.is_instance_of::<FrozenSet>()).then(|| object.as_ptr().cast())
}

/// `key in set`, where an unhashable set counts as the frozen set of the same keys.
#[inline(always)]
pub fn contains<T: AnySet>(set: &Ref<T>, key: Borrowed<'_, Object>) -> PyResult<bool> {
    ops::contains(set.as_raw().cast(), key)
}

impl Set {
    pub fn new() -> PyResult<Ref<Set>> {
        // SAFETY: the type is set.
        unsafe { Ok(Ref::from_owned_ptr(raw::new_of_type(Set::TYPE)?)) }
    }

    pub fn from_iterable(iterable: Borrowed<'_, Object>) -> PyResult<Ref<Set>> {
        let set = Set::new()?;
        set.update(iterable)?;
        Ok(set)
    }
}

impl FrozenSet {
    /// An empty frozen set; keys may be added while nobody else has it.
    pub fn new() -> PyResult<Ref<FrozenSet>> {
        // SAFETY: the type is frozenset.
        unsafe { Ok(Ref::from_owned_ptr(raw::new_of_type(FrozenSet::TYPE)?)) }
    }

    /// An exact frozenset is given back as it is.
    pub fn from_iterable(iterable: Borrowed<'_, Object>) -> PyResult<Ref<FrozenSet>> {
        if let Some(same) = iterable.downcast_exact::<FrozenSet>() {
            return Ok(same.to_owned());
        }
        let set = FrozenSet::new()?;
        set.update(iterable)?;
        Ok(set)
    }
}

impl<T: AnySet> Ref<T> {
    #[inline(always)]
    fn set(&self) -> *mut PySetObject {
        self.as_raw().cast()
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        // SAFETY: a live set.
        unsafe { (*self.set()).used.get() as usize }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds a key. For a frozen set only while it is being built.
    pub fn add<K>(&self, key: Borrowed<'_, K>) -> PyResult<()> {
        // SAFETY: both are held.
        unsafe { raw::add_key(self.set(), key.upcast()).map(|_| ()) }
    }

    /// Adds a key; whether it was new.
    pub fn insert<K>(&self, key: Borrowed<'_, K>) -> PyResult<bool> {
        // SAFETY: both are held.
        unsafe { raw::add_key(self.set(), key.upcast()) }
    }

    /// Whether the key is there; see [`contains`] for Python's `in`.
    pub fn contains<K>(&self, key: Borrowed<'_, K>) -> PyResult<bool> {
        let hash = raw::hash_key(key.upcast())?;
        // SAFETY: both are held.
        unsafe { raw::contains_entry(self.set(), key.as_ptr(), hash) }
    }

    /// Removes a key; whether it was there.
    pub fn discard<K>(&self, key: Borrowed<'_, K>) -> PyResult<bool> {
        let hash = raw::hash_key(key.upcast())?;
        // SAFETY: both are held.
        unsafe { raw::discard_entry(self.set(), key.as_ptr(), hash) }
    }

    /// Takes an arbitrary key out.
    pub fn pop(&self) -> Option<Ref<Object>> {
        // SAFETY: held.
        unsafe { raw::pop(self.set()) }
    }

    pub fn clear(&self) {
        // SAFETY: held.
        unsafe { table::clear(self.set()) }
    }

    /// Adds all items of an iterable.
    pub fn update(&self, other: Borrowed<'_, Object>) -> PyResult<()> {
        ops::update(self.set(), other)
    }

    pub fn difference_update(&self, other: Borrowed<'_, Object>) -> PyResult<()> {
        ops::difference_update(self.set(), other)
    }

    pub fn symmetric_difference_update(&self, other: Borrowed<'_, Object>) -> PyResult<()> {
        ops::symmetric_difference_update(self.set(), other)
    }

    /// The next key; `position` starts at 0.
    pub fn next(&self, position: &mut usize) -> Option<Ref<Object>> {
        // SAFETY: held, and counted at once.
        unsafe { raw::next_owned(self.set(), position).map(|(key, _)| key) }
    }

    /// All keys now, in the order of iteration.
    pub fn items_snapshot(&self) -> PyResult<Vec<Ref<Object>>> {
        let mut items = Vec::new();
        if items.try_reserve_exact(self.len()).is_err() {
            return Err(Raised::no_memory());
        }
        let mut position = 0;
        while let Some(key) = self.next(&mut position) {
            items.push(key);
        }
        Ok(items)
    }
}
