//! Expressions.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::code;
use crate::error::{CompileError, Result};
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::names::{Symbol, known};
use crate::opcode::{Opcode, binary, compare, convert, intrinsic1, resume};
use crate::preprocess;
use crate::unit::ScopeKind;

use crate::flow::STACK_USE_GUIDELINE;

impl<'a> Codegen<'a, '_> {
    pub(super) fn exprs(&mut self, exprs: Exprs<'a>) -> Result<()> {
        exprs.iter().try_for_each(|expr| self.expr(expr))
    }

    pub(super) fn expr(&mut self, expr: ExprRef<'a>) -> Result<()> {
        self.cx.stack.check()?;
        let loc = expr.range;
        match expr.kind {
            ExprKind::Name { id, ctx } => {
                if let Some(constant) = self.as_constant(expr) {
                    let constant = self.constant(&constant)?;
                    self.load_const(loc, constant);
                    return Ok(());
                }
                self.name_op_str(loc, id, ctx)
            }
            ExprKind::Constant { value, .. } => {
                let value = self.constant(&value)?;
                self.load_const(loc, value);
                Ok(())
            }
            ExprKind::Attribute { value, attr, ctx } => self.attribute(expr, value, attr, ctx),
            ExprKind::Call { func, args, keywords } => self.call(expr, func, args, keywords),
            ExprKind::NamedExpr { target, value } => {
                self.expr(value)?;
                self.op_arg(loc, Opcode::COPY, 1);
                self.expr(target)
            }
            ExprKind::BoolOp { op, values } => self.bool_op(loc, op, values),
            ExprKind::BinOp { left, op, right } => {
                if op == Operator::Mod
                    && let Some(formatted) = preprocess::percent_format(self.cx.arena, expr, left, right)
                {
                    return self.expr(formatted);
                }
                self.binary_chain(expr, left, op, right)
            }
            ExprKind::UnaryOp { op, operand } => {
                self.expr(operand)?;
                match op {
                    UnaryOp::UAdd => self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::UNARY_POSITIVE),
                    UnaryOp::Not => {
                        self.op(loc, Opcode::TO_BOOL);
                        self.op(loc, Opcode::UNARY_NOT);
                    }
                    UnaryOp::Invert => self.op(loc, Opcode::UNARY_INVERT),
                    UnaryOp::USub => self.op(loc, Opcode::UNARY_NEGATIVE),
                }
                Ok(())
            }
            ExprKind::Lambda { args, body } => self.lambda(expr, args, body),
            ExprKind::IfExp { test, body, orelse } => {
                let end = self.label();
                let next = self.label();
                self.jump_if(test, next, false)?;
                self.expr(body)?;
                self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
                self.place(next);
                self.expr(orelse)?;
                self.place(end);
                Ok(())
            }
            ExprKind::Dict { keys, values } => self.dict(loc, keys, values),
            ExprKind::Set { elts } => self.set(loc, elts),
            ExprKind::List { elts, ctx } => self.list(loc, elts, ctx),
            ExprKind::Tuple { elts, ctx } => self.tuple(loc, elts, ctx),
            ExprKind::ListComp { .. }
            | ExprKind::SetComp { .. }
            | ExprKind::DictComp { .. }
            | ExprKind::GeneratorExp { .. } => self.comprehension(expr),
            ExprKind::Yield { value } => {
                if !self.table.block(self.unit.block).is_function_like() {
                    return self.error(loc, "'yield' outside function");
                }
                match value {
                    Some(value) => self.expr(value)?,
                    None => self.load_none(loc),
                }
                self.yield_value(loc);
                Ok(())
            }
            ExprKind::YieldFrom { value } => {
                if !self.table.block(self.unit.block).is_function_like() {
                    return self.error(loc, "'yield from' outside function");
                }
                if self.unit.kind == ScopeKind::AsyncFunction {
                    return self.error(loc, "'yield from' inside async function");
                }
                self.expr(value)?;
                self.op(loc, Opcode::GET_YIELD_FROM_ITER);
                self.load_none(loc);
                self.yield_from(loc, false);
                Ok(())
            }
            ExprKind::Await { value } => {
                self.expr(value)?;
                self.await_value(loc, 0);
                Ok(())
            }
            ExprKind::Compare { left, ops, comparators } => self.compare(expr, left, ops, comparators),
            ExprKind::JoinedStr { values } => self.joined_str(loc, values),
            ExprKind::TemplateStr { values } => self.template_str(loc, values),
            ExprKind::FormattedValue { value, conversion, format_spec } => {
                self.formatted_value(loc, value, conversion, format_spec)
            }
            ExprKind::Interpolation { value, str, conversion, format_spec } => {
                self.interpolation(loc, value, str, conversion, format_spec)
            }
            ExprKind::Subscript { value, slice, ctx } => self.subscript(expr, value, slice, ctx),
            ExprKind::Starred { ctx: ExprContext::Store, .. } => {
                self.error(loc, "starred assignment target must be in a list or tuple")
            }
            ExprKind::Starred { .. } => self.error(loc, "can't use starred expression here"),
            ExprKind::Slice { .. } => self.slice(expr),
        }
    }

    /// `a + b + c ...`: the left spine is walked in a loop, so long chains need no deep stack.
    fn binary_chain(&mut self, expr: ExprRef<'a>, left: ExprRef<'a>, op: Operator, right: ExprRef<'a>) -> Result<()> {
        let mut pending = vec![(expr.range, op, right)];
        let mut first = left;
        while let ExprKind::BinOp { left, op, right } = first.kind {
            if op == Operator::Mod && preprocess::may_be_percent_format(left, right) {
                break;
            }
            pending.push((first.range, op, right));
            first = left;
        }
        self.expr(first)?;
        while let Some((loc, op, right)) = pending.pop() {
            self.expr(right)?;
            self.binary_op(loc, op, false);
        }
        Ok(())
    }

    pub(super) fn binary_op(&mut self, loc: Loc, op: Operator, inplace: bool) {
        let arg = match op {
            Operator::Add => binary::ADD,
            Operator::Sub => binary::SUBTRACT,
            Operator::Mult => binary::MULTIPLY,
            Operator::MatMult => binary::MATRIX_MULTIPLY,
            Operator::Div => binary::TRUE_DIVIDE,
            Operator::Mod => binary::REMAINDER,
            Operator::Pow => binary::POWER,
            Operator::LShift => binary::LSHIFT,
            Operator::RShift => binary::RSHIFT,
            Operator::BitOr => binary::OR,
            Operator::BitXor => binary::XOR,
            Operator::BitAnd => binary::AND,
            Operator::FloorDiv => binary::FLOOR_DIVIDE,
        };
        self.op_arg(loc, Opcode::BINARY_OP, if inplace { arg + binary::INPLACE } else { arg });
    }

    pub(super) fn yield_value(&mut self, loc: Loc) {
        let block = self.table.block(self.unit.block);
        if block.generator && block.coroutine {
            self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::ASYNC_GEN_WRAP);
        }
        self.op_arg(loc, Opcode::YIELD_VALUE, 0);
        self.op_arg(loc, Opcode::RESUME, resume::AFTER_YIELD);
    }

    fn bool_op(&mut self, loc: Loc, op: BoolOp, values: Exprs<'a>) -> Result<()> {
        let Some((last, first)) = values.split_last() else { return Ok(()) };
        let jump = if op == BoolOp::And { Opcode::JUMP_IF_FALSE } else { Opcode::JUMP_IF_TRUE };
        let end = self.label();
        for value in first {
            self.expr(value)?;
            self.jump(loc, jump, end);
            self.op(loc, Opcode::POP_TOP);
        }
        self.expr(last)?;
        self.place(end);
        Ok(())
    }

    pub(super) fn compare_op(&mut self, loc: Loc, op: CmpOp) {
        let (opcode, arg) = match op {
            CmpOp::Eq => (Opcode::COMPARE_OP, compare::arg(compare::EQ)),
            CmpOp::NotEq => (Opcode::COMPARE_OP, compare::arg(compare::NE)),
            CmpOp::Lt => (Opcode::COMPARE_OP, compare::arg(compare::LT)),
            CmpOp::LtE => (Opcode::COMPARE_OP, compare::arg(compare::LE)),
            CmpOp::Gt => (Opcode::COMPARE_OP, compare::arg(compare::GT)),
            CmpOp::GtE => (Opcode::COMPARE_OP, compare::arg(compare::GE)),
            CmpOp::Is => (Opcode::IS_OP, 0),
            CmpOp::IsNot => (Opcode::IS_OP, 1),
            CmpOp::In => (Opcode::CONTAINS_OP, 0),
            CmpOp::NotIn => (Opcode::CONTAINS_OP, 1),
        };
        self.op_arg(loc, opcode, arg);
    }

    fn compare(
        &mut self,
        expr: ExprRef<'a>,
        left: ExprRef<'a>,
        ops: &'a [CmpOp],
        comparators: Exprs<'a>,
    ) -> Result<()> {
        let loc = expr.range;
        self.check_compare(expr, left, ops, comparators);
        match (ops, comparators) {
            ([], _) | (_, []) => return self.expr(left),
            ([op], [right, ..]) => {
                self.expr(left)?;
                self.expr(right)?;
                self.compare_op(loc, *op);
                return Ok(());
            }
            _ => {}
        }
        let [refuted, end] = self.labels();
        self.compare_links(loc, left, ops, comparators, refuted, true)?;
        self.jump(NO_LOCATION, Opcode::JUMP_NO_INTERRUPT, end);
        self.place(refuted);
        self.op_arg(loc, Opcode::SWAP, 2);
        self.op(loc, Opcode::POP_TOP);
        self.place(end);
        Ok(())
    }

    /// `a < b < c` up to the last comparison. As soon as one does not hold, jumps to `refuted`, with the right operand
    /// on the stack and with `keeps` the outcome above it.
    pub(super) fn compare_links(
        &mut self,
        loc: Loc,
        left: ExprRef<'a>,
        ops: &'a [CmpOp],
        comparators: Exprs<'a>,
        refuted: Label,
        keeps: bool,
    ) -> Result<()> {
        self.expr(left)?;
        let last = ops.len().min(comparators.len()) - 1;
        for (number, (op, comparator)) in ops.iter().zip(comparators).enumerate() {
            self.expr(comparator)?;
            if number == last {
                self.compare_op(loc, *op);
                break;
            }
            self.op_arg(loc, Opcode::SWAP, 2);
            self.op_arg(loc, Opcode::COPY, 2);
            self.compare_op(loc, *op);
            if keeps {
                self.op_arg(loc, Opcode::COPY, 1);
            }
            self.op(loc, Opcode::TO_BOOL);
            self.jump(loc, Opcode::POP_JUMP_IF_FALSE, refuted);
            if keeps {
                self.op(loc, Opcode::POP_TOP);
            }
        }
        Ok(())
    }

    // ---- attributes and subscripts -----------------------------------------------------------------------------

    /// An attribute on another line than the expression's start is located at its name.
    pub(super) fn attribute_location(&self, mut loc: Loc, expr: ExprRef<'a>, attr: &str) -> Loc {
        let end = expr.range;
        if loc.lineno != end.end_lineno {
            loc.lineno = end.end_lineno;
            let len = attr.chars().count() as i32;
            if len <= end.end_col_offset {
                loc.col_offset = end.end_col_offset - len;
            } else {
                loc.col_offset = -1;
                loc.end_col_offset = -1;
            }
            loc.end_lineno = loc.lineno.max(loc.end_lineno);
            if loc.lineno == loc.end_lineno {
                loc.end_col_offset = loc.col_offset.max(loc.end_col_offset);
            }
        }
        loc
    }

    fn attribute(&mut self, expr: ExprRef<'a>, value: ExprRef<'a>, attr: &'a str, ctx: ExprContext) -> Result<()> {
        let mut loc = expr.range;
        let name = self.names.intern(attr);
        if ctx == ExprContext::Load && self.super_attribute(expr, value, attr, false)? {
            return Ok(());
        }
        if ctx == ExprContext::Store {
            self.note_static_attribute(value, name);
        }
        self.expr(value)?;
        loc = self.attribute_location(loc, expr, attr);
        let number = self.name_number(name);
        match ctx {
            ExprContext::Load => self.op_arg(loc, Opcode::LOAD_ATTR, number << 1),
            ExprContext::Store => self.op_arg(loc, Opcode::STORE_ATTR, number),
            ExprContext::Del => self.op_arg(loc, Opcode::DELETE_ATTR, number),
        }
        Ok(())
    }

    /// `self.x = ...` in a method: the class lists `x` in `__static_attributes__`.
    fn note_static_attribute(&mut self, value: ExprRef<'a>, attr: Symbol) {
        if !matches!(value.kind, ExprKind::Name { id: "self", .. }) {
            return;
        }
        if let Some(class) = self.outer.iter_mut().rev().find(|unit| unit.kind == ScopeKind::Class)
            && !class.static_attributes.contains(&attr)
        {
            class.static_attributes.push(attr);
        }
    }

    fn is_constant_slice(&self, slice: ExprRef<'a>) -> bool {
        match slice.kind {
            ExprKind::Slice { lower, upper, step } => {
                [lower, upper, step].into_iter().flatten().all(|part| self.as_constant(part).is_some())
            }
            _ => false,
        }
    }

    /// `a:b` with parts that are not constants has instructions of its own.
    pub(super) fn is_two_part_slice(&self, slice: ExprRef<'a>) -> bool {
        matches!(slice.kind, ExprKind::Slice { step: None, .. }) && !self.is_constant_slice(slice)
    }

    fn subscript(&mut self, expr: ExprRef<'a>, value: ExprRef<'a>, slice: ExprRef<'a>, ctx: ExprContext) -> Result<()> {
        let loc = expr.range;
        if ctx == ExprContext::Load {
            self.check_subscript(value, slice);
        }
        self.expr(value)?;
        if ctx != ExprContext::Del && self.is_two_part_slice(slice) {
            self.slice_parts(slice)?;
            let op = if ctx == ExprContext::Load { Opcode::BINARY_SLICE } else { Opcode::STORE_SLICE };
            self.op(loc, op);
            return Ok(());
        }
        self.expr(slice)?;
        match ctx {
            ExprContext::Load => self.op_arg(loc, Opcode::BINARY_OP, binary::SUBSCR),
            ExprContext::Store => self.op(loc, Opcode::STORE_SUBSCR),
            ExprContext::Del => self.op(loc, Opcode::DELETE_SUBSCR),
        }
        Ok(())
    }

    pub(super) fn slice_parts(&mut self, slice: ExprRef<'a>) -> Result<()> {
        if let ExprKind::Slice { lower, upper, .. } = slice.kind {
            for part in [lower, upper] {
                match part {
                    Some(part) => self.expr(part)?,
                    None => self.load_none(slice.range),
                }
            }
        }
        Ok(())
    }

    fn slice(&mut self, slice: ExprRef<'a>) -> Result<()> {
        let ExprKind::Slice { lower, upper, step } = slice.kind else { return Ok(()) };
        let loc = slice.range;
        if self.is_constant_slice(slice) {
            let mut parts = [code::Constant::None, code::Constant::None, code::Constant::None];
            for (slot, part) in parts.iter_mut().zip([lower, upper, step]) {
                if let Some(constant) = part.and_then(|part| self.as_constant(part)) {
                    *slot = self.constant(&constant)?;
                }
            }
            self.load_const(loc, code::Constant::Slice(Box::new(parts)));
            return Ok(());
        }
        self.slice_parts(slice)?;
        let mut count = 2;
        if let Some(step) = step {
            count = 3;
            self.expr(step)?;
        }
        self.op_arg(loc, Opcode::BUILD_SLICE, count);
        Ok(())
    }

    // ---- f-strings and t-strings -------------------------------------------------------------------------------

    fn load_empty_str(&mut self, loc: Loc) {
        self.load_name_const(loc, known::empty);
    }

    fn joined_str(&mut self, loc: Loc, values: Exprs<'a>) -> Result<()> {
        if values.len() > STACK_USE_GUIDELINE {
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

    fn conversion(&self, conversion: i32) -> Result<u32> {
        match u8::try_from(conversion) {
            Ok(b's') => Ok(convert::STR),
            Ok(b'r') => Ok(convert::REPR),
            Ok(b'a') => Ok(convert::ASCII),
            _ => Err(CompileError::Other("SystemError", format!("Unrecognized conversion character {conversion}"))),
        }
    }

    fn formatted_value(
        &mut self,
        loc: Loc,
        value: ExprRef<'a>,
        conversion: i32,
        format_spec: Option<ExprRef<'a>>,
    ) -> Result<()> {
        self.expr(value)?;
        if conversion != -1 {
            let how = self.conversion(conversion)?;
            self.op_arg(loc, Opcode::CONVERT_VALUE, how);
        }
        match format_spec {
            Some(spec) => {
                self.expr(spec)?;
                self.op(loc, Opcode::FORMAT_WITH_SPEC);
            }
            None => self.op(loc, Opcode::FORMAT_SIMPLE),
        }
        Ok(())
    }

    fn interpolation(
        &mut self,
        loc: Loc,
        value: ExprRef<'a>,
        text: &'a Constant<'a>,
        conversion: i32,
        format_spec: Option<ExprRef<'a>>,
    ) -> Result<()> {
        self.expr(value)?;
        let text = self.constant(text)?;
        self.load_const(loc, text);
        let mut arg = 2;
        if let Some(spec) = format_spec {
            arg += 1;
            self.expr(spec)?;
        }
        if conversion != -1 {
            arg |= self.conversion(conversion)? << 2;
        }
        self.op_arg(loc, Opcode::BUILD_INTERPOLATION, arg);
        Ok(())
    }

    /// Strings and interpolations alternate, with a string at both ends.
    fn template_str(&mut self, loc: Loc, values: Exprs<'a>) -> Result<()> {
        let is_interpolation = |value: ExprRef<'a>| matches!(value.kind, ExprKind::Interpolation { .. });
        let mut after_interpolation = true;
        let mut strings = 0;
        for value in values {
            if is_interpolation(value) {
                if after_interpolation {
                    self.load_empty_str(loc);
                    strings += 1;
                }
                after_interpolation = true;
            } else {
                self.expr(value)?;
                strings += 1;
                after_interpolation = false;
            }
        }
        if after_interpolation {
            self.load_empty_str(loc);
            strings += 1;
        }
        self.op_arg(loc, Opcode::BUILD_TUPLE, strings);
        let mut count = 0;
        for value in values {
            if is_interpolation(value) {
                self.expr(value)?;
                count += 1;
            }
        }
        self.op_arg(loc, Opcode::BUILD_TUPLE, count);
        self.op(loc, Opcode::BUILD_TEMPLATE);
        Ok(())
    }
}
