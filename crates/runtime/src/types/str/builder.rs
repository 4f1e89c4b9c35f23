//! `StrBuilder`: a string that grows at its end and widens when a character needs it.
//!
//! **Invariant:** the width is that of the widest character pushed, so the finished string needs no second look.
//! CPython: `_PyUnicodeWriter`.

use core::ptr;

use super::Str;
use super::object::{StrData, copy_wide, each_kind};
use super::raw::{self, Width};
use crate::abi::PyASCIIObject;
use crate::memory;
use crate::prelude::*;

/// A string under construction. Its block has room for the head of a compact string of the present width.
pub struct StrBuilder {
    block: *mut u8,
    /// Where the characters begin: `block` plus the size of the head.
    data: *mut u8,
    len: usize,
    /// Characters that fit, the closing zero not counted.
    capacity: usize,
    width: Width,
}

impl Default for StrBuilder {
    fn default() -> Self {
        StrBuilder::new()
    }
}

impl StrBuilder {
    #[inline]
    pub const fn new() -> StrBuilder {
        StrBuilder { block: ptr::null_mut(), data: ptr::null_mut(), len: 0, capacity: 0, width: Width::Ascii }
    }

    /// Room for `len` characters of the given width to begin with.
    pub fn with_capacity(len: usize) -> PyResult<StrBuilder> {
        let mut builder = StrBuilder::new();
        if len > 0 {
            builder.reallocate(len)?;
        }
        Ok(builder)
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// What has been written.
    pub fn data(&self) -> StrData<'_> {
        if self.block.is_null() {
            return StrData::Ucs1(&[]);
        }
        // SAFETY: `len` characters of the width are written.
        unsafe {
            match self.width.size() {
                1 => StrData::Ucs1(core::slice::from_raw_parts(self.data, self.len)),
                2 => StrData::Ucs2(core::slice::from_raw_parts(self.data.cast(), self.len)),
                _ => StrData::Ucs4(core::slice::from_raw_parts(self.data.cast(), self.len)),
            }
        }
    }

    /// Gives the block room for exactly `capacity` characters.
    fn reallocate(&mut self, capacity: usize) -> PyResult<()> {
        let Some(size) = raw::compact_size(capacity, self.width) else { return Err(Raised::no_memory()) };
        // SAFETY: the block is this builder's; `realloc` of null allocates.
        let block = unsafe {
            if self.block.is_null() {
                memory::small::malloc(size).cast::<u8>()
            } else {
                memory::small::realloc(self.block.cast(), size).cast::<u8>()
            }
        };
        if block.is_null() {
            return Err(Raised::no_memory());
        }
        self.block = block;
        // SAFETY: the head is part of the block.
        self.data = unsafe { block.add(self.width.data_offset()) };
        self.capacity = capacity;
        Ok(())
    }

    /// Room for `more` characters no wider than `width`.
    #[inline(always)]
    pub fn reserve(&mut self, more: usize, width: Width) -> PyResult<()> {
        if width <= self.width && more <= self.capacity - self.len {
            return Ok(());
        }
        self.reserve_slow(more, width)
    }

    #[cold]
    #[inline(never)]
    fn reserve_slow(&mut self, more: usize, width: Width) -> PyResult<()> {
        let Some(needed) = self.len.checked_add(more) else { return Err(Raised::no_memory()) };
        let capacity = if needed <= self.capacity { self.capacity } else { needed.saturating_add(needed / 4).max(16) };
        if width <= self.width {
            return self.reallocate(capacity);
        }
        let mut wider = StrBuilder { width, ..StrBuilder::new() };
        wider.reallocate(capacity)?;
        // SAFETY: the new block has room for what was written.
        unsafe { copy_wide(wider.data, width.size(), 0, self.data()) };
        wider.len = self.len;
        *self = wider;
        Ok(())
    }

    /// Appends a code point (surrogates allowed).
    #[inline(always)]
    pub fn push(&mut self, c: u32) -> PyResult<()> {
        if c > self.width.limit() || self.len == self.capacity {
            self.reserve_slow(1, Width::of(c))?;
        }
        // SAFETY: there is room, and the width suffices.
        unsafe {
            match self.width.size() {
                1 => *self.data.add(self.len) = c as u8,
                2 => *self.data.cast::<u16>().add(self.len) = c as u16,
                _ => *self.data.cast::<u32>().add(self.len) = c,
            }
        }
        self.len += 1;
        Ok(())
    }

    pub fn push_char(&mut self, c: char) -> PyResult<()> {
        self.push(c as u32)
    }

    pub fn push_str(&mut self, text: &str) -> PyResult<()> {
        if text.is_ascii() {
            return self.push_ascii(text.as_bytes());
        }
        text.chars().try_for_each(|c| self.push(c as u32))
    }

    /// Appends ASCII bytes.
    #[inline]
    pub fn push_ascii(&mut self, bytes: &[u8]) -> PyResult<()> {
        debug_assert!(bytes.is_ascii());
        // SAFETY: ASCII by contract of this function's callers.
        unsafe { self.push_data_of_width(StrData::Ucs1(bytes), Width::Ascii) }
    }

    /// Appends characters of a piece of a string.
    #[inline]
    pub fn push_data(&mut self, data: StrData<'_>) -> PyResult<()> {
        // SAFETY: the width is that of the characters.
        unsafe { self.push_data_of_width(data, data.width()) }
    }

    /// # Safety
    /// No character is wider than `width`.
    pub(crate) unsafe fn push_data_of_width(&mut self, data: StrData<'_>, width: Width) -> PyResult<()> {
        if data.is_empty() {
            return Ok(());
        }
        self.reserve(data.len(), width)?;
        // SAFETY: there is room, and the width suffices.
        unsafe { copy_wide(self.data, self.width.size(), self.len, data) };
        self.len += data.len();
        Ok(())
    }

    /// Appends a whole string.
    #[inline]
    pub fn push_object(&mut self, string: &Ref<Str>) -> PyResult<()> {
        // SAFETY: a string knows its width.
        unsafe { self.push_data_of_width(string.data(), string.width()) }
    }

    /// Appends a part of a string.
    pub fn push_substring(&mut self, string: &Ref<Str>, range: core::ops::Range<usize>) -> PyResult<()> {
        let data = string.data().range(range);
        if string.is_ascii() {
            // SAFETY: a part of an ASCII string is ASCII.
            return unsafe { self.push_data_of_width(data, Width::Ascii) };
        }
        self.push_data(data)
    }

    /// Appends `count` times the character `c`.
    pub fn push_fill(&mut self, c: u32, count: usize) -> PyResult<()> {
        if count == 0 {
            return Ok(());
        }
        self.reserve(count, Width::of(c))?;
        // SAFETY: there is room, and the width suffices.
        unsafe {
            match self.width.size() {
                1 => ptr::write_bytes(self.data.add(self.len), c as u8, count),
                2 => (0..count).for_each(|i| *self.data.cast::<u16>().add(self.len + i) = c as u16),
                _ => (0..count).for_each(|i| *self.data.cast::<u32>().add(self.len + i) = c),
            }
        }
        self.len += count;
        Ok(())
    }

    /// Replaces what was written from `at` on by `data`, as far as that reaches, and appends the rest. The width then may be
    /// larger than needed.
    pub fn overwrite(&mut self, at: usize, data: StrData<'_>) -> PyResult<()> {
        let inside = data.len().min(self.len.saturating_sub(at));
        self.reserve(data.len() - inside, data.width())?;
        if inside > 0 {
            // SAFETY: the range was written before, and the width suffices.
            unsafe { copy_wide(self.data, self.width.size(), at, data.range(0..inside)) };
        }
        self.push_data(data.range(inside..data.len()))
    }

    /// Forgets what was written behind `len`. The width then may be larger than needed.
    pub fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// Forgets what was written behind `len`. The width then may be larger than needed, which `finish` mends.
    pub fn truncate_narrowing(&mut self, len: usize) -> PyResult<()> {
        if len >= self.len {
            return Ok(());
        }
        self.len = len;
        let width = self.data().width();
        if width < self.width {
            let mut narrow = StrBuilder::new();
            each_kind!(self.data(), data => {
                for &c in data {
                    narrow.push(u32::from(c))?;
                }
            });
            *self = narrow;
        }
        Ok(())
    }

    /// The string, in a narrower form if the width reserved was not needed.
    pub fn finish_narrowed(self) -> PyResult<Ref<Str>> {
        if self.data().width() < self.width { Str::from_data(self.data()) } else { self.finish() }
    }

    /// The string.
    pub fn finish(mut self) -> PyResult<Ref<Str>> {
        if self.len == 0 {
            return Ok(Str::empty());
        }
        if self.len == 1 && self.width.size() == 1 {
            // SAFETY: one character is written.
            return Ok(Str::latin1_char(unsafe { *self.data }));
        }
        // Less than the step between the sizes of blocks is not worth a second look.
        if (self.capacity - self.len) * self.width.size() >= 16 {
            let len = self.len;
            self.reallocate(len)?;
        }
        let block = core::mem::replace(&mut self.block, ptr::null_mut()).cast::<PyASCIIObject>();
        // SAFETY: the block has the size of that string and the characters are written.
        unsafe {
            raw::init_compact(block, self.len, self.width);
            Ok(Ref::from_owned_ptr(block))
        }
    }
}

impl Drop for StrBuilder {
    fn drop(&mut self) {
        if !self.block.is_null() {
            // SAFETY: the block is this builder's.
            unsafe { memory::small::free(self.block.cast()) }
        }
    }
}

/// `write!` into a builder; the error of `fmt` stands for a raised MemoryError.
impl core::fmt::Write for StrBuilder {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.push_str(text).map_err(|raised| {
            raised.clear();
            core::fmt::Error
        })
    }
}
