//! `atexit`: functions to call at the end, last registered first.
//!
//! CPython: `Modules/atexitmodule.c`.

use core::cell::RefCell;

use crate::object::args::{Args, KwArgs};
use crate::prelude::*;
use crate::types::exceptions;

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
pub fn run_callbacks_with_data() {
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
