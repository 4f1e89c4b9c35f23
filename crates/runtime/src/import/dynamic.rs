//! Extension modules: `dlopen`, the `PyInit_` function, single and multi-phase initialisation.

use std::ffi::CString;

use super::InitFunction;
use crate::abi::PyModuleDef;
use crate::prelude::*;
use crate::types::{exceptions, module};

/// The name of the export function of a module: `PyInit_spam`, or punycode behind `PyInitU_` for other letters.
fn export_name(name: &Ref<Str>) -> PyResult<(CString, &'static str)> {
    let text = name.to_display();
    let last = text.rsplit('.').next().unwrap_or(&text);
    let (prefix, encoded) = if last.is_ascii() {
        ("PyInit_", last.to_owned())
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
    let init = open(&name, path.borrow())?;
    init_dynamic(init, &name, path.borrow(), spec)
}

/// Calls an export function and makes the module of what it returns.
pub fn init_dynamic(
    init: InitFunction,
    name: &Ref<Str>,
    path: Borrowed<'_, Str>,
    spec: Borrowed<'_, Object>,
) -> PyResult<Ref<Object>> {
    let text = name.to_display();
    // A single-phase module names itself with its full name, which this context supplies.
    let last = text.rsplit('.').next().unwrap_or(&text).to_owned();
    let _context = module::PackageContext::enter(&text, &last);
    // SAFETY: an export function returns a definition (borrowed) or a new module.
    let module = unsafe { module::from_init_result(init(), &text, spec)? };
    if let Some(module) = module.downcast::<Module>()
        && module.dict().get_str(id!("__file__")).is_none()
        && module::is_single_phase(&module)
    {
        module.dict().set_item(id!("__file__"), path.upcast())?;
    }
    Ok(module)
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
