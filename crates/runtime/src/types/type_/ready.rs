//! Makes a type ready for use: base, dictionary, MRO, inherited slots, wrappers for the slots it defines.
//!
//! Static types of ours and of extensions, types from a specification and classes of Python all go through [`ready`].
//! CPython: `PyType_Ready` in `Objects/typeobject.c`.

use super::inherit;
use super::raw::{
    TypePtr, add_flags, clear_flags, display_name, has_flag, is_heap_type, replace, short_name, slot_value,
};
use super::slotdefs::{SLOTDEFS, name};
use super::static_heap::{self, is_static_heap};
use super::{cache, mro, subclasses};
use crate::abi::*;
use crate::prelude::*;
use crate::types::builtin_function::CFunction;
use crate::types::classmethod::StaticMethod;
use crate::types::descr::getset::GetSetDescr;
use crate::types::descr::member::MemberDescr;
use crate::types::descr::method::{ClassMethodDescr, MethodDescr};
use crate::types::descr::wrapper::WrapperDescr;
use crate::types::descr::{self, doc};
use crate::types::object::PyObject_HashNotImplemented;

/// Makes `ty` ready; does nothing if it is (`PyType_Ready`).
///
/// # Safety
/// `ty` is a type object whose tables and names live as long as it does.
pub unsafe fn ready(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        if has_flag(ty, Py_TPFLAGS_READY) {
            return Ok(());
        }
        if has_flag(ty, Py_TPFLAGS_READYING) {
            return Err(raise!(SystemError, "type '{}' is being made ready", display_name(ty)));
        }
        if !is_heap_type(ty) {
            add_flags(ty, Py_TPFLAGS_IMMUTABLETYPE);
            // Extensions declare their static types with an ordinary count.
            (*ty).ob_base.ob_base.ob_refcnt_full().set(_Py_STATIC_IMMORTAL_INITIAL_REFCNT);
        }
        let static_heap = is_static_heap(ty);
        add_flags(ty, Py_TPFLAGS_READYING);
        let mut result = if static_heap { static_heap::prepare(ty) } else { Ok(()) };
        if result.is_ok() {
            result = make_ready(ty);
        }
        if result.is_ok() && static_heap {
            result = static_heap::finish(ty);
        }
        clear_flags(ty, Py_TPFLAGS_READYING);
        if result.is_ok() {
            add_flags(ty, Py_TPFLAGS_READY);
        }
        result
    }
}

/// As [`ready`] for the static type behind a Rust type, marked as one of ours.
pub fn ready_static<T: PyLayout>() -> PyResult<()> {
    // SAFETY: static types of ours are complete.
    unsafe { ready_builtin(T::TYPE) }
}

/// # Safety
/// As [`ready`], for a static type of ours.
pub unsafe fn ready_builtin(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        if !is_heap_type(ty) {
            add_flags(ty, _Py_TPFLAGS_STATIC_BUILTIN);
        }
        ready(ty)
    }
}

unsafe fn make_ready(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by the contract of `ready`.
    unsafe {
        check_before(ty)?;
        if (*ty).tp_dict.get().is_null() {
            (*ty).tp_dict.set(Dict::new()?.into_ptr());
        }
        crate::types::dict::watch::set_owner((*ty).tp_dict.get().cast(), ty);
        set_base(ty)?;
        set_metatype(ty);
        if (*ty).tp_bases.get().is_null() {
            let base = (*ty).tp_base.get();
            let bases =
                if base.is_null() { Tuple::empty() } else { Tuple::from_slice(&[Borrowed::<Object>::from_ptr(base)])? };
            (*ty).tp_bases.set(bases.into_ptr());
        }
        let handle: Borrowed<'_, Type> = Borrowed::from_ptr(ty);
        mro::update(&handle)?;
        if !is_heap_type(ty) {
            check_static_bases(&handle)?;
        }
        set_new(ty)?;
        fill_dict(ty)?;
        inherit_all(ty)?;
        if has_flag(ty, Py_TPFLAGS_HAVE_GC) && (*ty).tp_traverse.get().is_none() {
            return Err(raise!(
                SystemError,
                "type {} has the Py_TPFLAGS_HAVE_GC flag but has no traverse function",
                display_name(ty)
            ));
        }
        set_hash(ty)?;
        for base in handle.bases().iter() {
            subclasses::add(base.as_ptr().cast(), ty)?;
        }
        set_inline_values(ty)
    }
}

unsafe fn check_before(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by the contract of `ready`.
    unsafe {
        if (*ty).tp_name.get().is_null() {
            return Err(raise!(SystemError, "Type does not define the tp_name field."));
        }
        // Static types of ours may have a managed dictionary, though without keys to share.
        if has_flag(ty, Py_TPFLAGS_MANAGED_DICT) && !is_heap_type(ty) && !has_flag(ty, _Py_TPFLAGS_STATIC_BUILTIN) {
            return Err(raise!(
                SystemError,
                "type {} has the Py_TPFLAGS_MANAGED_DICT flag but not Py_TPFLAGS_HEAPTYPE flag",
                display_name(ty)
            ));
        }
        Ok(())
    }
}

unsafe fn set_base(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by the contract of `ready`.
    unsafe {
        let object = <Object as PyLayout>::TYPE;
        if (*ty).tp_base.get().is_null() && ty != object {
            (*ty).tp_base.set(object);
            if is_heap_type(ty) {
                crate::object::header::incref(object.cast());
            }
        }
        let base = (*ty).tp_base.get();
        if !base.is_null() && !has_flag(base, Py_TPFLAGS_READY) && !has_flag(base, Py_TPFLAGS_READYING) {
            ready(base)?;
        }
        Ok(())
    }
}

unsafe fn set_metatype(ty: TypePtr) {
    // SAFETY: by the contract of `ready`.
    unsafe {
        let head = &(*ty).ob_base.ob_base;
        if head.ob_type.get().is_null() {
            let base = (*ty).tp_base.get();
            let meta = if base.is_null() { <Type as PyLayout>::TYPE } else { (*base).ob_base.ob_base.ob_type.get() };
            head.ob_type.set(meta);
        }
    }
}

fn check_static_bases(ty: &Ref<Type>) -> PyResult<()> {
    let Some(mro) = ty.mro() else { return Ok(()) };
    for class in mro.iter() {
        // SAFETY: the MRO has types only.
        let class: &Ref<Type> = unsafe { class.cast_unchecked() };
        if class.tp_flags.get() & Py_TPFLAGS_HEAPTYPE != 0 {
            return Err(raise!(
                TypeError,
                "type '{}' is not dynamically allocated but its base type '{}' is dynamically allocated",
                ty.name(),
                class.name()
            ));
        }
    }
    Ok(())
}

/// `tp_new` is inherited, but not from `object` by a static type: such types could not be made from Python before there
/// were subclassable types, and stay so.
unsafe fn set_new(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by the contract of `ready`.
    unsafe {
        let base = (*ty).tp_base.get();
        if (*ty).tp_new.get().is_none() && base == <Object as PyLayout>::TYPE && !is_heap_type(ty) {
            add_flags(ty, Py_TPFLAGS_DISALLOW_INSTANTIATION);
        }
        if has_flag(ty, Py_TPFLAGS_DISALLOW_INSTANTIATION) {
            (*ty).tp_new.set(None);
        } else if (*ty).tp_new.get().is_some() {
            let dict: Borrowed<'_, Dict> = Borrowed::from_ptr((*ty).tp_dict.get());
            if dict.get_str(id!("__new__")).is_none() {
                let new = CFunction::new_wrapper(Borrowed::from_ptr(ty))?;
                dict.set_str(id!("__new__"), new.as_borrowed())?;
            }
        } else if !base.is_null() {
            (*ty).tp_new.set((*base).tp_new.get());
        }
        Ok(())
    }
}

unsafe fn fill_dict(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by the contract of `ready`.
    unsafe {
        add_wrappers(ty)?;
        let dict: Borrowed<'_, Dict> = Borrowed::from_ptr((*ty).tp_dict.get());
        let handle: Borrowed<'_, Type> = Borrowed::from_ptr(ty);
        let mut method = (*ty).tp_methods.get();
        while !method.is_null() && !(*method).ml_name.is_null() {
            add_method(handle, method)?;
            method = method.add(1);
        }
        let mut member = (*ty).tp_members.get();
        while !member.is_null() && !(*member).name.is_null() {
            add_new(&dict, (*member).name, || Ok(MemberDescr::new(handle, member)?.into_object()))?;
            member = member.add(1);
        }
        let mut getset = (*ty).tp_getset.get();
        while !getset.is_null() && !(*getset).name.is_null() {
            add_new(&dict, (*getset).name, || Ok(GetSetDescr::new(handle, getset)?.into_object()))?;
            getset = getset.add(1);
        }
        set_doc(ty, &dict)
    }
}

/// Adds a name to the dictionary unless it is there.
unsafe fn add_new(dict: &Ref<Dict>, name: *const c_char, make: impl FnOnce() -> PyResult<Ref<Object>>) -> PyResult<()> {
    // SAFETY: names in tables are C strings.
    let name = unsafe { descr::intern_c(name)? };
    if dict.get_str(name.borrow()).is_none() {
        dict.set_str(name.borrow(), make()?.borrow())?;
    }
    Ok(())
}

/// Adds one method of a table.
///
/// # Safety
/// The row lives as long as the type.
pub unsafe fn add_method(ty: Borrowed<'_, Type>, method: *mut PyMethodDef) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        let flags = (*method).ml_flags;
        let dict: Borrowed<'_, Dict> = Borrowed::from_ptr(ty.tp_dict.get());
        let make = || -> PyResult<Ref<Object>> {
            if flags & METH_CLASS != 0 {
                if flags & METH_STATIC != 0 {
                    return Err(raise!(ValueError, "method cannot be both class and static"));
                }
                Ok(ClassMethodDescr::new(ty, method)?.into_object())
            } else if flags & METH_STATIC != 0 {
                let function = CFunction::new_raw(method, ty.as_ptr(), core::ptr::null_mut(), core::ptr::null_mut())?;
                Ok(StaticMethod::new(function.borrow())?.into_object())
            } else {
                let descr = MethodDescr::new(ty, method)?.into_object();
                if ty.tp_flags.get() & _Py_TPFLAGS_STATIC_BUILTIN != 0 {
                    crate::object::header::make_immortal(descr.as_ptr());
                }
                Ok(descr)
            }
        };
        if flags & METH_COEXIST != 0 {
            let name = descr::intern_c((*method).ml_name)?;
            return dict.set_str(name.borrow(), make()?.borrow());
        }
        add_new(&dict, (*method).ml_name, make)
    }
}

/// A wrapper for each slot that the type defines itself.
unsafe fn add_wrappers(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by the contract of `ready`.
    unsafe {
        let dict: Borrowed<'_, Dict> = Borrowed::from_ptr((*ty).tp_dict.get());
        let handle: Borrowed<'_, Type> = Borrowed::from_ptr(ty);
        for row in &SLOTDEFS {
            if row.wrapper.get().is_none() {
                continue;
            }
            let function = slot_value(ty, row.offset.get() as usize);
            if function.is_null() || dict.get_str(name(row)).is_some() {
                continue;
            }
            if core::ptr::eq(function, PyObject_HashNotImplemented as *const c_void) {
                // The type takes no part in hashing: `__hash__ = None`, as a class of Python would say it.
                dict.set_str(name(row), none().borrow())?;
            } else {
                let wrapper = WrapperDescr::new(handle, (&raw const *row).cast_mut(), function)?;
                dict.set_str(name(row), wrapper.as_borrowed())?;
            }
        }
        Ok(())
    }
}

unsafe fn set_doc(ty: TypePtr, dict: &Ref<Dict>) -> PyResult<()> {
    // SAFETY: by the contract of `ready`.
    unsafe {
        if dict.get_str(id!("__doc__")).is_some() {
            return Ok(());
        }
        let text = native_doc(ty)?;
        dict.set_str(id!("__doc__"), text.borrow())
    }
}

/// The docstring of a type made by native code.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn native_doc(ty: TypePtr) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    unsafe {
        if (*ty).tp_doc.get().is_null() && !has_flag(ty, _Py_TPFLAGS_STATIC_BUILTIN) && !is_static_heap(ty) {
            return Ok(none());
        }
        doc::type_doc_text((*ty).tp_name.get(), (*ty).tp_doc.get(), || dotted_name(ty))
    }
}

/// The name of a type in the data of docstrings: with its module.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn dotted_name(ty: TypePtr) -> String {
    // SAFETY: by contract.
    unsafe {
        let full = display_name(ty);
        if full.contains('.') { full } else { format!("builtins.{}", String::from_utf8_lossy(short_name(ty))) }
    }
}

unsafe fn inherit_all(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by the contract of `ready`; the MRO has types only.
    unsafe {
        let base = (*ty).tp_base.get();
        if !base.is_null() {
            inherit::inherit_special(ty, base);
        }
        let handle: Borrowed<'_, Type> = Borrowed::from_ptr(ty);
        if let Some(mro) = handle.mro() {
            for class in mro.iter().skip(1) {
                inherit::inherit_slots(ty, class.as_ptr().cast())?;
                inherit::inherit_collection(ty, class.as_ptr().cast());
            }
        }
        if !base.is_null() {
            inherit::inherit_suites(ty, base);
        }
        if (*ty).tp_free.get().is_none() {
            (*ty).tp_free.set(Some(crate::memory::object::free_slot));
        }
        if (*ty).tp_alloc.get().is_none() {
            (*ty).tp_alloc.set(Some(crate::memory::object::generic_alloc));
        }
        Ok(())
    }
}

unsafe fn set_hash(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by the contract of `ready`.
    unsafe {
        if (*ty).tp_hash.get().is_some() {
            return Ok(());
        }
        let dict: Borrowed<'_, Dict> = Borrowed::from_ptr((*ty).tp_dict.get());
        if dict.get_str(id!("__hash__")).is_none() {
            dict.set_str(id!("__hash__"), none().borrow())?;
            (*ty).tp_hash.set(Some(PyObject_HashNotImplemented));
        }
        Ok(())
    }
}

/// Classes with a managed dictionary share its keys, and their instances hold values in themselves.
unsafe fn set_inline_values(ty: TypePtr) -> PyResult<()> {
    // Native code makes the instances of heap types in static storage, without room for values.
    // SAFETY: by the contract of `ready`; only heap types have the flag.
    unsafe {
        if !has_flag(ty, Py_TPFLAGS_MANAGED_DICT) || !is_heap_type(ty) || is_static_heap(ty) {
            return Ok(());
        }
        let heap = ty.cast::<PyHeapTypeObject>();
        if (*heap).ht_cached_keys.get().is_null() {
            (*heap).ht_cached_keys.set(crate::types::dict::instance::new_keys_for_class(ty)?);
        }
        if (*ty).tp_itemsize.get() == 0 {
            add_flags(ty, Py_TPFLAGS_INLINE_VALUES);
        }
        Ok(())
    }
}

/// Replaces `tp_bases`, `tp_base` or any such owned field.
///
/// # Safety
/// The field owned what it held.
pub unsafe fn set_owned<T>(field: &core::cell::Cell<*mut T>, value: *mut T) {
    // SAFETY: by contract; the cell is one of a pointer.
    unsafe {
        let field: &core::cell::Cell<*mut PyObject> = &*(&raw const *field).cast();
        replace(field, Ref::from_borrowed_ptr_or_null(value));
    }
}

/// Adds an attribute to a type made by native code, and forgets what was cached.
pub fn add_attribute(ty: &Ref<Type>, name: Borrowed<'_, Str>, value: Borrowed<'_, Object>) -> PyResult<()> {
    ty.dict().set_str(name, value)?;
    // SAFETY: a handle's type is live.
    unsafe { cache::modified(ty.as_raw().cast()) };
    Ok(())
}
