//! What byte strings take as arguments: buffers, integers, iterables of integers.
//!
//! CPython: `_Py_bytes_find` and its argument parsing, `PyBytes_FromObject`.

use super::{Bytes, BytesBuilder};
use crate::object::args::BufferArg;
use crate::prelude::*;
use crate::types::buffer::View;
pub use crate::types::buffer::has_buffer;
use crate::types::exceptions::TypeError;
use crate::types::str::scan;
use crate::types::str::split::with_items;

/// What is searched for: bytes, or an integer that stands for one byte.
pub enum Needle<'a> {
    Byte([u8; 1]),
    Buffer(BufferArg<'a>),
}

impl<'a> Needle<'a> {
    pub fn new(object: Borrowed<'a, Object>) -> PyResult<Needle<'a>> {
        if has_buffer(&object) {
            return Ok(Needle::Buffer(BufferArg::new(object)?));
        }
        if !object.has_index() {
            return Err(raise!(
                TypeError,
                "argument should be integer or bytes-like object, not '{}'",
                object.type_name()
            ));
        }
        Ok(Needle::Byte([byte_of(&object)?]))
    }

    pub fn as_slice(&self) -> &[u8] {
        match self {
            Needle::Byte(byte) => byte,
            Needle::Buffer(buffer) => buffer.as_slice(),
        }
    }
}

/// An integer of the range of a byte.
pub fn byte_of(object: &Ref<Object>) -> PyResult<u8> {
    byte_or(object, "byte must be in range(0, 256)")
}

fn byte_or(object: &Ref<Object>, message: &str) -> PyResult<u8> {
    let value = match object.downcast::<Int>().and_then(|int| int.small_value()) {
        Some(value) => Some(value),
        None => object.index()?.to_i64(),
    };
    value.and_then(|value| u8::try_from(value).ok()).ok_or_else(|| raise!(ValueError, "{message}"))
}

/// `byte in self`, `bytes in self`.
pub fn contains(data: impl Fn() -> *const [u8], item: Borrowed<'_, Object>) -> PyResult<bool> {
    if item.has_index() && !has_buffer(&item) {
        let byte = byte_of(&item)?;
        // SAFETY: the bytes are fetched after the last Python code that ran.
        return Ok(memchr::memchr(byte, unsafe { &*data() }).is_some());
    }
    let needle = BufferArg::new(item)?;
    // SAFETY: as above.
    Ok(super::shared::find(unsafe { &*data() }, needle.as_slice()).is_some())
}

/// The bytes of an iterable of integers or an object with a buffer; `message` is for integers out of range, `type_name`
/// for objects that are neither.
pub fn from_object(object: Borrowed<'_, Object>, message: &str, type_name: &str) -> PyResult<BytesBuilder> {
    let mut out = BytesBuilder::new();
    if let Some(array) = object.downcast_exact::<ByteArray>() {
        out.push(array.as_slice())?;
        return Ok(out);
    }
    if has_buffer(&object) {
        let view = View::new(object, crate::abi::PyBUF_FULL_RO)?;
        out.push(&view.bytes()?)?;
        return Ok(out);
    }
    if object.is_exact::<List>() || object.is_exact::<Tuple>() {
        extend_from_sequence(&mut out, &object, message)?;
        return Ok(out);
    }
    if !object.is_instance_of::<Str>() {
        match object.iter() {
            Ok(iterator) => {
                out.reserve(object.length_hint(64)?.min(isize::MAX as usize - 64))?;
                while let Some(item) = iterator.next()? {
                    out.push_byte(byte_or(&item, message)?)?;
                }
                return Ok(out);
            }
            Err(raised) => raised.clear_if::<TypeError>()?,
        }
    }
    Err(raise!(TypeError, "cannot convert '{}' object to {type_name}", object.type_name()))
}

/// Items of a list or tuple, which Python code may change meanwhile.
fn extend_from_sequence(out: &mut BytesBuilder, object: &Ref<Object>, message: &str) -> PyResult<()> {
    let mut index = 0;
    loop {
        // Exact ints run nothing; up to anything else, the items stay where they are.
        let item = with_items(object, |items| {
            let rest = items.get(index..).unwrap_or_default();
            let (spare, room) = out.spare(rest.len())?;
            let mut written = 0;
            let stop = rest.iter().take(room).position(|item| {
                let value = item.downcast_exact::<Int>().and_then(|int| int.small_value());
                let Some(byte) = value.and_then(|value| u8::try_from(value).ok()) else { return true };
                // SAFETY: `written` stays below `room`.
                unsafe { *spare.add(written) = byte };
                written += 1;
                false
            });
            // SAFETY: so many were written.
            unsafe { out.advance(written) };
            index += written;
            Ok(stop.and_then(|at| rest.get(at)).cloned())
        })?;
        let Some(item) = item else { return Ok(()) };
        out.push_byte(byte_or(&item, message)?)?;
        index += 1;
    }
}

/// `separator.join(items)`.
pub fn join(separator: &[u8], iterable: Borrowed<'_, Object>) -> PyResult<Ref<Bytes>> {
    let sequence = iterable.to_fast_sequence("can only join an iterable")?;
    if let Some(joined) = with_items(&sequence, |items| join_exact(separator, items))? {
        return Ok(joined);
    }
    let items: Vec<Ref<Object>> = with_items(&sequence, |items| items.try_to_vec())?;
    let mut buffers = Vec::new();
    if buffers.try_reserve_exact(items.len()).is_err() {
        return Err(Raised::no_memory());
    }
    let mut len = separator.len().saturating_mul(items.len().saturating_sub(1));
    for (index, item) in items.iter().enumerate() {
        if !has_buffer(item) {
            return Err(raise!(
                TypeError,
                "sequence item {index}: expected a bytes-like object, {} found",
                item.type_name()
            ));
        }
        let buffer = BufferArg::new(item.borrow())?;
        // Asking an item for its bytes can run Python code, which can change the list.
        if with_items(&sequence, |now| Ok(now.len()))? != items.len() {
            return Err(raise!(RuntimeError, "sequence changed size during iteration"));
        }
        len = len.saturating_add(buffer.len());
        buffers.push(buffer);
    }
    if len > isize::MAX as usize {
        return Err(raise!(OverflowError, "join() result is too long"));
    }
    let mut out = BytesBuilder::with_capacity(len)?;
    for (index, buffer) in buffers.iter().enumerate() {
        if index > 0 {
            out.push(separator)?;
        }
        out.push(buffer)?;
    }
    out.finish()
}

/// Joins items that are all exactly `bytes`; `None` where they are not. Runs no Python code.
fn join_exact(separator: &[u8], items: &[Ref<Object>]) -> PyResult<Option<Ref<Bytes>>> {
    if let [only] = items {
        return Ok(only.downcast_exact::<Bytes>().map(|only| only.to_owned()));
    }
    let mut len = separator.len().saturating_mul(items.len().saturating_sub(1));
    for item in items {
        let Some(item) = item.downcast_exact::<Bytes>() else { return Ok(None) };
        len = len.saturating_add(item.len());
    }
    if len > isize::MAX as usize {
        return Err(raise!(OverflowError, "join() result is too long"));
    }
    let result = Bytes::filled(len, |out| {
        let mut target = out.as_mut_ptr();
        for (index, item) in items.iter().enumerate() {
            // SAFETY: all items are byte strings, and there is room for what they and the separators add up to.
            unsafe {
                if index > 0 {
                    scan::copy_short(separator.as_ptr(), target, separator.len());
                    target = target.add(separator.len());
                }
                let item = item.cast_unchecked::<Bytes>();
                scan::copy_short(item.data_mut_ptr(), target, item.len());
                target = target.add(item.len());
            }
        }
    });
    result.map(Some)
}
