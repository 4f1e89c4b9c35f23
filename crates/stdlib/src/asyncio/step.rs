//! One step of a task: resumes the coroutine and sees what it waits for.

use core::cell::Cell;

use taipan_runtime::abi::{METH_O, PyCFunction, PyMethodDef, PyObject};
use taipan_runtime::prelude::*;
use taipan_runtime::types::generator::send_to;
use taipan_runtime::types::{CFunction, Generator, exceptions};

use super::future::{Future, FutureState, Outcome};
use super::task::Task;
use super::{CANCELLED_ERROR, awaited, call_soon, cancel_with_message, current, invalid_state};
use crate::support::{self, Slot};

/// What the loop calls for the next step: the task and the exception to throw into it, if any.
#[repr(C)]
pub struct TaskStep {
    head: PyObject,
    task: Slot,
    exception: Slot,
}

#[pytype(name = "TaskStepMethWrapper", module = "_asyncio", gc, heap, getattribute)]
impl TaskStep {
    #[slot(tp_call)]
    fn call(this: &Ref<TaskStep>, args: CallArgs<'_>) -> PyResult<()> {
        if args.keyword_count() > 0 {
            return Err(raise!(TypeError, "function takes no keyword arguments"));
        }
        if !args.args.is_empty() {
            return Err(raise!(TypeError, "function takes no positional arguments"));
        }
        // SAFETY: a task is put there alone.
        match unsafe { this.task.get_as::<Task>() } {
            Some(task) => step(&task, this.exception.get()),
            None => Err(raise!(SystemError, "the step of a task was cleared")),
        }
    }

    #[getter(name = "__self__")]
    fn task(this: &Ref<TaskStep>) -> Option<Ref<Object>> {
        this.task.get()
    }

    #[slot(tp_traverse)]
    fn traverse(this: &TaskStep, visit: &mut Visitor) {
        support::traverse([&this.task, &this.exception], visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<TaskStep>) {
        support::clear([&this.task, &this.exception]);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut TaskStep) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).task, &(*this).exception]) }
    }
}

/// Lets the loop call the next step.
pub fn schedule(task: &Ref<Task>, exception: Option<Ref<Object>>) -> PyResult<()> {
    let event_loop = task.future.state.initialised_loop()?;
    let step: Ref<TaskStep> = support::instance_exact()?;
    step.task.set(Some(task.as_object().clone()));
    step.exception.set(exception);
    let context = task.context.get();
    call_soon(&event_loop, step.as_borrowed(), None, context.as_ref().map(|context| context.borrow()))
}

/// Lets the next step throw a RuntimeError.
#[cold]
fn fail_soon(task: &Ref<Task>, message: String) -> PyResult<()> {
    let message = Str::from_utf8_str(&message)?;
    let error = exceptions::RuntimeError::type_object().as_object().call1(message.as_borrowed())?;
    schedule(task, Some(error))
}

struct Row(PyMethodDef);

// SAFETY: the row is constant.
unsafe impl Sync for Row {}

static WAKEUP: Row = Row(PyMethodDef::new(c"task_wakeup", wakeup_raw as PyCFunction, METH_O, None));

unsafe extern "C" fn wakeup_raw(this: *mut PyObject, future: *mut PyObject) -> *mut PyObject {
    // SAFETY: a method of one argument, bound to a task.
    let (task, future): (Borrowed<'_, Task>, Borrowed<'_, Object>) =
        unsafe { (Borrowed::from_ptr(this), Borrowed::from_ptr(future)) };
    match wakeup(&task, &future) {
        Ok(()) => none().into_ptr(),
        Err(raised) => raised.into_null(),
    }
}

/// The callback that a task gives to the future it waits for.
fn wakeup_function(task: &Ref<Task>) -> PyResult<Ref<CFunction>> {
    CFunction::new(&WAKEUP.0, Some(task.as_object().clone()), None)
}

/// The state of exactly a future or task of this module.
fn exact_state(object: &Ref<Object>) -> Option<&FutureState> {
    if object.is_exact::<Future>() || object.is_exact::<Task>() {
        // SAFETY: both begin with the state of a future.
        return Some(unsafe { &(*object.as_ptr().cast::<Future>()).state });
    }
    None
}

/// The future that the task waited for is done.
fn wakeup(task: &Ref<Task>, future: &Ref<Object>) -> PyResult<()> {
    awaited::discard(future, task.as_object())?;
    let outcome = match exact_state(future) {
        Some(state) => match state.outcome() {
            Ok(Outcome::Result(_)) => Ok(()),
            Ok(Outcome::Exception(exception)) => return step(task, Some(exception)),
            Err(raised) => Err(raised),
        },
        None => future.call_method(id!("result"), &[]).map(drop),
    };
    match outcome {
        Ok(()) => step(task, None),
        Err(raised) => step(task, Some(raised.take())),
    }
}

/// One step as the running task of the loop.
pub fn step(task: &Ref<Task>, exception: Option<Ref<Object>>) -> PyResult<()> {
    let event_loop = task.future.state.initialised_loop()?;
    current::enter_task(&event_loop, task.as_object())?;
    let result = run(task, exception);
    match result {
        Ok(()) => current::leave_task(&event_loop, task.as_object()),
        Err(raised) => {
            let error = raised.take();
            match current::leave_task(&event_loop, task.as_object()) {
                Ok(()) => Err(Raised::restore(error)),
                Err(raised) => {
                    if let Some(late) = raised.peek() {
                        exceptions::set_context(&late, Some(error));
                    }
                    Err(raised)
                }
            }
        }
    }
}

/// Resumes the coroutine; the task is the running one already.
pub fn run(task: &Ref<Task>, mut exception: Option<Ref<Object>>) -> PyResult<()> {
    let state = &task.future.state;
    if !state.is_pending() {
        let exception = exception.unwrap_or_else(none);
        return Err(invalid_state(format_args!(
            "__step(): already done: {} {}",
            task.as_object().to_repr_text(),
            exception.to_repr_text()
        )));
    }
    if task.must_cancel.get() {
        let cancelled = match &exception {
            Some(exception) => exception.is_instance(CANCELLED_ERROR.get()?.borrow())?,
            None => false,
        };
        if !cancelled {
            exception = Some(state.take_cancelled_error()?);
        }
        task.must_cancel.set(false);
    }
    drop(task.waiter.take());
    let Some(coroutine) = task.coroutine.get() else {
        return Err(raise!(RuntimeError, "uninitialized Task object"));
    };
    let sent = match exception {
        None => send_to(&coroutine, none().borrow()),
        Some(exception) => throw_into(&coroutine, exception),
    };
    match sent {
        SendResult::Next(yielded) => wait_for(task, &yielded),
        SendResult::Return(result) => {
            if task.must_cancel.replace(false) {
                // Cancelled right before it ended.
                let message = state.cancel_message.get();
                state.cancel(task.as_borrowed(), message).map(drop)
            } else {
                state.set_result(task.as_borrowed(), result)
            }
        }
        SendResult::Error(raised) => failed(task, raised),
    }
}

fn throw_into(coroutine: &Ref<Object>, exception: Ref<Object>) -> SendResult {
    match coroutine.call_method(id!("throw"), &[exception.borrow()]) {
        Ok(yielded) => SendResult::Next(yielded),
        Err(raised) if raised.is_a::<exceptions::StopIteration>() => match exceptions::take_stop_iteration_value() {
            Ok(value) => SendResult::Return(value),
            Err(raised) => SendResult::Error(raised),
        },
        Err(raised) => SendResult::Error(raised),
    }
}

/// The coroutine ended by an exception.
#[cold]
fn failed(task: &Ref<Task>, raised: Raised) -> PyResult<()> {
    let state = &task.future.state;
    let error = raised.take();
    if error.is_instance(CANCELLED_ERROR.get()?.borrow())? {
        state.cancelled_error.set(Some(error));
        return state.cancel(task.as_borrowed(), None).map(drop);
    }
    state.set_exception(task.as_borrowed(), error.borrow())?;
    if error.is_instance_of::<exceptions::KeyboardInterrupt>() || error.is_instance_of::<exceptions::SystemExit>() {
        return Err(Raised::restore(error));
    }
    Ok(())
}

/// After the task was set to wait for `future`: a cancellation that came meanwhile goes on to it.
fn set_waiter(task: &Ref<Task>, future: &Ref<Object>) -> PyResult<()> {
    task.waiter.set(Some(future.clone()));
    if task.must_cancel.get() {
        let message = task.future.state.cancel_message.get().unwrap_or_else(none);
        if cancel_with_message(future, message.borrow())? {
            task.must_cancel.set(false);
        }
    }
    Ok(())
}

fn different_loop(task: &Ref<Task>, future: &Ref<Object>) -> PyResult<()> {
    let (task_text, future_text) = (task.as_object().repr()?, future.repr()?);
    fail_soon(
        task,
        format!("Task {} got Future {} attached to a different loop", task_text.to_display(), future_text.to_display()),
    )
}

fn plain_yield(task: &Ref<Task>, future: &Ref<Object>) -> PyResult<()> {
    let (task_text, future_text) = (task.as_object().repr()?, future.repr()?);
    fail_soon(
        task,
        format!(
            "yield was used instead of yield from in task {} with {}",
            task_text.to_display(),
            future_text.to_display()
        ),
    )
}

/// What the coroutine yielded says what the task waits for.
fn wait_for(task: &Ref<Task>, yielded: &Ref<Object>) -> PyResult<()> {
    if yielded.is_none() {
        // A bare yield: the next round of the loop.
        return schedule(task, None);
    }
    if yielded.as_ptr() == task.as_ptr() {
        let text = task.as_object().repr()?;
        return fail_soon(task, format!("Task cannot await on itself: {}", text.to_display()));
    }
    let own_loop = task.future.state.event_loop.as_ptr();
    if let Some(state) = exact_state(yielded) {
        if state.event_loop.as_ptr() != own_loop {
            return different_loop(task, yielded);
        }
        if !state.blocking.get() {
            return plain_yield(task, yielded);
        }
        awaited::add(yielded, task.as_object())?;
        state.blocking.set(false);
        let context = task.context.get().unwrap_or_else(none);
        state.add_callback(yielded.borrow(), wakeup_function(task)?.as_borrowed(), context)?;
        return set_waiter(task, yielded);
    }
    if let Some(blocking) = yielded.lookup_attr(id!("_asyncio_future_blocking"))?.filter(|blocking| !blocking.is_none())
    {
        let blocking = blocking.is_true()?;
        let other_loop = match yielded.lookup_attr(id!("get_loop"))? {
            Some(get) => get.call0()?,
            None => yielded.getattr(id!("_loop"))?,
        };
        if other_loop.as_ptr() != own_loop {
            return different_loop(task, yielded);
        }
        if !blocking {
            return plain_yield(task, yielded);
        }
        awaited::add(yielded, task.as_object())?;
        yielded.setattr(id!("_asyncio_future_blocking"), Bool::from(false).as_borrowed())?;
        let wakeup = wakeup_function(task)?;
        let context = task.context.get().unwrap_or_else(none);
        let add = yielded.getattr(id!("add_done_callback"))?;
        let names = super::names(id!("context"), &super::CONTEXT_NAME)?;
        add.call_with_names(&[wakeup.as_borrowed(), context.borrow()], names.borrow())?;
        return set_waiter(task, yielded);
    }
    let (task_text, text) = (task.as_object().repr()?, yielded.repr()?);
    if yielded.is_exact::<Generator>() {
        return fail_soon(
            task,
            format!(
                "yield was used instead of yield from for generator in task {} with {}",
                task_text.to_display(),
                text.to_display()
            ),
        );
    }
    fail_soon(task, format!("Task got bad yield: {}", text.to_display()))
}

/// Counts the names of tasks.
pub fn next_number() -> u64 {
    struct Counter(Cell<u64>);
    // SAFETY: the GIL guards the counter.
    unsafe impl Sync for Counter {}
    static COUNTER: Counter = Counter(Cell::new(0));
    COUNTER.0.set(COUNTER.0.get() + 1);
    COUNTER.0.get()
}
