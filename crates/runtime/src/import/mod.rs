//! The native half of the import system: the statements' short cuts, frozen and built-in modules, extension modules.
//!
//! Finding and loading is `importlib`'s, frozen from the embedded library. CPython: `Python/import.c`.

mod builtin;
mod dynamic;
mod frozen;
mod lock;
mod names;
mod star;

pub use builtin::{InitFunction, create_builtin, is_builtin, load_builtin, register_builtin, registered_builtins};
pub use dynamic::{create_dynamic, exec_dynamic, forget_extension, init_dynamic};
pub use frozen::{FrozenModule, find_frozen, frozen_code, frozen_names, import_frozen, set_frozen_modules};
pub use lock::{acquire_lock, lock_held, reinit_lock_after_fork, release_lock};
pub use names::import_from;
pub use star::import_star;
pub use taipan_compiler::marshal::MAGIC_NUMBER;

use crate::prelude::*;
use crate::types::Function;

/// Whether `import` is the interpreter's own `__import__`, so that the statement can take the short cut.
pub fn is_default_import(import: &Ref<Object>) -> bool {
    crate::thread::interpreter().import_function.get().is_some_and(|own| own.is(import))
}

/// `importlib._bootstrap`.
pub fn importlib() -> PyResult<Ref<Object>> {
    match crate::thread::interpreter().importlib.get() {
        Some(importlib) => Ok(importlib),
        None => Err(raise!(ImportError, "importlib is not available yet")),
    }
}

/// `import name`: the top package is loaded, and the named module is the result (`PyImport_ImportModule`).
pub fn import_module(name: &str) -> PyResult<Ref<Object>> {
    let name = Str::intern_str(name)?;
    match loaded(name.borrow())? {
        Some(module) => Ok(module),
        None => find_and_load(name.borrow()),
    }
}

/// `from module import name`.
pub fn import_attr(module: &str, name: &str) -> PyResult<Ref<Object>> {
    let name = Str::intern_str(name)?;
    import_module(module)?.getattr(name.borrow())
}

/// `sys.modules[name]`, unless it is missing or None. A module that another thread is initialising is waited for.
fn loaded(name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    let modules = crate::thread::interpreter().modules_dict()?;
    let Some(module) = modules.get(name.upcast())? else { return Ok(None) };
    if module.is_none() {
        return Ok(None);
    }
    if is_initializing(&module)? {
        importlib()?.call_method(id!("_lock_unlock_module"), &[name.upcast()])?;
    }
    Ok(Some(module))
}

/// Whether `module.__spec__._initializing` is true.
fn is_initializing(module: &Ref<Object>) -> PyResult<bool> {
    match module.lookup_attr(id!("__spec__"))? {
        Some(spec) => crate::types::module::is_initializing(&spec),
        None => Ok(false),
    }
}

fn find_and_load(name: Borrowed<'_, Str>) -> PyResult<Ref<Object>> {
    let import = crate::thread::interpreter().import_function.get().unwrap_or_else(none);
    let loaded = importlib()?.call_method(id!("_find_and_load"), &[name.upcast(), import.borrow()]);
    loaded.map_err(remove_importlib_frames)
}

/// Cuts the frames of importlib out of the traceback of a failed import, unless `-v` wants to see them.
fn remove_importlib_frames(raised: Raised) -> Raised {
    if crate::thread::config().verbose > 0 {
        return raised;
    }
    crate::types::traceback::remove_importlib_frames(raised)
}

/// The module that an import statement names, absolute or relative (`resolve_name`).
fn absolute_name(name: Borrowed<'_, Str>, globals: Option<Borrowed<'_, Dict>>, level: isize) -> PyResult<Ref<Str>> {
    if level == 0 {
        if name.is_empty() {
            return Err(raise!(ValueError, "Empty module name"));
        }
        return Ok(name.to_owned());
    }
    let Some(globals) = globals else {
        return Err(raise!(KeyError, "'__name__' not in globals"));
    };
    let importlib = importlib()?;
    let package = importlib.call_method(id!("_calc___package__"), &[globals.upcast()])?;
    if package.is_instance_of::<Str>() && package.len()? == 0 {
        return Err(raise!(ImportError, "attempted relative import with no known parent package"));
    }
    let level = Int::from_i64(level as i64)?;
    let resolved =
        importlib.call_method(id!("_resolve_name"), &[name.upcast(), package.borrow(), level.as_borrowed()])?;
    match resolved.into_downcast::<Str>() {
        Ok(resolved) => Ok(resolved),
        Err(other) => Err(raise!(TypeError, "module name must be a string, not {}", other.type_name())),
    }
}

/// `__import__(name, globals, None, from_list, level)` (`PyImport_ImportModuleLevelObject`).
pub fn import_module_level(
    name: Borrowed<'_, Str>,
    globals: Option<Borrowed<'_, Dict>>,
    from_list: Borrowed<'_, Object>,
    level: isize,
) -> PyResult<Ref<Object>> {
    if level < 0 {
        return Err(raise!(ValueError, "level must be >= 0"));
    }
    let absolute = absolute_name(name, globals, level)?;
    let module = match loaded(absolute.borrow())? {
        Some(module) => module,
        None => find_and_load(absolute.borrow())?,
    };
    let has_from = !from_list.is_none() && from_list.is_true()?;
    if has_from {
        if !module.has_attr(id!("__path__"))? {
            return Ok(module);
        }
        let import = crate::thread::interpreter().import_function.get().unwrap_or_else(none);
        return importlib()?
            .call_method(id!("_handle_fromlist"), &[module.borrow(), from_list, import.borrow()])
            .map_err(remove_importlib_frames);
    }
    if level > 0 && name.is_empty() {
        return Ok(module);
    }
    // `import a.b.c` binds `a`.
    let text = name.to_display();
    let Some(dot) = text.find('.') else { return Ok(module) };
    if level == 0 {
        let front = Str::intern_str(&text[..dot])?;
        return import_module_level(front.borrow(), None, none().borrow(), 0);
    }
    // As many characters go from the absolute name as the relative one has behind its first part.
    let full = absolute.to_display();
    let cut = text.len() - dot;
    let front = Str::intern_str(&full[..full.len().saturating_sub(cut)])?;
    let modules = crate::thread::interpreter().modules_dict()?;
    match modules.get(front.as_borrowed())? {
        Some(module) => Ok(module),
        None => Err(raise!(KeyError, "{} not in sys.modules as expected", front.as_object().to_repr_text())),
    }
}

/// Executes a module's code in its dict.
pub fn exec_code_in_module(module: &Ref<Module>, code: &Ref<crate::types::Code>) -> PyResult<Ref<Object>> {
    let dict = module.dict();
    if dict.get_str(id!("__builtins__")).is_none() {
        dict.set_item(id!("__builtins__"), crate::thread::interpreter().builtins_dict().as_borrowed())?;
    }
    let function = Function::from_code(code, dict.borrow())?;
    crate::interp::eval_function(&function, Some(dict.as_borrowed()))
}
