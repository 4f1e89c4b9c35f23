//! `method_descriptor` and `classmethod_descriptor`.
//!
//! CPython: `PyMethodDescr_Type`, `PyClassMethodDescr_Type` in `Objects/descrobject.c`.

use core::mem::offset_of;

use super::convention::{Convention, Target, bad_flags, vectorcalls};
use super::{Common, dealloc, doc, function_text, init, reduce_as_getattr};
use crate::abi::*;
use crate::memory::object as heap;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::types::builtin_function::CFunction;
use crate::types::type_::raw::is_subtype_raw;

/// `method_descriptor`: a native method as it stands in a class (`PyMethodDescrObject`).
#[repr(transparent)]
pub struct MethodDescr(pub(crate) PyMethodDescrObject);

/// `classmethod_descriptor` (`PyMethodDescrObject`).
#[repr(transparent)]
pub struct ClassMethodDescr(pub(crate) PyMethodDescrObject);

impl Common for MethodDescr {
    fn head(&self) -> &PyDescrObject {
        &self.0.d_common
    }
}

impl Common for ClassMethodDescr {
    fn head(&self) -> &PyDescrObject {
        &self.0.d_common
    }
}

/// What a call of a method descriptor needs; `None` with an exception set where the first argument does not fit.
#[inline(always)]
unsafe fn prepare(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargs: usize,
) -> Option<(Target, *const *mut PyObject, usize)> {
    // SAFETY: a vectorcall of a method descriptor.
    unsafe {
        let descr = callable.cast::<PyMethodDescrObject>();
        let class = (*descr).d_common.d_type.get();
        if nargs == 0 {
            return no_self(callable);
        }
        let this = *args;
        if !is_subtype_raw((*this).ob_type.get(), class) {
            return wrong_self(callable, this);
        }
        let def = (*descr).d_method.get();
        let function = (*def).ml_meth?;
        Some((Target { function, this, class }, args.add(1), nargs - 1))
    }
}

#[cold]
#[inline(never)]
unsafe fn no_self<T>(callable: *mut PyObject) -> Option<T> {
    // SAFETY: a live callable.
    let text = function_text(unsafe { Borrowed::from_ptr(callable) });
    let _set = raise!(TypeError, "unbound method {text} needs an argument");
    None
}

#[cold]
#[inline(never)]
unsafe fn wrong_self<T>(callable: *mut PyObject, this: *mut PyObject) -> Option<T> {
    // SAFETY: live objects.
    unsafe {
        let descr: Borrowed<'_, MethodDescr> = Borrowed::from_ptr(callable);
        let _set = descr.check(&Borrowed::<Object>::from_ptr(this));
    }
    None
}

vectorcalls!(choose, prepare);

impl MethodDescr {
    /// # Safety
    /// `def` lives as long as the class.
    pub unsafe fn new(class: Borrowed<'_, Type>, def: *mut PyMethodDef) -> PyResult<Ref<MethodDescr>> {
        // SAFETY: by contract; the new object is complete when it is shown.
        unsafe {
            let Some(convention) = Convention::of((*def).ml_flags) else { return Err(bad_flags(def)) };
            let descr = heap::new::<MethodDescr>()?;
            (*descr).0.d_method.set(def);
            (*descr).0.vectorcall.set(Some(choose(convention)));
            let descr: Ref<MethodDescr> = Ref::from_owned_ptr(descr);
            init(descr.as_raw().cast(), class, (*def).ml_name)?;
            Ok(descr)
        }
    }
}

#[pytype(
    name = "method_descriptor",
    export = "PyMethodDescr_Type",
    gc,
    method_descriptor,
    vectorcalloffset = offset_of!(PyMethodDescrObject, vectorcall)
)]
impl MethodDescr {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut MethodDescr) {
        // SAFETY: called once.
        unsafe { dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &MethodDescr, visit: &mut Visitor) {
        this.visit(visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<MethodDescr>) -> PyResult<Ref<Str>> {
        this.repr_as("method")
    }

    #[slot(tp_descr_get, raw)]
    const GET: descrgetfunc = method_get;

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<MethodDescr>) -> PyResult<Ref<Object>> {
        // SAFETY: a descriptor holds its class and its name.
        unsafe { reduce_as_getattr(Borrowed::from_ptr(this.class()), Borrowed::from_ptr(this.head().d_name.get())) }
    }

    #[member(name = "__objclass__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_type), readonly)]
    const _OBJCLASS: () = ();
    #[member(name = "__name__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_name), readonly)]
    const _NAME: () = ();

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<MethodDescr>) -> PyResult<Ref<Object>> {
        // SAFETY: the row lives as long as the class.
        let def = unsafe { &*this.0.d_method.get() };
        doc::doc_text(def.ml_name, def.ml_doc, || this.dotted())
    }

    #[getter(name = "__qualname__")]
    fn qualname(this: &Ref<MethodDescr>) -> PyResult<Ref<Object>> {
        Common::qualname(&**this)
    }

    #[getter(name = "__text_signature__")]
    fn text_signature(this: &Ref<MethodDescr>) -> PyResult<Ref<Object>> {
        // SAFETY: as above.
        let def = unsafe { &*this.0.d_method.get() };
        doc::method_signature(def, || doc::find(&this.dotted()).is_some_and(|text| !text.is_empty()))
    }
}

/// `method_descriptor.__get__`.
unsafe extern "C" fn method_get(this: *mut PyObject, object: *mut PyObject, owner: *mut PyObject) -> *mut PyObject {
    // SAFETY: a slot function.
    unsafe {
        let descr: Borrowed<'_, MethodDescr> = Borrowed::from_ptr(this);
        let Some(object) = Borrowed::<Object>::from_ptr_or_null(object) else {
            return descr.to_owned().into_ptr();
        };
        into_c((|| {
            descr.check(&object)?;
            let def = descr.0.d_method.get();
            let mut class = core::ptr::null_mut();
            if (*def).ml_flags & METH_METHOD != 0 {
                if owner.is_null() || !Borrowed::<Object>::from_ptr(owner).is_instance_of::<Type>() {
                    return Err(raise!(
                        TypeError,
                        "descriptor '{}' needs a type, not '{}', as arg 2",
                        descr.name_text(),
                        Borrowed::<Object>::from_ptr_or_null(owner)
                            .map_or_else(|| "NoneType".to_owned(), |owner| owner.type_name())
                    ));
                }
                class = descr.class();
            }
            CFunction::new_raw(def, object.as_ptr(), core::ptr::null_mut(), class)
        })())
    }
}

impl ClassMethodDescr {
    /// # Safety
    /// `def` lives as long as the class.
    pub unsafe fn new(class: Borrowed<'_, Type>, def: *mut PyMethodDef) -> PyResult<Ref<ClassMethodDescr>> {
        // SAFETY: by contract.
        unsafe {
            if Convention::of((*def).ml_flags).is_none() {
                return Err(bad_flags(def));
            }
            let descr: Ref<ClassMethodDescr> = Ref::from_owned_ptr(heap::new::<ClassMethodDescr>()?);
            descr.0.d_method.set(def);
            init(descr.as_raw().cast(), class, (*def).ml_name)?;
            Ok(descr)
        }
    }

    /// The method bound to `owner`.
    fn bind_to(this: &Ref<ClassMethodDescr>, owner: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let Some(class) = owner.downcast::<Type>() else {
            return Err(raise!(
                TypeError,
                "descriptor '{}' for type '{}' needs a type, not a '{}' as arg 2",
                this.name_text(),
                this.class_name(),
                owner.type_name()
            ));
        };
        // SAFETY: live types; the row lives as long as the class.
        unsafe {
            if !is_subtype_raw(class.as_raw().cast(), this.class()) {
                return Err(raise!(
                    TypeError,
                    "descriptor '{}' requires a subtype of '{}' but received '{}'",
                    this.name_text(),
                    this.class_name(),
                    class.name()
                ));
            }
            let def = this.0.d_method.get();
            let defining = if (*def).ml_flags & METH_METHOD != 0 { this.class() } else { core::ptr::null_mut() };
            CFunction::new_raw(def, owner.as_ptr(), core::ptr::null_mut(), defining)
        }
    }
}

#[pytype(name = "classmethod_descriptor", export = "PyClassMethodDescr_Type", gc)]
impl ClassMethodDescr {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ClassMethodDescr) {
        // SAFETY: called once.
        unsafe { dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ClassMethodDescr, visit: &mut Visitor) {
        this.visit(visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<ClassMethodDescr>) -> PyResult<Ref<Str>> {
        this.repr_as("method")
    }

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<ClassMethodDescr>,
        object: Option<Borrowed<'_, Object>>,
        owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        match (owner, object) {
            (Some(owner), _) => ClassMethodDescr::bind_to(this, owner),
            (None, Some(object)) => ClassMethodDescr::bind_to(this, object.type_of().upcast()),
            (None, None) => Err(raise!(
                TypeError,
                "descriptor '{}' for type '{}' needs either an object or a type",
                this.name_text(),
                this.class_name()
            )),
        }
    }

    #[slot(tp_call)]
    fn call(this: &Ref<ClassMethodDescr>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        let Some(owner) = args.positional().first() else {
            return Err(raise!(
                TypeError,
                "descriptor '{}' of '{}' object needs an argument",
                this.name_text(),
                this.class_name()
            ));
        };
        let bound = ClassMethodDescr::bind_to(this, *owner)?;
        // SAFETY: the vector without its first item.
        unsafe {
            crate::object::protocol::attr::from_result(crate::object::protocol::call::vectorcall(
                bound.as_ptr(),
                args.as_ptr().add(1),
                args.nargs() - 1,
                args.names_ptr(),
            ))
        }
    }

    #[member(name = "__objclass__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_type), readonly)]
    const _OBJCLASS: () = ();
    #[member(name = "__name__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_name), readonly)]
    const _NAME: () = ();

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<ClassMethodDescr>) -> PyResult<Ref<Object>> {
        // SAFETY: the row lives as long as the class.
        let def = unsafe { &*this.0.d_method.get() };
        doc::doc_text(def.ml_name, def.ml_doc, || this.dotted())
    }

    #[getter(name = "__qualname__")]
    fn qualname(this: &Ref<ClassMethodDescr>) -> PyResult<Ref<Object>> {
        Common::qualname(&**this)
    }

    #[getter(name = "__text_signature__")]
    fn text_signature(this: &Ref<ClassMethodDescr>) -> PyResult<Ref<Object>> {
        // SAFETY: as above.
        let def = unsafe { &*this.0.d_method.get() };
        doc::method_signature(def, || doc::find(&this.dotted()).is_some_and(|text| !text.is_empty()))
    }
}
