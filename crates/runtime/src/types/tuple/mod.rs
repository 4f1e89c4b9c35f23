//! `tuple`: a fixed number of items inside the object itself.
//!
//! **Invariant:** once a tuple can be seen by Python code its items never change, except in code that knows to hold
//! the only reference (`zip`, `enumerate`). There is one empty tuple of the exact type, an immortal static.
//! CPython: `Objects/tupleobject.c`.

mod methods;
mod object;
mod raw;
#[cfg(test)]
mod tests;

pub use methods::TupleHasher;
pub use object::UnfinishedTuple;
pub(crate) use object::items_equal;
pub use raw::{clear_free_lists, free_list_sizes, new_raw};

use crate::abi::PyTupleObject;

/// `PyTupleObject`.
#[repr(transparent)]
pub struct Tuple(pub PyTupleObject);
