//! `pythonrun.h`, `compile.h`: source text to code, and running it.

use core::ptr;

use taipan_runtime::compile::{Mode, Request, compile_source};
use taipan_runtime::types::Code;
use taipan_runtime::types::exceptions as exc;

use crate::ceval::eval;
use crate::support::*;

// SAFETY of all of these: C passes C strings, open streams, and live objects.
capi! {
    fn Py_CompileString(source: *const c_char, file: *const c_char, start: c_int) -> PyResult<Ref<Object>> {
        unsafe { compile(source, file, start, ptr::null(), -1) }
    }

    fn Py_CompileStringFlags(
        source: *const c_char,
        file: *const c_char,
        start: c_int,
        flags: *const PyCompilerFlags,
    ) -> PyResult<Ref<Object>> {
        unsafe { compile(source, file, start, flags, -1) }
    }

    fn Py_CompileStringExFlags(
        source: *const c_char,
        file: *const c_char,
        start: c_int,
        flags: *const PyCompilerFlags,
        optimize: c_int,
    ) -> PyResult<Ref<Object>> {
        unsafe { compile(source, file, start, flags, optimize) }
    }

    fn Py_CompileStringObject(
        source: *const c_char,
        file: Borrowed<'_, Object>,
        start: c_int,
        flags: *const PyCompilerFlags,
        optimize: c_int,
    ) -> PyResult<Ref<Object>> {
        unsafe { compile_named(bytes(source), expect::<Str>(file)?, start, flags, optimize) }
    }

    fn PyRun_String(
        source: *const c_char,
        start: c_int,
        globals: Nullable<'_>,
        locals: Nullable<'_>,
    ) -> PyResult<Ref<Object>> {
        unsafe { run(bytes(source), "<string>", start, globals, locals, ptr::null()) }
    }

    fn PyRun_StringFlags(
        source: *const c_char,
        start: c_int,
        globals: Nullable<'_>,
        locals: Nullable<'_>,
        flags: *const PyCompilerFlags,
    ) -> PyResult<Ref<Object>> {
        unsafe { run(bytes(source), "<string>", start, globals, locals, flags) }
    }

    fn PyRun_SimpleString(source: *const c_char) -> c_int {
        run_simple(unsafe { bytes(source) }, "<string>", ptr::null())
    }

    fn PyRun_SimpleStringFlags(source: *const c_char, flags: *const PyCompilerFlags) -> c_int {
        run_simple(unsafe { bytes(source) }, "<string>", flags)
    }

    fn PyRun_File(
        file: *mut libc::FILE,
        name: *const c_char,
        start: c_int,
        globals: Nullable<'_>,
        locals: Nullable<'_>,
    ) -> PyResult<Ref<Object>> {
        unsafe { run_file(file, name, start, globals, locals, false, ptr::null()) }
    }

    fn PyRun_FileEx(
        file: *mut libc::FILE,
        name: *const c_char,
        start: c_int,
        globals: Nullable<'_>,
        locals: Nullable<'_>,
        close: c_int,
    ) -> PyResult<Ref<Object>> {
        unsafe { run_file(file, name, start, globals, locals, close != 0, ptr::null()) }
    }

    fn PyRun_FileFlags(
        file: *mut libc::FILE,
        name: *const c_char,
        start: c_int,
        globals: Nullable<'_>,
        locals: Nullable<'_>,
        flags: *const PyCompilerFlags,
    ) -> PyResult<Ref<Object>> {
        unsafe { run_file(file, name, start, globals, locals, false, flags) }
    }

    fn PyRun_FileExFlags(
        file: *mut libc::FILE,
        name: *const c_char,
        start: c_int,
        globals: Nullable<'_>,
        locals: Nullable<'_>,
        close: c_int,
        flags: *const PyCompilerFlags,
    ) -> PyResult<Ref<Object>> {
        unsafe { run_file(file, name, start, globals, locals, close != 0, flags) }
    }

    fn PyRun_SimpleFile(file: *mut libc::FILE, name: *const c_char) -> c_int {
        unsafe { run_simple_file(file, name, false, ptr::null()) }
    }

    fn PyRun_SimpleFileEx(file: *mut libc::FILE, name: *const c_char, close: c_int) -> c_int {
        unsafe { run_simple_file(file, name, close != 0, ptr::null()) }
    }

    fn PyRun_SimpleFileExFlags(
        file: *mut libc::FILE,
        name: *const c_char,
        close: c_int,
        flags: *const PyCompilerFlags,
    ) -> c_int {
        unsafe { run_simple_file(file, name, close != 0, flags) }
    }

    fn PyRun_AnyFile(file: *mut libc::FILE, name: *const c_char) -> c_int {
        unsafe { run_any_file(file, name, false, ptr::null()) }
    }

    fn PyRun_AnyFileEx(file: *mut libc::FILE, name: *const c_char, close: c_int) -> c_int {
        unsafe { run_any_file(file, name, close != 0, ptr::null()) }
    }

    fn PyRun_AnyFileFlags(file: *mut libc::FILE, name: *const c_char, flags: *const PyCompilerFlags) -> c_int {
        unsafe { run_any_file(file, name, false, flags) }
    }

    fn PyRun_AnyFileExFlags(
        file: *mut libc::FILE,
        name: *const c_char,
        close: c_int,
        flags: *const PyCompilerFlags,
    ) -> c_int {
        unsafe { run_any_file(file, name, close != 0, flags) }
    }

    fn PyRun_InteractiveOne(file: *mut libc::FILE, name: *const c_char) -> c_int {
        let name = unsafe { file_name(name) };
        interactive_one(file, name, ptr::null())
    }

    fn PyRun_InteractiveOneFlags(file: *mut libc::FILE, name: *const c_char, flags: *const PyCompilerFlags) -> c_int {
        let name = unsafe { file_name(name) };
        interactive_one(file, name, flags)
    }

    fn PyRun_InteractiveOneObject(
        file: *mut libc::FILE,
        name: Borrowed<'_, Object>,
        flags: *const PyCompilerFlags,
    ) -> c_int {
        let name = match name.downcast::<Str>() {
            Some(name) => Ok(Some(name.to_owned())),
            None => Err(raise!(TypeError, "filename must be str, not {}", name.type_name())),
        };
        interactive_one(file, name, flags)
    }

    fn PyRun_InteractiveLoop(file: *mut libc::FILE, name: *const c_char) -> c_int {
        unsafe { interactive_loop(file, name, ptr::null()) }
    }

    fn PyRun_InteractiveLoopFlags(file: *mut libc::FILE, name: *const c_char, flags: *const PyCompilerFlags) -> c_int {
        unsafe { interactive_loop(file, name, flags) }
    }

    fn Py_FdIsInteractive(file: *mut libc::FILE, name: *const c_char) -> c_int {
        unsafe { c_int::from(is_interactive(file, &lossy(name))) }
    }
}

fn mode_of(start: c_int) -> PyResult<Mode> {
    Ok(match start {
        Py_file_input => Mode::Exec,
        Py_eval_input => Mode::Eval,
        Py_single_input => Mode::Single,
        _ => return Err(raise!(ValueError, "unsupported start symbol {start}")),
    })
}

unsafe fn request(start: c_int, flags: *const PyCompilerFlags, optimize: c_int) -> PyResult<Request> {
    // SAFETY: NULL or flags of C.
    let given = unsafe { flags.as_ref() };
    let flags = given.map_or(0, |flags| flags.cf_flags as u32);
    let feature_version =
        given.filter(|_| flags & taipan_runtime::compile::ONLY_AST != 0).map_or(-1, |given| given.cf_feature_version);
    const IGNORE_COOKIE: u32 = 0x800;
    Ok(Request { mode: mode_of(start)?, flags, optimize, is_text: flags & IGNORE_COOKIE != 0, feature_version })
}

unsafe fn compile(
    source: *const c_char,
    file: *const c_char,
    start: c_int,
    flags: *const PyCompilerFlags,
    optimize: c_int,
) -> PyResult<Ref<Object>> {
    // SAFETY: by contract of the callers.
    unsafe {
        let Some(file) = file_name(file)? else { return Err(bad_internal_call()) };
        compile_named(bytes(source), file.borrow(), start, flags, optimize)
    }
}

unsafe fn compile_named(
    source: &[u8],
    file: Borrowed<'_, Str>,
    start: c_int,
    flags: *const PyCompilerFlags,
    optimize: c_int,
) -> PyResult<Ref<Object>> {
    // SAFETY: by contract of the callers.
    let request = unsafe { request(start, flags, optimize)? };
    if request.flags & taipan_runtime::compile::ONLY_AST != 0 {
        let text = Bytes::from_slice(source)?;
        let mode = match request.mode {
            Mode::Exec => "exec",
            Mode::Eval => "eval",
            _ => "single",
        };
        let flags = Int::from_i64(i64::from(request.flags))?;
        let compile = taipan_runtime::thread::builtin(id!("compile"))?;
        let mode = Str::from_utf8_str(mode)?;
        return compile.call(&[
            text.as_borrowed(),
            file.upcast(),
            mode.as_borrowed(),
            flags.as_borrowed(),
            Bool::from(true).as_borrowed(),
        ]);
    }
    if request.is_text && core::str::from_utf8(source).is_err() {
        // Nothing declares an encoding here: the text has to be UTF-8.
        taipan_runtime::types::codec::decode_bytes(source, "utf-8", "strict")?;
    }
    Ok(compile_source(source, file, request)?.into_object())
}

unsafe fn run(
    source: &[u8],
    name: &str,
    start: c_int,
    globals: Nullable<'_>,
    locals: Nullable<'_>,
    flags: *const PyCompilerFlags,
) -> PyResult<Ref<Object>> {
    let name = Str::from_utf8_str(name)?;
    // SAFETY: by contract of the callers.
    let code: Ref<Code> = compile_source(source, name.borrow(), unsafe { request(start, flags, -1)? })?;
    eval(code.as_borrowed(), globals, locals.or(globals))
}

fn main_dict() -> PyResult<Ref<Dict>> {
    let main = taipan_runtime::import::import_module("__main__")?;
    Ok(expect::<Module>(main.borrow())?.dict())
}

/// Runs source in `__main__` and reports what it raises; 0 or -1.
fn run_simple(source: &[u8], name: &str, flags: *const PyCompilerFlags) -> c_int {
    let outcome = main_dict().and_then(|dict| {
        // SAFETY: the flags are C's.
        unsafe { run(source, name, Py_file_input, Some(dict.as_borrowed()), Some(dict.as_borrowed()), flags) }
    });
    match outcome {
        Ok(_) => 0,
        Err(raised) => {
            report(raised);
            -1
        }
    }
}

/// Shows an exception; SystemExit ends the process.
fn report(raised: Raised) {
    if raised.is_a::<exc::SystemExit>() {
        let exception = raised.take();
        let status = exc::exit_code_of_system_exit(&exception);
        taipan_runtime::startup::finish::finalize_and_exit(status);
    }
    exc::print_error(raised, true);
}

/// The rest of a stream.
unsafe fn read_all(file: *mut libc::FILE) -> PyResult<Vec<u8>> {
    let mut text = Vec::new();
    let mut buffer = [0u8; 4096];
    loop {
        // SAFETY: an open stream, and a buffer of that size.
        let count = unsafe { libc::fread(buffer.as_mut_ptr().cast(), 1, buffer.len(), file) };
        if count == 0 {
            break;
        }
        text.try_extend(&buffer[..count])?;
    }
    // SAFETY: as above.
    if unsafe { libc::ferror(file) } != 0 {
        return Err(exc::from_last_errno(None));
    }
    Ok(text)
}

unsafe fn run_file(
    file: *mut libc::FILE,
    name: *const c_char,
    start: c_int,
    globals: Nullable<'_>,
    locals: Nullable<'_>,
    close: bool,
    flags: *const PyCompilerFlags,
) -> PyResult<Ref<Object>> {
    // SAFETY: by contract of the callers.
    unsafe {
        let text = read_all(file);
        if close {
            libc::fclose(file);
        }
        let name = lossy(name);
        run(&text?, &name, start, globals, locals, flags)
    }
}

unsafe fn run_simple_file(
    file: *mut libc::FILE,
    name: *const c_char,
    close: bool,
    flags: *const PyCompilerFlags,
) -> c_int {
    // SAFETY: by contract of the callers.
    unsafe {
        let outcome = main_dict().and_then(|dict| {
            let shown = file_name(name)?;
            let had_file = dict.contains_str(id!("__file__"));
            if !had_file && let Some(shown) = &shown {
                dict.set_str(id!("__file__"), shown.as_borrowed())?;
            }
            if let Some(shown) = &shown
                && !shown.eq_str("<stdin>")
            {
                let loader = taipan_runtime::import::import_attr("_frozen_importlib_external", "SourceFileLoader")?;
                let loader = loader.call(&[id!("__main__").upcast(), shown.as_borrowed()])?;
                dict.set_str(id!("__loader__"), loader.borrow())?;
            }
            let globals = Some(dict.as_borrowed());
            let outcome = run_file(file, name, Py_file_input, globals, globals, close, flags);
            if !had_file {
                let saved = outcome.map_err(Raised::take);
                if let Err(raised) = dict.pop(id!("__file__")) {
                    raised.clear();
                }
                return saved.map_err(Raised::restore);
            }
            outcome
        });
        match outcome {
            Ok(_) => 0,
            Err(raised) => {
                report(raised);
                -1
            }
        }
    }
}

unsafe fn is_interactive(file: *mut libc::FILE, name: &str) -> bool {
    // SAFETY: an open stream.
    let is_terminal = unsafe { libc::isatty(libc::fileno(file)) != 0 };
    is_terminal || (taipan_runtime::thread::config().interactive && matches!(name, "" | "<stdin>" | "???"))
}

unsafe fn run_any_file(
    file: *mut libc::FILE,
    name: *const c_char,
    close: bool,
    flags: *const PyCompilerFlags,
) -> c_int {
    // SAFETY: by contract of the callers.
    unsafe {
        if is_interactive(file, &lossy(name)) {
            let status = interactive_loop(file, name, flags);
            if close {
                libc::fclose(file);
            }
            return status;
        }
        let name = if name.is_null() { c"???".as_ptr() } else { name };
        run_simple_file(file, name, close, flags)
    }
}

/// One statement of a stream, which `codeop` says is complete; -1 after an error, `E_EOF` at the end.
fn interactive_one(file: *mut libc::FILE, name: PyResult<Option<Ref<Str>>>, flags: *const PyCompilerFlags) -> c_int {
    const E_EOF: c_int = 11;
    let outcome = (|| -> PyResult<bool> {
        let name = match name? {
            Some(name) => name,
            None => Str::from_utf8_str("???")?,
        };
        let compile = taipan_runtime::import::import_attr("codeop", "compile_command")?;
        let single = Str::from_utf8_str("single")?;
        let mut text = Vec::new();
        loop {
            // SAFETY: an open stream.
            let Some(line) = (unsafe { read_line(file) }) else {
                if text.is_empty() {
                    return Ok(false);
                }
                text.push(b'\n');
                break;
            };
            text.extend_from_slice(&line);
            let source = string_of(&text)?;
            let code = compile.call(&[source.as_borrowed(), name.as_borrowed(), single.as_borrowed()])?;
            if !code.is_none() {
                break;
            }
        }
        let dict = main_dict()?;
        let globals = Some(dict.as_borrowed());
        // SAFETY: the flags are C's.
        unsafe { run(&text, &name.to_display(), Py_single_input, globals, globals, flags)? };
        Ok(true)
    })();
    match outcome {
        Ok(true) => 0,
        Ok(false) => E_EOF,
        Err(raised) => {
            report(raised);
            -1
        }
    }
}

unsafe fn read_line(file: *mut libc::FILE) -> Option<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        // SAFETY: an open stream.
        let character = unsafe { libc::fgetc(file) };
        if character == libc::EOF {
            return (!line.is_empty()).then_some(line);
        }
        line.push(character as u8);
        if character == c_int::from(b'\n') {
            return Some(line);
        }
    }
}

unsafe fn interactive_loop(file: *mut libc::FILE, name: *const c_char, flags: *const PyCompilerFlags) -> c_int {
    loop {
        // SAFETY: by contract of the callers.
        let name = unsafe { file_name(name) };
        if interactive_one(file, name, flags) == 11 {
            return 0;
        }
    }
}
