//! Flags of the compiler and the start symbols of the parser.
//!
//! CPython: `Include/cpython/compile.h`, `Include/compile.h`.

use core::ffi::c_int;

/// The flags of one compilation.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct PyCompilerFlags {
    /// `PyCF_...` and `CO_FUTURE_...`.
    pub cf_flags: c_int,
    pub cf_feature_version: c_int,
}
const _: () = assert!(size_of::<PyCompilerFlags>() == 8);

pub const Py_single_input: c_int = 256;
pub const Py_file_input: c_int = 257;
pub const Py_eval_input: c_int = 258;
pub const Py_func_type_input: c_int = 345;
pub const PyCF_MASK: c_int = 0x1fe0000;
pub const PyCF_MASK_OBSOLETE: c_int = 16;
pub const PyCF_SOURCE_IS_UTF8: c_int = 256;
pub const PyCF_DONT_IMPLY_DEDENT: c_int = 512;
pub const PyCF_ONLY_AST: c_int = 1024;
pub const PyCF_IGNORE_COOKIE: c_int = 2048;
pub const PyCF_TYPE_COMMENTS: c_int = 4096;
pub const PyCF_ALLOW_TOP_LEVEL_AWAIT: c_int = 8192;
pub const PyCF_ALLOW_INCOMPLETE_INPUT: c_int = 16384;
pub const PyCF_OPTIMIZED_AST: c_int = 33792;
pub const PyCF_COMPILE_MASK: c_int = 62976;

shared! { PyCompilerFlags }
