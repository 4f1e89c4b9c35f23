//! Expressions.

use super::{Diag, Miss, R, Rule, alt};
use crate::ast::*;
use crate::parser::starts_expression;
use crate::token::Kind;

/// Whether an operand with its prefixes can begin with such a token.
fn begins_operand(kind: Kind) -> bool {
    starts_expression(kind) && kind != Kind::Lambda
}

/// Whether such a token behind an operand can belong to it, or join it to another.
fn follows_operand(kind: Kind) -> bool {
    use Kind::*;
    !matches!(
        kind,
        Comma
            | Newline
            | RPar
            | RSqb
            | RBrace
            | Equal
            | Colon
            | Semi
            | ColonEqual
            | Exclamation
            | EndMarker
            | Name
            | Number
            | String
            | True
            | False
            | None
            | If
            | Else
            | For
            | As
            | From
    )
}

type Level<'a, 'o> = fn(&mut Diag<'a, 'o>) -> R<ExprRef<'a>>;

impl<'a, 'o> Diag<'a, 'o> {
    pub(super) fn tuple_node(&self, from: usize, elts: &[ExprRef<'a>], ctx: ExprContext) -> ExprRef<'a> {
        self.node(from, ExprKind::Tuple { elts: self.arena.slice(elts), ctx })
    }

    pub(super) fn name(&mut self) -> R<ExprRef<'a>> {
        self.expect(Kind::Name)?;
        Ok(self.name_node(self.mark - 1))
    }

    /// `x (',' x)* [',']`: a tuple when there is a comma.
    fn listed(&mut self, rule: Level<'a, 'o>) -> R<ExprRef<'a>> {
        let from = self.mark;
        let first = rule(self)?;
        if !self.at(Kind::Comma)? {
            return Ok(first);
        }
        let mut elts = vec![first];
        elts.extend(self.many(|p| {
            p.expect(Kind::Comma)?;
            rule(p)
        })?);
        self.eat(Kind::Comma)?;
        Ok(self.tuple_node(from, &elts, ExprContext::Load))
    }

    pub(super) fn expressions(&mut self) -> R<ExprRef<'a>> {
        self.listed(Self::expression)
    }

    pub(super) fn star_expressions(&mut self) -> R<ExprRef<'a>> {
        self.listed(Self::star_expression)
    }

    pub(super) fn expression(&mut self) -> R<ExprRef<'a>> {
        self.may_begin_expression()?;
        self.memo(Rule::Expression, |p| {
            p.look_for(Self::invalid_expression)?;
            p.look_for(Self::invalid_legacy_expression)?;
            p.plain_expression()
        })
    }

    /// No expression begins here, nor one of the mistakes that are looked for where one could.
    fn may_begin_expression(&mut self) -> R<()> {
        let kind = self.kind()?;
        let mistaken = self.invalid && matches!(kind, Kind::Pass | Kind::Break | Kind::Continue);
        if starts_expression(kind) || mistaken { Ok(()) } else { Err(Miss::No) }
    }

    /// The expression proper, behind the search for mistakes.
    pub(super) fn plain_expression(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, p.if_expression());
        alt!(self, p, p.disjunction());
        self.lambdef()
    }

    fn if_expression(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        let body = self.disjunction()?;
        self.expect(Kind::If)?;
        let test = self.disjunction()?;
        self.expect(Kind::Else)?;
        let orelse = self.expression()?;
        Ok(self.node(from, ExprKind::IfExp { test, body, orelse }))
    }

    /// An expression in which no mistakes are looked for.
    pub(super) fn expression_without_invalid(&mut self) -> R<ExprRef<'a>> {
        let invalid = std::mem::replace(&mut self.invalid, false);
        let found = self.plain_expression();
        self.invalid = invalid;
        found
    }

    pub(super) fn yield_expr(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            p.expect(Kind::Yield)?;
            p.expect(Kind::From)?;
            let value = p.expression()?;
            Ok(p.node(from, ExprKind::YieldFrom { value }))
        });
        self.expect(Kind::Yield)?;
        let value = self.opt(Self::star_expressions)?;
        Ok(self.node(from, ExprKind::Yield { value }))
    }

    pub(super) fn annotated_rhs(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, p.yield_expr());
        self.star_expressions()
    }

    pub(super) fn star_expression(&mut self) -> R<ExprRef<'a>> {
        if !self.at(Kind::Star)? {
            self.may_begin_expression()?;
        }
        self.memo(Rule::StarExpression, |p| {
            alt!(p, p, p.starred_operand());
            p.expression()
        })
    }

    /// `'*' bitwise_or`
    fn starred_operand(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        self.expect(Kind::Star)?;
        let value = self.bitwise_or()?;
        Ok(self.node(from, ExprKind::Starred { value, ctx: ExprContext::Load }))
    }

    pub(super) fn star_named_expressions(&mut self) -> R<Vec<ExprRef<'a>>> {
        let found = self.gather(Self::star_named_expression)?;
        self.eat(Kind::Comma)?;
        Ok(found)
    }

    pub(super) fn star_named_expression(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, p.starred_operand());
        self.named_expression()
    }

    /// `NAME ':=' expression`
    pub(super) fn assignment_expression(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        self.expect(Kind::Name)?;
        self.expect(Kind::ColonEqual)?;
        let target = self.name_node(from);
        let value = self.expression()?;
        self.check_version(8, "Assignment expressions are")?;
        Ok(self.node(from, ExprKind::NamedExpr { target, value }))
    }

    pub(super) fn named_expression(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, p.assignment_expression());
        self.look_for(Self::invalid_named_expression)?;
        let found = self.expression()?;
        self.not_any(&[Kind::ColonEqual])?;
        Ok(found)
    }

    /// `assignment_expression | expression !':='`
    pub(super) fn argument_expression(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, p.assignment_expression());
        let found = self.expression()?;
        self.not_any(&[Kind::ColonEqual])?;
        Ok(found)
    }

    /// The result of a level of operators. An operand of one token with no operator behind it is that of all levels:
    /// neither an error nor a mistake comes in between, and no other token is read.
    fn level(&mut self, rule: Rule, find: impl FnOnce(&mut Self) -> R<ExprRef<'a>>) -> R<ExprRef<'a>> {
        let kind = self.kind()?;
        if !begins_operand(kind) {
            return Err(Miss::No);
        }
        if let Some(known) = self.known(rule.bit()) {
            return known;
        }
        if matches!(kind, Kind::Name | Kind::Number | Kind::True | Kind::False | Kind::None | Kind::Ellipsis) {
            let from = self.mark;
            let operand = self.atom()?;
            if !follows_operand(self.kind()?) {
                self.keep(from, Rule::LEVELS, operand);
                return Ok(operand);
            }
            self.keep(from, Rule::CheckedAtom.bit(), operand);
            self.mark = from;
        }
        self.memo(rule, find)
    }

    fn bool_op(&mut self, op: BoolOp, kind: Kind, operand: Level<'a, 'o>) -> R<ExprRef<'a>> {
        let from = self.mark;
        let first = operand(self)?;
        let mut values = vec![first];
        values.extend(self.many(|p| {
            p.expect(kind)?;
            operand(p)
        })?);
        if values.len() == 1 {
            return Ok(first);
        }
        Ok(self.node(from, ExprKind::BoolOp { op, values: self.arena.slice(&values) }))
    }

    pub(super) fn disjunction(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::Disjunction, |p| p.bool_op(BoolOp::Or, Kind::Or, Self::conjunction))
    }

    fn conjunction(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::Conjunction, |p| p.bool_op(BoolOp::And, Kind::And, Self::inversion))
    }

    pub(super) fn inversion(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::Inversion, |p| {
            let from = p.mark;
            alt!(p, p, {
                p.expect(Kind::Not)?;
                let operand = p.inversion()?;
                Ok(p.node(from, ExprKind::UnaryOp { op: UnaryOp::Not, operand }))
            });
            p.comparison()
        })
    }

    fn comparison(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        let left = self.bitwise_or()?;
        let pairs = self.many(Self::compare_op_bitwise_or_pair)?;
        if pairs.is_empty() {
            return Ok(left);
        }
        let ops: Vec<CmpOp> = pairs.iter().map(|pair| pair.0).collect();
        let items: Vec<ExprRef<'a>> = pairs.iter().map(|pair| pair.1).collect();
        let (ops, comparators) = (self.arena.slice(&ops), self.arena.slice(&items));
        Ok(self.node(from, ExprKind::Compare { left, ops, comparators }))
    }

    fn compare_op_bitwise_or_pair(&mut self) -> R<(CmpOp, ExprRef<'a>)> {
        let token = self.token()?;
        self.mark += 1;
        let op = match token.kind {
            Kind::EqEqual => CmpOp::Eq,
            Kind::NotEqual => {
                if self.barry {
                    return Err(self.raise("with Barry as BDFL, use '<>' instead of '!='"));
                }
                CmpOp::NotEq
            }
            Kind::LessEqual => CmpOp::LtE,
            Kind::Less => {
                let next = self.token()?;
                let arrows = next.kind == Kind::Greater && next.start == token.end;
                if arrows && !self.barry && self.invalid {
                    let message = "invalid syntax.  Maybe you meant '!=' instead of '<>'?";
                    return Err(self.raise_range(token.range().to(next.range()), message));
                }
                if arrows && self.barry {
                    self.mark += 1;
                    return Ok((CmpOp::NotEq, self.bitwise_or()?));
                }
                CmpOp::Lt
            }
            Kind::GreaterEqual => CmpOp::GtE,
            Kind::Greater => CmpOp::Gt,
            Kind::Not => {
                self.expect(Kind::In)?;
                CmpOp::NotIn
            }
            Kind::In => CmpOp::In,
            Kind::Is => {
                alt!(self, p, {
                    p.expect(Kind::Not)?;
                    Ok((CmpOp::IsNot, p.bitwise_or()?))
                });
                CmpOp::Is
            }
            _ => return Err(Miss::No),
        };
        Ok((op, self.bitwise_or()?))
    }

    /// A row of operands with operators of one strength between them.
    fn left_assoc(&mut self, ops: &[(Kind, Operator)], operand: Level<'a, 'o>) -> R<ExprRef<'a>> {
        let from = self.mark;
        let mut left = operand(self)?;
        loop {
            let kind = self.kind()?;
            let Some((_, op)) = ops.iter().find(|op| op.0 == kind) else {
                return Ok(left);
            };
            let mark = self.mark;
            self.mark += 1;
            match operand(self) {
                Ok(right) => left = self.node(from, ExprKind::BinOp { left, op: *op, right }),
                Err(Miss::No) => {
                    self.mark = mark;
                    return Ok(left);
                }
                Err(raised) => return Err(raised),
            }
            if *op == Operator::MatMult {
                self.check_version(5, "The '@' operator is")?;
            }
        }
    }

    pub(super) fn bitwise_or(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::BitwiseOr, |p| p.left_assoc(&[(Kind::VBar, Operator::BitOr)], Self::bitwise_xor))
    }

    fn bitwise_xor(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::BitwiseXor, |p| p.left_assoc(&[(Kind::Circumflex, Operator::BitXor)], Self::bitwise_and))
    }

    fn bitwise_and(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::BitwiseAnd, |p| p.left_assoc(&[(Kind::Amper, Operator::BitAnd)], Self::shift_expr))
    }

    fn shift_expr(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::Shift, |p| {
            p.look_for(Self::invalid_arithmetic)?;
            let ops = [(Kind::LeftShift, Operator::LShift), (Kind::RightShift, Operator::RShift)];
            p.left_assoc(&ops, Self::sum)
        })
    }

    pub(super) fn sum(&mut self) -> R<ExprRef<'a>> {
        let ops = [(Kind::Plus, Operator::Add), (Kind::Minus, Operator::Sub)];
        self.level(Rule::Sum, |p| p.left_assoc(&ops, Self::term))
    }

    fn term(&mut self) -> R<ExprRef<'a>> {
        let ops = [
            (Kind::Star, Operator::Mult),
            (Kind::Slash, Operator::Div),
            (Kind::DoubleSlash, Operator::FloorDiv),
            (Kind::Percent, Operator::Mod),
            (Kind::At, Operator::MatMult),
        ];
        self.level(Rule::Term, |p| {
            p.look_for(Self::invalid_factor)?;
            p.left_assoc(&ops, Self::factor)
        })
    }

    pub(super) fn factor(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::Factor, |p| {
            let from = p.mark;
            let op = match p.kind()? {
                Kind::Plus => UnaryOp::UAdd,
                Kind::Minus => UnaryOp::USub,
                Kind::Tilde => UnaryOp::Invert,
                _ => return p.power(),
            };
            p.mark += 1;
            let operand = p.factor()?;
            Ok(p.node(from, ExprKind::UnaryOp { op, operand }))
        })
    }

    fn power(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            let left = p.await_primary()?;
            p.expect(Kind::DoubleStar)?;
            let right = p.factor()?;
            Ok(p.node(from, ExprKind::BinOp { left, op: Operator::Pow, right }))
        });
        self.await_primary()
    }

    fn await_primary(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::AwaitPrimary, |p| {
            let from = p.mark;
            alt!(p, p, {
                p.expect(Kind::Await)?;
                let value = p.primary()?;
                p.check_version(5, "Await expressions are")?;
                Ok(p.node(from, ExprKind::Await { value }))
            });
            p.primary()
        })
    }

    pub(super) fn primary(&mut self) -> R<ExprRef<'a>> {
        self.level(Rule::Primary, |p| {
            let from = p.mark;
            let mut value = p.atom()?;
            while let Some(next) = p.opt(|p| p.trailer(from, value))? {
                value = next;
            }
            Ok(value)
        })
    }

    /// `.name`, a call, or a subscript of `value`, which began at the token `from`.
    pub(super) fn trailer(&mut self, from: usize, value: ExprRef<'a>) -> R<ExprRef<'a>> {
        match self.kind()? {
            Kind::Dot => {
                self.mark += 1;
                let token = self.expect(Kind::Name)?;
                let attr = self.token_text(&token);
                Ok(self.node(from, ExprKind::Attribute { value, attr, ctx: ExprContext::Load }))
            }
            Kind::LPar => {
                alt!(self, p, {
                    let only = p.genexp()?;
                    let args = p.arena.slice(&[only]);
                    Ok(p.node(from, ExprKind::Call { func: value, args, keywords: &[] }))
                });
                self.mark += 1;
                self.opt(Self::arguments)?;
                self.expect(Kind::RPar)?;
                Ok(self.node(from, ExprKind::Call { func: value, args: &[], keywords: &[] }))
            }
            Kind::LBrace => self.no_genexp().map(|()| value),
            Kind::LSqb => {
                self.look_for(Self::no_genexp)?;
                self.mark += 1;
                let slice = self.slices()?;
                self.expect(Kind::RSqb)?;
                Ok(self.node(from, ExprKind::Subscript { value, slice, ctx: ExprContext::Load }))
            }
            _ => Err(Miss::No),
        }
    }

    /// Behind a primary a generator expression is looked for, and with it the mistakes in any comprehension.
    pub(super) fn no_genexp(&mut self) -> R<()> {
        self.look_for(Self::invalid_comprehension)?;
        Err(Miss::No)
    }

    pub(super) fn slices(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            let found = p.slice()?;
            p.not_any(&[Kind::Comma])?;
            Ok(found)
        });
        let elts = self.gather(|p| {
            alt!(p, p, p.slice());
            p.starred_expression()
        })?;
        self.eat(Kind::Comma)?;
        Ok(self.tuple_node(from, &elts, ExprContext::Load))
    }

    fn slice(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            let lower = p.opt(Self::expression)?;
            p.expect(Kind::Colon)?;
            let upper = p.opt(Self::expression)?;
            let step = p.opt(|p| {
                p.expect(Kind::Colon)?;
                p.opt(Self::expression)
            })?;
            Ok(p.node(from, ExprKind::Slice { lower, upper, step: step.flatten() }))
        });
        self.named_expression()
    }

    /// In brackets an atom can be long, and several rules try it in turn. One in which mistakes were looked for, and none
    /// found, is the same where they are not looked for.
    pub(super) fn atom(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        let value = match self.kind()? {
            Kind::Name => return self.name(),
            Kind::String | Kind::FStringStart | Kind::TStringStart => return self.strings(),
            Kind::Number => {
                return self.known(Rule::CheckedAtom.bit()).unwrap_or_else(|| self.number());
            }
            Kind::LPar | Kind::LSqb | Kind::LBrace => {
                if !self.invalid
                    && let Some(known) = self.known(Rule::CheckedAtom.bit())
                {
                    return known;
                }
                let rule = if self.invalid { Rule::CheckedAtom } else { Rule::Atom };
                return self.memo(rule, Self::bracketed);
            }
            Kind::True => Constant::Bool(true),
            Kind::False => Constant::Bool(false),
            Kind::None => Constant::None,
            Kind::Ellipsis => Constant::Ellipsis,
            _ => return Err(Miss::No),
        };
        self.mark += 1;
        Ok(self.node(from, ExprKind::Constant { value, kind: None }))
    }

    fn bracketed(&mut self) -> R<ExprRef<'a>> {
        match self.kind()? {
            Kind::LPar => {
                alt!(self, p, p.tuple());
                alt!(self, p, p.group());
                self.genexp()
            }
            Kind::LSqb => {
                alt!(self, p, p.list());
                self.listcomp()
            }
            _ => {
                alt!(self, p, p.dict());
                alt!(self, p, p.set());
                alt!(self, p, p.dictcomp());
                self.setcomp()
            }
        }
    }

    pub(super) fn number(&mut self) -> R<ExprRef<'a>> {
        use crate::parser::{NumberError, parse_number};
        let from = self.mark;
        let token = self.expect(Kind::Number)?;
        let text = self.token_text(&token);
        let (limit, version) = (self.options.max_str_digits, self.options.feature_version);
        match parse_number(self.arena, text, limit, version) {
            Ok(value) => Ok(self.node(from, ExprKind::Constant { value, kind: None })),
            Err(NumberError::TooManyDigits(digits)) => {
                let message = format!(
                    "Exceeds the limit ({limit} digits) for integer string conversion: value has {digits} digits; use \
                     sys.set_int_max_str_digits() to increase the limit - Consider hexadecimal for huge integer \
                     literals to avoid decimal conversion limits."
                );
                let range = Range::new(token.lineno, -1, token.end_lineno, -1);
                Err(self.raise_range(range, message))
            }
            Err(NumberError::Underscore) => {
                Err(self.raise("Underscores in numeric literals are only supported in Python 3.6 and greater"))
            }
        }
    }

    pub(super) fn tuple(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        self.expect(Kind::LPar)?;
        let elts = self.opt(|p| {
            let mut elts = vec![p.star_named_expression()?];
            p.expect(Kind::Comma)?;
            elts.extend(p.opt(Self::star_named_expressions)?.unwrap_or_default());
            Ok(elts)
        })?;
        self.expect(Kind::RPar)?;
        Ok(self.tuple_node(from, &elts.unwrap_or_default(), ExprContext::Load))
    }

    fn group(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, {
            p.expect(Kind::LPar)?;
            let found = p.yield_or_named()?;
            p.expect(Kind::RPar)?;
            Ok(found)
        });
        self.look_for(Self::invalid_group)?;
        Err(Miss::No)
    }

    fn yield_or_named(&mut self) -> R<ExprRef<'a>> {
        alt!(self, p, p.yield_expr());
        self.named_expression()
    }

    pub(super) fn genexp(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            p.expect(Kind::LPar)?;
            let elt = p.argument_expression()?;
            p.for_if_clauses()?;
            p.expect(Kind::RPar)?;
            Ok(p.node(from, ExprKind::GeneratorExp { elt, generators: &[] }))
        });
        self.look_for(Self::invalid_comprehension)?;
        Err(Miss::No)
    }

    pub(super) fn list(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        self.expect(Kind::LSqb)?;
        let elts = self.opt(Self::star_named_expressions)?.unwrap_or_default();
        self.expect(Kind::RSqb)?;
        Ok(self.node(from, ExprKind::List { elts: self.arena.slice(&elts), ctx: ExprContext::Load }))
    }

    fn listcomp(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            p.expect(Kind::LSqb)?;
            let elt = p.named_expression()?;
            p.for_if_clauses()?;
            p.expect(Kind::RSqb)?;
            Ok(p.node(from, ExprKind::ListComp { elt, generators: &[] }))
        });
        self.look_for(Self::invalid_comprehension)?;
        Err(Miss::No)
    }

    fn set(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        self.expect(Kind::LBrace)?;
        let elts = self.star_named_expressions()?;
        self.expect(Kind::RBrace)?;
        Ok(self.node(from, ExprKind::Set { elts: self.arena.slice(&elts) }))
    }

    fn setcomp(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            p.expect(Kind::LBrace)?;
            let elt = p.named_expression()?;
            p.for_if_clauses()?;
            p.expect(Kind::RBrace)?;
            Ok(p.node(from, ExprKind::SetComp { elt, generators: &[] }))
        });
        self.look_for(Self::invalid_comprehension)?;
        Err(Miss::No)
    }

    fn dict(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            p.expect(Kind::LBrace)?;
            p.opt(|p| {
                p.gather(Self::double_starred_kvpair)?;
                p.eat(Kind::Comma)
            })?;
            p.expect(Kind::RBrace)?;
            Ok(p.node(from, ExprKind::Dict { keys: &[], values: &[] }))
        });
        // The reference looks for these mistakes in the first run already.
        self.expect(Kind::LBrace)?;
        self.invalid_double_starred_kvpairs()?;
        Err(Miss::No)
    }

    pub(super) fn double_starred_kvpair(&mut self) -> R<()> {
        alt!(self, p, {
            p.expect(Kind::DoubleStar)?;
            p.bitwise_or()?;
            Ok(())
        });
        self.kvpair()
    }

    fn kvpair(&mut self) -> R<()> {
        self.expression()?;
        self.expect(Kind::Colon)?;
        self.expression()?;
        Ok(())
    }

    fn dictcomp(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            p.expect(Kind::LBrace)?;
            p.kvpair()?;
            p.for_if_clauses()?;
            p.expect(Kind::RBrace)?;
            let nothing = p.placeholder();
            Ok(p.node(from, ExprKind::DictComp { key: nothing, value: nothing, generators: &[] }))
        });
        self.look_for(Self::invalid_dict_comprehension)?;
        Err(Miss::No)
    }

    /// Gives the last expression of the last clause.
    pub(super) fn for_if_clauses(&mut self) -> R<ExprRef<'a>> {
        let found = self.some(Self::for_if_clause)?;
        found.last().copied().ok_or(Miss::No)
    }

    fn for_if_clause(&mut self) -> R<ExprRef<'a>> {
        let mark = self.mark;
        for is_async in [true, false] {
            let mut cut = false;
            match self.for_in(is_async, &mut cut) {
                Ok(found) => return Ok(found),
                Err(Miss::No) if cut => return Err(Miss::No),
                Err(Miss::No) => self.mark = mark,
                Err(raised) => return Err(raised),
            }
        }
        self.look_for(Self::invalid_for_if_clause)?;
        self.look_for(Self::invalid_for_target)?;
        Err(Miss::No)
    }

    fn for_in(&mut self, is_async: bool, cut: &mut bool) -> R<ExprRef<'a>> {
        if is_async {
            self.expect(Kind::Async)?;
        }
        self.expect(Kind::For)?;
        self.star_targets()?;
        self.expect(Kind::In)?;
        *cut = true;
        let iter = self.disjunction()?;
        let ifs = self.many(|p| {
            p.expect(Kind::If)?;
            p.disjunction()
        })?;
        if is_async {
            self.check_version(6, "Async comprehensions are")?;
        }
        Ok(ifs.last().copied().unwrap_or(iter))
    }

    fn lambdef(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        self.expect(Kind::Lambda)?;
        self.lambda_params()?;
        self.expect(Kind::Colon)?;
        let body = self.expression()?;
        let args = self.arena.alloc(Arguments::default());
        Ok(self.node(from, ExprKind::Lambda { args, body }))
    }
}
