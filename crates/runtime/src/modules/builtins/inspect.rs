//! Functions that look at names: `dir`, `globals`, `locals`, `vars`.

use super::Builtins;
use crate::prelude::*;
use crate::types::frame;

#[pymethods(part = INSPECT)]
impl Builtins {
    #[function(raw)]
    fn dir(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("dir")?;
        args.check_count("dir", 0, 1)?;
        Ok(dir(args.get(0))?.into_object())
    }

    #[function(signature = "()")]
    fn globals() -> PyResult<Ref<Object>> {
        match current_globals() {
            Some(globals) => Ok(globals.into_object()),
            None => Ok(none()),
        }
    }

    #[function(signature = "()")]
    fn locals() -> PyResult<Ref<Object>> {
        current_locals()
    }

    #[function(raw)]
    fn vars(args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("vars")?;
        args.check_count("vars", 0, 1)?;
        match args.get(0) {
            None => current_locals(),
            Some(object) => match object.lookup_attr(id!("__dict__"))? {
                Some(dict) => Ok(dict),
                None => Err(raise!(TypeError, "vars() argument must have __dict__ attribute")),
            },
        }
    }
}

/// `locals()` of the running Python code.
pub fn current_locals() -> PyResult<Ref<Object>> {
    match frame::current()? {
        Some(frame) => frame::fast_to_locals(&frame),
        None => Err(raise!(SystemError, "frame does not exist")),
    }
}

/// `globals()` of the running Python code; nothing when none runs.
pub fn current_globals() -> Option<Ref<Dict>> {
    // SAFETY: the current thread's frames are live and keep their globals.
    unsafe {
        let frame = crate::interp::frame::first_complete(crate::thread::current().current_frame.get());
        if frame.is_null() { None } else { Ref::from_borrowed_ptr_or_null((*frame).f_globals.get()) }
    }
}

/// The builtins of the running Python code, those of the interpreter when none runs (`PyEval_GetBuiltins`).
pub fn current_builtins() -> Ref<Object> {
    // SAFETY: the current thread's frames are live and keep their builtins.
    let found = unsafe {
        let frame = crate::interp::frame::first_complete(crate::thread::current().current_frame.get());
        if frame.is_null() { None } else { Ref::from_borrowed_ptr_or_null((*frame).f_builtins.get()) }
    };
    found.unwrap_or_else(|| crate::thread::interpreter().builtins_dict().into_object())
}

/// `dir(object)`, sorted; of the local names without an object.
pub fn dir(object: Option<Borrowed<'_, Object>>) -> PyResult<Ref<List>> {
    let names = match object {
        None => {
            let locals = current_locals()?;
            let keys = locals.call_method(id!("keys"), &[])?;
            keys.to_list()?
        }
        Some(object) => {
            let Some(dir) = object.lookup_special(id!("__dir__"))? else {
                return Err(raise!(TypeError, "object does not provide __dir__"));
            };
            dir.call0()?.to_list()?
        }
    };
    names.sort()?;
    Ok(names)
}
