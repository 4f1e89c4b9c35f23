//! `int`: a sign and a magnitude in digits of 30 bits, lowest first.
//!
//! **Invariants:** the top digit is not zero, and zero has no digits. The values -5 to 256 exist once and are immortal
//! (subclasses aside). An int never changes after it was handed out.
//!
//! CPython: `Objects/longobject.c`.

pub mod arith;
mod bytes;
mod compare;
mod construct;
pub mod decimal;
pub mod digits;
mod methods;
mod object;
pub(crate) mod raw;
pub mod short;
pub(crate) mod support;
#[cfg(test)]
mod tests;
pub mod text;

use crate::abi::PyLongObject;

pub use bytes::{ByteError, byte_error};
pub use construct::from_object as number_to_int;
pub(crate) use methods::format_with_spec;
pub use raw::{NewInt, clear_free_list, dealloc};
pub use text::{Base, max_str_digits, set_max_str_digits};

/// An integer. The Rust type is the part that every int has; further digits follow it.
#[repr(transparent)]
pub struct Int(pub PyLongObject);
