//! The awaitables of asynchronous generators: `asend`, `athrow` and `aclose`, and the wrapper of yielded values.

use core::cell::Cell;
use core::ptr;

use super::{AsyncGenerator, raw, resume};
use crate::abi::PyObject;
use crate::object::header;
use crate::prelude::*;
use crate::types::exceptions::{GeneratorExit, StopAsyncIteration, StopIteration};

/// A value that an asynchronous generator yields, as opposed to what it awaits.
#[repr(C)]
pub struct AsyncGenWrappedValue {
    head: PyObject,
    value: Cell<*mut PyObject>,
}

impl AsyncGenWrappedValue {
    pub fn new(value: Ref<Object>) -> PyResult<Ref<AsyncGenWrappedValue>> {
        // SAFETY: the field is written before the object is tracked.
        unsafe {
            let wrapper = crate::memory::object::new::<AsyncGenWrappedValue>()?;
            (*wrapper).value.set(value.into_ptr());
            crate::memory::object::gc_track(wrapper.cast());
            Ok(Ref::from_owned_ptr(wrapper))
        }
    }
}

#[pytype(name = "async_generator_wrapped_value", export = "_PyAsyncGenWrappedValue_Type", gc, disallow_instantiation)]
impl AsyncGenWrappedValue {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut AsyncGenWrappedValue) {
        // SAFETY: called once, by the last decref.
        unsafe {
            crate::memory::object::gc_untrack(this.cast());
            header::xdecref((*this).value.replace(ptr::null_mut()));
            crate::memory::object::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &AsyncGenWrappedValue, visit: &mut Visitor) {
        visit.object(this.value.get());
    }
}

/// How far an awaitable has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Init,
    Iterating,
    Closed,
}

/// The result of one step of the generator: a yielded value ends the awaiting.
fn unwrap(generator: &Ref<AsyncGenerator>, result: PyResult<Ref<Object>>) -> SendResult {
    match result {
        Err(raised) => {
            if raised.is_a::<StopAsyncIteration>() || raised.is_a::<GeneratorExit>() {
                generator.0.gi_closed.set(1);
            }
            generator.0.gi_running_async.set(0);
            SendResult::Error(raised)
        }
        Ok(value) => match value.downcast_exact::<AsyncGenWrappedValue>() {
            Some(wrapped) => {
                // SAFETY: set when the wrapper was made.
                let inner: Ref<Object> = unsafe { Ref::from_borrowed_ptr(wrapped.value.get()) };
                generator.0.gi_running_async.set(0);
                SendResult::Return(inner)
            }
            None => SendResult::Next(value),
        },
    }
}

/// The same for those who want the end as StopIteration.
fn raising(result: SendResult) -> PyResult<Ref<Object>> {
    match result {
        SendResult::Next(value) => Ok(value),
        SendResult::Return(value) => Err(resume::raise_stop_iteration(value)),
        SendResult::Error(raised) => Err(raised),
    }
}

/// `asend(value)` and `__anext__()`.
#[repr(C)]
pub struct AsyncGenASend {
    head: PyObject,
    generator: Cell<*mut PyObject>,
    value: Cell<*mut PyObject>,
    state: Cell<State>,
}

impl AsyncGenASend {
    pub fn new(generator: Ref<AsyncGenerator>, value: Option<Ref<Object>>) -> PyResult<Ref<AsyncGenASend>> {
        // SAFETY: the fields are written before the object is tracked.
        unsafe {
            let object = crate::memory::object::new::<AsyncGenASend>()?;
            (*object).generator.set(generator.into_ptr());
            (*object).value.set(value.map_or(ptr::null_mut(), Ref::into_ptr));
            (*object).state.set(State::Init);
            crate::memory::object::gc_track(object.cast());
            Ok(Ref::from_owned_ptr(object))
        }
    }

    fn generator(&self) -> Ref<AsyncGenerator> {
        // SAFETY: set when the object was made.
        unsafe { Ref::from_borrowed_ptr(self.generator.get()) }
    }

    fn step(this: &Ref<AsyncGenASend>, value: Borrowed<'_, Object>) -> SendResult {
        let generator = this.generator();
        let first = none();
        let mut value = value.to_owned();
        match this.state.get() {
            State::Closed => {
                return SendResult::Error(raise!(RuntimeError, "cannot reuse already awaited __anext__()/asend()"));
            }
            State::Init => {
                if generator.0.gi_running_async.get() != 0 {
                    this.state.set(State::Closed);
                    return SendResult::Error(raise!(
                        RuntimeError,
                        "anext(): asynchronous generator is already running"
                    ));
                }
                if value.is(&first) {
                    // SAFETY: null or a live object.
                    if let Some(given) = unsafe { Ref::from_borrowed_ptr_or_null(this.value.get()) } {
                        value = given;
                    }
                }
                this.state.set(State::Iterating);
            }
            State::Iterating => {}
        }
        generator.0.gi_running_async.set(1);
        let result = unwrap(&generator, resume::send_method(generator.as_object(), value.borrow()));
        if !matches!(result, SendResult::Next(_)) {
            this.state.set(State::Closed);
        }
        result
    }

    fn throw_step(
        this: &Ref<AsyncGenASend>,
        typ: Borrowed<'_, Object>,
        val: Option<Borrowed<'_, Object>>,
        tb: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let generator = this.generator();
        match this.state.get() {
            State::Closed => {
                return Err(raise!(RuntimeError, "cannot reuse already awaited __anext__()/asend()"));
            }
            State::Init => {
                if generator.0.gi_running_async.get() != 0 {
                    this.state.set(State::Closed);
                    return Err(raise!(RuntimeError, "anext(): asynchronous generator is already running"));
                }
                this.state.set(State::Iterating);
                generator.0.gi_running_async.set(1);
            }
            State::Iterating => {}
        }
        let result = raising(unwrap(&generator, resume::throw(generator.as_object(), typ, val, tb)));
        if result.is_err() {
            this.state.set(State::Closed);
        }
        result
    }
}

/// `close()` of both awaitables: GeneratorExit has to come back.
fn close_awaitable(thrown: PyResult<Ref<Object>>, coroutine: &str) -> PyResult<()> {
    match thrown {
        Ok(_) => Err(raise!(RuntimeError, "{coroutine}")),
        Err(raised) => {
            if raised.is_a::<StopIteration>() || raised.is_a::<StopAsyncIteration>() || raised.is_a::<GeneratorExit>() {
                raised.clear();
                return Ok(());
            }
            Err(raised)
        }
    }
}

#[pytype(name = "async_generator_asend", export = "_PyAsyncGenASend_Type", gc, disallow_instantiation)]
impl AsyncGenASend {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut AsyncGenASend) {
        // SAFETY: called once, by the last decref.
        unsafe {
            if (*this).state.get() == State::Init && !crate::memory::object::finalize_from_dealloc(this.cast()) {
                return;
            }
            crate::memory::object::gc_untrack(this.cast());
            header::xdecref((*this).generator.replace(ptr::null_mut()));
            header::xdecref((*this).value.replace(ptr::null_mut()));
            crate::memory::object::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &AsyncGenASend, visit: &mut Visitor) {
        visit.object(this.generator.get());
        visit.object(this.value.get());
    }

    #[slot(tp_finalize)]
    fn finalize(this: &Ref<AsyncGenASend>) {
        if this.state.get() == State::Init && raw::is_created(&this.generator().0) {
            crate::modules::warnings::warn_unawaited_agen(this.generator().as_borrowed(), "asend");
        }
    }

    #[slot(am_await, tp_iter)]
    fn iter(this: &Ref<AsyncGenASend>) -> Ref<AsyncGenASend> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<AsyncGenASend>) -> PyResult<Option<Ref<Object>>> {
        raising(AsyncGenASend::step(this, none().borrow())).map(Some)
    }

    /// Without an exception for the value.
    #[slot(am_send)]
    fn am_send(this: &Ref<AsyncGenASend>, value: Borrowed<'_, Object>) -> SendResult {
        AsyncGenASend::step(this, value)
    }

    #[method(signature = "($self, object, /)")]
    fn send(this: &Ref<AsyncGenASend>, arg: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        raising(AsyncGenASend::step(this, arg))
    }

    #[method(signature = "($self, typ, val=None, tb=None, /)", no_text_signature)]
    fn throw(
        this: &Ref<AsyncGenASend>,
        typ: Borrowed<'_, Object>,
        val: Option<Borrowed<'_, Object>>,
        tb: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        AsyncGenASend::throw_step(this, typ, val, tb)
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<AsyncGenASend>) -> PyResult<()> {
        if this.state.get() == State::Closed {
            return Ok(());
        }
        let thrown = AsyncGenASend::throw_step(this, GeneratorExit::type_object().upcast(), None, None);
        close_awaitable(thrown, "coroutine ignored GeneratorExit")
    }
}

/// `athrow(...)`, and `aclose()` where there are no arguments.
#[repr(C)]
pub struct AsyncGenAThrow {
    head: PyObject,
    generator: Cell<*mut PyObject>,
    args: Cell<*mut PyObject>,
    state: Cell<State>,
}

impl AsyncGenAThrow {
    pub fn new(generator: Ref<AsyncGenerator>, args: Option<Ref<Tuple>>) -> PyResult<Ref<AsyncGenAThrow>> {
        // SAFETY: the fields are written before the object is tracked.
        unsafe {
            let object = crate::memory::object::new::<AsyncGenAThrow>()?;
            (*object).generator.set(generator.into_ptr());
            (*object).args.set(args.map_or(ptr::null_mut(), Ref::into_ptr));
            (*object).state.set(State::Init);
            crate::memory::object::gc_track(object.cast());
            Ok(Ref::from_owned_ptr(object))
        }
    }

    fn generator(&self) -> Ref<AsyncGenerator> {
        // SAFETY: set when the object was made.
        unsafe { Ref::from_borrowed_ptr(self.generator.get()) }
    }

    fn args(&self) -> Option<Ref<Tuple>> {
        // SAFETY: null or a tuple.
        unsafe { Ref::from_borrowed_ptr_or_null(self.args.get()) }
    }

    /// The end of `aclose()`: the generator must not go on yielding, and its ending is no error.
    fn finish_close(&self, result: PyResult<Ref<Object>>) -> PyResult<Ref<Object>> {
        let generator = self.generator();
        match result {
            Ok(value) => {
                if value.is_exact::<AsyncGenWrappedValue>() {
                    generator.0.gi_running_async.set(0);
                    self.state.set(State::Closed);
                    return Err(raise!(RuntimeError, "async generator ignored GeneratorExit"));
                }
                Ok(value)
            }
            Err(raised) => {
                generator.0.gi_running_async.set(0);
                self.state.set(State::Closed);
                if raised.is_a::<StopAsyncIteration>() || raised.is_a::<GeneratorExit>() {
                    raised.clear();
                    return Err(resume::raise_stop_iteration(none()));
                }
                Err(raised)
            }
        }
    }

    fn step(this: &Ref<AsyncGenAThrow>, value: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let generator = this.generator();
        let what = if this.args().is_none() { "aclose()" } else { "athrow()" };
        match this.state.get() {
            State::Closed => return Err(raise!(RuntimeError, "cannot reuse already awaited aclose()/athrow()")),
            _ if generator.0.gi_frame_state.get() >= crate::abi::FRAME_COMPLETED => {
                this.state.set(State::Closed);
                return Err(super::resume::raise_stop_iteration(none()));
            }
            State::Init => {
                if generator.0.gi_running_async.get() != 0 {
                    this.state.set(State::Closed);
                    return Err(raise!(RuntimeError, "{what}: asynchronous generator is already running"));
                }
                if generator.0.gi_closed.get() != 0 {
                    this.state.set(State::Closed);
                    return Err(super::resume::stop_async_iteration());
                }
                if !value.is_none() {
                    return Err(raise!(RuntimeError, "can't send non-None value to a just-started coroutine"));
                }
                this.state.set(State::Iterating);
                generator.0.gi_running_async.set(1);
                let result = match this.args() {
                    None => {
                        generator.0.gi_closed.set(1);
                        return this.finish_close(resume::throw(
                            generator.as_object(),
                            GeneratorExit::type_object().upcast(),
                            None,
                            None,
                        ));
                    }
                    Some(args) => {
                        let get = |index: usize| if index < args.len() { Some(args.get(index)) } else { None };
                        resume::throw(generator.as_object(), args.get(0), get(1), get(2))
                    }
                };
                return this.finish_throw(raising(unwrap(&generator, result)));
            }
            State::Iterating => {}
        }
        let result = resume::send_method(generator.as_object(), value);
        match this.args() {
            None => this.finish_close(result),
            Some(_) => this.finish_throw(raising(unwrap(&generator, result))),
        }
    }

    fn finish_throw(&self, result: PyResult<Ref<Object>>) -> PyResult<Ref<Object>> {
        if result.is_err() {
            self.generator().0.gi_running_async.set(0);
            self.state.set(State::Closed);
        }
        result
    }

    fn throw_step(
        this: &Ref<AsyncGenAThrow>,
        typ: Borrowed<'_, Object>,
        val: Option<Borrowed<'_, Object>>,
        tb: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let generator = this.generator();
        match this.state.get() {
            State::Closed => return Err(raise!(RuntimeError, "cannot reuse already awaited aclose()/athrow()")),
            State::Init => {
                if generator.0.gi_running_async.get() != 0 {
                    this.state.set(State::Closed);
                    let what = if this.args().is_none() { "aclose()" } else { "athrow()" };
                    return Err(raise!(RuntimeError, "{what}: asynchronous generator is already running"));
                }
                this.state.set(State::Iterating);
                generator.0.gi_running_async.set(1);
            }
            State::Iterating => {}
        }
        let result = resume::throw(generator.as_object(), typ, val, tb);
        match this.args() {
            Some(_) => this.finish_throw(raising(unwrap(&generator, result))),
            None => this.finish_close(result),
        }
    }
}

#[pytype(name = "async_generator_athrow", export = "_PyAsyncGenAThrow_Type", gc, disallow_instantiation)]
impl AsyncGenAThrow {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut AsyncGenAThrow) {
        // SAFETY: called once, by the last decref.
        unsafe {
            if !crate::memory::object::finalize_from_dealloc(this.cast()) {
                return;
            }
            crate::memory::object::gc_untrack(this.cast());
            header::xdecref((*this).generator.replace(ptr::null_mut()));
            header::xdecref((*this).args.replace(ptr::null_mut()));
            crate::memory::object::free(this.cast());
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &AsyncGenAThrow, visit: &mut Visitor) {
        visit.object(this.generator.get());
        visit.object(this.args.get());
    }

    #[slot(tp_finalize)]
    fn finalize(this: &Ref<AsyncGenAThrow>) {
        if this.state.get() == State::Init {
            let method = if this.args().is_none() { "aclose" } else { "athrow" };
            crate::modules::warnings::warn_unawaited_agen(this.generator().as_borrowed(), method);
        }
    }

    #[slot(am_await, tp_iter)]
    fn iter(this: &Ref<AsyncGenAThrow>) -> Ref<AsyncGenAThrow> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<AsyncGenAThrow>) -> PyResult<Option<Ref<Object>>> {
        AsyncGenAThrow::step(this, none().borrow()).map(Some)
    }

    #[method(signature = "($self, object, /)")]
    fn send(this: &Ref<AsyncGenAThrow>, arg: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        AsyncGenAThrow::step(this, arg)
    }

    #[method(signature = "($self, typ, val=None, tb=None, /)", no_text_signature)]
    fn throw(
        this: &Ref<AsyncGenAThrow>,
        typ: Borrowed<'_, Object>,
        val: Option<Borrowed<'_, Object>>,
        tb: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        AsyncGenAThrow::throw_step(this, typ, val, tb)
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<AsyncGenAThrow>) -> PyResult<()> {
        if this.state.get() == State::Closed {
            return Ok(());
        }
        let thrown = AsyncGenAThrow::throw_step(this, GeneratorExit::type_object().upcast(), None, None);
        close_awaitable(thrown, "coroutine ignored GeneratorExit")
    }
}
