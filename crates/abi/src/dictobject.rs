//! Dictionaries, their keys and their split values.
//!
//! CPython: `Include/cpython/dictobject.h`, `pycore_dict.h`.
//! Behind the head of `PyDictKeysObject` stand `1 << dk_log2_index_bytes` bytes of indices, then the entries
//! (`PyDictKeyEntry` or `PyDictUnicodeEntry` after `dk_kind`). Behind the head of `PyDictValues` stand `capacity` values,
//! then `capacity` bytes of insertion order.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_ulong};

use crate::object::{Py_hash_t, Py_ssize_t, PyObject};

pub type PyDict_WatchCallback =
    unsafe extern "C" fn(PyDict_WatchEvent, *mut PyObject, *mut PyObject, *mut PyObject) -> c_int;

pub type PyDict_WatchEvent = c_int;
pub const PyDict_EVENT_ADDED: PyDict_WatchEvent = 0;
pub const PyDict_EVENT_MODIFIED: PyDict_WatchEvent = 1;
pub const PyDict_EVENT_DELETED: PyDict_WatchEvent = 2;
pub const PyDict_EVENT_CLONED: PyDict_WatchEvent = 3;
pub const PyDict_EVENT_CLEARED: PyDict_WatchEvent = 4;
pub const PyDict_EVENT_DEALLOCATED: PyDict_WatchEvent = 5;

pub type DictKeysKind = u8;
pub const DICT_KEYS_GENERAL: DictKeysKind = 0;
pub const DICT_KEYS_UNICODE: DictKeysKind = 1;
pub const DICT_KEYS_SPLIT: DictKeysKind = 2;

/// `dict`. With NULL `ma_values` the table is combined; otherwise it is split.
#[repr(C)]
pub struct PyDictObject {
    pub ob_base: PyObject,
    /// Number of items.
    pub ma_used: Cell<Py_ssize_t>,
    /// Bits 0 to 7: watchers. Bits 8 to 11: watched mutations, for the second tier.
    pub _ma_watcher_tag: Cell<u64>,
    pub ma_keys: Cell<*mut PyDictKeysObject>,
    pub ma_values: Cell<*mut PyDictValues>,
}
const _: () = assert!(size_of::<PyDictObject>() == 48);

/// The hash table of one dictionary or, split, of many.
#[repr(C)]
pub struct PyDictKeysObject {
    /// Tables that use these keys: 1 unless they are shared.
    pub dk_refcnt: Cell<Py_ssize_t>,
    /// Binary logarithm of the number of indices.
    pub dk_log2_size: Cell<u8>,
    /// Binary logarithm of the size of all indices in bytes.
    pub dk_log2_index_bytes: Cell<u8>,
    /// A `DictKeysKind`.
    pub dk_kind: Cell<u8>,
    /// For inline caches; any change of the keys sets it to 0.
    pub dk_version: Cell<u32>,
    /// Entries that can still be added.
    pub dk_usable: Cell<Py_ssize_t>,
    /// Entries that are or have been used.
    pub dk_nentries: Cell<Py_ssize_t>,
    /// Indices of 1, 2, 4 or 8 bytes, then the entries.
    pub dk_indices: [Cell<c_char>; 0],
}
const _: () = assert!(size_of::<PyDictKeysObject>() == 32);

/// The values of one instance of a split table.
#[repr(C)]
pub struct PyDictValues {
    /// Number of values there is room for.
    pub capacity: Cell<u8>,
    /// Number of values in use.
    pub size: Cell<u8>,
    /// 1 if the values stand inside their instance.
    pub embedded: Cell<u8>,
    /// 0 once embedded values have moved to a dictionary.
    pub valid: Cell<u8>,
    pub values: [Cell<*mut PyObject>; 1],
}
const _: () = assert!(size_of::<PyDictValues>() == 16);

/// An entry of a general table.
#[repr(C)]
pub struct PyDictKeyEntry {
    pub me_hash: Cell<Py_hash_t>,
    pub me_key: Cell<*mut PyObject>,
    pub me_value: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyDictKeyEntry>() == 24);

/// An entry of a table that holds strings alone.
#[repr(C)]
pub struct PyDictUnicodeEntry {
    pub me_key: Cell<*mut PyObject>,
    pub me_value: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyDictUnicodeEntry>() == 16);

/// `dict_keys`, `dict_values`, `dict_items`.
#[repr(C)]
pub struct _PyDictViewObject {
    pub ob_base: PyObject,
    pub dv_dict: Cell<*mut PyDictObject>,
}
const _: () = assert!(size_of::<_PyDictViewObject>() == 24);

/// The word in front of an object with a managed dictionary.
#[derive(Clone, Copy)]
#[repr(C)]
pub union PyManagedDictPointer {
    pub dict: *mut PyDictObject,
}
const _: () = assert!(size_of::<PyManagedDictPointer>() == 8);

/// The iterators of dictionaries and their views. `di_used` is -1 once the dictionary changed size; `di_result` is a pair that is used again.
#[repr(C)]
pub struct dictiterobject {
    pub ob_base: PyObject,
    pub di_dict: Cell<*mut PyDictObject>,
    pub di_used: Cell<Py_ssize_t>,
    pub di_pos: Cell<Py_ssize_t>,
    pub di_result: Cell<*mut PyObject>,
    pub len: Cell<Py_ssize_t>,
}
const _: () = assert!(size_of::<dictiterobject>() == 56);

pub const DICT_MAX_WATCHERS: c_int = 8;
pub const DICT_WATCHED_MUTATION_BITS: c_int = 4;
pub const MANAGED_DICT_OFFSET: Py_ssize_t = -24;
pub const MANAGED_WEAKREF_OFFSET: Py_ssize_t = -32;
pub const DKIX_EMPTY: Py_ssize_t = -1;
pub const DKIX_DUMMY: Py_ssize_t = -2;
pub const DKIX_ERROR: Py_ssize_t = -3;
pub const DKIX_KEY_CHANGED: Py_ssize_t = -4;
pub const SHARED_KEYS_MAX_SIZE: Py_ssize_t = 30;
pub const NEXT_LOG2_SHARED_KEYS_MAX_SIZE: c_int = 6;
pub const DICT_VERSION_INCREMENT: c_int = 4096;
pub const DICT_WATCHER_MASK: c_int = 255;
pub const DICT_WATCHER_AND_MODIFICATION_MASK: c_int = 4095;
pub const DICT_UNIQUE_ID_SHIFT: c_int = 32;
pub const DICT_UNIQUE_ID_MAX: c_ulong = 0xffffffff;
pub const DICT_MERGE: c_int = 66;
pub const DICT_UPDATE: c_int = 67;

shared! {
    PyDictObject, PyDictKeysObject, PyDictValues, PyDictKeyEntry, PyDictUnicodeEntry, _PyDictViewObject,
    PyManagedDictPointer, dictiterobject,
}
