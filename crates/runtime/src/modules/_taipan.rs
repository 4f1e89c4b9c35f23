//! `_taipan`: switches for tests and fuzzers, while a program runs: what `-X oom` and `-X gc_zeal` set at the start.

use crate::memory::{checked, gc, small};
use crate::prelude::*;

pub struct TaipanModule;

#[pymodule(name = "_taipan")]
impl TaipanModule {
    /// Whether this is the checked build.
    const checked: bool = checked::ON;

    /// Makes the allocations from the `first` to before the `last` fail, counted from now at 1. None fail and the
    /// count goes on when the range is empty. Those of fewer bytes than `least` do not count.
    #[function(signature = "(first, last, least=0, /)")]
    fn fail_allocations(first: u64, last: u64, least: usize) {
        small::set_failing_size(least);
        small::inject_failures(Some((first, last)));
    }

    /// Ends the counting and gives the number of allocations since it began.
    #[function(signature = "()")]
    fn end_failures() -> u64 {
        let counted = small::counted_allocations();
        small::inject_failures(None);
        counted
    }

    /// A full collection at every Nth allocation of a container; 0 ends it.
    #[function(signature = "(every, /)")]
    fn gc_zeal(every: i32) {
        gc::set_zeal(every);
    }
}
