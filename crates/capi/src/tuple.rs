//! `tupleobject.h`. `PyTuple_Pack` is variadic.

use core::ptr;

use taipan_runtime::abi::{PyObject, PyTupleObject};
use taipan_runtime::memory::object::{gc_resize, gc_track, gc_untrack};
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;
use taipan_runtime::types::tuple;

use crate::outcome::{bad_internal_call, expect, given};
use crate::parameters::{Place, Stolen};

/// A tuple of `size` NULLs, which C fills in before it shows it to anyone.
fn unfilled(size: usize) -> PyResult<Ref<Tuple>> {
    if size == 0 {
        return Ok(Tuple::empty());
    }
    // SAFETY: a new tuple with room for the items; NULL is what a tuple under construction holds.
    unsafe {
        let new = tuple::new_raw(size)?;
        (&raw mut (*new).ob_item).cast::<*mut PyObject>().write_bytes(0, size);
        gc_track(new.cast());
        Ok(Ref::from_owned_ptr(new))
    }
}

/// The place of an item, or IndexError.
fn place(tuple: &Ref<Tuple>, index: isize, message: &str) -> PyResult<*mut *mut PyObject> {
    match usize::try_from(index) {
        Ok(at) if at < tuple.len() => Ok(tuple.items_ptr().cast_mut().wrapping_add(at)),
        _ => Err(raise!(IndexError, "{message}")),
    }
}

capi! {
    fn PyTuple_New(size: isize) -> PyResult<Ref<Tuple>> { unfilled(usize::try_from(size).map_err(|_| bad_internal_call())?) }

    fn PyTuple_Size(tuple: Borrowed<'_, Object>) -> PyResult<isize> { Ok(expect::<Tuple>(tuple)?.len() as isize) }

    fn PyTuple_GetItem(tuple: Borrowed<'_, Object>, index: isize) -> PyResult<*mut PyObject> {
        let place = place(&*expect::<Tuple>(tuple)?, index, "tuple index out of range")?;
        // SAFETY: inside the tuple.
        Ok(unsafe { *place })
    }

    fn PyTuple_SetItem(tuple: Borrowed<'_, Object>, index: isize, item: Stolen) -> PyResult<()> {
        let tuple = expect::<Tuple>(tuple)?;
        if tuple.refcount() != 1 {
            return Err(bad_internal_call());
        }
        let place = place(&tuple, index, "tuple assignment index out of range")?;
        // SAFETY: inside the tuple, which nobody else has; it owned the old item.
        unsafe { header::xdecref(ptr::replace(place, item.map_or(ptr::null_mut(), Ref::into_ptr))) };
        Ok(())
    }

    fn PyTuple_GetSlice(tuple: Option<Borrowed<'_, Object>>, low: isize, high: isize) -> PyResult<Ref<Tuple>> {
        let tuple = expect::<Tuple>(given(tuple)?)?;
        let low = low.max(0) as usize;
        let high = high.clamp(0, tuple.len() as isize) as usize;
        tuple.slice(low.min(high), high)
    }

    fn _PyTuple_Resize(place: Place<'_>, size: isize) -> PyResult<()> {
        let old = given(place.take())?;
        let size = usize::try_from(size).map_err(|_| bad_internal_call())?;
        let length = match old.downcast_exact::<Tuple>() {
            Some(tuple) if tuple.is_empty() || tuple.refcount() == 1 => tuple.len(),
            _ => return Err(bad_internal_call()),
        };
        if length == size {
            place.set(Some(old));
            return Ok(());
        }
        if length == 0 || size == 0 {
            place.set(Some(unfilled(size)?.into_object()));
            return Ok(());
        }
        // SAFETY: the only count is ours, and the tuple may move. Items that go away are dropped first, so that the rest is a tuple
        // at any time.
        unsafe {
            let tuple = old.into_ptr().cast::<PyTupleObject>();
            gc_untrack(tuple.cast());
            let items = (&raw mut (*tuple).ob_item).cast::<*mut PyObject>();
            for index in size..length {
                header::xdecref(ptr::replace(items.add(index), ptr::null_mut()));
            }
            match gc_resize(tuple.cast(), size as isize) {
                Ok(moved) => {
                    let moved = moved.cast::<PyTupleObject>();
                    if size > length {
                        (&raw mut (*moved).ob_item).cast::<*mut PyObject>().add(length).write_bytes(0, size - length);
                    }
                    (*moved).ob_hash.set(-1);
                    gc_track(moved.cast());
                    place.set(Some(Ref::from_owned_ptr(moved)));
                    Ok(())
                }
                Err(raised) => {
                    drop(Ref::<Object>::from_owned_ptr(tuple));
                    Err(raised)
                }
            }
        }
    }

    fn _PyTuple_FromArray(items: *const *mut PyObject, count: isize) -> PyResult<Ref<Tuple>> {
        // SAFETY: C passes that many objects.
        unsafe { Tuple::from_raw_slice(items, count.max(0) as usize) }
    }

    fn _PyTuple_FromArraySteal(items: *const *mut PyObject, count: isize) -> PyResult<Ref<Tuple>> {
        // SAFETY: C gives that many objects away.
        unsafe { Tuple::from_raw_slice_steal(items, count.max(0) as usize) }
    }
}
