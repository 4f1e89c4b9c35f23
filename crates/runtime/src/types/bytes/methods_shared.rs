//! The methods that `bytes` and `bytearray` share, written once and declared for both by `byte_methods!`.
//!
//! CPython: `Objects/bytes_methods.c`, and the pairs of functions in `bytesobject.c` and `bytearrayobject.c`.

use core::ops::Range;

use super::input::{self, Needle};
use super::replacement::{Replacement, TooLong};
use super::{BytesBuilder, shared};
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::str::outside::{clip, slice_bound};
use crate::types::str::scan;
use crate::types::str::split::Ends;

/// What both types can do.
pub(crate) trait ByteString: PyLayout {
    /// The bytes. Not to be held across Python code, which may change a `bytearray`.
    fn slice(this: &Ref<Self>) -> &[u8];
    fn make(data: &[u8]) -> PyResult<Ref<Self>>;
    fn from_builder(builder: BytesBuilder) -> PyResult<Ref<Self>>;
    /// `len` bytes, all of which `fill` writes.
    fn filled(len: usize, fill: impl FnOnce(&mut [u8])) -> PyResult<Ref<Self>>;
    /// What keeps the bytes where they are while arguments are converted.
    type Pinned<'a>;
    fn pin(this: &Ref<Self>) -> Self::Pinned<'_>;
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
    if let (None, None, Some(needle)) = (start, end, sub.downcast_exact::<Bytes>()) {
        return Ok(search(T::slice(this), needle.as_slice()));
    }
    let range = range_of(this, start, end)?;
    let _pinned = T::pin(this);
    let needle = Needle::new(sub)?;
    let Some(range) = range else { return Ok(None) };
    let Some(part) = T::slice(this).get(range.clone()) else { return Ok(None) };
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
    if let (None, None, Some(needle)) = (start, end, sub.downcast_exact::<Bytes>()) {
        return Ok(shared::count(T::slice(this), needle.as_slice(), usize::MAX));
    }
    let range = range_of(this, start, end)?;
    let _pinned = T::pin(this);
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
    if let (None, None, Some(affix)) = (start, end, affix.downcast_exact::<Bytes>()) {
        let (data, affix) = (T::slice(this), affix.as_slice());
        return Ok(if function == "startswith" {
            scan::starts_with(data, affix)
        } else {
            scan::ends_with(data, affix)
        });
    }
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

/// Pieces collected in a list, which nobody else sees yet.
struct Pieces<'a, T: ByteString> {
    data: &'a [u8],
    list: Ref<List>,
    kind: core::marker::PhantomData<T>,
}

impl<'a, T: ByteString> Pieces<'a, T> {
    /// Room for the first dozen pieces at most is there from the start, as on CPython, where `sys.getsizeof` shows it.
    fn new(this: &'a Ref<T>, maxsplit: isize) -> PyResult<Pieces<'a, T>> {
        let room = usize::try_from(maxsplit).unwrap_or(usize::MAX).saturating_add(1).min(12);
        Ok(Pieces { data: T::slice(this), list: List::with_capacity(room)?, kind: core::marker::PhantomData })
    }

    #[inline(always)]
    fn push(&mut self, range: Range<usize>) -> PyResult<()> {
        self.list.push(T::make(&self.data[range])?.into_object())
    }
}

pub(crate) fn split<T: ByteString>(
    this: &Ref<T>,
    sep: Option<Borrowed<'_, Object>>,
    maxsplit: isize,
    from_right: bool,
) -> PyResult<Ref<List>> {
    let _pinned = T::pin(this);
    let sep = sep.filter(|sep| !sep.is_none()).map(BufferArg::new).transpose()?;
    if sep.as_ref().is_some_and(|sep| sep.is_empty()) {
        return Err(raise!(ValueError, "empty separator"));
    }
    let mut pieces: Pieces<'_, T> = Pieces::new(this, maxsplit)?;
    let data = pieces.data;
    match (&sep, from_right) {
        (None, false) => shared::split_whitespace(data, maxsplit, |range| pieces.push(range))?,
        (None, true) => shared::rsplit_whitespace(data, maxsplit, |range| pieces.push(range))?,
        (Some(sep), false) => shared::split(data, sep, maxsplit, |range| pieces.push(range))?,
        (Some(sep), true) => shared::rsplit(data, sep, maxsplit, |range| pieces.push(range))?,
    }
    if from_right {
        pieces.list.reverse();
    }
    Ok(pieces.list)
}

pub(crate) fn splitlines<T: ByteString>(this: &Ref<T>, keepends: bool) -> PyResult<Ref<List>> {
    let mut pieces: Pieces<'_, T> =
        Pieces { data: T::slice(this), list: List::new()?, kind: core::marker::PhantomData };
    shared::splitlines(pieces.data, keepends, |range| pieces.push(range))?;
    Ok(pieces.list)
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
    Tuple::pack(match found {
        Some(at) => {
            [T::make(&data[..at])?.into_object(), sep_object()?, T::make(&data[at + sep.len()..])?.into_object()]
        }
        None if from_right => [empty()?, empty()?, T::unchanged(this)?.into_object()],
        None => [T::unchanged(this)?.into_object(), empty()?, empty()?],
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
    let made = Replacement::plan(T::slice(this), old, new, shared::limit(count), |plan| {
        T::filled(plan.len(), |out| plan.write(out))
    });
    match made {
        Ok(Some(result)) => result,
        Ok(None) => T::unchanged(this),
        Err(TooLong) => Err(raise!(OverflowError, "replace bytes is too long")),
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
    let mut map: [u8; 256] = core::array::from_fn(|byte| byte as u8);
    if let Some(table) = &table {
        map.copy_from_slice(table);
    }
    let data = T::slice(this);
    let mut out = BytesBuilder::with_capacity(data.len())?;
    out.push(data)?;
    let bytes = out.as_mut_slice();
    match delete.as_deref() {
        None | Some([]) => bytes.iter_mut().for_each(|byte| *byte = map[usize::from(*byte)]),
        Some(delete) => {
            let mut dropped = [false; 256];
            delete.iter().for_each(|&byte| dropped[usize::from(byte)] = true);
            let mut kept = 0;
            for at in 0..bytes.len() {
                let byte = bytes[at];
                // Written in any case, and written over where it is dropped.
                bytes[kept] = map[usize::from(byte)];
                kept += usize::from(!dropped[usize::from(byte)]);
            }
            out.truncate(kept);
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
                if let Some(bytes) = this.as_object().downcast::<Bytes>()
                    && encoding.is_none_or(|name| name == "utf-8")
                    && errors.is_none_or(|name| name == "strict")
                {
                    return codec::utf8::decode(bytes.as_slice(), "strict");
                }
                codec::decode_object(this.borrow().upcast(), encoding.unwrap_or("utf-8"), errors.unwrap_or("strict"))
            }

            #[method(signature = "($self, /, sep=<unrepresentable>, bytes_per_sep=1)")]
            fn hex(this: &Ref<$ty>, sep: Option<Borrowed<'_, Object>>, bytes_per_sep: i32) -> PyResult<Ref<Str>> {
                if sep.is_none() {
                    return hex::plain_hex(this.as_slice());
                }
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
