//! What a compilation can fail with, and what it can warn about.

use std::fmt;

use taipan_syntax::ast::Range;

/// A `SyntaxError` of the symbol table or the compiler. Lines and offsets count from 1, offsets in bytes of UTF-8, as
/// CPython passes them to the exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// What the exception says.
    pub message: String,
    /// The first line, from 1.
    pub lineno: i32,
    /// Where in it the place begins, in bytes from 1.
    pub offset: i32,
    /// The last line.
    pub end_lineno: i32,
    /// Where in it the place ends.
    pub end_offset: i32,
    /// It was found before code generation: CPython then sets the place as attributes of an exception whose only
    /// argument is the message.
    pub is_early: bool,
}

/// A `SyntaxWarning`, with positions like those of [`SyntaxError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// What the warning says.
    pub message: String,
    /// The first line, from 1.
    pub lineno: i32,
    /// Where in it the place begins, in bytes from 1.
    pub offset: i32,
    /// The last line.
    pub end_lineno: i32,
    /// Where in it the place ends.
    pub end_offset: i32,
}

/// Why there is no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CompileError {
    /// `SyntaxError`.
    Syntax(SyntaxError),
    /// `RecursionError`: the source nests too deeply for the stack.
    Recursion,
    /// `SystemError` or another exception for trees that no parser makes; the first word is the exception's type.
    Other(&'static str, String),
}

impl CompileError {
    pub(crate) fn at(range: Range, message: impl Into<String>) -> CompileError {
        CompileError::Syntax(SyntaxError {
            message: message.into(),
            lineno: range.lineno,
            offset: range.col_offset.saturating_add(1),
            end_lineno: range.end_lineno,
            end_offset: range.end_col_offset.saturating_add(1),
            is_early: false,
        })
    }

    /// The error as one of the symbol table or the look at `__future__` imports.
    pub(crate) fn early(mut self) -> CompileError {
        if let CompileError::Syntax(error) = &mut self {
            error.is_early = true;
        }
        self
    }

    /// The text of the exception.
    pub fn message(&self) -> &str {
        match self {
            CompileError::Syntax(error) => &error.message,
            CompileError::Recursion => "maximum recursion depth exceeded during compilation",
            CompileError::Other(_, message) => message,
        }
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CompileError::Syntax(error) => write!(f, "{} (line {})", error.message, error.lineno),
            other => f.write_str(other.message()),
        }
    }
}

impl std::error::Error for CompileError {}

impl Warning {
    pub(crate) fn at(range: Range, message: impl Into<String>) -> Warning {
        Warning {
            message: message.into(),
            lineno: range.lineno,
            offset: range.col_offset.saturating_add(1),
            end_lineno: range.end_lineno,
            end_offset: range.end_col_offset.saturating_add(1),
        }
    }
}

pub(crate) type Result<T> = std::result::Result<T, CompileError>;

/// Measures the machine stack, so that deep nesting is an error and never an overflow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StackGuard {
    lowest: usize,
}

impl StackGuard {
    /// Allows `budget` more bytes from here.
    pub fn new(budget: usize) -> StackGuard {
        StackGuard { lowest: Self::here().saturating_sub(budget) }
    }

    #[inline(always)]
    fn here() -> usize {
        let marker = 0u8;
        std::ptr::addr_of!(marker) as usize
    }

    #[inline(always)]
    pub fn check(self) -> Result<()> {
        if Self::here() < self.lowest { Err(CompileError::Recursion) } else { Ok(()) }
    }
}
