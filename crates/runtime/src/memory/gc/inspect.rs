//! The objects that the collector knows, for the module `gc` and for C: who refers to whom, and the permanent generation.
//!
//! **Common contract of this file:** that of the folder.

use super::*;

/// Calls `body` with each tracked object of the generations, `None` being all; the permanent generation is not among them.
/// Must not run Python code or allocate tracked objects.
pub(super) fn for_each_object(generation: Option<usize>, mut body: impl FnMut(*mut PyObject) -> bool) {
    let range = generation.map_or(0..GENERATIONS, |generation| generation..generation + 1);
    for generation in range {
        let list = generation_head(generation);
        // SAFETY: the lists are whole; `body` leaves them alone.
        unsafe {
            let mut node = next_of(list);
            while node != list {
                let next = next_of(node);
                if !body(object_of(node)) {
                    return;
                }
                node = next;
            }
        }
    }
}

/// The tracked objects, of one generation or of all (`gc.get_objects`).
pub fn objects(generation: Option<usize>) -> PyResult<Vec<Ref<Object>>> {
    let mut found = Vec::new();
    let mut result = Ok(());
    // SAFETY: listed objects are live.
    for_each_object(generation, |object| unsafe {
        result = found.try_push(Ref::from_borrowed_ptr(object));
        result.is_ok()
    });
    result.map(|()| found)
}

/// Calls `callback` with each tracked object until it answers 0 (`PyUnstable_GC_VisitObjects`).
///
/// # Safety
/// The callback keeps to the rules of that function.
pub unsafe fn visit_objects(callback: gcvisitobjects_t, arg: *mut c_void) {
    let (enabled, mut go_on) = (STATE.enabled.get(), true);
    set_enabled(false);
    // SAFETY: objects are live; the callback by contract.
    for_each_object(None, |object| unsafe {
        header::incref(object);
        go_on = callback(object, arg) != 0;
        header::decref(object);
        go_on
    });
    set_enabled(enabled);
}

unsafe extern "C" fn visit_wanted(object: *mut PyObject, arg: *mut c_void) -> c_int {
    // SAFETY: `arg` is the slice that `referrers` passes.
    let wanted = unsafe { &*arg.cast::<&[*mut PyObject]>() };
    wanted.contains(&object) as c_int
}

/// The tracked objects that refer to one of `wanted` directly, except `ignored` (`gc.get_referrers`).
pub fn referrers(wanted: &[*mut PyObject], ignored: &[*mut PyObject]) -> PyResult<Vec<Ref<Object>>> {
    let mut found = Vec::new();
    let mut result = Ok(());
    // SAFETY: listed objects are live; the slice outlives the traversal.
    for_each_object(None, |object| unsafe {
        if !ignored.contains(&object) && traverse(object, visit_wanted, (&raw const wanted).cast_mut().cast()) != 0 {
            result = found.try_push(Ref::from_borrowed_ptr(object));
        }
        result.is_ok()
    });
    result.map(|()| found)
}

unsafe extern "C" fn visit_collect(object: *mut PyObject, arg: *mut c_void) -> c_int {
    // SAFETY: `arg` is the vector that `referents` passes; the object is live.
    let pushed = unsafe { (*arg.cast::<Vec<Ref<Object>>>()).try_push(Ref::from_borrowed_ptr(object)) };
    if pushed.is_ok() { 0 } else { -1 }
}

/// What the object refers to directly, as its `tp_traverse` says (`gc.get_referents`).
pub fn referents(object: Borrowed<'_, Object>, into: &mut Vec<Ref<Object>>) -> PyResult<()> {
    // SAFETY: live object of the collector.
    unsafe {
        if is_gc(object.as_ptr()) && traverse(object.as_ptr(), visit_collect, (&raw mut *into).cast()) < 0 {
            return Err(Raised::assume_set());
        }
    }
    Ok(())
}

/// Moves all objects to the permanent generation, which is never collected (`gc.freeze`).
pub fn freeze() {
    for generation in 0..GENERATIONS {
        // SAFETY: the lists are whole.
        unsafe { merge(generation_head(generation), permanent_head()) };
        STATE.counts[generation].set(0);
    }
    COUNT.set(0);
}

/// Moves the permanent generation to the oldest one.
pub fn unfreeze() {
    // SAFETY: the lists are whole.
    unsafe { merge(permanent_head(), generation_head(GENERATIONS - 1)) };
}

pub fn freeze_count() -> usize {
    // SAFETY: the list is whole.
    unsafe { size(permanent_head()) }
}
