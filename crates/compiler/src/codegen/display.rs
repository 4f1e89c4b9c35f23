//! List, tuple, set and dict displays, and the unpacking of assignments.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::Result;
use crate::flow::STACK_USE_GUIDELINE;
use crate::ir::Loc;
use crate::names::Symbol;
use crate::opcode::{Opcode, intrinsic1};

/// The instructions that build one kind of collection.
#[derive(Clone, Copy)]
pub(super) struct Build {
    build: Opcode,
    add: Opcode,
    extend: Opcode,
    /// Built as a list, then converted.
    tuple: bool,
}

const LIST: Build =
    Build { build: Opcode::BUILD_LIST, add: Opcode::LIST_APPEND, extend: Opcode::LIST_EXTEND, tuple: false };
pub(super) const TUPLE: Build = Build { tuple: true, ..LIST };
const SET: Build = Build { build: Opcode::BUILD_SET, add: Opcode::SET_ADD, extend: Opcode::SET_UPDATE, tuple: false };

impl<'a> Codegen<'a, '_> {
    /// Builds a collection of `elts` after `pushed` values on the stack and before the variable `injected`.
    pub(super) fn display(
        &mut self,
        loc: Loc,
        elts: Exprs<'a>,
        injected: Option<Symbol>,
        pushed: u32,
        how: Build,
    ) -> Result<()> {
        let starred = |elt: ExprRef<'a>| match elt.kind {
            ExprKind::Starred { value, .. } => Some(value),
            _ => None,
        };
        let count = elts.len() + pushed as usize + injected.is_some() as usize;
        let big = count > STACK_USE_GUIDELINE;
        if !big && !elts.iter().any(|elt| starred(elt).is_some()) {
            self.exprs(elts)?;
            if let Some(name) = injected {
                self.name_op(loc, name, ExprContext::Load)?;
            }
            let op = if how.tuple { Opcode::BUILD_TUPLE } else { how.build };
            self.op_arg(loc, op, count as u32);
            return Ok(());
        }
        let mut built = false;
        if big {
            self.op_arg(loc, how.build, pushed);
            built = true;
        }
        for (number, elt) in elts.iter().enumerate() {
            match starred(elt) {
                Some(value) => {
                    if !built {
                        self.op_arg(loc, how.build, number as u32 + pushed);
                        built = true;
                    }
                    self.expr(value)?;
                    self.op_arg(loc, how.extend, 1);
                }
                None => {
                    self.expr(elt)?;
                    if built {
                        self.op_arg(loc, how.add, 1);
                    }
                }
            }
        }
        if let Some(name) = injected {
            self.name_op(loc, name, ExprContext::Load)?;
            self.op_arg(loc, how.add, 1);
        }
        if how.tuple {
            self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::LIST_TO_TUPLE);
        }
        Ok(())
    }

    pub(super) fn list(&mut self, loc: Loc, elts: Exprs<'a>, ctx: ExprContext) -> Result<()> {
        match ctx {
            ExprContext::Load => self.display(loc, elts, None, 0, LIST),
            ExprContext::Store => self.unpack(loc, elts),
            ExprContext::Del => self.exprs(elts),
        }
    }

    pub(super) fn tuple(&mut self, loc: Loc, elts: Exprs<'a>, ctx: ExprContext) -> Result<()> {
        match ctx {
            ExprContext::Load => self.display(loc, elts, None, 0, TUPLE),
            ExprContext::Store => self.unpack(loc, elts),
            ExprContext::Del => self.exprs(elts),
        }
    }

    pub(super) fn set(&mut self, loc: Loc, elts: Exprs<'a>) -> Result<()> {
        self.display(loc, elts, None, 0, SET)
    }

    /// `a, *b, c = ...`
    fn unpack(&mut self, loc: Loc, elts: Exprs<'a>) -> Result<()> {
        let stars = elts.iter().map(|elt| matches!(elt.kind, ExprKind::Starred { .. }));
        self.unpack_op(
            loc,
            stars,
            elts.len(),
            "too many expressions in star-unpacking assignment",
            "multiple starred expressions in assignment",
        )?;
        for elt in elts {
            match elt.kind {
                ExprKind::Starred { value, .. } => self.expr(value)?,
                _ => self.expr(elt)?,
            }
        }
        Ok(())
    }

    /// The instruction that spreads a sequence over the stack; `stars` says which targets are starred.
    pub(super) fn unpack_op(
        &mut self,
        loc: Loc,
        stars: impl Iterator<Item = bool>,
        count: usize,
        too_many: &str,
        multiple: &str,
    ) -> Result<()> {
        let mut seen = false;
        for (before, _) in stars.enumerate().filter(|(_, star)| *star) {
            if seen {
                return self.error(loc, multiple);
            }
            let after = count - before - 1;
            if before >= 1 << 8 || after >= (i32::MAX >> 8) as usize {
                return self.error(loc, too_many);
            }
            self.op_arg(loc, Opcode::UNPACK_EX, (before + (after << 8)) as u32);
            seen = true;
        }
        if !seen {
            self.op_arg(loc, Opcode::UNPACK_SEQUENCE, count as u32);
        }
        Ok(())
    }

    fn sub_dict(&mut self, loc: Loc, keys: &'a [Option<ExprRef<'a>>], values: Exprs<'a>) -> Result<()> {
        let big = keys.len() * 2 > STACK_USE_GUIDELINE;
        if big {
            self.op_arg(loc, Opcode::BUILD_MAP, 0);
        }
        for (key, value) in keys.iter().zip(values) {
            if let Some(key) = key {
                self.expr(key)?;
            }
            self.expr(value)?;
            if big {
                self.op_arg(loc, Opcode::MAP_ADD, 1);
            }
        }
        if !big {
            self.op_arg(loc, Opcode::BUILD_MAP, keys.len() as u32);
        }
        Ok(())
    }

    pub(super) fn dict(&mut self, loc: Loc, keys: &'a [Option<ExprRef<'a>>], values: Exprs<'a>) -> Result<()> {
        let count = values.len().min(keys.len());
        let mut have_dict = false;
        let mut pending = 0;
        for index in 0..count {
            if keys[index].is_none() {
                if pending > 0 {
                    self.sub_dict(loc, &keys[index - pending..index], &values[index - pending..index])?;
                    if have_dict {
                        self.op_arg(loc, Opcode::DICT_UPDATE, 1);
                    }
                    have_dict = true;
                    pending = 0;
                }
                if !have_dict {
                    self.op_arg(loc, Opcode::BUILD_MAP, 0);
                    have_dict = true;
                }
                self.expr(values[index])?;
                self.op_arg(loc, Opcode::DICT_UPDATE, 1);
            } else if pending * 2 > STACK_USE_GUIDELINE {
                self.sub_dict(loc, &keys[index - pending..index + 1], &values[index - pending..index + 1])?;
                if have_dict {
                    self.op_arg(loc, Opcode::DICT_UPDATE, 1);
                }
                have_dict = true;
                pending = 0;
            } else {
                pending += 1;
            }
        }
        if pending > 0 {
            self.sub_dict(loc, &keys[count - pending..count], &values[count - pending..count])?;
            if have_dict {
                self.op_arg(loc, Opcode::DICT_UPDATE, 1);
            }
            have_dict = true;
        }
        if !have_dict {
            self.op_arg(loc, Opcode::BUILD_MAP, 0);
        }
        Ok(())
    }
}
