//! `float`: an IEEE double.
//!
//! **Invariant:** a float that anyone else can see never changes; the interpreter may write a result into an operand
//! whose only count it holds.
//!
//! CPython: `Objects/floatobject.c`, `Python/pystrtod.c`.

pub mod text;
pub mod parse;
pub mod hex;
mod raw;
mod arith;
mod construct;
mod methods;
pub(crate) use methods::{format_with_spec, operand};
#[cfg(test)]
mod text_tests;

use crate::abi::PyFloatObject;

pub use arith::{compare_objects, hash_double, power};
pub use construct::{from_object as number_to_float, from_text};
pub use raw::clear_free_list;

/// A floating-point number.
#[repr(transparent)]
pub struct Float(pub PyFloatObject);
