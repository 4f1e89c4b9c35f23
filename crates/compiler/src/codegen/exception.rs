//! `try` in all its forms.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::Result;
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::opcode::{Opcode, intrinsic2};
use crate::unit::{BlockKind, FrameBlock};

impl<'a> Codegen<'a, '_> {
    pub(super) fn try_(&mut self, loc: Loc, node: &'a Try<'a>, star: bool) -> Result<()> {
        if node.finalbody.is_empty() { self.try_handlers(loc, node, star) } else { self.try_finally(loc, node, star) }
    }

    fn try_handlers(&mut self, loc: Loc, node: &'a Try<'a>, star: bool) -> Result<()> {
        if star { self.try_except_star(loc, node) } else { self.try_except(loc, node) }
    }

    /// The final body is emitted twice: for leaving normally and for an exception.
    fn try_finally(&mut self, loc: Loc, node: &'a Try<'a>, star: bool) -> Result<()> {
        let body = self.label();
        let end = self.label();
        let exit = self.label();
        let cleanup = self.label();
        self.jump(loc, Opcode::SETUP_FINALLY, end);
        self.place(body);
        self.push_frame_block(FrameBlock {
            kind: BlockKind::FinallyTry,
            label: body,
            exit: end,
            loc,
            finally: node.finalbody,
            name: None,
        })?;
        if node.handlers.is_empty() {
            self.stmts(node.body)?;
        } else {
            self.try_handlers(loc, node, star)?;
        }
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.pop_block();
        self.stmts(node.finalbody)?;
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, exit);

        self.place(end);
        self.jump(NO_LOCATION, Opcode::SETUP_CLEANUP, cleanup);
        self.op(NO_LOCATION, Opcode::PUSH_EXC_INFO);
        self.push_block(BlockKind::FinallyEnd, end, Label::NONE, NO_LOCATION)?;
        self.stmts(node.finalbody)?;
        self.pop_block();
        self.op_arg(NO_LOCATION, Opcode::RERAISE, 0);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(exit);
        Ok(())
    }

    fn try_except(&mut self, loc: Loc, node: &'a Try<'a>) -> Result<()> {
        let body = self.label();
        let except = self.label();
        let end = self.label();
        let cleanup = self.label();
        self.jump(loc, Opcode::SETUP_FINALLY, except);
        self.place(body);
        self.push_block(BlockKind::TryExcept, body, Label::NONE, loc)?;
        self.stmts(node.body)?;
        self.pop_block();
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.stmts(node.orelse)?;
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);

        self.place(except);
        self.jump(NO_LOCATION, Opcode::SETUP_CLEANUP, cleanup);
        self.op(NO_LOCATION, Opcode::PUSH_EXC_INFO);
        self.push_block(BlockKind::ExceptionHandler, Label::NONE, Label::NONE, loc)?;
        for (number, handler) in node.handlers.iter().enumerate() {
            let loc = handler.range;
            if handler.type_.is_none() && number + 1 < node.handlers.len() {
                return self.error(loc, "default 'except:' must be last");
            }
            let next = self.label();
            if let Some(class) = handler.type_ {
                self.expr(class)?;
                self.op(loc, Opcode::CHECK_EXC_MATCH);
                self.jump(loc, Opcode::POP_JUMP_IF_FALSE, next);
            }
            match handler.name {
                Some(name) => {
                    let cleanup_end = self.label();
                    let cleanup_body = self.label();
                    self.name_op_str(loc, name, ExprContext::Store)?;
                    self.jump(loc, Opcode::SETUP_CLEANUP, cleanup_end);
                    self.place(cleanup_body);
                    self.handler_body(handler, cleanup_body)?;
                    self.op(NO_LOCATION, Opcode::POP_BLOCK);
                    self.op(NO_LOCATION, Opcode::POP_BLOCK);
                    self.op(NO_LOCATION, Opcode::POP_EXCEPT);
                    self.unbind_exception(NO_LOCATION, name)?;
                    self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
                    self.place(cleanup_end);
                    self.unbind_exception(NO_LOCATION, name)?;
                    self.op_arg(NO_LOCATION, Opcode::RERAISE, 1);
                }
                None => {
                    let cleanup_body = self.label();
                    self.op(loc, Opcode::POP_TOP);
                    self.place(cleanup_body);
                    self.handler_body(handler, cleanup_body)?;
                    self.op(NO_LOCATION, Opcode::POP_BLOCK);
                    self.op(NO_LOCATION, Opcode::POP_EXCEPT);
                    self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
                }
            }
            self.place(next);
        }
        self.pop_block();
        self.op_arg(NO_LOCATION, Opcode::RERAISE, 0);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(end);
        Ok(())
    }

    fn handler_body(&mut self, handler: &'a ExceptHandler<'a>, label: Label) -> Result<()> {
        self.push_frame_block(FrameBlock {
            kind: BlockKind::HandlerCleanup,
            label,
            exit: Label::NONE,
            loc: handler.range,
            finally: &[],
            name: handler.name,
        })?;
        self.stmts(handler.body)?;
        self.pop_block();
        Ok(())
    }

    /// On the stack in the handlers: the original group, the list of exceptions raised so far, the rest to match.
    fn try_except_star(&mut self, loc: Loc, node: &'a Try<'a>) -> Result<()> {
        let body = self.label();
        let except = self.label();
        let orelse = self.label();
        let end = self.label();
        let cleanup = self.label();
        let reraise_star = self.label();
        self.jump(loc, Opcode::SETUP_FINALLY, except);
        self.place(body);
        self.push_block(BlockKind::TryExcept, body, Label::NONE, loc)?;
        self.stmts(node.body)?;
        self.pop_block();
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, orelse);

        self.place(except);
        self.jump(NO_LOCATION, Opcode::SETUP_CLEANUP, cleanup);
        self.op(NO_LOCATION, Opcode::PUSH_EXC_INFO);
        self.push_block(BlockKind::ExceptionGroupHandler, Label::NONE, Label::NONE, loc)?;
        for (number, handler) in node.handlers.iter().enumerate() {
            let loc = handler.range;
            let next = self.label();
            let with_error = self.label();
            let no_match = self.label();
            if number == 0 {
                self.op_arg(loc, Opcode::BUILD_LIST, 0);
                self.op_arg(loc, Opcode::COPY, 2);
            }
            if let Some(class) = handler.type_ {
                self.expr(class)?;
                self.op(loc, Opcode::CHECK_EG_MATCH);
                self.op_arg(loc, Opcode::COPY, 1);
                self.jump(loc, Opcode::POP_JUMP_IF_NONE, no_match);
            }
            let cleanup_end = self.label();
            let cleanup_body = self.label();
            match handler.name {
                Some(name) => self.name_op_str(loc, name, ExprContext::Store)?,
                None => self.op(loc, Opcode::POP_TOP),
            }
            self.jump(loc, Opcode::SETUP_CLEANUP, cleanup_end);
            self.place(cleanup_body);
            self.handler_body(handler, cleanup_body)?;
            self.op(NO_LOCATION, Opcode::POP_BLOCK);
            if let Some(name) = handler.name {
                self.unbind_exception(NO_LOCATION, name)?;
            }
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, next);

            self.place(cleanup_end);
            if let Some(name) = handler.name {
                self.unbind_exception(NO_LOCATION, name)?;
            }
            // The exception joins the list.
            self.op_arg(NO_LOCATION, Opcode::LIST_APPEND, 3);
            self.op(NO_LOCATION, Opcode::POP_TOP);
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, with_error);

            self.place(next);
            self.op(NO_LOCATION, Opcode::NOP);
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, with_error);
            self.place(no_match);
            self.op(loc, Opcode::POP_TOP);
            self.place(with_error);
            if number + 1 == node.handlers.len() {
                // What nobody handled, or None.
                self.op_arg(NO_LOCATION, Opcode::LIST_APPEND, 1);
                self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, reraise_star);
            }
        }
        self.pop_block();
        let reraise = self.label();
        self.place(reraise_star);
        self.op_arg(NO_LOCATION, Opcode::CALL_INTRINSIC_2, intrinsic2::PREP_RERAISE_STAR);
        self.op_arg(NO_LOCATION, Opcode::COPY, 1);
        self.jump(NO_LOCATION, Opcode::POP_JUMP_IF_NOT_NONE, reraise);
        self.op(NO_LOCATION, Opcode::POP_TOP);
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.op(NO_LOCATION, Opcode::POP_EXCEPT);
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
        self.place(reraise);
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.op_arg(NO_LOCATION, Opcode::SWAP, 2);
        self.op(NO_LOCATION, Opcode::POP_EXCEPT);
        self.op_arg(NO_LOCATION, Opcode::RERAISE, 0);
        self.place(cleanup);
        self.pop_except_and_reraise(NO_LOCATION);
        self.place(orelse);
        self.stmts(node.orelse)?;
        self.place(end);
        Ok(())
    }
}
