//! The list of weak references of an object: the only code that links and unlinks them.

use core::ptr;

use super::{CallableProxy, Proxy, WeakRef};
use crate::abi::*;
use crate::memory::object;
use crate::object::{PyLayout, header};
use crate::prelude::*;
use crate::types::type_::is_subtype_raw;

fn none_ptr() -> *mut PyObject {
    (&raw const crate::types::none::_Py_NoneStruct).cast_mut()
}

/// Where an object keeps the head of its list; `None` when its type does not support weak references.
///
/// # Safety
/// `object` is live.
#[inline(always)]
pub unsafe fn list_slot(object: *mut PyObject) -> Option<*mut *mut PyWeakReference> {
    // SAFETY: the offset is that of a pointer field.
    unsafe {
        match (*(*object).ob_type.get()).tp_weaklistoffset.get() {
            0 => None,
            offset => Some(object.byte_offset(offset).cast()),
        }
    }
}

/// As [`list_slot`] for a handle.
pub fn list_slot_checked(object: Borrowed<'_, Object>) -> Option<*mut *mut PyWeakReference> {
    // SAFETY: a handle is live.
    unsafe { list_slot(object.as_ptr()) }
}

/// Whether an object is a `ref` (of any class) or a proxy.
///
/// # Safety
/// `object` is live.
pub unsafe fn is_weakref_raw(object: *mut PyObject) -> bool {
    // SAFETY: by contract.
    unsafe {
        let ty = (*object).ob_type.get();
        ty == WeakRef::TYPE || is_proxy_type(ty) || is_subtype_raw(ty, WeakRef::TYPE)
    }
}

pub fn is_weakref(object: Borrowed<'_, Object>) -> bool {
    // SAFETY: a handle is live.
    unsafe { is_weakref_raw(object.as_ptr()) }
}

fn is_proxy_type(ty: *mut PyTypeObject) -> bool {
    ty == Proxy::TYPE || ty == CallableProxy::TYPE
}

// Below, references passed in are live, and lists are as the module says.

unsafe fn is_basic(reference: *mut PyWeakReference) -> bool {
    // SAFETY: see above.
    unsafe {
        let ty = (*reference).ob_base.ob_type.get();
        (*reference).wr_callback.get().is_null() && (ty == WeakRef::TYPE || is_proxy_type(ty))
    }
}

/// The shared `ref` and the shared proxy at the head of a list; null where there is none.
unsafe fn basic_references(head: *mut PyWeakReference) -> (*mut PyWeakReference, *mut PyWeakReference) {
    // SAFETY: see above.
    unsafe {
        let (mut reference, mut proxy) = (ptr::null_mut(), ptr::null_mut());
        let mut head = head;
        if !head.is_null() && is_basic(head) && (*head).ob_base.ob_type.get() == WeakRef::TYPE {
            reference = head;
            head = (*head).wr_next.get();
        }
        if !head.is_null() && is_basic(head) && is_proxy_type((*head).ob_base.ob_type.get()) {
            proxy = head;
        }
        (reference, proxy)
    }
}

/// A reference that another thread of control is destroying right now has no count left and must not be given out.
unsafe fn try_reuse(reference: *mut PyWeakReference) -> Option<Ref<WeakRef>> {
    // SAFETY: see above.
    unsafe {
        if reference.is_null() || (*reference).ob_base.ob_refcnt.get() == 0 {
            return None;
        }
        Some(Ref::from_borrowed_ptr(reference))
    }
}

/// A reference of type `cls` to an object, shared where it may be.
///
/// # Safety
/// `cls` is `ref`, a subclass of it, or a proxy type.
pub unsafe fn get_or_create(
    cls: *mut PyTypeObject,
    object: Borrowed<'_, Object>,
    callback: Option<Borrowed<'_, Object>>,
) -> PyResult<Ref<WeakRef>> {
    let callback = callback.filter(|callback| !callback.is_none());
    // SAFETY: see above; allocation may start no collection by itself, so the list is looked at afterwards only once.
    unsafe {
        let Some(list) = list_slot(object.as_ptr()) else {
            return Err(raise!(
                TypeError,
                "cannot create weak reference to '{}' object",
                CStr::from_ptr((*object.type_ptr()).tp_name.get()).to_string_lossy()
            ));
        };
        let (reference, proxy) = basic_references(*list);
        if callback.is_none() {
            let shared = if cls == WeakRef::TYPE {
                try_reuse(reference)
            } else if is_proxy_type(cls) {
                try_reuse(proxy)
            } else {
                None
            };
            if let Some(shared) = shared {
                return Ok(shared);
            }
        }
        let new: *mut PyWeakReference = object::alloc_untracked(cls, 0)?.cast();
        (*new).hash.set(-1);
        (*new).wr_object.set(object.as_ptr());
        if let Some(callback) = callback {
            (*new).wr_callback.set(callback.to_owned().into_ptr());
        }
        (*new).vectorcall.set(Some(super::reference::call));
        let (reference, proxy) = basic_references(*list);
        let after = if callback.is_none() && cls == WeakRef::TYPE {
            ptr::null_mut()
        } else if callback.is_none() && is_proxy_type(cls) {
            reference
        } else if !proxy.is_null() {
            proxy
        } else {
            reference
        };
        let next = if after.is_null() { *list } else { (*after).wr_next.get() };
        (*new).wr_prev.set(after);
        (*new).wr_next.set(next);
        if !next.is_null() {
            (*next).wr_prev.set(new);
        }
        if after.is_null() {
            *list = new;
        } else {
            (*after).wr_next.set(new);
        }
        object::gc_track(new.cast());
        Ok(Ref::from_owned_ptr(new))
    }
}

/// Makes a reference dead, but leaves its callback (`_PyWeakref_ClearRef`).
///
/// # Safety
/// `reference` is live or being deallocated.
pub unsafe fn clear_reference(reference: *mut PyWeakReference) {
    // SAFETY: by contract.
    unsafe {
        let object = (*reference).wr_object.get();
        if object == none_ptr() || object.is_null() {
            return;
        }
        let (prev, next) = ((*reference).wr_prev.get(), (*reference).wr_next.get());
        if let Some(list) = list_slot(object)
            && *list == reference
        {
            *list = next;
        }
        if !prev.is_null() {
            (*prev).wr_next.set(next);
        }
        if !next.is_null() {
            (*next).wr_prev.set(prev);
        }
        (*reference).wr_object.set(none_ptr());
        (*reference).wr_prev.set(ptr::null_mut());
        (*reference).wr_next.set(ptr::null_mut());
    }
}

/// Makes a reference dead and takes its callback.
pub(super) unsafe fn clear_with_callback(reference: *mut PyWeakReference) -> Option<Ref<Object>> {
    // SAFETY: see above; the count moves over.
    unsafe {
        clear_reference(reference);
        Ref::from_owned_ptr_or_null((*reference).wr_callback.replace(ptr::null_mut()))
    }
}

/// How many references an object has.
///
/// # Safety
/// `object` is live.
pub unsafe fn count(object: *mut PyObject) -> usize {
    // SAFETY: by contract.
    unsafe {
        let Some(list) = list_slot(object) else { return 0 };
        let (mut count, mut reference) = (0, *list);
        while !reference.is_null() {
            // Those being destroyed do not count.
            count += ((*reference).ob_base.ob_refcnt.get() != 0) as usize;
            reference = (*reference).wr_next.get();
        }
        count
    }
}

/// Makes all references to a dying object dead, then calls their callbacks, newest first (`PyObject_ClearWeakRefs`).
///
/// # Safety
/// Called from the `tp_dealloc` of the object, before anything of it is released.
pub unsafe fn clear_references(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        let Some(list) = list_slot(object) else { return };
        while !(*list).is_null() && is_basic(*list) {
            clear_reference(*list);
        }
        if (*list).is_null() {
            return;
        }
        let _aside = Raised::aside();
        let mut calls = Pile::new();
        while !(*list).is_null() {
            let reference = *list;
            // A reference without counts is being destroyed itself; nobody could be told of its death.
            let live = (*reference).ob_base.ob_refcnt.get() != 0;
            let held: Option<Ref<Object>> = if live { Some(Ref::from_borrowed_ptr(reference)) } else { None };
            let callback = clear_with_callback(reference);
            calls.push((held, callback));
        }
        for (reference, callback) in calls {
            if let (Some(reference), Some(callback)) = (reference, callback)
                && let Err(raised) = callback.call1(reference.borrow())
            {
                let message = format!("Exception ignored while calling weakref callback {}", callback.to_repr_text());
                crate::types::exceptions::report_unraisable(raised, &message, None);
            }
        }
    }
}

/// [`clear_references`] under the names that types use.
///
/// # Safety
/// As there.
pub unsafe fn clear_refs(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe { clear_references(object) }
}

/// Makes all references to an object dead; callbacks stay uncalled (`PyUnstable_Object_ClearWeakRefsNoCallbacks`).
///
/// # Safety
/// `object` is live.
pub unsafe fn clear_references_without_callbacks(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        if let Some(list) = list_slot(object) {
            while !(*list).is_null() {
                clear_reference(*list);
            }
        }
    }
}

/// `tp_dealloc` of references and proxies.
pub(super) unsafe fn dealloc(reference: *mut PyWeakReference) {
    // SAFETY: called with no counts left.
    unsafe {
        object::gc_untrack(reference.cast());
        let callback = clear_with_callback(reference);
        drop(callback);
        object::dealloc_finish(reference);
    }
}

/// The object of a reference, unless it is dead or dying.
pub(super) unsafe fn target(reference: *mut PyWeakReference) -> Option<Ref<Object>> {
    // SAFETY: see above. An object whose deallocation waits in the trash can has no count left.
    unsafe {
        let object = (*reference).wr_object.get();
        if object == none_ptr() || object.is_null() || (*object).ob_refcnt.get() == 0 {
            return None;
        }
        header::incref(object);
        Some(Ref::from_owned_ptr(object))
    }
}
