//! `str_ascii_iterator` and `str_iterator`.
//!
//! CPython: `PyUnicodeASCIIIter_Type`, `PyUnicodeIter_Type`.

use core::cell::Cell;
use core::ptr;

use super::Str;
use crate::abi::{PyASCIIObject, PyObject};
use crate::memory;
use crate::prelude::*;

/// The fields of both iterators. `string` is null at the end.
#[repr(C)]
pub struct StrIterator {
    ob_base: PyObject,
    index: Cell<isize>,
    string: Cell<*mut Str>,
}

#[repr(transparent)]
pub struct StrAsciiIterator(StrIterator);

impl StrAsciiIterator {
    /// The next character of a compact string, below 128 and without any call; `None` for whatever is less plain.
    #[inline(always)]
    pub(crate) fn step(&self) -> Option<u8> {
        let string = self.0.string.get().cast::<PyASCIIObject>();
        let index = self.0.index.get();
        // SAFETY: null or a string that the iterator keeps alive; the characters of a compact ASCII string stand behind its head.
        unsafe {
            if string.is_null() || !(*string).state.compact() || index >= (*string).length.get() {
                return None;
            }
            self.0.index.set(index + 1);
            Some(*string.add(1).cast::<u8>().add(index as usize) & 0x7f)
        }
    }
}

/// `iter(string)`.
pub fn iterate(string: &Ref<Str>) -> PyResult<Ref<Object>> {
    // SAFETY: a new object of that layout; its fields are set before it is seen.
    unsafe {
        let iterator: *mut StrIterator = if string.is_ascii() {
            memory::object::new::<StrAsciiIterator>()?.cast()
        } else {
            memory::object::new::<StrIterator>()?
        };
        (*iterator).index.set(0);
        (*iterator).string.set(string.clone().into_ptr().cast());
        memory::object::gc_track(iterator.cast());
        Ok(Ref::from_owned_ptr(iterator))
    }
}

impl StrIterator {
    #[inline(always)]
    fn string_ref(&self) -> Option<Borrowed<'_, Str>> {
        // SAFETY: null or a string that the iterator keeps alive.
        unsafe { Borrowed::from_ptr_or_null(self.string.get()) }
    }

    #[inline(always)]
    fn advance(&self) -> Option<u32> {
        let string = self.string_ref()?;
        let index = self.index.get() as usize;
        if index < string.len() {
            let c = string.char_at(index);
            self.index.set(index as isize + 1);
            return Some(c);
        }
        self.release();
        None
    }

    fn release(&self) {
        let string = self.string.replace(ptr::null_mut());
        // SAFETY: the iterator owned it.
        drop(unsafe { Ref::<Str>::from_owned_ptr_or_null(string) });
    }

    fn remaining(&self) -> isize {
        self.string_ref().map_or(0, |string| string.len() as isize - self.index.get())
    }

    fn reduced(&self) -> PyResult<Ref<Object>> {
        super::outside::reduce_iterator(
            || (self.string_ref().map(|string| string.to_owned().into_object()), self.index.get()),
            Str::empty().into_object(),
        )
    }

    fn set_index(&self, state: Borrowed<'_, Object>) -> PyResult<()> {
        let index = state.as_isize()?;
        if let Some(string) = self.string_ref() {
            self.index.set(index.clamp(0, string.len() as isize));
        }
        Ok(())
    }

    /// # Safety
    /// Called once, with no count left.
    unsafe fn free(this: *mut StrIterator) {
        // SAFETY: by contract.
        unsafe {
            memory::object::gc_untrack(this.cast());
            (*this).release();
            memory::object::dealloc_finish(this);
        }
    }
}

#[pytype(name = "str_iterator", export = "PyUnicodeIter_Type", gc, disallow_instantiation)]
impl StrIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut StrIterator) {
        // SAFETY: as the slot says.
        unsafe { StrIterator::free(this) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &StrIterator, visit: &mut Visitor) {
        visit.object(this.string.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<StrIterator>) -> Ref<StrIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<StrIterator>) -> PyResult<Option<Ref<Str>>> {
        this.advance().map(Str::from_code_point).transpose()
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<StrIterator>) -> isize {
        this.remaining()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<StrIterator>) -> PyResult<Ref<Object>> {
        this.reduced()
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<StrIterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
        this.set_index(object)
    }
}

#[pytype(name = "str_ascii_iterator", export = "_PyUnicodeASCIIIter_Type", gc, disallow_instantiation)]
impl StrAsciiIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut StrAsciiIterator) {
        // SAFETY: as the slot says.
        unsafe { StrIterator::free(this.cast()) }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &StrAsciiIterator, visit: &mut Visitor) {
        visit.object(this.0.string.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<StrAsciiIterator>) -> Ref<StrAsciiIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<StrAsciiIterator>) -> PyResult<Option<Ref<Str>>> {
        Ok(this.0.advance().map(|c| Str::latin1_char(c as u8)))
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<StrAsciiIterator>) -> isize {
        this.0.remaining()
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<StrAsciiIterator>) -> PyResult<Ref<Object>> {
        this.0.reduced()
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<StrAsciiIterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
        this.0.set_index(object)
    }
}
