//! `objimpl.h`, `pymem.h`: memory, new objects, the collector's book.

use core::ptr;

use taipan_runtime::memory::object as memory;
use taipan_runtime::memory::{domains, gc, small};
use taipan_runtime::types::dict::instance;

use crate::support::*;

// SAFETY of the allocator's functions: C gives back blocks that it got from the same domain.
capi! {
    fn PyMem_Malloc(size: usize) -> *mut c_void {
        domains::mem_malloc(size)
    }

    fn PyMem_Calloc(count: usize, size: usize) -> *mut c_void {
        domains::mem_calloc(count, size)
    }

    fn PyMem_Realloc(block: *mut c_void, size: usize) -> *mut c_void {
        unsafe { domains::mem_realloc(block, size) }
    }

    fn PyMem_Free(block: *mut c_void) {
        unsafe { domains::mem_free(block) }
    }

    fn PyMem_RawMalloc(size: usize) -> *mut c_void {
        domains::raw_malloc(size)
    }

    fn PyMem_RawCalloc(count: usize, size: usize) -> *mut c_void {
        domains::raw_calloc(count, size)
    }

    fn PyMem_RawRealloc(block: *mut c_void, size: usize) -> *mut c_void {
        unsafe { domains::raw_realloc(block, size) }
    }

    fn PyMem_RawFree(block: *mut c_void) {
        unsafe { domains::raw_free(block) }
    }

    fn PyObject_Malloc(size: usize) -> *mut c_void {
        small::malloc(size).cast()
    }

    fn PyObject_Calloc(count: usize, size: usize) -> *mut c_void {
        small::calloc(count, size).cast()
    }

    fn PyObject_Realloc(block: *mut c_void, size: usize) -> *mut c_void {
        unsafe { small::realloc(block.cast(), size).cast() }
    }

    fn PyObject_Free(block: *mut c_void) {
        unsafe { small::free(block.cast()) }
    }

    fn _PyMem_Strdup(text: *const c_char) -> *mut c_char {
        unsafe {
            let length = libc::strlen(text) + 1;
            let copy = domains::mem_malloc(length);
            if !copy.is_null() {
                ptr::copy_nonoverlapping(text.cast::<u8>(), copy.cast::<u8>(), length);
            }
            copy.cast()
        }
    }

    fn PyMem_GetAllocator(domain: PyMemAllocatorDomain, allocator: *mut PyMemAllocatorEx) {
        let nothing =
            PyMemAllocatorEx { ctx: ptr::null_mut(), malloc: None, calloc: None, realloc: None, free: None };
        unsafe { *allocator = domains::allocator(domain).unwrap_or(nothing) }
    }

    fn PyMem_SetAllocator(domain: PyMemAllocatorDomain, allocator: *mut PyMemAllocatorEx) {
        domains::set_allocator(domain, unsafe { *allocator });
    }

    fn PyMem_SetupDebugHooks() {
        taipan_runtime::memory::debug_alloc::install();
    }

    fn _PyMem_GetCurrentAllocatorName() -> *const c_char {
        match domains::name() {
            Some("pymalloc") => c"pymalloc".as_ptr(),
            Some("pymalloc_debug") => c"pymalloc_debug".as_ptr(),
            Some("malloc") => c"malloc".as_ptr(),
            Some("malloc_debug") => c"malloc_debug".as_ptr(),
            _ => ptr::null(),
        }
    }

    fn _PyObject_DebugMallocStats(file: *mut libc::FILE) -> c_int {
        let report = taipan_runtime::memory::stats::report();
        unsafe { libc::fwrite(report.as_ptr().cast(), 1, report.len(), file) };
        1
    }
}

// SAFETY of the object functions: C passes types that are ready, and memory that is large enough.
capi! {
    fn PyObject_Init(object: *mut PyObject, class: *mut PyTypeObject) -> PyResult<*mut PyObject> {
        if object.is_null() {
            return Err(Raised::no_memory());
        }
        unsafe { memory::init(object, class) };
        Ok(object)
    }

    fn PyObject_InitVar(object: *mut PyVarObject, class: *mut PyTypeObject, size: isize) -> PyResult<*mut PyVarObject> {
        if object.is_null() {
            return Err(Raised::no_memory());
        }
        unsafe {
            memory::init(object.cast(), class);
            (*object).ob_size.set(size);
        }
        Ok(object)
    }

    fn _PyObject_New(class: *mut PyTypeObject) -> PyResult<*mut PyObject> {
        unsafe {
            let object = small::malloc((*class).tp_basicsize.get() as usize).cast::<PyObject>();
            if object.is_null() {
                return Err(Raised::no_memory());
            }
            memory::init(object, class);
            Ok(object)
        }
    }

    fn _PyObject_NewVar(class: *mut PyTypeObject, count: isize) -> PyResult<*mut PyVarObject> {
        unsafe {
            let Some(size) = var_size(class, count) else { return Err(Raised::no_memory()) };
            let object = small::malloc(size).cast::<PyVarObject>();
            if object.is_null() {
                return Err(Raised::no_memory());
            }
            memory::init(object.cast(), class);
            (*object).ob_size.set(count);
            Ok(object)
        }
    }

    fn _PyObject_GC_New(class: *mut PyTypeObject) -> PyResult<*mut PyObject> {
        unsafe {
            let size = (*class).tp_basicsize.get() as usize;
            if (*class).tp_flags.get() & Py_TPFLAGS_INLINE_VALUES == 0 {
                return memory::alloc_sized(class, size);
            }
            // The attributes of an instance stand behind it.
            let object = memory::alloc_sized(class, size + instance::inline_values_size(class))?;
            instance::init_inline_values(object, class);
            Ok(object)
        }
    }

    fn _PyObject_GC_NewVar(class: *mut PyTypeObject, count: isize) -> PyResult<*mut PyVarObject> {
        if count < 0 {
            return Err(bad_internal_call());
        }
        unsafe {
            let Some(size) = var_size(class, count) else { return Err(Raised::no_memory()) };
            let object = memory::alloc_sized(class, size)?.cast::<PyVarObject>();
            (*object).ob_size.set(count);
            Ok(object)
        }
    }

    fn PyUnstable_Object_GC_NewWithExtraData(class: *mut PyTypeObject, extra: usize) -> PyResult<*mut PyObject> {
        unsafe {
            let Some(size) = ((*class).tp_basicsize.get() as usize).checked_add(extra).filter(|&size| size <= isize::MAX as usize) else {
                return Err(Raised::no_memory());
            };
            let object = memory::alloc_sized(class, size)?;
            // What stands behind the head is zeroed, as this function promises.
            object.cast::<u8>().add(size_of::<PyObject>()).write_bytes(0, size - size_of::<PyObject>());
            Ok(object)
        }
    }

    fn _PyObject_GC_Resize(object: *mut PyVarObject, count: isize) -> PyResult<*mut PyVarObject> {
        unsafe { memory::gc_resize(object, count) }
    }

    fn PyObject_GC_Del(object: *mut c_void) {
        unsafe { memory::free_slot(object) }
    }

    fn PyObject_GC_Track(object: *mut PyObject) {
        unsafe {
            if memory::is_tracked(object) {
                taipan_runtime::thread::fatal(
                    "PyObject_GC_Track",
                    "object already tracked by the garbage collector",
                );
            }
            memory::gc_track(object);
        }
    }

    fn PyObject_GC_UnTrack(object: *mut PyObject) {
        unsafe {
            if memory::is_tracked(object) {
                memory::gc_untrack(object);
            }
        }
    }

    fn PyObject_GC_IsTracked(object: *mut PyObject) -> c_int {
        c_int::from(unsafe { memory::is_gc(object) && memory::is_tracked(object) })
    }

    fn PyObject_GC_IsFinalized(object: *mut PyObject) -> c_int {
        c_int::from(unsafe { memory::is_gc(object) && memory::is_finalized(object) })
    }

    fn PyObject_IS_GC(object: *mut PyObject) -> c_int {
        c_int::from(unsafe { memory::is_gc(object) })
    }

    fn PyGC_Collect() -> isize {
        if !gc::is_enabled() || taipan_runtime::thread::current_ptr().is_null() {
            return 0;
        }
        gc::collect(gc::GENERATIONS - 1)
    }

    fn PyGC_Enable() -> c_int {
        let before = gc::is_enabled();
        gc::set_enabled(true);
        c_int::from(before)
    }

    fn PyGC_Disable() -> c_int {
        let before = gc::is_enabled();
        gc::set_enabled(false);
        c_int::from(before)
    }

    fn PyGC_IsEnabled() -> c_int {
        c_int::from(gc::is_enabled())
    }

    fn PyUnstable_GC_VisitObjects(callback: gcvisitobjects_t, argument: *mut c_void) {
        unsafe { gc::visit_objects(callback, argument) }
    }

    fn _Py_GetAllocatedBlocks() -> isize {
        small::allocated_blocks() as isize
    }
}

/// The size of an object of `class` with `count` items.
unsafe fn var_size(class: *mut PyTypeObject, count: isize) -> Option<usize> {
    // SAFETY: a live type.
    let (base, item) = unsafe { ((*class).tp_basicsize.get() as usize, (*class).tp_itemsize.get() as usize) };
    let size = usize::try_from(count).ok()?.checked_mul(item)?.checked_add(base)?;
    (size <= isize::MAX as usize - 64).then(|| size.next_multiple_of(size_of::<usize>()))
}

// SAFETY: C passes a place for, or a table of, functions.
capi! {
    fn PyObject_GetArenaAllocator(allocator: *mut PyObjectArenaAllocator) {
        unsafe { *allocator = taipan_runtime::memory::arena::source() }
    }

    fn PyObject_SetArenaAllocator(allocator: *mut PyObjectArenaAllocator) {
        taipan_runtime::memory::arena::set_source(unsafe { *allocator });
    }
}
