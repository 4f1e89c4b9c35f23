//! What a tree must keep to beyond its types, before the compiler takes it: trees of programs can break any rule that the
//! grammar keeps. CPython: `_PyAST_Validate` in `Python/ast.c`.

use taipan_syntax::ast::*;

use crate::prelude::*;
use crate::thread::{RecursionGuard, enter_recursive};

fn enter() -> PyResult<RecursionGuard> {
    enter_recursive(" during compilation")
}

pub fn check_module(module: &Mod<'_>) -> PyResult<()> {
    match *module {
        Mod::Module { body, .. } | Mod::Interactive { body } => stmts(body),
        Mod::Expression { body } => load(body),
        Mod::FunctionType { argtypes, returns } => {
            exprs(argtypes, ExprContext::Load)?;
            load(returns)
        }
    }
}

fn position(range: Range) -> PyResult<()> {
    let Range { lineno, col_offset, end_lineno, end_col_offset } = range;
    if lineno > end_lineno {
        return Err(raise!(ValueError, "AST node line range ({lineno}, {end_lineno}) is not valid"));
    }
    if (lineno < 0 && end_lineno != lineno) || (col_offset < 0 && col_offset != end_col_offset) {
        return Err(raise!(
            ValueError,
            "AST node column range ({col_offset}, {end_col_offset}) for line range ({lineno}, {end_lineno}) is not valid"
        ));
    }
    if lineno == end_lineno && col_offset > end_col_offset {
        return Err(raise!(ValueError, "line {lineno}, column {col_offset}-{end_col_offset} is not a valid range"));
    }
    Ok(())
}

fn name(name: &str) -> PyResult<()> {
    if matches!(name, "None" | "True" | "False") {
        return Err(raise!(ValueError, "identifier field can't represent '{name}' constant"));
    }
    Ok(())
}

fn not_empty<T>(items: &[T], what: &str, owner: &str) -> PyResult<()> {
    if items.is_empty() {
        return Err(raise!(ValueError, "empty {what} on {owner}"));
    }
    Ok(())
}

// ---- statements ----------------------------------------------------------------------------------------------------

fn stmts(body: Body<'_>) -> PyResult<()> {
    body.iter().try_for_each(|node| stmt(node))
}

fn block(body: Body<'_>, owner: &str) -> PyResult<()> {
    not_empty(body, "body", owner)?;
    stmts(body)
}

fn stmt(node: &Stmt<'_>) -> PyResult<()> {
    position(node.range)?;
    let _guard = enter()?;
    match node.kind {
        StmtKind::FunctionDef(def) => function(def, "FunctionDef"),
        StmtKind::AsyncFunctionDef(def) => function(def, "AsyncFunctionDef"),
        StmtKind::ClassDef(def) => {
            name(def.name)?;
            block(def.body, "ClassDef")?;
            type_params(def.type_params)?;
            exprs(def.bases, ExprContext::Load)?;
            keywords(def.keywords)?;
            exprs(def.decorator_list, ExprContext::Load)
        }
        StmtKind::Return { value } => optional(value),
        StmtKind::Delete { targets } => {
            not_empty(targets, "targets", "Delete")?;
            exprs(targets, ExprContext::Del)
        }
        StmtKind::Assign { targets, value, .. } => {
            not_empty(targets, "targets", "Assign")?;
            exprs(targets, ExprContext::Store)?;
            load(value)
        }
        StmtKind::AugAssign { target, value, .. } => {
            expr(target, ExprContext::Store)?;
            load(value)
        }
        StmtKind::AnnAssign { target, annotation, value, simple } => {
            if simple != 0 && !matches!(target.kind, ExprKind::Name { .. }) {
                return Err(raise!(TypeError, "AnnAssign with simple non-Name target"));
            }
            expr(target, ExprContext::Store)?;
            optional(value)?;
            load(annotation)
        }
        StmtKind::TypeAlias { name, type_params: params, value } => {
            if !matches!(name.kind, ExprKind::Name { .. }) {
                return Err(raise!(TypeError, "TypeAlias with non-Name name"));
            }
            expr(name, ExprContext::Store)?;
            type_params(params)?;
            load(value)
        }
        StmtKind::For(node) => for_loop(node, "For"),
        StmtKind::AsyncFor(node) => for_loop(node, "AsyncFor"),
        StmtKind::While { test, body, orelse } => {
            load(test)?;
            block(body, "While")?;
            stmts(orelse)
        }
        StmtKind::If { test, body, orelse } => {
            load(test)?;
            block(body, "If")?;
            stmts(orelse)
        }
        StmtKind::With(node) => with(node, "With"),
        StmtKind::AsyncWith(node) => with(node, "AsyncWith"),
        StmtKind::Match { subject, cases } => {
            load(subject)?;
            not_empty(cases, "cases", "Match")?;
            cases.iter().try_for_each(|case| {
                pattern(case.pattern, false)?;
                optional(case.guard)?;
                block(case.body, "match_case")
            })
        }
        StmtKind::Raise { exc, cause } => match exc {
            Some(exc) => {
                load(exc)?;
                optional(cause)
            }
            None if cause.is_some() => Err(raise!(ValueError, "Raise with cause but no exception")),
            None => Ok(()),
        },
        StmtKind::Try(node) => try_stmt(node, "Try"),
        StmtKind::TryStar(node) => try_stmt(node, "TryStar"),
        StmtKind::Assert { test, msg } => {
            load(test)?;
            optional(msg)
        }
        StmtKind::Import { names } => {
            not_empty(names, "names", "Import")?;
            aliases(names)
        }
        StmtKind::ImportFrom { names, level, .. } => {
            if level.is_some_and(|level| level < 0) {
                return Err(raise!(ValueError, "Negative ImportFrom level"));
            }
            not_empty(names, "names", "ImportFrom")?;
            aliases(names)
        }
        StmtKind::Global { names } => not_empty(names, "names", "Global"),
        StmtKind::Nonlocal { names } => not_empty(names, "names", "Nonlocal"),
        StmtKind::Expr { value } => load(value),
        StmtKind::Pass | StmtKind::Break | StmtKind::Continue => Ok(()),
    }
}

/// `import None` and `as None`; a name before `as` is never bound.
fn aliases(aliases: &[Alias<'_>]) -> PyResult<()> {
    aliases.iter().try_for_each(|alias| name(alias.asname.unwrap_or(alias.name)))
}

fn function(def: &FunctionDef<'_>, owner: &str) -> PyResult<()> {
    name(def.name)?;
    block(def.body, owner)?;
    type_params(def.type_params)?;
    arguments(def.args)?;
    exprs(def.decorator_list, ExprContext::Load)?;
    optional(def.returns)
}

fn for_loop(node: &For<'_>, owner: &str) -> PyResult<()> {
    expr(node.target, ExprContext::Store)?;
    load(node.iter)?;
    block(node.body, owner)?;
    stmts(node.orelse)
}

fn with(node: &With<'_>, owner: &str) -> PyResult<()> {
    not_empty(node.items, "items", owner)?;
    for item in node.items {
        load(item.context_expr)?;
        if let Some(vars) = item.optional_vars {
            expr(vars, ExprContext::Store)?;
        }
    }
    block(node.body, owner)
}

fn try_stmt(node: &Try<'_>, owner: &str) -> PyResult<()> {
    block(node.body, owner)?;
    if node.handlers.is_empty() && node.finalbody.is_empty() {
        return Err(raise!(ValueError, "{owner} has neither except handlers nor finalbody"));
    }
    if node.handlers.is_empty() && !node.orelse.is_empty() {
        return Err(raise!(ValueError, "{owner} has orelse but no except handlers"));
    }
    for handler in node.handlers {
        position(handler.range)?;
        optional(handler.type_)?;
        handler.name.map_or(Ok(()), name)?;
        block(handler.body, "ExceptHandler")?;
    }
    stmts(node.finalbody)?;
    stmts(node.orelse)
}

fn type_params(params: &[TypeParam<'_>]) -> PyResult<()> {
    params.iter().try_for_each(|param| {
        position(param.range)?;
        match param.kind {
            TypeParamKind::TypeVar { name: id, bound, default_value } => {
                name(id)?;
                optional(bound)?;
                optional(default_value)
            }
            TypeParamKind::ParamSpec { name: id, default_value }
            | TypeParamKind::TypeVarTuple { name: id, default_value } => {
                name(id)?;
                optional(default_value)
            }
        }
    })
}

// ---- expressions ---------------------------------------------------------------------------------------------------

fn exprs(nodes: Exprs<'_>, context: ExprContext) -> PyResult<()> {
    nodes.iter().try_for_each(|node| expr(node, context))
}

fn load(node: ExprRef<'_>) -> PyResult<()> {
    expr(node, ExprContext::Load)
}

fn optional(node: Option<ExprRef<'_>>) -> PyResult<()> {
    node.map_or(Ok(()), load)
}

fn expr(node: ExprRef<'_>, context: ExprContext) -> PyResult<()> {
    position(node.range)?;
    let _guard = enter()?;
    let actual = match node.kind {
        ExprKind::Attribute { ctx, .. }
        | ExprKind::Subscript { ctx, .. }
        | ExprKind::Starred { ctx, .. }
        | ExprKind::List { ctx, .. }
        | ExprKind::Tuple { ctx, .. } => Some(ctx),
        ExprKind::Name { id, ctx } => {
            name(id)?;
            Some(ctx)
        }
        _ => None,
    };
    match actual {
        None if context != ExprContext::Load => {
            return Err(raise!(ValueError, "expression which can't be assigned to in {context:?} context"));
        }
        Some(actual) if actual != context => {
            return Err(raise!(ValueError, "expression must have {context:?} context but has {actual:?} instead"));
        }
        _ => {}
    }
    match node.kind {
        ExprKind::BoolOp { values, .. } => {
            if values.len() < 2 {
                return Err(raise!(ValueError, "BoolOp with less than 2 values"));
            }
            exprs(values, ExprContext::Load)
        }
        ExprKind::BinOp { left, right, .. } => {
            load(left)?;
            load(right)
        }
        ExprKind::UnaryOp { operand, .. } => load(operand),
        ExprKind::Lambda { args, body } => {
            arguments(args)?;
            load(body)
        }
        ExprKind::IfExp { test, body, orelse } => {
            load(test)?;
            load(body)?;
            load(orelse)
        }
        ExprKind::Dict { keys, values } => {
            if keys.len() != values.len() {
                return Err(raise!(ValueError, "Dict doesn't have the same number of keys as values"));
            }
            keys.iter().try_for_each(|key| optional(*key))?;
            exprs(values, ExprContext::Load)
        }
        ExprKind::Set { elts } => exprs(elts, ExprContext::Load),
        ExprKind::ListComp { elt, generators }
        | ExprKind::SetComp { elt, generators }
        | ExprKind::GeneratorExp { elt, generators } => {
            comprehensions(generators)?;
            load(elt)
        }
        ExprKind::DictComp { key, value, generators } => {
            comprehensions(generators)?;
            load(key)?;
            load(value)
        }
        ExprKind::Yield { value } => optional(value),
        ExprKind::YieldFrom { value } | ExprKind::Await { value } => load(value),
        ExprKind::Compare { left, ops, comparators } => {
            if comparators.is_empty() {
                return Err(raise!(ValueError, "Compare with no comparators"));
            }
            if comparators.len() != ops.len() {
                return Err(raise!(ValueError, "Compare has a different number of comparators and operands"));
            }
            exprs(comparators, ExprContext::Load)?;
            load(left)
        }
        ExprKind::Call { func, args, keywords: named } => {
            load(func)?;
            exprs(args, ExprContext::Load)?;
            keywords(named)
        }
        ExprKind::Constant { .. } | ExprKind::Name { .. } => Ok(()),
        ExprKind::JoinedStr { values } | ExprKind::TemplateStr { values } => exprs(values, ExprContext::Load),
        ExprKind::FormattedValue { value, format_spec, .. } | ExprKind::Interpolation { value, format_spec, .. } => {
            load(value)?;
            optional(format_spec)
        }
        ExprKind::Attribute { value, .. } => load(value),
        ExprKind::Subscript { value, slice, .. } => {
            load(slice)?;
            load(value)
        }
        ExprKind::Starred { value, .. } => expr(value, context),
        ExprKind::Slice { lower, upper, step } => {
            optional(lower)?;
            optional(upper)?;
            optional(step)
        }
        ExprKind::List { elts, .. } | ExprKind::Tuple { elts, .. } => exprs(elts, context),
        ExprKind::NamedExpr { target, value } => {
            if !matches!(target.kind, ExprKind::Name { .. }) {
                return Err(raise!(TypeError, "NamedExpr target must be a Name"));
            }
            load(value)
        }
    }
}

fn comprehensions(generators: &[Comprehension<'_>]) -> PyResult<()> {
    if generators.is_empty() {
        return Err(raise!(ValueError, "comprehension with no generators"));
    }
    generators.iter().try_for_each(|generator| {
        expr(generator.target, ExprContext::Store)?;
        load(generator.iter)?;
        exprs(generator.ifs, ExprContext::Load)
    })
}

fn keywords(keywords: &[Keyword<'_>]) -> PyResult<()> {
    keywords.iter().try_for_each(|keyword| load(keyword.value))
}

fn arg(arg: &Arg<'_>) -> PyResult<()> {
    position(arg.range)?;
    optional(arg.annotation)
}

fn arguments(args: &Arguments<'_>) -> PyResult<()> {
    args.posonlyargs.iter().try_for_each(arg)?;
    args.args.iter().try_for_each(arg)?;
    if let Some(vararg) = args.vararg {
        optional(vararg.annotation)?;
    }
    args.kwonlyargs.iter().try_for_each(arg)?;
    if let Some(kwarg) = args.kwarg {
        optional(kwarg.annotation)?;
    }
    if args.defaults.len() > args.posonlyargs.len() + args.args.len() {
        return Err(raise!(ValueError, "more positional defaults than args on arguments"));
    }
    if args.kw_defaults.len() != args.kwonlyargs.len() {
        return Err(raise!(ValueError, "length of kwonlyargs is not the same as kw_defaults on arguments"));
    }
    exprs(args.defaults, ExprContext::Load)?;
    args.kw_defaults.iter().try_for_each(|default| optional(*default))
}

// ---- patterns ------------------------------------------------------------------------------------------------------

fn is_number(node: ExprRef<'_>, real: bool, imaginary: bool) -> bool {
    match node.kind {
        ExprKind::Constant { value: Constant::Int(_) | Constant::Float(_), .. } => real,
        ExprKind::Constant { value: Constant::Complex { .. }, .. } => imaginary,
        _ => false,
    }
}

fn is_negative(node: ExprRef<'_>, real: bool, imaginary: bool) -> bool {
    match node.kind {
        ExprKind::UnaryOp { op: UnaryOp::USub, operand } => is_number(operand, real, imaginary),
        _ => false,
    }
}

fn pattern_value(node: ExprRef<'_>) -> PyResult<()> {
    load(node)?;
    let literal = match node.kind {
        ExprKind::Constant { value, .. } => {
            return match value {
                Constant::Int(_)
                | Constant::Float(_)
                | Constant::Complex { .. }
                | Constant::Str(_)
                | Constant::Bytes(_) => Ok(()),
                _ => Err(raise!(ValueError, "unexpected constant inside of a literal pattern")),
            };
        }
        ExprKind::Attribute { .. } | ExprKind::JoinedStr { .. } | ExprKind::TemplateStr { .. } => true,
        ExprKind::UnaryOp { .. } => is_negative(node, true, true),
        ExprKind::BinOp { left, op: Operator::Add | Operator::Sub, right } => {
            (is_number(left, true, false) || is_negative(left, true, false)) && is_number(right, false, true)
        }
        _ => false,
    };
    if literal {
        return Ok(());
    }
    Err(raise!(ValueError, "patterns may only match literals and attribute lookups"))
}

fn capture(id: &str) -> PyResult<()> {
    if id == "_" {
        return Err(raise!(ValueError, "can't capture name '_' in patterns"));
    }
    name(id)
}

fn patterns(nodes: &[PatternRef<'_>], star_allowed: bool) -> PyResult<()> {
    nodes.iter().try_for_each(|node| pattern(node, star_allowed))
}

fn pattern(node: PatternRef<'_>, star_allowed: bool) -> PyResult<()> {
    position(node.range)?;
    let _guard = enter()?;
    match node.kind {
        PatternKind::MatchValue { value } => pattern_value(value),
        PatternKind::MatchSingleton { value } => match value {
            Constant::None | Constant::Bool(_) => Ok(()),
            _ => Err(raise!(ValueError, "MatchSingleton can only contain True, False and None")),
        },
        PatternKind::MatchSequence { patterns: items } => patterns(items, true),
        PatternKind::MatchMapping { keys, patterns: items, rest } => {
            if keys.len() != items.len() {
                return Err(raise!(ValueError, "MatchMapping doesn't have the same number of keys as patterns"));
            }
            if let Some(rest) = rest {
                capture(rest)?;
            }
            for key in keys {
                if !matches!(key.kind, ExprKind::Constant { value: Constant::None | Constant::Bool(_), .. }) {
                    pattern_value(key)?;
                }
            }
            patterns(items, false)
        }
        PatternKind::MatchClass { cls, patterns: items, kwd_attrs, kwd_patterns } => {
            if kwd_attrs.len() != kwd_patterns.len() {
                return Err(raise!(
                    ValueError,
                    "MatchClass doesn't have the same number of keyword attributes as patterns"
                ));
            }
            load(cls)?;
            let mut class = cls;
            while let ExprKind::Attribute { value, .. } = class.kind {
                class = value;
            }
            if !matches!(class.kind, ExprKind::Name { .. }) {
                return Err(raise!(ValueError, "MatchClass cls field can only contain Name or Attribute nodes."));
            }
            kwd_attrs.iter().try_for_each(|attr| name(attr))?;
            patterns(items, false)?;
            patterns(kwd_patterns, false)
        }
        PatternKind::MatchStar { name } => {
            if !star_allowed {
                return Err(raise!(ValueError, "can't use MatchStar here"));
            }
            name.map_or(Ok(()), capture)
        }
        PatternKind::MatchAs { pattern: inner, name } => {
            name.map_or(Ok(()), capture)?;
            match inner {
                None => Ok(()),
                Some(_) if name.is_none() => {
                    Err(raise!(ValueError, "MatchAs must specify a target name if a pattern is given"))
                }
                Some(inner) => pattern(inner, false),
            }
        }
        PatternKind::MatchOr { patterns: items } => {
            if items.len() < 2 {
                return Err(raise!(ValueError, "MatchOr requires at least 2 patterns"));
            }
            patterns(items, false)
        }
    }
}
