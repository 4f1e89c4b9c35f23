//! The native modules of the standard library that need nothing of the virtual machine's inside.

mod abc;
mod array;
mod bisect;
mod collections;
mod contextvars;
mod functools;
mod heapq;
mod io;
mod itertools;
mod math;
mod opcode;
mod operator;
mod posix;
mod random;
mod sre;
mod stat;
mod statistics;
mod struct_;
mod support;
mod tokenize;

use taipan_runtime::import::InitFunction;

/// The modules, sorted by name.
pub static MODULES: &[(&str, InitFunction)] = &[
    ("_abc", abc::Abc::init),
    ("_bisect", bisect::Bisect::init),
    ("_collections", collections::Collections::init),
    ("_contextvars", contextvars::ContextVars::init),
    ("_functools", functools::Functools::init),
    ("_heapq", heapq::Heapq::init),
    ("_io", io::Io::init),
    ("_opcode", opcode::OpcodeModule::init),
    ("_operator", operator::Operator::init),
    ("_random", random::RandomModule::init),
    ("_sre", sre::Sre::init),
    ("_stat", stat::Stat::init),
    ("_statistics", statistics::Statistics::init),
    ("_struct", struct_::StructModule::init),
    ("_tokenize", tokenize::Tokenize::init),
    ("array", array::ArrayModule::init),
    ("itertools", itertools::Itertools::init),
    ("math", math::Math::init),
    ("posix", posix::Posix::init),
];
