//! `sysmodule.h`, `audit.h`: the attributes of `sys`, its streams, audit events.

use core::ptr;

use taipan_runtime::modules::sys;
use taipan_runtime::thread::{config, interpreter};
use taipan_runtime::types::exceptions as exc;

use crate::build_value;
use crate::pyerrors::formatted;
use crate::support::*;
use crate::va::{Arguments, VaList};

// SAFETY of all of these: C passes C strings, formats with arguments that fit them, and live objects.
capi! {
    fn PySys_GetObject(name: *const c_char) -> *mut PyObject {
        // No exception comes out of this; `sys` keeps the object.
        let _aside = Raised::aside();
        match unsafe { string(name) }.and_then(|name| interpreter().sys_dict()?.get(name.borrow())) {
            Ok(found) => found.map_or(ptr::null_mut(), |found| found.as_ptr()),
            Err(raised) => {
                exc::report_unraisable(raised, "Exception ignored in PySys_GetObject()", None);
                ptr::null_mut()
            }
        }
    }

    fn _PySys_GetOptionalAttr(name: Borrowed<'_, Object>, place: *mut *mut PyObject) -> PyResult<bool> {
        unsafe { crate::object::optional(place, || interpreter().sys_dict()?.get(name)) }
    }

    fn _PySys_GetOptionalAttrString(name: *const c_char, place: *mut *mut PyObject) -> PyResult<bool> {
        unsafe { crate::object::optional(place, || attribute(&lossy(name))) }
    }

    fn _PySys_GetRequiredAttr(name: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        match interpreter().sys_dict()?.get(name)? {
            Some(found) => Ok(found),
            None => Err(raise!(RuntimeError, "lost sys.{}", name.to_text())),
        }
    }

    fn _PySys_GetRequiredAttrString(name: *const c_char) -> PyResult<Ref<Object>> {
        let name = unsafe { lossy(name) };
        match attribute(&name)? {
            Some(found) => Ok(found),
            None => Err(raise!(RuntimeError, "lost sys.{name}")),
        }
    }

    fn PySys_SetObject(name: *const c_char, value: Nullable<'_>) -> PyResult<()> {
        let name = unsafe { crate::support::name(name)? };
        let dict = interpreter().sys_dict()?;
        match value {
            Some(value) => dict.set_str(name.borrow(), value),
            None => dict.pop(name.borrow()).map(drop),
        }
    }

    fn PySys_GetXOptions() -> PyResult<*mut PyObject> {
        // `sys` keeps it.
        if let Some(options) = interpreter().sys_attr(id!("_xoptions"))
            && options.is_instance_of::<Dict>()
        {
            return Ok(options.as_ptr());
        }
        let options = Dict::new()?;
        interpreter().sys_dict()?.set_str(id!("_xoptions"), options.as_borrowed())?;
        Ok(options.as_ptr())
    }

    fn _PySys_GetSizeOf(object: Borrowed<'_, Object>) -> PyResult<usize> {
        let size = taipan_runtime::import::import_attr("sys", "getsizeof")?.call1(object)?;
        Ok(size.as_isize()? as usize)
    }

    fn PySys_AddWarnOption(_option: *const libc::wchar_t) {}

    fn PySys_AddWarnOptionUnicode(option: Borrowed<'_, Object>) {
        let add = || -> PyResult<()> {
            let options = interpreter().required_sys_attr(id!("warnoptions"))?;
            expect::<List>(options.borrow())?.push(option.to_owned())
        };
        if let Err(raised) = add() {
            raised.clear();
        }
    }

    fn PySys_ResetWarnOptions() {
        let reset = || -> PyResult<()> {
            let options = interpreter().required_sys_attr(id!("warnoptions"))?;
            expect::<List>(options.borrow())?.clear();
            Ok(())
        };
        if let Err(raised) = reset() {
            raised.clear();
        }
    }

    fn PySys_HasWarnOptions() -> bool {
        !config().warnoptions.is_empty()
    }

    fn PySys_SetArgvEx(count: c_int, values: *const *const libc::wchar_t, update_path: c_int) {
        unsafe { set_argv(count, values, update_path != 0) }
    }

    fn PySys_SetArgv(count: c_int, values: *const *const libc::wchar_t) {
        unsafe { set_argv(count, values, !config().isolated) }
    }

    fn PySys_SetPath(path: *const libc::wchar_t) {
        let set = || -> PyResult<()> {
            let text = unsafe { wide_string(path)? }.to_display();
            let entries: PyResult<Vec<Ref<Object>>> =
                text.split(':').map(|entry| Ok(Str::from_utf8_str(entry)?.into_object())).collect();
            interpreter().sys_dict()?.set_str(id!("path"), List::from_vec(entries?)?.as_borrowed())
        };
        if let Err(raised) = set() {
            raised.clear();
        }
    }

    fn taipan_sys_audit(event: *const c_char, format: *const c_char, arguments: *mut Arguments) -> PyResult<()> {
        use core::sync::atomic::Ordering;
        if taipan_runtime::thread::current_ptr().is_null() || !interpreter().has_audit_hooks.load(Ordering::Relaxed) {
            return Ok(());
        }
        let values = if format.is_null() { Vec::new() } else { unsafe { build_value::values(bytes(format), VaList::new(arguments))? } };
        audit(&unsafe { lossy(event) }, &values)
    }

    fn PySys_AuditTuple(event: *const c_char, args: Nullable<'_>) -> PyResult<()> {
        let Some(args) = args else { return audit(&unsafe { lossy(event) }, &[]) };
        let Some(args) = args.downcast::<Tuple>() else {
            return Err(raise!(TypeError, "args must be tuple, got {}", args.type_name()));
        };
        audit(&unsafe { lossy(event) }, args.as_slice())
    }

    fn PySys_AddAuditHook(
        hook: unsafe extern "C" fn(*const c_char, *mut PyObject, *mut c_void) -> c_int,
        data: *mut c_void,
    ) -> PyResult<()> {
        sys::add_native_audit_hook(hook, data)
    }

    fn taipan_sys_write(error: c_int, text: *const c_char, truncated: c_int) {
        let text = unsafe { lossy(text) };
        write(error != 0, &text);
        if truncated != 0 {
            write(error != 0, "... truncated");
        }
    }

    fn taipan_sys_format(error: c_int, format: *const c_char, arguments: *mut Arguments) {
        let _aside = Raised::aside();
        let text = match unsafe { formatted(format, arguments) } {
            Ok(text) => text.to_text(),
            Err(raised) => {
                raised.clear();
                String::new()
            }
        };
        write(error != 0, &text);
    }
}

fn attribute(name: &str) -> PyResult<Option<Ref<Object>>> {
    Ok(interpreter().sys_dict()?.get_str(Str::intern_str(name)?.borrow()))
}

fn audit(event: &str, values: &[Ref<Object>]) -> PyResult<()> {
    let args: Vec<Borrowed<'_, Object>> = values.iter().map(Ref::borrow).collect();
    sys::audit(event, &args)
}

/// Writes to `sys.stdout` or `sys.stderr`, or to C's stream where that does not work.
fn write(error: bool, text: &str) {
    let _aside = Raised::aside();
    let stream = interpreter().sys_attr(if error { id!("stderr") } else { id!("stdout") });
    let written = match stream.filter(|stream| !stream.is_none()) {
        Some(stream) => Str::from_utf8_str(text)
            .and_then(|text| stream.call_method(id!("write"), &[text.as_borrowed()]))
            .map(drop)
            .map_err(Raised::clear),
        None => Err(()),
    };
    if written.is_err() {
        if error { eprint!("{text}") } else { print!("{text}") }
    }
}

/// `wchar_t` text up to its zero.
///
/// # Safety
/// `text` is such a text.
pub unsafe fn wide_string(text: *const libc::wchar_t) -> PyResult<Ref<Str>> {
    // SAFETY: by contract.
    unsafe { Str::from_ucs4(core::slice::from_raw_parts(text.cast(), libc::wcslen(text))) }
}

unsafe fn set_argv(count: c_int, values: *const *const libc::wchar_t, update_path: bool) {
    let set = || -> PyResult<()> {
        let mut items = Vec::new();
        for index in 0..count.max(0) as usize {
            // SAFETY: C passes that many wide strings.
            items.push(unsafe { wide_string(*values.add(index))? }.into_object());
        }
        if items.is_empty() {
            items.push(Str::empty().into_object());
        }
        let first = items[0].to_text();
        interpreter().sys_dict()?.set_str(id!("argv"), List::from_vec(items)?.as_borrowed())?;
        if update_path {
            let folder =
                std::fs::canonicalize(&first).ok().and_then(|file| Some(file.parent()?.to_string_lossy().into_owned()));
            let path = interpreter().required_sys_attr(id!("path"))?;
            let folder = Str::from_utf8_str(&folder.unwrap_or_default())?;
            expect::<List>(path.borrow())?.insert(0, folder.into_object())?;
        }
        Ok(())
    };
    if let Err(raised) = set() {
        raised.clear();
    }
}
