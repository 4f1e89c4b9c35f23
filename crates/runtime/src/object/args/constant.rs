//! Constants of native modules.

use super::into_return::IntoReturn;
use crate::prelude::*;

/// The type of a `const` in a `#[pymodule]` block.
pub trait IntoConstant {
    fn into_constant(self) -> PyResult<Ref<Object>>;
}

macro_rules! by_return {
    ($($ty:ty)*) => {$(
        impl IntoConstant for $ty {
            fn into_constant(self) -> PyResult<Ref<Object>> {
                // SAFETY: an owned object, or null with an exception set.
                match unsafe { Ref::from_owned_ptr_or_null(self.into_return()) } {
                    Some(object) => Ok(object),
                    None => Err(Raised::assume_set()),
                }
            }
        }
    )*};
}

by_return! { f64 bool i8 u8 i16 u16 i32 u32 i64 u64 isize usize &str char }

impl IntoConstant for &[u8] {
    fn into_constant(self) -> PyResult<Ref<Object>> {
        Ok(Bytes::from_slice(self)?.into_object())
    }
}

impl<const N: usize> IntoConstant for &[u8; N] {
    fn into_constant(self) -> PyResult<Ref<Object>> {
        self.as_slice().into_constant()
    }
}

/// `None` is Python's None.
impl<T: IntoConstant> IntoConstant for Option<T> {
    fn into_constant(self) -> PyResult<Ref<Object>> {
        match self {
            Some(value) => value.into_constant(),
            None => Ok(none()),
        }
    }
}
