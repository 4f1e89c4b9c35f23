//! The native modules of the standard library that need nothing of the virtual machine's inside.

mod abc;
mod array;
mod binascii;
mod bisect;
mod bz2;
mod collections;
mod compression;
mod contextvars;
mod fcntl;
mod functools;
mod grp;
mod hashes;
mod heapq;
mod io;
mod itertools;
mod json;
mod locale;
mod lzma;
mod math;
mod opcode;
mod operator;
mod posix;
mod posixsubprocess;
mod pwd;
mod random;
mod select;
mod sre;
mod stat;
mod statistics;
mod struct_;
mod support;
mod system;
mod tokenize;
mod zlib;

use taipan_runtime::import::InitFunction;

/// The modules, sorted by name.
pub static MODULES: &[(&str, InitFunction)] = &[
    ("_abc", abc::Abc::init),
    ("_bisect", bisect::Bisect::init),
    ("_blake2", hashes::Blake2::init),
    ("_bz2", bz2::Bz2::init),
    ("_collections", collections::Collections::init),
    ("_contextvars", contextvars::ContextVars::init),
    ("_functools", functools::Functools::init),
    ("_heapq", heapq::Heapq::init),
    ("_hmac", hashes::HmacModule::init),
    ("_io", io::Io::init),
    ("_json", json::Json::init),
    ("_locale", locale::Locale::init),
    ("_lzma", lzma::Lzma::init),
    ("_md5", hashes::Md5Module::init),
    ("_opcode", opcode::OpcodeModule::init),
    ("_operator", operator::Operator::init),
    ("_posixsubprocess", posixsubprocess::PosixSubprocess::init),
    ("_random", random::RandomModule::init),
    ("_sha1", hashes::Sha1Module::init),
    ("_sha2", hashes::Sha2Module::init),
    ("_sha3", hashes::Sha3Module::init),
    ("_sre", sre::Sre::init),
    ("_stat", stat::Stat::init),
    ("_statistics", statistics::Statistics::init),
    ("_struct", struct_::StructModule::init),
    ("_tokenize", tokenize::Tokenize::init),
    ("array", array::ArrayModule::init),
    ("binascii", binascii::Binascii::init),
    ("fcntl", fcntl::Fcntl::init),
    ("grp", grp::Grp::init),
    ("itertools", itertools::Itertools::init),
    ("math", math::Math::init),
    ("posix", posix::Posix::init),
    ("pwd", pwd::Pwd::init),
    ("select", select::Select::init),
    ("zlib", zlib::Zlib::init),
];
