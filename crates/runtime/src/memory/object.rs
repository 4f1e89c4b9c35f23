//! Memory of objects: allocation with everything that stands before and behind the object itself.
//!
//! From low to high addresses: two words for managed weak references and the managed dictionary (types with
//! `Py_TPFLAGS_PREHEADER`), the two words of the collector (types with `Py_TPFLAGS_HAVE_GC`), the object, its items, its
//! inline values (types with `Py_TPFLAGS_INLINE_VALUES`).
//! CPython: `PyType_GenericAlloc`, `PyObject_GC_New`, `PyObject_GC_Del`; `_PyType_PreHeaderSize`.

use core::ptr;

use super::{gc, small};
use crate::abi::*;
use crate::object::{PyLayout, PyResult, Raised, header};

const PREHEADER: usize = 2 * size_of::<*mut PyObject>();

/// How many bytes stand before an instance of a type with these flags.
#[inline(always)]
pub fn preheader_size(flags: u64) -> usize {
    let mut size = 0;
    if flags & Py_TPFLAGS_HAVE_GC != 0 {
        size += size_of::<PyGC_Head>();
    }
    if flags & Py_TPFLAGS_PREHEADER != 0 {
        size += PREHEADER;
    }
    size
}

/// The collector's words of an object.
///
/// # Safety
/// The object's type has `Py_TPFLAGS_HAVE_GC`.
#[inline(always)]
pub unsafe fn gc_head(object: *mut PyObject) -> *mut PyGC_Head {
    // SAFETY: by contract the words exist.
    unsafe { object.cast::<PyGC_Head>().sub(1) }
}

/// Whether the collector may meet the object (`PyObject_IS_GC`).
///
/// # Safety
/// `object` is live.
#[inline(always)]
pub unsafe fn is_gc(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe {
        let ty = (*object).ob_type.get();
        (*ty).tp_flags.get() & Py_TPFLAGS_HAVE_GC != 0
            && match (*ty).tp_is_gc.get() {
                None => true,
                Some(is_gc) => is_gc(object) != 0,
            }
    }
}

/// Whether the collector has the object in one of its lists.
///
/// # Safety
/// The object's type has `Py_TPFLAGS_HAVE_GC`.
#[inline(always)]
pub unsafe fn is_tracked(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { (*gc_head(object))._gc_next.get() != 0 }
}

/// Allocates `size` bytes of object with what stands before it, and counts it for the collector. The memory of the object
/// is not initialised.
#[inline(always)]
fn allocate(flags: u64, size: usize) -> *mut u8 {
    let before = preheader_size(flags);
    let block = small::malloc(before + size);
    if block.is_null() || before == 0 {
        return block;
    }
    // SAFETY: the block has `before` bytes and more.
    unsafe {
        let words = block.cast::<[usize; 2]>();
        words.write([0, 0]);
        if before > PREHEADER {
            words.add(1).write([0, 0]);
        }
        if flags & Py_TPFLAGS_HAVE_GC != 0 {
            gc::count_allocation();
        }
        block.add(before)
    }
}

#[cold]
#[inline(never)]
fn no_memory<T>() -> PyResult<*mut T> {
    Err(Raised::no_memory())
}

/// A new instance of exactly the static type `T`: count 1, the fields after the header zeroed, not tracked.
#[inline(always)]
pub fn new<T: PyLayout>() -> PyResult<*mut T> {
    match new_quietly() {
        Some(object) => Ok(object),
        None => no_memory(),
    }
}

/// [`new`] that raises nothing where there is no memory.
#[inline(always)]
pub fn new_quietly<T: PyLayout>() -> Option<*mut T> {
    let size = size_of::<T>();
    // SAFETY: the type is static; the memory has the size of `T`.
    unsafe {
        let object = allocate((*T::TYPE).tp_flags.get(), size);
        if object.is_null() {
            return None;
        }
        object.add(size_of::<PyObject>()).write_bytes(0, size - size_of::<PyObject>());
        header::init(object.cast(), T::TYPE);
        Some(object.cast())
    }
}

/// As [`new`] with room for `n` items of `tp_itemsize` behind `tp_basicsize`, all zeroed, and `ob_size` set to `n`.
pub fn new_var<T: PyLayout>(n: usize) -> PyResult<*mut T> {
    // SAFETY: the type is static, so no count of it is owned; it has a size field by contract of the callers.
    unsafe { alloc_untracked(T::TYPE, n as isize).map(|object| object.cast()) }
}

/// An untracked, zeroed instance with room for `n` items of a type whose instances have no size field, as frames and
/// generators are: [`alloc_untracked`] would write the size over their first field.
///
/// # Safety
/// As [`alloc`].
pub unsafe fn new_var_of_type(cls: *mut PyTypeObject, n: isize) -> PyResult<*mut PyObject> {
    // SAFETY: by contract; the word behind the header exists, since there are items.
    unsafe {
        let object = alloc_untracked(cls, n)?;
        if (*cls).tp_itemsize.get() != 0 {
            (*object.cast::<PyVarObject>()).ob_size.set(0);
        }
        Ok(object)
    }
}

/// A new instance of exactly the static type `T` with a size of its own in bytes, zeroed behind the header.
///
/// # Safety
/// `size` is at least that of `T`.
pub unsafe fn new_sized<T: PyLayout>(size: usize) -> PyResult<*mut T> {
    // SAFETY: by contract.
    unsafe {
        let object = alloc_sized(T::TYPE, size)?;
        object.cast::<u8>().add(size_of::<PyObject>()).write_bytes(0, size - size_of::<PyObject>());
        Ok(object.cast())
    }
}

/// `tp_alloc` of nearly all types (`PyType_GenericAlloc`): zeroed, tracked when the type takes part in collection.
///
/// # Safety
/// `cls` is a ready type and the number of items is what its instances take.
pub unsafe fn alloc(cls: *mut PyTypeObject, nitems: isize) -> PyResult<*mut PyObject> {
    // SAFETY: by contract.
    unsafe {
        let object = alloc_untracked(cls, nitems)?;
        if (*cls).tp_flags.get() & Py_TPFLAGS_HAVE_GC != 0 {
            gc_track(object);
        }
        Ok(object)
    }
}

/// `PyType_GenericAlloc` for C.
///
/// # Safety
/// As [`alloc`].
pub unsafe extern "C" fn generic_alloc(cls: *mut PyTypeObject, nitems: isize) -> *mut PyObject {
    // SAFETY: by contract.
    match unsafe { alloc(cls, nitems) } {
        Ok(object) => object,
        Err(raised) => raised.into_null(),
    }
}

/// [`alloc`] without tracking (`_PyType_AllocNoTrack`). With items, `ob_size` is set: see [`new_var_of_type`] for types
/// without that field.
///
/// # Safety
/// As [`alloc`].
#[inline]
pub unsafe fn alloc_untracked(cls: *mut PyTypeObject, nitems: isize) -> PyResult<*mut PyObject> {
    // SAFETY: by contract.
    match unsafe { alloc_quietly(cls, nitems) } {
        Some(object) => Ok(object),
        None => no_memory(),
    }
}

/// [`alloc_untracked`] that raises nothing where there is no memory.
///
/// # Safety
/// As [`alloc`].
pub unsafe fn alloc_quietly(cls: *mut PyTypeObject, nitems: isize) -> Option<*mut PyObject> {
    // SAFETY: by contract.
    unsafe {
        let flags = (*cls).tp_flags.get();
        let itemsize = (*cls).tp_itemsize.get();
        let mut size = (*cls).tp_basicsize.get() as usize;
        if itemsize != 0 {
            // One item more: a sentinel, as in CPython.
            let items = usize::try_from(nitems).ok().and_then(|n| n.checked_add(1));
            let items = items.and_then(|n| n.checked_mul(itemsize as usize))?;
            size = size.checked_add(items).filter(|&total| total <= isize::MAX as usize - 64)?;
        }
        size = size.next_multiple_of(8);
        let mut total = size;
        if flags & Py_TPFLAGS_INLINE_VALUES != 0 {
            total += crate::types::dict::instance::inline_values_size(cls);
        }
        let object = allocate(flags, total);
        if object.is_null() {
            return None;
        }
        zero_words(object, size_of::<PyObject>(), size);
        let object = object.cast::<PyObject>();
        init(object, cls);
        if itemsize != 0 {
            (*object.cast::<PyVarObject>()).ob_size.set(nitems);
        }
        if flags & Py_TPFLAGS_INLINE_VALUES != 0 {
            crate::types::dict::instance::init_inline_values(object, cls);
        }
        Some(object)
    }
}

/// Writes an object's head and counts its type if that was made at run time (`_PyObject_Init`).
///
/// # Safety
/// `object` is memory for an instance of `cls`.
#[inline(always)]
pub unsafe fn init(object: *mut PyObject, cls: *mut PyTypeObject) {
    // SAFETY: by contract.
    unsafe {
        header::init(object, cls);
        if (*cls).tp_flags.get() & Py_TPFLAGS_HEAPTYPE != 0 {
            header::incref(cls.cast());
        }
    }
}

/// Memory for an object of `size` bytes of a type, with its head written and the rest undefined: `_PyObject_New`,
/// `_PyObject_GC_New` and their like, which differ in the flags of the type.
///
/// # Safety
/// `cls` is ready, and `size` at least its basic size.
pub unsafe fn alloc_sized(cls: *mut PyTypeObject, size: usize) -> PyResult<*mut PyObject> {
    // SAFETY: by contract.
    unsafe {
        if size > isize::MAX as usize - 64 {
            return no_memory();
        }
        let object = allocate((*cls).tp_flags.get(), size);
        if object.is_null() {
            return no_memory();
        }
        init(object.cast(), cls);
        Ok(object.cast())
    }
}

/// Changes the number of items of an untracked object of the collector; the object may move (`_PyObject_GC_Resize`).
///
/// # Safety
/// The object is variable in size, not tracked, and nobody else refers to it.
pub unsafe fn gc_resize(object: *mut PyVarObject, nitems: isize) -> PyResult<*mut PyVarObject> {
    // SAFETY: by contract.
    unsafe {
        let cls = (*object).ob_base.ob_type.get();
        let before = preheader_size((*cls).tp_flags.get());
        let items = usize::try_from(nitems).ok().and_then(|n| n.checked_mul((*cls).tp_itemsize.get() as usize));
        let size = items.and_then(|items| items.checked_add((*cls).tp_basicsize.get() as usize));
        let Some(size) = size.filter(|&size| size <= isize::MAX as usize - 64) else { return no_memory() };
        let block = small::realloc(object.cast::<u8>().sub(before), before + size.next_multiple_of(8));
        if block.is_null() {
            return no_memory();
        }
        let object = block.add(before).cast::<PyVarObject>();
        (*object).ob_size.set(nitems);
        Ok(object)
    }
}

/// Gives an object's memory back: `tp_free` of all types (`PyObject_Free`, `PyObject_GC_Del`). Tracked objects are
/// untracked. The type is not touched otherwise.
///
/// # Safety
/// Nobody uses the object any more, and its type is still there.
#[inline]
pub unsafe fn free(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        let flags = (*(*object).ob_type.get()).tp_flags.get();
        if flags & Py_TPFLAGS_HAVE_GC != 0 {
            if is_tracked(object) {
                unlink(object);
            }
            gc::uncount_allocation();
        }
        small::free(object.cast::<u8>().sub(preheader_size(flags)));
    }
}

/// [`free`] as a `tp_free`.
///
/// # Safety
/// As [`free`].
pub unsafe extern "C" fn free_slot(object: *mut core::ffi::c_void) {
    // SAFETY: by contract.
    unsafe { free(object.cast()) }
}

/// The end of a native `tp_dealloc`: frees the object through its type's `tp_free`. The count that an instance of a class
/// holds of its class is dropped by the `tp_dealloc` of classes, which calls the native one of its base: as in CPython, a
/// static type's `tp_dealloc` never touches the type.
///
/// # Safety
/// Nobody uses the object any more, and what it owned is released.
#[inline]
pub unsafe fn dealloc_finish<T>(object: *mut T) {
    let object: *mut PyObject = object.cast();
    // SAFETY: by contract.
    unsafe {
        match (*(*object).ob_type.get()).tp_free.get() {
            Some(tp_free) => tp_free(object.cast()),
            None => free(object),
        }
    }
}

/// Shows a complete object to the collector.
///
/// # Safety
/// The object's type has `Py_TPFLAGS_HAVE_GC`, its fields are valid for `tp_traverse`, and it is not tracked.
#[inline(always)]
pub unsafe fn gc_track(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        debug_assert!(!is_tracked(object));
        let head = gc_head(object);
        let young = gc::young_head();
        let last = (*young)._gc_prev.get() as *mut PyGC_Head;
        (*last)._gc_next.set(head as usize);
        (*head)._gc_prev.set(last as usize | ((*head)._gc_prev.get() & _PyGC_PREV_MASK_FINALIZED));
        (*head)._gc_next.set(young as usize);
        (*young)._gc_prev.set(head as usize);
    }
}

/// Zeroes the bytes from `start` to `end` of a block, whole words; without a call where they are few.
///
/// # Safety
/// The block has `end` bytes, and the numbers are multiples of 8.
#[inline(always)]
pub unsafe fn zero_words(block: *mut u8, start: usize, end: usize) {
    // SAFETY: by contract.
    unsafe {
        if end - start > 64 {
            return block.add(start).write_bytes(0, end - start);
        }
        for offset in (start..end).step_by(8) {
            // Volatile, or the loop would be made that call.
            block.add(offset).cast::<u64>().write_volatile(0);
        }
    }
}

/// Copies pointers to items; a call costs more than it saves where they are few.
///
/// # Safety
/// `from` and `to` do not overlap and have room for `count`.
#[inline(always)]
pub unsafe fn copy_items(from: *const *mut PyObject, to: *mut *mut PyObject, count: usize) {
    // SAFETY: by contract.
    unsafe {
        if count > 8 {
            return to.copy_from_nonoverlapping(from, count);
        }
        for index in 0..count {
            // Volatile, or the loop would be made that call.
            *to.add(index) = from.add(index).read_volatile();
        }
    }
}

/// Hides an object from the collector; does nothing when it is hidden.
///
/// # Safety
/// The object's type has `Py_TPFLAGS_HAVE_GC`.
#[inline(always)]
pub unsafe fn gc_untrack(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        if is_tracked(object) {
            unlink(object);
        }
    }
}

/// # Safety
/// The object is tracked.
#[inline(always)]
unsafe fn unlink(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        let head = gc_head(object);
        let prev = ((*head)._gc_prev.get() & _PyGC_PREV_MASK) as *mut PyGC_Head;
        let next = (*head)._gc_next.get() as *mut PyGC_Head;
        (*prev)._gc_next.set(next as usize);
        (*next)._gc_prev.set(((*next)._gc_prev.get() & !_PyGC_PREV_MASK) | prev as usize);
        (*head)._gc_next.set(0);
        (*head)._gc_prev.set((*head)._gc_prev.get() & _PyGC_PREV_MASK_FINALIZED);
    }
}

/// Whether `tp_finalize` ran already.
///
/// # Safety
/// As [`is_tracked`].
#[inline(always)]
pub unsafe fn is_finalized(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { (*gc_head(object))._gc_prev.get() & _PyGC_PREV_MASK_FINALIZED != 0 }
}

/// Notes that `tp_finalize` ran.
///
/// # Safety
/// As [`is_tracked`].
#[inline(always)]
pub unsafe fn set_finalized(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        let head = gc_head(object);
        (*head)._gc_prev.set((*head)._gc_prev.get() | _PyGC_PREV_MASK_FINALIZED);
    }
}

/// Runs `tp_finalize` unless it ran already (`PyObject_CallFinalizer`).
///
/// # Safety
/// `object` is live.
pub unsafe fn call_finalizer(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        let Some(finalize) = (*(*object).ob_type.get()).tp_finalize.get() else { return };
        let gc = is_gc(object);
        if gc && is_finalized(object) {
            return;
        }
        finalize(object);
        if gc {
            set_finalized(object);
        }
    }
}

/// As [`finalize_from_dealloc`], but true when the object came back to life.
///
/// # Safety
/// As there.
pub unsafe fn call_finalizer_from_dealloc(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { !finalize_from_dealloc(object) }
}

/// Runs `tp_finalize` of an object without counts; false when it came back to life and its deallocation must stop
/// (`PyObject_CallFinalizerFromDealloc`).
///
/// # Safety
/// Called from a `tp_dealloc` before it released anything.
pub unsafe fn finalize_from_dealloc(object: *mut PyObject) -> bool {
    // SAFETY: by contract; the object is complete while its finaliser runs.
    unsafe {
        (*object).ob_refcnt.set(1);
        call_finalizer(object);
        let count = (*object).ob_refcnt.get() - 1;
        (*object).ob_refcnt.set(count);
        count == 0
    }
}

/// Clears and frees: a field of a C struct that owns a reference.
///
/// # Safety
/// The cell is null or owns a count.
#[inline(always)]
pub unsafe fn clear_field<T>(field: &core::cell::Cell<*mut T>) {
    let old = field.replace(ptr::null_mut());
    // SAFETY: the count was the field's.
    unsafe { header::xdecref(old.cast()) }
}
