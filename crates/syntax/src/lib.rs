//! Python source text to tokens and syntax tree, with CPython's errors.

pub mod ast;
