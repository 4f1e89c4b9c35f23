//! The attributes of `type`: names, bases, docstring, annotations and so on.
//!
//! CPython: `type_getsets` in `Objects/typeobject.c`.

use super::attr::check_mutable;
use super::raw::{TypePtr, add_flags, clear_flags, is_heap_type, replace};
use super::{Type, bases, cache, ready};
use crate::abi::*;
use crate::prelude::*;
use crate::types::descr::doc;
use crate::types::exceptions;
use crate::types::mappingproxy::MappingProxy;

const ANNOTATIONS: &str = "__annotations__";

fn raw(this: &Ref<Type>) -> TypePtr {
    this.as_raw().cast()
}

fn is_heap(this: &Ref<Type>) -> bool {
    // SAFETY: a handle's type is live.
    unsafe { is_heap_type(raw(this)) }
}

/// The heap part of a class.
fn heap(this: &Ref<Type>) -> &PyHeapTypeObject {
    debug_assert!(is_heap(this));
    // SAFETY: asked for heap types only.
    unsafe { &*this.as_raw().cast() }
}

fn changed(this: &Ref<Type>) {
    // SAFETY: a handle's type is live.
    unsafe { cache::modified(raw(this)) }
}

/// The value to set, for attributes that cannot be deleted.
fn settable<'a>(this: &Ref<Type>, name: &str, value: Option<Borrowed<'a, Object>>) -> PyResult<Borrowed<'a, Object>> {
    check_mutable(this, name)?;
    match value {
        Some(value) => Ok(value),
        None => Err(raise!(TypeError, "cannot delete '{name}' attribute of immutable type '{}'", this.name())),
    }
}

fn expect_str<'a>(this: &Ref<Type>, name: &str, value: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Str>> {
    match value.downcast_borrowed::<Str>() {
        Some(text) => Ok(text),
        None => Err(raise!(TypeError, "can only assign string to {}.{name}, not '{}'", this.name(), value.type_name())),
    }
}

#[pymethods(part = GETSET)]
impl Type {
    #[getter(name = "__name__")]
    fn get_name(this: &Ref<Type>) -> PyResult<Ref<Str>> {
        this.dunder_name()
    }

    #[setter(name = "__name__")]
    fn set_name(this: &Ref<Type>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = settable(this, "__name__", value)?;
        let name = expect_str(this, "__name__", value)?;
        let text = name.as_utf8()?;
        if text.as_bytes().contains(&0) {
            return Err(raise!(ValueError, "type name must not contain null characters"));
        }
        this.tp_name.set(text.as_ptr().cast());
        // SAFETY: a heap type owns its name.
        unsafe { replace(&heap(this).ht_name, Some(name.to_owned().into_object())) };
        Ok(())
    }

    #[getter(name = "__qualname__")]
    fn get_qualname(this: &Ref<Type>) -> PyResult<Ref<Str>> {
        this.qualname()
    }

    #[setter(name = "__qualname__")]
    fn set_qualname(this: &Ref<Type>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = settable(this, "__qualname__", value)?;
        let name = expect_str(this, "__qualname__", value)?;
        // SAFETY: a heap type owns its qualified name.
        unsafe { replace(&heap(this).ht_qualname, Some(name.to_owned().into_object())) };
        Ok(())
    }

    #[getter(name = "__bases__")]
    fn get_bases(this: &Ref<Type>) -> Ref<Tuple> {
        this.bases()
    }

    #[setter(name = "__bases__")]
    fn set_bases(this: &Ref<Type>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = settable(this, "__bases__", value)?;
        bases::set_bases(this, value)
    }

    #[getter(name = "__mro__")]
    fn get_mro(this: &Ref<Type>) -> Ref<Object> {
        this.mro().map_or_else(none, Ref::into_object)
    }

    #[getter(name = "__module__")]
    fn get_module(this: &Ref<Type>) -> PyResult<Ref<Object>> {
        this.module()
    }

    #[setter(name = "__module__")]
    fn set_module(this: &Ref<Type>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = settable(this, "__module__", value)?;
        changed(this);
        let dict = this.dict();
        // The line number belonged to the old module.
        dict.take(id!("__firstlineno__"))?;
        dict.set_str(id!("__module__"), value)
    }

    #[getter(name = "__abstractmethods__")]
    fn get_abstract_methods(this: &Ref<Type>) -> PyResult<Ref<Object>> {
        // `type` itself has a descriptor of this name in its dictionary.
        if !this.is(&Type::type_object())
            && let Some(methods) = this.dict().get_str(id!("__abstractmethods__"))
        {
            return Ok(methods);
        }
        Err(raise!(AttributeError, object: id!("__abstractmethods__").to_owned()))
    }

    #[setter(name = "__abstractmethods__")]
    fn set_abstract_methods(this: &Ref<Type>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let dict = this.dict();
        let abstract_ = match value {
            Some(value) => {
                let abstract_ = value.is_true()?;
                dict.set_str(id!("__abstractmethods__"), value)?;
                abstract_
            }
            None => {
                if dict.take(id!("__abstractmethods__"))?.is_none() {
                    return Err(raise!(AttributeError, object: id!("__abstractmethods__").to_owned()));
                }
                false
            }
        };
        changed(this);
        // SAFETY: a handle's type is live.
        unsafe {
            if abstract_ {
                add_flags(raw(this), Py_TPFLAGS_IS_ABSTRACT);
            } else {
                clear_flags(raw(this), Py_TPFLAGS_IS_ABSTRACT);
            }
        }
        Ok(())
    }

    #[getter(name = "__dict__")]
    fn get_dict(this: &Ref<Type>) -> PyResult<Ref<Object>> {
        Ok(MappingProxy::new(this.dict().upcast())?.into_object())
    }

    #[getter(name = "__doc__")]
    fn get_doc(this: &Ref<Type>) -> PyResult<Ref<Object>> {
        if !is_heap(this) {
            // SAFETY: a handle's type is live.
            let doc = unsafe { ready::native_doc(raw(this))? };
            if !doc.is_none() {
                return Ok(doc);
            }
        }
        match this.dict().get_str(id!("__doc__")) {
            Some(doc) => doc.bind(None, this.as_borrowed()),
            None => Ok(none()),
        }
    }

    #[setter(name = "__doc__")]
    fn set_doc(this: &Ref<Type>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = settable(this, "__doc__", value)?;
        changed(this);
        this.dict().set_str(id!("__doc__"), value)
    }

    #[getter(name = "__text_signature__")]
    fn get_text_signature(this: &Ref<Type>) -> PyResult<Ref<Object>> {
        doc::text_signature(this.tp_name.get(), this.tp_doc.get())
    }

    #[getter(name = "__annotations__")]
    fn get_annotations(this: &Ref<Type>) -> PyResult<Ref<Object>> {
        let dict = check_annotated(this, ANNOTATIONS)?;
        let found = dict.get_str(id!("__annotations__")).or_else(|| dict.get_str(id!("__annotations_cache__")));
        if let Some(found) = found {
            return found.bind(None, this.as_borrowed());
        }
        let annotate = Type::get_annotate(this)?;
        let annotations = if annotate.is_callable() {
            let format = Int::from_i64(1)?;
            let annotations = annotate.call1(format.as_borrowed())?;
            if !annotations.is_instance_of::<Dict>() {
                return Err(raise!(TypeError, "__annotate__ returned non-dict of type '{}'", annotations.type_name()));
            }
            annotations
        } else {
            Dict::new()?.into_object()
        };
        this.dict().set_str(id!("__annotations_cache__"), annotations.borrow())?;
        changed(this);
        Ok(annotations)
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(this: &Ref<Type>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        check_mutable(this, ANNOTATIONS)?;
        let dict = this.dict();
        match value {
            Some(value) if dict.get_str(id!("__annotations__")).is_some() => {
                dict.set_str(id!("__annotations__"), value)?;
            }
            Some(value) => dict.set_str(id!("__annotations_cache__"), value)?,
            None => {
                if dict.take(id!("__annotations__"))?.is_none() && dict.take(id!("__annotations_cache__"))?.is_none() {
                    return Err(raise!(AttributeError, object: id!("__annotations__").to_owned()));
                }
            }
        }
        // A function that computed them does so no longer.
        dict.take(id!("__annotate_func__"))?;
        dict.take(id!("__annotate__"))?;
        changed(this);
        Ok(())
    }

    #[getter(name = "__annotate__")]
    fn get_annotate(this: &Ref<Type>) -> PyResult<Ref<Object>> {
        let dict = check_annotated(this, "__annotate__")?;
        let found = dict.get_str(id!("__annotate__")).or_else(|| dict.get_str(id!("__annotate_func__")));
        if let Some(found) = found {
            return found.bind(None, this.as_borrowed());
        }
        dict.set_str(id!("__annotate_func__"), none().borrow())?;
        changed(this);
        Ok(none())
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(this: &Ref<Type>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else {
            return Err(raise!(TypeError, "cannot delete __annotate__ attribute"));
        };
        check_mutable(this, "__annotate__")?;
        if !value.is_none() && !value.is_callable() {
            return Err(raise!(TypeError, "__annotate__ must be callable or None"));
        }
        let dict = this.dict();
        dict.set_str(id!("__annotate_func__"), value)?;
        if !value.is_none() {
            dict.take(id!("__annotations_cache__"))?;
        }
        changed(this);
        Ok(())
    }

    #[getter(name = "__type_params__")]
    fn get_type_params(this: &Ref<Type>) -> Ref<Object> {
        if this.is(&Type::type_object()) {
            return Tuple::empty().into_object();
        }
        this.dict().get_str(id!("__type_params__")).unwrap_or_else(|| Tuple::empty().into_object())
    }

    #[setter(name = "__type_params__")]
    fn set_type_params(this: &Ref<Type>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let value = settable(this, "__type_params__", value)?;
        this.dict().set_str(id!("__type_params__"), value)?;
        changed(this);
        Ok(())
    }
}

/// The dictionary of a class that can have annotations: not of one made by native code.
fn check_annotated<'a>(this: &'a Ref<Type>, name: &str) -> PyResult<Borrowed<'a, Dict>> {
    if is_heap(this) {
        return Ok(this.dict());
    }
    let message = format!("type object '{}' has no attribute '{name}'", this.name());
    let name = Str::intern_str(name)?;
    Err(exceptions::raise_attribute_error(&message, this.as_borrowed(), name.as_borrowed()))
}
