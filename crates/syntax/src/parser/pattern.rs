//! The patterns of `case`.

use super::{Fail, P, Parser, Start};
use crate::ast::*;
use crate::token::Kind;

impl<'a> Parser<'a, '_> {
    fn pattern_node(&self, start: Start, kind: PatternKind<'a>) -> PatternRef<'a> {
        self.arena.alloc(Pattern { kind, range: self.range(start) })
    }

    /// What stands behind `case`: a pattern, or a sequence without brackets.
    pub(super) fn patterns(&mut self) -> P<PatternRef<'a>> {
        let start = self.start();
        let starred = self.at(Kind::Star);
        let first = self.maybe_star_pattern()?;
        if !self.at(Kind::Comma) {
            return if starred { Err(Fail) } else { Ok(first) };
        }
        let mut patterns = vec![first];
        while self.eat(Kind::Comma) {
            if matches!(self.kind(), Kind::Colon | Kind::If) {
                break;
            }
            patterns.push(self.maybe_star_pattern()?);
        }
        let patterns = self.arena.slice(&patterns);
        Ok(self.pattern_node(start, PatternKind::MatchSequence { patterns }))
    }

    fn maybe_star_pattern(&mut self) -> P<PatternRef<'a>> {
        if !self.at(Kind::Star) {
            return self.pattern();
        }
        let start = self.start();
        self.bump();
        let name = self.capture_or_wildcard()?;
        Ok(self.pattern_node(start, PatternKind::MatchStar { name }))
    }

    /// A capture name, or `None` for `_`. What looks like a value or a class is neither.
    fn capture_or_wildcard(&mut self) -> P<Option<Identifier<'a>>> {
        if self.at_word("_") {
            self.bump();
            return Ok(None);
        }
        self.capture().map(Some)
    }

    fn capture(&mut self) -> P<Identifier<'a>> {
        if self.at_word("_") {
            return Err(Fail);
        }
        let name = self.name()?;
        if matches!(self.kind(), Kind::Dot | Kind::LPar | Kind::Equal) {
            return Err(Fail);
        }
        Ok(name)
    }

    pub(super) fn pattern(&mut self) -> P<PatternRef<'a>> {
        self.check_stack()?;
        let start = self.start();
        let pattern = self.or_pattern()?;
        if !self.eat(Kind::As) {
            return Ok(pattern);
        }
        let name = Some(self.capture()?);
        Ok(self.pattern_node(start, PatternKind::MatchAs { pattern: Some(pattern), name }))
    }

    fn or_pattern(&mut self) -> P<PatternRef<'a>> {
        let start = self.start();
        let first = self.closed_pattern()?;
        if !self.at(Kind::VBar) {
            return Ok(first);
        }
        let mut patterns = vec![first];
        while self.eat(Kind::VBar) {
            patterns.push(self.closed_pattern()?);
        }
        let patterns = self.arena.slice(&patterns);
        Ok(self.pattern_node(start, PatternKind::MatchOr { patterns }))
    }

    fn closed_pattern(&mut self) -> P<PatternRef<'a>> {
        let start = self.start();
        let singleton = match self.kind() {
            Kind::None => Constant::None,
            Kind::True => Constant::Bool(true),
            Kind::False => Constant::Bool(false),
            Kind::Number | Kind::Plus | Kind::Minus | Kind::String | Kind::FStringStart | Kind::TStringStart => {
                let value = self.literal()?;
                return Ok(self.pattern_node(start, PatternKind::MatchValue { value }));
            }
            Kind::Name => return self.name_pattern(),
            Kind::LPar => return self.group_pattern(),
            Kind::LSqb => {
                self.bump();
                let patterns = self.sequence_items(Kind::RSqb)?;
                return Ok(self.pattern_node(start, PatternKind::MatchSequence { patterns }));
            }
            Kind::LBrace => return self.mapping_pattern(),
            _ => return Err(Fail),
        };
        self.bump();
        Ok(self.pattern_node(start, PatternKind::MatchSingleton { value: singleton }))
    }

    /// A number with sign, a complex number `1 + 2j`, or strings.
    fn literal(&mut self) -> P<ExprRef<'a>> {
        if matches!(self.kind(), Kind::String | Kind::FStringStart | Kind::TStringStart) {
            return self.strings();
        }
        let start = self.start();
        let (left, complex) = self.signed_number()?;
        let op = match self.kind() {
            Kind::Plus => Operator::Add,
            Kind::Minus => Operator::Sub,
            _ => return Ok(left),
        };
        if complex {
            return Err(Fail);
        }
        self.bump();
        let imag_start = self.start();
        if !self.at(Kind::Number) {
            return Err(Fail);
        }
        let value = self.number()?;
        if !matches!(value, Constant::Complex { .. }) {
            return Err(Fail);
        }
        self.bump();
        let right = self.node(imag_start, ExprKind::Constant { value, kind: None });
        Ok(self.node(start, ExprKind::BinOp { left, op, right }))
    }

    /// A number, perhaps behind a `-`, and whether it is imaginary.
    fn signed_number(&mut self) -> P<(ExprRef<'a>, bool)> {
        let start = self.start();
        let minus = self.at(Kind::Minus);
        if minus {
            self.bump();
        }
        let number_start = self.start();
        if !self.at(Kind::Number) {
            return Err(Fail);
        }
        let value = self.number()?;
        self.bump();
        let complex = matches!(value, Constant::Complex { .. });
        let number = self.node(number_start, ExprKind::Constant { value, kind: None });
        if !minus {
            return Ok((number, complex));
        }
        Ok((self.node(start, ExprKind::UnaryOp { op: UnaryOp::USub, operand: number }), complex))
    }

    /// A capture, `_`, a dotted value, or a class.
    fn name_pattern(&mut self) -> P<PatternRef<'a>> {
        let start = self.start();
        if !matches!(self.kind_after(), Kind::Dot | Kind::LPar) {
            if self.kind_after() == Kind::Equal {
                return Err(Fail);
            }
            let name = self.capture_or_wildcard()?;
            return Ok(self.pattern_node(start, PatternKind::MatchAs { pattern: None, name }));
        }
        let value = self.name_or_attr()?;
        if self.at(Kind::LPar) {
            return self.class_pattern(start, value);
        }
        if self.at(Kind::Equal) {
            return Err(Fail);
        }
        Ok(self.pattern_node(start, PatternKind::MatchValue { value }))
    }

    fn name_or_attr(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let id = self.name()?;
        let mut value = self.node(start, ExprKind::Name { id, ctx: ExprContext::Load });
        while self.eat(Kind::Dot) {
            let attr = self.name()?;
            value = self.node(start, ExprKind::Attribute { value, attr, ctx: ExprContext::Load });
        }
        Ok(value)
    }

    fn class_pattern(&mut self, start: Start, cls: ExprRef<'a>) -> P<PatternRef<'a>> {
        self.bump();
        let mut patterns = Vec::new();
        let mut kwd_attrs = Vec::new();
        let mut kwd_patterns = Vec::new();
        while !self.at(Kind::RPar) {
            if self.at(Kind::Name) && self.kind_after() == Kind::Equal {
                kwd_attrs.push(self.name()?);
                self.bump();
                kwd_patterns.push(self.pattern()?);
            } else if kwd_attrs.is_empty() {
                patterns.push(self.pattern()?);
            } else {
                return Err(Fail);
            }
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::RPar)?;
        let kind = PatternKind::MatchClass {
            cls,
            patterns: self.arena.slice(&patterns),
            kwd_attrs: self.arena.slice(&kwd_attrs),
            kwd_patterns: self.arena.slice(&kwd_patterns),
        };
        Ok(self.pattern_node(start, kind))
    }

    /// `(pattern)` is the pattern itself; with a comma, or empty, it is a sequence.
    fn group_pattern(&mut self) -> P<PatternRef<'a>> {
        let start = self.start();
        self.bump();
        if self.eat(Kind::RPar) {
            return Ok(self.pattern_node(start, PatternKind::MatchSequence { patterns: &[] }));
        }
        let starred = self.at(Kind::Star);
        let first = self.maybe_star_pattern()?;
        if !self.at(Kind::Comma) {
            self.expect(Kind::RPar)?;
            return if starred { Err(Fail) } else { Ok(first) };
        }
        self.bump();
        let mut patterns = vec![first];
        patterns.extend_from_slice(self.sequence_items(Kind::RPar)?);
        let patterns = self.arena.slice(&patterns);
        Ok(self.pattern_node(start, PatternKind::MatchSequence { patterns }))
    }

    /// Patterns up to and with the closing bracket.
    fn sequence_items(&mut self, close: Kind) -> P<&'a [PatternRef<'a>]> {
        let mut patterns = Vec::new();
        while !self.at(close) {
            patterns.push(self.maybe_star_pattern()?);
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(close)?;
        Ok(self.arena.slice(&patterns))
    }

    fn mapping_pattern(&mut self) -> P<PatternRef<'a>> {
        let start = self.start();
        self.bump();
        let mut patterns = Vec::new();
        let mut rest = None;
        let base = self.exprs.len();
        while !self.at(Kind::RBrace) {
            if rest.is_some() {
                return Err(Fail);
            }
            if self.eat(Kind::DoubleStar) {
                rest = Some(self.capture()?);
            } else {
                let key = self.mapping_key()?;
                self.exprs.push(key);
                self.expect(Kind::Colon)?;
                patterns.push(self.pattern()?);
            }
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::RBrace)?;
        let keys = self.take_exprs(base);
        let patterns = self.arena.slice(&patterns);
        Ok(self.pattern_node(start, PatternKind::MatchMapping { keys, patterns, rest }))
    }

    /// A literal, `None`, `True`, `False`, or a dotted name.
    fn mapping_key(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let value = match self.kind() {
            Kind::None => Constant::None,
            Kind::True => Constant::Bool(true),
            Kind::False => Constant::Bool(false),
            Kind::Name if self.kind_after() == Kind::Dot => return self.name_or_attr(),
            Kind::Name => return Err(Fail),
            _ => return self.literal(),
        };
        self.bump();
        Ok(self.node(start, ExprKind::Constant { value, kind: None }))
    }
}
