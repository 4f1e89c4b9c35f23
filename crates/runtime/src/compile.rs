//! From source to code objects: the compiler crate, with its errors and warnings as Python's.

use taipan_compiler::{CompileError, Options, Warning, code::flags};
use taipan_syntax as syntax;
use taipan_syntax::ast::{Arena, Mod};

use crate::memory::rust_alloc::GrowingRoom;
use crate::prelude::*;
use crate::types::Code;
use crate::types::exceptions::{self, SyntaxFields};

pub use syntax::Mode;

/// How to compile: the arguments of `compile()`.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    pub mode: Mode,
    /// `PyCF_*` and `CO_FUTURE_*` bits.
    pub flags: u32,
    /// 0, 1 or 2; -1 for the interpreter's own level.
    pub optimize: i32,
    /// The source is text: an encoding declaration in it means nothing.
    pub is_text: bool,
    /// The minor version of the language to accept; -1 for this one.
    pub feature_version: i32,
}

/// `PyCF_ALLOW_TOP_LEVEL_AWAIT`.
pub const TOP_LEVEL_AWAIT: u32 = 0x2000;
/// `PyCF_TYPE_COMMENTS`.
pub const TYPE_COMMENTS: u32 = 0x1000;
/// `PyCF_DONT_IMPLY_DEDENT`.
pub const DONT_IMPLY_DEDENT: u32 = 0x200;
/// `PyCF_ALLOW_INCOMPLETE_INPUT`.
pub const ALLOW_INCOMPLETE_INPUT: u32 = 0x4000;
/// `PyCF_ONLY_AST`.
pub const ONLY_AST: u32 = 0x400;
/// `PyCF_OPTIMIZED_AST`.
pub const OPTIMIZED_AST: u32 = 0x8000 | ONLY_AST;
/// All that `compile()` accepts; 0x10 was once the future `nested_scopes`.
pub const ALL_FLAGS: u32 = flags::FUTURE_MASK
    | 0x10
    | DONT_IMPLY_DEDENT
    | TYPE_COMMENTS
    | TOP_LEVEL_AWAIT
    | ALLOW_INCOMPLETE_INPUT
    | OPTIMIZED_AST;

/// Compiles source text to a code object.
pub fn compile_source(source: &[u8], filename: Borrowed<'_, Str>, request: Request) -> PyResult<Ref<Code>> {
    let room = GrowingRoom::for_source(source)?;
    let arena = Arena::with_capacity(source.len() * 8 + 1024);
    let module = parse(&arena, &room, source, filename, request)?;
    compile_module(&module, filename, request)
}

/// Compiles the source of the file that is run, which CPython reads as it parses: two errors look different.
pub fn compile_file(source: &[u8], filename: Borrowed<'_, Str>, request: Request) -> PyResult<Ref<Code>> {
    compile_source(source, filename, request).map_err(|raised| {
        if !raised.is_a::<exceptions::SyntaxError>() {
            return raised;
        }
        let exception = raised.take();
        match adapt_to_file(&exception, filename) {
            Ok(()) => Raised::restore(exception),
            Err(raised) => raised,
        }
    })
}

/// The message on bytes that are not UTF-8 names the file, and a lone backslash at the end has no caret, because its line
/// has left the tokenizer's buffer.
fn adapt_to_file(error: &Ref<Object>, filename: Borrowed<'_, Str>) -> PyResult<()> {
    let message = error.getattr(id!("msg"))?.to_text();
    if message.starts_with("Non-UTF-8 code starting with ")
        && let Some((start, end)) = message.split_once(" on line ")
    {
        let message = format!("{start} in file {} on line {end}", filename.to_display());
        error.setattr(id!("msg"), Str::from_utf8_str(&message)?.as_borrowed())?;
    } else if message == "unexpected EOF while parsing" && error.getattr(id!("text"))?.to_text().trim() == "\\" {
        error.setattr(id!("offset"), Int::zero().as_borrowed())?;
    }
    Ok(())
}

/// Parses source text, with room for what becomes of it.
pub fn parse<'a>(
    arena: &'a Arena,
    room: &GrowingRoom,
    source: &'a [u8],
    filename: Borrowed<'_, Str>,
    request: Request,
) -> PyResult<Mod<'a>> {
    let (source, is_text) = match decode(source, filename, request.is_text)? {
        Some(text) => (arena.slice(&text), true),
        None => (source, request.is_text),
    };
    let mut warnings = Vec::new();
    let ask = |size| room.add(size);
    let options = syntax::Options { room: Some(&ask), ..parse_options(&request, is_text) };
    let result = syntax::parse_reporting(arena, source, &options, &mut warnings);
    for warning in &warnings {
        parse_warning(warning, filename, source)?;
    }
    if !source.is_ascii()
        && let Ok(module) = &result
    {
        // A name can become a keyword when it is normalised.
        crate::modules::_ast::validate::check_module(module)?;
    }
    result.map_err(|error| {
        let text = syntax::source::prepare(arena, source, is_text, request.mode == Mode::Exec);
        with_metadata(parse_error(&error, filename), &error, text.unwrap_or_default())
    })
}

fn compiler_options(request: &Request) -> Options {
    let optimize = match request.optimize {
        -1 => crate::thread::config().optimization_level.clamp(0, 2) as u8,
        level => level as u8,
    };
    Options {
        optimize,
        future: request.flags & flags::FUTURE_MASK,
        top_level_await: request.flags & TOP_LEVEL_AWAIT != 0,
        stack_budget: crate::thread::stack_margin(),
    }
}

/// Compiles a tree.
pub fn compile_module(module: &Mod<'_>, filename: Borrowed<'_, Str>, request: Request) -> PyResult<Ref<Code>> {
    let mut warnings = Vec::new();
    let name = filename.to_display();
    let result = taipan_compiler::compile(module, &name, &compiler_options(&request), &mut warnings);
    issue_warnings(&warnings, filename)?;
    match result {
        Ok(unit) => Code::from_unit(&unit, filename),
        Err(error) => Err(compile_error(&error, filename)),
    }
}

/// The instructions that code generation makes of a tree, not optimised.
pub fn generate(
    module: &Mod<'_>,
    filename: Borrowed<'_, Str>,
    request: Request,
) -> PyResult<taipan_compiler::stages::Generated> {
    let mut warnings = Vec::new();
    let name = filename.to_display();
    let result = taipan_compiler::stages::generate(module, &name, &compiler_options(&request), &mut warnings);
    issue_warnings(&warnings, filename)?;
    result.map_err(|error| compile_error(&error, filename))
}

/// What happens to a tree before the compiler, for those who want a tree: checks, and with `OPTIMIZED_AST` changes.
pub fn preprocess<'a>(
    arena: &'a Arena,
    module: &Mod<'a>,
    filename: Borrowed<'_, Str>,
    request: Request,
) -> PyResult<Mod<'a>> {
    let optimized = request.flags & OPTIMIZED_AST == OPTIMIZED_AST;
    taipan_compiler::preprocess(arena, module, &compiler_options(&request), optimized)
        .map_err(|error| compile_error(&error, filename))
}

/// The scopes of a tree.
pub fn symbol_table(
    module: &Mod<'_>,
    filename: Borrowed<'_, Str>,
    request: Request,
) -> PyResult<Vec<taipan_compiler::symtable::SymbolBlock>> {
    taipan_compiler::symbol_table(module, &compiler_options(&request)).map_err(|error| compile_error(&error, filename))
}

/// The options of the parser for a request.
pub fn parse_options(request: &Request, is_text: bool) -> syntax::Options<'static> {
    syntax::Options {
        mode: request.mode,
        type_comments: request.flags & TYPE_COMMENTS != 0,
        feature_version: u8::try_from(request.feature_version).map_or(14, |version| version.min(14)),
        is_text,
        dont_imply_dedent: request.flags & DONT_IMPLY_DEDENT != 0,
        allow_incomplete_input: request.flags & ALLOW_INCOMPLETE_INPUT != 0,
        barry_as_bdfl: request.flags & flags::FUTURE_BARRY_AS_BDFL != 0,
        max_str_digits: usize::try_from(crate::types::int::max_str_digits()).unwrap_or(0),
        character_names: Some(&named_character),
        stack_budget: crate::thread::stack_margin(),
        room: None,
    }
}

/// Source in another encoding than the parser knows, as UTF-8.
fn decode(source: &[u8], filename: Borrowed<'_, Str>, is_text: bool) -> PyResult<Option<Vec<u8>>> {
    if is_text || source.starts_with(b"\xEF\xBB\xBF") {
        return Ok(None);
    }
    let Some((encoding, _)) = syntax::source::declared_encoding(source) else { return Ok(None) };
    if matches!(encoding.as_str(), "utf-8" | "iso-8859-1") {
        return Ok(None);
    }
    match crate::types::codec::decode_bytes(source, &encoding, "strict") {
        Ok(text) => Ok(Some(text.as_utf8()?.as_bytes().try_to_vec()?)),
        Err(raised) if raised.is_a::<exceptions::LookupError>() || raised.is_a::<exceptions::ValueError>() => {
            let message = raised.take().to_text();
            let details = Tuple::from_vec(vec![
                filename.upcast().to_owned(),
                Int::zero().into_object(),
                Int::from_i64(-1)?.into_object(),
                none(),
            ])?;
            let message = Str::from_utf8_str(&message)?;
            let class = exceptions::SyntaxError::type_object();
            let error = class.upcast().call(&[message.as_borrowed(), details.as_borrowed()])?;
            Err(crate::object::raise_instance(error))
        }
        Err(raised) => Err(raised),
    }
}

/// What `traceback` needs to suggest a keyword for a misspelt one: the source, and where to look.
fn with_metadata(raised: Raised, error: &syntax::SyntaxError, text: &str) -> Raised {
    let Some((lineno, column)) = error.last_statement else { return raised };
    let exception = raised.take();
    let set = || -> PyResult<()> {
        let metadata = Tuple::pack([
            Int::from_i64(lineno.into())?.into_object(),
            Int::from_i64(column.into())?.into_object(),
            Str::from_utf8_str(text)?.into_object(),
        ])?;
        match exception.is_instance_of::<exceptions::SyntaxError>() {
            true => exception.setattr(id!("_metadata"), metadata.as_borrowed()),
            false => Ok(()),
        }
    };
    match set() {
        Ok(()) => Raised::restore(exception),
        Err(raised) => raised,
    }
}

/// The text of line `lineno` of the file in its encoding, if there is such a file (`PyErr_ProgramTextObject`).
pub fn line_of(filename: Borrowed<'_, Str>, lineno: i32) -> Option<String> {
    let source = std::fs::read(filename.to_display()).ok()?;
    let body = source.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&source);
    let Some((encoding, _)) = syntax::source::declared_encoding(body) else { return nth_line(body, lineno) };
    match crate::types::codec::decode_bytes(body, &encoding, "replace") {
        Ok(text) => nth_line(text.to_display().as_bytes(), lineno),
        Err(raised) => {
            raised.clear();
            nth_line(body, lineno)
        }
    }
}

fn nth_line(source: &[u8], lineno: i32) -> Option<String> {
    let index = usize::try_from(lineno.checked_sub(1)?).ok()?;
    let line = source.split_inclusive(|byte| *byte == b'\n').nth(index)?;
    Some(String::from_utf8_lossy(line).into_owned())
}

/// An error of the symbol table or the compiler.
pub fn compile_error(error: &CompileError, filename: Borrowed<'_, Str>) -> Raised {
    match error {
        CompileError::Syntax(error) => {
            let fields = SyntaxFields {
                message: &error.message,
                lineno: error.lineno,
                offset: error.offset,
                end_lineno: error.end_lineno,
                end_offset: error.end_offset,
            };
            let text = line_of(filename, error.lineno);
            match error.is_early {
                true => exceptions::raise_located_syntax_error(fields, filename, text.as_deref()),
                false => {
                    exceptions::raise_syntax_error(exceptions::SyntaxError::TYPE, fields, filename, text.as_deref())
                }
            }
        }
        CompileError::Recursion => crate::thread::stack_overflow(" during compilation"),
        CompileError::Other(kind, message) => match *kind {
            "ValueError" => raise!(ValueError, "{message}"),
            "TypeError" => raise!(TypeError, "{message}"),
            "OverflowError" => raise!(OverflowError, "{message}"),
            "RecursionError" => raise!(RecursionError, "{message}"),
            "MemoryError" => Raised::no_memory(),
            _ => raise!(SystemError, "{message}"),
        },
    }
}

/// A `\N{...}` could not be looked up, because a program has taken the module `unicodedata` away.
static NAMES_MISSING: crate::memory::StaticCell<bool> = crate::memory::StaticCell::cell(false);

const NAMES_MESSAGE: &str = "(unicode error) \\N escapes not supported (can't load unicodedata module)";

/// The character that `\N{name}` means. The names are in the executable, but the module that has them for Python is
/// imported as CPython does.
fn named_character(name: &str) -> Option<char> {
    if let Err(raised) = crate::import::import_module("unicodedata") {
        raised.clear();
        NAMES_MISSING.set(true);
        return None;
    }
    taipan_unicode::names::character(name)
}

/// An error of the lexer or the parser.
pub fn parse_error(error: &syntax::SyntaxError, filename: Borrowed<'_, Str>) -> Raised {
    use syntax::ErrorKind;
    let class = match error.kind {
        ErrorKind::IncompleteInput => exceptions::_IncompleteInputError::TYPE,
        ErrorKind::Syntax => exceptions::SyntaxError::TYPE,
        ErrorKind::Indentation => exceptions::IndentationError::TYPE,
        ErrorKind::Tab => exceptions::TabError::TYPE,
        ErrorKind::Memory if error.message.is_empty() => return Raised::no_memory(),
        ErrorKind::Memory => return raise!(MemoryError, "{}", error.message),
        ErrorKind::Overflow => return raise!(OverflowError, "{}", error.message),
        ErrorKind::Encoding => return raise!(SyntaxError, "encoding problem: {}", error.message),
    };
    let names_missing = NAMES_MISSING.replace(false) && error.message.ends_with("unknown Unicode character name");
    let fields = SyntaxFields {
        message: if names_missing { NAMES_MESSAGE } else { &error.message },
        lineno: error.lineno,
        offset: error.offset,
        end_lineno: error.end_lineno,
        end_offset: error.end_offset,
    };
    exceptions::raise_syntax_error(class, fields, filename, error.text.as_deref())
}

/// A warning of the parser; made an error by a filter it becomes a SyntaxError at its place.
fn parse_warning(warning: &syntax::Warning, filename: Borrowed<'_, Str>, source: &[u8]) -> PyResult<()> {
    let category = match warning.kind {
        syntax::WarningKind::Syntax => exceptions::SyntaxWarning::type_object(),
        syntax::WarningKind::Deprecation => exceptions::DeprecationWarning::type_object(),
    };
    let Err(raised) = crate::modules::warnings::warn_explicit(category, &warning.message, filename, warning.lineno)
    else {
        return Ok(());
    };
    match warning.kind {
        syntax::WarningKind::Syntax => raised.clear_if::<exceptions::SyntaxWarning>()?,
        syntax::WarningKind::Deprecation => raised.clear_if::<exceptions::DeprecationWarning>()?,
    }
    let fields = SyntaxFields {
        message: &warning.error_message,
        lineno: warning.lineno,
        offset: warning.offset,
        end_lineno: warning.end_lineno,
        end_offset: warning.end_offset,
    };
    let text = nth_line(source, warning.lineno);
    Err(exceptions::raise_syntax_error(exceptions::SyntaxError::TYPE, fields, filename, text.as_deref()))
}

fn issue_warnings(warnings: &[Warning], filename: Borrowed<'_, Str>) -> PyResult<()> {
    for warning in warnings {
        let fields = SyntaxFields {
            message: &warning.message,
            lineno: warning.lineno,
            offset: warning.offset,
            end_lineno: warning.end_lineno,
            end_offset: warning.end_offset,
        };
        syntax_warning(fields, filename)?;
    }
    Ok(())
}

fn syntax_warning(fields: SyntaxFields<'_>, filename: Borrowed<'_, Str>) -> PyResult<()> {
    let category = exceptions::SyntaxWarning::type_object();
    match crate::modules::warnings::warn_explicit(category, fields.message, filename, fields.lineno) {
        Ok(()) => Ok(()),
        Err(raised) => {
            raised.clear_if::<exceptions::SyntaxWarning>()?;
            let text = line_of(filename, fields.lineno);
            Err(exceptions::raise_syntax_error(exceptions::SyntaxError::TYPE, fields, filename, text.as_deref()))
        }
    }
}
