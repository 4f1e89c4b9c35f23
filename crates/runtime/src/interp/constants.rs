//! The constants of LOAD_COMMON_CONSTANT.

use crate::prelude::*;
use crate::types::exceptions::{AssertionError, NotImplementedError};

/// AssertionError, NotImplementedError, tuple, all, any, by index.
pub fn common(index: usize) -> PyResult<Ref<Object>> {
    use crate::thread::builtin;
    match index {
        0 => Ok(AssertionError::type_object().upcast().to_owned()),
        1 => Ok(NotImplementedError::type_object().upcast().to_owned()),
        2 => Ok(Tuple::type_object().upcast().to_owned()),
        3 => builtin(id!("all")),
        4 => builtin(id!("any")),
        _ => Err(raise!(SystemError, "bad common constant {index}")),
    }
}
