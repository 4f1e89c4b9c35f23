//! What a parse can report: one error, and a list of warnings.

/// Which exception an error becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    Syntax,
    Indentation,
    Tab,
    /// The source ends where more could follow (`Options::allow_incomplete_input`); `_IncompleteInputError` in Python.
    IncompleteInput,
    /// `MemoryError`: the nesting is deeper than the parser's stack.
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
    pub kind: ErrorKind,
    pub message: String,
    pub lineno: i32,
    pub offset: i32,
    pub end_lineno: i32,
    pub end_offset: i32,
    /// The source line; `None` when the error has no place.
    pub text: Option<String>,
    /// Where the last compound statement before the error begins, line and column, or zeros; `None` when the error is not
    /// the parser's. Suggestions for misspelt keywords start there.
    pub last_statement: Option<(i32, i32)>,
}

/// Which category a warning has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WarningKind {
    Syntax,
    Deprecation,
}

/// A warning of the lexer or parser. When the warnings filter turns it into an error, the exception is a `SyntaxError`
/// with `error_message` at `lineno`, `offset`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning {
    pub kind: WarningKind,
    pub message: String,
    pub error_message: String,
    pub lineno: i32,
    pub offset: i32,
    pub end_lineno: i32,
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
