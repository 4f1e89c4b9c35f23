//! The trash can: deallocation of deep structures without deep native recursion.
//!
//! `header::dealloc` sends objects of the collector through [`dealloc`], so every container, also one of an extension, is
//! bounded without knowing it. Past a depth of nested deallocations an object is put aside; the outermost one frees what
//! was put aside. CPython: `_PyTrash_thread_deposit_object`; since 3.14 it stands in `_Py_Dealloc` too.

use core::cell::Cell;
use core::ptr;

use super::object::{gc_head, gc_track, gc_untrack, is_tracked};
use crate::abi::{_PyGC_PREV_MASK_FINALIZED, PyObject, destructor};

/// Deep enough that ordinary structures are never put aside, small enough for any stack.
const LIMIT: u32 = 100;
const WAS_TRACKED: usize = 2;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
    /// Objects put aside, linked through `_gc_prev`.
    static LATER: Cell<*mut PyObject> = const { Cell::new(ptr::null_mut()) };
}

/// Runs `tp_dealloc` of an object of a type with `Py_TPFLAGS_HAVE_GC`, now or later.
///
/// # Safety
/// The object has no counts left; `tp_dealloc` is its type's.
#[inline]
pub unsafe fn dealloc(object: *mut PyObject, tp_dealloc: destructor) {
    let depth = DEPTH.get();
    // SAFETY: by contract.
    unsafe {
        if depth >= LIMIT {
            return put_aside(object);
        }
        DEPTH.set(depth + 1);
        tp_dealloc(object);
        DEPTH.set(depth);
        if depth == 0 && !LATER.get().is_null() {
            empty();
        }
    }
}

#[cold]
unsafe fn put_aside(object: *mut PyObject) {
    // SAFETY: the object has the collector's words, and nobody looks at it any more.
    unsafe {
        let tracked = is_tracked(object);
        gc_untrack(object);
        let head = gc_head(object);
        let finalized = (*head)._gc_prev.get() & _PyGC_PREV_MASK_FINALIZED;
        let link = LATER.replace(object) as usize;
        (*head)._gc_prev.set(link | finalized | if tracked { WAS_TRACKED } else { 0 });
    }
}

/// Frees what was put aside, and what is put aside meanwhile.
#[cold]
#[inline(never)]
unsafe fn empty() {
    DEPTH.set(1);
    loop {
        let object = LATER.get();
        if object.is_null() {
            break;
        }
        // SAFETY: the object waits for its `tp_dealloc`.
        unsafe {
            let head = gc_head(object);
            let word = (*head)._gc_prev.get();
            LATER.set((word & !3) as *mut PyObject);
            (*head)._gc_prev.set(word & _PyGC_PREV_MASK_FINALIZED);
            if word & WAS_TRACKED != 0 {
                gc_track(object);
            }
            if let Some(tp_dealloc) = (*(*object).ob_type.get()).tp_dealloc.get() {
                tp_dealloc(object);
            }
        }
    }
    DEPTH.set(0);
}

/// Where CPython's `tp_dealloc` functions once had `Py_TRASHCAN_BEGIN`: always goes on, since the bound is kept by
/// [`dealloc`]. (In 3.14 the macro is empty as well.)
///
/// # Safety
/// None needed.
#[inline(always)]
pub unsafe fn begin<T>(_object: *mut T) -> bool {
    true
}

/// The end of a piece that [`begin`] started.
///
/// # Safety
/// None needed.
#[inline(always)]
pub unsafe fn end<T>(_object: *mut T) {}
