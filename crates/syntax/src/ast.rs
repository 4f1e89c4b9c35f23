//! The syntax tree: every node of CPython 3.14's `Python.asdl`, with the ASDL's field names.
//!
//! **Invariant:** a tree lives in one [`Arena`] and consists of shared references into it, so every node is `Copy`,
//! building a node is a pointer bump, and freeing a tree (however deep) is freeing a few chunks: there is no recursive
//! `Drop`. Trees are built by the parser or, node by node, from outside (`arena.alloc(..)`, `arena.slice(..)`).
//! The counterpart in CPython is `Include/internal/pycore_ast.h`.

use std::fmt;

/// Owns the memory of syntax trees. All nodes borrow from it.
#[derive(Default)]
pub struct Arena {
    bump: bumpalo::Bump,
}

impl Arena {
    pub fn new() -> Arena {
        Arena::default()
    }

    /// An arena whose first chunk holds `bytes` bytes.
    pub fn with_capacity(bytes: usize) -> Arena {
        Arena { bump: bumpalo::Bump::with_capacity(bytes) }
    }

    /// Moves `value` into the arena.
    #[inline]
    pub fn alloc<T: Copy>(&self, value: T) -> &T {
        self.bump.alloc(value)
    }

    /// Copies a slice into the arena.
    #[inline]
    pub fn slice<T: Copy>(&self, items: &[T]) -> &[T] {
        if items.is_empty() { &[] } else { self.bump.alloc_slice_copy(items) }
    }

    /// Copies a string into the arena.
    #[inline]
    pub fn str(&self, text: &str) -> &str {
        if text.is_empty() { "" } else { self.bump.alloc_str(text) }
    }

    /// Bytes in use by the chunks of the arena.
    pub fn allocated_bytes(&self) -> usize {
        self.bump.allocated_bytes()
    }
}

impl fmt::Debug for Arena {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Arena({} bytes)", self.allocated_bytes())
    }
}

/// Source positions as CPython gives them: lines from 1, columns in bytes of UTF-8 from 0. Signed, because trees
/// that a program builds may hold any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Range {
    pub lineno: i32,
    pub col_offset: i32,
    pub end_lineno: i32,
    pub end_col_offset: i32,
}

impl Range {
    #[inline]
    pub fn new(lineno: i32, col_offset: i32, end_lineno: i32, end_col_offset: i32) -> Range {
        Range { lineno, col_offset, end_lineno, end_col_offset }
    }

    /// From the start of `self` to the end of `end`.
    #[inline]
    pub fn to(self, end: Range) -> Range {
        Range { end_lineno: end.end_lineno, end_col_offset: end.end_col_offset, ..self }
    }
}

/// A name in NFKC form, with its text in the arena or the source.
pub type Identifier<'a> = &'a str;
pub type ExprRef<'a> = &'a Expr<'a>;
pub type Exprs<'a> = &'a [&'a Expr<'a>];
pub type Body<'a> = &'a [&'a Stmt<'a>];
pub type PatternRef<'a> = &'a Pattern<'a>;

// ---- constants -----------------------------------------------------------------------------------------------------

/// The value of a `Constant` node. The parser makes all but `Tuple` and `FrozenSet`, which `ast` objects of a program
/// and constant folding can hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Constant<'a> {
    None,
    Bool(bool),
    Ellipsis,
    Int(Int<'a>),
    Float(f64),
    Complex { real: f64, imag: f64 },
    Str(StrValue<'a>),
    Bytes(&'a [u8]),
    Tuple(&'a [Constant<'a>]),
    FrozenSet(&'a [Constant<'a>]),
}

/// An integer of any size. `Small` whenever it fits, so that comparing is structural.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Int<'a> {
    Small(i64),
    /// The magnitude in digits of 30 bits, least significant first, as a Python integer object holds them; the last
    /// digit is not zero.
    Big {
        negative: bool,
        digits: &'a [u32],
    },
}

/// The text of a string constant in WTF-8: UTF-8 in which lone surrogates (from `"\ud800"`) are encoded too, each as
/// three bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StrValue<'a> {
    bytes: &'a [u8],
    has_surrogates: bool,
}

impl<'a> StrValue<'a> {
    pub const EMPTY: StrValue<'static> = StrValue { bytes: b"", has_surrogates: false };

    #[inline]
    pub fn new(text: &'a str) -> StrValue<'a> {
        StrValue { bytes: text.as_bytes(), has_surrogates: false }
    }

    /// From WTF-8 bytes; `None` when they are not well-formed WTF-8. Surrogate pairs encoded as two lone surrogates
    /// stay two code points, as in a Python string.
    pub fn from_wtf8(bytes: &'a [u8]) -> Option<StrValue<'a>> {
        if std::str::from_utf8(bytes).is_ok() {
            return Some(StrValue { bytes, has_surrogates: false });
        }
        let mut rest = bytes;
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(_) => break,
                Err(error) => {
                    rest = &rest[error.valid_up_to()..];
                    match rest {
                        [0xED, 0xA0..=0xBF, 0x80..=0xBF, tail @ ..] => rest = tail,
                        _ => return None,
                    }
                }
            }
        }
        Some(StrValue { bytes, has_surrogates: true })
    }

    /// The WTF-8 bytes.
    #[inline]
    pub fn as_bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    #[inline]
    pub fn has_surrogates(self) -> bool {
        self.has_surrogates
    }

    /// The text, unless it has lone surrogates.
    #[inline]
    pub fn as_str(self) -> Option<&'a str> {
        if self.has_surrogates { None } else { std::str::from_utf8(self.bytes).ok() }
    }

    /// The code points, surrogates included.
    pub fn code_points(self) -> impl Iterator<Item = u32> + 'a {
        let bytes = self.bytes;
        let mut at = 0;
        std::iter::from_fn(move || {
            let first = *bytes.get(at)? as u32;
            let tail = |i: usize| bytes.get(at + i).map_or(0, |b| *b as u32 & 0x3F);
            let (point, len) = match first {
                0..0x80 => (first, 1),
                0x80..0xE0 => ((first & 0x1F) << 6 | tail(1), 2),
                0xE0..0xF0 => ((first & 0x0F) << 12 | tail(1) << 6 | tail(2), 3),
                _ => ((first & 0x07) << 18 | tail(1) << 12 | tail(2) << 6 | tail(3), 4),
            };
            at += len;
            Some(point)
        })
    }
}

impl fmt::Debug for StrValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", String::from_utf8_lossy(self.bytes))
    }
}

// ---- modules -------------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug)]
pub enum Mod<'a> {
    Module { body: Body<'a>, type_ignores: &'a [TypeIgnore<'a>] },
    Interactive { body: Body<'a> },
    Expression { body: ExprRef<'a> },
    FunctionType { argtypes: Exprs<'a>, returns: ExprRef<'a> },
}

#[derive(Clone, Copy, Debug)]
pub struct TypeIgnore<'a> {
    pub lineno: i32,
    pub tag: &'a str,
}

// ---- statements ----------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug)]
pub struct Stmt<'a> {
    pub kind: StmtKind<'a>,
    pub range: Range,
}

#[derive(Clone, Copy, Debug)]
pub enum StmtKind<'a> {
    FunctionDef(&'a FunctionDef<'a>),
    AsyncFunctionDef(&'a FunctionDef<'a>),
    ClassDef(&'a ClassDef<'a>),
    Return {
        value: Option<ExprRef<'a>>,
    },
    Delete {
        targets: Exprs<'a>,
    },
    Assign {
        targets: Exprs<'a>,
        value: ExprRef<'a>,
        type_comment: Option<&'a str>,
    },
    TypeAlias {
        name: ExprRef<'a>,
        type_params: &'a [TypeParam<'a>],
        value: ExprRef<'a>,
    },
    AugAssign {
        target: ExprRef<'a>,
        op: Operator,
        value: ExprRef<'a>,
    },
    /// `simple` is 1 for a plain name without parentheses, else 0.
    AnnAssign {
        target: ExprRef<'a>,
        annotation: ExprRef<'a>,
        value: Option<ExprRef<'a>>,
        simple: i32,
    },
    For(&'a For<'a>),
    AsyncFor(&'a For<'a>),
    While {
        test: ExprRef<'a>,
        body: Body<'a>,
        orelse: Body<'a>,
    },
    /// An `elif` is an `If` alone in `orelse`.
    If {
        test: ExprRef<'a>,
        body: Body<'a>,
        orelse: Body<'a>,
    },
    With(&'a With<'a>),
    AsyncWith(&'a With<'a>),
    Match {
        subject: ExprRef<'a>,
        cases: &'a [MatchCase<'a>],
    },
    Raise {
        exc: Option<ExprRef<'a>>,
        cause: Option<ExprRef<'a>>,
    },
    Try(&'a Try<'a>),
    TryStar(&'a Try<'a>),
    Assert {
        test: ExprRef<'a>,
        msg: Option<ExprRef<'a>>,
    },
    Import {
        names: &'a [Alias<'a>],
    },
    /// `level` counts the leading dots. (`None` can only come from outside and means 0.)
    ImportFrom {
        module: Option<Identifier<'a>>,
        names: &'a [Alias<'a>],
        level: Option<i32>,
    },
    Global {
        names: &'a [Identifier<'a>],
    },
    Nonlocal {
        names: &'a [Identifier<'a>],
    },
    Expr {
        value: ExprRef<'a>,
    },
    Pass,
    Break,
    Continue,
}

/// `def` and `async def`. The range of the statement starts at `def` or `async`, not at the decorators.
#[derive(Clone, Copy, Debug)]
pub struct FunctionDef<'a> {
    pub name: Identifier<'a>,
    pub args: &'a Arguments<'a>,
    pub body: Body<'a>,
    pub decorator_list: Exprs<'a>,
    pub returns: Option<ExprRef<'a>>,
    pub type_comment: Option<&'a str>,
    pub type_params: &'a [TypeParam<'a>],
}

#[derive(Clone, Copy, Debug)]
pub struct ClassDef<'a> {
    pub name: Identifier<'a>,
    pub bases: Exprs<'a>,
    pub keywords: &'a [Keyword<'a>],
    pub body: Body<'a>,
    pub decorator_list: Exprs<'a>,
    pub type_params: &'a [TypeParam<'a>],
}

#[derive(Clone, Copy, Debug)]
pub struct For<'a> {
    pub target: ExprRef<'a>,
    pub iter: ExprRef<'a>,
    pub body: Body<'a>,
    pub orelse: Body<'a>,
    pub type_comment: Option<&'a str>,
}

#[derive(Clone, Copy, Debug)]
pub struct With<'a> {
    pub items: &'a [WithItem<'a>],
    pub body: Body<'a>,
    pub type_comment: Option<&'a str>,
}

#[derive(Clone, Copy, Debug)]
pub struct Try<'a> {
    pub body: Body<'a>,
    pub handlers: &'a [ExceptHandler<'a>],
    pub orelse: Body<'a>,
    pub finalbody: Body<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct ExceptHandler<'a> {
    /// The ASDL's `type`.
    pub type_: Option<ExprRef<'a>>,
    pub name: Option<Identifier<'a>>,
    pub body: Body<'a>,
    pub range: Range,
}

#[derive(Clone, Copy, Debug)]
pub struct Alias<'a> {
    /// Dotted for `import a.b`, `*` for `from m import *`.
    pub name: Identifier<'a>,
    pub asname: Option<Identifier<'a>>,
    pub range: Range,
}

#[derive(Clone, Copy, Debug)]
pub struct WithItem<'a> {
    pub context_expr: ExprRef<'a>,
    pub optional_vars: Option<ExprRef<'a>>,
}

#[derive(Clone, Copy, Debug)]
pub struct MatchCase<'a> {
    pub pattern: PatternRef<'a>,
    pub guard: Option<ExprRef<'a>>,
    pub body: Body<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct TypeParam<'a> {
    pub kind: TypeParamKind<'a>,
    pub range: Range,
}

#[derive(Clone, Copy, Debug)]
pub enum TypeParamKind<'a> {
    TypeVar { name: Identifier<'a>, bound: Option<ExprRef<'a>>, default_value: Option<ExprRef<'a>> },
    ParamSpec { name: Identifier<'a>, default_value: Option<ExprRef<'a>> },
    TypeVarTuple { name: Identifier<'a>, default_value: Option<ExprRef<'a>> },
}

// ---- expressions ---------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug)]
pub struct Expr<'a> {
    pub kind: ExprKind<'a>,
    pub range: Range,
}

#[derive(Clone, Copy, Debug)]
pub enum ExprKind<'a> {
    BoolOp {
        op: BoolOp,
        values: Exprs<'a>,
    },
    NamedExpr {
        target: ExprRef<'a>,
        value: ExprRef<'a>,
    },
    BinOp {
        left: ExprRef<'a>,
        op: Operator,
        right: ExprRef<'a>,
    },
    UnaryOp {
        op: UnaryOp,
        operand: ExprRef<'a>,
    },
    Lambda {
        args: &'a Arguments<'a>,
        body: ExprRef<'a>,
    },
    IfExp {
        test: ExprRef<'a>,
        body: ExprRef<'a>,
        orelse: ExprRef<'a>,
    },
    /// A key of `None` is `**value`.
    Dict {
        keys: &'a [Option<ExprRef<'a>>],
        values: Exprs<'a>,
    },
    Set {
        elts: Exprs<'a>,
    },
    ListComp {
        elt: ExprRef<'a>,
        generators: &'a [Comprehension<'a>],
    },
    SetComp {
        elt: ExprRef<'a>,
        generators: &'a [Comprehension<'a>],
    },
    DictComp {
        key: ExprRef<'a>,
        value: ExprRef<'a>,
        generators: &'a [Comprehension<'a>],
    },
    GeneratorExp {
        elt: ExprRef<'a>,
        generators: &'a [Comprehension<'a>],
    },
    Await {
        value: ExprRef<'a>,
    },
    Yield {
        value: Option<ExprRef<'a>>,
    },
    YieldFrom {
        value: ExprRef<'a>,
    },
    Compare {
        left: ExprRef<'a>,
        ops: &'a [CmpOp],
        comparators: Exprs<'a>,
    },
    Call {
        func: ExprRef<'a>,
        args: Exprs<'a>,
        keywords: &'a [Keyword<'a>],
    },
    /// `conversion` is -1 or the code of `s`, `r`, `a`; `format_spec` is a `JoinedStr`.
    FormattedValue {
        value: ExprRef<'a>,
        conversion: i32,
        format_spec: Option<ExprRef<'a>>,
    },
    /// Like `FormattedValue`, in a t-string; `str` is the text of the expression.
    Interpolation {
        value: ExprRef<'a>,
        str: &'a Constant<'a>,
        conversion: i32,
        format_spec: Option<ExprRef<'a>>,
    },
    JoinedStr {
        values: Exprs<'a>,
    },
    TemplateStr {
        values: Exprs<'a>,
    },
    /// `kind` is `Some("u")` for `u"..."`.
    Constant {
        value: Constant<'a>,
        kind: Option<&'a str>,
    },
    Attribute {
        value: ExprRef<'a>,
        attr: Identifier<'a>,
        ctx: ExprContext,
    },
    Subscript {
        value: ExprRef<'a>,
        slice: ExprRef<'a>,
        ctx: ExprContext,
    },
    Starred {
        value: ExprRef<'a>,
        ctx: ExprContext,
    },
    Name {
        id: Identifier<'a>,
        ctx: ExprContext,
    },
    List {
        elts: Exprs<'a>,
        ctx: ExprContext,
    },
    Tuple {
        elts: Exprs<'a>,
        ctx: ExprContext,
    },
    Slice {
        lower: Option<ExprRef<'a>>,
        upper: Option<ExprRef<'a>>,
        step: Option<ExprRef<'a>>,
    },
}

#[derive(Clone, Copy, Debug)]
pub struct Comprehension<'a> {
    pub target: ExprRef<'a>,
    pub iter: ExprRef<'a>,
    pub ifs: Exprs<'a>,
    /// 1 for `async for`, else 0.
    pub is_async: i32,
}

/// An argument of a call or a class: `name=value`, or `**value` when `arg` is `None`.
#[derive(Clone, Copy, Debug)]
pub struct Keyword<'a> {
    pub arg: Option<Identifier<'a>>,
    pub value: ExprRef<'a>,
    pub range: Range,
}

/// The parameters of a function. `defaults` belong to the last of `posonlyargs` and `args`; `kw_defaults` has one entry
/// for each of `kwonlyargs`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Arguments<'a> {
    pub posonlyargs: &'a [Arg<'a>],
    pub args: &'a [Arg<'a>],
    pub vararg: Option<&'a Arg<'a>>,
    pub kwonlyargs: &'a [Arg<'a>],
    pub kw_defaults: &'a [Option<ExprRef<'a>>],
    pub kwarg: Option<&'a Arg<'a>>,
    pub defaults: Exprs<'a>,
}

#[derive(Clone, Copy, Debug)]
pub struct Arg<'a> {
    pub arg: Identifier<'a>,
    pub annotation: Option<ExprRef<'a>>,
    pub type_comment: Option<&'a str>,
    pub range: Range,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExprContext {
    Load,
    Store,
    Del,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BoolOp {
    And,
    Or,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operator {
    Add,
    Sub,
    Mult,
    MatMult,
    Div,
    Mod,
    Pow,
    LShift,
    RShift,
    BitOr,
    BitXor,
    BitAnd,
    FloorDiv,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Invert,
    Not,
    UAdd,
    USub,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CmpOp {
    Eq,
    NotEq,
    Lt,
    LtE,
    Gt,
    GtE,
    Is,
    IsNot,
    In,
    NotIn,
}

// ---- patterns ------------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug)]
pub struct Pattern<'a> {
    pub kind: PatternKind<'a>,
    pub range: Range,
}

#[derive(Clone, Copy, Debug)]
pub enum PatternKind<'a> {
    MatchValue {
        value: ExprRef<'a>,
    },
    MatchSingleton {
        value: Constant<'a>,
    },
    MatchSequence {
        patterns: &'a [PatternRef<'a>],
    },
    MatchMapping {
        keys: Exprs<'a>,
        patterns: &'a [PatternRef<'a>],
        rest: Option<Identifier<'a>>,
    },
    MatchClass {
        cls: ExprRef<'a>,
        patterns: &'a [PatternRef<'a>],
        kwd_attrs: &'a [Identifier<'a>],
        kwd_patterns: &'a [PatternRef<'a>],
    },
    /// `*name`, or `*_` when `None`.
    MatchStar {
        name: Option<Identifier<'a>>,
    },
    /// `pattern as name`; a bare capture has no pattern, `_` has neither.
    MatchAs {
        pattern: Option<PatternRef<'a>>,
        name: Option<Identifier<'a>>,
    },
    MatchOr {
        patterns: &'a [PatternRef<'a>],
    },
}
