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

pub(super) const LIST: Build =
    Build { build: Opcode::BUILD_LIST, add: Opcode::LIST_APPEND, extend: Opcode::LIST_EXTEND, tuple: false };
pub(super) const TUPLE: Build = Build { tuple: true, ..LIST };
pub(super) const SET: Build =
    Build { build: Opcode::BUILD_SET, add: Opcode::SET_ADD, extend: Opcode::SET_UPDATE, tuple: false };

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
        let count = elts.len() + pushed as usize + injected.is_some() as usize;
        // From which element on the collection is there and grows.
        let grows =
            if count > STACK_USE_GUIDELINE { Some(0) } else { elts.iter().position(|elt| starred(elt).is_some()) };
        let (first, rest) = elts.split_at(grows.unwrap_or(elts.len()));
        self.exprs(first)?;
        if grows.is_some() {
            self.op_arg(loc, how.build, first.len() as u32 + pushed);
        }
        for elt in rest {
            let (value, op) = starred(elt).map_or((*elt, how.add), |value| (value, how.extend));
            self.expr(value)?;
            self.op_arg(loc, op, 1);
        }
        if let Some(name) = injected {
            self.name_op(loc, name, ExprContext::Load)?;
        }
        match grows {
            None => self.op_arg(loc, if how.tuple { Opcode::BUILD_TUPLE } else { how.build }, count as u32),
            Some(_) => {
                if injected.is_some() {
                    self.op_arg(loc, how.add, 1);
                }
                if how.tuple {
                    self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::LIST_TO_TUPLE);
                }
            }
        }
        Ok(())
    }

    /// A list or tuple, or targets in the form of one.
    pub(super) fn display_or_targets(&mut self, loc: Loc, elts: Exprs<'a>, ctx: ExprContext, how: Build) -> Result<()> {
        match ctx {
            ExprContext::Load => self.display(loc, elts, None, 0, how),
            ExprContext::Store => self.unpack(loc, elts),
            ExprContext::Del => self.exprs(elts),
        }
    }

    /// `a, *b, c = ...`
    fn unpack(&mut self, loc: Loc, elts: Exprs<'a>) -> Result<()> {
        let stars = elts.iter().map(|elt| starred(elt).is_some());
        self.unpack_op(loc, stars, "expressions in star-unpacking assignment", "starred expressions in assignment")?;
        elts.iter().try_for_each(|elt| self.expr(starred(elt).unwrap_or(elt)))
    }

    /// The instruction that spreads a sequence over the stack; `stars` says which targets are starred. The texts say
    /// what there are too many of: targets, and starred ones.
    pub(in crate::codegen) fn unpack_op(
        &mut self,
        loc: Loc,
        stars: impl ExactSizeIterator<Item = bool>,
        targets: &str,
        starred: &str,
    ) -> Result<()> {
        let count = stars.len();
        let mut places = stars.enumerate().filter(|(_, star)| *star).map(|(before, _)| before);
        let Some(before) = places.next() else {
            self.op_arg(loc, Opcode::UNPACK_SEQUENCE, count as u32);
            return Ok(());
        };
        let after = count - before - 1;
        if before >= 1 << 8 || after >= i32::MAX as usize >> 8 {
            return self.error(loc, format!("too many {targets}"));
        }
        if places.next().is_some() {
            return self.error(loc, format!("multiple {starred}"));
        }
        self.op_arg(loc, Opcode::UNPACK_EX, (before | after << 8) as u32);
        Ok(())
    }

    pub(super) fn dict(&mut self, loc: Loc, keys: &'a [Option<ExprRef<'a>>], values: Exprs<'a>) -> Result<()> {
        // As many pairs are added at a time.
        const RUN: usize = STACK_USE_GUIDELINE / 2 + 2;
        let count = values.len().min(keys.len());
        let (mut keys, mut values) = (&keys[..count], &values[..count]);
        let mut there = false;
        while let Some(value) = values.first() {
            let run = keys.iter().take(RUN).take_while(|key| key.is_some()).count();
            if run == 0 {
                // `**value`
                if !there {
                    self.op_arg(loc, Opcode::BUILD_MAP, 0);
                }
                self.expr(value)?;
                self.op_arg(loc, Opcode::DICT_UPDATE, 1);
            } else {
                self.pairs(loc, &keys[..run], &values[..run])?;
                if there {
                    self.op_arg(loc, Opcode::DICT_UPDATE, 1);
                }
            }
            there = true;
            (keys, values) = (&keys[run.max(1)..], &values[run.max(1)..]);
        }
        if !there {
            self.op_arg(loc, Opcode::BUILD_MAP, 0);
        }
        Ok(())
    }

    /// A dict of pairs.
    fn pairs(&mut self, loc: Loc, keys: &'a [Option<ExprRef<'a>>], values: Exprs<'a>) -> Result<()> {
        let one_by_one = keys.len() * 2 > STACK_USE_GUIDELINE;
        if one_by_one {
            self.op_arg(loc, Opcode::BUILD_MAP, 0);
        }
        for (key, value) in keys.iter().zip(values) {
            key.iter().try_for_each(|key| self.expr(key))?;
            self.expr(value)?;
            if one_by_one {
                self.op_arg(loc, Opcode::MAP_ADD, 1);
            }
        }
        if !one_by_one {
            self.op_arg(loc, Opcode::BUILD_MAP, keys.len() as u32);
        }
        Ok(())
    }
}

/// What `*value` unpacks.
fn starred<'a>(expr: ExprRef<'a>) -> Option<ExprRef<'a>> {
    match expr.kind {
        ExprKind::Starred { value, .. } => Some(value),
        _ => None,
    }
}
