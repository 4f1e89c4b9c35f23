//! The lazy built-ins: `enumerate`, `zip`, `map`, `filter`, `reversed`.
//!
//! CPython: `Objects/enumobject.c`, `Python/bltinmodule.c`.

mod enumerate;
mod filter;
mod map;
mod reversed;
mod zip;

pub use enumerate::Enumerate;
pub use filter::Filter;
pub use map::Map;
pub use reversed::Reversed;
pub use zip::Zip;

use crate::memory::object as memory;
use crate::object::args::ArgSpec;
use crate::object::header;
use crate::prelude::*;

/// A tuple that an iterator gives out again and again, as long as nobody else has it.
///
/// # Safety
/// `tuple` is a live tuple that the caller owns.
unsafe fn is_reusable(tuple: *mut abi::PyObject) -> bool {
    // SAFETY: by contract.
    unsafe { (*tuple).ob_refcnt.get() == 1 }
}

/// Makes a tuple that was changed what a new tuple is: without a hash, and seen by the collector, which may have stopped
/// to look at it.
///
/// # Safety
/// `tuple` is a live tuple.
unsafe fn refresh(tuple: *mut abi::PyObject) {
    // SAFETY: by contract.
    unsafe {
        (*tuple.cast::<abi::PyTupleObject>()).ob_hash.set(-1);
        if !memory::is_tracked(tuple) {
            memory::gc_track(tuple);
        }
    }
}

/// The parts of the `ValueError` of `strict`: `zip() argument 3 is shorter than arguments 1-2`.
#[cold]
fn strict_error(function: &str, argument: usize, relation: &str) -> Raised {
    if argument == 2 {
        raise!(ValueError, "{function}() argument 2 is {relation} than argument 1")
    } else {
        raise!(ValueError, "{function}() argument {argument} is {relation} than arguments 1-{}", argument - 1)
    }
}

/// Reads the keyword `strict`, the only one that `zip` and `map` know.
fn strict_keyword(spec: &ArgSpec, args: &CallArgs<'_>) -> PyResult<bool> {
    if args.keyword_count() == 0 {
        return Ok(false);
    }
    let keywords = CallArgs { args: &args.args[args.nargs()..], names: args.names };
    let [strict] = keywords.unpack::<1>(spec)?;
    strict.map_or(Ok(false), |strict| strict.is_true())
}

/// The keywords of `zip` and `map`.
const fn strict_spec(function: &'static str) -> ArgSpec {
    ArgSpec { pos: 0, kwonly: 1, ..ArgSpec::plain(function, &["strict"], 0) }
}

/// The iterators of several iterables as a tuple.
fn iterators_of(iterables: &[Borrowed<'_, Object>]) -> PyResult<Ref<Tuple>> {
    let mut iterators = Vec::new();
    if iterators.try_reserve_exact(iterables.len()).is_err() {
        return Err(Raised::no_memory());
    }
    for iterable in iterables {
        iterators.push(iterable.iter()?);
    }
    Tuple::from_vec(iterators)
}

/// An instance of `cls` with its fields zeroed, which is the layout of `T` at its start.
fn instance<T>(cls: Borrowed<'_, Type>) -> PyResult<Ref<T>> {
    // SAFETY: `cls` is a subtype of `T`'s type.
    unsafe { Ok(cls.alloc(0)?.into_unchecked()) }
}

/// Frees an instance whose fields are cleared.
///
/// # Safety
/// Called at the end of `tp_dealloc`.
unsafe fn finish_dealloc<T>(object: *mut T) {
    // SAFETY: by contract.
    unsafe { memory::dealloc_finish(object) }
}

/// One step of an iterator through its slot; `None` at its end, with StopIteration left set if it was.
///
/// # Safety
/// `iterator` is a live iterator.
#[inline(always)]
unsafe fn advance(iterator: *mut abi::PyObject) -> *mut abi::PyObject {
    let Ok(_guard) = crate::thread::enter_recursive(" while iterating") else { return core::ptr::null_mut() };
    // SAFETY: what `iter` answers has the slot.
    unsafe {
        match (*(*iterator).ob_type.get()).tp_iternext.get() {
            Some(next) => next(iterator),
            None => core::ptr::null_mut(),
        }
    }
}

/// Drops a reference held as a pointer.
///
/// # Safety
/// The caller owns the count; null is passed over.
#[inline(always)]
unsafe fn release(object: *mut abi::PyObject) {
    // SAFETY: by contract.
    unsafe { header::xdecref(object) }
}

/// After `tp_iternext` gave null: an error, unless it is the end.
#[inline]
fn check_end() -> PyResult<()> {
    match Raised::check() {
        Ok(()) => Ok(()),
        Err(raised) => raised.clear_if::<crate::types::exceptions::StopIteration>(),
    }
}
