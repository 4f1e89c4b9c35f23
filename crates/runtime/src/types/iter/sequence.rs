//! `iterator`: over anything with `__getitem__`, by index until IndexError.

use super::{builtin, reduce_at, reduce_end, source, state_index};
use crate::abi::seqiterobject;
use crate::memory::object as memory;
use crate::prelude::*;
use crate::types::exceptions::{IndexError, StopIteration};

/// `seqiterobject`.
#[repr(transparent)]
pub struct SequenceIterator(pub seqiterobject);

impl SequenceIterator {
    /// An iterator over `sequence`, which has `sq_item` (`PySeqIter_New`).
    #[expect(clippy::new_ret_no_self, reason = "what callers want is the object")]
    pub fn new(sequence: Ref<Object>) -> PyResult<Ref<Object>> {
        // SAFETY: the fields are written before the iterator is tracked.
        unsafe {
            let iterator = memory::new::<SequenceIterator>()?;
            (*iterator).0.it_seq.set(sequence.into_ptr());
            memory::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }
}

#[pytype(name = "iterator", export = "PySeqIter_Type", gc, disallow_instantiation)]
impl SequenceIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut SequenceIterator) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.it_seq);
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &SequenceIterator, visit: &mut Visitor) {
        visit.object(this.0.it_seq.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<SequenceIterator>) -> Ref<SequenceIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<SequenceIterator>) -> PyResult<Option<Ref<Object>>> {
        let Some(sequence) = source::<_, Object>(&this.0.it_seq) else { return Ok(None) };
        let index = this.0.it_index.get();
        if index == isize::MAX {
            return Err(raise!(OverflowError, "iter index too large"));
        }
        match sequence.get_index(index) {
            Ok(item) => {
                // By one from where the index is now, since `__getitem__` may have set it.
                this.0.it_index.set(this.0.it_index.get().wrapping_add(1));
                Ok(Some(item))
            }
            Err(raised) => {
                if !raised.is_a::<IndexError>() && !raised.is_a::<StopIteration>() {
                    return Err(raised);
                }
                raised.clear();
                // SAFETY: the field owns its count, if it still has one.
                unsafe { memory::clear_field(&this.0.it_seq) };
                Ok(None)
            }
        }
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<SequenceIterator>) -> PyResult<Ref<Object>> {
        let Some(sequence) = source::<_, Object>(&this.0.it_seq) else { return Ok(Int::from_i64(0)?.into_object()) };
        if !sequence.has_length() {
            return Ok(not_implemented());
        }
        let rest = sequence.len()? as isize - this.0.it_index.get();
        Ok(Int::from_isize(rest.max(0))?.into_object())
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<SequenceIterator>) -> PyResult<Ref<Tuple>> {
        let function = builtin(id!("iter"))?;
        match source(&this.0.it_seq) {
            Some(sequence) => reduce_at(function, sequence, this.0.it_index.get()),
            None => reduce_end(function, Tuple::empty().into_object()),
        }
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<SequenceIterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let index = state_index(object)?;
        if !this.0.it_seq.get().is_null() {
            this.0.it_index.set(index.max(0));
        }
        Ok(())
    }
}
