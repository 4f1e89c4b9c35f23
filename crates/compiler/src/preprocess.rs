//! What CPython does with the tree before compiling it: `%` formatting as f-strings, literals of patterns, warnings
//! about leaving `finally`, and the `__future__` imports.
//!
//! The tree itself is never changed. The counterparts are `Python/ast_preprocess.c` and `Python/future.c`.

use taipan_syntax::ast::*;

use crate::code;
use crate::code::flags;
use crate::error::{CompileError, Result, StackGuard, Warning};
use crate::fold;
use crate::ir::NO_LOCATION;
use crate::opcode::binary;
use crate::symtable::docstring;

// ---- "..." % (...) -------------------------------------------------------------------------------------------------

const MAX_DIGITS: usize = 3;

/// A cheap test that [`percent_format`] might answer something.
pub(crate) fn may_be_percent_format(left: ExprRef<'_>, right: ExprRef<'_>) -> bool {
    matches!(left.kind, ExprKind::Constant { value: Constant::Str(_), .. })
        && matches!(right.kind, ExprKind::Tuple { .. })
}

/// `"%s: %r" % (a, b)` as the f-string that it amounts to.
pub(crate) fn percent_format<'a>(
    arena: &'a Arena,
    expr: ExprRef<'a>,
    left: ExprRef<'a>,
    right: ExprRef<'a>,
) -> Option<ExprRef<'a>> {
    let ExprKind::Constant { value: Constant::Str(format), .. } = left.kind else { return None };
    let ExprKind::Tuple { elts, .. } = right.kind else { return None };
    if elts.iter().any(|elt| matches!(elt.kind, ExprKind::Starred { .. })) {
        return None;
    }
    let format = format.as_bytes();
    let mut at = 0;
    let mut used = 0;
    let mut values: Vec<ExprRef<'a>> = Vec::with_capacity(elts.len() * 2 + 1);
    loop {
        let mut literal = Vec::new();
        while at < format.len() {
            if format[at] != b'%' {
                literal.push(format[at]);
                at += 1;
            } else if format.get(at + 1) == Some(&b'%') {
                literal.push(b'%');
                at += 2;
            } else {
                break;
            }
        }
        if !literal.is_empty() {
            values.push(text_constant(arena, &literal)?);
        }
        if at >= format.len() {
            break;
        }
        let value = *elts.get(used)?;
        used += 1;
        at += 1;
        values.push(format_unit(arena, format, &mut at, value)?);
    }
    if used < elts.len() {
        return None;
    }
    let kind = ExprKind::JoinedStr { values: arena.slice(&values) };
    Some(arena.alloc(Expr { kind, range: expr.range }))
}

fn text_constant<'a>(arena: &'a Arena, text: &[u8]) -> Option<ExprRef<'a>> {
    let value = Constant::Str(StrValue::from_wtf8(arena.slice(text))?);
    Some(arena.alloc(Expr { kind: ExprKind::Constant { value, kind: None }, range: NO_LOCATION }))
}

/// One `%-10.3s`; other conversions than `s`, `r` and `a` are left alone.
fn format_unit<'a>(arena: &'a Arena, format: &[u8], at: &mut usize, value: ExprRef<'a>) -> Option<ExprRef<'a>> {
    let next = |at: &mut usize| {
        let byte = format.get(*at).copied();
        *at += 1;
        byte
    };
    let mut left_justified = false;
    let mut byte = next(at)?;
    loop {
        match byte {
            b'-' => left_justified = true,
            b'+' | b' ' | b'#' | b'0' => {}
            _ => break,
        }
        byte = next(at)?;
    }
    let number = |byte: &mut u8, at: &mut usize| -> Option<u32> {
        let mut value = 0;
        let mut digits = 0;
        while byte.is_ascii_digit() {
            value = value * 10 + (*byte - b'0') as u32;
            *byte = next(at)?;
            digits += 1;
            if digits >= MAX_DIGITS {
                return None;
            }
        }
        Some(value)
    };
    let mut width = None;
    if byte.is_ascii_digit() {
        width = Some(number(&mut byte, at)?);
    }
    let mut precision = None;
    if byte == b'.' {
        byte = next(at)?;
        precision = Some(0);
        if byte.is_ascii_digit() {
            precision = Some(number(&mut byte, at)?);
        }
    }
    if !matches!(byte, b's' | b'r' | b'a') {
        return None;
    }
    let mut spec = String::new();
    if !left_justified && width.is_some_and(|width| width > 0) {
        spec.push('>');
    }
    if let Some(width) = width {
        spec.push_str(&width.to_string());
    }
    if let Some(precision) = precision {
        spec.push_str(&format!(".{precision}"));
    }
    let format_spec = if spec.is_empty() { None } else { Some(text_constant(arena, spec.as_bytes())?) };
    let kind = ExprKind::FormattedValue { value, conversion: byte as i32, format_spec };
    Some(arena.alloc(Expr { kind, range: value.range }))
}

// ---- patterns ------------------------------------------------------------------------------------------------------

/// The constant of a literal in a pattern: a plain one, `-1`, or `-1 + 2j`.
pub(crate) fn pattern_constant<'a>(
    value: ExprRef<'a>,
    convert: &mut dyn FnMut(&Constant<'a>) -> Result<code::Constant>,
) -> Result<Option<code::Constant>> {
    Ok(match value.kind {
        ExprKind::Constant { value, .. } => Some(convert(&value)?),
        ExprKind::UnaryOp { op: UnaryOp::USub, operand } => match operand.kind {
            ExprKind::Constant { value, .. } => fold::negative(&convert(&value)?),
            _ => None,
        },
        ExprKind::BinOp { left, op, right } => {
            let op = match op {
                Operator::Add => binary::ADD,
                Operator::Sub => binary::SUBTRACT,
                _ => return Ok(None),
            };
            let ExprKind::Constant { value, .. } = right.kind else { return Ok(None) };
            let left = match left.kind {
                ExprKind::BinOp { .. } => None,
                _ => pattern_constant(left, convert)?,
            };
            let Some(left) = left else { return Ok(None) };
            fold::arithmetic(op, &left, &convert(&value)?)
        }
        _ => None,
    })
}

// ---- leaving `finally` ---------------------------------------------------------------------------------------------

/// Where a statement stands, for PEP 765.
#[derive(Clone, Copy, Default)]
struct Position {
    in_finally: bool,
    in_function: bool,
    in_loop: bool,
}

/// Warns about `return`, `break` and `continue` that leave a `finally` block and so drop an exception.
pub(crate) fn warn_finally(tree: &Mod<'_>, warnings: &mut Vec<Warning>, stack: StackGuard) -> Result<()> {
    let mut checker = FinallyChecker { warnings, stack };
    match *tree {
        Mod::Module { body, .. } | Mod::Interactive { body } => checker.body(body, Position::default()),
        _ => Ok(()),
    }
}

struct FinallyChecker<'w> {
    warnings: &'w mut Vec<Warning>,
    stack: StackGuard,
}

impl FinallyChecker<'_> {
    fn body(&mut self, body: Body<'_>, position: Position) -> Result<()> {
        self.stack.check()?;
        body.iter().try_for_each(|stmt| self.stmt(stmt, position))
    }

    fn stmt(&mut self, stmt: &Stmt<'_>, position: Position) -> Result<()> {
        let leaving = match stmt.kind {
            StmtKind::Return { .. } if position.in_finally && !position.in_function => Some("return"),
            StmtKind::Break if position.in_finally && !position.in_loop => Some("break"),
            StmtKind::Continue if position.in_finally && !position.in_loop => Some("continue"),
            _ => None,
        };
        if let Some(what) = leaving {
            self.warnings.push(Warning::at(stmt.range, format!("'{what}' in a 'finally' block")));
        }
        let in_loop = Position { in_loop: true, in_finally: false, in_function: false };
        match stmt.kind {
            StmtKind::FunctionDef(def) | StmtKind::AsyncFunctionDef(def) => {
                self.body(def.body, Position { in_function: true, in_finally: false, in_loop: false })
            }
            StmtKind::ClassDef(def) => self.body(def.body, position),
            StmtKind::For(node) | StmtKind::AsyncFor(node) => {
                self.body(node.body, in_loop)?;
                self.body(node.orelse, position)
            }
            StmtKind::While { body, orelse, .. } => {
                self.body(body, in_loop)?;
                self.body(orelse, position)
            }
            StmtKind::If { body, orelse, .. } => {
                self.body(body, position)?;
                self.body(orelse, position)
            }
            StmtKind::With(node) | StmtKind::AsyncWith(node) => self.body(node.body, position),
            StmtKind::Match { cases, .. } => cases.iter().try_for_each(|case| self.body(case.body, position)),
            StmtKind::Try(node) | StmtKind::TryStar(node) => {
                self.body(node.body, position)?;
                for handler in node.handlers {
                    self.body(handler.body, position)?;
                }
                self.body(node.orelse, position)?;
                self.body(node.finalbody, Position { in_finally: true, in_function: false, in_loop: false })
            }
            _ => Ok(()),
        }
    }
}

// ---- from __future__ import ----------------------------------------------------------------------------------------

/// The features that a module asks for, and where the last such import ends (line, column).
pub(crate) fn future_features(tree: &Mod<'_>) -> Result<(u32, (i32, i32))> {
    let body = match *tree {
        Mod::Module { body, .. } | Mod::Interactive { body } => body,
        _ => return Ok((0, (-1, -1))),
    };
    let mut bits = 0;
    let mut end = (-1, -1);
    let start = docstring(body).is_some() as usize;
    for stmt in &body[start..] {
        let StmtKind::ImportFrom { module: Some("__future__"), names, level } = stmt.kind else { break };
        if level.unwrap_or(0) != 0 {
            break;
        }
        for alias in names {
            bits |= match alias.name {
                "nested_scopes" | "generators" | "division" | "absolute_import" | "with_statement"
                | "print_function" | "unicode_literals" | "generator_stop" => 0,
                "barry_as_FLUFL" => flags::FUTURE_BARRY_AS_BDFL,
                "annotations" => flags::FUTURE_ANNOTATIONS,
                "braces" => return Err(CompileError::at(alias.range, "not a chance")),
                other => {
                    return Err(CompileError::at(alias.range, format!("future feature {other} is not defined")));
                }
            };
        }
        end = (stmt.range.end_lineno, stmt.range.end_col_offset);
    }
    Ok((bits, end))
}
