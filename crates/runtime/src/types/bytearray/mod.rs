//! `bytearray`: a mutable sequence of bytes.
//!
//! **Invariants:** `ob_bytes` is null or a block of `ob_alloc` bytes; `ob_start` points into it, `ob_size` bytes and one
//! NUL follow. While `ob_exports` is above 0 the block neither moves nor changes its size.
//! CPython: `Objects/bytearrayobject.c`.

mod methods;
mod object;
mod raw;

use crate::abi::PyByteArrayObject;

pub use super::bytes::ByteArrayIterator;
pub(crate) use object::Pinned;

/// A mutable byte string.
#[repr(transparent)]
pub struct ByteArray(pub(crate) PyByteArrayObject);
