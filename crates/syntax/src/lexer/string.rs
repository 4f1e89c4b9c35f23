//! String literals, and the text parts of f-strings and t-strings.

use super::{LexError, LexResult, Lexer, MAX_FSTRINGS, Mode};
use crate::error::WarningKind;
use crate::token::{Kind, Token};

/// Replacement fields nest at most this deep in one f-string.
const MAX_FIELD_NESTING: i32 = 3;

impl Lexer<'_> {
    /// A quote behind the prefix letters whose bits are in `seen` (b 1, r 2, u 4, f 8, t 16).
    pub(super) fn prefixed_string(&mut self, place: &mut Token, start: usize, seen: u8) -> LexResult<()> {
        const CLASHES: [(u8, &str, &str); 7] = [
            (4 | 1, "u", "b"),
            (4 | 2, "u", "r"),
            (4 | 8, "u", "f"),
            (4 | 16, "u", "t"),
            (1 | 8, "b", "f"),
            (1 | 16, "b", "t"),
            (8 | 16, "f", "t"),
        ];
        for (bits, first, second) in CLASHES {
            if seen & bits == bits {
                return Err(self.error_range(
                    start + 1 - self.line_start,
                    self.pos + 1 - self.line_start,
                    format!("'{first}' and '{second}' prefixes are incompatible"),
                ));
            }
        }
        if seen & (8 | 16) != 0 { self.fstring_start(place, start, seen) } else { self.string(place, start) }
    }

    /// A string whose prefix, if any, begins at `start`.
    pub(super) fn string(&mut self, place: &mut Token, start: usize) -> LexResult<()> {
        let src = self.src;
        let mut at = self.pos;
        let quote = src[at];
        let (lineno, line_start) = (self.lineno, self.line_start);
        let triple = src.get(at + 1) == Some(&quote) && src.get(at + 2) == Some(&quote);
        let mut escaped_quote = false;
        if triple {
            at += 3;
            loop {
                match memchr::memchr3(quote, b'\\', b'\n', &src[at.min(src.len())..]) {
                    None => {
                        self.pos = src.len();
                        return Err(self.unterminated(start, quote, 3, lineno, line_start, false));
                    }
                    Some(found) => at += found,
                }
                match src[at] {
                    b'\n' => {
                        at += 1;
                        self.next_line(at);
                    }
                    b'\\' => {
                        at += 2;
                        if src.get(at - 1) == Some(&b'\n') {
                            self.next_line(at);
                        }
                    }
                    _ if src.get(at + 1) == Some(&quote) && src.get(at + 2) == Some(&quote) => break,
                    _ => at += 1,
                }
            }
            self.pos = at + 3;
        } else {
            at += 1;
            loop {
                match src.get(at) {
                    None | Some(b'\n') => {
                        self.pos = at.min(src.len());
                        return Err(self.unterminated(start, quote, 1, lineno, line_start, escaped_quote));
                    }
                    Some(b'\\') => {
                        let next = src.get(at + 1);
                        escaped_quote |= next == Some(&quote);
                        at += 2;
                        if next == Some(&b'\n') {
                            self.next_line(at);
                        }
                    }
                    Some(b) if *b == quote => break,
                    Some(_) => at += 1,
                }
            }
            self.pos = at + 1;
        }
        *place = Token {
            kind: Kind::String,
            start: start as u32,
            end: self.pos as u32,
            lineno,
            col: (start - line_start) as i32,
            end_lineno: self.lineno,
            end_col: (self.pos - self.line_start) as i32,
        };
        Ok(())
    }

    /// A line ending inside a string has been read; `at` is behind it.
    #[inline]
    fn next_line(&mut self, at: usize) {
        if at < self.src.len() {
            self.lineno += 1;
            self.line_start = at;
        }
    }

    #[cold]
    fn unterminated(
        &mut self,
        start: usize,
        quote: u8,
        size: u8,
        lineno: i32,
        line_start: usize,
        escaped_quote: bool,
    ) -> LexError {
        let end_line = self.lineno;
        if self.nul_line && self.pos >= self.src.len() {
            return match self.end_of_source(&mut Token::default()) {
                Err(error) => error,
                Ok(_) => LexError::Eof,
            };
        }
        let at_end = self.pos >= self.src.len();
        self.pos = start + 1;
        self.lineno = lineno;
        self.line_start = line_start;
        self.line_ended = false;
        if let Some(mode) = self.modes.last() {
            // The quote that would end the f-string: its replacement field is not closed.
            if mode.quote == quote && mode.quote_size == size {
                let message = format!("{}: expecting '}}'", mode.name());
                return self.error(message);
            }
        }
        self.hit_end = at_end;
        let kind = if size == 3 { "triple-quoted string" } else { "string" };
        let hint = if size == 1 && escaped_quote { "; perhaps you escaped the end quote?" } else { "" };
        self.error(format!("unterminated {kind} literal (detected at line {end_line}){hint}"))
    }

    fn fstring_start(&mut self, place: &mut Token, start: usize, seen: u8) -> LexResult<()> {
        let quote = self.peek(0);
        let quote_size = if self.peek(1) == quote && self.peek(2) == quote { 3 } else { 1 };
        self.pos += quote_size as usize;
        if self.modes.len() + 1 >= MAX_FSTRINGS {
            return Err(self.error("too many nested f-strings or t-strings"));
        }
        let template = seen & 16 != 0;
        self.modes.push(Mode {
            quote,
            quote_size,
            raw: seen & 2 != 0,
            template,
            in_text: true,
            in_format_spec: false,
            start,
            lineno: self.lineno,
            line_start: self.line_start,
            depth: 0,
            field_depth: -1,
        });
        self.put(place, if template { Kind::TStringStart } else { Kind::FStringStart }, start)
    }

    /// The next token inside the text of an f-string: text, the `{` of a field, or the end.
    pub(super) fn fstring_text(&mut self, place: &mut Token) -> LexResult<()> {
        let top = self.modes.len() - 1;
        let mode = self.modes[top];
        let src = self.src;
        let size = mode.quote_size as usize;
        self.enter_line();
        let start = self.pos;
        if self.peek(0) == b'{' && self.peek(1) != b'{' {
            self.enter_field(top)?;
            return self.normal(place);
        }
        let at_quotes = |at: usize| src.len() >= at + size && src[at..at + size].iter().all(|b| *b == mode.quote);
        if at_quotes(start) {
            self.pos += size;
            self.modes.pop();
            return self.put(place, if mode.template { Kind::TStringEnd } else { Kind::FStringEnd }, start);
        }
        let (lineno, line_start) = (self.lineno, self.line_start);
        let in_spec = mode.in_format_spec && mode.field_depth >= 0;
        let mut at = start;
        // Where the text of the token ends; `self.pos` is where reading goes on.
        let end = loop {
            let c = match src.get(at) {
                Some(b'\n') if size == 1 => {
                    if in_spec {
                        self.pos = at + 1;
                        return Err(self.error(format!(
                            "{}: newlines are not allowed in format specifiers for single quoted {}s",
                            mode.name(),
                            mode.name()
                        )));
                    }
                    return Err(self.unterminated_fstring(mode));
                }
                None => {
                    self.pos = src.len();
                    return Err(self.unterminated_fstring(mode));
                }
                Some(c) => *c,
            };
            match c {
                b'\n' => {
                    at += 1;
                    self.next_line(at);
                }
                b'{' => {
                    if src.get(at + 1) == Some(&b'{') && !in_spec {
                        self.pos = at + 2;
                        break at + 1;
                    }
                    self.pos = at;
                    self.enter_field(top)?;
                    self.modes[top].in_format_spec = false;
                    break at;
                }
                b'}' => {
                    if src.get(at + 1) == Some(&b'}') && !in_spec && mode.depth == 0 {
                        self.pos = at + 2;
                        break at + 1;
                    }
                    self.pos = at;
                    self.modes[top].in_text = false;
                    self.modes[top].in_format_spec = false;
                    break at;
                }
                b'\\' => {
                    let next = src.get(at + 1).copied();
                    match next {
                        Some(brace @ (b'{' | b'}')) => {
                            // The brace keeps its meaning, and the backslash is text.
                            if !mode.raw {
                                self.pos = at + 2;
                                let brace = brace as char;
                                let what = format!("\"\\{brace}\" is an invalid escape sequence.");
                                let hint = format!("Did you mean \"\\\\{brace}\"? A raw string is also an option.");
                                let message = format!("{what} Such sequences will not work in the future. {hint}");
                                self.warn(WarningKind::Syntax, message, format!("{what} {hint}"));
                            }
                            at += 1;
                        }
                        Some(b'N') if !mode.raw && src.get(at + 2) == Some(&b'{') => {
                            at += 3;
                            // `\N{...}`: up to the brace that closes the name.
                            while let Some(&b) = src.get(at) {
                                if matches!(b, b'}' | b'\n') || b == mode.quote || b == b'{' || b == b'\\' {
                                    break;
                                }
                                at += 1;
                            }
                            if src.get(at) == Some(&b'}') {
                                at += 1;
                                self.pos = at;
                                break at;
                            }
                        }
                        Some(b'\n') => {
                            at += 2;
                            self.next_line(at);
                        }
                        Some(_) => at += 2,
                        None => at += 1,
                    }
                }
                _ if c == mode.quote => {
                    if at_quotes(at) {
                        self.pos = at;
                        break at;
                    }
                    at += 1;
                }
                _ => at += 1,
            }
        };
        *place = Token {
            kind: if mode.template { Kind::TStringMiddle } else { Kind::FStringMiddle },
            start: start as u32,
            end: end as u32,
            lineno,
            col: (start - line_start) as i32,
            end_lineno: self.lineno,
            // A doubled brace counts as a whole, though its second half is not part of the text.
            end_col: (self.pos - self.line_start) as i32,
        };
        Ok(())
    }

    fn enter_field(&mut self, top: usize) -> LexResult<()> {
        let mode = &mut self.modes[top];
        mode.field_depth += 1;
        mode.in_text = false;
        if mode.field_depth >= MAX_FIELD_NESTING {
            let message = format!("{}: expressions nested too deeply", mode.name());
            return Err(self.error(message));
        }
        Ok(())
    }

    #[cold]
    fn unterminated_fstring(&mut self, mode: Mode) -> LexError {
        let end_line = self.lineno;
        if self.nul_line && self.pos >= self.src.len() {
            return match self.end_of_source(&mut Token::default()) {
                Err(error) => error,
                Ok(_) => LexError::Eof,
            };
        }
        self.hit_end = mode.quote_size == 3 && self.pos >= self.src.len();
        self.pos = mode.start + 1;
        self.lineno = mode.lineno;
        self.line_start = mode.line_start;
        self.line_ended = false;
        let triple = if mode.quote_size == 3 { "triple-quoted " } else { "" };
        self.error(format!("unterminated {triple}{} literal (detected at line {end_line})", mode.name()))
    }
}
