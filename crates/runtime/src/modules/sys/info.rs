//! What `sys` says of the build, the machine and the configuration.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use super::{names, namespace};
use crate::prelude::*;
use crate::thread::{self, Config};
use crate::types::struct_seq;

/// The version of the language and the library.
pub const VERSION: (i64, i64, i64, &str, i64) = (3, 14, 8, "final", 0);

const VERSION_NUMBER: &str = "3.14.8";
const HEX_VERSION: i64 = 0x030e08f0;
const COPYRIGHT: &str = "Copyright (c) 2001 Python Software Foundation.\nAll Rights Reserved.\n\n\
    Copyright (c) 2000 BeOpen.com.\nAll Rights Reserved.\n\n\
    Copyright (c) 1995-2001 Corporation for National Research Initiatives.\nAll Rights Reserved.\n\n\
    Copyright (c) 1991-1995 Stichting Mathematisch Centrum, Amsterdam.\nAll Rights Reserved.";

fn text(text: &str) -> PyResult<Ref<Object>> {
    Ok(Str::from_utf8_str(text)?.into_object())
}

fn int(value: i64) -> PyResult<Ref<Object>> {
    Ok(Int::from_i64(value)?.into_object())
}

fn float(value: f64) -> PyResult<Ref<Object>> {
    Ok(Float::new(value)?.into_object())
}

fn boolean(value: bool) -> Ref<Object> {
    Bool::from(value).into_object()
}

/// A path or an argument: bytes that are not UTF-8 become surrogates, as the file system encoding has it.
pub(super) fn os_text(value: &OsStr) -> PyResult<Ref<Object>> {
    match value.to_str() {
        Some(value) => text(value),
        None => Ok(crate::types::codec::fs_decode(value.as_bytes())?.into_object()),
    }
}

pub(super) fn os_list(values: &[OsString]) -> PyResult<Ref<List>> {
    List::from_vec(values.iter().map(|value| os_text(value)).collect::<PyResult<Vec<_>>>()?)
}

/// A named tuple of `sys`. Those that describe this process have a class that nobody can call.
fn record(name: &str, fields: &[&str], shown: usize, values: Vec<Ref<Object>>) -> PyResult<Ref<Object>> {
    let class = struct_seq::new_static_class(&format!("sys.{name}"), fields, shown)?;
    if !["float_info", "int_info", "hash_info", "thread_info"].contains(&name) {
        struct_seq::forbid_instances(&class);
    }
    struct_seq::instance(&class, values)
}

fn version_info() -> PyResult<Ref<Object>> {
    let (major, minor, micro, level, serial) = VERSION;
    record(
        "version_info",
        &["major", "minor", "micro", "releaselevel", "serial"],
        5,
        vec![int(major)?, int(minor)?, int(micro)?, text(level)?, int(serial)?],
    )
}

fn float_info() -> PyResult<Ref<Object>> {
    record(
        "float_info",
        &[
            "max",
            "max_exp",
            "max_10_exp",
            "min",
            "min_exp",
            "min_10_exp",
            "dig",
            "mant_dig",
            "epsilon",
            "radix",
            "rounds",
        ],
        11,
        vec![
            float(f64::MAX)?,
            int(1024)?,
            int(308)?,
            float(f64::MIN_POSITIVE)?,
            int(-1021)?,
            int(-307)?,
            int(15)?,
            int(53)?,
            float(f64::EPSILON)?,
            int(2)?,
            int(1)?,
        ],
    )
}

fn int_info() -> PyResult<Ref<Object>> {
    record(
        "int_info",
        &["bits_per_digit", "sizeof_digit", "default_max_str_digits", "str_digits_check_threshold"],
        4,
        vec![int(30)?, int(4)?, int(4300)?, int(640)?],
    )
}

fn hash_info() -> PyResult<Ref<Object>> {
    record(
        "hash_info",
        &["width", "modulus", "inf", "nan", "imag", "algorithm", "hash_bits", "seed_bits", "cutoff"],
        9,
        vec![
            int(64)?,
            int((1 << 61) - 1)?,
            int(314_159)?,
            int(0)?,
            int(1_000_003)?,
            text("siphash13")?,
            int(64)?,
            int(128)?,
            int(0)?,
        ],
    )
}

/// The version of the C library's threads, as `confstr` gives it.
fn thread_library() -> PyResult<Ref<Object>> {
    let mut buffer = [0u8; 64];
    // SAFETY: the buffer is as long as said.
    let length = unsafe { libc::confstr(libc::_CS_GNU_LIBPTHREAD_VERSION, buffer.as_mut_ptr().cast(), buffer.len()) };
    match length.checked_sub(1).and_then(|length| buffer.get(..length)) {
        Some(version) => text(&String::from_utf8_lossy(version)),
        None => Ok(none()),
    }
}

fn thread_info() -> PyResult<Ref<Object>> {
    record(
        "thread_info",
        &["name", "lock", "version"],
        3,
        vec![text("pthread")?, text("semaphore")?, thread_library()?],
    )
}

fn flags(config: &Config) -> PyResult<Ref<Object>> {
    let number = |value: bool| int(i64::from(value));
    let hash_randomization = config.hash_seed != Some(0);
    record(
        "flags",
        &[
            "debug",
            "inspect",
            "interactive",
            "optimize",
            "dont_write_bytecode",
            "no_user_site",
            "no_site",
            "ignore_environment",
            "verbose",
            "bytes_warning",
            "quiet",
            "hash_randomization",
            "isolated",
            "dev_mode",
            "utf8_mode",
            "warn_default_encoding",
            "safe_path",
            "int_max_str_digits",
            "gil",
            "thread_inherit_context",
            "context_aware_warnings",
        ],
        18,
        vec![
            number(config.parser_debug)?,
            number(config.inspect)?,
            number(config.interactive)?,
            int(i64::from(config.optimization_level))?,
            number(!config.write_bytecode)?,
            number(!config.user_site_directory)?,
            number(!config.site_import)?,
            number(!config.use_environment)?,
            int(i64::from(config.verbose))?,
            int(i64::from(config.bytes_warning))?,
            number(config.quiet)?,
            number(hash_randomization)?,
            number(config.isolated)?,
            boolean(config.dev_mode),
            number(config.utf8_mode)?,
            number(config.warn_default_encoding)?,
            boolean(config.safe_path),
            int(i64::from(config.int_max_str_digits))?,
            int(1)?,
            number(config.thread_inherit_context)?,
            number(config.context_aware_warnings)?,
        ],
    )
}

/// `sys.version`.
pub fn version_text() -> String {
    format!("{VERSION_NUMBER} (Taipan {}, Oct  1 2026, 00:00:00) [Rust]", env!("CARGO_PKG_VERSION"))
}

/// Whatever is known before imports work.
pub(super) fn fill(module: &Ref<Module>) -> PyResult<()> {
    let config = thread::config();
    let version = version_text();
    let triple = [text("Taipan")?, text("")?, text("")?];
    let version_info = version_info()?;
    module.add("version", text(&version)?)?;
    module.add("hexversion", int(HEX_VERSION)?)?;
    module.add("_git", Tuple::from_vec(triple.into())?)?;
    module.add("_framework", text("")?)?;
    module.add("api_version", int(1013)?)?;
    module.add("copyright", text(COPYRIGHT)?)?;
    module.add("platform", text("linux")?)?;
    module.add("maxsize", int(i64::MAX)?)?;
    module.add("float_info", float_info()?)?;
    module.add("int_info", int_info()?)?;
    module.add("hash_info", hash_info()?)?;
    module.add("maxunicode", int(0x10ffff)?)?;
    module.add("builtin_module_names", builtin_names()?)?;
    module.add("stdlib_module_names", stdlib_names()?)?;
    module.add("byteorder", text(if cfg!(target_endian = "big") { "big" } else { "little" })?)?;
    module.add("abiflags", text("")?)?;
    module.add("version_info", &version_info)?;
    module.add(
        "implementation",
        namespace(vec![
            ("name", text("cpython")?),
            ("cache_tag", text("cpython-314")?),
            ("version", version_info),
            ("hexversion", int(HEX_VERSION)?),
            ("_multiarch", text(multiarch())?),
            ("supports_isolated_interpreters", boolean(true)),
            ("taipan", text(env!("CARGO_PKG_VERSION"))?),
        ])?,
    )?;
    module.add("flags", flags(config)?)?;
    module.add("float_repr_style", text("short")?)?;
    module.add("thread_info", thread_info()?)?;
    module.add("meta_path", List::new()?)?;
    module.add("path_importer_cache", Dict::new()?)?;
    module.add("path_hooks", List::new()?)?;
    module.add("warnoptions", os_list(&config.warnoptions)?)?;
    module.add("_xoptions", x_options(config)?)?;
    module.add("dont_write_bytecode", boolean(!config.write_bytecode))?;
    fill_paths(module, config)
}

/// Where things are, and what the command line said.
fn fill_paths(module: &Ref<Module>, config: &Config) -> PyResult<()> {
    for (name, value) in [
        ("prefix", &config.prefix),
        ("base_prefix", &config.base_prefix),
        ("exec_prefix", &config.exec_prefix),
        ("base_exec_prefix", &config.base_exec_prefix),
        ("executable", &config.executable),
        ("_base_executable", &config.base_executable),
    ] {
        module.add(name, os_text(value)?)?;
    }
    for (name, value) in [("_stdlib_dir", &config.stdlib_dir), ("pycache_prefix", &config.pycache_prefix)] {
        let value = match value {
            Some(value) => os_text(value)?,
            None => none(),
        };
        module.add(name, value)?;
    }
    module.add("platlibdir", text(&config.platlibdir)?)?;
    module.add("path", os_list(&config.module_search_paths)?)?;
    module.add("argv", os_list(&config.argv)?)?;
    module.add("orig_argv", os_list(&config.orig_argv)?)
}

fn multiarch() -> &'static str {
    if cfg!(target_arch = "aarch64") { "aarch64-linux-gnu" } else { "x86_64-linux-gnu" }
}

/// The modules that are part of the executable.
fn builtin_names() -> PyResult<Ref<Tuple>> {
    let mut all = crate::import::registered_builtins();
    all.extend(["builtins", "sys"]);
    all.sort_unstable();
    all.dedup();
    Tuple::from_vec(all.into_iter().map(text).collect::<PyResult<Vec<_>>>()?)
}

fn stdlib_names() -> PyResult<Ref<Object>> {
    let all = List::from_vec(names::STDLIB.iter().map(|name| text(name)).collect::<PyResult<Vec<_>>>()?)?;
    FrozenSet::type_object().upcast().call1(all.as_borrowed())
}

/// `-X name=value` as a dict; `-X name` is True.
fn x_options(config: &Config) -> PyResult<Ref<Dict>> {
    let dict = Dict::new()?;
    for option in &config.xoptions {
        let bytes = option.as_bytes();
        let (name, value) = match memchr::memchr(b'=', bytes) {
            Some(place) => (&bytes[..place], os_text(OsStr::from_bytes(&bytes[place + 1..]))?),
            None => (bytes, boolean(true)),
        };
        let name = os_text(OsStr::from_bytes(name))?;
        dict.set_item(name.borrow(), value.borrow())?;
    }
    Ok(dict)
}
