//! `sliceobject.h`.

use core::ffi::c_int;

use taipan_runtime::prelude::*;
use taipan_runtime::types::slice::Unpacked;

use crate::outcome::expect;
use crate::parameters::Out;

/// Writes the parts of a slice.
fn put(unpacked: Unpacked, start: Out<'_, isize>, stop: Out<'_, isize>, step: Out<'_, isize>) {
    start.set(unpacked.start);
    stop.set(unpacked.stop);
    step.set(unpacked.step);
}

/// Applies the parts at the places to a length, which nothing keeps from being negative; how many items they select.
fn adjust(length: isize, start: Out<'_, isize>, stop: Out<'_, isize>, step: isize) -> isize {
    let (Some(first), Some(last)) = (start.get(), stop.get()) else { return 0 };
    let clip = |index: isize| {
        let wrapped = if index < 0 { index.wrapping_add(length) } else { index };
        match (index < 0 && wrapped < 0, wrapped >= length && index >= 0) {
            (true, _) => -isize::from(step < 0),
            (_, true) => length.wrapping_sub(isize::from(step < 0)),
            _ => wrapped,
        }
    };
    let (first, last) = (clip(first), clip(last));
    start.set(first);
    stop.set(last);
    match step {
        ..=-1 if last < first => (first - last - 1) / step.wrapping_neg() + 1,
        1.. if first < last => (last - first - 1) / step + 1,
        _ => 0,
    }
}

capi! {
    fn PySlice_New(
        start: Option<Borrowed<'_, Object>>, stop: Option<Borrowed<'_, Object>>, step: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Slice>> {
        Slice::new(start, stop, step)
    }

    fn _PySlice_FromIndices(start: isize, stop: isize) -> PyResult<Ref<Slice>> { Slice::from_indices(start, stop) }

    fn PySlice_Unpack(
        slice: Borrowed<'_, Object>, start: Out<'_, isize>, stop: Out<'_, isize>, step: Out<'_, isize>,
    ) -> PyResult<()> {
        put(expect::<Slice>(slice)?.unpack()?, start, stop, step);
        Ok(())
    }

    fn PySlice_AdjustIndices(length: isize, start: Out<'_, isize>, stop: Out<'_, isize>, step: isize) -> isize {
        adjust(length, start, stop, step)
    }

    fn PySlice_GetIndicesEx(
        slice: Borrowed<'_, Object>, length: isize, start: Out<'_, isize>, stop: Out<'_, isize>, step: Out<'_, isize>,
        count: Out<'_, isize>,
    ) -> PyResult<()> {
        let unpacked = expect::<Slice>(slice)?.unpack()?;
        put(unpacked, start, stop, step);
        count.set(adjust(length, start, stop, unpacked.step));
        Ok(())
    }

    /// The oldest of them: integers alone, and an index out of range is an error without an exception.
    fn PySlice_GetIndices(
        slice: Borrowed<'_, Object>, length: isize, start: Out<'_, isize>, stop: Out<'_, isize>, step: Out<'_, isize>,
    ) -> c_int {
        let Some(slice) = slice.downcast::<Slice>() else { return -1 };
        let part = |value: Borrowed<'_, Object>, default: isize| -> Option<isize> {
            if value.is_none() {
                return Some(default);
            }
            // CPython goes on with the exception set where an integer is too large.
            Some(value.downcast::<Int>()?.to_isize().unwrap_or_else(|| {
                let _raised = raise!(OverflowError, "Python int too large to convert to C ssize_t");
                -1
            }))
        };
        let from_end = |value: isize| if value < 0 { value.wrapping_add(length) } else { value };
        let Some(by) = part(slice.step(), 1) else { return -1 };
        step.set(by);
        let absent = |value: Borrowed<'_, Object>| value.is_none();
        let Some(first) = part(slice.start(), if by < 0 { length - 1 } else { 0 }) else { return -1 };
        let first = if absent(slice.start()) { first } else { from_end(first) };
        start.set(first);
        let Some(last) = part(slice.stop(), if by < 0 { -1 } else { length }) else { return -1 };
        let last = if absent(slice.stop()) { last } else { from_end(last) };
        stop.set(last);
        if last > length || first >= length || by == 0 { -1 } else { 0 }
    }
}
