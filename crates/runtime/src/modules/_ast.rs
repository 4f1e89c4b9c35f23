//! `_ast`: syntax trees as Python objects.
//!
//! The node classes do not exist yet: `compile` with `PyCF_ONLY_AST` says so, and nothing is a tree.

use crate::compile::Request;
use crate::prelude::*;

/// Whether `object` is a tree that `compile` takes.
pub fn is_ast(_object: Borrowed<'_, Object>) -> PyResult<bool> {
    Ok(false)
}

fn missing() -> Raised {
    raise!(NotImplementedError, "syntax trees as Python objects are not implemented yet")
}

pub fn compile_tree(
    _tree: Borrowed<'_, Object>,
    _filename: Borrowed<'_, Str>,
    _request: Request,
) -> PyResult<Ref<Object>> {
    Err(missing())
}

pub fn parse_to_tree(
    _source: &[u8],
    _filename: Borrowed<'_, Str>,
    _request: Request,
    _feature_version: i32,
) -> PyResult<Ref<Object>> {
    Err(missing())
}
