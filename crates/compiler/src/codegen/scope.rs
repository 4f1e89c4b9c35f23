//! Entering and leaving scopes: qualified names, code flags, and the way from a finished sequence to a `CodeUnit`.

use taipan_syntax::ast::StrValue;

use super::Codegen;
use crate::code::{CodeUnit, Constant, flags, kind};
use crate::error::{CompileError, Result};
use crate::flow::Frame;
use crate::ir::{Loc, NO_LOCATION};
use crate::names::{Symbol, known};
use crate::opcode::{Opcode, function, resume};
use crate::symtable::{self, Scope};
use crate::text::Text;
use crate::unit::{ArgCounts, ScopeKind, Unit};

impl<'a> Codegen<'a, '_> {
    /// `private`: the class whose names are mangled inside, when it is not that of the scope around.
    pub(super) fn enter_scope(
        &mut self,
        name: Symbol,
        kind: ScopeKind,
        block: Option<symtable::BlockId>,
        firstlineno: i32,
        private: Option<Symbol>,
        args: ArgCounts,
    ) -> Result<()> {
        let block = block.ok_or_else(|| CompileError::Other("KeyError", "unknown symbol table entry".into()))?;
        let mut unit = Box::new(Unit::new(kind, block, &self.table, &self.names, name, firstlineno, args));
        unit.private = private.or(self.unit.private);
        unit.sequence = self.sequences.pop().unwrap_or_default();
        self.outer.push(std::mem::replace(&mut self.unit, unit));
        self.unit.qualname = self.qualified_name(name);
        self.start_scope();
        Ok(())
    }

    pub(super) fn start_scope(&mut self) {
        let line = self.unit.firstlineno;
        let is_module = self.unit.kind == ScopeKind::Module;
        let loc = Loc::new(if is_module { 0 } else { line }, 0, line, 0);
        self.op_arg(loc, Opcode::RESUME, resume::AT_FUNC_START);
        if is_module {
            self.op(loc, Opcode::ANNOTATIONS_PLACEHOLDER);
        }
    }

    fn exit_scope(&mut self) -> Result<Box<Unit<'a>>> {
        let outer =
            self.outer.pop().ok_or_else(|| CompileError::Other("SystemError", "no scope to return to".into()))?;
        Ok(std::mem::replace(&mut self.unit, outer))
    }

    /// The name with those of the scopes around that it can be reached through.
    fn qualified_name(&mut self, name: Symbol) -> Symbol {
        // The module does not show, and no scope of type parameters.
        let mut around = self.outer.iter().skip(1).rev().peekable();
        around.next_if(|unit| unit.kind == ScopeKind::Annotations);
        let Some(parent) = around.next() else { return name };
        let is_definition = matches!(self.unit.kind, ScopeKind::Function | ScopeKind::AsyncFunction | ScopeKind::Class);
        if is_definition {
            let mangled = self.names.mangle(parent.private, name);
            if self.table.block(parent.block).scope(mangled) == Scope::GlobalExplicit {
                return name;
            }
        }
        let is_function = matches!(parent.kind, ScopeKind::Function | ScopeKind::AsyncFunction | ScopeKind::Lambda);
        let way = if is_function { ".<locals>." } else { "." };
        let text = [self.names.get(parent.qualname), way, self.names.get(name)].concat();
        self.names.intern_owned(&text)
    }

    fn code_flags(&self) -> u32 {
        let block = self.table.block(self.unit.block);
        let mut bits = 0;
        if block.is_function_like() {
            bits |= flags::NEWLOCALS | flags::OPTIMIZED;
            for (holds, bit) in [
                (block.nested, flags::NESTED),
                (block.generator && !block.coroutine, flags::GENERATOR),
                (block.generator && block.coroutine, flags::ASYNC_GENERATOR),
                (block.varargs, flags::VARARGS),
                (block.varkeywords, flags::VARKEYWORDS),
                (block.has_docstring, flags::HAS_DOCSTRING),
                (block.method, flags::METHOD),
            ] {
                if holds {
                    bits |= bit;
                }
            }
        }
        if block.coroutine && !block.generator {
            bits |= flags::COROUTINE;
        }
        bits | self.cx.future
    }

    /// The end of the current scope. `add_none`: falling off the end returns `None`.
    pub(super) fn add_return(&mut self, add_none: bool) {
        if add_none {
            self.load_none(NO_LOCATION);
        }
        self.op(NO_LOCATION, Opcode::RETURN_VALUE);
    }

    /// Finishes the current scope without leaving it.
    pub(super) fn assemble(&mut self, add_none: bool) -> Result<CodeUnit> {
        let bits = self.code_flags();
        self.add_return(add_none);
        let unit = &mut *self.unit;
        let cell_locals: Vec<Option<u32>> = unit.cellvars.iter().map(|(name, _)| unit.varnames.get(name)).collect();
        let frame = Frame {
            nlocals: unit.varnames.len(),
            nparams: self.table.block(unit.block).varnames.len(),
            firstlineno: unit.firstlineno,
            cell_locals: &cell_locals,
            nfree: unit.freevars.len(),
            is_generator: bits & (flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR) != 0,
        };
        let stack_depth = if self.cx.keep_sequences {
            self.graph.compile(&mut unit.sequence.clone(), &mut unit.consts, &frame)?
        } else {
            if unit.kind == ScopeKind::Module {
                unit.sequence.fill_placeholders();
            }
            self.graph.compile(&mut unit.sequence, &mut unit.consts, &frame)?
        };
        let assembled = self.assembler.assemble(&mut self.graph, unit.firstlineno)?;
        let (localsplusnames, localspluskinds) = self.locals_plus(bits);
        let unit = &mut *self.unit;
        let names = unit.names.iter().map(|(name, _)| self.names.text(name)).collect();
        Ok(CodeUnit {
            // The positional-only parameters count among the positional ones.
            argcount: unit.args.posonly + unit.args.args,
            posonlyargcount: unit.args.posonly,
            kwonlyargcount: unit.args.kwonly,
            // A frame always has room for one value.
            stacksize: stack_depth.max(1),
            flags: bits,
            code: assembled.code,
            consts: std::mem::take(&mut unit.consts.values),
            names,
            localsplusnames,
            localspluskinds,
            filename: self.cx.filename.clone(),
            name: self.names.text(unit.name),
            qualname: self.names.text(unit.qualname),
            firstlineno: unit.firstlineno,
            linetable: assembled.linetable,
            exceptiontable: assembled.exceptiontable,
        })
    }

    /// Names and kinds of the slots: locals, cells that are not parameters, free variables.
    fn locals_plus(&mut self, bits: u32) -> (Vec<Text>, Vec<u8>) {
        let unit = &*self.unit;
        let args = unit.args;
        let mut kinds = Vec::with_capacity(unit.varnames.len() + unit.cellvars.len() + unit.freevars.len());
        let mut names = Vec::with_capacity(kinds.capacity());
        let runs = [
            (args.posonly, kind::ARG_POS),
            (args.args, kind::ARG_POS | kind::ARG_KW),
            (args.kwonly, kind::ARG_KW),
            ((bits & flags::VARARGS != 0) as u32, kind::ARG_VAR | kind::ARG_POS),
            ((bits & flags::VARKEYWORDS != 0) as u32, kind::ARG_VAR | kind::ARG_KW),
        ];
        let mut arg_kinds = runs.iter().flat_map(|(count, kind)| std::iter::repeat_n(*kind, *count as usize));
        for (name, _) in unit.varnames.iter() {
            let mut bits = kind::LOCAL | arg_kinds.next().unwrap_or(0);
            if unit.fast_hidden.contains(name) {
                bits |= kind::HIDDEN;
            }
            if unit.cellvars.contains(name) {
                bits |= kind::CELL;
            }
            names.push(self.names.text(name));
            kinds.push(bits);
        }
        for (name, _) in unit.cellvars.iter() {
            if !unit.varnames.contains(name) {
                names.push(self.names.text(name));
                kinds.push(kind::CELL);
            }
        }
        for (name, _) in unit.freevars.iter() {
            names.push(self.names.text(name));
            kinds.push(kind::FREE);
        }
        (names, kinds)
    }

    /// Finishes the current scope and goes back to the one around; answers the code and its free variables.
    pub(super) fn finish_scope(&mut self, add_none: bool) -> Result<(CodeUnit, Vec<Symbol>)> {
        let code = self.assemble(add_none)?;
        let mut unit = self.exit_scope()?;
        let mut sequence = std::mem::take(&mut unit.sequence);
        if self.cx.keep_sequences {
            self.unit.sequence.nested.push(sequence);
        } else {
            sequence.recycle();
            self.sequences.push(sequence);
        }
        Ok((code, unit.freevars.iter().map(|(name, _)| name).collect()))
    }

    /// Makes a function of finished code.
    pub(super) fn make_closure(&mut self, loc: Loc, code: (CodeUnit, Vec<Symbol>), mut bits: u32) -> Result<()> {
        let (code, free) = code;
        if !free.is_empty() {
            for name in &free {
                let arg = self.closure_arg(*name)?;
                self.op_arg(loc, Opcode::LOAD_CLOSURE, arg);
            }
            bits |= function::CLOSURE;
            self.op_arg(loc, Opcode::BUILD_TUPLE, free.len() as u32);
        }
        self.load_const(loc, Constant::Code(Box::new(code)));
        self.op(loc, Opcode::MAKE_FUNCTION);
        for bit in
            [function::CLOSURE, function::ANNOTATIONS, function::ANNOTATE, function::KWDEFAULTS, function::DEFAULTS]
        {
            if bits & bit != 0 {
                self.op_arg(loc, Opcode::SET_FUNCTION_ATTRIBUTE, bit);
            }
        }
        Ok(())
    }

    /// The cell of this scope that an inner scope's free variable refers to.
    fn closure_arg(&self, name: Symbol) -> Result<u32> {
        let unit = &*self.unit;
        let is_class_cell = unit.kind == ScopeKind::Class
            && [known::class, known::classdict, known::conditional_annotations].contains(&name);
        let is_cell = is_class_cell || self.table.block(unit.block).scope(name) == Scope::Cell;
        let found = if is_cell { unit.cellvars.get(name) } else { unit.freevars.get(name) };
        found.ok_or_else(|| {
            CompileError::Other(
                "SystemError",
                format!("compiler_lookup_arg(name='{}') failed in {}", self.names.get(name), self.names.get(unit.name)),
            )
        })
    }
}

/// `inspect.cleandoc`, except that blank lines at the start and end stay: tabs become spaces, the common indentation
/// of all lines but the first goes.
pub(crate) fn clean_docstring(text: StrValue<'_>) -> Text {
    let bytes = text.as_bytes();
    let mut expanded;
    let bytes = if bytes.contains(&b'\t') {
        expanded = Vec::with_capacity(bytes.len() + 16);
        let mut column = 0;
        for byte in bytes {
            match byte {
                b'\t' => {
                    let spaces = 8 - column % 8;
                    expanded.resize(expanded.len() + spaces, b' ');
                    column += spaces;
                }
                b'\n' | b'\r' => {
                    expanded.push(*byte);
                    column = 0;
                }
                _ => {
                    expanded.push(*byte);
                    // Columns count characters.
                    column += (*byte & 0xC0 != 0x80) as usize;
                }
            }
        }
        &expanded[..]
    } else {
        bytes
    };
    let indent_of = |line: &[u8]| line.iter().take_while(|b| **b == b' ').count();
    let margin = bytes
        .split(|b| *b == b'\n')
        .skip(1)
        .filter(|line| line.len() > indent_of(line))
        .map(indent_of)
        .min()
        .unwrap_or(0);
    let first_indent = indent_of(bytes);
    if margin == 0 && first_indent == 0 {
        return Text::from_wtf8(bytes, text.has_surrogates());
    }
    let mut out = Vec::with_capacity(bytes.len());
    for (number, line) in bytes.split(|b| *b == b'\n').enumerate() {
        if number == 0 {
            out.extend_from_slice(&line[indent_of(line)..]);
        } else {
            out.push(b'\n');
            out.extend_from_slice(&line[margin.min(indent_of(line))..]);
        }
    }
    Text::from_wtf8(&out, text.has_surrogates())
}
