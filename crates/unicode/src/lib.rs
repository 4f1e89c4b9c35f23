//! The Unicode character database, version 16.0.0: what a character is, its case mappings, its name, and the normal forms
//! of text. Plain data and functions over code points (`u32`, since Python's text may hold surrogates), without objects.
//!
//! CPython: `Objects/unicodectype.c`, `Modules/unicodedata.c`. `generate.py` in this folder writes the tables.

#![warn(missing_docs)]

pub mod ctype;
pub mod names;
pub mod normalize;
pub mod properties;

/// The version of the data.
pub const VERSION: &str = "16.0.0";
