//! The managed buffer: one export of an object, shared by memory views.

use crate::abi::{_Py_MANAGED_BUFFER_FREE_FORMAT, _Py_MANAGED_BUFFER_RELEASED, _PyManagedBufferObject, Py_buffer};
use crate::memory::{domains, object as memory};
use crate::prelude::*;
use crate::types::buffer;

/// `_PyManagedBufferObject`.
#[repr(transparent)]
pub struct ManagedBuffer(pub _PyManagedBufferObject);

impl ManagedBuffer {
    /// A managed buffer without an export: the caller fills `master`.
    pub(super) fn new() -> PyResult<Ref<ManagedBuffer>> {
        // SAFETY: a new object, all zero.
        unsafe {
            let buffer = memory::new::<ManagedBuffer>()?;
            memory::gc_track(buffer.cast());
            Ok(Ref::from_owned_ptr(buffer))
        }
    }

    /// An export of `object`.
    pub(super) fn from_object(object: Borrowed<'_, Object>, flags: c_int) -> PyResult<Ref<ManagedBuffer>> {
        // SAFETY: the buffer is released when the managed buffer is.
        ManagedBuffer::filled(|master| unsafe { buffer::get(object, master, flags) })
    }

    /// The export that `fill` puts into the struct.
    pub(super) fn filled(fill: impl FnOnce(*mut Py_buffer) -> PyResult<()>) -> PyResult<Ref<ManagedBuffer>> {
        let managed = ManagedBuffer::new()?;
        let master = managed.0.master.as_ptr();
        if let Err(raised) = fill(master) {
            // SAFETY: the managed buffer's own. What a failed export has left in the struct is no object.
            unsafe { (*master).obj = core::ptr::null_mut() };
            return Err(raised);
        }
        Ok(managed)
    }
}

impl Ref<ManagedBuffer> {
    /// Releases the export. Nothing uses it any more.
    pub(super) fn release(&self) {
        if self.0.flags.get() & _Py_MANAGED_BUFFER_RELEASED != 0 {
            return;
        }
        self.0.flags.set(self.0.flags.get() | _Py_MANAGED_BUFFER_RELEASED);
        // SAFETY: the export is the managed buffer's own.
        unsafe {
            memory::gc_untrack(self.as_ptr());
            buffer::release(self.0.master.as_ptr());
        }
    }

    pub(super) fn is_released(&self) -> bool {
        self.0.flags.get() & _Py_MANAGED_BUFFER_RELEASED != 0
    }
}

#[pytype(name = "managedbuffer", export = "_PyManagedBuffer_Type", gc, disallow_instantiation)]
impl ManagedBuffer {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ManagedBuffer) {
        // SAFETY: called once, by the last decref. The handle is not dropped: there is no count left.
        unsafe {
            let handle = core::mem::ManuallyDrop::new(Ref::<ManagedBuffer>::from_owned_ptr(this));
            handle.release();
            if (*this).0.flags.get() & _Py_MANAGED_BUFFER_FREE_FORMAT != 0 {
                domains::mem_free((*(*this).0.master.as_ptr()).format.cast());
            }
            memory::gc_untrack(this.cast());
            memory::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ManagedBuffer, visit: &mut Visitor) {
        visit.object(this.0.master.get().obj);
    }

    #[slot(tp_clear)]
    fn clear(this: &Ref<ManagedBuffer>) {
        this.release();
    }
}
