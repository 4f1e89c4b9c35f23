//! Code generation: the tree becomes instruction sequences, one for each scope.
//!
//! Every method emits the instructions of one kind of node in CPython's order and with its locations; what can be
//! simplified is left to the flow graph. The counterparts are `Python/codegen.c` and `Python/compile.c`.

mod annotation;
mod check;
mod exception;
mod expr;
mod function;
mod pattern;
mod scope;
mod stmt;
mod unwind;
mod with;

pub(crate) use scope::clean_docstring;

use taipan_syntax::ast::{self, Arena, Body, ExprRef, Mod};

use crate::assemble::Assembler;
use crate::code::{CodeUnit, Constant};
use crate::error::{CompileError, Result, StackGuard, Warning};
use crate::flow::Graph;
use crate::fold;
use crate::ir::{Label, Loc, NO_LOCATION, Sequence};
use crate::names::{Names, Symbol, known};
use crate::opcode::Opcode;
use crate::symtable::SymbolTable;
use crate::text::Text;
use crate::unit::{ArgCounts, ScopeKind, Unit};

/// What holds for a whole compilation.
pub(crate) struct Context<'a> {
    pub arena: &'a Arena,
    pub filename: Text,
    /// `CO_FUTURE_*` bits, which every code object carries.
    pub future: u32,
    pub future_annotations: bool,
    pub optimize: u8,
    pub interactive: bool,
    pub stack: StackGuard,
    /// The sequences of scopes are kept in those around them.
    pub keep_sequences: bool,
}

pub(crate) struct Codegen<'a, 'w> {
    cx: Context<'a>,
    names: Names<'a>,
    table: SymbolTable,
    unit: Box<Unit<'a>>,
    /// The units around the current one, outermost first.
    #[expect(clippy::vec_box, reason = "a unit is large, and moves between here and `unit`")]
    outer: Vec<Box<Unit<'a>>>,
    /// Where finished sequences are optimised, one after the other.
    graph: Graph,
    assembler: Assembler,
    /// Memory for the sequences of further units.
    sequences: Vec<Sequence>,
    warnings: &'w mut Vec<Warning>,
    /// The body of `finally` is compiled twice; the second time its warnings are known.
    warnings_off: u32,
}

pub(crate) fn compile<'a>(
    tree: &Mod<'a>,
    cx: Context<'a>,
    names: Names<'a>,
    table: SymbolTable,
    warnings: &mut Vec<Warning>,
) -> Result<CodeUnit> {
    let (mut codegen, add_none) = module_scope(tree, cx, names, table, warnings)?;
    codegen.assemble(add_none)
}

/// The instructions and constants of the module's scope, not optimised.
pub(crate) fn generate<'a>(
    tree: &Mod<'a>,
    cx: Context<'a>,
    names: Names<'a>,
    table: SymbolTable,
    warnings: &mut Vec<Warning>,
) -> Result<(Sequence, Vec<Constant>)> {
    let (mut codegen, add_none) = module_scope(tree, cx, names, table, warnings)?;
    codegen.add_return(add_none);
    Ok((codegen.unit.sequence, codegen.unit.consts.values))
}

/// The module's scope up to its end, and whether falling off the end returns None.
fn module_scope<'a, 'w>(
    tree: &Mod<'a>,
    cx: Context<'a>,
    names: Names<'a>,
    table: SymbolTable,
    warnings: &'w mut Vec<Warning>,
) -> Result<(Codegen<'a, 'w>, bool)> {
    let unit = Unit::new(ScopeKind::Module, 0, &table, &names, known::anon_module, 1, ArgCounts::default());
    let mut codegen = Codegen {
        cx,
        names,
        table,
        unit: Box::new(unit),
        outer: Vec::new(),
        graph: Graph::default(),
        assembler: Assembler::default(),
        sequences: Vec::new(),
        warnings,
        warnings_off: 0,
    };
    codegen.start_scope();
    match *tree {
        Mod::Module { body, .. } => {
            codegen.module(body, false)?;
            Ok((codegen, true))
        }
        Mod::Interactive { body } => {
            codegen.module(body, true)?;
            Ok((codegen, true))
        }
        Mod::Expression { body } => {
            codegen.expr(body)?;
            Ok((codegen, false))
        }
        Mod::FunctionType { .. } => {
            Err(CompileError::Other("SystemError", "module kind 4 should not be possible".into()))
        }
    }
}

impl<'a> Codegen<'a, '_> {
    // ---- emission ----------------------------------------------------------------------------------------------

    #[inline]
    fn op(&mut self, loc: Loc, op: Opcode) {
        self.unit.sequence.push(op, 0, loc);
    }

    #[inline]
    fn op_arg(&mut self, loc: Loc, op: Opcode, arg: u32) {
        self.unit.sequence.push(op, arg, loc);
    }

    #[inline]
    fn jump(&mut self, loc: Loc, op: Opcode, target: Label) {
        self.unit.sequence.push_jump(op, target, loc);
    }

    #[inline]
    fn label(&mut self) -> Label {
        self.unit.sequence.new_label()
    }

    fn labels<const N: usize>(&mut self) -> [Label; N] {
        std::array::from_fn(|_| self.label())
    }

    #[inline]
    fn place(&mut self, label: Label) {
        self.unit.sequence.use_label(label);
    }

    fn load_const(&mut self, loc: Loc, value: Constant) {
        let number = self.unit.consts.number(value);
        self.op_arg(loc, Opcode::LOAD_CONST, number);
    }

    fn load_none(&mut self, loc: Loc) {
        let unit = &mut *self.unit;
        let number = *unit.none_const.get_or_insert_with(|| unit.consts.number(Constant::None));
        self.op_arg(loc, Opcode::LOAD_CONST, number);
    }

    /// Loads the value of a constant node.
    fn load_value(&mut self, loc: Loc, value: &ast::Constant<'a>) -> Result<()> {
        let value = self.constant(value)?;
        self.load_const(loc, value);
        Ok(())
    }

    /// Loads a tuple of names.
    fn load_names(&mut self, loc: Loc, names: impl Iterator<Item = &'a str>) {
        let names = names.map(|name| {
            let name = self.names.intern(name);
            Constant::Str(self.names.text(name))
        });
        let names = Constant::Tuple(names.collect());
        self.load_const(loc, names);
    }

    /// Loads a name as a string.
    fn load_name_const(&mut self, loc: Loc, name: Symbol) {
        let known = self.unit.name_consts.get(name);
        let number = known.unwrap_or_else(|| {
            let number = self.unit.consts.number(Constant::Str(self.names.text(name)));
            self.unit.name_consts.insert(name, number);
            number
        });
        self.op_arg(loc, Opcode::LOAD_CONST, number);
    }

    fn load_str_const(&mut self, loc: Loc, text: &'a str) {
        let name = self.names.intern(text);
        self.load_name_const(loc, name);
    }

    /// An instruction on a name of `co_names`.
    fn op_name(&mut self, loc: Loc, op: Opcode, name: Symbol) {
        let number = self.name_number(name);
        self.op_arg(loc, op, number);
    }

    fn name_number(&mut self, name: Symbol) -> u32 {
        let mangled = self.mangle(name);
        self.unit.names.number(mangled)
    }

    fn mangle(&mut self, name: Symbol) -> Symbol {
        self.table.mangle(&mut self.names, self.unit.private, self.unit.block, name)
    }

    fn error<T>(&self, loc: Loc, message: impl Into<String>) -> Result<T> {
        Err(CompileError::at(loc, message))
    }

    fn warn(&mut self, loc: Loc, message: impl Into<String>) {
        if self.warnings_off == 0 {
            self.warnings.push(Warning::at(loc, message));
        }
    }

    // ---- constants ---------------------------------------------------------------------------------------------

    /// The value of a constant node.
    fn constant(&self, value: &ast::Constant<'a>) -> Result<Constant> {
        self.cx.stack.check()?;
        let all = |items: &'a [ast::Constant<'a>]| -> Result<Box<[Constant]>> {
            items.iter().map(|item| self.constant(item)).collect()
        };
        Ok(match *value {
            ast::Constant::None => Constant::None,
            ast::Constant::Bool(v) => Constant::Bool(v),
            ast::Constant::Ellipsis => Constant::Ellipsis,
            ast::Constant::Int(ast::Int::Small(v)) => Constant::Int(v),
            ast::Constant::Int(ast::Int::Big { negative, digits }) => fold::from_digits(negative, digits),
            ast::Constant::Float(v) => Constant::Float(v),
            ast::Constant::Complex { real, imag } => Constant::Complex { real, imag },
            ast::Constant::Str(text) => Constant::Str(Text::from_wtf8(text.as_bytes(), text.has_surrogates())),
            ast::Constant::Bytes(v) => Constant::Bytes(v.into()),
            ast::Constant::Tuple(items) => Constant::Tuple(all(items)?),
            ast::Constant::FrozenSet(items) => fold::frozenset(all(items)?.into_vec()),
        })
    }

    /// The constant that an expression is, `__debug__` included.
    fn as_constant(&self, expr: ExprRef<'a>) -> Option<ast::Constant<'a>> {
        match expr.kind {
            ast::ExprKind::Constant { value, .. } => Some(value),
            ast::ExprKind::Name { id: "__debug__", ctx: ast::ExprContext::Load } => {
                Some(ast::Constant::Bool(self.cx.optimize == 0))
            }
            _ => None,
        }
    }

    // ---- modules -----------------------------------------------------------------------------------------------

    fn module(&mut self, body: Body<'a>, interactive: bool) -> Result<()> {
        let loc = match body {
            [] => Loc::new(1, 0, 1, 0),
            // The docstring that `-OO` drops does not count.
            [first, rest @ ..] if self.cx.optimize >= 2 && crate::symtable::docstring(body).is_some() => {
                rest.first().map_or(pass_location(first.range), |stmt| stmt.range)
            }
            [first, ..] => first.range,
        };
        if self.table.block(0).has_conditional_annotations {
            self.op_arg(loc, Opcode::BUILD_SET, 0);
            let number = self.unit.names.number(known::conditional_annotations);
            self.op_arg(loc, Opcode::STORE_NAME, number);
        }
        self.body(loc, body, interactive)
    }

    /// The statements of a module or class.
    fn body(&mut self, loc: Loc, body: Body<'a>, interactive: bool) -> Result<()> {
        let block = self.table.block(self.unit.block);
        if self.cx.future_annotations && block.annotations_used {
            self.op(loc, Opcode::SETUP_ANNOTATIONS);
        }
        if body.is_empty() {
            return Ok(());
        }
        let has_docstring = self.table.block(self.unit.block).has_docstring;
        let mut rest = body;
        if !interactive {
            match crate::symtable::docstring(body) {
                Some((text, expr)) if has_docstring => {
                    let cleaned = scope::clean_docstring(text);
                    self.load_const(expr.range, Constant::Str(cleaned));
                    self.name_op(NO_LOCATION, known::doc, ast::ExprContext::Store)?;
                    rest = &body[1..];
                }
                Some(_) => rest = self.without_docstring(body)?,
                None => {}
            }
        }
        for stmt in rest {
            self.stmt(stmt)?;
        }
        if !self.cx.future_annotations {
            self.deferred_annotations(loc)?;
        }
        Ok(())
    }

    /// The rest of a body whose docstring is dropped (`-OO`).
    fn without_docstring(&mut self, body: Body<'a>) -> Result<Body<'a>> {
        let rest = &body[1..];
        if rest.is_empty() {
            self.op(pass_location(body[0].range), Opcode::NOP);
            return Ok(rest);
        }
        match crate::symtable::docstring(rest) {
            // A second string must not become the docstring; it stays an ordinary expression.
            Some((_, expr)) => {
                self.expr(expr)?;
                self.op(NO_LOCATION, Opcode::POP_TOP);
                Ok(&rest[1..])
            }
            None => Ok(rest),
        }
    }
}

/// Where the first name stands again that is there twice; no name is `None`.
fn repeated<'a, T>(items: &[T], name: impl Fn(&T) -> Option<&'a str>) -> Option<usize> {
    let again = |at: usize| {
        let wanted = name(&items[at])?;
        (at + 1..items.len()).find(|other| name(&items[*other]) == Some(wanted))
    };
    (0..items.len()).find_map(again)
}

/// Where a `pass` would be that stands for what was at `at`.
fn pass_location(at: Loc) -> Loc {
    Loc::new(at.lineno, at.col_offset, at.lineno, at.col_offset.saturating_add(4))
}
