//! The matching engine's view of a subject, and one search.

use rustpython_sre_engine::{Request, State, StrDrive};
use rustpython_wtf8::Wtf8;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::str::StrData;

/// How to look: at the start, over the whole range, or anywhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Match,
    FullMatch,
    Search,
}

/// A match: the span of group 0 and of each group, and the last group that closed.
pub struct Found {
    /// Start and end, or -1 twice for a group that took no part; group 0 first.
    pub spans: Vec<(isize, isize)>,
    pub last_index: Option<usize>,
}

fn run<S: StrDrive>(
    subject: S,
    code: &[u32],
    groups: usize,
    range: (usize, usize),
    mode: Mode,
    must_advance: bool,
) -> Option<Found> {
    let mut request = Request::new(subject, range.0, range.1, code, mode == Mode::FullMatch);
    request.must_advance = must_advance;
    let mut state = State::default();
    state.reset(&request, request.start);
    let found = if mode == Mode::Search { state.search(request) } else { state.py_match(&request) };
    if !found {
        return None;
    }
    let mut spans = vec![(state.start as isize, state.cursor.position as isize)];
    for group in 0..groups {
        let (start, end) = state.marks.get(group);
        spans.push(match (start.into_option(), end.into_option()) {
            (Some(start), Some(end)) if start <= end => (start as isize, end as isize),
            _ => (-1, -1),
        });
    }
    let last = state.marks.last_index();
    Some(Found { spans, last_index: usize::try_from(last).ok().filter(|index| *index > 0) })
}

/// The number of characters or bytes of a subject; TypeError when its kind is not the pattern's.
pub fn subject_length(string: Borrowed<'_, Object>, is_bytes: Option<bool>) -> PyResult<usize> {
    if let Some(text) = string.downcast::<Str>() {
        if is_bytes == Some(true) {
            return Err(raise!(TypeError, "cannot use a bytes pattern on a string-like object"));
        }
        return Ok(text.len());
    }
    if string.type_of().tp_as_buffer.get().is_null() {
        return Err(raise!(TypeError, "expected string or bytes-like object, got '{}'", string.type_name()));
    }
    let buffer = BufferArg::new(string)?;
    if is_bytes == Some(false) {
        return Err(raise!(TypeError, "cannot use a string pattern on a bytes-like object"));
    }
    Ok(buffer.len())
}

/// One attempt on `string` within `range`.
pub fn find(
    string: Borrowed<'_, Object>,
    code: &[u32],
    groups: usize,
    range: (usize, usize),
    mode: Mode,
    must_advance: bool,
) -> PyResult<Option<Found>> {
    if let Some(text) = string.downcast::<Str>() {
        return Ok(match text.data() {
            StrData::Ucs1(units) => run(units, code, groups, range, mode, must_advance),
            // The engine reads wider text as WTF-8; positions are code points all the same.
            _ => {
                let encoded = taipan_runtime::types::codec::encode_to_bytes(&text, "utf-8", "surrogatepass")?;
                // SAFETY: UTF-8 with encoded surrogates is WTF-8, except for a pair of them next to each other, which the
                // engine decodes as two characters just the same.
                let wide = unsafe { Wtf8::from_bytes_unchecked(encoded.as_slice()) };
                run(wide, code, groups, range, mode, must_advance)
            }
        });
    }
    let buffer = BufferArg::new(string)?;
    Ok(run(buffer.as_slice(), code, groups, range, mode, must_advance))
}

/// The part of a subject between two positions, as `str` or `bytes`.
pub fn slice(string: Borrowed<'_, Object>, start: isize, end: isize) -> PyResult<Ref<Object>> {
    let (start, end) = (start.max(0) as usize, end.max(0) as usize);
    if let Some(text) = string.downcast::<Str>() {
        if start == 0 && end >= text.len() && text.is_exact::<Str>() {
            return Ok(string.to_owned());
        }
        let end = end.min(text.len());
        return Ok(text.substring(start.min(end)..end)?.into_object());
    }
    if let Some(bytes) = string.downcast_exact::<Bytes>()
        && start == 0
        && end >= bytes.as_slice().len()
    {
        return Ok(string.to_owned());
    }
    let buffer = BufferArg::new(string)?;
    let end = end.min(buffer.len());
    Ok(Bytes::from_slice(&buffer.as_slice()[start.min(end)..end])?.into_object())
}
