//! `listobject.h`.

use taipan_runtime::prelude::*;

use crate::outcome::{bad_internal_call, expect, given};

capi! {
    fn PyList_New(size: isize) -> PyResult<Ref<List>> {
        let size = usize::try_from(size).map_err(|_| bad_internal_call())?;
        let list = List::with_capacity(size)?;
        // SAFETY: the list has room for `size` items, which C fills before it shows the list to anyone.
        unsafe {
            list.items_ptr().write_bytes(0, size);
            list.set_len(size);
        }
        Ok(list)
    }

    fn PyList_Size(list: Borrowed<'_, Object>) -> PyResult<isize> {
        Ok(expect::<List>(list)?.len() as isize)
    }

    fn PyList_Append(list: Borrowed<'_, Object>, item: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        expect::<List>(list)?.push(given(item)?.to_owned())
    }

    fn PyList_AsTuple(list: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Tuple>> {
        expect::<List>(given(list)?)?.to_tuple()
    }
}
