//! `yield`, `yield from` and `await`: where a frame hands over and waits.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::Result;
use crate::ir::{Loc, NO_LOCATION};
use crate::opcode::{Opcode, intrinsic1, resume};
use crate::unit::ScopeKind;

impl<'a> Codegen<'a, '_> {
    pub(super) fn yield_expr(&mut self, loc: Loc, value: Option<ExprRef<'a>>) -> Result<()> {
        if !self.table.block(self.unit.block).is_function_like() {
            return self.error(loc, "'yield' outside function");
        }
        match value {
            Some(value) => self.expr(value)?,
            None => self.load_none(loc),
        }
        self.yield_value(loc);
        Ok(())
    }

    pub(super) fn yield_from_expr(&mut self, loc: Loc, value: ExprRef<'a>) -> Result<()> {
        if !self.table.block(self.unit.block).is_function_like() {
            return self.error(loc, "'yield from' outside function");
        }
        if self.unit.kind == ScopeKind::AsyncFunction {
            return self.error(loc, "'yield from' inside async function");
        }
        self.expr(value)?;
        self.op(loc, Opcode::GET_YIELD_FROM_ITER);
        self.load_none(loc);
        self.yield_from(loc, false);
        Ok(())
    }

    pub(super) fn yield_value(&mut self, loc: Loc) {
        let block = self.table.block(self.unit.block);
        if block.generator && block.coroutine {
            self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::ASYNC_GEN_WRAP);
        }
        self.op_arg(loc, Opcode::YIELD_VALUE, 0);
        self.op_arg(loc, Opcode::RESUME, resume::AFTER_YIELD);
    }

    /// Waits for the awaitable or iterator on the stack, below the value to send.
    pub(in crate::codegen) fn yield_from(&mut self, loc: Loc, is_await: bool) {
        let [send, thrown, done] = self.labels();
        self.place(send);
        self.jump(loc, Opcode::SEND, done);
        // A throw or close can end the wait with StopIteration.
        self.jump(loc, Opcode::SETUP_FINALLY, thrown);
        self.op_arg(loc, Opcode::YIELD_VALUE, 1);
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        let how = if is_await { resume::AFTER_AWAIT } else { resume::AFTER_YIELD_FROM };
        self.op_arg(loc, Opcode::RESUME, how);
        self.jump(loc, Opcode::JUMP_NO_INTERRUPT, send);
        self.place(thrown);
        self.op(loc, Opcode::CLEANUP_THROW);
        self.place(done);
        self.op(loc, Opcode::END_SEND);
    }

    /// `await` of what is on the stack.
    pub(in crate::codegen) fn await_value(&mut self, loc: Loc, how: u32) {
        self.op_arg(loc, Opcode::GET_AWAITABLE, how);
        self.load_none(loc);
        self.yield_from(loc, true);
    }
}
