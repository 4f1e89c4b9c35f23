//! `collections.OrderedDict`: a dict with a linked list of its keys, so that keys can move.
//!
//! The list's nodes are found by the number of the key's entry in the dict's table (`od_fast_nodes`). **Invariant:** that
//! array belongs to the table `od_resize_sentinel`; when the dict has another table, the array is made anew from the list.
//! The methods of `dict` itself, called directly, change the dict and not the list, as in CPython.
//! CPython: `Objects/odictobject.c`.

mod methods;
mod raw;
mod views;

use core::cell::Cell;

use crate::abi::{PyDictKeysObject, PyDictObject, PyObject};

pub use methods::PyODict_Type;
pub use views::{ODictItems, ODictIterator, ODictKeys, ODictValues};

/// One key in order.
#[repr(C)]
pub struct Node {
    /// Owned.
    key: *mut PyObject,
    hash: isize,
    next: Cell<*mut Node>,
    prev: Cell<*mut Node>,
}

/// `PyODictObject`.
#[repr(C)]
pub struct OrderedDict {
    od_dict: PyDictObject,
    od_fast_nodes: Cell<*mut *mut Node>,
    od_fast_nodes_size: Cell<isize>,
    od_resize_sentinel: Cell<*mut PyDictKeysObject>,
    /// Grows with every change of the list.
    od_state: Cell<usize>,
    od_first: Cell<*mut Node>,
    od_last: Cell<*mut Node>,
    od_inst_dict: Cell<*mut PyObject>,
    od_weakreflist: Cell<*mut PyObject>,
}

const _: () = assert!(size_of::<OrderedDict>() == 112);
