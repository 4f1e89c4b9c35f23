//! `list_iterator` and `list_reverseiterator`.

use super::{builtin, reduce_at, reduce_end, source, state_index};
use crate::abi::{_PyListIterObject, listreviterobject};
use crate::memory::object as memory;
use crate::prelude::*;

/// `_PyListIterObject`. The interpreter advances it too.
#[repr(transparent)]
pub struct ListIterator(pub _PyListIterObject);

/// `listreviterobject`. `it_index` is the place of the next item, below 0 at the end.
#[repr(transparent)]
pub struct ListReverseIterator(pub listreviterobject);

impl ListIterator {
    pub fn new(list: Ref<List>) -> PyResult<Ref<ListIterator>> {
        // SAFETY: the fields are written before the iterator is tracked.
        unsafe {
            let iterator = memory::new::<ListIterator>()?;
            (*iterator).0.it_seq.set(list.into_ptr().cast());
            memory::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }
}

#[pytype(name = "list_iterator", export = "PyListIter_Type", gc, disallow_instantiation)]
impl ListIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ListIterator) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.it_seq);
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ListIterator, visit: &mut Visitor) {
        visit.object(this.0.it_seq.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<ListIterator>) -> Ref<ListIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<ListIterator>) -> Option<Ref<Object>> {
        let list = this.0.it_seq.get();
        let index = this.0.it_index.get();
        if list.is_null() || index < 0 {
            return None;
        }
        // SAFETY: the iterator owns the list.
        let item = unsafe { Borrowed::<List>::from_ptr(list).get(index as usize) };
        if item.is_some() {
            this.0.it_index.set(index + 1);
        } else {
            this.0.it_index.set(-1);
            // SAFETY: the field owns its count.
            unsafe { memory::clear_field(&this.0.it_seq) };
        }
        item
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<ListIterator>) -> usize {
        match (source::<_, List>(&this.0.it_seq), usize::try_from(this.0.it_index.get())) {
            (Some(list), Ok(index)) => list.len().saturating_sub(index),
            _ => 0,
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<ListIterator>) -> PyResult<Ref<Tuple>> {
        // Looking the function up can run code that ends this iteration.
        let function = builtin(id!("iter"))?;
        match source(&this.0.it_seq) {
            Some(list) if this.0.it_index.get() >= 0 => reduce_at(function, list, this.0.it_index.get()),
            _ => reduce_end(function, List::new()?.into_object()),
        }
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<ListIterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let index = state_index(object)?;
        if let Some(list) = source::<_, List>(&this.0.it_seq) {
            this.0.it_index.set(index.clamp(-1, list.len() as isize));
        }
        Ok(())
    }
}

impl ListReverseIterator {
    pub fn new(list: Ref<List>) -> PyResult<Ref<ListReverseIterator>> {
        // SAFETY: the fields are written before the iterator is tracked.
        unsafe {
            let iterator = memory::new::<ListReverseIterator>()?;
            (*iterator).0.it_index.set(list.len() as isize - 1);
            (*iterator).0.it_seq.set(list.into_ptr().cast());
            memory::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }
}

#[pytype(name = "list_reverseiterator", export = "PyListRevIter_Type", gc, disallow_instantiation)]
impl ListReverseIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ListReverseIterator) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.it_seq);
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ListReverseIterator, visit: &mut Visitor) {
        visit.object(this.0.it_seq.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<ListReverseIterator>) -> Ref<ListReverseIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<ListReverseIterator>) -> Option<Ref<Object>> {
        let index = this.0.it_index.get();
        let list = this.0.it_seq.get();
        if list.is_null() {
            return None;
        }
        // SAFETY: the iterator owns the list.
        let item = if index >= 0 { unsafe { Borrowed::<List>::from_ptr(list).get(index as usize) } } else { None };
        if item.is_some() {
            this.0.it_index.set(index - 1);
        } else {
            this.0.it_index.set(-1);
            // SAFETY: the field owns its count.
            unsafe { memory::clear_field(&this.0.it_seq) };
        }
        item
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<ListReverseIterator>) -> usize {
        let rest = (this.0.it_index.get() + 1).max(0) as usize;
        match source::<_, List>(&this.0.it_seq) {
            Some(list) if list.len() >= rest => rest,
            _ => 0,
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<ListReverseIterator>) -> PyResult<Ref<Tuple>> {
        let function = builtin(id!("reversed"))?;
        match source(&this.0.it_seq) {
            Some(list) if this.0.it_index.get() >= 0 => reduce_at(function, list, this.0.it_index.get()),
            _ => reduce_end(function, List::new()?.into_object()),
        }
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<ListReverseIterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let index = state_index(object)?;
        if let Some(list) = source::<_, List>(&this.0.it_seq) {
            this.0.it_index.set(index.clamp(-1, list.len() as isize - 1));
        }
        Ok(())
    }
}
