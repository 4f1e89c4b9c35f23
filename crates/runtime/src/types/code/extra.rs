//! What tools attach to code objects: an array of pointers, each place with a function that frees what stands there.
//!
//! CPython: `PyUnstable_Code_GetExtra`, `_PyCodeObjectExtra` of `Objects/codeobject.c`.

use core::cell::Cell;
use core::ffi::c_void;
use core::ptr;

use super::Code;
use crate::memory::domains;
use crate::prelude::*;

/// What frees a value.
pub type FreeFunction = unsafe extern "C" fn(*mut c_void);

/// The most places.
const MOST: usize = 255;

struct Places {
    free: [Cell<Option<FreeFunction>>; MOST],
    count: Cell<usize>,
}

// SAFETY: read and written under the GIL.
unsafe impl Sync for Places {}

static PLACES: Places = Places { free: [const { Cell::new(None) }; MOST], count: Cell::new(0) };

/// The count, and the pointers behind it.
#[repr(C)]
struct Extra {
    size: usize,
    values: [*mut c_void; 0],
}

/// A new place (`PyUnstable_Eval_RequestCodeExtraIndex`); `None` when there are too many.
pub fn request_index(free: Option<FreeFunction>) -> Option<usize> {
    let index = PLACES.count.get();
    PLACES.free.get(index)?.set(free);
    PLACES.count.set(index + 1);
    Some(index)
}

impl Ref<Code> {
    fn extra(&self) -> *mut Extra {
        self.0.co_extra.get().cast()
    }

    /// The value at a place, null where there is none.
    pub fn extra_value(&self, index: usize) -> *mut c_void {
        let extra = self.extra();
        // SAFETY: null or an array of that many pointers.
        unsafe {
            if extra.is_null() || index >= (*extra).size {
                return ptr::null_mut();
            }
            *(&raw const (*extra).values).cast::<*mut c_void>().add(index)
        }
    }

    /// Stores a value; the old one is freed.
    pub fn set_extra_value(&self, index: usize, value: *mut c_void) -> PyResult<()> {
        let count = PLACES.count.get();
        if index >= count {
            return Err(crate::object::args::rt::bad_internal_call());
        }
        // SAFETY: the block is the code object's; it grows to one pointer for each place.
        unsafe {
            let mut extra = self.extra();
            let size = if extra.is_null() { 0 } else { (*extra).size };
            if index >= size {
                let bytes = size_of::<Extra>() + count * size_of::<*mut c_void>();
                extra = domains::mem_realloc(extra.cast(), bytes).cast();
                if extra.is_null() {
                    return Err(Raised::no_memory());
                }
                let values = (&raw mut (*extra).values).cast::<*mut c_void>();
                values.add(size).write_bytes(0, count - size);
                (*extra).size = count;
                self.0.co_extra.set(extra.cast());
            }
            let place = (&raw mut (*extra).values).cast::<*mut c_void>().add(index);
            let old = ptr::replace(place, value);
            if !old.is_null()
                && let Some(free) = PLACES.free[index].get()
            {
                free(old);
            }
        }
        Ok(())
    }
}

/// Frees all values of a code object that goes away.
///
/// # Safety
/// `extra` is its array and not used afterwards.
pub(super) unsafe fn drop_all(extra: *mut c_void) {
    // SAFETY: by contract.
    unsafe {
        let array = extra.cast::<Extra>();
        for index in 0..(*array).size {
            let value = *(&raw const (*array).values).cast::<*mut c_void>().add(index);
            if !value.is_null()
                && let Some(free) = PLACES.free.get(index).and_then(Cell::get)
            {
                free(value);
            }
        }
        domains::mem_free(extra);
    }
}
