//! The native modules of the standard library that need nothing of the virtual machine's inside.

mod abc;
mod collections;
mod functools;
mod itertools;
mod operator;
mod posix;
mod support;

use taipan_runtime::import::InitFunction;

/// The modules, sorted by name.
pub static MODULES: &[(&str, InitFunction)] = &[
    ("_abc", abc::Abc::init),
    ("_collections", collections::Collections::init),
    ("_functools", functools::Functools::init),
    ("_operator", operator::Operator::init),
    ("itertools", itertools::Itertools::init),
    ("posix", posix::Posix::init),
];
