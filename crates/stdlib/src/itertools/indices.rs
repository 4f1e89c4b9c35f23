//! An array of positions that belongs to an iterator. All zero is an empty one.

use core::cell::Cell;

use taipan_runtime::memory::small;
use taipan_runtime::prelude::*;

#[repr(C)]
pub struct Indices {
    items: Cell<*mut usize>,
    len: Cell<usize>,
}

impl Indices {
    /// Gives an empty array the values of `content`.
    pub fn fill(&self, len: usize, content: impl Fn(usize) -> usize) -> PyResult<()> {
        if len == 0 {
            return Ok(());
        }
        let Some(bytes) = len.checked_mul(size_of::<usize>()).filter(|&bytes| bytes <= isize::MAX as usize) else {
            return Err(Raised::no_memory());
        };
        let items: *mut usize = small::malloc(bytes).cast();
        if items.is_null() {
            return Err(Raised::no_memory());
        }
        for index in 0..len {
            // SAFETY: the block has room for `len` items.
            unsafe { items.add(index).write(content(index)) };
        }
        self.items.set(items);
        self.len.set(len);
        Ok(())
    }

    /// The positions. They are only used while no Python code runs.
    #[inline(always)]
    pub fn as_slice(&self) -> &[Cell<usize>] {
        if self.len.get() == 0 {
            return &[];
        }
        // SAFETY: `fill` made the items; a cell is as large as what it holds.
        unsafe { core::slice::from_raw_parts(self.items.get().cast(), self.len.get()) }
    }

    /// # Safety
    /// Nobody uses the array any more.
    pub unsafe fn free(&self) {
        let items = self.items.replace(core::ptr::null_mut());
        self.len.set(0);
        if !items.is_null() {
            // SAFETY: memory from `fill`.
            unsafe { small::free(items.cast()) };
        }
    }
}
