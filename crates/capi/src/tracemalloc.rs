//! `tracemalloc.h`: memory that other allocators report.

use core::ffi::{c_int, c_uint};

use taipan_runtime::memory::trace;
use taipan_runtime::prelude::*;

capi! {
    fn PyTraceMalloc_Track(domain: c_uint, pointer: usize, size: usize) -> c_int { trace::track(domain, pointer, size) }
    fn PyTraceMalloc_Untrack(domain: c_uint, pointer: usize) -> c_int { trace::untrack(domain, pointer) }
    fn _PyTraceMalloc_GetTraceback(domain: c_uint, pointer: usize) -> PyResult<Ref<Object>> {
        Ok(trace::traceback_of(domain, pointer)?.unwrap_or_else(none))
    }
}
