//! `atexit`: functions to call at the end, last registered first; and the end of the process.
//!
//! CPython: `Modules/atexitmodule.c`, `Py_FinalizeEx` of `Python/pylifecycle.c`.

use core::cell::RefCell;

use crate::object::args::{Args, KwArgs};
use crate::prelude::*;
use crate::thread;
use crate::types::exceptions;
use crate::types::weakref::WeakRef;

/// A function with its arguments.
struct Callback {
    function: Ref<Object>,
    args: Ref<Tuple>,
    kwargs: Ref<Dict>,
}

struct Callbacks {
    /// Functions of Python; a place whose function was unregistered is empty.
    python: RefCell<Vec<Option<Callback>>>,
    /// Functions of C without arguments (`Py_AtExit`).
    native: RefCell<Vec<extern "C" fn()>>,
    /// Functions of C with an argument, which run when Python code still can (`PyUnstable_AtExit`).
    with_data: RefCell<Vec<(unsafe extern "C" fn(*mut c_void), *mut c_void)>>,
}

// SAFETY: guarded by the GIL, and no borrow lasts while Python code runs.
unsafe impl Sync for Callbacks {}

static CALLBACKS: Callbacks = Callbacks {
    python: RefCell::new(Vec::new()),
    native: RefCell::new(Vec::new()),
    with_data: RefCell::new(Vec::new()),
};

pub struct AtExit;

#[pymodule(name = "atexit")]
impl AtExit {
    #[function(signature = "(func, /, *args, **kwargs)")]
    fn register(func: Borrowed<'_, Object>, args: Args<'_>, kwargs: KwArgs<'_>) -> PyResult<Ref<Object>> {
        if !func.is_callable() {
            return Err(raise!(TypeError, "the first argument must be callable"));
        }
        let callback = Callback { function: func.to_owned(), args: args.to_tuple()?, kwargs: kwargs.to_dict()? };
        let mut callbacks = CALLBACKS.python.borrow_mut();
        if callbacks.try_reserve(1).is_err() {
            drop(callbacks);
            return Err(Raised::no_memory());
        }
        callbacks.push(Some(callback));
        Ok(func.to_owned())
    }

    /// Forgets every registration of a function that equals `func`.
    #[function(signature = "(func, /)")]
    fn unregister(func: Borrowed<'_, Object>) -> PyResult<()> {
        let mut index = 0;
        loop {
            // Comparing can register and unregister.
            let candidate = match CALLBACKS.python.borrow().get(index) {
                None => return Ok(()),
                Some(callback) => callback.as_ref().map(|callback| callback.function.clone()),
            };
            if let Some(candidate) = candidate
                && candidate.equals(func)?
            {
                let removed = match CALLBACKS.python.borrow_mut().get_mut(index) {
                    Some(place) if place.as_ref().is_some_and(|callback| callback.function.is(&candidate)) => {
                        place.take()
                    }
                    _ => None,
                };
                drop(removed);
            }
            index += 1;
        }
    }

    #[function(signature = "(/)")]
    fn _clear() {
        let old = CALLBACKS.python.take();
        drop(old);
    }

    #[function(signature = "(/)")]
    fn _ncallbacks() -> usize {
        CALLBACKS.python.borrow().len()
    }

    #[function(signature = "(/)")]
    fn _run_exitfuncs() {
        run_python_callbacks();
    }
}

/// Calls the functions of Python, last first; what they raise is reported and the rest goes on. Functions that they
/// register are called as well.
pub fn run_python_callbacks() {
    loop {
        let callback = CALLBACKS.python.borrow_mut().pop();
        let Some(callback) = callback else { return };
        let Some(callback) = callback else { continue };
        if let Err(raised) = callback.function.call_tuple(callback.args.borrow(), Some(callback.kwargs.borrow())) {
            exceptions::report_unraisable(
                raised,
                "Exception ignored in atexit callback",
                Some(callback.function.borrow()),
            );
        }
    }
}

/// Adds a native function for the very end (`Py_AtExit`); false when there is no room.
pub fn add_native(function: extern "C" fn()) -> bool {
    let mut functions = CALLBACKS.native.borrow_mut();
    if functions.len() >= 32 {
        return false;
    }
    functions.push(function);
    true
}

/// Adds a native function with its argument, for the end of the interpreter (`PyUnstable_AtExit`).
pub fn add_native_with_data(function: unsafe extern "C" fn(*mut c_void), data: *mut c_void) {
    CALLBACKS.with_data.borrow_mut().push((function, data));
}

/// Calls the native functions that have an argument, in order.
fn run_callbacks_with_data() {
    for (function, data) in CALLBACKS.with_data.take() {
        // SAFETY: whoever added the function vouches for it.
        unsafe { function(data) };
    }
}

/// Calls the native functions, last first.
pub fn run_native_callbacks() {
    loop {
        let function = CALLBACKS.native.borrow_mut().pop();
        match function {
            Some(function) => function(),
            None => return,
        }
    }
}

/// Flushes `sys.stdout` and `sys.stderr`; false when that failed for standard output.
pub fn flush_streams() -> bool {
    let mut fine = true;
    for (name, report) in [(id!("stdout"), true), (id!("stderr"), false)] {
        let Some(file) = thread::interpreter().sys_attr(name).filter(|file| !file.is_none()) else { continue };
        let closed = match file.lookup_attr(id!("closed")) {
            Ok(Some(closed)) => closed.is_true().unwrap_or_else(|raised| {
                raised.clear();
                false
            }),
            Ok(None) => false,
            Err(raised) => {
                raised.clear();
                false
            }
        };
        if closed {
            continue;
        }
        if let Err(raised) = file.call_method(id!("flush"), &[]) {
            if report {
                exceptions::report_unraisable(raised, "Exception ignored while flushing sys.stdout", None);
                fine = false;
            } else {
                raised.clear();
            }
        }
    }
    fine
}

/// The end of the interpreter: waits for threads that are no daemons, calls the exit functions, flushes, collects. What
/// stays alive after that is left to the system. Answers 120 when standard output could not be flushed, else 0.
pub fn finalize() -> i32 {
    let interp = thread::interpreter();
    if interp.is_finalizing() {
        return 0;
    }
    // `threading` waits for its threads in a function that `_thread` keeps.
    if let Err(raised) = crate::modules::_thread::wait_for_threads() {
        exceptions::report_unraisable(raised, "Exception ignored on threading shutdown", None);
    }
    run_python_callbacks();
    run_callbacks_with_data();
    let mut fine = flush_streams();
    interp.set_finalizing(thread::current_ptr());
    crate::modules::_signal::finalize();
    crate::memory::gc::collect_for(2, crate::abi::_Py_GC_REASON_SHUTDOWN);
    if let Err(raised) = clear_main() {
        raised.clear();
    }
    fine &= flush_streams();
    crate::modules::faulthandler::finalize();
    run_native_callbacks();
    if fine { 0 } else { 120 }
}

/// Empties `__main__`, so that the finalisers of what the program kept there run while the library still works.
fn clear_main() -> PyResult<()> {
    let modules = thread::interpreter().modules_dict()?;
    let Some(main) = modules.get_str(id!("__main__")).filter(|main| !main.is_none()) else { return Ok(()) };
    // First nobody finds the module any more, and the collector runs the finalisers of what its names keep alive while
    // these still have their values. The rest is for a module that something else keeps.
    let kept = WeakRef::new(main.borrow(), None)?;
    drop(main);
    modules.set_str(id!("__main__"), none().borrow())?;
    crate::memory::gc::collect_for(2, crate::abi::_Py_GC_REASON_SHUTDOWN);
    let Some(main) = kept.upgrade() else { return Ok(()) };
    let Some(main) = main.downcast::<Module>() else { return Ok(()) };
    let dict = main.dict();
    // Names with one underscore first, as CPython does.
    for underscored in [true, false] {
        for (key, value) in dict.items_snapshot()? {
            let Some(name) = key.downcast::<Str>() else { continue };
            if value.is_none() || name.eq_str("__builtins__") {
                continue;
            }
            let text = name.to_display();
            let is_private = text.starts_with('_') && !text.starts_with("__");
            if is_private == underscored {
                dict.set_item(key.borrow(), none().borrow())?;
            }
        }
    }
    crate::memory::gc::collect_for(2, crate::abi::_Py_GC_REASON_SHUTDOWN);
    Ok(())
}

/// Ends the process after [`finalize`].
pub fn finalize_and_exit(code: i32) -> ! {
    let failure = finalize();
    std::process::exit(if code == 0 { failure } else { code })
}
