//! `wrapper_descriptor`, which lets Python call a slot of a native type, and `method-wrapper`, the same bound to an object.
//!
//! CPython: `PyWrapperDescr_Type`, `_PyMethodWrapper_Type` in `Objects/descrobject.c`.

use core::cell::Cell;
use core::mem::{offset_of, transmute};
use core::ptr;

use super::{Common, dealloc, doc, init, reduce_as_getattr, release};
use crate::abi::*;
use crate::memory::object as heap;
use crate::object::protocol::attr::from_result;
use crate::object::protocol::number::into_c;
use crate::prelude::*;
use crate::types::object::hash_pointer;

/// `wrapper_descriptor` (`PyWrapperDescrObject`).
#[repr(transparent)]
pub struct WrapperDescr(pub(crate) PyWrapperDescrObject);

impl Common for WrapperDescr {
    fn head(&self) -> &PyDescrObject {
        &self.0.d_common
    }
}

impl WrapperDescr {
    /// # Safety
    /// `row` lives as long as the class, and `wrapped` is a function that its wrapper can call.
    pub unsafe fn new(
        class: Borrowed<'_, Type>,
        row: *mut wrapperbase,
        wrapped: *mut c_void,
    ) -> PyResult<Ref<WrapperDescr>> {
        // SAFETY: by contract.
        unsafe {
            let descr: Ref<WrapperDescr> = Ref::from_owned_ptr(heap::new::<WrapperDescr>()?);
            descr.0.d_base.set(row);
            descr.0.d_wrapped.set(wrapped);
            init(descr.as_raw().cast(), class, (*row).name.get())?;
            Ok(descr)
        }
    }

    /// The row of the slot table.
    pub fn row(&self) -> &wrapperbase {
        // SAFETY: the row lives as long as the class, which the descriptor holds.
        unsafe { &*self.0.d_base.get() }
    }

    /// Calls the slot with `this` and a tuple of arguments.
    unsafe fn call_on(&self, this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> PyResult<Ref<Object>> {
        // SAFETY: live objects; the wrapper fits the slot function.
        unsafe {
            let row = self.row();
            let Some(wrapper) = row.wrapper.get() else {
                return Err(raise!(SystemError, "slot wrapper without a function"));
            };
            let wrapped = self.0.d_wrapped.get();
            if row.flags.get() & PyWrapperFlag_KEYWORDS != 0 {
                let wrapper = transmute::<wrapperfunc, wrapperfunc_kwds>(wrapper);
                return from_result(wrapper(this, args, wrapped, kwargs));
            }
            if Borrowed::<Dict>::from_ptr_or_null(kwargs).is_some_and(|kwargs| !kwargs.is_empty()) {
                return Err(raise!(TypeError, "wrapper {}() takes no keyword arguments", self.name_text()));
            }
            from_result(wrapper(this, args, wrapped))
        }
    }
}

#[pytype(name = "wrapper_descriptor", export = "PyWrapperDescr_Type", gc, method_descriptor)]
impl WrapperDescr {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut WrapperDescr) {
        // SAFETY: called once.
        unsafe { dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &WrapperDescr, visit: &mut Visitor) {
        this.visit(visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<WrapperDescr>) -> PyResult<Ref<Str>> {
        this.repr_as("slot wrapper")
    }

    #[slot(tp_call, raw)]
    const CALL: ternaryfunc = wrapper_call;

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<WrapperDescr>,
        object: Option<Borrowed<'_, Object>>,
        _owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let Some(object) = object else { return Ok(this.clone().into_object()) };
        this.check(&object)?;
        Ok(MethodWrapper::new(this.borrow(), object)?.into_object())
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<WrapperDescr>) -> PyResult<Ref<Object>> {
        // SAFETY: a descriptor holds its class and its name.
        unsafe { reduce_as_getattr(Borrowed::from_ptr(this.class()), Borrowed::from_ptr(this.head().d_name.get())) }
    }

    #[member(name = "__objclass__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_type), readonly)]
    const _OBJCLASS: () = ();
    #[member(name = "__name__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_name), readonly)]
    const _NAME: () = ();

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<WrapperDescr>) -> PyResult<Ref<Object>> {
        doc::doc_text(this.row().name.get(), this.row().doc.get(), || this.dotted())
    }

    #[getter(name = "__qualname__")]
    fn qualname(this: &Ref<WrapperDescr>) -> PyResult<Ref<Object>> {
        Common::qualname(&**this)
    }

    #[getter(name = "__text_signature__")]
    fn text_signature(this: &Ref<WrapperDescr>) -> PyResult<Ref<Object>> {
        doc::text_signature(this.row().name.get(), this.row().doc.get())
    }
}

/// `wrapper_descriptor.__call__`.
unsafe extern "C" fn wrapper_call(this: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> *mut PyObject {
    // SAFETY: a slot function.
    unsafe {
        into_c((|| {
            let descr: Borrowed<'_, WrapperDescr> = Borrowed::from_ptr(this);
            let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
            if args.is_empty() {
                return Err(raise!(
                    TypeError,
                    "descriptor '{}' of '{}' object needs an argument",
                    descr.name_text(),
                    descr.class_name()
                ));
            }
            let object = args.get(0);
            if !descr.applies_to(&object) {
                return Err(raise!(
                    TypeError,
                    "descriptor '{}' requires a '{}' object but received a '{}'",
                    descr.name_text(),
                    descr.class_name(),
                    object.type_name()
                ));
            }
            let rest = Tuple::from_raw_slice(args.items_ptr().add(1), args.len() - 1)?;
            descr.call_on(object.as_ptr(), rest.as_ptr(), kwargs)
        })())
    }
}

/// `method-wrapper`: a slot wrapper with the object to call it on.
#[repr(C)]
pub struct MethodWrapper {
    ob_base: PyObject,
    descr: Cell<*mut WrapperDescr>,
    this: Cell<*mut PyObject>,
}

impl MethodWrapper {
    pub fn new(descr: Borrowed<'_, WrapperDescr>, this: Borrowed<'_, Object>) -> PyResult<Ref<MethodWrapper>> {
        let wrapper = heap::new::<MethodWrapper>()?;
        // SAFETY: a new object, shown to the collector when it is complete.
        unsafe {
            (*wrapper).descr.set(descr.to_owned().into_ptr().cast());
            (*wrapper).this.set(this.to_owned().into_ptr());
            heap::gc_track(wrapper.cast());
            Ok(Ref::from_owned_ptr(wrapper))
        }
    }

    fn descr(&self) -> Borrowed<'_, WrapperDescr> {
        // SAFETY: the wrapper owns its descriptor.
        unsafe { Borrowed::from_ptr(self.descr.get()) }
    }

    fn object(&self) -> Borrowed<'_, Object> {
        // SAFETY: the wrapper owns the object.
        unsafe { Borrowed::from_ptr(self.this.get()) }
    }
}

#[pytype(name = "method-wrapper", export = "_PyMethodWrapper_Type", gc)]
impl MethodWrapper {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut MethodWrapper) {
        // SAFETY: called once; both fields own a count.
        unsafe {
            heap::gc_untrack(this.cast());
            release((*this).descr.replace(ptr::null_mut()).cast());
            release((*this).this.replace(ptr::null_mut()));
            heap::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &MethodWrapper, visit: &mut Visitor) {
        visit.object(this.descr.get());
        visit.object(this.this.get());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<MethodWrapper>) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&format!(
            "<method-wrapper '{}' of {} object at {:p}>",
            this.descr().name_text(),
            this.object().type_name(),
            this.this.get()
        ))
    }

    #[slot(tp_hash)]
    fn hash(this: &Ref<MethodWrapper>) -> isize {
        match hash_pointer(this.this.get()) ^ hash_pointer(this.descr.get()) {
            -1 => -2,
            hash => hash,
        }
    }

    #[slot(tp_richcompare)]
    fn richcompare(this: &Ref<MethodWrapper>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
        let Some(other) = other.downcast_exact::<MethodWrapper>() else { return Ok(not_implemented()) };
        let equal = this.descr.get() == other.descr.get() && this.this.get() == other.this.get();
        Ok(match op {
            CompareOp::Eq => Bool::from(equal).into_object(),
            CompareOp::Ne => Bool::from(!equal).into_object(),
            _ => not_implemented(),
        })
    }

    #[slot(tp_call, raw)]
    const CALL: ternaryfunc = method_wrapper_call;

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<MethodWrapper>) -> PyResult<Ref<Object>> {
        // SAFETY: a descriptor holds its name.
        unsafe { reduce_as_getattr(this.object(), Borrowed::from_ptr(this.descr().head().d_name.get())) }
    }

    #[member(name = "__self__", kind = _Py_T_OBJECT, offset = offset_of!(MethodWrapper, this), readonly)]
    const _SELF: () = ();

    #[getter(name = "__objclass__")]
    fn objclass(this: &Ref<MethodWrapper>) -> Ref<Object> {
        // SAFETY: a descriptor holds its class.
        unsafe { Ref::from_borrowed_ptr(this.descr().class()) }
    }

    #[getter(name = "__name__")]
    fn name(this: &Ref<MethodWrapper>) -> PyResult<Ref<Str>> {
        Str::from_utf8_str(&this.descr().name_text())
    }

    #[getter(name = "__qualname__")]
    fn qualname(this: &Ref<MethodWrapper>) -> PyResult<Ref<Object>> {
        this.descr().qualname()
    }

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<MethodWrapper>) -> PyResult<Ref<Object>> {
        WrapperDescr::doc(&this.descr())
    }

    #[getter(name = "__text_signature__")]
    fn text_signature(this: &Ref<MethodWrapper>) -> PyResult<Ref<Object>> {
        WrapperDescr::text_signature(&this.descr())
    }
}

/// `method-wrapper.__call__`.
unsafe extern "C" fn method_wrapper_call(
    this: *mut PyObject,
    args: *mut PyObject,
    kwargs: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: a slot function.
    unsafe {
        let wrapper: Borrowed<'_, MethodWrapper> = Borrowed::from_ptr(this);
        into_c(wrapper.descr().call_on(wrapper.this.get(), args, kwargs))
    }
}
