//! Iterators that choose items or call a function: `dropwhile`, `takewhile`, `filterfalse`, `compress`, `starmap`.

use core::cell::Cell;

use taipan_runtime::abi::PyObject;
use taipan_runtime::prelude::*;

use crate::support::{self, Slot};

/// The two slots of an iterator in use, which are set when it is made.
macro_rules! both {
    ($this:ident, $a:ident, $b:ident) => {{
        let (Some(a), Some(b)) = (support::fixed(&$this.$a), support::fixed(&$this.$b)) else { return Ok(None) };
        (a, b)
    }};
}

#[repr(C)]
pub struct DropWhile {
    head: PyObject,
    predicate: Slot,
    source: Slot,
    started: Cell<bool>,
}

iterator! { DropWhile "dropwhile" [predicate, source] {
    #[new(signature = "(predicate, iterable, /)")]
    fn new(cls: Borrowed<'_, Type>, predicate: Borrowed<'_, Object>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<DropWhile>> {
        let source = iterable.iter()?;
        let this: Ref<DropWhile> = support::instance(cls)?;
        this.predicate.set(Some(predicate.to_owned()));
        this.source.set(Some(source));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<DropWhile>) -> PyResult<Option<Ref<Object>>> {
        let (predicate, source) = both!(this, predicate, source);
        while let Some(item) = source.next()? {
            if this.started.get() {
                return Ok(Some(item));
            }
            if !predicate.call1(item.borrow())?.is_true()? {
                this.started.set(true);
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
} }

#[repr(C)]
pub struct TakeWhile {
    head: PyObject,
    predicate: Slot,
    source: Slot,
    stopped: Cell<bool>,
}

iterator! { TakeWhile "takewhile" [predicate, source] {
    #[new(signature = "(predicate, iterable, /)")]
    fn new(cls: Borrowed<'_, Type>, predicate: Borrowed<'_, Object>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<TakeWhile>> {
        let source = iterable.iter()?;
        let this: Ref<TakeWhile> = support::instance(cls)?;
        this.predicate.set(Some(predicate.to_owned()));
        this.source.set(Some(source));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<TakeWhile>) -> PyResult<Option<Ref<Object>>> {
        if this.stopped.get() {
            return Ok(None);
        }
        let (predicate, source) = both!(this, predicate, source);
        let Some(item) = source.next()? else { return Ok(None) };
        if predicate.call1(item.borrow())?.is_true()? {
            return Ok(Some(item));
        }
        this.stopped.set(true);
        Ok(None)
    }
} }

#[repr(C)]
pub struct FilterFalse {
    head: PyObject,
    function: Slot,
    source: Slot,
}

iterator! { FilterFalse "filterfalse" [function, source] {
    #[new(signature = "(function, iterable, /)")]
    fn new(cls: Borrowed<'_, Type>, function: Borrowed<'_, Object>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<FilterFalse>> {
        let source = iterable.iter()?;
        let this: Ref<FilterFalse> = support::instance(cls)?;
        this.function.set(Some(function.to_owned()));
        this.source.set(Some(source));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<FilterFalse>) -> PyResult<Option<Ref<Object>>> {
        let (function, source) = both!(this, function, source);
        let plain = function.is_none() || function.is(&Bool::type_object());
        while let Some(item) = source.next()? {
            let keep = if plain { item.is_true()? } else { function.call1(item.borrow())?.is_true()? };
            if !keep {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
} }

#[repr(C)]
pub struct Compress {
    head: PyObject,
    data: Slot,
    selectors: Slot,
}

iterator! { Compress "compress" [data, selectors] {
    #[new(signature = "(data, selectors)")]
    fn new(cls: Borrowed<'_, Type>, data: Borrowed<'_, Object>, selectors: Borrowed<'_, Object>) -> PyResult<Ref<Compress>> {
        let (data, selectors) = (data.iter()?, selectors.iter()?);
        let this: Ref<Compress> = support::instance(cls)?;
        this.data.set(Some(data));
        this.selectors.set(Some(selectors));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Compress>) -> PyResult<Option<Ref<Object>>> {
        let (data, selectors) = both!(this, data, selectors);
        while let Some(item) = data.next()? {
            let Some(selector) = selectors.next()? else { return Ok(None) };
            if selector.is_true()? {
                return Ok(Some(item));
            }
        }
        Ok(None)
    }
} }

#[repr(C)]
pub struct Starmap {
    head: PyObject,
    function: Slot,
    source: Slot,
}

iterator! { Starmap "starmap" [function, source] {
    #[new(signature = "(function, iterable, /)")]
    fn new(cls: Borrowed<'_, Type>, function: Borrowed<'_, Object>, iterable: Borrowed<'_, Object>) -> PyResult<Ref<Starmap>> {
        let source = iterable.iter()?;
        let this: Ref<Starmap> = support::instance(cls)?;
        this.function.set(Some(function.to_owned()));
        this.source.set(Some(source));
        Ok(this)
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<Starmap>) -> PyResult<Option<Ref<Object>>> {
        let (function, source) = both!(this, function, source);
        let Some(arguments) = source.next()? else { return Ok(None) };
        let arguments = match arguments.downcast_exact::<Tuple>() {
            Some(arguments) => arguments.to_owned(),
            None => arguments.to_tuple()?,
        };
        function.call_tuple(arguments.borrow(), None).map(Some)
    }
} }
