//! `PyArg_*`: arguments of a C function into C variables that a format describes.
//!
//! `item` converts one item of a format, `positional` and `keywords` walk over a format; `unpack` is the newer way of Argument
//! Clinic, which has no format. Messages are those of CPython's `Python/getargs.c`, word for word, because programs show them.

mod item;
mod keywords;
mod positional;
mod unpack;

use crate::support::*;

/// A place in a format that is walked over.
#[derive(Clone, Copy)]
pub struct Format<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Format<'a> {
    fn new(text: &'a [u8]) -> Format<'a> {
        Format { text, at: 0 }
    }

    /// The character here; 0 at the end.
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn next(&mut self) -> u8 {
        let character = self.peek();
        self.at += usize::from(character != 0);
        character
    }

    fn skip_if(&mut self, character: u8) -> bool {
        let found = self.peek() == character;
        self.at += usize::from(found);
        found
    }

    fn is_end(&self) -> bool {
        matches!(self.peek(), 0 | b';' | b':')
    }

    /// What is left, for messages.
    fn rest(&self) -> String {
        String::from_utf8_lossy(self.text.get(self.at..).unwrap_or_default()).into_owned()
    }
}

/// What stands behind `:` or `;`.
#[derive(Clone, Copy, Default)]
pub struct Names<'a> {
    function: Option<&'a str>,
    message: Option<&'a str>,
}

impl<'a> Names<'a> {
    fn of(format: &'a [u8]) -> Names<'a> {
        let behind = |mark: u8| {
            format
                .iter()
                .position(|&byte| byte == mark)
                .and_then(|at| core::str::from_utf8(format.get(at + 1..).unwrap_or_default()).ok())
        };
        match behind(b':') {
            Some(function) => Names { function: Some(function), message: None },
            None => Names { function: None, message: behind(b';') },
        }
    }

    /// `name()` or `function`.
    fn shown(&self) -> String {
        self.shown_or("function")
    }

    fn shown_or(&self, otherwise: &str) -> String {
        match self.function {
            Some(function) => format!("{function:.200}()"),
            None => otherwise.to_owned(),
        }
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The type of an argument as messages name it.
fn type_text(object: Borrowed<'_, Object>) -> String {
    if object.is_none() { "None".to_owned() } else { format!("{:.50}", object.type_name()) }
}
