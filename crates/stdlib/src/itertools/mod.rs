//! `itertools`. CPython: `Modules/itertoolsmodule.c`.
//!
//! Every iterator is a struct of `Slot`s and counters. A slot that a running step may clear (the source at its end) is
//! cloned before the source is asked for an item; the others are borrowed.

#[macro_use]
mod declare;
mod chain;
mod combine;
mod count;
mod filter;
mod group;
mod indices;
mod select;
mod tee;
mod zip_longest;

use taipan_runtime::prelude::*;

pub struct Itertools;

#[pymodule(name = "itertools")]
impl Itertools {
    #[exec]
    fn exec(module: &Ref<Module>) -> PyResult<()> {
        module.add_type::<select::Accumulate>()?;
        module.add_type::<select::Batched>()?;
        module.add_type::<combine::Combinations>()?;
        module.add_type::<combine::CombinationsWithReplacement>()?;
        module.add_type::<chain::Cycle>()?;
        module.add_type::<filter::DropWhile>()?;
        module.add_type::<filter::TakeWhile>()?;
        module.add_type::<select::Islice>()?;
        module.add_type::<filter::Starmap>()?;
        module.add_type::<chain::Chain>()?;
        module.add_type::<filter::Compress>()?;
        module.add_type::<filter::FilterFalse>()?;
        module.add_type::<count::Count>()?;
        module.add_type::<zip_longest::ZipLongest>()?;
        module.add_type::<select::Pairwise>()?;
        module.add_type::<combine::Permutations>()?;
        module.add_type::<combine::Product>()?;
        module.add_type::<count::Repeat>()?;
        module.add_type::<group::GroupBy>()?;
        module.add_type::<group::Grouper>()?;
        module.add_type::<tee::Tee>()?;
        module.add_type::<tee::TeeData>()
    }

    #[function(signature = "($module, iterable, n=2, /)")]
    fn tee(iterable: Borrowed<'_, Object>, n: isize) -> PyResult<Ref<Tuple>> {
        tee::tee(iterable, n)
    }
}
