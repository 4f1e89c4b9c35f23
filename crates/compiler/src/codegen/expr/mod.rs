//! Expressions, by what they do. Each leaves one value on the stack; as a target it takes one.

mod call;
mod comprehension;
mod condition;
mod display;
mod name;
mod operator;
mod place;
mod string;
mod wait;

use taipan_syntax::ast::*;

use super::Codegen;
use crate::error::Result;
use crate::opcode::Opcode;

impl<'a> Codegen<'a, '_> {
    pub(in crate::codegen) fn exprs(&mut self, exprs: Exprs<'a>) -> Result<()> {
        exprs.iter().try_for_each(|expr| self.expr(expr))
    }

    pub(in crate::codegen) fn expr(&mut self, expr: ExprRef<'a>) -> Result<()> {
        use ExprKind::*;
        self.cx.stack.check()?;
        let loc = expr.range;
        match expr.kind {
            Constant { value, .. } => self.load_value(loc, &value)?,
            Name { id, ctx } => match self.as_constant(expr) {
                Some(value) => self.load_value(loc, &value)?,
                None => self.name_op_str(loc, id, ctx)?,
            },
            Attribute { ctx, .. } | Subscript { ctx, .. } => self.place_op(expr, ctx)?,
            Slice { lower, upper, step } => self.slice(loc, lower, upper, step)?,

            UnaryOp { op, operand } => self.unary(loc, op, operand)?,
            BinOp { left, op, right } => self.binary(expr, left, op, right)?,
            BoolOp { op, values } => self.bool_op(loc, op, values)?,
            Compare { left, ops, comparators } => self.compare(expr, left, ops, comparators)?,
            IfExp { test, body, orelse } => {
                self.either(test, |c| c.expr(body), |c| c.expr(orelse))?;
            }
            NamedExpr { target, value } => {
                self.expr(value)?;
                self.op_arg(loc, Opcode::COPY, 1);
                self.expr(target)?;
            }

            List { elts, ctx } => self.display_or_targets(loc, elts, ctx, display::LIST)?,
            Tuple { elts, ctx } => self.display_or_targets(loc, elts, ctx, display::TUPLE)?,
            Set { elts } => self.display(loc, elts, None, 0, display::SET)?,
            Dict { keys, values } => self.dict(loc, keys, values)?,
            ListComp { .. } | SetComp { .. } | DictComp { .. } | GeneratorExp { .. } => self.comprehension(expr)?,

            JoinedStr { values } => self.joined_str(loc, values)?,
            TemplateStr { values } => self.template_str(loc, values)?,
            FormattedValue { value, conversion, format_spec } => {
                self.formatted_value(loc, value, conversion, format_spec)?;
            }
            Interpolation { value, str, conversion, format_spec } => {
                self.interpolation(loc, value, str, conversion, format_spec)?;
            }

            Call { func, args, keywords } => self.call(expr, func, args, keywords)?,
            Lambda { args, body } => self.lambda(expr, args, body)?,
            Yield { value } => self.yield_expr(loc, value)?,
            YieldFrom { value } => self.yield_from_expr(loc, value)?,
            Await { value } => {
                self.expr(value)?;
                self.await_value(loc, 0);
            }

            Starred { ctx: ExprContext::Store, .. } => {
                return self.error(loc, "starred assignment target must be in a list or tuple");
            }
            Starred { .. } => return self.error(loc, "can't use starred expression here"),
        }
        Ok(())
    }
}
