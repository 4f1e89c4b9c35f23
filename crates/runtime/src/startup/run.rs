//! Running what the command line names: a command, a module, a file, a folder or archive, standard input, the REPL.

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use crate::compile::{self, Mode, Request};
use crate::import;
use crate::prelude::*;
use crate::thread;
use crate::types::Code;
use crate::types::exceptions::{self, KeyboardInterrupt, SystemExit};

/// Runs the program of the configuration and ends the interpreter. The result is the process's exit status.
pub fn run_main() -> i32 {
    let mut status = match run_program() {
        Ok(status) => status,
        Err(raised) => exit_status(raised),
    };
    let config = thread::config();
    if config.inspect && (config.run_command.is_some() || config.run_module.is_some() || config.run_filename.is_some())
    {
        status = match run_repl() {
            Ok(()) => 0,
            Err(raised) => exit_status(raised),
        };
    }
    let failure = super::finish::finalize();
    if status == INTERRUPTED {
        die_of_interrupt();
    }
    if status == 0 { failure } else { status }
}

/// The status that says "ended by Ctrl-C": the process kills itself so that the shell sees the signal.
/// No status that a program gives; what the system keeps of it is 130.
const INTERRUPTED: i32 = 0x1_0000 + 130;

fn die_of_interrupt() {
    // SAFETY: resets a signal's disposition and raises it.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_DFL);
        libc::kill(libc::getpid(), libc::SIGINT);
    }
}

/// Shows an exception that nobody handled, or obeys a SystemExit.
pub fn exit_status(raised: Raised) -> i32 {
    if raised.is_a::<SystemExit>() {
        let exception = raised.take();
        return exceptions::exit_code_of_system_exit(&exception);
    }
    let interrupted = raised.is_a::<KeyboardInterrupt>();
    exceptions::print_error(raised, true);
    if interrupted { INTERRUPTED } else { 1 }
}

fn run_program() -> PyResult<i32> {
    let config = thread::config();
    set_path_0()?;
    if let Some(command) = &config.run_command {
        return run_command(command);
    }
    if let Some(module) = &config.run_module {
        return run_module(module, true);
    }
    if let Some(file) = &config.run_filename {
        return run_file(file);
    }
    if std::io::stdin().is_terminal() || config.interactive {
        banner();
        run_repl()?;
        return Ok(0);
    }
    run_stdin()
}

fn path_object(path: &OsStr) -> PyResult<Ref<Str>> {
    crate::types::codec::fs_decode(path.as_bytes())
}

/// Puts the program's own folder in front of `sys.path`.
fn set_path_0() -> PyResult<()> {
    let config = thread::config();
    if config.safe_path || config.isolated {
        return Ok(());
    }
    let folder = if config.run_command.is_some() {
        Some(OsString::new())
    } else if config.run_module.is_some() {
        std::env::current_dir().ok().map(OsString::from)
    } else if let Some(file) = &config.run_filename {
        let path = Path::new(file);
        if is_importable(path) {
            // The importer of a folder or an archive puts it there itself.
            None
        } else {
            let real = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
            real.parent().map(|parent| parent.as_os_str().to_owned())
        }
    } else {
        Some(OsString::new())
    };
    let Some(folder) = folder else { return Ok(()) };
    let path = thread::interpreter().required_sys_attr(id!("path"))?;
    path.call_method(id!("insert"), &[Int::from_i64(0)?.as_borrowed(), path_object(&folder)?.as_borrowed()])?;
    Ok(())
}

fn main_dict() -> PyResult<Ref<Dict>> {
    let main = import::import_module("__main__")?;
    match main.downcast::<Module>() {
        Some(main) => Ok(main.dict()),
        None => Err(raise!(RuntimeError, "__main__ is no module")),
    }
}

fn exec_main(code: &Ref<Code>) -> PyResult<i32> {
    let dict = main_dict()?;
    crate::interp::eval_code(code, dict.borrow(), Some(dict.as_borrowed()))?;
    Ok(0)
}

fn run_command(command: &OsStr) -> PyResult<i32> {
    let name = Str::from_utf8_str("<string>")?;
    let request = Request { mode: Mode::Exec, flags: 0, optimize: -1, is_text: true, feature_version: -1 };
    let text = crate::types::codec::fs_decode(command.as_bytes())?;
    if let Err(raised) = text.as_utf8() {
        eprintln!("Unable to decode the command from the command line:");
        exceptions::print_error(raised, true);
        return Ok(1);
    }
    let source = dedent(command.as_bytes());
    let code = compile::compile_source(&source, name.borrow(), request)?;
    // Tracebacks show the lines of the command.
    let registered = import::import_module("linecache").and_then(|linecache| {
        let text = crate::types::codec::fs_decode(&source)?;
        linecache.call_method(id!("_register_code"), &[code.as_borrowed(), text.as_borrowed(), name.as_borrowed()])
    });
    if let Err(raised) = registered {
        raised.clear();
    }
    exec_main(&code)
}

/// `-c` takes the common indentation off its argument, as `textwrap.dedent` would.
fn dedent(source: &[u8]) -> Vec<u8> {
    let margin = source
        .split(|byte| *byte == b'\n')
        .filter(|line| line.iter().any(|byte| !byte.is_ascii_whitespace()))
        .map(|line| line.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).copied().collect::<Vec<u8>>())
        .reduce(|a, b| a.iter().zip(&b).take_while(|(x, y)| x == y).map(|(x, _)| *x).collect())
        .unwrap_or_default();
    let mut result = Vec::with_capacity(source.len() + 1);
    for line in source.split_inclusive(|byte| *byte == b'\n') {
        if line.iter().all(u8::is_ascii_whitespace) {
            // Nothing is left of a blank line but its end.
            if line.ends_with(b"\n") {
                result.push(b'\n');
            }
            continue;
        }
        result.extend_from_slice(line.strip_prefix(margin.as_slice()).unwrap_or(line));
    }
    result.push(b'\n');
    result
}

fn run_module(module: &OsStr, set_argv0: bool) -> PyResult<i32> {
    let runpy = import::import_module("runpy")?;
    let name = path_object(module)?;
    runpy.call_method(id!("_run_module_as_main"), &[name.as_borrowed(), Bool::from(set_argv0).as_borrowed()])?;
    Ok(0)
}

/// Whether the import system has an importer for the path: a folder or an archive.
fn is_importable(path: &Path) -> bool {
    if path.is_dir() {
        return true;
    }
    // The end record of an archive stands near the end of the file.
    let Ok(mut file) = std::fs::File::open(path) else { return false };
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let mut tail = Vec::new();
    if file.seek(SeekFrom::Start(length.saturating_sub(65_557))).is_err() || file.read_to_end(&mut tail).is_err() {
        return false;
    }
    tail.windows(4).any(|window| window == b"PK\x05\x06")
}

fn run_file(file: &OsStr) -> PyResult<i32> {
    let path = Path::new(file);
    if is_importable(path) {
        let list = thread::interpreter().required_sys_attr(id!("path"))?;
        list.call_method(id!("insert"), &[Int::from_i64(0)?.as_borrowed(), path_object(file)?.as_borrowed()])?;
        return run_module(OsStr::new("__main__"), false);
    }
    let program = thread::config().program_name.to_string_lossy().into_owned();
    let source = match std::fs::read(path) {
        Ok(source) => source,
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(0);
            // SAFETY: strerror gives a string for any number.
            let message = unsafe { CStr::from_ptr(libc::strerror(number)) }.to_string_lossy().into_owned();
            let shown = match path_object(file) {
                Ok(path) => path.as_object().to_repr_text(),
                Err(raised) => {
                    raised.clear();
                    format!("{file:?}")
                }
            };
            eprintln!("{program}: can't open file {shown}: [Errno {number}] {message}");
            return Ok(2);
        }
    };
    let name = path_object(file)?;
    let dict = main_dict()?;
    dict.set_str(id!("__file__"), name.as_borrowed())?;
    dict.set_str(id!("__cached__"), none().borrow())?;
    let external = import::import_module("_frozen_importlib_external")?;
    let compiled = file.as_bytes().ends_with(b".pyc");
    let loader_class =
        external.getattr(if compiled { id!("SourcelessFileLoader") } else { id!("SourceFileLoader") })?;
    let loader = loader_class.call(&[id!("__main__").upcast(), name.as_borrowed()])?;
    dict.set_str(id!("__loader__"), loader.borrow())?;
    let code = if compiled || source.starts_with(&taipan_compiler::marshal::MAGIC_NUMBER) {
        load_compiled(&source)?
    } else {
        let request = Request { mode: Mode::Exec, flags: 0, optimize: -1, is_text: false, feature_version: -1 };
        let source = if thread::config().skip_source_first_line { skip_first_line(&source) } else { source };
        compile::compile_file(&source, name.borrow(), request)?
    };
    exec_main(&code)
}

/// `-x`: the first line becomes empty, so that line numbers stay.
fn skip_first_line(source: &[u8]) -> Vec<u8> {
    match source.iter().position(|byte| *byte == b'\n') {
        Some(end) => source[end..].to_vec(),
        None => Vec::new(),
    }
}

/// The code in a `.pyc` file that is run directly.
fn load_compiled(bytes: &[u8]) -> PyResult<Ref<Code>> {
    if !bytes.starts_with(&taipan_compiler::marshal::MAGIC_NUMBER) {
        return Err(raise!(RuntimeError, "Bad magic number in .pyc file"));
    }
    let Some(body) = bytes.get(16..) else {
        return Err(raise!(EOFError, "EOF read where not expected"));
    };
    match crate::modules::marshal::load_slice(body.to_vec(), true)?.into_downcast::<Code>() {
        Ok(code) => Ok(code),
        Err(_) => Err(raise!(RuntimeError, "Bad code object in .pyc file")),
    }
}

fn run_stdin() -> PyResult<i32> {
    let mut source = Vec::new();
    if let Err(error) = std::io::stdin().read_to_end(&mut source) {
        return Err(exceptions::from_errno(error.raw_os_error().unwrap_or(0), None));
    }
    let name = Str::from_utf8_str("<stdin>")?;
    let request = Request { mode: Mode::Exec, flags: 0, optimize: -1, is_text: false, feature_version: -1 };
    let code = compile::compile_source(&source, name.borrow(), request)?;
    exec_main(&code)
}

fn banner() {
    let config = thread::config();
    if config.quiet {
        return;
    }
    let version = thread::interpreter().sys_attr(id!("version")).map_or_else(String::new, |version| version.to_text());
    let platform = thread::interpreter().sys_attr(id!("platform")).map_or_else(String::new, |name| name.to_text());
    eprintln!("Python {version} on {platform}");
    if config.site_import {
        eprintln!("Type \"help\", \"copyright\", \"credits\" or \"license\" for more information.");
    }
}

/// The library's REPL; the plain one where there is no terminal that can do it.
fn run_repl() -> PyResult<()> {
    let dict = main_dict()?;
    if std::io::stdin().is_terminal() && std::env::var_os("PYTHON_BASIC_REPL").is_none() {
        let main = import::import_module("_pyrepl.main")?;
        main.call_method(id!("interactive_console"), &[])?;
        return Ok(());
    }
    import::import_module("_basic_repl")?.call_method(id!("interact"), &[dict.as_borrowed()])?;
    Ok(())
}
