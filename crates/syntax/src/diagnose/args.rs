//! The arguments of calls.

use super::{Diag, Miss, R, Rule, alt};
use crate::ast::*;
use crate::token::Kind;

/// An argument of a call behind the first keyword.
#[derive(Clone, Copy)]
enum Passed<'a> {
    Positional(ExprRef<'a>),
    Keyword(Keyword<'a>),
}

impl<'a> Diag<'a, '_> {
    /// The arguments as a `Call` without function.
    pub(super) fn arguments(&mut self) -> R<ExprRef<'a>> {
        self.memo(Rule::Arguments, |p| {
            alt!(p, p, {
                let found = p.args()?;
                p.eat(Kind::Comma)?;
                p.ahead_any(&[Kind::RPar])?;
                Ok(found)
            });
            p.look_for(Self::invalid_arguments)?;
            Err(Miss::No)
        })
    }

    /// `','.(starred_expression | argument !'=')+`
    pub(super) fn positional_args(&mut self) -> R<Vec<ExprRef<'a>>> {
        self.gather(|p| {
            alt!(p, p, p.starred_expression());
            let found = p.argument_expression()?;
            p.not_any(&[Kind::Equal])?;
            Ok(found)
        })
    }

    fn call(&self, from: usize, args: &[ExprRef<'a>], passed: &[Passed<'a>]) -> ExprRef<'a> {
        let mut args = args.to_vec();
        let mut keywords = Vec::new();
        for item in passed {
            match item {
                Passed::Positional(arg) => args.push(arg),
                Passed::Keyword(keyword) => keywords.push(*keyword),
            }
        }
        let (args, keywords) = (self.arena.slice(&args), self.arena.slice(&keywords));
        self.node(from, ExprKind::Call { func: self.placeholder(), args, keywords })
    }

    pub(super) fn args(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        alt!(self, p, {
            let args = p.positional_args()?;
            let passed = p.opt(|p| {
                p.expect(Kind::Comma)?;
                p.kwargs_list()
            })?;
            Ok(p.call(from, &args, &passed.unwrap_or_default()))
        });
        let passed = self.kwargs_list()?;
        Ok(self.call(from, &[], &passed))
    }

    pub(super) fn kwargs(&mut self) -> R<()> {
        self.kwargs_list().map(drop)
    }

    fn kwargs_list(&mut self) -> R<Vec<Passed<'a>>> {
        alt!(self, p, {
            let mut found = p.gather(Self::kwarg_or_starred)?;
            p.expect(Kind::Comma)?;
            found.extend(p.gather(Self::kwarg_or_double_starred)?);
            Ok(found)
        });
        alt!(self, p, p.gather(Self::kwarg_or_starred));
        self.gather(Self::kwarg_or_double_starred)
    }

    pub(super) fn starred_expression(&mut self) -> R<ExprRef<'a>> {
        let from = self.mark;
        self.look_for(Self::invalid_starred_expression_unpacking)?;
        alt!(self, p, {
            p.expect(Kind::Star)?;
            let value = p.expression()?;
            Ok(p.node(from, ExprKind::Starred { value, ctx: ExprContext::Load }))
        });
        self.look_for(Self::invalid_starred_expression)?;
        Err(Miss::No)
    }

    fn keyword(&mut self) -> R<Passed<'a>> {
        let from = self.mark;
        let token = self.expect(Kind::Name)?;
        self.expect(Kind::Equal)?;
        let value = self.expression()?;
        let arg = Some(self.token_text(&token));
        Ok(Passed::Keyword(Keyword { arg, value, range: self.range(from) }))
    }

    fn kwarg_or_starred(&mut self) -> R<Passed<'a>> {
        self.look_for(Self::invalid_kwarg)?;
        alt!(self, p, p.keyword());
        Ok(Passed::Positional(self.starred_expression()?))
    }

    fn kwarg_or_double_starred(&mut self) -> R<Passed<'a>> {
        self.look_for(Self::invalid_kwarg)?;
        alt!(self, p, p.keyword());
        let from = self.mark;
        self.expect(Kind::DoubleStar)?;
        let value = self.expression()?;
        Ok(Passed::Keyword(Keyword { arg: None, value, range: self.range(from) }))
    }
}
