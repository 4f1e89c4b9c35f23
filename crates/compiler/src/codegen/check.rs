//! Warnings about expressions that cannot be meant: calling a string, comparing literals with `is`.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::preprocess;

/// The type that an expression has for sure.
#[derive(Clone, Copy, PartialEq)]
struct Sort(&'static str);

impl Sort {
    const STR: Sort = Sort("str");
    const LIST: Sort = Sort("list");
    const TUPLE: Sort = Sort("tuple");
    const DICT: Sort = Sort("dict");
    const SET: Sort = Sort("set");
    const INT: Sort = Sort("int");
    const BOOL: Sort = Sort("bool");
    const BYTES: Sort = Sort("bytes");
    const TEMPLATE: Sort = Sort("string.templatelib.Template");

    fn of(constant: &Constant<'_>) -> Sort {
        match constant {
            Constant::None => Sort("NoneType"),
            Constant::Bool(_) => Sort::BOOL,
            Constant::Ellipsis => Sort("ellipsis"),
            Constant::Int(_) => Sort::INT,
            Constant::Float(_) => Sort("float"),
            Constant::Complex { .. } => Sort("complex"),
            Constant::Str(_) => Sort::STR,
            Constant::Bytes(_) => Sort::BYTES,
            Constant::Tuple(_) => Sort::TUPLE,
            Constant::FrozenSet(_) => Sort("frozenset"),
        }
    }

    /// Indexed by integers and slices alone.
    fn is_sequence(self) -> bool {
        [Sort::STR, Sort::BYTES, Sort::TUPLE, Sort::LIST].contains(&self)
    }

    fn has_items(self) -> bool {
        self.is_sequence() || self == Sort::DICT
    }
}

impl<'a> Codegen<'a, '_> {
    fn sort(&self, expr: ExprRef<'a>) -> Option<Sort> {
        if let Some(constant) = self.as_constant(expr) {
            return Some(Sort::of(&constant));
        }
        Some(match expr.kind {
            ExprKind::Tuple { .. } => Sort::TUPLE,
            ExprKind::List { .. } | ExprKind::ListComp { .. } => Sort::LIST,
            ExprKind::Dict { .. } | ExprKind::DictComp { .. } => Sort::DICT,
            ExprKind::Set { .. } | ExprKind::SetComp { .. } => Sort::SET,
            ExprKind::GeneratorExp { .. } => Sort("generator"),
            ExprKind::Lambda { .. } => Sort("function"),
            ExprKind::TemplateStr { .. } | ExprKind::Interpolation { .. } => Sort::TEMPLATE,
            ExprKind::JoinedStr { .. } | ExprKind::FormattedValue { .. } => Sort::STR,
            ExprKind::BinOp { left, op: Operator::Mod, right }
                if preprocess::percent_format(self.cx.arena, expr, left, right).is_some() =>
            {
                Sort::STR
            }
            _ => return None,
        })
    }

    /// A constant whose identity means nothing.
    fn is_literal(&self, expr: ExprRef<'a>) -> bool {
        match (expr.kind, self.as_constant(expr)) {
            (ExprKind::Tuple { elts, .. }, _) => elts.iter().all(|elt| self.as_constant(elt).is_some()),
            (_, Some(constant)) => !matches!(constant, Constant::None | Constant::Bool(_) | Constant::Ellipsis),
            (_, None) => false,
        }
    }

    /// Warns of the first comparison of identity with a literal.
    pub(super) fn check_compare(&mut self, expr: ExprRef<'a>, first: ExprRef<'a>, ops: &'a [CmpOp], rest: Exprs<'a>) {
        let mut left = first;
        for (op, right) in ops.iter().zip(rest) {
            let (sign, meant) = match op {
                CmpOp::Is => ("is", "=="),
                CmpOp::IsNot => ("is not", "!="),
                _ => {
                    left = right;
                    continue;
                }
            };
            if let Some(literal) = [left, right].into_iter().find(|side| self.is_literal(side)) {
                let name = self.sort(literal).map_or("object", |sort| sort.0);
                let message = format!("\"{sign}\" with '{name}' literal. Did you mean \"{meant}\"?");
                return self.warn(expr.range, message);
            }
            left = right;
        }
    }

    /// Warns of calling what is no function.
    pub(super) fn check_call(&mut self, func: ExprRef<'a>) {
        if !matches!(func.kind, ExprKind::Lambda { .. })
            && let Some(Sort(name)) = self.sort(func)
        {
            self.warn(func.range, format!("'{name}' object is not callable; perhaps you missed a comma?"));
        }
    }

    /// Warns of items of what has none, and of items by what is no index.
    pub(super) fn check_subscript(&mut self, value: ExprRef<'a>, index: ExprRef<'a>) {
        let Some(sort) = self.sort(value) else { return };
        let Sort(name) = sort;
        if !sort.has_items() {
            self.warn(value.range, format!("'{name}' object is not subscriptable; perhaps you missed a comma?"));
        } else if sort.is_sequence()
            && let Some(found) = self.sort(index)
            && ![Sort::INT, Sort::BOOL].contains(&found)
        {
            let Sort(found) = found;
            self.warn(
                value.range,
                format!("{name} indices must be integers or slices, not {found}; perhaps you missed a comma?"),
            );
        }
    }
}
