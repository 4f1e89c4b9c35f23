//! `with` and `async with`.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::Result;
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::opcode::{Opcode, special};
use crate::unit::BlockKind;

impl<'a> Codegen<'a, '_> {
    fn enter_context(&mut self, loc: Loc, enter: u32, exit: u32) {
        self.op_arg(loc, Opcode::COPY, 1);
        self.op_arg(loc, Opcode::LOAD_SPECIAL, exit);
        self.op_arg(loc, Opcode::SWAP, 2);
        self.op_arg(loc, Opcode::SWAP, 3);
        self.op_arg(loc, Opcode::LOAD_SPECIAL, enter);
        self.op_arg(loc, Opcode::CALL, 0);
    }

    /// The item number `index`, with the others and the body inside.
    pub(super) fn with(&mut self, node: &'a With<'a>, index: usize) -> Result<()> {
        self.cx.stack.check()?;
        let Some(item) = node.items.get(index) else { return self.stmts(node.body) };
        let block = self.label();
        let end = self.label();
        let exit = self.label();
        let cleanup = self.label();
        self.expr(item.context_expr)?;
        let loc = item.context_expr.range;
        self.enter_context(loc, special::ENTER, special::EXIT);
        self.jump(loc, Opcode::SETUP_WITH, end);
        self.place(block);
        self.push_block(BlockKind::With, block, end, loc)?;
        match item.optional_vars {
            Some(target) => self.expr(target)?,
            None => self.op(loc, Opcode::POP_TOP),
        }
        if index + 1 == node.items.len() {
            self.stmts(node.body)?;
        } else {
            self.with(node, index + 1)?;
        }
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.pop_block();
        self.call_exit_with_nones(loc);
        self.op(loc, Opcode::POP_TOP);
        self.jump(loc, Opcode::JUMP, exit);

        self.place(end);
        self.jump(loc, Opcode::SETUP_CLEANUP, cleanup);
        self.op(loc, Opcode::PUSH_EXC_INFO);
        self.op(loc, Opcode::WITH_EXCEPT_START);
        self.finish_with(cleanup);
        self.place(exit);
        Ok(())
    }

    pub(super) fn async_with(&mut self, node: &'a With<'a>, index: usize) -> Result<()> {
        self.cx.stack.check()?;
        let Some(item) = node.items.get(index) else { return self.stmts(node.body) };
        let block = self.label();
        let end = self.label();
        let exit = self.label();
        let cleanup = self.label();
        self.expr(item.context_expr)?;
        let loc = item.context_expr.range;
        self.enter_context(loc, special::AENTER, special::AEXIT);
        self.await_value(loc, 1);
        self.jump(loc, Opcode::SETUP_WITH, end);
        self.place(block);
        self.push_block(BlockKind::AsyncWith, block, end, loc)?;
        match item.optional_vars {
            Some(target) => self.expr(target)?,
            None => self.op(loc, Opcode::POP_TOP),
        }
        if index + 1 == node.items.len() {
            self.stmts(node.body)?;
        } else {
            self.async_with(node, index + 1)?;
        }
        self.pop_block();
        self.op(loc, Opcode::POP_BLOCK);
        self.call_exit_with_nones(loc);
        self.await_value(loc, 2);
        self.op(loc, Opcode::POP_TOP);
        self.jump(loc, Opcode::JUMP, exit);

        self.place(end);
        self.jump(loc, Opcode::SETUP_CLEANUP, cleanup);
        self.op(loc, Opcode::PUSH_EXC_INFO);
        self.op(loc, Opcode::WITH_EXCEPT_START);
        self.await_value(loc, 2);
        self.finish_with(cleanup);
        self.place(exit);
        Ok(())
    }

    /// After `__exit__` was called with an exception: suppress it or raise it again.
    fn finish_with(&mut self, cleanup: Label) {
        let suppress = self.label();
        self.op(NO_LOCATION, Opcode::TO_BOOL);
        self.jump(NO_LOCATION, Opcode::POP_JUMP_IF_TRUE, suppress);
        self.op_arg(NO_LOCATION, Opcode::RERAISE, 2);
        self.place(suppress);
        self.op(NO_LOCATION, Opcode::POP_TOP);
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.op(NO_LOCATION, Opcode::POP_EXCEPT);
        self.op(NO_LOCATION, Opcode::POP_TOP);
        self.op(NO_LOCATION, Opcode::POP_TOP);
        self.op(NO_LOCATION, Opcode::POP_TOP);
        let exit = self.label();
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, exit);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(exit);
    }
}
