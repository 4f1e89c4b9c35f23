//! The kinds of line end that a text stream reads and writes: the `newline` argument.

use taipan_runtime::types::str::{StrData, search};

use taipan_runtime::prelude::*;

const CR: u32 = '\r' as u32;
const LF: u32 = '\n' as u32;

/// Zero is the default of text streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LineEnd {
    /// `None`: `\n`, `\r` and `\r\n` end lines and are read as `\n`.
    Translated = 0,
    /// `''`: the same, but read as they are.
    Universal = 1,
    /// `'\n'`.
    Newline = 2,
    /// `'\r'`.
    Cr = 3,
    /// `'\r\n'`.
    CrLf = 4,
}

impl LineEnd {
    /// The kind for an argument; `None` when there is no such.
    pub fn parse(newline: Option<Borrowed<'_, Str>>) -> Option<LineEnd> {
        let Some(newline) = newline else { return Some(LineEnd::Translated) };
        [LineEnd::Universal, LineEnd::Newline, LineEnd::Cr, LineEnd::CrLf]
            .into_iter()
            .find(|kind| kind.argument().is_some_and(|text| newline.eq_str(text)))
    }

    /// The argument that means this kind.
    pub fn argument(self) -> Option<&'static str> {
        match self {
            LineEnd::Translated => None,
            LineEnd::Universal => Some(""),
            LineEnd::Newline => Some("\n"),
            LineEnd::Cr => Some("\r"),
            LineEnd::CrLf => Some("\r\n"),
        }
    }

    /// Whether all line ends count, so that a newline decoder is needed.
    pub fn is_universal(self) -> bool {
        matches!(self, LineEnd::Translated | LineEnd::Universal)
    }

    /// What `\n` is written as, where that is something else.
    pub fn written(self) -> Option<&'static str> {
        match self {
            LineEnd::Cr => Some("\r"),
            LineEnd::CrLf => Some("\r\n"),
            _ => None,
        }
    }

    /// How many characters the first line of `data` has, its end included; `None` when it does not end there. In
    /// universal mode a `\r` at the end of `data` counts as a line end: the newline decoder keeps those that may go on.
    pub fn find(self, data: StrData<'_>) -> Option<usize> {
        let after = |at: usize| at + 1;
        match self {
            LineEnd::Translated | LineEnd::Newline => search::find_char(data, LF).map(after),
            LineEnd::Cr => search::find_char(data, CR).map(after),
            LineEnd::CrLf => search::find(data, StrData::Ucs1(b"\r\n")).map(|at| at + 2),
            LineEnd::Universal => {
                let lf = search::find_char(data, LF);
                let before = lf.unwrap_or(data.len());
                match search::find_char(data.range(0..before), CR) {
                    Some(cr) if lf == Some(cr + 1) => Some(cr + 2),
                    Some(cr) => Some(cr + 1),
                    None => lf.map(after),
                }
            }
        }
    }
}

/// As [`LineEnd::parse`], for text streams over bytes.
pub fn parse_checked(newline: Option<Borrowed<'_, Str>>) -> PyResult<LineEnd> {
    match (LineEnd::parse(newline), newline) {
        (Some(kind), _) => Ok(kind),
        (None, newline) => Err(raise!(
            ValueError,
            "illegal newline value: {}",
            newline.map_or_else(String::new, |text| text.to_display())
        )),
    }
}
