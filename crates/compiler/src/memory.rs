//! Memory for what can be much larger than the source that asks for it: results of folding. Everything else is in
//! proportion to the source, and the parser's caller has seen to it.

use std::collections::TryReserveError;

use crate::error::CompileError;

/// A constant that does not fit into memory: the MemoryError of the compilation.
#[derive(Debug)]
pub(crate) struct NoMemory;

impl From<TryReserveError> for NoMemory {
    #[cold]
    fn from(_: TryReserveError) -> NoMemory {
        NoMemory
    }
}

impl From<NoMemory> for CompileError {
    #[cold]
    fn from(_: NoMemory) -> CompileError {
        CompileError::Other("MemoryError", String::new())
    }
}

/// An empty vector for exactly `size` items.
pub(crate) fn room<T>(size: usize) -> Result<Vec<T>, NoMemory> {
    let mut items = Vec::new();
    items.try_reserve_exact(size)?;
    Ok(items)
}

/// `a + b`.
pub(crate) fn joined(a: &[u8], b: &[u8]) -> Result<Vec<u8>, NoMemory> {
    let mut items = room(a.len() + b.len())?;
    items.extend_from_slice(a);
    items.extend_from_slice(b);
    Ok(items)
}

/// `items * times`; there are limits on that.
pub(crate) fn repeated(items: &[u8], times: usize) -> Result<Vec<u8>, NoMemory> {
    let mut all = room(items.len() * times)?;
    (0..times).for_each(|_| all.extend_from_slice(items));
    Ok(all)
}
