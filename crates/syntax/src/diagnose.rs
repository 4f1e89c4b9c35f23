//! Finds the error in a source that the fast parser refuses.

use crate::ast::Arena;
use crate::error::{ErrorKind, SyntaxError};
use crate::options::Options;

pub(crate) fn diagnose<'a>(_: &'a Arena, _: &'a str, _: &Options<'_>) -> SyntaxError {
    SyntaxError {
        kind: ErrorKind::Syntax,
        message: "invalid syntax".into(),
        lineno: 0,
        offset: -1,
        end_lineno: 0,
        end_offset: -1,
        text: None,
    }
}
