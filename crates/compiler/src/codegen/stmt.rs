//! Statements.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::code;
use crate::error::{CompileError, Result};
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::names::known;
use crate::opcode::{Opcode, binary, common, intrinsic1};
use crate::unit::{Enclosing, Loop};

impl<'a> Codegen<'a, '_> {
    pub(super) fn stmts(&mut self, body: Body<'a>) -> Result<()> {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    pub(super) fn stmt(&mut self, stmt: &'a Stmt<'a>) -> Result<()> {
        self.cx.stack.check()?;
        let loc = stmt.range;
        match stmt.kind {
            StmtKind::FunctionDef(def) | StmtKind::AsyncFunctionDef(def) => self.function(stmt, def),
            StmtKind::ClassDef(def) => self.class(stmt, def),
            StmtKind::TypeAlias { name, type_params, value } => self.type_alias(stmt, name, type_params, value),
            StmtKind::Return { value } => self.return_(loc, value),
            StmtKind::Delete { targets } => self.exprs(targets),
            StmtKind::Assign { targets, value, .. } => {
                self.expr(value)?;
                if let Some((last, others)) = targets.split_last() {
                    for target in others {
                        self.op_arg(loc, Opcode::COPY, 1);
                        self.expr(target)?;
                    }
                    self.expr(last)?;
                }
                Ok(())
            }
            StmtKind::AugAssign { target, op, value } => self.augmented_assignment(loc, target, op, value),
            StmtKind::AnnAssign { target, annotation, value, simple } => {
                self.annotated_assignment(stmt, target, annotation, value, simple)
            }
            StmtKind::For(node) => self.conditional(|c| c.for_(loc, node, false)),
            StmtKind::AsyncFor(node) => self.conditional(|c| c.for_(loc, node, true)),
            StmtKind::While { test, body, orelse } => self.conditional(|c| c.while_(loc, test, body, orelse)),
            StmtKind::If { test, body, orelse } => self.conditional(|c| c.if_(test, body, orelse)),
            StmtKind::With(node) => self.conditional(|c| c.with(node.items, node.body, false)),
            StmtKind::AsyncWith(node) => self.conditional(|c| c.with(node.items, node.body, true)),
            StmtKind::Match { subject, cases } => self.conditional(|c| c.match_(subject, cases)),
            StmtKind::Try(node) => self.conditional(|c| c.try_(loc, node, false)),
            StmtKind::TryStar(node) => self.conditional(|c| c.try_(loc, node, true)),
            StmtKind::Raise { exc, cause } => {
                let mut count = 0;
                if let Some(exc) = exc {
                    self.expr(exc)?;
                    count += 1;
                    if let Some(cause) = cause {
                        self.expr(cause)?;
                        count += 1;
                    }
                }
                self.op_arg(loc, Opcode::RAISE_VARARGS, count);
                Ok(())
            }
            StmtKind::Assert { test, msg } => self.assert(loc, test, msg),
            StmtKind::Import { names } => self.import(loc, names),
            StmtKind::ImportFrom { module, names, level } => self.import_from(loc, module, names, level.unwrap_or(0)),
            StmtKind::Global { .. } | StmtKind::Nonlocal { .. } => Ok(()),
            StmtKind::Expr { value } => self.expr_stmt(loc, value),
            StmtKind::Pass => {
                self.op(loc, Opcode::NOP);
                Ok(())
            }
            StmtKind::Break => self.break_(loc),
            StmtKind::Continue => self.continue_(loc),
        }
    }

    /// Compiles code that may not be executed.
    fn conditional(&mut self, emit: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.unit.in_conditional_block += 1;
        emit(self)?;
        self.unit.in_conditional_block -= 1;
        Ok(())
    }

    fn expr_stmt(&mut self, loc: Loc, value: ExprRef<'a>) -> Result<()> {
        if self.cx.interactive && self.outer.is_empty() {
            self.expr(value)?;
            self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::PRINT);
            self.op(NO_LOCATION, Opcode::POP_TOP);
        } else if self.as_constant(value).is_some() {
            self.op(loc, Opcode::NOP);
        } else {
            self.expr(value)?;
            self.op(NO_LOCATION, Opcode::POP_TOP);
        }
        Ok(())
    }

    fn if_(&mut self, test: ExprRef<'a>, body: Body<'a>, orelse: Body<'a>) -> Result<()> {
        let end = self.label();
        let next = if orelse.is_empty() { end } else { self.label() };
        self.jump_if(test, next, false)?;
        self.stmts(body)?;
        if !orelse.is_empty() {
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
            self.place(next);
            self.stmts(orelse)?;
        }
        self.place(end);
        Ok(())
    }

    fn while_(&mut self, loc: Loc, test: ExprRef<'a>, body: Body<'a>, orelse: Body<'a>) -> Result<()> {
        let [again, done, after] = self.labels();
        self.place(again);
        let what = Enclosing::Loop(Loop { again, after, has_iterator: false });
        self.inside(loc, what, |c| {
            c.jump_if(test, done, false)?;
            c.stmts(body)
        })?;
        self.jump(NO_LOCATION, Opcode::JUMP, again);
        self.place(done);
        self.stmts(orelse)?;
        self.place(after);
        Ok(())
    }

    fn for_(&mut self, loc: Loc, node: &'a For<'a>, is_async: bool) -> Result<()> {
        let [again, done, after] = self.labels();
        let what = Enclosing::Loop(Loop { again, after, has_iterator: true });
        if is_async {
            self.expr(node.iter)?;
            self.op(node.iter.range, Opcode::GET_AITER);
            self.place(again);
            let mut wait = done;
            self.inside(loc, what, |c| {
                wait = c.await_next(loc, done);
                c.op(loc, Opcode::NOT_TAKEN);
                c.expr(node.target)?;
                c.stmts(node.body)
            })?;
            self.jump(NO_LOCATION, Opcode::JUMP, again);
            self.place(done);
            self.jump(node.iter.range, Opcode::END_ASYNC_FOR, wait);
        } else {
            self.inside(loc, what, |c| {
                c.expr(node.iter)?;
                c.op(node.iter.range, Opcode::GET_ITER);
                c.place(again);
                c.jump(node.iter.range, Opcode::FOR_ITER, done);
                // For the line of the target when the statement spans several.
                c.op(node.target.range, Opcode::NOP);
                c.expr(node.target)?;
                c.stmts(node.body)
            })?;
            self.jump(NO_LOCATION, Opcode::JUMP, again);
            self.end_for(done);
        }
        self.stmts(node.orelse)?;
        self.place(after);
        Ok(())
    }

    /// The end of a loop over an iterator.
    pub(super) fn end_for(&mut self, done: Label) {
        self.place(done);
        self.op(NO_LOCATION, Opcode::END_FOR);
        self.op(NO_LOCATION, Opcode::POP_ITER);
    }

    /// The next item of the asynchronous iterator on the stack; exceptions lead to `done`. Answers where the wait
    /// starts, which the instruction there wants to know.
    pub(super) fn await_next(&mut self, loc: Loc, done: Label) -> Label {
        self.jump(loc, Opcode::SETUP_FINALLY, done);
        self.op(loc, Opcode::GET_ANEXT);
        self.load_none(loc);
        let wait = self.label();
        self.place(wait);
        self.yield_from(loc, true);
        self.op(loc, Opcode::POP_BLOCK);
        wait
    }

    fn assert(&mut self, loc: Loc, test: ExprRef<'a>, msg: Option<ExprRef<'a>>) -> Result<()> {
        let always = match test.kind {
            ExprKind::Tuple { elts, .. } => !elts.is_empty(),
            ExprKind::Constant { value: Constant::Tuple(items), .. } => !items.is_empty(),
            _ => false,
        };
        if always {
            self.warn(loc, "assertion is always true, perhaps remove parentheses?");
        }
        if self.cx.optimize > 0 {
            return Ok(());
        }
        let end = self.label();
        self.jump_if(test, end, true)?;
        self.op_arg(loc, Opcode::LOAD_COMMON_CONSTANT, common::ASSERTION_ERROR);
        if let Some(msg) = msg {
            self.expr(msg)?;
            self.op_arg(loc, Opcode::CALL, 0);
        }
        self.op_arg(test.range, Opcode::RAISE_VARARGS, 1);
        self.place(end);
        Ok(())
    }

    fn import(&mut self, loc: Loc, aliases: &'a [Alias<'a>]) -> Result<()> {
        for alias in aliases {
            self.load_const(loc, code::Constant::Int(0));
            self.load_none(loc);
            let module = self.names.intern(alias.name);
            self.op_name(loc, Opcode::IMPORT_NAME, module);
            let (first, rest) = match alias.name.split_once('.') {
                Some((first, rest)) => (first, Some(rest)),
                None => (alias.name, None),
            };
            match (alias.asname, rest) {
                (Some(asname), Some(rest)) => {
                    // The value is the last module of the dotted name.
                    for (number, attr) in rest.split('.').enumerate() {
                        if number > 0 {
                            self.op_arg(loc, Opcode::SWAP, 2);
                            self.op(loc, Opcode::POP_TOP);
                        }
                        let attr = self.names.intern(attr);
                        let number = self.unit.names.number(attr);
                        self.op_arg(loc, Opcode::IMPORT_FROM, number);
                    }
                    self.name_op_str(loc, asname, ExprContext::Store)?;
                    self.op(loc, Opcode::POP_TOP);
                }
                (Some(asname), None) => self.name_op_str(loc, asname, ExprContext::Store)?,
                (None, _) => self.name_op_str(loc, first, ExprContext::Store)?,
            }
        }
        Ok(())
    }

    fn import_from(&mut self, loc: Loc, module: Option<&'a str>, aliases: &'a [Alias<'a>], level: i32) -> Result<()> {
        self.load_const(loc, code::Constant::Int(level as i64));
        let mut names = Vec::with_capacity(aliases.len());
        for alias in aliases {
            let name = self.names.intern(alias.name);
            names.push(code::Constant::Str(self.names.text(name)));
        }
        self.load_const(loc, code::Constant::Tuple(names.into()));
        let module = module.map_or(known::empty, |module| self.names.intern(module));
        self.op_name(loc, Opcode::IMPORT_NAME, module);
        for (number, alias) in aliases.iter().enumerate() {
            if number == 0 && alias.name.starts_with('*') {
                self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::IMPORT_STAR);
                self.op(NO_LOCATION, Opcode::POP_TOP);
                return Ok(());
            }
            let name = self.names.intern(alias.name);
            self.op_name(loc, Opcode::IMPORT_FROM, name);
            self.name_op_str(loc, alias.asname.unwrap_or(alias.name), ExprContext::Store)?;
        }
        self.op(loc, Opcode::POP_TOP);
        Ok(())
    }

    /// What the target refers to is evaluated once, then read and written.
    fn augmented_assignment(&mut self, stmt: Loc, target: ExprRef<'a>, op: Operator, value: ExprRef<'a>) -> Result<()> {
        let loc = target.range;
        // How many values the target needs on the stack, where it is accessed, and how it is written.
        let (parts, at, store) = match target.kind {
            ExprKind::Name { id, .. } => {
                self.name_op_str(loc, id, ExprContext::Load)?;
                (0, loc, None)
            }
            ExprKind::Attribute { value, attr, .. } => {
                self.expr(value)?;
                self.op_arg(loc, Opcode::COPY, 1);
                let at = self.attribute_location(loc, target, attr);
                let name = self.names.intern(attr);
                let number = self.name_number(name);
                self.op_arg(at, Opcode::LOAD_ATTR, number << 1);
                (1, at, Some((Opcode::STORE_ATTR, number)))
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.expr(value)?;
                let in_parts = self.is_two_part_slice(slice);
                if in_parts {
                    self.slice_parts(slice)?;
                } else {
                    self.expr(slice)?;
                }
                let parts = if in_parts { 3 } else { 2 };
                (0..parts).for_each(|_| self.op_arg(loc, Opcode::COPY, parts));
                if in_parts {
                    self.op(loc, Opcode::BINARY_SLICE);
                } else {
                    self.op_arg(loc, Opcode::BINARY_OP, binary::SUBSCR);
                }
                (parts, loc, Some((if in_parts { Opcode::STORE_SLICE } else { Opcode::STORE_SUBSCR }, 0)))
            }
            _ => {
                return Err(CompileError::Other("SystemError", "invalid node type for augmented assignment".into()));
            }
        };
        self.expr(value)?;
        self.binary_op(stmt, op, true);
        // The result goes below what the target needs.
        (2..parts + 2).rev().for_each(|depth| self.op_arg(at, Opcode::SWAP, depth));
        match (store, target.kind) {
            (Some((op, arg)), _) => self.op_arg(at, op, arg),
            (None, ExprKind::Name { id, .. }) => self.name_op_str(loc, id, ExprContext::Store)?,
            (None, _) => {}
        }
        Ok(())
    }

    /// Jumps to `target` when the truth of `expr` is `wanted`; else runs on.
    pub(super) fn jump_if(&mut self, expr: ExprRef<'a>, target: Label, wanted: bool) -> Result<()> {
        self.cx.stack.check()?;
        // Negations only change what is wanted.
        let (mut expr, mut wanted) = (expr, wanted);
        while let ExprKind::UnaryOp { op: UnaryOp::Not, operand } = expr.kind {
            (expr, wanted) = (operand, !wanted);
        }
        match expr.kind {
            ExprKind::BoolOp { op, values } => {
                let Some((last, others)) = values.split_last() else { return Ok(()) };
                // The value that settles the outcome leads out of the chain, to the target or past its last part.
                let settles = op == BoolOp::Or;
                let past = (settles != wanted).then(|| self.label());
                let out = past.unwrap_or(target);
                others.iter().try_for_each(|value| self.jump_if(value, out, settles))?;
                self.jump_if(last, target, wanted)?;
                past.into_iter().for_each(|past| self.place(past));
            }
            ExprKind::IfExp { test, body, orelse } => {
                let [otherwise, end] = self.labels();
                self.jump_if(test, otherwise, false)?;
                self.jump_if(body, target, wanted)?;
                self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
                self.place(otherwise);
                self.jump_if(orelse, target, wanted)?;
                self.place(end);
            }
            ExprKind::Compare { left, ops, comparators } if ops.len() > 1 => {
                let loc = expr.range;
                self.check_compare(expr, left, ops, comparators);
                let refuted = self.label();
                self.compare_links(loc, left, ops, comparators, refuted, false)?;
                self.branch(loc, target, wanted);
                let end = self.label();
                self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
                self.place(refuted);
                self.op(loc, Opcode::POP_TOP);
                if !wanted {
                    self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, target);
                }
                self.place(end);
            }
            _ => {
                self.expr(expr)?;
                self.branch(expr.range, target, wanted);
            }
        }
        Ok(())
    }

    /// Jumps by the truth of the value on top.
    fn branch(&mut self, loc: Loc, target: Label, wanted: bool) {
        self.op(loc, Opcode::TO_BOOL);
        self.jump(loc, if wanted { Opcode::POP_JUMP_IF_TRUE } else { Opcode::POP_JUMP_IF_FALSE }, target);
    }
}
