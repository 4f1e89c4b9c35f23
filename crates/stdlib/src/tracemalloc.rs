//! `_tracemalloc`: where memory was allocated. The hooks are in the runtime's `memory/trace.rs`.
//!
//! CPython: `Modules/_tracemalloc.c`.

use taipan_runtime::memory::trace;
use taipan_runtime::prelude::*;

pub struct TraceMalloc;

#[pymodule(name = "_tracemalloc")]
impl TraceMalloc {
    #[function(signature = "($module, /)")]
    fn is_tracing() -> bool {
        trace::is_tracing()
    }

    #[function(signature = "($module, /)")]
    fn clear_traces() -> PyResult<()> {
        trace::clear()
    }

    #[function(signature = "($module, /)")]
    fn _get_traces() -> PyResult<Ref<List>> {
        trace::traces()
    }

    #[function(signature = "($module, obj, /)")]
    fn _get_object_traceback(obj: Borrowed<'_, Object>) -> PyResult<Option<Ref<Object>>> {
        trace::traceback_of_object(obj)
    }

    #[function(signature = "($module, nframe=1, /)")]
    fn start(nframe: Option<i32>) -> PyResult<()> {
        match usize::try_from(nframe.unwrap_or(1)) {
            Ok(limit @ 1..=trace::MAX_FRAMES) => trace::start(limit),
            _ => Err(raise!(ValueError, "the number of frames must be in range [1; {}]", trace::MAX_FRAMES)),
        }
    }

    #[function(signature = "($module, /)")]
    fn stop() {
        trace::stop();
    }

    #[function(signature = "($module, /)")]
    fn get_traceback_limit() -> usize {
        trace::limit()
    }

    #[function(signature = "($module, /)")]
    fn get_tracemalloc_memory() -> usize {
        trace::overhead()
    }

    #[function(signature = "($module, /)")]
    fn get_traced_memory() -> PyResult<Ref<Tuple>> {
        let (current, peak) = trace::traced();
        Tuple::from_vec(vec![Int::from_usize(current)?.into_object(), Int::from_usize(peak)?.into_object()])
    }

    #[function(signature = "($module, /)")]
    fn reset_peak() {
        trace::reset_peak();
    }
}
