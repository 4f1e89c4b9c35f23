//! The constants of LOAD_COMMON_CONSTANT.

use core::cell::Cell;

use crate::abi::PyObject;
use crate::prelude::*;
use crate::types::exceptions::{AssertionError, NotImplementedError};

/// AssertionError, NotImplementedError, tuple, all, any, by index.
pub fn common(index: usize) -> PyResult<Ref<Object>> {
    let callable = |place: &Cell<*mut PyObject>| {
        // SAFETY: null before start-up has noted it, else alive for ever.
        unsafe { Ref::from_borrowed_ptr_or_null(place.get()) }
            .ok_or_else(|| raise!(SystemError, "a common constant before the start"))
    };
    let callables = &crate::thread::interpreter().callables;
    match index {
        0 => Ok(AssertionError::type_object().upcast().to_owned()),
        1 => Ok(NotImplementedError::type_object().upcast().to_owned()),
        2 => Ok(Tuple::type_object().upcast().to_owned()),
        3 => callable(&callables.all),
        4 => callable(&callables.any),
        _ => Err(raise!(SystemError, "bad common constant {index}")),
    }
}
