//! `List` and `Ref<List>` for Rust code.

use super::{List, raw, sort};
use crate::memory::object as memory_object;
use crate::object::header;
use crate::prelude::*;
use crate::types::dict::{DictItems, DictKeys, DictValues};

impl List {
    /// `[]`.
    #[inline]
    pub fn new() -> PyResult<Ref<List>> {
        raw::new_list(0)
    }

    /// An empty list with room for `count` items.
    pub fn with_capacity(count: usize) -> PyResult<Ref<List>> {
        raw::new_list(count)
    }

    /// A list of the items, whose counts move over. The list has room for just these.
    pub fn from_vec(items: Vec<Ref<Object>>) -> PyResult<Ref<List>> {
        let mut items = items;
        let list = raw::new_list(items.len())?;
        // SAFETY: the list has room for the items, which are forgotten where they were; a `Ref` is one pointer.
        unsafe {
            if !items.is_empty() {
                list.items_ptr().copy_from_nonoverlapping(items.as_ptr().cast(), items.len());
            }
            list.set_len(items.len());
            items.set_len(0);
        }
        Ok(list)
    }

    /// A list of new references to the items, with room for just these.
    pub fn from_slice(items: &[Borrowed<'_, Object>]) -> PyResult<Ref<List>> {
        // SAFETY: a `Borrowed` is one pointer to a live object.
        unsafe { raw::from_borrowed(items.as_ptr().cast(), items.len()) }
    }

    /// A list that takes over the counts of the items, with room for just these (`BUILD_LIST`). They are dropped when
    /// there is no memory.
    ///
    /// # Safety
    /// `items` points to `count` objects of which the caller owns a count each.
    pub unsafe fn from_raw_slice_steal(items: *const *mut abi::PyObject, count: usize) -> PyResult<Ref<List>> {
        // SAFETY: by contract; the list has room for the items.
        unsafe {
            match raw::new_list(count) {
                Ok(list) => {
                    memory_object::copy_items(items, list.items_ptr(), count);
                    list.set_len(count);
                    Ok(list)
                }
                Err(raised) => {
                    for index in 0..count {
                        header::decref(*items.add(index));
                    }
                    Err(raised)
                }
            }
        }
    }

    /// `list(iterable)` (`PySequence_List`).
    pub fn from_iterable(iterable: Borrowed<'_, Object>) -> PyResult<Ref<List>> {
        let list = List::new()?;
        list.extend(iterable)?;
        Ok(list)
    }
}

impl Ref<List> {
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The item at `index` as a new reference, so that it outlives any change to the list.
    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<Ref<Object>> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: inside; items are live objects.
        unsafe { Some(Ref::from_borrowed_ptr(*self.items_ptr().add(index))) }
    }

    /// The item at `index`, good until anything else runs.
    #[inline(always)]
    pub(crate) fn peek(&self, index: usize) -> Option<Borrowed<'_, Object>> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: inside; items are live objects.
        unsafe { Some(Borrowed::from_ptr(*self.items_ptr().add(index))) }
    }

    /// Puts `item` at `index`, and drops what was there; IndexError when that is outside.
    pub fn set(&self, index: usize, item: Ref<Object>) -> PyResult<()> {
        if index >= self.len() {
            return Err(raise!(IndexError, "list assignment index out of range"));
        }
        drop(self.replace_at(index, item));
        Ok(())
    }

    /// Inserts before `index`; an index past the end appends.
    pub fn insert(&self, index: usize, item: Ref<Object>) -> PyResult<()> {
        self.insert_at(index.min(self.len()), item)
    }

    /// Takes the last item out.
    pub fn pop(&self) -> PyResult<Option<Ref<Object>>> {
        match self.len() {
            0 => Ok(None),
            len => self.remove_at(len - 1).map(Some),
        }
    }

    /// Takes the item at `index`, which is inside, out of the list.
    #[inline]
    pub(super) fn remove_at(&self, index: usize) -> PyResult<Ref<Object>> {
        let len = self.len();
        if index + 1 == len && index > 0 && self.room() >> 1 <= index {
            // The last item, and the room stays.
            self.set_len(index);
            // SAFETY: the item was the list's.
            return Ok(unsafe { Ref::from_owned_ptr(*self.items_ptr().add(index)) });
        }
        if len == 1 {
            // The array goes with the last item.
            // SAFETY: the only item is taken out of the list before its array is given back.
            unsafe {
                let item = Ref::from_owned_ptr(*self.items_ptr());
                self.set_len(0);
                self.clear();
                return Ok(item);
            }
        }
        self.take_at(index)
    }

    /// New references to all items.
    pub fn try_to_vec(&self) -> PyResult<Vec<Ref<Object>>> {
        let mut items = Vec::new();
        if items.try_reserve_exact(self.len()).is_err() {
            return Err(Raised::no_memory());
        }
        // SAFETY: cloning a reference runs nothing.
        items.extend_from_slice(unsafe { self.as_slice_unchecked() });
        Ok(items)
    }

    /// The items, each read when the iterator comes to it: the list may change meanwhile.
    pub fn iter(&self) -> impl Iterator<Item = Ref<Object>> + '_ {
        let mut index = 0;
        core::iter::from_fn(move || {
            let item = self.get(index);
            index += 1;
            item
        })
    }

    /// The items as a tuple (`PyList_AsTuple`).
    pub fn to_tuple(&self) -> PyResult<Ref<Tuple>> {
        // SAFETY: items are live objects, and nothing runs between.
        unsafe { Tuple::from_raw_slice(self.items_ptr(), self.len()) }
    }

    /// The items of a range as a new list. The range is clipped.
    pub fn slice(&self, start: usize, stop: usize) -> PyResult<Ref<List>> {
        let stop = stop.min(self.len());
        let start = start.min(stop);
        // SAFETY: the range is inside.
        unsafe { raw::from_borrowed(self.items_ptr().wrapping_add(start), stop - start) }
    }

    /// `self.copy()`.
    pub fn copy(&self) -> PyResult<Ref<List>> {
        self.slice(0, self.len())
    }

    /// `list[start:stop] = items`; the range is clipped.
    pub fn set_slice(&self, start: usize, stop: usize, items: &[Ref<Object>]) -> PyResult<()> {
        let start = start.min(self.len());
        let stop = stop.clamp(start, self.len());
        self.splice(start, stop, items)
    }

    /// `self.sort()`.
    pub fn sort(&self) -> PyResult<()> {
        sort::sort(self, None, false)
    }

    /// `self.sort(key=key, reverse=reverse)`.
    pub fn sort_by_key(&self, key: Option<Borrowed<'_, Object>>, reverse: bool) -> PyResult<()> {
        sort::sort(self, key, reverse)
    }

    /// `self.extend(iterable)`. Items that came before an error stay.
    pub fn extend(&self, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        if iterable.is_exact::<List>() || iterable.is_exact::<Tuple>() || iterable.is(self) {
            return self.extend_from_array(iterable);
        }
        if let Some(items) = snapshot(iterable)? {
            let len = self.len();
            if items.is_empty() {
                return Ok(());
            }
            self.resize(len + items.len())?;
            // SAFETY: there is room for the items, which are forgotten where they were.
            unsafe {
                let mut items = items;
                self.items_ptr().add(len).copy_from_nonoverlapping(items.as_ptr().cast(), items.len());
                items.set_len(0);
            }
            return Ok(());
        }
        self.extend_from_iterator(iterable)
    }

    /// Lists and tuples: all at once.
    fn extend_from_array(&self, source: Borrowed<'_, Object>) -> PyResult<()> {
        let count = match source.downcast::<Tuple>() {
            Some(tuple) => tuple.len(),
            // SAFETY: the caller passes nothing but lists and tuples.
            None => unsafe { source.cast_unchecked::<List>().len() },
        };
        if count == 0 {
            return Ok(());
        }
        let len = self.len();
        if self.items_ptr().is_null() {
            self.allocate_exact(count)?;
            self.set_len(count);
        } else {
            self.resize(len + count)?;
        }
        // SAFETY: there is room behind the first `len`; the source is asked for its array after that moved, in case it is
        // the list itself.
        unsafe {
            let from: *const *mut abi::PyObject = match source.downcast::<Tuple>() {
                Some(tuple) => tuple.items_ptr(),
                None => source.cast_unchecked::<List>().items_ptr(),
            };
            let target = self.items_ptr().add(len);
            for index in 0..count {
                let item = *from.add(index);
                header::incref(item);
                *target.add(index) = item;
            }
        }
        Ok(())
    }

    fn extend_from_iterator(&self, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        let iterator = iterable.iter()?;
        // Room in advance: as many as the iterable promises, 8 where it promises nothing.
        let hint = iterable.length_hint(8)?;
        let len = self.len();
        if self.items_ptr().is_null() && self.0.allocated.get() == 0 {
            if hint > 0 {
                self.allocate_exact(hint)?;
            }
        } else if let Some(promised) = len.checked_add(hint).filter(|&promised| promised <= isize::MAX as usize) {
            // A promise so large that it cannot be kept is taken to be wrong.
            self.resize(promised)?;
            self.set_len(len);
        }
        // SAFETY: an iterator that `iter` answers has the slot; it takes the live iterator.
        unsafe {
            let iterator_ptr = iterator.as_ptr();
            let Some(mut next) = (*iterator.type_ptr()).tp_iternext.get() else { return Ok(()) };
            loop {
                let item = next(iterator_ptr);
                if item.is_null() {
                    break;
                }
                self.push(Ref::from_owned_ptr(item))?;
                // The class may have been given another `__next__`.
                if let Some(again) = (*iterator.type_ptr()).tp_iternext.get() {
                    next = again;
                }
            }
            if let Err(raised) = Raised::check() {
                raised.clear_if::<crate::types::exceptions::StopIteration>()?;
            }
        }
        // Give back what the promise was too large by.
        let len = self.len();
        if (len as isize) < self.0.allocated.get() {
            self.resize(len)?;
        }
        Ok(())
    }

    /// How many bytes the list takes, its array included, without the collector's words (`list.__sizeof__`).
    pub fn size_of(&self) -> usize {
        self.type_of().tp_basicsize.get() as usize + self.room() * size_of::<*mut abi::PyObject>()
    }

    /// Hides the list from the collector: for lists that native code keeps to itself.
    pub fn untrack(&self) {
        // SAFETY: lists take part in collection.
        unsafe { memory_object::gc_untrack(self.as_ptr()) }
    }
}

/// The items of a set, a dict or a view of a dict of the exact type, which reading runs no code for.
fn snapshot(iterable: Borrowed<'_, Object>) -> PyResult<Option<Vec<Ref<Object>>>> {
    if let Some(set) = iterable.downcast_exact::<Set>() {
        return set.items_snapshot().map(Some);
    }
    if let Some(set) = iterable.downcast_exact::<FrozenSet>() {
        return set.items_snapshot().map(Some);
    }
    if let Some(dict) = iterable.downcast_exact::<Dict>() {
        return dict.keys_snapshot().map(Some);
    }
    let is_view =
        iterable.is_exact::<DictKeys>() || iterable.is_exact::<DictValues>() || iterable.is_exact::<DictItems>();
    if !is_view {
        return Ok(None);
    }
    // SAFETY: the three views have one layout.
    let dict = unsafe {
        let view = iterable.as_ptr().cast::<abi::_PyDictViewObject>();
        Ref::<Object>::from_borrowed_ptr_or_null((*view).dv_dict.get())
    };
    let Some(dict) = dict else { return Ok(None) };
    let Some(dict) = dict.downcast_exact::<Dict>() else { return Ok(None) };
    if iterable.is_exact::<DictKeys>() {
        return dict.keys_snapshot().map(Some);
    }
    if iterable.is_exact::<DictValues>() {
        return dict.values_snapshot().map(Some);
    }
    let pairs = dict.items_snapshot()?;
    let mut items = Vec::new();
    if items.try_reserve_exact(pairs.len()).is_err() {
        return Err(Raised::no_memory());
    }
    for (key, value) in pairs {
        items.push(Tuple::pack([key, value])?.into_object());
    }
    Ok(Some(items))
}
