//! `type`: its declaration and its methods.
//!
//! CPython: `PyType_Type` in `Objects/typeobject.c`.

use core::mem::offset_of;

use super::raw::{TypePtr, is_heap_type};
use super::{Type, attr, call, mro, new, subclasses};
use crate::abi::*;
use crate::memory::{object as heap_object, small};
use crate::prelude::*;

#[pytype(
    name = "type",
    export = "PyType_Type",
    basicsize = size_of::<PyHeapTypeObject>(),
    itemsize = size_of::<PyMemberDef>(),
    gc,
    basetype,
    subclass_flag = TYPE,
    weaklistoffset = offset_of!(PyTypeObject, tp_weaklist),
    dictoffset = offset_of!(PyTypeObject, tp_dict),
    vectorcalloffset = offset_of!(PyTypeObject, tp_vectorcall),
    flags = Py_TPFLAGS_ITEMS_AT_END,
    extend = [GETSET]
)]
impl Type {
    #[slot(tp_repr)]
    fn repr(this: &Ref<Type>) -> PyResult<Ref<Str>> {
        if this.is_heap_type() && this.tp_dict.get().is_null() {
            return Str::from_utf8_str(&format!("<class '{}'>", this.name()));
        }
        Str::from_utf8_str(&format!("<class '{}'>", this.full_name()?))
    }

    #[slot(tp_call, raw)]
    const CALL: ternaryfunc = call::type_call;

    #[slot(tp_vectorcall, raw)]
    const VECTORCALL: vectorcallfunc = call::type_vectorcall;

    #[slot(tp_getattro, raw)]
    const GETATTRO: getattrofunc = attr::type_getattro;

    #[slot(tp_setattro, raw)]
    const SETATTRO: setattrofunc = attr::type_setattro;

    #[slot(tp_init, raw)]
    const INIT: initproc = new::type_init;

    #[slot(tp_new, raw)]
    const NEW: newfunc = new::type_new;

    #[slot(tp_alloc, raw)]
    const ALLOC: allocfunc = heap_object::generic_alloc;

    #[slot(tp_free, raw)]
    const FREE: freefunc = heap_object::free_slot;

    #[slot(nb_or)]
    fn or(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        crate::types::union::or(left, right)
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Type) {
        let raw: TypePtr = this.cast();
        // SAFETY: a heap type without references; static types are immortal.
        unsafe {
            if !is_heap_type(raw) {
                return;
            }
            heap_object::gc_untrack(raw.cast());
            // Caches name no type that is going away.
            super::cache::set_version(raw, 0);
            subclasses::remove_from_bases(raw);
            if !(*raw).tp_weaklist.get().is_null() {
                crate::types::weakref::clear_references(raw.cast());
            }
            heap_object::clear_field(&(*raw).tp_base);
            // The dict may live on without the type.
            if !(*raw).tp_dict.get().is_null() {
                crate::types::dict::watch::set_owner((*raw).tp_dict.get().cast(), core::ptr::null_mut());
            }
            for field in [&(*raw).tp_dict, &(*raw).tp_bases, &(*raw).tp_mro, &(*raw).tp_cache] {
                heap_object::clear_field(field);
            }
            subclasses::free(raw);
            let doc = (*raw).tp_doc.replace(core::ptr::null());
            if !doc.is_null() {
                small::free(doc.cast_mut().cast());
            }
            let heap = raw.cast::<PyHeapTypeObject>();
            for field in [&(*heap).ht_name, &(*heap).ht_qualname, &(*heap).ht_slots, &(*heap).ht_module] {
                heap_object::clear_field(field);
            }
            let keys = (*heap).ht_cached_keys.replace(core::ptr::null_mut());
            if !keys.is_null() {
                crate::types::dict::instance::release_shared_keys(keys);
            }
            let name = (*heap)._ht_tpname.replace(core::ptr::null_mut());
            if !name.is_null() {
                small::free(name.cast());
            }
            let meta = (*raw).ob_base.ob_base.ob_type.get();
            match (*meta).tp_free.get() {
                Some(free) => free(raw.cast()),
                None => heap_object::free(raw.cast()),
            }
            // A metaclass of Python counts its classes itself, in `subtype_dealloc`.
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Type, visit: &mut Visitor) {
        // SAFETY: only heap types are collected, see `is_gc`.
        unsafe {
            let raw: TypePtr = (&raw const *this).cast_mut().cast();
            if !is_heap_type(raw) {
                return;
            }
            visit.object((*raw).tp_dict.get());
            visit.object((*raw).tp_cache.get());
            visit.object((*raw).tp_mro.get());
            visit.object((*raw).tp_bases.get());
            visit.object((*raw).tp_base.get());
            // Names and slots are strings and tuples of strings.
            visit.object((*raw.cast::<PyHeapTypeObject>()).ht_module.get());
        }
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Type>) {
        // `tp_bases` and `tp_base` stay: other classes of the cycle look at them while they go away. Dictionary, MRO and module
        // are what makes cycles.
        let raw: TypePtr = this.as_raw().cast();
        // SAFETY: the collector takes the type apart.
        unsafe {
            if !is_heap_type(raw) {
                return;
            }
            super::cache::modified(raw);
            if let Some(dict) = Borrowed::<Dict>::from_ptr_or_null((*raw).tp_dict.get()) {
                dict.to_owned().clear();
            }
            let heap = raw.cast::<PyHeapTypeObject>();
            heap_object::clear_field(&(*heap).ht_module);
            heap_object::clear_field(&(*raw).tp_mro);
        }
    }

    #[slot(tp_is_gc)]
    fn is_gc(this: &Ref<Type>) -> bool {
        this.is_heap_type()
    }

    #[method(signature = "($self, /)")]
    fn mro(this: &Ref<Type>) -> PyResult<Ref<List>> {
        List::from_vec(mro::linearise(this)?)
    }

    #[method(name = "__subclasses__", signature = "($self, /)")]
    fn subclasses(this: &Ref<Type>) -> PyResult<Ref<List>> {
        List::from_vec(subclasses::snapshot(this)?.into_iter().map(Ref::into_object).gather()?)
    }

    #[classmethod(name = "__prepare__", signature = "($cls, name, bases, /, **kwds)", raw)]
    fn prepare(_cls: Borrowed<'_, Type>, _args: CallArgs<'_>) -> PyResult<Ref<Dict>> {
        Dict::new()
    }

    #[method(name = "__instancecheck__", signature = "($self, instance, /)")]
    fn instancecheck(this: &Ref<Type>, instance: Borrowed<'_, Object>) -> PyResult<bool> {
        instance.is_instance_by_default(this.as_borrowed())
    }

    #[method(name = "__subclasscheck__", signature = "($self, subclass, /)")]
    fn subclasscheck(this: &Ref<Type>, subclass: Borrowed<'_, Object>) -> PyResult<bool> {
        subclass.is_subclass_by_default(this.as_borrowed())
    }

    /// All names of the class and its bases, not sorted.
    #[method(name = "__dir__", signature = "($self, /)")]
    fn dir(this: &Ref<Type>) -> PyResult<Ref<List>> {
        let names = Dict::new()?;
        crate::types::object::methods::merge_class_dict(&names, this.as_borrowed())?;
        List::from_vec(names.keys_snapshot()?)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<Type>) -> usize {
        if !this.is_heap_type() {
            return size_of::<PyTypeObject>();
        }
        let mut size = size_of::<PyHeapTypeObject>();
        // SAFETY: heap types have shared keys or none.
        unsafe {
            let keys = (*this.as_raw().cast::<PyHeapTypeObject>()).ht_cached_keys.get();
            if !keys.is_null() {
                size += crate::types::dict::keys::byte_size(keys);
            }
        }
        size
    }

    #[member(name = "__basicsize__", kind = Py_T_PYSSIZET, offset = offset_of!(PyTypeObject, tp_basicsize), readonly)]
    const _BASICSIZE: () = ();
    #[member(name = "__itemsize__", kind = Py_T_PYSSIZET, offset = offset_of!(PyTypeObject, tp_itemsize), readonly)]
    const _ITEMSIZE: () = ();
    #[member(name = "__flags__", kind = Py_T_ULONG, offset = offset_of!(PyTypeObject, tp_flags), readonly)]
    const _FLAGS: () = ();
    #[member(name = "__weakrefoffset__", kind = Py_T_PYSSIZET, offset = offset_of!(PyTypeObject, tp_weaklistoffset), readonly)]
    const _WEAKREFOFFSET: () = ();
    #[member(name = "__base__", kind = _Py_T_OBJECT, offset = offset_of!(PyTypeObject, tp_base), readonly)]
    const _BASE: () = ();
    #[member(name = "__dictoffset__", kind = Py_T_PYSSIZET, offset = offset_of!(PyTypeObject, tp_dictoffset), readonly)]
    const _DICTOFFSET: () = ();
}
