//! Statements.

use super::{Fail, P, Parser, Start};
use crate::ast::*;
use crate::token::Kind;

/// The operator of an augmented assignment.
#[inline]
fn augmented(kind: Kind) -> Option<Operator> {
    Some(match kind {
        Kind::PlusEqual => Operator::Add,
        Kind::MinEqual => Operator::Sub,
        Kind::StarEqual => Operator::Mult,
        Kind::AtEqual => Operator::MatMult,
        Kind::SlashEqual => Operator::Div,
        Kind::PercentEqual => Operator::Mod,
        Kind::AmperEqual => Operator::BitAnd,
        Kind::VBarEqual => Operator::BitOr,
        Kind::CircumflexEqual => Operator::BitXor,
        Kind::LeftShiftEqual => Operator::LShift,
        Kind::RightShiftEqual => Operator::RShift,
        Kind::DoubleStarEqual => Operator::Pow,
        Kind::DoubleSlashEqual => Operator::FloorDiv,
        _ => return None,
    })
}

impl<'a> Parser<'a, '_> {
    /// Statements up to, but without, a token `end`.
    pub(super) fn statements(&mut self, end: Kind) -> P<Body<'a>> {
        let base = self.stmts.len();
        while !self.at(end) {
            self.statement()?;
        }
        let body = self.arena.slice(&self.stmts[base..]);
        self.stmts.truncate(base);
        Ok(body)
    }

    /// A compound statement, or a line of simple statements.
    pub(super) fn statement(&mut self) -> P<()> {
        let start = self.start();
        let kind = match self.kind() {
            Kind::Def => self.function(start, &[], false)?,
            Kind::Class => self.class(start, &[])?,
            Kind::At => {
                let decorators = self.decorators()?;
                let start = self.start();
                let kind = match self.kind() {
                    Kind::Def => self.function(start, decorators, false)?,
                    Kind::Class => self.class(start, decorators)?,
                    Kind::Async if self.kind_after() == Kind::Def => self.function(start, decorators, true)?,
                    _ => return Err(Fail),
                };
                self.push_stmt(start, kind);
                return Ok(());
            }
            Kind::Async => {
                self.check_version(5)?;
                match self.kind_after() {
                    Kind::Def => self.function(start, &[], true)?,
                    Kind::For => self.for_statement(true)?,
                    Kind::With => self.with_statement(true)?,
                    _ => return Err(Fail),
                }
            }
            Kind::If => self.if_statement()?,
            Kind::For => self.for_statement(false)?,
            Kind::While => self.while_statement()?,
            Kind::Try => self.try_statement()?,
            Kind::With => self.with_statement(false)?,
            Kind::Name if self.at_word("match") => {
                let mark = self.mark();
                match self.match_statement() {
                    Ok(kind) => kind,
                    Err(Fail) => {
                        self.rewind(mark);
                        return self.simple_statements();
                    }
                }
            }
            _ => return self.simple_statements(),
        };
        self.push_stmt(start, kind);
        Ok(())
    }

    fn push_stmt(&mut self, start: Start, kind: StmtKind<'a>) {
        let range = self.block_range(start);
        self.stmts.push(self.arena.alloc(Stmt { kind, range }));
    }

    pub(super) fn at_compound(&self) -> bool {
        matches!(
            self.kind(),
            Kind::Def
                | Kind::Class
                | Kind::At
                | Kind::Async
                | Kind::If
                | Kind::For
                | Kind::While
                | Kind::Try
                | Kind::With
        ) || self.at_word("match")
    }

    pub(super) fn stmt_is_compound(&self, at: usize) -> bool {
        self.stmts.get(at).is_some_and(|stmt| {
            matches!(
                stmt.kind,
                StmtKind::FunctionDef(_)
                    | StmtKind::AsyncFunctionDef(_)
                    | StmtKind::ClassDef(_)
                    | StmtKind::If { .. }
                    | StmtKind::For(_)
                    | StmtKind::AsyncFor(_)
                    | StmtKind::While { .. }
                    | StmtKind::Try(_)
                    | StmtKind::TryStar(_)
                    | StmtKind::With(_)
                    | StmtKind::AsyncWith(_)
                    | StmtKind::Match { .. }
            )
        })
    }

    /// `a; b; c` and the end of the line.
    fn simple_statements(&mut self) -> P<()> {
        loop {
            let start = self.start();
            let kind = self.simple_statement()?;
            let range = self.range(start);
            self.stmts.push(self.arena.alloc(Stmt { kind, range }));
            if self.eat(Kind::Newline) {
                return Ok(());
            }
            self.expect(Kind::Semi)?;
            if self.eat(Kind::Newline) {
                return Ok(());
            }
        }
    }

    fn simple_statement(&mut self) -> P<StmtKind<'a>> {
        match self.kind() {
            Kind::Name if self.kind_after() == Kind::Name && self.at_word("type") => self.type_alias(),
            Kind::Import => self.import(),
            Kind::From => self.import_from(),
            Kind::Return => {
                self.bump();
                let value = if matches!(self.kind(), Kind::Newline | Kind::Semi) {
                    None
                } else {
                    Some(self.star_expressions()?)
                };
                Ok(StmtKind::Return { value })
            }
            Kind::Raise => {
                self.bump();
                if matches!(self.kind(), Kind::Newline | Kind::Semi) {
                    return Ok(StmtKind::Raise { exc: None, cause: None });
                }
                let exc = Some(self.expression()?);
                let cause = if self.eat(Kind::From) { Some(self.expression()?) } else { None };
                Ok(StmtKind::Raise { exc, cause })
            }
            Kind::Pass => {
                self.bump();
                Ok(StmtKind::Pass)
            }
            Kind::Break => {
                self.bump();
                Ok(StmtKind::Break)
            }
            Kind::Continue => {
                self.bump();
                Ok(StmtKind::Continue)
            }
            Kind::Del => self.delete(),
            Kind::Assert => {
                self.bump();
                let test = self.expression()?;
                let msg = if self.eat(Kind::Comma) { Some(self.expression()?) } else { None };
                Ok(StmtKind::Assert { test, msg })
            }
            Kind::Global => Ok(StmtKind::Global { names: self.names()? }),
            Kind::Nonlocal => Ok(StmtKind::Nonlocal { names: self.names()? }),
            _ => self.expression_statement(),
        }
    }

    fn names(&mut self) -> P<&'a [Identifier<'a>]> {
        self.bump();
        let mut names = vec![self.name()?];
        while self.eat(Kind::Comma) {
            names.push(self.name()?);
        }
        Ok(self.arena.slice(&names))
    }

    fn delete(&mut self) -> P<StmtKind<'a>> {
        self.bump();
        let base = self.exprs.len();
        loop {
            let target = self.primary()?;
            let target = self.with_context(target, ExprContext::Del)?;
            self.exprs.push(target);
            if !self.eat(Kind::Comma) || matches!(self.kind(), Kind::Newline | Kind::Semi) {
                break;
            }
        }
        Ok(StmtKind::Delete { targets: self.take_exprs(base) })
    }

    /// An expression, an assignment of any kind, or an annotation.
    fn expression_statement(&mut self) -> P<StmtKind<'a>> {
        let parenthesised = self.at(Kind::LPar);
        // The most frequent target by far gets its context at once.
        let first = if self.at(Kind::Name) && self.kind_after() == Kind::Equal {
            let start = self.start();
            let id = self.name()?;
            self.node(start, ExprKind::Name { id, ctx: ExprContext::Store })
        } else {
            self.annotated_rhs()?
        };
        match self.kind() {
            Kind::Equal => {
                let base = self.exprs.len();
                let mut value = first;
                while self.eat(Kind::Equal) {
                    let is_store = matches!(value.kind, ExprKind::Name { ctx: ExprContext::Store, .. });
                    let target = if is_store { value } else { self.with_context(value, ExprContext::Store)? };
                    self.exprs.push(target);
                    value = self.annotated_rhs()?;
                }
                let targets = self.take_exprs(base);
                let type_comment = self.type_comment();
                Ok(StmtKind::Assign { targets, value, type_comment })
            }
            Kind::Colon => {
                let simple = match first.kind {
                    ExprKind::Name { .. } => i32::from(!parenthesised),
                    ExprKind::Attribute { .. } | ExprKind::Subscript { .. } => 0,
                    _ => return Err(Fail),
                };
                self.check_version(6)?;
                let target = self.with_context(first, ExprContext::Store)?;
                self.bump();
                let annotation = self.expression()?;
                let value = if self.eat(Kind::Equal) { Some(self.annotated_rhs()?) } else { None };
                Ok(StmtKind::AnnAssign { target, annotation, value, simple })
            }
            kind => match augmented(kind) {
                None => Ok(StmtKind::Expr { value: first }),
                Some(op) => {
                    let single = matches!(
                        first.kind,
                        ExprKind::Name { .. } | ExprKind::Attribute { .. } | ExprKind::Subscript { .. }
                    );
                    if !single {
                        return Err(Fail);
                    }
                    if op == Operator::MatMult {
                        self.check_version(5)?;
                    }
                    let target = self.with_context(first, ExprContext::Store)?;
                    self.bump();
                    let value = self.annotated_rhs()?;
                    Ok(StmtKind::AugAssign { target, op, value })
                }
            },
        }
    }

    fn type_alias(&mut self) -> P<StmtKind<'a>> {
        self.check_version(12)?;
        self.bump();
        let start = self.start();
        let id = self.name()?;
        let name = self.node(start, ExprKind::Name { id, ctx: ExprContext::Store });
        let type_params = self.type_params()?;
        self.expect(Kind::Equal)?;
        let value = self.expression()?;
        Ok(StmtKind::TypeAlias { name, type_params, value })
    }

    /// `[T: bound = default, *Ts, **P]`, or nothing.
    fn type_params(&mut self) -> P<&'a [TypeParam<'a>]> {
        if !self.eat(Kind::LSqb) {
            return Ok(&[]);
        }
        self.check_version(12)?;
        let mut params = Vec::new();
        loop {
            let start = self.start();
            let stars = self.kind();
            if matches!(stars, Kind::Star | Kind::DoubleStar) {
                self.bump();
            }
            let name = self.name()?;
            let mut bound = None;
            if !matches!(stars, Kind::Star | Kind::DoubleStar) && self.eat(Kind::Colon) {
                bound = Some(self.expression()?);
            }
            let mut default_value = None;
            if self.eat(Kind::Equal) {
                self.check_version(13)?;
                default_value = Some(if stars == Kind::Star { self.star_expression()? } else { self.expression()? });
            }
            let kind = match stars {
                Kind::Star => TypeParamKind::TypeVarTuple { name, default_value },
                Kind::DoubleStar => TypeParamKind::ParamSpec { name, default_value },
                _ => TypeParamKind::TypeVar { name, bound, default_value },
            };
            params.push(TypeParam { kind, range: self.range(start) });
            if !self.eat(Kind::Comma) || self.at(Kind::RSqb) {
                break;
            }
        }
        self.expect(Kind::RSqb)?;
        Ok(self.arena.slice(&params))
    }

    // ---- imports ----

    fn import(&mut self) -> P<StmtKind<'a>> {
        self.bump();
        let mut names = Vec::with_capacity(1);
        loop {
            let start = self.start();
            let name = self.dotted_name()?;
            let asname = if self.eat(Kind::As) { Some(self.name()?) } else { None };
            names.push(Alias { name, asname, range: self.range(start) });
            if !self.eat(Kind::Comma) {
                return Ok(StmtKind::Import { names: self.arena.slice(&names) });
            }
        }
    }

    fn dotted_name(&mut self) -> P<Identifier<'a>> {
        let first = self.name()?;
        if !self.at(Kind::Dot) {
            return Ok(first);
        }
        let mut name = String::from(first);
        while self.eat(Kind::Dot) {
            name.push('.');
            name.push_str(self.name()?);
        }
        Ok(self.arena.str(&name))
    }

    fn import_from(&mut self) -> P<StmtKind<'a>> {
        self.bump();
        let mut level = 0;
        loop {
            match self.kind() {
                Kind::Dot => level += 1,
                Kind::Ellipsis => level += 3,
                _ => break,
            }
            self.bump();
        }
        let module = if level > 0 && self.at(Kind::Import) { None } else { Some(self.dotted_name()?) };
        self.expect(Kind::Import)?;
        let start = self.start();
        if self.eat(Kind::Star) {
            let names = self.arena.slice(&[Alias { name: "*", asname: None, range: self.range(start) }]);
            return Ok(StmtKind::ImportFrom { module, names, level: Some(level) });
        }
        let parenthesised = self.eat(Kind::LPar);
        let mut names = Vec::new();
        loop {
            let start = self.start();
            let name = self.name()?;
            let asname = if self.eat(Kind::As) { Some(self.name()?) } else { None };
            names.push(Alias { name, asname, range: self.range(start) });
            if !self.eat(Kind::Comma) || (parenthesised && self.at(Kind::RPar)) {
                break;
            }
        }
        if parenthesised {
            self.expect(Kind::RPar)?;
        }
        if level == 0 && module == Some("__future__") && names.iter().any(|alias| alias.name == "barry_as_FLUFL") {
            self.barry = true;
        }
        Ok(StmtKind::ImportFrom { module, names: self.arena.slice(&names), level: Some(level) })
    }

    // ---- compound statements ----

    /// What follows a `:`.
    fn block(&mut self) -> P<Body<'a>> {
        self.check_stack()?;
        if self.eat(Kind::Newline) {
            self.expect(Kind::Indent)?;
            let body = self.statements(Kind::Dedent)?;
            if body.is_empty() {
                return Err(Fail);
            }
            self.bump();
            return Ok(body);
        }
        let base = self.stmts.len();
        self.simple_statements()?;
        let body = self.arena.slice(&self.stmts[base..]);
        self.stmts.truncate(base);
        Ok(body)
    }

    fn colon_block(&mut self) -> P<Body<'a>> {
        self.expect(Kind::Colon)?;
        self.block()
    }

    fn else_block(&mut self) -> P<Body<'a>> {
        if self.eat(Kind::Else) { self.colon_block() } else { Ok(&[]) }
    }

    fn decorators(&mut self) -> P<Exprs<'a>> {
        let base = self.exprs.len();
        while self.eat(Kind::At) {
            let decorator = self.named_expression()?;
            self.exprs.push(decorator);
            self.expect(Kind::Newline)?;
        }
        Ok(self.take_exprs(base))
    }

    fn function(&mut self, _: Start, decorator_list: Exprs<'a>, is_async: bool) -> P<StmtKind<'a>> {
        if is_async {
            self.check_version(5)?;
            self.bump();
        }
        self.bump();
        let name = self.name()?;
        let type_params = self.type_params()?;
        self.expect(Kind::LPar)?;
        let args = self.parameters(false)?;
        self.expect(Kind::RPar)?;
        let returns = if self.eat(Kind::RArrow) { Some(self.expression()?) } else { None };
        self.expect(Kind::Colon)?;
        let mut type_comment = self.type_comment();
        if type_comment.is_none() && self.at(Kind::Newline) && self.kind_after() == Kind::TypeComment {
            // The comment may stand on a line of its own, above the body.
            let newline = self.pos;
            self.bump();
            type_comment = self.type_comment();
            let indented = self.at(Kind::Newline) && self.kind_after() == Kind::Indent;
            if !indented {
                self.pos = newline;
                type_comment = None;
            }
        }
        let body = self.block()?;
        let def = FunctionDef { name, args, body, decorator_list, returns, type_comment, type_params };
        let def = self.arena.alloc(def);
        Ok(if is_async { StmtKind::AsyncFunctionDef(def) } else { StmtKind::FunctionDef(def) })
    }

    fn class(&mut self, _: Start, decorator_list: Exprs<'a>) -> P<StmtKind<'a>> {
        self.bump();
        let name = self.name()?;
        let type_params = self.type_params()?;
        let (bases, keywords) = if self.eat(Kind::LPar) { self.arguments(None)? } else { (&[][..], &[][..]) };
        let body = self.colon_block()?;
        let class = ClassDef { name, bases, keywords, body, decorator_list, type_params };
        Ok(StmtKind::ClassDef(self.arena.alloc(class)))
    }

    /// `if`, with its chain of `elif`s built from the end, so that a long one needs no stack.
    fn if_statement(&mut self) -> P<StmtKind<'a>> {
        let mut chain: Vec<(Start, ExprRef<'a>, Body<'a>)> = Vec::new();
        let mut start = self.start();
        self.bump();
        let orelse = loop {
            let test = self.named_expression()?;
            let body = self.colon_block()?;
            chain.push((start, test, body));
            if chain.len() > super::MAX_LEVEL {
                return Err(Fail);
            }
            start = self.start();
            if !self.eat(Kind::Elif) {
                break self.else_block()?;
            }
        };
        // All links of the chain end at the same place.
        let mut orelse = orelse;
        while chain.len() > 1 {
            if let Some((start, test, body)) = chain.pop() {
                let kind = StmtKind::If { test, body, orelse };
                let link = self.arena.alloc(Stmt { kind, range: self.block_range(start) });
                orelse = self.arena.slice(&[link]);
            }
        }
        let (_, test, body) = chain.pop().ok_or(Fail)?;
        Ok(StmtKind::If { test, body, orelse })
    }

    fn while_statement(&mut self) -> P<StmtKind<'a>> {
        self.bump();
        let test = self.named_expression()?;
        let body = self.colon_block()?;
        let orelse = self.else_block()?;
        Ok(StmtKind::While { test, body, orelse })
    }

    fn for_statement(&mut self, is_async: bool) -> P<StmtKind<'a>> {
        if is_async {
            self.bump();
        }
        self.bump();
        let target = self.star_targets()?;
        self.expect(Kind::In)?;
        let iter = self.star_expressions()?;
        self.expect(Kind::Colon)?;
        let type_comment = self.type_comment();
        let body = self.block()?;
        let orelse = self.else_block()?;
        let node = self.arena.alloc(For { target, iter, body, orelse, type_comment });
        Ok(if is_async { StmtKind::AsyncFor(node) } else { StmtKind::For(node) })
    }

    fn with_statement(&mut self, is_async: bool) -> P<StmtKind<'a>> {
        if is_async {
            self.bump();
        }
        self.bump();
        let mut items = Vec::new();
        let mut parenthesised = false;
        if self.at(Kind::LPar) {
            // Either parentheses around the items, or an expression that begins with some.
            let mark = self.mark();
            match self.parenthesised_items() {
                Ok(found) => {
                    items = found;
                    parenthesised = true;
                }
                Err(Fail) => self.rewind(mark),
            }
        }
        if !parenthesised {
            loop {
                items.push(self.with_item()?);
                if !self.eat(Kind::Comma) {
                    break;
                }
            }
        }
        self.expect(Kind::Colon)?;
        let type_comment = if is_async && parenthesised { None } else { self.type_comment() };
        let items = self.arena.slice(&items);
        let body = self.block()?;
        let node = self.arena.alloc(With { items, body, type_comment });
        Ok(if is_async { StmtKind::AsyncWith(node) } else { StmtKind::With(node) })
    }

    fn parenthesised_items(&mut self) -> P<Vec<WithItem<'a>>> {
        self.bump();
        let mut items = Vec::new();
        loop {
            items.push(self.with_item()?);
            if !self.eat(Kind::Comma) || self.at(Kind::RPar) {
                break;
            }
        }
        self.expect(Kind::RPar)?;
        if self.at(Kind::Colon) { Ok(items) } else { Err(Fail) }
    }

    fn with_item(&mut self) -> P<WithItem<'a>> {
        let context_expr = self.expression()?;
        let mut optional_vars = None;
        if self.eat(Kind::As) {
            optional_vars = Some(self.star_target()?);
            if !matches!(self.kind(), Kind::Comma | Kind::RPar | Kind::Colon) {
                return Err(Fail);
            }
        }
        Ok(WithItem { context_expr, optional_vars })
    }

    fn try_statement(&mut self) -> P<StmtKind<'a>> {
        self.bump();
        let body = self.colon_block()?;
        let mut handlers = Vec::new();
        let mut star = false;
        while self.at(Kind::Except) {
            let start = self.start();
            self.bump();
            let starred = self.eat(Kind::Star);
            if handlers.is_empty() {
                star = starred;
            } else if star != starred {
                return Err(Fail);
            }
            let mut type_ = None;
            let mut name = None;
            if starred || !self.at(Kind::Colon) {
                let first = self.expressions()?;
                let bare_tuple = matches!(first.kind, ExprKind::Tuple { .. })
                    && self.tokens[self.pos - 1].kind != Kind::RPar
                    || self.is_bare_tuple(first);
                if bare_tuple {
                    self.check_version(14)?;
                }
                if !bare_tuple && self.eat(Kind::As) {
                    name = Some(self.name()?);
                }
                type_ = Some(first);
            }
            let body = self.colon_block()?;
            handlers.push(ExceptHandler { type_, name, body, range: self.block_range(start) });
        }
        if star {
            self.check_version(11)?;
        }
        let orelse = if handlers.is_empty() { &[][..] } else { self.else_block()? };
        let mut finalbody: Body<'a> = &[];
        if self.eat(Kind::Finally) {
            finalbody = self.colon_block()?;
        } else if handlers.is_empty() {
            return Err(Fail);
        }
        let node = self.arena.alloc(Try { body, handlers: self.arena.slice(&handlers), orelse, finalbody });
        Ok(if star { StmtKind::TryStar(node) } else { StmtKind::Try(node) })
    }

    /// `expr` is a tuple without parentheses: it begins where its first item begins.
    fn is_bare_tuple(&self, expr: ExprRef<'a>) -> bool {
        let ExprKind::Tuple { elts: [first, ..], .. } = expr.kind else {
            return false;
        };
        (first.range.lineno, first.range.col_offset) == (expr.range.lineno, expr.range.col_offset)
    }

    fn match_statement(&mut self) -> P<StmtKind<'a>> {
        // Most uses of the name `match` are told by the token behind it.
        if !self.at_subject() {
            return Err(Fail);
        }
        self.check_version(10)?;
        self.bump();
        let start = self.start();
        let starred = self.at(Kind::Star);
        let mut subject = self.star_named_expression()?;
        if self.at(Kind::Comma) {
            let base = self.exprs.len();
            self.exprs.push(subject);
            while self.eat(Kind::Comma) {
                if self.at(Kind::Colon) {
                    break;
                }
                let item = self.star_named_expression()?;
                self.exprs.push(item);
            }
            let elts = self.take_exprs(base);
            subject = self.node(start, ExprKind::Tuple { elts, ctx: ExprContext::Load });
        } else if starred {
            return Err(Fail);
        }
        self.expect(Kind::Colon)?;
        self.expect(Kind::Newline)?;
        self.expect(Kind::Indent)?;
        let mut cases = Vec::new();
        while self.at_word("case") {
            self.bump();
            let pattern = self.patterns()?;
            let guard = if self.eat(Kind::If) { Some(self.named_expression()?) } else { None };
            let body = self.colon_block()?;
            cases.push(MatchCase { pattern, guard, body });
        }
        self.expect(Kind::Dedent)?;
        if cases.is_empty() {
            return Err(Fail);
        }
        Ok(StmtKind::Match { subject, cases: self.arena.slice(&cases) })
    }

    fn at_subject(&self) -> bool {
        let after = self.kind_after();
        after == Kind::Star || super::expr::starts_expression(after)
    }
}
