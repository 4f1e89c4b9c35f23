//! Built-in modules: the table of initialisation functions.

use std::sync::Mutex;

use crate::abi::PyObject;
use crate::prelude::*;
use crate::types::module;

/// `PyInit_name`.
pub type InitFunction = unsafe extern "C" fn() -> *mut PyObject;

static TABLE: Mutex<Vec<(&'static str, InitFunction)>> = Mutex::new(Vec::new());

/// Adds modules to the table, before the first import.
pub fn register_builtin(modules: &[(&'static str, InitFunction)]) {
    if let Ok(mut table) = TABLE.lock() {
        table.extend_from_slice(modules);
        table.sort_by_key(|(name, _)| *name);
    }
}

/// The names in the table, sorted.
pub fn registered_builtins() -> Vec<&'static str> {
    TABLE.lock().map(|table| table.iter().map(|(name, _)| *name).collect()).unwrap_or_default()
}

fn find(name: &str) -> Option<InitFunction> {
    let table = TABLE.lock().ok()?;
    table.binary_search_by_key(&name, |(name, _)| *name).ok().map(|index| table[index].1)
}

pub fn is_builtin(name: &str) -> bool {
    find(name).is_some()
}

/// `_imp.create_builtin(spec)`: the module, not executed yet.
pub fn create_builtin(name: Borrowed<'_, Str>, spec: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
    let text = name.to_display();
    // `sys` and `builtins` exist once and for all.
    if matches!(text.as_str(), "sys" | "builtins")
        && let Some(module) = crate::thread::interpreter().modules_dict()?.get(name.upcast())?
    {
        return Ok(Some(module));
    }
    let Some(init) = find(&text) else { return Ok(None) };
    // SAFETY: an initialisation function returns a definition (borrowed) or a new module.
    unsafe { module::from_init_result(init(), &text, spec).map(Some) }
}

/// Loads a built-in module without importlib, for those that importlib itself needs; `None` where there is no such one.
pub fn load_builtin(name: Borrowed<'_, Str>) -> PyResult<Option<Ref<Object>>> {
    let modules = crate::thread::interpreter().modules_dict()?;
    if let Some(module) = modules.get(name.upcast())? {
        return Ok(Some(module));
    }
    let namespace = Dict::new()?;
    namespace.set_str(id!("name"), name.upcast())?;
    let spec = crate::types::namespace::Namespace::new(namespace)?;
    let Some(module) = create_builtin(name, spec.as_borrowed())? else { return Ok(None) };
    modules.set_str(name, module.borrow())?;
    super::exec_dynamic(module.borrow())?;
    Ok(Some(module))
}
