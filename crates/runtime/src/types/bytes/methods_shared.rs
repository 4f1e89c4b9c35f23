//! The methods that `bytes` and `bytearray` share, written once and declared for both by `byte_methods!`.
//!
//! CPython: `Objects/bytes_methods.c`, and the pairs of functions in `bytesobject.c` and `bytearrayobject.c`.

use core::ops::Range;

use super::input::{self, Needle};
use super::{BytesBuilder, shared};
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::str::outside::{clip, slice_bound};
use crate::types::str::split::{Ends, room_for};

/// What both types can do.
pub(crate) trait ByteString: PyLayout {
    /// The bytes. Not to be held across Python code, which may change a `bytearray`.
    fn slice(this: &Ref<Self>) -> &[u8];
    fn make(data: &[u8]) -> PyResult<Ref<Self>>;
    fn from_builder(builder: BytesBuilder) -> PyResult<Ref<Self>>;
    /// The result of an operation that changes nothing: the object itself where it cannot change.
    fn unchanged(this: &Ref<Self>) -> PyResult<Ref<Self>>;
}

type Index<'a> = Option<Borrowed<'a, Object>>;

/// The part of the bytes that `start` and `end` select. Runs Python code before it looks at the bytes.
fn range_of<T: ByteString>(this: &Ref<T>, start: Index<'_>, end: Index<'_>) -> PyResult<Option<Range<usize>>> {
    let start = slice_bound(start, 0)?;
    let end = slice_bound(end, isize::MAX)?;
    let (start, end) = clip(start, end, T::slice(this).len());
    Ok(if start <= end { Some(start..end) } else { None })
}

pub(crate) fn find<T: ByteString>(
    this: &Ref<T>,
    sub: Borrowed<'_, Object>,
    start: Index<'_>,
    end: Index<'_>,
    search: impl Fn(&[u8], &[u8]) -> Option<usize>,
) -> PyResult<Option<usize>> {
    let range = range_of(this, start, end)?;
    let needle = Needle::new(sub)?;
    // The needle's conversion may have shortened the bytes.
    let data = T::slice(this);
    let Some(range) = range.map(|range| range.start..range.end.min(data.len())) else { return Ok(None) };
    let Some(part) = data.get(range.clone()) else { return Ok(None) };
    Ok(search(part, needle.as_slice()).map(|at| at + range.start))
}

pub(crate) fn index<T: ByteString>(
    this: &Ref<T>,
    sub: Borrowed<'_, Object>,
    start: Index<'_>,
    end: Index<'_>,
    search: impl Fn(&[u8], &[u8]) -> Option<usize>,
) -> PyResult<usize> {
    find(this, sub, start, end, search)?.ok_or_else(|| raise!(ValueError, "subsection not found"))
}

pub(crate) fn count<T: ByteString>(
    this: &Ref<T>,
    sub: Borrowed<'_, Object>,
    start: Index<'_>,
    end: Index<'_>,
) -> PyResult<usize> {
    let range = range_of(this, start, end)?;
    let needle = Needle::new(sub)?;
    let part = range.and_then(|range| T::slice(this).get(range));
    Ok(part.map_or(0, |part| shared::count(part, needle.as_slice(), usize::MAX)))
}

/// `startswith` and `endswith`.
pub(crate) fn tail_matches<T: ByteString>(
    this: &Ref<T>,
    affix: Borrowed<'_, Object>,
    start: Index<'_>,
    end: Index<'_>,
    function: &str,
) -> PyResult<bool> {
    let range = range_of(this, start, end)?;
    let matches =
        |affix: Borrowed<'_, Object>| -> PyResult<bool> {
            let affix = BufferArg::new(affix)?;
            let part = range.clone().and_then(|range| T::slice(this).get(range));
            Ok(part.is_some_and(|part| {
                if function == "startswith" { part.starts_with(&affix) } else { part.ends_with(&affix) }
            }))
        };
    if let Some(affixes) = affix.downcast::<Tuple>() {
        for affix in affixes.iter() {
            if matches(affix)? {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if !input::has_buffer(&affix) {
        return Err(raise!(
            TypeError,
            "{function} first arg must be bytes or a tuple of bytes, not {}",
            affix.type_name()
        ));
    }
    matches(affix)
}

/// The list that `cut` makes, piece by piece.
fn pieces<T: ByteString>(
    this: &Ref<T>,
    reversed: bool,
    room: usize,
    cut: impl FnOnce(&[u8], &mut dyn FnMut(Range<usize>) -> PyResult<()>) -> PyResult<()>,
) -> PyResult<Ref<List>> {
    let data = T::slice(this);
    let mut list: Vec<Ref<Object>> = Vec::new();
    cut(data, &mut |range| {
        if list.try_reserve(1).is_err() {
            return Err(Raised::no_memory());
        }
        list.push(T::make(&data[range])?.into_object());
        Ok(())
    })?;
    if reversed {
        list.reverse();
    }
    List::from_vec_grown(list, room)
}

pub(crate) fn split<T: ByteString>(
    this: &Ref<T>,
    sep: Option<Borrowed<'_, Object>>,
    maxsplit: isize,
    from_right: bool,
) -> PyResult<Ref<List>> {
    let room = room_for(usize::try_from(maxsplit).unwrap_or(usize::MAX));
    let Some(sep) = sep.filter(|sep| !sep.is_none()) else {
        return pieces(this, from_right, room, |data, piece| {
            if from_right {
                shared::rsplit_whitespace(data, maxsplit, piece)
            } else {
                shared::split_whitespace(data, maxsplit, piece)
            }
        });
    };
    let sep = BufferArg::new(sep)?;
    if sep.is_empty() {
        return Err(raise!(ValueError, "empty separator"));
    }
    pieces(this, from_right, room, |data, piece| {
        if from_right {
            shared::rsplit(data, &sep, maxsplit, piece)
        } else {
            shared::split(data, &sep, maxsplit, piece)
        }
    })
}

pub(crate) fn splitlines<T: ByteString>(this: &Ref<T>, keepends: bool) -> PyResult<Ref<List>> {
    pieces(this, false, 0, |data, piece| shared::splitlines(data, keepends, piece))
}

/// `partition` and `rpartition`; `sep_object` stands in the middle.
pub(crate) fn partition<T: ByteString>(
    this: &Ref<T>,
    sep: &[u8],
    sep_object: impl FnOnce() -> PyResult<Ref<Object>>,
    from_right: bool,
) -> PyResult<Ref<Tuple>> {
    if sep.is_empty() {
        return Err(raise!(ValueError, "empty separator"));
    }
    let data = T::slice(this);
    let found = if from_right { shared::rfind(data, sep) } else { shared::find(data, sep) };
    let empty = || Ok(T::make(&[])?.into_object());
    Tuple::from_vec(match found {
        Some(at) => {
            vec![T::make(&data[..at])?.into_object(), sep_object()?, T::make(&data[at + sep.len()..])?.into_object()]
        }
        None if from_right => vec![empty()?, empty()?, T::unchanged(this)?.into_object()],
        None => vec![T::unchanged(this)?.into_object(), empty()?, empty()?],
    })
}

/// A part of the bytes; the object itself for all of them.
pub(crate) fn part<T: ByteString>(this: &Ref<T>, range: Range<usize>) -> PyResult<Ref<T>> {
    if range.len() == T::slice(this).len() { T::unchanged(this) } else { T::make(&T::slice(this)[range]) }
}

pub(crate) fn strip<T: ByteString>(this: &Ref<T>, ends: Ends, bytes: Option<Borrowed<'_, Object>>) -> PyResult<Ref<T>> {
    let range = match bytes.filter(|bytes| !bytes.is_none()) {
        None => shared::strip(T::slice(this), ends, super::ascii::is_space),
        Some(bytes) => {
            let set = BufferArg::new(bytes)?;
            shared::strip(T::slice(this), ends, |byte| memchr::memchr(byte, &set).is_some())
        }
    };
    part(this, range)
}

/// The fill byte of `center`, `ljust`, `rjust`.
pub(crate) fn fill_byte(fillchar: Option<Borrowed<'_, Object>>, function: &str) -> PyResult<u8> {
    let Some(fillchar) = fillchar else { return Ok(b' ') };
    let wrong = |data: &[u8], kind: &str| match data {
        [byte] => Ok(*byte),
        _ => Err(raise!(
            TypeError,
            "{function}(): argument 2 must be a byte string of length 1, not a {kind} object of length {}",
            data.len()
        )),
    };
    if let Some(bytes) = fillchar.downcast::<Bytes>() {
        return wrong(bytes.as_slice(), "bytes");
    }
    if let Some(bytes) = fillchar.downcast::<ByteArray>() {
        return wrong(bytes.as_slice(), "bytearray");
    }
    Err(raise!(TypeError, "{function}() argument 2 must be a byte string of length 1, not {}", fillchar.type_name()))
}

/// `center` and its kin; `left` says how much of what is missing goes to the left.
pub(crate) fn pad<T: ByteString>(
    this: &Ref<T>,
    width: isize,
    fill: u8,
    left: impl Fn(usize) -> usize,
) -> PyResult<Ref<T>> {
    let data = T::slice(this);
    let missing = usize::try_from(width).map_or(0, |width| width.saturating_sub(data.len()));
    if missing == 0 {
        return T::unchanged(this);
    }
    let left = left(missing);
    T::from_builder(shared::pad(data, left, missing - left, fill)?)
}

pub(crate) fn replace<T: ByteString>(this: &Ref<T>, old: &[u8], new: &[u8], count: isize) -> PyResult<Ref<T>> {
    match shared::replace(T::slice(this), old, new, count)? {
        Some(out) => T::from_builder(out),
        None => T::unchanged(this),
    }
}

/// A copy changed in place.
pub(crate) fn mapped<T: ByteString>(this: &Ref<T>, change: impl FnOnce(&mut [u8])) -> PyResult<Ref<T>> {
    let data = T::slice(this);
    let mut out = BytesBuilder::with_capacity(data.len())?;
    out.push(data)?;
    change(out.as_mut_slice());
    T::from_builder(out)
}

pub(crate) fn translate<T: ByteString>(
    this: &Ref<T>,
    table: Borrowed<'_, Object>,
    delete: Option<Borrowed<'_, Object>>,
) -> PyResult<Ref<T>> {
    let table = if table.is_none() { None } else { Some(BufferArg::new(table)?) };
    if table.as_ref().is_some_and(|table| table.len() != 256) {
        return Err(raise!(ValueError, "translation table must be 256 characters long"));
    }
    let delete = delete.map(BufferArg::new).transpose()?;
    let mut dropped = [false; 256];
    if let Some(delete) = &delete {
        delete.iter().for_each(|&byte| dropped[usize::from(byte)] = true);
    }
    let data = T::slice(this);
    let mut out = BytesBuilder::with_capacity(data.len())?;
    for &byte in data {
        if !dropped[usize::from(byte)] {
            out.push_byte(table.as_ref().map_or(byte, |table| table[usize::from(byte)]))?;
        }
    }
    if out.as_slice() == data { T::unchanged(this) } else { T::from_builder(out) }
}

pub(crate) fn maketrans(frm: &[u8], to: &[u8]) -> PyResult<Ref<Bytes>> {
    if frm.len() != to.len() {
        return Err(raise!(ValueError, "maketrans arguments must have same length"));
    }
    let mut table: [u8; 256] = core::array::from_fn(|byte| byte as u8);
    for (&from, &to) in frm.iter().zip(to) {
        table[usize::from(from)] = to;
    }
    Bytes::from_slice(&table)
}

pub(crate) fn zfill<T: ByteString>(this: &Ref<T>, width: isize) -> PyResult<Ref<T>> {
    let data = T::slice(this);
    match usize::try_from(width).map_or(0, |width| width.saturating_sub(data.len())) {
        0 => T::unchanged(this),
        zeros => T::from_builder(shared::zfill(data, zeros)?),
    }
}

/// Declares the shared methods for a type, in the parts `SEARCH_METHODS` and `CHANGE_METHODS`.
macro_rules! byte_methods {
    ($ty:ident) => {
        #[pymethods(part = SEARCH_METHODS)]
        impl $ty {
            #[method(signature = "($self, sub[, start[, end]], /)")]
            fn count(
                this: &Ref<$ty>,
                sub: Borrowed<'_, Object>,
                start: Option<Borrowed<'_, Object>>,
                end: Option<Borrowed<'_, Object>>,
            ) -> PyResult<usize> {
                methods_shared::count(this, sub, start, end)
            }

            #[method(signature = "($self, sub[, start[, end]], /)")]
            fn find(
                this: &Ref<$ty>,
                sub: Borrowed<'_, Object>,
                start: Option<Borrowed<'_, Object>>,
                end: Option<Borrowed<'_, Object>>,
            ) -> PyResult<isize> {
                Ok(methods_shared::find(this, sub, start, end, shared::find)?.map_or(-1, |at| at as isize))
            }

            #[method(signature = "($self, sub[, start[, end]], /)")]
            fn rfind(
                this: &Ref<$ty>,
                sub: Borrowed<'_, Object>,
                start: Option<Borrowed<'_, Object>>,
                end: Option<Borrowed<'_, Object>>,
            ) -> PyResult<isize> {
                Ok(methods_shared::find(this, sub, start, end, shared::rfind)?.map_or(-1, |at| at as isize))
            }

            #[method(signature = "($self, sub[, start[, end]], /)")]
            fn index(
                this: &Ref<$ty>,
                sub: Borrowed<'_, Object>,
                start: Option<Borrowed<'_, Object>>,
                end: Option<Borrowed<'_, Object>>,
            ) -> PyResult<usize> {
                methods_shared::index(this, sub, start, end, shared::find)
            }

            #[method(signature = "($self, sub[, start[, end]], /)")]
            fn rindex(
                this: &Ref<$ty>,
                sub: Borrowed<'_, Object>,
                start: Option<Borrowed<'_, Object>>,
                end: Option<Borrowed<'_, Object>>,
            ) -> PyResult<usize> {
                methods_shared::index(this, sub, start, end, shared::rfind)
            }

            #[method(signature = "($self, prefix[, start[, end]], /)")]
            fn startswith(
                this: &Ref<$ty>,
                prefix: Borrowed<'_, Object>,
                start: Option<Borrowed<'_, Object>>,
                end: Option<Borrowed<'_, Object>>,
            ) -> PyResult<bool> {
                methods_shared::tail_matches(this, prefix, start, end, "startswith")
            }

            #[method(signature = "($self, suffix[, start[, end]], /)")]
            fn endswith(
                this: &Ref<$ty>,
                suffix: Borrowed<'_, Object>,
                start: Option<Borrowed<'_, Object>>,
                end: Option<Borrowed<'_, Object>>,
            ) -> PyResult<bool> {
                methods_shared::tail_matches(this, suffix, start, end, "endswith")
            }

            #[method(signature = "($self, /, encoding='utf-8', errors='strict')")]
            fn decode(this: &Ref<$ty>, encoding: Option<&str>, errors: Option<&str>) -> PyResult<Ref<Str>> {
                codec::decode_object(this.borrow().upcast(), encoding.unwrap_or("utf-8"), errors.unwrap_or("strict"))
            }

            #[method(signature = "($self, /, sep=<unrepresentable>, bytes_per_sep=1)")]
            fn hex(this: &Ref<$ty>, sep: Option<Borrowed<'_, Object>>, bytes_per_sep: i32) -> PyResult<Ref<Str>> {
                let buffer = BufferArg::new(this.borrow().upcast())?;
                hex::hex(&buffer, sep, bytes_per_sep)
            }

            #[method(signature = "($self, /)")]
            fn isalnum(this: &Ref<$ty>) -> bool {
                ascii::all(this.as_slice(), |byte| byte.is_ascii_alphanumeric())
            }

            #[method(signature = "($self, /)")]
            fn isalpha(this: &Ref<$ty>) -> bool {
                ascii::all(this.as_slice(), |byte| byte.is_ascii_alphabetic())
            }

            #[method(signature = "($self, /)")]
            fn isascii(this: &Ref<$ty>) -> bool {
                this.as_slice().is_ascii()
            }

            #[method(signature = "($self, /)")]
            fn isdigit(this: &Ref<$ty>) -> bool {
                ascii::all(this.as_slice(), |byte| byte.is_ascii_digit())
            }

            #[method(signature = "($self, /)")]
            fn islower(this: &Ref<$ty>) -> bool {
                ascii::is_lower(this.as_slice())
            }

            #[method(signature = "($self, /)")]
            fn isspace(this: &Ref<$ty>) -> bool {
                ascii::all(this.as_slice(), ascii::is_space)
            }

            #[method(signature = "($self, /)")]
            fn istitle(this: &Ref<$ty>) -> bool {
                ascii::is_title(this.as_slice())
            }

            #[method(signature = "($self, /)")]
            fn isupper(this: &Ref<$ty>) -> bool {
                ascii::is_upper(this.as_slice())
            }
        }

        #[pymethods(part = CHANGE_METHODS)]
        impl $ty {
            #[method(signature = "($self, /)")]
            fn capitalize(this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                methods_shared::mapped(this, ascii::capitalize)
            }

            #[method(signature = "($self, width, fillchar=b' ', /)")]
            fn center(this: &Ref<$ty>, width: isize, fillchar: Option<Borrowed<'_, Object>>) -> PyResult<Ref<$ty>> {
                let fill = methods_shared::fill_byte(fillchar, "center")?;
                methods_shared::pad(this, width, fill, |missing| missing / 2 + (missing & width as usize & 1))
            }

            #[method(signature = "($self, /, tabsize=8)")]
            fn expandtabs(this: &Ref<$ty>, tabsize: i32) -> PyResult<Ref<$ty>> {
                let tabsize = usize::try_from(tabsize).unwrap_or(0);
                ByteString::from_builder(shared::expandtabs(this.as_slice(), tabsize)?)
            }

            #[method(signature = "($self, iterable_of_bytes, /)")]
            fn join(this: &Ref<$ty>, iterable_of_bytes: Borrowed<'_, Object>) -> PyResult<Ref<$ty>> {
                let separator = BufferArg::new(this.borrow().upcast())?;
                Self::from_joined(input::join(&separator, iterable_of_bytes)?)
            }

            #[method(signature = "($self, width, fillchar=b' ', /)")]
            fn ljust(this: &Ref<$ty>, width: isize, fillchar: Option<Borrowed<'_, Object>>) -> PyResult<Ref<$ty>> {
                let fill = methods_shared::fill_byte(fillchar, "ljust")?;
                methods_shared::pad(this, width, fill, |_| 0)
            }

            #[method(signature = "($self, /)")]
            fn lower(this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                methods_shared::mapped(this, ascii::lower)
            }

            #[method(signature = "($self, bytes=None, /)")]
            fn lstrip(this: &Ref<$ty>, bytes: Option<Borrowed<'_, Object>>) -> PyResult<Ref<$ty>> {
                methods_shared::strip(this, Ends::Left, bytes)
            }

            #[staticmethod(signature = "(frm, to, /)")]
            fn maketrans(frm: BufferArg<'_>, to: BufferArg<'_>) -> PyResult<Ref<Bytes>> {
                methods_shared::maketrans(&frm, &to)
            }

            #[method(signature = "($self, old, new, count=-1, /)")]
            fn replace(this: &Ref<$ty>, old: BufferArg<'_>, new: BufferArg<'_>, count: isize) -> PyResult<Ref<$ty>> {
                methods_shared::replace(this, &old, &new, count)
            }

            #[method(signature = "($self, prefix, /)")]
            fn removeprefix(this: &Ref<$ty>, prefix: BufferArg<'_>) -> PyResult<Ref<$ty>> {
                let data = this.as_slice();
                let skip = if data.starts_with(&prefix) { prefix.len() } else { 0 };
                methods_shared::part(this, skip..data.len())
            }

            #[method(signature = "($self, suffix, /)")]
            fn removesuffix(this: &Ref<$ty>, suffix: BufferArg<'_>) -> PyResult<Ref<$ty>> {
                let data = this.as_slice();
                let skip = if data.ends_with(&suffix) { suffix.len() } else { 0 };
                methods_shared::part(this, 0..data.len() - skip)
            }

            #[method(signature = "($self, width, fillchar=b' ', /)")]
            fn rjust(this: &Ref<$ty>, width: isize, fillchar: Option<Borrowed<'_, Object>>) -> PyResult<Ref<$ty>> {
                let fill = methods_shared::fill_byte(fillchar, "rjust")?;
                methods_shared::pad(this, width, fill, |missing| missing)
            }

            #[method(signature = "($self, /, sep=None, maxsplit=-1)")]
            fn rsplit(this: &Ref<$ty>, sep: Option<Borrowed<'_, Object>>, maxsplit: isize) -> PyResult<Ref<List>> {
                methods_shared::split(this, sep, maxsplit, true)
            }

            #[method(signature = "($self, bytes=None, /)")]
            fn rstrip(this: &Ref<$ty>, bytes: Option<Borrowed<'_, Object>>) -> PyResult<Ref<$ty>> {
                methods_shared::strip(this, Ends::Right, bytes)
            }

            #[method(signature = "($self, /, sep=None, maxsplit=-1)")]
            fn split(this: &Ref<$ty>, sep: Option<Borrowed<'_, Object>>, maxsplit: isize) -> PyResult<Ref<List>> {
                methods_shared::split(this, sep, maxsplit, false)
            }

            #[method(signature = "($self, /, keepends=False)")]
            fn splitlines(this: &Ref<$ty>, keepends: bool) -> PyResult<Ref<List>> {
                methods_shared::splitlines(this, keepends)
            }

            #[method(signature = "($self, bytes=None, /)")]
            fn strip(this: &Ref<$ty>, bytes: Option<Borrowed<'_, Object>>) -> PyResult<Ref<$ty>> {
                methods_shared::strip(this, Ends::Both, bytes)
            }

            #[method(signature = "($self, /)")]
            fn swapcase(this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                methods_shared::mapped(this, ascii::swapcase)
            }

            #[method(signature = "($self, /)")]
            fn title(this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                methods_shared::mapped(this, ascii::title)
            }

            #[method(signature = "($self, table, /, delete=b'')")]
            fn translate(
                this: &Ref<$ty>,
                table: Borrowed<'_, Object>,
                delete: Option<Borrowed<'_, Object>>,
            ) -> PyResult<Ref<$ty>> {
                methods_shared::translate(this, table, delete)
            }

            #[method(signature = "($self, /)")]
            fn upper(this: &Ref<$ty>) -> PyResult<Ref<$ty>> {
                methods_shared::mapped(this, ascii::upper)
            }

            #[method(signature = "($self, width, /)")]
            fn zfill(this: &Ref<$ty>, width: isize) -> PyResult<Ref<$ty>> {
                methods_shared::zfill(this, width)
            }
        }
    };
}
pub(crate) use byte_methods;
