//! Constants of evaluation: recursion, formatting, binary operators.
//!
//! CPython: `Include/opcode.h`, `Include/ceval.h`, `pycore_ceval.h`, `pycore_intrinsics.h`, `pycore_opcode_utils.h`.

use core::ffi::c_int;

pub const FVC_MASK: c_int = 3;
pub const FVC_NONE: c_int = 0;
pub const FVC_STR: c_int = 1;
pub const FVC_REPR: c_int = 2;
pub const FVC_ASCII: c_int = 3;
pub const MAKE_FUNCTION_DEFAULTS: c_int = 1;
pub const MAKE_FUNCTION_KWDEFAULTS: c_int = 2;
pub const MAKE_FUNCTION_ANNOTATIONS: c_int = 4;
pub const MAKE_FUNCTION_CLOSURE: c_int = 8;
pub const MAKE_FUNCTION_ANNOTATE: c_int = 16;
pub const CONSTANT_ASSERTIONERROR: c_int = 0;
pub const CONSTANT_NOTIMPLEMENTEDERROR: c_int = 1;
pub const CONSTANT_BUILTIN_TUPLE: c_int = 2;
pub const CONSTANT_BUILTIN_ALL: c_int = 3;
pub const CONSTANT_BUILTIN_ANY: c_int = 4;
pub const NUM_COMMON_CONSTANTS: c_int = 5;
pub const RESUME_AT_FUNC_START: c_int = 0;
pub const RESUME_AFTER_YIELD: c_int = 1;
pub const RESUME_AFTER_YIELD_FROM: c_int = 2;
pub const RESUME_AFTER_AWAIT: c_int = 3;
pub const RESUME_OPARG_LOCATION_MASK: c_int = 3;
pub const RESUME_OPARG_DEPTH1_MASK: c_int = 4;
pub const NB_SMALL_SIZE_CLASSES: c_int = 32;
pub const SPECIAL___ENTER__: c_int = 0;
pub const SPECIAL___EXIT__: c_int = 1;
pub const SPECIAL___AENTER__: c_int = 2;
pub const SPECIAL___AEXIT__: c_int = 3;
pub const SPECIAL_MAX: c_int = 3;
pub const INTRINSIC_1_INVALID: c_int = 0;
pub const INTRINSIC_PRINT: c_int = 1;
pub const INTRINSIC_IMPORT_STAR: c_int = 2;
pub const INTRINSIC_STOPITERATION_ERROR: c_int = 3;
pub const INTRINSIC_ASYNC_GEN_WRAP: c_int = 4;
pub const INTRINSIC_UNARY_POSITIVE: c_int = 5;
pub const INTRINSIC_LIST_TO_TUPLE: c_int = 6;
pub const INTRINSIC_TYPEVAR: c_int = 7;
pub const INTRINSIC_PARAMSPEC: c_int = 8;
pub const INTRINSIC_TYPEVARTUPLE: c_int = 9;
pub const INTRINSIC_SUBSCRIPT_GENERIC: c_int = 10;
pub const INTRINSIC_TYPEALIAS: c_int = 11;
pub const MAX_INTRINSIC_1: c_int = 11;
pub const INTRINSIC_2_INVALID: c_int = 0;
pub const INTRINSIC_PREP_RERAISE_STAR: c_int = 1;
pub const INTRINSIC_TYPEVAR_WITH_BOUND: c_int = 2;
pub const INTRINSIC_TYPEVAR_WITH_CONSTRAINTS: c_int = 3;
pub const INTRINSIC_SET_FUNCTION_TYPE_PARAMS: c_int = 4;
pub const INTRINSIC_SET_TYPEPARAM_DEFAULT: c_int = 5;
pub const MAX_INTRINSIC_2: c_int = 5;
