//! `_ast`: syntax trees as Python objects, and their way to and from the parser and compiler.
//!
//! `nodes` describes the tree, `classes` makes the node classes of it, `base` is `ast.AST`, `values` converts fields,
//! `validate` checks trees of programs. CPython: `Python/Python-ast.c`, `Python/ast.c`.

mod base;
mod classes;
mod nodes;
#[cfg(test)]
mod tests;
pub mod validate;
mod values;

use taipan_syntax::ast::{Arena, Mod};

use crate::compile::{self, Mode, Request};
use crate::memory::rust_alloc::GrowingRoom;
use crate::prelude::*;
use values::{Builder, Reader, Tree};

pub struct Ast;

#[pymodule(name = "_ast")]
impl Ast {
    const PyCF_ALLOW_TOP_LEVEL_AWAIT: i64 = compile::TOP_LEVEL_AWAIT as i64;
    const PyCF_ONLY_AST: i64 = compile::ONLY_AST as i64;
    const PyCF_OPTIMIZED_AST: i64 = compile::OPTIMIZED_AST as i64;
    const PyCF_TYPE_COMMENTS: i64 = compile::TYPE_COMMENTS as i64;

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        for (name, class) in &classes::state()?.classes {
            module.add(name, class.clone().into_object())?;
        }
        Ok(())
    }
}

/// Whether `object` is a tree that `compile` takes.
pub fn is_ast(object: Borrowed<'_, Object>) -> PyResult<bool> {
    if object.is_instance_of::<Str>() || object.is_instance_of::<Bytes>() {
        return Ok(false);
    }
    object.is_instance(classes::state()?.ast.as_borrowed())
}

/// The objects of a tree.
fn to_object(module: &Mod<'_>) -> PyResult<Ref<Object>> {
    Tree::build(module, &Builder::new(classes::state()?))
}

/// The tree of an object, valid for the compiler.
fn from_object<'a>(
    arena: &'a Arena,
    room: &'a GrowingRoom,
    tree: Borrowed<'_, Object>,
    mode: Mode,
) -> PyResult<Mod<'a>> {
    crate::modules::sys::audit("compile", &[tree, none().as_borrowed()])?;
    let state = classes::state()?;
    let (class, name) = match mode {
        Mode::Exec => (nodes::Class::Module, "Module"),
        Mode::Eval => (nodes::Class::Expression, "Expression"),
        Mode::Single => (nodes::Class::Interactive, "Interactive"),
        Mode::FuncType => (nodes::Class::FunctionType, "FunctionType"),
    };
    if !tree.is_instance(state.row(class).class.as_borrowed())? {
        return Err(raise!(TypeError, "expected {name} node, got {}", tree.type_of().short_name()));
    }
    let module = Mod::read(&Reader::new(state, arena, room), tree)?;
    validate::check_module(&module)?;
    Ok(module)
}

/// `compile()` of a tree: a code object, or with `PyCF_ONLY_AST` a tree again.
pub fn compile_tree(
    tree: Borrowed<'_, Object>,
    filename: Borrowed<'_, Str>,
    request: Request,
) -> PyResult<Ref<Object>> {
    let (arena, room) = (Arena::new(), GrowingRoom::new());
    let module = from_object(&arena, &room, tree, request.mode)?;
    if request.flags & compile::ONLY_AST != 0 {
        let module = compile::preprocess(&arena, &module, filename, request)?;
        return to_object(&module);
    }
    Ok(compile::compile_module(&module, filename, request)?.into_object())
}

/// Code generation of a tree alone, for tests.
pub fn generate(
    tree: Borrowed<'_, Object>,
    filename: Borrowed<'_, Str>,
    request: Request,
) -> PyResult<taipan_compiler::stages::Generated> {
    let (arena, room) = (Arena::new(), GrowingRoom::new());
    let module = from_object(&arena, &room, tree, request.mode)?;
    compile::generate(&module, filename, request)
}

/// `compile()` of source with `PyCF_ONLY_AST`.
pub fn parse_to_tree(source: &[u8], filename: Borrowed<'_, Str>, request: Request) -> PyResult<Ref<Object>> {
    let room = GrowingRoom::for_source(source)?;
    let arena = Arena::with_capacity(source.len() * 8 + 1024);
    let module = compile::parse(&arena, &room, source, filename, request)?;
    let module = compile::preprocess(&arena, &module, filename, request)?;
    to_object(&module)
}
