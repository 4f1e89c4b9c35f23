//! Leaving blocks early: what `return`, `break` and `continue` run on the way out.

use taipan_syntax::ast::ExprContext;

use super::Codegen;
use crate::error::Result;
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::opcode::{Opcode, resume};
use crate::unit::{BlockKind, FrameBlock};

impl<'a> Codegen<'a, '_> {
    pub(super) fn push_block(&mut self, kind: BlockKind, label: Label, exit: Label, loc: Loc) -> Result<()> {
        self.push_frame_block(FrameBlock { kind, label, exit, loc, finally: &[], name: None })
    }

    pub(super) fn push_frame_block(&mut self, block: FrameBlock<'a>) -> Result<()> {
        self.unit.push_block(block)?;
        if block.kind == BlockKind::FinallyEnd {
            self.warnings_off += 1;
        }
        Ok(())
    }

    pub(super) fn pop_block(&mut self) {
        if let Some(block) = self.unit.frame_blocks.pop()
            && block.kind == BlockKind::FinallyEnd
        {
            self.warnings_off -= 1;
        }
    }

    pub(super) fn call_exit_with_nones(&mut self, loc: Loc) {
        self.load_none(loc);
        self.load_none(loc);
        self.load_none(loc);
        self.op_arg(loc, Opcode::CALL, 3);
    }

    /// Waits for the awaitable or iterator on the stack, below `None`.
    pub(super) fn yield_from(&mut self, loc: Loc, is_await: bool) {
        let send = self.label();
        let fail = self.label();
        let exit = self.label();
        self.place(send);
        self.jump(loc, Opcode::SEND, exit);
        // A throw or close can end the wait with StopIteration.
        self.jump(loc, Opcode::SETUP_FINALLY, fail);
        self.op_arg(loc, Opcode::YIELD_VALUE, 1);
        self.op(NO_LOCATION, Opcode::POP_BLOCK);
        let at = if is_await { resume::AFTER_AWAIT } else { resume::AFTER_YIELD_FROM };
        self.op_arg(loc, Opcode::RESUME, at);
        self.jump(loc, Opcode::JUMP_NO_INTERRUPT, send);
        self.place(fail);
        self.op(loc, Opcode::CLEANUP_THROW);
        self.place(exit);
        self.op(loc, Opcode::END_SEND);
    }

    /// `await` of what is on the stack.
    pub(super) fn await_value(&mut self, loc: Loc, how: u32) {
        self.op_arg(loc, Opcode::GET_AWAITABLE, how);
        self.load_none(loc);
        self.yield_from(loc, true);
    }

    pub(super) fn pop_except_and_reraise(&mut self, loc: Loc) {
        self.op_arg(loc, Opcode::COPY, 3);
        self.op(loc, Opcode::POP_EXCEPT);
        self.op_arg(loc, Opcode::RERAISE, 1);
    }

    /// Leaves one block; with `preserve` a value stays on top of the stack. Changes `loc` where what follows is
    /// artificial.
    pub(super) fn unwind_block(&mut self, block: FrameBlock<'a>, loc: &mut Loc, preserve: bool) -> Result<()> {
        match block.kind {
            BlockKind::WhileLoop
            | BlockKind::ExceptionHandler
            | BlockKind::ExceptionGroupHandler
            | BlockKind::AsyncComprehension
            | BlockKind::InlinedComprehension
            | BlockKind::StopIteration => {}
            BlockKind::ForLoop | BlockKind::PopValue => {
                if preserve {
                    self.op_arg(*loc, Opcode::SWAP, 2);
                }
                self.op(*loc, Opcode::POP_TOP);
            }
            BlockKind::TryExcept => self.op(*loc, Opcode::POP_BLOCK),
            BlockKind::FinallyTry => {
                self.op(*loc, Opcode::POP_BLOCK);
                if preserve {
                    self.push_block(BlockKind::PopValue, Label::NONE, Label::NONE, *loc)?;
                }
                for stmt in block.finally {
                    self.stmt(stmt)?;
                }
                if preserve {
                    self.pop_block();
                }
                *loc = NO_LOCATION;
            }
            BlockKind::FinallyEnd => {
                if preserve {
                    self.op_arg(*loc, Opcode::SWAP, 2);
                }
                self.op(*loc, Opcode::POP_TOP);
                if preserve {
                    self.op_arg(*loc, Opcode::SWAP, 2);
                }
                self.op(*loc, Opcode::POP_BLOCK);
                self.op(*loc, Opcode::POP_EXCEPT);
            }
            BlockKind::With | BlockKind::AsyncWith => {
                *loc = block.loc;
                self.op(*loc, Opcode::POP_BLOCK);
                if preserve {
                    self.op_arg(*loc, Opcode::SWAP, 3);
                    self.op_arg(*loc, Opcode::SWAP, 2);
                }
                self.call_exit_with_nones(*loc);
                if block.kind == BlockKind::AsyncWith {
                    self.await_value(*loc, 2);
                }
                self.op(*loc, Opcode::POP_TOP);
                *loc = NO_LOCATION;
            }
            BlockKind::HandlerCleanup => {
                if block.name.is_some() {
                    self.op(*loc, Opcode::POP_BLOCK);
                }
                if preserve {
                    self.op_arg(*loc, Opcode::SWAP, 2);
                }
                self.op(*loc, Opcode::POP_BLOCK);
                self.op(*loc, Opcode::POP_EXCEPT);
                if let Some(name) = block.name {
                    self.unbind_exception(*loc, name)?;
                }
            }
        }
        Ok(())
    }

    /// `name = None; del name`, because the body may have deleted it.
    pub(super) fn unbind_exception(&mut self, loc: Loc, name: &'a str) -> Result<()> {
        self.load_none(loc);
        self.name_op_str(loc, name, ExprContext::Store)?;
        self.name_op_str(loc, name, ExprContext::Del)
    }

    /// Leaves all blocks, or with `to_loop` those inside the innermost loop, which it answers.
    pub(super) fn unwind(&mut self, loc: &mut Loc, preserve: bool, to_loop: bool) -> Result<Option<FrameBlock<'a>>> {
        let mut left = Vec::new();
        let mut found = None;
        while let Some(top) = self.unit.frame_blocks.last().copied() {
            if top.kind == BlockKind::ExceptionGroupHandler {
                return self.error(*loc, "'break', 'continue' and 'return' cannot appear in an except* block");
            }
            if to_loop && matches!(top.kind, BlockKind::WhileLoop | BlockKind::ForLoop) {
                found = Some(top);
                break;
            }
            self.pop_block();
            left.push(top);
            self.unwind_block(top, loc, preserve)?;
        }
        for block in left.into_iter().rev() {
            self.push_frame_block(block)?;
        }
        Ok(found)
    }
}
