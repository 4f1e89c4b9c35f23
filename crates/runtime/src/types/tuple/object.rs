//! `Tuple` and `Ref<Tuple>` for Rust code.

use core::mem::ManuallyDrop;
use core::slice;

use super::{Tuple, raw};
use crate::abi::PyObject;
use crate::object::header;
use crate::prelude::*;
use crate::types::list;

impl Tuple {
    /// `()`.
    #[inline(always)]
    pub fn empty() -> Ref<Tuple> {
        // SAFETY: immortal.
        unsafe { Ref::from_owned_ptr(raw::empty_ptr()) }
    }

    /// A tuple of the items, whose counts move over.
    pub fn from_vec(items: Vec<Ref<Object>>) -> PyResult<Ref<Tuple>> {
        if items.is_empty() {
            return Ok(Tuple::empty());
        }
        let tuple = raw::new_raw(items.len())?;
        // SAFETY: the tuple has room for the items, which are forgotten where they were; a `Ref` is one pointer.
        unsafe {
            let mut items = items;
            raw::items(tuple).copy_from_nonoverlapping(items.as_ptr().cast(), items.len());
            items.set_len(0);
            Ok(raw::finish(tuple))
        }
    }

    /// A tuple of new references to the items.
    pub fn from_slice(items: &[Borrowed<'_, Object>]) -> PyResult<Ref<Tuple>> {
        // SAFETY: a `Borrowed` is one pointer to a live object.
        unsafe { Tuple::from_raw_slice(items.as_ptr().cast(), items.len()) }
    }

    /// A tuple of new references to the items (`PyTuple_FromArray`).
    ///
    /// # Safety
    /// `items` points to `count` live objects; it may be anything when `count` is 0.
    #[inline]
    pub unsafe fn from_raw_slice(items: *const *mut PyObject, count: usize) -> PyResult<Ref<Tuple>> {
        if count == 0 {
            return Ok(Tuple::empty());
        }
        let tuple = raw::new_raw(count)?;
        // SAFETY: by contract; the tuple has room for the items.
        unsafe {
            let target = raw::items(tuple);
            for index in 0..count {
                let item = *items.add(index);
                header::incref(item);
                *target.add(index) = item;
            }
            Ok(raw::finish(tuple))
        }
    }

    /// A tuple that takes over the counts of the items. They are dropped when there is no memory.
    ///
    /// # Safety
    /// `items` points to `count` objects of which the caller owns a count each; it may be anything when `count` is 0.
    #[inline]
    pub unsafe fn from_raw_slice_steal(items: *const *mut PyObject, count: usize) -> PyResult<Ref<Tuple>> {
        if count == 0 {
            return Ok(Tuple::empty());
        }
        // SAFETY: by contract; the tuple has room for the items.
        unsafe {
            match raw::new_raw(count) {
                Ok(tuple) => {
                    crate::memory::object::copy_items(items, raw::items(tuple), count);
                    Ok(raw::finish(tuple))
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

    /// A tuple of a fixed number of items.
    #[inline]
    pub fn pack<const N: usize>(items: [Ref<Object>; N]) -> PyResult<Ref<Tuple>> {
        let items = ManuallyDrop::new(items);
        // SAFETY: the counts move over; a `Ref` is one pointer.
        unsafe { Tuple::from_raw_slice_steal(items.as_ptr().cast(), N) }
    }
}

impl Ref<Tuple> {
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.0.ob_base.ob_size.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items as C sees them.
    #[inline(always)]
    pub fn items_ptr(&self) -> *const *mut PyObject {
        // SAFETY: a live tuple.
        unsafe { raw::items(self.as_raw().cast()) }
    }

    /// The items. A tuple does not change, so they may be held while Python code runs.
    #[inline(always)]
    pub fn as_slice(&self) -> &[Ref<Object>] {
        // SAFETY: items are not null once a tuple is out, and a `Ref` is one pointer.
        unsafe { slice::from_raw_parts(self.items_ptr().cast(), self.len()) }
    }

    /// The item at `index`, which must be there: for tuples whose length is known. See [`Ref::<Tuple>::try_get`].
    #[inline(always)]
    #[track_caller]
    pub fn get(&self, index: usize) -> Borrowed<'_, Object> {
        self.as_slice()[index].borrow()
    }

    #[inline(always)]
    pub fn try_get(&self, index: usize) -> Option<Borrowed<'_, Object>> {
        self.as_slice().get(index).map(Ref::borrow)
    }

    #[inline(always)]
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Borrowed<'_, Object>> + ExactSizeIterator + Clone {
        self.as_slice().iter().map(Ref::borrow)
    }

    /// The items of a range as an exact tuple; all of an exact tuple is the tuple itself. The range is clipped.
    pub fn slice(&self, start: usize, stop: usize) -> PyResult<Ref<Tuple>> {
        let stop = stop.min(self.len());
        let start = start.min(stop);
        if start == 0 && stop == self.len() && self.is_exact::<Tuple>() {
            return Ok(self.clone());
        }
        // SAFETY: the range is inside.
        unsafe { Tuple::from_raw_slice(self.items_ptr().add(start), stop - start) }
    }

    /// The items of both as an exact tuple.
    pub fn concat(&self, other: &Ref<Tuple>) -> PyResult<Ref<Tuple>> {
        if self.is_empty() && other.is_exact::<Tuple>() {
            return Ok(other.clone());
        }
        if other.is_empty() && self.is_exact::<Tuple>() {
            return Ok(self.clone());
        }
        let Some(count) = self.len().checked_add(other.len()) else { return Err(Raised::no_memory()) };
        if count == 0 {
            return Ok(Tuple::empty());
        }
        let tuple = raw::new_raw(count)?;
        // SAFETY: the tuple has room for both.
        unsafe {
            let target = raw::items(tuple);
            list::copy_spaced(target, self.items_ptr(), 1, self.len());
            list::copy_spaced(target.add(self.len()), other.items_ptr(), 1, other.len());
            Ok(raw::finish(tuple))
        }
    }

    /// The items `count` times over (`tuple * count`).
    pub fn repeat(&self, count: isize) -> PyResult<Ref<Tuple>> {
        let len = self.len();
        if (len == 0 || count == 1) && self.is_exact::<Tuple>() {
            return Ok(self.clone());
        }
        if len == 0 || count <= 0 {
            return Ok(Tuple::empty());
        }
        let Some(total) = len.checked_mul(count as usize) else { return Err(Raised::no_memory()) };
        let tuple = raw::new_raw(total)?;
        // SAFETY: the tuple has room for `total` items.
        unsafe {
            list::fill_repeated(raw::items(tuple), self.items_ptr(), len, count as usize);
            Ok(raw::finish(tuple))
        }
    }
}

/// A tuple that other objects may already refer to while its items are still coming: marshalled data has lists in tuples
/// that lead back to the tuple. Places not written yet hold None.
pub struct UnfinishedTuple(Ref<Tuple>);

impl UnfinishedTuple {
    /// `count` is not 0.
    pub fn new(count: usize) -> PyResult<UnfinishedTuple> {
        let tuple = raw::new_raw(count)?;
        // SAFETY: the tuple has room for the items; None is immortal.
        unsafe {
            let items = raw::items(tuple);
            for index in 0..count {
                *items.add(index) = none().into_ptr();
            }
            Ok(UnfinishedTuple(Ref::from_owned_ptr(tuple)))
        }
    }

    pub fn get(&self) -> Ref<Tuple> {
        self.0.clone()
    }

    pub fn set(&self, index: usize, item: Ref<Object>) {
        assert!(index < self.0.len());
        // SAFETY: within the tuple, whose place owns its count; the old item is None.
        unsafe {
            drop(Ref::<Object>::from_owned_ptr(self.0.items_ptr().add(index).cast_mut().replace(item.into_ptr())))
        }
    }

    /// The complete tuple, shown to the collector.
    pub fn finish(self) -> Ref<Tuple> {
        let tuple: *mut abi::PyTupleObject = self.0.into_ptr().cast();
        // SAFETY: the tuple of `new_raw`, with all items; a hash that was taken of an unfinished tuple is forgotten.
        unsafe {
            (*tuple).ob_hash.set(-1);
            raw::finish(tuple)
        }
    }
}

/// `a is b or a == b`, with the common types compared here.
#[inline]
pub(crate) fn items_equal(a: Borrowed<'_, Object>, b: Borrowed<'_, Object>) -> PyResult<bool> {
    if a.is(&b) {
        return Ok(true);
    }
    if a.type_ptr() == b.type_ptr() {
        if let (Some(a), Some(b)) = (a.downcast_exact::<Str>(), b.downcast_exact::<Str>()) {
            return Ok(a.equals_str(&b));
        }
        if let (Some(a), Some(b)) = (a.downcast_exact::<Int>(), b.downcast_exact::<Int>())
            && let (Some(a), Some(b)) = (a.small_value(), b.small_value())
        {
            return Ok(a == b);
        }
    }
    a.equals(b)
}
