//! Equality of arrays: same shape, and equal items, whatever their formats.

use super::{MemoryView, format};
use crate::abi::{Py_buffer, PyBUF_FULL_RO};
use crate::prelude::*;
use crate::types::buffer::{self, View, adjust, at};

/// How the items of one side are read.
enum Reader {
    Native(u8),
    /// A `struct.Struct`, for formats that memory views do not read themselves.
    Struct(Ref<Object>),
}

impl Reader {
    /// `None` for a format that `struct` does not know: nothing is equal to such items.
    fn new(view: &Py_buffer) -> PyResult<Option<Reader>> {
        // SAFETY: null or a C string, alive as long as the export.
        let text = if view.format.is_null() { c"B" } else { unsafe { CStr::from_ptr(view.format) } };
        if let Some((code, _)) = format::native(text) {
            return Ok(Some(Reader::Native(code)));
        }
        Reader::structured(text, view.itemsize)
    }

    fn structured(text: &CStr, itemsize: isize) -> PyResult<Option<Reader>> {
        let class = crate::import::import_attr("struct", "Struct")?;
        let text = Str::from_utf8_str(&text.to_string_lossy())?;
        let reader = match class.call1(text.as_borrowed()) {
            Ok(reader) => reader,
            Err(raised) => return struct_error(raised).map(|()| None),
        };
        let size = reader.getattr(id!("size"))?.as_isize()?;
        Ok((size == itemsize).then_some(Reader::Struct(reader)))
    }

    /// # Safety
    /// An item of the format is at `place`.
    unsafe fn read(&self, place: *const u8, itemsize: usize) -> PyResult<Ref<Object>> {
        // SAFETY: by contract.
        unsafe {
            match self {
                Reader::Native(code) => format::unpack(place, *code),
                Reader::Struct(reader) => {
                    let bytes = Bytes::from_slice(core::slice::from_raw_parts(place, itemsize))?;
                    let values = reader.call_method(id!("unpack"), &[bytes.as_borrowed()])?;
                    match values.downcast::<Tuple>() {
                        Some(values) if values.len() == 1 => Ok(values.get(0).to_owned()),
                        _ => Ok(values),
                    }
                }
            }
        }
    }
}

/// Errors of `struct` mean that nothing is known of the items; others go on.
fn struct_error(raised: Raised) -> PyResult<()> {
    let error = crate::import::import_attr("struct", "error");
    match (raised.peek().map(|object| object.to_owned()), error) {
        (Some(exception), Ok(error)) if exception.is_instance(error.borrow())? => {
            raised.clear();
            Ok(())
        }
        _ => Err(raised),
    }
}

/// Whether both have the same number of items in each dimension.
unsafe fn same_shape(a: &Py_buffer, b: &Py_buffer) -> bool {
    if a.ndim != b.ndim {
        return false;
    }
    for index in 0..a.ndim as usize {
        // SAFETY: both come with shapes, or have one dimension.
        let (x, y) = unsafe { (count(a, index), count(b, index)) };
        if x != y {
            return false;
        }
        // No items further down.
        if x == 0 {
            break;
        }
    }
    true
}

unsafe fn count(view: &Py_buffer, index: usize) -> isize {
    if view.shape.is_null() {
        return if view.itemsize > 0 { view.len / view.itemsize } else { 0 };
    }
    // SAFETY: one entry per dimension.
    unsafe { at(view.shape, index) }
}

/// One side of a comparison.
struct Side<'a> {
    view: &'a Py_buffer,
    strides: Vec<isize>,
    reader: Reader,
}

/// # Safety
/// Both places are in the arrays, at the same dimension; the exports last.
unsafe fn equal_items(
    a: &Side<'_>,
    mut p: *mut u8,
    b: &Side<'_>,
    mut q: *mut u8,
    dimension: usize,
    items: &[isize],
) -> PyResult<bool> {
    // SAFETY: by contract.
    unsafe {
        let Some(&count) = items.get(dimension) else {
            let (x, y) = (a.reader.read(p, a.view.itemsize as usize)?, b.reader.read(q, b.view.itemsize as usize)?);
            return x.rich_compare(y.borrow(), CompareOp::Eq)?.is_true();
        };
        for _ in 0..count {
            let equal = equal_items(
                a,
                adjust(p, a.view.suboffsets, dimension),
                b,
                adjust(q, b.view.suboffsets, dimension),
                dimension + 1,
                items,
            )?;
            if !equal {
                return Ok(false);
            }
            p = p.offset(a.strides[dimension]);
            q = q.offset(b.strides[dimension]);
        }
    }
    Ok(true)
}

unsafe fn equal_arrays(a: &Py_buffer, b: &Py_buffer) -> PyResult<bool> {
    // SAFETY: both are exported while this runs: the caller holds them.
    unsafe {
        if !same_shape(a, b) {
            return Ok(false);
        }
        let (Some(reader_a), Some(reader_b)) = (Reader::new(a)?, Reader::new(b)?) else { return Ok(false) };
        // Bytes and integers of one format are equal exactly when their bytes are.
        if let (Reader::Native(x), Reader::Native(y)) = (&reader_a, &reader_b)
            && x == y
            && !matches!(x, b'f' | b'd' | b'e' | b'?')
            && buffer::is_contiguous(a, b'C')
            && buffer::is_contiguous(b, b'C')
        {
            let len = a.len.max(0) as usize;
            let bytes = |view: &Py_buffer| core::slice::from_raw_parts(super::object::nonnull(view.buf), len);
            return Ok(bytes(a) == bytes(b));
        }
        let (items, strides_a) = buffer::shape_and_strides(a)?;
        let (_, strides_b) = buffer::shape_and_strides(b)?;
        let a = Side { view: a, strides: strides_a, reader: reader_a };
        let b = Side { view: b, strides: strides_b, reader: reader_b };
        equal_items(&a, a.view.buf.cast(), &b, b.view.buf.cast(), 0, &items)
    }
}

pub(super) fn compare(this: &Ref<MemoryView>, other: Borrowed<'_, Object>, op: CompareOp) -> PyResult<Ref<Object>> {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(not_implemented());
    }
    let answer = |equal: bool| Ok(Bool::from(equal == (op == CompareOp::Eq)).into_object());
    if this.is_released() {
        return answer(this.is(&other));
    }
    if let Some(view) = other.downcast::<MemoryView>()
        && view.is_released()
    {
        return answer(this.is(&other));
    }
    // Exports hold both sides, whatever comparing their items runs.
    let left = View::new(this.as_borrowed(), PyBUF_FULL_RO)?;
    let right = match View::new(other, PyBUF_FULL_RO) {
        Ok(right) => right,
        Err(raised) => {
            raised.clear();
            return Ok(not_implemented());
        }
    };
    // SAFETY: both are exported.
    answer(unsafe { equal_arrays(&left, &right)? })
}
