//! f-strings and t-strings.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::{CompileError, Result};
use crate::flow::STACK_USE_GUIDELINE;
use crate::ir::Loc;
use crate::names::known;
use crate::opcode::{Opcode, convert};

/// What `!s`, `!r` and `!a` do; nothing where there is none of them.
fn conversion(letter: i32) -> Result<Option<u32>> {
    match u8::try_from(letter) {
        Ok(b's') => Ok(Some(convert::STR)),
        Ok(b'r') => Ok(Some(convert::REPR)),
        Ok(b'a') => Ok(Some(convert::ASCII)),
        _ if letter == -1 => Ok(None),
        _ => Err(CompileError::Other("SystemError", format!("Unrecognized conversion character {letter}"))),
    }
}

impl<'a> Codegen<'a, '_> {
    fn load_empty_str(&mut self, loc: Loc) {
        self.load_name_const(loc, known::empty);
    }

    pub(super) fn joined_str(&mut self, loc: Loc, values: Exprs<'a>) -> Result<()> {
        if values.len() > STACK_USE_GUIDELINE {
            // `"".join([...])`
            self.load_empty_str(loc);
            let join = self.name_number(known::join);
            self.op_arg(loc, Opcode::LOAD_ATTR, join << 1 | 1);
            self.op_arg(loc, Opcode::BUILD_LIST, 0);
            for value in values {
                self.expr(value)?;
                self.op_arg(loc, Opcode::LIST_APPEND, 1);
            }
            self.op_arg(loc, Opcode::CALL, 1);
            return Ok(());
        }
        self.exprs(values)?;
        match values.len() {
            0 => self.load_empty_str(loc),
            1 => {}
            count => self.op_arg(loc, Opcode::BUILD_STRING, count as u32),
        }
        Ok(())
    }

    pub(super) fn formatted_value(
        &mut self,
        loc: Loc,
        value: ExprRef<'a>,
        letter: i32,
        format_spec: Option<ExprRef<'a>>,
    ) -> Result<()> {
        self.expr(value)?;
        if let Some(how) = conversion(letter)? {
            self.op_arg(loc, Opcode::CONVERT_VALUE, how);
        }
        format_spec.iter().try_for_each(|spec| self.expr(spec))?;
        self.op(loc, if format_spec.is_some() { Opcode::FORMAT_WITH_SPEC } else { Opcode::FORMAT_SIMPLE });
        Ok(())
    }

    pub(super) fn interpolation(
        &mut self,
        loc: Loc,
        value: ExprRef<'a>,
        source: &'a Constant<'a>,
        letter: i32,
        format_spec: Option<ExprRef<'a>>,
    ) -> Result<()> {
        self.expr(value)?;
        self.load_value(loc, source)?;
        format_spec.iter().try_for_each(|spec| self.expr(spec))?;
        let how = conversion(letter)?.unwrap_or(0);
        self.op_arg(loc, Opcode::BUILD_INTERPOLATION, how << 2 | 2 | format_spec.is_some() as u32);
        Ok(())
    }

    /// A tuple of strings and one of interpolations: they alternate, with a string at both ends.
    pub(super) fn template_str(&mut self, loc: Loc, values: Exprs<'a>) -> Result<()> {
        let is_interpolation = |value: &ExprRef<'a>| matches!(value.kind, ExprKind::Interpolation { .. });
        let mut strings = 0;
        let mut wants_string = true;
        for value in values.iter().map(Some).chain([None]) {
            let string = value.filter(|value| !is_interpolation(value));
            match string {
                Some(string) => self.expr(string)?,
                None if wants_string => self.load_empty_str(loc),
                None => {}
            }
            strings += (string.is_some() || wants_string) as u32;
            wants_string = string.is_none();
        }
        self.op_arg(loc, Opcode::BUILD_TUPLE, strings);
        let mut count = 0;
        for value in values.iter().filter(|value| is_interpolation(value)) {
            self.expr(value)?;
            count += 1;
        }
        self.op_arg(loc, Opcode::BUILD_TUPLE, count);
        self.op(loc, Opcode::BUILD_TEMPLATE);
        Ok(())
    }
}
