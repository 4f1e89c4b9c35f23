//! `Future`: a result that comes later, and the callbacks that wait for it.
//!
//! **Invariant:** the first callback stands in fields of its own, since most futures have just one; further ones are in the
//! list. Whatever calls Python code takes what it needs out of the fields first.

use core::cell::Cell;
use core::mem::offset_of;

use taipan_runtime::abi::PyObject;
use taipan_runtime::memory::object as memory;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;
use taipan_runtime::types::generic_alias::GenericAlias;

use super::awaited;
use super::current;
use super::future_iter::FutureIter;
use super::{CANCELLED_ERROR, EXTRACT_STACK, FUTURE_REPR, call_soon, invalid_state};
use crate::support::{self, Slot};

#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    Pending,
    Cancelled,
    Finished,
}

/// What futures and tasks have in common.
#[repr(C)]
pub struct FutureState {
    pub event_loop: Slot,
    callback: Slot,
    context: Slot,
    /// A list of pairs, or nothing.
    callbacks: Slot,
    pub exception: Slot,
    exception_traceback: Slot,
    result: Slot,
    source_traceback: Slot,
    pub cancel_message: Slot,
    /// The error that a task was cancelled by, to be the one that is raised.
    pub cancelled_error: Slot,
    pub awaited_by: Slot,
    status: Cell<Status>,
    pub log_traceback: Cell<bool>,
    pub blocking: Cell<bool>,
}

/// `_asyncio.Future`
#[repr(C)]
pub struct Future {
    head: PyObject,
    pub state: FutureState,
    dict: Cell<*mut PyObject>,
    weakrefs: Cell<*mut PyObject>,
}

/// How a finished future is read.
pub enum Outcome {
    Result(Ref<Object>),
    Exception(Ref<Object>),
}

impl FutureState {
    pub fn slots(&self) -> [&Slot; 11] {
        [
            &self.event_loop,
            &self.callback,
            &self.context,
            &self.callbacks,
            &self.exception,
            &self.exception_traceback,
            &self.result,
            &self.source_traceback,
            &self.cancel_message,
            &self.cancelled_error,
            &self.awaited_by,
        ]
    }

    pub fn status(&self) -> Status {
        self.status.get()
    }

    pub fn is_pending(&self) -> bool {
        self.status.get() == Status::Pending
    }

    pub fn initialised_loop(&self) -> PyResult<Ref<Object>> {
        self.event_loop.get().ok_or_else(|| raise!(RuntimeError, "Future object is not initialized."))
    }

    pub fn init(&self, event_loop: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let event_loop = match event_loop.filter(|event_loop| !event_loop.is_none()) {
            Some(event_loop) => event_loop.to_owned(),
            None => current::event_loop()?,
        };
        support::clear(self.slots());
        self.status.set(Status::Pending);
        self.log_traceback.set(false);
        self.blocking.set(false);
        self.event_loop.set(Some(event_loop.clone()));
        if event_loop.call_method(id!("get_debug"), &[])?.is_true()?
            && !taipan_runtime::thread::interpreter().is_finalizing()
        {
            self.source_traceback.set(Some(EXTRACT_STACK.get()?.call0()?));
        }
        Ok(())
    }

    pub fn source_traceback(&self) -> Option<Ref<Object>> {
        self.source_traceback.get()
    }

    /// The error to raise for a cancelled future; an error that was saved is given once.
    pub fn take_cancelled_error(&self) -> PyResult<Ref<Object>> {
        if let Some(error) = self.cancelled_error.take() {
            return Ok(error);
        }
        let class = CANCELLED_ERROR.get()?;
        match self.cancel_message.get().filter(|message| !message.is_none()) {
            None => class.call0(),
            Some(message) => class.call1(message.borrow()),
        }
    }

    fn has_callbacks(&self) -> bool {
        self.callback.is_set() || self.callbacks.is_set()
    }

    /// Hands all callbacks to the loop.
    fn schedule_callbacks(&self, future: Borrowed<'_, Object>) -> PyResult<()> {
        if !self.has_callbacks() {
            return Ok(());
        }
        let event_loop = self.initialised_loop()?;
        if let Some(callback) = self.callback.take() {
            let context = self.context.take();
            call_soon(&event_loop, callback.borrow(), Some(future), context.as_ref().map(|context| context.borrow()))?;
        }
        let Some(callbacks) = self.callbacks.take() else { return Ok(()) };
        let Some(callbacks) = callbacks.downcast::<List>() else { return Ok(()) };
        for pair in callbacks.try_to_vec()? {
            if let Some(pair) = pair.downcast::<Tuple>() {
                call_soon(&event_loop, pair.get(0), Some(future), Some(pair.get(1)))?;
            }
        }
        Ok(())
    }

    pub fn add_callback(
        &self,
        future: Borrowed<'_, Object>,
        callback: Borrowed<'_, Object>,
        context: Ref<Object>,
    ) -> PyResult<()> {
        let event_loop = self.initialised_loop()?;
        if !self.is_pending() {
            return call_soon(&event_loop, callback, Some(future), Some(context.borrow()));
        }
        if !self.has_callbacks() {
            self.callback.set(Some(callback.to_owned()));
            self.context.set(Some(context));
            return Ok(());
        }
        let pair = Tuple::pack([callback.to_owned(), context])?.into_object();
        match self.callbacks.get() {
            None => {
                self.callbacks.set(Some(List::from_vec(vec![pair])?.into_object()));
                Ok(())
            }
            Some(list) => match list.downcast::<List>() {
                Some(list) => list.push(pair),
                None => Ok(()),
            },
        }
    }

    fn callback_pairs(&self) -> PyResult<Vec<Ref<Object>>> {
        let mut pairs = Vec::new();
        if let Some(callback) = self.callback.get() {
            let context = self.context.get().unwrap_or_else(none);
            pairs.push(Tuple::pack([callback, context])?.into_object());
        }
        if let Some(list) = self.callbacks.get().as_ref().and_then(|list| list.downcast::<List>()) {
            pairs.try_extend(&list.try_to_vec()?)?;
        }
        Ok(pairs)
    }

    /// Removes a callback wherever it stands; how often it stood there.
    fn remove_callback(&self, callback: Borrowed<'_, Object>) -> PyResult<usize> {
        let mut removed = 0;
        if let Some(first) = self.callback.get()
            && callback.equals(first.borrow())?
            && self.callback.as_ptr() == first.as_ptr()
        {
            drop(self.callback.take());
            drop(self.context.take());
            removed += 1;
        }
        let Some(list) = self.callbacks.get() else { return Ok(removed) };
        let Some(list) = list.downcast::<List>() else { return Ok(removed) };
        let mut kept = Vec::new();
        let mut index = 0;
        // Comparisons may change the list.
        while let Some(pair) = list.get(index) {
            index += 1;
            let Some(entry) = pair.downcast::<Tuple>() else { continue };
            let function = entry.get(0).to_owned();
            if callback.equals(function.borrow())? {
                removed += 1;
            } else {
                kept.try_push(pair)?;
            }
        }
        if self.callbacks.as_ptr() == list.as_ptr() {
            let kept = if kept.is_empty() { None } else { Some(List::from_vec(kept)?.into_object()) };
            self.callbacks.set(kept);
        }
        Ok(removed)
    }

    pub fn set_result(&self, future: Borrowed<'_, Object>, result: Ref<Object>) -> PyResult<()> {
        self.initialised_loop()?;
        if !self.is_pending() {
            return Err(invalid_state(format_args!("invalid state")));
        }
        self.result.set(Some(result));
        self.status.set(Status::Finished);
        self.schedule_callbacks(future)
    }

    pub fn set_exception(&self, future: Borrowed<'_, Object>, exception: Borrowed<'_, Object>) -> PyResult<()> {
        self.initialised_loop()?;
        if !self.is_pending() {
            return Err(invalid_state(format_args!("invalid state")));
        }
        let mut exception =
            if exceptions::is_exception_class(exception) { exception.call0()? } else { exception.to_owned() };
        if !exceptions::is_exception_instance(exception.borrow()) {
            return Err(raise!(TypeError, "invalid exception object"));
        }
        if exception.is_instance_of::<exceptions::StopIteration>() {
            let message =
                Str::from_utf8_str("StopIteration interacts badly with generators and cannot be raised into a Future")?;
            let replacement = exceptions::RuntimeError::type_object().as_object().call1(message.as_borrowed())?;
            exceptions::set_cause(&replacement, Some(exception.clone()));
            exceptions::set_context(&replacement, Some(exception));
            exception = replacement;
        }
        self.exception_traceback.set(exceptions::traceback_of(&exception));
        self.exception.set(Some(exception));
        self.status.set(Status::Finished);
        self.schedule_callbacks(future)?;
        self.log_traceback.set(true);
        Ok(())
    }

    /// The result or the exception of a future that is done; an error for one that is not, or is cancelled.
    pub fn outcome(&self) -> PyResult<Outcome> {
        match self.status.get() {
            Status::Cancelled => {
                let error = self.take_cancelled_error()?;
                Err(exceptions::raise_class_or_instance(error.borrow()))
            }
            Status::Pending => Err(invalid_state(format_args!("Result is not set."))),
            Status::Finished => {
                self.log_traceback.set(false);
                if let Some(exception) = self.exception.get() {
                    exceptions::set_traceback(&exception, self.exception_traceback.get());
                    return Ok(Outcome::Exception(exception));
                }
                Ok(Outcome::Result(self.result.get().unwrap_or_else(none)))
            }
        }
    }

    pub fn result(&self) -> PyResult<Ref<Object>> {
        match self.outcome()? {
            Outcome::Result(result) => Ok(result),
            Outcome::Exception(exception) => Err(exceptions::raise_class_or_instance(exception.borrow())),
        }
    }

    pub fn cancel(&self, future: Borrowed<'_, Object>, message: Option<Ref<Object>>) -> PyResult<bool> {
        self.initialised_loop()?;
        self.log_traceback.set(false);
        if !self.is_pending() {
            return Ok(false);
        }
        self.status.set(Status::Cancelled);
        self.cancel_message.set(message);
        self.schedule_callbacks(future)?;
        Ok(true)
    }

    /// Tells the loop's exception handler; what goes wrong in there is reported.
    pub fn tell_handler(&self, pairs: &[(Borrowed<'_, Str>, Borrowed<'_, Object>)]) {
        let Some(event_loop) = self.event_loop.get() else { return };
        let tell = || -> PyResult<()> {
            let context = Dict::new()?;
            for (name, value) in pairs {
                context.set_str(*name, *value)?;
            }
            if let Some(traceback) = self.source_traceback.get() {
                context.set_str(id!("source_traceback"), traceback.borrow())?;
            }
            event_loop.call_method(id!("call_exception_handler"), &[context.as_borrowed()])?;
            Ok(())
        };
        if let Err(raised) = tell() {
            exceptions::report_unraisable_object(raised, Some(event_loop.borrow()));
        }
    }

    /// At the end of a future whose exception nobody has seen.
    pub fn finalize(&self, future: Borrowed<'_, Object>) {
        if !self.log_traceback.replace(false) {
            return;
        }
        let Some(exception) = self.exception.get() else { return };
        let _aside = Raised::aside();
        let message = format!("{} exception was never retrieved", future.type_of().short_name());
        match Str::from_utf8_str(&message) {
            Ok(message) => self.tell_handler(&[
                (id!("message"), message.as_borrowed()),
                (id!("exception"), exception.borrow()),
                (id!("future"), future),
            ]),
            Err(raised) => raised.clear(),
        }
    }
}

/// The context of a callback: the given one, or a copy of the current one.
pub fn context_or_copy(context: Option<Borrowed<'_, Object>>) -> PyResult<Ref<Object>> {
    match context {
        Some(context) => Ok(context.to_owned()),
        None => Ok(crate::contextvars::current()?.copied()?.into_object()),
    }
}

/// The methods that tasks inherit, but which the reference shows in the dict of either class.
macro_rules! shared_methods {
    ($part:ident, $ty:ty, |$this:ident| $state:expr) => {
        #[pymethods(part = $part)]
        impl $ty {
            #[method(signature = "($self, /)")]
            fn result($this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                let state = $state;
                state.initialised_loop()?;
                state.result()
            }

            #[method(signature = "($self, /)", defining_class)]
            fn exception($this: &Ref<$ty>) -> PyResult<Option<Ref<Object>>> {
                let state = $state;
                state.initialised_loop()?;
                match state.status() {
                    $crate::asyncio::future::Status::Cancelled => state.result().map(|_| None),
                    $crate::asyncio::future::Status::Pending => {
                        Err($crate::asyncio::invalid_state(format_args!("Exception is not set.")))
                    }
                    $crate::asyncio::future::Status::Finished => {
                        state.log_traceback.set(false);
                        Ok(state.exception.get())
                    }
                }
            }

            #[method(signature = "($self, fn, /, *, context=<unrepresentable>)", defining_class)]
            fn add_done_callback(
                $this: &Ref<$ty>,
                function: Borrowed<'_, Object>,
                context: Option<Borrowed<'_, Object>>,
            ) -> PyResult<()> {
                let context = $crate::asyncio::future::context_or_copy(context)?;
                ($state).add_callback($this.as_borrowed(), function, context)
            }

            #[method(signature = "($self, fn, /)", defining_class)]
            fn remove_done_callback($this: &Ref<$ty>, function: Borrowed<'_, Object>) -> PyResult<usize> {
                let state = $state;
                state.initialised_loop()?;
                state.remove(function)
            }

            #[method(signature = "($self, /)")]
            fn cancelled($this: &Ref<$ty>) -> bool {
                ($state).event_loop.is_set() && ($state).status() == $crate::asyncio::future::Status::Cancelled
            }

            #[method(signature = "($self, /)")]
            fn done($this: &Ref<$ty>) -> bool {
                ($state).event_loop.is_set() && !($state).is_pending()
            }

            #[method(name = "_make_cancelled_error", signature = "($self, /)")]
            fn make_cancelled_error($this: &Ref<$ty>) -> PyResult<Ref<Object>> {
                ($state).take_cancelled_error()
            }

            #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
            fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                GenericAlias::new(cls.upcast(), object)
            }
        }
    };
}
pub(super) use shared_methods;

shared_methods!(SHARED, Future, |this| &this.state);

impl FutureState {
    pub(super) fn remove(&self, callback: Borrowed<'_, Object>) -> PyResult<usize> {
        self.remove_callback(callback)
    }
}

#[pytype(
    name = "Future",
    module = "_asyncio",
    gc,
    basetype,
    dictoffset = offset_of!(Future, dict),
    weaklistoffset = offset_of!(Future, weakrefs),
    extend = [Future::SHARED],
    heap,
    generic_new
)]
impl Future {
    #[init(signature = "(*, loop=None)")]
    fn init(this: &Ref<Future>, r#loop: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.state.init(r#loop)
    }

    #[slot(tp_repr)]
    fn repr(this: &Ref<Future>) -> PyResult<Ref<Object>> {
        FUTURE_REPR.get()?.call1(this.as_borrowed())
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<Future>) -> PyResult<Ref<FutureIter>> {
        this.state.initialised_loop()?;
        FutureIter::create(this.as_object().clone())
    }

    #[slot(am_await)]
    fn awaitable(this: &Ref<Future>) -> PyResult<Ref<FutureIter>> {
        Future::iter(this)
    }

    #[slot(tp_finalize)]
    fn finalize(this: &Ref<Future>) {
        this.state.finalize(this.as_borrowed());
    }

    #[method(signature = "($self, result, /)", defining_class)]
    fn set_result(this: &Ref<Future>, result: Borrowed<'_, Object>) -> PyResult<()> {
        this.state.set_result(this.as_borrowed(), result.to_owned())
    }

    #[method(signature = "($self, exception, /)", defining_class)]
    fn set_exception(this: &Ref<Future>, exception: Borrowed<'_, Object>) -> PyResult<()> {
        this.state.set_exception(this.as_borrowed(), exception)
    }

    #[method(signature = "($self, /, msg=None)", defining_class)]
    fn cancel(this: &Ref<Future>, msg: Option<Borrowed<'_, Object>>) -> PyResult<bool> {
        this.state.cancel(this.as_borrowed(), msg.map(|msg| msg.to_owned()))
    }

    #[method(signature = "($self, /)", defining_class)]
    fn get_loop(this: &Ref<Future>) -> PyResult<Ref<Object>> {
        this.state.initialised_loop()
    }

    #[getter(name = "_state")]
    fn get_state(this: &Ref<Future>) -> PyResult<&'static str> {
        this.state.initialised_loop()?;
        Ok(match this.state.status() {
            Status::Pending => "PENDING",
            Status::Cancelled => "CANCELLED",
            Status::Finished => "FINISHED",
        })
    }

    #[getter(name = "_asyncio_future_blocking")]
    fn get_blocking(this: &Ref<Future>) -> bool {
        this.state.event_loop.is_set() && this.state.blocking.get()
    }

    #[setter(name = "_asyncio_future_blocking")]
    fn set_blocking(this: &Ref<Future>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        this.state.initialised_loop()?;
        let Some(value) = value else { return Err(raise!(AttributeError, "cannot delete attribute")) };
        this.state.blocking.set(value.is_true()?);
        Ok(())
    }

    #[getter(name = "_loop")]
    fn get_event_loop(this: &Ref<Future>) -> Option<Ref<Object>> {
        this.state.event_loop.get()
    }

    #[getter(name = "_callbacks")]
    fn get_callbacks(this: &Ref<Future>) -> PyResult<Option<Ref<List>>> {
        this.state.initialised_loop()?;
        let pairs = this.state.callback_pairs()?;
        if pairs.is_empty() { Ok(None) } else { List::from_vec(pairs).map(Some) }
    }

    #[getter(name = "_result")]
    fn get_result(this: &Ref<Future>) -> PyResult<Option<Ref<Object>>> {
        this.state.initialised_loop()?;
        Ok(this.state.result.get())
    }

    #[getter(name = "_exception")]
    fn get_exception(this: &Ref<Future>) -> PyResult<Option<Ref<Object>>> {
        this.state.initialised_loop()?;
        Ok(this.state.exception.get())
    }

    #[getter(name = "_log_traceback")]
    fn get_log_traceback(this: &Ref<Future>) -> PyResult<bool> {
        this.state.initialised_loop()?;
        Ok(this.state.log_traceback.get())
    }

    #[setter(name = "_log_traceback")]
    fn set_log_traceback(this: &Ref<Future>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(AttributeError, "cannot delete attribute")) };
        if value.is_true()? {
            return Err(raise!(ValueError, "_log_traceback can only be set to False"));
        }
        this.state.log_traceback.set(false);
        Ok(())
    }

    #[getter(name = "_source_traceback")]
    fn get_source_traceback(this: &Ref<Future>) -> Option<Ref<Object>> {
        if this.state.event_loop.is_set() { this.state.source_traceback() } else { None }
    }

    #[getter(name = "_cancel_message")]
    fn get_cancel_message(this: &Ref<Future>) -> Option<Ref<Object>> {
        this.state.cancel_message.get()
    }

    #[setter(name = "_cancel_message")]
    fn set_cancel_message(this: &Ref<Future>, value: Option<Borrowed<'_, Object>>) -> PyResult<()> {
        let Some(value) = value else { return Err(raise!(AttributeError, "cannot delete attribute")) };
        this.state.cancel_message.set(Some(value.to_owned()));
        Ok(())
    }

    #[getter(name = "_asyncio_awaited_by")]
    fn get_awaited_by(this: &Ref<Future>) -> PyResult<Option<Ref<FrozenSet>>> {
        awaited::snapshot(&this.state)
    }

    #[slot(tp_traverse)]
    fn traverse(this: &Future, visit: &mut Visitor) {
        support::traverse(this.state.slots(), visit);
        support::traverse([Slot::of(&this.dict)], visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<Future>) {
        support::clear(this.state.slots());
        support::clear([Slot::of(&this.dict)]);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut Future) {
        // SAFETY: called once, by the last decref; a finalizer may bring the object back.
        unsafe {
            // The deallocation of subclasses has called the finalizer already.
            let exact = (*this.cast::<abi::PyObject>()).ob_type.get() == Future::TYPE;
            if exact && memory::call_finalizer_from_dealloc(this.cast()) {
                return;
            }
            memory::gc_untrack(this.cast());
            taipan_runtime::types::weakref::clear_refs(this.cast());
            (*this).drop_fields();
            memory::dealloc_finish(this);
        }
    }
}

impl Future {
    /// Empties what a future owns.
    pub fn drop_fields(&self) {
        support::clear(self.state.slots());
        support::clear([Slot::of(&self.dict)]);
    }

    pub fn dict_slot(&self) -> &Slot {
        Slot::of(&self.dict)
    }
}
