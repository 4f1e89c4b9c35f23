//! Frame objects, and the interpreter frames they stand for.
//!
//! CPython: `pycore_interpframe_structs.h`, `pycore_frame.h`, `pycore_structs.h`, `Include/cpython/pyframe.h`.
//! greenlet, gevent and profilers read `_PyInterpreterFrame`, so its layout is kept. Locals, cells, free variables and the
//! evaluation stack follow from `localsplus` on.

use core::cell::Cell;
use core::ffi::{c_char, c_int};

use crate::code::_Py_CODEUNIT;
use crate::object::PyObject;
use crate::pystate::PyThreadState;

pub type _PyFrameEvalFunction =
    unsafe extern "C" fn(*mut PyThreadState, *mut _PyInterpreterFrame, c_int) -> *mut PyObject;

pub type _frameowner = c_char;
pub const FRAME_OWNED_BY_THREAD: _frameowner = 0;
pub const FRAME_OWNED_BY_GENERATOR: _frameowner = 1;
pub const FRAME_OWNED_BY_FRAME_OBJECT: _frameowner = 2;
pub const FRAME_OWNED_BY_INTERPRETER: _frameowner = 3;
pub const FRAME_OWNED_BY_CSTACK: _frameowner = 4;

pub type PyFrameState = i8;
pub const FRAME_CREATED: PyFrameState = -3;
pub const FRAME_SUSPENDED: PyFrameState = -2;
pub const FRAME_SUSPENDED_YIELD_FROM: PyFrameState = -1;
pub const FRAME_EXECUTING: PyFrameState = 0;
pub const FRAME_COMPLETED: PyFrameState = 1;
pub const FRAME_CLEARED: PyFrameState = 4;

/// A value on the evaluation stack. The low bits are tags.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub struct _PyStackRef {
    pub bits: usize,
}
const _: () = assert!(size_of::<_PyStackRef>() == 8);

/// A running or suspended call.
#[repr(C)]
pub struct _PyInterpreterFrame {
    /// The code object, or `None` in a frame of the interpreter itself.
    pub f_executable: Cell<_PyStackRef>,
    /// The caller.
    pub previous: Cell<*mut _PyInterpreterFrame>,
    /// The function.
    pub f_funcobj: Cell<_PyStackRef>,
    /// Borrowed.
    pub f_globals: Cell<*mut PyObject>,
    /// Borrowed.
    pub f_builtins: Cell<*mut PyObject>,
    /// Owned; NULL in an optimised function.
    pub f_locals: Cell<*mut PyObject>,
    /// Owned; NULL until somebody asks for it.
    pub frame_obj: Cell<*mut PyFrameObject>,
    /// The instruction that is executing or about to begin.
    pub instr_ptr: Cell<*mut _Py_CODEUNIT>,
    /// The top of the stack while the frame is not the running one.
    pub stackpointer: Cell<*mut _PyStackRef>,
    /// During a call: from `instr_ptr` to where the callee returns, in code units.
    pub return_offset: Cell<u16>,
    /// A `_frameowner`.
    pub owner: Cell<c_char>,
    /// A mark of the collector.
    pub visited: Cell<u8>,
    /// Locals, cells, free variables, then the stack.
    pub localsplus: [Cell<_PyStackRef>; 1],
}
const _: () = assert!(size_of::<_PyInterpreterFrame>() == 88);

/// `frame`: made when someone asks for it.
#[repr(C)]
pub struct PyFrameObject {
    pub ob_base: PyObject,
    pub f_back: Cell<*mut PyFrameObject>,
    /// The frame that it stands for.
    pub f_frame: Cell<*mut _PyInterpreterFrame>,
    pub f_trace: Cell<*mut PyObject>,
    /// Set while tracing; 0 otherwise.
    pub f_lineno: Cell<c_int>,
    pub f_trace_lines: Cell<c_char>,
    pub f_trace_opcodes: Cell<c_char>,
    /// Names that `f_locals` was given beyond those of the code, or NULL.
    pub f_extra_locals: Cell<*mut PyObject>,
    /// What `PyEval_GetLocals` lent out.
    pub f_locals_cache: Cell<*mut PyObject>,
    /// A tuple of former values of locals, kept alive for borrowers.
    pub f_overwritten_fast_locals: Cell<*mut PyObject>,
    /// The frame, once its call has ended.
    pub _f_frame_data: [Cell<*mut PyObject>; 1],
}
const _: () = assert!(size_of::<PyFrameObject>() == 80);

/// `FrameLocalsProxy` (PEP 667).
#[repr(C)]
pub struct PyFrameLocalsProxyObject {
    pub ob_base: PyObject,
    pub frame: Cell<*mut PyFrameObject>,
}
const _: () = assert!(size_of::<PyFrameLocalsProxyObject>() == 24);

pub const PyUnstable_EXECUTABLE_KIND_SKIP: c_int = 0;
pub const PyUnstable_EXECUTABLE_KIND_PY_FUNCTION: c_int = 1;
pub const PyUnstable_EXECUTABLE_KIND_BUILTIN_FUNCTION: c_int = 3;
pub const PyUnstable_EXECUTABLE_KIND_METHOD_DESCRIPTOR: c_int = 4;
pub const PyUnstable_EXECUTABLE_KINDS: c_int = 5;
pub const Py_INT_TAG: usize = 3;
pub const Py_TAG_REFCNT: usize = 1;
pub const Py_TAG_BITS: usize = 3;
pub const PyStackRef_NULL_BITS: usize = 1;
pub const FRAME_SPECIALS_SIZE: c_int = 10;

shared! { _PyStackRef, _PyInterpreterFrame, PyFrameObject, PyFrameLocalsProxyObject }
