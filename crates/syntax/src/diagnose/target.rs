//! The targets of assignments, `for`, `with` and `del`.

use super::{Diag, Miss, R, Rule, alt};
use crate::ast::*;
use crate::token::Kind;

const T_LOOKAHEAD: [Kind; 3] = [Kind::LPar, Kind::LSqb, Kind::Dot];

impl<'a> Diag<'a, '_> {
    pub(super) fn star_targets(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            let found = p.star_target()?;
            p.not_any(&[Kind::Comma])?;
            Ok(found)
        });
        let mut elts = vec![self.star_target()?];
        elts.extend(self.many(|p| {
            p.expect(Kind::Comma)?;
            p.star_target()
        })?);
        self.eat(Kind::Comma)?;
        Ok(self.tuple_node(from, &elts, ExprContext::Store))
    }

    pub(super) fn star_target(&mut self) -> R<ExprRef<'a>> {
        if let Some(name) = self.bare_name(Rule::StarTarget)? {
            return Ok(name);
        }
        self.memo(Rule::StarTarget, |p| {
            let from = p.mark;
            alt!(p, p, {
                p.expect(Kind::Star)?;
                p.not_any(&[Kind::Star])?;
                let value = p.star_target()?;
                Ok(p.node(from, ExprKind::Starred { value, ctx: ExprContext::Store }))
            });
            p.target_with_star_atom()
        })
    }

    /// `x.name` or `x[...]`, not followed by more of the same.
    pub(super) fn single_subscript_attribute_target(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        let value = self.t_primary()?;
        match self.kind()? {
            Kind::Dot => {
                self.mark += 1;
                let token = self.expect(Kind::Name)?;
                self.not_any(&T_LOOKAHEAD)?;
                let attr = self.token_text(&token);
                Ok(self.node(from, ExprKind::Attribute { value, attr, ctx: ExprContext::Store }))
            }
            Kind::LSqb => {
                self.mark += 1;
                let slice = self.slices()?;
                self.expect(Kind::RSqb)?;
                self.not_any(&T_LOOKAHEAD)?;
                Ok(self.node(from, ExprKind::Subscript { value, slice, ctx: ExprContext::Store }))
            }
            _ => Err(Miss::No),
        }
    }

    /// A name with nothing behind it that belongs to it is the same target for all rules, and `rule` has not been tried.
    fn bare_name(&mut self, rule: Rule) -> R<Option<ExprRef<'a>>> {
        let from = self.mark;
        if self.kind()? != Kind::Name || self.known(rule.bit()).is_some() {
            self.mark = from;
            return Ok(None);
        }
        if T_LOOKAHEAD.contains(&self.kind_after()?) {
            return Ok(None);
        }
        let name = self.name()?;
        self.keep(from, Rule::StarTarget.bit() | Rule::TargetWithStarAtom.bit() | Rule::DelTarget.bit(), name);
        self.slot(from).missed |= Rule::TPrimary.bit();
        Ok(Some(name))
    }

    fn target_with_star_atom(&mut self) -> R<ExprRef<'a>> {
        self.memo(Rule::TargetWithStarAtom, |p| {
            alt!(p, p, p.single_subscript_attribute_target());
            p.star_atom()
        })
    }

    fn star_atom(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, p.name());
        alt!(self, p, {
            p.expect(Kind::LPar)?;
            let found = p.target_with_star_atom()?;
            p.expect(Kind::RPar)?;
            Ok(found)
        });
        alt!(self, p, {
            p.expect(Kind::LPar)?;
            let elts = p.opt(Self::star_targets_tuple_seq)?.unwrap_or_default();
            p.expect(Kind::RPar)?;
            Ok(p.tuple_node(from, &elts, ExprContext::Store))
        });
        self.expect(Kind::LSqb)?;
        let elts = self.opt(|p| {
            let found = p.gather(Self::star_target)?;
            p.eat(Kind::Comma)?;
            Ok(found)
        })?;
        self.expect(Kind::RSqb)?;
        let elts = self.arena.slice(&elts.unwrap_or_default());
        Ok(self.node(from, ExprKind::List { elts, ctx: ExprContext::Store }))
    }

    fn star_targets_tuple_seq(&mut self) -> R<Vec<ExprRef<'a>>> {
        let mut elts = vec![self.star_target()?];
        elts.extend(self.many(|p| {
            p.expect(Kind::Comma)?;
            p.star_target()
        })?);
        let comma = self.eat(Kind::Comma)?;
        if elts.len() == 1 && !comma { Err(Miss::No) } else { Ok(elts) }
    }

    pub(super) fn single_target(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, p.single_subscript_attribute_target());
        alt!(self, p, p.name());
        self.expect(Kind::LPar)?;
        let found = self.single_target()?;
        self.expect(Kind::RPar)?;
        Ok(found)
    }

    /// A primary that is followed by more of it.
    fn t_primary(&mut self) -> R<ExprRef<'a>> {
        self.memo(Rule::TPrimary, |p| {
            let from = p.mark;
            let mut value = p.atom()?;
            p.ahead_any(&T_LOOKAHEAD)?;
            while let Some(next) = p.opt(|p| p.t_trailer(from, value))? {
                value = next;
            }
            Ok(value)
        })
    }

    fn t_trailer(&mut self, from: usize, value: ExprRef<'a>) -> R<ExprRef<'a>> {
        if self.at(Kind::LPar)? {
            alt!(self, p, {
                p.genexp()?;
                p.ahead_any(&T_LOOKAHEAD)?;
                Ok(p.node(from, ExprKind::Call { func: value, args: &[], keywords: &[] }))
            });
            self.mark += 1;
            self.opt(Self::arguments)?;
            self.expect(Kind::RPar)?;
            self.ahead_any(&T_LOOKAHEAD)?;
            return Ok(self.node(from, ExprKind::Call { func: value, args: &[], keywords: &[] }));
        }
        match self.kind()? {
            Kind::Dot => {
                let found = self.trailer(from, value)?;
                self.ahead_any(&T_LOOKAHEAD)?;
                Ok(found)
            }
            Kind::LSqb => {
                alt!(self, p, {
                    p.mark += 1;
                    let slice = p.slices()?;
                    p.expect(Kind::RSqb)?;
                    p.ahead_any(&T_LOOKAHEAD)?;
                    Ok(p.node(from, ExprKind::Subscript { value, slice, ctx: ExprContext::Load }))
                });
                self.no_genexp().map(|()| value)
            }
            _ => self.no_genexp().map(|()| value),
        }
    }

    pub(super) fn del_targets(&mut self) -> R<()> {
        self.gather(Self::del_target)?;
        self.eat(Kind::Comma)?;
        Ok(())
    }

    fn del_target(&mut self) -> R<ExprRef<'a>> {
        if let Some(name) = self.bare_name(Rule::DelTarget)? {
            return Ok(name);
        }
        self.memo(Rule::DelTarget, |p| {
            alt!(p, p, p.single_subscript_attribute_target());
            p.del_t_atom()
        })
    }

    fn del_t_atom(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, p.name());
        alt!(self, p, {
            p.expect(Kind::LPar)?;
            let found = p.del_target()?;
            p.expect(Kind::RPar)?;
            Ok(found)
        });
        for (open, close) in [(Kind::LPar, Kind::RPar), (Kind::LSqb, Kind::RSqb)] {
            alt!(self, p, {
                p.expect(open)?;
                p.opt(Self::del_targets)?;
                p.expect(close)?;
                Ok(p.placeholder())
            });
        }
        Err(Miss::No)
    }
}
