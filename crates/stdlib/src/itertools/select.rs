//! Iterators over positions and neighbours: `islice`, `pairwise`, `batched`, `accumulate`.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

#[repr(C)]
pub struct Islice {
    head: PyObject,
    /// Unset at the end.
    source: Slot,
    /// The position of the next item to give out.
    next: Cell<isize>,
    /// -1: no end.
    stop: Cell<isize>,
    step: Cell<isize>,
    /// How many items the source gave.
    count: Cell<isize>,
}

/// A bound of `islice`, -1 where it is no such number: the caller words the error.
fn bound(value: Option<Borrowed<'_, Object>>, default: isize) -> PyResult<isize> {
    let Some(value) = value.filter(|value| !value.is_none()) else { return Ok(default) };
    match value.as_isize() {
        Ok(value) => Ok(value),
        Err(raised) => {
            raised.clear();
            Ok(-1)
        }
    }
}

iterator! { Islice "islice" [source] {
    #[new(raw, no_text_signature)]
    fn new(cls: Borrowed<'_, Type>, args: CallArgs<'_>) -> PyResult<Ref<Islice>> {
        let own_init = cls.tp_init.get().map(|f| f as usize) != Islice::type_object().tp_init.get().map(|f| f as usize);
        if !own_init {
            args.no_keywords("islice")?;
        }
        args.check_count("islice", 2, 4)?;
        let Some(iterable) = args.get(0) else {
            return Err(raise!(TypeError, "islice expected at least 2 arguments, got 0"));
        };
        let (start, stop) = match args.nargs() {
            2 => (None, args.get(1)),
            _ => (args.get(1), args.get(2)),
        };
        let start = bound(start, 0)?;
        if let Some(stop) = stop
            && !stop.is_none()
            && bound(Some(stop), 0)? == -1
        {
            return Err(raise!(
                ValueError,
                "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize."
            ));
        }
        let stop = bound(stop, -1)?;
        if start < 0 || stop < -1 {
            return Err(raise!(
                ValueError,
                "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize."
            ));
        }
        let step = bound(args.get(3), 1)?;
        if step < 1 {
            return Err(raise!(ValueError, "Step for islice() must be a positive integer or None."));
        }
        let source = iterable.iter()?;
        let this: Ref<Islice> = support::instance(cls)?;
        this.source.set(Some(source));
        this.next.set(start);
        this.stop.set(stop);
        this.step.set(step);
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Islice>) -> PyResult<Option<Ref<Object>>> {
        let Some(source) = this.source.get() else { return Ok(None) };
        let stop = this.stop.get();
        let step = || -> PyResult<Option<Ref<Object>>> {
            while this.count.get() < this.next.get() {
                match source.next()? {
                    Some(item) => drop(item),
                    None => return Ok(None),
                }
                this.count.set(this.count.get() + 1);
            }
            if stop != -1 && this.count.get() >= stop {
                return Ok(None);
            }
            let item = source.next()?;
            if item.is_some() {
                this.count.set(this.count.get() + 1);
                let next = this.next.get().checked_add(this.step.get());
                this.next.set(match next {
                    Some(next) if stop == -1 || next <= stop => next,
                    _ => stop,
                });
            }
            Ok(item)
        };
        match step() {
            Ok(Some(item)) => Ok(Some(item)),
            Ok(None) => {
                this.source.set(None);
                Ok(None)
            }
            Err(raised) => {
                let error = raised.take();
                this.source.set(None);
                Err(Raised::restore(error))
            }
        }
    }
} }

#[repr(C)]
pub struct Pairwise {
    head: PyObject,
    /// Unset at the end.
    source: Slot,
    /// The last item.
    old: Slot,
    /// A pair that is given out again.
    result: Slot,
}

iterator! { Pairwise "pairwise" [source, old, result] {
    #[new(signature = "(iterable, /)")]
    fn new(cls: Borrowed<'_, Type>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<Pairwise>> {
        let source = iterable.iter()?;
        let result = Tuple::pack([none(), none()])?;
        let this: Ref<Pairwise> = support::instance(cls)?;
        this.source.set(Some(source));
        this.result.set(Some(result.into_object()));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Pairwise>) -> PyResult<Option<Ref<Object>>> {
        let Some(source) = this.source.get() else { return Ok(None) };
        let finish = |outcome: PyResult<()>| -> PyResult<Option<Ref<Object>>> {
            let error = outcome.err().map(Raised::take);
            this.source.set(None);
            this.old.set(None);
            error.map_or(Ok(None), |error| Err(Raised::restore(error)))
        };
        let old = match this.old.get() {
            Some(old) => old,
            None => match source.next() {
                Ok(Some(first)) => {
                    this.old.set(Some(first.clone()));
                    // The source may have come back here and used itself up.
                    if !this.source.is_set() {
                        this.old.set(None);
                        return Ok(None);
                    }
                    first
                }
                Ok(None) => return finish(Ok(())),
                Err(raised) => return finish(Err(raised)),
            },
        };
        let new = match source.next() {
            Ok(Some(new)) => new,
            Ok(None) => return finish(Ok(())),
            Err(raised) => return finish(Err(raised)),
        };
        let result = this.result.as_ptr();
        let pair = if support::tuple_is_ours(result) {
            // SAFETY: nobody else has the pair; what it held is dropped once the new items are in place.
            unsafe {
                let pair: Ref<Object> = Ref::from_borrowed_ptr(result);
                let items = support::tuple_items(result);
                let first: Ref<Object> = Ref::from_owned_ptr(items.replace(old.into_ptr()));
                let second: Ref<Object> = Ref::from_owned_ptr(items.add(1).replace(new.clone().into_ptr()));
                support::refresh_tuple(result);
                drop((first, second));
                pair
            }
        } else {
            Tuple::pack([old, new.clone()])?.into_object()
        };
        this.old.set(Some(new));
        Ok(Some(pair))
    }
} }

#[repr(C)]
pub struct Batched {
    head: PyObject,
    /// Unset at the end.
    source: Slot,
    size: Cell<usize>,
    strict: Cell<bool>,
}

/// No batch asks for more memory than this before there are items for it.
const FIRST_ROOM: usize = 1024;

iterator! { Batched "batched" [source] {
    #[new(signature = "(iterable, n, *, strict=False)")]
    fn new(cls: Borrowed<'_, Type>, iterable: Borrowed<'_, Object>, n: isize, strict: bool) -> PyResult<Ref<Batched>> {
        let Some(size) = usize::try_from(n).ok().filter(|&n| n > 0) else {
            return Err(raise!(ValueError, "n must be at least one"));
        };
        let source = iterable.iter()?;
        let this: Ref<Batched> = support::instance(cls)?;
        this.source.set(Some(source));
        this.size.set(size);
        this.strict.set(strict);
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Batched>) -> PyResult<Option<Ref<Tuple>>> {
        let Some(source) = this.source.get() else { return Ok(None) };
        let size = this.size.get();
        let mut items = vec_with_capacity(size.min(FIRST_ROOM))?;
        while items.len() < size {
            let item = match source.next() {
                Ok(Some(item)) => item,
                Ok(None) => {
                    this.source.set(None);
                    break;
                }
                Err(raised) => {
                    let error = raised.take();
                    this.source.set(None);
                    drop(items);
                    return Err(Raised::restore(error));
                }
            };
            if items.len() == items.capacity() && items.try_reserve(1).is_err() {
                return Err(Raised::no_memory());
            }
            items.push(item);
        }
        if items.is_empty() {
            return Ok(None);
        }
        if items.len() < size && this.strict.get() {
            return Err(raise!(ValueError, "batched(): incomplete batch"));
        }
        Tuple::from_vec(items).map(Some)
    }
} }

#[repr(C)]
pub struct Accumulate {
    head: PyObject,
    total: Slot,
    source: Slot,
    /// Unset for addition.
    function: Slot,
    /// Given out before anything else.
    initial: Slot,
}

iterator! { Accumulate "accumulate" [total, source, function, initial] size 56 {
    #[new(signature = "(iterable, func=None, *, initial=None)")]
    fn new(
        cls: Borrowed<'_, Type>,
        iterable: Borrowed<'_, Object>,
        func: Nullable<Borrowed<'_, Object>>,
        initial: Nullable<Borrowed<'_, Object>>,
    ) -> PyResult<Ref<Accumulate>> {
        let source = iterable.iter()?;
        let this: Ref<Accumulate> = support::instance(cls)?;
        this.source.set(Some(source));
        this.function.set(func.0.map(|function| function.to_owned()));
        this.initial.set(initial.0.map(|initial| initial.to_owned()));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Accumulate>) -> PyResult<Option<Ref<Object>>> {
        if let Some(initial) = this.initial.take() {
            this.total.set(Some(initial.clone()));
            return Ok(Some(initial));
        }
        let Some(source) = support::fixed(&this.source) else { return Ok(None) };
        let Some(item) = source.next()? else { return Ok(None) };
        let total = match this.total.get() {
            None => item,
            Some(total) => match support::fixed(&this.function) {
                None => total.add(item.borrow())?,
                Some(function) => function.call(&[total.borrow(), item.borrow()])?,
            },
        };
        this.total.set(Some(total.clone()));
        Ok(Some(total))
    }
} }
