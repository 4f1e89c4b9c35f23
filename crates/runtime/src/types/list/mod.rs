//! `list`: an array of items that grows.
//!
//! **Invariants:** `ob_item[..ob_size]` are live objects that the list owns; `ob_size <= allocated`, which is the room
//! that `ob_item` has; no room has a null `ob_item`. While a sort runs the list is empty and `allocated` is -1, so that
//! the sort notices a change. Any call that can run Python code can change a list: no pointer into `ob_item` is kept
//! across one. CPython: `Objects/listobject.c`.

mod methods;
mod object;
mod order;
mod raw;
mod sort;
#[cfg(test)]
mod tests;

pub(crate) use methods::assign_range;
pub(crate) use order::equal_prefix;
pub use raw::{clear_free_list, copy_spaced, fill_repeated, free_list_size};

use crate::abi::PyListObject;

/// `PyListObject`.
#[repr(transparent)]
pub struct List(pub PyListObject);
