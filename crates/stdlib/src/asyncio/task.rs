//! `Task`: a future that runs a coroutine.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::types::generic_alias::GenericAlias;
use taipan_runtime::types::{Coroutine, Generator};

use super::current::{self, Link};
use super::future::{Future, context_or_copy, shared_methods};
use super::future_iter::FutureIter;
use super::step;
use super::{IS_COROUTINE, TASK_GET_STACK, TASK_PRINT_STACK, TASK_REPR, cancel_with_message};
use crate::contextvars::{self, Context};
use crate::support::{self, Slot};

/// `_asyncio.Task`
#[repr(C)]
pub struct Task {
    pub future: Future,
    /// The future that is waited for.
    pub waiter: Slot,
    pub coroutine: Slot,
    /// A string, or nothing where the name is a number still.
    name: Slot,
    pub context: Slot,
    number: Cell<u64>,
    pub must_cancel: Cell<bool>,
    log_destroy_pending: Cell<bool>,
    cancel_requests: Cell<i32>,
    /// Its place in the list of all tasks.
    pub link: Link,
}

impl Task {
    fn own_slots(&self) -> [&Slot; 4] {
        [&self.waiter, &self.coroutine, &self.name, &self.context]
    }

    fn as_future(this: &Ref<Task>) -> &Ref<Future> {
        // SAFETY: a task begins with a future.
        unsafe { this.cast_unchecked() }
    }

    fn name_text(this: &Ref<Task>) -> PyResult<Ref<Object>> {
        if let Some(name) = this.name.get() {
            return Ok(name);
        }
        let name = Str::from_utf8_str(&format!("Task-{}", this.number.get()))?.into_object();
        this.name.set(Some(name.clone()));
        Ok(name)
    }

    /// Runs the first step at once, inside the step of the present task.
    fn start_eagerly(this: &Ref<Task>) -> PyResult<()> {
        let event_loop = this.future.state.initialised_loop()?;
        let Some(context) = this.context.get().and_then(|context| context.into_downcast::<Context>().ok()) else {
            return Err(raise!(TypeError, "a context of contextvars was expected"));
        };
        let previous = current::swap_task(&event_loop, Some(this.as_object().clone()))?;
        current::link(this);
        let mut result = contextvars::enter(&context);
        if result.is_ok() {
            result = step::run(this, None);
            let error = match result {
                Ok(()) => None,
                Err(raised) => Some(raised.take()),
            };
            result = contextvars::exit(&context);
            if let (Ok(()), Some(error)) = (&result, error) {
                result = Err(Raised::restore(error));
            }
        }
        let error = match result {
            Ok(()) => None,
            Err(raised) => Some(raised.take()),
        };
        let back = current::swap_task(&event_loop, previous);
        if !this.future.state.is_pending() {
            // Breaks a cycle and frees the frame early.
            drop(this.coroutine.take());
        }
        match (back, error) {
            (Err(raised), _) => Err(raised),
            (Ok(_), Some(error)) => Err(Raised::restore(error)),
            (Ok(_), None) => Ok(()),
        }
    }
}

fn is_coroutine(object: Borrowed<'_, Object>) -> PyResult<bool> {
    if object.is_exact::<Coroutine>() {
        return Ok(true);
    }
    if object.is_exact::<Generator>() {
        return Ok(false);
    }
    IS_COROUTINE.get()?.call1(object)?.is_true()
}

shared_methods!(SHARED, Task, |this| &this.future.state);

#[pytype(
    name = "Task",
    module = "_asyncio",
    base = Future,
    gc,
    basetype,
    extend = [Task::SHARED],
    heap,
    generic_new
)]
impl Task {
    #[init(signature = "(coro, *, loop=None, name=None, context=None, eager_start=False)")]
    fn init(
        this: &Ref<Task>,
        coro: Borrowed<'_, Object>,
        r#loop: Option<Borrowed<'_, Object>>,
        name: Option<Borrowed<'_, Object>>,
        context: Option<Borrowed<'_, Object>>,
        eager_start: Option<bool>,
    ) -> PyResult<()> {
        let state = &this.future.state;
        state.init(r#loop)?;
        this.log_destroy_pending.set(true);
        if !is_coroutine(coro)? {
            this.log_destroy_pending.set(false);
            return Err(raise!(TypeError, "a coroutine was expected, got {}", coro.to_repr_text()));
        }
        let context = context_or_copy(context.filter(|context| !context.is_none()))?;
        this.context.set(Some(context));
        drop(this.waiter.take());
        this.must_cancel.set(false);
        this.cancel_requests.set(0);
        this.coroutine.set(Some(coro.to_owned()));
        match name.filter(|name| !name.is_none()) {
            None => {
                this.number.set(step::next_number());
                this.name.set(None);
            }
            Some(name) if name.is_exact::<Str>() => this.name.set(Some(name.to_owned())),
            Some(name) => this.name.set(Some(name.str()?.into_object())),
        }
        if eager_start.unwrap_or(false) {
            let event_loop = state.initialised_loop()?;
            if event_loop.call_method(id!("is_running"), &[])?.is_true()? {
                return Task::start_eagerly(this);
            }
        }
        step::schedule(this, None)?;
        current::link(this);
        Ok(())
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Task>) -> PyResult<Ref<Object>> {
        TASK_REPR.get()?.call1(this.as_borrowed())
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Task>) -> PyResult<Ref<FutureIter>> {
        this.future.state.initialised_loop()?;
        FutureIter::create(this.as_object().clone())
    }

    #[slot(am_await)]
    fn awaitable(this: &Ref<Task>) -> PyResult<Ref<FutureIter>> {
        Task::iter(this)
    }

    #[slot(tp_finalize)]
    fn finalize(this: &Ref<Task>) {
        let state = &this.future.state;
        if state.event_loop.is_set() && state.is_pending() && this.log_destroy_pending.get() {
            let _aside = Raised::aside();
            match Str::from_utf8_str("Task was destroyed but it is pending!") {
                Ok(message) => {
                    state.tell_handler(&[(id!("task"), this.as_borrowed()), (id!("message"), message.as_borrowed())]);
                }
                Err(raised) => raised.clear(),
            }
        }
        state.finalize(this.as_borrowed());
    }

    #[method(signature = "($self, result, /)")]
    fn set_result(this: &Ref<Task>, result: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, result);
        Err(raise!(RuntimeError, "Task does not support set_result operation"))
    }

    #[method(signature = "($self, exception, /)")]
    fn set_exception(this: &Ref<Task>, exception: Borrowed<'_, Object>) -> PyResult<()> {
        let _ = (this, exception);
        Err(raise!(RuntimeError, "Task does not support set_exception operation"))
    }

    #[method(signature = "($self, /, msg=None)")]
    fn cancel(this: &Ref<Task>, msg: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
        let state = &this.future.state;
        state.log_traceback.set(false);
        if !state.is_pending() {
            return Ok(false);
        }
        this.cancel_requests.set(this.cancel_requests.get().wrapping_add(1));
        let message = msg.map_or_else(none, |msg| msg.to_owned());
        if let Some(waiter) = this.waiter.get()
            && cancel_with_message(&waiter, message.borrow())?
        {
            return Ok(true);
        }
        this.must_cancel.set(true);
        state.cancel_message.set(Some(message));
        Ok(true)
    }

    #[method(signature = "($self, /)")]
    fn cancelling(this: &Ref<Task>) -> i32 {
        this.cancel_requests.get()
    }

    #[method(signature = "($self, /)")]
    fn uncancel(this: &Ref<Task>) -> i32 {
        let requests = this.cancel_requests.get();
        if requests > 0 {
            this.cancel_requests.set(requests - 1);
            if requests == 1 {
                this.must_cancel.set(false);
            }
        }
        this.cancel_requests.get()
    }

    #[method(signature = "($self, /, *, limit=None)", defining_class)]
    fn get_stack(this: &Ref<Task>, limit: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
        let limit = limit.map_or_else(none, |limit| limit.to_owned());
        TASK_GET_STACK.get()?.call(&[this.as_borrowed(), limit.borrow()])
    }

    #[method(signature = "($self, /, *, limit=None, file=None)", defining_class)]
    fn print_stack(
        this: &Ref<Task>,
        limit: Option<Borrowed<'_, Object>>,
        file: Option<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Object>> {
        let limit = limit.map_or_else(none, |limit| limit.to_owned());
        let file = file.map_or_else(none, |file| file.to_owned());
        TASK_PRINT_STACK.get()?.call(&[this.as_borrowed(), limit.borrow(), file.borrow()])
    }

    #[method(signature = "($self, /)")]
    fn get_name(this: &Ref<Task>) -> PyResult<Ref<Object>> {
        Task::name_text(this)
    }

    #[method(signature = "($self, value, /)")]
    fn set_name(this: &Ref<Task>, value: Borrowed<'_, Object>) -> PyResult<()> {
        let name = if value.is_exact::<Str>() { value.to_owned() } else { value.str()?.into_object() };
        this.name.set(Some(name));
        Ok(())
    }

    #[method(signature = "($self, /)")]
    fn get_coro(this: &Ref<Task>) -> Option<Ref<Object>> {
        this.coroutine.get()
    }

    #[method(signature = "($self, /)")]
    fn get_context(this: &Ref<Task>) -> Option<Ref<Object>> {
        this.context.get()
    }

    #[getter(name = "_log_destroy_pending")]
    fn get_log_destroy_pending(this: &Ref<Task>) -> bool {
        this.log_destroy_pending.get()
    }

    #[setter(name = "_log_destroy_pending")]
    fn set_log_destroy_pending(this: &Ref<Task>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(AttributeError, "cannot delete attribute")) };
        this.log_destroy_pending.set(value.is_true()?);
        Ok(())
    }

    #[getter(name = "_must_cancel")]
    fn get_must_cancel(this: &Ref<Task>) -> bool {
        this.must_cancel.get()
    }

    #[getter(name = "_coro")]
    fn coro(this: &Ref<Task>) -> Option<Ref<Object>> {
        this.coroutine.get()
    }

    #[getter(name = "_fut_waiter")]
    fn fut_waiter(this: &Ref<Task>) -> Option<Ref<Object>> {
        this.waiter.get()
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Task, visit: &mut Visitor) {
        support::traverse(this.own_slots(), visit);
        support::traverse(this.future.state.slots(), visit);
        support::traverse([this.future.dict_slot()], visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Task>) {
        support::clear(this.own_slots());
        Task::as_future(this).drop_fields();
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Task) {
        // SAFETY: called once, by the last decref; a finalizer may bring the object back.
        unsafe {
            // The deallocation of subclasses has called the finalizer already.
            let exact = (*this.cast::<abi::PyObject>()).ob_type.get() == Task::TYPE;
            if exact && memory::call_finalizer_from_dealloc(this.cast()) {
                return;
            }
            current::unlink(this);
            memory::gc_untrack(this.cast());
            taipan_runtime::types::weakref::clear_refs(this.cast());
            support::clear((*this).own_slots());
            (*this).future.drop_fields();
            memory::dealloc_finish(this);
        }
    }
}

const _: () = assert!(offset_of!(Task, future) == 0);
