//! Unary and binary operators.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::Result;
use crate::ir::Loc;
use crate::opcode::{Opcode, binary, intrinsic1};
use crate::preprocess;

/// The argument of `BINARY_OP`.
fn number(op: Operator) -> u32 {
    match op {
        Operator::Add => binary::ADD,
        Operator::Sub => binary::SUBTRACT,
        Operator::Mult => binary::MULTIPLY,
        Operator::MatMult => binary::MATRIX_MULTIPLY,
        Operator::Div => binary::TRUE_DIVIDE,
        Operator::FloorDiv => binary::FLOOR_DIVIDE,
        Operator::Mod => binary::REMAINDER,
        Operator::Pow => binary::POWER,
        Operator::LShift => binary::LSHIFT,
        Operator::RShift => binary::RSHIFT,
        Operator::BitAnd => binary::AND,
        Operator::BitOr => binary::OR,
        Operator::BitXor => binary::XOR,
    }
}

impl<'a> Codegen<'a, '_> {
    pub(super) fn unary(&mut self, loc: Loc, op: UnaryOp, operand: ExprRef<'a>) -> Result<()> {
        self.expr(operand)?;
        match op {
            UnaryOp::Invert => self.op(loc, Opcode::UNARY_INVERT),
            UnaryOp::USub => self.op(loc, Opcode::UNARY_NEGATIVE),
            UnaryOp::UAdd => self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::UNARY_POSITIVE),
            UnaryOp::Not => {
                self.op(loc, Opcode::TO_BOOL);
                self.op(loc, Opcode::UNARY_NOT);
            }
        }
        Ok(())
    }

    /// `a + b + c ...`: the left spine is walked in a loop, so long chains need no deep stack.
    pub(super) fn binary(
        &mut self,
        expr: ExprRef<'a>,
        left: ExprRef<'a>,
        op: Operator,
        right: ExprRef<'a>,
    ) -> Result<()> {
        if op == Operator::Mod
            && let Some(formatted) = preprocess::percent_format(self.cx.arena, expr, left, right)
        {
            return self.expr(formatted);
        }
        let mut pending = vec![(expr.range, op, right)];
        let mut first = left;
        while let ExprKind::BinOp { left, op, right } = first.kind {
            if op == Operator::Mod && preprocess::may_be_percent_format(left, right) {
                break;
            }
            pending.push((first.range, op, right));
            first = left;
        }
        self.expr(first)?;
        while let Some((loc, op, right)) = pending.pop() {
            self.expr(right)?;
            self.binary_op(loc, op);
        }
        Ok(())
    }

    fn binary_op(&mut self, loc: Loc, op: Operator) {
        self.op_arg(loc, Opcode::BINARY_OP, number(op));
    }

    /// The operation of `a += b`.
    pub(in crate::codegen) fn inplace_op(&mut self, loc: Loc, op: Operator) {
        self.op_arg(loc, Opcode::BINARY_OP, number(op) + binary::INPLACE);
    }
}
