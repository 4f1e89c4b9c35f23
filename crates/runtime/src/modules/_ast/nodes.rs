//! The one description of the syntax tree: from it come the classes, their `_fields` and docstrings, and the
//! conversions between trees of the parser and objects.
//!
//! A group is a sum or a product of the ASDL, and its nodes are the constructors, with fields as `name(type)` in the
//! spelling of the ASDL. What follows a group's name are the Rust types that hold it.
//! CPython: `Parser/Python.asdl` and what `Parser/asdl_c.py` makes of it.

use taipan_syntax::ast;

use super::values::{Builder, Reader, Source, Tree, Value, required};
use crate::prelude::*;

/// Which classes and positions the nodes of a group have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A base class, with one class a constructor.
    Sum,
    /// A sum without any fields: each node has one instance.
    Simple,
    /// One class.
    Product,
}

/// The attributes of a group: none, or the four of a position, of which the last two may be optional.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    None,
    EndOptional,
    Required,
}

pub struct Field {
    name: &'static str,
    spec: &'static str,
}

impl Field {
    pub fn name(&self) -> &'static str {
        self.name.trim_end_matches('_')
    }

    /// The type without `?` and `*`.
    pub fn type_name(&self) -> &'static str {
        self.spec.trim_end_matches(['?', '*', ' '])
    }

    pub fn is_list(&self) -> bool {
        self.spec.ends_with('*')
    }

    pub fn is_optional(&self) -> bool {
        self.spec.ends_with('?')
    }

    /// The type as the ASDL writes it: `expr?*`.
    pub fn asdl(&self) -> String {
        self.spec.replace(' ', "")
    }
}

pub struct Node {
    pub name: &'static str,
    pub fields: &'static [Field],
}

impl Node {
    /// `Return(expr? value)`; without fields the name alone.
    pub fn asdl(&self) -> String {
        if self.fields.is_empty() {
            return self.name.to_owned();
        }
        let fields: Vec<String> =
            self.fields.iter().map(|field| format!("{} {}", field.asdl(), field.name())).collect();
        format!("{}({})", self.name, fields.join(", "))
    }
}

pub struct Group {
    pub name: &'static str,
    pub shape: Shape,
    pub position: Position,
    pub nodes: &'static [Node],
}

impl Group {
    /// The docstring of the base class.
    pub fn asdl(&self) -> String {
        let nodes: Vec<String> = self.nodes.iter().map(Node::asdl).collect();
        let separator = match self.shape {
            Shape::Simple => " | ".to_owned(),
            _ => format!("\n{:1$}| ", "", self.name.len() + 1),
        };
        format!("{} = {}", self.name, nodes.join(&separator))
    }
}

/// The name of a node's class: its own, or in a product the group's.
macro_rules! node_name {
    (product $group:literal $node:ident) => {
        $group
    };
    (located_product $group:literal $node:ident) => {
        $group
    };
    ($kind:ident $group:literal $node:ident) => {
        stringify!($node)
    };
}

macro_rules! shape {
    (simple) => {
        (Shape::Simple, Position::None)
    };
    (product) => {
        (Shape::Product, Position::None)
    };
    (located_product) => {
        (Shape::Product, Position::EndOptional)
    };
    (located) => {
        (Shape::Sum, Position::EndOptional)
    };
    (located_single) => {
        (Shape::Sum, Position::EndOptional)
    };
    (placed) => {
        (Shape::Sum, Position::Required)
    };
    ($sum:ident) => {
        (Shape::Sum, Position::None)
    };
}

macro_rules! describe {
    ($(
        $kind:ident $group:literal [$($types:tt)*] {
            $(
                $node:ident
                $( { $( $field:ident ( $($spec:tt)* ) ),* } )?
                $( => $boxed:ident { $( $bfield:ident ( $($bspec:tt)* ) ),* } )?
                ;
            )*
        }
    )*) => {
        /// A class that can have instances, as an index into all of them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[expect(clippy::enum_variant_names, reason = "these are the names of the grammar")]
        pub enum Class { $($($node,)*)* }

        /// All groups, with the nodes in the order of [`Class`].
        pub static GROUPS: &[Group] = &[$(
            Group {
                name: $group,
                shape: shape!($kind).0,
                position: shape!($kind).1,
                nodes: &[$(
                    Node {
                        name: node_name!($kind $group $node),
                        fields: &[
                            $( $( Field { name: stringify!($field), spec: stringify!($($spec)*) }, )* )?
                            $( $( Field { name: stringify!($bfield), spec: stringify!($($bspec)*) }, )* )?
                        ],
                    },
                )*],
            },
        )*];

        $(
            convert! {
                $kind $group [$($types)*] {
                    $( $node $( { $( $field )* } )? $( => $boxed { $( $bfield )* } )? ; )*
                }
            }
        )*
    };
}

/// Writes `Tree` (or, for simple sums, `Value`) for the types of a group.
macro_rules! convert {
    (simple $group:literal [$type:ident] { $( $node:ident ; )* }) => {
        impl<'a> Value<'a> for ast::$type {
            fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
                Ok(match self {
                    $( ast::$type::$node => to.singleton(Class::$node), )*
                })
            }

            fn read(from: &Reader<'a>, source: Source<'_>) -> PyResult<Self> {
                let object = source.required()?;
                match from.class_of(object, $group, &[$(Class::$node),*])? {
                    $( Class::$node => Ok(ast::$type::$node), )*
                    _ => Err(from.unexpected(object, $group)),
                }
            }
        }
    };
    (sum $group:literal [$type:ident] { $($nodes:tt)* }) => {
        impl<'a> Tree<'a> for ast::$type<'a> {
            const NONE_IS_ABSENT: bool = true;

            fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
                let _guard = to.enter()?;
                build_nodes!(self, to, ast::$type, { $($nodes)* })
            }

            fn read(from: &Reader<'a>, object: Borrowed<'_, Object>) -> PyResult<Self> {
                read_nodes!(from, object, $group, ast::$type, { $($nodes)* })
            }
        }
    };
    (located $group:literal [$type:ident $kind:ident] $nodes:tt) => {
        located_sum! { false, $group [$type $kind] $nodes }
    };
    (placed $group:literal [$type:ident $kind:ident] $nodes:tt) => {
        located_sum! { true, $group [$type $kind] $nodes }
    };
    (single $group:literal [$type:ident] { $node:ident { $($field:ident)* } ; }) => {
        impl<'a> Tree<'a> for ast::$type<'a> {
            const NONE_IS_ABSENT: bool = true;

            fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
                to.node(Class::$node, &[ $( Value::build(&self.$field, to)?, )* ])
            }

            fn read(from: &Reader<'a>, object: Borrowed<'_, Object>) -> PyResult<Self> {
                from.class_of(object, $group, &[Class::$node])?;
                let mut fields = from.fields(object, Class::$node)?;
                Ok(ast::$type { $( $field: fields.next()?, )* })
            }
        }
        by_value!($type);
    };
    (located_single $group:literal [$type:ident] { $node:ident { $($field:ident)* } ; }) => {
        impl<'a> Tree<'a> for ast::$type<'a> {
            const NONE_IS_ABSENT: bool = true;

            fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
                let _guard = to.enter()?;
                let node = to.node(Class::$node, &[ $( Value::build(&self.$field, to)?, )* ])?;
                to.locate(node, self.range)
            }

            fn read(from: &Reader<'a>, object: Borrowed<'_, Object>) -> PyResult<Self> {
                let range = from.range(object, $group, false)?;
                from.class_of(object, $group, &[Class::$node])?;
                let mut fields = from.fields(object, Class::$node)?;
                Ok(ast::$type { $( $field: fields.next()?, )* range })
            }
        }
        by_value!($type);
    };
    (product $group:literal [$type:ident] { $node:ident { $($field:ident)* } ; }) => {
        impl<'a> Tree<'a> for ast::$type<'a> {
            const NONE_IS_ABSENT: bool = false;

            fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
                let _guard = to.enter()?;
                to.node(Class::$node, &[ $( Value::build(&self.$field, to)?, )* ])
            }

            fn read(from: &Reader<'a>, object: Borrowed<'_, Object>) -> PyResult<Self> {
                let mut fields = from.fields(object, Class::$node)?;
                Ok(ast::$type { $( $field: fields.next()?, )* })
            }
        }
        by_value!($type);
    };
    (located_product $group:literal [$type:ident] { $node:ident { $($field:ident)* } ; }) => {
        impl<'a> Tree<'a> for ast::$type<'a> {
            const NONE_IS_ABSENT: bool = false;

            fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
                let _guard = to.enter()?;
                let node = to.node(Class::$node, &[ $( Value::build(&self.$field, to)?, )* ])?;
                to.locate(node, self.range)
            }

            fn read(from: &Reader<'a>, object: Borrowed<'_, Object>) -> PyResult<Self> {
                let mut fields = from.fields(object, Class::$node)?;
                $( let $field = fields.next()?; )*
                let range = from.range(object, $group, false)?;
                Ok(ast::$type { $( $field, )* range })
            }
        }
        by_value!($type);
    };
}

macro_rules! located_sum {
    ($required:literal, $group:literal [$type:ident $kind:ident] { $($nodes:tt)* }) => {
        impl<'a> Tree<'a> for ast::$type<'a> {
            const NONE_IS_ABSENT: bool = true;

            fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
                let _guard = to.enter()?;
                let node = build_nodes!(&self.kind, to, ast::$kind, { $($nodes)* })?;
                to.locate(node, self.range)
            }

            fn read(from: &Reader<'a>, object: Borrowed<'_, Object>) -> PyResult<Self> {
                let range = from.range(object, $group, $required)?;
                let kind = read_nodes!(from, object, $group, ast::$kind, { $($nodes)* })?;
                Ok(ast::$type { kind, range })
            }
        }
        by_value!($type);
    };
}

macro_rules! build_nodes {
    ($tree:expr, $to:ident, $($enum:ident)::+, { $(
        $node:ident $( { $( $field:ident )* } )? $( => $boxed:ident { $( $bfield:ident )* } )? ;
    )* }) => {
        build_nodes!(@ $tree, $to, [$($enum)::+], { $( $node $( { $( $field )* } )? $( => $boxed { $( $bfield )* } )? ; )* })
    };
    (@ $tree:expr, $to:ident, $enum:tt, { $(
        $node:ident $( { $( $field:ident )* } )? $( => $boxed:ident { $( $bfield:ident )* } )? ;
    )* }) => {
        match $tree {
            $(
                variant!($enum $node $( { $( $field, )* } )? $( ( ast::$boxed { $( $bfield, )* } ) )?) => $to.node(
                    Class::$node,
                    &[
                        $( $( Value::build($field, $to)?, )* )?
                        $( $( Value::build($bfield, $to)?, )* )?
                    ],
                ),
            )*
        }
    };
}

macro_rules! read_nodes {
    ($from:ident, $object:ident, $group:literal, $($enum:ident)::+, { $($nodes:tt)* }) => {
        read_nodes!(@ $from, $object, $group, [$($enum)::+], { $($nodes)* })
    };
    (@ $from:ident, $object:ident, $group:literal, $enum:tt, { $(
        $node:ident $( { $( $field:ident )* } )? $( => $boxed:ident { $( $bfield:ident )* } )? ;
    )* }) => {
        match $from.class_of($object, $group, &[$(Class::$node),*])? {
            $(
                Class::$node => {
                    #[allow(unused_mut, unused_variables)]
                    let mut fields = $from.fields($object, Class::$node)?;
                    Ok(variant!($enum $node
                        $( { $( $field: fields.next()?, )* } )?
                        $( ( $from.arena().alloc(ast::$boxed { $( $bfield: fields.next()?, )* }) ) )?
                    ))
                }
            )*
            _ => Err($from.unexpected($object, $group)),
        }
    };
}

/// A variant as a pattern or an expression: the path in brackets, then the name, then what it holds.
macro_rules! variant {
    ([$($enum:ident)::+] $node:ident $($rest:tt)*) => {
        $($enum)::+::$node $($rest)*
    };
}

/// Nodes that lie in lists themselves, not by reference.
macro_rules! by_value {
    ($type:ident) => {
        impl<'a> Value<'a> for ast::$type<'a> {
            fn build(&self, to: &Builder) -> PyResult<Ref<Object>> {
                Tree::build(self, to)
            }

            fn read(from: &Reader<'a>, source: Source<'_>) -> PyResult<Self> {
                required(from, source)
            }
        }
    };
}

describe! {
    sum "mod" [Mod] {
        Module { body(stmt*), type_ignores(type_ignore*) };
        Interactive { body(stmt*) };
        Expression { body(expr) };
        FunctionType { argtypes(expr*), returns(expr) };
    }
    located "stmt" [Stmt StmtKind] {
        FunctionDef => FunctionDef {
            name(identifier), args(arguments), body(stmt*), decorator_list(expr*), returns(expr?),
            type_comment(string?), type_params(type_param*)
        };
        AsyncFunctionDef => FunctionDef {
            name(identifier), args(arguments), body(stmt*), decorator_list(expr*), returns(expr?),
            type_comment(string?), type_params(type_param*)
        };
        ClassDef => ClassDef {
            name(identifier), bases(expr*), keywords(keyword*), body(stmt*), decorator_list(expr*),
            type_params(type_param*)
        };
        Return { value(expr?) };
        Delete { targets(expr*) };
        Assign { targets(expr*), value(expr), type_comment(string?) };
        TypeAlias { name(expr), type_params(type_param*), value(expr) };
        AugAssign { target(expr), op(operator), value(expr) };
        AnnAssign { target(expr), annotation(expr), value(expr?), simple(int) };
        For => For { target(expr), iter(expr), body(stmt*), orelse(stmt*), type_comment(string?) };
        AsyncFor => For { target(expr), iter(expr), body(stmt*), orelse(stmt*), type_comment(string?) };
        While { test(expr), body(stmt*), orelse(stmt*) };
        If { test(expr), body(stmt*), orelse(stmt*) };
        With => With { items(withitem*), body(stmt*), type_comment(string?) };
        AsyncWith => With { items(withitem*), body(stmt*), type_comment(string?) };
        Match { subject(expr), cases(match_case*) };
        Raise { exc(expr?), cause(expr?) };
        Try => Try { body(stmt*), handlers(excepthandler*), orelse(stmt*), finalbody(stmt*) };
        TryStar => Try { body(stmt*), handlers(excepthandler*), orelse(stmt*), finalbody(stmt*) };
        Assert { test(expr), msg(expr?) };
        Import { names(alias*) };
        ImportFrom { module(identifier?), names(alias*), level(int?) };
        Global { names(identifier*) };
        Nonlocal { names(identifier*) };
        Expr { value(expr) };
        Pass;
        Break;
        Continue;
    }
    located "expr" [Expr ExprKind] {
        BoolOp { op(boolop), values(expr*) };
        NamedExpr { target(expr), value(expr) };
        BinOp { left(expr), op(operator), right(expr) };
        UnaryOp { op(unaryop), operand(expr) };
        Lambda { args(arguments), body(expr) };
        IfExp { test(expr), body(expr), orelse(expr) };
        Dict { keys(expr?*), values(expr*) };
        Set { elts(expr*) };
        ListComp { elt(expr), generators(comprehension*) };
        SetComp { elt(expr), generators(comprehension*) };
        DictComp { key(expr), value(expr), generators(comprehension*) };
        GeneratorExp { elt(expr), generators(comprehension*) };
        Await { value(expr) };
        Yield { value(expr?) };
        YieldFrom { value(expr) };
        Compare { left(expr), ops(cmpop*), comparators(expr*) };
        Call { func(expr), args(expr*), keywords(keyword*) };
        FormattedValue { value(expr), conversion(int), format_spec(expr?) };
        Interpolation { value(expr), str(constant), conversion(int), format_spec(expr?) };
        JoinedStr { values(expr*) };
        TemplateStr { values(expr*) };
        Constant { value(constant), kind(string?) };
        Attribute { value(expr), attr(identifier), ctx(expr_context) };
        Subscript { value(expr), slice(expr), ctx(expr_context) };
        Starred { value(expr), ctx(expr_context) };
        Name { id(identifier), ctx(expr_context) };
        List { elts(expr*), ctx(expr_context) };
        Tuple { elts(expr*), ctx(expr_context) };
        Slice { lower(expr?), upper(expr?), step(expr?) };
    }
    simple "expr_context" [ExprContext] { Load; Store; Del; }
    simple "boolop" [BoolOp] { And; Or; }
    simple "operator" [Operator] {
        Add; Sub; Mult; MatMult; Div; Mod; Pow; LShift; RShift; BitOr; BitXor; BitAnd; FloorDiv;
    }
    simple "unaryop" [UnaryOp] { Invert; Not; UAdd; USub; }
    simple "cmpop" [CmpOp] { Eq; NotEq; Lt; LtE; Gt; GtE; Is; IsNot; In; NotIn; }
    product "comprehension" [Comprehension] {
        Comprehension { target(expr), iter(expr), ifs(expr*), is_async(int) };
    }
    located_single "excepthandler" [ExceptHandler] {
        ExceptHandler { type_(expr?), name(identifier?), body(stmt*) };
    }
    product "arguments" [Arguments] {
        Arguments {
            posonlyargs(arg*), args(arg*), vararg(arg?), kwonlyargs(arg*), kw_defaults(expr?*), kwarg(arg?),
            defaults(expr*)
        };
    }
    located_product "arg" [Arg] { Arg { arg(identifier), annotation(expr?), type_comment(string?) }; }
    located_product "keyword" [Keyword] { Keyword { arg(identifier?), value(expr) }; }
    located_product "alias" [Alias] { Alias { name(identifier), asname(identifier?) }; }
    product "withitem" [WithItem] { WithItem { context_expr(expr), optional_vars(expr?) }; }
    product "match_case" [MatchCase] { MatchCase { pattern(pattern), guard(expr?), body(stmt*) }; }
    placed "pattern" [Pattern PatternKind] {
        MatchValue { value(expr) };
        MatchSingleton { value(constant) };
        MatchSequence { patterns(pattern*) };
        MatchMapping { keys(expr*), patterns(pattern*), rest(identifier?) };
        MatchClass { cls(expr), patterns(pattern*), kwd_attrs(identifier*), kwd_patterns(pattern*) };
        MatchStar { name(identifier?) };
        MatchAs { pattern(pattern?), name(identifier?) };
        MatchOr { patterns(pattern*) };
    }
    single "type_ignore" [TypeIgnore] { TypeIgnore { lineno(int), tag(string) }; }
    placed "type_param" [TypeParam TypeParamKind] {
        TypeVar { name(identifier), bound(expr?), default_value(expr?) };
        ParamSpec { name(identifier), default_value(expr?) };
        TypeVarTuple { name(identifier), default_value(expr?) };
    }
}
