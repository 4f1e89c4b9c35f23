//! What becomes of unreachable objects: weak references, finalizers, resurrection, release.
//!
//! **Common contract of this file:** that of the folder.

use super::*;

pub(super) unsafe fn has_legacy_finalizer(object: *mut PyObject) -> bool {
    // SAFETY: live object.
    unsafe { (*(*object).ob_type.get()).tp_del.get().is_some() }
}

/// Takes objects with `tp_del` out of `unreachable`, and all flags off its links.
pub(super) unsafe fn move_legacy_finalizers(unreachable: *mut PyGC_Head, finalizers: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(unreachable);
        while node != unreachable {
            (*node)._gc_next.set((*node)._gc_next.get() & !UNREACHABLE);
            let next = next_of(node);
            if has_legacy_finalizer(object_of(node)) {
                clear_collecting(node);
                move_to(node, finalizers);
            }
            node = next;
        }
    }
}

unsafe extern "C" fn visit_move(object: *mut PyObject, arg: *mut c_void) -> c_int {
    // SAFETY: visited objects are live.
    unsafe {
        if is_gc(object) {
            let node = gc_head(object);
            if is_in_collection(node) {
                move_to(node, arg.cast());
                clear_collecting(node);
            }
        }
    }
    0
}

pub(super) unsafe fn move_reachable_from(finalizers: *mut PyGC_Head) {
    // SAFETY: see "lists"; the list grows behind the node being visited.
    unsafe {
        let mut node = next_of(finalizers);
        while node != finalizers {
            traverse(object_of(node), visit_move, finalizers.cast());
            node = next_of(node);
        }
    }
}

/// Clears the weak references to garbage, then calls the callbacks of those that are no garbage themselves. Gives the
/// number of weak references that died of it.
pub(super) unsafe fn handle_weakrefs(unreachable: *mut PyGC_Head, old: *mut PyGC_Head) -> isize {
    let to_call = Local::new();
    let to_call = to_call.head();
    let mut freed = 0;
    // SAFETY: see "lists". Nothing runs Python code before all weak references are cleared.
    unsafe {
        let mut node = next_of(unreachable);
        while node != unreachable {
            let next = next_of(node);
            let object = object_of(node);
            if weakref::is_weakref_raw(object) {
                // A callback of garbage is never called; cleared now, it cannot be found through another path.
                weakref::clear_reference(object.cast());
            }
            if let Some(list) = weakref::list_slot(object) {
                while let Some(reference) = (*list).as_ref() {
                    let reference = (&raw const *reference).cast_mut();
                    weakref::clear_reference(reference);
                    if (*reference).wr_callback.get().is_null() {
                        continue;
                    }
                    let head = gc_head(reference.cast());
                    if is_in_collection(head) {
                        continue;
                    }
                    header::incref(reference.cast());
                    move_to(head, to_call);
                }
            }
            node = next;
        }
        while !is_empty(to_call) {
            let node = next_of(to_call);
            let reference = object_of(node).cast::<PyWeakReference>();
            let callback: Borrowed<'_, Object> = Borrowed::from_ptr((*reference).wr_callback.get());
            let callback = callback.to_owned();
            if let Err(raised) = callback.call1(Borrowed::from_ptr(reference)) {
                let message = format!("Exception ignored on calling weakref callback {}", callback.to_repr_text());
                crate::types::exceptions::report_unraisable(raised, &message, None);
            }
            header::decref(reference.cast());
            if next_of(to_call) == node {
                move_to(node, old);
            } else {
                freed += 1;
            }
        }
    }
    freed
}

pub(super) unsafe fn finalize_garbage(collectable: *mut PyGC_Head) {
    let seen = Local::new();
    let seen = seen.head();
    // SAFETY: see "lists"; finalisers may take nodes out of the lists, so the first one is asked for again each time.
    unsafe {
        while !is_empty(collectable) {
            let node = next_of(collectable);
            let object = object_of(node);
            move_to(node, seen);
            if is_finalized(object) {
                continue;
            }
            let Some(finalize) = (*(*object).ob_type.get()).tp_finalize.get() else { continue };
            set_finalized(object);
            header::incref(object);
            finalize(object);
            header::decref(object);
        }
        merge(seen, collectable);
    }
}

/// Clears the weak references that finalisers have made to what is garbage still, so that nothing finds objects that are
/// half cleared.
pub(super) unsafe fn clear_weakrefs(garbage: *mut PyGC_Head) {
    // SAFETY: see "lists"; nothing runs Python code.
    unsafe {
        let mut node = next_of(garbage);
        while node != garbage {
            if let Some(list) = weakref::list_slot(object_of(node)) {
                while let Some(reference) = (*list).as_ref() {
                    weakref::clear_reference((&raw const *reference).cast_mut());
                }
            }
            node = next_of(node);
        }
    }
}

/// Finds what finalisers brought back, and all that it holds, and moves it to `old`.
pub(super) unsafe fn handle_resurrected(unreachable: *mut PyGC_Head, still: *mut PyGC_Head, old: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(unreachable);
        while node != unreachable {
            clear_collecting(node);
            node = next_of(node);
        }
        deduce_unreachable(unreachable, still);
        clear_unreachable_flags(still);
        merge(unreachable, old);
    }
}

pub(super) unsafe fn delete_garbage(collectable: *mut PyGC_Head, old: *mut PyGC_Head) {
    // SAFETY: see "lists"; every clear may free any part of the list.
    unsafe {
        while !is_empty(collectable) {
            let node = next_of(collectable);
            let object = object_of(node);
            if STATE.debug.get() & _PyGC_DEBUG_SAVEALL != 0 {
                let saved = garbage().and_then(|list| list.push(Ref::from_borrowed_ptr(object)));
                if let Err(raised) = saved {
                    raised.clear();
                }
            } else if let Some(clear) = (*(*object).ob_type.get()).tp_clear.get() {
                header::incref(object);
                clear(object);
                if let Err(raised) = Raised::check() {
                    let ty: Borrowed<'_, Type> = Borrowed::from_ptr((*object).ob_type.get());
                    let message = format!("Exception ignored in tp_clear of {}", ty.name());
                    crate::types::exceptions::report_unraisable(raised, &message, None);
                }
                header::decref(object);
            }
            if next_of(collectable) == node {
                // Still alive; it may die later.
                clear_collecting(node);
                move_to(node, old);
            }
        }
    }
}

pub(super) unsafe fn handle_legacy_finalizers(finalizers: *mut PyGC_Head, old: *mut PyGC_Head) {
    // SAFETY: see "lists".
    unsafe {
        let mut node = next_of(finalizers);
        while node != finalizers {
            let object = object_of(node);
            if STATE.debug.get() & _PyGC_DEBUG_SAVEALL != 0 || has_legacy_finalizer(object) {
                let saved = garbage().and_then(|list| list.push(Ref::from_borrowed_ptr(object)));
                if let Err(raised) = saved {
                    raised.clear();
                    break;
                }
            }
            node = next_of(node);
        }
        merge(finalizers, old);
    }
}
