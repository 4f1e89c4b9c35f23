//! `_asyncio`: futures, tasks, and which loop and task are running. CPython: `Modules/_asynciomodule.c`.
//!
//! The running loop and task are fields of the thread state, where tools look for them. Tasks are linked in a list that owns
//! none of them.

mod awaited;
mod current;
mod future;
mod future_iter;
mod step;
mod task;

use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;
use taipan_runtime::types::type_;

use crate::support::Slot;
use future::Future;
use task::Task;

/// A name of a module of the library, looked up when it is first used.
struct Import {
    module: &'static str,
    name: &'static str,
    object: Slot,
}

impl Import {
    const fn new(module: &'static str, name: &'static str) -> Import {
        Import { module, name, object: Slot::new() }
    }

    fn get(&self) -> PyResult<Ref<Object>> {
        if let Some(object) = self.object.get() {
            return Ok(object);
        }
        let module = taipan_runtime::import::import_module(self.module)?;
        let object = module.getattr(Str::intern_str(self.name)?.borrow())?;
        self.object.set(Some(object.clone()));
        Ok(object)
    }
}

static CANCELLED_ERROR: Import = Import::new("asyncio.exceptions", "CancelledError");
static INVALID_STATE_ERROR: Import = Import::new("asyncio.exceptions", "InvalidStateError");
static FUTURE_REPR: Import = Import::new("asyncio.base_futures", "_future_repr");
static TASK_REPR: Import = Import::new("asyncio.base_tasks", "_task_repr");
static TASK_GET_STACK: Import = Import::new("asyncio.base_tasks", "_task_get_stack");
static TASK_PRINT_STACK: Import = Import::new("asyncio.base_tasks", "_task_print_stack");
static IS_COROUTINE: Import = Import::new("asyncio.coroutines", "iscoroutine");
static EVENT_LOOP_POLICY: Import = Import::new("asyncio.events", "_get_event_loop_policy");
static EXTRACT_STACK: Import = Import::new("traceback", "extract_stack");
static WEAK_SET: Import = Import::new("weakref", "WeakSet");

/// Raises `InvalidStateError`.
#[cold]
fn invalid_state(message: core::fmt::Arguments<'_>) -> Raised {
    let raise = || -> PyResult<Raised> {
        let class = INVALID_STATE_ERROR.get()?;
        let text = Str::from_fmt(message)?;
        Ok(exceptions::set_object(class.borrow(), Some(text.as_borrowed())))
    };
    raise().unwrap_or_else(|raised| raised)
}

/// `loop.call_soon(function, [argument,] context=context)`
fn call_soon(
    event_loop: &Ref<Object>,
    function: Borrowed<'_, Object>,
    argument: Option<Borrowed<'_, Object>>,
    context: Option<Borrowed<'_, Object>>,
) -> PyResult<()> {
    let method = event_loop.getattr(id!("call_soon"))?;
    let mut args = [function; 3];
    let mut count = 1;
    for more in [argument, context].into_iter().flatten() {
        args[count] = more;
        count += 1;
    }
    if context.is_none() {
        method.call(&args[..count])?;
        return Ok(());
    }
    method.call_with_names(&args[..count], names(id!("context"), &CONTEXT_NAME)?.borrow())?;
    Ok(())
}

static CONTEXT_NAME: Slot = Slot::new();
static MSG_NAME: Slot = Slot::new();

/// A tuple of one name, made once.
fn names(name: Borrowed<'static, Str>, slot: &'static Slot) -> PyResult<Ref<Tuple>> {
    // SAFETY: a tuple is put there alone.
    if let Some(names) = unsafe { slot.get_as::<Tuple>() } {
        return Ok(names);
    }
    let names = Tuple::pack([name.as_object().clone()])?;
    slot.set(Some(names.as_object().clone()));
    Ok(names)
}

/// `future.cancel(msg=message)`
fn cancel_with_message(future: &Ref<Object>, message: Borrowed<'_, Object>) -> PyResult<bool> {
    let method = future.getattr(id!("cancel"))?;
    method.call_with_names(&[message], names(id!("msg"), &MSG_NAME)?.borrow())?.is_true()
}

pub struct Asyncio;

#[pymodule(name = "_asyncio", extend = [Asyncio::CURRENT])]
impl Asyncio {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        type_::ready_static::<future_iter::FutureIter>()?;
        type_::ready_static::<step::TaskStep>()?;
        module.add_type::<Future>()?;
        module.add_type::<Task>()
    }
}
