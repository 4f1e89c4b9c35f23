//! Types from a specification: what `PyType_FromMetaclass` and its older forms make.
//!
//! The rows of `PyType_Spec.slots` name slots by number; [`slot_offset`] says where each lives. Sizes may be relative to the
//! base (a negative `basicsize`). CPython: `PyType_FromMetaclass` in `Objects/typeobject.c`.

#![expect(non_upper_case_globals, reason = "the names of C in patterns")]

use core::mem::offset_of;
use core::ptr;

use super::new::{calculate_metaclass, copy_c_string, type_new};
use super::raw::{TypePtr, has_flag, is_type};
use super::{Type, instance, layout, ready};
use crate::abi::*;
use crate::memory::object as heap_object;
use crate::object::protocol::attr::from_result;
use crate::prelude::*;

/// `alignof(max_align_t)`: relative sizes begin at a multiple of it.
const ALIGNMENT: isize = 16;

macro_rules! slot_table {
    ($($id:ident $suite:ident.$field:ident;)*) => {
        /// Where a slot lives in `PyHeapTypeObject`; `None` for numbers that name no slot.
        pub fn slot_offset(id: c_int) -> Option<usize> {
            Some(match id {
                $($id => offset_of!(PyHeapTypeObject, $suite.$field),)*
                _ => return None,
            })
        }
    };
}

slot_table! {
    Py_bf_getbuffer as_buffer.bf_getbuffer;
    Py_bf_releasebuffer as_buffer.bf_releasebuffer;
    Py_mp_ass_subscript as_mapping.mp_ass_subscript;
    Py_mp_length as_mapping.mp_length;
    Py_mp_subscript as_mapping.mp_subscript;
    Py_nb_absolute as_number.nb_absolute;
    Py_nb_add as_number.nb_add;
    Py_nb_and as_number.nb_and;
    Py_nb_bool as_number.nb_bool;
    Py_nb_divmod as_number.nb_divmod;
    Py_nb_float as_number.nb_float;
    Py_nb_floor_divide as_number.nb_floor_divide;
    Py_nb_index as_number.nb_index;
    Py_nb_inplace_add as_number.nb_inplace_add;
    Py_nb_inplace_and as_number.nb_inplace_and;
    Py_nb_inplace_floor_divide as_number.nb_inplace_floor_divide;
    Py_nb_inplace_lshift as_number.nb_inplace_lshift;
    Py_nb_inplace_multiply as_number.nb_inplace_multiply;
    Py_nb_inplace_or as_number.nb_inplace_or;
    Py_nb_inplace_power as_number.nb_inplace_power;
    Py_nb_inplace_remainder as_number.nb_inplace_remainder;
    Py_nb_inplace_rshift as_number.nb_inplace_rshift;
    Py_nb_inplace_subtract as_number.nb_inplace_subtract;
    Py_nb_inplace_true_divide as_number.nb_inplace_true_divide;
    Py_nb_inplace_xor as_number.nb_inplace_xor;
    Py_nb_int as_number.nb_int;
    Py_nb_invert as_number.nb_invert;
    Py_nb_lshift as_number.nb_lshift;
    Py_nb_multiply as_number.nb_multiply;
    Py_nb_negative as_number.nb_negative;
    Py_nb_or as_number.nb_or;
    Py_nb_positive as_number.nb_positive;
    Py_nb_power as_number.nb_power;
    Py_nb_remainder as_number.nb_remainder;
    Py_nb_rshift as_number.nb_rshift;
    Py_nb_subtract as_number.nb_subtract;
    Py_nb_true_divide as_number.nb_true_divide;
    Py_nb_xor as_number.nb_xor;
    Py_sq_ass_item as_sequence.sq_ass_item;
    Py_sq_concat as_sequence.sq_concat;
    Py_sq_contains as_sequence.sq_contains;
    Py_sq_inplace_concat as_sequence.sq_inplace_concat;
    Py_sq_inplace_repeat as_sequence.sq_inplace_repeat;
    Py_sq_item as_sequence.sq_item;
    Py_sq_length as_sequence.sq_length;
    Py_sq_repeat as_sequence.sq_repeat;
    Py_tp_alloc ht_type.tp_alloc;
    Py_tp_base ht_type.tp_base;
    Py_tp_bases ht_type.tp_bases;
    Py_tp_call ht_type.tp_call;
    Py_tp_clear ht_type.tp_clear;
    Py_tp_dealloc ht_type.tp_dealloc;
    Py_tp_del ht_type.tp_del;
    Py_tp_descr_get ht_type.tp_descr_get;
    Py_tp_descr_set ht_type.tp_descr_set;
    Py_tp_doc ht_type.tp_doc;
    Py_tp_getattr ht_type.tp_getattr;
    Py_tp_getattro ht_type.tp_getattro;
    Py_tp_hash ht_type.tp_hash;
    Py_tp_init ht_type.tp_init;
    Py_tp_is_gc ht_type.tp_is_gc;
    Py_tp_iter ht_type.tp_iter;
    Py_tp_iternext ht_type.tp_iternext;
    Py_tp_methods ht_type.tp_methods;
    Py_tp_new ht_type.tp_new;
    Py_tp_repr ht_type.tp_repr;
    Py_tp_richcompare ht_type.tp_richcompare;
    Py_tp_setattr ht_type.tp_setattr;
    Py_tp_setattro ht_type.tp_setattro;
    Py_tp_str ht_type.tp_str;
    Py_tp_traverse ht_type.tp_traverse;
    Py_tp_members ht_type.tp_members;
    Py_tp_getset ht_type.tp_getset;
    Py_tp_free ht_type.tp_free;
    Py_nb_matrix_multiply as_number.nb_matrix_multiply;
    Py_nb_inplace_matrix_multiply as_number.nb_inplace_matrix_multiply;
    Py_am_await as_async.am_await;
    Py_am_aiter as_async.am_aiter;
    Py_am_anext as_async.am_anext;
    Py_tp_finalize ht_type.tp_finalize;
    Py_am_send as_async.am_send;
    Py_tp_vectorcall ht_type.tp_vectorcall;
}

/// A specification, as native code of ours writes it.
pub type Spec = PyType_Spec;

/// What the slots say beyond filling fields of the type.
struct Given {
    members: *const PyMemberDef,
    member_count: usize,
    doc: *const c_char,
    weaklistoffset: isize,
    dictoffset: isize,
    vectorcalloffset: isize,
    bases: *mut PyObject,
    base: TypePtr,
    token: *mut c_void,
}

unsafe fn read(spec: &PyType_Spec) -> PyResult<Given> {
    let mut given = Given {
        members: ptr::null(),
        member_count: 0,
        doc: ptr::null(),
        weaklistoffset: 0,
        dictoffset: 0,
        vectorcalloffset: 0,
        bases: ptr::null_mut(),
        base: ptr::null_mut(),
        token: ptr::null_mut(),
    };
    // SAFETY: the slots end with a zeroed row, the members too.
    unsafe {
        let mut row = spec.slots;
        while (*row).slot != 0 {
            let value = (*row).pfunc;
            match (*row).slot {
                Py_tp_members => {
                    if !given.members.is_null() {
                        return Err(raise!(SystemError, "Multiple Py_tp_members slots are not supported."));
                    }
                    given.members = value.cast();
                    let mut member = given.members;
                    while !(*member).name.is_null() {
                        given.member_count += 1;
                        let name = CStr::from_ptr((*member).name).to_bytes();
                        let offset = (*member).offset;
                        let special = match name {
                            b"__weaklistoffset__" => Some(&mut given.weaklistoffset),
                            b"__dictoffset__" => Some(&mut given.dictoffset),
                            b"__vectorcalloffset__" => Some(&mut given.vectorcalloffset),
                            _ => None,
                        };
                        if (*member).flags & Py_RELATIVE_OFFSET != 0 && spec.basicsize > 0 {
                            return Err(raise!(SystemError, "With Py_RELATIVE_OFFSET, basicsize must be negative"));
                        }
                        if let Some(special) = special {
                            *special = offset;
                        }
                        member = member.add(1);
                    }
                }
                Py_tp_doc => {
                    if !given.doc.is_null() {
                        return Err(raise!(SystemError, "Multiple Py_tp_doc slots are not supported."));
                    }
                    given.doc = value.cast();
                }
                Py_tp_bases => given.bases = value.cast(),
                Py_tp_base => given.base = value.cast(),
                Py_tp_token => given.token = if value.is_null() { (&raw const *spec).cast_mut().cast() } else { value },
                id if slot_offset(id).is_none() => return Err(raise!(RuntimeError, "invalid slot offset")),
                _ => {}
            }
            row = row.add(1);
        }
    }
    Ok(given)
}

/// Rows of members with relative offsets say where the dictionary and its like stand from the start of the type's own data.
unsafe fn place_relative(given: &mut Given, data_offset: isize) {
    for index in 0..given.member_count {
        // SAFETY: as many rows were counted.
        unsafe {
            let member = &*given.members.add(index);
            if member.flags & Py_RELATIVE_OFFSET == 0 {
                continue;
            }
            let offset = data_offset + member.offset;
            match CStr::from_ptr(member.name).to_bytes() {
                b"__weaklistoffset__" => given.weaklistoffset = offset,
                b"__dictoffset__" => given.dictoffset = offset,
                b"__vectorcalloffset__" => given.vectorcalloffset = offset,
                _ => {}
            }
        }
    }
}

/// The bases as a tuple: those of the caller, else those of the slots, else `object`.
unsafe fn bases_tuple(bases: Option<Borrowed<'_, Object>>, given: &Given) -> PyResult<Ref<Tuple>> {
    // SAFETY: pointers in slots are live objects or null.
    let bases = unsafe {
        bases
            .or_else(|| Borrowed::from_ptr_or_null(given.bases))
            .or_else(|| Borrowed::from_ptr_or_null(given.base))
            .unwrap_or(Object::type_object().upcast())
    };
    match bases.downcast::<Tuple>() {
        Some(bases) => Ok(bases.to_owned()),
        None => Tuple::from_slice(&[bases]),
    }
}

/// Sizes of instances: `(basicsize, itemsize, where data of the type itself begins)`.
fn sizes(spec: &PyType_Spec, base: &Ref<Type>) -> PyResult<(isize, isize, isize)> {
    let align = |size: isize| (size + ALIGNMENT - 1) & !(ALIGNMENT - 1);
    let (mut basicsize, mut itemsize) = (spec.basicsize as isize, spec.itemsize as isize);
    let base_size = base.tp_basicsize.get();
    let mut data_offset = base_size;
    if basicsize == 0 {
        basicsize = base_size;
    } else if basicsize < 0 {
        if base.tp_itemsize.get() != 0 && !base.has_flag(Py_TPFLAGS_ITEMS_AT_END) {
            return Err(raise!(SystemError, "Cannot extend variable-size class without Py_TPFLAGS_ITEMS_AT_END."));
        }
        data_offset = align(base_size);
        basicsize = data_offset + align(-basicsize);
        if itemsize == 0 {
            itemsize = base.tp_itemsize.get();
        }
    } else if basicsize < base_size {
        return Err(raise!(
            ValueError,
            "tp_basicsize for type '{}' ({basicsize}) is too small for base '{}' ({base_size})",
            // SAFETY: checked not to be null before.
            unsafe { CStr::from_ptr(spec.name) }.to_string_lossy(),
            base.name()
        ));
    }
    if itemsize == 0 {
        itemsize = base.tp_itemsize.get();
    }
    Ok((basicsize, itemsize, data_offset))
}

/// Makes a type from a specification (`PyType_FromMetaclass`).
///
/// # Safety
/// `spec` and the tables it points to are as `PyType_FromMetaclass` wants them; method and getset tables live as long as the
/// type.
pub unsafe fn from_spec(
    metaclass: Option<Borrowed<'_, Type>>,
    module: Option<Borrowed<'_, Object>>,
    spec: *const PyType_Spec,
    bases: Option<Borrowed<'_, Object>>,
) -> PyResult<Ref<Type>> {
    // SAFETY: by contract.
    unsafe {
        let spec = &*spec;
        if spec.name.is_null() {
            return Err(raise!(SystemError, "Type spec does not define the name field."));
        }
        let name = CStr::from_ptr(spec.name).to_bytes();
        let mut given = read(spec)?;
        let bases = bases_tuple(bases, &given)?;
        if u64::from(spec.flags) & Py_TPFLAGS_IMMUTABLETYPE != 0 {
            for base in bases.iter() {
                if is_type(base.as_ptr()) && !has_flag(base.as_ptr().cast(), Py_TPFLAGS_IMMUTABLETYPE) {
                    let base: &Ref<Type> = base.cast_unchecked();
                    return Err(raise!(
                        TypeError,
                        "Creating immutable type {} from mutable base {}",
                        String::from_utf8_lossy(name),
                        base.full_name()?
                    ));
                }
            }
        }
        let metaclass = metaclass.map_or_else(|| Type::type_object().to_owned(), |meta| meta.to_owned());
        let metaclass = calculate_metaclass(&metaclass, &bases)?;
        if !metaclass.is_subtype(&Type::type_object()) {
            return Err(raise!(
                TypeError,
                "Metaclass '{}' is not a subclass of 'type'.",
                metaclass.as_object().to_repr_text()
            ));
        }
        if metaclass.tp_new.get().is_some_and(|new| new as usize != type_new as *const () as usize) {
            return Err(raise!(TypeError, "Metaclasses with custom tp_new are not supported."));
        }
        let base = layout::best_base(&bases)?;
        let (basicsize, itemsize, data_offset) = sizes(spec, &base)?;
        place_relative(&mut given, data_offset);

        let Some(alloc) = metaclass.tp_alloc.get() else {
            return Err(raise!(TypeError, "metaclass '{}' cannot be instantiated", metaclass.name()));
        };
        let ty: Ref<Type> = from_result(alloc(metaclass.as_raw().cast(), given.member_count as isize))?;
        let heap = &*ty.as_raw().cast::<PyHeapTypeObject>();
        let raw = &heap.ht_type;
        raw.tp_flags.set(u64::from(spec.flags) | Py_TPFLAGS_HEAPTYPE);
        raw.tp_as_async.set((&raw const heap.as_async).cast_mut());
        raw.tp_as_number.set((&raw const heap.as_number).cast_mut());
        raw.tp_as_sequence.set((&raw const heap.as_sequence).cast_mut());
        raw.tp_as_mapping.set((&raw const heap.as_mapping).cast_mut());
        raw.tp_as_buffer.set((&raw const heap.as_buffer).cast_mut());
        raw.tp_bases.set(bases.clone().into_ptr());
        raw.tp_base.set(base.clone().into_ptr().cast());
        raw.tp_basicsize.set(basicsize);
        raw.tp_itemsize.set(itemsize);
        heap._ht_tpname.set(copy_c_string(name)?.cast_mut());
        raw.tp_name.set(heap._ht_tpname.get());
        let (module_name, short) = match memchr::memrchr(b'.', name) {
            Some(dot) => (Some(&name[..dot]), &name[dot + 1..]),
            None => (None, name),
        };
        let short = Str::intern(Str::from_utf8_str(&String::from_utf8_lossy(short))?);
        heap.ht_name.set(short.clone().into_ptr());
        heap.ht_qualname.set(short.into_ptr());
        heap.ht_token.set(given.token);
        if let Some(module) = module {
            heap.ht_module.set(module.to_owned().into_ptr());
        }
        if !given.doc.is_null() {
            raw.tp_doc.set(copy_c_string(CStr::from_ptr(given.doc).to_bytes())?);
        }

        fill_slots(&ty, spec);
        if raw.tp_dealloc.get().is_none() {
            // It calls the dealloc of the base.
            raw.tp_dealloc.set(Some(instance::subtype_dealloc));
        }
        if given.vectorcalloffset != 0 {
            raw.tp_vectorcall_offset.set(given.vectorcalloffset);
        }
        if given.weaklistoffset != 0 {
            raw.tp_weaklistoffset.set(given.weaklistoffset);
        }
        if given.dictoffset != 0 {
            raw.tp_dictoffset.set(given.dictoffset);
        }
        copy_members(ty.as_raw().cast(), &given, data_offset);
        if raw.tp_alloc.get().is_none() {
            raw.tp_alloc.set(Some(heap_object::generic_alloc));
        }

        raw.tp_dict.set(Dict::new()?.into_ptr());
        ready::ready(ty.as_raw().cast())?;
        finish_dict(&ty, &given, module_name)?;
        Ok(ty)
    }
}

unsafe fn fill_slots(ty: &Ref<Type>, spec: &PyType_Spec) {
    // SAFETY: `read` has checked the numbers; a slot is one pointer.
    unsafe {
        let mut row = spec.slots;
        while (*row).slot != 0 {
            let id = (*row).slot;
            let special = matches!(id, Py_tp_base | Py_tp_bases | Py_tp_doc | Py_tp_members | Py_tp_token);
            if !special && let Some(offset) = slot_offset(id) {
                *ty.as_raw().cast::<u8>().add(offset).cast::<*mut c_void>() = (*row).pfunc;
            }
            row = row.add(1);
        }
    }
}

/// The type keeps members of its own, with offsets from the start of the instance.
unsafe fn copy_members(ty: TypePtr, given: &Given, data_offset: isize) {
    if given.members.is_null() {
        return;
    }
    // SAFETY: the type was allocated with room for the rows; a zeroed one follows.
    unsafe {
        let table = instance::member_table(ty);
        for index in 0..given.member_count {
            let mut member = *given.members.add(index);
            if member.flags & Py_RELATIVE_OFFSET != 0 {
                member.flags &= !Py_RELATIVE_OFFSET;
                member.offset += data_offset;
            }
            table.add(index).write(member);
        }
        (*ty).tp_members.set(table);
    }
}

fn finish_dict(ty: &Ref<Type>, given: &Given, module_name: Option<&[u8]>) -> PyResult<()> {
    let dict = ty.dict();
    // These rows were directives.
    for (offset, name) in [
        (given.weaklistoffset, id!("__weaklistoffset__")),
        (given.dictoffset, id!("__dictoffset__")),
        (given.vectorcalloffset, id!("__vectorcalloffset__")),
    ] {
        if offset != 0 {
            dict.take(name)?;
        }
    }
    if dict.get_str(id!("__module__")).is_none() {
        match module_name {
            Some(module) => {
                let module = Str::intern(Str::from_utf8_str(&String::from_utf8_lossy(module))?);
                dict.set_str(id!("__module__"), module.borrow())?;
            }
            None => crate::modules::warnings::warn(
                <crate::types::exceptions::DeprecationWarning as PyLayout>::type_object(),
                &format!("builtin type {} has no __module__ attribute", ty.name()),
                1,
            )?,
        }
    }
    ty.modified();
    Ok(())
}

/// What a slot of a type holds, by its number (`PyType_GetSlot`); null for an empty one, `None` for a wrong number.
///
/// # Safety
/// `ty` is a live type.
pub unsafe fn get_slot(ty: TypePtr, id: c_int) -> Option<*mut c_void> {
    let offset = slot_offset(id)?;
    // SAFETY: by contract; fields of static types lie in the type itself or its suites.
    Some(unsafe { super::raw::slot_value(ty, offset) })
}

/// The first type along the MRO that was made from a specification with `token` (`PyType_GetBaseByToken`).
pub fn base_by_token(ty: &Ref<Type>, token: *mut c_void) -> Option<Ref<Type>> {
    let has_token = |ty: &Ref<Type>| {
        // SAFETY: heap types have a token field.
        ty.is_heap_type() && unsafe { (*ty.as_raw().cast::<PyHeapTypeObject>()).ht_token.get() } == token
    };
    // A type without an MRO is being made: its bases are looked through one after the other.
    let Some(mro) = ty.mro() else {
        if has_token(ty) {
            return Some(ty.clone());
        }
        return ty.bases().iter().find_map(|base| {
            // SAFETY: bases are types.
            base_by_token(unsafe { base.cast_unchecked::<Type>() }, token)
        });
    };
    mro.iter().find_map(|class| {
        // SAFETY: the MRO has types only.
        let class: &Ref<Type> = unsafe { class.cast_unchecked() };
        has_token(class).then(|| class.clone())
    })
}

/// The module, defined by `def`, that the type or one of its bases was made for (`PyType_GetModuleByDef`).
pub fn module_by_def(ty: &Ref<Type>, def: *mut PyModuleDef) -> PyResult<Ref<Object>> {
    for class in ty.mro().iter().flat_map(|mro| mro.iter()) {
        // SAFETY: the MRO has types only, and `ht_module` is a module or null.
        unsafe {
            let class: &Ref<Type> = class.cast_unchecked();
            if !class.is_heap_type() {
                continue;
            }
            let module = (*class.as_raw().cast::<PyHeapTypeObject>()).ht_module.get();
            if !module.is_null() && (*module.cast::<PyModuleObject>()).md_def.get() == def {
                return Ok(Ref::from_borrowed_ptr(module));
            }
        }
    }
    Err(raise!(TypeError, "PyType_GetModuleByDef: No superclass of '{}' has the given module", ty.name()))
}

/// The module that a type was made for (`PyType_GetModule`).
pub fn module_of(ty: &Ref<Type>) -> PyResult<Ref<Object>> {
    if !ty.is_heap_type() {
        return Err(raise!(TypeError, "PyType_GetModule: Type '{}' is not a heap type", ty.name()));
    }
    // SAFETY: a heap type.
    match unsafe { Ref::from_borrowed_ptr_or_null((*ty.as_raw().cast::<PyHeapTypeObject>()).ht_module.get()) } {
        Some(module) => Ok(module),
        None => Err(raise!(TypeError, "PyType_GetModule: Type '{}' has no associated module", ty.name())),
    }
}
