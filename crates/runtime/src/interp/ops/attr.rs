//! Attributes: the generic forms and those that a type version, or the version of shared keys, guards.

use super::{cache16, cache32, cache64, counted, drop_word, fast, push, slot, slow};
use crate::abi::{
    PyCodeObject, PyDictObject, PyDictUnicodeEntry, PyDictValues, PyFunctionObject, PyHeapTypeObject, PyModuleObject,
    PyObject,
};
use crate::interp::dispatch::{Act, Flow, Machine};
use crate::interp::monitoring::{self, event, fire};
use crate::interp::stackref::StackRef;
use crate::interp::{call, specialize};
use crate::object::header;
use crate::prelude::*;
use crate::types::object as base;
use crate::types::{dict, super_};

/// The version tag of the word's type; immediates have that of `int`, which no guard here expects.
#[inline(always)]
unsafe fn type_version(word: StackRef) -> u32 {
    // SAFETY: a live object.
    unsafe { if word.is_int() { 0 } else { (*(*word.ptr()).ob_type.get()).tp_version_tag.get() } }
}

/// The inline values behind an object whose type has them.
#[inline(always)]
unsafe fn inline_values(object: *mut PyObject) -> *mut PyDictValues {
    // SAFETY: the type has inline values, which stand right behind its basic size.
    unsafe { object.byte_add((*(*object).ob_type.get()).tp_basicsize.get() as usize).cast() }
}

/// The dict of an object with a managed one; null while the inline values are in use.
#[inline(always)]
unsafe fn managed_dict(object: *mut PyObject) -> *mut PyDictObject {
    // SAFETY: the type has a managed dict: its pointer stands three words before the object.
    unsafe { *object.cast::<*mut PyDictObject>().sub(3) }
}

/// Replaces the owner on the stack by `value`, a new count of an attribute.
#[inline(always)]
unsafe fn finish_load(r: &mut super::Regs, owner: StackRef, value: *mut PyObject) -> Act {
    // SAFETY: the value is live.
    unsafe {
        *slot(r, 1) = counted(value);
        if r.oparg & 1 != 0 {
            push(r, StackRef::NULL);
        }
        drop_word(r, owner, Act::NEXT)
    }
}

/// Replaces the owner by a method and the owner as its first argument.
#[inline(always)]
unsafe fn finish_method(r: &mut super::Regs, owner: StackRef) -> Act {
    // SAFETY: the type, guarded by its version, keeps the method alive.
    unsafe {
        let method = cache64(r.ip, 6) as *mut PyObject;
        *slot(r, 1) = counted(method);
        push(r, owner);
        Act::NEXT
    }
}

fast! {
    fn load_attr_instance_value(r, _ts) {
        let owner = *slot(r, 1);
        if type_version(owner) != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let object = owner.ptr();
        let values = inline_values(object);
        if (*values).valid.get() == 0 {
            return Act::MISS;
        }
        let value = *(&raw const (*values).values).cast::<*mut PyObject>().add(cache16(r.ip, 4) as usize);
        if value.is_null() {
            return Act::MISS;
        }
        finish_load(r, owner, value)
    }

    fn load_attr_slot(r, _ts) {
        let owner = *slot(r, 1);
        if type_version(owner) != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let value = *owner.ptr().byte_add(cache16(r.ip, 4) as usize).cast::<*mut PyObject>();
        if value.is_null() {
            return Act::MISS;
        }
        finish_load(r, owner, value)
    }

    fn load_attr_module(r, _ts) {
        let owner = *slot(r, 1);
        if !owner.is_exact(Module::TYPE) {
            return Act::MISS;
        }
        let module = owner.ptr().cast::<PyModuleObject>();
        let keys = (*(*module).md_dict.get().cast::<PyDictObject>()).ma_keys.get();
        if (*keys).dk_version.get() != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let entry: *mut PyDictUnicodeEntry = dict::unicode_entries(keys).add(cache16(r.ip, 4) as usize);
        let value = (*entry).me_value.get();
        if value.is_null() {
            return Act::MISS;
        }
        finish_load(r, owner, value)
    }

    /// An attribute in the instance's dict: the entry's index is a hint that the key confirms.
    fn load_attr_with_hint(r, _ts) {
        let owner = *slot(r, 1);
        if type_version(owner) != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let dict = managed_dict(owner.ptr());
        if dict.is_null() || !(*dict).ma_values.get().is_null() {
            return Act::MISS;
        }
        let keys = (*dict).ma_keys.get();
        let hint = cache16(r.ip, 4) as isize;
        if (*keys).dk_kind.get() == 0 || hint >= (*keys).dk_nentries.get() {
            return Act::MISS;
        }
        let entry: *mut PyDictUnicodeEntry = dict::unicode_entries(keys).add(hint as usize);
        let name = (*(*super::frame::code(r.fp)).co_names.get().cast::<crate::abi::PyTupleObject>()).ob_item.as_ptr()
            .cast::<*mut PyObject>().add(r.oparg >> 1);
        let value = (*entry).me_value.get();
        if (*entry).me_key.get() != *name || value.is_null() {
            return Act::MISS;
        }
        finish_load(r, owner, value)
    }

    /// An attribute of a class, read through the class itself.
    fn load_attr_class(r, _ts) {
        let owner = *slot(r, 1);
        if owner.is_int() || (*(*owner.ptr()).ob_type.get()).tp_flags.get() & crate::abi::Py_TPFLAGS_TYPE_SUBCLASS == 0 {
            return Act::MISS;
        }
        if (*owner.ptr().cast::<crate::abi::PyTypeObject>()).tp_version_tag.get() != cache32(r.ip, 2) {
            return Act::MISS;
        }
        finish_load(r, owner, cache64(r.ip, 6) as *mut PyObject)
    }

    /// A method of an instance that has inline values without this name.
    fn load_attr_method_with_values(r, _ts) {
        let owner = *slot(r, 1);
        if type_version(owner) != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let object = owner.ptr();
        if (*inline_values(object)).valid.get() == 0 {
            return Act::MISS;
        }
        let heap = (*object).ob_type.get().cast::<PyHeapTypeObject>();
        if (*(*heap).ht_cached_keys.get()).dk_version.get() != cache32(r.ip, 4) {
            return Act::MISS;
        }
        finish_method(r, owner)
    }

    /// A method of an instance that can have no dict.
    fn load_attr_method_no_dict(r, _ts) {
        let owner = *slot(r, 1);
        if type_version(owner) != cache32(r.ip, 2) {
            return Act::MISS;
        }
        finish_method(r, owner)
    }

    /// A method of an instance whose dict, at this offset, does not exist yet.
    fn load_attr_method_lazy_dict(r, _ts) {
        let owner = *slot(r, 1);
        if type_version(owner) != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let offset = cache16(r.ip, 4) as i16 as isize;
        if !(*owner.ptr().byte_offset(offset).cast::<*mut PyObject>()).is_null() {
            return Act::MISS;
        }
        finish_method(r, owner)
    }

    /// A class attribute that is no descriptor, read through an instance with inline values without this name.
    fn load_attr_nondescriptor_with_values(r, _ts) {
        let owner = *slot(r, 1);
        if type_version(owner) != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let object = owner.ptr();
        if (*inline_values(object)).valid.get() == 0 {
            return Act::MISS;
        }
        let heap = (*object).ob_type.get().cast::<PyHeapTypeObject>();
        if (*(*heap).ht_cached_keys.get()).dk_version.get() != cache32(r.ip, 4) {
            return Act::MISS;
        }
        finish_load(r, owner, cache64(r.ip, 6) as *mut PyObject)
    }

    fn load_attr_nondescriptor_no_dict(r, _ts) {
        let owner = *slot(r, 1);
        if type_version(owner) != cache32(r.ip, 2) {
            return Act::MISS;
        }
        finish_load(r, owner, cache64(r.ip, 6) as *mut PyObject)
    }

    /// A data descriptor of native code: getters, members, fields of named tuples.
    fn load_attr_descriptor(r, _ts) {
        let owner = *slot(r, 1);
        if type_version(owner) != cache32(r.ip, 2) {
            return Act::MISS;
        }
        let descr = cache64(r.ip, 6) as *mut PyObject;
        let Some(get) = (*(*descr).ob_type.get()).tp_descr_get.get() else { return Act::MISS };
        super::save(r);
        // The class may lose it meanwhile.
        header::incref(descr);
        let result = get(descr, owner.ptr(), (*owner.ptr()).ob_type.get().cast());
        header::decref(descr);
        if result.is_null() {
            name_failure(r.fp, r.oparg >> 1);
            return Act::RAISED;
        }
        let place = slot(r, 1);
        super::frame::set_stack_pointer(r.fp, place);
        owner.close();
        *place = super::owned(result);
        if r.oparg & 1 != 0 {
            push(r, StackRef::NULL);
        }
        Act::NEXT
    }

    /// A property with a Python getter: its frame is entered directly.
    fn load_attr_property(r, ts) {
        let owner = *slot(r, 1);
        let getter = cache64(r.ip, 6) as *mut PyFunctionObject;
        if type_version(owner) != cache32(r.ip, 2) || (*getter).func_version.get() != cache32(r.ip, 4) {
            return Act::MISS;
        }
        let code = (*getter).func_code.get().cast::<PyCodeObject>();
        if !super::call::has_room(ts, code) {
            return Act::MISS;
        }
        let place = slot(r, 1);
        // The caller's stack gives the owner up.
        *place = owner.heap_safe();
        super::call::push_exact(r, ts, counted(getter.cast()), code, place, 1, place, 10)
    }

    /// Stores into the inline values; a new name is noted in the order of insertion.
    fn store_attr_instance_value(r, _ts) {
        let (value, owner) = (*slot(r, 2), *slot(r, 1));
        if type_version(owner) != cache32(r.ip, 2) || super::is_last(owner) {
            return Act::MISS;
        }
        let object = owner.ptr();
        let values = inline_values(object);
        if (*values).valid.get() == 0 || !managed_dict(object).is_null() {
            return Act::MISS;
        }
        let index = cache16(r.ip, 4) as usize;
        let place = (&raw const (*values).values).cast_mut().cast::<*mut PyObject>().add(index);
        let old = *place;
        let overwritten = super::overwrite(old, value);
        if !overwritten {
            let new = super::heap_pointer(value);
            if new.is_null() {
                return Act::MISS;
            }
            *place = new;
        }
        r.sp = r.sp.sub(2);
        super::give_up(owner);
        if overwritten {
            return Act::NEXT;
        }
        if old.is_null() {
            dict::note_insertion(values, index);
            return Act::NEXT;
        }
        drop_word(r, StackRef::steal(old), Act::NEXT)
    }

    fn store_attr_slot(r, _ts) {
        let (value, owner) = (*slot(r, 2), *slot(r, 1));
        if type_version(owner) != cache32(r.ip, 2) || super::is_last(owner) {
            return Act::MISS;
        }
        let place = owner.ptr().byte_add(cache16(r.ip, 4) as usize).cast::<*mut PyObject>();
        let old = *place;
        let overwritten = super::overwrite(old, value);
        if !overwritten {
            let new = super::heap_pointer(value);
            if new.is_null() {
                return Act::MISS;
            }
            *place = new;
        }
        r.sp = r.sp.sub(2);
        super::give_up(owner);
        if overwritten {
            return Act::NEXT;
        }
        if old.is_null() { Act::NEXT } else { drop_word(r, StackRef::steal(old), Act::NEXT) }
    }
}

/// A descriptor has raised: an AttributeError gets the name and the object.
#[cold]
#[inline(never)]
unsafe fn name_failure(frame: *mut super::frame::Frame, name: usize) {
    // SAFETY: the owner is on the stack.
    unsafe {
        let m = Machine { frame, thread: core::ptr::null_mut() };
        let owner = (*m.slot(1)).borrowed_handle::<Object>();
        if Raised::is_set() {
            let _ = crate::object::protocol::attr::name_attribute(Raised::assume_set(), &owner, m.name(name).upcast());
        }
    }
}

/// Replaces the owner by an attribute, or by an unbound method and the owner where the operand asks for a method.
unsafe fn load(m: Machine, oparg: usize) -> PyResult<Flow> {
    // SAFETY: the owner stands on the stack.
    unsafe {
        let owner = m.peek(1)?;
        let name = m.name(oparg >> 1);
        if oparg & 1 == 0 {
            let value = owner.getattr(name)?;
            m.drop_top(1);
            m.push_ref(value);
            return Ok(Flow::Next);
        }
        match base::get_callee(&owner, name)? {
            base::Callee::Method(base::Method::Unbound(function)) => {
                let word = *m.slot(1);
                *m.slot(1) = StackRef::from_ref(function);
                m.push(word);
            }
            base::Callee::OfClass(function) => {
                let class = StackRef::new_count((*owner.as_ptr()).ob_type.get().cast());
                m.drop_top(1);
                m.push_ref(function);
                m.push(class);
            }
            base::Callee::Method(base::Method::Bound(function)) => {
                m.drop_top(1);
                m.push_ref(function);
                m.push(StackRef::NULL);
            }
        }
        Ok(Flow::Next)
    }
}

slow! {
    fn load_attr(m, oparg) {
        if specialize::due(m.ip()) {
            specialize::load_attr(m, oparg);
            return Ok(Flow::Retry);
        }
        load(m, oparg)
    }

    /// As `load_attr_property` where the stack of frames is full, or the getter has changed.
    fn load_attr_property_slow(m, oparg) {
        let owner = *m.slot(1);
        if type_version(owner) != cache32(m.ip(), 2) {
            specialize::despecialize(m.ip());
            return Ok(Flow::Retry);
        }
        let getter = cache64(m.ip(), 6) as *mut PyFunctionObject;
        if (*getter).func_version.get() != cache32(m.ip(), 4) {
            return load(m, oparg);
        }
        let mut args = [m.pop().heap_safe()];
        let function = StackRef::new_count(getter.cast());
        let new = call::push_frame(m.thread, function, core::ptr::null_mut(), args.as_mut_ptr(), 1, &[], m.frame)?;
        call::enter(m, new, 10)
    }

    fn store_attr(m, index) {
        if specialize::due(m.ip()) {
            specialize::store_attr(m, index);
            return Ok(Flow::Retry);
        }
        let name = m.name(index);
        m.peek(1)?.setattr(name, m.peek(2)?)?;
        m.drop_top(2);
        Ok(Flow::Next)
    }

    fn delete_attr(m, index) {
        m.peek(1)?.delattr(m.name(index))?;
        m.drop_top(1);
        Ok(Flow::Next)
    }

    /// `super().name`: super, class and instance on the stack; bit 0 asks for a method, bit 1 says that
    /// super was called with two arguments.
    fn load_super_attr(m, oparg) {
        let name = m.name(oparg >> 2);
        let (callable, class, instance) = (m.peek(3)?, m.peek(2)?, m.peek(1)?);
        if callable.is(&crate::types::Super::type_object())
            && let Some(class) = class.downcast_borrowed::<Type>()
            && let Some((value, unbound)) = super_::lookup(class, instance, name, oparg & 1 != 0)?
        {
            let instance_word = m.pop();
            m.drop_top(2);
            m.push_ref(value);
            if oparg & 1 != 0 {
                if unbound {
                    m.push(instance_word);
                    return Ok(Flow::Next);
                }
                m.push(StackRef::NULL);
            }
            instance_word.close();
            return Ok(Flow::Next);
        }
        let proxy = if oparg & 2 != 0 { callable.call(&[class, instance])? } else { callable.call0()? };
        let value = proxy.getattr(name)?;
        m.drop_top(3);
        m.push_ref(value);
        if oparg & 1 != 0 {
            m.push(StackRef::NULL);
        }
        Ok(Flow::Next)
    }

    /// `__enter__`, `__exit__` and their asynchronous twins: method and instance.
    fn load_special(m, which) {
        let owner = m.peek(1)?;
        let names = [id!("__enter__"), id!("__exit__"), id!("__aenter__"), id!("__aexit__")];
        let name = names[which & 3];
        let Some(found) = owner.type_of().lookup(name) else {
            return Err(no_special(owner, which));
        };
        let method_flag = found.type_of().tp_flags.get() & crate::abi::Py_TPFLAGS_METHOD_DESCRIPTOR != 0;
        if method_flag {
            let word = m.pop();
            m.push_ref(found);
            m.push(word);
        } else {
            let bound = found.bind(Some(owner), owner.type_of().upcast())?;
            m.drop_top(1);
            m.push_ref(bound);
            m.push(StackRef::NULL);
        }
        Ok(Flow::Next)
    }
}

/// `super().name` with the call of `super` told to the tools that watch calls.
pub unsafe fn super_attr_watched(m: Machine, oparg: usize) -> PyResult<Flow> {
    // SAFETY: super, class and instance stand on the stack.
    unsafe {
        let name = m.name(oparg >> 2);
        let (callable, class, instance) = (m.peek(3)?, m.peek(2)?, m.peek(1)?);
        let missing = monitoring::missing()?;
        let argument = if oparg & 2 != 0 { class } else { missing.borrow() };
        let ip = m.ip();
        fire::fire(m.thread, m.frame, ip, event::CALL, &[callable, argument])?;
        let proxy = if oparg & 2 != 0 { callable.call(&[class, instance]) } else { callable.call0() };
        let proxy = fire::fire_call_end(m.thread, m.frame, ip, callable, argument, proxy)?;
        let value = proxy.getattr(name)?;
        m.drop_top(3);
        m.push_ref(value);
        if oparg & 1 != 0 {
            m.push(StackRef::NULL);
        }
        Ok(Flow::Next)
    }
}

/// The TypeError for an object that is no context manager.
#[cold]
fn no_special(owner: Borrowed<'_, Object>, which: usize) -> Raised {
    let has = |name: Borrowed<'_, Str>| owner.type_of().lookup(name).is_some();
    let missing = ["__enter__", "__exit__", "__aenter__", "__aexit__"][which & 3];
    let name = owner.type_name();
    let (protocol, other_enter, other_exit, hint) = if which < 2 {
        (
            "the context manager protocol",
            id!("__aenter__"),
            id!("__aexit__"),
            "asynchronous context manager protocol. Did you mean to use 'async with'?",
        )
    } else {
        (
            "the asynchronous context manager protocol",
            id!("__enter__"),
            id!("__exit__"),
            "context manager protocol. Did you mean to use 'with'?",
        )
    };
    if has(other_enter) && has(other_exit) {
        return raise!(
            TypeError,
            "'{name}' object does not support {protocol} (missed {missing} method) but it supports the {hint}"
        );
    }
    raise!(TypeError, "'{name}' object does not support {protocol} (missed {missing} method)")
}
