//! `unicodeobject.h`: strings.
//!
//! A string that C makes with `PyUnicode_New` is written by C afterwards; until somebody else has it, hashes it or interns it, it may be
//! changed, and functions that change one check this. Functions with `...` are variadic.

mod codecs;
mod compare;
mod ctype;
mod locale;
mod private;
mod search;
mod wide;
mod writer;

use core::ffi::{c_char, c_void};

use taipan_runtime::abi::PyASCIIObject;
use taipan_runtime::prelude::*;
use taipan_runtime::types::codec::{self, utf8};
use taipan_runtime::types::str::raw::{self, Width};
use taipan_runtime::types::str::{StrData, copy_wide};

use crate::outcome::{bad_internal_call, given};
use crate::parameters::{CText, Data, Out, Place, handler};

/// TypeError for an argument of the wrong kind, as `PyErr_BadArgument` words it.
#[cold]
pub(crate) fn bad_argument() -> Raised {
    raise!(TypeError, "bad argument type for built-in operation")
}

/// A string, or TypeError "bad argument type".
fn argument<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Str>> {
    object.downcast_borrowed::<Str>().ok_or_else(bad_argument)
}

/// A string, or TypeError "must be str".
fn ensured<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Str>> {
    match object.downcast_borrowed::<Str>() {
        Some(string) => Ok(string),
        None => Err(raise!(TypeError, "must be str, not {}", object.type_name())),
    }
}

#[cold]
fn index_error() -> Raised {
    raise!(IndexError, "string index out of range")
}

fn check_modifiable(string: &Ref<Str>) -> PyResult<()> {
    if string.is_modifiable() { Ok(()) } else { Err(raise!(SystemError, "Cannot modify a string currently used")) }
}

/// A new string of `len` characters not wider than `width`, for C to write.
fn unfilled(len: usize, width: Width) -> PyResult<Ref<Str>> {
    if len == 0 {
        return Ok(Str::empty());
    }
    // SAFETY: a new object with one count.
    Ok(unsafe { Ref::from_owned_ptr(raw::new_compact(len, width)?) })
}

/// Where the characters are, for writing into a string that may be changed.
fn characters(string: &Ref<Str>) -> *mut u8 {
    // SAFETY: a live string.
    unsafe { raw::data_ptr(string.as_raw().cast::<PyASCIIObject>()) }
}

fn kind_name(width: Width) -> &'static str {
    match width {
        Width::Ascii => "ascii",
        Width::Latin1 => "latin1",
        Width::Ucs2 => "UCS2",
        Width::Ucs4 => "UCS4",
    }
}

/// The string of `size` characters of one, two or four bytes.
fn from_kind(kind: c_int, buffer: *const c_void, size: usize) -> PyResult<Ref<Str>> {
    if size == 0 && matches!(kind, 1 | 2 | 4) {
        return Ok(Str::empty());
    }
    // SAFETY: C passes that many characters of that kind.
    unsafe {
        match kind {
            1 => Str::from_ucs1(core::slice::from_raw_parts(buffer.cast(), size)),
            2 => Str::from_ucs2(core::slice::from_raw_parts(buffer.cast(), size)),
            4 => Str::from_ucs4(core::slice::from_raw_parts(buffer.cast(), size)),
            _ => Err(raise!(SystemError, "invalid kind")),
        }
    }
}

/// Joins two strings that are arguments of C.
fn concat(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
    let left = ensured(left)?;
    match right.downcast::<Str>() {
        Some(right) => left.concat(&right),
        None => Err(raise!(TypeError, "can only concatenate str (not \"{}\") to str", right.type_name())),
    }
}

/// `*left += right`; the variable becomes NULL where that fails.
fn append(left: Place<'_>, right: Option<Borrowed<'_, Object>>) {
    let appended = (|| {
        let (old, right) = (given(left.take())?, given(right)?);
        let mut string = old.into_downcast::<Str>().map_err(|_| bad_internal_call())?;
        let right = right.downcast::<Str>().ok_or_else(bad_internal_call)?;
        Str::append(&mut string, &right)?;
        Ok(string.into_object())
    })();
    left.set(match appended {
        Ok(string) => Some(string),
        Err(raised) => {
            let _: Raised = raised;
            None
        }
    });
}

capi! {
    fn PyUnicode_New(size: isize, max_char: u32) -> PyResult<Ref<Str>> {
        if size == 0 {
            return Ok(Str::empty());
        }
        if max_char > 0x10_ffff {
            return Err(raise!(SystemError, "invalid maximum character passed to PyUnicode_New"));
        }
        match usize::try_from(size) {
            Ok(size) => unfilled(size, Width::of(max_char)),
            Err(_) => Err(raise!(SystemError, "Negative size passed to PyUnicode_New")),
        }
    }

    fn PyUnicode_FromStringAndSize(text: Data<'_>, size: isize) -> PyResult<Ref<Str>> {
        if size < 0 {
            return Err(raise!(SystemError, "Negative size passed to PyUnicode_FromStringAndSize"));
        }
        if text.is_null() && size != 0 {
            return Err(raise!(SystemError, "NULL string with positive size with NULL passed to PyUnicode_FromStringAndSize"));
        }
        utf8::decode(text.first(size as usize), "strict")
    }

    fn PyUnicode_FromString(text: CText<'_>) -> PyResult<Ref<Str>> { text.to_str() }

    fn PyUnicode_FromKindAndData(kind: c_int, buffer: *const c_void, size: isize) -> PyResult<Ref<Str>> {
        match usize::try_from(size) {
            Ok(size) => from_kind(kind, buffer, size),
            Err(_) => Err(raise!(ValueError, "size must be positive")),
        }
    }

    fn PyUnicode_FromOrdinal(ordinal: c_int) -> PyResult<Ref<Str>> {
        match u32::try_from(ordinal) {
            Ok(c @ 0..=0x10_ffff) => Str::from_code_point(c),
            _ => Err(raise!(ValueError, "chr() arg not in range(0x110000)")),
        }
    }

    fn PyUnicode_FromObject(object: Borrowed<'_, Object>) -> PyResult<Ref<Str>> {
        match object.downcast::<Str>() {
            Some(string) => string.to_exact(),
            None => Err(raise!(TypeError, "Can't convert '{}' object to str implicitly", object.type_name())),
        }
    }

    fn PyUnicode_FromEncodedObject(
        object: Option<Borrowed<'_, Object>>, encoding: Option<CText<'_>>, errors: Option<CText<'_>>,
    ) -> PyResult<Ref<Str>> {
        let encoding = encoding.map_or("utf-8".into(), CText::name);
        codec::decode_object(given(object)?, &encoding, &handler(errors))
    }

    fn PyUnicode_KIND(string: Borrowed<'_, Str>) -> c_int { string.kind().into() }
    fn PyUnicode_DATA(string: Borrowed<'_, Str>) -> *mut c_void { characters(&string).cast() }

    fn PyUnicode_GetLength(string: Borrowed<'_, Object>) -> PyResult<isize> { Ok(argument(string)?.len() as isize) }

    fn PyUnicode_ReadChar(string: Borrowed<'_, Object>, index: isize) -> PyResult<u32> {
        let string = argument(string)?;
        match usize::try_from(index) {
            Ok(index) if index < string.len() => Ok(string.char_at(index)),
            _ => Err(index_error()),
        }
    }

    fn PyUnicode_WriteChar(string: Borrowed<'_, Object>, index: isize, c: u32) -> PyResult<()> {
        let string = argument(string)?;
        if !string.is_exact::<Str>() {
            return Err(bad_argument());
        }
        let Some(index) = usize::try_from(index).ok().filter(|&index| index < string.len()) else { return Err(index_error()) };
        check_modifiable(&string)?;
        if c > string.width().limit() {
            return Err(raise!(ValueError, "character out of range"));
        }
        // SAFETY: the place is inside the string, which nobody else has, and the character fits.
        unsafe { copy_wide(characters(&string), string.kind().into(), index, StrData::Ucs4(&[c])) };
        Ok(())
    }

    fn PyUnicode_Substring(string: Borrowed<'_, Str>, start: isize, end: isize) -> PyResult<Ref<Str>> {
        let length = string.len() as isize;
        let end = end.min(length);
        if start == 0 && end == length {
            return string.to_exact();
        }
        if start < 0 || end < 0 {
            return Err(index_error());
        }
        if start >= end { Ok(Str::empty()) } else { string.substring(start as usize..end as usize) }
    }

    fn PyUnicode_Resize(place: Place<'_>, size: isize) -> PyResult<()> {
        let string = place.peek().and_then(Borrowed::downcast_borrowed::<Str>).ok_or_else(bad_internal_call)?;
        let size = usize::try_from(size).map_err(|_| bad_internal_call())?;
        let length = string.len();
        if size == length {
            return Ok(());
        }
        if size == 0 || length == 0 || !string.is_modifiable() {
            let new = unfilled(size, string.width())?;
            if size > 0 {
                // SAFETY: the new string is as wide, and has room for what is copied.
                unsafe { copy_wide(characters(&new), new.kind().into(), 0, string.data().range(0..size.min(length))) };
            }
            let old = place.take();
            place.set(Some(new.into_object()));
            drop(old);
            return Ok(());
        }
        let object = string.as_raw().cast::<PyASCIIObject>();
        // SAFETY: the variable's is the only count, and the string may move; after an error it has not.
        unsafe {
            let moved = raw::resize_raw(object, size)?;
            place.set(Some(Ref::from_owned_ptr(moved)));
        }
        Ok(())
    }

    fn PyUnicode_CopyCharacters(
        to: Borrowed<'_, Object>, to_start: isize, from: Borrowed<'_, Object>, from_start: isize, how_many: isize,
    ) -> PyResult<isize> {
        let (Some(to), Some(from)) = (to.downcast::<Str>(), from.downcast::<Str>()) else { return Err(bad_internal_call()) };
        let inside = |start: isize, string: &Ref<Str>| usize::try_from(start).ok().filter(|&start| start <= string.len());
        let (Some(from_start), Some(to_start)) = (inside(from_start, &from), inside(to_start, &to)) else {
            return Err(index_error());
        };
        let Ok(how_many) = usize::try_from(how_many) else {
            return Err(raise!(SystemError, "how_many cannot be negative"));
        };
        let how_many = how_many.min(from.len() - from_start);
        if how_many > to.len() - to_start {
            return Err(raise!(
                SystemError,
                "Cannot write {how_many} characters at {to_start} in a string of {} characters",
                to.len()
            ));
        }
        if how_many == 0 {
            return Ok(0);
        }
        check_modifiable(&to)?;
        let chars = from.data().range(from_start..from_start + how_many);
        if from.width() > to.width() && chars.width() > to.width() {
            return Err(raise!(
                SystemError,
                "Cannot copy {} characters into a string of {} characters",
                kind_name(from.width()),
                kind_name(to.width())
            ));
        }
        // SAFETY: the place exists, the characters fit, and `to` is another string since it has one count.
        unsafe { copy_wide(characters(&to), to.kind().into(), to_start, chars) };
        Ok(how_many as isize)
    }

    fn PyUnicode_Fill(string: Borrowed<'_, Object>, start: isize, length: isize, c: u32) -> PyResult<isize> {
        let string = string.downcast::<Str>().ok_or_else(bad_internal_call)?;
        check_modifiable(&string)?;
        let start = usize::try_from(start).map_err(|_| index_error())?;
        if c > string.width().limit() {
            return Err(raise!(ValueError, "fill character is bigger than the string maximum character"));
        }
        let room = string.len() as isize - start as isize;
        let length = length.min(room);
        if length <= 0 {
            return Ok(0);
        }
        let data = characters(&string);
        for at in start..start + length as usize {
            // SAFETY: inside the string, and the character fits.
            unsafe { copy_wide(data, string.kind().into(), at, StrData::Ucs4(&[c])) };
        }
        Ok(length)
    }

    fn PyUnicode_InternFromString(text: CText<'_>) -> PyResult<Ref<Str>> { Ok(Str::intern(text.to_str()?)) }

    fn PyUnicode_InternInPlace(place: Place<'_>) {
        if let Some(object) = place.take() {
            place.set(Some(match object.into_downcast::<Str>() {
                Ok(string) => Str::intern(string).into_object(),
                Err(other) => other,
            }));
        }
    }

    fn PyUnicode_InternImmortal(place: Place<'_>) { private::intern_immortal(place) }

    fn PyUnicode_Concat(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Str>> { concat(left, right) }

    fn PyUnicode_Append(left: Place<'_>, right: Option<Borrowed<'_, Object>>) {
        if left.is_null() {
            if !Raised::is_set() {
                let _raised = bad_internal_call();
            }
            return;
        }
        append(left, right)
    }

    fn PyUnicode_AppendAndDel(left: Place<'_>, right: Option<Ref<Object>>) {
        append(left, right.as_ref().map(Ref::borrow))
    }

    fn PyUnicode_AsUTF8AndSize(string: Borrowed<'_, Object>, size: Out<'_, isize>) -> PyResult<*const c_char> {
        size.set(-1);
        let text = argument(string)?.cached_or_new_utf8()?;
        size.set(text.1 as isize);
        Ok(text.0)
    }

    fn PyUnicode_AsUTF8(string: Borrowed<'_, Object>) -> PyResult<*const c_char> {
        Ok(argument(string)?.cached_or_new_utf8()?.0)
    }

    fn PyUnicode_Format(format: Option<Borrowed<'_, Object>>, arguments: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Str>> {
        let (format, arguments) = (given(format)?, given(arguments)?);
        taipan_runtime::types::str::percent::format(&*ensured(format)?, arguments)
    }

    fn PyUnicode_GetDefaultEncoding() -> *const c_char { c"utf-8".as_ptr() }

    fn PyUnicode_IsIdentifier(string: Borrowed<'_, Str>) -> bool { string.is_identifier() }
}

/// The UTF-8 form of a string as C sees it: a pointer that lives as long as the string, and the size.
trait Utf8 {
    fn cached_or_new_utf8(&self) -> PyResult<(*const c_char, usize)>;
}

impl Utf8 for Ref<Str> {
    fn cached_or_new_utf8(&self) -> PyResult<(*const c_char, usize)> {
        let text = self.as_utf8()?;
        Ok((text.as_ptr().cast(), text.len()))
    }
}
