//! `None`, `NotImplemented` and `Ellipsis` as handles.

use super::refs::{Object, Ref};
use crate::abi::PyObject;
use crate::types::none;

#[inline(always)]
pub fn none_ptr() -> *mut PyObject {
    (&raw const none::_Py_NoneStruct).cast_mut()
}

#[inline(always)]
pub fn not_implemented_ptr() -> *mut PyObject {
    (&raw const none::_Py_NotImplementedStruct).cast_mut()
}

#[inline(always)]
pub fn ellipsis_ptr() -> *mut PyObject {
    (&raw const none::_Py_EllipsisObject).cast_mut()
}

/// `None`.
#[inline(always)]
pub fn none() -> Ref<Object> {
    // SAFETY: immortal.
    unsafe { Ref::from_owned_ptr(none_ptr()) }
}

/// `NotImplemented`.
#[inline(always)]
pub fn not_implemented() -> Ref<Object> {
    // SAFETY: immortal.
    unsafe { Ref::from_owned_ptr(not_implemented_ptr()) }
}

/// `...`.
#[inline(always)]
pub fn ellipsis() -> Ref<Object> {
    // SAFETY: immortal.
    unsafe { Ref::from_owned_ptr(ellipsis_ptr()) }
}
