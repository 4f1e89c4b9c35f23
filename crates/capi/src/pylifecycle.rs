//! `pylifecycle.h`, `pydebug.h`, `patchlevel.h`: the start and end of the interpreter, its version, the flags of old.
//!
//! Taipan exports its C functions from an executable that starts the interpreter itself, so C code always finds it started.

use core::ffi::c_int;
use core::ptr;
use core::sync::atomic::{AtomicI32, Ordering};
use std::ffi::CString;
use std::sync::OnceLock;

use taipan_runtime::modules::{atexit, sys};
use taipan_runtime::startup::finish;
use taipan_runtime::thread::{self, config, interpreter};

use crate::support::*;

/// `Py_Version`: the version as one number.
#[unsafe(no_mangle)]
pub static Py_Version: core::ffi::c_ulong = PY_VERSION_HEX as core::ffi::c_ulong;

macro_rules! flags {
    ($($name:ident)*) => {$(
        /// A flag of the command line, as code before `PyConfig` knew it.
        #[unsafe(no_mangle)]
        pub static $name: AtomicI32 = AtomicI32::new(0);
    )*};
}

flags! {
    Py_BytesWarningFlag Py_DebugFlag Py_DontWriteBytecodeFlag Py_FrozenFlag
    Py_IgnoreEnvironmentFlag Py_InspectFlag Py_InteractiveFlag Py_IsolatedFlag Py_NoSiteFlag Py_NoUserSiteDirectory
    Py_OptimizeFlag Py_QuietFlag Py_UnbufferedStdioFlag Py_VerboseFlag
}

/// Gives the flags the values of the configuration.
pub fn publish_flags() {
    let config = config();
    for (flag, value) in [
        (&Py_BytesWarningFlag, config.bytes_warning),
        (&Py_DebugFlag, i32::from(config.parser_debug)),
        (&Py_DontWriteBytecodeFlag, i32::from(!config.write_bytecode)),
        (&Py_IgnoreEnvironmentFlag, i32::from(!config.use_environment)),
        (&Py_InspectFlag, i32::from(config.inspect)),
        (&Py_InteractiveFlag, i32::from(config.interactive)),
        (&Py_IsolatedFlag, i32::from(config.isolated)),
        (&Py_NoSiteFlag, i32::from(!config.site_import)),
        (&Py_NoUserSiteDirectory, i32::from(!config.user_site_directory)),
        (&Py_OptimizeFlag, config.optimization_level),
        (&Py_QuietFlag, i32::from(config.quiet)),
        (&Py_UnbufferedStdioFlag, i32::from(!config.buffered_stdio)),
        (&Py_VerboseFlag, config.verbose),
    ] {
        flag.store(value, Ordering::Relaxed);
    }
}

/// A text that C may keep: made once.
fn kept(cell: &'static OnceLock<CString>, text: impl FnOnce() -> String) -> *const c_char {
    cell.get_or_init(|| CString::new(text()).unwrap_or_default()).as_ptr()
}

/// A path that C may keep, as `wchar_t` text.
fn kept_wide(cell: &'static OnceLock<Vec<libc::wchar_t>>, text: impl FnOnce() -> String) -> *const libc::wchar_t {
    cell.get_or_init(|| text().chars().map(|c| c as libc::wchar_t).chain([0]).collect()).as_ptr()
}

macro_rules! wide_paths {
    ($($name:ident $config:ident => $value:expr;)*) => {
        capi! {$(
            fn $name() -> *const libc::wchar_t {
                static TEXT: OnceLock<Vec<libc::wchar_t>> = OnceLock::new();
                kept_wide(&TEXT, || {
                    let $config = config();
                    $value
                })
            }
        )*}
    };
}

wide_paths! {
    Py_GetPrefix config => config.prefix.to_string_lossy().into_owned();
    Py_GetExecPrefix config => config.exec_prefix.to_string_lossy().into_owned();
    Py_GetProgramName config => config.program_name.to_string_lossy().into_owned();
    Py_GetProgramFullPath config => config.executable.to_string_lossy().into_owned();
    Py_GetPath config => {
        let entries: Vec<String> =
            config.module_search_paths.iter().map(|entry| entry.to_string_lossy().into_owned()).collect();
        entries.join(":")
    };
}

// SAFETY of all of these: C passes C strings and places to write to.
capi! {
    fn Py_GetPythonHome() -> *const libc::wchar_t {
        static TEXT: OnceLock<Vec<libc::wchar_t>> = OnceLock::new();
        match &config().home {
            Some(home) => kept_wide(&TEXT, || home.to_string_lossy().into_owned()),
            None => ptr::null(),
        }
    }

    fn Py_GetVersion() -> *const c_char {
        static TEXT: OnceLock<CString> = OnceLock::new();
        kept(&TEXT, sys::version_text)
    }

    fn Py_GetPlatform() -> *const c_char {
        c"linux".as_ptr()
    }

    fn Py_GetCopyright() -> *const c_char {
        static TEXT: OnceLock<CString> = OnceLock::new();
        kept(&TEXT, || interpreter().sys_attr(id!("copyright")).map_or_else(String::new, |text| text.to_text()))
    }

    fn Py_GetCompiler() -> *const c_char {
        c"[Rust]".as_ptr()
    }

    fn Py_GetBuildInfo() -> *const c_char {
        c"Taipan, Oct  1 2026, 00:00:00".as_ptr()
    }

    fn Py_PACK_FULL_VERSION(major: c_int, minor: c_int, micro: c_int, level: c_int, serial: c_int) -> u32 {
        let part = |value: c_int, bits: u32, shift: u32| (value as u32 & ((1 << bits) - 1)) << shift;
        part(major, 8, 24) | part(minor, 8, 16) | part(micro, 8, 8) | part(level, 4, 4) | part(serial, 4, 0)
    }

    fn Py_PACK_VERSION(major: c_int, minor: c_int) -> u32 {
        ((major as u32 & 0xff) << 24) | ((minor as u32 & 0xff) << 16)
    }

    fn Py_IsInitialized() -> c_int {
        c_int::from(interpreter().initialized.load(Ordering::Acquire))
    }

    fn Py_IsFinalizing() -> c_int {
        c_int::from(interpreter().is_finalizing())
    }

    fn _Py_IsInterpreterFinalizing(_interpreter: *mut PyInterpreterState) -> c_int {
        c_int::from(interpreter().is_finalizing())
    }

    fn Py_Initialize() {
        require_started("Py_Initialize");
    }

    fn Py_InitializeEx(_signals: c_int) {
        require_started("Py_InitializeEx");
    }

    fn Py_FinalizeEx() -> c_int {
        if finish::finalize() == 0 { 0 } else { -1 }
    }

    fn Py_Finalize() {
        finish::finalize();
    }

    fn Py_Exit(status: c_int) -> () {
        finish::finalize_and_exit(status)
    }

    fn Py_AtExit(function: Option<extern "C" fn()>) -> c_int {
        match function {
            Some(function) if atexit::add_native(function) => 0,
            _ => -1,
        }
    }

    fn PyUnstable_AtExit(
        _interpreter: *mut PyInterpreterState,
        function: unsafe extern "C" fn(*mut c_void),
        data: *mut c_void,
    ) -> c_int {
        atexit::add_native_with_data(function, data);
        0
    }

    fn Py_FatalError(message: *const c_char) -> () {
        let message = unsafe { lossy(message) };
        thread::fatal("", &message)
    }

    fn _Py_FatalErrorFunc(function: *const c_char, message: *const c_char) -> () {
        let (function, message) = unsafe { (lossy(function), lossy(message)) };
        thread::fatal(&function, &message)
    }

    fn Py_NewInterpreter() -> *mut PyThreadState {
        // There is one interpreter in a process.
        ptr::null_mut()
    }

    fn Py_EndInterpreter(_thread: *mut PyThreadState) -> () {
        thread::fatal("Py_EndInterpreter", "there are no further interpreters")
    }

    fn Py_GetArgcArgv(count: *mut c_int, values: *mut *mut *mut libc::wchar_t) {
        static ARGUMENTS: OnceLock<Arguments> = OnceLock::new();
        let arguments = ARGUMENTS.get_or_init(Arguments::new);
        unsafe {
            *count = arguments.pointers.len() as c_int - 1;
            *values = arguments.pointers.as_ptr().cast_mut();
        }
    }

    fn Py_SetProgramName(_name: *const libc::wchar_t) {}

    fn Py_SetPythonHome(_home: *const libc::wchar_t) {}

    fn Py_SetPath(_path: *const libc::wchar_t) {}

    fn _Py_RestoreSignals() {
        unsafe {
            libc::signal(libc::SIGPIPE, libc::SIG_DFL);
            libc::signal(libc::SIGXFSZ, libc::SIG_DFL);
        }
    }

    fn PyRefTracer_SetTracer(tracer: Option<PyRefTracer>, data: *mut c_void) -> PyResult<()> {
        // Objects are made and freed without a look at a tracer.
        if tracer.is_none() {
            return Ok(());
        }
        let _ = data;
        Err(raise!(NotImplementedError, "reference tracers are not supported"))
    }

    fn PyRefTracer_GetTracer(data: *mut *mut c_void) -> *mut c_void {
        if !data.is_null() {
            unsafe { *data = ptr::null_mut() };
        }
        ptr::null_mut()
    }
}

type PyRefTracer = unsafe extern "C" fn(*mut PyObject, c_int, *mut c_void) -> c_int;

fn require_started(function: &str) {
    if !interpreter().initialized.load(Ordering::Acquire) {
        thread::fatal(function, "the interpreter is started by the executable that exports this function");
    }
}

/// The command line as `wchar_t` texts.
struct Arguments {
    _texts: Vec<Vec<libc::wchar_t>>,
    pointers: Vec<*mut libc::wchar_t>,
}

// SAFETY: written once.
unsafe impl Sync for Arguments {}
// SAFETY: as above.
unsafe impl Send for Arguments {}

impl Arguments {
    fn new() -> Arguments {
        let texts: Vec<Vec<libc::wchar_t>> = config()
            .orig_argv
            .iter()
            .map(|argument| argument.to_string_lossy().chars().map(|c| c as libc::wchar_t).chain([0]).collect())
            .collect();
        let pointers =
            texts.iter().map(|text: &Vec<libc::wchar_t>| text.as_ptr().cast_mut()).chain([ptr::null_mut()]).collect();
        Arguments { _texts: texts, pointers }
    }
}
