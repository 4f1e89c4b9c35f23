//! The thread and the process: stack, recursion, allocators.

use taipan_runtime::memory::domains;
use taipan_runtime::prelude::*;
use taipan_runtime::thread::{self, stack};

use super::TestInternalCapi;

/// The stack that CPython counts as the room of 50 calls, when it says how many there can be.
const ROOM: usize = 2048 * size_of::<usize>();

#[pymethods(part = STATE)]
impl TestInternalCapi {
    /// How many calls of Python functions are active.
    #[function(signature = "($module, /)")]
    fn get_recursion_depth() -> i64 {
        let thread = thread::current();
        (thread.py_recursion_limit.get() - thread.py_recursion_remaining.get()).into()
    }

    /// About how many native calls the stack has room for.
    #[function(signature = "($module, /)")]
    fn get_c_recursion_remaining() -> i64 {
        (stack::stack_margin() / ROOM * 50) as i64
    }

    #[function(signature = "($module, /)")]
    fn get_stack_pointer() -> usize {
        stack::stack_pointer()
    }

    #[function(signature = "($module, /)")]
    fn get_stack_margin() -> usize {
        stack::MARGIN
    }

    #[function(signature = "($module, /)")]
    fn pymem_getallocatorsname() -> PyResult<Ref<Str>> {
        match domains::name() {
            Some(name) => Str::from_utf8_str(name),
            None => Err(raise!(RuntimeError, "cannot get allocators name")),
        }
    }
}
