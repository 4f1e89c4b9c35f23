//! What native code does with strings. Nothing here runs Python code unless it says so.

use core::cmp::Ordering;
use core::ops::Range;
use core::{ptr, slice};
use std::ffi::CString;

use super::raw::{self, Width};
use super::{Str, StrBuilder, scan, search, transcode};
use crate::abi::{PyASCIIObject, SSTATE_NOT_INTERNED};
use crate::memory;
use crate::prelude::*;
use crate::types::{exceptions, hash};

/// The characters of a string, by width.
#[derive(Clone, Copy, Debug)]
pub enum StrData<'a> {
    Ucs1(&'a [u8]),
    Ucs2(&'a [u16]),
    Ucs4(&'a [u32]),
}

/// Evaluates an expression for the slice of whatever width a `StrData` has.
macro_rules! each_kind {
    ($data:expr, $slice:ident => $body:expr) => {
        match $data {
            $crate::types::str::StrData::Ucs1($slice) => $body,
            $crate::types::str::StrData::Ucs2($slice) => $body,
            $crate::types::str::StrData::Ucs4($slice) => $body,
        }
    };
}
pub(crate) use each_kind;

/// The order of characters of different widths.
fn compare_kinds<A: Copy + Into<u32>, B: Copy + Into<u32>>(a: &[A], b: &[B]) -> Ordering {
    let pairs = a.iter().zip(b).map(|(&a, &b)| (a.into(), b.into()));
    pairs.into_iter().find(|(a, b)| a != b).map_or_else(|| a.len().cmp(&b.len()), |(a, b)| a.cmp(&b))
}

impl<'a> StrData<'a> {
    #[inline(always)]
    pub fn len(self) -> usize {
        each_kind!(self, data => data.len())
    }

    #[inline(always)]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The character at `index`, which is below `len()`.
    #[inline(always)]
    pub fn get(self, index: usize) -> u32 {
        each_kind!(self, data => u32::from(data[index]))
    }

    pub fn range(self, range: Range<usize>) -> StrData<'a> {
        match self {
            StrData::Ucs1(data) => StrData::Ucs1(&data[range]),
            StrData::Ucs2(data) => StrData::Ucs2(&data[range]),
            StrData::Ucs4(data) => StrData::Ucs4(&data[range]),
        }
    }

    pub fn iter(self) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + 'a {
        (0..self.len()).map(move |index| self.get(index))
    }

    /// The bytes of the storage: what is hashed.
    pub fn as_bytes(self) -> &'a [u8] {
        // SAFETY: integers seen as their bytes.
        each_kind!(self, data => unsafe { slice::from_raw_parts(data.as_ptr().cast(), size_of_val(data)) })
    }

    /// An upper bound of the characters that is exact in width.
    pub fn width(self) -> Width {
        match self {
            StrData::Ucs1(data) => {
                if data.is_ascii() {
                    Width::Ascii
                } else {
                    Width::Latin1
                }
            }
            StrData::Ucs2(data) => Width::of(data.iter().fold(0, |all, &c| all | u32::from(c))),
            StrData::Ucs4(data) => Width::of(data.iter().fold(0, |all, &c| all.max(c))),
        }
    }

    /// Equality of contents; strings of different width may compare equal here.
    pub fn equals(self, other: StrData<'_>) -> bool {
        match (self, other) {
            (StrData::Ucs1(a), StrData::Ucs1(b)) => a == b,
            (StrData::Ucs2(a), StrData::Ucs2(b)) => a == b,
            (StrData::Ucs4(a), StrData::Ucs4(b)) => a == b,
            (a, b) => a.len() == b.len() && a.iter().eq(b.iter()),
        }
    }

    pub fn starts_with(self, prefix: StrData<'_>) -> bool {
        prefix.len() <= self.len() && self.range(0..prefix.len()).equals(prefix)
    }

    pub fn ends_with(self, suffix: StrData<'_>) -> bool {
        suffix.len() <= self.len() && self.range(self.len() - suffix.len()..self.len()).equals(suffix)
    }
}

impl Str {
    /// The empty string.
    #[inline(always)]
    pub fn empty() -> Ref<Str> {
        // SAFETY: static.
        unsafe { Ref::from_owned_ptr(raw::empty_raw()) }
    }

    pub fn from_utf8_str(text: &str) -> PyResult<Ref<Str>> {
        let bytes = text.as_bytes();
        if bytes.is_ascii() {
            return Str::from_ascii(bytes);
        }
        match transcode::from_utf8(bytes)? {
            Some(string) => Ok(string),
            None => Ok(Str::empty()),
        }
    }

    /// `bytes` are ASCII.
    pub fn from_ascii(bytes: &[u8]) -> PyResult<Ref<Str>> {
        debug_assert!(bytes.is_ascii());
        match *bytes {
            [] => Ok(Str::empty()),
            [c] => Ok(Str::latin1_char(c)),
            // SAFETY: a new object with one count.
            _ => Ok(unsafe { Ref::from_owned_ptr(raw::new_ascii(bytes)?) }),
        }
    }

    /// Latin-1 text.
    pub fn from_ucs1(chars: &[u8]) -> PyResult<Ref<Str>> {
        Str::from_raw_chars(chars, StrData::Ucs1(chars).width())
    }

    pub fn from_ucs2(chars: &[u16]) -> PyResult<Ref<Str>> {
        match StrData::Ucs2(chars).width() {
            Width::Ucs2 => Str::from_raw_chars(chars, Width::Ucs2),
            width => Str::narrowed(chars.len(), width, chars.iter().map(|&c| c as u8)),
        }
    }

    /// `chars` are code points, surrogates allowed.
    pub fn from_ucs4(chars: &[u32]) -> PyResult<Ref<Str>> {
        match StrData::Ucs4(chars).width() {
            Width::Ucs4 => Str::from_raw_chars(chars, Width::Ucs4),
            Width::Ucs2 => {
                let object = Str::uninit(chars.len(), Width::Ucs2)?;
                let data = object.data_mut_ptr().cast::<u16>();
                // SAFETY: the new string has room for as many characters.
                chars.iter().enumerate().for_each(|(i, &c)| unsafe { *data.add(i) = c as u16 });
                Ok(object)
            }
            width => Str::narrowed(chars.len(), width, chars.iter().map(|&c| c as u8)),
        }
    }

    /// The characters of a piece of another string.
    pub fn from_data(data: StrData<'_>) -> PyResult<Ref<Str>> {
        match data {
            StrData::Ucs1(data) => Str::from_ucs1(data),
            StrData::Ucs2(data) => Str::from_ucs2(data),
            StrData::Ucs4(data) => Str::from_ucs4(data),
        }
    }

    fn narrowed(len: usize, width: Width, chars: impl Iterator<Item = u8>) -> PyResult<Ref<Str>> {
        let mut chars = chars;
        match len {
            0 => return Ok(Str::empty()),
            1 => return Ok(Str::latin1_char(chars.next().unwrap_or(0))),
            _ => {}
        }
        let object = Str::uninit(len, width)?;
        let data = object.data_mut_ptr();
        // SAFETY: the new string has room for as many characters.
        chars.enumerate().for_each(|(i, c)| unsafe { *data.add(i) = c });
        Ok(object)
    }

    /// Copies characters of exactly that width.
    fn from_raw_chars<C: Copy>(chars: &[C], width: Width) -> PyResult<Ref<Str>> {
        debug_assert_eq!(size_of::<C>(), width.size());
        if chars.is_empty() {
            return Ok(Str::empty());
        }
        if chars.len() == 1 && width <= Width::Latin1 {
            // SAFETY: the width says that a character is one byte.
            return Ok(Str::latin1_char(unsafe { *chars.as_ptr().cast::<u8>() }));
        }
        let object = Str::uninit(chars.len(), width)?;
        // SAFETY: the new string has room for as many characters.
        unsafe { ptr::copy_nonoverlapping(chars.as_ptr(), object.data_mut_ptr().cast::<C>(), chars.len()) };
        Ok(object)
    }

    /// A new string whose characters the caller writes before anyone sees it. `len` is not 0, nor 1 for one-byte
    /// characters, and some character must need `width`.
    pub(crate) fn uninit(len: usize, width: Width) -> PyResult<Ref<Str>> {
        let object = raw::new_compact(len, width)?;
        // SAFETY: a new object with one count.
        Ok(unsafe { Ref::from_owned_ptr(object) })
    }

    /// The string of the code point `c`.
    #[inline]
    pub fn from_code_point(c: u32) -> PyResult<Ref<Str>> {
        if c < 256 { Ok(Str::latin1_char(c as u8)) } else { Str::from_ucs4(&[c]) }
    }

    pub fn from_char(c: char) -> PyResult<Ref<Str>> {
        Str::from_code_point(c as u32)
    }

    #[inline(always)]
    pub fn latin1_char(c: u8) -> Ref<Str> {
        // SAFETY: static.
        unsafe { Ref::from_owned_ptr(raw::latin1_char_raw(c)) }
    }

    /// Generalised UTF-8 with surrogates as three bytes each (WTF-8, or the `surrogatepass` form); anything else that
    /// is ill-formed becomes U+FFFD.
    pub fn from_wtf8(bytes: &[u8]) -> PyResult<Ref<Str>> {
        if let Ok(text) = core::str::from_utf8(bytes) {
            return Str::from_utf8_str(text);
        }
        let mut builder = StrBuilder::new();
        let mut rest = bytes;
        loop {
            let error = match core::str::from_utf8(rest) {
                Ok(text) => {
                    builder.push_str(text)?;
                    return builder.finish();
                }
                Err(error) => error,
            };
            let (good, bad) = rest.split_at(error.valid_up_to());
            builder.push_str(core::str::from_utf8(good).unwrap_or_default())?;
            if let [0xed, second @ 0xa0..=0xbf, third @ 0x80..=0xbf, ..] = bad {
                builder.push(0xd000 | u32::from(second & 0x3f) << 6 | u32::from(third & 0x3f))?;
                rest = &bad[3..];
            } else {
                builder.push(0xfffd)?;
                rest = &bad[error.error_len().unwrap_or(bad.len()).min(bad.len())..];
            }
        }
    }

    /// Joins two strings (`PyUnicode_Concat`).
    pub fn concat(left: &Ref<Str>, right: &Ref<Str>) -> PyResult<Ref<Str>> {
        let (llen, rlen) = (left.len(), right.len());
        if llen == 0 {
            return right.to_exact();
        }
        if rlen == 0 {
            return left.to_exact();
        }
        let Some(len) = llen.checked_add(rlen).filter(|&len| len <= isize::MAX as usize) else {
            return Err(raise!(OverflowError, "strings are too large to concat"));
        };
        if left.is_ascii() && right.is_ascii() {
            let object = Str::uninit(len, Width::Ascii)?;
            let data = object.data_mut_ptr();
            // SAFETY: the new string has room for both.
            unsafe {
                scan::copy_short(left.data_mut_ptr(), data, llen);
                scan::copy_short(right.data_mut_ptr(), data.add(llen), rlen);
            }
            return Ok(object);
        }
        let object = Str::uninit(len, left.width().max(right.width()))?;
        // SAFETY: the new string has room for both.
        unsafe {
            copy_into(&object, 0, left.data());
            copy_into(&object, llen, right.data());
        }
        Ok(object)
    }

    /// `left += right`: in place when nobody else has the string (`PyUnicode_Append`).
    pub fn append(left: &mut Ref<Str>, right: &Ref<Str>) -> PyResult<()> {
        let (llen, rlen) = (left.len(), right.len());
        if rlen == 0 && left.is_exact::<Str>() {
            return Ok(());
        }
        let modifiable = llen != 0 && left.is_modifiable() && right.width() <= left.width() && !left.is(right);
        if !modifiable {
            *left = Str::concat(left, right)?;
            return Ok(());
        }
        let width = left.width();
        let size = llen.checked_add(rlen).and_then(|len| raw::compact_size(len, width));
        let Some(size) = size else {
            return Err(raise!(OverflowError, "strings are too large to concat"));
        };
        // SAFETY: the only handle of the string is at hand, so its block may move; the right one is another object.
        unsafe {
            let old: *mut PyASCIIObject = left.as_raw().cast();
            raw::clear_cached_utf8(old);
            let block = memory::small::realloc(old.cast(), size).cast::<PyASCIIObject>();
            if block.is_null() {
                return Err(Raised::no_memory());
            }
            ptr::write(left, Ref::from_owned_ptr(block));
            (*block).length.set((llen + rlen) as isize);
            copy_into(left, llen, right.data());
            let end = left.data_mut_ptr().add((llen + rlen) * width.size());
            ptr::write_bytes(end, 0, width.size());
        }
        Ok(())
    }

    /// `separator.join(items)`. The items are checked; an error names the first that is no string.
    pub fn join_items(separator: &Ref<Str>, items: &[Ref<Object>]) -> PyResult<Ref<Str>> {
        if let [only] = items
            && let Some(only) = only.downcast_exact::<Str>()
        {
            return Ok(only.to_owned());
        }
        let mut len = separator.len().saturating_mul(items.len().saturating_sub(1));
        let mut width = if items.len() > 1 { separator.width() } else { Width::Ascii };
        for (index, item) in items.iter().enumerate() {
            let Some(item) = item.downcast_exact::<Str>().or_else(|| item.downcast::<Str>()) else {
                return Err(raise!(
                    TypeError,
                    "sequence item {index}: expected str instance, {} found",
                    item.type_name()
                ));
            };
            if !item.is_ascii() {
                width = width.max(item.width());
            }
            len = len.saturating_add(item.len());
        }
        if len > isize::MAX as usize {
            return Err(raise!(OverflowError, "join() result is too long for a Python string"));
        }
        if len <= 1 {
            // One character at most, or nothing: found without allocation where possible.
            let mut result = Str::empty();
            for (index, item) in items.iter().enumerate() {
                if index > 0 && separator.len() == 1 {
                    result = separator.to_exact()?;
                }
                if let Some(item) = item.downcast::<Str>()
                    && item.len() == 1
                {
                    result = item.to_exact()?;
                }
            }
            return Ok(result);
        }
        let object = Str::uninit(len, width)?;
        if width.size() == 1 {
            // SAFETY: every item was found to be a string of one byte per character, as the separator is, the length counts
            // all of them, and the new string is not among them.
            unsafe {
                let (between, between_len) = (separator.data_mut_ptr(), separator.len());
                let mut out = object.data_mut_ptr();
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        scan::copy_short(between, out, between_len);
                        out = out.add(between_len);
                    }
                    let item = item.cast_unchecked::<Str>();
                    scan::copy_short(item.data_mut_ptr(), out, item.len());
                    out = out.add(item.len());
                }
            }
            return Ok(object);
        }
        let (separator, mut at) = (separator.data(), 0);
        for (index, item) in items.iter().enumerate() {
            // SAFETY: every item was found to be a string, the length counts all of them, and the new string is not
            // among them.
            unsafe {
                if index > 0 {
                    copy_into(&object, at, separator);
                    at += separator.len();
                }
                let item = item.cast_unchecked::<Str>().data();
                copy_into(&object, at, item);
                at += item.len();
            }
        }
        Ok(object)
    }

    /// The string for a C function: ValueError where it has a zero inside.
    pub fn to_c_string(string: &Ref<Str>) -> PyResult<CString> {
        let text = string.as_utf8()?;
        CString::new(text).map_err(|_| raise!(ValueError, "embedded null character"))
    }

    /// `text` with `{}` arguments filled in; shorthand for messages and reprs.
    pub fn from_fmt(text: core::fmt::Arguments<'_>) -> PyResult<Ref<Str>> {
        match text.as_str() {
            Some(text) => Str::from_utf8_str(text),
            None => Str::from_utf8_str(&std::fmt::format(text)),
        }
    }
}

/// Writes characters at a place of a string that nobody else sees yet, widening them.
///
/// # Safety
/// The place exists, and the string's width is at least that of the characters.
pub(crate) unsafe fn copy_into(target: &Ref<Str>, at: usize, chars: StrData<'_>) {
    // SAFETY: by contract.
    unsafe { copy_wide(target.data_mut_ptr(), target.width().size(), at, chars) }
}

/// As [`copy_into`], into a bare buffer of characters of `size` bytes.
///
/// # Safety
/// The buffer has room, and `size` is at least that of the characters.
#[inline]
pub unsafe fn copy_wide(data: *mut u8, size: usize, at: usize, chars: StrData<'_>) {
    // SAFETY: by contract.
    unsafe {
        match (size, chars) {
            (1, StrData::Ucs1(chars)) => scan::copy_short(chars.as_ptr(), data.add(at), chars.len()),
            (2, StrData::Ucs1(chars)) => {
                let data = data.cast::<u16>().add(at);
                chars.iter().enumerate().for_each(|(i, &c)| *data.add(i) = u16::from(c));
            }
            (2, StrData::Ucs2(chars)) => {
                ptr::copy_nonoverlapping(chars.as_ptr(), data.cast::<u16>().add(at), chars.len());
            }
            (4, StrData::Ucs4(chars)) => {
                ptr::copy_nonoverlapping(chars.as_ptr(), data.cast::<u32>().add(at), chars.len());
            }
            (4, chars) => {
                let data = data.cast::<u32>().add(at);
                each_kind!(chars, chars => chars.iter().enumerate().for_each(|(i, &c)| *data.add(i) = u32::from(c)));
            }
            // Narrowing, where the caller knows that the characters fit: pieces of wide strings.
            (1, chars) => {
                let data = data.add(at);
                chars.iter().enumerate().for_each(|(i, c)| *data.add(i) = c as u8);
            }
            (_, chars) => {
                let data = data.cast::<u16>().add(at);
                chars.iter().enumerate().for_each(|(i, c)| *data.add(i) = c as u16);
            }
        }
    }
}

impl Ref<Str> {
    /// The number of characters.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.0.length.get() as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes per character: 1, 2 or 4.
    #[inline(always)]
    pub fn kind(&self) -> u8 {
        self.0.state.kind() as u8
    }

    #[inline(always)]
    pub fn is_ascii(&self) -> bool {
        self.0.state.ascii()
    }

    #[inline(always)]
    pub fn width(&self) -> Width {
        match self.0.state.kind() {
            1 if self.0.state.ascii() => Width::Ascii,
            1 => Width::Latin1,
            2 => Width::Ucs2,
            _ => Width::Ucs4,
        }
    }

    /// Where the characters are; only for writing into a string that nobody else has seen.
    #[inline(always)]
    pub(crate) fn data_mut_ptr(&self) -> *mut u8 {
        // SAFETY: a live string.
        unsafe { raw::data_ptr(self.as_raw().cast()) }
    }

    /// The characters.
    #[inline(always)]
    pub fn data(&self) -> StrData<'_> {
        let (data, len) = (self.data_mut_ptr(), self.len());
        // SAFETY: `len` characters of that kind are there, and do not change while the handle is borrowed.
        unsafe {
            match self.0.state.kind() {
                1 => StrData::Ucs1(slice::from_raw_parts(data, len)),
                2 => StrData::Ucs2(slice::from_raw_parts(data.cast(), len)),
                _ => StrData::Ucs4(slice::from_raw_parts(data.cast(), len)),
            }
        }
    }

    /// The characters as bytes if all are ASCII.
    #[inline(always)]
    pub fn as_ascii(&self) -> Option<&str> {
        if !self.is_ascii() {
            return None;
        }
        // SAFETY: ASCII is UTF-8.
        unsafe { Some(core::str::from_utf8_unchecked(slice::from_raw_parts(self.data_mut_ptr(), self.len()))) }
    }

    /// The character at `index`, which is below `len()`.
    #[inline(always)]
    pub fn char_at(&self, index: usize) -> u32 {
        debug_assert!(index < self.len());
        let data = self.data_mut_ptr();
        if index >= self.len() {
            return 0;
        }
        // SAFETY: the index is in range.
        unsafe {
            match self.0.state.kind() {
                1 => u32::from(*data.add(index)),
                2 => u32::from(*data.cast::<u16>().add(index)),
                _ => *data.cast::<u32>().add(index),
            }
        }
    }

    /// The characters, without borrowing the handle's data across iterations.
    pub fn chars(&self) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + '_ {
        self.data().iter()
    }

    /// Whether nobody can notice a change: one handle, never hashed nor interned, exactly a `str` (`unicode_modifiable`).
    pub fn is_modifiable(&self) -> bool {
        self.refcount() == 1
            && self.0.hash.get() == -1
            && self.0.state.interned() == SSTATE_NOT_INTERNED
            && self.is_exact::<Str>()
    }

    /// The static string of the same value, if there is one.
    #[inline]
    pub fn singleton(&self) -> Option<Borrowed<'static, Str>> {
        let object = match self.len() {
            0 => raw::empty_raw(),
            1 => raw::latin1_char_raw(u8::try_from(self.char_at(0)).ok()?),
            _ => return None,
        };
        // SAFETY: static.
        Some(unsafe { Borrowed::from_ptr(object) })
    }

    /// The string itself if its type is exactly `str`, else a copy that is (`unicode_result_unchanged`).
    pub fn to_exact(&self) -> PyResult<Ref<Str>> {
        if self.is_exact::<Str>() { Ok(self.clone()) } else { Str::from_data(self.data()) }
    }

    /// The UTF-8 form if the string keeps one already.
    #[inline]
    pub fn cached_utf8(&self) -> Option<&str> {
        // SAFETY: a cached form is valid UTF-8 and lives as long as the string.
        unsafe {
            let (utf8, len) = raw::cached_utf8(self.as_raw().cast());
            if utf8.is_null() { None } else { Some(core::str::from_utf8_unchecked(slice::from_raw_parts(utf8, len))) }
        }
    }

    /// The UTF-8 form, kept by the string. UnicodeEncodeError where there are surrogates.
    #[inline]
    pub fn as_utf8(&self) -> PyResult<&str> {
        match self.cached_utf8() {
            Some(text) => Ok(text),
            None => self.as_utf8_slow(),
        }
    }

    #[cold]
    fn as_utf8_slow(&self) -> PyResult<&str> {
        let Some(text) = self.to_utf8_vec()? else {
            let is_surrogate = |c: &u32| (0xd800..0xe000).contains(c);
            let start = self.chars().position(|c| is_surrogate(&c)).unwrap_or(0);
            let count = self.chars().skip(start).take_while(is_surrogate).count();
            return Err(exceptions_encode_error(self, "utf-8", start, start + count, "surrogates not allowed"));
        };
        // SAFETY: the block is one longer than the text, and this string has no form yet.
        unsafe {
            let block = memory::small::malloc(text.len() + 1).cast::<u8>();
            if block.is_null() {
                return Err(Raised::no_memory());
            }
            ptr::copy_nonoverlapping(text.as_ptr(), block, text.len());
            *block.add(text.len()) = 0;
            raw::set_cached_utf8(self.as_raw().cast(), block, text.len());
            Ok(core::str::from_utf8_unchecked(slice::from_raw_parts(block, text.len())))
        }
    }

    /// The UTF-8 form as bytes of one's own; `None` where there are surrogates.
    fn to_utf8_vec(&self) -> PyResult<Option<Vec<u8>>> {
        let data = self.data();
        let Some(len) = transcode::utf8_len(data) else { return Ok(None) };
        let mut out: Vec<u8> = Vec::new();
        if out.try_reserve_exact(len).is_err() {
            return Err(Raised::no_memory());
        }
        // SAFETY: the vector has room for the text, whose length was counted; all of it is written.
        unsafe {
            transcode::write_utf8(data, out.as_mut_ptr(), len);
            out.set_len(len);
        }
        Ok(Some(out))
    }

    /// UTF-8 with surrogates as three bytes each: what `surrogatepass` gives.
    pub fn to_wtf8(&self) -> PyResult<Vec<u8>> {
        let mut out = vec_with_capacity(self.len() + self.len() / 2)?;
        for c in self.chars() {
            out.make_room(4)?;
            match char::from_u32(c) {
                Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
                None => out.extend_from_slice(&[0xed, 0x80 | (c >> 6 & 0x3f) as u8, 0x80 | (c & 0x3f) as u8]),
            }
        }
        Ok(out)
    }

    /// ASCII letters, digits and underscores alone: constants of that form are interned.
    pub fn looks_like_name(&self) -> bool {
        self.as_ascii().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
    }

    /// The text for messages: surrogates become U+FFFD. Without memory for a long text it is the beginning.
    pub fn to_display(&self) -> String {
        let shown = memory::rust_alloc::shown_in_message(self.len());
        match self.as_ascii() {
            Some(text) => text[..shown].to_owned(),
            None => self.to_display_limited(shown),
        }
    }

    /// The text with U+FFFD for surrogates, where it is more than a part of a message.
    pub fn to_lossy(&self) -> PyResult<String> {
        let mut out = String::new();
        for c in self.chars() {
            let c = char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER);
            out.try_push_str(c.encode_utf8(&mut [0; 4]))?;
        }
        Ok(out)
    }

    /// The text for messages that show at most `max` characters (`%.200s` and its like).
    pub fn to_display_limited(&self, max: usize) -> String {
        self.chars().take(max).map(|c| char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
    }

    /// `hash(self)` of the exact type.
    #[inline(always)]
    pub fn hash_value(&self) -> isize {
        let hash = self.0.hash.get();
        if hash != -1 { hash } else { self.hash_slow() }
    }

    #[inline(never)]
    fn hash_slow(&self) -> isize {
        let hash = hash::bytes(self.data().as_bytes());
        self.0.hash.set(hash);
        hash
    }

    pub fn eq_str(&self, text: &str) -> bool {
        match self.as_ascii() {
            Some(own) => own == text,
            None => self.len() <= text.len() && self.chars().eq(text.chars().map(u32::from)),
        }
    }

    /// Equality of values; never runs Python code.
    #[inline]
    pub fn equals_str(&self, other: &Ref<Str>) -> bool {
        if self.is(other) {
            return true;
        }
        let size = self.len();
        if size != other.len() || self.0.state.kind() != other.0.state.kind() {
            return false;
        }
        let (own, others) = (self.0.hash.get(), other.0.hash.get());
        if own != others && own != -1 && others != -1 {
            return false;
        }
        scan::equal(self.data().as_bytes(), other.data().as_bytes())
    }

    /// The order by code points.
    pub fn compare_str(&self, other: &Ref<Str>) -> Ordering {
        if self.is(other) {
            return Ordering::Equal;
        }
        match (self.data(), other.data()) {
            (StrData::Ucs1(a), StrData::Ucs1(b)) => a.cmp(b),
            (StrData::Ucs2(a), StrData::Ucs2(b)) => a.cmp(b),
            (a, b) => each_kind!(a, a => each_kind!(b, b => compare_kinds(a, b))),
        }
    }

    /// `self + other`.
    pub fn concat(&self, other: &Ref<Str>) -> PyResult<Ref<Str>> {
        Str::concat(self, other)
    }

    /// `self.join(iterable)`. Runs Python code if the iterable is no list or tuple.
    pub fn join(&self, iterable: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        let items = iterable.to_fast_sequence("can only join an iterable")?;
        crate::types::str::split::with_items(&items, |items| Str::join_items(self, items))
    }

    /// The first place of `needle` in the range of characters.
    pub fn find(&self, needle: &Ref<Str>, range: Range<usize>) -> Option<usize> {
        search::find(self.data().range(range.clone()), needle.data()).map(|at| at + range.start)
    }

    pub fn rfind(&self, needle: &Ref<Str>, range: Range<usize>) -> Option<usize> {
        search::rfind(self.data().range(range.clone()), needle.data()).map(|at| at + range.start)
    }

    /// The first place of the character `c` in the range.
    pub fn find_char(&self, c: u32, range: Range<usize>) -> Option<usize> {
        search::find_char(self.data().range(range.clone()), c).map(|at| at + range.start)
    }

    /// `self[range]`; the ends lie within the string (`PyUnicode_Substring`).
    pub fn substring(&self, range: Range<usize>) -> PyResult<Ref<Str>> {
        if range.start == 0 && range.end == self.len() {
            return self.to_exact();
        }
        if self.is_ascii() {
            let StrData::Ucs1(data) = self.data() else { return Ok(Str::empty()) };
            return Str::from_ascii(&data[range]);
        }
        Str::from_data(self.data().range(range))
    }

    /// The string repeated.
    pub fn repeat(&self, count: isize) -> PyResult<Ref<Str>> {
        let len = self.len();
        if count < 1 || len == 0 {
            return Ok(Str::empty());
        }
        if count == 1 {
            return self.to_exact();
        }
        let count = count as usize;
        let Some(total) = len.checked_mul(count).filter(|&total| total <= isize::MAX as usize) else {
            return Err(raise!(OverflowError, "repeated string is too long"));
        };
        let object = Str::uninit(total, self.width())?;
        let (size, data) = (self.kind() as usize, object.data_mut_ptr());
        // SAFETY: the new string has room for `count` copies; each round doubles what is written.
        unsafe {
            if len == 1 && size == 1 {
                ptr::write_bytes(data, self.char_at(0) as u8, total);
                return Ok(object);
            }
            let (unit, total) = (len * size, total * size);
            ptr::copy_nonoverlapping(self.data_mut_ptr(), data, unit);
            let mut done = unit;
            while done < total {
                let step = done.min(total - done);
                ptr::copy_nonoverlapping(data, data.add(done), step);
                done += step;
            }
        }
        Ok(object)
    }
}

/// UnicodeEncodeError about a range of `string`.
#[cold]
pub(crate) fn exceptions_encode_error(
    string: &Ref<Str>,
    encoding: &str,
    start: usize,
    end: usize,
    reason: &str,
) -> Raised {
    match exceptions::unicode_encode_error(encoding, string.borrow(), start, end, reason) {
        Ok(exception) => crate::object::raise_instance(exception),
        Err(raised) => raised,
    }
}
