//! Dictionaries: insertion-ordered hash tables with CPython's exact layout and probing.
//!
//! A dict owns a `PyDictKeysObject` (a table of small indices into an array of entries). It is *combined* when the entries
//! hold the values, *split* when `ma_values` holds them and the keys are shared by the instances of a class. The keys are
//! *unicode* while every key is exactly `str`: lookups of strings then run no Python code and cannot fail.
//! **Invariant:** whatever compares keys may run Python code, which may change the dict; every lookup starts again when
//! the table under it changed. CPython: `Objects/dictobject.c`, `pycore_dict.h`.

mod direct;
pub mod instance;
pub mod iter;
pub mod keys;
pub mod lookup;
pub mod merge;
pub mod methods;
pub mod object;
pub mod raw;
#[cfg(test)]
mod tests;
pub mod views;
pub mod watch;

use crate::abi::PyDictObject;

pub(crate) use direct::{glance, glance_int, has_room, is_plain, is_subscripted_as_dict, value_at};
pub use instance::{new_shared_keys, store_instance_attribute, try_get_instance_attribute};
pub use keys::unicode_entries;
pub(crate) use lookup::COMPARE;
pub use lookup::{hash_key, load_global};
pub use merge::Duplicate;
pub use methods::PyDict_Type;
pub use object::{
    has_valid_inline_values, key_error, keys_version, shared_keys_index, shared_keys_version, unicode_index,
};
pub(crate) use raw::add_stealing;
pub use raw::append_to_order as note_insertion;
pub use views::{DictItems, DictKeys, DictValues};

/// `dict`.
#[repr(transparent)]
pub struct Dict(pub(crate) PyDictObject);
