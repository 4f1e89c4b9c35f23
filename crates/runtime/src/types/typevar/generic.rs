//! `typing.Generic`: the base of generic classes, whose work `typing.py` does.
//!
//! Programs see a heap type, as in CPython; [`Generic`], whose own type object is only its template, holds the functions.

use std::sync::OnceLock;

use super::{call_typing, unpack_variadic};
use crate::abi::*;
use crate::memory::object as memory;
use crate::prelude::*;
use crate::types::type_::spec;

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
        visit.object(this.0.ob_type.get());
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

struct Class(Ref<Type>);

// SAFETY: the type is touched by the holder of the GIL only.
unsafe impl Send for Class {}
// SAFETY: as above.
unsafe impl Sync for Class {}

static CLASS: OnceLock<Class> = OnceLock::new();

/// `typing.Generic`, made at the first call: a heap type without a `__new__` of its own, which `copyreg` looks at.
pub fn generic_class() -> PyResult<Borrowed<'static, Type>> {
    if CLASS.get().is_none() {
        let class = create()?;
        let _first = CLASS.set(Class(class));
    }
    match CLASS.get() {
        Some(class) => Ok(class.0.borrow()),
        None => Err(raise!(SystemError, "typing.Generic could not be made")),
    }
}

fn create() -> PyResult<Ref<Type>> {
    let template = Generic::type_object();
    let slot = |slot: c_int, function: Option<usize>| PyType_Slot { slot, pfunc: function.unwrap_or(0) as *mut c_void };
    let mut slots = [
        slot(Py_tp_dealloc, template.tp_dealloc.get().map(|f| f as usize)),
        slot(Py_tp_traverse, template.tp_traverse.get().map(|f| f as usize)),
        slot(Py_tp_methods, Some(template.tp_methods.get() as usize)),
        slot(0, None),
    ];
    let spec = PyType_Spec {
        name: c"typing.Generic".as_ptr(),
        basicsize: size_of::<Generic>() as c_int,
        itemsize: 0,
        flags: (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC) as u32,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: the template's functions and tables live forever; the rows end with a zeroed one.
    let class = unsafe { spec::from_spec(None, None, &spec, None)? };
    class.as_object().setattr(id!("__doc__"), template.upcast().getattr(id!("__doc__"))?.as_borrowed())?;
    Ok(class)
}

/// `Generic[parameters]`, the hidden base of a class with type parameters (`_Py_subscript_generic`).
pub fn subscript_generic(parameters: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let parameters = match parameters.downcast::<Tuple>() {
        Some(parameters) => unpack_variadic(parameters)?,
        None => Tuple::pack([parameters.to_owned()])?,
    };
    call_typing("_GenericAlias", &[generic_class()?.upcast(), parameters.as_borrowed()])
}
