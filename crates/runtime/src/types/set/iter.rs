//! `set_iterator`: notices that the set's size changed, and gives up for good.

use core::cell::Cell;

use super::raw;
use crate::abi::*;
use crate::memory::object;
use crate::object::header;
use crate::prelude::*;

/// `setiterobject`.
#[repr(C)]
pub struct SetIterator {
    ob_base: PyObject,
    /// Null when exhausted.
    si_set: Cell<*mut PySetObject>,
    /// -1 after the size changed.
    si_used: Cell<isize>,
    si_pos: Cell<isize>,
    len: Cell<isize>,
}

const _: () = assert!(size_of::<SetIterator>() == 48);

impl SetIterator {
    /// An iterator over a set or frozen set.
    pub(super) fn new(set: Borrowed<'_, Object>) -> PyResult<Ref<SetIterator>> {
        // SAFETY: `set` is one; the iterator takes a count of its own.
        unsafe {
            let iterator = object::new::<SetIterator>()?;
            let raw: *mut PySetObject = set.to_owned().into_ptr().cast();
            (*iterator).si_set.set(raw);
            (*iterator).si_used.set((*raw).used.get());
            (*iterator).len.set((*raw).used.get());
            object::gc_track(iterator.cast());
            Ok(Ref::from_owned_ptr(iterator))
        }
    }

    /// The next key, without any call and borrowed; null for whatever is less plain.
    ///
    /// # Safety
    /// A live iterator.
    #[inline(always)]
    pub(crate) unsafe fn step(&self) -> *mut PyObject {
        let set = self.si_set.get();
        // SAFETY: the iterator holds the set.
        unsafe {
            if set.is_null() || (*set).used.get() != self.si_used.get() {
                return core::ptr::null_mut();
            }
            let mut position = self.si_pos.get() as usize;
            let found = raw::next(set, &mut position);
            self.si_pos.set(position as isize);
            let Some((key, _)) = found else { return core::ptr::null_mut() };
            self.len.set(self.len.get() - 1);
            key
        }
    }

    fn finish(&self) {
        let set = self.si_set.replace(core::ptr::null_mut());
        // SAFETY: the iterator owned it.
        drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(set) });
    }
}

#[pytype(name = "set_iterator", export = "PySetIter_Type", gc, disallow_instantiation)]
impl SetIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut SetIterator) {
        // SAFETY: called with no counts left.
        unsafe {
            object::gc_untrack(this.cast());
            header::xdecref((*this).si_set.get().cast());
            object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &SetIterator, visit: &mut Visitor) {
        visit.object(this.si_set.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<SetIterator>) -> Ref<SetIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<SetIterator>) -> PyResult<Option<Ref<Object>>> {
        // SAFETY: a live iterator; the key is counted at once.
        if let Some(key) = unsafe { Ref::from_borrowed_ptr_or_null(this.step()) } {
            return Ok(Some(key));
        }
        let set = this.si_set.get();
        if set.is_null() {
            return Ok(None);
        }
        // SAFETY: the iterator holds the set.
        unsafe {
            if (*set).used.get() != this.si_used.get() {
                this.si_used.set(-1);
                return Err(raise!(RuntimeError, "Set changed size during iteration"));
            }
            let mut position = this.si_pos.get() as usize;
            let found = raw::next_owned(set, &mut position);
            this.si_pos.set(position as isize);
            match found {
                Some((key, _)) => {
                    this.len.set(this.len.get() - 1);
                    Ok(Some(key))
                }
                None => {
                    this.finish();
                    Ok(None)
                }
            }
        }
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<SetIterator>) -> isize {
        // SAFETY: the iterator holds the set.
        match unsafe { this.si_set.get().as_ref() } {
            Some(set) if set.used.get() == this.si_used.get() => this.len.get(),
            _ => 0,
        }
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<SetIterator>) -> PyResult<Ref<Tuple>> {
        // The items that are left, without moving the iterator.
        let (used, position, len) = (this.si_used.get(), this.si_pos.get(), this.len.get());
        let held: Option<Ref<Object>> = {
            // SAFETY: the iterator holds the set.
            unsafe { Ref::from_borrowed_ptr_or_null(this.si_set.get()) }
        };
        let rest = this.as_object().to_list();
        if let Some(set) = held {
            let old = this.si_set.replace(set.into_ptr().cast());
            // SAFETY: the iterator owned it.
            drop(unsafe { Ref::<Object>::from_owned_ptr_or_null(old) });
        }
        this.si_used.set(used);
        this.si_pos.set(position);
        this.len.set(len);
        let iter = crate::thread::builtin(id!("iter"))?;
        Tuple::pack([iter, Tuple::pack([rest?.into_object()])?.into_object()])
    }
}
