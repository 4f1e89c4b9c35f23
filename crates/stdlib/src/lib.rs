//! The native modules of the standard library that need nothing of the virtual machine's inside.

mod abc;
mod collections;
mod functools;
mod io;
mod operator;
mod posix;
mod support;

use taipan_runtime::import::InitFunction;

/// The modules, sorted by name.
pub static MODULES: &[(&str, InitFunction)] = &[
    ("_abc", abc::Abc::init),
    ("_collections", collections::Collections::init),
    ("_functools", functools::Functools::init),
    ("_io", io::Io::init),
    ("_operator", operator::Operator::init),
    ("posix", posix::Posix::init),
];
