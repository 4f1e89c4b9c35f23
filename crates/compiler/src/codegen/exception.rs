//! `try` in all its forms.
//!
//! A handler runs with the exception that was handled before it on the stack, and with a handler of its own, which
//! puts that one back in force when the first raises: see `reraise_outer`.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::Result;
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::opcode::{Opcode, intrinsic2};
use crate::unit::Enclosing;

impl<'a> Codegen<'a, '_> {
    pub(super) fn try_(&mut self, loc: Loc, node: &'a Try<'a>, star: bool) -> Result<()> {
        if node.finalbody.is_empty() {
            return self.try_handlers(loc, node, star);
        }
        // The final body is there twice: for leaving normally and for an exception.
        let [raised, end] = self.labels();
        self.jump(loc, Opcode::SETUP_FINALLY, raised);
        self.inside(loc, Enclosing::BeforeFinally(node.finalbody), |c| {
            if node.handlers.is_empty() { c.stmts(node.body) } else { c.try_handlers(loc, node, star) }
        })?;
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.stmts(node.finalbody)?;
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
        let outer = self.start_handler(raised);
        self.inside(NO_LOCATION, Enclosing::InFinally, |c| c.stmts(node.finalbody))?;
        self.op_arg(NO_LOCATION, Opcode::RERAISE, 0);
        self.reraise_outer(outer);
        self.place(end);
        Ok(())
    }

    /// The body and the code that exceptions in it lead to; what follows the body without one comes between them when
    /// it is `orelse`.
    fn try_handlers(&mut self, loc: Loc, node: &'a Try<'a>, star: bool) -> Result<()> {
        let [raised, orelse, end] = self.labels();
        self.jump(loc, Opcode::SETUP_FINALLY, raised);
        self.inside(loc, Enclosing::Guarded, |c| c.stmts(node.body))?;
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        if star {
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, orelse);
        } else {
            self.stmts(node.orelse)?;
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
        }
        let outer = self.start_handler(raised);
        if star {
            self.inside(loc, Enclosing::GroupHandlers, |c| c.group_handlers(node.handlers))?;
            self.raise_what_is_left(end);
        } else {
            self.inside(loc, Enclosing::Plain, |c| c.handlers(node.handlers, end))?;
            self.op_arg(NO_LOCATION, Opcode::RERAISE, 0);
        }
        self.reraise_outer(outer);
        if star {
            self.place(orelse);
            self.stmts(node.orelse)?;
        }
        self.place(end);
        Ok(())
    }

    /// The exception becomes the one that is handled; answers where exceptions in the handler lead.
    fn start_handler(&mut self, raised: Label) -> Label {
        let outer = self.label();
        self.place(raised);
        self.jump(NO_LOCATION, Opcode::SETUP_CLEANUP, outer);
        self.op(NO_LOCATION, Opcode::PUSH_EXC_INFO);
        outer
    }

    /// A handler has raised: the exception that was handled before it is handled again.
    pub(super) fn reraise_outer(&mut self, label: Label) {
        self.place(label);
        self.op_arg(NO_LOCATION, Opcode::COPY, 3);
        self.op(NO_LOCATION, Opcode::POP_EXCEPT);
        self.op_arg(NO_LOCATION, Opcode::RERAISE, 1);
    }

    fn handlers(&mut self, handlers: &'a [ExceptHandler<'a>], end: Label) -> Result<()> {
        for (number, handler) in handlers.iter().enumerate() {
            let loc = handler.range;
            let next = self.label();
            match handler.type_ {
                Some(class) => {
                    self.expr(class)?;
                    self.op(loc, Opcode::CHECK_EXC_MATCH);
                    self.jump(loc, Opcode::POP_JUMP_IF_FALSE, next);
                }
                None if number + 1 < handlers.len() => return self.error(loc, "default 'except:' must be last"),
                None => {}
            }
            self.bind_exception(handler)?;
            // A name is unbound whatever happens.
            let raised = handler.name.map(|_| self.label());
            if let Some(raised) = raised {
                self.jump(loc, Opcode::SETUP_CLEANUP, raised);
            }
            self.handler_body(handler)?;
            if raised.is_some() {
                self.op(NO_LOCATION, Opcode::POP_BLOCK);
            }
            self.op(NO_LOCATION, Opcode::POP_BLOCK);
            self.op(NO_LOCATION, Opcode::POP_EXCEPT);
            self.unbind_exception(NO_LOCATION, handler.name)?;
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
            if let Some(raised) = raised {
                self.place(raised);
                self.unbind_exception(NO_LOCATION, handler.name)?;
                self.op_arg(NO_LOCATION, Opcode::RERAISE, 1);
            }
            self.place(next);
        }
        Ok(())
    }

    fn bind_exception(&mut self, handler: &'a ExceptHandler<'a>) -> Result<()> {
        match handler.name {
            Some(name) => self.name_op_str(handler.range, name, ExprContext::Store)?,
            None => self.op(handler.range, Opcode::POP_TOP),
        }
        Ok(())
    }

    fn handler_body(&mut self, handler: &'a ExceptHandler<'a>) -> Result<()> {
        self.inside(handler.range, Enclosing::Handler(handler.name), |c| c.stmts(handler.body))
    }

    /// On the stack in the handlers: the original group, the list of exceptions raised so far, the rest to match.
    fn group_handlers(&mut self, handlers: &'a [ExceptHandler<'a>]) -> Result<()> {
        if let Some(first) = handlers.first() {
            self.op_arg(first.range, Opcode::BUILD_LIST, 0);
            self.op_arg(first.range, Opcode::COPY, 2);
        }
        for handler in handlers {
            let loc = handler.range;
            let [raised, done, no_match, next] = self.labels();
            if let Some(class) = handler.type_ {
                self.expr(class)?;
                self.op(loc, Opcode::CHECK_EG_MATCH);
                self.op_arg(loc, Opcode::COPY, 1);
                self.jump(loc, Opcode::POP_JUMP_IF_NONE, no_match);
            }
            self.bind_exception(handler)?;
            self.jump(loc, Opcode::SETUP_CLEANUP, raised);
            self.handler_body(handler)?;
            self.op(NO_LOCATION, Opcode::POP_BLOCK);
            self.unbind_exception(NO_LOCATION, handler.name)?;
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, done);
            // What the handler raises joins the list.
            self.place(raised);
            self.unbind_exception(NO_LOCATION, handler.name)?;
            self.op_arg(NO_LOCATION, Opcode::LIST_APPEND, 3);
            self.op(NO_LOCATION, Opcode::POP_TOP);
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, next);
            self.place(done);
            self.op(NO_LOCATION, Opcode::NOP);
            self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, next);
            self.place(no_match);
            self.op(loc, Opcode::POP_TOP);
            self.place(next);
        }
        Ok(())
    }

    /// After the handlers of `except*`: what nobody handled joins what they raised.
    fn raise_what_is_left(&mut self, end: Label) {
        let [join, raise] = self.labels();
        self.op_arg(NO_LOCATION, Opcode::LIST_APPEND, 1);
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, join);
        self.place(join);
        self.op_arg(NO_LOCATION, Opcode::CALL_INTRINSIC_2, intrinsic2::PREP_RERAISE_STAR);
        self.op_arg(NO_LOCATION, Opcode::COPY, 1);
        self.jump(NO_LOCATION, Opcode::POP_JUMP_IF_NOT_NONE, raise);
        for op in [Opcode::POP_TOP, Opcode::POP_BLOCK, Opcode::POP_EXCEPT] {
            self.op(NO_LOCATION, op);
        }
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
        self.place(raise);
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        self.op_arg(NO_LOCATION, Opcode::SWAP, 2);
        self.op(NO_LOCATION, Opcode::POP_EXCEPT);
        self.op_arg(NO_LOCATION, Opcode::RERAISE, 0);
    }
}
