//! `listobject.h`.

use core::ptr;

use taipan_runtime::abi::PyObject;
use taipan_runtime::object::header;
use taipan_runtime::prelude::*;

use crate::outcome::{bad_internal_call, expect, given};
use crate::parameters::Stolen;

/// The place of an item, or IndexError.
fn place(list: &Ref<List>, index: isize, message: &str) -> PyResult<*mut *mut PyObject> {
    match usize::try_from(index) {
        Ok(at) if at < list.len() => Ok(list.items_ptr().wrapping_add(at)),
        _ => Err(raise!(IndexError, "{message}")),
    }
}

/// A range of C's slice functions, clipped to the list.
fn clip(list: &Ref<List>, low: isize, high: isize) -> (usize, usize) {
    let length = list.len() as isize;
    let low = low.clamp(0, length);
    (low as usize, high.clamp(low, length) as usize)
}

capi! {
    fn PyList_New(size: isize) -> PyResult<Ref<List>> {
        let size = usize::try_from(size).map_err(|_| bad_internal_call())?;
        let list = List::with_capacity(size)?;
        if size > 0 {
            // SAFETY: the list has room for `size` items, which C fills before it shows the list to anyone.
            unsafe { list.items_ptr().write_bytes(0, size) };
            list.set_len(size);
        }
        Ok(list)
    }

    fn PyList_Size(list: Borrowed<'_, Object>) -> PyResult<isize> {
        Ok(expect::<List>(list)?.len() as isize)
    }

    fn PyList_GetItem(list: Borrowed<'_, Object>, index: isize) -> PyResult<*mut PyObject> {
        let place = place(&*expect::<List>(list)?, index, "list index out of range")?;
        // SAFETY: inside the list.
        Ok(unsafe { *place })
    }

    fn PyList_GetItemRef(list: Borrowed<'_, Object>, index: isize) -> PyResult<Ref<Object>> {
        let Some(list) = list.downcast::<List>() else { return Err(raise!(TypeError, "expected a list")) };
        let item = usize::try_from(index).ok().and_then(|index| list.get(index));
        item.ok_or_else(|| raise!(IndexError, "list index out of range"))
    }

    fn PyList_SetItem(list: Borrowed<'_, Object>, index: isize, item: Stolen) -> PyResult<()> {
        let place = place(&*expect::<List>(list)?, index, "list assignment index out of range")?;
        // SAFETY: inside the list, which owned the old item (NULL in a new list).
        unsafe { header::xdecref(ptr::replace(place, item.map_or(ptr::null_mut(), Ref::into_ptr))) };
        Ok(())
    }

    fn PyList_Insert(list: Borrowed<'_, Object>, index: isize, item: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let list = expect::<List>(list)?;
        let length = list.len() as isize;
        let index = if index < 0 { (index + length).max(0) } else { index.min(length) };
        list.insert(index as usize, given(item)?.to_owned())
    }

    fn PyList_Append(list: Borrowed<'_, Object>, item: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        expect::<List>(list)?.push(given(item)?.to_owned())
    }

    fn PyList_GetSlice(list: Borrowed<'_, Object>, low: isize, high: isize) -> PyResult<Ref<List>> {
        let list = expect::<List>(list)?;
        let (low, high) = clip(&list, low, high);
        list.slice(low, high)
    }

    fn PyList_SetSlice(list: Borrowed<'_, Object>, low: isize, high: isize, items: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let list = expect::<List>(list)?;
        let items = match items {
            Some(items) => items.to_fast_sequence("can only assign an iterable")?.collect_items()?,
            None => Vec::new(),
        };
        let (low, high) = clip(&list, low, high);
        list.set_slice(low, high, &items)
    }

    fn PyList_Sort(list: Option<Borrowed<'_, Object>>) -> PyResult<()> { expect::<List>(given(list)?)?.sort() }

    fn PyList_Reverse(list: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        expect::<List>(given(list)?)?.reverse();
        Ok(())
    }

    fn PyList_AsTuple(list: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Tuple>> {
        expect::<List>(given(list)?)?.to_tuple()
    }

    fn PyList_Extend(list: Borrowed<'_, Object>, iterable: Borrowed<'_, Object>) -> PyResult<()> {
        expect::<List>(list)?.extend(iterable)
    }

    fn PyList_Clear(list: Borrowed<'_, Object>) -> PyResult<()> {
        expect::<List>(list)?.clear();
        Ok(())
    }

    fn _PyList_Extend(list: Borrowed<'_, List>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        list.extend(iterable)?;
        Ok(none())
    }

    fn _PyList_AppendTakeRefListResize(list: Borrowed<'_, List>, item: Ref<Object>) -> PyResult<()> { list.push(item) }

    fn _PyList_AsTupleAndClear(list: Borrowed<'_, List>) -> PyResult<Ref<Tuple>> {
        let items = list.to_tuple()?;
        list.clear();
        Ok(items)
    }
}
