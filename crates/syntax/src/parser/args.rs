//! Arguments of calls, and parameters of functions and lambdas.

use super::{Fail, P, Parser, Start};
use crate::ast::*;
use crate::token::Kind;

impl<'a> Parser<'a, '_> {
    /// Behind the `(` of a call or a class: arguments and the `)`. `generator` is the place of the `(` where a lone
    /// generator expression may stand.
    pub(super) fn arguments(&mut self, generator: Option<Start>) -> P<(Exprs<'a>, &'a [Keyword<'a>])> {
        if self.eat(Kind::RPar) {
            return Ok((&[], &[]));
        }
        let base = self.exprs.len();
        let mut keywords: Vec<Keyword<'a>> = Vec::new();
        let mut unpacked = false;
        loop {
            let start = self.start();
            match self.kind() {
                Kind::Star => {
                    if unpacked {
                        return Err(Fail);
                    }
                    let item = self.starred_expression()?;
                    self.exprs.push(item);
                }
                Kind::DoubleStar => {
                    self.bump();
                    unpacked = true;
                    let value = self.expression()?;
                    keywords.push(Keyword { arg: None, value, range: self.range(start) });
                }
                Kind::Name if self.kind_after() == Kind::Equal => {
                    let arg = Some(self.name()?);
                    self.bump();
                    let value = self.expression()?;
                    keywords.push(Keyword { arg, value, range: self.range(start) });
                }
                _ => {
                    if !keywords.is_empty() {
                        return Err(Fail);
                    }
                    let item = self.named_expression()?;
                    if matches!(self.kind(), Kind::For | Kind::Async) {
                        let Some(open) = generator else { return Err(Fail) };
                        if self.exprs.len() != base {
                            return Err(Fail);
                        }
                        let generators = self.comprehension_clauses()?;
                        self.expect(Kind::RPar)?;
                        let only = self.node(open, ExprKind::GeneratorExp { elt: item, generators });
                        return Ok((self.arena.slice(&[only]), &[]));
                    }
                    self.exprs.push(item);
                }
            }
            if !self.eat(Kind::Comma) {
                self.expect(Kind::RPar)?;
                break;
            }
            if self.eat(Kind::RPar) {
                break;
            }
        }
        let args = self.take_exprs(base);
        Ok((args, self.arena.slice(&keywords)))
    }

    /// Parameters up to, but without, the `)` of a function or the `:` of a lambda.
    pub(super) fn parameters(&mut self, lambda: bool) -> P<&'a Arguments<'a>> {
        let close = if lambda { Kind::Colon } else { Kind::RPar };
        let mut arguments = Arguments::default();
        if self.at(close) {
            return Ok(self.arena.alloc(arguments));
        }
        let mut args: Vec<Arg<'a>> = Vec::new();
        let mut defaults: Vec<ExprRef<'a>> = Vec::new();
        let mut kwonlyargs: Vec<Arg<'a>> = Vec::new();
        let mut kw_defaults: Vec<Option<ExprRef<'a>>> = Vec::new();
        let mut slash = false;
        let mut star = false;
        // A bare `*` wants a parameter behind it.
        let mut bare_star = false;
        while !self.at(close) {
            match self.kind() {
                Kind::Slash => {
                    if slash || star || args.is_empty() {
                        return Err(Fail);
                    }
                    self.check_version(8)?;
                    self.bump();
                    slash = true;
                    arguments.posonlyargs = self.arena.slice(&args);
                    args.clear();
                    if !self.eat(Kind::Comma) && !self.at(close) {
                        return Err(Fail);
                    }
                    continue;
                }
                Kind::Star => {
                    if star {
                        return Err(Fail);
                    }
                    star = true;
                    self.bump();
                    if self.eat(Kind::Comma) {
                        bare_star = true;
                        continue;
                    }
                    let mut arg = self.parameter(lambda, true)?;
                    self.end_of_parameter(&mut arg, close, lambda)?;
                    arguments.vararg = Some(self.arena.alloc(arg));
                    continue;
                }
                Kind::DoubleStar => {
                    if bare_star {
                        return Err(Fail);
                    }
                    self.bump();
                    let mut arg = self.parameter(lambda, false)?;
                    self.end_of_parameter(&mut arg, close, lambda)?;
                    arguments.kwarg = Some(self.arena.alloc(arg));
                    if !self.at(close) {
                        return Err(Fail);
                    }
                    break;
                }
                _ => {}
            }
            bare_star = false;
            let mut arg = self.parameter(lambda, false)?;
            let default = if self.eat(Kind::Equal) { Some(self.expression()?) } else { None };
            self.end_of_parameter(&mut arg, close, lambda)?;
            if star {
                kwonlyargs.push(arg);
                kw_defaults.push(default);
            } else {
                args.push(arg);
                match default {
                    Some(default) => defaults.push(default),
                    None if defaults.is_empty() => {}
                    None => return Err(Fail),
                }
            }
        }
        if bare_star {
            return Err(Fail);
        }
        arguments.args = self.arena.slice(&args);
        arguments.defaults = self.arena.slice(&defaults);
        arguments.kwonlyargs = self.arena.slice(&kwonlyargs);
        arguments.kw_defaults = self.arena.slice(&kw_defaults);
        Ok(self.arena.alloc(arguments))
    }

    /// A name, with its annotation outside of lambdas; `*args: *Ts` may have a starred one.
    fn parameter(&mut self, lambda: bool, vararg: bool) -> P<Arg<'a>> {
        let start = self.start();
        let arg = self.name()?;
        let mut annotation = None;
        if !lambda && self.eat(Kind::Colon) {
            annotation = Some(if vararg { self.star_expression()? } else { self.expression()? });
        }
        Ok(Arg { arg, annotation, type_comment: None, range: self.range(start) })
    }

    /// The comma, if it is not the last, and the type comment of a parameter.
    fn end_of_parameter(&mut self, arg: &mut Arg<'a>, close: Kind, lambda: bool) -> P<()> {
        let comma = self.eat(Kind::Comma);
        if !lambda {
            arg.type_comment = self.type_comment();
        }
        if comma || self.at(close) { Ok(()) } else { Err(Fail) }
    }

    /// The text of the type comment at this token.
    pub(super) fn type_comment(&mut self) -> Option<&'a str> {
        if !self.at(Kind::TypeComment) {
            return None;
        }
        let text = self.token_text(&self.tokens[self.pos]);
        self.bump();
        Some(text)
    }
}
