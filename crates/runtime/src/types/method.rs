//! `method`, a function bound to its first argument, and `instancemethod`, a function that binds like one (for C alone).
//!
//! CPython: `Objects/classobject.c`.

use core::mem::offset_of;

use super::descr::reduce_as_getattr;
use super::object::hash_pointer;
use super::type_::call::vectorcall_prepended;

pub use crate::object::args::rt::vectorcall_call;

use crate::abi::*;
use crate::memory::object as heap;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::types::type_::cache::lookup_raw;

/// `method` (`PyMethodObject`).
#[repr(transparent)]
pub struct BoundMethod(pub(crate) PyMethodObject);

impl BoundMethod {
    /// `function` bound to `this`, which is not None.
    #[inline]
    pub fn new(function: Ref<Object>, this: Ref<Object>) -> PyResult<Ref<BoundMethod>> {
        let method = heap::new::<BoundMethod>()?;
        // SAFETY: a new object, shown to the collector when it is complete.
        unsafe {
            (*method).0.im_func.set(function.into_ptr());
            (*method).0.im_self.set(this.into_ptr());
            (*method).0.vectorcall.set(Some(method_vectorcall));
            heap::gc_track(method.cast());
            Ok(Ref::from_owned_ptr(method))
        }
    }

    pub fn function(&self) -> Borrowed<'_, Object> {
        // SAFETY: the method owns its function.
        unsafe { Borrowed::from_ptr(self.0.im_func.get()) }
    }

    pub fn this(&self) -> Borrowed<'_, Object> {
        // SAFETY: the method owns its object.
        unsafe { Borrowed::from_ptr(self.0.im_self.get()) }
    }
}

/// Calls the function with the object in front of the arguments.
///
/// # Safety
/// A vectorcall of a method.
pub unsafe extern "C" fn method_vectorcall(
    callable: *mut PyObject,
    args: *const *mut PyObject,
    nargsf: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: by contract.
    unsafe {
        let method = callable.cast::<PyMethodObject>();
        vectorcall_prepended((*method).im_func.get(), (*method).im_self.get(), args, nargsf, kwnames)
    }
}

#[pytype(
    name = "method",
    export = "PyMethod_Type",
    gc,
    weaklistoffset = offset_of!(PyMethodObject, im_weakreflist),
    vectorcalloffset = offset_of!(PyMethodObject, vectorcall)
)]
impl BoundMethod {
    #[new(signature = "(function, instance, /)", raw, no_vectorcall)]
    fn new_method(_cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        if args.keyword_count() != 0 {
            return Err(raise!(TypeError, "method() takes no keyword arguments"));
        }
        args.check_count("method", 2, 2)?;
        let (Some(function), Some(instance)) = (args.get(0), args.get(1)) else {
            return Err(raise!(TypeError, "method expected 2 arguments"));
        };
        if !function.is_callable() {
            return Err(raise!(TypeError, "first argument must be callable"));
        }
        if instance.is_none() {
            return Err(raise!(TypeError, "instance must not be None"));
        }
        Ok(BoundMethod::new(function.to_owned(), instance.to_owned())?.into_object())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut BoundMethod) {
        // SAFETY: called once; every field owns a count.
        unsafe {
            heap::gc_untrack(this.cast());
            let method = &(*this).0;
            if !method.im_weakreflist.get().is_null() {
                crate::types::weakref::clear_references(this.cast());
            }
            heap::clear_field(&method.im_func);
            heap::clear_field(&method.im_self);
            heap::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &BoundMethod, visit: &mut Visitor) {
        visit.object(this.0.im_func.get());
        visit.object(this.0.im_self.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<BoundMethod>) -> PyResult<Ref<Str>> {
        let name = match this.function().lookup_attr(id!("__qualname__"))? {
            Some(name) => Some(name),
            None => this.function().lookup_attr(id!("__name__"))?,
        };
        let name = match name.as_ref().and_then(|name| name.downcast::<Str>()) {
            Some(name) => name.to_display(),
            None => "?".to_owned(),
        };
        Str::from_utf8_str(&format!("<bound method {name} of {}>", this.this().repr()?.to_display()))
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<BoundMethod>) -> PyResult<isize> {
        let hash = hash_pointer(this.0.im_self.get()) ^ this.function().hash()?;
        Ok(if hash == -1 { -2 } else { hash })
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<BoundMethod>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast_exact::<BoundMethod>() else { return Ok(not_implemented()) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let equal = this.function().equals(other.function())? && this.this().is_identical(other.this());
        Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object())
    }

    #[slot(tp_getattro, raw)]
    const GETATTRO: getattrofunc = method_getattro;

    #[slot(tp_descr_get)]
    fn descr_get(
        this: &Ref<BoundMethod>,
        _object: Option<Borrowed<'_, Object>>,
        _owner: Option<Borrowed<'_, Object>>,
    ) -> Ref<Object> {
        // Bound already.
        this.clone().into_object()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<BoundMethod>) -> PyResult<Ref<Object>> {
        let name = this.function().getattr(id!("__name__"))?;
        reduce_as_getattr(this.this(), name.borrow())
    }

    #[member(name = "__func__", kind = _Py_T_OBJECT, offset = offset_of!(PyMethodObject, im_func), readonly)]
    const _FUNC: () = ();
    #[member(name = "__self__", kind = _Py_T_OBJECT, offset = offset_of!(PyMethodObject, im_self), readonly)]
    const _SELF: () = ();

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<BoundMethod>) -> PyResult<Ref<Object>> {
        this.function().getattr(id!("__doc__"))
    }
}

/// Attributes of the type first, then those of the function.
unsafe extern "C" fn method_getattro(this: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: a slot function.
    unsafe {
        let method: Borrowed<'_, BoundMethod> = Borrowed::from_ptr(this);
        let name: Borrowed<'_, Object> = Borrowed::from_ptr(name);
        into_c((|| {
            if name.is_instance_of::<Str>() {
                let found: Option<Ref<Object>> =
                    Ref::from_borrowed_ptr_or_null(lookup_raw(method.type_ptr(), name.as_ptr()));
                if let Some(found) = found {
                    return found.bind(Some(method.upcast()), method.type_of().upcast());
                }
            }
            method.function().getattr_object(name)
        })())
    }
}

/// `instancemethod` (`PyInstanceMethodObject`).
#[repr(transparent)]
pub struct InstanceMethod(pub(crate) PyInstanceMethodObject);

impl InstanceMethod {
    pub fn new(function: Borrowed<'_, Object>) -> PyResult<Ref<InstanceMethod>> {
        let method = heap::new::<InstanceMethod>()?;
        // SAFETY: as for methods.
        unsafe {
            (*method).0.func.set(function.to_owned().into_ptr());
            heap::gc_track(method.cast());
            Ok(Ref::from_owned_ptr(method))
        }
    }

    pub fn function(&self) -> Borrowed<'_, Object> {
        // SAFETY: owned by the method.
        unsafe { Borrowed::from_ptr(self.0.func.get()) }
    }
}

#[pytype(name = "instancemethod", export = "PyInstanceMethod_Type", gc)]
impl InstanceMethod {
    #[new(signature = "(function, /)", no_vectorcall)]
    fn new_method(_cls: Borrowed<'_, Type>, func: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if !func.is_callable() {
            return Err(raise!(TypeError, "first argument must be callable"));
        }
        Ok(InstanceMethod::new(func)?.into_object())
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut InstanceMethod) {
        // SAFETY: called once.
        unsafe {
            heap::gc_untrack(this.cast());
            heap::clear_field(&(*this).0.func);
            heap::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &InstanceMethod, visit: &mut Visitor) {
        visit.object(this.0.func.get());
    }

    #[slot(tp_call)]
    fn call(this: &Ref<InstanceMethod>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        this.function().call_args(&args)
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<InstanceMethod>) -> PyResult<Ref<Str>> {
        let name = this.function().lookup_attr(id!("__name__"))?;
        let name = match name.as_ref().and_then(|name| name.downcast::<Str>()) {
            Some(name) => name.to_display(),
            None => "?".to_owned(),
        };
        Str::from_utf8_str(&format!("<instancemethod {name} at {:p}>", this.as_ptr()))
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<InstanceMethod>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast_exact::<InstanceMethod>() else { return Ok(not_implemented()) };
        if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
            return Ok(not_implemented());
        }
        let equal = this.function().equals(other.function())?;
        Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object())
    }

    #[slot(tp_getattro, raw)]
    const GETATTRO: getattrofunc = instance_method_getattro;

    #[slot(tp_descr_get)]
    fn descr_get(
        this: &Ref<InstanceMethod>,
        object: Option<Borrowed<'_, Object>>,
        _owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        match object {
            None => Ok(this.function().to_owned()),
            Some(object) => Ok(BoundMethod::new(this.function().to_owned(), object.to_owned())?.into_object()),
        }
    }

    #[member(name = "__func__", kind = _Py_T_OBJECT, offset = offset_of!(PyInstanceMethodObject, func), readonly)]
    const _FUNC: () = ();

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<InstanceMethod>) -> PyResult<Ref<Object>> {
        this.function().getattr(id!("__doc__"))
    }
}

/// As for methods.
unsafe extern "C" fn instance_method_getattro(this: *mut PyObject, name: *mut PyObject) -> *mut PyObject {
    // SAFETY: a slot function.
    unsafe {
        let method: Borrowed<'_, InstanceMethod> = Borrowed::from_ptr(this);
        let name: Borrowed<'_, Object> = Borrowed::from_ptr(name);
        into_c((|| {
            if name.is_instance_of::<Str>() {
                let found: Option<Ref<Object>> =
                    Ref::from_borrowed_ptr_or_null(lookup_raw(method.type_ptr(), name.as_ptr()));
                if let Some(found) = found {
                    return found.bind(Some(method.upcast()), method.type_of().upcast());
                }
            }
            method.function().getattr_object(name)
        })())
    }
}
