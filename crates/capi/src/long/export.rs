//! PEP 757: the digits of an int for other libraries, and ints made of digits.

use core::ffi::{c_int, c_void};
use core::ptr;

use taipan_runtime::abi::{PyLongExport, PyLongLayout, PyLongObject, PyLongWriter};
use taipan_runtime::prelude::*;
use taipan_runtime::types::dict::lookup::qualified_type_name;
use taipan_runtime::types::int::NewInt;

use crate::parameters::Out;

static LAYOUT: PyLongLayout =
    PyLongLayout { bits_per_digit: 30, digit_size: 4, digits_order: -1, digit_endianness: -1 };

const NOTHING: PyLongExport = PyLongExport { value: 0, negative: 0, ndigits: 0, digits: ptr::null(), _reserved: 0 };

capi! {
    fn PyLong_GetNativeLayout() -> *const PyLongLayout { &raw const LAYOUT }

    fn PyLong_Export(object: Borrowed<'_, Object>, export: Out<'_, PyLongExport>) -> PyResult<()> {
        export.set(NOTHING);
        let Some(int) = object.downcast::<Int>() else {
            return Err(raise!(TypeError, "expect int, got {}", qualified_type_name(object)));
        };
        export.set(match int.to_i64() {
            Some(value) => PyLongExport { value, ..NOTHING },
            None => PyLongExport {
                negative: int.is_negative() as u8,
                ndigits: int.digit_count() as isize,
                digits: int.digits().as_ptr().cast::<c_void>(),
                // The int lives until the export is freed.
                _reserved: int.to_owned().into_ptr().expose_provenance(),
                ..NOTHING
            },
        });
        Ok(())
    }

    fn PyLong_FreeExport(export: Out<'_, PyLongExport>) {
        if let Some(old) = export.get().filter(|export| export._reserved != 0) {
            export.set(PyLongExport { _reserved: 0, ..old });
            // SAFETY: the reference that the export owned.
            drop(unsafe { Ref::<Object>::from_owned_ptr(ptr::with_exposed_provenance_mut::<Object>(old._reserved)) });
        }
    }

    fn PyLongWriter_Create(negative: c_int, count: isize, digits: Out<'_, *mut u32>) -> PyResult<*mut PyLongWriter> {
        digits.set(ptr::null_mut());
        let Some(count) = usize::try_from(count).ok().filter(|&count| count > 0) else {
            return Err(raise!(ValueError, "ndigits must be positive"));
        };
        let (object, first) = NewInt::new(count)?.into_raw(negative != 0);
        digits.set(first);
        Ok(object.cast())
    }

    fn PyLongWriter_Finish(writer: *mut PyLongWriter) -> PyResult<Ref<Int>> {
        // SAFETY: the writer comes from `PyLongWriter_Create` and is used up.
        let (new, negative) = unsafe { NewInt::from_raw(writer.cast::<PyLongObject>()) };
        Ok(new.finish(negative))
    }

    fn PyLongWriter_Discard(writer: *mut PyLongWriter) {
        if !writer.is_null() {
            // SAFETY: as above.
            drop(unsafe { NewInt::from_raw(writer.cast::<PyLongObject>()) });
        }
    }
}
