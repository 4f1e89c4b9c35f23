//! The parts of `pyerrors.h` about errors of encodings.

use taipan_runtime::types::exceptions as exc;
use taipan_runtime::types::exceptions::{UnicodeDecodeError, UnicodeEncodeError, UnicodeTranslateError, clipped_range};

use crate::support::*;

/// The fields of an error, where it is one of the class.
fn fields<'a, T: PyLayout>(error: Borrowed<'a, Object>) -> PyResult<&'a PyUnicodeErrorObject> {
    if !error.is_instance_of::<T>() {
        return Err(raise!(TypeError, "expecting a {} object, got {}", T::NAME, error.type_name()));
    }
    // SAFETY: just checked; the handle keeps it.
    Ok(unsafe { &*error.as_ptr().cast::<PyUnicodeErrorObject>() })
}

/// A text or bytes field.
fn object_field<T: PyLayout>(field: &core::cell::Cell<*mut PyObject>, name: &str) -> PyResult<Ref<Object>> {
    // SAFETY: null or a live object.
    let Some(value) = (unsafe { Ref::<Object>::from_borrowed_ptr_or_null(field.get()) }) else {
        return Err(raise!(TypeError, "UnicodeError '{name}' attribute is not set"));
    };
    if !value.is_instance_of::<T>() {
        let kind = if T::NAME == "str" { "a string" } else { "a bytes" };
        return Err(raise!(TypeError, "UnicodeError '{name}' attribute must be {kind}"));
    }
    Ok(value)
}

fn length<O: PyLayout>(fields: &PyUnicodeErrorObject) -> PyResult<usize> {
    object_field::<O>(&fields.object, "object")?.len()
}

fn set_text(field: &core::cell::Cell<*mut PyObject>, text: Ref<Str>) {
    taipan_runtime::thread::Slot::of(field).set(Some(text.into_object()));
}

macro_rules! accessors {
    ($($class:ident of $object:ident:
        $get_object:ident $get_start:ident $set_start:ident $get_end:ident $set_end:ident $get_reason:ident $set_reason:ident;)*) => {
        // SAFETY of all of these: C passes live objects, places to write to, and C strings.
        capi! {$(
            fn $get_object(error: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                object_field::<$object>(&fields::<$class>(error)?.object, "object")
            }

            fn $get_start(error: Borrowed<'_, Object>, place: *mut isize) -> PyResult<()> {
                let fields = fields::<$class>(error)?;
                let length = length::<$object>(fields)?;
                let (start, _) = clipped_range(fields.start.get(), fields.end.get(), length);
                unsafe { *place = start as isize };
                Ok(())
            }

            fn $set_start(error: Borrowed<'_, Object>, start: isize) -> PyResult<()> {
                fields::<$class>(error)?.start.set(start);
                Ok(())
            }

            fn $get_end(error: Borrowed<'_, Object>, place: *mut isize) -> PyResult<()> {
                let fields = fields::<$class>(error)?;
                let length = length::<$object>(fields)?;
                let (_, end) = clipped_range(fields.start.get(), fields.end.get(), length);
                unsafe { *place = end as isize };
                Ok(())
            }

            fn $set_end(error: Borrowed<'_, Object>, end: isize) -> PyResult<()> {
                fields::<$class>(error)?.end.set(end);
                Ok(())
            }

            fn $get_reason(error: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
                object_field::<Str>(&fields::<$class>(error)?.reason, "reason")
            }

            fn $set_reason(error: Borrowed<'_, Object>, reason: *const c_char) -> PyResult<()> {
                set_text(&fields::<$class>(error)?.reason, unsafe { string(reason)? });
                Ok(())
            }
        )*}
    };
}

accessors! {
    UnicodeEncodeError of Str:
        PyUnicodeEncodeError_GetObject PyUnicodeEncodeError_GetStart PyUnicodeEncodeError_SetStart
        PyUnicodeEncodeError_GetEnd PyUnicodeEncodeError_SetEnd
        PyUnicodeEncodeError_GetReason PyUnicodeEncodeError_SetReason;
    UnicodeDecodeError of Bytes:
        PyUnicodeDecodeError_GetObject PyUnicodeDecodeError_GetStart PyUnicodeDecodeError_SetStart
        PyUnicodeDecodeError_GetEnd PyUnicodeDecodeError_SetEnd
        PyUnicodeDecodeError_GetReason PyUnicodeDecodeError_SetReason;
    UnicodeTranslateError of Str:
        PyUnicodeTranslateError_GetObject PyUnicodeTranslateError_GetStart PyUnicodeTranslateError_SetStart
        PyUnicodeTranslateError_GetEnd PyUnicodeTranslateError_SetEnd
        PyUnicodeTranslateError_GetReason PyUnicodeTranslateError_SetReason;
}

capi! {
    fn PyUnicodeEncodeError_GetEncoding(error: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        object_field::<Str>(&fields::<UnicodeEncodeError>(error)?.encoding, "encoding")
    }

    fn PyUnicodeDecodeError_GetEncoding(error: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        object_field::<Str>(&fields::<UnicodeDecodeError>(error)?.encoding, "encoding")
    }

    fn PyUnicodeDecodeError_Create(
        encoding: *const c_char,
        data: *const c_char,
        length: isize,
        start: isize,
        end: isize,
        reason: *const c_char,
    ) -> PyResult<Ref<Object>> {
        // SAFETY: C passes C strings, and data of that length.
        unsafe {
            let data = core::slice::from_raw_parts(data.cast::<u8>(), length.max(0) as usize);
            let (encoding, reason) = (string(encoding)?, string(reason)?);
            let (start, end) = (Int::from_isize(start)?, Int::from_isize(end)?);
            exc::UnicodeDecodeError::type_object().upcast().call(&[
                encoding.as_borrowed(),
                Bytes::from_slice(data)?.as_borrowed(),
                start.as_borrowed(),
                end.as_borrowed(),
                reason.as_borrowed(),
            ])
        }
    }
}
