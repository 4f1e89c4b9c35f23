//! The trash can: deallocation of deep structures without deep native recursion.
//!
//! `header::dealloc` sends objects of the collector through [`dealloc`], so every container, also one of an extension, is
//! bounded without knowing it. Where the machine stack is nearly used up an object is put aside, and freed when there is room
//! again. A count of levels would not do: a finalizer that drops an object with a finalizer has to meet the recursion limit.
//! CPython: `_PyTrash_thread_deposit_object`; since 3.14 it stands in `_Py_Dealloc` too.

use core::cell::Cell;
use core::ptr;

use super::object::{gc_head, gc_track, gc_untrack, is_tracked};
use crate::abi::{_PyGC_PREV_MASK_FINALIZED, PyObject, destructor};
use crate::thread;

/// With fewer bytes of stack an object is put aside; with more than twice as many, those put aside are freed.
const LOW: usize = 32 << 10;
const WAS_TRACKED: usize = 2;

thread_local! {
    static EMPTYING: Cell<bool> = const { Cell::new(false) };
    /// Objects put aside, linked through `_gc_prev`.
    static LATER: Cell<*mut PyObject> = const { Cell::new(ptr::null_mut()) };
}

/// The bytes of stack that are left; all there are before the runtime has started.
#[inline(always)]
fn room() -> usize {
    if thread::current_ptr().is_null() { usize::MAX } else { thread::stack_margin() }
}

/// Runs `tp_dealloc` of an object of a type with `Py_TPFLAGS_HAVE_GC`, now or later.
///
/// # Safety
/// The object has no counts left; `tp_dealloc` is its type's.
#[inline]
pub unsafe fn dealloc(object: *mut PyObject, tp_dealloc: destructor) {
    // SAFETY: by contract.
    unsafe {
        if room() < LOW {
            return put_aside(object);
        }
        tp_dealloc(object);
        if !LATER.get().is_null() && !EMPTYING.get() && room() > 2 * LOW {
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
    EMPTYING.set(true);
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
    EMPTYING.set(false);
}
