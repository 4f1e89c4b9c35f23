//! `memory_iterator`.

use super::{MemoryView, format};
use crate::abi::memoryiterobject;
use crate::memory::object as memory;
use crate::prelude::*;
use crate::types::iter::source;

/// `memoryiterobject`.
#[repr(transparent)]
pub struct MemoryIterator(pub memoryiterobject);

impl MemoryIterator {
    pub(super) fn new(view: &Ref<MemoryView>) -> PyResult<Ref<MemoryIterator>> {
        view.check_released()?;
        match view.ndim() {
            0 => return Err(raise!(TypeError, "invalid indexing of 0-dim memory")),
            1 => {}
            _ => {
                return Err(raise!(NotImplementedError, "multi-dimensional sub-views are not implemented"));
            }
        }
        format::of(view)?;
        // SAFETY: the fields are written before the iterator is tracked.
        unsafe {
            let iterator = memory::new::<MemoryIterator>()?;
            (*iterator).0.it_fmt.set(view.buffer().format);
            (*iterator).0.it_length.set(view.shape()[0]);
            (*iterator).0.it_seq.set(view.clone().into_ptr().cast());
            memory::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }
}

#[pytype(name = "memory_iterator", export = "_PyMemoryIter_Type", gc, disallow_instantiation)]
impl MemoryIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut MemoryIterator) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.it_seq);
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &MemoryIterator, visit: &mut Visitor) {
        visit.object(this.0.it_seq.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<MemoryIterator>) -> Ref<MemoryIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<MemoryIterator>) -> PyResult<Option<Ref<Object>>> {
        let Some(view) = source::<_, MemoryView>(&this.0.it_seq) else { return Ok(None) };
        let index = this.0.it_index.get();
        if index < this.0.it_length.get() {
            this.0.it_index.set(index + 1);
            return view.item_at(index).map(Some);
        }
        // SAFETY: the field owns its count.
        unsafe { memory::clear_field(&this.0.it_seq) };
        Ok(None)
    }
}
