//! The symbol table: for every scope its names and what each of them is there.
//!
//! `build` walks the tree once and notes how each name is used; `analyze` then decides which names are local, global,
//! free or cells, and which comprehensions are inlined. The counterpart is `Python/symtable.c`.

mod analyze;
mod build;

pub(crate) use build::docstring;

use taipan_syntax::ast::{Expr, Mod, Stmt, TypeParam};

use crate::error::{Result, StackGuard};
use crate::fx::{FxHashMap, FxHashSet};
use crate::ir::Loc;
use crate::names::{Names, Symbol};
use crate::tables::SymbolMap;

/// How a name is used in a scope: bits of its flags, numbered as `_symtable` numbers them.
#[allow(missing_docs, reason = "named as in CPython")]
pub mod flag {
    pub const DEF_GLOBAL: u32 = 1;
    pub const DEF_LOCAL: u32 = 2;
    pub const DEF_PARAM: u32 = 2 << 1;
    pub const DEF_NONLOCAL: u32 = 2 << 2;
    pub const USE: u32 = 2 << 3;
    pub const DEF_FREE_CLASS: u32 = 2 << 5;
    pub const DEF_IMPORT: u32 = 2 << 6;
    pub const DEF_ANNOT: u32 = 2 << 7;
    pub const DEF_COMP_ITER: u32 = 2 << 8;
    pub const DEF_TYPE_PARAM: u32 = 2 << 9;
    pub const DEF_COMP_CELL: u32 = 2 << 10;
    pub const DEF_BOUND: u32 = DEF_LOCAL | DEF_PARAM | DEF_IMPORT;
    /// The scope stands above the flags.
    pub const SCOPE_OFFSET: u32 = 12;
    pub const SCOPE_MASK: u32 = DEF_GLOBAL | DEF_LOCAL | DEF_PARAM | DEF_NONLOCAL;
}

/// What a name is in a scope; numbered as `_symtable` numbers it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Scope {
    /// Not decided yet.
    Unknown = 0,
    /// A local of this block.
    Local = 1,
    /// Declared `global`.
    GlobalExplicit = 2,
    /// Bound in no enclosing function: a global or a built-in.
    GlobalImplicit = 3,
    /// Of an enclosing function.
    Free = 4,
    /// A local that inner functions use.
    Cell = 5,
}

impl Scope {
    /// The scope in the upper bits of a name's flags.
    #[inline]
    pub fn of(flags: u32) -> Scope {
        match flags >> flag::SCOPE_OFFSET & flag::SCOPE_MASK {
            1 => Scope::Local,
            2 => Scope::GlobalExplicit,
            3 => Scope::GlobalImplicit,
            4 => Scope::Free,
            5 => Scope::Cell,
            _ => Scope::Unknown,
        }
    }
}

/// The kinds of scopes; numbered as `_symtable` numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum BlockKind {
    /// A function, lambda or comprehension.
    Function = 0,
    /// A class body.
    Class = 1,
    /// The whole source.
    Module = 2,
    /// Annotations, evaluated when asked for.
    Annotation = 3,
    /// The value of a `type` statement.
    TypeAlias = 4,
    /// Around a generic function, class or alias.
    TypeParameters = 5,
    /// The bound or default of a type parameter.
    TypeVariable = 6,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comprehension {
    None,
    List,
    Dict,
    Set,
    Generator,
}

pub(crate) type BlockId = u32;

/// One scope.
#[derive(Debug)]
pub(crate) struct Block {
    pub name: Symbol,
    pub kind: BlockKind,
    pub loc: Loc,
    pub symbols: SymbolMap<u32>,
    pub varnames: Vec<Symbol>,
    pub children: Vec<BlockId>,
    /// `global` and `nonlocal` statements, for errors.
    directives: Vec<(Symbol, Loc)>,
    /// Names that are mangled here although others are not: type parameters of a class. An index of
    /// `SymbolTable::mangled`.
    pub mangled: Option<u32>,
    /// What an annotation scope is for, in error messages.
    scope_info: &'static str,
    pub nested: bool,
    pub generator: bool,
    pub coroutine: bool,
    pub annotations_used: bool,
    pub comprehension: Comprehension,
    pub varargs: bool,
    pub varkeywords: bool,
    pub needs_class_closure: bool,
    pub needs_classdict: bool,
    pub comp_inlined: bool,
    comp_iter_target: bool,
    pub can_see_class_scope: bool,
    pub has_docstring: bool,
    pub method: bool,
    pub has_conditional_annotations: bool,
    in_conditional_block: bool,
    in_unevaluated_annotation: bool,
    comp_iter_expr: u32,
    pub annotation_block: Option<BlockId>,
}

impl Block {
    #[inline]
    pub fn is_function_like(&self) -> bool {
        !matches!(self.kind, BlockKind::Class | BlockKind::Module)
    }

    #[inline]
    pub fn flags(&self, name: Symbol) -> u32 {
        self.symbols.get(name).unwrap_or(0)
    }

    #[inline]
    pub fn scope(&self, name: Symbol) -> Scope {
        Scope::of(self.flags(name))
    }
}

/// Which of the scopes that belong to one node is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Body,
    TypeParameters,
    Annotations,
    Bound,
    Default,
}

/// A scope by the node that opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(usize, Part);

impl Key {
    pub fn stmt(node: &Stmt<'_>, part: Part) -> Key {
        Key(node as *const Stmt<'_> as usize, part)
    }

    pub fn expr(node: &Expr<'_>) -> Key {
        Key(node as *const Expr<'_> as usize, Part::Body)
    }

    pub fn type_param(node: &TypeParam<'_>, part: Part) -> Key {
        Key(node as *const TypeParam<'_> as usize, part)
    }
}

#[derive(Debug)]
pub(crate) struct SymbolTable {
    /// Block 0 is the module.
    pub blocks: Vec<Block>,
    keys: FxHashMap<Key, BlockId>,
    /// Sets that scopes share: see `Block::mangled`.
    mangled: Vec<FxHashSet<Symbol>>,
}

/// What decides how the tree is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// `from __future__ import annotations` is in force.
    pub future_annotations: bool,
    pub top_level_await: bool,
    /// Where the last import from `__future__` ends: line, column.
    pub future_end: (i32, i32),
    pub optimize: u8,
    /// `__debug__` is replaced by its value before anyone asks for names.
    pub debug_is_constant: bool,
}

impl SymbolTable {
    pub fn build<'a>(
        tree: &'a Mod<'a>,
        names: &mut Names<'a>,
        settings: Settings,
        stack: StackGuard,
    ) -> Result<SymbolTable> {
        let mut table = build::build(tree, names, settings, stack)?;
        table.analyze(names)?;
        Ok(table)
    }

    pub fn lookup(&self, key: Key) -> Option<BlockId> {
        self.keys.get(&key).copied()
    }

    #[inline]
    pub fn block(&self, id: BlockId) -> &Block {
        &self.blocks[id as usize]
    }

    #[inline]
    pub fn block_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.blocks[id as usize]
    }

    /// The name as a scope sees it inside class `class`.
    #[inline]
    pub fn mangle(&self, names: &mut Names<'_>, class: Option<Symbol>, block: BlockId, name: Symbol) -> Symbol {
        if class.is_none() {
            return name;
        }
        if let Some(set) = self.block(block).mangled
            && !self.mangled[set as usize].contains(&name)
        {
            return name;
        }
        names.mangle(class, name)
    }
}

/// A scope as plain data, for the `_symtable` module.
#[derive(Clone, Debug)]
pub struct SymbolBlock {
    /// The function, class or kind of block.
    pub name: String,
    /// What it is.
    pub kind: BlockKind,
    /// Where it begins.
    pub lineno: i32,
    /// It stands in a function, at whatever depth.
    pub nested: bool,
    /// Names with their flags; the scope is in the bits from [`flag::SCOPE_OFFSET`] on.
    pub symbols: Vec<(String, u32)>,
    /// The parameters.
    pub varnames: Vec<String>,
    /// Indices of the scopes inside.
    pub children: Vec<usize>,
}

impl SymbolTable {
    pub fn export(&self, names: &Names<'_>) -> Vec<SymbolBlock> {
        let text = |symbol: &Symbol| names.get(*symbol).to_string();
        self.blocks
            .iter()
            .map(|block| SymbolBlock {
                name: text(&block.name),
                kind: block.kind,
                lineno: block.loc.lineno,
                nested: block.nested,
                symbols: block.symbols.iter().map(|(name, flags)| (text(&name), flags)).collect(),
                varnames: block.varnames.iter().map(text).collect(),
                children: block.children.iter().map(|id| *id as usize).collect(),
            })
            .collect()
    }
}
