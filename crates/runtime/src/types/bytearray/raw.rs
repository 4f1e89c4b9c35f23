//! The block of a `bytearray`: where the bytes are, and growing and shrinking it.

use core::ptr;

use super::ByteArray;
use crate::abi::PyByteArrayObject;
use crate::memory;
use crate::prelude::*;
use crate::types::str::scan;

/// What an empty `bytearray` without a block points to.
#[repr(transparent)]
struct Nothing(core::cell::UnsafeCell<[u8; 8]>);

// SAFETY: never written: its users see no bytes but the NUL.
unsafe impl Sync for Nothing {}

static NOTHING: Nothing = Nothing(core::cell::UnsafeCell::new([0; 8]));

/// Where the bytes are; never null.
///
/// # Safety
/// `object` is live.
#[inline(always)]
pub(super) unsafe fn data_ptr(object: *mut PyByteArrayObject) -> *mut u8 {
    // SAFETY: by contract.
    unsafe {
        if (*object).ob_base.ob_size.get() == 0 || (*object).ob_start.get().is_null() {
            NOTHING.0.get().cast()
        } else {
            (*object).ob_start.get().cast()
        }
    }
}

/// BufferError while someone looks at the bytes.
pub(super) fn check_resizable(this: &Ref<ByteArray>) -> PyResult<()> {
    if this.0.ob_exports.get() > 0 {
        return Err(raise!(BufferError, "Existing exports of data: object cannot be re-sized"));
    }
    Ok(())
}

/// Changes the size; new bytes are not defined. (`PyByteArray_Resize`)
pub(super) fn resize(this: &Ref<ByteArray>, size: usize) -> PyResult<()> {
    let old = this.len();
    if size == old {
        return Ok(());
    }
    check_resizable(this)?;
    let object = &this.0;
    let alloc = object.ob_alloc.get() as usize;
    // SAFETY: `ob_start` points into the block, or both are null.
    unsafe {
        let offset = if object.ob_bytes.get().is_null() {
            0
        } else {
            object.ob_start.get().offset_from(object.ob_bytes.get()) as usize
        };
        let Some(needed) = size.checked_add(offset + 1).filter(|&n| n <= isize::MAX as usize) else {
            return Err(Raised::no_memory());
        };
        let new_alloc = if needed <= alloc {
            if size >= alloc / 2 {
                object.ob_base.ob_size.set(size as isize);
                *object.ob_start.get().cast::<u8>().add(size) = 0;
                return Ok(());
            }
            size + 1
        } else if (size as f64) < alloc as f64 * 1.125 {
            size.saturating_add(size >> 3).saturating_add(if size < 9 { 3 } else { 6 })
        } else {
            size + 1
        };
        if new_alloc > isize::MAX as usize {
            return Err(Raised::no_memory());
        }
        let block: *mut u8 = if offset > 0 {
            let block = memory::small::malloc(new_alloc);
            if !block.is_null() {
                ptr::copy_nonoverlapping(object.ob_start.get().cast::<u8>(), block, old.min(size));
                memory::small::free(object.ob_bytes.get().cast());
            }
            block
        } else if object.ob_bytes.get().is_null() {
            memory::small::malloc(new_alloc)
        } else {
            memory::small::realloc(object.ob_bytes.get().cast(), new_alloc)
        };
        if block.is_null() {
            return Err(Raised::no_memory());
        }
        object.ob_bytes.set(block.cast());
        object.ob_start.set(block.cast());
        object.ob_alloc.set(new_alloc as isize);
        object.ob_base.ob_size.set(size as isize);
        *block.add(size) = 0;
    }
    Ok(())
}

/// Replaces the bytes of `lo..hi` by `new`, which is no part of this object.
pub(super) fn splice(this: &Ref<ByteArray>, lo: usize, hi: usize, new: &[u8]) -> PyResult<()> {
    let (old_len, cut) = (this.len(), hi - lo);
    if new.len() < cut {
        check_resizable(this)?;
        let shrink = cut - new.len();
        // SAFETY: the ranges lie within the bytes.
        unsafe {
            if lo == 0 {
                // The front goes by moving the start.
                let start = this.0.ob_start.get().add(shrink);
                this.0.ob_start.set(start);
                this.0.ob_base.ob_size.set((old_len - shrink) as isize);
                shrink_block(this)?;
            } else {
                let data = data_ptr(this.as_raw().cast());
                ptr::copy(data.add(hi), data.add(lo + new.len()), old_len - hi);
                resize(this, old_len - shrink)?;
            }
        }
    } else if new.len() > cut {
        let grow = new.len() - cut;
        let Some(len) = old_len.checked_add(grow).filter(|&len| len < isize::MAX as usize) else {
            return Err(Raised::no_memory());
        };
        resize(this, len)?;
        // SAFETY: the object has grown by `grow`.
        unsafe {
            let data = data_ptr(this.as_raw().cast());
            if hi < old_len {
                ptr::copy(data.add(hi), data.add(hi + grow), old_len - hi);
            }
        }
    }
    // SAFETY: the place exists now, and `new` lies elsewhere.
    unsafe { scan::copy_short(new.as_ptr(), data_ptr(this.as_raw().cast()).add(lo), new.len()) };
    Ok(())
}

/// Appends one byte.
pub(super) fn push(this: &Ref<ByteArray>, byte: u8) -> PyResult<()> {
    let len = this.len();
    resize(this, len + 1)?;
    // SAFETY: the place exists now.
    unsafe { *data_ptr(this.as_raw().cast()).add(len) = byte };
    Ok(())
}

/// Gives memory back when less than half of the block is used.
fn shrink_block(this: &Ref<ByteArray>) -> PyResult<()> {
    let (len, object) = (this.len(), &this.0);
    if len >= object.ob_alloc.get() as usize / 2 {
        return Ok(());
    }
    let block = memory::small::malloc(len + 1);
    if block.is_null() {
        return Err(Raised::no_memory());
    }
    // SAFETY: the new block has room, the old one is this object's.
    unsafe {
        ptr::copy_nonoverlapping(object.ob_start.get().cast::<u8>(), block, len);
        *block.add(len) = 0;
        memory::small::free(object.ob_bytes.get().cast());
    }
    object.ob_bytes.set(block.cast());
    object.ob_start.set(block.cast());
    object.ob_alloc.set(len as isize + 1);
    Ok(())
}

/// Frees the block.
///
/// # Safety
/// Nobody looks at the bytes any more.
pub(super) unsafe fn free_block(object: *mut PyByteArrayObject) {
    // SAFETY: by contract.
    unsafe {
        let block = (*object).ob_bytes.replace(ptr::null_mut());
        (*object).ob_start.set(ptr::null_mut());
        if !block.is_null() {
            memory::small::free(block.cast());
        }
    }
}
