//! Thread states.
//!
//! CPython: `Include/cpython/pystate.h`, `pycore_tstate.h`.
//! greenlet, gevent and Cython read `PyThreadState`, so its layout is kept. `PyInterpreterState` is opaque here.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_ulong};
use core::sync::atomic::{AtomicI32, AtomicUsize};

use crate::frame::{_PyInterpreterFrame, PyFrameObject};
use crate::object::{Py_ssize_t, PyObject};

/// The one-bit fields of `PyThreadState::_status`.
#[repr(C)]
pub struct _PyThreadState_status {
    pub bits: Cell<u32>,
}
const _: () = assert!(size_of::<_PyThreadState_status>() == 4);

impl _PyThreadState_status {
    pub const INITIALIZED: u32 = 1 << 0;
    pub const BOUND: u32 = 1 << 1;
    pub const UNBOUND: u32 = 1 << 2;
    pub const BOUND_GILSTATE: u32 = 1 << 3;
    pub const ACTIVE: u32 = 1 << 4;
    pub const FINALIZING: u32 = 1 << 5;
    pub const CLEARED: u32 = 1 << 6;
    pub const FINALIZED: u32 = 1 << 7;

    #[inline(always)]
    pub const fn has(&self, bit: u32) -> bool {
        self.bits.get() & bit != 0
    }

    #[inline(always)]
    pub fn put(&self, bit: u32, on: bool) {
        let rest = self.bits.get() & !bit;
        self.bits.set(if on { rest | bit } else { rest });
    }
}

pub type Py_tracefunc = unsafe extern "C" fn(*mut PyObject, *mut PyFrameObject, c_int, *mut PyObject) -> c_int;

pub type PyGILState_STATE = c_int;
pub const PyGILState_LOCKED: PyGILState_STATE = 0;
pub const PyGILState_UNLOCKED: PyGILState_STATE = 1;

/// Opaque.
#[repr(C)]
pub struct PyInterpreterState {
    _opaque: [u8; 0],
}

/// Opaque.
#[repr(C)]
pub struct _qsbr_thread_state {
    _opaque: [u8; 0],
}

/// The exception that is being handled, one per generator and one per thread.
#[repr(C)]
pub struct _PyErr_StackItem {
    /// The exception being handled, or NULL.
    pub exc_value: Cell<*mut PyObject>,
    pub previous_item: Cell<*mut _PyErr_StackItem>,
}
const _: () = assert!(size_of::<_PyErr_StackItem>() == 16);

/// One piece of the data stack.
#[repr(C)]
pub struct _PyStackChunk {
    pub previous: Cell<*mut _PyStackChunk>,
    pub size: Cell<usize>,
    pub top: Cell<usize>,
    pub data: [Cell<*mut PyObject>; 1],
}
const _: () = assert!(size_of::<_PyStackChunk>() == 32);

/// What a remote debugger writes to have a script run (PEP 768).
#[repr(C)]
pub struct _PyRemoteDebuggerSupport {
    pub debugger_pending_call: AtomicI32,
    pub debugger_script_path: [Cell<c_char>; 512],
}
const _: () = assert!(size_of::<_PyRemoteDebuggerSupport>() == 516);

/// A thread, as one interpreter sees it.
#[repr(C)]
pub struct PyThreadState {
    pub prev: Cell<*mut PyThreadState>,
    pub next: Cell<*mut PyThreadState>,
    pub interp: Cell<*mut PyInterpreterState>,
    /// Events in the low bits, the version of instrumentation above; other threads write it.
    pub eval_breaker: AtomicUsize,
    pub _status: _PyThreadState_status,
    pub holds_gil: Cell<c_int>,
    pub _whence: Cell<c_int>,
    pub state: Cell<c_int>,
    /// Calls left before `RecursionError`.
    pub py_recursion_remaining: Cell<c_int>,
    pub py_recursion_limit: Cell<c_int>,
    pub recursion_headroom: Cell<c_int>,
    /// Above 0 while a trace or profile function runs.
    pub tracing: Cell<c_int>,
    /// The event that is being traced, or -1.
    pub what_event: Cell<c_int>,
    pub current_frame: Cell<*mut _PyInterpreterFrame>,
    pub c_profilefunc: Cell<Option<Py_tracefunc>>,
    pub c_tracefunc: Cell<Option<Py_tracefunc>>,
    pub c_profileobj: Cell<*mut PyObject>,
    pub c_traceobj: Cell<*mut PyObject>,
    /// The exception that is set, or NULL.
    pub current_exception: Cell<*mut PyObject>,
    /// The top of the stack of exceptions being handled.
    pub exc_info: Cell<*mut _PyErr_StackItem>,
    pub dict: Cell<*mut PyObject>,
    pub gilstate_counter: Cell<c_int>,
    /// An exception that another thread wants raised here.
    pub async_exc: Cell<*mut PyObject>,
    pub thread_id: Cell<c_ulong>,
    pub native_thread_id: Cell<c_ulong>,
    /// Objects whose deallocation waits, so that the stack does not overflow.
    pub delete_later: Cell<*mut PyObject>,
    pub critical_section: Cell<usize>,
    pub coroutine_origin_tracking_depth: Cell<c_int>,
    pub async_gen_firstiter: Cell<*mut PyObject>,
    pub async_gen_finalizer: Cell<*mut PyObject>,
    pub context: Cell<*mut PyObject>,
    /// Changes with the context, for the caches of context variables.
    pub context_ver: Cell<u64>,
    pub id: Cell<u64>,
    pub datastack_chunk: Cell<*mut _PyStackChunk>,
    pub datastack_top: Cell<*mut *mut PyObject>,
    pub datastack_limit: Cell<*mut *mut PyObject>,
    /// The bottom of the stack that `exc_info` points to.
    pub exc_state: _PyErr_StackItem,
    pub current_executor: Cell<*mut PyObject>,
    pub dict_global_version: Cell<u64>,
    pub threading_local_key: Cell<*mut PyObject>,
    pub threading_local_sentinel: Cell<*mut PyObject>,
    pub remote_debugger_support: _PyRemoteDebuggerSupport,
    /// A chunk kept for the next push.
    pub datastack_cached_chunk: Cell<*mut _PyStackChunk>,
}
const _: () = assert!(size_of::<PyThreadState>() == 832);

/// A link of a circular list.
#[repr(C)]
pub struct llist_node {
    pub next: Cell<*mut llist_node>,
    pub prev: Cell<*mut llist_node>,
}
const _: () = assert!(size_of::<llist_node>() == 16);

/// A thread state with the part that C cannot see.
#[repr(C)]
pub struct _PyThreadStateImpl {
    pub base: PyThreadState,
    pub refcount: Cell<Py_ssize_t>,
    pub c_stack_top: Cell<usize>,
    pub c_stack_soft_limit: Cell<usize>,
    pub c_stack_hard_limit: Cell<usize>,
    pub asyncio_running_loop: Cell<*mut PyObject>,
    pub asyncio_running_task: Cell<*mut PyObject>,
    pub asyncio_tasks_head: llist_node,
    pub qsbr: Cell<*mut _qsbr_thread_state>,
    pub mem_free_queue: llist_node,
    pub c_stack_init_base: Cell<usize>,
    pub c_stack_init_top: Cell<usize>,
}
const _: () = assert!(size_of::<_PyThreadStateImpl>() == 936);

pub const MAX_CO_EXTRA_USERS: c_int = 255;
pub const PyTrace_CALL: c_int = 0;
pub const PyTrace_EXCEPTION: c_int = 1;
pub const PyTrace_LINE: c_int = 2;
pub const PyTrace_RETURN: c_int = 3;
pub const PyTrace_C_CALL: c_int = 4;
pub const PyTrace_C_EXCEPTION: c_int = 5;
pub const PyTrace_C_RETURN: c_int = 6;
pub const PyTrace_OPCODE: c_int = 7;
pub const _Py_MAX_SCRIPT_PATH_SIZE: c_int = 512;
pub const _PyThreadState_WHENCE_NOTSET: c_int = -1;
pub const _PyThreadState_WHENCE_UNKNOWN: c_int = 0;
pub const _PyThreadState_WHENCE_INIT: c_int = 1;
pub const _PyThreadState_WHENCE_FINI: c_int = 2;
pub const _PyThreadState_WHENCE_THREADING: c_int = 3;
pub const _PyThreadState_WHENCE_GILSTATE: c_int = 4;
pub const _PyThreadState_WHENCE_EXEC: c_int = 5;
pub const _PyOS_LOG2_STACK_MARGIN: c_int = 11;
pub const _PyOS_STACK_MARGIN: c_int = 2048;
pub const _PyOS_STACK_MARGIN_BYTES: c_ulong = 16384;
pub const _PyOS_STACK_MARGIN_SHIFT: c_int = 14;
pub const _PY_GIL_DROP_REQUEST_BIT: usize = 1;
pub const _PY_SIGNALS_PENDING_BIT: usize = 2;
pub const _PY_CALLS_TO_DO_BIT: usize = 4;
pub const _PY_ASYNC_EXCEPTION_BIT: usize = 8;
pub const _PY_GC_SCHEDULED_BIT: usize = 16;
pub const _PY_EVAL_PLEASE_STOP_BIT: usize = 32;
pub const _PY_EVAL_EXPLICIT_MERGE_BIT: usize = 64;
pub const _PY_EVAL_JIT_INVALIDATE_COLD_BIT: usize = 128;
pub const _PY_EVAL_EVENTS_BITS: usize = 8;
pub const _PY_EVAL_EVENTS_MASK: usize = 255;

shared! {
    _PyErr_StackItem, _PyStackChunk, _PyRemoteDebuggerSupport, PyThreadState, llist_node, _PyThreadStateImpl,
    _PyThreadState_status,
}
