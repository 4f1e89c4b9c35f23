//! `warnings.h`: warnings from C.

use taipan_runtime::modules::warnings;
use taipan_runtime::types::exceptions as exc;

use crate::pyerrors::formatted;
use crate::support::*;
use crate::va::Arguments;

capi! {
    fn PyErr_WarnEx(category: Nullable<'_>, message: *const c_char, level: isize) -> PyResult<()> {
        // SAFETY: C passes a C string.
        let message = unsafe { string(message)? };
        warn(category, message.as_borrowed(), level, None)
    }

    fn taipan_err_warn_format(
        category: Nullable<'_>,
        level: isize,
        source: Nullable<'_>,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> PyResult<()> {
        // SAFETY: C passes a format and arguments that fit it.
        let message = unsafe { formatted(format, arguments)? };
        warn(category, message.borrow(), level, source)
    }

    fn PyErr_WarnExplicitObject(
        category: Nullable<'_>,
        message: Borrowed<'_, Object>,
        file: Borrowed<'_, Object>,
        line: c_int,
        module: Nullable<'_>,
        registry: Nullable<'_>,
    ) -> PyResult<()> {
        explicit(category, message, expect::<Str>(file)?, line, module, registry)
    }

    fn PyErr_WarnExplicit(
        category: Nullable<'_>,
        message: *const c_char,
        file: *const c_char,
        line: c_int,
        module: *const c_char,
        registry: Nullable<'_>,
    ) -> PyResult<()> {
        // SAFETY: C passes C strings; that of the module may be NULL.
        unsafe { explicit_at(category, &string(message)?.into_object(), file, line, module, registry) }
    }

    fn taipan_err_warn_explicit_format(
        category: Nullable<'_>,
        file: *const c_char,
        line: c_int,
        module: *const c_char,
        registry: Nullable<'_>,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> PyResult<()> {
        // SAFETY: as above, and arguments that fit the format.
        unsafe { explicit_at(category, &formatted(format, arguments)?, file, line, module, registry) }
    }
}

/// A warning at a place that C strings name.
///
/// # Safety
/// Both are C strings or NULL.
unsafe fn explicit_at(
    category: Nullable<'_>,
    message: &Ref<Object>,
    file: *const c_char,
    line: c_int,
    module: *const c_char,
    registry: Nullable<'_>,
) -> PyResult<()> {
    // SAFETY: by contract.
    let (file, module) = unsafe {
        let Some(file) = file_name(file)? else { return Err(bad_internal_call()) };
        (file, if module.is_null() { None } else { Some(string(module)?) })
    };
    let module = module.as_ref().map(|module| module.as_borrowed());
    explicit(category, message.borrow(), file.borrow(), line, module, registry)
}

fn warn(category: Nullable<'_>, message: Borrowed<'_, Object>, level: isize, source: Nullable<'_>) -> PyResult<()> {
    let default = exc::RuntimeWarning::type_object().upcast();
    warnings::warn_object(category.unwrap_or(default), message, level, source, None)
}

fn explicit(
    category: Nullable<'_>,
    message: Borrowed<'_, Object>,
    file: Borrowed<'_, Str>,
    line: c_int,
    module: Nullable<'_>,
    registry: Nullable<'_>,
) -> PyResult<()> {
    let default = exc::RuntimeWarning::type_object().upcast();
    warnings::warn_explicit_object(
        category.unwrap_or(default),
        message,
        file,
        line,
        module.map(|module| module.to_owned()),
        registry.map(|registry| registry.to_owned()),
    )
}
