//! The running loop and task of each thread, and the tasks of a loop.

use core::cell::Cell;
use core::ptr;

use taipan_runtime::abi::{_PyThreadStateImpl, PyObject, PyThreadState};
use taipan_runtime::prelude::*;
use taipan_runtime::thread;

use super::task::Task;
use super::{EVENT_LOOP_POLICY, WEAK_SET};
use crate::support::Slot;

/// # Safety
/// `thread` is a live thread state.
unsafe fn inside<'a>(thread: *const PyThreadState) -> &'a _PyThreadStateImpl {
    // SAFETY: every thread state is the beginning of this struct.
    unsafe { &*thread.cast() }
}

fn here() -> &'static _PyThreadStateImpl {
    // SAFETY: the state of the current thread.
    unsafe { inside(thread::current()) }
}

fn loop_slot() -> &'static Slot {
    Slot::of(&here().asyncio_running_loop)
}

fn task_slot() -> &'static Slot {
    Slot::of(&here().asyncio_running_task)
}

pub fn running_loop() -> Option<Ref<Object>> {
    loop_slot().get()
}

pub fn required_running_loop() -> PyResult<Ref<Object>> {
    running_loop().ok_or_else(|| raise!(RuntimeError, "no running event loop"))
}

/// The running loop, or what the policy gives.
pub fn event_loop() -> PyResult<Ref<Object>> {
    if let Some(event_loop) = running_loop() {
        return Ok(event_loop);
    }
    EVENT_LOOP_POLICY.get()?.call0()?.call_method(id!("get_event_loop"), &[])
}

fn check_loop(event_loop: &Ref<Object>) -> PyResult<()> {
    if loop_slot().as_ptr() == event_loop.as_ptr() {
        return Ok(());
    }
    Err(raise!(RuntimeError, "loop {} is not the running loop", event_loop.to_repr_text()))
}

pub fn enter_task(event_loop: &Ref<Object>, task: &Ref<Object>) -> PyResult<()> {
    check_loop(event_loop)?;
    if let Some(running) = task_slot().get() {
        return Err(raise!(
            RuntimeError,
            "Cannot enter into task {} while another task {} is being executed.",
            task.to_repr_text(),
            running.to_repr_text()
        ));
    }
    task_slot().set(Some(task.clone()));
    Ok(())
}

pub fn leave_task(event_loop: &Ref<Object>, task: &Ref<Object>) -> PyResult<()> {
    check_loop(event_loop)?;
    let slot = task_slot();
    if slot.as_ptr() != task.as_ptr() {
        let running = slot.get().unwrap_or_else(none);
        return Err(raise!(
            RuntimeError,
            "Invalid attempt to leave task {} while task {} is entered.",
            task.to_repr_text(),
            running.to_repr_text()
        ));
    }
    slot.set(None);
    Ok(())
}

/// Makes `task` the running one and gives the one before.
pub fn swap_task(event_loop: &Ref<Object>, task: Option<Ref<Object>>) -> PyResult<Option<Ref<Object>>> {
    check_loop(event_loop)?;
    Ok(task_slot().replace(task))
}

// ---- all tasks ----

/// A place in the list of tasks.
#[repr(C)]
pub struct Link {
    previous: Cell<*mut Task>,
    next: Cell<*mut Task>,
    linked: Cell<bool>,
}

/// The first task of the list. The GIL guards the list.
struct First(Cell<*mut Task>);

// SAFETY: touched only while the GIL is held.
unsafe impl Sync for First {}

static FIRST: First = First(Cell::new(ptr::null_mut()));

/// Tasks of other classes: a `WeakSet`.
static OTHER_TASKS: Slot = Slot::new();

/// Tasks of other classes in their first, eager step: a set.
static OTHER_EAGER: Slot = Slot::new();

pub fn link(task: &Ref<Task>) {
    let link = &task.link;
    if link.linked.get() {
        return;
    }
    let this: *mut Task = task.as_raw();
    let first = FIRST.0.replace(this);
    link.previous.set(ptr::null_mut());
    link.next.set(first);
    link.linked.set(true);
    if !first.is_null() {
        // SAFETY: tasks leave the list before they are freed.
        unsafe { (*first).link.previous.set(this) };
    }
}

/// Takes a task out of the list, if it is there.
///
/// # Safety
/// `task` is live.
pub unsafe fn unlink(task: *const Task) {
    // SAFETY: by contract; neighbours are live.
    unsafe {
        let link = &(*task).link;
        if !link.linked.replace(false) {
            return;
        }
        let (previous, next) = (link.previous.get(), link.next.get());
        if previous.is_null() {
            FIRST.0.set(next);
        } else {
            (*previous).link.next.set(next);
        }
        if !next.is_null() {
            (*next).link.previous.set(previous);
        }
    }
}

fn other_tasks() -> PyResult<Ref<Object>> {
    if let Some(tasks) = OTHER_TASKS.get() {
        return Ok(tasks);
    }
    let tasks = WEAK_SET.get()?.call0()?;
    OTHER_TASKS.set(Some(tasks.clone()));
    Ok(tasks)
}

fn other_eager() -> PyResult<Ref<Object>> {
    if let Some(tasks) = OTHER_EAGER.get() {
        return Ok(tasks);
    }
    let tasks = Set::new()?.into_object();
    OTHER_EAGER.set(Some(tasks.clone()));
    Ok(tasks)
}

pub fn register(task: &Ref<Object>) -> PyResult<()> {
    if let Some(task) = task.downcast::<Task>() {
        link(&task);
        return Ok(());
    }
    other_tasks()?.call_method(id!("add"), &[task.borrow()]).map(drop)
}

pub fn unregister(task: &Ref<Object>) -> PyResult<()> {
    if let Some(task) = task.downcast::<Task>() {
        // SAFETY: live.
        unsafe { unlink(task.as_raw()) };
        return Ok(());
    }
    other_tasks()?.call_method(id!("discard"), &[task.borrow()]).map(drop)
}

fn add_if_pending(tasks: &Ref<Set>, task: &Ref<Object>, event_loop: &Ref<Object>) -> PyResult<()> {
    let own = match task.lookup_attr(id!("get_loop"))? {
        Some(get) => get.call0()?,
        None => task.getattr(id!("_loop"))?,
    };
    if own.is(event_loop) && !task.call_method(id!("done"), &[])?.is_true()? {
        tasks.add(task.borrow())?;
    }
    Ok(())
}

fn tasks_of(event_loop: &Ref<Object>) -> PyResult<Ref<Set>> {
    let tasks = Set::new()?;
    let mut linked: Vec<Ref<Object>> = Vec::new();
    let mut at = FIRST.0.get();
    while !at.is_null() {
        // SAFETY: tasks leave the list before they are freed; one whose count is zero is being freed right now.
        unsafe {
            if (*at.cast::<PyObject>()).ob_refcnt.get() > 0 {
                if linked.try_reserve(1).is_err() {
                    return Err(Raised::no_memory());
                }
                linked.push(Ref::from_borrowed_ptr(at));
            }
            at = (*at).link.next.get();
        }
    }
    for task in linked {
        // SAFETY: the list holds tasks alone.
        let inside: &Ref<Task> = unsafe { task.cast_unchecked() };
        if inside.future.state.is_pending() && inside.future.state.event_loop.as_ptr() == event_loop.as_ptr() {
            tasks.add(task.borrow())?;
        }
    }
    for others in [OTHER_EAGER.get(), OTHER_TASKS.get()].into_iter().flatten() {
        // A weak set may shrink while it is read.
        for task in others.to_list()?.try_to_vec()? {
            add_if_pending(&tasks, &task, event_loop)?;
        }
    }
    Ok(tasks)
}

/// The task that runs in a loop, of whatever thread.
fn task_of(event_loop: &Ref<Object>) -> Option<Ref<Object>> {
    if loop_slot().as_ptr() == event_loop.as_ptr() {
        return task_slot().get();
    }
    let mut found = None;
    thread::interpreter().for_each_thread(|state| {
        // SAFETY: the states of the list are live.
        let inside = unsafe { inside(state) };
        if inside.asyncio_running_loop.get() == event_loop.as_ptr() {
            found = Slot::of(&inside.asyncio_running_task).get();
        }
    });
    found
}

/// The loop that is meant: the running one where none is given.
fn given_loop(event_loop: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    match event_loop.filter(|event_loop| !event_loop.is_none()) {
        Some(event_loop) => Ok(event_loop.to_owned()),
        None => required_running_loop(),
    }
}

#[pymethods(part = CURRENT)]
impl super::Asyncio {
    #[function(signature = "($module, /)")]
    fn _get_running_loop() -> Option<Ref<Object>> {
        running_loop()
    }

    #[function(signature = "($module, loop, /)")]
    fn _set_running_loop(r#loop: Borrowed<'_, Object>) {
        loop_slot().set(if r#loop.is_none() { None } else { Some(r#loop.to_owned()) });
    }

    #[function(signature = "($module, /)")]
    fn get_event_loop() -> PyResult<Ref<Object>> {
        event_loop()
    }

    #[function(signature = "($module, /)")]
    fn get_running_loop() -> PyResult<Ref<Object>> {
        required_running_loop()
    }

    #[function(signature = "($module, /, loop, task)")]
    fn _enter_task(r#loop: Borrowed<'_, Object>, task: Borrowed<'_, Object>) -> PyResult<()> {
        enter_task(&r#loop, &task)
    }

    #[function(signature = "($module, /, loop, task)")]
    fn _leave_task(r#loop: Borrowed<'_, Object>, task: Borrowed<'_, Object>) -> PyResult<()> {
        leave_task(&r#loop, &task)
    }

    #[function(signature = "($module, /, loop, task)")]
    fn _swap_current_task(r#loop: Borrowed<'_, Object>, task: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
        swap_task(&r#loop, if task.is_none() { None } else { Some(task.to_owned()) })
    }

    #[function(signature = "($module, /, task)")]
    fn _register_task(task: Borrowed<'_, Object>) -> PyResult<()> {
        register(&task)
    }

    #[function(signature = "($module, /, task)")]
    fn _unregister_task(task: Borrowed<'_, Object>) -> PyResult<()> {
        unregister(&task)
    }

    #[function(signature = "($module, /, task)")]
    fn _register_eager_task(task: Borrowed<'_, Object>) -> PyResult<()> {
        other_eager()?.call_method(id!("add"), &[task]).map(drop)
    }

    #[function(signature = "($module, /, task)")]
    fn _unregister_eager_task(task: Borrowed<'_, Object>) -> PyResult<()> {
        other_eager()?.call_method(id!("discard"), &[task]).map(drop)
    }

    #[function(signature = "($module, /, loop=None)")]
    fn current_task(r#loop: Option<Borrowed<'_, Object>>) -> PyResult<Option<Ref<Object>>> {
        Ok(task_of(&given_loop(r#loop)?))
    }

    #[function(signature = "($module, /, loop=None)")]
    fn all_tasks(r#loop: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Set>> {
        tasks_of(&given_loop(r#loop)?)
    }

    #[function(signature = "($module, fut, waiter, /)")]
    fn future_add_to_awaited_by(fut: Borrowed<'_, Object>, waiter: Borrowed<'_, Object>) -> PyResult<()> {
        super::awaited::add(&fut, &waiter)
    }

    #[function(signature = "($module, fut, waiter, /)")]
    fn future_discard_from_awaited_by(fut: Borrowed<'_, Object>, waiter: Borrowed<'_, Object>) -> PyResult<()> {
        super::awaited::discard(&fut, &waiter)
    }
}
