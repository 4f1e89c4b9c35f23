//! `async_generator`.

use core::mem::offset_of;

use super::generator::{describe, shared_attributes};
use super::{AsyncGenASend, AsyncGenAThrow, raw, resume};
use crate::abi::PyGenObject;
use crate::prelude::*;
use crate::types::generic_alias::GenericAlias;

/// `PyAsyncGenObject`.
#[repr(transparent)]
pub struct AsyncGenerator(pub PyGenObject);

shared_attributes!(ASYNC_GENERATOR_SHARED, AsyncGenerator, "ag_frame", "ag_code", "ag_suspended", "ag_await");

/// At its first use an asynchronous generator is shown to the hooks of the event loop.
fn init_hooks(this: &Ref<AsyncGenerator>) -> PyResult<()> {
    if this.0.gi_hooks_inited.get() != 0 {
        return Ok(());
    }
    this.0.gi_hooks_inited.set(1);
    let thread = crate::thread::current();
    // SAFETY: null or live objects of the thread state.
    let (finalizer, first_iter): (Option<Ref<Object>>, Option<Ref<Object>>) = unsafe {
        (
            Ref::from_borrowed_ptr_or_null(thread.async_gen_finalizer.get()),
            Ref::from_borrowed_ptr_or_null(thread.async_gen_firstiter.get()),
        )
    };
    if let Some(finalizer) = finalizer {
        this.0.gi_origin_or_finalizer.set(finalizer.into_ptr());
    }
    if let Some(first_iter) = first_iter {
        first_iter.call1(this.as_borrowed())?;
    }
    Ok(())
}

#[pytype(name = "async_generator", export = "PyAsyncGen_Type", gc, disallow_instantiation,
         basicsize = (offset_of!(PyGenObject, gi_iframe) + offset_of!(crate::abi::_PyInterpreterFrame, localsplus)) as isize,
         itemsize = 8, weaklistoffset = offset_of!(PyGenObject, gi_weakreflist), extend = [ASYNC_GENERATOR_SHARED])]
impl AsyncGenerator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut AsyncGenerator) {
        // SAFETY: called once, by the last decref.
        unsafe { raw::dealloc(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &AsyncGenerator, visit: &mut Visitor) {
        raw::traverse(&this.0, visit);
    }

    #[slot(tp_finalize)]
    fn finalize(this: &Ref<AsyncGenerator>) {
        resume::finalize(this.as_object());
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<AsyncGenerator>) -> String {
        describe(this.as_object(), "async_generator")
    }

    #[slot(am_aiter)]
    fn am_aiter(this: &Ref<AsyncGenerator>) -> Ref<AsyncGenerator> {
        this.clone()
    }

    #[slot(am_anext)]
    fn am_anext(this: &Ref<AsyncGenerator>) -> PyResult<Ref<AsyncGenASend>> {
        init_hooks(this)?;
        AsyncGenASend::new(this.clone(), None)
    }

    #[slot(am_send)]
    fn am_send(this: &Ref<AsyncGenerator>, value: Borrowed<'_, Object>) -> SendResult {
        resume::send(this.as_object(), value)
    }

    #[method(signature = "($self, object, /)")]
    fn asend(this: &Ref<AsyncGenerator>, value: Borrowed<'_, Object>) -> PyResult<Ref<AsyncGenASend>> {
        init_hooks(this)?;
        AsyncGenASend::new(this.clone(), Some(value.to_owned()))
    }

    #[method(signature = "($self, typ, val=None, tb=None, /)", no_text_signature)]
    fn athrow(
        this: &Ref<AsyncGenerator>,
        typ: Borrowed<'_, Object>,
        val: Option<Borrowed<'_, Object>>,
        tb: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<AsyncGenAThrow>> {
        if val.is_some() {
            crate::modules::warnings::warn(
                crate::types::exceptions::DeprecationWarning::type_object(),
                "the (type, exc, tb) signature of athrow() is deprecated, use the single-arg signature instead.",
                1,
            )?;
        }
        init_hooks(this)?;
        let args = [Some(typ), val, tb].into_iter().flatten().map(|value| value.to_owned()).collect();
        AsyncGenAThrow::new(this.clone(), Some(Tuple::from_vec(args)?))
    }

    #[method(signature = "($self, /)")]
    fn aclose(this: &Ref<AsyncGenerator>) -> PyResult<Ref<AsyncGenAThrow>> {
        init_hooks(this)?;
        AsyncGenAThrow::new(this.clone(), None)
    }

    #[member(name = "ag_running", kind = T_BOOL, offset = offset_of!(PyGenObject, gi_running_async), readonly)]
    const _RUNNING: () = ();

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }
}
