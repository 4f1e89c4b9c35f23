//! The walk over the tree that notes how each scope uses its names.

mod annotation;
mod expr;
mod stmt;

use taipan_syntax::ast::*;

use super::flag::*;
use super::{Block, BlockId, BlockKind, Comprehension as Comp, Key, Settings, SymbolTable};
use crate::error::{CompileError, Result, StackGuard};
use crate::fx::FxHashMap;
use crate::ir::Loc;
use crate::names::{Names, Symbol, known};
use crate::tables::SymbolMap;

pub(super) fn build<'a>(
    tree: &'a Mod<'a>,
    names: &mut Names<'a>,
    settings: Settings,
    stack: StackGuard,
) -> Result<SymbolTable> {
    let table = SymbolTable { blocks: Vec::new(), keys: FxHashMap::default(), mangled: Vec::new(), has_finally: false };
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
                // Most uses say nothing new.
                if old | flag == old && flag & (DEF_PARAM | DEF_GLOBAL) == 0 && !block.comp_iter_target {
                    return Ok(());
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
}
