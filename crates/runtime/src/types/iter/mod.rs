//! Iterators over lists, tuples, anything with `__getitem__`, and callables.
//!
//! **Invariant:** an iterator at its end has dropped what it iterated over, and stays at its end.
//! CPython: `Objects/iterobject.c`, and the iterators of `Objects/listobject.c` and `Objects/tupleobject.c`.

mod callable;
mod list;
mod sequence;
mod tuple;

pub use callable::CallableIterator;
pub use list::{ListIterator, ListReverseIterator};
pub use sequence::SequenceIterator;
pub use tuple::TupleIterator;

use core::cell::Cell;

use crate::prelude::*;
pub(crate) use crate::thread::builtin;

/// What an iterator iterates over; `None` at its end.
#[inline(always)]
pub(crate) fn source<T, U>(field: &Cell<*mut T>) -> Option<Ref<U>> {
    // SAFETY: null or a live object that the iterator owns.
    unsafe { Ref::from_borrowed_ptr_or_null(field.get()) }
}

/// `(iter, (source,), index)`.
pub(crate) fn reduce_at(function: Ref<Object>, source: Ref<Object>, index: isize) -> PyResult<Ref<Tuple>> {
    Tuple::pack([function, Tuple::pack([source])?.into_object(), Int::from_isize(index)?.into_object()])
}

/// `(iter, (empty,))`, for an iterator at its end.
pub(crate) fn reduce_end(function: Ref<Object>, empty: Ref<Object>) -> PyResult<Ref<Tuple>> {
    Tuple::pack([function, Tuple::pack([empty])?.into_object()])
}

/// The argument of an iterator's `__setstate__` (`PyLong_AsSsize_t`).
pub(crate) fn state_index(state: Borrowed<'_, Object>) -> PyResult<isize> {
    let Some(state) = state.downcast::<Int>() else {
        return Err(raise!(TypeError, "an integer is required"));
    };
    match state.to_isize() {
        Some(index) => Ok(index),
        None => Err(raise!(OverflowError, "Python int too large to convert to C ssize_t")),
    }
}
