//! The list of direct subclasses that each type keeps in `tp_subclasses`.
//!
//! **Invariant:** the pointers are not counted; a type leaves the lists of its bases before it goes away, and holds its bases
//! until then. CPython keeps a dictionary of weak references here; the field is opaque to C.

use super::raw::TypePtr;
use crate::prelude::*;

type Subclasses = Vec<TypePtr>;

unsafe fn list<'a>(ty: TypePtr) -> Option<&'a Subclasses> {
    // SAFETY: the field is null or a list made by `add`.
    unsafe { (*ty).tp_subclasses.get().cast::<Subclasses>().as_ref() }
}

/// # Safety
/// Both are live types, and `base` is in `tp_bases` of `subclass`.
pub unsafe fn add(base: TypePtr, subclass: TypePtr) -> PyResult<()> {
    // SAFETY: as in `list`.
    unsafe {
        if (*base).tp_subclasses.get().is_null() {
            (*base).tp_subclasses.set(Box::into_raw(Box::<Subclasses>::default()).cast());
        }
        let list = &mut *(*base).tp_subclasses.get().cast::<Subclasses>();
        if list.try_reserve(1).is_err() {
            return Err(Raised::no_memory());
        }
        if !list.contains(&subclass) {
            list.push(subclass);
        }
        Ok(())
    }
}

/// # Safety
/// Both are live types.
pub unsafe fn remove(base: TypePtr, subclass: TypePtr) {
    // SAFETY: as in `list`; no Python code runs while the list is borrowed.
    unsafe {
        let pointer = (*base).tp_subclasses.get().cast::<Subclasses>();
        let Some(list) = pointer.as_mut() else { return };
        // What was made last goes first, mostly.
        if let Some(index) = list.iter().rposition(|entry| *entry == subclass) {
            list.remove(index);
        }
        if list.is_empty() {
            (*base).tp_subclasses.set(core::ptr::null_mut());
            drop(Box::from_raw(pointer));
        }
    }
}

/// Removes `ty` from the lists of all its bases.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn remove_from_bases(ty: TypePtr) {
    // SAFETY: by contract.
    unsafe {
        let Some(bases) = Borrowed::<Tuple>::from_ptr_or_null((*ty).tp_bases.get()) else { return };
        for base in bases.iter() {
            if base.is_instance_of::<Type>() {
                remove(base.as_ptr().cast(), ty);
            }
        }
    }
}

/// Calls `visit`, which must not change any list, for each direct subclass.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn for_each_raw(ty: TypePtr, mut visit: impl FnMut(TypePtr)) {
    // SAFETY: by contract.
    if let Some(list) = unsafe { list(ty) } {
        for subclass in list {
            visit(*subclass);
        }
    }
}

/// Whether there are any.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn exist(ty: TypePtr) -> bool {
    // SAFETY: by contract.
    unsafe { list(ty).is_some_and(|list| !list.is_empty()) }
}

/// Handles of all direct subclasses, oldest first. Those that the collector is taking apart are left out.
pub fn snapshot(ty: &Ref<Type>) -> PyResult<Vec<Ref<Type>>> {
    // SAFETY: a handle's type is live, and so are the subclasses that are listed.
    unsafe {
        let Some(list) = list(ty.as_raw().cast()) else { return Ok(Vec::new()) };
        let mut result = Vec::new();
        if result.try_reserve_exact(list.len()).is_err() {
            return Err(Raised::no_memory());
        }
        for subclass in list {
            if (**subclass).ob_base.ob_base.ob_refcnt.get() > 0 && !(**subclass).tp_mro.get().is_null() {
                result.push(Ref::from_borrowed_ptr(*subclass));
            }
        }
        Ok(result)
    }
}

/// Frees the list of a type that goes away.
///
/// # Safety
/// Nobody uses the type any more.
pub unsafe fn free(ty: TypePtr) {
    // SAFETY: by contract; the list was made by `add`.
    unsafe {
        let pointer = (*ty).tp_subclasses.replace(core::ptr::null_mut()).cast::<Subclasses>();
        if !pointer.is_null() {
            drop(Box::from_raw(pointer));
        }
    }
}
