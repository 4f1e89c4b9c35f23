//! Type objects as memory: flags, subtype tests, slots by offset, and the exception-free questions that everything asks.
//!
//! Slot offsets are offsets in `PyHeapTypeObject`, for static types too: [`slot`] maps those of the method suites to the
//! suites that a static type points to. CPython: the macros of `Include/object.h`, `slotptr` in `Objects/typeobject.c`.

use core::mem::offset_of;
use core::ptr;

use crate::abi::*;
use crate::prelude::*;

/// A type object of C.
pub type TypePtr = *mut PyTypeObject;

/// # Safety
/// `ty` is a live type.
#[inline(always)]
pub unsafe fn has_flag(ty: TypePtr, flag: u64) -> bool {
    // SAFETY: by contract.
    unsafe { (*ty).tp_flags.get() & flag != 0 }
}

/// # Safety
/// `ty` is a live type.
#[inline(always)]
pub unsafe fn add_flags(ty: TypePtr, flags: u64) {
    // SAFETY: by contract.
    unsafe { (*ty).tp_flags.set((*ty).tp_flags.get() | flags) }
}

/// # Safety
/// `ty` is a live type.
#[inline(always)]
pub unsafe fn clear_flags(ty: TypePtr, flags: u64) {
    // SAFETY: by contract.
    unsafe { (*ty).tp_flags.set((*ty).tp_flags.get() & !flags) }
}

/// # Safety
/// `ty` is a live type.
#[inline(always)]
pub unsafe fn is_heap_type(ty: TypePtr) -> bool {
    // SAFETY: by contract.
    unsafe { has_flag(ty, Py_TPFLAGS_HEAPTYPE) }
}

/// Whether `a` is `b` or derives from it (`PyType_IsSubtype`).
///
/// # Safety
/// Both are live types.
#[inline]
pub unsafe fn is_subtype_raw(a: TypePtr, b: TypePtr) -> bool {
    if a == b {
        return true;
    }
    // SAFETY: by contract; the MRO of a type is a tuple of types.
    unsafe {
        let mro = (*a).tp_mro.get().cast::<PyTupleObject>();
        if mro.is_null() {
            return is_subtype_by_base(a, b);
        }
        let length = (*mro).ob_base.ob_size.get() as usize;
        let items = (&raw const (*mro).ob_item).cast::<TypePtr>();
        // The first entry is `a` itself nearly always, and known to differ.
        (0..length).any(|index| *items.add(index) == b)
    }
}

/// The same for a type that is not ready yet.
#[cold]
unsafe fn is_subtype_by_base(mut a: TypePtr, b: TypePtr) -> bool {
    while !a.is_null() {
        if a == b {
            return true;
        }
        // SAFETY: bases of a live type are live.
        a = unsafe { (*a).tp_base.get() };
    }
    b == <Object as PyLayout>::TYPE
}

/// Whether `object` is a type, by the flag (`PyType_Check`).
///
/// # Safety
/// `object` is live.
#[inline(always)]
pub unsafe fn is_type(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { has_flag((*object).ob_type.get(), Py_TPFLAGS_TYPE_SUBCLASS) }
}

/// The address of a slot, given by its offset in `PyHeapTypeObject`; null where a static type lacks the suite.
/// All slots are one nullable function pointer.
///
/// # Safety
/// `ty` is a live type and `offset` that of a slot.
pub unsafe fn slot(ty: TypePtr, offset: usize) -> *mut *mut c_void {
    const ASYNC: usize = offset_of!(PyHeapTypeObject, as_async);
    const NUMBER: usize = offset_of!(PyHeapTypeObject, as_number);
    const MAPPING: usize = offset_of!(PyHeapTypeObject, as_mapping);
    const SEQUENCE: usize = offset_of!(PyHeapTypeObject, as_sequence);
    const BUFFER: usize = offset_of!(PyHeapTypeObject, as_buffer);
    // SAFETY: by contract; suites are null or complete.
    unsafe {
        let (suite, start): (*mut u8, usize) = if offset >= BUFFER {
            ((*ty).tp_as_buffer.get().cast(), BUFFER)
        } else if offset >= SEQUENCE {
            ((*ty).tp_as_sequence.get().cast(), SEQUENCE)
        } else if offset >= MAPPING {
            ((*ty).tp_as_mapping.get().cast(), MAPPING)
        } else if offset >= NUMBER {
            ((*ty).tp_as_number.get().cast(), NUMBER)
        } else if offset >= ASYNC {
            ((*ty).tp_as_async.get().cast(), ASYNC)
        } else {
            (ty.cast(), 0)
        };
        if suite.is_null() { ptr::null_mut() } else { suite.add(offset - start).cast() }
    }
}

/// What a slot holds; null for an empty one.
///
/// # Safety
/// As [`slot`].
#[inline]
pub unsafe fn slot_value(ty: TypePtr, offset: usize) -> *mut c_void {
    // SAFETY: by contract.
    unsafe {
        let slot = slot(ty, offset);
        if slot.is_null() { ptr::null_mut() } else { *slot }
    }
}

/// The C name in full (`tp_name`).
///
/// # Safety
/// `ty` is a live type with a name.
pub unsafe fn full_name<'a>(ty: TypePtr) -> &'a [u8] {
    // SAFETY: by contract.
    unsafe {
        let name = (*ty).tp_name.get();
        if name.is_null() { b"?" } else { CStr::from_ptr(name).to_bytes() }
    }
}

/// The C name as messages show it.
///
/// # Safety
/// As [`full_name`].
pub unsafe fn display_name(ty: TypePtr) -> String {
    // SAFETY: by contract.
    let name = unsafe { full_name(ty) };
    let shown = crate::memory::rust_alloc::shown_in_message(name.len());
    String::from_utf8_lossy(&name[..shown]).into_owned()
}

/// The part of the C name behind the last dot (`_PyType_Name`).
///
/// # Safety
/// As [`full_name`].
pub unsafe fn short_name<'a>(ty: TypePtr) -> &'a [u8] {
    // SAFETY: by contract.
    let name = unsafe { full_name(ty) };
    match memchr::memrchr(b'.', name) {
        Some(dot) => &name[dot + 1..],
        None => name,
    }
}

/// Words in front of an instance for managed `__dict__` and `__weakref__`, and for the collector (`_PyType_PreHeaderSize`).
///
/// # Safety
/// `ty` is a live type.
#[inline]
pub unsafe fn preheader_size(ty: TypePtr) -> usize {
    // SAFETY: by contract.
    unsafe {
        let flags = (*ty).tp_flags.get();
        let gc = if flags & Py_TPFLAGS_HAVE_GC != 0 { size_of::<PyGC_Head>() } else { 0 };
        let managed = if flags & Py_TPFLAGS_PREHEADER != 0 { 2 * size_of::<*mut PyObject>() } else { 0 };
        gc + managed
    }
}

/// Replaces an owned object pointer field and drops the old object afterwards.
///
/// # Safety
/// `field` owned what it held.
#[inline]
pub unsafe fn replace(field: &core::cell::Cell<*mut PyObject>, value: Option<Ref<Object>>) {
    let old = field.replace(value.map_or(ptr::null_mut(), Ref::into_ptr));
    // SAFETY: by contract.
    drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(old) });
}
