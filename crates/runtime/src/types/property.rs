//! `property`.
//!
//! CPython: `PyProperty_Type` in `Objects/descrobject.c`.

use core::mem::offset_of;

use crate::abi::*;
use crate::memory::object as heap;
use crate::object::protocol::attr::no_attribute;
use crate::prelude::*;
use crate::types::classmethod::is_abstract;
use crate::types::exceptions::AttributeError;
use crate::types::function::Function;
use crate::types::type_::raw::replace;

/// `property` (`_PyPropertyObject`).
#[repr(transparent)]
pub struct Property(pub(crate) _PyPropertyObject);

/// A field of a property; None counts as empty.
fn field(field: &core::cell::Cell<*mut PyObject>) -> Option<Ref<Object>> {
    // SAFETY: null or owned by the property.
    unsafe { Ref::from_borrowed_ptr_or_null(field.get()) }
}

fn given(value: Option<Borrowed<'_, Object>>) -> Option<Ref<Object>> {
    value.filter(|value| !value.is_none()).map(|value| value.to_owned())
}

/// The getter of a plain property, if it is a function of Python: for the specialiser.
pub fn simple_getter(found: &Ref<Object>) -> Option<Ref<Object>> {
    let property = found.downcast_exact::<Property>()?;
    field(&property.0.prop_get).filter(|getter| getter.is_exact::<Function>())
}

impl Property {
    /// The name it was assigned to in its class, or else that of its getter.
    fn name(this: &Ref<Property>) -> PyResult<Option<Ref<Object>>> {
        if let Some(name) = field(&this.0.prop_name) {
            return Ok(Some(name));
        }
        match field(&this.0.prop_get) {
            Some(getter) => getter.lookup_attr(id!("__name__")),
            None => Ok(None),
        }
    }

    /// AttributeError for a missing function: `what` is getter, setter or deleter.
    #[cold]
    fn missing(this: &Ref<Property>, object: Borrowed<'_, Object>, what: &str) -> Raised {
        let message = || -> PyResult<String> {
            let class = object.type_of().qualname()?.as_object().repr()?.to_display();
            Ok(match Property::name(this)? {
                Some(name) => format!("property {} of {class} object has no {what}", name.repr()?.to_display()),
                None => format!("property of {class} object has no {what}"),
            })
        };
        match message() {
            Ok(message) => raise!(AttributeError, "{message}"),
            Err(raised) => raised,
        }
    }

    /// A copy with some functions replaced.
    fn copy_with(
        this: &Ref<Property>,
        get: Option<Borrowed<'_, Object>>,
        set: Option<Borrowed<'_, Object>>,
        delete: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let pick = |new: Option<Borrowed<'_, Object>>, old: &core::cell::Cell<*mut PyObject>| {
            given(new).or_else(|| field(old)).unwrap_or_else(none)
        };
        let getter = pick(get, &this.0.prop_get);
        let setter = pick(set, &this.0.prop_set);
        let deleter = pick(delete, &this.0.prop_del);
        let doc = if this.0.getter_doc.get() != 0 && !getter.is_none() {
            // It comes from the getter again.
            none()
        } else {
            field(&this.0.prop_doc).unwrap_or_else(none)
        };
        let class = this.type_of().to_owned().into_object();
        let copy = class.call(&[getter.borrow(), setter.borrow(), deleter.borrow(), doc.borrow()])?;
        if let Some(copy) = copy.downcast::<Property>() {
            // SAFETY: the field owns what it holds.
            unsafe { replace(&copy.0.prop_name, field(&this.0.prop_name)) };
        }
        Ok(copy)
    }
}

#[pytype(name = "property", export = "PyProperty_Type", gc, basetype)]
impl Property {
    #[init(signature = "(fget=None, fset=None, fdel=None, doc=None)")]
    fn init(
        this: &Ref<Property>,
        fget: Option<Borrowed<'_, Object>>,
        fset: Option<Borrowed<'_, Object>>,
        fdel: Option<Borrowed<'_, Object>>,
        doc: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let property = &this.0;
        // SAFETY: the fields own what they hold.
        unsafe {
            replace(&property.prop_get, given(fget));
            replace(&property.prop_set, given(fset));
            replace(&property.prop_del, given(fdel));
            replace(&property.prop_doc, None);
            replace(&property.prop_name, None);
        }
        property.getter_doc.set(0);
        let mut text = given(doc);
        if text.is_none()
            && let Some(getter) = field(&property.prop_get)
        {
            text = getter.lookup_attr(id!("__doc__"))?.filter(|doc| !doc.is_none());
            if text.is_some() {
                property.getter_doc.set(1);
            }
        }
        if this.is_exact::<Property>() {
            // SAFETY: as above.
            unsafe { replace(&property.prop_doc, text) };
            return Ok(());
        }
        // The docstring of the subclass would hide the field, so instances have one of their own.
        let text = text.unwrap_or_else(none);
        match this.as_object().setattr(id!("__doc__"), text.borrow()) {
            Ok(()) => Ok(()),
            // A subclass with `__slots__`: a docstring that nobody asked for is dropped.
            Err(raised) if property.getter_doc.get() == 0 => raised.clear_if::<AttributeError>(),
            Err(raised) => Err(raised),
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Property) {
        // SAFETY: called once; every field owns a count or is null.
        unsafe {
            heap::gc_untrack(this.cast());
            let property = &(*this).0;
            heap::clear_field(&property.prop_get);
            heap::clear_field(&property.prop_set);
            heap::clear_field(&property.prop_del);
            heap::clear_field(&property.prop_doc);
            heap::clear_field(&property.prop_name);
            heap::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Property, visit: &mut Visitor) {
        visit.object(this.0.prop_get.get());
        visit.object(this.0.prop_set.get());
        visit.object(this.0.prop_del.get());
        visit.object(this.0.prop_doc.get());
        visit.object(this.0.prop_name.get());
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<Property>) {
        // SAFETY: the field owns what it holds; the functions make the cycles and go through other objects.
        unsafe { heap::clear_field(&this.0.prop_doc) };
    }

    #[slot(tp_descr_get)]
    fn get(
        this: &Ref<Property>,
        object: Option<Borrowed<'_, Object>>,
        _owner: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let Some(object) = object.filter(|object| !object.is_none()) else { return Ok(this.clone().into_object()) };
        match field(&this.0.prop_get) {
            Some(getter) => getter.call1(object),
            None => Err(Property::missing(this, object, "getter")),
        }
    }

    #[slot(tp_descr_set)]
    fn set(this: &Ref<Property>, object: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        match value {
            Some(value) => match field(&this.0.prop_set) {
                Some(setter) => setter.call(&[object, value])?,
                None => return Err(Property::missing(this, object, "setter")),
            },
            None => match field(&this.0.prop_del) {
                Some(deleter) => deleter.call1(object)?,
                None => return Err(Property::missing(this, object, "deleter")),
            },
        };
        Ok(())
    }

    #[method(signature = "($self, object, /)")]
    fn getter(this: &Ref<Property>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        Property::copy_with(this, Some(object), None, None)
    }

    #[method(signature = "($self, object, /)")]
    fn setter(this: &Ref<Property>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        Property::copy_with(this, None, Some(object), None)
    }

    #[method(signature = "($self, object, /)")]
    fn deleter(this: &Ref<Property>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        Property::copy_with(this, None, None, Some(object))
    }

    #[method(name = "__set_name__", signature = "($self, owner, name, /)", raw)]
    fn set_name(this: &Ref<Property>, args: CallArgs<'_>) -> PyResult<()> {
        let [_owner, name] = args.positional() else {
            return Err(raise!(
                TypeError,
                "__set_name__() takes 2 positional arguments but {} were given",
                args.nargs()
            ));
        };
        // SAFETY: the field owns what it holds.
        unsafe { replace(&this.0.prop_name, Some((*name).to_owned())) };
        Ok(())
    }

    #[member(name = "fget", kind = _Py_T_OBJECT, offset = offset_of!(_PyPropertyObject, prop_get), readonly)]
    const _FGET: () = ();
    #[member(name = "fset", kind = _Py_T_OBJECT, offset = offset_of!(_PyPropertyObject, prop_set), readonly)]
    const _FSET: () = ();
    #[member(name = "fdel", kind = _Py_T_OBJECT, offset = offset_of!(_PyPropertyObject, prop_del), readonly)]
    const _FDEL: () = ();
    #[member(name = "__doc__", kind = _Py_T_OBJECT, offset = offset_of!(_PyPropertyObject, prop_doc))]
    const _DOC: () = ();

    #[getter(name = "__name__")]
    fn get_name(this: &Ref<Property>) -> PyResult<Ref<Object>> {
        match Property::name(this)? {
            Some(name) => Ok(name),
            None => Err(no_attribute(this.as_object(), id!("__name__").upcast())),
        }
    }

    #[setter(name = "__name__")]
    fn set_dunder_name(this: &Ref<Property>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        // SAFETY: the field owns what it holds.
        unsafe { replace(&this.0.prop_name, value.map(|value| value.to_owned())) };
        Ok(())
    }

    #[getter(name = "__isabstractmethod__")]
    fn isabstractmethod(this: &Ref<Property>) -> PyResult<bool> {
        for function in [&this.0.prop_get, &this.0.prop_set, &this.0.prop_del] {
            if let Some(function) = field(function)
                && is_abstract(&function)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
