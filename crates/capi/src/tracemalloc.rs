//! `tracemalloc.h`: memory that other allocators report.

use core::ffi::{c_int, c_uint};

use taipan_runtime::prelude::*;

/// What both functions answer while `tracemalloc` does not trace.
const DISABLED: c_int = -2;

capi! {
    fn PyTraceMalloc_Track(_domain: c_uint, _pointer: usize, _size: usize) -> c_int { DISABLED }
    fn PyTraceMalloc_Untrack(_domain: c_uint, _pointer: usize) -> c_int { DISABLED }
    fn _PyTraceMalloc_GetTraceback(_domain: c_uint, _pointer: usize) -> Ref<Object> { none() }
}
