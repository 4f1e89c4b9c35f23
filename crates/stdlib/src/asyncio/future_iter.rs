//! What `await future` runs: gives the future once, then its result.

use taipan_runtime::abi::PyObject;
use taipan_runtime::modules::warnings;
use taipan_runtime::prelude::*;
use taipan_runtime::types::exceptions;

use super::future::{Future, FutureState};
use crate::support::{self, Slot};

/// `_asyncio.FutureIter`
#[repr(C)]
pub struct FutureIter {
    head: PyObject,
    future: Slot,
}

impl FutureIter {
    pub fn create(future: Ref<Object>) -> PyResult<Ref<FutureIter>> {
        let this: Ref<FutureIter> = support::instance_exact()?;
        this.future.set(Some(future));
        Ok(this)
    }

    #[inline]
    fn step(&self) -> SendResult {
        let Some(future) = self.future.get() else {
            return SendResult::Return(none());
        };
        // SAFETY: a future or task is put there alone; tasks begin as futures do.
        let state: &FutureState = unsafe { &(*future.as_ptr().cast::<Future>()).state };
        if state.is_pending() {
            if state.blocking.replace(true) {
                return SendResult::Error(raise!(RuntimeError, "await wasn't used with future"));
            }
            return SendResult::Next(future);
        }
        self.future.set(None);
        match state.result() {
            Ok(result) => SendResult::Return(result),
            Err(raised) => SendResult::Error(raised),
        }
    }

    fn next_item(&self) -> PyResult<Option<Ref<Object>>> {
        match self.step() {
            SendResult::Next(item) => Ok(Some(item)),
            SendResult::Return(value) if value.is_none() => Ok(None),
            SendResult::Return(value) => Err(exceptions::raise_stop_iteration(Some(value))),
            SendResult::Error(raised) => Err(raised),
        }
    }
}

#[pytype(name = "FutureIter", module = "_asyncio", gc, heap, getattribute)]
impl FutureIter {
    #[slot(tp_iter)]
    fn iter(this: &Ref<FutureIter>) -> Ref<FutureIter> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<FutureIter>) -> PyResult<Option<Ref<Object>>> {
        this.next_item()
    }

    #[slot(am_send)]
    fn am_send(this: &Ref<FutureIter>, value: Borrowed<'_, Object>) -> SendResult {
        let _ = value;
        this.step()
    }

    /// What is sent does not matter to a future.
    #[method(signature = "($self, object, /)")]
    fn send(this: &Ref<FutureIter>, value: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        let _ = value;
        match this.next_item()? {
            Some(item) => Ok(item),
            None => Err(exceptions::raise_stop_iteration(None)),
        }
    }

    #[method(raw)]
    fn throw(this: &Ref<FutureIter>, args: CallArgs<'_>) -> PyResult<Ref<Object>> {
        args.no_keywords("throw")?;
        args.check_count("throw", 1, 3)?;
        if args.nargs() > 1 {
            warnings::warn(
                exceptions::DeprecationWarning::type_object(),
                "the (type, exc, tb) signature of throw() is deprecated, use the single-arg signature instead.",
                1,
            )?;
        }
        let [exception, rest @ ..] = args.args else {
            return Err(raise!(TypeError, "throw expected at least 1 argument, got 0"));
        };
        let value = rest.first().filter(|value| !value.is_none());
        let traceback = rest.get(1).filter(|traceback| !traceback.is_none());
        if let Some(traceback) = traceback
            && !traceback.is_instance_of::<taipan_runtime::types::Traceback>()
        {
            return Err(raise!(TypeError, "throw() third argument must be a traceback"));
        }
        let instance = if exceptions::is_exception_class(*exception) {
            exceptions::create_exception(*exception, value.copied())?
        } else if exceptions::is_exception_instance(*exception) {
            if value.is_some() {
                return Err(raise!(TypeError, "instance exception may not have a separate value"));
            }
            (*exception).to_owned()
        } else {
            return Err(raise!(
                TypeError,
                "exceptions must be classes deriving BaseException or instances of such a class"
            ));
        };
        if let Some(traceback) = traceback {
            exceptions::set_traceback(&instance, Some((*traceback).to_owned()));
        }
        this.future.set(None);
        Err(Raised::restore(instance))
    }

    #[method(signature = "($self, /)")]
    fn close(this: &Ref<FutureIter>) {
        this.future.set(None);
    }

    #[slot(tp_traverse)]
    fn traverse(this: &FutureIter, visit: &mut Visitor) {
        support::traverse([&this.future], visit);
    }

    #[slot(tp_clear)]
    fn tp_clear(this: &Ref<FutureIter>) {
        support::clear([&this.future]);
    }

    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut FutureIter) {
        // SAFETY: called once, by the last decref.
        unsafe { support::dealloc(this, [&(*this).future]) }
    }
}
