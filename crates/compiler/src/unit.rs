//! One code object while it is being written.

use taipan_syntax::ast::{Body, Stmt};

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

/// What surrounds the statement being compiled, as far as leaving it early goes.
#[derive(Clone, Copy)]
pub(crate) enum Enclosing<'a> {
    Loop(Loop),
    /// The body of `try`, with a handler open.
    Guarded,
    /// Code that a `finally` with this body follows.
    BeforeFinally(Body<'a>),
    /// The body of `finally`, while an exception waits.
    InFinally,
    /// The body of `with`, and where its context expression stands.
    With {
        loc: Loc,
        is_async: bool,
    },
    /// The body of an exception handler, and the name that it binds.
    Handler(Option<&'a str>),
    /// A value on the stack, below that of a `return`.
    Value,
    /// All the handlers of an `except*`.
    GroupHandlers,
    /// Counts as nesting alone.
    Plain,
}

#[derive(Clone, Copy)]
pub(crate) struct Loop {
    /// Where `continue` goes.
    pub again: Label,
    /// Where `break` goes.
    pub after: Label,
    /// The iterator lies on the stack.
    pub has_iterator: bool,
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
    /// Outermost first.
    pub enclosing: Vec<Enclosing<'a>>,
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
        let is_cell = |flags| Scope::of(flags) == Scope::Cell || flags & flag::DEF_COMP_CELL != 0;
        let is_free = |flags| Scope::of(flags) == Scope::Free || flags & flag::DEF_FREE_CLASS != 0;
        let (mut cells, mut free) = (Vec::new(), Vec::new());
        for (name, flags) in entry.symbols.entries() {
            if is_cell(*flags) {
                cells.push(*name);
            }
            if is_free(*flags) {
                free.push(*name);
            }
        }
        // In alphabetical order, the cells of a class behind the others.
        for found in [&mut cells, &mut free] {
            found.sort_unstable_by_key(|name| names.get(*name));
        }
        let of_class = [
            (entry.needs_class_closure, known::class),
            (entry.needs_classdict, known::classdict),
            (entry.has_conditional_annotations, known::conditional_annotations),
        ];
        cells.extend(of_class.into_iter().filter(|(needed, _)| *needed).map(|(_, name)| name));
        let mut cellvars = NameTable::default();
        for name in cells {
            cellvars.number(name);
        }
        let mut freevars = NameTable::default();
        for name in free {
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
            enclosing: Vec::new(),
            in_inlined_comp: 0,
            in_conditional_block: 0,
        }
    }
}
