//! `and` and `or`, comparisons, and what depends on a truth: as values, and as jumps.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::Result;
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::opcode::{Opcode, compare};

impl<'a> Codegen<'a, '_> {
    // ---- ways ------------------------------------------------------------------------------------------------------

    /// Code that only jumps to `entry` reach: what comes from above goes past it.
    pub(in crate::codegen) fn detour(
        &mut self,
        entry: Label,
        emit: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let end = self.label();
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
        self.place(entry);
        emit(self)?;
        self.place(end);
        Ok(())
    }

    /// One of two, as `test` has it.
    pub(in crate::codegen) fn either(
        &mut self,
        test: ExprRef<'a>,
        body: impl FnOnce(&mut Self) -> Result<()>,
        orelse: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let otherwise = self.label();
        self.jump_if(test, otherwise, false)?;
        body(self)?;
        self.detour(otherwise, orelse)
    }

    /// Jumps by the truth of the value on top.
    fn branch(&mut self, loc: Loc, target: Label, wanted: bool) {
        self.op(loc, Opcode::TO_BOOL);
        self.jump(loc, if wanted { Opcode::POP_JUMP_IF_TRUE } else { Opcode::POP_JUMP_IF_FALSE }, target);
    }

    /// Jumps to `target` when the truth of `expr` is `wanted`; else runs on.
    pub(in crate::codegen) fn jump_if(&mut self, mut expr: ExprRef<'a>, target: Label, mut wanted: bool) -> Result<()> {
        self.cx.stack.check()?;
        // Negations only change what is wanted.
        while let ExprKind::UnaryOp { op: UnaryOp::Not, operand } = expr.kind {
            (expr, wanted) = (operand, !wanted);
        }
        let loc = expr.range;
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
                Ok(())
            }
            ExprKind::IfExp { test, body, orelse } => {
                self.either(test, |c| c.jump_if(body, target, wanted), |c| c.jump_if(orelse, target, wanted))
            }
            ExprKind::Compare { left, ops, comparators } if ops.len() > 1 => {
                self.check_compare(expr, left, ops, comparators);
                let refuted = self.label();
                self.links(loc, left, ops, comparators, refuted, false)?;
                self.branch(loc, target, wanted);
                self.detour(refuted, |c| {
                    c.op(loc, Opcode::POP_TOP);
                    if !wanted {
                        c.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, target);
                    }
                    Ok(())
                })
            }
            _ => {
                self.expr(expr)?;
                self.branch(loc, target, wanted);
                Ok(())
            }
        }
    }

    // ---- values ----------------------------------------------------------------------------------------------------

    pub(super) fn bool_op(&mut self, loc: Loc, op: BoolOp, values: Exprs<'a>) -> Result<()> {
        let Some((last, others)) = values.split_last() else { return Ok(()) };
        let end = self.label();
        for value in others {
            self.expr(value)?;
            self.jump(loc, if op == BoolOp::Or { Opcode::JUMP_IF_TRUE } else { Opcode::JUMP_IF_FALSE }, end);
            self.op(loc, Opcode::POP_TOP);
        }
        self.expr(last)?;
        self.place(end);
        Ok(())
    }

    pub(super) fn compare(
        &mut self,
        expr: ExprRef<'a>,
        left: ExprRef<'a>,
        ops: &'a [CmpOp],
        comparators: Exprs<'a>,
    ) -> Result<()> {
        let loc = expr.range;
        self.check_compare(expr, left, ops, comparators);
        let refuted = self.label();
        self.links(loc, left, ops, comparators, refuted, true)?;
        if ops.len().min(comparators.len()) < 2 {
            return Ok(());
        }
        self.detour(refuted, |c| {
            c.op_arg(loc, Opcode::SWAP, 2);
            c.op(loc, Opcode::POP_TOP);
            Ok(())
        })
    }

    /// `a < b < c` up to the last comparison. As soon as one does not hold, jumps to `refuted`, with the right operand
    /// on the stack and with `keeps` the outcome above it.
    fn links(
        &mut self,
        loc: Loc,
        left: ExprRef<'a>,
        ops: &'a [CmpOp],
        comparators: Exprs<'a>,
        refuted: Label,
        keeps: bool,
    ) -> Result<()> {
        self.expr(left)?;
        let mut links = ops.iter().zip(comparators).peekable();
        while let Some((op, comparator)) = links.next() {
            self.expr(comparator)?;
            if links.peek().is_none() {
                self.compare_op(loc, *op);
                break;
            }
            self.op_arg(loc, Opcode::SWAP, 2);
            self.op_arg(loc, Opcode::COPY, 2);
            self.compare_op(loc, *op);
            if keeps {
                self.op_arg(loc, Opcode::COPY, 1);
            }
            self.branch(loc, refuted, false);
            if keeps {
                self.op(loc, Opcode::POP_TOP);
            }
        }
        Ok(())
    }

    pub(in crate::codegen) fn compare_op(&mut self, loc: Loc, op: CmpOp) {
        let (opcode, arg) = match op {
            CmpOp::Is => (Opcode::IS_OP, 0),
            CmpOp::IsNot => (Opcode::IS_OP, 1),
            CmpOp::In => (Opcode::CONTAINS_OP, 0),
            CmpOp::NotIn => (Opcode::CONTAINS_OP, 1),
            CmpOp::Eq => (Opcode::COMPARE_OP, compare::arg(compare::EQ)),
            CmpOp::NotEq => (Opcode::COMPARE_OP, compare::arg(compare::NE)),
            CmpOp::Lt => (Opcode::COMPARE_OP, compare::arg(compare::LT)),
            CmpOp::LtE => (Opcode::COMPARE_OP, compare::arg(compare::LE)),
            CmpOp::Gt => (Opcode::COMPARE_OP, compare::arg(compare::GT)),
            CmpOp::GtE => (Opcode::COMPARE_OP, compare::arg(compare::GE)),
        };
        self.op_arg(loc, opcode, arg);
    }
}
