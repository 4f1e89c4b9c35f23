//! `initconfig.h`: the configuration of the running interpreter by name, statuses, and the structs that embedding code fills.
//!
//! What `sys` shows is read there, since programs change it; the rest comes from the configuration that start-up used.

use core::ptr;

use taipan_runtime::thread::{Config, config, interpreter};

use crate::support::*;

/// The type of an option, and where its value is.
enum Source {
    Bool(fn(&Config) -> bool),
    Int(fn(&Config) -> i64),
    Text(fn(&Config) -> Option<String>),
    /// An attribute of `sys`, with what it is.
    Sys(&'static str, Kind),
    /// A field of `sys.flags`.
    Flag(&'static str, Kind),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Text,
    List,
    Dict,
}

struct Row {
    name: &'static str,
    source: Source,
    /// Whether `PyConfig_Set` takes it.
    settable: bool,
}

const fn row(name: &'static str, source: Source) -> Row {
    Row { name, source, settable: false }
}

const fn settable(name: &'static str, source: Source) -> Row {
    Row { name, source, settable: true }
}

fn text(value: &std::ffi::OsString) -> Option<String> {
    Some(value.to_string_lossy().into_owned())
}

fn optional_text(value: &Option<std::ffi::OsString>) -> Option<String> {
    value.as_ref().map(|value| value.to_string_lossy().into_owned())
}

static ROWS: &[Row] = &[
    row("allocator", Source::Int(|_| 0)),
    settable("argv", Source::Sys("argv", Kind::List)),
    settable("base_exec_prefix", Source::Sys("base_exec_prefix", Kind::Text)),
    settable("base_executable", Source::Sys("_base_executable", Kind::Text)),
    settable("base_prefix", Source::Sys("base_prefix", Kind::Text)),
    row("buffered_stdio", Source::Bool(|config| config.buffered_stdio)),
    settable("bytes_warning", Source::Flag("bytes_warning", Kind::Int)),
    row("check_hash_pycs_mode", Source::Text(|config| Some(config.check_hash_pycs_mode.clone()))),
    row("code_debug_ranges", Source::Bool(|config| config.code_debug_ranges)),
    row("coerce_c_locale", Source::Bool(|_| false)),
    row("coerce_c_locale_warn", Source::Bool(|_| false)),
    row("configure_c_stdio", Source::Bool(|_| true)),
    row("configure_locale", Source::Bool(|_| true)),
    row("context_aware_warnings", Source::Int(|config| i64::from(config.context_aware_warnings))),
    settable("cpu_count", Source::Int(|config| i64::from(config.cpu_count))),
    row("dev_mode", Source::Bool(|config| config.dev_mode)),
    row("dump_refs", Source::Bool(|_| false)),
    row("dump_refs_file", Source::Text(|_| None)),
    settable("exec_prefix", Source::Sys("exec_prefix", Kind::Text)),
    settable("executable", Source::Sys("executable", Kind::Text)),
    row("faulthandler", Source::Bool(|config| config.faulthandler)),
    row("filesystem_encoding", Source::Text(|config| Some(config.filesystem_encoding.clone()))),
    row("filesystem_errors", Source::Text(|config| Some(config.filesystem_errors.clone()))),
    row("hash_seed", Source::Int(|config| config.hash_seed.map_or(0, i64::from))),
    row("home", Source::Text(|config| optional_text(&config.home))),
    row("import_time", Source::Int(|config| i64::from(config.import_time))),
    settable("inspect", Source::Flag("inspect", Kind::Bool)),
    row("install_signal_handlers", Source::Bool(|config| config.install_signal_handlers)),
    settable("int_max_str_digits", Source::Flag("int_max_str_digits", Kind::Int)),
    settable("interactive", Source::Flag("interactive", Kind::Bool)),
    row("isolated", Source::Bool(|config| config.isolated)),
    row("malloc_stats", Source::Bool(|config| config.malloc_stats)),
    settable("module_search_paths", Source::Sys("path", Kind::List)),
    settable("optimization_level", Source::Flag("optimize", Kind::Int)),
    settable("orig_argv", Source::Sys("orig_argv", Kind::List)),
    row("parse_argv", Source::Bool(|_| true)),
    settable("parser_debug", Source::Flag("debug", Kind::Bool)),
    row("pathconfig_warnings", Source::Bool(|_| true)),
    row("perf_profiling", Source::Int(|config| i64::from(config.perf_profiling))),
    settable("platlibdir", Source::Sys("platlibdir", Kind::Text)),
    settable("prefix", Source::Sys("prefix", Kind::Text)),
    row("program_name", Source::Text(|config| text(&config.program_name))),
    settable("pycache_prefix", Source::Sys("pycache_prefix", Kind::Text)),
    settable("quiet", Source::Flag("quiet", Kind::Bool)),
    row("remote_debug", Source::Bool(|config| config.remote_debug)),
    row("run_command", Source::Text(|config| optional_text(&config.run_command))),
    row("run_filename", Source::Text(|config| optional_text(&config.run_filename))),
    row("run_module", Source::Text(|config| optional_text(&config.run_module))),
    row("safe_path", Source::Bool(|config| config.safe_path)),
    row("show_ref_count", Source::Bool(|config| config.show_ref_count)),
    row("site_import", Source::Bool(|config| config.site_import)),
    row("skip_source_first_line", Source::Bool(|config| config.skip_source_first_line)),
    row("stdio_encoding", Source::Text(|config| Some(config.stdio_encoding.clone()))),
    row("stdio_errors", Source::Text(|config| Some(config.stdio_errors.clone()))),
    settable("stdlib_dir", Source::Sys("_stdlib_dir", Kind::Text)),
    row("thread_inherit_context", Source::Int(|config| i64::from(config.thread_inherit_context))),
    row("tracemalloc", Source::Int(|config| i64::from(config.tracemalloc))),
    settable("use_environment", Source::Bool(|config| config.use_environment)),
    row("use_frozen_modules", Source::Bool(|config| config.use_frozen_modules)),
    row("use_hash_seed", Source::Bool(|config| config.hash_seed.is_some())),
    row("user_site_directory", Source::Bool(|config| config.user_site_directory)),
    row("utf8_mode", Source::Bool(|config| config.utf8_mode)),
    settable("verbose", Source::Flag("verbose", Kind::Int)),
    row("warn_default_encoding", Source::Bool(|config| config.warn_default_encoding)),
    settable("warnoptions", Source::Sys("warnoptions", Kind::List)),
    settable("write_bytecode", Source::Sys("dont_write_bytecode", Kind::Bool)),
    settable("xoptions", Source::Sys("_xoptions", Kind::Dict)),
];

fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

fn unknown(name: &str) -> Raised {
    raise!(ValueError, "unknown config option name: {name}")
}

fn sys_attribute(name: &str) -> PyResult<Ref<Object>> {
    match interpreter().sys_dict()?.get_str(Str::intern_str(name)?.borrow()) {
        Some(value) => Ok(value),
        None => Err(raise!(RuntimeError, "lost sys.{name}")),
    }
}

fn value_of(row: &Row) -> PyResult<Ref<Object>> {
    let config = config();
    let text = |text: &str| -> PyResult<Ref<Object>> { Ok(Str::from_utf8_str(text)?.into_object()) };
    Ok(match &row.source {
        Source::Bool(get) => Bool::from(get(config)).into_object(),
        Source::Int(get) => Int::from_i64(get(config))?.into_object(),
        Source::Text(get) => match get(config) {
            Some(value) => text(&value)?,
            None => none(),
        },
        Source::Sys("dont_write_bytecode", _) => {
            Bool::from(!sys_attribute("dont_write_bytecode")?.is_true()?).into_object()
        }
        Source::Sys(name, _) => sys_attribute(name)?,
        Source::Flag(name, kind) => {
            let value = sys_attribute("flags")?.getattr(Str::intern_str(name)?.borrow())?;
            if *kind == Kind::Bool { Bool::from(value.is_true()?).into_object() } else { value }
        }
    })
}

fn set_value(row: &Row, value: Borrowed<'_, Object>) -> PyResult<()> {
    if !row.settable {
        return Err(raise!(ValueError, "cannot set read-only option {}", row.name));
    }
    let (attribute, kind) = match row.source {
        Source::Sys(attribute, kind) => (attribute, kind),
        _ => return Err(raise!(ValueError, "cannot set option {} of a running interpreter", row.name)),
    };
    let fits = match kind {
        Kind::Bool | Kind::Int => value.is_instance_of::<Int>(),
        Kind::Text => value.is_instance_of::<Str>() || (value.is_none() && row.name != "platlibdir"),
        Kind::List => value.downcast::<List>().is_some_and(|list| list.iter().all(|item| item.is_instance_of::<Str>())),
        Kind::Dict => value.is_instance_of::<Dict>(),
    };
    if !fits {
        let wanted = match kind {
            Kind::Bool | Kind::Int => "int or bool",
            Kind::Text => "str",
            Kind::List => "list[str]",
            Kind::Dict => "dict",
        };
        return Err(raise!(TypeError, "expected {wanted}, got {}", value.type_name()));
    }
    let stored =
        if attribute == "dont_write_bytecode" { Bool::from(!value.is_true()?).into_object() } else { value.to_owned() };
    interpreter().sys_dict()?.set_str(Str::intern_str(attribute)?.borrow(), stored.borrow())
}

// SAFETY of all of these: C passes C strings, places to write to, and statuses.
capi! {
    fn PyConfig_Get(name: *const c_char) -> PyResult<Ref<Object>> {
        let name = unsafe { lossy(name) };
        match find(&name) {
            Some(row) => value_of(row),
            None => Err(unknown(&name)),
        }
    }

    fn PyConfig_GetInt(name: *const c_char, place: *mut c_int) -> PyResult<()> {
        let name = unsafe { lossy(name) };
        let Some(row) = find(&name) else { return Err(unknown(&name)) };
        let value = value_of(row)?;
        let Some(value) = value.downcast::<Int>() else {
            return Err(raise!(TypeError, "config option {name} is not an int"));
        };
        let Some(value) = value.to_i32() else {
            return Err(raise!(OverflowError, "config option {name} value does not fit into a C int"));
        };
        unsafe { *place = value };
        Ok(())
    }

    fn PyConfig_Names() -> PyResult<Ref<FrozenSet>> {
        let names: PyResult<Vec<Ref<Object>>> =
            ROWS.iter().map(|row| Ok(Str::from_utf8_str(row.name)?.into_object())).collect();
        FrozenSet::from_iterable(List::from_vec(names?)?.as_borrowed())
    }

    fn PyConfig_Set(name: *const c_char, value: Borrowed<'_, Object>) -> PyResult<()> {
        let name = unsafe { lossy(name) };
        taipan_runtime::modules::sys::audit("cpython.PyConfig_Set", &[Str::from_utf8_str(&name)?.as_borrowed(), value])?;
        match find(&name) {
            Some(row) => set_value(row, value),
            None => Err(unknown(&name)),
        }
    }

    fn PyStatus_Ok() -> PyStatus {
        status(_PyStatus_TYPE_OK, ptr::null(), 0)
    }

    fn PyStatus_Error(message: *const c_char) -> PyStatus {
        status(_PyStatus_TYPE_ERROR, message, 0)
    }

    fn PyStatus_NoMemory() -> PyStatus {
        status(_PyStatus_TYPE_ERROR, c"memory allocation failed".as_ptr(), 0)
    }

    fn PyStatus_Exit(code: c_int) -> PyStatus {
        status(_PyStatus_TYPE_EXIT, ptr::null(), code)
    }

    fn PyStatus_IsError(value: PyStatus) -> c_int {
        c_int::from(value._type == _PyStatus_TYPE_ERROR)
    }

    fn PyStatus_IsExit(value: PyStatus) -> c_int {
        c_int::from(value._type == _PyStatus_TYPE_EXIT)
    }

    fn PyStatus_Exception(value: PyStatus) -> c_int {
        c_int::from(value._type != _PyStatus_TYPE_OK)
    }

    fn Py_ExitStatusException(value: PyStatus) -> () {
        if value._type == _PyStatus_TYPE_EXIT {
            std::process::exit(value.exitcode);
        }
        let (function, message) = unsafe { (lossy(value.func), lossy(value.err_msg)) };
        taipan_runtime::thread::fatal(&function, &message)
    }
}

fn status(kind: c_int, message: *const c_char, code: c_int) -> PyStatus {
    PyStatus { _type: kind, func: ptr::null(), err_msg: message, exitcode: code }
}
