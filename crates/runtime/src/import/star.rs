//! `from module import *`.

use crate::prelude::*;

/// Binds the public names of `module` in `locals`: those of `__all__`, or those without an underscore in front.
pub fn import_star(module: Borrowed<'_, Object>, locals: Option<Borrowed<'_, Object>>) -> PyResult<()> {
    let Some(locals) = locals else {
        return Err(raise!(SystemError, "no locals found during 'import *'"));
    };
    let (names, skip_private) = match module.lookup_attr(id!("__all__"))? {
        Some(all) => (all, false),
        None => match module.lookup_attr(id!("__dict__"))? {
            Some(dict) => (dict.call_method(id!("keys"), &[])?.to_list()?.into_object(), true),
            None => return Err(raise!(ImportError, "from-import-* object has no __dict__ and no __all__")),
        },
    };
    let mut index = 0;
    loop {
        let name = match names.get_index(index) {
            Ok(name) => name,
            Err(raised) => return raised.clear_if::<crate::types::exceptions::IndexError>(),
        };
        index += 1;
        let Some(text) = name.downcast::<Str>() else {
            return Err(wrong_name(module, &name, skip_private)?);
        };
        if skip_private && text.to_display().starts_with('_') {
            continue;
        }
        let value = module.getattr(text)?;
        match locals.downcast_exact::<Dict>() {
            Some(dict) => dict.set_item(text, value.borrow())?,
            None => locals.set_item(name.borrow(), value.borrow())?,
        }
    }
}

fn wrong_name(module: Borrowed<'_, Object>, name: &Ref<Object>, from_dict: bool) -> PyResult<Raised> {
    let module_name = module.getattr(id!("__name__"))?;
    if !module_name.is_instance_of::<Str>() {
        return Ok(raise!(TypeError, "module __name__ must be a string, not {}", module_name.type_name()));
    }
    let (what, where_) = if from_dict { ("Key", "__dict__") } else { ("Item", "__all__") };
    Ok(raise!(TypeError, "{what} in {}.{where_} must be str, not {}", module_name.to_text(), name.type_name()))
}
