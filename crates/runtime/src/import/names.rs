//! `from module import name`: the attribute, or the submodule of that name, and what is said when there is neither.

use crate::prelude::*;
use crate::types::{exceptions, module as module_type};

/// The value that `from module import name` binds.
pub fn import_from(module: Borrowed<'_, Object>, name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
    if let Some(value) = module.lookup_attr(name)? {
        return Ok(value);
    }
    // A submodule in a circular import is in sys.modules before it is an attribute.
    let module_name = module.lookup_attr(id!("__name__"))?;
    if let Some(package) = module_name.as_ref().and_then(|name| name.downcast::<Str>()) {
        let full = Str::from_utf8_str(&format!("{}.{}", package.to_display(), name.to_display()))?;
        if let Some(value) = crate::thread::interpreter().modules_dict()?.get(full.as_borrowed())? {
            return Ok(value);
        }
    }
    Err(cannot_import(module, name, module_name)?)
}

fn cannot_import(
    module: Borrowed<'_, Object>,
    name: Borrowed<'_, Str>,
    module_name: Option<Ref<Object>>,
) -> PyResult<Raised> {
    let shown = name.as_object().to_repr_text();
    let Some(module_name) = module_name.filter(|name| name.is_instance_of::<Str>()) else {
        let unknown = Str::from_utf8_str("<unknown module name>")?;
        let message = format!("cannot import name {shown} from '<unknown module name>' (unknown location)");
        return Ok(exceptions::raise_import_error(&message, unknown.as_borrowed(), None, Some(name)));
    };
    let spec = module.lookup_attr(id!("__spec__"))?;
    let origin = match &spec {
        Some(spec) => module_type::spec_origin(spec)?,
        None => None,
    };
    let package = module_name.to_repr_text();
    let location = match &origin {
        Some(origin) => origin.to_display(),
        None => match module.lookup_attr(id!("__file__"))? {
            Some(file) if file.is_instance_of::<Str>() => file.to_text(),
            _ => String::new(),
        },
    };
    let message = if location.is_empty() {
        format!("cannot import name {shown} from {package} (unknown location)")
    } else {
        let initializing = match &spec {
            Some(spec) => module_type::is_initializing(spec)?,
            None => false,
        };
        if initializing {
            format!(
                "cannot import name {shown} from partially initialized module {package} (most likely due to a \
                 circular import) ({location})"
            )
        } else {
            format!("cannot import name {shown} from {package} ({location})")
        }
    };
    let path = origin.as_ref().map(|origin| origin.as_borrowed());
    Ok(exceptions::raise_import_error(&message, module_name.borrow(), path, Some(name)))
}
