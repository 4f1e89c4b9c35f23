//! Source text of an expression, as annotations under `from __future__ import annotations` hold it, and `repr` of
//! constants. The counterpart is `Python/ast_unparse.c`.

use rustpython_literal::escape::{AsciiEscape, UnicodeEscape};
use rustpython_wtf8::Wtf8;
use taipan_syntax::ast::*;

use crate::code;
use crate::error::{CompileError, Result, StackGuard};
use crate::fold;

/// How tightly an operator binds; parentheses go around what binds less than its place asks for.
mod level {
    pub const TUPLE: u8 = 0;
    pub const TEST: u8 = 1;
    pub const OR: u8 = 2;
    pub const AND: u8 = 3;
    pub const NOT: u8 = 4;
    pub const CMP: u8 = 5;
    pub const EXPR: u8 = 6;
    pub const BOR: u8 = EXPR;
    pub const BXOR: u8 = 7;
    pub const BAND: u8 = 8;
    pub const SHIFT: u8 = 9;
    pub const ARITH: u8 = 10;
    pub const TERM: u8 = 11;
    pub const FACTOR: u8 = 12;
    pub const POWER: u8 = 13;
    pub const AWAIT: u8 = 14;
    pub const ATOM: u8 = 15;
}

/// The text of `expr` in WTF-8.
pub(crate) fn unparse(expr: ExprRef<'_>, stack: StackGuard) -> Result<Vec<u8>> {
    let mut writer = Writer { out: Vec::new(), stack };
    writer.expr(expr, level::TEST)?;
    Ok(writer.out)
}

fn repr_str(bytes: &[u8]) -> String {
    match Wtf8::from_bytes(bytes) {
        Some(text) => UnicodeEscape::new_repr(text).str_repr().to_string().unwrap_or_default(),
        None => String::new(),
    }
}

fn repr_bytes(bytes: &[u8]) -> String {
    AsciiEscape::new_repr(bytes).bytes_repr().to_string().unwrap_or_default()
}

pub(crate) fn repr_float(value: f64) -> String {
    rustpython_literal::float::to_string(value)
}

fn repr_complex(real: f64, imag: f64) -> String {
    rustpython_literal::complex::to_string(real, imag)
}

fn repr_items(items: &[code::Constant]) -> String {
    items.iter().map(repr).collect::<Vec<_>>().join(", ")
}

/// `repr` of a constant.
pub(crate) fn repr(value: &code::Constant) -> String {
    match value {
        code::Constant::None => "None".into(),
        code::Constant::Ellipsis => "Ellipsis".into(),
        code::Constant::Bool(true) => "True".into(),
        code::Constant::Bool(false) => "False".into(),
        code::Constant::Int(v) => v.to_string(),
        code::Constant::BigInt(v) => fold::big_to_string(v),
        code::Constant::Float(v) => repr_float(*v),
        code::Constant::Complex { real, imag } => repr_complex(*real, *imag),
        code::Constant::Str(v) => repr_str(v.as_bytes()),
        code::Constant::Bytes(v) => repr_bytes(v),
        code::Constant::Tuple(items) if items.len() == 1 => format!("({},)", repr(&items[0])),
        code::Constant::Tuple(items) => format!("({})", repr_items(items)),
        code::Constant::FrozenSet(items) if items.is_empty() => "frozenset()".into(),
        code::Constant::FrozenSet(items) => format!("frozenset({{{}}})", repr_items(items)),
        code::Constant::Slice(parts) => format!("slice({})", repr_items(&parts[..])),
        code::Constant::Code(code) => format!("<code object {}>", code.name),
    }
}

struct Writer {
    out: Vec<u8>,
    stack: StackGuard,
}

impl Writer {
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn put_if(&mut self, condition: bool, text: &str) {
        if condition {
            self.put(text);
        }
    }

    fn list(&mut self, exprs: Exprs<'_>, at: u8) -> Result<()> {
        for (number, expr) in exprs.iter().enumerate() {
            self.put_if(number > 0, ", ");
            self.expr(expr, at)?;
        }
        Ok(())
    }

    fn expr(&mut self, expr: ExprRef<'_>, at: u8) -> Result<()> {
        self.stack.check()?;
        match expr.kind {
            ExprKind::BoolOp { op, values } => {
                let (text, mine) = match op {
                    BoolOp::And => (" and ", level::AND),
                    BoolOp::Or => (" or ", level::OR),
                };
                self.put_if(at > mine, "(");
                for (number, value) in values.iter().enumerate() {
                    self.put_if(number > 0, text);
                    self.expr(value, mine + 1)?;
                }
                self.put_if(at > mine, ")");
            }
            ExprKind::BinOp { left, op, right } => {
                let (text, mine) = match op {
                    Operator::Add => (" + ", level::ARITH),
                    Operator::Sub => (" - ", level::ARITH),
                    Operator::Mult => (" * ", level::TERM),
                    Operator::MatMult => (" @ ", level::TERM),
                    Operator::Div => (" / ", level::TERM),
                    Operator::Mod => (" % ", level::TERM),
                    Operator::LShift => (" << ", level::SHIFT),
                    Operator::RShift => (" >> ", level::SHIFT),
                    Operator::BitOr => (" | ", level::BOR),
                    Operator::BitXor => (" ^ ", level::BXOR),
                    Operator::BitAnd => (" & ", level::BAND),
                    Operator::FloorDiv => (" // ", level::TERM),
                    Operator::Pow => (" ** ", level::POWER),
                };
                let right_assoc = (op == Operator::Pow) as u8;
                self.put_if(at > mine, "(");
                self.expr(left, mine + right_assoc)?;
                self.put(text);
                self.expr(right, mine + 1 - right_assoc)?;
                self.put_if(at > mine, ")");
            }
            ExprKind::UnaryOp { op, operand } => {
                let (text, mine) = match op {
                    UnaryOp::Invert => ("~", level::FACTOR),
                    UnaryOp::Not => ("not ", level::NOT),
                    UnaryOp::UAdd => ("+", level::FACTOR),
                    UnaryOp::USub => ("-", level::FACTOR),
                };
                self.put_if(at > mine, "(");
                self.put(text);
                self.expr(operand, mine)?;
                self.put_if(at > mine, ")");
            }
            ExprKind::Lambda { args, body } => {
                self.put_if(at > level::TEST, "(");
                let positional = args.args.len() + args.posonlyargs.len() > 0;
                self.put(if positional { "lambda " } else { "lambda" });
                self.arguments(args)?;
                self.put(": ");
                self.expr(body, level::TEST)?;
                self.put_if(at > level::TEST, ")");
            }
            ExprKind::IfExp { test, body, orelse } => {
                self.put_if(at > level::TEST, "(");
                self.expr(body, level::TEST + 1)?;
                self.put(" if ");
                self.expr(test, level::TEST + 1)?;
                self.put(" else ");
                self.expr(orelse, level::TEST)?;
                self.put_if(at > level::TEST, ")");
            }
            ExprKind::Dict { keys, values } => {
                self.put("{");
                for (number, (key, value)) in keys.iter().zip(values).enumerate() {
                    self.put_if(number > 0, ", ");
                    match key {
                        Some(key) => {
                            self.expr(key, level::TEST)?;
                            self.put(": ");
                            self.expr(value, level::TEST)?;
                        }
                        None => {
                            self.put("**");
                            self.expr(value, level::EXPR)?;
                        }
                    }
                }
                self.put("}");
            }
            ExprKind::Set { elts } => {
                self.put("{");
                self.list(elts, level::TEST)?;
                self.put("}");
            }
            ExprKind::GeneratorExp { elt, generators } => self.comprehension("(", elt, None, generators, ")")?,
            ExprKind::ListComp { elt, generators } => self.comprehension("[", elt, None, generators, "]")?,
            ExprKind::SetComp { elt, generators } => self.comprehension("{", elt, None, generators, "}")?,
            ExprKind::DictComp { key, value, generators } => {
                self.comprehension("{", key, Some(value), generators, "}")?;
            }
            ExprKind::Yield { value: None } => self.put("(yield)"),
            ExprKind::Yield { value: Some(value) } => {
                self.put("(yield ");
                self.expr(value, level::TEST)?;
                self.put(")");
            }
            ExprKind::YieldFrom { value } => {
                self.put("(yield from ");
                self.expr(value, level::TEST)?;
                self.put(")");
            }
            ExprKind::Await { value } => {
                self.put_if(at > level::AWAIT, "(");
                self.put("await ");
                self.expr(value, level::ATOM)?;
                self.put_if(at > level::AWAIT, ")");
            }
            ExprKind::Compare { left, ops, comparators } => {
                self.put_if(at > level::CMP, "(");
                self.expr(left, level::CMP + 1)?;
                for (op, comparator) in ops.iter().zip(comparators) {
                    self.put(match op {
                        CmpOp::Eq => " == ",
                        CmpOp::NotEq => " != ",
                        CmpOp::Lt => " < ",
                        CmpOp::LtE => " <= ",
                        CmpOp::Gt => " > ",
                        CmpOp::GtE => " >= ",
                        CmpOp::Is => " is ",
                        CmpOp::IsNot => " is not ",
                        CmpOp::In => " in ",
                        CmpOp::NotIn => " not in ",
                    });
                    self.expr(comparator, level::CMP + 1)?;
                }
                self.put_if(at > level::CMP, ")");
            }
            ExprKind::Call { func, args, keywords } => {
                self.expr(func, level::ATOM)?;
                if let ([only], []) = (args, keywords)
                    && matches!(only.kind, ExprKind::GeneratorExp { .. })
                {
                    return self.expr(only, level::TEST);
                }
                self.put("(");
                self.list(args, level::TEST)?;
                for (number, keyword) in keywords.iter().enumerate() {
                    self.put_if(number > 0 || !args.is_empty(), ", ");
                    match keyword.arg {
                        Some(name) => {
                            self.put(name);
                            self.put("=");
                        }
                        None => self.put("**"),
                    }
                    self.expr(keyword.value, level::TEST)?;
                }
                self.put(")");
            }
            ExprKind::JoinedStr { values } => self.string("f", values)?,
            ExprKind::TemplateStr { values } => self.string("t", values)?,
            ExprKind::FormattedValue { .. } | ExprKind::Interpolation { .. } => self.replacement(expr)?,
            ExprKind::Constant { value, kind } => {
                self.put_if(kind.is_some(), "u");
                self.constant(&value);
            }
            ExprKind::Attribute { value, attr, .. } => {
                self.expr(value, level::ATOM)?;
                // `1 .real`: a dot right after a number would belong to it.
                let is_int = matches!(value.kind, ExprKind::Constant { value: Constant::Int(_), .. });
                self.put(if is_int { " ." } else { "." });
                self.put(attr);
            }
            ExprKind::Starred { value, .. } => {
                self.put("*");
                self.expr(value, level::EXPR)?;
            }
            ExprKind::Name { id, .. } => self.put(id),
            ExprKind::List { elts, .. } => {
                self.put("[");
                self.list(elts, level::TEST)?;
                self.put("]");
            }
            ExprKind::Tuple { elts: [], .. } => self.put("()"),
            ExprKind::Tuple { elts, .. } => {
                self.put_if(at > level::TUPLE, "(");
                self.list(elts, level::TEST)?;
                self.put_if(elts.len() == 1, ",");
                self.put_if(at > level::TUPLE, ")");
            }
            ExprKind::Subscript { value, slice, .. } => {
                self.expr(value, level::ATOM)?;
                self.put("[");
                self.expr(slice, level::TUPLE)?;
                self.put("]");
            }
            ExprKind::Slice { lower, upper, step } => {
                if let Some(lower) = lower {
                    self.expr(lower, level::TEST)?;
                }
                self.put(":");
                if let Some(upper) = upper {
                    self.expr(upper, level::TEST)?;
                }
                if let Some(step) = step {
                    self.put(":");
                    self.expr(step, level::TEST)?;
                }
            }
            ExprKind::NamedExpr { target, value } => {
                self.put_if(at > level::TUPLE, "(");
                self.expr(target, level::ATOM)?;
                self.put(" := ");
                self.expr(value, level::ATOM)?;
                self.put_if(at > level::TUPLE, ")");
            }
        }
        Ok(())
    }

    fn comprehension(
        &mut self,
        open: &str,
        elt: ExprRef<'_>,
        value: Option<ExprRef<'_>>,
        generators: &[Comprehension<'_>],
        close: &str,
    ) -> Result<()> {
        self.put(open);
        self.expr(elt, level::TEST)?;
        if let Some(value) = value {
            self.put(": ");
            self.expr(value, level::TEST)?;
        }
        for generator in generators {
            self.put(if generator.is_async != 0 { " async for " } else { " for " });
            self.expr(generator.target, level::TUPLE)?;
            self.put(" in ");
            self.expr(generator.iter, level::TEST + 1)?;
            for test in generator.ifs {
                self.put(" if ");
                self.expr(test, level::TEST + 1)?;
            }
        }
        self.put(close);
        Ok(())
    }

    fn arguments(&mut self, args: &Arguments<'_>) -> Result<()> {
        let mut first = true;
        let positional = args.posonlyargs.len() + args.args.len();
        let without_default = positional.saturating_sub(args.defaults.len());
        for (number, arg) in args.posonlyargs.iter().chain(args.args).enumerate() {
            self.put_if(!first, ", ");
            first = false;
            self.arg(arg)?;
            if let Some(default) = number.checked_sub(without_default).and_then(|at| args.defaults.get(at)) {
                self.put("=");
                self.expr(default, level::TEST)?;
            }
            self.put_if(number + 1 == args.posonlyargs.len(), ", /");
        }
        if args.vararg.is_some() || !args.kwonlyargs.is_empty() {
            self.put_if(!first, ", ");
            first = false;
            self.put("*");
            if let Some(vararg) = args.vararg {
                self.arg(vararg)?;
            }
        }
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            self.put_if(!first, ", ");
            first = false;
            self.arg(arg)?;
            if let Some(default) = default {
                self.put("=");
                self.expr(default, level::TEST)?;
            }
        }
        if let Some(kwarg) = args.kwarg {
            self.put_if(!first, ", ");
            self.put("**");
            self.arg(kwarg)?;
        }
        Ok(())
    }

    fn arg(&mut self, arg: &Arg<'_>) -> Result<()> {
        self.put(arg.arg);
        if let Some(annotation) = arg.annotation {
            self.put(": ");
            self.expr(annotation, level::TEST)?;
        }
        Ok(())
    }

    /// An f-string or t-string: its body as one string literal.
    fn string(&mut self, prefix: &str, values: Exprs<'_>) -> Result<()> {
        let mut body = Writer { out: Vec::new(), stack: self.stack };
        body.string_parts(values)?;
        self.put(prefix);
        self.put(&repr_str(&body.out));
        Ok(())
    }

    fn string_parts(&mut self, values: Exprs<'_>) -> Result<()> {
        for value in values {
            match value.kind {
                ExprKind::Constant { value: Constant::Str(text), .. } => {
                    for byte in text.as_bytes() {
                        if matches!(byte, b'{' | b'}') {
                            self.out.push(*byte);
                        }
                        self.out.push(*byte);
                    }
                }
                ExprKind::FormattedValue { .. } | ExprKind::Interpolation { .. } => self.replacement(value)?,
                ExprKind::JoinedStr { values } => self.string_parts(values)?,
                _ => {
                    return Err(CompileError::Other(
                        "SystemError",
                        "unknown expression kind inside f-string or t-string".into(),
                    ));
                }
            }
        }
        Ok(())
    }

    /// `{value!r:spec}`
    fn replacement(&mut self, expr: ExprRef<'_>) -> Result<()> {
        let (value, conversion, format_spec, text) = match expr.kind {
            ExprKind::FormattedValue { value, conversion, format_spec } => (value, conversion, format_spec, None),
            ExprKind::Interpolation { value, str, conversion, format_spec } => {
                (value, conversion, format_spec, Some(str))
            }
            _ => return Ok(()),
        };
        let inner = match text {
            // An interpolation keeps its source.
            Some(Constant::Str(text)) => text.as_bytes().to_vec(),
            _ => {
                let mut inner = Writer { out: Vec::new(), stack: self.stack };
                inner.expr(value, level::TEST + 1)?;
                inner.out
            }
        };
        self.put(if inner.first() == Some(&b'{') { "{ " } else { "{" });
        self.out.extend_from_slice(&inner);
        if conversion > 0 {
            self.put("!");
            self.out.push(conversion as u8);
        }
        if let Some(spec) = format_spec {
            self.put(":");
            match spec.kind {
                ExprKind::JoinedStr { values } | ExprKind::TemplateStr { values } => self.string_parts(values)?,
                _ => self.string_parts(&[spec])?,
            }
        }
        self.put("}");
        Ok(())
    }

    fn constant(&mut self, value: &Constant<'_>) {
        // Infinity has no literal, but a number too large for a float is one.
        let infinite = |text: String| text.replace("inf", "1e309");
        let text = match *value {
            Constant::None => "None".into(),
            Constant::Bool(true) => "True".into(),
            Constant::Bool(false) => "False".into(),
            Constant::Ellipsis => "...".into(),
            Constant::Int(Int::Small(v)) => v.to_string(),
            Constant::Int(Int::Big { negative, digits }) => repr(&fold::from_digits(negative, digits)),
            Constant::Float(v) => infinite(repr_float(v)),
            Constant::Complex { real, imag } => infinite(repr_complex(real, imag)),
            Constant::Str(text) => repr_str(text.as_bytes()),
            Constant::Bytes(bytes) => repr_bytes(bytes),
            Constant::Tuple(items) => {
                self.put("(");
                for (number, item) in items.iter().enumerate() {
                    self.put_if(number > 0, ", ");
                    self.constant(item);
                }
                self.put_if(items.len() == 1, ",");
                self.put(")");
                return;
            }
            Constant::FrozenSet(items) => {
                self.put("frozenset({");
                for (number, item) in items.iter().enumerate() {
                    self.put_if(number > 0, ", ");
                    self.constant(item);
                }
                self.put("})");
                return;
            }
        };
        self.put(&text);
    }
}
