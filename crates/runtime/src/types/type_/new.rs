//! `type.__new__`: a class from its name, bases and namespace.
//!
//! The steps, in an order that programs can observe: the metaclass; the best base by layout; `__slots__`; the type object and
//! its attributes; [`ready`](super::ready); slots from special methods; `__set_name__` of what is in the namespace;
//! `__init_subclass__` of the bases. CPython: `type_new_impl` in `Objects/typeobject.c`.

use core::ptr;

use super::raw::{TypePtr, add_flags, display_name, has_flag, is_subtype_raw};
use super::{instance, layout, mro, ready, update};
use crate::abi::*;
use crate::interp::frame;
use crate::memory::{object as heap, small};
use crate::modules::warnings;
use crate::object::protocol::attr::from_result;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::thread;
use crate::types::classmethod::{ClassMethod, StaticMethod};
use crate::types::exceptions::RuntimeWarning;
use crate::types::function::Function;

/// `type.__new__(metatype, name, bases, dict, **kwargs)`, for the slot.
///
/// # Safety
/// A slot function: a live type, a tuple, a dict or null.
pub unsafe extern "C" fn type_new(metatype: TypePtr, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        into_c(from_arguments(
            Borrowed::from_ptr(metatype),
            Borrowed::from_ptr(args),
            Borrowed::from_ptr_or_null(kwargs),
        ))
    }
}

fn from_arguments(
    metatype: Borrowed<'_, Type>,
    args: Borrowed<'_, Tuple>,
    kwargs: Option<Borrowed<'_, Dict>>,
) -> PyResult<Ref<Object>> {
    if args.len() != 3 {
        return Err(raise!(TypeError, "type.__new__() takes exactly 3 arguments ({} given)", args.len()));
    }
    let wrong = |index: usize, expected: &str| {
        raise!(
            TypeError,
            "type.__new__() argument {} must be {expected}, not {}",
            index + 1,
            args.get(index).type_name()
        )
    };
    let Some(name) = args.get(0).downcast_borrowed::<Str>() else { return Err(wrong(0, "str")) };
    let Some(bases) = args.get(1).downcast_borrowed::<Tuple>() else { return Err(wrong(1, "tuple")) };
    let Some(namespace) = args.get(2).downcast_borrowed::<Dict>() else { return Err(wrong(2, "dict")) };

    let mut metatype = metatype.to_owned();
    let bases = if bases.is_empty() {
        Tuple::from_slice(&[Object::type_object().upcast()])?
    } else {
        check_bases_are_classes(&bases)?;
        let winner = calculate_metaclass(&metatype, &bases)?;
        if !winner.is(&metatype) {
            // Another metaclass than the one called: it decides, unless it is made like this one.
            match winner.tp_new.get() {
                Some(new) if new as usize != type_new as *const () as usize => {
                    let kwargs = kwargs.map_or(ptr::null_mut(), |kwargs| kwargs.as_ptr());
                    // SAFETY: the slot takes a type, a tuple and a dict or null.
                    return unsafe { from_result(new(winner.as_raw().cast(), args.as_ptr(), kwargs)) };
                }
                _ => metatype = winner,
            }
        }
        bases.to_owned()
    };
    make_class(&metatype, name.to_owned(), bases, namespace, kwargs).map(Ref::into_object)
}

fn check_bases_are_classes(bases: &Ref<Tuple>) -> PyResult<()> {
    for base in bases.iter() {
        if !base.is_instance_of::<Type>() && base.has_attr(id!("__mro_entries__"))? {
            return Err(raise!(TypeError, "type() doesn't support MRO entry resolution; use types.new_class()"));
        }
    }
    Ok(())
}

/// The most derived metaclass among `metatype` and those of the bases.
pub fn calculate_metaclass(metatype: &Ref<Type>, bases: &Ref<Tuple>) -> PyResult<Ref<Type>> {
    let mut winner = metatype.clone();
    for base in bases.iter() {
        let candidate = base.type_of();
        if winner.is_subtype(&candidate) {
            continue;
        }
        if candidate.is_subtype(&winner) {
            winner = candidate.to_owned();
            continue;
        }
        return Err(raise!(
            TypeError,
            "metaclass conflict: the metaclass of a derived class must be a (non-strict) subclass of the metaclasses \
             of all its bases"
        ));
    }
    Ok(winner)
}

/// What `__slots__` says.
struct Slots {
    /// Sorted and mangled names, or `None` without `__slots__`.
    names: Option<Vec<Ref<Object>>>,
    add_dict: bool,
    add_weakref: bool,
}

fn read_slots(name: &Ref<Str>, bases: &Ref<Tuple>, base: &Ref<Type>, dict: &Ref<Dict>) -> PyResult<Slots> {
    let may_add_dict = base.tp_dictoffset.get() == 0;
    let may_add_weakref = base.tp_weaklistoffset.get() == 0 && base.tp_itemsize.get() == 0;
    let Some(declared) = dict.get_str(id!("__slots__")) else {
        return Ok(Slots { names: None, add_dict: may_add_dict, add_weakref: may_add_weakref });
    };
    let declared = if declared.is_instance_of::<Str>() {
        Tuple::from_slice(&[declared.borrow()])?
    } else {
        declared.to_tuple()?
    };
    if !declared.is_empty() && base.tp_itemsize.get() != 0 {
        return Err(raise!(TypeError, "nonempty __slots__ not supported for subtype of '{}'", base.name()));
    }
    let mut slots = Slots { names: None, add_dict: false, add_weakref: false };
    let mut names: Vec<Ref<Str>> = vec_with_capacity(declared.len())?;
    for item in declared.iter() {
        let Some(text) = item.downcast::<Str>() else {
            return Err(raise!(TypeError, "__slots__ items must be strings, not '{}'", item.type_name()));
        };
        if !text.is_identifier() {
            return Err(raise!(TypeError, "__slots__ must be identifiers"));
        }
        if text.eq_str("__dict__") {
            if !may_add_dict || slots.add_dict {
                return Err(raise!(TypeError, "__dict__ slot disallowed: we already got one"));
            }
            slots.add_dict = true;
        } else if text.eq_str("__weakref__") {
            if !may_add_weakref || slots.add_weakref {
                return Err(raise!(TypeError, "__weakref__ slot disallowed: we already got one"));
            }
            slots.add_weakref = true;
        } else {
            let mangled = mangle(name.as_utf8()?, text.as_utf8()?);
            let slot = match &mangled {
                Some(mangled) => Str::intern(Str::from_utf8_str(mangled)?),
                None => Str::intern(text.to_owned()),
            };
            // A class body may set these names itself.
            let from_body = ["__qualname__", "__classcell__", "__classdictcell__"].iter().any(|name| slot.eq_str(name));
            if !from_body && dict.get_str(slot.borrow()).is_some() {
                return Err(raise!(
                    ValueError,
                    "{} in __slots__ conflicts with class variable",
                    slot.as_object().to_repr_text()
                ));
            }
            // It has its UTF-8 from now on.
            slot.as_utf8()?;
            names.push(slot);
        }
    }
    // UTF-8 sorts as code points do. A stable sort would take memory.
    names.sort_unstable_by(|a, b| a.cached_utf8().cmp(&b.cached_utf8()));
    slots.names = Some(names.into_iter().map(Ref::into_object).gather()?);

    // Another base may bring what the best base lacks.
    for other in bases.iter() {
        if other.is(base) {
            continue;
        }
        let Some(other) = other.downcast::<Type>() else { continue };
        slots.add_dict |= may_add_dict && other.tp_dictoffset.get() != 0;
        slots.add_weakref |= may_add_weakref && other.tp_weaklistoffset.get() != 0;
    }
    Ok(slots)
}

/// A private name as it is inside `class`: `__x` of class `_C` is `_C__x`.
pub fn mangle(class: &str, name: &str) -> Option<String> {
    if !name.starts_with("__") || name.ends_with("__") || name.contains('.') {
        return None;
    }
    let class = class.trim_start_matches('_');
    if class.is_empty() { None } else { Some(format!("_{class}{name}")) }
}

/// The class itself, with the metaclass settled.
fn make_class(
    metatype: &Ref<Type>,
    name: Ref<Str>,
    bases: Ref<Tuple>,
    namespace: Borrowed<'_, Dict>,
    kwargs: Option<Borrowed<'_, Dict>>,
) -> PyResult<Ref<Type>> {
    let base = layout::best_base(&bases)?;
    let dict = namespace.copy()?;
    let slots = read_slots(&name, &bases, &base, &dict)?;
    let ty = allocate(metatype, &name, &bases, &base, &dict, &slots)?;
    set_attributes(&ty, &dict)?;
    // SAFETY: a fresh type, whose parts are all set.
    unsafe {
        let raw: TypePtr = ty.as_raw().cast();
        add_slot_members(raw, &slots)?;
        set_cells(&ty, &dict)?;
        ready::ready(raw)?;
        if bases.len() == 1 && !mro::has_custom_mro(&ty) {
            update::update_own(raw)?;
        } else {
            update::update_all(raw);
        }
    }
    if !dict.has_only_str_keys() {
        let message = format!("non-string key in the __dict__ of class {}", ty.name());
        warnings::warn(RuntimeWarning::type_object(), &message, 1)?;
    }
    set_names(&ty)?;
    init_subclass(&ty, kwargs)?;
    Ok(ty)
}

fn allocate(
    metatype: &Ref<Type>,
    name: &Ref<Str>,
    bases: &Ref<Tuple>,
    base: &Ref<Type>,
    dict: &Ref<Dict>,
    slots: &Slots,
) -> PyResult<Ref<Type>> {
    let text = name.as_utf8()?;
    if text.as_bytes().contains(&0) {
        return Err(raise!(ValueError, "type name must not contain null characters"));
    }
    let slot_count = slots.names.as_ref().map_or(0, Vec::len);
    let Some(alloc) = metatype.tp_alloc.get() else {
        return Err(raise!(TypeError, "metaclass '{}' cannot be instantiated", metatype.name()));
    };
    // SAFETY: a metaclass allocates type objects with room for its members.
    unsafe {
        let ty: Ref<Type> = from_result(alloc(metatype.as_raw().cast(), slot_count as isize))?;
        let heap_type = ty.as_raw().cast::<PyHeapTypeObject>();
        let raw = &(*heap_type).ht_type;
        raw.tp_flags.set(Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HEAPTYPE | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC);
        raw.tp_as_async.set((&raw const (*heap_type).as_async).cast_mut());
        raw.tp_as_number.set((&raw const (*heap_type).as_number).cast_mut());
        raw.tp_as_sequence.set((&raw const (*heap_type).as_sequence).cast_mut());
        raw.tp_as_mapping.set((&raw const (*heap_type).as_mapping).cast_mut());
        raw.tp_as_buffer.set((&raw const (*heap_type).as_buffer).cast_mut());
        raw.tp_name.set(text.as_ptr().cast());
        raw.tp_bases.set(bases.clone().into_ptr());
        raw.tp_base.set(base.clone().into_ptr().cast());
        raw.tp_dict.set(dict.clone().into_ptr());
        (*heap_type).ht_name.set(name.clone().into_ptr());
        if let Some(names) = &slots.names {
            let names = Tuple::from_vec(names.try_to_vec()?)?;
            (*heap_type).ht_slots.set(names.into_ptr());
        }

        raw.tp_basicsize.set(base.tp_basicsize.get() + (slot_count * size_of::<*mut PyObject>()) as isize);
        raw.tp_itemsize.set(base.tp_itemsize.get());
        let mut getset = instance::GETSET_NONE;
        if slots.add_dict {
            add_flags(ty.as_raw().cast(), Py_TPFLAGS_MANAGED_DICT);
            raw.tp_dictoffset.set(-1);
            getset = instance::GETSET_DICT;
        }
        if slots.add_weakref {
            add_flags(ty.as_raw().cast(), Py_TPFLAGS_MANAGED_WEAKREF);
            raw.tp_weaklistoffset.set(MANAGED_WEAKREF_OFFSET);
            getset = if slots.add_dict { instance::GETSET_BOTH } else { instance::GETSET_WEAKREF };
        }
        raw.tp_getset.set(getset());
        raw.tp_dealloc.set(Some(instance::subtype_dealloc));
        raw.tp_traverse.set(Some(instance::subtype_traverse));
        raw.tp_clear.set(Some(instance::subtype_clear));
        raw.tp_alloc.set(Some(heap::generic_alloc));
        raw.tp_free.set(Some(heap::free_slot));
        raw.tp_vectorcall.set(Some(super::call::class_vectorcall));
        Ok(ty)
    }
}

/// The globals of the running Python code.
fn current_globals<'a>() -> Option<Borrowed<'a, Dict>> {
    // SAFETY: the current frame is live and keeps its globals.
    unsafe {
        let frame = frame::first_complete(thread::current().current_frame.get());
        Borrowed::from_ptr_or_null(frame.as_ref()?.f_globals.get())
    }
}

fn set_attributes(ty: &Ref<Type>, dict: &Ref<Dict>) -> PyResult<()> {
    // SAFETY: a type made by `allocate`.
    let heap_type = unsafe { &*ty.as_raw().cast::<PyHeapTypeObject>() };
    if dict.get_str(id!("__module__")).is_none()
        && let Some(globals) = current_globals()
        && let Some(module) = globals.get_str(id!("__name__"))
    {
        dict.set_str(id!("__module__"), module.borrow())?;
    }
    let qualname = match dict.get_str(id!("__qualname__")) {
        Some(qualname) if !qualname.is_instance_of::<Str>() => {
            return Err(raise!(TypeError, "type __qualname__ must be a str, not {}", qualname.type_name()));
        }
        Some(qualname) => {
            dict.del_item(id!("__qualname__").upcast())?;
            qualname
        }
        // SAFETY: `allocate` set the name.
        None => unsafe { Ref::from_borrowed_ptr(heap_type.ht_name.get()) },
    };
    heap_type.ht_qualname.set(qualname.into_ptr());
    if let Some(doc) = dict.get_str(id!("__doc__"))
        && let Some(doc) = doc.downcast::<Str>()
    {
        match doc.as_utf8() {
            Ok(text) => ty.tp_doc.set(copy_c_string(text.as_bytes())?),
            Err(raised) => return Err(raised),
        }
    }
    // `__new__` is a static method and these two are class methods, whether the class body says so or not.
    if let Some(new) = dict.get_str(id!("__new__"))
        && new.is_exact::<Function>()
    {
        dict.set_str(id!("__new__"), StaticMethod::new(new.borrow())?.as_borrowed())?;
    }
    for name in [id!("__init_subclass__"), id!("__class_getitem__")] {
        if let Some(method) = dict.get_str(name)
            && method.is_exact::<Function>()
        {
            dict.set_str(name, ClassMethod::new(method.borrow())?.as_borrowed())?;
        }
    }
    Ok(())
}

/// A copy that ends with a zero byte and is freed with `small::free`.
pub fn copy_c_string(text: &[u8]) -> PyResult<*const c_char> {
    let copy = small::malloc(text.len() + 1);
    if copy.is_null() {
        return Err(Raised::no_memory());
    }
    // SAFETY: the block has room for the text and the zero.
    unsafe {
        copy.copy_from_nonoverlapping(text.as_ptr(), text.len());
        copy.add(text.len()).write(0);
    }
    Ok(copy.cast_const().cast())
}

/// The member table of `__slots__`, which lies behind the type object.
unsafe fn add_slot_members(ty: TypePtr, slots: &Slots) -> PyResult<()> {
    let Some(names) = &slots.names else { return Ok(()) };
    // SAFETY: `allocate` made room for the rows.
    unsafe {
        let members = instance::member_table(ty);
        let mut offset = (*(*ty).tp_base.get()).tp_basicsize.get();
        for (index, name) in names.iter().enumerate() {
            let name: &Ref<Str> = name.cast_unchecked();
            members.add(index).write(PyMemberDef {
                name: name.as_utf8()?.as_ptr().cast(),
                r#type: Py_T_OBJECT_EX,
                offset,
                flags: 0,
                doc: ptr::null(),
            });
            offset += size_of::<*mut PyObject>() as isize;
        }
        (*ty).tp_members.set(members);
    }
    Ok(())
}

/// Gives the class to the cells that `__class__` and the class dictionary are read from.
fn set_cells(ty: &Ref<Type>, dict: &Ref<Dict>) -> PyResult<()> {
    let cells =
        [(id!("__classcell__"), ty.as_object().clone()), (id!("__classdictcell__"), dict.clone().into_object())];
    for (name, value) in cells {
        let Some(cell) = dict.get_str(name) else { continue };
        if !cell.is_exact::<crate::types::cell::Cell>() {
            return Err(raise!(
                TypeError,
                "{} must be a nonlocal cell, not {}",
                name.to_display(),
                cell.type_of().as_object().to_repr_text()
            ));
        }
        // SAFETY: a cell, checked above, owns its content.
        unsafe {
            let cell = &*cell.as_ptr().cast::<PyCellObject>();
            super::raw::replace(&cell.ob_ref, Some(value));
        }
        dict.del_item(name.upcast())?;
    }
    Ok(())
}

/// Calls `__set_name__(owner, name)` of all that has it, in the order of the namespace.
fn set_names(ty: &Ref<Type>) -> PyResult<()> {
    for (key, value) in ty.dict().items_snapshot()? {
        let Some(method) = value.lookup_special(id!("__set_name__"))? else { continue };
        if let Err(raised) = method.call(&[ty.as_borrowed(), key.borrow()]) {
            let exception = raised.take();
            let note = format!(
                "Error calling __set_name__ on '{}' instance {} in '{}'",
                value.type_name(),
                key.to_repr_text(),
                ty.name()
            );
            if let Err(second) = exception.call_method(id!("add_note"), &[Str::from_utf8_str(&note)?.as_borrowed()]) {
                second.clear();
            }
            return Err(Raised::restore(exception));
        }
    }
    Ok(())
}

/// `super(ty, ty).__init_subclass__(**kwargs)`.
fn init_subclass(ty: &Ref<Type>, kwargs: Option<Borrowed<'_, Dict>>) -> PyResult<()> {
    let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty());
    let Some(mro) = ty.mro() else { return Ok(()) };
    let Some(place) = mro.iter().position(|class| class.is(ty)) else {
        let name = ty.name();
        return Err(raise!(
            TypeError,
            "super(type, obj): obj (type {name}) is not an instance or subtype of type ({name})."
        ));
    };
    for class in mro.iter().skip(place + 1) {
        // SAFETY: the MRO has types only.
        let class: &Ref<Type> = unsafe { class.cast_unchecked() };
        let Some(method) = class.dict().get_str(id!("__init_subclass__")) else { continue };
        if kwargs.is_none() && class.is(&Object::type_object()) {
            return Ok(());
        }
        let method = method.bind(None, ty.as_borrowed())?;
        method.call_tuple(Tuple::empty().borrow(), kwargs)?;
        return Ok(());
    }
    // An MRO without `object`: `super` objects have the method themselves.
    let method = crate::types::Super::type_object().as_object().getattr(id!("__init_subclass__"))?;
    method.call_tuple(Tuple::empty().borrow(), kwargs)?;
    Ok(())
}

/// `type.__init__`: checks its arguments, nothing more.
///
/// # Safety
/// A slot function: a live type, a tuple, a dict or null.
pub unsafe extern "C" fn type_init(_this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: by contract.
    let (args, kwargs) = unsafe { (Borrowed::<Tuple>::from_ptr(args), Borrowed::<Dict>::from_ptr_or_null(kwargs)) };
    let raised = if args.len() == 1 && kwargs.is_some_and(|kwargs| !kwargs.is_empty()) {
        raise!(TypeError, "type.__init__() takes no keyword arguments")
    } else if args.len() != 1 && args.len() != 3 {
        raise!(TypeError, "type.__init__() takes 1 or 3 arguments")
    } else {
        return 0;
    };
    let _set = raised;
    -1
}

/// `type.__new__` as other native code calls it: `Type::create(name, bases, dict)`.
pub fn create(name: &str, bases: Borrowed<'_, Tuple>, dict: Borrowed<'_, Dict>) -> PyResult<Ref<Type>> {
    let name = Str::from_utf8_str(name)?;
    let meta = calculate_metaclass(&Type::type_object(), &bases)?;
    let class = meta.as_object().call(&[name.as_borrowed(), bases.upcast(), dict.upcast()])?;
    match class.into_downcast::<Type>() {
        Ok(class) => Ok(class),
        Err(other) => Err(raise!(TypeError, "metaclass returned non-type (type {})", other.type_name())),
    }
}

/// `tp.__new__(cls, ...)` for every native type: checks that `cls` may be made this way and calls `tp_new`.
///
/// # Safety
/// A `METH_VARARGS | METH_KEYWORDS` function: `this` is the type that the wrapper belongs to.
pub unsafe extern "C" fn tp_new_wrapper(
    this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        into_c((|| {
            let ty: TypePtr = this.cast();
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            let name = || display_name(ty);
            if args.is_empty() {
                return Err(raise!(TypeError, "{}.__new__(): not enough arguments", name()));
            }
            let first = args.get(0);
            let Some(class) = first.downcast::<Type>() else {
                return Err(raise!(TypeError, "{}.__new__(X): X is not a type object ({})", name(), first.type_name()));
            };
            let class: TypePtr = class.as_raw().cast();
            if !is_subtype_raw(class, ty) {
                let class = display_name(class);
                return Err(raise!(TypeError, "{}.__new__({class}): {class} is not a subtype of {}", name(), name()));
            }
            if has_flag(class, crate::abi::Py_TPFLAGS_DISALLOW_INSTANTIATION) {
                return Err(raise!(TypeError, "cannot create '{}' instances", display_name(class)));
            }
            // The nearest native type has to be made by this very function: anything else would leave part of it unset.
            let mut native = class;
            let of_python = |ty: TypePtr| {
                (*ty).tp_new.get().is_some_and(|new| new as usize == super::slots::slot_tp_new as *const () as usize)
            };
            while !native.is_null() && of_python(native) {
                native = (*native).tp_base.get();
            }
            let new = |ty: TypePtr| (*ty).tp_new.get().map(|new| new as usize);
            if !native.is_null() && new(native).is_none() {
                return Err(raise!(TypeError, "cannot create '{}' instances", display_name(native)));
            }
            if !native.is_null() && new(native) != new(ty) {
                if new(native).is_none() {
                    return Err(raise!(TypeError, "cannot create '{}' instances", display_name(class)));
                }
                return Err(raise!(
                    TypeError,
                    "{}.__new__({}) is not safe, use {}.__new__()",
                    name(),
                    display_name(class),
                    display_name(native)
                ));
            }
            let Some(tp_new) = (*ty).tp_new.get() else {
                return Err(raise!(TypeError, "cannot create '{}' instances", name()));
            };
            debug_assert!(has_flag(ty, Py_TPFLAGS_READY));
            let rest = Tuple::from_raw_slice(args.items_ptr().add(1), args.len() - 1)?;
            from_result(tp_new(class, rest.as_ptr(), kwargs))
        })())
    }
}
