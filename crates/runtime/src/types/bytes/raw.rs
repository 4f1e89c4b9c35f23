//! Memory of byte strings: allocation and the static ones.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use super::Bytes;
use crate::abi::{PyBytesObject, PyTypeObject, PyVarObject};
use crate::memory;
use crate::object::header;
use crate::prelude::*;

/// Bytes of an object beside its content: the head and the NUL (`PyBytesObject_SIZE`).
pub const HEAD_SIZE: usize = offset_of!(PyBytesObject, ob_sval) + 1;

/// A new exact object of `len` bytes, not yet written but for the NUL at the end.
#[inline]
pub fn new_raw(len: usize) -> PyResult<*mut PyBytesObject> {
    let Some(size) = len.checked_add(HEAD_SIZE).filter(|&size| size <= isize::MAX as usize) else {
        return Err(raise!(OverflowError, "byte string is too large"));
    };
    // SAFETY: the block is as long as said.
    unsafe {
        let block = memory::small::malloc(size.max(size_of::<PyBytesObject>())).cast::<PyBytesObject>();
        if block.is_null() {
            return Err(Raised::no_memory());
        }
        init_raw(block, len);
        Ok(block)
    }
}

/// Writes the head and the closing NUL.
///
/// # Safety
/// `block` has room for `len + HEAD_SIZE` bytes.
#[inline(always)]
pub(super) unsafe fn init_raw(block: *mut PyBytesObject, len: usize) {
    // SAFETY: by contract.
    unsafe {
        header::init(block.cast(), Bytes::TYPE);
        (*block).ob_base.ob_size.set(len as isize);
        (*block).ob_shash.set(-1);
        *data_ptr(block).add(len) = 0;
    }
}

/// Changes the size of an object that nobody else has seen; it may move. (`_PyBytes_Resize`)
///
/// # Safety
/// `object` is an exact byte string of this allocator with one count; after an error it is still there.
pub unsafe fn resize_raw(object: *mut PyBytesObject, len: usize) -> PyResult<*mut PyBytesObject> {
    let Some(size) = len.checked_add(HEAD_SIZE).filter(|&size| size <= isize::MAX as usize) else {
        return Err(Raised::no_memory());
    };
    // SAFETY: by contract.
    unsafe {
        let block = memory::small::realloc(object.cast(), size.max(size_of::<PyBytesObject>())).cast::<PyBytesObject>();
        if block.is_null() {
            return Err(Raised::no_memory());
        }
        (*block).ob_base.ob_size.set(len as isize);
        (*block).ob_shash.set(-1);
        *data_ptr(block).add(len) = 0;
        Ok(block)
    }
}

/// Where the bytes are.
///
/// # Safety
/// `object` points to a byte string.
#[inline(always)]
pub unsafe fn data_ptr(object: *mut PyBytesObject) -> *mut u8 {
    // SAFETY: a constant offset in the object.
    unsafe { object.cast::<u8>().add(offset_of!(PyBytesObject, ob_sval)) }
}

/// A new instance of a subclass with these bytes.
///
/// # Safety
/// `cls` is a subtype of `bytes`.
pub unsafe fn new_subclass_instance(cls: *mut PyTypeObject, value: &[u8]) -> PyResult<Ref<Bytes>> {
    // SAFETY: `tp_alloc` gives zeroed memory for that many items and one more byte.
    unsafe {
        let object = memory::object::alloc(cls, value.len() as isize)?.cast::<PyBytesObject>();
        (*object).ob_shash.set(-1);
        ptr::copy_nonoverlapping(value.as_ptr(), data_ptr(object), value.len());
        Ok(Ref::from_owned_ptr(object))
    }
}

/// The fields of `PyBytesObject` with room for the NUL made explicit.
#[repr(C)]
struct StaticBytes {
    ob_base: PyVarObject,
    ob_shash: Cell<isize>,
    ob_sval: [Cell<u8>; 8],
}
const _: () = assert!(size_of::<StaticBytes>() == size_of::<PyBytesObject>());

#[repr(transparent)]
struct Shared<T>(T);

// SAFETY: the cells inside are touched only while the GIL is held.
unsafe impl<T> Sync for Shared<T> {}

const fn static_bytes(len: isize, byte: u8) -> StaticBytes {
    StaticBytes {
        ob_base: PyVarObject::immortal(Bytes::TYPE, len),
        ob_shash: Cell::new(-1),
        ob_sval: {
            let tail = [const { Cell::new(0) }; 8];
            let mut tail = tail;
            tail[0] = Cell::new(byte);
            tail
        },
    }
}

static EMPTY: Shared<StaticBytes> = Shared(static_bytes(0, 0));

static SINGLE: Shared<[StaticBytes; 256]> = Shared({
    let mut all = [const { static_bytes(1, 0) }; 256];
    let mut byte = 0;
    while byte < 256 {
        all[byte] = static_bytes(1, byte as u8);
        byte += 1;
    }
    all
});

#[inline(always)]
pub fn empty_raw() -> *mut PyBytesObject {
    (&raw const EMPTY).cast_mut().cast()
}

#[inline(always)]
pub fn single_raw(byte: u8) -> *mut PyBytesObject {
    (&raw const SINGLE.0[byte as usize]).cast_mut().cast()
}
