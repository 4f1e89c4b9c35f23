//! CALL_INTRINSIC_1 and CALL_INTRINSIC_2: operations too rare for instructions of their own.

use super::slow;
use crate::interp::dispatch::{Flow, Machine};
use crate::prelude::*;
use crate::types::exceptions::{self, StopAsyncIteration, StopIteration};
use crate::types::typevar;

slow! {
    fn call_intrinsic_1(m, which) {
        let value = m.peek(1)?;
        let result = match which {
            1 => {
                crate::modules::sys::display(value)?;
                none()
            }
            2 => {
                crate::import::import_star(value, m.locals())?;
                none()
            }
            3 => stop_iteration_error(m, value)?,
            4 => crate::types::generator::wrap_async_value(value)?,
            5 => value.positive()?,
            6 => value.to_tuple()?.into_object(),
            7 => typevar::TypeVar::for_parameter(value, None, None)?,
            8 => typevar::ParamSpec::for_parameter(value)?,
            9 => typevar::TypeVarTuple::for_parameter(value)?,
            10 => typevar::subscript_generic(value)?,
            11 => typevar::TypeAlias::from_triple(value)?,
            _ => return Err(raise!(SystemError, "bad intrinsic {which}")),
        };
        m.drop_top(1);
        m.push_ref(result);
        Ok(Flow::Next)
    }

    fn call_intrinsic_2(m, which) {
        let (first, second) = (m.peek(2)?, m.peek(1)?);
        let result = match which {
            1 => exceptions::prepare_reraise_star(first, second)?,
            2 => typevar::TypeVar::for_parameter(first, Some(second), None)?,
            3 => typevar::TypeVar::for_parameter(first, None, Some(second))?,
            4 => {
                first.setattr(id!("__type_params__"), second)?;
                first.to_owned()
            }
            5 => typevar::set_default(first, second)?,
            _ => return Err(raise!(SystemError, "bad intrinsic {which}")),
        };
        m.drop_top(2);
        m.push_ref(result);
        Ok(Flow::Next)
    }
}

/// An exception leaves a generator or coroutine: StopIteration, which its caller would take for the end, becomes
/// RuntimeError (PEP 479).
unsafe fn stop_iteration_error(m: Machine, exception: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
    // SAFETY: the machine's frame is live.
    let flags = unsafe { (*crate::interp::frame::code(m.frame)).co_flags.get() };
    let asynchronous = flags & crate::abi::CO_ASYNC_GENERATOR != 0;
    let message = if exception.is_instance_of::<StopIteration>() {
        if asynchronous {
            "async generator raised StopIteration"
        } else if flags & crate::abi::CO_COROUTINE != 0 {
            "coroutine raised StopIteration"
        } else {
            "generator raised StopIteration"
        }
    } else if asynchronous && exception.is_instance_of::<StopAsyncIteration>() {
        "async generator raised StopAsyncIteration"
    } else {
        return Ok(exception.to_owned());
    };
    let error =
        exceptions::RuntimeError::type_object().as_object().call(&[Str::from_utf8_str(message)?.as_borrowed()])?;
    exceptions::set_cause(&error, Some(exception.to_owned()));
    exceptions::set_context(&error, Some(exception.to_owned()));
    Ok(error)
}
