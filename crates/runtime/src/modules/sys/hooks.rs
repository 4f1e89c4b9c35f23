//! Hooks: `displayhook`, `excepthook`, `unraisablehook`, `breakpointhook`, and audit events (PEP 578).

use core::sync::atomic::Ordering;

use super::Sys;
use crate::object::args::{Args, KwArgs};
use crate::prelude::*;
use crate::thread::interpreter::{AuditHook, lock_ignoring_poison};
use crate::thread::{self, Slot};
use crate::types::builtin_function::CFunction;
use crate::types::exceptions;
use crate::types::traceback::Traceback;

#[pymethods(part = HOOKS)]
impl Sys {
    #[function(signature = "(object, /)")]
    fn displayhook(object: Borrowed<'_, Object>) -> PyResult<()> {
        let builtins = match thread::interpreter().modules_dict()?.get_str(id!("builtins")) {
            Some(builtins) => builtins,
            None => return Err(raise!(RuntimeError, "lost builtins module")),
        };
        if object.is_none() {
            return Ok(());
        }
        // While the object is shown, `_` is not an older one.
        builtins.setattr(id!("_"), none().borrow())?;
        let output = match thread::interpreter().sys_attr(id!("stdout")).filter(|output| !output.is_none()) {
            Some(output) => output,
            None => return Err(raise!(RuntimeError, "lost sys.stdout")),
        };
        let repr = object.repr()?;
        if let Err(raised) = output.call_method(id!("write"), &[repr.as_borrowed()]) {
            if !raised.is_a::<exceptions::UnicodeEncodeError>() {
                return Err(raised);
            }
            raised.clear();
            write_escaped(&output, &repr)?;
        }
        output.call_method(id!("write"), &[id!("\n").upcast()])?;
        builtins.setattr(id!("_"), object)
    }

    #[function(signature = "(exctype, value, traceback, /)")]
    fn excepthook(
        _exctype: Borrowed<'_, Object>,
        value: Borrowed<'_, Object>,
        traceback: Borrowed<'_, Object>,
    ) -> PyResult<()> {
        let traceback = traceback.downcast::<Traceback>().map(|traceback| traceback.to_owned());
        if !exceptions::is_exception_instance(value) {
            let message = format!("print_exception(): Exception expected for value, {} found\n", value.type_name());
            if let Some(file) = thread::interpreter().sys_attr(id!("stderr")).filter(|file| !file.is_none()) {
                let text = Str::from_utf8_str(&format!("TypeError: {message}"))?;
                file.call_method(id!("write"), &[text.as_borrowed()])?;
            }
            return Ok(());
        }
        exceptions::display(&value, traceback, None);
        Ok(())
    }

    #[function(signature = "(unraisable, /)")]
    fn unraisablehook(unraisable: Borrowed<'_, Object>) -> PyResult<()> {
        let class = unraisable_class()?;
        let Some(parts) = unraisable.downcast::<Tuple>().filter(|_| unraisable.type_ptr().cast() == class.as_ptr())
        else {
            return Err(raise!(TypeError, "sys.unraisablehook argument type must be UnraisableHookArgs"));
        };
        let part = |index: usize| parts.get(index).to_owned();
        exceptions::write_unraisable_default(&[part(0), part(1), part(2), part(3), part(4)])
    }

    #[function(signature = "(*args, **kwargs)")]
    fn breakpointhook(args: Args<'_>, kwargs: KwArgs<'_>) -> PyResult<Ref<Object>> {
        let named = std::env::var("PYTHONBREAKPOINT").ok().filter(|_| thread::config().use_environment);
        let name = match named.as_deref() {
            None | Some("") => "pdb.set_trace",
            Some("0") => return Ok(none()),
            Some(name) => name,
        };
        let (module, attribute) = name.rsplit_once('.').unwrap_or(("builtins", name));
        let hook = match crate::import::import_attr(module, attribute) {
            Ok(hook) => hook,
            Err(raised) => {
                let known = raised.is_a::<exceptions::ImportError>() || raised.is_a::<exceptions::AttributeError>();
                if !known {
                    return Err(raised);
                }
                raised.clear();
                crate::modules::warnings::warn(
                    exceptions::RuntimeWarning::type_object(),
                    &format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{name}\""),
                    0,
                )?;
                return Ok(none());
            }
        };
        let (args, kwargs) = (args.to_tuple()?, kwargs.to_dict()?);
        hook.call_tuple(args.borrow(), Some(kwargs.borrow()))
    }

    #[function(signature = "(hook)")]
    fn addaudithook(hook: Borrowed<'_, Object>) -> PyResult<()> {
        // Hooks that are there may refuse another one with an Exception.
        if let Err(raised) = audit("sys.addaudithook", &[]) {
            raised.clear_if::<exceptions::Exception>()?;
            return Ok(());
        }
        let slot = &thread::interpreter().audit_hooks;
        // SAFETY: only a list is put there.
        let hooks = match unsafe { slot.get_as::<List>() } {
            Some(hooks) => hooks,
            None => {
                let hooks = List::new()?;
                slot.set(Some(hooks.clone().into_object()));
                hooks
            }
        };
        hooks.push(hook.to_owned())?;
        thread::interpreter().has_audit_hooks.store(true, Ordering::Relaxed);
        Ok(())
    }

    #[function(name = "audit", signature = "(event, /, *args)")]
    fn audit_event(event: Borrowed<'_, Object>, args: Args<'_>) -> PyResult<()> {
        let Some(event) = event.downcast::<Str>() else {
            return Err(raise!(TypeError, "audit() argument 1 must be str, not {}", event.type_name()));
        };
        if !thread::interpreter().has_audit_hooks.load(Ordering::Relaxed) {
            return Ok(());
        }
        let args = args.to_tuple()?;
        run_audit_hooks(&event, &args)
    }
}

/// Output whose encoding cannot show `text`: with escapes for what it cannot.
fn write_escaped(output: &Ref<Object>, text: &Ref<Str>) -> PyResult<()> {
    let encoding = output.getattr(id!("encoding"))?;
    let encoded =
        text.as_object().call_method(id!("encode"), &[encoding.borrow(), id!("backslashreplace").upcast()])?;
    if let Some(buffer) = output.lookup_attr(id!("buffer"))? {
        buffer.call_method(id!("write"), &[encoded.borrow()])?;
        return Ok(());
    }
    let escaped = encoded.call_method(id!("decode"), &[encoding.borrow(), id!("strict").upcast()])?;
    output.call_method(id!("write"), &[escaped.borrow()])?;
    Ok(())
}

/// Shows the value of an interactive statement by `sys.displayhook`.
pub fn display(value: Borrowed<'_, Object>) -> PyResult<()> {
    match thread::interpreter().sys_attr(id!("displayhook")) {
        Some(hook) => hook.call1(value).map(|_| ()),
        None => Err(raise!(RuntimeError, "lost sys.displayhook")),
    }
}

/// Passes the exception that is set to `sys.unraisablehook`: "Exception ignored in: object" (`PyErr_WriteUnraisable`).
#[cold]
pub fn write_unraisable(raised: Raised, object: Option<Borrowed<'_, Object>>) {
    exceptions::report_unraisable_object(raised, object);
}

/// The class of what `sys.unraisablehook` gets.
fn unraisable_class() -> PyResult<Ref<Type>> {
    static CLASS: Slot = Slot::new();
    // SAFETY: only the class is put there.
    if let Some(class) = unsafe { CLASS.get_as::<Type>() } {
        return Ok(class);
    }
    let class = crate::types::struct_seq::new_static_class(
        "UnraisableHookArgs",
        &["exc_type", "exc_value", "exc_traceback", "err_msg", "object"],
        5,
    )?;
    CLASS.set(Some(class.clone().into_object()));
    Ok(class)
}

/// The argument of `sys.unraisablehook`: class, exception, traceback, message, object.
pub fn unraisable_args(parts: &[Ref<Object>; 5]) -> PyResult<Ref<Object>> {
    crate::types::struct_seq::instance(&unraisable_class()?, parts.to_vec())
}

/// Whether `hook` is our own function, which is called without the detour.
pub fn is_default_unraisable_hook(hook: &Ref<Object>) -> bool {
    hook.is_exact::<CFunction>()
        && thread::interpreter().sys_attr(id!("__unraisablehook__")).is_some_and(|original| original.is(hook))
}

/// Ends the process as an uncaught SystemExit does: with the clean-up of a normal end.
pub fn exit_process(code: i32) -> ! {
    crate::startup::finish::finalize_and_exit(code)
}

/// Raises an audit event, when anybody listens (`PySys_Audit`).
#[inline]
pub fn audit(event: &str, args: &[Borrowed<'_, Object>]) -> PyResult<()> {
    if !thread::interpreter().has_audit_hooks.load(Ordering::Relaxed) {
        return Ok(());
    }
    audit_slow(event, args)
}

#[cold]
fn audit_slow(event: &str, args: &[Borrowed<'_, Object>]) -> PyResult<()> {
    let event = Str::from_utf8_str(event)?;
    let args = Tuple::from_slice(args)?;
    run_audit_hooks(&event, &args)
}

fn run_audit_hooks(event: &Ref<Str>, args: &Ref<Tuple>) -> PyResult<()> {
    let saved = Raised::take_if_set();
    let native: Vec<AuditHook> = lock_ignoring_poison(&thread::interpreter().native_audit_hooks).clone();
    if !native.is_empty() {
        let name = Str::to_c_string(event)?;
        for hook in native {
            // SAFETY: whoever registered the hook vouches for it.
            if unsafe { (hook.hook)(name.as_ptr(), args.as_ptr(), hook.data) } < 0 {
                return Err(crate::object::protocol::attr::missing_exception_checked());
            }
        }
    }
    // SAFETY: only a list is put there.
    if let Some(hooks) = unsafe { thread::interpreter().audit_hooks.get_as::<List>() } {
        // What hooks do is not traced, unless they ask for it.
        let state = thread::current();
        let mut index = 0;
        while let Some(hook) = hooks.get(index) {
            index += 1;
            let traced = match hook.lookup_attr(id!("__cantrace__"))? {
                Some(flag) => flag.is_true()?,
                None => false,
            };
            if !traced {
                state.tracing.set(state.tracing.get() + 1);
            }
            let outcome = hook.call(&[event.as_borrowed(), args.as_borrowed()]);
            if !traced {
                state.tracing.set(state.tracing.get() - 1);
            }
            outcome?;
        }
    }
    if let Some(saved) = saved {
        let _raised = Raised::restore(saved);
    }
    Ok(())
}

/// Adds a native audit hook (`PySys_AddAuditHook`); allowed before start-up too.
pub fn add_native_audit_hook(
    hook: unsafe extern "C" fn(*const c_char, *mut crate::abi::PyObject, *mut c_void) -> c_int,
    data: *mut c_void,
) -> PyResult<()> {
    if !thread::current_ptr().is_null() {
        audit("sys.addaudithook", &[])?;
    }
    lock_ignoring_poison(&thread::interpreter().native_audit_hooks).push(AuditHook { hook, data });
    thread::interpreter().has_audit_hooks.store(true, Ordering::Relaxed);
    Ok(())
}
