//! Comprehensions, inlined where they can be (PEP 709), and generator expressions.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::{CompileError, Result};
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::names::{Symbol, known};
use crate::opcode::Opcode;
use crate::symtable::{self, BlockKind as ScopeBlock, Key, Scope, flag};
use crate::unit::{ArgCounts, Enclosing, ScopeKind};

/// What a comprehension makes of its elements.
#[derive(Clone, Copy)]
enum Element<'a> {
    Yield(ExprRef<'a>),
    List(ExprRef<'a>),
    Set(ExprRef<'a>),
    Dict(ExprRef<'a>, ExprRef<'a>),
}

/// Where the iterator of a `for` comes from.
#[derive(Clone, Copy)]
enum Source {
    /// It lies on the stack.
    Stack,
    /// It is the argument of the comprehension's function.
    Argument,
    /// It is made here.
    Here,
}

/// What is different inside an inlined comprehension, and must be put back.
#[derive(Default)]
struct Inlined {
    /// Variables whose outer values wait on the stack.
    saved: Vec<Symbol>,
    /// Names that mean something else outside, with their flags there.
    shadowed: Vec<(Symbol, u32)>,
    /// Names that are fast locals inside only.
    revealed: Vec<Symbol>,
    /// Where an exception leads while values wait.
    raised: Option<Label>,
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn comprehension(&mut self, expr: ExprRef<'a>) -> Result<()> {
        let (name, build, generators, element) = match expr.kind {
            ExprKind::ListComp { elt, generators } => {
                (known::anon_listcomp, Some(Opcode::BUILD_LIST), generators, Element::List(elt))
            }
            ExprKind::SetComp { elt, generators } => {
                (known::anon_setcomp, Some(Opcode::BUILD_SET), generators, Element::Set(elt))
            }
            ExprKind::DictComp { key, value, generators } => {
                (known::anon_dictcomp, Some(Opcode::BUILD_MAP), generators, Element::Dict(key, value))
            }
            ExprKind::GeneratorExp { elt, generators } => (known::anon_genexpr, None, generators, Element::Yield(elt)),
            _ => return Ok(()),
        };
        let loc = expr.range;
        let Some(outermost) = generators.first() else {
            return Err(CompileError::Other("ValueError", "comprehension with no generators".into()));
        };
        let block = self.table.lookup(Key::expr(expr));
        let Some(id) = block else {
            return Err(CompileError::Other("KeyError", "unknown symbol table entry".into()));
        };
        let is_async = self.table.block(id).coroutine;
        if self.table.block(id).comp_inlined {
            self.iterator(outermost)?;
            let mut state = Inlined::default();
            self.reveal_names(id, &mut state);
            self.save_locals(loc, id, &mut state);
            let body = |c: &mut Self| {
                if let Some(build) = build {
                    c.op_arg(loc, build, 0);
                    c.op_arg(loc, Opcode::SWAP, 2);
                }
                c.loops(loc, generators, Source::Stack, 0, element).map(|_| ())
            };
            match state.raised {
                Some(raised) => {
                    self.inside(loc, Enclosing::Plain, |c| {
                        c.jump(loc, Opcode::SETUP_FINALLY, raised);
                        body(c)
                    })?;
                    self.restore_locals(loc, raised, &state.saved)?;
                }
                None => body(self)?,
            }
            self.hide_names(state);
            return Ok(());
        }
        let args = ArgCounts { args: 1, ..ArgCounts::default() };
        self.enter_scope(name, ScopeKind::Comprehension, block, loc.lineno, None, args)?;
        if let Some(build) = build {
            self.op_arg(loc, build, 0);
        }
        self.loops(loc, generators, Source::Argument, 0, element)?;
        match build {
            Some(_) => self.op(loc, Opcode::RETURN_VALUE),
            None => self.wrap_in_stopiteration_handler(),
        }
        let code = self.finish_scope(true)?;
        self.make_closure(loc, code, 0)?;
        self.iterator(outermost)?;
        self.op_arg(loc, Opcode::CALL, 0);
        if is_async && build.is_some() {
            self.await_value(loc, 0);
        }
        Ok(())
    }

    fn iterator(&mut self, generator: &'a Comprehension<'a>) -> Result<()> {
        self.expr(generator.iter)?;
        let op = if generator.is_async != 0 { Opcode::GET_AITER } else { Opcode::GET_ITER };
        self.op(generator.iter.range, op);
        Ok(())
    }

    /// The first `for` with its conditions, and inside the others and the element; `depth` counts the iterators on
    /// the stack. Answers the location of the element.
    fn loops(
        &mut self,
        loc: Loc,
        generators: &'a [Comprehension<'a>],
        source: Source,
        depth: u32,
        element: Element<'a>,
    ) -> Result<Loc> {
        self.cx.stack.check()?;
        let Some((generator, inner)) = generators.split_first() else { return self.element(depth, element) };
        let is_async = generator.is_async != 0;
        let [again, skip, done] = self.labels();
        // `for y in [f(x)]` is an assignment.
        let only = match (source, generator.iter.kind) {
            (Source::Here, ExprKind::List { elts: [only], .. } | ExprKind::Tuple { elts: [only], .. }) => {
                Some(*only).filter(|only| !is_async && !matches!(only.kind, ExprKind::Starred { .. }))
            }
            _ => None,
        };
        match (source, only) {
            (_, Some(only)) => self.expr(only)?,
            (Source::Here, None) => self.iterator(generator)?,
            (Source::Argument, None) => self.op_arg(loc, Opcode::LOAD_FAST, 0),
            (Source::Stack, None) => {}
        }
        let depth = depth + only.is_none() as u32;
        let body = |c: &mut Self| -> Result<Loc> {
            c.expr(generator.target)?;
            generator.ifs.iter().try_for_each(|test| c.jump_if(test, skip, false))?;
            let at = c.loops(loc, inner, Source::Here, depth, element)?;
            c.place(skip);
            Ok(at)
        };
        if only.is_some() {
            body(self)?;
        } else if is_async {
            self.place(again);
            let mut wait = done;
            let mut at = loc;
            self.inside(loc, Enclosing::Plain, |c| {
                wait = c.await_next(loc, done);
                at = body(c)?;
                Ok(())
            })?;
            self.jump(at, Opcode::JUMP, again);
            self.place(done);
            self.jump(loc, Opcode::END_ASYNC_FOR, wait);
        } else {
            self.place(again);
            self.jump(generator.iter.range, Opcode::FOR_ITER, done);
            let at = body(self)?;
            self.jump(at, Opcode::JUMP, again);
            self.end_for(done);
        }
        // To the `for` around, its element is no longer than it begins.
        Ok(match element {
            Element::Yield(elt) | Element::List(elt) | Element::Set(elt) | Element::Dict(elt, _) => elt.range,
        })
    }

    fn element(&mut self, depth: u32, element: Element<'a>) -> Result<Loc> {
        let (Element::Yield(elt) | Element::List(elt) | Element::Set(elt) | Element::Dict(elt, _)) = element;
        let mut at = elt.range;
        self.expr(elt)?;
        match element {
            Element::Yield(_) => {
                self.yield_value(at);
                self.op(at, Opcode::POP_TOP);
            }
            Element::List(_) => self.op_arg(at, Opcode::LIST_APPEND, depth + 1),
            Element::Set(_) => self.op_arg(at, Opcode::SET_ADD, depth + 1),
            Element::Dict(_, value) => {
                self.expr(value)?;
                at = at.to(value.range);
                self.op_arg(at, Opcode::MAP_ADD, depth + 1);
            }
        }
        Ok(at)
    }

    /// Makes the names of an inlined comprehension mean what they mean inside it.
    fn reveal_names(&mut self, comp: symtable::BlockId, state: &mut Inlined) {
        let outer = self.unit.block;
        let in_class = self.table.block(outer).kind == ScopeBlock::Class && self.unit.in_inlined_comp == 0;
        let function_like = self.table.block(outer).is_function_like();
        self.unit.in_inlined_comp += 1;
        for index in 0..self.table.block(comp).symbols.len() {
            let (name, flags) = self.table.block(comp).symbols.entries()[index];
            let outer_flags = self.table.block(outer).flags(name);
            let differs = match (Scope::of(flags), Scope::of(outer_flags)) {
                (Scope::Free, _) | (Scope::Cell, Scope::Free) => false,
                (inside, outside) => inside != outside,
            };
            if differs || in_class {
                self.table.block_mut(outer).symbols.insert(name, flags);
                state.shadowed.push((name, outer_flags));
            }
            if is_own(flags) && !function_like && self.unit.fast_hidden.get(name) != Some(true) {
                self.unit.fast_hidden.insert(name, true);
                state.revealed.push(name);
            }
        }
    }

    /// Puts the outer values of the comprehension's own variables on the stack, below the iterator.
    fn save_locals(&mut self, loc: Loc, comp: symtable::BlockId, state: &mut Inlined) {
        for index in 0..self.table.block(comp).symbols.len() {
            let (name, flags) = self.table.block(comp).symbols.entries()[index];
            if !is_own(flags) {
                continue;
            }
            let mangled = self.mangle(name);
            let number = self.unit.varnames.number(mangled);
            self.op_arg(loc, Opcode::LOAD_FAST_AND_CLEAR, number);
            if Scope::of(flags) == Scope::Cell {
                let is_free = self.table.block(self.unit.block).scope(name) == Scope::Free;
                let unit = &mut *self.unit;
                let cells = if is_free { &mut unit.freevars } else { &mut unit.cellvars };
                let number = cells.number(mangled);
                self.op_arg(loc, Opcode::MAKE_CELL, number);
            }
            state.saved.push(name);
        }
        if !state.saved.is_empty() {
            self.op_arg(loc, Opcode::SWAP, state.saved.len() as u32 + 1);
            state.raised = Some(self.label());
        }
    }

    /// Gives the variables their outer values again, also when an exception has led to `raised`.
    fn restore_locals(&mut self, loc: Loc, raised: Label, saved: &[Symbol]) -> Result<()> {
        let restore = |c: &mut Self| {
            c.op_arg(loc, Opcode::SWAP, saved.len() as u32 + 1);
            for name in saved.iter().rev() {
                let mangled = c.mangle(*name);
                let number = c.unit.varnames.number(mangled);
                c.op_arg(loc, Opcode::STORE_FAST_MAYBE_NULL, number);
            }
        };
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.detour(raised, |c| {
            // The incomplete result lies below the exception.
            c.op_arg(NO_LOCATION, Opcode::SWAP, 2);
            c.op(NO_LOCATION, Opcode::POP_TOP);
            restore(c);
            c.op_arg(NO_LOCATION, Opcode::RERAISE, 0);
            Ok(())
        })?;
        restore(self);
        Ok(())
    }

    fn hide_names(&mut self, state: Inlined) {
        self.unit.in_inlined_comp -= 1;
        let outer = self.unit.block;
        for (name, flags) in state.shadowed {
            self.table.block_mut(outer).symbols.insert(name, flags);
        }
        for name in state.revealed {
            self.unit.fast_hidden.insert(name, false);
        }
    }
}

/// A comprehension binds the name itself.
fn is_own(flags: u32) -> bool {
    flags & flag::DEF_LOCAL != 0 && flags & flag::DEF_NONLOCAL == 0
}
