//! Comprehensions, inlined where they can be (PEP 709), and generator expressions.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::{CompileError, Result};
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::names::{Symbol, known};
use crate::opcode::Opcode;
use crate::symtable::{self, BlockKind as ScopeBlock, Key, Scope, flag};
use crate::unit::{ArgCounts, BlockKind, ScopeKind};

/// What a comprehension makes of its elements.
#[derive(Clone, Copy)]
enum Element<'a> {
    Yield(ExprRef<'a>),
    List(ExprRef<'a>),
    Set(ExprRef<'a>),
    Dict(ExprRef<'a>, ExprRef<'a>),
}

/// What must be put back after an inlined comprehension.
#[derive(Default)]
struct Inlined {
    /// Names whose values wait on the stack.
    pushed: Vec<Symbol>,
    /// Flags of names that mean something else outside.
    outer_flags: Vec<(Symbol, u32)>,
    /// Names that are fast locals inside only.
    fast_hidden: Vec<Symbol>,
    cleanup: Option<Label>,
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn comprehension(&mut self, expr: ExprRef<'a>) -> Result<()> {
        let (name, generators, element) = match expr.kind {
            ExprKind::ListComp { elt, generators } => (known::anon_listcomp, generators, Element::List(elt)),
            ExprKind::SetComp { elt, generators } => (known::anon_setcomp, generators, Element::Set(elt)),
            ExprKind::DictComp { key, value, generators } => {
                (known::anon_dictcomp, generators, Element::Dict(key, value))
            }
            ExprKind::GeneratorExp { elt, generators } => (known::anon_genexpr, generators, Element::Yield(elt)),
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
        let entry = self.table.block(id);
        let (inlined, is_async) = (entry.comp_inlined, entry.coroutine);
        let is_generator = matches!(element, Element::Yield(_));
        let mut state = Inlined::default();
        if inlined {
            self.outermost_iterator(outermost)?;
            self.open_inlined(loc, id, &mut state)?;
        } else {
            let args = ArgCounts { args: 1, ..ArgCounts::default() };
            self.enter_scope(name, ScopeKind::Comprehension, block, loc.lineno, None, args)?;
        }
        let build = match element {
            Element::Yield(_) => None,
            Element::List(_) => Some(Opcode::BUILD_LIST),
            Element::Set(_) => Some(Opcode::BUILD_SET),
            Element::Dict(..) => Some(Opcode::BUILD_MAP),
        };
        if let Some(build) = build {
            self.op_arg(loc, build, 0);
            if inlined {
                self.op_arg(loc, Opcode::SWAP, 2);
            }
        }
        self.generator(loc, generators, 0, 0, element, inlined)?;
        if inlined {
            self.close_inlined(loc, state);
            return Ok(());
        }
        if is_generator {
            self.wrap_in_stopiteration_handler();
        } else {
            self.op(loc, Opcode::RETURN_VALUE);
        }
        let code = self.finish_scope(true)?;
        self.make_closure(loc, code, 0)?;
        self.outermost_iterator(outermost)?;
        self.op_arg(loc, Opcode::CALL, 0);
        if is_async && !is_generator {
            self.await_value(loc, 0);
        }
        Ok(())
    }

    /// The first iterable is evaluated outside.
    fn outermost_iterator(&mut self, generator: &'a Comprehension<'a>) -> Result<()> {
        self.expr(generator.iter)?;
        let op = if generator.is_async != 0 { Opcode::GET_AITER } else { Opcode::GET_ITER };
        self.op(generator.iter.range, op);
        Ok(())
    }

    /// One `for` with its conditions and what is inside; `depth` counts the iterators on the stack.
    fn generator(
        &mut self,
        loc: Loc,
        generators: &'a [Comprehension<'a>],
        index: usize,
        depth: u32,
        element: Element<'a>,
        on_stack: bool,
    ) -> Result<()> {
        self.cx.stack.check()?;
        if generators[index].is_async != 0 {
            self.async_generator(loc, generators, index, depth, element, on_stack)
        } else {
            self.sync_generator(loc, generators, index, depth, element, on_stack)
        }
    }

    fn sync_generator(
        &mut self,
        loc: Loc,
        generators: &'a [Comprehension<'a>],
        index: usize,
        mut depth: u32,
        element: Element<'a>,
        on_stack: bool,
    ) -> Result<()> {
        let generator = &generators[index];
        let start = self.label();
        let if_cleanup = self.label();
        let anchor = self.label();
        let mut is_loop = true;
        if !on_stack {
            if index == 0 {
                self.op_arg(loc, Opcode::LOAD_FAST, 0);
            } else {
                // `for y in [f(x)]` is an assignment.
                let single = match generator.iter.kind {
                    ExprKind::List { elts: [only], .. } | ExprKind::Tuple { elts: [only], .. } => {
                        Some(*only).filter(|only| !matches!(only.kind, ExprKind::Starred { .. }))
                    }
                    _ => None,
                };
                match single {
                    Some(only) => {
                        self.expr(only)?;
                        is_loop = false;
                    }
                    None => {
                        self.expr(generator.iter)?;
                        self.op(generator.iter.range, Opcode::GET_ITER);
                    }
                }
            }
        }
        if is_loop {
            depth += 1;
            self.place(start);
            self.jump(generator.iter.range, Opcode::FOR_ITER, anchor);
        }
        self.expr(generator.target)?;
        for test in generator.ifs {
            self.jump_if(test, if_cleanup, false)?;
        }
        let element_loc = self.inside(loc, generators, index, depth, element)?;
        self.place(if_cleanup);
        if is_loop {
            self.jump(element_loc, Opcode::JUMP, start);
            self.place(anchor);
            self.op(NO_LOCATION, Opcode::END_FOR);
            self.op(NO_LOCATION, Opcode::POP_ITER);
        }
        Ok(())
    }

    fn async_generator(
        &mut self,
        loc: Loc,
        generators: &'a [Comprehension<'a>],
        index: usize,
        depth: u32,
        element: Element<'a>,
        on_stack: bool,
    ) -> Result<()> {
        let generator = &generators[index];
        let start = self.label();
        let send = self.label();
        let except = self.label();
        let if_cleanup = self.label();
        if !on_stack {
            if index == 0 {
                self.op_arg(loc, Opcode::LOAD_FAST, 0);
            } else {
                self.expr(generator.iter)?;
                self.op(generator.iter.range, Opcode::GET_AITER);
            }
        }
        self.place(start);
        self.push_block(BlockKind::AsyncComprehension, start, Label::NONE, loc)?;
        self.jump(loc, Opcode::SETUP_FINALLY, except);
        self.op(loc, Opcode::GET_ANEXT);
        self.load_none(loc);
        self.place(send);
        self.yield_from(loc, true);
        self.op(loc, Opcode::POP_BLOCK);
        self.expr(generator.target)?;
        for test in generator.ifs {
            self.jump_if(test, if_cleanup, false)?;
        }
        let element_loc = self.inside(loc, generators, index, depth + 1, element)?;
        self.place(if_cleanup);
        self.jump(element_loc, Opcode::JUMP, start);
        self.pop_block();
        self.place(except);
        self.jump(loc, Opcode::END_ASYNC_FOR, send);
        Ok(())
    }

    /// The next `for`, or the element; answers the location of the element.
    fn inside(
        &mut self,
        loc: Loc,
        generators: &'a [Comprehension<'a>],
        index: usize,
        depth: u32,
        element: Element<'a>,
    ) -> Result<Loc> {
        let first = match element {
            Element::Yield(elt) | Element::List(elt) | Element::Set(elt) => elt,
            Element::Dict(key, _) => key,
        };
        if index + 1 < generators.len() {
            self.generator(loc, generators, index + 1, depth, element, false)?;
            return Ok(first.range);
        }
        let mut at = first.range;
        self.expr(first)?;
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

    /// Makes the names of an inlined comprehension mean what they mean inside it, and saves the values outside.
    fn open_inlined(&mut self, loc: Loc, comp: symtable::BlockId, state: &mut Inlined) -> Result<()> {
        let outer = self.unit.block;
        let in_class = self.table.block(outer).kind == ScopeBlock::Class && self.unit.in_inlined_comp == 0;
        let function_like = self.table.block(outer).is_function_like();
        self.unit.in_inlined_comp += 1;
        let symbols: Vec<(Symbol, u32)> = self.table.block(comp).symbols.entries().to_vec();
        let isolated = |flags: u32| flags & flag::DEF_LOCAL != 0 && flags & flag::DEF_NONLOCAL == 0;
        for (name, flags) in &symbols {
            let scope = Scope::of(*flags);
            let outer_flags = self.table.block(outer).flags(*name);
            let outer_scope = Scope::of(outer_flags);
            if scope != outer_scope && scope != Scope::Free && !(scope == Scope::Cell && outer_scope == Scope::Free)
                || in_class
            {
                self.table.block_mut(outer).symbols.insert(*name, *flags);
                state.outer_flags.push((*name, outer_flags));
            }
            if isolated(*flags) && !function_like && self.unit.fast_hidden.get(*name) != Some(true) {
                self.unit.fast_hidden.insert(*name, true);
                state.fast_hidden.push(*name);
            }
        }
        for (name, flags) in &symbols {
            if !isolated(*flags) {
                continue;
            }
            let outer_scope = self.table.block(outer).scope(*name);
            let mangled = self.mangle(*name);
            let number = self.unit.varnames.number(mangled);
            self.op_arg(loc, Opcode::LOAD_FAST_AND_CLEAR, number);
            if Scope::of(*flags) == Scope::Cell {
                let number = if outer_scope == Scope::Free {
                    self.unit.freevars.number(mangled)
                } else {
                    self.unit.cellvars.number(mangled)
                };
                self.op_arg(loc, Opcode::MAKE_CELL, number);
            }
            state.pushed.push(*name);
        }
        if !state.pushed.is_empty() {
            self.op_arg(loc, Opcode::SWAP, state.pushed.len() as u32 + 1);
            let cleanup = self.label();
            state.cleanup = Some(cleanup);
            self.push_block(BlockKind::InlinedComprehension, cleanup, Label::NONE, loc)?;
            self.jump(loc, Opcode::SETUP_FINALLY, cleanup);
        }
        Ok(())
    }

    fn restore_locals(&mut self, loc: Loc, pushed: &[Symbol]) {
        self.op_arg(loc, Opcode::SWAP, pushed.len() as u32 + 1);
        for name in pushed.iter().rev() {
            let mangled = self.mangle(*name);
            let number = self.unit.varnames.number(mangled);
            self.op_arg(loc, Opcode::STORE_FAST_MAYBE_NULL, number);
        }
    }

    fn close_inlined(&mut self, loc: Loc, state: Inlined) {
        if let Some(cleanup) = state.cleanup {
            self.op(NO_LOCATION, Opcode::POP_BLOCK);
            self.pop_block();
            let end = self.label();
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
            // After an exception the incomplete result lies below it.
            self.place(cleanup);
            self.op_arg(NO_LOCATION, Opcode::SWAP, 2);
            self.op(NO_LOCATION, Opcode::POP_TOP);
            self.restore_locals(loc, &state.pushed);
            self.op_arg(NO_LOCATION, Opcode::RERAISE, 0);
            self.place(end);
            self.restore_locals(loc, &state.pushed);
        }
        self.unit.in_inlined_comp -= 1;
        let outer = self.unit.block;
        for (name, flags) in state.outer_flags {
            self.table.block_mut(outer).symbols.insert(name, flags);
        }
        for name in state.fast_hidden {
            self.unit.fast_hidden.insert(name, false);
        }
    }
}
