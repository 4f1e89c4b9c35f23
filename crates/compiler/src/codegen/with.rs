//! `with` and `async with`.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::Result;
use crate::ir::{Loc, NO_LOCATION};
use crate::opcode::{Opcode, special};
use crate::unit::Enclosing;

/// For what an awaitable is asked: arguments of `GET_AWAITABLE`.
const FROM_ENTER: u32 = 1;
const FROM_EXIT: u32 = 2;

impl<'a> Codegen<'a, '_> {
    /// The context managers one inside the other, and innermost the body.
    pub(super) fn with(&mut self, items: &'a [WithItem<'a>], body: Body<'a>, is_async: bool) -> Result<()> {
        self.cx.stack.check()?;
        let Some((item, inner)) = items.split_first() else { return self.stmts(body) };
        let loc = item.context_expr.range;
        let [raised, reraise, end] = self.labels();
        self.expr(item.context_expr)?;
        self.enter_context(loc, is_async);
        self.jump(loc, Opcode::SETUP_WITH, raised);
        self.inside(loc, Enclosing::With { loc, is_async }, |c| {
            match item.optional_vars {
                Some(target) => c.expr(target)?,
                None => c.op(loc, Opcode::POP_TOP),
            }
            c.with(inner, body, is_async)
        })?;
        self.op(if is_async { loc } else { NO_LOCATION }, Opcode::POP_BLOCK);
        self.exit_context(loc, is_async);
        self.jump(loc, Opcode::JUMP, end);

        self.place(raised);
        self.jump(loc, Opcode::SETUP_CLEANUP, reraise);
        self.op(loc, Opcode::PUSH_EXC_INFO);
        self.op(loc, Opcode::WITH_EXCEPT_START);
        if is_async {
            self.await_value(loc, FROM_EXIT);
        }
        // The answer decides whether the exception goes on.
        let [swallow, swallowed] = self.labels();
        self.op(NO_LOCATION, Opcode::TO_BOOL);
        self.jump(NO_LOCATION, Opcode::POP_JUMP_IF_TRUE, swallow);
        self.op_arg(NO_LOCATION, Opcode::RERAISE, 2);
        self.place(swallow);
        for op in [
            Opcode::POP_TOP,
            Opcode::POP_BLOCK,
            Opcode::POP_EXCEPT,
            // The exception, its position and `__exit__`.
            Opcode::POP_TOP,
            Opcode::POP_TOP,
            Opcode::POP_TOP,
        ] {
            self.op(NO_LOCATION, op);
        }
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, swallowed);
        self.reraise_outer(reraise);
        self.place(swallowed);
        self.place(end);
        Ok(())
    }

    /// Replaces the context manager by its `__exit__` and what `__enter__` answers.
    fn enter_context(&mut self, loc: Loc, is_async: bool) {
        let (enter, exit) = if is_async { (special::AENTER, special::AEXIT) } else { (special::ENTER, special::EXIT) };
        self.op_arg(loc, Opcode::COPY, 1);
        self.op_arg(loc, Opcode::LOAD_SPECIAL, exit);
        self.op_arg(loc, Opcode::SWAP, 2);
        self.op_arg(loc, Opcode::SWAP, 3);
        self.op_arg(loc, Opcode::LOAD_SPECIAL, enter);
        self.op_arg(loc, Opcode::CALL, 0);
        if is_async {
            self.await_value(loc, FROM_ENTER);
        }
    }

    /// Calls `__exit__` as it is called without an exception.
    pub(super) fn exit_context(&mut self, loc: Loc, is_async: bool) {
        (0..3).for_each(|_| self.load_none(loc));
        self.op_arg(loc, Opcode::CALL, 3);
        if is_async {
            self.await_value(loc, FROM_EXIT);
        }
        self.op(loc, Opcode::POP_TOP);
    }
}
