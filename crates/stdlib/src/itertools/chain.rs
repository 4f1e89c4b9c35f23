//! `chain` and `cycle`.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;
use taipan_runtime::types::generic_alias::GenericAlias;

use crate::support::{self, Slot};

#[repr(C)]
pub struct Chain {
    head: PyObject,
    /// The iterator over iterables; unset at the end.
    source: Slot,
    /// The iterator over the current one.
    active: Slot,
}

iterator! { Chain "chain" [source, active] {
    #[new(signature = "(*iterables)")]
    fn new(cls: Borrowed<'_, Type>, iterables: Args<'_>) -> PyResult<Ref<Chain>> {
        let source = iterables.to_tuple()?.as_object().iter()?;
        let this: Ref<Chain> = support::instance(cls)?;
        this.source.set(Some(source));
        Ok(this)
    }

    #[classmethod(signature = "($type, iterable, /)")]
    fn from_iterable(cls: Borrowed<'_, Type>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<Chain>> {
        let source = iterable.iter()?;
        let this: Ref<Chain> = support::instance(cls)?;
        this.source.set(Some(source));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Chain>) -> PyResult<Option<Ref<Object>>> {
        loop {
            let active = match this.active.get() {
                Some(active) => active,
                None => {
                    let Some(source) = this.source.get() else { return Ok(None) };
                    let started = match source.next() {
                        Ok(Some(iterable)) => iterable.iter(),
                        Ok(None) => {
                            this.source.set(None);
                            return Ok(None);
                        }
                        Err(raised) => Err(raised),
                    };
                    match started {
                        Ok(active) => {
                            this.active.set(Some(active.clone()));
                            active
                        }
                        Err(raised) => {
                            let error = raised.take();
                            this.source.set(None);
                            return Err(Raised::restore(error));
                        }
                    }
                }
            };
            if let Some(item) = active.next()? {
                return Ok(Some(item));
            }
            this.active.set(None);
        }
    }

    #[classmethod(name = "__class_getitem__", signature = "($type, object, /)")]
    fn class_getitem(cls: Borrowed<'_, Type>, object: Borrowed<'_, Object>) -> PyResult<Ref<Object>> {
        GenericAlias::new(cls.upcast(), object)
    }
} }

#[repr(C)]
pub struct Cycle {
    head: PyObject,
    /// Unset after the first round.
    source: Slot,
    /// The list of the items.
    saved: Slot,
    index: Cell<usize>,
}

iterator! { Cycle "cycle" [source, saved] {
    #[new(signature = "(iterable, /)")]
    fn new(cls: Borrowed<'_, Type>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<Cycle>> {
        let source = iterable.iter()?;
        let saved = List::new()?;
        let this: Ref<Cycle> = support::instance(cls)?;
        this.source.set(Some(source));
        this.saved.set(Some(saved.into_object()));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Cycle>) -> PyResult<Option<Ref<Object>>> {
        let Some(saved) = support::fixed(&this.saved) else { return Ok(None) };
        // SAFETY: only a list is put there.
        let saved: Borrowed<'_, List> = unsafe { saved.cast_borrowed_unchecked() };
        if let Some(source) = this.source.get() {
            if let Some(item) = source.next()? {
                saved.push(item.clone())?;
                return Ok(Some(item));
            }
            this.source.set(None);
        }
        let index = this.index.get();
        let Some(item) = saved.get(index) else { return Ok(None) };
        this.index.set(if index + 1 >= saved.len() { 0 } else { index + 1 });
        Ok(Some(item))
    }
} }
