//! Warnings about expressions that cannot be meant: calling a string, comparing literals with `is`.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::preprocess;

/// The type that a display or literal has for sure.
fn type_of(constant: &Constant<'_>) -> &'static str {
    match constant {
        Constant::None => "NoneType",
        Constant::Bool(_) => "bool",
        Constant::Ellipsis => "ellipsis",
        Constant::Int(_) => "int",
        Constant::Float(_) => "float",
        Constant::Complex { .. } => "complex",
        Constant::Str(_) => "str",
        Constant::Bytes(_) => "bytes",
        Constant::Tuple(_) => "tuple",
        Constant::FrozenSet(_) => "frozenset",
    }
}

impl<'a> Codegen<'a, '_> {
    fn infer_type(&self, expr: ExprRef<'a>) -> Option<&'static str> {
        if let Some(constant) = self.as_constant(expr) {
            return Some(type_of(&constant));
        }
        Some(match expr.kind {
            ExprKind::Tuple { .. } => "tuple",
            ExprKind::List { .. } | ExprKind::ListComp { .. } => "list",
            ExprKind::Dict { .. } | ExprKind::DictComp { .. } => "dict",
            ExprKind::Set { .. } | ExprKind::SetComp { .. } => "set",
            ExprKind::GeneratorExp { .. } => "generator",
            ExprKind::Lambda { .. } => "function",
            ExprKind::TemplateStr { .. } | ExprKind::Interpolation { .. } => "string.templatelib.Template",
            ExprKind::JoinedStr { .. } | ExprKind::FormattedValue { .. } => "str",
            ExprKind::BinOp { left, op: Operator::Mod, right }
                if preprocess::percent_format(self.cx.arena, expr, left, right).is_some() =>
            {
                "str"
            }
            _ => return None,
        })
    }

    /// False for constants other than the named singletons.
    fn is_no_literal(&self, expr: ExprRef<'a>) -> bool {
        if let ExprKind::Tuple { elts, .. } = expr.kind {
            return elts.iter().any(|elt| self.as_constant(elt).is_none());
        }
        match self.as_constant(expr) {
            None => true,
            Some(constant) => matches!(constant, Constant::None | Constant::Bool(_) | Constant::Ellipsis),
        }
    }

    pub(super) fn check_compare(
        &mut self,
        expr: ExprRef<'a>,
        first: ExprRef<'a>,
        ops: &'a [CmpOp],
        comparators: Exprs<'a>,
    ) {
        if !ops.iter().any(|op| matches!(op, CmpOp::Is | CmpOp::IsNot)) {
            return;
        }
        let mut left = first;
        for (op, right) in ops.iter().zip(comparators) {
            let literal = if !self.is_no_literal(left) {
                Some(left)
            } else if !self.is_no_literal(right) {
                Some(*right)
            } else {
                None
            };
            if let (CmpOp::Is | CmpOp::IsNot, Some(literal)) = (op, literal) {
                let name = self.infer_type(literal).unwrap_or("object");
                let message = if *op == CmpOp::Is {
                    format!("\"is\" with '{name}' literal. Did you mean \"==\"?")
                } else {
                    format!("\"is not\" with '{name}' literal. Did you mean \"!=\"?")
                };
                return self.warn(expr.range, message);
            }
            left = right;
        }
    }

    pub(super) fn check_caller(&mut self, func: ExprRef<'a>) {
        if matches!(func.kind, ExprKind::Lambda { .. }) {
            return;
        }
        if let Some(name) = self.infer_type(func) {
            self.warn(func.range, format!("'{name}' object is not callable; perhaps you missed a comma?"));
        }
    }

    pub(super) fn check_subscripter(&mut self, value: ExprRef<'a>) {
        let bad = match self.as_constant(value) {
            Some(constant) => matches!(
                constant,
                Constant::None
                    | Constant::Ellipsis
                    | Constant::Bool(_)
                    | Constant::Int(_)
                    | Constant::Float(_)
                    | Constant::Complex { .. }
                    | Constant::FrozenSet(_)
            ),
            None => matches!(
                value.kind,
                ExprKind::Set { .. }
                    | ExprKind::SetComp { .. }
                    | ExprKind::GeneratorExp { .. }
                    | ExprKind::TemplateStr { .. }
                    | ExprKind::Interpolation { .. }
                    | ExprKind::Lambda { .. }
            ),
        };
        if bad && let Some(name) = self.infer_type(value) {
            self.warn(value.range, format!("'{name}' object is not subscriptable; perhaps you missed a comma?"));
        }
    }

    pub(super) fn check_index(&mut self, value: ExprRef<'a>, index: ExprRef<'a>) {
        let Some(index_type) = self.infer_type(index) else { return };
        if matches!(index_type, "int" | "bool") {
            return;
        }
        let sequence = match self.as_constant(value) {
            Some(constant) => matches!(constant, Constant::Str(_) | Constant::Bytes(_) | Constant::Tuple(_)),
            None => {
                matches!(
                    value.kind,
                    ExprKind::Tuple { .. }
                        | ExprKind::List { .. }
                        | ExprKind::ListComp { .. }
                        | ExprKind::JoinedStr { .. }
                        | ExprKind::FormattedValue { .. }
                ) || self.infer_type(value) == Some("str")
            }
        };
        if sequence && let Some(name) = self.infer_type(value) {
            self.warn(
                value.range,
                format!("{name} indices must be integers or slices, not {index_type}; perhaps you missed a comma?"),
            );
        }
    }
}
