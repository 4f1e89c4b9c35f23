//! `refcount.h`, `object.h`: counting references as functions, for those who do not inline it.

use taipan_runtime::memory::object as memory;
use taipan_runtime::object::header;
use taipan_runtime::object::none_ptr;

use crate::support::*;

// SAFETY of all of these: C passes live objects, and gives away the counts that it says it does.
capi! {
    fn Py_IncRef(object: *mut PyObject) {
        unsafe { header::xincref(object) }
    }

    fn Py_DecRef(object: *mut PyObject) {
        unsafe { header::xdecref(object) }
    }

    fn _Py_IncRef(object: *mut PyObject) {
        unsafe { header::incref(object) }
    }

    fn _Py_DecRef(object: *mut PyObject) {
        unsafe { header::decref(object) }
    }

    fn Py_NewRef(object: *mut PyObject) -> *mut PyObject {
        unsafe { header::incref(object) };
        object
    }

    fn Py_XNewRef(object: *mut PyObject) -> *mut PyObject {
        unsafe { header::xincref(object) };
        object
    }

    fn _Py_Dealloc(object: *mut PyObject) {
        unsafe { header::dealloc(object) }
    }

    fn Py_REFCNT(object: *mut PyObject) -> isize {
        unsafe { (*object).ob_refcnt.get() as isize }
    }

    fn _Py_SetRefcnt(object: *mut PyObject, count: isize) {
        unsafe {
            if !header::is_immortal(object) {
                (*object).ob_refcnt.set(count as u32);
            }
        }
    }

    fn Py_TYPE(object: *mut PyObject) -> *mut PyTypeObject {
        unsafe { (*object).ob_type.get() }
    }

    fn Py_Is(left: *mut PyObject, right: *mut PyObject) -> c_int {
        c_int::from(core::ptr::eq(left, right))
    }

    fn Py_IsNone(object: *mut PyObject) -> c_int {
        c_int::from(core::ptr::eq(object, none_ptr()))
    }

    fn Py_IsTrue(object: *mut PyObject) -> c_int {
        c_int::from(core::ptr::eq(object, Bool::true_ptr()))
    }

    fn Py_IsFalse(object: *mut PyObject) -> c_int {
        c_int::from(core::ptr::eq(object, Bool::false_ptr()))
    }

    fn _Py_NewReference(object: *mut PyObject) {
        unsafe {
            (*object).ob_refcnt.set(1);
            (*object).ob_overflow.set(0);
            (*object).ob_flags.set(0);
        }
    }

    fn _Py_NewReferenceNoTotal(object: *mut PyObject) {
        unsafe {
            (*object).ob_refcnt.set(1);
            (*object).ob_overflow.set(0);
            (*object).ob_flags.set(0);
        }
    }

    fn _Py_ResurrectReference(object: *mut PyObject) {
        unsafe { (*object).ob_refcnt.set(1) }
    }

    fn _Py_ForgetReference(_object: *mut PyObject) {}

    fn _Py_SetImmortal(object: *mut PyObject) {
        unsafe {
            if memory::is_gc(object) && memory::is_tracked(object) {
                memory::gc_untrack(object);
            }
            (*object).ob_refcnt.set(_Py_IMMORTAL_INITIAL_REFCNT as u32);
        }
    }

    fn _Py_SetImmortalUntracked(object: *mut PyObject) {
        unsafe { (*object).ob_refcnt.set(_Py_IMMORTAL_INITIAL_REFCNT as u32) }
    }

    fn PyUnstable_IsImmortal(object: *mut PyObject) -> c_int {
        c_int::from(unsafe { header::is_immortal(object) })
    }

    fn PyUnstable_Object_EnableDeferredRefcount(_object: *mut PyObject) -> c_int {
        // Only an interpreter without a GIL defers counts.
        0
    }

    fn PyUnstable_Object_IsUniquelyReferenced(object: *mut PyObject) -> c_int {
        c_int::from(unsafe { (*object).ob_refcnt.get() == 1 })
    }

    fn PyUnstable_Object_IsUniqueReferencedTemporary(object: *mut PyObject) -> c_int {
        // A count of one cannot tell a temporary from a variable of a caller: "no" is always right.
        let _ = object;
        0
    }

    fn PyUnstable_TryIncRef(object: *mut PyObject) -> c_int {
        unsafe {
            if (*object).ob_refcnt.get() == 0 {
                return 0;
            }
            header::incref(object);
        }
        1
    }

    fn PyUnstable_EnableTryIncRef(_object: *mut PyObject) {}

    fn _Py_FatalRefcountErrorFunc(function: *const c_char, message: *const c_char) -> () {
        let (function, message) = unsafe { (lossy(function), lossy(message)) };
        taipan_runtime::thread::fatal(&function, &message);
    }
}
