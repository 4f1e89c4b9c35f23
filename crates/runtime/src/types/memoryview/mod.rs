//! `memoryview`: the memory of another object, seen as an array of items.
//!
//! A managed buffer holds what one exporter gave; memory views share it, each with a shape, strides and a format of its
//! own. **Invariants:** the exporter is released when the last view that uses its managed buffer is released; a view
//! with exports of its own cannot be released. CPython: `Objects/memoryobject.c`.

mod cast;
mod compare;
mod format;
mod iter;
mod managed;
mod methods;
mod object;

pub use iter::MemoryIterator;
pub use managed::ManagedBuffer;

use crate::abi::PyMemoryViewObject;

/// `PyMemoryViewObject`, with three arrays of sizes behind it: shape, strides and suboffsets.
#[repr(transparent)]
pub struct MemoryView(pub PyMemoryViewObject);
