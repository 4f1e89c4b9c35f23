//! Attributes, subscripts and slices, which can be loaded, stored and deleted.
//!
//! A [`Place`] is one whose object, and key, lie on the stack; an augmented assignment accesses it twice.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::code;
use crate::error::Result;
use crate::ir::Loc;
use crate::names::Symbol;
use crate::opcode::{Opcode, binary};
use crate::unit::ScopeKind;

/// Where a value is, by what lies on the stack.
#[derive(Clone, Copy)]
pub(in crate::codegen) struct Place {
    pub loc: Loc,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    /// An attribute with this number among the names. The object lies on the stack.
    Attribute(u32),
    /// The object and the key do.
    Item,
    /// The object and both ends do.
    Slice,
}

impl Place {
    /// How many values on the stack say where it is.
    pub fn parts(self) -> u32 {
        match self.what {
            What::Attribute(_) => 1,
            What::Item => 2,
            What::Slice => 3,
        }
    }
}

impl<'a> Codegen<'a, '_> {
    /// An attribute or a subscript by itself.
    pub(super) fn place_op(&mut self, expr: ExprRef<'a>, ctx: ExprContext) -> Result<()> {
        match (expr.kind, ctx) {
            (ExprKind::Attribute { value, attr, .. }, ExprContext::Load) => {
                if self.super_attribute(expr, value, attr, false)? {
                    return Ok(());
                }
            }
            (ExprKind::Attribute { value, attr, .. }, ExprContext::Store) => self.note_static_attribute(value, attr),
            (ExprKind::Subscript { value, slice, .. }, ExprContext::Load) => self.check_subscript(value, slice),
            _ => {}
        }
        if let Some(place) = self.find(expr, ctx)? {
            self.access(place, ctx);
        }
        Ok(())
    }

    /// Puts on the stack what says where an attribute or a subscript is; nothing for other expressions.
    pub(in crate::codegen) fn find(&mut self, expr: ExprRef<'a>, ctx: ExprContext) -> Result<Option<Place>> {
        let loc = expr.range;
        Ok(match expr.kind {
            ExprKind::Attribute { value, attr, .. } => {
                self.expr(value)?;
                let name = self.names.intern(attr);
                let number = self.name_number(name);
                Some(Place { loc: attribute_location(loc, expr, attr), what: What::Attribute(number) })
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.expr(value)?;
                let what = match slice.kind {
                    // `a:b` with parts that are not constants has instructions of its own.
                    ExprKind::Slice { lower, upper, step: None }
                        if ctx != ExprContext::Del && self.constant_slice([lower, upper, None]).is_none() =>
                    {
                        self.ends(slice.range, lower, upper)?;
                        What::Slice
                    }
                    _ => {
                        self.expr(slice)?;
                        What::Item
                    }
                };
                Some(Place { loc, what })
            }
            _ => None,
        })
    }

    pub(in crate::codegen) fn access(&mut self, place: Place, ctx: ExprContext) {
        use ExprContext::*;
        let (op, arg) = match (place.what, ctx) {
            (What::Attribute(name), Load) => (Opcode::LOAD_ATTR, name << 1),
            (What::Attribute(name), Store) => (Opcode::STORE_ATTR, name),
            (What::Attribute(name), Del) => (Opcode::DELETE_ATTR, name),
            (What::Item, Load) => (Opcode::BINARY_OP, binary::SUBSCR),
            (What::Item, Store) => (Opcode::STORE_SUBSCR, 0),
            (What::Item | What::Slice, Del) => (Opcode::DELETE_SUBSCR, 0),
            (What::Slice, Load) => (Opcode::BINARY_SLICE, 0),
            (What::Slice, Store) => (Opcode::STORE_SLICE, 0),
        };
        self.op_arg(place.loc, op, arg);
    }

    /// `self.x = ...` in a method: the class lists `x` in `__static_attributes__`.
    fn note_static_attribute(&mut self, value: ExprRef<'a>, attr: &'a str) {
        if matches!(value.kind, ExprKind::Name { id: "self", .. })
            && let Some(class) = self.outer.iter_mut().rev().find(|unit| unit.kind == ScopeKind::Class)
        {
            let attr: Symbol = self.names.intern(attr);
            if !class.static_attributes.contains(&attr) {
                class.static_attributes.push(attr);
            }
        }
    }

    // ---- slices ----------------------------------------------------------------------------------------------------

    /// The parts of a slice that is a constant.
    fn constant_slice(&self, parts: [Option<ExprRef<'a>>; 3]) -> Option<[Constant<'a>; 3]> {
        let mut constants = [Constant::None; 3];
        for (constant, part) in constants.iter_mut().zip(parts) {
            if let Some(part) = part {
                *constant = self.as_constant(part)?;
            }
        }
        Some(constants)
    }

    pub(super) fn slice(
        &mut self,
        loc: Loc,
        lower: Option<ExprRef<'a>>,
        upper: Option<ExprRef<'a>>,
        step: Option<ExprRef<'a>>,
    ) -> Result<()> {
        if let Some([lower, upper, step]) = self.constant_slice([lower, upper, step]) {
            let parts = [self.constant(&lower)?, self.constant(&upper)?, self.constant(&step)?];
            self.load_const(loc, code::Constant::Slice(Box::new(parts)));
            return Ok(());
        }
        self.ends(loc, lower, upper)?;
        step.iter().try_for_each(|step| self.expr(step))?;
        self.op_arg(loc, Opcode::BUILD_SLICE, 2 + step.is_some() as u32);
        Ok(())
    }

    fn ends(&mut self, loc: Loc, lower: Option<ExprRef<'a>>, upper: Option<ExprRef<'a>>) -> Result<()> {
        for end in [lower, upper] {
            match end {
                Some(end) => self.expr(end)?,
                None => self.load_none(loc),
            }
        }
        Ok(())
    }
}

/// Where an instruction at `loc` about the attribute `expr` is: at the name, if that stands on another line.
pub(super) fn attribute_location(mut loc: Loc, expr: ExprRef<'_>, attr: &str) -> Loc {
    let end = expr.range;
    if loc.lineno != end.end_lineno {
        loc.lineno = end.end_lineno;
        let len = attr.chars().count() as i32;
        if len <= end.end_col_offset {
            loc.col_offset = end.end_col_offset - len;
        } else {
            (loc.col_offset, loc.end_col_offset) = (-1, -1);
        }
        loc.end_lineno = loc.lineno.max(loc.end_lineno);
        if loc.lineno == loc.end_lineno {
            loc.end_col_offset = loc.col_offset.max(loc.end_col_offset);
        }
    }
    loc
}
