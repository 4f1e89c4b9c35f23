//! `bytesobject.h`.

use core::ffi::{c_char, c_int};
use core::ptr;

use taipan_runtime::abi::PyBytesObject;
use taipan_runtime::object::args::BufferArg;
use taipan_runtime::prelude::*;
use taipan_runtime::types::bytes::{input, raw, shared};
use taipan_runtime::types::codec::escape;
use taipan_runtime::types::dict::lookup::qualified_type_name;

use crate::outcome::{bad_internal_call, given};
use crate::parameters::{CText, Data, Out, Place, handler};

fn expect_bytes<'a>(object: Borrowed<'a, Object>) -> PyResult<Borrowed<'a, Bytes>> {
    match object.downcast_borrowed::<Bytes>() {
        Some(bytes) => Ok(bytes),
        None => Err(raise!(TypeError, "expected bytes, {} found", object.type_name())),
    }
}

/// The bytes of two objects; no exception is set where one of them does not give them.
pub(crate) fn buffers<'a>(
    left: Borrowed<'a, Object>,
    right: Borrowed<'a, Object>,
) -> Option<(BufferArg<'a>, BufferArg<'a>)> {
    match BufferArg::new(left).and_then(|left| Ok((left, BufferArg::new(right)?))) {
        Ok(both) => Some(both),
        Err(raised) => {
            raised.clear();
            None
        }
    }
}

/// `left + right` of anything with a buffer.
fn concat(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if let (Some(left), Some(right)) = (left.downcast::<Bytes>(), right.downcast::<Bytes>())
        && (left.is_empty() || right.is_empty())
    {
        let other = if left.is_empty() { right } else { left };
        return Ok(other.to_exact()?.into_object());
    }
    if !input::has_buffer(&left) || !input::has_buffer(&right) {
        return Err(raise!(TypeError, "can't concat {} to {}", right.type_name(), left.type_name()));
    }
    let Some((left, right)) = buffers(left, right) else {
        return Err(raise!(TypeError, "can't concat {} to {}", right.type_name(), left.type_name()));
    };
    Ok(Bytes::concat_slices(&left, &right)?.into_object())
}

/// Replaces the variable by its value with `right` appended, or NULL.
fn concat_in_place(left: Place<'_>, right: Option<Borrowed<'_, Object>>) {
    let Some(old) = left.take() else { return };
    let Some(right) = right else { return };
    // An error stays set; the variable then is NULL, and the function has no other answer.
    left.set(concat(old.borrow(), right).ok());
}

/// A new object of `size` bytes for C to fill in; that of no bytes is the one that exists.
pub(crate) fn unfilled(size: usize) -> PyResult<Ref<Object>> {
    if size == 0 {
        return Ok(Bytes::empty().into_object());
    }
    // SAFETY: a new object with one count.
    Ok(unsafe { Ref::from_owned_ptr(raw::new_raw(size)?) })
}

capi! {
    fn PyBytes_FromStringAndSize(data: Data<'_>, size: isize) -> PyResult<Ref<Object>> {
        let Ok(length) = usize::try_from(size) else {
            return Err(raise!(SystemError, "Negative size passed to PyBytes_FromStringAndSize"));
        };
        if data.is_null() {
            return unfilled(length);
        }
        Ok(Bytes::from_slice(data.first(length))?.into_object())
    }

    fn PyBytes_FromString(text: CText<'_>) -> PyResult<Ref<Bytes>> { Bytes::from_slice(text.bytes()) }

    fn PyBytes_FromObject(object: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Bytes>> { Bytes::from_object(given(object)?) }

    fn PyBytes_Size(object: Borrowed<'_, Object>) -> PyResult<isize> { Ok(expect_bytes(object)?.len() as isize) }

    fn PyBytes_AsString(object: Borrowed<'_, Object>) -> PyResult<*mut c_char> {
        Ok(expect_bytes(object)?.as_slice().as_ptr().cast_mut().cast())
    }

    fn PyBytes_AsStringAndSize(
        object: Borrowed<'_, Object>, data: Out<'_, *mut c_char>, size: Out<'_, isize>,
    ) -> PyResult<()> {
        if data.is_null() {
            return Err(bad_internal_call());
        }
        let bytes = expect_bytes(object)?;
        let bytes = bytes.as_slice();
        if size.is_null() && bytes.contains(&0) {
            return Err(raise!(ValueError, "embedded null byte"));
        }
        data.set(bytes.as_ptr().cast_mut().cast());
        size.set(bytes.len() as isize);
        Ok(())
    }

    fn PyBytes_Repr(object: Borrowed<'_, Bytes>, smart_quotes: c_int) -> PyResult<Ref<Str>> {
        if smart_quotes != 0 {
            return shared::repr(object.as_slice(), "b", "", false);
        }
        shared::quoted(object.as_slice(), "b", "", b'\'', false)
    }

    fn PyBytes_Concat(left: Place<'_>, right: Option<Borrowed<'_, Object>>) { concat_in_place(left, right) }

    fn PyBytes_ConcatAndDel(left: Place<'_>, right: Option<Ref<Object>>) {
        concat_in_place(left, right.as_ref().map(Ref::borrow))
    }

    fn PyBytes_Join(separator: Option<Borrowed<'_, Object>>, iterable: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Bytes>> {
        let iterable = given(iterable)?;
        let separator = given(separator)?;
        match separator.downcast::<Bytes>() {
            Some(bytes) => input::join(bytes.as_slice(), iterable),
            None => Err(raise!(TypeError, "sep: expected bytes, got {}", qualified_type_name(separator))),
        }
    }

    fn PyBytes_DecodeEscape(
        text: Data<'_>, size: isize, errors: Option<CText<'_>>, _unicode: isize, _recode: *const c_char,
    ) -> PyResult<Ref<Bytes>> {
        if size as usize > isize::MAX as usize - raw::HEAD_SIZE {
            return Err(raise!(OverflowError, "byte string is too large"));
        }
        escape::decode(text.sized(size)?, &handler(errors))
    }

    fn _PyBytes_Resize(place: Place<'_>, size: isize) -> PyResult<()> {
        let old = given(place.take())?;
        let length = usize::try_from(size).map_err(|_| bad_internal_call())?;
        let Some(bytes) = old.downcast::<Bytes>() else { return Err(bad_internal_call()) };
        if bytes.len() == length {
            place.set(Some(old));
            return Ok(());
        }
        if length == 0 || bytes.is_empty() {
            place.set(Some(unfilled(length)?));
            return Ok(());
        }
        if old.refcount() != 1 || !old.is_exact::<Bytes>() {
            let new = unfilled(length)?;
            // SAFETY: a new object of that length.
            unsafe {
                let target = raw::data_ptr(new.as_ptr().cast::<PyBytesObject>());
                ptr::copy_nonoverlapping(bytes.as_slice().as_ptr(), target, length.min(bytes.len()));
            }
            place.set(Some(new));
            return Ok(());
        }
        // SAFETY: the only count is ours, and the object may move. After an error the memory is unchanged.
        unsafe {
            let object = old.into_ptr().cast::<PyBytesObject>();
            match raw::resize_raw(object, length) {
                Ok(object) => {
                    place.set(Some(Ref::from_owned_ptr(object)));
                    Ok(())
                }
                Err(raised) => {
                    drop(Ref::<Object>::from_owned_ptr(object));
                    Err(raised)
                }
            }
        }
    }

    fn _PyBytes_Find(text: Data<'_>, size: isize, needle: Data<'_>, needle_size: isize, offset: isize) -> isize {
        let found = shared::find(text.first(size as usize), needle.first(needle_size as usize));
        found.map_or(-1, |at| at as isize + offset)
    }

    fn _PyBytes_ReverseFind(text: Data<'_>, size: isize, needle: Data<'_>, needle_size: isize, offset: isize) -> isize {
        let found = shared::rfind(text.first(size as usize), needle.first(needle_size as usize));
        found.map_or(-1, |at| at as isize + offset)
    }

    fn _PyBytes_Repeat(target: *mut u8, size: isize, source: *const u8, source_size: isize) {
        let (size, step) = (size.max(0) as usize, source_size.max(0) as usize);
        let mut done = 0;
        while step > 0 && done < size {
            let count = step.min(size - done);
            // SAFETY: the target has `size` bytes and the source `step`.
            unsafe { ptr::copy(source, target.add(done), count) };
            done += count;
        }
    }

    fn _Py_strhex(data: Data<'_>, size: isize) -> PyResult<Ref<Str>> {
        taipan_runtime::types::bytes::hex::hex(data.sized(size)?, None, 0)
    }

    fn _Py_strhex_bytes_with_sep(
        data: Data<'_>, size: isize, separator: Option<Borrowed<'_, Object>>, group: c_int,
    ) -> PyResult<Ref<Bytes>> {
        Bytes::from_slice(&taipan_runtime::types::bytes::hex::hex_digits(data.sized(size)?, separator, group)?)
    }
}
