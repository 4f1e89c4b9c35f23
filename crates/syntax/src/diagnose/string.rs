//! String literals, f-strings and t-strings.

use super::{Diag, Miss, R, Rule, alt, mistake};
use crate::ast::*;
use crate::escape;
use crate::parser::split_literal;
use crate::token::Kind;

/// The two kinds of strings with replacement fields.
#[derive(Clone, Copy)]
struct Style {
    template: bool,
    name: &'static str,
    start: Kind,
    middle: Kind,
    end: Kind,
}

const F: Style = Style {
    template: false,
    name: "f-string",
    start: Kind::FStringStart,
    middle: Kind::FStringMiddle,
    end: Kind::FStringEnd,
};

const T: Style = Style {
    template: true,
    name: "t-string",
    start: Kind::TStringStart,
    middle: Kind::TStringMiddle,
    end: Kind::TStringEnd,
};

impl<'a> Diag<'a, '_> {
    pub(super) fn strings(&mut self) -> R<ExprRef<'a>> {
        self.memo(Rule::Strings, |p| {
            let from = p.mark;
            p.look_for(Self::invalid_string_tstring_concat)?;
            alt!(p, p, {
                let parts = p.some(Self::fstring_or_string)?;
                p.concatenate(from, &parts)
            });
            p.some(|p| p.fstring(T))?;
            Ok(p.node(from, ExprKind::TemplateStr { values: &[] }))
        })
    }

    fn fstring_or_string(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, p.fstring(F));
        self.string()
    }

    fn concatenate(&mut self, from: usize, parts: &[ExprRef<'a>]) -> R<ExprRef<'a>> {
        let is_bytes = |part: &&ExprRef<'a>| matches!(part.kind, ExprKind::Constant { value: Constant::Bytes(_), .. });
        let bytes = parts.iter().filter(is_bytes).count();
        if bytes > 0 && bytes < parts.len() {
            return Err(self.raise("cannot mix bytes and nonbytes literals"));
        }
        let joined = parts.iter().find(|part| matches!(part.kind, ExprKind::JoinedStr { .. }));
        Ok(self.node(from, joined.unwrap_or(&parts[0]).kind))
    }

    fn string(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        let token = self.expect(Kind::String)?;
        let literal = split_literal(self.token_text(&token));
        let value = if literal.bytes {
            if !literal.body.is_ascii() {
                return Err(self.raise_range(token.range(), "bytes can only contain ASCII literal characters"));
            }
            if !literal.raw
                && let Err(error) = escape::decode_bytes(literal.body.as_bytes())
            {
                return Err(self.raise(format!("(value error) {error}")));
            }
            Constant::Bytes(&[])
        } else {
            if !literal.raw {
                self.check_escapes(literal.body)?;
            }
            Constant::Str(StrValue::EMPTY)
        };
        Ok(self.node(from, ExprKind::Constant { value, kind: None }))
    }

    fn check_escapes(&mut self, body: &str) -> R<()> {
        match escape::decode_text(body, self.options.character_names) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.raise(format!("(unicode error) {error}"))),
        }
    }

    fn fstring(&mut self, s: Style) -> R<ExprRef<'a>> {
        let from = self.mark;
        let open = self.expect(s.start)?;
        let raw = self.token_text(&open).bytes().any(|b| b | 0x20 == b'r');
        let texts = self.many(|p| {
            alt!(p, p, p.replacement_field(s, raw).map(|()| None));
            p.expect(s.middle).map(Some)
        })?;
        self.expect(s.end)?;
        if !raw {
            for token in texts.into_iter().flatten() {
                let text = self.token_text(&token);
                self.check_escapes(text)?;
            }
        }
        if s.template {
            self.check_version(14, "t-strings are")?;
            return Ok(self.node(from, ExprKind::TemplateStr { values: &[] }));
        }
        Ok(self.node(from, ExprKind::JoinedStr { values: &[] }))
    }

    fn replacement_field(&mut self, s: Style, raw: bool) -> R<()> {
        alt!(self, p, {
            p.expect(Kind::LBrace)?;
            p.annotated_rhs()?;
            p.eat(Kind::Equal)?;
            p.opt(|p| p.conversion(s))?;
            p.opt(|p| p.full_format_spec(s, raw))?;
            p.expect(Kind::RBrace).map(drop)
        });
        self.look_for(|p| p.invalid_replacement_field(s, raw))?;
        Err(Miss::No)
    }

    fn conversion(&mut self, s: Style) -> R<()> {
        let mark = self.expect(Kind::Exclamation)?;
        let name = self.expect(Kind::Name)?;
        if mark.end != name.start {
            let range = mark.range().to(name.range());
            let message = format!("{}: conversion type must come right after the exclamation mark", s.name);
            return Err(self.raise_range(range, message));
        }
        let text = self.token_text(&name);
        if matches!(text, "s" | "r" | "a") {
            return Ok(());
        }
        let message = format!("{}: invalid conversion character '{text}': expected 's', 'r', or 'a'", s.name);
        Err(self.raise_range(name.range(), message))
    }

    fn full_format_spec(&mut self, s: Style, raw: bool) -> R<()> {
        self.expect(Kind::Colon)?;
        self.format_spec(s, raw)
    }

    /// Text and nested fields.
    fn format_spec(&mut self, s: Style, raw: bool) -> R<()> {
        self.many(|p| {
            alt!(p, p, {
                let token = p.expect(s.middle)?;
                if !raw {
                    let text = p.token_text(&token);
                    p.check_escapes(text)?;
                }
                Ok(())
            });
            p.replacement_field(s, raw)
        })
        .map(drop)
    }

    // ---- mistakes ----

    fn invalid_string_tstring_concat(&mut self) -> R<()> {
        const MESSAGE: &str = "cannot mix t-string literals with string or bytes literals";
        mistake!(self, p, {
            let plain = p.some(Self::fstring_or_string)?;
            let template = p.fstring(T)?;
            let first = plain.last().map_or(template.range, |node| node.range);
            Ok(p.raise_range(first.to(template.range), MESSAGE))
        });
        mistake!(self, p, {
            let templates = p.some(|p| p.fstring(T))?;
            let plain = p.fstring_or_string()?;
            let first = templates.last().map_or(plain.range, |node| node.range);
            Ok(p.raise_range(first.to(plain.range), MESSAGE))
        });
        Err(Miss::No)
    }

    fn invalid_replacement_field(&mut self, s: Style, raw: bool) -> R<()> {
        let name = s.name;
        for (kind, text) in [(Kind::Equal, "="), (Kind::Exclamation, "!"), (Kind::Colon, ":"), (Kind::RBrace, "}")] {
            mistake!(self, p, {
                p.expect(Kind::LBrace)?;
                let token = p.expect(kind)?;
                Ok(p.raise_range(token.range(), format!("{name}: valid expression required before '{text}'")))
            });
        }
        mistake!(self, p, {
            p.expect(Kind::LBrace)?;
            p.not(Self::annotated_rhs)?;
            Ok(p.raise_next(format!("{name}: expecting a valid expression after '{{'")))
        });
        mistake!(self, p, {
            p.expect(Kind::LBrace)?;
            p.annotated_rhs()?;
            p.not_any(&[Kind::Equal, Kind::Exclamation, Kind::Colon, Kind::RBrace])?;
            Ok(p.raise_next(format!("{name}: expecting '=', or '!', or ':', or '}}'")))
        });
        mistake!(self, p, {
            p.expect(Kind::LBrace)?;
            p.annotated_rhs()?;
            p.expect(Kind::Equal)?;
            p.not_any(&[Kind::Exclamation, Kind::Colon, Kind::RBrace])?;
            Ok(p.raise_next(format!("{name}: expecting '!', or ':', or '}}'")))
        });
        mistake!(self, p, {
            p.field_head()?;
            p.expect(Kind::Exclamation)?;
            match p.kind()? {
                Kind::Colon | Kind::RBrace => Ok(p.raise_next(format!("{name}: missing conversion character"))),
                Kind::Name => Err(Miss::No),
                _ => Ok(p.raise_next(format!("{name}: invalid conversion character"))),
            }
        });
        mistake!(self, p, {
            p.field_head()?;
            p.field_conversion()?;
            p.not_any(&[Kind::Colon, Kind::RBrace])?;
            Ok(p.raise_next(format!("{name}: expecting ':' or '}}'")))
        });
        mistake!(self, p, {
            p.field_head()?;
            p.field_conversion()?;
            p.expect(Kind::Colon)?;
            p.format_spec(s, raw)?;
            p.not_any(&[Kind::RBrace])?;
            Ok(p.raise_next(format!("{name}: expecting '}}', or format specs")))
        });
        mistake!(self, p, {
            p.field_head()?;
            p.field_conversion()?;
            p.not_any(&[Kind::RBrace])?;
            Ok(p.raise_next(format!("{name}: expecting '}}'")))
        });
        Err(Miss::No)
    }

    /// `'{' annotated_rhs '='?`
    fn field_head(&mut self) -> R<()> {
        self.expect(Kind::LBrace)?;
        self.annotated_rhs()?;
        self.eat(Kind::Equal).map(drop)
    }

    /// `['!' NAME]`
    fn field_conversion(&mut self) -> R<()> {
        self.opt(|p| {
            p.expect(Kind::Exclamation)?;
            p.expect(Kind::Name)
        })
        .map(drop)
    }
}
