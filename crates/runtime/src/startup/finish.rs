//! The end of the interpreter: threads, exit functions, streams, and all modules, so that every finaliser runs.
//!
//! Modules go in CPython's order, which programs can observe: first `sys` lets go of what an error has left there; then no
//! module can be found any more, and the collector frees what only names of modules kept alive, while these still have
//! their values; then the modules that something else keeps lose their names, the youngest first; `sys` and `builtins` are
//! the last. What is alive after that is left to the system. CPython: `Py_FinalizeEx`, `finalize_modules` in
//! `Python/pylifecycle.c`.

use crate::memory::gc;
use crate::modules::{_signal, _thread, atexit, faulthandler};
use crate::prelude::*;
use crate::thread;
use crate::types::exceptions;
use crate::types::weakref::WeakRef;

/// Ends the interpreter. Answers 120 when standard output could not be flushed, else 0.
pub fn finalize() -> i32 {
    let interp = thread::interpreter();
    if interp.is_finalizing() {
        return 0;
    }
    // `threading` waits for its threads in a function that `_thread` keeps.
    if let Err(raised) = _thread::wait_for_threads() {
        exceptions::report_unraisable(raised, "Exception ignored on threading shutdown", None);
    }
    atexit::run_python_callbacks();
    atexit::run_callbacks_with_data();
    let mut fine = flush(&standard_streams());
    interp.set_finalizing(thread::current_ptr());
    _signal::finalize();
    collect();
    fine &= match end_modules() {
        Ok(streams) => flush(&streams),
        Err(raised) => {
            raised.clear();
            flush(&standard_streams())
        }
    };
    faulthandler::finalize();
    atexit::run_native_callbacks();
    if fine { 0 } else { 120 }
}

/// Ends the process after [`finalize`].
pub fn finalize_and_exit(code: i32) -> ! {
    let failure = finalize();
    std::process::exit(if code == 0 { failure } else { code })
}

fn collect() {
    gc::collect_for(2, crate::abi::_Py_GC_REASON_SHUTDOWN);
}

/// `sys.stdout` and `sys.stderr`, where there are such.
type Streams = [Option<Ref<Object>>; 2];

fn standard_streams() -> Streams {
    [id!("stdout"), id!("stderr")].map(|name| thread::interpreter().sys_attr(name).filter(|file| !file.is_none()))
}

/// Flushes the streams that are open; false when that failed for standard output.
fn flush([stdout, stderr]: &Streams) -> bool {
    if let Some(file) = stderr
        && let Err(raised) = flush_open(file)
    {
        raised.clear();
    }
    let Some(Err(raised)) = stdout.as_ref().map(flush_open) else { return true };
    exceptions::report_unraisable(raised, "Exception ignored while flushing sys.stdout", None);
    false
}

fn flush_open(file: &Ref<Object>) -> PyResult<()> {
    let closed = file.lookup_attr(id!("closed")).and_then(|closed| closed.map_or(Ok(false), |closed| closed.is_true()));
    let closed = closed.unwrap_or_else(|raised| {
        raised.clear();
        false
    });
    if !closed {
        file.call_method(id!("flush"), &[])?;
    }
    Ok(())
}

/// Empties all modules. The standard streams as they were before `sys` was emptied.
fn end_modules() -> PyResult<Streams> {
    let interp = thread::interpreter();
    let (modules, sys, builtins) = (interp.modules_dict()?, interp.sys_dict()?, interp.builtins_dict());
    forget_specials(&sys, &builtins)?;

    let mut kept: Vec<Ref<WeakRef>> = Vec::new();
    if kept.try_reserve_exact(modules.len()).is_err() {
        return Err(Raised::no_memory());
    }
    for (name, module) in modules.items_snapshot()? {
        if module.is_instance_of::<Module>() {
            kept.push(WeakRef::new(module.borrow(), None)?);
        }
        if !module.is_none() {
            modules.set_item(name.borrow(), none().borrow())?;
        }
    }
    modules.clear();
    collect();

    for module in kept.into_iter().rev() {
        let Some(module) = module.upgrade() else { continue };
        let Some(module) = module.downcast::<Module>() else { continue };
        let dict = module.dict();
        if !dict.is(&sys) && !dict.is(&builtins) {
            forget_names(&dict)?;
        }
    }
    let streams = standard_streams();
    forget_names(&sys)?;
    forget_names(&builtins)?;
    collect();
    Ok(streams)
}

/// What the interpreter itself leaves in `sys` and `builtins` can keep a whole program alive: the last value of the prompt,
/// the last error with its frames, caches of the import system. The streams become the ones of the start.
fn forget_specials(sys: &Ref<Dict>, builtins: &Ref<Dict>) -> PyResult<()> {
    let nothing = none();
    builtins.set_str(id!("_"), nothing.borrow())?;
    for name in [
        id!("path"),
        id!("argv"),
        id!("ps1"),
        id!("ps2"),
        id!("last_exc"),
        id!("last_type"),
        id!("last_value"),
        id!("last_traceback"),
        id!("path_hooks"),
        id!("path_importer_cache"),
        id!("meta_path"),
    ] {
        sys.set_str(name, nothing.borrow())?;
    }
    for (name, original) in
        [(id!("stdin"), id!("__stdin__")), (id!("stdout"), id!("__stdout__")), (id!("stderr"), id!("__stderr__"))]
    {
        let original = sys.get_str(original).unwrap_or_else(none);
        sys.set_str(name, original.borrow())?;
    }
    Ok(())
}

/// Sets the names of a module to None: those with one underscore in front first, then all but `__builtins__`, which
/// finalisers of Python still need.
fn forget_names(dict: &Ref<Dict>) -> PyResult<()> {
    let nothing = none();
    for underscored in [true, false] {
        for (key, value) in dict.items_snapshot()? {
            let Some(name) = key.downcast::<Str>() else { continue };
            if value.is_none() || name.eq_str("__builtins__") {
                continue;
            }
            let text = name.to_display();
            if !underscored || (text.starts_with('_') && !text.starts_with("__")) {
                dict.set_item(key.borrow(), nothing.borrow())?;
            }
        }
    }
    Ok(())
}
