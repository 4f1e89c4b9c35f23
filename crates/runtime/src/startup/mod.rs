//! From a configuration to a running interpreter, and from a program to an exit status.
//!
//! The order is CPython's: types, `sys` and `builtins`, the frozen import system, the path importer, encodings, streams,
//! `__main__`, `site`. CPython: `Python/pylifecycle.c`, `Modules/main.c`.

pub mod finish;
pub mod locale;
mod run;
pub mod streams;

use crate::import;
use crate::prelude::*;
use crate::thread::{self, Config};

pub use run::{exit_status, run_main};

/// Starts the interpreter. On failure the message is on standard error already.
#[expect(clippy::result_unit_err, reason = "there is nobody to tell more")]
pub fn initialize(config: Config) -> Result<(), ()> {
    if let Err(message) = crate::memory::settings::choose_allocators(&config) {
        eprintln!("Fatal Python error: preconfig_init_allocator: {message}");
        return Err(());
    }
    crate::memory::large::keep_freed_blocks();
    crate::types::hash::init(config.hash_seed);
    thread::config::set_config(config);
    if thread::state::initialize_main().is_none() {
        eprintln!("Fatal Python error: init_interp_main: no memory for the first thread state");
        return Err(());
    }
    match start() {
        Ok(()) => {
            crate::memory::resident::drop_read_only_data();
            crate::memory::settings::apply(thread::config());
            Ok(())
        }
        Err(raised) => {
            eprintln!("Fatal Python error: the interpreter does not start");
            crate::types::exceptions::print_error(raised, false);
            Err(())
        }
    }
}

fn start() -> PyResult<()> {
    crate::types::init()?;
    crate::object::names::intern_all();
    let builtins = crate::modules::builtins::create()?;
    thread::interpreter().builtins.set(Some(builtins.dict().into_object()));
    let sys = crate::modules::sys::create()?;
    let modules = thread::interpreter().modules_dict()?;
    modules.set_str(id!("builtins"), builtins.as_borrowed())?;
    note_callables()?;
    streams::install_preliminary()?;
    thread::interpreter().import_function.set(builtins.dict().get_str(id!("__import__")));
    start_import_system(&sys)?;
    import::import_module("encodings")?;
    streams::install()?;
    create_main()?;
    if thread::config().tracemalloc > 0 {
        crate::memory::trace::start(thread::config().tracemalloc as usize)?;
    }
    if !thread::config().warnoptions.is_empty() {
        import::import_module("warnings")?;
    }
    thread::interpreter().initialized.store(true, core::sync::atomic::Ordering::Relaxed);
    if thread::config().install_signal_handlers {
        crate::modules::_signal::install_handlers()?;
    }
    if thread::config().faulthandler {
        crate::modules::faulthandler::enable_at_start();
    }
    if thread::config().site_import {
        import::import_module("site")?;
    }
    Ok(())
}

/// The callables that specialised calls look for.
fn note_callables() -> PyResult<()> {
    let callables = &thread::interpreter().callables;
    for (ty, name, place) in [
        (List::type_object(), id!("append"), &callables.list_append),
        (List::type_object(), id!("pop"), &callables.list_pop),
        (Dict::type_object(), id!("get"), &callables.dict_get),
        (Set::type_object(), id!("add"), &callables.set_add),
    ] {
        if let Some(method) = ty.lookup(name) {
            place.set(method.into_ptr());
        }
    }
    callables.len.set(thread::builtin(id!("len"))?.into_ptr());
    callables.all.set(thread::builtin(id!("all"))?.into_ptr());
    callables.any.set(thread::builtin(id!("any"))?.into_ptr());
    callables.isinstance.set(thread::builtin(id!("isinstance"))?.into_ptr());
    let builtins = thread::interpreter().builtins_dict();
    let mut position = 0;
    while let Some((_, value)) = builtins.next(&mut position) {
        if value.is_exact::<crate::types::builtin_function::CFunction>() {
            // SAFETY: a live object of the module, which lives as long as the interpreter.
            unsafe { crate::object::header::make_immortal(value.as_ptr()) };
        }
    }
    Ok(())
}

/// `importlib` from the frozen modules, with its importers of built-in and frozen modules, then that of paths.
fn start_import_system(sys: &Ref<Module>) -> PyResult<()> {
    let importlib = import::import_frozen("_frozen_importlib")?;
    thread::interpreter().importlib.set(Some(importlib.clone().into_object()));
    // `_imp` cannot come through the import system that it is part of.
    let Some(imp) = import::load_builtin(id!("_imp"))? else {
        return Err(raise!(ImportError, "no module _imp"));
    };
    importlib.as_object().call_method(id!("_install"), &[sys.as_borrowed(), imp.borrow()])?;
    importlib.as_object().call_method(id!("_install_external_importers"), &[])?;
    let zipimport = import::import_module("zipimport");
    match zipimport {
        Ok(zipimport) => {
            let importer = zipimport.getattr(id!("zipimporter"))?;
            let hooks = thread::interpreter().required_sys_attr(id!("path_hooks"))?;
            let first = Int::from_i64(0)?;
            hooks.call_method(id!("insert"), &[first.as_borrowed(), importer.borrow()])?;
        }
        Err(raised) => raised.clear(),
    }
    Ok(())
}

/// The module `__main__`, empty but for what every module has.
fn create_main() -> PyResult<()> {
    let main = Module::new("__main__")?;
    let dict = main.dict();
    dict.set_str(id!("__annotations__"), Dict::new()?.as_borrowed())?;
    let builtins = import::import_module("builtins")?;
    dict.set_str(id!("__builtins__"), builtins.borrow())?;
    let loader = import::importlib()?.getattr(id!("BuiltinImporter"))?;
    dict.set_str(id!("__loader__"), loader.borrow())?;
    let modules = thread::interpreter().modules_dict()?;
    modules.set_str(id!("__main__"), main.as_borrowed())
}
