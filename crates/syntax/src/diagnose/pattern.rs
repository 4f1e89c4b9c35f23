//! The patterns of `case`. They give the place that they take up.

use super::{Diag, Miss, R, Rule, alt};
use crate::ast::*;
use crate::token::Kind;

impl<'a> Diag<'a, '_> {
    pub(super) fn patterns(&mut self) -> R<()> {
        alt!(self, p, p.open_sequence_pattern());
        self.pattern().map(drop)
    }

    pub(super) fn pattern(&mut self) -> R<Range> {
        let from = self.mark;
        alt!(self, p, {
            p.as_pattern()?;
            Ok(p.range(from))
        });
        self.or_pattern()?;
        Ok(self.range(from))
    }

    fn as_pattern(&mut self) -> R<()> {
        alt!(self, p, {
            p.or_pattern()?;
            p.expect(Kind::As)?;
            p.pattern_capture_target().map(drop)
        });
        self.look_for(Self::invalid_as_pattern)?;
        Err(Miss::No)
    }

    pub(super) fn or_pattern(&mut self) -> R<()> {
        self.closed_pattern()?;
        self.many(|p| {
            p.expect(Kind::VBar)?;
            p.closed_pattern()
        })
        .map(drop)
    }

    fn closed_pattern(&mut self) -> R<()> {
        self.memo(Rule::ClosedPattern, |p| {
            let nothing = p.placeholder();
            p.find_closed_pattern().map(|()| nothing)
        })
        .map(drop)
    }

    fn find_closed_pattern(&mut self) -> R<()> {
        alt!(self, p, p.literal_expr().map(drop));
        alt!(self, p, p.pattern_capture_target().map(drop));
        alt!(self, p, p.soft("_").map(drop));
        alt!(self, p, {
            p.attr()?;
            p.not_any(&[Kind::Dot, Kind::LPar, Kind::Equal])
        });
        alt!(self, p, {
            p.expect(Kind::LPar)?;
            p.pattern()?;
            p.expect(Kind::RPar).map(drop)
        });
        alt!(self, p, {
            p.expect(Kind::LSqb)?;
            p.opt(Self::maybe_sequence_pattern)?;
            p.expect(Kind::RSqb).map(drop)
        });
        alt!(self, p, {
            p.expect(Kind::LPar)?;
            p.opt(Self::open_sequence_pattern)?;
            p.expect(Kind::RPar).map(drop)
        });
        alt!(self, p, p.mapping_pattern());
        self.class_pattern()
    }

    fn literal_expr(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            let found = p.signed_number()?;
            p.not_any(&[Kind::Plus, Kind::Minus])?;
            Ok(found)
        });
        alt!(self, p, p.complex_number());
        alt!(self, p, {
            p.ahead_any(&[Kind::String, Kind::FStringStart, Kind::TStringStart])?;
            p.strings()
        });
        self.expect_any(&[Kind::None, Kind::True, Kind::False])?;
        Ok(self.node(from, ExprKind::Constant { value: Constant::None, kind: None }))
    }

    fn signed_number(&mut self) -> R<ExprRef<'a>> {
        self.eat(Kind::Minus)?;
        self.number()
    }

    fn complex_number(&mut self) -> R<ExprRef<'a>> {
        let real = self.signed_number()?;
        let is_imaginary =
            |node: ExprRef<'a>| matches!(node.kind, ExprKind::Constant { value: Constant::Complex { .. }, .. });
        if is_imaginary(real) {
            return Err(self.raise_range(real.range, "real number required in complex literal"));
        }
        self.expect_any(&[Kind::Plus, Kind::Minus])?;
        let imag = self.number()?;
        if !is_imaginary(imag) {
            return Err(self.raise_range(imag.range, "imaginary number required in complex literal"));
        }
        Ok(imag)
    }

    pub(super) fn pattern_capture_target(&mut self) -> R<ExprRef<'a>> {
        self.not(|p| p.soft("_"))?;
        let name = self.name()?;
        self.not_any(&[Kind::Dot, Kind::LPar, Kind::Equal])?;
        Ok(name)
    }

    fn attr(&mut self) -> R<()> {
        self.name()?;
        self.some(|p| {
            p.expect(Kind::Dot)?;
            p.name()
        })
        .map(drop)
    }

    pub(super) fn name_or_attr(&mut self) -> R<()> {
        self.name()?;
        self.many(|p| {
            p.expect(Kind::Dot)?;
            p.name()
        })
        .map(drop)
    }

    fn open_sequence_pattern(&mut self) -> R<()> {
        self.maybe_star_pattern()?;
        self.expect(Kind::Comma)?;
        self.opt(Self::maybe_sequence_pattern).map(drop)
    }

    fn maybe_sequence_pattern(&mut self) -> R<()> {
        self.gather(Self::maybe_star_pattern)?;
        self.eat(Kind::Comma).map(drop)
    }

    fn maybe_star_pattern(&mut self) -> R<()> {
        alt!(self, p, p.star_pattern());
        self.pattern().map(drop)
    }

    fn star_pattern(&mut self) -> R<()> {
        self.memo(Rule::StarPattern, |p| {
            p.expect(Kind::Star)?;
            alt!(p, p, p.pattern_capture_target());
            p.soft("_")?;
            Ok(p.placeholder())
        })
        .map(drop)
    }

    fn mapping_pattern(&mut self) -> R<()> {
        self.expect(Kind::LBrace)?;
        alt!(self, p, p.expect(Kind::RBrace).map(drop));
        alt!(self, p, {
            p.double_star_pattern()?;
            p.eat(Kind::Comma)?;
            p.expect(Kind::RBrace).map(drop)
        });
        alt!(self, p, {
            p.items_pattern()?;
            p.expect(Kind::Comma)?;
            p.double_star_pattern()?;
            p.eat(Kind::Comma)?;
            p.expect(Kind::RBrace).map(drop)
        });
        self.items_pattern()?;
        self.eat(Kind::Comma)?;
        self.expect(Kind::RBrace).map(drop)
    }

    fn double_star_pattern(&mut self) -> R<()> {
        self.expect(Kind::DoubleStar)?;
        self.pattern_capture_target().map(drop)
    }

    fn items_pattern(&mut self) -> R<()> {
        self.gather(|p| {
            if p.opt(Self::literal_expr)?.is_none() {
                p.attr()?;
            }
            p.expect(Kind::Colon)?;
            p.pattern()
        })
        .map(drop)
    }

    fn class_pattern(&mut self) -> R<()> {
        alt!(self, p, {
            p.name_or_attr()?;
            p.expect(Kind::LPar)?;
            p.expect(Kind::RPar).map(drop)
        });
        alt!(self, p, {
            p.name_or_attr()?;
            p.expect(Kind::LPar)?;
            p.positional_patterns()?;
            p.eat(Kind::Comma)?;
            p.expect(Kind::RPar).map(drop)
        });
        alt!(self, p, {
            p.name_or_attr()?;
            p.expect(Kind::LPar)?;
            p.keyword_patterns()?;
            p.eat(Kind::Comma)?;
            p.expect(Kind::RPar).map(drop)
        });
        alt!(self, p, {
            p.name_or_attr()?;
            p.expect(Kind::LPar)?;
            p.positional_patterns()?;
            p.expect(Kind::Comma)?;
            p.keyword_patterns()?;
            p.eat(Kind::Comma)?;
            p.expect(Kind::RPar).map(drop)
        });
        self.look_for(Self::invalid_class_pattern)?;
        Err(Miss::No)
    }

    pub(super) fn positional_patterns(&mut self) -> R<Vec<Range>> {
        self.gather(Self::pattern)
    }

    pub(super) fn keyword_patterns(&mut self) -> R<()> {
        self.gather(|p| {
            p.name()?;
            p.expect(Kind::Equal)?;
            p.pattern()
        })
        .map(drop)
    }
}
