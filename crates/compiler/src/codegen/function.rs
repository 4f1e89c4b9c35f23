//! Functions, lambdas, classes, type aliases and type parameters.

use taipan_syntax::ast::*;

use super::Codegen;
use crate::code;
use crate::error::{CompileError, Result};
use crate::ir::{Loc, NO_LOCATION};
use crate::names::{Symbol, known};
use crate::opcode::{Opcode, function, intrinsic1, intrinsic2};
use crate::symtable::{Key, Part, docstring};
use crate::unit::{ArgCounts, Enclosing, ScopeKind};

fn arg_counts(args: &Arguments<'_>) -> ArgCounts {
    ArgCounts {
        args: args.args.len() as u32,
        posonly: args.posonlyargs.len() as u32,
        kwonly: args.kwonlyargs.len() as u32,
    }
}

/// The line of a definition with its decorators.
fn first_line(stmt: &Stmt<'_>, decorators: Exprs<'_>) -> i32 {
    decorators.first().map_or(stmt.range.lineno, |decorator| decorator.range.lineno)
}

impl<'a> Codegen<'a, '_> {
    fn apply_decorators(&mut self, decorators: Exprs<'a>) {
        for decorator in decorators.iter().rev() {
            self.op_arg(decorator.range, Opcode::CALL, 0);
        }
    }

    /// Defaults of parameters; answers which attributes of the function they are for.
    fn default_arguments(&mut self, loc: Loc, args: &'a Arguments<'a>) -> Result<u32> {
        let mut bits = 0;
        if !args.defaults.is_empty() {
            self.exprs(args.defaults)?;
            self.op_arg(loc, Opcode::BUILD_TUPLE, args.defaults.len() as u32);
            bits |= function::DEFAULTS;
        }
        let mut count = 0;
        for (arg, default) in args.kwonlyargs.iter().zip(args.kw_defaults) {
            if let Some(default) = default {
                count += 1;
                let name = self.names.intern(arg.arg);
                let mangled = self.mangle(name);
                self.load_name_const(loc, mangled);
                self.expr(default)?;
            }
        }
        if count > 0 {
            self.op_arg(loc, Opcode::BUILD_MAP, count);
            bits |= function::KWDEFAULTS;
        }
        Ok(bits)
    }

    fn generic_name(&mut self, name: Symbol) -> Symbol {
        let text = format!("<generic parameters of {}>", self.names.get(name));
        self.names.intern_owned(&text)
    }

    /// Compiles `inner` in the scope of the type parameters of `name`, and calls the function that this makes with the
    /// `count` arguments on the stack.
    fn with_type_params(
        &mut self,
        loc: Loc,
        (name, params): (Symbol, &'a [TypeParam<'a>]),
        firstlineno: i32,
        private: Option<Symbol>,
        count: u32,
        inner: impl FnOnce(&mut Self) -> Result<()>,
    ) -> Result<()> {
        let name = self.generic_name(name);
        let block = params.first().and_then(|first| self.table.lookup(Key::type_param(first, Part::TypeParameters)));
        let args = ArgCounts { args: count, ..ArgCounts::default() };
        self.enter_scope(name, ScopeKind::Annotations, block, firstlineno, private, args)?;
        inner(self)?;
        let code = self.finish_scope(false)?;
        self.make_closure(loc, code, 0)?;
        // The function goes below its arguments. The first of them takes the place of `self`.
        match count {
            0 => self.op(loc, Opcode::PUSH_NULL),
            _ => self.op_arg(loc, Opcode::SWAP, count + 1),
        }
        self.op_arg(loc, Opcode::CALL, count.saturating_sub(1));
        Ok(())
    }

    pub(super) fn function(&mut self, stmt: &'a Stmt<'a>, def: &'a FunctionDef<'a>) -> Result<()> {
        let loc = stmt.range;
        let name = self.names.intern(def.name);
        self.exprs(def.decorator_list)?;
        let bits = self.default_arguments(loc, def.args)?;
        if def.type_params.is_empty() {
            self.function_object(stmt, def, bits)?;
        } else {
            // The defaults are evaluated outside and handed in.
            let count = (bits & (function::DEFAULTS | function::KWDEFAULTS)).count_ones();
            if count == 2 {
                self.op_arg(loc, Opcode::SWAP, 2);
            }
            let line = first_line(stmt, def.decorator_list);
            self.with_type_params(loc, (name, def.type_params), line, None, count, |c| {
                c.type_params(def.type_params)?;
                (0..count).for_each(|number| c.op_arg(loc, Opcode::LOAD_FAST, number));
                c.function_object(stmt, def, bits)?;
                c.op_arg(loc, Opcode::SWAP, 2);
                c.op_arg(loc, Opcode::CALL_INTRINSIC_2, intrinsic2::SET_FUNCTION_TYPE_PARAMS);
                Ok(())
            })?;
        }
        self.apply_decorators(def.decorator_list);
        self.name_op(loc, name, ExprContext::Store)
    }

    /// Makes the function with its annotations; the defaults that `bits` name are on the stack.
    fn function_object(&mut self, stmt: &'a Stmt<'a>, def: &'a FunctionDef<'a>, bits: u32) -> Result<()> {
        let bits = bits | self.function_annotations(stmt, def)?;
        let is_async = matches!(stmt.kind, StmtKind::AsyncFunctionDef(_));
        let kind = if is_async { ScopeKind::AsyncFunction } else { ScopeKind::Function };
        let block = self.table.lookup(Key::stmt(stmt, Part::Body));
        let name = self.names.intern(def.name);
        let line = first_line(stmt, def.decorator_list);
        self.enter_scope(name, kind, block, line, None, arg_counts(def.args))?;
        let entry = self.table.block(self.unit.block);
        let has_docstring = entry.has_docstring;
        let wrap = entry.coroutine || entry.generator;
        let mut body = def.body;
        let doc = docstring(body);
        if has_docstring && let Some((text, _)) = doc {
            self.unit.consts.number(code::Constant::Str(super::scope::clean_docstring(text)));
            body = &body[1..];
        }
        let mut statements = |c: &mut Self| {
            if doc.is_some() && !has_docstring {
                body = c.without_docstring(body)?;
            }
            c.stmts(body)
        };
        if wrap {
            self.inside(NO_LOCATION, Enclosing::Plain, statements)?;
            self.wrap_in_stopiteration_handler();
        } else {
            statements(self)?;
        }
        let code = self.finish_scope(true)?;
        self.make_closure(stmt.range, code, bits)
    }

    /// `StopIteration` must not leave a generator.
    pub(super) fn wrap_in_stopiteration_handler(&mut self) {
        let handler = self.label();
        self.unit.sequence.push_front(Opcode::SETUP_CLEANUP, handler, NO_LOCATION);
        self.load_none(NO_LOCATION);
        self.op(NO_LOCATION, Opcode::RETURN_VALUE);
        self.place(handler);
        self.op_arg(NO_LOCATION, Opcode::CALL_INTRINSIC_1, intrinsic1::STOPITERATION_ERROR);
        self.op_arg(NO_LOCATION, Opcode::RERAISE, 1);
    }

    pub(super) fn lambda(&mut self, expr: ExprRef<'a>, args: &'a Arguments<'a>, body: ExprRef<'a>) -> Result<()> {
        let loc = expr.range;
        let bits = self.default_arguments(loc, args)?;
        let block = self.table.lookup(Key::expr(expr));
        self.enter_scope(known::anon_lambda, ScopeKind::Lambda, block, loc.lineno, None, arg_counts(args))?;
        self.expr(body)?;
        let code = if self.table.block(self.unit.block).generator {
            self.finish_scope(false)?
        } else {
            self.op(body.range, Opcode::RETURN_VALUE);
            self.finish_scope(true)?
        };
        self.make_closure(loc, code, bits)
    }

    // ---- classes -----------------------------------------------------------------------------------------------

    pub(super) fn class(&mut self, stmt: &'a Stmt<'a>, def: &'a ClassDef<'a>) -> Result<()> {
        let loc = stmt.range;
        let name = self.names.intern(def.name);
        self.exprs(def.decorator_list)?;
        let line = first_line(stmt, def.decorator_list);
        if def.type_params.is_empty() {
            self.class_body(stmt, def, name, line)?;
            self.call_args(loc, 2, def.bases, None, def.keywords)?;
        } else {
            self.with_type_params(loc, (name, def.type_params), line, Some(name), 0, |c| {
                c.type_params(def.type_params)?;
                c.name_op(loc, known::dot_type_params, ExprContext::Store)?;
                c.class_body(stmt, def, name, line)?;
                c.name_op(loc, known::dot_type_params, ExprContext::Load)?;
                c.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::SUBSCRIPT_GENERIC);
                c.name_op(loc, known::dot_generic_base, ExprContext::Store)?;
                c.call_args(loc, 2, def.bases, Some(known::dot_generic_base), def.keywords)
            })?;
        }
        self.apply_decorators(def.decorator_list);
        self.name_op(loc, name, ExprContext::Store)
    }

    /// Leaves `__build_class__`, the function of the body and the class's name on the stack.
    fn class_body(&mut self, stmt: &'a Stmt<'a>, def: &'a ClassDef<'a>, name: Symbol, firstlineno: i32) -> Result<()> {
        let block = self.table.lookup(Key::stmt(stmt, Part::Body));
        self.enter_scope(name, ScopeKind::Class, block, firstlineno, Some(name), ArgCounts::default())?;
        let start = Loc::new(firstlineno, 0, firstlineno, 0);
        self.class_namespace(start, firstlineno, !def.type_params.is_empty())?;
        self.body(start, def.body, false)?;
        self.class_result()?;
        let code = self.finish_scope(true)?;
        let loc = stmt.range;
        self.op(loc, Opcode::LOAD_BUILD_CLASS);
        self.op(loc, Opcode::PUSH_NULL);
        self.make_closure(loc, code, 0)?;
        self.load_name_const(loc, name);
        Ok(())
    }

    /// What is in the namespace of a class, and in the cells beside it, before its first statement.
    fn class_namespace(&mut self, loc: Loc, firstlineno: i32, generic: bool) -> Result<()> {
        self.name_op(loc, known::name, ExprContext::Load)?;
        self.name_op(loc, known::module, ExprContext::Store)?;
        self.load_name_const(loc, self.unit.qualname);
        self.name_op(loc, known::qualname, ExprContext::Store)?;
        self.load_const(loc, code::Constant::Int(firstlineno as i64));
        self.name_op(loc, known::firstlineno, ExprContext::Store)?;
        if generic {
            self.name_op(loc, known::dot_type_params, ExprContext::Load)?;
            self.name_op(loc, known::type_params, ExprContext::Store)?;
        }
        let entry = self.table.block(self.unit.block);
        let cells = [
            (entry.needs_classdict, known::classdict, Opcode::LOAD_LOCALS),
            (entry.has_conditional_annotations, known::conditional_annotations, Opcode::BUILD_SET),
        ];
        for (_, cell, content) in cells.into_iter().filter(|cell| cell.0) {
            self.op(loc, content);
            let number = self.unit.cellvars.number(cell);
            self.op_arg(loc, Opcode::STORE_DEREF, number);
        }
        Ok(())
    }

    /// The end of a class body: `type()` finds in the namespace what is to be connected with the class, and the cell of
    /// `__class__`, where there is one, is what the body returns.
    fn class_result(&mut self) -> Result<()> {
        let mut attributes = std::mem::take(&mut self.unit.static_attributes);
        attributes.sort_unstable_by_key(|name| self.names.get(*name));
        let attributes = attributes.into_iter().map(|name| code::Constant::Str(self.names.text(name))).collect();
        self.load_const(NO_LOCATION, code::Constant::Tuple(attributes));
        self.name_op(NO_LOCATION, known::static_attributes, ExprContext::Store)?;
        let entry = self.table.block(self.unit.block);
        let cells = [
            (entry.needs_classdict, known::classdict, known::classdictcell),
            (entry.needs_class_closure, known::class, known::classcell),
        ];
        for (_, cell, attribute) in cells.into_iter().filter(|cell| cell.0) {
            let number = self.unit.cellvars.number(cell);
            self.op_arg(NO_LOCATION, Opcode::LOAD_CLOSURE, number);
            if cell == known::class {
                self.op_arg(NO_LOCATION, Opcode::COPY, 1);
            }
            self.name_op(NO_LOCATION, attribute, ExprContext::Store)?;
        }
        if !cells[1].0 {
            self.load_none(NO_LOCATION);
        }
        self.op(NO_LOCATION, Opcode::RETURN_VALUE);
        Ok(())
    }

    // ---- type parameters ---------------------------------------------------------------------------------------

    pub(super) fn type_alias(
        &mut self,
        stmt: &'a Stmt<'a>,
        target: ExprRef<'a>,
        type_params: &'a [TypeParam<'a>],
        value: ExprRef<'a>,
    ) -> Result<()> {
        let loc = stmt.range;
        let ExprKind::Name { id, .. } = target.kind else {
            return Err(CompileError::Other("TypeError", "TypeAlias with non-Name name".into()));
        };
        let name = self.names.intern(id);
        if type_params.is_empty() {
            self.load_name_const(loc, name);
            self.load_none(loc);
            self.type_alias_object(stmt, name, value)?;
        } else {
            self.with_type_params(loc, (name, type_params), loc.lineno, None, 0, |c| {
                c.load_name_const(loc, name);
                c.type_params(type_params)?;
                c.type_alias_object(stmt, name, value)
            })?;
        }
        self.name_op(loc, name, ExprContext::Store)
    }

    /// Makes an alias of the name and the type parameters on the stack, and of `value`.
    fn type_alias_object(&mut self, stmt: &'a Stmt<'a>, name: Symbol, value: ExprRef<'a>) -> Result<()> {
        let loc = stmt.range;
        self.load_evaluator_defaults(loc);
        let block = self.table.lookup(Key::stmt(stmt, Part::Body));
        self.enter_annotation_scope(loc, block, name)?;
        self.expr(value)?;
        self.op(loc, Opcode::RETURN_VALUE);
        let code = self.finish_scope(false)?;
        self.make_closure(loc, code, function::DEFAULTS)?;
        self.op_arg(loc, Opcode::BUILD_TUPLE, 3);
        self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::TYPEALIAS);
        Ok(())
    }

    /// Lazily evaluated parts are functions whose format defaults to VALUE.
    fn load_evaluator_defaults(&mut self, loc: Loc) {
        self.load_const(loc, code::Constant::Tuple([code::Constant::Int(1)].into()));
    }

    fn bound_or_default(
        &mut self,
        param: &'a TypeParam<'a>,
        part: Part,
        name: Symbol,
        expr: ExprRef<'a>,
        allow_starred: bool,
    ) -> Result<()> {
        let loc = expr.range;
        self.load_evaluator_defaults(loc);
        let block = self.table.lookup(Key::type_param(param, part));
        self.enter_annotation_scope(loc, block, name)?;
        match expr.kind {
            ExprKind::Starred { value, .. } if allow_starred => {
                self.expr(value)?;
                self.op_arg(loc, Opcode::UNPACK_SEQUENCE, 1);
            }
            _ => self.expr(expr)?,
        }
        self.op(loc, Opcode::RETURN_VALUE);
        let code = self.finish_scope(true)?;
        self.make_closure(loc, code, function::DEFAULTS)
    }

    /// Leaves the tuple of the type parameters on the stack.
    fn type_params(&mut self, params: &'a [TypeParam<'a>]) -> Result<()> {
        let mut seen_default = false;
        for param in params {
            let loc = param.range;
            let (text, default, intrinsic, starred) = match param.kind {
                TypeParamKind::TypeVar { name, default_value, .. } => (name, default_value, intrinsic1::TYPEVAR, false),
                TypeParamKind::TypeVarTuple { name, default_value } => {
                    (name, default_value, intrinsic1::TYPEVARTUPLE, true)
                }
                TypeParamKind::ParamSpec { name, default_value } => (name, default_value, intrinsic1::PARAMSPEC, false),
            };
            let name = self.names.intern(text);
            self.load_name_const(loc, name);
            match param.kind {
                TypeParamKind::TypeVar { bound: Some(bound), .. } => {
                    self.bound_or_default(param, Part::Bound, name, bound, false)?;
                    let intrinsic = if matches!(bound.kind, ExprKind::Tuple { .. }) {
                        intrinsic2::TYPEVAR_WITH_CONSTRAINTS
                    } else {
                        intrinsic2::TYPEVAR_WITH_BOUND
                    };
                    self.op_arg(loc, Opcode::CALL_INTRINSIC_2, intrinsic);
                }
                _ => self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic),
            }
            if let Some(default) = default {
                seen_default = true;
                self.bound_or_default(param, Part::Default, name, default, starred)?;
                self.op_arg(loc, Opcode::CALL_INTRINSIC_2, intrinsic2::SET_TYPEPARAM_DEFAULT);
            } else if seen_default {
                return self.error(loc, format!("non-default type parameter '{text}' follows default type parameter"));
            }
            self.op_arg(loc, Opcode::COPY, 1);
            self.name_op(loc, name, ExprContext::Store)?;
        }
        let loc = params.first().map_or(NO_LOCATION, |param| param.range);
        self.op_arg(loc, Opcode::BUILD_TUPLE, params.len() as u32);
        Ok(())
    }
}
