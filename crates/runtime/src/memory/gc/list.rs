//! Doubly linked lists of objects through their collector heads.
//!
//! **Common contract of this file:** that of the folder.

use super::*;

/// An empty list on the stack; it must not move after [`Local::head`] was taken.
pub(super) struct Local(PyGC_Head);

impl Local {
    pub(super) const fn new() -> Local {
        Local(PyGC_Head::ZERO)
    }

    pub(super) fn head(&self) -> *mut PyGC_Head {
        let head = (&raw const self.0).cast_mut();
        if self.0._gc_next.get() == 0 {
            self.0._gc_next.set(head as usize);
            self.0._gc_prev.set(head as usize);
        }
        head
    }
}

#[inline(always)]
pub(super) unsafe fn next_of(head: *mut PyGC_Head) -> *mut PyGC_Head {
    // SAFETY: see above.
    unsafe { (*head)._gc_next.get() as *mut PyGC_Head }
}

#[inline(always)]
pub(super) unsafe fn prev_of(head: *mut PyGC_Head) -> *mut PyGC_Head {
    // SAFETY: see above.
    unsafe { ((*head)._gc_prev.get() & _PyGC_PREV_MASK) as *mut PyGC_Head }
}

#[inline(always)]
pub(super) unsafe fn set_next(head: *mut PyGC_Head, next: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe { (*head)._gc_next.set(next as usize) }
}

#[inline(always)]
pub(super) unsafe fn set_prev(head: *mut PyGC_Head, prev: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe { (*head)._gc_prev.set(((*head)._gc_prev.get() & !_PyGC_PREV_MASK) | prev as usize) }
}

#[inline(always)]
pub(super) fn object_of(head: *mut PyGC_Head) -> *mut PyObject {
    head.wrapping_add(1).cast()
}

#[inline(always)]
pub(super) unsafe fn refs_of(head: *mut PyGC_Head) -> usize {
    // SAFETY: see above.
    unsafe { (*head)._gc_prev.get() >> _PyGC_PREV_SHIFT }
}

#[inline(always)]
pub(super) unsafe fn is_in_collection(head: *mut PyGC_Head) -> bool {
    // SAFETY: see above.
    unsafe { (*head)._gc_prev.get() & COLLECTING != 0 }
}

#[inline(always)]
pub(super) unsafe fn clear_collecting(head: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe { (*head)._gc_prev.set((*head)._gc_prev.get() & !COLLECTING) }
}

pub(super) unsafe fn is_empty(list: *mut PyGC_Head) -> bool {
    // SAFETY: see above.
    unsafe { next_of(list) == list }
}

pub(super) unsafe fn append(node: *mut PyGC_Head, list: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe {
        let last = (*list)._gc_prev.get() as *mut PyGC_Head;
        set_prev(node, last);
        set_next(last, node);
        set_next(node, list);
        (*list)._gc_prev.set(node as usize);
    }
}

pub(super) unsafe fn move_to(node: *mut PyGC_Head, list: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe {
        let (prev, next) = (prev_of(node), next_of(node));
        set_next(prev, next);
        set_prev(next, prev);
        append(node, list);
    }
}

/// Moves all of `from` to the end of `to`.
pub(super) unsafe fn merge(from: *mut PyGC_Head, to: *mut PyGC_Head) {
    // SAFETY: see above.
    unsafe {
        if !is_empty(from) {
            let to_last = (*to)._gc_prev.get() as *mut PyGC_Head;
            let (first, last) = (next_of(from), (*from)._gc_prev.get() as *mut PyGC_Head);
            set_next(to_last, first);
            set_prev(first, to_last);
            set_next(last, to);
            (*to)._gc_prev.set(last as usize);
        }
        (*from)._gc_next.set(from as usize);
        (*from)._gc_prev.set(from as usize);
    }
}

pub(super) unsafe fn size(list: *mut PyGC_Head) -> usize {
    // SAFETY: see above.
    unsafe {
        let (mut count, mut node) = (0, next_of(list));
        while node != list {
            count += 1;
            node = next_of(node);
        }
        count
    }
}
