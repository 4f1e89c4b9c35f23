//! `boolobject.h`.

use core::ffi::c_long;

use taipan_runtime::prelude::*;

capi! {
    fn PyBool_FromLong(value: c_long) -> Ref<Bool> { Bool::from(value != 0) }
}
