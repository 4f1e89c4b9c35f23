//! What a type takes over from its bases: slots, flags, sizes.
//!
//! A slot comes from the first class in the MRO that defines it itself, not from one that inherited it. Slots that make sense
//! in pairs only (`tp_getattr` and `tp_getattro`; comparison and hash) come together.
//! CPython: `inherit_special`, `inherit_slots` in `Objects/typeobject.c`.

use core::cell::Cell;

use super::raw::{TypePtr, add_flags, has_flag, is_subtype_raw};
use crate::abi::*;
use crate::prelude::*;

/// Flags and sizes, from `tp_base`.
///
/// # Safety
/// Both are live types, `base` ready and the `tp_base` of `ty`.
pub unsafe fn inherit_special(ty: TypePtr, base: TypePtr) {
    // SAFETY: by contract.
    unsafe {
        if has_flag(base, Py_TPFLAGS_HAVE_GC) && (*ty).tp_traverse.get().is_none() && (*ty).tp_clear.get().is_none() {
            add_flags(ty, Py_TPFLAGS_HAVE_GC);
            (*ty).tp_traverse.set((*base).tp_traverse.get());
            (*ty).tp_clear.set((*base).tp_clear.get());
        }
        let kept = Py_TPFLAGS_PREHEADER
            | _Py_TPFLAGS_MATCH_SELF
            | Py_TPFLAGS_ITEMS_AT_END
            | Py_TPFLAGS_LONG_SUBCLASS
            | Py_TPFLAGS_LIST_SUBCLASS
            | Py_TPFLAGS_TUPLE_SUBCLASS
            | Py_TPFLAGS_BYTES_SUBCLASS
            | Py_TPFLAGS_UNICODE_SUBCLASS
            | Py_TPFLAGS_DICT_SUBCLASS
            | Py_TPFLAGS_BASE_EXC_SUBCLASS
            | Py_TPFLAGS_TYPE_SUBCLASS;
        add_flags(ty, (*base).tp_flags.get() & kept);
        for (mine, theirs) in [
            (&(*ty).tp_basicsize, &(*base).tp_basicsize),
            (&(*ty).tp_itemsize, &(*base).tp_itemsize),
            (&(*ty).tp_weaklistoffset, &(*base).tp_weaklistoffset),
            (&(*ty).tp_dictoffset, &(*base).tp_dictoffset),
        ] {
            if mine.get() == 0 {
                mine.set(theirs.get());
            }
        }
    }
}

/// Structural pattern matching: whoever says nothing is matched as the first class in its MRO that does.
///
/// # Safety
/// As for [`inherit_slots`].
pub unsafe fn inherit_collection(ty: TypePtr, base: TypePtr) {
    const COLLECTION: u64 = Py_TPFLAGS_SEQUENCE | Py_TPFLAGS_MAPPING;
    // SAFETY: by contract.
    unsafe {
        if !has_flag(ty, COLLECTION) {
            add_flags(ty, (*base).tp_flags.get() & COLLECTION);
        }
    }
}

/// Copies the words of a suite that are empty in `ty` and that `base` has of its own.
unsafe fn inherit_suite<S>(mine: *mut S, theirs: *mut S, grand: *mut S) {
    if mine.is_null() || theirs.is_null() || mine == theirs {
        return;
    }
    // SAFETY: all suites are arrays of nullable pointers.
    unsafe {
        for index in 0..size_of::<S>() / size_of::<usize>() {
            let slot = mine.cast::<usize>().add(index);
            let value = *theirs.cast::<usize>().add(index);
            let inherited = if grand.is_null() { 0 } else { *grand.cast::<usize>().add(index) };
            if *slot == 0 && value != 0 && value != inherited {
                *slot = value;
            }
        }
    }
}

/// Slots, from one class of the MRO.
///
/// # Safety
/// Both are live types, `base` ready and in the MRO of `ty`.
pub unsafe fn inherit_slots(ty: TypePtr, base: TypePtr) -> PyResult<()> {
    // SAFETY: by contract; `tp_base` of a live type is live or null.
    unsafe {
        let grand = (*base).tp_base.get();
        macro_rules! suites {
            ($($field:ident)*) => {$(
                let of_grand = if grand.is_null() { core::ptr::null_mut() } else { (*grand).$field.get() };
                inherit_suite((*ty).$field.get(), (*base).$field.get(), of_grand);
            )*};
        }
        suites!(tp_as_number tp_as_async tp_as_sequence tp_as_mapping tp_as_buffer);

        /// Copies a slot that the base defines itself.
        fn copy<F: Copy>(mine: &Cell<Option<F>>, theirs: &Cell<Option<F>>, grand: Option<&Cell<Option<F>>>) {
            const { assert!(size_of::<Option<F>>() == size_of::<usize>()) };
            // SAFETY: slots are nullable pointers.
            let bits = |slot: &Cell<Option<F>>| unsafe { core::mem::transmute_copy::<Option<F>, usize>(&slot.get()) };
            if mine.get().is_none() && theirs.get().is_some() && grand.is_none_or(|grand| bits(grand) != bits(theirs)) {
                mine.set(theirs.get());
            }
        }
        macro_rules! copy {
            ($($field:ident)*) => {$(
                copy(&(*ty).$field, &(*base).$field, grand.as_ref().map(|grand| &grand.$field));
            )*};
        }

        copy!(tp_dealloc);
        if (*ty).tp_getattr.get().is_none() && (*ty).tp_getattro.get().is_none() {
            (*ty).tp_getattr.set((*base).tp_getattr.get());
            (*ty).tp_getattro.set((*base).tp_getattro.get());
        }
        if (*ty).tp_setattr.get().is_none() && (*ty).tp_setattro.get().is_none() {
            (*ty).tp_setattr.set((*base).tp_setattr.get());
            (*ty).tp_setattro.set((*base).tp_setattro.get());
        }
        copy!(tp_repr);
        if (*ty).tp_vectorcall_offset.get() == 0 {
            (*ty).tp_vectorcall_offset.set((*base).tp_vectorcall_offset.get());
        }
        if (*ty).tp_call.get().is_none() && has_flag(base, Py_TPFLAGS_HAVE_VECTORCALL) {
            add_flags(ty, Py_TPFLAGS_HAVE_VECTORCALL);
        }
        copy!(tp_call tp_str);
        if (*ty).tp_richcompare.get().is_none() && (*ty).tp_hash.get().is_none() && !overrides_hash(ty) {
            (*ty).tp_richcompare.set((*base).tp_richcompare.get());
            (*ty).tp_hash.set((*base).tp_hash.get());
        }
        copy!(tp_iter tp_iternext);
        copy!(tp_descr_get);
        if has_flag(base, Py_TPFLAGS_METHOD_DESCRIPTOR)
            && has_flag(ty, Py_TPFLAGS_IMMUTABLETYPE)
            && (*ty).tp_descr_get.get().is_some()
            && (*ty).tp_descr_get.get().map(|f| f as usize) == (*base).tp_descr_get.get().map(|f| f as usize)
        {
            add_flags(ty, Py_TPFLAGS_METHOD_DESCRIPTOR);
        }
        copy!(tp_descr_set tp_init tp_alloc tp_is_gc tp_finalize);
        if has_flag(ty, Py_TPFLAGS_HAVE_GC) == has_flag(base, Py_TPFLAGS_HAVE_GC) {
            copy!(tp_free);
        } else if has_flag(ty, Py_TPFLAGS_HAVE_GC) && (*ty).tp_free.get().is_none() {
            (*ty).tp_free.set(Some(crate::memory::object::free_slot));
        }
        Ok(())
    }
}

/// Whether the class body says something about equality or hash.
unsafe fn overrides_hash(ty: TypePtr) -> bool {
    // SAFETY: `tp_dict` is null or a dict.
    unsafe {
        let Some(dict) = Borrowed::<Dict>::from_ptr_or_null((*ty).tp_dict.get()) else { return false };
        dict.get_str(id!("__eq__")).is_some() || dict.get_str(id!("__hash__")).is_some()
    }
}

/// Suites as a whole, for static types that have none.
///
/// # Safety
/// Both are live types.
pub unsafe fn inherit_suites(ty: TypePtr, base: TypePtr) {
    // SAFETY: by contract.
    unsafe {
        macro_rules! share {
            ($($field:ident)*) => {$(
                if (*ty).$field.get().is_null() {
                    (*ty).$field.set((*base).$field.get());
                }
            )*};
        }
        share!(tp_as_async tp_as_number tp_as_sequence tp_as_mapping tp_as_buffer);
        debug_assert!(is_subtype_raw(ty, base));
    }
}
