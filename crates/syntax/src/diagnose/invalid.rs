//! The mistakes that are looked for in statements, each with its message.

use super::{Diag, Miss, R, mistake};
use crate::ast::*;
use crate::token::{Kind, Token};

/// How an expression is called in messages.
pub(super) fn expr_name(expr: &Expr<'_>) -> &'static str {
    match expr.kind {
        ExprKind::Attribute { .. } => "attribute",
        ExprKind::Subscript { .. } => "subscript",
        ExprKind::Starred { .. } => "starred",
        ExprKind::Name { .. } => "name",
        ExprKind::List { .. } => "list",
        ExprKind::Tuple { .. } => "tuple",
        ExprKind::Lambda { .. } => "lambda",
        ExprKind::Call { .. } => "function call",
        ExprKind::BoolOp { .. } | ExprKind::BinOp { .. } | ExprKind::UnaryOp { .. } => "expression",
        ExprKind::GeneratorExp { .. } => "generator expression",
        ExprKind::Yield { .. } | ExprKind::YieldFrom { .. } => "yield expression",
        ExprKind::Await { .. } => "await expression",
        ExprKind::ListComp { .. } => "list comprehension",
        ExprKind::SetComp { .. } => "set comprehension",
        ExprKind::DictComp { .. } => "dict comprehension",
        ExprKind::Dict { .. } => "dict literal",
        ExprKind::Set { .. } => "set display",
        ExprKind::JoinedStr { .. } | ExprKind::FormattedValue { .. } => "f-string expression",
        ExprKind::TemplateStr { .. } | ExprKind::Interpolation { .. } => "t-string expression",
        ExprKind::Constant { value, .. } => match value {
            Constant::None => "None",
            Constant::Bool(true) => "True",
            Constant::Bool(false) => "False",
            Constant::Ellipsis => "ellipsis",
            _ => "literal",
        },
        ExprKind::Compare { .. } => "comparison",
        ExprKind::IfExp { .. } => "conditional expression",
        ExprKind::NamedExpr { .. } => "named expression",
        ExprKind::Slice { .. } => "slice",
    }
}

/// Where a target stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Targets {
    Star,
    Del,
    For,
}

/// The first part of `expr` that cannot be a target.
fn invalid_target<'a>(expr: ExprRef<'a>, targets: Targets) -> Option<ExprRef<'a>> {
    match expr.kind {
        ExprKind::List { elts, .. } | ExprKind::Tuple { elts, .. } => {
            elts.iter().find_map(|elt| invalid_target(elt, targets))
        }
        ExprKind::Starred { .. } if targets == Targets::Del => Some(expr),
        ExprKind::Starred { value, .. } => invalid_target(value, targets),
        // `a in b` behind `for` has been read as a comparison.
        ExprKind::Compare { left, ops, .. } if targets == Targets::For => {
            if ops.first() == Some(&CmpOp::In) {
                invalid_target(left, targets)
            } else {
                None
            }
        }
        ExprKind::Name { .. } | ExprKind::Subscript { .. } | ExprKind::Attribute { .. } => None,
        _ => Some(expr),
    }
}

impl<'a> Diag<'a, '_> {
    /// The error for a target that is none; nothing if all of `expr` could be one.
    pub(super) fn raise_invalid_target(&mut self, targets: Targets, expr: ExprRef<'a>) -> Miss {
        let Some(part) = invalid_target(expr, targets) else {
            return Miss::No;
        };
        let verb = if targets == Targets::Del { "delete" } else { "assign to" };
        self.raise_range(part.range, format!("cannot {verb} {}", expr_name(part)))
    }

    /// `NEWLINE !INDENT`, behind the colon of `what`, which began with `token`.
    pub(super) fn no_block(&mut self, token: &Token, what: &str) -> R<()> {
        self.expect(Kind::Newline)?;
        self.not_any(&[Kind::Indent])?;
        let message = format!("expected an indented block after {what} on line {}", token.lineno);
        Err(self.raise_indentation(message))
    }

    /// The same as what a mistake gives.
    fn no_block_miss(&mut self, token: &Token, what: &str) -> R<Miss> {
        self.no_block(token, what).map(|()| Miss::No)
    }

    pub(super) fn check_depth(&mut self) -> R<()> {
        if crate::parser::stack_pointer() < self.stack_floor {
            self.error = Some(super::too_complex());
            return Err(Miss::Raised);
        }
        Ok(())
    }

    // ---- simple statements ----

    pub(super) fn invalid_assignment(&mut self) -> R<()> {
        mistake!(self, p, {
            let target = p.invalid_ann_assign_target()?;
            p.expect(Kind::Colon)?;
            p.expression()?;
            let message = format!("only single target (not {}) can be annotated", expr_name(target));
            Ok(p.raise_range(target.range, message))
        });
        mistake!(self, p, {
            let first = p.star_named_expression()?;
            p.expect(Kind::Comma)?;
            p.many(Self::star_named_expressions)?;
            p.expect(Kind::Colon)?;
            p.expression()?;
            Ok(p.raise_range(first.range, "only single target (not tuple) can be annotated"))
        });
        mistake!(self, p, {
            let target = p.expression()?;
            p.expect(Kind::Colon)?;
            p.expression()?;
            Ok(p.raise_range(target.range, "illegal target for annotation"))
        });
        mistake!(self, p, {
            p.many(Self::target_equal)?;
            let target = p.star_expressions()?;
            p.expect(Kind::Equal)?;
            Ok(p.raise_invalid_target(Targets::Star, target))
        });
        mistake!(self, p, {
            p.many(Self::target_equal)?;
            let target = p.yield_expr()?;
            p.expect(Kind::Equal)?;
            Ok(p.raise_range(target.range, "assignment to yield expression not possible"))
        });
        mistake!(self, p, {
            let target = p.star_expressions()?;
            p.augassign()?;
            p.annotated_rhs()?;
            let message = format!("'{}' is an illegal expression for augmented assignment", expr_name(target));
            Ok(p.raise_range(target.range, message))
        });
        Err(Miss::No)
    }

    fn invalid_ann_assign_target(&mut self) -> R<ExprRef<'a>> {
        super::alt!(self, p, p.list());
        super::alt!(self, p, p.tuple());
        self.expect(Kind::LPar)?;
        let found = self.invalid_ann_assign_target()?;
        self.expect(Kind::RPar)?;
        Ok(found)
    }

    pub(super) fn invalid_del_stmt(&mut self) -> R<()> {
        self.expect(Kind::Del)?;
        let target = self.star_expressions()?;
        Err(self.raise_invalid_target(Targets::Del, target))
    }

    pub(super) fn invalid_import(&mut self) -> R<()> {
        mistake!(self, p, {
            let token = p.expect(Kind::Import)?;
            p.gather(Self::dotted_name)?;
            p.expect(Kind::From)?;
            p.dotted_name()?;
            Ok(p.raise_from(token.range(), "Did you mean to use 'from ... import ...' instead?"))
        });
        mistake!(self, p, {
            p.expect(Kind::Import)?;
            let token = p.expect(Kind::Newline)?;
            Ok(p.raise_from(token.range(), "Expected one or more names after 'import'"))
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_import_as(&mut self, imported: impl FnOnce(&mut Self) -> R<()>) -> R<()> {
        imported(self)?;
        self.expect(Kind::As)?;
        self.not(|p| {
            p.name()?;
            p.ahead_any(&[Kind::Comma, Kind::RPar, Kind::Semi, Kind::Newline])
        })?;
        let target = self.expression()?;
        let message = format!("cannot use {} as import target", expr_name(target));
        Err(self.raise_range(target.range, message))
    }

    pub(super) fn invalid_import_from_targets(&mut self) -> R<()> {
        mistake!(self, p, {
            p.import_from_as_names()?;
            p.expect(Kind::Comma)?;
            p.expect(Kind::Newline)?;
            Ok(p.raise("trailing comma not allowed without surrounding parentheses"))
        });
        mistake!(self, p, {
            let token = p.expect(Kind::Newline)?;
            Ok(p.raise_from(token.range(), "Expected one or more names after 'import'"))
        });
        Err(Miss::No)
    }

    // ---- compound statements ----

    pub(super) fn invalid_class_def_raw(&mut self) -> R<()> {
        mistake!(self, p, {
            p.class_head()?;
            p.expect(Kind::Newline)?;
            Ok(p.raise("expected ':'"))
        });
        mistake!(self, p, {
            let token = p.token()?;
            p.class_head()?;
            p.expect(Kind::Colon)?;
            p.no_block_miss(&token, "class definition")
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_def_raw(&mut self) -> R<()> {
        mistake!(self, p, {
            p.eat(Kind::Async)?;
            let token = p.expect(Kind::Def)?;
            p.name()?;
            p.opt(Self::type_params)?;
            p.expect(Kind::LPar)?;
            p.params()?;
            p.expect(Kind::RPar)?;
            p.returns()?;
            p.expect(Kind::Colon)?;
            p.no_block_miss(&token, "function definition")
        });
        // Once the name has been read, nothing but a parameter list and a colon can follow.
        self.eat(Kind::Async)?;
        self.expect(Kind::Def)?;
        self.name()?;
        self.opt(Self::type_params)?;
        self.force(Kind::LPar, "(")?;
        self.params()?;
        self.expect(Kind::RPar)?;
        self.returns()?;
        self.force(Kind::Colon, ":")?;
        self.opt(Self::func_type_comment)?;
        self.block()
    }

    /// `if`, `elif` and `while`.
    pub(super) fn invalid_test_stmt(&mut self, keyword: Kind, name: &str) -> R<()> {
        mistake!(self, p, {
            p.expect(keyword)?;
            p.named_expression()?;
            p.expect(Kind::Newline)?;
            Ok(p.raise("expected ':'"))
        });
        mistake!(self, p, {
            let token = p.expect(keyword)?;
            p.named_expression()?;
            p.expect(Kind::Colon)?;
            p.no_block_miss(&token, &format!("'{name}' statement"))
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_else_stmt(&mut self) -> R<()> {
        mistake!(self, p, {
            let token = p.expect(Kind::Else)?;
            p.expect(Kind::Colon)?;
            p.no_block_miss(&token, "'else' statement")
        });
        mistake!(self, p, {
            p.expect(Kind::Else)?;
            p.expect(Kind::Colon)?;
            p.block()?;
            p.expect(Kind::Elif)?;
            Ok(p.raise("'elif' block follows an 'else' block"))
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_for_stmt(&mut self) -> R<()> {
        mistake!(self, p, {
            p.for_head()?;
            p.expect(Kind::Newline)?;
            Ok(p.raise("expected ':'"))
        });
        mistake!(self, p, {
            let token = p.for_head()?;
            p.expect(Kind::Colon)?;
            p.no_block_miss(&token, "'for' statement")
        });
        Err(Miss::No)
    }

    fn for_head(&mut self) -> R<Token> {
        self.eat(Kind::Async)?;
        let token = self.expect(Kind::For)?;
        self.star_targets()?;
        self.expect(Kind::In)?;
        self.star_expressions()?;
        Ok(token)
    }

    pub(super) fn invalid_with_item(&mut self) -> R<()> {
        self.expression()?;
        self.expect(Kind::As)?;
        let target = self.expression()?;
        self.ahead_any(&[Kind::Comma, Kind::RPar, Kind::Colon])?;
        Err(self.raise_invalid_target(Targets::Star, target))
    }

    /// `with` and its items, in parentheses or not.
    fn with_items(&mut self, parenthesised: bool) -> R<Token> {
        self.eat(Kind::Async)?;
        let token = self.expect(Kind::With)?;
        if parenthesised {
            self.expect(Kind::LPar)?;
        }
        self.gather(|p| {
            if parenthesised {
                p.expressions()?;
            } else {
                p.expression()?;
            }
            p.opt(|p| {
                p.expect(Kind::As)?;
                p.star_target()
            })
        })?;
        if parenthesised {
            self.eat(Kind::Comma)?;
            self.expect(Kind::RPar)?;
        }
        Ok(token)
    }

    pub(super) fn invalid_with_stmt(&mut self) -> R<()> {
        for parenthesised in [false, true] {
            mistake!(self, p, {
                p.with_items(parenthesised)?;
                p.expect(Kind::Newline)?;
                Ok(p.raise("expected ':'"))
            });
        }
        Err(Miss::No)
    }

    pub(super) fn invalid_with_stmt_indent(&mut self) -> R<()> {
        for parenthesised in [false, true] {
            mistake!(self, p, {
                let token = p.with_items(parenthesised)?;
                p.expect(Kind::Colon)?;
                p.no_block_miss(&token, "'with' statement")
            });
        }
        Err(Miss::No)
    }

    pub(super) fn invalid_try_stmt(&mut self) -> R<()> {
        mistake!(self, p, {
            let token = p.expect(Kind::Try)?;
            p.expect(Kind::Colon)?;
            p.no_block_miss(&token, "'try' statement")
        });
        mistake!(self, p, {
            p.expect(Kind::Try)?;
            p.expect(Kind::Colon)?;
            p.block()?;
            p.not_any(&[Kind::Except, Kind::Finally])?;
            Ok(p.raise("expected 'except' or 'finally' block"))
        });
        let both = "cannot have both 'except' and 'except*' on the same 'try'";
        mistake!(self, p, {
            p.expect(Kind::Try)?;
            p.expect(Kind::Colon)?;
            p.many(Self::block)?;
            p.some(Self::except_block)?;
            let except = p.expect(Kind::Except)?;
            let star = p.expect(Kind::Star)?;
            p.expression()?;
            p.as_name()?;
            p.expect(Kind::Colon)?;
            Ok(p.raise_range(except.range().to(star.range()), both))
        });
        mistake!(self, p, {
            p.expect(Kind::Try)?;
            p.expect(Kind::Colon)?;
            p.many(Self::block)?;
            p.some(Self::except_star_block)?;
            let except = p.expect(Kind::Except)?;
            p.opt(|p| {
                p.expression()?;
                p.as_name()
            })?;
            p.expect(Kind::Colon)?;
            Ok(p.raise_range(except.range(), both))
        });
        Err(Miss::No)
    }

    fn except_head(&mut self, star: bool) -> R<Token> {
        let token = self.expect(Kind::Except)?;
        if star {
            self.expect(Kind::Star)?;
        }
        Ok(token)
    }

    pub(super) fn invalid_except_stmt(&mut self, star: bool) -> R<()> {
        mistake!(self, p, {
            p.except_head(star)?;
            let first = p.expression()?;
            p.expect(Kind::Comma)?;
            p.expressions()?;
            p.expect(Kind::As)?;
            p.name()?;
            p.expect(Kind::Colon)?;
            let message = "multiple exception types must be parenthesized when using 'as'";
            Ok(p.raise_from(first.range, message))
        });
        mistake!(self, p, {
            p.except_head(star)?;
            p.expression()?;
            p.as_name()?;
            p.expect(Kind::Newline)?;
            Ok(p.raise("expected ':'"))
        });
        mistake!(self, p, {
            p.except_head(star)?;
            if star {
                p.expect_any(&[Kind::Newline, Kind::Colon])?;
                return Ok(p.raise("expected one or more exception types"));
            }
            p.expect(Kind::Newline)?;
            Ok(p.raise("expected ':'"))
        });
        mistake!(self, p, {
            p.except_head(star)?;
            p.expression()?;
            p.expect(Kind::As)?;
            let target = p.expression()?;
            p.expect(Kind::Colon)?;
            p.block()?;
            let keyword = if star { "except*" } else { "except" };
            let message = format!("cannot use {keyword} statement with {}", expr_name(target));
            Ok(p.raise_range(target.range, message))
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_except_stmt_indent(&mut self, star: bool) -> R<()> {
        let what = if star { "'except*' statement" } else { "'except' statement" };
        mistake!(self, p, {
            let token = p.except_head(star)?;
            p.expression()?;
            p.as_name()?;
            p.expect(Kind::Colon)?;
            p.no_block_miss(&token, what)
        });
        if !star {
            mistake!(self, p, {
                let token = p.expect(Kind::Except)?;
                p.expect(Kind::Colon)?;
                p.no_block_miss(&token, what)
            });
        }
        Err(Miss::No)
    }

    // ---- match ----

    pub(super) fn invalid_match_stmt(&mut self) -> R<()> {
        mistake!(self, p, {
            p.soft("match")?;
            p.subject_expr()?;
            p.expect(Kind::Newline)?;
            p.check_version(10, "Pattern matching is")?;
            Ok(p.raise("expected ':'"))
        });
        mistake!(self, p, {
            let token = p.soft("match")?;
            p.subject_expr()?;
            p.expect(Kind::Colon)?;
            p.no_block_miss(&token, "'match' statement")
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_case_block(&mut self) -> R<()> {
        mistake!(self, p, {
            p.soft("case")?;
            p.patterns()?;
            p.opt(Self::guard)?;
            p.expect(Kind::Newline)?;
            Ok(p.raise("expected ':'"))
        });
        mistake!(self, p, {
            let token = p.soft("case")?;
            p.patterns()?;
            p.opt(Self::guard)?;
            p.expect(Kind::Colon)?;
            p.no_block_miss(&token, "'case' statement")
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_as_pattern(&mut self) -> R<()> {
        mistake!(self, p, {
            p.or_pattern()?;
            p.expect(Kind::As)?;
            let token = p.soft("_")?;
            Ok(p.raise_range(token.range(), "cannot use '_' as a target"))
        });
        mistake!(self, p, {
            p.or_pattern()?;
            p.expect(Kind::As)?;
            let target = p.expression()?;
            Ok(p.raise_range(target.range, format!("cannot use {} as pattern target", expr_name(target))))
        });
        Err(Miss::No)
    }

    pub(super) fn invalid_class_pattern(&mut self) -> R<()> {
        self.name_or_attr()?;
        self.expect(Kind::LPar)?;
        self.opt(|p| {
            p.positional_patterns()?;
            p.expect(Kind::Comma)
        })?;
        self.keyword_patterns()?;
        self.expect(Kind::Comma)?;
        let late = self.positional_patterns()?;
        let range = late[0].to(late[late.len() - 1]);
        Err(self.raise_range(range, "positional patterns follow keyword patterns"))
    }
}
