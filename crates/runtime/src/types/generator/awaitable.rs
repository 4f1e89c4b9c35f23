//! Awaiting: what `await` iterates over, and `anext` with a default.

use core::cell::Cell;
use core::ptr;

use super::{AsyncGenerator, Coroutine, Generator, raw, resume};
use crate::abi::{CO_ITERABLE_COROUTINE, PyCodeObject, PyObject};
use crate::object::header;
use crate::object::protocol::attr::from_result;
use crate::prelude::*;
use crate::types::exceptions::StopAsyncIteration;

/// A generator that `types.coroutine` marked as awaitable.
fn is_iterable_coroutine(object: &Ref<Object>) -> bool {
    if !object.is_exact::<Generator>() {
        return false;
    }
    let code = (resume::raw_of(object).gi_iframe.f_executable.get().bits & !3) as *mut PyCodeObject;
    // SAFETY: a generator keeps its code.
    unsafe { (*code).co_flags.get() & CO_ITERABLE_COROUTINE != 0 }
}

/// The iterator that `await object` runs (`_PyCoro_GetAwaitableIter`).
pub fn get_awaitable_iter(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    if object.is_exact::<Coroutine>() || is_iterable_coroutine(&object) {
        return Ok(object.to_owned());
    }
    // SAFETY: null or the type's table; the slot takes a live object.
    unsafe {
        if let Some(get) = object.type_of().tp_as_async.get().as_ref().and_then(|table| table.am_await.get()) {
            let iterator: Ref<Object> = from_result(get(object.as_ptr()))?;
            if iterator.is_exact::<Coroutine>() || is_iterable_coroutine(&iterator) {
                return Err(raise!(TypeError, "__await__() returned a coroutine"));
            }
            if !iterator.is_iterator() {
                return Err(raise!(TypeError, "__await__() returned non-iterator of type '{}'", iterator.type_name()));
            }
            return Ok(iterator);
        }
    }
    Err(raise!(TypeError, "'{}' object can't be awaited", object.type_name()))
}

/// Whether a coroutine is waiting for something already, so that a second `await` must not begin.
pub fn is_awaited(coroutine: &Ref<Object>) -> bool {
    raw::yield_from(resume::raw_of(coroutine)).is_some()
}

/// The awaitable of the next item of an asynchronous iterator.
pub fn get_anext(iterator: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    // SAFETY: null or the type's table; the slot takes a live object.
    unsafe {
        let anext = iterator.type_of().tp_as_async.get().as_ref().and_then(|table| table.am_anext.get());
        if iterator.is_exact::<AsyncGenerator>()
            && let Some(anext) = anext
        {
            return from_result(anext(iterator.as_ptr()));
        }
        let Some(anext) = anext else {
            return Err(raise!(
                TypeError,
                "'async for' requires an iterator with __anext__ method, got {}",
                iterator.type_name()
            ));
        };
        let next: Ref<Object> = from_result(anext(iterator.as_ptr()))?;
        match get_awaitable_iter(next.borrow()) {
            Ok(awaitable) => Ok(awaitable),
            Err(raised) => {
                let cause = raised.take();
                let raised =
                    raise!(TypeError, "'async for' received an invalid object from __anext__: {}", next.type_name());
                crate::types::exceptions::set_cause_of_current(&raised, Some(cause));
                Err(raised)
            }
        }
    }
}

/// `anext(iterator, default)`: the awaitable that gives the default at the end.
#[repr(C)]
pub struct AnextAwaitable {
    head: PyObject,
    wrapped: Cell<*mut PyObject>,
    default: Cell<*mut PyObject>,
}

impl AnextAwaitable {
    pub fn new(wrapped: Ref<Object>, default: Ref<Object>) -> PyResult<Ref<AnextAwaitable>> {
        // SAFETY: the fields are written before the object is tracked.
        unsafe {
            let object = crate::memory::object::new::<AnextAwaitable>()?;
            (*object).wrapped.set(wrapped.into_ptr());
            (*object).default.set(default.into_ptr());
            crate::memory::object::gc_track(object.cast());
            Ok(Ref::from_owned_ptr(object))
        }
    }

    /// The iterator behind the wrapped awaitable.
    fn iterator(&self) -> PyResult<Ref<Object>> {
        // SAFETY: set when the object was made.
        let wrapped: Ref<Object> = unsafe { Ref::from_borrowed_ptr(self.wrapped.get()) };
        let awaitable = get_awaitable_iter(wrapped.borrow())?;
        if awaitable.is_iterator() {
            return Ok(awaitable);
        }
        // A coroutine: its wrapper is an iterator.
        // SAFETY: coroutines have `am_await`.
        unsafe {
            match awaitable.type_of().tp_as_async.get().as_ref().and_then(|table| table.am_await.get()) {
                Some(get) => from_result(get(awaitable.as_ptr())),
                None => Err(raise!(TypeError, "'{}' object can't be awaited", awaitable.type_name())),
            }
        }
    }

    /// StopAsyncIteration becomes the default as the result of the awaiting.
    fn finish(&self, result: PyResult<Ref<Object>>) -> PyResult<Ref<Object>> {
        match result {
            Ok(value) => Ok(value),
            Err(raised) => {
                raised.clear_if::<StopAsyncIteration>()?;
                // SAFETY: set when the object was made.
                Err(resume::raise_stop_iteration(unsafe { Ref::from_borrowed_ptr(self.default.get()) }))
            }
        }
    }
}

#[pytype(name = "anext_awaitable", export = "_PyAnextAwaitable_Type", gc, disallow_instantiation)]
impl AnextAwaitable {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut AnextAwaitable) {
        // SAFETY: called once, by the last decref.
        unsafe {
            crate::memory::object::gc_untrack(this.cast());
            header::xdecref((*this).wrapped.replace(ptr::null_mut()));
            header::xdecref((*this).default.replace(ptr::null_mut()));
            crate::memory::object::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &AnextAwaitable, visit: &mut Visitor) {
        visit.object(this.wrapped.get());
        visit.object(this.default.get());
    }

    #[slot(am_await, tp_iter)]
    fn iter(this: &Ref<AnextAwaitable>) -> Ref<AnextAwaitable> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<AnextAwaitable>) -> PyResult<Option<Ref<Object>>> {
        let iterator = this.iterator()?;
        match iterator.type_of().tp_iternext.get() {
            // SAFETY: the slot takes a live object.
            Some(next) => match unsafe { Ref::from_owned_ptr_or_null(next(iterator.as_ptr())) } {
                Some(value) => Ok(Some(value)),
                None if Raised::is_set() => this.finish(Err(Raised::assume_set())).map(Some),
                None => Ok(None),
            },
            None => Err(raise!(TypeError, "'{}' object is not an iterator", iterator.type_name())),
        }
    }

    #[method(raw, signature = "($self, /, *args)", text_signature = "($self, object, /)")]
    fn send(this: &Ref<AnextAwaitable>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        this.finish(this.iterator()?.getattr(id!("send"))?.call_args(&args))
    }

    #[method(raw)]
    fn throw(this: &Ref<AnextAwaitable>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        this.finish(this.iterator()?.getattr(id!("throw"))?.call_args(&args))
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<AnextAwaitable>) -> PyResult<Ref<Object>> {
        this.finish(this.iterator()?.getattr(id!("close"))?.call0())
    }
}
