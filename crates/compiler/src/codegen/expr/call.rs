//! Calls: of methods, of functions, with unpacking, and `super()`.

use taipan_syntax::ast::*;

use super::place::attribute_location;
use super::{Codegen, display};
use crate::code;
use crate::codegen::repeated;
use crate::error::Result;
use crate::flow::STACK_USE_GUIDELINE;
use crate::ir::{Label, Loc, NO_LOCATION};
use crate::names::{Symbol, known};
use crate::opcode::{Opcode, common, intrinsic1};
use crate::symtable::{Key, Scope, flag};

impl<'a> Codegen<'a, '_> {
    fn check_keywords(&self, keywords: &'a [Keyword<'a>]) -> Result<()> {
        let Some(again) = repeated(keywords, |keyword| keyword.arg) else { return Ok(()) };
        let Keyword { arg, range, .. } = keywords[again];
        self.error(range, format!("keyword argument repeated: {}", arg.unwrap_or("")))
    }

    pub(super) fn call(
        &mut self,
        expr: ExprRef<'a>,
        func: ExprRef<'a>,
        args: Exprs<'a>,
        keywords: &'a [Keyword<'a>],
    ) -> Result<()> {
        self.check_keywords(keywords)?;
        if self.method_call(expr, func, args, keywords)? {
            return Ok(());
        }
        let end = self.label();
        self.check_call(func);
        self.expr(func)?;
        self.call_on_generator(func, args, keywords, end)?;
        self.op(func.range, Opcode::PUSH_NULL);
        self.call_args(expr.range, 0, args, None, keywords)?;
        self.place(end);
        Ok(())
    }

    /// `value.attr(...)` without unpacking: no bound method is made. Answers whether it was that.
    fn method_call(
        &mut self,
        expr: ExprRef<'a>,
        func: ExprRef<'a>,
        args: Exprs<'a>,
        keywords: &'a [Keyword<'a>],
    ) -> Result<bool> {
        let ExprKind::Attribute { value, attr, ctx: ExprContext::Load } = func.kind else { return Ok(false) };
        // Attributes of modules are functions rather than methods.
        if let ExprKind::Name { id, .. } = value.kind {
            let name = self.names.intern(id);
            if self.table.block(0).flags(name) & flag::DEF_IMPORT != 0 {
                return Ok(false);
            }
        }
        if args.len() + keywords.len() + !keywords.is_empty() as usize >= STACK_USE_GUIDELINE
            || args.iter().any(|arg| matches!(arg.kind, ExprKind::Starred { .. }))
            || keywords.iter().any(|keyword| keyword.arg.is_none())
        {
            return Ok(false);
        }
        if !self.super_attribute(func, value, attr, true)? {
            self.expr(value)?;
            let loc = attribute_location(func.range, func, attr);
            let name = self.names.intern(attr);
            let number = self.name_number(name);
            self.op_arg(loc, Opcode::LOAD_ATTR, number << 1 | 1);
        }
        let at = attribute_location(func.range, func, attr);
        let call = attribute_location(expr.range, func, attr);
        self.exprs(args)?;
        self.call_op(at, call, args.len() as u32, keywords)?;
        Ok(true)
    }

    /// The keyword arguments, and the call with `count` positional arguments below them.
    fn call_op(&mut self, names: Loc, call: Loc, count: u32, keywords: &'a [Keyword<'a>]) -> Result<()> {
        if keywords.is_empty() {
            self.op_arg(call, Opcode::CALL, count);
            return Ok(());
        }
        keywords.iter().try_for_each(|keyword| self.expr(keyword.value))?;
        self.load_names(names, keywords.iter().map(|keyword| keyword.arg.unwrap_or("")));
        self.op_arg(call, Opcode::CALL_KW, count + keywords.len() as u32);
        Ok(())
    }

    /// `super().attr` without the object that `super()` makes, if `super` is the builtin. `expr` is the attribute of
    /// `value`. Answers whether it was that.
    pub(super) fn super_attribute(
        &mut self,
        expr: ExprRef<'a>,
        value: ExprRef<'a>,
        attr: &'a str,
        is_method: bool,
    ) -> Result<bool> {
        let ExprKind::Call { func, args, keywords: [] } = value.kind else { return Ok(false) };
        if !matches!(func.kind, ExprKind::Name { id: "super", .. }) || attr == "__class__" {
            return Ok(false);
        }
        let block = self.table.block(self.unit.block);
        if block.scope(known::super_) != Scope::GlobalImplicit
            || self.table.block(0).scope(known::super_) != Scope::Unknown
        {
            return Ok(false);
        }
        let is_plain = |arg: &ExprRef<'a>| !matches!(arg.kind, ExprKind::Starred { .. });
        let implied = match args {
            [_, _] if args.iter().all(is_plain) => None,
            // The class of the method and its first parameter.
            [] if self.unit.args.args + self.unit.args.posonly > 0 && block.scope(known::class) == Scope::Free => {
                self.unit.varnames.iter().next().map(|(name, _)| [known::class, name])
            }
            _ => return Ok(false),
        };
        self.name_op(func.range, known::super_, ExprContext::Load)?;
        self.exprs(args)?;
        for name in implied.into_iter().flatten() {
            self.name_op(value.range, name, ExprContext::Load)?;
        }
        let name = self.names.intern(attr);
        let number = self.name_number(name);
        let form = (!args.is_empty() as u32) << 1 | is_method as u32;
        self.op_arg(expr.range, Opcode::LOAD_SUPER_ATTR, number << 2 | form);
        let at = attribute_location(expr.range, expr, attr);
        self.op(at, Opcode::NOP);
        Ok(true)
    }

    /// `all`, `any` and `tuple` of a generator expression run its loop in place, if the name is the builtin then.
    fn call_on_generator(
        &mut self,
        func: ExprRef<'a>,
        args: Exprs<'a>,
        keywords: &'a [Keyword<'a>],
        end: Label,
    ) -> Result<()> {
        let (ExprKind::Name { id, .. }, [generator], []) = (func.kind, args, keywords) else { return Ok(()) };
        if !matches!(generator.kind, ExprKind::GeneratorExp { .. }) {
            return Ok(());
        }
        // An asynchronous generator is no iterator.
        if self.table.lookup(Key::expr(generator)).is_none_or(|id| self.table.block(id).coroutine) {
            return Ok(());
        }
        let (which, result) = match id {
            "all" => (common::BUILTIN_ALL, Some(true)),
            "any" => (common::BUILTIN_ANY, Some(false)),
            "tuple" => (common::BUILTIN_TUPLE, None),
            _ => return Ok(()),
        };
        let loc = func.range;
        let normal = self.label();
        self.op_arg(loc, Opcode::COPY, 1);
        self.op_arg(loc, Opcode::LOAD_COMMON_CONSTANT, which);
        self.compare_op(loc, CmpOp::Is);
        self.jump(loc, Opcode::POP_JUMP_IF_FALSE, normal);
        self.op(loc, Opcode::POP_TOP);
        if result.is_none() {
            self.op_arg(loc, Opcode::BUILD_LIST, 0);
        }
        self.expr(generator)?;
        let start = self.label();
        let cleanup = self.label();
        self.place(start);
        self.jump(loc, Opcode::FOR_ITER, cleanup);
        match result {
            None => {
                self.op_arg(loc, Opcode::LIST_APPEND, 2);
                self.jump(loc, Opcode::JUMP, start);
            }
            Some(result) => {
                self.op(loc, Opcode::TO_BOOL);
                let op = if result { Opcode::POP_JUMP_IF_TRUE } else { Opcode::POP_JUMP_IF_FALSE };
                self.jump(loc, op, start);
            }
        }
        self.op(NO_LOCATION, Opcode::POP_ITER);
        if let Some(result) = result {
            self.load_const(loc, code::Constant::Bool(!result));
        }
        self.jump(loc, Opcode::JUMP, end);
        self.place(cleanup);
        self.op(NO_LOCATION, Opcode::END_FOR);
        self.op(NO_LOCATION, Opcode::POP_ITER);
        match result {
            None => self.op_arg(loc, Opcode::CALL_INTRINSIC_1, intrinsic1::LIST_TO_TUPLE),
            Some(result) => self.load_const(loc, code::Constant::Bool(result)),
        }
        self.jump(loc, Opcode::JUMP, end);
        self.place(normal);
        Ok(())
    }

    /// Arguments and call, with `pushed` positional arguments on the stack already.
    pub(in crate::codegen) fn call_args(
        &mut self,
        loc: Loc,
        pushed: u32,
        args: Exprs<'a>,
        injected: Option<Symbol>,
        keywords: &'a [Keyword<'a>],
    ) -> Result<()> {
        self.check_keywords(keywords)?;
        let unpacks = args.iter().any(|arg| matches!(arg.kind, ExprKind::Starred { .. }))
            || keywords.iter().any(|keyword| keyword.arg.is_none());
        if unpacks || args.len() + keywords.len() * 2 > STACK_USE_GUIDELINE {
            return self.call_unpacking(loc, pushed, args, injected, keywords);
        }
        self.exprs(args)?;
        let mut count = pushed + args.len() as u32;
        if let Some(name) = injected {
            self.name_op(loc, name, ExprContext::Load)?;
            count += 1;
        }
        self.call_op(loc, loc, count, keywords)
    }

    fn call_unpacking(
        &mut self,
        loc: Loc,
        pushed: u32,
        args: Exprs<'a>,
        injected: Option<Symbol>,
        keywords: &'a [Keyword<'a>],
    ) -> Result<()> {
        match args {
            [only] if pushed == 0 && matches!(only.kind, ExprKind::Starred { .. }) => {
                if let ExprKind::Starred { value, .. } = only.kind {
                    self.expr(value)?;
                }
            }
            _ => self.display(loc, args, injected, pushed, display::TUPLE)?,
        }
        // Runs of named arguments and unpacked mappings are merged into one dict.
        let mut rest = keywords;
        let mut there = false;
        while let Some(first) = rest.first() {
            let named = rest.iter().take_while(|keyword| keyword.arg.is_some()).count();
            if named > 0 {
                self.keyword_dict(loc, &rest[..named])?;
            } else {
                if !there {
                    self.op_arg(loc, Opcode::BUILD_MAP, 0);
                }
                self.expr(first.value)?;
            }
            if there || named == 0 {
                self.op_arg(loc, Opcode::DICT_MERGE, 1);
            }
            there = true;
            rest = &rest[named.max(1)..];
        }
        if !there {
            self.op(loc, Opcode::PUSH_NULL);
        }
        self.op(loc, Opcode::CALL_FUNCTION_EX);
        Ok(())
    }

    fn keyword_dict(&mut self, loc: Loc, keywords: &'a [Keyword<'a>]) -> Result<()> {
        let one_by_one = keywords.len() * 2 > STACK_USE_GUIDELINE;
        if one_by_one {
            self.op_arg(NO_LOCATION, Opcode::BUILD_MAP, 0);
        }
        for keyword in keywords {
            self.load_str_const(loc, keyword.arg.unwrap_or(""));
            self.expr(keyword.value)?;
            if one_by_one {
                self.op_arg(NO_LOCATION, Opcode::MAP_ADD, 1);
            }
        }
        if !one_by_one {
            self.op_arg(loc, Opcode::BUILD_MAP, keywords.len() as u32);
        }
        Ok(())
    }
}
