//! The buffer protocol for native code: asking for views, filling them in, contiguity, and copies between layouts.
//!
//! CPython: the buffer half of `Objects/abstract.c`, and the copies of `Objects/memoryobject.c`.

use core::ptr;
use std::borrow::Cow;

use crate::abi::{
    Py_buffer, PyBUF_FORMAT, PyBUF_ND, PyBUF_READ, PyBUF_SIMPLE, PyBUF_STRIDES, PyBUF_WRITABLE, PyBUF_WRITE, PyObject,
};
use crate::object::header;
use crate::object::protocol::attr::missing_exception_checked;
use crate::prelude::*;

/// Whether the object exports buffers (`PyObject_CheckBuffer`).
pub fn has_buffer(object: &Ref<Object>) -> bool {
    // SAFETY: null or a table that lives as long as the type.
    unsafe { object.type_of().tp_as_buffer.get().as_ref() }.is_some_and(|procs| procs.bf_getbuffer.get().is_some())
}

/// `PyObject_GetBuffer`.
///
/// # Safety
/// `view` is writable; it has to be released by [`release`].
pub unsafe fn get(object: Borrowed<'_, Object>, view: *mut Py_buffer, flags: c_int) -> PyResult<()> {
    if flags != PyBUF_SIMPLE && (flags == PyBUF_READ || flags == PyBUF_WRITE) {
        return Err(raise!(SystemError, "bad argument to internal function"));
    }
    // SAFETY: the slot fills the view or fails.
    unsafe {
        let get = object.type_of().tp_as_buffer.get().as_ref().and_then(|procs| procs.bf_getbuffer.get());
        let Some(get) = get else {
            return Err(raise!(TypeError, "a bytes-like object is required, not '{}'", object.type_name()));
        };
        if get(object.as_ptr(), view, flags) < 0 { Err(missing_exception_checked()) } else { Ok(()) }
    }
}

/// `PyBuffer_Release`.
///
/// # Safety
/// `view` was filled by [`get`], or released already.
pub unsafe fn release(view: *mut Py_buffer) {
    // SAFETY: by contract; the view owns its exporter.
    unsafe {
        let object = (*view).obj;
        if object.is_null() {
            return;
        }
        let procs = (*(*object).ob_type.get()).tp_as_buffer.get();
        if let Some(release) = procs.as_ref().and_then(|procs| procs.bf_releasebuffer.get()) {
            release(object, view);
        }
        (*view).obj = ptr::null_mut();
        header::decref(object);
    }
}

/// A view that is released when it goes. It stays where it was filled in: the shape of plain bytes is a field of it.
pub struct View(Box<Py_buffer>);

impl View {
    pub fn new(object: Borrowed<'_, Object>, flags: c_int) -> PyResult<View> {
        let mut view = Box::new(Py_buffer::ZERO);
        // SAFETY: released by `drop`.
        unsafe { get(object, &raw mut *view, flags)? };
        Ok(View(view))
    }

    /// The bytes of the items in C order, copied where they do not stand so. The slice is not to be held while Python
    /// code runs that writes to the memory.
    pub fn bytes(&self) -> PyResult<Cow<'_, [u8]>> {
        let len = self.len.max(0) as usize;
        if len == 0 {
            return Ok(Cow::Borrowed(&[]));
        }
        // SAFETY: the memory is exported as long as the view lives; all `len` bytes of the copy are written.
        unsafe {
            if is_contiguous(self, b'C') {
                return Ok(Cow::Borrowed(core::slice::from_raw_parts(self.buf.cast(), len)));
            }
            let mut copy: Vec<u8> = Vec::new();
            if copy.try_reserve_exact(len).is_err() {
                return Err(Raised::no_memory());
            }
            to_contiguous(copy.as_mut_ptr(), self, b'C')?;
            copy.set_len(len);
            Ok(Cow::Owned(copy))
        }
    }
}

impl core::ops::Deref for View {
    type Target = Py_buffer;

    fn deref(&self) -> &Py_buffer {
        &self.0
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // SAFETY: filled by `get`.
        unsafe { release(&raw mut *self.0) }
    }
}

/// Fills a view of plain bytes (`PyBuffer_FillInfo`). The exporter gets a count.
///
/// # Safety
/// `view` is writable, `buf` points to `len` bytes that live as long as the exporter says.
pub unsafe fn fill_info(
    view: *mut Py_buffer,
    exporter: *mut PyObject,
    buf: *mut c_void,
    len: isize,
    readonly: bool,
    flags: c_int,
) -> PyResult<()> {
    if view.is_null() {
        return Err(raise!(BufferError, "PyBuffer_FillInfo: view==NULL argument is obsolete"));
    }
    if flags != PyBUF_SIMPLE {
        if flags == PyBUF_READ || flags == PyBUF_WRITE {
            return Err(raise!(SystemError, "bad argument to internal function"));
        }
        if flags & PyBUF_WRITABLE == PyBUF_WRITABLE && readonly {
            return Err(raise!(BufferError, "Object is not writable."));
        }
    }
    // SAFETY: by contract. Shape and strides of bytes are fields of the view itself.
    unsafe {
        header::xincref(exporter);
        (*view).obj = exporter;
        (*view).buf = buf;
        (*view).len = len;
        (*view).readonly = c_int::from(readonly);
        (*view).itemsize = 1;
        (*view).format = if flags & PyBUF_FORMAT == PyBUF_FORMAT { c"B".as_ptr().cast_mut() } else { ptr::null_mut() };
        (*view).ndim = 1;
        (*view).shape = if flags & PyBUF_ND == PyBUF_ND { &raw mut (*view).len } else { ptr::null_mut() };
        (*view).strides =
            if flags & PyBUF_STRIDES == PyBUF_STRIDES { &raw mut (*view).itemsize } else { ptr::null_mut() };
        (*view).suboffsets = ptr::null_mut();
        (*view).internal = ptr::null_mut();
    }
    Ok(())
}

/// The dimension `index` of one of the arrays of a view.
///
/// # Safety
/// The array has it.
#[inline(always)]
pub unsafe fn at(array: *const isize, index: usize) -> isize {
    // SAFETY: by contract.
    unsafe { *array.add(index) }
}

/// Whether the items stand one behind the other, the last index first.
///
/// # Safety
/// A valid view with a shape if it has strides.
pub unsafe fn is_c_contiguous(view: &Py_buffer) -> bool {
    if view.len == 0 || view.strides.is_null() {
        return true;
    }
    let mut expected = view.itemsize;
    for index in (0..view.ndim as usize).rev() {
        // SAFETY: by contract.
        let (count, stride) = unsafe { (at(view.shape, index), at(view.strides, index)) };
        if count > 1 && stride != expected {
            return false;
        }
        expected *= count;
    }
    true
}

/// Whether the items stand one behind the other, the first index first.
///
/// # Safety
/// As [`is_c_contiguous`].
pub unsafe fn is_fortran_contiguous(view: &Py_buffer) -> bool {
    if view.len == 0 {
        return true;
    }
    if view.strides.is_null() {
        // C order, which is the same when there is but one dimension to speak of.
        return view.ndim <= 1
            || view.shape.is_null()
            // SAFETY: by contract.
            || (0..view.ndim as usize).filter(|&index| unsafe { at(view.shape, index) } > 1).count() <= 1;
    }
    let mut expected = view.itemsize;
    for index in 0..view.ndim as usize {
        // SAFETY: by contract.
        let (count, stride) = unsafe { (at(view.shape, index), at(view.strides, index)) };
        if count > 1 && stride != expected {
            return false;
        }
        expected *= count;
    }
    true
}

/// `PyBuffer_IsContiguous`: order `C`, `F` or `A` for either.
///
/// # Safety
/// As [`is_c_contiguous`].
pub unsafe fn is_contiguous(view: &Py_buffer, order: u8) -> bool {
    if !view.suboffsets.is_null() {
        return false;
    }
    // SAFETY: by contract.
    unsafe {
        match order {
            b'C' => is_c_contiguous(view),
            b'F' => is_fortran_contiguous(view),
            b'A' => is_c_contiguous(view) || is_fortran_contiguous(view),
            _ => false,
        }
    }
}

/// The item at `indices` (`PyBuffer_GetPointer`).
///
/// # Safety
/// A valid view with strides; one index inside per dimension.
pub unsafe fn pointer(view: &Py_buffer, indices: &[isize]) -> *mut u8 {
    let mut pointer: *mut u8 = view.buf.cast();
    for (dimension, &index) in indices.iter().enumerate() {
        // SAFETY: by contract.
        unsafe {
            pointer = pointer.offset(at(view.strides, dimension) * index);
            pointer = adjust(pointer, view.suboffsets, dimension);
        }
    }
    pointer
}

/// Follows the pointer that stands at `pointer` in a dimension with a suboffset.
///
/// # Safety
/// By the rules of suboffsets.
#[inline(always)]
pub unsafe fn adjust(pointer: *mut u8, suboffsets: *const isize, dimension: usize) -> *mut u8 {
    // SAFETY: by contract.
    unsafe {
        if !suboffsets.is_null() && at(suboffsets, dimension) >= 0 {
            return pointer.cast::<*mut u8>().read_unaligned().offset(at(suboffsets, dimension));
        }
    }
    pointer
}

/// Writes the strides of a contiguous array (`PyBuffer_FillContiguousStrides`).
///
/// # Safety
/// Both arrays have one entry per dimension.
pub unsafe fn fill_contiguous_strides(
    ndim: usize,
    shape: *const isize,
    strides: *mut isize,
    itemsize: isize,
    order: u8,
) {
    let mut stride = itemsize;
    for step in 0..ndim {
        let index = if order == b'F' { step } else { ndim - 1 - step };
        // SAFETY: by contract.
        unsafe {
            *strides.add(index) = stride;
            stride = stride.wrapping_mul(*shape.add(index));
        }
    }
}

/// Where the items of an array are: what copies need to know of a view.
#[derive(Clone, Copy)]
pub struct Layout {
    pub start: *mut u8,
    pub shape: *const isize,
    pub strides: *const isize,
    pub suboffsets: *const isize,
}

impl Layout {
    pub fn of(view: &Py_buffer) -> Layout {
        Layout { start: view.buf.cast(), shape: view.shape, strides: view.strides, suboffsets: view.suboffsets }
    }
}

/// Copies an array item by item, in C order, from `source` to `target`, which may share memory only if they are the same
/// array. The target's suboffsets are followed too.
///
/// # Safety
/// Both layouts have `ndim` dimensions of the shape of `target`, and items of `itemsize` bytes.
pub unsafe fn copy_array(target: Layout, source: Layout, ndim: usize, itemsize: usize) {
    // SAFETY: by contract.
    unsafe { copy_dimension(target, target.start, source, source.start, 0, ndim, itemsize) }
}

unsafe fn copy_dimension(
    target: Layout,
    mut to: *mut u8,
    source: Layout,
    mut from: *mut u8,
    dimension: usize,
    ndim: usize,
    itemsize: usize,
) {
    // SAFETY: by contract; there are 64 dimensions at most.
    unsafe {
        if dimension == ndim {
            ptr::copy(from, to, itemsize);
            return;
        }
        let (to_stride, from_stride) = (at(target.strides, dimension), at(source.strides, dimension));
        let count = at(target.shape, dimension);
        if dimension + 1 == ndim
            && target.suboffsets.is_null()
            && source.suboffsets.is_null()
            && to_stride == itemsize as isize
            && from_stride == itemsize as isize
        {
            ptr::copy(from, to, itemsize * count.max(0) as usize);
            return;
        }
        for _ in 0..count {
            copy_dimension(
                target,
                adjust(to, target.suboffsets, dimension),
                source,
                adjust(from, source.suboffsets, dimension),
                dimension + 1,
                ndim,
                itemsize,
            );
            to = to.offset(to_stride);
            from = from.offset(from_stride);
        }
    }
}

/// The strides of a view, made up when it has none, and its shape likewise.
///
/// # Safety
/// A valid view.
pub unsafe fn shape_and_strides(view: &Py_buffer) -> PyResult<(Vec<isize>, Vec<isize>)> {
    let ndim = view.ndim.max(0) as usize;
    let mut shape = vec![0; ndim];
    let mut strides = vec![0; ndim];
    // SAFETY: arrays have one entry per dimension where they exist.
    unsafe {
        if view.shape.is_null() {
            if ndim == 1 {
                shape[0] = if view.itemsize > 0 { view.len / view.itemsize } else { 0 };
            } else if ndim > 1 {
                return Err(raise!(BufferError, "buffer has several dimensions and no shape"));
            }
        } else {
            ptr::copy_nonoverlapping(view.shape, shape.as_mut_ptr(), ndim);
        }
        if view.strides.is_null() {
            fill_contiguous_strides(ndim, shape.as_ptr(), strides.as_mut_ptr(), view.itemsize, b'C');
        } else {
            ptr::copy_nonoverlapping(view.strides, strides.as_mut_ptr(), ndim);
        }
    }
    Ok((shape, strides))
}

/// Copies the items of `view` to `target`, `view.len` bytes, in the order `C`, `F` or `A`: Fortran's where the view is
/// that already, else C's (`PyBuffer_ToContiguous`).
///
/// # Safety
/// A valid view; `target` has room for `view.len` bytes.
pub unsafe fn to_contiguous(target: *mut u8, view: &Py_buffer, order: u8) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        if is_contiguous(view, order) {
            ptr::copy_nonoverlapping(view.buf.cast::<u8>(), target, view.len.max(0) as usize);
            return Ok(());
        }
        copy_between(target, view, order, true)
    }
}

/// Copies `view.len` bytes at `source`, in the order given, to the items of `view` (`PyBuffer_FromContiguous`).
///
/// # Safety
/// A valid writable view; `source` has as many bytes.
pub unsafe fn from_contiguous(view: &Py_buffer, source: *const u8, order: u8) -> PyResult<()> {
    // SAFETY: by contract.
    unsafe {
        if is_contiguous(view, order) {
            ptr::copy_nonoverlapping(source, view.buf.cast::<u8>(), view.len.max(0) as usize);
            return Ok(());
        }
        copy_between(source.cast_mut(), view, order, false)
    }
}

unsafe fn copy_between(packed: *mut u8, view: &Py_buffer, order: u8, out: bool) -> PyResult<()> {
    let ndim = view.ndim.max(0) as usize;
    // SAFETY: by contract of the callers.
    unsafe {
        let (shape, strides) = shape_and_strides(view)?;
        let mut packed_strides = vec![0; ndim];
        let order = if order == b'F' { b'F' } else { b'C' };
        fill_contiguous_strides(ndim, shape.as_ptr(), packed_strides.as_mut_ptr(), view.itemsize, order);
        let packed =
            Layout { start: packed, shape: shape.as_ptr(), strides: packed_strides.as_ptr(), suboffsets: ptr::null() };
        let spread = Layout {
            start: view.buf.cast(),
            shape: shape.as_ptr(),
            strides: strides.as_ptr(),
            suboffsets: view.suboffsets,
        };
        let (target, source) = if out { (packed, spread) } else { (spread, packed) };
        copy_array(target, source, ndim, view.itemsize.max(0) as usize);
    }
    Ok(())
}

/// `PyObject_CopyData`.
pub fn copy_data(target: Borrowed<'_, Object>, source: Borrowed<'_, Object>) -> PyResult<()> {
    if !has_buffer(&target) || !has_buffer(&source) {
        return Err(raise!(TypeError, "both destination and source must be bytes-like objects"));
    }
    let target = View::new(target, abi::PyBUF_FULL)?;
    let source = View::new(source, abi::PyBUF_FULL_RO)?;
    if target.len < source.len {
        return Err(raise!(BufferError, "destination is too small to receive data from source"));
    }
    // SAFETY: both are exported while the views live.
    unsafe {
        if (is_c_contiguous(&target) && is_c_contiguous(&source))
            || (is_fortran_contiguous(&target) && is_fortran_contiguous(&source))
        {
            ptr::copy(source.buf.cast::<u8>(), target.buf.cast(), source.len.max(0) as usize);
            return Ok(());
        }
        let (shape, source_strides) = shape_and_strides(&source)?;
        let (_, target_strides) = shape_and_strides(&target)?;
        if target.ndim != source.ndim {
            return Err(raise!(BufferError, "destination and source have different dimensions"));
        }
        let layout = |view: &Py_buffer, strides: &[isize]| Layout {
            start: view.buf.cast(),
            shape: shape.as_ptr(),
            strides: strides.as_ptr(),
            suboffsets: view.suboffsets,
        };
        copy_array(
            layout(&target, &target_strides),
            layout(&source, &source_strides),
            shape.len(),
            source.itemsize.max(0) as usize,
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(shape: &mut [isize], strides: &mut [isize], itemsize: isize) -> Py_buffer {
        Py_buffer {
            len: shape.iter().product::<isize>() * itemsize,
            itemsize,
            ndim: shape.len() as c_int,
            shape: shape.as_mut_ptr(),
            strides: strides.as_mut_ptr(),
            ..Py_buffer::ZERO
        }
    }

    #[test]
    fn contiguity() {
        let (mut shape, mut c, mut f, mut other) = ([2, 3], [6, 2], [2, 4], [12, 2]);
        // SAFETY: the arrays have two entries each.
        unsafe {
            let c = view(&mut shape, &mut c, 2);
            assert!(is_c_contiguous(&c) && !is_fortran_contiguous(&c) && is_contiguous(&c, b'A'));
            let f = view(&mut shape, &mut f, 2);
            assert!(!is_c_contiguous(&f) && is_fortran_contiguous(&f));
            let other = view(&mut shape, &mut other, 2);
            assert!(!is_contiguous(&other, b'A'));
        }
    }

    #[test]
    fn copies_between_orders() {
        let mut data = [0u8, 1, 2, 3, 4, 5];
        let (mut shape, mut strides) = ([2, 3], [3, 1]);
        let mut source = view(&mut shape, &mut strides, 1);
        source.buf = data.as_mut_ptr().cast();
        let mut out = [9u8; 6];
        // SAFETY: the memory is large enough.
        unsafe {
            assert!(to_contiguous(out.as_mut_ptr(), &source, b'F').is_ok());
            assert_eq!(out, [0, 3, 1, 4, 2, 5]);
            assert!(from_contiguous(&source, [5u8, 4, 3, 2, 1, 0].as_ptr(), b'F').is_ok());
        }
        assert_eq!(data, [5, 3, 1, 4, 2, 0]);
    }
}
