//! What native code asks of and does with a type.

use super::cache::{self, lookup_raw};
use super::raw::{self, TypePtr, is_heap_type, is_subtype_raw};
use super::{attr, new};
use crate::abi::*;
use crate::prelude::*;
use crate::types::exceptions::AttributeError;
use crate::types::object::{PyObject_GenericGetAttr, PyObject_GenericSetAttr};

impl Ref<Type> {
    #[inline(always)]
    fn ptr(&self) -> TypePtr {
        self.as_raw().cast()
    }

    /// `tp_name`, as messages show it: with the module for static types outside of `builtins`.
    pub fn name(&self) -> String {
        // SAFETY: a handle's type is live.
        unsafe { raw::display_name(self.ptr()) }
    }

    /// `tp_name` behind its last dot.
    pub fn short_name(&self) -> String {
        // SAFETY: as above.
        String::from_utf8_lossy(unsafe { raw::short_name(self.ptr()) }).into_owned()
    }

    /// `cls.__name__`.
    pub fn dunder_name(&self) -> PyResult<Ref<Str>> {
        // SAFETY: heap types own their name.
        unsafe {
            if is_heap_type(self.ptr()) {
                let name = (*self.ptr().cast::<PyHeapTypeObject>()).ht_name.get();
                if !name.is_null() {
                    return Ok(Ref::from_borrowed_ptr(name));
                }
            }
        }
        Str::from_utf8_str(&self.short_name())
    }

    /// `cls.__qualname__`.
    pub fn qualname(&self) -> PyResult<Ref<Str>> {
        // SAFETY: heap types own their qualified name.
        unsafe {
            if is_heap_type(self.ptr()) {
                let name = (*self.ptr().cast::<PyHeapTypeObject>()).ht_qualname.get();
                if !name.is_null() {
                    return Ok(Ref::from_borrowed_ptr(name));
                }
            }
        }
        Str::from_utf8_str(&self.short_name())
    }

    /// `cls.__module__`, which can be any object.
    pub fn module(&self) -> PyResult<Ref<Object>> {
        // SAFETY: a handle's type is live.
        if unsafe { is_heap_type(self.ptr()) } {
            return match self.dict().get_str(id!("__module__")) {
                Some(module) => Ok(module),
                None => Err(raise!(AttributeError, "__module__")),
            };
        }
        let name = self.name();
        match name.rsplit_once('.') {
            Some((module, _)) => Ok(Str::intern_str(module)?.into_object()),
            None => Ok(id!("builtins").to_owned().into_object()),
        }
    }

    /// Module and qualified name, without `builtins`: what `repr` of classes and instances shows
    /// (`PyType_GetFullyQualifiedName`).
    pub fn full_name(&self) -> PyResult<String> {
        // SAFETY: a handle's type is live.
        if unsafe { !is_heap_type(self.ptr()) } {
            return Ok(self.name());
        }
        let qualname = self.qualname()?.to_display();
        let module = match self.module() {
            Ok(module) => module,
            Err(raised) => {
                raised.clear_if::<AttributeError>()?;
                return Ok(qualname);
            }
        };
        match module.downcast::<Str>() {
            Some(module) if !module.eq_str("builtins") => Ok(format!("{}.{qualname}", module.to_display())),
            _ => Ok(qualname),
        }
    }

    /// The attribute `name` along the MRO, not bound (`_PyType_LookupRef`). Raises nothing.
    #[inline]
    pub fn lookup(&self, name: Borrowed<'_, Str>) -> Option<Ref<Object>> {
        // SAFETY: a live type; a count is taken before anything else runs.
        unsafe { Ref::from_borrowed_ptr_or_null(lookup_raw(self.ptr(), name.as_ptr())) }
    }

    /// As [`Ref::lookup`] without taking a count: good until the class that holds the attribute changes.
    #[inline]
    pub fn lookup_borrowed(&self, name: Borrowed<'_, Str>) -> Option<Borrowed<'_, Object>> {
        // SAFETY: a live type; the caller runs no Python code while it holds the result.
        unsafe { Borrowed::from_ptr_or_null(lookup_raw(self.ptr(), name.as_ptr())) }
    }

    /// `cls.name`, with descriptors; `None` where there is no such attribute.
    pub fn lookup_attr_class(&self, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
        attr::lookup_class_attr(self, name)
    }

    /// Whether instances are read by `object.__getattribute__`.
    #[inline(always)]
    pub fn uses_generic_getattr(&self) -> bool {
        self.tp_getattro.get().is_some_and(|f| f as usize == PyObject_GenericGetAttr as *const () as usize)
    }

    /// Whether instances are written by `object.__setattr__`.
    #[inline(always)]
    pub fn uses_generic_setattr(&self) -> bool {
        self.tp_setattro.get().is_some_and(|f| f as usize == PyObject_GenericSetAttr as *const () as usize)
    }

    /// The class dictionary. A ready type has one.
    #[inline(always)]
    pub fn dict(&self) -> Borrowed<'_, Dict> {
        // SAFETY: types that handles refer to have at least begun to be made ready.
        unsafe { Borrowed::from_ptr(self.tp_dict.get()) }
    }

    /// `None` only while a type is being made or taken apart.
    pub fn mro(&self) -> Option<Ref<Tuple>> {
        // SAFETY: null or a tuple of types.
        unsafe { Ref::from_borrowed_ptr_or_null(self.tp_mro.get()) }
    }

    pub fn bases(&self) -> Ref<Tuple> {
        // SAFETY: null or a tuple.
        unsafe { Ref::from_borrowed_ptr_or_null(self.tp_bases.get()) }.unwrap_or_else(Tuple::empty)
    }

    /// `tp_base`: the base that instances are laid out after.
    pub fn base(&self) -> Option<Ref<Type>> {
        // SAFETY: null or a live type.
        unsafe { Ref::from_borrowed_ptr_or_null(self.tp_base.get()) }
    }

    #[inline(always)]
    pub fn is_subtype(&self, other: &Ref<Type>) -> bool {
        // SAFETY: handles' types are live.
        unsafe { is_subtype_raw(self.ptr(), other.ptr()) }
    }

    #[inline(always)]
    pub fn has_flag(&self, flag: u64) -> bool {
        self.tp_flags.get() & flag != 0
    }

    /// Whether the type was made while the program runs.
    pub fn is_heap_type(&self) -> bool {
        self.has_flag(Py_TPFLAGS_HEAPTYPE)
    }

    /// Says that an attribute of the type changed (`PyType_Modified`).
    pub fn modified(&self) {
        // SAFETY: a handle's type is live.
        unsafe { cache::modified(self.ptr()) }
    }

    /// Makes a class immutable (`PyType_Freeze`). All its bases have to be.
    pub fn freeze(&self) -> PyResult<()> {
        for class in self.mro().iter().flat_map(|mro| mro.iter()).skip(1) {
            // SAFETY: the MRO has types only.
            let class: &Ref<Type> = unsafe { class.cast_unchecked() };
            if !class.has_flag(Py_TPFLAGS_IMMUTABLETYPE) {
                return Err(raise!(
                    TypeError,
                    "Creating immutable type {} from mutable base {}",
                    self.name(),
                    class.full_name()?
                ));
            }
        }
        // SAFETY: a handle's type is live.
        unsafe { raw::add_flags(self.ptr(), Py_TPFLAGS_IMMUTABLETYPE) };
        self.modified();
        Ok(())
    }

    /// Sets the flags under `mask` to `flags` in the type and in those of its subclasses that can be changed
    /// (`_PyType_SetFlagsRecursive`): `abc` marks sequences and mappings so.
    pub fn set_flags_recursive(&self, mask: u64, flags: u64) {
        unsafe fn set(ty: TypePtr, mask: u64, flags: u64) {
            // SAFETY: subclasses are live as long as they are listed.
            unsafe {
                let old = (*ty).tp_flags.get();
                if old & Py_TPFLAGS_IMMUTABLETYPE != 0 || old & mask == flags {
                    return;
                }
                (*ty).tp_flags.set((old & !mask) | flags);
                super::subclasses::for_each_raw(ty, |subclass| set(subclass, mask, flags));
            }
        }
        // SAFETY: a handle's type is live.
        unsafe {
            set(self.ptr(), mask, flags);
            // What specialised code knows of these classes may depend on the flags.
            cache::modified(self.ptr());
        }
    }

    /// The version that caches hang on, given if need be; 0 if the type cannot have one.
    pub fn version(&self) -> u32 {
        // SAFETY: a handle's type is live.
        unsafe { cache::assign_version(self.ptr()) }
    }

    /// `tp_alloc`: a new instance with `items` items, all fields zero.
    pub fn alloc(&self, items: isize) -> PyResult<Ref<Object>> {
        match self.tp_alloc.get() {
            // SAFETY: the slot makes an instance of the type.
            Some(alloc) => unsafe { crate::object::protocol::attr::from_result(alloc(self.ptr(), items)) },
            None => Err(raise!(TypeError, "cannot create '{}' instances", self.name())),
        }
    }
}

impl Type {
    /// A class as the `class` statement makes it, with the metaclass that the bases ask for.
    pub fn create(name: &str, bases: Borrowed<'_, Tuple>, dict: Borrowed<'_, Dict>) -> PyResult<Ref<Type>> {
        new::create(name, bases, dict)
    }
}

/// Whether attributes of classes with this metaclass are read by `type.__getattribute__`.
pub fn uses_type_getattr(metaclass: &Ref<Type>) -> bool {
    metaclass.tp_getattro.get().is_some_and(|f| f as usize == attr::type_getattro as *const () as usize)
}
