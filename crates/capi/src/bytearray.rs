//! `bytearrayobject.h`.

use core::ffi::c_char;

use taipan_runtime::prelude::*;
use taipan_runtime::types::bytes::input;

use crate::parameters::Data;

/// What the macro `PyByteArray_AS_STRING` gives for an empty one.
#[unsafe(no_mangle)]
pub static mut _PyByteArray_empty_string: [c_char; 1] = [0];

capi! {
    fn PyByteArray_FromObject(object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        ByteArray::type_object().as_object().call1(object)
    }

    fn PyByteArray_FromStringAndSize(data: Data<'_>, size: isize) -> PyResult<Ref<ByteArray>> {
        let Ok(length) = usize::try_from(size) else {
            return Err(raise!(SystemError, "Negative size passed to PyByteArray_FromStringAndSize"));
        };
        if data.is_null() {
            let new = ByteArray::new()?;
            new.resize(length)?;
            return Ok(new);
        }
        ByteArray::from_slice(data.first(length))
    }

    fn PyByteArray_Concat(left: Borrowed<'_, Object>, right: Borrowed<'_, Object>) -> PyResult<Ref<ByteArray>> {
        if !input::has_buffer(&left) || !input::has_buffer(&right) {
            return Err(raise!(TypeError, "can't concat {} to {}", left.type_name(), right.type_name()));
        }
        let Some((left, right)) = crate::bytes::buffers(left, right) else {
            return Err(raise!(TypeError, "can't concat {} to {}", left.type_name(), right.type_name()));
        };
        let joined = ByteArray::from_slice(&left)?;
        joined.extend(&right)?;
        Ok(joined)
    }

    fn PyByteArray_Size(array: Borrowed<'_, ByteArray>) -> isize { array.len() as isize }
    fn PyByteArray_AsString(array: Borrowed<'_, ByteArray>) -> *mut c_char { array.data_mut_ptr().cast() }

    fn PyByteArray_Resize(array: Borrowed<'_, ByteArray>, size: isize) -> PyResult<()> {
        match usize::try_from(size) {
            Ok(length) => array.resize(length),
            Err(_) => Err(raise!(ValueError, "Can only resize to positive sizes, got {size}")),
        }
    }
}
