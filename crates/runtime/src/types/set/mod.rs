//! Sets and frozen sets: open addressing with short linear probes, in CPython's order.
//!
//! **Invariant:** an unused entry has a null key and hash 0, a removed one the dummy key and hash -1; at least one entry is
//! unused, so every search ends. Comparing keys may run Python code, which may change the set: searches start again when
//! the table or the entry changed. CPython: `Objects/setobject.c`.

mod iter;
mod methods;
mod object;
mod ops;
pub mod raw;
#[cfg(test)]
mod tests;
mod walk;

use crate::abi::PySetObject;

pub use iter::SetIterator;
pub use methods::{PyFrozenSet_Type, PySet_Type};
pub use object::{AnySet, contains};
pub use raw::dummy;
pub(crate) use raw::{add_stealing, glance, glance_at_first, has_room, place};

/// `set`.
#[repr(transparent)]
pub struct Set(pub(crate) PySetObject);

/// `frozenset`.
#[repr(transparent)]
pub struct FrozenSet(pub(crate) PySetObject);
