//! Iterators over dicts: keys, values and items, forward and backward.
//!
//! An iterator notices that the dict's size changed, and gives up for good. CPython's layout of 56 bytes is kept, because
//! `sys.getsizeof` shows it.

use core::cell::Cell;

use super::{Dict, keys, raw};
use crate::abi::*;
use crate::memory::object;
use crate::object::{PyLayout, header};
use crate::prelude::*;

/// `dictiterobject`.
#[repr(C)]
pub struct DictIterHead {
    ob_base: PyObject,
    /// Null when exhausted.
    di_dict: Cell<*mut PyDictObject>,
    /// -1 after the size changed.
    di_used: Cell<isize>,
    di_pos: Cell<isize>,
    /// A pair that is used again when nobody else kept it.
    di_result: Cell<*mut PyObject>,
    len: Cell<isize>,
}

const _: () = assert!(size_of::<DictIterHead>() == 56);

/// What an iterator gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Keys,
    Values,
    Items,
}

fn new_iterator<T: PyLayout>(dict: &Ref<Dict>, reverse: bool, items: bool) -> PyResult<Ref<T>> {
    // SAFETY: every `T` here begins with `DictIterHead`.
    unsafe {
        let pair = if items { Tuple::pack([none(), none()])?.into_ptr() } else { core::ptr::null_mut() };
        let made = match object::new::<T>() {
            Ok(made) => made,
            Err(raised) => {
                header::xdecref(pair);
                return Err(raised);
            }
        };
        let head = made.cast::<DictIterHead>();
        (*head).di_result.set(pair);
        (*head).di_used.set(dict.len() as isize);
        (*head).len.set(dict.len() as isize);
        (*head).di_dict.set(dict.clone().into_ptr().cast());
        if reverse {
            let last = if dict.0.ma_values.get().is_null() {
                (*dict.keys_raw()).dk_nentries.get() - 1
            } else {
                dict.len() as isize - 1
            };
            (*head).di_pos.set(last);
        }
        object::gc_track(made.cast());
        Ok(Ref::from_owned_ptr(made))
    }
}

unsafe fn dealloc_iterator(head: *mut DictIterHead) {
    // SAFETY: called with no counts left.
    unsafe {
        object::gc_untrack(head.cast());
        header::xdecref((*head).di_dict.get().cast());
        header::xdecref((*head).di_result.get());
        object::dealloc_finish(head);
    }
}

impl DictIterHead {
    fn visit(&self, visitor: &mut Visitor) {
        visitor.object(self.di_dict.get());
        visitor.object(self.di_result.get());
    }

    fn length_hint(&self) -> isize {
        // SAFETY: the iterator holds the dict.
        match unsafe { self.di_dict.get().as_ref() } {
            Some(dict) if dict.ma_used.get() == self.di_used.get() => self.len.get(),
            _ => 0,
        }
    }

    /// The end: the dict is let go.
    fn finish(&self) {
        let dict = self.di_dict.replace(core::ptr::null_mut());
        // SAFETY: the iterator owned it.
        drop(unsafe { Ref::<Dict>::from_owned_ptr_or_null(dict) });
    }

    /// Key and value of the next item of a combined table, without any call and borrowed; `None` for whatever is less plain.
    ///
    /// # Safety
    /// A live iterator of a kind that does not go backwards.
    #[inline(always)]
    pub(crate) unsafe fn step(&self) -> Option<(*mut PyObject, *mut PyObject)> {
        let dict = self.di_dict.get();
        // SAFETY: the iterator holds the dict; positions below the number of entries are entries.
        unsafe {
            if dict.is_null()
                || (*dict).ma_used.get() != self.di_used.get()
                || !(*dict).ma_values.get().is_null()
                || self.len.get() == 0
            {
                return None;
            }
            let keys = (*dict).ma_keys.get();
            let mut at = self.di_pos.get();
            let count = (*keys).dk_nentries.get();
            loop {
                if at >= count {
                    return None;
                }
                let (key, value) = keys::entry(keys, at as usize);
                at += 1;
                if !value.is_null() {
                    self.di_pos.set(at);
                    self.len.set(self.len.get() - 1);
                    return Some((key, value));
                }
            }
        }
    }

    /// Key and value of the next item, counted.
    #[inline(always)]
    fn advance(&self, reverse: bool) -> PyResult<Option<(Ref<Object>, Ref<Object>)>> {
        let dict = self.di_dict.get();
        if dict.is_null() {
            return Ok(None);
        }
        // SAFETY: the iterator holds the dict; what is found is counted before anything else runs.
        unsafe {
            if (*dict).ma_used.get() != self.di_used.get() {
                self.di_used.set(-1);
                return Err(raise!(RuntimeError, "dictionary changed size during iteration"));
            }
            let found = if reverse {
                self.previous(dict)
            } else {
                let mut position = self.di_pos.get() as usize;
                let found = raw::next(dict, &mut position).map(|(key, value, _)| (key, value));
                self.di_pos.set(position as isize);
                found
            };
            let Some((key, value)) = found else {
                self.finish();
                return Ok(None);
            };
            if self.len.get() == 0 {
                // As many items came as there were, and more are there: keys were taken out and others put in.
                self.finish();
                return Err(raise!(RuntimeError, "dictionary keys changed during iteration"));
            }
            self.len.set(self.len.get() - 1);
            Ok(Some((Ref::from_borrowed_ptr(key), Ref::from_borrowed_ptr(value))))
        }
    }

    unsafe fn previous(&self, dict: *mut PyDictObject) -> Option<(*mut PyObject, *mut PyObject)> {
        // SAFETY: by contract of `advance`.
        unsafe {
            let keys = (*dict).ma_keys.get();
            let values = (*dict).ma_values.get();
            let mut at = self.di_pos.get();
            if at < 0 {
                return None;
            }
            if !values.is_null() {
                let index = *raw::split_order(values).add(at as usize) as usize;
                self.di_pos.set(at - 1);
                return Some((keys::entry(keys, index).0, raw::split_value(values, index).get()));
            }
            // A table that has become smaller has nothing left.
            while at >= 0 && at < (*keys).dk_nentries.get() {
                let (key, value) = keys::entry(keys, at as usize);
                at -= 1;
                if !value.is_null() {
                    self.di_pos.set(at);
                    return Some((key, value));
                }
            }
            self.di_pos.set(-1);
            None
        }
    }

    #[inline(always)]
    fn next_object(&self, what: What, reverse: bool) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: what is found is counted before anything else runs.
        let plain = if reverse { None } else { unsafe { self.step() } };
        let Some((key, value)) = plain else { return self.next_object_slow(what, reverse) };
        // SAFETY: as above.
        unsafe {
            Ok(Some(match what {
                What::Keys => Ref::from_borrowed_ptr(key),
                What::Values => Ref::from_borrowed_ptr(value),
                What::Items => self.pair(Ref::from_borrowed_ptr(key), Ref::from_borrowed_ptr(value))?,
            }))
        }
    }

    #[inline(never)]
    fn next_object_slow(&self, what: What, reverse: bool) -> PyResult<Option<Ref<Object>>> {
        let Some((key, value)) = self.advance(reverse)? else { return Ok(None) };
        Ok(Some(match what {
            What::Keys => key,
            What::Values => value,
            What::Items => self.pair(key, value)?,
        }))
    }

    /// The pair of the last step again, if nobody else has it; else a new one.
    fn pair(&self, key: Ref<Object>, value: Ref<Object>) -> PyResult<Ref<Object>> {
        let pair = self.di_result.get();
        // SAFETY: `di_result` is a tuple of two; with one count it is nobody else's, so its items may be replaced.
        unsafe {
            if !pair.is_null() && (*pair).ob_refcnt.get() == 1 {
                let result: Ref<Object> = Ref::from_borrowed_ptr(pair);
                let items = (&raw const (*pair.cast::<PyTupleObject>()).ob_item).cast::<Cell<*mut PyObject>>();
                let old_key = (*items).replace(key.into_ptr());
                let old_value = (*items.add(1)).replace(value.into_ptr());
                // The collector may have let a pair of atoms go.
                if !object::is_tracked(pair) {
                    object::gc_track(pair);
                }
                // The hash that a tuple caches is that of the old items.
                (*pair.cast::<PyTupleObject>()).ob_hash.set(-1);
                header::decref(old_key);
                header::decref(old_value);
                return Ok(result);
            }
        }
        Ok(Tuple::pack([key, value])?.into_object())
    }

    /// `iter(list of what is left)`, without moving the iterator.
    fn reduce(&self, what: What, reverse: bool) -> PyResult<Ref<Tuple>> {
        let copy = DictIterHead {
            ob_base: PyObject::ZERO,
            di_dict: Cell::new(self.di_dict.get()),
            di_used: Cell::new(self.di_used.get()),
            di_pos: Cell::new(self.di_pos.get()),
            di_result: Cell::new(core::ptr::null_mut()),
            len: Cell::new(self.len.get()),
        };
        // SAFETY: the copy holds the dict as well; `finish` of the copy gives that count back.
        unsafe { header::xincref(copy.di_dict.get().cast()) };
        let rest = List::new()?;
        let outcome = loop {
            match copy.next_object(what, reverse) {
                Ok(Some(item)) => {
                    if let Err(raised) = rest.push(item) {
                        break Err(raised);
                    }
                }
                Ok(None) => break Ok(()),
                Err(raised) => break Err(raised),
            }
        };
        copy.finish();
        outcome?;
        let iter = crate::thread::builtin(id!("iter"))?;
        Tuple::pack([iter, Tuple::pack([rest.into_object()])?.into_object()])
    }
}

macro_rules! iterators {
    ($($(#[$doc:meta])* $name:ident, $python:literal, $export:literal, $what:ident, $reverse:literal;)*) => {$(
        $(#[$doc])*
        #[repr(transparent)]
        pub struct $name(DictIterHead);

        impl $name {
            pub fn new(dict: &Ref<Dict>) -> PyResult<Ref<$name>> {
                new_iterator(dict, $reverse, What::$what == What::Items)
            }
        }

        #[pytype(name = $python, export = $export, gc, disallow_instantiation)]
        impl $name {
            #[slot(tp_dealloc)]
            unsafe fn dealloc(this: *mut $name) {
                // SAFETY: called with no counts left.
                unsafe { dealloc_iterator(this.cast()) }
            }

            #[slot(tp_traverse)]
            fn traverse(this: &$name, visit: &mut Visitor) {
                this.0.visit(visit);
            }

            #[slot(tp_iter)]
            fn iter(this: &Ref<$name>) -> Ref<$name> {
                this.clone()
            }

            #[slot(tp_iternext)]
            fn next(this: &Ref<$name>) -> PyResult<Option<Ref<Object>>> {
                this.0.next_object(What::$what, $reverse)
            }

            #[method(name = "__length_hint__", signature = "($self, /)")]
            fn length_hint(this: &Ref<$name>) -> isize {
                this.0.length_hint()
            }

            #[method(name = "__reduce__", signature = "($self, /)")]
            fn reduce(this: &Ref<$name>) -> PyResult<Ref<Tuple>> {
                this.0.reduce(What::$what, $reverse)
            }
        }
    )*};
}

iterators! {
    /// `iter(dict)`.
    DictKeyIterator, "dict_keyiterator", "PyDictIterKey_Type", Keys, false;
    /// `iter(dict.values())`.
    DictValueIterator, "dict_valueiterator", "PyDictIterValue_Type", Values, false;
    /// `iter(dict.items())`.
    DictItemIterator, "dict_itemiterator", "PyDictIterItem_Type", Items, false;
    /// `reversed(dict)`.
    DictReverseKeyIterator, "dict_reversekeyiterator", "PyDictRevIterKey_Type", Keys, true;
    /// `reversed(dict.values())`.
    DictReverseValueIterator, "dict_reversevalueiterator", "PyDictRevIterValue_Type", Values, true;
    /// `reversed(dict.items())`.
    DictReverseItemIterator, "dict_reverseitemiterator", "PyDictRevIterItem_Type", Items, true;
}

impl DictKeyIterator {
    /// As [`DictIterHead::step`].
    pub(crate) fn step(&self) -> Option<(*mut PyObject, *mut PyObject)> {
        // SAFETY: a live iterator that goes forward.
        unsafe { self.0.step() }
    }
}
