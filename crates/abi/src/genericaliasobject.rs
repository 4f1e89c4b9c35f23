//! Parametrised classes.
//!
//! CPython: `Objects/genericaliasobject.c`. No header shows these structs; their sizes are those of `__basicsize__`.

use core::cell::Cell;

use crate::object::{PyObject, vectorcallfunc};

/// `types.GenericAlias`.
#[repr(C)]
pub struct gaobject {
    pub ob_base: PyObject,
    pub origin: Cell<*mut PyObject>,
    pub args: Cell<*mut PyObject>,
    pub parameters: Cell<*mut PyObject>,
    pub weakreflist: Cell<*mut PyObject>,
    pub starred: Cell<bool>,
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}
const _: () = assert!(size_of::<gaobject>() == 64);

/// `generic_alias_iterator`: gives one starred alias.
#[repr(C)]
pub struct gaiterobject {
    pub ob_base: PyObject,
    pub obj: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<gaiterobject>() == 24);

shared! { gaobject, gaiterobject }
