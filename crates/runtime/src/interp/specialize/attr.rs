//! The choice for attributes and global names.

use super::*;

/// LOAD_GLOBAL: a dict of names whose keys have a version.
pub unsafe fn load_global(m: Machine, index: usize) {
    // SAFETY: the machine's frame is live.
    unsafe {
        let choice = load_global_choice(m, m.name(index));
        finish(m.ip(), choice);
    }
}

pub(super) unsafe fn load_global_choice(m: Machine, name: Borrowed<'_, Str>) -> Option<u8> {
    // SAFETY: as above.
    unsafe {
        let builtins = m.builtins().downcast_exact::<Dict>()?.to_owned();
        let globals = m.globals();
        if !globals.is_exact::<Dict>() {
            return None;
        }
        let globals_version = u16::try_from(dict::keys_version(&globals)).ok().filter(|version| *version != 0)?;
        if let Some(index) = dict::unicode_index(&globals, name) {
            write16(m.ip(), 2, globals_version);
            write16(m.ip(), 4, u16::try_from(index).ok()?);
            return Some(Opcode::LOAD_GLOBAL_MODULE as u8);
        }
        let builtins_version = u16::try_from(dict::keys_version(&builtins)).ok().filter(|version| *version != 0)?;
        let index = dict::unicode_index(&builtins, name)?;
        write16(m.ip(), 2, globals_version);
        write16(m.ip(), 3, builtins_version);
        write16(m.ip(), 4, u16::try_from(index).ok()?);
        Some(Opcode::LOAD_GLOBAL_BUILTIN as u8)
    }
}

/// Where a name is found on a type.
pub(super) enum OnType {
    Missing,
    /// A plain function or method descriptor.
    Method(Ref<Object>),
    /// A slot of `__slots__`, by its offset.
    Slot(usize),
    /// A property with a Python getter.
    Property(Ref<Object>),
    /// A data descriptor of a static class: its methods do not change.
    Data(Ref<Object>),
    /// A value without `__get__`.
    Plain(Ref<Object>),
    Other,
}

pub(super) fn find_on_type(ty: &Ref<Type>, name: Borrowed<'_, Str>) -> OnType {
    let Some(found) = ty.lookup(name) else { return OnType::Missing };
    let kind = found.type_of();
    if kind.tp_flags.get() & Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
        return OnType::Method(found);
    }
    if let Some(offset) = crate::types::descr::object_slot_offset(&found, ty) {
        return OnType::Slot(offset);
    }
    if let Some(getter) = crate::types::property::simple_getter(&found) {
        return OnType::Property(getter);
    }
    if kind.tp_descr_get.get().is_none() && kind.tp_descr_set.get().is_none() {
        return OnType::Plain(found);
    }
    if kind.tp_descr_get.get().is_some()
        && kind.tp_descr_set.get().is_some()
        && kind.tp_flags.get() & Py_TPFLAGS_IMMUTABLETYPE != 0
    {
        return OnType::Data(found);
    }
    OnType::Other
}

/// Whether what a type has as `__class__` is what all objects have.
pub(super) fn is_plain_class(found: &Ref<Object>) -> bool {
    Object::type_object().lookup_borrowed(id!("__class__")).is_some_and(|plain| plain.is(found))
}

/// LOAD_ATTR.
pub unsafe fn load_attr(m: Machine, oparg: usize) {
    // SAFETY: the owner stands on the stack.
    unsafe {
        let choice = if (*m.slot(1)).is_int() { None } else { load_attr_choice(m, oparg) };
        finish(m.ip(), choice);
    }
}

pub(super) unsafe fn load_attr_choice(m: Machine, oparg: usize) -> Option<u8> {
    // SAFETY: as above. Borrowed words in caches are protected by the type's version.
    unsafe {
        let owner: Borrowed<'_, Object> = Borrowed::from_ptr((*m.slot(1)).ptr());
        let name = m.name(oparg >> 1);
        let wants_method = oparg & 1 != 0;
        let ty = owner.type_of();
        if let Some(module) = owner.downcast_exact::<Module>() {
            let dict = module.dict();
            let index = u16::try_from(dict::unicode_index(&dict, name)?).ok()?;
            let version = dict::keys_version(&dict);
            if version == 0 {
                return None;
            }
            write32(m.ip(), 2, version);
            write16(m.ip(), 4, index);
            return Some(Opcode::LOAD_ATTR_MODULE as u8);
        }
        if ty.tp_flags.get() & Py_TPFLAGS_TYPE_SUBCLASS != 0 {
            return load_class_attr(m, owner.cast_borrowed_unchecked(), name);
        }
        if !ty.uses_generic_getattr() {
            return None;
        }
        let found = find_on_type(&ty, name);
        let version = type_version(ty.as_ptr().cast())?;
        let flags = ty.tp_flags.get();
        match found {
            // The type pointer is read as a slot.
            OnType::Data(found) if name.as_ptr() == id!("__class__").as_ptr() && is_plain_class(&found) => {
                write32(m.ip(), 2, version);
                write16(m.ip(), 4, core::mem::offset_of!(PyObject, ob_type) as u16);
                Some(Opcode::LOAD_ATTR_SLOT as u8)
            }
            OnType::Data(found) => {
                write32(m.ip(), 2, version);
                write64(m.ip(), 6, found.as_ptr() as u64);
                Some(LOAD_ATTR_DESCRIPTOR)
            }
            OnType::Slot(offset) => {
                write32(m.ip(), 2, version);
                write16(m.ip(), 4, u16::try_from(offset).ok()?);
                Some(Opcode::LOAD_ATTR_SLOT as u8)
            }
            OnType::Property(getter) if !wants_method => {
                let function_version = simple_function(getter.as_ptr().cast(), 1)?;
                write32(m.ip(), 2, version);
                write32(m.ip(), 4, function_version);
                write64(m.ip(), 6, getter.as_ptr() as u64);
                Some(Opcode::LOAD_ATTR_PROPERTY as u8)
            }
            OnType::Method(found) if wants_method => {
                let form = class_value_form(m, owner, name, version)?;
                write64(m.ip(), 6, found.as_ptr() as u64);
                Some(match form {
                    ClassValue::NoDict => Opcode::LOAD_ATTR_METHOD_NO_DICT,
                    ClassValue::WithValues => Opcode::LOAD_ATTR_METHOD_WITH_VALUES,
                    ClassValue::LazyDict => Opcode::LOAD_ATTR_METHOD_LAZY_DICT,
                } as u8)
            }
            OnType::Plain(found) => {
                // The instance may have the name as well.
                let form = class_value_form(m, owner, name, version)?;
                write64(m.ip(), 6, found.as_ptr() as u64);
                match form {
                    ClassValue::NoDict => Some(Opcode::LOAD_ATTR_NONDESCRIPTOR_NO_DICT as u8),
                    ClassValue::WithValues => Some(Opcode::LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES as u8),
                    ClassValue::LazyDict => None,
                }
            }
            OnType::Missing if flags & Py_TPFLAGS_MANAGED_DICT != 0 => instance_attr(
                m,
                owner,
                name,
                version,
                flags,
                Opcode::LOAD_ATTR_INSTANCE_VALUE,
                Opcode::LOAD_ATTR_WITH_HINT,
            ),
            _ => None,
        }
    }
}

/// How it is known that an instance does not have a name itself.
pub(super) enum ClassValue {
    NoDict,
    WithValues,
    LazyDict,
}

pub(super) unsafe fn class_value_form(
    m: Machine,
    owner: Borrowed<'_, Object>,
    name: Borrowed<'_, Str>,
    version: u32,
) -> Option<ClassValue> {
    // SAFETY: the owner is live.
    unsafe {
        let ty = owner.type_of();
        let flags = ty.tp_flags.get();
        write32(m.ip(), 2, version);
        if flags & Py_TPFLAGS_INLINE_VALUES != 0 {
            if !dict::has_valid_inline_values(&owner) {
                return None;
            }
            let keys = (*ty.as_ptr().cast::<PyHeapTypeObject>()).ht_cached_keys.get();
            if dict::shared_keys_index(keys, name).is_some() {
                return None;
            }
            let keys_version = dict::shared_keys_version(keys);
            if keys_version == 0 {
                return None;
            }
            write32(m.ip(), 4, keys_version);
            return Some(ClassValue::WithValues);
        }
        if flags & Py_TPFLAGS_MANAGED_DICT != 0 {
            // A managed dict without inline values: the place is three words before the object.
            write16(m.ip(), 4, (-24i16) as u16);
            return if (*owner.as_ptr().cast::<*mut PyObject>().sub(3)).is_null() {
                Some(ClassValue::LazyDict)
            } else {
                None
            };
        }
        let offset = ty.tp_dictoffset.get();
        if offset == 0 {
            return Some(ClassValue::NoDict);
        }
        let offset = i16::try_from(offset).ok().filter(|offset| *offset > 0)?;
        if !(*owner.as_ptr().byte_offset(offset as isize).cast::<*mut PyObject>()).is_null() {
            return None;
        }
        write16(m.ip(), 4, offset as u16);
        Some(ClassValue::LazyDict)
    }
}

/// An attribute in inline values or in the managed dict of an instance.
pub(super) unsafe fn instance_attr(
    m: Machine,
    owner: Borrowed<'_, Object>,
    name: Borrowed<'_, Str>,
    version: u32,
    flags: core::ffi::c_ulong,
    in_values: Opcode,
    with_hint: Opcode,
) -> Option<u8> {
    // SAFETY: the owner is live, and its type has a managed dict.
    unsafe {
        if flags & Py_TPFLAGS_INLINE_VALUES != 0 && dict::has_valid_inline_values(&owner) {
            let keys = (*owner.type_of().as_ptr().cast::<PyHeapTypeObject>()).ht_cached_keys.get();
            let index = dict::shared_keys_index(keys, name)?;
            write32(m.ip(), 2, version);
            write16(m.ip(), 4, u16::try_from(index).ok()?);
            return Some(in_values as u8);
        }
        let dict = *owner.as_ptr().cast::<*mut PyObject>().sub(3);
        if dict.is_null() {
            return None;
        }
        let dict: Borrowed<'_, Dict> = Borrowed::from_ptr(dict);
        let index = dict::unicode_index(&dict, name)?;
        write32(m.ip(), 2, version);
        write16(m.ip(), 4, u16::try_from(index).ok()?);
        Some(with_hint as u8)
    }
}

/// An attribute read through a class whose metaclass does not interfere.
pub(super) unsafe fn load_class_attr(m: Machine, class: Borrowed<'_, Type>, name: Borrowed<'_, Str>) -> Option<u8> {
    // SAFETY: the class is live.
    unsafe {
        let metaclass = class.type_of();
        if !crate::types::type_::uses_type_getattr(&metaclass) || metaclass.lookup(name).is_some() {
            return None;
        }
        let found = class.lookup(name)?;
        let kind = found.type_of();
        if kind.tp_descr_get.get().is_some() && !found.is_exact::<Function>() {
            return None;
        }
        // The metaclass might get the name later; only `type` itself, which is immutable, excludes that.
        if metaclass.as_ptr() != Type::TYPE.cast() {
            return None;
        }
        let version = type_version(class.as_ptr().cast())?;
        write32(m.ip(), 2, version);
        write64(m.ip(), 6, found.as_ptr() as u64);
        Some(Opcode::LOAD_ATTR_CLASS as u8)
    }
}

/// STORE_ATTR.
pub unsafe fn store_attr(m: Machine, index: usize) {
    // SAFETY: the owner stands on the stack.
    unsafe {
        let choice = if (*m.slot(1)).is_int() { None } else { store_attr_choice(m, index) };
        finish(m.ip(), choice);
    }
}

pub(super) unsafe fn store_attr_choice(m: Machine, index: usize) -> Option<u8> {
    // SAFETY: as above.
    unsafe {
        let owner: Borrowed<'_, Object> = Borrowed::from_ptr((*m.slot(1)).ptr());
        let name = m.name(index);
        let ty = owner.type_of();
        if !ty.uses_generic_setattr() {
            return None;
        }
        let found = find_on_type(&ty, name);
        let version = type_version(ty.as_ptr().cast())?;
        let flags = ty.tp_flags.get();
        match found {
            OnType::Slot(offset) => {
                write32(m.ip(), 2, version);
                write16(m.ip(), 4, u16::try_from(offset).ok()?);
                Some(Opcode::STORE_ATTR_SLOT as u8)
            }
            OnType::Missing
                if flags & Py_TPFLAGS_INLINE_VALUES != 0
                    && dict::has_valid_inline_values(&owner)
                    && (*owner.as_ptr().cast::<*mut PyObject>().sub(3)).is_null() =>
            {
                let keys = (*ty.as_ptr().cast::<PyHeapTypeObject>()).ht_cached_keys.get();
                let index = dict::shared_keys_index(keys, name)?;
                write32(m.ip(), 2, version);
                write16(m.ip(), 4, u16::try_from(index).ok()?);
                Some(Opcode::STORE_ATTR_INSTANCE_VALUE as u8)
            }
            _ => None,
        }
    }
}
