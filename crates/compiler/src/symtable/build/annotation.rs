//! Annotations and type parameters, which have scopes of their own.

use taipan_syntax::ast::*;

use super::Builder;
use crate::error::Result;
use crate::names::known;
use crate::symtable::flag::*;
use crate::symtable::{BlockKind, Key, Part};

impl<'a> Builder<'a, '_> {
    pub(super) fn type_params(&mut self, params: &'a [TypeParam<'a>]) -> Result<()> {
        for param in params {
            let (name, bound, default, default_info) = match param.kind {
                TypeParamKind::TypeVar { name, bound, default_value } => {
                    (name, bound, default_value, "a TypeVar default")
                }
                TypeParamKind::TypeVarTuple { name, default_value } => {
                    (name, None, default_value, "a TypeVarTuple default")
                }
                TypeParamKind::ParamSpec { name, default_value } => (name, None, default_value, "a ParamSpec default"),
            };
            self.define_str(name, DEF_TYPE_PARAM | DEF_LOCAL, param.range)?;
            if name == "__classdict__" {
                return self.error(param.range, format!("reserved name '{name}' cannot be used for type parameter"));
            }
            let bound_info = match bound.map(|bound| bound.kind) {
                Some(ExprKind::Tuple { .. }) => "a TypeVar constraint",
                _ => "a TypeVar bound",
            };
            let name = self.names.intern(name);
            // Each is evaluated when it is asked for, in a scope of its own.
            let parts = [(bound, Part::Bound, bound_info), (default, Part::Default, default_info)];
            for (expr, part, info) in parts {
                let Some(expr) = expr else { continue };
                let sees_class = self.cur().can_see_class_scope;
                self.enter(name, BlockKind::TypeVariable, Some(Key::type_param(param, part)), expr.range)?;
                if sees_class {
                    self.cur_mut().can_see_class_scope = true;
                    self.define(known::classdict, USE, expr.range)?;
                }
                self.cur_mut().scope_info = info;
                self.expr(expr)?;
                self.exit();
            }
        }
        Ok(())
    }

    /// The annotation of a variable.
    pub(super) fn annotation(&mut self, annotation: ExprRef<'a>) -> Result<()> {
        let parent = self.cur;
        let block = self.table.block(parent);
        let kind = block.kind;
        let unevaluated = kind == BlockKind::Function;
        // A module may be executed in part, so all its annotations are conditional.
        let conditional = kind == BlockKind::Class && block.in_conditional_block || kind == BlockKind::Module;
        if conditional && !block.has_conditional_annotations {
            self.cur_mut().has_conditional_annotations = true;
            self.define(known::conditional_annotations, USE, annotation.range)?;
        }
        match self.table.block(parent).annotation_block {
            None => {
                self.enter(known::annotate, BlockKind::Annotation, None, annotation.range)?;
                let id = self.cur;
                self.table.block_mut(parent).annotation_block = Some(id);
                if kind == BlockKind::Class && !self.settings.future_annotations {
                    self.cur_mut().can_see_class_scope = true;
                    self.define(known::classdict, USE, annotation.range)?;
                }
            }
            Some(id) => self.enter_existing(id, false),
        }
        if unevaluated {
            self.cur_mut().in_unevaluated_annotation = true;
        }
        self.expr(annotation)?;
        if unevaluated {
            self.cur_mut().in_unevaluated_annotation = false;
        }
        self.exit();
        Ok(())
    }

    /// The annotations of parameters and result.
    pub(super) fn signature_annotations(&mut self, stmt: &'a Stmt<'a>, def: &'a FunctionDef<'a>) -> Result<()> {
        let loc = stmt.range;
        let in_class = self.cur().can_see_class_scope || self.cur().kind == BlockKind::Class;
        self.enter(known::annotate, BlockKind::Annotation, Some(Key::stmt(stmt, Part::Annotations)), loc)?;
        if in_class {
            self.cur_mut().can_see_class_scope = true;
            self.define(known::classdict, USE, loc)?;
        }
        let args = def.args;
        let params =
            args.posonlyargs.iter().chain(args.args).chain(args.vararg).chain(args.kwarg).chain(args.kwonlyargs);
        for annotation in params.map(|arg| arg.annotation).chain([def.returns]).flatten() {
            self.cur_mut().annotations_used = true;
            self.expr(annotation)?;
        }
        self.exit();
        Ok(())
    }
}
