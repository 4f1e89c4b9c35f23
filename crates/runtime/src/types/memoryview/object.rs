//! Making memory views, and what native code asks of them.

use core::mem::offset_of;
use core::ptr;

use super::{ManagedBuffer, MemoryView};
use crate::abi::{
    _Py_MEMORYVIEW_C, _Py_MEMORYVIEW_FORTRAN, _Py_MEMORYVIEW_PIL, _Py_MEMORYVIEW_RELEASED, _Py_MEMORYVIEW_RESTRICTED,
    _Py_MEMORYVIEW_SCALAR, Py_buffer, PyBUF_FULL_RO, PyBUF_MAX_NDIM, PyBUF_WRITE, PyMemoryViewObject, getbufferproc,
};
use crate::memory::object as memory;
use crate::object::protocol::attr::from_status;
use crate::prelude::*;
use crate::types::buffer::{self, at};

impl MemoryView {
    /// `memoryview(object)`.
    pub fn from_object(object: Borrowed<'_, Object>) -> PyResult<Ref<MemoryView>> {
        MemoryView::from_object_with_flags(object, PyBUF_FULL_RO)
    }

    /// A view of an export with these flags; a memory view is shared as it is.
    pub fn from_object_with_flags(object: Borrowed<'_, Object>, flags: c_int) -> PyResult<Ref<MemoryView>> {
        if let Some(view) = object.downcast::<MemoryView>() {
            view.check_released()?;
            view.check_restricted()?;
            return MemoryView::add(&view.managed(), view.buffer());
        }
        if buffer::has_buffer(&object) {
            return MemoryView::export(object, flags);
        }
        Err(raise!(TypeError, "memoryview: a bytes-like object is required, not '{}'", object.type_name()))
    }

    /// A view of an export of its own, of memory views too.
    pub fn export(object: Borrowed<'_, Object>, flags: c_int) -> PyResult<Ref<MemoryView>> {
        let managed = ManagedBuffer::from_object(object, flags)?;
        let master = managed.0.master.get();
        MemoryView::add(&managed, &master)
    }

    /// As [`MemoryView::export`] with the slot function of a base of the object's class.
    ///
    /// # Safety
    /// `get` is the `bf_getbuffer` of a class that `object` is an instance of.
    pub unsafe fn export_by(
        object: Borrowed<'_, Object>,
        get: getbufferproc,
        flags: c_int,
    ) -> PyResult<Ref<MemoryView>> {
        // SAFETY: by contract; the buffer is released when the managed buffer is.
        let managed = ManagedBuffer::filled(|master| unsafe { from_status(get(object.as_ptr(), master, flags)) })?;
        let master = managed.0.master.get();
        MemoryView::add(&managed, &master)
    }

    /// A view of what `info` describes, which nobody has to release (`PyMemoryView_FromBuffer`).
    ///
    /// # Safety
    /// `info` is valid, its memory and arrays for as long as the view is used.
    pub unsafe fn from_buffer(info: *const Py_buffer) -> PyResult<Ref<MemoryView>> {
        // SAFETY: by contract.
        let info = unsafe { *info };
        if info.buf.is_null() {
            return Err(raise!(ValueError, "PyMemoryView_FromBuffer(): info->buf must not be NULL"));
        }
        let managed = ManagedBuffer::new()?;
        managed.0.master.set(Py_buffer { obj: ptr::null_mut(), ..info });
        let master = managed.0.master.get();
        MemoryView::add(&managed, &master)
    }

    /// A view of `len` bytes (`PyMemoryView_FromMemory`).
    ///
    /// # Safety
    /// The memory outlives the view.
    pub unsafe fn from_memory(start: *mut c_void, len: isize, flags: c_int) -> PyResult<Ref<MemoryView>> {
        let managed = ManagedBuffer::new()?;
        // SAFETY: by contract.
        unsafe {
            buffer::fill_info(
                managed.0.master.as_ptr(),
                ptr::null_mut(),
                start,
                len,
                flags != PyBUF_WRITE,
                PyBUF_FULL_RO,
            )?;
        }
        let master = managed.0.master.get();
        MemoryView::add(&managed, &master)
    }

    /// A view with `ndim` dimensions whose arrays are not filled.
    pub(super) fn allocate(ndim: usize) -> PyResult<Ref<MemoryView>> {
        // SAFETY: the type is static; three arrays of `ndim` sizes stand behind the struct.
        unsafe {
            let size = offset_of!(PyMemoryViewObject, ob_array) + 3 * ndim * size_of::<isize>();
            let object = memory::alloc_sized(MemoryView::TYPE, size.max(size_of::<PyMemoryViewObject>()))?;
            let head = size_of::<abi::PyObject>();
            object.cast::<u8>().add(head).write_bytes(0, size.max(size_of::<PyMemoryViewObject>()) - head);
            let view = object.cast::<PyMemoryViewObject>();
            (*view).ob_base.ob_size.set(3 * ndim as isize);
            (*view).hash.set(-1);
            let arrays = (&raw mut (*view).ob_array).cast::<isize>();
            let raw = (*view).view.as_ptr();
            (*raw).ndim = ndim as c_int;
            (*raw).shape = arrays;
            (*raw).strides = arrays.add(ndim);
            (*raw).suboffsets = arrays.add(2 * ndim);
            memory::gc_track(object);
            Ok(Ref::from_owned_ptr(object))
        }
    }

    /// A view of the memory of `object`, which has no gaps, as plain bytes.
    pub fn plain_bytes_of(object: Borrowed<'_, Object>) -> PyResult<Ref<MemoryView>> {
        let managed = ManagedBuffer::from_object(object, PyBUF_FULL_RO)?;
        let plain = Py_buffer {
            itemsize: 1,
            ndim: 1,
            format: c"B".as_ptr().cast_mut(),
            shape: ptr::null_mut(),
            strides: ptr::null_mut(),
            suboffsets: ptr::null_mut(),
            ..managed.0.master.get()
        };
        MemoryView::add(&managed, &plain)
    }

    /// A view with the memory and format of `source`, of `ndim` dimensions that are not filled.
    pub(super) fn add_incomplete(
        managed: &Ref<ManagedBuffer>,
        source: &Py_buffer,
        ndim: usize,
    ) -> PyResult<Ref<MemoryView>> {
        if source.ndim > PyBUF_MAX_NDIM || ndim > PyBUF_MAX_NDIM as usize {
            return Err(raise!(ValueError, "memoryview: number of dimensions must not exceed {PyBUF_MAX_NDIM}"));
        }
        let this = MemoryView::allocate(ndim)?;
        // SAFETY: the view is new.
        unsafe {
            let raw = &mut *this.0.view.as_ptr();
            raw.obj = source.obj;
            raw.buf = source.buf;
            raw.len = source.len;
            raw.itemsize = source.itemsize;
            raw.readonly = source.readonly;
            raw.format = if source.format.is_null() { c"B".as_ptr().cast_mut() } else { source.format };
            raw.internal = source.internal;
        }
        this.0.mbuf.set(managed.clone().into_ptr().cast());
        managed.0.exports.set(managed.0.exports.get() + 1);
        Ok(this)
    }

    /// A view of `source`, which is exported through `managed`.
    pub(super) fn add(managed: &Ref<ManagedBuffer>, source: &Py_buffer) -> PyResult<Ref<MemoryView>> {
        let ndim = source.ndim.max(0) as usize;
        let this = MemoryView::add_incomplete(managed, source, ndim)?;
        // SAFETY: the view is new; the arrays of both have one entry per dimension where they exist.
        unsafe {
            let raw = &mut *this.0.view.as_ptr();
            if ndim == 0 {
                raw.shape = ptr::null_mut();
                raw.strides = ptr::null_mut();
            } else {
                if source.shape.is_null() {
                    *raw.shape = if source.itemsize > 0 { source.len / source.itemsize } else { 0 };
                } else {
                    raw.shape.copy_from_nonoverlapping(source.shape, ndim);
                }
                if source.strides.is_null() {
                    buffer::fill_contiguous_strides(ndim, raw.shape, raw.strides, raw.itemsize, b'C');
                } else {
                    raw.strides.copy_from_nonoverlapping(source.strides, ndim);
                }
            }
            if source.suboffsets.is_null() {
                raw.suboffsets = ptr::null_mut();
            } else {
                raw.suboffsets.copy_from_nonoverlapping(source.suboffsets, ndim);
            }
        }
        this.update_flags();
        Ok(this)
    }
}

impl Ref<MemoryView> {
    /// The description of the memory. It stays where it is as long as the view lives; only new views are written to.
    #[inline(always)]
    pub fn buffer(&self) -> &Py_buffer {
        // SAFETY: the view is written while it is made, and not after.
        unsafe { &*self.0.view.as_ptr() }
    }

    /// # Safety
    /// The view is new: nobody else has it.
    pub(super) unsafe fn buffer_mut(&self) -> *mut Py_buffer {
        self.0.view.as_ptr()
    }

    pub(super) fn managed(&self) -> Ref<ManagedBuffer> {
        // SAFETY: set while the view is not released, which callers have checked.
        unsafe { Ref::from_borrowed_ptr(self.0.mbuf.get()) }
    }

    #[inline(always)]
    pub(super) fn ndim(&self) -> usize {
        self.buffer().ndim as usize
    }

    /// The shape.
    pub fn shape(&self) -> &[isize] {
        self.array(self.buffer().shape)
    }

    /// The strides.
    pub fn strides(&self) -> &[isize] {
        self.array(self.buffer().strides)
    }

    pub(super) fn suboffsets(&self) -> &[isize] {
        self.array(self.buffer().suboffsets)
    }

    fn array(&self, array: *const isize) -> &[isize] {
        if array.is_null() {
            return &[];
        }
        // SAFETY: one entry per dimension, inside the object.
        unsafe { core::slice::from_raw_parts(array, self.ndim()) }
    }

    /// The format of an item, without an `@` in front.
    pub(super) fn format(&self) -> &CStr {
        // SAFETY: the format is never null, and lives as long as the export.
        unsafe { CStr::from_ptr(self.buffer().format) }
    }

    /// Whether the memory cannot be used any more.
    #[inline(always)]
    pub fn is_released(&self) -> bool {
        self.0.flags.get() & _Py_MEMORYVIEW_RELEASED != 0 || self.managed_is_released()
    }

    fn managed_is_released(&self) -> bool {
        // SAFETY: null or live.
        unsafe { Borrowed::<ManagedBuffer>::from_ptr_or_null(self.0.mbuf.get()) }
            .is_none_or(|managed| managed.is_released())
    }

    #[inline(always)]
    pub fn check_released(&self) -> PyResult<()> {
        if self.is_released() {
            return Err(raise!(ValueError, "operation forbidden on released memoryview object"));
        }
        Ok(())
    }

    pub(super) fn check_restricted(&self) -> PyResult<()> {
        if self.0.flags.get() & _Py_MEMORYVIEW_RESTRICTED != 0 {
            return Err(raise!(ValueError, "cannot create new view on restricted memoryview"));
        }
        Ok(())
    }

    /// From now on no other view can be made of this one.
    pub(crate) fn restrict(&self) {
        self.0.flags.set(self.0.flags.get() | _Py_MEMORYVIEW_RESTRICTED);
    }

    fn has_flag(&self, flag: c_int) -> bool {
        self.0.flags.get() & flag != 0
    }

    pub(super) fn is_c_contiguous(&self) -> bool {
        self.has_flag(_Py_MEMORYVIEW_SCALAR | _Py_MEMORYVIEW_C)
    }

    pub(super) fn is_fortran_contiguous(&self) -> bool {
        self.has_flag(_Py_MEMORYVIEW_SCALAR | _Py_MEMORYVIEW_FORTRAN)
    }

    pub(super) fn has_suboffsets(&self) -> bool {
        self.has_flag(_Py_MEMORYVIEW_PIL)
    }

    /// Notes what kind of array a new view is.
    pub(super) fn update_flags(&self) {
        let raw = self.buffer();
        let mut flags = 0;
        // SAFETY: a complete view.
        unsafe {
            match raw.ndim {
                0 => flags |= _Py_MEMORYVIEW_SCALAR | _Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN,
                1 => {
                    if at(raw.shape, 0) == 1 || at(raw.strides, 0) == raw.itemsize {
                        flags |= _Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN;
                    }
                }
                _ => {
                    if buffer::is_contiguous(raw, b'C') {
                        flags |= _Py_MEMORYVIEW_C;
                    }
                    if buffer::is_contiguous(raw, b'F') {
                        flags |= _Py_MEMORYVIEW_FORTRAN;
                    }
                }
            }
        }
        if !raw.suboffsets.is_null() {
            flags |= _Py_MEMORYVIEW_PIL;
            flags &= !(_Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN);
        }
        self.0.flags.set(self.0.flags.get() | flags);
    }

    /// Computes the number of bytes of a new view from its shape.
    pub(super) fn update_len(&self) {
        let len = self.shape().iter().product::<isize>() * self.buffer().itemsize;
        // SAFETY: the view is new.
        unsafe { (*self.buffer_mut()).len = len };
    }

    /// `self.release()`.
    pub fn release(&self) -> PyResult<()> {
        if self.has_flag(_Py_MEMORYVIEW_RELEASED) {
            return Ok(());
        }
        match self.0.exports.get() {
            0 => {
                self.0.flags.set(self.0.flags.get() | _Py_MEMORYVIEW_RELEASED);
                // SAFETY: null or live.
                if let Some(managed) = unsafe { Ref::<ManagedBuffer>::from_borrowed_ptr_or_null(self.0.mbuf.get()) } {
                    let exports = managed.0.exports.get() - 1;
                    managed.0.exports.set(exports);
                    if exports == 0 {
                        managed.release();
                    }
                }
                Ok(())
            }
            count if count > 0 => {
                Err(raise!(BufferError, "memoryview has {count} exported buffer{}", if count == 1 { "" } else { "s" }))
            }
            _ => Err(raise!(SystemError, "memoryview: negative export count")),
        }
    }

    /// The bytes of the items in the order `C`, `F` or `A`.
    pub fn to_bytes(&self, order: u8) -> PyResult<Ref<Bytes>> {
        self.check_released()?;
        let len = self.buffer().len.max(0) as usize;
        if self.is_c_contiguous() && order != b'F' {
            // SAFETY: the memory is exported while the view is not released.
            return Bytes::from_slice(unsafe { core::slice::from_raw_parts(nonnull(self.buffer().buf), len) });
        }
        let mut bytes: Vec<u8> = Vec::new();
        if bytes.try_reserve_exact(len).is_err() {
            return Err(Raised::no_memory());
        }
        // SAFETY: all `len` bytes are written.
        unsafe {
            buffer::to_contiguous(bytes.as_mut_ptr(), self.buffer(), order)?;
            bytes.set_len(len);
        }
        Bytes::from_slice(&bytes)
    }
}

impl Ref<MemoryView> {
    /// A view of a copy whose items lie one behind the other in the order `C` or `F`, with the same shape and format.
    pub fn contiguous_copy(&self, order: u8) -> PyResult<Ref<MemoryView>> {
        let bytes = self.to_bytes(order)?;
        let whole = MemoryView::from_object(bytes.as_borrowed())?;
        let ndim = self.ndim();
        let mut source = *whole.buffer();
        source.format = self.buffer().format;
        source.itemsize = self.buffer().itemsize;
        let copy = MemoryView::add_incomplete(&whole.managed(), &source, ndim)?;
        // SAFETY: the view is new; the arrays of both have one entry per dimension.
        unsafe {
            let raw = &mut *copy.buffer_mut();
            raw.shape.copy_from_nonoverlapping(self.buffer().shape, ndim);
            buffer::fill_contiguous_strides(ndim, raw.shape, raw.strides, raw.itemsize, order);
            raw.suboffsets = ptr::null_mut();
        }
        copy.update_flags();
        Ok(copy)
    }
}

/// A pointer that slices may be made of, also for no bytes at all.
pub(super) fn nonnull(pointer: *mut c_void) -> *const u8 {
    if pointer.is_null() { ptr::NonNull::dangling().as_ptr() } else { pointer.cast() }
}
