//! The native modules of the standard library that need nothing of the virtual machine's inside.

mod abc;
mod bisect;
mod collections;
mod contextvars;
mod csv;
mod datetime;
mod functools;
mod heapq;
mod io;
mod itertools;
mod json;
mod opcode;
mod operator;
mod posix;
mod random;
mod sre;
mod stat;
mod statistics;
mod support;
mod tokenize;

use taipan_runtime::import::InitFunction;

/// The modules, sorted by name.
pub static MODULES: &[(&str, InitFunction)] = &[
    ("_abc", abc::Abc::init),
    ("_bisect", bisect::Bisect::init),
    ("_collections", collections::Collections::init),
    ("_contextvars", contextvars::ContextVars::init),
    ("_csv", csv::Csv::init),
    ("_datetime", datetime::DateTimeModule::init),
    ("_functools", functools::Functools::init),
    ("_heapq", heapq::Heapq::init),
    ("_io", io::Io::init),
    ("_json", json::Json::init),
    ("_opcode", opcode::OpcodeModule::init),
    ("_operator", operator::Operator::init),
    ("_random", random::RandomModule::init),
    ("_sre", sre::Sre::init),
    ("_stat", stat::Stat::init),
    ("_statistics", statistics::Statistics::init),
    ("_tokenize", tokenize::Tokenize::init),
    ("itertools", itertools::Itertools::init),
    ("posix", posix::Posix::init),
];
