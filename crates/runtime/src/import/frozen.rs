//! Frozen modules: code that is part of the executable.

use std::sync::OnceLock;

use crate::prelude::*;
use crate::types::Code;

/// A module whose code was compiled and marshalled when Taipan was built.
#[derive(Clone, Copy, Debug)]
pub struct FrozenModule {
    /// The name under which it is imported.
    pub name: &'static str,
    /// The marshalled code object.
    pub code: &'static [u8],
    pub is_package: bool,
    /// The name of the module in the library, where it differs: `importlib._bootstrap` for `_frozen_importlib`.
    pub origin: Option<&'static str>,
}

static MODULES: OnceLock<&'static [FrozenModule]> = OnceLock::new();

/// Installs the table, sorted by name. Later calls change nothing.
pub fn set_frozen_modules(modules: &'static [FrozenModule]) {
    let _ = MODULES.set(modules);
}

/// The names of all frozen modules.
pub fn frozen_names() -> impl Iterator<Item = &'static str> {
    MODULES.get().copied().unwrap_or(&[]).iter().map(|module| module.name)
}

/// The modules that start-up needs before the path finder exists: frozen even when `-X frozen_modules=off` is given.
const ESSENTIAL: [&str; 3] = ["_frozen_importlib", "_frozen_importlib_external", "zipimport"];

pub fn find_frozen(name: &str) -> Option<&'static FrozenModule> {
    if !crate::thread::config().use_frozen_modules && !ESSENTIAL.contains(&name) {
        return None;
    }
    let modules = MODULES.get()?;
    modules.binary_search_by(|module| module.name.cmp(name)).ok().map(|index| &modules[index])
}

/// The code object of a frozen module.
pub fn frozen_code(module: &FrozenModule) -> PyResult<Ref<Code>> {
    match crate::modules::marshal::loads(module.code)?.into_downcast::<Code>() {
        Ok(code) => Ok(code),
        Err(other) => {
            Err(raise!(TypeError, "frozen object {} is not a code object but {}", module.name, other.type_name()))
        }
    }
}

/// Loads a frozen module without importlib, as the first modules of all are (`PyImport_ImportFrozenModule`).
pub fn import_frozen(name: &str) -> PyResult<Ref<Module>> {
    let Some(frozen) = find_frozen(name) else {
        return Err(raise!(ImportError, "No such frozen object named {name}"));
    };
    let code = frozen_code(frozen)?;
    let module = Module::new(name)?;
    let key = Str::intern_str(name)?;
    crate::thread::interpreter().modules_dict()?.set_item(key.borrow(), module.as_borrowed())?;
    let origin = Str::from_utf8_str(frozen.origin.unwrap_or(frozen.name))?;
    module.dict().set_str(id!("__origname__"), origin.as_borrowed())?;
    super::exec_code_in_module(&module, &code)?;
    Ok(module)
}
