//! Assignment and `del` targets: they are read as expressions and then rebuilt with their context.

use super::{Fail, P, Parser};
use crate::ast::*;
use crate::token::Kind;

impl<'a> Parser<'a, '_> {
    /// The targets of `for`: `x`, `*x`, `x, *y`, `x,`.
    pub(super) fn star_targets(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let first = self.star_target()?;
        if !self.at(Kind::Comma) {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Kind::Comma) {
            if !self.at(Kind::Star) && !super::expr::starts_expression(self.kind()) {
                break;
            }
            let item = self.star_target()?;
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        Ok(self.node(start, ExprKind::Tuple { elts, ctx: ExprContext::Store }))
    }

    pub(super) fn star_target(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        if self.eat(Kind::Star) {
            let inner = self.primary()?;
            let value = self.with_context(inner, ExprContext::Store)?;
            return Ok(self.node(start, ExprKind::Starred { value, ctx: ExprContext::Store }));
        }
        if self.at(Kind::Name)
            && matches!(self.kind_after(), Kind::In | Kind::Comma | Kind::RPar | Kind::Colon | Kind::RSqb)
        {
            let id = self.name()?;
            return Ok(self.node(start, ExprKind::Name { id, ctx: ExprContext::Store }));
        }
        let target = self.primary()?;
        self.with_context(target, ExprContext::Store)
    }

    /// Rebuilds `expr` as a target, or fails if it is none. The depth of nesting is bounded by the brackets of the
    /// source.
    pub(super) fn with_context(&self, expr: ExprRef<'a>, ctx: ExprContext) -> P<ExprRef<'a>> {
        let kind = match expr.kind {
            ExprKind::Name { id, .. } => ExprKind::Name { id, ctx },
            ExprKind::Attribute { value, attr, .. } => ExprKind::Attribute { value, attr, ctx },
            ExprKind::Subscript { value, slice, .. } => ExprKind::Subscript { value, slice, ctx },
            ExprKind::Tuple { elts, .. } => ExprKind::Tuple { elts: self.all_with_context(elts, ctx)?, ctx },
            ExprKind::List { elts, .. } => ExprKind::List { elts: self.all_with_context(elts, ctx)?, ctx },
            ExprKind::Starred { value, .. } if ctx == ExprContext::Store => {
                ExprKind::Starred { value: self.with_context(value, ctx)?, ctx }
            }
            _ => return Err(Fail),
        };
        Ok(self.arena.alloc(Expr { kind, range: expr.range }))
    }

    fn all_with_context(&self, elts: Exprs<'a>, ctx: ExprContext) -> P<Exprs<'a>> {
        let mut list = Vec::with_capacity(elts.len());
        for elt in elts {
            list.push(self.with_context(elt, ctx)?);
        }
        Ok(self.arena.slice(&list))
    }
}
