//! Method tables and the built-in functions made from them.
//!
//! CPython: `Include/methodobject.h`, `Include/cpython/methodobject.h`.

use core::cell::Cell;
use core::ffi::{CStr, c_char, c_int};

use crate::object::{Py_ssize_t, PyObject, vectorcallfunc};
use crate::typeobject::PyTypeObject;

pub type PyCFunction = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;

pub type PyCFunctionFast = unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, Py_ssize_t) -> *mut PyObject;

pub type PyCFunctionWithKeywords = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut PyObject) -> *mut PyObject;

pub type PyCFunctionFastWithKeywords =
    unsafe extern "C" fn(*mut PyObject, *const *mut PyObject, Py_ssize_t, *mut PyObject) -> *mut PyObject;

pub type PyCMethod = unsafe extern "C" fn(
    *mut PyObject,
    *mut PyTypeObject,
    *const *mut PyObject,
    Py_ssize_t,
    *mut PyObject,
) -> *mut PyObject;

/// One row of a method table; a row without a name ends it.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyMethodDef {
    pub ml_name: *const c_char,
    pub ml_meth: Option<PyCFunction>,
    /// `METH_...`; they tell the real signature of `ml_meth`.
    pub ml_flags: c_int,
    /// May start with the signature: `name($self, ...)`, then `--` and a blank line.
    pub ml_doc: *const c_char,
}
const _: () = assert!(size_of::<PyMethodDef>() == 32);

/// `builtin_function_or_method`.
#[repr(C)]
pub struct PyCFunctionObject {
    pub ob_base: PyObject,
    pub m_ml: Cell<*mut PyMethodDef>,
    /// The first argument of the C function; NULL for a static method.
    pub m_self: Cell<*mut PyObject>,
    pub m_module: Cell<*mut PyObject>,
    pub m_weakreflist: Cell<*mut PyObject>,
    pub vectorcall: Cell<Option<vectorcallfunc>>,
}
const _: () = assert!(size_of::<PyCFunctionObject>() == 56);

/// The same with the class that defines it (`METH_METHOD`).
#[repr(C)]
pub struct PyCMethodObject {
    pub func: PyCFunctionObject,
    pub mm_class: Cell<*mut PyTypeObject>,
}
const _: () = assert!(size_of::<PyCMethodObject>() == 64);

impl PyMethodDef {
    /// The row that ends a table.
    pub const END: Self = Self::ZERO;

    /// One row of a method table. `ml_flags` must describe the real signature of `ml_meth`.
    pub const fn new(
        ml_name: &'static CStr,
        ml_meth: PyCFunction,
        ml_flags: c_int,
        ml_doc: Option<&'static CStr>,
    ) -> Self {
        let ml_doc = match ml_doc {
            Some(doc) => doc.as_ptr(),
            None => core::ptr::null(),
        };
        Self { ml_name: ml_name.as_ptr(), ml_meth: Some(ml_meth), ml_flags, ml_doc }
    }
}

/// `_PyCFunctionFast_CAST`: a function of `METH_FASTCALL`, as a method table holds it.
pub const fn PyCFunctionFast_CAST(function: PyCFunctionFast) -> PyCFunction {
    // SAFETY: both are function pointers; the flags beside it tell the caller the real signature.
    unsafe { core::mem::transmute(function) }
}

/// `_PyCFunctionWithKeywords_CAST`: a function of `METH_VARARGS | METH_KEYWORDS`, as a method table holds it.
pub const fn PyCFunctionWithKeywords_CAST(function: PyCFunctionWithKeywords) -> PyCFunction {
    // SAFETY: as above.
    unsafe { core::mem::transmute(function) }
}

/// `_PyCFunctionFastWithKeywords_CAST`: a function of `METH_FASTCALL | METH_KEYWORDS`, as a method table holds it.
pub const fn PyCFunctionFastWithKeywords_CAST(function: PyCFunctionFastWithKeywords) -> PyCFunction {
    // SAFETY: as above.
    unsafe { core::mem::transmute(function) }
}

/// A function of `METH_METHOD | METH_FASTCALL | METH_KEYWORDS`, as a method table holds it.
pub const fn PyCMethod_CAST(function: PyCMethod) -> PyCFunction {
    // SAFETY: as above.
    unsafe { core::mem::transmute(function) }
}

pub const METH_VARARGS: c_int = 1;
pub const METH_KEYWORDS: c_int = 2;
pub const METH_NOARGS: c_int = 4;
pub const METH_O: c_int = 8;
pub const METH_CLASS: c_int = 16;
pub const METH_STATIC: c_int = 32;
pub const METH_COEXIST: c_int = 64;
pub const METH_FASTCALL: c_int = 128;
pub const METH_STACKLESS: c_int = 0;
pub const METH_METHOD: c_int = 512;

shared! { PyMethodDef, PyCFunctionObject, PyCMethodObject }
