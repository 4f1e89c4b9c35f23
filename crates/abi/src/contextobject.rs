//! Contexts, context variables and tokens, and the hash array mapped trie below.
//!
//! CPython: `pycore_context.h`, `pycore_hamt.h`, `pycore_structs.h`.

use core::cell::Cell;
use core::ffi::c_int;

use crate::object::{Py_hash_t, Py_ssize_t, PyObject, PyVarObject};

pub type PyContext_WatchCallback = unsafe extern "C" fn(PyContextEvent, *mut PyObject) -> c_int;

pub type PyContextEvent = c_int;
pub const Py_CONTEXT_SWITCHED: PyContextEvent = 1;

/// `contextvars.Context`.
#[repr(C)]
pub struct PyContext {
    pub ob_base: PyObject,
    pub ctx_prev: Cell<*mut PyContext>,
    pub ctx_vars: Cell<*mut PyHamtObject>,
    pub ctx_weakreflist: Cell<*mut PyObject>,
    /// Whether a thread runs in it.
    pub ctx_entered: Cell<c_int>,
}
const _: () = assert!(size_of::<PyContext>() == 48);

/// `contextvars.ContextVar`.
#[repr(C)]
pub struct PyContextVar {
    pub ob_base: PyObject,
    pub var_name: Cell<*mut PyObject>,
    pub var_default: Cell<*mut PyObject>,
    pub var_cached: Cell<*mut PyObject>,
    pub var_cached_tsid: Cell<u64>,
    pub var_cached_tsver: Cell<u64>,
    pub var_hash: Cell<Py_hash_t>,
}
const _: () = assert!(size_of::<PyContextVar>() == 64);

/// `contextvars.Token`.
#[repr(C)]
pub struct PyContextToken {
    pub ob_base: PyObject,
    pub tok_ctx: Cell<*mut PyContext>,
    pub tok_var: Cell<*mut PyContextVar>,
    /// The former value; NULL when there was none.
    pub tok_oldval: Cell<*mut PyObject>,
    pub tok_used: Cell<c_int>,
}
const _: () = assert!(size_of::<PyContextToken>() == 48);

/// What the nodes of a trie start with.
#[repr(C)]
pub struct PyHamtNode {
    pub ob_base: PyObject,
}
const _: () = assert!(size_of::<PyHamtNode>() == 16);

/// An immutable mapping.
#[repr(C)]
pub struct PyHamtObject {
    pub ob_base: PyObject,
    pub h_root: Cell<*mut PyHamtNode>,
    pub h_weakreflist: Cell<*mut PyObject>,
    pub h_count: Cell<Py_ssize_t>,
}
const _: () = assert!(size_of::<PyHamtObject>() == 40);

/// A node with up to sixteen children.
#[repr(C)]
pub struct PyHamtNode_Bitmap {
    pub ob_base: PyVarObject,
    pub b_bitmap: Cell<u32>,
    pub b_array: [Cell<*mut PyObject>; 1],
}
const _: () = assert!(size_of::<PyHamtNode_Bitmap>() == 40);

shared! { PyContext, PyContextVar, PyContextToken, PyHamtNode, PyHamtObject, PyHamtNode_Bitmap }
