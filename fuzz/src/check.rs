//! One input through the whole front end, with the time it takes.

use std::time::Duration;

use taipan_compiler::{CompileError, marshal};
use taipan_syntax::tokenize::PyTokens;
use taipan_syntax::{Arena, ErrorKind};

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

/// Parses and compiles.
pub fn compile(input: &Input) -> Outcome {
    let arena = Arena::new();
    let parsed = match taipan_syntax::parse(&arena, &input.source, &input.parse) {
        Ok(parsed) => parsed,
        Err(error) => {
            let name = match error.kind {
                ErrorKind::Syntax => "SyntaxError",
                ErrorKind::Indentation => "IndentationError",
                ErrorKind::Tab => "TabError",
                ErrorKind::Memory => "MemoryError",
                ErrorKind::Overflow => "OverflowError",
                ErrorKind::IncompleteInput => "_IncompleteInputError",
                ErrorKind::Encoding => "encoding",
            };
            return Outcome::Error(format!("{name}: {}", error.message));
        }
    };
    let mut warnings = Vec::new();
    match taipan_compiler::compile(&parsed.module, "<fuzz>", &input.compile, &mut warnings) {
        Ok(code) => Outcome::Code(marshal::dumps(&code).len()),
        Err(error) => {
            let name = match &error {
                CompileError::Syntax(_) => "SyntaxError",
                CompileError::Recursion => "RecursionError",
                CompileError::Other(name, _) => name,
            };
            Outcome::Error(format!("{name}: {}", error.message()))
        }
    }
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
