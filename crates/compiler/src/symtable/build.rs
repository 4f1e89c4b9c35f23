//! The walk over the tree that notes how each scope uses its names.

use taipan_syntax::ast::*;

use super::flag::*;
use super::{Block, BlockId, BlockKind, Comprehension as Comp, Key, Part, Settings, SymbolTable};
use crate::error::{CompileError, Result, StackGuard};
use crate::fx::{FxHashMap, FxHashSet};
use crate::ir::Loc;
use crate::names::{Names, Symbol, known};
use crate::tables::SymbolMap;

const GLOBAL_PARAM: &str = "is parameter and global";
const NONLOCAL_PARAM: &str = "is parameter and nonlocal";
const GLOBAL_AFTER_USE: &str = "is used prior to global declaration";
const NONLOCAL_AFTER_USE: &str = "is used prior to nonlocal declaration";
const GLOBAL_AFTER_ASSIGN: &str = "is assigned to before global declaration";
const NONLOCAL_AFTER_ASSIGN: &str = "is assigned to before nonlocal declaration";

pub(super) fn build<'a>(
    tree: &'a Mod<'a>,
    names: &mut Names<'a>,
    settings: Settings,
    stack: StackGuard,
) -> Result<SymbolTable> {
    let table = SymbolTable { blocks: Vec::new(), keys: FxHashMap::default(), mangled: Vec::new() };
    let mut builder = Builder { table, names, settings, stack, open: Vec::new(), cur: 0, private: None };
    let module = builder.new_block(known::top, BlockKind::Module, None, Loc::default());
    builder.enter_existing(module, true);
    match *tree {
        Mod::Module { body, .. } => {
            builder.cur_mut().has_docstring = settings.optimize < 2 && docstring(body).is_some();
            builder.stmts(body)?;
        }
        Mod::Interactive { body } => builder.stmts(body)?,
        Mod::Expression { body } => builder.expr(body)?,
        Mod::FunctionType { .. } => {
            return Err(CompileError::Other("RuntimeError", "this compiler does not handle FunctionTypes".into()));
        }
    }
    Ok(builder.table)
}

/// The string that a body starts with.
pub(crate) fn docstring<'a>(body: Body<'a>) -> Option<(StrValue<'a>, ExprRef<'a>)> {
    match body.first()?.kind {
        StmtKind::Expr { value } => match value.kind {
            ExprKind::Constant { value: Constant::Str(text), .. } => Some((text, value)),
            _ => None,
        },
        _ => None,
    }
}

struct Builder<'a, 'n> {
    table: SymbolTable,
    names: &'n mut Names<'a>,
    settings: Settings,
    stack: StackGuard,
    /// The scopes that are being read, outermost first.
    open: Vec<BlockId>,
    cur: BlockId,
    /// The class whose private names are mangled.
    private: Option<Symbol>,
}

impl<'a> Builder<'a, '_> {
    fn cur(&self) -> &Block {
        self.table.block(self.cur)
    }

    fn cur_mut(&mut self) -> &mut Block {
        let cur = self.cur;
        self.table.block_mut(cur)
    }

    fn new_block(&mut self, name: Symbol, kind: BlockKind, key: Option<Key>, loc: Loc) -> BlockId {
        let (nested, method) = match self.open.last() {
            Some(id) => {
                let outer = self.table.block(*id);
                (
                    outer.nested || outer.is_function_like(),
                    outer.kind == BlockKind::Class && kind == BlockKind::Function,
                )
            }
            None => (false, false),
        };
        let id = self.table.blocks.len() as BlockId;
        self.table.blocks.push(Block {
            name,
            kind,
            loc,
            symbols: SymbolMap::default(),
            varnames: Vec::new(),
            children: Vec::new(),
            directives: Vec::new(),
            mangled: None,
            scope_info: "",
            nested,
            generator: false,
            coroutine: false,
            annotations_used: false,
            comprehension: Comp::None,
            varargs: false,
            varkeywords: false,
            needs_class_closure: false,
            needs_classdict: false,
            comp_inlined: false,
            comp_iter_target: false,
            can_see_class_scope: false,
            has_docstring: false,
            method,
            has_conditional_annotations: false,
            in_conditional_block: false,
            in_unevaluated_annotation: false,
            comp_iter_expr: 0,
            annotation_block: None,
        });
        if let Some(key) = key {
            self.table.keys.insert(key, id);
        }
        id
    }

    /// Opens a scope; `first` is false when an annotation scope is gone back into.
    fn enter_existing(&mut self, id: BlockId, first: bool) {
        let outer = self.open.last().copied();
        self.open.push(id);
        if let Some(outer) = outer {
            let (iter_expr, mangled) = {
                let outer = self.table.block(outer);
                (outer.comp_iter_expr, outer.mangled)
            };
            let block = self.table.block_mut(id);
            block.comp_iter_expr = iter_expr;
            if mangled.is_some() && block.kind != BlockKind::Class {
                block.mangled = mangled;
            }
            // Stringised annotations open no scope that anyone sees.
            let hidden = self.settings.future_annotations && block.kind == BlockKind::Annotation;
            if first && !hidden {
                self.table.block_mut(outer).children.push(id);
            }
        }
        self.cur = id;
    }

    fn enter(&mut self, name: Symbol, kind: BlockKind, key: Option<Key>, loc: Loc) -> Result<()> {
        let id = self.new_block(name, kind, key, loc);
        self.enter_existing(id, true);
        if matches!(kind, BlockKind::Annotation | BlockKind::TypeVariable | BlockKind::TypeAlias) {
            self.define(known::dot_format, DEF_PARAM, loc)?;
            self.define(known::dot_format, USE, loc)?;
        }
        Ok(())
    }

    fn exit(&mut self) {
        self.open.pop();
        self.cur = self.open.last().copied().unwrap_or(0);
    }

    fn mangled(&mut self, name: Symbol) -> Symbol {
        self.table.mangle(self.names, self.private, self.cur, name)
    }

    fn flags_in(&mut self, block: BlockId, name: Symbol) -> u32 {
        let mangled = self.table.mangle(self.names, self.private, block, name);
        self.table.block(block).flags(mangled)
    }

    fn text(&self, name: Symbol) -> &'a str {
        self.names.get(name)
    }

    fn error<T>(&self, loc: Loc, message: String) -> Result<T> {
        Err(CompileError::at(loc, message))
    }

    /// Adds `flag` to a name of block `id`.
    fn define_in(&mut self, id: BlockId, name: Symbol, flag: u32, loc: Loc) -> Result<()> {
        let mangled = self.mangled(name);
        let block = self.table.block(id);
        let mut value = match block.symbols.get(mangled) {
            Some(old) => {
                if flag & old & DEF_PARAM != 0 {
                    return self.error(loc, format!("duplicate argument '{}' in function definition", self.text(name)));
                }
                if flag & old & DEF_TYPE_PARAM != 0 {
                    return self.error(loc, format!("duplicate type parameter '{}'", self.text(name)));
                }
                old | flag
            }
            None => flag,
        };
        if block.comp_iter_target {
            if value & (DEF_GLOBAL | DEF_NONLOCAL) != 0 {
                return self.error(
                    loc,
                    format!(
                        "comprehension inner loop cannot rebind assignment expression target '{}'",
                        self.text(name)
                    ),
                );
            }
            value |= DEF_COMP_ITER;
        }
        let block = self.table.block_mut(id);
        block.symbols.insert(mangled, value);
        if flag & DEF_PARAM != 0 {
            block.varnames.push(mangled);
        } else if flag & DEF_GLOBAL != 0 {
            // The module's scope knows the names that are declared global elsewhere.
            let module = self.table.block_mut(0);
            let value = module.flags(mangled) | flag;
            module.symbols.insert(mangled, value);
        }
        Ok(())
    }

    fn check_name(&self, name: Symbol, loc: Loc, ctx: ExprContext) -> Result<()> {
        if name == known::debug {
            match ctx {
                ExprContext::Store => return self.error(loc, "cannot assign to __debug__".into()),
                ExprContext::Del => return self.error(loc, "cannot delete __debug__".into()),
                ExprContext::Load => {}
            }
        }
        Ok(())
    }

    fn define_ctx(&mut self, name: Symbol, flag: u32, loc: Loc, ctx: ExprContext) -> Result<()> {
        if flag & DEF_BOUND != 0 {
            self.check_name(name, loc, ctx)?;
        }
        if flag & DEF_TYPE_PARAM != 0
            && let Some(set) = self.cur().mangled
        {
            self.table.mangled[set as usize].insert(name);
        }
        self.define_in(self.cur, name, flag, loc)
    }

    #[inline]
    fn define(&mut self, name: Symbol, flag: u32, loc: Loc) -> Result<()> {
        let ctx = if flag == USE { ExprContext::Load } else { ExprContext::Store };
        self.define_ctx(name, flag, loc, ctx)
    }

    fn define_str(&mut self, name: &'a str, flag: u32, loc: Loc) -> Result<()> {
        let name = self.names.intern(name);
        self.define(name, flag, loc)
    }

    fn note_directive(&mut self, name: Symbol, loc: Loc) {
        let mangled = self.mangled(name);
        self.cur_mut().directives.push((mangled, loc));
    }

    fn stmts(&mut self, body: Body<'a>) -> Result<()> {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    fn exprs(&mut self, exprs: Exprs<'a>) -> Result<()> {
        exprs.iter().try_for_each(|expr| self.expr(expr))
    }

    fn optional(&mut self, expr: Option<ExprRef<'a>>) -> Result<()> {
        match expr {
            Some(expr) => self.expr(expr),
            None => Ok(()),
        }
    }

    /// Runs `walk` as code that may not be executed.
    fn conditional(&mut self, walk: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        let before = self.cur().in_conditional_block;
        self.cur_mut().in_conditional_block = true;
        walk(self)?;
        self.cur_mut().in_conditional_block = before;
        Ok(())
    }

    fn enter_type_params(
        &mut self,
        name: Symbol,
        params: &'a [TypeParam<'a>],
        defaults: bool,
        kwdefaults: bool,
        class: bool,
        loc: Loc,
    ) -> Result<()> {
        let in_class = self.cur().kind == BlockKind::Class;
        self.enter(name, BlockKind::TypeParameters, Some(Key::type_param(&params[0], Part::TypeParameters)), loc)?;
        if in_class {
            self.cur_mut().can_see_class_scope = true;
            self.define(known::classdict, USE, loc)?;
        }
        if class {
            self.define(known::dot_type_params, DEF_LOCAL, loc)?;
            self.define(known::dot_type_params, USE, loc)?;
            self.define(known::dot_generic_base, DEF_LOCAL, loc)?;
            self.define(known::dot_generic_base, USE, loc)?;
        }
        if defaults {
            self.define(known::dot_defaults, DEF_PARAM, loc)?;
        }
        if kwdefaults {
            self.define(known::dot_kwdefaults, DEF_PARAM, loc)?;
        }
        Ok(())
    }

    fn function(&mut self, stmt: &'a Stmt<'a>, def: &'a FunctionDef<'a>, is_async: bool) -> Result<()> {
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
            let kwdefaults = def.args.kw_defaults.iter().any(Option::is_some);
            self.enter_type_params(name, def.type_params, true, kwdefaults, false, loc)?;
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

    fn class(&mut self, stmt: &'a Stmt<'a>, def: &'a ClassDef<'a>) -> Result<()> {
        let loc = stmt.range;
        let name = self.names.intern(def.name);
        self.define(name, DEF_LOCAL, loc)?;
        self.exprs(def.decorator_list)?;
        let outer_private = self.private;
        let generic = !def.type_params.is_empty();
        if generic {
            self.enter_type_params(name, def.type_params, false, false, true, loc)?;
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

    fn keywords(&mut self, keywords: &'a [Keyword<'a>]) -> Result<()> {
        for keyword in keywords {
            if keyword.arg == Some("__debug__") {
                self.check_name(known::debug, keyword.range, ExprContext::Store)?;
            }
        }
        keywords.iter().try_for_each(|keyword| self.expr(keyword.value))
    }

    fn directive(&mut self, loc: Loc, idents: &'a [Identifier<'a>], global: bool) -> Result<()> {
        for ident in idents {
            let name = self.names.intern(ident);
            let cur = self.flags_in(self.cur, name);
            if cur & (DEF_PARAM | DEF_LOCAL | USE | DEF_ANNOT) != 0 {
                let text = self.text(name);
                let kind = if global { "global" } else { "nonlocal" };
                let message = if cur & DEF_PARAM != 0 {
                    format!("name '{text}' {}", if global { GLOBAL_PARAM } else { NONLOCAL_PARAM })
                } else if cur & USE != 0 {
                    format!("name '{text}' {}", if global { GLOBAL_AFTER_USE } else { NONLOCAL_AFTER_USE })
                } else if cur & DEF_ANNOT != 0 {
                    format!("annotated name '{text}' can't be {kind}")
                } else {
                    format!("name '{text}' {}", if global { GLOBAL_AFTER_ASSIGN } else { NONLOCAL_AFTER_ASSIGN })
                };
                return self.error(loc, message);
            }
            self.define(name, if global { DEF_GLOBAL } else { DEF_NONLOCAL }, loc)?;
            self.note_directive(name, loc);
        }
        Ok(())
    }

    fn annotated_assignment(
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

    fn stmt(&mut self, stmt: &'a Stmt<'a>) -> Result<()> {
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
            StmtKind::Global { names } => self.directive(stmt.range, names, true),
            StmtKind::Nonlocal { names } => self.directive(stmt.range, names, false),
            StmtKind::Expr { value } => self.expr(value),
            StmtKind::Pass | StmtKind::Break | StmtKind::Continue => Ok(()),
        }
    }

    fn for_loop(&mut self, node: &'a For<'a>) -> Result<()> {
        self.expr(node.target)?;
        self.expr(node.iter)?;
        self.conditional(|b| {
            b.stmts(node.body)?;
            b.stmts(node.orelse)
        })
    }

    fn with(&mut self, node: &'a With<'a>) -> Result<()> {
        self.conditional(|b| {
            for item in node.items {
                b.expr(item.context_expr)?;
                b.optional(item.optional_vars)?;
            }
            b.stmts(node.body)
        })
    }

    fn type_alias(
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
            self.enter_type_params(name, type_params, false, false, false, stmt.range)?;
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

    fn allows_top_level_await(&self) -> bool {
        self.settings.top_level_await && self.cur().kind == BlockKind::Module
    }

    fn is_async_def(&self) -> bool {
        self.cur().kind == BlockKind::Function && self.cur().coroutine
    }

    fn require_coroutine(&mut self, message: &str, loc: Loc) -> Result<()> {
        if self.allows_top_level_await() {
            self.cur_mut().coroutine = true;
        }
        if self.cur().coroutine { Ok(()) } else { self.error(loc, message.into()) }
    }

    /// Finds the scope that an assignment expression inside a comprehension binds in.
    fn extend_named_target(&mut self, target: ExprRef<'a>) -> Result<()> {
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

    fn not_in_annotation(&self, what: &str, expr: ExprRef<'a>) -> Result<()> {
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

    fn mark_generator(&mut self, expr: ExprRef<'a>) -> Result<()> {
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

    fn expr(&mut self, expr: ExprRef<'a>) -> Result<()> {
        self.stack.check()?;
        match expr.kind {
            ExprKind::Name { id, ctx } => {
                let name = self.names.intern(id);
                // The name is a constant.
                if name == known::debug && ctx == ExprContext::Load {
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
                self.comprehension(expr, known::listcomp, Comp::List, generators, elt, None)
            }
            ExprKind::SetComp { elt, generators } => {
                self.comprehension(expr, known::setcomp, Comp::Set, generators, elt, None)
            }
            ExprKind::DictComp { key, value, generators } => {
                self.comprehension(expr, known::dictcomp, Comp::Dict, generators, key, Some(value))
            }
            ExprKind::GeneratorExp { elt, generators } => {
                self.comprehension(expr, known::genexpr, Comp::Generator, generators, elt, None)
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
        name: Symbol,
        kind: Comp,
        generators: &'a [Comprehension<'a>],
        elt: ExprRef<'a>,
        value: Option<ExprRef<'a>>,
    ) -> Result<()> {
        let Some((outermost, inner)) = generators.split_first() else {
            return Err(CompileError::Other("ValueError", "comprehension with no generators".into()));
        };
        let is_generator = kind == Comp::Generator;
        self.cur_mut().comp_iter_expr += 1;
        self.expr(outermost.iter)?;
        self.cur_mut().comp_iter_expr -= 1;
        self.enter(name, BlockKind::Function, Some(Key::expr(expr)), expr.range)?;
        let block = self.cur_mut();
        block.comprehension = kind;
        block.coroutine |= outermost.is_async != 0;
        self.define(known::dot_zero, DEF_PARAM, expr.range)?;
        self.cur_mut().comp_iter_target = true;
        self.expr(outermost.target)?;
        self.cur_mut().comp_iter_target = false;
        self.exprs(outermost.ifs)?;
        for generator in inner {
            self.cur_mut().comp_iter_target = true;
            self.expr(generator.target)?;
            self.cur_mut().comp_iter_target = false;
            self.cur_mut().comp_iter_expr += 1;
            self.expr(generator.iter)?;
            self.cur_mut().comp_iter_expr -= 1;
            self.exprs(generator.ifs)?;
            if generator.is_async != 0 {
                self.cur_mut().coroutine = true;
            }
        }
        self.optional(value)?;
        self.expr(elt)?;
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

    fn bound_or_default(
        &mut self,
        param: &'a TypeParam<'a>,
        name: &'a str,
        part: Part,
        expr: Option<ExprRef<'a>>,
        info: &'static str,
    ) -> Result<()> {
        if name == "__classdict__" {
            return self.error(param.range, format!("reserved name '{name}' cannot be used for type parameter"));
        }
        let Some(expr) = expr else { return Ok(()) };
        let in_class = self.cur().can_see_class_scope;
        let name = self.names.intern(name);
        self.enter(name, BlockKind::TypeVariable, Some(Key::type_param(param, part)), expr.range)?;
        self.cur_mut().can_see_class_scope = in_class;
        if in_class {
            self.define(known::classdict, USE, expr.range)?;
        }
        self.cur_mut().scope_info = info;
        self.expr(expr)?;
        self.exit();
        Ok(())
    }

    fn type_params(&mut self, params: &'a [TypeParam<'a>]) -> Result<()> {
        for param in params {
            match param.kind {
                TypeParamKind::TypeVar { name, bound, default_value } => {
                    self.define_str(name, DEF_TYPE_PARAM | DEF_LOCAL, param.range)?;
                    let info = match bound.map(|b| b.kind) {
                        Some(ExprKind::Tuple { .. }) => "a TypeVar constraint",
                        _ => "a TypeVar bound",
                    };
                    self.bound_or_default(param, name, Part::Bound, bound, info)?;
                    self.bound_or_default(param, name, Part::Default, default_value, "a TypeVar default")?;
                }
                TypeParamKind::TypeVarTuple { name, default_value } => {
                    self.define_str(name, DEF_TYPE_PARAM | DEF_LOCAL, param.range)?;
                    self.bound_or_default(param, name, Part::Default, default_value, "a TypeVarTuple default")?;
                }
                TypeParamKind::ParamSpec { name, default_value } => {
                    self.define_str(name, DEF_TYPE_PARAM | DEF_LOCAL, param.range)?;
                    self.bound_or_default(param, name, Part::Default, default_value, "a ParamSpec default")?;
                }
            }
        }
        Ok(())
    }

    fn patterns(&mut self, patterns: &'a [PatternRef<'a>]) -> Result<()> {
        patterns.iter().try_for_each(|pattern| self.pattern(pattern))
    }

    fn pattern(&mut self, pattern: PatternRef<'a>) -> Result<()> {
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

    /// The annotation of a variable.
    fn annotation(&mut self, annotation: ExprRef<'a>) -> Result<()> {
        let parent = self.cur;
        let block = self.table.block(parent);
        let kind = block.kind;
        let unevaluated = kind == BlockKind::Function;
        // A module may be executed in part, so all its annotations are conditional.
        let conditional = kind == BlockKind::Class && block.in_conditional_block || kind == BlockKind::Module;
        if conditional && !block.has_conditional_annotations {
            self.cur_mut().has_conditional_annotations = true;
            self.define(known::conditional_annotations, USE, annotation.range)?;
        }
        match self.table.block(parent).annotation_block {
            None => {
                self.enter(known::annotate, BlockKind::Annotation, None, annotation.range)?;
                let id = self.cur;
                self.table.block_mut(parent).annotation_block = Some(id);
                if kind == BlockKind::Class && !self.settings.future_annotations {
                    self.cur_mut().can_see_class_scope = true;
                    self.define(known::classdict, USE, annotation.range)?;
                }
            }
            Some(id) => self.enter_existing(id, false),
        }
        if unevaluated {
            self.cur_mut().in_unevaluated_annotation = true;
        }
        self.expr(annotation)?;
        if unevaluated {
            self.cur_mut().in_unevaluated_annotation = false;
        }
        self.exit();
        Ok(())
    }

    fn annotated_args(&mut self, args: &'a [Arg<'a>]) -> Result<()> {
        args.iter().try_for_each(|arg| self.annotated_arg(Some(arg)))
    }

    fn annotated_arg(&mut self, arg: Option<&'a Arg<'a>>) -> Result<()> {
        if let Some(annotation) = arg.and_then(|arg| arg.annotation) {
            self.cur_mut().annotations_used = true;
            self.expr(annotation)?;
        }
        Ok(())
    }

    /// The annotations of parameters and result.
    fn signature_annotations(&mut self, stmt: &'a Stmt<'a>, def: &'a FunctionDef<'a>) -> Result<()> {
        let loc = stmt.range;
        let in_class = self.cur().can_see_class_scope || self.cur().kind == BlockKind::Class;
        self.enter(known::annotate, BlockKind::Annotation, Some(Key::stmt(stmt, Part::Annotations)), loc)?;
        if in_class {
            self.cur_mut().can_see_class_scope = true;
            self.define(known::classdict, USE, loc)?;
        }
        let args = def.args;
        self.annotated_args(args.posonlyargs)?;
        self.annotated_args(args.args)?;
        self.annotated_arg(args.vararg)?;
        self.annotated_arg(args.kwarg)?;
        self.annotated_args(args.kwonlyargs)?;
        if let Some(returns) = def.returns {
            self.cur_mut().annotations_used = true;
            self.expr(returns)?;
        }
        self.exit();
        Ok(())
    }

    fn params(&mut self, args: &'a [Arg<'a>]) -> Result<()> {
        args.iter().try_for_each(|arg| self.define_str(arg.arg, DEF_PARAM, arg.range))
    }

    fn arguments(&mut self, args: &'a Arguments<'a>) -> Result<()> {
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

    fn alias(&mut self, alias: &'a Alias<'a>) -> Result<()> {
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
