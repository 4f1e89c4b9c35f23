//! `StopIteration` with its value, and `SystemExit` with its code.

use core::mem::offset_of;

use super::base::{self, BaseException, Fields};
use super::{Exception, ExceptionPointer};
use crate::abi::{PyObject, PyStopIterationObject, PySystemExitObject, destructor, initproc, inquiry, traverseproc};
use crate::prelude::*;
use crate::thread::Slot;

/// `StopIteration`.
#[repr(transparent)]
pub struct StopIteration(pub(crate) PyStopIterationObject);

// SAFETY: the fields are owned object pointers.
unsafe impl Fields for StopIteration {
    const OFFSETS: &'static [usize] = &[offset_of!(PyStopIterationObject, value)];
}

unsafe extern "C" fn stop_init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: called through the slot of `StopIteration`.
    unsafe {
        if base::init(object, args, kwargs) < 0 {
            return -1;
        }
        let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
        let value = if !args.is_empty() { args.get(0).to_owned() } else { none() };
        Slot::of(&(*object.cast::<PyStopIterationObject>()).value).set(Some(value));
    }
    0
}

#[pytype(name = "StopIteration", base = Exception, gc, basetype, subclass_flag = BASE_EXC)]
impl StopIteration {
    #[slot(tp_init, raw)]
    const INIT: initproc = stop_init;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = base::dealloc::<StopIteration>;
    #[slot(tp_traverse, raw)]
    const TRAVERSE: traverseproc = base::traverse::<StopIteration>;
    #[slot(tp_clear, raw)]
    const CLEAR: inquiry = base::clear::<StopIteration>;
    #[member(name = "value", kind = _Py_T_OBJECT, offset = offset_of!(PyStopIterationObject, value))]
    const _VALUE: () = ();
}

/// C's pointer to `StopIteration`.
#[unsafe(no_mangle)]
pub static PyExc_StopIteration: ExceptionPointer = ExceptionPointer::new(StopIteration::TYPE);

/// StopIteration with `value`, whatever `value` is: a tuple or an exception is not taken apart
/// (`_PyGen_SetStopIterationValue`).
#[cold]
pub fn raise_stop_iteration(value: Option<Ref<Object>>) -> Raised {
    let args = match &value {
        Some(value) => Tuple::from_slice(&[value.borrow()]),
        None => Ok(Tuple::empty()),
    };
    // SAFETY: the class is one of exceptions, the instance has its layout.
    let made = args.and_then(|args| unsafe { base::allocate(StopIteration::TYPE, args) });
    match made {
        Ok(exception) => {
            // SAFETY: as above.
            let stop: &Ref<StopIteration> = unsafe { exception.cast_unchecked() };
            Slot::of(&stop.0.value).set(Some(value.unwrap_or_else(none)));
            crate::object::raise_instance(exception.into_object())
        }
        Err(raised) => raised,
    }
}

/// The value of the StopIteration that is set, which is cleared; `None` as value when nothing is set. Another exception
/// stays (`_PyGen_FetchStopIterationValue`).
pub fn take_stop_iteration_value() -> PyResult<Ref<Object>> {
    match Raised::check() {
        Ok(()) => Ok(none()),
        Err(raised) if raised.is_a::<StopIteration>() => {
            let exception = raised.take();
            // SAFETY: just checked.
            let stop: &Ref<StopIteration> = unsafe { exception.cast_unchecked() };
            Ok(Slot::of(&stop.0.value).get().unwrap_or_else(none))
        }
        Err(raised) => Err(raised),
    }
}

/// `SystemExit`.
#[repr(transparent)]
pub struct SystemExit(pub(crate) PySystemExitObject);

// SAFETY: the fields are owned object pointers.
unsafe impl Fields for SystemExit {
    const OFFSETS: &'static [usize] = &[offset_of!(PySystemExitObject, code)];
}

unsafe extern "C" fn exit_init(object: *mut PyObject, args: *mut PyObject, kwargs: *mut PyObject) -> c_int {
    // SAFETY: called through the slot of `SystemExit`.
    unsafe {
        if base::init(object, args, kwargs) < 0 {
            return -1;
        }
        let args: Borrowed<'_, Tuple> = Borrowed::from_ptr(args);
        let code = match args.len() {
            0 => return 0,
            1 => args.get(0).to_owned(),
            _ => args.to_owned().into_object(),
        };
        Slot::of(&(*object.cast::<PySystemExitObject>()).code).set(Some(code));
    }
    0
}

#[pytype(name = "SystemExit", base = BaseException, gc, basetype, subclass_flag = BASE_EXC)]
impl SystemExit {
    #[slot(tp_init, raw)]
    const INIT: initproc = exit_init;
    #[slot(tp_dealloc, raw)]
    const DEALLOC: destructor = base::dealloc::<SystemExit>;
    #[slot(tp_traverse, raw)]
    const TRAVERSE: traverseproc = base::traverse::<SystemExit>;
    #[slot(tp_clear, raw)]
    const CLEAR: inquiry = base::clear::<SystemExit>;
    #[member(name = "code", kind = _Py_T_OBJECT, offset = offset_of!(PySystemExitObject, code))]
    const _CODE: () = ();
}

/// C's pointer to `SystemExit`.
#[unsafe(no_mangle)]
pub static PyExc_SystemExit: ExceptionPointer = ExceptionPointer::new(SystemExit::TYPE);
