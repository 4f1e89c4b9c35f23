//! Methods of `str` that make new text, in the order of the library reference, and the predicates.

use super::split::Ends;
use super::{Str, ctype};
use crate::prelude::*;

/// The fill character of `center`, `ljust`, `rjust`.
fn fill_char(fillchar: Option<Borrowed<'_, Object>>) -> PyResult<u32> {
    let Some(fillchar) = fillchar else { return Ok(32) };
    let Some(string) = fillchar.downcast::<Str>() else {
        return Err(raise!(TypeError, "The fill character must be a unicode character, not {}", fillchar.type_name()));
    };
    if string.len() != 1 {
        return Err(raise!(TypeError, "The fill character must be exactly one character long"));
    }
    Ok(string.char_at(0))
}

/// How many characters are missing to `width`.
fn missing(this: &Ref<Str>, width: isize) -> usize {
    usize::try_from(width).map_or(0, |width| width.saturating_sub(this.len()))
}

fn strip(this: &Ref<Str>, ends: Ends, chars: Option<Borrowed<'_, Object>>, name: &str) -> PyResult<Ref<Str>> {
    match chars.filter(|chars| !chars.is_none()) {
        None => this.strip_whitespace(ends),
        Some(chars) => match chars.downcast::<Str>() {
            Some(chars) => this.strip_chars(ends, &chars),
            None => Err(raise!(TypeError, "{name} arg must be None or str")),
        },
    }
}

/// The separator of `split`: `None` for white space.
fn separator(sep: Option<Borrowed<'_, Object>>) -> PyResult<Option<Ref<Str>>> {
    match sep.filter(|sep| !sep.is_none()) {
        None => Ok(None),
        Some(sep) => match sep.downcast::<Str>() {
            Some(sep) => Ok(Some(sep.to_owned())),
            None => Err(raise!(TypeError, "must be str or None, not {}", sep.type_name())),
        },
    }
}

/// The separator of `partition`.
fn required_separator(sep: Borrowed<'_, Object>) -> PyResult<Borrowed<'_, Str>> {
    sep.downcast_borrowed::<Str>().ok_or_else(|| raise!(TypeError, "must be str, not {}", sep.type_name()))
}

#[pymethods(part = TEXT_METHODS)]
impl Str {
    #[method(name = "replace", signature = "($self, old, new, /, count=-1)")]
    fn py_replace(this: &Ref<Str>, old: Borrowed<'_, Str>, new: Borrowed<'_, Str>, count: isize) -> PyResult<Ref<Str>> {
        this.replace(&old, &new, count)
    }

    #[method(name = "split", signature = "($self, /, sep=None, maxsplit=-1)")]
    fn py_split(this: &Ref<Str>, sep: Option<Borrowed<'_, Object>>, maxsplit: isize) -> PyResult<Ref<List>> {
        match separator(sep)? {
            None => this.split_whitespace(maxsplit),
            Some(sep) => this.split(&sep, maxsplit),
        }
    }

    #[method(name = "rsplit", signature = "($self, /, sep=None, maxsplit=-1)")]
    fn py_rsplit(this: &Ref<Str>, sep: Option<Borrowed<'_, Object>>, maxsplit: isize) -> PyResult<Ref<List>> {
        match separator(sep)? {
            None => this.rsplit_whitespace(maxsplit),
            Some(sep) => this.rsplit(&sep, maxsplit),
        }
    }

    #[method(name = "join", signature = "($self, iterable, /)")]
    fn py_join(this: &Ref<Str>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        this.join(iterable)
    }

    #[method(signature = "($self, /)")]
    fn capitalize(this: &Ref<Str>) -> PyResult<Ref<Str>> {
        this.to_capitalized()
    }

    #[method(signature = "($self, /)")]
    fn casefold(this: &Ref<Str>) -> PyResult<Ref<Str>> {
        this.to_casefolded()
    }

    #[method(signature = "($self, /)")]
    fn title(this: &Ref<Str>) -> PyResult<Ref<Str>> {
        this.to_titlecase()
    }

    #[method(signature = "($self, width, fillchar=' ', /)")]
    fn center(this: &Ref<Str>, width: isize, fillchar: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        let fill = fill_char(fillchar)?;
        let missing = missing(this, width);
        // The odd one goes to the left where the width is odd too.
        let left = missing / 2 + (missing & width as usize & 1);
        this.pad(left, missing - left, fill)
    }

    #[method(name = "expandtabs", signature = "($self, /, tabsize=8)")]
    fn py_expandtabs(this: &Ref<Str>, tabsize: i32) -> PyResult<Ref<Str>> {
        this.expandtabs(tabsize as isize)
    }

    #[method(name = "partition", signature = "($self, sep, /)")]
    fn py_partition(this: &Ref<Str>, sep: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let sep = required_separator(sep)?;
        this.partition(&sep)
    }

    #[method(signature = "($self, width, fillchar=' ', /)")]
    fn ljust(this: &Ref<Str>, width: isize, fillchar: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        let fill = fill_char(fillchar)?;
        this.pad(0, missing(this, width), fill)
    }

    #[method(signature = "($self, /)")]
    fn lower(this: &Ref<Str>) -> PyResult<Ref<Str>> {
        this.to_lower()
    }

    #[method(signature = "($self, chars=None, /)")]
    fn lstrip(this: &Ref<Str>, chars: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        strip(this, Ends::Left, chars, "lstrip")
    }

    #[method(signature = "($self, width, fillchar=' ', /)")]
    fn rjust(this: &Ref<Str>, width: isize, fillchar: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        let fill = fill_char(fillchar)?;
        this.pad(missing(this, width), 0, fill)
    }

    #[method(signature = "($self, chars=None, /)")]
    fn rstrip(this: &Ref<Str>, chars: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        strip(this, Ends::Right, chars, "rstrip")
    }

    #[method(name = "rpartition", signature = "($self, sep, /)")]
    fn py_rpartition(this: &Ref<Str>, sep: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        let sep = required_separator(sep)?;
        this.rpartition(&sep)
    }

    #[method(name = "splitlines", signature = "($self, /, keepends=False)")]
    fn py_splitlines(this: &Ref<Str>, keepends: bool) -> PyResult<Ref<List>> {
        this.splitlines(keepends)
    }

    #[method(signature = "($self, chars=None, /)")]
    fn strip(this: &Ref<Str>, chars: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        strip(this, Ends::Both, chars, "strip")
    }

    #[method(signature = "($self, /)")]
    fn swapcase(this: &Ref<Str>) -> PyResult<Ref<Str>> {
        this.to_swapped_case()
    }

    #[method(signature = "($self, /)")]
    fn upper(this: &Ref<Str>) -> PyResult<Ref<Str>> {
        this.to_upper()
    }

    #[method(signature = "($self, prefix, /)")]
    fn removeprefix(this: &Ref<Str>, prefix: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        let skip = if this.data().starts_with(prefix.data()) { prefix.len() } else { 0 };
        this.substring(skip..this.len())
    }

    #[method(signature = "($self, suffix, /)")]
    fn removesuffix(this: &Ref<Str>, suffix: Borrowed<'_, Str>) -> PyResult<Ref<Str>> {
        let skip = if this.data().ends_with(suffix.data()) { suffix.len() } else { 0 };
        this.substring(0..this.len() - skip)
    }

    #[method(name = "zfill", signature = "($self, width, /)")]
    fn py_zfill(this: &Ref<Str>, width: isize) -> PyResult<Ref<Str>> {
        this.zfill(width)
    }
}

#[pymethods(part = PREDICATE_METHODS)]
impl Str {
    #[method(signature = "($self, /)")]
    fn isascii(this: &Ref<Str>) -> bool {
        this.is_ascii()
    }

    #[method(signature = "($self, /)")]
    fn islower(this: &Ref<Str>) -> bool {
        this.is_lower()
    }

    #[method(signature = "($self, /)")]
    fn isupper(this: &Ref<Str>) -> bool {
        this.is_upper()
    }

    #[method(signature = "($self, /)")]
    fn istitle(this: &Ref<Str>) -> bool {
        this.is_titlecase()
    }

    #[method(signature = "($self, /)")]
    fn isspace(this: &Ref<Str>) -> bool {
        this.all_chars(ctype::is_space)
    }

    #[method(signature = "($self, /)")]
    fn isdecimal(this: &Ref<Str>) -> bool {
        this.all_chars(ctype::is_decimal)
    }

    #[method(signature = "($self, /)")]
    fn isdigit(this: &Ref<Str>) -> bool {
        this.all_chars(ctype::is_digit)
    }

    #[method(signature = "($self, /)")]
    fn isnumeric(this: &Ref<Str>) -> bool {
        this.all_chars(ctype::is_numeric)
    }

    #[method(signature = "($self, /)")]
    fn isalpha(this: &Ref<Str>) -> bool {
        this.all_chars(ctype::is_alpha)
    }

    #[method(signature = "($self, /)")]
    fn isalnum(this: &Ref<Str>) -> bool {
        this.all_chars(ctype::is_alnum)
    }

    #[method(signature = "($self, /)")]
    fn isidentifier(this: &Ref<Str>) -> bool {
        this.is_identifier()
    }

    #[method(signature = "($self, /)")]
    fn isprintable(this: &Ref<Str>) -> bool {
        this.is_printable()
    }
}
