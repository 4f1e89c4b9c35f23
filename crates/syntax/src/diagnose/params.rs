//! The parameters of functions and lambdas, and the type parameters of PEP 695.

use super::{Diag, Miss, R, alt, mistake};
use crate::ast::*;
use crate::token::{Kind, Token};

/// What differs between the parameters of a function and of a lambda.
#[derive(Clone, Copy)]
struct Style {
    lambda: bool,
    /// What follows the last parameter.
    close: Kind,
}

const FUNCTION: Style = Style { lambda: false, close: Kind::RPar };
const LAMBDA: Style = Style { lambda: true, close: Kind::Colon };

impl<'a> Diag<'a, '_> {
    /// `[params]`
    pub(super) fn params(&mut self) -> R<()> {
        self.opt(|p| p.parameters(FUNCTION)).map(drop)
    }

    /// `[lambda_params]`
    pub(super) fn lambda_params(&mut self) -> R<()> {
        self.opt(|p| p.parameters(LAMBDA)).map(drop)
    }

    fn parameters(&mut self, s: Style) -> R<()> {
        self.look_for(|p| p.invalid_parameters(s))?;
        alt!(self, p, {
            p.slash_no_default(s)?;
            p.many(|p| p.param_no_default(s))?;
            p.many(|p| p.param_with_default(s))?;
            p.opt(|p| p.star_etc(s))?;
            p.check_version(8, "Positional-only parameters are")
        });
        alt!(self, p, {
            p.slash_with_default(s)?;
            p.many(|p| p.param_with_default(s))?;
            p.opt(|p| p.star_etc(s))?;
            p.check_version(8, "Positional-only parameters are")
        });
        alt!(self, p, {
            p.some(|p| p.param_no_default(s))?;
            p.many(|p| p.param_with_default(s))?;
            p.opt(|p| p.star_etc(s))?;
            Ok(())
        });
        alt!(self, p, {
            p.some(|p| p.param_with_default(s))?;
            p.opt(|p| p.star_etc(s))?;
            Ok(())
        });
        self.star_etc(s)
    }

    /// `/` with its comma, or at the end.
    fn slash(&mut self, s: Style) -> R<()> {
        self.expect(Kind::Slash)?;
        if self.eat(Kind::Comma)? { Ok(()) } else { self.ahead_any(&[s.close]) }
    }

    fn slash_no_default(&mut self, s: Style) -> R<()> {
        self.some(|p| p.param_no_default(s))?;
        self.slash(s)
    }

    fn slash_with_default(&mut self, s: Style) -> R<()> {
        self.many(|p| p.param_no_default(s))?;
        self.some(|p| p.param_with_default(s))?;
        self.slash(s)
    }

    fn star_etc(&mut self, s: Style) -> R<()> {
        self.look_for(|p| p.invalid_star_etc(s))?;
        alt!(self, p, {
            p.expect(Kind::Star)?;
            p.param_no_default(s)?;
            p.many(|p| p.param_maybe_default(s))?;
            p.opt(|p| p.kwds(s))?;
            Ok(())
        });
        if !s.lambda {
            alt!(self, p, {
                p.expect(Kind::Star)?;
                p.name()?;
                p.expect(Kind::Colon)?;
                p.star_expression()?;
                p.end_of_parameter(s)?;
                p.many(|p| p.param_maybe_default(s))?;
                p.opt(|p| p.kwds(s))?;
                Ok(())
            });
        }
        alt!(self, p, {
            p.expect(Kind::Star)?;
            p.expect(Kind::Comma)?;
            p.some(|p| p.param_maybe_default(s))?;
            p.opt(|p| p.kwds(s))?;
            Ok(())
        });
        self.kwds(s)
    }

    fn kwds(&mut self, s: Style) -> R<()> {
        self.look_for(|p| p.invalid_kwds(s))?;
        self.expect(Kind::DoubleStar)?;
        self.param_no_default(s).map(drop)
    }

    /// A comma and type comment, or a type comment before the end.
    fn end_of_parameter(&mut self, s: Style) -> R<()> {
        let comma = self.eat(Kind::Comma)?;
        if !s.lambda {
            self.eat(Kind::TypeComment)?;
        }
        if comma { Ok(()) } else { self.ahead_any(&[s.close]) }
    }

    fn param_no_default(&mut self, s: Style) -> R<Range> {
        let range = self.param(s)?;
        self.end_of_parameter(s)?;
        Ok(range)
    }

    fn param_with_default(&mut self, s: Style) -> R<()> {
        self.param(s)?;
        self.default()?;
        self.end_of_parameter(s)
    }

    fn param_maybe_default(&mut self, s: Style) -> R<()> {
        self.param(s)?;
        self.opt(Self::default)?;
        self.end_of_parameter(s)
    }

    fn param(&mut self, s: Style) -> R<Range> {
        let from = self.mark;
        self.name()?;
        if !s.lambda {
            self.opt(|p| {
                p.expect(Kind::Colon)?;
                p.expression()
            })?;
        }
        Ok(self.range(from))
    }

    fn default(&mut self) -> R<()> {
        alt!(self, p, {
            p.expect(Kind::Equal)?;
            p.expression().map(drop)
        });
        self.look_for(|p| {
            let token = p.expect(Kind::Equal)?;
            p.ahead_any(&[Kind::RPar, Kind::Comma])?;
            Err(p.raise_range(token.range(), "expected default value expression"))
        })?;
        Err(Miss::No)
    }

    // ---- mistakes ----

    fn slash_either(&mut self, s: Style) -> R<()> {
        alt!(self, p, p.slash_no_default(s));
        self.slash_with_default(s)
    }

    fn invalid_parameters(&mut self, s: Style) -> R<()> {
        mistake!(self, p, {
            let token = p.expect(Kind::Slash)?;
            p.expect(Kind::Comma)?;
            Ok(p.raise_range(token.range(), "at least one argument must precede /"))
        });
        mistake!(self, p, {
            p.slash_either(s)?;
            p.many(|p| p.param_maybe_default(s))?;
            let token = p.expect(Kind::Slash)?;
            Ok(p.raise_range(token.range(), "/ may appear only once"))
        });
        mistake!(self, p, {
            p.opt(|p| p.slash_no_default(s))?;
            p.many(|p| p.param_no_default(s))?;
            p.some_with_default(s)?;
            let range = p.param_no_default(s)?;
            Ok(p.raise_range(range, "parameter without a default follows parameter with a default"))
        });
        mistake!(self, p, {
            p.many(|p| p.param_no_default(s))?;
            let open = p.expect(Kind::LPar)?;
            if s.lambda {
                p.gather(|p| p.param(s))?;
            } else {
                p.some(|p| p.param_no_default(s))?;
            }
            p.eat(Kind::Comma)?;
            let close = p.expect(Kind::RPar)?;
            let what = if s.lambda { "Lambda expression" } else { "Function" };
            Ok(p.raise_range(open.range().to(close.range()), format!("{what} parameters cannot be parenthesized")))
        });
        mistake!(self, p, {
            p.opt(|p| p.slash_either(s))?;
            p.many(|p| p.param_maybe_default(s))?;
            p.expect(Kind::Star)?;
            p.comma_or_param(s)?;
            p.many(|p| p.param_maybe_default(s))?;
            let token = p.expect(Kind::Slash)?;
            Ok(p.raise_range(token.range(), "/ must be ahead of *"))
        });
        mistake!(self, p, {
            p.some(|p| p.param_maybe_default(s))?;
            p.expect(Kind::Slash)?;
            let token = p.expect(Kind::Star)?;
            Ok(p.raise_range(token.range(), "expected comma between / and *"))
        });
        Err(Miss::No)
    }

    /// Parameters with defaults, the last positional-only ones among them.
    fn some_with_default(&mut self, s: Style) -> R<()> {
        alt!(self, p, p.slash_with_default(s));
        self.some(|p| p.param_with_default(s)).map(drop)
    }

    fn comma_or_param(&mut self, s: Style) -> R<()> {
        alt!(self, p, p.expect(Kind::Comma).map(drop));
        self.param_no_default(s).map(drop)
    }

    fn invalid_star_etc(&mut self, s: Style) -> R<()> {
        mistake!(self, p, {
            let token = p.expect(Kind::Star)?;
            if !p.eat(s.close)? {
                p.expect(Kind::Comma)?;
                p.expect_any(&[s.close, Kind::DoubleStar])?;
            }
            let message = "named arguments must follow bare *";
            Ok(if s.lambda { p.raise(message) } else { p.raise_range(token.range(), message) })
        });
        if !s.lambda {
            mistake!(self, p, {
                p.expect(Kind::Star)?;
                p.expect(Kind::Comma)?;
                p.expect(Kind::TypeComment)?;
                Ok(p.raise("bare * has associated type comment"))
            });
        }
        mistake!(self, p, {
            p.expect(Kind::Star)?;
            p.param(s)?;
            let token = p.expect(Kind::Equal)?;
            Ok(p.raise_range(token.range(), "var-positional argument cannot have default value"))
        });
        mistake!(self, p, {
            p.expect(Kind::Star)?;
            p.param_or_comma(s)?;
            p.many(|p| p.param_maybe_default(s))?;
            let token = p.expect(Kind::Star)?;
            p.param_or_comma(s)?;
            Ok(p.raise_range(token.range(), "* argument may appear only once"))
        });
        Err(Miss::No)
    }

    fn param_or_comma(&mut self, s: Style) -> R<()> {
        alt!(self, p, p.param_no_default(s).map(drop));
        self.expect(Kind::Comma).map(drop)
    }

    fn invalid_kwds(&mut self, s: Style) -> R<()> {
        mistake!(self, p, {
            p.expect(Kind::DoubleStar)?;
            p.param(s)?;
            let token = p.expect(Kind::Equal)?;
            Ok(p.raise_range(token.range(), "var-keyword argument cannot have default value"))
        });
        mistake!(self, p, {
            p.expect(Kind::DoubleStar)?;
            p.param(s)?;
            p.expect(Kind::Comma)?;
            let range = p.param(s)?;
            Ok(p.raise_range(range, "arguments cannot follow var-keyword argument"))
        });
        mistake!(self, p, {
            p.expect(Kind::DoubleStar)?;
            p.param(s)?;
            p.expect(Kind::Comma)?;
            let token: Token = p.expect_any(&[Kind::Star, Kind::DoubleStar, Kind::Slash])?;
            Ok(p.raise_range(token.range(), "arguments cannot follow var-keyword argument"))
        });
        Err(Miss::No)
    }

    // ---- type parameters ----

    pub(super) fn type_params(&mut self) -> R<()> {
        self.look_for(|p| {
            p.expect(Kind::LSqb)?;
            let token = p.expect(Kind::RSqb)?;
            Err(p.raise_from(token.range(), "Type parameter list cannot be empty"))
        })?;
        self.expect(Kind::LSqb)?;
        self.gather(Self::type_param)?;
        self.eat(Kind::Comma)?;
        self.expect(Kind::RSqb)?;
        self.check_version(12, "Type parameter lists are")
    }

    fn type_param(&mut self) -> R<()> {
        alt!(self, p, {
            p.name()?;
            p.opt(|p| {
                p.expect(Kind::Colon)?;
                p.expression()
            })?;
            p.type_param_default(Self::expression)
        });
        self.look_for(Self::invalid_type_param)?;
        alt!(self, p, {
            p.expect(Kind::Star)?;
            p.name()?;
            p.type_param_default(Self::star_expression)
        });
        self.expect(Kind::DoubleStar)?;
        self.name()?;
        self.type_param_default(Self::expression)
    }

    fn type_param_default(&mut self, value: impl FnOnce(&mut Self) -> R<ExprRef<'a>>) -> R<()> {
        self.opt(|p| {
            p.expect(Kind::Equal)?;
            value(p)?;
            p.check_version(13, "Type parameter defaults are")
        })
        .map(drop)
    }

    fn invalid_type_param(&mut self) -> R<()> {
        for (stars, kind) in [(Kind::Star, "TypeVarTuple"), (Kind::DoubleStar, "ParamSpec")] {
            mistake!(self, p, {
                p.expect(stars)?;
                p.name()?;
                let colon = p.expect(Kind::Colon)?;
                let bound = p.expression()?;
                let what = if matches!(bound.kind, ExprKind::Tuple { .. }) { "constraints" } else { "bound" };
                Ok(p.raise_from(colon.range(), format!("cannot use {what} with {kind}")))
            });
        }
        Err(Miss::No)
    }
}
