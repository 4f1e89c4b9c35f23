//! Annotations and type parameters, which have scopes of their own.

use taipan_syntax::ast::*;

use super::Builder;
use crate::error::Result;
use crate::names::known;
use crate::symtable::flag::*;
use crate::symtable::{BlockKind, Key, Part};

impl<'a> Builder<'a, '_> {
    pub(super) fn bound_or_default(
        &mut self,
        param: &'a TypeParam<'a>,
        name: &'a str,
        part: Part,
        expr: Option<ExprRef<'a>>,
        info: &'static str,
    ) -> Result<()> {
        if name == "__classdict__" {
            return self.error(param.range, format!("reserved name '{name}' cannot be used for type parameter"));
        }
        let Some(expr) = expr else { return Ok(()) };
        let in_class = self.cur().can_see_class_scope;
        let name = self.names.intern(name);
        self.enter(name, BlockKind::TypeVariable, Some(Key::type_param(param, part)), expr.range)?;
        self.cur_mut().can_see_class_scope = in_class;
        if in_class {
            self.define(known::classdict, USE, expr.range)?;
        }
        self.cur_mut().scope_info = info;
        self.expr(expr)?;
        self.exit();
        Ok(())
    }

    pub(super) fn type_params(&mut self, params: &'a [TypeParam<'a>]) -> Result<()> {
        for param in params {
            match param.kind {
                TypeParamKind::TypeVar { name, bound, default_value } => {
                    self.define_str(name, DEF_TYPE_PARAM | DEF_LOCAL, param.range)?;
                    let info = match bound.map(|b| b.kind) {
                        Some(ExprKind::Tuple { .. }) => "a TypeVar constraint",
                        _ => "a TypeVar bound",
                    };
                    self.bound_or_default(param, name, Part::Bound, bound, info)?;
                    self.bound_or_default(param, name, Part::Default, default_value, "a TypeVar default")?;
                }
                TypeParamKind::TypeVarTuple { name, default_value } => {
                    self.define_str(name, DEF_TYPE_PARAM | DEF_LOCAL, param.range)?;
                    self.bound_or_default(param, name, Part::Default, default_value, "a TypeVarTuple default")?;
                }
                TypeParamKind::ParamSpec { name, default_value } => {
                    self.define_str(name, DEF_TYPE_PARAM | DEF_LOCAL, param.range)?;
                    self.bound_or_default(param, name, Part::Default, default_value, "a ParamSpec default")?;
                }
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

    pub(super) fn annotated_args(&mut self, args: &'a [Arg<'a>]) -> Result<()> {
        args.iter().try_for_each(|arg| self.annotated_arg(Some(arg)))
    }

    pub(super) fn annotated_arg(&mut self, arg: Option<&'a Arg<'a>>) -> Result<()> {
        if let Some(annotation) = arg.and_then(|arg| arg.annotation) {
            self.cur_mut().annotations_used = true;
            self.expr(annotation)?;
        }
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
        self.annotated_args(args.posonlyargs)?;
        self.annotated_args(args.args)?;
        self.annotated_arg(args.vararg)?;
        self.annotated_arg(args.kwarg)?;
        self.annotated_args(args.kwonlyargs)?;
        if let Some(returns) = def.returns {
            self.cur_mut().annotations_used = true;
            self.expr(returns)?;
        }
        self.exit();
        Ok(())
    }
}
