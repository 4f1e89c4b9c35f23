//! Parts of strings: find, count, split, join, replace.

use taipan_runtime::prelude::*;
use taipan_runtime::types::str::{search, translate};

use super::{bad_argument, ensured};
use crate::outcome::{bad_internal_call, given};
use crate::parameters::{CText, handler};

/// A range as the methods of `str` take it: negative ends count from the end. `None` where the start lies behind the end.
fn range(length: usize, start: isize, end: isize) -> Option<core::ops::Range<usize>> {
    let length = length as isize;
    let wrap = |at: isize| if at < 0 { (at + length).max(0) } else { at };
    let (start, end) = (wrap(start), wrap(end.min(length)));
    (start <= end).then_some(start as usize..end as usize)
}

/// -2 for an error, -1 for "not there".
fn place(found: PyResult<Option<usize>>) -> isize {
    match found {
        Ok(found) => found.map_or(-1, |at| at as isize),
        Err(_raised) => -2,
    }
}

capi! {
    fn PyUnicode_Find(
        string: Borrowed<'_, Object>, part: Borrowed<'_, Object>, start: isize, end: isize, direction: c_int,
    ) -> isize {
        place((|| {
            let (string, part) = (ensured(string)?, ensured(part)?);
            Ok(range(string.len(), start, end)
                .and_then(|range| if direction > 0 { string.find(&part, range) } else { string.rfind(&part, range) }))
        })())
    }

    fn PyUnicode_FindChar(string: Borrowed<'_, Object>, c: u32, start: isize, end: isize, direction: c_int) -> isize {
        place((|| {
            let string = ensured(string)?;
            let Some(range) = range(string.len(), start, end) else { return Ok(None) };
            let first = range.start;
            let data = string.data().range(range);
            let found = if direction > 0 { search::find_char(data, c) } else { search::rfind_char(data, c) };
            Ok(found.map(|at| at + first))
        })())
    }

    fn PyUnicode_Count(string: Borrowed<'_, Object>, part: Borrowed<'_, Object>, start: isize, end: isize) -> PyResult<isize> {
        let (string, part) = (ensured(string)?, ensured(part)?);
        let Some(range) = range(string.len(), start, end) else { return Ok(0) };
        if part.is_empty() {
            return Ok(range.len() as isize + 1);
        }
        Ok(search::count(string.data().range(range), part.data(), usize::MAX) as isize)
    }

    fn PyUnicode_Tailmatch(
        string: Borrowed<'_, Object>, part: Borrowed<'_, Object>, start: isize, end: isize, direction: c_int,
    ) -> PyResult<isize> {
        let (string, part) = (ensured(string)?, ensured(part)?);
        let Some(range) = range(string.len(), start, end) else { return Ok(0) };
        let data = string.data().range(range);
        let matches = if direction > 0 { data.ends_with(part.data()) } else { data.starts_with(part.data()) };
        Ok(matches.into())
    }

    fn PyUnicode_Contains(string: Borrowed<'_, Object>, part: Borrowed<'_, Object>) -> PyResult<bool> {
        let Some(part) = part.downcast::<Str>() else {
            return Err(raise!(TypeError, "'in <string>' requires string as left operand, not {}", part.type_name()));
        };
        Ok(search::find(ensured(string)?.data(), part.data()).is_some())
    }

    fn PyUnicode_Split(string: Borrowed<'_, Object>, separator: Option<Borrowed<'_, Object>>, most: isize) -> PyResult<Ref<List>> {
        let string = ensured(string)?;
        match separator {
            Some(separator) => string.split(&*ensured(separator)?, most),
            None => string.split_whitespace(most),
        }
    }

    fn PyUnicode_RSplit(string: Borrowed<'_, Object>, separator: Option<Borrowed<'_, Object>>, most: isize) -> PyResult<Ref<List>> {
        let string = ensured(string)?;
        match separator {
            Some(separator) => string.rsplit(&*ensured(separator)?, most),
            None => string.rsplit_whitespace(most),
        }
    }

    fn PyUnicode_Splitlines(string: Borrowed<'_, Object>, keep_ends: c_int) -> PyResult<Ref<List>> {
        ensured(string)?.splitlines(keep_ends != 0)
    }

    fn PyUnicode_Partition(string: Borrowed<'_, Object>, separator: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        ensured(string)?.partition(&*ensured(separator)?)
    }

    fn PyUnicode_RPartition(string: Borrowed<'_, Object>, separator: Borrowed<'_, Object>) -> PyResult<Ref<Tuple>> {
        ensured(string)?.rpartition(&*ensured(separator)?)
    }

    fn PyUnicode_Replace(
        string: Borrowed<'_, Object>, old: Borrowed<'_, Object>, new: Borrowed<'_, Object>, most: isize,
    ) -> PyResult<Ref<Str>> {
        ensured(string)?.replace(&*ensured(old)?, &*ensured(new)?, most)
    }

    fn PyUnicode_Join(separator: Option<Borrowed<'_, Object>>, iterable: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        let iterable = given(iterable)?;
        match separator {
            None => Str::latin1_char(b' ').join(iterable),
            Some(separator) => match separator.downcast::<Str>() {
                Some(separator) => separator.join(iterable),
                None => Err(raise!(TypeError, "separator: expected str instance, {} found", separator.type_name())),
            },
        }
    }

    fn _PyUnicode_JoinArray(
        separator: Option<Borrowed<'_, Object>>, items: *const Ref<Object>, count: isize,
    ) -> PyResult<Ref<Str>> {
        let count = usize::try_from(count).map_err(|_| bad_internal_call())?;
        let items: &[Ref<Object>] = if count == 0 {
            &[]
        } else {
            // SAFETY: C passes that many objects, and a handle is one pointer.
            unsafe { core::slice::from_raw_parts(items, count) }
        };
        match separator {
            None => Str::join_items(&Str::latin1_char(b' '), items),
            Some(separator) => match separator.downcast::<Str>() {
                Some(separator) => Str::join_items(&separator, items),
                None => Err(raise!(TypeError, "separator: expected str instance, {} found", separator.type_name())),
            },
        }
    }

    fn PyUnicode_Translate(
        string: Borrowed<'_, Object>, table: Option<Borrowed<'_, Object>>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Str>> {
        translate::translate_with(&*ensured(string)?, table.ok_or_else(bad_argument)?, &handler(errors))
    }
}
