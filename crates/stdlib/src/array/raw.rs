//! The items' memory: the only file that writes `items`, `allocated` and the length.

use core::cell::Cell;
use core::ptr;

use taipan_runtime::abi::{PyObject, PyVarObject};
use taipan_runtime::memory::small;
use taipan_runtime::prelude::*;

use super::kind::Kind;
use crate::support;

/// As `arrayobject` of the reference, of which extensions know the layout.
#[repr(C)]
pub struct Array {
    pub(super) base: PyVarObject,
    items: Cell<*mut u8>,
    /// Room, in items.
    allocated: Cell<isize>,
    kind: Cell<*const Kind>,
    pub(super) weakrefs: Cell<*mut PyObject>,
    /// Views of the items: while there are any, the length does not change.
    pub(super) exports: Cell<isize>,
}

impl Array {
    /// An array of `cls` with `len` items, all bytes zero.
    pub fn create(cls: Borrowed<'_, Type>, kind: &'static Kind, len: usize) -> PyResult<Ref<Array>> {
        let this: Ref<Array> = support::instance(cls)?;
        this.kind.set(kind);
        if len > 0 {
            let size = len.checked_mul(kind.size()).filter(|&size| size <= isize::MAX as usize);
            let Some(size) = size else { return Err(Raised::no_memory()) };
            let items = small::calloc(1, size);
            if items.is_null() {
                return Err(Raised::no_memory());
            }
            this.items.set(items);
            this.allocated.set(len as isize);
            this.base.ob_size.set(len as isize);
        }
        Ok(this)
    }

    #[inline(always)]
    pub fn kind(&self) -> &'static Kind {
        // SAFETY: set by `create` before anyone sees the array.
        unsafe { &*self.kind.get() }
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.base.ob_size.get() as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn allocated_bytes(&self) -> usize {
        self.allocated.get() as usize * self.kind().size()
    }

    #[inline(always)]
    pub fn items_ptr(&self) -> *mut u8 {
        self.items.get()
    }

    /// The bytes of the items. Not to be held while Python code runs.
    pub fn bytes(&self) -> &[u8] {
        if self.items.get().is_null() {
            return &[];
        }
        // SAFETY: so many items are there.
        unsafe { core::slice::from_raw_parts(self.items.get(), self.len() * self.kind().size()) }
    }

    /// The bytes of the items, for writing. Not to be held while Python code runs, nor beside another slice of them.
    #[expect(clippy::mut_from_ref, reason = "the memory belongs to the cell; callers hold one slice at a time")]
    pub fn bytes_mut(&self) -> &mut [u8] {
        if self.items.get().is_null() {
            return &mut [];
        }
        // SAFETY: so many items are there; exports see plain memory.
        unsafe { core::slice::from_raw_parts_mut(self.items.get(), self.len() * self.kind().size()) }
    }

    /// The bits of an item.
    #[inline]
    pub fn bits(&self, index: usize) -> Option<u64> {
        if index >= self.len() {
            return None;
        }
        let kind = self.kind();
        // SAFETY: the index is inside.
        Some(unsafe { kind.read(self.items.get().add(index * kind.size())) })
    }

    #[inline]
    pub fn get(&self, index: usize) -> PyResult<Option<Ref<Object>>> {
        self.bits(index).map(|bits| self.kind().decode(bits)).transpose()
    }

    /// Writes an item that exists.
    #[inline]
    pub fn put(&self, index: usize, bits: u64) -> bool {
        if index >= self.len() {
            return false;
        }
        let kind = self.kind();
        // SAFETY: the index is inside.
        unsafe { kind.write(self.items.get().add(index * kind.size()), bits) };
        true
    }

    pub fn check_exports(&self) -> PyResult<()> {
        if self.exports.get() > 0 {
            return Err(raise!(BufferError, "cannot resize an array that is exporting buffers"));
        }
        Ok(())
    }

    /// Changes the length; new items are undefined bytes that the caller writes.
    pub fn resize(&self, len: usize) -> PyResult<()> {
        if len != self.len() {
            self.check_exports()?;
        }
        let allocated = self.allocated.get() as usize;
        if allocated >= len && self.len() < len + 16 && !self.items.get().is_null() {
            self.base.ob_size.set(len as isize);
            return Ok(());
        }
        if len == 0 {
            let old = self.items.replace(ptr::null_mut());
            self.base.ob_size.set(0);
            self.allocated.set(0);
            // SAFETY: the array owned the block.
            unsafe { small::free(old) };
            return Ok(());
        }
        // Room in proportion, so that appending takes linear time.
        let room = (len >> 4) + if self.len() < 8 { 3 } else { 7 } + len;
        let size = room.checked_mul(self.kind().size()).filter(|&size| size <= isize::MAX as usize);
        let Some(size) = size else { return Err(Raised::no_memory()) };
        // SAFETY: the array owns the block, or it is null.
        let new = unsafe { small::realloc(self.items.get(), size) };
        if new.is_null() {
            return Err(Raised::no_memory());
        }
        self.items.set(new);
        self.base.ob_size.set(len as isize);
        self.allocated.set(room as isize);
        Ok(())
    }

    pub fn push(&self, bits: u64) -> PyResult<()> {
        let len = self.len();
        self.resize(len + 1)?;
        self.put(len, bits);
        Ok(())
    }

    /// Appends bytes, a multiple of the item size. They may be those of the array itself.
    pub fn push_bytes(&self, bytes: *const u8, count: usize) -> PyResult<()> {
        let size = self.kind().size();
        let own = bytes.cast_mut() == self.items.get();
        let old = self.len();
        let Some(len) = old.checked_add(count / size) else { return Err(Raised::no_memory()) };
        self.resize(len)?;
        let source = if own { self.items.get().cast_const() } else { bytes };
        if count > 0 {
            // SAFETY: the resize made room; the old items do not overlap it.
            unsafe { ptr::copy_nonoverlapping(source, self.items.get().add(old * size), count) };
        }
        Ok(())
    }

    /// Replaces `removed` items at `start` by room for `added` ones.
    pub fn splice(&self, start: usize, removed: usize, added: usize) -> PyResult<()> {
        let (len, size) = (self.len(), self.kind().size());
        let tail = len - start - removed;
        let moved = |items: *mut u8| {
            if tail > 0 {
                // SAFETY: both places are inside the larger of the two lengths.
                unsafe {
                    ptr::copy(items.add((start + removed) * size), items.add((start + added) * size), tail * size);
                }
            }
        };
        if added > removed {
            let Some(new) = len.checked_add(added - removed) else { return Err(Raised::no_memory()) };
            self.resize(new)?;
            moved(self.items.get());
        } else if added < removed {
            self.check_exports()?;
            moved(self.items.get());
            self.resize(len - (removed - added))?;
        }
        Ok(())
    }

    /// Frees the items, at the end.
    ///
    /// # Safety
    /// Nobody uses the array any more.
    pub unsafe fn free_items(&self) {
        // SAFETY: the array owned the block, or it is null.
        unsafe { small::free(self.items.replace(ptr::null_mut())) };
    }
}
