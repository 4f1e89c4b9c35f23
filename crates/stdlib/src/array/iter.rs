//! `arrayiterator`.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::import;
use taipan_runtime::prelude::*;

use super::raw::Array;
use crate::support::{self, Slot};

#[repr(C)]
pub struct ArrayIterator {
    head: PyObject,
    /// The array, until its end was reached.
    array: Slot,
    index: Cell<usize>,
}

impl ArrayIterator {
    pub fn over(array: &Ref<Array>) -> PyResult<Ref<ArrayIterator>> {
        let this: Ref<ArrayIterator> = support::instance_exact()?;
        this.array.set(Some(array.as_object().clone()));
        Ok(this)
    }
}

#[pytype(name = "arrayiterator", module = "array", gc, disallow_instantiation, heap, basicsize = 40, getattribute)]
impl ArrayIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ArrayIterator) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).array]) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ArrayIterator, visit: &mut Visitor) {
        support::traverse([&this.array], visit);
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<ArrayIterator>) -> Ref<ArrayIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<ArrayIterator>) -> PyResult<Option<Ref<Object>>> {
        let Some(array) = support::fixed(&this.array) else { return Ok(None) };
        // SAFETY: only arrays are put there; no Python code runs below.
        let array: Borrowed<'_, Array> = unsafe { array.cast_borrowed_unchecked() };
        let index = this.index.get();
        if let Some(item) = array.get(index)? {
            this.index.set(index + 1);
            return Ok(Some(item));
        }
        drop(this.array.take());
        Ok(None)
    }

    #[method(name = "__reduce__", signature = "($self, /)", defining_class)]
    fn reduce(this: &Ref<ArrayIterator>) -> PyResult<Ref<Tuple>> {
        let iter = import::import_attr("builtins", "iter")?;
        let Some(array) = this.array.get() else {
            let arguments = Tuple::pack([Tuple::empty().into_object()])?;
            return Tuple::pack([iter, arguments.into_object()]);
        };
        let index = Int::from_usize(this.index.get())?;
        Tuple::pack([iter, Tuple::pack([array])?.into_object(), index.into_object()])
    }

    #[method(name = "__setstate__", signature = "($self, state, /)")]
    fn setstate(this: &Ref<ArrayIterator>, state: Borrowed<'_, Object>) -> PyResult<()> {
        let Some(state) = state.downcast::<Int>() else { return Err(raise!(TypeError, "an integer is required")) };
        let Some(index) = state.to_isize() else {
            return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t"));
        };
        if let Some(array) = this.array.get().as_ref().and_then(|array| array.downcast::<Array>()) {
            this.index.set(index.clamp(0, array.len() as isize) as usize);
        }
        Ok(())
    }
}
