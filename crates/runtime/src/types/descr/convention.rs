//! The calling conventions of native functions: from a vectorcall to the C function of a `PyMethodDef`.
//!
//! `METH_NOARGS`, `METH_O` and `METH_FASTCALL` take their arguments without a tuple. The same functions serve built-in functions,
//! whose `self` they hold, and method descriptors, whose `self` is the first argument.
//! CPython: `cfunction_vectorcall_*` in `Objects/methodobject.c`, `method_vectorcall_*` in `Objects/descrobject.c`.

use core::mem::transmute;
use core::ptr;

use super::function_text;
use crate::abi::*;
use crate::prelude::*;
use crate::thread;

/// A native function with its `self`, ready to be called.
#[derive(Clone, Copy)]
pub struct Target {
    pub function: PyCFunction,
    pub this: *mut PyObject,
    /// The defining class, for `METH_METHOD`.
    pub class: *mut PyTypeObject,
}

/// Which convention a function has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Convention {
    NoArgs,
    One,
    Fast,
    FastKeywords,
    Method,
    Varargs,
    VarargsKeywords,
}

impl Convention {
    /// From `ml_flags`; `None` for flags that make no convention.
    pub const fn of(flags: c_int) -> Option<Convention> {
        const MASK: c_int = METH_VARARGS | METH_FASTCALL | METH_NOARGS | METH_O | METH_KEYWORDS | METH_METHOD;
        const FAST_KEYWORDS: c_int = METH_FASTCALL | METH_KEYWORDS;
        const METHOD: c_int = METH_METHOD | METH_FASTCALL | METH_KEYWORDS;
        const VARARGS_KEYWORDS: c_int = METH_VARARGS | METH_KEYWORDS;
        Some(match flags & MASK {
            METH_NOARGS => Convention::NoArgs,
            METH_O => Convention::One,
            METH_FASTCALL => Convention::Fast,
            FAST_KEYWORDS => Convention::FastKeywords,
            METHOD => Convention::Method,
            METH_VARARGS => Convention::Varargs,
            VARARGS_KEYWORDS => Convention::VarargsKeywords,
            _ => return None,
        })
    }
}

#[cold]
#[inline(never)]
pub fn no_keywords(callable: *mut PyObject) -> *mut PyObject {
    // SAFETY: called for a live callable.
    let text = function_text(unsafe { Borrowed::from_ptr(callable) });
    raise!(TypeError, "{text} takes no keyword arguments").into_null()
}

#[cold]
#[inline(never)]
fn no_arguments(callable: *mut PyObject, given: usize) -> *mut PyObject {
    // SAFETY: as above.
    let text = function_text(unsafe { Borrowed::from_ptr(callable) });
    raise!(TypeError, "{text} takes no arguments ({given} given)").into_null()
}

#[cold]
#[inline(never)]
fn one_argument(callable: *mut PyObject, given: usize) -> *mut PyObject {
    // SAFETY: as above.
    let text = function_text(unsafe { Borrowed::from_ptr(callable) });
    raise!(TypeError, "{text} takes exactly one argument ({given} given)").into_null()
}

/// Whether there are keyword arguments.
///
/// # Safety
/// `kwnames` is a tuple or null.
#[inline(always)]
pub unsafe fn has_keywords(kwnames: *mut PyObject) -> bool {
    // SAFETY: by contract.
    !kwnames.is_null() && unsafe { !Borrowed::<Tuple>::from_ptr(kwnames).is_empty() }
}

/// Calls `target` with `nargs` positional arguments and the values of `kwnames` behind them. `callable` is for messages.
///
/// # Safety
/// The function has convention `C`; `args` and `kwnames` are as in a vectorcall.
#[inline(always)]
pub unsafe fn invoke<const C: u8>(
    callable: *mut PyObject,
    target: Target,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
) -> *mut PyObject {
    const NO_ARGS: u8 = Convention::NoArgs as u8;
    const ONE: u8 = Convention::One as u8;
    const FAST: u8 = Convention::Fast as u8;
    const FAST_KEYWORDS: u8 = Convention::FastKeywords as u8;
    const METHOD: u8 = Convention::Method as u8;
    const VARARGS: u8 = Convention::Varargs as u8;
    // SAFETY: by contract.
    unsafe {
        if matches!(C, NO_ARGS | ONE | FAST | VARARGS) && has_keywords(kwnames) {
            return no_keywords(callable);
        }
        if C == NO_ARGS && nargs != 0 {
            return no_arguments(callable, nargs);
        }
        if C == ONE && nargs != 1 {
            return one_argument(callable, nargs);
        }
        let Ok(_guard) = thread::enter_recursive(" while calling a Python object") else {
            return ptr::null_mut();
        };
        let Target { function, this, class } = target;
        match C {
            NO_ARGS => function(this, ptr::null_mut()),
            ONE => function(this, *args),
            FAST => transmute::<PyCFunction, PyCFunctionFast>(function)(this, args, nargs as isize),
            FAST_KEYWORDS => {
                transmute::<PyCFunction, PyCFunctionFastWithKeywords>(function)(this, args, nargs as isize, kwnames)
            }
            METHOD => transmute::<PyCFunction, PyCMethod>(function)(this, class, args, nargs as isize, kwnames),
            _ => {
                let Ok(tuple) = Tuple::from_raw_slice(args, nargs) else { return ptr::null_mut() };
                if C == VARARGS {
                    return function(this, tuple.as_ptr());
                }
                let function = transmute::<PyCFunction, PyCFunctionWithKeywords>(function);
                if !has_keywords(kwnames) {
                    return function(this, tuple.as_ptr(), ptr::null_mut());
                }
                match crate::object::protocol::call::pack_keywords(args.add(nargs), Borrowed::from_ptr(kwnames)) {
                    Ok(dict) => function(this, tuple.as_ptr(), dict.as_ptr()),
                    Err(raised) => raised.into_null(),
                }
            }
        }
    }
}

/// Declares one vectorcall function per convention and a function that chooses among them. The body gives the target, the
/// argument vector and its length.
macro_rules! vectorcalls {
    ($choose:ident, $prepare:ident) => {
        unsafe extern "C" fn vectorcall<const C: u8>(
            callable: *mut PyObject,
            args: *const *mut PyObject,
            nargsf: usize,
            kwnames: *mut PyObject,
        ) -> *mut PyObject {
            let nargs = nargsf & !PY_VECTORCALL_ARGUMENTS_OFFSET;
            // SAFETY: a vectorcall; the callable was made with this convention.
            unsafe {
                match $prepare(callable, args, nargs) {
                    Some((target, args, nargs)) => {
                        $crate::types::descr::convention::invoke::<C>(callable, target, args, nargs, kwnames)
                    }
                    None => core::ptr::null_mut(),
                }
            }
        }

        fn $choose(convention: $crate::types::descr::convention::Convention) -> vectorcallfunc {
            use $crate::types::descr::convention::Convention;
            match convention {
                Convention::NoArgs => vectorcall::<{ Convention::NoArgs as u8 }>,
                Convention::One => vectorcall::<{ Convention::One as u8 }>,
                Convention::Fast => vectorcall::<{ Convention::Fast as u8 }>,
                Convention::FastKeywords => vectorcall::<{ Convention::FastKeywords as u8 }>,
                Convention::Method => vectorcall::<{ Convention::Method as u8 }>,
                Convention::Varargs => vectorcall::<{ Convention::Varargs as u8 }>,
                Convention::VarargsKeywords => vectorcall::<{ Convention::VarargsKeywords as u8 }>,
            }
        }
    };
}

pub(crate) use vectorcalls;

/// SystemError for a table row without a convention.
///
/// # Safety
/// `def` is a row with a name.
#[cold]
pub unsafe fn bad_flags(def: *const PyMethodDef) -> Raised {
    // SAFETY: by contract.
    let name = unsafe { CStr::from_ptr((*def).ml_name) }.to_string_lossy();
    raise!(SystemError, "{name}() method: bad call flags")
}
