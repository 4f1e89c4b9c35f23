//! Arguments by position and by keyword: `PyArg_ParseTupleAndKeywords` and its fast forms.

use std::borrow::Cow;

use taipan_runtime::object::args::suggest::closest_name;
use taipan_runtime::types::str::StrBuilder;

use super::item::{Cleanups, convert, skip};
use super::positional::{refuse, vector};
use super::{Format, Names, plural};
use crate::support::*;
use crate::va::{Arguments, VaList};

// SAFETY of all of these: C passes a format, a table of names that ends with NULL, and arguments that fit them.
capi! {
    fn taipan_arg_parse_keywords(
        args: Nullable<'_>,
        keywords: Nullable<'_>,
        format: *const c_char,
        names: *const *const c_char,
        arguments: *mut Arguments,
    ) -> c_int {
        let outcome = (|| -> PyResult<()> {
            if format.is_null() || names.is_null() {
                return Err(bad_internal_call());
            }
            unsafe {
                parse(&Given::of_tuple(args, keywords)?, bytes(format), &parameters(names)?, VaList::new(arguments))
            }
        })();
        c_int::from(outcome.is_ok())
    }

    fn taipan_arg_parse_fast(
        args: Nullable<'_>,
        keywords: Nullable<'_>,
        parser: *mut _PyArg_Parser,
        arguments: *mut Arguments,
    ) -> c_int {
        let outcome = (|| -> PyResult<()> {
            unsafe { parse_with(&Given::of_tuple(args, keywords)?, parser, VaList::new(arguments)) }
        })();
        c_int::from(outcome.is_ok())
    }

    fn taipan_arg_parse_stack_fast(
        args: *const *mut PyObject,
        count: isize,
        names: Nullable<'_>,
        parser: *mut _PyArg_Parser,
        arguments: *mut Arguments,
    ) -> c_int {
        let outcome = (|| -> PyResult<()> {
            let names = match names {
                None => None,
                Some(names) => Some(expect::<Tuple>(names)?),
            };
            unsafe {
                let keywords = names.map_or(Keywords::Dict(None), |names| Keywords::Vector(names, args.offset(count)));
                parse_with(&Given { args: vector(args, count), keywords }, parser, VaList::new(arguments))
            }
        })();
        c_int::from(outcome.is_ok())
    }

    fn PyArg_ValidateKeywordArguments(keywords: Borrowed<'_, Object>) -> c_int {
        let check = || -> PyResult<()> {
            if !expect::<Dict>(keywords)?.has_only_str_keys() {
                return Err(raise!(TypeError, "keywords must be strings"));
            }
            Ok(())
        };
        c_int::from(check().is_ok())
    }
}

/// Arguments by keyword, in either form of a call.
#[derive(Clone, Copy)]
pub enum Keywords<'a> {
    Dict(Option<Borrowed<'a, Dict>>),
    /// Names, and where their values begin.
    Vector(Borrowed<'a, Tuple>, *const *mut PyObject),
}

impl<'a> Keywords<'a> {
    pub fn count(&self) -> usize {
        match self {
            Keywords::Dict(dict) => dict.map_or(0, |dict| dict.len()),
            Keywords::Vector(names, _) => names.len(),
        }
    }

    /// The value of a name. It stays alive as long as the caller's arguments do.
    pub fn find(&self, name: &str) -> PyResult<Option<Borrowed<'a, Object>>> {
        match self {
            Keywords::Dict(None) => Ok(None),
            Keywords::Dict(Some(dict)) => {
                let found = dict.get(Str::intern_str(name)?.borrow())?;
                // SAFETY: the dict keeps the value while the arguments are parsed, as in CPython.
                Ok(found.map(|value| unsafe { Borrowed::from_ptr(value.as_ptr()) }))
            }
            Keywords::Vector(names, values) => {
                for (index, given) in names.iter().enumerate() {
                    if given.downcast::<Str>().is_some_and(|given| given.eq_str(name)) {
                        // SAFETY: one value per name.
                        return Ok(Some(unsafe { Borrowed::from_ptr(*values.add(index)) }));
                    }
                }
                Ok(None)
            }
        }
    }

    pub fn names(&self) -> PyResult<Vec<Ref<Object>>> {
        match self {
            Keywords::Dict(None) => Ok(Vec::new()),
            Keywords::Dict(Some(dict)) => dict.keys_snapshot(),
            Keywords::Vector(names, _) => Ok(names.iter().map(|name| name.to_owned()).collect()),
        }
    }
}

/// What a function was called with.
pub struct Given<'a> {
    pub args: &'a [Borrowed<'a, Object>],
    pub keywords: Keywords<'a>,
}

impl<'a> Given<'a> {
    /// From a tuple, and a dict or NULL.
    fn of_tuple(args: Nullable<'a>, keywords: Nullable<'a>) -> PyResult<Given<'a>> {
        let args = args.and_then(|args| args.downcast_borrowed::<Tuple>()).ok_or_else(bad_internal_call)?;
        let keywords = Keywords::Dict(keywords.map(expect::<Dict>).transpose()?);
        // SAFETY: the items of a tuple that lives as long as the call.
        Ok(Given { args: unsafe { vector(args.items_ptr(), args.len() as isize) }, keywords })
    }

    /// TypeError: more arguments than there are parameters, `total`.
    #[cold]
    pub fn too_many(&self, shown: &str, total: usize) -> Raised {
        // "keyword" keeps the count apart from that of positional arguments, of which there are none.
        let kind = if self.args.is_empty() { "keyword " } else { "" };
        let (plural, given) = (plural(total), self.args.len() + self.keywords.count());
        raise!(TypeError, "{shown} takes at most {total} {kind}argument{plural} ({given} given)")
    }
}

/// The names of parameters; the first ones are empty for positional-only parameters.
pub struct Parameters<'a> {
    pub names: Vec<Cow<'a, str>>,
    /// The same as C has them, which may be no UTF-8.
    raw: Vec<&'a [u8]>,
    pub positional_only: usize,
}

impl Parameters<'_> {
    /// A name that keywords are compared with: UnicodeDecodeError where that cannot be.
    fn comparable(&self, index: usize) -> PyResult<&str> {
        if core::str::from_utf8(self.raw[index]).is_err() {
            string_of(self.raw[index])?;
        }
        Ok(&self.names[index])
    }
}

/// # Safety
/// `names` is a table of C strings that ends with NULL.
pub unsafe fn parameters<'a>(names: *const *const c_char) -> PyResult<Parameters<'a>> {
    let mut found = Parameters { names: Vec::new(), raw: Vec::new(), positional_only: 0 };
    let mut at = names;
    // SAFETY: by contract.
    unsafe {
        while !(*at).is_null() {
            let name = lossy(*at);
            if name.is_empty() {
                if found.names.len() > found.positional_only {
                    return Err(raise!(SystemError, "Empty keyword parameter name"));
                }
                found.positional_only += 1;
            }
            found.names.push(name);
            found.raw.push(bytes(*at));
            at = at.add(1);
        }
    }
    Ok(found)
}

unsafe fn parse_with(given: &Given<'_>, parser: *mut _PyArg_Parser, arguments: VaList) -> PyResult<()> {
    // SAFETY: C passes a parser with names and a format.
    unsafe {
        if parser.is_null() {
            return Err(bad_internal_call());
        }
        let names = parameters((*parser).keywords.get())?;
        let format = (*parser).format.get();
        if format.is_null() {
            return Err(bad_internal_call());
        }
        parse(given, bytes(format), &names, arguments)
    }
}

unsafe fn parse(given: &Given<'_>, text: &[u8], parameters: &Parameters<'_>, mut arguments: VaList) -> PyResult<()> {
    let names = Names::of(text);
    let shown = names.shown();
    let (total, positional_only) = (parameters.names.len(), parameters.positional_only);
    let count = given.args.len();
    let mut keywords_left = given.keywords.count();
    if count + keywords_left > total {
        return Err(given.too_many(&shown, total));
    }
    let mut format = Format::new(text);
    let mut cleanups = Cleanups::default();
    let (mut min, mut max): (Option<usize>, Option<usize>) = (None, None);
    // A positional-only argument is missing: how many are wanted is known further on.
    let mut too_few = false;
    let mut index = 0;
    while index < total {
        if format.skip_if(b'|') {
            if min.is_some() {
                return Err(raise!(SystemError, "Invalid format string (| specified twice)"));
            }
            min = Some(index);
            if max.is_some() {
                return Err(raise!(SystemError, "Invalid format string ($ before |)"));
            }
        }
        if format.skip_if(b'$') {
            if max.is_some() {
                return Err(raise!(SystemError, "Invalid format string ($ specified twice)"));
            }
            max = Some(index);
            if index < positional_only {
                return Err(raise!(SystemError, "Empty parameter name after $"));
            }
            if too_few {
                break;
            }
            if index < count {
                if index == 0 {
                    return Err(raise!(TypeError, "{shown} takes no positional arguments"));
                }
                return Err(raise!(
                    TypeError,
                    "{shown} takes {} {index} positional argument{} ({count} given)",
                    if min.is_some() { "at most" } else { "exactly" },
                    plural(index)
                ));
            }
        }
        if format.is_end() {
            return Err(raise!(SystemError, "More keyword list entries ({total}) than format specifiers ({index})"));
        }
        if !too_few {
            let name: &str = &parameters.names[index];
            let argument = if let Some(&argument) = given.args.get(index) {
                Some(argument)
            } else if keywords_left > 0 && index >= positional_only {
                let found = given.keywords.find(parameters.comparable(index)?)?;
                keywords_left -= usize::from(found.is_some());
                found
            } else {
                None
            };
            if let Some(argument) = argument {
                // SAFETY: by contract of the callers.
                if let Err(misfit) = unsafe { convert(argument, &mut format, &mut arguments, &mut cleanups) } {
                    return Err(refuse(index + 1, &misfit, &names));
                }
                index += 1;
                continue;
            }
            if min.is_none_or(|min| index < min) {
                if index < positional_only {
                    too_few = true;
                } else {
                    return Err(raise!(TypeError, "{shown} missing required argument '{name}' (pos {})", index + 1));
                }
            }
            if keywords_left == 0 && !too_few {
                cleanups.keep();
                return Ok(());
            }
        }
        let start = format;
        if let Err(message) = skip(&mut format, Some(&mut arguments)) {
            return Err(raise!(SystemError, "{message}: '{}'", start.rest()));
        }
        index += 1;
    }
    if too_few {
        let wanted = min.map_or(positional_only, |min| min.min(positional_only));
        return Err(raise!(
            TypeError,
            "{shown} takes {} {wanted} positional argument{} ({count} given)",
            if wanted < index { "at least" } else { "exactly" },
            plural(wanted)
        ));
    }
    if !format.is_end() && !matches!(format.peek(), b'|' | b'$') {
        return Err(raise!(
            SystemError,
            "more argument specifiers than keyword list entries (remaining format:'{}')",
            format.rest()
        ));
    }
    if keywords_left > 0 {
        return Err(leftover(given, parameters, &shown, &names.shown_or("this function")));
    }
    cleanups.keep();
    Ok(())
}

/// The error where keywords are left that no parameter took.
#[cold]
pub fn leftover(given: &Given<'_>, parameters: &Parameters<'_>, shown: &str, this: &str) -> Raised {
    let find = || -> PyResult<Raised> {
        for index in parameters.positional_only..given.args.len().min(parameters.names.len()) {
            let name: &str = &parameters.names[index];
            if given.keywords.find(name)?.is_some() {
                return Ok(raise!(
                    TypeError,
                    "argument for {shown} given by name ('{name}') and position ({})",
                    index + 1
                ));
            }
        }
        let known = parameters.names.get(parameters.positional_only..).unwrap_or_default();
        for keyword in given.keywords.names()? {
            let Some(keyword) = keyword.downcast::<Str>() else {
                return Ok(raise!(TypeError, "keywords must be strings"));
            };
            if known.iter().any(|name| keyword.eq_str(name)) {
                continue;
            }
            let text = keyword.to_display();
            return Ok(match closest_name(known.iter().map(|name| name.as_ref()), &text) {
                Some(close) => {
                    raise!(TypeError, "{this} got an unexpected keyword argument '{text}'. Did you mean '{close}'?")
                }
                None => unexpected(this, &keyword)?,
            });
        }
        Ok(raise!(TypeError, "invalid keyword argument for {this}"))
    };
    find().unwrap_or_else(|raised| raised)
}

/// The message with the keyword as it is, lone surrogates included.
fn unexpected(this: &str, keyword: &Ref<Str>) -> PyResult<Raised> {
    let mut text = StrBuilder::new();
    text.push_str(this)?;
    text.push_str(" got an unexpected keyword argument '")?;
    text.push_object(keyword)?;
    text.push_str("'")?;
    Ok(raise!(TypeError, object: text.finish()?))
}
