//! `callable_iterator`: of `iter(callable, sentinel)`.

use super::{builtin, reduce_end, source};
use crate::abi::calliterobject;
use crate::memory::object as memory;
use crate::prelude::*;
use crate::types::exceptions::StopIteration;

/// `calliterobject`. Both fields are null at the end.
#[repr(transparent)]
pub struct CallableIterator(pub calliterobject);

impl CallableIterator {
    /// `iter(callable, sentinel)` (`PyCallIter_New`).
    #[expect(clippy::new_ret_no_self, reason = "what callers want is the object")]
    pub fn new(callable: Ref<Object>, sentinel: Ref<Object>) -> PyResult<Ref<Object>> {
        // SAFETY: the fields are written before the iterator is tracked.
        unsafe {
            let iterator = memory::new::<CallableIterator>()?;
            (*iterator).0.it_callable.set(callable.into_ptr());
            (*iterator).0.it_sentinel.set(sentinel.into_ptr());
            memory::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }

    fn finish(&self) {
        // SAFETY: the fields own their counts.
        unsafe {
            memory::clear_field(&self.0.it_callable);
            memory::clear_field(&self.0.it_sentinel);
        }
    }
}

#[pytype(name = "callable_iterator", export = "PyCallIter_Type", gc, disallow_instantiation)]
impl CallableIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut CallableIterator) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            (*this).finish();
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &CallableIterator, visit: &mut Visitor) {
        visit.object(this.0.it_callable.get());
        visit.object(this.0.it_sentinel.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<CallableIterator>) -> Ref<CallableIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<CallableIterator>) -> PyResult<Option<Ref<Object>>> {
        let Some(callable) = source::<_, Object>(&this.0.it_callable) else { return Ok(None) };
        match callable.call0() {
            Ok(result) => {
                // The call may have ended this very iteration.
                let Some(sentinel) = source::<_, Object>(&this.0.it_sentinel) else { return Ok(None) };
                if !sentinel.equals(result.borrow())? {
                    return Ok(Some(result));
                }
                this.finish();
                Ok(None)
            }
            Err(raised) => {
                raised.clear_if::<StopIteration>()?;
                this.finish();
                Ok(None)
            }
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<CallableIterator>) -> PyResult<Ref<Tuple>> {
        let function = builtin(id!("iter"))?;
        match (source(&this.0.it_callable), source(&this.0.it_sentinel)) {
            (Some(callable), Some(sentinel)) => {
                Tuple::pack([function, Tuple::pack([callable, sentinel])?.into_object()])
            }
            _ => reduce_end(function, Tuple::empty().into_object()),
        }
    }
}
