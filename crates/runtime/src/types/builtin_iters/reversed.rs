//! `reversed`, of sequences without a `__reversed__` of their own.

use super::{finish_dealloc, instance, memory};
use crate::abi::reversedobject;
use crate::prelude::*;
use crate::types::exceptions::{IndexError, StopIteration};
use crate::types::iter::{source, state_index};

/// `reversedobject`. `index` is the place of the next item; `seq` is null at the end.
#[repr(transparent)]
pub struct Reversed(pub reversedobject);

#[pytype(name = "reversed", export = "PyReversed_Type", gc, basetype)]
impl Reversed {
    #[new(signature = "(sequence, /)")]
    fn create(cls: Borrowed<'_, Type>, sequence: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if let Some(method) = sequence.lookup_special(id!("__reversed__"))? {
            if method.is_none() {
                return Err(not_reversible(sequence));
            }
            return method.call0();
        }
        if !sequence.is_sequence() {
            return Err(not_reversible(sequence));
        }
        let len = sequence.len()?;
        let this = instance::<Reversed>(cls)?;
        this.0.index.set(len as isize - 1);
        this.0.seq.set(sequence.to_owned().into_ptr());
        Ok(this.into_object())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Reversed) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.seq);
            finish_dealloc(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Reversed, visit: &mut Visitor) {
        visit.object(this.0.seq.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Reversed>) -> Ref<Reversed> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Reversed>) -> PyResult<Option<Ref<Object>>> {
        let index = this.0.index.get();
        if index >= 0
            && let Some(sequence) = source::<_, Object>(&this.0.seq)
        {
            match sequence.get_index(index) {
                Ok(item) => {
                    this.0.index.set(this.0.index.get() - 1);
                    return Ok(Some(item));
                }
                Err(raised) => {
                    if !raised.is_a::<IndexError>() && !raised.is_a::<StopIteration>() {
                        return Err(raised);
                    }
                    raised.clear();
                }
            }
        }
        this.0.index.set(-1);
        // SAFETY: the field owns its count.
        unsafe { memory::clear_field(&this.0.seq) };
        Ok(None)
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<Reversed>) -> PyResult<isize> {
        let Some(sequence) = source::<_, Object>(&this.0.seq) else { return Ok(0) };
        let rest = this.0.index.get() + 1;
        let len = sequence.len()? as isize;
        Ok(if len < rest { 0 } else { rest })
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Reversed>) -> PyResult<Ref<Tuple>> {
        let class = this.type_of().upcast().to_owned();
        match source(&this.0.seq) {
            Some(sequence) => crate::types::iter::reduce_at(class, sequence, this.0.index.get()),
            None => crate::types::iter::reduce_end(class, Tuple::empty().into_object()),
        }
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<Reversed>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let index = state_index(object)?;
        if let Some(sequence) = source::<_, Object>(&this.0.seq) {
            let len = sequence.len()? as isize;
            this.0.index.set(index.clamp(-1, len - 1));
        }
        Ok(())
    }
}

#[cold]
fn not_reversible(object: Borrowed<'_, Object>) -> Raised {
    raise!(TypeError, "'{}' object is not reversible", object.type_name())
}
