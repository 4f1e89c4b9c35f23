//! `PyCapsule`: a pointer of C with a name, passed through Python code.
//!
//! The functions behind the C API stand here, with its names for their messages. CPython: `Objects/capsule.c`.

use core::ffi::{c_char, c_void};
use core::ptr;

use crate::abi::{PyCapsule, PyCapsule_Destructor, PyObject, inquiry, traverseproc};
use crate::memory::object as memory;
use crate::prelude::*;

/// `PyCapsule`.
#[repr(transparent)]
pub struct Capsule(pub PyCapsule);

/// Whether two names, either of which may be null, are the same.
///
/// # Safety
/// Both are null or C strings.
unsafe fn same_name(a: *const c_char, b: *const c_char) -> bool {
    if a.is_null() || b.is_null() {
        return ptr::eq(a, b);
    }
    // SAFETY: by contract.
    unsafe { CStr::from_ptr(a) == CStr::from_ptr(b) }
}

impl Capsule {
    /// `PyCapsule_New`. The name is not copied.
    ///
    /// # Safety
    /// `name` is null or a C string that outlives the capsule; `destructor` takes the capsule.
    pub unsafe fn new(
        pointer: *mut c_void,
        name: *const c_char,
        destructor: Option<PyCapsule_Destructor>,
    ) -> PyResult<Ref<Capsule>> {
        if pointer.is_null() {
            return Err(raise!(ValueError, "PyCapsule_New called with null pointer"));
        }
        // SAFETY: a new capsule; it is tracked once it has functions for the collector.
        unsafe {
            let capsule = memory::new::<Capsule>()?;
            (*capsule).0.pointer.set(pointer);
            (*capsule).0.name.set(name);
            (*capsule).0.destructor.set(destructor);
            Ok(Ref::from_owned_ptr(capsule))
        }
    }

    /// `PyCapsule_IsValid`.
    ///
    /// # Safety
    /// `object` is null or live, `name` null or a C string.
    pub unsafe fn is_valid(object: *mut PyObject, name: *const c_char) -> bool {
        // SAFETY: by contract.
        unsafe {
            let Some(object) = Borrowed::<Object>::from_ptr_or_null(object) else { return false };
            object
                .downcast_exact::<Capsule>()
                .is_some_and(|capsule| !capsule.0.pointer.get().is_null() && same_name(capsule.0.name.get(), name))
        }
    }

    /// The capsule at `object`, for the function of the C API of that name; ValueError when it is none.
    ///
    /// # Safety
    /// `object` is null or live for `'a`.
    pub unsafe fn checked<'a>(object: *mut PyObject, function: &str) -> PyResult<Borrowed<'a, Capsule>> {
        // SAFETY: by contract.
        unsafe {
            match Borrowed::<Object>::from_ptr_or_null(object) {
                Some(object) if object.is_exact::<Capsule>() => {
                    let capsule: Borrowed<'a, Capsule> = object.cast_borrowed_unchecked();
                    if !capsule.0.pointer.get().is_null() {
                        return Ok(capsule);
                    }
                }
                _ => {}
            }
        }
        Err(raise!(ValueError, "{function} called with invalid PyCapsule object"))
    }

    /// `PyCapsule_GetPointer`.
    ///
    /// # Safety
    /// As [`Capsule::is_valid`].
    pub unsafe fn pointer(object: *mut PyObject, name: *const c_char) -> PyResult<*mut c_void> {
        // SAFETY: by contract.
        unsafe {
            let capsule = Capsule::checked(object, "PyCapsule_GetPointer")?;
            if !same_name(name, capsule.0.name.get()) {
                return Err(raise!(ValueError, "PyCapsule_GetPointer called with incorrect name"));
            }
            Ok(capsule.0.pointer.get())
        }
    }

    /// `PyCapsule_SetPointer`.
    ///
    /// # Safety
    /// `object` is null or live.
    pub unsafe fn set_pointer(object: *mut PyObject, pointer: *mut c_void) -> PyResult<()> {
        // SAFETY: by contract.
        let capsule = unsafe { Capsule::checked(object, "PyCapsule_SetPointer")? };
        if pointer.is_null() {
            return Err(raise!(ValueError, "PyCapsule_SetPointer called with null pointer"));
        }
        capsule.0.pointer.set(pointer);
        Ok(())
    }

    /// `_PyCapsule_SetTraverse`: shows the capsule to the collector.
    ///
    /// # Safety
    /// The functions take the capsule, by the rules of `tp_traverse` and `tp_clear`.
    pub unsafe fn set_traverse(
        object: *mut PyObject,
        traverse: Option<traverseproc>,
        clear: Option<inquiry>,
    ) -> PyResult<()> {
        // SAFETY: by contract.
        unsafe {
            let capsule = Capsule::checked(object, "_PyCapsule_SetTraverse")?;
            if traverse.is_none() || clear.is_none() {
                return Err(raise!(ValueError, "_PyCapsule_SetTraverse() called with NULL callback"));
            }
            capsule.0.traverse_func.set(traverse);
            capsule.0.clear_func.set(clear);
            if !memory::is_tracked(object) {
                memory::gc_track(object);
            }
            Ok(())
        }
    }

    /// `PyCapsule_Import`: the pointer of the capsule that is the attribute `package.module.name`.
    pub fn import(name: &CStr) -> PyResult<*mut c_void> {
        let path = name.to_string_lossy();
        let mut object: Option<Ref<Object>> = None;
        for part in name.to_bytes().split(|&byte| byte == b'.') {
            object = Some(match object {
                Some(object) => {
                    let part = Str::intern(crate::types::codec::decode_utf8(part, "strict")?);
                    object.getattr(part.borrow())?
                }
                None => {
                    let part = String::from_utf8_lossy(part);
                    match crate::import::import_module(&part) {
                        Ok(module) => module,
                        Err(raised) => {
                            // Whatever went wrong there.
                            raised.clear();
                            return Err(raise!(ImportError, "PyCapsule_Import could not import module \"{part}\""));
                        }
                    }
                }
            });
        }
        // SAFETY: the object is live, and the name a C string.
        unsafe {
            match &object {
                Some(object) if Capsule::is_valid(object.as_ptr(), name.as_ptr()) => {
                    Capsule::pointer(object.as_ptr(), name.as_ptr())
                }
                _ => Err(raise!(AttributeError, "PyCapsule_Import \"{path}\" is not valid")),
            }
        }
    }
}

#[pytype(name = "PyCapsule", export = "PyCapsule_Type", gc, disallow_instantiation)]
impl Capsule {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Capsule) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            if let Some(destructor) = (*this).0.destructor.get() {
                destructor(this.cast());
            }
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Capsule, visit: &mut Visitor) {
        if let Some(traverse) = this.0.traverse_func.get() {
            let (function, argument) = visit.visit_raw();
            // SAFETY: the function takes this capsule.
            let result = unsafe { traverse((&raw const *this).cast_mut().cast(), function, argument) };
            visit.merge(result);
        }
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Capsule>) {
        if let Some(clear) = this.0.clear_func.get() {
            // SAFETY: the function takes this capsule.
            unsafe { clear(this.as_ptr()) };
        }
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Capsule>) -> String {
        let name = this.0.name.get();
        if name.is_null() {
            return format!("<capsule object NULL at {:p}>", this.as_ptr());
        }
        // SAFETY: a C string by contract of `new`.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
        format!("<capsule object \"{name}\" at {:p}>", this.as_ptr())
    }
}
