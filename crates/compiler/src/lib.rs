//! Syntax tree to symbol table, flow graph and CPython 3.14 bytecode.
//!
//! [`compile`] takes a tree to a [`CodeUnit`], [`compile_source`] source text, [`symbol_table`] a tree to its scopes.
//! The order of work: `preprocess` (what CPython does to the tree), `symtable` (names and scopes), `codegen`
//! (instruction sequences), `flow` (basic blocks and optimisation), `assemble` (bytes and tables), `marshal`.
//!
//! **Invariant:** the result is, byte for byte, what CPython 3.14 makes of the same tree.

#![warn(missing_docs)]

pub mod opcode;
mod text;

mod error;
pub mod fx;
mod memory;
mod names;
mod tables;

mod codegen;
mod preprocess;
mod rewrite;
pub mod symtable;
mod unit;
mod unparse;

mod assemble;
mod flow;
mod fold;
mod ir;

pub mod code;
pub mod marshal;
pub mod stages;

use taipan_syntax as syntax;
use taipan_syntax::ast::{Arena, Mod};

pub use code::{BigInt, CodeUnit, Constant};
pub use error::{CompileError, SyntaxError, Warning};
pub use opcode::Opcode;
pub use text::Text;

use error::StackGuard;
use names::Names;
use symtable::{Settings, SymbolBlock, SymbolTable};

/// How to compile a tree.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// 0; 1 without assertions (`-O`); 2 without docstrings too (`-OO`).
    pub optimize: u8,
    /// Features in force from outside: `code::flags::FUTURE_*`.
    pub future: u32,
    /// `PyCF_ALLOW_TOP_LEVEL_AWAIT`.
    pub top_level_await: bool,
    /// How many bytes of the machine stack may be used; deeper nesting is `CompileError::Recursion`.
    pub stack_budget: usize,
}

impl Default for Options {
    fn default() -> Self {
        Options { optimize: 0, future: 0, top_level_await: false, stack_budget: 1 << 20 }
    }
}

/// Compiles a tree. The warnings found until then are added to `warnings` even when there is an error.
pub fn compile(
    tree: &Mod<'_>,
    filename: &str,
    options: &Options,
    warnings: &mut Vec<Warning>,
) -> Result<CodeUnit, CompileError> {
    let arena = Arena::new();
    let (context, names, table) = front(&arena, tree, filename, options, warnings)?;
    codegen::compile(tree, context, names, table, warnings)
}

/// What comes before code generation: the scopes, and what holds for the whole compilation.
fn front<'a>(
    arena: &'a Arena,
    tree: &'a Mod<'a>,
    filename: &str,
    options: &Options,
    warnings: &mut Vec<Warning>,
) -> Result<(codegen::Context<'a>, Names<'a>, SymbolTable), CompileError> {
    let stack = StackGuard::new(options.stack_budget);
    let (features, future_end) = preprocess::future_features(tree).map_err(CompileError::early)?;
    let future = features | options.future & code::flags::FUTURE_MASK;
    let future_annotations = future & code::flags::FUTURE_ANNOTATIONS != 0;
    let settings = Settings {
        future_annotations,
        top_level_await: options.top_level_await,
        future_end,
        optimize: options.optimize,
        debug_is_constant: true,
    };
    let mut names = Names::new(arena);
    let table = SymbolTable::build(tree, &mut names, settings, stack);
    // These warnings come before all errors of the symbol table.
    if table.as_ref().ok().is_none_or(|table| table.has_finally) {
        preprocess::warn_finally(tree, warnings, stack)?;
    }
    let table = table.map_err(CompileError::early)?;
    let context = codegen::Context {
        arena,
        filename: Text::new(filename),
        future,
        future_annotations,
        optimize: options.optimize,
        interactive: matches!(tree, Mod::Interactive { .. }),
        stack,
        keep_sequences: false,
    };
    Ok((context, names, table))
}

/// What CPython does to a tree that the caller wants back, not compiled: it checks the `__future__` imports, and with
/// `optimized` rewrites the tree as for the compiler.
pub fn preprocess<'a>(
    arena: &'a Arena,
    tree: &Mod<'a>,
    options: &Options,
    optimized: bool,
) -> Result<Mod<'a>, CompileError> {
    let (features, _) = preprocess::future_features(tree).map_err(CompileError::early)?;
    if !optimized {
        return Ok(*tree);
    }
    let future = features | options.future & code::flags::FUTURE_MASK;
    rewrite::rewrite(arena, tree, options, future & code::flags::FUTURE_ANNOTATIONS != 0)
}

/// The scopes of a tree, the module's first.
pub fn symbol_table(tree: &Mod<'_>, options: &Options) -> Result<Vec<SymbolBlock>, CompileError> {
    let stack = StackGuard::new(options.stack_budget);
    let arena = Arena::new();
    let (features, future_end) = preprocess::future_features(tree).map_err(CompileError::early)?;
    let future = features | options.future;
    let settings = Settings {
        future_annotations: future & code::flags::FUTURE_ANNOTATIONS != 0,
        top_level_await: options.top_level_await,
        future_end,
        optimize: options.optimize,
        debug_is_constant: false,
    };
    let mut names = Names::new(&arena);
    let table = SymbolTable::build(tree, &mut names, settings, stack).map_err(CompileError::early)?;
    Ok(table.export(&names))
}

/// Why source text gave no code.
#[derive(Clone, Debug)]
pub enum SourceError {
    /// The parser refuses it.
    Parse(syntax::SyntaxError),
    /// The compiler refuses the tree.
    Compile(CompileError),
}

/// Code and the warnings of parser and compiler.
#[derive(Debug)]
pub struct Compiled {
    /// The code of the module, which holds that of functions and classes.
    pub code: CodeUnit,
    /// Warnings of lexer and parser.
    pub parse_warnings: Vec<syntax::Warning>,
    /// Warnings of the compiler.
    pub warnings: Vec<Warning>,
}

/// Parses and compiles source text.
pub fn compile_source(
    source: &[u8],
    filename: &str,
    parse_options: &syntax::Options<'_>,
    options: &Options,
) -> Result<Compiled, SourceError> {
    let arena = Arena::with_capacity(source.len() * 8 + 1024);
    let parsed = syntax::parse(&arena, source, parse_options).map_err(SourceError::Parse)?;
    let mut warnings = Vec::new();
    let code = compile(&parsed.module, filename, options, &mut warnings).map_err(SourceError::Compile)?;
    Ok(Compiled { code, parse_warnings: parsed.warnings, warnings })
}
