//! Expressions, from `star_expressions` down to atoms.

use super::{Fail, P, Parser, Start};
use crate::ast::*;
use crate::token::Kind;

/// The strength of the binary operators, from `|` to `@`; 0 for other tokens.
#[inline(always)]
fn binary_operator(kind: Kind) -> (u8, Operator) {
    match kind {
        Kind::VBar => (1, Operator::BitOr),
        Kind::Circumflex => (2, Operator::BitXor),
        Kind::Amper => (3, Operator::BitAnd),
        Kind::LeftShift => (4, Operator::LShift),
        Kind::RightShift => (4, Operator::RShift),
        Kind::Plus => (5, Operator::Add),
        Kind::Minus => (5, Operator::Sub),
        Kind::Star => (6, Operator::Mult),
        Kind::Slash => (6, Operator::Div),
        Kind::DoubleSlash => (6, Operator::FloorDiv),
        Kind::Percent => (6, Operator::Mod),
        Kind::At => (6, Operator::MatMult),
        _ => (0, Operator::Add),
    }
}

impl<'a> Parser<'a, '_> {
    /// True where an expression list may go on behind a comma.
    fn at_expression(&self) -> bool {
        starts_expression(self.kind())
    }

    /// `expression (',' expression)* [',']`, a tuple if there is a comma.
    pub(super) fn expressions(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let first = self.expression()?;
        if !self.at(Kind::Comma) {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Kind::Comma) {
            if !self.at_expression() {
                break;
            }
            let item = self.expression()?;
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        Ok(self.node(start, ExprKind::Tuple { elts, ctx: ExprContext::Load }))
    }

    /// The same with `*iterable` items.
    pub(super) fn star_expressions(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let first = self.star_expression()?;
        if !self.at(Kind::Comma) {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Kind::Comma) {
            if !self.at(Kind::Star) && !self.at_expression() {
                break;
            }
            let item = self.star_expression()?;
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        Ok(self.node(start, ExprKind::Tuple { elts, ctx: ExprContext::Load }))
    }

    pub(super) fn star_expression(&mut self) -> P<ExprRef<'a>> {
        if self.at(Kind::Star) { self.starred_operand() } else { self.expression() }
    }

    /// `'*' bitwise_or`.
    fn starred_operand(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        self.bump();
        let value = self.binary(1)?;
        Ok(self.node(start, ExprKind::Starred { value, ctx: ExprContext::Load }))
    }

    /// `'*' expression`, in calls and subscripts.
    pub(super) fn starred_expression(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        self.expect(Kind::Star)?;
        let value = self.expression()?;
        Ok(self.node(start, ExprKind::Starred { value, ctx: ExprContext::Load }))
    }

    /// The right side of an assignment: `yield` or a list of expressions.
    pub(super) fn annotated_rhs(&mut self) -> P<ExprRef<'a>> {
        if self.at(Kind::Yield) { self.yield_expr() } else { self.star_expressions() }
    }

    pub(super) fn yield_expr(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        self.expect(Kind::Yield)?;
        if self.eat(Kind::From) {
            let value = self.expression()?;
            return Ok(self.node(start, ExprKind::YieldFrom { value }));
        }
        let value = if self.at(Kind::Star) || self.at_expression() { Some(self.star_expressions()?) } else { None };
        Ok(self.node(start, ExprKind::Yield { value }))
    }

    pub(super) fn named_expression(&mut self) -> P<ExprRef<'a>> {
        if self.at(Kind::Name) && self.kind_after() == Kind::ColonEqual {
            self.check_version(8)?;
            let start = self.start();
            let id = self.name()?;
            let target = self.node(start, ExprKind::Name { id, ctx: ExprContext::Store });
            self.bump();
            let value = self.expression()?;
            return Ok(self.node(start, ExprKind::NamedExpr { target, value }));
        }
        self.expression()
    }

    pub(super) fn star_named_expression(&mut self) -> P<ExprRef<'a>> {
        if self.at(Kind::Star) { self.starred_operand() } else { self.named_expression() }
    }

    pub(super) fn expression(&mut self) -> P<ExprRef<'a>> {
        self.check_stack()?;
        let start = self.start();
        if self.at(Kind::Lambda) {
            return self.lambda();
        }
        let body = self.disjunction()?;
        if !self.eat(Kind::If) {
            return Ok(body);
        }
        let test = self.disjunction()?;
        self.expect(Kind::Else)?;
        self.enter(1)?;
        let orelse = self.expression()?;
        self.leave(1);
        Ok(self.node(start, ExprKind::IfExp { test, body, orelse }))
    }

    fn lambda(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        self.bump();
        let args = self.parameters(true)?;
        self.expect(Kind::Colon)?;
        self.enter(2)?;
        let body = self.expression()?;
        self.leave(2);
        Ok(self.node(start, ExprKind::Lambda { args, body }))
    }

    pub(super) fn disjunction(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let first = self.conjunction()?;
        if !self.at(Kind::Or) {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Kind::Or) {
            let item = self.conjunction()?;
            self.exprs.push(item);
        }
        let values = self.take_exprs(base);
        Ok(self.node(start, ExprKind::BoolOp { op: BoolOp::Or, values }))
    }

    fn conjunction(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let first = self.inversion()?;
        if !self.at(Kind::And) {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Kind::And) {
            let item = self.inversion()?;
            self.exprs.push(item);
        }
        let values = self.take_exprs(base);
        Ok(self.node(start, ExprKind::BoolOp { op: BoolOp::And, values }))
    }

    #[inline]
    fn inversion(&mut self) -> P<ExprRef<'a>> {
        if !self.at(Kind::Not) {
            return self.comparison();
        }
        // A loop, so that a long row of `not` needs no stack.
        let first = self.pos;
        while self.eat(Kind::Not) {}
        let last = self.pos;
        self.enter(last - first)?;
        let mut operand = self.comparison()?;
        self.leave(last - first);
        for at in (first..last).rev() {
            let start = (self.tokens[at].lineno, self.tokens[at].col);
            operand = self.node(start, ExprKind::UnaryOp { op: UnaryOp::Not, operand });
        }
        Ok(operand)
    }

    /// The comparison operator at this token, with the number of tokens it has.
    #[inline(always)]
    fn comparison_operator(&self) -> Option<(CmpOp, u8)> {
        Some(match self.kind() {
            Kind::EqEqual => (CmpOp::Eq, 1),
            Kind::NotEqual => (CmpOp::NotEq, 1),
            // `<>` is an operator after `from __future__ import barry_as_FLUFL` alone.
            Kind::Less if self.barry && self.at_arrows() => (CmpOp::NotEq, 2),
            Kind::Less => (CmpOp::Lt, 1),
            Kind::LessEqual => (CmpOp::LtE, 1),
            Kind::Greater => (CmpOp::Gt, 1),
            Kind::GreaterEqual => (CmpOp::GtE, 1),
            Kind::In => (CmpOp::In, 1),
            Kind::Not if self.kind_after() == Kind::In => (CmpOp::NotIn, 2),
            Kind::Is if self.kind_after() == Kind::Not => (CmpOp::IsNot, 2),
            Kind::Is => (CmpOp::Is, 1),
            _ => return None,
        })
    }

    #[cold]
    fn at_arrows(&self) -> bool {
        let (first, second) = (&self.tokens[self.pos], self.tokens.get(self.pos + 1));
        second.is_some_and(|second| second.kind == Kind::Greater && second.start == first.end)
    }

    fn comparison(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let left = self.binary(1)?;
        let Some(mut operator) = self.comparison_operator() else {
            return Ok(left);
        };
        let base = self.exprs.len();
        let mut ops: [CmpOp; 8] = [CmpOp::Eq; 8];
        let mut more: Vec<CmpOp> = Vec::new();
        let mut count = 0;
        loop {
            let (op, width) = operator;
            if op == CmpOp::NotEq && self.barry && width == 1 {
                return Err(Fail);
            }
            for _ in 0..width {
                self.bump();
            }
            if count < ops.len() {
                ops[count] = op;
            } else {
                more.push(op);
            }
            count += 1;
            let item = self.binary(1)?;
            self.exprs.push(item);
            match self.comparison_operator() {
                Some(next) => operator = next,
                None => break,
            }
        }
        let comparators = self.take_exprs(base);
        let ops = if more.is_empty() {
            self.arena.slice(&ops[..count])
        } else {
            more.splice(0..0, ops);
            self.arena.slice(&more)
        };
        Ok(self.node(start, ExprKind::Compare { left, ops, comparators }))
    }

    /// Binary operators of at least the strength `min`: `binary(1)` is the grammar's `bitwise_or`.
    pub(super) fn binary(&mut self, min: u8) -> P<ExprRef<'a>> {
        let start = self.start();
        let mut left = self.unary()?;
        loop {
            let (strength, op) = binary_operator(self.kind());
            if strength < min || strength == 0 {
                return Ok(left);
            }
            if op == Operator::MatMult {
                self.check_version(5)?;
            }
            self.bump();
            let right = self.binary(strength + 1)?;
            left = self.node(start, ExprKind::BinOp { left, op, right });
        }
    }

    #[inline]
    fn unary(&mut self) -> P<ExprRef<'a>> {
        if !matches!(self.kind(), Kind::Plus | Kind::Minus | Kind::Tilde) {
            return self.power();
        }
        let first = self.pos;
        while matches!(self.kind(), Kind::Plus | Kind::Minus | Kind::Tilde) {
            self.bump();
        }
        let last = self.pos;
        self.enter(last - first)?;
        let mut operand = self.power()?;
        self.leave(last - first);
        for at in (first..last).rev() {
            let token = &self.tokens[at];
            let op = match token.kind {
                Kind::Plus => UnaryOp::UAdd,
                Kind::Minus => UnaryOp::USub,
                _ => UnaryOp::Invert,
            };
            operand = self.node((token.lineno, token.col), ExprKind::UnaryOp { op, operand });
        }
        Ok(operand)
    }

    fn power(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let left = if self.at(Kind::Await) {
            self.check_version(5)?;
            self.bump();
            let value = self.primary()?;
            self.node(start, ExprKind::Await { value })
        } else {
            self.primary()?
        };
        if !self.eat(Kind::DoubleStar) {
            return Ok(left);
        }
        self.check_stack()?;
        self.enter(2)?;
        let right = self.unary()?;
        self.leave(2);
        Ok(self.node(start, ExprKind::BinOp { left, op: Operator::Pow, right }))
    }

    pub(super) fn primary(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let mut value = self.atom()?;
        loop {
            match self.kind() {
                Kind::Dot => {
                    self.bump();
                    let attr = self.name()?;
                    value = self.node(start, ExprKind::Attribute { value, attr, ctx: ExprContext::Load });
                }
                Kind::LPar => {
                    let open = self.start();
                    self.bump();
                    let (args, keywords) = self.arguments(Some(open))?;
                    value = self.node(start, ExprKind::Call { func: value, args, keywords });
                }
                Kind::LSqb => {
                    self.bump();
                    let slice = self.slices()?;
                    self.expect(Kind::RSqb)?;
                    value = self.node(start, ExprKind::Subscript { value, slice, ctx: ExprContext::Load });
                }
                _ => return Ok(value),
            }
        }
    }

    fn slices(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let starred = self.at(Kind::Star);
        let first = if starred { self.starred_expression()? } else { self.slice()? };
        if !self.at(Kind::Comma) && !starred {
            return Ok(first);
        }
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Kind::Comma) {
            if self.at(Kind::RSqb) {
                break;
            }
            let item = if self.at(Kind::Star) { self.starred_expression()? } else { self.slice()? };
            self.exprs.push(item);
        }
        let elts = self.take_exprs(base);
        Ok(self.node(start, ExprKind::Tuple { elts, ctx: ExprContext::Load }))
    }

    fn slice(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let mut lower = None;
        if !self.at(Kind::Colon) {
            let index = self.named_expression()?;
            if !self.at(Kind::Colon) || matches!(index.kind, ExprKind::NamedExpr { .. }) && self.is_bare(start, index) {
                return Ok(index);
            }
            lower = Some(index);
        }
        self.expect(Kind::Colon)?;
        let bound = |kind: Kind| !matches!(kind, Kind::Colon | Kind::Comma | Kind::RSqb);
        let upper = if bound(self.kind()) { Some(self.expression()?) } else { None };
        let mut step = None;
        if self.eat(Kind::Colon) && bound(self.kind()) {
            step = Some(self.expression()?);
        }
        Ok(self.node(start, ExprKind::Slice { lower, upper, step }))
    }

    /// `expr` began at `start`, so it has no parentheses around it.
    fn is_bare(&self, start: Start, expr: ExprRef<'a>) -> bool {
        (expr.range.lineno, expr.range.col_offset) == start
    }

    fn atom(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        let value = match self.kind() {
            Kind::Name => {
                let id = self.name()?;
                return Ok(self.node(start, ExprKind::Name { id, ctx: ExprContext::Load }));
            }
            Kind::String | Kind::FStringStart | Kind::TStringStart => return self.strings(),
            Kind::Number => self.number()?,
            Kind::LPar => return self.parenthesised(),
            Kind::LSqb => return self.list(),
            Kind::LBrace => return self.braces(),
            Kind::True => Constant::Bool(true),
            Kind::False => Constant::Bool(false),
            Kind::None => Constant::None,
            Kind::Ellipsis => Constant::Ellipsis,
            _ => return Err(Fail),
        };
        self.bump();
        Ok(self.node(start, ExprKind::Constant { value, kind: None }))
    }

    /// Behind `(`: an empty tuple, a generator, a tuple, or an expression.
    fn parenthesised(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        self.bump();
        if self.eat(Kind::RPar) {
            return Ok(self.node(start, ExprKind::Tuple { elts: &[], ctx: ExprContext::Load }));
        }
        if self.at(Kind::Yield) {
            let inner = self.yield_expr()?;
            self.expect(Kind::RPar)?;
            return Ok(inner);
        }
        let starred = self.at(Kind::Star);
        let first = self.star_named_expression()?;
        match self.kind() {
            Kind::RPar if !starred => {
                self.bump();
                Ok(first)
            }
            Kind::For | Kind::Async if !starred => {
                let generators = self.comprehension_clauses()?;
                self.expect(Kind::RPar)?;
                Ok(self.node(start, ExprKind::GeneratorExp { elt: first, generators }))
            }
            Kind::Comma => {
                let elts = self.items(first, Kind::RPar)?;
                Ok(self.node(start, ExprKind::Tuple { elts, ctx: ExprContext::Load }))
            }
            _ => Err(Fail),
        }
    }

    /// The rest of a display whose first item has been read, with the closing bracket.
    fn items(&mut self, first: ExprRef<'a>, close: Kind) -> P<Exprs<'a>> {
        let base = self.exprs.len();
        self.exprs.push(first);
        while self.eat(Kind::Comma) {
            if self.at(close) {
                break;
            }
            let item = self.star_named_expression()?;
            self.exprs.push(item);
        }
        self.expect(close)?;
        Ok(self.take_exprs(base))
    }

    fn list(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        self.bump();
        if self.eat(Kind::RSqb) {
            return Ok(self.node(start, ExprKind::List { elts: &[], ctx: ExprContext::Load }));
        }
        let starred = self.at(Kind::Star);
        let first = self.star_named_expression()?;
        if !starred && matches!(self.kind(), Kind::For | Kind::Async) {
            let generators = self.comprehension_clauses()?;
            self.expect(Kind::RSqb)?;
            return Ok(self.node(start, ExprKind::ListComp { elt: first, generators }));
        }
        let elts = self.items(first, Kind::RSqb)?;
        Ok(self.node(start, ExprKind::List { elts, ctx: ExprContext::Load }))
    }

    /// Behind `{`: a dict, a set, or a comprehension of either.
    fn braces(&mut self) -> P<ExprRef<'a>> {
        let start = self.start();
        self.bump();
        if self.eat(Kind::RBrace) {
            return Ok(self.node(start, ExprKind::Dict { keys: &[], values: &[] }));
        }
        if self.at(Kind::DoubleStar) {
            return self.dict(start, None);
        }
        let starred = self.at(Kind::Star);
        let walrus = self.at(Kind::Name) && self.kind_after() == Kind::ColonEqual;
        let first = self.star_named_expression()?;
        if self.at(Kind::Colon) && !starred && !walrus {
            self.bump();
            let value = self.expression()?;
            if matches!(self.kind(), Kind::For | Kind::Async) {
                let generators = self.comprehension_clauses()?;
                self.expect(Kind::RBrace)?;
                return Ok(self.node(start, ExprKind::DictComp { key: first, value, generators }));
            }
            return self.dict(start, Some((first, value)));
        }
        if !starred && matches!(self.kind(), Kind::For | Kind::Async) {
            let generators = self.comprehension_clauses()?;
            self.expect(Kind::RBrace)?;
            return Ok(self.node(start, ExprKind::SetComp { elt: first, generators }));
        }
        let elts = self.items(first, Kind::RBrace)?;
        Ok(self.node(start, ExprKind::Set { elts }))
    }

    fn dict(&mut self, start: Start, first: Option<(ExprRef<'a>, ExprRef<'a>)>) -> P<ExprRef<'a>> {
        let base = self.exprs.len();
        let mut keys = Vec::new();
        if let Some((key, value)) = first {
            keys.push(Some(key));
            self.exprs.push(value);
            if !self.eat(Kind::Comma) {
                self.expect(Kind::RBrace)?;
                let values = self.take_exprs(base);
                let keys = self.arena.slice(&keys);
                return Ok(self.node(start, ExprKind::Dict { keys, values }));
            }
        }
        while !self.at(Kind::RBrace) {
            if self.eat(Kind::DoubleStar) {
                keys.push(None);
                let value = self.binary(1)?;
                self.exprs.push(value);
            } else {
                keys.push(Some(self.expression()?));
                self.expect(Kind::Colon)?;
                let value = self.expression()?;
                self.exprs.push(value);
            }
            if !self.eat(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::RBrace)?;
        let values = self.take_exprs(base);
        let keys = self.arena.slice(&keys);
        Ok(self.node(start, ExprKind::Dict { keys, values }))
    }

    /// One or more `[async] for ... in ... [if ...]`.
    pub(super) fn comprehension_clauses(&mut self) -> P<&'a [Comprehension<'a>]> {
        let mut clauses = Vec::with_capacity(1);
        loop {
            let is_async = i32::from(self.eat(Kind::Async));
            if is_async == 1 {
                self.check_version(6)?;
            }
            self.expect(Kind::For)?;
            let target = self.star_targets()?;
            self.expect(Kind::In)?;
            let iter = self.disjunction()?;
            let base = self.exprs.len();
            while self.eat(Kind::If) {
                let test = self.disjunction()?;
                self.exprs.push(test);
            }
            let ifs = self.take_exprs(base);
            clauses.push(Comprehension { target, iter, ifs, is_async });
            if !matches!(self.kind(), Kind::For | Kind::Async) {
                return Ok(self.arena.slice(&clauses));
            }
        }
    }
}

pub(crate) fn starts_expression(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        Name | Number
            | String
            | FStringStart
            | TStringStart
            | LPar
            | LSqb
            | LBrace
            | Plus
            | Minus
            | Tilde
            | Ellipsis
            | False
            | None
            | True
            | Await
            | Lambda
            | Not
    )
}
