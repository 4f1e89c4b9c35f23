//! `_warnings`: issuing warnings, and the functions that native code warns with.
//!
//! A warning goes: place (by stack level), filters, registry of what was shown before, and then either an exception or
//! `warnings._showwarnmsg`. The module `warnings` owns the policy as soon as it is imported: its `filters`,
//! `defaultaction` and `onceregistry` are looked up there first. CPython: `Python/_warnings.c`.

mod filter;
mod place;
mod show;

use core::cell::Cell;

use crate::prelude::*;
use crate::thread::{self, Slot};
use crate::types::exceptions;

/// The state of the module, which exists before it is imported.
struct State {
    filters: Slot,
    once_registry: Slot,
    default_action: Slot,
    /// The context variable with the filters of `warnings.catch_warnings` where those are per context.
    context: Slot,
    /// Changes with the filters: registries of an older version are emptied.
    version: Cell<i64>,
    lock_owner: Cell<u64>,
    lock_depth: Cell<u32>,
    lock: thread::Lock,
}

// SAFETY: guarded by the GIL; the lock guards itself.
unsafe impl Sync for State {}

static STATE: State = State {
    filters: Slot::new(),
    once_registry: Slot::new(),
    default_action: Slot::new(),
    context: Slot::new(),
    version: Cell::new(0),
    lock_owner: Cell::new(0),
    lock_depth: Cell::new(0),
    lock: thread::Lock::new(),
};

/// The recursive lock that `warnings` takes around changes of the filters.
struct Guard;

impl Guard {
    fn acquire() {
        let me = thread::current_ident();
        if STATE.lock_depth.get() > 0 && STATE.lock_owner.get() == me {
            STATE.lock_depth.set(STATE.lock_depth.get() + 1);
            return;
        }
        let _outcome = STATE.lock.acquire(thread::Wait::Forever, false);
        STATE.lock_owner.set(me);
        STATE.lock_depth.set(1);
    }

    fn is_mine() -> bool {
        STATE.lock_depth.get() > 0 && STATE.lock_owner.get() == thread::current_ident()
    }

    fn release() -> bool {
        if !Guard::is_mine() {
            return false;
        }
        STATE.lock_depth.set(STATE.lock_depth.get() - 1);
        if STATE.lock_depth.get() == 0 {
            STATE.lock_owner.set(0);
            STATE.lock.release();
        }
        true
    }

    fn new() -> Guard {
        Guard::acquire();
        Guard
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        Guard::release();
    }
}

/// In the child of a fork nobody else holds the lock.
pub fn after_fork_child() {
    STATE.lock.reset();
    STATE.lock_depth.set(0);
}

pub struct Warnings;

#[pymodule(name = "_warnings")]
impl Warnings {
    #[function(signature = "(message, category=None, stacklevel=1, source=None, *, skip_file_prefixes=())")]
    fn warn(
        message: Borrowed<'_, Object>,
        category: Option<Borrowed<'_, Object>>,
        stacklevel: isize,
        source: Option<Borrowed<'_, Object>>,
        skip_file_prefixes: Option<Borrowed<'_, Tuple>>,
    ) -> PyResult<()> {
        let category = category_of(message, category)?;
        let mut level = stacklevel;
        let prefixes = skip_file_prefixes.filter(|prefixes| !prefixes.is_empty());
        if let Some(prefixes) = prefixes {
            for prefix in prefixes.iter() {
                if !prefix.is_instance_of::<Str>() {
                    return Err(raise!(TypeError, "Found non-str '{}' in skip_file_prefixes.", prefix.type_name()));
                }
            }
            level = level.max(2);
        }
        warn_object(category.borrow(), message, level, source, prefixes)
    }

    #[function(signature = "(message, category, filename, lineno, module=<unrepresentable>, registry=None, \
                     module_globals=None, source=None)")]
    fn warn_explicit(
        message: Borrowed<'_, Object>,
        category: Borrowed<'_, Object>,
        filename: Borrowed<'_, Str>,
        lineno: i32,
        module: Option<Borrowed<'_, Object>>,
        registry: Option<Borrowed<'_, Object>>,
        module_globals: Option<Borrowed<'_, Object>>,
        source: Option<Borrowed<'_, Object>>,
    ) -> PyResult<()> {
        let mut line = None;
        if let Some(globals) = module_globals.filter(|globals| !globals.is_none()) {
            let Some(globals) = globals.downcast::<Dict>() else {
                return Err(raise!(TypeError, "module_globals must be a dict, not '{}'", globals.type_name()));
            };
            line = show::line_from_loader(&globals, lineno)?;
        }
        let place = Place {
            filename: filename.to_owned(),
            line: lineno,
            module: module.map(|module| module.to_owned()),
            registry: registry.filter(|registry| !registry.is_none()).map(|registry| registry.to_owned()),
            source_line: line,
        };
        explicit(category, message, place, source)
    }

    #[function(signature = "(/)")]
    fn _filters_mutated_lock_held() -> PyResult<()> {
        if !Guard::is_mine() {
            return Err(raise!(RuntimeError, "warnings lock is not held"));
        }
        STATE.version.set(STATE.version.get() + 1);
        Ok(())
    }

    #[function(signature = "(/)")]
    fn _acquire_lock() {
        Guard::acquire();
    }

    #[function(signature = "(/)")]
    fn _release_lock() -> PyResult<()> {
        if Guard::release() {
            return Ok(());
        }
        Err(raise!(RuntimeError, "cannot release un-acquired lock"))
    }

    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        initialize()?;
        module.add("filters", STATE.filters.get().unwrap_or_else(none))?;
        module.add("_onceregistry", STATE.once_registry.get().unwrap_or_else(none))?;
        module.add("_defaultaction", STATE.default_action.get().unwrap_or_else(none))?;
        // importlib needs this module before it can import another.
        let Some(contextvars) = crate::import::load_builtin(id!("_contextvars"))? else { return Ok(()) };
        let context = match STATE.context.get() {
            Some(context) => context,
            None => {
                let context = contextvars.getattr(id!("ContextVar"))?.call1(id!("_warnings_context").upcast())?;
                STATE.context.set(Some(context.clone()));
                context
            }
        };
        module.add("_warnings_context", context)
    }
}

/// Makes the filters and registries that are there from the start.
fn initialize() -> PyResult<()> {
    if STATE.filters.is_set() {
        return Ok(());
    }
    STATE.filters.set(Some(filter::defaults()?.into_object()));
    STATE.once_registry.set(Some(Dict::new()?.into_object()));
    STATE.default_action.set(Some(id!("default").upcast().to_owned()));
    Ok(())
}

/// What a warning is about: a place in a file, and the registry of the module there.
struct Place {
    filename: Ref<Str>,
    line: c_int,
    /// The name of the module; made from the file name where it is missing.
    module: Option<Ref<Object>>,
    registry: Option<Ref<Object>>,
    source_line: Option<Ref<Object>>,
}

/// The category: the message's own class, the one given, or UserWarning.
fn category_of(message: Borrowed<'_, Object>, category: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    if message.is_instance_of::<exceptions::Warning>() {
        return Ok(message.type_of().to_owned().into_object());
    }
    let Some(category) = category.filter(|category| !category.is_none()) else {
        return Ok(exceptions::UserWarning::type_object().upcast().to_owned());
    };
    let valid = category.downcast::<Type>().is_some_and(|class| class.is_subtype(&exceptions::Warning::type_object()));
    if !valid {
        return Err(raise!(TypeError, "category must be a Warning subclass, not '{}'", category.type_name()));
    }
    Ok(category.to_owned())
}

/// Issues a warning whose place is `level` calls up.
pub fn warn_object(
    category: Borrowed<'_, Object>,
    message: Borrowed<'_, Object>,
    level: isize,
    source: Option<Borrowed<'_, Object>>,
    prefixes: Option<Borrowed<'_, Tuple>>,
) -> PyResult<()> {
    let place = place::find(level, prefixes)?;
    explicit(category, message, place, source)
}

/// Filters, registries, and what the outcome asks for.
fn explicit(
    category: Borrowed<'_, Object>,
    message: Borrowed<'_, Object>,
    place: Place,
    source: Option<Borrowed<'_, Object>>,
) -> PyResult<()> {
    initialize()?;
    if place.module.as_ref().is_some_and(|module| module.is_none()) {
        // Late in the end of the process.
        return Ok(());
    }
    if let Some(registry) = &place.registry
        && !registry.is_instance_of::<Dict>()
    {
        return Err(raise!(TypeError, "'registry' must be a dict or None"));
    }
    let module = match &place.module {
        Some(module) => module.clone(),
        None => place::module_of_file(&place.filename)?.into_object(),
    };
    let (text, message, category) = if message.is_instance_of::<exceptions::Warning>() {
        (message.str()?.into_object(), message.to_owned(), message.type_of().to_owned().into_object())
    } else {
        (message.to_owned(), category.call1(message)?, category.to_owned())
    };
    let line = Int::from_i64(i64::from(place.line))?.into_object();
    let source = source.filter(|source| !source.is_none());
    let registry = place.registry.as_ref().and_then(|registry| registry.downcast::<Dict>());
    let guard = Guard::new();
    let key = Tuple::from_vec(vec![text.clone(), category.clone(), line.clone()])?;
    if let Some(registry) = registry
        && already_warned(&registry, key.as_borrowed(), false)?
    {
        return Ok(());
    }
    let (action, item) = filter::action(category.borrow(), text.borrow(), place.line, module.borrow())?;
    if action.eq_str("error") {
        drop(guard);
        return Err(exceptions::set_object(category.borrow(), Some(message.borrow())));
    }
    if action.eq_str("ignore") {
        return Ok(());
    }
    if !action.eq_str("always") && !action.eq_str("all") {
        if let Some(registry) = registry {
            registry.set_item(key.as_borrowed(), Bool::from(true).as_borrowed())?;
        }
        let short = Tuple::from_vec(vec![text.clone(), category.clone()])?;
        let seen = if action.eq_str("once") {
            let own;
            let registry = match registry {
                Some(registry) => registry,
                None => {
                    own = filter::once_registry()?;
                    own.borrow()
                }
            };
            already_warned(&registry, short.as_borrowed(), true)?
        } else if action.eq_str("module") {
            match registry {
                Some(registry) => already_warned(&registry, short.as_borrowed(), true)?,
                None => false,
            }
        } else if action.eq_str("default") {
            false
        } else {
            return Err(raise!(
                RuntimeError,
                "Unrecognized action ({}) in warnings.filters:\n {}",
                action.as_object().to_repr_text(),
                item.to_repr_text()
            ));
        };
        if seen {
            return Ok(());
        }
    }
    drop(guard);
    show::call(&show::Shown {
        category,
        text,
        message,
        filename: place.filename,
        line_number: place.line,
        line,
        source_line: place.source_line,
        source: source.map(|source| source.to_owned()),
    })
}

/// Whether `key` stands in the registry, which an older version of the filters makes empty. With `remember`, it does
/// afterwards.
fn already_warned(registry: &Ref<Dict>, key: Borrowed<'_, Object>, remember: bool) -> PyResult<bool> {
    let version = registry
        .get_str(id!("version"))
        .and_then(|version| version.downcast_exact::<Int>().and_then(|version| version.to_i64()));
    if version == Some(STATE.version.get()) {
        if let Some(seen) = registry.get(key)?
            && seen.is_true()?
        {
            return Ok(true);
        }
    } else {
        registry.clear();
        registry.set_str(id!("version"), Int::from_i64(STATE.version.get())?.as_borrowed())?;
    }
    if remember {
        registry.set_item(key, Bool::from(true).as_borrowed())?;
    }
    Ok(false)
}

/// Issues a warning from native code (`PyErr_WarnEx`). A stack level of 1 means the running Python code.
pub fn warn(category: Borrowed<'_, Type>, message: &str, stacklevel: isize) -> PyResult<()> {
    warn_with_source(category, message, stacklevel, None)
}

/// As [`warn`], with the object that the warning is about (`PyErr_ResourceWarning`).
pub fn warn_with_source(
    category: Borrowed<'_, Type>,
    message: &str,
    stacklevel: isize,
    source: Option<Borrowed<'_, Object>>,
) -> PyResult<()> {
    let text = Str::from_utf8_str(message)?;
    warn_object(category.upcast(), text.as_borrowed(), stacklevel, source, None)
}

/// Issues a warning about a line of a file (`PyErr_WarnExplicitObject`).
pub fn warn_explicit(
    category: Borrowed<'_, Type>,
    message: &str,
    filename: Borrowed<'_, Str>,
    line: c_int,
) -> PyResult<()> {
    let text = Str::from_utf8_str(message)?;
    let place = Place { filename: filename.to_owned(), line, module: None, registry: None, source_line: None };
    explicit(category.upcast(), text.as_borrowed(), place, None)
}

/// As [`warn_explicit`] with a module and a registry, for C.
pub fn warn_explicit_object(
    category: Borrowed<'_, Object>,
    message: Borrowed<'_, Object>,
    filename: Borrowed<'_, Str>,
    line: c_int,
    module: Option<Ref<Object>>,
    registry: Option<Ref<Object>>,
) -> PyResult<()> {
    let place = Place { filename: filename.to_owned(), line, module, registry, source_line: None };
    explicit(category, message, place, None)
}

/// RuntimeWarning: a coroutine goes away that nobody awaited. The module `warnings` knows how to say where it was made.
pub fn warn_unawaited_coroutine(coroutine: Borrowed<'_, Object>) -> PyResult<()> {
    let mut warned = false;
    if let Some(function) = filter::warnings_attr(id!("_warn_unawaited_coroutine"), true)? {
        match function.call1(coroutine) {
            Ok(_) => warned = true,
            Err(raised) => {
                if raised.is_a::<exceptions::Warning>() {
                    return Err(raised);
                }
                exceptions::report_unraisable(raised, "Exception ignored while finalizing coroutine", Some(coroutine));
            }
        }
    }
    if !warned {
        let name = coroutine.lookup_attr(id!("__qualname__"))?.unwrap_or_else(none);
        warn(
            exceptions::RuntimeWarning::type_object(),
            &format!("coroutine '{}' was never awaited", name.to_text()),
            1,
        )?;
    }
    Ok(())
}

/// RuntimeWarning: the awaitable of an asynchronous generator's method goes away that nobody awaited.
pub fn warn_unawaited_agen(generator: Borrowed<'_, Object>, method: &str) {
    let _aside = Raised::aside();
    let warned = generator.lookup_attr(id!("__qualname__")).and_then(|name| {
        warn_with_source(
            exceptions::RuntimeWarning::type_object(),
            &format!("coroutine method '{method}' of {} was never awaited", name.unwrap_or_else(none).to_repr_text()),
            1,
            Some(generator),
        )
    });
    if let Err(raised) = warned {
        crate::modules::sys::write_unraisable(raised, Some(generator));
    }
}
