//! The variables of a frame by name.

use taipan_compiler::code::kind;

use super::{FrameLocalsProxy, FrameObject, word_object};
use crate::abi::{CO_OPTIMIZED, PyCellObject};
use crate::interp::frame as iframe;
use crate::interp::stackref::StackRef;
use crate::prelude::*;
use crate::types::cell::Cell;

/// `frame.f_locals`: a proxy for functions, the mapping itself for modules and classes.
pub fn get_locals(frame: &Ref<FrameObject>) -> PyResult<Ref<Object>> {
    if frame.code().flags() & CO_OPTIMIZED != 0 || has_hidden(frame) {
        return Ok(FrameLocalsProxy::new(frame.clone())?.into_object());
    }
    // SAFETY: the frame is live.
    unsafe {
        let locals = (*frame.frame()).f_locals.get();
        match Ref::from_borrowed_ptr_or_null(locals) {
            Some(locals) => Ok(locals),
            None => Ok(Dict::new()?.into_object()),
        }
    }
}

/// What `locals()` gives: a snapshot for functions, the mapping itself elsewhere.
pub fn fast_to_locals(frame: &Ref<FrameObject>) -> PyResult<Ref<Object>> {
    let locals = get_locals(frame)?;
    if !locals.is_exact::<FrameLocalsProxy>() {
        return Ok(locals);
    }
    let snapshot = Dict::new()?;
    for (name, value) in variables(frame)? {
        snapshot.set_item(name.borrow(), value.borrow())?;
    }
    if let Some(extra) = extra_locals(frame) {
        snapshot.update(extra.as_borrowed())?;
    }
    Ok(snapshot.into_object())
}

/// Whether variables of an inlined comprehension are bound, so that a module's or class's names are not all.
fn has_hidden(frame: &Ref<FrameObject>) -> bool {
    let code = frame.code();
    // SAFETY: every kind has a slot.
    (0..code.local_names().len()).any(|index| unsafe {
        code.local_kinds().as_slice()[index] & kind::HIDDEN != 0 && !(*iframe::local(frame.frame(), index)).is_null()
    })
}

pub(super) fn extra_locals(frame: &Ref<FrameObject>) -> Option<Ref<Dict>> {
    // SAFETY: null or a dict.
    unsafe { Ref::from_borrowed_ptr_or_null(frame.0.f_extra_locals.get()) }
}

/// Whether the prologue has not put the cells and free variables in place yet.
fn cells_in_place(frame: &Ref<FrameObject>, word: StackRef) -> bool {
    let _ = frame;
    // SAFETY: a valid word.
    unsafe { word.is_exact(Cell::TYPE) }
}

/// The value of slot `index`: through its cell where it has one.
pub(super) fn value_at(frame: &Ref<FrameObject>, index: usize) -> PyResult<Option<Ref<Object>>> {
    // SAFETY: the slot exists.
    unsafe {
        let word = *iframe::local(frame.frame(), index);
        if word.is_null() {
            return Ok(None);
        }
        let bits = frame.code().local_kinds().as_slice()[index];
        if bits & (kind::CELL | kind::FREE) != 0 && cells_in_place(frame, word) {
            let cell = word.ptr().cast::<PyCellObject>();
            return Ok(Ref::from_borrowed_ptr_or_null((*cell).ob_ref.get()));
        }
        word_object(word)
    }
}

/// Sets slot `index`. The old value lives as long as the frame object: borrowed words on the stack may refer to it.
pub(super) fn set_value_at(frame: &Ref<FrameObject>, index: usize, value: Ref<Object>) -> PyResult<()> {
    // SAFETY: the slot exists.
    unsafe {
        let slot = iframe::local(frame.frame(), index);
        let word = *slot;
        let bits = frame.code().local_kinds().as_slice()[index];
        if bits & (kind::CELL | kind::FREE) != 0 && !word.is_null() && cells_in_place(frame, word) {
            let cell: Borrowed<'_, Cell> = word.borrowed_handle();
            cell.set(Some(value));
            return Ok(());
        }
        if word.is_owned() {
            let old: Ref<Object> = Ref::from_borrowed_ptr(word.ptr());
            let kept = frame.0.f_overwritten_fast_locals.get();
            let kept: Ref<List> = if kept.is_null() {
                let list = List::new()?;
                frame.0.f_overwritten_fast_locals.set(list.clone().into_ptr());
                list
            } else {
                Ref::from_borrowed_ptr(kept)
            };
            kept.push(old)?;
        }
        *slot = StackRef::from_ref(value);
        word.close();
        Ok(())
    }
}

/// The slot of variable `name` that a proxy may read or write. Keys are equal as those of a dict are.
pub(super) fn find(frame: &Ref<FrameObject>, name: Borrowed<'_, Object>, for_reading: bool) -> PyResult<Option<usize>> {
    let hash = name.hash()?;
    let code = frame.code();
    let names = code.local_names();
    let usable = |index: usize| -> PyResult<bool> { Ok(!for_reading || value_at(frame, index)?.is_some()) };
    // Names are interned, and keys are nearly always.
    let mut found = false;
    for index in 0..names.len() {
        if names.get(index).is(&name) {
            if usable(index)? {
                return Ok(Some(index));
            }
            found = true;
        }
    }
    for index in (0..names.len()).filter(|_| !found) {
        let candidate = names.get(index);
        if candidate.hash()? == hash && candidate.equals(name)? && usable(index)? {
            return Ok(Some(index));
        }
    }
    Ok(None)
}

/// All bound variables, in the order of their slots.
pub(super) fn variables(frame: &Ref<FrameObject>) -> PyResult<Vec<(Ref<Object>, Ref<Object>)>> {
    let code = frame.code();
    let names = code.local_names();
    let mut bound = vec_with_capacity(names.len())?;
    for index in 0..names.len() {
        if let Some(value) = value_at(frame, index)? {
            bound.push((names.get(index).to_owned(), value));
        }
    }
    Ok(bound)
}
