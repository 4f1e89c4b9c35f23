//! `zip_longest`.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

#[repr(C)]
pub struct ZipLongest {
    head: PyObject,
    /// A list of the iterators, None for those at their end.
    iterators: Slot,
    /// How many are not at their end.
    active: Cell<usize>,
    /// A tuple that is given out again.
    result: Slot,
    fill: Slot,
}

iterator! { ZipLongest "zip_longest" [iterators, result, fill] size 56 {
    #[new(raw, signature = "(*iterables, fillvalue=None)")]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<ZipLongest>> {
        let fill = args.keyword("fillvalue");
        if args.keyword_count() > usize::from(fill.is_some()) {
            return Err(raise!(TypeError, "zip_longest() got an unexpected keyword argument"));
        }
        let mut iterators = vec_with_capacity(args.nargs())?;
        for iterable in args.positional() {
            iterators.push(iterable.iter()?);
        }
        let mut places = vec_with_capacity(iterators.len())?;
        places.resize_with(iterators.len(), none);
        let result = Tuple::from_vec(places)?;
        let this: Ref<ZipLongest> = support::instance(cls)?;
        this.active.set(iterators.len());
        this.iterators.set(Some(List::from_vec(iterators)?.into_object()));
        this.result.set(Some(result.into_object()));
        this.fill.set(Some(fill.map_or_else(none, |fill| fill.to_owned())));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<ZipLongest>) -> PyResult<Option<Ref<Object>>> {
        if this.active.get() == 0 {
            return Ok(None);
        }
        let (Some(iterators), Some(fill)) = (support::fixed(&this.iterators), support::fixed(&this.fill)) else {
            return Ok(None);
        };
        // SAFETY: only a list is put there.
        let iterators: Borrowed<'_, List> = unsafe { iterators.cast_borrowed_unchecked() };
        // SAFETY: the slot holds a tuple.
        let result = unsafe { support::reusable_tuple(&this.result)? };
        for index in 0..iterators.len() {
            let Some(iterator) = iterators.get(index) else { break };
            let item = if iterator.is_none() {
                fill.to_owned()
            } else {
                match iterator.next() {
                    Ok(Some(item)) => item,
                    Ok(None) => {
                        this.active.set(this.active.get().saturating_sub(1));
                        if this.active.get() == 0 {
                            return Ok(None);
                        }
                        iterators.set(index, none())?;
                        fill.to_owned()
                    }
                    Err(raised) => {
                        this.active.set(0);
                        return Err(raised);
                    }
                }
            };
            // SAFETY: nobody else has the tuple, which is as long as the list.
            unsafe {
                let place = support::tuple_items(result.as_ptr()).add(index);
                drop(Ref::<Object>::from_owned_ptr(place.replace(item.into_ptr())));
            }
        }
        // SAFETY: a live tuple.
        unsafe { support::refresh_tuple(result.as_ptr()) };
        Ok(Some(result))
    }
} }
