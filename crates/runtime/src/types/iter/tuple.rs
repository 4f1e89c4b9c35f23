//! `tuple_iterator`.

use super::{builtin, reduce_at, reduce_end, source, state_index};
use crate::abi::_PyTupleIterObject;
use crate::memory::object as memory;
use crate::prelude::*;

/// `_PyTupleIterObject`. The interpreter advances it too.
#[repr(transparent)]
pub struct TupleIterator(pub _PyTupleIterObject);

impl TupleIterator {
    pub fn new(tuple: Ref<Tuple>) -> PyResult<Ref<TupleIterator>> {
        // SAFETY: the fields are written before the iterator is tracked.
        unsafe {
            let iterator = memory::new::<TupleIterator>()?;
            (*iterator).0.it_seq.set(tuple.into_ptr().cast());
            memory::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }
}

#[pytype(name = "tuple_iterator", export = "PyTupleIter_Type", gc, disallow_instantiation)]
impl TupleIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TupleIterator) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.it_seq);
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &TupleIterator, visit: &mut Visitor) {
        visit.object(this.0.it_seq.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<TupleIterator>) -> Ref<TupleIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<TupleIterator>) -> Option<Ref<Object>> {
        let tuple = this.0.it_seq.get();
        if tuple.is_null() {
            return None;
        }
        let index = this.0.it_index.get();
        // SAFETY: the iterator owns the tuple.
        let item = unsafe { Borrowed::<Tuple>::from_ptr(tuple) }.try_get(index as usize).map(|item| item.to_owned());
        if item.is_some() {
            this.0.it_index.set(index + 1);
        } else {
            // SAFETY: the field owns its count.
            unsafe { memory::clear_field(&this.0.it_seq) };
        }
        item
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<TupleIterator>) -> usize {
        source::<_, Tuple>(&this.0.it_seq).map_or(0, |tuple| tuple.len().saturating_sub(this.0.it_index.get() as usize))
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<TupleIterator>) -> PyResult<Ref<Tuple>> {
        let function = builtin(id!("iter"))?;
        match source(&this.0.it_seq) {
            Some(tuple) => reduce_at(function, tuple, this.0.it_index.get()),
            None => reduce_end(function, Tuple::empty().into_object()),
        }
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<TupleIterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let index = state_index(object)?;
        if let Some(tuple) = source::<_, Tuple>(&this.0.it_seq) {
            this.0.it_index.set(index.clamp(0, tuple.len() as isize));
        }
        Ok(())
    }
}
