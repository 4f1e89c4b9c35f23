//! Which filter a warning matches, and what it says to do.

use super::STATE;
use crate::prelude::*;
use crate::thread;
use crate::types::exceptions;

/// The filters of a start without options.
pub(super) fn defaults() -> PyResult<Ref<List>> {
    let make = |category: Borrowed<'static, Type>, action: &str, module: Option<&str>| -> PyResult<Ref<Object>> {
        let module = match module {
            Some(module) => Str::intern_str(module)?.into_object(),
            None => none(),
        };
        let items = vec![
            Str::intern_str(action)?.into_object(),
            none(),
            category.upcast().to_owned(),
            module,
            Int::from_i64(0)?.into_object(),
        ];
        Ok(Tuple::from_vec(items)?.into_object())
    };
    List::from_vec(vec![
        make(exceptions::DeprecationWarning::type_object(), "default", Some("__main__"))?,
        make(exceptions::DeprecationWarning::type_object(), "ignore", None)?,
        make(exceptions::PendingDeprecationWarning::type_object(), "ignore", None)?,
        make(exceptions::ImportWarning::type_object(), "ignore", None)?,
        make(exceptions::ResourceWarning::type_object(), "ignore", None)?,
    ])
}

/// An attribute of the module `warnings`, when that is imported, or with `import` in any case.
pub(super) fn warnings_attr(name: Borrowed<'static, Str>, import: bool) -> PyResult<Option<Ref<Object>>> {
    let interp = thread::interpreter();
    let module = if import && !interp.is_finalizing() && interp.importlib.is_set() {
        match crate::import::import_module("warnings") {
            Ok(module) => module,
            Err(raised) => {
                raised.clear_if::<exceptions::ImportError>()?;
                return Ok(None);
            }
        }
    } else {
        // Early and late there is no `sys.modules`.
        if !interp.modules.is_set() {
            return Ok(None);
        }
        match interp.modules_dict()?.get_str(id!("warnings")) {
            Some(module) => module,
            None => return Ok(None),
        }
    };
    module.lookup_attr(name)
}

/// The registry of actions "once" for modules without one of their own.
pub(super) fn once_registry() -> PyResult<Ref<Dict>> {
    let registry = match warnings_attr(id!("onceregistry"), false)? {
        Some(registry) => registry,
        None => STATE.once_registry.get().unwrap_or_else(none),
    };
    match registry.into_downcast::<Dict>() {
        Ok(registry) => Ok(registry),
        Err(other) => Err(raise!(TypeError, "_warnings.onceregistry must be a dict, not '{}'", other.type_name())),
    }
}

/// The action for a warning, and the filter it comes from.
pub(super) fn action(
    category: Borrowed<'_, Object>,
    text: Borrowed<'_, Object>,
    line: c_int,
    module: Borrowed<'_, Object>,
) -> PyResult<(Ref<Str>, Ref<Object>)> {
    let what = Wanted { category, text, line, module };
    if let Some(filters) = context_filters()?
        && let Some(found) = search(&filters, &what)?
    {
        return Ok(found);
    }
    let filters = match warnings_attr(id!("filters"), false)? {
        Some(filters) => filters,
        None => STATE.filters.get().unwrap_or_else(none),
    };
    let Some(filters) = filters.downcast::<List>() else {
        return Err(raise!(ValueError, "_warnings.filters must be a list"));
    };
    if let Some(found) = search(&filters, &what)? {
        return Ok(found);
    }
    let action = match warnings_attr(id!("defaultaction"), false)? {
        Some(action) => action,
        None => STATE.default_action.get().unwrap_or_else(none),
    };
    match action.into_downcast::<Str>() {
        Ok(action) => Ok((action, none())),
        Err(other) => Err(raise!(TypeError, "_warnings.defaultaction must be a string, not '{}'", other.type_name())),
    }
}

/// The filters of the current context, where `catch_warnings` set some.
fn context_filters() -> PyResult<Option<Ref<List>>> {
    let Some(variable) = STATE.context.get() else { return Ok(None) };
    let context = variable.call_method(id!("get"), &[none().borrow()])?;
    if context.is_none() {
        return Ok(None);
    }
    match context.getattr(id!("_filters"))?.into_downcast::<List>() {
        Ok(filters) => Ok(Some(filters)),
        Err(_) => Err(raise!(ValueError, "_filters of warnings._warnings_context must be a list")),
    }
}

struct Wanted<'a> {
    category: Borrowed<'a, Object>,
    text: Borrowed<'a, Object>,
    line: c_int,
    module: Borrowed<'a, Object>,
}

fn search(filters: &Ref<List>, what: &Wanted<'_>) -> PyResult<Option<(Ref<Str>, Ref<Object>)>> {
    let mut index = 0;
    // The list can change while a pattern or a class is asked.
    while let Some(item) = filters.get(index) {
        let Some(parts) = item.downcast::<Tuple>().filter(|parts| parts.len() == 5) else {
            return Err(raise!(ValueError, "warnings.filters item {index} isn't a 5-tuple"));
        };
        let action = parts.get(0);
        let Some(action) = action.downcast::<Str>() else {
            return Err(raise!(TypeError, "action must be a string, not '{}'", action.type_name()));
        };
        let matched = matches(parts.get(1), what.text)?
            && matches(parts.get(3), what.module)?
            && what.category.is_subclass(parts.get(2))?
            && {
                let line = parts.get(4).as_isize()?;
                line == 0 || line == what.line as isize
            };
        if matched {
            return Ok(Some((action.to_owned(), item.clone())));
        }
        index += 1;
    }
    Ok(None)
}

/// Whether a filter's pattern fits: None fits all, a string is compared, else it is a regular expression.
fn matches(pattern: Borrowed<'_, Object>, text: Borrowed<'_, Object>) -> PyResult<bool> {
    if pattern.is_none() {
        return Ok(true);
    }
    if let Some(pattern) = pattern.downcast_exact::<Str>() {
        return Ok(text.downcast::<Str>().is_some_and(|text| text.equals_str(&pattern)));
    }
    pattern.call_method(id!("match"), &[text])?.is_true()
}
