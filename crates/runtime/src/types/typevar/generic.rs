//! `typing.Generic`: the base of generic classes, whose work `typing.py` does.

use super::{call_typing, unpack_variadic};
use crate::abi::PyObject;
use crate::memory::object as memory;
use crate::prelude::*;

/// An instance has nothing but a head.
#[repr(transparent)]
pub struct Generic(pub PyObject);

/// `typing.name(cls, *args, **kwargs)`.
fn forward(name: &str, cls: Borrowed<'_, Type>, args: &CallArgs<'_>) -> PyResult<Ref<Object>> {
    let function = crate::import::import_attr("typing", name)?;
    let mut all = Vec::new();
    if all.try_reserve_exact(args.args.len() + 1).is_err() {
        return Err(Raised::no_memory());
    }
    all.push(cls.upcast());
    all.extend_from_slice(args.args);
    function.call_args(&CallArgs { args: &all, names: args.names })
}

#[pytype(name = "Generic", module = "typing", gc, basetype, heap, mutable)]
impl Generic {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Generic) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            memory::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Generic, visit: &mut Visitor) {
        let _ = (this, visit);
    }

    #[classmethod(raw, name = "__class_getitem__", no_text_signature)]
    fn class_getitem(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        forward("_generic_class_getitem", cls, &args)
    }

    #[classmethod(raw, name = "__init_subclass__", no_text_signature)]
    fn init_subclass(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        forward("_generic_init_subclass", cls, &args)
    }
}

/// Lets `Generic` take `__new__` from `object`, which a static type does not do by itself: it is to have none of its own.
pub(crate) fn inherit_new() {
    let class = Generic::type_object();
    class.tp_new.set(Object::type_object().tp_new.get());
    class.tp_flags.set(class.tp_flags.get() & !crate::abi::Py_TPFLAGS_DISALLOW_INSTANTIATION);
}

/// `Generic[parameters]`, the hidden base of a class with type parameters (`_Py_subscript_generic`).
pub fn subscript_generic(parameters: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let parameters = match parameters.downcast::<Tuple>() {
        Some(parameters) => unpack_variadic(parameters)?,
        None => Tuple::pack([parameters.to_owned()])?,
    };
    call_typing("_GenericAlias", &[Generic::type_object().upcast(), parameters.as_borrowed()])
}
