//! `PickleBuffer`: a buffer that a pickler may leave out of its stream. CPython: `Objects/picklebufobject.c`.

use core::mem::offset_of;

use taipan_runtime::abi::{
    _Py_MEMORYVIEW_C, _Py_MEMORYVIEW_FORTRAN, Py_buffer, PyBUF_FULL_RO, PyMemoryViewObject, PyObject,
    PyPickleBufferObject,
};
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::types::buffer as buffers;

/// `pickle.PickleBuffer`
#[repr(transparent)]
pub struct PickleBuffer(PyPickleBufferObject);

impl PickleBuffer {
    /// What it views; ValueError after `release`.
    pub fn info(&self) -> PyResult<Py_buffer> {
        let view = self.0.view.get();
        if view.obj.is_null() {
            return Err(raise!(ValueError, "operation forbidden on released PickleBuffer object"));
        }
        Ok(view)
    }

    /// `PickleBuffer(object)`
    pub fn create(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<PickleBuffer>> {
        let this: Ref<PickleBuffer> = crate::support::instance(cls)?;
        // SAFETY: the view lies in the object, which does not move.
        unsafe { buffers::get(object, this.0.view.as_ptr(), PyBUF_FULL_RO)? };
        Ok(this)
    }

    fn drop_view(&self) {
        // SAFETY: the view is empty or filled, and releasing leaves it empty.
        unsafe { buffers::release(self.0.view.as_ptr()) };
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
    #[new(signature = "(object, /)", no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<PickleBuffer>> {
        PickleBuffer::create(cls, object)
    }

    #[slot(bf_getbuffer)]
    fn getbuffer(this: &Ref<PickleBuffer>, view: *mut Py_buffer, flags: c_int) -> PyResult<()> {
        let info = this.info()?;
        // SAFETY: the exporter is alive as long as this object views it.
        unsafe { buffers::get(Borrowed::from_ptr(info.obj), view, flags) }
    }

    #[slot(bf_releasebuffer)]
    fn releasebuffer(this: &Ref<PickleBuffer>, view: *mut Py_buffer) {
        // The consumer's view names the exporter itself, which releases it.
        let _ = (this, view);
    }

    /// The bytes in the order in which they lie in memory.
    #[method(signature = "($self, /)")]
    fn raw(this: &Ref<PickleBuffer>) -> PyResult<Ref<MemoryView>> {
        let info = this.info()?;
        // SAFETY: the view that this object holds.
        if !info.suboffsets.is_null() || !unsafe { buffers::is_contiguous(&info, b'A') } {
            return Err(raise!(BufferError, "cannot extract raw buffer from non-contiguous buffer"));
        }
        let memory = MemoryView::from_object(this.as_borrowed())?;
        let raw: *mut PyMemoryViewObject = memory.as_ptr().cast();
        // SAFETY: a new memory view that nobody else has: it is made one flat row of bytes.
        unsafe {
            let view = (*raw).view.as_ptr();
            (*view).format = c"B".as_ptr().cast_mut();
            (*view).ndim = 1;
            (*view).itemsize = 1;
            (*view).strides = &raw mut (*view).itemsize;
            (*view).shape = &raw mut (*view).len;
            (*raw).flags.set(_Py_MEMORYVIEW_C | _Py_MEMORYVIEW_FORTRAN);
        }
        Ok(memory)
    }

    #[method(signature = "($self, /)")]
    fn release(this: &Ref<PickleBuffer>) {
        this.drop_view();
    }

    #[slot(tp_traverse)]
    fn traverse(this: &PickleBuffer, visit: &mut Visitor) {
        visit.object(this.0.view.get().obj);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<PickleBuffer>) {
        this.drop_view();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut PickleBuffer) {
        // SAFETY: called once, by the last decref.
        unsafe {
            memory::gc_untrack(this.cast());
            taipan_runtime::types::weakref::clear_refs(this.cast());
            (*this).drop_view();
            memory::dealloc_finish(this);
        }
    }
}

/// The type is made ready with `_pickle`, which a program that has no pickles never imports.
fn ready() -> PyResult<()> {
    taipan_runtime::types::type_::ready_static::<PickleBuffer>()
}

/// # Safety
/// `object` is live.
unsafe fn expect<'a>(object: *const PyObject, function: &str) -> PyResult<Borrowed<'a, PickleBuffer>> {
    // SAFETY: by contract.
    let object: Borrowed<'a, Object> = unsafe { Borrowed::from_ptr(object.cast_mut()) };
    match object.downcast_borrowed::<PickleBuffer>() {
        Some(buffer) => Ok(buffer),
        None => Err(raise!(TypeError, "expected PickleBuffer, {} found ({function})", object.type_name())),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyPickleBuffer_FromObject(base: *mut PyObject) -> *mut PyObject {
    // SAFETY: C passes a live object.
    let base: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(base) };
    match ready().and_then(|()| PickleBuffer::create(PickleBuffer::type_object(), base)) {
        Ok(buffer) => buffer.into_ptr(),
        Err(raised) => raised.into_null(),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyPickleBuffer_GetBuffer(object: *mut PyObject) -> *const Py_buffer {
    // SAFETY: C passes a live object, which holds the view that is given out.
    unsafe {
        match expect(object, "PyPickleBuffer_GetBuffer").and_then(|buffer| buffer.info().map(|_| buffer)) {
            Ok(buffer) => buffer.0.view.as_ptr(),
            Err(raised) => raised.into_null().cast(),
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn PyPickleBuffer_Release(object: *mut PyObject) -> c_int {
    // SAFETY: C passes a live object.
    match unsafe { expect(object, "PyPickleBuffer_Release") } {
        Ok(buffer) => {
            buffer.drop_view();
            0
        }
        Err(_raised) => -1,
    }
}
