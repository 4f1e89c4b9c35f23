//! `getset_descriptor`: attributes computed by a C function.
//!
//! CPython: `PyGetSetDescr_Type` in `Objects/descrobject.c`.

use core::mem::offset_of;

use super::{Common, dealloc, doc, init};
use crate::abi::*;
use crate::memory::object as heap;
use crate::object::protocol::attr::from_status;
use crate::prelude::*;

/// `getset_descriptor` (`PyGetSetDescrObject`).
#[repr(transparent)]
pub struct GetSetDescr(pub(crate) PyGetSetDescrObject);

impl Common for GetSetDescr {
    fn head(&self) -> &PyDescrObject {
        &self.0.d_common
    }
}

impl GetSetDescr {
    /// # Safety
    /// `def` lives as long as the class.
    pub unsafe fn new(class: Borrowed<'_, Type>, def: *mut PyGetSetDef) -> PyResult<Ref<GetSetDescr>> {
        // SAFETY: by contract.
        unsafe {
            let descr: Ref<GetSetDescr> = Ref::from_owned_ptr(heap::new::<GetSetDescr>()?);
            descr.0.d_getset.set(def);
            init(descr.as_raw().cast(), class, (*def).name)?;
            Ok(descr)
        }
    }

    /// The row of the table, and the descriptor's class.
    fn def(&self) -> &PyGetSetDef {
        // SAFETY: the row lives as long as the class, which the descriptor holds.
        unsafe { &*self.0.d_getset.get() }
    }
}

#[pytype(name = "getset_descriptor", export = "PyGetSetDescr_Type", gc)]
impl GetSetDescr {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut GetSetDescr) {
        // SAFETY: called once.
        unsafe { dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &GetSetDescr, visit: &mut Visitor) {
        this.visit(visit);
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<GetSetDescr>) -> PyResult<Ref<Str>> {
        this.repr_as("attribute")
    }

    #[slot(tp_descr_get, raw)]
    const GET: descrgetfunc = getset_get;

    #[slot(tp_descr_set)]
    fn set(this: &Ref<GetSetDescr>, object: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.check(&object)?;
        match this.def().set {
            // SAFETY: the setter takes an instance of the class and a value or null.
            Some(set) => unsafe {
                let value = value.map_or(core::ptr::null_mut(), |value| value.as_ptr());
                from_status(set(object.as_ptr(), value, this.def().closure))
            },
            None => Err(raise!(
                AttributeError,
                "attribute '{}' of '{}' objects is not writable",
                this.name_text(),
                this.class_name()
            )),
        }
    }

    #[member(name = "__objclass__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_type), readonly)]
    const _OBJCLASS: () = ();
    #[member(name = "__name__", kind = _Py_T_OBJECT, offset = offset_of!(PyDescrObject, d_name), readonly)]
    const _NAME: () = ();

    #[getter(name = "__doc__")]
    fn doc(this: &Ref<GetSetDescr>) -> PyResult<Ref<Object>> {
        // The docstring of a computed attribute has no signature: a name that matches nothing keeps it whole.
        doc::doc_text(c"".as_ptr(), this.def().doc, || this.dotted())
    }

    #[getter(name = "__qualname__")]
    fn qualname(this: &Ref<GetSetDescr>) -> PyResult<Ref<Object>> {
        Common::qualname(&**this)
    }
}

/// `getset_descriptor.__get__`.
unsafe extern "C" fn getset_get(this: *mut PyObject, object: *mut PyObject, _owner: *mut PyObject) -> *mut PyObject {
    // SAFETY: a slot function.
    unsafe {
        let descr: Borrowed<'_, GetSetDescr> = Borrowed::from_ptr(this);
        let Some(object) = Borrowed::<Object>::from_ptr_or_null(object) else {
            return descr.to_owned().into_ptr();
        };
        if !descr.applies_to(&object) {
            return match descr.check(&object) {
                Err(raised) => raised.into_null(),
                Ok(()) => core::ptr::null_mut(),
            };
        }
        match descr.def().get {
            Some(get) => get(object.as_ptr(), descr.def().closure),
            None => raise!(
                AttributeError,
                "attribute '{}' of '{}' objects is not readable",
                descr.name_text(),
                descr.class_name()
            )
            .into_null(),
        }
    }
}
