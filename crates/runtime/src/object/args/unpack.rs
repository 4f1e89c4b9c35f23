//! Sorting arguments into the places of a signature.
//!
//! CPython: `_PyArg_CheckPositional`, `_PyArg_NoKeywords`, `_PyArg_UnpackKeywords`, `_PyArg_UnpackKeywordsWithVararg`.

use super::spec::ArgSpec;
use super::suggest::closest_name;
use crate::abi::{PyObject, PyTupleObject};
use crate::prelude::*;
use crate::types::str::scan;

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// The names of a `kwnames` tuple, empty for null.
///
/// # Safety
/// `kwnames` is null or a live tuple, which outlives the slice.
#[inline(always)]
pub(super) unsafe fn keyword_names<'a>(kwnames: *mut PyObject) -> &'a [*mut PyObject] {
    if kwnames.is_null() {
        return &[];
    }
    // SAFETY: a tuple's items follow its head; a tuple of names never changes.
    unsafe {
        let tuple = kwnames.cast::<PyTupleObject>();
        let length = (*tuple).ob_base.ob_size.get();
        core::slice::from_raw_parts((&raw const (*tuple).ob_item).cast(), length as usize)
    }
}

/// # Safety
/// `name` is a live object.
pub(super) unsafe fn is_name(name: *mut PyObject, text: &str) -> bool {
    // SAFETY: by contract.
    let name: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(name) };
    name.downcast::<Str>().is_some_and(|name| name.eq_str(text))
}

/// Whether a function that takes positional arguments alone gets the right number of them.
#[inline(always)]
pub fn check_positional(spec: &ArgSpec, nargs: isize) -> bool {
    let nargs = nargs as usize;
    if nargs >= usize::from(spec.required) && (nargs <= usize::from(spec.pos) || spec.varargs) {
        return true;
    }
    let _raised = wrong_count(spec.function, nargs, usize::from(spec.required), usize::from(spec.pos), spec.varargs);
    false
}

/// `_PyArg_CheckPositional` for functions that take their arguments raw.
pub fn check_positional_range(function: &str, nargs: usize, min: usize, max: usize) -> PyResult<()> {
    if nargs >= min && nargs <= max { Ok(()) } else { Err(wrong_count(function, nargs, min, max, false)) }
}

#[cold]
#[inline(never)]
fn wrong_count(function: &str, nargs: usize, min: usize, max: usize, varargs: bool) -> Raised {
    let exact = min == max && !varargs;
    let (bound, what) = if nargs < min { (min, "at least ") } else { (max, "at most ") };
    raise!(
        TypeError,
        "{function} expected {}{bound} argument{}, got {nargs}",
        if exact { "" } else { what },
        plural(bound)
    )
}

/// The same for constructors, which get keywords although they take none.
///
/// # Safety
/// `kwnames` is null or a live tuple.
pub unsafe fn check_constructor(spec: &ArgSpec, nargs: isize, kwnames: *mut PyObject) -> bool {
    // SAFETY: by contract.
    if unsafe { !keyword_names(kwnames).is_empty() } {
        let _raised = raise!(TypeError, "{}() takes no keyword arguments", spec.function);
        return false;
    }
    if spec.names.is_empty() && !spec.varargs && nargs > 0 {
        let _raised = raise!(TypeError, "{}() takes no positional arguments", spec.function);
        return false;
    }
    check_positional(spec, nargs)
}

/// The whole check of a method that takes nothing, but by a convention with keywords.
///
/// # Safety
/// `kwnames` is null or a live tuple.
pub unsafe fn check_no_arguments(function: &str, nargs: isize, kwnames: *mut PyObject) -> bool {
    // SAFETY: by contract.
    let fits = nargs == 0 && unsafe { keyword_names(kwnames).is_empty() };
    if !fits {
        let _raised = raise!(TypeError, "{function}() takes no arguments");
    }
    fits
}

/// Fills `out`, one place per name of `spec`, with borrowed pointers; null where nothing was given. False with an
/// exception set when the arguments do not fit. What goes to `*args` and `**kwargs` is left where it stands.
///
/// # Safety
/// `args` holds `nargs` objects and then one per name of `kwnames`, a tuple or null; `out` is as long as `spec.names`
/// and holds nulls.
pub unsafe fn unpack(
    spec: &ArgSpec,
    args: *const *mut PyObject,
    nargs: isize,
    kwnames: *mut PyObject,
    out: &mut [*mut PyObject],
) -> bool {
    let nargs = nargs as usize;
    let pos = usize::from(spec.pos);
    // SAFETY: by contract.
    unsafe {
        if keyword_names(kwnames).is_empty()
            && spec.required_kwonly == 0
            && nargs >= usize::from(spec.required)
            && (nargs <= pos || spec.varargs)
        {
            scan::copy_short(args.cast(), out.as_mut_ptr().cast(), nargs.min(pos) * size_of::<*mut PyObject>());
            return true;
        }
        unpack_slow(spec, args, nargs, kwnames, out).is_ok()
    }
}

/// How messages call the function: a constructor of the old kind has no name.
fn call_name(spec: &ArgSpec) -> String {
    if spec.function.is_empty() { "function".to_owned() } else { format!("{}()", spec.function) }
}

#[inline(never)]
unsafe fn unpack_slow(
    spec: &ArgSpec,
    args: *const *mut PyObject,
    nargs: usize,
    kwnames: *mut PyObject,
    out: &mut [*mut PyObject],
) -> PyResult<()> {
    let function = call_name(spec);
    let (pos, posonly, required) = (usize::from(spec.pos), usize::from(spec.posonly), usize::from(spec.required));
    let total = spec.names.len();
    // SAFETY: by contract.
    let names = unsafe { keyword_names(kwnames) };
    if !spec.varargs && !spec.varkw && nargs + names.len() > total {
        // "keyword" keeps the count apart from that of positional arguments, of which there are none.
        return Err(raise!(
            TypeError,
            "{function} takes at most {total} {}argument{} ({} given)",
            if nargs == 0 { "keyword " } else { "" },
            plural(total),
            nargs + names.len()
        ));
    }
    if !spec.varargs && nargs > pos {
        if pos == 0 {
            return Err(raise!(TypeError, "{function} takes no positional arguments"));
        }
        return Err(raise!(
            TypeError,
            "{function} takes {} {pos} positional argument{} ({nargs} given)",
            if required < pos { "at most" } else { "exactly" },
            plural(pos)
        ));
    }
    let required_by_position = posonly.min(required);
    if nargs < required_by_position {
        return Err(raise!(
            TypeError,
            "{function} takes {} {required_by_position} positional argument{} ({nargs} given)",
            if required_by_position < pos { "at least" } else { "exactly" },
            plural(required_by_position)
        ));
    }
    let given = nargs.min(pos);
    let mut left = names.len();
    for (index, place) in out.iter_mut().enumerate().take(total) {
        if index < given {
            // SAFETY: `args` holds at least `given` objects.
            *place = unsafe { *args.add(index) };
            continue;
        }
        let name = spec.names[index];
        if index >= posonly && left > 0 {
            // SAFETY: names are live, and one value per name follows the positional arguments.
            unsafe {
                if let Some(found) = names.iter().position(|&given| is_name(given, name)) {
                    *place = *args.add(nargs + found);
                    left -= 1;
                    continue;
                }
            }
        }
        let needed = if index < pos { index < required } else { index - pos < usize::from(spec.required_kwonly) };
        if needed {
            return Err(raise!(TypeError, "{function} missing required argument '{name}' (pos {})", index + 1));
        }
    }
    if left > 0 {
        // SAFETY: by contract.
        unsafe { leftover_keywords(spec, given, names)? };
    }
    Ok(())
}

/// Complains of keywords that no place took: given twice, or unknown where there is no `**kwargs`.
///
/// # Safety
/// `names` are live objects.
#[cold]
#[inline(never)]
unsafe fn leftover_keywords(spec: &ArgSpec, given: usize, names: &[*mut PyObject]) -> PyResult<()> {
    let function = call_name(spec);
    let unexpected = if spec.function.is_empty() { "this function" } else { function.as_str() };
    for index in usize::from(spec.posonly)..given {
        let name = spec.names[index];
        // SAFETY: by contract.
        if names.iter().any(|&given| unsafe { is_name(given, name) }) {
            return Err(raise!(
                TypeError,
                "argument for {function} given by name ('{name}') and position ({})",
                index + 1
            ));
        }
    }
    for &keyword in names {
        // SAFETY: by contract.
        let keyword: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(keyword) };
        let Some(keyword) = keyword.downcast::<Str>() else {
            return Err(raise!(TypeError, "keywords must be strings"));
        };
        if spec.varkw || spec.keywords().iter().any(|name| keyword.eq_str(name)) {
            continue;
        }
        let text = keyword.to_display();
        return Err(match closest_name(spec.keywords().iter().copied(), &text) {
            Some(close) => {
                raise!(TypeError, "{unexpected} got an unexpected keyword argument '{text}'. Did you mean '{close}'?")
            }
            None => raise!(TypeError, "{unexpected} got an unexpected keyword argument '{text}'"),
        });
    }
    if spec.varkw {
        return Ok(());
    }
    Err(raise!(TypeError, "invalid keyword argument for {function}"))
}
