//! Template strings (PEP 750).
//!
//! CPython: `Objects/templateobject.c`, `Objects/interpolationobject.c`. No header shows these structs; their sizes are those of
//! `__basicsize__`.

use core::cell::Cell;

use crate::object::PyObject;

/// `string.templatelib.Template`.
#[repr(C)]
pub struct _PyTemplateObject {
    pub ob_base: PyObject,
    pub strings: Cell<*mut PyObject>,
    pub interpolations: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<_PyTemplateObject>() == 32);

/// `string.templatelib.Interpolation`.
#[repr(C)]
pub struct _PyInterpolationObject {
    pub ob_base: PyObject,
    pub value: Cell<*mut PyObject>,
    pub expression: Cell<*mut PyObject>,
    pub conversion: Cell<*mut PyObject>,
    pub format_spec: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<_PyInterpolationObject>() == 48);

shared! { _PyTemplateObject, _PyInterpolationObject }
