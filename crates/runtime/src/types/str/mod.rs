//! `str`: an immutable sequence of code points, stored with one, two or four bytes each (PEP 393).
//!
//! **Invariants:** the width is the smallest that the largest character allows, and `ascii` says that all are below
//! 128, so strings of different width are unequal. The characters are followed by a zero. The empty string and the
//! 256 one-character Latin-1 strings exist once (subclasses aside). `hash` is -1 until it is known.
//! An exact `str` is compact (characters behind the head); an instance of a subclass keeps them in a block of its own.
//!
//! CPython: `Objects/unicodeobject.c`, `Objects/stringlib/`, `Objects/unicodectype.c`.
#![allow(clippy::useless_conversion, reason = "`each_kind!` writes one body for three widths, one of them `u32`")]

pub mod builder;
mod case;
pub use taipan_unicode::ctype;
pub mod format;
pub mod intern;
mod iter;
mod methods;
mod methods_text;
pub(crate) mod number_text;
mod object;
pub(crate) mod outside;
pub mod percent;
mod predicates;
pub mod raw;
mod replace;
mod repr;
pub(crate) mod scan;
pub mod search;
pub(crate) mod split;
#[cfg(test)]
mod tests;
pub(crate) mod transcode;
pub mod translate;

use crate::abi::PyASCIIObject;

pub use builder::StrBuilder;
pub use iter::{StrAsciiIterator, StrIterator};
pub(crate) use object::each_kind;
pub use object::{StrData, copy_wide};
pub use raw::{Width, dealloc_raw, latin1_char_raw};

/// A string. The Rust type is the part that every string has; what follows depends on the state bits.
#[repr(transparent)]
pub struct Str(pub(crate) PyASCIIObject);
