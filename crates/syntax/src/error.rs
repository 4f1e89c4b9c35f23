//! What a parse can report: one error, and a list of warnings.

/// Which exception an error becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// `SyntaxError`.
    Syntax,
    /// `IndentationError`.
    Indentation,
    /// `TabError`.
    Tab,
    /// The source ends where more could follow (`Options::allow_incomplete_input`); `_IncompleteInputError` in Python.
    IncompleteInput,
    /// `MemoryError`: the nesting is deeper than the parser's stack, or there is no memory.
    Memory,
    /// `OverflowError`.
    Overflow,
    /// The source declares an encoding that is not handled here; the caller decodes it and parses the text.
    /// `message` is the name of the encoding as written, in lower case with `-` for `_`.
    Encoding,
}

/// An error, with the attributes that the exception object has: `offset` and `end_offset` count characters from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Which exception it becomes.
    pub kind: ErrorKind,
    /// What the exception says.
    pub message: String,
    /// The first line of the place, from 1; 0 when there is none.
    pub lineno: i32,
    /// Where in that line the place begins.
    pub offset: i32,
    /// The last line of the place.
    pub end_lineno: i32,
    /// Where in that line the place ends.
    pub end_offset: i32,
    /// The source line; `None` when the error has no place.
    pub text: Option<String>,
    /// Where the last compound statement before the error begins, line and column, or zeros; `None` when the error is not
    /// the parser's. Suggestions for misspelt keywords start there.
    pub last_statement: Option<(i32, i32)>,
}

impl SyntaxError {
    /// A MemoryError, which has no place in the source.
    pub(crate) fn memory(message: &str) -> SyntaxError {
        SyntaxError {
            kind: ErrorKind::Memory,
            message: message.into(),
            lineno: 0,
            offset: 0,
            end_lineno: 0,
            end_offset: 0,
            text: None,
            last_statement: None,
        }
    }
}

/// Which category a warning has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningKind {
    /// `SyntaxWarning`.
    Syntax,
    /// `DeprecationWarning`.
    Deprecation,
}

/// A warning of the lexer or parser. When the warnings filter turns it into an error, the exception is a `SyntaxError`
/// with `error_message` at `lineno`, `offset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    /// The category.
    pub kind: WarningKind,
    /// What the warning says.
    pub message: String,
    /// What the error says that a filter makes of it.
    pub error_message: String,
    /// The line, from 1.
    pub lineno: i32,
    /// The column, in characters from 1.
    pub offset: i32,
    /// The line where the place ends.
    pub end_lineno: i32,
    /// The column where the place ends.
    pub end_offset: i32,
}

/// The number of characters in the first `bytes` bytes of `line`, which may end inside a character or one past the end.
pub(crate) fn char_offset(line: &str, bytes: i32) -> i32 {
    if bytes <= 0 {
        return bytes.max(0);
    }
    let bytes = bytes as usize;
    let len = line.len();
    if bytes > len {
        return line.chars().count() as i32 + 1;
    }
    let mut cut = bytes;
    while !line.is_char_boundary(cut) {
        cut -= 1;
    }
    (line[..cut].chars().count() + usize::from(cut != bytes)) as i32
}
