//! The start of a document or an external entity, where its encoding is found.

use super::input::Encoding;
use super::{Code, Parser, Stage, Step, Todo};

impl Parser {
    /// Finds the encoding of the document from its first bytes.
    pub(super) fn begin(&mut self) -> Result<Step, Code> {
        if self.is_parameter {
            self.dtd.borrow_mut().parameter_read = true;
        }
        let head = self.input.head();
        let named = self.requested.clone();
        let requested = named.as_ref().and_then(|name| Encoding::by_name(name.as_bytes(), None));
        let wide = requested.as_ref().is_some_and(Encoding::is_wide);
        let any_wide = named.as_ref().is_some_and(|name| name.eq_ignore_ascii_case("UTF-16"));
        let big = any_wide || requested == Some(Encoding::Utf16Be);
        let little = !any_wide && requested == Some(Encoding::Utf16Le);
        let latin = requested == Some(Encoding::Latin1);
        let found = match (head[0], head[1]) {
            (None, _) if !self.last => return Ok(Step::More),
            (Some(one), None) => {
                let marks = matches!(one, 0xFE | 0xFF | 0xEF) && !(latin && self.is_general);
                if wide || marks || matches!(one, 0 | b'<') {
                    return if self.last { Err(Code::UnclosedToken) } else { Ok(Step::More) };
                }
                None
            }
            (Some(0xFE), Some(0xFF)) if !(latin && self.is_general) => Some(Encoding::Utf16Be),
            (Some(0xFF), Some(0xFE)) if !(latin && self.is_general) => Some(Encoding::Utf16Le),
            (Some(b'<'), Some(0)) if !(self.is_general && big) => Some(Encoding::Utf16Le),
            (Some(0xEF), Some(0xBB)) if !(self.is_general && (latin || wide)) => match head[2] {
                None if !self.last => return Ok(Step::More),
                None => return Err(Code::UnclosedToken),
                Some(0xBF) => Some(Encoding::Utf8),
                _ => None,
            },
            (Some(0), Some(_)) if !(self.is_general && little) => Some(Encoding::Utf16Be),
            (Some(_), Some(0)) if !self.is_general => Some(Encoding::Utf16Le),
            _ => None,
        };
        self.stage = if self.is_general { Stage::TextDecl } else { Stage::Prolog };
        if let (Some(name), None) = (named, &requested) {
            self.todo.push_back(Todo::SwitchEncoding { name, at: 0, next: 0 });
            return Ok(Step::Again);
        }
        let encoding = found.or(requested).unwrap_or(Encoding::Utf8);
        if encoding != Encoding::Utf8 {
            self.todo.push_back(Todo::Encode(encoding, 0));
        }
        Ok(Step::Again)
    }
}
