//! `pybuffer.h`, `memoryobject.h`: the buffer protocol and memory views.

use core::ptr;

use taipan_runtime::types::buffer;

use crate::support::*;

// SAFETY of all of these: C passes live objects, and views that were filled or are to be.
capi! {
    fn PyObject_CheckBuffer(object: Borrowed<'_, Object>) -> bool {
        buffer::has_buffer(&object)
    }

    fn PyObject_GetBuffer(object: Borrowed<'_, Object>, view: *mut Py_buffer, flags: c_int) -> PyResult<()> {
        if flags != PyBUF_SIMPLE && (flags == PyBUF_READ || flags == PyBUF_WRITE) {
            return Err(bad_internal_call());
        }
        unsafe { buffer::get(object, view, flags) }
    }

    fn PyBuffer_Release(view: *mut Py_buffer) {
        unsafe { buffer::release(view) }
    }

    fn PyBuffer_FillInfo(
        view: *mut Py_buffer,
        exporter: *mut PyObject,
        start: *mut c_void,
        length: isize,
        readonly: c_int,
        flags: c_int,
    ) -> PyResult<()> {
        unsafe { buffer::fill_info(view, exporter, start, length, readonly != 0, flags) }
    }

    fn PyBuffer_IsContiguous(view: *const Py_buffer, order: c_char) -> bool {
        unsafe { buffer::is_contiguous(&*view, order as u8) }
    }

    fn PyBuffer_GetPointer(view: *const Py_buffer, indices: *const isize) -> *mut c_void {
        unsafe {
            let indices = core::slice::from_raw_parts(indices, (*view).ndim as usize);
            buffer::pointer(&*view, indices).cast()
        }
    }

    fn PyBuffer_FillContiguousStrides(
        dimensions: c_int,
        shape: *mut isize,
        strides: *mut isize,
        item: c_int,
        order: c_char,
    ) {
        let mut step = item as isize;
        let count = dimensions.max(0) as usize;
        for at in 0..count {
            let index = if order as u8 == b'F' { at } else { count - 1 - at };
            unsafe {
                *strides.add(index) = step;
                step *= *shape.add(index);
            }
        }
    }

    fn PyBuffer_ToContiguous(target: *mut c_void, view: *const Py_buffer, length: isize, order: c_char) -> PyResult<()> {
        unsafe {
            if length != (*view).len {
                return Err(raise!(ValueError, "PyBuffer_ToContiguous: len != view->len"));
            }
            buffer::to_contiguous(target.cast(), &*view, order as u8)
        }
    }

    fn PyBuffer_FromContiguous(
        view: *const Py_buffer,
        source: *const c_void,
        length: isize,
        order: c_char,
    ) -> PyResult<()> {
        unsafe {
            if length < (*view).len {
                // As much as there is, where it lies in one piece.
                if buffer::is_contiguous(&*view, order as u8) {
                    ptr::copy_nonoverlapping(source.cast::<u8>(), (*view).buf.cast(), length.max(0) as usize);
                    return Ok(());
                }
                return Err(raise!(ValueError, "PyBuffer_FromContiguous: not enough data"));
            }
            buffer::from_contiguous(&*view, source.cast(), order as u8)
        }
    }

    fn PyBuffer_SizeFromFormat(format: *const c_char) -> PyResult<isize> {
        let format = unsafe { string(format)? };
        let size = taipan_runtime::import::import_attr("struct", "calcsize")?.call1(format.as_borrowed())?;
        size.as_isize()
    }

    fn PyObject_CopyData(target: Borrowed<'_, Object>, source: Borrowed<'_, Object>) -> PyResult<()> {
        buffer::copy_data(target, source)
    }

    fn PyObject_CheckReadBuffer(object: Borrowed<'_, Object>) -> bool {
        let mut view = Py_buffer::ZERO;
        match unsafe { buffer::get(object, &mut view, PyBUF_SIMPLE) } {
            Ok(()) => {
                unsafe { buffer::release(&mut view) };
                true
            }
            Err(raised) => {
                raised.clear();
                false
            }
        }
    }

    fn PyObject_AsReadBuffer(object: Nullable<'_>, start: *mut *const c_void, length: *mut isize) -> PyResult<()> {
        if start.is_null() || length.is_null() {
            return Err(null_argument());
        }
        let (at, size) = borrowed_buffer(operand(object)?, PyBUF_SIMPLE, "")?;
        unsafe { (*start, *length) = (at.cast_const(), size) };
        Ok(())
    }

    fn PyObject_AsCharBuffer(object: Nullable<'_>, start: *mut *const c_char, length: *mut isize) -> PyResult<()> {
        if start.is_null() || length.is_null() {
            return Err(null_argument());
        }
        let (at, size) = borrowed_buffer(operand(object)?, PyBUF_SIMPLE, "")?;
        unsafe { (*start, *length) = (at.cast_const().cast(), size) };
        Ok(())
    }

    fn PyObject_AsWriteBuffer(object: Nullable<'_>, start: *mut *mut c_void, length: *mut isize) -> PyResult<()> {
        if start.is_null() || length.is_null() {
            return Err(null_argument());
        }
        let (at, size) = borrowed_buffer(operand(object)?, PyBUF_WRITABLE, "expected a writable bytes-like object")?;
        unsafe { (*start, *length) = (at, size) };
        Ok(())
    }

    fn PyMemoryView_FromObject(object: Borrowed<'_, Object>) -> PyResult<Ref<MemoryView>> {
        MemoryView::from_object(object)
    }

    fn PyMemoryView_FromBuffer(view: *const Py_buffer) -> PyResult<Ref<MemoryView>> {
        unsafe {
            if (*view).buf.is_null() {
                return Err(raise!(ValueError, "PyMemoryView_FromBuffer(): info->buf must not be NULL"));
            }
            MemoryView::from_buffer(view)
        }
    }

    fn PyMemoryView_FromMemory(start: *mut c_char, length: isize, flags: c_int) -> PyResult<Ref<MemoryView>> {
        unsafe { MemoryView::from_memory(start.cast(), length, flags) }
    }

    fn PyMemoryView_GetContiguous(
        object: Borrowed<'_, Object>,
        kind: c_int,
        order: c_char,
    ) -> PyResult<Ref<MemoryView>> {
        let view = MemoryView::from_object(object)?;
        let info = view.buffer();
        if kind == PyBUF_WRITE && info.readonly != 0 {
            return Err(raise!(BufferError, "underlying buffer is not writable"));
        }
        if unsafe { buffer::is_contiguous(info, order as u8) } {
            return Ok(view);
        }
        if kind == PyBUF_WRITE {
            return Err(raise!(
                BufferError,
                "writable contiguous buffer requested for a non-contiguous object."
            ));
        }
        view.contiguous_copy(order as u8)
    }
}

/// The memory of an object that exports it without a release, so that it stays where it is.
fn borrowed_buffer(object: Borrowed<'_, Object>, flags: c_int, message: &str) -> PyResult<(*mut c_void, isize)> {
    let mut view = Py_buffer::ZERO;
    // SAFETY: the view is filled, and released again.
    unsafe {
        if let Err(raised) = buffer::get(object, &mut view, flags) {
            if message.is_empty() {
                return Err(raised);
            }
            raised.clear();
            return Err(raise!(TypeError, "{message}"));
        }
        let found = (view.buf, view.len);
        buffer::release(&mut view);
        Ok(found)
    }
}
