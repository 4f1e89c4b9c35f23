//! `float`: an IEEE double.
//!
//! **Invariant:** a float that anyone else can see never changes; the interpreter may write a result into an operand
//! whose only count it holds.
//!
//! CPython: `Objects/floatobject.c`, `Python/pystrtod.c`.

mod arith;
mod construct;
pub mod hex;
pub mod ieee;
mod methods;
pub mod parse;
pub(crate) mod raw;
pub mod text;
pub(crate) use methods::operand;
#[cfg(test)]
mod text_tests;

use crate::abi::PyFloatObject;

pub use arith::{compare_objects, hash_double, hash_value, power};
pub use construct::{from_object as number_to_float, from_text};
pub(crate) use methods::format_with_spec;
pub use raw::{clear_free_list, dealloc};

/// `'%.17g' % value`: enough digits to read the same value back, as marshal's text form has them.
pub fn format_17g(value: f64) -> String {
    text::format(value, b'g', 17, text::Flags::default()).unwrap_or_else(|_| text::repr(value))
}

/// A floating-point number.
#[repr(transparent)]
pub struct Float(pub PyFloatObject);
