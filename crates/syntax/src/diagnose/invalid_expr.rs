//! The mistakes that are looked for in expressions and arguments, each with its message.

use super::invalid::{Targets, expr_name};
use super::{Diag, Miss, R, Rule, mistake};
use crate::ast::*;
use crate::token::Kind;

impl<'a> Diag<'a, '_> {
    pub(super) fn invalid_expression(&mut self) -> R<()> {
        mistake!(self, p, {
            p.expect(Kind::String)?;
            let inside = p.some(|p| {
                p.not_any(&[Kind::String])?;
                p.expression_without_invalid()
            })?;
            p.expect(Kind::String)?;
            let range = inside[0].range.to(inside[inside.len() - 1].range);
            Ok(p.raise_range(range, "invalid syntax. Is this intended to be part of the string?"))
        });
        mistake!(self, p, {
            p.not(Self::name_string_or_soft_keyword)?;
            let first = p.disjunction()?;
            let second = p.expression_without_invalid()?;
            let legacy = matches!(first.kind, ExprKind::Name { id: "print" | "exec", .. });
            if legacy || p.levels[p.mark - 1] == 0 {
                return Ok(Miss::No);
            }
            Ok(p.raise_range(first.range.to(second.range), "invalid syntax. Perhaps you forgot a comma?"))
        });
        mistake!(self, p, {
            let body = p.disjunction()?;
            p.expect(Kind::If)?;
            let test = p.disjunction()?;
            p.not_any(&[Kind::Else, Kind::Colon])?;
            Ok(p.raise_range(body.range.to(test.range), "expected 'else' after 'if' expression"))
        });
        mistake!(self, p, {
            p.disjunction()?;
            p.expect(Kind::If)?;
            p.disjunction()?;
            p.expect(Kind::Else)?;
            p.not(Self::expression)?;
            Ok(p.raise_next("expected expression after 'else', but statement is given"))
        });
        mistake!(self, p, {
            let token = p.expect_any(&[Kind::Pass, Kind::Break, Kind::Continue])?;
            p.expect(Kind::If)?;
            p.disjunction()?;
            p.expect(Kind::Else)?;
            p.simple_stmt()?;
            Ok(p.raise_range(token.range(), "expected expression before 'if', but statement is given"))
        });
        for (middle, name) in [(Kind::FStringMiddle, "f-string"), (Kind::TStringMiddle, "t-string")] {
            mistake!(self, p, {
                let lambda = p.expect(Kind::Lambda)?;
                p.lambda_params()?;
                let colon = p.expect(Kind::Colon)?;
                p.ahead_any(&[middle])?;
                let message = format!("{name}: lambda expressions are not allowed without parentheses");
                Ok(p.raise_range(lambda.range().to(colon.range()), message))
            });
        }
        Err(Miss::No)
    }

    /// `NAME STRING | SOFT_KEYWORD`
    fn name_string_or_soft_keyword(&mut self) -> R<()> {
        let token = self.expect(Kind::Name)?;
        if self.at(Kind::String)? || matches!(self.token_text(&token), "_" | "case" | "match" | "type") {
            return Ok(());
        }
        Err(Miss::No)
    }

    pub(super) fn invalid_legacy_expression(&mut self) -> R<()> {
        let from = self.mark;
        self.expect(Kind::Name)?;
        self.not_any(&[Kind::LPar])?;
        let rest = self.star_expressions()?;
        let name = self.name_node(from);
        let ExprKind::Name { id: id @ ("print" | "exec"), .. } = name.kind else {
            return Err(Miss::No);
        };
        let message = format!("Missing parentheses in call to '{id}'. Did you mean {id}(...)?");
        Err(self.raise_range(name.range.to(rest.range), message))
    }

    pub(super) fn invalid_named_expression(&mut self) -> R<()> {
        self.memo(Rule::InvalidNamed, |p| p.find_invalid_named_expression().map(|()| p.placeholder())).map(drop)
    }

    fn find_invalid_named_expression(&mut self) -> R<()> {
        mistake!(self, p, {
            let target = p.expression()?;
            p.expect(Kind::ColonEqual)?;
            p.expression()?;
            let message = format!("cannot use assignment expressions with {}", expr_name(target));
            Ok(p.raise_range(target.range, message))
        });
        mistake!(self, p, {
            let target = p.expect(Kind::Name)?.range();
            p.expect(Kind::Equal)?;
            let value = p.bitwise_or()?;
            p.not_any(&[Kind::Equal, Kind::ColonEqual])?;
            let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
            Ok(p.raise_range(target.to(value.range), message))
        });
        mistake!(self, p, {
            p.not(Self::bracketed_or_constant)?;
            let target = p.bitwise_or()?;
            p.expect(Kind::Equal)?;
            p.bitwise_or()?;
            p.not_any(&[Kind::Equal, Kind::ColonEqual])?;
            let name = expr_name(target);
            let message = format!("cannot assign to {name} here. Maybe you meant '==' instead of '='?");
            Ok(p.raise_range(target.range, message))
        });
        Err(Miss::No)
    }

    /// `list | tuple | genexp | 'True' | 'None' | 'False'`
    fn bracketed_or_constant(&mut self) -> R<()> {
        super::alt!(self, p, p.list().map(drop));
        super::alt!(self, p, p.tuple().map(drop));
        super::alt!(self, p, p.genexp().map(drop));
        self.expect_any(&[Kind::True, Kind::None, Kind::False]).map(drop)
    }

    pub(super) fn invalid_arithmetic(&mut self) -> R<()> {
        self.sum()?;
        self.expect_any(&[
            Kind::Plus,
            Kind::Minus,
            Kind::Star,
            Kind::Slash,
            Kind::Percent,
            Kind::DoubleSlash,
            Kind::At,
        ])?;
        let not = self.expect(Kind::Not)?;
        let operand = self.inversion()?;
        let message = "'not' after an operator must be parenthesized";
        Err(self.raise_range(not.range().to(operand.range), message))
    }

    pub(super) fn invalid_factor(&mut self) -> R<()> {
        self.expect_any(&[Kind::Plus, Kind::Minus, Kind::Tilde])?;
        let not = self.expect(Kind::Not)?;
        let operand = self.factor()?;
        let message = "'not' after an operator must be parenthesized";
        Err(self.raise_range(not.range().to(operand.range), message))
    }

    pub(super) fn invalid_group(&mut self) -> R<()> {
        mistake!(self, p, {
            p.expect(Kind::LPar)?;
            let starred = p.starred_expression()?;
            p.expect(Kind::RPar)?;
            Ok(p.raise_range(starred.range, "cannot use starred expression here"))
        });
        mistake!(self, p, {
            p.expect(Kind::LPar)?;
            let stars = p.expect(Kind::DoubleStar)?;
            p.expression()?;
            p.expect(Kind::RPar)?;
            Ok(p.raise_range(stars.range(), "cannot use double starred expression here"))
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_comprehension(&mut self) -> R<()> {
        mistake!(self, p, {
            p.expect_any(&[Kind::LSqb, Kind::LPar, Kind::LBrace])?;
            let starred = p.starred_expression()?;
            p.for_if_clauses()?;
            Ok(p.raise_range(starred.range, "iterable unpacking cannot be used in comprehension"))
        });
        let message = "did you forget parentheses around the comprehension target?";
        mistake!(self, p, {
            p.expect_any(&[Kind::LSqb, Kind::LBrace])?;
            let first = p.star_named_expression()?;
            p.expect(Kind::Comma)?;
            let rest = p.star_named_expressions()?;
            p.for_if_clauses()?;
            Ok(p.raise_range(first.range.to(rest[rest.len() - 1].range), message))
        });
        mistake!(self, p, {
            p.expect_any(&[Kind::LSqb, Kind::LBrace])?;
            let first = p.star_named_expression()?;
            let comma = p.expect(Kind::Comma)?;
            p.for_if_clauses()?;
            Ok(p.raise_range(first.range.to(comma.range()), message))
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_dict_comprehension(&mut self) -> R<()> {
        self.expect(Kind::LBrace)?;
        let stars = self.expect(Kind::DoubleStar)?;
        self.bitwise_or()?;
        self.for_if_clauses()?;
        self.expect(Kind::RBrace)?;
        Err(self.raise_range(stars.range(), "dict unpacking cannot be used in dict comprehension"))
    }

    pub(super) fn invalid_double_starred_kvpairs(&mut self) -> R<()> {
        mistake!(self, p, {
            p.gather(Self::double_starred_kvpair)?;
            p.expect(Kind::Comma)?;
            p.invalid_kvpair()?;
            Ok(Miss::No)
        });
        self.invalid_dict_value()
    }

    fn invalid_kvpair(&mut self) -> R<()> {
        mistake!(self, p, {
            let key = p.expression()?;
            p.not_any(&[Kind::Colon])?;
            let r = key.range;
            let range = Range::new(r.lineno, r.end_col_offset - 1, r.end_lineno, -1);
            Ok(p.raise_range(range, "':' expected after dictionary key"))
        });
        self.invalid_dict_value()
    }

    fn invalid_dict_value(&mut self) -> R<()> {
        mistake!(self, p, {
            p.expression()?;
            p.expect(Kind::Colon)?;
            let star = p.expect(Kind::Star)?;
            p.bitwise_or()?;
            Ok(p.raise_from(star.range(), "cannot use a starred expression in a dictionary value"))
        });
        mistake!(self, p, {
            p.expression()?;
            let colon = p.expect(Kind::Colon)?;
            p.ahead_any(&[Kind::RBrace, Kind::Comma])?;
            Ok(p.raise_range(colon.range(), "expression expected after dictionary key and ':'"))
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_for_if_clause(&mut self) -> R<()> {
        self.eat(Kind::Async)?;
        self.expect(Kind::For)?;
        self.gather(Self::bitwise_or)?;
        self.eat(Kind::Comma)?;
        self.not_any(&[Kind::In])?;
        Err(self.raise("'in' expected after for-loop variables"))
    }

    pub(super) fn invalid_for_target(&mut self) -> R<()> {
        self.eat(Kind::Async)?;
        self.expect(Kind::For)?;
        let target = self.star_expressions()?;
        Err(self.raise_invalid_target(Targets::For, target))
    }

    // ---- arguments ----

    pub(super) fn invalid_arguments(&mut self) -> R<()> {
        let generator = "Generator expression must be parenthesized";
        mistake!(self, p, {
            p.args_before_unpacking()?;
            let comma = p.expect(Kind::Comma)?;
            p.gather(|p| {
                p.starred_expression()?;
                p.not_any(&[Kind::Equal])
            })?;
            let message = "iterable argument unpacking follows keyword argument unpacking";
            Ok(p.raise_from(comma.range(), message))
        });
        mistake!(self, p, {
            let elt = p.expression()?;
            let last = p.for_if_clauses()?;
            p.expect(Kind::Comma)?;
            p.opt(Self::args_or_generator)?;
            Ok(p.raise_range(elt.range.to(last.range), generator))
        });
        mistake!(self, p, {
            let name = p.expect(Kind::Name)?;
            let equal = p.expect(Kind::Equal)?;
            p.expression()?;
            p.for_if_clauses()?;
            let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
            Ok(p.raise_range(name.range().to(equal.range()), message))
        });
        mistake!(self, p, {
            p.opt(|p| {
                p.args()?;
                p.expect(Kind::Comma)
            })?;
            let name = p.expect(Kind::Name)?;
            let equal = p.expect(Kind::Equal)?;
            p.ahead_any(&[Kind::Comma, Kind::RPar])?;
            Ok(p.raise_range(name.range().to(equal.range()), "expected argument value expression"))
        });
        mistake!(self, p, {
            let call = p.args()?;
            let last = p.for_if_clauses()?;
            match call.kind {
                ExprKind::Call { args: args @ [_, _, ..], .. } => {
                    Ok(p.raise_range(args[args.len() - 1].range.to(last.range), generator))
                }
                _ => Ok(Miss::No),
            }
        });
        mistake!(self, p, {
            p.args()?;
            p.expect(Kind::Comma)?;
            let elt = p.expression()?;
            let last = p.for_if_clauses()?;
            Ok(p.raise_range(elt.range.to(last.range), generator))
        });
        mistake!(self, p, {
            let call = p.args()?;
            p.expect(Kind::Comma)?;
            p.args()?;
            let unpacked =
                matches!(call.kind, ExprKind::Call { keywords, .. } if keywords.iter().any(|k| k.arg.is_none()));
            let what = if unpacked { " unpacking" } else { "" };
            Ok(p.raise(format!("positional argument follows keyword argument{what}")))
        });
        Err(Miss::No)
    }

    fn args_before_unpacking(&mut self) -> R<()> {
        super::alt!(self, p, {
            p.positional_args()?;
            p.expect(Kind::Comma)?;
            p.kwargs()
        });
        self.kwargs()
    }

    fn args_or_generator(&mut self) -> R<()> {
        super::alt!(self, p, p.args().map(drop));
        self.expression()?;
        self.for_if_clauses().map(drop)
    }

    pub(super) fn invalid_kwarg(&mut self) -> R<()> {
        mistake!(self, p, {
            let constant = p.expect_any(&[Kind::True, Kind::False, Kind::None])?;
            let equal = p.expect(Kind::Equal)?;
            let message = format!("cannot assign to {}", p.token_text(&constant));
            Ok(p.raise_range(constant.range().to(equal.range()), message))
        });
        mistake!(self, p, {
            let name = p.expect(Kind::Name)?;
            let equal = p.expect(Kind::Equal)?;
            p.expression()?;
            p.for_if_clauses()?;
            let message = "invalid syntax. Maybe you meant '==' or ':=' instead of '='?";
            Ok(p.raise_range(name.range().to(equal.range()), message))
        });
        mistake!(self, p, {
            p.not(|p| {
                p.expect(Kind::Name)?;
                p.expect(Kind::Equal)
            })?;
            let target = p.expression()?;
            let equal = p.expect(Kind::Equal)?;
            let message = "expression cannot contain assignment, perhaps you meant \"==\"?";
            Ok(p.raise_range(target.range.to(equal.range()), message))
        });
        mistake!(self, p, {
            let stars = p.expect(Kind::DoubleStar)?;
            p.expression()?;
            p.expect(Kind::Equal)?;
            let value = p.expression()?;
            let message = "cannot assign to keyword argument unpacking";
            Ok(p.raise_range(stars.range().to(value.range), message))
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_starred_expression_unpacking(&mut self) -> R<()> {
        let star = self.expect(Kind::Star)?;
        self.expression()?;
        self.expect(Kind::Equal)?;
        let value = self.expression()?;
        let message = "cannot assign to iterable argument unpacking";
        Err(self.raise_range(star.range().to(value.range), message))
    }

    pub(super) fn invalid_starred_expression(&mut self) -> R<()> {
        self.expect(Kind::Star)?;
        Err(self.raise("Invalid star expression"))
    }
}
