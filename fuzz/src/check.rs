//! One input through the whole front end, with the time it takes.

use std::time::Duration;

use taipan_compiler::{CodeUnit, CompileError, SourceError, marshal};
use taipan_syntax::tokenize::PyTokens;
use taipan_syntax::{Arena, ErrorKind, WarningKind};

use crate::describe;
use crate::mutate::Input;

/// What became of an input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The length of the marshalled code.
    Code(usize),
    Error(String),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Code(size) => write!(f, "code of {size} bytes"),
            Outcome::Error(message) => f.write_str(message),
        }
    }
}

/// The processor time this thread has used.
pub fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// How long an input of `size` bytes may take: a second for each begun megabyte.
pub fn limit(size: usize) -> Duration {
    Duration::from_secs(1 + size as u64 / 1_000_000)
}

/// Parses and compiles; the warnings of the compiler are added to `warnings`.
fn run(input: &Input, warnings: &mut Vec<String>) -> Result<CodeUnit, SourceError> {
    let arena = Arena::new();
    let mut early = Vec::new();
    let parsed = taipan_syntax::parse_reporting(&arena, &input.source, &input.parse, &mut early);
    let syntax = early.iter().filter(|warning| warning.kind == WarningKind::Syntax);
    warnings.extend(syntax.map(|warning| format!("warn {} {}", warning.message, warning.lineno)));
    let module = parsed.map_err(SourceError::Parse)?;
    let mut late = Vec::new();
    let code = taipan_compiler::compile(&module, "<fuzz>", &input.compile, &mut late);
    warnings.extend(late.iter().map(|warning| format!("warn {} {}", warning.message, warning.lineno)));
    code.map_err(SourceError::Compile)
}

/// The class of an error, its message, and its place if it has one.
fn parts(error: &SourceError) -> (&str, &str, Option<[i32; 4]>) {
    match error {
        SourceError::Parse(error) => {
            let name = match error.kind {
                ErrorKind::Syntax => "SyntaxError",
                ErrorKind::Indentation => "IndentationError",
                ErrorKind::Tab => "TabError",
                ErrorKind::Memory => "MemoryError",
                ErrorKind::Overflow => "OverflowError",
                ErrorKind::IncompleteInput => "_IncompleteInputError",
                ErrorKind::Encoding => "encoding",
            };
            let place = [error.lineno, error.offset, error.end_lineno, error.end_offset];
            (name, &error.message, (error.kind != ErrorKind::Memory).then_some(place))
        }
        SourceError::Compile(error) => match error {
            CompileError::Syntax(error) => {
                let place = [error.lineno, error.offset, error.end_lineno, error.end_offset];
                ("SyntaxError", &error.message, Some(place))
            }
            CompileError::Recursion => ("RecursionError", error.message(), None),
            CompileError::Other(name, message) => (name, message, None),
        },
    }
}

/// Parses and compiles.
pub fn compile(input: &Input) -> Outcome {
    match run(input, &mut Vec::new()) {
        Ok(code) => Outcome::Code(marshal::dumps(&code).len()),
        Err(error) => {
            let (name, message, _) = parts(&error);
            Outcome::Error(format!("{name}: {message}"))
        }
    }
}

/// The code objects in full, or the error with its place, and the warnings: one to a line.
pub fn describe(input: &Input) -> String {
    let mut warnings = Vec::new();
    let mut rows = match run(input, &mut warnings) {
        Ok(code) => {
            let mut found = Vec::new();
            describe::walk(&code, &mut found);
            found.into_iter().flat_map(|(name, text)| [name, text]).collect()
        }
        Err(error) => {
            let (name, message, place) = parts(&error);
            let place = place.map_or(String::new(), |place| place.map(|number| format!(" {number}")).concat());
            vec![format!("{name}: {message}{place}")]
        }
    };
    rows.append(&mut warnings);
    rows.join("\n")
}

/// What else programs can ask of a source: its tokens, its scopes, its optimised tree.
pub fn others(input: &Input) {
    if let Ok(text) = std::str::from_utf8(&input.source) {
        let arena = Arena::new();
        for extra in [false, true] {
            for token in PyTokens::new(&arena, text, extra) {
                if token.is_err() {
                    break;
                }
            }
        }
    }
    let arena = Arena::new();
    if let Ok(parsed) = taipan_syntax::parse(&arena, &input.source, &input.parse) {
        let _ = taipan_compiler::symbol_table(&parsed.module, &input.compile);
        let _ = taipan_compiler::preprocess(&arena, &parsed.module, &input.compile, true);
    }
}
