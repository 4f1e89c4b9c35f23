//! The tokens that Python programs see: those of `_tokenize.TokenizerIter`, which `tokenize` is made of.
//!
//! They differ from the parser's: columns count characters, a source line comes with each, and in extra mode comments
//! and blank lines are tokens and all operators are `OP`. CPython has this in `Python/Python-tokenize.c`.

use crate::ast::Arena;
use crate::error::{ErrorKind, SyntaxError};
use crate::lexer::{LexError, LexOptions, Lexer};
use crate::token::{Kind, Token};

/// A token as Python has it: `(kind, text, start, end, line)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PyToken<'a> {
    /// The number in `Lib/token.py`.
    pub kind: u8,
    /// The token as it is in the source.
    pub text: &'a str,
    /// Line from 1 and column, in characters from 0.
    pub start: (i32, i32),
    /// The same of its end.
    pub end: (i32, i32),
    /// The physical lines on which the token stands.
    pub line: &'a str,
}

/// An iterator over tokens; it ends after `ENDMARKER` or an error. An error whose `end_lineno` is 0 has no end, and
/// one without `text` has no place in its arguments.
pub struct PyTokens<'a> {
    lexer: Lexer<'a>,
    text: &'a str,
    extra: bool,
    /// The source did not end in a line ending, and one has been added.
    implicit_newline: bool,
    done: bool,
    /// The last place whose column was asked for: the start of its line, the place, and its column in characters.
    counted: (usize, usize, i32),
}

impl<'a> PyTokens<'a> {
    /// Tokens of a whole source, its line endings as they are.
    pub fn new(arena: &'a Arena, source: &str, extra: bool) -> PyTokens<'a> {
        let implicit_newline = !source.is_empty() && !source.ends_with('\n');
        let mut owned = String::with_capacity(source.len() + 1);
        owned.push_str(source);
        if implicit_newline {
            owned.push('\n');
        }
        let text = arena.str(&owned);
        let options = LexOptions { type_comments: false, extra_tokens: extra };
        PyTokens { lexer: Lexer::new(text, options), text, extra, implicit_newline, done: false, counted: (0, 0, 0) }
    }

    /// The source from `start` to the end of the line that the lexer is on.
    fn lines(&self, start: usize) -> &'a str {
        let from = self.lexer.line_start.max(start);
        let rest = &self.text.as_bytes()[from..];
        let end = from + memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let end = if self.implicit_newline && end == self.text.len() { end - 1 } else { end };
        &self.text[start..end.max(start)]
    }

    /// The column in characters of `at` in the line that begins at `line`. It counts on from the place before, so that
    /// a long line of many tokens costs no more than as many short ones.
    fn column(&mut self, line: usize, at: usize) -> i32 {
        let (counted_line, mut from, mut chars) = self.counted;
        if counted_line != line || from > at {
            (from, chars) = (line, 0);
        }
        chars += self.text[from..at].chars().count() as i32;
        self.counted = (line, at, chars);
        chars
    }

    fn convert(&mut self, token: Token) -> PyToken<'a> {
        let (start, end) = (token.start as usize, token.end as usize);
        let mut text = &self.text[start..end];
        let mut kind = token.kind.python_number();
        let at_end = self.lexer.at_end();
        let trailing = token.kind == Kind::EndMarker || (token.kind == Kind::Dedent && at_end);
        if self.extra && trailing {
            let place = (self.lexer.lineno + 1, 0);
            return PyToken { kind, text: "", start: place, end: place, line: "" };
        }
        if token.col < 0 {
            let line = self.lines(self.lexer.line_start);
            return PyToken { kind, text: "", start: (token.lineno, -1), end: (token.lineno, -1), line };
        }
        let first_line = start - token.col as usize;
        let start_col = self.column(first_line, start);
        let mut end_col = match token.lineno == token.end_lineno {
            true => self.column(first_line, end),
            false => self.column(self.lexer.line_start.min(end), end),
        };
        let implicit = self.implicit_newline && at_end;
        match token.kind {
            Kind::Newline | Kind::Nl if self.extra => {
                let crlf = self.text[start..].starts_with('\r');
                text = match (implicit, crlf) {
                    (true, _) => "",
                    (false, true) => "\r\n",
                    (false, false) => "\n",
                };
                end_col = start_col + if crlf { 2 } else { 1 };
            }
            _ if self.extra && kind > Kind::Dedent as u8 && kind < Kind::Op as u8 => kind = Kind::Op as u8,
            _ => {}
        }
        let line = self.lines(first_line);
        PyToken { kind, text, start: (token.lineno, start_col), end: (token.end_lineno, end_col), line }
    }

    fn error(&self, error: LexError) -> SyntaxError {
        let (kind, message) = match error {
            LexError::Raised(error) => return *error,
            LexError::Eof => (ErrorKind::Syntax, "unexpected EOF in multi-line statement"),
            LexError::Dedent => (ErrorKind::Indentation, "unindent does not match any outer indentation level"),
            LexError::TabSpace => (ErrorKind::Tab, "inconsistent use of tabs and spaces in indentation"),
            LexError::TooDeep => (ErrorKind::Indentation, "too many levels of indentation"),
            LexError::LineContinuation => (ErrorKind::Syntax, "unexpected character after line continuation character"),
        };
        let line = self.lines(self.lexer.line_start);
        let newline = i32::from(self.implicit_newline && self.lexer.at_end());
        SyntaxError {
            kind,
            message: message.into(),
            lineno: self.lexer.lineno,
            offset: line.chars().count() as i32 + newline,
            end_lineno: 0,
            end_offset: 0,
            text: if matches!(error, LexError::Eof) { None } else { Some(line.to_string()) },
            last_statement: None,
        }
    }
}

impl<'a> Iterator for PyTokens<'a> {
    type Item = Result<PyToken<'a>, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        Some(match self.lexer.next_token() {
            Ok(token) => {
                self.done = token.kind == Kind::EndMarker;
                Ok(self.convert(token))
            }
            Err(error) => {
                self.done = true;
                Err(self.error(error))
            }
        })
    }
}
