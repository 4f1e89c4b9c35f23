//! Attribute access through `tp_getattro` and `tp_setattro`.

use core::ptr;

use crate::memory::checked;
use crate::prelude::*;
use crate::thread::Slot;
use crate::types::exceptions::AttributeError;
use crate::types::object as base;

/// Tells an AttributeError that names no attribute what was looked for, so that a suggestion can be made
/// (`_PyObject_SetAttributeErrorContext`).
#[cold]
pub(crate) fn name_attribute(raised: Raised, object: &Ref<Object>, name: Borrowed<'_, Object>) -> Raised {
    if let Some(error) = raised.peek().and_then(|error| error.downcast_borrowed::<AttributeError>()) {
        let (own_name, own_object) = (Slot::of(&error.0.name), Slot::of(&error.0.obj));
        if own_name.get().is_none() && own_object.get().is_none() {
            own_name.set(Some(name.to_owned()));
            own_object.set(Some(object.clone()));
        }
    }
    raised
}

impl Ref<Object> {
    /// `self.name` (`PyObject_GetAttr`).
    pub fn getattr(&self, name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
        self.getattr_object(name.upcast())
    }

    /// As [`Ref::getattr`] with a name that need not be a `str`.
    pub fn getattr_object(&self, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        if !name.is_instance_of::<Str>() {
            return Err(raise!(TypeError, "attribute name must be string, not '{}'", name.type_name()));
        }
        let _guard = crate::thread::enter_recursive(" while getting an attribute")?;
        // SAFETY: slots take live objects and return an owned result or NULL with an exception set.
        unsafe {
            let ty = self.type_ptr();
            if let Some(getattro) = (*ty).tp_getattro.get() {
                let found: PyResult<Ref<Object>> = from_result(getattro(self.as_ptr(), name.as_ptr()));
                return found.map_err(|raised| name_attribute(raised, self, name));
            }
            if let Some(getattr) = (*ty).tp_getattr.get() {
                let text = Str::to_c_string(name.cast_unchecked::<Str>())?;
                return from_result(getattr(self.as_ptr(), text.as_ptr().cast_mut()));
            }
        }
        Err(no_attribute(self, name))
    }

    /// `self.name`, `None` when there is no such attribute (`PyObject_GetOptionalAttr`).
    pub fn lookup_attr(&self, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
        let _guard = crate::thread::enter_recursive(" while getting an attribute")?;
        if self.type_of().uses_generic_getattr() {
            return base::generic_lookup_attr(self, name);
        }
        if crate::types::type_::uses_type_getattr(&self.type_of())
            && let Some(class) = self.downcast::<Type>()
        {
            return match class.lookup_attr_class(name) {
                Ok(found) => Ok(found),
                Err(raised) => raised.clear_if::<AttributeError>().map(|()| None),
            };
        }
        // A module says that a name is missing without the message, which takes long to word.
        let found = match self.downcast_exact::<Module>() {
            Some(module) => crate::types::module::lookup(&module, name),
            None => self.getattr(name).map(Some),
        };
        found.or_else(|raised| raised.clear_if::<AttributeError>().map(|()| None))
    }

    pub fn has_attr(&self, name: Borrowed<'_, Str>) -> PyResult<bool> {
        Ok(self.lookup_attr(name)?.is_some())
    }

    /// `self.name = value`, or `del self.name` for `None` (`PyObject_SetAttr`).
    pub fn set_attr_object(&self, name: Borrowed<'_, Object>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(name) = name.downcast_borrowed::<Str>() else {
            return Err(raise!(TypeError, "attribute name must be string, not '{}'", name.type_name()));
        };
        let name = Str::intern(name.to_owned());
        let value_ptr = value.map_or(ptr::null_mut(), |value| value.as_ptr());
        let _guard = crate::thread::enter_recursive(" while setting an attribute")?;
        // SAFETY: slots take live objects; NULL as value means deletion.
        unsafe {
            let ty = self.type_ptr();
            if let Some(setattro) = (*ty).tp_setattro.get() {
                return from_status(setattro(self.as_ptr(), name.as_ptr(), value_ptr));
            }
            if let Some(setattr) = (*ty).tp_setattr.get() {
                let text = Str::to_c_string(&name)?;
                return from_status(setattr(self.as_ptr(), text.as_ptr().cast_mut(), value_ptr));
            }
        }
        let readable = self.type_of().tp_getattro.get().is_some() || self.type_of().tp_getattr.get().is_some();
        Err(raise!(
            TypeError,
            "'{}' object has {} attributes ({} .{})",
            self.type_name(),
            if readable { "only read-only" } else { "no" },
            if value.is_some() { "assign to" } else { "del" },
            name.to_display()
        ))
    }

    pub fn setattr(&self, name: Borrowed<'_, Str>, value: Borrowed<'_, Object>) -> PyResult<()> {
        self.set_attr_object(name.upcast(), Some(value))
    }

    pub fn delattr(&self, name: Borrowed<'_, Str>) -> PyResult<()> {
        self.set_attr_object(name.upcast(), None)
    }

    /// Calls `self.name(*args)` without making a bound method (`PyObject_VectorcallMethod`).
    pub fn call_method(&self, name: Borrowed<'_, Str>, args: &[Borrowed<'_, Object>]) -> PyResult<Ref<Object>> {
        match base::get_method(self, name)? {
            base::Method::Unbound(function) => {
                let mut all: Vec<Borrowed<'_, Object>> = vec_with_capacity(args.len() + 1)?;
                all.push(self.borrow());
                all.extend_from_slice(args);
                function.call(&all)
            }
            base::Method::Bound(function) => function.call(args),
        }
    }

    /// Calls the special method `name` of the type of `self`, if it has one, with at most three arguments: without a bound method.
    pub fn call_special(
        &self,
        name: Borrowed<'_, Str>,
        args: &[Borrowed<'_, Object>],
    ) -> PyResult<Option<Ref<Object>>> {
        let ty = self.type_of();
        let Some(found) = ty.lookup(name) else { return Ok(None) };
        if args.len() <= 3 && found.type_of().tp_flags.get() & crate::abi::Py_TPFLAGS_METHOD_DESCRIPTOR != 0 {
            let mut all = [self.borrow(); 4];
            all[1..=args.len()].copy_from_slice(args);
            return found.call(&all[..=args.len()]).map(Some);
        }
        match self.lookup_special(name)? {
            Some(method) => method.call(args).map(Some),
            None => Ok(None),
        }
    }

    /// Finds a special method on the type, bound to `self` (`_PyObject_LookupSpecial`).
    pub fn lookup_special(&self, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
        let Some(found) = self.type_of().lookup(name) else { return Ok(None) };
        found.bind(Some(self.borrow()), self.type_of().upcast()).map(Some)
    }

    /// The descriptor protocol's read: `type(self).__get__(self, object, owner)`, or `self` where there is none.
    pub fn bind(&self, object: Option<Borrowed<'_, Object>>, owner: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match self.type_of().tp_descr_get.get() {
            None => Ok(self.clone()),
            // SAFETY: the slot takes live objects or NULL.
            Some(get) => unsafe {
                let _guard = crate::thread::enter_recursive(" in __get__")?;
                from_result(get(self.as_ptr(), object.map_or(ptr::null_mut(), |o| o.as_ptr()), owner.as_ptr()))
            },
        }
    }
}

/// AttributeError with `name` and `obj` set, as a failed lookup raises it.
#[cold]
pub fn no_attribute(object: &Ref<Object>, name: Borrowed<'_, Object>) -> Raised {
    let message = format!("'{}' object has no attribute '{}'", object.type_name(), name.to_text());
    crate::types::exceptions::raise_attribute_error(&message, object.borrow(), name)
}

/// What a slot or C function returned: owned, or NULL with an exception set.
///
/// # Safety
/// `ptr` is that.
#[inline(always)]
pub unsafe fn from_result<T>(ptr: *mut abi::PyObject) -> PyResult<Ref<T>> {
    // SAFETY: by contract.
    match unsafe { Ref::from_owned_ptr_or_null(ptr) } {
        Some(result) => {
            checked::check_return(false);
            Ok(result)
        }
        None => Err(missing_exception_checked()),
    }
}

/// As [`from_result`] for slots that return -1 for an error.
///
/// # Safety
/// As said.
#[inline(always)]
pub unsafe fn from_status(status: c_int) -> PyResult<()> {
    if status < 0 {
        return Err(missing_exception_checked());
    }
    checked::check_return(false);
    Ok(())
}

/// The token after an error return; SystemError if the callee forgot to set an exception.
#[cold]
#[inline(never)]
pub fn missing_exception_checked() -> Raised {
    if Raised::is_set() {
        return Raised::assume_set();
    }
    raise!(SystemError, "error return without exception set")
}
