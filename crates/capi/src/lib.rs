//! The C functions that extension modules link against, one file per header of CPython's `Include`.
//!
//! Every function is declared with [`capi!`]: its body is a `PyResult` of Rust values, and `outcome` turns that into what C expects
//! (NULL or -1 with the exception set). The types' static objects (`PyList_Type`, `PyExc_TypeError`, ...) are exported by `runtime`,
//! where they are declared. Functions with `...` are C (`variadic.c`), because stable Rust cannot define them, and call the Rust ones.
//!
//! Invariant: a pointer that C passes is live and of the C parameter's kind; what the C function of CPython checks, ours checks too and
//! raises the same error.

#![allow(non_snake_case, non_upper_case_globals)]

#[macro_use]
mod outcome;

mod list;
mod parameters;
mod support;
mod va;

mod abstract_;
mod boolean;
mod build_value;
mod bytearray;
mod bytes;
mod cell;
mod ceval;
mod code;
mod codecs;
mod complex;
mod dict;
mod fileobject;
mod fileutils;
mod float;
mod frame;
mod from_format;
mod function;
mod generator;
mod getargs;
mod hash;
mod import;
mod initconfig;
mod iter;
mod lock;
mod long;
mod marshal;
mod methodobject;
mod moduleobject;
mod object;
mod objimpl;
mod osmodule;
mod picklebuf;
mod pybuffer;
mod pycapsule;
mod pyctype;
mod pyerrors;
mod pylifecycle;
mod pystate;
mod pythonrun;
mod pythread;
mod pytime;
mod refcount;
mod runtime;
mod set;
mod slice;
mod strtod;
mod structseq;
mod sysmodule;
mod trace;
mod tracemalloc;
mod tuple;
mod typeobject;
mod unicode;
mod unicode_error;
mod warnings;
mod weakref;

/// Keeps this crate, and with it every exported symbol, in the executable.
pub fn link() {}

/// Shows the configuration to C, after the start of the interpreter.
pub fn start() {
    pylifecycle::publish_flags();
}
