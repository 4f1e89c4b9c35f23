//! Instances of classes of Python: their end, their traversal, and the descriptors of `__dict__` and `__weakref__`.
//!
//! A class of Python adds up to three things to what its native base has: `__slots__`, a dictionary, a list of weak
//! references. Each is released here, and the rest is left to the nearest base with a `tp_dealloc` of its own.
//! CPython: `subtype_dealloc` and its neighbours in `Objects/typeobject.c`.

use core::ptr;

use super::raw::{TypePtr, has_flag, is_heap_type};
use super::static_heap::answers_for_type;
use crate::abi::*;
use crate::memory::object as heap;
use crate::object::header;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::types::object::dict as instance_dict;

/// The table of `__slots__` members, behind a heap type object (`_PyHeapType_GET_MEMBERS`).
///
/// # Safety
/// `ty` is a live heap type.
pub unsafe fn member_table(ty: TypePtr) -> *mut PyMemberDef {
    // SAFETY: by contract; `ob_size` rows lie behind what the metaclass calls a type object.
    unsafe {
        let meta = (*ty).ob_base.ob_base.ob_type.get();
        ty.cast::<u8>().offset((*meta).tp_basicsize.get()).cast()
    }
}

unsafe fn slot_members<'a>(ty: TypePtr) -> &'a [PyMemberDef] {
    // SAFETY: as in `member_table`; `ob_size` is the number of rows.
    unsafe {
        let count = (*ty).ob_base.ob_size.get();
        if count <= 0 { &[] } else { core::slice::from_raw_parts(member_table(ty), count as usize) }
    }
}

/// Runs `visit` on the field of each slot that `ty` adds.
unsafe fn for_each_slot(
    ty: TypePtr,
    this: *mut PyObject,
    mut visit: impl FnMut(&core::cell::Cell<*mut PyObject>) -> bool,
) -> bool {
    // SAFETY: the members of a class lie inside its instances.
    unsafe {
        for member in slot_members(ty) {
            if member.r#type == Py_T_OBJECT_EX && member.flags & Py_READONLY == 0 {
                let field = this.cast::<u8>().offset(member.offset).cast::<core::cell::Cell<*mut PyObject>>();
                if !visit(&*field) {
                    return false;
                }
            }
        }
        true
    }
}

fn is_ours<F: Copy>(slot: Option<F>, ours: *const ()) -> bool {
    const { assert!(size_of::<Option<F>>() == size_of::<usize>()) };
    // SAFETY: slots are nullable pointers.
    unsafe { core::mem::transmute_copy::<Option<F>, usize>(&slot) == ours as usize }
}

/// `tp_traverse` of classes of Python.
///
/// # Safety
/// A slot function.
pub unsafe extern "C" fn subtype_traverse(this: *mut PyObject, visit: visitproc, arg: *mut c_void) -> c_int {
    // SAFETY: by contract; bases of live types are live.
    unsafe {
        let ty = (*this).ob_type.get();
        let mut visitor = Visitor::new(visit, arg);
        let mut base = ty;
        while is_ours((*base).tp_traverse.get(), subtype_traverse as *const ()) {
            for_each_slot(base, this, |field| {
                visitor.object(field.get());
                visitor.result() == 0
            });
            base = (*base).tp_base.get();
            if base.is_null() {
                break;
            }
        }
        let base_traverse = if base.is_null() { None } else { (*base).tp_traverse.get() };
        if has_flag(ty, Py_TPFLAGS_MANAGED_DICT) {
            // A native base with a managed dictionary visits it itself, and each reference counts once.
            if base_traverse.is_none() || !has_flag(base, Py_TPFLAGS_MANAGED_DICT) {
                instance_dict::visit_managed(this, &mut visitor);
            }
        } else if !base.is_null() && (*ty).tp_dictoffset.get() != (*base).tp_dictoffset.get() {
            let field = instance_dict::computed_pointer(this);
            if !field.is_null() {
                visitor.object(*field);
            }
        }
        if is_heap_type(ty) && (base_traverse.is_none() || !answers_for_type(base)) {
            // A native base knows nothing of a type that its instances own.
            visitor.object(ty);
        }
        match base_traverse {
            Some(traverse) if visitor.result() == 0 => traverse(this, visit, arg),
            _ => visitor.result(),
        }
    }
}

/// `tp_clear` of classes of Python.
///
/// # Safety
/// A slot function.
pub unsafe extern "C" fn subtype_clear(this: *mut PyObject) -> c_int {
    // SAFETY: by contract; bases of live types are live.
    unsafe {
        let ty = (*this).ob_type.get();
        let mut base = ty;
        while is_ours((*base).tp_clear.get(), subtype_clear as *const ()) {
            clear_slots(base, this);
            base = (*base).tp_base.get();
            if base.is_null() {
                break;
            }
        }
        if has_flag(ty, Py_TPFLAGS_MANAGED_DICT) {
            instance_dict::clear_managed(this);
        } else if !base.is_null() && (*ty).tp_dictoffset.get() != (*base).tp_dictoffset.get() {
            let field = instance_dict::computed_pointer(this);
            if !field.is_null() {
                let dict = field.replace(ptr::null_mut());
                header::xdecref(dict);
            }
        }
        match base.as_ref().and_then(|base| base.tp_clear.get()) {
            Some(clear) => clear(this),
            None => 0,
        }
    }
}

unsafe fn clear_slots(ty: TypePtr, this: *mut PyObject) {
    // SAFETY: as in `for_each_slot`.
    unsafe {
        for_each_slot(ty, this, |field| {
            heap::clear_field(field);
            true
        });
    }
}

/// `tp_dealloc` of classes of Python.
///
/// # Safety
/// A slot function: `this` has no count left.
pub unsafe extern "C" fn subtype_dealloc(this: *mut PyObject) {
    // SAFETY: by contract; until its memory is given back the object is complete enough for each step.
    unsafe {
        let ty = (*this).ob_type.get();
        let mut base = ty;
        while is_ours((*base).tp_dealloc.get(), subtype_dealloc as *const ()) {
            base = (*base).tp_base.get();
        }
        let gc = has_flag(ty, Py_TPFLAGS_HAVE_GC);
        if gc {
            heap::gc_untrack(this);
        }
        let has_finalizer = (*ty).tp_finalize.get().is_some() || (*ty).tp_del.get().is_some();
        if (*ty).tp_finalize.get().is_some() {
            // While Python code sees the object it is an ordinary one.
            if gc {
                heap::gc_track(this);
            }
            if !heap::finalize_from_dealloc(this) {
                return;
            }
            if gc {
                heap::gc_untrack(this);
            }
        }
        let weakrefs = (*ty).tp_weaklistoffset.get();
        let owns_weakrefs = weakrefs != 0 && (*base).tp_weaklistoffset.get() == 0;
        if owns_weakrefs && !(*this.byte_offset(weakrefs).cast::<*mut PyObject>()).is_null() {
            crate::types::weakref::clear_references(this);
        }
        if let Some(del) = (*ty).tp_del.get() {
            // It gets the object without a count, gives it one for as long as it runs, and leaves it those that were added.
            if gc {
                heap::gc_track(this);
            }
            del(this);
            if (*this).ob_refcnt.get() > 0 {
                return;
            }
            if gc {
                heap::gc_untrack(this);
            }
        }
        if has_finalizer && owns_weakrefs {
            // What was made by the last callbacks: nobody is told any more, because parts of the object are gone.
            crate::types::weakref::clear_references_without_callbacks(this);
        }
        let mut class = ty;
        while is_ours((*class).tp_dealloc.get(), subtype_dealloc as *const ()) {
            if (*class).ob_base.ob_size.get() > 0 {
                clear_slots(class, this);
            }
            class = (*class).tp_base.get();
        }
        if has_flag(ty, Py_TPFLAGS_MANAGED_DICT) {
            instance_dict::clear_managed(this);
        } else if (*ty).tp_dictoffset.get() != 0 && (*base).tp_dictoffset.get() == 0 {
            let field = instance_dict::computed_pointer(this);
            if !field.is_null() {
                let dict = field.replace(ptr::null_mut());
                header::xdecref(dict);
            }
        }
        // The finaliser may have changed the class.
        let ty = (*this).ob_type.get();
        if gc && has_flag(base, Py_TPFLAGS_HAVE_GC) {
            heap::gc_track(this);
        }
        // A native base frees the object but not what made it: the count of the class is ours.
        let owns_type = is_heap_type(ty) && !answers_for_type(base);
        if base == <Object as PyLayout>::TYPE && is_ours((*ty).tp_free.get(), heap::free_slot as *const ()) {
            heap::free(this);
        } else if let Some(dealloc) = (*base).tp_dealloc.get() {
            dealloc(this);
        }
        if owns_type {
            header::decref(ty.cast());
        }
    }
}

/// The native base whose instances have a dictionary already, if any.
unsafe fn native_base_with_dict(mut ty: TypePtr) -> TypePtr {
    // SAFETY: bases of live types are live.
    unsafe {
        while !(*ty).tp_base.get().is_null() {
            if (*ty).tp_dictoffset.get() != 0 && !answers_for_type(ty) {
                return ty;
            }
            ty = (*ty).tp_base.get();
        }
        ptr::null_mut()
    }
}

/// The native base's own descriptor of `__dict__`.
unsafe fn native_dict_descriptor(this: &Ref<Object>) -> Option<Ref<Object>> {
    // SAFETY: live types.
    unsafe {
        let base = native_base_with_dict(this.type_ptr());
        if base.is_null() {
            return None;
        }
        let found = super::cache::lookup_raw(base, id!("__dict__").as_ptr());
        Ref::<Object>::from_borrowed_ptr_or_null(found)
            .filter(|descriptor| descriptor.type_of().tp_descr_set.get().is_some())
    }
}

/// # Safety
/// A getter: a live instance.
pub unsafe extern "C" fn get_dict(this: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let this: Borrowed<'_, Object> = Borrowed::from_ptr(this);
        if let Some(descriptor) = native_dict_descriptor(&this) {
            return into_c(descriptor.bind(Some(this), this.type_of().upcast()));
        }
        into_c(instance_dict::get_or_create(&this).map(Ref::into_object))
    }
}

/// # Safety
/// A setter: a live instance and a value or null.
pub unsafe extern "C" fn set_dict(this: *mut PyObject, value: *mut PyObject, _: *mut c_void) -> c_int {
    // SAFETY: by contract.
    unsafe {
        let this: Borrowed<'_, Object> = Borrowed::from_ptr(this);
        if let Some(descriptor) = native_dict_descriptor(&this)
            && let Some(set) = descriptor.type_of().tp_descr_set.get()
        {
            return set(descriptor.as_ptr(), this.as_ptr(), value);
        }
        match instance_dict::set(&this, Borrowed::from_ptr_or_null(value)) {
            Ok(()) => 0,
            Err(_) => -1,
        }
    }
}

/// # Safety
/// A getter: a live instance.
pub unsafe extern "C" fn get_weakref(this: *mut PyObject, _: *mut c_void) -> *mut PyObject {
    // SAFETY: by contract; a class with this getter has a list of weak references.
    unsafe {
        let offset = (*(*this).ob_type.get()).tp_weaklistoffset.get();
        if offset == 0 {
            return raise!(AttributeError, "This object has no __weakref__ attribute").into_null();
        }
        let list = *this.byte_offset(offset).cast::<*mut PyObject>();
        match Ref::<Object>::from_borrowed_ptr_or_null(list) {
            Some(list) => list.into_ptr(),
            None => none().into_ptr(),
        }
    }
}

const DICT: PyGetSetDef = PyGetSetDef {
    name: c"__dict__".as_ptr(),
    get: Some(get_dict),
    set: Some(set_dict),
    doc: c"dictionary for instance variables".as_ptr(),
    closure: ptr::null_mut(),
};
const WEAKREF: PyGetSetDef = PyGetSetDef {
    name: c"__weakref__".as_ptr(),
    get: Some(get_weakref),
    set: None,
    doc: c"list of weak references to the object".as_ptr(),
    closure: ptr::null_mut(),
};

static BOTH: [PyGetSetDef; 3] = [DICT, WEAKREF, PyGetSetDef::ZERO];
static DICT_ONLY: [PyGetSetDef; 2] = [DICT, PyGetSetDef::ZERO];
static WEAKREF_ONLY: [PyGetSetDef; 2] = [WEAKREF, PyGetSetDef::ZERO];

/// The tables of descriptors that a class adds.
pub const GETSET_NONE: fn() -> *mut PyGetSetDef = ptr::null_mut;
pub const GETSET_DICT: fn() -> *mut PyGetSetDef = || DICT_ONLY.as_ptr().cast_mut();
pub const GETSET_WEAKREF: fn() -> *mut PyGetSetDef = || WEAKREF_ONLY.as_ptr().cast_mut();
pub const GETSET_BOTH: fn() -> *mut PyGetSetDef = || BOTH.as_ptr().cast_mut();
