//! `object`: its declaration and its methods.
//!
//! CPython: `PyBaseObject_Type` in `Objects/typeobject.c`.

use super::{attr, class, hash_pointer, reduce};
use crate::abi::*;
use crate::memory::object as heap;
use crate::object::protocol::attr::from_result;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::thread;
use crate::types::type_::raw::{TypePtr, display_name, has_flag};

#[pytype(name = "object", export = "PyBaseObject_Type", basetype)]
impl Object {
    #[slot(tp_repr)]
    fn repr_slot(this: &Ref<Object>) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&format!("<{} object at {:p}>", repr_name(&this.type_of())?, this.as_ptr()))
    }

    #[slot(tp_str)]
    fn str_slot(this: &Ref<Object>) -> PyResult<Ref<Object>> {
        match this.type_of().tp_repr.get() {
            // SAFETY: the slot takes a live object.
            Some(repr) => unsafe { from_result(repr(this.as_ptr())) },
            None => Object::repr_slot(this).map(Ref::into_object),
        }
    }

    #[slot(tp_hash)]
    fn hash_slot(this: &Ref<Object>) -> isize {
        hash_pointer(this.as_ptr())
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<Object>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        match op {
            CompareOp::Eq if this.is(&other) => Ok(Bool::from(true).into_object()),
            CompareOp::Ne => {
                // The opposite of `==`, unless that does not answer.
                let Some(compare) = this.type_of().tp_richcompare.get() else { return Ok(not_implemented()) };
                // SAFETY: the slot takes live objects.
                let equal: Ref<Object> = unsafe { from_result(compare(this.as_ptr(), other.as_ptr(), Py_EQ))? };
                if equal.is_not_implemented() {
                    return Ok(equal);
                }
                Ok(Bool::from(!equal.is_true()?).into_object())
            }
            _ => Ok(not_implemented()),
        }
    }

    #[slot(tp_getattro, raw)]
    const GETATTRO: getattrofunc = attr::PyObject_GenericGetAttr;

    #[slot(tp_setattro, raw)]
    const SETATTRO: setattrofunc = attr::PyObject_GenericSetAttr;

    #[slot(tp_init, raw)]
    const INIT: initproc = object_init;

    #[slot(tp_new, raw)]
    const NEW: newfunc = object_new;

    #[slot(tp_alloc, raw)]
    const ALLOC: allocfunc = heap::generic_alloc;

    #[slot(tp_free, raw)]
    const FREE: freefunc = heap::free_slot;

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Object) {
        let object: *mut PyObject = this.cast();
        // SAFETY: the object is without references; whoever derives from `object` counts its type itself.
        unsafe {
            match (*(*object).ob_type.get()).tp_free.get() {
                Some(free) => free(object.cast()),
                None => heap::free(object),
            }
        }
    }

    #[method(name = "__reduce_ex__", signature = "($self, protocol, /)")]
    fn reduce_ex(this: &Ref<Object>, protocol: i32) -> PyResult<Ref<Object>> {
        reduce::reduce_ex(this, protocol)
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<Object>) -> PyResult<Ref<Object>> {
        reduce::common_reduce(this, 0)
    }

    #[method(name = "__getstate__", signature = "($self, /)")]
    fn getstate(this: &Ref<Object>) -> PyResult<Ref<Object>> {
        reduce::default_state(this, false)
    }

    #[classmethod(name = "__subclasshook__", signature = "($type, object, /)")]
    fn subclasshook(_cls: Borrowed<'_, Type>, _object: Borrowed<'_, Object>) -> Ref<Object> {
        not_implemented()
    }

    #[classmethod(name = "__init_subclass__", signature = "($type, /)")]
    fn init_subclass(_cls: Borrowed<'_, Type>) {}

    #[method(name = "__format__", signature = "($self, format_spec, /)")]
    fn format_method(this: &Ref<Object>, format_spec: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        if !format_spec.is_empty() {
            return Err(raise!(TypeError, "unsupported format string passed to {}.__format__", this.type_name()));
        }
        this.str()
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn sizeof(this: &Ref<Object>) -> isize {
        let ty = this.type_of();
        let mut size = ty.tp_basicsize.get();
        let itemsize = ty.tp_itemsize.get();
        if itemsize > 0 {
            // SAFETY: a type with items has a size field.
            size += unsafe { (*this.as_ptr().cast::<PyVarObject>()).ob_size.get().abs() } * itemsize;
        }
        size
    }

    /// All names of the instance, its class and the bases, not sorted.
    #[method(name = "__dir__", signature = "($self, /)")]
    fn dir(this: &Ref<Object>) -> PyResult<Ref<List>> {
        let names = match this.lookup_attr(id!("__dict__"))? {
            Some(own) => match own.downcast::<Dict>() {
                Some(own) => own.copy()?,
                None => Dict::new()?,
            },
            None => Dict::new()?,
        };
        if let Some(class) = this.lookup_attr(id!("__class__"))? {
            merge_class_dict(&names, class.borrow())?;
        }
        List::from_vec(names.keys_snapshot()?)
    }

    #[getter(name = "__class__")]
    fn get_class(this: &Ref<Object>) -> Ref<Type> {
        this.type_of().to_owned()
    }

    #[setter(name = "__class__")]
    fn set_class(this: &Ref<Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        class::set(this, value)
    }
}

/// The name of a class in the `repr` of its instances.
fn repr_name(class: &Ref<Type>) -> PyResult<String> {
    match class.module() {
        Ok(module) => match module.downcast::<Str>() {
            Some(module) if !module.eq_str("builtins") => {
                Ok(format!("{}.{}", module.to_display(), class.qualname()?.to_display()))
            }
            _ => Ok(class.name()),
        },
        Err(raised) => {
            raised.clear();
            Ok(class.name())
        }
    }
}

/// Adds the names that a class and its bases define to a dictionary. Anything with `__dict__` and `__bases__` will do.
pub fn merge_class_dict(names: &Ref<Dict>, class: Borrowed<'_, Object>) -> PyResult<()> {
    let _guard = thread::enter_recursive(" in __dir__")?;
    if let Some(own) = class.lookup_attr(id!("__dict__"))? {
        names.update(own.borrow())?;
    }
    let Some(bases) = class.lookup_attr(id!("__bases__"))? else { return Ok(()) };
    for base in bases.collect_items()? {
        merge_class_dict(names, base.borrow())?;
    }
    Ok(())
}

unsafe fn has_arguments(args: *mut PyObject, kwargs: *mut PyObject) -> bool {
    // SAFETY: a tuple, and a dict or null.
    unsafe {
        !Borrowed::<Tuple>::from_ptr(args).is_empty()
            || Borrowed::<Dict>::from_ptr_or_null(kwargs).is_some_and(|kwargs| !kwargs.is_empty())
    }
}

fn is_new(ty: TypePtr) -> bool {
    // SAFETY: slots are called with live types.
    unsafe { (*ty).tp_new.get() }.is_some_and(|new| new as usize == object_new as *const () as usize)
}

fn is_init(ty: TypePtr) -> bool {
    // SAFETY: slots are called with live types.
    unsafe { (*ty).tp_init.get() }.is_some_and(|init| init as usize == object_init as *const () as usize)
}

/// `tp_new` of `object`. Arguments are refused unless `__init__` takes them: exactly one of the two methods has to be
/// overridden for that.
///
/// # Safety
/// A slot function: a live type, a tuple, a dict or null.
pub unsafe extern "C" fn object_new(ty: TypePtr, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        if has_arguments(args, kwargs) {
            if !is_new(ty) {
                return raise!(TypeError, "object.__new__() takes exactly one argument (the type to instantiate)")
                    .into_null();
            }
            if is_init(ty) {
                return raise!(TypeError, "{}() takes no arguments", display_name(ty)).into_null();
            }
        }
        if has_flag(ty, Py_TPFLAGS_IS_ABSTRACT) {
            let class: Borrowed<'_, Type> = Borrowed::from_ptr(ty);
            return into_c(Err(abstract_class(&class)));
        }
        match (*ty).tp_alloc.get() {
            Some(alloc) => alloc(ty, 0),
            None => heap::generic_alloc(ty, 0),
        }
    }
}

#[cold]
fn abstract_class(class: &Ref<Type>) -> Raised {
    let message = || -> PyResult<String> {
        let methods = class.as_object().getattr(id!("__abstractmethods__"))?;
        let mut names: Vec<String> = Vec::new();
        for name in methods.collect_items()? {
            let Some(text) = name.downcast::<Str>() else {
                return Err(raise!(
                    TypeError,
                    "sequence item {}: expected str instance, {} found",
                    names.len(),
                    name.type_name()
                ));
            };
            names.try_push(text.to_display())?;
        }
        names.sort_unstable();
        Ok(format!(
            "Can't instantiate abstract class {} without an implementation for abstract method{} '{}'",
            class.name(),
            if names.len() > 1 { "s" } else { "" },
            names.join("', '")
        ))
    };
    match message() {
        Ok(message) => raise!(TypeError, "{message}"),
        Err(raised) => raised,
    }
}

/// `tp_init` of `object`; see [`object_new`].
///
/// # Safety
/// A slot function: a live object, a tuple, a dict or null.
pub unsafe extern "C" fn object_init(this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: by contract.
    unsafe {
        if !has_arguments(args, kwargs) {
            return 0;
        }
        let ty = (*this).ob_type.get();
        let _set = if !is_init(ty) {
            raise!(TypeError, "object.__init__() takes exactly one argument (the instance to initialize)")
        } else if is_new(ty) {
            raise!(TypeError, "{}.__init__() takes exactly one argument (the instance to initialize)", display_name(ty))
        } else {
            return 0;
        };
        -1
    }
}
