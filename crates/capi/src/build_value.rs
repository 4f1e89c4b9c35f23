//! `Py_BuildValue`: objects from C values that a format describes.
//!
//! Every argument is read and every reference taken over even after an error, so that objects given away with `N` do not leak: the
//! first error is kept and raised at the end.

use core::slice;

use crate::support::*;
use crate::va::{Arguments, VaList};

capi! {
    fn taipan_build_value(format: *const c_char, arguments: *mut Arguments) -> PyResult<Ref<Object>> {
        // SAFETY: C passes a format, and arguments that fit it.
        unsafe { value(bytes(format), VaList::new(arguments)) }
    }
}

type Converter = unsafe extern "C" fn(*mut c_void) -> *mut PyObject;

/// The value of a format: None for an empty one, the value itself for one item, a tuple for more.
///
/// # Safety
/// `arguments` are what the format asks for.
pub unsafe fn value(format: &[u8], arguments: VaList) -> PyResult<Ref<Object>> {
    // SAFETY: by contract.
    let mut values = unsafe { values(format, arguments)? };
    match values.len() {
        0 => Ok(none()),
        1 => Ok(values.swap_remove(0)),
        _ => Ok(Tuple::from_vec(values)?.into_object()),
    }
}

/// The values of the items of a format.
///
/// # Safety
/// As [`value`].
pub unsafe fn values(format: &[u8], arguments: VaList) -> PyResult<Vec<Ref<Object>>> {
    let mut builder = Builder { format, at: 0, arguments, error: None };
    // SAFETY: by contract.
    let values = unsafe { builder.items(None) };
    builder.end(values)
}

struct Builder<'a> {
    format: &'a [u8],
    at: usize,
    arguments: VaList,
    /// The first exception; it is not set while the rest is read.
    error: Option<Ref<Object>>,
}

impl Builder<'_> {
    fn end<T>(self, made: T) -> PyResult<T> {
        match self.error {
            Some(error) => Err(Raised::restore(error)),
            None => Ok(made),
        }
    }

    fn note(&mut self, raised: Raised) {
        let error = raised.take();
        if self.error.is_none() {
            self.error = Some(error);
        }
    }

    fn peek(&self) -> Option<u8> {
        self.format.get(self.at).copied()
    }

    /// Items up to `close`, which is consumed, or the end of the format. An item that failed stands as None.
    unsafe fn items(&mut self, close: Option<u8>) -> Vec<Ref<Object>> {
        let mut items = Vec::new();
        loop {
            match self.peek() {
                None => {
                    if close.is_some() {
                        let raised = raise!(SystemError, "unmatched paren in format");
                        self.note(raised);
                    }
                    return items;
                }
                Some(character) if Some(character) == close => {
                    self.at += 1;
                    return items;
                }
                Some(b')' | b']' | b'}') => {
                    self.at += 1;
                    let raised = raise!(SystemError, "unmatched paren in format");
                    self.note(raised);
                    return items;
                }
                Some(b',' | b':' | b' ' | b'\t') => self.at += 1,
                Some(_) => {
                    // SAFETY: by the contract of `value`.
                    let item = unsafe { self.item() };
                    items.push(item.unwrap_or_else(|raised| {
                        self.note(raised);
                        none()
                    }));
                }
            }
        }
    }

    /// One item, without looking at earlier errors.
    unsafe fn item(&mut self) -> PyResult<Ref<Object>> {
        let Some(code) = self.peek() else { return Ok(none()) };
        self.at += 1;
        let arguments = &mut self.arguments;
        // SAFETY: the arguments fit the format, by the contract of `value`.
        unsafe {
            Ok(match code {
                b'(' => {
                    let items = self.items(Some(b')'));
                    Tuple::from_vec(items)?.into_object()
                }
                b'[' => {
                    let items = self.items(Some(b']'));
                    List::from_vec(items)?.into_object()
                }
                b'{' => {
                    let items = self.items(Some(b'}'));
                    if !items.len().is_multiple_of(2) {
                        return Err(raise!(SystemError, "Bad dict format"));
                    }
                    let dict = Dict::new()?;
                    // Keys that failed must not be hashed in place of the error.
                    if self.error.is_none() {
                        for pair in items.chunks_exact(2) {
                            dict.set_item(pair[0].borrow(), pair[1].borrow())?;
                        }
                    }
                    dict.into_object()
                }
                b'b' | b'B' | b'h' | b'i' => Int::from_i64(i64::from(arguments.int()))?.into_object(),
                b'H' => Int::from_i64(i64::from(arguments.int() as u32))?.into_object(),
                b'I' => Int::from_i64(i64::from(arguments.int() as u32))?.into_object(),
                b'n' => Int::from_isize(arguments.size() as isize)?.into_object(),
                b'l' => Int::from_i64(arguments.long())?.into_object(),
                b'k' => Int::from_u64(arguments.long() as u64)?.into_object(),
                b'L' => Int::from_i64(arguments.long_long())?.into_object(),
                b'K' => Int::from_u64(arguments.long_long() as u64)?.into_object(),
                b'p' => Bool::from(arguments.int() != 0).into_object(),
                b'f' | b'd' => Float::new(arguments.double())?.into_object(),
                b'D' => {
                    let number: *const Py_complex = arguments.pointer();
                    Complex::new((*number).real, (*number).imag)?.into_object()
                }
                b'c' => Bytes::from_slice(&[arguments.int() as u8])?.into_object(),
                b'C' => {
                    let ordinal = arguments.int();
                    match u32::try_from(ordinal).ok().filter(|&ordinal| ordinal <= 0x10_ffff) {
                        Some(ordinal) => Str::from_code_point(ordinal)?.into_object(),
                        None => return Err(raise!(ValueError, "chr() arg not in range(0x110000)")),
                    }
                }
                b'u' => self.wide()?,
                b's' | b'z' | b'U' => match self.text()? {
                    Some(text) => string_of(text)?.into_object(),
                    None => none(),
                },
                b'y' => match self.text()? {
                    Some(text) => Bytes::from_slice(text)?.into_object(),
                    None => none(),
                },
                b'N' | b'S' | b'O' => match self.peek() {
                    Some(b'&') if code == b'O' => {
                        self.at += 1;
                        let converter = self.arguments.pointer::<c_void>();
                        let argument = self.arguments.pointer::<c_void>();
                        let converter = core::mem::transmute::<*mut c_void, Converter>(converter);
                        result(converter(argument))?
                    }
                    _ => {
                        let object: *mut PyObject = self.arguments.pointer();
                        if object.is_null() {
                            if Raised::is_set() {
                                return Err(Raised::assume_set());
                            }
                            if self.error.is_some() {
                                return Ok(none());
                            }
                            return Err(raise!(SystemError, "NULL object passed to Py_BuildValue"));
                        }
                        if code == b'N' { Ref::from_owned_ptr(object) } else { Ref::from_borrowed_ptr(object) }
                    }
                },
                _ => {
                    // Nothing is known of the arguments behind it.
                    self.at = self.format.len();
                    return Err(raise!(SystemError, "bad format char passed to Py_BuildValue"));
                }
            })
        }
    }

    /// The length behind `#`, if there is one.
    fn length(&mut self) -> Option<isize> {
        if self.peek() == Some(b'#') {
            self.at += 1;
            Some(self.arguments.size() as isize)
        } else {
            None
        }
    }

    unsafe fn text(&mut self) -> PyResult<Option<&'static [u8]>> {
        let text: *const c_char = self.arguments.pointer::<c_char>();
        let length = self.length();
        if text.is_null() {
            return Ok(None);
        }
        // SAFETY: text of that length, or up to a zero.
        unsafe {
            Ok(Some(match length {
                Some(length) if length >= 0 => slice::from_raw_parts(text.cast(), length as usize),
                _ => {
                    let length = libc::strlen(text);
                    if length > isize::MAX as usize {
                        return Err(raise!(OverflowError, "string too long for Python string"));
                    }
                    slice::from_raw_parts(text.cast(), length)
                }
            }))
        }
    }

    /// `wchar_t` text.
    unsafe fn wide(&mut self) -> PyResult<Ref<Object>> {
        let text: *const u32 = self.arguments.pointer::<u32>();
        let length = self.length();
        if text.is_null() {
            return Ok(none());
        }
        // SAFETY: text of that length, or up to a zero.
        unsafe {
            let length = match length {
                Some(length) if length >= 0 => length as usize,
                _ => libc::wcslen(text.cast()),
            };
            Ok(Str::from_ucs4(slice::from_raw_parts(text, length))?.into_object())
        }
    }
}
