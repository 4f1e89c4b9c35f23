//! `object.h`, `cpython/object.h`: types, made from specifications or given as static structs.

use core::ptr;

use taipan_runtime::memory::object as memory;
use taipan_runtime::object::args::rt;
use taipan_runtime::types::type_::{self, cache, spec};
use taipan_runtime::types::weakref;

use crate::support::*;

capi! {
    fn PyType_Ready(ty: *mut PyTypeObject) -> PyResult<()> {
        // SAFETY: C passes a type, static or of the heap.
        unsafe { type_::ready(ty) }
    }

    fn PyType_FromMetaclass(
        metaclass: *mut PyTypeObject,
        module: Nullable<'_>,
        spec: *mut PyType_Spec,
        bases: Nullable<'_>,
    ) -> PyResult<Ref<Type>> {
        // SAFETY: by the contract of the C function.
        unsafe { spec::from_spec(Borrowed::from_ptr_or_null(metaclass), module, spec, bases) }
    }

    fn PyType_FromModuleAndSpec(
        module: Nullable<'_>,
        spec: *mut PyType_Spec,
        bases: Nullable<'_>,
    ) -> PyResult<Ref<Type>> {
        // SAFETY: by the contract of the C function.
        unsafe { spec::from_spec(None, module, spec, bases) }
    }

    fn PyType_FromSpecWithBases(spec: *mut PyType_Spec, bases: Nullable<'_>) -> PyResult<Ref<Type>> {
        // SAFETY: by the contract of the C function.
        unsafe { spec::from_spec(None, None, spec, bases) }
    }

    fn PyType_FromSpec(spec: *mut PyType_Spec) -> PyResult<Ref<Type>> {
        // SAFETY: by the contract of the C function.
        unsafe { spec::from_spec(None, None, spec, None) }
    }

    fn PyType_Freeze(ty: Borrowed<'_, Type>) -> PyResult<()> {
        ty.freeze()
    }

    fn PyType_GetSlot(ty: *mut PyTypeObject, slot: c_int) -> PyResult<*mut c_void> {
        if slot == Py_tp_token {
            // SAFETY: C passes a live type; only types of the heap have a token.
            return Ok(unsafe {
                if type_::raw::is_heap_type(ty) { (*ty.cast::<PyHeapTypeObject>()).ht_token.get() } else { ptr::null_mut() }
            });
        }
        // SAFETY: C passes a live type.
        match unsafe { spec::get_slot(ty, slot) } {
            Some(value) => Ok(value),
            None => Err(bad_internal_call()),
        }
    }

    fn PyType_GetModule(ty: Borrowed<'_, Type>) -> PyResult<*mut PyObject> {
        // The type keeps its module.
        Ok(spec::module_of(&ty)?.as_ptr())
    }

    fn PyType_GetModuleState(ty: Borrowed<'_, Type>) -> PyResult<*mut c_void> {
        match spec::module_of(&ty)?.downcast::<Module>() {
            Some(module) => Ok(module.state()),
            None => Err(bad_internal_call()),
        }
    }

    fn PyType_GetModuleByDef(ty: Borrowed<'_, Type>, definition: *mut PyModuleDef) -> PyResult<*mut PyObject> {
        Ok(spec::module_by_def(&ty, definition)?.as_ptr())
    }

    fn PyType_GetBaseByToken(
        ty: Borrowed<'_, Type>,
        token: *mut c_void,
        place: *mut *mut PyTypeObject,
    ) -> PyResult<bool> {
        // SAFETY: C passes NULL or a place for a pointer.
        let store = |value: *mut PyTypeObject| unsafe {
            if !place.is_null() {
                *place = value;
            }
        };
        store(ptr::null_mut());
        if token.is_null() {
            return Err(raise!(SystemError, "PyType_GetBaseByToken called with token=NULL"));
        }
        if !ty.as_object().is_instance_of::<Type>() {
            return Err(raise!(TypeError, "expected a type, got a '{}' object", ty.as_object().type_name()));
        }
        match spec::base_by_token(&ty, token) {
            Some(found) => {
                if !place.is_null() {
                    store(found.into_ptr().cast());
                }
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn PyType_GetName(ty: Borrowed<'_, Type>) -> PyResult<Ref<Str>> {
        ty.dunder_name()
    }

    fn PyType_GetQualName(ty: Borrowed<'_, Type>) -> PyResult<Ref<Str>> {
        ty.qualname()
    }

    fn PyType_GetModuleName(ty: Borrowed<'_, Type>) -> PyResult<Ref<Object>> {
        ty.module()
    }

    fn PyType_GetFullyQualifiedName(ty: Borrowed<'_, Type>) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&qualified_name(&ty)?)
    }

    fn PyType_GetDict(ty: Borrowed<'_, Type>) -> Ref<Dict> {
        ty.dict().to_owned()
    }

    fn PyType_GetFlags(ty: Borrowed<'_, Type>) -> c_ulong {
        ty.tp_flags.get() as c_ulong
    }

    fn PyType_IsSubtype(ty: *mut PyTypeObject, base: *mut PyTypeObject) -> bool {
        // SAFETY: C passes live types.
        unsafe { type_::is_subtype_raw(ty, base) }
    }

    fn PyType_Modified(ty: Borrowed<'_, Type>) {
        ty.modified();
    }

    fn PyType_ClearCache() -> c_uint {
        cache::clear()
    }

    fn PyUnstable_Type_AssignVersionTag(ty: *mut PyTypeObject) -> c_int {
        // SAFETY: C passes a live type.
        c_int::from(unsafe { type_::assign_version(ty) } != 0)
    }

    fn _PyType_SetVersion(ty: *mut PyTypeObject, version: c_uint) {
        // SAFETY: C passes a live type.
        unsafe { cache::set_version(ty, version) }
    }

    fn PyType_GenericAlloc(ty: *mut PyTypeObject, items: isize) -> PyResult<Ref<Object>> {
        // SAFETY: C passes a ready type.
        unsafe { memory::alloc(ty, items).map(|object| Ref::from_owned_ptr(object)) }
    }

    fn _PyType_AllocNoTrack(ty: *mut PyTypeObject, items: isize) -> PyResult<Ref<Object>> {
        // SAFETY: C passes a ready type.
        unsafe { memory::alloc_untracked(ty, items).map(|object| Ref::from_owned_ptr(object)) }
    }

    fn PyType_GenericNew(ty: *mut PyTypeObject, args: *mut PyObject, keywords: *mut PyObject) -> *mut PyObject {
        // SAFETY: as `tp_new`.
        unsafe { rt::generic_new(ty, args, keywords) }
    }

    fn PyType_AddWatcher(callback: Option<PyType_WatchCallback>) -> PyResult<c_int> {
        match callback {
            Some(callback) => cache::add_watcher(callback).map(|id| id as c_int),
            None => Err(bad_internal_call()),
        }
    }

    fn PyType_ClearWatcher(id: c_int) -> PyResult<()> {
        cache::clear_watcher(id)
    }

    fn PyType_Watch(id: c_int, object: Borrowed<'_, Object>) -> PyResult<()> {
        cache::watch(id, &object)
    }

    fn PyType_Unwatch(id: c_int, object: Borrowed<'_, Object>) -> PyResult<()> {
        cache::unwatch(id, &object)
    }

    fn _PyType_Lookup(ty: *mut PyTypeObject, name: *mut PyObject) -> *mut PyObject {
        // SAFETY: C passes a live type and a `str`.
        unsafe { cache::lookup_raw(ty, name) }
    }

    fn _PyType_LookupRef(ty: *mut PyTypeObject, name: *mut PyObject) -> Option<Ref<Object>> {
        // SAFETY: as above.
        unsafe { Ref::from_borrowed_ptr_or_null(cache::lookup_raw(ty, name)) }
    }

    fn _PyType_Name(ty: *mut PyTypeObject) -> *const c_char {
        // SAFETY: C passes a live type, whose name ends with a zero.
        unsafe { type_::raw::short_name(ty).as_ptr().cast() }
    }

    fn _PyType_GetDict(ty: Borrowed<'_, Type>) -> *mut PyObject {
        ty.dict().as_ptr()
    }

    fn PyObject_GetTypeData(object: *mut PyObject, class: *mut PyTypeObject) -> *mut c_void {
        // SAFETY: C passes an instance of `class`, which was made with a negative basicsize.
        unsafe { object.byte_add(data_offset(class)).cast() }
    }

    fn PyType_GetTypeDataSize(class: *mut PyTypeObject) -> isize {
        // SAFETY: C passes a live type.
        unsafe {
            let size = (*class).tp_basicsize.get() - data_offset(class) as isize;
            size.max(0)
        }
    }

    fn PyObject_GetItemData(object: Borrowed<'_, Object>) -> PyResult<*mut c_void> {
        if !object.type_of().has_flag(Py_TPFLAGS_ITEMS_AT_END) {
            return Err(raise!(
                TypeError,
                "type '{}' does not have Py_TPFLAGS_ITEMS_AT_END",
                object.type_of().full_name().unwrap_or_else(|_| object.type_name())
            ));
        }
        // SAFETY: the items stand behind the fixed part.
        Ok(unsafe { object.as_ptr().byte_offset((*object.type_ptr()).tp_basicsize.get()).cast() })
    }

    fn PyObject_ClearWeakRefs(object: *mut PyObject) {
        // SAFETY: `tp_dealloc` calls this; the exception that may be set is put aside by weak references' own code.
        unsafe { weakref::clear_references(object) }
    }

    fn PyUnstable_Object_ClearWeakRefsNoCallbacks(object: *mut PyObject) {
        // SAFETY: as above.
        unsafe { weakref::raw::clear_references_without_callbacks(object) }
    }

    fn PyObject_CallFinalizer(object: *mut PyObject) {
        // SAFETY: C passes a complete object.
        unsafe { memory::call_finalizer(object) }
    }

    fn PyObject_CallFinalizerFromDealloc(object: *mut PyObject) -> c_int {
        // SAFETY: `tp_dealloc` calls this before anything else.
        if unsafe { memory::finalize_from_dealloc(object) } { 0 } else { -1 }
    }

    fn _PySuper_Lookup(
        class: Borrowed<'_, Object>,
        object: Borrowed<'_, Object>,
        name: Borrowed<'_, Str>,
        _method: *mut c_int,
    ) -> PyResult<Ref<Object>> {
        taipan_runtime::types::Super::type_object().upcast().call(&[class, object])?.getattr(name)
    }
}

/// Where the data of a type with a negative basicsize begins: behind the base's part, aligned for any C type.
unsafe fn data_offset(class: *mut PyTypeObject) -> usize {
    // SAFETY: a live type that is ready.
    unsafe {
        let base = (*class).tp_base.get();
        let size = if base.is_null() { 0 } else { (*base).tp_basicsize.get() as usize };
        size.next_multiple_of(align_of::<libc::max_align_t>())
    }
}

/// Module and qualified name; the qualified name alone for what stands in `builtins` or `__main__`.
pub fn qualified_name(class: &Ref<Type>) -> PyResult<String> {
    if class.is_heap_type() {
        match class.module() {
            Ok(module) if module.downcast::<Str>().is_some_and(|module| module.eq_str("__main__")) => {
                return Ok(class.qualname()?.to_display());
            }
            Ok(_) => {}
            Err(raised) => raised.clear_if::<taipan_runtime::types::exceptions::AttributeError>()?,
        }
    }
    class.full_name()
}
