//! `product`, `permutations`, `combinations`, `combinations_with_replacement`.
//!
//! Each keeps positions into its pool and the last result, which is changed in place while nobody else has it. Results of
//! length zero are the empty tuple, which is never changed since there is nothing to change.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::object::args::ArgSpec;
use taipan_runtime::prelude::*;

use super::indices::Indices;
use crate::support::{self, Slot};

/// The pool in a slot.
///
/// # Safety
/// The slot holds a tuple or nothing.
unsafe fn pool(slot: &Slot) -> Option<Borrowed<'_, Tuple>> {
    // SAFETY: by contract.
    unsafe { support::fixed_tuple(slot) }
}

/// Puts `item` into a result tuple.
///
/// # Safety
/// `result` comes from `reusable_tuple` and is longer than `index`. The old item is dropped, which may run Python code.
#[inline(always)]
unsafe fn put(result: &Ref<Object>, index: usize, item: Borrowed<'_, Object>) {
    // SAFETY: by contract.
    unsafe {
        let old = support::tuple_items(result.as_ptr()).add(index).replace(support::owned_pointer(item));
        drop(Ref::<Object>::from_owned_ptr(old));
    }
}

/// Makes a changed result a proper tuple again.
#[inline(always)]
fn give(result: Ref<Object>) -> Option<Ref<Object>> {
    // SAFETY: results are tuples.
    unsafe { support::refresh_tuple(result.as_ptr()) };
    Some(result)
}

/// The first result: the items of the pool at the positions.
fn first_result(pool: Borrowed<'_, Tuple>, positions: &[Cell<usize>]) -> PyResult<Ref<Object>> {
    let mut items = vec_with_capacity(positions.len())?;
    for position in positions {
        items.extend(pool.try_get(position.get()).map(|item| item.to_owned()));
    }
    Ok(Tuple::from_vec(items)?.into_object())
}

/// The length of results, from an argument.
fn length(r: isize) -> PyResult<usize> {
    match usize::try_from(r) {
        Ok(r) => Ok(r),
        Err(_) => Err(raise!(ValueError, "r must be non-negative")),
    }
}

/// What an iterator takes here beyond the reference, whose flag fits into a gap: sizes are told as there.
const FLAG: isize = size_of::<usize>() as isize;

fn size_with(this: &Ref<Object>, positions: usize) -> isize {
    this.type_of().tp_basicsize.get() + (positions * size_of::<usize>()) as isize
}

// ---- product ----

#[repr(C)]
pub struct Product {
    head: PyObject,
    /// The tuple of pools.
    pools: Slot,
    result: Slot,
    indices: Indices,
    stopped: Cell<bool>,
}

static REPEAT: ArgSpec = ArgSpec { pos: 0, kwonly: 1, ..ArgSpec::plain("product", &["repeat"], 0) };

iterator! { Product "product" [pools, result] free [indices] {
    #[new(raw, signature = "(*iterables, repeat=1)")]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Product>> {
        let mut repeat = 1;
        if args.keyword_count() > 0 {
            let keywords = CallArgs { args: &args.args[args.nargs()..], names: args.names };
            if let [Some(value)] = keywords.unpack::<1>(&REPEAT)? {
                repeat = match value.index()?.to_isize() {
                    Some(repeat) => repeat,
                    None => return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t")),
                };
            }
        }
        let Ok(repeat) = usize::try_from(repeat) else {
            return Err(raise!(ValueError, "repeat argument cannot be negative"));
        };
        let given = if repeat == 0 { 0 } else { args.nargs() };
        let total = given.checked_mul(repeat).filter(|&total| total <= isize::MAX as usize / size_of::<usize>());
        let Some(total) = total else { return Err(raise!(OverflowError, "repeat argument too large")) };
        let mut pools = vec_with_capacity(total)?;
        for iterable in &args.positional()[..given] {
            pools.push(iterable.to_tuple()?.into_object());
        }
        for index in given..total {
            let again = pools[index - given].clone();
            pools.push(again);
        }
        let pools = Tuple::from_vec(pools)?;
        let this: Ref<Product> = support::instance(cls)?;
        this.indices.fill(total, |_| 0)?;
        this.pools.set(Some(pools.into_object()));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Product>) -> PyResult<Option<Ref<Object>>> {
        if this.stopped.get() {
            return Ok(None);
        }
        // SAFETY: the slot holds a tuple of tuples.
        let Some(pools) = (unsafe { pool(&this.pools) }) else { return Ok(None) };
        // SAFETY: as above.
        let pool_at = |index: usize| -> Borrowed<'_, Tuple> { unsafe { Borrowed::from_ptr(pools.get(index).as_ptr()) } };
        if !this.result.is_set() {
            let mut items = vec_with_capacity(pools.len())?;
            for index in 0..pools.len() {
                let Some(item) = pool_at(index).try_get(0).map(|item| item.to_owned()) else {
                    this.stopped.set(true);
                    return Ok(None);
                };
                items.push(item);
            }
            let result = Tuple::from_vec(items)?;
            this.result.set(Some(result.clone().into_object()));
            return Ok(Some(result.into_object()));
        }
        // SAFETY: the slot holds a tuple as long as `pools`.
        unsafe {
            let result = support::reusable_tuple(&this.result)?;
            for (index, position) in this.indices.as_slice().iter().enumerate().rev() {
                let pool = pool_at(index);
                let next = position.get() + 1;
                if next < pool.len() {
                    position.set(next);
                    put(&result, index, pool.get(next));
                    return Ok(give(result));
                }
                position.set(0);
                put(&result, index, pool.get(0));
            }
        }
        this.stopped.set(true);
        Ok(None)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<Product>) -> isize {
        size_with(this.as_object(), this.indices.as_slice().len()) - FLAG
    }
} }

// ---- combinations ----

/// The next combination of the items of a pool, at positions that rise, or stay with `REPEATS`.
#[inline(always)]
fn next_combination<const REPEATS: bool>(
    source: &Slot,
    result: &Slot,
    indices: &Indices,
    stopped: &Cell<bool>,
) -> PyResult<Option<Ref<Object>>> {
    if stopped.get() {
        return Ok(None);
    }
    // SAFETY: the slot holds a tuple.
    let Some(pool) = (unsafe { pool(source) }) else { return Ok(None) };
    let positions = indices.as_slice();
    let (n, r) = (pool.len(), positions.len());
    if !result.is_set() {
        result.set(Some(first_result(pool, positions)?));
        return Ok(result.get());
    }
    // The last position that is not at its highest value.
    let is_last = |place: usize| {
        let position = positions[place].get();
        if REPEATS { position + 1 == n } else { position == place + n - r }
    };
    let Some(place) = (0..r).rev().find(|&place| !is_last(place)) else {
        stopped.set(true);
        return Ok(None);
    };
    let start = positions[place].get() + 1;
    let at = |index: usize| if REPEATS { start } else { start + index - place };
    for (index, position) in positions.iter().enumerate().skip(place) {
        position.set(at(index));
    }
    // SAFETY: the slot holds a tuple as long as the positions.
    unsafe {
        let result = support::reusable_tuple(result)?;
        for index in place..r {
            put(&result, index, pool.get(at(index)));
        }
        Ok(give(result))
    }
}

#[repr(C)]
pub struct Combinations {
    head: PyObject,
    pool: Slot,
    result: Slot,
    indices: Indices,
    stopped: Cell<bool>,
}

iterator! { Combinations "combinations" [pool, result] free [indices] {
    #[new(signature = "(iterable, r)")]
    fn new(cls: Borrowed<'_, Type>, iterable: Borrowed<'_, Object>, r: isize) -> PyResult<Ref<Combinations>> {
        let pool = iterable.to_tuple()?;
        let r = length(r)?;
        let this: Ref<Combinations> = support::instance(cls)?;
        this.stopped.set(r > pool.len());
        if r <= pool.len() {
            this.indices.fill(r, |index| index)?;
        }
        this.pool.set(Some(pool.into_object()));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Combinations>) -> PyResult<Option<Ref<Object>>> {
        next_combination::<false>(&this.pool, &this.result, &this.indices, &this.stopped)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<Combinations>) -> isize {
        size_with(this.as_object(), this.indices.as_slice().len())
    }
} }

// ---- combinations_with_replacement ----

#[repr(C)]
pub struct CombinationsWithReplacement {
    head: PyObject,
    pool: Slot,
    result: Slot,
    indices: Indices,
    stopped: Cell<bool>,
}

iterator! { CombinationsWithReplacement "combinations_with_replacement" [pool, result] free [indices] {
    #[new(signature = "(iterable, r)")]
    fn new(cls: Borrowed<'_, Type>, iterable: Borrowed<'_, Object>, r: isize) -> PyResult<Ref<CombinationsWithReplacement>> {
        let pool = iterable.to_tuple()?;
        let r = length(r)?;
        let this: Ref<CombinationsWithReplacement> = support::instance(cls)?;
        this.stopped.set(pool.is_empty() && r > 0);
        this.indices.fill(r, |_| 0)?;
        this.pool.set(Some(pool.into_object()));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<CombinationsWithReplacement>) -> PyResult<Option<Ref<Object>>> {
        next_combination::<true>(&this.pool, &this.result, &this.indices, &this.stopped)
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<CombinationsWithReplacement>) -> isize {
        size_with(this.as_object(), this.indices.as_slice().len())
    }
} }

// ---- permutations ----

#[repr(C)]
pub struct Permutations {
    head: PyObject,
    pool: Slot,
    result: Slot,
    /// An order of the pool's positions, of which the first `cycles.len()` are the result.
    indices: Indices,
    /// How many values each place of the result still takes.
    cycles: Indices,
    stopped: Cell<bool>,
}

/// Moves on to the next order; the first place of the result that changed, `None` at the end.
fn permute(indices: &[Cell<usize>], cycles: &[Cell<usize>]) -> Option<usize> {
    let n = indices.len();
    for place in (0..cycles.len()).rev() {
        let left = cycles[place].get() - 1;
        if left > 0 {
            cycles[place].set(left);
            indices[place].swap(&indices[n - left]);
            return Some(place);
        }
        // All values were here: the rest moves up, and the first goes to the end.
        let first = indices[place].get();
        for at in place..n - 1 {
            indices[at].set(indices[at + 1].get());
        }
        indices[n - 1].set(first);
        cycles[place].set(n - place);
    }
    None
}

iterator! { Permutations "permutations" [pool, result] free [indices, cycles] {
    #[new(signature = "(iterable, r=None)")]
    fn new(
        cls: Borrowed<'_, Type>,
        iterable: Borrowed<'_, Object>,
        r: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Permutations>> {
        let pool = iterable.to_tuple()?;
        let n = pool.len();
        let r = match r.0 {
            None => n,
            Some(r) => {
                if !r.is_instance_of::<Int>() {
                    return Err(raise!(TypeError, "Expected int as r"));
                }
                match r.index()?.to_isize() {
                    Some(r) => length(r)?,
                    None => return Err(raise!(OverflowError, "Python int too large to convert to C ssize_t")),
                }
            }
        };
        let this: Ref<Permutations> = support::instance(cls)?;
        this.stopped.set(r > n);
        this.indices.fill(n, |index| index)?;
        if r <= n {
            this.cycles.fill(r, |index| n - index)?;
        }
        this.pool.set(Some(pool.into_object()));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Permutations>) -> PyResult<Option<Ref<Object>>> {
        if this.stopped.get() {
            return Ok(None);
        }
        // SAFETY: the slot holds a tuple.
        let Some(pool) = (unsafe { pool(&this.pool) }) else { return Ok(None) };
        let (indices, cycles) = (this.indices.as_slice(), this.cycles.as_slice());
        let r = cycles.len();
        if !this.result.is_set() {
            this.result.set(Some(first_result(pool, &indices[..r])?));
            return Ok(this.result.get());
        }
        let Some(place) = permute(indices, cycles) else {
            this.stopped.set(true);
            return Ok(None);
        };
        // SAFETY: the slot holds a tuple as long as `cycles`. Dropping an old item may run Python code that comes back
        // here, so the positions are read again each time.
        unsafe {
            let result = support::reusable_tuple(&this.result)?;
            for (index, chosen) in indices.iter().enumerate().take(r).skip(place) {
                put(&result, index, pool.get(chosen.get()));
            }
            Ok(give(result))
        }
    }

    #[method(name = "__sizeof__", signature = "($self, /)")]
    fn size_of(this: &Ref<Permutations>) -> isize {
        size_with(this.as_object(), this.indices.as_slice().len() + this.cycles.as_slice().len()) - FLAG
    }
} }
