//! Reference counts: the only code that changes the count word of an object.
//!
//! The rules are those that extensions inline from `refcount.h`: a count at or above the immortal bound is
//! never changed, and the low 32 bits alone are counted.

use crate::abi::{_Py_IMMORTAL_INITIAL_REFCNT, PyObject};
use crate::memory::checked;

/// Whether the object is never freed.
///
/// # Safety
/// `object` points to a live object.
#[inline(always)]
pub unsafe fn is_immortal(object: *mut PyObject) -> bool {
    // SAFETY: the caller guarantees a live object.
    unsafe { ((*object).ob_refcnt.get() as i32) < 0 }
}

/// Makes the object one that is never freed: calls of it need not count then, one after the other.
///
/// # Safety
/// `object` points to a live object that nobody is about to free.
pub unsafe fn make_immortal(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe { (*object).ob_refcnt.set(_Py_IMMORTAL_INITIAL_REFCNT as u32) }
}

/// Asserts in a checked build that the object is live.
///
/// # Safety
/// `object` points to a live object.
#[inline(always)]
pub unsafe fn check(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe { checked::check_live(object) }
}

/// # Safety
/// `object` points to a live object.
#[inline(always)]
pub unsafe fn incref(object: *mut PyObject) {
    // SAFETY: the caller guarantees a live object.
    unsafe {
        checked::check_live(object);
        let count = (*object).ob_refcnt.get();
        if count < _Py_IMMORTAL_INITIAL_REFCNT as u32 {
            (*object).ob_refcnt.set(count + 1);
        }
    }
}

/// # Safety
/// `object` points to a live object of which the caller owns a count; it may be gone afterwards.
#[inline(always)]
pub unsafe fn decref(object: *mut PyObject) {
    // SAFETY: the caller guarantees a live object.
    unsafe {
        checked::check_live(object);
        let count = (*object).ob_refcnt.get();
        if (count as i32) < 0 {
            return;
        }
        (*object).ob_refcnt.set(count - 1);
        if count == 1 {
            dealloc(object);
        }
    }
}

/// # Safety
/// As [`decref`], and `object` may be null.
#[inline(always)]
pub unsafe fn xdecref(object: *mut PyObject) {
    if !object.is_null() {
        // SAFETY: not null, otherwise as `decref`.
        unsafe { decref(object) }
    }
}

/// As [`xdecref`] for the items of a container: numbers, which are most of them, go without a call.
///
/// # Safety
/// As [`xdecref`].
#[inline(always)]
pub unsafe fn drop_item(object: *mut PyObject) {
    // SAFETY: by contract.
    unsafe {
        if object.is_null() {
            return;
        }
        let count = (*object).ob_refcnt.get();
        if (count as i32) < 0 {
            return;
        }
        (*object).ob_refcnt.set(count - 1);
        if count == 1 && !reclaim(object) {
            dealloc(object);
        }
    }
}

/// # Safety
/// As [`incref`], and `object` may be null.
#[inline(always)]
pub unsafe fn xincref(object: *mut PyObject) {
    if !object.is_null() {
        // SAFETY: not null, otherwise as `incref`.
        unsafe { incref(object) }
    }
}

/// Puts an int or float without counts on its free list, without any call; `false` for what has to go another way.
///
/// # Safety
/// As [`dealloc`].
#[inline(always)]
pub(crate) unsafe fn reclaim(object: *mut PyObject) -> bool {
    // SAFETY: by contract; the types are exact.
    unsafe {
        let ty = (*object).ob_type.get();
        if ty == <crate::types::Int as super::PyLayout>::TYPE {
            return crate::types::int::raw::reclaim(object.cast());
        }
        ty == <crate::types::Float as super::PyLayout>::TYPE && crate::types::float::raw::reclaim(object.cast())
    }
}

/// Runs the type's `tp_dealloc` on an object whose count came to zero (`_Py_Dealloc`).
///
/// # Safety
/// `object` has no count left and nobody else refers to it.
#[inline(never)]
pub unsafe fn dealloc(object: *mut PyObject) {
    // SAFETY: the object is complete, so its type has a `tp_dealloc` (inherited from `object` at least).
    unsafe {
        if !reclaim(object) {
            dealloc_other(object);
        }
    }
}

/// As [`dealloc`] for what [`reclaim`] does not take.
///
/// # Safety
/// As [`dealloc`].
#[inline(always)]
pub(crate) unsafe fn dealloc_other(object: *mut PyObject) {
    // SAFETY: as in `dealloc`.
    unsafe {
        let ty = (*object).ob_type.get();
        if ty == <crate::types::Str as super::PyLayout>::TYPE {
            return crate::types::str::dealloc_raw(object.cast());
        }
        if let Some(dealloc) = (*ty).tp_dealloc.get() {
            if (*ty).tp_flags.get() & crate::abi::Py_TPFLAGS_HAVE_GC != 0 {
                crate::memory::trashcan::dealloc(object, dealloc)
            } else {
                dealloc(object)
            }
        }
    }
}

/// Sets a new object's count to one and its type. Does not count the type: see `memory::object`.
///
/// # Safety
/// `object` points to writable memory of an object's head at least.
#[inline(always)]
pub unsafe fn init(object: *mut PyObject, ty: *mut crate::abi::PyTypeObject) {
    // SAFETY: the caller guarantees the memory.
    unsafe {
        (*object).ob_refcnt.set(1);
        (*object).ob_overflow.set(0);
        (*object).ob_flags.set(0);
        (*object).ob_type.set(ty);
    }
}
