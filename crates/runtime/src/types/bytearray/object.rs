//! What native code does with a `bytearray`. Nothing here runs Python code.

use core::slice;

use super::{ByteArray, raw};
use crate::memory;
use crate::prelude::*;

impl ByteArray {
    pub fn new() -> PyResult<Ref<ByteArray>> {
        // SAFETY: zeroed fields are those of an empty object without a block.
        unsafe { Ok(Ref::from_owned_ptr(memory::object::new::<ByteArray>()?)) }
    }

    pub fn from_slice(data: &[u8]) -> PyResult<Ref<ByteArray>> {
        let object = ByteArray::new()?;
        object.extend(data)?;
        Ok(object)
    }
}

impl Ref<ByteArray> {
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.0.ob_base.ob_size.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    pub fn data_mut_ptr(&self) -> *mut u8 {
        // SAFETY: a live object.
        unsafe { raw::data_ptr(self.as_raw().cast()) }
    }

    /// The bytes. Not to be held across anything that can change the object: Python code above all.
    #[inline(always)]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `len` bytes are there.
        unsafe { slice::from_raw_parts(self.data_mut_ptr(), self.len()) }
    }

    /// Changes the size; BufferError while there are exports. New bytes are not defined.
    pub fn resize(&self, size: usize) -> PyResult<()> {
        raw::resize(self, size)
    }

    /// Appends bytes that are no part of this object.
    pub fn extend(&self, data: &[u8]) -> PyResult<()> {
        let len = self.len();
        raw::splice(self, len, len, data)
    }

    /// Replaces `range` by `data`, which is no part of this object.
    pub fn splice(&self, range: core::ops::Range<usize>, data: &[u8]) -> PyResult<()> {
        raw::splice(self, range.start, range.end, data)
    }
}

/// Keeps an array from being resized, as an export does, while code that it cannot trust runs.
pub struct Pinned<'a>(&'a Ref<ByteArray>);

impl<'a> Pinned<'a> {
    pub fn new(array: &'a Ref<ByteArray>) -> Pinned<'a> {
        array.0.ob_exports.set(array.0.ob_exports.get() + 1);
        Pinned(array)
    }
}

impl Drop for Pinned<'_> {
    fn drop(&mut self) {
        self.0.0.ob_exports.set(self.0.0.ob_exports.get() - 1);
    }
}
