//! Expressions: uses of names, lambdas, comprehensions; and patterns.

use taipan_syntax::ast::*;

use super::Builder;
use crate::error::{CompileError, Result};
use crate::names::{Symbol, known};
use crate::symtable::flag::*;
use crate::symtable::{BlockKind, Comprehension as Comp, Key};

impl<'a> Builder<'a, '_> {
    /// Finds the scope that an assignment expression inside a comprehension binds in.
    pub(super) fn extend_named_target(&mut self, target: ExprRef<'a>) -> Result<()> {
        let ExprKind::Name { id, .. } = target.kind else { return Ok(()) };
        let name = self.names.intern(id);
        let loc = target.range;
        for index in (0..self.open.len()).rev() {
            let id = self.open[index];
            let (kind, is_comprehension) = {
                let block = self.table.block(id);
                (block.kind, block.comprehension != Comp::None)
            };
            if is_comprehension {
                let flags = self.flags_in(id, name);
                if flags & DEF_COMP_ITER != 0 && flags & DEF_LOCAL != 0 {
                    let text = self.text(name);
                    return self.error(
                        loc,
                        format!("assignment expression cannot rebind comprehension iteration variable '{text}'"),
                    );
                }
                continue;
            }
            let within = match kind {
                BlockKind::Function => {
                    let flags = self.flags_in(id, name);
                    self.define(name, if flags & DEF_GLOBAL != 0 { DEF_GLOBAL } else { DEF_NONLOCAL }, loc)?;
                    self.note_directive(name, loc);
                    return self.define_in(id, name, DEF_LOCAL, loc);
                }
                BlockKind::Module => {
                    self.define(name, DEF_GLOBAL, loc)?;
                    self.note_directive(name, loc);
                    return self.define_in(id, name, DEF_GLOBAL, loc);
                }
                BlockKind::Class => "used in a class body",
                BlockKind::TypeParameters => "used within the definition of a generic",
                BlockKind::TypeAlias => "used in a type alias",
                BlockKind::TypeVariable => "used in a TypeVar bound",
                BlockKind::Annotation => continue,
            };
            return self.error(loc, format!("assignment expression within a comprehension cannot be {within}"));
        }
        Ok(())
    }

    pub(super) fn not_in_annotation(&self, what: &str, expr: ExprRef<'a>) -> Result<()> {
        let block = self.cur();
        let message = match block.kind {
            BlockKind::Annotation => format!("{what} cannot be used within an annotation"),
            BlockKind::TypeVariable => format!("{what} cannot be used within {}", block.scope_info),
            BlockKind::TypeAlias => format!("{what} cannot be used within a type alias"),
            BlockKind::TypeParameters => format!("{what} cannot be used within the definition of a generic"),
            _ => return Ok(()),
        };
        self.error(expr.range, message)
    }

    pub(super) fn mark_generator(&mut self, expr: ExprRef<'a>) -> Result<()> {
        let block = self.cur_mut();
        block.generator = true;
        let kind = match block.comprehension {
            Comp::None => return Ok(()),
            Comp::List => "list comprehension",
            Comp::Set => "set comprehension",
            Comp::Dict => "dict comprehension",
            Comp::Generator => "generator expression",
        };
        self.error(expr.range, format!("'yield' inside {kind}"))
    }

    pub(super) fn expr(&mut self, expr: ExprRef<'a>) -> Result<()> {
        self.stack.check()?;
        match expr.kind {
            ExprKind::Name { id, ctx } => {
                let name = self.names.intern(id);
                // The name is a constant.
                if name == known::debug && ctx == ExprContext::Load && self.settings.debug_is_constant {
                    return Ok(());
                }
                if !self.cur().in_unevaluated_annotation {
                    let flag = if ctx == ExprContext::Load { USE } else { DEF_LOCAL };
                    self.define_ctx(name, flag, expr.range, ctx)?;
                    if name == known::super_ && ctx == ExprContext::Load && self.cur().is_function_like() {
                        self.define(known::class, USE, expr.range)?;
                    }
                }
                Ok(())
            }
            ExprKind::Constant { .. } => Ok(()),
            ExprKind::Attribute { value, attr, ctx } => {
                if attr == "__debug__" {
                    self.check_name(known::debug, expr.range, ctx)?;
                }
                self.expr(value)
            }
            ExprKind::Call { func, args, keywords } => {
                self.expr(func)?;
                self.exprs(args)?;
                self.keywords(keywords)
            }
            ExprKind::NamedExpr { target, value } => {
                self.not_in_annotation("named expression", expr)?;
                if self.cur().comp_iter_expr > 0 {
                    return self.error(
                        expr.range,
                        "assignment expression cannot be used in a comprehension iterable expression".into(),
                    );
                }
                if self.cur().comprehension != Comp::None {
                    self.extend_named_target(target)?;
                }
                self.expr(value)?;
                self.expr(target)
            }
            ExprKind::BoolOp { values, .. } => self.exprs(values),
            ExprKind::BinOp { left, right, .. } => {
                self.expr(left)?;
                self.expr(right)
            }
            ExprKind::UnaryOp { operand, .. } => self.expr(operand),
            ExprKind::Lambda { args, body } => {
                self.exprs(args.defaults)?;
                for default in args.kw_defaults {
                    self.optional(*default)?;
                }
                self.enter(known::lambda, BlockKind::Function, Some(Key::expr(expr)), expr.range)?;
                self.arguments(args)?;
                self.expr(body)?;
                self.exit();
                Ok(())
            }
            ExprKind::IfExp { test, body, orelse } => {
                self.expr(test)?;
                self.expr(body)?;
                self.expr(orelse)
            }
            ExprKind::Dict { keys, values } => {
                for key in keys {
                    self.optional(*key)?;
                }
                self.exprs(values)
            }
            ExprKind::Set { elts } | ExprKind::List { elts, .. } | ExprKind::Tuple { elts, .. } => self.exprs(elts),
            ExprKind::ListComp { elt, generators } => {
                self.comprehension(expr, (known::listcomp, Comp::List), generators, &[elt])
            }
            ExprKind::SetComp { elt, generators } => {
                self.comprehension(expr, (known::setcomp, Comp::Set), generators, &[elt])
            }
            ExprKind::DictComp { key, value, generators } => {
                self.comprehension(expr, (known::dictcomp, Comp::Dict), generators, &[value, key])
            }
            ExprKind::GeneratorExp { elt, generators } => {
                self.comprehension(expr, (known::genexpr, Comp::Generator), generators, &[elt])
            }
            ExprKind::Yield { value } => {
                self.not_in_annotation("yield expression", expr)?;
                self.optional(value)?;
                self.mark_generator(expr)
            }
            ExprKind::YieldFrom { value } => {
                self.not_in_annotation("yield expression", expr)?;
                self.expr(value)?;
                self.mark_generator(expr)
            }
            ExprKind::Await { value } => {
                self.not_in_annotation("await expression", expr)?;
                if !self.allows_top_level_await() {
                    if !self.cur().is_function_like() {
                        return self.error(expr.range, "'await' outside function".into());
                    }
                    if !self.is_async_def() && self.cur().comprehension == Comp::None {
                        return self.error(expr.range, "'await' outside async function".into());
                    }
                }
                self.expr(value)?;
                self.cur_mut().coroutine = true;
                Ok(())
            }
            ExprKind::Compare { left, comparators, .. } => {
                self.expr(left)?;
                self.exprs(comparators)
            }
            ExprKind::FormattedValue { value, format_spec, .. }
            | ExprKind::Interpolation { value, format_spec, .. } => {
                self.expr(value)?;
                self.optional(format_spec)
            }
            ExprKind::JoinedStr { values } | ExprKind::TemplateStr { values } => self.exprs(values),
            ExprKind::Subscript { value, slice, .. } => {
                self.expr(value)?;
                self.expr(slice)
            }
            ExprKind::Starred { value, .. } => self.expr(value),
            ExprKind::Slice { lower, upper, step } => {
                self.optional(lower)?;
                self.optional(upper)?;
                self.optional(step)
            }
        }
    }

    fn comprehension(
        &mut self,
        expr: ExprRef<'a>,
        (name, kind): (Symbol, Comp),
        generators: &'a [Comprehension<'a>],
        elements: &[ExprRef<'a>],
    ) -> Result<()> {
        let Some(outermost) = generators.first() else {
            return Err(CompileError::Other("ValueError", "comprehension with no generators".into()));
        };
        // The first iterable is evaluated outside.
        self.iterable(outermost)?;
        self.enter(name, BlockKind::Function, Some(Key::expr(expr)), expr.range)?;
        self.cur_mut().comprehension = kind;
        self.cur_mut().coroutine |= outermost.is_async != 0;
        self.define(known::dot_zero, DEF_PARAM, expr.range)?;
        for (number, generator) in generators.iter().enumerate() {
            self.cur_mut().comp_iter_target = true;
            self.expr(generator.target)?;
            self.cur_mut().comp_iter_target = false;
            if number > 0 {
                self.iterable(generator)?;
            }
            self.exprs(generator.ifs)?;
            self.cur_mut().coroutine |= generator.is_async != 0;
        }
        elements.iter().try_for_each(|element| self.expr(element))?;
        let is_generator = kind == Comp::Generator;
        let block = self.cur_mut();
        block.generator = is_generator;
        let is_async = block.coroutine && !is_generator;
        self.exit();
        if is_async {
            if !self.is_async_def() && self.cur().comprehension == Comp::None && !self.allows_top_level_await() {
                return self.error(expr.range, "asynchronous comprehension outside of an asynchronous function".into());
            }
            self.cur_mut().coroutine = true;
        }
        Ok(())
    }

    /// What a `for` of a comprehension iterates over; no assignment expression may stand there.
    fn iterable(&mut self, generator: &'a Comprehension<'a>) -> Result<()> {
        self.cur_mut().comp_iter_expr += 1;
        self.expr(generator.iter)?;
        self.cur_mut().comp_iter_expr -= 1;
        Ok(())
    }

    pub(super) fn patterns(&mut self, patterns: &'a [PatternRef<'a>]) -> Result<()> {
        patterns.iter().try_for_each(|pattern| self.pattern(pattern))
    }

    pub(super) fn pattern(&mut self, pattern: PatternRef<'a>) -> Result<()> {
        self.stack.check()?;
        let loc = pattern.range;
        match pattern.kind {
            PatternKind::MatchValue { value } => self.expr(value),
            PatternKind::MatchSingleton { .. } => Ok(()),
            PatternKind::MatchSequence { patterns } | PatternKind::MatchOr { patterns } => self.patterns(patterns),
            PatternKind::MatchStar { name } => match name {
                Some(name) => self.define_str(name, DEF_LOCAL, loc),
                None => Ok(()),
            },
            PatternKind::MatchMapping { keys, patterns, rest } => {
                self.exprs(keys)?;
                self.patterns(patterns)?;
                match rest {
                    Some(rest) => self.define_str(rest, DEF_LOCAL, loc),
                    None => Ok(()),
                }
            }
            PatternKind::MatchClass { cls, patterns, kwd_attrs, kwd_patterns } => {
                self.expr(cls)?;
                self.patterns(patterns)?;
                for (attr, pattern) in kwd_attrs.iter().zip(kwd_patterns) {
                    if *attr == "__debug__" {
                        self.check_name(known::debug, pattern.range, ExprContext::Store)?;
                    }
                }
                self.patterns(kwd_patterns)
            }
            PatternKind::MatchAs { pattern, name } => {
                if let Some(pattern) = pattern {
                    self.pattern(pattern)?;
                }
                match name {
                    Some(name) => self.define_str(name, DEF_LOCAL, loc),
                    None => Ok(()),
                }
            }
        }
    }
}
