//! Statements: what they bind, and the scopes that they open.

use taipan_syntax::ast::*;

use super::Builder;
use crate::error::{CompileError, Result};
use crate::fx::FxHashSet;
use crate::ir::Loc;
use crate::names::{Symbol, known};
use crate::symtable::docstring;
use crate::symtable::flag::*;
use crate::symtable::{BlockKind, Key, Part};

impl<'a> Builder<'a, '_> {
    /// Opens the scope of type parameters and notes them. `given`: other names that the scope has, and how.
    fn enter_type_params(
        &mut self,
        name: Symbol,
        params: &'a [TypeParam<'a>],
        loc: Loc,
        given: &[(Symbol, u32)],
    ) -> Result<()> {
        let in_class = self.cur().kind == BlockKind::Class;
        let key = params.first().map(|first| Key::type_param(first, Part::TypeParameters));
        self.enter(name, BlockKind::TypeParameters, key, loc)?;
        if in_class {
            self.cur_mut().can_see_class_scope = true;
            self.define(known::classdict, USE, loc)?;
        }
        given.iter().try_for_each(|(name, flag)| self.define(*name, *flag, loc))
    }

    pub(super) fn function(&mut self, stmt: &'a Stmt<'a>, def: &'a FunctionDef<'a>, is_async: bool) -> Result<()> {
        let loc = stmt.range;
        let name = self.names.intern(def.name);
        self.define(name, DEF_LOCAL, loc)?;
        self.exprs(def.args.defaults)?;
        for default in def.args.kw_defaults {
            self.optional(*default)?;
        }
        self.exprs(def.decorator_list)?;
        let generic = !def.type_params.is_empty();
        if generic {
            // The scope takes the defaults of the function as arguments.
            let given = [(known::dot_defaults, DEF_PARAM), (known::dot_kwdefaults, DEF_PARAM)];
            let has_kwdefaults = def.args.kw_defaults.iter().any(Option::is_some);
            self.enter_type_params(name, def.type_params, loc, &given[..1 + has_kwdefaults as usize])?;
            self.type_params(def.type_params)?;
        }
        let block = self.new_block(name, BlockKind::Function, Some(Key::stmt(stmt, Part::Body)), loc);
        self.table.block_mut(block).has_docstring = self.settings.optimize < 2 && docstring(def.body).is_some();
        self.signature_annotations(stmt, def)?;
        self.enter_existing(block, true);
        if is_async {
            self.cur_mut().coroutine = true;
        }
        self.arguments(def.args)?;
        self.stmts(def.body)?;
        self.exit();
        if generic {
            self.exit();
        }
        Ok(())
    }

    pub(super) fn class(&mut self, stmt: &'a Stmt<'a>, def: &'a ClassDef<'a>) -> Result<()> {
        let loc = stmt.range;
        let name = self.names.intern(def.name);
        self.define(name, DEF_LOCAL, loc)?;
        self.exprs(def.decorator_list)?;
        let outer_private = self.private;
        let generic = !def.type_params.is_empty();
        if generic {
            let own = [known::dot_type_params, known::dot_generic_base];
            let given = own.map(|name| [(name, DEF_LOCAL), (name, USE)]);
            self.enter_type_params(name, def.type_params, loc, given.as_flattened())?;
            self.private = Some(name);
            self.table.mangled.push(FxHashSet::default());
            let set = self.table.mangled.len() as u32 - 1;
            self.cur_mut().mangled = Some(set);
            self.type_params(def.type_params)?;
        }
        self.exprs(def.bases)?;
        self.keywords(def.keywords)?;
        self.enter(name, BlockKind::Class, Some(Key::stmt(stmt, Part::Body)), loc)?;
        self.private = Some(name);
        if generic {
            self.define(known::type_params, DEF_LOCAL, loc)?;
            self.define(known::dot_type_params, USE, loc)?;
        }
        self.cur_mut().has_docstring = self.settings.optimize < 2 && docstring(def.body).is_some();
        self.stmts(def.body)?;
        self.exit();
        if generic {
            self.exit();
        }
        self.private = outer_private;
        Ok(())
    }

    pub(super) fn keywords(&mut self, keywords: &'a [Keyword<'a>]) -> Result<()> {
        for keyword in keywords {
            if keyword.arg == Some("__debug__") {
                self.check_name(known::debug, keyword.range, ExprContext::Store)?;
            }
        }
        keywords.iter().try_for_each(|keyword| self.expr(keyword.value))
    }

    /// `global` and `nonlocal`.
    fn directive(&mut self, loc: Loc, idents: &'a [Identifier<'a>], flag: u32) -> Result<()> {
        let kind = if flag == DEF_GLOBAL { "global" } else { "nonlocal" };
        for text in idents {
            let name = self.names.intern(text);
            // What the name has been until now.
            let fault = match self.flags_in(self.cur, name) {
                uses if uses & DEF_PARAM != 0 => format!("name '{text}' is parameter and {kind}"),
                uses if uses & USE != 0 => format!("name '{text}' is used prior to {kind} declaration"),
                uses if uses & DEF_ANNOT != 0 => format!("annotated name '{text}' can't be {kind}"),
                uses if uses & DEF_LOCAL != 0 => format!("name '{text}' is assigned to before {kind} declaration"),
                _ => {
                    self.define(name, flag, loc)?;
                    self.note_directive(name, loc);
                    continue;
                }
            };
            return self.error(loc, fault);
        }
        Ok(())
    }

    pub(super) fn annotated_assignment(
        &mut self,
        stmt: &'a Stmt<'a>,
        target: ExprRef<'a>,
        annotation: ExprRef<'a>,
        value: Option<ExprRef<'a>>,
        simple: i32,
    ) -> Result<()> {
        self.cur_mut().annotations_used = true;
        if let ExprKind::Name { id, .. } = target.kind {
            let name = self.names.intern(id);
            let cur = self.flags_in(self.cur, name);
            if cur & (DEF_GLOBAL | DEF_NONLOCAL) != 0 && self.cur != 0 && simple != 0 {
                let kind = if cur & DEF_GLOBAL != 0 { "global" } else { "nonlocal" };
                return self.error(stmt.range, format!("annotated name '{id}' can't be {kind}"));
            }
            if simple != 0 {
                self.define(name, DEF_ANNOT | DEF_LOCAL, target.range)?;
            } else if value.is_some() {
                self.define(name, DEF_LOCAL, target.range)?;
            }
        } else {
            self.expr(target)?;
        }
        self.annotation(annotation)?;
        self.optional(value)
    }

    pub(super) fn stmt(&mut self, stmt: &'a Stmt<'a>) -> Result<()> {
        self.stack.check()?;
        match stmt.kind {
            StmtKind::FunctionDef(def) => self.function(stmt, def, false),
            StmtKind::AsyncFunctionDef(def) => self.function(stmt, def, true),
            StmtKind::ClassDef(def) => self.class(stmt, def),
            StmtKind::TypeAlias { name, type_params, value } => self.type_alias(stmt, name, type_params, value),
            StmtKind::Return { value } => self.optional(value),
            StmtKind::Delete { targets } => self.exprs(targets),
            StmtKind::Assign { targets, value, .. } => {
                self.exprs(targets)?;
                self.expr(value)
            }
            StmtKind::AugAssign { target, value, .. } => {
                self.expr(target)?;
                self.expr(value)
            }
            StmtKind::AnnAssign { target, annotation, value, simple } => {
                self.annotated_assignment(stmt, target, annotation, value, simple)
            }
            StmtKind::For(node) => self.for_loop(node),
            StmtKind::AsyncFor(node) => {
                self.require_coroutine("'async for' outside async function", stmt.range)?;
                self.for_loop(node)
            }
            StmtKind::While { test, body, orelse } | StmtKind::If { test, body, orelse } => {
                self.expr(test)?;
                self.conditional(|b| {
                    b.stmts(body)?;
                    b.stmts(orelse)
                })
            }
            StmtKind::With(node) => self.with(node),
            StmtKind::AsyncWith(node) => {
                self.require_coroutine("'async with' outside async function", stmt.range)?;
                self.with(node)
            }
            StmtKind::Match { subject, cases } => {
                self.expr(subject)?;
                self.conditional(|b| {
                    for case in cases {
                        b.pattern(case.pattern)?;
                        b.optional(case.guard)?;
                        b.stmts(case.body)?;
                    }
                    Ok(())
                })
            }
            StmtKind::Raise { exc, cause } => {
                if exc.is_some() {
                    self.optional(exc)?;
                    self.optional(cause)?;
                }
                Ok(())
            }
            StmtKind::Try(node) | StmtKind::TryStar(node) => self.conditional(|b| {
                b.table.has_finally |= !node.finalbody.is_empty();
                b.stmts(node.body)?;
                for handler in node.handlers {
                    b.optional(handler.type_)?;
                    if let Some(name) = handler.name {
                        b.define_str(name, DEF_LOCAL, handler.range)?;
                    }
                    b.stmts(handler.body)?;
                }
                b.stmts(node.orelse)?;
                b.stmts(node.finalbody)
            }),
            StmtKind::Assert { test, msg } => {
                self.expr(test)?;
                self.optional(msg)
            }
            StmtKind::Import { names } => names.iter().try_for_each(|alias| self.alias(alias)),
            StmtKind::ImportFrom { module, names, level } => {
                names.iter().try_for_each(|alias| self.alias(alias))?;
                let (line, column) = self.settings.future_end;
                let range = stmt.range;
                if module == Some("__future__")
                    && level.unwrap_or(0) == 0
                    && (range.lineno > line || range.lineno == line && range.col_offset > column)
                {
                    return self.error(range, "from __future__ imports must occur at the beginning of the file".into());
                }
                Ok(())
            }
            StmtKind::Global { names } => self.directive(stmt.range, names, DEF_GLOBAL),
            StmtKind::Nonlocal { names } => self.directive(stmt.range, names, DEF_NONLOCAL),
            StmtKind::Expr { value } => self.expr(value),
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => Ok(()),
        }
    }

    pub(super) fn for_loop(&mut self, node: &'a For<'a>) -> Result<()> {
        self.expr(node.target)?;
        self.expr(node.iter)?;
        self.conditional(|b| {
            b.stmts(node.body)?;
            b.stmts(node.orelse)
        })
    }

    pub(super) fn with(&mut self, node: &'a With<'a>) -> Result<()> {
        self.conditional(|b| {
            for item in node.items {
                b.expr(item.context_expr)?;
                b.optional(item.optional_vars)?;
            }
            b.stmts(node.body)
        })
    }

    pub(super) fn type_alias(
        &mut self,
        stmt: &'a Stmt<'a>,
        name: ExprRef<'a>,
        type_params: &'a [TypeParam<'a>],
        value: ExprRef<'a>,
    ) -> Result<()> {
        self.expr(name)?;
        let ExprKind::Name { id, .. } = name.kind else {
            return Err(CompileError::Other("TypeError", "TypeAlias with non-Name name".into()));
        };
        let name = self.names.intern(id);
        let in_class = self.cur().kind == BlockKind::Class;
        if !type_params.is_empty() {
            self.enter_type_params(name, type_params, stmt.range, &[])?;
            self.type_params(type_params)?;
        }
        self.enter(name, BlockKind::TypeAlias, Some(Key::stmt(stmt, Part::Body)), stmt.range)?;
        self.cur_mut().can_see_class_scope = in_class;
        if in_class {
            self.define(known::classdict, USE, value.range)?;
        }
        self.expr(value)?;
        self.exit();
        if !type_params.is_empty() {
            self.exit();
        }
        Ok(())
    }

    pub(super) fn params(&mut self, args: &'a [Arg<'a>]) -> Result<()> {
        args.iter().try_for_each(|arg| self.define_str(arg.arg, DEF_PARAM, arg.range))
    }

    pub(super) fn arguments(&mut self, args: &'a Arguments<'a>) -> Result<()> {
        self.params(args.posonlyargs)?;
        self.params(args.args)?;
        self.params(args.kwonlyargs)?;
        if let Some(arg) = args.vararg {
            self.define_str(arg.arg, DEF_PARAM, arg.range)?;
            self.cur_mut().varargs = true;
        }
        if let Some(arg) = args.kwarg {
            self.define_str(arg.arg, DEF_PARAM, arg.range)?;
            self.cur_mut().varkeywords = true;
        }
        Ok(())
    }

    pub(super) fn alias(&mut self, alias: &'a Alias<'a>) -> Result<()> {
        let name = alias.asname.unwrap_or(alias.name);
        if name == "*" {
            if self.cur().kind != BlockKind::Module {
                return self.error(alias.range, "import * only allowed at module level".into());
            }
            return Ok(());
        }
        let bound = name.split_once('.').map_or(name, |(first, _)| first);
        self.define_str(bound, DEF_IMPORT, alias.range)
    }
}
