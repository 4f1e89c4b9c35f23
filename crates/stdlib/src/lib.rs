//! The native modules of the standard library that need nothing of the virtual machine's inside.

mod abc;
mod bisect;
mod collections;
mod contextvars;
mod fcntl;
mod functools;
mod grp;
mod heapq;
mod io;
mod itertools;
mod json;
mod locale;
mod math;
mod multiprocessing;
mod opcode;
mod operator;
mod posix;
mod posixshmem;
mod posixsubprocess;
mod pwd;
mod random;
mod resource;
mod select;
mod socket;
mod sre;
mod stat;
mod statistics;
mod struct_;
mod support;
mod syslog;
mod system;
mod termios;
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
    ("_json", json::Json::init),
    ("_locale", locale::Locale::init),
    ("_multiprocessing", multiprocessing::Multiprocessing::init),
    ("_opcode", opcode::OpcodeModule::init),
    ("_operator", operator::Operator::init),
    ("_posixshmem", posixshmem::PosixShmem::init),
    ("_posixsubprocess", posixsubprocess::PosixSubprocess::init),
    ("_random", random::RandomModule::init),
    ("_socket", socket::SocketModule::init),
    ("_sre", sre::Sre::init),
    ("_stat", stat::Stat::init),
    ("_statistics", statistics::Statistics::init),
    ("_struct", struct_::StructModule::init),
    ("_tokenize", tokenize::Tokenize::init),
    ("fcntl", fcntl::Fcntl::init),
    ("grp", grp::Grp::init),
    ("itertools", itertools::Itertools::init),
    ("math", math::Math::init),
    ("posix", posix::Posix::init),
    ("pwd", pwd::Pwd::init),
    ("resource", resource::Resource::init),
    ("select", select::Select::init),
    ("syslog", syslog::Syslog::init),
    ("termios", termios::Termios::init),
];
