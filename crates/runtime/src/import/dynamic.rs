//! Extension modules: `dlopen`, the `PyInit_` function, single and multi-phase initialisation.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CString;
use std::sync::LazyLock;

use super::InitFunction;
use crate::abi::PyModuleDef;
use crate::prelude::*;
use crate::types::exceptions;
use crate::types::module::{self, PackageContext};

/// The name of the export function of a module: `PyInit_spam`, or punycode behind `PyInitU_` for other letters.
fn export_name(name: &Ref<Str>) -> PyResult<(CString, &'static str)> {
    let text = name.to_display();
    let last = text.rsplit('.').next().unwrap_or(&text);
    let (prefix, encoded) = if last.is_ascii() {
        ("PyInit_", last.replace('-', "_"))
    } else {
        let encoded = Str::from_utf8_str(last)?
            .as_object()
            .call_method(id!("encode"), &[Str::from_utf8_str("punycode")?.as_borrowed()])?;
        let Some(bytes) = encoded.downcast::<Bytes>() else {
            return Err(raise!(TypeError, "encoder did not return bytes"));
        };
        ("PyInitU_", String::from_utf8_lossy(bytes.as_slice()).replace('-', "_"))
    };
    match CString::new(format!("{prefix}{encoded}")) {
        Ok(symbol) => Ok((symbol, prefix)),
        Err(_) => Err(raise!(ValueError, "embedded null character")),
    }
}

fn last_error() -> String {
    // SAFETY: dlerror returns null or a string that is valid until the next call.
    unsafe {
        let message = libc::dlerror();
        if message.is_null() { String::new() } else { CStr::from_ptr(message).to_string_lossy().into_owned() }
    }
}

/// Opens the library and finds the export function.
fn open(name: &Ref<Str>, path: Borrowed<'_, Str>) -> PyResult<InitFunction> {
    let (symbol, prefix) = export_name(name)?;
    let shown = path.to_display();
    let file = if shown.contains('/') { shown.clone() } else { format!("./{shown}") };
    let Ok(file) = CString::new(file) else { return Err(raise!(ValueError, "embedded null character")) };
    let flags = crate::thread::interpreter().dlopen_flags.get();
    // SAFETY: strings are valid; a library's constructors may do anything, as everywhere.
    unsafe {
        let handle = libc::dlopen(file.as_ptr(), flags);
        if handle.is_null() {
            let message = last_error();
            let message = if message.is_empty() { "unknown dlopen() error".to_owned() } else { message };
            return Err(exceptions::raise_import_error(&message, name.as_borrowed(), Some(path.upcast()), None));
        }
        let address = libc::dlsym(handle, symbol.as_ptr());
        if address.is_null() {
            let message =
                format!("dynamic module does not define module export function ({})", symbol.to_string_lossy());
            let _ = prefix;
            return Err(exceptions::raise_import_error(&message, name.as_borrowed(), Some(path.upcast()), None));
        }
        Ok(core::mem::transmute::<*mut c_void, InitFunction>(address))
    }
}

/// A module whose init function made it at once, as later imports of the same file find it.
struct Extension {
    definition: *mut PyModuleDef,
    init: InitFunction,
    /// What the module's dict held after its first import, for a module that can be initialised only once.
    copy: Option<Ref<Dict>>,
}

/// Extensions by file and name.
struct Extensions(RefCell<HashMap<(String, String), Extension>>);
// SAFETY: the GIL guards it, and no borrow lasts while other code runs.
unsafe impl Sync for Extensions {}
// SAFETY: as above.
unsafe impl Send for Extensions {}

static EXTENSIONS: LazyLock<Extensions> = LazyLock::new(|| Extensions(RefCell::new(HashMap::new())));

/// Forgets a single-phase extension, so that its next import initialises it anew. For tests.
pub fn forget_extension(name: &str, path: &str) {
    let forgotten = EXTENSIONS.0.borrow_mut().remove(&(path.to_owned(), name.to_owned()));
    drop(forgotten);
}

/// `_imp.create_dynamic(spec)`.
pub fn create_dynamic(spec: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    let name = spec.getattr(id!("name"))?;
    let Ok(name) = name.into_downcast::<Str>() else {
        return Err(raise!(TypeError, "spec.name must be a string"));
    };
    let path = spec.getattr(id!("origin"))?;
    let Ok(path) = path.into_downcast::<Str>() else {
        return Err(raise!(TypeError, "spec.origin must be a string"));
    };
    if let Some(module) = import_again(&name, &path)? {
        return Ok(module);
    }
    let nothing = none();
    crate::modules::sys::audit(
        "import",
        &[name.as_borrowed(), path.as_borrowed(), nothing.borrow(), nothing.borrow(), nothing.borrow()],
    )?;
    let init = open(&name, path.borrow())?;
    init_dynamic(init, &name, path.borrow(), spec)
}

/// A module of single-phase initialisation that was imported before: from the copy of its dict, or by another call of its
/// init function, as its definition asks for.
fn import_again(name: &Ref<Str>, path: &Ref<Str>) -> PyResult<Option<Ref<Object>>> {
    let text = name.to_display();
    let (definition, init, copy) = match EXTENSIONS.0.borrow().get(&(path.to_display(), text.clone())) {
        Some(extension) => (extension.definition, extension.init, extension.copy.clone()),
        None => return Ok(None),
    };
    let modules = crate::thread::interpreter().modules_dict()?;
    let module = match copy {
        Some(copy) => {
            let module = match modules.get(name.borrow())? {
                Some(module) if module.is_instance_of::<Module>() => module,
                _ => Module::with_name(name.borrow())?.into_object(),
            };
            if let Some(module) = module.downcast::<Module>() {
                module.dict().update(copy.as_borrowed())?;
                module.set_def(definition);
            }
            module
        }
        None => {
            let _context = PackageContext::of(&text);
            // SAFETY: the function has made a module of this kind before.
            unsafe { module::from_init_result(init(), &text, none().borrow())? }
        }
    };
    // SAFETY: the definition is the extension's, which is never unloaded.
    unsafe { module::remember_by_index(&module, definition)? };
    modules.set_item(name.borrow(), module.borrow())?;
    Ok(Some(module))
}

/// Calls an export function and makes the module of what it returns.
pub fn init_dynamic(
    init: InitFunction,
    name: &Ref<Str>,
    path: Borrowed<'_, Str>,
    spec: Borrowed<'_, Object>,
) -> PyResult<Ref<Object>> {
    let text = name.to_display();
    // SAFETY: an export function returns a definition (borrowed) or a new module.
    let (object, in_phases) = unsafe {
        let _context = PackageContext::of(&text);
        let made = init();
        let in_phases = module::is_definition(made);
        (module::from_init_result(made, &text, spec)?, in_phases)
    };
    let Some(module) = object.downcast::<Module>().filter(|_| !in_phases) else {
        return Ok(object);
    };
    let definition = module.def();
    module.dict().set_item(id!("__file__"), path.upcast())?;
    // SAFETY: the definition is the extension's.
    let copy = if unsafe { (*definition).m_size } == -1 { Some(module.dict().copy()?) } else { None };
    let key = (path.to_display(), text);
    let replaced = EXTENSIONS.0.borrow_mut().insert(key, Extension { definition, init, copy });
    drop(replaced);
    crate::thread::interpreter().modules_dict()?.set_item(name.borrow(), object.borrow())?;
    Ok(object)
}

/// `_imp.exec_dynamic(module)` and `exec_builtin`: the second phase.
pub fn exec_dynamic(object: Borrowed<'_, Object>) -> PyResult<c_int> {
    let Some(module) = object.downcast_borrowed::<Module>() else { return Ok(0) };
    let def: *mut PyModuleDef = module.def();
    if def.is_null() || module.has_state() {
        return Ok(0);
    }
    module::exec_def(&module, def)?;
    Ok(0)
}
