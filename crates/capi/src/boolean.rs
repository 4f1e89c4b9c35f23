//! `boolobject.h`.

use core::ffi::c_long;

use taipan_runtime::prelude::*;

capi! {
    fn PyBool_FromLong(value: c_long) -> Ref<Bool> { Bool::from(value != 0) }
    fn Py_IsTrue(object: Borrowed<'_, Object>) -> bool { object.as_ptr() == Bool::true_ptr() }
    fn Py_IsFalse(object: Borrowed<'_, Object>) -> bool { object.as_ptr() == Bool::false_ptr() }
}
