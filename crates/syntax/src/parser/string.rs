//! String literals: prefixes, implicit concatenation, f-strings and t-strings.

use super::{Fail, P, Parser};
use crate::ast::*;
use crate::error::{Warning, WarningKind};
use crate::escape::{self, Decoded};
use crate::token::{Kind, Token};

/// A string token taken apart.
pub(crate) struct Literal<'a> {
    pub body: &'a str,
    pub raw: bool,
    pub bytes: bool,
    pub unicode_prefix: bool,
}

/// Takes prefix and quotes off the text of a `String` token.
pub(crate) fn split_literal(text: &str) -> Literal<'_> {
    let src = text.as_bytes();
    let mut literal = Literal { body: text, raw: false, bytes: false, unicode_prefix: false };
    let mut at = 0;
    while let Some(c) = src.get(at) {
        match c {
            b'r' | b'R' => literal.raw = true,
            b'b' | b'B' => literal.bytes = true,
            b'u' => literal.unicode_prefix = true,
            b'"' | b'\'' => break,
            _ => {}
        }
        at += 1;
    }
    let quote = src.get(at);
    let triple = text.len() >= at + 6 && src.get(at + 1) == quote && src.get(at + 2) == quote;
    let size = if triple { 3 } else { 1 };
    literal.body = text.get(at + size..text.len().saturating_sub(size)).unwrap_or("");
    literal
}

impl<'a> Parser<'a, '_> {
    /// Adjacent string literals, as one node.
    pub(super) fn strings(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let single = self.at(Kind::String)
            && !matches!(self.kind_after(), Kind::String | Kind::FStringStart | Kind::TStringStart);
        if single {
            return self.string();
        }
        let base = self.exprs.len();
        let template = self.at(Kind::TStringStart);
        let mut joined = false;
        let mut bytes = 0;
        let mut count = 0;
        loop {
            match self.kind() {
                Kind::String if !template => {
                    let node = self.string()?;
                    bytes += usize::from(matches!(node.kind, ExprKind::Constant { value: Constant::Bytes(_), .. }));
                    self.exprs.push(node);
                }
                Kind::FStringStart if !template => {
                    joined = true;
                    self.fstring(false)?;
                }
                Kind::TStringStart if template => self.fstring(true)?,
                Kind::String | Kind::FStringStart | Kind::TStringStart => return Err(Fail),
                _ => break,
            }
            count += 1;
        }
        if bytes > 0 {
            if bytes < count {
                return Err(Fail);
            }
            let parts = self.exprs[base..].iter();
            let all: Vec<u8> = parts
                .flat_map(|node| match node.kind {
                    ExprKind::Constant { value: Constant::Bytes(bytes), .. } => bytes,
                    _ => &[],
                })
                .copied()
                .collect();
            self.exprs.truncate(base);
            let value = Constant::Bytes(self.arena.slice(&all));
            return Ok(self.node(start, ExprKind::Constant { value, kind: None }));
        }
        let values = self.fold_strings(base, joined || template);
        Ok(if template {
            self.node(start, ExprKind::TemplateStr { values })
        } else if joined {
            self.node(start, ExprKind::JoinedStr { values })
        } else {
            values[0]
        })
    }

    /// Joins neighbouring constants above `base`, and drops empty ones if `drop_empty`.
    fn fold_strings(&mut self, base: usize, drop_empty: bool) -> Exprs<'a> {
        let mut write = base;
        let mut read = base;
        while read < self.exprs.len() {
            let first = self.exprs[read];
            let ExprKind::Constant { value: Constant::Str(text), kind } = first.kind else {
                self.exprs[write] = first;
                write += 1;
                read += 1;
                continue;
            };
            let run = self.exprs[read..]
                .iter()
                .take_while(|node| matches!(node.kind, ExprKind::Constant { value: Constant::Str(_), .. }))
                .count();
            let mut node = first;
            let mut empty = text.is_empty();
            if run > 1 {
                let mut joined = Vec::new();
                for part in &self.exprs[read..read + run] {
                    if let ExprKind::Constant { value: Constant::Str(text), .. } = part.kind {
                        joined.extend_from_slice(text.as_bytes());
                    }
                }
                empty = joined.is_empty();
                let range = first.range.to(self.exprs[read + run - 1].range);
                let value = Constant::Str(self.text_value(&joined));
                node = self.arena.alloc(Expr { kind: ExprKind::Constant { value, kind }, range });
            }
            if !(drop_empty && empty) {
                self.exprs[write] = node;
                write += 1;
            }
            read += run;
        }
        self.exprs.truncate(write);
        self.take_exprs(base)
    }

    fn text_value(&self, wtf8: &[u8]) -> StrValue<'a> {
        StrValue::from_wtf8(self.arena.slice(wtf8)).unwrap_or(StrValue::EMPTY)
    }

    /// One plain string or bytes literal.
    fn string(&mut self) -> P<ExprRef<'a>> {
        let token = self.tokens[self.pos];
        let literal = split_literal(self.token_text(&token));
        let escapes = !literal.raw && memchr::memchr(b'\\', literal.body.as_bytes()).is_some();
        let value = if literal.bytes {
            if !literal.body.is_ascii() {
                return Err(Fail);
            }
            if escapes {
                let decoded = escape::decode_bytes(literal.body.as_bytes()).map_err(|_| Fail)?;
                self.warn_escape(literal.body, &decoded, &token, token.lineno);
                Constant::Bytes(self.arena.slice(&decoded.bytes))
            } else {
                Constant::Bytes(literal.body.as_bytes())
            }
        } else {
            Constant::Str(self.decode(literal.body, !escapes, &token, token.lineno)?)
        };
        self.bump();
        let kind = literal.unicode_prefix.then_some("u");
        Ok(self.arena.alloc(Expr { kind: ExprKind::Constant { value, kind }, range: token.range() }))
    }

    /// The text of a literal or of a part of an f-string. Warnings count lines from `lineno`.
    fn decode(&mut self, body: &'a str, raw: bool, token: &Token, lineno: i32) -> P<StrValue<'a>> {
        if raw || memchr::memchr(b'\\', body.as_bytes()).is_none() {
            return Ok(StrValue::new(body));
        }
        let decoded = escape::decode_text(body, self.options.character_names).map_err(|_| Fail)?;
        self.warn_escape(body, &decoded, token, lineno);
        Ok(self.text_value(&decoded.bytes))
    }

    fn warn_escape(&mut self, body: &str, decoded: &Decoded, token: &Token, lineno: i32) {
        if let Some(at) = decoded.invalid
            && let Some(warning) = escape_warning(body, at, token, lineno, self.text)
        {
            self.warnings.push(warning);
        }
    }

    /// Reads an f-string or t-string and leaves its parts on `exprs`.
    fn fstring(&mut self, template: bool) -> P<()> {
        if template {
            self.check_version(14)?;
        }
        self.check_stack()?;
        let open = self.tokens[self.pos];
        let raw = self.token_text(&open).bytes().any(|b| b | 0x20 == b'r');
        let base = self.exprs.len();
        // Texts wait for the end of the string, where their lines are counted from.
        let mut texts: Vec<(usize, Token)> = Vec::new();
        self.bump();
        loop {
            match self.kind() {
                Kind::FStringMiddle | Kind::TStringMiddle => {
                    let token = self.tokens[self.pos];
                    let value = Constant::Str(StrValue::new(self.token_text(&token)));
                    let node =
                        self.arena.alloc(Expr { kind: ExprKind::Constant { value, kind: None }, range: token.range() });
                    if !raw && memchr::memchr(b'\\', self.token_text(&token).as_bytes()).is_some() {
                        texts.push((self.exprs.len(), token));
                    }
                    self.exprs.push(node);
                    self.bump();
                }
                Kind::LBrace => self.replacement_field(template, raw, template)?,
                Kind::FStringEnd | Kind::TStringEnd => break,
                _ => return Err(Fail),
            }
        }
        let close = self.tokens[self.pos];
        self.bump();
        for (at, token) in texts {
            let value = Constant::Str(self.decode(self.token_text(&token), false, &close, close.lineno)?);
            let range = self.exprs[at].range;
            self.exprs[at] = self.arena.alloc(Expr { kind: ExprKind::Constant { value, kind: None }, range });
        }
        // Empty parts disappear here already, so that they do not end a run of constants.
        let mut write = base;
        for read in base..self.exprs.len() {
            let node = self.exprs[read];
            let empty = matches!(node.kind, ExprKind::Constant { value: Constant::Str(text), .. } if text.is_empty());
            if !empty {
                self.exprs[write] = node;
                write += 1;
            }
        }
        self.exprs.truncate(write);
        Ok(())
    }

    /// `{value = !r:spec}`: one node on `exprs`, after a constant with the text of the expression if there is a `=`.
    /// Fields of a t-string are `Interpolation`s, those in format specifications are `FormattedValue`s.
    fn replacement_field(&mut self, template: bool, raw: bool, interpolation: bool) -> P<()> {
        self.check_stack()?;
        let start = self.start();
        let open = self.pos;
        self.bump();
        let value = self.annotated_rhs()?;
        let debug = self.eat(Kind::Equal);
        // The text of the expression ends at the first of `!`, `:` and `}`.
        let text_end = self.pos;
        let mut conversion = -1;
        let mut debug_end = None;
        if self.at(Kind::Exclamation) {
            let mark = self.tokens[self.pos];
            self.bump();
            let name = self.tokens[self.pos];
            if !self.at(Kind::Name) || name.start != mark.end {
                return Err(Fail);
            }
            conversion = match self.token_text(&name) {
                "s" => i32::from(b's'),
                "r" => i32::from(b'r'),
                "a" => i32::from(b'a'),
                _ => return Err(Fail),
            };
            debug_end = Some((name.lineno, name.col - 1));
            self.bump();
        }
        let mut format_spec = None;
        if self.at(Kind::Colon) {
            let colon = self.start();
            debug_end = debug_end.or(Some(colon));
            self.bump();
            format_spec = Some(self.format_spec(colon, template, raw)?);
        }
        if debug && conversion == -1 && format_spec.is_none() {
            conversion = i32::from(b'r');
        }
        let close = self.tokens[self.pos];
        self.expect(Kind::RBrace)?;
        if debug {
            let text = debug_text(self.arena, self.text, self.tokens, open, text_end);
            let (end_line, end_col) = debug_end.unwrap_or((close.end_lineno, close.end_col - 1));
            let range = Range::new(start.0, start.1 + 1, end_line, end_col);
            let kind = ExprKind::Constant { value: Constant::Str(StrValue::new(text)), kind: None };
            self.exprs.push(self.arena.alloc(Expr { kind, range }));
        }
        let node = if interpolation {
            let mut text = debug_text(self.arena, self.text, self.tokens, open, text_end);
            if debug {
                text = text.rsplit_once('=').map_or(text, |(expression, _)| expression);
            }
            let str = self.arena.alloc(Constant::Str(StrValue::new(text)));
            self.node(start, ExprKind::Interpolation { value, str, conversion, format_spec })
        } else {
            self.node(start, ExprKind::FormattedValue { value, conversion, format_spec })
        };
        self.exprs.push(node);
        Ok(())
    }

    /// Behind the colon of a field: text and nested fields up to the closing brace.
    fn format_spec(&mut self, colon: super::Start, template: bool, raw: bool) -> P<ExprRef<'a>> {
        let base = self.exprs.len();
        loop {
            match self.kind() {
                Kind::FStringMiddle | Kind::TStringMiddle => {
                    let token = self.tokens[self.pos];
                    let value = Constant::Str(self.decode(self.token_text(&token), raw, &token, token.lineno)?);
                    let kind = ExprKind::Constant { value, kind: None };
                    self.exprs.push(self.arena.alloc(Expr { kind, range: token.range() }));
                    self.bump();
                }
                Kind::LBrace => self.replacement_field(template, raw, false)?,
                _ => break,
            }
        }
        let values = self.fold_strings(base, true);
        Ok(self.node(colon, ExprKind::JoinedStr { values }))
    }
}

/// The text between the tokens `open` (a `{`) and `end`, as `f"{x = }"` shows it: comments are left out.
fn debug_text<'a>(arena: &'a Arena, text: &'a str, tokens: &[Token], open: usize, end: usize) -> &'a str {
    let (from, to) = (tokens[open].end as usize, tokens[end].start as usize);
    let whole = &text[from..to];
    if !whole.contains('#') {
        return whole;
    }
    // Comments stand between tokens only.
    let mut out = String::with_capacity(whole.len());
    let mut at = from;
    for token in &tokens[open + 1..=end] {
        let (start, stop) = ((token.start as usize).min(to), (token.end as usize).min(to));
        let mut gap = &text[at..start.max(at)];
        while let Some(hash) = gap.find('#') {
            out.push_str(&gap[..hash]);
            gap = gap[hash..].find('\n').map_or("", |newline| &gap[hash + newline..]);
        }
        out.push_str(gap);
        out.push_str(&text[start..stop.max(start)]);
        at = stop.max(at);
    }
    arena.str(&out)
}

/// The warning for the escape at `body[at]`, whose token begins on `lineno`.
fn escape_warning(body: &str, at: usize, token: &Token, lineno: i32, text: &str) -> Option<Warning> {
    let src = body.as_bytes();
    let c = *src.get(at)?;
    let in_fstring = token.kind != Kind::String;
    if in_fstring && matches!(c, b'{' | b'}') {
        // The lexer has warned of this one.
        return None;
    }
    let escape = if matches!(c, b'4'..=b'7') { body.get(at..at + 3)?.to_string() } else { (c as char).to_string() };
    let what = if escape.len() == 3 { "an invalid octal escape sequence" } else { "an invalid escape sequence" };
    let before = &src[..at];
    let newlines = memchr::memchr_iter(b'\n', before).count() as i32;
    let mut col = if newlines == 0 {
        token.col + at as i32
    } else {
        (at - memchr::memrchr(b'\n', before).map_or(0, |n| n + 1)) as i32
    };
    if newlines == 0 {
        let token_text = text.as_bytes().get(token.start as usize..token.end as usize).unwrap_or(b"");
        let quotes = token_text.iter().take_while(|b| matches!(b, b'"' | b'\''));
        col += quotes.filter(|b| Some(*b) == token_text.first()).count() as i32;
    }
    let hint = format!("Did you mean \"\\\\{escape}\"? A raw string is also an option.");
    Some(Warning {
        kind: WarningKind::Syntax,
        message: format!("\"\\{escape}\" is {what}. Such sequences will not work in the future. {hint}"),
        error_message: format!("\"\\{escape}\" is {what}. {hint}"),
        lineno: lineno + newlines,
        offset: col,
        end_lineno: lineno + newlines,
        end_offset: col + 2,
    })
}
