//! Text to tokens, one at a time, with the lexical errors of CPython (`Parser/lexer/lexer.c`).
//!
//! **Invariant:** `src` is UTF-8 with `\n` line endings, and `lineno`/`line_start` describe the line of the last byte
//! read; a line ending belongs to the line it ends, so they advance when the first byte of the next line is read. Error
//! places depend on it.

mod number;
mod string;

use crate::error::{ErrorKind, SyntaxError, Warning, WarningKind, char_offset};
use crate::token::{Kind, Token};

/// Brackets nest at most this deep, as do indentation levels and f-strings.
const MAX_BRACKETS: usize = 200;
const MAX_INDENT: usize = 100;
const MAX_FSTRINGS: usize = 150;
const TAB_SIZE: u32 = 8;

/// Why there is no token.
#[derive(Clone, Debug)]
pub enum LexError {
    /// An error with a place of its own.
    Raised(Box<SyntaxError>),
    /// The source ends inside brackets or after a backslash.
    Eof,
    /// A dedent to a column that no open block has.
    Dedent,
    /// Tabs and spaces are mixed so that the depth depends on the size of a tab.
    TabSpace,
    /// More levels of indentation than there may be.
    TooDeep,
    /// Something follows a backslash on its line.
    LineContinuation,
}

pub(crate) type LexResult<T> = Result<T, LexError>;

/// An open bracket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bracket {
    pub ch: u8,
    pub lineno: i32,
    pub col: i32,
}

/// An open f-string or t-string.
#[derive(Clone, Copy, Debug)]
struct Mode {
    quote: u8,
    quote_size: u8,
    raw: bool,
    template: bool,
    /// Reading text, as opposed to an expression.
    in_text: bool,
    in_format_spec: bool,
    start: usize,
    lineno: i32,
    line_start: usize,
    /// Open brackets of any kind inside this string.
    depth: i32,
    /// `depth` outside the innermost replacement field; -1 outside of all.
    field_depth: i32,
}

/// What the lexer gives out besides the tokens of programs.
#[derive(Clone, Copy, Debug, Default)]
pub struct LexOptions {
    /// `# type:` comments are tokens.
    pub type_comments: bool,
    /// Comments and blank lines are tokens, and some errors pass: the mode of `tokenize`.
    pub extra_tokens: bool,
}

/// Reads tokens from the start of a source.
pub struct Lexer<'s> {
    text: &'s str,
    src: &'s [u8],
    pub(crate) pos: usize,
    pub(crate) lineno: i32,
    pub(crate) line_start: usize,
    /// The start of the last line that began between tokens.
    pub(crate) logical_start: usize,
    /// The last byte read was a line ending.
    line_ended: bool,
    at_bol: bool,
    /// Indents (positive) or dedents (negative) still to be given out.
    pending: i32,
    indents: Vec<(u32, u32)>,
    pub(crate) brackets: Vec<Bracket>,
    modes: Vec<Mode>,
    options: LexOptions,
    comment_newline: bool,
    /// Where a NUL byte ends the readable source.
    nul_line: bool,
    /// An unterminated string has been read up to the end of the source.
    pub(crate) hit_end: bool,
    /// What it has warned of so far.
    pub warnings: Vec<Warning>,
    /// Where the last warning is: the start of its line, its place, and its column in characters.
    warned: (usize, usize, i32),
}

/// Classes of bytes that the main loop tells apart.
const OTHER: u8 = 0;
const WORD: u8 = 1;
const DIGIT: u8 = 2;
const SPACE: u8 = 3;
const QUOTE: u8 = 4;

static CLASS: [u8; 256] = {
    let mut table = [OTHER; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = if b.is_ascii_alphabetic() || b == b'_' || b >= 0x80 {
            WORD
        } else if b.is_ascii_digit() {
            DIGIT
        } else if b == b' ' || b == b'\t' || b == 0x0C {
            SPACE
        } else if b == b'"' || b == b'\'' {
            QUOTE
        } else {
            OTHER
        };
        i += 1;
    }
    table
};

#[inline]
pub(crate) fn is_word_byte(b: u8) -> bool {
    matches!(CLASS[b as usize], WORD | DIGIT)
}

impl<'s> Lexer<'s> {
    /// Starts at the beginning of `text`.
    pub fn new(text: &'s str, options: LexOptions) -> Lexer<'s> {
        let mut src = text.as_bytes();
        let mut nul_line = false;
        if let Some(nul) = memchr::memchr(0, src) {
            src = &src[..memchr::memrchr(b'\n', &src[..nul]).map_or(0, |at| at + 1)];
            nul_line = true;
        }
        Lexer {
            text,
            src,
            pos: 0,
            lineno: i32::from(!src.is_empty()),
            line_start: 0,
            logical_start: 0,
            line_ended: false,
            at_bol: true,
            pending: 0,
            indents: vec![(0, 0)],
            brackets: Vec::new(),
            modes: Vec::new(),
            options,
            comment_newline: false,
            nul_line,
            hit_end: false,
            warnings: Vec::new(),
            warned: (0, 0, 0),
        }
    }

    /// The whole source.
    pub fn text(&self) -> &'s str {
        self.text
    }

    /// Reading an f-string or t-string, or an expression in one.
    pub(crate) fn in_fstring(&self) -> bool {
        !self.modes.is_empty()
    }

    /// The number of open indented blocks.
    pub(crate) fn indent_depth(&self) -> usize {
        self.indents.len() - 1
    }

    /// Closes all blocks, as at the end of an interactive statement.
    pub(crate) fn close_indents(&mut self) {
        self.pending = -(self.indent_depth() as i32);
        self.indents.truncate(1);
    }

    /// What follows the last token.
    pub(crate) fn rest(&self) -> &'s [u8] {
        &self.src[self.pos..]
    }

    /// Nothing but the end of the source has been left unread.
    pub(crate) fn at_end(&self) -> bool {
        self.pos >= self.src.len()
    }

    /// The byte `ahead` of the next one, 0 past the end.
    #[inline]
    fn peek(&self, ahead: usize) -> u8 {
        self.src.get(self.pos + ahead).copied().unwrap_or(0)
    }

    /// Steps onto the next line when the last byte read ended one. At the end of the source the line stays.
    #[inline]
    fn enter_line(&mut self) {
        if self.line_ended && self.pos < self.src.len() {
            self.line_ended = false;
            self.lineno += 1;
            self.line_start = self.pos;
            self.logical_start = self.pos;
        }
    }

    /// Line `lineno` of the source without its line ending.
    pub(crate) fn line_text(&self, lineno: i32) -> &'s str {
        let mut rest = self.text;
        for _ in 1..lineno {
            match memchr::memchr(b'\n', rest.as_bytes()) {
                Some(at) if at + 1 < rest.len() => rest = &rest[at + 1..],
                _ => break,
            }
        }
        let end = memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len());
        &rest[..end]
    }

    /// A line ending follows `line`, which is a part of the source.
    pub(crate) fn line_is_ended(&self, line: &str) -> bool {
        let end = line.as_ptr() as usize + line.len() - self.text.as_ptr() as usize;
        self.text.as_bytes().get(end) == Some(&b'\n')
    }

    /// The error `message` at the byte last read.
    #[cold]
    fn error(&self, message: impl Into<String>) -> LexError {
        let line = &self.text[self.line_start..];
        let line = &line[..memchr::memchr(b'\n', line.as_bytes()).unwrap_or(line.len())];
        let offset = char_offset_clamped(&self.text[self.line_start..], self.pos - self.line_start);
        self.raise(message.into(), line, offset, offset)
    }

    #[cold]
    fn raise(&self, message: String, line: &str, offset: i32, end_offset: i32) -> LexError {
        LexError::Raised(Box::new(SyntaxError {
            kind: ErrorKind::Syntax,
            message,
            lineno: self.lineno,
            offset,
            end_lineno: self.lineno,
            end_offset,
            text: Some(line.to_string()),
            last_statement: None,
        }))
    }

    /// The error `message` for the columns `from..to` of this line, given as CPython counts: from 1, in bytes.
    #[cold]
    fn error_range(&self, from: usize, to: usize, message: impl Into<String>) -> LexError {
        let line = &self.text[self.line_start..];
        let line = &line[..memchr::memchr(b'\n', line.as_bytes()).unwrap_or(line.len())];
        self.raise(message.into(), line, char_offset_clamped(line, from), char_offset_clamped(line, to))
    }

    fn warn(&mut self, kind: WarningKind, message: String, error_message: String) {
        // Counted on from the warning before when it is of the same line, which may be long.
        let (line, mut counted, mut chars) = self.warned;
        if line != self.line_start || counted > self.pos {
            (counted, chars) = (self.line_start, 0);
        }
        let offset = chars + char_offset(&self.text[counted..], (self.pos - counted) as i32);
        if self.text.is_char_boundary(self.pos) {
            self.warned = (self.line_start, self.pos, offset);
        }
        self.warnings.push(Warning {
            kind,
            message,
            error_message,
            lineno: self.lineno,
            offset,
            end_lineno: self.lineno,
            end_offset: offset,
        });
    }

    #[inline]
    fn token(&self, kind: Kind, start: usize) -> Token {
        let col = (start - self.line_start) as i32;
        Token {
            kind,
            start: start as u32,
            end: self.pos as u32,
            lineno: self.lineno,
            col,
            end_lineno: self.lineno,
            end_col: (self.pos - self.line_start) as i32,
        }
    }

    /// Writes a token that ends here.
    #[inline(always)]
    fn put(&self, place: &mut Token, kind: Kind, start: usize) -> LexResult<()> {
        *place = self.token(kind, start);
        Ok(())
    }

    /// The next token. After `EndMarker` it gives `EndMarker` again.
    pub fn next_token(&mut self) -> LexResult<Token> {
        let mut token = Token::default();
        self.next_into(&mut token)?;
        Ok(token)
    }

    /// As `next_token`, with the token written where it is to be. (One that is handed through is written in small pieces and
    /// read back in large ones, for which processors wait.)
    pub(crate) fn next_into(&mut self, place: &mut Token) -> LexResult<()> {
        match self.modes.last() {
            Some(mode) if mode.in_text => self.fstring_text(place),
            _ => self.normal(place),
        }
    }

    #[inline(always)]
    fn normal(&mut self, place: &mut Token) -> LexResult<()> {
        let mut blank_line = false;
        'line: loop {
            if self.at_bol {
                self.at_bol = false;
                blank_line = self.indentation()?;
            }
            if self.pending != 0 {
                self.enter_line();
                let (kind, start) = match self.pending < 0 {
                    true => (Kind::Dedent, self.pos),
                    false => (Kind::Indent, self.line_start),
                };
                self.pending -= self.pending.signum();
                self.put(place, kind, start)?;
                if !self.options.extra_tokens {
                    place.remove_place(self.pos);
                }
                return Ok(());
            }
            self.enter_line();
            // A comment at the end of a line is part of the token that ends it.
            let mut comment = None;
            loop {
                while CLASS[self.peek(0) as usize] == SPACE {
                    self.pos += 1;
                }
                let start = self.pos;
                let Some(&c) = self.src.get(start) else {
                    return self.end_of_source(place);
                };
                match CLASS[c as usize] {
                    WORD => return self.word(place, start),
                    DIGIT => return self.number(place, start),
                    QUOTE => return self.string(place, start),
                    _ => {}
                }
                match c {
                    // Only `tokenize` sees line endings of two characters.
                    b'\n' | b'\r' if c == b'\n' || (self.options.extra_tokens && self.peek(1) == b'\n') => {
                        self.pos += if c == b'\r' { 2 } else { 1 };
                        self.line_ended = true;
                        self.at_bol = true;
                        if self.options.extra_tokens {
                            if blank_line || !self.brackets.is_empty() || self.comment_newline {
                                self.comment_newline = false;
                                return self.put(place, Kind::Nl, start);
                            }
                        } else if blank_line || !self.brackets.is_empty() {
                            continue 'line;
                        }
                        self.put(place, Kind::Newline, comment.unwrap_or(start))?;
                        place.end -= 1;
                        return Ok(());
                    }
                    b'#' => {
                        let rest = &self.src[start..];
                        let mut len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                        if self.options.extra_tokens && rest[..len].ends_with(b"\r") {
                            len -= 1;
                        }
                        self.pos += len;
                        if self.options.type_comments
                            && let Some(token) = self.type_comment(start, blank_line)
                        {
                            *place = token;
                            return Ok(());
                        }
                        if self.options.extra_tokens {
                            self.comment_newline = blank_line;
                            return self.put(place, Kind::Comment, start);
                        }
                        comment = Some(start);
                    }
                    b'\\' => {
                        self.pos += 1;
                        self.continuation_line()?;
                    }
                    _ => return self.operator(place, start, c),
                }
            }
        }
    }

    #[cold]
    fn end_of_source(&mut self, place: &mut Token) -> LexResult<()> {
        if self.nul_line {
            self.line_start = self.pos;
            self.lineno += i32::from(self.line_ended);
            self.line_ended = false;
            return Err(self.raise("source code cannot contain null bytes".into(), "", 0, 0));
        }
        if !self.brackets.is_empty() {
            return Err(LexError::Eof);
        }
        self.put(place, Kind::EndMarker, self.pos)?;
        place.remove_place(self.pos);
        Ok(())
    }

    /// Measures the indentation of a line and notes the indents and dedents that it means. True for a line that is
    /// blank or holds only a comment.
    fn indentation(&mut self) -> LexResult<bool> {
        self.enter_line();
        // Mostly there are only spaces.
        let spaces = self.src[self.pos..].iter().take_while(|byte| **byte == b' ').count();
        self.pos += spaces;
        let mut col = spaces as u32;
        let mut alt = spaces as u32;
        let mut continued: Option<(u32, u32)> = None;
        let c = loop {
            match self.peek(0) {
                b' ' => {
                    col += 1;
                    alt += 1;
                }
                b'\t' => {
                    col = (col / TAB_SIZE + 1) * TAB_SIZE;
                    alt += 1;
                }
                0x0C => {
                    col = 0;
                    alt = 0;
                }
                b'\\' => {
                    // The first backslash decides the depth of what follows.
                    if col > 0 {
                        continued = continued.or(Some((col, col)));
                    }
                    self.pos += 1;
                    self.continuation_line()?;
                    self.logical_start = self.line_start;
                    continue;
                }
                c => break c,
            }
            self.pos += 1;
        };
        if c == b'#' || c == b'\n' || (c == b'\r' && self.options.extra_tokens) {
            return Ok(true);
        }
        if !self.brackets.is_empty() {
            return Ok(false);
        }
        if let Some((c, a)) = continued {
            col = c;
            alt = a;
        }
        let (top, alt_top) = self.indents[self.indents.len() - 1];
        if col == top {
            if alt != alt_top {
                return self.tab_error();
            }
        } else if col > top {
            if self.indents.len() >= MAX_INDENT {
                self.skip_line();
                return Err(LexError::TooDeep);
            }
            if alt <= alt_top {
                return self.tab_error();
            }
            self.pending += 1;
            self.indents.push((col, alt));
        } else {
            while self.indents.len() > 1 && col < self.indents[self.indents.len() - 1].0 {
                self.indents.pop();
                self.pending -= 1;
            }
            let (top, alt_top) = self.indents[self.indents.len() - 1];
            if col != top {
                self.skip_line();
                return Err(LexError::Dedent);
            }
            if alt != alt_top {
                return self.tab_error();
            }
        }
        Ok(false)
    }

    #[cold]
    fn tab_error(&mut self) -> LexResult<bool> {
        self.skip_line();
        Err(LexError::TabSpace)
    }

    /// Reads to the end of the line, line ending included.
    #[cold]
    fn skip_line(&mut self) {
        let rest = &self.src[self.pos..];
        self.pos += memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
    }

    /// Behind a backslash: the line must end here and another must follow.
    fn continuation_line(&mut self) -> LexResult<()> {
        if self.options.extra_tokens && self.peek(0) == b'\r' {
            self.pos += 1;
        }
        if self.peek(0) != b'\n' {
            if self.pos < self.src.len() {
                self.pos += 1;
            }
            return Err(LexError::LineContinuation);
        }
        self.pos += 1;
        if self.pos >= self.src.len() {
            return Err(LexError::Eof);
        }
        self.lineno += 1;
        self.line_start = self.pos;
        Ok(())
    }

    /// The comment at `start`, when it is `# type: ...`.
    fn type_comment(&mut self, start: usize, blank_line: bool) -> Option<Token> {
        let comment = &self.src[start..self.pos];
        let mut at = 1;
        let skip = |at: &mut usize| {
            while matches!(comment.get(*at), Some(b' ' | b'\t')) {
                *at += 1;
            }
        };
        skip(&mut at);
        if !comment[at..].starts_with(b"type:") {
            return None;
        }
        at += 5;
        skip(&mut at);
        let tag = &comment[at..];
        if let Some(rest) = tag.strip_prefix(b"ignore")
            && !rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80)
        {
            let token = self.token(Kind::TypeIgnore, start + at + 6);
            if blank_line && self.pos < self.src.len() {
                self.pos += 1;
                self.line_ended = true;
                self.at_bol = true;
            }
            return Some(token);
        }
        Some(self.token(Kind::TypeComment, start + at))
    }

    /// An identifier, a keyword, or a string with a prefix.
    #[inline(always)]
    fn word(&mut self, place: &mut Token, start: usize) -> LexResult<()> {
        let src = self.src;
        let mut pos = start;
        let mut seen = 0u8;
        // A word of at most three prefix letters may be followed by a quote.
        while let Some(&b) = src.get(pos) {
            let bit = match b | 0x20 {
                b'b' => 1,
                b'r' => 2,
                b'u' => 4,
                b'f' => 8,
                b't' => 16,
                _ => 0,
            };
            if bit == 0 || seen & bit != 0 {
                if (b == b'"' || b == b'\'') && pos > start {
                    self.pos = pos;
                    return self.prefixed_string(place, start, seen);
                }
                break;
            }
            seen |= bit;
            pos += 1;
        }
        let mut all = 0u8;
        while let Some(&b) = src.get(pos) {
            if !is_word_byte(b) {
                break;
            }
            all |= b;
            pos += 1;
        }
        self.pos = pos;
        // The prefix loop sees ASCII letters alone, so `all` has seen every other byte.
        if all >= 0x80 || src[start] >= 0x80 {
            self.check_identifier(start)?;
            return self.put(place, Kind::Name, start);
        }
        self.put(place, Kind::of_word(&src[start..pos]), start)
    }

    #[cold]
    fn check_identifier(&mut self, start: usize) -> LexResult<()> {
        if self.options.extra_tokens {
            return Ok(());
        }
        let word = &self.text[start..self.pos];
        use taipan_unicode::ctype;
        let valid = |(at, c): (usize, char)| {
            if at == 0 { ctype::is_xid_start(c.into()) } else { ctype::is_xid_continue(c.into()) }
        };
        let Some((at, c)) = word.char_indices().find(|x| !valid(*x)) else {
            return Ok(());
        };
        self.pos = start + at + c.len_utf8();
        let code = c as u32;
        Err(if is_printable(c) {
            self.error(format!("invalid character '{c}' (U+{code:04X})"))
        } else {
            self.error(format!("invalid non-printable character U+{code:04X}"))
        })
    }

    #[inline(always)]
    fn operator(&mut self, place: &mut Token, start: usize, c: u8) -> LexResult<()> {
        use Kind::*;
        self.pos = start + 1;
        let next = self.peek(0);
        if matches!(c, b':' | b'}' | b'!' | b'{')
            && let Some(mode) = self.modes.last_mut()
        {
            // A `:` directly inside a replacement field begins the format specification.
            if c == b':' && mode.field_depth >= 0 && mode.depth - 1 == mode.field_depth {
                mode.in_text = true;
                mode.in_format_spec = true;
                return self.put(place, Colon, start);
            }
        }
        let two = match (c, next) {
            (b'=', b'=') => EqEqual,
            (b'!', b'=') => NotEqual,
            (b'<', b'=') => LessEqual,
            (b'>', b'=') => GreaterEqual,
            (b'<', b'<') => LeftShift,
            (b'>', b'>') => RightShift,
            (b'*', b'*') => DoubleStar,
            (b'/', b'/') => DoubleSlash,
            (b'+', b'=') => PlusEqual,
            (b'-', b'=') => MinEqual,
            (b'*', b'=') => StarEqual,
            (b'/', b'=') => SlashEqual,
            (b'%', b'=') => PercentEqual,
            (b'&', b'=') => AmperEqual,
            (b'|', b'=') => VBarEqual,
            (b'^', b'=') => CircumflexEqual,
            (b'@', b'=') => AtEqual,
            (b'-', b'>') => RArrow,
            (b':', b'=') => ColonEqual,
            _ => Op,
        };
        if two != Op {
            self.pos = start + 2;
            let three = match (two, self.peek(0)) {
                (LeftShift, b'=') => LeftShiftEqual,
                (RightShift, b'=') => RightShiftEqual,
                (DoubleStar, b'=') => DoubleStarEqual,
                (DoubleSlash, b'=') => DoubleSlashEqual,
                _ => two,
            };
            if three != two {
                self.pos += 1;
            }
            return self.put(place, three, start);
        }
        let kind = match c {
            b'(' | b'[' | b'{' => {
                if self.brackets.len() >= MAX_BRACKETS {
                    return Err(self.error("too many nested parentheses"));
                }
                self.brackets.push(Bracket { ch: c, lineno: self.lineno, col: (start - self.line_start) as i32 });
                if let Some(mode) = self.modes.last_mut() {
                    mode.depth += 1;
                }
                match c {
                    b'(' => LPar,
                    b'[' => LSqb,
                    _ => LBrace,
                }
            }
            b')' | b']' | b'}' => return self.closing(place, start, c),
            b':' => Colon,
            b',' => Comma,
            b';' => Semi,
            b'+' => Plus,
            b'-' => Minus,
            b'*' => Star,
            b'/' => Slash,
            b'|' => VBar,
            b'&' => Amper,
            b'<' => Less,
            b'>' => Greater,
            b'=' => Equal,
            b'.' => {
                if next.is_ascii_digit() {
                    return self.number(place, start);
                }
                if next == b'.' && self.peek(1) == b'.' {
                    self.pos += 2;
                    Ellipsis
                } else {
                    Dot
                }
            }
            b'%' => Percent,
            b'~' => Tilde,
            b'^' => Circumflex,
            b'@' => At,
            b'!' => Exclamation,
            b'$' | b'?' | b'`' => Op,
            _ => return Err(self.error(format!("invalid non-printable character U+{c:04X}"))),
        };
        self.put(place, kind, start)
    }

    fn closing(&mut self, place: &mut Token, start: usize, c: u8) -> LexResult<()> {
        let ch = c as char;
        if let Some(mode) = self.modes.last()
            && mode.depth == 0
            && c == b'}'
        {
            let name = mode.name();
            return Err(self.error(format!("{name}: single '}}' is not allowed")));
        }
        if self.brackets.is_empty() && !self.options.extra_tokens {
            return Err(self.error(format!("unmatched '{ch}'")));
        }
        if let Some(open) = self.brackets.pop() {
            let matches = matches!((open.ch, c), (b'(', b')') | (b'[', b']') | (b'{', b'}'));
            if !matches && !self.options.extra_tokens {
                let opening = open.ch as char;
                if let Some(mode) = self.modes.last()
                    && open.ch == b'{'
                    && mode.depth - 1 == mode.field_depth
                {
                    let name = mode.name();
                    return Err(self.error(format!("{name}: unmatched '{ch}'")));
                }
                let mut message = format!("closing parenthesis '{ch}' does not match opening parenthesis '{opening}'");
                if open.lineno != self.lineno {
                    message.push_str(&format!(" on line {}", open.lineno));
                }
                return Err(self.error(message));
            }
        }
        if let Some(mode) = self.modes.last_mut() {
            mode.depth -= 1;
            if mode.depth < 0 {
                let name = mode.name();
                return Err(self.error(format!("{name}: unmatched '{ch}'")));
            }
            if c == b'}' && mode.depth == mode.field_depth {
                mode.field_depth -= 1;
                mode.in_text = true;
                mode.in_format_spec = false;
            }
        }
        let kind = match c {
            b')' => Kind::RPar,
            b']' => Kind::RSqb,
            _ => Kind::RBrace,
        };
        self.put(place, kind, start)
    }
}

impl Mode {
    fn name(&self) -> &'static str {
        if self.template { "t-string" } else { "f-string" }
    }
}

fn char_offset_clamped(line: &str, bytes: usize) -> i32 {
    let mut cut = bytes.min(line.len());
    while !line.is_char_boundary(cut) {
        cut += 1;
    }
    line[..cut].chars().count() as i32
}

/// `str.isprintable` for one character. The standard library's escaping of strings for debugging has the same rule, but
/// escapes a combining character when it comes first.
fn is_printable(c: char) -> bool {
    taipan_unicode::ctype::is_printable(c.into())
}
