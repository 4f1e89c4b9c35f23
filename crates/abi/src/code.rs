//! Code objects.
//!
//! CPython: `Include/cpython/code.h`, `pycore_code.h`.
//! The instructions stand behind the head, from `co_code_adaptive` on: `Py_SIZE` units of two bytes.

use core::cell::Cell;
use core::ffi::{c_char, c_int, c_ulong, c_void};

use crate::object::{Py_ssize_t, PyObject, PyVarObject};

pub type PyCode_WatchCallback = unsafe extern "C" fn(PyCodeEvent, *mut PyCodeObject) -> c_int;

pub type PyCodeEvent = c_int;
pub const PY_CODE_EVENT_CREATE: PyCodeEvent = 0;
pub const PY_CODE_EVENT_DESTROY: PyCodeEvent = 1;

pub type _PyCodeLocationInfoKind = c_int;
pub const PY_CODE_LOCATION_INFO_SHORT0: _PyCodeLocationInfoKind = 0;
pub const PY_CODE_LOCATION_INFO_ONE_LINE0: _PyCodeLocationInfoKind = 10;
pub const PY_CODE_LOCATION_INFO_ONE_LINE1: _PyCodeLocationInfoKind = 11;
pub const PY_CODE_LOCATION_INFO_ONE_LINE2: _PyCodeLocationInfoKind = 12;
pub const PY_CODE_LOCATION_INFO_NO_COLUMNS: _PyCodeLocationInfoKind = 13;
pub const PY_CODE_LOCATION_INFO_LONG: _PyCodeLocationInfoKind = 14;
pub const PY_CODE_LOCATION_INFO_NONE: _PyCodeLocationInfoKind = 15;

/// Opaque.
#[repr(C)]
pub struct _PyExecutorObject {
    _opaque: [u8; 0],
}

/// Attributes of a code object that are made when first read.
#[repr(C)]
pub struct _PyCoCached {
    pub _co_code: Cell<*mut PyObject>,
    pub _co_varnames: Cell<*mut PyObject>,
    pub _co_cellvars: Cell<*mut PyObject>,
    pub _co_freevars: Cell<*mut PyObject>,
}
const _: () = assert!(size_of::<_PyCoCached>() == 32);

/// Traces of the second tier.
#[repr(C)]
pub struct _PyExecutorArray {
    pub size: Cell<c_int>,
    pub capacity: Cell<c_int>,
    pub executors: [Cell<*mut _PyExecutorObject>; 1],
}
const _: () = assert!(size_of::<_PyExecutorArray>() == 16);

/// `code`.
#[repr(C)]
pub struct PyCodeObject {
    pub ob_base: PyVarObject,
    pub co_consts: Cell<*mut PyObject>,
    pub co_names: Cell<*mut PyObject>,
    pub co_exceptiontable: Cell<*mut PyObject>,
    /// `CO_...`.
    pub co_flags: Cell<c_int>,
    pub co_argcount: Cell<c_int>,
    pub co_posonlyargcount: Cell<c_int>,
    pub co_kwonlyargcount: Cell<c_int>,
    pub co_stacksize: Cell<c_int>,
    pub co_firstlineno: Cell<c_int>,
    /// Locals, cells and free variables together.
    pub co_nlocalsplus: Cell<c_int>,
    /// Words of its frame: head, locals and stack.
    pub co_framesize: Cell<c_int>,
    pub co_nlocals: Cell<c_int>,
    pub co_ncellvars: Cell<c_int>,
    pub co_nfreevars: Cell<c_int>,
    /// For inline caches of calls.
    pub co_version: Cell<u32>,
    pub co_localsplusnames: Cell<*mut PyObject>,
    /// Bytes of `CO_FAST_...` flags, one per variable.
    pub co_localspluskinds: Cell<*mut PyObject>,
    pub co_filename: Cell<*mut PyObject>,
    pub co_name: Cell<*mut PyObject>,
    pub co_qualname: Cell<*mut PyObject>,
    pub co_linetable: Cell<*mut PyObject>,
    pub co_weakreflist: Cell<*mut PyObject>,
    pub co_executors: Cell<*mut _PyExecutorArray>,
    pub _co_cached: Cell<*mut _PyCoCached>,
    /// The version of instrumentation that the instructions have.
    pub _co_instrumentation_version: Cell<usize>,
    pub _co_monitoring: Cell<*mut _PyCoMonitoringData>,
    pub _co_unique_id: Cell<Py_ssize_t>,
    /// Index of the first instruction that can be traced: the `RESUME`.
    pub _co_firsttraceable: Cell<c_int>,
    /// What `PyUnstable_Code_SetExtra` stores.
    pub co_extra: Cell<*mut c_void>,
    /// The instructions, as specialised and instrumented.
    pub co_code_adaptive: [Cell<c_char>; 1],
}
const _: () = assert!(size_of::<PyCodeObject>() == 216);

/// A range of instructions that share a line.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyCodeAddressRange {
    pub ar_start: c_int,
    pub ar_end: c_int,
    pub ar_line: c_int,
    pub opaque: _opaque,
}
const _: () = assert!(size_of::<PyCodeAddressRange>() == 40);

/// The reading position in a location table.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _opaque {
    pub computed_line: c_int,
    pub lo_next: *const u8,
    pub limit: *const u8,
}
const _: () = assert!(size_of::<_opaque>() == 24);

/// An instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _Py_CODEUNIT_op {
    pub code: u8,
    pub arg: u8,
}
const _: () = assert!(size_of::<_Py_CODEUNIT_op>() == 2);

/// One unit of bytecode: an instruction, a cache entry, or the counter of a specialisable instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub union _Py_CODEUNIT {
    pub cache: u16,
    pub op: _Py_CODEUNIT_op,
    pub counter: _Py_BackoffCounter,
}
const _: () = assert!(size_of::<_Py_CODEUNIT>() == 2);

/// A counter with its exponent in the low bits.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _Py_BackoffCounter {
    pub value_and_backoff: u16,
}
const _: () = assert!(size_of::<_Py_BackoffCounter>() == 2);

/// The tools that watch each local event.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _Py_LocalMonitors {
    pub tools: [u8; 11],
}
const _: () = assert!(size_of::<_Py_LocalMonitors>() == 11);

/// The tools that watch each event.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _Py_GlobalMonitors {
    pub tools: [u8; 16],
}
const _: () = assert!(size_of::<_Py_GlobalMonitors>() == 16);

/// The original opcodes and line deltas below line events.
#[repr(C)]
pub struct _PyCoLineInstrumentationData {
    pub bytes_per_entry: Cell<u8>,
    pub data: [Cell<u8>; 1],
}
const _: () = assert!(size_of::<_PyCoLineInstrumentationData>() == 2);

/// What monitoring keeps for a code object.
#[repr(C)]
pub struct _PyCoMonitoringData {
    pub local_monitors: Cell<_Py_LocalMonitors>,
    pub active_monitors: Cell<_Py_LocalMonitors>,
    pub tools: Cell<*mut u8>,
    pub tool_versions: [Cell<usize>; 8],
    pub lines: Cell<*mut _PyCoLineInstrumentationData>,
    pub line_tools: Cell<*mut u8>,
    pub per_instruction_opcodes: Cell<*mut u8>,
    pub per_instruction_tools: Cell<*mut u8>,
}
const _: () = assert!(size_of::<_PyCoMonitoringData>() == 128);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyAttrCache {
    pub counter: _Py_BackoffCounter,
    pub version: [u16; 2],
    pub index: u16,
}
const _: () = assert!(size_of::<_PyAttrCache>() == 8);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyLoadMethodCache {
    pub counter: _Py_BackoffCounter,
    pub type_version: [u16; 2],
    pub keys_version: [u16; 2],
    pub descr: [u16; 4],
}
const _: () = assert!(size_of::<_PyLoadMethodCache>() == 18);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyLoadGlobalCache {
    pub counter: _Py_BackoffCounter,
    pub module_keys_version: u16,
    pub builtin_keys_version: u16,
    pub index: u16,
}
const _: () = assert!(size_of::<_PyLoadGlobalCache>() == 8);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyBinaryOpCache {
    pub counter: _Py_BackoffCounter,
    pub external_cache: [u16; 4],
}
const _: () = assert!(size_of::<_PyBinaryOpCache>() == 10);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyUnpackSequenceCache {
    pub counter: _Py_BackoffCounter,
}
const _: () = assert!(size_of::<_PyUnpackSequenceCache>() == 2);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyCompareOpCache {
    pub counter: _Py_BackoffCounter,
}
const _: () = assert!(size_of::<_PyCompareOpCache>() == 2);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PySuperAttrCache {
    pub counter: _Py_BackoffCounter,
}
const _: () = assert!(size_of::<_PySuperAttrCache>() == 2);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyCallCache {
    pub counter: _Py_BackoffCounter,
    pub func_version: [u16; 2],
}
const _: () = assert!(size_of::<_PyCallCache>() == 6);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyStoreSubscrCache {
    pub counter: _Py_BackoffCounter,
}
const _: () = assert!(size_of::<_PyStoreSubscrCache>() == 2);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyForIterCache {
    pub counter: _Py_BackoffCounter,
}
const _: () = assert!(size_of::<_PyForIterCache>() == 2);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PySendCache {
    pub counter: _Py_BackoffCounter,
}
const _: () = assert!(size_of::<_PySendCache>() == 2);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyToBoolCache {
    pub counter: _Py_BackoffCounter,
    pub version: [u16; 2],
}
const _: () = assert!(size_of::<_PyToBoolCache>() == 6);

/// The inline cache entries of one instruction.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct _PyContainsOpCache {
    pub counter: _Py_BackoffCounter,
}
const _: () = assert!(size_of::<_PyContainsOpCache>() == 2);

pub const PY_MONITORING_EVENT_PY_START: c_int = 0;
pub const PY_MONITORING_EVENT_PY_RESUME: c_int = 1;
pub const PY_MONITORING_EVENT_PY_RETURN: c_int = 2;
pub const PY_MONITORING_EVENT_PY_YIELD: c_int = 3;
pub const PY_MONITORING_EVENT_CALL: c_int = 4;
pub const PY_MONITORING_EVENT_LINE: c_int = 5;
pub const PY_MONITORING_EVENT_INSTRUCTION: c_int = 6;
pub const PY_MONITORING_EVENT_JUMP: c_int = 7;
pub const PY_MONITORING_EVENT_BRANCH_LEFT: c_int = 8;
pub const PY_MONITORING_EVENT_BRANCH_RIGHT: c_int = 9;
pub const PY_MONITORING_EVENT_STOP_ITERATION: c_int = 10;
pub const PY_MONITORING_EVENT_RAISE: c_int = 11;
pub const PY_MONITORING_EVENT_EXCEPTION_HANDLED: c_int = 12;
pub const PY_MONITORING_EVENT_PY_UNWIND: c_int = 13;
pub const PY_MONITORING_EVENT_PY_THROW: c_int = 14;
pub const PY_MONITORING_EVENT_RERAISE: c_int = 15;
pub const PY_MONITORING_EVENT_C_RETURN: c_int = 16;
pub const PY_MONITORING_EVENT_C_RAISE: c_int = 17;
pub const PY_MONITORING_EVENT_BRANCH: c_int = 18;
pub const CO_OPTIMIZED: c_int = 1;
pub const CO_NEWLOCALS: c_int = 2;
pub const CO_VARARGS: c_int = 4;
pub const CO_VARKEYWORDS: c_int = 8;
pub const CO_NESTED: c_int = 16;
pub const CO_GENERATOR: c_int = 32;
pub const CO_COROUTINE: c_int = 128;
pub const CO_ITERABLE_COROUTINE: c_int = 256;
pub const CO_ASYNC_GENERATOR: c_int = 512;
pub const CO_FUTURE_DIVISION: c_int = 0x20000;
pub const CO_FUTURE_ABSOLUTE_IMPORT: c_int = 0x40000;
pub const CO_FUTURE_WITH_STATEMENT: c_int = 0x80000;
pub const CO_FUTURE_PRINT_FUNCTION: c_int = 0x100000;
pub const CO_FUTURE_UNICODE_LITERALS: c_int = 0x200000;
pub const CO_FUTURE_BARRY_AS_BDFL: c_int = 0x400000;
pub const CO_FUTURE_GENERATOR_STOP: c_int = 0x800000;
pub const CO_FUTURE_ANNOTATIONS: c_int = 0x1000000;
pub const CO_NO_MONITORING_EVENTS: c_int = 0x2000000;
pub const CO_HAS_DOCSTRING: c_int = 0x4000000;
pub const CO_METHOD: c_int = 0x8000000;
pub const CO_MAXBLOCKS: c_int = 21;
pub const INLINE_CACHE_ENTRIES_LOAD_GLOBAL: c_ulong = 4;
pub const INLINE_CACHE_ENTRIES_BINARY_OP: c_ulong = 5;
pub const INLINE_CACHE_ENTRIES_UNPACK_SEQUENCE: c_ulong = 1;
pub const INLINE_CACHE_ENTRIES_COMPARE_OP: c_ulong = 1;
pub const INLINE_CACHE_ENTRIES_LOAD_SUPER_ATTR: c_ulong = 1;
pub const INLINE_CACHE_ENTRIES_LOAD_ATTR: c_ulong = 9;
pub const INLINE_CACHE_ENTRIES_STORE_ATTR: c_ulong = 4;
pub const INLINE_CACHE_ENTRIES_CALL: c_ulong = 3;
pub const INLINE_CACHE_ENTRIES_CALL_KW: c_ulong = 3;
pub const INLINE_CACHE_ENTRIES_STORE_SUBSCR: c_ulong = 1;
pub const INLINE_CACHE_ENTRIES_FOR_ITER: c_ulong = 1;
pub const INLINE_CACHE_ENTRIES_SEND: c_ulong = 1;
pub const INLINE_CACHE_ENTRIES_TO_BOOL: c_ulong = 3;
pub const INLINE_CACHE_ENTRIES_CONTAINS_OP: c_ulong = 1;
pub const CO_FAST_ARG_POS: c_int = 2;
pub const CO_FAST_ARG_KW: c_int = 4;
pub const CO_FAST_ARG_VAR: c_int = 8;
pub const CO_FAST_ARG: c_int = 14;
pub const CO_FAST_HIDDEN: c_int = 16;
pub const CO_FAST_LOCAL: c_int = 32;
pub const CO_FAST_CELL: c_int = 64;
pub const CO_FAST_FREE: c_int = 128;
pub const COMPARISON_UNORDERED: c_int = 1;
pub const COMPARISON_LESS_THAN: c_int = 2;
pub const COMPARISON_GREATER_THAN: c_int = 4;
pub const COMPARISON_EQUALS: c_int = 8;
pub const COMPARISON_NOT_EQUALS: c_int = 7;
pub const CODE_MAX_WATCHERS: c_int = 8;
pub const PY_MONITORING_DEBUGGER_ID: c_int = 0;
pub const PY_MONITORING_COVERAGE_ID: c_int = 1;
pub const PY_MONITORING_PROFILER_ID: c_int = 2;
pub const PY_MONITORING_OPTIMIZER_ID: c_int = 5;
pub const PY_MONITORING_SYS_PROFILE_ID: c_int = 6;
pub const PY_MONITORING_SYS_TRACE_ID: c_int = 7;
pub const PY_MONITORING_TOOL_IDS: c_int = 8;
pub const _PY_MONITORING_LOCAL_EVENTS: c_int = 11;
pub const _PY_MONITORING_UNGROUPED_EVENTS: c_int = 16;
pub const _PY_MONITORING_EVENTS: c_int = 19;

shared! {
    _PyCoCached, _PyExecutorArray, PyCodeObject, PyCodeAddressRange, _opaque, _Py_CODEUNIT_op, _Py_CODEUNIT,
    _Py_BackoffCounter, _Py_LocalMonitors, _Py_GlobalMonitors, _PyCoLineInstrumentationData,
    _PyCoMonitoringData, _PyAttrCache, _PyLoadMethodCache, _PyLoadGlobalCache, _PyBinaryOpCache,
    _PyUnpackSequenceCache, _PyCompareOpCache, _PySuperAttrCache, _PyCallCache, _PyStoreSubscrCache,
    _PyForIterCache, _PySendCache, _PyToBoolCache, _PyContainsOpCache,
}
