//! `pycapsule.h`: pointers of C as objects.

use core::ptr;

use taipan_runtime::types::capsule::Capsule;

use crate::support::*;

// SAFETY of all of these: C passes NULL or live objects, and names that live as long as the capsule.
capi! {
    fn PyCapsule_New(
        pointer: *mut c_void,
        name: *const c_char,
        destructor: Option<PyCapsule_Destructor>,
    ) -> PyResult<Ref<Capsule>> {
        unsafe { Capsule::new(pointer, name, destructor) }
    }

    fn PyCapsule_IsValid(object: *mut PyObject, name: *const c_char) -> bool {
        unsafe { Capsule::is_valid(object, name) }
    }

    fn PyCapsule_GetPointer(object: *mut PyObject, name: *const c_char) -> PyResult<*mut c_void> {
        unsafe { Capsule::pointer(object, name) }
    }

    fn PyCapsule_SetPointer(object: *mut PyObject, pointer: *mut c_void) -> PyResult<()> {
        unsafe { Capsule::set_pointer(object, pointer) }
    }

    fn PyCapsule_GetName(object: *mut PyObject) -> PyResult<*const c_char> {
        Ok(unsafe { Capsule::checked(object, "PyCapsule_GetName")? }.0.name.get())
    }

    fn PyCapsule_SetName(object: *mut PyObject, name: *const c_char) -> PyResult<()> {
        unsafe { Capsule::checked(object, "PyCapsule_SetName")? }.0.name.set(name);
        Ok(())
    }

    fn PyCapsule_GetDestructor(object: *mut PyObject) -> PyResult<*mut c_void> {
        let capsule = unsafe { Capsule::checked(object, "PyCapsule_GetDestructor")? };
        Ok(capsule.0.destructor.get().map_or(ptr::null_mut(), |destructor| destructor as *mut c_void))
    }

    fn PyCapsule_SetDestructor(object: *mut PyObject, destructor: Option<PyCapsule_Destructor>) -> PyResult<()> {
        unsafe { Capsule::checked(object, "PyCapsule_SetDestructor")? }.0.destructor.set(destructor);
        Ok(())
    }

    fn PyCapsule_GetContext(object: *mut PyObject) -> PyResult<*mut c_void> {
        Ok(unsafe { Capsule::checked(object, "PyCapsule_GetContext")? }.0.context.get())
    }

    fn PyCapsule_SetContext(object: *mut PyObject, context: *mut c_void) -> PyResult<()> {
        unsafe { Capsule::checked(object, "PyCapsule_SetContext")? }.0.context.set(context);
        Ok(())
    }

    fn _PyCapsule_SetTraverse(
        object: *mut PyObject,
        traverse: Option<traverseproc>,
        clear: Option<inquiry>,
    ) -> PyResult<()> {
        unsafe { Capsule::set_traverse(object, traverse, clear) }
    }

    fn PyCapsule_Import(name: *const c_char, _no_block: c_int) -> PyResult<*mut c_void> {
        Capsule::import(unsafe { CStr::from_ptr(name) })
    }
}
