//! `PyArg_ParseTuple` and `PyArg_Parse`: positional arguments alone.

use core::slice;

use super::item::{Cleanups, Misfit, convert};
use super::{Format, Names, plural};
use crate::support::*;
use crate::va::{Arguments, VaList};

// SAFETY of all of these: C passes a format, and arguments that fit it.
capi! {
    fn taipan_arg_parse(
        args: Nullable<'_>,
        format: *const c_char,
        compatible: c_int,
        arguments: *mut Arguments,
    ) -> c_int {
        let outcome = unsafe {
            let arguments = VaList::new(arguments);
            if compatible != 0 { parse_old(args, bytes(format), arguments) } else { parse_tuple(args, bytes(format), arguments) }
        };
        c_int::from(outcome.is_ok())
    }

    fn taipan_arg_parse_stack(
        args: *const *mut PyObject,
        count: isize,
        format: *const c_char,
        arguments: *mut Arguments,
    ) -> c_int {
        let outcome = unsafe { parse(vector(args, count), bytes(format), VaList::new(arguments)) };
        c_int::from(outcome.is_ok())
    }
}

/// A vector of C as handles.
///
/// # Safety
/// `args` holds `count` live objects, or is NULL for none.
pub unsafe fn vector<'a>(args: *const *mut PyObject, count: isize) -> &'a [Borrowed<'a, Object>] {
    if count <= 0 {
        return &[];
    }
    // SAFETY: by contract; a handle is one pointer.
    unsafe { slice::from_raw_parts(args.cast(), count as usize) }
}

unsafe fn parse_tuple(args: Nullable<'_>, format: &[u8], arguments: VaList) -> PyResult<()> {
    let Some(args) = args.and_then(|args| args.downcast_borrowed::<Tuple>()) else {
        return Err(raise!(SystemError, "new style getargs format but argument is not a tuple"));
    };
    // SAFETY: by contract of the callers; the tuple keeps its items.
    unsafe { parse(vector(args.items_ptr(), args.len() as isize), format, arguments) }
}

/// How many arguments a format takes at least and at most.
fn limits(text: &[u8]) -> PyResult<(usize, usize)> {
    let mut format = Format::new(text);
    let (mut max, mut min, mut level) = (0, None, 0usize);
    loop {
        match format.next() {
            0 | b':' | b';' => break,
            b'(' => {
                max += usize::from(level == 0);
                level += 1;
                if level >= 30 {
                    return Err(raise!(SystemError, "too many tuple nesting levels in argument format string"));
                }
            }
            b')' => match level.checked_sub(1) {
                Some(up) => level = up,
                None => return Err(raise!(SystemError, "excess ')' in getargs format")),
            },
            b'|' if level == 0 => min = Some(max),
            character if level == 0 && character.is_ascii_alphabetic() && character != b'e' => max += 1,
            b'e' if level == 0 => {
                max += 1;
                // The letter behind it belongs to it.
                if format.peek().is_ascii_alphabetic() {
                    format.next();
                }
            }
            _ => {}
        }
    }
    if level != 0 {
        return Err(raise!(SystemError, "missing ')' in getargs format"));
    }
    Ok((min.unwrap_or(max), max))
}

/// Raises what a misfit says, unless an exception is set already. `index` is 0 where there is only one argument.
pub fn refuse(index: usize, misfit: &Misfit, names: &Names<'_>) -> Raised {
    if Raised::is_set() {
        return Raised::assume_set();
    }
    let text = match names.message {
        Some(message) => message.to_owned(),
        None => {
            let mut text = names.function.map_or_else(String::new, |function| format!("{function:.200}() "));
            text.push_str("argument");
            if index != 0 {
                text.push_str(&format!(" {index}"));
                for &item in misfit.path.iter().take_while(|&&item| item > 0) {
                    text.push_str(&format!(", item {}", item - 1));
                }
            }
            text.push_str(&format!(" {:.256}", misfit.text));
            text
        }
    };
    if misfit.text.starts_with('(') { raise!(SystemError, "{text}") } else { raise!(TypeError, "{text}") }
}

unsafe fn parse(args: &[Borrowed<'_, Object>], text: &[u8], mut arguments: VaList) -> PyResult<()> {
    let (min, max) = limits(text)?;
    let names = Names::of(text);
    let count = args.len();
    if count < min || count > max {
        return Err(match names.message {
            Some(message) => raise!(TypeError, "{message}"),
            None => {
                let (how, wanted) = match count {
                    _ if min == max => ("exactly", min),
                    count if count < min => ("at least", min),
                    _ => ("at most", max),
                };
                raise!(TypeError, "{} takes {how} {wanted} argument{} ({count} given)", names.shown(), plural(wanted))
            }
        });
    }
    let mut format = Format::new(text);
    let mut cleanups = Cleanups::default();
    for (index, &argument) in args.iter().enumerate() {
        format.skip_if(b'|');
        // SAFETY: by contract of the callers.
        if let Err(misfit) = unsafe { convert(argument, &mut format, &mut arguments, &mut cleanups) } {
            return Err(refuse(index + 1, &misfit, &names));
        }
    }
    let rest = format.peek();
    if rest != 0 && !rest.is_ascii_alphabetic() && !matches!(rest, b'(' | b'|' | b':' | b';') {
        return Err(raise!(SystemError, "bad format string: {:.200}", String::from_utf8_lossy(text)));
    }
    cleanups.keep();
    Ok(())
}

/// `PyArg_Parse`: one argument that stands by itself.
unsafe fn parse_old(argument: Nullable<'_>, text: &[u8], mut arguments: VaList) -> PyResult<()> {
    let (min, max) = limits(text)?;
    let names = Names::of(text);
    match (min, max) {
        (_, 0) => match argument {
            None => Ok(()),
            Some(_) => Err(raise!(TypeError, "{} takes no arguments", names.shown())),
        },
        (1, 1) => {
            let Some(argument) = argument else {
                return Err(raise!(TypeError, "{} takes at least one argument", names.shown()));
            };
            let mut cleanups = Cleanups::default();
            let mut format = Format::new(text);
            // SAFETY: by contract of the callers.
            match unsafe { convert(argument, &mut format, &mut arguments, &mut cleanups) } {
                Ok(()) => {
                    cleanups.keep();
                    Ok(())
                }
                Err(misfit) => Err(refuse(0, &misfit, &names)),
            }
        }
        _ => Err(raise!(SystemError, "old style getargs format uses new features")),
    }
}
