//! What strings and codecs ask of the rest of the runtime: built-in functions, modules, warnings.

use crate::prelude::*;
use crate::thread::builtin;
use crate::types::exceptions;

/// An imported module.
pub(crate) fn import(name: &str) -> PyResult<Ref<Object>> {
    crate::import::import_module(name)
}

/// `warnings.warn(message, BytesWarning)` if `-b` asks for it.
pub(crate) fn bytes_warning(message: &str) -> PyResult<()> {
    if crate::thread::config().bytes_warning == 0 {
        return Ok(());
    }
    crate::modules::warnings::warn(<exceptions::BytesWarning as PyLayout>::type_object(), message, 1)
}

pub(crate) fn deprecation_warning(message: &str) -> PyResult<()> {
    crate::modules::warnings::warn(<exceptions::DeprecationWarning as PyLayout>::type_object(), message, 1)
}

/// `__reduce__` of an iterator over a sequence: `(iter, (sequence,), index)`, or `(iter, (empty,))` at its end. The sequence
/// and the index come after `iter`: finding it can run code that uses the iterator.
pub(crate) fn reduce_iterator(
    rest: impl FnOnce() -> (Option<Ref<Object>>, isize),
    empty: Ref<Object>,
) -> PyResult<Ref<Object>> {
    let iter = builtin(id!("iter"))?;
    let parts = match rest() {
        (Some(sequence), index) => {
            vec![iter, Tuple::from_vec(vec![sequence])?.into_object(), Int::from_isize(index)?.into_object()]
        }
        (None, _) => vec![iter, Tuple::from_vec(vec![empty])?.into_object()],
    };
    Ok(Tuple::from_vec(parts)?.into_object())
}

/// The end of a slice as `find` and its kin take it: `None` and what was not given keep the default, integers are
/// clipped (`_PyEval_SliceIndex`).
pub(crate) fn slice_bound(value: Option<Borrowed<'_, Object>>, default: isize) -> PyResult<isize> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(default) };
    if !value.has_index() {
        return Err(raise!(TypeError, "slice indices must be integers or None or have an __index__ method"));
    }
    value.as_clamped_isize()
}

/// `start` and `end` of `find` and its kin, within 0..=len; `None` where the start lies behind the end.
pub(crate) fn clip(start: isize, end: isize, len: usize) -> (usize, usize) {
    let len = len as isize;
    let wrap = |at: isize| if at < 0 { (at + len).max(0) } else { at };
    (wrap(start) as usize, wrap(end).min(len) as usize)
}

/// Start, step and number of items that a slice selects of `len` (`PySlice_Unpack`, `PySlice_AdjustIndices`).
pub(crate) fn slice_indices(slice: &Ref<Slice>, len: usize) -> PyResult<(usize, isize, usize)> {
    // SAFETY: a live slice; its three fields never change.
    let (start, stop, step) = unsafe {
        let raw = slice.as_ptr().cast::<abi::PySliceObject>();
        let field = |object| Borrowed::<Object>::from_ptr(object);
        (field((*raw).start.get()), field((*raw).stop.get()), field((*raw).step.get()))
    };
    let step = match slice_bound(Some(step), 1)? {
        0 => return Err(raise!(ValueError, "slice step cannot be zero")),
        step => step.max(-isize::MAX),
    };
    let len = len as isize;
    let start = slice_bound(Some(start), if step < 0 { isize::MAX } else { 0 })?;
    let stop = slice_bound(Some(stop), if step < 0 { isize::MIN } else { isize::MAX })?;
    let adjust = |at: isize| match at {
        at if at < 0 => (at.wrapping_add(len)).max(if step < 0 { -1 } else { 0 }),
        at if at >= len => {
            if step < 0 {
                len - 1
            } else {
                len
            }
        }
        at => at,
    };
    let (start, stop) = (adjust(start), adjust(stop));
    let count = if step < 0 {
        if stop < start { (start - stop - 1) / -step + 1 } else { 0 }
    } else if start < stop {
        (stop - start - 1) / step + 1
    } else {
        0
    };
    Ok((start.max(0) as usize, step, count as usize))
}
