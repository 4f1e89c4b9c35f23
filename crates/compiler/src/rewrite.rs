//! The tree as the compiler would read it, for programs that ask for it (`PyCF_OPTIMIZED_AST`): `%` formatting as
//! f-strings, `__debug__` as a constant, numbers in patterns as constants, and without docstrings at level 2.
//!
//! The compiler itself does all this on the way and never makes such a tree. CPython: `Python/ast_preprocess.c`.

use taipan_syntax::ast::*;

use crate::Options;
use crate::code;
use crate::error::{Result, StackGuard};
use crate::fold;
use crate::preprocess::{may_be_percent_format, pattern_constant, percent_format};
use crate::symtable::docstring;

pub(crate) fn rewrite<'a>(
    arena: &'a Arena,
    tree: &Mod<'a>,
    options: &Options,
    future_annotations: bool,
) -> Result<Mod<'a>> {
    let rewriter = Rewriter {
        arena,
        optimize: options.optimize,
        future_annotations,
        stack: StackGuard::new(options.stack_budget),
    };
    Ok(match *tree {
        Mod::Module { body, type_ignores } => Mod::Module { body: rewriter.documented(body)?, type_ignores },
        Mod::Interactive { body } => Mod::Interactive { body: rewriter.body(body)? },
        Mod::Expression { body } => Mod::Expression { body: rewriter.expr(body)? },
        Mod::FunctionType { .. } => *tree,
    })
}

struct Rewriter<'a> {
    arena: &'a Arena,
    optimize: u8,
    future_annotations: bool,
    stack: StackGuard,
}

impl<'a> Rewriter<'a> {
    /// A slice of which every item is rewritten.
    fn all<T: Copy>(&self, items: &'a [T], mut rewrite: impl FnMut(T) -> Result<T>) -> Result<&'a [T]> {
        let items: Vec<T> = items.iter().map(|item| rewrite(*item)).collect::<Result<_>>()?;
        Ok(self.arena.slice(&items))
    }

    fn exprs(&self, items: Exprs<'a>) -> Result<Exprs<'a>> {
        self.all(items, |item| self.expr(item))
    }

    fn optional(&self, node: Option<ExprRef<'a>>) -> Result<Option<ExprRef<'a>>> {
        node.map(|node| self.expr(node)).transpose()
    }

    fn annotation(&self, node: Option<ExprRef<'a>>) -> Result<Option<ExprRef<'a>>> {
        if self.future_annotations { Ok(node) } else { self.optional(node) }
    }

    // ---- statements ------------------------------------------------------------------------------------------------

    fn body(&self, body: Body<'a>) -> Result<Body<'a>> {
        self.all(body, |stmt| self.stmt(stmt))
    }

    /// A body that can begin with a docstring.
    fn documented(&self, body: Body<'a>) -> Result<Body<'a>> {
        let had_docstring = docstring(body).is_some();
        if had_docstring && self.optimize >= 2 {
            if let [only] = body {
                let range = Range::new(
                    only.range.lineno,
                    only.range.col_offset,
                    only.range.lineno,
                    only.range.col_offset.saturating_add(4),
                );
                return Ok(self.arena.slice(&[self.arena.alloc(Stmt { kind: StmtKind::Pass, range })]));
            }
            return self.plain_start(self.body(&body[1..])?);
        }
        let body = self.body(body)?;
        if had_docstring { Ok(body) } else { self.plain_start(body) }
    }

    /// A string that stands first only now is no docstring.
    fn plain_start(&self, body: Body<'a>) -> Result<Body<'a>> {
        let Some((_, value)) = docstring(body) else { return Ok(body) };
        let values = self.arena.slice(&[value]);
        let value = self.arena.alloc(Expr { kind: ExprKind::JoinedStr { values }, range: value.range });
        let mut stmts = body.to_vec();
        stmts[0] = self.arena.alloc(Stmt { kind: StmtKind::Expr { value }, range: body[0].range });
        Ok(self.arena.slice(&stmts))
    }

    fn stmt(&self, stmt: &'a Stmt<'a>) -> Result<&'a Stmt<'a>> {
        self.stack.check()?;
        let kind = match stmt.kind {
            StmtKind::FunctionDef(def) => StmtKind::FunctionDef(self.function(def)?),
            StmtKind::AsyncFunctionDef(def) => StmtKind::AsyncFunctionDef(self.function(def)?),
            StmtKind::ClassDef(def) => StmtKind::ClassDef(self.arena.alloc(ClassDef {
                type_params: self.type_params(def.type_params)?,
                bases: self.exprs(def.bases)?,
                keywords: self.keywords(def.keywords)?,
                body: self.documented(def.body)?,
                decorator_list: self.exprs(def.decorator_list)?,
                name: def.name,
            })),
            StmtKind::Return { value } => StmtKind::Return { value: self.optional(value)? },
            StmtKind::Delete { targets } => StmtKind::Delete { targets: self.exprs(targets)? },
            StmtKind::Assign { targets, value, type_comment } => {
                StmtKind::Assign { targets: self.exprs(targets)?, value: self.expr(value)?, type_comment }
            }
            StmtKind::TypeAlias { name, type_params, value } => StmtKind::TypeAlias {
                name: self.expr(name)?,
                type_params: self.type_params(type_params)?,
                value: self.expr(value)?,
            },
            StmtKind::AugAssign { target, op, value } => {
                StmtKind::AugAssign { target: self.expr(target)?, op, value: self.expr(value)? }
            }
            StmtKind::AnnAssign { target, annotation, value, simple } => StmtKind::AnnAssign {
                target: self.expr(target)?,
                annotation: self.annotation(Some(annotation))?.unwrap_or(annotation),
                value: self.optional(value)?,
                simple,
            },
            StmtKind::For(node) => StmtKind::For(self.for_loop(node)?),
            StmtKind::AsyncFor(node) => StmtKind::AsyncFor(self.for_loop(node)?),
            StmtKind::While { test, body, orelse } => {
                StmtKind::While { test: self.expr(test)?, body: self.body(body)?, orelse: self.body(orelse)? }
            }
            StmtKind::If { test, body, orelse } => {
                StmtKind::If { test: self.expr(test)?, body: self.body(body)?, orelse: self.body(orelse)? }
            }
            StmtKind::With(node) => StmtKind::With(self.with(node)?),
            StmtKind::AsyncWith(node) => StmtKind::AsyncWith(self.with(node)?),
            StmtKind::Match { subject, cases } => StmtKind::Match {
                subject: self.expr(subject)?,
                cases: self.all(cases, |case| {
                    Ok(MatchCase {
                        pattern: self.pattern(case.pattern)?,
                        guard: self.optional(case.guard)?,
                        body: self.body(case.body)?,
                    })
                })?,
            },
            StmtKind::Raise { exc, cause } => {
                StmtKind::Raise { exc: self.optional(exc)?, cause: self.optional(cause)? }
            }
            StmtKind::Try(node) => StmtKind::Try(self.try_stmt(node)?),
            StmtKind::TryStar(node) => StmtKind::TryStar(self.try_stmt(node)?),
            StmtKind::Assert { test, msg } => StmtKind::Assert { test: self.expr(test)?, msg: self.optional(msg)? },
            StmtKind::Expr { value } => StmtKind::Expr { value: self.expr(value)? },
            kind @ (StmtKind::Import { .. }
            | StmtKind::ImportFrom { .. }
            | StmtKind::Global { .. }
            | StmtKind::Nonlocal { .. }
            | StmtKind::Pass
            | StmtKind::Break
            | StmtKind::Continue) => kind,
        };
        Ok(self.arena.alloc(Stmt { kind, range: stmt.range }))
    }

    fn function(&self, def: &'a FunctionDef<'a>) -> Result<&'a FunctionDef<'a>> {
        Ok(self.arena.alloc(FunctionDef {
            args: self.arguments(def.args)?,
            body: self.documented(def.body)?,
            decorator_list: self.exprs(def.decorator_list)?,
            returns: self.annotation(def.returns)?,
            type_params: self.type_params(def.type_params)?,
            ..*def
        }))
    }

    fn for_loop(&self, node: &'a For<'a>) -> Result<&'a For<'a>> {
        Ok(self.arena.alloc(For {
            target: self.expr(node.target)?,
            iter: self.expr(node.iter)?,
            body: self.body(node.body)?,
            orelse: self.body(node.orelse)?,
            type_comment: node.type_comment,
        }))
    }

    fn with(&self, node: &'a With<'a>) -> Result<&'a With<'a>> {
        let items = self.all(node.items, |item| {
            Ok(WithItem {
                context_expr: self.expr(item.context_expr)?,
                optional_vars: self.optional(item.optional_vars)?,
            })
        })?;
        Ok(self.arena.alloc(With { items, body: self.body(node.body)?, type_comment: node.type_comment }))
    }

    fn try_stmt(&self, node: &'a Try<'a>) -> Result<&'a Try<'a>> {
        let handlers = self.all(node.handlers, |handler| {
            Ok(ExceptHandler { type_: self.optional(handler.type_)?, body: self.body(handler.body)?, ..handler })
        })?;
        Ok(self.arena.alloc(Try {
            body: self.body(node.body)?,
            handlers,
            orelse: self.body(node.orelse)?,
            finalbody: self.body(node.finalbody)?,
        }))
    }

    fn type_params(&self, params: &'a [TypeParam<'a>]) -> Result<&'a [TypeParam<'a>]> {
        self.all(params, |param| {
            let kind = match param.kind {
                TypeParamKind::TypeVar { name, bound, default_value } => TypeParamKind::TypeVar {
                    name,
                    bound: self.optional(bound)?,
                    default_value: self.optional(default_value)?,
                },
                TypeParamKind::ParamSpec { name, default_value } => {
                    TypeParamKind::ParamSpec { name, default_value: self.optional(default_value)? }
                }
                TypeParamKind::TypeVarTuple { name, default_value } => {
                    TypeParamKind::TypeVarTuple { name, default_value: self.optional(default_value)? }
                }
            };
            Ok(TypeParam { kind, range: param.range })
        })
    }

    fn arg(&self, arg: Arg<'a>) -> Result<Arg<'a>> {
        Ok(Arg { annotation: self.annotation(arg.annotation)?, ..arg })
    }

    fn arguments(&self, args: &'a Arguments<'a>) -> Result<&'a Arguments<'a>> {
        let single = |arg: Option<&'a Arg<'a>>| -> Result<Option<&'a Arg<'a>>> {
            arg.map(|arg| Ok(self.arena.alloc(self.arg(*arg)?))).transpose()
        };
        Ok(self.arena.alloc(Arguments {
            posonlyargs: self.all(args.posonlyargs, |arg| self.arg(arg))?,
            args: self.all(args.args, |arg| self.arg(arg))?,
            vararg: single(args.vararg)?,
            kwonlyargs: self.all(args.kwonlyargs, |arg| self.arg(arg))?,
            kw_defaults: self.all(args.kw_defaults, |default| self.optional(default))?,
            kwarg: single(args.kwarg)?,
            defaults: self.exprs(args.defaults)?,
        }))
    }

    fn keywords(&self, keywords: &'a [Keyword<'a>]) -> Result<&'a [Keyword<'a>]> {
        self.all(keywords, |keyword| Ok(Keyword { value: self.expr(keyword.value)?, ..keyword }))
    }

    // ---- expressions -----------------------------------------------------------------------------------------------

    fn comprehensions(&self, generators: &'a [Comprehension<'a>]) -> Result<&'a [Comprehension<'a>]> {
        self.all(generators, |generator| {
            Ok(Comprehension {
                target: self.expr(generator.target)?,
                iter: self.expr(generator.iter)?,
                ifs: self.exprs(generator.ifs)?,
                is_async: generator.is_async,
            })
        })
    }

    fn expr(&self, expr: ExprRef<'a>) -> Result<ExprRef<'a>> {
        self.stack.check()?;
        let kind = match expr.kind {
            ExprKind::BoolOp { op, values } => ExprKind::BoolOp { op, values: self.exprs(values)? },
            ExprKind::NamedExpr { target, value } => {
                ExprKind::NamedExpr { target: self.expr(target)?, value: self.expr(value)? }
            }
            ExprKind::BinOp { left, op, right } => {
                let (left, right) = (self.expr(left)?, self.expr(right)?);
                if op == Operator::Mod
                    && may_be_percent_format(left, right)
                    && let Some(joined) = percent_format(self.arena, expr, left, right)
                {
                    return Ok(joined);
                }
                ExprKind::BinOp { left, op, right }
            }
            ExprKind::UnaryOp { op, operand } => ExprKind::UnaryOp { op, operand: self.expr(operand)? },
            ExprKind::Lambda { args, body } => ExprKind::Lambda { args: self.arguments(args)?, body: self.expr(body)? },
            ExprKind::IfExp { test, body, orelse } => {
                ExprKind::IfExp { test: self.expr(test)?, body: self.expr(body)?, orelse: self.expr(orelse)? }
            }
            ExprKind::Dict { keys, values } => {
                ExprKind::Dict { keys: self.all(keys, |key| self.optional(key))?, values: self.exprs(values)? }
            }
            ExprKind::Set { elts } => ExprKind::Set { elts: self.exprs(elts)? },
            ExprKind::ListComp { elt, generators } => {
                ExprKind::ListComp { elt: self.expr(elt)?, generators: self.comprehensions(generators)? }
            }
            ExprKind::SetComp { elt, generators } => {
                ExprKind::SetComp { elt: self.expr(elt)?, generators: self.comprehensions(generators)? }
            }
            ExprKind::GeneratorExp { elt, generators } => {
                ExprKind::GeneratorExp { elt: self.expr(elt)?, generators: self.comprehensions(generators)? }
            }
            ExprKind::DictComp { key, value, generators } => ExprKind::DictComp {
                key: self.expr(key)?,
                value: self.expr(value)?,
                generators: self.comprehensions(generators)?,
            },
            ExprKind::Await { value } => ExprKind::Await { value: self.expr(value)? },
            ExprKind::Yield { value } => ExprKind::Yield { value: self.optional(value)? },
            ExprKind::YieldFrom { value } => ExprKind::YieldFrom { value: self.expr(value)? },
            ExprKind::Compare { left, ops, comparators } => {
                ExprKind::Compare { left: self.expr(left)?, ops, comparators: self.exprs(comparators)? }
            }
            ExprKind::Call { func, args, keywords } => {
                ExprKind::Call { func: self.expr(func)?, args: self.exprs(args)?, keywords: self.keywords(keywords)? }
            }
            ExprKind::FormattedValue { value, conversion, format_spec } => ExprKind::FormattedValue {
                value: self.expr(value)?,
                conversion,
                format_spec: self.optional(format_spec)?,
            },
            ExprKind::Interpolation { value, str, conversion, format_spec } => ExprKind::Interpolation {
                value: self.expr(value)?,
                str,
                conversion,
                format_spec: self.optional(format_spec)?,
            },
            ExprKind::JoinedStr { values } => ExprKind::JoinedStr { values: self.exprs(values)? },
            ExprKind::TemplateStr { values } => ExprKind::TemplateStr { values: self.exprs(values)? },
            ExprKind::Attribute { value, attr, ctx } => ExprKind::Attribute { value: self.expr(value)?, attr, ctx },
            ExprKind::Subscript { value, slice, ctx } => {
                ExprKind::Subscript { value: self.expr(value)?, slice: self.expr(slice)?, ctx }
            }
            ExprKind::Starred { value, ctx } => ExprKind::Starred { value: self.expr(value)?, ctx },
            ExprKind::Name { id: "__debug__", ctx: ExprContext::Load } => {
                ExprKind::Constant { value: Constant::Bool(self.optimize == 0), kind: None }
            }
            ExprKind::List { elts, ctx } => ExprKind::List { elts: self.exprs(elts)?, ctx },
            ExprKind::Tuple { elts, ctx } => ExprKind::Tuple { elts: self.exprs(elts)?, ctx },
            ExprKind::Slice { lower, upper, step } => ExprKind::Slice {
                lower: self.optional(lower)?,
                upper: self.optional(upper)?,
                step: self.optional(step)?,
            },
            ExprKind::Constant { .. } | ExprKind::Name { .. } => return Ok(expr),
        };
        Ok(self.arena.alloc(Expr { kind, range: expr.range }))
    }

    // ---- patterns --------------------------------------------------------------------------------------------------

    /// A literal in a pattern: `-1` and `1+2j` become constants.
    fn pattern_value(&self, value: ExprRef<'a>) -> Result<ExprRef<'a>> {
        if !matches!(value.kind, ExprKind::UnaryOp { .. } | ExprKind::BinOp { .. }) {
            return self.expr(value);
        }
        let mut convert = |constant: &Constant<'a>| {
            Ok(match *constant {
                Constant::Int(Int::Small(value)) => code::Constant::Int(value),
                Constant::Int(Int::Big { negative, digits }) => fold::from_digits(negative, digits),
                Constant::Float(value) => code::Constant::Float(value),
                Constant::Complex { real, imag } => code::Constant::Complex { real, imag },
                _ => code::Constant::None,
            })
        };
        let constant = match pattern_constant(value, &mut convert)? {
            Some(code::Constant::Int(value)) => Constant::Int(Int::Small(value)),
            Some(code::Constant::BigInt(value)) => {
                Constant::Int(Int::Big { negative: value.negative, digits: self.arena.slice(&value.digits) })
            }
            Some(code::Constant::Float(value)) => Constant::Float(value),
            Some(code::Constant::Complex { real, imag }) => Constant::Complex { real, imag },
            _ => return Ok(value),
        };
        let kind = ExprKind::Constant { value: constant, kind: None };
        Ok(self.arena.alloc(Expr { kind, range: value.range }))
    }

    fn patterns(&self, patterns: &'a [PatternRef<'a>]) -> Result<&'a [PatternRef<'a>]> {
        self.all(patterns, |pattern| self.pattern(pattern))
    }

    fn pattern(&self, pattern: PatternRef<'a>) -> Result<PatternRef<'a>> {
        self.stack.check()?;
        let kind = match pattern.kind {
            PatternKind::MatchValue { value } => PatternKind::MatchValue { value: self.pattern_value(value)? },
            PatternKind::MatchSequence { patterns } => {
                PatternKind::MatchSequence { patterns: self.patterns(patterns)? }
            }
            PatternKind::MatchMapping { keys, patterns, rest } => PatternKind::MatchMapping {
                keys: self.all(keys, |key| self.pattern_value(key))?,
                patterns: self.patterns(patterns)?,
                rest,
            },
            PatternKind::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => PatternKind::MatchClass {
                cls: self.expr(cls)?,
                patterns: self.patterns(patterns)?,
                kwd_attrs,
                kwd_patterns: self.patterns(kwd_patterns)?,
            },
            PatternKind::MatchAs { pattern, name } => {
                PatternKind::MatchAs { pattern: pattern.map(|pattern| self.pattern(pattern)).transpose()?, name }
            }
            PatternKind::MatchOr { patterns } => PatternKind::MatchOr { patterns: self.patterns(patterns)? },
            PatternKind::MatchSingleton { .. } | PatternKind::MatchStar { .. } => return Ok(pattern),
        };
        Ok(self.arena.alloc(Pattern { kind, range: pattern.range }))
    }
}
