//! The C functions that extension modules link against, one file per header of CPython's `Include`.
//!
//! Every function is declared with [`capi!`]: its body is a `PyResult` of Rust values, and `outcome` turns that into what C expects
//! (NULL or -1 with the exception set). The types' static objects (`PyList_Type`, `PyExc_TypeError`, ...) are exported by `runtime`,
//! where they are declared. Functions with `...` are C (`variadic.c`), because stable Rust cannot define them, and call the Rust ones.
//!
//! Invariant: a pointer that C passes is live and of the C parameter's kind; what the C function of CPython checks, ours checks too and
//! raises the same error.

#![allow(non_snake_case)]

#[macro_use]
mod outcome;

mod list;
mod trace;

/// Keeps this crate, and with it every exported symbol, in the executable.
pub fn link() {}
