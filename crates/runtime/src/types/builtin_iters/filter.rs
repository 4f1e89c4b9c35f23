//! `filter`.

use super::{advance, finish_dealloc, instance, memory};
use crate::abi::filterobject;
use crate::prelude::*;

/// `filterobject`.
#[repr(transparent)]
pub struct Filter(pub filterobject);

#[pytype(name = "filter", export = "PyFilter_Type", gc, basetype)]
impl Filter {
    #[new(signature = "(function, iterable, /)")]
    fn new(
        cls: Borrowed<'_, Type>,
        function: Borrowed<'_, Object>,
        iterable: Borrowed<'_, Object>,
    ) -> PyResult<Ref<Filter>> {
        let iterator = iterable.iter()?;
        let this = instance::<Filter>(cls)?;
        this.0.func.set(function.to_owned().into_ptr());
        this.0.it.set(iterator.into_ptr());
        Ok(this)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Filter) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::clear_field(&(*this).0.func);
            memory::clear_field(&(*this).0.it);
            finish_dealloc(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Filter, visit: &mut Visitor) {
        visit.object(this.0.it.get());
        visit.object(this.0.func.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Filter>) -> Ref<Filter> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Filter>) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: both are set since the object was made.
        unsafe {
            let function: Borrowed<'_, Object> = Borrowed::from_ptr(this.0.func.get());
            let by_truth = function.is_none() || function.as_ptr() == Bool::TYPE.cast();
            while let Some(item) = Ref::<Object>::from_owned_ptr_or_null(advance(this.0.it.get())) {
                let good = if by_truth { item.is_true()? } else { function.call1(item.borrow())?.is_true()? };
                if good {
                    return Ok(Some(item));
                }
            }
        }
        Raised::check().map(|()| None)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Filter>) -> PyResult<Ref<Tuple>> {
        // SAFETY: both are set since the object was made.
        let parts = unsafe {
            Tuple::pack([Ref::from_borrowed_ptr(this.0.func.get()), Ref::from_borrowed_ptr(this.0.it.get())])?
        };
        Tuple::pack([this.type_of().upcast().to_owned(), parts.into_object()])
    }
}
