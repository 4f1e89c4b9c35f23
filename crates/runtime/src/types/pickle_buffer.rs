//! `pickle.PickleBuffer`: a buffer that pickle may transfer apart from its stream (PEP 574).
//!
//! **Invariant:** the view is that of an object with a buffer, or its `obj` is null and it was released.
//! CPython: `Objects/picklebufobject.c`.

use core::mem::offset_of;

use crate::abi::{Py_buffer, PyBUF_FULL_RO, PyPickleBufferObject};
use crate::memory;
use crate::prelude::*;
use crate::types::buffer;

/// `PickleBuffer`.
#[repr(transparent)]
pub struct PickleBuffer(pub PyPickleBufferObject);

impl PickleBuffer {
    /// A buffer around the memory of `object`.
    pub fn from_object(object: Borrowed<'_, Object>) -> PyResult<Ref<PickleBuffer>> {
        // SAFETY: the fields behind the head are zeroed: a released view.
        let this: Ref<PickleBuffer> = unsafe {
            let this = memory::object::new::<PickleBuffer>()?;
            memory::object::gc_track(this.cast());
            Ref::from_owned_ptr(this)
        };
        // SAFETY: the view is a field of the object, which stays where it is.
        unsafe { buffer::get(object, this.view(), PyBUF_FULL_RO)? };
        Ok(this)
    }
}

#[cold]
fn released() -> Raised {
    raise!(ValueError, "operation forbidden on released PickleBuffer object")
}

impl Ref<PickleBuffer> {
    fn view(&self) -> *mut Py_buffer {
        self.0.view.as_ptr()
    }

    /// The view, unless it was released (`PyPickleBuffer_GetBuffer`).
    pub fn buffer(&self) -> PyResult<*const Py_buffer> {
        if self.0.view.get().obj.is_null() { Err(released()) } else { Ok(self.view().cast_const()) }
    }

    /// Gives the memory back (`PyPickleBuffer_Release`).
    pub fn release(&self) {
        // SAFETY: filled by `get`, or released.
        unsafe { buffer::release(self.view()) }
    }

    /// The object whose memory it is.
    fn source(&self) -> PyResult<Ref<Object>> {
        // SAFETY: null or the exporter.
        unsafe { Ref::from_borrowed_ptr_or_null(self.0.view.get().obj) }.ok_or_else(released)
    }
}

#[pytype(
    name = "PickleBuffer",
    module = "pickle",
    export = "PyPickleBuffer_Type",
    gc,
    weaklistoffset = offset_of!(PyPickleBufferObject, weakreflist)
)]
impl PickleBuffer {
    #[new(raw)]
    fn new(_cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        match (args.get(0), args.nargs()) {
            (Some(object), 1) if args.keyword_count() == 0 => Ok(PickleBuffer::from_object(object)?.into_object()),
            (_, count) => Err(raise!(TypeError, "PickleBuffer() takes exactly 1 positional argument ({count} given)")),
        }
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut PickleBuffer) {
        // SAFETY: called with no counts left.
        unsafe {
            memory::object::gc_untrack(this.cast());
            if !(*this).0.weakreflist.get().is_null() {
                crate::types::weakref::clear_references(this.cast());
            }
            buffer::release((*this).0.view.as_ptr());
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &PickleBuffer, visit: &mut Visitor) {
        visit.object(this.0.view.get().obj);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<PickleBuffer>) {
        this.release();
    }

    #[slot(bf_getbuffer)]
    fn getbuffer(this: &Ref<PickleBuffer>, view: *mut Py_buffer, flags: c_int) -> PyResult<()> {
        let source = this.source()?;
        // SAFETY: the view is what the slot got.
        unsafe { buffer::get(source.borrow(), view, flags) }
    }

    /// Never asked: a view that `getbuffer` filled belongs to the object behind. It is here for `__release_buffer__`.
    #[slot(bf_releasebuffer)]
    fn releasebuffer(_this: &Ref<PickleBuffer>, _view: *mut Py_buffer) {}

    /// A view of the memory as plain bytes, in the order in which they stand.
    #[method(signature = "($self, /)")]
    fn raw(this: &Ref<PickleBuffer>) -> PyResult<Ref<MemoryView>> {
        let source = this.source()?;
        let view = buffer::View::new(source.borrow(), PyBUF_FULL_RO)?;
        // SAFETY: the view is filled.
        if !view.suboffsets.is_null() || !unsafe { buffer::is_contiguous(&view, b'A') } {
            return Err(raise!(BufferError, "cannot extract raw buffer from non-contiguous buffer"));
        }
        MemoryView::plain_bytes_of(this.as_borrowed())
    }

    #[method(name = "release", signature = "($self, /)")]
    fn py_release(this: &Ref<PickleBuffer>) -> PyResult<()> {
        this.release();
        Ok(())
    }
}
