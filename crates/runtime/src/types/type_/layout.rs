//! Which bases can be combined and which classes exchanged: questions about the memory of instances.
//!
//! The solid base of a type is the nearest type along `tp_base` that adds memory of its own. Bases can be combined when their
//! solid bases lie on one line. CPython: `solid_base`, `best_base`, `compatible_for_assignment` in `Objects/typeobject.c`.

use super::instance::subtype_clear;
use super::raw::{TypePtr, display_name, has_flag, is_heap_type, is_subtype_raw, is_type};
use crate::abi::*;
use crate::prelude::*;

/// # Safety
/// `ty` is a live type.
pub unsafe fn solid_base(ty: TypePtr) -> TypePtr {
    // SAFETY: by contract; bases of live types are live.
    unsafe {
        let shape = |ty: TypePtr| ((*ty).tp_basicsize.get(), (*ty).tp_itemsize.get());
        let mut solid = ty;
        loop {
            let base = (*solid).tp_base.get();
            if base.is_null() || shape(base) != shape(solid) {
                return solid;
            }
            solid = base;
        }
    }
}

/// The base whose memory layout the new type extends; TypeError where the bases cannot be combined.
pub fn best_base(bases: &Ref<Tuple>) -> PyResult<Ref<Type>> {
    let mut best: Option<(TypePtr, Borrowed<'_, Object>)> = None;
    for base in bases.iter() {
        // SAFETY: each base is checked to be a type before it is used as one.
        unsafe {
            if !is_type(base.as_ptr()) {
                return Err(raise!(TypeError, "bases must be types"));
            }
            let base_ptr: TypePtr = base.as_ptr().cast();
            // A class whose `mro()` runs just now is for `linearise` to refuse.
            if !has_flag(base_ptr, Py_TPFLAGS_READY | Py_TPFLAGS_READYING) {
                super::ready::ready(base_ptr)?;
            }
            if !has_flag(base_ptr, Py_TPFLAGS_BASETYPE) {
                return Err(raise!(TypeError, "type '{}' is not an acceptable base type", display_name(base_ptr)));
            }
            let candidate = solid_base(base_ptr);
            match best {
                None => best = Some((candidate, base)),
                Some((winner, _)) if is_subtype_raw(winner, candidate) => {}
                Some((winner, _)) if is_subtype_raw(candidate, winner) => best = Some((candidate, base)),
                Some(_) => return Err(raise!(TypeError, "multiple bases have instance lay-out conflict")),
            }
        }
    }
    match best {
        // SAFETY: checked to be a type above.
        Some((_, base)) => Ok(unsafe { base.to_owned().into_unchecked() }),
        None => Err(raise!(TypeError, "a type must have at least one base")),
    }
}

/// Whether instances of `child` look like those of its base in memory.
unsafe fn is_like_base(child: TypePtr) -> bool {
    // SAFETY: bases of live types are live.
    unsafe {
        let parent = (*child).tp_base.get();
        if parent.is_null() {
            return false;
        }
        let gc = has_flag(child, Py_TPFLAGS_HAVE_GC);
        let clear = |ty: TypePtr| (*ty).tp_clear.get().map(|clear| clear as usize);
        (*child).tp_basicsize.get() == (*parent).tp_basicsize.get()
            && (*child).tp_itemsize.get() == (*parent).tp_itemsize.get()
            && (*child).tp_dictoffset.get() == (*parent).tp_dictoffset.get()
            && (*child).tp_weaklistoffset.get() == (*parent).tp_weaklistoffset.get()
            && gc == has_flag(parent, Py_TPFLAGS_HAVE_GC)
            && (!gc || clear(child) == Some(subtype_clear as *const () as usize) || clear(child) == clear(parent))
    }
}

/// Whether two classes with the same base add the same `__slots__` and nothing else.
unsafe fn add_same_slots(a: TypePtr, b: TypePtr) -> PyResult<bool> {
    // SAFETY: by contract of the caller.
    unsafe {
        if !is_heap_type(a) || !is_heap_type(b) {
            return Ok(false);
        }
        // The words in front of instances have to be the same too: they are part of the allocation.
        let managed = |ty: TypePtr| (*ty).tp_flags.get() & (Py_TPFLAGS_PREHEADER | Py_TPFLAGS_INLINE_VALUES);
        if managed(a) != managed(b) {
            return Ok(false);
        }
        let mut size = (*(*a).tp_base.get()).tp_basicsize.get();
        let word = size_of::<*mut PyObject>() as isize;
        for offset in [|ty: TypePtr| (*ty).tp_dictoffset.get(), |ty: TypePtr| (*ty).tp_weaklistoffset.get()] {
            if offset(a) == size && offset(b) == size {
                size += word;
            }
        }
        let slots = |ty: TypePtr| Borrowed::<Tuple>::from_ptr_or_null((*ty.cast::<PyHeapTypeObject>()).ht_slots.get());
        if let (Some(slots_a), Some(slots_b)) = (slots(a), slots(b)) {
            if !slots_a.as_object().compare_bool(slots_b.upcast(), CompareOp::Eq)? {
                return Ok(false);
            }
            size += word * slots_a.len() as isize;
        }
        Ok(size == (*a).tp_basicsize.get() && size == (*b).tp_basicsize.get())
    }
}

/// Raises TypeError unless instances of `old` can become instances of `new`. `what` is the attribute assigned to.
///
/// # Safety
/// Both are live types.
pub unsafe fn check_exchangeable(old: TypePtr, new: TypePtr, what: &str) -> PyResult<()> {
    // SAFETY: by contract; bases of live types are live.
    unsafe {
        if (*new).tp_free.get().map(|f| f as usize) != (*old).tp_free.get().map(|f| f as usize) {
            return Err(raise!(
                TypeError,
                "{what} assignment: '{}' deallocator differs from '{}'",
                display_name(new),
                display_name(old)
            ));
        }
        let highest = |mut ty: TypePtr| {
            while is_like_base(ty) {
                ty = (*ty).tp_base.get();
            }
            ty
        };
        let (old_base, new_base) = (highest(old), highest(new));
        if old_base != new_base
            && ((*old_base).tp_base.get() != (*new_base).tp_base.get()
                || (*old_base).tp_base.get().is_null()
                || !add_same_slots(new_base, old_base)?)
        {
            return Err(raise!(
                TypeError,
                "{what} assignment: '{}' object layout differs from '{}'",
                display_name(new),
                display_name(old)
            ));
        }
        Ok(())
    }
}
