//! Which objects of a list are unreachable: counts without those from inside of the list, and what can be reached from what is left.
//!
//! **Common contract of this file:** that of the folder.

use super::*;

#[inline(always)]
pub(super) unsafe fn traverse(object: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
    // SAFETY: a tracked object's type has `tp_traverse` and its fields are valid for it.
    unsafe {
        match (*(*object).ob_type.get()).tp_traverse.get() {
            Some(traverse) => traverse(object, visit, arg),
            None => 0,
        }
    }
}

/// Copies the counts into the heads and marks the objects as part of this collection. Immortal objects leave for good.
pub(super) unsafe fn update_refs(list: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(list);
        while node != list {
            let next = next_of(node);
            let object = object_of(node);
            if header::is_immortal(object) {
                crate::memory::object::gc_untrack(object);
            } else {
                let refs = (*object).ob_refcnt.get() as usize;
                let kept = (*node)._gc_prev.get() & FINALIZED;
                (*node)._gc_prev.set(refs << _PyGC_PREV_SHIFT | COLLECTING | kept);
            }
            node = next;
        }
    }
}

unsafe extern "C" fn visit_decref(object: *mut PyObject, container: *mut c_void) -> c_int {
    // SAFETY: visited objects are live.
    unsafe {
        checked::check_live(object);
        if is_gc(object) {
            let head = gc_head(object);
            if is_in_collection(head) {
                if checked::ON && refs_of(head) == 0 {
                    checked::fail_count(container.cast(), object);
                }
                (*head)._gc_prev.set((*head)._gc_prev.get() - (1 << _PyGC_PREV_SHIFT));
            }
        }
    }
    0
}

/// Takes the references from inside out of the copied counts.
pub(super) unsafe fn subtract_refs(list: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(list);
        while node != list {
            traverse(object_of(node), visit_decref, object_of(node).cast());
            node = next_of(node);
        }
    }
}

unsafe extern "C" fn visit_reachable(object: *mut PyObject, arg: *mut c_void) -> c_int {
    let reachable: *mut PyGC_Head = arg.cast();
    // SAFETY: visited objects are live; lists are as `move_unreachable` leaves them.
    unsafe {
        if !is_gc(object) {
            return 0;
        }
        let node = gc_head(object);
        // Objects of other generations, and those that were scanned already.
        if !is_in_collection(node) {
            return 0;
        }
        let link = (*node)._gc_next.get();
        if link & UNREACHABLE != 0 {
            // It was taken for unreachable too early: back to the end of the list being scanned. The link of its
            // predecessor in the unreachable list keeps its flag.
            let prev = prev_of(node);
            let next = (link & !UNREACHABLE) as *mut PyGC_Head;
            (*prev)._gc_next.set(link);
            set_prev(next, prev);
            append(node, reachable);
            set_refs(node, 1);
        } else if refs_of(node) == 0 {
            // Further on in the list being scanned.
            set_refs(node, 1);
        }
    }
    0
}

#[inline(always)]
pub(super) unsafe fn set_refs(node: *mut PyGC_Head, refs: usize) {
    // SAFETY: see "lists".
    unsafe { (*node)._gc_prev.set(((*node)._gc_prev.get() & !_PyGC_PREV_MASK) | refs << _PyGC_PREV_SHIFT) }
}

/// Moves what has no references from outside to `unreachable`. Afterwards the links to previous nodes of `young` are
/// whole again and its objects have no flags; the objects of `unreachable` keep `COLLECTING`, and their `_gc_next` has
/// the flag `UNREACHABLE`.
pub(super) unsafe fn move_unreachable(young: *mut PyGC_Head, unreachable: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut prev = young;
        let mut node = next_of(young);
        while node != young {
            if refs_of(node) != 0 {
                traverse(object_of(node), visit_reachable, young.cast());
                set_prev(node, prev);
                clear_collecting(node);
                prev = node;
            } else {
                (*prev)._gc_next.set((*node)._gc_next.get());
                let last = (*unreachable)._gc_prev.get() as *mut PyGC_Head;
                (*last)._gc_next.set(node as usize | UNREACHABLE);
                set_prev(node, last);
                (*node)._gc_next.set(unreachable as usize | UNREACHABLE);
                (*unreachable)._gc_prev.set(node as usize);
            }
            node = next_of(prev);
        }
        (*young)._gc_prev.set(prev as usize);
        (*unreachable)._gc_next.set((*unreachable)._gc_next.get() & !UNREACHABLE);
    }
}

pub(super) unsafe fn deduce_unreachable(list: *mut PyGC_Head, unreachable: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        update_refs(list);
        subtract_refs(list);
        move_unreachable(list, unreachable);
    }
}

pub(super) unsafe fn clear_unreachable_flags(list: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        (*list)._gc_next.set((*list)._gc_next.get() & !UNREACHABLE);
        let mut node = next_of(list);
        while node != list {
            (*node)._gc_next.set((*node)._gc_next.get() & !UNREACHABLE);
            node = next_of(node);
        }
    }
}

/// Tuples whose items can be in no cycle leave the collector.
pub(super) unsafe fn untrack_tuples(list: *mut PyGC_Head) {
    // SAFETY: see "lists"; exact tuples have `ob_size` items.
    unsafe {
        let mut node = next_of(list);
        while node != list {
            let next = next_of(node);
            let object = object_of(node);
            if (*object).ob_type.get() == Tuple::TYPE {
                maybe_untrack_tuple(object.cast());
            }
            node = next;
        }
    }
}

pub(super) unsafe fn maybe_untrack_tuple(tuple: *mut PyTupleObject) {
    // SAFETY: by contract of `untrack_tuples`.
    unsafe {
        let items = (&raw const (*tuple).ob_item).cast::<*mut PyObject>();
        for index in 0..(*tuple).ob_base.ob_size.get() as usize {
            let item = *items.add(index);
            // NULL: still being filled.
            if item.is_null() {
                return;
            }
            let tuple_type = (*item).ob_type.get() == Tuple::TYPE;
            if is_gc(item) && (!tuple_type || is_tracked(item)) {
                return;
            }
        }
        crate::memory::object::gc_untrack(tuple.cast());
    }
}
