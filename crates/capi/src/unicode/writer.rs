//! `PyUnicodeWriter`: C's handle is a `StrBuilder` in a box. A write that fails leaves what was written before.

use taipan_runtime::abi::PyUnicodeWriter;
use taipan_runtime::prelude::*;
use taipan_runtime::types::codec::utf8;
use taipan_runtime::types::dict::lookup::qualified_type_name;
use taipan_runtime::types::str::{StrBuilder, StrData};

use super::wide;
use crate::parameters::{CText, Data, Out, handler};

/// The builder behind C's handle.
fn builder<'a>(writer: *mut PyUnicodeWriter) -> &'a mut StrBuilder {
    // SAFETY: the handle comes from `PyUnicodeWriter_Create`, and C uses it from one place at a time.
    unsafe { &mut *writer.cast::<StrBuilder>() }
}

fn into_builder(writer: *mut PyUnicodeWriter) -> StrBuilder {
    // SAFETY: as above, and the handle is used up.
    *unsafe { Box::from_raw(writer.cast::<StrBuilder>()) }
}

/// Appends the text of an object. Making it may run Python code, so it comes before the builder is looked at.
fn push(writer: *mut PyUnicodeWriter, text: PyResult<Ref<Str>>) -> PyResult<()> {
    let text = text?;
    builder(writer).push_object(&text)
}

capi! {
    fn PyUnicodeWriter_Create(length: isize) -> PyResult<*mut PyUnicodeWriter> {
        let Ok(length) = usize::try_from(length) else { return Err(raise!(ValueError, "length must be positive")) };
        Ok(Box::into_raw(Box::new(StrBuilder::with_capacity(length)?)).cast())
    }

    fn PyUnicodeWriter_Discard(writer: *mut PyUnicodeWriter) {
        if !writer.is_null() {
            drop(into_builder(writer));
        }
    }

    fn PyUnicodeWriter_Finish(writer: *mut PyUnicodeWriter) -> PyResult<Ref<Str>> { into_builder(writer).finish() }

    fn PyUnicodeWriter_WriteChar(writer: *mut PyUnicodeWriter, c: u32) -> PyResult<()> {
        if c > 0x10_ffff {
            return Err(raise!(ValueError, "character must be in range(0x110000)"));
        }
        builder(writer).push(c)
    }

    fn PyUnicodeWriter_WriteUTF8(writer: *mut PyUnicodeWriter, text: Data<'_>, size: isize) -> PyResult<()> {
        match core::str::from_utf8(text.sized_or_terminated(size)) {
            Ok(text) => builder(writer).push_str(text),
            Err(_) => push(writer, utf8::decode(text.sized_or_terminated(size), "strict")),
        }
    }

    fn PyUnicodeWriter_WriteASCII(writer: *mut PyUnicodeWriter, text: Data<'_>, size: isize) -> PyResult<()> {
        builder(writer).push_data(StrData::Ucs1(text.sized_or_terminated(size)))
    }

    fn PyUnicodeWriter_WriteWideChar(writer: *mut PyUnicodeWriter, text: *const u32, size: isize) -> PyResult<()> {
        push(writer, wide::from_wide(text, usize::try_from(size).unwrap_or_else(|_| wide::length(text))))
    }

    fn PyUnicodeWriter_WriteUCS4(writer: *mut PyUnicodeWriter, text: *const u32, size: isize) -> PyResult<()> {
        match usize::try_from(size) {
            Ok(size) => push(writer, wide::from_wide(text, size)),
            Err(_) => Err(raise!(ValueError, "size must be positive")),
        }
    }

    fn PyUnicodeWriter_WriteStr(writer: *mut PyUnicodeWriter, object: Borrowed<'_, Object>) -> PyResult<()> {
        push(writer, object.str())
    }

    fn PyUnicodeWriter_WriteRepr(writer: *mut PyUnicodeWriter, object: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        match object {
            Some(object) => push(writer, object.repr()),
            None => builder(writer).push_ascii(b"<NULL>"),
        }
    }

    fn PyUnicodeWriter_WriteSubstring(
        writer: *mut PyUnicodeWriter, string: Borrowed<'_, Object>, start: isize, end: isize,
    ) -> PyResult<()> {
        let Some(string) = string.downcast::<Str>() else {
            return Err(raise!(TypeError, "expect str, not {}", qualified_type_name(string)));
        };
        if start < 0 || start > end {
            return Err(raise!(ValueError, "invalid start argument"));
        }
        if end as usize > string.len() {
            return Err(raise!(ValueError, "invalid end argument"));
        }
        builder(writer).push_substring(&string, start as usize..end as usize)
    }

    fn PyUnicodeWriter_DecodeUTF8Stateful(
        writer: *mut PyUnicodeWriter, text: Data<'_>, size: isize, errors: Option<CText<'_>>, consumed: Out<'_, isize>,
    ) -> PyResult<()> {
        consumed.set(0);
        let (text, used) = utf8::decode_stateful(text.sized_or_terminated(size), &handler(errors), consumed.is_null())?;
        builder(writer).push_object(&text)?;
        consumed.set(used as isize);
        Ok(())
    }
}
