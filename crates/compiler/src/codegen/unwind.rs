//! Leaving loops, handlers and functions early: `return`, `break`, `continue`, and what they run on the way out.

use taipan_syntax::ast::{ExprContext, ExprRef};

use super::Codegen;
use crate::error::Result;
use crate::ir::{Loc, NO_LOCATION};
use crate::opcode::Opcode;
use crate::unit::{Enclosing, Loop, MAX_BLOCKS};

impl<'a> Codegen<'a, '_> {
    /// Compiles `inner` inside of something; `loc` is where nesting that is too deep is reported.
    pub(super) fn inside(
        &mut self,
        loc: Loc,
        what: Enclosing<'a>,
        inner: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        if self.unit.enclosing.len() >= MAX_BLOCKS {
            return self.error(loc, "too many statically nested blocks");
        }
        let quiet = matches!(what, Enclosing::InFinally) as u32;
        self.unit.enclosing.push(what);
        self.warnings_off += quiet;
        inner(self)?;
        self.warnings_off -= quiet;
        self.unit.enclosing.pop();
        Ok(())
    }

    /// Leaves everything, or with `to_loop` what is inside the innermost loop, which it answers. With `keeps` a value
    /// stays on top of the stack. Also answers the location of what follows, which may be artificial.
    fn leave_all(&mut self, mut loc: Loc, keeps: bool, to_loop: bool) -> Result<(Loc, Option<Loop>)> {
        // What runs on the way out stands outside of what has been left already.
        let (enclosing, quiet) = (self.unit.enclosing.clone(), self.warnings_off);
        let mut found = None;
        while let Some(what) = self.unit.enclosing.last().copied() {
            match what {
                Enclosing::GroupHandlers => {
                    return self.error(loc, "'break', 'continue' and 'return' cannot appear in an except* block");
                }
                Enclosing::Loop(innermost) if to_loop => {
                    found = Some(innermost);
                    break;
                }
                Enclosing::InFinally => self.warnings_off -= 1,
                _ => {}
            }
            self.unit.enclosing.pop();
            loc = self.leave(what, loc, keeps)?;
        }
        self.unit.enclosing = enclosing;
        self.warnings_off = quiet;
        Ok((loc, found))
    }

    /// The value on top, if there is one to keep, changes places with what lies below.
    fn lift(&mut self, loc: Loc, keeps: bool, depth: u32) {
        if keeps {
            (2..=depth).rev().for_each(|depth| self.op_arg(loc, Opcode::SWAP, depth));
        }
    }

    fn leave(&mut self, what: Enclosing<'a>, loc: Loc, keeps: bool) -> Result<Loc> {
        match what {
            Enclosing::Plain | Enclosing::GroupHandlers | Enclosing::Loop(Loop { has_iterator: false, .. }) => {}
            Enclosing::Loop(_) | Enclosing::Value => {
                self.lift(loc, keeps, 2);
                self.op(loc, Opcode::POP_TOP);
            }
            Enclosing::Guarded => self.op(loc, Opcode::POP_BLOCK),
            Enclosing::BeforeFinally(body) => {
                self.op(loc, Opcode::POP_BLOCK);
                if keeps {
                    self.inside(loc, Enclosing::Value, |c| c.stmts(body))?;
                } else {
                    self.stmts(body)?;
                }
                return Ok(NO_LOCATION);
            }
            Enclosing::InFinally => {
                self.lift(loc, keeps, 2);
                self.op(loc, Opcode::POP_TOP);
                self.lift(loc, keeps, 2);
                self.op(loc, Opcode::POP_BLOCK);
                self.op(loc, Opcode::POP_EXCEPT);
            }
            Enclosing::With { loc, is_async } => {
                self.op(loc, Opcode::POP_BLOCK);
                self.lift(loc, keeps, 3);
                self.exit_context(loc, is_async);
                return Ok(NO_LOCATION);
            }
            Enclosing::Handler(name) => {
                if name.is_some() {
                    self.op(loc, Opcode::POP_BLOCK);
                }
                self.lift(loc, keeps, 2);
                self.op(loc, Opcode::POP_BLOCK);
                self.op(loc, Opcode::POP_EXCEPT);
                self.unbind_exception(loc, name)?;
            }
        }
        Ok(loc)
    }

    /// `name = None; del name`, because the body may have deleted it.
    pub(super) fn unbind_exception(&mut self, loc: Loc, name: Option<&'a str>) -> Result<()> {
        let Some(name) = name else { return Ok(()) };
        self.load_none(loc);
        self.name_op_str(loc, name, ExprContext::Store)?;
        self.name_op_str(loc, name, ExprContext::Del)
    }

    pub(super) fn return_(&mut self, stmt: Loc, value: Option<ExprRef<'a>>) -> Result<()> {
        let block = self.table.block(self.unit.block);
        if !block.is_function_like() {
            return self.error(stmt, "'return' outside function");
        }
        if value.is_some() && block.coroutine && block.generator {
            return self.error(stmt, "'return' with value in async generator");
        }
        // A constant is loaded after everything that runs on the way out.
        let constant = value.and_then(|value| self.as_constant(value));
        let mut loc = stmt;
        match value {
            Some(value) if constant.is_some() => {
                loc = value.range;
                self.op(loc, Opcode::NOP);
            }
            Some(value) => self.expr(value)?,
            None => {}
        }
        // The line of the statement counts, too.
        if value.is_none_or(|value| value.range.lineno != stmt.lineno) {
            loc = stmt;
            self.op(loc, Opcode::NOP);
        }
        let (loc, _) = self.leave_all(loc, value.is_some() && constant.is_none(), false)?;
        match constant {
            Some(constant) => {
                self.load_value(loc, &constant)?;
            }
            None if value.is_none() => self.load_none(loc),
            None => {}
        }
        self.op(loc, Opcode::RETURN_VALUE);
        Ok(())
    }

    pub(super) fn break_(&mut self, stmt: Loc) -> Result<()> {
        self.op(stmt, Opcode::NOP);
        let (loc, Some(innermost)) = self.leave_all(stmt, false, true)? else {
            return self.error(stmt, "'break' outside loop");
        };
        let loc = self.leave(Enclosing::Loop(innermost), loc, false)?;
        self.jump(loc, Opcode::JUMP, innermost.after);
        Ok(())
    }

    pub(super) fn continue_(&mut self, stmt: Loc) -> Result<()> {
        self.op(stmt, Opcode::NOP);
        let (loc, Some(innermost)) = self.leave_all(stmt, false, true)? else {
            return self.error(stmt, "'continue' not properly in loop");
        };
        self.jump(loc, Opcode::JUMP, innermost.again);
        Ok(())
    }
}
