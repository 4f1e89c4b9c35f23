//! `PyArg_UnpackTuple`, and what Argument Clinic's generated code calls: `_PyArg_UnpackKeywords` and its neighbours.

use core::ptr;

use super::keywords::{Given, Keywords, leftover, parameters};
use super::plural;
use super::positional::vector;
use crate::support::*;
use crate::va::{Arguments, VaList};

// SAFETY of all of these: C passes vectors with as many objects as it says, and places for as many.
capi! {
    fn taipan_arg_unpack_tuple(
        args: Nullable<'_>,
        name: *const c_char,
        min: isize,
        max: isize,
        arguments: *mut Arguments,
    ) -> c_int {
        let Some(args) = args.and_then(|args| args.downcast_borrowed::<Tuple>()) else {
            let _raised = raise!(SystemError, "PyArg_UnpackTuple() argument list is not a tuple");
            return 0;
        };
        if !unsafe { check_positional(name, args.len() as isize, min, max) } {
            return 0;
        }
        let mut arguments = unsafe { VaList::new(arguments) };
        for item in args.iter() {
            let place: *mut *mut PyObject = arguments.pointer();
            unsafe { *place = item.as_ptr() };
        }
        1
    }

    fn _PyArg_CheckPositional(name: *const c_char, count: isize, min: isize, max: isize) -> c_int {
        c_int::from(unsafe { check_positional(name, count, min, max) })
    }

    fn _PyArg_NoPositional(name: *const c_char, args: Nullable<'_>) -> c_int {
        let Some(args) = args else { return 1 };
        let _raised = match args.downcast_exact::<Tuple>() {
            None => bad_internal_call(),
            Some(args) if args.is_empty() => return 1,
            Some(_) => raise!(TypeError, "{:.200}() takes no positional arguments", unsafe { lossy(name) }),
        };
        0
    }

    fn _PyArg_NoKeywords(name: *const c_char, keywords: Nullable<'_>) -> c_int {
        let Some(keywords) = keywords else { return 1 };
        let _raised = match keywords.downcast_exact::<Dict>() {
            None => bad_internal_call(),
            Some(keywords) if keywords.is_empty() => return 1,
            Some(_) => raise!(TypeError, "{:.200}() takes no keyword arguments", unsafe { lossy(name) }),
        };
        0
    }

    fn _PyArg_NoKwnames(name: *const c_char, names: Nullable<'_>) -> c_int {
        let Some(names) = names else { return 1 };
        if names.downcast_exact::<Tuple>().is_some_and(|names| names.is_empty()) {
            return 1;
        }
        let _raised = raise!(TypeError, "{:.200}() takes no keyword arguments", unsafe { lossy(name) });
        0
    }

    fn _PyArg_BadArgument(
        function: *const c_char,
        argument: *const c_char,
        expected: *const c_char,
        object: Borrowed<'_, Object>,
    ) {
        let _raised = unsafe {
            raise!(
                TypeError,
                "{:.200}() {:.200} must be {:.50}, not {}",
                lossy(function),
                lossy(argument),
                lossy(expected),
                super::type_text(object)
            )
        };
    }

    fn _PyArg_UnpackKeywords(
        args: *const *mut PyObject,
        count: isize,
        keywords: Nullable<'_>,
        names: Nullable<'_>,
        parser: *mut _PyArg_Parser,
        min: c_int,
        max: c_int,
        min_keywords: c_int,
        varargs: c_int,
        places: *mut *mut PyObject,
    ) -> *const *mut PyObject {
        let unpack = || -> PyResult<*const *mut PyObject> {
            if args.is_null() && count > 0 || parser.is_null() {
                return Err(bad_internal_call());
            }
            unsafe {
                let given_keywords = match (keywords, names) {
                    (Some(dict), _) => Keywords::Dict(Some(expect::<Dict>(dict)?)),
                    (None, Some(names)) => Keywords::Vector(expect::<Tuple>(names)?, args.offset(count)),
                    (None, None) => Keywords::Dict(None),
                };
                let given = Given { args: vector(args, count), keywords: given_keywords };
                let limits = Limits {
                    min: min as usize,
                    max: max as usize,
                    min_keywords: min_keywords as usize,
                    varargs: varargs != 0,
                };
                unpack_keywords(args, &given, parser, &limits, places)
            }
        };
        unpack().unwrap_or(ptr::null())
    }
}

unsafe fn check_positional(name: *const c_char, count: isize, min: isize, max: isize) -> bool {
    // SAFETY: NULL or a C string.
    let name = unsafe { lossy(name) };
    let is_few = count < min;
    if !is_few && count <= max {
        return true;
    }
    let wanted = if is_few { min } else { max };
    let how = match (min == max, is_few) {
        (true, _) => "",
        (false, true) => "at least ",
        (false, false) => "at most ",
    };
    let _raised = if name.is_empty() {
        raise!(
            TypeError,
            "unpacked tuple should have {how}{wanted} element{}, but has {count}",
            plural(wanted as usize)
        )
    } else {
        raise!(TypeError, "{name:.200} expected {how}{wanted} argument{}, got {count}", plural(wanted as usize))
    };
    false
}

struct Limits {
    min: usize,
    max: usize,
    min_keywords: usize,
    varargs: bool,
}

/// Puts each argument at the place of its parameter; the vector itself where nothing has to move.
unsafe fn unpack_keywords(
    args: *const *mut PyObject,
    given: &Given<'_>,
    parser: *mut _PyArg_Parser,
    limits: &Limits,
    places: *mut *mut PyObject,
) -> PyResult<*const *mut PyObject> {
    let mut keywords_left = given.keywords.count();
    let count = given.args.len();
    if keywords_left == 0 && limits.min_keywords == 0 && limits.min <= count && (count <= limits.max || limits.varargs)
    {
        // The places behind the last argument are looked at as well, where there are optional ones.
        if count >= limits.max {
            return Ok(args);
        }
    }
    // SAFETY: C passes a parser with names, and a place for each of them.
    unsafe {
        let parameters = parameters((*parser).keywords.get())?;
        let total = parameters.names.len();
        let positional_only = parameters.positional_only;
        let shown = format!("{:.200}()", lossy((*parser).fname.get()));
        let required = if limits.min_keywords > 0 { limits.max + limits.min_keywords } else { limits.min };
        if !limits.varargs && count + keywords_left > total {
            return Err(given.too_many(&shown, total));
        }
        if !limits.varargs && count > limits.max {
            if limits.max == 0 {
                return Err(raise!(TypeError, "{shown} takes no positional arguments"));
            }
            return Err(raise!(
                TypeError,
                "{shown} takes {} {} positional argument{} ({count} given)",
                if limits.min < limits.max { "at most" } else { "exactly" },
                limits.max,
                plural(limits.max)
            ));
        }
        let by_position = positional_only.min(limits.min);
        if count < by_position {
            return Err(raise!(
                TypeError,
                "{shown} takes {} {by_position} positional argument{} ({count} given)",
                if by_position < limits.max { "at least" } else { "exactly" },
                plural(by_position)
            ));
        }
        let direct = count.min(if limits.varargs { limits.max } else { count }).min(total);
        for index in 0..direct {
            *places.add(index) = given.args[index].as_ptr();
        }
        for index in direct..total {
            let name: &str = &parameters.names[index];
            let found = if keywords_left > 0 && index >= positional_only { given.keywords.find(name)? } else { None };
            *places.add(index) = found.map_or(ptr::null_mut(), |value| value.as_ptr());
            if found.is_some() {
                keywords_left -= 1;
                continue;
            }
            let is_required = index < limits.min || (index >= limits.max && index < required);
            if is_required {
                return Err(raise!(TypeError, "{shown} missing required argument '{name}' (pos {})", index + 1));
            }
        }
        if keywords_left > 0 {
            return Err(leftover(given, &parameters, &shown, &shown));
        }
    }
    Ok(places)
}
