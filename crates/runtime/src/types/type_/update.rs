//! Keeps slots and special methods in step: a class that defines `__add__` gets an `nb_add` that calls it.
//!
//! A slot takes the C function itself where all its names resolve to wrappers of one C function, and the general function,
//! which looks the name up at each call, where a name resolves to anything else.
//! CPython: `update_one_slot`, `fixup_slot_dispatchers`, `update_slot` in `Objects/typeobject.c`.

use core::mem::offset_of;
use core::ops::Range;
use core::ptr;

use super::raw::{TypePtr, clear_flags, is_subtype_raw, slot};
use super::slotdefs::{LENGTH, SLOTDEFS, group_of, name, only_filled_slot, rows_named};
use super::{cache, subclasses};
use crate::abi::*;
use crate::prelude::*;
use crate::types::builtin_function::CFunction;
use crate::types::descr::wrapper::WrapperDescr;
use crate::types::object::{_PyObject_NextNotImplemented, PyObject_HashNotImplemented};

const COMPARE: usize = offset_of!(PyTypeObject, tp_richcompare);
const HASH: usize = offset_of!(PyTypeObject, tp_hash);
const CALL: usize = offset_of!(PyTypeObject, tp_call);
const NEW: usize = offset_of!(PyTypeObject, tp_new);
const ITERNEXT: usize = offset_of!(PyTypeObject, tp_iternext);

/// Decides one slot from what the names of its rows resolve to.
///
/// # Safety
/// `ty` is a live heap type and `group` the rows of one slot.
unsafe fn update_one(ty: TypePtr, group: Range<usize>) {
    // SAFETY: by contract; what a lookup finds is used before anything can change the type.
    unsafe {
        let offset = SLOTDEFS[group.start].offset.get() as usize;
        let slot = slot(ty, offset);
        if slot.is_null() {
            return;
        }
        let mut specific: *mut c_void = ptr::null_mut();
        let mut generic: *mut c_void = ptr::null_mut();
        let mut use_generic = false;
        for row in &SLOTDEFS[group] {
            let row_name = name(row);
            let found = cache::lookup_raw(ty, row_name.as_ptr());
            if found.is_null() {
                if offset == ITERNEXT {
                    // C code may call `tp_iternext` of any class of Python.
                    specific = _PyObject_NextNotImplemented as *mut c_void;
                }
                continue;
            }
            let found: Borrowed<'_, Object> = Borrowed::from_ptr(found);
            if let Some(wrapper) = found.downcast_exact::<WrapperDescr>()
                && name(wrapper.row()).is(&row_name)
            {
                let only = only_filled_slot(ty, row_name.as_ptr());
                if only.is_null() || only == slot {
                    generic = row.function.get();
                }
                let wrapped = wrapper.0.d_wrapped.get();
                if (specific.is_null() || specific == wrapped)
                    && wrapper.row().wrapper.get().map(|f| f as usize) == row.wrapper.get().map(|f| f as usize)
                    && is_subtype_raw(ty, wrapper.0.d_common.d_type.get())
                {
                    specific = wrapped;
                } else {
                    use_generic = true;
                }
            } else if offset == NEW && found.downcast_exact::<CFunction>().is_some_and(|f| f.is_new_wrapper()) {
                // What is in the slot stays: it was inherited, or calls `__new__` by its name.
                specific = (*ty).tp_new.get().map_or(ptr::null_mut(), |new| new as *mut c_void);
            } else if offset == HASH && found.is_none() {
                specific = PyObject_HashNotImplemented as *mut c_void;
            } else {
                use_generic = true;
                generic = row.function.get();
                if offset == CALL {
                    // A `__call__` of Python takes the place of the vectorcall function that instances hold.
                    clear_flags(ty, Py_TPFLAGS_HAVE_VECTORCALL);
                }
            }
        }
        *slot = if !specific.is_null() && !use_generic { specific } else { generic };
    }
}

/// Decides all slots of a new class.
///
/// # Safety
/// `ty` is a ready heap type.
pub unsafe fn update_all(ty: TypePtr) {
    let mut start = 0;
    while start < SLOTDEFS.len() {
        let group = group_of(start);
        start = group.end;
        // SAFETY: by contract.
        unsafe { update_one(ty, group) }
    }
}

/// Decides the slots of a new class with one base, whose slots it has inherited: only names of its own make a difference.
///
/// # Safety
/// `ty` is a ready heap type whose only base is its `tp_base`.
pub unsafe fn update_own(ty: TypePtr) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        let dict: Borrowed<'_, Dict> = Borrowed::from_ptr((*ty).tp_dict.get());
        let mut done = [false; LENGTH];
        for (key, _) in dict.items_snapshot()? {
            let Some(text) = key.downcast::<Str>() else { continue };
            if !is_dunder(&text) {
                continue;
            }
            for row in rows_named(key.as_ptr()) {
                let group = group_of(row);
                if !core::mem::replace(&mut done[group.start], true) {
                    update_one(ty, group);
                }
            }
        }
        // A class that says something about equality or hash inherits neither slot (see `inherit`).
        let empty = [(COMPARE, (*ty).tp_richcompare.get().is_none()), (HASH, (*ty).tp_hash.get().is_none())];
        for (offset, empty) in empty {
            let row = SLOTDEFS.iter().position(|row| row.offset.get() as usize == offset);
            if let (true, Some(row)) = (empty, row) {
                update_one(ty, group_of(row));
            }
        }
        if (*ty).tp_iternext.get().is_none() {
            (*ty).tp_iternext.set(Some(_PyObject_NextNotImplemented));
        }
        Ok(())
    }
}

/// Whether the name begins and ends with two underscores.
pub fn is_dunder(name: &Ref<Str>) -> bool {
    let length = name.len();
    let underscore = |index: usize| name.char_at(index) == u32::from(b'_');
    length > 4 && underscore(0) && underscore(1) && underscore(length - 1) && underscore(length - 2)
}

/// Decides the slots that `name` concerns again, in `ty` and in the subclasses that do not define it themselves.
///
/// # Safety
/// `ty` is a live heap type; `name` is interned.
pub unsafe fn update_name(ty: TypePtr, name: Borrowed<'_, Str>) {
    let mut groups: [Range<usize>; 4] = [0..0, 0..0, 0..0, 0..0];
    let mut count = 0;
    for row in rows_named(name.as_ptr()) {
        let group = group_of(row);
        if count < groups.len() && groups[..count].iter().all(|other| other.start != group.start) {
            groups[count] = group;
            count += 1;
        }
    }
    if count != 0 {
        // SAFETY: by contract.
        unsafe { update_groups(ty, name, &groups[..count]) };
    }
}

unsafe fn update_groups(ty: TypePtr, name: Borrowed<'_, Str>, groups: &[Range<usize>]) {
    // SAFETY: subclasses are live as long as they are listed; nothing here runs Python code.
    unsafe {
        for group in groups {
            update_one(ty, group.clone());
        }
        subclasses::for_each_raw(ty, |subclass| {
            let dict = Borrowed::<Dict>::from_ptr_or_null((*subclass).tp_dict.get());
            if dict.is_none_or(|dict| dict.get_str(name).is_none()) {
                update_groups(subclass, name, groups);
            }
        });
    }
}

/// Decides all slots again, in `ty` and in all its subclasses: its bases changed.
///
/// # Safety
/// `ty` is a live heap type.
pub unsafe fn update_hierarchy(ty: TypePtr) {
    // SAFETY: as in `update_groups`.
    unsafe {
        cache::modified(ty);
        update_all(ty);
        subclasses::for_each_raw(ty, |subclass| update_hierarchy(subclass));
    }
}
