//! `compile`, `eval` and `exec`.

use super::Builtins;
use super::inspect::{current_builtins, current_globals, current_locals};
use crate::compile::{self, Mode, Request};
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::buffer::has_buffer;
use crate::types::cell::Cell;
use crate::types::{Code, Function};
use taipan_compiler::code::flags::FUTURE_MASK;

#[pymethods(part = EVAL)]
impl Builtins {
    #[function(
        signature = "(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1)"
    )]
    fn compile(
        source: Borrowed<'_, Object>,
        filename: Borrowed<'_, Object>,
        mode: &str,
        flags: i32,
        dont_inherit: bool,
        optimize: i32,
        _feature_version: i32,
    ) -> PyResult<Ref<Object>> {
        let filename = filename_from_object(filename)?;
        let mut flags = flags as u32;
        if flags & !compile::ALL_FLAGS != 0 {
            return Err(raise!(ValueError, "compile(): unrecognised flags"));
        }
        if !(-1..=2).contains(&optimize) {
            return Err(raise!(ValueError, "compile(): invalid optimize value"));
        }
        if !dont_inherit {
            flags |= inherited_flags();
        }
        let only_ast = flags & compile::ONLY_AST != 0;
        let mode = match mode {
            "exec" => Mode::Exec,
            "eval" => Mode::Eval,
            "single" => Mode::Single,
            "func_type" if only_ast => Mode::FuncType,
            "func_type" => {
                return Err(raise!(ValueError, "compile() mode 'func_type' requires flag PyCF_ONLY_AST"));
            }
            _ if only_ast => {
                return Err(raise!(ValueError, "compile() mode must be 'exec', 'eval', 'single' or 'func_type'"));
            }
            _ => return Err(raise!(ValueError, "compile() mode must be 'exec', 'eval' or 'single'")),
        };
        let is_text = source.is_instance_of::<Str>();
        let feature_version = if only_ast { _feature_version } else { -1 };
        let request = Request { mode, flags, optimize, is_text, feature_version };
        if crate::modules::_ast::is_ast(source)? {
            return crate::modules::_ast::compile_tree(source, filename.borrow(), request);
        }
        with_source(source, "compile", "string, bytes or AST object", |text| {
            if only_ast {
                return crate::modules::_ast::parse_to_tree(text, filename.borrow(), request);
            }
            Ok(compile::compile_source(text, filename.borrow(), request)?.into_object())
        })
    }

    #[function(signature = "(source, /, globals=None, locals=None)")]
    fn eval(
        source: Borrowed<'_, Object>,
        globals: Option<Borrowed<'_, Object>>,
        locals: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let globals = globals.filter(|globals| !globals.is_none());
        let locals = locals.filter(|locals| !locals.is_none());
        if let Some(locals) = locals
            && !locals.is_mapping()
        {
            return Err(raise!(TypeError, "locals must be a mapping"));
        }
        let globals = match globals {
            None => None,
            Some(globals) => match globals.downcast::<Dict>() {
                Some(globals) => Some(globals.to_owned()),
                None if globals.is_mapping() => {
                    return Err(raise!(TypeError, "globals must be a real dict; try eval(expr, {{}}, mapping)"));
                }
                None => return Err(raise!(TypeError, "globals must be a dict")),
            },
        };
        let (globals, locals) = namespaces("eval", globals, locals)?;
        ensure_builtins(&globals)?;
        if let Some(code) = source.downcast_exact::<Code>() {
            crate::modules::sys::audit("exec", &[source])?;
            if code.free_count() > 0 {
                return Err(raise!(TypeError, "code object passed to eval() may not contain free variables"));
            }
            return crate::interp::eval_code(&code, globals.borrow(), Some(locals.borrow()));
        }
        let is_text = source.is_instance_of::<Str>();
        let code = with_source(source, "eval", "string, bytes or code object", |text| {
            // Leading blanks would be an indentation.
            let start = text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len());
            let request =
                Request { mode: Mode::Eval, flags: inherited_flags(), optimize: -1, is_text, feature_version: -1 };
            compile::compile_source(&text[start..], string_filename()?.borrow(), request)
        })?;
        crate::interp::eval_code(&code, globals.borrow(), Some(locals.borrow()))
    }

    #[function(signature = "(source, /, globals=None, locals=None, *, closure=None)")]
    fn exec(
        source: Borrowed<'_, Object>,
        globals: Option<Borrowed<'_, Object>>,
        locals: Option<Borrowed<'_, Object>>,
        closure: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let closure = closure.filter(|closure| !closure.is_none());
        let locals = locals.filter(|locals| !locals.is_none());
        let globals = match globals.filter(|globals| !globals.is_none()) {
            None => None,
            Some(globals) => match globals.downcast::<Dict>() {
                Some(globals) => Some(globals.to_owned()),
                None => {
                    return Err(raise!(TypeError, "exec() globals must be a dict, not {}", globals.type_name()));
                }
            },
        };
        if let Some(locals) = locals
            && !locals.is_mapping()
        {
            return Err(raise!(TypeError, "locals must be a mapping or None, not {}", locals.type_name()));
        }
        let (globals, locals) = namespaces("exec", globals, locals)?;
        ensure_builtins(&globals)?;
        if let Some(code) = source.downcast_exact::<Code>() {
            let count = code.free_count();
            let cells = match (closure, count) {
                (Some(_), 0) => {
                    return Err(raise!(TypeError, "cannot use a closure with this code object"));
                }
                (None, 0) => None,
                (closure, _) => match closure.and_then(|closure| closure.downcast_borrowed::<Tuple>()) {
                    Some(cells) if cells.len() == count && cells.iter().all(|cell| cell.is_exact::<Cell>()) => {
                        Some(cells.to_owned())
                    }
                    _ => {
                        return Err(raise!(TypeError, "code object requires a closure of exactly length {count}"));
                    }
                },
            };
            crate::modules::sys::audit("exec", &[source])?;
            let function = Function::from_code(&code, globals.borrow())?;
            if let Some(cells) = cells {
                function.set_closure(cells);
            }
            crate::interp::eval_function(&function, Some(locals.borrow()))?;
            return Ok(());
        }
        if closure.is_some() {
            return Err(raise!(TypeError, "closure can only be used when source is a code object"));
        }
        let is_text = source.is_instance_of::<Str>();
        let code = with_source(source, "exec", "string, bytes or code object", |text| {
            let request =
                Request { mode: Mode::Exec, flags: inherited_flags(), optimize: -1, is_text, feature_version: -1 };
            compile::compile_source(text, string_filename()?.borrow(), request)
        })?;
        crate::interp::eval_code(&code, globals.borrow(), Some(locals.borrow()))?;
        Ok(())
    }
}

fn string_filename() -> PyResult<Ref<Str>> {
    Ok(id!("<string>").to_owned())
}

/// The namespaces to run in: those given, else those of the caller.
fn namespaces(
    function: &str,
    globals: Option<Ref<Dict>>,
    locals: Option<Borrowed<'_, Object>>,
) -> PyResult<(Ref<Dict>, Ref<Object>)> {
    match (globals, locals) {
        (Some(globals), Some(locals)) => Ok((globals, locals.to_owned())),
        (Some(globals), None) => {
            let locals = globals.clone().into_object();
            Ok((globals, locals))
        }
        (None, locals) => {
            let Some(globals) = current_globals() else {
                if function == "eval" {
                    return Err(raise!(TypeError, "eval must be given globals and locals when called without a frame"));
                }
                return Err(raise!(SystemError, "globals and locals cannot be NULL"));
            };
            let locals = match locals {
                Some(locals) => locals.to_owned(),
                None => current_locals()?,
            };
            Ok((globals, locals))
        }
    }
}

fn ensure_builtins(globals: &Ref<Dict>) -> PyResult<()> {
    if globals.get_str(id!("__builtins__")).is_none() {
        globals.set_str(id!("__builtins__"), current_builtins().borrow())?;
    }
    Ok(())
}

/// The futures of the code that is running, which source compiled by it inherits (`PyEval_MergeCompilerFlags`).
pub fn inherited_flags() -> u32 {
    // SAFETY: the current thread's frames are live.
    unsafe {
        let frame = crate::interp::frame::first_complete(crate::thread::current().current_frame.get());
        if frame.is_null() {
            return 0;
        }
        (*crate::interp::frame::code(frame)).co_flags.get() as u32 & FUTURE_MASK
    }
}

/// Passes the bytes of `source`, which is a `str` or bytes-like, to `body`.
pub(in crate::modules) fn with_source<R>(
    source: Borrowed<'_, Object>,
    function: &str,
    expected: &str,
    body: impl FnOnce(&[u8]) -> PyResult<R>,
) -> PyResult<R> {
    let check = |text: &[u8]| -> PyResult<()> {
        if memchr::memchr(0, text).is_some() {
            return Err(raise!(SyntaxError, "source code string cannot contain null bytes"));
        }
        Ok(())
    };
    if let Some(text) = source.downcast::<Str>() {
        let text = text.as_utf8()?.as_bytes();
        check(text)?;
        return body(text);
    }
    if let Some(bytes) = source.downcast::<Bytes>() {
        check(bytes.as_slice())?;
        return body(bytes.as_slice());
    }
    if !has_buffer(&source) {
        return Err(raise!(TypeError, "{function}() arg 1 must be a {expected}"));
    }
    // A copy: compiling can run Python code, which could change the buffer.
    let copy = {
        let buffer = BufferArg::new(source)?;
        let mut copy = Vec::new();
        if copy.try_reserve_exact(buffer.len()).is_err() {
            return Err(Raised::no_memory());
        }
        copy.extend_from_slice(buffer.as_slice());
        copy
    };
    check(&copy)?;
    body(&copy)
}

/// A file name as `str`: `str`, `bytes`, or what `__fspath__` gives (`PyUnicode_FSDecoder`).
pub fn filename_from_object(object: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
    let path = fspath(object)?;
    let text = match path.downcast::<Bytes>() {
        Some(bytes) => crate::types::codec::fs_decode(bytes.as_slice())?,
        None => match path.into_downcast::<Str>() {
            Ok(text) => text,
            Err(other) => {
                return Err(raise!(
                    TypeError,
                    "path should be string, bytes or os.PathLike, not {}",
                    other.type_name()
                ));
            }
        },
    };
    if text.find_char(0, 0..text.len()).is_some() {
        return Err(raise!(ValueError, "embedded null character"));
    }
    Ok(text)
}

/// `os.fspath(object)`.
pub fn fspath(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if object.is_instance_of::<Str>() || object.is_instance_of::<Bytes>() {
        return Ok(object.to_owned());
    }
    let method = object.lookup_special(id!("__fspath__"))?.filter(|method| !method.is_none());
    let Some(method) = method else {
        return Err(raise!(TypeError, "expected str, bytes or os.PathLike object, not {}", object.type_name()));
    };
    let path = method.call0()?;
    if path.is_instance_of::<Str>() || path.is_instance_of::<Bytes>() {
        return Ok(path);
    }
    Err(raise!(
        TypeError,
        "expected {}.__fspath__() to return str or bytes, not {}",
        object.type_name(),
        path.type_name()
    ))
}
