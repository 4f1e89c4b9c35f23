//! Statements.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::code;
use crate::error::{CompileError, Result};
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::names::known;
use crate::opcode::{Opcode, common, intrinsic1};
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
                for part in [exc, exc.and(cause)].into_iter().flatten() {
                    self.expr(part)?;
                    count += 1;
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
        if !orelse.is_empty() {
            return self.either(test, |c| c.stmts(body), |c| c.stmts(orelse));
        }
        let end = self.label();
        self.jump_if(test, end, false)?;
        self.stmts(body)?;
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
            // With a name of its own, the value is the last module of the dotted name.
            let inner = alias.asname.and(rest);
            for (number, attr) in inner.iter().flat_map(|inner| inner.split('.')).enumerate() {
                if number > 0 {
                    self.op_arg(loc, Opcode::SWAP, 2);
                    self.op(loc, Opcode::POP_TOP);
                }
                let attr = self.names.intern(attr);
                let number = self.unit.names.number(attr);
                self.op_arg(loc, Opcode::IMPORT_FROM, number);
            }
            self.name_op_str(loc, alias.asname.unwrap_or(first), ExprContext::Store)?;
            if inner.is_some() {
                self.op(loc, Opcode::POP_TOP);
            }
        }
        Ok(())
    }

    fn import_from(&mut self, loc: Loc, module: Option<&'a str>, aliases: &'a [Alias<'a>], level: i32) -> Result<()> {
        self.load_const(loc, code::Constant::Int(level as i64));
        self.load_names(loc, aliases.iter().map(|alias| alias.name));
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
    fn augmented_assignment(&mut self, loc: Loc, target: ExprRef<'a>, op: Operator, value: ExprRef<'a>) -> Result<()> {
        if let ExprKind::Name { id, .. } = target.kind {
            self.name_op_str(target.range, id, ExprContext::Load)?;
            self.expr(value)?;
            self.inplace_op(loc, op);
            return self.name_op_str(target.range, id, ExprContext::Store);
        }
        let Some(place) = self.find(target, ExprContext::Store)? else {
            return Err(CompileError::Other("SystemError", "invalid node type for augmented assignment".into()));
        };
        let parts = place.parts();
        (0..parts).for_each(|_| self.op_arg(target.range, Opcode::COPY, parts));
        self.access(place, ExprContext::Load);
        self.expr(value)?;
        self.inplace_op(loc, op);
        // The result goes below what the target needs.
        (2..parts + 2).rev().for_each(|depth| self.op_arg(place.loc, Opcode::SWAP, depth));
        self.access(place, ExprContext::Store);
        Ok(())
    }
}
