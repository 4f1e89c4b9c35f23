//! Showing exceptions that nobody handles, and those that nobody can: `sys.excepthook` and `sys.unraisablehook`.
//!
//! The text comes from the module `traceback`; where that cannot be had, a plain form is written natively.
//! CPython: `Python/pythonrun.c`, `Python/errors.c`.

use super::matching::as_exception;
use super::stop::SystemExit;
use crate::abi::PySystemExitObject;
use crate::prelude::*;
use crate::thread::{self, Slot};
use crate::types::traceback::{self, Traceback};

/// Writes `text` to a file object; a failure is forgotten, except that there was no memory for it.
fn write(file: &Ref<Object>, text: &str) -> bool {
    let written = Str::from_utf8_str(text).and_then(|text| file.call_method(id!("write"), &[text.as_borrowed()]));
    match written {
        Ok(_) => true,
        Err(raised) => {
            let out_of_memory = raised.is_a::<super::MemoryError>();
            raised.clear();
            !out_of_memory
        }
    }
}

fn flush(file: &Ref<Object>) {
    if let Err(raised) = file.call_method(id!("flush"), &[]) {
        raised.clear();
    }
}

/// `sys.stderr`, unless it is missing or None.
fn stderr() -> Option<Ref<Object>> {
    thread::interpreter().sys_attr(id!("stderr")).filter(|file| !file.is_none())
}

/// What `sys.excepthook` does by default: writes the exception with its chain to `file`, or to `sys.stderr`
/// (`PyErr_Display`). Leaves no exception set.
pub fn display(exception: &Ref<Object>, traceback: Option<Ref<Traceback>>, file: Option<Ref<Object>>) {
    let _aside = Raised::aside();
    if let (Some(exception), Some(traceback)) = (as_exception(exception), traceback)
        && exception.traceback().is_none()
    {
        exception.set_traceback(Some(traceback));
    }
    match file.or_else(stderr) {
        None => {
            if thread::interpreter().sys_attr(id!("stderr")).is_none() {
                write_to_descriptor(exception);
            }
        }
        Some(file) if as_exception(exception).is_none() => {
            let found = exception.type_name();
            write(&file, &format!("TypeError: print_exception(): Exception expected for value, {found} found\n"));
            flush(&file);
        }
        Some(file) => {
            if display_by_module(exception, &file).is_none() {
                // Without memory for Python's files, the file descriptor is left.
                if !display_natively(exception, &file, &mut Vec::new()) {
                    write_to_descriptor(exception);
                }
            }
            flush(&file);
        }
    }
}

/// Has the module `traceback` write the exception. `None` when it could not.
fn display_by_module(exception: &Ref<Object>, file: &Ref<Object>) -> Option<()> {
    let attempt = || -> PyResult<()> {
        let module = crate::import::import_module("traceback")?;
        let print = module.getattr(id!("_print_exception_bltin"))?;
        // The function writes to `sys.stderr`; another file goes to the public one.
        if stderr().is_some_and(|stderr| stderr.is(file)) {
            print.call1(exception.borrow())?;
        } else {
            let names = Tuple::from_slice(&[id!("file").upcast()])?;
            module
                .getattr(id!("print_exception"))?
                .call_with_names(&[exception.borrow(), file.borrow()], names.borrow())?;
        }
        Ok(())
    };
    match attempt() {
        Ok(()) => Some(()),
        Err(raised) => {
            raised.clear();
            None
        }
    }
}

const CAUSE: &str = "\nThe above exception was the direct cause of the following exception:\n\n";
const CONTEXT: &str = "\nDuring handling of the above exception, another exception occurred:\n\n";

/// How many links of a chain are shown without the module `traceback`.
const MAX_CHAIN: usize = 50;

/// The plain form: chain, traceback without source lines' carets, class and message. False when memory was missing.
/// `seen` are the exceptions of the chain so far, which may be a cycle.
fn display_natively(exception: &Ref<Object>, file: &Ref<Object>, seen: &mut Vec<Ref<Object>>) -> bool {
    seen.push(exception.clone());
    if let Some(error) = as_exception(exception)
        && seen.len() <= MAX_CHAIN
    {
        let (linked, message) = match error.cause() {
            Some(cause) => (Some(cause), CAUSE),
            None if error.suppresses_context() => (None, CONTEXT),
            None => (error.context(), CONTEXT),
        };
        if let Some(linked) = linked.filter(|linked| !seen.iter().any(|known| known.is(linked))) {
            display_natively(linked.as_object(), file, seen);
            write(file, message);
        }
    }
    write(file, &native_text(exception))
}

/// Nothing is added where there is no memory for it.
fn add_text(text: &mut String, more: &str) {
    if text.try_reserve(more.len()).is_ok() {
        text.push_str(more);
    }
}

/// Traceback, class and message of one exception.
fn native_text(exception: &Ref<Object>) -> String {
    let mut text = String::new();
    if let Some(traceback) = as_exception(exception).and_then(|exception| exception.traceback()) {
        text.push_str("Traceback (most recent call last):\n");
        add_text(&mut text, &traceback::format_native(&traceback));
    }
    text.push_str(&qualified_class_name(exception));
    match exception.str() {
        Ok(message) if message.is_empty() => {}
        Ok(message) => {
            text.push_str(": ");
            add_text(&mut text, &message.to_display());
        }
        Err(raised) => {
            raised.clear();
            text.push_str(": <exception str() failed>");
        }
    }
    text.push('\n');
    text
}

/// `module.Class`, without the module for those of `builtins` and `__main__`.
fn qualified_class_name(exception: &Ref<Object>) -> String {
    let class = exception.type_of();
    let module = match class.as_object().lookup_attr(id!("__module__")) {
        Ok(module) => module,
        Err(raised) => {
            raised.clear();
            None
        }
    };
    let name = match class.as_object().lookup_attr(id!("__qualname__")) {
        Ok(Some(name)) => name.to_text(),
        Ok(None) => class.name(),
        Err(raised) => {
            raised.clear();
            class.name()
        }
    };
    match module.as_ref().and_then(|module| module.downcast::<Str>()) {
        Some(module) if module.eq_str("builtins") || module.eq_str("__main__") => name,
        Some(module) => format!("{}.{name}", module.to_display()),
        None => format!("<unknown>.{name}"),
    }
}

/// Before `sys.stderr` exists: to the file descriptor.
fn write_to_descriptor(exception: &Ref<Object>) {
    let text = native_text(exception);
    // SAFETY: writes live bytes.
    unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
}

/// What a SystemExit asks for: the process's exit status. A code that is no integer is written to `sys.stderr`, and the
/// status is 1.
pub fn exit_code_of_system_exit(exception: &Ref<Object>) -> i32 {
    let mut code = if exception.is_instance_of::<SystemExit>() {
        // SAFETY: just checked.
        unsafe { Slot::of(&(*exception.as_ptr().cast::<PySystemExitObject>()).code).get() }.unwrap_or_else(none)
    } else {
        exception.clone()
    };
    // A subclass may hide the field behind an attribute.
    if exception.is_instance_of::<SystemExit>() {
        match exception.lookup_attr(id!("code")) {
            Ok(Some(value)) => code = value,
            Ok(None) => {}
            Err(raised) => raised.clear(),
        }
    }
    if code.is_none() {
        return 0;
    }
    if let Some(number) = code.downcast::<Int>() {
        return number.to_i64().map_or(-1, |number| number as i32);
    }
    match stderr() {
        Some(file) => {
            let text = match code.str() {
                Ok(text) => text.to_display(),
                Err(raised) => {
                    raised.clear();
                    String::new()
                }
            };
            write(&file, &text);
            write(&file, "\n");
            flush(&file);
        }
        None => {
            let text = format!("{}\n", code.to_text());
            // SAFETY: writes live bytes.
            unsafe { libc::write(2, text.as_ptr().cast(), text.len()) };
        }
    }
    1
}

/// Shows the exception that is set by way of `sys.excepthook` and clears it. With `set_last`, `sys.last_exc` and its
/// companions are set. The caller deals with SystemExit (`PyErr_PrintEx`).
pub fn print_error(raised: Raised, set_last: bool) {
    let exception = raised.take();
    if exception.is_none() {
        return;
    }
    let class = exception.type_of().to_owned().into_object();
    let traceback =
        as_exception(&exception).and_then(|exception| exception.traceback()).map_or_else(none, Ref::into_object);
    let interp = thread::interpreter();
    if set_last && let Ok(dict) = interp.sys_dict() {
        let fields = [
            (id!("last_exc"), &exception),
            (id!("last_type"), &class),
            (id!("last_value"), &exception),
            (id!("last_traceback"), &traceback),
        ];
        for (name, value) in fields {
            if let Err(raised) = dict.set_str(name, value.borrow()) {
                raised.clear();
            }
        }
    }
    let hook = interp.sys_attr(id!("excepthook"));
    if let Err(raised) = crate::modules::sys::audit(
        "sys.excepthook",
        &[hook.as_ref().map_or_else(none, Ref::clone).borrow(), class.borrow(), exception.borrow(), traceback.borrow()],
    ) {
        if raised.is_a::<super::RuntimeError>() {
            raised.clear();
            return;
        }
        report_unraisable(raised, "Exception ignored in audit hook", None);
    }
    let Some(hook) = hook else {
        if let Some(file) = stderr() {
            write(&file, "sys.excepthook is missing\n");
        }
        display(&exception, None, None);
        return;
    };
    let Err(raised) = hook.call(&[class.borrow(), exception.borrow(), traceback.borrow()]) else { return };
    let second = raised.take();
    if second.is_instance_of::<SystemExit>() {
        let code = exit_code_of_system_exit(&second);
        crate::modules::sys::exit_process(code);
    }
    if let Some(file) = stderr() {
        write(&file, "Error in sys.excepthook:\n");
        display(&second, None, None);
        write(&file, "\nOriginal exception was:\n");
    }
    display(&exception, None, None);
}

/// Passes the exception that is set to `sys.unraisablehook`, for places that cannot raise. `message` begins as
/// "Exception ignored in ..."; the repr of `object` follows it (`PyErr_FormatUnraisable` with `%R`).
#[cold]
pub fn report_unraisable(raised: Raised, message: &str, object: Option<Borrowed<'_, Object>>) {
    let exception = raised.take();
    let text = match object {
        Some(object) => format!("{message} {}", object.to_repr_text()),
        None => message.to_owned(),
    };
    let message = match Str::from_utf8_str(&text) {
        Ok(message) => Some(message.into_object()),
        Err(raised) => {
            raised.clear();
            None
        }
    };
    report(Raised::restore(exception), message, None);
}

/// As [`report_unraisable`] with the message "Exception ignored in", as `PyErr_WriteUnraisable` has it.
#[cold]
pub fn report_unraisable_object(raised: Raised, object: Option<Borrowed<'_, Object>>) {
    report(raised, None, object);
}

fn report(raised: Raised, message: Option<Ref<Object>>, object: Option<Borrowed<'_, Object>>) {
    let exception = raised.take();
    if exception.is_none() {
        return;
    }
    // The place at hand is the only one known where nothing of Python raised.
    if let Some(error) = as_exception(&exception)
        && error.traceback().is_none()
    {
        match traceback::here() {
            Ok(traceback) => error.set_traceback(traceback),
            Err(raised) => raised.clear(),
        }
    }
    let class = exception.type_of().to_owned().into_object();
    let traceback =
        as_exception(&exception).and_then(|exception| exception.traceback()).map_or_else(none, Ref::into_object);
    let object = object.map_or_else(none, |object| object.to_owned());
    let parts = [class, exception, traceback, message.unwrap_or_else(none), object];
    let hook = thread::interpreter().sys_attr(id!("unraisablehook"));
    let outcome = match hook.filter(|hook| !hook.is_none()) {
        Some(hook) if !crate::modules::sys::is_default_unraisable_hook(&hook) => {
            crate::modules::sys::unraisable_args(&parts)
                .and_then(|args| hook.call1(args.borrow()))
                .map(|_| ())
                .map_err(|raised| (raised, Some(hook)))
        }
        _ => write_unraisable_default(&parts).map_err(|raised| (raised, None)),
    };
    let Err((raised, hook)) = outcome else { return };
    // The hook itself failed: show that, natively.
    let failure = raised.take();
    let class = failure.type_of().to_owned().into_object();
    let traceback = as_exception(&failure).and_then(|failure| failure.traceback()).map_or_else(none, Ref::into_object);
    let message = Str::from_utf8_str("Exception ignored in sys.unraisablehook").map_or_else(
        |raised| {
            raised.clear();
            none()
        },
        Ref::into_object,
    );
    if let Err(raised) = write_unraisable_default(&[class, failure, traceback, message, hook.unwrap_or_else(none)]) {
        raised.clear();
    }
}

/// What `sys.unraisablehook` does by default. `parts` are class, exception, traceback, message and object.
pub fn write_unraisable_default(parts: &[Ref<Object>; 5]) -> PyResult<()> {
    let [class, exception, traceback, message, object] = parts;
    let Some(file) = stderr() else { return Ok(()) };
    if !object.is_none() {
        if message.is_none() {
            write(&file, "Exception ignored in: ");
        } else {
            write(&file, &message.to_text());
            write(&file, ": ");
        }
        match object.repr() {
            Ok(repr) => {
                let _written = write(&file, &repr.to_display());
            }
            Err(raised) => {
                raised.clear();
                write(&file, "<object repr() failed>");
            }
        }
        write(&file, "\n");
    } else if !message.is_none() {
        write(&file, &message.to_text());
        write(&file, ":\n");
    }
    if !exception.is_none() {
        let traceback = traceback.clone().into_downcast::<Traceback>().ok();
        if let Some(error) = as_exception(exception)
            && error.traceback().is_none()
        {
            error.set_traceback(traceback);
        }
        if display_by_module(exception, &file).is_none() {
            write(&file, &native_text(exception));
        }
    } else if !class.is_none() {
        write(&file, &class.to_text());
        write(&file, "\n");
    }
    flush(&file);
    Ok(())
}
