//! Member and attribute tables, and the descriptors made from them.
//!
//! CPython: `Include/descrobject.h`, `Include/structmember.h`, `Include/cpython/descrobject.h`, `pycore_descrobject.h`.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};

use crate::methodobject::PyMethodDef;
use crate::object::{Py_ssize_t, PyObject, vectorcallfunc};
use crate::typeobject::PyTypeObject;

pub type getter = unsafe extern "C" fn(*mut PyObject, *mut c_void) -> *mut PyObject;

pub type setter = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut c_void) -> c_int;

pub type wrapperfunc = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut c_void) -> *mut PyObject;

pub type wrapperfunc_kwds =
    unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut c_void, *mut PyObject) -> *mut PyObject;

/// One row of a table of computed attributes.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyGetSetDef {
    pub name: *const c_char,
    pub get: Option<getter>,
    pub set: Option<setter>,
    pub doc: *const c_char,
    pub closure: *mut c_void,
}
const _: () = assert!(size_of::<PyGetSetDef>() == 40);

/// One row of a table of attributes that are fields of the C struct.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyMemberDef {
    pub name: *const c_char,
    pub r#type: c_int,
    /// From the start of the instance; with `Py_RELATIVE_OFFSET`, from the start of its part.
    pub offset: Py_ssize_t,
    pub flags: c_int,
    pub doc: *const c_char,
}
const _: () = assert!(size_of::<PyMemberDef>() == 40);

/// One row of the table of slots and their dunder names.
#[repr(C)]
pub struct wrapperbase {
    pub name: Cell<*const c_char>,
    pub offset: Cell<c_int>,
    pub function: Cell<*mut c_void>,
    pub wrapper: Cell<Option<wrapperfunc>>,
    pub doc: Cell<*const c_char>,
    pub flags: Cell<c_int>,
    pub name_strobj: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<wrapperbase>() == 56);

/// What all descriptors made from tables start with.
#[repr(C)]
pub struct PyDescrObject {
    pub ob_base: PyObject,
    /// The class that the descriptor was made for.
    pub d_type: Cell<*mut PyTypeObject>,
    pub d_name: Cell<*mut PyObject>,
    pub d_qualname: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyDescrObject>() == 40);

/// `method_descriptor`, `classmethod_descriptor`.
#[repr(C)]
pub struct PyMethodDescrObject {
    pub d_common: PyDescrObject,
    pub d_method: Cell<*mut PyMethodDef>,
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}
const _: () = assert!(size_of::<PyMethodDescrObject>() == 56);

/// `member_descriptor`.
#[repr(C)]
pub struct PyMemberDescrObject {
    pub d_common: PyDescrObject,
    pub d_member: Cell<*mut PyMemberDef>,
}
const _: () = assert!(size_of::<PyMemberDescrObject>() == 48);

/// `getset_descriptor`.
#[repr(C)]
pub struct PyGetSetDescrObject {
    pub d_common: PyDescrObject,
    pub d_getset: Cell<*mut PyGetSetDef>,
}
const _: () = assert!(size_of::<PyGetSetDescrObject>() == 48);

/// `wrapper_descriptor`.
#[repr(C)]
pub struct PyWrapperDescrObject {
    pub d_common: PyDescrObject,
    pub d_base: Cell<*mut wrapperbase>,
    pub d_wrapped: Cell<*mut c_void>,
}
const _: () = assert!(size_of::<PyWrapperDescrObject>() == 56);

/// `property`.
#[repr(C)]
pub struct _PyPropertyObject {
    pub ob_base: PyObject,
    pub prop_get: Cell<*mut PyObject>,
    pub prop_set: Cell<*mut PyObject>,
    pub prop_del: Cell<*mut PyObject>,
    pub prop_doc: Cell<*mut PyObject>,
    pub prop_name: Cell<*mut PyObject>,
    pub getter_doc: Cell<c_int>,
}
const _: () = assert!(size_of::<_PyPropertyObject>() == 64);

/// `mappingproxy`.
#[repr(C)]
pub struct mappingproxyobject {
    pub ob_base: PyObject,
    pub mapping: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<mappingproxyobject>() == 24);

/// `method-wrapper`.
#[repr(C)]
pub struct wrapperobject {
    pub ob_base: PyObject,
    pub descr: Cell<*mut PyWrapperDescrObject>,
    pub self_: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<wrapperobject>() == 32);

pub const Py_T_SHORT: c_int = 0;
pub const Py_T_INT: c_int = 1;
pub const Py_T_LONG: c_int = 2;
pub const Py_T_FLOAT: c_int = 3;
pub const Py_T_DOUBLE: c_int = 4;
pub const Py_T_STRING: c_int = 5;
pub const _Py_T_OBJECT: c_int = 6;
pub const Py_T_CHAR: c_int = 7;
pub const Py_T_BYTE: c_int = 8;
pub const Py_T_UBYTE: c_int = 9;
pub const Py_T_USHORT: c_int = 10;
pub const Py_T_UINT: c_int = 11;
pub const Py_T_ULONG: c_int = 12;
pub const Py_T_STRING_INPLACE: c_int = 13;
pub const Py_T_BOOL: c_int = 14;
pub const Py_T_OBJECT_EX: c_int = 16;
pub const Py_T_LONGLONG: c_int = 17;
pub const Py_T_ULONGLONG: c_int = 18;
pub const Py_T_PYSSIZET: c_int = 19;
pub const _Py_T_NONE: c_int = 20;
pub const Py_READONLY: c_int = 1;
pub const Py_AUDIT_READ: c_int = 2;
pub const _Py_WRITE_RESTRICTED: c_int = 4;
pub const Py_RELATIVE_OFFSET: c_int = 8;
pub const PyWrapperFlag_KEYWORDS: c_int = 1;
pub const T_SHORT: c_int = 0;
pub const T_INT: c_int = 1;
pub const T_LONG: c_int = 2;
pub const T_FLOAT: c_int = 3;
pub const T_DOUBLE: c_int = 4;
pub const T_STRING: c_int = 5;
pub const T_OBJECT: c_int = 6;
pub const T_CHAR: c_int = 7;
pub const T_BYTE: c_int = 8;
pub const T_UBYTE: c_int = 9;
pub const T_USHORT: c_int = 10;
pub const T_UINT: c_int = 11;
pub const T_ULONG: c_int = 12;
pub const T_STRING_INPLACE: c_int = 13;
pub const T_BOOL: c_int = 14;
pub const T_OBJECT_EX: c_int = 16;
pub const T_LONGLONG: c_int = 17;
pub const T_ULONGLONG: c_int = 18;
pub const T_PYSSIZET: c_int = 19;
pub const T_NONE: c_int = 20;
pub const READONLY: c_int = 1;
pub const PY_AUDIT_READ: c_int = 2;
pub const READ_RESTRICTED: c_int = 2;
pub const PY_WRITE_RESTRICTED: c_int = 4;
pub const RESTRICTED: c_int = 6;

shared! {
    PyGetSetDef, PyMemberDef, wrapperbase, PyDescrObject, PyMethodDescrObject, PyMemberDescrObject,
    PyGetSetDescrObject, PyWrapperDescrObject, _PyPropertyObject, mappingproxyobject, wrapperobject,
}
