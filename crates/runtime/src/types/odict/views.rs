//! `odict_keys`, `odict_values`, `odict_items` and `odict_iterator`.

use core::cell::Cell;
use core::ptr;

use super::OrderedDict;
use crate::abi::*;
use crate::memory::object;
use crate::object::header;
use crate::prelude::*;
use crate::types::dict::{DictItems, DictKeys, DictValues, key_error};

const REVERSED: i32 = 1;
const KEYS: i32 = 2;
const VALUES: i32 = 4;

/// `odictiter`.
#[repr(C)]
pub struct ODictIterator {
    ob_base: PyObject,
    kind: Cell<i32>,
    /// Null when exhausted.
    di_odict: Cell<*mut PyObject>,
    di_size: Cell<isize>,
    di_state: Cell<usize>,
    /// The key to give next, owned; null at the end.
    di_current: Cell<*mut PyObject>,
}

const _: () = assert!(size_of::<ODictIterator>() <= 64);

impl ODictIterator {
    pub(super) fn keys(dict: &Ref<OrderedDict>, reverse: bool) -> PyResult<Ref<ODictIterator>> {
        ODictIterator::new(dict, KEYS | if reverse { REVERSED } else { 0 })
    }

    fn new(dict: &Ref<OrderedDict>, kind: i32) -> PyResult<Ref<ODictIterator>> {
        let start = if kind & REVERSED != 0 { dict.last() } else { dict.first() };
        // SAFETY: a node in the list is live; the iterator is complete before it is tracked.
        unsafe {
            let iterator = object::new::<ODictIterator>()?;
            (*iterator).kind.set(kind);
            (*iterator).di_size.set(dict.dict().len() as isize);
            (*iterator).di_state.set(dict.mutated());
            (*iterator).di_current.set(start.as_ref().map_or(ptr::null_mut(), |node| node.key().into_ptr()));
            (*iterator).di_odict.set(dict.clone().into_ptr());
            object::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }

    fn dict(&self) -> Option<Ref<OrderedDict>> {
        // SAFETY: the iterator holds it.
        unsafe { Ref::from_borrowed_ptr_or_null(self.di_odict.get()) }
    }

    fn finish(&self) {
        // SAFETY: both fields own their references.
        unsafe {
            object::clear_field(&self.di_current);
            object::clear_field(&self.di_odict);
        }
    }

    /// The key to give, after moving on to the next.
    fn next_key(&self) -> PyResult<Option<Ref<Object>>> {
        let Some(dict) = self.dict() else { return Ok(None) };
        // SAFETY: the field owns its reference.
        let Some(key) = (unsafe { Ref::<Object>::from_borrowed_ptr_or_null(self.di_current.get()) }) else {
            return Ok(None);
        };
        if dict.mutated() != self.di_state.get() {
            return Err(raise!(RuntimeError, "OrderedDict mutated during iteration"));
        }
        if dict.dict().len() as isize != self.di_size.get() {
            self.di_size.set(-1);
            return Err(raise!(RuntimeError, "OrderedDict changed size during iteration"));
        }
        let node = dict.find(key.as_ptr(), key.hash()?)?;
        // SAFETY: a node in the list is live.
        let Some(node) = (unsafe { node.as_ref() }) else { return Err(key_error(key.borrow())) };
        let next = node.neighbour(self.kind.get() & REVERSED != 0);
        // SAFETY: as above; the field owned the old key.
        unsafe {
            let next = next.as_ref().map_or(ptr::null_mut(), |node| node.key().into_ptr());
            header::xdecref(self.di_current.replace(next));
        }
        Ok(Some(key))
    }

    fn next_item(&self) -> PyResult<Option<Ref<Object>>> {
        let Some(key) = self.next_key()? else { return Ok(None) };
        let kind = self.kind.get();
        if kind & VALUES == 0 {
            return Ok(Some(key));
        }
        let Some(dict) = self.dict() else { return Ok(None) };
        let Some(value) = dict.dict().get(key.borrow())? else { return Err(key_error(key.borrow())) };
        if kind & KEYS == 0 {
            return Ok(Some(value));
        }
        Ok(Some(Tuple::pack([key, value])?.into_object()))
    }
}

#[pytype(name = "odict_iterator", export = "PyODictIter_Type", basicsize = 64, gc, disallow_instantiation)]
impl ODictIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut ODictIterator) {
        // SAFETY: called with no counts left.
        unsafe {
            object::gc_untrack(this.cast());
            (*this).finish();
            object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &ODictIterator, visit: &mut Visitor) {
        visit.object(this.di_odict.get());
        visit.object(this.di_current.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<ODictIterator>) -> Ref<ODictIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<ODictIterator>) -> PyResult<Option<Ref<Object>>> {
        // An error ends the iteration as well: the dict is let go.
        match this.next_item() {
            Ok(Some(item)) => Ok(Some(item)),
            Ok(None) => {
                this.finish();
                Ok(None)
            }
            Err(raised) => {
                let exception = raised.take();
                this.finish();
                Err(Raised::restore(exception))
            }
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<ODictIterator>) -> PyResult<Ref<Tuple>> {
        // What is left, by an iterator of its own.
        let rest = match this.dict() {
            None => List::new()?,
            Some(dict) => {
                let copy = ODictIterator::new(&dict, this.kind.get())?;
                // SAFETY: both fields own their references.
                unsafe {
                    header::xincref(this.di_current.get());
                    header::xdecref(copy.di_current.replace(this.di_current.get()));
                }
                copy.di_size.set(this.di_size.get());
                copy.di_state.set(this.di_state.get());
                copy.as_object().to_list()?
            }
        };
        let iter = crate::thread::builtin(id!("iter"))?;
        Tuple::pack([iter, Tuple::pack([rest.into_object()])?.into_object()])
    }
}

macro_rules! views {
    ($($(#[$doc:meta])* $name:ident, $python:literal, $export:literal, $base:ident, $kind:expr;)*) => {$(
        $(#[$doc])*
        #[repr(transparent)]
        pub struct $name(_PyDictViewObject);

        impl $name {
            fn dict(&self) -> Borrowed<'_, OrderedDict> {
                // SAFETY: views of this type are made of ordered dicts alone, and hold them.
                unsafe { Borrowed::from_ptr(self.0.dv_dict.get()) }
            }
        }

        #[pytype(name = $python, export = $export, base = $base, gc)]
        impl $name {
            #[slot(tp_iter)]
            fn iter(this: &Ref<$name>) -> PyResult<Ref<ODictIterator>> {
                ODictIterator::new(&this.dict(), $kind)
            }

            #[method(name = "__reversed__", signature = "($self, /)")]
            fn reversed(this: &Ref<$name>) -> PyResult<Ref<ODictIterator>> {
                ODictIterator::new(&this.dict(), $kind | REVERSED)
            }
        }
    )*};
}

views! {
    /// `OrderedDict.keys()`.
    ODictKeys, "odict_keys", "PyODictKeys_Type", DictKeys, KEYS;
    /// `OrderedDict.values()`.
    ODictValues, "odict_values", "PyODictValues_Type", DictValues, VALUES;
    /// `OrderedDict.items()`.
    ODictItems, "odict_items", "PyODictItems_Type", DictItems, KEYS | VALUES;
}
