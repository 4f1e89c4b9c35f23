//! `bytes`: an immutable sequence of bytes, and the methods that `bytes` and `bytearray` share.
//!
//! **Invariants:** one NUL byte follows the last byte. The empty value and the 256 values of one byte exist once
//! (subclasses aside). `ob_shash` is -1 until the hash is known.
//! CPython: `Objects/bytesobject.c`, `Objects/bytes_methods.c`.

pub mod ascii;
pub mod hex;
pub mod input;
mod iter;
pub(crate) mod methods;
pub(crate) mod methods_shared;
mod object;
pub mod percent;
pub mod raw;
pub(crate) mod replacement;
pub mod shared;

use crate::abi::PyBytesObject;

pub use iter::{ByteArrayIterator, BytesIterator, iterate_bytearray};
pub use object::BytesBuilder;

/// A byte string. Its bytes begin at `ob_sval` and go on behind the struct.
#[repr(transparent)]
pub struct Bytes(pub(crate) PyBytesObject);
