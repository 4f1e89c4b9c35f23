//! Attributes of modules: `__getattr__`, the messages for a name that is missing, annotations, repr.

use std::path::Path;

use super::Module;
use crate::prelude::*;
use crate::thread;
use crate::types::exceptions::raise_attribute_error;
use crate::types::object;

/// `module.name` where it is: the dict, then the module's own `__getattr__`.
pub(crate) fn lookup(module: &Ref<Module>, name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    if let Some(value) = object::generic_lookup_attr(module.as_object(), name)? {
        return Ok(Some(value));
    }
    match module.dict().get_str(id!("__getattr__")) {
        Some(getattr) => getattr.call1(name.upcast()).map(Some),
        None => Ok(None),
    }
}

/// `module.name`.
pub(super) fn getattr(module: &Ref<Module>, name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let Some(name) = name.downcast_borrowed::<Str>() else {
        return Err(raise!(TypeError, "attribute name must be string, not '{}'", name.type_name()));
    };
    if let Some(value) = lookup(module, name)? {
        return Ok(value);
    }
    let message = missing_message(&module.dict(), name)?;
    Err(raise_attribute_error(&message, module.as_borrowed(), name.upcast()))
}

/// Why `name` is not there, as well as can be told.
fn missing_message(dict: &Ref<Dict>, name: Borrowed<'_, Str>) -> PyResult<String> {
    let shown = name.to_display();
    let module_name = match dict.get_str(id!("__name__")).map(Ref::into_downcast::<Str>) {
        Some(Ok(module_name)) => module_name,
        _ => return Ok(format!("module has no attribute '{shown}'")),
    };
    let module = module_name.to_display();
    let plain = format!("module '{module}' has no attribute '{shown}'");
    let Some(spec) = dict.get_str(id!("__spec__")).filter(|spec| !spec.is_none()) else {
        return Ok(plain);
    };
    let origin = spec_origin(&spec)?;
    let mut shadowing = false;
    if let Some(origin) = &origin {
        shadowing = is_possibly_shadowing(origin);
        if shadowing && is_stdlib_name(&module_name)? {
            return Ok(format!(
                "{plain} (consider renaming '{}' since it has the same name as the standard library module named \
                 '{module}' and prevents importing that standard library module)",
                origin.to_display()
            ));
        }
    }
    if is_initializing(&spec)? {
        return Ok(match &origin {
            Some(origin) if shadowing => format!(
                "{plain} (consider renaming '{}' if it has the same name as a library you intended to import)",
                origin.to_display()
            ),
            Some(origin) => format!(
                "partially initialized module '{module}' from '{}' has no attribute '{shown}' (most likely due to a \
                 circular import)",
                origin.to_display()
            ),
            None => format!(
                "partially initialized module '{module}' has no attribute '{shown}' (most likely due to a circular \
                 import)"
            ),
        });
    }
    if is_uninitialized_submodule(&spec, name)? {
        return Ok(format!(
            "cannot access submodule '{shown}' of module '{module}' (most likely due to a circular import)"
        ));
    }
    Ok(plain)
}

/// `spec.origin`, when it names a file.
pub fn spec_origin(spec: &Ref<Object>) -> PyResult<Option<Ref<Str>>> {
    let Some(has_location) = spec.lookup_attr(id!("has_location"))? else { return Ok(None) };
    if !has_location.is_true()? {
        return Ok(None);
    }
    let origin = spec.lookup_attr(id!("origin"))?;
    Ok(origin.and_then(|origin| origin.into_downcast::<Str>().ok()))
}

/// Whether the import of the module is going on.
pub fn is_initializing(spec: &Ref<Object>) -> PyResult<bool> {
    match spec.lookup_attr(id!("_initializing"))? {
        Some(flag) => flag.is_true(),
        None => Ok(false),
    }
}

fn is_uninitialized_submodule(spec: &Ref<Object>, name: Borrowed<'_, Str>) -> PyResult<bool> {
    match spec.lookup_attr(id!("_uninitialized_submodules"))? {
        Some(names) => names.contains(name.upcast()),
        None => Ok(false),
    }
}

/// Whether a file lies in the first folder of `sys.path`, so that it may stand before a library's module.
pub fn is_possibly_shadowing(origin: &Ref<Str>) -> bool {
    let settings = thread::config();
    if settings.safe_path {
        return false;
    }
    let Some(first) = &settings.sys_path_0 else { return false };
    let origin = origin.to_display();
    let Some(mut root) = Path::new(&origin).parent() else { return false };
    if Path::new(&origin).file_name().is_some_and(|name| name == "__init__.py") {
        let Some(parent) = root.parent() else { return false };
        root = parent;
    }
    if first.is_empty() {
        return std::env::current_dir().is_ok_and(|current| current.as_os_str() == root.as_os_str());
    }
    root.as_os_str() == first.as_os_str()
}

fn is_stdlib_name(name: &Ref<Str>) -> PyResult<bool> {
    match thread::interpreter().sys_attr(id!("stdlib_module_names")) {
        Some(names) if names.is_instance_of::<FrozenSet>() || names.is_instance_of::<Set>() => {
            names.contains(name.as_borrowed())
        }
        _ => Ok(false),
    }
}

/// `module.__dict__`, which a subclass may have hidden.
pub(super) fn dict_attr(module: &Ref<Module>) -> PyResult<Ref<Dict>> {
    match module.as_object().getattr(id!("__dict__"))?.into_downcast::<Dict>() {
        Ok(dict) => Ok(dict),
        Err(_) => Err(raise!(TypeError, "<module>.__dict__ is not a dictionary")),
    }
}

/// `__annotations__`, from `__annotate__` where there are none yet. While the module is being imported they are not kept,
/// since more may come.
pub(super) fn annotations(module: &Ref<Module>) -> PyResult<Ref<Object>> {
    let dict = dict_attr(module)?;
    if let Some(annotations) = dict.get_str(id!("__annotations__")) {
        return Ok(annotations);
    }
    let initializing = match module.dict().get_str(id!("__spec__")) {
        Some(spec) => is_initializing(&spec)?,
        None => false,
    };
    let annotations = match dict.get_str(id!("__annotate__")).filter(|annotate| annotate.is_callable()) {
        Some(annotate) => {
            let format = Int::from_i64(1)?;
            let annotations = annotate.call1(format.as_borrowed())?;
            if !annotations.is_instance_of::<Dict>() {
                return Err(raise!(TypeError, "__annotate__ returned non-dict of type '{}'", annotations.type_name()));
            }
            annotations
        }
        None => Dict::new()?.into_object(),
    };
    if !initializing {
        dict.set_str(id!("__annotations__"), annotations.borrow())?;
    }
    Ok(annotations)
}

pub(super) fn set_annotations(module: &Ref<Module>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let dict = dict_attr(module)?;
    match value {
        Some(value) => dict.set_str(id!("__annotations__"), value)?,
        None => {
            if dict.get_str(id!("__annotations__")).is_none() {
                return Err(raise!(AttributeError, "__annotations__"));
            }
            dict.del_item(id!("__annotations__").upcast())?;
        }
    }
    if dict.get_str(id!("__annotate__")).is_some() {
        dict.del_item(id!("__annotate__").upcast())?;
    }
    Ok(())
}

/// The import system knows best how a module is shown; before there is one, by its name.
pub(super) fn repr(module: &Ref<Module>) -> PyResult<Ref<Str>> {
    if let Some(importlib) = thread::interpreter().importlib.get() {
        let text = importlib.call_method(id!("_module_repr"), &[module.as_borrowed()])?;
        return match text.into_downcast::<Str>() {
            Ok(text) => Ok(text),
            Err(other) => Err(raise!(TypeError, "__repr__ returned non-string (type {})", other.type_name())),
        };
    }
    let name = match module.dict().get_str(id!("__name__")) {
        Some(name) => name.to_repr_text(),
        None => "'?'".to_owned(),
    };
    Str::from_utf8_str(&format!("<module {name}>"))
}
