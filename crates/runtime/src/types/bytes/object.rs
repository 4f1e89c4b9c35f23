//! What native code does with byte strings. Nothing here runs Python code.

use core::{ptr, slice};

use super::{Bytes, raw};
use crate::abi::PyBytesObject;
use crate::memory;
use crate::prelude::*;
use crate::types::hash;
use crate::types::str::scan;

impl Bytes {
    #[inline(always)]
    pub fn empty() -> Ref<Bytes> {
        // SAFETY: static.
        unsafe { Ref::from_owned_ptr(raw::empty_raw()) }
    }

    #[inline(always)]
    pub fn single(byte: u8) -> Ref<Bytes> {
        // SAFETY: static.
        unsafe { Ref::from_owned_ptr(raw::single_raw(byte)) }
    }

    pub fn from_slice(data: &[u8]) -> PyResult<Ref<Bytes>> {
        match data {
            [] => Ok(Bytes::empty()),
            [byte] => Ok(Bytes::single(*byte)),
            _ => {
                let object = Bytes::uninit(data.len())?;
                // SAFETY: the new object has room.
                unsafe { scan::copy_short(data.as_ptr(), object.data_mut_ptr(), data.len()) };
                Ok(object)
            }
        }
    }

    /// A new object whose bytes the caller writes before anyone sees it; `len` is above 1.
    pub(crate) fn uninit(len: usize) -> PyResult<Ref<Bytes>> {
        let object = raw::new_raw(len)?;
        // SAFETY: a new object with one count.
        Ok(unsafe { Ref::from_owned_ptr(object) })
    }

    /// `len` bytes, all of which `fill` writes without looking at them.
    #[inline]
    pub fn filled(len: usize, fill: impl FnOnce(&mut [u8])) -> PyResult<Ref<Bytes>> {
        if len < 2 {
            let mut short = [0];
            fill(&mut short[..len]);
            return Bytes::from_slice(&short[..len]);
        }
        let object = Bytes::uninit(len)?;
        // SAFETY: the new object has `len` bytes.
        fill(unsafe { slice::from_raw_parts_mut(object.data_mut_ptr(), len) });
        Ok(object)
    }

    /// `len` bytes that `fill` writes; they are zero when it is called. `fill` says how many count.
    pub fn with_filled(len: usize, fill: impl FnOnce(&mut [u8]) -> PyResult<usize>) -> PyResult<Ref<Bytes>> {
        let mut builder = BytesBuilder::with_capacity(len)?;
        builder.push_fill(0, len)?;
        let used = fill(builder.as_mut_slice())?;
        builder.truncate(used);
        builder.finish()
    }

    /// `left + right`.
    pub fn concat_slices(left: &[u8], right: &[u8]) -> PyResult<Ref<Bytes>> {
        let Some(len) = left.len().checked_add(right.len()).filter(|&len| len <= isize::MAX as usize) else {
            return Err(Raised::no_memory());
        };
        if len < 2 {
            return Bytes::from_slice(if left.is_empty() { right } else { left });
        }
        let object = Bytes::uninit(len)?;
        // SAFETY: the new object has room for both.
        unsafe {
            scan::copy_short(left.as_ptr(), object.data_mut_ptr(), left.len());
            scan::copy_short(right.as_ptr(), object.data_mut_ptr().add(left.len()), right.len());
        }
        Ok(object)
    }
}

impl Ref<Bytes> {
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.0.ob_base.ob_size.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    pub(crate) fn data_mut_ptr(&self) -> *mut u8 {
        // SAFETY: a live object.
        unsafe { raw::data_ptr(self.as_raw().cast()) }
    }

    #[inline(always)]
    pub fn as_slice(&self) -> &[u8] {
        // SAFETY: `len` bytes are there and do not change.
        unsafe { slice::from_raw_parts(self.data_mut_ptr(), self.len()) }
    }

    /// `hash(self)` of the exact type.
    #[inline]
    pub fn hash_value(&self) -> isize {
        let known = self.0.ob_shash.get();
        if known != -1 {
            return known;
        }
        let hash = hash::bytes(self.as_slice());
        self.0.ob_shash.set(hash);
        hash
    }

    /// The object itself if its type is exactly `bytes`, else a copy that is.
    pub fn to_exact(&self) -> PyResult<Ref<Bytes>> {
        if self.is_exact::<Bytes>() { Ok(self.clone()) } else { Bytes::from_slice(self.as_slice()) }
    }
}

/// A byte string under construction, built in place: the finished object is the buffer.
pub struct BytesBuilder {
    /// Memory for an object of `capacity` bytes, or null. The head is written by `finish`.
    block: *mut PyBytesObject,
    len: usize,
    capacity: usize,
}

impl Default for BytesBuilder {
    fn default() -> Self {
        BytesBuilder::new()
    }
}

impl BytesBuilder {
    pub const fn new() -> BytesBuilder {
        BytesBuilder { block: ptr::null_mut(), len: 0, capacity: 0 }
    }

    pub fn with_capacity(capacity: usize) -> PyResult<BytesBuilder> {
        let mut builder = BytesBuilder::new();
        if capacity > 0 {
            builder.reallocate(capacity)?;
        }
        Ok(builder)
    }

    fn reallocate(&mut self, capacity: usize) -> PyResult<()> {
        let size = capacity.checked_add(raw::HEAD_SIZE).filter(|&size| size <= isize::MAX as usize);
        let Some(size) = size.map(|size| size.max(size_of::<PyBytesObject>())) else {
            return Err(Raised::no_memory());
        };
        // SAFETY: the block is this builder's.
        let block = unsafe {
            if self.block.is_null() {
                memory::small::malloc(size).cast::<PyBytesObject>()
            } else {
                memory::small::realloc(self.block.cast(), size).cast::<PyBytesObject>()
            }
        };
        if block.is_null() {
            return Err(Raised::no_memory());
        }
        self.block = block;
        self.capacity = capacity;
        Ok(())
    }

    #[inline]
    pub fn reserve(&mut self, more: usize) -> PyResult<()> {
        if more <= self.capacity - self.len {
            return Ok(());
        }
        let Some(needed) = self.len.checked_add(more) else { return Err(Raised::no_memory()) };
        self.reallocate(needed.saturating_add(needed / 4).max(32))
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn as_slice(&self) -> &[u8] {
        if self.block.is_null() {
            return &[];
        }
        // SAFETY: `len` bytes are written.
        unsafe { slice::from_raw_parts(raw::data_ptr(self.block), self.len) }
    }

    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        if self.block.is_null() {
            return &mut [];
        }
        // SAFETY: `len` bytes are written, and the block is this builder's.
        unsafe { slice::from_raw_parts_mut(raw::data_ptr(self.block), self.len) }
    }

    #[inline]
    pub fn push(&mut self, data: &[u8]) -> PyResult<()> {
        if data.is_empty() {
            return Ok(());
        }
        self.reserve(data.len())?;
        // SAFETY: there is room, and the block is this builder's alone.
        unsafe { ptr::copy_nonoverlapping(data.as_ptr(), raw::data_ptr(self.block).add(self.len), data.len()) };
        self.len += data.len();
        Ok(())
    }

    #[inline(always)]
    pub fn push_byte(&mut self, byte: u8) -> PyResult<()> {
        if self.len == self.capacity {
            self.reserve(1)?;
        }
        // SAFETY: there is room.
        unsafe { *raw::data_ptr(self.block).add(self.len) = byte };
        self.len += 1;
        Ok(())
    }

    pub fn push_fill(&mut self, byte: u8, count: usize) -> PyResult<()> {
        if count == 0 {
            return Ok(());
        }
        self.reserve(count)?;
        // SAFETY: there is room.
        unsafe { ptr::write_bytes(raw::data_ptr(self.block).add(self.len), byte, count) };
        self.len += count;
        Ok(())
    }

    /// Room for at least `more` bytes behind the written ones, to be filled from outside; `advance` then says how many.
    pub fn spare(&mut self, more: usize) -> PyResult<(*mut u8, usize)> {
        self.reserve(more)?;
        if self.block.is_null() {
            return Ok((ptr::null_mut(), 0));
        }
        // SAFETY: the written bytes are part of the block.
        Ok((unsafe { raw::data_ptr(self.block).add(self.len) }, self.capacity - self.len))
    }

    /// Counts `count` bytes of [`BytesBuilder::spare`] as written.
    ///
    /// # Safety
    /// They are, and were part of that room.
    pub unsafe fn advance(&mut self, count: usize) {
        self.len += count;
    }

    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub fn finish(mut self) -> PyResult<Ref<Bytes>> {
        match self.as_slice() {
            [] => return Ok(Bytes::empty()),
            [byte] => return Ok(Bytes::single(*byte)),
            _ => {}
        }
        if self.capacity != self.len {
            self.reallocate(self.len)?;
        }
        let block = core::mem::replace(&mut self.block, ptr::null_mut());
        // SAFETY: the block has the size of that object and the bytes are written.
        unsafe {
            raw::init_raw(block, self.len);
            Ok(Ref::from_owned_ptr(block))
        }
    }
}

impl Drop for BytesBuilder {
    fn drop(&mut self) {
        if !self.block.is_null() {
            // SAFETY: the block is this builder's.
            unsafe { memory::small::free(self.block.cast()) }
        }
    }
}
