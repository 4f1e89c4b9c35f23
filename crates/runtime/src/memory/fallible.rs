//! Rust's collections grown to a size that a program chooses: MemoryError where `Vec` and `String` would end the process.
//!
//! The traits are in the prelude. CPython: the checks after each `PyMem_New` and `PyMem_Resize`.

use core::fmt;

use super::rust_alloc::SMALL;
use crate::object::{PyResult, Raised};

/// An empty vector with room for `count` items.
pub fn vec_with_capacity<T>(count: usize) -> PyResult<Vec<T>> {
    let mut items = Vec::new();
    items.make_room(count)?;
    Ok(items)
}

/// Growth of vectors.
pub trait Grow<T> {
    /// Room for `more` items; that much and no more when it is empty.
    fn make_room(&mut self, more: usize) -> PyResult<()>;
    fn try_push(&mut self, item: T) -> PyResult<()>;
    fn try_extend(&mut self, items: &[T]) -> PyResult<()>
    where
        T: Clone;
}

impl<T> Grow<T> for Vec<T> {
    fn make_room(&mut self, more: usize) -> PyResult<()> {
        let result = if self.is_empty() { self.try_reserve_exact(more) } else { self.try_reserve(more) };
        result.map_err(|_| Raised::no_memory())
    }

    #[inline]
    fn try_push(&mut self, item: T) -> PyResult<()> {
        if self.len() == self.capacity() && self.try_reserve(1).is_err() {
            return Err(Raised::no_memory());
        }
        self.push(item);
        Ok(())
    }

    fn try_extend(&mut self, items: &[T]) -> PyResult<()>
    where
        T: Clone,
    {
        self.make_room(items.len())?;
        self.extend_from_slice(items);
        Ok(())
    }
}

/// Growth of texts.
pub trait GrowText {
    fn try_push_str(&mut self, text: &str) -> PyResult<()>;
}

impl GrowText for String {
    fn try_push_str(&mut self, text: &str) -> PyResult<()> {
        self.try_reserve(text.len()).map_err(|_| Raised::no_memory())?;
        self.push_str(text);
        Ok(())
    }
}

/// `format!`, MemoryError when there is no room for the text.
pub fn format_text(arguments: fmt::Arguments<'_>) -> PyResult<String> {
    struct Text(String);

    impl fmt::Write for Text {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.try_reserve(text.len()).map_err(|_| fmt::Error)?;
            self.0.push_str(text);
            Ok(())
        }
    }

    let mut text = Text(String::new());
    match fmt::Write::write_fmt(&mut text, arguments) {
        Ok(()) => Ok(text.0),
        Err(_) => Err(Raised::no_memory()),
    }
}

/// The parts with `separator` between them.
pub fn join_text(parts: &[String], separator: &str) -> PyResult<String> {
    let mut text = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            text.try_push_str(separator)?;
        }
        text.try_push_str(part)?;
    }
    Ok(text)
}

/// A list where nothing may fail, as of what a dying object leaves to do: none of its blocks is larger than what the reserve
/// behind Rust's own allocations gives.
pub struct Pile<T> {
    full: Vec<Vec<T>>,
    last: Vec<T>,
}

impl<T> Default for Pile<T> {
    fn default() -> Self {
        Pile::new()
    }
}

impl<T> Pile<T> {
    /// A power of two, as the capacities of a growing vector are.
    const MOST: usize = 1 << (SMALL / size_of::<T>()).ilog2();

    pub const fn new() -> Pile<T> {
        Pile { full: Vec::new(), last: Vec::new() }
    }

    pub fn push(&mut self, item: T) {
        if self.last.len() == Self::MOST {
            self.full.push(core::mem::take(&mut self.last));
        }
        self.last.push(item);
    }

    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.full.iter().chain([&self.last]).flatten()
    }
}

impl<T> IntoIterator for Pile<T> {
    type Item = T;
    type IntoIter = core::iter::Flatten<std::vec::IntoIter<Vec<T>>>;

    fn into_iter(mut self) -> Self::IntoIter {
        self.full.push(self.last);
        self.full.into_iter().flatten()
    }
}

/// Copies of slices.
pub trait TryToVec<T> {
    fn try_to_vec(&self) -> PyResult<Vec<T>>;
}

impl<T: Clone> TryToVec<T> for [T] {
    fn try_to_vec(&self) -> PyResult<Vec<T>> {
        let mut items = vec_with_capacity(self.len())?;
        items.extend_from_slice(self);
        Ok(items)
    }
}

/// Vectors of what iterators give.
pub trait Gather: Iterator + Sized {
    fn gather(self) -> PyResult<Vec<Self::Item>> {
        let mut items = vec_with_capacity(self.size_hint().0)?;
        for item in self {
            items.try_push(item)?;
        }
        Ok(items)
    }
}

impl<I: Iterator> Gather for I {}

/// As [`Gather`], of items that may be exceptions, up to the first of these.
pub trait GatherResults<T>: Iterator<Item = PyResult<T>> + Sized {
    fn gather_results(self) -> PyResult<Vec<T>> {
        let mut items = vec_with_capacity(self.size_hint().0)?;
        for item in self {
            items.try_push(item?)?;
        }
        Ok(items)
    }
}

impl<T, I: Iterator<Item = PyResult<T>>> GatherResults<T> for I {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn piles_keep_the_order_in_small_blocks() {
        let mut pile = Pile::new();
        let count = 3 * Pile::<usize>::MOST + 5;
        (0..count).for_each(|item| pile.push(item));
        assert!(pile.full.iter().chain([&pile.last]).all(|block| block.capacity() * size_of::<usize>() <= SMALL));
        assert!(pile.iter().copied().eq(0..count));
        assert!(pile.into_iter().eq(0..count));
    }
}
