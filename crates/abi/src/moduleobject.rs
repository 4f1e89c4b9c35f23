//! Modules and their definitions.
//!
//! CPython: `Include/moduleobject.h`, `pycore_moduleobject.h`.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_void};

use crate::methodobject::PyMethodDef;
use crate::object::{Py_ssize_t, PyObject, freefunc, inquiry, traverseproc};

/// The head of a module definition.
#[repr(C)]
pub struct PyModuleDef_Base {
    pub ob_base: PyObject,
    pub m_init: Cell<Option<unsafe extern "C" fn() -> *mut PyObject>>,
    pub m_index: Cell<Py_ssize_t>,
    pub m_copy: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyModuleDef_Base>() == 40);

/// One row of the slots of a module definition.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyModuleDef_Slot {
    pub slot: c_int,
    pub value: *mut c_void,
}
const _: () = assert!(size_of::<PyModuleDef_Slot>() == 16);

/// The definition of an extension module; an object itself.
#[repr(C)]
pub struct PyModuleDef {
    pub m_base: PyModuleDef_Base,
    pub m_name: *const c_char,
    pub m_doc: *const c_char,
    /// Bytes of state per module; -1 keeps the module from being made twice.
    pub m_size: Py_ssize_t,
    pub m_methods: *mut PyMethodDef,
    pub m_slots: *mut PyModuleDef_Slot,
    pub m_traverse: Option<traverseproc>,
    pub m_clear: Option<inquiry>,
    pub m_free: Option<freefunc>,
}
const _: () = assert!(size_of::<PyModuleDef>() == 104);

/// `module`.
#[repr(C)]
pub struct PyModuleObject {
    pub ob_base: PyObject,
    pub md_dict: Cell<*mut PyObject>,
    pub md_def: Cell<*mut PyModuleDef>,
    pub md_state: Cell<*mut c_void>,
    pub md_weaklist: Cell<*mut PyObject>,
    /// The name, for messages after the dictionary is cleared.
    pub md_name: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<PyModuleObject>() == 56);

pub const Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED: *mut c_void = core::ptr::without_provenance_mut(0);
pub const Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED: *mut c_void = core::ptr::without_provenance_mut(1);
pub const Py_MOD_PER_INTERPRETER_GIL_SUPPORTED: *mut c_void = core::ptr::without_provenance_mut(2);
pub const Py_MOD_GIL_USED: *mut c_void = core::ptr::without_provenance_mut(0);
pub const Py_MOD_GIL_NOT_USED: *mut c_void = core::ptr::without_provenance_mut(1);

impl PyModuleDef_Base {
    /// `PyModuleDef_HEAD_INIT`.
    pub const HEAD_INIT: Self = Self { ob_base: PyObject::immortal(core::ptr::null_mut()), ..Self::ZERO };
}

pub const Py_mod_create: c_int = 1;
pub const Py_mod_exec: c_int = 2;
pub const Py_mod_multiple_interpreters: c_int = 3;
pub const Py_mod_gil: c_int = 4;
pub const _Py_mod_LAST_SLOT: c_int = 4;

shared! { PyModuleDef_Base, PyModuleDef_Slot, PyModuleDef, PyModuleObject }
