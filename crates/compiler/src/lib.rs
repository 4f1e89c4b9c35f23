//! Syntax tree to symbol table, flow graph and CPython 3.14 bytecode.
