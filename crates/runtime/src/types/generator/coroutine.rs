//! `coroutine` and `coroutine_wrapper`.

use core::cell::Cell;
use core::mem::offset_of;
use core::ptr;

use super::generator::{describe, shared_attributes, warn_of_three_arguments};
use super::{raw, resume};
use crate::abi::{PyGenObject, PyObject};
use crate::object::header;
use crate::prelude::*;
use crate::types::generic_alias::GenericAlias;

/// `PyCoroObject`.
#[repr(transparent)]
pub struct Coroutine(pub PyGenObject);

shared_attributes!(COROUTINE_SHARED, Coroutine, "cr_frame", "cr_code", "cr_suspended", "cr_await");

/// `cr_origin` of a coroutine being made: where it was called, as deep as the thread tracks; null for not at all.
pub(super) fn origin() -> PyResult<*mut PyObject> {
    let thread = crate::thread::current();
    let depth = thread.coroutine_origin_tracking_depth.get();
    if depth <= 0 {
        return Ok(ptr::null_mut());
    }
    let mut rows = Vec::new();
    // SAFETY: the frames of this thread are complete; the coroutine function's own frame is the first.
    unsafe {
        let mut frame = crate::interp::frame::first_complete((*thread.current_frame.get()).previous.get());
        while !frame.is_null() && rows.len() < depth as usize {
            let code: Borrowed<'_, crate::types::Code> = Borrowed::from_ptr(crate::interp::frame::code(frame));
            let line = code.line_at(crate::interp::frame::instruction_index(frame)).unwrap_or(0);
            let row = Tuple::from_vec(vec![
                code.filename().to_owned().into_object(),
                Int::from_i64(line as i64)?.into_object(),
                code.name().to_owned().into_object(),
            ])?;
            rows.try_push(row.into_object())?;
            frame = crate::interp::frame::first_complete((*frame).previous.get());
        }
    }
    Ok(Tuple::from_vec(rows)?.into_ptr())
}

/// RuntimeWarning: coroutine '...' was never awaited.
pub(super) fn warn_never_awaited(coroutine: &Ref<Object>) {
    let warned = crate::modules::warnings::warn_unawaited_coroutine(coroutine.borrow());
    if let Err(raised) = warned {
        crate::types::exceptions::report_unraisable(
            raised,
            "Exception ignored while finalizing coroutine",
            Some(coroutine.borrow()),
        );
    }
}

#[pytype(name = "coroutine", export = "PyCoro_Type", gc, disallow_instantiation,
         basicsize = (offset_of!(PyGenObject, gi_iframe) + offset_of!(crate::abi::_PyInterpreterFrame, localsplus)) as isize,
         itemsize = 8, weaklistoffset = offset_of!(PyGenObject, gi_weakreflist), extend = [COROUTINE_SHARED])]
impl Coroutine {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Coroutine) {
        // SAFETY: called once, by the last decref.
        unsafe { raw::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Coroutine, visit: &mut Visitor) {
        raw::traverse(&this.0, visit);
    }

    #[slot(tp_finalize)]
    fn finalize(this: &Ref<Coroutine>) {
        resume::finalize(this.as_object());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Coroutine>) -> String {
        describe(this.as_object(), "coroutine")
    }

    #[slot(am_await)]
    fn am_await(this: &Ref<Coroutine>) -> PyResult<Ref<CoroutineWrapper>> {
        CoroutineWrapper::new(this.clone().into_object())
    }

    #[slot(am_send)]
    fn am_send(this: &Ref<Coroutine>, value: Borrowed<'_, Object>) -> SendResult {
        resume::send(this.as_object(), value)
    }

    #[method(signature = "($self, object, /)")]
    fn send(this: &Ref<Coroutine>, arg: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        resume::send_method(this.as_object(), arg)
    }

    #[method(signature = "($self, typ, val=None, tb=None, /)", no_text_signature)]
    fn throw(
        this: &Ref<Coroutine>,
        typ: Borrowed<'_, Object>,
        val: Option<Borrowed<'_, Object>>,
        tb: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        warn_of_three_arguments(val)?;
        resume::throw(this.as_object(), typ, val, tb)
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<Coroutine>) -> PyResult<Ref<Object>> {
        resume::close(this.as_object())
    }

    #[getter]
    fn cr_running(this: &Ref<Coroutine>) -> bool {
        raw::is_running(&this.0)
    }

    #[member(name = "cr_origin", kind = T_OBJECT, offset = offset_of!(PyGenObject, gi_origin_or_finalizer), readonly)]
    const _ORIGIN: () = ();

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }
}

/// What `coroutine.__await__()` gives: an iterator over the coroutine.
#[repr(C)]
pub struct CoroutineWrapper {
    head: PyObject,
    coroutine: Cell<*mut PyObject>,
}

impl CoroutineWrapper {
    fn new(coroutine: Ref<Object>) -> PyResult<Ref<CoroutineWrapper>> {
        // SAFETY: the field is written before the object is tracked.
        unsafe {
            let wrapper = crate::memory::object::new::<CoroutineWrapper>()?;
            (*wrapper).coroutine.set(coroutine.into_ptr());
            crate::memory::object::gc_track(wrapper.cast());
            Ok(Ref::from_owned_ptr(wrapper))
        }
    }

    fn target(this: &Ref<CoroutineWrapper>) -> Ref<Object> {
        // SAFETY: set when the wrapper was made.
        unsafe { Ref::from_borrowed_ptr(this.coroutine.get()) }
    }
}

#[pytype(name = "coroutine_wrapper", export = "_PyCoroWrapper_Type", gc, disallow_instantiation)]
impl CoroutineWrapper {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut CoroutineWrapper) {
        // SAFETY: called once, by the last decref.
        unsafe {
            crate::memory::object::gc_untrack(this.cast());
            header::xdecref((*this).coroutine.replace(ptr::null_mut()));
            crate::memory::object::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &CoroutineWrapper, visit: &mut Visitor) {
        visit.object(this.coroutine.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<CoroutineWrapper>) -> Ref<CoroutineWrapper> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<CoroutineWrapper>) -> PyResult<Option<Ref<Object>>> {
        resume::next(&CoroutineWrapper::target(this))
    }

    #[method(signature = "($self, object, /)")]
    fn send(this: &Ref<CoroutineWrapper>, arg: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        resume::send_method(&CoroutineWrapper::target(this), arg)
    }

    #[method(signature = "($self, typ, val=None, tb=None, /)", no_text_signature)]
    fn throw(
        this: &Ref<CoroutineWrapper>,
        typ: Borrowed<'_, Object>,
        val: Option<Borrowed<'_, Object>>,
        tb: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        warn_of_three_arguments(val)?;
        resume::throw(&CoroutineWrapper::target(this), typ, val, tb)
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<CoroutineWrapper>) -> PyResult<Ref<Object>> {
        resume::close(&CoroutineWrapper::target(this))
    }
}
