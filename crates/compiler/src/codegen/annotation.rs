//! Annotations: functions that evaluate them when asked (PEP 649), or their source as strings.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::code;
use crate::error::{CompileError, Result};
use crate::ir::Loc;
use crate::names::{Symbol, known};
use crate::opcode::{Opcode, common, compare, function};
use crate::symtable::{self, Key, Part};
use crate::text::Text;
use crate::unit::{ArgCounts, ScopeKind};

/// `annotationlib.Format.VALUE_WITH_FAKE_GLOBALS`: the last format that the compiled code understands.
const VALUE_WITH_FAKE_GLOBALS: i64 = 2;

impl<'a> Codegen<'a, '_> {
    /// Opens the scope of an evaluator, which refuses formats that it does not know.
    pub(super) fn enter_annotation_scope(
        &mut self,
        loc: Loc,
        block: Option<symtable::BlockId>,
        name: Symbol,
    ) -> Result<()> {
        let args = ArgCounts { posonly: 1, ..ArgCounts::default() };
        self.enter_scope(name, ScopeKind::Annotations, block, loc.lineno, None, args)?;
        self.op_arg(loc, Opcode::LOAD_FAST, 0);
        self.load_const(loc, code::Constant::Int(VALUE_WITH_FAKE_GLOBALS));
        self.op_arg(loc, Opcode::COMPARE_OP, compare::arg(compare::GT));
        let body = self.label();
        self.jump(loc, Opcode::POP_JUMP_IF_FALSE, body);
        self.op_arg(loc, Opcode::LOAD_COMMON_CONSTANT, common::NOT_IMPLEMENTED_ERROR);
        self.op_arg(loc, Opcode::RAISE_VARARGS, 1);
        self.place(body);
        Ok(())
    }

    fn leave_annotation_scope(&mut self, loc: Loc) -> Result<()> {
        self.op(loc, Opcode::RETURN_VALUE);
        let (mut code, free) = self.finish_scope(true)?;
        // Signatures show the parameter as `format`; inside it has a name that no annotation can hide.
        if let Some(first) = code.localsplusnames.first_mut() {
            *first = self.names.text(known::format);
        }
        self.make_closure(loc, (code, free), 0)
    }

    /// The function that evaluates the annotations of a module or class.
    pub(super) fn deferred_annotations(&mut self, loc: Loc) -> Result<()> {
        if self.unit.deferred_annotations.is_empty() {
            return Ok(());
        }
        let annotations = std::mem::take(&mut self.unit.deferred_annotations);
        let scope = self.unit.kind;
        let is_class = scope == ScopeKind::Class;
        // A module stores the function before anything else runs.
        let separate = scope == ScopeKind::Module;
        if separate {
            self.unit.stashed = Some(std::mem::take(&mut self.unit.sequence));
        }
        let block = self.table.block(self.unit.block).annotation_block;
        self.enter_annotation_scope(loc, block, known::annotate)?;
        self.op_arg(loc, Opcode::BUILD_MAP, 0);
        for (stmt, index) in annotations {
            let at = stmt.range;
            let StmtKind::AnnAssign { target, annotation, .. } = stmt.kind else { continue };
            let ExprKind::Name { id, .. } = target.kind else { continue };
            let name = self.names.intern(id);
            let mangled = self.names.mangle(self.unit.private, name);
            let not_set = self.label();
            if index != -1 {
                self.load_const(at, code::Constant::Int(index));
                if is_class {
                    let number = self.unit.freevars.number(known::conditional_annotations);
                    self.op_arg(at, Opcode::LOAD_DEREF, number);
                } else {
                    let number = self.unit.names.number(known::conditional_annotations);
                    self.op_arg(at, Opcode::LOAD_GLOBAL, number << 1);
                }
                self.op_arg(at, Opcode::CONTAINS_OP, 0);
                self.jump(at, Opcode::POP_JUMP_IF_FALSE, not_set);
            }
            self.expr(annotation)?;
            self.op_arg(at, Opcode::COPY, 2);
            self.load_name_const(at, mangled);
            self.op(loc, Opcode::STORE_SUBSCR);
            self.place(not_set);
        }
        self.leave_annotation_scope(loc)?;
        self.name_op(loc, if is_class { known::annotate_func } else { known::annotate }, ExprContext::Store)?;
        if separate && let Some(sequence) = self.unit.stashed.take() {
            let annotations = std::mem::replace(&mut self.unit.sequence, sequence);
            self.unit.sequence.annotations = Some(annotations.instrs);
        }
        Ok(())
    }

    /// The annotations of a function's parameters and result; answers the function attribute they are for.
    pub(super) fn function_annotations(&mut self, stmt: &'a Stmt<'a>, def: &'a FunctionDef<'a>) -> Result<u32> {
        let loc = stmt.range;
        let block = self.table.lookup(Key::stmt(stmt, Part::Annotations));
        let Some(id) = block else {
            return Err(CompileError::Other("KeyError", "unknown symbol table entry".into()));
        };
        if !self.table.block(id).annotations_used {
            return Ok(0);
        }
        self.enter_annotation_scope(loc, block, known::annotate)?;
        let args = def.args;
        let params =
            args.args.iter().chain(args.posonlyargs).chain(args.vararg).chain(args.kwonlyargs).chain(args.kwarg);
        let annotations = params.map(|arg| (arg.arg, arg.annotation)).chain([("return", def.returns)]);
        let mut count = 0;
        for (name, annotation) in annotations.filter_map(|(name, annotation)| Some((name, annotation?))) {
            count += 1;
            let name = self.names.intern(name);
            let mangled = self.mangle(name);
            self.load_name_const(loc, mangled);
            match annotation.kind {
                _ if self.cx.future_annotations => self.annotation_text(annotation)?,
                // `*args: *Ts`
                ExprKind::Starred { value, .. } => {
                    self.expr(value)?;
                    self.op_arg(loc, Opcode::UNPACK_SEQUENCE, 1);
                }
                _ => self.expr(annotation)?,
            }
        }
        self.op_arg(loc, Opcode::BUILD_MAP, count);
        self.leave_annotation_scope(loc)?;
        Ok(function::ANNOTATE)
    }

    /// The annotation's source as a string.
    fn annotation_text(&mut self, annotation: ExprRef<'a>) -> Result<()> {
        let text = crate::unparse::unparse(annotation, self.cx.stack)?;
        let has_surrogates = std::str::from_utf8(&text).is_err();
        self.load_const(annotation.range, code::Constant::Str(Text::from_wtf8(&text, has_surrogates)));
        Ok(())
    }

    pub(super) fn annotated_assignment(
        &mut self,
        stmt: &'a Stmt<'a>,
        target: ExprRef<'a>,
        annotation: ExprRef<'a>,
        value: Option<ExprRef<'a>>,
        simple: i32,
    ) -> Result<()> {
        let loc = stmt.range;
        if let Some(value) = value {
            self.expr(value)?;
            self.expr(target)?;
        }
        match target.kind {
            ExprKind::Name { id, .. } => {
                if simple == 0 || !matches!(self.unit.kind, ScopeKind::Module | ScopeKind::Class) {
                    return Ok(());
                }
                if self.cx.future_annotations {
                    self.annotation_text(annotation)?;
                    let name = self.names.intern(id);
                    self.op_name(loc, Opcode::LOAD_NAME, known::annotations);
                    let mangled = self.mangle(name);
                    self.load_name_const(loc, mangled);
                    self.op(loc, Opcode::STORE_SUBSCR);
                } else {
                    self.defer_annotation(stmt);
                }
                Ok(())
            }
            ExprKind::Attribute { value: object, .. } if value.is_none() => self.evaluate_and_drop(object),
            ExprKind::Subscript { value: object, slice, .. } if value.is_none() => {
                self.evaluate_and_drop(object)?;
                self.evaluate_subscript(slice)
            }
            ExprKind::Attribute { .. } | ExprKind::Subscript { .. } => Ok(()),
            _ => Err(CompileError::Other("SystemError", "invalid node type for annotated assignment".into())),
        }
    }

    fn defer_annotation(&mut self, stmt: &'a Stmt<'a>) {
        let loc = stmt.range;
        let unit = &mut *self.unit;
        let conditional = unit.kind == ScopeKind::Module || unit.in_conditional_block > 0;
        if !conditional {
            unit.deferred_annotations.push((stmt, -1));
            return;
        }
        let index = unit.next_conditional_index;
        unit.next_conditional_index += 1;
        unit.deferred_annotations.push((stmt, index));
        if unit.kind == ScopeKind::Class {
            let number = unit.cellvars.number(known::conditional_annotations);
            self.op_arg(loc, Opcode::LOAD_DEREF, number);
        } else {
            self.op_name(loc, Opcode::LOAD_NAME, known::conditional_annotations);
        }
        self.load_const(loc, code::Constant::Int(index));
        self.op_arg(loc, Opcode::SET_ADD, 1);
        self.op(loc, Opcode::POP_TOP);
    }

    fn evaluate_and_drop(&mut self, expr: ExprRef<'a>) -> Result<()> {
        self.expr(expr)?;
        self.op(expr.range, Opcode::POP_TOP);
        Ok(())
    }

    fn evaluate_subscript(&mut self, slice: ExprRef<'a>) -> Result<()> {
        match slice.kind {
            ExprKind::Slice { lower, upper, step } => {
                for part in [lower, upper, step].into_iter().flatten() {
                    self.evaluate_and_drop(part)?;
                }
                Ok(())
            }
            ExprKind::Tuple { elts, .. } => elts.iter().try_for_each(|elt| self.evaluate_subscript(elt)),
            _ => self.evaluate_and_drop(slice),
        }
    }
}
