//! The buffer protocol in classes of Python (PEP 688): `__buffer__` and `__release_buffer__`.
//!
//! `__buffer__` returns a memory view. The buffer that C gets is the view's, but its owner is a `_buffer_wrapper`, which calls
//! `__release_buffer__` when C lets the buffer go. CPython: `slot_bf_getbuffer`, `bufferwrapper_releasebuf` in
//! `Objects/typeobject.c`.

use core::cell::Cell;
use core::ptr;

use super::slots::find;
use crate::abi::*;
use crate::memory::object as heap;
use crate::object::protocol::attr::from_status;
use crate::prelude::*;
use crate::types::exceptions;

/// The owner of a buffer of a class of Python.
#[repr(C)]
pub struct BufferWrapper {
    ob_base: PyObject,
    view: Cell<*mut PyObject>,
    object: Cell<*mut PyObject>,
}

#[pytype(name = "_buffer_wrapper", gc, disallow_instantiation)]
impl BufferWrapper {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut BufferWrapper) {
        // SAFETY: called once; the fields own counts or are null.
        unsafe {
            heap::gc_untrack(this.cast());
            heap::clear_field(&(*this).view);
            heap::clear_field(&(*this).object);
            heap::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &BufferWrapper, visit: &mut Visitor) {
        visit.object(this.view.get());
        visit.object(this.object.get());
    }

    #[slot(bf_releasebuffer, raw)]
    const RELEASE: releasebufferproc = wrapper_release;
}

fn buffer_procs(object: *mut PyObject) -> Option<&'static PyBufferProcs> {
    // SAFETY: a live object; suites live as long as the type.
    unsafe { (*(*object).ob_type.get()).tp_as_buffer.get().as_ref() }
}

/// `bf_getbuffer` of classes with `__buffer__`.
///
/// # Safety
/// A slot function: a live object and a buffer to fill.
pub unsafe extern "C" fn slot_bf_getbuffer(this: *mut PyObject, view: *mut Py_buffer, flags: c_int) -> c_int {
    let fill = || -> PyResult<()> {
        // SAFETY: by contract.
        unsafe {
            let argument = Int::from_i64(i64::from(flags))?;
            let Some(method) = find(this, id!("__buffer__"))? else {
                return Err(raise!(AttributeError, object: id!("__buffer__").to_owned()));
            };
            let result = method.call([this, argument.as_ptr()])?;
            if !result.is_instance_of::<MemoryView>() {
                return Err(raise!(TypeError, "__buffer__ returned non-memoryview object"));
            }
            let Some(get) = buffer_procs(result.as_ptr()).and_then(|procs| procs.bf_getbuffer.get()) else {
                return Err(raise!(TypeError, "a bytes-like object is required, not '{}'", result.type_name()));
            };
            from_status(get(result.as_ptr(), view, flags))?;
            let wrapper = match heap::new::<BufferWrapper>() {
                Ok(wrapper) => wrapper,
                Err(raised) => {
                    if let Some(release) = buffer_procs(result.as_ptr()).and_then(|procs| procs.bf_releasebuffer.get())
                    {
                        release(result.as_ptr(), view);
                    }
                    let owner = core::mem::replace(&mut (*view).obj, ptr::null_mut());
                    drop(Ref::<Object>::from_owned_ptr_or_null(owner));
                    return Err(raised);
                }
            };
            // The count that the buffer held of the view goes over to the wrapper.
            (*wrapper).view.set((*view).obj);
            (*wrapper).object.set(Ref::<Object>::from_borrowed_ptr(this).into_ptr());
            heap::gc_track(wrapper.cast());
            (*view).obj = wrapper.cast();
            Ok(())
        }
    };
    fill().map_or(-1, |()| 0)
}

/// C lets a buffer go that belongs to a class of Python.
unsafe extern "C" fn wrapper_release(this: *mut PyObject, view: *mut Py_buffer) {
    // SAFETY: a slot function.
    unsafe {
        let wrapper: Borrowed<'_, BufferWrapper> = Borrowed::from_ptr(this);
        let memory: Option<Ref<Object>> = Ref::from_owned_ptr_or_null(wrapper.view.replace(ptr::null_mut()));
        let object: Option<Ref<Object>> = Ref::from_owned_ptr_or_null(wrapper.object.replace(ptr::null_mut()));
        let (Some(memory), Some(object)) = (memory, object) else { return };
        if let Some(release) = buffer_procs(memory.as_ptr()).and_then(|procs| procs.bf_releasebuffer.get()) {
            release(memory.as_ptr(), view);
        }
        // A native `bf_releasebuffer` is called when the memory view itself is released.
        let of_python = buffer_procs(object.as_ptr())
            .and_then(|procs| procs.bf_releasebuffer.get())
            .is_some_and(|release| release as usize == slot_bf_releasebuffer as *const () as usize);
        let inner = (*memory.as_ptr().cast::<PyMemoryViewObject>()).view.as_ptr();
        if of_python && (*inner).obj != object.as_ptr() {
            call_release(object.as_ptr(), view);
        }
    }
}

/// Calls `__release_buffer__` with a memory view of the buffer; errors are reported, not raised.
unsafe fn call_release(this: *mut PyObject, view: *mut Py_buffer) {
    let call = || -> PyResult<()> {
        // SAFETY: a live object and a buffer that is still valid.
        unsafe {
            let Some(method) = find(this, id!("__release_buffer__"))? else { return Ok(()) };
            let memory = MemoryView::from_buffer(view)?;
            let result = method.call([this, memory.as_ptr()]);
            // Nobody may keep a view of a buffer that is gone.
            let released = memory.as_object().call_method(id!("release"), &[]);
            result?;
            released?;
            Ok(())
        }
    };
    let _aside = Raised::aside();
    if let Err(raised) = call() {
        // SAFETY: a live object.
        let this: Borrowed<'_, Object> = unsafe { Borrowed::from_ptr(this) };
        exceptions::report_unraisable(raised, "Exception ignored in __release_buffer__ of", Some(this));
    }
}

/// `bf_releasebuffer` of classes with `__release_buffer__`, which may derive from a native type with a buffer.
///
/// # Safety
/// A slot function: a live object and its buffer.
pub unsafe extern "C" fn slot_bf_releasebuffer(this: *mut PyObject, view: *mut Py_buffer) {
    // SAFETY: by contract; bases of live types are live.
    unsafe {
        call_release(this, view);
        let ours = slot_bf_releasebuffer as *const () as usize;
        let mut base = (*(*this).ob_type.get()).tp_base.get();
        while let Some(ty) = base.as_ref() {
            let release = ty.tp_as_buffer.get().as_ref().and_then(|procs| procs.bf_releasebuffer.get());
            if let Some(release) = release
                && release as usize != ours
            {
                release(this, view);
                return;
            }
            base = ty.tp_base.get();
        }
    }
}

/// `object.__buffer__(flags)` of a native type.
pub fn view_through_wrapper(object: Borrowed<'_, Object>, flags: c_int) -> PyResult<Ref<MemoryView>> {
    MemoryView::export(object, flags)
}

/// `object.__release_buffer__(view)` of a native type: the view must be one of the object.
pub fn release_through_wrapper(object: Borrowed<'_, Object>, view: Borrowed<'_, MemoryView>) -> PyResult<()> {
    // SAFETY: a memory view has its layout.
    let owner = unsafe { (*(*view.as_ptr().cast::<PyMemoryViewObject>()).view.as_ptr()).obj };
    if owner.is_null() {
        // Released already.
        return Ok(());
    }
    if owner != object.as_ptr() {
        return Err(raise!(ValueError, "memoryview's buffer is not this object"));
    }
    view.as_object().call_method(id!("release"), &[])?;
    Ok(())
}
