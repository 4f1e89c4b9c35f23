//! Strings as arrays of `wchar_t` and `Py_UCS4`, which are both four bytes here.

use core::ffi::c_void;

use taipan_runtime::memory::domains;
use taipan_runtime::prelude::*;
use taipan_runtime::types::str::copy_wide;

use super::{argument, bad_argument};
use crate::outcome::{bad_internal_call, given};
use crate::parameters::Out;

/// The characters up to the zero.
pub(super) fn length(text: *const u32) -> usize {
    // SAFETY: C passes a string that ends with zero.
    (0..).find(|&at| unsafe { *text.add(at) } == 0).unwrap_or(0)
}

/// The string of `size` wide characters.
pub(super) fn from_wide(text: *const u32, size: usize) -> PyResult<Ref<Str>> {
    if size == 0 {
        return Ok(Str::empty());
    }
    // SAFETY: C passes that many.
    let chars = unsafe { core::slice::from_raw_parts(text, size) };
    match chars.iter().find(|&&c| c > 0x10_ffff) {
        Some(c) => Err(raise!(ValueError, "character U+{c:x} is not in range [U+0000; U+10ffff]")),
        None => Str::from_ucs4(chars),
    }
}

/// Writes the characters and a zero.
///
/// # Safety
/// There is room for one more than the string has.
unsafe fn write(string: &Ref<Str>, target: *mut u32) {
    // SAFETY: by contract.
    unsafe {
        copy_wide(target.cast(), 4, 0, string.data());
        *target.add(string.len()) = 0;
    }
}

/// The characters and a zero in a block of `PyMem_Malloc`.
fn allocated(string: &Ref<Str>) -> PyResult<*mut u32> {
    let size = (string.len() + 1).checked_mul(4).ok_or_else(Raised::no_memory)?;
    let block: *mut c_void = domains::mem_malloc(size);
    if block.is_null() {
        return Err(Raised::no_memory());
    }
    // SAFETY: the block has room.
    unsafe { write(string, block.cast()) };
    Ok(block.cast())
}

capi! {
    fn PyUnicode_FromWideChar(text: *const u32, size: isize) -> PyResult<Ref<Str>> {
        if text.is_null() && size != 0 {
            return Err(bad_internal_call());
        }
        from_wide(text, if size == -1 { length(text) } else { usize::try_from(size).map_err(|_| bad_internal_call())? })
    }

    fn PyUnicode_AsWideChar(string: Option<Borrowed<'_, Object>>, target: *mut u32, size: isize) -> PyResult<isize> {
        let string = argument(given(string)?)?;
        let length = string.len() as isize;
        if target.is_null() {
            return Ok(length + 1);
        }
        if size > length {
            // SAFETY: C says that there is room for the zero too.
            unsafe { write(&string, target) };
            return Ok(length);
        }
        let count = size.max(0) as usize;
        // SAFETY: C says that there is room.
        unsafe { copy_wide(target.cast(), 4, 0, string.data().range(0..count)) };
        Ok(count as isize)
    }

    fn PyUnicode_AsWideCharString(string: Option<Borrowed<'_, Object>>, size: Out<'_, isize>) -> PyResult<*mut u32> {
        let string = argument(given(string)?)?;
        if size.is_null() && string.find_char(0, 0..string.len()).is_some() {
            return Err(raise!(ValueError, "embedded null character"));
        }
        let block = allocated(&string)?;
        size.set(string.len() as isize);
        Ok(block)
    }

    fn PyUnicode_AsUCS4(string: Borrowed<'_, Object>, target: *mut u32, size: isize, copy_null: c_int) -> PyResult<*mut u32> {
        if target.is_null() || size < 0 {
            return Err(bad_internal_call());
        }
        let string = string.downcast::<Str>().ok_or_else(bad_argument)?;
        let needed = string.len() as isize + (copy_null != 0) as isize;
        if size < needed {
            if copy_null != 0 && size > 0 {
                // SAFETY: there is room for one.
                unsafe { *target = 0 };
            }
            return Err(raise!(SystemError, "string is longer than the buffer"));
        }
        // SAFETY: there is room for all.
        unsafe {
            copy_wide(target.cast(), 4, 0, string.data());
            if copy_null != 0 {
                *target.add(string.len()) = 0;
            }
        }
        Ok(target)
    }

    fn PyUnicode_AsUCS4Copy(string: Borrowed<'_, Object>) -> PyResult<*mut u32> {
        allocated(&*argument(string)?)
    }
}
