//! Statements.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::code;
use crate::error::{CompileError, Result};
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::names::known;
use crate::opcode::{Opcode, common, intrinsic1};
use crate::unit::BlockKind;

impl<'a> Codegen<'a, '_> {
    pub(super) fn stmts(&mut self, body: Body<'a>) -> Result<()> {
        body.iter().try_for_each(|stmt| self.stmt(stmt))
    }

    pub(super) fn stmt(&mut self, stmt: &'a Stmt<'a>) -> Result<()> {
        self.cx.stack.check()?;
        let loc = stmt.range;
        match stmt.kind {
            StmtKind::FunctionDef(def) => self.function(stmt, def, false),
            StmtKind::AsyncFunctionDef(def) => self.function(stmt, def, true),
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
            StmtKind::For(node) => self.conditional(|c| c.for_(loc, node)),
            StmtKind::AsyncFor(node) => self.conditional(|c| c.async_for(loc, node)),
            StmtKind::While { test, body, orelse } => self.conditional(|c| c.while_(loc, test, body, orelse)),
            StmtKind::If { test, body, orelse } => self.conditional(|c| c.if_(test, body, orelse)),
            StmtKind::With(node) => self.conditional(|c| c.with(node, 0)),
            StmtKind::AsyncWith(node) => self.conditional(|c| c.async_with(node, 0)),
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

    fn return_(&mut self, stmt_loc: Loc, value: Option<ExprRef<'a>>) -> Result<()> {
        let mut loc = stmt_loc;
        let constant = value.and_then(|value| self.as_constant(value));
        let preserve = value.is_some() && constant.is_none();
        let block = self.table.block(self.unit.block);
        if !block.is_function_like() {
            return self.error(loc, "'return' outside function");
        }
        if value.is_some() && block.coroutine && block.generator {
            return self.error(loc, "'return' with value in async generator");
        }
        if let Some(value) = value {
            if preserve {
                self.expr(value)?;
            } else {
                loc = value.range;
                self.op(loc, Opcode::NOP);
            }
        }
        if value.is_none_or(|value| value.range.lineno != stmt_loc.lineno) {
            loc = stmt_loc;
            self.op(loc, Opcode::NOP);
        }
        self.unwind(&mut loc, preserve, false)?;
        if value.is_none() {
            self.load_none(loc);
        } else if let Some(constant) = constant {
            let constant = self.constant(&constant)?;
            self.load_const(loc, constant);
        }
        self.op(loc, Opcode::RETURN_VALUE);
        Ok(())
    }

    fn break_(&mut self, origin: Loc) -> Result<()> {
        let mut loc = origin;
        self.op(loc, Opcode::NOP);
        let Some(found) = self.unwind(&mut loc, false, true)? else {
            return self.error(origin, "'break' outside loop");
        };
        self.unwind_block(found, &mut loc, false)?;
        self.jump(loc, Opcode::JUMP, found.exit);
        Ok(())
    }

    fn continue_(&mut self, origin: Loc) -> Result<()> {
        let mut loc = origin;
        self.op(loc, Opcode::NOP);
        let Some(found) = self.unwind(&mut loc, false, true)? else {
            return self.error(origin, "'continue' not properly in loop");
        };
        self.jump(loc, Opcode::JUMP, found.label);
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
        let start = self.label();
        let end = self.label();
        let anchor = self.label();
        self.place(start);
        self.push_block(BlockKind::WhileLoop, start, end, loc)?;
        self.jump_if(test, anchor, false)?;
        self.stmts(body)?;
        self.jump(NO_LOCATION, Opcode::JUMP, start);
        self.pop_block();
        self.place(anchor);
        self.stmts(orelse)?;
        self.place(end);
        Ok(())
    }

    fn for_(&mut self, stmt_loc: Loc, node: &'a For<'a>) -> Result<()> {
        let start = self.label();
        let cleanup = self.label();
        let end = self.label();
        self.push_block(BlockKind::ForLoop, start, end, stmt_loc)?;
        self.expr(node.iter)?;
        let loc = node.iter.range;
        self.op(loc, Opcode::GET_ITER);
        self.place(start);
        self.jump(loc, Opcode::FOR_ITER, cleanup);
        // For the line of the target when the statement spans several.
        self.op(node.target.range, Opcode::NOP);
        self.expr(node.target)?;
        self.stmts(node.body)?;
        self.jump(NO_LOCATION, Opcode::JUMP, start);
        self.place(cleanup);
        self.op(NO_LOCATION, Opcode::END_FOR);
        self.op(NO_LOCATION, Opcode::POP_ITER);
        self.pop_block();
        self.stmts(node.orelse)?;
        self.place(end);
        Ok(())
    }

    fn async_for(&mut self, loc: Loc, node: &'a For<'a>) -> Result<()> {
        let start = self.label();
        let send = self.label();
        let except = self.label();
        let end = self.label();
        self.expr(node.iter)?;
        self.op(node.iter.range, Opcode::GET_AITER);
        self.place(start);
        self.push_block(BlockKind::ForLoop, start, end, loc)?;
        self.jump(loc, Opcode::SETUP_FINALLY, except);
        self.op(loc, Opcode::GET_ANEXT);
        self.load_none(loc);
        self.place(send);
        self.yield_from(loc, true);
        self.op(loc, Opcode::POP_BLOCK);
        self.op(loc, Opcode::NOT_TAKEN);
        self.expr(node.target)?;
        self.stmts(node.body)?;
        self.jump(NO_LOCATION, Opcode::JUMP, start);
        self.pop_block();
        self.place(except);
        self.jump(node.iter.range, Opcode::END_ASYNC_FOR, send);
        self.stmts(node.orelse)?;
        self.place(end);
        Ok(())
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

    fn augmented_assignment(
        &mut self,
        stmt_loc: Loc,
        target: ExprRef<'a>,
        op: Operator,
        value: ExprRef<'a>,
    ) -> Result<()> {
        let mut loc = target.range;
        match target.kind {
            ExprKind::Attribute { value, attr, .. } => {
                self.expr(value)?;
                self.op_arg(loc, Opcode::COPY, 1);
                loc = self.attribute_location(loc, target, attr);
                let name = self.names.intern(attr);
                let number = self.name_number(name);
                self.op_arg(loc, Opcode::LOAD_ATTR, number << 1);
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.expr(value)?;
                if self.is_two_part_slice(slice) {
                    self.slice_parts(slice)?;
                    self.op_arg(loc, Opcode::COPY, 3);
                    self.op_arg(loc, Opcode::COPY, 3);
                    self.op_arg(loc, Opcode::COPY, 3);
                    self.op(loc, Opcode::BINARY_SLICE);
                } else {
                    self.expr(slice)?;
                    self.op_arg(loc, Opcode::COPY, 2);
                    self.op_arg(loc, Opcode::COPY, 2);
                    self.op_arg(loc, Opcode::BINARY_OP, crate::opcode::binary::SUBSCR);
                }
            }
            ExprKind::Name { id, .. } => self.name_op_str(loc, id, ExprContext::Load)?,
            _ => {
                return Err(CompileError::Other("SystemError", "invalid node type for augmented assignment".into()));
            }
        }
        self.expr(value)?;
        self.binary_op(stmt_loc, op, true);
        loc = target.range;
        match target.kind {
            ExprKind::Attribute { attr, .. } => {
                loc = self.attribute_location(loc, target, attr);
                self.op_arg(loc, Opcode::SWAP, 2);
                let name = self.names.intern(attr);
                self.op_name(loc, Opcode::STORE_ATTR, name);
            }
            ExprKind::Subscript { slice, .. } => {
                if self.is_two_part_slice(slice) {
                    self.op_arg(loc, Opcode::SWAP, 4);
                    self.op_arg(loc, Opcode::SWAP, 3);
                    self.op_arg(loc, Opcode::SWAP, 2);
                    self.op(loc, Opcode::STORE_SLICE);
                } else {
                    self.op_arg(loc, Opcode::SWAP, 3);
                    self.op_arg(loc, Opcode::SWAP, 2);
                    self.op(loc, Opcode::STORE_SUBSCR);
                }
            }
            ExprKind::Name { id, .. } => self.name_op_str(loc, id, ExprContext::Store)?,
            _ => {}
        }
        Ok(())
    }

    /// Jumps to `next` when the truth of `expr` is `condition`.
    pub(super) fn jump_if(&mut self, expr: ExprRef<'a>, next: Label, condition: bool) -> Result<()> {
        self.cx.stack.check()?;
        match expr.kind {
            ExprKind::UnaryOp { op: UnaryOp::Not, operand } => return self.jump_if(operand, next, !condition),
            ExprKind::BoolOp { op, values } => {
                let Some((last, first)) = values.split_last() else { return Ok(()) };
                let short_circuit = op == BoolOp::Or;
                let inner = if short_circuit == condition { next } else { self.label() };
                for value in first {
                    self.jump_if(value, inner, short_circuit)?;
                }
                self.jump_if(last, next, condition)?;
                if inner != next {
                    self.place(inner);
                }
                return Ok(());
            }
            ExprKind::IfExp { test, body, orelse } => {
                let end = self.label();
                let otherwise = self.label();
                self.jump_if(test, otherwise, false)?;
                self.jump_if(body, next, condition)?;
                self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
                self.place(otherwise);
                self.jump_if(orelse, next, condition)?;
                self.place(end);
                return Ok(());
            }
            ExprKind::Compare { left, ops, comparators } if ops.len() > 1 => {
                return self.jump_if_chained(expr, left, ops, comparators, next, condition);
            }
            _ => {}
        }
        self.expr(expr)?;
        self.op(expr.range, Opcode::TO_BOOL);
        let op = if condition { Opcode::POP_JUMP_IF_TRUE } else { Opcode::POP_JUMP_IF_FALSE };
        self.jump(expr.range, op, next);
        Ok(())
    }

    fn jump_if_chained(
        &mut self,
        expr: ExprRef<'a>,
        left: ExprRef<'a>,
        ops: &'a [CmpOp],
        comparators: Exprs<'a>,
        next: Label,
        condition: bool,
    ) -> Result<()> {
        let loc = expr.range;
        self.check_compare(expr, left, ops, comparators);
        let cleanup = self.label();
        self.expr(left)?;
        let last = ops.len() - 1;
        for (op, comparator) in ops.iter().zip(comparators).take(last) {
            self.expr(comparator)?;
            self.op_arg(loc, Opcode::SWAP, 2);
            self.op_arg(loc, Opcode::COPY, 2);
            self.compare_op(loc, *op);
            self.op(loc, Opcode::TO_BOOL);
            self.jump(loc, Opcode::POP_JUMP_IF_FALSE, cleanup);
        }
        if let Some(comparator) = comparators.get(last) {
            self.expr(comparator)?;
        }
        self.compare_op(loc, ops[last]);
        self.op(loc, Opcode::TO_BOOL);
        let op = if condition { Opcode::POP_JUMP_IF_TRUE } else { Opcode::POP_JUMP_IF_FALSE };
        self.jump(loc, op, next);
        let end = self.label();
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
        self.place(cleanup);
        self.op(loc, Opcode::POP_TOP);
        if !condition {
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, next);
        }
        self.place(end);
        Ok(())
    }
}
