//! Moving values between the stack and constants, variables, cells, globals and names.

use core::ptr;

use super::{cache16, counted, drop_word, fast, is_last, local, pop, push, slot, slow};
use crate::abi::{PyCellObject, PyDictKeysObject, PyDictObject, PyDictUnicodeEntry, PyLongObject};
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::stackref::StackRef;
use crate::interp::{frame, specialize};
use crate::object::header;
use crate::prelude::*;
use crate::types::dict;
use crate::types::exceptions::KeyError;
use taipan_compiler::opcode::Opcode;

fast! {
    fn nop(_r, _ts) { Act::NEXT }

    fn load_fast(r, _ts) {
        let word = *local(r, r.oparg);
        push(r, word.dup());
        Act::NEXT
    }

    fn load_fast_borrow(r, _ts) {
        let word = *local(r, r.oparg);
        push(r, word.borrowed());
        Act::NEXT
    }

    fn load_fast_load_fast(r, _ts) {
        let (a, b) = (*local(r, r.oparg >> 4), *local(r, r.oparg & 15));
        push(r, a.dup());
        push(r, b.dup());
        Act::NEXT
    }

    fn load_fast_borrow_load_fast_borrow(r, _ts) {
        let (a, b) = (*local(r, r.oparg >> 4), *local(r, r.oparg & 15));
        push(r, a.borrowed());
        push(r, b.borrowed());
        Act::NEXT
    }

    fn load_fast_check(r, _ts) {
        let word = *local(r, r.oparg);
        if word.is_null() {
            return Act::MISS;
        }
        push(r, word.dup());
        Act::NEXT
    }

    fn load_fast_and_clear(r, _ts) {
        let variable = local(r, r.oparg);
        let word = *variable;
        *variable = StackRef::NULL;
        push(r, word);
        Act::NEXT
    }

    fn store_fast(r, _ts) {
        let variable = local(r, r.oparg);
        let old = *variable;
        *variable = pop(r);
        drop_word(r, old, Act::NEXT)
    }

    fn store_fast_load_fast(r, _ts) {
        let variable = local(r, r.oparg >> 4);
        let old = *variable;
        *variable = *slot(r, 1);
        let loaded = *local(r, r.oparg & 15);
        *slot(r, 1) = loaded.dup();
        drop_word(r, old, Act::NEXT)
    }

    fn store_fast_store_fast(r, _ts) {
        let (first, second) = (local(r, r.oparg >> 4), local(r, r.oparg & 15));
        if is_last(*first) {
            return Act::MISS;
        }
        let old = *first;
        *first = pop(r);
        super::give_up(old);
        let old = *second;
        *second = pop(r);
        drop_word(r, old, Act::NEXT)
    }

    fn delete_fast(r, _ts) {
        let variable = local(r, r.oparg);
        let old = *variable;
        if old.is_null() {
            return Act::MISS;
        }
        *variable = StackRef::NULL;
        drop_word(r, old, Act::NEXT)
    }

    /// Constants live as long as their code object, and the frame keeps that, so nothing is counted.
    fn load_const(r, _ts) {
        let consts = (*frame::code(r.fp)).co_consts.get().cast::<crate::abi::PyTupleObject>();
        let value = *(&raw const (*consts).ob_item).cast::<*mut crate::abi::PyObject>().add(r.oparg);
        push(r, StackRef::borrow_ptr(value));
        Act::NEXT
    }

    /// A constant that is an integer of one or two digits, as an immediate.
    fn load_const_int(r, _ts) {
        let consts = (*frame::code(r.fp)).co_consts.get().cast::<crate::abi::PyTupleObject>();
        let value = *(&raw const (*consts).ob_item).cast::<*mut PyLongObject>().add(r.oparg);
        push(r, StackRef::int(Int::small_value_raw(value)));
        Act::NEXT
    }

    fn load_small_int(r, _ts) {
        push(r, StackRef::int(r.oparg as i64));
        Act::NEXT
    }

    fn push_null(r, _ts) {
        push(r, StackRef::NULL);
        Act::NEXT
    }

    fn pop_top(r, _ts) {
        let word = pop(r);
        drop_word(r, word, Act::NEXT)
    }

    fn copy(r, _ts) {
        let word = *slot(r, r.oparg);
        push(r, word.dup());
        Act::NEXT
    }

    fn swap(r, _ts) {
        ptr::swap(slot(r, 1), slot(r, r.oparg));
        Act::NEXT
    }

    fn load_deref(r, _ts) {
        let cell = (*local(r, r.oparg)).ptr().cast::<PyCellObject>();
        let value = (*cell).ob_ref.get();
        if value.is_null() {
            return Act::MISS;
        }
        push(r, counted(value));
        Act::NEXT
    }

    fn load_global_module(r, _ts) {
        let keys = (*(*r.fp).f_globals.get().cast::<PyDictObject>()).ma_keys.get();
        if (*keys).dk_version.get() as u16 != cache16(r.ip, 2) {
            return Act::MISS;
        }
        load_keys_entry(r, keys, 4)
    }

    fn load_global_builtin(r, _ts) {
        let globals = (*(*r.fp).f_globals.get().cast::<PyDictObject>()).ma_keys.get();
        let builtins = (*(*r.fp).f_builtins.get().cast::<PyDictObject>()).ma_keys.get();
        if (*globals).dk_version.get() as u16 != cache16(r.ip, 2)
            || (*builtins).dk_version.get() as u16 != cache16(r.ip, 3)
        {
            return Act::MISS;
        }
        load_keys_entry(r, builtins, 4)
    }
}

/// Pushes the value of the unicode entry whose index stands in cache unit `unit`, and NULL where bit 0 of the
/// operand asks for it.
#[inline(always)]
unsafe fn load_keys_entry(r: &mut super::Regs, keys: *mut PyDictKeysObject, unit: usize) -> Act {
    // SAFETY: the version guard proves that the keys are those of specialisation time, unicode keys all.
    unsafe {
        let entry: *mut PyDictUnicodeEntry = dict::unicode_entries(keys).add(cache16(r.ip, unit) as usize);
        let value = (*entry).me_value.get();
        if value.is_null() {
            return Act::MISS;
        }
        push(r, counted(value));
        if r.oparg & 1 != 0 {
            push(r, StackRef::NULL);
        }
        Act::NEXT
    }
}

/// UnboundLocalError for a local variable.
#[cold]
unsafe fn unbound_local(m: Machine, index: usize) -> Raised {
    // SAFETY: indices in bytecode are valid.
    let name = unsafe { variable_name(m, index) };
    raise!(
        UnboundLocalError,
        "cannot access local variable '{}' where it is not associated with a value",
        name.to_display()
    )
}

/// UnboundLocalError or NameError for a cell, depending on whose it is.
#[cold]
unsafe fn unbound_cell(m: Machine, index: usize) -> Raised {
    // SAFETY: as above.
    unsafe {
        let code = frame::code(m.frame);
        let first_free = (*code).co_nlocalsplus.get() - (*code).co_nfreevars.get();
        if index < first_free as usize {
            return unbound_local(m, index);
        }
        let name = variable_name(m, index);
        name_error(
            name,
            &format!(
                "cannot access free variable '{}' where it is not associated with a value in enclosing scope",
                name.to_display()
            ),
        )
    }
}

unsafe fn variable_name<'a>(m: Machine, index: usize) -> Borrowed<'a, Str> {
    // SAFETY: indices in bytecode are valid.
    unsafe {
        let names: Borrowed<'a, Tuple> = Borrowed::from_ptr((*frame::code(m.frame)).co_localsplusnames.get());
        Borrowed::from_ptr(*names.items_ptr().add(index))
    }
}

/// NameError with its `name` attribute set.
#[cold]
pub fn name_error(name: Borrowed<'_, Str>, message: &str) -> Raised {
    let raised = raise!(NameError, "{message}");
    crate::types::exceptions::set_name_of_current(&raised, name);
    raised
}

#[cold]
fn name_not_defined(name: Borrowed<'_, Str>) -> Raised {
    name_error(name, &format!("name '{}' is not defined", name.to_display()))
}

/// `mapping[name]`, `None` where the mapping has no such key.
fn lookup_in_mapping(mapping: Borrowed<'_, Object>, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    if let Some(dict) = mapping.downcast_exact::<Dict>() {
        return dict.get(name.upcast());
    }
    match mapping.get_item(name.upcast()) {
        Ok(value) => Ok(Some(value)),
        Err(raised) => raised.clear_if::<KeyError>().map(|()| None),
    }
}

unsafe fn lookup_global(m: Machine, name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
    // SAFETY: the machine's frame is live.
    unsafe {
        if let Some(value) = lookup_in_mapping(m.globals().upcast(), name)? {
            return Ok(value);
        }
        match lookup_in_mapping(m.builtins(), name)? {
            Some(value) => Ok(value),
            None => Err(name_not_defined(name)),
        }
    }
}

unsafe fn locals_or_error<'a>(m: Machine, what: &str) -> PyResult<Borrowed<'a, Object>> {
    // SAFETY: as above.
    match unsafe { m.locals() } {
        Some(locals) => Ok(locals),
        None => Err(raise!(SystemError, "no locals {what}")),
    }
}

unsafe fn cell<'a>(m: Machine, index: usize) -> &'a PyCellObject {
    // SAFETY: the variable is a cell, by the bytecode.
    unsafe { &*(*m.local(index)).ptr().cast::<PyCellObject>() }
}

slow! {
    /// The first execution decides which form the constant takes.
    fn load_const_adaptive(m, index) {
        let value = m.constant(index);
        let opcode = if value.is_exact::<Int>() && Int::fits_small_raw(value.as_ptr().cast()) {
            specialize::LOAD_CONST_INT
        } else if header::is_immortal(value.as_ptr()) {
            specialize::LOAD_CONST_IMMORTAL
        } else {
            Opcode::LOAD_CONST_MORTAL as u8
        };
        if *m.ip() as u8 != Opcode::LOAD_CONST as u8 {
            // An instrumented instruction stands here, and has to stay.
            m.push(StackRef::borrow_ptr(value.as_ptr()));
            return Ok(Flow::Next);
        }
        specialize::rewrite(m.ip(), opcode);
        Ok(Flow::Retry)
    }

    fn load_fast_check_unbound(m, index) {
        Err(unbound_local(m, index))
    }

    fn store_fast_store_fast_slow(m, oparg) {
        for index in [oparg >> 4, oparg & 15] {
            let value = m.pop();
            let old = *m.local(index);
            *m.local(index) = value;
            old.close();
        }
        Ok(Flow::Next)
    }

    fn make_cell(m, index) {
        let variable = m.local(index);
        let value = *variable;
        let content = if value.is_null() { None } else { Some(value.to_object()?) };
        let cell = crate::types::cell::Cell::new(content)?;
        *variable = StackRef::from_ref(cell);
        value.close();
        Ok(Flow::Next)
    }

    fn copy_free_vars(m, count) {
        let code = frame::code(m.frame);
        let closure: Borrowed<'_, Tuple> = Borrowed::from_ptr((*frame::function(m.frame)).func_closure.get());
        let first = ((*code).co_nlocalsplus.get() - (*code).co_nfreevars.get()) as usize;
        for index in 0..count {
            *m.local(first + index) = StackRef::new_count(closure.get(index).as_ptr());
        }
        Ok(Flow::Next)
    }

    fn load_deref_unbound(m, index) {
        Err(unbound_cell(m, index))
    }

    fn store_deref(m, index) {
        let value = m.pop_object()?;
        let old = cell(m, index).ob_ref.replace(value.into_ptr());
        drop(Ref::<Object>::from_owned_ptr_or_null(old));
        Ok(Flow::Next)
    }

    fn delete_deref(m, index) {
        let old = cell(m, index).ob_ref.replace(ptr::null_mut());
        match Ref::<Object>::from_owned_ptr_or_null(old) {
            Some(_) => Ok(Flow::Next),
            None => Err(unbound_cell(m, index)),
        }
    }

    fn load_from_dict_or_deref(m, index) {
        let mapping = m.peek(1)?;
        let name = variable_name(m, index);
        let value = match lookup_in_mapping(mapping, name)? {
            Some(value) => value,
            None => match Ref::from_borrowed_ptr_or_null(cell(m, index).ob_ref.get()) {
                Some(value) => value,
                None => return Err(unbound_cell(m, index)),
            },
        };
        m.drop_top(1);
        m.push_ref(value);
        Ok(Flow::Next)
    }

    fn load_from_dict_or_globals(m, index) {
        let name = m.name(index);
        let value = match lookup_in_mapping(m.peek(1)?, name)? {
            Some(value) => value,
            None => lookup_global(m, name)?,
        };
        m.drop_top(1);
        m.push_ref(value);
        Ok(Flow::Next)
    }

    fn load_name(m, index) {
        let name = m.name(index);
        let locals = locals_or_error(m, "when loading a name")?;
        let value = match lookup_in_mapping(locals, name)? {
            Some(value) => value,
            None => lookup_global(m, name)?,
        };
        m.push_ref(value);
        Ok(Flow::Next)
    }

    fn store_name(m, index) {
        let name = m.name(index);
        let value = m.pop_object()?;
        let Some(locals) = m.locals() else {
            return Err(raise!(SystemError, "no locals found when storing {}", name.as_object().to_repr_text()));
        };
        match locals.downcast_exact::<Dict>() {
            Some(dict) => dict.set_item(name, value.borrow())?,
            None => locals.set_item(name.upcast(), value.borrow())?,
        }
        Ok(Flow::Next)
    }

    fn delete_name(m, index) {
        let name = m.name(index);
        let Some(locals) = m.locals() else {
            return Err(raise!(SystemError, "no locals when deleting {}", name.as_object().to_repr_text()));
        };
        match locals.del_item(name.upcast()) {
            Ok(()) => Ok(Flow::Next),
            Err(raised) => {
                raised.clear_if::<KeyError>()?;
                Err(name_not_defined(name))
            }
        }
    }

    fn load_global(m, oparg) {
        if specialize::due(m.ip()) {
            specialize::load_global(m, oparg >> 1);
            return Ok(Flow::Retry);
        }
        let value = lookup_global(m, m.name(oparg >> 1))?;
        m.push_ref(value);
        if oparg & 1 != 0 {
            m.push(StackRef::NULL);
        }
        Ok(Flow::Next)
    }

    fn store_global(m, index) {
        let value = m.pop_object()?;
        m.globals().set_item(m.name(index), value.borrow())?;
        Ok(Flow::Next)
    }

    fn delete_global(m, index) {
        let name = m.name(index);
        match m.globals().pop(name.upcast())? {
            Some(_) => Ok(Flow::Next),
            None => Err(name_not_defined(name)),
        }
    }

    fn load_locals(m, _) {
        let locals = locals_or_error(m, "when loading locals")?;
        m.push_ref(locals.to_owned());
        Ok(Flow::Next)
    }

    fn load_build_class(m, _) {
        match lookup_in_mapping(m.builtins(), id!("__build_class__"))? {
            Some(value) => {
                m.push_ref(value);
                Ok(Flow::Next)
            }
            None => Err(raise!(NameError, "__build_class__ not found")),
        }
    }

    fn load_common_constant(m, index) {
        m.push_ref(crate::interp::constants::common(index)?);
        Ok(Flow::Next)
    }

    fn setup_annotations(m, _) {
        let locals = locals_or_error(m, "found when setting up annotations")?;
        let name = id!("__annotations__");
        if lookup_in_mapping(locals, name)?.is_none() {
            locals.set_item(name.upcast(), Dict::new()?.as_borrowed())?;
        }
        Ok(Flow::Next)
    }
}
