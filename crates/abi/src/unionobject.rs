//! Unions of types.
//!
//! CPython: `Objects/unionobject.c`. No header shows this struct; its size is that of `__basicsize__`.

use core::cell::Cell;

use crate::object::PyObject;

/// `typing.Union`.
#[repr(C)]
pub struct _PyUnionObject {
    pub ob_base: PyObject,
    pub args: Cell<*mut PyObject>,
    pub hashable_args: Cell<*mut PyObject>,
    pub unhashable_args: Cell<*mut PyObject>,
    pub parameters: Cell<*mut PyObject>,
    pub weakreflist: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<_PyUnionObject>() == 56);

shared! { _PyUnionObject }
