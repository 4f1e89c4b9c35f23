//! One code object while it is being written.

use taipan_syntax::ast::{Body, Stmt};

use crate::error::{CompileError, Result};
use crate::ir::{Label, Loc, Sequence};
use crate::names::{Names, Symbol, known};
use crate::symtable::{self, Scope, SymbolTable, flag};
use crate::tables::{ConstTable, NameTable, SymbolMap};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKind {
    Module,
    Class,
    Function,
    AsyncFunction,
    Lambda,
    Comprehension,
    Annotations,
}

/// What surrounds the statement being compiled; left in order by `break`, `continue` and `return`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    WhileLoop,
    ForLoop,
    TryExcept,
    FinallyTry,
    FinallyEnd,
    With,
    AsyncWith,
    HandlerCleanup,
    PopValue,
    ExceptionHandler,
    ExceptionGroupHandler,
    AsyncComprehension,
    InlinedComprehension,
    StopIteration,
}

#[derive(Clone, Copy)]
pub(crate) struct FrameBlock<'a> {
    pub kind: BlockKind,
    pub label: Label,
    pub exit: Label,
    pub loc: Loc,
    /// The body of `finally`.
    pub finally: Body<'a>,
    /// The name that an exception handler binds.
    pub name: Option<&'a str>,
}

/// CPython's limit on nesting of loops and handlers.
pub(crate) const MAX_BLOCKS: usize = 21;

#[derive(Clone, Copy, Default)]
pub(crate) struct ArgCounts {
    pub args: u32,
    pub posonly: u32,
    pub kwonly: u32,
}

pub(crate) struct Unit<'a> {
    pub kind: ScopeKind,
    pub block: symtable::BlockId,
    pub name: Symbol,
    pub qualname: Symbol,
    /// The class whose private names are mangled here.
    pub private: Option<Symbol>,
    pub args: ArgCounts,
    pub firstlineno: i32,
    pub consts: ConstTable,
    /// The number of `None` among the constants, once it is there.
    pub none_const: Option<u32>,
    /// The numbers of constants that are names.
    pub name_consts: NameTable,
    pub names: NameTable,
    pub varnames: NameTable,
    pub cellvars: NameTable,
    /// Numbered after the cells.
    pub freevars: NameTable,
    /// Names that are fast locals inside an inlined comprehension only; true while inside.
    pub fast_hidden: SymbolMap<bool>,
    /// Attributes that methods assign to `self`, for classes.
    pub static_attributes: Vec<Symbol>,
    /// Annotated names with their index, or -1 for those that are always executed.
    pub deferred_annotations: Vec<(&'a Stmt<'a>, i64)>,
    pub next_conditional_index: i64,
    pub sequence: Sequence,
    pub stashed: Option<Sequence>,
    pub frame_blocks: Vec<FrameBlock<'a>>,
    pub in_inlined_comp: u32,
    pub in_conditional_block: u32,
}

impl<'a> Unit<'a> {
    pub fn new(
        kind: ScopeKind,
        block: symtable::BlockId,
        table: &SymbolTable,
        names: &Names<'a>,
        name: Symbol,
        firstlineno: i32,
        args: ArgCounts,
    ) -> Unit<'a> {
        let entry = table.block(block);
        let mut varnames = NameTable::default();
        for name in &entry.varnames {
            varnames.number(*name);
        }
        let mut cellvars = NameTable::default();
        for name in sorted(names, entry, |flags| Scope::of(flags) == Scope::Cell || flags & flag::DEF_COMP_CELL != 0) {
            cellvars.number(name);
        }
        if entry.needs_class_closure {
            cellvars.number(known::class);
        }
        if entry.needs_classdict {
            cellvars.number(known::classdict);
        }
        if entry.has_conditional_annotations {
            cellvars.number(known::conditional_annotations);
        }
        let mut freevars = NameTable::default();
        for name in sorted(names, entry, |flags| Scope::of(flags) == Scope::Free || flags & flag::DEF_FREE_CLASS != 0) {
            freevars.insert(name, (cellvars.len() + freevars.len()) as u32);
        }
        Unit {
            kind,
            block,
            name,
            qualname: name,
            private: None,
            args,
            firstlineno,
            consts: ConstTable::default(),
            none_const: None,
            name_consts: NameTable::default(),
            names: NameTable::default(),
            varnames,
            cellvars,
            freevars,
            fast_hidden: SymbolMap::default(),
            static_attributes: Vec::new(),
            deferred_annotations: Vec::new(),
            next_conditional_index: 0,
            sequence: Sequence::default(),
            stashed: None,
            frame_blocks: Vec::new(),
            in_inlined_comp: 0,
            in_conditional_block: 0,
        }
    }

    pub fn push_block(&mut self, block: FrameBlock<'a>) -> Result<()> {
        if self.frame_blocks.len() >= MAX_BLOCKS {
            return Err(CompileError::at(block.loc, "too many statically nested blocks"));
        }
        self.frame_blocks.push(block);
        Ok(())
    }
}

/// The names of a scope whose flags fit, in alphabetical order.
fn sorted(names: &Names<'_>, entry: &symtable::Block, fits: impl Fn(u32) -> bool) -> Vec<Symbol> {
    let mut found: Vec<Symbol> = entry.symbols.iter().filter(|(_, flags)| fits(*flags)).map(|(name, _)| name).collect();
    found.sort_unstable_by_key(|name| names.get(*name));
    found
}
