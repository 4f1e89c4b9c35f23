//! `bytes_iterator`.
//!
//! CPython: `PyBytesIter_Type`.

use core::cell::Cell;
use core::ptr;

use super::Bytes;
use crate::abi::PyObject;
use crate::memory;
use crate::prelude::*;
use crate::types::str::outside::reduce_iterator;

/// `bytes` is null at the end.
#[repr(C)]
pub struct BytesIterator {
    ob_base: PyObject,
    index: Cell<isize>,
    bytes: Cell<*mut Bytes>,
}

/// `iter(bytes)`.
pub fn iterate(bytes: &Ref<Bytes>) -> PyResult<Ref<Object>> {
    // SAFETY: a new object; its fields are set before it is seen.
    unsafe {
        let iterator = memory::object::new::<BytesIterator>()?;
        (*iterator).index.set(0);
        (*iterator).bytes.set(bytes.clone().into_ptr().cast());
        memory::object::gc_track(iterator.cast());
        Ok(Ref::from_owned_ptr(iterator))
    }
}

impl BytesIterator {
    fn bytes_ref(&self) -> Option<Borrowed<'_, Bytes>> {
        // SAFETY: null or kept alive by the iterator.
        unsafe { Borrowed::from_ptr_or_null(self.bytes.get()) }
    }

    fn release(&self) {
        // SAFETY: the iterator owned it.
        drop(unsafe { Ref::<Bytes>::from_owned_ptr_or_null(self.bytes.replace(ptr::null_mut())) });
    }
}

#[pytype(name = "bytes_iterator", export = "PyBytesIter_Type", gc, disallow_instantiation)]
impl BytesIterator {
    #[slot(tp_dealloc)]
    unsafe fn dealloc(this: *mut BytesIterator) {
        // SAFETY: no count is left.
        unsafe {
            memory::object::gc_untrack(this.cast());
            (*this).release();
            memory::object::dealloc_finish(this);
        }
    }

    #[slot(tp_traverse)]
    fn traverse(this: &BytesIterator, visit: &mut Visitor) {
        visit.object(this.bytes.get());
    }

    #[slot(tp_iter)]
    fn iter(this: &Ref<BytesIterator>) -> Ref<BytesIterator> {
        this.clone()
    }

    #[slot(tp_iternext)]
    fn next(this: &Ref<BytesIterator>) -> PyResult<Option<Ref<Int>>> {
        let Some(bytes) = this.bytes_ref() else { return Ok(None) };
        let index = this.index.get();
        if let Some(&byte) = bytes.as_slice().get(index as usize) {
            this.index.set(index + 1);
            return Int::from_i64(i64::from(byte)).map(Some);
        }
        this.release();
        Ok(None)
    }

    #[method(name = "__length_hint__", signature = "($self, /)")]
    fn length_hint(this: &Ref<BytesIterator>) -> isize {
        this.bytes_ref().map_or(0, |bytes| bytes.len() as isize - this.index.get())
    }

    #[method(name = "__reduce__", signature = "($self, /)")]
    fn reduce(this: &Ref<BytesIterator>) -> PyResult<Ref<Object>> {
        let rest = || (this.bytes_ref().map(|bytes| bytes.to_owned().into_object()), this.index.get());
        reduce_iterator(rest, Tuple::from_vec(Vec::new())?.into_object())
    }

    #[method(name = "__setstate__", signature = "($self, object, /)")]
    fn setstate(this: &Ref<BytesIterator>, object: Borrowed<'_, Object>) -> PyResult<()> {
        let index = object.as_isize()?;
        if let Some(bytes) = this.bytes_ref() {
            this.index.set(index.clamp(0, bytes.len() as isize));
        }
        Ok(())
    }
}
