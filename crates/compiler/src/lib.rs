//! Syntax tree to symbol table, flow graph and CPython 3.14 bytecode.

pub mod opcode;
mod text;

pub mod code;
pub mod marshal;

pub use code::{BigInt, CodeUnit, Constant};
pub use opcode::Opcode;
pub use text::Text;
