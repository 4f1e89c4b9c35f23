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
        let memory: Option<Ref<Object>> = Ref::from_borrowed_ptr_or_null(wrapper.view.get());
        let object: Option<Ref<Object>> = Ref::from_borrowed_ptr_or_null(wrapper.object.get());
        // Released already.
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
            call_release(object.borrow(), view);
        }
        heap::clear_field(&wrapper.view);
        heap::clear_field(&wrapper.object);
    }
}

/// Calls `__release_buffer__` with the memory view that `__buffer__` gave, or a restricted one of a native buffer. Errors
/// are reported, not raised.
unsafe fn call_release(object: Borrowed<'_, Object>, view: *mut Py_buffer) {
    let _aside = Raised::aside();
    // SAFETY: a buffer that is still valid; its owner, where it is a wrapper, has its layout.
    let given = unsafe {
        match Borrowed::<Object>::from_ptr_or_null((*view).obj).filter(|owner| owner.is_instance_of::<BufferWrapper>())
        {
            Some(owner) => {
                match Ref::<Object>::from_borrowed_ptr_or_null((*owner.as_ptr().cast::<BufferWrapper>()).view.get()) {
                    Some(memory) => Some(memory),
                    None => return,
                }
            }
            None => None,
        }
    };
    if let Some(memory) = given {
        return call_release_with(object, memory.borrow());
    }
    // SAFETY: as above, and nobody can keep the view's memory.
    match unsafe { MemoryView::from_buffer(view) } {
        Ok(memory) => {
            memory.restrict();
            call_release_with(object, memory.as_borrowed());
            // A view of it, which only native code can have made, keeps the memory from being let go.
            if let Err(raised) = memory.release() {
                exceptions::report_unraisable(raised, "Exception ignored in bf_releasebuffer of", Some(object));
            }
        }
        Err(raised) => {
            exceptions::report_unraisable(raised, "Exception ignored in bf_releasebuffer of", Some(object));
        }
    }
}

fn call_release_with(object: Borrowed<'_, Object>, memory: Borrowed<'_, Object>) {
    // SAFETY: a live object.
    let result = unsafe { find(object.as_ptr(), id!("__release_buffer__")) }.and_then(|method| match method {
        // SAFETY: as above.
        Some(method) => unsafe { method.call([object.as_ptr(), memory.as_ptr()]) }.map(drop),
        None => Ok(()),
    });
    if let Err(raised) = result {
        exceptions::report_unraisable(raised, "Exception ignored in __release_buffer__ of", Some(object));
    }
}

/// `bf_releasebuffer` of classes with `__release_buffer__`, which may derive from a native type with a buffer.
///
/// # Safety
/// A slot function: a live object and its buffer.
pub unsafe extern "C" fn slot_bf_releasebuffer(this: *mut PyObject, view: *mut Py_buffer) {
    // SAFETY: by contract; the MRO of a type is a tuple of types.
    unsafe {
        let object: Ref<Object> = Ref::from_borrowed_ptr(this);
        call_release(object.borrow(), view);
        let ours = slot_bf_releasebuffer as *const () as usize;
        let class = object.type_of();
        let Some(mro) = class.mro() else { return };
        let native = mro.iter().skip_while(|base| !base.is(&class)).skip(1).find_map(|base| {
            let procs = (*base.as_ptr().cast::<PyTypeObject>()).tp_as_buffer.get();
            procs.as_ref().and_then(|procs| procs.bf_releasebuffer.get()).filter(|release| *release as usize != ours)
        });
        if let Some(release) = native {
            release(this, view);
        }
    }
}

/// `type.__release_buffer__(object, view)` of a native type: the view must be one of the object.
pub fn release_through_wrapper(object: Borrowed<'_, Object>, view: Borrowed<'_, MemoryView>) -> PyResult<()> {
    let owner = view.buffer().obj;
    if owner.is_null() {
        // Released already.
        return Ok(());
    }
    if owner != object.as_ptr() {
        return Err(raise!(ValueError, "memoryview's buffer is not this object"));
    }
    if view.is_released() {
        return Err(raise!(ValueError, "memoryview's buffer has already been released"));
    }
    view.release()
}
