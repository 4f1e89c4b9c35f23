//! `types.SimpleNamespace`.
//!
//! CPython: `Objects/namespaceobject.c`. No header shows this struct; its size is that of `__basicsize__`.

use core::cell::Cell;

use crate::object::PyObject;

/// `types.SimpleNamespace`.
#[repr(C)]
pub struct _PyNamespaceObject {
    pub ob_base: PyObject,
    pub ns_dict: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<_PyNamespaceObject>() == 24);

shared! { _PyNamespaceObject }
